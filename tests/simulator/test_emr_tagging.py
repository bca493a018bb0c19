"""The tagging API: EMR's clusters are found by their tags."""


def launch(aws, **tags):
    return aws.client("emr").run_job_flow(
        Name="etl",
        ReleaseLabel="emr-7.3.0",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        Instances={
            "MasterInstanceType": "m5.xlarge",
            "SlaveInstanceType": "m5.xlarge",
            "InstanceCount": 2,
            "KeepJobFlowAliveWhenNoSteps": True,
        },
    )["JobFlowId"]


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
    tagged = [launch(aws, exempt="yes", team=str(number)) for number in range(60)]
    launch(aws, team="other")
    assert found(aws, "exempt").keys() == set(tagged)
    assert found(aws, "exempt")[tagged[7]] == {"exempt": "yes", "team": "7"}


def test_another_type_of_resource_leaves_them_out(aws):
    """The filter by type counts."""
    launch(aws, exempt="yes")
    assert found(aws, "exempt", "elasticmapreduce:studio") == {}


def test_a_tag_that_is_added_later_is_found_and_one_that_is_removed_is_not(aws):
    """Tags are those of now."""
    cluster = launch(aws)
    aws.client("emr").add_tags(ResourceId=cluster, Tags=[{"Key": "exempt", "Value": ""}])
    assert found(aws, "exempt") == {cluster: {"exempt": ""}}
    aws.client("emr").remove_tags(ResourceId=cluster, TagKeys=["exempt"])
    assert found(aws, "exempt") == {}
