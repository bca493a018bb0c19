"""What AWS has answered: each recorded answer is of AWS's shape, and is read as what it says.

The answers in tests/documents/answers were recorded in accounts of others and published by Cloud
Custodian; names, ids and accounts are of our own.
"""

from datetime import UTC, datetime

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.session import get_session

from emr_in_transit.aws.emr import EmrReader
from emr_in_transit.aws.evaluations import RecordedResult, read_recorded_results
from emr_in_transit.judgement.judge import judge_cluster
from emr_in_transit.judgement.parameters import parse_parameters
from emr_in_transit.judgement.reasons import Reason
from tests.support.facts import DOCUMENTS, reasons
from tools.simulator.shapes import problems

RECORDED = sorted((DOCUMENTS / "answers").iterdir())
WRITTEN = [
    *(("DescribeCluster", path) for path in sorted((DOCUMENTS / "clusters").iterdir())),
    *(
        ("DescribeSecurityConfiguration", path)
        for path in sorted((DOCUMENTS / "security_configurations").iterdir())
    ),
]
PARAMETERS = parse_parameters({})
LATER = datetime(2023, 1, 19, tzinfo=UTC)


def output(service, operation):
    return get_session().get_service_model(service).operation_model(operation).output_shape


def answering(service, *names):
    """Make a client to whom AWS answers by these recorded answers, byte for byte."""
    client = boto3.client(service, region_name="us-west-2")
    queued = [(DOCUMENTS / "answers" / f"{service}.{name}.json").read_bytes() for name in names]

    class Body:
        def __init__(self, content):
            self.content = content

        def stream(self):
            yield self.content

    def answer(request, **_):
        return AWSResponse(request.url, 200, {}, Body(queued.pop(0)))

    client.meta.events.register("before-send", answer)
    return client


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_answer_is_of_the_shape_that_the_models_have(path):
    """Which says that the models are right, and that the check is not stricter than AWS."""
    service, operation, *_ = path.name.split(".")
    assert problems(path.read_bytes(), output(service, operation)) == []


@pytest.mark.parametrize(("operation", "path"), WRITTEN, ids=lambda one: getattr(one, "stem", ""))
def test_every_document_of_ours_is_one_that_aws_could_answer(operation, path):
    """A judgement of what AWS never says would prove nothing."""
    assert problems(path.read_bytes(), output("emr", operation)) == []


def test_a_list_is_read():
    """Of each cluster its id and its state."""
    [page] = EmrReader(answering("emr", "ListClusters"), PARAMETERS).live_pages()
    assert page == [("j-1AAAAAAAAAAAA", "WAITING"), ("j-2BBBBBBBBBBBB", "WAITING")]


@pytest.mark.parametrize(
    ("configuration", "found"),
    [
        ("DescribeSecurityConfiguration", [Reason.IN_TRANSIT_ENCRYPTION_OFF]),
        ("DescribeSecurityConfiguration.pem", []),
    ],
)
def test_a_cluster_is_judged(configuration, found):
    """One with encryption at rest alone, and the same with PEM certificates."""
    reader = EmrReader(answering("emr", "DescribeCluster", configuration), PARAMETERS)
    facts = reader.cluster("j-1AAAAAAAAAAAA")
    assert facts.release_label == "emr-6.9.0"
    assert facts.applications == ("Spark", "Zeppelin")
    assert reasons(judge_cluster(facts, PARAMETERS, LATER)) == found


def test_what_is_on_record_is_read():
    """By resource, with its annotation, when it was recorded, and as of when."""
    client = answering("config", "GetComplianceDetailsByConfigRule")
    recorded = read_recorded_results(client, "EMR_IN_TRANSIT_ENCRYPTION", "AWS::EMR::Cluster")
    result = RecordedResult(
        "NON_COMPLIANT",
        "No security configuration is attached.",
        datetime(2018, 7, 11, 8, 21, 23, 955000, UTC),
        datetime(2018, 7, 11, 8, 10, 59, tzinfo=UTC),
    )
    assert recorded == {"j-1AAAAAAAAAAAA": result}
