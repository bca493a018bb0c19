"""The codec of facts: nothing is lost, and no change of the facts goes unnoticed."""

import hashlib
import json
from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.aws.ledger import SCHEMA_VERSION, decode, encode
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    PropertySetting,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.override_table import KNOWN_NAMES, OVERRIDES
from tests.support.facts import ON_WITH_PEM, cluster

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
    primary_nodes=st.one_of(st.none(), st.integers()),
    tags=st.lists(st.tuples(TEXTS, TEXTS), max_size=3).map(tuple),
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
DIGESTS = {1: "85139eccc70ccf2e", 2: "881dfea563d83c81", 3: "654a539c2f0fe4b7"}


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


def old(facts):
    """Write facts as version 0.1.0 wrote them."""
    document = json.loads(encode(facts))
    del document["primary_nodes"], document["tags"]
    configuration = document["security_configuration"]
    if configuration and "managed_kerberos" in configuration["body"]:
        del configuration["body"]["managed_kerberos"]
    return json.dumps(document)


OFF = ON_WITH_PEM._replace(switch=Switch.FALSE)
OLD = [
    ("nothing is attached", cluster(None, security_configuration_name=""), True),
    ("encryption is off", cluster(OFF), True),
    ("the configuration cannot be read", cluster(Unreadable("it is empty")), True),
    ("the release has no security configurations", cluster(release_label="emr-4.7.2"), True),
    ("encryption is on, so properties decide", cluster(), False),
    ("on a label of no known line as well", cluster(release_label="emr-next"), False),
]


@pytest.mark.parametrize(
    ("facts", "is_read"), [row[1:] for row in OLD], ids=[row[0] for row in OLD]
)
def test_an_older_entry_is_read_where_what_it_lacks_decides_nothing(facts, is_read):
    """Else the cluster is described anew: a wrong verdict is worse than a call."""
    if is_read:
        assert decode(old(facts), version=1) == facts
        return
    with pytest.raises(ValueError, match="version 1 of the facts lacks what the verdict rests on"):
        decode(old(facts), version=1)


def test_an_entry_of_version_2_is_read_whatever_it_says():
    """It lacks tags alone, and no verdict rests on those: nothing is described for them."""
    for facts in (each[1] for each in OLD):
        document = json.loads(encode(facts))
        del document["tags"]
        assert decode(json.dumps(document), version=2) == facts


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1])
def test_a_version_that_nobody_knows_is_refused(version):
    """A newer function, rolled back, may have written it."""
    with pytest.raises(ValueError, match=f"version {version} of the facts is not known"):
        decode(encode(cluster()), version=version)


def test_the_schema_version_is_raised_with_every_change_of_the_facts():
    """Entries of the ledger outlive an update of the code.

    When this fails, the facts have changed, or the properties that are read into them: raise
    SCHEMA_VERSION in aws/ledger.py, and write the new digest down beside it here.
    """
    parts = [f"{kind.__name__}.{each}" for kind in STORED for each in kind._fields]
    parts += [f"{each.name}={each.value}" for each in Switch]
    # An entry holds only the properties that the rule knew when it was written.
    parts += [*KNOWN_NAMES, *(f"{row.key} via Spark {row.via_spark}" for row in OVERRIDES)]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    assert DIGESTS[SCHEMA_VERSION] == digest
    assert max(DIGESTS) == SCHEMA_VERSION
