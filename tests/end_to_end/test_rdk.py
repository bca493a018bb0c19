"""The rdk ways: each make target's effect on a simulated account, and rdk's own region sets."""

import contextlib
import io
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from tests.end_to_end.rdk_account import ROOT, Rdk, run
from tools import rdk, rdk_stage
from tools.account import BUCKET as CODE_BUCKET
from tools.account import RULE
from tools.rdk_account import ALERT_STACK, FUNCTION, LAYER, ROLE_STACK, RULE_STACK, layer_zip
from tools.simulator.accounts import DEFAULT_ACCOUNT

PYTHON = ROOT / ".venv-rdk" / "bin" / "python"
ONCALL = "oncall@example.com"
BUCKET = f"config-rule-code-bucket-{DEFAULT_ACCOUNT}-eu-west-1"
ELSEWHERE = ["eu-central-1", "us-east-1"]
OVERRIDE = {"Classification": "hive-site", "Properties": {"hive.metastore.use.SSL": "false"}}
OFF = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})
EMR_MANAGED = {
    "EnableInTransitEncryption": True,
    "InTransitEncryptionConfiguration": {
        "TLSCertificateConfiguration": {"CertificateProviderType": "EMR"}
    },
}


@pytest.fixture(scope="module")
def deployed(simulator, tmp_path_factory):
    """What rdk-init, rdk-deploy and rdk-alerts make of an account that has AWS Config on."""
    assert PYTHON.exists(), "make environment-rdk makes what these tests need"
    simulator.reset()
    account = Rdk(simulator, tmp_path_factory.mktemp("rdk"))
    account.prepare()
    simulator.set_functions(time_scale=0.02, retry_delay=0.1)
    account.make("rdk-init")
    account.make("rdk-deploy", PARAMETERS="SourcePeriodic=Three_Hours")
    printed = account.make("rdk-alerts", PARAMETERS=f"AlertEmail={ONCALL}")
    account.topic = re.search("AlertTopicArn: (.+)", printed).group(1)
    account.subscribe()
    simulator.settle()
    return account


def test_deploy_makes_the_rule_with_both_triggers_and_our_parameters(deployed):
    """As parameters.json says, with what the command line changes."""
    rule = deployed.rule()
    kinds = {
        each["MessageType"]: each.get("MaximumExecutionFrequency")
        for each in rule["Source"]["SourceDetails"]
    }
    assert kinds == {
        "ConfigurationItemChangeNotification": None,
        "OversizedConfigurationItemChangeNotification": None,
        "ScheduledNotification": "Three_Hours",
    }
    assert rule["Scope"] == {"ComplianceResourceTypes": ["AWS::EMR::SecurityConfiguration"]}
    expected = json.loads((rdk_stage.SOURCE / "parameters.json").read_text())["Parameters"]
    assert json.loads(rule["InputParameters"]) == json.loads(expected["OptionalParameters"])


def test_deploy_gives_the_function_time_our_role_our_layer_and_a_log_in_json(deployed):
    """Not rdk's minute, not the role that reads the whole account."""
    function = deployed.simulator.client("lambda").get_function_configuration(FunctionName=FUNCTION)
    assert function["Timeout"] == 900
    assert f"role/{ROLE_STACK}" in function["Role"]
    assert [each["Arn"].split(":")[-2] for each in function["Layers"]] == [LAYER]
    assert function["LoggingConfig"]["LogFormat"] == "JSON"
    names = {each["RoleName"] for each in deployed.simulator.client("iam").list_roles()["Roles"]}
    assert [name for name in names if "rdk" in name.lower()] == [function["Role"].split("/")[-1]]


def test_the_zip_that_rdk_uploads_imports_with_the_layer_and_holds_no_test(deployed, tmp_path):
    """In a clean interpreter, with boto3 and nothing else of ours."""
    client = deployed.simulator.client("s3")
    body = client.get_object(Bucket=BUCKET, Key=f"{RULE}/{RULE}.zip")["Body"].read()
    names = zipfile.ZipFile(io.BytesIO(body)).namelist()
    assert [name for name in names if "test" in name or "__pycache__" in name] == []
    zipfile.ZipFile(io.BytesIO(body)).extractall(tmp_path / "code")
    zipfile.ZipFile(io.BytesIO(layer_zip())).extractall(tmp_path / "layer")
    paths = [str(tmp_path / "code"), str(tmp_path / "layer" / "python")]
    program = (
        f"import sys; sys.path[:0] = {paths!r}\n"
        f"import {RULE} as door, rdklib\n"
        "assert callable(door.lambda_handler)\n"
        "assert rdklib.__file__.startswith(sys.path[1]), rdklib.__file__\n"
    )
    run([sys.executable, "-c", program], tmp_path, {})


def test_a_violation_is_recorded_and_told_and_so_is_its_end(deployed):
    """Under enforced IAM and without a ledger; a second deployment changes the rule in place."""
    deployed.emr.create_security_configuration(
        Name="strict", SecurityConfiguration=json.dumps({"EncryptionConfiguration": EMR_MANAGED})
    )
    cluster = deployed.launch(
        configuration="strict", applications=("Hive",), Configurations=[OVERRIDE]
    )
    assert deployed.sweep()["ok"]
    result = deployed.results()[cluster]
    assert result["ComplianceType"] == "NON_COMPLIANT"
    (message,) = deployed.messages()
    first, second, *rest = message.splitlines()
    assert first.endswith(f'encrypt its data in transit: AWS::EMR::Cluster {cluster}"')
    assert second == f'"What is wrong: {result["Annotation"]}"'
    assert {f'"Account: {DEFAULT_ACCOUNT}"', '"Region: eu-west-1"'} < set(rest)
    assert message in deployed.simulator.inbox(to=ONCALL)[-1]["body"]
    assert deployed.services() == {"config", "emr"}

    deployed.make("rdk-deploy", PARAMETERS="acceptedOverrides=hive-site/hive.metastore.use.SSL")
    assert deployed.sweep()["ok"]
    assert deployed.results()[cluster]["ComplianceType"] == "COMPLIANT"
    (message,) = deployed.messages()
    assert f"complies again: AWS::EMR::Cluster {cluster}" in message
    deployed.emr.terminate_job_flows(JobFlowIds=[cluster])


def test_a_changed_security_configuration_is_told_with_its_quotation_marks(deployed):
    """EventBridge escapes nothing; the alert comes through all the same."""
    deployed.emr.create_security_configuration(Name="weak", SecurityConfiguration=OFF)
    deployed.simulator.settle()
    (message,) = deployed.messages()
    assert 'AWS::EMR::SecurityConfiguration weak"' in message
    assert 'in security configuration "weak" is false.' in message


def test_a_failing_run_is_told(deployed):
    """Nobody else would: rdk makes no alarm. Ours watches the function that rdk made."""
    cloudwatch = deployed.simulator.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms()["MetricAlarms"]
    deployed.simulator.add_fault("emr", "ListClusters", code="AccessDeniedException", status=400)
    failed = deployed.sweep()
    deployed.simulator.clear_faults()
    assert not failed["ok"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": failed["function"]}]

    name = alarm["AlarmName"]
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="By hand.")
    (message,) = deployed.messages()
    assert json.loads(message)["NewStateValue"] == "ALARM"
    assert "could not judge or record everything" in message


def test_only_the_event_rules_of_the_stack_may_publish(deployed):
    """Whoever may make event rules could send alerts of his own otherwise."""
    events = deployed.simulator.client("events")
    events.put_rule(Name="stranger", EventPattern=json.dumps({"source": ["aws.stranger"]}))
    events.put_targets(Rule="stranger", Targets=[{"Id": "t", "Arn": deployed.topic}])
    event = {"source": "aws.stranger", "detail-type": "x", "detail": {}}
    deployed.simulator.put_event(event)
    deployed.simulator.settle()
    (entry,) = deployed.simulator.events("aws.stranger")
    assert [each["outcome"] for each in entry["deliveries"]] == ["lost"]
    assert deployed.messages() == []


def test_test_local_runs_the_rules_test(deployed):
    """Three tests, of which rdk reports each."""
    assert "<unittest.runner.TextTestResult run=3 errors=0 failures=0>" in deployed.make(
        "rdk-test-local"
    )


def test_no_test_is_a_failure(tmp_path, monkeypatch):
    """rdk itself ends with success when it finds none."""
    monkeypatch.setattr(rdk_stage, "TESTS", tmp_path)
    monkeypatch.setattr(sys, "executable", str(PYTHON))
    with pytest.raises(rdk.RdkError, match="has run no test"):
        rdk.test_local(rdk.Job(tmp_path / "rdk", []))


def test_the_rule_template_lints(deployed):
    """The rule alone, with our parameters as parameters of the template."""
    deployed.make("rdk-template")
    path = deployed.folder / "rule-template.json"
    run([str(Path(sys.executable).with_name("cfn-lint")), str(path)], ROOT, {})
    template = json.loads(path.read_text())
    (resource,) = template["Resources"].values()
    assert resource["Type"] == "AWS::Config::ConfigRule"
    assert resource["Properties"]["ConfigRuleName"] == RULE
    assert f"{RULE_STACK}coverage" in template["Parameters"]


def test_export_writes_terraform_code_for_two_rules_of_two_names(deployed):
    """rdk gives both the same name, under which one would overwrite the other."""
    printed = deployed.make("rdk-export").splitlines()
    folder = Path(printed[-1])
    text = "\n".join(path.read_text() for path in folder.rglob("*.tf"))
    names = re.findall(r'^  name +(= (?:"\$\{)?var\.rule_name.*)$', text, re.MULTILINE)
    assert names == ['= "${var.rule_name}_CONFIGURATIONS"', "= var.rule_name"]
    assert "OversizedConfigurationItemChangeNotification" in text
    settings = text + "".join(path.read_text() for path in folder.glob("*.tfvars.json"))
    assert f"role/{ROLE_STACK}" in settings
    assert '\\"AssumeRoleMode\\": \\"False\\"' in settings


def test_undeploy_removes_everything(deployed):
    """Rule and results, function, alerts, layer and role; only the bucket and the log stay."""
    client = deployed.simulator.client
    assert deployed.stacks() == {RULE_STACK, ROLE_STACK, ALERT_STACK}
    versions = client("lambda").list_layer_versions(LayerName=LAYER)["LayerVersions"]
    assert [each["Version"] for each in versions] == [1]  # the same rdklib is published once
    deployed.make("rdk-undeploy")
    assert deployed.stacks() == set()
    assert deployed.config.describe_config_rules()["ConfigRules"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("lambda").list_layers()["Layers"] == []
    assert client("sns").list_topics()["Topics"] == []
    assert client("iam").list_roles()["Roles"] == []


def test_a_region_set_of_rdk_deploys_to_and_removes_from_each_region(aws, tmp_path):
    """rdk's own command, from the folder above the rule's, with one role for all Regions."""
    sets, copy = tmp_path / "regions.yaml", rdk_stage.stage(tmp_path / "rules", {})
    sets.write_text(yaml.safe_dump({"two": ELSEWHERE}))
    aws.client("s3", "us-east-1").create_bucket(Bucket="delivery")
    for name in ELSEWHERE:
        recorder(aws.client("config", name))
        with contextlib.closing(aws.client("lambda", name)) as client:
            client.publish_layer_version(LayerName=LAYER, Content={"ZipFile": layer_zip()})
    body = (ROOT / "rdk-config" / "role.yml").read_text()
    cloudformation = aws.client("cloudformation")
    every = [{"ParameterKey": "Regions", "ParameterValue": "all"}]
    cloudformation.create_stack(
        StackName="role", TemplateBody=body, Parameters=every, Capabilities=["CAPABILITY_IAM"]
    )
    (output,) = cloudformation.describe_stacks(StackName="role")["Stacks"][0]["Outputs"]
    command = [str(PYTHON.with_name("rdk")), "--region-file", str(sets), "--region-set", "two"]
    layer = ["--generated-lambda-layer", "--custom-layer-name", LAYER]
    options = ["--lambda-timeout", "900", "--lambda-role-arn", output["OutputValue"], *layer]
    run([*command, "init"], copy, aws.environment())
    run([*command, "deploy", RULE, *options], copy, aws.environment())
    aws.settle()
    aws.set_iam(enforce=True)
    for name in ELSEWHERE:
        (rule,) = aws.client("config", name).describe_config_rules()["ConfigRules"]
        assert rule["ConfigRuleName"] == RULE
        assert aws.schedule(RULE, region=name)[-1]["ok"]
    run([*command, "undeploy", "--force", RULE], copy, aws.environment())
    for name in ELSEWHERE:
        assert aws.client("config", name).describe_config_rules()["ConfigRules"] == []
    shutil.rmtree(copy)


def test_the_make_targets_take_a_region_set_too(aws, tmp_path):
    """Region by Region, each with stacks of its own."""
    Rdk(aws, tmp_path).make("rdk-alerts", REGION_SET="default")
    for name in rdk.regions_of("default"):
        (stack,) = aws.client("cloudformation", name).describe_stacks()["Stacks"]
        assert stack["StackName"] == ALERT_STACK


def test_a_deployment_that_is_rolled_back_is_a_failure(aws, tmp_path):
    """rdk itself ends with success; code went to the bucket that was named."""
    account = Rdk(aws, tmp_path)
    account.prepare()
    layer = f"arn:aws:lambda:eu-west-1:{DEFAULT_ACCOUNT}:layer:missing:1"
    with pytest.raises(AssertionError, match=f"stack {RULE_STACK} is ROLLBACK_COMPLETE: rdkRule"):
        account.make("rdk-deploy", CODE_BUCKET=CODE_BUCKET, LAYER=layer)
    (uploaded,) = aws.client("s3").list_objects_v2(Bucket=CODE_BUCKET)["Contents"]
    assert uploaded["Key"] == f"{RULE}/{RULE}.zip"


def recorder(config):
    """Switch AWS Config on, so that rdk init does not: it waits for a role of its own."""
    role = f"arn:aws:iam::{DEFAULT_ACCOUNT}:role/aws-service-role/config.amazonaws.com/recorder"
    config.put_configuration_recorder(ConfigurationRecorder={"name": "default", "roleARN": role})
    config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "delivery"})
    config.start_configuration_recorder(ConfigurationRecorderName="default")


def options_in(text):
    """Return the options that each rdk command in a text has, by the command; "" for rdk's own."""
    found = {}
    for line in re.findall(r"\brdk (-[^`\n]+|[a-z-]+ [^`\n]*--[^`\n]+)", text):
        own, command, rest = re.match(r"((?:--[\w-]+ \S+ )*)([a-z][a-z-]*)(.*)", line).groups()
        found.setdefault("", set()).update(re.findall(r"--[\w-]+", own))
        found.setdefault(command, set()).update(re.findall(r"--[\w-]+", rest))
    return found


def test_the_options_of_the_readme_are_rdks(aws, tmp_path):
    """Of the version that the Python at hand runs; the README names nothing that only one has."""
    named = options_in((ROOT / "rdk-config" / "README.md").read_text())
    assert named.keys() >= {"", "deploy", "undeploy"}
    assert named["deploy"] >= {"--lambda-timeout", "--lambda-role-arn", "--generated-lambda-layer"}
    for command, options in named.items():
        words = [str(PYTHON.with_name("rdk")), *([command] if command else []), "--help"]
        helped = run(words, tmp_path, aws.environment())
        assert [each for each in options if each not in helped] == []
