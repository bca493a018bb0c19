"""Simulator: EventBridge at the target: Lambda, SNS or SQS; retries; the dead-letter queue."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from tools.simulator import functions, queues, topics, work
from tools.simulator.events import input as event_input
from tools.simulator.events import settings as event_settings
from tools.simulator.iam.resource_policies import Principal, service
from tools.simulator.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.events.models import Rule

SERVICE = "events.amazonaws.com"
_RETRIES = 185  # EventBridge's default, within 24 hours


@dataclass
class Delivery:
    """One event on its way to one target of a rule."""

    rule: Rule
    target: Mapping[str, Any]
    event: event_input.Event
    record: dict[str, Any]

    @classmethod
    def of(cls, rule: Rule, target: Mapping[str, Any], event: event_input.Event) -> Self:
        """Make a delivery that has not been tried yet."""
        record = {
            "rule": rule.arn,
            "target": target["Arn"],
            "outcome": "on its way",
            "attempts": 0,
        }
        return cls(rule, target, event, record)

    def attempt(self) -> None:
        """Deliver once; on a failure try again later, or give up."""
        self.record["attempts"] += 1
        try:
            event_settings.fail_if_told()
            self._deliver()
        except RefusedError as problem:
            self.record |= {"outcome": "failed", "code": problem.code, "reason": str(problem)}
            if problem.retryable and self.record["attempts"] <= self._retries():
                delay = event_settings.settings.retry_delay
                work.submit(self.attempt, delay=delay)
            else:
                self._give_up(problem)
        else:
            self.record["outcome"] = "delivered"

    def _retries(self) -> int:
        policy = self.target.get("RetryPolicy") or {}
        return int(policy.get("MaximumRetryAttempts", _RETRIES))

    def _deliver(self) -> None:
        text = event_input.text_for(self.target, self.event, self.rule.arn)
        arn = str(self.target["Arn"])
        kind = arn.split(":")[2]
        if kind == "lambda":
            self._invoke(arn, text)
        elif kind == "sns":
            # SNS's topic policy may ask for the rule; the topic's key cannot, for EventBridge does
            # not pass the rule on to KMS.
            topics.publish(arn, self._who(), topics.Message(text), self._who(source_known=False))
        elif kind == "sqs":
            group_id = (self.target.get("SqsParameters") or {}).get("MessageGroupId")
            self._send(arn, queues.Message(text, group_id=group_id))
        else:
            raise RefusedError("NOT_SIMULATED", f"The simulator has no targets like {arn}.")

    def _invoke(self, arn: str, text: str) -> None:
        if not functions.may_invoke(arn, SERVICE, self.rule.account_id, self.rule.arn):
            raise RefusedError("NO_PERMISSIONS", f"The policy of {arn} does not admit {SERVICE}.")
        try:
            payload = json.loads(text)
        except ValueError:
            raise RefusedError("INVALID_JSON", f"The input for {arn} is no JSON.") from None
        functions.invoke_async(arn, payload)

    def _send(self, arn: str, message: queues.Message) -> None:
        queues.send(arn, self._who(), message, self._who(source_known=False))

    def _give_up(self, problem: RefusedError) -> None:
        arn = (self.target.get("DeadLetterConfig") or {}).get("Arn")
        if not arn:
            self.record["outcome"] = "lost"
            return
        attributes = {
            "RULE_ARN": self.rule.arn,
            "TARGET_ARN": str(self.target["Arn"]),
            "ERROR_CODE": problem.code,
            "ERROR_MESSAGE": str(problem)[:1024],
        }
        if problem.retryable:
            attributes |= {
                "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
                "RETRY_ATTEMPTS": str(self.record["attempts"] - 1),
            }
        try:
            text = json.dumps(self.event)
            self._send(arn, queues.Message(text, queues.strings(attributes)))
        except RefusedError as refusal:
            self.record |= {"outcome": "lost", "dead_letter": f"refused: {refusal}"}
        else:
            self.record |= {"outcome": "dead letter", "dead_letter": arn}

    def _who(self, *, source_known: bool = True) -> Principal:
        return service(SERVICE, self.rule.arn, self.rule.account_id, source_known=source_known)
