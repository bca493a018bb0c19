"""Pure: what a row of the override table consists of."""

from enum import StrEnum
from typing import NamedTuple

from emr_in_transit.judgement.releases import Release


class Basis(StrEnum):
    """What a row rests on."""

    MATRIX = "M"  # AWS names it as the switch
    DOCUMENTED = "D"  # the EMR guides say that EMR sets it
    ASSUMED = "A"  # the application's own documents; what EMR makes of it is not confirmed


class Source(NamedTuple):
    """Where to check a row."""

    basis: Basis
    page: str


class Where(NamedTuple):
    """The clusters on which a property does something."""

    application: str
    starts: tuple[Release, ...]
    before: Release | None = None  # where it ends; None: it still does something
    needs_kerberos: bool = False


class Values(NamedTuple):
    """The values that keep a property secure, and those that weaken it, in lower case."""

    secure: tuple[str, ...]
    weak: tuple[str, ...]


class Override(NamedTuple):
    """One property, as ``classification/property``, and the endpoints that it exposes."""

    key: str
    where: Where
    values: Values
    exposes: tuple[str, ...]  # labels of the coverage table
    source: Source
