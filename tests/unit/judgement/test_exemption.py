"""Clusters exempted by a tag: while it holds, when it ends, and when it cannot be read."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.facts import EncryptionSettings, Switch
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.parameters import ParameterError
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Exemption
from emr_in_transit.judgement.wording import ANNOTATION_LIMIT, annotation
from tests.support.facts import NOW, cluster, parameters

OFF = EncryptionSettings(Switch.FALSE)
WITH_KEY = parameters(exemptionTagKey="encryption-exempt")


def judge(value: str | None, now: datetime = NOW, body: EncryptionSettings = OFF):
    return judge_cluster(cluster(body, exemption=value), WITH_KEY, now)


HOLDS = [
    ("a date to come", "2026-03-02", "until 2026-03-02"),
    ("today", "2026-03-01", "until 2026-03-01"),
    ("a date with a reason", "2027-01-31 migration, ticket 17", "until 2027-01-31"),
    ("a date with a time", "2027-01-31T12:00:00Z", "until 2027-01-31"),
    ("blanks before the date", "  2027-01-31", "until 2027-01-31"),
    ("no date", "sandbox without data", "without an end"),
    ("a date further on in the text", "since 2020-01-01", "without an end"),
    ("an empty value", "", "without an end"),
]


@pytest.mark.parametrize(
    ("value", "words"), [row[1:] for row in HOLDS], ids=[row[0] for row in HOLDS]
)
def test_holds(value, words):
    """While an exemption holds, the cluster is NOT_APPLICABLE, and its violations stay countable."""
    verdict = judge(value)

    assert verdict.compliance is Compliance.NOT_APPLICABLE
    assert [finding.reason for finding in verdict.violations] == [Reason.IN_TRANSIT_ENCRYPTION_OFF]
    assert annotation(verdict).startswith('Exempt by tag "encryption-exempt"')
    assert words in annotation(verdict)


ENDED = [
    ("a date that is past", "2026-02-28", "ended on 2026-02-28"),
    ("a past date with a reason", "2020-12-31 migration", "ended on 2020-12-31"),
    ("a day that does not exist", "2026-02-30", "does not hold"),
    ("another order", "31.12.2026", "does not hold"),
    ("American order", "12/31/2026", "does not hold"),
    ("no hyphens", "20261231", "does not hold"),
    ("no leading zeros", "2026-9-1", "does not hold"),
    ("a year alone", "2027", "does not hold"),
    ("a number of days", "30 days", "does not hold"),
    ("too many digits", "2026-12-311", "does not hold"),
    ("other alphabets' digits", "\u0662\u0660\u0662\u0667-01-31", "does not hold"),
]


@pytest.mark.parametrize(
    ("value", "words"), [row[1:] for row in ENDED], ids=[row[0] for row in ENDED]
)
def test_has_ended_or_cannot_be_read(value, words):
    """After its date, or with what is meant as a date and is none, the cluster is judged."""
    verdict = judge(value)

    assert verdict.compliance is Compliance.NON_COMPLIANT
    assert words in verdict.findings[0].detail
    assert annotation(verdict).startswith("IN_TRANSIT_ENCRYPTION_OFF: The exemption by tag ")
    assert "is false" in verdict.findings[0].detail


def test_last_day_is_whole_and_in_utc():
    """An exemption holds to the end of its day in UTC, wherever the clock stands."""
    last = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
    elsewhere = last.astimezone(timezone(timedelta(hours=14)))

    for moment in (last, elsewhere):
        assert judge("2026-06-30", moment).compliance is Compliance.NOT_APPLICABLE
    assert judge("2026-06-30", last + timedelta(seconds=1)).compliance is Compliance.NON_COMPLIANT


def test_no_tag_no_exemption():
    """A cluster without the tag is judged as ever."""
    assert judge(None).compliance is Compliance.NON_COMPLIANT
    assert "exemption" not in judge(None).findings[0].detail


def test_no_parameter_no_exemption():
    """Without exemptionTagKey no tag exempts."""
    verdict = judge_cluster(cluster(OFF, exemption="for ever"), parameters(), NOW)

    assert verdict.compliance is Compliance.NON_COMPLIANT


def test_encrypting_clusters_are_exempt_too():
    """The tag takes a cluster out, whatever its encryption; when it has ended, good is good."""
    good = cluster().security_configuration
    assert good is not None

    assert judge("2027-01-01", body=good.body).compliance is Compliance.NOT_APPLICABLE
    ended = judge("2020-01-01", body=good.body)
    assert ended.compliance is Compliance.COMPLIANT
    assert ended == judge(None, body=good.body)


@settings(deadline=None, max_examples=300)
@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_value_is_read(value):
    """Whatever a tag holds, there is a verdict, and an annotation that AWS Config takes."""
    verdict = judge(value)

    assert verdict.compliance in {Compliance.NOT_APPLICABLE, Compliance.NON_COMPLIANT}
    text = annotation(verdict)
    assert text.isprintable()
    assert len(text.encode("utf-16-le")) // 2 <= ANNOTATION_LIMIT


KEYS = [
    ("128 characters", "k" * 128, True),
    ("letters of any alphabet, blanks and marks", "Ausnahme für: a/b=c+d-e@f_g.h", True),
    ("129 characters", "k" * 129, False),
    ("a key of AWS's own", "aws:cloudformation:stack-name", False),
    ("the same in capitals", "AWS:x", False),
    ("a mark that tags do not take", "exempt*", False),
    ("a line break", "a\nb", False),
]


@pytest.mark.parametrize(("key", "legal"), [row[1:] for row in KEYS], ids=[row[0] for row in KEYS])
def test_tag_keys(key, legal):
    """Only a key that users can set on a cluster is taken."""
    if legal:
        assert parameters(exemptionTagKey=key).exemption_tag_key == key
    else:
        with pytest.raises(ParameterError, match="exemptionTagKey takes a tag key"):
            parameters(exemptionTagKey=key)


def test_what_exempts_is_told_beside_the_verdict():
    """Whoever is told of it sees which tag it is, what it says, and its last day."""
    assert judge("2027-01-31 migration").exemption == Exemption(
        "encryption-exempt", "2027-01-31 migration", date(2027, 1, 31)
    )
    assert judge("a\nreason").exemption == Exemption("encryption-exempt", "a\nreason", None)
    for none in (judge(None), judge("2020-01-01"), judge("31.12.2026")):
        assert none.exemption is None


LONGEST = [
    ("no limit", None, "2999-12-31", ""),
    ("no limit and no date", None, "a reason", ""),
    ("the last day that is allowed", 90, "2026-05-30", ""),
    ("one day more", 90, "2026-05-31", "2026-05-31 is more than 90 days away"),
    ("a year that is far", 90, "9999-12-31 for ever", "9999-12-31 is more than 90 days away"),
    ("no date", 90, "a reason", "it has no end, and at most 90 days are allowed"),
    ("nothing in it", 90, "", "it has no end, and at most 90 days are allowed"),
    ("none but today", 0, "2026-03-01", ""),
    ("tomorrow, where only today is allowed", 0, "2026-03-02", "2026-03-02 is more than 0 days"),
]


@pytest.mark.parametrize(
    ("most", "value", "problem"), [row[1:] for row in LONGEST], ids=[row[0] for row in LONGEST]
)
def test_an_exemption_may_last_as_long_as_the_owner_of_the_rule_says(most, value, problem):
    """A longer one, and one without a date, does not exempt, and the finding says why."""
    verdict = judge_cluster(
        cluster(OFF, exemption=value), WITH_KEY._replace(exemption_max_days=most), NOW
    )
    if not problem:
        assert verdict.compliance is Compliance.NOT_APPLICABLE
        return
    assert verdict.compliance is Compliance.NON_COMPLIANT
    assert verdict.exemption is None
    note = f'The exemption by tag "encryption-exempt" does not hold: {problem}'
    assert verdict.findings[0].detail.startswith(note)
    assert annotation(verdict).startswith(f"IN_TRANSIT_ENCRYPTION_OFF: {note}")


def test_one_that_has_ended_has_ended_however_long_it_may_last():
    """The finding names the end, not the limit."""
    limited = WITH_KEY._replace(exemption_max_days=0)
    verdict = judge_cluster(cluster(OFF, exemption="2026-02-28"), limited, NOW)
    assert "ended on 2026-02-28" in verdict.findings[0].detail


def test_the_limit_is_counted_in_days_of_utc():
    """Wherever the clock stands."""
    limited = WITH_KEY._replace(exemption_max_days=1)
    facts = cluster(OFF, exemption="2026-03-02")
    last = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)
    elsewhere = last.astimezone(timezone(timedelta(hours=-11)))
    for moment in (last, elsewhere):
        assert judge_cluster(facts, limited, moment).compliance is Compliance.NOT_APPLICABLE
    before = judge_cluster(facts, limited, last - timedelta(seconds=1))
    assert before.compliance is Compliance.NON_COMPLIANT
