"""Overrides and coverage, from RunJobFlow to what AWS Config records and people read."""

import pytest

from tests.end_to_end.depth import (
    METASTORE,
    alerts,
    alive,
    configuration,
    group,
    override,
    sweep,
    verdict,
)

pytestmark = pytest.mark.usefixtures("scanned_too")
HIVE = ("Hive",)


@pytest.fixture
def deploy(account):
    """Deploys, or updates, the stack with these parameters."""

    def deploy_with(**parameters):
        account.outputs = account.deploy(**parameters)
        account.simulator.settle()
        # A warm one knows the old parameters.
        account.simulator.cool_functions(account.outputs["LaunchCheckFunctionArn"])
        return account

    return deploy_with


def test_an_override_violates_at_every_depth_and_says_what_it_exposes(deploy):
    """One property in Configurations undoes encryption: the alert and AWS Config name it."""
    account = deploy()
    secure = configuration(account)
    flat = account.launch("flat", secure, applications=HIVE, Configurations=override())
    account.simulator.settle()  # or the sweep that its alert asks for may find the other one first
    outer = {
        "Classification": "hive",
        "Properties": {},
        "Configurations": override(value=" False "),
    }
    nested = account.launch("nested", secure, applications=HIVE, Configurations=[outer])
    sweep(account)

    for cluster, value in ((flat, "false"), (nested, "False")):
        compliance, annotation = verdict(account, cluster)
        assert compliance == "NON_COMPLIANT"
        assert annotation.startswith(
            f'ENCRYPTION_OVERRIDDEN: {METASTORE} is "{value}" (secure: true); '
            "it exposes Hive metastore."
        )
        (alert,) = alerts(account, cluster)
        assert alert["detectedBy"] == "LAUNCH_CHECK"
        assert (alert["findings"][0]["reason"], alert["findings"][0]["subject"]) == (
            "ENCRYPTION_OVERRIDDEN",
            METASTORE,
        )


def test_an_override_that_does_nothing_is_no_violation(deploy):
    """Neither where the application is missing, nor where the release does not know it."""
    account = deploy()
    secure = configuration(account)
    harmless = [
        account.launch("no Hive", secure, applications=("Spark",), Configurations=override()),
        account.launch(
            *("too old", secure),
            applications=HIVE,
            Configurations=override(),
            ReleaseLabel="emr-7.2.0",
        ),
        account.launch(
            "secure value", secure, applications=HIVE, Configurations=override(value="TRUE")
        ),
    ]
    weak = account.launch("weak", secure, applications=HIVE, Configurations=override())
    sweep(account)

    assert [verdict(account, each)[0] for each in harmless] == ["COMPLIANT"] * 3
    assert verdict(account, weak)[0] == "NON_COMPLIANT"


def test_an_accepted_override_is_excused_and_no_other(deploy):
    """What acceptedOverrides names is no violation; its neighbour still is."""
    account = deploy(AcceptedOverrides=METASTORE)
    secure = configuration(account)
    both = override() + override("hive-site/hive.server2.use.SSL")
    excused = account.launch("excused", secure, applications=HIVE, Configurations=override())
    rest = account.launch("rest", secure, applications=HIVE, Configurations=both)
    sweep(account)

    assert verdict(account, excused)[0] == "COMPLIANT"
    assert alerts(account, excused) == []
    compliance, annotation = verdict(account, rest)
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith("ENCRYPTION_OVERRIDDEN: hive-site/hive.server2.use.SSL is ")
    assert METASTORE not in annotation


def test_instance_groups_count_with_override_scope_instances_also_once_the_cluster_runs(deploy):
    """A reconfiguration of a running cluster shows at the next sweep, and so does taking it back."""
    account = deploy()
    groups = [group("MASTER"), group("CORE", Configurations=override())]
    made = {"applications": HIVE, "Instances": alive(InstanceGroups=groups)}
    overridden = account.launch("from the start", configuration(account), **made)
    made["Instances"] = alive(InstanceGroups=[group("MASTER"), group("CORE")])
    changed = account.launch("later", "secure", **made)
    sweep(account)
    assert {verdict(account, each)[0] for each in (overridden, changed)} == {"COMPLIANT"}

    deploy(OverrideScope="instances")
    sweep(account)
    compliance, annotation = verdict(account, overridden)
    assert compliance == "NON_COMPLIANT"
    assert f'{METASTORE} is "false" in "core"' in annotation
    assert verdict(account, changed)[0] == "COMPLIANT"

    reconfigure(account, changed, override())
    account.simulator.clear_journal()
    sweep(account)
    assert verdict(account, changed)[0] == "NON_COMPLIANT"
    assert [each["detectedBy"] for each in alerts(account, changed)] == ["SWEEP"]
    calls = [each["operation"] for each in account.simulator.journal("emr")]
    assert sorted(calls) == ["ListClusters", "ListInstanceGroups", "ListInstanceGroups"]

    reconfigure(account, changed, [])
    sweep(account)
    assert verdict(account, changed)[0] == "COMPLIANT"
    assert [each["kind"] for each in alerts(account, changed)] == ["violation", "resolved"]


def reconfigure(account, cluster_id, configurations):
    """Give the core group of a running cluster other configurations."""
    groups = account.emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    core = next(each["Id"] for each in groups if each["InstanceGroupType"] == "CORE")
    change = {"InstanceGroupId": core, "Configurations": configurations}
    account.emr.modify_instance_groups(ClusterId=cluster_id, InstanceGroups=[change])


def test_instance_fleets_count_with_override_scope_instances(deploy):
    """Fleets are read where a cluster has them, by the launch check as well."""
    account = deploy(OverrideScope="instances")
    types = [{"InstanceType": "m5.xlarge", "Configurations": override()}]
    fleet = {"Name": "workers", "TargetOnDemandCapacity": 2}
    master = {"InstanceFleetType": "MASTER", "TargetOnDemandCapacity": 1}
    plain = {"InstanceTypeConfigs": [{"InstanceType": "m5.xlarge"}]}
    ids = [
        account.launch(
            *("fleets", configuration(account, name)),
            applications=HIVE,
            Instances=alive(
                InstanceFleets=[
                    master | plain,
                    fleet | {"InstanceFleetType": "CORE", "InstanceTypeConfigs": core},
                ]
            ),
        )
        for name, core in (("first", types), ("second", plain["InstanceTypeConfigs"]))
    ]
    account.simulator.settle()
    assert [len(alerts(account, each)) for each in ids] == [1, 0]
    sweep(account)

    assert [verdict(account, each)[0] for each in ids] == ["NON_COMPLIANT", "COMPLIANT"]
    assert f'{METASTORE} is "false" in "workers"' in verdict(account, ids[0])[1]


def test_complete_coverage_turns_the_warning_into_a_violation(deploy):
    """What another release or set-up would protect is a warning; with complete, it violates."""
    account = deploy()
    kerberos = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "not-a-secret"}
    plain = account.launch("plain", configuration(account))
    whole = account.launch(
        *("whole", configuration(account, "whole", complete=True)), KerberosAttributes=kerberos
    )
    sweep(account)
    compliance, annotation = verdict(account, plain)
    assert compliance == "COMPLIANT"
    assert "TRAFFIC_NOT_COVERED: In clear text: " in annotation
    assert "without Kerberos" in annotation
    # What no setting can protect is not for annotations.
    met = ("COMPLIANT", 'Security configuration "whole", PEM certificates.')
    assert verdict(account, whole) == met

    deploy(Coverage="complete")
    sweep(account)
    compliance, annotation = verdict(account, plain)
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith("TRAFFIC_NOT_COVERED: In clear text: ")
    (alert,) = alerts(account, plain)
    assert alert["kind"] == "violation"
    protectable, lost = alert["findings"]
    assert "with Kerberos: YARN ResourceManager RPC" in protectable["remedy"]
    # What no setting can protect stays a warning, which the alert has.
    assert lost["severity"] == "WARNING"
    assert "no setting can help: HDFS ZKFC" in lost["detail"]
    assert verdict(account, whole) == met


def test_what_only_weakens_warns_and_violates_with_complete_coverage(deploy):
    """Verification of names that is switched off is a warning that AWS Config shows."""
    account = deploy()
    lax = override("core-site/hadoop.ssl.hostname.verifier", "ALLOW_ALL")
    kerberos = {"Realm": "EC2.INTERNAL", "KdcAdminPassword": "not-a-secret"}
    cluster = account.launch(
        *("lax", configuration(account, complete=True)),
        Configurations=lax,
        KerberosAttributes=kerberos,
    )
    sweep(account)
    weakened = 'ENCRYPTION_WEAKENED: core-site/hadoop.ssl.hostname.verifier is "ALLOW_ALL" '
    compliance, annotation = verdict(account, cluster)
    assert compliance == "COMPLIANT"
    assert f"PEM certificates. {weakened}(secure: DEFAULT); it weakens " in annotation
    assert alerts(account, cluster) == []

    deploy(Coverage="complete")
    sweep(account)
    compliance, annotation = verdict(account, cluster)
    assert compliance == "NON_COMPLIANT"
    assert annotation.startswith(weakened)
    (alert,) = alerts(account, cluster)
    assert alert["findings"][0]["remedy"].startswith(
        'core-site/hadoop.ssl.hostname.verifier is "ALLOW_ALL"; remove it, or set it to DEFAULT, '
        "in the Configurations of RunJobFlow; running clusters must be replaced."
    )


def test_s3_over_http_violates_by_whatever_name_it_is_asked_for(deploy):
    """Hadoop's own file, EMRFS's, one bucket, and what Spark passes on."""
    account = deploy()
    secure = configuration(account)
    keys = {
        "core-site/fs.s3n.ssl.enabled": "false",
        "emrfs-site/fs.s3n.ssl.enabled": "false",
        "core-site/fs.s3a.connection.ssl.enabled": "false",
        "core-site/fs.s3a.bucket.logs.endpoint": "http://s3.eu-west-1.amazonaws.com",
        "spark-defaults/spark.hadoop.fs.s3a.connection.ssl.enabled": "false",
    }
    clusters = {
        key: account.launch(
            key, secure, applications=("Spark",), Configurations=override(key, value)
        )
        for key, value in keys.items()
    }
    sweep(account)

    for key, cluster in clusters.items():
        compliance, annotation = verdict(account, cluster)
        assert compliance == "NON_COMPLIANT"
        assert annotation.startswith(f'ENCRYPTION_OVERRIDDEN: {key} is "{keys[key]}" (secure: ')
