"""The codec of facts: nothing is lost, and no change of the facts goes unnoticed."""

import hashlib
import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.aws.facts_codec import SCHEMA_VERSION, decode, encode
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.overrides import ROWS

# Texts as an answer of AWS gives them: halves of surrogate pairs, but no pair in two halves.
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8).map(json.dumps).map(json.loads)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))])
MOMENTS = st.datetimes(timezones=ZONES)
CERTIFICATES = st.builds(Certificates, TEXTS, TEXTS, TEXTS, st.integers())
SETTINGS = st.builds(
    EncryptionSettings,
    st.sampled_from(Switch),
    TEXTS,
    st.one_of(st.none(), CERTIFICATES),
    st.booleans(),
    st.booleans(),
)
CONFIGURATIONS = st.builds(
    SecurityConfigurationFacts, TEXTS, MOMENTS, st.one_of(SETTINGS, st.builds(Unreadable, TEXTS))
)
FACTS = st.builds(
    ClusterFacts,
    cluster_id=TEXTS,
    name=TEXTS,
    state=TEXTS,
    created=MOMENTS,
    release_label=TEXTS,
    ami_version=TEXTS,
    security_configuration_name=TEXTS,
    security_configuration=st.one_of(st.none(), CONFIGURATIONS),
    applications=st.lists(TEXTS, max_size=3).map(tuple),
    settings=st.lists(st.builds(PropertySetting, TEXTS, TEXTS, TEXTS, TEXTS), max_size=3).map(
        tuple
    ),
    kerberos_attributes=st.booleans(),
    has_fleets=st.booleans(),
    exemption=st.one_of(st.none(), TEXTS),
)
STORED = (
    ClusterFacts,
    SecurityConfigurationFacts,
    EncryptionSettings,
    Unreadable,
    Certificates,
    PropertySetting,
)
# By version: what the stored facts consist of. A new version gets a new line here.
DIGESTS = {1: "85139eccc70ccf2e"}


@settings(max_examples=60)
@given(FACTS)
def test_facts_come_back_as_they_were(facts):
    """Every member, every type, and texts that are no proper Unicode: DynamoDB gets ASCII."""
    text = encode(facts)
    assert text.isascii()
    assert decode(text) == facts
    assert hash(decode(text)) == hash(facts)


@pytest.mark.parametrize("text", ["", "{}", "null", '{"cluster_id": "j-1"}'])
def test_a_text_that_encode_has_not_written_is_refused(text):
    """No facts are made up."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        decode(text)


def test_the_schema_version_is_raised_with_every_change_of_the_facts():
    """Entries of the ledger outlive an update of the code.

    When this fails, the facts have changed, or the properties that are read into them: raise
    SCHEMA_VERSION in aws/facts_codec.py, and write the new digest down beside it here.
    """
    parts = [f"{kind.__name__}.{each}" for kind in STORED for each in kind._fields]
    parts += [f"{each.name}={each.value}" for each in Switch]
    # An entry holds only the properties that the rule knew when it was written.
    parts += sorted(ROWS)
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    assert DIGESTS[SCHEMA_VERSION] == digest
    assert max(DIGESTS) == SCHEMA_VERSION
