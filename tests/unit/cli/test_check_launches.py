"""check: Step Functions definitions and pasted create-cluster commands."""

import json
import shlex

import pytest

from tests.support.command import OFF, ON, WEAK_SPARK, reasons, report, run, verdicts, write

GOOD, BAD, UNSURE = "COMPLIANT", "NON_COMPLIANT", "COULD_NOT_TELL"
PARAMETERS = {
    "Name": "nightly",
    "ReleaseLabel": "emr-7.3.0",
    "Applications": [{"Name": "Spark"}],
    "SecurityConfiguration": "tls",
    "Instances": {"KeepJobFlowAliveWhenNoSteps": True},
}
NAMED = {"Name": "tls", "SecurityConfiguration": json.dumps(ON)}


def task(parameters, **more):
    resource = "arn:aws:states:::elasticmapreduce:createCluster.sync"
    return {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True} | more


def machine(*tasks):
    return {"StartAt": "t0", "States": {f"t{index}": each for index, each in enumerate(tasks)}}


@pytest.fixture
def tls(tmp_path):
    return write(tmp_path, NAMED, "tls.json")


TASKS = [
    ("all known", task(PARAMETERS), GOOD),
    ("from the input", task({key: PARAMETERS[key] for key in PARAMETERS if key != "ReleaseLabel"} | {"ReleaseLabel.$": "$.release"}), UNSURE),
    ("a name from the input", task({key: PARAMETERS[key] for key in PARAMETERS if key != "Name"} | {"Name.$": "$.name"}), GOOD),
    ("a property from the input", task(PARAMETERS | {"Configurations": [{"Classification": "spark-defaults", "Properties": {"spark.network.crypto.enabled.$": "$.x"}}]}), UNSURE),
    ("properties from the input", task(PARAMETERS | {"Configurations.$": "$.x"}), UNSURE),
    ("a weak property", task(PARAMETERS | {"Configurations": [WEAK_SPARK]}), BAD),
    ("all from the input", task("{% $x %}"), UNSURE),
    ("JSONata", {"Type": "Task", "Resource": "arn:aws:states:::elasticmapreduce:createCluster", "Arguments": PARAMETERS | {"ReleaseLabel": "{% $x %}"}}, UNSURE),
    ("JSONata in a list", {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:emr:runJobFlow", "Arguments": PARAMETERS | {"Applications": ["{% $x %}"]}}, GOOD),
    ("no parameters", task(None), UNSURE),
    ("a misspelt member", task(PARAMETERS | {"SecurityConfigration": "x"}), UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("state", "expected"), [row[1:] for row in TASKS], ids=[row[0] for row in TASKS]
)
def test_tasks(tmp_path, tls, state, expected):
    """What the state's input gives stands for any value."""
    assert verdicts(write(tmp_path, machine(state)), "-c", tls) == {"t0": expected}


def test_tasks_within_other_states(tmp_path, tls):
    """Branches and iterators launch as well; other tasks do not."""
    other = {"Type": "Task", "Resource": "arn:aws:states:::sns:publish"}
    bad = {key: PARAMETERS[key] for key in PARAMETERS if key != "SecurityConfiguration"}
    document = machine(
        other,
        {"Type": "Parallel", "Branches": [{"StartAt": "a", "States": {"a": task(PARAMETERS)}}]},
        {"Type": "Map", "ItemProcessor": {"StartAt": "b", "States": {"b": task(bad)}}},
        {"Type": "Map", "Iterator": {"StartAt": "c", "States": {"c": task(bad), "odd": 1}}},
    )
    assert verdicts(write(tmp_path, document), "-c", tls) == {"a": GOOD, "b": BAD, "c": BAD}
    done = run("check", write(tmp_path, machine(other)))
    assert (done.status, "Step Functions definition without any EMR in it" in done.out) == (0, True)


COMMANDS = [
    ("on one line", "aws emr create-cluster --name n --release-label emr-7.3.0 --applications Name=Spark --security-configuration tls", GOOD),
    ("over several lines", "aws emr create-cluster \\\n  --name n \\\n  --release-label emr-7.3.0 --security-configuration tls\n", GOOD),
    ("with a prompt and options", "$ aws --region eu-west-1 emr create-cluster --name=n --release-label emr-7.3.0 --security-configuration=tls && echo", GOOD),
    ("without one", "aws emr create-cluster --name n --release-label emr-7.3.0", BAD),
    ("of an AMI version", "aws emr create-cluster --name n --ami-version 3.11.0", BAD),
    ("with a variable", 'aws emr create-cluster --name n --release-label "emr-$V" --security-configuration tls', UNSURE),
    ("with a variable for the name", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration $TLS", UNSURE),
    ("with properties", "aws emr create-cluster --name n --release-label emr-7.3.0 --applications Name=Spark Name=Hive --security-configuration tls --configurations " + shlex.quote(json.dumps([WEAK_SPARK], indent=1)), BAD),
    ("with a file that is not there", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --configurations file://none.json", UNSURE),
    ("with properties elsewhere", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --configurations https://example.com/c.json", UNSURE),
    ("with applications in JSON", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --applications '[{\"Name\": \"Spark\"}]'", GOOD),
    ("with Kerberos", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --kerberos-attributes Realm=EC2.INTERNAL,KdcAdminPassword=x", GOOD),
    ("with Kerberos in JSON", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --kerberos-attributes '{\"Realm\": \"x\"}'", GOOD),
    ("with tags", "aws emr create-cluster --name n --release-label emr-7.3.0 --tags team=data --instance-groups InstanceGroupType=MASTER,InstanceCount=1,InstanceType=m5.xlarge", BAD),
    ("with fleets", "aws emr create-cluster --name n --release-label emr-7.3.0 --security-configuration tls --instance-fleets InstanceFleetType=MASTER,TargetOnDemandCapacity=1", GOOD),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS]
)
def test_command_lines(tmp_path, tls, text, expected):
    """What a shell puts in is unknown."""
    assert verdicts(write(tmp_path, text, "launch.sh"), "-c", tls) == {"n": expected}


def test_files_that_a_command_line_names(tmp_path, tls, monkeypatch):
    """They are read from the folder that the command is run in, as the AWS CLI does."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path, [WEAK_SPARK], "weak.json")
    groups = [{"InstanceGroupType": "CORE", "Name": "c", "Configurations": [WEAK_SPARK]}]
    write(tmp_path, groups, "groups.json")
    base = "aws emr create-cluster --release-label emr-7.3.0 --applications Name=Spark --security-configuration tls"  # fmt: skip
    path = write(tmp_path, f"{base} --configurations file://weak.json", "a.txt")
    assert reasons(path, "-c", tls) == {"create-cluster 1": ["ENCRYPTION_OVERRIDDEN"]}
    path = write(tmp_path, f"{base} --instance-groups file://groups.json", "b.txt")
    assert verdicts(path, "-c", tls) == {"create-cluster 1": GOOD}
    found = verdicts(path, "-c", tls, "-p", "overrideScope=instances")
    assert found == {"create-cluster 1": BAD}


def test_several_command_lines_in_a_script(tmp_path):
    """Each is a launch."""
    text = "#!/bin/sh\naws emr create-cluster --name a --release-label emr-7.3.0\nx='it''s'\naws emr create-cluster --name b --ami-version 2.0\n"  # fmt: skip
    assert verdicts(write(tmp_path, text, "launch.sh")) == {"a": BAD, "b": BAD}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("aws emr create-cluster --name 'x", "its quotes are not closed"),
        ("aws emr create-cluster --release-label emr-7.3.0 --configurations '{'", "is no JSON"),
        ("aws emr create-cluster --name x", "has neither ReleaseLabel nor AmiVersion"),
    ],
)
def test_bad_command_lines(tmp_path, text, problem):
    """What is wrong is said, and nothing of it is judged."""
    done = run("check", write(tmp_path, text, "launch.sh"))
    assert done.status == 2
    assert problem in done.out


def test_off(tmp_path):
    """The security configuration that a command names counts."""
    off = write(tmp_path, NAMED | {"SecurityConfiguration": json.dumps(OFF)}, "off.json")
    path = write(tmp_path, COMMANDS[0][1], "launch.sh")
    [verdict] = report(path, "-c", off)["verdicts"]
    assert (verdict["dialect"], verdict["compliance"]) == ("create-cluster command line", BAD)
