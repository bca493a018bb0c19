"""explain: one cluster in full, from a file or from a live account."""

import json

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.judgement.applications import ANY, ENDPOINTS
from emr_in_transit_cli import account
from tests.support.command import ON, WEAK_SPARK, run, write
from tests.support.facts import DOCUMENTS

CLUSTER = DOCUMENTS / "clusters" / "pem-waiting.json"
CONFIGURATION = DOCUMENTS / "security_configurations" / "pem-complete.json"
OVERRIDE = {"Classification": "hive-site", "Properties": {"hive.metastore.use.SSL": "false"}}
REQUEST = {
    "Name": "tomorrow",
    "ReleaseLabel": "emr-7.12.0",
    "Instances": {"InstanceCount": 3},
    "Applications": [{"Name": "Hive"}],
    "SecurityConfiguration": "planned",
    "KerberosAttributes": {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "swordfish"},
}


def explained(*arguments):
    done = run("explain", "--format", "json", *arguments)
    assert done.err == ""
    return json.loads(done.out)


@pytest.fixture
def body(tmp_path):
    return write(tmp_path, ON, "body.json")


def test_text_for_people():
    """The verdict comes first, then findings with fixes, then every endpoint with its reason."""
    done = run("explain", CLUSTER, "-c", CONFIGURATION)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "pem-waiting (j-1AAAAAAAAAAAA): COMPLIANT"
    assert lines[1] == "  emr-7.5.0: Hadoop, Livy, Spark"
    assert "WARNING TRAFFIC_NOT_COVERED" in lines
    assert any(line.startswith("  Fix: Launch ") for line in lines)
    assert "  protected      Spark driver, dynamic port: Spark's AES encryption" in lines
    assert "  protected      Spark UI, port 4440: TLS" in lines
    assert "  in clear text  HDFS NameNode RPC, port 8020: without Kerberos" in lines
    assert max(map(len, lines)) <= 80


def test_json_for_machines():
    """The JSON has each endpoint of each installed application, and no other."""
    report = explained(CLUSTER, "-c", CONFIGURATION)
    assert report["compliance"] == "COMPLIANT"
    # What another set-up would protect, and what nothing protects.
    assert [finding["reason"] for finding in report["findings"]] == ["TRAFFIC_NOT_COVERED"] * 2
    assert [each["label"] for each in report["endpoints"]] == [
        each.label for each in ENDPOINTS if each.application in {ANY, "Hadoop", "Livy", "Spark"}
    ]
    assert {each["state"] for each in report["endpoints"]} == {"protected", "in clear text"}


def test_before_the_launch(tmp_path):
    """A request is explained as the cluster that it would make; passwords are left behind."""
    request = write(tmp_path, REQUEST | {"Configurations": [OVERRIDE]})
    kerberos = {"AuthenticationConfiguration": {"KerberosConfiguration": {}}}
    body = write(tmp_path, ON | kerberos, "body.json")
    report = explained(request, "-c", body)
    by_label = {each["label"]: each for each in report["endpoints"]}
    assert run("explain", request, "-c", body).status == 1
    assert report["compliance"] == "NON_COMPLIANT"
    assert report["findings"][0]["subject"] == "hive-site/hive.metastore.use.SSL"
    assert by_label["Hive metastore"]["state"] == "in clear text"
    assert by_label["Hive metastore"]["why"] == "hive-site/hive.metastore.use.SSL is false"
    assert by_label["HDFS NameNode RPC"]["state"] == "protected"
    assert "swordfish" not in json.dumps(report)


def test_accepted_override_stays_visible(tmp_path, body):
    """An accepted override is no violation, and its endpoint is still shown in clear text."""
    request = write(tmp_path, REQUEST | {"Configurations": [OVERRIDE]})
    accepted = "acceptedOverrides=hive-site/hive.metastore.use.SSL"
    report = explained(request, "-c", body, "-p", accepted)
    assert report["compliance"] == "COMPLIANT"
    [metastore] = [each for each in report["endpoints"] if each["label"] == "Hive metastore"]
    assert metastore["state"] == "in clear text"


def test_what_only_weakens_is_shown_as_weakened(tmp_path, body):
    """Verification of names that is switched off leaves TLS in place."""
    lax = {
        "Classification": "core-site",
        "Properties": {"hadoop.ssl.hostname.verifier": "ALLOW_ALL"},
    }
    report = explained(write(tmp_path, REQUEST | {"Configurations": [lax]}), "-c", body)
    assert report["findings"][0]["reason"] == "ENCRYPTION_WEAKENED"
    [web] = [each for each in report["endpoints"] if each["label"] == "HDFS NameNode web"]
    assert (web["state"], web["why"]) == (
        "weakened",
        "core-site/hadoop.ssl.hostname.verifier is ALLOW_ALL",
    )


PRIMARY_NODES = [
    ("one by an instance group", {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}]}, False),
    ("three by an instance group", {"InstanceGroups": [{"InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 3}]}, True),
    ("one by its type", {"MasterInstanceType": "m5.xlarge", "InstanceCount": 3}, False),
    ("not said", {"InstanceGroups": [{"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 3}]}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("instances", "shown"), [r[1:] for r in PRIMARY_NODES], ids=[r[0] for r in PRIMARY_NODES]
)
def test_endpoints_of_several_primary_nodes(tmp_path, body, instances, shown):
    """ZKFC and JournalNode do not run where there is one primary node."""
    report = explained(write(tmp_path, REQUEST | {"Instances": instances}), "-c", body)
    labels = {each["label"] for each in report["endpoints"]}
    assert ("HDFS ZKFC (with several primary nodes)" in labels) is shown
    assert ("HDFS JournalNode RPC" in labels) is shown


def test_no_security_configuration():
    """A cluster that names none needs no second document."""
    done = run("explain", DOCUMENTS / "clusters" / "no-security-configuration.json")
    assert done.status == 1
    assert "VIOLATION NO_SECURITY_CONFIGURATION" in done.out
    assert "  in clear text  Spark driver, dynamic port: without in-transit encryption" in done.out


def test_exempt_cluster(tmp_path):
    """A cluster that its tag exempts is no failure, and says what it would be."""
    document = json.loads(CLUSTER.read_text())
    document["Cluster"]["Tags"] = [{"Key": "exempt", "Value": "sandbox"}]
    path = write(tmp_path, document)
    rule = ("-p", "exemptionTagKey=exempt", "-p", "coverage=complete")
    done = run("explain", path, "-c", CONFIGURATION, *rule)
    assert done.status == 0
    assert ": NOT_APPLICABLE" in done.out
    assert '\n  Exempt by tag "exempt", without an end.\n' in done.out


def test_releases_that_are_assumed_or_unknown(tmp_path, body):
    """A release beyond AWS's matrix is marked as assumed, and so is a label of no known line."""
    for label in ("emr-8.0.0", "emr-next"):
        path = write(tmp_path, REQUEST | {"ReleaseLabel": label})
        said = run("explain", path, "-c", body).out
        assert "\nEndpoints, as in the newest release of AWS's matrix\n" in said


def test_what_could_not_be_told(tmp_path):
    """It says why, as check does, and shows no endpoint that may be another."""
    path = write(tmp_path, REQUEST)
    done = run("explain", path)
    assert done.status == 3
    assert done.out.splitlines()[0] == "tomorrow: COULD_NOT_TELL"
    assert 'security configuration "planned", which is not in the input' in done.out
    assert "Endpoints" not in done.out
    assert explained(path)["compliance"] == "COULD_NOT_TELL"


def test_an_ended_cluster(tmp_path):
    """The rule does not judge it any more."""
    document = json.loads(CLUSTER.read_text())
    document["Cluster"]["Status"]["State"] = "TERMINATED"
    done = run("explain", write(tmp_path, document), "-c", CONFIGURATION)
    assert (done.status, "It has ended" in done.out) == (0, True)


def test_several_clusters_and_a_default(tmp_path):
    """Each cluster of a template is explained, with what was assumed."""
    text = """Parameters: {P: {Type: String, Default: emr-7.3.0}}
Resources:
  A: {Type: AWS::EMR::Cluster, Properties: {ReleaseLabel: !Ref P}}
  B: {Type: AWS::EMR::Cluster, Properties: {ReleaseLabel: emr-7.3.0}}
"""
    path = write(tmp_path, text, "template.yaml")
    done = run("explain", path)
    assert done.status == 1
    assert done.out.count(": NON_COMPLIANT\n") == 2
    assert "  Note: parameter P has its default.\n" in done.out
    assert [each["address"] for each in explained(path)] == ["A", "B"]


WRONG = [
    ("none.json", "none.json cannot be read"),
    ("[", "input.json is not JSON"),
    (json.dumps(ON), "holds no cluster, but: security configuration document"),
]


@pytest.mark.parametrize(("content", "problem"), WRONG)
def test_wrong_input(tmp_path, content, problem):
    """One line that names the file."""
    path = tmp_path / content if content == "none.json" else write(tmp_path, content)
    done = run("explain", path)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert problem in done.err


@pytest.fixture
def live(monkeypatch):
    """Make an account with a cluster that has a security configuration; return the cluster's id."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("emr")
        client.create_security_configuration(Name="tls", SecurityConfiguration=json.dumps(ON))
        instances = {
            "KeepJobFlowAliveWhenNoSteps": True,
            "InstanceGroups": [
                {
                    "InstanceRole": "MASTER",
                    "InstanceType": "m5.xlarge",
                    "InstanceCount": 1,
                    "Name": "Primary",
                }
            ],
        }
        yield client.run_job_flow(
            Name="live",
            ReleaseLabel="emr-7.3.0",
            Applications=[{"Name": "Spark"}],
            SecurityConfiguration="tls",
            Instances=instances,
        )["JobFlowId"]


def test_a_live_cluster(live):
    """By its id."""
    assert explained(live)["compliance"] == "COMPLIANT"
    assert run("explain", live).out.startswith(f"live ({live}): COMPLIANT\n")


def test_instance_groups_of_a_live_cluster(live, monkeypatch):
    """They are read where the rule reads them."""
    described = boto3.client("emr").describe_cluster(ClusterId=live)
    del described["Cluster"]["KerberosAttributes"]  # moto has them empty, EMR leaves them out
    body = boto3.client("emr").describe_security_configuration(Name="tls")
    client = boto3.client("emr")
    stubber = Stubber(client)
    stubber.add_response("describe_cluster", described)
    stubber.add_response("describe_security_configuration", body)
    groups = [{"Id": "ig-1", "Name": "Core", "Configurations": [WEAK_SPARK]}]
    stubber.add_response("list_instance_groups", {"InstanceGroups": groups})
    monkeypatch.setattr(account.emr, "EmrReader", lambda _, given: EmrReader(client, given))
    with stubber:
        report = explained(live, "-p", "overrideScope=instances")
    assert report["findings"][0]["reason"] == "ENCRYPTION_OVERRIDDEN"


def test_a_live_cluster_that_has_ended(live):
    """The rule does not judge it, so it could not be told."""
    boto3.client("emr").terminate_job_flows(JobFlowIds=[live])
    done = run("explain", live)
    line = (
        f"emr-in-transit: could not tell: {live} has ended, or EMR in eu-west-1 does not know it: "
        "look with the credentials of its account, and --region\n"
    )
    assert (done.status, done.out, done.err) == (3, "", line)


def test_a_live_cluster_that_emr_does_not_tell_of(live, monkeypatch):
    """An error of AWS is could not tell, with its code."""
    client = boto3.client("emr")
    stubber = Stubber(client)
    stubber.add_client_error("describe_cluster", "AccessDeniedException", "no")
    monkeypatch.setattr(account.emr, "EmrReader", lambda _, given: EmrReader(client, given))
    with stubber:
        done = run("explain", live)
    assert done.status == 3
    assert done.err == (
        f"emr-in-transit: could not tell: {live}: DescribeCluster: AccessDeniedException: no\n"
    )


def test_without_region_or_profile(monkeypatch):
    """What the AWS settings lack is said in a line."""
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    done = run("explain", "j-1ABCDEFGHIJKL")
    assert (done.status, done.err) == (
        2,
        "emr-in-transit: AWS settings name no Region: give --region\n",
    )
    done = run("explain", "j-1ABCDEFGHIJKL", "--profile", "none")
    assert (done.status, "AWS settings: " in done.err) == (2, True)


class Session:
    """A session whose only client is this one."""

    def __init__(self, client):
        self._client = client

    def client(self, _):
        return self._client


@pytest.fixture
def config(monkeypatch):
    """Return a stubber of the client of AWS Config that the command gets."""
    client = boto3.client("config", region_name="eu-west-1")
    monkeypatch.setattr(account, "session", lambda *_: Session(client))
    with Stubber(client) as stubber:
        yield stubber


def rules(*several):
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn"}
    return {"ConfigRules": [{"ConfigRuleName": "emr", "Source": source} | each for each in several]}


FROM_RULE = ("--parameters-from", "emr")
ARGUMENTS = ("explain", CLUSTER, "-c", CONFIGURATION, *FROM_RULE)
COMPLETE = {"InputParameters": json.dumps({"coverage": "complete"})}


@pytest.mark.parametrize(
    ("rule", "more", "status"),
    [
        (COMPLETE, (), 1),
        (COMPLETE, ("-p", "coverage=configured"), 0),
        ({}, (), 0),
    ],
)
def test_parameters_from_a_live_rule(config, rule, more, status):
    """They count as the rule has them; -p wins."""
    config.add_response("describe_config_rules", rules(rule), {"ConfigRuleNames": ["emr"]})
    assert run(*ARGUMENTS, *more).status == status
    config.assert_no_pending_responses()


def test_parameters_from_a_rule_that_is_not_there(config):
    """AWS's word for it, and ours where it only answers with nothing."""
    config.add_client_error("describe_config_rules", "NoSuchConfigRuleException", "no such rule")
    done = run(*ARGUMENTS)
    said = "--parameters-from: DescribeConfigRules: NoSuchConfigRuleException: no such rule"
    assert (done.status, done.err) == (2, f"emr-in-transit: {said}\n")
    config.add_response("describe_config_rules", rules())
    assert "--parameters-from: there is no rule 'emr'" in run(*ARGUMENTS).err


@pytest.mark.parametrize("parameters", ["[]", "{"])
def test_parameters_that_are_none(config, parameters):
    """A rule of somebody else can have anything there."""
    config.add_response("describe_config_rules", rules({"InputParameters": parameters}))
    assert "--parameters-from: the parameters of 'emr' are no JSON object" in run(*ARGUMENTS).err
