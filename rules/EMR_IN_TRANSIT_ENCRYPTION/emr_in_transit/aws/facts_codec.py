"""AWS adapter: cluster facts as the JSON text that the ledger holds."""

import json
from datetime import datetime
from typing import Any

from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)

# Raise it with every change of the facts: entries of another version are read from EMR anew.
SCHEMA_VERSION = 1


def encode(facts: ClusterFacts) -> str:
    """Answer the facts as JSON text; lone surrogates in names are written as escapes."""
    document = facts._asdict() | {
        "security_configuration": _configuration_document(facts.security_configuration),
        "settings": [each._asdict() for each in facts.settings],
    }
    return json.dumps(document, default=datetime.isoformat, separators=(",", ":"))


def decode(text: str) -> ClusterFacts:
    """Answer the facts of a text that ``encode`` has written."""
    document: dict[str, Any] = json.loads(text)
    configuration = document["security_configuration"]
    return ClusterFacts(
        **document
        | {
            "created": datetime.fromisoformat(document["created"]),
            "security_configuration": _configuration(configuration) if configuration else None,
            "applications": tuple(document["applications"]),
            "settings": tuple(PropertySetting(**each) for each in document["settings"]),
        }
    )


def _configuration_document(facts: SecurityConfigurationFacts | None) -> dict[str, Any] | None:
    if facts is None:
        return None
    body = facts.body._asdict()
    if body.get("certificates"):
        body["certificates"] = body["certificates"]._asdict()
    return facts._asdict() | {"body": body}


def _configuration(document: dict[str, Any]) -> SecurityConfigurationFacts:
    body = document["body"]
    return SecurityConfigurationFacts(
        name=document["name"],
        created=datetime.fromisoformat(document["created"]),
        body=Unreadable(**body) if "problem" in body else _settings(body),
    )


def _settings(body: dict[str, Any]) -> EncryptionSettings:
    certificates = body["certificates"]
    return EncryptionSettings(
        **body
        | {
            "switch": Switch(body["switch"]),
            "certificates": Certificates(**certificates) if certificates else None,
        }
    )
