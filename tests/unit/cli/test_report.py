"""report: what is on record now, of an aggregator, an account and files of scan."""

import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta

import boto3
import jsonschema
import pytest
from botocore.awsrequest import AWSResponse
from botocore.retries.bucket import Clock
from botocore.stub import Stubber
from rich.console import Console

from emr_in_transit.aws.rules import is_named, name_forms
from emr_in_transit_cli import account
from emr_in_transit_cli.progress import ReportProgress
from emr_in_transit_cli.reporting import config_source
from tests.support.command import run, write
from tests.test_organization_templates import AFFIX
from tests.test_organization_templates import load as load_pack
from tests.test_template import TEMPLATE
from tools.package import ROOT
from tools.simulator.iam.authorization import matching

SCHEMA = json.loads((ROOT / "cli" / "emr_in_transit_cli" / "report.schema.json").read_text())
HOME, OTHER, THIRD = "111122223333", "222233334444", "333344445555"
REGION = "eu-west-1"
NOW = datetime.now(UTC)
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
CONFIGURATION_RULE = "EMR_IN_TRANSIT_ENCRYPTION_CONFIGURATIONS"
CLUSTER, CONFIGURATION = "AWS::EMR::Cluster", "AWS::EMR::SecurityConfiguration"
BARE = "NO_SECURITY_CONFIGURATION: No security configuration is attached."
AGGREGATOR = ("report", "--aggregator", "all")
LISTED = {"ConfigurationAggregatorName": "all", "Limit": 1000}
SOURCES = {"ConfigurationAggregatorName": "all", "Limit": 100}


class Stubs(dict):
    """A stubber for each service that the command asks, made when it is asked for."""

    def __missing__(self, service):
        self[service] = Stubber(boto3.client(service, REGION))
        self[service].activate()
        return self[service]


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Let a result that is nearly too old be so when its test runs, not when pytest collects."""
    monkeypatch.setitem(globals(), "NOW", datetime.now(UTC))


@pytest.fixture
def stubs(monkeypatch):
    stubs = Stubs()
    monkeypatch.setattr(account, "client", lambda _, service, *__: stubs[service].client)
    yield stubs
    for each in stubs.values():
        each.assert_no_pending_responses()


def result(resource="j-1", compliance="NON_COMPLIANT", annotation=BARE, hours=1, kind=CLUSTER):
    """Make an evaluation result as AWS Config gives it."""
    qualifier = {"ConfigRuleName": RULE, "ResourceType": kind, "ResourceId": resource}
    made = {
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": qualifier,
            "OrderingTimestamp": NOW,
        },
        "ComplianceType": compliance,
        "ResultRecordedTime": NOW - timedelta(hours=hours),
    }
    return made | ({"Annotation": annotation} if annotation else {})


GOOD = ("COMPLIANT", 'Security configuration "tls", PEM certificates.')


class Organization:
    """What an aggregator has, recorded as its three calls answer."""

    def __init__(self, config):
        self.config = config

    def lists(self, *rules, pages=1):
        """Answer with rules as (account, Region, name), in so many pages; empty ones among them."""
        operation = "describe_aggregate_compliance_by_config_rules"
        entries = [
            {"AccountId": one, "AwsRegion": region, "ConfigRuleName": name}
            for one, region, name in rules
        ]
        size = -(-len(entries) // pages)
        for page in range(pages):
            token = {"NextToken": f"t{page + 1}"} if page + 1 < pages else {}
            asked = LISTED | ({"NextToken": f"t{page}"} if page else {})
            held = entries[page * size : (page + 1) * size]
            self.config.add_response(
                operation, {"AggregateComplianceByConfigRules": held} | token, asked
            )

    def has_sources(self, *sources):
        """Answer with sources as (id, Region, status) and perhaps an error."""
        held = [
            {
                "SourceId": source,
                "SourceType": "ACCOUNT" if source.isdigit() else "ORGANIZATION",
                "AwsRegion": region,
                "LastUpdateStatus": status,
                "LastUpdateTime": NOW - timedelta(hours=30),
                **dict(zip(("LastErrorCode", "LastErrorMessage"), error, strict=False)),
            }
            for source, region, status, *error in sources
        ]
        self.config.add_response(
            "describe_configuration_aggregator_sources_status",
            {"AggregatedSourceStatusList": held},
            SOURCES,
        )

    def details(self, one, region, name, *results, token=None, asked=None):
        """Answer with the results of one rule, one page of them."""
        query = {
            "ConfigurationAggregatorName": "all",
            "AccountId": one,
            "AwsRegion": region,
            "ConfigRuleName": name,
            "Limit": 100,
        }
        held = [each | {"AccountId": one, "AwsRegion": region} for each in results]
        self.config.add_response(
            "get_aggregate_compliance_details_by_config_rule",
            {"AggregateEvaluationResults": held} | ({"NextToken": token} if token else {}),
            query | ({"NextToken": asked} if asked else {}),
        )


@pytest.fixture
def organization(stubs):
    return Organization(stubs["config"])


def reported(*arguments):
    """Return the report as JSON with the exit status; it follows its schema."""
    done = run(*arguments, "--format", "json")
    document = json.loads(done.out)
    jsonschema.validate(document, SCHEMA)
    return document, done.status


def kinds(gaps):
    return [(each["kind"], each["account"], each["region"]) for each in gaps]


def test_an_organization(organization):
    """Its rules in each form of their names, their pages, totals, and remedies from the table."""
    in_pack = f"{RULE}-conformance-pack-abc123xyz"
    of_organization = f"OrgConfigRule-{RULE}-a1b2c3d4"
    rules = [
        (OTHER, "us-east-1", in_pack),
        (HOME, REGION, RULE),
        (THIRD, REGION, of_organization),
        (HOME, REGION, "s3-bucket-ssl-requests-only"),
        (HOME, REGION, f"my-{RULE}"),
    ]
    organization.lists(*rules, pages=3)
    organization.has_sources(*((one, region, "SUCCEEDED") for one, region, _ in rules[:3]))
    organization.details(HOME, REGION, RULE, result("j-2", *GOOD), token="t1")
    organization.details(HOME, REGION, RULE, token="t2", asked="t1")
    organization.details(HOME, REGION, RULE, result("j-1"), asked="t2")
    organization.details(OTHER, "us-east-1", in_pack, result("j-3", *GOOD))
    weak = 'ENCRYPTION_OVERRIDDEN: core-site/hadoop.rpc.protection is "integrity". (+1 more)'
    organization.details(THIRD, REGION, of_organization, result("j-4", annotation=weak))
    document, status = reported(*AGGREGATOR)
    assert status == 1
    assert (document["unknown"], document["withoutResult"]) == ([], [])
    assert document["sources"] == [f"aggregator all in {REGION}"]
    assert document["totals"] == {"violating": 2, "compliant": 2, "couldNotTell": 0}
    assert document["byReason"] == {"NO_SECURITY_CONFIGURATION": 1, "ENCRYPTION_OVERRIDDEN": 1}
    assert [*document["byAccount"]] == [HOME, THIRD, OTHER]
    assert document["byRegion"]["us-east-1"]["violating"] == 0
    [bare] = [each for each in document["results"] if each["resourceId"] == "j-1"]
    [finding] = bare["findings"]
    assert finding["detail"] == "No security configuration is attached."
    assert finding["remedy"].startswith("Launch a replacement with a security configuration")
    assert bare["recorded"] == (NOW - timedelta(hours=1)).isoformat(timespec="seconds")


def test_what_is_not_known_of_an_organization(organization):
    """Sources that failed or lag, rules that nobody runs any more, accounts without a result."""
    organization.lists((HOME, REGION, RULE), (HOME, "us-east-1", RULE))
    organization.has_sources(
        (HOME, REGION, "SUCCEEDED"),
        (OTHER, REGION, "FAILED", "ACCESS_DENIED", "no\nauthorization"),
        (THIRD, REGION, "OUTDATED"),
        ("o-abc", REGION, "FAILED"),
    )
    organization.details(HOME, REGION, RULE, result("j-1", *GOOD, 24.9))
    organization.details(
        HOME, "us-east-1", RULE, result("j-2", *GOOD, 25.1), result("j-3", *GOOD, 70)
    )
    document, status = reported(*AGGREGATOR)
    assert status == 3
    assert kinds(document["unknown"]) == [
        ("SOURCE_FAILED", OTHER, REGION),
        ("SOURCE_FAILED", "o-abc", REGION),
        ("SOURCE_OUTDATED", THIRD, REGION),
        ("RESULT_OLD", HOME, "us-east-1"),
    ]
    assert document["unknown"][0]["detail"] == "ACCESS_DENIED: no authorization"
    assert document["unknown"][1]["detail"] == "AWS Config names no error"
    assert document["unknown"][3]["detail"] == f"{RULE}: its newest result is older than 25 hours"
    assert document["unknown"][3]["since"] == (NOW - timedelta(hours=25.1)).isoformat(
        timespec="seconds"
    )
    assert kinds(document["withoutResult"]) == [
        ("NO_RESULT", OTHER, REGION),
        ("NO_RESULT", THIRD, REGION),
    ]


def test_what_is_expected_is_named(organization, tmp_path):
    """An account in any Region, or in one; whoever has a result is not missing."""
    organization.lists((HOME, REGION, RULE))
    organization.has_sources((HOME, REGION, "SUCCEEDED"), (OTHER, REGION, "SUCCEEDED"))
    organization.details(HOME, REGION, RULE, result("j-1", *GOOD))
    text = (
        f'account,region\n# ours\n{HOME}\n"{HOME}","{REGION}"\n{OTHER} {REGION}\n\n{THIRD}  # new\n'
    )
    expect = write(tmp_path, text, "expected.csv")
    document, status = reported(*AGGREGATOR, "--expect", expect)
    assert status == 3
    assert kinds(document["withoutResult"]) == [
        ("EXPECTED_MISSING", OTHER, REGION),
        ("EXPECTED_MISSING", THIRD, ""),
    ]
    assert document["unknown"] == []


WRONG_LISTS = [
    ("12345", "line 1: '12345' is not an account of 12 digits"),
    (f"{HOME},Ireland", "is not an account of 12 digits, with or without a Region"),
    (f"{HOME},{REGION},x", "is not an account of 12 digits"),
    ("# nobody\n", "names no account"),
    (b"\xff\xfe\xff", "is no text in UTF-8"),
]


@pytest.mark.parametrize(("content", "problem"), WRONG_LISTS)
def test_a_list_of_what_is_expected_that_is_none(tmp_path, content, problem):
    """Before anything is asked of AWS."""
    done = run(*AGGREGATOR, "--expect", write(tmp_path, content, "expected"))
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert problem in done.err


def test_a_list_of_what_is_expected_that_is_not_there():
    done = run(*AGGREGATOR, "--expect", "none")
    assert (done.status, "--expect none cannot be read (No such file" in done.err) == (2, True)


def test_a_rule_that_cannot_be_read_costs_no_other(organization):
    """It could not be told, with AWS's word for it; nor do its sources, where they do not answer."""
    organization.lists((HOME, REGION, RULE), (OTHER, REGION, RULE), (THIRD, REGION, RULE))
    organization.config.add_client_error(
        "describe_configuration_aggregator_sources_status", "AccessDeniedException", "no"
    )
    operation = "get_aggregate_compliance_details_by_config_rule"
    organization.config.add_client_error(operation, "ThrottlingException", "Rate exceeded")
    broken = result("j-9")
    del broken["EvaluationResultIdentifier"]
    organization.details(OTHER, REGION, RULE, result("j-1"), broken)
    nothing = result("j-2", "INSUFFICIENT_DATA", None)
    foreign = result("i-1", kind="AWS::EC2::Instance")
    organization.details(THIRD, REGION, RULE, nothing, foreign)
    document, status = reported(*AGGREGATOR)
    assert status == 3
    said = {each["account"]: each["detail"] for each in document["unknown"]}
    assert said == {
        "": "DescribeConfigurationAggregatorSourcesStatus: AccessDeniedException: no",
        HOME: f"{RULE}: GetAggregateComplianceDetailsByConfigRule: ThrottlingException: Rate exceeded",
        OTHER: f"{RULE}: AWS Config answered without 'EvaluationResultIdentifier'",
        THIRD: f"{RULE}: AWS Config has no data on j-2",
    }
    assert [each["resourceId"] for each in document["results"]] == ["j-1"]


def test_an_aggregator_that_is_not_there(stubs):
    """Then there is no report, but a line."""
    operation = "describe_aggregate_compliance_by_config_rules"
    code = "NoSuchConfigurationAggregatorException"
    stubs["config"].add_client_error(operation, code, "there is none")
    done = run(*AGGREGATOR)
    said = f"could not tell: DescribeAggregateComplianceByConfigRules: {code}: there is none"
    assert (done.status, done.out, done.err) == (3, "", f"emr-in-transit: {said}\n")


def test_an_organization_without_the_rule(organization):
    """Nothing is known then: no result is no compliance."""
    organization.lists((HOME, REGION, "s3-bucket-ssl-requests-only"))
    organization.has_sources((HOME, REGION, "SUCCEEDED"))
    document, status = reported(*AGGREGATOR)
    assert (status, document["results"], document["unknown"]) == (3, [], [])
    assert kinds(document["withoutResult"]) == [("NO_RESULT", HOME, REGION)]


def test_a_thousand_accounts(organization):
    """Each is asked for by itself, and none is lost; the worst come first."""
    accounts = [f"{number:012}" for number in range(1, 1001)]
    organization.lists(*((each, REGION, RULE) for each in accounts), pages=5)
    organization.has_sources(*((each, REGION, "SUCCEEDED") for each in accounts))
    for number, each in enumerate(accounts):
        several = [result("j-1") if number % 100 == 0 else result("j-1", *GOOD)]
        organization.details(each, REGION, RULE, *several)
    document, status = reported(*AGGREGATOR)
    assert status == 1
    assert document["totals"] == {"violating": 10, "compliant": 990, "couldNotTell": 0}
    assert [*document["byAccount"]][:11] == [*accounts[::100], accounts[1]]
    assert len(document["byAccount"]) == 1000


def test_a_throttled_call_is_made_again(monkeypatch):
    """By botocore, which the command's session tells to be patient."""
    slept, seconds = [], itertools.count()
    monkeypatch.setattr("time.sleep", slept.append)
    monkeypatch.setattr(Clock, "current_time", lambda _: next(seconds))
    client = account.session(None, REGION).client("config")
    answers = [
        (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}),
        (200, {"AggregateComplianceByConfigRules": []}),
        (200, {"AggregatedSourceStatusList": []}),
    ]

    class Raw(io.BytesIO):
        def stream(self):
            yield self.read()

    def answer(request, **_):
        status, body = answers.pop(0)
        return AWSResponse(request.url, status, {}, Raw(json.dumps(body).encode()))

    client.meta.events.register("before-send", answer)
    reading = config_source.read_aggregator(client, "all", [RULE], NOW, lambda *_: None)
    assert (reading.results, reading.gaps, answers) == ((), (), [])
    assert slept


ME = {"Account": HOME, "UserId": "AIDAX", "Arn": f"arn:aws:iam::{HOME}:user/ana"}


def described(*names):
    source = {"Owner": "CUSTOM_LAMBDA", "SourceIdentifier": "arn"}
    return {"ConfigRules": [{"ConfigRuleName": each, "Source": source} for each in names]}


def recorded(stubs, name, *results):
    asked = {"ConfigRuleName": name, "Limit": 100}
    operation = "get_compliance_details_by_config_rule"
    stubs["config"].add_response(operation, {"EvaluationResults": list(results)}, asked)


def test_one_account(stubs):
    """Clusters, and security configurations, whose results may be of any age."""
    stubs["sts"].add_response("get_caller_identity", ME)
    names = (CONFIGURATION_RULE, "other", RULE)
    stubs["config"].add_response("describe_config_rules", described(*names), {})
    recorded(stubs, RULE, result("j-1", annotation="Somebody else's words"))
    off = "IN_TRANSIT_ENCRYPTION_OFF: It is off."
    recorded(
        stubs, CONFIGURATION_RULE, result("legacy", annotation=off, hours=9000, kind=CONFIGURATION)
    )
    document, status = reported("report")
    assert (status, document["unknown"]) == (1, [])
    assert document["sources"] == [f"AWS Config of {HOME} in {REGION}"]
    assert document["byReason"] == {"IN_TRANSIT_ENCRYPTION_OFF": 1, "": 1}
    findings = {each["resourceId"]: each["findings"][0] for each in document["results"]}
    assert findings["j-1"]["detail"] == "Somebody else's words"
    assert findings["j-1"]["remedy"] == ""


def test_one_account_by_another_name_of_its_rule(stubs):
    """As it was deployed; the others are no concern then."""
    stubs["sts"].add_response("get_caller_identity", ME)
    stubs["config"].add_response("describe_config_rules", described(RULE, "emr-tls"), {})
    recorded(stubs, "emr-tls", result("j-1", *GOOD))
    assert reported("report", "--rule", "emr-*")[1] == 0


def test_a_region_that_does_not_answer_costs_no_other(stubs):
    """It is a gap; where none answers, there is no report."""
    for _ in range(2):
        stubs["sts"].add_response("get_caller_identity", ME)
    stubs["config"].add_client_error("describe_config_rules", "AccessDeniedException", "no")
    stubs["config"].add_response("describe_config_rules", described(RULE), {})
    recorded(stubs, RULE, result("j-1", *GOOD))
    document, status = reported("report", "--region", "us-east-1", "--region", REGION)
    assert document["sources"] == [
        f"AWS Config of {HOME} in {each}" for each in (REGION, "us-east-1")
    ]
    assert (status, kinds(document["unknown"])) == (3, [("COULD_NOT_TELL", HOME, "us-east-1")])
    stubs["config"].add_client_error("describe_config_rules", "AccessDeniedException", "no")
    done = run("report")
    said = "could not tell: DescribeConfigRules: AccessDeniedException: no"
    assert (done.status, done.out, done.err) == (3, "", f"emr-in-transit: {said}\n")


def test_progress_is_drawn_on_a_terminal():
    """Rules of so many, or lines so far; nothing stays of it, and nothing is drawn elsewhere."""
    for is_terminal in (True, False):
        file = io.StringIO()
        console = Console(file=file, force_terminal=is_terminal, width=80, color_system=None)
        with ReportProgress(console) as shown:
            shown.rules(3, 1000)
            shown._progress.refresh()
            shown.lines(4321)
        assert [text in file.getvalue() for text in ("3/1000 rules", "4321 lines")] == (
            [is_terminal] * 2
        )


def test_credentials_that_are_refused(stubs):
    """Nobody knows whose account that would be."""
    stubs["sts"].add_client_error("get_caller_identity", "ExpiredToken", "it is over")
    done = run("report")
    assert (done.status, done.out) == (3, "")
    assert "whose credentials these are: GetCallerIdentity: ExpiredToken" in done.err


def scan(**members):
    """Make a report of scan with one violating cluster."""
    finding = {
        "severity": "VIOLATION",
        "reason": "NO_SECURITY_CONFIGURATION",
        "subject": "",
        "detail": "None.",
        "remedy": "Launch another.",
    }
    cluster = {
        "account": HOME,
        "region": REGION,
        "resourceType": CLUSTER,
        "resourceId": "j-1",
        "resourceName": "nightly",
        "complianceType": "NON_COMPLIANT",
        "annotation": BARE,
        "findings": [finding],
        "judgedAt": "2026-05-06T12:00:00+00:00",
    }
    whole = {
        "schemaVersion": "1.0",
        "kind": "scan",
        "finishedAt": "2026-05-06T12:01:00+00:00",
        "accounts": [{"account": HOME, "problem": "", "regionsWithoutEmr": []}],
        "regions": [{"account": HOME, "region": REGION, "complete": True, "problem": ""}],
        "clusters": [cluster],
    }
    return whole | members


def test_files_of_scan(tmp_path):
    """All that they say, what they could not tell, and Regions that they found empty."""
    unread = {"account": OTHER, "problem": "AssumeRole: AccessDenied: no"}
    cluster = scan()["clusters"][0]
    untold = cluster | {
        "resourceId": "j-2",
        "complianceType": "COULD_NOT_TELL",
        "annotation": "DescribeCluster: ThrottlingException: Rate exceeded",
        "findings": [],
    }
    regions = [
        *scan()["regions"],
        {"account": HOME, "region": "us-east-1", "complete": True, "problem": ""},
        {"account": HOME, "region": "sa-east-1", "complete": False, "problem": "interrupted"},
        {"account": HOME, "region": "ca-west-1", "complete": False, "problem": ""},
    ]
    first = scan(accounts=[unread], regions=regions, clusters=[cluster, untold])
    document, status = reported("report", write(tmp_path, first, "a.json"))
    assert status == 3
    assert document["sources"] == ["scan a.json of 2026-05-06T12:01:00+00:00"]
    assert document["asOf"] == "2026-05-06T12:01:00+00:00"
    assert {(each["region"], each["detail"]) for each in document["unknown"]} == {
        ("", "AssumeRole: AccessDenied: no"),
        ("sa-east-1", "interrupted"),
        ("ca-west-1", "the list of its clusters was not read to its end"),
        (REGION, "j-2: DescribeCluster: ThrottlingException: Rate exceeded"),
    }
    assert document["withoutCluster"] == [{"account": HOME, "region": "us-east-1"}]
    assert document["totals"] == {"violating": 1, "compliant": 0, "couldNotTell": 1}


def test_the_newest_scan_of_a_region_counts(tmp_path):
    """What was mended since does not violate, and what has ended is not there any more."""
    older = write(tmp_path, scan(), "older.json")
    newer = scan(clusters=[], finishedAt="2026-05-06T18:00:00+02:00")
    document, status = reported("report", older, write(tmp_path, newer, "newer.json"))
    assert (status, document["results"]) == (0, [])
    assert document["asOf"] == "2026-05-06T16:00:00+00:00"
    elsewhere = scan(regions=[{**scan()["regions"][0], "region": "us-east-1"}], clusters=[])
    path = write(tmp_path, elsewhere | {"finishedAt": "2026-05-08T12:00:00+00:00"}, "other.json")
    document, status = reported("report", older, path)
    assert (status, kinds(document["unknown"])) == (3, [("RESULT_OLD", HOME, REGION)])


def test_a_result_is_old_by_the_schedule(tmp_path):
    """With a sweep a day, the newest one can be two days old; with one an hour, 25 hours."""
    older = write(tmp_path, scan(), "older.json")
    elsewhere = scan(regions=[{**scan()["regions"][0], "region": "us-east-1"}], clusters=[])
    for hour, daily, hourly in ((12, 1, 1), (13, 1, 3), (24, 1, 3)):
        finished = datetime(2026, 5, 7, 12, tzinfo=UTC) + timedelta(hours=hour - 12, minutes=30)
        newer = write(tmp_path, elsewhere | {"finishedAt": finished.isoformat()}, "newer.json")
        document, status = reported("report", older, newer, "--every", "24")
        assert (status, document["unknown"]) == (daily, []), hour
        assert reported("report", older, newer)[1] == hourly, hour


def test_equal_files_make_equal_reports(tmp_path):
    """Whatever their order; there is no clock in it."""
    paths = [
        write(tmp_path, scan(), "a.json"),
        write(tmp_path, scan(finishedAt="2026-05-07T12:00:00+00:00"), "b.json"),
    ]
    for form in ("html", "json", "csv"):
        one = run("report", "--format", form, *paths).out
        assert one == run("report", "--format", form, *reversed(paths)).out
        assert "j-1" in one


DAMAGED = [
    ("{", "is not JSON"),
    ("[]", "is no report of scan --format json"),
    ({"kind": "report"}, "is no report of scan --format json"),
    (scan(schemaVersion="2.0"), "is of schema \"2.0\", not '1.0'"),
    (scan(clusters=[{}]), "is a damaged report (KeyError: 'account')"),
    (scan(finishedAt="2026-05-06T12:00:00"), "is a damaged report (ValueError: "),
]


@pytest.mark.parametrize(("content", "problem"), DAMAGED)
def test_files_that_are_no_scan(tmp_path, content, problem):
    """One line that names the file."""
    done = run("report", write(tmp_path, content))
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert f"input.json {problem}" in done.err


def test_a_file_that_is_not_there():
    done = run("report", "none.json")
    assert (done.status, "none.json cannot be read (No such file" in done.err) == (2, True)


def test_csv_rows(tmp_path):
    """One for each finding, and for each verdict without one; none that runs as a formula."""
    good = scan()["clusters"][0] | {
        "resourceId": "j-2",
        "resourceName": "=1+1",
        "complianceType": "COMPLIANT",
        "annotation": "PEM.",
        "findings": [],
    }
    path = write(tmp_path, scan(clusters=[*scan()["clusters"], good]))
    rows = list(csv.DictReader(io.StringIO(run("report", "-f", "csv", path).out, newline="")))
    assert [(each["resourceId"], each["reason"], each["detail"]) for each in rows] == [
        ("j-1", "NO_SECURITY_CONFIGURATION", "None."),
        ("j-2", "", "PEM."),
    ]
    assert rows[1]["resourceName"] == "'=1+1"
    assert rows[0]["recorded"] == "2026-05-06T12:00:00+00:00"


def test_a_file_is_written_whole_and_told_in_a_line(tmp_path):
    """The exit status is that of the verdicts, unless it is not wanted."""
    source, target = write(tmp_path, scan()), tmp_path / "report.html"
    done = run("report", source, "--output", target)
    said = "1 violating, 0 compliant, 0 not known, 0 without any result\n"
    assert (done.status, done.out, done.err) == (1, "", said)
    assert target.read_text() == run("report", source).out
    assert run("report", source, "--exit-zero").status == 0


def test_a_page_is_not_for_a_terminal(tmp_path, monkeypatch):
    """Where it would only be noise, the command says what to do."""

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(io, "StringIO", Terminal)
    done = run("report", write(tmp_path, scan()))
    said = "a page is for a browser: give --output FILE, or another --format"
    assert (done.status, done.out, done.err) == (2, "", f"emr-in-transit: {said}\n")


OPTIONS = [
    (("--from", "2026-07-01"), "--from and --to need each other"),
    (("--logs", "x"), "--logs, --log-group and --stack need --from and --to"),
    (("--from", "x", "--to", "y", "a.json"), "FILE, --aggregator and --rule are of now"),
    (
        ("--from", "x", "--to", "y", "--stack", "s", "--log-group", "g"),
        "--log-group and --stack exclude each other",
    ),
    (
        ("--aggregator", "x", "--region", "a", "--region", "b"),
        "an aggregator is in one Region: give one --region",
    ),
]


@pytest.mark.parametrize(("arguments", "problem"), OPTIONS, ids=[each[1] for each in OPTIONS])
def test_options_that_do_not_go_together(arguments, problem):
    done = run("report", *arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"emr-in-transit: {problem}")


def test_the_names_of_the_rules_are_those_of_the_templates():
    """In each form that AWS Config gives them, by which the stack's own RuleNames knows them too."""
    stacks = {
        name
        for each in TEMPLATE["Resources"].values()
        if each["Type"] == "AWS::Config::ConfigRule"
        for name in texts(each["Properties"]["ConfigRuleName"])
    }
    packs = {
        each["Properties"]["ConfigRuleName"]
        for each in load_pack("conformance-pack.yml")["Resources"].values()
    }
    assert stacks | packs == {*config_source.RULE_NAMES}
    of_pack = f"{RULE}{AFFIX}"
    of_organization = f"OrgConfigRule-{RULE}-a1b2c3d4"
    for each in (RULE, of_pack, of_organization):
        assert config_source.is_ours(each, config_source.RULE_NAMES)
    by_default = TEMPLATE["Parameters"]["RuleNames"]["Default"].split(",")
    for each in (of_pack, of_organization):
        assert is_named(each, by_default)
    assert len(name_forms(RULE)) == 3


def texts(value):
    """Return the texts in a value of a template."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value
    return [text for each in items for text in texts(each)]


OF_PERIOD = ("--from", "2026-07-01", "--to", "2026-07-31")
POLICIES = [
    (("--aggregator", "all"), config_source.AGGREGATOR_PERMISSIONS),
    ((), (*config_source.LIST_PERMISSIONS, *config_source.RULE_PERMISSIONS)),
    (OF_PERIOD, ("logs:FilterLogEvents", "cloudformation:DescribeStacks")),
    ((*OF_PERIOD, "--log-group", "a", "--log-group", "b"), ("logs:FilterLogEvents",) * 2),
    ((*OF_PERIOD, "--logs", "x"), ()),
    (("scan.json",), ()),
]


@pytest.mark.parametrize("region", [REGION, "cn-north-1"])
@pytest.mark.parametrize(("arguments", "actions"), POLICIES, ids=[str(p[0]) for p in POLICIES])
def test_the_policy_that_it_needs(arguments, actions, region):
    """What the calls declare, on what AWS's own table says that each can be granted on."""
    done = run("report", "--permissions", "--region", region, *arguments)
    assert (done.status, done.err) == (0, "")
    statements = json.loads(done.out)["Statement"]
    granted = [(action, each["Resource"]) for each in statements for action in each["Action"]]
    assert sorted(action for action, _ in granted) == sorted(actions)
    assert len({each["Sid"] for each in statements}) == len(statements)
    for action, resource in granted:
        [known] = matching(action)
        assert known.takes(resource), action
        assert (resource == "*") == (not known.formats), "as narrow as can be"
        assert resource == "*" or resource.split(":")[1] == (
            "aws" if region == REGION else "aws-cn"
        )
