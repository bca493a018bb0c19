"""check: requests to EMR, its answers, security configurations and AWS Config items."""

import json

import pytest

from tests.support.command import (
    NEEDLESS,
    OFF,
    ON,
    WEAK_SPARK,
    reasons,
    report,
    run,
    verdicts,
    write,
)

REQUEST = {
    "Name": "nightly",
    "ReleaseLabel": "emr-7.3.0",
    "Applications": [{"Name": "Spark"}],
    "SecurityConfiguration": "tls",
    "Instances": {"InstanceCount": 1, "MasterInstanceType": "m5.xlarge"},
}
DESCRIBED = {
    "Name": "tls",
    "CreationDateTime": "2024-01-01T00:00:00Z",
    "SecurityConfiguration": json.dumps(ON),
}
CLUSTER = {
    "Id": "j-1ABCDEFGHIJKL",
    "Name": "nightly",
    "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": 1767225600.0}},
    "ReleaseLabel": "emr-7.3.0",
    "Applications": [{"Name": "Spark"}],
    "SecurityConfiguration": "tls",
}
GROUPS = [{"Id": "ig-1", "Name": "Core", "InstanceGroupType": "CORE", "Configurations": [WEAK_SPARK]}]  # fmt: skip
FLEETS = [
    {
        "Id": "if-1",
        "InstanceFleetType": "CORE",
        "InstanceTypeSpecifications": [{"Configurations": [WEAK_SPARK]}],
    }
]
OVERRIDDEN = ["ENCRYPTION_OVERRIDDEN"]


@pytest.fixture
def tls(tmp_path):
    return write(tmp_path, DESCRIBED, "tls.json")


def test_a_request_and_its_security_configuration(tmp_path, tls):
    """The verdict is the engine's, with the configuration that is given."""
    path = write(tmp_path, REQUEST)
    assert verdicts(path, "-c", tls) == {"nightly": "COMPLIANT"}
    assert run("check", path, "-c", tls).status == 0


def test_a_security_configuration_in_another_file(tmp_path, tls):
    """It is found by its name, whichever file comes first, and judged by itself too."""
    path = write(tmp_path, REQUEST)
    expected = {"nightly": "COMPLIANT", "tls": "COMPLIANT"}
    assert verdicts(path, tls) == expected
    assert verdicts(tls, path) == expected


def test_a_security_configuration_that_is_nowhere(tmp_path):
    """It is not guessed: it could not be told, by name, and with what to do."""
    [verdict] = report(write(tmp_path, REQUEST))["verdicts"]
    assert verdict["compliance"] == "COULD_NOT_TELL"
    assert 'security configuration "tls", which is not in the input' in verdict["summary"]
    assert "--configuration FILE" in verdict["summary"]
    assert run("check", tmp_path / "input.json").status == 3


def test_what_violates_with_any_security_configuration(tmp_path):
    """A release without support violates, whatever the configuration that is nowhere says."""
    path = write(tmp_path, REQUEST | {"ReleaseLabel": "emr-4.1.0"})
    assert reasons(path) == {"nightly": ["RELEASE_WITHOUT_SUPPORT"]}
    assert run("check", path).status == 1


def test_two_security_configurations_of_one_name(tmp_path, tls):
    """Which of them is meant could not be told."""
    other = write(tmp_path, DESCRIBED | {"SecurityConfiguration": json.dumps(OFF)}, "other.json")
    found = verdicts(write(tmp_path, REQUEST), tls, other)
    assert found["nightly"] == "COULD_NOT_TELL"


def test_a_configuration_without_a_name(tmp_path):
    """A bare document is for the cluster that it is given with."""
    body = write(tmp_path, OFF, "body.json")
    path = write(tmp_path, REQUEST)
    assert reasons(path, "-c", body) == {"nightly": ["IN_TRANSIT_ENCRYPTION_OFF"]}
    assert verdicts(body) == {"security configuration": "NON_COMPLIANT"}


def test_nothing_attached(tmp_path):
    """A request without a security configuration violates."""
    request = {key: REQUEST[key] for key in REQUEST if key != "SecurityConfiguration"}
    assert reasons(write(tmp_path, request)) == {"nightly": ["NO_SECURITY_CONFIGURATION"]}


def test_ami_version(tmp_path):
    """RunJobFlow's own spelling of the version is read."""
    request = {"Name": "old", "AmiVersion": "3.11.0", "Instances": {"InstanceCount": 1}}
    assert reasons(write(tmp_path, request)) == {
        "old": ["NO_SECURITY_CONFIGURATION", "RELEASE_WITHOUT_SUPPORT"]
    }


def test_an_sdks_spelling(tmp_path, tls):
    """Members that begin with a small letter, all of them, are the same request."""
    request = {
        "name": "nightly",
        "releaseLabel": "emr-7.3.0",
        "applications": [{"name": "Spark"}],
        "securityConfiguration": "tls",
        "configurations": [
            {
                "classification": "spark-defaults",
                "properties": {"spark.network.crypto.enabled": "false"},
            }
        ],
        "instances": {"instanceCount": 1},
    }
    assert reasons(write(tmp_path, request), "-c", tls) == {"nightly": OVERRIDDEN}


def test_yaml(tmp_path, tls):
    """A request can be YAML, and several documents one file."""
    text = (
        "Name: a\nReleaseLabel: emr-7.3.0\nSecurityConfiguration: tls\nInstances: {}\n"
        "---\nName: b\nReleaseLabel: emr-7.3.0\nInstances: {}\n"
    )
    path = write(tmp_path, text, "input.yaml")
    assert verdicts(path, "-c", tls) == {"a": "COMPLIANT", "b": "NON_COMPLIANT"}


@pytest.mark.parametrize("merged", [{"InstanceGroups": GROUPS}, {"InstanceFleets": FLEETS}])
def test_what_the_aws_cli_merges_in(tmp_path, tls, merged):
    """Groups and fleets count with overrideScope=instances, and are a remark without."""
    path = write(tmp_path, {"Cluster": CLUSTER | merged})
    [verdict] = report(path, "-c", tls)["verdicts"]
    assert verdict["compliance"] == "COMPLIANT"
    [remark] = verdict["remarks"]
    assert "spark.network.crypto.enabled" in remark
    assert "overrideScope=instances" in remark
    found = reasons(path, "-c", tls, "-p", "overrideScope=instances")
    assert found == {"j-1ABCDEFGHIJKL": OVERRIDDEN}


def test_an_answer_without_what_the_cli_merges_in(tmp_path, tls):
    """With overrideScope=instances its reader has to know what is missing."""
    path = write(tmp_path, {"Cluster": CLUSTER})
    assert report(path, "-c", tls)["verdicts"][0]["remarks"] == []
    [verdict] = report(path, "-c", tls, "-p", "overrideScope=instances")["verdicts"]
    assert "does not tell what instance groups or fleets set" in verdict["remarks"][0]


def test_a_security_configuration_younger_than_its_cluster(tmp_path):
    """As the rule: its name was used again, so nothing can be told."""
    young = write(tmp_path, DESCRIBED | {"CreationDateTime": "2026-02-01T00:00:00Z"}, "young.json")
    [verdict] = report(write(tmp_path, {"Cluster": CLUSTER}), "-c", young)["verdicts"]
    assert verdict["compliance"] == "COULD_NOT_TELL"
    assert "younger than the cluster" in verdict["summary"]


def test_a_body_given_with_a_cluster_that_runs(tmp_path):
    """A body does not say when it was created; it is taken to be as old as the cluster."""
    body = write(tmp_path, ON, "body.json")
    path = write(tmp_path, {"Cluster": CLUSTER})
    assert verdicts(path, "-c", body) == {"j-1ABCDEFGHIJKL": "COMPLIANT"}


STATES = [
    ("TERMINATED", "NOT_APPLICABLE", "has ended"),
    ("TERMINATING", "NOT_APPLICABLE", "has ended"),
    ("SLEEPING", "COULD_NOT_TELL", 'state "SLEEPING"'),
]


@pytest.mark.parametrize(("state", "compliance", "said"), STATES)
def test_states_that_the_rule_does_not_judge(tmp_path, tls, state, compliance, said):
    """An ended cluster is none of the rule's, and an unknown state no reason to say anything."""
    status = {"State": state, "Timeline": CLUSTER["Status"]["Timeline"]}
    path = write(tmp_path, {"Cluster": CLUSTER | {"Status": status}})
    [verdict] = report(path, "-c", tls)["verdicts"]
    assert verdict["compliance"] == compliance
    assert said in verdict["summary"]


def test_instance_groups_of_a_request(tmp_path, tls):
    """They count before the launch as they will after it."""
    for instances in (
        {"InstanceGroups": [{"InstanceRole": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1, "Configurations": [WEAK_SPARK]}]},
        {"InstanceFleets": [{"InstanceFleetType": "CORE", "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge", "Configurations": [WEAK_SPARK]}]}]},
    ):  # fmt: skip
        path = write(tmp_path, REQUEST | {"Instances": instances})
        found = reasons(path, "-c", tls, "-p", "overrideScope=instances")
        assert found == {"nightly": OVERRIDDEN}
        assert verdicts(path, "-c", tls) == {"nightly": "COMPLIANT"}


FILES = [
    ("configurations", [WEAK_SPARK], "NON_COMPLIANT"),
    ("good configurations", [{"Classification": "spark-defaults", "Properties": {"spark.network.crypto.enabled": "true"}}], "COMPLIANT"),
    ("instance groups", [{"InstanceGroupType": "CORE", "InstanceType": "m5.xlarge", "InstanceCount": 1, "Configurations": [WEAK_SPARK]}], "NON_COMPLIANT"),
    ("instance fleets", [{"InstanceFleetType": "CORE", "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge", "Configurations": [WEAK_SPARK]}]}], "NON_COMPLIANT"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "expected"), [row[1:] for row in FILES], ids=[row[0] for row in FILES]
)
def test_files_of_create_cluster(tmp_path, document, expected):
    """Properties without their cluster are judged where they would do something."""
    path = write(tmp_path, document)
    [verdict] = report(path, "-p", "overrideScope=instances")["verdicts"]
    assert verdict["compliance"] == expected
    assert "judged as on a cluster that encrypts" in verdict["remarks"][0]


ITEM = {
    "resourceType": "AWS::EMR::SecurityConfiguration",
    "resourceId": "tls",
    "resourceName": "tls",
    "configuration": {"Name": "tls", "SecurityConfiguration": json.dumps(OFF)},
}
ITEMS = [
    ("one", ITEM, {"tls": "NON_COMPLIANT"}),
    ("in an event", {"configurationItem": ITEM}, {"tls": "NON_COMPLIANT"}),
    ("in a history", {"configurationItems": [ITEM, {"resourceType": "AWS::EC2::VPC"}]}, {"tls": "NON_COMPLIANT"}),
    ("in a list", [ITEM], {"tls": "NON_COMPLIANT"}),
    ("with text", ITEM | {"configuration": json.dumps(ITEM["configuration"])}, {"tls": "NON_COMPLIANT"}),
    ("with an object", ITEM | {"configuration": {"SecurityConfiguration": ON}}, {"tls": "COMPLIANT"}),
    ("without the body", ITEM | {"configuration": "none"}, {"tls": "COULD_NOT_TELL"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "expected"), [row[1:] for row in ITEMS], ids=[row[0] for row in ITEMS]
)
def test_config_items(tmp_path, document, expected):
    """AWS Config holds the body as an object, as a text, or not at all."""
    assert verdicts(write(tmp_path, document)) == expected


REFUSED = [
    ("a list of names", {"SecurityConfigurations": []}, "an answer of ListSecurityConfigurations"),
    ("a list of clusters", {"Clusters": []}, "an answer of ListClusters"),
    ("an error", {"Error": {"Code": "x"}}, "an error answer of AWS"),
    ("another item", {"resourceType": "AWS::EC2::VPC"}, "an AWS Config item of AWS::EC2::VPC"),
    ("an SDK's dump", {"name": "tls", "creationDateTime": 1, "securityConfiguration": "{}"}, "what an SDK prints"),
    ("a resource of Terraform", {"security_configuration": "x", "release_label": "y"}, "a resource of Terraform alone"),
    ("a resource of a template", {"Type": "AWS::EMR::Cluster", "Properties": {}}, "a single resource of a template"),
    ("EMR on EKS", {"securityConfigurationData": {}}, "of EMR on EKS"),
    ("a misspelt member", REQUEST | {"SecurityConfigration": "x"}, "did you mean SecurityConfiguration?"),
    ("CloudFormation's word", REQUEST | {"Configurations": [{"Classification": "x", "ConfigurationProperties": {}}]}, "Configurations[0].ConfigurationProperties is no member of it (that is CloudFormation's word for Properties)"),
    ("a small letter among capitals", REQUEST | {"Configurations": [{"classification": "x"}]}, "Configurations[0].classification is no member of it (did you mean Classification?)"),
    ("no release", {"Name": "x", "Instances": {}}, "neither ReleaseLabel nor AmiVersion"),
    ("a body that is a number", {"Name": "x", "SecurityConfiguration": 1}, "SecurityConfiguration is no text"),
    ("no name", {"Name": "", "SecurityConfiguration": "{}"}, "it has no Name"),
    ("no moment", DESCRIBED | {"CreationDateTime": "x"}, "CreationDateTime is no moment"),
    ("a cluster that is a text", {"Cluster": "j-1"}, "Cluster is no object"),
    ("a cluster without a state", {"Cluster": {"Id": "j-1"}}, "Cluster has no Id or no Status"),
    ("one classification", WEAK_SPARK, "a single classification"),
    ("nothing", {}, "an object with nothing in it; expected a request to EMR"),
    ("something else", {"b": 1, "a": 2}, "an object with a, b; expected"),
    ("a number", 1, "holds only a number or a flag"),
    ("a text", '"x"', "holds only text"),
    ("a list of numbers", [1], "a list of something else"),
    ("an empty list", [], "a list of something else"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "problem"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_is_refused(tmp_path, document, problem):
    """What is none of ours is called by its name, and nothing of it is judged."""
    done = run("check", write(tmp_path, document))
    assert done.status == 2
    assert problem in done.out
    assert "Traceback" not in done.out + done.err


def test_wrong_file_as_configuration(tmp_path):
    """A file that holds no security configuration is not taken for one."""
    path = write(tmp_path, REQUEST)
    names = write(tmp_path, {"SecurityConfigurations": [{"Name": "tls"}]}, "names.json")
    done = run("check", path, "-c", names)
    assert (done.status, done.out) == (2, "")
    assert "an answer of ListSecurityConfigurations" in done.err
    done = run("check", path, "-c", path)
    assert done.status == 2
    assert "holds no security configuration, but: RunJobFlow request" in done.err


def test_a_malformed_cluster_is_named(tmp_path, tls):
    """What the engine cannot read is could not tell, by the member."""
    path = write(tmp_path, REQUEST | {"Applications": "Spark"})
    [verdict] = report(path, "-c", tls)["verdicts"]
    assert verdict["compliance"] == "COULD_NOT_TELL"
    assert "Applications is no list of objects" in verdict["summary"]


def test_a_security_configuration_that_no_cluster_names(tmp_path, tls):
    """Whoever gives it expects that it counts: the verdict stands, and a note says so."""
    request = {key: REQUEST[key] for key in REQUEST if key != "SecurityConfiguration"}
    path = write(tmp_path, request)
    for verb in ("check", "explain"):
        done = run(verb, path, "-c", tls)
        assert (done.status, done.err) == (1, NEEDLESS)
        assert run(verb, write(tmp_path, REQUEST), "-c", tls).err == ""
        write(tmp_path, request)
