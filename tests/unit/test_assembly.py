"""Assembly: which place, ledger, tags and topic a function works with."""

import pytest

from emr_in_transit.alerting.alert import DetectedBy
from emr_in_transit.assembly import Place, make_alerting, make_ledger, make_tags, place_of
from emr_in_transit.aws.clients import use_patient_clients
from emr_in_transit.aws.ledger import Ledger
from emr_in_transit.aws.tags import ExemptionTags
from tests.support.builders import ACCOUNT, FUNCTION_ARN, REGION, TABLE
from tests.support.doors import Context
from tests.support.facts import parameters

PLACE = Place(ACCOUNT, REGION, FUNCTION_ARN)


class OtherContext(Context):
    """A function in GovCloud that was invoked by an alias."""

    invoked_function_arn = "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:rule:live"


def test_a_place_is_that_of_the_function_unless_another_account_is_named():
    """An organization's rule judges other accounts; an alias is no part of the function."""
    assert place_of(Context()) == PLACE
    assert place_of(Context(), "444455556666").account == "444455556666"
    assert place_of(OtherContext()) == Place(
        ACCOUNT, "us-gov-west-1", "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:rule"
    )


@pytest.mark.parametrize("present", [[], ["LEDGER_TABLE"], ["ALERT_TOPIC_ARN"]])
def test_alerts_need_a_ledger_and_a_topic(monkeypatch, present):
    """A deployment by rdk alone has neither, and is judged and recorded all the same."""
    for name in present:
        monkeypatch.setenv(name, "x")
    assert make_alerting(PLACE, "rule", DetectedBy.SWEEP, Context()) is None
    assert (make_ledger(PLACE) is not None) == ("LEDGER_TABLE" in present)


def test_the_topic_is_reached_in_its_own_region(monkeypatch):
    """SNS publishes nowhere else; the ledger is where the function is."""
    monkeypatch.setenv("LEDGER_TABLE", TABLE)
    monkeypatch.setenv("ALERT_TOPIC_ARN", "arn:aws:sns:us-east-2:444455556666:security")
    alerting = make_alerting(PLACE, "rule", DetectedBy.SWEEP, Context())
    assert alerting.topic._client.meta.region_name == "us-east-2"
    assert alerting.episodes._client.meta.region_name == REGION
    assert isinstance(make_ledger(PLACE), Ledger)
    assert alerting.origin.function_arn == FUNCTION_ARN
    assert alerting.hub is None


def test_security_hub_is_reached_only_where_the_template_says_so(monkeypatch):
    """In the Region of the resources, with the time-outs of all clients but fewer attempts."""
    for name, value in {"LEDGER_TABLE": TABLE, "ALERT_TOPIC_ARN": "arn:aws:sns:x:y:z"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SECURITY_HUB", "true")
    use_patient_clients.cache_clear()  # another test may have put another default session there
    use_patient_clients()
    hub = make_alerting(PLACE, "rule", DetectedBy.SWEEP, Context(60.0)).hub._hub
    config = hub._client.meta.config
    assert hub._client.meta.region_name == REGION
    assert (config.connect_timeout, config.read_timeout) == (3, 10)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert hub._seconds_left() == 60.0


def test_tags_are_read_only_where_the_rule_knows_an_exemption():
    """Without the parameter, not one call is made for them."""
    assert make_tags(PLACE, parameters()) is None
    assert isinstance(make_tags(PLACE, parameters(exemptionTagKey="exempt")), ExemptionTags)
