"""The simulator refuses templates and parameters that AWS refuses, and those it cannot honour."""

import pytest
from botocore.exceptions import ClientError

from tests.simulator.stacks import ROLE, create, queue, queues, request, text, with_properties


def refusal(aws, template, **parameters):
    """Return the message of the ValidationError; nothing may have been made."""
    with pytest.raises(ClientError) as caught:
        create(aws, template, **parameters)
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationError"
    return error["Message"]


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        ({"Q": {"Type": "AWS::SQS::Que"}}, ["AWS::SQS::Que", "Q"]),
        ({"V": {"Type": "AWS::EC2::VPC", "Properties": {}}}, ["AWS::EC2::VPC", "does not have"]),
        ({"Q": queue(FifoQueue=True)}, ["Q (AWS::SQS::Queue)", "does not honour", "FifoQueue"]),
        ({"Q": queue({"Ref": "Nothing"})}, ["Unresolved", "Nothing"]),
        ({"Q": queue({"Fn::Sub": "x-${Nothing}"})}, ["Unresolved", "Nothing"]),
        (
            {"A": queue() | {"DependsOn": "B"}, "B": queue() | {"DependsOn": "A"}},
            ["Circular dependency", "A", "B"],
        ),
        ({"Q": queue({"Fn::Colour": "red"})}, ["Fn::Colour"]),
    ],
)
def test_a_bad_resource_is_refused_by_name(aws, resources, words):
    message = refusal(aws, text(resources))
    assert [word for word in words if word not in message] == [], message


def test_a_reference_to_a_resource_that_its_condition_leaves_out_is_refused(aws):
    template = text(
        {"Q": queue() | {"Condition": "Never"}},
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
        Outputs={"Url": {"Value": {"Ref": "Q"}}},
    )
    assert "Unresolved resource dependencies [Q]" in refusal(aws, template)


@pytest.mark.parametrize(
    ("declared", "given", "words"),
    [
        ({"Type": "String"}, {}, "must have values"),
        ({"Type": "String", "Default": "a"}, {"Other": "x"}, "[Other] do not exist"),
        ({"Type": "String", "AllowedValues": ["a", "b"]}, {"P": "c"}, "AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, {"P": "a1"}, "must match pattern"),
        (
            {"Type": "String", "AllowedPattern": "[a-z]+", "ConstraintDescription": "be kind"},
            {"P": "1"},
            "be kind",
        ),
        ({"Type": "String", "MinLength": 2}, {"P": "a"}, "a Length from 2 to inf"),
        ({"Type": "String", "MaxLength": 2}, {"P": "abc"}, "a Length from -inf to 2"),
        ({"Type": "Number"}, {"P": "ten"}, "must be a number"),
        ({"Type": "Number", "MinValue": 1}, {"P": "0"}, "a Value from 1 to inf"),
        ({"Type": "Number", "MaxValue": 1}, {"P": "2"}, "a Value from -inf to 1"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, {"P": "a,b"}, "AllowedValues"),
    ],
)
def test_a_parameter_outside_its_constraints_is_refused(aws, declared, given, words):
    template = text({"Q": queue()}, Parameters={"P": declared})
    assert words in refusal(aws, template, **given)


def test_an_assertion_of_the_rules_section_is_enforced_when_its_condition_holds(aws):
    assertion = {
        "Assert": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Mail"}, ""]}]},
        "AssertDescription": "Mail is needed.",
    }
    condition = {"Fn::Equals": [{"Ref": "Mode"}, "mail"]}
    template = text(
        {"Q": queue()},
        Parameters={"Mode": {"Type": "String"}, "Mail": {"Type": "String", "Default": ""}},
        Rules={"MailNeeded": {"RuleCondition": condition, "Assertions": [assertion]}},
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
def test_iam_resources_need_their_capability(aws, role, given, needed):
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
        ("a: [", "not well-formed"),
        ("{}", "At least one Resources member"),
    ],
)
def test_a_text_that_is_no_template_is_refused(aws, template, words):
    assert words in refusal(aws, template)


def test_a_bad_update_is_refused_before_anything_changes(aws):
    create(aws, text({"Q": queue("q")}))
    with pytest.raises(ClientError, match="does not honour"):
        aws.client("cloudformation").update_stack(
            **request(text({"Q": queue("other", Colour="red")}))
        )
    assert queues(aws) == ["q"]
