"""Policies of callers and of resources: what they allow, and that what cannot be judged fails closed."""

import pytest

from tools.simulator.iam import resource_policies
from tools.simulator.iam.policies import Grants, UnsupportedConditionError, decide, holds
from tools.simulator.iam.resource_policies import caller, service

CLUSTER = "arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-1"
REGION = "aws:RequestedRegion"
CONTEXT = {REGION.lower(): "eu-west-1"}
TAG = "aws:ResourceTag/team"


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def when(operator, key, value):
    return {"Condition": {operator: {key: value}}}


def grants(*statements):
    return Grants(({"Statement": list(statements)},))


@pytest.mark.parametrize(
    ("rule", "statements", "allowed"),
    [
        ("nothing is allowed without a statement", [], False),
        ("action names have no case", [allow("ElasticMapReduce:describecluster")], True),
        ("wildcards match", [allow("elasticmapreduce:Desc*e?luster")], True),
        ("one action of a list is enough", [allow(["s3:*", "elasticmapreduce:*"])], True),
        ("another action is not", [allow("elasticmapreduce:ListClusters")], False),
        ("a resource is matched", [allow("*", CLUSTER[:-1] + "*")], True),
        ("another resource is not", [allow("*", CLUSTER + "2")], False),
        ("an ARN in brackets is no pattern", [allow("*", CLUSTER[:-1] + "[1]")], False),
        ("a Deny goes before an Allow", [allow("*"), deny("*", CLUSTER)], False),
        ("a Deny for another resource does not", [allow("*"), deny("*", "arn:x")], True),
        (
            "NotAction allows all others",
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            True,
        ),
        (
            "NotResource excludes its own",
            [{"Effect": "Allow", "Action": "*", "NotResource": CLUSTER}],
            False,
        ),
        ("one that holds", [allow("*", **when("StringEquals", REGION, ["eu-west-1"]))], True),
        ("one that does not", [allow("*", **when("StringEquals", REGION, "us-east-1"))], False),
        ("no source", [allow("*", **when("ArnLike", "aws:SourceArn", "*"))], False),
        ("an unknown key is no Allow", [allow("*", **when("StringNotEquals", TAG, "x"))], False),
        (
            "an unknown key is a Deny",
            [allow("*"), deny("*", **when("StringEquals", TAG, "x"))],
            False,
        ),
        (
            "an unknown operator is no Allow",
            [allow("*", **when("DateGreaterThan", REGION, "x"))],
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_statements(rule, statements, allowed):
    decision = decide(grants(*statements), "elasticmapreduce:DescribeCluster", CLUSTER, CONTEXT)
    assert decision.allowed is allowed, rule


def test_the_reason_names_what_could_not_be_judged():
    statement = allow("*", **when("StringEquals", TAG, "x"))
    reason = decide(grants(statement), "sns:Publish", "arn:t", CONTEXT).reason
    assert "does not know the value of aws:ResourceTag/team" in reason


TOPIC = "arn:aws:sns:eu-west-1:111122223333:t"
EVENTS = service("events.amazonaws.com", "arn:aws:events:eu-west-1:111122223333:rule/r", "1")
USER = caller("arn:aws:iam::1:user/u", "1")
ROLE = caller(
    "arn:aws:sts::111122223333:assumed-role/r/session",
    "111122223333",
    "arn:aws:iam::111122223333:role/r",
)


def statement(**changes):
    return allow("sns:Publish") | {"Principal": "*"} | changes


def answer(who, *statements):
    policy = {"Statement": list(statements)}
    decision = resource_policies.decide(policy, who, "sns:Publish", TOPIC)
    return "denied" if decision.denied else "allowed" if decision.allowed else "silent"


@pytest.mark.parametrize(
    ("rule", "changes", "expected"),
    [
        ("anybody", {}, "allowed"),
        ("its role", {"Principal": {"AWS": "arn:aws:iam::111122223333:role/r"}}, "allowed"),
        ("its session", {"Principal": {"AWS": [ROLE.arns[0]]}}, "allowed"),
        ("its account", {"Principal": {"AWS": "111122223333"}}, "allowed"),
        ("its account's root", {"Principal": {"AWS": ROLE.arns[3]}}, "allowed"),
        ("another role", {"Principal": {"AWS": "arn:aws:iam::111122223333:role/x"}}, "silent"),
        ("a service", {"Principal": {"Service": "events.amazonaws.com"}}, "silent"),
        ("another action", {"Action": ["sns:Subscribe"]}, "silent"),
        ("another topic", {"Resource": TOPIC + "x"}, "silent"),
        ("any action but this one", {"NotAction": "sns:Publish"}, "silent"),
        ("a Deny for anybody", {"Effect": "Deny"}, "denied"),
    ],
)
def test_a_statement_concerns_whom_it_names(rule, changes, expected):
    assert answer(ROLE, statement(**changes)) == expected, rule


def test_what_cannot_be_judged_allows_nothing_and_denies_everything():
    unknown = when("IpAddress", "aws:SourceIp", "10.0.0.0/8")
    assert answer(ROLE, statement(**unknown)) == "silent"
    assert answer(ROLE, statement(), statement(**unknown, Effect="Deny")) == "denied"
    left_out = deny("*") | {"NotPrincipal": {"AWS": "x"}}
    assert answer(ROLE, statement(), left_out) == "denied"


def test_a_service_is_admitted_by_its_name_and_by_the_source_it_acts_for():
    named = {"Principal": {"Service": ["events.amazonaws.com"]}}
    source = when("ArnLike", "aws:SourceArn", "arn:aws:events:*:111122223333:rule/*")
    assert answer(EVENTS, statement(**named)) == "allowed"
    assert answer(EVENTS, statement(**named, **source)) == "allowed"
    assert answer(EVENTS, statement(Principal={"AWS": "111122223333"})) == "silent"


NOT_THE_ROLE = {"ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/r"]}}
NO_SERVICE = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}


@pytest.mark.parametrize(
    ("who", "conditions", "expected"),
    [
        (ROLE, NOT_THE_ROLE, "silent"),
        (USER, NOT_THE_ROLE, "denied"),
        (EVENTS, NOT_THE_ROLE, "denied"),
        (EVENTS, NOT_THE_ROLE | NO_SERVICE, "silent"),
        (USER, NOT_THE_ROLE | NO_SERVICE, "denied"),
    ],
)
def test_a_deny_for_all_but_some_roles(who, conditions, expected):
    assert answer(who, statement(Effect="Deny", Condition=conditions)) == expected


@pytest.mark.parametrize(
    ("operator", "key", "value", "expected"),
    [
        ("StringEquals", "AWS:SourceAccount", ["1", "2"], True),
        ("StringEquals", "aws:SourceAccount", "2", False),
        ("StringNotEquals", "aws:SourceAccount", "2", True),
        ("StringNotEquals", "aws:SourceAccount", ["1", "2"], False),
        ("StringEquals", "aws:Missing", "1", False),
        ("StringNotEquals", "aws:Missing", "1", True),
        ("StringEqualsIfExists", "aws:Missing", "1", True),
        ("StringEqualsIfExists", "aws:SourceAccount", "2", False),
        ("Null", "aws:Missing", "true", True),
        ("Null", "aws:SourceAccount", True, False),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:events:*:*:rule/r?", False),
        ("ArnEquals", "aws:SourceArn", "arn:aws:events:eu-west-1:*:rule/*", True),
        ("ArnLike", "aws:SourceArn", "arn:aws:*:rule/r", False),
        ("StringLike", "aws:SourceArn", "arn:aws:*:rule/r", True),
    ],
)
def test_conditions_hold_as_in_iam(operator, key, value, expected):
    assert holds({operator: {key: value}}, EVENTS.context) is expected


VIA = ("athena.amazonaws.com", "cloudformation.amazonaws.com")


@pytest.mark.parametrize(
    ("operator", "value", "found", "expected"),
    [
        ("ForAllValues:StringNotEquals", VIA[1], None, True),
        ("ForAllValues:StringNotEquals", VIA[1], VIA[:1], True),
        ("ForAllValues:StringNotEquals", VIA[1], VIA, False),
        ("ForAnyValue:StringEquals", VIA[1], VIA, True),
        ("ForAnyValue:StringEquals", VIA[1], None, False),
        ("Null", "false", VIA, True),
    ],
)
def test_a_key_with_several_values_is_asked_for_all_or_any_of_them(
    operator, value, found, expected
):
    context = {"aws:calledvia": found} if found else {}
    assert holds({operator: {"aws:CalledVia": value}}, context) is expected


@pytest.mark.parametrize(
    ("operator", "key", "value"),
    [
        ("ForAllValues:NumericLessThan", "aws:SourceAccount", "1"),
        ("NumericLessThan", "aws:SourceAccount", "1"),
        ("StringEquals", "aws:SourceAccount", "${aws:PrincipalAccount}"),
        ("StringEquals", "aws:CalledVia", VIA[1]),  # which has several values
    ],
)
def test_a_condition_that_is_not_known_is_not_passed_over(operator, key, value):
    with pytest.raises(UnsupportedConditionError):
        holds({operator: {key: value}}, {**EVENTS.context, "aws:calledvia": VIA})
