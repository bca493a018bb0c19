"""Tool: creates and updates CloudFormation stacks from templates of this project."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError, WaiterError

from tools.code_bucket import CodeBucket, of_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

# How CloudFormation says of a change set that it would change nothing.
UNCHANGED = ("didn't contain changes", "No updates are to be performed")
# Every two seconds, for half an hour.
PATIENCE = {"Delay": 2, "MaxAttempts": 900}
MOST_REASONS = 5
# A stack that was never made: only its change set has been.
NEVER_MADE = "REVIEW_IN_PROGRESS"
# What a stack is in after its creation has failed; CloudFormation updates none of them.
STILLBORN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
KINDS = ("added", "modified", "replaced", "perhaps replaced", "removed")


class StackError(Exception):
    """A stack is not as it has to be; the message says why."""


class Stacks:
    """The stacks of one account and Region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def deploy(  # noqa: PLR0913 - what a stack is made of, and to whom it is announced
        self,
        stack: str,
        template: Path,
        parameters: Mapping[str, str],
        *,
        tags: Mapping[str, str] | None = None,
        bucket: CodeBucket | None = None,
        announce: Callable[[str], None] = lambda _: None,
    ) -> dict[str, str]:
        """Create or update a stack, and return its outputs.

        What will change is announced before it does. A parameter or tag that is not named keeps
        the value that the stack has. Raises StackError with the first reasons that CloudFormation
        gives, and ClientError for what it refuses.
        """
        before = self.find(stack)
        _require_changeable(before, lambda: self._failures(stack))
        body = of_template(template, bucket)
        request = {
            "StackName": stack,
            **body,
            "Parameters": self._parameters(body, parameters, before),
            "Tags": _tags(tags or {}, before),
            "Capabilities": ["CAPABILITY_IAM"],
        }
        name = f"deploy-{uuid4().hex}"
        kind = "update" if before else "create"
        changes = self._propose(name, kind, request)
        if changes is None:
            announce(f"Nothing changes in the stack {stack}.")
        else:
            announce(_described(stack, kind, changes))
            self._client.execute_change_set(ChangeSetName=name, StackName=stack)
            self._wait(stack, kind)
        outputs = (self.find(stack) or {}).get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def delete(self, stack: str) -> bool:
        """Delete a stack; return whether there was one."""
        if not self.find(stack):
            return False
        self._client.delete_stack(StackName=stack)
        self._wait(stack, "delete")
        return True

    def require_status(self, stack: str, *wanted: str) -> None:
        """Raise StackError unless the stack's status is one of these; "" where there is none."""
        found = self.find(stack)
        status = found["StackStatus"] if found else ""
        if status not in wanted:
            reasons = self._failures(stack) if status else "there is none"
            raise StackError(f"stack {stack} is {status or 'missing'}: {reasons}")

    def find(self, stack: str) -> dict[str, Any] | None:
        """Return what CloudFormation says of a stack, or None for one that was never made."""
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return None if found["StackStatus"] == NEVER_MADE else found

    def _propose(
        self, name: str, kind: str, request: Mapping[str, Any]
    ) -> list[dict[str, Any]] | None:
        """Make a change set and return its changes; None, and no change set, where it has none."""
        self._client.create_change_set(ChangeSetName=name, ChangeSetType=kind.upper(), **request)
        named = {"ChangeSetName": name, "StackName": request["StackName"]}
        try:
            waiter = self._client.get_waiter("change_set_create_complete")
            waiter.wait(**named, WaiterConfig=PATIENCE)
        except WaiterError as error:
            reason = str(self._client.describe_change_set(**named).get("StatusReason"))
            self._client.delete_change_set(**named)
            if any(text in reason for text in UNCHANGED):
                return None
            if kind == "create":  # nothing but the change set was there
                self._client.delete_stack(StackName=request["StackName"])
            raise StackError(f"stack {request['StackName']} cannot be changed: {reason}") from error
        pages = self._client.get_paginator("describe_change_set").paginate(**named)
        return [each["ResourceChange"] for page in pages for each in page.get("Changes", [])]

    def _parameters(
        self, body: Mapping[str, str], given: Mapping[str, str], before: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        known = self._known(body)
        if unknown := sorted(given.keys() - known):
            near = difflib.get_close_matches(unknown[0], known, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise StackError(
                f"the template has no parameter {unknown[0]}{meant}; it has {', '.join(sorted(known))}"
            )
        named: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
        ]
        held = {each["ParameterKey"] for each in (before or {}).get("Parameters", [])}
        return named + [
            {"ParameterKey": key, "UsePreviousValue": True}
            for key in sorted(known & held - given.keys())
        ]

    def _known(self, body: Mapping[str, str]) -> set[str]:
        summary = self._client.get_template_summary(**body)
        return {each["ParameterKey"] for each in summary["Parameters"]}

    def _wait(self, stack: str, kind: str) -> None:
        try:
            waiter = self._client.get_waiter(f"stack_{kind}_complete")
            waiter.wait(StackName=stack, WaiterConfig=PATIENCE)
        except WaiterError as error:
            message = f"stack {stack} failed: {self._failures(stack)}"
            found = self.find(stack)
            hint = advice(stack, found["StackStatus"]) if found else ""
            raise StackError(f"{message}{hint}") from error

    def _failures(self, stack: str) -> str:
        events = self._client.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: "
            + event.get("ResourceStatusReason", event["ResourceStatus"])
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return "; ".join(reasons[:MOST_REASONS])


def _require_changeable(before: Mapping[str, Any] | None, failures: Callable[[], str]) -> None:
    if before is None:
        return
    stack, status = before["StackName"], before["StackStatus"]
    if status in STILLBORN:
        raise StackError(f"stack {stack} is in {status} ({failures()}){advice(stack, status)}")
    if not status.endswith("_COMPLETE"):
        raise StackError(f"stack {stack} is in {status}{advice(stack, status)}")


def advice(stack: str, status: str) -> str:
    """Return what to do about a stack in this status, as the end of a sentence."""
    if status in STILLBORN:
        return (
            f". CloudFormation leaves it in {status}, which nothing can update: mend the cause, delete"
            f" it (aws cloudformation delete-stack --stack-name {stack}), and deploy again"
        )
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return ". It is what it was before: mend the cause, and deploy again"
    if status == "UPDATE_ROLLBACK_FAILED":
        return (
            ". Mend the cause, have it go back (aws cloudformation continue-update-rollback "
            f"--stack-name {stack}), and deploy again"
        )
    if status.endswith("_IN_PROGRESS"):
        return ": somebody else is changing it; wait until that is done, and deploy again"
    return ""


def _tags(given: Mapping[str, str], before: Mapping[str, Any] | None) -> list[dict[str, str]]:
    held = {each["Key"]: each["Value"] for each in (before or {}).get("Tags", [])}
    return [{"Key": key, "Value": value} for key, value in {**held, **given}.items()]


def _described(stack: str, kind: str, changes: Iterable[Mapping[str, Any]]) -> str:
    names: dict[str, list[str]] = {each: [] for each in KINDS}
    for change in changes:
        names[_kind(change)].append(change["LogicalResourceId"])
    lines = [f"  {each}: {', '.join(found)}" for each, found in names.items() if found]
    head = {"create": "The stack {} will be made:", "update": "The stack {} will change:"}[kind]
    return "\n".join([head.format(stack), *(lines or ["  no resource, but tags or outputs"])])


def _kind(change: Mapping[str, Any]) -> str:
    replaced = {"True": "replaced", "Conditional": "perhaps replaced"}
    if change["Action"] == "Modify":
        return replaced.get(change.get("Replacement", ""), "modified")
    return "added" if change["Action"] == "Add" else "removed"
