"""Bundles in S3: what is asked for and what never is, what each answer means, what is remembered."""

import io
import json
import re
from datetime import timedelta

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from moto import mock_aws

from emr_in_transit.aws import bundles as module
from emr_in_transit.aws import clients
from emr_in_transit.aws.bundles import Bundles
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.judgement.bundle import (
    CHAIN,
    KEY,
    MOST_BYTES,
    TRUSTED,
    BundleContext,
    domain_of,
    judge_bundle,
)
from emr_in_transit.judgement.bundle_reading import read_bundle
from emr_in_transit.judgement.facts import Certificates, EncryptionSettings, Switch
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Severity
from tests.support.buckets import BUCKET, OBJECT, Bucket, bundle
from tests.support.builders import (
    ACCOUNT,
    REGION,
    TABLE,
    client,
    items,
    make_table,
    on,
    refusing,
    unreachable,
)
from tests.support.bundles import BAD, GOOD, LIES, NOW, OPENSSL
from tests.support.facts import CUSTOM, ON_WITH_EMR, ON_WITH_PEM, cluster, parameters

LATER = NOW + timedelta(days=1)  # than what moto stores
WARNED, READ = [(Reason.BUNDLE_NOT_READ, Severity.WARNING)], []


@pytest.fixture
def bucket():
    """An empty bucket, watched, and an empty ledger."""
    with mock_aws():
        make_table()
        made = Bucket()
        with made.watched():
            yield made


def ledger():
    return Ledger(client("dynamodb"), TABLE, ACCOUNT, REGION)


def bundles(**changes):
    """Make what looks into the bundles of one run, with a ledger unless told otherwise."""
    members = {
        "client": client("s3"),
        "buckets": (BUCKET,),
        "ledger": ledger(),
        "now": NOW,
        "seconds_left": lambda: 900.0,
    }
    return Bundles(**members | changes)


def uses(s3_object=f"s3://{BUCKET}/{OBJECT}", provider="PEM", **changes):
    """Make a cluster that starts, younger than its bundle, whose certificates are there."""
    body = EncryptionSettings(Switch.ON, certificates=Certificates(provider, s3_object, "a.B"))
    return cluster(body, **{"state": "STARTING", "created": LATER} | changes)


def found(looking=None, facts=None, **given):
    """Return reason and severity of each finding on a cluster."""
    looking = bundles() if looking is None else looking
    findings = looking.findings(uses() if facts is None else facts, parameters(**given))
    return [(each.reason, each.severity) for each in findings]


# What is asked for.


@pytest.mark.parametrize(
    "order",
    [(KEY, CHAIN, TRUSTED), (CHAIN, KEY, TRUSTED), (TRUSTED, CHAIN, KEY)],
    ids=["first", "between", "last"],
)
def test_a_good_bundle_takes_four_calls_and_no_byte_of_the_key(bucket, order):
    """Wherever the key stands: end record, directory and two members, all of one version."""
    bucket.put(bundle(*order))
    conditions = []
    with on(
        "s3",
        "before-call.*.GetObject",
        lambda params, **_: conditions.append(params["headers"].get("If-Match")),
    ):
        assert found() == READ
    assert len(bucket.asked) == 4
    assert bucket.asked[0] == "bytes=-22"
    etag = client("s3").head_object(Bucket=BUCKET, Key=OBJECT)["ETag"]
    assert conditions == [None, etag, etag, etag]


def test_a_bundle_with_a_comment_takes_eight_calls_at_the_most(bucket):
    """The end record is not at the end then; the comment may even look like one."""
    bucket.put(bundle(comment=b"made by hand PK\5\6"))
    assert found() == READ
    assert 4 < len(bucket.asked) <= 8


@pytest.mark.untraced
def test_every_bundle_is_judged_as_one_in_hand_and_of_none_the_key_is_read(bucket):
    """Good, bad, and with directories that lie: what S3 is asked for changes nothing."""
    made = [(each.name, each.make) for each in (*GOOD, *BAD) if OPENSSL or not each.needs_openssl]
    context = {"address": f"s3://{BUCKET}/{OBJECT}", "state": "STARTING", "created": LATER}
    for name, make in (*made, *LIES):
        content = make()
        if not content:
            continue  # moto does not answer as S3 does, which is below
        bucket.put(content)
        bucket.asked.clear()
        found = bundles().findings(uses(), parameters())
        in_hand = read_bundle(len(content), lambda start, stop: content[start:stop])  # noqa: B023
        domain = domain_of(REGION)
        assert found == judge_bundle(in_hand, BundleContext(NOW, 30, domain=domain, **context)), (
            name
        )
        assert len(bucket.asked) <= 8, name
    assert len(made) >= 40
    assert len(LIES) > 10


def test_the_test_fails_where_the_key_is_touched(bucket):
    """Else no test here would show anything."""
    bucket.put(bundle())
    secret = bucket.secrets[OBJECT]
    assert len(secret) > 100
    with pytest.raises(AssertionError, match="touches the private key"):
        client("s3").get_object(Bucket=BUCKET, Key=OBJECT, Range=f"bytes={secret[-1]}-{secret[-1]}")


def test_an_object_is_read_once_however_many_clusters_use_it(bucket):
    """Under either way to write its address; another object is read too."""
    bucket.put(bundle())
    bucket.put(bundle(), "other.zip")
    looking = bundles()
    for number in range(50):
        address = f"arn:aws:s3:::{BUCKET}/{OBJECT}" if number % 2 else f"s3://{BUCKET}/{OBJECT}"
        assert found(looking, uses(address, cluster_id=f"j-{number}")) == READ
    assert len(bucket.asked) == 4
    found(looking, uses(f"s3://{BUCKET}/other.zip"))
    assert len(bucket.asked) == 8


@pytest.mark.parametrize(
    "facts",
    [
        cluster(ON_WITH_EMR),
        cluster(None),
        cluster(EncryptionSettings(Switch.FALSE, certificates=ON_WITH_PEM.certificates)),
        cluster(EncryptionSettings(Switch.ON)),
        cluster(security_configuration_name="", security_configuration=None),
        uses(f"https://{BUCKET}.s3.amazonaws.com/{KEY}"),
        uses(provider="Private"),
    ],
)
def test_where_there_is_no_bundle_nothing_is_asked(bucket, facts):
    """The other findings say what there is to say."""
    looking = bundles()
    assert found(looking, facts) == READ
    assert (bucket.asked, looking.not_read) == ([], 0)


def test_of_a_jar_nothing_but_its_end_is_read(bucket):
    """It exists; what is in it is for the command."""
    bucket.put(b"x" * (MOST_BYTES + 1), "provider.jar")
    facts = cluster(EncryptionSettings(Switch.ON, certificates=CUSTOM), created=LATER)
    assert found(facts=facts) == READ
    assert bucket.asked == ["bytes=-22"]
    assert items() == []


@pytest.mark.usefixtures("bucket")
def test_a_jar_that_is_not_there_is_missing():
    """A cluster that starts will fail of it."""
    facts = uses(CUSTOM.s3_object, "Custom")
    assert found(facts=facts) == [(Reason.BUNDLE_MISSING, Severity.VIOLATION)]
    assert found(facts=facts._replace(state="WAITING")) == [
        (Reason.BUNDLE_MISSING, Severity.WARNING)
    ]


def test_a_bundle_is_judged_by_the_cluster_its_region_and_the_parameters(bucket):
    """By when it was launched, by the names of the nodes there, by how soon is soon."""
    bucket.put(bundle(region="us-east-1", ends_in=60))
    old = uses(created=NOW - timedelta(days=1))
    mismatch = (Reason.CERTIFICATE_NAME_MISMATCH, Severity.WARNING)
    changed = (Reason.BUNDLE_CHANGED, Severity.WARNING)
    expiring = (Reason.CERTIFICATES_EXPIRING, Severity.WARNING)
    assert found() == [mismatch]
    assert found(facts=old) == [mismatch, changed]
    assert found(certificateExpiryDays="90") == [mismatch, expiring]
    [finding] = bundles().findings(uses(), parameters())
    assert f'"s3://{BUCKET}/{OBJECT}"' in finding.detail
    assert f"{REGION}.compute.internal" in finding.detail


def test_a_bucket_that_is_not_listed_is_never_asked(bucket, caplog):
    """Whoever writes a security configuration could have the function read any bucket."""
    looking = bundles()
    assert found(looking, uses("s3://elsewhere/certificates.zip")) == WARNED
    assert (bucket.asked, looking.not_read) == ([], 1)
    assert caplog.messages == []  # nothing has failed


# What each answer means.


def refused(code, status):
    return {"service_error_code": code, "service_message": "No.", "http_status_code": status}


MISSING = [(Reason.BUNDLE_MISSING, Severity.VIOLATION)]
ANSWERS = [
    ("no such object", refused("NoSuchKey", 404), MISSING),
    ("no such bucket", refused("NoSuchBucket", 404), MISSING),
    ("archived", refused("InvalidObjectState", 403), MISSING),
    ("empty", refused("InvalidRange", 416), [(Reason.BUNDLE_INVALID, Severity.VIOLATION)]),
    ("denied", refused("AccessDenied", 403), WARNED),
    ("all access disabled", refused("AllAccessDisabled", 403), WARNED),
    ("key disabled", refused("KMS.DisabledException", 400), WARNED),
    ("key of the reader", refused("InvalidRequest", 400), WARNED),
    ("throttled", refused("SlowDown", 503), WARNED),
    ("internal error", refused("InternalError", 500), WARNED),
    ("not known", refused("SomethingNew", 418), WARNED),
]  # fmt: skip


@pytest.mark.parametrize("provider", ["PEM", "Custom"])
@pytest.mark.parametrize(
    ("answer", "expected"), [each[1:] for each in ANSWERS], ids=[each[0] for each in ANSWERS]
)
def test_what_s3_answers_is_a_finding(answer, expected, provider, caplog):
    """What cannot be read warns, never violates, and is counted; what is missing is not."""
    with Stubber(client("s3")) as stubber:
        stubber.add_client_error("get_object", **answer)
        looking = bundles(ledger=None)
        assert found(looking, uses(provider=provider)) == expected
        stubber.assert_no_pending_responses()
    is_warned = expected == WARNED
    assert looking.not_read == is_warned
    assert caplog.messages == ["bundle not read"] * is_warned
    code = answer["service_error_code"]
    assert not is_warned or caplog.records[0].why == f"GetObject: {code}: No."


@pytest.mark.parametrize(
    ("code", "status", "meant"),
    [("AccessDenied", 403, "is denied"), ("SlowDown", 503, "no proper answer")],
)
def test_what_is_denied_is_told_from_an_outage(code, status, meant):
    """The one is for whoever grants, the other goes by itself."""
    with Stubber(client("s3")) as stubber:
        stubber.add_client_error("get_object", **refused(code, status))
        [finding] = bundles(ledger=None).findings(uses(), parameters())
    assert meant in finding.detail


@pytest.mark.parametrize(
    "change",
    [
        {"ContentRange": None},
        {"ContentRange": "bytes 0-21/500"},
        {"ContentRange": "bytes */500"},
        {"ETag": None},
        {"LastModified": None},
    ],
)
def test_an_answer_with_another_range_is_not_read(change):
    """It may hold the key; and without ETag nobody could tell whether the next is of the same."""

    class Body:
        closed = False

        def read(self):
            assert "ContentRange" not in change
            return b"x" * 22

        def close(self):
            self.closed = True

    body = Body()
    answer = {"ContentRange": "bytes 478-499/500", "ETag": '"a"', "LastModified": NOW, "Body": body}
    answer = {name: value for name, value in (answer | change).items() if value is not None}
    with Stubber(client("s3")) as stubber:
        stubber.add_response("get_object", answer, {"Bucket": ANY, "Key": ANY, "Range": ANY})
        assert found(bundles(ledger=None)) == WARNED
    assert body.closed == ("ContentRange" in change)


def test_an_answer_that_breaks_off_is_no_reason_to_ask_the_bucket_no_more(bucket):
    """It came; the next object may come whole."""
    bucket.put(bundle())
    bucket.put(bundle(), "other.zip")
    looking = bundles()

    def break_off(parsed, **_):
        parsed["Body"] = StreamingBody(io.BytesIO(b"x"), 22)

    with on("s3", "after-call.s3.GetObject", break_off):
        assert found(looking) == WARNED
    assert found(looking, uses(f"s3://{BUCKET}/other.zip")) == READ
    assert len(bucket.asked) == 5


def test_what_is_larger_than_a_megabyte_is_not_read(bucket):
    """No bundle is; its end tells."""
    bucket.put(b"x" * (MOST_BYTES + 1))
    looking = bundles()
    assert found(looking) == WARNED
    assert (len(bucket.asked), looking.not_read) == (1, 1)


def replacing(bucket, times):
    """Replace the object after each first look, so often."""
    left = [bundle(), bundle(TRUSTED, KEY, CHAIN), bundle(CHAIN, TRUSTED, KEY)][:times]

    def replace(params, **_):
        if "If-Match" in params["headers"] and left:
            bucket.put(left.pop())

    return on("s3", "before-call.s3.GetObject", replace)


def test_a_bundle_that_is_replaced_meanwhile_is_read_anew_once(bucket):
    """Parts of two bundles are none."""
    bucket.put(bundle(CHAIN, KEY, TRUSTED, comment=b"old"))
    with replacing(bucket, 1):
        assert found() == READ
    looking = bundles(ledger=None)
    bucket.put(bundle(CHAIN, KEY, TRUSTED, comment=b"old"))
    with replacing(bucket, 2):
        assert found(looking) == WARNED
    assert looking.not_read == 1


def test_a_bundle_that_nobody_can_read_without_the_key_is_not_read(bucket):
    """A directory is not found behind a comment where the entries do not tell their sizes."""
    bucket.put(bundle(comment=b"c" * 200, streamed=True))
    assert found() == WARNED
    assert len(bucket.asked) <= 8
    assert items() == []


def test_a_reader_that_fails_costs_no_other_finding(bucket, monkeypatch, caplog):
    """Whatever somebody has put there: the run goes on, and the log has the traceback."""
    bucket.put(bundle())

    def fail(_size, _read):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("emr_in_transit.judgement.bundle_reading.read_bundle", fail)
    assert found() == WARNED
    assert caplog.messages == ["one bundle failed", "bundle not read"]
    assert caplog.records[0].exc_info


@pytest.mark.usefixtures("bucket")
def test_a_key_that_is_no_text_is_missing():
    """JSON may hold half of a surrogate pair, which no address can."""
    assert found(facts=uses(f"s3://{BUCKET}/\ud800.zip")) == MISSING


def wire(status, code, region="us-east-1", more=""):
    """Make an answer of S3 as it comes over the wire."""
    text = f"<Error><Code>{code}</Code><Message>Elsewhere.</Message>{more}</Error>"

    class Raw:
        def stream(self, **_):
            yield text.encode()

    return AWSResponse("https://s3", status, {"x-amz-bucket-region": region}, Raw())


@pytest.mark.parametrize(
    ("status", "code", "more"),
    [
        (301, "PermanentRedirect", ""),
        (307, "TemporaryRedirect", ""),
        (400, "AuthorizationHeaderMalformed", "<Region>us-east-1</Region>"),
    ],
)
def test_a_bucket_in_another_region_is_followed_there(status, code, more):
    """Signed for that Region, and straight there from then on."""
    clients.prepare_boto3()
    with mock_aws():
        bucket = Bucket()
        bucket.put(bundle())
        s3 = clients.s3_client(REGION)
        hosts = []

        def elsewhere(request, **_):
            signed = re.search(r"/(\S+)/s3/aws4", request.headers["Authorization"].decode())[1]
            hosts.append((request.url.split("/")[2], signed.rpartition("/")[2]))
            return wire(status, code, more=more) if len(hosts) == 1 else None

        s3.meta.events.register_first("before-send.s3", elsewhere)
        assert found(Bundles(s3, (BUCKET,), None, NOW, lambda: 900.0)) == READ
    assert hosts[0] == (f"{BUCKET}.s3.{REGION}.amazonaws.com", REGION)
    assert set(hosts[1:]) == {(f"{BUCKET}.s3.us-east-1.amazonaws.com", "us-east-1")}
    assert len(hosts) == 5


# Time, and S3 that does not answer.


def test_nobody_waits_twice_for_a_bucket_that_does_not_answer(bucket):
    """Each wait is one that a launch alert waits too; another bucket is asked all the same."""
    bucket.put(bundle(), "other.zip")
    tried = []

    def lose(**_):
        tried.append(1)
        raise ReadTimeoutError(endpoint_url="https://s3")

    looking = bundles(buckets=(BUCKET, "second"))
    with on("s3", "before-send.s3", lose):
        assert found(looking) == WARNED
        once = len(tried)
        assert found(looking, uses(f"s3://{BUCKET}/other.zip")) == WARNED
        assert len(tried) == once > 0
        assert found(looking, uses(f"s3://second/{OBJECT}")) == WARNED
        assert len(tried) > once
    assert looking.not_read == 3


def test_a_launch_waits_for_s3_a_quarter_of_a_minute_at_the_most():
    """Then it alerts on what else it has found."""
    config = clients.S3_CONFIG
    attempts = config.retries["total_max_attempts"]
    assert attempts * (config.connect_timeout + config.read_timeout) <= 16 < module.RESERVE


def test_s3_is_asked_no_more_when_the_functions_time_is_nearly_over(bucket, caplog):
    """What else was found is still to be told."""
    bucket.put(bundle())
    left = iter([module.RESERVE, module.RESERVE - 0.1])
    assert found(bundles(seconds_left=lambda: next(left))) == WARNED
    assert len(bucket.asked) == 1
    assert caplog.records[-1].why == "the function's time is nearly over"


# What is remembered.


def test_what_the_ledger_knows_takes_one_call_and_no_parser(bucket):
    """As long as the object has the same ETag."""
    bucket.put(bundle(region="us-east-1"))
    first = found()
    bucket.asked.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emr_in_transit.judgement.bundle_reading.read_bundle", None)
        assert found() == first != READ
    assert bucket.asked == ["bytes=-22"]
    [item] = items()
    assert item["pk"] == {"S": f"{ACCOUNT}/{REGION}/bundle"}
    assert item["sk"] == {"S": f"s3://{BUCKET}/{OBJECT}"}
    assert int(item["expires"]["N"]) == (NOW + timedelta(days=30)).timestamp()


def test_another_etag_is_read_anew(bucket):
    """The certificates have been renewed."""
    bucket.put(bundle(region="us-east-1"))
    assert found() != READ
    bucket.put(bundle())
    bucket.asked.clear()
    assert found() == READ
    assert len(bucket.asked) == 4
    assert found() == READ
    assert len(bucket.asked) == 5


def test_nothing_secret_and_nothing_of_a_jar_is_in_the_ledger(bucket):
    """Names, dates and what is wrong."""
    bucket.put(bundle())
    found()
    [item] = items()
    assert "PRIVATE" not in str(item)
    assert "BEGIN" not in str(item)


def test_a_rule_of_somebody_elses_writes_nothing(bucket):
    """As with clusters."""
    bucket.put(bundle())
    assert found(bundles(remembers=False)) == READ
    assert items() == []


def test_what_the_ledger_knows_stands_for_what_s3_does_not_tell(bucket):
    """An outage makes no expired certificate good, nor a good one expired."""
    bucket.put(bundle(ends_in=0))
    expired = found()
    assert expired == [(Reason.CERTIFICATES_EXPIRED, Severity.VIOLATION)]
    looking = bundles()
    with unreachable("s3"):
        assert found(looking) == [*expired, *WARNED]
    assert looking.not_read == 1


SPOILT = [
    {"bundle": None},
    {"bundle": {"S": "{"}},
    {"bundle": {"S": "[]"}},
    {"bundle": {"N": "1"}},
    {"schema": None},
    {"schema": {"N": "2"}},
    {"schema": {"S": "x"}},
    {"expires": {"N": "1"}},
    {"expires": {"S": "never"}},
]
CHANGES = [
    {"address": f"s3://{BUCKET}/other.zip"},
    {"etag": 7},
    {"modified": "lately"},
    {"modified": "2026-01-01T00:00:00"},
    {"bundle": {}},
    {"bundle": {"members": [7], "problems": [], "certificates": []}},
    {"bundle": {"members": [], "problems": [{"problem": "new"}], "certificates": []}},
]


def spoil(change):
    [item] = items()
    spoilt = {name: value for name, value in (item | change).items() if value is not None}
    client("dynamodb").put_item(TableName=TABLE, Item=spoilt)


@pytest.mark.parametrize(
    "change", [*SPOILT, *CHANGES, {"not_after": 10**30}, {"not_after": "soon"}]
)
def test_an_entry_of_another_shape_counts_as_none(bucket, change):
    """It is read anew, and written anew."""
    bucket.put(bundle())
    found()
    if change in SPOILT:
        spoil(change)
    else:
        [item] = items()
        document = json.loads(item["bundle"]["S"])
        if "not_after" in change:
            document["bundle"]["certificates"][0] |= change
        else:
            document |= change
        spoil({"bundle": {"S": json.dumps(document)}})
    bucket.asked.clear()
    assert found() == READ
    assert len(bucket.asked) == 4
    assert found() == READ
    assert len(bucket.asked) == 5


@pytest.mark.parametrize("operation", ["BatchGetItem", "UpdateItem"])
def test_a_ledger_that_fails_costs_a_warning(bucket, caplog, operation):
    """Everything is read then; the ledger is not waited for again."""
    bucket.put(bundle())
    bucket.put(bundle(), "other.zip")
    looking = bundles()
    with refusing("dynamodb", operation):
        assert found(looking) == READ
        assert found(looking, uses(f"s3://{BUCKET}/other.zip")) == READ
    done = {"BatchGetItem": "read", "UpdateItem": "written"}[operation]
    assert caplog.messages == [f"ledger not {done}"]
