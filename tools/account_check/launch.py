"""Account check: the trial of a cluster: its launch alert, and its verdict at a sweep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.aws.emr import LIVE_STATES
from emr_in_transit.aws.rules import PERIODIC
from tools.account_check import trial as trials
from tools.account_check.aws import Aws, read, write
from tools.account_check.create import judged_bad
from tools.account_check.functions import rule_with
from tools.account_check.recording import RULES
from tools.account_check.results import Finding, NotReachedError, no, yes
from tools.account_check.trial import PREFIX, Stopwatch, Trial
from tools.aws_words import AWS_ERRORS, code_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tools.account_check.trial import Answering

LAUNCH = write("emr", "RunJobFlow", "elasticmapreduce:RunJobFlow", "elasticmapreduce:AddTags", "iam:PassRole")  # fmt: skip
DESCRIBE = read("emr", "DescribeCluster", "elasticmapreduce:DescribeCluster")
END = write("emr", "TerminateJobFlows", "elasticmapreduce:TerminateJobFlows")
SWEEP = write("config", "StartConfigRulesEvaluation", "config:StartConfigRulesEvaluation")
PRICES = read("pricing", "GetProducts", "pricing:GetProducts")
CALLS = (
    *trials.CALLS,
    trials.SUBSCRIBE,
    RULES,
    trials.RESULTS,
    LAUNCH,
    DESCRIBE,
    END,
    SWEEP,
    PRICES,
)
CLUSTER_NAME = f"{PREFIX}cluster"
INSTANCE = "m5.xlarge"
PLAN = """\
--launch starts a cluster of one {instance} instance without a security configuration, {name}, and
ends it as soon as its alert and its verdict are there, usually within ten minutes. It costs {price}.
The alert is a real one, and looks like any other: tell whoever is on call."""
# No Region's published price of the instance with EMR's and its disk is more (aws.amazon.com/emr/pricing).
MOST = "at most 0.50 USD an hour, as of 2026-11-28"
DUE, TOLD, JUDGED, ENDING = 60.0, 600.0, 1800.0, 300.0
# AWS Config starts an evaluation once a minute (AWS Config API, StartConfigRulesEvaluation).
BETWEEN_SWEEPS = 65.0
# Changes nothing that matters: it is there to see how soon DescribeCluster shows it.
MARK = {"Classification": "core-site", "Properties": {"io.file.buffer.size": "65536"}}
# The Price List API serves from few Regions, by partition (AWS Billing User Guide).
PRICE_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-northwest-1"}


class Launch(NamedTuple):
    """What a cluster takes that has to be there already."""

    service_role: str
    instance_profile: str
    subnet: str
    release: str


def price(aws: Aws) -> str:
    """Return what the cluster costs by the hour, by AWS's price list; else the most it can."""
    place = PRICE_REGIONS.get(aws.partition)
    if place is None:
        return MOST
    try:
        machine = _hourly(aws, place, "AmazonEC2", operatingSystem="Linux", tenancy="Shared", capacitystatus="Used", preInstalledSw="NA")  # fmt: skip
        service = _hourly(aws, place, "ElasticMapReduce")
    except (*AWS_ERRORS, KeyError, ValueError, TypeError):
        return MOST
    if machine is None or service is None:
        return MOST
    (amount, unit), (more, _) = machine, service
    return f"{amount + more:.3f} {unit} an hour by AWS's price list, and some cents for its disk"


def _hourly(aws: Aws, place: str, service: str, **more: str) -> tuple[float, str] | None:
    """Return the price of the instance in a service, and its currency; None if there is not one."""
    wanted = {"regionCode": aws.region, "instanceType": INSTANCE, **more}
    filters = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in wanted.items()]
    found = set()
    for text in aws.items(PRICES, "PriceList", region=place, ServiceCode=service, Filters=filters):
        for term in json.loads(text)["terms"].get("OnDemand", {}).values():
            for dimension in term["priceDimensions"].values():
                ((unit, amount),) = dimension["pricePerUnit"].items()
                if float(amount) and dimension["unit"] in {"Hrs", "Hours"}:
                    found.add((float(amount), unit))
    # Of several products of a type, the dearest: nobody shall pay more than this says.
    return max(found, default=None)


def launch(trial: Trial, given: Launch, answer: Answering) -> Iterator[Finding]:
    """Launch a cluster, and find how soon it is told of and judged; end it in any case."""
    trial.listen()
    clock = Stopwatch(trial.pace)
    cluster = str(trial.aws.call(LAUNCH, **_request(trial, given))["JobFlowId"])
    try:
        yield from _watch(trial, cluster, clock, answer)
    finally:
        trial.aws.call(END, JobFlowIds=[cluster])
    if trial.pace.wait_for(lambda: _state(trial, cluster) not in LIVE_STATES, ENDING):
        yield yes("the cluster is ending", clock.seconds())
    else:
        yield no(f"{cluster} is not ending", "end it: aws emr terminate-clusters")


def _request(trial: Trial, given: Launch) -> dict[str, Any]:
    return {
        "Name": CLUSTER_NAME,
        "ReleaseLabel": given.release,
        "ServiceRole": given.service_role,
        "JobFlowRole": given.instance_profile,
        "Applications": [{"Name": "Spark"}],
        "Configurations": [MARK],
        "Tags": [{"Key": PREFIX.rstrip("-"), "Value": trial.run}],
        "Instances": {
            "MasterInstanceType": INSTANCE,
            "InstanceCount": 1,
            "Ec2SubnetId": given.subnet,
            "TerminationProtected": False,
            # Without a step it ends by itself, should nobody be left to end it.
            "KeepJobFlowAliveWhenNoSteps": False,
        },
    }


def _watch(trial: Trial, cluster: str, clock: Stopwatch, answer: Answering) -> Iterator[Finding]:
    seen = _first_seen(
        trial,
        clock,
        {
            "alert": lambda: trial.heard(cluster),
            "Configurations": lambda: _cluster(trial, cluster).get("Configurations"),
            "Tags": lambda: _cluster(trial, cluster).get("Tags"),
        },
    )
    for what in ("Configurations", "Tags"):
        text = f"{seen[what]:.0f} s" if what in seen else "more than a minute"
        answer(f"DescribeCluster shows the {what} of a new cluster after", f"{text}.")
    shown = _cluster(trial, cluster).get("Configurations")
    same = "yes." if shown == [MARK] else f"no: {json.dumps(shown)}"
    answer("It shows them as they were given:", same)
    advice = "the log of the launch check says why"
    if "alert" not in seen:
        yield no(f"no launch alert within {TOLD:.0f} s", advice)
    elif seen["alert"] > DUE:
        took = f"the launch alert took {seen['alert']:.0f} s"
        yield no(f"{took}, and is due within {DUE:.0f} s", advice)
    else:
        yield yes("the launch alert has come", seen["alert"])
    found = _verdict(trial, cluster)
    yield judged_bad(found, "the cluster", clock.seconds())


def _first_seen(
    trial: Trial, clock: Stopwatch, probes: Mapping[str, Callable[[], Any]]
) -> dict[str, float]:
    """Return when each probe first found something; the alert is waited for, the rest a minute."""
    seen: dict[str, float] = {}

    def look() -> bool:
        for name, probe in probes.items():
            if name not in seen and probe():
                seen[name] = clock.seconds()
        return seen.keys() == probes.keys() or ("alert" in seen and clock.seconds() > DUE)

    trial.pace.wait_for(look, TOLD)
    return seen


def _verdict(trial: Trial, cluster: str) -> dict[str, Any]:
    """Start a sweep, and another where it does not come, until the verdict is on record."""
    rule = rule_with(trial.aws, trial.stack, PERIODIC)
    last = float("-inf")

    def judged() -> dict[str, Any] | None:
        nonlocal last
        if trial.pace.now() - last >= BETWEEN_SWEEPS:
            last = trial.pace.now()
            _start_sweep(trial, rule)
        return trial.result(rule, cluster)

    found: dict[str, Any] | None = trial.pace.wait_for(judged, JUDGED)
    if not found:
        raise NotReachedError(f"{rule} has recorded no verdict within {JUDGED:.0f} s")
    return found


def _start_sweep(trial: Trial, rule: str) -> None:
    try:
        trial.aws.call(SWEEP, ConfigRuleNames=[rule])
    except AWS_ERRORS as error:
        if code_of(error) != "LimitExceededException":  # one is at work, or was a moment ago
            raise


def _cluster(trial: Trial, cluster: str) -> dict[str, Any]:
    found: dict[str, Any] = trial.aws.call(DESCRIBE, ClusterId=cluster)["Cluster"]
    return found


def _state(trial: Trial, cluster: str) -> str:
    return str(_cluster(trial, cluster)["Status"]["State"])
