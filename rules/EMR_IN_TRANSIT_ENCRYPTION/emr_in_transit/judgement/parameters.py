"""Pure: the parameters of the rule, in one table, and how their texts are read."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from emr_in_transit.judgement.parameter_values import (
    MOST_EXPIRY_DAYS,
    Coverage,
    OverrideScope,
    UnknownOverrideError,
    read_days,
    read_list,
    read_overrides,
    read_tag_key,
    shown,
)

KNOWN_PROVIDERS = ("PEM", "Custom", "EMR")


class ParameterError(Exception):
    """A rule parameter is unknown, empty, or not what it takes."""


class RuleParameters(NamedTuple):
    """What the owner of the rule has decided; read it with ``parse_parameters``."""

    certificate_expiry_days: int
    allowed_certificate_providers: tuple[str, ...]
    approved_security_configurations: tuple[str, ...]  # empty: every name is approved
    coverage: Coverage = Coverage.CONFIGURED
    exemption_tag_key: str = ""  # "": nothing is exempt
    accepted_overrides: tuple[str, ...] = ()
    override_scope: OverrideScope = OverrideScope.CLUSTER


class Parameter(NamedTuple):
    """One rule parameter: its name, its default, what it takes and what it does, in words."""

    name: str
    attribute: str
    default: str  # "" when leaving it out switches the check off
    takes: str
    effect: str
    read: Callable[[str], Any]
    left_out: Any = ()  # its value where it has no default


PARAMETERS = (
    Parameter(
        "coverage",
        "coverage",
        Coverage.CONFIGURED,
        " or ".join(Coverage),
        "With complete, a cluster violates where endpoints of its applications stay in clear text "
        "that another release or set-up would protect, where a property weakens encryption, and "
        "where its release or an application is not known; with configured, that is a warning.",
        Coverage,
    ),
    Parameter(
        "exemptionTagKey",
        "exemption_tag_key",
        "",
        "a tag key of at most 128 characters",
        "Clusters with this tag are not judged; a date (2027-01-31) at the beginning of its value "
        "is the last day on which that holds, in UTC.",
        read_tag_key,
        left_out="",
    ),
    Parameter(
        "certificateExpiryDays",
        "certificate_expiry_days",
        "30",
        f"a whole number from 0 to {MOST_EXPIRY_DAYS}",
        "Warn so many days before a certificate authority managed by EMR expires.",
        read_days,
    ),
    Parameter(
        "allowedCertificateProviders",
        "allowed_certificate_providers",
        ",".join(KNOWN_PROVIDERS),
        "a comma-separated list of names, in exact letter case",
        "Only these certificate providers are accepted. A name that the rule does not know is "
        "accepted as it stands.",
        read_list,
    ),
    Parameter(
        "approvedSecurityConfigurations",
        "approved_security_configurations",
        "",
        "a comma-separated list of names, in which * stands for any characters",
        "Only security configurations with these names are accepted; without it, any name is.",
        read_list,
    ),
    Parameter(
        "acceptedOverrides",
        "accepted_overrides",
        "",
        "a comma-separated list of classification/property",
        "These properties are no finding, whatever their value; in per-bucket names of S3A, * "
        "stands for any bucket.",
        read_overrides,
    ),
    Parameter(
        "overrideScope",
        "override_scope",
        OverrideScope.CLUSTER,
        " or ".join(OverrideScope),
        "With instances, the configurations of instance groups and fleets are read as well, at "
        "every sweep.",
        OverrideScope,
    ),
)
# rdklib reads these itself (rdklib/configrule.py).
PASSED_THROUGH = ("AssumeRoleMode", "ExecutionRoleName", "ExecutionRoleRegion")


def parse_parameters(given: Mapping[str, object]) -> RuleParameters:
    """Return the parameters that AWS Config passes as texts; what is left out has its default.

    Raises ParameterError, which names every parameter that is wrong and what it takes.
    """
    known = {parameter.name: parameter for parameter in PARAMETERS}
    problems: list[str] = []
    values: dict[str, Any] = {
        parameter.attribute: parameter.read(parameter.default)
        if parameter.default
        else parameter.left_out
        for parameter in PARAMETERS
    }
    for name, value in given.items():
        if name in known:
            try:
                values[known[name].attribute] = known[name].read(_text(value))
            except UnknownOverrideError as error:
                problems.append(f"{name} takes {known[name].takes}: {error}")
            except ValueError:
                problems.append(f"{name} takes {known[name].takes}, not {shown(value)}")
        elif name not in PASSED_THROUGH:
            names = ", ".join([*known, *PASSED_THROUGH])
            problems.append(f"{shown(name)} is no parameter of this rule, which takes {names}")
        elif not isinstance(value, str) or not value.strip():
            problems.append(f"{name} takes a text, not {shown(value)}")
    if problems:
        raise ParameterError("; ".join(problems))
    return RuleParameters(**values)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()
