"""What EventBridge makes of an event for a target."""

import json

import pytest

from tools.simulator.events.input import check, text_for
from tools.simulator.refusals import RefusedError

EVENT = {
    "id": "1",
    "detail-type": "T",
    "time": "2026-01-01T00:00:00Z",
    "detail": {"name": "n", "list": [1, 2], "flag": True, "object": {"a": "b"}, "deep": {"x-y": 3}},
}
RULE = "arn:aws:events:eu-west-1:123456789012:rule/r"


def transformed(template: str, **paths: str) -> str:
    transformer = {"InputTemplate": template, "InputPathsMap": paths}
    target = {"Id": "t", "InputTransformer": transformer}
    assert check(target) is None
    return text_for(target, EVENT, RULE)


@pytest.mark.parametrize(
    ("rule", "template", "path", "expected"),
    [
        ("a text as a value is quoted", '{"a": <v>}', "$.detail.name", '{"a": "n"}'),
        ("a text within a string is raw", '{"a": "is <v>"}', "$.detail.name", '{"a": "is n"}'),
        ("a list stays a list", '{"a": <v>}', "$.detail.list", '{"a": [1, 2]}'),
        ("a truth stays one", '{"a": <v>}', "$.detail.flag", '{"a": true}'),
        ("an object stays one", '{"a": <v>}', "$.detail.object", '{"a": {"a": "b"}}'),
        ("an object in a string loses its quotes", '"<v>"', "$.detail.object", '"{a: b}"'),
        ("a key may have a dash", '{"a": <v>}', "$.detail-type", '{"a": "T"}'),
        ("a key below may too", '{"a": <v>}', "$.detail.deep.x-y", '{"a": 3}'),
        ("an element of a list", '{"a": <v>}', "$.detail.list[1]", '{"a": 2}'),
        ("what is missing is empty in a string", '"is <v>."', "$.detail.none", '"is ."'),
        ("what is missing is an empty value", '{"a": <v>}', "$.detail.none", '{"a": ""}'),
        ("a text template keeps its quotes", '"is <v>"', "$.detail.name", '"is n"'),
        ("each line has its quotes", '"is"\n"<v>"', "$.detail.name", '"is"\n"n"'),
        ("an escaped quote ends no string", '"a \\"<v>\\""', "$.detail.name", '"a \\"n\\""'),
    ],
)
def test_a_template_is_filled_as_in_aws(rule: str, template: str, path: str, expected: str) -> None:
    assert transformed(template, v=path) == expected, rule


def test_the_predefined_variables_are_there() -> None:
    template = (
        '{"r": "<aws.events.rule-name>", "e": <aws.events.event.json>, "h": <aws.events.event>}'
    )
    found = json.loads(transformed(template))
    assert found == {"r": "r", "e": EVENT, "h": {k: v for k, v in EVENT.items() if k != "detail"}}


def test_a_value_that_breaks_the_json_of_the_template_is_refused() -> None:
    event = EVENT | {"detail": {"name": 'a "quoted" name'}}
    transformer = {"InputTemplate": '{"a": "<v>"}', "InputPathsMap": {"v": "$.detail.name"}}
    with pytest.raises(RefusedError) as caught:
        text_for({"Id": "t", "InputTransformer": transformer}, event, RULE)
    assert caught.value.code == "INVALID_JSON"


def test_input_and_input_path_replace_the_event() -> None:
    assert text_for({"Id": "t", "Input": '{"fixed": 1}'}, EVENT, RULE) == '{"fixed": 1}'
    assert json.loads(text_for({"Id": "t", "InputPath": "$.detail.list"}, EVENT, RULE)) == [1, 2]
    assert json.loads(text_for({"Id": "t"}, EVENT, RULE)) == EVENT


@pytest.mark.parametrize(
    ("rule", "target"),
    [
        ("an unquoted text", {"InputTransformer": {"InputTemplate": "is <aws.events.rule-name>"}}),
        ("an unknown variable", {"InputTransformer": {"InputTemplate": '{"a": <b>}'}}),
        ("a broken object", {"InputTransformer": {"InputTemplate": '{"a": '}}),
        (
            "a placeholder as a key",
            {"InputTransformer": {"InputTemplate": "{<aws.events.event>: 1}"}},
        ),
        ("an input that is no JSON", {"Input": "text"}),
        ("two kinds of input", {"Input": "{}", "InputPath": "$.detail"}),
    ],
)
def test_put_targets_refuses(rule: str, target: dict) -> None:
    assert check({"Id": "t", **target}), rule
