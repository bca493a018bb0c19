"""Simulator: CloudFormation's intrinsic functions, evaluated before a deployment and during it.

Before, resources do not exist: what depends on them is UNKNOWN, and so is what is made of it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from moto.cloudformation.exceptions import ValidationError
from moto.utilities.utils import get_partition


class _Marker:
    """A value that is no value."""


NO_VALUE: Final = _Marker()
UNKNOWN: Final = _Marker()

_PLACEHOLDER = re.compile(r"\$\{(!?)([^{}]*)\}")


def pseudo_parameters(
    account: str, region: str, stack_name: str, stack_id: Any = UNKNOWN
) -> dict[str, Any]:
    """Return the pseudo parameters of a stack; its id is unknown until it is there."""
    partition = get_partition(region)
    return {
        "AWS::AccountId": account,
        "AWS::NoValue": NO_VALUE,
        "AWS::Partition": partition,
        "AWS::Region": region,
        "AWS::StackId": stack_id,
        "AWS::StackName": stack_name,
        "AWS::URLSuffix": "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com",
    }


def contains_unknown(value: Any) -> bool:
    """Return whether some part of the value is not known yet."""
    if isinstance(value, dict):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def text_of(value: Any) -> str:
    """Return a scalar as CloudFormation writes it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Intrinsics:
    """Evaluates intrinsic functions; `reference` and `attribute` say what Ref and GetAtt return."""

    reference: Callable[[str], Any]
    attribute: Callable[[str, str], Any]
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """Return the value with every function in it evaluated."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self.reference(argument)
            if name.startswith("Fn::"):
                return self._call(name, argument)
        found = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not NO_VALUE}

    def holds(self, condition: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
        """Return a condition; `named` holds the template's conditions."""
        ((name, argument),) = condition.items()
        if name == "Condition":
            return self.holds(named[argument], named)
        if name == "Fn::Equals":
            left, right = (self.resolve(side) for side in argument)
            return text_of(left) == text_of(right)
        results = [self.holds(part, named) for part in argument]
        if name == "Fn::Not":
            return not results[0]
        if name in {"Fn::And", "Fn::Or"}:
            return all(results) if name == "Fn::And" else any(results)
        raise ValidationError(message=f"Template error: {name} is no condition function.")

    def _call(self, name: str, argument: Any) -> Any:
        if name == "Fn::If":
            condition, then, otherwise = argument
            return self.resolve(then if self.conditions[condition] else otherwise)
        if name == "Fn::GetAtt":
            parts = argument.split(".", 1) if isinstance(argument, str) else argument
            return self.attribute(parts[0], ".".join(str(self.resolve(part)) for part in parts[1:]))
        if name == "Fn::Sub":
            return self._sub(argument)
        if name not in _FUNCTIONS:
            raise ValidationError(message=f"Template error: the simulator does not have {name}.")
        resolved = self.resolve(argument)
        return UNKNOWN if contains_unknown(resolved) else _FUNCTIONS[name](*resolved)

    def _sub(self, argument: Any) -> Any:
        template, given = argument if isinstance(argument, list) else (argument, {})
        values = {key: self.resolve(item) for key, item in given.items()}
        parts = _PLACEHOLDER.findall(template)
        found = [self._substitute(name.strip(), values) for literal, name in parts if not literal]
        if any(each is UNKNOWN for each in found):
            return UNKNOWN
        texts = map(text_of, found)
        return _PLACEHOLDER.sub(
            lambda match: "${" + match[2] + "}" if match[1] else next(texts), template
        )

    def _substitute(self, name: str, values: Mapping[str, Any]) -> Any:
        if name in values:
            return values[name]
        if "." in name:
            return self.attribute(*name.split(".", 1))
        return self.reference(name)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Fn::Join": lambda delimiter, parts: str(delimiter).join(text_of(part) for part in parts),
    "Fn::Select": lambda index, options: options[int(index)],
    "Fn::Split": lambda delimiter, text: str(text).split(delimiter),
}
