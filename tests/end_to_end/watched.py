"""What the tests of alerts share: a deployed account whose alerts a queue and a person get."""

import json
from typing import Any

import pytest

from tests.end_to_end.ledger_view import LedgerView
from tests.end_to_end.messages import Message, delivered, taken
from tools.account import ONCALL, RULE, STACK, Account
from tools.simulator.accounts import DEFAULT_REGION
from tools.simulator.client import Simulator

CLUSTER, CONFIGURATION = "AWS::EMR::Cluster", "AWS::EMR::SecurityConfiguration"
LIVE = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]
EVENTS_AS_USUAL = {
    "emr_state_change": True,
    "cloudtrail": True,
    "duplicates": 0,
    "drop": False,
    "shuffle": False,
    "failures": 0,
}
# What waits within a function, and Lambda's minute between two attempts, without the wait.
FUNCTIONS_IN_HASTE = {"time_scale": 0.02, "retry_delay": 0.1, "concurrency": 1}


class Watched(Account):
    """An account with template.yml deployed; `messages` and `emails` answer what is new."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.outputs: dict[str, str] = {}
        self.sqs = simulator.client("sqs")
        self.queue_url = ""

    @classmethod
    def deployed(cls, simulator: Simulator, **parameters: str) -> "Watched":
        """Deploy into an empty account, subscribe a queue, and wait for the first evaluations."""
        simulator.reset()
        watched = cls(simulator)
        watched.prepare()
        watched.change(**parameters)
        watched.queue_url = watched.subscribe("alerts")
        return watched

    def change(self, **parameters: str) -> None:
        """Deploy, or update, the stack with these parameters, and wait for what follows."""
        self.simulator.set_functions(**FUNCTIONS_IN_HASTE)
        with pytest.MonkeyPatch.context() as environment:
            for name, value in self.simulator.environment().items():
                environment.setenv(name, value)
            self.outputs = self.deploy(**parameters)
        self.settled()

    def settled(self) -> None:
        """Wait for what follows a change of the stack."""
        dynamodb = self.simulator.client("dynamodb")
        self.ledger = LedgerView(dynamodb, self.outputs["LedgerTable"])
        self.simulator.settle()
        # A warm one would know the old parameters.
        self.simulator.cool_functions(self.outputs["LaunchCheckFunctionArn"])

    def tidy(self, keep: str = "") -> None:
        """Begin the next test: no live clusters but one to keep, no faults, nothing unread."""
        self.simulator.clear_faults()
        self.simulator.set_events(**EVENTS_AS_USUAL)
        self.simulator.set_functions(**FUNCTIONS_IN_HASTE)
        live = {each["Id"] for each in self.emr.list_clusters(ClusterStates=LIVE)["Clusters"]}
        if live - {keep}:
            self.emr.terminate_job_flows(JobFlowIds=list(live - {keep}))
        self.simulator.settle()
        self.messages()
        for output in ("FunctionDeadLettersUrl", "EventDeadLettersUrl"):
            self.drain(self.outputs[output])
        self.simulator.clear_inbox()
        self.simulator.clear_invocations()
        self.simulator.clear_journal()

    def subscribe(self, name: str, **attributes: str) -> str:
        """Subscribe a new queue to the alert topic; return its URL."""
        topic = self.outputs["AlertTopicArn"]
        region, account = topic.split(":")[3:5]
        sqs = self.simulator.client("sqs", region, account)
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        url = str(sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"])
        self.simulator.client("sns", region, account).subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint=f"arn:aws:sqs:{region}:{account}:{name}",
            Attributes=attributes,
        )
        return url

    def messages(self, url: str = "") -> list[Message]:
        """Return the alerts that have come to the queue since the last time."""
        region = self.outputs["AlertTopicArn"].split(":")[3]
        return [delivered(json.loads(body)) for body in self.drain(url or self.queue_url, region)]

    def published(self) -> list[Message]:
        """Return all alerts so far, as the topic took them."""
        return [taken(each) for each in self.simulator.topics(self.outputs["AlertTopicArn"])]

    def drain(self, url: str, region: str = DEFAULT_REGION) -> list[str]:
        """Return the bodies of a queue's messages, which are gone then."""
        sqs = self.simulator.client("sqs", region, url.split("/")[-2])
        bodies = []
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [each["Body"] for each in found]
            for each in found:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return bodies

    def emails(self, output: str = "AlertTopicArn") -> list[dict[str, str]]:
        """Return the emails of a topic to the person on call."""
        return list(self.simulator.inbox(to=ONCALL, topic=self.outputs[output]))

    def sweep(self) -> dict[str, Any]:
        """Fire the rule's schedule, an hour after the last; return the last attempt."""
        self.simulator.settle()
        self.ledger.lapse_claims()
        last = self.simulator.schedule(RULE)[-1]
        self.simulator.settle()
        return dict(last)

    def set_rule(self, **parameters: str) -> None:
        """Change the rule's parameters, as anybody may in the console of AWS Config."""
        (rule,) = self.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
        given = json.dumps(json.loads(rule["InputParameters"]) | parameters)
        kept = {name: rule[name] for name in ("ConfigRuleName", "Source")}
        self.config.put_config_rule(ConfigRule=kept | {"InputParameters": given})
        self.simulator.settle()

    def launch_and_wait(self, *arguments: Any, **members: Any) -> str:
        """Launch a cluster and wait until all that follows has happened."""
        cluster = self.launch(*arguments, **members)
        self.simulator.settle()
        return cluster

    def configure(self, name: str, *, on: bool = True, **certificates: Any) -> str:
        """Create a security configuration, with PEM certificates unless told otherwise."""
        given = certificates or {"CertificateProviderType": "PEM", "S3Object": "s3://certs/pem.zip"}
        encryption = {
            "EnableInTransitEncryption": on,
            "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": given},
        }
        body = json.dumps({"EncryptionConfiguration": encryption})
        self.emr.create_security_configuration(Name=name, SecurityConfiguration=body)
        self.simulator.settle()
        return name

    def watched_by(self, alarm: str) -> str:
        """Return the name of the function or queue that an alarm, named as in the template, watches."""
        cloudwatch = self.simulator.client("cloudwatch")
        prefix = f"{STACK}-{alarm}-"
        (found,) = cloudwatch.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
        (dimension,) = found["Dimensions"]
        return str(dimension["Value"])

    def letters(self, alarm: str) -> list[str]:
        """Return the dead letters in the queue that an alarm watches; they are gone then."""
        return self.drain(self.sqs.get_queue_url(QueueName=self.watched_by(alarm))["QueueUrl"])

    def log(self, output: str) -> list[str]:
        """Return all lines of a function's log group."""
        logs = self.simulator.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=self.outputs[output])
        return [event["message"] for page in pages for event in page["events"]]

    def runs(self, function: str) -> list[dict[str, Any]]:
        """Return the invocations of a function, named by the output with its ARN."""
        return list(self.simulator.invocations(self.outputs[function]))
