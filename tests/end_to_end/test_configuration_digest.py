"""Many bad security configurations at once: ten messages, one that more will follow, one digest."""

import json
import time
from collections import Counter

import pytest

from emr_in_transit.aws.episodes import COUNTED_TOGETHER
from tests.end_to_end.watched import Watched
from tools.account import CONFIGURATION_RULE

OFF = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False}})
NAMES = [f"bad-{number:02}" for number in range(30)]


@pytest.fixture(scope="module")
def watched(simulator):
    """A deployment whose alerts a queue gets; its functions run side by side."""
    account = Watched.deployed(simulator)
    account.simulator.set_functions(concurrency=3)
    return account


def test_thirty_at_once_are_twelve_messages_and_each_is_told_once(watched):
    """All are on record at once; one that is gone by the sweep is not told of."""
    left = COUNTED_TOGETHER.total_seconds() - time.time() % COUNTED_TOGETHER.total_seconds()
    if left < 15:  # the thirty would be counted in two parts
        time.sleep(left)
    for name in NAMES:
        watched.emr.create_security_configuration(Name=name, SecurityConfiguration=OFF)
    watched.simulator.settle(120)
    first = [each.document for each in watched.messages()]
    assert Counter(each["kind"] for each in first) == {"violation": 10, "moreToFollow": 1}
    recorded = watched.results(CONFIGURATION_RULE)
    assert {recorded[name]["ComplianceType"] for name in NAMES} == {"NON_COMPLIANT"}

    told = {each["resourceId"] for each in first if each["kind"] == "violation"}
    gone = min(set(NAMES) - told)
    watched.simulator.set_events(drop=True)
    watched.config.stop_configuration_recorder(ConfigurationRecorderName="default")
    watched.emr.delete_security_configuration(Name=gone)
    watched.simulator.clear_journal()
    assert watched.sweep()["ok"]
    assert watched.sweep()["ok"]

    (digest,) = [each.document for each in watched.messages()]
    assert digest["kind"] == "digest"
    assert {each["resourceId"] for each in digest["resources"]} == set(NAMES) - told - {gone}
    asked = watched.simulator.journal("emr", "ListSecurityConfigurations")
    assert len([each for each in asked if each["role"]]) == 1
    assert "EMR: 19 security configurations not encrypted" in watched.emails()[-1]["subject"]
