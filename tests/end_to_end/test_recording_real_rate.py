"""EMR's token buckets at their documented rate: what a first sweep gets through, and what others do.

A slow test, nearly all of it waiting: EMR's rate is what it is, and what passes at a faster one
proves nothing about this one.
"""

import io
import json
import time
import zipfile
from datetime import UTC, datetime, timedelta

from tests.end_to_end.depth import configuration
from tests.end_to_end.messages import taken
from tests.end_to_end.recording import prepared, verdicts
from tests.simulator.throwaway import make_role
from tools.account import Account
from tools.package import contents
from tools.simulator.client import Simulator

CLUSTERS = 40
# What anybody would write with rdklib: no retries of its own, nothing remembered.
PLAIN = b"""
import json
from rdklib import ComplianceType, ConfigRule, Evaluation, Evaluator

class Plain(ConfigRule):
    def evaluate_periodic(self, event, client_factory, valid_rule_parameters):
        emr = client_factory.build_client("emr")
        pages = emr.get_paginator("list_clusters").paginate(ClusterStates=["RUNNING", "WAITING"])
        ids = [cluster["Id"] for page in pages for cluster in page["Clusters"]]
        return [Evaluation(self.judge(emr, each), each, "AWS::EMR::Cluster") for each in ids]

    def judge(self, emr, cluster_id):
        cluster = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
        name = cluster["SecurityConfiguration"]
        answer = emr.describe_security_configuration(Name=name)
        encryption = json.loads(answer["SecurityConfiguration"])["EncryptionConfiguration"]
        good, bad = ComplianceType.COMPLIANT, ComplianceType.NON_COMPLIANT
        return good if encryption["EnableInTransitEncryption"] else bad

def lambda_handler(event, context):
    return Evaluator(Plain()).handle(event, context)
"""


def plain_zip() -> bytes:
    """Return a zip of the plain rule, with the very rdklib that ours has."""
    rdklib = {name: text for name, text in contents().items() if name.startswith("rdklib/")}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {**rdklib, "plain.py": PLAIN}.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def deploy_plain_rule(account: Account) -> str:
    """Deploy the plain rule by hand, and return its name; AWS Config evaluates it at once."""
    functions = account.simulator.client("lambda", account.region)
    arn = functions.create_function(
        FunctionName="plain",
        Runtime="python3.13",
        Handler="plain.lambda_handler",
        Timeout=900,
        Role=make_role(account.simulator, "plain", "elasticmapreduce:*", "config:*", "logs:*"),
        Code={"ZipFile": plain_zip()},
    )["FunctionArn"]
    functions.add_permission(
        FunctionName="plain",
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        SourceAccount=arn.split(":")[4],
    )
    details = [{"EventSource": "aws.config", "MessageType": "ScheduledNotification"}]
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": details}
    parameters = json.dumps({"AssumeRoleMode": "False"})
    rule = {"ConfigRuleName": "plain", "Source": source, "InputParameters": parameters}
    account.config.put_config_rule(ConfigRule=rule)
    return "plain"


def at_real_rate(simulator: Simulator) -> Account:
    """Prepare an account with a fleet; neither EMR's limits nor back-off are sped up."""
    account = prepared(simulator)
    simulator.set_functions(time_scale=1)
    name = configuration(account)
    for number in range(CLUSTERS):
        account.launch(f"etl-{number}", name)
    simulator.set_buckets(enabled=True)
    return account


def stands_mid_sweep(account: Account) -> None:
    """Wait until the first sweep has used up what EMR gives at once."""
    end = time.monotonic() + 60
    while len(account.simulator.journal("emr", "DescribeCluster")) < CLUSTERS / 2:
        assert time.monotonic() < end, "no sweep"
        time.sleep(0.2)


def test_a_first_sweep_at_emr_s_real_rate_loses_nothing_and_delays_no_alert(simulator):
    """40 clusters, 10 DescribeCluster at once and one a second: paced, EMR refuses none of ours.

    The share that a sweep leaves is the launch check's, so a launch meanwhile is told of at once.
    """
    ours = at_real_rate(simulator)
    ours.outputs = ours.deploy(EmrCallShare="0.8")  # the template's default
    stands_mid_sweep(ours)
    launched = datetime.now(UTC)
    late = ours.launch("late")
    simulator.settle(180)

    (told,) = [taken(each).document for each in simulator.topics(ours.outputs["AlertTopicArn"])]
    assert (told["resourceId"], told["detectedBy"]) == (late, "LAUNCH_CHECK")
    assert datetime.fromisoformat(told["time"]) - launched < timedelta(minutes=1)
    sweep = simulator.invocations(ours.outputs["FunctionArn"].split(":")[6])[0]
    ended = datetime.fromtimestamp(sweep["started"] + sweep["duration"], UTC)
    assert datetime.fromisoformat(told["time"]) < ended, "the sweep was still under way"
    found = verdicts(ours)
    assert found.pop(late, "NON_COMPLIANT") == "NON_COMPLIANT"
    assert list(found.values()) == ["COMPLIANT"] * CLUSTERS
    assert [each for each in simulator.journal("emr") if each["error"]] == []


def test_a_plain_rule_loses_every_verdict_at_that_rate(simulator):
    """It reports success, and nothing but the rate was in its way."""
    other = at_real_rate(simulator)
    deploy_plain_rule(other)
    simulator.settle(180)
    assert verdicts(other, "plain") == {}
    (run,) = simulator.invocations("plain")
    assert run["ok"], "and it reports success"
    assert run["answer"]["customerErrorCode"] == "ThrottlingException"

    simulator.set_buckets(enabled=False)
    simulator.schedule("plain")
    assert len(verdicts(other, "plain")) == CLUSTERS
