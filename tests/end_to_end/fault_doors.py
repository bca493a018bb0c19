"""The doors under faults: a fleet that one case after the other works on, and what comes of it."""

import json
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.client import Simulator
from tests.end_to_end.depth import PEM, alive, override
from tests.end_to_end.fault_matrix import (
    CHANGE,
    CHANGED,
    FRESH,
    GONE,
    LAUNCH,
    LAUNCHED,
    OLD,
    ROLES,
    SWEEP,
    Call,
    Fault,
)
from tools.account import CONFIGURATION_RULE, RULE, Account

TAG, MAIL = "exempt", "matrix@example.com"
PARAMETERS = {"OverrideScope": "instances", "ExemptionTagKey": TAG}
# By door: those whom a case is about, and the function behind the door.
ACTORS = {SWEEP: (*OLD, *GONE, *FRESH), CHANGE: CHANGED, LAUNCH: (*OLD, *LAUNCHED)}
FUNCTIONS = {SWEEP: "FunctionArn", CHANGE: "FunctionArn", LAUNCH: "LaunchCheckFunctionArn"}
# Back-off takes no time, and the launch check asks for the rule again at every launch.
QUICK = {"time_scale": 0.0005, "retry_delay": 0.1, "concurrency": 1}
PATIENCE = 30.0  # seconds for whatever should happen at once


@dataclass(frozen=True)
class Told:
    """One alert about one resource."""

    kind: str
    alert_id: str
    detected_by: str


@dataclass(frozen=True)
class Moment:
    """What is to be seen at one time: results and alerts by name, failed runs, dead letters."""

    results: dict[str, str | None]
    alerts: dict[str, list[Told]]
    failures: list[str]
    dead_letters: int


@dataclass(frozen=True)
class Outcome:
    """One case: before the fault, when Lambda has made its last attempt, and after a clean run."""

    before: Moment
    during: Moment
    after: Moment
    hits: int


class Doors(Account):
    """An account with the stack, a fleet, and the three ways in, which can be made to fail."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.sqs = simulator.client("sqs")
        self.dynamodb = simulator.client("dynamodb")
        self.functions = simulator.client("lambda")
        self.ids: dict[str, str] = {}  # by name
        self.told: dict[str, list[Told]] = defaultdict(list)  # by id
        self.number = self.dead_letters = 0
        self.retries = -1  # whatever the template says

    def found(self) -> None:
        """Deploy, launch the old fleet and the first clusters that will have ended, judge them."""
        self.simulator.reset()
        self.prepare()
        self.outputs = self.deploy(**PARAMETERS)
        topic = self.outputs["AlertTopicArn"]
        self.simulator.client("sns").subscribe(TopicArn=topic, Protocol="email-json", Endpoint=MAIL)
        self.simulator.set_events(emr_state_change=False, cloudtrail=False)
        self.simulator.set_config(item_body="name_only", start_evaluation_interval=0)
        self.record(on=False)
        self.create("on", on=True)
        self.create("off", on=False)
        self.record(on=True)
        self.make(*OLD, *FRESH)
        self.simulator.schedule(RULE)
        self.simulator.settle()

    def record(self, *, on: bool) -> None:
        """Switch AWS Config's recorder: what it has not recorded no rule is run on."""
        switch = "start" if on else "stop"
        getattr(self.config, f"{switch}_configuration_recorder")(
            ConfigurationRecorderName="default"
        )

    def run(self, call: Call, fault: Fault) -> Outcome:
        """Run one case."""
        self.simulator.set_functions(**QUICK, timeout_scale=fault.timeout_scale)
        self.set_retries(2 if fault.heals else 0)
        self.arrange(call.door)
        before = self.moment(call.door)
        service, _, operation = call.action.partition(":")
        service = {"tag": "tagging"}.get(service, service)  # its endpoint's name
        where = {"role_contains": ROLES[call.door], "body_contains": self.ids.get(call.at, call.at)}
        self.simulator.add_fault(service, operation, **where, **fault.script)
        self.open(call.door)
        if fault.kills:
            self.kill(self.outputs[FUNCTIONS[call.door]])
        self.outlast(retried=fault.heals)
        hits = self.simulator.faults()[0]["hits"]
        during = self.moment(call.door)
        self.simulator.clear_faults()
        self.simulator.clear_invocations()
        self.pass_a_minute()
        self.open_again(call.door)
        self.outlast()
        after = self.moment(call.door)
        self.leave(call.door)
        return Outcome(before, during, after, hits)

    def set_retries(self, count: int) -> None:
        """Have Lambda try again so often: what does not heal fails then as it fails at first."""
        if count != self.retries:
            self.retries = count
            for output in ("FunctionArn", "LaunchCheckFunctionArn"):
                self.functions.put_function_event_invoke_config(
                    FunctionName=self.outputs[output], MaximumRetryAttempts=count
                )

    def arrange(self, door: str) -> None:
        """Bring the fleet to where the next case begins."""
        self.number += 1
        if door == SWEEP:
            self.ids |= {gone: self.ids[fresh] for gone, fresh in zip(GONE, FRESH, strict=True)}
            self.emr.terminate_job_flows(JobFlowIds=[self.ids[name] for name in GONE])
            self.make(*FRESH)
        elif door == LAUNCH:
            self.make(*LAUNCHED)
            self.forget_turn()
        else:
            self.ids |= {name: f"{name}-{self.number}" for name in CHANGED}
        self.simulator.settle()
        self.simulator.clear_invocations()

    def open(self, door: str) -> None:
        """Have the door called by what calls it."""
        if door == SWEEP:
            self.simulator.schedule(RULE, wait=False)
        elif door == CHANGE:
            for name in CHANGED:
                self.create(self.ids[name], on=name.endswith("good"))
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
            self.simulator.schedule(RULE, wait=False)

    def leave(self, door: str) -> None:
        """Take away what only this case needed."""
        if door == CHANGE:
            for name in CHANGED:
                self.emr.delete_security_configuration(Name=self.ids[name])
        if door == LAUNCH:
            self.emr.terminate_job_flows(JobFlowIds=[self.ids[name] for name in LAUNCHED])

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

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Answer what the ledger holds of a kind: cluster, episode, turn."""
        region = self.dynamodb.meta.region_name
        account = self.outputs["FunctionArn"].split(":")[4]
        found = self.dynamodb.query(
            TableName=self.outputs["LedgerTable"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{account}/{region}/{kind}"}},
        )
        return list(found["Items"])

    def forget_turn(self) -> None:
        """Let a quarter of an hour go by for who asks for an evaluation."""
        for item in self.items("turn"):
            key = {name: item[name] for name in ("pk", "sk")}
            self.dynamodb.delete_item(TableName=self.outputs["LedgerTable"], Key=key)

    def pass_a_minute(self) -> None:
        """Let a minute go by for whoever has claimed an alert: no claim lasts so long.

        What is over by now is forgotten, or every case would be slower than the one before.
        """
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        for item in self.items("episode"):
            where = {
                "TableName": self.outputs["LedgerTable"],
                "Key": {name: item[name] for name in ("pk", "sk")},
            }
            if item["state"] == {"S": "closed"}:
                self.dynamodb.delete_item(**where)
            elif item["state"] == {"S": "pending"}:
                self.dynamodb.update_item(
                    **where,
                    UpdateExpression="SET leaseUntil = :past",
                    ExpressionAttributeValues={":past": {"S": past}},
                )

    def moment(self, door: str) -> Moment:
        """Look at everything that a case at this door is about."""
        recorded = self.results(CONFIGURATION_RULE if door == CHANGE else RULE)
        for email in self.simulator.inbox(to=MAIL):
            document = json.loads(json.loads(email["body"])["Message"])
            for resource in document.get("resources", [document]):
                told = Told(document["kind"], document["alertId"], document["detectedBy"])
                self.told[resource["resourceId"]].append(told)
        self.simulator.clear_inbox()
        ids = {name: self.ids[name] for name in ACTORS[door]}
        return Moment(
            {name: recorded.get(each, {}).get("ComplianceType") for name, each in ids.items()},
            {name: list(self.told[each]) for name, each in ids.items()},
            self.failures(),
            self.new_dead_letters(),
        )

    def new_dead_letters(self) -> int:
        """Answer how many invocations Lambda has given up since the last time."""
        count, before = "ApproximateNumberOfMessages", self.dead_letters
        queue = {"QueueUrl": self.outputs["FunctionDeadLettersUrl"], "AttributeNames": [count]}
        self.dead_letters = int(self.sqs.get_queue_attributes(**queue)["Attributes"][count])
        return self.dead_letters - before

    def failures(self) -> list[str]:
        """Answer why each failed invocation has failed."""
        return [run["error_message"] for run in self.simulator.invocations() if not run["ok"]]

    def create(self, name: str, *, on: bool) -> None:
        """Create a security configuration."""
        encryption: dict[str, Any] = {"EnableInTransitEncryption": on}
        if on:
            tls = {"TLSCertificateConfiguration": PEM}
            encryption["InTransitEncryptionConfiguration"] = tls
        body = json.dumps({"EncryptionConfiguration": encryption})
        self.emr.create_security_configuration(Name=name, SecurityConfiguration=body)

    def make(self, *names: str) -> None:
        """Launch clusters: good ones, bad ones, and some that are bad by their instance fleets."""
        types = [{"InstanceType": "m5.xlarge", "Configurations": override()}]
        fleet = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}
        fleets = {"Instances": alive(InstanceFleets=[fleet | {"InstanceTypeConfigs": types}])}
        tagged = {"Tags": [{"Key": TAG, "Value": "sandbox"}]}
        for name in names:
            if name in {"bad", "launch-other"}:
                cluster = self.launch(name, "on", applications=("Hive",), **fleets)
            elif name == "exempt":
                cluster = self.launch(name, None, **tagged)
            else:
                cluster = self.launch(name, "on" if name.endswith("good") else "off")
            self.ids[name] = cluster
