"""Simulator: the operations on stack sets, done for real."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.models import CloudFormationBackend, StackSet, cloudformation_backends
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult

from tools.simulator.cloudformation import api as stack_api
from tools.simulator.cloudformation.sets import targets
from tools.simulator.cloudformation.sets.automatic import follow
from tools.simulator.cloudformation.sets.instances import Instance, found, make, remove
from tools.simulator.iam import organizations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


_moto_create = CloudFormationBackend.create_stack_set
_moto_respond_to_create = CloudFormationResponse.create_stack_set


def _create_set(self: CloudFormationBackend, **request: Any) -> StackSet:
    stack_api.check(self, request["name"], request["template"], request["parameters"])
    if any(
        one.name == request["name"] and one.status == "ACTIVE" for one in self.list_stack_sets()
    ):
        raise ValidationError(message=f"StackSet {request['name']} already exists")
    made = _moto_create(self, **request)
    made.auto_deployment = {"Enabled": False}
    made.deployed_regions = []  # where automatic deployment goes to
    return made


def _respond_to_create(self: CloudFormationResponse) -> ActionResult:
    model = self._get_param("PermissionModel") or "SELF_MANAGED"
    targets.run_by(self.current_account, model, self._get_param("CallAs") or "SELF")
    answer = _moto_respond_to_create(self)
    wanted = self._get_params().get("AutoDeployment")
    if wanted:
        if model != targets.SERVICE_MANAGED:
            raise ValidationError(message="AutoDeployment needs the SERVICE_MANAGED model")
        made = self.cloudformation_backend.describe_stack_set(self._get_param("StackSetName"))
        made.auto_deployment = {key: _is_true(value) for key, value in wanted.items()}
    return answer


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _overrides(self: CloudFormationResponse) -> dict[str, str]:
    return stack_api.texts(self._get_param("ParameterOverrides", []))


class _Request:
    """A request about a set's instances: the set, the accounts and Regions, and its operation."""

    def __init__(self, response: CloudFormationResponse, action: str) -> None:
        backend = response.cloudformation_backend
        self.home: StackSet = backend.describe_stack_set(response._get_param("StackSetName"))  # noqa: SLF001 - moto's own way
        asked = response._get_params()  # noqa: SLF001 - likewise
        organization = targets.run_by(
            response.current_account, self.home.permission_model, asked.get("CallAs") or "SELF"
        )
        self.accounts = targets.accounts_of(
            organization, asked.get("Accounts") or [], asked.get("DeploymentTargets")
        )
        self.regions = list(asked.get("Regions") or [])
        self.action = action
        self.operation_id = asked.get("OperationId") or str(uuid.uuid4())

    def places(self) -> Iterator[tuple[str, str]]:
        """Answer each account and Region, Region by Region as in AWS."""
        return ((account, region) for region in self.regions for account in self.accounts)

    def done(self, instances: list[Instance]) -> ActionResult:
        """Note the operation with its outcome, and answer its id."""
        outcome = "FAILED" if any(one.failed for one in instances) else "SUCCEEDED"
        self.home._create_operation(  # noqa: SLF001 - moto's own
            self.operation_id, self.action, outcome, self.accounts, self.regions
        )
        return ActionResult({"OperationId": self.operation_id})


def _create_instances(self: CloudFormationResponse) -> ActionResult:
    request, overrides = _Request(self, "CREATE"), _overrides(self)
    made = [make(request.home, *place, overrides) for place in request.places()]
    request.home.deployed_regions = sorted({*request.home.deployed_regions, *request.regions})
    return request.done([one for one in made if one is not None])


def _update_instances(self: CloudFormationResponse) -> ActionResult:
    request, overrides = _Request(self, "UPDATE"), _overrides(self)
    there = [found(request.home, *place) for place in request.places()]
    changed = [one for one in there if one is not None]
    for instance in changed:
        instance.update(overrides)
    return request.done(changed)


def _delete_instances(self: CloudFormationResponse) -> ActionResult:
    request, retain = _Request(self, "DELETE"), _is_true(self._get_param("RetainStacks"))
    for place in request.places():
        instance = found(request.home, *place)
        if instance is not None:
            remove(request.home, instance, retain=retain)
    gone = set(request.regions)
    request.home.deployed_regions = [
        one for one in request.home.deployed_regions if one not in gone
    ]
    return request.done([])


def _update_set(self: StackSet, **request: Any) -> dict[str, Any]:
    """Change the set, and every stack of it with it."""
    backend = cloudformation_backends[self.arn.split(":")[4]][self.arn.split(":")[3]]
    template = request["template"] or self.template
    parameters = request["parameters"] or self.parameters
    stack_api.check(backend, self.name, template, parameters)
    self.template, self.parameters = template, parameters
    self.description = request["description"] or self.description
    self.tags = request["tags"] or self.tags
    for instance in self.stack_instances:
        instance.update()
    outcome = "FAILED" if any(one.failed for one in self.stack_instances) else "SUCCEEDED"
    operation_id = request["operation_id"] or str(uuid.uuid4())
    return self._create_operation(operation_id, "UPDATE", outcome)


@functools.cache
def install() -> None:
    """Put all this in the place of what moto does."""
    CloudFormationBackend.create_stack_set = _create_set
    responses: dict[str, Callable[[CloudFormationResponse], ActionResult]] = {
        "create_stack_set": stack_api.with_capabilities(_respond_to_create),
        "update_stack_set": stack_api.with_capabilities(CloudFormationResponse.update_stack_set),
        "create_stack_instances": _create_instances,
        "update_stack_instances": _update_instances,
        "delete_stack_instances": _delete_instances,
    }
    for name, response in responses.items():
        setattr(CloudFormationResponse, name, response)
    StackSet.update = _update_set
    organizations.on_membership(follow)
