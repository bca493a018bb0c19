"""Account check: calls to AWS, each with the IAM actions that it takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import boto3


class Call(NamedTuple):
    """One operation of AWS's API: the service as boto3 names it, and the rights that it takes."""

    service: str
    operation: str
    actions: tuple[str, ...]
    writes: bool = False  # whether it makes, changes or removes anything

    @property
    def name(self) -> str:
        """Return it as people say it."""
        return f"{self.service}:{self.operation}"


def read(service: str, operation: str, *actions: str) -> Call:
    """Return a call that changes nothing."""
    return Call(service, operation, actions)


def write(service: str, operation: str, *actions: str) -> Call:
    """Return a call that makes, changes or removes something."""
    return Call(service, operation, actions, writes=True)


WHO_AM_I = read("sts", "GetCallerIdentity")  # nobody needs a right for it


class UndeclaredCallError(Exception):
    """A check makes a call that it does not declare; the documents would not list its right."""


@dataclass(frozen=True)
class Aws:
    """The caller's account in one Region, open for the calls that have been declared."""

    session: boto3.Session
    region: str
    partition: str
    account: str
    caller: str  # the ARN of who asks
    calls: frozenset[Call] = frozenset()
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)  # by service and Region

    @classmethod
    def open(cls, session: boto3.Session, calls: Iterable[Call]) -> Self:
        """Return the account of a session's credentials; raise what AWS raises."""
        region = str(session.region_name)
        who = session.client(WHO_AM_I.service).get_caller_identity()
        partition = session.get_partition_for_region(region)
        return cls(session, region, partition, who["Account"], who["Arn"], frozenset(calls))

    def limited_to(self, calls: Iterable[Call]) -> Self:
        """Return the same account, open for these calls and no others."""
        return replace(self, calls=frozenset(calls))

    def client(self, service: str, region: str = "") -> Any:
        """Return a client; one is made for each service and Region."""
        key = service, region or self.region
        if key not in self.clients:
            self.clients[key] = self.session.client(service, region_name=key[1])
        return self.clients[key]

    def call(self, call: Call, *, region: str = "", **parameters: Any) -> dict[str, Any]:
        """Return AWS's answer; raise one of ``tools.aws_words.AWS_ERRORS``."""
        self._require(call)
        method = getattr(self.client(call.service, region), xform_name(call.operation))
        answer: dict[str, Any] = method(**parameters)
        return answer

    def items(self, call: Call, key: str, *, region: str = "", **parameters: Any) -> Iterator[Any]:
        """Iterate over what all pages of an answer hold under a key."""
        self._require(call)
        paginator = self.client(call.service, region).get_paginator(xform_name(call.operation))
        for page in paginator.paginate(**parameters):
            yield from page.get(key, [])

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """Return the ARN of a resource of this account, in its own Region unless told otherwise."""
        place = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{place}:{self.account}:{resource}"

    def _require(self, call: Call) -> None:
        if call not in self.calls:
            raise UndeclaredCallError(f"{call.name} is not declared")
