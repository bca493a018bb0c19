"""docs/walkthrough.md, word for word, by version 1 of the AWS CLI, on the simulator."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import takewhile
from typing import NamedTuple

import pytest

from tools.account import ONCALL, RULE, Account
from tools.package import ROOT
from tools.simulator.client import Simulator

CLI = ROOT / ".venv-awscli" / "bin"
PAGE = (ROOT / "docs" / "walkthrough.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
DEPLOY, ON_RECORD, SUBSCRIBE, LAUNCH, EMAIL, END, TIDY = range(len(BLOCKS))
ENCRYPTED = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "EnableAtRestEncryption": False,
        "InTransitEncryptionConfiguration": {
            "TLSCertificateConfiguration": {
                "CertificateProviderType": "PEM",
                "S3Object": "s3://certificates/all.zip",
            }
        },
    }
}
# What a reader's terminal may hold already, none of which must lead away from the simulator.
LEFT_OVER = {
    "AWS_PROFILE": "nosuch",
    "AWS_SESSION_TOKEN": "of-another-account",
    "AWS_REGION": "us-west-2",
    "NO_PROXY": "",
    "no_proxy": "",
}
# The minute, or so, in which a reader waits: the simulator ends what it is at, and AWS Config
# starts rules again.
SLEEP = f"""#!{sys.executable}
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from tools.simulator.control_client import Controls
controls = Controls(os.environ["AWS_ENDPOINT_URL"])
controls.settle(120)
if float(sys.argv[1]) > 60:
    controls.set_config(start_evaluation_interval=0)
"""
# make as it is, but for the environment: the tests run in one.
MAKE = f'#!/bin/sh\nexec {shutil.which("make")} -o environment-demo "$@"\n'


class Shown(NamedTuple):
    """What one block has printed."""

    output: str
    errors: str


class Walk(NamedTuple):
    """The walk: each block's output, the cluster that was there before, the simulator after it."""

    shown: list[Shown]
    earlier: str
    account: Account

    def results(self, block):
        """Return the lines of a block that are results: id, verdict and annotation."""
        lines = [line.split("\t") for line in self.shown[block].output.splitlines()]
        return {line[0]: line[1:] for line in lines if len(line) == 3}

    def alert(self):
        """Return the alert's document, which the block of the launch shows before the results."""
        return json.JSONDecoder().raw_decode(self.shown[LAUNCH].output)[0]


@pytest.fixture(scope="module")
def printed():
    """What the simulator prints on its start."""
    command = [sys.executable, "-m", "tools.simulator", "--stop-with-stdin"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, **pipes) as process:
        yield list(takewhile(lambda line: not line.startswith("Ctrl-C"), process.stdout))
        process.stdin.close()


@pytest.fixture(scope="module")
def pasted(printed):
    """The lines to paste, which are indented."""
    return [line for line in printed if line.startswith("  ")]


@pytest.fixture(scope="module")
def walk(printed, pasted, tmp_path_factory):
    """The page's commands in one shell, in an account with one cluster that complies."""
    assert (CLI / "aws").exists(), "make environment-awscli makes what these tests need"
    account = Account(Simulator(printed[0].removeprefix("Simulator ready: ").strip()))
    account.emr.create_security_configuration(
        Name="strict", SecurityConfiguration=json.dumps(ENCRYPTED)
    )
    earlier = account.launch("earlier", "strict")
    folder = tmp_path_factory.mktemp("walk")
    for name, text in (("sleep", SLEEP), ("make", MAKE)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    # Between two blocks the reader reads, and the simulator does what it has to do.
    script = "".join(
        [*pasted, *(f"{block}\nsleep 5\nprintf '\\0'; printf '\\0' >&2\n" for block in BLOCKS)]
    )
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        [shutil.which("bash"), "-c", script],
        cwd=ROOT,
        env=inherited | LEFT_OVER | {"PATH": f"{folder}:{CLI}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    outputs, errors = done.stdout.split("\0"), done.stderr.split("\0")
    return Walk([Shown(*each) for each in zip(outputs, errors, strict=True)], earlier, account)


def test_nothing_is_refused(walk):
    """No command of the walk has anything to complain of."""
    assert [each.errors for each in walk.shown] == [""] * (len(BLOCKS) + 1)


def test_it_can_be_pasted_into_an_interactive_zsh(pasted):
    """Which takes a comment for an argument, and an exclamation mark for a command of before."""
    assert [each for each in [*pasted, *BLOCKS] if re.search("[#!]", each)] == []


def test_the_deployment_prints_its_outputs(walk):
    """It goes into the simulator's account, in the Region of the lines that were pasted."""
    assert f"RuleName: {RULE}\n" in walk.shown[DEPLOY].output
    assert "AlertTopicArn: arn:aws:sns:eu-west-1:123456789012:" in walk.shown[DEPLOY].output


def test_every_live_cluster_has_a_line(walk):
    """The one of before the deployment, with its verdict and its annotation."""
    (result,) = walk.results(ON_RECORD).items()
    assert result[0] == walk.earlier
    assert result[1][0] == "COMPLIANT"
    assert result[1][1].startswith('Security configuration "strict", PEM certificates.')


def test_the_alert_can_be_read_by_a_command(walk):
    """It says which cluster, what is wrong, the fix, and who found it."""
    alert = walk.alert()
    assert (alert["resourceName"], alert["detectedBy"]) == ("verify-me", "LAUNCH_CHECK")
    (finding,) = alert["findings"]
    assert finding["reason"] == "NO_SECURITY_CONFIGURATION"
    assert finding["remedy"].startswith("Launch a replacement with a security configuration")
    assert ":function:emr-in-transit-encryption-LaunchCheckFunction-" in alert["functionArn"]


def test_the_verdict_is_on_record_without_a_start_by_hand(walk):
    """The launch check has had the rule run; the annotation begins with the reason."""
    results = walk.results(LAUNCH)
    assert results.keys() == {walk.earlier, walk.alert()["resourceId"]}
    verdict, annotation = results[walk.alert()["resourceId"]]
    assert verdict == "NON_COMPLIANT"
    assert annotation.startswith("NO_SECURITY_CONFIGURATION: ")


def test_the_email_is_in_the_inbox(walk):
    """One, about that cluster, as a person reads it."""
    output = walk.shown[EMAIL].output
    assert re.findall("^(?:To|Subject): .*", output, re.MULTILINE) == [
        f"To: {ONCALL}",
        "Subject: EMR cluster verify-me not encrypted in transit (eu-west-1, 123456789012)",
    ]
    assert "To fix it: Launch a replacement with a security configuration" in output


def test_the_result_goes_with_the_cluster(walk):
    """The other cluster's stays, and nobody is told anything."""
    assert walk.results(END) == walk.results(ON_RECORD)
    cluster = walk.account.emr.describe_cluster(ClusterId=walk.alert()["resourceId"])["Cluster"]
    assert cluster["Status"]["State"] == "TERMINATED"
    assert len(walk.account.simulator.inbox()) == 1


def test_nothing_is_left_but_the_deployment(walk):
    """The queue is gone, and with it the subscription that would swallow alerts."""
    sqs, sns = (walk.account.simulator.client(service) for service in ("sqs", "sns"))
    assert "read-emr-alerts" in BLOCKS[SUBSCRIBE]
    assert [url for url in sqs.list_queues()["QueueUrls"] if "read-emr-alerts" in url] == []
    assert {each["Protocol"] for each in sns.list_subscriptions()["Subscriptions"]} == {"email"}
    assert walk.shown[TIDY].output == ""
