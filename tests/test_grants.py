"""What the templates grant, by AWS's own table: actions that it has, on resources that they take."""

import ast
import functools
import json
import re
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import get_session
from cfnlint.decode import cfn_yaml

from tools.publish import Caller, Order, policy_of
from tools.simulator.cloudformation.template_intrinsics import Intrinsics, pseudo_parameters
from tools.simulator.iam.authorization import matching
from tools.simulator.iam.policies import listed
from tools.simulator.iam.policy_actions import NAMED as POLICY_ACTIONS
from tools.simulator.iam.policy_actions import refused

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = {
    path.name: path for path in (ROOT / "template.yml", *(ROOT / "rdk-config").glob("*.yml"))
}
GRANTING = {"template.yml", "role.yml", "alerts.yml", "central-topic.yml"}
DOCUMENTS = sorted(
    path for folder in (".", "docs", "rdk-config") for path in (ROOT / folder).glob("*.md")
)
REGION, ACCOUNT = "eu-west-1", "123456789012"
# What a statement gets for a resource of the template, or for a parameter that names one.
ARNS = {
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/ledger",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0a1b",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:log:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts",
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:letters",
}
# The policy of a key or of a table is about that very one, which it calls "*".
OF_ITSELF = {"AWS::KMS::Key": "kms", "AWS::DynamoDB::Table": "dynamodb"}
# Those of our condition keys that requests of every service can have, whatever their action: AWS's
# global ones (IAM User Guide, "AWS global condition context keys").
EVERY_REQUEST = {
    "aws:CalledVia",
    "aws:Ec2InstanceSourceVpc",
    "aws:PrincipalArn",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalOrgID",
    "aws:SecureTransport",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:SourceOrgID",
}
# Whose policies DynamoDB, SNS and SQS take, and of what.
POLICIES = {
    "AWS::DynamoDB::Table": ("dynamodb", ARNS["AWS::DynamoDB::Table"]),
    "AWS::SNS::TopicPolicy": ("sns", ARNS["AWS::SNS::Topic"]),
    "AWS::SQS::QueuePolicy": ("sqs", ARNS["AWS::SQS::Queue"]),
}
GIVEN = {
    "AlertTopicArn": ARNS["AWS::SNS::Topic"],
    "TopicKeyArn": ARNS["AWS::KMS::Key"],
    "CertificateBuckets": "arn:aws:s3:::certificates,arn:aws:s3:::more",
    "CertificateKeyArn": ARNS["AWS::KMS::Key"],
}


@functools.cache
def load(path):
    return cfn_yaml.load(str(path))


def statements(template):
    """Return all that grants something, with the type of its resource, on either choice of each
    condition."""
    declared = template.get("Parameters", {})
    values = pseudo_parameters(ACCOUNT, REGION, "stack")
    values |= {name: GIVEN.get(name, each.get("Default", "x")) for name, each in declared.items()}

    def reference(name):
        return values[name] if name in values else arn(name)

    def arn(name, _attribute="Arn"):
        return ARNS.get(template["Resources"][name]["Type"], "x")

    for holds in (True, False):
        conditions = dict.fromkeys(template.get("Conditions", {}), holds)
        resolve = Intrinsics(reference, arn, conditions=conditions).resolve
        for resource in template["Resources"].values():
            for statement in granting(resolve(resource["Properties"])):
                yield resource["Type"], statement


def granting(value):
    """Return the statements within a value, and permissions of Lambda, which are alike."""
    if isinstance(value, list):
        return [found for each in value for found in granting(each)]
    if not isinstance(value, dict):
        return []
    if {"Action", "NotAction"} & value.keys():
        return [value]
    return granting(list(value.values()))


def faults(kind, statement):
    """Return what AWS would not do as the statement says, or what it need not say."""
    if {"NotAction", "NotResource"} & statement.keys():
        return ["what it is not about is no grant that can be looked up"]
    named = {one: matching(one) for one in listed(statement["Action"])}
    found = [f"AWS has no action {one}" for one, meant in named.items() if not meant]
    found += [
        f"{action.name} has no {key}"
        for key in condition_keys(statement)
        for action in (each for meant in named.values() for each in meant)
        if not has_key(action, key)
    ]
    if is_deny(statement):  # one of all of a service's actions may say more than there is to deny
        named = {one: meant for one, meant in named.items() if not one.endswith(":*")}
    for arn in listed(statement.get("Resource")):
        for action in (each for meant in named.values() for each in meant):
            if not action.takes(arn):
                found.append(f"{action.name} does not take {arn}")
            elif arn == "*" and action.formats and kind not in OF_ITSELF:
                found.append(f"{action.name} could be limited")
    return found


def condition_keys(statement):
    return {key for block in statement.get("Condition", {}).values() for key in block}


def has_key(action, key):
    """Return whether requests for the action have the key; what follows a slash or colon is a name."""
    stems = {re.sub(r"\$\{.*", "", each).lower() for each in action.keys}
    return key in EVERY_REQUEST or any(
        key.lower().startswith(stem) if stem.endswith(("/", ":")) else key.lower() == stem
        for stem in stems
    )


def all_faults(template):
    return {fault for kind, statement in statements(template) for fault in faults(kind, statement)}


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_action_exists_and_takes_the_resources_that_it_is_granted_on(name):
    """In AWS, a grant on anything else is none: the call is denied."""
    template = load(TEMPLATES[name])
    assert bool(list(statements(template))) == (name in GRANTING)
    assert all_faults(template) == set()


def test_the_fault_of_the_first_version_is_found():
    """It granted DescribeConfigRules on rules, so that no launch check came further than that."""
    rule = f"arn:aws:config:{REGION}:{ACCOUNT}:config-rule/*"
    assert all_faults(load(ROOT / "tests/documents/0.1.0/template.yml")) == {
        f"config:DescribeConfigRules does not take {rule}"
    }


S3, LOGS = "arn:aws:s3:::code", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:log"
WRONG = [
    ("an action that AWS does not have", "sns:PublishAll", "*", "AWS has no action sns:PublishAll"),
    ("a pattern that means no action", "sns:Shout*", "*", "AWS has no action sns:Shout*"),
    ("a resource of another service", "sns:Publish", ARNS["AWS::SQS::Queue"], "does not take"),
    ("a resource of another kind", "dynamodb:PutItem", ARNS["AWS::DynamoDB::Table"] + "/index/*", "does not take"),
    ("objects in the place of their bucket", "s3:ListBucket", f"{S3}/*", "does not take"),
    ("a bucket in the place of its objects", "s3:GetObject", S3, "does not take"),
    ("a log group in the place of its streams", "logs:PutLogEvents", LOGS, "does not take"),
    ("a resource for an action that takes none", "tag:GetResources", f"{S3}*", "does not take"),
    ("one wrong action of several", ["sqs:SendMessage", "sqs:ListQueues"], ARNS["AWS::SQS::Queue"], "sqs:ListQueues does not take"),
    ("everything where less is possible", "sns:Publish", "*", "sns:Publish could be limited"),
]  # fmt: skip


def test_a_condition_on_a_key_that_requests_do_not_have_is_found():
    """It would never hold, or always, and nobody would see which."""
    statement = {"Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/x"}
    for key, is_there in [
        ("iam:PassedToService", True),
        ("IAM:passedtoservice", True),
        ("aws:SourceArn", True),
        ("iam:PassedTo", False),
        ("aws:RequestTag/team", False),
    ]:
        condition = {"Condition": {"StringEquals": {key: "lambda.amazonaws.com"}}}
        expected = [] if is_there else [f"iam:PassRole has no {key}"]
        assert faults("AWS::IAM::Role", statement | condition) == expected
    tagged = {"Action": "sqs:TagQueue", "Resource": ARNS["AWS::SQS::Queue"]}
    condition = {"Condition": {"StringEquals": {"aws:RequestTag/team": "x"}}}
    assert faults("AWS::IAM::Role", tagged | condition) == []


@pytest.mark.parametrize(
    ("action", "resource", "fault"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_a_wrong_grant_is_found(action, resource, fault):
    """Each kind of mistake is one fault, which names the action."""
    (found,) = faults("AWS::IAM::Role", {"Action": action, "Resource": resource})
    assert fault in found


def test_what_is_not_granted_by_name_is_a_fault():
    """Nobody could tell what NotAction and NotResource leave."""
    for statement in ({"NotAction": "iam:*", "Resource": "*"}, {"Action": "*", "NotResource": "x"}):
        assert faults("AWS::IAM::Role", statement) != []


def denials(name="template.yml"):
    return [(kind, each) for kind, each in statements(load(TEMPLATES[name])) if is_deny(each)]


def all_denied(sid):
    """Return every action that template.yml denies by statements whose names begin so."""
    return {
        action
        for _, each in denials()
        if each["Sid"].startswith(sid)
        for action in listed(each["Action"])
    }


def is_deny(statement):
    return statement.get("Effect") == "Deny"


def test_a_deny_that_never_applies_is_found():
    """In AWS, a Deny on a resource that its action does not take is none: nobody is kept out."""
    wrong = {"Effect": "Deny", "Action": "sns:Unsubscribe", "Resource": ARNS["AWS::SNS::Topic"]}
    (found,) = faults("AWS::SNS::TopicPolicy", wrong)
    assert "sns:Unsubscribe does not take" in found


@pytest.mark.parametrize("service", POLICY_ACTIONS)
def test_the_actions_that_a_policy_may_name_are_ones_that_take_its_resource(service):
    """A name that AWS does not have would be believed to keep somebody out."""
    resource = dict(POLICIES.values())[service]
    for name in POLICY_ACTIONS[service]:
        (found,) = matching(name)
        assert found.name == name
        assert found.takes(resource)


DENYING = {
    "template.yml": set(POLICIES),
    "alerts.yml": {"AWS::SNS::TopicPolicy"},
    "central-topic.yml": {"AWS::SNS::TopicPolicy"},
}


@pytest.mark.parametrize("name", DENYING)
def test_every_policy_names_only_actions_that_its_service_takes(name):
    """One name that it does not take, and there is no policy at all: the stack is not made."""
    assert {kind for kind, _ in denials(name)} == DENYING[name]
    for kind, statement in denials(name):
        service, resource = POLICIES[kind]
        named = listed(statement["Action"])
        assert refused(service, {"Statement": [statement]}) == []
        assert [one for one in named if matching(one)[0].name != one] in ([], ["sqs:*"])
        assert statement["Principal"] == "*"
        assert statement["Resource"] in {resource, "*" if kind in OF_ITSELF else resource}


@pytest.mark.parametrize("name", sorted(GRANTING))
def test_every_statement_of_a_policy_has_a_sid_of_its_own(name):
    """SNS refuses two of the same name, and a reader finds the one that refused something."""
    for resource in load(TEMPLATES[name])["Resources"].values():
        found = granting(resource["Properties"])
        sids = [each["Sid"] for each in found if "Effect" in each]
        assert len(sids) == len(set(sids))


WRITING = {"BatchWriteItem", "DeleteItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate", "PutItem", "UpdateItem"}  # fmt: skip


def test_every_action_that_writes_items_is_the_functions_alone():
    """What AWS's table calls a write of a table is either that, or a change that no instance may make,
    or is known to leave items alone."""
    named = {
        matching(action)[0].name.partition(":")[2]
        for kind, statement in denials()
        if kind == "AWS::DynamoDB::Table"
        for action in listed(statement["Action"])
    }
    table = ARNS["AWS::DynamoDB::Table"]
    writes = {
        each.name.partition(":")[2]
        for each in matching("dynamodb:*")
        if each.access in {"Write", "Permissions management"} and each.formats and each.takes(table)
    }
    assert named >= WRITING
    assert writes - named == HARMLESS


# What writes to no item of a table that exists, or only with a right to update it as well.
HARMLESS = {
    "AssociateTableReplica",
    "CreateBackup",
    "CreateGlobalTable",
    "CreateGlobalTableWitness",
    "CreateTable",
    "CreateTableReplica",
    "DeleteGlobalTableWitness",
    "DeleteTableReplica",
    "DisableKinesisStreamingDestination",
    "EnableKinesisStreamingDestination",
    "ExportTableToPointInTime",
    "ImportTable",
    "ReplicateSettings",
    "RestoreTableFromAwsBackup",
    "RestoreTableFromBackup",
    "RestoreTableToPointInTime",
    "StartAwsBackupJob",
    "UpdateContributorInsights",
    "UpdateGlobalTable",
    "UpdateGlobalTableSettings",
    "UpdateGlobalTableVersion",
    "UpdateKinesisStreamingDestination",
    "UpdateTableReplicaAutoScaling",
    "WriteDataForReplication",
}

OTHERS = {
    "ArnNotEquals": {"aws:PrincipalArn": ["RuleRole", "LaunchCheckRole"]},
    "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
}
INSTANCES = {
    "Null": {"aws:Ec2InstanceSourceVpc": "false"},
    "ForAllValues:StringNotEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"},
}


def test_who_is_kept_out():
    """All but the functions, all but AWS's services, or instances, and always without what they do
    by CloudFormation: a pipeline on an instance must be able to delete the stack."""
    written = [
        each
        for name in DENYING
        for resource in load(TEMPLATES[name])["Resources"].values()
        for each in granting(resource["Properties"])
        if is_deny(each)
    ]
    for statement in written:
        condition = json.loads(json.dumps(statement["Condition"]).replace('", "Arn"]}', '"')
                               .replace('{"Fn::GetAtt": ["', '"'))  # fmt: skip
        if statement["Sid"].startswith("NoInstance"):
            assert condition == INSTANCES
        elif statement["Sid"].startswith("Nobody"):
            assert condition == {"Bool": {"aws:SecureTransport": "false"}}
        elif statement["Sid"].startswith("OnlyServices"):
            assert condition == {"BoolIfExists": OTHERS["BoolIfExists"]}
        else:
            assert condition in (OTHERS, {"ArnNotEquals": OTHERS["ArnNotEquals"]})
    names = [each["Sid"] for each in written]
    assert names.count("NoInstanceChangesTheTable") == 1
    assert names.count("NoInstanceChangesTheTopic") == 4
    assert names.count("NoInstancePublishesOrChangesTheTopic") == 1
    assert names.count("NoInstanceTakesOrChanges") == 2


@pytest.mark.parametrize("name", sorted(GRANTING))
def test_every_wildcard_resource_has_its_reason_beside_it(name):
    """A reader must not have to guess why a statement names no resource."""
    written = granting(load(TEMPLATES[name])["Resources"])
    wildcards = [each for each in written if "*" in listed(each.get("Resource"))]
    lines = TEMPLATES[name].read_text().splitlines()
    explained = [line for line in lines if re.search(r'(Resource:|-) "\*" # \w', line)]
    assert len(explained) == len(wildcards)


def test_no_role_may_change_who_may_do_what():
    """None of the actions is one by which AWS's permissions are managed."""
    granted = {
        action
        for name in GRANTING
        for kind, statement in statements(load(TEMPLATES[name]))
        if kind in {"AWS::IAM::Role", "AWS::IAM::RolePolicy"} and "Resource" in statement
        for one in listed(statement["Action"])
        for action in matching(one)
    }
    assert {action.access for action in granted} == {"List", "Read", "Write"}


# What AWS says that an action may need as well, and why it does not here.
NOT_NEEDED = {
    ("cloudformation:DescribeStacks", "cloudformation:ListStacks"): "of all stacks; one is named",
    ("ec2:CreateNetworkInterface", "ec2:CreateTags"): "to tag it; Lambda does not with our role",
    ("lambda:CreateFunction", "lambda:PassCapacityProvider"): "with one; the template has none",
}


def lacking(granted):
    """Return the pairs of an action that is granted and one that it depends on and that is not."""
    meant = {action for one in granted for action in matching(one)}
    names = {action.name for action in meant}
    return {(each.name, need) for each in meant for need in each.needs if need not in names}


def test_what_an_action_depends_on_is_granted_with_it():
    """In AWS, one without the other fails on the day on which it is used."""
    roles = [
        [
            one
            for kind, statement in statements(load(TEMPLATES[name]))
            if kind in {"AWS::IAM::Role", "AWS::IAM::RolePolicy"}
            for one in listed(statement["Action"])
        ]
        for name in sorted(GRANTING)
    ]
    deployer = [one for each in deployer_statements() for one in listed(each["Action"])]
    found = set().union(*(lacking(granted) for granted in [*roles, deployer]))
    assert found == NOT_NEEDED.keys()


def deployer_statements():
    return json.loads((ROOT / "rdk-config" / "deployer-policy.json").read_text())["Statement"]


# Of what the deployer may do on everything, what AWS could limit, and why it is not.
UNLIMITED = {
    "cloudformation:GetTemplateSummary": "it is asked of a template, before there is a stack",
}


def test_the_deployers_rights_are_ones_that_aws_has():
    """On resources that they take, and on everything only where nothing narrower exists."""
    found = {fault for each in deployer_statements() for fault in faults("a policy", each)}
    assert found == {f"{action} could be limited" for action in UNLIMITED}


def test_the_code_buckets_policy_is_one_that_aws_has():
    """With readers of an organization, which it admits to the objects alone."""
    caller = Caller(ACCOUNT, "aws", f"arn:aws:iam::{ACCOUNT}:role/publisher")
    policy = policy_of("code", caller, Order("code", [REGION], "o-a1b2c3d4e5", []), {})
    found = {fault for each in policy["Statement"] for fault in faults("a policy", each)}
    assert found == set()
    assert len(policy["Statement"]) > 4


def written_policies():
    """Return the policies that documents show, with their places."""
    for path in DOCUMENTS:
        for number, block in enumerate(
            re.findall(r"```json\n(.*?)```", path.read_text(), re.DOTALL)
        ):
            try:
                document = json.loads(block)
            except ValueError:  # a message, cut
                continue
            found = document.get("Statement", document) if isinstance(document, dict) else document
            statements = [each for each in listed(found) if "Sid" in each]
            if statements:
                yield pytest.param(statements, id=f"{path.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("written", list(written_policies()))
def test_a_policy_in_a_document_is_one_that_aws_has(written):
    """Readers copy it as it stands."""
    for statement in written:
        assert [each for each in faults("a document", statement) if "limited" not in each] == []


# How IAM calls the services whose boto3 name is another.
IAM_NAMES = {"emr": "elasticmapreduce", "resourcegroupstaggingapi": "tag"}
MODULES = sorted((ROOT / "rules/EMR_IN_TRANSIT_ENCRYPTION/emr_in_transit/aws").glob("*.py"))
# What is declared without a call by that name.
BY_OTHERS = {
    "kms:Decrypt": "SNS asks it of whoever publishes to a topic under a key, S3 of whoever reads",
    "kms:GenerateDataKey": "as above",
    "s3:ListBucket": "without it S3 says of an object that is not there that it is denied",
}


def operations():
    """Return every operation of the services that the functions use, by its name in Python."""
    session = get_session()
    return {
        (service, xform_name(operation)): f"{IAM_NAMES.get(service, service)}:{operation}"
        for service in (
            "config",
            "dynamodb",
            "emr",
            "resourcegroupstaggingapi",
            "s3",
            "securityhub",
            "sns",
        )
        for operation in session.get_service_model(service).operation_names
    }


def called(tree):
    """Return the names in Python of the operations that a module calls on a client."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on = ast.unparse(node.func.value)
            if on.split(".")[-1] in {"client", "_client"}:
                is_paged = node.func.attr == "get_paginator"
                yield node.args[0].value if is_paged else node.func.attr


def declared(tree):
    """Return the actions that a module names as the permissions of its calls."""
    for node in tree.body:
        targets = getattr(node, "targets", ())
        if any("PERMISSIONS" in getattr(target, "id", "") for target in targets):
            yield from ast.literal_eval(node.value)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_declares_what_it_calls_and_nothing_else(path):
    """So that what the templates grant, which other tests hold to what is declared, is what is needed."""
    tree = ast.parse(path.read_text())
    known = operations()
    names = set(called(tree))
    services = {each.partition(":")[0] for each in declared(tree)}
    needed = {
        action
        for (_, name), action in known.items()
        if name in names and action.partition(":")[0] in services
    }
    assert set(declared(tree)) - BY_OTHERS.keys() == needed
    assert names <= {name for _, name in known}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_action_that_a_document_names_exists(path):
    """Whoever writes a policy by it would write what AWS does not know."""
    services = {action.name.partition(":")[0] for action in matching("*")}
    pairs = re.findall(r"(?<![:\w-])([a-z0-9]+):([A-Z*][A-Za-z0-9*]*)", path.read_text())
    named = {f"{service}:{name}" for service, name in pairs if service in services}
    keys = {key.partition(":${")[0] for action in matching("*") for key in action.keys}
    assert [one for one in named if one not in keys and not matching(one)] == []


def test_documents_name_actions():
    """Or the test above would look at nothing."""
    assert sum(path.read_text().count("elasticmapreduce:") for path in DOCUMENTS) >= 3


@pytest.mark.parametrize("name", DENYING)
def test_every_deny_has_its_reason_above_it(name):
    """A reader must not have to guess whom it is meant for."""
    lines = TEMPLATES[name].read_text().splitlines()
    denies = [i for i, line in enumerate(lines) if line.strip() == "Effect: Deny"]
    assert denies
    assert [lines[i - 1] for i in denies if not lines[i - 2].strip().startswith("# ")] == []
