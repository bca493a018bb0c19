"""Tool: explains one cluster's verdict, also before the cluster is launched.

Usage: python tools/explain.py CLUSTER [SECURITY_CONFIGURATION] [-p NAME=VALUE ...] [--json]
"""

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# Found from wherever it is started, as a file or as a module.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "rules/EMR_IN_TRANSIT_ENCRYPTION"))

from emr_in_transit.judgement.applications import installed
from emr_in_transit.judgement.coverage import endpoint_states
from emr_in_transit.judgement.facts import ClusterFacts
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.override_table import Effect
from emr_in_transit.judgement.overrides import weaknesses
from emr_in_transit.judgement.parameters import ParameterError, RuleParameters, parse_parameters
from emr_in_transit.judgement.releases import is_assumed, parse_release, release_or_newest
from emr_in_transit.judgement.verdict import Compliance, Verdict
from emr_in_transit.judgement.wording import annotation, one_line
from tools.explain_input import A_CLUSTER, A_CONFIGURATION, InputError, notes, read_facts
from tools.simulator.program import Parser


def main() -> int:
    """Explain the verdict; return 0 for a cluster that complies, 1 for one that does not."""
    arguments = _arguments()
    now = datetime.now(UTC)
    try:
        parameters = _parameters(arguments.parameters, arguments.parameter)
        facts = read_facts(arguments.cluster, arguments.security_configuration, parameters, now)
    except InputError as error:
        print(f"explain: {one_line(str(error))}", file=sys.stderr)
        return 2
    for note in notes(facts, arguments.security_configuration, parameters):
        print(f"explain: {one_line(note)}", file=sys.stderr)
    verdict = judge_cluster(facts, parameters, now)
    report = _report(facts, verdict, parameters)
    _print(json.dumps(report, indent=2) if arguments.json else _text(report))
    return int(verdict.compliance is Compliance.NON_COMPLIANT)


def _arguments() -> argparse.Namespace:
    parser = Parser(prog="explain", description="Explain one cluster's verdict.")
    parser.add_argument("cluster", nargs="?", default="", help=f"JSON file, or -: {A_CLUSTER}")
    parser.add_argument(
        "security_configuration", nargs="?", default="", help=f"JSON file, or -: {A_CONFIGURATION}"
    )
    parser.add_argument(
        "-p",
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the rule, such as coverage=complete; may be given again",
    )
    parser.add_argument("--parameters", default="{}", help="the same as one JSON object")
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    return parser.parse_args()


def _parameters(text: str, pairs: list[str]) -> RuleParameters:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"--parameters is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise InputError("--parameters is JSON, but not an object")
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise InputError(f"--parameter {pair!r} is not NAME=VALUE")
        given[name] = value
    try:
        return parse_parameters(given)
    except ParameterError as error:
        raise InputError(f"rule parameters: {error}") from error


def _report(facts: ClusterFacts, verdict: Verdict, parameters: RuleParameters) -> dict[str, Any]:
    release = parse_release(facts.release_label)
    return {
        "cluster": one_line(f"{facts.name} ({facts.cluster_id})"),
        "release": one_line(facts.release_label or f"AMI {facts.ami_version}"),
        "releaseIsAssumed": release is None or is_assumed(release),
        "applications": [one_line(name) for name in _applications(facts)],
        "compliance": verdict.compliance.value,
        "annotation": annotation(verdict),
        "findings": [
            {
                "severity": finding.severity.value,
                "reason": finding.reason.value,
                "subject": finding.subject,
                "detail": finding.detail,
                "remedy": finding.remedy,
            }
            for finding in verdict.findings
        ],
        "endpoints": _endpoints(facts, parameters),
    }


def _applications(facts: ClusterFacts) -> tuple[str, ...]:
    return installed(facts.applications, release_or_newest(facts.release_label))


def _endpoints(facts: ClusterFacts, parameters: RuleParameters) -> list[dict[str, Any]]:
    """Return the state of each endpoint; what properties do to it counts, excused or not."""
    undone: dict[str, tuple[str, str]] = {}
    # What puts an endpoint into clear text says more than what only weakens it.
    found = sorted(weaknesses(facts, parameters), key=lambda each: each.effect is Effect.CLEAR_TEXT)
    for each in found:
        state = "in clear text" if each.effect is Effect.CLEAR_TEXT else "weakened"
        for label in each.row.exposes:
            undone[label] = (state, f"{each.row.key} is {one_line(each.setting.value)}")
    endpoints = []
    for endpoint in endpoint_states(facts):
        state, why = "protected" if endpoint.protected else "in clear text", endpoint.why
        if endpoint.protected and endpoint.label in undone:
            state, why = undone[endpoint.label]
        endpoints.append(endpoint._asdict() | {"state": state, "why": why})
    return endpoints


def _text(report: dict[str, Any]) -> str:
    lines = [
        f"{report['cluster']}, {report['release']}, {', '.join(report['applications'])}",
        f"{report['compliance']}: {report['annotation']}",
    ]
    for finding in report["findings"]:
        lines += ["", f"{finding['severity']} {finding['reason']}", f"  {finding['detail']}"]
        lines.append(f"  Remedy: {finding['remedy']}")
    assumed = ", as in the newest release of AWS's matrix" if report["releaseIsAssumed"] else ""
    lines += ["", f"Endpoints{assumed}:"]
    for endpoint in report["endpoints"]:
        where = f"{endpoint['label']}, {_ports(endpoint['ports'])}"
        lines.append(f"  {endpoint['state']:13}  {where}: {endpoint['why']}")
        lines += [f"{'':17}Known issue: {issue}" for issue in endpoint["issues"]]
    return "\n".join(lines)


def _ports(text: str) -> str:
    if not text[0].isdigit():
        return f"{text} port"
    return f"ports {text}" if "," in text else f"port {text}"


def _print(text: str) -> None:
    try:
        print(text, flush=True)
    except BrokenPipeError:  # whoever reads has seen enough, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
