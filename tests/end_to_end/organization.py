"""What the tests of organizations share: accounts, one alert topic, and what arrives there.

A stack set is the same stack in each account and Region, and a conformance pack is a stack of its
rules in each account, under names of AWS Config's making; so they are deployed here.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

from cfnlint.decode import cfn_yaml

from tools.account import RULE, Account
from tools.code_bucket import MOST_BYTES_IN_A_REQUEST, CodeBucket
from tools.package import ROOT
from tools.simulator.client import Simulator

ORGANIZATION, SECURITY = "o-a1b2c3d4e5", "200000000000"
MEMBERS = ("111111111111", "222222222222", "333333333333")
OUTSIDER = "999999999999"
HOME = "eu-west-1"  # of the alert topic
REGIONS = (HOME, "us-east-1")
CODE, STACK, ONCALL = "lambda-code", "emr-in-transit-encryption", "oncall@example.com"
FUNCTIONS_IN_HASTE = {"time_scale": 0.02, "retry_delay": 0.1, "concurrency": 1}
TEMPLATE = (ROOT / "template.yml").read_text()
PACK = ROOT / "rdk-config" / "conformance-pack.yml"
CERTIFICATES = {"CertificateProviderType": "PEM", "S3Object": "s3://certs/pem.zip"}
IN_TRANSIT = {"TLSCertificateConfiguration": CERTIFICATES}


class Place(Account):
    """One account in one Region, with AWS Config on."""

    code = (
        CODE,
        SECURITY,
    )  # where its stack comes from: what the buckets begin with, whose they are

    def __init__(self, simulator: Simulator, account: str, region: str = HOME) -> None:
        self.simulator, self.account, self.region = simulator, account, region
        self.outputs: dict[str, str] = {}
        self.emr = self.client("emr")
        self.config = self.client("config")
        self.cloudformation = self.client("cloudformation")

    def client(self, service: str) -> Any:
        """Return a client of this account in this Region."""
        return self.simulator.client(service, self.region, self.account)

    def configure(self, name: str, *, on: bool) -> str:
        """Create a security configuration, with certificates."""
        encryption: dict[str, Any] = {"EnableInTransitEncryption": on}
        encryption |= {"InTransitEncryptionConfiguration": IN_TRANSIT} if on else {}
        body = json.dumps({"EncryptionConfiguration": encryption})
        self.emr.create_security_configuration(Name=name, SecurityConfiguration=body)
        return name

    def stack(self, template: str, name: str = STACK, **parameters: str) -> dict[str, str]:
        """Create a stack, or update it, and return its outputs."""
        stacks = self.cloudformation.describe_stacks()["Stacks"]
        stands = name in {each["StackName"] for each in stacks}
        put = self.cloudformation.update_stack if stands else self.cloudformation.create_stack
        put(
            StackName=name,
            **as_taken(
                template,
                self.simulator.client("s3", self.region, self.code[1]),
                f"{self.code[0]}-{self.region}",
            ),
            Parameters=as_list(parameters),
            Capabilities=["CAPABILITY_IAM"],
        )
        found = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert found["StackStatus"] == ("UPDATE_COMPLETE" if stands else "CREATE_COMPLETE"), found
        return {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}

    def pack(self, **parameters: str) -> None:
        """Bring the rules of the conformance pack here, or change them, and wait for what follows.

        AWS Config appends an id of nine characters, which it makes up for each account.
        """
        template = cfn_yaml.load(str(PACK))
        for rule in template["Resources"].values():
            rule["Properties"]["ConfigRuleName"] += f"-conformance-pack-{self.account[:9]}"
        self.stack(json.dumps(template), "pack", **parameters)
        self.simulator.settle(60)

    def rules(self) -> dict[str, dict[str, Any]]:
        """Return the rules, by the part of their names that AWS Config does not append."""
        found = self.config.describe_config_rules()["ConfigRules"]
        return {each["ConfigRuleName"].partition("-conformance-")[0]: each for each in found}

    def verdicts(self, rule: str = RULE) -> dict[str, str]:
        """Return what is on record under a rule, by resource id."""
        found = self.results(self.rules()[rule]["ConfigRuleName"])
        return {each: result["ComplianceType"] for each, result in found.items()}


class Organization:
    """An organization with one alert topic in its security account, an operations topic and code
    in every Region."""

    def __init__(self, simulator: Simulator, members: tuple[str, ...], **central: str) -> None:
        simulator.reset()
        simulator.set_functions(**FUNCTIONS_IN_HASTE)
        self.simulator, self.members = simulator, members
        self.places: list[Place] = []
        self.admit()
        self.security = Place(simulator, SECURITY)
        topic = (ROOT / "rdk-config/central-topic.yml").read_text()
        central = {"OrganizationId": ORGANIZATION, "AlertEmail": ONCALL} | central
        self.outputs = self.security.stack(topic, **central)
        for region in REGIONS:
            if region != HOME:
                there = Place(simulator, SECURITY, region)
                there.stack(topic, **central, MakeAlertTopic="no")
        self.topic = self.outputs["AlertTopicArn"]
        self.key = publish(simulator, SECURITY, CODE, "--organization", ORGANIZATION)
        simulator.set_iam(enforce=True)

    def admit(self, *more: str) -> None:
        """Have these accounts in the organization too."""
        self.simulator.set_organization(ORGANIZATION, [SECURITY, *self.members, *more])

    def parameters(self, **more: str) -> dict[str, str]:
        """Return the parameters of template.yml for every account and Region of the organization.

        The simulator's EMR has no limits unless it is told to, so sweeps need not be slow.
        """
        code = {"CodeBucket": CODE, "CodeBucketPerRegion": "yes", "CodeKey": self.key}
        return code | self.outputs | {"EmrCallShare": "100"} | more

    def deploy(self, *regions: str, **more: str) -> None:
        """Deploy template.yml in each member, in these Regions: those are its places then."""
        self.places = [
            Place(self.simulator, each, region) for each in self.members for region in regions
        ]
        for place in self.places:
            place.outputs = place.stack(TEMPLATE, **self.parameters(**more))
        self.simulator.settle(60)

    def told(self) -> Counter[tuple[str, str, str]]:
        """Return the violations that the topic took: account, Region and resource of each."""
        return Counter(
            (each["account"], each["region"], each["resourceId"]) for each in self.alerts()
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Return the documents of the alerts that the topic took, oldest first."""
        sent = self.simulator.topics(self.topic)
        return [json.loads(json.loads(each["message"])["default"]) for each in sent]


def publish(simulator: Simulator, account: str, bucket: str, *more: str) -> str:
    """Publish the zip into a bucket in every Region, as the guide does it; return its key."""
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "tools.publish",
            "--bucket",
            bucket,
            "--regions",
            " ".join(REGIONS),
            *more,
        ],
        cwd=ROOT,
        env=os.environ | simulator.environment(account=account),
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.split("CODE_KEY=")[1].split()[0]


def as_taken(template: str, s3: Any, bucket: str) -> dict[str, str]:
    """Return a template as CloudFormation's operations take it: by a bucket if it is long."""
    if len(template.encode()) <= MOST_BYTES_IN_A_REQUEST:
        return {"TemplateBody": template}
    code_bucket = CodeBucket(s3, bucket)
    code_bucket.put("template.yml", template.encode())
    return {"TemplateURL": code_bucket.url("template.yml")}


def as_list(parameters: dict[str, str]) -> list[dict[str, str]]:
    """Return a stack's parameters as the API takes them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
