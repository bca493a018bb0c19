"""rdk-config: what role.yml grants and alerts.yml admits; the copy that rdk gets; what is mended."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.decode import cfn_yaml

from emr_in_transit.aws import clusters, emr, evaluations
from tools import rdk, rdk_export
from tools.package import rule_files
from tools.rdk_account import FUNCTION, RULE_STACK
from tools.rdk_stage import RULE, SOURCE, StageError, merge_optional, stage
from tools.simulator.functions.code import runtime_directory

ROOT = Path(__file__).resolve().parent.parent
ROLE = cfn_yaml.load(str(ROOT / "rdk-config" / "role.yml"))
ALERTS = cfn_yaml.load(str(ROOT / "rdk-config" / "alerts.yml"))
TEXT = (ROOT / "rdk-config" / "role.yml").read_text()
README = (ROOT / "rdk-config" / "README.md").read_text()
STATEMENTS = ROLE["Resources"]["FunctionRole"]["Properties"]["Policies"][0]["PolicyDocument"][
    "Statement"
]
# What the rule uses where it has neither a ledger nor a topic, and what Lambda does for the log.
DECLARED = {
    *emr.PERMISSIONS,
    *emr.LIST_PERMISSIONS,
    *emr.INSTANCE_PERMISSIONS,
    *evaluations.PERMISSIONS,
    *evaluations.READ_PERMISSIONS,
    *clusters.PERMISSIONS,
}
LOG_ACTIONS = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}


def actions(statement):
    action = statement["Action"]
    return {action} if isinstance(action, str) else set(action)


def parameters(folder):
    return json.loads((folder / RULE / "parameters.json").read_text())["Parameters"]


def test_the_role_may_do_what_the_adapters_declare_and_nothing_else():
    """In the place of rdk's own role, which may read the whole account."""
    assert set().union(*(actions(each) for each in STATEMENTS)) == DECLARED | LOG_ACTIONS


def test_every_wildcard_of_the_role_has_its_reason_beside_it():
    """A reader must not have to guess why a statement names no resource."""
    wildcards = [line for line in TEXT.splitlines() if re.search(r"""Resource: ["']?\*""", line)]
    assert len(wildcards) == 3
    assert [line for line in wildcards if "#" not in line] == []


@pytest.mark.parametrize("template", [ROLE, ALERTS], ids=["role", "alerts"])
def test_every_parameter_is_described_constrained_labelled_and_grouped(template):
    """What the console shows is complete, and everything has a default."""
    interface = template["Metadata"]["AWS::CloudFormation::Interface"]
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"].endswith(".")
        assert {"AllowedValues", "AllowedPattern"} & parameter.keys()
        assert "Default" in parameter
        assert name in interface["ParameterLabels"]
        assert sum(name in group["Parameters"] for group in interface["ParameterGroups"]) == 1


@pytest.mark.parametrize("template", [ROLE, ALERTS], ids=["role", "alerts"])
def test_the_function_has_the_name_that_rdk_gives_it(template):
    """rdk makes it of the rule's name without underscores."""
    assert template["Parameters"]["FunctionName"]["Default"] == FUNCTION
    assert f"RDK-Rule-Function-{RULE.replace('_', '')}" == FUNCTION
    assert RULE.replace("_", "") == RULE_STACK


def test_no_alert_is_written_as_json():
    """EventBridge escapes nothing, and a name in quotation marks would break a JSON text."""
    for name in ("Violation", "Resolved"):
        (target,) = ALERTS["Resources"][name]["Properties"]["Targets"]
        lines = target["InputTransformer"]["InputTemplate"].splitlines()
        assert [line for line in lines if not re.fullmatch('"[^"{}]+"', line)] == []
        used = set(re.findall(r"<(\w+)>", "".join(lines)))
        assert used == target["InputTransformer"]["InputPathsMap"].keys()


def test_the_alert_in_the_readme_is_the_templates():
    """People see there what they will get."""
    (target,) = ALERTS["Resources"]["Violation"]["Properties"]["Targets"]
    expected = target["InputTransformer"]["InputTemplate"]
    for placeholder in re.findall(r"<\w+>", expected):
        expected = expected.replace(placeholder, "\0")
    pattern = re.escape(expected).replace("\0", '[^"\n]+')
    assert re.search(f"```text\n{pattern}```", README)


def test_every_make_target_and_file_of_the_readme_exists():
    """What it tells people to run and to read is there."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ((?:rdk-[a-z-]+ ?)+)", README))
    names = {name for found in targets for name in found.split()}
    assert len(names) == len(rdk.COMMANDS)
    assert [name for name in names if f"\n{name}:" not in makefile] == []
    files = set(re.findall(r"^\| `([a-z_]+\.[a-z]+)`", README, re.MULTILINE))
    kept = {path.name for path in (ROOT / "rdk-config").iterdir() if path.is_file()}
    assert {"role.yml", "alerts.yml", "regions.yaml", "rule_test.py"} <= files <= kept


def test_the_copy_holds_the_code_and_parameters_json_and_nothing_else(tmp_path):
    """rdk zips the whole folder."""
    folder = stage(tmp_path / "copy", {})
    copied = {path.relative_to(folder / RULE) for path in folder.rglob("*") if path.is_file()}
    code = {path.relative_to(SOURCE) for path in rule_files()}
    assert copied == code | {Path("parameters.json")}
    assert json.loads((folder / RULE / "parameters.json").read_text()) == json.loads(
        (SOURCE / "parameters.json").read_text()
    )


def test_an_old_copy_is_replaced_but_never_the_state_of_terraform(tmp_path):
    """What an earlier command left would be zipped; what terraform left cannot be made again."""
    (tmp_path / RULE).mkdir()
    (tmp_path / RULE / "left.py").touch()
    stage(tmp_path, {})
    assert not (tmp_path / RULE / "left.py").exists()
    (tmp_path / RULE / "terraform.tfstate").touch()
    with pytest.raises(StageError, match="state of Terraform"):
        stage(tmp_path, {})


def test_only_the_copy_for_a_test_holds_the_test(tmp_path):
    """It is no part of what Lambda gets."""
    folder = stage(tmp_path, {}, tests=True)
    assert [path.name for path in folder.rglob("*_test.py")] == ["rule_test.py"]


def test_parameters_go_into_the_copy(tmp_path):
    """Rule parameters beside the ones that are there; the triggers where rdk reads them."""
    given = {"coverage": "complete", "exemptionTagKey": "exempt", "SourcePeriodic": "Six_Hours"}
    staged = parameters(stage(tmp_path, given))
    optional = json.loads(staged["OptionalParameters"])
    assert optional["coverage"] == "complete"
    assert optional["exemptionTagKey"] == "exempt"
    assert optional["AssumeRoleMode"] == "False"
    assert staged["SourcePeriodic"] == "Six_Hours"


def test_the_change_trigger_can_be_left_out(tmp_path):
    """Where AWS Config takes clusters only from a rule that has none."""
    assert "SourceEvents" not in parameters(stage(tmp_path, {"SourceEvents": ""}))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"coverage": "total"}, "coverage takes configured or complete"),
        ({"colour": "red"}, "colour"),
        ({"SourcePeriodic": "Hourly"}, "SourcePeriodic takes One_Hour"),
        ({"SourcePeriodic": ""}, "SourcePeriodic takes One_Hour"),
        ({"SourceEvents": "AWS::EMR::Cluster"}, "SourceEvents takes AWS::EMR::Secur"),
        ({"CertificateBundles": "check"}, "CertificateBundles is for template.yml"),
    ],
)
def test_what_the_rule_would_refuse_is_refused_before_it_is_deployed(tmp_path, given, why):
    """A wrong parameter stops every run, and a rule without a schedule judges no cluster."""
    with pytest.raises(StageError, match=why):
        stage(tmp_path, given)


def test_the_copy_refuses_to_look_into_certificates_by_name(tmp_path):
    """Whoever sets the variable by hand reads why: no pyasn1 is there to read them with."""
    folder = stage(tmp_path / "copy", {}) / RULE
    program = (
        f"import sys; sys.path += [{str(folder)!r}, {str(runtime_directory())!r}]\n"
        "from emr_in_transit.deployment import read_settings\n"
        "read_settings({'CERTIFICATE_BUNDLES': 'off'})\n"
        "read_settings({'CERTIFICATE_BUNDLES': 'check', 'CERTIFICATE_BUCKETS': 'arn:aws:s3:::any'})\n"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == (
        "emr_in_transit.deployment.SettingsError: environment variable CERTIFICATE_BUNDLES takes "
        "off here, not 'check': this code comes without pyasn1_modules, which the zip of make "
        "package has"
    )


def test_merged_parameters_are_all_required_ones(tmp_path):
    """rdk deploys both kinds in one object."""
    before = parameters(stage(tmp_path, {}))
    merge_optional(tmp_path)
    after = parameters(tmp_path)
    assert after["InputParameters"] == before["OptionalParameters"]
    assert "OptionalParameters" not in after


def test_a_region_set_is_read_as_rdk_reads_it(monkeypatch):
    """Without one, the Region is the caller's."""
    assert rdk.regions_of("china") == ["cn-north-1", "cn-northwest-1"]
    assert rdk.regions_of("") == ["eu-west-1"]
    with pytest.raises(rdk.RdkError, match="no set mars, but default, china, govcloud"):
        rdk.regions_of("mars")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    with pytest.raises(rdk.RdkError, match="there is no Region"):
        rdk.regions_of("")


def test_another_export_than_the_known_one_is_not_mended(tmp_path):
    """A part that is not found is an error, not a rule that is silently wrong."""
    (tmp_path / RULE).mkdir()
    path = tmp_path / RULE / f"{RULE.lower()}_rule.tf"
    path.write_text('resource "aws_config_config_rule" "event_triggered" {\n  name = var.other\n}')
    with pytest.raises(rdk_export.ExportError, match="no '= var"):
        rdk_export.mend_0_12(tmp_path)
    with pytest.raises(rdk_export.ExportError, match="not one, but 0"):
        rdk_export.mend_1_x(tmp_path)
