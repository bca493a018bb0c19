"""AWS adapter: how every AWS client of the functions waits and tries again."""

import logging
from functools import cache

import boto3
import botocore.session
from botocore.config import Config

# Adaptive retries slow the client down to what EMR's token buckets give; a service that does not
# answer must not eat the function's time.
CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
)
# At DEBUG these log whole requests and answers, and a cluster's Configurations can hold passwords.
TALKATIVE = ("boto3", "botocore", "urllib3")


@cache
def use_patient_clients() -> None:
    """Make ``CLIENT_CONFIG`` the default of boto3, for rdklib's clients are made without any.

    What goes over the wire is not logged at any level.
    """
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.INFO)
    session = botocore.session.get_session()
    session.set_default_client_config(CLIENT_CONFIG)
    boto3.setup_default_session(botocore_session=session)
