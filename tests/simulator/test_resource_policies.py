"""Policies of topics, queues and keys: who is admitted, and that doubt admits nobody."""

from typing import Any

import pytest

from tools.simulator.iam.policy_conditions import UnsupportedConditionError, holds
from tools.simulator.iam.resource_policies import caller, decide, service

TOPIC = "arn:aws:sns:eu-west-1:111122223333:t"
EVENTS = service("events.amazonaws.com", "arn:aws:events:eu-west-1:111122223333:rule/r", "1")
ROLE = caller(
    "arn:aws:sts::111122223333:assumed-role/r/session",
    "111122223333",
    "arn:aws:iam::111122223333:role/r",
)


def statement(**changes: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"} | changes


def answer(who: Any, *statements: dict[str, Any]) -> str:
    decision = decide({"Statement": list(statements)}, who, "sns:Publish", TOPIC)
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
        ("actions in any case, with wildcards", {"Action": "SNS:Pub*"}, "allowed"),
        ("another topic", {"Resource": TOPIC + "x"}, "silent"),
        ("any action but this one", {"NotAction": "sns:Publish"}, "silent"),
        ("a Deny for anybody", {"Effect": "Deny"}, "denied"),
    ],
)
def test_a_statement_concerns_whom_it_names(
    rule: str, changes: dict[str, Any], expected: str
) -> None:
    assert answer(ROLE, statement(**changes)) == expected, rule


def test_a_deny_goes_before_every_allow() -> None:
    assert answer(ROLE, statement(), statement(Effect="Deny")) == "denied"


def test_what_cannot_be_judged_allows_nothing_and_denies_everything() -> None:
    unknown = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    assert answer(ROLE, statement(Condition=unknown)) == "silent"
    assert answer(ROLE, statement(), statement(Condition=unknown, Effect="Deny")) == "denied"
    not_me = {"NotPrincipal": {"AWS": "x"}, "Effect": "Deny"}
    left_out = {key: value for key, value in statement(**not_me).items() if key != "Principal"}
    assert answer(ROLE, statement(), left_out) == "denied"


def test_a_service_is_admitted_by_its_name_and_by_the_source_it_acts_for() -> None:
    named = {"Principal": {"Service": ["events.amazonaws.com"]}}
    source = {"ArnLike": {"aws:SourceArn": "arn:aws:events:*:111122223333:rule/*"}}
    assert answer(EVENTS, statement(**named)) == "allowed"
    assert answer(EVENTS, statement(**named, Condition=source)) == "allowed"
    assert answer(EVENTS, statement(Principal={"AWS": "111122223333"})) == "silent"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"StringEquals": {"AWS:SourceAccount": ["1", "2"]}}, True),
        ({"StringEquals": {"aws:SourceAccount": "2"}}, False),
        ({"StringNotEquals": {"aws:SourceAccount": "2"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": ["1", "2"]}}, False),
        ({"StringEquals": {"aws:Missing": "1"}}, False),
        ({"StringNotEquals": {"aws:Missing": "1"}}, True),
        ({"StringEqualsIfExists": {"aws:Missing": "1"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "2"}}, False),
        ({"Null": {"aws:Missing": "true"}}, True),
        ({"Null": {"aws:SourceAccount": True}}, False),
        ({"Bool": {"aws:SecureTransport": True}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:*:*:rule/r?"}}, False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:events:eu-west-1:*:rule/*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:*:rule/r"}}, False),
        ({"StringLike": {"aws:SourceArn": "arn:aws:*:rule/r"}}, True),
    ],
)
def test_conditions_hold_as_in_iam(condition: dict[str, Any], expected: bool) -> None:
    assert holds(condition, EVENTS.context) is expected


@pytest.mark.parametrize(
    "condition",
    [
        {"ForAllValues:NumericLessThan": {"aws:SourceAccount": "1"}},
        {"NumericLessThan": {"aws:SourceAccount": "1"}},
        {"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}},
    ],
)
def test_a_condition_that_is_not_known_is_not_passed_over(condition: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedConditionError):
        holds(condition, EVENTS.context)


VIA = ("athena.amazonaws.com", "cloudformation.amazonaws.com")


@pytest.mark.parametrize(
    ("condition", "found", "expected"),
    [
        ({"ForAllValues:StringNotEquals": {"aws:CalledVia": VIA[1]}}, None, True),
        ({"ForAllValues:StringNotEquals": {"aws:CalledVia": VIA[1]}}, VIA[:1], True),
        ({"ForAllValues:StringNotEquals": {"aws:CalledVia": VIA[1]}}, VIA, False),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": VIA[1]}}, VIA, True),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": VIA[1]}}, None, False),
        ({"Null": {"aws:CalledVia": "false"}}, VIA, True),
    ],
)
def test_a_key_with_several_values_is_asked_for_all_or_any_of_them(
    condition: dict[str, Any], found: tuple[str, ...] | None, expected: bool
) -> None:
    assert holds(condition, {"aws:calledvia": found} if found else {}) is expected


def test_a_key_with_several_values_is_not_taken_for_one() -> None:
    with pytest.raises(UnsupportedConditionError):
        holds({"StringEquals": {"aws:CalledVia": VIA[1]}}, {"aws:calledvia": VIA})


PRINCIPAL = {"ArnNotEquals": {"aws:PrincipalArn": ["arn:aws:iam::111122223333:role/r"]}}
NO_SERVICE = {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}


@pytest.mark.parametrize(
    ("who", "conditions", "expected"),
    [
        (ROLE, PRINCIPAL, "silent"),
        (caller("arn:aws:iam::1:user/u", "1"), PRINCIPAL, "denied"),
        (EVENTS, PRINCIPAL, "denied"),
        (EVENTS, PRINCIPAL | NO_SERVICE, "silent"),
        (caller("arn:aws:iam::1:user/u", "1"), PRINCIPAL | NO_SERVICE, "denied"),
    ],
)
def test_a_deny_for_all_but_some_roles(who: Any, conditions: dict[str, Any], expected: str) -> None:
    assert answer(who, statement(Effect="Deny", Condition=conditions)) == expected
