"""Functions, parameters and exports have the values that CloudFormation gives them."""

import json

from tests.simulator.stacks import (
    RULE,
    RULE_STACK,
    create,
    outputs,
    queue,
    text,
    update,
    with_properties,
)
from tools.simulator.client import Simulator


def test_a_rule_parameter_left_out_by_novalue_is_not_sent(aws: Simulator) -> None:
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


INTRINSICS = {
    "Join": ({"Fn::Join": ["-", ["a", {"Ref": "Word"}, 1]]}, "a-word-1"),
    "Sub": (
        {"Fn::Sub": "${Word}/${!Word}/${AWS::Region}/${Queue.QueueName}"},
        "word/${Word}/eu-west-1/q",
    ),
    "SubWithMap": ({"Fn::Sub": ["${X}${Word}", {"X": {"Ref": "Word"}}]}, "wordword"),
    "Select": ({"Fn::Select": ["1", {"Ref": "List"}]}, "y"),
    "Split": ({"Fn::Select": [0, {"Fn::Split": [",", {"Fn::Join": [",", {"Ref": "List"}]}]}]}, "x"),
    "Map": ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "Size"]}, "small"),
    "If": ({"Fn::If": ["IsWord", {"Ref": "Word"}, "other"]}, "word"),
    "Base64": ({"Fn::Base64": {"Ref": "Word"}}, "d29yZA=="),
    "Json": ({"Fn::ToJsonString": {"a": {"Ref": "Word"}}}, '{"a":"word"}'),
}


def test_intrinsic_functions_have_the_values_that_aws_gives_them(aws: Simulator) -> None:
    template = text(
        {"Queue": queue(QueueName="q")},
        Parameters={
            "Word": {"Type": "String", "Default": "word"},
            "List": {"Type": "CommaDelimitedList", "Default": "x, y"},
        },
        Mappings={"Sizes": {"eu-west-1": {"Size": "small"}}},
        Conditions={
            "IsWord": {"Fn::And": [{"Condition": "Word"}, {"Fn::Not": [{"Condition": "No"}]}]},
            "Word": {"Fn::Equals": [{"Ref": "Word"}, "word"]},
            "No": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Equals": ["a", "c"]}]},
        },
        Outputs={name: {"Value": value} for name, (value, _) in INTRINSICS.items()},
    )
    assert create(aws, template) == "CREATE_COMPLETE"
    assert outputs(aws) == {name: expected for name, (_, expected) in INTRINSICS.items()}


def test_yaml_with_short_functions_and_bare_dates_is_read(aws: Simulator) -> None:
    template = """
        AWSTemplateFormatVersion: 2010-09-09
        Resources:
          Role:
            Type: AWS::IAM::Role
            Properties:
              AssumeRolePolicyDocument:
                Version: 2012-10-17
                Statement:
                  - { Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: "sts:AssumeRole" }
              Description: !Join [" ", [!Sub "${AWS::StackName}", !Ref AWS::Region]]
    """
    assert create(aws, template) == "CREATE_COMPLETE"
    (role,) = aws.client("iam").list_roles()["Roles"]
    assert role["Description"] == "s eu-west-1"
    assert role["AssumeRolePolicyDocument"]["Version"] == "2012-10-17"


def test_exports_reach_other_stacks(aws: Simulator) -> None:
    exported = {"Name": {"Value": "x", "Export": {"Name": "shared"}}}
    create(aws, text({"Q": queue()}, Outputs=exported), "one")
    imported = {"Found": {"Value": {"Fn::ImportValue": "shared"}}}
    create(aws, text({"Q": queue()}, Outputs=imported), "two")
    assert outputs(aws, "two") == {"Found": "x"}
