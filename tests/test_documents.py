"""The documents: what they repeat from the code is what the code has."""

import json
import re

import pytest

from emr_in_transit import __version__
from emr_in_transit.alerting.messages import ON_CALL, attributes, document, how_to
from emr_in_transit.aws.emr import LIVE_STATES
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.sweep_result import SweepResult
from tests.support.documents import anchors
from tests.test_grants import all_denied, faults
from tests.test_template import ROLES, TEMPLATE, UNLIMITED
from tools.simulator.iam.policies import Grants, decide, listed
from tools.tables import PAGES, ROOT, TABLES, sample_alert, sample_alerts, with_tables

PARTS = [(document, name) for document, tables in TABLES.items() for name in tables]


def page(name):
    """Return the text of a page in docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text()


@pytest.mark.parametrize(("document", "name"), PARTS)
def test_a_generated_part_is_the_codes(document, name):
    """`python -m tools.tables` would change nothing."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    text = (ROOT / document).read_text()
    assert text.partition(begin)[2].partition(end)[0] == TABLES[document][name]() + "\n"


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_the_codes(name):
    """`python -m tools.tables` would change nothing."""
    assert (ROOT / name).read_text() == PAGES[name]()


@pytest.mark.parametrize("document", TABLES)
def test_the_generator_changes_nothing_else(document):
    """What stands between the generated parts is kept to the letter."""
    text = (ROOT / document).read_text()
    assert with_tables(document, text) == text


@pytest.mark.parametrize("reason", Reason)
def test_a_message_links_to_a_section_that_is_there(reason):
    """The address that it makes, in the page that is made from the same table."""
    known = sample_alert().origin._replace(documents="https://git.example.com/blob/v0.2.0")
    link = how_to(known, reason).removeprefix(f"{known.documents}/")
    path, _, anchor = link.partition("#")
    assert anchor in anchors(ROOT / path)


def test_an_email_links_to_what_to_do_on_call():
    """The section is there."""
    path, _, anchor = ON_CALL.partition("#")
    assert anchor in anchors(ROOT / path)


def test_every_field_of_an_alert_is_documented():
    """A consumer finds each field in the table, and no field that does not exist."""
    table = page("alerts").partition("| Field | Meaning |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    documented = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert documented == {name for each in sample_alerts().values() for name in document(each)}


def test_how_long_logs_are_kept_is_said():
    """The evidence goes with them."""
    days = TEMPLATE["Parameters"]["LogRetentionDays"]["Default"]
    assert f"`LogRetentionDays` ({days} days)" in page("operations")


def test_every_message_attribute_is_documented():
    """Filter policies are written from this sentence."""
    text = page("alerts")
    sentence = text.partition("Message attributes for filter policies:")[2].partition("\n")[0]
    of_all = {each for each in attributes(sample_alert()) if not each.startswith("tag.")}
    assert set(re.findall(r"`(\w+)`", sentence)) == of_all
    assert set(attributes(sample_alert())) - of_all == {"tag.owner"}
    assert "message attributes `tag.owner` and `tag.team`" in text


POLICY = json.loads(
    page("permissions")
    .partition("<!-- service-control-policy -->\n```json\n")[2]
    .partition("```")[0]
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
    assert f"| States judged | {', '.join(LIVE_STATES)} |" in (ROOT / "README.md").read_text()


def test_every_permission_is_explained():
    """Each action of each role stands in the table of permissions."""
    section = page("permissions").partition("## Of the functions")[2].partition("\n## ")[0]
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
    section = page("permissions").partition("## Of the functions")[2].partition("\n## ")[0]
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
    section = page("deployment").partition("## What is deployed")[2].partition("\n## ")[0]
    types = ("Function", "ConfigRule", "Table", "Topic", "Events::Rule", "Dashboard")
    names = [n for n, r in TEMPLATE["Resources"].items() if r["Type"].endswith(types)]
    assert [name for name in names if f"`{name}`" not in section] == []


def test_the_number_of_alarms_is_the_templates():
    """The cost paragraph counts them."""
    alarms = [r for r in TEMPLATE["Resources"].values() if r["Type"] == "AWS::CloudWatch::Alarm"]
    words = {7: "seven", 8: "eight", 9: "nine", 10: "ten", 11: "eleven"}
    assert f"what {words[len(alarms)]} alarms and" in page("cost")


ALARMS = [n for n, r in TEMPLATE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"]


def runbook():
    """Return the sections of the runbook, by their heading."""
    _, _, text = page("operations").partition("## When an alarm rings\n")
    _, *sections = text.partition("\n## ")[0].split("\n### ")
    return dict(each.split("\n", 1) for each in sections)


def test_each_alarm_has_its_place_in_the_runbook():
    """Under the name that CloudWatch shows between the stack's and an id, and no other has one."""
    assert sorted(runbook()) == sorted(ALARMS)


@pytest.mark.parametrize("alarm", ALARMS)
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(alarm):
    """Whoever is woken by it knows neither."""
    section = runbook()[alarm]
    assert "**It means:** " in section
    assert re.search(r"\*\*Look at(:\*\* | and do:\*\* )", section)
    assert re.search(r"\*\*Do:\*\* | and do:\*\* |\| What to do \|", section)


@pytest.mark.parametrize("alarm", ALARMS)
def test_an_alarm_names_its_place_in_the_runbook(alarm):
    """CloudWatch puts the description into the message; SweepMissing has one for each case."""
    described = TEMPLATE["Resources"][alarm]["Properties"]["AlarmDescription"]
    cases = described["Fn::If"][1:] if "Fn::If" in described else [described]
    for text, given in (each["Fn::Sub"] for each in cases):
        address = text.rpartition("What to do: ${Documents}")[2]
        path, _, anchor = address.partition("#")
        assert anchor == alarm.lower()
        assert anchor in anchors(ROOT / path)
        known = {"Fn::Sub": f"${{DocumentsUrl}}/v{__version__}/"}
        assert given == {"Documents": {"Fn::If": ["LinkDocuments", known, ""]}}


def test_every_metric_is_explained():
    """In the table of metrics, and none that nothing counts."""
    _, _, table = page("operations").partition("| Metric | Counts in a run |")
    cells = [row.split("|")[1] for row in table.partition("\n\n")[0].splitlines()[2:]]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    assert named == set(SweepResult(problems={}, bundles_not_read=0).metrics())


def test_every_parameter_of_the_stack_is_in_a_table():
    """In that of the rule's, or in the other, and in none twice."""
    cells = [row.split("|") for row in page("parameters").splitlines() if row.startswith("| `")]
    named = [re.findall(r"`(\w+)`", row[2] if "`" in row[2] else row[1])[0] for row in cells]
    assert sorted(named) == sorted(TEMPLATE["Parameters"])
