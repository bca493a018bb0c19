"""The resources that the simulator's CloudFormation makes have all their properties."""

import json

from tests.simulator.stacks import (
    FUNCTION,
    ROLE,
    create,
    history,
    queue,
    text,
    update,
    with_properties,
)
from tests.simulator.throwaway import call, zipped
from tools.simulator.client import Simulator

ACCOUNT = "123456789012"


def test_the_functions_properties_all_arrive(aws: Simulator) -> None:
    bucket, key = "code-bucket", "code.zip"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=bucket, Key=key, Body=zipped(index="def handler(e, c): return 'zip'"))
    dead = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"
    function = with_properties(
        FUNCTION,
        FunctionName="f",
        Code={"S3Bucket": bucket, "S3Key": key},
        Architectures=["arm64"],
        MemorySize="256",
        Timeout=900,
        LoggingConfig={"LogFormat": "JSON", "ApplicationLogLevel": "DEBUG"},
        DeadLetterConfig={"TargetArn": dead},
        Environment={"Variables": {"NUMBER": 1, "FLAG": True}},
        Tags=[{"Key": "k", "Value": "v"}],
    )
    assert create(aws, text({"Function": function, "Role": ROLE})) == "CREATE_COMPLETE"
    found = aws.client("lambda").get_function(FunctionName="f")
    configuration = found["Configuration"]
    assert found["Tags"] == {"k": "v"}
    assert configuration["Architectures"] == ["arm64"]
    assert (configuration["MemorySize"], configuration["Timeout"]) == (256, 900)
    assert configuration["LoggingConfig"]["ApplicationLogLevel"] == "DEBUG"
    assert configuration["DeadLetterConfig"] == {"TargetArn": dead}
    assert configuration["Environment"]["Variables"] == {"NUMBER": "1", "FLAG": "true"}
    assert call(aws) == ("zip", None)


def test_roles_keep_inline_attached_and_separate_policies(aws: Simulator) -> None:
    document = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    resources = {
        "Role": with_properties(
            ROLE,
            RoleName="r",
            Policies=[{"PolicyName": "inline", "PolicyDocument": document}],
            ManagedPolicyArns=[managed],
        ),
        "Separate": {
            "Type": "AWS::IAM::RolePolicy",
            "Properties": {
                "RoleName": {"Ref": "Role"},
                "PolicyName": "separate",
                "PolicyDocument": document,
            },
        },
        "Managed": {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"Roles": [{"Ref": "Role"}], "PolicyDocument": document},
        },
    }
    assert create(aws, text(resources)) == "CREATE_COMPLETE"
    iam = aws.client("iam")
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == ["inline", "separate"]
    attached = iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    assert len(attached) == 2
    assert managed in [one["PolicyArn"] for one in attached]
    del resources["Separate"], resources["Managed"]
    resources["Role"] = with_properties(resources["Role"], Policies=None, ManagedPolicyArns=None)
    assert update(aws, text(resources)) == "UPDATE_COMPLETE"
    assert iam.list_role_policies(RoleName="r")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"] == []


def test_every_other_type_is_made_and_removed(aws: Simulator) -> None:
    resources = {
        "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": 7}},
        "Queue": queue(MessageRetentionPeriod=1209600),
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Principal": {"Service": "events.amazonaws.com"},
                            "Action": "sqs:SendMessage",
                            "Resource": {"Fn::GetAtt": ["Queue", "Arn"]},
                        }
                    ],
                },
            },
        },
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
                "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
                "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
                "SSESpecification": {"SSEEnabled": True},
            },
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": "d"}},
        "Event": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventPattern": {"source": ["aws.emr"]},
                "Targets": [{"Id": "t", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}],
            },
        },
        "Board": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardBody": {"Fn::Sub": '{"widgets": []}'}},
        },
    }
    assert create(aws, text(resources)) == "CREATE_COMPLETE"
    ids = {
        one["LogicalResourceId"]: one["PhysicalResourceId"]
        for one in aws.client("cloudformation").describe_stack_resources(StackName="s")[
            "StackResources"
        ]
    }
    (group,) = aws.client("logs").describe_log_groups()["logGroups"]
    assert (group["logGroupName"], group["retentionInDays"]) == (ids["Group"], 7)
    sqs = aws.client("sqs")
    attributes = sqs.get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])
    assert attributes["Attributes"]["MessageRetentionPeriod"] == "1209600"
    assert "events.amazonaws.com" in attributes["Attributes"]["Policy"]
    dynamodb = aws.client("dynamodb")
    ttl = dynamodb.describe_time_to_live(TableName=ids["Table"])["TimeToLiveDescription"]
    assert (ttl["AttributeName"], ttl["TimeToLiveStatus"]) == ("ttl", "ENABLED")
    (target,) = aws.client("events").list_targets_by_rule(Rule=ids["Event"])["Targets"]
    assert target["Arn"] == attributes["Attributes"]["QueueArn"]
    assert len(aws.client("cloudwatch").list_dashboards()["DashboardEntries"]) == 1

    aws.client("cloudformation").delete_stack(StackName="s")
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    assert sqs.list_queues().get("QueueUrls", []) == []
    assert dynamodb.list_tables()["TableNames"] == []
    assert aws.client("sns").list_topics()["Topics"] == []
    assert aws.client("events").list_rules()["Rules"] == []
    assert aws.client("cloudwatch").list_dashboards()["DashboardEntries"] == []


def test_an_emr_cluster_keeps_its_security_configuration_and_its_settings(aws: Simulator) -> None:
    body = {"EncryptionConfiguration": {"EnableInTransitEncryption": False}}
    nested = {"Classification": "hadoop-env", "ConfigurationProperties": {"k": "v"}}
    settings = {"Classification": "core-site", "Configurations": [nested]}
    resources = {
        "Secured": {
            "Type": "AWS::EMR::SecurityConfiguration",
            "Properties": {"SecurityConfiguration": body},
        },
        "Cluster": {
            "Type": "AWS::EMR::Cluster",
            "Properties": {
                "Name": "c",
                "ReleaseLabel": "emr-7.5.0",
                "JobFlowRole": "EMR_EC2_DefaultRole",
                "ServiceRole": "EMR_DefaultRole",
                "SecurityConfiguration": {"Ref": "Secured"},
                "Configurations": [settings],
                "Instances": {
                    "MasterInstanceGroup": {"InstanceCount": 1, "InstanceType": "m5.xlarge"}
                },
            },
        },
    }
    assert create(aws, text(resources)) == "CREATE_COMPLETE", history(aws)
    emr = aws.client("emr")
    (listed,) = emr.list_clusters()["Clusters"]
    cluster = emr.describe_cluster(ClusterId=listed["Id"])["Cluster"]
    kept = emr.describe_security_configuration(Name=cluster["SecurityConfiguration"])
    assert json.loads(kept["SecurityConfiguration"]) == body
    assert cluster["Configurations"][0]["Configurations"][0]["Properties"] == {"k": "v"}


def test_a_retry_limit_of_the_function_is_honoured(aws: Simulator) -> None:
    code = {"ZipFile": "def handler(event, context): raise ValueError"}
    limit = {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": "Function"},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 0,
        },
    }
    function = with_properties(FUNCTION, FunctionName="f", Code=code)
    create(aws, text({"Limit": limit, "Function": function, "Role": ROLE}))
    aws.client("lambda").invoke(FunctionName="f", InvocationType="Event")
    aws.settle()
    assert len(aws.call("GET", "/invocations")) == 1
