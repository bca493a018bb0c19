"""What `rdk test-local` runs: the rule under rdklib, from parameters.json to PutEvaluations.

rdk finds unittest classes only, in the rule's folder; make rdk-test-local copies this file there.
"""

import importlib
import json
import unittest
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
from botocore.stub import ANY, Stubber

rule = importlib.import_module("EMR_IN_TRANSIT_ENCRYPTION")

CREATED = datetime(2026, 5, 6, tzinfo=UTC)
STATUS = {"State": "WAITING", "Timeline": {"CreationDateTime": CREATED}}
CLUSTER = {"Id": "j-1", "Name": "bare", "Status": STATUS}
OFF = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})
PARAMETERS = json.loads((Path(rule.__file__).parent / "parameters.json").read_text())["Parameters"]


class Context:
    """Lambda's context, as far as the rule looks at it."""

    function_name = "rule"
    invoked_function_arn = "arn:aws:lambda:eu-west-1:111122223333:function:rule"

    def get_remaining_time_in_millis(self) -> int:
        """Return Lambda's longest time."""
        return 900_000


class RuleTest(unittest.TestCase):
    """One evaluation for each trigger, and one that fails; AWS answers from botocore's Stubber."""

    def setUp(self) -> None:
        """Give the rule clients that take the prepared calls, in order, and no others."""
        keys = {"aws_access_key_id": "fake", "aws_secret_access_key": "fake"}
        clients = {name: boto3.client(name, "eu-west-1", **keys) for name in ("emr", "config")}
        self.emr, self.config = (Stubber(client) for client in clients.values())
        for stubber in (self.emr, self.config):
            stubber.activate()
            self.addCleanup(stubber.deactivate)
        factory = patch("rdklib.clientfactory.ClientFactory.build_client", side_effect=clients.get)
        factory.start()
        self.addCleanup(factory.stop)

    def run_rule(self, **invoking: Any) -> None:
        """Invoke the rule as AWS Config does, with the parameters that rdk deploys."""
        invoking["notificationCreationTime"] = datetime.now(UTC).isoformat()
        event = {
            "invokingEvent": json.dumps(invoking),
            "ruleParameters": PARAMETERS["OptionalParameters"],
            "resultToken": "token",
            "eventLeftScope": False,
            "executionRoleArn": "arn:aws:iam::111122223333:role/config",
            "configRuleName": PARAMETERS["RuleName"],
            "accountId": "111122223333",
        }
        self.assertEqual(rule.lambda_handler(event, Context()), [])  # noqa: PT009 - no pytest here
        self.emr.assert_no_pending_responses()
        self.config.assert_no_pending_responses()

    def expect_recorded(self, resource_type: str, resource_id: str, reason: str) -> None:
        """Prepare for one violation, and for the empty list with which rdklib ends each run."""
        evaluation = {
            "ComplianceResourceType": resource_type,
            "ComplianceResourceId": resource_id,
            "ComplianceType": "NON_COMPLIANT",
            "Annotation": reason,
            "OrderingTimestamp": ANY,
        }
        for evaluations in ([evaluation], []):
            request = {"Evaluations": evaluations, "ResultToken": "token", "TestMode": False}
            self.config.add_response("put_evaluations", {"FailedEvaluations": []}, request)

    def test_a_schedule_records_a_cluster_without_security_configuration(self) -> None:
        """Clusters are judged on the schedule."""
        self.config.add_response("get_compliance_details_by_config_rule", {"EvaluationResults": []})
        self.emr.add_response("list_clusters", {"Clusters": [CLUSTER]})
        described = {"Cluster": CLUSTER | {"ReleaseLabel": "emr-7.12.0", "Applications": []}}
        self.emr.add_response("describe_cluster", described, {"ClusterId": "j-1"})
        self.expect_recorded(
            "AWS::EMR::Cluster",
            "j-1",
            "NO_SECURITY_CONFIGURATION: No security configuration is attached.",
        )
        self.run_rule(messageType="ScheduledNotification")

    def test_a_change_records_a_security_configuration_that_is_off(self) -> None:
        """Security configurations are judged on a change, by what EMR has of them then."""
        self.config.add_response("get_compliance_details_by_config_rule", {"EvaluationResults": []})
        described = {"Name": "weak", "SecurityConfiguration": OFF, "CreationDateTime": CREATED}
        self.emr.add_response("describe_security_configuration", described, {"Name": "weak"})
        item = {
            "configurationItemCaptureTime": "2026-05-06T11:59:00.000Z",
            "configurationItemStatus": "ResourceDiscovered",
            "resourceType": "AWS::EMR::SecurityConfiguration",
            "resourceId": "weak",
            "resourceName": "weak",
            "resourceCreationTime": CREATED.isoformat(),
            "configuration": {"Name": "weak", "SecurityConfiguration": OFF},
        }
        self.expect_recorded(
            "AWS::EMR::SecurityConfiguration",
            "weak",
            "IN_TRANSIT_ENCRYPTION_OFF: EnableInTransitEncryption in security configuration "
            '"weak" is false.',
        )
        self.run_rule(
            messageType="ConfigurationItemChangeNotification",
            configurationItem=item,
            configurationItemDiff=None,
        )

    def test_a_refused_call_ends_the_run_as_an_error(self) -> None:
        """What cannot be read is no verdict: nothing is recorded, and Lambda counts an error."""
        self.config.add_response("get_compliance_details_by_config_rule", {"EvaluationResults": []})
        self.emr.add_client_error("list_clusters", "AccessDeniedException", "not authorized")
        with self.assertRaisesRegex(rule.RuleRunError, "ListClusters"):  # noqa: PT027 - likewise
            self.run_rule(messageType="ScheduledNotification")
        self.config.assert_no_pending_responses()
