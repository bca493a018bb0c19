"""Simulator: the Condition block of a policy statement. What is not known here fails closed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]  # a tuple: a key that has several values at once

# What the values that a key has must be, all or any of them; a single one, without a word before.
_QUANTIFIERS: dict[str, Callable[[list[bool]], bool]] = {
    "": all,
    "ForAllValues": all,
    "ForAnyValue": any,
}


class UnsupportedConditionError(Exception):
    """A condition says something that the simulator cannot judge."""


def holds(condition: Mapping[str, Any], context: Context) -> bool:
    """Return whether every operator of the block holds; keys of the context are in lower case."""
    return all(
        _operator_holds(operator, key, _texts(values), context)
        for operator, keys in condition.items()
        for key, values in keys.items()
    )


def like(pattern: str, text: str) -> bool:
    """Match IAM's wildcards: `*` for any characters, `?` for one."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _operator_holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    found = context.get(key.lower())
    if operator == "Null":
        return (found is None) == (values == ["true"])
    quantifier, _, single = operator.rpartition(":")
    name = single.removesuffix("IfExists")
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if test is None or quantifier not in _QUANTIFIERS:
        raise UnsupportedConditionError(f"The simulator cannot judge the operator {operator}.")
    if any("${" in value for value in values):
        raise UnsupportedConditionError(f"The simulator knows no policy variables ({key}).")
    if not quantifier and isinstance(found, tuple):
        raise UnsupportedConditionError(f"{key} has several values, {operator} is about one.")
    if found is None and not quantifier:  # a negated operator holds where the key is missing
        return negated or name != single
    each = (found,) if isinstance(found, str) else found or ()
    results = [any(test(value, one) for value in values) != negated for one in each]
    return _QUANTIFIERS[quantifier](results)


def _arn_like(pattern: str, text: str) -> bool:
    wanted, found = pattern.split(":", 5), text.split(":", 5)
    return len(wanted) == len(found) == 6 and all(map(like, wanted, found))


def _equal(wanted: str, found: str) -> bool:
    return wanted == found


def _equal_ignoring_case(wanted: str, found: str) -> bool:
    return wanted.lower() == found.lower()


def _texts(values: Any) -> list[str]:
    listed = values if isinstance(values, list) else [values]
    return [str(one).lower() if isinstance(one, bool) else str(one) for one in listed]


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equal_ignoring_case,
}
