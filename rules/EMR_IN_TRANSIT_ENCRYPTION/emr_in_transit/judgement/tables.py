"""Pure: reads the tables that the judgement rests on, CSV files beside this module.

They are part of the code: read once, when it is imported, from wherever it was imported.
"""

import csv
import pkgutil
from typing import cast

from emr_in_transit.judgement.releases import Release, since


def read_table(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a table of this package, each by the names of its columns."""
    # None is for loaders that cannot read data; that of a folder, and that of a zip, both can.
    content = cast("bytes", pkgutil.get_data(__package__, name))
    return tuple(csv.DictReader(content.decode().splitlines()))


def names(cell: str) -> tuple[str, ...]:
    """Return the items of a cell, which semicolons part."""
    return tuple(item.strip() for item in cell.split(";")) if cell else ()


def release_or_none(cell: str) -> Release | None:
    """Return the release in a cell, None for an empty one."""
    return since(cell)[0] if cell else None
