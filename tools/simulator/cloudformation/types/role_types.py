"""Simulator: CloudFormation's type of IAM roles."""

from __future__ import annotations

from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource, chosen, policy_text


class Role(ApiResource, CloudFormationModel):
    """An AWS::IAM::Role; Ref answers its name."""

    TYPE = "AWS::IAM::Role"
    SERVICE = "iam"
    NAME_PROPERTY = "RoleName"
    HONOURED = frozenset(
        {
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        }
    )
    _PLAIN = ("Description", "MaxSessionDuration", "Path", "PermissionsBoundary", "Tags")

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the role, and give it its policies."""
        client = cls.client(account, region)
        cls._check_boundary(client, properties)
        trust = policy_text(properties["AssumeRolePolicyDocument"])
        made = client.create_role(
            RoleName=name, AssumeRolePolicyDocument=trust, **chosen(properties, cls._PLAIN)
        )["Role"]
        role = cls(name, {}, Arn=made["Arn"], RoleId=made["RoleId"])
        try:
            role._put_policies(client, properties)
        except Exception:  # half a role would stay behind, which no stack knows
            role.delete(account, region)
            raise
        return role

    @staticmethod
    def _check_boundary(client: Any, properties: dict[str, Any]) -> None:
        """Refuse a permissions boundary that is not there, as IAM does and moto does not."""
        arn = properties.get("PermissionsBoundary")
        try:
            if arn:
                client.get_policy(PolicyArn=arn)
        except client.exceptions.NoSuchEntityException as problem:
            message = f"Scope ARN: {arn} does not exist or is not attachable."
            raise ValueError(message) from problem

    def _put_policies(self, client: Any, properties: dict[str, Any]) -> None:
        name = self.physical_resource_id
        for arn in properties.get("ManagedPolicyArns") or []:
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
        for policy in properties.get("Policies") or []:
            client.put_role_policy(
                RoleName=name,
                PolicyName=policy["PolicyName"],
                PolicyDocument=policy_text(policy["PolicyDocument"]),
            )
        self.properties = properties

    def _drop_policies(self, client: Any, keep: dict[str, Any]) -> None:
        """Take away what the stack gave and `keep` does not give; RolePolicies are others'."""
        name, old = self.physical_resource_id, self.properties
        for arn in set(old.get("ManagedPolicyArns") or []) - set(
            keep.get("ManagedPolicyArns") or []
        ):
            client.detach_role_policy(RoleName=name, PolicyArn=arn)
        kept = {policy["PolicyName"] for policy in keep.get("Policies") or []}
        for policy in old.get("Policies") or []:
            if policy["PolicyName"] not in kept:
                client.delete_role_policy(RoleName=name, PolicyName=policy["PolicyName"])

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Change trust, description, duration, boundary, tags and policies."""
        client = self.client(account, region)
        self._check_boundary(client, properties)
        client.update_assume_role_policy(
            RoleName=name, PolicyDocument=policy_text(properties["AssumeRolePolicyDocument"])
        )
        client.update_role(
            RoleName=name,
            Description=properties.get("Description", ""),
            MaxSessionDuration=properties.get("MaxSessionDuration", 3600),
        )
        if "PermissionsBoundary" in properties:
            boundary = properties["PermissionsBoundary"]
            client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
        elif "PermissionsBoundary" in self.properties:
            client.delete_role_permissions_boundary(RoleName=name)
        old_tags = [tag["Key"] for tag in self.properties.get("Tags") or []]
        client.untag_role(RoleName=name, TagKeys=old_tags)
        client.tag_role(RoleName=name, Tags=properties.get("Tags") or [])
        self._drop_policies(client, properties)
        self._put_policies(client, properties)
        return self

    def delete(self, account: str, region: str) -> None:
        """Delete the role with all that the stack gave it."""
        client = self.client(account, region)
        self._drop_policies(client, {})
        client.delete_role(RoleName=self.physical_resource_id)
