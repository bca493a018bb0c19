"""Every AWS call of a sweep fails in every way: no verdict and no alert is lost or made up."""

import pytest

from tests.end_to_end.fault_invariants import Cases
from tests.end_to_end.fault_matrix import CASES, SCHEDULED, TROUBLES

FAULTS = [(call, fault) for call, fault in CASES if call.door in SCHEDULED]
OTHERS = [trouble for trouble in TROUBLES if trouble[0] in SCHEDULED]


@pytest.fixture(scope="module")
def cases(simulator):
    """One deployment for all of them."""
    return Cases(simulator)


@pytest.mark.parametrize(
    ("call", "fault"), FAULTS, ids=[f"{fault.name}-{call.name}" for call, fault in FAULTS]
)
def test_no_fault_loses_or_invents_a_verdict(cases, call, fault):
    """Five invariants hold for each case, however it went."""
    cases.check_fault(call, fault)


@pytest.mark.parametrize(
    ("door", "forged", "times"),
    OTHERS,
    ids=[f"{door}-{times}-times-{forged or 'clean'}" for door, forged, times in OTHERS],
)
def test_no_forged_entry_and_no_doubled_event_does(cases, door, forged, times):
    """An entry that says that a bad cluster is good, in every wrong shape; and each event again."""
    cases.check_trouble(door, forged, times)
