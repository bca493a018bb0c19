"""Simulator: the errors of AWS Config, in the form that botocore reads."""

from __future__ import annotations

from moto.core.exceptions import JsonRESTError


class ConfigError(JsonRESTError):
    """An error of AWS Config: HTTP 400 with AWS's error code."""

    code = 400


def invalid_value(message: str) -> ConfigError:
    """Return the error for a value that Config does not take."""
    return ConfigError("InvalidParameterValueException", message)


def constraint(name: str, value: object, rule: str) -> ConfigError:
    """Return the error for a parameter that breaks a constraint of the API's own model."""
    return ConfigError(
        "ValidationException",
        f"1 validation error detected: Value '{value}' at '{name}' failed to satisfy constraint: "
        f"Member must {rule}",
    )


def no_such_rule(name: str) -> ConfigError:
    """Return the error for a rule that does not exist."""
    return ConfigError(
        "NoSuchConfigRuleException",
        f"The ConfigRule '{name}' provided in the request is invalid. Please check the configRule "
        "name.",
    )
