"""The three doors of the fault matrix: what opens each, what makes it fail, what comes after."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.fault_matrix import (
    CHANGE,
    CHANGED,
    FRESH,
    GONE,
    HELD,
    LAUNCH,
    LAUNCHED,
    OLD,
    ROLES,
    SWEEP,
    TRIAL,
    Call,
    Fault,
)
from tests.end_to_end.fault_stage import Moment, Stage
from tools.account import CONFIGURATION_RULE, RULE
from tools.simulator.client import Simulator

# By door: those whom a case is about, the rule that judges them, the function behind the door.
ACTORS = {
    SWEEP: (*OLD, *GONE, *FRESH),
    CHANGE: CHANGED,
    HELD: CHANGED,
    TRIAL: OLD,
    LAUNCH: (*OLD, *LAUNCHED),
}
RULES = {
    SWEEP: RULE,
    CHANGE: CONFIGURATION_RULE,
    HELD: CONFIGURATION_RULE,
    TRIAL: TRIAL,
    LAUNCH: RULE,
}
FUNCTIONS = dict.fromkeys(RULES, "FunctionArn") | {LAUNCH: "LaunchCheckFunctionArn"}
# Back-off takes no time, and the launch check asks for the rule again at every launch.
QUICK = {"time_scale": 0.0005, "retry_delay": 0.1, "concurrency": 1}
PATIENCE = 30.0  # seconds for whatever should happen at once


@dataclass(frozen=True)
class Outcome:
    """One case: before the fault, when Lambda has made its last attempt, and after a clean run."""

    before: dict[str, str | None]  # what was on record, by name
    during: Moment
    after: Moment
    shown: set[str]  # by Security Hub, after all
    dead_letters: int
    hits: int


class Doors(Stage):
    """The three ways in, which can be made to fail."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.number = 0
        self.retries = -1  # whatever the template says

    def run(self, call: Call, fault: Fault) -> Outcome:
        """Run one case."""
        service, _, operation = call.action.partition(":")
        service = {"tag": "tagging"}.get(service, service)  # its endpoint's name
        self.arrange(call.door, retries=2 if fault.heals else 0, timeout_scale=fault.timeout_scale)
        where = {"role_contains": ROLES[call.door], "body_contains": self.ids.get(call.at, call.at)}

        def strike() -> None:
            self.simulator.add_fault(service, operation, **where, **fault.script)
            self.open(call.door)
            if fault.kills:
                self.kill(self.outputs[FUNCTIONS[call.door]])

        return self.see(call.door, strike, retried=fault.heals)

    def trouble(self, door: str, forged: dict[str, Any] | None, times: int) -> Outcome:
        """Run a door so often at once, over a forged entry on what it meets first."""
        self.arrange(door, retries=2)

        def strike() -> None:
            if forged is not None:
                name = "fresh-bad" if door == SWEEP else "launch-bad"
                self.forge(name, claims="good", change=forged)
            for _ in range(times):
                self.open(door)

        return self.see(door, strike, retried=True)

    def see(self, door: str, strike: Callable[[], None], *, retried: bool) -> Outcome:
        """Return what there was, what comes of a strike, and what of a clean run after it."""
        before, letters = self.recorded(RULES[door], ACTORS[door]), self.dead_letters()
        strike()
        self.outlast(retried=retried)
        hits = sum(each["hits"] for each in self.simulator.faults())
        during, letters = self.look(door), self.dead_letters() - letters
        self.simulator.clear_faults()
        self.simulator.clear_invocations()
        self.pass_a_minute()
        self.open_again(door)
        self.outlast()
        after, shown = self.look(door), self.shown(ACTORS[door])
        self.leave(door)
        return Outcome(before, during, after, shown, letters, hits)

    def look(self, door: str) -> Moment:
        """Look at all that a case at this door is about."""
        return self.moment(RULES[door], ACTORS[door])

    def set_retries(self, count: int) -> None:
        """Have Lambda try again so often: what does not heal fails then as it fails at first."""
        if count != self.retries:
            self.retries = count
            for output in ("FunctionArn", "LaunchCheckFunctionArn"):
                self.functions.put_function_event_invoke_config(
                    FunctionName=self.outputs[output], MaximumRetryAttempts=count
                )

    def arrange(self, door: str, *, retries: int, timeout_scale: float = 1.0) -> None:
        """Bring functions and fleet to where the next case begins."""
        self.simulator.set_functions(**QUICK, timeout_scale=timeout_scale)
        self.set_retries(retries)
        self.number += 1
        if door == SWEEP:
            self.ids |= {gone: self.ids[fresh] for gone, fresh in zip(GONE, FRESH, strict=True)}
            self.emr.terminate_job_flows(JobFlowIds=[self.ids[name] for name in GONE])
            self.make(*FRESH)
        elif door == LAUNCH:
            self.make(*LAUNCHED)
            self.forget_turn()
        elif door in {CHANGE, HELD}:
            self.ids |= {name: f"{name}-{self.number}" for name in CHANGED}
            self.count_configurations(20 if door == HELD else 0)
        if door == HELD:
            self.change()
        self.simulator.settle()
        self.simulator.clear_invocations()

    def open(self, door: str) -> None:
        """Have the door called by what calls it."""
        if door in {SWEEP, HELD, TRIAL}:
            self.simulator.schedule(TRIAL if door == TRIAL else RULE, wait=False)
        elif door == CHANGE:
            self.change()
        else:
            for name in (*LAUNCHED, "good"):  # that event comes again, and late
                detail = {"clusterId": self.ids[name], "name": name, "state": "STARTING"}
                event = {"source": "aws.emr", "detail-type": "EMR Cluster State Change"}
                self.simulator.put_event(event | {"detail": detail})

    def open_again(self, door: str) -> None:
        """Have the next run begin, as it would an hour later or when somebody asks for it."""
        if door == CHANGE:
            self.config.start_config_rules_evaluation(ConfigRuleNames=[CONFIGURATION_RULE])
        else:
            self.simulator.schedule(TRIAL if door == TRIAL else RULE, wait=False)

    def change(self) -> None:
        """Create the security configurations that a case is about."""
        for name in CHANGED:
            self.create(self.ids[name], on=name.endswith("good"))

    def leave(self, door: str) -> None:
        """Take away what only this case needed."""
        if door in {CHANGE, HELD}:
            for name in CHANGED:
                self.emr.delete_security_configuration(Name=self.ids[name])
        if door == LAUNCH:
            self.emr.terminate_job_flows(JobFlowIds=[self.ids[name] for name in LAUNCHED])
        self.forget_ended()

    def kill(self, function: str) -> None:
        """Kill the function as soon as the fault has struck."""
        end = time.monotonic() + PATIENCE
        while not self.simulator.faults()[0]["hits"]:
            assert time.monotonic() < end, "the fault has not struck"
            time.sleep(0.005)
        assert self.simulator.kill_functions(function)["ended"] == 1

    def outlast(self, *, retried: bool = False) -> None:
        """Wait for Lambda's last attempt; where it has `retried`, a minute goes by in between."""
        failed, end = 0, time.monotonic() + PATIENCE
        while True:
            answer = self.simulator.call("POST", "/settle", timeout=0.04 if retried else PATIENCE)
            assert answer["errors"] == []
            if answer["settled"]:
                return
            assert time.monotonic() < end, "the functions have not come to an end"
            failures = len(self.failures())
            if failures > failed:
                failed = failures
                self.pass_a_minute()
