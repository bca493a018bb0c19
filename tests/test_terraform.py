"""docs/terraform.md: it is Terraform, deploys the template that ships, and names its parameters."""

import re

import hcl2
import pytest

from tests.test_organization_guide import commands as guide_commands
from tests.test_organization_guide import given
from tests.test_template import ROOT, TEMPLATE

PAGE = (ROOT / "docs" / "terraform.md").read_text()
STACK, STACK_SET = "aws_cloudformation_stack", "aws_cloudformation_stack_set"


def plain(value):
    """Return what python-hcl2 reads, without the quotation marks of texts and its own marks."""
    if isinstance(value, dict):
        pairs = {plain(key): plain(item) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.strip('"') if isinstance(value, str) else value


def resources():
    """Return every resource of the page's snippets, by its type."""
    found = {}
    for snippet in re.findall(r"```hcl\n(.*?)```", PAGE, re.DOTALL):
        for block in plain(hcl2.loads(snippet))["resource"]:
            for kind, named in block.items():
                found[kind] = next(iter(named.values()))
    return found


@pytest.mark.parametrize("kind", [STACK, STACK_SET])
def test_parameters_are_the_templates_and_have_values_that_it_takes(kind):
    """Nothing that it requires is missing; numbers and patterns are as it constrains them."""
    parameters = resources()[kind]["parameters"]
    declared = TEMPLATE["Parameters"]
    assert parameters.keys() <= declared.keys()
    assert {name for name, one in declared.items() if "Default" not in one} <= parameters.keys()
    for name, value in parameters.items():
        one = declared[name]
        assert value in one.get("AllowedValues", [value])
        assert re.fullmatch(one.get("AllowedPattern", ".*"), value)


@pytest.mark.parametrize("kind", [STACK, STACK_SET])
def test_template_and_code_come_from_what_make_publish_fills(kind):
    """Under the names that it gives, in the bucket that the parameters mean."""
    resource = resources()[kind]
    bucket = resource["parameters"]["CodeBucket"]
    name = r"emr-in-transit-encryption-[0-9a-f]{16}"
    address = rf"https://s3\.([a-z0-9-]+)\.amazonaws\.com/{bucket}-\1/{name}\.yml"
    assert re.fullmatch(address, resource["template_url"])
    assert re.fullmatch(rf"{name}\.zip", resource["parameters"]["CodeKey"])
    assert resource["capabilities"] == ["CAPABILITY_IAM"]
    assert f"CODE_BUCKET={bucket} " in PAGE


def test_the_stack_set_is_the_guides():
    """The same parameters and preferences, whichever tool deploys it."""
    (words,) = [words for words in guide_commands() if words[2] == "create-stack-set"]
    named = {each.split(",")[0].partition("=")[2] for each in given(words)["parameters"]}
    stack_set = resources()[STACK_SET]
    assert stack_set["parameters"].keys() == named
    assert [stack_set["permission_model"]] == given(words)["permission-model"]
    assert [stack_set["call_as"]] == given(words)["call-as"]
    (instances,) = [
        words
        for words in guide_commands()
        if words[2] == "create-stack-instances" and "INTERSECTION" not in " ".join(words)
    ]
    (preferences,) = given(instances)["operation-preferences"]
    (own,) = stack_set["operation_preferences"]
    for name, value in own.items():
        assert f"{name.title().replace('_', '')}={value}" in preferences.split(",")
