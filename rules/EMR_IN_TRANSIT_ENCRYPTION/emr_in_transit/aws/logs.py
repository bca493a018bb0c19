"""AWS adapter: what the functions log; Lambda's JSON format writes each field of ``extra``."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.judgement.facts import ClusterFacts
from emr_in_transit.judgement.wording import annotation, clip, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emr_in_transit.alerting.alert import Judged
    from emr_in_transit.judgement.facts import SecurityConfigurationFacts
    from emr_in_transit.judgement.verdict import Verdict

NAMESPACE = "EmrInTransitEncryption"
# The messages of the lines that evidence is made from.
VERDICT, SWEEP_FINISHED, COULD_NOT_TELL = "verdict", "sweep finished", "could not tell"
# The version of a verdict line's fields: a field that is added keeps it, one that changes its
# meaning or goes raises it.
VERDICT_VERSION = 1
# CloudWatch Logs takes a line of 256 KiB at the most; so many findings, cut so, stay under it.
MOST_FINDINGS, DETAIL_LIMIT = 100, 2000
# AWS takes no more in the value of a tag.
TAG_LIMIT = 256


class JudgedBy(NamedTuple):
    """The rule on whose behalf a line is written, and the account and Region that it judges."""

    account: str
    region: str
    rule: str


def log_verdict(
    logger: logging.Logger,
    judged: Judged,
    facts: ClusterFacts | SecurityConfigurationFacts | None,
    by: JudgedBy,
) -> None:
    """Write the line of a verdict, from which evidence is made; no facts: the resource has gone."""
    level = logging.WARNING if judged.violates else logging.INFO
    judged_by = {"verdict_version": VERDICT_VERSION} | by._asdict()
    logger.log(level, VERDICT, extra=judged_by | _fields(judged) | _facts_fields(facts))


def _fields(judged: Judged) -> dict[str, Any]:
    resource, verdict = judged.resource, judged.verdict
    left_out = len(verdict.findings) - MOST_FINDINGS
    return {
        "resource_type": resource.resource_type,
        "resource_id": resource.resource_id,
        "resource_name": one_line(resource.name),
        "security_configuration": one_line(resource.security_configuration),
        "release": one_line(resource.release),
        "compliance": verdict.compliance.value,
        "reasons": list(dict.fromkeys(each.reason.value for each in verdict.violations)),
        "annotation": annotation(verdict),
        "findings": [
            {
                "reason": finding.reason.value,
                "severity": finding.severity.value,
                "detail": clip(finding.detail, DETAIL_LIMIT),
            }
            for finding in verdict.findings[:MOST_FINDINGS]
        ],
        **({"findings_left_out": left_out} if left_out > 0 else {}),
        **_exemption_field(verdict),
        **({"tags": dict(resource.tags)} if resource.tags else {}),
        **({"launched_by": one_line(resource.launched_by)} if resource.launched_by else {}),
    }


def _facts_fields(facts: ClusterFacts | SecurityConfigurationFacts | None) -> dict[str, str]:
    """Return what a verdict rests on: a name alone could be that of a configuration made anew."""
    if facts is None:
        return {"facts_hash": ""}
    found = {"facts_hash": facts_hash(facts)}
    configuration: SecurityConfigurationFacts | None
    if isinstance(facts, ClusterFacts):
        found["cluster_created"] = _in_utc(facts.created)
        configuration = facts.security_configuration
    else:
        configuration = facts
    if configuration is not None:
        found["security_configuration_created"] = _in_utc(configuration.created)
    return found


def count_held_back(
    logger: logging.Logger, function_name: str, resources: int, now: datetime
) -> None:
    """Have CloudWatch count that people should have been told of something, and were not."""
    metrics = metric_fields(function_name, {"AlertsHeldBack": resources}, now)
    logger.warning("people were not told", extra=metrics)


def facts_hash(facts: ClusterFacts | SecurityConfigurationFacts) -> str:
    """Return the SHA-256 of what a verdict rests on; equal facts have the same in every run.

    A cluster's state is left out: it goes on changing, and the ledger's may be old. So are the tags
    that say whom to tell: no verdict rests on them.
    """
    document = facts._asdict()
    for name in ("state", "tags"):
        document.pop(name, None)
    text = json.dumps(document, default=_in_utc, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _exemption_field(verdict: Verdict) -> dict[str, Any]:
    exemption = verdict.exemption
    if exemption is None:
        return {}
    until = exemption.until.isoformat() if exemption.until else None
    text = clip(exemption.text, TAG_LIMIT)
    return {"exemption": {"tag": exemption.tag, "text": text, "until": until}}


def metric_fields(function_name: str, metrics: Mapping[str, int], now: datetime) -> dict[str, Any]:
    """Return the fields of ``extra`` that make CloudWatch count these metrics for a function.

    Lambda's JSON log format escapes a document that is passed as the message, so it is passed as
    fields, which stand at the top level of the line.
    """
    return {
        "_aws": {
            "Timestamp": int(now.timestamp() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["FunctionName"]],
                    "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
                }
            ],
        },
        "FunctionName": function_name,
        **metrics,
    }
