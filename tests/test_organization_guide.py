"""The guide to many accounts: its commands are AWS's, its names the templates', its sums right."""

import re
import shlex

import botocore.session
import pytest
from botocore import xform_name

from emr_in_transit.sweep_result import SweepResult
from tests.support import documents
from tests.test_organization_templates import load
from tests.test_template import ROOT, TEMPLATE, resources

GUIDE = (ROOT / "rdk-config" / "ORGANIZATION.md").read_text()
PROSE = GUIDE.replace("\N{MULTIPLICATION SIGN}", "x")
SESSION = botocore.session.Session()
# What the AWS CLI calls otherwise than the service's model, and what it adds to it.
SERVICES = {"configservice": "config", "s3api": "s3"}
OWN_COMMANDS = {("cloudformation", "deploy"), ("cloudformation", "wait")}


def commands():
    """Return the words of each aws command in the blocks of the guide."""
    return [
        each.words
        for each in documents.commands()
        if each.is_whole and each.words[0] == "aws" and each.document.endswith("ORGANIZATION.md")
    ]


def given(words):
    """Return what each option of a command is given."""
    found, option = {}, None
    for word in words[3:]:
        if word.startswith("--"):
            option = word.removeprefix("--").removeprefix("no-")
            found[option] = []
        elif option:
            found[option].append(word)
    return found


def model_of(service, operation):
    model = SESSION.get_service_model(SERVICES.get(service, service))
    names = {xform_name(name, "-"): name for name in model.operation_names}
    return model.operation_model(names[operation])


BY_THE_MODEL = [words for words in commands() if tuple(words[1:3]) not in OWN_COMMANDS]


@pytest.mark.parametrize("words", BY_THE_MODEL, ids=lambda words: " ".join(words[1:3]))
def test_a_command_has_what_its_operation_requires(words):
    """By botocore's model; a part of a structure is named as the model names it, its value allowed."""
    shape = model_of(*words[1:3]).input_shape
    has = given(words)
    required = {xform_name(name, "-") for name in (shape.required_members if shape else ())}
    assert required <= has.keys()
    for name, member in (shape.members if shape else {}).items():
        for value in has.get(xform_name(name, "-"), []):
            check_value(value, member)


def check_value(value, shape):
    """Hold one value of the shorthand syntax to its shape."""
    if shape.type_name == "list":
        shape = shape.member
    if shape.type_name == "structure" and not value.startswith(("{", "[")):
        for pair in re.split(r",(?=\w+=)", value):
            key, equals, text = pair.partition("=")
            assert equals
            assert key in shape.members, f"{shape.name} has no {key}"
            check_value(text, shape.members[key])
    elif allowed := getattr(shape, "enum", None):
        assert value in allowed or value.startswith("$")
    elif shape.type_name in {"integer", "long"}:
        assert value.isdigit()
    elif shape.type_name == "boolean":
        assert value in {"true", "false"}


WRONG_COMMANDS = [
    (
        "aws cloudformation create-stack-instances --stack-set-name s --regions r --operation-preferences X=1",
        "has no X",
    ),
    ("aws cloudformation delete-stack-set --call-as DELEGATED_ADMIN", "required|assert"),
    ("aws cloudformation delete-stack-set --stack-set-name s --call-as ADMIN", "assert"),
]


@pytest.mark.parametrize(("command", "problem"), WRONG_COMMANDS)
def test_a_wrong_command_is_found(command, problem):
    """A part that the model does not have, one that it requires, a value that it does not allow."""
    with pytest.raises(AssertionError, match=problem):
        test_a_command_has_what_its_operation_requires(shlex.split(command))


@pytest.mark.parametrize(
    "operation", ["create-stack-instances", "update-stack-set", "delete-stack-instances"]
)
def test_operations_on_many_accounts_say_how_fast_and_how_far(operation):
    """Without preferences they take one account after another, and stop at the first that fails."""
    found = [words for words in commands() if words[2] == operation]
    assert found
    for words in found:
        (preferences,) = given(words)["operation-preferences"]
        named = {pair.partition("=")[0] for pair in preferences.split(",")}
        assert {
            "RegionConcurrencyType",
            "MaxConcurrentPercentage",
            "FailureTolerancePercentage",
        } <= named


def test_the_template_is_given_in_a_way_that_takes_its_length():
    """A body in a request is refused above 51,200 bytes."""
    assert "--template-body file://template.yml" not in GUIDE
    for operation in ("create-stack-set", "update-stack-set"):
        (words,) = [words for words in commands() if words[2] == operation]
        assert given(words)["template-url"] == ["$TEMPLATE_URL"]
    for words in commands():
        if words[2] == "deploy" and "template.yml" in words:
            assert "s3-bucket" in given(words)


def test_there_are_commands_for_every_step():
    """The test above has something to look at."""
    steps = {tuple(words[1:3]) for words in commands()}
    assert {
        ("cloudformation", "create-stack-set"),
        ("cloudformation", "create-stack-instances"),
        ("cloudformation", "delete-stack-instances"),
        ("configservice", "put-conformance-pack"),
        ("configservice", "put-organization-conformance-pack"),
        ("configservice", "delete-organization-conformance-pack"),
    } <= steps


def test_parameters_are_named_as_the_templates_name_them():
    """Of the stack, of the packs, of the central topic."""
    stack = set(re.findall(r"ParameterKey=(\w+)", GUIDE))
    pack = set(re.findall(r"ParameterName=(\w+)", GUIDE))
    assert stack >= {"CodeBucketPerRegion", "CreateRules", "AlertTopicArn", "TopicKeyArn"}
    assert stack <= TEMPLATE["Parameters"].keys()
    assert pack
    assert pack <= load("conformance-pack.yml")["Parameters"].keys()
    overrides = {
        words[words.index("--template-file") + 1]: given(words)["parameter-overrides"]
        for words in commands()
        if "--template-file" in words
    }
    named = {
        template: {pair.partition("=")[0] for pair in pairs}
        for template, pairs in overrides.items()
    }
    assert named["rdk-config/central-topic.yml"] == load("central-topic.yml")["Parameters"].keys()
    assert named["template.yml"] <= TEMPLATE["Parameters"].keys()
    # What the stack set is given, the management account's stack is given too.
    assert named["template.yml"] | {"CreateRules", "Coverage", "SecurityHubFindings"} >= stack


def test_what_is_required_is_given():
    """A stack set made by these commands lacks nothing that has no default."""
    (command,) = [words for words in commands() if words[2] == "create-stack-set"]
    named = {word.split(",")[0].removeprefix("ParameterKey=") for word in command}
    required = {name for name, one in TEMPLATE["Parameters"].items() if "Default" not in one}
    assert required <= named
    (update,) = [words for words in commands() if words[2] == "update-stack-set"]
    kept = {
        word.split(",")[0].removeprefix("ParameterKey=") for word in given(update)["parameters"]
    }
    assert kept == {
        word.split(",")[0].removeprefix("ParameterKey=") for word in given(command)["parameters"]
    }, "a parameter that an update does not name falls back to its default"


def test_files_that_are_named_are_there():
    """Templates, from the root of the repository."""
    named = re.findall(r"(?:file://|--template-file )([\w./-]+\.yml)", GUIDE)
    assert {"template.yml", "rdk-config/conformance-pack.yml"} <= set(named)
    assert "rdk-config/central-topic.yml" in named
    assert [each for each in named if not (ROOT / each).exists()] == []


def test_the_rules_are_named_as_the_pack_names_them():
    """As they appear in AWS Config, up to the id."""
    for rule in load("conformance-pack.yml")["Resources"].values():
        assert f"`{rule['Properties']['ConfigRuleName']}-conformance-pack-`" in GUIDE


def test_the_sums_are_right():
    """By alarm, by metric, by evaluation: the table is what its arithmetic says."""
    alarms, metrics = (
        len(resources("AWS::CloudWatch::Alarm")),
        len(SweepResult(problems={}).metrics()),
    )
    assert f"{alarms} alarms x 0.10" in PROSE
    assert f"{metrics} metrics x 0.30" in PROSE
    rows = [re.findall(r"\| (?:\*\*)?(\d+\.\d\d)(?:\*\*)? ", row) for row in GUIDE.splitlines()]
    *items, total = [[float(each) for each in row] for row in rows if len(row) == 2]
    assert items[0] == [round(alarms * 0.1, 2)] * 2
    assert items[1] == [round(metrics * 0.3, 2)] * 2
    assert items[2] == [0.0, round(0.001 * (30 * 20 + 2 * 1000), 2)]
    assert [round(sum(column), 2) for column in zip(*items, strict=True)] == total
    assert f"1,500 x {total[0]:.2f} = {1500 * total[0]:,.0f} a month" in PROSE
    six_hours = alarms * 0.1 + metrics * 0.3 / 6 + items[4][0]
    assert f"= {1500 * six_hours:,.0f}" in GUIDE
