"""Messages: a document for machines, a text for people, and names that break neither."""

import json
import re
from datetime import timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    SECURITY_CONFIGURATION_TYPE,
    DetectedBy,
    Judged,
    Kind,
    Resource,
    cluster_resource,
)
from emr_in_transit.alerting.messages import (
    DETAIL_LIMIT,
    FEWER_FINDINGS,
    HOW_TO,
    MESSAGE_LIMIT,
    MOST_TAG_KEYS,
    MOST_USERS,
    NAMED_IN_EMAIL,
    NEXT_STEPS,
    NOT_KNOWN,
    ON_CALL,
    SCHEMA_VERSION,
    attributes,
    chat,
    console_url,
    document,
    email,
    fits,
    message,
    messages,
    subject,
    tag_attribute,
)
from emr_in_transit.judgement.cluster import read_cluster
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit.judgement.verdict import Finding, verdict_of
from emr_in_transit.judgement.wording import one_line
from tests.support.builders import (
    ACCOUNT,
    BARE,
    EXPIRING,
    FUNCTION_ARN,
    GOOD,
    MESSAGE_KINDS,
    OLD,
    REGION,
    RULE,
    alert,
    crowded,
    exempt,
    expiring,
    judged,
    many,
    origin,
    violating,
)
from tests.support.facts import CREATED, NOW, cluster, configuration, parameters

FRAGMENTS = (
    *("\n", "\r\n", "\t", "\0", "\x1b[31m", "\x85", "\u2028", "\u2029", '"', "'", "\\", "%s", "{}"),
    *("<script>", "</b>&amp;", "\u202e", "\u200f", "\u2066", "\ud800", "\udfff", "\U0001f525"),
    *("\U0001f468\u200d\U0001f469", "e\u0301", "\ufeff", " ", "Region:   mars", "x" * 300),
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
PIECES = st.lists(st.one_of(st.sampled_from(FRAGMENTS), ANY_TEXT), max_size=5).map("".join)
NAMES = PIECES.map(json.dumps).map(json.loads)  # as an answer of AWS gives it
REGIONS = ("eu-west-1", "ap-northeast-1", "us-gov-west-1", "us-isob-east-1", "ap-southeast-10")
# What names and details are made of at their worst: as escapes these take many times their length.
WIDE_CHARACTERS = ("x", '"', "\\", "\0", "\u00e9", "\u3042", "\ud800", "\U0001f525")
SNS_TAKES = 256 * 1024  # SNS API, Publish
# What EMR takes (EMR API, RunJobFlow and CreateSecurityConfiguration), and IAM for an ARN.
CLUSTER_NAME_LIMIT, CONFIGURATION_NAME_LIMIT, ARN_LIMIT = 256, 10_280, 2_048


def configured(verdict=None, name="strict"):
    """Make a judged security configuration, whose id is its name."""
    return Judged(
        Resource(SECURITY_CONFIGURATION_TYPE, name, name, name), verdict or violating(OLD)
    )


def named(name, verdict=None):
    """Make a judged cluster that has this name wherever people choose one."""
    found = verdict or verdict_of([Finding(BARE, f"About {name}.", subject=name)], "")
    tags = cluster_resource(cluster(tags=(("owner", name), ("team", name))), "", "").tags
    return judged(found, name=name, security_configuration=name, launched_by=name, tags=tags)


def alerts_on(name):
    """Make one alert of each kind on what has this name."""
    complies = named(name, GOOD)
    return [
        alert(named(name)),
        alert(complies),
        alert(configured(name=name)),
        alert(configured(GOOD, name)),
        alert(named(name), named("other")),
        alert(named(name), part=12, parts=14),
        alert(named(name, exempt(text=name))),
        alert(named(name, exempt(None, name)), named("other", exempt())),
        alert(expiring(name=name)),
        alert(expiring(name=name), expiring(name="other")),
    ]


def lines_with(text, label):
    return [line for line in text.split("\n") if line.startswith(f"{label}:")]


@given(NAMES, st.sampled_from(REGIONS))
def test_a_subject_is_one_line_of_printable_ascii_under_100_characters(name, region):
    """SNS refuses any other, and the account and the Region are always in it."""
    for each in alerts_on(name):
        line = subject(alert(*each.judged, origin=origin(region=region), part=each.part))
        assert line.isascii()
        assert line.isprintable()
        assert len(line) < 100
        assert region in line
        assert ACCOUNT in line


def test_a_subject_says_what_happened_to_whom():
    """A person sees from the list of messages which one to open first."""
    assert "cluster nightly not encrypted" in subject(alert())
    assert "cluster nightly complies again" in subject(alert(judged(GOOD)))
    assert "security configuration strict" in subject(alert(configured()))
    assert "250 clusters" in subject(alert(*many(250)))
    assert "part" not in subject(alert(*many(250)))
    assert "part 2 of 3" in subject(alert(*many(250), part=2, parts=3))


@given(NAMES)
def test_the_document_loses_nothing_of_a_name(name):
    """JSON and back, whatever the name is, and however long."""
    for each in alerts_on(name):
        text = json.dumps(document(each))
        read = json.loads(text)
        entry = read["resources"][0] if "resources" in read else read
        assert text.isascii()
        assert (entry["resourceName"], entry["securityConfiguration"]) == (name, name or None)
    finding = json.loads(json.dumps(document(alert(named(name)))))["findings"][0]
    assert (finding.get("subject", ""), finding["detail"]) == (name, f"About {name}.")


@given(NAMES)
def test_an_email_has_one_fact_in_a_line_whatever_the_names_are(name):
    """A name adds no line, and so can pass for no fact of its own."""
    like_it = "nightly" if one_line(name) else ""  # what says nothing has no line of its own
    for hostile, plain in zip(alerts_on(name), alerts_on(like_it), strict=True):
        text = email(hostile)
        assert text.splitlines() == text.split("\n")
        assert len(text.split("\n")) == len(email(plain).split("\n"))
        assert len(lines_with(text, "Region")) == len(lines_with(email(plain), "Region"))
        assert text.replace("\n", "").isprintable()


def test_the_document_of_a_violation_holds_all_that_the_alert_knows():
    """Machines find every member that docs/alerts.md documents."""
    told = judged(
        verdict_of([Finding(BARE, "None."), Finding(OLD, "Old.", subject="4.7.2")], ""),
        security_configuration="strict",
        launched_by="arn:aws:iam::111122223333:user/ana",
    )
    assert document(alert(told)) == {
        "schemaVersion": SCHEMA_VERSION,
        "kind": "violation",
        "alertId": "alert-1",
        "time": "2026-03-01T12:00:00+00:00",
        "account": ACCOUNT,
        "region": REGION,
        "detectedBy": "SWEEP",
        "ruleName": RULE,
        "functionArn": FUNCTION_ARN,
        "resourceType": CLUSTER_TYPE,
        "resourceId": "j-1",
        "resourceName": "nightly",
        "complianceType": "NON_COMPLIANT",
        "securityConfiguration": "strict",
        "findings": [
            {
                "reason": "NO_SECURITY_CONFIGURATION",
                "severity": "VIOLATION",
                "detail": "None.",
                "remedy": REASONS[BARE].remedy,
            },
            {
                "reason": "RELEASE_WITHOUT_SUPPORT",
                "severity": "VIOLATION",
                "subject": "4.7.2",
                "detail": "Old.",
                "remedy": REASONS[OLD].remedy,
            },
        ],
        "consoleUrl": f"https://{REGION}.console.aws.amazon.com/emr/home?region={REGION}#/clusterDetails/j-1",
        "state": "RUNNING",
        "release": "emr-7.3.0",
        "launchedBy": "arn:aws:iam::111122223333:user/ana",
        "tags": {},
        "nextStep": NEXT_STEPS[Kind.VIOLATION],
        "howTo": HOW_TO,
    }


def test_what_is_not_known_is_null_and_what_a_configuration_has_not_is_not_there():
    """A consumer can tell "nobody knows" from "does not apply"."""
    unknown = document(alert())
    assert (unknown["securityConfiguration"], unknown["launchedBy"]) == (None, None)
    assert document(alert(configured())).keys() == unknown.keys() - {
        "state",
        "release",
        "launchedBy",
        "tags",
    }


def test_the_document_of_a_digest_carries_every_resource_and_each_remedy_once():
    """Nothing is shortened, and the counts are by reason, most frequent first."""
    told = [*many(60), judged(violating(BARE, OLD), "j-900"), judged(violating(OLD), "j-901")]
    digest = document(alert(*told, part=1, parts=2))
    assert (digest["kind"], digest["part"], digest["parts"]) == ("digest", 1, 2)
    assert list(digest["counts"].items()) == [(BARE.value, 61), (OLD.value, 2)]
    assert digest["remedies"] == {each.value: REASONS[each].remedy for each in (BARE, OLD)}
    assert [each["resourceId"] for each in digest["resources"]] == [
        each.resource.resource_id for each in told
    ]
    assert all("remedy" not in f for each in digest["resources"] for f in each["findings"])


def test_a_reason_that_applies_twice_to_a_cluster_counts_once():
    """The counts are of clusters, not of findings."""
    twice = verdict_of(
        [Finding(Reason.ENCRYPTION_OVERRIDDEN, "d", subject=name) for name in ("a", "b")], ""
    )
    told = (judged(twice, "j-1"), judged(twice, "j-2"))
    assert document(alert(*told))["counts"] == {"ENCRYPTION_OVERRIDDEN": 2}


@pytest.mark.parametrize(("told", "parts", "kind"), MESSAGE_KINDS)
def test_the_kind_says_what_the_message_is(told, parts, kind):
    """One violation, its end, or a run; a part of a digest is one too, however small."""
    assert document(alert(*told, parts=parts))["kind"] == kind


@pytest.mark.parametrize("detected_by", DetectedBy)
def test_attributes_are_for_filter_policies(detected_by):
    """They say where, what, how bad, why and how it was found."""
    told = alert(judged(violating(OLD, BARE)), origin=origin(detected_by))
    assert attributes(told) == {
        "account": ACCOUNT,
        "region": REGION,
        "resourceType": CLUSTER_TYPE,
        "complianceType": "NON_COMPLIANT",
        "reasons": ["NO_SECURITY_CONFIGURATION", "RELEASE_WITHOUT_SUPPORT"],
        "detectedBy": detected_by.value,
    }


@given(NAMES)
def test_no_attribute_is_ever_empty(name):
    """SNS refuses an empty value, and then nobody is told of anything."""
    for each in alerts_on(name):
        for value in attributes(each).values():
            assert value
            assert all(value)


def test_the_attributes_of_a_resolved_message_name_no_reason():
    """A subscriber who filters by reason gets violations only."""
    assert attributes(alert(judged(GOOD)))["reasons"] == ["NONE"]
    assert attributes(alert(judged(GOOD)))["complianceType"] == "COMPLIANT"


def test_the_attributes_of_a_digest_name_the_reasons_of_all():
    """Whoever filters by a reason gets a digest that has it anywhere."""
    told = alert(judged(violating(OLD)), judged(violating(BARE), "j-2"))
    assert attributes(told)["reasons"] == [BARE.value, OLD.value]


URLS = [
    ("aws", "eu-west-1", "https://eu-west-1.console.aws.amazon.com/emr/home?region=eu-west-1#"),
    ("aws-cn", "cn-north-1", "https://cn-north-1.console.amazonaws.cn/emr/home?region=cn-north-1#"),
    (
        "aws-us-gov",
        "us-gov-west-1",
        "https://us-gov-west-1.console.amazonaws-us-gov.com/emr/home?region=us-gov-west-1#",
    ),
]


@pytest.mark.parametrize(("partition", "region", "home"), URLS, ids=[r[0] for r in URLS])
def test_the_console_of_each_partition_is_linked(partition, region, home):
    """China and GovCloud have consoles of their own; a configuration has a list, no page."""
    place = origin(partition=partition, region=region)
    assert console_url(judged().resource, place) == f"{home}/clusterDetails/j-1"
    assert console_url(configured().resource, place) == f"{home}/securityConfigs"
    for told in (judged(), configured()):
        assert lines_with(email(alert(told, origin=place)), "Console")[0].endswith(
            console_url(told.resource, place)
        )


def test_the_email_of_a_violation_holds_all_that_a_person_needs():
    """Whose cluster it is, what is wrong, how to fix it, where to look, and who says so."""
    told = judged(
        verdict_of(
            [Finding(BARE, "None."), Finding(Reason.CERTIFICATES_EXPIRING, "Soon.")],
            "",
        ),
        launched_by="arn:aws:iam::111122223333:user/ana",
    )
    text = email(alert(told))
    for fact in (
        *("nightly", "j-1", ACCOUNT, REGION, "emr-7.3.0", "RUNNING", "user/ana", "sweep", RULE),
        *("2026-03-01 12:00:00 UTC", FUNCTION_ARN, "alert-1", "None.", BARE, "Soon."),
        REASONS[BARE].remedy,
    ):
        assert fact in text
    assert REASONS[Reason.CERTIFICATES_EXPIRING].remedy not in text


def test_an_email_says_of_what_it_has_not_that_it_has_it_not():
    """No line ends in nothing."""
    text = email(alert())
    assert lines_with(text, "Launched by")[0].endswith(NOT_KNOWN)
    assert lines_with(text, "Security configuration")[0].endswith("none")
    assert all(not line.endswith((":", " ")) for line in text.split("\n"))


def test_a_resolved_email_has_no_problems_and_no_fix():
    """It says that it is over, and of what."""
    text = email(alert(judged(GOOD)))
    assert "nightly" in text.split("\n")[0]
    assert "complies again" in text.split("\n")[0]
    assert "fix" not in text
    assert lines_with(text, "Cluster") != []


def test_the_email_on_a_security_configuration_has_no_facts_of_a_cluster():
    """It has neither a state nor a release, and nobody launched it."""
    text = email(alert(configured()))
    assert '"strict"' in text.split("\n")[0]
    for label in ("Cluster", "State", "Release", "Launched by"):
        assert lines_with(text, label) == []


@pytest.mark.parametrize("count", [2, NAMED_IN_EMAIL, NAMED_IN_EMAIL + 1, 250])
def test_the_email_of_a_digest_names_the_first_50(count):
    """And says how many more there are, so that nobody takes it for all."""
    text = email(alert(*many(count)))
    assert sum("(j-" in line for line in text.split("\n")) == min(count, NAMED_IN_EMAIL)
    assert (f"{count - NAMED_IN_EMAIL} more" in text) == (count > NAMED_IN_EMAIL)
    assert f"{count} EMR clusters" in text
    assert f"{count}  {BARE}" in text


def test_a_digest_of_what_complies_again_names_clusters_and_no_reasons():
    """It says that it is over, and of what."""
    told = alert(*many(12, GOOD))
    text = email(told)
    assert text.startswith("12 EMR clusters comply again.\n")
    assert sum("(j-" in line for line in text.split("\n")) == 12
    assert "By reason" not in text
    assert subject(told).startswith("EMR: 12 clusters comply again (")
    assert attributes(told)["complianceType"] == "COMPLIANT"
    assert (document(told)["counts"], document(told)["remedies"]) == ({}, {})


def test_a_reason_that_applies_twice_is_named_once_in_a_digest():
    """Its line stays short."""
    twice = verdict_of(
        [Finding(Reason.ENCRYPTION_OVERRIDDEN, "d", subject=name) for name in ("a", "b")], ""
    )
    lines = email(alert(judged(twice, "j-1"), judged(cluster_id="j-2"))).split("\n")
    assert [line for line in lines if "(j-1)" in line] == ["  nightly (j-1): ENCRYPTION_OVERRIDDEN"]


def test_a_password_in_configurations_is_in_no_message():
    """The same property list tells of the weak value, and of nothing beside it."""
    properties = {
        "javax.jdo.option.ConnectionPassword": "hunter2",
        "hadoop.rpc.protection": "authentication",
    }
    described = {
        "Id": "j-1",
        "Name": "etl",
        "ReleaseLabel": "emr-7.3.0",
        "Status": {"State": "RUNNING", "Timeline": {"CreationDateTime": CREATED + timedelta(1)}},
        "SecurityConfiguration": "secure",
        "Applications": [{"Name": "Hadoop"}],
        "Configurations": [
            {"Classification": "hive-site", "Properties": properties},
            {"Classification": "core-site", "Properties": properties},
        ],
    }
    facts = read_cluster(described, configuration())
    told = alert(Judged(cluster_resource(facts, "", ""), judge_cluster(facts, parameters(), NOW)))
    everything = [json.dumps(document(told)), email(told), subject(told), str(attributes(told))]
    everything += [str(each) for _, each in messages(told)]
    assert "ENCRYPTION_OVERRIDDEN" in attributes(told)["reasons"]
    assert "hunter2" not in "".join(everything)


def long_name(most):
    """Make names of up to so many UTF-16 units, as AWS counts them."""
    characters = st.sampled_from(WIDE_CHARACTERS)
    return st.builds(
        lambda one, length: one * (length // (2 if one > "\uffff" else 1)),
        characters,
        st.integers(0, most),
    )


@st.composite
def crowded_clusters(draw):
    """Make a cluster with any number of bad properties, of which each has any amount to say."""
    verdict = crowded(draw(st.integers(1, 300)), draw(long_name(5_000))).verdict
    return judged(
        verdict,
        name=draw(long_name(CLUSTER_NAME_LIMIT)),
        security_configuration=draw(long_name(CONFIGURATION_NAME_LIMIT)),
        launched_by=draw(long_name(ARN_LIMIT)),
    )


WORST = judged(
    crowded(300, "\U0001f525" * DETAIL_LIMIT).verdict,
    name="\U0001f525" * (CLUSTER_NAME_LIMIT // 2),
    security_configuration="\U0001f525" * (CONFIGURATION_NAME_LIMIT // 2),
    launched_by="\U0001f525" * (ARN_LIMIT // 2),
)


def test_of_the_worst_cluster_one_finding_is_told():
    """And the others are counted."""
    [(_, sent)] = messages(alert(WORST))
    cut, _ = read(sent)
    assert (len(cut["findings"]), cut["findingsLeftOut"]) == (1, 299)
    assert fits(sent)


@example([WORST], 0)
@example([WORST, WORST], 1)
@given(st.lists(crowded_clusters(), min_size=1, max_size=3), st.integers(0, 40))
@settings(max_examples=25, deadline=None)
def test_every_message_is_one_that_sns_takes(wide, narrow):
    """However many findings there are, however long their details, whatever the names."""
    told = [*wide, *many(narrow)]
    sent = messages(alert(*told))
    assert all(len(each.body.encode()) <= MESSAGE_LIMIT for _, each in sent)
    assert [one for part, _ in sent for one in part.judged] == told
    for part, each in sent:
        assert json.loads(json.loads(each.body)["default"])["kind"] == part.kind


@given(long_name(CONFIGURATION_NAME_LIMIT), st.sampled_from([violating(OLD), GOOD]))
@settings(deadline=None)
def test_every_message_on_a_security_configuration_is_one_that_sns_takes(name, verdict):
    """It is its name three times over: its id, its name, and the configuration."""
    [(_, sent)] = messages(alert(configured(verdict, name)))
    assert len(sent.body.encode()) <= MESSAGE_LIMIT


def read(sent):
    """Read a message: the document and the email."""
    body = json.loads(sent.body)
    return json.loads(body["default"]), body["email"]


def test_a_message_is_what_machines_people_and_filters_get():
    """With all findings, where they fit."""
    told = alert(crowded(40))
    [(part, sent)] = messages(told)
    assert (part, sent) == (told, message(told))
    assert read(sent) == (document(told), email(told))
    assert (sent.subject, sent.attributes) == (subject(told), attributes(told))
    assert "findingsLeftOut" not in document(told)
    assert "left out" not in email(told)


def test_a_message_is_cut_just_where_sns_would_not_take_it():
    """One that is as long as it may be has everything."""
    findings = crowded(60).verdict.findings
    known = len(json.dumps(attributes(alert(crowded(60)))))
    room = MESSAGE_LIMIT - known - len(message(alert(crowded(60))).body)
    told = [
        judged(verdict_of([findings[0]._replace(subject="p-000" + "x" * more), *findings[1:]], ""))
        for more in (room, room + 1)
    ]
    (_, longest), (_, too_long) = (messages(alert(each))[0] for each in told)
    assert len(longest.body) == MESSAGE_LIMIT - known
    assert "findingsLeftOut" not in read(longest)[0]
    assert read(too_long)[0]["findingsLeftOut"] == 30


@pytest.mark.parametrize(("findings", "length"), [(101, 1500), (300, 500), (300, 1900), (600, 199)])
def test_a_cluster_with_more_findings_than_fit_is_told_of_with_as_many_as_do(findings, length):
    """What is left out is counted, for machines and for people; the first ones stay."""
    told = alert(crowded(findings, "d" * length))
    [(part, sent)] = messages(told)
    cut, text = read(sent)
    left_out = cut["findingsLeftOut"]
    assert part == told
    assert cut["findings"] == document(told)["findings"][:-left_out]
    assert f"\n  and {left_out} more, left out to fit\n" in text
    assert text.count("To fix it: ") == len(cut["findings"]) == findings - left_out
    assert cut["kind"] == "violation"
    more = [None, *FEWER_FINDINGS][FEWER_FINDINGS.index(len(cut["findings"]))]
    assert not fits(message(told, more)), "one step more would not fit"
    assert sent.attributes == attributes(told)


def test_warnings_are_left_out_first_and_counted_too():
    """They come last; what violates is what people must know."""
    findings = crowded(99).verdict.findings
    warned = [Finding(Reason.CERTIFICATES_EXPIRING, "w" * 1900) for _ in range(51)]
    [(_, sent)] = messages(alert(judged(verdict_of([*warned, *findings], ""))))
    cut, text = read(sent)
    assert cut["findingsLeftOut"] == 150 - 30
    assert {each["reason"] for each in cut["findings"]} == {"ENCRYPTION_OVERRIDDEN"}
    assert "  Also: " not in text
    assert "and 120 more, left out to fit" in text


def test_a_detail_of_any_length_is_cut_to_its_limit():
    """For machines and people alike; one that is not too long stays as it is, breaks and all."""
    longest, too_long = "x\n" * (DETAIL_LIMIT // 2), "x" * (DETAIL_LIMIT + 1)
    fire = "\U0001f525" * (DETAIL_LIMIT + 1)
    found = [
        *(Finding(BARE, each) for each in (longest, too_long)),
        Finding(Reason.CERTIFICATES_EXPIRING, fire),
    ]
    told = alert(judged(verdict_of(found, "")))
    kept, cut, burnt = (each["detail"] for each in document(told)["findings"])
    assert kept == longest
    assert cut == too_long[: DETAIL_LIMIT - 3] + "..."
    assert burnt == "\U0001f525" * ((DETAIL_LIMIT - 3) // 2) + "..."
    for each in (cut, burnt):
        assert f" {each} (" in email(told)
    assert too_long not in email(told)
    [digest, _] = document(alert(*told.judged, judged(cluster_id="j-2")))["resources"]
    assert [each["detail"] for each in digest["findings"]] == [kept, cut, burnt]


def wide(count):
    """Make clusters that each have much to say."""
    reasons = (BARE, OLD, Reason.CERTIFICATES_INCOMPLETE, Reason.IN_TRANSIT_ENCRYPTION_OFF)
    return many(count, verdict_of([Finding(each, "detail " * 280) for each in reasons], ""))


@pytest.mark.parametrize("count", [11, 40, 100])
def test_each_part_is_within_the_limit_and_there_are_as_few_as_possible(count):
    """Together the parts are hardly more than the digest would be in one."""
    digest = alert(*wide(count))
    parts = messages(digest)
    assert all(fits(each) for _, each in parts)
    assert len(parts) == len(message(digest).body) // MESSAGE_LIMIT + 1
    assert [one for part, _ in parts for one in part.judged] == wide(count)
    assert not any("findingsLeftOut" in each.body for _, each in parts)


def test_the_parts_of_a_digest_are_numbered_and_have_one_alert_id():
    """So a reader can tell whether all have come."""
    parts = messages(alert(*wide(100)))
    assert len(parts) > 2
    numbers = [(number, len(parts)) for number in range(1, len(parts) + 1)]
    assert [(part.part, part.parts) for part, _ in parts] == numbers
    documents = [read(each)[0] for _, each in parts]
    assert [(each["part"], each["parts"]) for each in documents] == numbers
    assert {each["alertId"] for each in documents} == {"alert-1"}


def test_what_does_not_fit_alone_is_sent_alone_and_cut():
    """Splitting ends; a part of one is a digest all the same."""
    parts = messages(alert(*(crowded(300, cluster_id=f"j-{n}") for n in range(3))))
    assert [len(part.judged) for part, _ in parts] == [1, 1, 1]
    assert all(fits(each) for _, each in parts)
    for number, (_, each) in enumerate(parts):
        cut, text = read(each)
        [resource] = cut["resources"]
        assert (cut["kind"], resource["resourceId"]) == ("digest", f"j-{number}")
        assert resource["findingsLeftOut"] == 300 - len(resource["findings"]) > 0
        assert cut["counts"] == {"ENCRYPTION_OVERRIDDEN": 1}
        assert text.startswith("1 EMR clusters do not encrypt")


@pytest.mark.parametrize("position", [0, 50, 99])
def test_a_cluster_that_does_not_fit_does_not_scatter_those_beside_it(position):
    """A digest of a hundred is still a few messages, and nothing but that one is cut."""
    told = many(100)
    told[position] = crowded(300, cluster_id="j-much")
    parts = messages(alert(*told))
    assert all(fits(each) for _, each in parts)
    assert [one for part, _ in parts for one in part.judged] == told
    assert len(parts) < 12
    left_out = {
        each["resourceId"]: each.get("findingsLeftOut", 0)
        for _, sent in parts
        for each in read(sent)[0]["resources"]
    }
    assert [each for each, count in left_out.items() if count] == ["j-much"]


def test_a_part_of_a_digest_stays_the_part_that_it_is():
    """Whoever is published is divided no further."""
    part = messages(alert(*wide(100)))[1][0]
    assert messages(part) == [(part, message(part))]


def test_the_limit_leaves_room_for_what_goes_with_the_message():
    """SNS counts subject and attributes too."""
    violations = [each for each, text in REASONS.items() if text.severity is Severity.VIOLATION]
    for told in ([judged(violating(*violations))], many(250, violating(*violations))):
        beside = subject(alert(*told)) + json.dumps(attributes(alert(*told)))
        assert all(each.value in beside for each in violations)
        assert MESSAGE_LIMIT + 2 * len(beside) < SNS_TAKES, "types and escapes included"


def test_the_message_on_an_exemption_says_by_what_until_when_and_why():
    """And what is wrong all the same, with the fix for the day on which it ends."""
    told = alert(judged(exempt(text="2026-06-30 ticket\n4711")))
    found = document(told)
    assert found["exemption"] == {
        "tag": "exempt",
        "text": "2026-06-30 ticket 4711",
        "until": "2026-06-30",
    }
    assert (found["complianceType"], found["nextStep"]) == (
        "NOT_APPLICABLE",
        NEXT_STEPS[Kind.EXEMPTED],
    )
    assert subject(told).startswith("EMR cluster nightly is exempt until 2026-06-30 (")
    for fact in (
        'Exempt by tag "exempt" until 2026-06-30.',
        "The tag says: 2026-06-30 ticket 4711",
        f"({BARE})",
        f"To fix it: {REASONS[BARE].remedy}",
        f"What to do next: {NEXT_STEPS[Kind.EXEMPTED]}",
        HOW_TO,
    ):
        assert fact in email(told)
    assert (attributes(told)["complianceType"], attributes(told)["reasons"]) == (
        "NOT_APPLICABLE",
        [BARE.value],
    )


def test_an_exemption_without_an_end_and_without_a_word_says_so():
    """Nothing is made up, and no line ends in nothing."""
    told = alert(judged(exempt(None, "")))
    assert document(told)["exemption"] == {"tag": "exempt", "text": "", "until": None}
    assert subject(told).startswith("EMR cluster nightly is exempt without an end (")
    assert "The tag says" not in email(told)
    assert all(not line.endswith((":", " ")) for line in email(told).split("\n"))


def test_the_message_on_certificates_names_the_clusters_that_use_them():
    """The first fifty, and how many there are: they have to be replaced."""
    told = alert(expiring(*(f"j-{number:03}" for number in range(60))))
    found, text = document(told), email(told)
    assert found["clusters"] == [f"j-{number:03}" for number in range(MOST_USERS)]
    assert found["clusterCount"] == 60
    assert [each["reason"] for each in found["findings"]] == ["CERTIFICATES_EXPIRING"]
    assert attributes(told)["reasons"] == ["CERTIFICATES_EXPIRING"]
    assert sum("(j-" in line for line in text.split("\n")) == MOST_USERS
    assert "  and 10 more\n" in text
    remedy = REASONS[Reason.CERTIFICATES_EXPIRING].remedy
    assert f"(CERTIFICATES_EXPIRING)\n     To fix it: {remedy}" in text
    assert "Also:" not in text
    assert subject(told).startswith("EMR certificates of managed expire soon (")


def test_a_digest_of_each_kind_says_what_it_is_of():
    """A person sees whether something has to be done."""
    cases = [
        (
            many(12, exempt()),
            "12 EMR clusters do not encrypt their data in transit, and are exempt.",
        ),
        (
            [expiring(f"j-{n}", name=f"m-{n}") for n in range(12)],
            "12 EMR security configurations have certificates that expire soon, and live clusters use them.",
        ),
    ]
    for told, sentence in cases:
        text = email(alert(*told))
        assert text.startswith(f"{sentence}\n")
        assert f"What to do next: {NEXT_STEPS[told[0].kind]}" in text
        *_, named = re.split(r"\n(?:Clusters|Security configurations)\n", text)
        assert sum(line.startswith("  ") and ":" in line for line in named.split("\n")) == 12
    assert "until 2026-06-30" in email(alert(*many(12, exempt())))


@given(NAMES)
def test_every_message_says_what_to_do_next_and_where_the_fix_is_described(name):
    """For machines, and for people; where all is well there is no fix to look up."""
    for told in alerts_on(name):
        assert document(told)["nextStep"] == NEXT_STEPS[told.about]
        assert lines_with(email(told), "What to do next") == [
            f"What to do next: {NEXT_STEPS[told.about]}"
        ]
        assert (HOW_TO in email(told)) == (told.about is not Kind.RESOLVED)


TWO = verdict_of([Finding(BARE, "None."), Finding(OLD, "Old.")], "")
DOCUMENTS = "https://git.example.com/team/rule/-/blob/v0.2.0"
PAGE = f"{DOCUMENTS}/docs/reasons.md"


def linked(*told, **members):
    """Make an alert of a function that knows where its documents are."""
    return alert(*told, origin=origin()._replace(documents=DOCUMENTS), **members)


def test_a_message_links_each_reason_to_its_section_in_the_documents():
    """For people and for machines; AWS's page does not know our reasons."""
    told = linked(judged(TWO))
    found = document(told)
    assert found["howTo"] == f"{PAGE}#{BARE.lower()}"
    assert [each["howTo"] for each in found["findings"]] == [
        f"{PAGE}#{BARE.lower()}",
        f"{PAGE}#{OLD.lower()}",
    ]
    for reason in (BARE, OLD):
        remedy = f"     To fix it: {REASONS[reason].remedy}\n     How: {PAGE}#{reason.lower()}\n"
        assert remedy in email(told)
    assert chat(told)["content"]["nextSteps"][3] == f"{PAGE}#{BARE.lower()}"
    assert HOW_TO not in message(told).body
    assert "How to fix it" not in email(told)


def test_whoever_is_woken_finds_the_page_for_it():
    """By an alert, where the documents' address is known; nobody is woken by the others."""
    line = f"\nWhen you are on call: {DOCUMENTS}/{ON_CALL}\n"
    assert line in email(linked(judged(TWO)))
    assert line in email(linked(*many(12)))
    assert "on call" not in email(linked(judged(GOOD)))
    assert "on call" not in email(alert(judged(TWO)))


def test_an_email_of_a_digest_says_for_each_reason_what_to_do():
    """Whoever is woken by 40 clusters begins with the reason that most of them have."""
    told = [judged(TWO, "j-0"), *many(12)]
    rows = [f"    13  {BARE}", f"     1  {OLD}"]
    for made, link in ((alert(*told), None), (linked(*told), PAGE)):
        lines = email(made).split("\n")
        for row, reason in zip(rows, (BARE, OLD), strict=True):
            at = lines.index(row)
            assert lines[at + 1] == f"     To fix it: {REASONS[reason].remedy}"
            assert (lines[at + 2] == f"     How: {link}#{reason.lower()}") == bool(link)
        assert document(made)["howTo"] == (link or HOW_TO)
        assert document(made).get("howToByReason") == (
            {each.value: f"{link}#{each.lower()}" for each in (BARE, OLD)} if link else None
        )


def test_what_is_not_about_one_reason_links_to_the_page():
    """That many more follow, and that something complies again."""
    announced = linked(judged(), announces=True)
    assert document(announced)["howTo"] == PAGE
    assert document(linked(judged(GOOD)))["howTo"] == PAGE
    assert PAGE not in email(linked(judged(GOOD)))


OWNED = (("owner", "ana"), ("cost centre", "4711"))


def test_the_tags_of_a_cluster_are_in_documents_emails_and_attributes():
    """Whoever is to be woken is: by what a person reads, and by a filter policy."""
    told = alert(judged(tags=OWNED))
    assert document(told)["tags"] == dict(OWNED)
    assert lines_with(email(told), "Tag owner") == ["Tag owner:              ana"]
    assert attributes(told)["tag.owner"] == "ana"
    assert attributes(told)["tag.cost_centre"] == "4711"


def test_a_digest_and_a_message_on_certificates_have_the_tags_of_all_their_clusters():
    """Whoever filters by an owner gets what concerns that owner's clusters anywhere."""
    told = [judged(cluster_id=f"j-{n}", tags=(("owner", who),)) for n, who in enumerate("abca")]
    assert attributes(alert(*told, judged(cluster_id="j-9")))["tag.owner"] == ["a", "b", "c"]
    assert "tag.owner" not in attributes(alert(judged()))
    named = email(alert(*told)).split("\n")
    assert '  nightly (j-0), owner "a": NO_SECURITY_CONFIGURATION' in named
    users = [each.resource for each in told]
    soon = EXPIRING._replace(used_by=tuple(users))
    assert attributes(alert(soon))["tag.owner"] == ["a", "b", "c"]
    assert '  nightly (j-2), owner "c"' in email(alert(soon)).split("\n")


@given(st.text(st.characters(exclude_categories=()), min_size=1, max_size=128))
def test_the_name_of_a_tags_attribute_is_one_that_sns_takes(key):
    """Letters, digits, underscores, hyphens and single periods within (SNS, message attributes)."""
    name = tag_attribute(key)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name)
    assert ".." not in name
    assert not name.endswith(".")
    assert name.startswith("tag.")


@given(NAMES)
def test_no_message_has_more_attributes_than_sns_delivers_raw(name):
    """A queue with raw delivery would lose the message."""
    tags = tuple((f"key {n}", name or "x") for n in range(MOST_TAG_KEYS))
    for told in (judged(tags=tags), judged(exempt(), tags=tags)):
        assert len(attributes(alert(told))) == 10


def test_a_digest_whose_tags_do_not_fit_is_divided_and_loses_none():
    """A filter policy goes by them: one that is left out would be an alert that nobody gets."""
    tags = [
        tuple((f"k{n}", f"{number:04}" + "\u3042" * 250) for n in range(4)) for number in range(60)
    ]
    told = [judged(cluster_id=f"j-{number}", tags=each) for number, each in enumerate(tags)]
    parts = messages(alert(*told))
    assert len(parts) > 1
    assert all(fits(sent) for _, sent in parts)
    found = [value for _, sent in parts for value in sent.attributes["tag.k0"]]
    assert sorted(found) == sorted(each[0][1] for each in tags)


def test_certificates_that_very_many_owners_use_are_told_in_one_message():
    """It cannot be divided, so it has as many of the owners as fit."""
    users = tuple(
        judged(cluster_id=f"j-{n}", tags=(("owner", f"{n:04}" + "\u3042" * 250),)).resource
        for n in range(600)
    )
    [(_, sent)] = messages(alert(EXPIRING._replace(used_by=users)))
    assert fits(sent)
    assert 10 < len(sent.attributes["tag.owner"]) < 600
    assert sent.attributes["tag.owner"][0] == users[0].tags[0][1]
