"""Simulator: IAM enforced on every call, when switched on.

moto's own enforcement knows no resources and no conditions; this stands before it instead. The
administrator's key of any account (`GET /simulator/iam`) may do everything, always.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from tools.simulator import accounts, answers, identity, wire
from tools.simulator.control import ControlError, on_reset, route
from tools.simulator.iam import (
    authorization,
    grants,
    objects,
    policies,
    resource_policies,
    resources,
    signatures,
    trust,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_JSON = frozenset({"json", "rest-json"})
_PLAIN_CODE = frozenset(
    {"cloudwatch", "sqs"}
)  # JSON today, but with the codes of the query protocol
_state = {"enforce": False}


def enforced() -> bool:
    """Whether IAM is enforced."""
    return _state["enforce"]


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Refuse the calls that their caller may not make."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        if not enforced():
            return app(environ, start_response)
        refusal = _refusal(call) if call else _unsigned(environ)
        return refusal.send(start_response) if refusal else app(environ, start_response)

    return serve


def _unsigned(environ: WSGIEnvironment) -> answers.Answer | None:
    """Refuse a request without a signature, unless it is for moto's own pages or SNS's links."""
    links = ("Action=ConfirmSubscription", "Action=Unsubscribe")
    if environ["PATH_INFO"].startswith("/moto-api") or any(
        link in str(environ.get("QUERY_STRING")) for link in links
    ):
        return None
    message = "Request is missing Authentication Token"
    return answers.error("query", "MissingAuthenticationToken", message, 403)


def _refusal(call: wire.Call) -> answers.Answer | None:
    try:
        signatures.check(call)
    except signatures.SignatureError as problem:
        return answers.error(call.protocol, _refused(call, problem), str(problem), _status(call))
    denial = _denial(call)
    return answers.error(call.protocol, _denied(call), denial, _status(call)) if denial else None


def _denial(call: wire.Call) -> str | None:
    """Why the caller may not make the call, in AWS's words; None if it may."""
    action = resources.action_of(call)
    administrator = accounts.account_of_administrator(call.access_key_id)
    # Nobody needs a permission for the one; a role admits the administrator or not.
    if action == "sts:GetCallerIdentity" or (administrator and action != "sts:AssumeRole"):
        return None
    refused = f"User: {call.caller.arn} is not authorized to perform: {action}"
    try:
        asked = resources.resources_of(call, action)
    except authorization.UnknownActionError as gap:
        return f"{refused}: {gap}"
    for resource in asked:
        decision = _decide(call, action, resource)
        if not decision.allowed:
            return f"{refused} on resource: {resource} {decision.reason}"
    return _denial_of_object(call, action)


def _denial_of_object(call: wire.Call, action: str) -> str | None:
    more = objects.needed(call, action)
    if more is None:
        return None
    context = grants.context_of(call.caller, call.region)
    context |= {"kms:viaservice": f"s3.{call.region}.amazonaws.com"}
    decision = policies.decide(grants.of_caller(call.caller), *more, context)
    if decision.allowed:
        return None
    return f"User: {call.caller.arn} is not authorized to perform: {more[0]} {decision.reason}"


def _decide(call: wire.Call, action: str, resource: str) -> policies.Decision:
    context = grants.context_of(call.caller, call.region) | resources.context_of(call)
    decision = policies.decide(grants.of_caller(call.caller), action, resource, context)
    if decision.allowed and _denied_by_the_resource(call, action, resource, context):
        reason = "with an explicit deny in a resource-based policy"
        return policies.Decision(allowed=False, reason=reason)
    if decision.allowed and call.service == "s3" and not may_use(call.caller, action, resource):
        reason = f"because no resource-based policy allows the {action} action"
        return policies.Decision(allowed=False, reason=reason)
    if action != "sts:AssumeRole" or not decision.allowed:
        return decision
    if trust.admits(resource, call.caller, call.parameters.get("ExternalId")):
        return decision
    reason = "because the role's trust policy does not admit the caller"
    return policies.Decision(allowed=False, reason=reason)


def may_use(caller: identity.Caller, action: str, resource: str) -> bool:
    """Whether a bucket of another account admits a caller; its own account's policies decide there."""
    bucket = resources.bucket_of(resource.rpartition(":")[2].partition("/")[0])
    if bucket is None or bucket.account_id == caller.account:
        return True
    who = resource_policies.caller(caller.arn, caller.account, caller.role_arn)
    return resource_policies.decide(resources.policy_of(resource), who, action, resource).allowed


def _denied_by_the_resource(
    call: wire.Call, action: str, resource: str, context: policies.Context
) -> bool:
    who = resource_policies.caller(call.caller.arn, call.caller.account, call.caller.role_arn)
    who = replace(who, context={**who.context, **context})
    return resource_policies.decide(resources.policy_of(resource), who, action, resource).denied


def _refused(call: wire.Call, problem: signatures.SignatureError) -> str:
    if call.protocol in _JSON:
        return problem.json_code
    is_s3_key = call.service == "s3" and problem.query_code == "InvalidClientTokenId"
    return "InvalidAccessKeyId" if is_s3_key else problem.query_code


def _denied(call: wire.Call) -> str:
    codes = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
    if call.protocol in _JSON and call.service not in _PLAIN_CODE:
        return "AccessDeniedException"
    return codes.get(call.service, "AccessDenied")


def _status(call: wire.Call) -> int:
    return 400 if call.protocol == "json" else 403


@route("PUT", "/iam")
def switch(body: dict[str, Any]) -> dict[str, Any]:
    """Switch enforcement on or off: {"enforce": true}."""
    if not isinstance(body.get("enforce"), bool) or len(body) != 1:
        raise ControlError('IAM takes {"enforce": true} or {"enforce": false}.')
    _state["enforce"] = body["enforce"]
    return read({})


@route("GET", "/iam")
def read(body: dict[str, Any]) -> dict[str, Any]:
    """The switch, and the administrator's access key of an account (`?account=`)."""
    key = accounts.administrator_key(body.get("account", accounts.DEFAULT_ACCOUNT))
    return {"enforce": enforced(), **key._asdict()}


def clear() -> None:
    """Switch enforcement off."""
    _state["enforce"] = False


def install() -> None:
    """Make a reset switch enforcement off, and judge bucket policies here, with their conditions."""
    on_reset(clear)
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
