"""AWS adapter: what can go wrong when AWS is asked, in the words of this project."""

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# Everything that a botocore client raises: an error that AWS answered with, or no proper answer.
# The last two it does not count among its own.
AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError, UnicodeDecodeError)
AwsError = ClientError | BotoCoreError | ResponseParserError | UnicodeDecodeError


class CouldNotTellError(Exception):
    """AWS did not answer, or not in full, so there is nothing to judge by."""


class LedgerError(Exception):
    """The ledger did not answer, so it is not known what has been told to whom."""


class PublishError(Exception):
    """SNS did not take a message."""


class SecurityHubError(Exception):
    """Security Hub did not answer, or did not take a finding."""


def explain(operation: str, error: AwsError) -> str:
    """Return a line such as "DescribeCluster: ThrottlingException: Rate exceeded"."""
    if isinstance(error, ClientError):
        return f"{operation}: {error_code(error)}: {error_message(error)}"
    return f"{operation}: {type(error).__name__}: {error}"


def error_code(error: ClientError) -> str:
    """Return the code that AWS gave, such as "AccessDeniedException"."""
    return error.response.get("Error", {}).get("Code", "")


def error_message(error: ClientError) -> str:
    """Return the message that AWS gave."""
    return error.response.get("Error", {}).get("Message", "")
