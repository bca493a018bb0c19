"""What is judged: clusters, security configurations and properties, as the dialects find them.

A dialect brings every cluster into the shape of a DescribeCluster answer, in which Unknown stands
for what nobody knows before the launch.
"""

from __future__ import annotations

import json
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit.aws.emr import ENDED_STATES
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from emr_in_transit_cli.worlds import World

NOT_LAUNCHED = "not launched"  # the id of a cluster that is only asked for
Path = tuple[str | int, ...]


class What(StrEnum):
    """What a subject is."""

    CLUSTER = "cluster"
    SECURITY_CONFIGURATION = "security configuration"
    PROPERTIES = "configurations"


class Cluster(NamedTuple):
    """One cluster in one world: DescribeCluster's members, and what its groups or fleets set.

    ``SecurityConfiguration`` can be an Unknown that names a resource of the same document.
    """

    document: Mapping[str, Any]
    groups: tuple[tuple[str, object], ...] = ()
    primary_nodes: int | None = None


class Configuration(NamedTuple):
    """One security configuration in one world; its body is a text or an object."""

    name: str | Unknown
    body: object
    created: datetime | None = None  # None: it is not created yet
    label: str = ""  # how to call it where its name is not known


class Subject(NamedTuple):
    """One thing to judge; ``read`` says what it is in a world."""

    what: What
    address: str  # how people find it in their document
    path: Path  # where it stands there
    read: Callable[[World], Any]  # a Cluster, a Configuration, or groups of properties
    remark: str = ""


class Found(NamedTuple):
    """What a document holds that can be judged, and the dialect that it is written in."""

    dialect: str
    subjects: tuple[Subject, ...]


class Directory:
    """Finds a cluster's security configuration: in its own document, else among all that is given."""

    def __init__(
        self, own: Sequence[Subject], given: Sequence[Subject], others: Sequence[Subject]
    ) -> None:
        self._groups = [
            [each for each in group if each.what is What.SECURITY_CONFIGURATION]
            for group in (own, given, others)
        ]
        self.missed = False  # whether something was looked for in vain
        self.took_given = False  # whether one that was given by --configuration was found
        self._own = {each.address: each for each in self._groups[0]}

    def find(self, wanted: str | Unknown, world: World) -> Configuration | None:
        """Return it, None where nothing that was given is it; raise CannotTellError for several."""
        if isinstance(wanted, Unknown) and wanted.resource in self._own:
            own: Configuration = self._own[wanted.resource].read(world)
            return own
        for group in self._groups:
            read = [each for each in map(partial(_read, world), group) if each]
            same = [each for each in read if _is_called(each.name, wanted)]
            if len({json.dumps(each.body, default=str, sort_keys=True) for each in same}) > 1:
                raise CannotTellError(
                    f"several security configurations are called {shown_name(wanted)}"
                )
            if same:
                self.took_given |= group is self._groups[1]
                return same[0]
        # A body without a name is for whichever cluster it was given with.
        given = [each for each in map(partial(_read, world), self._groups[1]) if each]
        bare = [each for each in given if not each.name]
        self.missed |= not bare
        self.took_given |= len(bare) == 1
        return bare[0] if len(bare) == 1 else None


def _read(world: World, subject: Subject) -> Configuration | None:
    """Return a security configuration; None for one that cannot be read, nor be the one wanted."""
    try:
        found: Configuration = subject.read(world)
    except CannotTellError:
        return None
    return found


def _is_called(name: str | Unknown, wanted: str | Unknown) -> bool:
    if isinstance(name, Unknown) and isinstance(wanted, Unknown):
        return name.key == wanted.key
    return name == wanted and bool(name)


def shown_name(name: str | Unknown) -> str:
    """Return how messages call a security configuration."""
    return name.what if isinstance(name, Unknown) else json.dumps(name[:80])


def has_ended(document: Mapping[str, Any]) -> bool:
    """Return whether a described cluster is one that the rule no longer judges."""
    status = document.get("Status")
    return isinstance(status, dict) and status.get("State") in ENDED_STATES
