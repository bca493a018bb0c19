"""The exemption tag: read for all clusters at once."""

import pytest
from botocore.stub import Stubber

from emr_in_transit.aws.clusters import ExemptionTags
from emr_in_transit.aws.errors import CouldNotTellError
from tests.support.builders import client, unreachable

ASKED = {
    "TagFilters": [{"Key": "exempt"}],
    "ResourceTypeFilters": ["elasticmapreduce:cluster"],
}


@pytest.fixture
def tagging():
    """A stubbed client: it answers what was queued and refuses any other call."""
    with Stubber(client("resourcegroupstaggingapi")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def read():
    return ExemptionTags(client("resourcegroupstaggingapi"), "exempt").read()


def tagged(cluster_id, partition="aws", **tags):
    arn = f"arn:{partition}:elasticmapreduce:eu-west-1:111122223333:cluster/{cluster_id}"
    return {
        "ResourceARN": arn,
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def page(*resources, token=""):
    return {"ResourceTagMappingList": list(resources), "PaginationToken": token}


def test_all_pages_of_tagged_clusters_are_read(tagging):
    """By id, with the value of this tag and of no other; an empty value is one."""
    tagging.add_response(
        "get_resources",
        page(tagged("j-1", exempt="2027-01-31", team="x"), tagged("j-2", exempt=""), token="more"),
        ASKED,
    )
    tagging.add_response(
        "get_resources",
        page(tagged("j-3", "aws-cn", team="x", exempt="why")),
        ASKED | {"PaginationToken": "more"},
    )
    assert read() == {"j-1": "2027-01-31", "j-2": "", "j-3": "why"}


def test_without_a_tagged_cluster_nothing_is_exempt(tagging):
    """An empty answer is an answer."""
    tagging.add_response("get_resources", page(), ASKED)
    assert read() == {}


def test_a_tag_in_another_letter_case_does_not_exempt(tagging):
    """Tag keys are exact."""
    tagging.add_response("get_resources", page(tagged("j-1", Exempt="yes")), ASKED)
    assert read() == {}


def test_a_later_page_that_fails_is_no_answer(tagging):
    """Half of the exemptions are not the exemptions."""
    tagging.add_response("get_resources", page(tagged("j-1", exempt=""), token="more"))
    tagging.add_client_error("get_resources", "ThrottledException", "Rate exceeded")
    with pytest.raises(CouldNotTellError, match="GetResources: ThrottledException: Rate exceeded"):
        read()


@pytest.mark.parametrize("absent", ["ResourceARN", "Tags"])
def test_a_malformed_answer_is_no_answer(tagging, absent):
    """A member that is missing is named."""
    resource = tagged("j-1", exempt="")
    del resource[absent]
    tagging.add_response("get_resources", page(resource))
    with pytest.raises(CouldNotTellError, match=f"GetResources: answered without '{absent}'"):
        read()


def test_no_answer_at_all_is_told_as_what_it_was():
    """A network that is down is not an account without exemptions."""
    with (
        unreachable("resourcegroupstaggingapi"),
        pytest.raises(CouldNotTellError, match="GetResources: EndpointConnectionError"),
    ):
        read()
