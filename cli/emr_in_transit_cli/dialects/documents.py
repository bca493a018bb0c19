"""Turns text into documents: JSON or YAML, one or several, with CloudFormation's short forms.

Whatever somebody puts into a file is either read or refused in one line, in bounded time.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

from emr_in_transit_cli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A template of CloudFormation holds 1 MB; a plan of Terraform can be much larger.
MOST_BYTES = 64 * 1024 * 1024
MOST_YAML_BYTES = 8 * 1024 * 1024
_MOST_DEPTH = 150  # what AWS and Terraform take is far from it
_MOST_NODES = 2_000_000  # with aliases counted wherever they stand
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),  # as PowerShell writes
    (b"\xfe\xff", "utf-16"),
)
_COMMENT = re.compile(r"(?:^|\s)(?://|/\*|#)")
# Short forms, comments and bare keys: with them, what begins like JSON can still be YAML.
_ONLY_YAML = re.compile(r"!\w|^\s*(?://|/\*|#)|[{,]\s*[A-Za-z][\w-]*\s*:", re.MULTILINE)
_NOT_BLANK = re.compile(r"\S")
_FLOW_START = re.compile(r"[\[{]")


def decode(content: bytes) -> str:
    """Return the text of a file; raise InputError for what is no text."""
    if not content.strip():
        raise InputError("is empty")
    encoding = next((name for mark, name in _BOMS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(f"is not {encoding[:6].upper()} text (byte {error.start})") from error
    if "\0" in text:
        raise InputError("is not text: it holds NUL characters")
    return text


def parse(text: str) -> list[object]:
    """Return the documents of a text; raise InputError, which says where it is wrong."""
    if text.lstrip()[:1] in {"{", "[", '"'}:
        try:
            return _parse_json(text)
        except _NotJsonError as error:
            hint = " (comments are no JSON)" if _COMMENT.search(text) else ""
            problem = f"{error}{hint}"
        if not _ONLY_YAML.search(text):
            raise InputError(problem)
        try:
            return _parse_yaml(text)
        except InputError as error:
            raise InputError(problem) from error
    return _parse_yaml(text)


class _NotJsonError(Exception):
    """The text is no JSON; the message says where."""


def _parse_json(text: str) -> list[object]:
    decoder = json.JSONDecoder(object_pairs_hook=_object)
    documents: list[object] = []
    position = 0
    try:
        while (position := _next(text, position)) < len(text):
            document, position = decoder.raw_decode(text, position)
            documents.append(document)
    except RecursionError as error:
        raise InputError("is nested too deeply") from error
    except json.JSONDecodeError as error:
        raise _NotJsonError(f"is not JSON: {error.msg} in line {error.lineno}") from error
    except ValueError as error:  # a number of more digits than Python takes
        raise InputError("has a number of more digits than anything takes") from error
    _refuse_excess(documents)
    return documents


def _next(text: str, position: int) -> int:
    """Return where the next document begins."""
    found = _NOT_BLANK.search(text, position)
    return found.start() if found else len(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"has {json.dumps(twice)[:60]} twice in one object")
    return members


def _parse_yaml(text: str) -> list[object]:
    if len(text) > MOST_YAML_BYTES:
        raise InputError(f"is larger than the {MOST_YAML_BYTES // 2**20} MB that YAML may have")
    try:
        return _load_yaml(text)
    except yaml.MarkedYAMLError as error:
        # YAML has no tabs between its tokens, but CloudFormation takes them.
        if "\t" in text and "cannot start any token" in f"{error.problem}":
            return _parse_yaml(text.replace("\t", "  "))
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"is not YAML: {error.problem} in line {line}") from error
    except (yaml.YAMLError, ValueError) as error:
        reason = str(error).splitlines()[0][:80]
        raise InputError(f"is not YAML: {reason}") from error
    except RecursionError as error:
        raise InputError("is nested too deeply") from error


def _load_yaml(text: str) -> list[object]:
    _refuse_depth(text)
    documents: list[object] = []
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            _refuse_explosion(node)
            documents.append(loader.construct_document(node))
    finally:
        loader.dispose()
    _refuse_excess(documents)
    return [each for each in documents if each is not None]


def _refuse_depth(text: str) -> None:
    """Look at the depth before anything recurses into it."""
    if len(_FLOW_START.findall(text)) <= _MOST_DEPTH and "- - " not in text:
        return
    depth = 0
    for event in yaml.parse(text, Loader=_BaseLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MOST_DEPTH:
            raise InputError("is nested too deeply")


def _refuse_explosion(root: yaml.Node) -> None:
    """Count the nodes as if every alias were written out; refuse what would not end."""
    sizes: dict[int, int] = {}
    pending: list[tuple[yaml.Node, bool]] = [(root, False)]
    open_nodes: set[int] = set()
    while pending:
        node, is_done = pending.pop()
        inner = list(_inner(node))
        if is_done:
            sizes[id(node)] = 1 + sum(sizes.get(id(each), 1) for each in inner)
            open_nodes.discard(id(node))
            if sizes[id(node)] > _MOST_NODES:
                raise InputError("has anchors that would make it explode")
        elif id(node) in open_nodes:
            raise InputError("has an anchor that holds itself")
        elif id(node) not in sizes:
            open_nodes.add(id(node))
            pending.append((node, True))
            pending += [(each, False) for each in inner if id(each) not in sizes]


def _inner(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _refuse_excess(documents: list[object]) -> None:
    """Refuse what is too deep to be ours; no code behind this has to think of depth."""
    level: list[object] = documents
    for _ in range(_MOST_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise InputError("is nested too deeply")


_BaseLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_BaseLoader):  # type: ignore[misc]
    """YAML as CloudFormation reads it: short forms, merges, no dates, no equal keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return an object; refuse a key that stands twice in it."""
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if not isinstance(key, yaml.ScalarNode):
                _refuse(key, "a key that is no text")
            if key.value in seen:
                _refuse(key, f"the key {json.dumps(key.value)[:60]} twice in one object")
            seen.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


def _refuse(node: yaml.Node, what: str) -> NoReturn:
    raise InputError(f"has {what}, in line {node.start_mark.line + 1}")


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    members: dict[str, Any] = loader.construct_mapping(node, deep=True)
    return members


def _sequence(loader: Any, node: yaml.SequenceNode) -> list[Any]:
    items: list[Any] = loader.construct_sequence(node, deep=True)
    return items


def _short_form(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """Return what a short form stands for: !Sub is Fn::Sub, !Ref is Ref."""
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = _sequence(loader, node)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


def _scalar(loader: Any, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Loader.add_constructor("tag:yaml.org,2002:seq", _sequence)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _scalar)
_Loader.add_multi_constructor("!", _short_form)


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line in which what a path leads to begins, 1 where that is not to be found.

    JSON is YAML but for its tabs; so one parser that knows lines is enough.
    """
    if len(text) > MOST_YAML_BYTES:
        return 1
    try:
        nodes = list(yaml.compose_all(text.replace("\t", " "), Loader=_BaseLoader))
    except (yaml.YAMLError, ValueError, RecursionError):
        return 1
    line = 1
    node = nodes[int(path[0])] if path and int(path[0]) < len(nodes) else None
    for step in path[1:]:
        key, node = _step(node, step)
        if node is None:
            break
        line = (key or node).start_mark.line + 1
    return line


def _step(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == step:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None
