"""Step Functions: each createCluster task of a definition is a launch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.dialects import emr_api
from emr_in_transit_cli.errors import CannotTellError, InputError
from emr_in_transit_cli.subjects import Cluster, Found, Subject, What
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from emr_in_transit_cli.subjects import Path
    from emr_in_transit_cli.worlds import World

DIALECT = "Step Functions definition"
# The integrations that launch: createCluster, also .sync, and the SDK's own runJobFlow.
_LAUNCHES = ("elasticmapreduce:createCluster", "emr:runJobFlow")
_JSONATA = "{%"


def is_definition(document: Mapping[str, Any]) -> bool:
    """Return whether a document defines a state machine."""
    return "StartAt" in document and isinstance(document.get("States"), dict)


def read(document: Mapping[str, Any], now: datetime, path: Path = (), above: str = "") -> Found:
    """Return the clusters that a definition launches."""
    tasks = list(_tasks(document, path))
    return Found(
        DIALECT,
        tuple(
            Subject(What.CLUSTER, f"{above}{name}", where, _reader(state, now))
            for name, state, where in tasks
        ),
    )


def _tasks(
    document: Mapping[str, Any], path: Path
) -> Iterator[tuple[str, Mapping[str, Any], Path]]:
    """Find the tasks, in branches of Parallel and iterators of Map too."""
    for name, state in document["States"].items():
        if not isinstance(state, dict):
            continue
        where = (*path, "States", name)
        resource = state.get("Resource")
        resource = resource.text if isinstance(resource, Unknown) else str(resource)
        if any(each in resource for each in _LAUNCHES):
            yield name, state, where
        branches = state.get("Branches")
        inner: list[tuple[Path, Any]] = [(("Branches", index), each) for index, each in
                 enumerate(branches if isinstance(branches, list) else [])]  # fmt: skip
        inner += [((key,), state.get(key)) for key in ("Iterator", "ItemProcessor")]
        for steps, each in inner:
            if isinstance(each, dict) and is_definition(each):
                yield from _tasks(each, (*where, *steps))


def _reader(state: Mapping[str, Any], now: datetime) -> Any:
    def read(_: World) -> Cluster:
        parameters = state.get("Parameters", state.get("Arguments"))
        if isinstance(parameters, str):  # JSONata that makes the whole request
            parameters = _jsonata(parameters)
        if isinstance(parameters, Unknown):
            raise CannotTellError("its parameters are made while it runs")
        if not isinstance(parameters, dict):
            raise CannotTellError("it has no Parameters")
        try:
            request = emr_api.conform(_jsonata(parameters), "RunJobFlowInput", "createCluster task")
            return emr_api.launch(request, now)
        except InputError as error:
            raise CannotTellError(f"it {error}") from error

    return read


def _jsonata(value: Any) -> Any:
    """Return a value with what is computed while the machine runs marked as unknown."""
    if isinstance(value, str) and value.startswith(_JSONATA):
        return Unknown(value, "a value that is computed while the state machine runs")
    if isinstance(value, dict):
        return {key: _jsonata(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_jsonata(each) for each in value]
    return value


def from_text(text: str) -> Mapping[str, Any] | None:
    """Return the definition that a text holds, None where it holds none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) and is_definition(document) else None
