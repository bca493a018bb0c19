"""EMR clusters: their states, their Region, and what DescribeCluster and its kin say."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from tools.simulator.client import SimulatorError

OVERRIDE = [
    {
        "Classification": "core-site",
        "Properties": {"hadoop.rpc.protection": "authentication", "fooBar": "1", "foo_bar": "2"},
        "Configurations": [{"Classification": "inner", "Properties": {"a": "b"}}],
    }
]


def launch(aws, region="eu-west-1", instances=None, **more):
    """Launch a cluster and return its id."""
    keep = {"KeepJobFlowAliveWhenNoSteps": True}
    request = {"Name": "c", "ReleaseLabel": "emr-7.5.0", "Instances": keep | (instances or {})}
    return aws.client("emr", region).run_job_flow(**request | more)["JobFlowId"]


def describe(aws, cluster_id, region="eu-west-1"):
    """What DescribeCluster says."""
    return aws.client("emr", region).describe_cluster(ClusterId=cluster_id)["Cluster"]


def test_a_cluster_lives_in_the_region_of_the_call(aws):
    cluster = describe(aws, launch(aws))
    assert cluster["ClusterArn"].startswith(
        "arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-"
    )
    assert aws.client("emr", "us-east-1").list_clusters()["Clusters"] == []


def test_a_new_cluster_goes_on_to_waiting_unless_auto_start_is_off(aws):
    assert describe(aws, launch(aws))["Status"]["State"] == "WAITING"
    aws.set_emr(auto_start=False)
    status = describe(aws, launch(aws))["Status"]
    assert status["State"] == "STARTING"
    assert "ReadyDateTime" not in status["Timeline"]


def test_a_cluster_with_work_or_that_ends_by_itself_goes_on_to_running(aws):
    transient = {"KeepJobFlowAliveWhenNoSteps": False}
    assert describe(aws, launch(aws, instances=transient))["Status"]["State"] == "RUNNING"


def test_the_control_route_brings_a_cluster_into_any_state_with_a_reason(aws):
    cluster_id = launch(aws)
    reason = {"code": "BOOTSTRAP_FAILURE", "message": "No certificate."}
    aws.set_cluster(cluster_id, state="TERMINATED_WITH_ERRORS", reason=reason)
    status = describe(aws, cluster_id)["Status"]
    assert status["State"] == "TERMINATED_WITH_ERRORS"
    assert status["StateChangeReason"] == {
        "Code": "BOOTSTRAP_FAILURE",
        "Message": "No certificate.",
    }
    assert "EndDateTime" in status["Timeline"]
    with pytest.raises(SimulatorError, match="is no state"):
        aws.set_cluster(cluster_id, state="ASLEEP")
    with pytest.raises(SimulatorError, match="There is no cluster j-NONE"):
        aws.set_cluster("j-NONE", state="WAITING")


def test_the_control_route_makes_a_cluster_older(aws):
    cluster_id = launch(aws)
    aws.set_cluster(cluster_id, age_seconds=86400)
    timeline = describe(aws, cluster_id)["Status"]["Timeline"]
    age = datetime.now(UTC) - timeline["CreationDateTime"]
    assert timedelta(days=1) <= age < timedelta(days=1, minutes=1)
    emr = aws.client("emr")
    assert emr.list_clusters(CreatedAfter=datetime.now(UTC) - timedelta(hours=1))["Clusters"] == []


def test_a_terminated_cluster_says_that_its_user_asked_for_it(aws):
    cluster_id = launch(aws)
    emr = aws.client("emr")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    status = describe(aws, cluster_id)["Status"]
    assert (status["State"], status["StateChangeReason"]["Code"]) == ("TERMINATED", "USER_REQUEST")
    with pytest.raises(ClientError, match="ValidationException"):
        emr.terminate_job_flows(JobFlowIds=["j-NONE"])


def test_a_step_sets_a_waiting_cluster_to_work_and_leaves_a_starting_one(aws):
    step = {"Name": "s", "HadoopJarStep": {"Jar": "x.jar"}}
    waiting = launch(aws)
    aws.set_emr(auto_start=False)
    starting = launch(aws)
    for cluster_id in (waiting, starting):
        aws.client("emr").add_job_flow_steps(JobFlowId=cluster_id, Steps=[step])
    states = [describe(aws, one)["Status"]["State"] for one in (waiting, starting)]
    assert states == ["RUNNING", "STARTING"]


def test_configurations_come_back_as_they_were_sent_at_every_level(aws):
    group = {"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
    cluster_id = launch(
        aws,
        instances={"InstanceGroups": [group | {"Configurations": OVERRIDE}]},
        Configurations=OVERRIDE,
    )
    cluster = describe(aws, cluster_id)
    assert cluster["Configurations"] == OVERRIDE
    assert cluster["InstanceCollectionType"] == "INSTANCE_GROUP"
    emr = aws.client("emr")
    [found] = emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    assert found["Configurations"] == found["LastSuccessfullyAppliedConfigurations"] == OVERRIDE
    emr.modify_instance_groups(
        ClusterId=cluster_id,
        InstanceGroups=[{"InstanceGroupId": found["Id"], "Configurations": []}],
    )
    [changed] = emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    assert not changed.get("Configurations")
    assert changed["ConfigurationsVersion"] == found["ConfigurationsVersion"] + 1


def test_a_cluster_of_fleets_lists_them_with_their_configurations(aws):
    kind = {"InstanceType": "m5.xlarge", "Configurations": OVERRIDE}
    fleet = {
        "InstanceFleetType": "MASTER",
        "TargetOnDemandCapacity": 1,
        "InstanceTypeConfigs": [kind],
    }
    cluster_id = launch(aws, instances={"InstanceFleets": [fleet]})
    assert describe(aws, cluster_id)["InstanceCollectionType"] == "INSTANCE_FLEET"
    emr = aws.client("emr")
    [found] = emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    assert found["InstanceTypeSpecifications"] == [kind]
    emr.modify_instance_fleet(
        ClusterId=cluster_id,
        InstanceFleet={
            "InstanceFleetId": found["Id"],
            "InstanceTypeConfigs": [{"InstanceType": "r5.xlarge"}],
        },
    )
    [changed] = emr.list_instance_fleets(ClusterId=cluster_id)["InstanceFleets"]
    assert changed["InstanceTypeSpecifications"] == [{"InstanceType": "r5.xlarge"}]


def test_a_cluster_without_a_security_configuration_has_no_such_key(aws):
    assert "SecurityConfiguration" not in describe(aws, launch(aws))


def test_applications_tags_and_kerberos_are_kept_and_hadoop_is_the_default(aws):
    cluster = describe(
        aws,
        launch(
            aws,
            Applications=[{"Name": "Spark"}],
            Tags=[{"Key": "team", "Value": "data"}],
            KerberosAttributes={"Realm": "EC2.INTERNAL", "KdcAdminPassword": "x"},
        ),
    )
    assert [app["Name"] for app in cluster["Applications"]] == ["Spark"]
    assert cluster["Tags"] == [{"Key": "team", "Value": "data"}]
    assert cluster["KerberosAttributes"]["Realm"] == "EC2.INTERNAL"
    assert [app["Name"] for app in describe(aws, launch(aws))["Applications"]] == ["Hadoop"]


def test_clusters_are_listed_in_pages_of_fifty_by_state(aws):
    for _ in range(51):
        launch(aws)
    emr = aws.client("emr")
    pages = list(emr.get_paginator("list_clusters").paginate(ClusterStates=["WAITING"]))
    assert [len(page["Clusters"]) for page in pages] == [50, 1]
    assert emr.list_clusters(ClusterStates=["STARTING"])["Clusters"] == []
