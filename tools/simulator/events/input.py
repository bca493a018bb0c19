"""Simulator: what EventBridge makes of an event for a target: Input, InputPath, InputTransformer.

EventBridge does not escape the values that it puts into a template: a value with a quotation mark
breaks a JSON template. A variable whose path finds nothing is not there: nothing in its place
within a string, an empty text as a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.ext.parser import parse

from tools.simulator.refusals import RefusedError

Event = Mapping[str, Any]

_PLACEHOLDER = re.compile(r"<([A-Za-z0-9_.\-]+)>")
_PREDEFINED = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
_MISSING = object()


def check(target: Mapping[str, Any]) -> str | None:
    """Return why PutTargets refuses the target's input, or None."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name)]
    if len(given) > 1:
        return f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
    if given == ["Input"] and not _is_json(str(target["Input"])):
        return f"Parameter Input is not valid JSON for target {target['Id']}."
    if given == ["InputTransformer"]:
        return _check_transformer(target["Id"], target["InputTransformer"])
    return None


def text_for(target: Mapping[str, Any], event: Event, rule_arn: str) -> str:
    """Return the text that the target gets, or raise RefusedError if it is no JSON."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        found = _find(target["InputPath"], event)
        return json.dumps(None if found is _MISSING else found)
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    text = _transform(transformer, event, rule_arn)
    if transformer["InputTemplate"].lstrip().startswith("{") and not _is_json(text):
        raise RefusedError("INVALID_JSON", f"The input of target {target['Id']} is no JSON: {text}")
    return text


def _check_transformer(target_id: str, transformer: Mapping[str, Any]) -> str | None:
    template, paths = transformer.get("InputTemplate", ""), transformer.get("InputPathsMap") or {}
    unknown = set(_PLACEHOLDER.findall(template)) - set(paths) - set(_PREDEFINED)
    if unknown:
        return (
            f"InputTemplate for target {target_id} contains invalid placeholder <{min(unknown)}>."
        )
    if len(template) > 8192 or len(paths) > 100:
        return f"InputTransformer for target {target_id} is too large."
    if not _is_json_template(template):
        return f"Invalid InputTemplate for target {target_id} : {template}"
    return None


def _is_json_template(template: str) -> bool:
    probe = _substitute(template, dict.fromkeys(_PLACEHOLDER.findall(template), 0))
    return _is_json(probe) or all(_is_json(line) for line in probe.strip().splitlines())


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _transform(transformer: Mapping[str, Any], event: Event, rule_arn: str) -> str:
    values: dict[str, Any] = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": event["time"],
        "aws.events.event": {name: part for name, part in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        found = _find(path, event)
        values[name] = "" if found is _MISSING else found
    return _substitute(transformer["InputTemplate"], values)


def _find(path: str, event: Event) -> Any:
    # Keys such as detail-type must be quoted for the parser; AWS takes them as they are.
    quoted = re.sub(r"\.([A-Za-z0-9_]*[-/][A-Za-z0-9_/\-]*)", r'."\1"', path)
    found = parse(quoted).find(event)
    return found[0].value if found else _MISSING


def _substitute(template: str, values: Mapping[str, Any]) -> str:
    """Put the values in: as raw text within a string, as JSON elsewhere."""
    pieces, position = [], 0
    for match in _PLACEHOLDER.finditer(template):
        pieces.append(template[position : match.start()])
        value = values.get(match.group(1), "")
        pieces.append(_raw(value) if _within_string(template, match.start()) else json.dumps(value))
        position = match.end()
    return "".join([*pieces, template[position:]])


def _within_string(template: str, position: int) -> bool:
    before = re.sub(r"\\.", "", template[:position], flags=re.DOTALL)
    return before.count('"') % 2 == 1


def _raw(value: Any) -> str:
    if isinstance(value, str):
        return value
    # EventBridge takes the quotation marks out of an object that stands in a string.
    return json.dumps(value).replace('"', "")
