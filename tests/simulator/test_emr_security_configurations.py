"""EMR security configurations: kept as text, guarded as in AWS, and told to others."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tools.simulator.client import SimulatorError

ON = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": "true"}})


@pytest.fixture
def emr(aws):
    client = aws.client("emr")
    client.create_security_configuration(Name="sc", SecurityConfiguration=ON)
    return client


def launch(emr, name):
    request = {"Name": "c", "ReleaseLabel": "emr-7.5.0", "SecurityConfiguration": name}
    keep = {"KeepJobFlowAliveWhenNoSteps": True}
    return emr.run_job_flow(Instances=keep, **request)["JobFlowId"]


def refusal(call, **request):
    with pytest.raises(ClientError) as refused:
        call(**request)
    return refused.value.response["Error"]


def test_the_text_comes_back_as_it_was_given(emr):
    assert emr.describe_security_configuration(Name="sc")["SecurityConfiguration"] == ON


def test_they_are_listed_by_name_in_their_region_alone(aws, emr):
    [listed] = emr.list_security_configurations()["SecurityConfigurations"]
    assert listed["Name"] == "sc"
    assert (
        aws.client("emr", "us-east-1").list_security_configurations()["SecurityConfigurations"]
        == []
    )


def test_a_second_one_of_the_same_name_is_refused(emr):
    error = refusal(emr.create_security_configuration, Name="sc", SecurityConfiguration="{}")
    assert error["Code"] == "InvalidRequestException"
    assert error["Message"] == "Security configuration with name 'sc' already exists."


def test_one_that_does_not_exist_cannot_be_described_deleted_or_launched_with(emr):
    for call in (emr.describe_security_configuration, emr.delete_security_configuration):
        error = refusal(call, Name="none")
        assert error["Code"] == "InvalidRequestException"
        assert error["Message"] == "Security configuration with name 'none' does not exist."
    with pytest.raises(ClientError, match="'none' does not exist"):
        launch(emr, "none")
    assert emr.list_clusters()["Clusters"] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json", "not valid JSON"),
        ("[]", "not a JSON object"),
        (
            '{"EnableInTransitEncryption": true}',
            'invalid properties: ["EnableInTransitEncryption"]',
        ),
        ('{"EncryptionConfiguration": {"Enable": true}}', 'invalid properties: ["Enable"]'),
    ],
)
def test_a_body_that_aws_refuses_is_refused_unless_validation_is_off(aws, emr, text, words):
    error = refusal(emr.create_security_configuration, Name="bad", SecurityConfiguration=text)
    assert error["Code"] == "InvalidRequestException"
    assert words in error["Message"]
    aws.set_emr(validate=False)
    emr.create_security_configuration(Name="bad", SecurityConfiguration=text)
    assert emr.describe_security_configuration(Name="bad")["SecurityConfiguration"] == text


def test_without_validation_a_cluster_may_name_one_that_does_not_exist(aws, emr):
    aws.set_emr(validate=False)
    cluster = emr.describe_cluster(ClusterId=launch(emr, "none"))["Cluster"]
    assert cluster["SecurityConfiguration"] == "none"


def test_it_cannot_be_deleted_while_a_live_cluster_uses_it_but_afterwards(emr):
    cluster_id = launch(emr, "sc")
    error = refusal(emr.delete_security_configuration, Name="sc")
    assert error["Code"] == "InvalidRequestException"
    assert "SECURITY_CONFIGURATION_IN_USE" in error["Message"]
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    emr.delete_security_configuration(Name="sc")
    assert emr.list_security_configurations()["SecurityConfigurations"] == []


def test_the_control_route_deletes_it_all_the_same(aws, emr):
    cluster_id = launch(emr, "sc")
    aws.force_delete_security_configuration("sc")
    assert emr.list_security_configurations()["SecurityConfigurations"] == []
    assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["SecurityConfiguration"] == "sc"
    with pytest.raises(SimulatorError, match="no security configuration 'sc'"):
        aws.force_delete_security_configuration("sc")


def test_the_control_route_makes_it_older(aws, emr):
    aws.age_security_configuration("sc", age_seconds=86400)
    created = emr.describe_security_configuration(Name="sc")["CreationDateTime"]
    assert timedelta(days=1) <= datetime.now(UTC) - created < timedelta(days=1, minutes=1)
