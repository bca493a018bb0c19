"""AWS adapter: how every AWS client of the functions waits and tries again."""

from functools import cache

import boto3
import botocore.session
from botocore.config import Config

# Adaptive retries slow the client down to what EMR's token buckets give; a service that does not
# answer must not eat the function's time.
CLIENT_CONFIG = Config(
    retries={"mode": "adaptive", "total_max_attempts": 5}, connect_timeout=3, read_timeout=10
)


@cache
def use_patient_clients() -> None:
    """Make ``CLIENT_CONFIG`` the default of boto3, for rdklib's clients are made without any."""
    session = botocore.session.get_session()
    session.set_default_client_config(CLIENT_CONFIG)
    boto3.setup_default_session(botocore_session=session)
