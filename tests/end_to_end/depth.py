"""What the tests of depth share: security configurations, overrides, sweeps and what they say."""

import json
from typing import Any

from tools.account import RULE, Account

PEM = {"CertificateProviderType": "PEM", "S3Object": "s3://amzn-s3-demo-bucket/certificates.zip"}
CUSTOM = {
    "CertificateProviderType": "Custom",
    "S3Object": "s3://amzn-s3-demo-bucket/provider.jar",
    "CertificateProviderClass": "com.example.Provider",
}
METASTORE = "hive-site/hive.metastore.use.SSL"


def configuration(
    account: Account,
    name: str = "secure",
    certificates: dict[str, Any] = PEM,
    *,
    complete: bool = False,
) -> str:
    """Create a security configuration that is on; ``complete`` adds Kerberos and disk encryption."""
    encryption = {
        "EnableInTransitEncryption": True,
        "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": certificates},
    }
    body: dict[str, Any] = {"EncryptionConfiguration": encryption}
    if complete:
        kerberos = {"Provider": "ClusterDedicatedKdc"}
        body["AuthenticationConfiguration"] = {"KerberosConfiguration": kerberos}
        local = {"EncryptionKeyProviderType": "AwsKms", "AwsKmsKey": "alias/disks"}
        at_rest = {"LocalDiskEncryptionConfiguration": local}
        encryption |= {
            "EnableAtRestEncryption": True,
            "AtRestEncryptionConfiguration": at_rest,
        }
    account.emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(body))
    return name


def override(key: str = METASTORE, value: str = "false") -> list[dict[str, Any]]:
    """Make the Configurations that set this classification/property."""
    classification, name = key.split("/")
    return [{"Classification": classification, "Properties": {name: value}}]


def group(role: str, **members: Any) -> dict[str, Any]:
    """Make an instance group for RunJobFlow."""
    base = {"InstanceRole": role, "InstanceType": "m5.xlarge", "InstanceCount": 1}
    return base | {"Name": role.lower()} | members


def alive(**members: Any) -> dict[str, Any]:
    """Make the Instances of a cluster that stays alive, with these groups or fleets."""
    return {"KeepJobFlowAliveWhenNoSteps": True} | members


def sweep(account: Account) -> dict[str, Any]:
    """Fire the rule's schedule; return its summary line, with its error where there is one."""
    account.simulator.settle()
    last = account.simulator.schedule(RULE)[-1]
    account.simulator.settle()
    lines = [json.loads(line) for line in last["logs"]]
    summary = next(line for line in lines if line["message"] == "sweep finished")
    return summary | {"error": last["error_message"]}


def verdict(account: Account, cluster_id: str) -> tuple[str, str]:
    """Return what AWS Config has on record for a cluster: the type and the annotation."""
    result = account.results().get(cluster_id, {})
    return result.get("ComplianceType", "no verdict"), result.get("Annotation", "")


def alerts(account: Account, cluster_id: str) -> list[dict[str, Any]]:
    """Return the alert documents that tell of a cluster, oldest first."""
    sent = account.simulator.topics(account.outputs["AlertTopicArn"])
    documents = [json.loads(json.loads(each["message"])["default"]) for each in sent]
    return [
        {**document, **entry}
        for document in documents
        for entry in document.get("resources", [document])
        if entry["resourceId"] == cluster_id
    ]
