"""The invariants of the fault matrix, and the cases that are held against them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.end_to_end.fault_doors import Doors, Outcome
from tests.end_to_end.fault_matrix import FORGED, SWEEP, VIOLATION, Call, Fault, right
from tests.end_to_end.fault_stage import Moment
from tools.simulator.client import Simulator


class Cases:
    """Holds one deployment for all cases of a module; one that goes wrong costs the next a new one."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._doors: Doors | None = None

    @contextmanager
    def doors(self) -> Iterator[Doors]:
        """Hand the deployment to a case."""
        doors, self._doors = self._doors, None
        if doors is None:
            doors = Doors(self._simulator)
            doors.found()
        yield doors
        self._doors = doors

    def check_fault(self, call: Call, fault: Fault) -> None:
        """Let a call of a door fail: five invariants hold, however it went."""
        with self.doors() as doors:
            outcome = doors.run(call, fault)
            if not outcome.hits:  # a sweep that another launch had asked for was there first
                outcome = doors.run(call, fault)
            assert outcome.hits, "the door has not made the call"
            problems = _problems(call, fault, outcome, kept, right_elsewhere, told, visible, healed)
            assert not problems, (problems, outcome.during.failures)

    def check_trouble(self, door: str, forged: str, times: int) -> None:
        """Open a door so often at once, over a forged entry; "" stands for none."""
        with self.doors() as doors:
            outcome = doors.trouble(door, FORGED.get(forged), times)
            # Where the launch check and a sweep meet at one cluster, Lambda tries one of them
            # again. An entry that EMR does not confirm is an error by itself.
            call = Call(door, "none:None", spare=True)
            fault = Fault("none", {}, heals=True, silent=True)
            problems = _problems(call, fault, outcome, kept, right_elsewhere, told, healed)
            assert not problems, (problems, outcome.during.failures)
            if forged == "that is due" and door == SWEEP:
                assert any("not what EMR says" in each for each in outcome.during.failures)


def _problems(call: Call, fault: Fault, outcome: Outcome, *invariants):
    """Return what breaks which invariant."""
    found = {each.__doc__: list(each(call, fault, outcome)) for each in invariants}
    return {invariant: problems for invariant, problems in found.items() if problems}


def kept(_call: Call, _fault: Fault, outcome: Outcome):
    """No recorded NON_COMPLIANT of what still violates is lost, or turned COMPLIANT."""
    for name, was in outcome.before.items():
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
        if now != right(name) and not (may_stay and now == outcome.before[name]):
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
    elif not fault.heals and not (during.failures and outcome.dead_letters):
        yield "silent"


def healed(_call: Call, _fault: Fault, outcome: Outcome):
    """The next clean run makes everything right, in Security Hub too, and without an error."""
    for name, now in outcome.after.results.items():
        if now != right(name):
            yield name, now
        if (name in outcome.shown) != (right(name) == VIOLATION):
            yield name, "finding", name in outcome.shown
    yield from outcome.after.failures


def untold(moment: Moment):
    """Return what violates or is exempt, and nobody has been told so."""
    for name, alerts in moment.alerts.items():
        is_news = right(name) == VIOLATION or name.endswith("exempt")
        if is_news and not any(each.kind != "resolved" for each in alerts):
            yield name
