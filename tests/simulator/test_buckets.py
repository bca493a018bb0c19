"""EMR's token buckets: off by default, per operation, account and Region, refilled with time."""

import time

import pytest
from botocore.exceptions import ClientError


def throttled(call, times):
    """How many of so many calls are refused."""
    refused = 0
    for _ in range(times):
        try:
            call()
        except ClientError as problem:
            assert problem.response["Error"] == {  # noqa: PT017 -- any other error must fail too
                "Code": "ThrottlingException",
                "Message": "Rate exceeded",
            }
            refused += 1
    return refused


def test_the_burst_is_served_and_the_rest_refused_and_both_are_counted(aws):
    aws.set_buckets(enabled=True)
    assert throttled(aws.client("emr").list_security_configurations, 8) == 3
    counted = aws.buckets()
    assert counted["calls"] == {"ListSecurityConfigurations": 8}
    assert counted["throttled"] == {"ListSecurityConfigurations": 3}


def test_each_account_and_region_has_its_own(aws):
    aws.set_buckets(enabled=True, initial=1)
    for region, account in (
        ("eu-west-1", None),
        ("us-east-1", None),
        ("eu-west-1", "222222222222"),
    ):
        assert throttled(aws.client("emr", region, account).list_clusters, 2) == 1


def test_an_operation_does_not_empty_the_bucket_of_another(aws):
    aws.set_buckets(enabled=True, initial=2, speed=0.001)
    emr = aws.client("emr")
    assert throttled(emr.list_clusters, 1) == 0
    assert throttled(emr.list_security_configurations, 1) == 0
    # Two tokens are gone from the bucket of all calls together, which is empty now.
    assert throttled(emr.list_release_labels, 1) == 1


def test_they_refill_at_the_documented_rate_times_the_speed(aws):
    aws.set_buckets(enabled=True, initial=0, speed=20)
    emr = aws.client("emr")
    began = time.monotonic()
    assert throttled(emr.list_clusters, 1) == 1  # the bucket begins to fill
    time.sleep(0.25)
    admitted = 10 - throttled(emr.list_clusters, 10)
    # 0.5 a second, 20 times as fast: two tokens, and what the calls themselves take.
    assert 2 <= admitted <= 10 * (time.monotonic() - began)


@pytest.mark.parametrize("wrong", [{"speed": 0}, {"sped": 2}])
def test_a_wrong_setting_is_refused(aws, wrong):
    with pytest.raises(Exception, match="400"):
        aws.set_buckets(**wrong)
