"""The same stack in many accounts and Regions: each judges its own, and one topic hears of all."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.instances import Instance, role
from tests.end_to_end.organization import (
    CODE,
    HOME,
    MEMBERS,
    ONCALL,
    OUTSIDER,
    REGIONS,
    SECURITY,
    TEMPLATE,
    Organization,
    Place,
    publish,
)
from tools.account import CONFIGURATION_RULE


@pytest.fixture(scope="module")
def organization(simulator):
    """Three members in two Regions, each with its stack, before anything is launched there."""
    made = Organization(simulator, MEMBERS)
    made.deploy(*REGIONS)
    return made


def settled(organization):
    """Wait for all that follows, then let every sweep run once more."""
    organization.simulator.settle(60)
    runs = organization.simulator.schedule()
    organization.simulator.settle(60)
    return runs


def test_each_account_judges_its_own_and_the_topic_hears_of_each_violation_once(organization):
    """Six places, in each a bad cluster and a bad security configuration beside a good one each."""
    expected, verdicts = set(), {}
    for place in organization.places:
        strict, lax = place.configure("strict", on=True), place.configure("lax", on=False)
        good, bad = place.launch("good", strict), place.launch("bad")
        expected |= {(place.account, place.region, each) for each in (bad, lax)}
        verdicts[place.account, place.region] = (
            {good: "COMPLIANT", bad: "NON_COMPLIANT"},
            {strict: "COMPLIANT", lax: "NON_COMPLIANT"},
        )

    runs = settled(organization)

    assert [run["ok"] for run in runs] == [True] * 6
    for place in organization.places:
        found = place.verdicts(), place.verdicts(CONFIGURATION_RULE)
        assert found == verdicts[place.account, place.region]
    assert organization.told() == dict.fromkeys(expected, 1)
    assert len(organization.simulator.inbox(to=ONCALL, topic=organization.topic)) == 12


def test_subscribers_can_tell_accounts_and_regions_apart(organization):
    """By the attributes that filter policies go by, which say the same as the message."""
    messages = organization.simulator.topics(organization.topic)
    assert len(messages) == 12
    for message in messages:
        document = json.loads(json.loads(message["message"])["default"])
        for name in ("account", "region"):
            assert message["attributes"][name]["Value"] == document[name]


def test_alarms_of_every_account_reach_the_operations_topic_of_their_region(organization):
    """Of one account, whose CloudWatch publishes within its Region; nobody else's does."""
    for place in organization.places:
        cloudwatch = place.client("cloudwatch")
        alarm = cloudwatch.describe_alarms()["MetricAlarms"][0]
        arn = place.outputs["OperationsTopicArn"]
        assert arn.split(":")[3:5] == [place.region, SECURITY]
        assert alarm["AlarmActions"] == [arn]
        before = len(organization.simulator.topics(arn))
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue="ALARM", StateReason="Set by hand."
        )
        assert len(organization.simulator.topics(arn)) == before + 1
    arn = organization.places[0].outputs["OperationsTopicArn"]
    stranger = organization.simulator.client("cloudwatch", HOME, OUTSIDER)
    stranger.put_metric_alarm(
        AlarmName="stranger",
        Namespace="n",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[arn],
    )
    before = len(organization.simulator.topics(arn))
    stranger.set_alarm_state(AlarmName="stranger", StateValue="ALARM", StateReason="Set by hand.")
    assert len(organization.simulator.topics(arn)) == before


def test_an_account_that_joins_later_is_judged_by_its_first_sweep(organization):
    """What runs there already is found, and told to the same topic."""
    late = Place(organization.simulator, "444444444444")
    cluster = late.launch("bare")
    organization.admit(late.account)
    late.stack(TEMPLATE, **organization.parameters())
    organization.simulator.settle(60)

    assert late.verdicts() == {cluster: "NON_COMPLIANT"}
    assert organization.told()[late.account, late.region, cluster] == 1


def test_an_account_outside_the_organization_cannot_publish(organization):
    """Its own verdicts stand; its alert is refused, fails visibly, and reaches nobody."""
    outsider = Place(organization.simulator, OUTSIDER)
    outsider.code = ("code-of-its-own", OUTSIDER)
    with pytest.raises(ClientError, match="S3 error: Access Denied"):
        outsider.cloudformation.create_stack(
            StackName="s", TemplateURL=organization.security.client("s3").meta.endpoint_url
            + f"/{CODE}-{HOME}/template.yml",
        )  # fmt: skip
    publish(organization.simulator, OUTSIDER, outsider.code[0])
    parameters = organization.parameters(CodeBucket=outsider.code[0])
    outputs = outsider.stack(TEMPLATE, **parameters)
    organization.simulator.settle(60)
    before = organization.told()
    organization.simulator.clear_invocations()

    cluster = outsider.launch("bare")
    settled(organization)

    assert outsider.verdicts() == {cluster: "NON_COMPLIANT"}
    assert organization.told() == before
    launches = organization.simulator.invocations(outputs["LaunchCheckFunctionArn"])
    assert not any(run["ok"] for run in launches)
    assert "AuthorizationError" in launches[0]["error_message"]


def test_a_job_on_a_cluster_of_a_member_cannot_publish(organization):
    """The topic admits the member's roles, but not from an instance: an all-clear would look like ours."""
    arn = role(organization.simulator, "job", "AdministratorAccess", MEMBERS[0])
    job = Instance(organization.simulator, arn).client("sns", HOME)
    with pytest.raises(ClientError, match="AuthorizationError"):
        job.publish(TopicArn=organization.topic, Message="All is well.")
    elsewhere = organization.simulator.client("sns", HOME, MEMBERS[0])
    assert elsewhere.get_topic_attributes(TopicArn=organization.topic)["Attributes"]


def test_the_key_alone_keeps_an_outsider_out(organization):
    """Whatever becomes of the topic's policy, the key admits the organization only."""
    sns = organization.security.client("sns")
    topic = {"TopicArn": organization.topic}
    kept = sns.get_topic_attributes(**topic)["Attributes"]["Policy"]
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": organization.topic,
    }
    anybody = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(**topic, AttributeName="Policy", AttributeValue=anybody)
    for account, refusal in ((OUTSIDER, "KMSAccessDenied"), (MEMBERS[0], None)):
        publisher = organization.simulator.client("sns", HOME, account)
        if refusal is None:
            publisher.publish(**topic, Message=json.dumps({"default": "{}"}), Subject="s")
            continue
        with pytest.raises(ClientError, match=refusal):
            publisher.publish(**topic, Message="m")
    sns.set_topic_attributes(**topic, AttributeName="Policy", AttributeValue=kept)
