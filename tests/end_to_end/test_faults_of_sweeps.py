"""Every AWS call of a sweep fails in every way: no verdict and no alert is lost or made up."""

from tests.end_to_end.fault_matrix import SCHEDULED, faults_at, troubles_at


@faults_at(SCHEDULED)
def test_no_fault_loses_or_invents_a_verdict(cases, call, fault):
    """Five invariants hold for each case, however it went."""
    cases.check_fault(call, fault)


@troubles_at(SCHEDULED)
def test_no_forged_entry_and_no_doubled_event_does(cases, trouble):
    """An entry that says that a bad cluster is good, in every wrong shape; and each event again."""
    cases.check_trouble(*trouble)
