"""scan: accounts and Regions by the command line, its formats, its ends and its output file."""

import csv
import io
import json
import os
import re
import stat
from pathlib import Path

import boto3
import jsonschema
import pytest
from moto import mock_aws
from rich.console import Console

from emr_in_transit.deployment import DEFAULT_EMR_CALL_SHARE
from emr_in_transit_cli import account, progress
from emr_in_transit_cli.scanning import report as scan_report
from emr_in_transit_cli.scanning import scan as scanning
from emr_in_transit_cli.scanning.scan import Options, RegionScan, Scan
from tests.support.command import OFF, ON, run
from tests.support.facts import parameters
from tools.package import ROOT

SCHEMA = json.loads((ROOT / "cli" / "emr_in_transit_cli" / "scan.schema.json").read_text())
HOME, OTHER, THIRD = "123456789012", "222222222222", "333333333333"
HERE, THERE = "eu-west-1", "us-east-1"
TWO_REGIONS = ("--region", HERE, "--region", THERE)
ROLE = f"arn:aws:iam::{OTHER}:role/scan"
PLACE = f"{HOME}/{HERE}"


@pytest.fixture(autouse=True)
def aws():
    """Hold an account without clusters, as moto has it."""
    with mock_aws():
        yield


def launch(name, body=None, region=HERE, account=HOME, **members):
    """Launch a cluster with a security configuration of that body; return its id."""
    keys = {}
    if account != HOME:
        role = {"RoleArn": f"arn:aws:iam::{account}:role/x", "RoleSessionName": "test"}
        given = boto3.client("sts").assume_role(**role)["Credentials"]
        keys = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
    emr = boto3.client("emr", region, **keys)
    if body:
        emr.create_security_configuration(Name=name, SecurityConfiguration=json.dumps(body))
        members["SecurityConfiguration"] = name
    instances = {"MasterInstanceType": "m5.xlarge", "KeepJobFlowAliveWhenNoSteps": True}
    base = {"ReleaseLabel": "emr-7.12.0", "Applications": [{"Name": "Spark"}]}
    base |= {"Name": name, "Instances": instances}
    return emr.run_job_flow(**base | members)["JobFlowId"]


def scanned(*arguments, status=0):
    """Return the report, which follows its schema."""
    done = run("scan", "--share", "100", "-f", "json", *arguments)
    assert (done.status, done.err) == (status, "")
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    return document


def said(document):
    """Return what is said of each cluster."""
    return {each["resourceId"]: each["complianceType"] for each in document["clusters"]}


def test_an_account_without_clusters():
    """Nothing violates; the Region that was read is said."""
    document = scanned()
    assert document["clusters"] == []
    assert document["regions"] == [
        {
            "account": HOME,
            "region": HERE,
            "complete": True,
            "problem": "",
            "clusters": 0,
            "emrCalls": 1,
        }
    ]
    assert run("scan").out == f"{HOME}: no cluster in {HERE}\nno cluster in 1 Region\n"


def test_clusters_of_several_regions():
    """Each is judged by the security configuration of its own Region."""
    ids = {launch("tls", ON), launch("tls", OFF, THERE), launch("bare", region=THERE)}
    document = scanned(*TWO_REGIONS, *TWO_REGIONS, status=1)
    assert set(said(document)) == ids
    assert document["summary"] == {
        "COMPLIANT": 1,
        "NON_COMPLIANT": 2,
        "NOT_APPLICABLE": 0,
        "COULD_NOT_TELL": 0,
    }
    places = [(each["region"], each["resourceName"]) for each in document["clusters"]]
    assert sorted(places) == [(HERE, "tls"), (THERE, "bare"), (THERE, "tls")]
    [first, *_] = document["clusters"]
    assert (first["securityConfiguration"], first["release"]) == ("tls", "emr-7.12.0")
    assert first["annotation"].startswith('Security configuration "tls", PEM certificates.')


def test_the_example_of_the_page(monkeypatch):
    """docs/command.md shows what is printed."""
    page = (ROOT / "docs" / "command.md").read_text()
    [example] = re.findall(r"```text\n\$ emr-in-transit (scan .*)\n((?:.+\n)+)```", page)
    ids = iter(re.findall(r"j-\w+", example[1]))
    monkeypatch.setattr("moto.emr.models.random_cluster_id", lambda: next(ids))
    launch("adhoc")
    kerberos = {"AuthenticationConfiguration": {"KerberosConfiguration": {}}}
    disks = {"AtRestEncryptionConfiguration": {"LocalDiskEncryptionConfiguration": {"X": 1}}}
    encryption = ON["EncryptionConfiguration"] | disks | {"EnableAtRestEncryption": True}
    body = kerberos | {"EncryptionConfiguration": encryption}
    attributes = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "x"}
    launch("whole", body, KerberosAttributes=attributes, Name="nightly")
    assert run(*example[0].split()).out == example[1]


def test_what_the_report_says_of_its_options():
    """So that whoever reads it later knows what it was judged by."""
    launch("exempt", Tags=[{"Key": "exempt", "Value": "2026-12-24 move"}])
    document = scanned(
        *("-p", "exemptionTagKey=exempt", "-p", "coverage=complete"),
        *("--ended-days", "7", "--exemption-max-days", "3650"),
    )
    assert document["parameters"] == {
        "coverage": "complete",
        "exemptionTagKey": "exempt",
        "certificateExpiryDays": "30",
        "allowedCertificateProviders": "PEM,Custom,EMR",
        "overrideScope": "cluster",
    }
    assert document["options"] == {
        "allRegions": False,
        "endedDays": 7,
        "exemptionMaxDays": 3650,
        "share": 100,
    }
    [cluster] = document["clusters"]
    assert cluster["complianceType"] == "NOT_APPLICABLE"
    assert cluster["exemption"] == {
        "tag": "exempt",
        "text": "2026-12-24 move",
        "until": "2026-12-24",
    }


def test_an_exemption_without_an_end():
    """It has none; --exemption-max-days refuses it, as ExemptionMaxDays does."""
    launch("exempt", Tags=[{"Key": "exempt", "Value": "sandbox"}])
    given = ("-p", "exemptionTagKey=exempt")
    [cluster] = scanned(*given)["clusters"]
    assert cluster["exemption"] == {"tag": "exempt", "text": "sandbox", "until": None}
    [cluster] = scanned(*given, "--exemption-max-days", "30", status=1)["clusters"]
    assert "exemption" not in cluster


def test_an_ami_version_cluster():
    """It has no release label."""
    launch("old", AmiVersion="3.8.1", ReleaseLabel="")
    [cluster] = scanned(status=1)["clusters"]
    assert cluster["release"] == "AMI 3.8.1"


def test_every_region_that_is_enabled_and_has_emr():
    """Those that are not enabled are left out, those in which boto3 knows no EMR are said."""
    bad = launch("bare", region="sa-east-1")
    document = scanned("--all-regions", status=1)
    assert said(document) == {bad: "NON_COMPLIANT"}
    regions = {each["region"] for each in document["regions"]}
    enabled = {
        each["RegionName"]
        for each in boto3.client("ec2").describe_regions()["Regions"]
        if each["OptInStatus"] == "opt-in-not-required"
    }
    assert {HERE, THERE, "sa-east-1"} < regions
    assert regions == enabled & set(boto3.Session().get_available_regions("emr"))
    [account] = document["accounts"]
    assert set(account["regionsWithoutEmr"]) == enabled - regions
    assert "boto3 knows no EMR in " in run("scan", "--all-regions", "--share", "100").out


def test_every_region_without_a_region_in_the_settings(monkeypatch):
    """One is asked which there are."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name)
    assert len(scanned("--all-regions")["regions"]) > 10
    done = run("scan")
    assert (done.status, done.err) == (
        2,
        "emr-in-transit: AWS settings name no Region: give --region\n",
    )


def test_another_account_by_a_role():
    """Its clusters, and those of no other."""
    launch("bare")
    other = launch("tls", ON, account=OTHER)
    document = scanned("--role-arn", ROLE, "--external-id", "secret")
    assert said(document) == {other: "COMPLIANT"}
    assert [each["account"] for each in document["accounts"]] == [OTHER]


def test_several_accounts(tmp_path):
    """In the order of their file, each once, in each Region."""
    bad, good = launch("bare", account=THIRD), launch("tls", ON, THERE, OTHER)
    path = tmp_path / "accounts"
    path.write_text(f"\ufeff{THIRD}, {OTHER} # data\n\n# old: 444444444444\n{OTHER}\n")
    given = ("--role-name", "security/scan", *TWO_REGIONS)
    document = scanned("--accounts", path, *given, status=1)
    assert said(document) == {bad: "NON_COMPLIANT", good: "COMPLIANT"}
    places = [(each["account"], each["region"]) for each in document["regions"]]
    assert places == [(THIRD, HERE), (THIRD, THERE), (OTHER, HERE), (OTHER, THERE)]
    lines = run("scan", "--accounts", path, *given).out.splitlines()
    assert f"{THIRD}: no cluster in {THERE}" in lines
    assert lines[-1] == "1 compliant, 1 non-compliant in 2 Regions of 2 accounts"


def test_accounts_from_standard_input():
    """As the AWS CLI lists them, with tabs."""
    done = run(
        *("scan", "--accounts", "-", "--role-name", "scan", "-f", "json"),
        stdin=f"{OTHER}\t{THIRD}\n".encode(),
    )
    assert [each["account"] for each in json.loads(done.out)["accounts"]] == [OTHER, THIRD]


FORMATS = ("table", "json", "csv")


@pytest.mark.parametrize("form", FORMATS)
def test_output_is_the_same_in_a_file(tmp_path, form):
    """Whole, with the rights that it had, and nothing is left beside it."""
    launch("bare")
    path = tmp_path / "report"
    path.write_text("old")
    path.chmod(0o640)
    shown = run("scan", "-f", form)
    done = run("scan", "-f", form, "-o", path)
    assert (done.status, done.out, done.err) == (1, "", "")
    if form != "json":  # which has the time
        assert path.read_bytes() == shown.out.encode()
    assert json.loads(path.read_text()) if form == "json" else True
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_output_that_fails_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    """Whatever goes wrong after it was opened."""
    path = tmp_path / "report"
    path.write_text("old")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    done = run("scan", "-o", path)
    line = "emr-in-transit: AWS settings have no credentials: give --profile, or set AWS_PROFILE\n"
    assert (done.status, done.err) == (2, line)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_output_that_cannot_be_written(tmp_path):
    """It is said before anything is asked."""
    done = run("scan", "-o", tmp_path)
    assert (done.status, "(it is a folder)" in done.err) == (2, True)
    done = run("scan", "-o", tmp_path / "none" / "report")
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert f"--output {tmp_path / 'none' / 'report'} cannot be written" in done.err


def test_output_to_what_is_no_file():
    """A device stays what it is."""
    assert run("scan", "-o", os.devnull).status == 0
    assert Path(os.devnull).is_char_device()


def test_csv_has_a_row_for_each_finding_and_each_refusal(tmp_path):
    """And none that a spreadsheet would run."""
    launch("=1+1")
    path = tmp_path / "accounts"
    path.write_text(HOME)
    rows = list(csv.DictReader(io.StringIO(run("scan", "-f", "csv").out)))
    assert [(row["resourceName"], row["reason"], row["severity"]) for row in rows] == [
        ("'=1+1", "NO_SECURITY_CONFIGURATION", "VIOLATION")
    ]
    document = scanned(status=1)
    document["clusters"][0]["findings"] = []
    document["accounts"][0]["problem"] = "no role"
    document["regions"][0]["problem"] = "no list"
    rows = list(csv.DictReader(io.StringIO(scan_report.as_csv(document))))
    kept = ("account", "region", "complianceType", "detail")
    assert [tuple(row[each] for each in kept) for row in rows] == [
        (HOME, HERE, "NON_COMPLIANT", "NO_SECURITY_CONFIGURATION: No security configuration is attached."),
        (HOME, "", "COULD_NOT_TELL", "no role"),
        (HOME, HERE, "COULD_NOT_TELL", "no list"),
    ]  # fmt: skip
    assert scan_report.status_of(document) == 3


def test_table_on_a_terminal():
    """It fits, and shows violations first."""
    launch("tls", ON)
    launch("bare [red]")
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, width=80, color_system=None)
    scan_report.print_table(scanned(status=1), console)
    lines = file.getvalue().splitlines()
    assert lines[0] == PLACE
    assert lines[1].split()[:3] == ["NON_COMPLIANT", "bare", "[red]"]
    assert max(map(len, lines)) <= 80


def test_a_new_file_has_the_rights_that_files_have(tmp_path):
    """As the user's mask leaves them."""
    for name, write in (("report", lambda path: run("scan", "-o", path)), ("other", Path.touch)):
        write(tmp_path / name)
    modes = {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_log_gets_no_progress(monkeypatch):
    """Whatever pipelines set so that their logs have colours."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert run("scan").err == ""


def test_exit_zero():
    """Only the report counts."""
    launch("bare")
    assert run("scan", "--exit-zero").status == 0


def test_parameters_of_a_rule(monkeypatch):
    """They are taken from AWS Config, and -p wins; what rdklib reads is left out."""
    given = {"exemptionTagKey": "exempt", "AssumeRoleMode": "False"}
    asked = []

    def rule_parameters(*arguments):
        asked.append(arguments)
        return given

    monkeypatch.setattr(account, "rule_parameters", rule_parameters)
    launch("exempt", Tags=[{"Key": "exempt", "Value": "x"}])
    document = scanned("--parameters-from", "emr", "--region", HERE)
    assert document["parameters"]["exemptionTagKey"] == "exempt"
    assert "AssumeRoleMode" not in document["parameters"]
    scanned("--parameters-from", "emr", "-p", "exemptionTagKey=other", status=1)
    assert asked == [("emr", None, HERE)] * 2


def test_compared_with_an_older_report(tmp_path):
    """It is said in the report and at the end of the table."""
    path = tmp_path / "old.json"
    old = launch("bare")
    run("scan", "-f", "json", "-o", path)
    new = launch("new")
    boto3.client("emr").terminate_job_flows(JobFlowIds=[old])
    found = scanned("--compare", path, "-p", "coverage=complete", status=1)["comparison"]
    assert [each["resourceId"] for each in found["new"]] == [new]
    assert [each["resourceId"] for each in found["gone"]] == [old]
    assert found["parametersChanged"] == ["coverage"]
    lines = run("scan", "--compare", path, "-p", "coverage=complete").out.splitlines()
    since = json.loads(path.read_text())["startedAt"]
    assert lines[1:] == [
        f"Since {since}:",
        "  judged by other parameters: coverage",
        f"  new {PLACE} {new} new: NO_SECURITY_CONFIGURATION (NOT_LISTED then)",
        f"  gone {PLACE} {old} bare: NO_SECURITY_CONFIGURATION (NON_COMPLIANT then)",
        "  1 new, 0 mended, 1 gone, 0 unknown",
        "All about one, and its fix: emr-in-transit explain CLUSTER --region REGION",
        "1 non-compliant in 1 Region",
    ]
    assert "judged by" not in run("scan", "--compare", path).out


WRONG = [
    (("--region", "eu-wset-1"), "--region: boto3 knows no EMR in 'eu-wset-1' (did you mean eu-west-1?)"),
    (("--region", "mars"), "--region: boto3 knows no EMR in 'mars' (a newer boto3 may)"),
    (("--region", HERE, "--all-regions"), "--region and --all-regions exclude each other"),
    (("--role-arn", ROLE, "--accounts", "x", "--role-name", "x"), "--role-arn and --accounts exclude each other"),
    (("--role-name", "x"), "--accounts and --role-name need each other"),
    (("--accounts", "x"), "--accounts and --role-name need each other"),
    (("--external-id", "x"), "--external-id needs --role-arn or --accounts"),
    (("--role-arn", "scan"), "--role-arn takes the ARN of a role, not 'scan'"),
    (("--accounts", "x", "--role-name", "a b"), "--role-name takes the name of a role, not 'a b'"),
    (("--share", "0"), "--share takes a number above 0 and up to 100, not 0"),
    (("--share", "nan"), "--share takes a number above 0 and up to 100, not nan"),
    (("--ended-days", "63"), "Invalid value for '--ended-days': 63 is not in the range 0<=x<=62."),
    (("--compare", "none.json"), "--compare none.json cannot be read (No such file or directory)"),
    (("-p", "coverage=most"), 'rule parameters: coverage takes configured or complete, not "most"'),
    (("--accounts", "none", "--role-name", "x"), "--accounts none cannot be read (No such file or directory)"),
    (("--profile", "none"), "AWS settings: The config profile (none) could not be found"),
]  # fmt: skip


def test_settings_that_name_a_profile_which_is_not_there(monkeypatch):
    """By an environment variable, which every command of AWS reads too."""
    monkeypatch.setenv("AWS_PROFILE", "none")
    done = run("scan", "--region", HERE)
    problem = "AWS settings: The config profile (none) could not be found"
    assert (done.status, done.out, done.err) == (2, "", f"emr-in-transit: {problem}\n")


def test_nothing_secret_is_in_a_report():
    """Of Configurations only what is judged, and no passwords of Kerberos."""
    hive = {"hive.metastore.use.SSL": "false", "javax.jdo.option.ConnectionPassword": "swordfish"}
    launch(
        *("hive", ON),
        Applications=[{"Name": "Hive"}],
        Configurations=[{"Classification": "hive-site", "Properties": hive}],
        KerberosAttributes={"Realm": "EC2.INTERNAL", "KdcAdminPassword": "swordfish"},
    )
    for form in FORMATS:
        done = run("scan", "-f", form)
        assert "hive-site/hive.metastore.use.SSL" in done.out
        assert "swordfish" not in done.out


@pytest.mark.parametrize(("arguments", "problem"), WRONG, ids=[" ".join(w[0]) for w in WRONG])
def test_wrong_use(arguments, problem):
    """One line that names the option and what it takes."""
    done = run("scan", *arguments)
    assert (done.status, done.out, done.err) == (2, "", f"emr-in-transit: {problem}\n")


ACCOUNT_FILES = [
    (b"", "names no account"),
    (b"# none\n", "names no account"),
    (b"\xff", "is no text in UTF-8"),
    (f"{OTHER}\n12345\n".encode(), ", line 2: '12345' is no account number, which has 12 digits"),
    ("١٢٣٤٥٦٧٨٩٠١٢".encode(), ", line 1: '١٢٣٤٥٦٧٨٩٠١٢' is no account number, which has 12 digits"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), ACCOUNT_FILES)
def test_a_file_of_accounts_that_is_none(tmp_path, content, problem):
    """The line is named."""
    path = tmp_path / "accounts"
    path.write_bytes(content)
    done = run("scan", "--accounts", path, "--role-name", "scan")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"emr-in-transit: --accounts {path}")
    assert done.err.endswith(f"{problem}\n")


def test_the_share_is_that_of_the_sweep():
    """As the help says."""
    assert json.loads(run("scan", "-f", "json").out)["options"]["share"] == 0.8
    assert float(DEFAULT_EMR_CALL_SHARE) == 0.8
    assert "by default 0.8" in " ".join(run("scan", "--help").out.split())


@pytest.fixture
def interrupting(monkeypatch):
    """Have somebody press Ctrl-C as soon as a cluster is judged."""

    def show(_, scan):
        if any(each.judged for each in scan.regions):
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.ScanProgress, "show", show)


@pytest.mark.usefixtures("interrupting")
def test_interrupted(tmp_path):
    """What was judged is printed, the rest by name with that cause, and it ends with 130."""
    launch("one")
    launch("two")
    path = tmp_path / "report.json"
    done = run("scan", "--share", "0.001", "-f", "json", "-o", path)
    assert (done.status, done.out, done.err.strip()) == (130, "", "emr-in-transit: interrupted")
    document = json.loads(path.read_text())
    jsonschema.validate(document, SCHEMA)
    assert document["interrupted"]
    found = sorted((each["complianceType"], each["annotation"]) for each in document["clusters"])
    assert found[0] == ("COULD_NOT_TELL", "interrupted")
    assert found[1][0] == "NON_COMPLIANT"
    lines = run("scan", "--share", "0.001").out.splitlines()
    said = "1 non-compliant, 1 could not be told in 1 Region; 1 account or Region could not be read"
    assert lines[-1] == f"{said}; interrupted"


def endless(*_, **__):
    """Wait for what does not come."""
    scanning.threading.Event().wait(30)


def test_interrupted_while_a_call_hangs(monkeypatch):
    """It is not waited for, and what it would have read is said."""
    monkeypatch.setattr(scanning, "GRACE", 0.05)
    monkeypatch.setattr(scanning, "client", endless)

    def show(scan):
        if scan.regions:
            raise KeyboardInterrupt

    owner = scanning.AccountScan(HOME, boto3.Session(), [HERE])
    scan = Scan([owner], Options(parameters(), 1))
    scan.run(show, every=0.01)
    [region] = scan.regions
    assert (region.problem, region.complete, owner.problem) == ("interrupted", False, "")


def test_interrupted_between_regions(monkeypatch):
    """Who was read to the end stands; who was on its way, or not yet begun, is said."""
    make_client = account.client

    def wait_there(session, service, region):
        if region == THERE:
            scan._stop.wait(30)
        return make_client(session, service, region)

    def show(scan):
        if any(each.complete for each in scan.regions):
            raise KeyboardInterrupt

    monkeypatch.setattr(scanning, "client", wait_there)
    monkeypatch.setattr(scanning, "MOST_AT_ONCE", 1)
    regions = [HERE, THERE, "sa-east-1"]
    scan = Scan([scanning.AccountScan(HOME, boto3.Session(), regions)], Options(parameters(), 1))
    scan.run(show, every=0.01)
    assert {each.region: each.problem for each in scan.regions} == {
        HERE: "",
        THERE: "interrupted",
        "sa-east-1": "interrupted",
    }


def test_more_clusters_than_the_bucket_holds(monkeypatch):
    """They are waited for."""
    waited = []
    wait = scanning.Scan._sleep

    def sleep(scan, seconds):
        waited.append(seconds)
        wait(scan, seconds)

    monkeypatch.setattr(scanning.Scan, "_sleep", sleep)
    ids = {launch(f"bare-{number}") for number in range(11)}
    assert set(said(scanned("--share", "3", status=1))) == ids
    assert waited
    assert all(0 < each <= 1 / 3 for each in waited)


def test_interrupted_before_an_account_was_read(monkeypatch):
    """It says so; accounts beyond those that are read at once are not begun."""
    monkeypatch.setattr(scanning, "GRACE", 0.05)
    monkeypatch.setattr(scanning, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(scanning, "identity", endless)

    def show(_):
        raise KeyboardInterrupt

    accounts = [scanning.AccountScan(each, boto3.Session(), [HERE]) for each in (HOME, OTHER)]
    scan = Scan(accounts, Options(parameters(), 1))
    scan.run(show, every=0.01)
    assert [each.problem for each in accounts] == ["interrupted"] * 2
    assert scan.regions == []


def test_an_account_that_breaks(monkeypatch):
    """Whatever is wrong with one account costs no other anything."""

    def identity(_):
        raise ValueError("what is that?")

    monkeypatch.setattr(scanning, "identity", identity)
    scan = Scan([scanning.AccountScan(HOME, boto3.Session(), [HERE])], Options(parameters(), 1))
    scan.run(lambda _: None, every=0.01)
    assert scan.accounts[0].problem == "ValueError: what is that?"


def drawn(scan, *, terminal):
    """Return what is drawn of a scan, twice and a third time when its Regions are done."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=100, color_system=None)
    with progress.ScanProgress(console) as shown:
        for done in (False, False, True):
            for each in scan.regions:
                each.is_done = done
            shown.show(scan)
            shown._progress.refresh()
    return file.getvalue()


def half_done():
    """Make a scan with one Region on its way, and one without clusters."""
    scan = Scan([], Options(parameters(), 1))
    for region, listed in ((HERE, 120), (THERE, 0)):
        pacer = scanning.emr.Pacer(1, clock=lambda: 0.0)
        made = RegionScan(HOME, region, scan.options, pacer, lambda _: None)
        made.listed = dict.fromkeys(map(str, range(listed)))
        made.judged = dict.fromkeys(map(str, range(listed // 4)))
        pacer.calls["DescribeCluster"] = listed // 4
        scan.regions.append(made)
    return scan


def test_progress_on_a_terminal():
    """Regions, clusters, calls and the time that EMR's limits leave."""
    said = drawn(half_done(), terminal=True)
    # 90 clusters, and nine and a half tokens in the bucket of DescribeCluster.
    line = "30/120 clusters, 30 calls, 1:20 left"
    assert f"0/2, {line}" in said
    assert f"{PLACE}" in said
    assert "2/2, 30/120 clusters, 30 calls, 0:00 left" in said


def test_progress_is_silent_elsewhere():
    """Where standard error goes to a file, nobody wants it."""
    assert drawn(half_done(), terminal=False).strip() == ""
