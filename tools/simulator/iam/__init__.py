"""Simulator: IAM enforced on every call, when switched on.

moto's own enforcement knows no resources and no conditions; this stands before it instead. The
administrator's key of any account may do everything, always.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from tools.simulator import accounts, answers, identity, wire
from tools.simulator.control import steered
from tools.simulator.iam import authorization, grants, policies, resources, trust
from tools.simulator.iam import resource_policies as of_resources

_JSON = frozenset({"json", "rest-json"})
# JSON today, but with the codes of the query protocol.
_PLAIN_CODE = frozenset({"cloudwatch", "sqs"})
_LINKS = ("Action=ConfirmSubscription", "Action=Unsubscribe")


@dataclass
class Settings:
    """Whether IAM is enforced."""

    enforce: bool = False


settings = steered("/iam", Settings())


def middleware(app: WSGIApplication) -> WSGIApplication:
    """Refuse the calls that their caller may not make."""

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        call = wire.call_of(environ)
        if not settings.enforce:
            return app(environ, start_response)
        refusal = _refusal(call) if call else _unsigned(environ)
        return refusal.send(start_response) if refusal else app(environ, start_response)

    return serve


def _unsigned(environ: WSGIEnvironment) -> answers.Answer | None:
    """Refuse a request without a signature, unless it is for moto's own pages or SNS's links."""
    if environ["PATH_INFO"].startswith("/moto-api") or any(
        link in str(environ.get("QUERY_STRING")) for link in _LINKS
    ):
        return None
    message = "Request is missing Authentication Token"
    return answers.error("query", "MissingAuthenticationToken", message, 403)


def _refusal(call: wire.Call) -> answers.Answer | None:
    status = 400 if call.protocol == "json" else 403
    if refused := grants.refusal_of(call.access_key_id, call.caller.account):
        code = refused[1] if call.protocol in _JSON else refused[0]
        return answers.error(call.protocol, code, refused[2], status)
    denial = _denial(call)
    return answers.error(call.protocol, _denied(call), denial, status) if denial else None


def _denied(call: wire.Call) -> str:
    codes = {"ec2": "UnauthorizedOperation", "sns": "AuthorizationError"}
    if call.protocol in _JSON and call.service not in _PLAIN_CODE:
        return "AccessDeniedException"
    return codes.get(call.service, "AccessDenied")


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
        reason = _reason_against(call, action, resource)
        if reason:
            return f"{refused} on resource: {resource} {reason}"
    return _denial_of_object(call, action)


def _denial_of_object(call: wire.Call, action: str) -> str | None:
    """What S3 asks of who reads an object beside the right to read it.

    Of an object that does not exist S3 says so only to who may list its bucket (Amazon S3 API
    Reference, GetObject); the key of one that is encrypted by KMS is used on behalf of the reader.
    """
    bucket = resources.bucket_of(call.parameters["Bucket"]) if action == "s3:GetObject" else None
    if bucket is None:
        return None
    found = bucket.keys.get(call.parameters["Key"])
    key = getattr(found, "kms_key_id", None)  # a delete marker has none
    if found is not None and not key:
        return None
    needed = "s3:ListBucket" if found is None else "kms:Decrypt"
    context = grants.context_of(call.caller, call.region)
    context |= {"kms:viaservice": f"s3.{call.region}.amazonaws.com"}
    decision = policies.decide(grants.of_caller(call.caller), needed, key or bucket.arn, context)
    refused = f"User: {call.caller.arn} is not authorized to perform: {needed} {decision.reason}"
    return None if decision.allowed else refused


def _reason_against(call: wire.Call, action: str, resource: str) -> str:
    """Why the caller may not do the action to the resource; empty if it may."""
    context = grants.context_of(call.caller, call.region) | resources.context_of(call)
    decision = policies.decide(grants.of_caller(call.caller), action, resource, context)
    if not decision.allowed:
        return decision.reason
    if _by_its_policy(call.caller, action, resource, context).denied:
        return "with an explicit deny in a resource-based policy"
    if not may_use(call.caller, action, resource, context):
        return f"because no resource-based policy allows the {action} action"
    if action == "sts:AssumeRole" and not trust.admits(
        resource, call.caller, call.parameters.get("ExternalId")
    ):
        return "because the role's trust policy does not admit the caller"
    return ""


def may_use(
    caller: identity.Caller, action: str, resource: str, context: policies.Context | None = None
) -> bool:
    """Whether a resource of another account admits a caller; its own account's policies decide there."""
    owner = resources.owner_of(resource)
    return owner in {"", caller.account} or (
        _by_its_policy(caller, action, resource, context or {}).allowed
    )


def _by_its_policy(
    caller: identity.Caller, action: str, resource: str, context: policies.Context
) -> policies.Decision:
    """What the resource's own policy says, in a context that may be more than the caller's."""
    who = of_resources.caller(caller.arn, caller.account, caller.role_arn)
    who = replace(who, context={**who.context, **context})
    return of_resources.decide(resources.policy_of(resource), who, action, resource)


def install() -> None:
    """Judge bucket policies here, with their conditions."""
    FakeBucket.get_permission = lambda *_: PermissionResult.NEUTRAL
