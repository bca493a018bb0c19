"""Simulator: a Lambda function's resource policy, which says which AWS service may invoke it."""

from __future__ import annotations

from moto.awslambda.exceptions import UnknownFunctionException

from tools.simulator.functions.runs import find
from tools.simulator.iam.resource_policies import Principal, decide


def may_invoke(
    function_arn: str, principal: str, source_account: str | None, source_arn: str | None
) -> bool:
    """Return whether the service `principal`, acting for this source, may invoke the function.

    False if there is no such function. A condition on a source that is not known does not hold.
    """
    try:
        function = find(function_arn)
    except (UnknownFunctionException, ValueError):
        return False
    sources = {"aws:sourceaccount": source_account, "aws:sourcearn": source_arn}
    context = {key: value for key, value in sources.items() if value}
    who = Principal(principal, source_account or "", context)
    policy = {"Statement": function.policy.statements}
    return decide(policy, who, "lambda:InvokeFunction", function.function_arn).allowed
