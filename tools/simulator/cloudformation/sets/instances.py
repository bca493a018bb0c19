"""Simulator: one stack of a stack set: made, changed, removed, and what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import cloudformation_backends

from tools.simulator.cloudformation import api as stack_api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.cloudformation.models import CloudFormationBackend, Stack, StackSet

_DONE = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})


class Instance:
    """A stack of a set in one account and Region, in the form that moto lists."""

    def __init__(
        self, home: StackSet, account: str, region: str, overrides: Mapping[str, str]
    ) -> None:
        self.home = home
        self.account_id = account
        self.region_name = region
        self.overrides = dict(overrides)
        self.reason = ""
        self.stack: Stack | None = None
        self._create()

    def _create(self) -> None:
        try:
            self.stack = self._backend.create_stack(
                name=f"{stack_api.STACK_SET}{self.home.name}",
                template=self.home.template,
                parameters=self._parameters(),
                tags=dict(self.home.tags or {}),
            )
        except ValidationError as problem:
            self.reason = str(problem.message)
        self._look()

    @property
    def _backend(self) -> CloudFormationBackend:
        return cloudformation_backends[self.account_id][self.region_name]

    def _parameters(self) -> dict[str, str]:
        return {**(self.home.parameters or {}), **self.overrides}

    @property
    def failed(self) -> bool:
        """Whether its stack is not as the set says."""
        return bool(self.reason)

    def _look(self) -> None:
        """Take down why the stack is not as the set says, if it is not."""
        if self.stack is None or self.stack.status in _DONE:
            return
        failures = [
            f"{event.logical_resource_id}: {event.resource_status_reason}"
            for event in self.stack.events
            if event.resource_status.endswith("_FAILED")
        ]
        self.reason = failures[0] if failures else f"The stack is in {self.stack.status}."

    def update(self, overrides: Mapping[str, str] | None = None) -> None:
        """Bring the stack to what the set says now."""
        if overrides is not None:
            self.overrides = dict(overrides)
        self.reason = ""
        if self.stack is None or self.stack.status == "ROLLBACK_COMPLETE":
            self.delete()
            self._create()
            return
        parameters = [
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in self._parameters().items()
        ]
        try:
            self._backend.update_stack(
                self.stack.name, self.home.template, None, parameters, dict(self.home.tags or {})
            )
        except ValidationError as problem:
            if "No updates are to be performed" not in str(problem.message):
                self.reason = str(problem.message)
                return
        self._look()

    def delete(self) -> None:
        """Delete the stack."""
        if self.stack is not None:
            self._backend.delete_stack(self.stack.stack_id)

    def to_dict(self) -> dict[str, Any]:
        """Answer the instance as DescribeStackInstance and ListStackInstances do."""
        return {
            "StackId": self.stack.stack_id if self.stack else None,
            "StackSetId": self.home.id,
            "Region": self.region_name,
            "Account": self.account_id,
            "Status": "OUTDATED" if self.failed else "CURRENT",
            "StatusReason": self.reason or None,
            "ParameterOverrides": [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in self.overrides.items()
            ],
            "StackInstanceStatus": {"DetailedStatus": "FAILED" if self.failed else "SUCCEEDED"},
        }


def found(home: StackSet, account: str, region: str) -> Instance | None:
    """Answer the set's instance there, if there is one."""
    there: Instance | None = home.instances.get_instance(account, region)
    return there


def make(home: StackSet, account: str, region: str, overrides: dict[str, str]) -> Instance | None:
    """Make the instance; None if there is one already."""
    if found(home, account, region) is not None:
        return None
    made = Instance(home, account, region, overrides)
    home.stack_instances.append(made)
    return made


def remove(home: StackSet, instance: Instance, *, retain: bool) -> None:
    """Take the instance from the set, and delete its stack unless that shall stay."""
    if not retain:
        instance.delete()
    home.stack_instances.remove(instance)
