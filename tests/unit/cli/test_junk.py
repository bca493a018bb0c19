"""check: whatever stands where something else should, it is a verdict or could not be told."""

import copy
import json
import random

import pytest

from emr_in_transit_cli.checking.check import Check
from emr_in_transit_cli.dialects.recognising import Context
from tests.support.command import ON, WEAK_SPARK, write
from tests.support.facts import NOW, parameters

pytestmark = pytest.mark.untraced  # what only chance reaches is not covered
JUNK = (
    *(None, True, 0, 1.5, -1, "", "x", "${x}", "{", [], {}, [1], [None], ["x"], [[]], {"a": 1}),
    *({"Ref": 1}, {"Ref": "P"}, {"Ref": "C"}, {"Ref": "AWS::NoValue"}, {"Fn::Sub": "${P}"}),
    *({"Fn::If": ["K", 1]}, {"Fn::Join": ["", "x"]}, {"Fn::Select": [0, []]}, {"Fn::Sub": ["x"]}),
    *({"Fn::Transform": "x"}, {"Fn::ForEach::a": ["b", ["c"], {"d${b}": "e"}]}, [{"Ref": "P"}]),
    *({"Fn::FindInMap": ["M", {"Ref": "P"}, "b"]}, {"Fn::GetAtt": "C"}, {"Fn::ToJsonString": {}}),
)
GROUP = {"InstanceRole": "MASTER", "InstanceCount": 1, "Configurations": [WEAK_SPARK]}
REQUEST = {
    "Name": "n",
    "ReleaseLabel": "emr-7.3.0",
    "Applications": [{"Name": "Spark"}],
    "SecurityConfiguration": "tls",
    "KerberosAttributes": {"Realm": "R"},
    "Tags": [{"Key": "exempt", "Value": "x"}],
    "Configurations": [WEAK_SPARK],
    "Instances": {"InstanceGroups": [GROUP]},
}
PROPERTIES = {
    **{key: each for key, each in REQUEST.items() if key not in {"Configurations", "Instances"}},
    "SecurityConfiguration": {"Ref": "T"},
    "Configurations": [{"Classification": "spark-defaults", "ConfigurationProperties": {"a": "b"}}],
    "Instances": {"CoreInstanceFleet": {"InstanceTypeConfigs": [{"Configurations": []}]}},
}
TASK = {"Type": "Task", "Resource": "elasticmapreduce:createCluster", "Parameters": REQUEST}
MACHINE = {"StartAt": "a", "States": {"a": TASK, "b": {"Branches": [{"StartAt": "c", "States": {"c": TASK}}]}}}  # fmt: skip
CLUSTER = {
    "name": "n",
    "release_label": "emr-7.3.0",
    "applications": ["Spark"],
    "configurations_json": json.dumps([WEAK_SPARK]),
    "kerberos_attributes": [{"realm": "R"}],
    "tags": {"exempt": "x"},
    "master_instance_group": [{"instance_count": 1}],
    "core_instance_fleet": [{"instance_type_configs": [{"configurations": [{"classification": "x"}]}]}],
}  # fmt: skip
ADDRESS = 'module.m["k"].aws_emr_cluster.this[0]'
PLANNED = {"address": ADDRESS, "type": "aws_emr_cluster", "name": "this", "values": CLUSTER}
DOCUMENTS = {
    "request": REQUEST,
    "answer": {
        "Cluster": {
            **REQUEST,
            "Id": "j-1",
            "Status": {"State": "WAITING", "Timeline": {"CreationDateTime": 1.0}},
            "InstanceGroups": [GROUP],
        }
    },
    "configuration": {"Name": "tls", "CreationDateTime": 1.0, "SecurityConfiguration": ON},
    "item": {"resourceType": "AWS::EMR::SecurityConfiguration", "resourceId": "x", "configuration": {"SecurityConfiguration": ON}},
    "properties": [WEAK_SPARK],
    "groups": [GROUP | {"InstanceGroupType": "CORE"}],
    "template": {
        "Parameters": {"P": {"Type": "String", "Default": "x", "AllowedValues": ["x", "y"]}},
        "Mappings": {"M": {"a": {"b": "c"}}},
        "Conditions": {"K": {"Fn::Not": [{"Fn::Equals": [{"Ref": "P"}, "x"]}]}},
        "Transform": ["AWS::LanguageExtensions"],
        "Resources": {
            "T": {"Type": "AWS::EMR::SecurityConfiguration", "Properties": {"Name": {"Fn::Sub": "${P}"}, "SecurityConfiguration": ON}},
            "C": {"Type": "AWS::EMR::Cluster", "Condition": "K", "Properties": PROPERTIES},
            "G": {"Type": "AWS::EMR::InstanceGroupConfig", "Properties": {"JobFlowId": {"Ref": "C"}, "Configurations": []}},
            "S": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"Definition": MACHINE}},
        },
    },
    "machine": MACHINE,
    "plan": {
        "format_version": "1.2",
        "planned_values": {"root_module": {"child_modules": [{"resources": [PLANNED]}]}},
        "resource_changes": [{**PLANNED, "change": {"after": CLUSTER, "after_unknown": {"security_configuration": True, "applications": [True]}}}],
        "configuration": {
            "root_module": {
                "module_calls": {
                    "m": {
                        "for_each_expression": {"references": ["local.x"]},
                        "expressions": {"a": {"references": ["each.value"]}},
                        "module": {"resources": [{"type": "aws_emr_cluster", "name": "this", "expressions": {"security_configuration": {"references": ["var.a", "module.x.y"]}}}]},
                    }
                }
            }
        },
    },
    "state": {"version": 4, "lineage": "x", "resources": [{"module": "module.m", "type": "aws_emr_cluster", "name": "c", "instances": [{"index_key": 0, "attributes": CLUSTER}]}]},
}  # fmt: skip


def places(value, path=()):
    """Return the path to each value in a document."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, each in inner:
        yield from places(each, (*path, key))


def replaced(document, path, junk):
    if not path:
        return junk
    changed = copy.deepcopy(document)
    place = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = junk
    return changed


@pytest.mark.parametrize("name", DOCUMENTS)
def test_junk_anywhere(tmp_path, name):
    """Each value of each dialect, in turn, is something else; nothing fails for it."""
    chance = random.Random(name)  # noqa: S311 (the same in every run)
    document = DOCUMENTS[name]
    rule = parameters(exemptionTagKey="exempt", overrideScope="instances")
    judged = 0
    for path in places(document):
        for junk in chance.sample(JUNK, 2):
            file = write(tmp_path, replaced(document, path, junk))
            report = Check(Context(NOW, {}), rule).run([str(file)])
            assert report.status in {0, 1, 2, 3}
            judged += len(report.results)
    assert judged
