"""Alerts as machines read them, from a queue or from the topic itself."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Message:
    """One message of the topic, as a machine gets it."""

    subject: str
    document: dict[str, Any]
    attributes: dict[str, str]


def delivered(envelope: dict[str, Any]) -> Message:
    """Read the notification that SNS sends to a queue."""
    attributes = {name: each["Value"] for name, each in envelope["MessageAttributes"].items()}
    return Message(envelope["Subject"], json.loads(envelope["Message"]), attributes)


def taken(entry: dict[str, Any]) -> Message:
    """Read the simulator's note of a message that a topic took."""
    attributes = {name: each["Value"] for name, each in entry["attributes"].items()}
    document = json.loads(json.loads(entry["message"])["default"])
    return Message(entry["subject"], document, attributes)
