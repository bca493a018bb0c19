"""Forgers: a job on a bad cluster, with EMR's own default role, changes nothing of what we believe or tell."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.instances import DENIED, Instance, role
from tests.end_to_end.organization import as_taken
from tests.end_to_end.watched import ONCALL, Watched
from tools.account import BUCKET, STACK

DEFAULT = "service-role/AmazonElasticMapReduceforEC2Role"


@pytest.fixture(scope="module")
def deployment(simulator):
    """A deployment that has alerted on one cluster, and an account that has EMR's default role."""
    account = Watched.deployed(simulator)
    account.bad = account.launch_and_wait("bad")
    account.messages()
    account.job = Instance(simulator, role(simulator, "EMR_EC2_DefaultRole", DEFAULT))
    return account


def names(account):
    """Return what a table, topics and queues are called by whoever asks for something."""
    queues = {
        "FUNCTION_LETTERS": account.outputs["FunctionDeadLettersUrl"],
        "EVENT_LETTERS": account.outputs["EventDeadLettersUrl"],
    }
    topics = {
        "ALERTS": account.outputs["AlertTopicArn"],
        "OPERATIONS": account.outputs["OperationsTopicArn"],
    }
    table = account.outputs["LedgerTable"]
    arn = account.simulator.client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"]
    return {"LEDGER": table, "LEDGER_ARN": arn} | queues | topics


def filled(value, known):
    """Return a request with the names in it replaced by what stands for them."""
    text = json.dumps(value)
    for name in sorted(known, key=len, reverse=True):
        text = text.replace(name, known[name])
    return json.loads(text)


KEY = {"pk": {"S": "123456789012/eu-west-1/cluster"}, "sk": {"S": "j-FORGED"}}
ITEM = KEY | {"facts": {"S": "{}"}}
UPDATE = """UPDATE "LEDGER" SET facts = '{}' WHERE pk = 'p' AND sk = 'j-FORGED'"""
DELETE = """DELETE FROM "LEDGER" WHERE pk = 'p' AND sk = 'j-FORGED'"""
WRITES = [
    ("put_item", {"TableName": "LEDGER", "Item": ITEM}),
    ("put_item", {"TableName": "LEDGER_ARN", "Item": ITEM}),
    ("update_item", {"TableName": "LEDGER", "Key": KEY, "UpdateExpression": "SET facts = :f", "ExpressionAttributeValues": {":f": {"S": "{}"}}}),
    ("delete_item", {"TableName": "LEDGER", "Key": KEY}),
    ("batch_write_item", {"RequestItems": {"LEDGER": [{"PutRequest": {"Item": ITEM}}]}}),
    ("execute_statement", {"Statement": "INSERT INTO \"LEDGER\" VALUE {'pk': 'x', 'sk': 'y'}"}),
    ("execute_statement", {"Statement": UPDATE}),
    ("execute_statement", {"Statement": DELETE}),
]  # fmt: skip
POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})
TABLE = [
    ("put_resource_policy", {"ResourceArn": "LEDGER_ARN", "Policy": POLICY}),
    ("delete_resource_policy", {"ResourceArn": "LEDGER_ARN"}),
    ("delete_table", {"TableName": "LEDGER"}),
    ("update_table", {"TableName": "LEDGER", "DeletionProtectionEnabled": False}),
    ("update_time_to_live", {"TableName": "LEDGER", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "created"}}),
    ("update_continuous_backups", {"TableName": "LEDGER", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": False}}),
]  # fmt: skip
TOPIC = [
    ("publish", {"TopicArn": "TOPIC", "Message": "All is well."}),
    ("publish_batch", {"TopicArn": "TOPIC", "PublishBatchRequestEntries": [{"Id": "1", "Message": "All is well."}]}),
    ("subscribe", {"TopicArn": "TOPIC", "Protocol": "email", "Endpoint": "thief@example.com"}),
    ("set_topic_attributes", {"TopicArn": "TOPIC", "AttributeName": "Policy", "AttributeValue": POLICY}),
    ("add_permission", {"TopicArn": "TOPIC", "Label": "me", "AWSAccountId": ["999988887777"], "ActionName": ["Publish"]}),
    ("remove_permission", {"TopicArn": "TOPIC", "Label": "OnlyTheFunctionsPublish"}),
    ("put_data_protection_policy", {"ResourceArn": "TOPIC", "DataProtectionPolicy": "{}"}),
    ("delete_topic", {"TopicArn": "TOPIC"}),
]  # fmt: skip
QUEUE = [
    ("send_message", {"QueueUrl": "QUEUE", "MessageBody": "{}"}),
    ("send_message_batch", {"QueueUrl": "QUEUE", "Entries": [{"Id": "1", "MessageBody": "{}"}]}),
    ("receive_message", {"QueueUrl": "QUEUE"}),
    ("delete_message", {"QueueUrl": "QUEUE", "ReceiptHandle": "handle"}),
    ("purge_queue", {"QueueUrl": "QUEUE"}),
    ("set_queue_attributes", {"QueueUrl": "QUEUE", "Attributes": {"Policy": ""}}),
    ("add_permission", {"QueueUrl": "QUEUE", "Label": "me", "AWSAccountIds": ["999988887777"], "Actions": ["SendMessage"]}),
    ("remove_permission", {"QueueUrl": "QUEUE", "Label": "OnlyTheFunctionsSend"}),
    ("delete_queue", {"QueueUrl": "QUEUE"}),
]  # fmt: skip
ATTEMPTS = [
    *(("dynamodb", operation, request) for operation, request in WRITES + TABLE),
    *(
        ("sns", operation, filled(request, {"TOPIC": topic}))
        for topic in ("ALERTS", "OPERATIONS")
        for operation, request in TOPIC
    ),
    *(
        ("sqs", operation, filled(request, {"QUEUE": queue}))
        for queue in ("FUNCTION_LETTERS", "EVENT_LETTERS")
        for operation, request in QUEUE
    ),
]


def attempt(client, operation, request):
    """Return what AWS says to a request: nothing if it does what it is asked for."""
    try:
        getattr(client, operation)(**request)
    except ClientError as problem:
        return problem.response["Error"]["Message"]
    return ""


@pytest.mark.parametrize(("service", "operation", "request_"), ATTEMPTS)
def test_a_job_with_emrs_default_role_is_refused_by_the_resource_itself(
    deployment, service, operation, request_
):
    """Its own role allows everything, so each of these refusals is the policy's."""
    before = deployment.ledger.items()
    asked = filled(request_, names(deployment))
    assert DENIED.search(attempt(deployment.job.client(service), operation, asked))
    assert deployment.ledger.items() == before


def test_the_same_job_may_do_all_that_to_what_is_not_ours(deployment):
    """Otherwise the test above would show nothing."""
    job = deployment.job
    table = {
        "TableName": "theirs",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in KEY],
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    }
    arn = job.client("dynamodb").create_table(**table)["TableDescription"]["TableArn"]
    topic = job.client("sns").create_topic(Name="theirs")["TopicArn"]
    queue = job.client("sqs").create_queue(QueueName="theirs")["QueueUrl"]
    known = {"LEDGER": "theirs", "LEDGER_ARN": arn}
    known |= {"ALERTS": topic, "OPERATIONS": topic, "FUNCTION_LETTERS": queue}
    said = {}
    for service, operation, request in ATTEMPTS:
        if operation.startswith(("delete", "remove")) or "EVENT_LETTERS" in json.dumps(request):
            continue
        said[operation] = attempt(job.client(service), operation, filled(request, known))
    assert [each for each in said.values() if "not authorized" in each] == []
    assert attempt(job.client("dynamodb"), "delete_table", {"TableName": "theirs"}) == ""
    assert attempt(job.client("sns"), "delete_topic", {"TopicArn": topic}) == ""
    assert attempt(job.client("sqs"), "delete_queue", {"QueueUrl": queue}) == ""


def test_an_administrator_who_is_no_function_writes_no_item_either(deployment):
    """Whoever must may take the policy away first, which nobody does by mistake."""
    arn = role(deployment.simulator, "administrator", "AdministratorAccess")
    trust = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}
    deployment.simulator.client("iam").update_assume_role_policy(
        RoleName="administrator",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    keys = deployment.simulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="me")
    client = deployment.simulator.client(
        "dynamodb",
        aws_access_key_id=keys["Credentials"]["AccessKeyId"],
        aws_secret_access_key=keys["Credentials"]["SecretAccessKey"],
        aws_session_token=keys["Credentials"]["SessionToken"],
    )
    known = names(deployment)
    for operation, request in WRITES:
        assert DENIED.search(attempt(client, operation, filled(request, known)))
    settings = {"TableName": known["LEDGER"], "DeletionProtectionEnabled": False}
    assert attempt(client, "update_table", settings) == ""


def test_whoever_should_still_reaches_all_of_it(deployment):
    """Functions remember and tell, SNS delivers, alarms ring, and what fails for good is kept."""
    account, simulator = deployment, deployment.simulator
    account.tidy()
    cluster = account.launch_and_wait("worse")
    assert [message.document["resourceId"] for message in account.messages()] == [cluster]
    assert account.sweep()["ok"]
    assert account.ledger.entry(cluster)
    cloudwatch = simulator.client("cloudwatch")
    (alarm,) = cloudwatch.describe_alarms(AlarmNamePrefix=f"{STACK}-RuleErrors-")["MetricAlarms"]
    for state in ("OK", "ALARM"):
        cloudwatch.set_alarm_state(
            AlarmName=alarm["AlarmName"], StateValue=state, StateReason="Set by hand."
        )
    assert ONCALL in {email["to"] for email in account.emails("OperationsTopicArn")}
    simulator.client("lambda").invoke(
        FunctionName=account.outputs["FunctionArn"], InvocationType="Event", Payload=b"{}"
    )
    simulator.settle()
    assert account.letters("FunctionDeadLettersKept") == ["{}"]
    policy = {"FunctionName": account.outputs["LaunchCheckFunctionArn"]}
    statements = json.loads(simulator.client("lambda").get_policy(**policy)["Policy"])["Statement"]
    for statement in statements:  # EventBridge may not invoke it any more
        simulator.client("lambda").remove_permission(**policy, StatementId=statement["Sid"])
    account.launch_and_wait("undelivered")
    assert len(account.letters("EventDeadLettersKept")) == 1


def test_a_pipeline_on_an_instance_updates_and_deletes_the_stack(deployment):
    """By CloudFormation, with the same kind of credentials that by themselves may do nothing here."""
    pipeline = Instance(
        deployment.simulator, role(deployment.simulator, "pipeline", "AdministratorAccess")
    )
    known, cloudformation = names(deployment), pipeline.client("cloudformation")
    for service, operation, request in ATTEMPTS:
        assert DENIED.search(
            attempt(pipeline.client(service), operation, filled(request, known))
        ), operation
    template = cloudformation.get_template(StackName=STACK)["TemplateBody"]
    changed = template.replace("MessageRetentionPeriod: 1209600", "MessageRetentionPeriod: 86400")
    changed = changed.replace("AttributeName: expires\n        Enabled: true", "AttributeName: expires\n        Enabled: false")  # fmt: skip
    changed = changed.replace("PointInTimeRecoveryEnabled: true", "PointInTimeRecoveryEnabled: false")  # fmt: skip
    changed = changed.replace("NoInstanceChangesTheTable", "NoJobChangesTheTable")
    kept = [
        {"ParameterKey": each["ParameterKey"], "UsePreviousValue": True}
        for each in cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Parameters"]
    ]
    cloudformation.update_stack(
        StackName=STACK,
        **as_taken(changed, deployment.simulator.client("s3"), BUCKET),
        Parameters=kept,
        Capabilities=["CAPABILITY_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    dynamodb = deployment.simulator.client("dynamodb")
    policy = dynamodb.get_resource_policy(ResourceArn=known["LEDGER_ARN"])["Policy"]
    assert "NoJobChangesTheTable" in policy
    cloudformation.delete_stack(StackName=STACK)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName=STACK)
    assert dynamodb.list_tables()["TableNames"] == [known["LEDGER_ARN"].rpartition("/")[2]]
    assert "QueueUrls" not in deployment.simulator.client("sqs").list_queues(QueueNamePrefix=STACK)
