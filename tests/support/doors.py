"""What the tests of the doors share: Lambda's context, events, a Config that remembers, clusters."""

import json
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from moto import mock_aws
from moto.config.models import ConfigBackend
from moto.config.responses import ConfigResponse
from moto.core.responses import ActionResult
from moto.emr.responses import ElasticMapReduceResponse

from tests.unit.test_config_event import ITEM, SCHEDULED, event

OFF = '{"EncryptionConfiguration": {"EnableInTransitEncryption": false}}'
PEM = json.dumps(
    {
        "EncryptionConfiguration": {
            "EnableInTransitEncryption": True,
            "InTransitEncryptionConfiguration": {
                "TLSCertificateConfiguration": {
                    "CertificateProviderType": "PEM",
                    "S3Object": "s3://bucket/certificates.zip",
                }
            },
        }
    }
)


def move_clock(monkeypatch, module, by):
    """Have a module believe that it is later."""

    class Later(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + by

    monkeypatch.setattr(module, "datetime", Later)


class Context:
    """Lambda's context, as far as the doors look at it."""

    function_name = "rule"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rule"

    def __init__(self, seconds=900.0):
        self._seconds = seconds

    def get_remaining_time_in_millis(self):
        return int(self._seconds * 1000)


def launch(emr, configuration=None, body=None, **members):
    """Launch a cluster, with a security configuration that is made when its body is given."""
    if body:
        emr.create_security_configuration(Name=configuration, SecurityConfiguration=body)
    attached = {"SecurityConfiguration": configuration} if configuration else {}
    request = {
        "Name": "etl",
        "ReleaseLabel": "emr-7.3.0",
        "Applications": [{"Name": "Spark"}],
        "Instances": {
            "MasterInstanceType": "m5.xlarge",
            "SlaveInstanceType": "m5.xlarge",
            "InstanceCount": 2,
            "KeepJobFlowAliveWhenNoSteps": True,
        },
    }
    return emr.run_job_flow(**(request | attached | members))["JobFlowId"]


@contextmanager
def recording(monkeypatch):
    """Start moto; yield what Config has on record, by resource id. Moto lacks three calls."""
    results = {}

    def put(_self, evaluations, _result_token, _test_mode):
        results.update({each["ComplianceResourceId"]: each for each in evaluations or []})
        return {"FailedEvaluations": []}

    def details(_self):
        kept = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {
                        "ResourceType": each["ComplianceResourceType"],
                        "ResourceId": each["ComplianceResourceId"],
                    },
                    "OrderingTimestamp": each.get("OrderingTimestamp", 0.0),
                },
                "ComplianceType": each["ComplianceType"],
                "Annotation": each.get("Annotation", ""),
                "ResultRecordedTime": datetime.now(UTC).timestamp(),
            }
            for each in results.values()
            if each["ComplianceType"] != "NOT_APPLICABLE"
        ]
        return json.dumps({"EvaluationResults": kept})

    def names(self):
        listed = [{"Name": each} for each in self.backend.security_configurations]
        return ActionResult({"SecurityConfigurations": listed})

    monkeypatch.setattr(
        ElasticMapReduceResponse, "list_security_configurations", names, raising=False
    )
    monkeypatch.setattr(ConfigBackend, "put_evaluations", put)
    monkeypatch.setattr(
        ConfigResponse, "get_compliance_details_by_config_rule", details, raising=False
    )
    with mock_aws():
        yield results


def scheduled(parameters="{}", **members):
    """Make the event of a schedule that has just come."""
    now = datetime.now(UTC).isoformat()
    given = json.loads(parameters) | {"AssumeRoleMode": "False"}
    invoking = SCHEDULED | {"notificationCreationTime": now}
    return event(invoking, ruleParameters=json.dumps(given), **members)


def configure(emr, body, name="strict"):
    """Have EMR hold a security configuration with this body, and no other of its name."""
    with suppress(ClientError):
        emr.delete_security_configuration(Name=name)
    emr.create_security_configuration(Name=name, SecurityConfiguration=body)


def changed(item=ITEM, **members):
    """Make the event of a changed configuration item."""
    invoking = {
        "messageType": "ConfigurationItemChangeNotification",
        "notificationCreationTime": "2026-05-06T12:00:00.000Z",
        "configurationItem": item,
    }
    return event(invoking, ruleParameters='{"AssumeRoleMode": "False"}', **members)
