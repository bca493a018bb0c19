"""Simulator: what SNS refuses of a topic's policy."""

from __future__ import annotations

from typing import Any

from moto.sns.exceptions import InvalidParameterValue

from tools.simulator.iam.policy_actions import refused


def check_policy(policy: dict[str, Any]) -> None:
    """Raise InvalidParameterValue for a topic policy that SNS refuses."""
    if refused("sns", policy):
        raise InvalidParameterValue(
            "Invalid parameter: Policy statement action out of service scope!"
        )
