"""EMR: clusters with their states, configurations and tags; security configurations kept as text."""

import json
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


def test_a_new_cluster_goes_on_to_waiting_and_one_that_ends_by_itself_to_running(aws):
    cluster = describe(aws, launch(aws))
    assert cluster["Status"]["State"] == "WAITING"
    assert "SecurityConfiguration" not in cluster
    transient = {"KeepJobFlowAliveWhenNoSteps": False}
    assert describe(aws, launch(aws, instances=transient))["Status"]["State"] == "RUNNING"


def test_a_terminated_cluster_says_that_its_user_asked_for_it(aws):
    cluster_id = launch(aws)
    emr = aws.client("emr")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    status = describe(aws, cluster_id)["Status"]
    assert (status["State"], status["StateChangeReason"]["Code"]) == ("TERMINATED", "USER_REQUEST")


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


ON = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": "true"}})


@pytest.fixture
def emr(aws):
    client = aws.client("emr")
    client.create_security_configuration(Name="sc", SecurityConfiguration=ON)
    return client


def test_they_are_listed_by_name_in_their_region_alone(aws, emr):
    [listed] = emr.list_security_configurations()["SecurityConfigurations"]
    assert listed["Name"] == "sc"
    assert (
        aws.client("emr", "us-east-1").list_security_configurations()["SecurityConfigurations"]
        == []
    )


def test_it_cannot_be_deleted_while_a_live_cluster_uses_it_but_afterwards(aws, emr):
    cluster_id = launch(aws, SecurityConfiguration="sc")
    with pytest.raises(ClientError, match=r"InvalidRequest.*SECURITY_CONFIGURATION_IN_USE"):
        emr.delete_security_configuration(Name="sc")
    emr.terminate_job_flows(JobFlowIds=[cluster_id])
    emr.delete_security_configuration(Name="sc")
    assert emr.list_security_configurations()["SecurityConfigurations"] == []


def test_the_control_route_deletes_it_all_the_same(aws, emr):
    cluster_id = launch(aws, SecurityConfiguration="sc")
    aws.force_delete_security_configuration("sc")
    assert emr.list_security_configurations()["SecurityConfigurations"] == []
    assert emr.describe_cluster(ClusterId=cluster_id)["Cluster"]["SecurityConfiguration"] == "sc"
    with pytest.raises(SimulatorError, match="no security configuration 'sc'"):
        aws.force_delete_security_configuration("sc")


def test_the_control_route_makes_it_older(aws, emr):
    aws.age_security_configuration("sc", age_seconds=86400)
    created = emr.describe_security_configuration(Name="sc")["CreationDateTime"]
    assert timedelta(days=1) <= datetime.now(UTC) - created < timedelta(days=1, minutes=1)


def tags(**named):
    """Tags as RunJobFlow takes them."""
    return [{"Key": key, "Value": value} for key, value in named.items()]


def found(aws, key, kind="elasticmapreduce:cluster"):
    pages = (
        aws.client("resourcegroupstaggingapi")
        .get_paginator("get_resources")
        .paginate(TagFilters=[{"Key": key}], ResourceTypeFilters=[kind])
    )
    return {
        each["ResourceARN"].rpartition("/")[2]: {tag["Key"]: tag["Value"] for tag in each["Tags"]}
        for page in pages
        for each in page["ResourceTagMappingList"]
    }


def test_clusters_are_found_by_the_key_of_a_tag(aws):
    """All tags of those that carry the key are answered, on as many pages as it takes."""
    tagged = [launch(aws, Tags=tags(exempt="yes", team=str(number))) for number in range(60)]
    launch(aws, Tags=tags(team="other"))
    assert found(aws, "exempt").keys() == set(tagged)
    assert found(aws, "exempt")[tagged[7]] == {"exempt": "yes", "team": "7"}
    assert found(aws, "exempt", "elasticmapreduce:studio") == {}


def test_a_tag_that_is_added_later_is_found_and_one_that_is_removed_is_not(aws):
    """Tags are those of now."""
    cluster = launch(aws)
    aws.client("emr").add_tags(ResourceId=cluster, Tags=[{"Key": "exempt", "Value": ""}])
    assert found(aws, "exempt") == {cluster: {"exempt": ""}}
    aws.client("emr").remove_tags(ResourceId=cluster, TagKeys=["exempt"])
    assert found(aws, "exempt") == {}
