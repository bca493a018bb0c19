"""Simulator: a stack's parameters: their values and their constraints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError

from tools.simulator.cloudformation.template_intrinsics import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER_TYPES = frozenset({"Number", "List<Number>"})
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def _is_list(declared: Mapping[str, Any]) -> bool:
    """Return whether the parameter's value is a list."""
    kind = str(declared.get("Type", "String"))
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def values(template: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter's value as Ref would; refuse what CloudFormation refuses."""
    declared: Mapping[str, Any] = template.get("Parameters") or {}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ValidationError(
            message=f"Parameters: [{', '.join(unknown)}] do not exist in the template"
        )
    texts = {
        name: given.get(name, one.get("Default"))
        for name, one in declared.items()
        if name in given or "Default" in one
    }
    missing = sorted(set(declared) - set(texts))
    if missing:
        raise ValidationError(message=f"Parameters: [{', '.join(missing)}] must have values")
    for name, one in declared.items():
        _check(name, one, text_of(texts[name]))
    return {
        name: _split(text_of(texts[name])) if _is_list(one) else text_of(texts[name])
        for name, one in declared.items()
    }


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text else []


def _check(name: str, declared: Mapping[str, Any], text: str) -> None:
    parts = _split(text) if _is_list(declared) else [text]
    described = declared.get("ConstraintDescription")
    for part in parts:
        problem = _problem(declared, part)
        if problem:
            detail = f" failed to satisfy constraint: {described}" if described else f" {problem}"
            raise ValidationError(message=f"Parameter '{name}'{detail}")


def _problem(declared: Mapping[str, Any], text: str) -> str | None:
    """Return what is wrong with one value, or None."""
    allowed = declared.get("AllowedValues")
    if allowed is not None and text not in [text_of(one) for one in allowed]:
        return f"must be one of AllowedValues {allowed}"
    pattern = declared.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        return f"must match pattern {pattern}"
    if declared.get("Type") in _NUMBER_TYPES:
        return _number_problem(declared, text)
    low, high = int(declared.get("MinLength", 0)), int(declared.get("MaxLength", len(text)))
    if not low <= len(text) <= high:
        return f"must contain at least {low} and at most {high} characters"
    return None


def _number_problem(declared: Mapping[str, Any], text: str) -> str | None:
    if not _NUMBER.fullmatch(text):
        return "must be a number"
    low, high = declared.get("MinValue"), declared.get("MaxValue")
    if low is not None and float(text) < float(low):
        return f"must be a number not less than {low}"
    if high is not None and float(text) > float(high):
        return f"must be a number not greater than {high}"
    return None
