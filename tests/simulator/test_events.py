"""EventBridge: what the services send, which rules match, what targets get, and what came of it."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import CLUSTER as CLUSTER_TYPE
from tests.simulator.config_rules import PERIODIC, evaluation, put, put_rule, token
from tests.simulator.messaging import (
    EVENT,
    FROM_RULE,
    PATTERN,
    QUEUE_POLICY,
    RULE_ARN,
    TOPIC_POLICY,
    admit,
    deliveries,
    make_key,
    make_queue,
    make_rule,
    make_topic,
    outcomes,
    put_event,
    received,
)
from tests.simulator.throwaway import ACCOUNT, make_function
from tools.simulator.events.delivery import problem_of, text_for
from tools.simulator.iam.resource_policies import RefusedError

ECHO = "def handler(event, context): return event"


def admit_events(aws, source=RULE_ARN):
    aws.client("lambda").add_permission(
        FunctionName="f",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=source,
    )


@pytest.mark.parametrize("source", [None, RULE_ARN + "-other"])
def test_a_function_that_does_not_admit_the_rule_is_not_run(aws, source):
    make_rule(aws, {"Arn": make_function(aws, ECHO)})
    if source:
        admit_events(aws, source)
    put_event(aws)
    assert outcomes(aws) == [("lost", "NO_PERMISSIONS")]
    assert aws.call("GET", "/invocations") == []


@pytest.mark.parametrize(
    ("rule", "admitted", "delivered"),
    [
        ("SNS's default policy does not admit EventBridge", None, False),
        ("a policy with the rule's ARN does", TOPIC_POLICY, True),
        (
            "one with another rule's ARN does not",
            admit(
                "events",
                "sns:Publish",
                Condition={"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/other*"}},
            ),
            False,
        ),
        (
            "one with the account does",
            admit(
                "events",
                "sns:Publish",
                Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            ),
            True,
        ),
    ],
)
def test_a_topic_gets_the_event_if_its_policy_admits_the_rule(aws, rule, admitted, delivered):
    make_rule(aws, {"Arn": make_topic(aws, admitted)})
    put_event(aws)
    assert [one[0] for one in outcomes(aws)] == ["delivered" if delivered else "lost"], rule
    assert bool(aws.call("GET", "/topics")) is delivered, rule


@pytest.mark.parametrize(
    ("rule", "statements", "delivered"),
    [
        ("the account's own statement is not for services", [], False),
        ("the key admits EventBridge", [{}], True),
        ("conditions on the source never hold", [{"Condition": FROM_RULE}], False),
    ],
)
def test_a_topic_under_a_customer_key_needs_the_keys_policy(aws, rule, statements, delivered):
    use = ["kms:Decrypt", "kms:GenerateDataKey*"]
    key = make_key(aws, *(admit("events", use, **statement) for statement in statements))
    make_rule(aws, {"Arn": make_topic(aws, TOPIC_POLICY, KmsMasterKeyId=key)})
    put_event(aws)
    assert [one[0] for one in outcomes(aws)] == ["delivered" if delivered else "lost"], rule


def test_what_was_refused_goes_to_the_targets_dead_letter_queue(aws):
    topic = make_topic(aws)
    dead = make_queue(aws, QUEUE_POLICY)
    make_rule(aws, {"Arn": topic, "DeadLetterConfig": {"Arn": dead}})
    put_event(aws)
    (message,) = received(aws)
    assert json.loads(message["Body"])["detail"] == EVENT["detail"]
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told.pop("ERROR_MESSAGE")
    assert told == {"RULE_ARN": RULE_ARN, "TARGET_ARN": topic, "ERROR_CODE": "NO_PERMISSIONS"}


def test_a_throttled_target_is_tried_again_and_then_given_up(aws):
    aws.call("PUT", "/events", failures=2, retry_delay=0.01)
    topic, dead = make_topic(aws, TOPIC_POLICY), make_queue(aws, QUEUE_POLICY)
    target = {
        "Arn": topic,
        "DeadLetterConfig": {"Arn": dead},
        "RetryPolicy": {"MaximumRetryAttempts": 2},
    }
    make_rule(aws, target)
    put_event(aws)
    assert [(one["outcome"], one["attempts"]) for one in deliveries(aws)] == [("delivered", 3)]
    aws.call("PUT", "/events", failures=3)
    put_event(aws)
    (message,) = received(aws)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "THROTTLING"
    assert message["MessageAttributes"]["RETRY_ATTEMPTS"]["StringValue"] == "2"


@pytest.mark.parametrize(
    "pattern", [PATTERN | {"detail": {"state": ["WAITING"]}}, {"source": ["aws.config"]}]
)
def test_a_rule_that_does_not_match_gets_nothing(aws, pattern):
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)}, pattern=pattern)
    put_event(aws)
    assert outcomes(aws) == []


def test_events_can_be_lost_doubled_and_late(aws):
    make_rule(aws, {"Arn": make_queue(aws, QUEUE_POLICY)})
    aws.call("PUT", "/events", drop=True)
    put_event(aws)
    assert received(aws) == []
    aws.call("PUT", "/events", drop=False, duplicates=2)
    put_event(aws)
    ids = {json.loads(message["Body"])["id"] for message in received(aws)}
    assert len(ids) == 1
    assert [one["copies"] for one in aws.call("GET", "/events")] == [0, 3]


def test_events_can_come_out_of_order(aws):
    make_rule(aws, {"Arn": make_topic(aws, TOPIC_POLICY)})
    aws.call("PUT", "/events", shuffle=True)
    for number in range(6):
        put_event(aws, detail={"n": number})
    aws.settle()
    came = [json.loads(entry["message"])["detail"]["n"] for entry in aws.call("GET", "/topics")]
    assert sorted(came) == list(range(6))
    assert came != sorted(came)


CLUSTER = {
    "Name": "etl",
    "ReleaseLabel": "emr-7.5.0",
    "Instances": {
        "InstanceCount": 1,
        "MasterInstanceType": "m5.xlarge",
        "KeepJobFlowAliveWhenNoSteps": True,
    },
    "JobFlowRole": "EMR_EC2_DefaultRole",
    "ServiceRole": "EMR_DefaultRole",
    "Tags": [{"Key": "Team", "Value": "data"}],
    "Configurations": [{"Classification": "hive-site", "Properties": {"Hive.Key": "v"}}],
}


def launch(aws):
    cluster: str = aws.client("emr").run_job_flow(**CLUSTER)["JobFlowId"]
    aws.settle()
    return cluster


def sent(aws, kind):
    events = [entry["event"] for entry in aws.call("GET", "/events")]
    return [event for event in events if event["detail-type"] == kind]


def test_cloudtrail_tells_who_launched_what(aws):
    cluster = launch(aws)
    (event,) = sent(aws, "AWS API Call via CloudTrail")
    assert event["source"] == "aws.elasticmapreduce"
    detail = event["detail"]
    assert detail["eventSource"] == "elasticmapreduce.amazonaws.com"
    assert (detail["eventName"], detail["awsRegion"]) == ("RunJobFlow", "eu-west-1")
    assert detail["userIdentity"]["arn"] == f"arn:aws:iam::{ACCOUNT}:user/simulator-administrator"
    assert detail["userIdentity"]["type"] == "IAMUser"
    assert detail["responseElements"]["jobFlowId"] == cluster
    assert detail["responseElements"]["clusterArn"].endswith(f":cluster/{cluster}")
    assert "errorCode" not in detail
    assert detail["requestParameters"] == CLUSTER


def test_a_change_of_compliance_is_an_event_and_the_same_again_is_none(aws):
    put_rule(aws, PERIODIC)
    put(aws, token(aws), evaluation("j-1", "NON_COMPLIANT", Annotation="Why."))
    put(aws, token(aws), evaluation("j-1", "NON_COMPLIANT", OrderingTimestamp=1_790_000_001))
    put(aws, token(aws), evaluation("j-1", "COMPLIANT", OrderingTimestamp=1_790_000_002))
    aws.settle()
    first, second = (event["detail"] for event in sent(aws, "Config Rules Compliance Change"))
    assert (first["resourceId"], first["awsAccountId"]) == ("j-1", ACCOUNT)
    assert (first["configRuleName"], first["resourceType"]) == ("rule", CLUSTER_TYPE)
    assert first["messageType"] == "ComplianceChangeNotification"
    assert first["newEvaluationResult"]["complianceType"] == "NON_COMPLIANT"
    assert first["newEvaluationResult"]["annotation"] == "Why."
    assert "oldEvaluationResult" not in first
    assert second["oldEvaluationResult"]["complianceType"] == "NON_COMPLIANT"
    assert second["newEvaluationResult"]["complianceType"] == "COMPLIANT"
    assert "annotation" not in second["newEvaluationResult"]
    qualifier = second["newEvaluationResult"]["evaluationResultIdentifier"]
    assert qualifier["evaluationResultQualifier"]["resourceId"] == "j-1"


DETAIL = {"name": "n", "object": {"a": "b"}, "x-y": 3}


def text(template, detail=None, **paths):
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    target = {"Id": "t", "Arn": "arn:aws:sns:::t", "InputTransformer": transformer}
    assert problem_of(target) is None
    return text_for(target, EVENT | {"detail": detail or DETAIL})


@pytest.mark.parametrize(
    ("rule", "template", "path", "expected"),
    [
        ("a text is raw", '{"a": "is <v>"}', "$.detail.name", '{"a": "is n"}'),
        ("an object loses its quotes", '"<v>"', "$.detail.object", '"{a: b}"'),
        ("a key may have a dash", '"<v>"', "$.detail.x-y", '"3"'),
        ("what is missing is empty", '"is <v>."', "$.detail.none", '"is ."'),
        ("each line has its quotes", '"is"\n"<v>"', "$.detail.name", '"is"\n"n"'),
    ],
)
def test_a_template_is_filled_as_in_aws(rule, template, path, expected):
    assert text(template, v=path) == expected, rule


def test_a_value_that_breaks_the_json_of_the_template_is_refused():
    with pytest.raises(RefusedError, match="is no JSON"):
        text('{"a": "<v>"}', {"name": 'a "quoted" name'}, v="$.detail.name")


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("an unquoted text", {"InputTransformer": {"InputTemplate": "is text"}}),
        ("an unknown variable", {"InputTransformer": {"InputTemplate": '{"a": "<b>"}'}}),
        ("a broken object", {"InputTransformer": {"InputTemplate": '{"a": '}}),
        (
            "a path that is no path",
            {"InputTransformer": {"InputTemplate": "1", "InputPathsMap": {"a": "$.b[0]"}}},
        ),
        ("a fixed input", {"Input": "{}"}),
        ("a target that is not simulated", {"Arn": "arn:aws:logs:::x"}),
    ],
)
def test_put_targets_refuses(aws, rule, target):
    with pytest.raises(ClientError, match="ValidationException"):
        make_rule(aws, {"Arn": make_queue(aws), **target})
    assert rule
