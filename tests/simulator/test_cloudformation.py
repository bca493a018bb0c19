"""The simulator's CloudFormation makes, changes, replaces and removes stacks as AWS does."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import (
    BAD,
    ROLE,
    RULE,
    RULE_STACK,
    create,
    described,
    history,
    outputs,
    queue,
    queues,
    text,
    update,
    upload,
    with_properties,
)


def failure(aws):
    """Return the reason for which the first resource of the stack failed."""
    return next(reason for _, status, reason in history(aws) if status.endswith("_FAILED"))


def test_a_refusal_of_config_fails_the_stack_and_rolls_it_back(aws):
    upload(aws)
    scope = {"ComplianceResourceTypes": ["AWS::EMR::SecurityConfiguration"]}
    template = text(RULE_STACK | {"Rule": with_properties(RULE, Scope=scope)})
    assert create(aws, template) == "ROLLBACK_COMPLETE"
    assert [name for name, status, _ in history(aws) if status == "CREATE_FAILED"] == ["Rule"]
    assert "Scope is not supported" in failure(aws)
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("iam").list_roles()["Roles"] == []


def test_what_cannot_be_changed_is_replaced_and_what_refers_to_it_follows(aws):
    def template(name):
        role = with_properties(
            ROLE, RoleName="r", Description={"Fn::GetAtt": ["Queue", "QueueName"]}
        )
        return text({"Queue": queue(name), "Role": role})

    create(aws, template("one"))
    assert update(aws, template("two")) == "UPDATE_COMPLETE"
    assert queues(aws) == ["two"]
    assert aws.client("iam").get_role(RoleName="r")["Role"]["Description"] == "two"


def test_a_rollback_deletes_what_was_made_after_it_has_brought_back_what_was_there(aws):
    """So a policy that moves from a role to beside it, under the name that it had, is lost."""
    statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    inline = {"PolicyName": "p", "PolicyDocument": document}
    role = with_properties(ROLE, RoleName="mine", Policies=[inline])

    def beside(name):
        properties = {"RoleName": {"Ref": "R"}, **inline, "PolicyName": name}
        return {
            "R": with_properties(role, Policies=None),
            "P": {"Type": "AWS::IAM::RolePolicy", "Properties": properties},
            "Q": queue("not a name!") | {"DependsOn": "P"},
        }

    iam = aws.client("iam")
    create(aws, text({"R": role}))
    assert update(aws, text(beside("new"))) == "UPDATE_ROLLBACK_COMPLETE"
    assert iam.list_role_policies(RoleName="mine")["PolicyNames"] == ["p"]
    assert update(aws, text(beside("p"))) == "UPDATE_ROLLBACK_COMPLETE"
    assert iam.list_role_policies(RoleName="mine")["PolicyNames"] == []
    aws.client("cloudformation").delete_stack(StackName="s")
    assert iam.list_roles()["Roles"] == []


def test_what_is_retained_stays_except_for_a_stack_that_never_was(aws):
    """RetainExceptOnCreate counts when a stack is deleted, not when its making is rolled back."""
    kept = {
        policy: queue(policy) | {"DeletionPolicy": policy}
        for policy in ("Retain", "RetainExceptOnCreate")
    }
    last = {"Function": BAD | {"DependsOn": list(kept)}, "Role": ROLE}
    assert create(aws, text({**kept, **last})) == "ROLLBACK_COMPLETE"
    assert "from a bucket alone" in failure(aws)
    assert queues(aws) == ["Retain"]
    aws.client("sqs").delete_queue(QueueUrl=aws.client("sqs").list_queues()["QueueUrls"][0])
    assert create(aws, text({**kept, "Gone": queue("gone")}), "t") == "CREATE_COMPLETE"
    aws.client("cloudformation").delete_stack(StackName="t")
    assert queues(aws) == sorted(kept)
    with pytest.raises(ClientError, match="does not exist"):
        described(aws, "t")


def test_what_is_replaced_stays_where_its_own_policy_says_so(aws):
    def template(suffix):
        return text(
            {
                "Kept": queue(f"kept-{suffix}") | {"UpdateReplacePolicy": "Retain"},
                "Gone": queue(f"gone-{suffix}") | {"DeletionPolicy": "Retain"},
            }
        )

    create(aws, template("1"))
    assert update(aws, template("2")) == "UPDATE_COMPLETE"
    assert queues(aws) == ["gone-2", "kept-1", "kept-2"]


def test_a_previous_value_may_be_a_default_and_must_be_known(aws):
    declared = {
        "Name": {"Type": "String"},
        "Delay": {"Type": "Number", "Default": "5"},
        "Kept": {"Type": "Number", "Default": "86400"},
    }
    refs = {"DelaySeconds": {"Ref": "Delay"}, "MessageRetentionPeriod": {"Ref": "Kept"}}
    template = text({"Q": queue({"Ref": "Name"}, **refs)}, Parameters=declared)
    assert create(aws, template, Name="first") == "CREATE_COMPLETE"

    held = [{"ParameterKey": each, "UsePreviousValue": True} for each in ("Name", "Delay")]
    given = {"ParameterKey": "Kept", "ParameterValue": "3600"}
    change = {"StackName": "s", "TemplateBody": template}
    cloudformation = aws.client("cloudformation")
    cloudformation.update_stack(**change, Parameters=[*held, given])
    found = {each["ParameterKey"]: each["ParameterValue"] for each in described(aws)["Parameters"]}
    assert found == {"Name": "first", "Delay": "5", "Kept": "3600"}
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(**change, Parameters=[*held, given])
    unknown = {"ParameterKey": "Colour", "UsePreviousValue": True}
    with pytest.raises(ClientError, match=r"Colour\. Cannot specify usePreviousValue"):
        cloudformation.update_stack(**change, Parameters=[*held, unknown])


def test_a_rule_parameter_left_out_by_novalue_is_not_sent(aws):
    upload(aws)
    parameters = {"a": {"Fn::If": ["Wanted", "x", {"Ref": "AWS::NoValue"}]}, "b": {"Ref": "Days"}}
    template = text(
        RULE_STACK | {"Rule": with_properties(RULE, InputParameters=parameters)},
        Parameters={"Days": {"Type": "Number", "Default": 30}},
        Conditions={"Wanted": {"Fn::Equals": [{"Ref": "Days"}, "31"]}},
    )
    assert create(aws, template) == "CREATE_COMPLETE"
    (found,) = aws.client("config").describe_config_rules()["ConfigRules"]
    assert found["InputParameters"] == '{"b": "30"}'
    assert update(aws, template, Days="31") == "UPDATE_COMPLETE"
    (found,) = aws.client("config").describe_config_rules()["ConfigRules"]
    assert json.loads(found["InputParameters"]) == {"a": "x", "b": "31"}
    as_text = RULE_STACK | {"Rule": with_properties(RULE, InputParameters='{"c": "y"}')}
    assert update(aws, text(as_text)) == "UPDATE_COMPLETE"  # as rdk has them
    (found,) = aws.client("config").describe_config_rules()["ConfigRules"]
    assert json.loads(found["InputParameters"]) == {"c": "y"}


INTRINSICS = {
    "Join": ({"Fn::Join": ["-", ["a", {"Ref": "Word"}, 1]]}, "a-word-1"),
    "Sub": (
        {"Fn::Sub": "${Word}/${!Word}/${AWS::Region}/${Queue.QueueName}"},
        "word/${Word}/eu-west-1/q",
    ),
    "SubWithMap": ({"Fn::Sub": ["${X}${Word}", {"X": {"Ref": "Word"}}]}, "wordword"),
    "Select": ({"Fn::Select": ["1", {"Ref": "List"}]}, "y"),
    "Split": ({"Fn::Select": [0, {"Fn::Split": [",", {"Fn::Join": [",", {"Ref": "List"}]}]}]}, "x"),
    "If": ({"Fn::If": ["IsWord", {"Ref": "Word"}, "other"]}, "word"),
}


def test_intrinsic_functions_have_the_values_that_aws_gives_them(aws):
    template = text(
        {"Queue": queue("q")},
        Parameters={
            "Word": {"Type": "String", "Default": "word"},
            "List": {"Type": "CommaDelimitedList", "Default": "x, y"},
        },
        Conditions={
            "IsWord": {"Fn::And": [{"Condition": "Word"}, {"Fn::Not": [{"Condition": "No"}]}]},
            "Word": {"Fn::Equals": [{"Ref": "Word"}, "word"]},
            "No": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["a", "c"]}]},
        },
        Outputs={name: {"Value": value} for name, (value, _) in INTRINSICS.items()},
    )
    assert create(aws, template) == "CREATE_COMPLETE"
    assert outputs(aws) == {name: expected for name, (_, expected) in INTRINSICS.items()}


def test_a_log_group_takes_a_key_whose_policy_admits_it(aws):
    """On creation and on an update; a key with the default policy does not."""
    kms = aws.client("kms")
    closed = kms.create_key()["KeyMetadata"]["Arn"]
    logs = {"Service": "logs.eu-west-1.amazonaws.com"}
    admitting = {"Effect": "Allow", "Principal": logs, "Action": "kms:*", "Resource": "*"}
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:g"
    admitting["Condition"] = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": group}}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [admitting]})
    opened = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]

    def group_under(key):
        properties = {"LogGroupName": "g", "KmsKeyId": key} if key else {"LogGroupName": "g"}
        return text({"Group": {"Type": "AWS::Logs::LogGroup", "Properties": properties}})

    def key_of_group():
        (found,) = aws.client("logs").describe_log_groups()["logGroups"]
        return found.get("kmsKeyId")

    assert create(aws, group_under(closed), "closed") == "ROLLBACK_COMPLETE"
    assert create(aws, group_under(opened)) == "CREATE_COMPLETE"
    assert update(aws, group_under(closed)) == "UPDATE_ROLLBACK_COMPLETE"
    assert "not allowed to be used with LogGroup" in failure(aws)
    assert key_of_group() == opened
    assert update(aws, group_under(None)) == "UPDATE_COMPLETE"
    assert key_of_group() is None


def test_an_updated_rule_has_its_new_targets_only(aws):
    def rule(*names):
        targets = [{"Id": name, "Arn": {"Fn::GetAtt": [name, "Arn"]}} for name in names]
        pattern = {"source": ["aws.emr"]}
        properties = {"Name": "r", "EventPattern": pattern, "Targets": targets}
        return text(
            {
                "One": queue("one"),
                "Two": queue("two"),
                "Rule": {"Type": "AWS::Events::Rule", "Properties": properties},
            }
        )

    create(aws, rule("One", "Two"))
    assert update(aws, rule("Two")) == "UPDATE_COMPLETE"
    targets = aws.client("events").list_targets_by_rule(Rule="r")["Targets"]
    assert [target["Id"] for target in targets] == ["Two"]
