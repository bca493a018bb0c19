"""scan on the simulator: three Regions, accounts by a role with the policy that it prints, faults."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.end_to_end.depth import override
from tests.end_to_end.organization import Place
from tests.end_to_end.scans import FULL_SPEED, environment, scan
from tests.support.command import run
from tools.package import ROOT
from tools.package import RULE as RULE_FOLDER

HOME, OTHER, CLOSED, SECURITY = "111111111111", "222222222222", "333333333333", "200000000000"
REGIONS = ("eu-west-1", "us-east-1", "ap-south-1")
HERE, THERE, FORBIDDEN = REGIONS
ROLE, SECRET = "emr-scan", "between-us"
IN_REGIONS = [part for each in REGIONS for part in ("--region", each)]
RULE = ("-p", "exemptionTagKey=exempt", "-p", "overrideScope=instances")
# What one cluster of the same account and Region meets at each of its calls.
FAULTS = {
    "refused": {"code": "AccessDeniedException", "message": "no"},
    "throttled": {"code": "ThrottlingException", "message": "Rate exceeded"},
    "broken": {"code": "InternalServerException", "message": "sorry", "status": 500},
    "cut off": {"reset": True},
    "garbled": {"malformed": True},
}
CAUSES = {
    "refused": "DescribeCluster: AccessDeniedException: no",
    "throttled": "DescribeCluster: ThrottlingException: Rate exceeded",
    "broken": "DescribeCluster: InternalServerException: sorry",
    "cut off": "DescribeCluster: ConnectionClosedError: ",
    "garbled": "DescribeCluster: BrokenAnswerError: the answer is no JSON",
}


@pytest.fixture(scope="module", autouse=True)
def _no_waits():
    """Have botocore try again without waiting."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda _: None))
        patch.setattr(
            "botocore.retries.adaptive.ClientRateLimiter.on_sending_request", lambda *_, **__: None
        )
        yield


def statement(**members):
    """Make a policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | members]})


def make_role(simulator, account, trusted, policy, *more):
    """Make the role that a scan assumes in an account."""
    condition = {"StringEquals": {"sts:ExternalId": SECRET}}
    trust = statement(Principal={"AWS": trusted}, Action="sts:AssumeRole", Condition=condition)
    iam = simulator.client("iam", account=account)
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
    for number, document in enumerate((policy, *more)):
        iam.put_role_policy(RoleName=ROLE, PolicyName=f"p{number}", PolicyDocument=document)


@pytest.fixture(scope="module")
def auditor(simulator):
    """Return the settings of a user who may do nothing but assume the roles; IAM is enforced."""
    simulator.reset()
    simulator.set_iam(enforce=True)
    iam = simulator.client("iam", account=SECURITY)
    arn = iam.create_user(UserName="auditor")["User"]["Arn"]
    with environment(simulator.environment()):
        printed = run("scan", "--permissions", *RULE, "--all-regions", "--role-arn", role(HOME))
    assert f"sts:AssumeRole on {role(HOME)}\n" in printed.err
    may = statement(Action="sts:AssumeRole", Resource=f"arn:aws:iam::*:role/{ROLE}")
    iam.put_user_policy(UserName="auditor", PolicyName="assume", PolicyDocument=may)
    key = iam.create_access_key(UserName="auditor")["AccessKey"]
    elsewhere = {"StringEquals": {"aws:RequestedRegion": FORBIDDEN}}
    never = statement(Effect="Deny", Action="*", Resource="*", Condition=elsewhere)
    make_role(simulator, HOME, arn, printed.out)
    make_role(simulator, OTHER, arn, printed.out, never)
    make_role(simulator, CLOSED, f"arn:aws:iam::{HOME}:root", printed.out)
    return {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }


def role(account):
    """Return the ARN of its role."""
    return f"arn:aws:iam::{account}:role/{ROLE}"


@pytest.fixture(scope="module")
def clusters(simulator, auditor):
    """Launch clusters in two accounts; return by place and id their names and right verdicts."""
    assert auditor
    found = {}

    def launch(place, name, verdict, *arguments, **members):
        cluster = place.launch(name, *arguments, **members)
        found[place.account, place.region, cluster] = (name, verdict)
        return cluster

    here = Place(simulator, HOME)
    secure = here.configure("secure", on=True)
    launch(here, "good", "COMPLIANT", secure)
    launch(here, "bad", "NON_COMPLIANT", here.configure("off", on=False))
    launch(here, "bare", "NON_COMPLIANT")
    weak = {"applications": ("Hive",), "Configurations": override()}
    launch(here, "weak", "NON_COMPLIANT", secure, **weak)
    launch(here, "exempt", "NOT_APPLICABLE", Tags=[{"Key": "exempt", "Value": "sandbox"}])
    launch(here, "locked", "COULD_NOT_TELL", here.configure("locked", on=True))
    for name in FAULTS:
        launch(here, name, "COULD_NOT_TELL", secure)
    ended = here.launch("ended", secure)
    here.emr.terminate_job_flows(JobFlowIds=[ended])
    launch(Place(simulator, HOME, FORBIDDEN), "far", "NON_COMPLIANT")
    elsewhere = Place(simulator, OTHER, THERE)
    launch(elsewhere, "theirs", "COMPLIANT", elsewhere.configure("secure", on=True))
    Place(simulator, OTHER, FORBIDDEN).launch("unseen")
    simulator.settle()
    return found | {"ended": ended}


@pytest.fixture
def faults(simulator, clusters):
    """Have each cluster that is named after a fault meet it, and nobody read one configuration."""
    for key, (name, _) in ((each, found) for each, found in clusters.items() if each != "ended"):
        if name in FAULTS:
            simulator.add_fault("emr", "DescribeCluster", body_contains=key[2], **FAULTS[name])
    simulator.add_fault(
        *("emr", "DescribeSecurityConfiguration"), body_contains="locked", **FAULTS["refused"]
    )
    yield
    simulator.clear_faults()


@pytest.fixture
def accounts(tmp_path):
    """Return the options that name the accounts."""
    path = tmp_path / "accounts"
    path.write_text(f"{HOME} {OTHER} {CLOSED}\n")
    return ("--accounts", path, "--role-name", ROLE, "--external-id", SECRET)


@pytest.mark.usefixtures("faults")
def test_every_account_and_region_is_judged_whatever_the_others_do(
    simulator, clusters, auditor, accounts
):
    """By the printed policy alone; whoever refuses is named with the cause and costs nobody else."""
    done = scan(simulator, *accounts, *IN_REGIONS, *RULE, **auditor)
    assert (done.status, done.err) == (3, "")
    document = json.loads(done.out)
    said = {
        (each["account"], each["region"], each["resourceId"]): (
            each["resourceName"],
            each["complianceType"],
        )
        for each in document["clusters"]
    }
    assert said == {each: found for each, found in clusters.items() if each != "ended"}

    causes = {each["resourceName"]: each["annotation"] for each in document["clusters"]}
    for name, cause in CAUSES.items():
        assert causes[name].startswith(cause)
    assert causes["locked"] == "DescribeSecurityConfiguration: AccessDeniedException: no"

    refused = {(each["account"], each["region"]): each for each in document["regions"]}
    assert {each: found["complete"] for each, found in refused.items()} == {
        (account, region): (account, region) != (OTHER, FORBIDDEN)
        for account in (HOME, OTHER)
        for region in REGIONS
    }
    denied = refused[OTHER, FORBIDDEN]["problem"]
    assert denied.startswith("ListClusters: AccessDeniedException: User: arn:aws:sts::222222222222:assumed-role/emr-scan/")  # fmt: skip
    assert "explicit deny" in denied
    empty = {each for each, found in refused.items() if found["complete"] and not found["clusters"]}
    assert empty == {(HOME, THERE), (OTHER, HERE)}
    problems = {each["account"]: each["problem"] for each in document["accounts"]}
    assert problems.pop(CLOSED).startswith("AssumeRole: AccessDenied: ")
    assert problems == {HOME: "", OTHER: ""}


def test_faults_that_pass_cost_nothing(simulator, clusters, auditor, accounts):
    """What AWS gets over within five attempts is not to be seen."""
    # Who is refused is not asked again, nor is whoever has answered, however garbled.
    passing = ("throttled", "broken", "cut off")
    for each in passing:
        simulator.add_fault("emr", times=1, **FAULTS[each])
    done = scan(simulator, *accounts, *IN_REGIONS, *RULE, **auditor)
    assert [each["hits"] for each in simulator.faults()] == [1] * len(passing)
    simulator.clear_faults()
    document = json.loads(done.out)
    outcomes = {each["resourceName"]: each["complianceType"] for each in document["clusters"]}
    expected = {found[0]: found[1] for each, found in clusters.items() if each != "ended"}
    right = {name: verdict for name, verdict in expected.items() if verdict != "COULD_NOT_TELL"}
    assert outcomes == right | dict.fromkeys([*FAULTS, "locked"], "COMPLIANT")


def test_all_regions_and_what_has_ended(simulator, clusters, auditor):
    """Every enabled Region that has EMR, and the cluster that ended today."""
    given = ("--role-arn", role(HOME), "--external-id", SECRET, "--all-regions", *RULE)
    document = json.loads(scan(simulator, *given, "--ended-days", "1", **auditor).out)
    assert len(document["regions"]) > len(REGIONS)
    assert [each for each in document["regions"] if not each["complete"]] == []
    found = {each["resourceId"]: each for each in document["clusters"]}
    assert found[clusters["ended"]]["state"] == "TERMINATED"
    live = {each[2] for each in clusters if each != "ended" and each[0] == HOME}
    assert found.keys() == live | {clusters["ended"]}


def test_a_wrong_external_id_is_refused(simulator, clusters, auditor):
    """The account is named, and nothing else could go wrong there."""
    assert clusters
    given = ("--role-arn", role(HOME), "--external-id", "guessed", *IN_REGIONS)
    done = scan(simulator, *given, **auditor)
    document = json.loads(done.out)
    assert (done.status, document["regions"], document["clusters"]) == (3, [], [])
    [account] = document["accounts"]
    assert account["problem"].startswith("AssumeRole: AccessDenied: ")


@pytest.mark.parametrize("action", [
    "elasticmapreduce:DescribeCluster", "elasticmapreduce:DescribeSecurityConfiguration",
    "elasticmapreduce:ListClusters", "elasticmapreduce:ListInstanceGroups", "ec2:DescribeRegions",
])  # fmt: skip
def test_the_printed_policy_has_nothing_needless(simulator, clusters, auditor, action):
    """Without any of it, something could not be told."""
    assert clusters
    iam = simulator.client("iam", account=HOME)
    never = statement(Effect="Deny", Action=action, Resource="*")
    iam.put_role_policy(RoleName=ROLE, PolicyName="never", PolicyDocument=never)
    given = ("--role-arn", role(HOME), "--external-id", SECRET, *RULE)
    where = ("--all-regions",) if action.startswith("ec2:") else ("--region", HERE)
    done = scan(simulator, *given, *where, **auditor)
    iam.delete_role_policy(RoleName=ROLE, PolicyName="never")
    operation = action.partition(":")[2]
    assert done.status == 3
    assert f"{operation}: " in done.out


def test_ctrl_c(simulator, clusters, auditor):
    """As a terminal sends it, while it waits for EMR: the report is printed, and says so."""
    assert clusters
    simulator.clear_journal()
    code = "from emr_in_transit_cli.main import main; main()"
    given = ("--role-arn", role(HOME), "--external-id", SECRET, "--share", "0.001", "-f", "json")
    path = os.pathsep.join(map(str, (ROOT / "cli", RULE_FOLDER)))
    with subprocess.Popen(
        [sys.executable, "-c", code, "scan", *given],
        env=os.environ | simulator.environment() | auditor | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        deadline = time.monotonic() + 30
        while not simulator.journal("emr", "DescribeCluster") and time.monotonic() < deadline:
            time.sleep(0.05)
        command.send_signal(signal.SIGINT)
        try:
            out, err = command.communicate(timeout=30)
        finally:
            command.kill()  # or it would be waited for, and at this share for hours
    document = json.loads(out)
    assert (command.returncode, document["interrupted"]) == (130, True)
    assert err.strip() == "emr-in-transit: interrupted"
    counts = Counter(each["complianceType"] for each in document["clusters"])
    assert (counts["COULD_NOT_TELL"], counts.total()) == (10, 11)


def test_the_table_of_several_accounts(simulator, clusters, auditor, accounts):
    """In a terminal's words: what is refused, what is empty, and how many of each."""
    assert clusters
    with environment(simulator.environment() | auditor):
        lines = run("scan", *FULL_SPEED, *accounts, *IN_REGIONS, *RULE).out.splitlines()
    assert f"{HOME}: no cluster in {THERE}" in lines
    assert f"{OTHER}: no cluster in {HERE}" in lines
    assert any(each.startswith(f"COULD_NOT_TELL {CLOSED}: AssumeRole: ") for each in lines)
    assert any(each.startswith(f"COULD_NOT_TELL {OTHER}/{FORBIDDEN}: ListClusters: ") for each in lines)  # fmt: skip
    assert lines[-1] == (
        "8 compliant, 4 non-compliant, 1 not applicable in 3 Regions of 3 accounts; "
        "2 accounts or Regions could not be read"
    )
