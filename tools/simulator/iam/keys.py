"""Simulator: whether a KMS key lets somebody use a topic or queue that is encrypted with it."""

from collections.abc import Callable
from dataclasses import replace

from moto.kms.models import Key, kms_backends

from tools.simulator.iam.resource_policies import Principal, RefusedError, decide

Allows = Callable[[str, str], bool]

_NEEDED = ("kms:GenerateDataKey", "kms:Decrypt")  # SNS and SQS need both of whoever sends


def check(
    key_id: str | None,
    home: tuple[str, str],
    who: Principal,
    own_policies_allow: Allows = lambda _action, _resource: True,
) -> None:
    """Raise RefusedError unless `who` may send to what this key encrypts (no key: anybody).

    `home` is the account and Region of the topic or queue; `own_policies_allow` answers what the
    IAM policies of a caller allow, where the key leaves that to them.
    """
    if not key_id:
        return
    account, region = home
    if "alias/aws/" in key_id:
        # The policy of an AWS managed key cannot be edited: it admits the principals of its own
        # account, through the service, and no service principal.
        if who.is_service or who.account != account:
            message = f"The key policy of {key_id} does not admit {who.name}."
            raise RefusedError("KMSAccessDenied", message)
        return
    key = _find(key_id, account, region)
    if not key.enabled or key.key_state != "Enabled":
        raise RefusedError("KMSDisabled", f"{key.arn} is disabled.")
    for action in _NEEDED:
        if not _admits(key, who, action, own_policies_allow):
            raise RefusedError(
                "KMSAccessDenied",
                f"{who.name} is not authorized to perform {action} on {key.arn}.",
            )


def _find(key_id: str, account: str, region: str) -> Key:
    if key_id.startswith("arn:"):
        _, _, _, region, account, _ = key_id.split(":", 5)
    key = kms_backends[account][region].keys.get(key_id.rpartition("/")[2])
    if key is None:
        raise RefusedError("KMSNotFound", f"Key {key_id} does not exist.")
    return key


def _admits(key: Key, who: Principal, action: str, own_policies_allow: Allows) -> bool:
    decision = decide(key.policy, who, action, key.arn)
    if who.is_service or not decision.allowed:
        return decision.allowed
    # What names the caller itself is enough in the key's own account; what names only an account
    # leaves it to the IAM policies there.
    itself = replace(who, arns=tuple(arn for arn in who.arns if "/" in arn))
    if who.account == key.account_id and decide(key.policy, itself, action, key.arn).allowed:
        return True
    return own_policies_allow(action, key.arn)
