"""Simulator: the resource types of IAM: roles and their policies."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tools.simulator.cloudformation.types.base import (
    Deployed,
    Made,
    Place,
    Properties,
    ResourceType,
    chosen,
    policy_text,
)

_PLAIN = frozenset({"Description", "Path", "PermissionsBoundary"})


def _create_role(place: Place, name: str, given: Properties) -> Made:
    client = place.client("iam")
    trust = policy_text(given["AssumeRolePolicyDocument"])
    role = client.create_role(
        RoleName=name, AssumeRolePolicyDocument=trust, **chosen(given, _PLAIN)
    )["Role"]
    try:
        _put_policies(client, name, given)
    except Exception:  # half a role would stay behind, which no stack knows
        _take_policies(client, name, given, {})
        client.delete_role(RoleName=name)
        raise
    return Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})


def _update_role(place: Place, old: Deployed, given: Properties) -> None:
    client, name = place.client("iam"), old.physical_id
    trust = policy_text(given["AssumeRolePolicyDocument"])
    client.update_assume_role_policy(RoleName=name, PolicyDocument=trust)
    client.update_role(RoleName=name, Description=given.get("Description", ""))
    boundary = chosen(given, ["PermissionsBoundary"])
    if boundary:
        client.put_role_permissions_boundary(RoleName=name, **boundary)
    elif "PermissionsBoundary" in old.properties:
        client.delete_role_permissions_boundary(RoleName=name)
    _take_policies(client, name, old.properties, given)
    _put_policies(client, name, given)


def _delete_role(place: Place, one: Deployed) -> None:
    client = place.client("iam")
    _take_policies(client, one.physical_id, one.properties, {})
    client.delete_role(RoleName=one.physical_id)


def _put_policies(client: Any, role: str, given: Properties) -> None:
    for policy in given.get("Policies") or []:
        client.put_role_policy(
            RoleName=role,
            PolicyName=policy["PolicyName"],
            PolicyDocument=policy_text(policy["PolicyDocument"]),
        )


def _take_policies(client: Any, role: str, given: Properties, kept: Properties) -> None:
    """Take away what the stack gave and does not give any more; RolePolicies are others'."""
    names = {policy["PolicyName"] for policy in kept.get("Policies") or []}
    for policy in given.get("Policies") or []:
        if policy["PolicyName"] not in names:
            with suppress(client.exceptions.NoSuchEntityException):
                client.delete_role_policy(RoleName=role, PolicyName=policy["PolicyName"])


def _put_role_policy(place: Place, name: str, given: Properties) -> Made:
    document = policy_text(given["PolicyDocument"])
    place.client("iam").put_role_policy(
        RoleName=given["RoleName"], PolicyName=name, PolicyDocument=document
    )
    return Made(name)


def _delete_role_policy(place: Place, one: Deployed) -> None:
    place.client("iam").delete_role_policy(
        RoleName=one.properties["RoleName"], PolicyName=one.physical_id
    )


TYPES = {
    "AWS::IAM::Role": ResourceType(
        create=_create_role,
        update=_update_role,
        delete=_delete_role,
        named="RoleName",
        honoured=_PLAIN | {"AssumeRolePolicyDocument", "Policies", "RoleName"},
    ),
    "AWS::IAM::RolePolicy": ResourceType(
        create=_put_role_policy,
        delete=_delete_role_policy,
        named="PolicyName",
        honoured=frozenset({"PolicyDocument", "PolicyName", "RoleName"}),
    ),
}
