"""scan: whom it asks, what their refusals are taken for, and the permissions that it takes."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError, SSOTokenLoadError
from botocore.stub import Stubber
from moto import mock_aws
from moto.iam.aws_managed_policies import aws_managed_policies_data

from emr_in_transit_cli import account
from emr_in_transit_cli.scanning import scan as scanning
from emr_in_transit_cli.scanning.scan import AccountScan
from tests.support.command import run
from tools.package import ROOT
from tools.simulator.iam.authorization import matching
from tools.simulator.iam.policies import like, listed

HOME, OTHER = "111122223333", "222222222222"
ROLE = f"arn:aws:iam::{OTHER}:role/scan"
ME = {"Account": HOME, "UserId": "AIDAX", "Arn": f"arn:aws-cn:iam::{HOME}:user/ana"}


@pytest.fixture
def stubbed(monkeypatch):
    """Return a function that stubs the client of a service which the command gets."""
    stubbers = {}

    def stub(service):
        if service not in stubbers:
            stubbers[service] = Stubber(boto3.client(service, "eu-west-1"))
            stubbers[service].activate()
        return stubbers[service]

    monkeypatch.setattr(account, "client", lambda _, service: stub(service).client)
    yield stub
    for each in stubbers.values():
        each.assert_no_pending_responses()


def read(regions=()):
    """Return an account that was asked for its Regions."""
    scan = AccountScan(HOME, boto3.Session(), regions)
    scan.run()
    return scan


def test_regions_are_those_of_the_accounts_partition(stubbed):
    """The enabled ones; one without EMR is said, one that is not enabled is none."""
    stubbed("sts").add_response("get_caller_identity", ME)
    regions = [
        {"RegionName": "cn-north-1", "OptInStatus": "opt-in-not-required"},
        {"RegionName": "cn-moon-1", "OptInStatus": "opted-in"},
        {"RegionName": "cn-northwest-1", "OptInStatus": "not-opted-in"},
    ]
    stubbed("ec2").add_response("describe_regions", {"Regions": regions})
    scan = read()
    assert (scan.problem, scan.regions, scan.without_emr) == ("", ("cn-north-1",), ("cn-moon-1",))


def test_an_account_that_tells_no_regions(stubbed):
    """Nothing in it could be told, by its cause."""
    stubbed("sts").add_response("get_caller_identity", ME)
    stubbed("ec2").add_client_error("describe_regions", "UnauthorizedOperation", "no")
    scan = read()
    assert (scan.problem, scan.regions) == ("DescribeRegions: UnauthorizedOperation: no", ())


def test_an_account_whose_role_cannot_be_assumed(monkeypatch, caplog):
    """The call that AWS refused is named, and nothing is logged that would stand in between."""

    def refuse(*_):
        refusal = {"Error": {"Code": "AccessDenied", "Message": "not you"}}
        raise ClientError(refusal, "AssumeRole")

    monkeypatch.setattr(
        "emr_in_transit_cli.account.AssumeRoleCredentialFetcher.fetch_credentials", refuse
    )
    scan = AccountScan(OTHER, account.role_session(boto3.Session(), ROLE, None), ["eu-west-1"])
    scan.run()
    assert scan.problem == "AssumeRole: AccessDenied: not you"
    assert caplog.records == []


@mock_aws
def test_a_role_is_assumed_when_its_credentials_are_first_needed():
    """And once, with the id that its owner has asked for."""
    base, asked = boto3.Session(), []
    base.events.register("provide-client-params.sts", lambda params, **_: asked.append(params))
    credentials = account.role_session(base, ROLE, "of-ours").get_credentials()
    assert asked == []
    assert credentials.access_key.startswith("ASIA")
    assert credentials.get_frozen_credentials().token
    [call] = asked
    assert (call["RoleArn"], call["ExternalId"]) == (ROLE, "of-ours")


def test_credentials_that_are_refused(stubbed):
    """Nobody knows whose account that would be, so there is no report."""
    stubbed("sts").add_client_error("get_caller_identity", "ExpiredToken", "it is over")
    done = run("scan")
    line = (
        "could not tell: whose credentials these are: GetCallerIdentity: ExpiredToken: it is over"
    )
    assert (done.status, done.out, done.err) == (3, "", f"emr-in-transit: {line}\n")


def test_credentials_that_cannot_be_loaded(monkeypatch):
    """As of single sign-on, which somebody has to renew."""

    def load(_):
        raise SSOTokenLoadError(error_msg="log in")

    monkeypatch.setattr("boto3.Session.get_credentials", load)
    done = run("scan")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("emr-in-transit: AWS settings: Error loading SSO Token: log in")


PARTITIONS = [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
INSTANCES = ("-p", "overrideScope=instances")
EVERYTHING = ("--all-regions", *INSTANCES, "--parameters-from", "emr")


def policy(*arguments):
    """Return the statements that scan prints, by their names, and what it says of the caller."""
    done = run("scan", "--permissions", *arguments)
    assert done.status == 0
    document = json.loads(done.out)
    assert document["Version"] == "2012-10-17"
    assert all(each["Effect"] == "Allow" for each in document["Statement"])
    return {each["Sid"]: each for each in document["Statement"]}, done.err


def granted(statements):
    """Return all actions of a policy."""
    return [action for each in statements.values() for action in each["Action"]]


def test_the_policy_has_what_the_calls_declare():
    """Each action stands once, beside its call in the code and in the policy."""
    statements, err = policy(*EVERYTHING)
    declared = (*scanning.PERMISSIONS, *account.REGION_PERMISSIONS, *account.RULE_PERMISSIONS)
    assert sorted(granted(statements)) == sorted(declared)
    assert err == ""


def test_the_policy_has_no_more_than_the_options_take():
    """Each option adds its own."""
    least = {*granted(policy()[0])}
    assert least == {
        "elasticmapreduce:DescribeCluster",
        "elasticmapreduce:DescribeSecurityConfiguration",
        "elasticmapreduce:ListClusters",
    }
    assert {*granted(policy("--all-regions")[0])} - least == {"ec2:DescribeRegions"}
    groups = {"elasticmapreduce:ListInstanceFleets", "elasticmapreduce:ListInstanceGroups"}
    assert {*granted(policy(*INSTANCES)[0])} - least == groups


@pytest.mark.parametrize(("region", "partition"), PARTITIONS)
def test_every_action_is_one_of_awss_on_the_narrowest_resource(region, partition):
    """AWS's own table has each, reading alone, and ``*`` where it takes nothing narrower."""
    statements, _ = policy("--region", region, *EVERYTHING[1:])
    assert statements["ReadClusters"]["Resource"] == f"arn:{partition}:elasticmapreduce:*:*:cluster/*"  # fmt: skip
    for each in statements.values():
        for name in each["Action"]:
            [found] = matching(name)
            assert found.name == name
            assert found.access in {"List", "Read"}
            assert found.takes(each["Resource"])
            assert (each["Resource"] == "*") is (not found.formats)


def test_the_policy_of_a_role_is_apart_from_the_callers():
    """The role does not assume itself, nor reads the rule."""
    statements, err = policy("--role-arn", ROLE, *EVERYTHING)
    assert "config:DescribeConfigRules" not in granted(statements)
    assert err == (
        "emr-in-transit: that is for the role; whoever runs it needs sts:AssumeRole on "
        f"{ROLE} and config:DescribeConfigRules on *\n"
    )
    [action] = matching(account.ROLE_PERMISSIONS[0])
    assert action.takes(ROLE)
    _, err = policy("--accounts", "any", "--role-name", "scan", "--region", "cn-north-1")
    assert err.endswith(" needs sts:AssumeRole on arn:aws-cn:iam::*:role/scan\n")


@pytest.mark.parametrize("name", ["SecurityAudit", "ReadOnlyAccess"])
def test_awss_own_policies_that_have_it_all(name):
    """docs/command.md names them."""
    statements = json.loads(aws_managed_policies_data)[name]["Document"]["Statement"]
    patterns = [
        pattern.lower()
        for each in listed(statements)
        if (each["Effect"], each["Resource"], "Condition" in each) == ("Allow", "*", False)
        for pattern in listed(each["Action"])
    ]
    needed = granted(policy(*EVERYTHING)[0])
    assert needed
    lacking = [each for each in needed if not any(like(one, each.lower()) for one in patterns)]
    assert lacking == []
    assert f"`{name}`" in (ROOT / "docs" / "command.md").read_text()
