"""What could not be judged, recorded or told: it costs nothing else, and the run says so."""

import json

import pytest
from botocore.exceptions import ClientError

from tests.end_to_end.depth import configuration
from tests.end_to_end.recording import (
    deploy,
    forget,
    prepared,
    puts,
    sweep,
    verdicts,
    without_launch_checks,
)
from tools.account import RULE

ATTEMPTS = 3  # Lambda's, for an event whose function fails


@pytest.fixture(scope="module")
def account(simulator):
    """One deployment for this module; nothing but sweeps is going on."""
    account = without_launch_checks(deploy(prepared(simulator)))
    configuration(account, "secure")
    return account


@pytest.fixture(autouse=True)
def _tidy(account):
    yield
    account.simulator.clear_faults()
    account.simulator.set_config(failed_evaluations=0)
    account.simulator.settle()


@pytest.mark.parametrize(
    ("code", "calls"), [("AccessDeniedException", 1), ("ThrottlingException", 5)]
)
def test_a_cluster_that_emr_does_not_describe_costs_no_other_its_verdict(account, code, calls):
    """Its old result stands, the others are recorded, and the error of the run names it and why."""
    odd = account.launch("odd")
    sweep(account)
    old = account.results()[odd]
    forget(account, odd)
    good, bare = account.launch("good", "secure"), account.launch("bare")
    account.simulator.add_fault("emr", "DescribeCluster", body_contains=odd, code=code)

    runs = sweep(account)

    assert [run["ok"] for run in runs] == [False] * ATTEMPTS
    for run in runs:
        assert run["error_type"] == "RuleRunError"
        assert run["error_message"].startswith("1 could not be judged, recorded or told: ")
        assert f"{odd} (DescribeCluster: {code}: " in run["error_message"]
    asked = account.simulator.journal("emr", "DescribeCluster")
    assert sum(each["parameters"]["ClusterId"] == odd for each in asked) == ATTEMPTS * calls
    assert account.results()[odd] == old
    assert [verdicts(account)[each] for each in (good, bare)] == ["COMPLIANT", "NON_COMPLIANT"]

    account.simulator.clear_faults()
    (run,) = sweep(account)
    assert run["ok"], "it heals by itself"
    assert account.results()[odd] == old


def test_pages_that_emr_does_not_list_retire_nothing(account):
    """Where the list of clusters breaks off, what it did not show is left as it is."""
    ended = account.launch("ended")
    sweep(account)
    account.emr.terminate_job_flows(JobFlowIds=[ended])
    before = account.simulator.evaluations()
    account.simulator.add_fault("emr", "ListClusters", code="InternalServerException", status=500)

    run = sweep(account)[-1]

    assert "the list of clusters (ListClusters: InternalServerException: " in run["error_message"]
    assert account.simulator.evaluations() == before


PARAMETERS = [
    ("an unknown name", {"coverge": "complete"}, "coverge"),
    ("a number that is none", {"certificateExpiryDays": "soon"}, "certificateExpiryDays"),
    ("a value that is not offered", {"coverage": "all"}, "coverage"),
    ("a list of nothing", {"allowedCertificateProviders": ","}, "allowedCertificateProviders"),
]


@pytest.fixture
def rule(account):
    """The rule as AWS Config has it; it is put back afterwards."""
    (found,) = account.config.describe_config_rules(ConfigRuleNames=[RULE])["ConfigRules"]
    yield found
    account.config.put_config_rule(ConfigRule=found)
    account.simulator.settle()


@pytest.mark.parametrize(
    ("given", "named"), [row[1:] for row in PARAMETERS], ids=[row[0] for row in PARAMETERS]
)
def test_bad_rule_parameters_stop_the_run_and_name_themselves(account, rule, given, named):
    """Nothing is evaluated with parameters that nobody meant; what is on record stays."""
    account.launch("bare")
    sweep(account)
    account.launch("later")
    before = account.simulator.evaluations()
    parameters = json.loads(rule["InputParameters"]) | given
    account.simulator.clear_invocations()

    account.config.put_config_rule(ConfigRule=rule | {"InputParameters": json.dumps(parameters)})
    account.simulator.settle()
    account.simulator.clear_journal()
    runs = account.simulator.invocations() + sweep(account)

    assert [run["ok"] for run in runs] == [False] * 2 * ATTEMPTS
    assert all(named in run["error_message"] for run in runs)
    assert account.simulator.journal("emr") == []
    assert account.simulator.evaluations() == before


def test_an_empty_rule_parameter_is_refused_by_config_and_by_the_rule(account, rule):
    """AWS Config takes no empty value; if one came all the same, the run would name it."""
    account.launch("bare")
    payload = sweep(account)[-1]["payload"]
    parameters = json.loads(rule["InputParameters"]) | {"coverage": ""}
    text = json.dumps(parameters)
    with pytest.raises(ClientError, match="input parameter: coverage"):
        account.config.put_config_rule(ConfigRule=rule | {"InputParameters": text})
    before = account.simulator.evaluations()

    answer = account.simulator.client("lambda").invoke(
        FunctionName=account.outputs["FunctionArn"],
        Payload=json.dumps(payload | {"ruleParameters": text}),
    )

    assert answer["FunctionError"] == "Unhandled"
    assert "coverage" in json.load(answer["Payload"])["errorMessage"]
    assert account.simulator.evaluations() == before


def test_evaluations_that_config_returns_as_failed_are_sent_again(account):
    """AWS Config takes a batch in part; the rest is put once more, and the run is no error."""
    launched = {account.launch(f"bare-{n}") for n in range(3)}
    account.simulator.set_config(failed_evaluations=2)

    (run,) = sweep(account)

    assert run["ok"]
    assert puts(account) == 2
    assert launched <= verdicts(account).keys()


def test_evaluations_that_config_never_takes_end_the_run_as_an_error(account):
    """What is not on record after all attempts is named."""
    launched = account.launch("bare")
    account.simulator.set_config(failed_evaluations=1000)

    runs = sweep(account)

    assert [run["ok"] for run in runs] == [False] * ATTEMPTS
    expected = f"{launched} (PutEvaluations: returned it as failed)"
    assert all(expected in run["error_message"] for run in runs)
    assert launched not in verdicts(account)


def test_a_schedule_older_than_an_hour_is_dropped(account):
    """An event that Lambda held back for long would record what a later sweep knows better."""
    launched = account.launch("bare")

    (late,) = sweep(account, age_seconds=3700)

    assert late["ok"]
    assert [json.loads(line)["message"] for line in late["logs"]] == ["schedule dropped"]
    assert account.simulator.journal("emr") == []
    assert launched not in verdicts(account)
    (in_time,) = sweep(account, age_seconds=3500)
    assert in_time["ok"]
    assert launched in verdicts(account)
