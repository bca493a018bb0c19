"""Simulator: account numbers, the administrator's access key of each, and what a terminal needs.

Free of moto, so that clients can name an account without loading the simulator.
"""

import hashlib
import re
from typing import NamedTuple

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"
ADMINISTRATOR = "simulator-administrator"

_PREFIX = "AKIASIM0"  # with the 12 digits of the account it has the 20 characters of an access key
_KEY = re.compile(rf"{_PREFIX}(\d{{12}})")
# Version 1 of the AWS CLI has host names of its own for EMR and SQS, so it goes past
# AWS_ENDPOINT_URL in most Regions; what --endpoint-url says counts in both versions everywhere.
_AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'


class Credentials(NamedTuple):
    """An access key; the session token is empty unless it is temporary."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


def administrator_key(account: str = DEFAULT_ACCOUNT) -> Credentials:
    """The administrator's access key of an account: always the same, never refused."""
    key_id = f"{_PREFIX}{account}"
    return Credentials(key_id, hashlib.sha256(key_id.encode()).hexdigest()[:40])


def account_of_administrator(access_key_id: str) -> str | None:
    """The account whose administrator has this key, or None if it is no administrator's key."""
    match = _KEY.fullmatch(access_key_id)
    return match.group(1) if match else None


def environment(
    url: str,
    region: str = DEFAULT_REGION,
    account: str = DEFAULT_ACCOUNT,
) -> dict[str, str]:
    """Return the environment variables that point AWS tools at the simulator at a URL."""
    key = administrator_key(account)
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
    }


def instructions(url: str) -> str:
    """Return what to paste into another terminal, for bash or zsh; those lines are indented."""
    lines = [
        # What a reader's own account has left there, and a proxy, would lead away from here.
        "unset AWS_PROFILE AWS_SESSION_TOKEN",
        "export no_proxy=localhost",
        *(f"export {name}={value}" for name, value in environment(url).items()),
        _AWS,
    ]
    pasted = "".join(f"  {line}\n" for line in lines)
    return (
        "Paste these lines into another terminal. The AWS CLI, boto3 and make deploy use the\n"
        f"simulator there, and nothing of yours:\n\n{pasted}\n"
        "Ctrl-C stops the simulator, which forgets everything."
    )
