"""AWS adapter: what template.yml tells the functions through their environment."""

from collections.abc import Mapping
from typing import NamedTuple

# What a sweep takes of EMR's limits; the rest is for pipelines and for the launch check.
DEFAULT_EMR_CALL_SHARE = "0.8"


class Settings(NamedTuple):
    """The environment of a function; without a ledger and a topic it sends no alerts."""

    ledger_table: str
    topic_arn: str
    send_resolved: bool
    rule_function_arn: str
    emr_call_share: float
    security_hub: bool

    @property
    def alerts(self) -> bool:
        """Whether this deployment alerts by itself."""
        return bool(self.ledger_table and self.topic_arn)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Answer the settings of a function's environment variables."""
    return Settings(
        ledger_table=environment.get("LEDGER_TABLE", ""),
        topic_arn=environment.get("ALERT_TOPIC_ARN", ""),
        send_resolved=environment.get("SEND_RESOLVED", "true") == "true",
        rule_function_arn=environment.get("RULE_FUNCTION_ARN", ""),
        emr_call_share=float(environment.get("EMR_CALL_SHARE", DEFAULT_EMR_CALL_SHARE)),
        security_hub=environment.get("SECURITY_HUB", "false") == "true",
    )
