"""Tool: prints the verdicts of a zip on every document under tests/, so that two can be compared.

Usage: python -m tools.verdicts ZIP > verdicts.txt

Each cluster document is judged with each security configuration document, and with none, by
several rule parameters; each security configuration is judged by itself too.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

DOCUMENTS = Path(__file__).resolve().parent.parent / "tests" / "documents"
# It runs with the zip alone on its path; before 0.2.0 the modules stood at the top of the zip.
PROGRAM = """
import json, sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

sys.path.insert(0, sys.argv[1])
try:
    import_module("emr_in_transit")
    top = "emr_in_transit."
except ModuleNotFoundError:
    top = ""
clusters, configurations, facts, judge, parameters, wording = (
    import_module(f"{top}judgement.{name}")
    for name in (
        "cluster", "security_configuration", "facts", "judge", "parameters", "wording",
    )
)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN = (
    {},
    {"coverage": "complete", "certificateExpiryDays": "3650", "overrideScope": "instances"},
    {"allowedCertificateProviders": "Custom", "approvedSecurityConfigurations": "pem-*"},
)

def told(*subject, verdict):
    findings = [(f.reason, f.severity, f.detail, f.subject) for f in verdict.findings]
    document = [*subject, verdict.compliance, wording.annotation(verdict), findings]
    print(json.dumps(document, default=str))

def read(folder):
    return sorted((Path(sys.argv[2]) / folder).glob("*.json"))

known = {}
for path in read("security_configurations"):
    answer = json.loads(path.read_text())
    created = datetime.fromtimestamp(answer["CreationDateTime"], UTC)
    body = configurations.read_body(answer["SecurityConfiguration"])
    known[path.stem] = facts.SecurityConfigurationFacts(answer["Name"], created, body)
for given in GIVEN:
    rule = parameters.parse_parameters(given)
    for name, configuration in known.items():
        told(given, name, verdict=judge.judge_security_configuration(configuration, rule, NOW))
    for path in read("clusters"):
        document = json.loads(path.read_text())["Cluster"]
        for name, configuration in {"": None, **known}.items():
            named = document | ({"SecurityConfiguration": name} if name else {})
            cluster = clusters.read_cluster(named, configuration)
            told(given, path.stem, name, verdict=judge.judge_cluster(cluster, rule, NOW))
"""


def verdicts(package: Path) -> str:
    """Return a line for each verdict, in the same order for every zip."""
    command = [sys.executable, "-c", PROGRAM, str(package), str(DOCUMENTS)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_file():
        sys.exit("usage: python -m tools.verdicts ZIP, a file that make package has built")
    found = verdicts(Path(sys.argv[1]))
    print(found, end="")
    digest = hashlib.sha256(found.encode()).hexdigest()
    print(f"{found.count(chr(10))} verdicts, SHA-256 {digest}", file=sys.stderr)
