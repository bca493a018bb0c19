"""The README: what it repeats from the code is what the code has."""

import json
import re

import pytest

from emr_in_transit.alerting.messages import attributes, document
from emr_in_transit.aws.emr import LIVE_STATES
from tests.test_grants import all_denied, faults
from tests.test_template import ROLES, TEMPLATE, UNLIMITED
from tools.environment import ENVIRONMENTS
from tools.simulator.iam.policies import Grants, decide, listed
from tools.tables import PAGES, README, ROOT, TABLES, sample_alert, sample_alerts, with_tables

TEXT = README.read_text()


@pytest.mark.parametrize("name", TABLES)
def test_a_generated_part_is_the_codes(name):
    """`python -m tools.tables` would change nothing."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    assert TEXT.partition(begin)[2].partition(end)[0] == TABLES[name]() + "\n"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_the_codes(name):
    """`python -m tools.tables` would change nothing."""
    assert (ROOT / name).read_text() == PAGES[name]()


def test_the_generator_changes_nothing_else():
    """What stands between the generated parts is kept to the letter."""
    assert with_tables(TEXT) == TEXT


def test_every_field_of_an_alert_is_documented():
    """A consumer finds each field in the table, and no field that does not exist."""
    table = TEXT.partition("| Field | Meaning |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert documented == {name for each in sample_alerts().values() for name in document(each)}


def test_how_long_logs_are_kept_is_said():
    """The evidence goes with them."""
    assert f"`LogRetentionDays` ({TEMPLATE['Parameters']['LogRetentionDays']['Default']})" in TEXT


def test_every_message_attribute_is_documented():
    """Filter policies are written from this sentence."""
    sentence = TEXT.partition("Message attributes for filter policies:")[2].partition("\n")[0]
    of_all = {each for each in attributes(sample_alert()) if not each.startswith("tag.")}
    assert set(re.findall(r"`(\w+)`", sentence)) == of_all
    assert set(attributes(sample_alert())) - of_all == {"tag.owner"}
    assert "message attributes `tag.owner` and `tag.team`" in TEXT


POLICY = json.loads(
    TEXT.partition("<!-- service-control-policy -->\n```json\n")[2].partition("```")[0]
)
ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
MINE = Grants(
    (ALL,), {"service control policy": {"Statement": [*POLICY["Statement"], ALL["Statement"]]}}
)
INSTANCE = {
    "aws:principalarn": "arn:aws:iam::123456789012:role/EMR_EC2_DefaultRole",
    "aws:ec2instancesourcevpc": "vpc-1",
}
RUNTIME = {"aws:principalarn": "arn:aws:iam::123456789012:role/my-emr-runtime-1"}
PERSON = {"aws:principalarn": "arn:aws:iam::123456789012:user/ana"}


def test_the_service_control_policy_is_one_that_applies():
    """Each action exists and takes the resource beside it, and AWS Organizations takes the length."""
    assert [fault for each in POLICY["Statement"] for fault in faults("SCP", each)] == []
    assert {each["Effect"] for each in POLICY["Statement"]} == {"Deny"}
    assert len(json.dumps(POLICY, separators=(",", ":"))) <= 5120


def test_runtime_roles_are_refused_what_instances_are():
    """The policies of the resources know the ones, the service control policy the others."""
    by_role = {
        action
        for each in POLICY["Statement"]
        if each["Sid"].startswith("RuntimeRoles")
        for action in listed(each["Action"])
    }
    assert by_role == all_denied("NoInstance")


ARNS = {
    "sns:Unsubscribe": "*",
    "sns:SetSubscriptionAttributes": "*",
    "cloudwatch:SetAlarmState": "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:emr-in-transit-encryption-RuleErrors-1",
    "s3:PutObject": "arn:aws:s3:::my-bucket/code.zip",
    "dynamodb:DeleteTable": "arn:aws:dynamodb:eu-west-1:123456789012:table/emr-in-transit-encryption-Ledger-1",
}


@pytest.mark.parametrize("action", ARNS)
@pytest.mark.parametrize("who", [INSTANCE, RUNTIME, PERSON], ids=["instance", "runtime", "person"])
def test_the_service_control_policy_refuses_whom_it_says(who, action):
    """Instances what no policy of a resource can, runtime roles what those policies miss, people nothing."""
    of_runtime_roles = action.startswith("dynamodb:")
    refused = (who is INSTANCE and not of_runtime_roles) or (who is RUNTIME and of_runtime_roles)
    assert decide(MINE, action, ARNS[action], who).allowed is not refused
    through = who | {"aws:calledvia": ("cloudformation.amazonaws.com",)}
    assert decide(MINE, action, ARNS[action], through).allowed


def test_a_pipeline_on_an_instance_uploads_the_code():
    """`make deploy` puts the zip into the bucket itself."""
    pipeline = INSTANCE | {"aws:principalarn": "arn:aws:iam::123456789012:role/my-pipeline"}
    assert decide(MINE, "s3:PutObject", ARNS["s3:PutObject"], pipeline).allowed


def test_nobody_forges_the_metrics_that_the_alarms_watch():
    """The functions count by what they log, which needs no such right."""
    for namespace, allowed in (("EmrInTransitEncryption", False), ("theirs", True)):
        context = PERSON | {"cloudwatch:namespace": namespace}
        assert decide(MINE, "cloudwatch:PutMetricData", "*", context).allowed is allowed


def test_the_states_that_are_judged_are_named():
    """In the rule card."""
    assert f"| States judged | {', '.join(LIVE_STATES)} |" in TEXT


def test_every_permission_is_explained():
    """Each action of each role stands in the table of permissions."""
    section = TEXT.partition("## Permissions")[2].partition("\n## ")[0]
    missing = [
        action
        for groups in ROLES.values()
        for group in groups
        for action in group
        if not _is_named(action, section)
    ]
    assert missing == []


def test_what_is_granted_on_everything_is_said_to_be():
    """Those rows say so, and no other does."""
    section = TEXT.partition("## Permissions")[2].partition("\n## ")[0]
    first = [row.split("|")[1] for row in section.splitlines() if "on `*`" in row]
    named = {name for cell in first for name in re.findall(r"`(?:[a-z0-9]+:)?(\w+)`", cell)}
    assert named == {action.partition(":")[2] for action in UNLIMITED}


def _is_named(action, section):
    service, name = action.split(":")
    return service in section and (
        name in section or (service == "dynamodb" and "…Item" in section)
    )


def test_every_resource_that_people_see_is_explained():
    """Functions, rules, the ledger, the topics and the event rules."""
    section = TEXT.partition("## What is deployed")[2].partition("\n## ")[0]
    types = ("Function", "ConfigRule", "Table", "Topic", "Events::Rule", "Dashboard")
    names = [n for n, r in TEMPLATE["Resources"].items() if r["Type"].endswith(types)]
    assert [name for name in names if f"`{name}`" not in section] == []


def test_every_make_target_that_is_named_exists():
    """And every file that is linked."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:`|^)make ([a-z-]+)", TEXT, re.MULTILINE))
    assert {"demo", "test", "deploy"} <= targets
    environments = {f"environment-{name}" for name in ENVIRONMENTS}
    assert [each for each in targets - environments if f"\n{each}:" not in makefile] == []
    links = re.findall(r"\]\(([A-Za-z./-]+)\)", TEXT)
    assert links
    assert [each for each in links if not (ROOT / each).exists()] == []


def test_links_within_the_page_lead_somewhere():
    """The contents point at headings."""
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    anchors = re.findall(r"\]\(#([a-z0-9-]+)\)", TEXT)
    assert anchors
    assert [each for each in anchors if each not in headings] == []


def test_the_number_of_alarms_is_the_templates():
    """The cost paragraph counts them."""
    alarms = [r for r in TEMPLATE["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    words = {7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven"}
    assert f"what {words[len(alarms)]} alarms and" in TEXT
