"""Simulator: CloudFormation's types of IAM policies."""

from __future__ import annotations

from typing import Any, Self

from moto.core.common_models import CloudFormationModel

from tools.simulator.cloudformation.types.base import ApiResource, chosen, policy_text


class RolePolicy(ApiResource, CloudFormationModel):
    """An AWS::IAM::RolePolicy: an inline policy of one role; Ref answers its name."""

    TYPE = "AWS::IAM::RolePolicy"
    SERVICE = "iam"
    NAME_PROPERTY = "PolicyName"
    HONOURED = frozenset({"PolicyDocument", "PolicyName", "RoleName"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the policy."""
        cls.client(account, region).put_role_policy(
            RoleName=properties["RoleName"],
            PolicyName=name,
            PolicyDocument=policy_text(properties["PolicyDocument"]),
        )
        return cls(name, properties)

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the new document."""
        return self.create(name, properties, account, region)

    def delete(self, account: str, region: str) -> None:
        """Delete the policy."""
        self.client(account, region).delete_role_policy(
            RoleName=self.properties["RoleName"], PolicyName=self.physical_resource_id
        )


class Policy(ApiResource, CloudFormationModel):
    """An AWS::IAM::Policy: an inline policy of some roles; Ref answers a generated id."""

    TYPE = "AWS::IAM::Policy"
    SERVICE = "iam"
    HONOURED = frozenset({"PolicyDocument", "PolicyName", "Roles"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Put the policy on each role."""
        client = cls.client(account, region)
        for role in properties.get("Roles") or []:
            client.put_role_policy(
                RoleName=role,
                PolicyName=properties["PolicyName"],
                PolicyDocument=policy_text(properties["PolicyDocument"]),
            )
        return cls(name, properties, Id=name)

    def delete(self, account: str, region: str) -> None:
        """Delete the policy from each role."""
        client = self.client(account, region)
        for role in self.properties.get("Roles") or []:
            client.delete_role_policy(RoleName=role, PolicyName=self.properties["PolicyName"])


class ManagedPolicy(ApiResource, CloudFormationModel):
    """An AWS::IAM::ManagedPolicy; Ref answers its ARN."""

    TYPE = "AWS::IAM::ManagedPolicy"
    SERVICE = "iam"
    NAME_PROPERTY = "ManagedPolicyName"
    HONOURED = frozenset({"Description", "ManagedPolicyName", "Path", "PolicyDocument", "Roles"})

    @classmethod
    def create(cls, name: str, properties: dict[str, Any], account: str, region: str) -> Self:
        """Create the policy, and attach it to each role."""
        client = cls.client(account, region)
        made = client.create_policy(
            PolicyName=name,
            PolicyDocument=policy_text(properties["PolicyDocument"]),
            **chosen(properties, ("Description", "Path")),
        )["Policy"]
        for role in properties.get("Roles") or []:
            client.attach_role_policy(RoleName=role, PolicyArn=made["Arn"])
        return cls(made["Arn"], properties, PolicyArn=made["Arn"], PolicyId=made["PolicyId"])

    def update(self, name: str, properties: dict[str, Any], account: str, region: str) -> Self:  # noqa: ARG002 - its ARN names it
        """Make a new default version, and attach and detach."""
        client, arn = self.client(account, region), self.physical_resource_id
        if properties["PolicyDocument"] != self.properties["PolicyDocument"]:
            document = policy_text(properties["PolicyDocument"])
            client.create_policy_version(PolicyArn=arn, PolicyDocument=document, SetAsDefault=True)
        old, new = (set(one.get("Roles") or []) for one in (self.properties, properties))
        for role in old - new:
            client.detach_role_policy(RoleName=role, PolicyArn=arn)
        for role in new - old:
            client.attach_role_policy(RoleName=role, PolicyArn=arn)
        self.properties = properties
        return self

    def delete(self, account: str, region: str) -> None:
        """Detach and delete the policy, its versions first."""
        client, arn = self.client(account, region), self.physical_resource_id
        for role in self.properties.get("Roles") or []:
            client.detach_role_policy(RoleName=role, PolicyArn=arn)
        for version in client.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
        client.delete_policy(PolicyArn=arn)
