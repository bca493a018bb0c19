"""The live rule: found by what it runs, under any name, and asked to run."""

import json

import pytest
from botocore.stub import Stubber

from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.rules import (
    ON_CHANGE,
    PERIODIC,
    LiveRule,
    NotOneRuleError,
    find_rule,
    is_named,
    only_rule,
    start_evaluation,
)
from emr_in_transit.judgement.parameters import ParameterError
from tests.support.builders import FUNCTION_ARN, client, unreachable
from tests.support.facts import parameters

OTHER_ARN = FUNCTION_ARN + "-other"
SCHEDULE = {
    "EventSource": "aws.config",
    "MessageType": "ScheduledNotification",
    "MaximumExecutionFrequency": "One_Hour",
}
CHANGES = [
    {"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"},
    {"EventSource": "aws.config", "MessageType": "OversizedConfigurationItemChangeNotification"},
]


def rule(name="rule", arn=FUNCTION_ARN, details=(SCHEDULE,), **members):
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": arn, "SourceDetails": list(details)}
    return {"ConfigRuleName": name, "Source": source} | members


def given(**values):
    return {"InputParameters": json.dumps(values)}


@pytest.fixture
def config():
    """A stubbed Config client: it answers what was queued and refuses any other call."""
    with Stubber(client("config")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


NAMES = ("EMR_IN_TRANSIT_ENCRYPTION", "*-conformance-pack-*", "OrgConfigRule-*")
OWN = NAMES[0]


def found(config, *pages, names=NAMES):
    for number, rules in enumerate(pages, 1):
        asked = {"NextToken": f"page-{number}"} if number > 1 else {}
        more = {"NextToken": f"page-{number + 1}"} if number < len(pages) else {}
        config.add_response("describe_config_rules", {"ConfigRules": rules} | more, asked)
    return find_rule(client("config"), FUNCTION_ARN, names)


@pytest.mark.parametrize(
    "name", ["EMR_IN_TRANSIT_ENCRYPTION", "emr-conformance-pack-abc123", "OrgConfigRule-x-y"]
)
def test_the_rule_is_found_by_its_function_under_each_name_that_aws_makes(config, name):
    """A conformance pack or an organization gives it another name."""
    others = [rule("a", OTHER_ARN), rule("z", "arn:aws:lambda:eu-west-1:1:function:rule")]
    assert found(config, [*others, rule(name)]) == LiveRule(name, parameters())


def test_the_rule_is_found_on_any_page(config):
    """An account can have a thousand rules."""
    pages = [[rule("a", OTHER_ARN)], [], [rule(OWN)], [rule("z", OTHER_ARN)]]
    assert found(config, *pages).name == OWN


def test_of_two_rules_on_one_function_the_periodic_one_judges_clusters(config):
    """The one for security configurations comes with a change trigger alone."""
    rules = [rule("a", details=CHANGES), rule("b")]
    assert found(config, rules, names=("a", "b")).name == "b"


def test_a_rule_with_both_triggers_judges_clusters_too(config):
    """As rdk deploys it."""
    assert found(config, [rule(OWN, details=[*CHANGES, SCHEDULE])]).name == OWN


def test_a_rule_that_somebody_else_has_pointed_at_the_function_lends_no_parameters(config):
    """A stricter trial rule never quarrels with the real one, wherever it stands in the list."""
    trials = [rule("A-trial", **given(coverage="complete")), rule("z-trial")]
    assert found(config, [trials[0], rule(OWN), trials[1]]) == LiveRule(OWN, parameters())


def test_two_periodic_rules_of_the_deployment_are_an_error_that_names_them(config):
    """Both would tell people, and each would say that the other's violations are over."""
    two = [rule("b-conformance-pack-1"), rule("trial"), rule("a-conformance-pack-2")]
    with pytest.raises(
        NotOneRuleError, match="a-conformance-pack-2, b-conformance-pack-1 are all rules"
    ):
        found(config, two)


def test_a_rule_that_was_renamed_is_an_error_that_names_what_is_there(config):
    """Nobody would be told of anything, and nobody would notice."""
    with pytest.raises(NotOneRuleError, match=r"is named EMR_IN.*; those there are: renamed"):
        found(config, [rule("renamed"), rule(OWN, OTHER_ARN)])


def test_a_change_is_the_business_of_the_rule_with_that_trigger(config):
    """The two rules of the stack run the same function."""
    pair = [rule("a", details=CHANGES), rule("b")]
    for trigger, name in ((ON_CHANGE, "a"), (PERIODIC, "b")):
        config.add_response("describe_config_rules", {"ConfigRules": pair})
        one = only_rule(client("config"), FUNCTION_ARN, ("a", "b"), trigger)
        assert one["ConfigRuleName"] == name


@pytest.mark.parametrize(
    ("name", "is_own"),
    [
        (OWN, True),
        (OWN + "_2", False),
        (OWN.lower(), False),
        ("emr-conformance-pack-a1b2c3d4e", True),
        ("emr-conformance-pack", False),
        ("OrgConfigRule-emr-x1y2z3", True),
        ("my-OrgConfigRule-emr", False),
        ("", False),
    ],
)
def test_names_are_exact_but_for_the_asterisk(name, is_own):
    """Letter case counts in AWS Config, and * stands for any characters."""
    assert is_named(name, NAMES) is is_own
    assert not is_named(name, ())


@pytest.mark.parametrize("none", [{}, given()], ids=["absent", "empty"])
def test_without_parameters_the_defaults_hold(config, none):
    """The member is absent, or an empty object, when nobody gave any."""
    assert found(config, [rule(OWN, **none)]).parameters == parameters()


def test_the_parameters_of_the_rule_are_what_is_judged_by(config):
    """Those that rdklib takes for itself are no trouble."""
    live = rule(OWN, **given(coverage="complete", AssumeRoleMode="False"))
    assert found(config, [live]).parameters == parameters(coverage="complete")


def test_wrong_parameters_are_an_error_that_names_them(config):
    """Nothing is judged by half of what the owner asked for."""
    with pytest.raises(ParameterError, match="coverage takes configured or complete"):
        found(config, [rule(OWN, **given(coverage="some"))])


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [rule(OWN, arn=OTHER_ARN)],
        [rule(OWN, details=CHANGES)],
        [{"ConfigRuleName": "x", "Source": {"Owner": "CUSTOM_POLICY"}}],
        [{"ConfigRuleName": "x", "Source": {"Owner": "AWS", "SourceIdentifier": "EMR_KERBEROS"}}],
    ],
    ids=["none", "of another function", "no schedule", "a policy rule", "a managed rule"],
)
def test_no_rule_is_an_error_that_names_the_function(config, rules):
    """There is nobody whose parameters one could judge by."""
    with pytest.raises(NotOneRuleError, match=f"the source {FUNCTION_ARN} is named "):
        found(config, rules)


def test_a_list_of_rules_that_fails_halfway_is_an_error(config):
    """The rule may be on the page that did not come."""
    page = {"ConfigRules": [rule("a", OTHER_ARN)], "NextToken": "more"}
    config.add_response("describe_config_rules", page)
    config.add_client_error("describe_config_rules", "AccessDeniedException", "no")
    with pytest.raises(CouldNotTellError, match="DescribeConfigRules: AccessDeniedException: no"):
        find_rule(client("config"), FUNCTION_ARN, NAMES)


def test_an_answer_without_rules_is_an_error(config):
    """Half an answer must not look like a deployment without a rule."""
    config.add_response("describe_config_rules", {})
    with pytest.raises(CouldNotTellError, match="answered without 'ConfigRules'"):
        find_rule(client("config"), FUNCTION_ARN, NAMES)


def test_an_evaluation_is_asked_for_by_name(config):
    """Of this rule alone."""
    config.add_response("start_config_rules_evaluation", {}, {"ConfigRuleNames": ["rule"]})
    assert start_evaluation(client("config"), "rule") == ""


def test_an_evaluation_that_is_refused_is_answered_with_the_reason(config):
    """AWS Config takes one a minute; the next schedule does it."""
    config.add_client_error("start_config_rules_evaluation", "LimitExceededException", "wait")
    assert start_evaluation(client("config"), "rule") == (
        "StartConfigRulesEvaluation: LimitExceededException: wait"
    )


def test_no_answer_is_a_reason_too():
    """It never costs the alert."""
    with unreachable("config"):
        assert "EndpointConnectionError" in start_evaluation(client("config"), "rule")
