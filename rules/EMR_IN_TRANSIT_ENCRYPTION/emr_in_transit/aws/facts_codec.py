"""AWS adapter: cluster facts as the JSON text that the ledger holds.

An entry holds of ``Configurations`` only the properties that the version knew which wrote it, and
of the security configuration only what it read. Where those decide the verdict, an older entry
counts as absent and the cluster is described anew: a wrong verdict is worse than a call. Where
nothing is encrypted, or nothing can be, they decide nothing, and the entry is as good as a new one.
"""

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
from emr_in_transit.judgement.judge import is_judged_in_depth

# Raise it with every change of the facts, or of the properties that are read into them.
SCHEMA_VERSION = 2
# Version 0.1.0 wrote 1: without ``managed_kerberos``, ``primary_nodes`` and half of the properties.
_OLDER_VERSIONS = (1,)


def encode(facts: ClusterFacts) -> str:
    """Return the facts as JSON text; lone surrogates in names are written as escapes."""
    document = facts._asdict() | {
        "security_configuration": _configuration_document(facts.security_configuration),
        "settings": [each._asdict() for each in facts.settings],
    }
    return json.dumps(document, default=datetime.isoformat, separators=(",", ":"))


def decode(text: str, version: int = SCHEMA_VERSION) -> ClusterFacts:
    """Return the facts of a text that ``encode`` has written, in this version or an older one.

    Raises ValueError for facts on which the verdict of today cannot rest.
    """
    if version not in {SCHEMA_VERSION, *_OLDER_VERSIONS}:
        raise ValueError(f"version {version} of the facts is not known")
    facts = _decode(text)
    if version != SCHEMA_VERSION and is_judged_in_depth(facts):
        raise ValueError(f"version {version} of the facts lacks what the verdict rests on")
    return facts


def _decode(text: str) -> ClusterFacts:
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
