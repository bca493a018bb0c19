"""The fault matrix: every AWS call of every door, and every way in which it can fail."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

SWEEP, CHANGE, LAUNCH = "sweep", "change", "launch"
HELD = "held"  # a sweep that tells what changes have held for it
TRIAL = "trial"  # a sweep by a rule of somebody else's, on the same function
ROLES = {
    SWEEP: "RuleRole",
    CHANGE: "RuleRole",
    HELD: "RuleRole",
    TRIAL: "RuleRole",
    LAUNCH: "LaunchCheckRole",
}
SCHEDULED = (SWEEP, HELD, TRIAL)
BY_EVENT = tuple(door for door in ROLES if door not in SCHEDULED)

OLD = ("good", "bad", "exempt")  # judged, recorded and told of before
GONE = ("gone-good", "gone-bad")  # the same, and ended since
FRESH = ("fresh-good", "fresh-bad")  # launched since, and the launch check missed them
CHANGED = ("change-good", "change-bad")  # security configurations
# What is exempt goes first: it starts no sweep, which might tell of it before the launch check.
LAUNCHED = ("launch-exempt", "launch-bad", "launch-other")
# By the end of a name: what AWS Config must have on record of such a resource.
RIGHT = {"good": "COMPLIANT", "exempt": None, "gone-good": None, "gone-bad": None}
VIOLATION = "NON_COMPLIANT"  # all others


def right(name: str) -> str | None:
    """Return what must be on record of a resource; None where nothing must."""
    return RIGHT.get(name, RIGHT.get(name.rpartition("-")[2], VIOLATION))


@dataclass(frozen=True)
class Call:
    """One AWS call of one door, and what it may cost while it fails.

    `at` names the resource, or a text in the requests, whose calls fail ("": all do). The resources
    in `costs` may keep the result that they had before, those in `mutes` may go unalerted until the
    fault is over. Where nothing is lost without the call it is `spare`: nobody need hear of it.
    """

    door: str
    action: str
    at: str = ""
    costs: tuple[str, ...] = ()
    mutes: tuple[str, ...] = ()
    spare: bool = False
    may_repeat: bool = False  # nobody knows then what has been told, and twice is better than never

    @property
    def name(self) -> str:
        """Name the call in the report."""
        operation = self.action.partition(":")[2]
        return "-".join(part for part in (self.door, operation, self.at.strip("/")) if part)


@dataclass(frozen=True)
class Fault:
    """One way to fail, as the simulator scripts it; what `heals` is over before Lambda gives up."""

    name: str
    script: dict[str, Any] = field(hash=False)
    heals: bool = False
    silent: bool = False  # no run fails of it
    kills: bool = False  # the function is killed during the call
    timeout_scale: float = 1.0


FRESH_BAD, CHANGE_BAD, LAUNCH_BAD = ("fresh-bad",), ("change-bad",), ("launch-bad",)
LAUNCH_EXEMPT = ("launch-exempt",)
DESCRIBE_CONFIGURATION = "elasticmapreduce:DescribeSecurityConfiguration"
READERS = "sns:GetTopicAttributes"
IMPORT = "securityhub:BatchImportFindings"

CALLS = (
    Call(SWEEP, "elasticmapreduce:ListClusters", "", (*OLD, *GONE, *FRESH), FRESH_BAD),
    Call(SWEEP, "elasticmapreduce:DescribeCluster", "fresh-bad", FRESH_BAD, FRESH_BAD),
    Call(SWEEP, "elasticmapreduce:DescribeCluster", "gone-bad", ("gone-bad",)),
    Call(SWEEP, DESCRIBE_CONFIGURATION, "off", FRESH_BAD, FRESH_BAD),
    Call(SWEEP, "elasticmapreduce:ListInstanceGroups", "fresh-bad", FRESH_BAD, FRESH_BAD),
    Call(SWEEP, "elasticmapreduce:ListInstanceFleets", "bad", ("bad",)),
    Call(SWEEP, "tag:GetResources", "", ("bad", "exempt")),
    Call(SWEEP, "s3:GetObject", spare=True),
    Call(SWEEP, "config:GetComplianceDetailsByConfigRule", "", GONE),
    Call(SWEEP, "config:PutEvaluations", "", (*GONE, *FRESH)),
    Call(SWEEP, "dynamodb:BatchGetItem", spare=True),
    Call(SWEEP, "dynamodb:UpdateItem", spare=True),
    Call(SWEEP, "dynamodb:Query", mutes=FRESH_BAD),
    Call(SWEEP, "dynamodb:PutItem", "fresh-bad", mutes=FRESH_BAD),
    Call(SWEEP, "sns:Publish", "fresh-bad", mutes=FRESH_BAD),
    Call(SWEEP, READERS, spare=True),
    Call(SWEEP, "securityhub:GetFindings"),
    Call(SWEEP, IMPORT, "fresh-bad"),
    Call(SWEEP, "securityhub:BatchUpdateFindings", "gone-bad"),
    Call(CHANGE, "config:GetComplianceDetailsByConfigRule", "", CHANGED, CHANGE_BAD),
    Call(CHANGE, "dynamodb:UpdateItem", "calls", mutes=CHANGE_BAD),
    Call(HELD, "elasticmapreduce:ListSecurityConfigurations", mutes=CHANGE_BAD),
    Call(HELD, "dynamodb:Query", "AWS::EMR::SecurityConfiguration", mutes=CHANGE_BAD),
    Call(HELD, "dynamodb:PutItem", "change-bad", mutes=CHANGE_BAD),
    Call(HELD, "sns:Publish", "change-bad", mutes=CHANGE_BAD),
    Call(TRIAL, "config:DescribeConfigRules"),
    Call(TRIAL, "config:GetComplianceDetailsByConfigRule"),
    Call(CHANGE, DESCRIBE_CONFIGURATION, "change-bad", CHANGE_BAD, CHANGE_BAD),
    Call(CHANGE, "config:PutEvaluations", "change-bad", CHANGE_BAD, CHANGE_BAD),
    Call(CHANGE, "dynamodb:GetItem", "change-bad", mutes=CHANGE_BAD),
    Call(CHANGE, "dynamodb:PutItem", "change-bad", mutes=CHANGE_BAD),
    Call(CHANGE, "sns:Publish", "change-bad", mutes=CHANGE_BAD),
    Call(CHANGE, READERS, spare=True),
    Call(CHANGE, "securityhub:GetFindings", "AWS::EMR::SecurityConfiguration"),
    Call(CHANGE, IMPORT, "change-bad"),
    Call(LAUNCH, "config:DescribeConfigRules", mutes=LAUNCHED),
    Call(LAUNCH, "elasticmapreduce:DescribeCluster", "launch-bad", mutes=LAUNCH_BAD),
    Call(LAUNCH, DESCRIBE_CONFIGURATION, "off", mutes=LAUNCH_BAD),
    Call(LAUNCH, "elasticmapreduce:ListInstanceGroups", "launch-bad", mutes=LAUNCH_BAD),
    Call(LAUNCH, "elasticmapreduce:ListInstanceFleets", "launch-other", mutes=("launch-other",)),
    Call(LAUNCH, "s3:GetObject", spare=True),
    Call(LAUNCH, "dynamodb:BatchGetItem", "launch-bad", spare=True),
    Call(LAUNCH, "dynamodb:UpdateItem", "launch-bad", spare=True),
    Call(LAUNCH, "dynamodb:GetItem", "launch-bad", spare=True, may_repeat=True),
    Call(LAUNCH, "dynamodb:PutItem", "launch-bad", spare=True, may_repeat=True),
    Call(LAUNCH, "dynamodb:PutItem", "/turn", spare=True),
    Call(LAUNCH, "config:StartConfigRulesEvaluation", spare=True),
    Call(LAUNCH, "sns:Publish", "launch-bad", mutes=LAUNCH_BAD),
    Call(LAUNCH, "dynamodb:GetItem", "exempted:", spare=True, may_repeat=True),
    Call(LAUNCH, "dynamodb:PutItem", "exempted:", spare=True, may_repeat=True),
    Call(LAUNCH, "sns:Publish", "launch-exempt", mutes=LAUNCH_EXEMPT),
    Call(LAUNCH, READERS, spare=True),
    Call(LAUNCH, IMPORT, "launch-bad", spare=True),
)

LOST = {"reset": True, "lost_answer": True, "times": 1}
FAULTS = (
    Fault("throttled-twice", {"code": "ThrottlingException", "times": 2}, heals=True, silent=True),
    Fault("throttled", {"code": "ThrottlingException"}),
    Fault("internal-error", {"code": "InternalFailure", "status": 500}),
    Fault("access-denied", {"code": "AccessDeniedException"}),
    Fault("malformed-answer", {"malformed": True}),
    Fault("connection-reset", {"reset": True}),
    # The call takes effect, and botocore makes it again.
    Fault("answer-lost", LOST, heals=True, silent=True),
    # As often as botocore makes a call: Lambda's next attempt goes through.
    Fault(
        *("timeout", {"delay": 0.4, "code": "InternalFailure", "status": 500, "times": 5}),
        heals=True,
        timeout_scale=0.02,
    ),
    Fault(
        *("killed-before-it", {"delay": 1, "code": "InternalFailure", "times": 1}),
        heals=True,
        kills=True,
    ),
    Fault("killed-after-it", LOST | {"delay": 1}, heals=True, kills=True),
)
# A call that only reads has no effect that its answer could be lost after.
WRITES = (
    *("Publish", "PutEvaluations", "PutItem", "StartConfigRulesEvaluation", "UpdateItem"),
    *("BatchImportFindings", "BatchUpdateFindings"),
)
ONLY_READING, ONLY_WRITING = ("killed-before-it",), ("answer-lost", "killed-after-it")
CASES = tuple(
    (call, fault)
    for fault in FAULTS
    for call in CALLS
    if fault.name not in (ONLY_READING if call.action.endswith(WRITES) else ONLY_WRITING)
)
# An entry of the ledger that says of a bad cluster that it is good, in every wrong shape.
FUTURE = (datetime.now(UTC) + timedelta(days=3650)).isoformat()
FORGED = {
    "of the future": {"described": {"S": FUTURE}},
    "of another version": {"schema": {"N": "99"}},
    "without a version": {"schema": None},
    "without facts": {"facts": None},
    "of facts that are no JSON": {"facts": {"S": "{"}},
    "of facts of another type": {"facts": {"S": '{"cluster_id": 7}'}},
    "of facts nested too deeply": {"facts": {"S": "[" * 50_000}},
    "without a time": {"described": None},
    "of a time without a zone": {"described": {"S": "2026-01-01T00:00:00"}},
    "of a time that is none": {"described": {"S": "lately"}},
    "long expired": {"expires": {"N": "1"}},
    "that expires as a text": {"expires": {"S": "never"}},
    "without an end": {"expires": None},
    "of a time of another type": {"described": {"N": "1"}},
    "of a version that is no number": {"schema": {"S": "2"}},
    "of facts that are a list": {"facts": {"S": "[]"}},
    "that is due": {"described": {"S": "2026-01-01T00:00:00+00:00"}},
}
# By door: over which forged entry it opens, and how often at once.
TROUBLES = (
    *((door, name, 1) for door in (SWEEP, LAUNCH) for name in FORGED),
    *((door, name, 2) for door in (SWEEP, LAUNCH) for name in FORGED if "time" in name),
    *((door, "", times) for door in (SWEEP, LAUNCH, HELD, TRIAL) for times in (2, 3)),
)


def faults_at(doors: tuple[str, ...]) -> pytest.MarkDecorator:
    """Return the mark that runs a test for each case at these doors, as `call` and `fault`."""
    cases = [(call, fault) for call, fault in CASES if call.door in doors]
    names = [f"{fault.name}-{call.name}" for call, fault in cases]
    return pytest.mark.parametrize(("call", "fault"), cases, ids=names)


def troubles_at(doors: tuple[str, ...]) -> pytest.MarkDecorator:
    """Return the mark that runs a test for each trouble at these doors, as `trouble`."""
    troubles = [trouble for trouble in TROUBLES if trouble[0] in doors]
    names = [f"{door}-{times}-times-{forged or 'clean'}" for door, forged, times in troubles]
    return pytest.mark.parametrize("trouble", troubles, ids=names)
