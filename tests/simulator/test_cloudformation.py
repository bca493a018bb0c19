"""The simulator's CloudFormation makes, changes, replaces and removes stacks as AWS does."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    RULE,
    RULE_STACK,
    create,
    described,
    history,
    outputs,
    queue,
    text,
    update,
    with_properties,
)
from tests.simulator.throwaway import call, zipped
from tools.simulator.client import Simulator


def test_a_rule_with_its_function_is_made_in_order_and_evaluated_at_once(aws: Simulator) -> None:
    exposed = {
        "Name": {"Value": {"Ref": "Rule"}},
        "Arn": {"Value": {"Fn::GetAtt": ["Rule", "Arn"]}},
        "Id": {"Value": {"Fn::GetAtt": ["Rule", "ConfigRuleId"]}},
        "Compliance": {"Value": {"Fn::GetAtt": ["Rule", "Compliance.Type"]}},
    }
    assert create(aws, text(RULE_STACK, Outputs=exposed)) == "CREATE_COMPLETE"
    aws.settle()
    (found,) = aws.client("config").describe_config_rules()["ConfigRules"]
    assert outputs(aws) == {
        "Name": "rule",
        "Arn": found["ConfigRuleArn"],
        "Id": found["ConfigRuleId"],
        "Compliance": "INSUFFICIENT_DATA",
    }
    (run,) = aws.call("GET", "/invocations")
    assert run["payload"]["configRuleArn"] == found["ConfigRuleArn"]


def test_a_refusal_of_config_fails_the_stack_and_rolls_it_back(aws: Simulator) -> None:
    scope = {"ComplianceResourceTypes": ["AWS::EMR::SecurityConfiguration"]}
    template = text(RULE_STACK | {"Rule": with_properties(RULE, Scope=scope)})
    assert create(aws, template) == "ROLLBACK_COMPLETE"
    (failed,) = [one for one in history(aws) if one[1] == "CREATE_FAILED"]
    assert failed[0] == "Rule"
    assert "Scope is not supported" in failed[2]
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_roles()["Roles"] == []


def test_a_rule_without_a_permission_for_config_fails(aws: Simulator) -> None:
    hasty = {key: value for key, value in RULE.items() if key != "DependsOn"}
    resources = {"Rule": hasty, "Function": FUNCTION, "Role": ROLE}
    assert create(aws, text(resources)) == "ROLLBACK_COMPLETE"
    assert "cannot be invoked" in next(one for one in history(aws) if one[1] == "CREATE_FAILED")[2]


def test_new_code_in_the_bucket_is_deployed_by_a_new_key(aws: Simulator) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for key in ("1", "2"):
        body = zipped(index=f"def handler(e, c): return {key}")
        s3.put_object(Bucket="code", Key=key, Body=body)
    code = {"S3Bucket": "code", "S3Key": {"Ref": "Key"}}
    function = with_properties(FUNCTION, FunctionName="f", Code=code)
    template = text({"F": function, "Role": ROLE}, Parameters={"Key": {"Type": "String"}})
    create(aws, template, Key="1")
    assert call(aws) == (1, None)
    assert update(aws, template, Key="2") == "UPDATE_COMPLETE"
    assert call(aws) == (2, None)
    names = [name for name, state, _ in history(aws) if state == "UPDATE_COMPLETE"]
    assert names == ["F", "s"]


CONDITIONAL = text(
    {"Always": queue(QueueName="always"), "Never": queue(QueueName="never") | {"Condition": "On"}},
    Parameters={"Switch": {"Type": "String", "Default": "off"}},
    Conditions={"On": {"Fn::Equals": [{"Ref": "Switch"}, "on"]}},
)


def test_a_condition_makes_and_removes_its_resource(aws: Simulator) -> None:
    def names() -> list[str]:
        urls = aws.client("sqs").list_queues().get("QueueUrls", [])
        return sorted(url.rsplit("/", 1)[1] for url in urls)

    create(aws, CONDITIONAL)
    assert names() == ["always"]
    update(aws, CONDITIONAL, Switch="on")
    assert names() == ["always", "never"]
    update(aws, CONDITIONAL, Switch="off")
    assert names() == ["always"]


def test_what_cannot_be_changed_is_replaced_and_what_refers_to_it_follows(aws: Simulator) -> None:
    def template(name: str) -> str:
        description = {"Fn::GetAtt": ["Queue", "QueueName"]}
        role = with_properties(ROLE, RoleName="r", Description=description)
        return text({"Queue": queue(QueueName=name), "Role": role})

    create(aws, template("one"))
    assert update(aws, template("two")) == "UPDATE_COMPLETE"
    (url,) = aws.client("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/two")
    assert aws.client("iam").get_role(RoleName="r")["Role"]["Description"] == "two"


def test_an_update_that_fails_goes_back_to_what_was(aws: Simulator) -> None:
    create(aws, text({"Queue": queue(QueueName="q", DelaySeconds=1)}))
    bad = with_properties(FUNCTION, Code={"S3Bucket": "no-such-bucket", "S3Key": "k"})
    changed = {"Queue": queue(QueueName="q", DelaySeconds=2), "Function": bad, "Role": ROLE}
    assert update(aws, text(changed)) == "UPDATE_ROLLBACK_COMPLETE"
    assert [name for name, state, _ in history(aws) if state == "CREATE_FAILED"] == ["Function"]
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])
    assert found["Attributes"] == {"DelaySeconds": "1"}
    assert aws.client("iam").list_roles()["Roles"] == []


def test_an_update_without_changes_is_refused(aws: Simulator) -> None:
    create(aws, CONDITIONAL)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        update(aws, CONDITIONAL, Switch="off")


def test_a_retained_resource_outlives_its_stack(aws: Simulator) -> None:
    kept = queue(QueueName="kept") | {"DeletionPolicy": "Retain"}
    create(aws, text({"Kept": kept, "Gone": queue(QueueName="gone")}))
    aws.client("cloudformation").delete_stack(StackName="s")
    (url,) = aws.client("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/kept")
    with pytest.raises(ClientError, match="does not exist"):
        described(aws)


def test_a_previous_value_may_be_a_default_and_must_be_known(aws: Simulator) -> None:
    declared = {
        "Name": {"Type": "String"},
        "Delay": {"Type": "Number", "Default": "5"},
        "Size": {"Type": "Number", "Default": "2048"},
    }
    refs = {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Delay"}}
    refs["MaximumMessageSize"] = {"Ref": "Size"}
    template = text({"Q": queue(**refs)}, Parameters=declared)
    assert create(aws, template, Name="first") == "CREATE_COMPLETE"

    held = [{"ParameterKey": each, "UsePreviousValue": True} for each in ("Name", "Delay")]
    size = {"ParameterKey": "Size", "ParameterValue": "4096"}
    change = {"StackName": "s", "TemplateBody": template}
    cloudformation = aws.client("cloudformation")
    cloudformation.update_stack(**change, Parameters=[*held, size])
    found = {each["ParameterKey"]: each["ParameterValue"] for each in described(aws)["Parameters"]}
    assert found == {"Name": "first", "Delay": "5", "Size": "4096"}
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(**change, Parameters=[*held, size])
    unknown = {"ParameterKey": "Colour", "UsePreviousValue": True}
    with pytest.raises(ClientError, match=r"Colour\. Cannot specify usePreviousValue"):
        cloudformation.update_stack(**change, Parameters=[*held, unknown])
