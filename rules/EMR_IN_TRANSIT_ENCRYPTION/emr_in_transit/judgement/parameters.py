"""Pure: the parameters of the rule, in one table, and how their texts are read."""

import json
import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple

from emr_in_transit.judgement.override_table import FORMER_KEYS, KEYS, rows_of

MOST_EXPIRY_DAYS = 3650
_WHOLE_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)
# What AWS takes as the key of a tag; one that begins with "aws:" cannot be set by users.
_TAG_KEY = re.compile(r"(?!aws:)[\w .:/=+@-]{1,128}", re.IGNORECASE)


class UnknownOverrideError(ValueError):
    """A property that no row of the override table has."""


class Coverage(StrEnum):
    """How much has to be encrypted."""

    CONFIGURED = "configured"  # what the security configuration asks for
    COMPLETE = "complete"  # every endpoint that some setting can protect


class OverrideScope(StrEnum):
    """Whose ``Configurations`` are looked at."""

    CLUSTER = "cluster"
    INSTANCES = "instances"  # those of the instance groups and fleets too


def read_days(text: str) -> int:
    """Return a number of days."""
    if not _WHOLE_NUMBER.fullmatch(text) or int(text) > MOST_EXPIRY_DAYS:
        raise ValueError
    return int(text)


def read_list(text: str) -> tuple[str, ...]:
    """Return the items between the commas."""
    items = tuple(item.strip() for item in text.split(","))
    if not all(items):
        raise ValueError
    return items


def read_tag_key(text: str) -> str:
    """Return the key of a tag that users can set."""
    if not _TAG_KEY.fullmatch(text):
        raise ValueError
    return text


def read_overrides(text: str) -> tuple[str, ...]:
    """Return a list of keys that the override table has; for another one, name the nearest.

    An asterisk may stand for a bucket's name, as it does in the table.
    """
    items = read_list(text)
    for item in items:
        classification, _, name = item.rpartition("/")
        if not rows_of(classification, name) and item not in FORMER_KEYS:
            nearest = get_close_matches(item, KEYS, n=3, cutoff=0.4) or KEYS[:3]
            raise UnknownOverrideError(
                f"{shown(item)} is not known, near it are {', '.join(nearest)}"
            )
    return items


def shown(value: object) -> str:
    """Return a value as it stands in a message: in ASCII, and short."""
    text = json.dumps(value, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


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
    # Not a parameter of the rule, but a setting of the function: AWS Config's 1,024 characters are
    # spent. None: an exemption may last as long as its tag says.
    exemption_max_days: int | None = None


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
        "Warn so many days before certificates expire: those of the authority that EMR manages, "
        "and those of a bundle that is looked into.",
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
    problems += _half_built_assume_role(given)
    if problems:
        raise ParameterError("; ".join(problems))
    return RuleParameters(**values)


def _half_built_assume_role(given: Mapping[str, object]) -> list[str]:
    """Return what is missing where the rule is to judge by a role that it assumes.

    rdklib would make it up: the role of AWS Config, which no function can assume, in this Region.
    """
    mode, *needed = PASSED_THROUGH
    is_on = str(given.get(mode, "False")).lower() != "false"  # as rdklib reads what is given
    missing = [name for name in needed if name not in given]
    if not is_on or not missing:
        return []
    return [f"{mode} needs {' and '.join(missing)} too, or the value False"]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError
    return value.strip()
