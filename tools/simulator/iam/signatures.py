"""Simulator: whether a request is signed with the secret of a key that exists and is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.utils import utcnow
from moto.iam.models import iam_backends

from tools.simulator import accounts, identity

if TYPE_CHECKING:
    from tools.simulator.wire import Call


class SignatureError(Exception):
    """A signature that AWS refuses: by its error for query protocols, and that for JSON ones."""

    def __init__(self, query_code: str, json_code: str, message: str) -> None:
        super().__init__(message)
        self.query_code = query_code
        self.json_code = json_code


_UNKNOWN = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
)
_EXPIRED = (
    "ExpiredToken",
    "ExpiredTokenException",
    "The security token included in the request is expired",
)
_MISMATCH = (
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided.",
)


def check(call: Call) -> None:
    """Raise SignatureError unless the request is signed as its caller would sign it."""
    authorization = str(call.environ["HTTP_AUTHORIZATION"])
    given = authorization.partition("Signature=")[2].partition(",")[0]
    if given != _signature(call, authorization, _credentials(call)):
        raise SignatureError(*_MISMATCH)


def _credentials(call: Call) -> Credentials:
    known = credentials_of(call.access_key_id, call.caller.account)
    if known.token and call.environ.get("HTTP_X_AMZ_SECURITY_TOKEN") != known.token:
        raise SignatureError(*_UNKNOWN)
    return known


def credentials_of(key_id: str, account: str) -> Credentials:
    """Return the credentials that an access key belongs to, or raise SignatureError."""
    if accounts.account_of_administrator(key_id):
        return Credentials(*accounts.administrator_key(account))
    role = identity.assumed_role(key_id, account)
    if role is not None:
        if role.expiration < utcnow():
            raise SignatureError(*_EXPIRED)
        return Credentials(key_id, role.secret_access_key, role.session_token)
    for user in list(iam_backends[account]["global"].users.values()):
        for key in user.access_keys:
            if key.access_key_id == key_id and key.status == "Active":
                return Credentials(key_id, key.secret_access_key)
    raise SignatureError(*_UNKNOWN)


def _signature(call: Call, authorization: str, credentials: Credentials) -> str:
    scope = authorization.partition("Credential=")[2].partition(",")[0].split("/")
    signed = authorization.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    kind = S3SigV4Auth if call.service == "s3" else SigV4Auth
    auth = kind(credentials, scope[3], scope[2])
    request = AWSRequest(
        method=call.environ["REQUEST_METHOD"],
        url=f"http://{call.environ.get('HTTP_HOST', '')}{call.environ['REQUEST_URI']}",
        data=call.body,
        headers={name: _header(call, name) for name in signed},
    )
    request.context["timestamp"] = _header(call, "x-amz-date")
    return str(
        auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    )


def _header(call: Call, name: str) -> str:
    key = name.upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    return str(call.environ.get(key, ""))
