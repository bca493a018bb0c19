"""The simulator's conformance packs make rules as AWS Config does, and refuse what it refuses."""

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.simulator.config_rules import PERIODIC, evaluation, put, rule, token
from tests.simulator.pack_templates import (
    CONFIGURATIONS,
    MANAGED,
    admit_config,
    body,
    pack_rule,
    parameters,
)
from tests.simulator.stacks import queue
from tests.simulator.throwaway import ACCOUNT
from tools.simulator.client import Simulator


def put_pack(aws: Simulator, text: str, name: str = "pack", **given: str) -> dict[str, Any]:
    """Put a pack, wait for it, and answer its status."""
    config = aws.client("config")
    config.put_conformance_pack(
        ConformancePackName=name,
        TemplateBody=text,
        ConformancePackInputParameters=parameters(**given),
    )
    aws.settle()
    found = config.describe_conformance_pack_status(ConformancePackNames=[name])
    status: dict[str, Any] = found["ConformancePackStatusDetails"][0]
    return status


def rules(aws: Simulator) -> dict[str, dict[str, Any]]:
    """Answer the rules by the names that the pack's template gives them."""
    found = aws.client("config").describe_config_rules()["ConfigRules"]
    return {one["ConfigRuleName"].partition("-conformance-pack-")[0]: one for one in found}


def code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return str(caught.value.response["Error"]["Code"])


def test_a_packs_rules_have_its_affix_and_belong_to_the_service(aws: Simulator) -> None:
    """Name and ARN show whose they are, and they run at once like any new rule."""
    admit_config(aws)
    status = put_pack(aws, body(pack_rule(), CONFIGURATIONS, MANAGED))
    assert status["ConformancePackState"] == "CREATE_COMPLETE"
    found = rules(aws)
    assert found.keys() == {"clusters", "configurations", "kerberos"}
    one = found["clusters"]
    assert re.fullmatch(r"clusters-conformance-pack-[a-z0-9]{9}", one["ConfigRuleName"])
    assert (
        ":config-rule/aws-service-rule/config-conforms.amazonaws.com/config-rule-"
        in (one["ConfigRuleArn"])
    )
    assert one["CreatedBy"] == "config-conforms.amazonaws.com"
    (run,) = aws.invocations()
    assert run["payload"]["configRuleArn"] == one["ConfigRuleArn"]


def test_nobody_but_the_service_changes_or_deletes_a_packs_rule(aws: Simulator) -> None:
    """The pack is what one changes; an evaluation may be asked for all the same."""
    admit_config(aws)
    put_pack(aws, body())
    config, (one,) = aws.client("config"), rules(aws).values()
    name, arn = one["ConfigRuleName"], one["Source"]["SourceIdentifier"]
    with pytest.raises(ClientError, match="ServiceLinkedConfigRule"):
        config.put_config_rule(ConfigRule=rule(arn, PERIODIC, name))
    with pytest.raises(ClientError, match="ServiceLinkedConfigRule"):
        config.delete_config_rule(ConfigRuleName=name)
    config.start_config_rules_evaluation(ConfigRuleNames=[name])


def test_parameters_conditions_and_pseudo_parameters_make_up_a_rule(aws: Simulator) -> None:
    """An empty parameter can be left out of InputParameters, as in AWS's own packs."""
    admit_config(aws)
    given = {
        "days": {"Ref": "Days"},
        "tag": {"Fn::If": ["Tagged", {"Ref": "Tag"}, {"Ref": "AWS::NoValue"}]},
    }
    text = body(
        pack_rule(InputParameters=given),
        Parameters={
            "Days": {"Type": "String", "Default": "30"},
            "Tag": {"Type": "String", "Default": ""},
        },
        Conditions={"Tagged": {"Fn::Not": [{"Fn::Equals": ["", {"Ref": "Tag"}]}]}},
    )
    put_pack(aws, text)
    one = rules(aws)["clusters"]
    assert one["Source"]["SourceIdentifier"] == f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"
    assert json.loads(one["InputParameters"]) == {"days": "30"}
    status = put_pack(aws, text, Days="7", Tag="exempt")
    assert status["ConformancePackState"] == "UPDATE_COMPLETE"
    assert json.loads(rules(aws)["clusters"]["InputParameters"]) == {"days": "7", "tag": "exempt"}


def test_pseudo_parameters_can_be_switched_off(aws: Simulator) -> None:
    """AWS does not say that packs resolve them, so a pack must have another way."""
    admit_config(aws)
    aws.set_config(packs_resolve_pseudo_parameters=False)
    with pytest.raises(ClientError, match="AWS::Region"):
        put_pack(aws, body())
    arn = {"Ref": "Arn"}
    named = pack_rule(Source=pack_rule()["Properties"]["Source"] | {"SourceIdentifier": arn})
    text = body(named, Parameters={"Arn": {"Type": "String"}})
    status = put_pack(aws, text, Arn=f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f")
    assert status["ConformancePackState"] == "CREATE_COMPLETE"


def test_a_pack_whose_function_is_missing_fails_and_leaves_nothing(aws: Simulator) -> None:
    """What it had made before is removed; put again, it is made after all."""
    status = put_pack(aws, body(MANAGED, pack_rule()))
    assert status["ConformancePackState"] == "CREATE_FAILED"
    assert "cannot be invoked" in status["ConformancePackStatusReason"]
    assert rules(aws) == {}
    admit_config(aws)
    assert put_pack(aws, body(MANAGED, pack_rule()))["ConformancePackState"] == "CREATE_COMPLETE"


def test_an_update_removes_the_rules_that_the_pack_no_longer_has(aws: Simulator) -> None:
    """The others keep their names."""
    admit_config(aws)
    put_pack(aws, body(pack_rule(), MANAGED))
    name = rules(aws)["clusters"]["ConfigRuleName"]
    put_pack(aws, body())
    assert [one["ConfigRuleName"] for one in rules(aws).values()] == [name]


def test_a_deleted_pack_takes_its_rules_along(aws: Simulator) -> None:
    """The pack is unknown then."""
    admit_config(aws)
    put_pack(aws, body())
    config = aws.client("config")
    config.delete_conformance_pack(ConformancePackName="pack")
    aws.settle()
    assert rules(aws) == {}
    with pytest.raises(ClientError, match="NoSuchConformancePackException"):
        config.describe_conformance_packs(ConformancePackNames=["pack"])


def test_a_packs_compliance_is_that_of_its_rules(aws: Simulator) -> None:
    """By rule, by resource, as a whole, and as a score in percent."""
    admit_config(aws)
    put_pack(aws, body(pack_rule(), MANAGED))
    config, name = aws.client("config"), rules(aws)["clusters"]["ConfigRuleName"]
    summary = {"ConformancePackNames": ["pack"]}
    whole = config.get_conformance_pack_compliance_summary(**summary)
    status = whole["ConformancePackComplianceSummaryList"][0]["ConformancePackComplianceStatus"]
    assert status == "INSUFFICIENT_DATA"
    good, bad = evaluation("j-1"), evaluation("j-2", "NON_COMPLIANT", Annotation="why")
    put(aws, token(aws, name), good, bad)
    found = config.describe_conformance_pack_compliance(ConformancePackName="pack")
    by_rule = {
        one["ConfigRuleName"].partition("-")[0]: one["ComplianceType"]
        for one in found["ConformancePackRuleComplianceList"]
    }
    assert by_rule == {"clusters": "NON_COMPLIANT", "kerberos": "INSUFFICIENT_DATA"}
    details = config.get_conformance_pack_compliance_details(
        ConformancePackName="pack", Filters={"ComplianceType": "NON_COMPLIANT"}
    )
    (entry,) = details["ConformancePackRuleEvaluationResults"]
    assert entry["Annotation"] == "why"
    whole = config.get_conformance_pack_compliance_summary(**summary)
    status = whole["ConformancePackComplianceSummaryList"][0]["ConformancePackComplianceStatus"]
    assert status == "NON_COMPLIANT"
    (score,) = config.list_conformance_pack_compliance_scores()["ConformancePackComplianceScores"]
    assert score["Score"] == "50.00"


INVALID = "ConformancePackTemplateValidationException"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Resources: [", INVALID),
        (body(queue()), INVALID),
        (body(Outputs={"O": {"Value": "v"}}), INVALID),
        (body(pack_rule({"Ref": "Name"}), Parameters={"Name": {"Type": "String"}}), INVALID),
        (body(pack_rule(Unknown="x")), INVALID),
        (body(Parameters={"Needed": {"Type": "String"}}), INVALID),
        (body(*[pack_rule(f"r{n}") for n in range(131)]), INVALID),
        (body() + " " * 51_200, "ValidationException"),
    ],
)
def test_a_template_that_is_no_packs_is_refused(aws: Simulator, text: str, expected: str) -> None:
    """At once, before there is a pack."""
    with pytest.raises(ClientError) as caught:
        put_pack(aws, text)
    assert code(caught) == expected
    assert aws.client("config").describe_conformance_packs()["ConformancePackDetails"] == []


def test_a_pack_takes_only_parameters_of_its_template_and_a_proper_name(aws: Simulator) -> None:
    """A parameter that is misspelt would have no effect."""
    with pytest.raises(ClientError) as caught:
        put_pack(aws, body(), Misspelt="x")
    assert code(caught) == "InvalidParameterValueException"
    with pytest.raises(ClientError) as caught:
        put_pack(aws, body(), "with_underscore")
    assert code(caught) == "ValidationException"


def test_a_rule_name_that_is_too_long_with_the_affix_fails_the_pack(aws: Simulator) -> None:
    """128 characters in all."""
    admit_config(aws)
    assert put_pack(aws, body(pack_rule("r" * 101)), "a")["ConformancePackState"].endswith(
        "COMPLETE"
    )
    assert put_pack(aws, body(pack_rule("r" * 102)), "b")["ConformancePackState"] == "CREATE_FAILED"


def test_a_packs_change_rule_runs_on_changes(aws: Simulator) -> None:
    """As any rule does."""
    admit_config(aws)
    put_pack(aws, body(CONFIGURATIONS))
    aws.client("emr").create_security_configuration(Name="s", SecurityConfiguration="{}")
    aws.settle()
    (run,) = aws.invocations()
    assert run["payload"]["configRuleName"].startswith("configurations-conformance-pack-")


def test_a_template_may_come_from_a_bucket(aws: Simulator) -> None:
    """By its S3 URI."""
    admit_config(aws)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="packs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="packs", Key="a/b.yml", Body=body().encode())
    aws.client("config").put_conformance_pack(
        ConformancePackName="pack", TemplateS3Uri="s3://packs/a/b.yml"
    )
    aws.settle()
    assert rules(aws).keys() == {"clusters"}
