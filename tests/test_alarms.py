"""The alarms of template.yml: each watches a metric that there is, and rings when it should."""

import operator
from datetime import UTC, datetime

import pytest

from emr_in_transit.aws.logs import metric_fields
from emr_in_transit.sweep_result import SweepResult
from tests.test_rdk_config import ALERTS
from tests.test_template import TEMPLATE, resources

ALARMS = resources("AWS::CloudWatch::Alarm")
# What AWS counts for a function and for a queue, as far as an alarm may go by it:
# docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html and
# docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
OF_AWS = {
    "AWS/Lambda": ("FunctionName", {"AsyncEventsDropped", "Errors", "Invocations", "Throttles"}),
    "AWS/SQS": ("QueueName", {"ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent"}),
}
# Alarm: the metric, and the resource that it is of.
WATCHED = {
    "RuleErrors": ("Errors", {"Ref": "RuleFunction"}),
    "FunctionDeadLettersKept": (
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": ["FunctionDeadLetters", "QueueName"]},
    ),
    "EventDeadLettersKept": (
        "ApproximateNumberOfMessagesVisible",
        {"Fn::GetAtt": ["EventDeadLetters", "QueueName"]},
    ),
    "FunctionDeadLettersArrived": (
        "NumberOfMessagesSent",
        {"Fn::GetAtt": ["FunctionDeadLetters", "QueueName"]},
    ),
    "EventDeadLettersArrived": (
        "NumberOfMessagesSent",
        {"Fn::GetAtt": ["EventDeadLetters", "QueueName"]},
    ),
    "AlertsHeldBack": ("AlertsHeldBack", {"Ref": "RuleFunction"}),
    "LaunchAlertsHeldBack": ("AlertsHeldBack", {"Ref": "LaunchCheckFunction"}),
    "RuleEventsDropped": ("AsyncEventsDropped", {"Ref": "RuleFunction"}),
    "LaunchEventsDropped": ("AsyncEventsDropped", {"Ref": "LaunchCheckFunction"}),
    "SweepMissing": ("SweepsFinished", {"Ref": "RuleFunction"}),
    "SweepsFallBehind": ("Deferred", {"Ref": "RuleFunction"}),
}
# What happens, what is counted in each period, and whether the alarm rings.
CASES = [
    ("a run that fails", "RuleErrors", [[0, 1]], True),
    ("runs that succeed", "RuleErrors", [[0, 0]], False),
    ("no run", "RuleErrors", [[]], False),
    ("a letter that comes", "FunctionDeadLettersKept", [[0, 0, 1]], True),
    ("a queue that is read empty", "FunctionDeadLettersKept", [[0]], False),
    ("a queue that SQS, after hours without use, reports no more", "FunctionDeadLettersKept", [[]], False),
    ("a letter that comes", "EventDeadLettersKept", [[0, 0, 1]], True),
    ("a queue that SQS, after hours without use, reports no more", "EventDeadLettersKept", [[]], False),
    ("a letter that comes to others", "FunctionDeadLettersArrived", [[1]], True),
    ("letters that have come before", "FunctionDeadLettersArrived", [[0]], False),
    ("a letter that comes to others", "EventDeadLettersArrived", [[1]], True),
    ("letters that have come before", "EventDeadLettersArrived", [[]], False),
    ("a sweep that could not tell", "AlertsHeldBack", [[0, 3]], True),
    ("sweeps that told", "AlertsHeldBack", [[0, 0]], False),
    ("no sweep, which is for the other alarm", "AlertsHeldBack", [[]], False),
    ("a launch that could not be told", "LaunchAlertsHeldBack", [[1]], True),
    ("no launch", "LaunchAlertsHeldBack", [[]], False),
    ("an event that is dropped", "RuleEventsDropped", [[1]], True),
    ("no event", "RuleEventsDropped", [[]], False),
    ("an event that is dropped", "LaunchEventsDropped", [[1]], True),
    ("no event", "LaunchEventsDropped", [[]], False),
    ("a sweep late in the period", "SweepMissing", [[], [1]], False),
    ("a sweep in the period before", "SweepMissing", [[1], []], False),
    ("two periods without a sweep", "SweepMissing", [[], []], True),
    ("three sweeps that ran out of time", "SweepsFallBehind", [[9], [7], [8]], True),
    ("one among them that got through", "SweepsFallBehind", [[9], [0], [8]], False),
    ("one that got through when it was asked for again", "SweepsFallBehind", [[9], [7], [8, 0]], False),
    ("no sweep, which is for the other alarm", "SweepsFallBehind", [[], [], []], False),
]  # fmt: skip
STATISTICS = {"Maximum": max, "Minimum": min, "Sum": sum}
COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
SECONDS = {
    "One_Hour": 3600,
    "Three_Hours": 10_800,
    "Six_Hours": 21_600,
    "Twelve_Hours": 43_200,
    "TwentyFour_Hours": 86_400,
}


def rings(alarm, periods):
    """Whether all periods breach, as they must where DatapointsToAlarm does not say otherwise."""
    statistic, breaches = STATISTICS[alarm["Statistic"]], COMPARISONS[alarm["ComparisonOperator"]]
    return all(
        breaches(statistic(values), alarm["Threshold"])
        if values
        else alarm["TreatMissingData"] == "breaching"
        for values in periods
    )


def chosen(value, frequency):
    """The branch that a frequency takes through Fn::If."""
    while isinstance(value, dict):
        condition, yes, no = value["Fn::If"]
        wanted = {"Fn::Equals": [{"Ref": "Frequency"}, frequency]}
        value = yes if TEMPLATE["Conditions"][condition] == wanted else no
    return value


def test_each_alarm_watches_what_its_description_is_about():
    """One metric of one function or queue of this stack."""
    assert ALARMS.keys() == WATCHED.keys()
    for name, alarm in ALARMS.items():
        [dimension] = alarm["Dimensions"]
        assert (alarm["MetricName"], dimension["Value"]) == WATCHED[name]


@pytest.mark.parametrize("name", ALARMS)
def test_there_is_such_a_metric(name):
    """AWS counts it, or a sweep's log line does: CloudWatch accepts any name, and stays silent."""
    fields = metric_fields("rule", SweepResult(problems={}).metrics(), datetime.now(UTC))
    [ours] = fields["_aws"]["CloudWatchMetrics"]
    [[dimension]] = ours["Dimensions"]
    counted = {ours["Namespace"]: (dimension, {each["Name"] for each in ours["Metrics"]})}
    dimension, metrics = (OF_AWS | counted)[ALARMS[name]["Namespace"]]
    assert [each["Name"] for each in ALARMS[name]["Dimensions"]] == [dimension]
    assert ALARMS[name]["MetricName"] in metrics


@pytest.mark.parametrize(
    ("name", "periods", "expected"),
    [case[1:] for case in CASES],
    ids=[f"{name}: {what}" for what, name, *_ in CASES],
)
def test_an_alarm_rings_when_it_should_and_then_only(name, periods, expected):
    """At the first error, not at the second; silence is for one alarm only."""
    assert len(periods) == ALARMS[name]["EvaluationPeriods"]
    assert "DatapointsToAlarm" not in ALARMS[name]
    assert rings(ALARMS[name], periods) is expected


def test_every_alarm_has_a_case_that_rings_and_one_that_does_not():
    """The table above leaves none out."""
    for expected in (True, False):
        assert {name for _, name, _, rang in CASES if rang is expected} == ALARMS.keys()


@pytest.mark.parametrize("frequency", TEMPLATE["Parameters"]["Frequency"]["AllowedValues"])
def test_sweeps_are_counted_by_the_period_in_which_they_come(frequency):
    """With any other an alarm would ring between two sweeps, or long after the second is missing."""
    for name in ("SweepMissing", "SweepsFallBehind"):
        assert chosen(ALARMS[name]["Period"], frequency) == SECONDS[frequency]


def test_every_alarm_goes_to_the_operations_topic():
    """Through no function of ours: the stack's topic, or the one that the parameters name here."""
    arn = (
        "arn:${AWS::Partition}:sns:${AWS::Region}:${OperationsTopicAccount}:${OperationsTopicName}"
    )
    topic = {"Fn::If": ["MakeOperationsTopic", {"Ref": "OperationsTopic"}, {"Fn::Sub": arn}]}
    assert [each["AlarmActions"] for each in ALARMS.values()] == [[topic] for _ in ALARMS]
    assert TEMPLATE["Outputs"]["OperationsTopicArn"]["Value"] == topic


def test_the_alarm_beside_rdk_rings_as_the_stacks_does():
    """It watches the function that rdk has made, and tells the topic that it has."""
    beside = dict(ALERTS["Resources"]["RuleErrors"]["Properties"])
    assert beside.pop("AlarmActions") == [{"Ref": "AlertTopic"}]
    assert beside.pop("Dimensions") == [{"Name": "FunctionName", "Value": {"Ref": "FunctionName"}}]
    own = dict(ALARMS["RuleErrors"])
    text, _ = own["AlarmDescription"]["Fn::Sub"]  # beside rdk there is no DocumentsUrl
    own["AlarmDescription"] = text.replace("${Documents}", "")
    assert beside == {name: own[name] for name in own.keys() - {"AlarmActions", "Dimensions"}}
