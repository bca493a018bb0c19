"""The templates for an organization: what they admit, and that they say the same as the code."""

import json
import re
from fnmatch import fnmatchcase

import pytest
from cfnlint.decode import cfn_yaml

from emr_in_transit.judgement.parameters import PARAMETERS, parse_parameters
from tests.test_template import (
    ROLES,
    ROOT,
    TEMPLATE,
    actions,
    resources,
    statements,
    template_name,
)

AFFIX = "-conformance-pack-123456789"
# AWS Config's limits: of a body in a request, of the name in some queries.
BODY_LIMIT, NAME_LIMIT = 51_200, 64
PACKS = ("conformance-pack.yml", "conformance-pack-managed.yml")
MANAGED_RULES = {
    "EMR_BLOCK_PUBLIC_ACCESS",
    "EMR_KERBEROS_ENABLED",
    "EMR_MASTER_NO_PUBLIC_IP",
    "EMR_SECURITY_CONFIGURATION_ENCRYPTION_REST",
    "EMR_SECURITY_CONFIGURATION_ENCRYPTION_TRANSIT",
}
# What the functions ask AWS Config about a rule that they name.
ABOUT_RULES = {"config:GetComplianceDetailsByConfigRule", "config:StartConfigRulesEvaluation"}
# Properties by which a resource could get the name of another one.
NAMES = re.compile(r"^(?!Display|Config).*(?:Name|Alias)$")


def text(name):
    return (ROOT / "rdk-config" / name).read_text()


def load(name):
    return cfn_yaml.load(str(ROOT / "rdk-config" / name))


def rules(name):
    return {key: one["Properties"] for key, one in load(name)["Resources"].items()}


def statement(template, resource, policy, sid):
    document = template["Resources"][resource]["Properties"][policy]
    return next(each for each in document["Statement"] if each["Sid"] == sid)


# --- template.yml, made for stack sets and packs ----------------------------------------------------


def test_without_rules_all_that_shapes_them_must_be_at_its_default():
    """A parameter that has no effect would look as if it had one."""
    rule = TEMPLATE["Rules"]["ThePackBringsTheRules"]
    assert rule["RuleCondition"] == {"Fn::Equals": [{"Ref": "CreateRules"}, "no"]}
    asserted = {}
    for assertion in rule["Assertions"]:
        reference, value = assertion["Assert"]["Fn::Equals"]
        asserted[reference["Ref"]] = value
        assert "CreateRules=no" in assertion["AssertDescription"]
    shaping = {template_name(parameter) for parameter in PARAMETERS} | {"RuleTriggers"}
    assert asserted == {name: str(TEMPLATE["Parameters"][name]["Default"]) for name in shaping}


def test_the_function_has_a_name_only_where_a_pack_must_find_it():
    """The name is the one that the pack's rules make up."""
    name = resources("AWS::Lambda::Function")["RuleFunction"]["FunctionName"]
    assert name == {"Fn::If": ["MakeRules", {"Ref": "AWS::NoValue"}, "emr-in-transit-encryption"]}
    for rule in rules(PACKS[0]).values():
        _, given, made_up = rule["Source"]["SourceIdentifier"]["Fn::If"]
        assert given == {"Ref": "FunctionArn"}
        assert made_up["Fn::Sub"] == (
            "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:"
            + name["Fn::If"][2]
        )


def test_a_packs_rules_may_call_the_function_and_are_within_its_grants():
    """Their ARNs have a part more than those of other rules, and no stack knows them."""
    permission = resources("AWS::Lambda::Permission")["RulePermission"]
    assert permission.keys() == {"Action", "FunctionName", "Principal", "SourceAccount"}
    rule = "config-rule/aws-service-rule/config-conforms.amazonaws.com/config-rule-a1b2c3"
    about_rules = [
        statement["Resource"]["Fn::Sub"]
        for role in ROLES
        for statement in statements(role)
        if actions(statement) & ABOUT_RULES
    ]
    assert len(about_rules) == 2
    for resource in about_rules:
        assert fnmatchcase(rule, resource.rpartition(":")[2])


def test_nothing_else_has_a_name_that_another_stack_could_have():
    """Stacks in one account, in one Region or in several, do not collide."""
    named = {
        (name, key)
        for name, resource in TEMPLATE["Resources"].items()
        for key in resource["Properties"]
        if NAMES.search(key) and not isinstance(resource["Properties"][key], dict)
    }
    # What a metric or a policy inside a resource is called concerns that resource alone.
    assert {key for _, key in named} <= {"MetricName", "PolicyName"}


def test_both_functions_take_their_code_from_the_same_place():
    """In a stack set the bucket of each Region has the Region in its name."""
    codes = [each["Code"] for each in resources("AWS::Lambda::Function").values()]
    assert codes[0] == codes[1]
    assert codes[0]["S3Bucket"]["Fn::If"] == [
        "OneBucketPerRegion",
        {"Fn::Sub": "${CodeBucket}-${AWS::Region}"},
        {"Ref": "CodeBucket"},
    ]


@pytest.mark.parametrize("key", ["aws:", "aws:x", "AWS:x", "aWs:cloudformation:stack-name"])
def test_an_exemption_tag_that_no_user_can_set_is_refused(key):
    """AWS keeps keys that begin with "aws:" to itself, in any letter case."""
    pattern = TEMPLATE["Parameters"]["ExemptionTagKey"]["AllowedPattern"]
    assert not re.fullmatch(pattern, key)
    assert re.fullmatch(pattern, f"x{key}")
    assert re.fullmatch(pattern, key.replace(":", ""))


# --- the packs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_fits_into_a_request_and_its_names_into_every_query(name):
    """AWS Config appends 27 characters to the name of a pack's rule."""
    assert len(text(name).encode()) <= BODY_LIMIT
    names = [rule["ConfigRuleName"] for rule in rules(name).values()]
    assert len(names) == len(set(names))
    assert [each for each in names if len(each + AFFIX) > NAME_LIMIT] == []


def test_a_pack_that_is_told_the_function_needs_no_pseudo_parameter():
    """That packs of every kind resolve them is not documented; leaving a value out they all know."""
    for rule in load(PACKS[0])["Resources"].values():
        source = rule["Properties"]["Source"]
        condition, given, _made_up = source["SourceIdentifier"]["Fn::If"]
        assert (condition, given) == ("FunctionNamed", {"Ref": "FunctionArn"})
        source["SourceIdentifier"] = given
        # A pseudo parameter, and no type of a resource.
        used = re.findall(r"AWS::\w+(?!\w|::)", json.dumps(rule["Properties"]))
        assert set(used) == {"AWS::NoValue"}
    assert "AWS::" not in json.dumps(load(PACKS[0])["Conditions"])


@pytest.mark.parametrize("name", PACKS)
def test_a_pack_has_only_what_packs_are_known_to_take(name):
    """AWS documents Parameters and Resources; its own packs have Conditions and long functions."""
    assert load(name).keys() <= {"Parameters", "Conditions", "Resources"}
    assert re.findall(r"!\w+", text(name)) == []
    for parameter in load(name)["Parameters"].values():
        assert parameter.keys() == {"Type", "Default"}
        assert parameter["Type"] == "String"


def test_the_packs_parameters_are_those_of_the_rule():
    """Names and defaults are the code's; the function and the frequency come on top."""
    declared = {name: one["Default"] for name, one in load(PACKS[0])["Parameters"].items()}
    own = {"FunctionArn": "", "Frequency": TEMPLATE["Parameters"]["Frequency"]["Default"]}
    assert declared == own | {template_name(each): each.default for each in PARAMETERS}


def test_the_packs_rules_are_those_of_the_stack():
    """But for their names, the function and the frequency, a pack brings what the stack makes."""
    stack, pack = resources("AWS::Config::ConfigRule"), rules(PACKS[0])
    assert pack.keys() == stack.keys()
    for name, rule in pack.items():
        assert rule["Description"] == stack[name]["Description"]
        assert rule["InputParameters"] == stack[name]["InputParameters"]
    scope = {"ComplianceResourceTypes": ["AWS::EMR::SecurityConfiguration"]}
    assert "Scope" not in pack["ClusterRule"]  # AWS Config refuses one on a rule without changes
    assert pack["SecurityConfigurationRule"]["Scope"] == scope
    separate = stack["ClusterRule"]["Source"]["SourceDetails"]["Fn::If"][2]
    assert pack["ClusterRule"]["Source"]["SourceDetails"] == separate
    changes = stack["SecurityConfigurationRule"]["Source"]["SourceDetails"]
    assert pack["SecurityConfigurationRule"]["Source"]["SourceDetails"] == changes


def test_the_packs_defaults_are_parameters_that_the_code_takes():
    """A pack that is put without parameters works."""
    defaults = {
        each.name: load(PACKS[0])["Parameters"][template_name(each)]["Default"]
        for each in PARAMETERS
    }
    given = {name: value for name, value in defaults.items() if value}
    assert parse_parameters(given) == parse_parameters({})


def test_the_managed_pack_has_the_five_neighbours():
    """AWS's own rules about EMR, each once, without a function."""
    found = [rule["Source"] for rule in rules(PACKS[1]).values()]
    assert {each["SourceIdentifier"] for each in found} == MANAGED_RULES
    assert {each["Owner"] for each in found} == {"AWS"}
    assert len(found) == len(MANAGED_RULES)


# --- the central topic ------------------------------------------------------------------------------


def test_topic_and_key_admit_the_organization_and_nobody_else():
    """The wildcard principal never stands without the organization's id."""
    central = load("central-topic.yml")
    topic = statement(central, "AlertTopicPolicy", "PolicyDocument", "TheOrganizationPublishes")
    key = statement(central, "AlertKey", "KeyPolicy", "TheOrganizationPublishesThroughSns")
    assert set(topic["Action"]) == {"sns:GetTopicAttributes", "sns:Publish"}
    assert set(key["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    for each in (topic, key):
        assert each["Condition"]["StringEquals"]["aws:PrincipalOrgID"] == {"Ref": "OrganizationId"}
    assert "kms:ViaService" in key["Condition"]["StringEquals"]
    assert text("central-topic.yml").count('{ AWS: "*" }') == 2


def test_the_key_rotates_and_the_topic_is_under_it():
    """A key of one's own is what lets other accounts publish at all."""
    properties = {
        name: each["Properties"] for name, each in load("central-topic.yml")["Resources"].items()
    }
    assert properties["AlertKey"]["EnableKeyRotation"] is True
    assert properties["AlertTopic"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlertKey", "Arn"]}


def test_the_outputs_are_the_parameters_of_the_stack():
    """What the central topic answers goes into template.yml as it stands."""
    outputs = load("central-topic.yml")["Outputs"].keys()
    assert outputs == {
        "AlertTopicArn",
        "TopicKeyArn",
        "OperationsTopicAccount",
        "OperationsTopicName",
    }
    assert outputs <= TEMPLATE["Parameters"].keys()


def test_a_path_narrows_topic_and_key_to_the_roles_under_it():
    """The same path as in template.yml, with the same constraint; without one there is none."""
    central = load("central-topic.yml")
    stack, own = (each["Parameters"]["RolePath"] for each in (TEMPLATE, central))
    assert {key: own[key] for key in own if key != "Description"} == {
        key: stack[key] for key in stack if key != "Description"
    }
    assert central["Conditions"]["SomeRolesOnly"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "RolePath"}, "/"]}]
    }
    roles = {"aws:PrincipalArn": {"Fn::Sub": "arn:${AWS::Partition}:iam::*:role${RolePath}*"}}
    narrowed = {"Fn::If": ["SomeRolesOnly", roles, {"Ref": "AWS::NoValue"}]}
    topic = statement(central, "AlertTopicPolicy", "PolicyDocument", "TheOrganizationPublishes")
    key = statement(central, "AlertKey", "KeyPolicy", "TheOrganizationPublishesThroughSns")
    assert topic["Condition"]["ArnLike"] == key["Condition"]["ArnLike"] == narrowed


def test_alarms_of_the_organization_reach_the_operations_topic_of_their_region():
    """It stands in every Region, whether the alert topic does or not, under one name."""
    central = load("central-topic.yml")
    alarms = statement(
        central, "OperationsTopicPolicy", "PolicyDocument", "AlarmsOfTheOrganizationPublish"
    )
    assert alarms["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert alarms["Condition"]["StringEquals"] == {"aws:SourceOrgID": {"Ref": "OrganizationId"}}
    everywhere = {name for name, one in central["Resources"].items() if "Condition" not in one}
    assert everywhere == {"OperationsTopic", "OperationsTopicPolicy"}
    named = central["Resources"]["OperationsTopic"]["Properties"]["TopicName"]
    assert named == "emr-in-transit-encryption-operations"


@pytest.mark.parametrize("name", ["central-topic.yml", *PACKS])
def test_no_partition_account_or_region_is_written_out(name):
    """The templates work in every partition."""
    assert re.findall(r"arn:aws|[0-9]{12}|\b(?:eu|us|ap|cn)-[a-z]+-[0-9]\b", text(name)) == []


# --- guardrails -------------------------------------------------------------------------------------

GUARDRAILS = (ROOT / "docs" / "guardrails.md").read_text()
# What is asked for in the function's name by others: Lambda, and SNS for its key.
NOT_BY_THE_FUNCTION = {"ec2", "kms", "logs", "sqs"}


def test_the_endpoints_are_those_of_the_services_that_the_functions_call():
    """One that is missing would be found by a time-out in somebody's VPC."""
    listed = set(re.findall(r"`com\.amazonaws\.REGION\.(\w+)`", GUARDRAILS))
    called = {
        action.partition(":")[0]
        for role in ROLES
        for statement in statements(role)
        for action in actions(statement)
    }
    assert listed == called - NOT_BY_THE_FUNCTION - {"tag"} | {"tagging"}


def test_every_parameter_of_the_guardrails_is_described():
    """By the name that it has in the template."""
    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    (names,) = [each["Parameters"] for each in groups if "guardrails" in each["Label"]["default"]]
    assert [name for name in names if f"`{name}`" not in GUARDRAILS] == []
