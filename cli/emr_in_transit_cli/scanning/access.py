"""Whose clusters a scan reads, by whose credentials, and which permissions that takes."""

from __future__ import annotations

import re
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError

from emr_in_transit.aws import emr
from emr_in_transit.judgement.parameters import OverrideScope
from emr_in_transit_cli import account
from emr_in_transit_cli.errors import UsageError
from emr_in_transit_cli.policies import policy, statement
from emr_in_transit_cli.scanning.scan import AccountScan

if TYPE_CHECKING:
    import boto3

    from emr_in_transit.judgement.parameters import RuleParameters

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_ROLE_ARN = re.compile(r"arn:[\w-]+:iam::([0-9]{12}):role/[\w+=,.@/-]+", re.ASCII)
_ROLE_NAME = re.compile(r"[\w+=,.@/-]+", re.ASCII)


class Access(NamedTuple):
    """What the command line says of whom to ask."""

    profile: str | None = None
    regions: tuple[str, ...] = ()
    all_regions: bool = False
    role_arn: str | None = None
    accounts: str | None = None  # the file
    role_name: str | None = None
    external_id: str | None = None

    def check(self) -> None:
        """Raise UsageError where the options do not go together, or are not what they take."""
        takes_role = bool(self.role_arn or self.accounts)
        problems = {
            "--region and --all-regions exclude each other": self.regions and self.all_regions,
            "--role-arn and --accounts exclude each other": self.role_arn and self.accounts,
            "--accounts and --role-name need each other": bool(self.accounts)
            is not bool(self.role_name),
            "--external-id needs --role-arn or --accounts": self.external_id and not takes_role,
            f"--role-arn takes the ARN of a role, not {self.role_arn!r}": self.role_arn
            and not _ROLE_ARN.fullmatch(self.role_arn),
            f"--role-name takes the name of a role, not {self.role_name!r}": self.role_name
            and not _ROLE_NAME.fullmatch(self.role_name),
        }
        for problem, holds in problems.items():
            if holds:
                raise UsageError(problem)
        self._check_regions()

    def _check_regions(self) -> None:
        known = account.regions_with_emr(self.session()) if self.regions else frozenset()
        for each in self.regions:
            if each not in known:
                near = get_close_matches(each, sorted(known), n=1)
                hint = f"did you mean {near[0]}?" if near else "a newer boto3 may"
                raise UsageError(f"--region: boto3 knows no EMR in {each[:40]!r} ({hint})")

    def session(self) -> boto3.Session:
        """Return the session of the caller's own credentials; raise UsageError."""
        otherwise = account.ANY_REGION if self.all_regions else ""
        return account.session(self.profile, next(iter(self.regions), None), otherwise)


def scanned_accounts(access: Access) -> list[AccountScan]:
    """Return the accounts that are to be scanned; raise UsageError, CannotTellError."""
    base = access.session()
    try:
        if base.get_credentials() is None:
            raise UsageError("AWS settings have no credentials: give --profile, or set AWS_PROFILE")
    except BotoCoreError as error:
        raise UsageError(f"AWS settings: {error}") from error
    regions = () if access.all_regions else (access.regions or (str(base.region_name),))
    regions = tuple(dict.fromkeys(regions))
    if not access.role_arn and not access.accounts:
        return [AccountScan(account.own_account(base), base, regions)]
    return [
        AccountScan(
            number,
            account.role_session(base, role, access.external_id, access.profile),
            regions,
        )
        for number, role in _roles(access, account.partition_of(base)).items()
    ]


def _roles(access: Access, partition: str) -> dict[str, str]:
    """Return the ARN of the role in each account."""
    if access.role_arn:
        return {access.role_arn.split(":")[4]: access.role_arn}
    numbers = _read_accounts(str(access.accounts))
    return {each: f"arn:{partition}:iam::{each}:role/{access.role_name}" for each in numbers}


def _read_accounts(path: str) -> list[str]:
    """Return the account numbers of a file, once each; # begins a comment."""
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"--accounts {path} cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--accounts {path} is no text in UTF-8") from error
    found: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        for each in line.partition("#")[0].replace(",", " ").split():
            if not _ACCOUNT.fullmatch(each):
                raise UsageError(
                    f"--accounts {path}, line {number}: {each[:40]!r} is no account number, which "
                    "has 12 digits"
                )
            found.append(each)
    if not found:
        raise UsageError(f"--accounts {path} names no account")
    return list(dict.fromkeys(found))


class Permissions(NamedTuple):
    """The policy that reading takes, and what the caller needs besides, where a role reads."""

    policy: dict[str, Any]
    caller: tuple[str, ...] = ()


def permissions(access: Access, parameters: RuleParameters, *, from_rule: bool) -> Permissions:
    """Return the least that a scan needs. Nothing is asked of AWS for it."""
    partition = account.partition_of(access.session())
    on_clusters = ["elasticmapreduce:DescribeCluster"]
    # Nobody knows what a rule says before it is read.
    if from_rule or parameters.override_scope is OverrideScope.INSTANCES:
        on_clusters += emr.INSTANCE_PERMISSIONS
    on_all = {*emr.LIST_PERMISSIONS, *emr.PERMISSIONS} - {*on_clusters}
    clusters = f"arn:{partition}:elasticmapreduce:*:*:cluster/*"
    statements = [
        statement("ReadClusters", on_clusters, clusters),
        statement("ListClustersAndReadSecurityConfigurations", on_all, "*"),
    ]
    if access.all_regions:
        statements.append(statement("FindRegions", account.REGION_PERMISSIONS, "*"))
    rule = account.RULE_PERMISSIONS if from_rule else ()
    caller: tuple[str, ...] = ()
    if role := access.role_arn or access.role_name:
        arn = role if access.role_arn else f"arn:{partition}:iam::*:role/{role}"
        caller = (f"{account.ROLE_PERMISSIONS[0]} on {arn}", *(f"{each} on *" for each in rule))
    elif rule:
        statements.append(statement("ReadRule", rule, "*"))
    return Permissions(policy(statements), caller)
