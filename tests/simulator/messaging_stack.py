"""The template of a stack with topics, subscriptions, a rule and an alarm."""

from __future__ import annotations

from typing import Any

from tests.simulator.messaging import PATTERN, admit
from tests.simulator.throwaway import ACCOUNT

ME = "me@example.com"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:q"


def template(**changes: Any) -> dict[str, Any]:
    """A stack in which EventBridge publishes to a topic, and an alarm to another."""
    topic = {"Ref": "Topic"}
    alarm = {
        "AlarmName": "a",
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": "q"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": [{"Ref": "Operations"}],
    }
    target = {
        "Id": "topic",
        "Arn": topic,
        "InputTransformer": {
            "InputPathsMap": {"cluster": "$.detail.clusterId"},
            "InputTemplate": '"Launched: <cluster>"',
        },
        "DeadLetterConfig": {"Arn": QUEUE},
        "RetryPolicy": {"MaximumRetryAttempts": 1},
    }
    filtered = {
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": QUEUE,
        "FilterPolicy": {"reasons": ["A"]},
        "RawMessageDelivery": True,
    }
    mail = {"TopicArn": topic, "Protocol": "email", "Endpoint": ME}
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "Alerts"}},
        "Operations": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "operations"}},
        "Policy": {
            "Type": "AWS::SNS::TopicPolicy",
            "Properties": {
                "Topics": [topic],
                "PolicyDocument": admit("events", "sns:Publish", Resource=topic),
            },
        },
        "Mail": {"Type": "AWS::SNS::Subscription", "Properties": mail},
        "Filtered": {"Type": "AWS::SNS::Subscription", "Properties": filtered},
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": PATTERN,
                "Targets": [target, {"Id": "queue", "Arn": QUEUE}],
            },
        },
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
    }
    outputs = {
        "Mail": {"Value": {"Ref": "Mail"}},
        "Alarm": {"Value": {"Fn::GetAtt": ["Alarm", "Arn"]}},
        "Topic": {"Value": {"Fn::GetAtt": ["Topic", "TopicArn"]}},
    }
    kept = {name: one for name, one in (resources | changes).items() if one}
    return {"Resources": kept, "Outputs": outputs}
