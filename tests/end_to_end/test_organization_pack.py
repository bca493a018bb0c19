"""Functions by stack set, rules by conformance pack: verdicts and alerts under the pack's names."""

import re

import pytest

from tests.end_to_end.organization import (
    HOME,
    MANAGEMENT,
    MEMBERS,
    SECURITY,
    Organization,
    as_list,
)
from tools.account import RULE
from tools.package import ROOT

PACK = (ROOT / "rdk-config/conformance-pack.yml").read_text()
MANAGED_PACK = (ROOT / "rdk-config/conformance-pack-managed.yml").read_text()
CONFIGS = "EMR_IN_TRANSIT_ENCRYPTION_CONFIGS"
NAME, OWN = "emr-in-transit-encryption", {"ConformancePackName": "own"}
AFFIX = r"-conformance-pack-[a-z0-9]{9}"


@pytest.fixture(scope="module")
def organization(simulator):
    """Two members that have the functions, and the organization's pack."""
    made = Organization(simulator, MEMBERS[:2])
    assert made.deploy((HOME,), CreateRules="no") == "SUCCEEDED"
    assert [place.rules() for place in made.places(HOME)] == [{}, {}]
    assert put_pack(made) == "CREATE_SUCCESSFUL"
    return made


def put_pack(organization, **parameters):
    """Put the organization's pack, or change it; answer its status."""
    config = organization.security.config
    config.put_organization_conformance_pack(
        OrganizationConformancePackName=NAME,
        TemplateBody=PACK,
        ConformancePackInputParameters=pack_parameters(parameters),
        ExcludedAccounts=[MANAGEMENT, SECURITY],
    )
    organization.simulator.settle(60)
    found = config.describe_organization_conformance_pack_statuses()
    return found["OrganizationConformancePackStatuses"][0]["Status"]


def pack_parameters(given):
    return [
        {"ParameterName": each["ParameterKey"], "ParameterValue": each["ParameterValue"]}
        for each in as_list(given)
    ]


def pack_state(place):
    found = place.config.describe_conformance_pack_status(ConformancePackNames=["own"])
    return found["ConformancePackStatusDetails"][0]["ConformancePackState"]


def test_a_members_cluster_is_alerted_and_recorded_under_the_packs_rule(organization):
    """The launch check finds its rule by the function, whatever the rule is called."""
    place, other = organization.places(HOME)
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

    organization.simulator.schedule()
    organization.simulator.settle()
    assert len(organization.alerts()) == 1


def test_a_members_security_configuration_is_recorded_under_the_packs_other_rule(organization):
    """It is judged when it is made, as with a rule of the stack."""
    _, place = organization.places(HOME)
    lax = place.configure("lax", on=False)
    organization.simulator.settle(60)

    name = place.rules()[CONFIGS]["ConfigRuleName"]
    assert re.fullmatch(CONFIGS + AFFIX, name)
    assert len(name) <= 64
    assert place.verdicts(CONFIGS) == {lax: "NON_COMPLIANT"}
    assert organization.told()[place.account, HOME, lax] == 1


def test_the_packs_parameters_hold_for_the_launch_check_too(organization):
    """One place says what complies, for sweeps and for launches."""
    assert put_pack(organization, ExemptionTagKey="encryption-exempt") == "UPDATE_SUCCESSFUL"
    organization.simulator.cool_functions()  # a warm launch check would know the old parameters
    place, _ = organization.places(HOME)
    exempt = place.launch("exempt", Tags=[{"Key": "encryption-exempt", "Value": ""}])
    organization.simulator.settle(60)

    assert organization.told()[place.account, HOME, exempt] == 0
    organization.simulator.schedule()
    assert exempt not in place.verdicts()


def test_the_alarm_about_missing_sweeps_goes_by_the_packs(organization):
    """The stack has no rule, but its alarm sees the sweeps of the pack's rule."""
    organization.simulator.evaluate_alarms()
    states = {
        alarm["state"]
        for alarm in organization.simulator.alarms()
        if "SweepMissing" in alarm["name"]
    }
    assert states == {"OK"}


def test_an_account_may_have_the_pack_for_itself_and_name_the_function(organization):
    """So it works where packs resolve no pseudo parameters; the pack tells how it complies."""
    organization.security.config.delete_organization_conformance_pack(
        OrganizationConformancePackName=NAME
    )
    organization.simulator.settle()
    organization.simulator.set_config(packs_resolve_pseudo_parameters=False)
    place, _ = organization.places(HOME)
    assert place.rules() == {}
    bad = place.launch("bad")
    arn = f"arn:aws:lambda:{HOME}:{place.account}:function:emr-in-transit-encryption"
    given = pack_parameters({"FunctionArn": arn, "Frequency": "Six_Hours"})
    place.config.put_conformance_pack(
        **OWN, TemplateBody=PACK, ConformancePackInputParameters=given
    )
    organization.simulator.settle(60)

    assert pack_state(place) == "CREATE_COMPLETE"
    assert place.verdicts()[bad] == "NON_COMPLIANT"
    (details,) = place.rules()[RULE]["Source"]["SourceDetails"]
    assert details["MaximumExecutionFrequency"] == "Six_Hours"
    found = place.config.get_conformance_pack_compliance_summary(ConformancePackNames=["own"])
    (summary,) = found["ConformancePackComplianceSummaryList"]
    assert summary["ConformancePackComplianceStatus"] == "NON_COMPLIANT"


def test_the_managed_rules_stand_beside(organization):
    """Their pack needs no function."""
    _, place = organization.places(HOME)
    place.config.put_conformance_pack(**OWN, TemplateBody=MANAGED_PACK)
    organization.simulator.settle()
    assert pack_state(place) == "CREATE_COMPLETE"
    assert len(place.rules()) == 5
