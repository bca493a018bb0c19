"""Tool: AWS's refusals in one line that says what to do about them."""

import re

from boto3.exceptions import Boto3Error
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

# What a call to AWS may raise.
AWS_ERRORS = (BotoCoreError, ClientError, Boto3Error)
DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException", "AuthorizationError"})
# By the code of AWS's answer; {} is what AWS says.
ANSWERS = {
    frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"}): (
        "the AWS credentials have expired: get new ones in the way you got these"
    ),
    frozenset(
        {
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        }
    ): "AWS does not take these credentials: {}",
    DENIED: "access denied: {}",
}
# By what stands in the way of asking at all; {} is what botocore says.
HINDRANCES = {
    (exceptions.NoCredentialsError, exceptions.PartialCredentialsError): (
        "there are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY"
    ),
    (exceptions.NoRegionError,): "there is no Region: set AWS_REGION",
    (exceptions.ConnectionError, exceptions.HTTPClientError): "AWS does not answer: {}",
}
_PREFIX = re.compile(
    r"An error occurred \(\S+\) when calling the (\w+) operation(?: \(reached max retries: \d+\))?: "
)


def code_of(error: Exception) -> str:
    """Return the code of AWS's answer, "" where there was none."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else ""


def in_words(error: Exception) -> str:
    """Return in one line what went wrong, and what the caller can do where that is known."""
    # botocore names the operation in half a sentence, before what AWS says.
    text = _PREFIX.sub(r"\1: ", " ".join(str(error).split()))
    known = [words for codes, words in ANSWERS.items() if code_of(error) in codes]
    known += [words for kinds, words in HINDRANCES.items() if isinstance(error, kinds)]
    return known[0].format(text) if known else text
