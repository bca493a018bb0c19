"""The fault matrix has every call of every door, and is as large as is said of it."""

import sys

import pytest

from tests.end_to_end.fault_matrix import CALLS, CASES, ROLES, TROUBLES
from tests.test_template import ROLES as DECLARED


@pytest.mark.parametrize("role", DECLARED)
def test_the_matrix_has_every_call_of_every_door(role):
    """Whatever the adapters of a role declare fails here in every way."""
    declared = {action for permissions in DECLARED[role] for action in permissions}
    # SNS and S3 use a key; that a bucket may be listed decides what S3 says of an object.
    no_calls = {
        action for action in declared if action.startswith("kms:") or "ListBucket" in action
    }
    assert {call.action for call in CALLS if ROLES[call.door] == role} == declared - no_calls


def test_the_matrix_is_large_enough(capsys):
    """Prints how many cases there are."""
    with capsys.disabled():
        count = len(CASES) + len(TROUBLES)
        sys.stdout.write(f"\nfault matrix: {len(CALLS)} calls, {count} cases\n")
    assert count >= 450
