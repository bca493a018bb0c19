"""What the tests of rdk share: an account in which rdk deploys, and commands that must succeed."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tools.account import RULE, Account
from tools.rdk_account import FUNCTION
from tools.simulator.accounts import DEFAULT_ACCOUNT

ROOT = Path(__file__).resolve().parents[2]


class Rdk(Account):
    """An account in which rdk deploys, by make, with what it writes in a folder of its own."""

    def __init__(self, simulator, folder):
        super().__init__(simulator)
        self.folder = folder
        self.topic = self.queue = ""

    def make(self, target, **variables):
        """Run a make target against the simulator; return what it prints."""
        given = {"PYTHON": sys.executable, "RDK_FOLDER": str(self.folder)} | variables
        command = ["make", "--no-print-directory", target, *(f"{k}={v}" for k, v in given.items())]
        return run(command, ROOT, self.simulator.environment())

    def subscribe(self):
        """Have a queue get what the alert topic gets."""
        sqs = self.simulator.client("sqs")
        admit = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}}
        statement = admit | {"Action": "sqs:SendMessage", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self.queue = sqs.create_queue(QueueName="q", Attributes={"Policy": policy})["QueueUrl"]
        arn = f"arn:aws:sqs:eu-west-1:{DEFAULT_ACCOUNT}:q"
        sns = self.simulator.client("sns")
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn)

    def messages(self):
        """Return what the queue got since the last time."""
        sqs, bodies = self.simulator.client("sqs"), []
        while found := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get(
            "Messages"
        ):
            for each in found:
                bodies.append(json.loads(each["Body"])["Message"])
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=each["ReceiptHandle"])
        return bodies

    def sweep(self):
        """Fire the schedule; return the last attempt."""
        self.simulator.settle()
        attempt = self.simulator.schedule(RULE)[-1]
        self.simulator.settle()
        return attempt

    def rule(self):
        """Return the rule as AWS Config has it."""
        (found,) = self.config.describe_config_rules()["ConfigRules"]
        return found

    def services(self):
        """Return which services the function has called, under its own role."""
        function = self.simulator.client("lambda").get_function_configuration(FunctionName=FUNCTION)
        calls = self.simulator.journal(role=function["Role"].split("/")[-1])
        return {each["service"] for each in calls}

    def stacks(self):
        """Return the names of all stacks."""
        described = self.simulator.client("cloudformation").describe_stacks()["Stacks"]
        return {each["StackName"] for each in described}


def run(command, folder, environment):
    """Run a command; return what it prints, and fail with all of it if the command does."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
