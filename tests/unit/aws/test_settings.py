"""The environment of the functions, as template.yml sets it."""

import itertools

import pytest

from emr_in_transit.aws.settings import Settings, read_settings


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
        "ALERT_TOPIC_ARN": "arn:topic",
        "SEND_RESOLVED": "false",
        "RULE_FUNCTION_ARN": "arn:function",
        "AWS_REGION": "eu-west-1",
    }
    settings = read_settings(environment)
    assert isinstance(settings, Settings)
    assert (settings.ledger_table, settings.topic_arn) == ("ledger", "arn:topic")
    assert settings.rule_function_arn == "arn:function"
    assert not settings.send_resolved


@pytest.mark.parametrize(
    ("table", "topic"), list(itertools.product(["", "ledger"], ["", "arn:topic"]))
)
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
