"""Functions by one stack, rules by a conformance pack: verdicts and alerts under the pack's names."""

import json
import re

import pytest

from tests.end_to_end.organization import HOME, MEMBERS, ROOT, Organization
from tools.account import RULE

MANAGED_PACK = (ROOT / "rdk-config/conformance-pack-managed.yml").read_text()
CONFIGS = "EMR_IN_TRANSIT_ENCRYPTION_CONFIGS"
AFFIX = r"-conformance-pack-[a-z0-9]{9}"


@pytest.fixture(scope="module")
def organization(simulator):
    """Two members that have the functions by a stack without rules, and then the pack's rules."""
    made = Organization(simulator, MEMBERS[:2])
    made.deploy(HOME, CreateRules="no")
    assert [place.rules() for place in made.places] == [{}, {}]
    for place in made.places:
        place.pack()
    return made


def sweep(organization):
    organization.simulator.schedule()
    organization.simulator.settle(60)


def test_a_members_cluster_is_alerted_and_recorded_under_the_packs_rule(organization):
    """The launch check finds its rule by the function, whatever the rule is called."""
    place, other = organization.places
    names = {place.rules()[RULE]["ConfigRuleName"], other.rules()[RULE]["ConfigRuleName"]}
    assert len(names) == 2
    assert all(re.fullmatch(RULE + AFFIX, name) and len(name) <= 64 for name in names)

    cluster = place.launch("bad")
    organization.simulator.settle(60)

    (alert,) = organization.alerts()
    assert alert["resourceId"] == cluster
    assert alert["account"] == place.account
    assert alert["detectedBy"] == "LAUNCH_CHECK"
    assert alert["ruleName"] == place.rules()[RULE]["ConfigRuleName"]
    assert place.verdicts() == {cluster: "NON_COMPLIANT"}
    assert other.verdicts() == {}

    sweep(organization)
    assert len(organization.alerts()) == 1


def test_a_members_security_configuration_is_recorded_under_the_packs_other_rule(organization):
    """It is judged when it is made, as with a rule of the stack."""
    _, place = organization.places
    lax = place.configure("lax", on=False)
    organization.simulator.settle(60)

    name = place.rules()[CONFIGS]["ConfigRuleName"]
    assert re.fullmatch(CONFIGS + AFFIX, name)
    assert len(name) <= 64
    assert place.verdicts(CONFIGS) == {lax: "NON_COMPLIANT"}
    assert organization.told()[place.account, HOME, lax] == 1


def test_what_the_launch_check_missed_is_alerted_by_the_packs_sweep(organization):
    """Under the same name as what it did not miss."""
    place, _ = organization.places
    organization.simulator.set_events(drop=True)
    missed = place.launch("missed")
    organization.simulator.settle(60)
    organization.simulator.set_events(drop=False)
    assert organization.told()[place.account, HOME, missed] == 0

    sweep(organization)

    alert = organization.alerts()[-1]
    assert (alert["resourceId"], alert["detectedBy"]) == (missed, "SWEEP")
    assert alert["ruleName"] == place.rules()[RULE]["ConfigRuleName"]
    assert organization.told()[place.account, HOME, missed] == 1


def test_the_packs_parameters_hold_for_the_launch_check_too(organization):
    """One place says what complies, for sweeps and for launches."""
    place, _ = organization.places
    place.pack(ExemptionTagKey="encryption-exempt")
    organization.simulator.cool_functions()  # a warm launch check would know the old parameters
    exempt = place.launch("exempt", Tags=[{"Key": "encryption-exempt", "Value": ""}])
    organization.simulator.settle(60)

    assert organization.alerts()[-1]["kind"] == "exempted"
    sweep(organization)
    assert organization.told()[place.account, HOME, exempt] == 1
    assert exempt not in place.verdicts()


def test_the_alarm_about_missing_sweeps_goes_by_the_packs(organization):
    """The stack has no rule, but its alarm watches what the sweeps of the pack's rule count."""
    for place in organization.places:
        alarms = place.client("cloudwatch").describe_alarms()["MetricAlarms"]
        (alarm,) = [each for each in alarms if each["MetricName"] == "SweepsFinished"]
        assert alarm["Dimensions"] == [
            {"Name": "FunctionName", "Value": "emr-in-transit-encryption"}
        ]
        log = place.client("logs").filter_log_events(logGroupName=place.outputs["RuleLogGroupName"])
        lines = [json.loads(each["message"]) for each in log["events"]]
        counted = [line for line in lines if line.get("SweepsFinished") == 1]
        assert counted
        assert {line["FunctionName"] for line in counted} == {"emr-in-transit-encryption"}


def test_an_account_may_name_the_function_itself(organization):
    """For packs that resolve no pseudo parameters; and nobody is told again of what is known."""
    place, _ = organization.places
    before, known = organization.told(), place.verdicts()
    place.cloudformation.delete_stack(StackName="pack")
    assert place.rules() == {}
    arn = f"arn:aws:lambda:{HOME}:{place.account}:function:emr-in-transit-encryption"

    place.pack(FunctionArn=arn, Frequency="Six_Hours", ExemptionTagKey="encryption-exempt")

    source = place.rules()[RULE]["Source"]
    assert source["SourceIdentifier"] == arn
    assert [each["MaximumExecutionFrequency"] for each in source["SourceDetails"]] == ["Six_Hours"]
    assert place.verdicts() == known != {}
    assert organization.told() == before


def test_the_managed_rules_stand_beside(organization):
    """AWS's own five need no function, and take no name of ours."""
    _, place = organization.places
    ours = place.rules().keys()
    place.stack(MANAGED_PACK, "managed")
    assert ours < place.rules().keys()
    assert len(place.rules().keys() - ours) == 5
