"""Account check: topics: whether they admit who publishes, their keys too, and whether anybody reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.account_check.aws import Aws, read
from tools.account_check.decisions import Principal, Verdict, decide, role
from tools.account_check.results import Finding, is_denied, no, note, unsure, yes
from tools.aws_words import AWS_ERRORS, code_of, in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

TOPIC = read("sns", "GetTopicAttributes", "sns:GetTopicAttributes")
SUBSCRIPTIONS = read("sns", "ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic")
KEY = read("kms", "DescribeKey", "kms:DescribeKey")
KEY_POLICY = read("kms", "GetKeyPolicy", "kms:GetKeyPolicy")
ORGANIZATION = read("organizations", "DescribeOrganization", "organizations:DescribeOrganization")
CALLS = (TOPIC, SUBSCRIPTIONS)
KEY_CALLS = (KEY, KEY_POLICY, ORGANIZATION)
OWN_KEY_OF_SNS = "alias/aws/sns"
# What a publisher does with the key, through SNS (aws/topic.py of the rule).
KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")


class Topic(NamedTuple):
    """A topic, as SNS describes it."""

    arn: str
    attributes: Mapping[str, str]

    @property
    def region(self) -> str:
        """Return where it is; SNS knows it nowhere else."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """Return whose it is."""
        return self.arn.split(":")[4]

    @property
    def policy(self) -> dict[str, Any]:
        """Return its policy, empty where SNS does not show one."""
        found: dict[str, Any] = json.loads(self.attributes.get("Policy") or "{}")
        return found


def fetch(aws: Aws, arn: str) -> Topic | None:
    """Return a topic, or None where there is none."""
    try:
        answer = aws.call(TOPIC, region=arn.split(":")[3], TopicArn=arn)
    except AWS_ERRORS as error:
        if code_of(error) in {"NotFound", "NotFoundException"}:
            return None
        raise
    return Topic(arn, answer["Attributes"])


def readers(aws: Aws, topic: Topic) -> Iterator[Finding]:
    """Find whether anybody gets what is published; who waits for a confirmation gets nothing."""
    confirmed = int(topic.attributes["SubscriptionsConfirmed"])
    pending = int(topic.attributes.get("SubscriptionsPending", 0))
    kinds = _protocols(aws, topic)
    advice = (
        "have its owner follow the link in the mail from AWS, within two days of the deployment"
    )
    if not confirmed and pending:
        yield no(f"{pending} unconfirmed, and nobody else reads{kinds}", advice)
    elif not confirmed:
        yield no("nobody is subscribed", "subscribe whoever is on call")
    else:
        yield yes(f"{confirmed} confirmed{kinds}")
        if pending:
            yield note(f"{pending} unconfirmed", advice)


def _protocols(aws: Aws, topic: Topic) -> str:
    """Return by which ways messages go, never to whom; empty where SNS does not tell."""
    try:
        listed = aws.items(SUBSCRIPTIONS, "Subscriptions", region=topic.region, TopicArn=topic.arn)
        protocols = sorted(each["Protocol"] for each in listed)
    except AWS_ERRORS:  # a topic of another account may tell the numbers only
        return ""
    return f" ({', '.join(protocols)})" if protocols else ""


def organization_of(aws: Aws) -> str:
    """Return the id of the caller's organization; empty where it cannot be told."""
    try:
        return str(aws.call(ORGANIZATION)["Organization"]["Id"])
    except AWS_ERRORS:
        return ""


def publisher(role_arn: str, organization: str) -> Principal:
    """Return a role of this account, as SNS and KMS see it; its organization, where it is known."""
    who = role(role_arn)
    return who.with_keys(aws_principalorgid=organization) if organization else who


def admits(topic: Topic, who: Principal, actions: tuple[str, ...]) -> Iterator[Finding]:
    """Find whether a topic's policy lets a role of the functions publish.

    In the topic's own account the role's policies allow, and only a Deny refuses.
    """
    foreign, name = topic.account != who.account, who.name.rpartition("/")[2]
    if foreign and not topic.policy:
        yield unsure("its policy could not be read", "ask its owner")
        return
    decisions = {action: decide(topic.policy, who, action, topic.arn) for action in actions}
    denied = [action for action, each in decisions.items() if each.verdict is Verdict.DENIED]
    silent = [action for action, each in decisions.items() if each.verdict is Verdict.SILENT]
    doubts = sorted({key for each in decisions.values() for key in each.doubts})
    if denied:
        yield no(f"its policy denies {name} {' and '.join(denied)}", "mend the topic's policy")
    elif doubts:
        yield in_doubt("its policy", doubts)
    elif silent and foreign:
        text = f"its policy does not allow {name} of another account {' and '.join(silent)}"
        yield no(text, "have its owner admit the role")
    else:
        yield yes(f"its policy admits {name}")


def in_doubt(whose: str, doubts: Iterable[str]) -> Finding:
    """Return that a policy could not be judged, because of these condition keys."""
    keys = ", ".join(doubts)
    known = "aws:principalorgid" in keys.lower()
    advice = f"allow yourself {ORGANIZATION.actions[0]}" if known else "read it"
    return unsure(f"{whose} has conditions that could not be judged ({keys})", advice)


def key_admits(aws: Aws, topic: Topic, who: Principal) -> Iterator[Finding]:
    """Find whether the key of a topic lets a role of the functions encrypt what it publishes."""
    key = topic.attributes.get("KmsMasterKeyId", "")
    if not key:
        yield yes("the topic has no key of KMS")
        return
    if key == OWN_KEY_OF_SNS:
        yield from _key_of_sns(topic, who)
        return
    described = aws.call(KEY, region=topic.region, KeyId=key)["KeyMetadata"]
    if described["KeyState"] != "Enabled":
        yield no(f"the topic's key is {described['KeyState']}", "enable it, or take another")
        return
    if described.get("AWSAccountId") != who.account:
        yield unsure("the topic's key is in another account, whose policy nobody else may read")
        return
    policy = aws.call(KEY_POLICY, region=topic.region, KeyId=described["Arn"], PolicyName="default")
    yield from _key_policy(policy["Policy"], described["Arn"], topic.region, who)


def _key_of_sns(topic: Topic, who: Principal) -> Iterator[Finding]:
    if topic.account == who.account:
        yield yes("the topic is under AWS's own key for SNS, which admits this account")
    else:
        yield no(
            "the topic is in another account, under AWS's own key for SNS, which admits only that one",
            "have its owner take a key of theirs, and give it as TopicKeyArn",
        )


def _key_policy(policy: str, key: str, region: str, who: Principal) -> Iterator[Finding]:
    user = who.with_keys(
        kms_viaservice=f"sns.{region}.amazonaws.com", kms_calleraccount=who.account
    )
    decisions = {action: decide(json.loads(policy), user, action, key) for action in KEY_ACTIONS}
    refused = [action for action, each in decisions.items() if each.verdict is not Verdict.ALLOWED]
    doubts = sorted({key for each in decisions.values() for key in each.doubts})
    name = who.name.rpartition("/")[2]
    if doubts:
        yield in_doubt("the key's policy", doubts)
    elif refused:
        yield no(
            f"the key's policy does not allow {name} {' and '.join(refused)}",
            "have the key's policy admit the role, or the account's own policies",
        )
    else:
        yield yes(f"the key's policy admits {name}")


def unreadable(error: Exception, topic: str) -> Finding:
    """Return that a topic could not be looked at."""
    advice = (
        f"allow yourself {TOPIC.actions[0]}, in the topic's policy too" if is_denied(error) else ""
    )
    return unsure(f"{topic}: {in_words(error)}", advice)
