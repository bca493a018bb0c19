"""Tool: creates and updates CloudFormation stacks from templates of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, WaiterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

UNCHANGED = "No updates are to be performed"
# Every two seconds, for half an hour.
PATIENCE = {"Delay": 2, "MaxAttempts": 900}
MOST_REASONS = 5


class StackError(Exception):
    """A stack is not as it has to be; the message says why."""


class Stacks:
    """The stacks of one account and Region."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def deploy(self, stack: str, template: Path, parameters: Mapping[str, str]) -> dict[str, str]:
        """Create or update a stack; answer its outputs.

        A parameter that is not named keeps the value that the stack has. Raises StackError with
        the first reasons that CloudFormation gives, and ClientError for what it refuses.
        """
        body, before = template.read_text(), self._find(stack)
        request = {
            "StackName": stack,
            "TemplateBody": body,
            "Parameters": self._parameters(body, parameters, before),
            "Capabilities": ["CAPABILITY_IAM"],
        }
        kind = "update" if before else "create"
        try:
            getattr(self._client, f"{kind}_stack")(**request)
            self._wait(stack, f"stack_{kind}_complete")
        except ClientError as error:
            if UNCHANGED not in str(error):
                raise
        outputs = (self._find(stack) or {}).get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in outputs}

    def delete(self, stack: str) -> bool:
        """Delete a stack; answer whether there was one."""
        if not self._find(stack):
            return False
        self._client.delete_stack(StackName=stack)
        self._wait(stack, "stack_delete_complete")
        return True

    def require_status(self, stack: str, *wanted: str) -> None:
        """Raise StackError unless the stack's status is one of these; "" where there is none."""
        found = self._find(stack)
        status = found["StackStatus"] if found else ""
        if status not in wanted:
            reasons = self._failures(stack) if status else "there is none"
            raise StackError(f"stack {stack} is {status or 'missing'}: {reasons}")

    def _find(self, stack: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return found

    def _parameters(
        self, body: str, given: Mapping[str, str], before: Mapping[str, Any] | None
    ) -> list[dict[str, Any]]:
        named: list[dict[str, Any]] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in given.items()
        ]
        if before is None:
            return named
        summary = self._client.get_template_summary(TemplateBody=body)
        known = {each["ParameterKey"] for each in summary["Parameters"]}
        held = {each["ParameterKey"] for each in before.get("Parameters", [])}
        return named + [
            {"ParameterKey": key, "UsePreviousValue": True}
            for key in sorted(known & held - given.keys())
        ]

    def _wait(self, stack: str, waiter: str) -> None:
        try:
            self._client.get_waiter(waiter).wait(StackName=stack, WaiterConfig=PATIENCE)
        except WaiterError as error:
            raise StackError(f"stack {stack} failed: {self._failures(stack)}") from error

    def _failures(self, stack: str) -> str:
        events = self._client.describe_stack_events(StackName=stack)["StackEvents"]
        reasons = [
            f"{event['LogicalResourceId']}: "
            + event.get("ResourceStatusReason", event["ResourceStatus"])
            for event in reversed(events)
            if event["ResourceStatus"].endswith("_FAILED")
        ]
        return "; ".join(reasons[:MOST_REASONS])
