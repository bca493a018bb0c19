"""The environment of the functions, as template.yml sets it, and what a run works with by it."""

import itertools
import logging

import pytest

from emr_in_transit import __version__
from emr_in_transit.alerting.alert import DetectedBy
from emr_in_transit.aws.clients import prepare_boto3
from emr_in_transit.aws.clusters import ExemptionTags
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.deployment import (
    Deployment,
    Settings,
    SettingsError,
    deployment_of,
    read_settings,
    start_process,
)
from tests.support.builders import ACCOUNT, FUNCTION_ARN, REGION, TABLE
from tests.support.doors import Context
from tests.support.facts import NOW, parameters

TOPIC = "arn:aws:sns:us-east-2:444455556666:security"


def test_without_any_variable_there_is_neither_a_ledger_nor_a_topic():
    """A deployment by rdk alone sets none, and sends no alerts of its own."""
    settings = read_settings({})
    assert (settings.ledger_table, settings.topic_arn, settings.rule_function_arn) == ("", "", "")
    assert settings.send_resolved
    assert not settings.alerts


def test_the_variables_are_read_by_their_names():
    """Anything else in the environment is Lambda's."""
    environment = {
        "LEDGER_TABLE": "ledger",
        "ALERT_TOPIC_ARN": TOPIC,
        "SEND_RESOLVED": "false",
        "RULE_FUNCTION_ARN": FUNCTION_ARN,
        "AWS_REGION": "eu-west-1",
    }
    settings = read_settings(environment)
    assert isinstance(settings, Settings)
    assert (settings.ledger_table, settings.topic_arn) == ("ledger", TOPIC)
    assert settings.rule_function_arn == FUNCTION_ARN
    assert not settings.send_resolved


@pytest.mark.parametrize(("table", "topic"), list(itertools.product(["", "ledger"], ["", TOPIC])))
def test_alerts_need_both_a_ledger_and_a_topic(table, topic):
    """Without a ledger nobody knows what was sent; without a topic there is nobody to tell."""
    settings = read_settings({"LEDGER_TABLE": table, "ALERT_TOPIC_ARN": topic})
    assert settings.alerts == bool(table and topic)


@pytest.mark.parametrize(("text", "sends"), [("true", True), ("false", False)])
def test_resolved_messages_are_sent_unless_the_template_says_false(text, sends):
    """CloudFormation passes the parameter's text as it stands: true or false."""
    assert read_settings({"SEND_RESOLVED": text}).send_resolved is sends


@pytest.mark.parametrize(("given", "share"), [({}, 0.8), ({"EMR_CALL_SHARE": "0.25"}, 0.25)])
def test_a_share_of_what_emr_takes_is_left_to_others_unless_told_otherwise(given, share):
    """The users' own pipelines have the rest."""
    assert read_settings(given).emr_call_share == share


@pytest.mark.parametrize(
    ("given", "reports"),
    [({}, False), ({"SECURITY_HUB": "false"}, False), ({"SECURITY_HUB": "true"}, True)],
)
def test_security_hub_gets_nothing_unless_the_template_says_true(given, reports):
    """AWS Config forwards its results there by itself; nobody is to get two."""
    assert read_settings(given).security_hub is reports


@pytest.mark.parametrize(
    ("given", "names"),
    [({}, ()), ({"RULE_NAMES": ""}, ()), ({"RULE_NAMES": " a, *-conformance-pack-* ,"}, ("a", "*-conformance-pack-*"))],
)  # fmt: skip
def test_the_rules_of_the_deployment_are_those_that_the_template_names(given, names):
    """None is, where it names none: then a sweep says so."""
    assert read_settings(given).rule_names == names


@pytest.mark.parametrize(
    ("given", "days"),
    [({}, None), ({"EXEMPTION_MAX_DAYS": ""}, None), ({"EXEMPTION_MAX_DAYS": "90"}, 90)],
)
def test_an_exemption_may_last_as_long_as_its_tag_says_unless_told_otherwise(given, days):
    """CloudFormation passes an empty text where nobody has set the parameter."""
    settings = read_settings(given)
    assert settings.exemption_max_days == days
    deployment = deployment_of(Context())._replace(settings=settings)
    judged_by = deployment.with_settings(parameters(coverage="complete"))
    assert judged_by == parameters(coverage="complete")._replace(exemption_max_days=days)


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({}, ()),
        ({"ALERT_TAG_KEYS": ""}, ()),
        ({"ALERT_TAG_KEYS": "owner"}, ("owner",)),
        (
            {"ALERT_TAG_KEYS": "owner, cost centre,a:b,team"},
            ("owner", "cost centre", "a:b", "team"),
        ),
    ],
)
def test_the_tags_that_say_whom_to_wake_are_read_in_their_order(given, keys):
    """Up to four: with these, messages have the ten attributes that SNS delivers raw."""
    assert read_settings(given).alert_tag_keys == keys


@pytest.mark.parametrize(
    ("given", "for_chat"),
    [({}, False), ({"ALERT_FORMAT": "json"}, False), ({"ALERT_FORMAT": "chat"}, True)],
)
def test_what_is_sent_is_for_machines_unless_the_template_says_chat(
    monkeypatch, alerting, given, for_chat
):
    """Everything that this function sends then is."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert alerting().origin.for_chat is for_chat


CERTIFICATES = "arn:aws:s3:::certificates"
CHECK = {"CERTIFICATE_BUNDLES": "check"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, ()),
        ({"CERTIFICATE_BUNDLES": "off", "CERTIFICATE_BUCKETS": ""}, ()),
        ({"CERTIFICATE_BUCKETS": CERTIFICATES}, ()),
        (CHECK | {"CERTIFICATE_BUCKETS": CERTIFICATES}, ("certificates",)),
        (
            CHECK | {"CERTIFICATE_BUCKETS": f"{CERTIFICATES}, arn:aws-cn:s3:::a.b-c"},
            ("certificates", "a.b-c"),
        ),
    ],
)
def test_the_buckets_whose_bundles_are_looked_into_are_named_and_none_where_that_is_off(
    given, names
):
    """A run then has what looks into them, and none otherwise."""
    settings = read_settings(given)
    assert settings.certificate_buckets == names
    bundles = deployment_of(Context())._replace(settings=settings).bundles(NOW, remembers=False)
    if not names:
        assert bundles is None
    else:
        assert (bundles.buckets, bundles.ledger, bundles.now) == (names, None, NOW)
        assert (bundles.client.meta.region_name, bundles.remembers) == (REGION, False)
        assert bundles.seconds_left() == 900.0


@pytest.mark.parametrize("text", ["", "certificates", f"{CERTIFICATES}/*", f"{CERTIFICATES},", "*"])
def test_buckets_that_are_none_are_named_with_what_they_take(text):
    """With the option on and no bucket, nothing would be looked into, and nobody would know."""
    with pytest.raises(SettingsError, match="CERTIFICATE_BUCKETS takes ARNs of buckets") as raised:
        read_settings(CHECK | {"CERTIFICATE_BUCKETS": text})
    assert str(raised.value).endswith(f"not {text!r}")


def test_without_the_library_the_option_is_refused_by_name(monkeypatch):
    """rdk's zip has none; every run would fail at the first bundle."""
    monkeypatch.setattr("emr_in_transit.deployment.BUNDLE_LIBRARY", "no_such_library")
    assert read_settings({"CERTIFICATE_BUNDLES": "off"}).certificate_buckets == ()
    with pytest.raises(
        SettingsError, match="CERTIFICATE_BUNDLES takes off here, not 'check': this"
    ):
        read_settings(CHECK | {"CERTIFICATE_BUCKETS": CERTIFICATES})


@pytest.mark.parametrize(
    ("given", "documents"),
    [
        ({}, ""),
        ({"DOCUMENTS_URL": ""}, ""),
        ({"DOCUMENTS_URL": "https://git.example.com/a/blob"}, f"https://git.example.com/a/blob/v{__version__}"),
    ],
)  # fmt: skip
def test_messages_link_to_the_documents_of_the_version_that_sends_them(
    monkeypatch, alerting, given, documents
):
    """A later version may say something else."""
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert alerting().origin.documents == documents


ADDRESS = "an https address of up to 200 characters without a slash at its end"


@pytest.mark.parametrize(
    ("name", "value", "takes"),
    [
        ("SEND_RESOLVED", "yes", "true or false"),
        ("SECURITY_HUB", "", "true or false"),
        ("EMR_CALL_SHARE", "much", "a number above 0 and up to 100"),
        ("EMR_CALL_SHARE", "0", "a number above 0 and up to 100"),
        ("EMR_CALL_SHARE", "-1", "a number above 0 and up to 100"),
        ("EMR_CALL_SHARE", "101", "a number above 0 and up to 100"),
        ("EMR_CALL_SHARE", "nan", "a number above 0 and up to 100"),
        ("ALERT_TOPIC_ARN", "alerts", "an ARN of sns"),
        ("ALERT_TOPIC_ARN", FUNCTION_ARN, "an ARN of sns"),
        ("RULE_FUNCTION_ARN", "arn:aws:lambda", "an ARN of lambda"),
        ("EXEMPTION_MAX_DAYS", "90 days", "a whole number from 0 to 3650"),
        ("EXEMPTION_MAX_DAYS", "3651", "a whole number from 0 to 3650"),
        ("EXEMPTION_MAX_DAYS", "-1", "a whole number from 0 to 3650"),
        ("ALERT_TAG_KEYS", "a,b,c,d,e", "up to 4 different tag keys between commas"),
        ("ALERT_TAG_KEYS", "owner,owner", "up to 4 different tag keys between commas"),
        ("ALERT_TAG_KEYS", "cost centre,cost:centre", "up to 4 different tag keys between commas"),
        ("ALERT_TAG_KEYS", "owner,,team", "up to 4 different tag keys between commas"),
        ("ALERT_TAG_KEYS", "aws:emr", "up to 4 different tag keys between commas"),
        ("ALERT_FORMAT", "slack", "json or chat"),
        ("ALERT_FORMAT", "", "json or chat"),
        ("DOCUMENTS_URL", "http://git.example.com", ADDRESS),
        ("DOCUMENTS_URL", "https://git.example.com/", ADDRESS),
        ("DOCUMENTS_URL", "https://a.example/\n", ADDRESS),
        ("DOCUMENTS_URL", f"https://a.example/{'x' * 200}", ADDRESS),
        ("CERTIFICATE_BUNDLES", "on", "off or check"),
        ("CERTIFICATE_BUNDLES", "", "off or check"),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_takes(name, value, takes):
    """Somebody has changed the function by hand: no default stands in for what was meant."""
    with pytest.raises(SettingsError, match=f"environment variable {name} takes {takes}, not "):
        read_settings({name: value})


class OtherContext(Context):
    """A function in GovCloud that was invoked by an alias."""

    invoked_function_arn = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:rule:live"


def place(deployment: Deployment) -> tuple[str, str, str]:
    return deployment.account, deployment.region, deployment.function_arn


def test_a_function_judges_its_own_account_unless_another_is_named():
    """An organization's rule judges other accounts; an alias is no part of the function."""
    assert place(deployment_of(Context())) == (ACCOUNT, REGION, FUNCTION_ARN)
    assert deployment_of(Context(), "444455556666").account == "444455556666"
    arn = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:rule"
    assert place(deployment_of(OtherContext())) == (ACCOUNT, "us-gov-west-1", arn)


def test_the_time_left_is_that_of_lambda():
    """In seconds, and asked for anew each time."""
    context = Context(12.5)
    left = deployment_of(context).seconds_left
    assert left() == 12.5
    context._seconds = 3.0
    assert left() == 3.0


@pytest.mark.parametrize("present", [{}, {"LEDGER_TABLE": TABLE}, {"ALERT_TOPIC_ARN": TOPIC}])
def test_a_deployment_without_ledger_or_topic_sends_no_alerts(monkeypatch, present):
    """One by rdk alone has neither, and is judged and recorded all the same."""
    for name, value in present.items():
        monkeypatch.setenv(name, value)
    deployment = deployment_of(Context())
    assert deployment.alerting("rule", DetectedBy.SWEEP) is None
    assert (deployment.ledger() is not None) == ("LEDGER_TABLE" in present)


@pytest.fixture
def alerting(monkeypatch):
    """Return what makes the alerting of a function with a ledger and a topic."""
    monkeypatch.setenv("LEDGER_TABLE", TABLE)
    monkeypatch.setenv("ALERT_TOPIC_ARN", TOPIC)
    return lambda **time: deployment_of(Context(**time)).alerting("rule", DetectedBy.SWEEP)


def test_the_topic_is_reached_in_its_own_region(alerting):
    """SNS publishes nowhere else; the ledger is where the function is."""
    made = alerting()
    assert made.topic._client.meta.region_name == "us-east-2"
    assert made.episodes._client.meta.region_name == REGION
    assert isinstance(deployment_of(Context()).ledger(), Ledger)
    assert made.origin.function_arn == FUNCTION_ARN
    assert made.security_hub is None


def test_security_hub_is_reached_only_where_the_template_says_so(monkeypatch, alerting):
    """In the Region of the resources, with the time-outs of all clients but fewer attempts."""
    monkeypatch.setenv("SECURITY_HUB", "true")
    prepare_boto3()
    hub = alerting(seconds=60.0).security_hub._hub
    config = hub._client.meta.config
    assert hub._client.meta.region_name == REGION
    assert (config.connect_timeout, config.read_timeout) == (3, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert hub._seconds_left() == 60.0


def test_tags_are_read_only_where_the_rule_knows_an_exemption():
    """Without the parameter, not one call is made for them."""
    deployment = deployment_of(Context())
    assert deployment.tags(parameters()) is None
    assert isinstance(deployment.tags(parameters(exemptionTagKey="exempt")), ExemptionTags)


def test_the_first_line_of_a_process_says_which_version_runs(caplog):
    """And no other line does: once for each process."""
    with caplog.at_level(logging.INFO):
        start_process()
        start_process()
    lines = [each for each in caplog.records if each.message == "function started"]
    assert [each.version for each in lines] == [__version__]
