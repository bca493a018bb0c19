"""Account check: calls to AWS, each with the IAM actions that it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore import xform_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


class Aws:
    """The caller's account in one Region, open for the calls that have been declared."""

    def __init__(self, session: boto3.Session, calls: Sequence[Call] = ()) -> None:
        self.session = session
        self._calls = frozenset((*calls, WHO_AM_I))
        self._clients: dict[tuple[str, str], Any] = {}
        self.region = str(session.region_name)
        self.partition = session.get_partition_for_region(self.region)
        identity = self.call(WHO_AM_I)
        self.account, self.caller = str(identity["Account"]), str(identity["Arn"])

    def limited_to(self, calls: Sequence[Call]) -> Aws:
        """Return the same account, open for these calls and no others."""
        other = object.__new__(Aws)
        vars(other).update(vars(self), _calls=frozenset(calls))
        return other

    def client(self, service: str, region: str = "") -> Any:
        """Return a client; one is made for each service and Region."""
        key = service, region or self.region
        if key not in self._clients:
            self._clients[key] = self.session.client(service, region_name=key[1])
        return self._clients[key]

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
        if call not in self._calls:
            raise UndeclaredCallError(f"{call.name} is not declared")
