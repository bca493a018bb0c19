"""The simulator's services send the events that AWS's do, in AWS's form."""

import json
from typing import Any

import pytest

from tests.simulator.config_rules import CLUSTER as CLUSTER_TYPE
from tests.simulator.config_rules import PERIODIC, evaluation, put, put_rule, token
from tests.simulator.throwaway import ACCOUNT
from tools.simulator.client import Simulator

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


def launch(aws: Simulator) -> str:
    cluster: str = aws.client("emr").run_job_flow(**CLUSTER)["JobFlowId"]
    aws.settle()
    return cluster


def sent(aws: Simulator, kind: str) -> list[dict[str, Any]]:
    events = [entry["event"] for entry in aws.call("GET", "/events")]
    return [event for event in events if event["detail-type"] == kind]


def test_a_launch_sends_the_states_that_the_cluster_goes_through(aws: Simulator) -> None:
    cluster = launch(aws)
    events = sent(aws, "EMR Cluster State Change")
    assert [event["detail"]["state"] for event in events] == ["STARTING", "WAITING"]
    first = events[0]
    assert (first["source"], first["account"], first["resources"]) == ("aws.emr", ACCOUNT, [])
    detail = first["detail"]
    assert (detail["clusterId"], detail["name"], detail["severity"]) == (cluster, "etl", "INFO")
    assert json.loads(detail["stateChangeReason"]) == {"code": ""}
    assert cluster in detail["message"]


def test_the_reason_of_an_end_is_a_json_text(aws: Simulator) -> None:
    cluster = launch(aws)
    aws.client("emr").terminate_job_flows(JobFlowIds=[cluster])
    aws.settle()
    detail = sent(aws, "EMR Cluster State Change")[-1]["detail"]
    assert detail["state"] == "TERMINATED"
    assert json.loads(detail["stateChangeReason"]) == {
        "code": "USER_REQUEST",
        "message": "Terminated by user request",
    }


def test_cloudtrail_tells_who_launched_what(aws: Simulator) -> None:
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
    parameters = detail["requestParameters"]
    assert (parameters["name"], parameters["ReleaseLabel"]) == ("etl", "emr-7.5.0")
    assert parameters["tags"] == [{"key": "Team", "value": "data"}]
    assert parameters["instances"]["keepJobFlowAliveWhenNoSteps"] is True
    assert parameters["configurations"][0]["properties"] == {"Hive.Key": "v"}


def test_a_role_is_shown_with_the_role_that_issued_its_session(aws: Simulator) -> None:
    given = aws.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/launcher", RoleSessionName="anna"
    )["Credentials"]
    emr = aws.client(
        "emr",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    emr.run_job_flow(**CLUSTER)
    (event,) = sent(aws, "AWS API Call via CloudTrail")
    identity = event["detail"]["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/launcher/anna"
    assert identity["sessionContext"]["sessionIssuer"]["userName"] == "launcher"


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("emr_state_change", "EMR Cluster State Change"),
        ("cloudtrail", "AWS API Call via CloudTrail"),
    ],
)
def test_either_kind_of_event_can_be_switched_off(aws: Simulator, setting: str, kind: str) -> None:
    aws.call("PUT", "/events", **{setting: False})
    launch(aws)
    kinds = {entry["event"]["detail-type"] for entry in aws.call("GET", "/events")}
    assert kinds == {"EMR Cluster State Change", "AWS API Call via CloudTrail"} - {kind}


def test_a_change_of_compliance_is_an_event_and_the_same_again_is_none(aws: Simulator) -> None:
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
