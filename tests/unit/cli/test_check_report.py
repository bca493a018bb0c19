"""check: the forms of its report. Nothing secret is in any of them."""

import csv
import io
import json

import jsonschema
import pytest
from rich.console import Console

from emr_in_transit import REASONS
from emr_in_transit_cli.checking import sarif
from emr_in_transit_cli.checking.check import Check
from emr_in_transit_cli.checking.report import print_table
from emr_in_transit_cli.dialects.recognising import Context
from tests.support.command import OFF, ON, WEAK_SPARK, run, write
from tests.support.facts import NOW, parameters
from tools.package import ROOT

SCHEMA = json.loads((ROOT / "cli" / "emr_in_transit_cli" / "check.schema.json").read_text())
FORMATS = ("table", "json", "csv", "sarif")
TEMPLATE = """Resources:
  Tls:
    Type: AWS::EMR::SecurityConfiguration
    Properties:
      SecurityConfiguration: {EncryptionConfiguration: {EnableInTransitEncryption: false}}

  Cluster:
    Type: AWS::EMR::Cluster
    Properties: {ReleaseLabel: emr-7.3.0, SecurityConfiguration: !Ref Tls}
  Unsure:
    Type: AWS::EMR::Cluster
    Properties: {ReleaseLabel: emr-7.3.0, SecurityConfiguration: !ImportValue x}
"""


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, TEMPLATE, "template.yaml")


def test_json_follows_its_schema(tmp_path, path):
    """With each kind of verdict, a file that cannot be read and one that is passed over."""
    write(tmp_path, {"x": 1}, "other.json")
    good = {"Name": "on", "SecurityConfiguration": json.dumps(ON)}
    write(tmp_path, good, "good.json")
    done = run("check", "-f", "json", tmp_path, tmp_path / "none.json", path)
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA)
    assert done.status == 3
    assert document["summary"] == {
        "COMPLIANT": 1,
        "NON_COMPLIANT": 4,
        "NOT_APPLICABLE": 0,
        "COULD_NOT_TELL": 3,
    }
    assert [each["problem"][:20] for each in document["skipped"]] == ["is an object with x;"]
    assert {each["kind"] for each in document["verdicts"]} == {
        "cluster",
        "security configuration",
        "file",
    }


def test_csv_rows(path):
    """A row for each finding, and for each subject without one."""
    rows = list(csv.reader(io.StringIO(run("check", "-f", "csv", path).out)))
    assert rows[0][:5] == ["file", "dialect", "kind", "address", "compliance"]
    assert [(row[3], row[6]) for row in rows[1:]] == [
        ("Tls", "IN_TRANSIT_ENCRYPTION_OFF"),
        ("Cluster", "IN_TRANSIT_ENCRYPTION_OFF"),
        ("Unsure", ""),
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x"])
def test_csv_runs_no_formulas(tmp_path, name):
    """What a spreadsheet would take for a formula is a text."""
    request = {"Name": name, "ReleaseLabel": "emr-7.3.0", "Instances": {}}
    rows = list(csv.reader(io.StringIO(run("check", "-f", "csv", write(tmp_path, request)).out)))
    assert rows[1][3] == f"'{name}"


# SARIF 2.1.0 (OASIS), by section: what has to be there.
REQUIRED = [
    ("3.13", (), {"version", "runs"}),
    ("3.14", ("runs", 0), {"tool"}),
    ("3.18", ("runs", 0, "tool"), {"driver"}),
    ("3.19", ("runs", 0, "tool", "driver"), {"name"}),
    ("3.49", ("runs", 0, "tool", "driver", "rules", 0), {"id"}),
    ("3.27", ("runs", 0, "results", 0), {"message"}),
    ("3.11", ("runs", 0, "results", 0, "message"), {"text"}),
    ("3.20", ("runs", 0, "invocations", 0), {"executionSuccessful"}),
    ("3.58", ("runs", 0, "invocations", 0, "toolExecutionNotifications", 0), {"message"}),
]


@pytest.mark.parametrize(("section", "steps", "members"), REQUIRED, ids=[r[0] for r in REQUIRED])
def test_sarif_has_what_it_must(path, section, steps, members):
    """Each required member stands where the standard's section has it."""
    place = json.loads(run("check", "-f", "sarif", path).out)
    for step in steps:
        place = place[step]
    assert members <= {*place}, section


def test_sarif_points_at_lines(path):
    """Each result names its file and line, and a rule that is one of our reasons."""
    [done] = json.loads(run("check", "-f", "sarif", path).out)["runs"]
    places = [
        each["locations"][0]["physicalLocation"] for each in done["results"] if each["ruleId"]
    ]
    assert [each["region"]["startLine"] for each in places] == [2, 7]
    assert {each["artifactLocation"]["uri"] for each in places} == {str(path)}
    rules = done["tool"]["driver"]["rules"]
    assert [each["id"] for each in rules] == list(REASONS)
    assert all(each["help"]["text"] for each in rules)
    assert all(rules[each["ruleIndex"]]["id"] == each["ruleId"] for each in done["results"])
    [note] = done["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("Unsure: It depends on")


def test_sarif_of_json_with_tabs(tmp_path):
    """Lines are found in JSON too."""
    text = '{\n\t"Resources": {\n\t\t"C": {"Type": "AWS::EMR::Cluster",\n"Properties": {"ReleaseLabel": "emr-7.3.0"}}}}'  # fmt: skip
    [done] = json.loads(run("check", "-f", "sarif", write(tmp_path, text)).out)["runs"]
    [result] = done["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 3


def test_sarif_of_standard_input_and_of_nothing():
    """Where there is no file, there is no line."""
    done = run("check", "-f", "sarif", "-", stdin=TEMPLATE.encode())
    [result, *_] = json.loads(done.out)["runs"][0]["results"]
    assert result["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "stdin"}}}]
    done = run("check", "-f", "sarif", "none.json")
    assert json.loads(done.out)["runs"][0]["results"] == []


def test_sarif_of_a_file_that_has_gone(path):
    """It is read once more for its lines; where that fails, the verdicts stand."""
    checked = Check(Context(NOW, {}), parameters()).run([str(path)])
    path.unlink()
    done = json.loads(sarif.as_sarif(checked))["runs"][0]
    assert done["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] == 1


def shown(report, *, width, colours):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, no_color=not colours,
        color_system="standard" if colours else None, legacy_windows=False,
    )  # fmt: skip
    print_table(report, console, verbose=False)
    return console.file.getvalue()


def test_a_table_of_nothing(tmp_path):
    """Then there is only the sentence that says so."""
    path = write(tmp_path, "Resources: {B: {Type: 'AWS::S3::Bucket'}}", "t.yaml")
    report = Check(Context(NOW, {}), parameters()).run([str(path)])
    plain = " ".join(shown(report, width=80, colours=False).split())
    assert plain.endswith("CloudFormation template without any EMR in it nothing to judge")


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_table_fits_the_terminal(path, width):
    """Whatever its width; without colours where they are not wanted."""
    report = Check(Context(NOW, {}), parameters()).run([str(path)])
    plain = shown(report, width=width, colours=False)
    assert max(map(len, plain.splitlines())) <= width
    assert "\x1b[3" not in plain
    assert "\x1b[1;31m" in shown(report, width=width, colours=True)
    assert plain.count("NON_COMPLIANT") == 2


def test_piped_it_is_a_line_for_each(path):
    """Plain text, which grep and less can do something with."""
    lines = run("check", path).out.splitlines()
    assert lines[0] == (
        f"NON_COMPLIANT {path}: Tls: IN_TRANSIT_ENCRYPTION_OFF: EnableInTransitEncryption in "
        'security configuration "Tls" is false.'
    )
    assert lines[-1] == "2 non-compliant, 1 could not be told"
    assert len(lines) == 4


@pytest.mark.parametrize("form", FORMATS)
def test_output(tmp_path, path, form):
    """The report goes to the file, and nothing to standard output."""
    target = tmp_path / "report"
    done = run("check", "-f", form, "-o", target, path)
    assert (done.status, done.out, done.err) == (3, "", "")
    # Lines end as the format has it, so bytes are compared.
    assert target.read_bytes() == run("check", "-f", form, path).out.encode()
    done = run("check", "-f", form, "-o", tmp_path / "no" / "report", path)
    assert (done.status, "cannot be written" in done.err) == (2, True)


def test_exit_zero(path):
    """For pipelines that only report; wrong use stays wrong use."""
    assert run("check", "--exit-zero", path).status == 0
    assert run("check", "--exit-zero", "-p", "x", path).status == 2


SECRETS = ("swordfish-1", "swordfish-2", "swordfish-3", "swordfish-4", "swordfish-5")
SECRET_CLUSTER = {
    "Name": "n",
    "ReleaseLabel": "emr-7.3.0",
    "Applications": [{"Name": "Spark"}],
    "SecurityConfiguration": "tls",
    "KerberosAttributes": {"Realm": "R", "KdcAdminPassword": SECRETS[0]},
    "Configurations": [
        WEAK_SPARK,
        {
            "Classification": "core-site",
            "Properties": {
                "fs.s3a.secret.key": SECRETS[1],
                "fs.s3a.endpoint": f"http://user:{SECRETS[2]}@example.com",
            },
        },
    ],
    "Steps": [{"Name": "s", "HadoopJarStep": {"Jar": "x", "Args": ["--password", SECRETS[3]]}}],
    "Instances": {},
}
LDAP = {"AuthenticationConfiguration": {"LDAPConfiguration": {"BindPassword": SECRETS[4]}}}


def secret_files(folder):
    body = json.dumps(OFF | LDAP)
    properties = [
        {"Classification": each["Classification"], "ConfigurationProperties": each["Properties"]}
        for each in SECRET_CLUSTER["Configurations"]
    ]
    in_template = {
        "Parameters": {"P": {"Type": "String", "Default": SECRETS[0], "NoEcho": True}},
        "Resources": {
            "C": {
                "Type": "AWS::EMR::Cluster",
                "Properties": {
                    "ReleaseLabel": "emr-7.3.0",
                    "SecurityConfiguration": {"Fn::Sub": f"${{P}}{SECRETS[3]}${{AWS::Region}}"},
                    "KerberosAttributes": {"Realm": "R", "KdcAdminPassword": {"Ref": "P"}},
                    "Configurations": properties,
                },
            }
        },
    }
    write(folder, SECRET_CLUSTER, "a.json")
    write(folder, {"Name": "tls", "SecurityConfiguration": body}, "b.json")
    write(folder, in_template, "c.json")
    write(folder, json.dumps(SECRET_CLUSTER)[:-9], "d.json")
    write(folder, f"a: {SECRETS[0]}\nb: *{SECRETS[0]}\nReleaseLabel: x", "e.yaml")


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_secret_is_printed(tmp_path, form):
    """Passwords everywhere, and in no output; not with --verbose either."""
    secret_files(tmp_path)
    done = run("check", "-v", "-f", form, tmp_path)
    assert done.status == 3
    assert "core-site/fs.s3a.endpoint" in done.out or form == "table"
    printed = done.out + done.err
    assert [each for each in SECRETS if each in printed] == []
