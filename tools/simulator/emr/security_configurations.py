"""Simulator: EMR security configurations, guarded as in AWS and always kept as text."""

from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.core.utils import utcnow
from moto.emr.exceptions import InvalidRequestException
from moto.emr.models import ElasticMapReduceBackend, SecurityConfiguration, emr_backends
from moto.emr.responses import ElasticMapReduceResponse

from tools.simulator import awsconfig
from tools.simulator.accounts import DEFAULT_ACCOUNT, DEFAULT_REGION
from tools.simulator.control import ControlError, route

_create = ElasticMapReduceBackend.create_security_configuration
_delete = ElasticMapReduceBackend.delete_security_configuration


def create(
    backend: ElasticMapReduceBackend, name: str, security_configuration: str
) -> SecurityConfiguration:
    """Create one, and have AWS Config record it."""
    made = _create(backend, name, security_configuration)
    awsconfig.recorder.record(backend.account_id, backend.region_name, name)
    return made


def delete(backend: ElasticMapReduceBackend, name: str) -> None:
    """Delete one that no live cluster uses."""
    users = [
        cluster.id
        for cluster in list(backend.clusters.values())
        if cluster.security_configuration == name
        and not str(cluster.state).startswith("TERMINATED")
    ]
    if users and name in backend.security_configurations:
        raise InvalidRequestException(
            f"SECURITY_CONFIGURATION_IN_USE: Security configuration '{name}' cannot be deleted "
            f"because it is in use by active clusters {sorted(users)}."
        )
    remove(backend, name)


def remove(backend: ElasticMapReduceBackend, name: str) -> None:
    """Delete one, whoever uses it."""
    _delete(backend, name)
    awsconfig.recorder.record(backend.account_id, backend.region_name, name, deleted=True)


def _list_security_configurations(response: ElasticMapReduceResponse) -> ActionResult:
    found = sorted(response.backend.security_configurations.values(), key=lambda one: one.name)
    summaries = [{"Name": one.name, "CreationDateTime": one.creation_date_time} for one in found]
    return PaginatedResult({"SecurityConfigurations": summaries})


@route("POST", "/security-configurations")
def age(body: dict[str, Any]) -> dict[str, Any]:
    """Make a security configuration `age_seconds` old: {"name", "age_seconds"}."""
    backend = _backend(body)
    made = backend.security_configurations[body["name"]]
    made.creation_date_time = utcnow() - timedelta(seconds=float(body["age_seconds"]))
    return {"name": made.name, "created": made.creation_date_time}


@route("DELETE", "/security-configurations")
def force_delete(body: dict[str, Any]) -> dict[str, Any]:
    """Delete a security configuration even while clusters use it: {"name"}."""
    remove(_backend(body), body["name"])
    return {"name": body["name"]}


def _backend(body: dict[str, Any]) -> ElasticMapReduceBackend:
    account, region = body.get("account", DEFAULT_ACCOUNT), body.get("region", DEFAULT_REGION)
    backend = emr_backends[account][region]
    if body.get("name") not in backend.security_configurations:
        name = body.get("name")
        raise ControlError(f"{account} has no security configuration {name!r} in {region}.")
    return backend


def install() -> None:
    """Put ours in the place of moto's."""
    ElasticMapReduceBackend.create_security_configuration = create
    ElasticMapReduceBackend.delete_security_configuration = delete
    ElasticMapReduceResponse.list_security_configurations = _list_security_configurations
