"""Tool: shows the rule at work on this machine, from the zip and the template that ship.

Usage: python -m tools.demo   (or: make demo)
"""

import json
import shutil
import sys
import textwrap
import time
from collections import Counter
from dataclasses import dataclass
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
    NO_VERDICT,
    Launch,
)
from tools.simulator.client import Simulator, SimulatorError
from tools.stacks import StackError

EMAIL = "oncall@example.com"
EXPECTED = {launch.name: launch.reason for launch in LAUNCHES}


class UnexpectedError(Exception):
    """The demo did not show what it should."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    state: str
    verdict: str
    annotation: str

    @property
    def reason(self) -> str:
        """The code that leads the annotation of a cluster that violates."""
        if self.verdict == NO_VERDICT:
            return NO_VERDICT
        return self.annotation.split(":")[0] if self.verdict == "NON_COMPLIANT" else ""

    @property
    def detail(self) -> str:
        """What the annotation says behind the code."""
        return self.annotation.removeprefix(f"{self.reason}:").strip()


class Demo(Account):
    """The demo, step by step, against a simulator that is running."""

    _read = 0  # so many emails have been read

    def launch_fleet(self) -> None:
        """Create the security configurations and the fleet."""
        # EMR would refuse some of these configurations; a reader must judge them all the same.
        self.simulator.set_emr(validate=False)
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
        """Answer the emails that the person on call has got since the last time."""
        # None is deleted: one that came between a look and that would never be seen.
        new: list[dict[str, Any]] = self.simulator.inbox(to=EMAIL)[self._read :]
        self._read += len(new)
        return new

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
        cluster["Status"]["State"],
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


def show(rows: list[Row]) -> None:
    """Print the table, as wide as the terminal, with up to two lines of detail."""
    width = max(120, shutil.get_terminal_size((120, 24)).columns)
    indent = " " * 79
    print(f"  {'CLUSTER':<17}{'STATE':<9}{'VERDICT':<14}{'REASON':<37}DETAIL")
    for row in rows:
        detail = textwrap.wrap(row.detail, width - len(indent), max_lines=2, placeholder=" ...")
        reason = row.reason if row.verdict == "NON_COMPLIANT" else ""
        print(f"  {row.name:<17}{row.state:<9}{row.verdict:<14}{reason:<37}{detail[0]}")
        for line in detail[1:]:
            print(indent + line)


def show_summary(demo: Demo) -> None:
    """Print what AWS Config counts for each rule."""
    for rule in (RULE, CONFIGURATION_RULE):
        counts = Counter(each["ComplianceType"] for each in demo.results(rule).values())
        good, bad = counts["COMPLIANT"], counts["NON_COMPLIANT"]
        print(f"  {rule:<42}{good:>3} COMPLIANT {bad:>4} NON_COMPLIANT")


def show_email(email: dict[str, Any]) -> None:
    """Print an email as a person gets it."""
    for line in email["text"].splitlines():
        print(f"  | {line}")


def show_document(message: dict[str, Any]) -> None:
    """Print the JSON document that other subscribers get."""
    document = json.loads(json.loads(message["message"])["default"])
    for line in json.dumps(document, indent=2).splitlines():
        print(f"  | {line}")


def step(text: str) -> None:
    """Print what happens next, and when."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)


_STARTED = time.monotonic()


def first_sweep(demo: Demo) -> None:
    """Deploy over a fleet that exists: every cluster gets a verdict, people get one email."""
    step("Building the Lambda zip and deploying template.yml by CloudFormation ...")
    demo.deploy_and_wait()
    step("AWS Config has invoked the rule. Every live cluster has its verdict:\n")
    rows = demo.rows()
    show(rows)
    check(rows, EXPECTED)
    subjects = sorted(email["subject"] for email in demo.emails())
    digests = [subject for subject in subjects if "clusters not encrypted" in subject]
    if len(digests) != 1 or len(subjects) != 1 + len(BAD_CONFIGURATIONS):
        raise UnexpectedError(f"expected one email about all clusters, found {subjects}")
    print()
    step(f"{EMAIL} has one email about all clusters: {digests[0]}")
    step(f"... and one for each of the {len(BAD_CONFIGURATIONS)} bad security configurations.\n")


def bad_launch(demo: Demo) -> None:
    """Launch a cluster without encryption: the alert comes at once, and only once."""
    step("Somebody launches a cluster without a security configuration.")
    started = time.monotonic()
    demo.launch_one(BAD_LAUNCH)
    emails: list[dict[str, Any]] = []
    while not emails:
        emails = demo.emails()
        if time.monotonic() - started > 60:
            raise UnexpectedError("no alert within a minute of the launch")
        time.sleep(0.05)
    step(f"The alert came {time.monotonic() - started:.1f} s after the launch:\n")
    show_email(emails[0])
    print("\n  The same for machines:\n")
    show_document(demo.simulator.topics(topic=emails[0]["topic_arn"])[-1])
    print()
    demo.wait()
    demo.sweep()
    rows = demo.rows()
    check(rows, EXPECTED | {BAD_LAUNCH.name: BAD_LAUNCH.reason})
    repeated = demo.emails()
    if repeated:
        raise UnexpectedError(f"the sweep alerted again: {repeated[0]['subject']}")
    step("The next sweep has recorded it, and alerted nobody again:\n")
    show([row for row in rows if row.name == BAD_LAUNCH.name])


def policy_change(demo: Demo) -> None:
    """Allow less: what violates now is told, and nothing else."""
    print()
    step("The policy changes: Custom certificates are allowed no more.")
    demo.deploy_and_wait(AllowedCertificateProviders="PEM,EMR")
    rows = demo.rows()
    check(rows, EXPECTED | dict([(BAD_LAUNCH.name, BAD_LAUNCH.reason), AFTER_POLICY_CHANGE]))
    subjects = [email["subject"] for email in demo.emails()]
    if len(subjects) != 2:
        raise UnexpectedError(f"expected two alerts, found {subjects}")
    step("One cluster and its security configuration violate it; each has been alerted once:\n")
    show([row for row in rows if row.name == AFTER_POLICY_CHANGE[0]])


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
        print()
        step("What AWS Config has on record now:\n")
        show_summary(demo)
    print("\nEvery verdict and every alert was as expected. Next:")
    print("  make simulator   the same AWS to play with; the README shows the commands")
    print("  make deploy      the rule in your own account: make deploy CODE_BUCKET=my-bucket")


def main() -> None:
    """Run the demo; exit with 1 and one line when something is not as it should be."""
    try:
        run()
    except (UnexpectedError, SimulatorError, StackError) as error:
        sys.exit(f"\nThe demo failed: {error}")
    except (BotoCoreError, ClientError) as error:
        sys.exit(f"\nThe demo failed: the simulator refused a call: {error}")
    except KeyboardInterrupt:
        sys.exit("\nStopped.")


if __name__ == "__main__":
    main()
