"""The simulator refuses the templates and parameters that AWS refuses, and those it cannot honour."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    RULE_STACK,
    create,
    queue,
    request,
    text,
    with_properties,
)
from tools.simulator.client import Simulator


def refusal(aws: Simulator, template: str, **parameters: str) -> str:
    """Return the message of the ValidationError; nothing may have been made."""
    with pytest.raises(ClientError) as caught:
        create(aws, template, **parameters)
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    message: str = error["Message"]
    return message


BAD_RESOURCES: list[tuple[dict[str, Any], list[str]]] = [
    ({"Q": {"Type": "AWS::SQS::Que"}}, ["AWS::SQS::Que", "Q"]),
    ({"Q": queue(Colour="red")}, ["Q (AWS::SQS::Queue)", "unknown property Colour"]),
    (
        {"F": with_properties(FUNCTION, LoggingConfig={"Format": "JSON"}), "Role": ROLE},
        ["F (AWS::Lambda::Function).LoggingConfig", "unknown property Format"],
    ),
    ({"F": with_properties(FUNCTION, Code=None), "Role": ROLE}, ["F", "Code is missing"]),
    ({"F": with_properties(FUNCTION, Timeout="soon"), "Role": ROLE}, ["Timeout", "integer"]),
    (
        {
            "E": {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {
                    "FunctionName": "f",
                    "Qualifier": "$LATEST",
                    "MaximumRetryAttempts": 3,
                },
            }
        },
        ["MaximumRetryAttempts", "3"],
    ),
    ({"F": with_properties(FUNCTION, Layers="l"), "Role": ROLE}, ["Layers", "array"]),
    ({"F": with_properties(FUNCTION, Architectures=["arm"]), "Role": ROLE}, ["'arm'", "arm64"]),
    ({"F": with_properties(FUNCTION, Role="nobody"), "Role": ROLE}, ["Role", "does not match"]),
    ({"R": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 2}}}, ["'2'"]),
    ({"Q": queue(QueueName={"Ref": "Nothing"})}, ["Unresolved", "Nothing"]),
    ({"Q": queue(QueueName={"Fn::Sub": "x-${Nothing}"})}, ["Unresolved", "Nothing"]),
    ({"Q": queue() | {"DependsOn": "Nothing"}}, ["Unresolved", "Nothing"]),
    (
        {"Q": queue(), "P": queue(QueueName={"Fn::GetAtt": ["Q", "Colour"]})},
        ["Q", "does not support attribute type Colour"],
    ),
    (
        {"A": queue() | {"DependsOn": "B"}, "B": queue() | {"DependsOn": "A"}},
        ["Circular dependency", "[A, B]"],
    ),
    ({"Q": queue() | {"Condition": "Nothing"}}, ["Nothing"]),
    ({"Q": queue(QueueName={"Fn::If": ["Nothing", "a", "b"]})}, ["Nothing"]),
    ({"Q": queue() | {"Colour": "red"}}, ["Q", "Colour"]),
    ({"Q": {"Properties": {}}}, ["Q", "Type"]),
    (
        {"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}}},
        ["does not have"],
    ),
    (
        {"Q": queue(FifoQueue=True)},
        ["Q (AWS::SQS::Queue)", "does not honour", "FifoQueue"],
    ),
]


@pytest.mark.parametrize(("resources", "words"), BAD_RESOURCES)
def test_a_bad_resource_is_refused_by_name(
    aws: Simulator, resources: dict[str, Any], words: list[str]
) -> None:
    message = refusal(aws, text(resources))
    assert [word for word in words if word not in message] == [], message


def test_only_the_branch_that_is_taken_is_held_against_the_schema(aws: Simulator) -> None:
    template = text(
        {"Q": queue(DelaySeconds={"Fn::If": ["Sane", 5, "soon"]})},
        Parameters={"Mood": {"Type": "String"}},
        Conditions={"Sane": {"Fn::Equals": [{"Ref": "Mood"}, "good"]}},
    )
    assert "DelaySeconds" in refusal(aws, template, Mood="bad")
    assert create(aws, template, Mood="good") == "CREATE_COMPLETE"


def test_a_reference_to_a_resource_that_its_condition_leaves_out_is_refused(aws: Simulator) -> None:
    template = text(
        {"Q": queue() | {"Condition": "Never"}},
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
        Outputs={"Url": {"Value": {"Ref": "Q"}}},
    )
    assert "Unresolved resource dependencies [Q]" in refusal(aws, template)


PARAMETERS: list[tuple[dict[str, Any], dict[str, str], str]] = [
    ({"Type": "String"}, {}, "must have values"),
    ({"Type": "String", "Default": "a"}, {"Other": "x"}, "[Other] do not exist"),
    ({"Type": "String", "AllowedValues": ["a", "b"]}, {"P": "c"}, "AllowedValues"),
    ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "a1"}, "must match pattern"),
    (
        {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "be kind"},
        {"P": "1"},
        "be kind",
    ),
    ({"Type": "String", "MinLength": 2}, {"P": "a"}, "at least 2"),
    ({"Type": "String", "MaxLength": 2}, {"P": "abc"}, "at most 2"),
    ({"Type": "Number"}, {"P": "ten"}, "must be a number"),
    ({"Type": "Number", "MinValue": 1}, {"P": "0"}, "not less than 1"),
    ({"Type": "Number", "MaxValue": 1}, {"P": "2"}, "not greater than 1"),
    ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, {"P": "a,b"}, "AllowedValues"),
]


@pytest.mark.parametrize(("declared", "given", "words"), PARAMETERS)
def test_a_parameter_outside_its_constraints_is_refused(
    aws: Simulator, declared: dict[str, Any], given: dict[str, str], words: str
) -> None:
    template = text({"Q": queue()}, Parameters={"P": declared})
    assert words in refusal(aws, template, **given)


def test_an_assertion_of_the_rules_section_is_enforced_when_its_condition_holds(
    aws: Simulator,
) -> None:
    assertion = {
        "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]},
        "AssertDescription": "Mail is needed.",
    }
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Mode"}, "mail"]},
        "Assertions": [assertion],
    }
    template = text(
        {"Q": queue()},
        Parameters={"Mode": {"Type": "String"}, "Mail": {"Type": "String", "Default": ""}},
        Rules={"MailNeeded": rule},
    )
    assert "Mail is needed." in refusal(aws, template, Mode="mail")
    assert create(aws, template, Mode="none") == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("role", "given", "needed"),
    [
        (ROLE, [], "CAPABILITY_IAM"),
        (with_properties(ROLE, RoleName="r"), ["CAPABILITY_IAM"], "CAPABILITY_NAMED_IAM"),
    ],
)
def test_iam_resources_need_their_capability(
    aws: Simulator, role: dict[str, Any], given: list[str], needed: str
) -> None:
    asked = request(text({"Role": role})) | {"Capabilities": given}
    for operation, more in (
        ("create_stack", {}),
        ("create_change_set", {"ChangeSetName": "c", "ChangeSetType": "CREATE"}),
    ):
        with pytest.raises(ClientError, match="InsufficientCapabilities") as caught:
            getattr(aws.client("cloudformation"), operation)(**asked, **more)
        assert f"[{needed}]" in str(caught.value)
    assert create(aws, text({"Role": role})) == "CREATE_COMPLETE"


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("- a\n- b", "unsupported structure"),
        ("a: [", "not well-formed"),
        ("Resources: {A: {Type: AWS::SQS::Queue}, A: {Type: AWS::SNS::Topic}}", "duplicate key A"),
        ("{}", "At least one Resources member"),
        (text({"Q": queue()}, Colours={}), "Colours"),
        (text({"Q": queue()}, Outputs={"O": {"Description": "d"}}), "Output O"),
        (text({"Q": queue(QueueName={"Fn::Colour": "red"})}), "Fn::Colour"),
    ],
)
def test_a_text_that_is_no_template_is_refused(aws: Simulator, template: str, words: str) -> None:
    assert words in refusal(aws, template)


def test_a_bad_update_is_refused_before_anything_changes(aws: Simulator) -> None:
    create(aws, text({"Q": queue(QueueName="q")}))
    with pytest.raises(ClientError, match="unknown property Colour"):
        aws.client("cloudformation").update_stack(
            **request(text({"Q": queue(QueueName="other", Colour="red")}))
        )
    (url,) = aws.client("sqs").list_queues()["QueueUrls"]
    assert url.endswith("/q")


def test_a_good_template_passes(aws: Simulator) -> None:
    assert create(aws, text(RULE_STACK)) == "CREATE_COMPLETE"
