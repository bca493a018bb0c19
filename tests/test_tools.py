"""The tools that make targets call, run as make runs them: what they print, and how they end."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.account import BUCKET, RULE, STACK, Account

ROOT = Path(__file__).parent.parent


def run(*arguments, **environment):
    """Run a module of ours as a program."""
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_package_says_what_it_has_built_and_builds_the_same_again(tmp_path):
    """The last word is the zip and its size; the same sources give the same bytes."""
    texts, contents = set(), set()
    for folder in ("one", "two"):
        done = run("tools.package", str(tmp_path / folder))
        (built,) = (tmp_path / folder).iterdir()
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"{built} (")
        assert zipfile.is_zipfile(built)
        texts.add(built.name)
        contents.add(built.read_bytes())
    assert (len(texts), len(contents)) == (1, 1)


@pytest.fixture
def deploy(aws):
    """Runs the deployment tool against an account where nothing is deployed."""
    Account(aws).prepare()

    def run_deploy(*arguments, bucket=BUCKET):
        return run("tools.deploy", "--bucket", bucket, *arguments, **aws.environment())

    return run_deploy


def test_deploy_makes_a_stack_then_leaves_it_then_updates_it(deploy, aws):
    """Each time it ends well and prints the outputs; only the update changes the rule."""
    made = deploy()
    assert (made.returncode, made.stderr) == (0, "")
    head, added, *outputs = made.stdout.splitlines()
    assert (head, added.split(",")[0]) == (
        f"The stack {STACK} will be made:",
        "  added: RuleLogGroup",
    )
    assert f"RuleName: {RULE}" in outputs
    assert outputs[-1] == f"Whether all of it works: make verify STACK={STACK}"

    again = deploy()
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.splitlines() == [f"Nothing changes in the stack {STACK}.", *outputs]

    changed = deploy("Coverage=complete", "SendResolved=false")
    assert (changed.returncode, changed.stderr) == (0, "")
    head, modified, *after = changed.stdout.splitlines()
    assert head == f"The stack {STACK} will change:"
    assert modified == (
        "  modified: RuleFunction, LaunchCheckFunction, ClusterRule, SecurityConfigurationRule"
    )
    assert after == outputs
    (rule,) = aws.client("config").describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
    assert '"coverage":"complete"' in rule["InputParameters"].replace(" ", "")

    assert deploy("Frequency=Six_Hours").returncode == 0
    described = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    held = {each["ParameterKey"]: each["ParameterValue"] for each in described["Parameters"]}
    kept = {"Coverage": "complete", "SendResolved": "false", "Frequency": "Six_Hours"}
    assert held | kept == held, "what is not named stays as it was"


def test_deploy_says_why_a_stack_has_failed(deploy, aws):
    """The reason is CloudFormation's, here that AWS Config is not switched on; so is the next one."""
    aws.client("config").delete_configuration_recorder(ConfigurationRecorderName="default")
    aws.set_config(recorder=False)

    failed = deploy("--stack", "judge")

    assert failed.returncode == 1
    assert failed.stderr.startswith("Cannot deploy: stack judge failed: ")
    assert "Configuration recorder is not available to put the rule." in failed.stderr
    assert failed.stderr.count("\n") == 1

    again = deploy("--stack", "judge")
    assert again.returncode == 1
    assert again.stderr.startswith("Cannot deploy: stack judge is in ROLLBACK_COMPLETE (")
    for text in (failed.stderr, again.stderr):
        assert "delete it (aws cloudformation delete-stack --stack-name judge)" in text
        assert text.count("\n") == 1

    aws.client("cloudformation").delete_stack(StackName="judge")
    Account(aws).start_recorder()
    assert deploy("--stack", "judge").returncode == 0
    tables = aws.client("dynamodb").list_tables()["TableNames"]
    assert len(tables) == 1, "the first stack, which never stood, left none behind"


def test_deploy_tags_the_stack_and_keeps_tags_that_are_not_named(deploy, aws):
    """As with parameters; a tag alone is a change too."""
    assert deploy("--tags", "team=sec stage=prod").returncode == 0
    changed = deploy("--tags", "stage=test")
    assert (changed.returncode, changed.stderr) == (0, "")
    assert "no resource, but tags or outputs" in changed.stdout
    described = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"][0]
    held = {each["Key"]: each["Value"] for each in described["Tags"]}
    assert held == {"team": "sec", "stage": "test"}


def test_a_switch_of_create_rules_is_explained_and_works_both_ways(deploy, aws):
    """The function is replaced, the ledger is not; the simulator has the rules only in between."""

    def rules():
        return aws.client("config").describe_config_rules()["ConfigRules"]

    made = deploy()
    assert len(rules()) == 2
    for before, after, count in (("yes", "no", 0), ("no", "yes", 2)):
        switched = deploy(f"CreateRules={after}")
        assert (switched.returncode, switched.stderr) == (0, "")
        assert f"CreateRules changes from {before} to {after}: " in switched.stdout
        assert "The ledger stays, so nobody is alerted anew." in switched.stdout
        assert re.search(r"^  replaced: RuleFunction", switched.stdout, re.MULTILINE)
        assert len(rules()) == count
    ledger = re.search("LedgerTable: .+", made.stdout)[0]
    assert ledger in switched.stdout
    assert "CreateRules changes" not in deploy("CreateRules=yes").stdout


WRONG = [
    (
        "a bucket that is not there",
        ["--bucket", "nobody-has-this"],
        "Cannot deploy: there is no bucket nobody-has-this: make it .aws s3 mb s3://nobody-has-this",
    ),
    (
        "no name of a bucket at all",
        ["--bucket", ""],
        "name the S3 bucket for the zip: make deploy CODE",
    ),
    ("a parameter without value", ["Coverage"], "'Coverage' is not PARAMETER=VALUE"),
    (
        "a parameter given twice",
        ["Coverage=complete", "Coverage=configured"],
        "Coverage is given twice",
    ),
    ("a tag without value", ["--tags", "team"], "'team' is not KEY=VALUE, as TAGS takes it"),
    (
        "an unknown parameter",
        ["Coverge=complete"],
        r"the template has no parameter Coverge \(did you mean Coverage\?\); it has A.*Coverage",
    ),
    ("a value that is not offered", ["Coverage=all"], "Cannot deploy: .*Coverage"),
    (
        "a bucket of another Region",
        ["--bucket", "elsewhere"],
        "bucket elsewhere is in us-east-1; Lambda in eu-west-1",
    ),
]


@pytest.mark.parametrize(("given", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_deploy_refuses_in_one_line_what_it_cannot_do(deploy, aws, given, message):
    """It names what is wrong, and leaves no stack behind."""
    aws.client("s3", "us-east-1").create_bucket(Bucket="elsewhere")
    refused = deploy(*given)
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    last = refused.stderr.splitlines()[-1]
    assert re.search(message, last), last
    assert "Traceback" not in refused.stderr
    assert aws.client("cloudformation").list_stacks()["StackSummaries"] == []


def test_deploy_without_credentials_or_network_ends_in_one_line():
    """Whoever has no way to AWS reads that, and no traceback."""
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    nowhere = {"AWS_REGION": "mars-1", "AWS_DEFAULT_REGION": "mars-1"}
    for given, message in (
        ({"AWS_ENDPOINT_URL": "http://localhost:9"}, "AWS does not answer: .*localhost:9"),
        (nobody, "there are no AWS credentials: set AWS_PROFILE"),
        (nowhere, "mars-1 is no Region that boto3"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
    ):
        done = run("tools.deploy", "--bucket", BUCKET, **given)
        assert done.returncode == 1
        assert re.match(f"Cannot deploy: .*{message}", done.stderr), done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ExpiredToken", "the AWS credentials have expired"),
        ("InvalidClientTokenId", "AWS does not take these credentials"),
        ("AccessDenied", "access denied: "),
    ],
)
def test_deploy_says_what_is_wrong_with_the_credentials(deploy, aws, code, message):
    """Wherever AWS says so first, in one line, and nothing has been made."""
    aws.add_fault("cloudformation", code=code, status=403)
    refused = deploy()
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Cannot deploy: {message}")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("port", ["99999", "abc", "-1", ""])
def test_the_simulator_refuses_what_is_no_port_in_one_line(port):
    """It says what a port is; exit code 2 says that it was asked for the wrong thing."""
    refused = run("tools.simulator", "--port", port)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == (
        f"simulator: argument --port: {port!r} is no port, which is a number up to 65535; "
        "0 takes a free one\n"
    )


def test_package_says_in_one_line_where_it_cannot_write(tmp_path):
    """Here a file is where the folder should be."""
    (tmp_path / "file").write_text("")
    refused = run("tools.package", str(tmp_path / "file" / "folder"))
    assert refused.returncode == 1
    assert re.fullmatch(r"Cannot build the zip: Not a directory: .*/file/folder\n", refused.stderr)


def start(*arguments, **environment):
    """Start a module of ours as a program, in a group of its own as a shell does."""
    return subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def interrupt(process):
    """Press Ctrl-C; return how the program ends and what it says then."""
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    return process.returncode, errors


def test_ctrl_c_ends_a_tool_with_one_line_while_aws_lets_it_wait():
    """Shells make 130 of an end by this signal. AWS takes a call here, and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://localhost:{silent.getsockname()[1]}"
        with start("tools.deploy", "--bucket", BUCKET, AWS_ENDPOINT_URL=endpoint) as process:
            silent.settimeout(60)
            call, _ = silent.accept()
            with call:
                assert interrupt(process) == (-signal.SIGINT, "Interrupted.\n")


def test_ctrl_c_ends_a_tool_with_one_line_before_it_has_begun():
    """What a tool imports takes a while, in which somebody may change their mind."""
    program = "import tools; raise KeyboardInterrupt  # where a tool's own imports would follow"
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (-signal.SIGINT, "Interrupted.\n")


def test_ctrl_c_ends_the_simulator_with_one_line_and_130():
    """It ends in order, so not by the signal itself."""
    with start("tools.simulator") as process:
        assert process.stdout.readline().startswith("Simulator ready: ")
        assert interrupt(process) == (130, "Interrupted.\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_tool_ends_without_a_word_when_its_reader_has_gone(tmp_path, unbuffered):
    """As in make package | true, whether Python holds lines back for a while or not."""
    with start("tools.package", str(tmp_path), PYTHONUNBUFFERED=unbuffered) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == -signal.SIGPIPE


def test_the_simulator_does_not_mind_the_callers_aws_settings(tmp_path):
    """It has an AWS of its own: a profile that is not there, or a broken file, is no matter."""
    (tmp_path / "config").write_text("no configuration ][")
    settings = {"AWS_PROFILE": "nosuch", "AWS_CONFIG_FILE": str(tmp_path / "config")}
    with start("tools.simulator", "--stop-with-stdin", **settings) as process:
        assert process.stdout.readline().startswith("Simulator ready: ")
        process.terminate()
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")


def test_clean_leaves_nothing_that_git_does_not_track(tmp_path):
    """Of each kind that .gitignore names there is one; what is tracked, or is somebody's, stays."""
    for name in ("Makefile", ".gitignore"):
        shutil.copy(ROOT / name, tmp_path)
    made = [line.replace("*", "any") for line in (ROOT / ".gitignore").read_text().splitlines()]
    made += ["rules/RULE/adapters/__pycache__/", ".coverage"]
    for name in made:
        path = tmp_path / name / "file" if name.endswith("/") else tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "mine.json").write_text("")

    def do(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    status = ("git", "-c", "core.excludesFile=", "status", "--porcelain", "--ignored=matching")
    do("git", "init", "--quiet")
    do("git", "add", "Makefile", ".gitignore")
    assert len([line for line in do(*status) if line.startswith("!!")]) == len(made)

    do("make", "clean")

    assert do(*status) == ["A  .gitignore", "A  Makefile", "?? mine.json"]
