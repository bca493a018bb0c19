"""Simulator: CloudFormation, strict: moto's API over our own way of checking and making stacks.

| module | what it does |
|---|---|
| `template_document`, `template_intrinsics`, `template_order` | reads and evaluates templates |
| `template_check`, `template_schema`, `template_problems` | holds them against AWS's schemas |
| `template_evaluation`, `template_parameters` | conditions, references; parameters and Rules |
| `api`, `change_sets`, `changes` | the operations, checked first; statuses, events, roll-back |
| `runs`, `deployed`, `resources` | makes, changes and removes resources |
| `forwarded` | in whose name: that of whoever asks for the stack |
| `types` | the resource types and what the simulator honours of them |
"""

from __future__ import annotations

import functools
from typing import Any

from moto.cloudformation import parsing
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Stack
from moto.cloudformation.parsing import LazyDict, ResourceMap
from moto.cloudformation.responses import CloudFormationResponse

from tools.simulator.cloudformation import api as stack_api
from tools.simulator.cloudformation import change_sets, forwarded, template_document
from tools.simulator.cloudformation.template_evaluation import pseudo_parameters
from tools.simulator.cloudformation.types import all_types
from tools.simulator.cloudformation.types.registry import register

__all__ = ["install", "register"]


def _load_nothing(self: ResourceMap) -> None:
    """Stand in for moto's evaluation of the template; `changes` does it."""
    self.lazy_condition_map = LazyDict()
    self.no_echo_parameter_keys = []


def _parse_change_set(self: ChangeSet) -> None:
    self.template_dict = template_document.parse(self.template)


def _stack_pseudo_parameters(self: Stack) -> dict[str, Any]:
    found = pseudo_parameters(self.account_id, self.region_name, self.name)
    return found | {"AWS::StackId": self.stack_id, "AWS::NotificationARNs": self.notification_arns}


def _wrap_stack() -> None:
    construct = Stack.__init__

    def construct_stack(self: Stack, *rest: Any, **named: Any) -> None:
        self.deployed = {}
        self.published = []
        construct(self, *rest, **named)

    Stack.__init__ = construct_stack
    Stack.parse_template = staticmethod(template_document.parse)
    Stack.pseudo_parameters = _stack_pseudo_parameters
    Stack.outputs = property(lambda self: self.published or None)
    Stack.exports = property(lambda _self: [])
    Stack.stack_resources = property(lambda self: [one.model for one in self.deployed.values()])


@functools.cache
def install() -> None:
    """Put all this in the place of what moto does."""
    all_types.install()
    for cached in (parsing.get_model_list, parsing.get_model_map, parsing.get_name_type_map):
        cached.cache_clear()
    _wrap_stack()
    ResourceMap.load = _load_nothing
    ChangeSet._parse_template = _parse_change_set  # noqa: SLF001
    CloudFormationBackend.create_stack = stack_api.create_stack
    CloudFormationBackend.update_stack = stack_api.update_stack
    CloudFormationBackend.delete_stack = stack_api.delete_stack
    CloudFormationBackend.create_change_set = stack_api.create_change_set
    CloudFormationBackend.execute_change_set = change_sets.execute
    CloudFormationResponse._get_stack_from_s3_url = stack_api.template_at  # noqa: SLF001
    CloudFormationResponse._validate_different_update = stack_api.leave_to_the_update  # noqa: SLF001
    for name in ("create_stack", "update_stack", "create_change_set", "get_template_summary"):
        operation = getattr(CloudFormationResponse, name)
        setattr(CloudFormationResponse, name, stack_api.with_capabilities(operation))
    for name in ("create_stack", "update_stack", "delete_stack", "execute_change_set"):
        operation = getattr(CloudFormationResponse, name)
        setattr(CloudFormationResponse, name, forwarded.in_the_name_of_the_caller(operation))
