"""Simulator: who calls, and clients by which the simulator calls itself.

Each account has an administrator whose access key names the account, so any account exists as
soon as somebody uses it. Everybody else has the users and roles that moto's IAM and STS hold.
"""

import functools
import threading
from typing import Any, NamedTuple

import boto3
import botocore.session
import moto.iam.models as iam_models
import moto.sts.models as sts_models
from botocore.awsrequest import AWSRequest
from botocore.config import Config

from tools.simulator import accounts
from tools.simulator.accounts import Credentials

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
INTERNAL_HEADER = "X-Simulator-Internal"  # marks the simulator's requests to itself
CALLED_VIA_HEADER = "X-Simulator-Called-Via"  # which service makes such a request for its caller
# One session for all clients, and what it has read of the services' models, which is slow.
models = functools.cache(botocore.session.get_session)
_session = functools.cache(lambda: boto3.session.Session(botocore_session=models()))
_state: dict[str, str] = {}
_lock = threading.Lock()  # boto3 sessions must not make two clients at once


class Caller(NamedTuple):
    """Who signed a request; the role's name and ARN are None unless it is an assumed role."""

    access_key_id: str
    account: str
    arn: str
    role: str | None = None
    role_arn: str | None = None


def set_endpoint(url: str) -> None:
    """Set the URL at which the server listens."""
    _state["endpoint"] = url


def endpoint() -> str:
    """The URL of this very server."""
    return _state["endpoint"]


def client(service: str, account: str, region: str, role_arn: str | None = None) -> Any:
    """A boto3 client to this very server: the account's administrator, or the role if one is given.

    With a role, the credentials come from STS, so that IAM enforcement counts.
    """
    if role_arn is None:
        return _administrator_client(service, account, region, endpoint())
    return _new_client(service, region, assume_role(role_arn, region), endpoint())


def assume_role(role_arn: str, region: str, session_name: str = "simulator") -> Credentials:
    """Credentials of a role for one of AWS's services, which needs no call to STS to get them.

    Whether the role's trust policy admits the service is `tools.simulator.iam.trust.admits_service`.
    """
    _, partition, _, _, account, _ = role_arn.split(":", 5)
    backend = sts_models.sts_backends[account][partition]
    role = backend.assume_role(
        region_name=region,
        role_session_name=session_name,
        role_arn=role_arn,
        policy="",
        duration=3600,
        external_id="",
    )
    return Credentials(role.access_key_id, role.secret_access_key, role.session_token)


def caller(access_key_id: str) -> Caller:
    """Who owns an access key; an unknown key belongs to the default account."""
    account = iam_models.get_account_id_from(access_key_id)
    role = assumed_role(access_key_id, account)
    if role is not None:
        return Caller(access_key_id, account, role.arn, role.role_arn.split("/")[-1], role.role_arn)
    return Caller(access_key_id, account, _user_arn(access_key_id, account))


def assumed_role(access_key_id: str, account: str) -> sts_models.AssumedRole | None:
    """The assumed role that has this access key, or None."""
    backends = sts_models.sts_backends[account]
    found = (backends[one].get_assumed_role_from_access_key(access_key_id) for one in PARTITIONS)
    return next((role for role in found if role is not None), None)


def _user_arn(access_key_id: str, account: str) -> str:
    if accounts.account_of_administrator(access_key_id):
        return f"arn:aws:iam::{account}:user/{accounts.ADMINISTRATOR}"
    user = iam_models.iam_backends[account]["global"].get_user_from_access_key_id(access_key_id)
    return user.arn if user else f"arn:aws:sts::{account}:user/moto"


def forwarding_client(service: str, region: str, key_id: str, via: str) -> Any:
    """A client of a service that passes its caller's request on, in that caller's name."""
    made = _new_client(service, region, Credentials(key_id, "unknown to the service"), endpoint())

    def mark(request: AWSRequest, **_: Any) -> None:
        request.headers[CALLED_VIA_HEADER] = via

    made.meta.events.register("before-send", mark)
    return made


@functools.cache
def _administrator_client(service: str, account: str, region: str, url: str) -> Any:
    return _new_client(service, region, accounts.administrator_key(account), url)


def _new_client(service: str, region: str, credentials: Credentials, url: str) -> Any:
    with _lock:
        made = _session().client(
            service,
            region_name=region,
            endpoint_url=url,
            aws_access_key_id=credentials.access_key_id,
            aws_secret_access_key=credentials.secret_access_key,
            aws_session_token=credentials.session_token or None,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=20),
        )
    made.meta.events.register("before-send", _mark_internal)
    return made


def _mark_internal(request: AWSRequest, **_: Any) -> None:
    request.headers[INTERNAL_HEADER] = "1"


def install() -> None:
    """Make moto know the administrators' access keys."""
    account_of_key = iam_models.get_account_id_from
    identity_of_key = sts_models.STSBackend.get_caller_identity

    def get_account_id_from(access_key: str) -> str:
        return accounts.account_of_administrator(access_key) or account_of_key(access_key)

    def get_caller_identity(
        self: sts_models.STSBackend, access_key_id: str, region: str
    ) -> tuple[str, str, str]:
        account = accounts.account_of_administrator(access_key_id)
        if account is None:
            return identity_of_key(self, access_key_id, region)
        return "AIDASIMULATOR00000001", _user_arn(access_key_id, account), account

    iam_models.get_account_id_from = get_account_id_from
    sts_models.STSBackend.get_caller_identity = get_caller_identity
