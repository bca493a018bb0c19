"""The command ``aws emr create-cluster``, pasted as text."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emr_in_transit_cli.dialects import emr_api
from emr_in_transit_cli.errors import InputError
from emr_in_transit_cli.subjects import Cluster, Found, Subject, What
from emr_in_transit_cli.worlds import Unknown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from emr_in_transit_cli.worlds import World

DIALECT = "create-cluster command line"
_COMMAND = re.compile(r"(?:^|[\s;&|(])aws\s(?:[^\n;&|]|\\\n)*?emr\s+create-cluster\b")
_CONTINUED = re.compile(r"[\\`^][ \t]*\r?\n")  # of a shell, of PowerShell and of cmd
_VARIABLE = re.compile(r"\$(?:\w+|\{[^}]*\}|\([^)]*\))")
_FLAG = "--"


def is_command_line(text: str) -> bool:
    """Return whether a text holds the command."""
    return bool(_COMMAND.search(text))


def read(text: str, now: datetime) -> Found:
    """Return the cluster of each create-cluster command in a text."""
    text = _CONTINUED.sub(" ", text)
    starts = [match.start() for match in _COMMAND.finditer(text)]
    commands = [text[start:].strip().split("\n", 1)[0] for start in starts]
    # An argument in quotes can go over several lines.
    wholes = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    subjects = []
    for index, (line, whole) in enumerate(zip(commands, wholes, strict=True)):
        cluster = emr_api.launch(_request(_options(line, whole)), now)
        name = cluster.document.get("Name")
        address = name if isinstance(name, str) and name else f"create-cluster {index + 1}"
        subjects.append(Subject(What.CLUSTER, address, (), _always(cluster)))
    return Found(DIALECT, tuple(subjects))


def _always(cluster: Cluster) -> Callable[[World], Cluster]:
    return lambda _: cluster


def _options(line: str, whole: str) -> dict[str, list[str]]:
    words: list[str] = []
    for text in (line, whole):
        try:
            words = shlex.split(text)
        except ValueError:
            continue
        break
    else:
        raise InputError(f"is no {DIALECT}: its quotes are not closed")
    options: dict[str, list[str]] = {}
    values: list[str] = []
    for word in words[words.index("create-cluster") + 1 :]:
        if word in {";", "&&", "||", "|"}:
            break
        if word.startswith(_FLAG):
            name, equals, value = word.removeprefix(_FLAG).partition("=")
            values = options.setdefault(name, [])
            values += [value] if equals else []
        else:
            values.append(word)
    return options


def _request(options: dict[str, list[str]]) -> dict[str, Any]:
    """Return what RunJobFlow would be asked."""
    request: dict[str, Any] = {
        member: _text(" ".join(options[option]))
        for option, member in _TEXTS.items()
        if option in options
    }
    if "applications" in options:
        request["Applications"] = [{"Name": each} for each in _names(options["applications"])]
    if "configurations" in options:
        found = _json(options["configurations"], "--configurations")
        request["Configurations"] = emr_api.conform(found, "ConfigurationList", DIALECT)
    if "kerberos-attributes" in options:
        request["KerberosAttributes"] = _pairs(options["kerberos-attributes"], "Realm")
    if "tags" in options:
        pairs = [each.partition("=") for each in options["tags"]]
        request["Tags"] = [{"Key": _text(key), "Value": _text(value)} for key, _, value in pairs]
    request["Instances"] = {
        member: found
        for option, member in (("instance-groups", "InstanceGroups"), ("instance-fleets", "InstanceFleets"))
        if option in options and isinstance(found := _groups(options[option], option), list)
    }  # fmt: skip
    return request


_TEXTS = {
    "name": "Name",
    "release-label": "ReleaseLabel",
    "ami-version": "AmiVersion",
    "security-configuration": "SecurityConfiguration",
}


def _text(value: str) -> str | Unknown:
    """Return a value; what a shell puts in is unknown."""
    if not _VARIABLE.search(value):
        return value
    return Unknown(value, f"{value[:40]}, which the shell puts in", tuple(_VARIABLE.split(value)))


def _names(values: list[str]) -> list[str | Unknown]:
    """Return the names of Name=Spark Name=Hive, or of JSON."""
    joined = " ".join(values)
    if joined.lstrip().startswith("["):
        return [each["Name"] for each in _json(values, "--applications") if "Name" in each]
    found = re.findall(r"Name=([^\s,]+)", joined)
    return [_text(each) for each in found or values]


def _pairs(values: list[str], member: str) -> dict[str, Any]:
    joined = " ".join(values)
    if joined.lstrip().startswith("{"):
        found = _json(values, "--kerberos-attributes")
        return {member: found.get(member)} if isinstance(found, dict) else {}
    match = re.search(rf"{member}=([^\s,]+)", joined)
    return {member: _text(match[1])} if match else {}


def _groups(values: list[str], option: str) -> Any:
    """Return groups or fleets; in shorthand they can be anything but configurations."""
    joined = " ".join(values)
    if joined.lstrip().startswith(("[", "file://")):
        return _json(values, f"--{option}")
    groups = [dict(pair.partition("=")[::2] for pair in each.split(",")) for each in values]
    counted = [each for each in groups if each.get("InstanceCount", "").isdecimal()]
    return [{**each, "InstanceCount": int(each["InstanceCount"])} for each in counted] if (
        option == "instance-groups"
    ) else []  # fmt: skip


def _json(values: list[str], option: str) -> Any:
    joined = " ".join(values)
    if joined.startswith("file://"):
        try:
            joined = Path(joined.removeprefix("file://")).read_text(encoding="utf-8-sig")
        except (OSError, ValueError):
            return Unknown(joined, f"{option} {joined[:80]}, which cannot be read")
    if joined.startswith(("http://", "https://", "s3://")) or _VARIABLE.fullmatch(joined):
        return Unknown(joined, f"{option}, which stand elsewhere")
    try:
        return json.loads(joined)
    except (ValueError, RecursionError) as error:
        raise InputError(f"is no {DIALECT}: {option} is no JSON") from error
