"""Simulator: EventBridge at the target: what it gets; attempts, retries, the dead-letter queue.

An input transformer puts its values into strings only, as all templates here have it. EventBridge
does not escape them: a value with a quotation mark breaks a JSON template. A variable whose path
finds nothing leaves nothing in its place.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.events.models import Rule

from tools.simulator import functions, queues, topics, work
from tools.simulator.control import steered
from tools.simulator.iam.resource_policies import Principal, RefusedError, service

SERVICE = "events.amazonaws.com"
_RETRIES = 185  # EventBridge's default, within 24 hours
_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_]+)>")
_PATH = re.compile(r"\$(\.[A-Za-z0-9_-]+)+")


@dataclass
class Settings:
    """How EventBridge treats events here."""

    emr_state_change: bool = True  # EMR sends its state changes
    cloudtrail: bool = True  # a trail records RunJobFlow and its events come
    duplicates: int = 0  # how often each event comes again
    drop: bool = False  # every event is lost
    shuffle: bool = False  # events come out of order
    failures: int = 0  # so many of the next deliveries fail, and may be tried again
    retry_delay: float = 0.1  # seconds between two attempts at a target


settings = steered("/events", Settings())


def problem_of(target: Mapping[str, Any]) -> str | None:
    """Return why PutTargets refuses a target's kind or input, or None."""
    if str(target["Arn"]).split(":")[2] not in {"lambda", "sns", "sqs"}:
        return f"The simulator has no targets like {target['Arn']}."
    if target.get("Input") or target.get("InputPath"):
        return f"The simulator has no Input and no InputPath, as target {target['Id']} has."
    transformer = target.get("InputTransformer") or {"InputTemplate": "{}"}
    template, paths = transformer["InputTemplate"], transformer.get("InputPathsMap") or {}
    unknown = set(_PLACEHOLDER.findall(template)) - set(paths)
    if unknown:
        return f"InputTemplate for target {target['Id']} has the unknown variable {min(unknown)}."
    if wrong := [path for path in paths.values() if not _PATH.fullmatch(path)]:
        return f"The simulator has no paths like {wrong[0]} of target {target['Id']}."
    lines = [template] if _is_json(template) else template.strip().splitlines()
    if not all(_is_json(line) for line in lines):  # an object, or lines that are strings
        return f"InputTemplate of target {target['Id']} is no JSON with strings to fill: {template}"
    return None


def text_for(target: Mapping[str, Any], event: Mapping[str, Any]) -> str:
    """Return the text that the target gets, or raise RefusedError if it is no JSON."""
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    paths = transformer.get("InputPathsMap") or {}
    template = str(transformer["InputTemplate"])
    text = _PLACEHOLDER.sub(lambda match: _found(paths[match.group(1)], event), template)
    if template.lstrip().startswith("{") and not _is_json(text):
        raise RefusedError("INVALID_JSON", f"The input of target {target['Id']} is no JSON: {text}")
    return text


def _found(path: str, event: Any) -> str:
    for key in path.split(".")[1:]:
        event = event.get(key, "") if isinstance(event, dict) else ""
    return event if isinstance(event, str) else json.dumps(event).replace('"', "")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


class Delivery:
    """One event on its way to one target of a rule; `record` says what became of it."""

    def __init__(self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        self.rule, self.target, self.event = rule, target, event
        self.arn = str(target["Arn"])
        self.record: dict[str, Any] = {"rule": rule.arn, "target": self.arn, "attempts": 0}
        self.record["outcome"] = "on its way"

    def attempt(self) -> None:
        """Deliver once; on a failure try again later, or give up."""
        self.record["attempts"] += 1
        try:
            self._deliver(text_for(self.target, self.event))
        except RefusedError as problem:
            self.record |= {"outcome": "failed", "code": problem.code, "reason": str(problem)}
            retries = (self.target.get("RetryPolicy") or {}).get("MaximumRetryAttempts", _RETRIES)
            if problem.retryable and self.record["attempts"] <= int(retries):
                work.submit(self.attempt, delay=settings.retry_delay)
            else:
                self._give_up(problem)
        else:
            self.record["outcome"] = "delivered"

    def _deliver(self, text: str) -> None:
        if settings.failures > 0:
            settings.failures -= 1
            raise RefusedError("THROTTLING", "Rate exceeded", retryable=True)
        # A topic's or queue's policy may ask for the rule; its key cannot, for EventBridge does not
        # pass the rule on to KMS.
        who, key_user = self._who(), self._who(source_known=False)
        kind = self.arn.split(":")[2]
        if kind == "sns":
            topics.publish(self.arn, who, (text, None, None), key_user)
        elif kind == "sqs":
            queues.send(self.arn, who, text, key_user=key_user)
        elif not functions.may_invoke(self.arn, SERVICE, self.rule.account_id, self.rule.arn):
            raise RefusedError(
                "NO_PERMISSIONS", f"The policy of {self.arn} does not admit {SERVICE}."
            )
        else:
            functions.invoke_async(self.arn, json.loads(text))

    def _give_up(self, problem: RefusedError) -> None:
        arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            self.record["outcome"] = "lost"
            return
        attributes = {
            "RULE_ARN": self.rule.arn,
            "TARGET_ARN": self.arn,
            "ERROR_CODE": problem.code,
            "ERROR_MESSAGE": str(problem)[:1024],
        }
        if problem.retryable:
            attributes["RETRY_ATTEMPTS"] = str(self.record["attempts"] - 1)
        body, key_user = json.dumps(self.event), self._who(source_known=False)
        try:
            queues.send(arn, self._who(), body, queues.strings(attributes), key_user)
        except RefusedError as refusal:
            self.record |= {"outcome": "lost", "dead_letter": f"refused: {refusal}"}
        else:
            self.record |= {"outcome": "dead letter", "dead_letter": arn}

    def _who(self, *, source_known: bool = True) -> Principal:
        return service(SERVICE, self.rule.arn, self.rule.account_id, source_known=source_known)
