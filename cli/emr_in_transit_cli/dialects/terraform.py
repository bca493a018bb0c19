"""Terraform: plans and states as ``terraform show -json`` writes them, and state files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_in_transit_cli.dialects import step_functions
from emr_in_transit_cli.dialects.emr_api import planned
from emr_in_transit_cli.errors import CannotTellError
from emr_in_transit_cli.subjects import Cluster, Configuration, Found, Subject, What
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from emr_in_transit_cli.subjects import Path
    from emr_in_transit_cli.worlds import World

PLAN, STATE = "Terraform plan", "Terraform state"
_CLUSTER = "aws_emr_cluster"
_CONFIGURATION = "aws_emr_security_configuration"
_GROUPS = ("aws_emr_instance_group", "aws_emr_instance_fleet")
_STATE_MACHINE = "aws_sfn_state_machine"
_APPLIED = "which is known only after apply"
_LISTED = ("configurations", "configurations_json")
# module.name["key"].type.name[0]: the parts of an address.
_PART = re.compile(r'([\w-]+)(\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\])?(?:\.|$)')


class Resource(NamedTuple):
    """One resource; a member that is known after apply is Unknown."""

    address: str
    kind: str
    name: str
    values: Mapping[str, Any]
    path: Path

    @property
    def module(self) -> str:
        """The address of its module instance, "" for the root."""
        head, _, _ = self.address.rpartition(f"{self.kind}.{self.name}")
        return head.rstrip(".")

    @property
    def key(self) -> str:
        """What tells it from the others that count or for_each make, such as [0]."""
        return self.address.rpartition(f"{self.kind}.{self.name}")[2]


def dialect_of(document: Mapping[str, Any]) -> str:
    """Return which of Terraform's documents it is, "" for another one."""
    if "format_version" in document and (
        "planned_values" in document or "resource_changes" in document
    ):
        return PLAN
    if "format_version" in document and ("values" in document or "terraform_version" in document):
        return STATE
    is_file = isinstance(document.get("resources"), list) and "lineage" in document
    return STATE if is_file else ""


def read(document: Mapping[str, Any], now: datetime) -> Found:
    """Return what a plan or a state holds."""
    dialect = dialect_of(document)
    if dialect == PLAN:
        resources = list(_planned(document))
    elif "lineage" in document:
        resources = list(_in_state_file(document))
    else:
        resources = list(_in_module(_member(document, "values", "root_module"), ("values",)))
    references = _References(document, resources)
    subjects: list[Subject] = []
    for resource in resources:
        subjects += _subjects(resource, resources, references, now)
    return Found(dialect, tuple(subjects))


def _member(document: Any, *names: str) -> dict[str, Any]:
    for name in names:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _planned(document: Mapping[str, Any]) -> Iterator[Resource]:
    """Return what will be there: what is planned, with what is unknown of it marked."""
    changes = {
        each["address"]: (position, each)
        for position, each in enumerate(_list(document.get("resource_changes")))
        if isinstance(each.get("address"), str)
    }
    root = _member(document, "planned_values", "root_module")
    seen = set()
    for resource in _in_module(root, ("planned_values",)):
        seen.add(resource.address)
        position, change = changes.get(resource.address, (0, {}))
        unknown = _member(change, "change", "after_unknown")
        path = ("resource_changes", position) if change else resource.path
        yield resource._replace(
            values=_marked(resource.values, unknown, resource.address), path=path
        )
    # A plan can come without planned_values, such as one that a tool has cut down.
    for address, (position, change) in changes.items():
        after = _member(change, "change", "after")
        if address not in seen and after and change.get("mode", "managed") == "managed":
            unknown = _member(change, "change", "after_unknown")
            values = _marked(after, unknown, address)
            path = ("resource_changes", position)
            yield Resource(address, str(change.get("type")), str(change.get("name")), values, path)


def _in_module(module: Mapping[str, Any], path: Path) -> Iterator[Resource]:
    for index, each in enumerate(_list(module.get("resources"))):
        if each.get("mode", "managed") == "managed" and isinstance(each.get("address"), str):
            where = (*path, "resources", index)
            values = each.get("values")
            values = values if isinstance(values, dict) else {}
            yield Resource(each["address"], str(each.get("type")), str(each.get("name")), values, where)  # fmt: skip
    for child in _list(module.get("child_modules")):
        yield from _in_module(child, path)


def _in_state_file(document: Mapping[str, Any]) -> Iterator[Resource]:
    for position, each in enumerate(_list(document.get("resources"))):
        if each.get("mode", "managed") != "managed":
            continue
        kind, name, module = (str(each.get(key, "")) for key in ("type", "name", "module"))
        for instance in _list(each.get("instances")):
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key)}]"
            address = f"{module}.{kind}.{name}{index}".lstrip(".")
            values = _member(instance, "attributes")
            yield Resource(address, kind, name, values, ("resources", position))


def _list(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _marked(value: Any, unknown: Any, place: str) -> Any:
    """Return a value in which what is known after apply is Unknown."""
    if unknown is True:
        return Unknown(place, f"{place}, {_APPLIED}")
    if isinstance(unknown, dict):
        known = value if isinstance(value, dict) else {}
        marked = {
            key: _marked(known.get(key), inner, f"{place}.{key}") for key, inner in unknown.items()
        }
        # False, or an empty block, means that it is known.
        return {**known, **{key: each for key, each in marked.items() if each is not None}}
    if isinstance(unknown, list) and isinstance(value, list):
        return [
            _marked(each, unknown[index] if index < len(unknown) else None, f"{place}[{index}]")
            for index, each in enumerate(value)
        ]
    return value


def _subjects(
    resource: Resource, resources: list[Resource], references: _References, now: datetime
) -> list[Subject]:
    address, path = resource.address, resource.path
    if resource.kind == _CLUSTER:
        reader = _ClusterReader(resource, resources, references, now)
        return [Subject(What.CLUSTER, address, path, reader.read)]
    if resource.kind == _CONFIGURATION:
        configuration = _configuration(resource)
        return [Subject(What.SECURITY_CONFIGURATION, address, path, lambda _: configuration)]
    if resource.kind in _GROUPS and not _owner(resource, resources, references):
        return [Subject(What.PROPERTIES, address, path, lambda _: _group(resource.values, address))]
    definition = resource.values.get("definition")
    if resource.kind == _STATE_MACHINE and isinstance(definition, str):
        machine = step_functions.from_text(definition)
        if machine is not None:
            found = step_functions.read(machine, now, path, f"{address}/")
            return [each._replace(path=path) for each in found.subjects]
    return []


def _configuration(resource: Resource) -> Configuration:
    values = resource.values
    unknown_name = Unknown(f"{resource.address}.name", f"the name of {resource.address}")
    body = values.get("configuration")
    if body is None:
        body = Unknown(f"{resource.address}.configuration", f"{resource.address}.configuration")
    return Configuration(values.get("name") or unknown_name, body, label=resource.address)


class _ClusterReader:
    """Reads one aws_emr_cluster, with the instance groups and fleets of other resources."""

    def __init__(
        self,
        resource: Resource,
        resources: list[Resource],
        references: _References,
        now: datetime,
    ) -> None:
        self._resource = resource
        self._values = resource.values
        self._others = [
            each
            for each in resources
            if each.kind in _GROUPS and resource.address in _owner(each, resources, references)
        ]
        self._references = references
        self._now = now

    def read(self, world: World) -> Cluster:
        """Return the cluster in DescribeCluster's members."""
        values = self._values
        address = self._resource.address
        document: dict[str, Any] = {
            "Name": values.get("name") or address,
            "ReleaseLabel": self._value("release_label"),
            "Applications": _applications(self._value("applications")),
            "Configurations": _all_listed(values),
            "SecurityConfiguration": self._attached(world),
            "Tags": _tags(values.get("tags_all") or values.get("tags")),
            "KerberosAttributes": _kerberos(values.get("kerberos_attributes")),
        }
        groups = _group(values, "cluster")
        for each in self._others:
            name = each.values.get("name")
            groups += _group(each.values, name if isinstance(name, str) and name else each.address)
        if values.get("master_instance_fleet"):
            document["InstanceCollectionType"] = "INSTANCE_FLEET"
        return Cluster(planned(document, self._now), tuple(groups), _primary_nodes(values))

    def _value(self, name: str) -> Any:
        """Return a member; one that is missing is not known to be empty."""
        if name in self._values:
            return self._values[name]
        where = f"{self._resource.address}.{name}"
        return Unknown(where, f"{where}, {_APPLIED}")

    def _attached(self, world: World) -> Any:
        value = self._value("security_configuration")
        if not isinstance(value, Unknown):
            return value
        candidates = self._references.configurations_of(self._resource)
        if not candidates:
            return value
        chosen = world.choose(value, candidates)
        return Unknown(f"{chosen}.name", f"the name of {chosen}", resource=chosen)


def _applications(value: Any) -> Any:
    if isinstance(value, list):
        return [{"Name": each} for each in value]
    return [] if value is None else value


def _tags(value: Any) -> Any:
    if isinstance(value, dict):
        return [{"Key": key, "Value": inner or ""} for key, inner in value.items()]
    return value


def _kerberos(value: Any) -> Any:
    if isinstance(value, list):
        first = value[0] if value else None
        return {"Realm": first.get("realm")} if isinstance(first, dict) else first
    return value


def _primary_nodes(values: Mapping[str, Any]) -> int | None:
    for group in _list(values.get("master_instance_group")):
        count = group.get("instance_count")
        return count if isinstance(count, int) else 1 if count is None else None
    return None


def _all_listed(values: Mapping[str, Any]) -> Any:
    found: list[Any] = []
    for member in _LISTED:
        listed = configurations(values.get(member))
        found += listed if isinstance(listed, list) else [listed]
    return found


def _group(values: Mapping[str, Any], scope: str) -> list[tuple[str, object]]:
    """Return what groups and fleets set, in blocks of a cluster or in resources of their own."""
    found: list[tuple[str, object]] = []
    if "release_label" not in values:
        found.append((scope, configurations(values.get("configurations_json"))))
    blocks = [("", values)]
    for member in ("master_instance_fleet", "core_instance_fleet"):
        blocks += [(member, each) for each in _list(values.get(member))]
    for member, block in blocks:
        name = block.get("name") if member else scope
        for each in _list(block.get("instance_type_configs")):
            listed = configurations(each.get("configurations"))
            found.append((name if isinstance(name, str) and name else member, listed))
    return [each for each in found if each[1]]


def configurations(value: Any) -> Any:
    """Return configurations with EMR's own names; the provider takes them in any letter case."""
    if isinstance(value, str):
        if "://" in value[:10]:
            return Unknown(value, "configurations that stand elsewhere")
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError) as error:
            raise CannotTellError("its configurations are no JSON") from error
    if isinstance(value, list):
        return [configurations(each) for each in value]
    if isinstance(value, dict):
        members = {key.lower(): inner for key, inner in value.items()}
        return {
            "Classification": members.get("classification"),
            "Properties": members.get("properties"),
            "Configurations": configurations(members.get("configurations")),
        }
    return value


def _owner(resource: Resource, resources: list[Resource], references: _References) -> list[str]:
    """Return the clusters that a resource of a group or fleet can belong to."""
    wanted = resource.values.get("cluster_id")
    if isinstance(wanted, str):
        return [each.address for each in resources
                if each.kind == _CLUSTER and each.values.get("id") == wanted]  # fmt: skip
    return references.of(resource, "cluster_id", _CLUSTER)


class _References:
    """Follows a plan's ``configuration``: what an argument is made from, per module instance."""

    def __init__(self, document: Mapping[str, Any], resources: list[Resource]) -> None:
        self._root = _member(document, "configuration", "root_module")
        self._resources = resources

    def configurations_of(self, cluster: Resource) -> list[str]:
        """Return the security configurations that a cluster's argument can name."""
        return self.of(cluster, "security_configuration", _CONFIGURATION)

    def of(self, resource: Resource, argument: str, kind: str) -> list[str]:
        """Return the addresses of the resources of a kind that an argument refers to."""
        module = self._module(resource.module)
        for each in _list(module.get("resources")):
            if (each.get("type"), each.get("name")) == (resource.kind, resource.name):
                expression = _member(each, "expressions", argument)
                return self._follow(expression, resource.module, resource.key, kind, 0)
        return []

    def _module(self, address: str) -> dict[str, Any]:
        module = self._root
        for name in _module_names(address):
            module = _member(module, "module_calls", name, "module")
        return module

    def _follow(self, expression: Any, module: str, index: str, kind: str, depth: int) -> list[str]:
        listed = expression.get("references") if isinstance(expression, dict) else None
        listed = listed if isinstance(listed, list) else []
        references = [each for each in listed if isinstance(each, str)]
        found: dict[str, None] = {}
        # A reference is listed in every length; the longest says most.
        for reference in references if depth < 20 else []:
            if any(each.startswith((f"{reference}.", f"{reference}[")) for each in references):
                continue
            for address in self._target(reference, module, index, kind, depth):
                found[address] = None
        return list(found)

    def _target(self, reference: str, module: str, index: str, kind: str, depth: int) -> list[str]:
        parts = [(name, key or "") for name, key in _PART.findall(reference)]
        match parts:
            case [(head, _), (name, key), *_] if head == kind:
                return self._instances(module, kind, name, key, index)
            case [("var", _), (name, _), *_]:
                return self._from_caller(name, module, kind, depth)
            case [("module", _), (name, key), (output, _), *_]:
                child = f"{module}.module.{name}{key}".lstrip(".")
                expression = _member(self._module(child), "outputs", output, "expression")
                return self._follow(expression, child, index, kind, depth + 1)
            case _:
                return []

    def _from_caller(self, variable: str, module: str, kind: str, depth: int) -> list[str]:
        if not module:
            return []
        head, _, last = _split_module(module)
        call = _member(self._module(head), "module_calls", last)
        expression = _member(call, "expressions", variable)
        index = module[module.rindex(last) + len(last) :]
        found = self._follow(expression, head, index, kind, depth + 1)
        if not found and _goes_through(expression):
            found = self._follow(call.get("for_each_expression"), head, index, kind, depth + 1)
        return found

    def _instances(self, module: str, kind: str, name: str, key: str, index: str) -> list[str]:
        """Return the instances that are meant: by their key, else the one with the same key."""
        found = [
            each.address
            for each in self._resources
            if (each.kind, each.name) == (kind, name) and _is_within(each.module, module)
        ]
        for wanted in (key, index):
            named = [each for each in found if wanted and each.endswith(f".{name}{wanted}")]
            if named:
                return named
        return found


def _goes_through(expression: Mapping[str, Any]) -> bool:
    references = expression.get("references")
    return isinstance(references, list) and any(
        str(each).startswith(("each.value", "each.key")) for each in references
    )


def _module_names(address: str) -> list[str]:
    parts = [name for name, _ in _PART.findall(address)]
    return parts[1::2]


def _split_module(address: str) -> tuple[str, str, str]:
    """Return the address of the module above, and the name of this one without its key."""
    parts = [f"{name}{key or ''}" for name, key in _PART.findall(address)]
    return ".".join(parts[:-2]), "module", _PART.findall(address)[-1][0]


def _is_within(module: str, wanted: str) -> bool:
    """Return whether it is that module instance; without a key, any instance of that module."""
    if module == wanted:
        return True
    return re.sub(r"\[[^\]]*\]", "", module) == wanted
