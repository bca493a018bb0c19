"""What the tests of alerts, adapters and doors share: judged clusters, a ledger, a topic, refusals."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns.models import sns_backends

from emr_in_transit.alerting.alert import (
    CLUSTER_TYPE,
    Alert,
    DetectedBy,
    Judged,
    Origin,
    Resource,
    expiring_configurations,
)
from emr_in_transit.alerting.alerting import Alerting
from emr_in_transit.alerting.security_hub import SecurityHubFindings
from emr_in_transit.aws import clients
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.logs import JudgedBy
from emr_in_transit.aws.security_hub import SecurityHub
from emr_in_transit.aws.topic import Topic
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Exemption, Finding, Verdict, verdict_of
from tests.support.facts import CREATED, NOW, cluster, configuration, parameters

ACCOUNT, REGION, TABLE = "111122223333", "eu-west-1", "ledger"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:rule"
RULE = "EMR_IN_TRANSIT_ENCRYPTION"
JUDGED_BY = JudgedBy(ACCOUNT, REGION, RULE)
LATER = NOW + timedelta(minutes=1)  # when a claim of NOW has lapsed
BARE = Reason.NO_SECURITY_CONFIGURATION
OLD = Reason.RELEASE_WITHOUT_SUPPORT
GOOD = Verdict(judge_cluster(cluster(), parameters(), NOW).compliance, protection="PEM.")


EPISODE_MEMBERS = {
    "state": "S",
    "alertId": "S",
    "claimed": "L",
    "sent": "L",
    "leaseUntil": "S",
    "version": "N",
}
# What another version of the rule, or a person, may have made of an episode (None: left out), and
# why it cannot be read.
BROKEN_EPISODES: list[tuple[dict[str, Any], str]] = [
    *(({each: None}, f"KeyError: '{each}'") for each in EPISODE_MEMBERS),
    *(({each: {"NULL": True}}, f"KeyError: '{kind}'") for each, kind in EPISODE_MEMBERS.items()),
    ({"state": {"S": "paused"}}, "ValueError: 'paused' is not a valid State"),
    ({"alertId": {"N": "1"}}, "KeyError: 'S'"),
    ({"claimed": {"SS": ["A"]}}, "KeyError: 'L'"),
    ({"claimed": {"L": [{"N": "1"}]}}, "KeyError: 'S'"),
    ({"sent": {"L": [{"S": "A"}, {"NULL": True}]}}, "KeyError: 'S'"),
    ({"leaseUntil": {"S": "soon"}}, "ValueError: Invalid isoformat string: 'soon'"),
    ({"leaseUntil": {"N": "1772366400"}}, "KeyError: 'S'"),
    ({"version": {"S": "x"}}, "KeyError: 'N'"),
    ({"version": {"N": "1.5"}}, "ValueError: invalid literal for int() with base 10: '1.5'"),
]


def exempt(until: date | None = date(2026, 6, 30), text: str = "2026-06-30 test") -> Verdict:
    """Make the verdict on a cluster that would violate and is exempt, until a day or for good."""
    told = f" until {until}" if until else ", without an end"
    return Verdict(
        Compliance.NOT_APPLICABLE,
        violating().findings,
        f'Exempt by tag "exempt"{told}.',
        Exemption("exempt", text, until),
    )


def expiring(*users: str, name: str = "managed", created: datetime = CREATED) -> Judged:
    """Make the security configuration that these clusters use, whose certificates expire soon."""
    found = Finding(Reason.CERTIFICATES_EXPIRING, "EMR's certificate authority expires soon.")
    verdict = Verdict(Compliance.COMPLIANT, (found,), "PEM.")
    attached = {"security_configuration": name, "configured": created}
    clusters = [judged(verdict, user, **attached) for user in users or ("j-1",)]
    [made] = expiring_configurations(clusters)
    return made


def violating(*reasons: Reason) -> Verdict:
    """Make a verdict with these violations."""
    return verdict_of([Finding(reason, "It is so.") for reason in reasons or (BARE,)], "")


def judged(verdict: Verdict | None = None, cluster_id: str = "j-1", **members: Any) -> Judged:
    """Make a judged cluster, a violating one unless told otherwise."""
    told = {"name": "nightly", "state": "RUNNING", "release": "emr-7.3.0"} | members
    return Judged(Resource(CLUSTER_TYPE, cluster_id, **told), verdict or violating())


EXEMPTED = judged(exempt())
EXPIRING = expiring()


def origin(
    detected_by: DetectedBy = DetectedBy.SWEEP, region: str = REGION, partition: str = "aws"
) -> Origin:
    """Make the origin of an alert."""
    arn = f"arn:{partition}:lambda:{region}:{ACCOUNT}:function:rule"
    return Origin(ACCOUNT, region, arn, RULE, detected_by)


def alert(*told: Judged, alert_id: str = "alert-1", **members: Any) -> Alert:
    """Make an alert on these, on one violating cluster unless told otherwise."""
    return Alert(alert_id, told or (judged(),), **({"origin": origin(), "time": NOW} | members))


def unwritable(verdict: Verdict | None = None, cluster_id: str = "j-1") -> Judged:
    """Make a judged cluster of which no text can be written: its name is none."""
    return judged(verdict, cluster_id, name=7)


def crowded(findings: int, detail: str = "x" * 1900, cluster_id: str = "j-1") -> Judged:
    """Make a judged cluster on which so many properties undo encryption."""
    each = [Finding(Reason.ENCRYPTION_OVERRIDDEN, detail, f"p-{n:03}") for n in range(findings)]
    return judged(verdict_of(each, ""), cluster_id)


def many(count: int, verdict: Verdict | None = None, **members: str) -> list[Judged]:
    """Make so many judged clusters, j-000 and so on."""
    return [judged(verdict, f"j-{number:03}", **members) for number in range(count)]


# What a message is about, in how many parts, and the kind that it says it is.
MESSAGE_KINDS = [
    ([judged()], 1, "violation"),
    ([judged(GOOD)], 1, "resolved"),
    (many(2), 1, "digest"),
    ([judged()], 2, "digest"),
    (many(2, GOOD), 1, "resolvedDigest"),
    ([judged(GOOD)], 2, "resolvedDigest"),
    ([EXEMPTED], 1, "exempted"),
    (many(2, exempt()), 1, "exemptedDigest"),
    ([EXPIRING], 1, "expiring"),
    ([EXPIRING, EXPIRING], 1, "expiringDigest"),
    ([EXPIRING, expiring("j-2", name="other")], 1, "expiringDigest"),
]


def facts(cluster_id: str = "j-1", **changes: Any):
    """Make the facts of a good cluster with this id, older than everything else."""
    return cluster(cluster_id=cluster_id, security_configuration=configuration(), **changes)


@cache
def client(service: str) -> Any:
    """Return one client for all tests: making one takes longer than most tests."""
    return boto3.session.Session().client(service, REGION, config=clients.CLIENT_CONFIG)


def make_table() -> Any:
    """Make the ledger's table as template.yml has it; return the client."""
    dynamodb = client("dynamodb")
    keys = {"pk": "HASH", "sk": "RANGE"}
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )
    return dynamodb


def items() -> list[Any]:
    """Return everything that the table holds."""
    return client("dynamodb").scan(TableName=TABLE)["Items"]


def spoil(cluster_id: str, change: dict[str, Any]) -> Any:
    """Change members of a cluster's episode in the table, None leaves one out; return the item."""
    key = {"S": f"{CLUSTER_TYPE}/{cluster_id}"}
    [item] = [each for each in items() if each["sk"] == key]
    spoilt = {name: value for name, value in (item | change).items() if value is not None}
    client("dynamodb").put_item(TableName=TABLE, Item=spoilt)
    return spoilt


def make_alerting(
    arn: str,
    detected_by: DetectedBy = DetectedBy.SWEEP,
    *,
    send_resolved: bool = True,
    seconds_left: Callable[[], float] = lambda: 900.0,
    hub: SecurityHub | None = None,
) -> Alerting:
    """Make what alerts a topic, and Security Hub, by the ledger's table."""
    episodes = Episodes(client("dynamodb"), TABLE, ACCOUNT, REGION)
    return Alerting(
        episodes,
        Topic(client("sns"), arn),
        origin(detected_by),
        send_resolved,
        seconds_left,
        SecurityHubFindings(hub, episodes, origin()) if hub else None,
    )


class Inbox:
    """A topic, and what was published to it, oldest first."""

    def __init__(self) -> None:
        self.arn = client("sns").create_topic(Name="alerts")["TopicArn"]
        self.count(confirmed=1)

    @property
    def _topic(self) -> Any:
        return sns_backends[DEFAULT_ACCOUNT_ID][REGION].topics[self.arn]

    @property
    def _sent(self) -> list[Any]:
        return self._topic.sent_notifications

    def count(self, *, confirmed: int) -> None:
        """Say how many subscriptions somebody has confirmed; moto counts none."""
        self._topic.subscriptions_confimed = confirmed  # moto's spelling

    @property
    def documents(self) -> list[Any]:
        """The documents for machines."""
        return [json.loads(json.loads(message)["default"]) for _, message, *_ in self._sent]

    @property
    def emails(self) -> list[str]:
        """The texts for people."""
        return [json.loads(message)["email"] for _, message, *_ in self._sent]

    @property
    def told(self) -> list[tuple[str, list[str]]]:
        """The kind of each message, and the ids of the resources that it tells of."""
        return [
            (
                each["kind"],
                [one["resourceId"] for one in each.get("resources", [each]) if "resourceId" in one],
            )
            for each in self.documents
        ]

    @property
    def ids(self) -> list[str]:
        """The alert id of each message."""
        return [each["alertId"] for each in self.documents]

    def wire(self) -> str:
        """Return all that was published, as it was."""
        return repr(self._sent)


@contextmanager
def on(service: str, event: str, handler: Any) -> Iterator[None]:
    """Call ``handler`` on this event of botocore in ``client(service)``."""
    events = client(service).meta.events
    events.register(event, handler)
    try:
        yield
    finally:
        events.unregister(event, handler)


@contextmanager
def refusing(service: str, operation: str, code: str = "AccessDeniedException") -> Iterator[None]:
    """Have AWS refuse this operation to ``client(service)``."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    with on(service, f"before-call.*.{operation}", refuse):
        yield


@contextmanager
def refusing_some(
    service: str, operation: str, *texts: str, code: str = "AccessDeniedException"
) -> Iterator[None]:
    """Have AWS refuse this operation where its parameters hold all of these texts."""

    def refuse(params: Any, **_: Any) -> None:
        if all(text in str(params) for text in texts):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, operation)

    with on(service, f"provide-client-params.*.{operation}", refuse):
        yield


@contextmanager
def unreachable(service: str) -> Iterator[None]:
    """Have the network lose every call of ``client(service)``."""

    def lose(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url=service)

    with on(service, "before-call", lose):
        yield
