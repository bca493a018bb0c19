"""Every AWS call of every door fails in every way: no verdict and no alert is lost or made up."""

import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.end_to_end.fault_doors import Doors, Outcome
from tests.end_to_end.fault_matrix import (
    CALLS,
    CASES,
    HELD,
    LAUNCH,
    ROLES,
    SWEEP,
    TRIAL,
    VIOLATION,
    Call,
    Fault,
    right,
)
from tests.end_to_end.fault_stage import Moment
from tests.test_template import ROLES as DECLARED


@pytest.fixture(scope="module")
def stage(simulator):
    """Holds one deployment for all cases; a case that goes wrong costs the next one a new one."""
    doors = []

    def ready():
        if not doors:
            doors.append(Doors(simulator))
            doors[0].found()
        return doors.pop()

    return ready, doors.append


@pytest.mark.parametrize(
    ("call", "fault"), CASES, ids=[f"{fault.name}-{call.name}" for call, fault in CASES]
)
def test_no_fault_loses_or_invents_a_verdict(stage, call, fault):
    """Five invariants hold for each case, however it went."""
    ready, give_back = stage
    doors = ready()
    outcome = doors.run(call, fault)
    if not outcome.hits:  # a sweep that another launch had asked for was there first
        outcome = doors.run(call, fault)
    assert outcome.hits, "the door has not made the call"
    problems = {
        invariant.__doc__: found
        for invariant in (kept, right_elsewhere, told, visible, healed)
        if (found := list(invariant(call, fault, outcome)))
    }
    assert problems == {}, outcome.during.failures
    give_back(doors)


def kept(_call: Call, _fault: Fault, outcome: Outcome):
    """No recorded NON_COMPLIANT of what still violates is lost, or turned COMPLIANT."""
    for name, was in outcome.before.results.items():
        now = outcome.during.results[name]
        if was == VIOLATION and now != was and right(name) == VIOLATION:
            yield name, was, now
        if right(name) != "COMPLIANT" and now == "COMPLIANT" != was:
            yield name, was, now


def right_elsewhere(call: Call, fault: Fault, outcome: Outcome):
    """What the fault does not hit is recorded right and told of; what it hits stays as it was."""
    for name, now in outcome.during.results.items():
        may_stay = not fault.heals and name in call.costs
        if call.door == "launch" and name.startswith("launch-"):
            may_stay = True  # the sweeps record them
        if now != right(name) and not (may_stay and now == outcome.before.results[name]):
            yield name, now
    for name in untold(outcome.during):
        if fault.heals or name not in call.mutes:
            yield name, "nobody told"


def told(call: Call, _fault: Fault, outcome: Outcome):
    """No alert is lost for good, none is for a good cluster, none is told as two."""
    yield from untold(outcome.after)
    for name, alerts in outcome.after.alerts.items():
        # What is exempt is told of as such.
        exempt = name.endswith("exempt")
        wrong = [each for each in alerts if (each.kind == "exempted") != exempt]
        if right(name) == VIOLATION or exempt or name.startswith("gone"):
            yield from ((name, each) for each in wrong)
        elif alerts:
            yield name, alerts
        if len({each.alert_id for each in alerts}) > 1 and not call.may_repeat:
            yield name, alerts


def visible(call: Call, fault: Fault, outcome: Outcome):
    """What could not be told is a function error, and a dead letter once all attempts failed."""
    during = outcome.during
    if fault.kills:
        if not during.failures:
            yield "silent"
    elif fault.silent or call.spare:
        # A sweep that meets the launch check at the same cluster lets it try again.
        yield from (each for each in during.failures if "another function has claimed" not in each)
    elif not fault.heals and not (during.failures and during.dead_letters):
        yield "silent"


def healed(_call: Call, _fault: Fault, outcome: Outcome):
    """The next clean run makes everything right, in Security Hub too, and without an error."""
    for name, now in outcome.after.results.items():
        if now != right(name):
            yield name, now
        if (name in outcome.after.shown) != (right(name) == VIOLATION):
            yield name, "finding", name in outcome.after.shown
    yield from outcome.after.failures


def untold(moment: Moment):
    """Return what violates or is exempt, and nobody has been told so."""
    for name, alerts in moment.alerts.items():
        is_news = right(name) == VIOLATION or name.endswith("exempt")
        if is_news and not any(each.kind != "resolved" for each in alerts):
            yield name


FUTURE = (datetime.now(UTC) + timedelta(days=3650)).isoformat()
FORGED = {
    "of the future": {"described": {"S": FUTURE}},
    "of another version": {"schema": {"N": "99"}},
    "without a version": {"schema": None},
    "without facts": {"facts": None},
    "of facts that are no JSON": {"facts": {"S": "{"}},
    "of facts of another type": {"facts": {"S": '{"cluster_id": 7}'}},
    "of facts nested too deeply": {"facts": {"S": "[" * 50_000}},
    "without a time": {"described": None},
    "of a time without a zone": {"described": {"S": "2026-01-01T00:00:00"}},
    "of a time that is none": {"described": {"S": "lately"}},
    "long expired": {"expires": {"N": "1"}},
    "that expires as a text": {"expires": {"S": "never"}},
    "without an end": {"expires": None},
    "of a time of another type": {"described": {"N": "1"}},
    "of a version that is no number": {"schema": {"S": "2"}},
    "of facts that are a list": {"facts": {"S": "[]"}},
    "that is due": {"described": {"S": "2026-01-01T00:00:00+00:00"}},
}
TROUBLES = [
    *((door, name, 1) for door in (SWEEP, LAUNCH) for name in FORGED),
    *((door, name, 2) for door in (SWEEP, LAUNCH) for name in FORGED if "time" in name),
    *((door, "", times) for door in (SWEEP, LAUNCH, HELD, TRIAL) for times in (2, 3)),
]


@pytest.mark.parametrize(
    ("door", "forged", "times"),
    TROUBLES,
    ids=[f"{door}-{times}-times-{forged or 'clean'}" for door, forged, times in TROUBLES],
)
def test_no_forged_entry_and_no_doubled_event_does(stage, door, forged, times):
    """An entry that says that a bad cluster is good, in every wrong shape; and each event again."""
    ready, give_back = stage
    doors = ready()
    outcome = doors.trouble(door, FORGED.get(forged), times)
    # Where the launch check and a sweep meet at one cluster, Lambda tries one of them again. An
    # entry that EMR does not confirm is an error by itself.
    call, fault = Call(door, "none:None", spare=True), Fault("none", {}, heals=True, silent=True)
    problems = {
        invariant.__doc__: found
        for invariant in (kept, right_elsewhere, told, healed)
        if (found := list(invariant(call, fault, outcome)))
    }
    assert problems == {}, outcome.during.failures
    disagrees = forged == "that is due" and door == SWEEP
    if disagrees:
        assert any("not what EMR says" in each for each in outcome.during.failures)
    give_back(doors)


@pytest.mark.parametrize("role", DECLARED)
def test_the_matrix_has_every_call_of_every_door(role):
    """Whatever the adapters of a role declare fails here in every way."""
    declared = {action for permissions in DECLARED[role] for action in permissions}
    # SNS and S3 use a key; that a bucket may be listed decides what S3 says of an object.
    no_calls = {
        action for action in declared if action.startswith("kms:") or "ListBucket" in action
    }
    assert {call.action for call in CALLS if ROLES[call.door] == role} == declared - no_calls


def test_the_matrix_is_large_enough(capsys):
    """Prints how many cases there are."""
    with capsys.disabled():
        count = len(CASES) + len(TROUBLES)
        sys.stdout.write(f"\nfault matrix: {len(CALLS)} calls, {count} cases\n")
    assert count >= 450
