"""The simulator's Security Hub takes what AWS takes, and keeps what people made of it."""

import pytest
from botocore.exceptions import ClientError

from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION

PRODUCT = (
    f"arn:aws:securityhub:{DEFAULT_REGION}:{DEFAULT_ACCOUNT}:product/{DEFAULT_ACCOUNT}/default"
)


@pytest.fixture
def hub(aws):
    """An account that has enabled Security Hub."""
    client = aws.client("securityhub")
    client.enable_security_hub()
    return client


def finding(finding_id="one", minute=0, **members):
    """Make a finding that Security Hub takes, as of a minute."""
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id,
        "ProductArn": PRODUCT,
        "GeneratorId": "rule",
        "AwsAccountId": DEFAULT_ACCOUNT,
        "CreatedAt": "2026-05-06T12:00:00Z",
        "UpdatedAt": f"2026-05-06T12:{minute:02}:00Z",
        "Title": "title",
        "Description": "description",
        "Resources": [{"Type": "Other", "Id": "j-1"}],
        "Compliance": {"Status": "FAILED"},
    } | members


def imported(hub, *findings):
    """Import findings; return what was refused."""
    answer = hub.batch_import_findings(Findings=list(findings))
    assert answer["SuccessCount"] + answer["FailedCount"] == len(findings)
    assert len(answer["FailedFindings"]) == answer["FailedCount"]
    return answer["FailedFindings"]


def only(hub, **filters):
    """Return the one finding there is."""
    (found,) = hub.get_findings(Filters=filters)["Findings"]
    return found


def resolve(hub, *ids, status="RESOLVED"):
    """Set the workflow of findings; return what could not be."""
    identifiers = [{"Id": each, "ProductArn": PRODUCT} for each in ids]
    answer = hub.batch_update_findings(FindingIdentifiers=identifiers, Workflow={"Status": status})
    assert len(answer["ProcessedFindings"]) + len(answer["UnprocessedFindings"]) == len(ids)
    return answer["UnprocessedFindings"]


def test_a_batch_and_a_page_have_a_hundred_at_most(hub):
    """botocore does not count for its callers."""
    with pytest.raises(ClientError, match="InvalidInputException"):
        imported(hub, *[finding(str(number)) for number in range(101)])
    with pytest.raises(ClientError, match="InvalidInputException"):
        resolve(hub, *map(str, range(101)))
    with pytest.raises(ClientError, match="InvalidInputException"):
        hub.get_findings(MaxResults=101)


def other(text):
    return [{"Type": "Other", "Id": "j-1", "Details": {"Other": {"name": text}}}]


BREACHES = {
    "a long title": {"Title": "x" * 257},
    "a title of emoji, which count twice": {"Title": "\N{ROCKET}" * 129},
    "a long description": {"Description": "x" * 1025},
    "an empty description": {"Description": " "},
    "a long remedy": {"Remediation": {"Recommendation": {"Text": "x" * 513}}},
    "a long id": {"Id": "x" * 513},
    "no resource": {"Resources": []},
    "an empty detail": {"Resources": other("")},
    "a long detail": {"Resources": other("x" * 1025)},
    "too many requirements": {"Compliance": {"RelatedRequirements": ["x"] * 33}},
    "a time that is none": {"UpdatedAt": "yesterday"},
    "a time without a zone": {"UpdatedAt": "2026-05-06T12:00:00"},
    "a type of no namespace": {"FindingProviderFields": {"Types": ["Encryption"]}},
    "a workflow": {"Workflow": {"Status": "NEW"}},
    "a severity outside FindingProviderFields": {"Severity": {"Label": "HIGH"}},
    "a field without a name": {"ProductFields": {"": "x"}},
    "a huge finding": {"UserDefinedFields": {str(n): "x" * 1024 for n in range(240)}},
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES.keys())
def test_a_finding_of_another_form_fails_alone(hub, breach):
    """The rest of its batch is taken."""
    (failed,) = imported(hub, finding("bad") | breach, finding("good"))
    assert failed["ErrorCode"] == "InvalidInput"
    assert failed["Id"] == breach.get("Id", "bad")
    assert only(hub)["Id"] == "good"


def test_an_id_is_imported_once_and_updated_then(hub):
    """By what is later; what is not is passed over."""
    imported(hub, finding(minute=5))
    imported(hub, finding(minute=5, Title="same time"), finding(minute=4, Title="earlier"))
    assert only(hub)["Title"] == "title"
    imported(hub, finding(minute=6, Title="later"))
    assert only(hub)["Title"] == "later"


FAILED, PASSED = {"Compliance": {"Status": "FAILED"}}, {"Compliance": {"Status": "PASSED"}}
ARCHIVED, ACTIVE = {"RecordState": "ARCHIVED"}, {"RecordState": "ACTIVE"}


@pytest.mark.parametrize(
    ("before", "after", "status", "then"),
    [
        (FAILED, FAILED, "RESOLVED", "RESOLVED"),
        (PASSED, FAILED, "RESOLVED", "NEW"),
        (PASSED, FAILED, "NOTIFIED", "NEW"),
        (ARCHIVED, ACTIVE, "RESOLVED", "NEW"),
        (PASSED | ARCHIVED, FAILED | ACTIVE, "SUPPRESSED", "SUPPRESSED"),
        (FAILED, PASSED | ARCHIVED, "NOTIFIED", "NOTIFIED"),
    ],
)
def test_what_returns_is_new_again_unless_it_is_suppressed(hub, before, after, status, then):
    """As the user guide says of workflow statuses."""
    imported(hub, finding(**before))
    assert only(hub)["Workflow"] == {"Status": "NEW"}
    resolve(hub, "one", status=status)
    imported(hub, finding(minute=1, **after))
    assert only(hub)["Workflow"] == {"Status": then}


def prefix(value):
    return {"Value": value, "Comparison": "PREFIX"}


@pytest.mark.parametrize(
    "call",
    [
        lambda hub: hub.get_findings(Filters={"Title": [prefix("x")]}),
        lambda hub: hub.get_findings(Filters={"Id": [{"Value": "x", "Comparison": "CONTAINS"}]}),
        lambda hub: hub.batch_update_findings(
            FindingIdentifiers=[{"Id": "one", "ProductArn": PRODUCT}], Confidence=1
        ),
    ],
)
def test_what_it_does_not_know_it_refuses(hub, call):
    """Rather than answer something else."""
    imported(hub, finding())
    with pytest.raises(ClientError, match="NotImplemented"):
        call(hub)
