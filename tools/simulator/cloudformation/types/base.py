"""Simulator: what every resource type of a stack has: how it is made, changed and removed.

CloudFormation makes resources by their services' own API, with the rights of whoever asks for the
stack: its calls are the caller's own and carry `aws:CalledVia`. Where IAM is not enforced, and for
the administrator, they are the administrator's.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NamedTuple

from moto.utilities.utils import get_partition

from tools.simulator import accounts, iam, identity

Properties = Mapping[str, Any]

_SERVICE = "cloudformation.amazonaws.com"
caller: ContextVar[str] = ContextVar("caller", default="")  # the access key of whoever asks


class Place(NamedTuple):
    """Where resources are made."""

    account: str
    region: str

    def client(self, service: str) -> Any:
        """Return a client that acts for whoever asks CloudFormation for something."""
        key_id = caller.get()
        if not key_id or not iam.settings.enforce or accounts.account_of_administrator(key_id):
            return identity.client(service, *self)
        return identity.forwarding_client(service, self.region, key_id, _SERVICE)

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource here."""
        return f"arn:{get_partition(self.region)}:{service}:{self.region}:{self.account}:{resource}"


class Made(NamedTuple):
    """A resource that has been made: what Ref returns, and what GetAtt returns."""

    physical_id: str
    attributes: Mapping[str, str] = {}


@dataclass
class Deployed:
    """A resource that a stack has made."""

    name: str
    resource_type: str
    properties: Properties
    physical_id: str
    attributes: Mapping[str, str]
    retained: bool

    # What moto reads of it when it describes a stack.
    physical_resource_id = property(lambda self: self.physical_id)
    logical_resource_id = property(lambda self: self.name)
    cf_resource_type = property(lambda self: self.resource_type)


TYPES: dict[str, "ResourceType"] = {}


class ResourceType:
    """A type: the properties that it honours, and by which calls it is made, changed and removed.

    `named` is the property that holds its name, if CloudFormation does not alone name it.
    """

    honoured: frozenset[str] = frozenset()
    named = ""
    create: Callable[..., Made]
    delete: Callable[..., None]

    def __init_subclass__(cls, of: str, named: str = "") -> None:
        """Make the type known by its name."""
        cls.named, cls.honoured = named, cls.honoured | ({named} if named else set())
        TYPES[of] = cls()

    def update(self, place: Place, old: Deployed, given: Properties) -> None:
        """Change a resource: where a type says nothing else, creating it again does."""
        self.create(place, old.physical_id, given)


def deletion(
    service: str, operation: str, parameter: str, *, listed: bool = False
) -> Callable[[Any, Place, Deployed], None]:
    """Return the deletion of a resource by one call that names it, or a list of such."""

    def delete(_type: ResourceType, place: Place, one: Deployed) -> None:
        name = [one.physical_id] if listed else one.physical_id
        getattr(place.client(service), operation)(**{parameter: name})

    return delete


def chosen(properties: Properties, names: Iterable[str]) -> dict[str, Any]:
    """Return those of the properties that are named."""
    return {name: properties[name] for name in names if name in properties}


def policy_text(document: Any) -> str:
    """Return a policy, or another document, as text, whichever form the template gives it."""
    return document if isinstance(document, str) else json.dumps(document)
