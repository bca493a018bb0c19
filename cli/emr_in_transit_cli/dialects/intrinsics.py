"""CloudFormation's functions, evaluated as far as their parts are known.

Parameters count as they are given, else by their default, else as each value that is allowed. Of a
condition both sides are tried; what only the account knows is Unknown.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.worlds import Unknown, as_text, join_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from emr_in_transit_cli.worlds import World

NO_VALUE = object()  # what AWS::NoValue stands for: the member is left out
_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_DYNAMIC = re.compile(r"\{\{resolve:([^}]*)\}\}")
_STORED = "AWS::SSM::Parameter::Value"  # its default is a name in the store, not the value
_LOOP = "Fn::ForEach::"


class Evaluator:
    """Evaluates the values of one template in one world."""

    def __init__(self, template: Mapping[str, Any], world: World, given: Mapping[str, str]) -> None:
        self._parameters = _object(template, "Parameters")
        self._conditions = _object(template, "Conditions")
        self._mappings = _object(template, "Mappings")
        self._resources = _object(template, "Resources")
        self._world = world
        self._given = given
        self._holds: dict[str, bool] = {}

    def assume(self, condition: object) -> None:
        """Take a condition as met: what depends on it is only there where it is."""
        if isinstance(condition, str):
            self._holds[condition] = True

    def value(self, value: Any) -> Any:
        """Return a value without functions; what nobody knows is Unknown."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, list):
            items = [self.value(each) for each in value]
            return [each for each in items if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            [(name, argument)] = value.items()
            if function := _FUNCTIONS.get(name):
                return function(self, argument)
            if name.startswith("Fn::") and not name.startswith(_LOOP):
                return _unknown(value, name)
        return self._members(value)

    def _members(self, value: Mapping[str, Any]) -> Any:
        if "Fn::Transform" in value:
            return _unknown(value, "what Fn::Transform makes")
        ready: dict[str, Any] = {}
        for name, inner in expand_loops(value, self.value).items():
            if (evaluated := self.value(inner)) is not NO_VALUE:
                ready[name] = evaluated
        return ready

    def _text(self, text: str) -> Any:
        if "{{resolve:" not in text:
            return text
        parts: list[Any] = []
        for index, piece in enumerate(_DYNAMIC.split(text)):
            parts.append(Unknown(f"resolve:{piece}", "a dynamic reference") if index % 2 else piece)
        return join_texts(parts)

    def ref(self, name: Any) -> Any:
        """Return what Ref gives."""
        if name == "AWS::NoValue":
            return NO_VALUE
        if not isinstance(name, str):
            return _unknown(name, "Ref")
        if name in self._parameters:
            return self._parameter(name)
        if name in self._resources:
            return Unknown(f"Ref {name}", f"Ref {name}", resource=name)
        return Unknown(f"${{{name}}}", name)

    def _parameter(self, name: str) -> Any:
        declared = self._parameters[name]
        declared = declared if isinstance(declared, dict) else {}
        unknown = Unknown(f"${{{name}}}", f"parameter {name}")
        kind = str(declared.get("Type", "String"))
        if name in self._given:
            value: Any = self._given[name]
        elif kind.startswith(_STORED):
            return unknown
        elif "Default" in declared:
            value = declared["Default"]
            self._world.assumed[f"parameter {name} has its default"] = None
        elif isinstance(allowed := declared.get("AllowedValues"), list) and allowed:
            value = self._world.choose(unknown, allowed)
        else:
            return unknown
        if "List" in kind:
            return [each.strip() for each in as_text(value).split(",")]
        return as_text(value)

    def condition(self, name: Any) -> bool:
        """Return whether a condition is met in this world."""
        if not isinstance(name, str) or name not in self._conditions:
            unknown = _unknown(name, "a condition")
            return self._world.choose(unknown, (True, False))
        if name not in self._holds:
            self._holds[name] = True  # a condition that names itself is refused by CloudFormation
            self._holds[name] = self._is_met(self._conditions[name], name)
        return self._holds[name]

    def _is_met(self, expression: Any, name: str) -> bool:
        met: bool | None = None
        match expression:
            case {"Condition": other}:
                met = self.condition(other)
            case {"Fn::Not": [inner]}:
                met = not self._is_met(inner, name)
            case {"Fn::And": [*several]}:
                met = all(self._is_met(each, name) for each in several)
            case {"Fn::Or": [*several]}:
                met = any(self._is_met(each, name) for each in several)
            case {"Fn::Equals": [left, right]} if self._is_given(left) and self._is_given(right):
                met = self._are_equal(left, right)
            case _:
                pass
        if met is None:
            asked = Unknown(_key(expression), f"condition {name}")
            return self._world.choose(asked, (True, False))
        return met

    def _are_equal(self, left: Any, right: Any) -> bool | None:
        """Return whether two expressions are equal, None where nobody knows."""
        first, second = self.value(left), self.value(right)
        if isinstance(first, Unknown) or isinstance(second, Unknown):
            return True if first == second else None
        return as_text(first) == as_text(second)

    def _is_given(self, value: Any) -> bool:
        """Return whether a side of Equals is settled: no parameter that has only its default."""
        if isinstance(value, dict) and "Ref" in value and value["Ref"] in self._parameters:
            return value["Ref"] in self._given
        if isinstance(value, dict | list):
            inner = value.values() if isinstance(value, dict) else value
            return all(self._is_given(each) for each in inner)
        return True

    def if_(self, argument: Any) -> Any:
        """Return the side of Fn::If that this world takes."""
        if not isinstance(argument, list) or len(argument) != 3:
            return _unknown(argument, "Fn::If")
        return self.value(argument[1] if self.condition(argument[0]) else argument[2])

    def sub(self, argument: Any) -> Any:
        """Return the text of Fn::Sub."""
        text, own = argument, {}
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            text, own = argument[0], argument[1]
        if not isinstance(text, str):
            return _unknown(argument, "Fn::Sub")
        parts: list[Any] = []
        end = 0
        for match in _VARIABLE.finditer(text):
            parts += [self._text(text[end : match.start()]), self._variable(match, own)]
            end = match.end()
        return join_texts([*parts, self._text(text[end:])])

    def _variable(self, match: re.Match[str], own: Mapping[str, Any]) -> Any:
        is_literal, name = match.groups()
        if is_literal:
            return f"${{{name}}}"
        name = name.strip()
        if name in own:
            return self.value(own[name])
        value = self.get_att(name.split(".", 1)) if "." in name else self.ref(name)
        return ",".join(map(as_text, value)) if isinstance(value, list) else value

    def join(self, argument: Any) -> Any:
        """Return the text of Fn::Join."""
        match self.value(argument):
            case [str(separator), [*items]]:
                parts: list[Any] = []
                for item in items:
                    parts += [separator, item]
                return join_texts(parts[1:])
            case _:
                return _unknown(argument, "Fn::Join")

    def split(self, argument: Any) -> Any:
        """Return the list of Fn::Split."""
        match self.value(argument):
            case [str(separator), str(text)] if separator:
                return text.split(separator)
            case _:
                return _unknown(argument, "Fn::Split")

    def select(self, argument: Any) -> Any:
        """Return the item of Fn::Select."""
        match self.value(argument):
            case [int() | str() as index, [*items]] if str(index).isdecimal():
                is_there = int(index) < len(items)
                return items[int(index)] if is_there else _unknown(argument, "Fn::Select")
            case _:
                return _unknown(argument, "Fn::Select")

    def find_in_map(self, argument: Any) -> Any:
        """Return what stands in a mapping; where a key is unknown, each value that could."""
        if not isinstance(argument, list) or len(argument) < 3:
            return _unknown(argument, "Fn::FindInMap")
        name, *keys = (self.value(each) for each in argument[:3])
        place: Any = self._mappings.get(name) if isinstance(name, str) else None
        for key in keys:
            if not isinstance(place, dict) or not place:
                break
            if isinstance(key, Unknown):
                place = place[self._world.choose(key, sorted(place))]
            else:
                place = place.get(as_text(key))
        if place is None and len(argument) == 4 and isinstance(argument[3], dict):
            return self.value(argument[3].get("DefaultValue"))
        return _unknown(argument, "Fn::FindInMap") if place is None else self.value(place)

    def get_att(self, argument: Any) -> Any:
        """Return an attribute, which only a resource that exists has."""
        shown = ".".join(argument) if _is_texts(argument) else "Fn::GetAtt"
        return Unknown(f"GetAtt {_key(argument)}", shown)

    def to_json(self, argument: Any) -> Any:
        """Return the JSON text of what is known."""
        value = self.value(argument)
        if _holds_unknown(value):
            return JsonText(value)
        return json.dumps(value)

    def import_value(self, argument: Any) -> Any:
        """Return what another stack exports."""
        return Unknown(f"ImportValue {_key(argument)}", "a value that another stack exports")


class JsonText(dict[str, Any]):
    """The value of Fn::ToJsonString: where a text of JSON is read, it is the object itself."""

    def __init__(self, value: Any) -> None:
        super().__init__(value if isinstance(value, dict) else {})


_FUNCTIONS: dict[str, Callable[[Evaluator, Any], Any]] = {
    "Ref": Evaluator.ref,
    "Fn::If": Evaluator.if_,
    "Fn::Sub": Evaluator.sub,
    "Fn::Join": Evaluator.join,
    "Fn::Split": Evaluator.split,
    "Fn::Select": Evaluator.select,
    "Fn::FindInMap": Evaluator.find_in_map,
    "Fn::GetAtt": Evaluator.get_att,
    "Fn::ToJsonString": Evaluator.to_json,
    "Fn::ImportValue": Evaluator.import_value,
}


def expand_loops(members: Mapping[str, Any], evaluate: Callable[[Any], Any]) -> dict[str, Any]:
    """Return an object with each Fn::ForEach in it written out (AWS::LanguageExtensions)."""
    ready: dict[str, Any] = {}
    for name, inner in members.items():
        if not name.startswith(_LOOP):
            ready[name] = inner
            continue
        match inner:
            case [str(identifier), collection, {**output}]:
                items = evaluate(collection)
            case _:
                raise CannotTellError(f"{name[:80]} is no Fn::ForEach that could be read")
        if not isinstance(items, list) or any(isinstance(each, Unknown) for each in items):
            raise CannotTellError(f"{name[:80]} goes through a list that is not known")
        for item in items:
            ready |= expand_loops(_replaced(output, identifier, as_text(item)), evaluate)
    return ready


def _replaced(value: Any, identifier: str, item: str) -> Any:
    if isinstance(value, str):
        text = value.replace(f"${{{identifier}}}", item)
        return text.replace(f"&{{{identifier}}}", re.sub(r"\W", "", item))
    if isinstance(value, list):
        return [_replaced(each, identifier, item) for each in value]
    if isinstance(value, dict):
        if value == {"Ref": identifier}:
            return item
        return {
            _replaced(key, identifier, item): _replaced(inner, identifier, item)
            for key, inner in value.items()
        }
    return value


def _unknown(expression: Any, what: str) -> Unknown:
    return Unknown(_key(expression), what)


def _key(expression: Any) -> str:
    return json.dumps(expression, sort_keys=True, default=str)


def _object(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _holds_unknown(value: Any) -> bool:
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return any(_holds_unknown(each) for each in inner)
    return isinstance(value, Unknown)


_MARK = "\ue000"  # of the private use area: in no document that people write


def parse_partly_known(text: Unknown) -> Any:
    """Return the JSON in a text that has unknown parts, which stay unknown; None where it is none."""
    if any(_MARK in piece for piece in text.pieces):
        return None
    source, in_text = [], False
    for index, piece in enumerate(text.pieces):
        if index:
            mark = f"{_MARK}{index}{_MARK}"
            source.append(mark if in_text else f'"{mark}"')
        source.append(piece)
        in_text ^= len(re.sub(r"\\.", "", piece).split('"')) % 2 == 0
    try:
        return _unmarked(json.loads("".join(source)), text)
    except (ValueError, RecursionError):
        return None


def _unmarked(value: Any, source: Unknown) -> Any:
    if isinstance(value, dict):
        if any(_MARK in key for key in value):
            return Unknown(f"member of {source.key}", source.what)
        return {key: _unmarked(inner, source) for key, inner in value.items()}
    if isinstance(value, list):
        return [_unmarked(each, source) for each in value]
    if isinstance(value, str) and _MARK in value:
        pieces = re.split(f"{_MARK}([0-9]+){_MARK}", value)
        holes = " ".join(pieces[1::2])
        return Unknown(f"{source.key} at {holes}", source.what, tuple(pieces[::2]))
    return value
