"""Two rules on one function: the deployment's own one tells people, any other only records."""

import json

import pytest

from tests.end_to_end.roles import point_a_rule
from tests.end_to_end.watched import Watched
from tools.account import RULE


@pytest.fixture(scope="module")
def watched(simulator):
    """A deployment, and somebody's trial rule on its function, which takes Custom certificates only."""
    account = Watched.deployed(simulator)
    point_a_rule(account, "trial")
    (trial,) = account.config.describe_config_rules(ConfigRuleNames=["trial"])["ConfigRules"]
    kept = {name: trial[name] for name in ("ConfigRuleName", "Source")}
    given = {"AssumeRoleMode": "False", "allowedCertificateProviders": "Custom"}
    account.config.put_config_rule(ConfigRule=kept | {"InputParameters": json.dumps(given)})
    account.configure("on")
    account.tidy()
    return account


def fire(watched, rule):
    """Fire a rule's schedule; return the last attempt."""
    watched.ledger.lapse_claims()
    last = watched.simulator.schedule(rule)[-1]
    watched.simulator.settle()
    return last


def test_neither_quarrels_with_the_other(watched):
    """Each has its own verdicts on record; people hear of the own rule's alone, once."""
    good, bad = watched.launch_and_wait("good", "on"), watched.launch_and_wait("bad")
    for rule in ("trial", RULE, "trial", RULE):
        assert fire(watched, rule)["ok"]
    told = [(each.document["kind"], each.document["resourceId"]) for each in watched.messages()]
    assert told == [("violation", bad)]
    for rule, verdict in (("trial", "NON_COMPLIANT"), (RULE, "COMPLIANT")):
        recorded = watched.results(rule)
        assert recorded[good]["ComplianceType"] == verdict
        assert recorded[bad]["ComplianceType"] == "NON_COMPLIANT"


def test_a_rule_that_was_renamed_is_an_error_that_is_counted(watched):
    """Nobody is told of anything then, and the alarms say so."""
    watched.tidy()
    watched.config.delete_config_rule(ConfigRuleName=RULE)
    watched.simulator.cool_functions()  # a warm launch check would know the rule for five minutes
    bad = watched.launch("bad")
    watched.simulator.settle()
    last = fire(watched, "trial")
    assert f"is named {RULE} or {RULE}_CONFIGURATIONS" in last["error_message"]
    assert watched.results("trial")[bad]["ComplianceType"] == "NON_COMPLIANT"
    lines = [json.loads(line) for line in watched.log("RuleLogGroupName")]
    assert max(each["AlertsHeldBack"] for each in lines if "AlertsHeldBack" in each)
    assert watched.messages() == []
    assert watched.drain(watched.outputs["FunctionDeadLettersUrl"]) != [], "the launch is kept too"
