"""Identity policies: what they allow, and that what cannot be judged fails closed."""

import pytest

from tools.simulator.iam.policies import Grants, decide

CLUSTER = "arn:aws:elasticmapreduce:eu-west-1:123456789012:cluster/j-1"
CONTEXT = {"aws:requestedregion": "eu-west-1"}


def allow(action, resource="*", **more):
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action, resource="*", **more):
    return allow(action, resource, **more) | {"Effect": "Deny"}


def grants(*statements, **limits):
    return Grants(
        ({"Statement": list(statements)},),
        {name: {"Statement": [statement]} for name, statement in limits.items()},
    )


@pytest.mark.parametrize(
    ("rule", "statements", "allowed"),
    [
        ("nothing is allowed without a statement", [], False),
        ("an action is allowed by its name", [allow("elasticmapreduce:DescribeCluster")], True),
        ("action names have no case", [allow("ElasticMapReduce:describecluster")], True),
        ("wildcards match", [allow("elasticmapreduce:Desc*e?luster")], True),
        ("one action of a list is enough", [allow(["s3:*", "elasticmapreduce:*"])], True),
        ("another action is not", [allow("elasticmapreduce:ListClusters")], False),
        ("a resource is matched", [allow("*", CLUSTER[:-1] + "*")], True),
        ("another resource is not", [allow("*", CLUSTER + "2")], False),
        ("an ARN in brackets is no pattern", [allow("*", CLUSTER[:-1] + "[1]")], False),
        ("a Deny goes before an Allow", [allow("*"), deny("*", CLUSTER)], False),
        ("a Deny for another resource does not", [allow("*"), deny("*", "arn:x")], True),
        (
            "NotAction allows all others",
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            True,
        ),
        (
            "NotAction excludes its own",
            [{"Effect": "Allow", "NotAction": "elasticmapreduce:*", "Resource": "*"}],
            False,
        ),
        (
            "NotResource excludes its own",
            [{"Effect": "Allow", "Action": "*", "NotResource": CLUSTER}],
            False,
        ),
        (
            "a condition that holds allows",
            [allow("*", Condition={"StringEquals": {"aws:RequestedRegion": ["eu-west-1"]}})],
            True,
        ),
        (
            "a condition that does not hold does not",
            [allow("*", Condition={"StringEquals": {"aws:RequestedRegion": "us-east-1"}})],
            False,
        ),
        (
            "a source that the request has not does not match",
            [allow("*", Condition={"ArnLike": {"aws:SourceArn": "*"}})],
            False,
        ),
        (
            "an unknown key is no Allow",
            [allow("*", Condition={"StringNotEquals": {"aws:ResourceTag/team": "x"}})],
            False,
        ),
        (
            "an unknown key is a Deny",
            [allow("*"), deny("*", Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})],
            False,
        ),
        (
            "an unknown operator is no Allow",
            [allow("*", Condition={"DateGreaterThan": {"aws:RequestedRegion": "x"}})],
            False,
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_statements(rule, statements, allowed):
    decision = decide(grants(*statements), "elasticmapreduce:DescribeCluster", CLUSTER, CONTEXT)
    assert decision.allowed is allowed, rule


def test_a_boundary_and_a_session_policy_must_allow_too():
    wide = grants(allow("*"), **{"permissions boundary": allow("s3:*")})
    assert decide(wide, "s3:GetObject", "arn:aws:s3:::b/k", CONTEXT).allowed
    decision = decide(wide, "sns:Publish", "arn:t", CONTEXT)
    assert not decision.allowed
    assert decision.reason == "because no permissions boundary allows the sns:Publish action"


def test_the_reason_names_what_could_not_be_judged():
    statement = allow("*", Condition={"StringEquals": {"aws:ResourceTag/team": "x"}})
    reason = decide(grants(statement), "sns:Publish", "arn:t", CONTEXT).reason
    assert "does not know the value of aws:ResourceTag/team" in reason
