"""Every rule parameter, from template.yml's parameter to the verdict of a cluster made for it."""

import json

import pytest

from emr_in_transit.judgement.parameters import PARAMETERS
from tests.end_to_end.depth import (
    CUSTOM,
    METASTORE,
    PEM,
    alive,
    configuration,
    group,
    override,
    sweep,
    verdict,
)
from tests.end_to_end.scans import agrees
from tools.account import CONFIGURATION_RULE, RULE, Account

EMR_FOR_100_DAYS = {"CertificateProviderType": "EMR", "ValidityInDays": 100}
HIVE = {"applications": ("Hive",)}
CORE_OVERRIDDEN = [group("MASTER"), group("CORE", Configurations=override())]
TAGGED = {"Tags": [{"Key": "exempt", "Value": "sandbox"}]}
PROTECTED = 'COMPLIANT Security configuration "certificateExpiryDays", EMR-managed certificates.'
EXPIRING = f"{PROTECTED} CERTIFICATES_EXPIRING"
# By rule parameter: a value, the certificates and the rest of a cluster ({}: no security
# configuration), and the beginning of its verdict without the value and with it.
ROWS = {
    "coverage": ("complete", PEM, {}, "COMPLIANT", "NON_COMPLIANT TRAFFIC_NOT_COVERED"),
    "exemptionTagKey": ("exempt", {}, TAGGED, "NON_COMPLIANT NO_SECURITY", "no verdict"),
    "certificateExpiryDays": ("120", EMR_FOR_100_DAYS, {}, PROTECTED, EXPIRING),
    "allowedCertificateProviders": (
        *("PEM,EMR", CUSTOM, {}, "COMPLIANT", "NON_COMPLIANT CERTIFICATE_PROVIDER_NOT_ALLOWED"),
    ),
    "approvedSecurityConfigurations": (
        *("team-*", PEM, {}, "COMPLIANT", "NON_COMPLIANT SECURITY_CONFIGURATION_NOT_APPROVED"),
    ),
    "acceptedOverrides": (
        *(METASTORE, PEM, {"Configurations": override()} | HIVE),
        *("NON_COMPLIANT ENCRYPTION_OVERRIDDEN", "COMPLIANT"),
    ),
    "overrideScope": (
        *("instances", PEM, {"Instances": alive(InstanceGroups=CORE_OVERRIDDEN)} | HIVE),
        *("COMPLIANT", "NON_COMPLIANT ENCRYPTION_OVERRIDDEN"),
    ),
}
# What template.yml passes to the rules when nobody sets anything.
DEFAULTS = {each.name: each.default for each in PARAMETERS if each.default}
DEFAULTS["AssumeRoleMode"] = "False"


@pytest.fixture(scope="module")
def stack(simulator):
    """One stack for all rows; by rule parameter the clusters and what is said of them by default."""
    simulator.reset()
    account = Account(simulator)
    account.prepare()
    account.outputs = account.deploy()
    clusters = {}
    for name, (_, certificates, members, *_) in ROWS.items():
        made = configuration(account, name, certificates) if certificates else None
        clusters[name] = account.launch(name, made, **members)
    sweep(account)
    assert all(passed(account, rule) == DEFAULTS for rule in (RULE, CONFIGURATION_RULE))
    return account, clusters, {name: words(account, each) for name, each in clusters.items()}


def words(account, cluster_id):
    """Return the recorded compliance and annotation in one line."""
    return " ".join(verdict(account, cluster_id)).strip()


def as_in_template(values):
    """Return the template's parameters for those of the rule; an update keeps what is not named."""
    return {name[0].upper() + name[1:]: value for name, value in values.items()}


def passed(account, rule):
    """Return the InputParameters of a deployed rule."""
    (described,) = account.config.describe_config_rules(ConfigRuleNames=[rule])["ConfigRules"]
    return json.loads(described["InputParameters"])


def test_every_parameter_has_its_row():
    """A parameter that is added to the rule must be shown here too."""
    assert list(ROWS) == [each.name for each in PARAMETERS]


@pytest.mark.parametrize("name", ROWS)
def test_the_parameter_of_the_template_changes_the_verdict(stack, name):
    """Set in the stack it reaches both rules, and the verdict of the cluster that is made for it."""
    account, clusters, plain = stack
    value, *_, before, after = ROWS[name]
    assert plain[name].startswith(before)
    assert "CERTIFICATES_EXPIRING" not in plain[name]

    account.deploy(
        **as_in_template({each.name: each.default for each in PARAMETERS} | {name: value})
    )
    sweep(account)
    assert words(account, clusters[name]).startswith(after)
    for rule in (RULE, CONFIGURATION_RULE):
        assert passed(account, rule) == DEFAULTS | {name: value}
    assert agrees(account) == len(clusters)


def test_wrong_parameters_fail_every_door_by_name_and_judge_nothing(deployed):
    """Somebody edits the rules by hand: no verdict changes, and nobody can overlook why."""
    wrong = {"coverage": "most", "overideScope": "instances"}
    problems = (
        'coverage takes configured or complete, not "most"',
        '"overideScope" is no parameter of this rule, which takes coverage, ',
    )
    account = deployed
    bad = account.launch("bad")
    account.simulator.settle()
    sweep(account)
    recorded = account.simulator.evaluations()
    for name in (RULE, CONFIGURATION_RULE):
        (rule,) = account.config.describe_config_rules(ConfigRuleNames=[name])["ConfigRules"]
        rule["InputParameters"] = json.dumps({"AssumeRoleMode": "False"} | wrong)
        keep = ("ConfigRuleName", "Scope", "Source", "InputParameters")
        account.config.put_config_rule(ConfigRule={key: rule[key] for key in keep if key in rule})
    account.simulator.settle()
    # A warm one knows the old parameters.
    account.simulator.cool_functions(account.outputs["LaunchCheckFunctionArn"])
    account.simulator.clear_invocations()

    account.simulator.schedule(RULE)
    configuration(account)
    account.launch("worse")
    account.simulator.settle()

    runs = account.simulator.invocations()
    # A schedule, a change, and a launch that two events tell of; each with Lambda's two retries.
    assert [run["error_type"] for run in runs] == ["ParameterError"] * 12
    for run in runs:
        assert all(problem in run["error_message"] for problem in problems)
    assert account.simulator.evaluations() == recorded
    assert verdict(account, bad)[0] == "NON_COMPLIANT"
    queue = account.outputs["FunctionDeadLettersUrl"]
    letters = account.simulator.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert int(letters["Attributes"]["ApproximateNumberOfMessages"]) >= 4
