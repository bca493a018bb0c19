"""AWS adapter: how every AWS client of the functions waits and tries again."""

import json
import logging
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError

# Adaptive retries slow the client down to what EMR's token buckets give; a service that does not
# answer must not eat the function's time.
CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
)
# Nobody waits for Security Hub: what it does not take now it gets with the next sweep.
HUB_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 3})
# At DEBUG these log whole requests and answers, and a cluster's Configurations can hold passwords.
TALKATIVE = ("boto3", "botocore", "urllib3")


class BrokenAnswerError(BotoCoreError):
    """AWS answered with a text that is no JSON: nobody knows whether it did what it was asked."""

    fmt = "the answer is no JSON"


@cache
def use_patient_clients() -> None:
    """Make ``CLIENT_CONFIG`` the default of boto3, for rdklib's clients are made without any.

    What goes over the wire is not logged at any level. A broken answer is an error, where botocore
    would see one without members: of PutEvaluations that means that everything is on record.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    session = botocore.session.get_session()
    session.set_default_client_config(CLIENT_CONFIG)
    session.register("after-call", refuse_broken_answer)
    boto3.setup_default_session(botocore_session=session)


def refuse_broken_answer(**call: Any) -> None:
    """Raise BrokenAnswerError where botocore found nothing in an answer because it is no JSON."""
    answer, is_empty = call["http_response"], not call["parsed"].keys() - {"ResponseMetadata"}
    if not is_empty or call["model"].service_model.metadata["protocol"] != "json":
        return
    if answer.raw is None:  # pragma: no cover - botocore's Stubber made it, depending on test order
        return
    try:
        json.loads(answer.content or b"{}")
    except ValueError as error:
        raise BrokenAnswerError from error
