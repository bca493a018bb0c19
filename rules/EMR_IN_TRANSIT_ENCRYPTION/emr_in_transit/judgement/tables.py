"""Pure: reads the tables that the judgement rests on, CSV files beside this module.

They are part of the code: read once, when it is imported, from wherever it was imported.
"""

import csv
import pkgutil

from emr_in_transit.judgement.releases import Release, since


def read_table(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of this package, each by the names of its columns."""
    content = pkgutil.get_data(__package__, name)
    if content is None:
        raise FileNotFoundError(name)
    return tuple(csv.DictReader(content.decode().splitlines()))


def names(cell: str) -> tuple[str, ...]:
    """Return the items of a cell, which semicolons part."""
    return tuple(item.strip() for item in cell.split(";")) if cell else ()


def release_or_none(cell: str) -> Release | None:
    """Return the release in a cell, None for an empty one."""
    return since(cell)[0] if cell else None
