"""report --from --to: what was true in a period, by the lines of the functions' logs."""

import csv
import gzip
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta

import boto3
import jsonschema
import pytest
from botocore.stub import Stubber

from emr_in_transit.aws.evaluations import REPEAT_AFTER
from emr_in_transit.aws.logs import COULD_NOT_TELL, SWEEP_FINISHED, VERDICT
from emr_in_transit_cli import account
from emr_in_transit_cli.reporting import log_lines
from emr_in_transit_cli.reporting.evidence import LONGEST_RUN, evidence_of
from emr_in_transit_cli.reporting.log_lines import Lines, Period, parse
from emr_in_transit_cli.reporting.status import Place
from tests.support.command import run, write
from tests.test_template import TEMPLATE
from tools.package import ROOT

SCHEMA = json.loads((ROOT / "cli" / "emr_in_transit_cli" / "evidence.schema.json").read_text())
HOME, REGION = "111122223333", "eu-west-1"
START = datetime(2026, 7, 1, tzinfo=UTC)
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
HOUR = timedelta(hours=1)
DEEP = 200_000  # how deep json reads differs from Python to Python: deeper than in any
PERIOD = ("--from", "2026-07-01", "--to", "2026-07-02")
BAD = {"compliance": "NON_COMPLIANT", "reasons": ["NO_SECURITY_CONFIGURATION"]}
ENDED = {"compliance": "NOT_APPLICABLE", "facts_hash": "", "annotation": ""}


def line(hours=1.0, message=VERDICT, **members):
    """Make a line of a function's log, so many hours after the period began."""
    made = {
        "timestamp": (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "level": "INFO",
        "message": message,
        "logger": "emr_in_transit.sweep",
        "requestId": "r",
        "account": HOME,
        "region": REGION,
        "rule": RULE,
    }
    if message == VERDICT:
        made |= {
            "verdict_version": 1,
            "resource_type": "AWS::EMR::Cluster",
            "resource_id": "j-1",
            "resource_name": "nightly",
            "compliance": "COMPLIANT",
            "reasons": [],
            "annotation": "PEM.",
            "findings": [],
            "security_configuration": "tls",
            "release": "emr-7.12.0",
            "facts_hash": "ab" * 32,
        }
    if message == SWEEP_FINISHED:
        made |= {"live": 1, "could_not_tell": 0, "deferred": 0}
    return {name: value for name, value in (made | members).items() if value is not None}


def texts(*lines):
    return "".join(f"{json.dumps(each)}\n" for each in lines)


def hourly(first=0.0, last=48.0, **members):
    """Make the lines of sweeps that come every hour."""
    count = int(last - first)
    return [line(first + hour, SWEEP_FINISHED, **members) for hour in range(count)]


def evidence(*lines, every=HOUR, days=2, expected=()):
    """Return the evidence that lines make of a period of some days."""
    found, unreadable = parse(texts(*lines))
    assert unreadable == []
    period = Period(START, START + timedelta(days=days))
    return evidence_of(Lines(log_lines.in_order(found), ()), period, every, expected)


def in_hours(gaps):
    """Return gaps as hours after the period began."""
    return [tuple(round((each - START) / HOUR, 2) for each in gap) for gap in gaps]


def test_equal_lines_are_one_verdict():
    """From the first to the last; what a verdict rests on is part of it, a date in words is not."""
    made = evidence(
        line(1, **BAD, annotation="ends in 2 days"),
        line(25, **BAD, annotation="ends in 1 day"),
        line(26, **BAD, facts_hash="cd" * 32),
        line(27, launched_by="arn:aws:iam::111122223333:user/ana"),
        line(28, **BAD, resource_id="j-2", resource_name=None),
    )
    first, second = made.histories
    assert [(each.verdict, each.lines) for each in first.spans] == [
        ("NON_COMPLIANT", 2),
        ("NON_COMPLIANT", 1),
        ("COMPLIANT", 1),
    ]
    assert first.spans[0].annotation == "ends in 1 day"
    assert first.spans[0].last - first.spans[0].first == 24 * HOUR
    assert (first.name, first.release) == ("nightly", "emr-7.12.0")
    assert first.launched_by == "arn:aws:iam::111122223333:user/ana", "of any line"
    assert (second.name, second.launched_by) == ("", "")
    assert made.violated == (first, second)


def test_an_end_comes_after_all_else_of_its_second():
    """The launch check and a sweep write into logs of their own, in whole seconds."""
    [history] = evidence(line(1, **ENDED), line(1, **BAD)).histories
    assert [each.verdict for each in history.spans] == ["NON_COMPLIANT", "ENDED"]
    exempt = line(
        1, compliance="NOT_APPLICABLE", exemption={"tag": "a", "text": "b", "until": None}
    )
    [history] = evidence(line(1, **ENDED), exempt).histories
    assert [each.verdict for each in history.spans] == ["NOT_APPLICABLE", "ENDED"]


def test_a_cluster_that_ended():
    """Its end is no exemption, and after it nothing is missing."""
    exempt = {"tag": "exempt", "text": "2026-12-31 lab", "until": "2026-12-31"}
    made = evidence(
        line(1, compliance="NOT_APPLICABLE", exemption=exempt, reasons=["X"]),
        line(2, compliance="NOT_APPLICABLE", exemption=exempt | {"until": None}),
        line(3, **ENDED),
        *hourly(),
        days=30,
    )
    [history] = made.histories
    assert [each.verdict for each in history.spans] == ["NOT_APPLICABLE", "NOT_APPLICABLE", "ENDED"]
    assert history.spans[0].exemption == ("exempt", "2026-12-31 lab", "2026-12-31")
    assert history.spans[1].exemption == ("exempt", "2026-12-31 lab", "")
    assert (history.gaps, history.violated, history.exempted) == ((), False, True)
    assert [span for _, span in made.exempted] == list(history.spans[:2])


LONGEST = (REPEAT_AFTER + HOUR + LONGEST_RUN) / HOUR
GAPS = [
    ("as long as it takes at most", [0, LONGEST, 47], {}, HOUR, []),
    ("longer", [0, LONGEST + 0.1, 47], {}, HOUR, [(0, LONGEST + 0.1)]),
    ("up to the end", [0], {}, HOUR, [(0, 48)]),
    ("with a slower schedule", [0, 47], {}, 24 * HOUR, []),
    ("before its first line, of an old cluster", [40], {"cluster_created": "2026-01-01T00:00:00+00:00"}, HOUR, [(0, 40)]),
    ("before its first line, of a new one", [40], {"cluster_created": "2026-07-02T15:00:00+00:00"}, HOUR, []),
    ("before its first line, of nobody knows how old a one", [40], {}, HOUR, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("times", "about", "every", "gaps"), [row[1:] for row in GAPS], ids=[row[0] for row in GAPS]
)
def test_gaps_in_the_life_of_a_cluster(times, about, every, gaps):
    """A verdict is logged once a day at least; where it was not, nobody knows."""
    made = evidence(*(line(each, **about) for each in times), *hourly(), every=every)
    assert in_hours(made.histories[0].gaps) == gaps
    assert made.is_known == (gaps == [])


def test_a_security_configuration_has_no_gaps():
    """It is judged when it changes; and the rule that does it sweeps nothing."""
    about = {"resource_type": "AWS::EMR::SecurityConfiguration", "resource_id": "tls"}
    made = evidence(line(1, **about, rule="EMR_IN_TRANSIT_ENCRYPTION_CONFIGURATIONS"))
    assert (made.sweeps, made.histories[0].gaps, made.is_known) == ((), (), True)


SWEEPS = [
    ("every hour", hourly(), HOUR, []),
    ("one left out", hourly(0, 10) + hourly(11, 48), HOUR, []),
    ("two left out", hourly(0, 10) + hourly(12, 48), HOUR, [(9, 12)]),
    ("none before and after", hourly(3, 45), HOUR, [(0, 3), (44, 48)]),
    ("every hour where it should be once a day", hourly(), 24 * HOUR, []),
    ("once a day where it should be", [line(1, SWEEP_FINISHED), line(25, SWEEP_FINISHED)], 24 * HOUR, []),
    ("none at all", [line(1)], HOUR, [(0, 48)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "every", "gaps"), [row[1:] for row in SWEEPS], ids=[row[0] for row in SWEEPS]
)
def test_gaps_in_the_sweeps(lines, every, gaps):
    """Two periods without a sweep that came to its end, as the stack's alarm has it."""
    [sweeps] = evidence(*lines, every=every).sweeps
    assert in_hours(sweeps.gaps) == gaps


def test_sweeps_that_left_something():
    """They are named, and so is what could not be told, with how often."""
    why = "DescribeCluster: ThrottlingException: Rate exceeded"
    made = evidence(
        *hourly(),
        line(3.5, SWEEP_FINISHED, could_not_tell=2, live=7),
        line(4.5, SWEEP_FINISHED, deferred=40),
        line(5, COULD_NOT_TELL, subject="j-1", why=why),
        line(6, COULD_NOT_TELL, subject="j-1", why=why),
        line(6, COULD_NOT_TELL, subject="the list of clusters", why=why),
        line(7, SWEEP_FINISHED, live="many", account="222233334444"),
    )
    mine, other = made.sweeps
    assert [each[1:] for each in mine.unfinished] == [(2, 0), (0, 40)]
    assert [(each.subject, each.lines) for each in mine.untold] == [
        ("j-1", 2),
        ("the list of clusters", 1),
    ]
    assert (mine.most_live, other.most_live, other.account) == (7, 0, "222233334444")
    assert not made.is_known


def test_only_the_period_counts():
    """Its first moment does, its last does not."""
    made = evidence(line(-0.01), line(0), line(47.99), line(48))
    assert [each.time for each in made.lines] == [START, START + timedelta(hours=47.99)]


def test_who_is_expected_and_silent_is_named():
    """As in a report of now."""
    expected = [Place(HOME, ""), Place(HOME, "us-east-1"), Place("222233334444", "")]
    made = evidence(*hourly(), line(1), line(24), expected=expected)
    assert made.missing == tuple(expected[1:])
    assert not made.is_known


def exported(*lines):
    """Return lines as CloudWatch Logs exports them to S3."""
    found = [f"{each['timestamp'][:-1]}.123Z {json.dumps(each)}\n" for each in lines]
    noise = "2026-07-01T00:00:00.000Z START RequestId: 1 Version: $LATEST\n"
    return noise + "".join(found) + "2026-07-01T00:00:00.000Z [WARN] x\n"


def delivered(*lines):
    """Return lines as a subscription delivers them, one record after the other."""
    control = {"messageType": "CONTROL_MESSAGE", "logEvents": [{"message": "check"}]}
    events = [{"id": "1", "timestamp": 1, "message": json.dumps(each)} for each in lines]
    data = {"messageType": "DATA_MESSAGE", "owner": HOME, "logGroup": "g", "logEvents": events}
    return json.dumps(control) + json.dumps(data)


def printed(*lines):
    """Return lines as the AWS CLI's filter-log-events prints them."""
    events = [{"logStreamName": "s", "message": f"{json.dumps(each)}\n"} for each in lines]
    return json.dumps({"events": events, "searchedLogStreams": []}, indent=4)


def queried(*lines):
    """Return lines as an export of Logs Insights has them."""
    return json.dumps([{"@timestamp": "x", "@message": json.dumps(each)} for each in lines])


FORMS = [texts, exported, delivered, printed, queried]


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_the_forms_that_logs_come_in(tmp_path, form, packed):
    """Each holds the same lines, and nothing else is taken for one."""
    lines = [line(1), line(2, SWEEP_FINISHED), line(3, COULD_NOT_TELL, subject="j-1", why="x")]
    content = form(*lines, line(4, "function started")).encode()
    write(tmp_path, gzip.compress(content) if packed else content, "log")
    found = log_lines.read_paths([str(tmp_path)])
    assert [each.message for each in found.lines] == [VERDICT, SWEEP_FINISHED, COULD_NOT_TELL]
    assert {each.place for each in found.lines} == {Place(HOME, REGION)}
    [made] = found.inputs
    digest = hashlib.sha256((tmp_path / "log").read_bytes()).hexdigest()
    assert made == ("log", digest, 3, ())


def test_hidden_files_are_none_of_ours(tmp_path):
    """The others of a folder are read in order, whatever folders are in it."""
    for name in ("b/1", "a/2", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path, texts(line()), name)
    assert [each.name for each in log_lines.read_paths([str(tmp_path)]).inputs] == ["a/2", "b/1"]


def test_lines_of_version_0_1_0():
    """They do not say whose they are: no evidence, but named, with how often."""
    old = {"timestamp": "2026-07-01T00:00:00Z", "message": "sweep finished", "live": 1}
    assert parse(texts(old, old)) == ([], [f"{log_lines.OLDER} (2 times)"])


def test_a_line_that_comes_twice_counts_once(tmp_path):
    """An export and a delivery may overlap."""
    write(tmp_path, exported(line(1), line(2)), "a")
    write(tmp_path, delivered(line(2), line(3)), "b")
    assert len(log_lines.read_paths([str(tmp_path)]).lines) == 3


UNREADABLE = [
    ({"timestamp": "soon"}, "its timestamp is none"),
    ({"timestamp": 7}, "its timestamp is none"),
    ({"timestamp": "2026-07-01T00:00:00"}, "its timestamp is none"),
    ({"verdict_version": 2}, "its verdict_version is 2, not 1"),
    ({"resource_id": 7}, "resource_id is no text"),
    ({"annotation": None}, "annotation is no text"),
    ({"rule": None}, "rule is no text"),
    ({"region": 7}, "region is no text"),
    ({"compliance": "FINE"}, "no compliance is called FINE"),
    ({"cluster_created": "once"}, "its cluster_created is no moment"),
    ({"security_configuration_created": 7}, "its security_configuration_created is no moment"),
]


@pytest.mark.parametrize(("change", "problem"), UNREADABLE, ids=[str(u[0]) for u in UNREADABLE])
def test_a_line_that_cannot_be_read(change, problem):
    """It costs no other, and is named; what it says is no evidence."""
    found, unreadable = parse(texts(line(1), line(2, **change)))
    assert len(found) == 1
    [why] = unreadable
    assert problem in why


def test_a_line_that_was_cut_off():
    """The rest of the file is read all the same; what is none of ours changes nothing."""
    whole = json.dumps(line(1))
    text = f'{whole[:120]}\n{{"message": "other", \n[1, 2\n{whole}\n"verdict"\n{json.dumps([7, None])}\n'
    found, unreadable = parse(text)
    assert len(found) == 1
    [why] = unreadable
    assert why.startswith("no JSON: {")
    assert parse("[" * DEEP) == ([], [])
    for depth in (900, 4000):  # what json reads, and what nobody should follow
        assert parse("[" * depth + "]" * depth) == ([], [])
        nested = texts(line(1)).replace('"findings": []', f'"findings": {"[" * depth}{"]" * depth}')
        found, unreadable = parse(nested)
        assert len(found) + len(unreadable) == 1
    deep = {"logEvents": [{"logEvents": [{"logEvents": [{"logEvents": [line(1)]}]}]}]}
    assert parse(json.dumps(deep)) == ([], []), "deeper than anything nests it"
    assert parse(texts(line(2, SWEEP_FINISHED, reasons="x"), line(1, reasons="x")))[1] == []


@pytest.fixture
def folder(tmp_path):
    """A folder of logs in which all is as it should be."""
    logs = tmp_path / "logs"
    logs.mkdir()
    write(logs, exported(*hourly(), line(0.1), line(24.1)), "000000")
    return logs


def made(folder, *arguments):
    """Make evidence; return what the command left behind, and its documents by name."""
    target = folder.parent / "out"
    done = run("report", *PERIOD, "--logs", folder, "--output", target, *arguments)
    return done, {each.name: each.read_bytes() for each in target.iterdir()}


def test_the_files_of_a_periods_evidence(folder):
    """A page, JSON by its schema, CSV, the lines themselves, and their SHA-256."""
    done, files = made(folder)
    said = "1 judged, 0 violated at some time, 0 not known\n"
    assert (done.status, done.out, done.err) == (0, "", said)
    sums = dict(each.split("  ")[::-1] for each in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(each).hexdigest() for name, each in files.items()}
    assert set(sums) == {"evidence.html", "evidence.json", "evidence.csv", "verdicts.jsonl"}
    document = json.loads(files["evidence.json"])
    jsonschema.validate(document, SCHEMA)
    assert (document["from"], document["to"]) == (
        "2026-07-01T00:00:00+00:00",
        "2026-07-03T00:00:00+00:00",
    )
    assert document["unknown"] == []
    assert document["sweeps"][0]["finished"] == 48
    [row] = csv.DictReader(io.StringIO(files["evidence.csv"].decode(), newline=""))
    assert (row["resourceId"], row["verdict"], row["lines"]) == ("j-1", "COMPLIANT", "2")
    assert row["factsHash"] == "ab" * 32
    assert "Sweeps came to their end whenever they were due" in files["evidence.html"].decode()


def test_equal_logs_make_equal_bytes(folder):
    """Whatever the files are that they lie in; and the lines that are kept make the same again."""
    _, first = made(folder)
    assert made(folder)[1] == first
    whole = (folder / "000000").read_text().splitlines(keepends=True)
    (folder / "000000").write_text("".join(whole[30:]))
    (folder / "zzz").write_bytes(gzip.compress("".join(whole[:30]).encode()))
    for files in (made(folder)[1], made(folder.parent / "out" / "verdicts.jsonl")[1]):
        for name in ("evidence.csv", "verdicts.jsonl"):
            assert files[name] == first[name]


def test_everything_that_can_be_missing(folder):
    """It is on the page and in the JSON, and the exit status says so; a violation alone is 1."""
    write(folder, texts(line(1, **BAD, resource_id="j-2")), "more")
    done, files = made(folder)
    assert done.status == 3
    [unknown] = json.loads(files["evidence.json"])["unknown"]
    assert unknown == {
        "title": "Nothing tells of a cluster",
        "where": f"j-2 {HOME} {REGION}",
        "detail": "From 2026-07-01 01:00 UTC to 2026-07-03 00:00 UTC, 47 hours.",
    }
    write(
        folder,
        texts(line(1, **BAD, resource_id="j-2"), line(2, **ENDED, resource_id="j-2")),
        "more",
    )
    assert made(folder)[0].status == 1
    assert made(folder, "--exit-zero")[0].status == 0
    write(folder, texts(line(1, compliance="FINE"), line(3, rule="trial")), "more")
    write(folder, "222233334444\n", "expected")
    done, files = made(folder, "--expect", folder / "expected")
    document = json.loads(files["evidence.json"])
    jsonschema.validate(document, SCHEMA)
    assert [each["title"] for each in document["unknown"]] == [
        "Expected",
        "No sweep came to its end",
        "Nothing tells of a cluster",
        "A line that cannot be read",
    ]


def test_a_period_without_a_line(tmp_path):
    """It is no evidence of anything."""
    (tmp_path / "logs").mkdir()
    done, files = made(tmp_path / "logs")
    assert (done.status, done.err) == (3, "0 judged, 0 violated at some time, 1 not known\n")
    assert b"No line at all" in files["evidence.html"]


WRONG = [
    (
        ("--from", "July", "--to", "2026-07-02"),
        "--from takes a day such as 2026-07-01, or a moment",
    ),
    (("--from", "2026-07-03", "--to", "2026-07-02"), "--from 2026-07-03 is not before --to"),
    ((*PERIOD, "--expect", "none"), "--expect none cannot be read"),
]


@pytest.mark.parametrize(("arguments", "problem"), WRONG)
def test_wrong_use(folder, arguments, problem):
    done = run("report", *arguments, "--logs", folder, "--output", folder.parent / "out")
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert problem in done.err
    assert not (folder.parent / "out").exists()


def test_a_period_can_be_moments(folder):
    """In any time zone, or in UTC; the last one is not part of it."""
    target = folder.parent / "out"
    moments = ("--from", "2026-07-01T02:00", "--to", "2026-07-01T06:00+02:00")
    run("report", *moments, "--logs", folder, "--output", target)
    document = json.loads((target / "evidence.json").read_text())
    assert [document["from"], document["to"]] == [
        "2026-07-01T02:00:00+00:00",
        "2026-07-01T04:00:00+00:00",
    ]
    assert document["sweeps"][0]["finished"] == 2


def test_what_cannot_be_read_or_written(folder, tmp_path):
    """One line each, before anything is written."""
    assert "evidence is several files: give --output FOLDER" in run("report", *PERIOD).err
    taken = write(tmp_path, "x", "taken")
    done = run("report", *PERIOD, "--logs", folder, "--output", taken)
    assert (done.status, f"--output {taken} cannot be written" in done.err) == (2, True)
    target = ("--output", tmp_path / "out")
    assert "--logs none is not there" in run("report", *PERIOD, "--logs", "none", *target).err
    cut = write(tmp_path, gzip.compress(b"x" * 99)[:20], "cut.gz")
    assert "cut.gz is no whole gzip file" in run("report", *PERIOD, "--logs", cut, *target).err
    (tmp_path / "loop").symlink_to("loop")
    (folder / "loop").symlink_to("loop")
    done = run("report", *PERIOD, "--logs", folder, *target)
    assert (done.status, "loop cannot be read" in done.err) == (2, True)


@pytest.fixture
def stubs(monkeypatch):
    """Return stubbers of the clients that the command gets, by service."""
    made = {each: Stubber(boto3.client(each, REGION)) for each in ("sts", "logs", "cloudformation")}
    monkeypatch.setattr(account, "client", lambda _, service, *__: made[service].client)
    me = {"Account": HOME, "UserId": "AIDAX", "Arn": f"arn:aws:iam::{HOME}:user/ana"}
    made["sts"].add_response("get_caller_identity", me)
    for each in made.values():
        each.activate()
    yield made
    for each in made.values():
        each.assert_no_pending_responses()


def milliseconds(moment):
    return int(moment.timestamp() * 1000)


def logged(stubs, group, *lines, token=None, asked=None):
    """Answer with a page of a log group's lines."""
    query = {
        "logGroupName": group,
        "startTime": milliseconds(START),
        "endTime": milliseconds(START + timedelta(days=2, minutes=15)),
        "filterPattern": '{ ($.message = "verdict") || ($.message = "sweep finished") || '
        '($.message = "could not tell") }',
    }
    events = [{"logStreamName": "s", "message": json.dumps(each)} for each in lines]
    stubs["logs"].add_response(
        "filter_log_events",
        {"events": events} | ({"nextToken": token} if token else {}),
        query | ({"nextToken": asked} if asked else {}),
    )


def outputs(*names):
    made = [{"OutputKey": each, "OutputValue": f"group-{each}"} for each in names]
    stack = {"StackName": "s", "CreationTime": START, "StackStatus": "CREATE_COMPLETE"}
    return {"Stacks": [stack | {"Outputs": made}]}


def test_the_log_groups_of_the_stack(stubs, tmp_path):
    """Its outputs name them."""
    assert {*log_lines.LOG_GROUP_OUTPUTS} <= TEMPLATE["Outputs"].keys()
    stubs["cloudformation"].add_response(
        "describe_stacks",
        outputs(*log_lines.LOG_GROUP_OUTPUTS, "Other"),
        {"StackName": "emr-in-transit-encryption"},
    )
    rule_group, launch_group = (f"group-{each}" for each in log_lines.LOG_GROUP_OUTPUTS)
    logged(stubs, rule_group, *hourly(), token="t")
    logged(stubs, rule_group, token="u", asked="t")
    logged(stubs, rule_group, line(24), asked="u")
    logged(stubs, launch_group, line(0.5))
    target = tmp_path / "out"
    done = run("report", *PERIOD, "--output", target)
    assert (done.status, done.out) == (0, "")
    document = json.loads((target / "evidence.json").read_text())
    assert [(each["name"], each["lines"]) for each in document["inputs"]] == [
        (f"log group {launch_group} in {REGION}", 1),
        (f"log group {rule_group} in {REGION}", 49),
    ]
    [resource] = document["resources"]
    assert resource["verdicts"][0]["lines"] == 2
    kept = (target / "verdicts.jsonl").read_text().splitlines()
    [launch] = [each for each in kept if "T00:30:00Z" in each]
    assert document["inputs"][0]["sha256"] == hashlib.sha256(launch.encode()).hexdigest()
    assert (
        document["inputs"][0]["sha256"]
        == hashlib.sha256(
            next(each for each in kept if '"T00:30' in each or "T00:30:00" in each)
            .rstrip("\n")
            .encode()
        ).hexdigest()
    )


def test_a_source_that_does_not_answer_costs_no_other(stubs, folder):
    """It is named in the evidence; where it is the only one, there is none."""
    stubs["logs"].add_client_error("filter_log_events", "ResourceNotFoundException", "no group")
    done, files = made(folder, "--log-group", "gone")
    assert done.status == 3
    [unknown] = json.loads(files["evidence.json"])["unknown"]
    said = "gone: FilterLogEvents: ResourceNotFoundException: no group"
    assert unknown["detail"] == said
    stubs["sts"].add_response(
        "get_caller_identity", {"Account": HOME, "UserId": "U", "Arn": "arn:aws:iam::1:user/a"}
    )
    stubs["logs"].add_client_error("filter_log_events", "ResourceNotFoundException", "no group")
    done = run("report", *PERIOD, "--log-group", "gone", "--output", folder.parent / "new")
    assert (done.status, done.err) == (3, f"emr-in-transit: could not tell: {said}\n")
    assert not (folder.parent / "new").exists()


def test_a_stack_that_is_not_there(stubs, tmp_path):
    """With AWS's word for it."""
    code, said = "ValidationError", "Stack with id x does not exist"
    stubs["cloudformation"].add_client_error("describe_stacks", code, said)
    done = run("report", *PERIOD, "--stack", "x", "--output", tmp_path / "out")
    assert done.status == 3
    assert done.err == f"emr-in-transit: could not tell: stack x: DescribeStacks: {code}: {said}\n"


def test_a_stack_of_something_else(stubs, tmp_path):
    """It names no log groups."""
    stubs["cloudformation"].add_response("describe_stacks", outputs("Other"), {"StackName": "x"})
    done = run("report", *PERIOD, "--stack", "x", "--output", tmp_path / "out")
    assert (done.status, "stack x has no outputs RuleLogGroupName and" in done.err) == (2, True)


def test_a_sweep_takes_as_long_as_its_function_may():
    """So late its lines can be."""
    assert timedelta(seconds=TEMPLATE["Resources"]["RuleFunction"]["Properties"]["Timeout"]) == LONGEST_RUN  # fmt: skip
    assert log_lines.LATEST == LONGEST_RUN
