"""The simulator's organization packs reach every account, for those who run the organization."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.pack_templates import admit_config, body, parameters
from tools.simulator.client import Simulator, SimulatorError

ORGANIZATION, MANAGEMENT, SECURITY = "o-a1b2c3d4e5", "100000000000", "200000000000"
MEMBERS = ["111111111111", "222222222222"]
REFUSED = "OrganizationAccessDeniedException"


@pytest.fixture
def organization(aws: Simulator) -> Simulator:
    """An organization of four accounts, one of which acts for the management account."""
    aws.set_organization(ORGANIZATION, [MANAGEMENT, SECURITY, *MEMBERS], delegated=[SECURITY])
    for account in MEMBERS:
        admit_config(aws, account)
    return aws


def put_pack(aws: Simulator, account: str = SECURITY, **more: Any) -> str:
    """Put the pack for the members, wait for it, and answer its status."""
    config = aws.client("config", account=account)
    given = {"ExcludedAccounts": [MANAGEMENT, SECURITY], "TemplateBody": body()} | more
    config.put_organization_conformance_pack(OrganizationConformancePackName="pack", **given)
    aws.settle()
    found = config.describe_organization_conformance_pack_statuses()
    return str(found["OrganizationConformancePackStatuses"][0]["Status"])


def rules(aws: Simulator, account: str) -> list[str]:
    """Answer the names of an account's rules, without what differs from account to account."""
    found = aws.client("config", account=account).describe_config_rules()["ConfigRules"]
    return [one["ConfigRuleName"].rpartition("-")[0] for one in found]


def details(aws: Simulator) -> dict[str, dict[str, Any]]:
    """Answer what became of the pack, by account."""
    found = aws.client(
        "config", account=SECURITY
    ).get_organization_conformance_pack_detailed_status(OrganizationConformancePackName="pack")
    return {one["AccountId"]: one for one in found["OrganizationConformancePackDetailedStatuses"]}


def test_the_pack_makes_its_rules_in_each_account_but_the_excluded_ones(
    organization: Simulator,
) -> None:
    """Each account has a pack of its own, with an id of its own."""
    assert put_pack(organization) == "CREATE_SUCCESSFUL"
    assert [rules(organization, account) for account in MEMBERS] == [
        ["clusters-conformance-pack"],
        ["clusters-conformance-pack"],
    ]
    assert rules(organization, MANAGEMENT) == []
    found = details(organization)
    assert found.keys() == set(MEMBERS)
    assert found[MEMBERS[0]]["ConformancePackName"].startswith("OrgConformsPack-pack-")
    described = organization.client(
        "config", account=SECURITY
    ).describe_organization_conformance_packs()["OrganizationConformancePacks"]
    assert described[0]["ExcludedAccounts"] == [MANAGEMENT, SECURITY]
    organization.settle()
    functions = {run["payload"]["accountId"] for run in organization.invocations()}
    assert functions == set(MEMBERS), "each rule has run the function of its own account"


def test_an_account_without_the_function_fails_and_the_others_do_not(
    organization: Simulator,
) -> None:
    """The pack as a whole has failed then; put anew it goes on from there."""
    excluded = {"ExcludedAccounts": [SECURITY]}
    assert put_pack(organization, **excluded) == "CREATE_FAILED"
    found = details(organization)
    assert {account: one["Status"] for account, one in found.items()} == {
        MANAGEMENT: "CREATE_FAILED",
        **dict.fromkeys(MEMBERS, "CREATE_SUCCESSFUL"),
    }
    assert "cannot be invoked" in found[MANAGEMENT]["ErrorMessage"]
    admit_config(organization, MANAGEMENT)
    assert put_pack(organization, **excluded) == "UPDATE_SUCCESSFUL"
    assert rules(organization, MANAGEMENT) == ["clusters-conformance-pack"]


def test_an_account_can_neither_change_nor_delete_the_organizations_pack(
    organization: Simulator,
) -> None:
    """It sees the pack among its own, and that is all."""
    put_pack(organization)
    config = organization.client("config", account=MEMBERS[0])
    (pack,) = config.describe_conformance_packs()["ConformancePackDetails"]
    name = {"ConformancePackName": pack["ConformancePackName"]}
    assert pack["CreatedBy"] == "config-multiaccountsetup.amazonaws.com"
    for refused in (
        lambda: config.delete_conformance_pack(**name),
        lambda: config.put_conformance_pack(**name, TemplateBody=body()),
    ):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            refused()


def test_a_deleted_pack_leaves_every_account(organization: Simulator) -> None:
    """With its rules."""
    put_pack(organization)
    organization.client("config", account=SECURITY).delete_organization_conformance_pack(
        OrganizationConformancePackName="pack"
    )
    organization.settle()
    assert [rules(organization, account) for account in MEMBERS] == [[], []]
    with pytest.raises(ClientError, match="NoSuchOrganizationConformancePackException"):
        details(organization)


def test_the_pack_follows_the_accounts_that_join_and_leave(organization: Simulator) -> None:
    """Nobody has to put it anew."""
    put_pack(organization)
    late = "333333333333"
    admit_config(organization, late)
    accounts = [MANAGEMENT, SECURITY, MEMBERS[0], late]
    organization.set_organization(ORGANIZATION, accounts, delegated=[SECURITY])
    organization.settle()
    assert rules(organization, late) == ["clusters-conformance-pack"]
    assert rules(organization, MEMBERS[0]) == ["clusters-conformance-pack"]
    assert rules(organization, MEMBERS[1]) == []


@pytest.mark.parametrize(
    ("account", "code"),
    [(MEMBERS[0], REFUSED), ("999999999999", "NoAvailableOrganizationException")],
)
def test_only_those_who_run_an_organization_may_put_packs_into_it(
    organization: Simulator, account: str, code: str
) -> None:
    """Members may not, and without an organization nobody may."""
    with pytest.raises(ClientError, match=code):
        put_pack(organization, account)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"TemplateBody": "Resources: {}"}, "OrganizationConformancePackTemplateValidation"),
        ({"TemplateBody": body() + " " * 51_200}, "ValidationException"),
        ({"ConformancePackInputParameters": parameters(No="x")}, "InvalidParameterValue"),
    ],
)
def test_a_request_that_cannot_work_is_refused_at_once(
    organization: Simulator, more: dict[str, Any], code: str
) -> None:
    """No account gets any of it."""
    with pytest.raises(ClientError, match=code):
        put_pack(organization, **more)
    assert rules(organization, MEMBERS[0]) == []


@pytest.mark.parametrize(
    ("accounts", "more"),
    [
        ([], {}),
        ([MEMBERS[0]], {"management": MANAGEMENT}),
        ([MANAGEMENT], {"delegated": [SECURITY]}),
    ],
)
def test_an_organization_is_run_by_accounts_of_its_own(
    aws: Simulator, accounts: list[str], more: dict[str, Any]
) -> None:
    """And it has at least one."""
    with pytest.raises(SimulatorError):
        aws.set_organization(ORGANIZATION, accounts, **more)


def test_an_account_is_in_one_organization_only(organization: Simulator) -> None:
    """It has to leave the one before it joins another."""
    with pytest.raises(SimulatorError, match=ORGANIZATION):
        organization.set_organization("o-another000", [MEMBERS[0]])
