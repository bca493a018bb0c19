"""template.yml: what it grants, what it lets a user choose, and that it says the same as the code."""

import json
import re
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml

from emr_in_transit import __version__
from emr_in_transit.deployment import read_settings
from emr_in_transit.judgement.parameters import PARAMETERS, PASSED_THROUGH, parse_parameters
from tools.account_check.deployed import FUNCTIONS
from tools.account_check.rights import NEEDED, OPTIONAL
from tools.simulator.cloudformation.template import dependencies
from tools.simulator.cloudformation.template_intrinsics import Intrinsics, pseudo_parameters

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = cfn_yaml.load(str(ROOT / "template.yml"))
TEXT = (ROOT / "template.yml").read_text()
# What Lambda itself does with a function's role.
LAMBDA_ACTIONS = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage"}
# What Lambda does with it besides, where the function is in a VPC.
NETWORK_ACTIONS = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
# What IAM lets nobody limit to a resource (service authorization reference).
UNLIMITED = {
    "config:DescribeConfigRules",
    "config:PutEvaluations",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "elasticmapreduce:DescribeSecurityConfiguration",
    "elasticmapreduce:ListClusters",
    "elasticmapreduce:ListSecurityConfigurations",
    "tag:GetResources",
}
# What each role is for: the adapters that its function uses, and the actions that they declare.
ROLES = {
    FUNCTIONS[function]: (
        *needed,
        *(of_option[function] for of_option in OPTIONAL.values()),
    )
    for function, needed in NEEDED.items()
}


def resources(kind):
    return {
        name: resource["Properties"]
        for name, resource in TEMPLATE["Resources"].items()
        if resource["Type"] == kind
    }


def statements(role):
    beside = resources("AWS::IAM::RolePolicy").values()
    policies = resources("AWS::IAM::Role")[role]["Policies"]
    policies = [*policies, *(each for each in beside if each["RoleName"] == {"Ref": role})]
    entries = [s for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    # A statement that a condition may leave out counts as it stands when it is there.
    return [entry["Fn::If"][1] if "Fn::If" in entry else entry for entry in entries]


def actions(statement):
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


def template_name(parameter):
    return parameter.name[0].upper() + parameter.name[1:]


def test_every_role_is_known_to_these_tests():
    """A new role must be held against the adapters too."""
    assert resources("AWS::IAM::Role").keys() == ROLES.keys()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_its_adapters_declare_and_nothing_else(role):
    """The actions of all statements are the adapters' and what Lambda does itself."""
    declared = {action for permissions in ROLES[role] for action in permissions}
    granted = set().union(*(actions(statement) for statement in statements(role)))
    assert granted == declared | LAMBDA_ACTIONS | NETWORK_ACTIONS


def test_every_statement_has_a_sid_of_its_own():
    """A statement is named by what it is for."""
    for role in ROLES:
        sids = [statement["Sid"] for statement in statements(role)]
        assert len(sids) == len(set(sids))


def test_every_wildcard_resource_has_its_reason_beside_it():
    """A reader must not have to guess why a statement names no resource."""
    wildcards = [line for line in TEXT.splitlines() if re.search(r"""Resource: ["']?\*""", line)]
    assert wildcards
    assert [line for line in wildcards if "#" not in line] == []


def test_only_what_cannot_be_limited_is_granted_on_everything():
    """Every other action names the clusters, rules, table, topic, queue or log group it is for."""
    unlimited = set().union(
        *(actions(s) for role in ROLES for s in statements(role) if s["Resource"] == "*")
    )
    assert unlimited == UNLIMITED


def test_no_statement_has_a_wildcard_action():
    """Actions are named one by one."""
    named = set().union(*(actions(s) for role in ROLES for s in statements(role)))
    assert [action for action in named if "*" in action] == []


def test_security_hub_is_nobodys_unless_the_stack_asks_for_it():
    """Both functions are told so, and neither role may then do anything there."""
    assert TEMPLATE["Parameters"]["SecurityHubFindings"]["Default"] == "no"
    chosen = {"Fn::If": ["ReportToSecurityHub", "true", "false"]}
    for properties in resources("AWS::Lambda::Function").values():
        assert properties["Environment"]["Variables"]["SECURITY_HUB"] == chosen
    for role in resources("AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for entry in policy["PolicyDocument"]["Statement"]:
                if "securityhub" in json.dumps(entry):
                    condition, _, otherwise = entry["Fn::If"]
                    assert condition == "ReportToSecurityHub"
                    assert otherwise == {"Ref": "AWS::NoValue"}


def test_no_bucket_is_anybodys_unless_the_stack_asks_for_it():
    """Both functions are told which, and may list them and read what is in them, and no more."""
    assert TEMPLATE["Parameters"]["CertificateBundles"]["Default"] == "off"
    assert TEMPLATE["Parameters"]["CertificateBuckets"]["Default"] == ""
    text = TEMPLATE["Parameters"]["CertificateBundles"]["Description"]
    assert "their roles could read" in text
    for properties in resources("AWS::Lambda::Function").values():
        variables = properties["Environment"]["Variables"]
        assert variables["CERTIFICATE_BUCKETS"] == {"Ref": "CertificateBuckets"}
    for role in resources("AWS::IAM::Role").values():
        found = {
            entry["Fn::If"][1]["Sid"]: entry["Fn::If"]
            for policy in role["Policies"]
            for entry in policy["PolicyDocument"]["Statement"]
            if "Certificate" in json.dumps(entry)
        }
        assert {sid: condition for sid, (condition, *_) in found.items()} == {
            "ReadCertificateBundles": "CheckBundles",
            "LearnThatABundleIsMissing": "CheckBundles",
            "DecryptCertificateBundles": "OwnCertificateKey",
        }
        assert all(each[2] == {"Ref": "AWS::NoValue"} for each in found.values())
        decrypting = found["DecryptCertificateBundles"][1]
        assert decrypting["Condition"] == {"StringLike": {"kms:ViaService": "s3.*"}}


BUCKETS = "arn:aws:s3:::certificates,arn:aws-us-gov:s3:::more.of-them"


def test_what_is_granted_of_several_buckets_is_theirs_alone():
    """Each is listed, and what is in each is read."""
    values = pseudo_parameters("123456789012", "eu-west-1", "stack")
    values |= {"CertificateBuckets": BUCKETS}
    resolve = Intrinsics(values.__getitem__, None, conditions={}).resolve
    named = BUCKETS.split(",")
    for role in ROLES:
        by_sid = {statement["Sid"]: statement for statement in statements(role)}
        assert resolve(by_sid["LearnThatABundleIsMissing"]["Resource"]) == named
        read = resolve(by_sid["ReadCertificateBundles"]["Resource"])
        assert read == [f"{each}/*" for each in named]


def test_no_network_is_anybodys_unless_the_stack_asks_for_it():
    """Both functions are in the VPC then, and only then do their roles have a say in EC2."""
    assert TEMPLATE["Parameters"]["SubnetIds"]["Default"] == ""
    for properties in resources("AWS::Lambda::Function").values():
        condition, _, otherwise = properties["VpcConfig"]["Fn::If"]
        assert (condition, otherwise) == ("InVpc", {"Ref": "AWS::NoValue"})
    for role in resources("AWS::IAM::Role").values():
        for policy in role["Policies"]:
            for entry in policy["PolicyDocument"]["Statement"]:
                if "ec2:" in json.dumps(entry):
                    assert entry["Fn::If"][0] == "InVpc"
                    assert entry["Fn::If"][2] == {"Ref": "AWS::NoValue"}


def test_every_role_and_log_group_is_as_the_guardrails_ask():
    """A role or log group that is added later must not escape them."""
    for role in resources("AWS::IAM::Role").values():
        assert role["Path"] == {"Ref": "RolePath"}
        assert role["PermissionsBoundary"]["Fn::If"][:2] == [
            "BoundRoles",
            {"Ref": "PermissionsBoundaryArn"},
        ]
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["KmsKeyId"]["Fn::If"][:2] == ["OwnLogKey", {"Ref": "LogKeyArn"}]


def test_what_holds_evidence_outlives_the_stack():
    """And nothing else does; it goes all the same with a stack that was never made."""
    kept = {"AWS::DynamoDB::Table", "AWS::Logs::LogGroup"}
    for resource in TEMPLATE["Resources"].values():
        evidence = resource["Type"] in kept
        policy = resource.get("DeletionPolicy", "Delete")
        assert policy == ("RetainExceptOnCreate" if evidence else "Delete")
        assert resource.get("UpdateReplacePolicy", "Delete") == ("Retain" if evidence else "Delete")


@pytest.mark.parametrize(
    ("kind", "policies", "names", "actions_denied"),
    [
        ("AWS::SNS::Topic", "AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
        ("AWS::SQS::Queue", "AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
    ],
    ids=["topics", "queues"],
)
def test_topics_and_queues_take_nothing_without_tls(kind, policies, names, actions_denied):
    """Each has a policy that denies it to everybody."""
    closed = set()
    for policy in resources(policies).values():
        for statement in policy["PolicyDocument"]["Statement"]:
            condition = statement.get("Condition", {}).get("Bool")
            if condition == {"aws:SecureTransport": "false"}:
                assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
                assert statement["Action"] == actions_denied
                closed |= {reference["Ref"] for reference in policy[names]}
    assert closed == resources(kind).keys()


def test_no_partition_account_or_region_is_written_out():
    """The template works in every partition, China and GovCloud included."""
    assert re.findall(r"arn:aws|[0-9]{12}|\b(?:eu|us|ap|cn)-[a-z]+-[0-9]\b", TEXT) == []


def test_every_permission_names_its_source():
    """A service principal alone would admit every account's Config."""
    for properties in resources("AWS::Lambda::Permission").values():
        assert {"SourceAccount", "SourceArn"} & properties.keys()


def test_the_rules_wait_for_the_permission_to_be_invoked():
    """AWS Config checks it when it makes a rule, and evaluates a new rule at once."""
    waiting = [
        resource["DependsOn"]
        for resource in TEMPLATE["Resources"].values()
        if resource["Type"] == "AWS::Config::ConfigRule"
    ]
    assert waiting == ["RulePermission", "RulePermission"]


def test_a_role_has_all_its_policies_before_its_function_runs():
    """A new rule is evaluated at once, and CloudFormation may make what stands beside a role last."""
    waiting = {"RuleRole": "AWS::Config::ConfigRule", "LaunchCheckRole": "AWS::Events::Rule"}
    policies = resources("AWS::IAM::RolePolicy")
    assert {each["RoleName"]["Ref"] for each in policies.values()} == waiting.keys()
    for name, policy in policies.items():
        role = policy["RoleName"]["Ref"]
        functions = [
            each
            for each, function in resources("AWS::Lambda::Function").items()
            if function["Role"] == {"Fn::GetAtt": [role, "Arn"]}
        ]
        assert len(functions) == 1
        users = [*functions, *resources(waiting[role])]
        assert [each for each in users if name not in needed_by(each)] == []


def needed_by(name):
    """Return all that is there before a resource is made."""
    direct = {
        each for each in dependencies(TEMPLATE["Resources"][name]) if each in TEMPLATE["Resources"]
    }
    return direct.union(*(needed_by(each) for each in direct))


def test_a_policy_beside_a_role_has_a_name_that_the_role_never_gave_to_its_own():
    """A rollback deletes it by its name, after the role has got back its own."""
    before = cfn_yaml.load(str(ROOT / "tests/documents/0.1.0/template.yml"))["Resources"]
    own = {
        policy["PolicyName"]
        for resource in (*before.values(), *TEMPLATE["Resources"].values())
        if resource["Type"] == "AWS::IAM::Role"
        for policy in resource["Properties"]["Policies"]
    }
    beside = {each["PolicyName"] for each in resources("AWS::IAM::RolePolicy").values()}
    assert beside
    assert beside & own == set()


@pytest.mark.parametrize("name", TEMPLATE["Parameters"])
def test_every_parameter_is_described_constrained_labelled_and_grouped(name):
    """What the console shows is complete."""
    parameter = TEMPLATE["Parameters"][name]
    interface = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]
    assert parameter["Description"].endswith(".")
    assert {"AllowedValues", "AllowedPattern", "MinValue"} & parameter.keys()
    assert name in interface["ParameterLabels"]
    assert sum(name in group["Parameters"] for group in interface["ParameterGroups"]) == 1


def test_only_the_code_has_no_default():
    """A deployment that gives only CodeBucket and CodeKey works."""
    without = [name for name, each in TEMPLATE["Parameters"].items() if "Default" not in each]
    assert without == ["CodeBucket", "CodeKey"]


def test_all_rules_get_the_same_parameters_and_those_are_the_codes():
    """What the code reads is what the template passes, for each rule."""
    expected = {parameter.name for parameter in PARAMETERS} | {"AssumeRoleMode"}
    rules = resources("AWS::Config::ConfigRule")
    assert len(rules) == 2
    passed = [properties["InputParameters"] for properties in rules.values()]
    assert [set(each) for each in passed] == [expected, expected]
    assert passed[0] == passed[1]
    assert passed[0]["AssumeRoleMode"] == "False"


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_rule_parameter_has_the_default_of_the_code(parameter):
    """One default, three places: code, template.yml, parameters.json."""
    default = TEMPLATE["Parameters"][template_name(parameter)]["Default"]
    rdk = json.loads((ROOT / "rules/EMR_IN_TRANSIT_ENCRYPTION/parameters.json").read_text())
    optional = json.loads(rdk["Parameters"]["OptionalParameters"])
    assert str(default) == parameter.default
    assert optional.get(parameter.name, "") == parameter.default


@pytest.mark.parametrize(
    "parameter", [each for each in PARAMETERS if not each.default], ids=lambda each: each.name
)
def test_a_parameter_that_is_empty_is_left_out(parameter):
    """AWS Config would pass an empty text, which the rule refuses."""
    value = next(iter(resources("AWS::Config::ConfigRule").values()))["InputParameters"][
        parameter.name
    ]
    condition, given, otherwise = value["Fn::If"]
    assert condition in TEMPLATE["Conditions"]
    assert given == {"Ref": template_name(parameter)}
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_rdk_gets_only_parameters_that_the_code_takes():
    """parameters.json is read as AWS Config would pass it."""
    rdk = json.loads((ROOT / "rules/EMR_IN_TRANSIT_ENCRYPTION/parameters.json").read_text())
    optional = json.loads(rdk["Parameters"]["OptionalParameters"])
    assert json.loads(rdk["Parameters"]["InputParameters"]) == {}
    assert parse_parameters(optional) == parse_parameters({})
    assert optional["AssumeRoleMode"] == "False"


def test_rdk_gets_both_triggers():
    """One rule with a schedule and with changes of security configurations."""
    rdk = json.loads((ROOT / "rules/EMR_IN_TRANSIT_ENCRYPTION/parameters.json").read_text())
    assert rdk["Parameters"]["SourceEvents"] == "AWS::EMR::SecurityConfiguration"
    frequency = TEMPLATE["Parameters"]["Frequency"]["Default"]
    assert rdk["Parameters"]["SourcePeriodic"] == frequency


def longest(value):
    """Return the longest text that can stand for a value of the template."""
    if isinstance(value, dict) and "Fn::If" in value:
        return max((longest(each) for each in value["Fn::If"][1:]), key=len)
    if not isinstance(value, dict):
        return str(value)
    if value["Ref"] == "AWS::NoValue":
        return ""
    entry = TEMPLATE["Parameters"][value["Ref"]]
    if "MaxLength" in entry:
        return "x" * entry["MaxLength"]
    return max((str(each) for each in entry.get("AllowedValues") or [entry["MaxValue"]]), key=len)


@pytest.mark.parametrize("rule", resources("AWS::Config::ConfigRule"))
def test_the_longest_parameters_stay_within_what_config_takes(rule):
    """AWS Config takes 1,024 characters of InputParameters in all."""
    given = resources("AWS::Config::ConfigRule")[rule]["InputParameters"]
    text = json.dumps({name: longest(each) for name, each in given.items()}, separators=(",", ":"))
    assert PASSED_THROUGH[0] in given
    assert 900 < len(text) <= 1024


def test_no_parameter_takes_less_than_it_did():
    """A stack that was deployed with a value must be updated with the same one."""
    before = cfn_yaml.load(str(ROOT / "tests/documents/0.1.0/template.yml"))["Parameters"]
    assert before.keys() <= TEMPLATE["Parameters"].keys()
    for name, old in before.items():
        new = TEMPLATE["Parameters"][name]
        assert set(new.get("AllowedValues", [])) >= set(old.get("AllowedValues", []))
        assert new.get("MaxLength", 1 << 20) >= old.get("MaxLength", 0)
        assert new.get("MaxValue", 1 << 20) >= old.get("MaxValue", 0)
        assert new.get("MinValue", 0) <= old.get("MinValue", 0)
        assert "Default" in new or "Default" not in old


def test_cloudformation_takes_the_template():
    """From a bucket, as every way to deploy it passes what does not fit into a request."""
    assert len(TEXT.encode()) <= 1_000_000


def test_every_output_is_described():
    """Outputs are read by people."""
    assert all(output["Description"].endswith(".") for output in TEMPLATE["Outputs"].values())


def test_the_version_is_the_packages():
    """Whoever looks at a stack, at its outputs or at the log sees which version runs."""
    assert TEMPLATE["Description"].endswith(f" Version {__version__}.")
    assert TEMPLATE["Outputs"]["Version"]["Value"] == __version__


# What the template passes to both functions, and what each of them takes.
SETTINGS = {
    "ExemptionMaxDays": ("EXEMPTION_MAX_DAYS", ["", "0", "9", "90", "999", "3599", "3649", "3650"]),
    "AlertTagKeys": ("ALERT_TAG_KEYS", ["", "owner", "owner,cost centre,a:b/c=d,e+f@g-h_i"]),
    "AlertFormat": ("ALERT_FORMAT", ["json", "chat"]),
    "DocumentsUrl": (
        "DOCUMENTS_URL",
        ["", "https://git.example.com", "https://git.example.com:8443/team/rule/-/blob"],
    ),
    "CertificateBundles": ("CERTIFICATE_BUNDLES", ["off", "check"]),
    "CertificateBuckets": ("CERTIFICATE_BUCKETS", ["", "arn:aws:s3:::any", BUCKETS]),
}
# A setting that is read only where another one says so.
READ_WITH = {
    "CertificateBundles": {"CERTIFICATE_BUCKETS": BUCKETS},
    "CertificateBuckets": {"CERTIFICATE_BUNDLES": "check"},
}
REFUSED = {
    "ExemptionMaxDays": ["3651", "-1", "01", "90 days", "9999"],
    "CertificateBuckets": [
        "any",
        "*",
        "arn:aws:s3:::any/*",
        "arn:aws:s3:::any,",
        "arn:aws:s3:::UP",
    ],
    "AlertTagKeys": ["a,b,c,d,e", "owner,", ",owner", " ,owner", "aws:x", "owner,AWS:x", "a\nb"],
    "DocumentsUrl": [
        "http://a.example",
        "https://a.example/",
        "https://a.example/a b",
        "a.example",
    ],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_takes_in_the_template_what_it_takes_in_the_code(name):
    """Else a stack would deploy, and each of its runs would fail."""
    variable, values = SETTINGS[name]
    parameter = TEMPLATE["Parameters"][name]
    for properties in resources("AWS::Lambda::Function").values():
        assert properties["Environment"]["Variables"][variable] == {"Ref": name}
    assert parameter["Default"] in values
    for value in values:
        read_settings({variable: value} | (READ_WITH.get(name, {}) if value else {}))
        assert value in parameter.get("AllowedValues", [value])
        assert re.fullmatch(parameter.get("AllowedPattern", ".*").strip(), value)
    for value in REFUSED.get(name, []):
        assert not re.fullmatch(parameter["AllowedPattern"].strip(), value)
