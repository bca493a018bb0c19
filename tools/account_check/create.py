"""Account check: the trial of a bad security configuration: change run, alert, and its end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emr_in_transit.aws.rules import ON_CHANGE
from tools.account_check import trial as trials
from tools.account_check.aws import read, write
from tools.account_check.functions import rule_with
from tools.account_check.recording import RULES, TYPE
from tools.account_check.results import Finding, NotReachedError, no, yes
from tools.account_check.trial import Stopwatch, Trial
from tools.aws_words import AWS_ERRORS, in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tools.account_check.trial import Answering

CREATE = write("emr", "CreateSecurityConfiguration", "elasticmapreduce:CreateSecurityConfiguration")
DELETE = write("emr", "DeleteSecurityConfiguration", "elasticmapreduce:DeleteSecurityConfiguration")
DISCOVERED = read("config", "ListDiscoveredResources", "config:ListDiscoveredResources")
HISTORY = read("config", "GetResourceConfigHistory", "config:GetResourceConfigHistory")
CALLS = (
    *trials.CALLS,
    trials.SUBSCRIBE,
    RULES,
    trials.RESULTS,
    CREATE,
    DELETE,
    DISCOVERED,
    HISTORY,
)
PLAN = """\
--create makes a security configuration without encryption in transit, {name}, and a queue,
{queue}, which it subscribes to the alert topic. AWS Config and Lambda cost some cents for it.
The alert is a real one, and looks like any other: tell whoever is on call. All goes at the end."""
# AWS Config says of itself that it records within minutes; nobody promises how many.
RECORDED, JUDGED, TOLD, GONE, SILENT = 900.0, 900.0, 300.0, 900.0, 120.0
BAD = {
    "EncryptionConfiguration": {"EnableInTransitEncryption": False, "EnableAtRestEncryption": False}
}
# EMR looks for none of these; with one of them a configuration complies, and nobody is told.
OBJECT = "s3://amzn-s3-demo-bucket/emr-in-transit-verify"
GOOD = {
    "PEM": {"CertificateProviderType": "PEM", "S3Object": f"{OBJECT}.zip"},
    "Custom": {
        "CertificateProviderType": "Custom",
        "S3Object": f"{OBJECT}.jar",
        "CertificateProviderClass": "com.example.Certificates",
    },
}


def create(trial: Trial, answer: Answering) -> Iterator[Finding]:
    """Go the whole way with a bad security configuration; seconds count from its creation."""
    rule = rule_with(trial.aws, trial.stack, ON_CHANGE)
    trial.listen()
    clock = Stopwatch(trial.pace)
    make(trial, BAD)
    identity = _recorded(trial)
    yield yes("AWS Config has recorded the security configuration", clock.seconds())
    answer("AWS Config records a new security configuration within", f"{clock.seconds():.0f} s.")
    found = trial.pace.wait_for(lambda: trial.result(rule, identity), JUDGED)
    if not found:
        raise NotReachedError(f"{rule} has recorded no result within {JUDGED:.0f} s")
    yield judged_bad(found, "the security configuration", clock.seconds())
    if trial.pace.wait_for(lambda: trial.heard(trial.name), TOLD):
        yield yes("the alert has come", clock.seconds())
    else:
        yield no(
            f"no alert within {TOLD:.0f} s of the result", "the log of the rule's function says why"
        )
    yield from _after_deletion(trial, rule, identity, answer)
    answer(
        "A security configuration whose name is used again gets a new id:", _again(trial, identity)
    )


def judged_bad(found: Mapping[str, Any], what: str, seconds: float) -> Finding:
    """Return whether what is bad was judged so."""
    if found["ComplianceType"] != "NON_COMPLIANT":
        return no(f"{what} was judged {found['ComplianceType']}", "look at the function's log")
    return yes(f"{what} was judged NON_COMPLIANT: {found.get('Annotation', '')}", seconds)


def make(trial: Trial, body: dict[str, Any]) -> None:
    """Make the run's security configuration."""
    trial.aws.call(CREATE, Name=trial.name, SecurityConfiguration=json.dumps(body))


def good(trial: Trial) -> dict[str, Any]:
    """Return a body that complies with the stack's parameters; raise NotReachedError if none does."""
    allowed = trial.stack.parameters.get("AllowedCertificateProviders", "PEM").split(",")
    for each in allowed:
        if certificates := GOOD.get(each.strip()):
            encryption = {
                "EnableInTransitEncryption": True,
                "EnableAtRestEncryption": False,
                "InTransitEncryptionConfiguration": {"TLSCertificateConfiguration": certificates},
            }
            return {"EncryptionConfiguration": encryption}
    raise NotReachedError("AllowedCertificateProviders admits none that can be tried for nothing")


def _recorded(trial: Trial) -> str:
    """Return the id by which AWS Config knows it."""
    found = trial.pace.wait_for(lambda: _identity(trial), RECORDED)
    if not found:
        raise NotReachedError(f"AWS Config has not recorded {trial.name} within {RECORDED:.0f} s")
    return str(found)


def _identity(trial: Trial) -> str:
    # Whether AWS Config gives items of this type a name, or an id that is the name, nobody says.
    for key in ({"resourceName": trial.name}, {"resourceIds": [trial.name]}):
        answer = trial.aws.call(DISCOVERED, resourceType=TYPE, **key)
        for each in answer["resourceIdentifiers"]:
            return str(each["resourceId"])
    return ""


def _after_deletion(trial: Trial, rule: str, identity: str, answer: Answering) -> Iterator[Finding]:
    known = len(trial.heard(trial.name))
    clock = Stopwatch(trial.pace)
    trial.aws.call(DELETE, Name=trial.name)
    if trial.pace.wait_for(lambda: trial.result(rule, identity) is None, GONE):
        yield yes("its result is gone after its deletion", clock.seconds())
    else:
        yield no(
            f"its result is still there {GONE:.0f} s after its deletion",
            "look at the function's log",
        )
    answer("AWS Config's item of a deleted security configuration", _deleted(trial, identity))
    further = trial.pace.wait_for(lambda: trial.heard(trial.name)[known:], SILENT)
    if further:
        yield no(f"{len(further)} further message, and none is due", "report it as a bug")
    else:
        yield yes(f"no further message within {SILENT:.0f} s")


def _deleted(trial: Trial, identity: str) -> str:
    try:
        answer = trial.aws.call(HISTORY, resourceType=TYPE, resourceId=identity, limit=1)
    except AWS_ERRORS as error:
        return f"could not be told: {in_words(error)}"
    item = answer["configurationItems"][0]
    body = "a body" if item.get("configuration") else "no body"
    same = "its name" if identity == trial.name else "another id than its name"
    return f"has the status {item['configurationItemStatus']}, {body}, and {same}."


def _again(trial: Trial, before: str) -> str:
    """Make one of the same name, that complies, and return whether its id is another."""
    try:
        make(trial, good(trial))
        identity = trial.pace.wait_for(lambda: _identity(trial), RECORDED)
        trial.aws.call(DELETE, Name=trial.name)
    except AWS_ERRORS as error:
        return f"could not be told: {in_words(error)}"
    except NotReachedError as problem:
        return f"could not be told: {problem}."
    return "could not be told." if not identity else "yes." if identity != before else "no."
