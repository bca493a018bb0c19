"""The EMR reader: what is read, and what each failure of EMR is taken for."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from emr_in_transit.aws.emr import ENDED_STATES, LIVE_STATES, EmrReader, Listed
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.judgement.facts import Switch
from emr_in_transit.judgement.parameters import parse_parameters

PARAMETERS = parse_parameters({})
CREATED = datetime(2026, 1, 2, tzinfo=UTC)
BODY = '{"EncryptionConfiguration": {"EnableInTransitEncryption": false}}'


@pytest.fixture
def emr():
    """A stubbed EMR client: it answers what was queued and refuses any other call."""
    client = boto3.client("emr", region_name="eu-west-1")
    with Stubber(client) as stubber:
        yield client, stubber
        stubber.assert_no_pending_responses()


def cluster(state="WAITING", configuration="strict", **members):
    document = {
        "Id": "j-1",
        "Name": "etl",
        "Status": {"State": state, "Timeline": {"CreationDateTime": CREATED}},
        "ReleaseLabel": "emr-7.3.0",
        "Applications": [{"Name": "Spark"}],
    }
    if configuration:
        document["SecurityConfiguration"] = configuration
    return {"Cluster": document | members}


def describe(stubber, answer=None, cluster_id="j-1"):
    stubber.add_response("describe_cluster", answer or cluster(), {"ClusterId": cluster_id})


def configuration(stubber, name="strict", body=BODY, created=CREATED - timedelta(days=1)):
    answer = {"Name": name, "SecurityConfiguration": body, "CreationDateTime": created}
    stubber.add_response("describe_security_configuration", answer, {"Name": name})


def missing(stubber, name="strict"):
    stubber.add_client_error(
        "describe_security_configuration",
        "InvalidRequestException",
        f"Security configuration with name '{name}' does not exist.",
        http_status_code=400,
    )


def test_all_pages_of_live_clusters_are_listed(emr):
    """Every page is asked for, with the live states only, and every id is answered with its state."""
    client, stubber = emr
    states = {"ClusterStates": ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]}
    running = {"Id": "j-2", "Status": {"State": "RUNNING"}}
    first = {"Clusters": [{"Id": "j-1"}, running], "Marker": "more"}
    stubber.add_response("list_clusters", first, states)
    stubber.add_response(
        "list_clusters", {"Clusters": [{"Id": "j-3"}]}, states | {"Marker": "more"}
    )
    assert list(EmrReader(client, PARAMETERS).live_pages()) == [
        [("j-1", ""), ("j-2", "RUNNING")],
        [("j-3", "")],
    ]


def test_what_a_list_tells_of_each_cluster(emr):
    """Its name, its state and when it ended, where EMR says so."""
    client, stubber = emr
    ended = {"State": "TERMINATED", "Timeline": {"EndDateTime": CREATED}}
    clusters = [{"Id": "j-1", "Name": "etl", "Status": ended}, {"Id": "j-2"}]
    query = {"ClusterStates": list(ENDED_STATES)}
    stubber.add_response("list_clusters", {"Clusters": clusters}, query)
    [page] = EmrReader(client, PARAMETERS).listed_pages(ENDED_STATES)
    assert page == [Listed("j-1", "etl", "TERMINATED", CREATED), Listed("j-2", "", "", None)]


def test_a_page_is_asked_for_when_it_is_taken(emr):
    """Whoever reads a list decides when its bucket is asked for the next page."""
    client, stubber = emr
    stubber.add_response("list_clusters", {"Clusters": [{"Id": "j-1"}], "Marker": "more"})
    assert next(EmrReader(client, PARAMETERS).live_pages()) == [("j-1", "")]


@pytest.mark.parametrize("since", [None, CREATED])
def test_ended_clusters_are_listed_from_the_time_of_their_creation(emr, since):
    """EMR filters by creation; whether it counts that moment in is not documented."""
    client, stubber = emr
    asked = {"ClusterStates": ["TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS"]}
    if since:
        asked["CreatedAfter"] = since - timedelta(seconds=1)
    stubber.add_response("list_clusters", {"Clusters": [{"Id": "j-1"}]}, asked)
    assert list(EmrReader(client, PARAMETERS).ended_pages(since)) == [[("j-1", "")]]


def test_what_the_first_pages_said_stays_when_a_later_page_fails(emr):
    """The ids of the good pages are answered before the failure is raised."""
    client, stubber = emr
    stubber.add_response("list_clusters", {"Clusters": [{"Id": "j-1"}], "Marker": "more"})
    stubber.add_client_error("list_clusters", "ThrottlingException", "Rate exceeded")
    pages = EmrReader(client, PARAMETERS).live_pages()
    assert next(pages) == [("j-1", "")]
    with pytest.raises(CouldNotTellError, match="ListClusters: ThrottlingException: Rate exceeded"):
        next(pages)


def test_a_summary_without_an_id_is_a_malformed_answer(emr):
    """A member that is missing is named, not skipped."""
    client, stubber = emr
    stubber.add_response("list_clusters", {"Clusters": [{"Name": "etl"}]})
    with pytest.raises(CouldNotTellError, match="ListClusters: answered without 'Id'"):
        list(EmrReader(client, PARAMETERS).live_pages())


def test_a_live_cluster_is_read_with_its_security_configuration(emr):
    """One DescribeCluster and one DescribeSecurityConfiguration give the facts."""
    client, stubber = emr
    describe(stubber)
    configuration(stubber)
    facts = EmrReader(client, PARAMETERS).cluster("j-1")
    assert (facts.cluster_id, facts.name, facts.state) == ("j-1", "etl", "WAITING")
    assert facts.security_configuration.body.switch is Switch.FALSE


def test_the_tags_that_say_whom_to_tell_come_with_the_description(emr):
    """The same DescribeCluster has them; without keys none is read."""
    client, stubber = emr
    tags = [{"Key": "owner", "Value": "ana"}, {"Key": "secret", "Value": "x"}]
    for keys, found in (((), ()), (("owner", "team"), (("owner", "ana"),))):
        describe(stubber, cluster(Tags=tags))
        configuration(stubber)
        assert EmrReader(client, PARAMETERS, keys).cluster("j-1").tags == found


def test_a_security_configuration_is_described_once_for_all_clusters(emr):
    """The second cluster with the same name costs no second DescribeSecurityConfiguration."""
    client, stubber = emr
    describe(stubber)
    configuration(stubber)
    describe(stubber, cluster(Id="j-2"), "j-2")
    reader = EmrReader(client, PARAMETERS)
    first, second = reader.cluster("j-1"), reader.cluster("j-2")
    assert first.security_configuration is second.security_configuration


@pytest.mark.parametrize("name", [None, ""])
def test_a_cluster_without_configuration_needs_no_second_call(emr, name):
    """The key is absent, or its text is empty: none is attached."""
    client, stubber = emr
    describe(
        stubber,
        cluster(configuration=None, **({"SecurityConfiguration": name} if name == "" else {})),
    )
    facts = EmrReader(client, PARAMETERS).cluster("j-1")
    assert facts.security_configuration_name == ""
    assert facts.security_configuration is None


@pytest.mark.parametrize("state", ENDED_STATES)
def test_a_cluster_that_has_ended_has_no_facts(emr, state):
    """A cluster that ended after it was listed is not judged."""
    client, stubber = emr
    describe(stubber, cluster(state))
    assert EmrReader(client, PARAMETERS).cluster("j-1") is None


def test_a_cluster_that_emr_does_not_know_has_no_facts(emr):
    """EMR forgets ended clusters after two months: "is not valid" is the answer then."""
    client, stubber = emr
    stubber.add_client_error(
        "describe_cluster", "InvalidRequestException", "Cluster id 'j-1' is not valid."
    )
    assert EmrReader(client, PARAMETERS).has_ended("j-1")


@pytest.mark.parametrize("state", LIVE_STATES)
def test_a_live_cluster_has_not_ended(emr, state):
    """All four live states count."""
    client, stubber = emr
    describe(stubber, cluster(state))
    assert not EmrReader(client, PARAMETERS).has_ended("j-1")


def test_a_missing_configuration_is_missing_only_after_a_second_look(emr):
    """Cluster and configuration are both asked again before the violation is taken for true."""
    client, stubber = emr
    describe(stubber)
    missing(stubber)
    describe(stubber)
    missing(stubber)
    facts = EmrReader(client, PARAMETERS).cluster("j-1")
    assert facts.security_configuration_name == "strict"
    assert facts.security_configuration is None


def test_a_cluster_that_ended_meanwhile_has_no_missing_configuration(emr):
    """Configuration gone, and at the second look the cluster too: no verdict."""
    client, stubber = emr
    describe(stubber)
    missing(stubber)
    describe(stubber, cluster("TERMINATING"))
    assert EmrReader(client, PARAMETERS).cluster("j-1") is None


def test_a_configuration_that_appears_at_the_second_look_is_used(emr):
    """A race with its creation is no violation."""
    client, stubber = emr
    describe(stubber)
    missing(stubber)
    describe(stubber)
    configuration(stubber)
    assert EmrReader(client, PARAMETERS).cluster("j-1").security_configuration is not None


def test_a_configuration_younger_than_the_cluster_is_not_the_one_it_was_launched_with(emr):
    """The name was used again, so nothing can be told."""
    client, stubber = emr
    describe(stubber)
    configuration(stubber, created=CREATED + timedelta(seconds=1))
    with pytest.raises(CouldNotTellError, match="'strict' is younger than the cluster"):
        EmrReader(client, PARAMETERS).cluster("j-1")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ThrottlingException", "Rate exceeded"),
        ("AccessDeniedException", "not authorized to perform elasticmapreduce:DescribeCluster"),
        ("InternalServerException", "internal"),
        ("InvalidRequestException", "Something else is wrong."),
        ("ValidationException", "Cluster id 'j-1' is not valid."),
        ("InvalidRequestException", "Cluster id 'j-2' is not valid."),
    ],
)
def test_a_failed_describe_is_no_verdict(emr, code, message):
    """Only "Cluster id 'j-1' is not valid." with its own code says that the cluster is gone."""
    client, stubber = emr
    stubber.add_client_error("describe_cluster", code, message)
    with pytest.raises(CouldNotTellError, match=f"DescribeCluster: {code}: {message}"):
        EmrReader(client, PARAMETERS).cluster("j-1")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ThrottlingException", "Rate exceeded"),
        ("AccessDeniedException", "no"),
        ("InvalidRequestException", "Something else is wrong."),
        ("InternalServerException", "does not exist"),
    ],
)
def test_a_configuration_that_cannot_be_read_is_not_missing(emr, code, message):
    """Only EMR's own "does not exist" says that it is missing."""
    client, stubber = emr
    describe(stubber)
    stubber.add_client_error("describe_security_configuration", code, message)
    with pytest.raises(CouldNotTellError, match=f"DescribeSecurityConfiguration: {code}"):
        EmrReader(client, PARAMETERS).cluster("j-1")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"Cluster": {}}, "state None"),
        ({}, "state None"),
        (cluster("HIBERNATING"), "state 'HIBERNATING'"),
        ({"Cluster": {"Status": {"State": "RUNNING"}}}, "DescribeCluster: "),
    ],
)
def test_a_malformed_answer_is_no_verdict(emr, answer, why):
    """A member that is missing or a state that nobody knows is said by name."""
    client, stubber = emr
    stubber.add_response("describe_cluster", answer)
    with pytest.raises(CouldNotTellError, match=why):
        EmrReader(client, PARAMETERS).cluster("j-1")


@pytest.mark.parametrize("absent", ["SecurityConfiguration", "CreationDateTime"])
def test_a_configuration_without_body_or_time_is_no_verdict(emr, absent):
    """Both are needed: the body to judge, the time to know whose it is."""
    client, stubber = emr
    answer = {"Name": "strict", "SecurityConfiguration": BODY, "CreationDateTime": CREATED}
    del answer[absent]
    stubber.add_response("describe_security_configuration", answer)
    with pytest.raises(CouldNotTellError, match="without its body or its creation time"):
        EmrReader(client, PARAMETERS).security_configuration("strict")


@pytest.mark.parametrize("event", ["DescribeCluster", "ListClusters"])
def test_a_timeout_is_no_verdict(event):
    """No answer at all is told as what it was."""
    client = boto3.client("emr", region_name="eu-west-1")

    def time_out(**_):
        raise ReadTimeoutError(endpoint_url="emr")

    client.meta.events.register(f"before-call.emr.{event}", time_out)
    reader = EmrReader(client, PARAMETERS)
    with pytest.raises(CouldNotTellError, match=f"{event}: ReadTimeoutError"):
        reader.cluster("j-1") if event == "DescribeCluster" else next(reader.live_pages())


def test_the_names_of_security_configurations_that_emr_does_not_tell_are_not_none(emr):
    """Whoever took that for an empty list would close every episode as gone."""
    client, stubber = emr
    stubber.add_client_error("list_security_configurations", "ThrottlingException", "Rate exceeded")
    with pytest.raises(CouldNotTellError, match="ListSecurityConfigurations: ThrottlingException"):
        EmrReader(client, PARAMETERS).security_configuration_names()


@pytest.mark.parametrize(
    ("answer", "absent"),
    [({}, "SecurityConfigurations"), ({"SecurityConfigurations": [{}]}, "Name")],
)
def test_a_list_of_security_configurations_without_its_members_is_not_an_empty_one(
    emr, answer, absent
):
    """Likewise an answer of another shape: what it lacks is said by name."""
    client, stubber = emr
    stubber.add_response("list_security_configurations", answer)
    why = f"ListSecurityConfigurations: answered without '{absent}'"
    with pytest.raises(CouldNotTellError, match=why):
        EmrReader(client, PARAMETERS).security_configuration_names()
