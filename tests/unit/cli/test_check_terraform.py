"""check: Terraform plans and states. What is known only after apply stands for any value."""

import json

import pytest

from tests.support.command import OFF, ON, WEAK_SPARK, reasons, report, run, verdicts, write

GOOD, BAD, UNSURE = "COMPLIANT", "NON_COMPLIANT", "COULD_NOT_TELL"
WEAK = json.dumps([WEAK_SPARK])
CLUSTER = {
    "name": "nightly",
    "release_label": "emr-7.3.0",
    "applications": ["Spark"],
    "configurations": None,
    "configurations_json": None,
    "kerberos_attributes": [],
    "master_instance_group": [{"instance_count": 1, "name": None}],
    "security_configuration": "tls",
    "tags": {"team": "data"},
}
TLS = {"name": "tls", "configuration": json.dumps(ON)}


def resource(kind, name, values, module="", key=""):
    address = f"{module}.{kind}.{name}{key}".lstrip(".")
    return {"address": address, "mode": "managed", "type": kind, "name": name, "values": values}


def plan(*resources, unknown=None, configuration=None, more=()):
    """Make a plan; ``unknown`` says by address what is known only after apply."""
    unknown = unknown or {}
    changes = [
        {
            **{key: each[key] for key in ("address", "mode", "type", "name")},
            "change": {
                "actions": ["create"],
                "after": each["values"],
                "after_unknown": unknown.get(each["address"], {}),
            },
        }
        for each in (*resources, *more)
    ]
    return {
        "format_version": "1.2",
        "planned_values": {"root_module": {"resources": list(resources)}},
        "resource_changes": changes,
        "configuration": {"root_module": configuration or {}},
    }


def cluster(values=None, without=(), **where):
    merged = {**CLUSTER, **(values or {})}
    kept = {key: value for key, value in merged.items() if key not in without}
    return resource("aws_emr_cluster", "this", kept, **where)


def tls(values=None, **where):
    return resource("aws_emr_security_configuration", "this", {**TLS, **(values or {})}, **where)


ADDRESS = "aws_emr_cluster.this"
STATED = [
    ("all known", {}, (), GOOD),
    ("none attached", {"security_configuration": None}, (), BAD),
    ("a missing key is not none", {}, ("security_configuration",), UNSURE),
    ("a missing release", {}, ("release_label",), UNSURE),
    ("missing applications", {}, ("applications",), GOOD),
    ("no applications", {"applications": None}, (), GOOD),
    ("a weak property", {"configurations_json": WEAK}, (), BAD),
    ("in small letters", {"configurations_json": WEAK.replace("Class", "class").replace("Prop", "prop")}, (), BAD),
    ("by the old argument", {"configurations": WEAK}, (), BAD),
    ("from elsewhere", {"configurations": "s3://bucket/file.json"}, (), UNSURE),
    ("an empty text", {"configurations": " "}, (), GOOD),
    ("no JSON", {"configurations_json": "{"}, (), UNSURE),
    ("nested", {"configurations_json": json.dumps([{"Classification": "x", "Configurations": [WEAK_SPARK]}])}, (), BAD),
    ("fleets", {"master_instance_group": []}, (), GOOD),
    ("Kerberos", {"kerberos_attributes": [{"realm": "EC2.INTERNAL"}]}, (), GOOD),
]  # fmt: skip


@pytest.mark.parametrize(
    ("values", "without", "expected"), [row[1:] for row in STATED], ids=[row[0] for row in STATED]
)
def test_what_a_plan_states(tmp_path, values, without, expected):
    """A cluster of a plan, with the security configuration of its name."""
    path = write(tmp_path, plan(cluster(values, without), tls()))
    assert verdicts(path)[ADDRESS] == expected


AFTER = [
    ("the release", {"release_label": True}, UNSURE),
    ("the name", {"name": True}, GOOD),
    ("properties", {"configurations_json": True}, UNSURE),
    ("applications", {"applications": True}, GOOD),
    ("one application", {"applications": [True]}, GOOD),
    ("Kerberos", {"kerberos_attributes": True}, GOOD),
    ("the realm", {"kerberos_attributes": [{"realm": True}]}, GOOD),
    ("tags", {"tags": True}, GOOD),
    ("nothing", {"applications": [False], "ec2_attributes": [{}]}, GOOD),
]


@pytest.mark.parametrize(
    ("unknown", "expected"), [row[1:] for row in AFTER], ids=[row[0] for row in AFTER]
)
def test_what_is_known_after_apply(tmp_path, unknown, expected):
    """It stands for any value."""
    path = write(tmp_path, plan(cluster(), tls(), unknown={ADDRESS: unknown}))
    assert verdicts(path)[ADDRESS] == expected


def test_a_body_known_after_apply(tmp_path):
    """Neither it nor its cluster can be told; what is off in any case is."""
    unknown = {"aws_emr_security_configuration.this": {"configuration": True}}
    found = verdicts(write(tmp_path, plan(cluster(), tls(), unknown=unknown)))
    assert found == {ADDRESS: UNSURE, "aws_emr_security_configuration.this": UNSURE}
    without = resource("aws_emr_security_configuration", "this", {"name": "tls"})
    assert verdicts(write(tmp_path, plan(cluster(), without)))[ADDRESS] == UNSURE


def refers(*references, more=None):
    """Make the configuration of a module whose cluster refers to these."""
    return {
        "resources": [
            {
                "type": "aws_emr_cluster",
                "name": "this",
                "expressions": {"security_configuration": {"references": list(references)}},
            }
        ],
        **(more or {}),
    }


TO_THIS = ("aws_emr_security_configuration.this.name", "aws_emr_security_configuration.this")
UNNAMED = {"security_configuration": True}


def followed(tmp_path, resources, configuration, address=ADDRESS):
    unknown = {
        each["address"]: UNNAMED if each["type"] == "aws_emr_cluster" else {"name": True}
        for each in resources
    }
    document = plan(*resources, unknown=unknown, configuration=configuration)
    return verdicts(write(tmp_path, document))[address]


def unnamed(body, **where):
    values = {"configuration": json.dumps(body), "name_prefix": "x-"}
    return resource("aws_emr_security_configuration", where.pop("name", "this"), values, **where)


def launched(**where):
    return cluster(without=("security_configuration",), **where)


def test_a_name_known_after_apply(tmp_path):
    """The plan's references lead to the security configuration."""
    assert followed(tmp_path, [launched(), unnamed(ON)], refers(*TO_THIS)) == GOOD
    assert followed(tmp_path, [launched(), unnamed(OFF)], refers(*TO_THIS)) == BAD
    assert followed(tmp_path, [launched(), unnamed(ON)], refers("var.x")) == UNSURE
    assert followed(tmp_path, [launched(), unnamed(ON)], {}) == UNSURE


def test_one_of_several_security_configurations(tmp_path):
    """Where a condition chooses, each counts; where all agree, that is the verdict."""
    either = refers(
        "aws_emr_security_configuration.a.name",
        "aws_emr_security_configuration.a",
        "aws_emr_security_configuration.b.name",
        "aws_emr_security_configuration.b",
    )
    good, bad = unnamed(ON, name="a"), unnamed(OFF, name="b")
    assert followed(tmp_path, [launched(), good, bad], either) == UNSURE
    assert followed(tmp_path, [launched(), good, unnamed(ON, name="b")], either) == GOOD


def test_count_and_for_each(tmp_path):
    """The instance of the same key is meant, or the one whose key is written."""
    for keys in (("[0]", "[1]"), ('["a"]', '["b"]')):
        resources = [
            *(launched(key=key) for key in keys),
            unnamed(ON, key=keys[0]),
            unnamed(OFF, key=keys[1]),
        ]
        same = refers(*TO_THIS, "each.key")
        assert followed(tmp_path, resources, same, ADDRESS + keys[0]) == GOOD
        assert followed(tmp_path, resources, same, ADDRESS + keys[1]) == BAD
        written = f"aws_emr_security_configuration.this{keys[1]}"
        first = refers(f"{written}.name", written, "aws_emr_security_configuration.this")
        assert followed(tmp_path, resources, first, ADDRESS + keys[0]) == BAD


def called(module, expression, more=None):
    """Make a configuration whose module "emr" gets its security configuration as a variable."""
    call = {"module": module, "expressions": {"attached": expression}}
    return {"module_calls": {"emr": call | (more or {})}}


def in_modules(*resources):
    """Make a plan whose resources stand in their modules."""
    document = plan(*resources)
    modules = {}
    for each in resources:
        head = each["address"].rpartition(f"{each['type']}.")[0].rstrip(".")
        modules.setdefault(head, []).append(each)
    root = {"resources": modules.pop("", [])}
    root["child_modules"] = [
        {"address": address, "resources": held} for address, held in modules.items()
    ]
    return document | {"planned_values": {"root_module": root}}


MODULE = 'module.emr["a"]'


def in_module(tmp_path, resources, configuration, address):
    unknown = {
        each["address"]: UNNAMED if each["type"] == "aws_emr_cluster" else {"name": True}
        for each in resources
    }
    document = in_modules(*resources)
    for change in document["resource_changes"]:
        change["change"]["after_unknown"] = unknown[change["address"]]
    document["configuration"]["root_module"] = configuration
    return verdicts(write(tmp_path, document))[address]


def test_a_module_with_its_own(tmp_path):
    """Each instance of a module has its own security configuration."""
    resources = [
        launched(module='module.emr["a"]', key="[0]"),
        unnamed(ON, module='module.emr["a"]', key="[0]"),
        launched(module='module.emr["b"]', key="[0]"),
        unnamed(OFF, module='module.emr["b"]', key="[0]"),
    ]
    indexed = (
        "aws_emr_security_configuration.this[0].name",
        "aws_emr_security_configuration.this[0]",
        *TO_THIS[1:],
    )
    configuration = called(refers(*indexed), {})
    for name, expected in (("a", GOOD), ("b", BAD)):
        address = f'module.emr["{name}"].{ADDRESS}[0]'
        assert in_module(tmp_path, resources, configuration, address) == expected


def test_a_module_that_is_given_one(tmp_path):
    """A variable leads to the caller, an output into another module."""
    address = f"{MODULE}.{ADDRESS}"
    resources = [launched(module=MODULE), unnamed(OFF), unnamed(ON, module="module.sec")]
    inner = refers("var.attached")
    given = called(inner, {"references": list(TO_THIS)})
    assert in_module(tmp_path, resources, given, address) == BAD
    output = {
        "module": {"outputs": {"name": {"expression": {"references": list(TO_THIS)}}}},
    }
    through = called(inner, {"references": ["module.sec.name", "module.sec"]})
    through["module_calls"]["sec"] = output
    assert in_module(tmp_path, resources, through, address) == GOOD
    each = called(
        inner,
        {"references": ["each.value.attached", "each.value"]},
        {"for_each_expression": {"references": list(TO_THIS)}},
    )
    assert in_module(tmp_path, resources, each, address) == BAD
    both = called(refers("var.attached", "var.attached_otherwise"), {"references": list(TO_THIS)})
    assert in_module(tmp_path, resources, both, address) == BAD
    nowhere = called(inner, {"constant_value": "x"})
    assert in_module(tmp_path, resources, nowhere, address) == UNSURE


SCOPE = ("-p", "overrideScope=instances")


def group(values, name="task"):
    return resource("aws_emr_instance_group", name, values)


def fleet(values):
    configs = [{"instance_type": "m5.xlarge", "configurations": [
        {"classification": "spark-defaults", "properties": WEAK_SPARK["Properties"]}]}]  # fmt: skip
    return resource("aws_emr_instance_fleet", "task", {"instance_type_configs": configs, **values})


def test_groups_and_fleets_of_their_own(tmp_path):
    """They belong to the cluster whose id they refer to; without one, they are judged alone."""
    for other, kind in (
        (group({"configurations_json": WEAK}), "aws_emr_instance_group"),
        (fleet({"name": "spot"}), "aws_emr_instance_fleet"),
    ):
        address = other["address"]
        configuration = {
            "resources": [
                {
                    "type": kind,
                    "name": "task",
                    "expressions": {
                        "cluster_id": {"references": [f"{ADDRESS}.id", ADDRESS]},
                    },
                }
            ]
        }
        document = plan(
            *(cluster(), tls(), other),
            unknown={address: {"cluster_id": True}},
            configuration=configuration,
        )
        path = write(tmp_path, document)
        assert reasons(path, *SCOPE)[ADDRESS] == ["ENCRYPTION_OVERRIDDEN"]
        assert verdicts(path)[ADDRESS] == GOOD
        document["configuration"] = {}
        assert verdicts(write(tmp_path, document), *SCOPE) == {
            ADDRESS: GOOD,
            "aws_emr_security_configuration.this": GOOD,
            address: BAD,
        }


def test_fleets_within_a_cluster(tmp_path):
    """Their configurations are read."""
    configs = fleet({})["values"]["instance_type_configs"]
    values = {"core_instance_fleet": [{"instance_type_configs": configs}],
              "master_instance_fleet": [{"name": "primary"}]}  # fmt: skip
    path = write(tmp_path, plan(cluster(values), tls()))
    assert verdicts(path, *SCOPE)[ADDRESS] == BAD
    assert verdicts(path)[ADDRESS] == GOOD


def test_tags_exempt(tmp_path):
    """As they will after the launch."""
    path = write(tmp_path, plan(cluster({"security_configuration": None}), tls()))
    assert verdicts(path, "-p", "exemptionTagKey=team")[ADDRESS] == "NOT_APPLICABLE"


@pytest.mark.parametrize(("count", "shown"), [(1, False), (3, True), (None, False), ("x", True)])
def test_primary_nodes(tmp_path, count, shown):
    """One primary node has no endpoints of several."""
    values = {"master_instance_group": [{"instance_count": count}]}
    path = write(tmp_path, plan(cluster(values), tls()))
    said = json.dumps(report(path)["verdicts"])
    assert ("HDFS JournalNode RPC" in said) is shown


def test_a_plan_that_was_cut_down(tmp_path):
    """What only resource_changes holds is judged too; what is deleted is not."""
    deleted = tls() | {"address": "aws_emr_security_configuration.old", "name": "old"}
    document = plan(tls(), more=(cluster(), {**deleted, "values": None}))
    assert verdicts(write(tmp_path, document)) == {
        "aws_emr_security_configuration.this": GOOD,
        ADDRESS: GOOD,
    }


def test_states(tmp_path):
    """Both forms of a state hold what is there; a group finds its cluster by id."""
    group_values = {"cluster_id": "j-1", "configurations_json": WEAK}
    resources = [cluster({"id": "j-1"}), tls(), group(group_values)]
    shown = {
        "format_version": "1.0",
        "terraform_version": "1.11.4",
        "values": {"root_module": {"child_modules": [{"resources": resources}]}},
    }
    expected = {ADDRESS: BAD, "aws_emr_security_configuration.this": GOOD}
    assert verdicts(write(tmp_path, shown), *SCOPE) == expected
    held = [
        {
            **{key: each[key] for key in ("mode", "type", "name")},
            "module": "module.emr",
            "instances": [{"index_key": 0, "attributes": each["values"]}],
        }
        for each in resources
    ]
    data = {"mode": "data", "type": "aws_emr_cluster", "name": "x", "instances": []}
    state = {"version": 4, "lineage": "x", "resources": [data, *held]}
    assert verdicts(write(tmp_path, state), *SCOPE) == {
        f"module.emr.{address}[0]": verdict for address, verdict in expected.items()
    }


def test_state_machines(tmp_path):
    """A definition in a plan launches clusters too."""
    definition = {
        "StartAt": "a",
        "States": {
            "a": {
                "Type": "Task",
                "Resource": "arn:aws:states:::elasticmapreduce:createCluster",
                "Parameters": {"Name": "x", "ReleaseLabel": "emr-7.3.0", "Instances": {}},
            }
        },
    }
    machine = resource("aws_sfn_state_machine", "m", {"definition": json.dumps(definition)})
    assert verdicts(write(tmp_path, plan(machine))) == {"aws_sfn_state_machine.m/a": BAD}
    nothing = resource("aws_sfn_state_machine", "m", {"definition": "{}"})
    done = run("check", write(tmp_path, plan(nothing)))
    assert (done.status, "Terraform plan without any EMR in it" in done.out) == (0, True)


def test_data_sources_and_other_resources(tmp_path):
    """They are not what is launched."""
    data = tls() | {"mode": "data", "address": "data.aws_emr_security_configuration.x"}
    other = {"resources": [{"type": "aws_s3_bucket", "name": "b"}]}
    document = plan(launched(), tls(), unknown={ADDRESS: UNNAMED}, configuration=other)
    document["planned_values"]["root_module"]["resources"].append(data)
    assert verdicts(write(tmp_path, document)) == {
        ADDRESS: UNSURE,
        "aws_emr_security_configuration.this": GOOD,
    }
