"""The sweep: order, retiring, and what each failure leaves as it was."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.stub import ANY, Stubber

from emr_in_transit import sweep, sweep_alerts
from emr_in_transit.aws.clusters import Clusters
from emr_in_transit.aws.emr import EmrReader, Pacer
from emr_in_transit.aws.errors import SecurityHubError
from emr_in_transit.aws.evaluations import EvaluationRecorder, RecordedResult
from emr_in_transit.aws.ledger import SCHEMA_VERSION, Ledger, encode
from emr_in_transit.aws.logs import JudgedBy
from emr_in_transit.judgement.parameters import parse_parameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Compliance, Exemption, Finding, Verdict
from emr_in_transit.sweep import Sweep, Turns
from emr_in_transit.sweep_result import SweepResult
from tests.support.builders import facts

NOW = datetime(2026, 5, 6, 12, tzinfo=UTC)
PARAMETERS = parse_parameters({})
RULE = "EMR_IN_TRANSIT_ENCRYPTION"


class Aws:
    """Stubbed EMR and Config, and what was put."""

    def __init__(self):
        self.emr = boto3.client("emr", region_name="eu-west-1")
        self.config = boto3.client("config", region_name="eu-west-1")
        self.stubs = [Stubber(self.emr), Stubber(self.config)]
        self.put, self.puts = {}, []
        self.described = []
        self.ledger = None
        self.config.meta.events.register(
            "provide-client-params.config-service.PutEvaluations", self._remember
        )
        self.emr.meta.events.register(
            "provide-client-params.emr.DescribeCluster",
            lambda params, **_: self.described.append(params["ClusterId"]),
        )

    def _remember(self, params, **_):
        self.put |= {
            each["ComplianceResourceId"]: each["ComplianceType"] for each in params["Evaluations"]
        }
        self.puts.append([each["ComplianceResourceId"] for each in params["Evaluations"]])

    def recorded(self, **ages):
        results = [
            {
                "EvaluationResultIdentifier": {
                    "EvaluationResultQualifier": {
                        "ResourceType": "AWS::EMR::Cluster",
                        "ResourceId": name,
                    }
                },
                "ComplianceType": "COMPLIANT",
                "ResultRecordedTime": NOW - timedelta(hours=hours),
            }
            for name, hours in ages.items()
        ]
        self.stubs[1].add_response(
            "get_compliance_details_by_config_rule", {"EvaluationResults": results}
        )

    def listed(self, *ids):
        self.stubs[0].add_response("list_clusters", {"Clusters": [{"Id": each} for each in ids]})

    def described_as(self, cluster_id, state="RUNNING"):
        cluster = {
            "Id": cluster_id,
            "Name": "etl",
            "ReleaseLabel": "emr-7.3.0",
            "Status": {"State": state, "Timeline": {"CreationDateTime": NOW}},
        }
        self.stubs[0].add_response(
            "describe_cluster", {"Cluster": cluster}, {"ClusterId": cluster_id}
        )

    def knows(self, known, described=NOW):
        """Give the sweep a ledger that knows a cluster."""
        client = boto3.client("dynamodb", region_name="eu-west-1")
        item = {
            "sk": {"S": known.cluster_id},
            "facts": {"S": encode(known)},
            "schema": {"N": str(SCHEMA_VERSION)},
            "described": {"S": described.isoformat()},
            "expires": {"N": str(int(NOW.timestamp()))},
        }
        self.stubs.append(Stubber(client))
        self.stubs[-1].add_response("batch_get_item", {"Responses": {"ledger": [item]}})
        self.ledger = Ledger(client, "ledger", "111122223333", "eu-west-1")

    def takes_evaluations(self):
        self.stubs[1].add_response("put_evaluations", {})

    def sweep(self, seconds_left=lambda: 900.0):
        for stub in self.stubs:
            stub.activate()
        reader = EmrReader(self.emr, PARAMETERS)
        report = Sweep(
            judged_by=JudgedBy("111122223333", "eu-west-1", RULE),
            reader=reader,
            pacer=Pacer(1.0),
            clusters=Clusters(reader, self.ledger, None, NOW),
            recorder=EvaluationRecorder(self.config, "token", NOW),
            parameters=PARAMETERS,
            now=NOW,
            seconds_left=seconds_left,
        ).run()
        for stub in self.stubs:
            stub.assert_no_pending_responses()
        return report


@pytest.fixture
def aws():
    """EMR and Config that answer what was queued, in that order, and refuse all else."""
    return Aws()


def by_turn(*ids, after=""):
    """Return ids in the order of their turns, if a sweep has stopped at that one."""
    turns = Turns({after: RecordedResult("COMPLIANT", "", NOW)} if after else {})
    return sorted(ids, key=turns.of)


def test_never_judged_clusters_go_first_then_whoever_comes_after_the_newest_result(aws):
    """A sweep that runs out of time goes on where the last one stopped, however old results are."""
    ages = {"a": 9, "b": 20, "c": 1, "d": 7, "e": 2}
    aws.recorded(**ages)
    aws.listed("new", *ages)
    order = ["new", *by_turn(*ages, after="c")]
    assert order[-1] == "c"
    for each in order:
        aws.described_as(each)
    aws.takes_evaluations()
    aws.sweep()
    assert aws.described == order


def test_what_the_time_does_not_reach_is_deferred_and_keeps_its_result(aws):
    """What was judged before is recorded; the rest is counted, not failed.

    The result at which it stopped is put once more and alone, for the next sweep to begin there.
    """
    aws.recorded(a=9, b=8, c=7)
    aws.listed("a", "b", "c")
    first, second, _ = by_turn("a", "b", "c", after="c")
    aws.described_as(first)
    aws.described_as(second)
    aws.takes_evaluations()
    aws.takes_evaluations()
    report = aws.sweep(lambda: 30.0 if len(aws.described) == 2 else 900.0)
    assert (report.deferred, report.problems, report.put) == (1, {}, 2)
    assert aws.puts == [[first, second], [second]]


def test_a_sweep_that_only_came_to_new_clusters_passes_nobody_by_who_waits(aws):
    """The next one goes on after the last new cluster that stands before all who wait."""
    aws.recorded(a=9, b=8, c=7)
    new = by_turn("t", "u", "v", "w", "x", "y", "z", after="c")
    aws.listed("a", "b", "c", *new)
    for each in new:
        aws.described_as(each)
    aws.takes_evaluations()
    aws.takes_evaluations()
    aws.sweep(lambda: 30.0 if len(aws.described) == len(new) else 900.0)
    everybody = by_turn("a", "b", "c", *new, after="c")
    before = everybody[: min(everybody.index(each) for each in "abc")]
    assert aws.puts == [new, [before[-1] if before else new[0]]]


@pytest.mark.parametrize(("seconds", "deferred"), [(61.0, 0), (59.0, 1)])
def test_what_the_ledger_knows_is_judged_while_there_is_time_to_record_it(aws, seconds, deferred):
    """It waits for no call, so those that need one do not cost it its turn."""
    aws.recorded(known=9)
    aws.listed("known")
    if not deferred:
        aws.takes_evaluations()
    aws.knows(facts("known", created=NOW))
    report = aws.sweep(lambda: seconds)
    assert report.deferred == deferred
    assert aws.put == ({} if deferred else {"known": "COMPLIANT"})


def test_a_forged_entry_is_an_error_of_the_sweep_that_describes_the_cluster_anew(aws):
    """What EMR says is recorded, and the run ends as an error that is counted by itself."""
    aws.recorded(forged=1)
    aws.listed("forged")
    aws.knows(facts("forged", created=NOW), described=NOW - timedelta(days=7))
    aws.stubs[-1].add_response("update_item", {})
    aws.described_as("forged")
    aws.takes_evaluations()
    result = aws.sweep()
    assert aws.put == {"forged": "NON_COMPLIANT"}
    assert result.problems == {"forged": sweep.LEDGER_DISAGREES}
    assert result.metrics()["LedgerDisagrees"] == 1
    assert [each.resource_id for each in result.judged] == ["forged"], "and told of as always"


def test_a_cluster_that_the_listing_lacks_is_retired_only_if_emr_says_that_it_ended(aws):
    """One that ended and one that EMR forgot are retired; one that a page missed is not."""
    aws.recorded(ended=1, forgotten=1, missed=1)
    aws.listed()
    for each in by_turn("ended", "forgotten", "missed", after="ended"):
        if each == "forgotten":
            aws.stubs[0].add_client_error(
                "describe_cluster",
                "InvalidRequestException",
                "Cluster id 'forgotten' is not valid.",
            )
        else:
            aws.described_as(each, "TERMINATED" if each == "ended" else "RUNNING")
    aws.takes_evaluations()
    report = aws.sweep()
    assert aws.put == {"ended": "NOT_APPLICABLE", "forgotten": "NOT_APPLICABLE"}
    assert (report.live, report.retired) == (0, 2)


def test_many_that_ended_are_described_where_the_list_of_ended_clusters_fails(aws):
    """It is a short cut, and its failure is named."""
    ended = [f"j-{number}" for number in range(10)]
    aws.recorded(**dict.fromkeys(ended, 1))
    aws.listed()
    aws.stubs[0].add_client_error("list_clusters", "InternalServerException", "oops")
    for each in by_turn(*ended, after=ended[0]):
        aws.described_as(each, "TERMINATED")
    aws.takes_evaluations()
    report = aws.sweep()
    assert report.retired == 10
    assert report.problems == {
        "the list of ended clusters": "ListClusters: InternalServerException: oops"
    }


def test_a_cluster_that_ended_after_it_was_listed_is_retired(aws):
    """The same answer of EMR, found on the way."""
    aws.recorded(ended=1)
    aws.listed("ended")
    aws.described_as("ended", "TERMINATING")
    aws.takes_evaluations()
    assert aws.sweep().retired == 1
    assert aws.put == {"ended": "NOT_APPLICABLE"}


def test_a_retirement_that_cannot_be_decided_leaves_the_result(aws, caplog):
    """Throttled: the recorded result stands, and the run says so."""
    aws.recorded(unclear=1)
    aws.listed()
    aws.stubs[0].add_client_error("describe_cluster", "ThrottlingException", "Rate exceeded")
    report = aws.sweep()
    assert aws.put == {}
    why = "DescribeCluster: ThrottlingException: Rate exceeded"
    assert report.problems == {"unclear": why}
    [line] = [each for each in caplog.records if each.message == "could not tell"]
    assert (line.account, line.region, line.rule) == ("111122223333", "eu-west-1", RULE)
    assert (line.subject, line.why) == ("unclear", why), "evidence names it"


def test_a_listing_that_fails_halfway_judges_what_it_has_and_retires_nothing(aws):
    """The first page's clusters get their verdict; what is not listed may well be live: it is asked."""
    aws.recorded(unlisted=1)
    aws.stubs[0].add_response("list_clusters", {"Clusters": [{"Id": "first"}], "Marker": "more"})
    aws.stubs[0].add_client_error("list_clusters", "InternalServerException", "oops")
    aws.described_as("first")
    aws.described_as("unlisted")
    aws.takes_evaluations()
    report = aws.sweep()
    assert aws.put == {"first": "NON_COMPLIANT", "unlisted": "NON_COMPLIANT"}
    assert report.problems == {
        "the list of clusters": "ListClusters: InternalServerException: oops"
    }


def test_without_the_recorded_results_every_verdict_is_put_and_nothing_retired(aws):
    """A record that cannot be read is no reason to judge nothing, nor one to forget it."""
    aws.stubs[1].add_client_error(
        "get_compliance_details_by_config_rule", "AccessDeniedException", "no"
    )
    aws.listed("live")
    aws.described_as("live")
    aws.takes_evaluations()
    report = aws.sweep()
    assert aws.put == {"live": "NON_COMPLIANT"}
    assert list(report.problems) == ["the recorded results"]


def test_a_page_that_repeats_a_cluster_does_not_judge_it_twice(aws):
    """EMR promises no order, so a cluster can move from one page to the next."""
    aws.recorded()
    aws.stubs[0].add_response("list_clusters", {"Clusters": [{"Id": "a"}], "Marker": "more"})
    aws.listed("a")
    aws.described_as("a")
    aws.takes_evaluations()
    assert aws.sweep().live == 1


def test_what_could_not_be_recorded_is_a_problem_of_the_sweep(aws):
    """The recorder's problems and the reader's come in one report."""
    aws.recorded()
    aws.listed("a")
    aws.described_as("a")
    for _ in range(3):
        aws.stubs[1].add_client_error(
            "put_evaluations", "ThrottlingException", "Rate exceeded", expected_params=ANY_PUT
        )
    report = aws.sweep()
    assert report.problems == {"a": "PutEvaluations: ThrottlingException: Rate exceeded"}


ANY_PUT = {"Evaluations": ANY, "ResultToken": "token", "TestMode": False}


def test_the_summary_counts_everything():
    """One field for each count, whatever happened."""
    result = SweepResult(
        live=6,
        retired=1,
        deferred=1,
        put=4,
        unchanged=1,
        emr_calls=7,
        alerts=2,
        compliant=3,
        non_compliant=2,
        problems={"j-1": "why"},
        exempted_violations=1,
    )
    assert result.summary() == {
        "live": 6,
        "compliant": 3,
        "non_compliant": 2,
        "not_applicable": 0,
        "exempted_violations": 1,
        "retired": 1,
        "deferred": 1,
        "put": 4,
        "unchanged": 1,
        "emr_calls": 7,
        "alerts": 2,
        "held_back": 0,
        "ledger_disagrees": 0,
        "could_not_tell": 1,
    }


def test_an_exempt_cluster_counts_as_an_exempted_violation_only_if_it_would_violate(
    aws, monkeypatch
):
    """Whoever grants exemptions sees how much they hide, and not what complies anyway."""
    bare = Finding(Reason.NO_SECURITY_CONFIGURATION, "No security configuration is attached.")
    expiring = Finding(Reason.CERTIFICATES_EXPIRING, "The certificates expire soon.")
    exempt = [
        Verdict(Compliance.NOT_APPLICABLE, findings, "Exempt.", Exemption("exempt", "", None))
        for findings in ((bare,), (bare, expiring), (expiring,), ())
    ]
    verdicts = iter([*exempt, Verdict(Compliance.NON_COMPLIANT, (bare,))])
    monkeypatch.setattr("emr_in_transit.sweep.judge_cluster", lambda *_: next(verdicts))
    ids = by_turn("a", "b", "c", "d", "e")
    aws.recorded()
    aws.listed(*ids)
    for each in ids:
        aws.described_as(each)
    aws.takes_evaluations()
    result = aws.sweep()
    assert (result.exempted_violations, result.not_applicable, result.non_compliant) == (2, 4, 1)


POISON = [
    RecursionError("maximum recursion depth exceeded"),
    TypeError("unhashable type"),
    OverflowError("year is out of range"),
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    MemoryError(),
]


@pytest.mark.parametrize("raised", POISON, ids=lambda raised: type(raised).__name__)
def test_whatever_one_cluster_raises_costs_no_other_its_verdict(aws, monkeypatch, raised):
    """It keeps its recorded result and is named with the cause; the others are on record."""
    judge = sweep.judge_cluster

    def poisoned(known, *arguments):
        if known.cluster_id == "poisoned":
            raise raised
        return judge(known, *arguments)

    monkeypatch.setattr(sweep, "judge_cluster", poisoned)
    aws.recorded(a=3, poisoned=2, z=1)
    aws.listed("a", "poisoned", "z")
    for each in by_turn("a", "poisoned", "z", after="z"):
        aws.described_as(each)
    aws.takes_evaluations()
    result = aws.sweep()
    assert aws.put == {"a": "NON_COMPLIANT", "z": "NON_COMPLIANT"}
    assert result.problems == {"poisoned": f"{type(raised).__name__}: {raised}"}


def test_what_is_pending_is_recorded_even_where_the_run_breaks_off(aws, monkeypatch):
    """A fault of our own after the judging must not cost what was judged."""
    aws.recorded(ended=1)
    aws.listed("a")
    aws.described_as("a")
    aws.takes_evaluations()

    def fail(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(EmrReader, "has_ended", fail)
    with pytest.raises(KeyboardInterrupt):
        aws.sweep()
    assert aws.put == {"a": "NON_COMPLIANT"}


def test_problems_are_put_together_by_cause_and_a_long_list_is_cut():
    """Thirty clusters with one cause are one sentence of twenty names."""
    problems = {f"j-{number}": "denied" for number in range(30)} | {"k-1": "throttled"}
    words = SweepResult(problems=problems).problems_in_words()
    assert words.startswith("31 could not be judged, recorded or told: j-0, j-1, ")
    assert words.endswith("j-19 and 10 more (denied); k-1 (throttled)")


def test_a_cause_that_names_each_cluster_is_one_cause():
    """EMR's answers name the cluster, and five thousand of them are still one outage."""
    problems = {f"j-{number:05}": f"Cluster j-{number:05} is throttled" for number in range(5000)}
    words = SweepResult(problems=problems).problems_in_words()
    assert words.endswith("j-00019 and 4980 more (Cluster ... is throttled)")


def test_the_error_of_a_run_is_bounded_however_much_went_wrong():
    """AWS Config and Lambda show an error whole, and a person reads it."""
    problems = {f"j-{number}" * 40: f"{number} " * 5000 for number in range(5000)}
    words = SweepResult(problems=problems).problems_in_words()
    assert len(words) < 6000
    assert words.startswith("5000 could not be judged, recorded or told: ")
    assert words.endswith("4990 more for 4990 other causes")


def test_a_new_cluster_whose_own_tags_there_is_no_time_to_ask_for_is_deferred(aws, monkeypatch):
    """It would take a call to EMR; the next sweep judges it, and nobody is told for nothing."""
    monkeypatch.setattr(Clusters, "may_be_exempt", lambda *_: True)
    aws.recorded(known=9)
    aws.listed("known")
    aws.knows(facts("known", created=NOW, release_label="emr-4.7.0"))
    report = aws.sweep(lambda: 61.0)
    assert (report.deferred, report.problems, aws.put) == (1, {}, {})


def test_findings_on_configurations_that_cannot_be_kept_are_a_problem_of_the_run():
    """Everything else has been told by then."""

    class Hub:
        def update(self, *_):
            raise SecurityHubError("GetFindings: AccessDeniedException")

    class Alerting:
        security_hub = Hub()

    result = sweep_alerts._keep_findings(Alerting(), SweepResult(problems={"j-1": "why"}))
    assert result.problems == {
        "j-1": "why",
        "Security Hub": "GetFindings: AccessDeniedException",
    }
