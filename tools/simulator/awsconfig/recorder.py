"""Simulator: Config's recorder: configuration items of EMR security configurations."""

import contextlib
import hashlib
import json
import time
from typing import Any

from moto.config.models import config_backends
from moto.emr.models import emr_backends
from moto.utilities.utils import get_partition

from tools.simulator import work
from tools.simulator.awsconfig import runs
from tools.simulator.awsconfig.store import settings, state
from tools.simulator.events.shapes import milliseconds

TYPE = "AWS::EMR::SecurityConfiguration"


def _recording(account: str, region: str) -> bool:
    """Return whether the account records security configurations in this Region now."""
    recorders = config_backends[account][region].recorders.values()
    groups = [one.recording_group for one in recorders if one.status.recording]
    if not recorders:
        return settings.recorder
    return any(group.all_supported or TYPE in (group.resource_types or []) for group in groups)


def record(account: str, region: str, name: str, *, deleted: bool = False) -> None:
    """Record that a security configuration was created or deleted, and run the rules it is for."""
    if not _recording(account, region):
        return
    kept = state(account, region)
    item = _item(account, region, name, deleted=deleted)
    with kept.lock:
        history = kept.items.setdefault((TYPE, name), [])
        if history and deleted:
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
        "configurationItemCaptureTime": milliseconds(now),
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
        "resourceCreationTime": milliseconds(now),
    }


def _body(account: str, region: str, name: str) -> dict[str, Any]:
    """Return the item's body. AWS documents Id and Name only, so its form is a setting."""
    body: dict[str, Any] = {"Id": name, "Name": name}
    stored = emr_backends[account][region].security_configurations.get(name)
    if stored is None or settings.item_body == "name_only":
        return body
    text = stored.security_configuration
    with contextlib.suppress(ValueError):  # EMR may be told to take what is no JSON
        text = json.loads(text) if settings.item_body == "object" else text
    return body | {"SecurityConfiguration": text}
