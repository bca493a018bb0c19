"""Tool: brings an account of the simulator to where a user's is, and deploys into it."""

import os
from typing import Any

import boto3

from tools.deploy import deploy
from tools.simulator import accounts
from tools.simulator.client import Simulator

ONCALL = "oncall@example.com"
STACK = "emr-in-transit-encryption"
BUCKET = "lambda-code"
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
CONFIGURATION_RULE = "EMR_IN_TRANSIT_ENCRYPTION_CONFIGURATIONS"


class Account:
    """One account and Region of a simulator, with AWS Config switched on."""

    def __init__(self, simulator: Simulator, region: str = accounts.DEFAULT_REGION) -> None:
        self.simulator = simulator
        self.region = region
        self.emr = simulator.client("emr", region)
        self.config = simulator.client("config", region)

    def prepare(self) -> None:
        """Make a bucket for the code, switch AWS Config's recorder on, and let roles count."""
        self.simulator.client("s3", self.region).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": self.region}
        )
        self.start_recorder()
        self.simulator.set_iam(enforce=True)

    def start_recorder(self) -> None:
        """Switch AWS Config's recorder on."""
        account = self.simulator.client("sts", self.region).get_caller_identity()["Account"]
        partition = self.emr.meta.partition
        role = f"arn:{partition}:iam::{account}:role/aws-service-role/config.amazonaws.com/recorder"
        recorder = {"name": "default", "roleARN": role}
        self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        channel = {"name": "default", "s3BucketName": BUCKET}
        self.config.put_delivery_channel(DeliveryChannel=channel)
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")

    def deploy(self, **parameters: str) -> dict[str, str]:
        """Deploy template.yml with the zip that ships; return the stack's outputs.

        The simulator's EMR has limits only where they are switched on, so sweeps need not be slow;
        whoever switches them on names the share too. Somebody reads the alerts, or there are none.
        """
        parameters = {"EmrCallShare": "100", "AlertEmail": ONCALL} | parameters
        os.environ.update(self.simulator.environment(self.region))
        deploy(boto3.Session(), BUCKET, STACK, parameters)
        cloudformation = self.simulator.client("cloudformation", self.region)
        stack = cloudformation.describe_stacks(StackName=STACK)
        outputs = stack["Stacks"][0]["Outputs"]
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def launch(
        self,
        name: str = "etl",
        configuration: str | None = None,
        *,
        applications: tuple[str, ...] = ("Spark",),
        **members: Any,
    ) -> str:
        """Launch a cluster that stays alive, and return its id; ``members`` go to RunJobFlow."""
        attached = {"SecurityConfiguration": configuration} if configuration else {}
        release = {} if "AmiVersion" in members else {"ReleaseLabel": "emr-7.12.0"}
        request = {
            "Name": name,
            "Applications": [{"Name": each} for each in applications],
            "Instances": {
                "MasterInstanceType": "m5.xlarge",
                "SlaveInstanceType": "m5.xlarge",
                "InstanceCount": 3,
                "KeepJobFlowAliveWhenNoSteps": True,
            },
        }
        return str(self.emr.run_job_flow(**request | release | attached | members)["JobFlowId"])

    def results(self, rule: str = RULE) -> dict[str, dict[str, Any]]:
        """Return what AWS Config has on record for a rule, by resource id."""
        pages = self.config.get_paginator("get_compliance_details_by_config_rule").paginate(
            ConfigRuleName=rule
        )
        return {
            each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]["ResourceId"]: each
            for page in pages
            for each in page["EvaluationResults"]
        }
