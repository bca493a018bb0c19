"""Tool: shows the rule at work on this machine, from the zip and the template that ship.

Usage: python -m tools.demo   (or: make demo)
"""

import json
import sys
import time
from collections import Counter
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tools.account import CONFIGURATION_RULE, RULE, Account
from tools.demo_fleet import (
    AFTER_POLICY_CHANGE,
    APPROVED,
    BAD_CONFIGURATIONS,
    BAD_LAUNCH,
    CONFIGURATIONS,
    DELETED,
    EXEMPTION_TAG,
    LAUNCHES,
    Launch,
)
from tools.demo_show import (
    NO_VERDICT,
    Row,
    show,
    show_counts,
    show_document,
    show_email,
    show_parameters,
    step,
)
from tools.package import RULE as RULE_FOLDER
from tools.program import ignore_aws_settings
from tools.simulator.client import Simulator, SimulatorError
from tools.stacks import StackError

sys.path.insert(0, str(RULE_FOLDER))

from emr_in_transit.judgement.parameters import PARAMETERS

EMAIL = "oncall@example.com"
EXPECTED = {launch.name: launch.reason for launch in LAUNCHES}
NEXT = """
Every verdict and every alert was as expected. Next:
  make simulator
    the same AWS, to play with: docs/walkthrough.md has the commands
  pipx install .
  emr-in-transit explain tests/documents/clusters/no-security-configuration.json
    one cluster's verdict, before it is launched
  make deploy CODE_BUCKET=my-bucket
    the rule in your own account"""
PATIENCE = 60.0  # seconds, within which an alert comes after a launch


class UnexpectedError(Exception):
    """The demo did not show what it should."""


class Demo(Account):
    """The demo, step by step, against a simulator that is running."""

    _read = 0  # so many emails have been read

    def launch_fleet(self) -> None:
        """Create the security configurations and the fleet."""
        # EMR would refuse some of these configurations; a reader must judge them all the same.
        for each in CONFIGURATIONS:
            self.emr.create_security_configuration(Name=each.name, SecurityConfiguration=each.body)
            self.simulator.age_security_configuration(each.name, each.age_seconds)
        for each in LAUNCHES:
            self.launch_one(each)
        self.simulator.force_delete_security_configuration(DELETED)
        self.simulator.settle()

    def launch_one(self, launch: Launch) -> None:
        """Launch one cluster of the fleet."""
        self.launch(
            launch.name,
            launch.configuration,
            applications=launch.applications,
            Configurations=_configurations(launch),
            Tags=[{"Key": key, "Value": value} for key, value in launch.tags.items()],
            **launch.release,
        )

    def deploy_and_wait(self, **parameters: str) -> None:
        """Deploy, and wait for what AWS Config does then."""
        given = {
            "AlertEmail": EMAIL,
            "ApprovedSecurityConfigurations": APPROVED,
            "ExemptionTagKey": EXEMPTION_TAG,
        }
        self.deploy(**given | parameters)
        self.wait()

    def sweep(self) -> None:
        """Have AWS Config fire the rule's schedule, as it does every hour."""
        self.simulator.schedule(RULE)
        self.wait()

    def wait(self) -> None:
        """Wait until nothing is running; raise UnexpectedError if a function has failed."""
        self.simulator.settle(60)
        failed = [each for each in self.simulator.invocations() if not each["ok"]]
        if failed:
            raise UnexpectedError(f"{failed[0]['function']} failed: {failed[0]['error_message']}")

    def emails(self) -> list[dict[str, Any]]:
        """Return the emails that the person on call has got since the last time."""
        # None is deleted: one that came between a look and that would never be seen.
        new: list[dict[str, Any]] = self.simulator.inbox(to=EMAIL)[self._read :]
        self._read += len(new)
        return new

    def parameters(self) -> dict[str, str]:
        """Return the rule's parameters as AWS Config holds them."""
        (rule,) = self.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
        held: dict[str, str] = json.loads(rule["InputParameters"])
        return held

    def rows(self) -> list[Row]:
        """Read the verdicts back as anybody would: from AWS Config and EMR."""
        verdicts = self.results()
        clusters = self.emr.list_clusters()["Clusters"]
        order = [launch.name for launch in (*LAUNCHES, BAD_LAUNCH)]
        clusters.sort(key=lambda cluster: order.index(cluster["Name"]))
        return [_row(cluster, verdicts.get(cluster["Id"], {})) for cluster in clusters]


def _configurations(launch: Launch) -> list[dict[str, Any]]:
    if launch.settings is None:
        return []
    classification, name, value = launch.settings
    return [{"Classification": classification, "Properties": {name: value}}]


def _row(cluster: dict[str, Any], result: dict[str, Any]) -> Row:
    return Row(
        cluster["Name"],
        result.get("ComplianceType", NO_VERDICT),
        result.get("Annotation", "Exempt by its tag."),
    )


def check(rows: list[Row], expected: dict[str, str]) -> None:
    """Raise UnexpectedError unless every cluster has the verdict and the reason expected."""
    found = {row.name: row.reason for row in rows}
    wrong = [
        f"{name}: expected {reason or 'COMPLIANT'}, found {found.get(name) or 'COMPLIANT'}"
        for name, reason in expected.items()
        if found.get(name) != reason
    ]
    if wrong:
        raise UnexpectedError("; ".join(wrong))


def first_sweep(demo: Demo) -> None:
    """Deploy over a fleet that exists: every cluster gets a verdict, people get one email."""
    step("Building the zip, deploying template.yml by CloudFormation ...")
    demo.deploy_and_wait()
    step("The rule is there, with these parameters in force:")
    show_parameters(demo.parameters(), {each.name: each.default for each in PARAMETERS})
    step("AWS Config has invoked it. Every live cluster has its verdict:")
    rows = demo.rows()
    show(rows)
    check(rows, EXPECTED)
    subjects = sorted(email["subject"] for email in demo.emails())
    digests = [subject for subject in subjects if "clusters not encrypted" in subject]
    others = [subject for subject in subjects if "is exempt" in subject or "expire soon" in subject]
    if (len(digests), len(others), len(subjects)) != (1, 2, 3 + len(BAD_CONFIGURATIONS)):
        raise UnexpectedError(f"expected one email about all clusters, found {subjects}")
    step(f"{EMAIL} has one email about all clusters: {digests[0]}")
    step(f"... one for each of the {len(BAD_CONFIGURATIONS)} bad security configurations,")
    step(f"... one about an exemption: {others[1]}")
    step(f"... and one about certificates: {others[0]}")


def bad_launch(demo: Demo) -> None:
    """Launch a cluster without encryption: the alert comes at once, and only once."""
    print()
    step("Somebody launches a cluster without a security configuration.")
    started = time.monotonic()
    demo.launch_one(BAD_LAUNCH)
    email = first_alert(demo, started + PATIENCE)
    step(f"The alert came {time.monotonic() - started:.1f} s after the launch:")
    show_email(email)
    step("The same for machines:")
    show_document(demo.simulator.topics(topic=email["topic_arn"])[-1])
    demo.wait()
    demo.sweep()
    rows = demo.rows()
    check(rows, EXPECTED | {BAD_LAUNCH.name: BAD_LAUNCH.reason})
    repeated = demo.emails()
    if repeated:
        raise UnexpectedError(f"the sweep alerted again: {repeated[0]['subject']}")
    step("The next sweep has recorded it, and alerted nobody again:")
    show(row for row in rows if row.name == BAD_LAUNCH.name)


def first_alert(demo: Demo, deadline: float) -> dict[str, Any]:
    """Return the first email that comes; raise UnexpectedError when none does."""
    while not (emails := demo.emails()):
        if time.monotonic() > deadline:
            demo.wait()  # which raises where a function has failed, and says how
            raise UnexpectedError("no alert within a minute of the launch")
        time.sleep(0.05)
    return emails[0]


def policy_change(demo: Demo) -> None:
    """Allow less: what violates now is told, and nothing else."""
    step("The policy changes: Custom certificates are allowed no more.")
    demo.deploy_and_wait(AllowedCertificateProviders="PEM,EMR")
    allowed = demo.parameters()["allowedCertificateProviders"]
    rows = demo.rows()
    check(rows, EXPECTED | dict([(BAD_LAUNCH.name, BAD_LAUNCH.reason), AFTER_POLICY_CHANGE]))
    subjects = [email["subject"] for email in demo.emails()]
    if len(subjects) != 2:
        raise UnexpectedError(f"expected two alerts, found {subjects}")
    step(f"In force now: allowedCertificateProviders={allowed}")
    step("One cluster and its security configuration violate it; each was alerted once:")
    show(row for row in rows if row.name == AFTER_POLICY_CHANGE[0])


def run() -> None:
    """Show the whole story; raise when any of it is not as it should be."""
    step("Starting AWS on this machine (a simulator) ...")
    with Simulator.start() as simulator:
        demo = Demo(simulator)
        demo.prepare()
        step(
            f"Creating {len(CONFIGURATIONS)} security configurations, {len(LAUNCHES)} clusters ..."
        )
        demo.launch_fleet()
        first_sweep(demo)
        bad_launch(demo)
        policy_change(demo)
        step("What AWS Config has on record now:")
        print()
        for rule in (RULE, CONFIGURATION_RULE):
            results = demo.results(rule).values()
            show_counts(rule, Counter(each["ComplianceType"] for each in results))
    print(NEXT)


def main() -> None:
    """Run the demo; exit with 1 and one line when something is not as it should be."""
    ignore_aws_settings()
    try:
        run()
    except (UnexpectedError, SimulatorError, StackError) as error:
        sys.exit(f"The demo failed: {error}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"The demo failed: the simulator refused a call: {error}")


if __name__ == "__main__":
    main()
