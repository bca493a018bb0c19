"""Reads what AWS Config has on record: of an aggregator's accounts, or of one account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.alerting.alert import CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE
from emr_in_transit.aws.errors import AWS_ERRORS, explain
from emr_in_transit.aws.rules import is_named, name_forms
from emr_in_transit.judgement.wording import one_line
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.outcomes import Outcome
from emr_in_transit_cli.reporting.status import Gap, GapKind, Place, Reading, Recorded, findings_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    # Called with how many rules have been read, and of how many.
    Progress = Callable[[int, int], None]

AGGREGATOR_PERMISSIONS = (
    "config:DescribeAggregateComplianceByConfigRules",
    "config:GetAggregateComplianceDetailsByConfigRule",
    "config:DescribeConfigurationAggregatorSourcesStatus",
)
RULE_PERMISSIONS = ("config:GetComplianceDetailsByConfigRule",)
LIST_PERMISSIONS = ("config:DescribeConfigRules",)
# What template.yml and the conformance pack call the rules.
RULE_NAMES = (
    "EMR_IN_TRANSIT_ENCRYPTION",
    "EMR_IN_TRANSIT_ENCRYPTION_CONFIGURATIONS",
    "EMR_IN_TRANSIT_ENCRYPTION_CONFIGS",
)
# AWS Config gives no more at once (AWS Config API model).
MOST_RULES, MOST_DETAILS, MOST_SOURCES = 1000, 100, 100
_OURS = (CLUSTER_TYPE, SECURITY_CONFIGURATION_TYPE)
_FAILED = {"FAILED": GapKind.SOURCE_FAILED, "OUTDATED": GapKind.SOURCE_OUTDATED}


class _Rule(NamedTuple):
    """One rule in one account and Region."""

    account: str
    region: str
    name: str


def read_aggregator(
    client: Any, aggregator: str, names: Sequence[str], now: datetime, progress: Progress
) -> Reading:
    """Return what an aggregator has of the rules of these names, in all its accounts and Regions.

    A rule, or the state of the sources, that cannot be read is a gap. Raises CannotTellError where
    the list of rules cannot be read.
    """
    about = {"ConfigurationAggregatorName": aggregator}
    rules = sorted(set(_aggregated_rules(client, about, names)))
    places, gaps = _sources(client, about)
    results: list[Recorded] = []
    for number, rule in enumerate(rules):
        progress(number, len(rules))
        key = {"AccountId": rule.account, "AwsRegion": rule.region, "ConfigRuleName": rule.name}
        pages = _pages(
            client, "get_aggregate_compliance_details_by_config_rule", MOST_DETAILS, about | key
        )
        found, problems = _details(rule, pages, "AggregateEvaluationResults")
        results += found
        gaps += problems
    progress(len(rules), len(rules))
    places |= {Place(each.account, each.region) for each in rules}
    region = client.meta.region_name
    source = f"aggregator {aggregator} in {region}"
    return Reading("aggregator", source, now, tuple(results), tuple(gaps), frozenset(places))


def read_account(
    client: Any, place: Place, names: Sequence[str], now: datetime, progress: Progress
) -> Reading:
    """Return what AWS Config has of the rules of these names in one account and Region.

    A rule that cannot be read is a gap. Raises CannotTellError where the list of rules cannot be.
    """
    try:
        pages = client.get_paginator("describe_config_rules").paginate()
        listed = [each["ConfigRuleName"] for page in pages for each in page["ConfigRules"]]
    except AWS_ERRORS as error:
        raise CannotTellError(explain("DescribeConfigRules", error)) from error
    rules = [_Rule(*place, each) for each in sorted(listed) if is_ours(each, names)]
    results: list[Recorded] = []
    gaps: list[Gap] = []
    for number, rule in enumerate(rules):
        progress(number, len(rules))
        found_pages = _pages(
            client,
            "get_compliance_details_by_config_rule",
            MOST_DETAILS,
            {"ConfigRuleName": rule.name},
        )
        found, problems = _details(rule, found_pages, "EvaluationResults")
        results += found
        gaps += problems
    progress(len(rules), len(rules))
    source = f"AWS Config of {place.account} in {place.region}"
    return Reading("account", source, now, tuple(results), tuple(gaps), frozenset({place}))


def is_ours(rule_name: str, names: Iterable[str]) -> bool:
    """Return whether a rule has one of these names, in any form that AWS Config gives it."""
    return any(is_named(rule_name, name_forms(each)) for each in names)


def _aggregated_rules(
    client: Any, about: Mapping[str, Any], names: Sequence[str]
) -> Iterator[_Rule]:
    """Return the rules with results; AWS Config can filter by a whole name alone, so all are read."""
    operation = "describe_aggregate_compliance_by_config_rules"
    try:
        for page in _pages(client, operation, MOST_RULES, about):
            for each in page["AggregateComplianceByConfigRules"]:
                if is_ours(each["ConfigRuleName"], names):
                    yield _Rule(each["AccountId"], each["AwsRegion"], each["ConfigRuleName"])
    except AWS_ERRORS as error:
        said = explain("DescribeAggregateComplianceByConfigRules", error)
        raise CannotTellError(said) from error


def _sources(client: Any, about: Mapping[str, Any]) -> tuple[set[Place], list[Gap]]:
    """Return the accounts and Regions that are aggregated, and those that are not up to date."""
    places: set[Place] = set()
    gaps: list[Gap] = []
    operation = "describe_configuration_aggregator_sources_status"
    try:
        for page in _pages(client, operation, MOST_SOURCES, about):
            for each in page["AggregatedSourceStatusList"]:
                source, region = each.get("SourceId", ""), each.get("AwsRegion", "")
                if each.get("SourceType") == "ACCOUNT" and region:
                    places.add(Place(source, region))
                kind = _FAILED.get(each.get("LastUpdateStatus", ""))
                if kind is not None:
                    said = (each.get("LastErrorCode", ""), each.get("LastErrorMessage", ""))
                    detail = one_line(": ".join(filter(None, said))) or "AWS Config names no error"
                    gaps.append(Gap(kind, source, region, detail, each.get("LastUpdateTime")))
    except AWS_ERRORS as error:
        said_so = explain("DescribeConfigurationAggregatorSourcesStatus", error)
        gaps.append(Gap(GapKind.COULD_NOT_TELL, "", "", one_line(said_so)))
    return places, gaps


def _details(
    rule: _Rule, pages: Iterable[Mapping[str, Any]], member: str
) -> tuple[list[Recorded], list[Gap]]:
    """Return the results of one rule, and what is wrong with them; no error costs another rule."""
    results: list[Recorded] = []
    gaps: list[Gap] = []
    try:
        for page in pages:
            for each in page[member]:
                qualifier = each["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
                if qualifier["ResourceType"] not in _OURS:
                    continue
                if each["ComplianceType"] == "INSUFFICIENT_DATA":
                    detail = f"{rule.name}: AWS Config has no data on {qualifier['ResourceId']}"
                    gaps.append(_gap(rule, detail))
                else:
                    results.append(_recorded(rule, qualifier, each))
    except AWS_ERRORS as error:
        name = getattr(error, "operation_name", "") or "the details"
        gaps.append(_gap(rule, f"{rule.name}: {explain(name, error)}"))
    except (KeyError, ValueError) as error:
        gaps.append(_gap(rule, f"{rule.name}: AWS Config answered without {error}"))
    return results, gaps


def _recorded(rule: _Rule, qualifier: Mapping[str, str], each: Mapping[str, Any]) -> Recorded:
    annotation = one_line(each.get("Annotation", ""))
    compliance = Outcome(each["ComplianceType"])
    return Recorded(
        *rule,
        qualifier["ResourceType"],
        qualifier["ResourceId"],
        "",
        compliance,
        findings_of(annotation, compliance),
        annotation,
        each.get("ResultRecordedTime"),
    )


def _gap(rule: _Rule, detail: str) -> Gap:
    return Gap(GapKind.COULD_NOT_TELL, rule.account, rule.region, one_line(detail))


def _pages(
    client: Any, operation: str, size: int, query: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    # A page can be empty and yet not be the last one (AWS Config API reference).
    paginator = client.get_paginator(operation)
    yield from paginator.paginate(**query, PaginationConfig={"PageSize": size})
