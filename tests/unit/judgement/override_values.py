"""Texts of values for the tests: for each row of the override table one that is weak, one secure."""

from emr_in_transit.judgement.override_table import OVERRIDES, Kind, Override

_ADDRESSES = {"http": "http://example.com:8080", "https": "https://example.com"}


def _text(row: Override, values: frozenset[str], otherwise: str) -> str:
    if row.values.kind in {Kind.ADDRESS, Kind.S3A_ADDRESS}:
        return _ADDRESSES[min(values)]
    return min(values) if values else otherwise


# By key; rows of one key differ only in their releases.
WEAK_TEXTS = {row.key: _text(row, row.values.weak, "com.example.Own") for row in OVERRIDES}
SECURE_TEXTS = {row.key: _text(row, row.values.secure, "") for row in OVERRIDES}
