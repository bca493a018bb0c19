"""The guide to many accounts: its commands are AWS's, its names the templates', its sums right."""

import re
import shlex

import botocore.session
import pytest
from botocore import xform_name

from emr_in_transit.sweep import SweepResult
from tests.test_organization_templates import load
from tests.test_template import ROOT, TEMPLATE, resources

GUIDE = (ROOT / "rdk-config" / "ORGANIZATION.md").read_text()
PROSE = GUIDE.replace("\N{MULTIPLICATION SIGN}", "x")
SESSION = botocore.session.Session()
# What the AWS CLI calls otherwise than the service's model, or adds to it.
SERVICES = {"configservice": "config", "s3api": "s3"}
EVERYWHERE = {"region", "query", "output"}
OWN_COMMANDS = {
    ("cloudformation", "deploy"): {
        "stack-name",
        "template-file",
        "parameter-overrides",
        "capabilities",
    },
    ("s3", "mb"): set(),
    ("s3", "rb"): {"force"},
    ("s3", "cp"): set(),
}


def commands():
    """Answer the words of each aws command in the guide."""
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, re.DOTALL)
    text = "\n".join(blocks).replace("\\\n", " ")
    found = re.findall(r"\baws [a-z0-9]+ [a-z-]+(?: [^\n;]*)?", text)
    return [shlex.split(each.split(" --policy ")[0].rstrip(")")) for each in found]


def options(words):
    return {word.removeprefix("--").removeprefix("no-") for word in words if word[:2] == "--"}


def known(service, operation):
    """Answer the options of an AWS CLI command."""
    if (service, operation) in OWN_COMMANDS:
        return OWN_COMMANDS[service, operation]
    model = SESSION.get_service_model(SERVICES.get(service, service))
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(operations[operation]).input_shape
    return {xform_name(member, "-") for member in shape.members} if shape else set()


@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[1:3]))
def test_a_command_is_one_of_the_aws_cli_with_options_that_it_has(words):
    """Commands are copied, so none may be misspelt."""
    assert options(words) - EVERYWHERE <= known(*words[1:3])


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
    overrides = re.search(r"central-topic\.yml --parameter-overrides (.*)", GUIDE).group(1)
    given = set(re.findall(r"(\w+)=", overrides))
    assert given == load("central-topic.yml")["Parameters"].keys()


def test_what_is_required_is_given():
    """A stack set made by these commands lacks nothing that has no default."""
    (command,) = [words for words in commands() if words[2] == "create-stack-set"]
    given = {word.split(",")[0].removeprefix("ParameterKey=") for word in command}
    required = {name for name, one in TEMPLATE["Parameters"].items() if "Default" not in one}
    assert required <= given


def test_files_that_are_named_are_there():
    """Templates and pages, from the root of the repository or from the page's own folder."""
    named = re.findall(r"(?:file://|--template-file )([\w./-]+\.yml)", GUIDE)
    linked = re.findall(r"\]\(([\w./-]+)(?:#[\w-]+)?\)", GUIDE)
    assert {"template.yml", "rdk-config/conformance-pack.yml"} <= set(named)
    assert [each for each in named if not (ROOT / each).exists()] == []
    assert [each for each in linked if not (ROOT / "rdk-config" / each).exists()] == []


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
