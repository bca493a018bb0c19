"""Simulator: the operations on the conformance packs of one account."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

from tools.simulator import identity, work
from tools.simulator.awsconfig.errors import ConfigError, constraint, invalid_value
from tools.simulator.awsconfig.queries import page
from tools.simulator.packs import store, template
from tools.simulator.packs.deployment import deploy, withdraw
from tools.simulator.packs.store import Pack

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Answer = dict[str, Any]

_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,255}")
_PACKS_LIMIT = 50
_SHOWN_AGAIN = ("DeliveryS3Bucket", "DeliveryS3KeyPrefix")


def check_name(member: str, name: str, longest: int) -> None:
    """Raise for a name that the API's model does not take."""
    if not _NAME.fullmatch(name) or len(name) > longest:
        raise constraint(member, name, f"satisfy regular expression pattern: {_NAME.pattern}")


def body_of(account: str, region: str, request: Mapping[str, Any]) -> str:
    """Answer the template that the request carries, or names in S3, within AWS's limit."""
    text, uri = request.get("TemplateBody"), request.get("TemplateS3Uri")
    if uri:
        bucket, _, key = str(uri).removeprefix("s3://").partition("/")
        found = identity.client("s3", account, region).get_object(Bucket=bucket, Key=key)
        return str(found["Body"].read().decode())
    if not text:
        raise invalid_value("Name one of TemplateBody and TemplateS3Uri.")
    if len(text.encode()) > template.LIMIT:
        raise constraint(
            "templateBody", "...", f"have length less than or equal to {template.LIMIT}"
        )
    return str(text)


def parameters_of(request: Mapping[str, Any], text: str) -> dict[str, str]:
    """Answer the pack's parameters, all of which the template must have."""
    given = request.get("ConformancePackInputParameters") or []
    found = {one["ParameterName"]: one["ParameterValue"] for one in given}
    unknown = sorted(set(found) - template.declared(text))
    if unknown:
        raise invalid_value(f"The template has no parameters {unknown}.")
    return found


def put(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """PutConformancePack; the rules come later."""
    name = request["ConformancePackName"]
    check_name("conformancePackName", name, 256)
    text = body_of(account, region, request)
    parameters = parameters_of(request, text)
    try:
        template.rules(text, parameters, account, region)
    except template.PackTemplateError as problem:
        raise ConfigError("ConformancePackTemplateValidationException", str(problem)) from problem
    shown = {key: request[key] for key in _SHOWN_AGAIN if key in request}
    pack = prepare(account, region, Pack(account, region, name, text, parameters, shown))
    work.submit(deploy, pack)
    return {"ConformancePackArn": pack.arn}


def prepare(account: str, region: str, wanted: Pack) -> Pack:
    """Answer the pack that is to be deployed: a new one, or the one of that name, changed."""
    with store.lock:
        packs = store.packs(account, region)
        old = packs.get(wanted.name)
        if old is None:
            if len(packs) >= _PACKS_LIMIT:
                raise ConfigError(
                    "MaxNumberOfConformancePacksExceededException",
                    f"An account has at most {_PACKS_LIMIT} conformance packs in a Region.",
                )
            packs[wanted.name] = wanted
            return wanted
        _check_owner(old, wanted.owner)
        _check_idle(old)
        old.template, old.parameters, old.request = (
            wanted.template,
            wanted.parameters,
            wanted.request,
        )
        made = old.rules or old.state != "CREATE_FAILED"
        old.state = "UPDATE_IN_PROGRESS" if made else "CREATE_IN_PROGRESS"
        old.requested = time.time()
        return old


def _check_idle(pack: Pack) -> None:
    if pack.state.endswith("_IN_PROGRESS"):
        raise ConfigError("ResourceInUseException", f"{pack.name} is in {pack.state}.")


def _check_owner(pack: Pack, owner: str | None) -> None:
    if pack.owner != owner:
        raise ConfigError(
            "AccessDeniedException", f"{pack.name} belongs to the organization's {pack.owner}."
        )


def _named(account: str, region: str, names: Sequence[str] | None) -> list[Pack]:
    packs = store.packs(account, region)
    return [named(account, region, name) for name in names] if names else list(packs.values())


def named(account: str, region: str, name: str) -> Pack:
    """Answer the pack, or raise NoSuchConformancePackException."""
    found = store.packs(account, region).get(name)
    if found is None:
        raise ConfigError(
            "NoSuchConformancePackException", f"There is no conformance pack named {name}."
        )
    return found


def delete(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DeleteConformancePack."""
    pack = named(account, region, request["ConformancePackName"])
    _check_owner(pack, None)
    _check_idle(pack)
    pack.state = "DELETE_IN_PROGRESS"
    work.submit(withdraw, pack)
    return {}


def describe(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DescribeConformancePacks."""
    entries = [
        {
            **_identity(pack),
            **pack.request,
            "ConformancePackInputParameters": [
                {"ParameterName": key, "ParameterValue": value}
                for key, value in pack.parameters.items()
            ],
            "LastUpdateRequestedTime": pack.requested,
            **({"CreatedBy": pack.owner} if pack.owner else {}),
        }
        for pack in _named(account, region, request.get("ConformancePackNames"))
    ]
    shown, token = page(entries, request, 10, 20)
    return {"ConformancePackDetails": shown} | token


def status(account: str, region: str, request: Mapping[str, Any]) -> Answer:
    """DescribeConformancePackStatus."""
    entries = [
        {
            **_identity(pack),
            "ConformancePackState": pack.state,
            "StackArn": pack.stack_arn,
            "LastUpdateRequestedTime": pack.requested,
            **({"ConformancePackStatusReason": pack.reason} if pack.reason else {}),
            **({"LastUpdateCompletedTime": pack.completed} if pack.completed else {}),
        }
        for pack in _named(account, region, request.get("ConformancePackNames"))
    ]
    shown, token = page(entries, request, 10, 20)
    return {"ConformancePackStatusDetails": shown} | token


def _identity(pack: Pack) -> Answer:
    return {
        "ConformancePackName": pack.name,
        "ConformancePackArn": pack.arn,
        "ConformancePackId": pack.id,
    }


OPERATIONS = {
    "put_conformance_pack": put,
    "delete_conformance_pack": delete,
    "describe_conformance_packs": describe,
    "describe_conformance_pack_status": status,
}
