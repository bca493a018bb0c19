"""What the simulator answers is of the shape that AWS's models have."""

import io
import json

import pytest
from botocore.session import get_session

from tools.simulator.shapes import middleware, problems
from tools.simulator.wire import middleware as capture

CASES = [
    ("config", "DescribeConfigRules", b'{"ConfigRules": [{"ConfigRuleName": "a", "Tags": []}]}', ["AWS has no DescribeConfigRulesResponse.ConfigRules.Tags"]),
    ("config", "DescribeConfigRules", b'{"ConfigRules": [{"ConfigRuleName": 1}]}', ["DescribeConfigRulesResponse.ConfigRules.ConfigRuleName is 1, AWS has a string there"]),
    ("config", "DescribeConfigRules", b'{"ConfigRules": {}}', ["DescribeConfigRulesResponse.ConfigRules is {}, AWS has a list there"]),
    ("emr", "DescribeCluster", b'{"Cluster": {"AutoTerminate": "no"}}', ['DescribeClusterOutput.Cluster.AutoTerminate is "no", AWS has a boolean there']),
    ("emr", "DescribeCluster", b'{"Cluster": {"NormalizedInstanceHours": true}}', ["DescribeClusterOutput.Cluster.NormalizedInstanceHours is true, AWS has a integer there"]),
    ("emr", "DescribeCluster", b'{"Cluster": {"Configurations": [{"Properties": {"a": 1}}]}}', ["DescribeClusterOutput.Cluster.Configurations.Properties is 1, AWS has a string there"]),
    ("emr", "DescribeCluster", b'{"Cluster": {"Name": null}}', []),
    ("emr", "DescribeCluster", b"", []),
    ("sns", "Publish", b"<PublishResponse xmlns='x'><PublishResult><MessageId>a</MessageId><Id>b</Id></PublishResult><ResponseMetadata/></PublishResponse>", ["AWS has no PublishResponse.Id"]),
    ("sns", "ListTopics", b"<R><ListTopicsResult><Topics><member><TopicArn>a</TopicArn><Name>b</Name></member></Topics></ListTopicsResult></R>", ["AWS has no ListTopicsResponse.Topics.Name"]),
    ("ec2", "DescribeRegions", b"<R xmlns='x'><requestId>a</requestId><regionInfo><item><regionName>b</regionName></item></regionInfo></R>", []),
    ("ec2", "DescribeRegions", b"<R><regionInfo><item><name>b</name></item></regionInfo></R>", ["AWS has no DescribeRegionsResult.regionInfo.name"]),
]  # fmt: skip


@pytest.mark.parametrize(("service", "operation", "body", "found"), CASES)
def test_what_aws_would_not_answer_is_named(service, operation, body, found):
    """With the way to it, for names and for types."""
    model = get_session().get_service_model(service).operation_model(operation)
    assert problems(body, model.output_shape) == found


def answered(status, body):
    """Return status and body of DescribeConfigRules, where moto answers so."""

    def moto(_environ, start_response):
        start_response(status, [])
        return [body]

    heard = []
    scope = "Credential=AKIA/20261128/eu-west-1/config/aws4_request,"
    environ = {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 {scope}",
        "HTTP_X_AMZ_TARGET": "StarlingDoveService.DescribeConfigRules",
        "wsgi.input": io.BytesIO(b"{}"),
        "CONTENT_LENGTH": "2",
    }
    served = capture(middleware(moto))(environ, lambda status, _headers: heard.append(status))
    return heard[0], b"".join(served)


def test_an_answer_that_is_not_of_aws_shape_is_an_error():
    """It names call and member; errors have shapes of their own, and pass."""
    assert answered("200 OK", b'{"ConfigRules": []}') == ("200 OK", b'{"ConfigRules": []}')
    assert answered("400 Bad", b'{"__type": "x"}') == ("400 Bad", b'{"__type": "x"}')
    status, body = answered("200 OK", b'{"Rules": []}')
    assert status.startswith("501")
    assert "AWS has no DescribeConfigRulesResponse.Rules" in json.loads(body)["message"]
