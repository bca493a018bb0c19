"""Deployment: what template.yml tells a function, and what a run works with because of it."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
from contextlib import suppress
from functools import cache
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from emr_in_transit import __version__
from emr_in_transit.alerting.alert import DetectedBy, Origin
from emr_in_transit.alerting.alerting import Alerting
from emr_in_transit.alerting.messages import MOST_TAG_KEYS, tag_attribute
from emr_in_transit.aws.clients import (
    dynamodb_client,
    prepare_boto3,
    s3_client,
    security_hub_client,
    sns_client,
    tagging_client,
)
from emr_in_transit.aws.clusters import ExemptionTags
from emr_in_transit.aws.episodes import Episodes
from emr_in_transit.aws.errors import CouldNotTellError
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.aws.logs import JudgedBy
from emr_in_transit.aws.rules import ON_CHANGE, PERIODIC, NotOneRuleError, is_named, only_rule
from emr_in_transit.aws.topic import Topic, topic_region
from emr_in_transit.judgement.parameters import MOST_EXPIRY_DAYS, read_days, read_list, read_tag_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mypy_boto3_config import ConfigServiceClient
    from mypy_boto3_emr import EMRClient

    from emr_in_transit.alerting.security_hub import SecurityHubFindings
    from emr_in_transit.aws.bundles import Bundles
    from emr_in_transit.aws.evaluations import EvaluationRecorder
    from emr_in_transit.judgement.parameters import RuleParameters

# What a sweep takes of EMR's limits; the rest is for pipelines and for the launch check.
DEFAULT_EMR_CALL_SHARE = "0.8"
# A share above 1 is for accounts whose quota has been raised; more than this is a slip.
MOST_EMR_CALL_SHARE = 100.0

# Without what would end a link in an email, or lead elsewhere than it seems to.
ADDRESS = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~%@+-]+)*")
MOST_ADDRESS = 200
# What certificate bundles are read with; rdk's zip of the rule has no libraries.
BUNDLE_LIBRARY = "pyasn1_modules"
_BUCKET_ARN = re.compile(r"arn:[a-z0-9-]+:s3:::([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])")

NOT_CONFIGURED = "LEDGER_TABLE and ALERT_TOPIC_ARN must be set"

logger = logging.getLogger(__name__)


class SettingsError(Exception):
    """An environment variable of the function is not what it takes; the message names it."""


class Settings(NamedTuple):
    """The environment of a function; without a ledger and a topic it sends no alerts."""

    ledger_table: str
    topic_arn: str
    send_resolved: bool
    rule_function_arn: str
    emr_call_share: float
    security_hub: bool
    rule_names: tuple[str, ...]  # of the rules that alert; * stands for any characters
    exemption_max_days: int | None = None  # None: an exemption may last as long as its tag says
    alert_tag_keys: tuple[str, ...] = ()
    for_chat: bool = False
    documents_url: str = ""  # of all versions; each has a folder there, named by its tag
    # The buckets whose certificate bundles are looked into; empty: none is.
    certificate_buckets: tuple[str, ...] = ()

    @property
    def alerts(self) -> bool:
        """Whether this deployment alerts by itself."""
        return bool(self.ledger_table and self.topic_arn)

    @property
    def documents_of_this_version(self) -> str:
        """The address below which docs/ is as it was when this version was tagged, or ""."""
        return f"{self.documents_url}/v{__version__}" if self.documents_url else ""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of a function's environment variables; raise SettingsError."""
    return Settings(
        ledger_table=environment.get("LEDGER_TABLE", ""),
        topic_arn=_arn(environment, "ALERT_TOPIC_ARN", "sns"),
        send_resolved=_switch(environment, "SEND_RESOLVED", "true"),
        rule_function_arn=_arn(environment, "RULE_FUNCTION_ARN", "lambda"),
        emr_call_share=_share(environment, "EMR_CALL_SHARE", DEFAULT_EMR_CALL_SHARE),
        security_hub=_switch(environment, "SECURITY_HUB", "false"),
        rule_names=tuple(
            each.strip() for each in environment.get("RULE_NAMES", "").split(",") if each.strip()
        ),
        exemption_max_days=_days(environment, "EXEMPTION_MAX_DAYS"),
        alert_tag_keys=_tag_keys(environment, "ALERT_TAG_KEYS"),
        for_chat=_choice(environment, "ALERT_FORMAT", ("json", "chat")) == "chat",
        documents_url=_address(environment, "DOCUMENTS_URL"),
        certificate_buckets=_buckets(environment),
    )


class LambdaContext(Protocol):
    """What Lambda tells a handler about its invocation, as far as it is used."""

    function_name: str
    invoked_function_arn: str

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may still run."""


class Deployment(NamedTuple):
    """Whose resources a run judges, which function does it, and with what settings."""

    account: str
    region: str
    function_arn: str
    function_name: str
    settings: Settings
    seconds_left: Callable[[], float]  # until Lambda ends the function

    def judged_by(self, rule_name: str) -> JudgedBy:
        """Return a rule and what is judged on its behalf, as log lines name them."""
        return JudgedBy(self.account, self.region, rule_name)

    def ledger(self) -> Ledger | None:
        """Return the ledger, where this deployment has one."""
        table = self.settings.ledger_table
        if not table:
            return None
        return Ledger(dynamodb_client(self.region), table, self.account, self.region)

    def with_settings(self, parameters: RuleParameters) -> RuleParameters:
        """Return the rule's parameters with what the function's settings say beside them."""
        return parameters._replace(exemption_max_days=self.settings.exemption_max_days)

    def tags(self, parameters: RuleParameters) -> ExemptionTags | None:
        """Return what reads exemptions, where the rule knows any."""
        if not parameters.exemption_tag_key:
            return None
        return ExemptionTags(tagging_client(self.region), parameters.exemption_tag_key)

    def bundles(self, now: datetime, *, remembers: bool = True) -> Bundles | None:
        """Return what looks into certificate bundles, where this deployment does."""
        buckets = self.settings.certificate_buckets
        if not buckets:
            return None
        # Imported here, so that the cold starts of those who do not use it pay nothing for it.
        from emr_in_transit.aws.bundles import Bundles  # noqa: PLC0415

        return Bundles(
            s3_client(self.region),
            buckets,
            self.ledger(),
            now,
            self.seconds_left,
            remembers=remembers,
        )

    def alerting(self, rule_name: str, detected_by: DetectedBy) -> Alerting | None:
        """Return what sends alerts, where this deployment has a ledger and a topic."""
        settings = self.settings
        if not settings.alerts:
            return None
        origin = Origin(
            self.account,
            self.region,
            self.function_arn,
            rule_name,
            detected_by,
            settings.for_chat,
            settings.documents_of_this_version,
        )
        episodes = Episodes(
            dynamodb_client(self.region), settings.ledger_table, self.account, self.region
        )
        return Alerting(
            episodes=episodes,
            topic=Topic(sns_client(topic_region(settings.topic_arn)), settings.topic_arn),
            origin=origin,
            send_resolved=settings.send_resolved,
            # Only a sweep has much to tell; one alert is tried however little time is left.
            seconds_left=self.seconds_left if detected_by is DetectedBy.SWEEP else lambda: inf,
            security_hub=self._security_hub(episodes, origin) if settings.security_hub else None,
        )

    def _security_hub(self, episodes: Episodes, origin: Origin) -> SecurityHubFindings:
        # Imported here, so that the cold starts of those who do not use it pay nothing for it.
        from emr_in_transit.alerting.security_hub import SecurityHubFindings  # noqa: PLC0415
        from emr_in_transit.aws.security_hub import SecurityHub  # noqa: PLC0415

        hub = SecurityHub(security_hub_client(self.region), origin, self.seconds_left)
        return SecurityHubFindings(hub, episodes, origin)


class Telling(NamedTuple):
    """What tells people on behalf of a rule, None where nobody is told, and what is wrong with that."""

    alerting: Alerting | None
    problem: str = ""


class RuleRun(NamedTuple):
    """One run of a rule: what it judges by, and the clients of the account that it judges."""

    deployment: Deployment
    rule_name: str
    parameters: RuleParameters
    emr: EMRClient
    recorder: EvaluationRecorder
    config: ConfigServiceClient

    @property
    def is_own(self) -> bool:
        """Whether the rule is the deployment's own; any other records its verdicts, and no more.

        Where nothing remembers what was told, there is nothing that two rules could quarrel about.
        """
        settings = self.deployment.settings
        return not settings.ledger_table or is_named(self.rule_name, settings.rule_names)

    @property
    def judged_by(self) -> JudgedBy:
        """The rule and what it judges, as log lines name them."""
        return self.deployment.judged_by(self.rule_name)

    def telling(self, detected_by: DetectedBy) -> Telling:
        """Return what sends alerts on behalf of the rule.

        Where the deployment has no rule of its own on the function, because somebody has given
        it another name, or has several, that is a problem: nobody would be told, or by two.
        """
        settings = self.deployment.settings
        if not settings.alerts:
            is_half = bool(settings.ledger_table or settings.topic_arn)
            return Telling(None, NOT_CONFIGURED if is_half else "")
        alerting = self.deployment.alerting(self.rule_name, detected_by) if self.is_own else None
        if alerting is None:
            logger.warning("verdicts recorded, nobody told", extra={"rule_name": self.rule_name})
        if self.rule_name in settings.rule_names:
            return Telling(alerting)
        trigger = PERIODIC if detected_by is DetectedBy.SWEEP else ON_CHANGE
        try:
            only_rule(self.config, self.deployment.function_arn, settings.rule_names, trigger)
        except NotOneRuleError as error:
            return Telling(None, str(error))
        except CouldNotTellError as error:
            return Telling(alerting, str(error))
        return Telling(alerting)


@cache
def start_process() -> None:
    """Do what a function does once in the life of its process: prepare boto3, log its version."""
    prepare_boto3()
    logger.info("function started", extra={"version": __version__})


def deployment_of(context: LambdaContext, account: str = "") -> Deployment:
    """Return the deployment of a function; it judges its own account, unless another is named.

    Raises SettingsError.
    """
    # arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME
    arn = context.invoked_function_arn.split(":")
    return Deployment(
        account=account or arn[4],
        region=arn[3],
        function_arn=":".join(arn[:7]),
        function_name=context.function_name,
        settings=read_settings(os.environ),
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
    )


def _switch(environment: Mapping[str, str], name: str, default: str) -> bool:
    text = environment.get(name, default)
    if text not in {"true", "false"}:
        raise SettingsError(f"environment variable {name} takes true or false, not {text!r}")
    return text == "true"


def _arn(environment: Mapping[str, str], name: str, service: str) -> str:
    text = environment.get(name, "")
    parts = text.split(":")
    if text and (len(parts) < 6 or parts[0] != "arn" or parts[2] != service):
        raise SettingsError(f"environment variable {name} takes an ARN of {service}, not {text!r}")
    return text


def _share(environment: Mapping[str, str], name: str, default: str) -> float:
    text = environment.get(name, default)
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= MOST_EMR_CALL_SHARE:
        raise SettingsError(
            f"environment variable {name} takes a number above 0 and up to "
            f"{MOST_EMR_CALL_SHARE:g}, not {text!r}"
        )
    return share


def _days(environment: Mapping[str, str], name: str) -> int | None:
    text = environment.get(name, "")
    try:
        return read_days(text) if text else None
    except ValueError:
        raise SettingsError(
            f"environment variable {name} takes a whole number from 0 to {MOST_EXPIRY_DAYS}, "
            f"not {text!r}"
        ) from None


def _tag_keys(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    text = environment.get(name, "")
    keys: tuple[str, ...] = ()
    with suppress(ValueError):
        keys = tuple(read_tag_key(each) for each in read_list(text))
    # Two keys that differ only in what SNS does not take would be one attribute.
    distinct = len({tag_attribute(each) for each in keys})
    if text and not 0 < len(keys) == distinct <= MOST_TAG_KEYS:
        raise SettingsError(
            f"environment variable {name} takes up to {MOST_TAG_KEYS} different tag keys between "
            f"commas, not {text!r}"
        )
    return keys


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    text = environment.get(name, choices[0])
    if text not in choices:
        raise SettingsError(
            f"environment variable {name} takes {' or '.join(choices)}, not {text!r}"
        )
    return text


def _address(environment: Mapping[str, str], name: str) -> str:
    text = environment.get(name, "")
    if text and not (len(text) <= MOST_ADDRESS and ADDRESS.fullmatch(text)):
        raise SettingsError(
            f"environment variable {name} takes an https address of up to {MOST_ADDRESS} "
            f"characters without a slash at its end, not {text!r}"
        )
    return text


def _buckets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the buckets whose bundles are looked into: none, unless that is on."""
    if _choice(environment, "CERTIFICATE_BUNDLES", ("off", "check")) == "off":
        return ()
    if importlib.util.find_spec(BUNDLE_LIBRARY) is None:
        raise SettingsError(
            "environment variable CERTIFICATE_BUNDLES takes off here, not 'check': "
            f"this code comes without {BUNDLE_LIBRARY}, which the zip of make package has"
        )
    text = environment.get("CERTIFICATE_BUCKETS", "")
    found = [_BUCKET_ARN.fullmatch(each.strip()) for each in text.split(",")]
    names = tuple(each[1] for each in found if each)
    if len(names) < len(found):
        raise SettingsError(
            "environment variable CERTIFICATE_BUCKETS takes ARNs of buckets between commas, "
            f"not {text!r}"
        )
    return names
