"""Simulator: Config's recorder: configuration items of EMR security configurations."""

from __future__ import annotations

import functools
import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

from moto.config.models import config_backends
from moto.config.responses import ConfigResponse
from moto.emr.models import emr_backends
from moto.utilities.utils import get_partition

from tools.simulator import emr, work
from tools.simulator.awsconfig import runs
from tools.simulator.awsconfig.errors import ConfigError
from tools.simulator.awsconfig.messages import timestamp
from tools.simulator.awsconfig.store import settings, state

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPE = "AWS::EMR::SecurityConfiguration"


def recording(account: str, region: str) -> bool:
    """Return whether the account records security configurations in this Region now."""
    recorders = config_backends[account][region].recorders.values()
    if not recorders:
        return settings.recorder
    return any(one.status.recording and _in_group(one.recording_group) for one in recorders)


def _in_group(group: Any) -> bool:
    excluded = (group.exclusion_by_resource_types or {}).get("resourceTypes") or []
    if excluded:
        return TYPE not in excluded
    return bool(group.all_supported) or TYPE in (group.resource_types or [])


def security_configuration_changed(account: str, region: str, name: str, kind: str) -> None:
    """Record that a security configuration was created or deleted, and run the rules it is for."""
    if not recording(account, region):
        return
    kept = state(account, region)
    item = _item(account, region, name, deleted=kind == "deleted")
    with kept.lock:
        history = kept.items.setdefault((TYPE, name), [])
        if history and kind == "deleted":
            item["resourceCreationTime"] = history[-1]["resourceCreationTime"]
        history.append(item)
    work.submit(runs.item_changed, account, region, item)


def _item(account: str, region: str, name: str, *, deleted: bool) -> dict[str, Any]:
    now, partition = time.time(), get_partition(region)
    body = None if deleted else _body(account, region, name)
    digest = hashlib.md5(json.dumps(body).encode(), usedforsecurity=False).hexdigest()
    return {
        "relatedEvents": [],
        "relationships": [],
        "configuration": body,
        "supplementaryConfiguration": {},
        "tags": {},
        "configurationItemVersion": "1.3",
        "configurationItemCaptureTime": timestamp(now),
        "configurationStateId": int(now * 1000),
        "awsAccountId": account,
        "configurationItemStatus": "ResourceDeleted" if deleted else "ResourceDiscovered",
        "resourceType": TYPE,
        "resourceId": name,
        "resourceName": name,
        "ARN": f"arn:{partition}:elasticmapreduce:{region}:{account}:securityconfiguration/{name}",
        "awsRegion": region,
        "availabilityZone": "Regional",
        "configurationStateMd5Hash": digest,
        "resourceCreationTime": timestamp(now),
    }


def _body(account: str, region: str, name: str) -> dict[str, Any]:
    """Return the item's body. AWS documents Id and Name only, so its form is a setting."""
    body: dict[str, Any] = {"Id": name, "Name": name}
    stored = emr_backends[account][region].security_configurations.get(name)
    if stored is None or settings.item_body == "name_only":
        return body
    text = stored.security_configuration
    try:
        parsed = json.loads(text)
    except ValueError:
        parsed = text
    return body | {"SecurityConfiguration": parsed if settings.item_body == "object" else text}


def _history(items: list[dict[str, Any]], parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
    later, earlier = parameters.get("laterTime"), parameters.get("earlierTime")
    kept = [
        item
        for item in items
        if (later is None or item["configurationStateId"] / 1000 <= float(later))
        and (earlier is None or item["configurationStateId"] / 1000 >= float(earlier))
    ]
    if parameters.get("chronologicalOrder") != "Forward":
        kept.reverse()
    return kept[: int(parameters.get("limit") or 10)]


def _described(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item as the API words it, which is not how the event does."""
    names = {
        "configurationItemVersion": "version",
        "configurationStateMd5Hash": "configurationItemMD5Hash",
        "awsAccountId": "accountId",
        "ARN": "arn",
    }
    answer = {names.get(key, key): value for key, value in item.items()}
    body = item["configuration"]
    answer["configuration"] = None if body is None else json.dumps(body)
    answer["configurationStateId"] = str(item["configurationStateId"])
    answer["configurationItemCaptureTime"] = item["configurationStateId"] / 1000
    return {key: value for key, value in answer.items() if value is not None}


@functools.cache
def install() -> None:
    """Record what happens to security configurations, and tell its history."""
    describe = ConfigResponse.get_resource_config_history

    def get_resource_config_history(self: ConfigResponse) -> str:
        if self._get_param("resourceType") != TYPE:
            return describe(self)
        kept = state(self.current_account, self.region)
        name = self._get_param("resourceId")
        items = kept.items.get((TYPE, name))
        if not items:
            raise ConfigError(
                "ResourceNotDiscoveredException",
                f"Resource {name} of resourceType:{TYPE} is unknown or has not been discovered",
            )
        history = _history(items, json.loads(self.body))
        return json.dumps({"configurationItems": [_described(item) for item in history]})

    ConfigResponse.get_resource_config_history = get_resource_config_history
    emr.on_security_configuration_change(security_configuration_changed)
