"""scan --compare: which violations are new, mended or gone, and which nobody can tell of."""

import json

import pytest

from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.scanning.comparing import Standing, compare, read_report

ACCOUNT, REGION = "111122223333", "eu-west-1"
BARE, OLD, OFF = "NO_SECURITY_CONFIGURATION", "RELEASE_WITHOUT_SUPPORT", "IN_TRANSIT_ENCRYPTION_OFF"
GOOD, BAD, EXEMPT = "COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"
UNTOLD = "COULD_NOT_TELL"


def finding(reason, severity="VIOLATION"):
    return {"reason": reason, "severity": severity}


def cluster(compliance, *reasons, cluster_id="j-1", region=REGION):
    warning = finding("TRAFFIC_NOT_COVERED", "WARNING")
    return {
        "account": ACCOUNT,
        "region": region,
        "resourceId": cluster_id,
        "resourceName": "nightly",
        "complianceType": compliance,
        "findings": [*map(finding, reasons), warning],
    }


def region(*, complete=True, name=REGION):
    return {"account": ACCOUNT, "region": name, "complete": complete}


READ = (region(),)


def report(*clusters, regions=READ, problem="", **parameters):
    return {
        "schemaVersion": "1.0",
        "kind": "scan",
        "startedAt": "2026-11-21T06:00:00+00:00",
        "parameters": parameters,
        "accounts": [{"account": ACCOUNT, "problem": problem}],
        "regions": list(regions),
        "clusters": list(clusters),
    }


BROKEN = [region(complete=False)]
# What was said then and is said now; what became of it, by which reasons, and how it stands in each.
ROWS = [
    ("nothing then, nothing now", report(), report(), None),
    ("launched since", report(), report(cluster(BAD, BARE)), ("new", [BARE], "NOT_LISTED", BAD)),
    ("good then", report(cluster(GOOD)), report(cluster(BAD, OFF)), ("new", [OFF], GOOD, BAD)),
    ("exempt then", report(cluster(EXEMPT, BARE)), report(cluster(BAD, BARE)), ("new", [BARE], EXEMPT, BAD)),
    ("untold then", report(cluster(UNTOLD)), report(cluster(BAD, BARE)), ("new", [BARE], UNTOLD, BAD)),
    ("Region unread then", report(regions=BROKEN), report(cluster(BAD, BARE)), ("new", [BARE], UNTOLD, BAD)),
    ("account refused then", report(regions=(), problem="no"), report(cluster(BAD, BARE)), ("new", [BARE], UNTOLD, BAD)),
    ("Region out of the older scan", report(regions=()), report(cluster(BAD, BARE)), ("new", [BARE], "NOT_LOOKED_AT", BAD)),
    ("the same", report(cluster(BAD, BARE)), report(cluster(BAD, BARE)), None),
    ("for one reason more", report(cluster(BAD, OLD)), report(cluster(BAD, OFF, OLD)), ("new", [OFF], BAD, BAD)),
    ("for one reason less", report(cluster(BAD, OFF, OLD)), report(cluster(BAD, OLD)), None),
    ("good now", report(cluster(BAD, OFF)), report(cluster(GOOD)), ("mended", [OFF], BAD, GOOD)),
    ("exempt now", report(cluster(BAD, OFF)), report(cluster(EXEMPT, OFF)), ("mended", [OFF], BAD, EXEMPT)),
    ("listed no more", report(cluster(BAD, OFF)), report(), ("gone", [OFF], BAD, "NOT_LISTED")),
    ("untold now", report(cluster(BAD, OFF)), report(cluster(UNTOLD)), ("unknown", [OFF], BAD, UNTOLD)),
    ("Region unread now", report(cluster(BAD, OFF)), report(regions=BROKEN), ("unknown", [OFF], BAD, UNTOLD)),
    ("account refused now", report(cluster(BAD, OFF)), report(regions=(), problem="no"), ("unknown", [OFF], BAD, UNTOLD)),
    ("Region out of this scan", report(cluster(BAD, OFF)), report(regions=()), ("unknown", [OFF], BAD, "NOT_LOOKED_AT")),
    ("good then, gone now", report(cluster(GOOD)), report(), None),
    ("the same id elsewhere", report(cluster(BAD, OFF), regions=[region(), region(name="us-east-1")]),
     report(cluster(BAD, OFF), cluster(BAD, OFF, region="us-east-1"), regions=[region(), region(name="us-east-1")]),
     ("new", [OFF], "NOT_LISTED", BAD)),
]  # fmt: skip


@pytest.mark.parametrize(("then", "now", "expected"), [r[1:] for r in ROWS], ids=[r[0] for r in ROWS])  # fmt: skip
def test_what_became_of_a_cluster(then, now, expected):
    """What cannot be told is never taken for mended or gone."""
    found = compare(Standing(then), now)
    assert found.pop("since") == then["startedAt"]
    assert found.pop("parametersChanged") == []
    changes = [
        (kind, each["reasons"], each["then"], each["now"])
        for kind, several in found.items()
        for each in several
    ]
    assert changes == ([expected] if expected else [])


def test_parameters_that_differ_are_named():
    """What is new may only be judged otherwise."""
    then = report(coverage="configured", exemptionTagKey="exempt")
    now = report(coverage="complete", exemptionTagKey="exempt", overrideScope="instances")
    changed = compare(Standing(then), now)["parametersChanged"]
    assert changed == ["coverage", "overrideScope"]


WRONG = [
    ("no JSON", "[", "is not JSON"),
    ("too deep", "[" * 100_000, "is not JSON"),
    ("bytes of no text", b"\xff\xfe\xff", "is not JSON"),
    ("another document", json.dumps({"kind": "violation"}), "is no report of scan --format json"),
    ("a list", "[]", "is no report of scan --format json"),
    ("another version", json.dumps(report() | {"schemaVersion": "2.0"}), "is of schema \"2.0\", not '1.0'"),
    ("without clusters", json.dumps({each: one for each, one in report().items() if each != "clusters"}), "is a damaged report (KeyError: 'clusters')"),
    ("with a verdict that is none", json.dumps(report(cluster("FINE"))), "is a damaged report (ValueError"),
    ("with a list of texts", json.dumps(report() | {"clusters": ["j-1"]}), "is a damaged report (TypeError"),
    ("with parameters that are none", json.dumps(report() | {"parameters": 7}), "is a damaged report (TypeError"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "problem"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_file_that_is_no_report(tmp_path, content, problem):
    """It is named, before anything is asked."""
    path = tmp_path / "old.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UsageError) as caught:
        read_report(str(path))
    assert str(caught.value).startswith(f"--compare {path} {problem}")


def test_a_file_that_is_not_there(tmp_path):
    """So is that."""
    with pytest.raises(UsageError, match=r"none\.json cannot be read \(No such file"):
        read_report(str(tmp_path / "none.json"))


def test_a_report_is_read(tmp_path):
    """As scan wrote it; what it calls a cluster stays on one line."""
    path = tmp_path / "old.json"
    bad = cluster(BAD, BARE) | {"resourceName": "a\nb"}
    path.write_text(json.dumps(report(bad)))
    [gone] = compare(read_report(str(path)), report())["gone"]
    assert gone["resourceName"] == "a b"
