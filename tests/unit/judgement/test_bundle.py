"""What the facts of a bundle mean for a cluster: by its state, its Region, and the time."""

from datetime import UTC, datetime, timedelta

import pytest

from emr_in_transit.judgement.bundle import (
    CHAIN,
    Bundle,
    BundleContext,
    Certificate,
    Found,
    Unread,
    domain_of,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_problems import PROBLEMS, Problem
from emr_in_transit.judgement.reasons import REASONS, Reason, Severity

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ADDRESS = "s3://amzn-s3-demo-bucket/certificates.zip"
STATES = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
CONTEXT = BundleContext(NOW, 30, ADDRESS, domain="ec2.internal")
LEAF = Certificate(
    subject="CN=*.ec2.internal",
    issuer="CN=Example Root",
    names=("*.ec2.internal",),
    common_name="*.ec2.internal",
    not_before=int((NOW - DAY).timestamp()),
    not_after=int((NOW + 365 * DAY).timestamp()),
    key="RSA",
    key_bits=2048,
    signature="sha256WithRSAEncryption",
    is_authority=False,
)


def said(bundle: Bundle | Unread, **changes) -> list[tuple[str, str]]:
    findings = judge_bundle(bundle, CONTEXT._replace(**changes))
    return [(each.reason.value, each.severity.value) for each in findings]


def ending(after: timedelta) -> Certificate:
    return LEAF._replace(not_after=int((NOW + after).timestamp()))


def test_nothing_against_a_good_one():
    """Nor against a jar that is there, of which nothing is read."""
    assert judge_bundle(Bundle(certificates=(LEAF,)), CONTEXT) == ()
    assert judge_bundle(Bundle(), CONTEXT) == ()


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("problem", Problem)
def test_invalid_violates_only_while_the_cluster_starts(state, problem):
    """Its nodes have their copies afterwards; what is doubtful never violates."""
    [finding] = judge_bundle(
        Bundle(problems=(Found(problem, CHAIN, "something"),)), CONTEXT._replace(state=state)
    )
    starts = state in {"STARTING", "BOOTSTRAPPING"}
    violates = PROBLEMS[problem].reason is Reason.BUNDLE_INVALID and starts
    assert finding.reason is PROBLEMS[problem].reason
    assert finding.severity is (Severity.VIOLATION if violates else Severity.WARNING)
    assert finding.detail.startswith(f'"{ADDRESS}": ')
    assert finding.detail.endswith(".")
    assert "{" not in finding.detail
    assert "{" not in finding.remedy.replace("{member}", "{")
    assert finding.subject == CHAIN


def test_every_problem_has_its_words():
    """And is either invalid or doubtful."""
    assert list(PROBLEMS) == list(Problem)
    assert {each.reason for each in PROBLEMS.values()} == {
        Reason.BUNDLE_INVALID,
        Reason.BUNDLE_DOUBTFUL,
    }
    assert all(len(each.fix) > 20 for each in PROBLEMS.values())


@pytest.mark.parametrize("unread", Unread)
@pytest.mark.parametrize("state", STATES)
def test_what_could_not_be_read(unread, state):
    """It is missing, or nobody knows: that is one warning, and never a violation."""
    [(reason, severity)] = said(unread, state=state)
    is_missing = unread in {Unread.MISSING, Unread.BUCKET_MISSING, Unread.ARCHIVED}
    assert reason == ("BUNDLE_MISSING" if is_missing else "BUNDLE_NOT_READ")
    violates = is_missing and state in {"STARTING", "BOOTSTRAPPING"}
    assert severity == ("VIOLATION" if violates else "WARNING")


def test_words_on_what_could_not_be_read():
    """Each says its own, and of which object."""
    details = {judge_bundle(each, CONTEXT)[0].detail for each in Unread}
    assert len(details) == len(Unread)
    assert all(each.startswith(f'"{ADDRESS}": ') for each in details)
    [finding] = judge_bundle(Unread.MISSING, CONTEXT._replace(address=""))
    assert finding.detail == "There is no such object in its bucket."


DATES = [
    ("it ends in a second", timedelta(seconds=1), "CERTIFICATES_EXPIRING", "WARNING"),
    ("it ends now", timedelta(0), "CERTIFICATES_EXPIRED", "VIOLATION"),
    ("it ended long ago", -400 * DAY, "CERTIFICATES_EXPIRED", "VIOLATION"),
    ("it ends with the warning", 30 * DAY, "CERTIFICATES_EXPIRING", "WARNING"),
    ("it ends a second later", 30 * DAY + timedelta(seconds=1), "", ""),
]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("after", "reason", "severity"), [row[1:] for row in DATES], ids=[row[0] for row in DATES])  # fmt: skip
def test_the_end_of_a_certificate(after, reason, severity, state):
    """It violates whatever the state, for running clusters lose their encryption with it."""
    assert said(Bundle(certificates=(ending(after),)), state=state) == (
        [(reason, severity)] if reason else []
    )


def test_the_earliest_end_counts():
    """That of an intermediate, which the finding names; far ends never overflow."""
    soon = ending(DAY)._replace(subject="CN=Intermediate", not_after=int(NOW.timestamp()))
    forever = LEAF._replace(not_after=253402300799, not_before=-62135596800)
    [finding] = judge_bundle(Bundle(certificates=(forever, soon)), CONTEXT)
    assert finding.reason is Reason.CERTIFICATES_EXPIRED
    assert finding.detail == (
        f'"{ADDRESS}": certificateChain.pem holds "CN=Intermediate", which expired on 2026-03-01.'
    )
    assert said(Bundle(certificates=(forever,)), expiry_days=10**6) == []


def test_not_valid_yet():
    """Until the second in which it is."""
    later = LEAF._replace(not_before=int(NOW.timestamp()) + 1)
    assert said(Bundle(certificates=(later,))) == [("BUNDLE_INVALID", "VIOLATION")]
    assert said(Bundle(certificates=(later,)), state="RUNNING") == [("BUNDLE_INVALID", "WARNING")]
    assert said(Bundle(certificates=(later,)), now=NOW + timedelta(seconds=1)) == []


NAMES = [
    ("the wildcard", ("*.ec2.internal",), "", True),
    ("in another letter case", ("*.EC2.Internal",), "", True),
    ("with the root's dot", ("*.ec2.internal.",), "", True),
    ("one of several", ("a.example.com", "*.ec2.internal"), "", True),
    ("the common name, where there are no others", (), "*.ec2.internal", True),
    ("the common name beside others", ("*.us-west-2.compute.internal",), "*.ec2.internal", False),
    ("another Region's", ("*.us-west-2.compute.internal",), "", False),
    ("without its wildcard", ("ec2.internal",), "", False),
    ("a wildcard of more", ("*.internal",), "", False),
    ("a wildcard of less", ("*.a.ec2.internal",), "", False),
    ("one node alone", ("ip-10-0-0-1.ec2.internal",), "", False),
    ("none at all", (), "", False),
]


@pytest.mark.parametrize(("names", "common_name", "fits"), [row[1:] for row in NAMES], ids=[row[0] for row in NAMES])  # fmt: skip
def test_names(names, common_name, fits):
    """The wildcard of the domain, by subjectAltName, else by the common name."""
    held = LEAF._replace(names=names, common_name=common_name)
    expected = [] if fits else [("CERTIFICATE_NAME_MISMATCH", "WARNING")]
    assert said(Bundle(certificates=(held,))) == expected
    assert said(Bundle(certificates=(held,)), domain="") == []


def test_fix_for_a_name_is_made_for_the_domain():
    """It can be pasted as it stands."""
    [finding] = judge_bundle(
        Bundle(certificates=(LEAF,)), CONTEXT._replace(domain="eu-west-1.compute.internal")
    )
    assert 'subjectAltName=DNS:*.eu-west-1.compute.internal" -out request.pem' in finding.remedy
    assert "DOMAIN" not in finding.remedy


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("us-east-1", "ec2.internal"),
        ("us-east-2", "us-east-2.compute.internal"),
        ("ap-southeast-4", "ap-southeast-4.compute.internal"),
        ("us-gov-west-1", "us-gov-west-1.compute.internal"),
        ("cn-north-1", "cn-north-1.compute.internal"),
        ("corp.example.com", "corp.example.com"),
        ("*.Corp.example.com.", "corp.example.com"),
        ("ec2.internal", "ec2.internal"),
        ("", ""),
    ],
)
def test_domain_of(text, domain):
    """A Region has its VPCs' domain; anything else is one."""
    assert domain_of(text) == domain


def test_signed_by_itself():
    """Where it names itself as issuer."""
    own = LEAF._replace(issuer=LEAF.subject)
    assert said(Bundle(certificates=(own,))) == [("CERTIFICATE_SELF_SIGNED", "WARNING")]


@pytest.mark.parametrize(
    ("created", "modified", "changed"),
    [
        (NOW, NOW + timedelta(seconds=1), True),
        (NOW, NOW, False),
        (NOW, NOW - DAY, False),
        (None, NOW, False),
        (NOW, None, False),
    ],
)
def test_changed_since_the_launch(created, modified, changed):
    """Whoever renews certificates in their place is told that running nodes do not have them."""
    expected = [("BUNDLE_CHANGED", "WARNING")] if changed else []
    found = said(Bundle(certificates=(LEAF,)), created=created, modified=modified)
    assert found == expected


def test_all_is_said_at_once_in_the_order_of_the_reasons():
    """One finding never hides another."""
    bundle = Bundle(
        problems=(Found(Problem.WEAK_KEY, CHAIN, "1024 bits"), Found(Problem.MEMBER_EMPTY, CHAIN)),
        certificates=(ending(DAY)._replace(names=("example.com",), issuer=LEAF.subject),),
    )
    found = said(bundle, created=NOW - DAY, modified=NOW)
    reasons = [reason for reason, _ in found]
    assert reasons == [
        *("BUNDLE_INVALID", "CERTIFICATE_NAME_MISMATCH", "CERTIFICATE_SELF_SIGNED"),
        *("BUNDLE_CHANGED", "BUNDLE_DOUBTFUL", "CERTIFICATES_EXPIRING"),
    ]
    order = [each.value for each in Reason]
    assert reasons == sorted(reasons, key=order.index)


def test_reasons_that_violate_by_state_say_so():
    """Both are violations in the table; only the state makes them warnings."""
    for reason in (Reason.BUNDLE_MISSING, Reason.BUNDLE_INVALID):
        assert REASONS[reason].severity is Severity.VIOLATION
