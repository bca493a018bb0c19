"""Tiny conformance packs for tests of the simulator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.simulator.config_rules import CHANGE, CONFIGURATION, PERIODIC
from tests.simulator.throwaway import ACCOUNT, make_function

if TYPE_CHECKING:
    from tools.simulator.client import Simulator

HERE = "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f"


def pack_rule(
    name: str = "clusters", details: list[dict[str, str]] = PERIODIC, **more: Any
) -> dict[str, Any]:
    """Answer a rule of a pack on the function f of the pack's own account and Region."""
    source = {
        "Owner": "CUSTOM_LAMBDA",
        "SourceIdentifier": {"Fn::Sub": HERE},
        "SourceDetails": details,
    }
    properties = {"ConfigRuleName": name, "Source": source} | more
    return {"Type": "AWS::Config::ConfigRule", "Properties": properties}


CONFIGURATIONS = pack_rule(
    "configurations", CHANGE, Scope={"ComplianceResourceTypes": [CONFIGURATION]}
)
MANAGED = {
    "Type": "AWS::Config::ConfigRule",
    "Properties": {
        "ConfigRuleName": "kerberos",
        "Source": {"Owner": "AWS", "SourceIdentifier": "EMR_KERBEROS_ENABLED"},
    },
}


def body(*rules: dict[str, Any], **sections: Any) -> str:
    """Answer a pack's template with these rules, or with one on the function f."""
    resources = {f"Rule{number}": rule for number, rule in enumerate(rules or (pack_rule(),))}
    return json.dumps({"Resources": resources, **sections})


def parameters(**given: str) -> list[dict[str, str]]:
    """Answer a pack's parameters as the API takes them."""
    return [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()]


def admit_config(aws: Simulator, account: str = ACCOUNT, name: str = "f") -> None:
    """Make a function that answers its event, and let AWS Config of its account invoke it."""
    there = _In(aws, account)
    make_function(there, "def handler(event, context): return event", name)  # type: ignore[arg-type]
    there.client("lambda").add_permission(
        FunctionName=name,
        StatementId="config",
        Action="lambda:InvokeFunction",
        Principal="config.amazonaws.com",
        SourceAccount=account,
    )


class _In:
    """A simulator as one account sees it."""

    def __init__(self, aws: Simulator, account: str) -> None:
        self.aws, self.account = aws, account

    def client(self, service: str) -> Any:
        return self.aws.client(service, account=self.account)
