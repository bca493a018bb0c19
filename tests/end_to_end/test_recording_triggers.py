"""Both triggers, in two rules or in one: clusters by the clock, configurations by their change."""

import json

import pytest

from tests.end_to_end.depth import configuration
from tests.end_to_end.recording import (
    CLUSTER,
    deploy,
    prepared,
    sweep,
    verdicts,
    without_launch_checks,
)
from tools.account import CONFIGURATION_RULE, RULE

CONFIGURATION = "AWS::EMR::SecurityConfiguration"
OFF = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})


def history(account, rule=RULE):
    """Return what was recorded by a rule, oldest first: type, id and compliance."""
    names = ("resource_type", "resource_id", "compliance")
    return [tuple(each[name] for name in names) for each in account.simulator.evaluations(rule)]


@pytest.fixture(scope="module")
def separate(simulator):
    """Two rules, as template.yml makes them by default."""
    return without_launch_checks(deploy(prepared(simulator)))


@pytest.fixture(scope="module")
def together(simulator):
    """One rule with both triggers."""
    return without_launch_checks(deploy(prepared(simulator), RuleTriggers="Together"))


def test_whoever_asks_for_an_evaluation_can_read_the_verdict_back(separate):
    """By boto3 alone: launch a cluster, start the evaluation, and ask for the cluster's compliance."""
    cluster = separate.launch("adhoc")
    separate.config.start_config_rules_evaluation(ConfigRuleNames=[RULE])
    separate.simulator.settle()

    (found,) = separate.config.get_compliance_details_by_resource(
        ResourceType=CLUSTER, ResourceId=cluster
    )["EvaluationResults"]
    assert found["ComplianceType"] == "NON_COMPLIANT"
    assert found["Annotation"].startswith("NO_SECURITY_CONFIGURATION: ")


@pytest.mark.parametrize(
    "item",
    [
        {"item_body": "object"},
        {"item_body": "text"},
        {"item_body": "name_only"},
        {"oversized": True},
    ],
    ids=["object", "text", "name only", "oversized"],
)
def test_a_configuration_is_judged_whatever_its_item_holds(separate, item):
    """As an object, as text, or only by name: EMR is asked for what it has now."""
    simulator, kind = separate.simulator, "-".join(map(str, *item.items()))
    simulator.set_config(**{"item_body": "object", "oversized": False} | item)
    simulator.clear_journal()

    good, bad = configuration(separate, f"good-{kind}"), f"bad-{kind}"
    separate.emr.create_security_configuration(Name=bad, SecurityConfiguration=OFF)
    simulator.settle()

    found = separate.results(CONFIGURATION_RULE)
    assert found[good]["ComplianceType"] == "COMPLIANT"
    assert found[bad]["ComplianceType"] == "NON_COMPLIANT"
    assert found[bad]["Annotation"].startswith("IN_TRANSIT_ENCRYPTION_OFF: ")
    asked = [c for c in simulator.journal("emr", "DescribeSecurityConfiguration") if c["role"]]
    assert len(asked) == 2
    assert not {good, bad} & verdicts(separate).keys(), "the rule of clusters has no part in it"


@pytest.mark.parametrize("oversized", [False, True])
def test_a_deleted_configuration_is_not_on_record_any_more(separate, oversized):
    """Its item says so, without a body; the result becomes NOT_APPLICABLE, which Config drops."""
    name = f"gone-{oversized}"
    separate.simulator.set_config(oversized=oversized)
    separate.emr.create_security_configuration(Name=name, SecurityConfiguration=OFF)
    separate.simulator.settle()
    separate.emr.delete_security_configuration(Name=name)
    separate.simulator.settle()

    recorded = [each for each in history(separate, CONFIGURATION_RULE) if each[1] == name]
    assert [each[2] for each in recorded] == ["NON_COMPLIANT", "NOT_APPLICABLE"]
    assert name not in verdicts(separate, CONFIGURATION_RULE)
    assert all(run["ok"] for run in separate.simulator.invocations())


def test_a_configuration_that_is_gone_before_it_is_judged_is_no_error(separate):
    """EMR knows it no more: nothing is recorded."""
    separate.simulator.set_config(item_body="name_only")
    separate.simulator.add_fault(
        "emr",
        "DescribeSecurityConfiguration",
        code="InvalidRequestException",
        message="Security configuration with name 'brief' does not exist.",
    )
    separate.emr.create_security_configuration(Name="brief", SecurityConfiguration=OFF)
    separate.simulator.settle()
    separate.simulator.clear_faults()

    assert "brief" not in [name for _, name, _ in history(separate, CONFIGURATION_RULE)]
    assert separate.simulator.invocations()[-1]["ok"]


def test_one_rule_with_both_triggers_keeps_the_results_of_each(together):
    """A sweep wipes no result of a configuration, and a change none of a cluster."""
    good = configuration(together, "good")
    cluster = together.launch("etl", good)
    bare = together.launch("adhoc")
    sweep(together)
    sweep(together)
    together.emr.create_security_configuration(Name="bad", SecurityConfiguration=OFF)
    together.simulator.settle()

    assert CONFIGURATION_RULE not in _rules(together)
    assert sorted(history(together)) == sorted(
        [
            (CONFIGURATION, good, "COMPLIANT"),
            (CLUSTER, cluster, "COMPLIANT"),
            (CLUSTER, bare, "NON_COMPLIANT"),
            (CONFIGURATION, "bad", "NON_COMPLIANT"),
        ]
    )
    assert len(verdicts(together)) == 4


def test_where_config_refuses_clusters_from_such_a_rule_the_error_names_the_remedy(together):
    """RuleTriggers=Separate is that remedy; until then what is on record stays."""
    together.simulator.set_config(hybrid_rules_accept_clusters=False)
    known = configuration(together, "known")
    together.simulator.settle()
    before = history(together)
    refused = together.launch("refused")

    runs = sweep(together)

    assert not any(run["ok"] for run in runs)
    for run in runs:
        assert refused in run["error_message"]
        assert "PutEvaluations: InvalidParameterValueException: " in run["error_message"]
        assert "deploy with RuleTriggers=Separate" in run["error_message"]
    assert history(together) == before

    deploy(together, RuleTriggers="Separate")

    assert _rules(together) == {RULE, CONFIGURATION_RULE}
    assert verdicts(together)[refused] == "NON_COMPLIANT"
    assert verdicts(together, CONFIGURATION_RULE)[known] == "COMPLIANT"


def _rules(account):
    found = account.config.describe_config_rules()["ConfigRules"]
    return {each["ConfigRuleName"] for each in found}
