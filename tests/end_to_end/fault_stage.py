"""The stage of the fault matrix: an account with the stack and a fleet, and what is to be seen."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.end_to_end.depth import PEM, alive, override
from tests.end_to_end.fault_matrix import FRESH, OLD, TRIAL
from tests.end_to_end.ledger_view import key_of
from tests.support.buckets import BUCKET, OBJECT, bundle
from tools.account import RULE, Account
from tools.simulator.client import Simulator

TAG, MAIL = "exempt", "matrix@example.com"
PARAMETERS = {
    "OverrideScope": "instances",
    "ExemptionTagKey": TAG,
    "SecurityHubFindings": "yes",
    "CertificateBundles": "check",
    "CertificateBuckets": f"arn:aws:s3:::{BUCKET}",
}


@dataclass(frozen=True)
class Told:
    """One alert about one resource."""

    kind: str
    alert_id: str
    detected_by: str


@dataclass(frozen=True)
class Moment:
    """What is on record and has been told at one time, by name; and why runs have failed."""

    results: dict[str, str | None]
    alerts: dict[str, list[Told]]
    failures: list[str]


class Stage(Account):
    """One account for all cases, which come one after the other."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.sqs = simulator.client("sqs")
        self.hub = simulator.client("securityhub")
        self.dynamodb = simulator.client("dynamodb")
        self.functions = simulator.client("lambda")
        self.ids: dict[str, str] = {}  # by name
        self.told: dict[str, list[Told]] = defaultdict(list)  # by id

    def found(self) -> None:
        """Deploy, launch the old fleet and the first clusters that will have ended, judge them."""
        self.simulator.reset()
        self.prepare()
        self.hub.enable_security_hub()
        s3, where = self.simulator.client("s3"), {"LocationConstraint": self.region}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
        s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=bundle())
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
        self.point_a_trial_rule()
        self.simulator.schedule(RULE)
        self.simulator.settle()

    def point_a_trial_rule(self) -> None:
        """Point a periodic rule of somebody else's at the function."""
        (own,) = self.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
        kept = {key: own[key] for key in ("Source", "InputParameters")}
        self.config.put_config_rule(ConfigRule=kept | {"ConfigRuleName": TRIAL})

    def forge(self, name: str, *, claims: str, change: dict[str, Any]) -> None:
        """Write into the ledger that a cluster is as another, with one member changed (None: out)."""
        (entry,) = [each for each in self.items("cluster") if each["sk"]["S"] == self.ids[claims]]
        entry["facts"]["S"] = entry["facts"]["S"].replace(self.ids[claims], self.ids[name])
        entry |= {"sk": {"S": self.ids[name]}} | change
        item = {key: value for key, value in entry.items() if value is not None}
        self.dynamodb.put_item(TableName=self.outputs["LedgerTable"], Item=item)

    def count_configurations(self, number: int) -> None:
        """Have so many bad security configurations been told of within these ten minutes, and the next."""
        region = self.dynamodb.meta.region_name
        account = self.outputs["FunctionArn"].split(":")[4]
        window = int(datetime.now(UTC).timestamp()) // 600
        for each in (window, window + 1):
            self.dynamodb.put_item(
                TableName=self.outputs["LedgerTable"],
                Item={
                    "pk": {"S": f"{account}/{region}/count"},
                    "sk": {"S": f"AWS::EMR::SecurityConfiguration/{each}"},
                    "calls": {"N": str(number)},
                },
            )

    def record(self, *, on: bool) -> None:
        """Switch AWS Config's recorder: what it has not recorded no rule is run on."""
        switch = "start" if on else "stop"
        getattr(self.config, f"{switch}_configuration_recorder")(
            ConfigurationRecorderName="default"
        )

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
            elif name.endswith("exempt"):
                cluster = self.launch(name, None, **tagged)
            else:
                cluster = self.launch(name, "on" if name.endswith("good") else "off")
            self.ids[name] = cluster

    def items(self, kind: str) -> list[dict[str, Any]]:
        """Return what the ledger holds of a kind: cluster, episode, turn."""
        region = self.dynamodb.meta.region_name
        account = self.outputs["FunctionArn"].split(":")[4]
        found = self.dynamodb.query(
            TableName=self.outputs["LedgerTable"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"{account}/{region}/{kind}"}},
        )
        return list(found["Items"])

    def forget(self, items: list[dict[str, Any]]) -> None:
        """Delete items of the ledger."""
        deletions = [{"DeleteRequest": {"Key": key_of(item)}} for item in items]
        for start in range(0, len(deletions), 25):  # as many as DynamoDB takes at once
            some = {self.outputs["LedgerTable"]: deletions[start : start + 25]}
            assert not self.dynamodb.batch_write_item(RequestItems=some)["UnprocessedItems"]

    def forget_turn(self) -> None:
        """Let a quarter of an hour go by for who asks for an evaluation."""
        self.forget(self.items("turn"))

    def forget_ended(self) -> None:
        """Have the ledger forget, as it does in time, the clusters of the cases before."""
        live = set(self.ids.values())
        self.forget([item for item in self.items("cluster") if item["sk"]["S"] not in live])

    def pass_a_minute(self) -> None:
        """Let a minute go by for whoever has claimed an alert: no claim lasts so long.

        What is over by now is forgotten, or every case would be slower than the one before.
        """
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        episodes = self.items("episode")
        self.forget([item for item in episodes if item["state"] == {"S": "closed"}])
        for item in episodes:
            if item["state"] == {"S": "pending"}:
                self.dynamodb.update_item(
                    TableName=self.outputs["LedgerTable"],
                    Key=key_of(item),
                    UpdateExpression="SET leaseUntil = :past",
                    ExpressionAttributeValues={":past": {"S": past}},
                )

    def recorded(self, rule: str, names: tuple[str, ...]) -> dict[str, str | None]:
        """Return what the rule has on record of these."""
        results = self.results(rule)
        return {name: results.get(self.ids[name], {}).get("ComplianceType") for name in names}

    def moment(self, rule: str, names: tuple[str, ...]) -> Moment:
        """Look at what the rule has on record of these, and at what people have been told."""
        for email in self.simulator.inbox(to=MAIL):
            document = json.loads(json.loads(email["body"])["Message"])
            for resource in document.get("resources", [document]):
                told = Told(document["kind"], document["alertId"], document["detectedBy"])
                self.told[resource["resourceId"]].append(told)
        self.simulator.clear_inbox()
        alerts = {name: list(self.told[self.ids[name]]) for name in names}
        return Moment(self.recorded(rule, names), alerts, self.failures())

    def shown(self, names: tuple[str, ...]) -> set[str]:
        """Return which of these Security Hub shows as a problem."""
        active = {"RecordState": [{"Comparison": "EQUALS", "Value": "ACTIVE"}]}
        pages = self.hub.get_paginator("get_findings").paginate(Filters=active)
        ids = {each["Id"].rpartition("/")[2] for page in pages for each in page["Findings"]}
        return {name for name in names if self.ids[name] in ids}

    def dead_letters(self) -> int:
        """Return how many invocations Lambda has given up so far."""
        count = "ApproximateNumberOfMessages"
        queue = {"QueueUrl": self.outputs["FunctionDeadLettersUrl"], "AttributeNames": [count]}
        return int(self.sqs.get_queue_attributes(**queue)["Attributes"][count])

    def failures(self) -> list[str]:
        """Return why each failed invocation has failed."""
        return [run["error_message"] for run in self.simulator.invocations() if not run["ok"]]
