"""tools/explain.py: one cluster's full verdict, from documents, on the command line."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emr_in_transit.judgement.applications import ANY, ENDPOINTS
from tests.support.facts import DOCUMENTS

ROOT = Path(__file__).resolve().parents[3]
CLUSTER = DOCUMENTS / "clusters" / "pem-waiting.json"
CONFIGURATION = DOCUMENTS / "security_configurations" / "pem-complete.json"
REQUEST = {
    "Name": "tomorrow",
    "ReleaseLabel": "emr-7.12.0",
    "Instances": {"InstanceCount": 3},
    "Applications": [{"Name": "Hive"}],
    "SecurityConfiguration": "planned",
    "KerberosAttributes": {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "secret"},
}
ON = {
    "EncryptionConfiguration": {
        "EnableInTransitEncryption": True,
        "InTransitEncryptionConfiguration": {
            "TLSCertificateConfiguration": {"CertificateProviderType": "EMR"}
        },
    }
}

OVERRIDE = {"Classification": "hive-site", "Properties": {"hive.metastore.use.SSL": "false"}}


def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "explain.py"), *map(str, arguments)],
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def explained(*arguments: object, text: str = "") -> dict[str, Any]:
    done = run(*arguments, "--json", text=text)
    assert done.stderr == ""
    return json.loads(done.stdout)


def write(folder: Path, name: str, document: object) -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_text_for_people():
    """The verdict comes first, then findings with remedies, then every endpoint with its reason."""
    done = run(CLUSTER, CONFIGURATION)

    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "pem-waiting (j-1AAAAAAAAAAAA), emr-7.5.0, Hadoop, Livy, Spark"
    assert lines[1].startswith(
        'COMPLIANT: Security configuration "pem-complete", PEM certificates.'
    )
    assert "WARNING TRAFFIC_NOT_COVERED" in lines
    assert any(line.startswith("  Remedy: Launch ") for line in lines)
    assert "  protected      Spark driver, dynamic port: Spark's AES encryption" in lines
    assert "  protected      Spark UI, port 4440: TLS" in lines
    assert "  in clear text  HDFS NameNode RPC, port 8020: without Kerberos" in lines


def test_json_for_machines():
    """The JSON has each endpoint of each installed application, and no other."""
    report = explained(CLUSTER, CONFIGURATION)

    assert report["compliance"] == "COMPLIANT"
    # What another set-up would protect, and what nothing protects.
    assert [finding["reason"] for finding in report["findings"]] == ["TRAFFIC_NOT_COVERED"] * 2
    assert [each["label"] for each in report["endpoints"]] == [
        each.label for each in ENDPOINTS if each.application in {ANY, "Hadoop", "Livy", "Spark"}
    ]
    assert {each["state"] for each in report["endpoints"]} == {"protected", "in clear text"}


def test_non_compliant_ends_with_1():
    """A pipeline can stop on the exit code."""
    done = run(CLUSTER, CONFIGURATION, "--parameters", '{"coverage": "complete"}')

    assert done.returncode == 1
    assert "VIOLATION TRAFFIC_NOT_COVERED" in done.stdout


def test_before_the_launch(tmp_path):
    """A request for RunJobFlow and a bare security configuration are judged before any launch."""
    request = write(tmp_path, "request.json", REQUEST | {"Configurations": [OVERRIDE]})
    body = write(tmp_path, "body.json", ON | {"AuthenticationConfiguration": {"KerberosConfiguration": {}}})  # fmt: skip

    report = explained(request, body)
    by_label = {each["label"]: each for each in report["endpoints"]}

    assert report["compliance"] == "NON_COMPLIANT"
    assert report["findings"][0]["subject"] == "hive-site/hive.metastore.use.SSL"
    assert by_label["Hive metastore"]["state"] == "in clear text"
    assert by_label["Hive metastore"]["why"] == "hive-site/hive.metastore.use.SSL is false"
    assert by_label["HDFS NameNode RPC"]["state"] == "protected"
    assert "secret" not in json.dumps(report)


def test_accepted_override_stays_visible(tmp_path):
    """An accepted override is no violation, and its endpoint is still shown in clear text."""
    request = write(tmp_path, "request.json", REQUEST | {"Configurations": [OVERRIDE]})
    accepted = '{"acceptedOverrides": "hive-site/hive.metastore.use.SSL"}'
    report = explained(request, write(tmp_path, "body.json", ON), "--parameters", accepted)

    assert report["compliance"] == "COMPLIANT"
    [metastore] = [each for each in report["endpoints"] if each["label"] == "Hive metastore"]
    assert (metastore["state"], metastore["why"]) == (
        "in clear text",
        "hive-site/hive.metastore.use.SSL is false",
    )


def test_what_only_weakens_is_shown_as_weakened(tmp_path):
    """Verification of names that is switched off leaves TLS in place."""
    lax = {
        "Classification": "core-site",
        "Properties": {"hadoop.ssl.hostname.verifier": "ALLOW_ALL"},
    }
    request = write(tmp_path, "request.json", REQUEST | {"Configurations": [lax]})
    report = explained(request, write(tmp_path, "body.json", ON))

    assert report["compliance"] == "COMPLIANT"
    assert report["findings"][0]["reason"] == "ENCRYPTION_WEAKENED"
    [web] = [each for each in report["endpoints"] if each["label"] == "HDFS NameNode web"]
    assert (web["state"], web["why"]) == (
        "weakened",
        "core-site/hadoop.ssl.hostname.verifier is ALLOW_ALL",
    )


PRIMARY_NODES = [
    ("one by an instance group", {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceCount": 1}]}, False),
    ("three by an instance group", {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceCount": 3}]}, True),
    ("one by its type", {"MasterInstanceType": "m5.xlarge", "InstanceCount": 3}, False),
    ("not said", {"InstanceGroups": [{"InstanceRole": "CORE", "InstanceCount": 3}]}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("instances", "shown"), [r[1:] for r in PRIMARY_NODES], ids=[r[0] for r in PRIMARY_NODES]
)
def test_endpoints_of_several_primary_nodes(tmp_path, instances, shown):
    """ZKFC and JournalNode do not run where there is one primary node."""
    request = write(tmp_path, "request.json", REQUEST | {"Instances": instances})
    report = explained(request, write(tmp_path, "body.json", ON))

    labels = {each["label"] for each in report["endpoints"]}
    assert ("HDFS ZKFC (with several primary nodes)" in labels) is shown
    assert ("HDFS JournalNode RPC" in labels) is shown


@pytest.mark.parametrize("which", ["cluster", "configuration"])
def test_standard_input(which):
    """Either document can come from standard input."""
    paths: dict[str, object] = {"cluster": CLUSTER, "configuration": CONFIGURATION}
    text = Path(str(paths[which])).read_text()

    assert explained(*(paths | {which: "-"}).values(), text=text)["compliance"] == "COMPLIANT"


def test_no_security_configuration():
    """A cluster that names no security configuration needs no second document."""
    done = run(DOCUMENTS / "clusters" / "no-security-configuration.json")

    assert done.returncode == 1
    assert "VIOLATION NO_SECURITY_CONFIGURATION" in done.stdout
    assert "in clear text  Spark driver, dynamic port: without in-transit encryption" in done.stdout


def test_exempt_cluster_ends_with_0(tmp_path):
    """A cluster that its tag exempts is no failure."""
    document = json.loads(CLUSTER.read_text())
    document["Cluster"]["Tags"] = [{"Key": "exempt", "Value": "sandbox"}]
    done = run(
        *(write(tmp_path, "cluster.json", document), CONFIGURATION),
        *("--parameters", '{"exemptionTagKey": "exempt", "coverage": "complete"}'),
    )

    assert done.returncode == 0
    assert 'NOT_APPLICABLE: Exempt by tag "exempt", without an end.' in done.stdout


def test_releases_that_are_assumed_or_unknown(tmp_path):
    """A release beyond AWS's matrix is marked as assumed, and so is a label of no known line."""
    body = write(tmp_path, "body.json", ON)
    future = write(tmp_path, "future.json", REQUEST | {"ReleaseLabel": "emr-8.0.0"})
    strange = write(tmp_path, "strange.json", REQUEST | {"ReleaseLabel": "emr-next"})

    assert "Endpoints, as in the newest release of AWS's matrix:" in run(future, body).stdout
    assert "Endpoints, as in the newest release of AWS's matrix:" in run(strange, body).stdout


def test_unreadable_body_is_a_verdict(tmp_path):
    """A security configuration that AWS would hold as nonsense is judged, not refused."""
    described = {"Name": "planned", "SecurityConfiguration": "{", "CreationDateTime": 1.0}
    done = run(
        write(tmp_path, "request.json", REQUEST), write(tmp_path, "described.json", described)
    )

    assert done.returncode == 1
    assert "VIOLATION SECURITY_CONFIGURATION_UNREADABLE" in done.stdout


WRONG = [
    ("no such file", "none.json", ON, (), "none.json cannot be read"),
    ("not JSON", "{", ON, (), "request.json is not JSON"),
    ("a list", [], ON, (), "request.json is JSON, but not an object; expected an answer of DescribeCluster"),
    ("an object of something else", {}, ON, (), "request.json is not an answer of DescribeCluster, or a request for RunJobFlow: Status.State is missing"),
    ("a cluster that is a text", {"Cluster": "j-1"}, ON, (), "Status.State is missing"),
    ("a cluster for a configuration", REQUEST, {"Cluster": {}}, (), "body.json is not an answer of DescribeSecurityConfiguration, or a security configuration, but a cluster"),
    ("a configuration that is not JSON", REQUEST, "nonsense", (), "body.json is not JSON"),
    ("a body that is a number", REQUEST, {"SecurityConfiguration": 1}, (), "SecurityConfiguration is no text"),
    ("another configuration", REQUEST, {"Name": "other", "SecurityConfiguration": "{}"}, (), "body.json describes 'other', but the cluster names 'planned'"),
    ("a creation time that is none", REQUEST, {"SecurityConfiguration": "{}", "CreationDateTime": "x"}, (), "CreationDateTime is no moment"),
    ("no second document", REQUEST, "", (), "request.json names security configuration 'planned': give it as well, such as aws emr describe-security-configuration --name planned answers"),
    ("parameters that are not JSON", REQUEST, ON, ("--parameters", "coverage"), "--parameters is not JSON"),
    ("parameters that are a list", REQUEST, ON, ("--parameters", "[]"), "--parameters is JSON, but not an object"),
    ("a parameter that is unknown", REQUEST, ON, ("--parameters", '{"x": "1"}'), 'rule parameters: "x" is no parameter'),
    ("a parameter with a bad value", REQUEST, ON, ("-p", "coverage=most"), 'rule parameters: coverage takes configured or complete, not "most"'),
    ("a parameter without a value", REQUEST, ON, ("-p", "coverage"), "--parameter 'coverage' is not NAME=VALUE"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("cluster", "body", "more", "problem"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_wrong_input(tmp_path, cluster, body, more, problem):
    """Wrong input is one line that names the file and what was expected, and exit code 2."""
    first = tmp_path / "none.json" if cluster == "none.json" else write(tmp_path, "request.json", cluster)  # fmt: skip
    second = write(tmp_path, "body.json", body) if body else ""
    done = run(first, second, *more)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("explain: ")
    assert done.stderr.count("\n") == 1
    assert problem in done.stderr


@pytest.mark.parametrize("arguments", [(), ("",), ("", CONFIGURATION)])
def test_no_cluster(arguments):
    """Without a cluster, as with a bare make explain, it says what to give."""
    done = run(*arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "explain: name the cluster's file: make explain CLUSTER=cluster.json\n"


def test_nothing_in_standard_input():
    """A message about standard input does not call it -."""
    assert run("-").stderr.startswith("explain: standard input is not JSON (")


def test_a_configuration_that_the_cluster_does_not_name():
    """Whoever gives it expects that it counts: the verdict stands, and a note says why."""
    done = run(DOCUMENTS / "clusters" / "no-security-configuration.json", CONFIGURATION)

    assert done.returncode == 1
    assert "VIOLATION NO_SECURITY_CONFIGURATION" in done.stdout
    assert done.stderr == (
        "explain: the cluster names no security configuration, "
        f"so {CONFIGURATION} is not looked at\n"
    )


@pytest.mark.parametrize(
    "instances",
    [
        {"InstanceGroups": [{"InstanceRole": "CORE", "Configurations": [OVERRIDE]}]},
        {
            "InstanceFleets": [
                {
                    "InstanceFleetType": "CORE",
                    "InstanceTypeConfigs": [{"Configurations": [OVERRIDE]}],
                }
            ]
        },
    ],
)
def test_a_request_tells_what_instance_groups_and_fleets_override(tmp_path, instances):
    """With overrideScope=instances they count before the launch, as they will after it."""
    request = write(tmp_path, "request.json", REQUEST | {"Instances": instances})
    body = write(tmp_path, "body.json", ON)

    assert explained(request, body)["compliance"] == "COMPLIANT"
    report = explained(request, body, "-p", "overrideScope=instances")
    assert report["compliance"] == "NON_COMPLIANT"
    assert 'hive.metastore.use.SSL is "false" in "CORE"' in report["findings"][0]["detail"]


@pytest.mark.parametrize("instances", [None, [], {"InstanceGroups": [1], "InstanceFleets": "x"}])
def test_a_request_with_strange_instances(tmp_path, instances):
    """What RunJobFlow would refuse overrides nothing."""
    request = write(tmp_path, "request.json", REQUEST | {"Instances": instances})
    body = write(tmp_path, "body.json", ON)

    assert explained(request, body, "-p", "overrideScope=instances")["compliance"] == "COMPLIANT"


def test_what_describe_cluster_does_not_tell():
    """A cluster that runs may have overrides that its document does not hold: a note says so."""
    done = run(CLUSTER, CONFIGURATION, "-p", "overrideScope=instances")

    assert done.returncode == 0
    assert done.stderr.startswith("explain: DescribeCluster does not tell what instance groups ")


def test_parameters_one_by_one():
    """Parameters can be given without JSON, and together with it."""
    done = run(CLUSTER, CONFIGURATION, "--parameters", "{}", "-p", "coverage=complete")

    assert done.returncode == 1
    assert "VIOLATION TRAFFIC_NOT_COVERED" in done.stdout


def test_a_reader_that_has_seen_enough():
    """Piped into head it ends without a traceback, and with the verdict's exit code."""
    command = [sys.executable, str(ROOT / "tools" / "explain.py"), str(CLUSTER), str(CONFIGURATION)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""


def test_only_one_document_from_standard_input():
    """Standard input holds one document."""
    done = run("-", "-", text="{}")

    assert done.returncode == 2
    assert "only one of the two documents" in done.stderr


def test_as_a_module():
    """It runs as a module too, as make explain does."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.explain", str(CLUSTER), str(CONFIGURATION)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0
