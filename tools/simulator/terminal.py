"""Simulator: what points the tools of a terminal at it: environment variables, lines to paste."""

from __future__ import annotations

from tools.simulator import accounts

# Version 1 of the AWS CLI has host names of its own for EMR and SQS, so it goes past
# AWS_ENDPOINT_URL in most Regions; what --endpoint-url says counts in both versions everywhere.
_AWS = 'aws() { command aws --endpoint-url "$AWS_ENDPOINT_URL" "$@"; }'


def environment(
    url: str,
    region: str = accounts.DEFAULT_REGION,
    account: str = accounts.DEFAULT_ACCOUNT,
) -> dict[str, str]:
    """Return the environment variables that point AWS tools at the simulator at a URL."""
    key = accounts.administrator_key(account)
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
