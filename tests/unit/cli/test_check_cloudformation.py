"""check: CloudFormation templates. One template per construct; what is unknown stands for any value."""

import json

import pytest

from tests.support.command import OFF, ON, WEAK_SPARK, reasons, report, run, verdicts, write

HEAD = """
Resources:
  Tls:
    Type: AWS::EMR::SecurityConfiguration
    Properties:
      SecurityConfiguration: {EncryptionConfiguration: {EnableInTransitEncryption: %s, EnableAtRestEncryption: false,
        InTransitEncryptionConfiguration: {TLSCertificateConfiguration: {CertificateProviderType: PEM, S3Object: %s}}}}
  Cluster:
    Type: AWS::EMR::Cluster
    Properties:
      Name: nightly
      ReleaseLabel: %s
      Applications: [{Name: Spark}]
      SecurityConfiguration: %s
      Instances: {MasterInstanceGroup: {InstanceCount: 1, InstanceType: m5.xlarge}}
"""
S3 = "s3://amzn-s3-demo-bucket/certificates.zip"


def template(switch="true", address=S3, release="emr-7.3.0", attached="!Ref Tls", more=""):
    return HEAD % (switch, address, release, attached) + more


def judged(tmp_path, text, *arguments):
    return verdicts(write(tmp_path, text, "template.yaml"), *arguments)["Cluster"]


GOOD, BAD, UNSURE = "COMPLIANT", "NON_COMPLIANT", "COULD_NOT_TELL"
PARAMETER = "\nParameters:\n  P: {Type: String%s}\n"
CONSTRUCTS = [
    ("nothing unknown", template(), GOOD),
    ("switched off", template("false"), BAD),
    ("a text for a flag", template("'true'"), GOOD),
    ("a parameter's default", template("!Ref P", more=PARAMETER % ", Default: 'true'"), GOOD),
    ("a bad default", template("!Ref P", more=PARAMETER % ", Default: 'false'"), BAD),
    ("a default among allowed values", template(release="!Ref P", more=PARAMETER % ", Default: emr-7.1.0, AllowedValues: [emr-7.1.0, emr-4.1.0]"), GOOD),
    ("allowed values that agree", template(release="!Ref P", more=PARAMETER % ", AllowedValues: [emr-7.1.0, emr-6.5.0]"), GOOD),
    ("allowed values that do not", template(release="!Ref P", more=PARAMETER % ", AllowedValues: [emr-7.1.0, emr-4.1.0]"), UNSURE),
    ("allowed values that all violate", template(release="!Ref P", more=PARAMETER % ", AllowedValues: [emr-4.2.0, emr-4.1.0]"), BAD),
    ("a parameter without any", template("!Ref P", more=PARAMETER % ""), UNSURE),
    ("any release", template(release="!Ref P", more=PARAMETER % ""), UNSURE),
    ("any release, and off", template("false", release="!Ref P", more=PARAMETER % ""), BAD),
    ("a parameter of the store", template("!Ref P", more="\nParameters:\n  P: {Type: 'AWS::SSM::Parameter::Value<String>', Default: 'true'}\n"), UNSURE),
    ("an unknown address", template(address="!Ref P", more=PARAMETER % ""), GOOD),
    ("an unknown bucket", template(address="!Sub 's3://${P}/c.zip'", more=PARAMETER % ""), GOOD),
    ("an unknown host of a wrong scheme", template(address="!Sub 'https://${P}/c.zip'", more=PARAMETER % ""), BAD),
    ("a joined address", template(address="!Join ['', ['s3://', !Ref P, '/c.zip']]", more=PARAMETER % ""), GOOD),
    ("a joined address of known parts", template(address="!Join ['/', ['http:', '', x]]"), BAD),
    ("Join of what is none", template(address="!Join x"), GOOD),
    ("a condition with equal sides", template("!If [C, true, 'true']", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', x]}\n"), GOOD),
    ("a condition with unequal sides", template("!If [C, true, false]", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', x]}\n"), UNSURE),
    ("a condition that is settled", template("!If [C, true, false]", more="\nConditions: {C: !Equals [a, a]}\n"), GOOD),
    ("equal expressions are equal", template("!If [C, true, false]", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', !Ref 'AWS::Region']}\n"), GOOD),
    ("Not, And, Or", template("!If [C, false, true]", more="\nConditions: {A: !Equals [a, a], C: !Or [!Not [!Condition A], !And [{Condition: A}, !Equals [a, b]]]}\n"), GOOD),
    ("a condition and its contrary", template("!If [C, !If [D, false, true], !If [D, true, false]]", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', x], D: !Not [!Condition C]}\n"), GOOD),
    ("a default does not settle a condition", template("!If [C, true, false]", more=PARAMETER % ", Default: a" + "Conditions: {C: !Equals [!Ref P, a]}\n"), UNSURE),
    ("a condition that is not there", template("!If [C, true, false]"), UNSURE),
    ("a condition that is nonsense", template("!If [C, true, false]", more="\nConditions: {C: 1}\n"), UNSURE),
    ("If that is none", template("!If x"), UNSURE),
    ("no value", template(attached="!Ref AWS::NoValue"), BAD),
    ("no value on one side", template(attached="!If [C, !Ref Tls, !Ref 'AWS::NoValue']", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', x]}\n"), UNSURE),
    ("a mapping", template(release="!FindInMap [M, a, b]", more="\nMappings: {M: {a: {b: emr-7.3.0}}}\n"), GOOD),
    ("a mapping by what is unknown", template(release="!FindInMap [M, !Ref 'AWS::Region', b]", more="\nMappings: {M: {eu: {b: emr-7.3.0}, us: {b: emr-6.5.0}}}\n"), GOOD),
    ("a mapping that differs", template(release="!FindInMap [M, !Ref 'AWS::Region', b]", more="\nMappings: {M: {eu: {b: emr-7.3.0}, us: {b: emr-4.1.0}}}\n"), UNSURE),
    ("a mapping that is not there", template(release="!FindInMap [M, a, b]"), UNSURE),
    ("a mapping's default", template(release="!FindInMap [M, a, c, {DefaultValue: emr-7.3.0}]", more="\nMappings: {M: {a: {b: emr-4.1.0}}}\n"), GOOD),
    ("a mapping that is none", template(release="!FindInMap x"), UNSURE),
    ("another stack's value", template(attached="!ImportValue tls"), UNSURE),
    ("a dynamic reference", template("'{{resolve:ssm:/tls}}'"), UNSURE),
    ("a dynamic reference in an address", template(address="'s3://{{resolve:ssm:/bucket}}/c.zip'"), GOOD),
    ("an attribute", template(attached="!GetAtt Other.Name"), UNSURE),
    ("an item", template("!Select [1, [false, true]]"), GOOD),
    ("an item that is not there", template("!Select [2, [false, true]]"), UNSURE),
    ("an item of what is unknown", template("!Select [x, !Ref 'AWS::Region']"), UNSURE),
    ("an item of a split text", template("!Select ['0', !Split [',', 'true,false']]"), GOOD),
    ("a split text that is unknown", template("!Select [0, !Split [',', !Ref 'AWS::Region']]"), UNSURE),
    ("a list of a parameter", template("!Select [0, !Ref P]", more="\nParameters:\n  P: {Type: CommaDelimitedList, Default: 'true, false'}\n"), GOOD),
    ("a macro in its properties", template("{'Fn::Transform': {Name: x}}"), UNSURE),
    ("a function that nobody knows", template("{'Fn::Cidr': x}"), UNSURE),
    ("a variable of Sub's own", template("!Sub ['${x}', {x: 'true'}]"), GOOD),
    ("a literal variable", template(release="!Sub 'emr-7.3.0${!x}'"), GOOD),
    ("a list in Sub", template(address="!Sub 's3://b/${P}'", more="\nParameters:\n  P: {Type: CommaDelimitedList, Default: 'a,b'}\n"), GOOD),
    ("Sub of an attribute", template(address="!Sub 's3://${B.Name}/k'"), GOOD),
    ("Sub of what is none", template("!Sub [1, 2]"), UNSURE),
    ("Ref of what is none", template("{Ref: [x]}"), UNSURE),
    ("a macro that is known", template(more="\nTransform: [AWS::LanguageExtensions, 'AWS::Serverless-2016-10-31']\n"), GOOD),
    ("a date", template(more="\nAWSTemplateFormatVersion: 2010-09-09\n"), GOOD),
    ("a number for a name", template(attached="17"), UNSURE),
    ("a macro beside properties", template(more="      'Fn::Transform': {Name: x}\n"), UNSURE),
    ("tabs", template().replace("      Name: nightly", "      Name:\tnightly"), GOOD),
    ("no EMR release", template(release="''"), UNSURE),
    ("properties that are text", template() .split("    Properties:\n      Name: nightly")[0] + "    Properties: x\n", UNSURE),
    ("properties of a macro", template().split("    Properties:\n      Name: nightly")[0] + "    Properties: {'Fn::Transform': x}\n", UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in CONSTRUCTS], ids=[row[0] for row in CONSTRUCTS]
)
def test_constructs(tmp_path, text, expected):
    """A verdict holds where every possibility gives the same, else it could not be told."""
    assert judged(tmp_path, text) == expected


def test_what_it_depends_on_is_said(tmp_path):
    """By name, and with the reason that is possible."""
    path = write(tmp_path, template("!Ref P", more=PARAMETER % ""), "t.yaml")
    found = {each["address"]: each["summary"] for each in report(path)["verdicts"]}
    assert found["Cluster"] == ("It depends on parameter P: IN_TRANSIT_ENCRYPTION_OFF is possible.")


def test_what_was_assumed_is_said(tmp_path):
    """A default is a remark of what counts it, and of nothing else."""
    text = template(release="!Ref P", more=PARAMETER % ", Default: emr-7.3.0")
    found = {
        each["address"]: each["remarks"]
        for each in report(write(tmp_path, text, "t.yaml"))["verdicts"]
    }
    assert found == {"Cluster": ["parameter P has its default"], "Tls": []}


def test_parameters_that_are_given(tmp_path):
    """They win over the default, and settle conditions."""
    path = write(tmp_path, template("!If [C, true, false]", more=PARAMETER % ", Default: a" + "Conditions: {C: !Equals [!Ref P, a]}\n"), "t.yaml")  # fmt: skip
    assert verdicts(path, "-t", "P=a")["Cluster"] == GOOD
    assert verdicts(path, "-t", "P=b")["Cluster"] == BAD
    done = run("check", path, "-t", "P")
    assert (done.status, done.err) == (
        2,
        "emr-in-transit: --template-parameter 'P' is not NAME=VALUE\n",
    )


BODY = json.dumps(ON)
BODIES = [
    ("text", json.dumps(BODY), GOOD),
    ("text of something off", json.dumps(json.dumps(OFF)), BAD),
    ("text in Sub", "!Sub " + json.dumps(BODY.replace("amzn-s3-demo-bucket", "${AWS::AccountId}")), GOOD),
    ("an unknown flag in Sub", "!Sub " + json.dumps(BODY.replace("true", "${P}")), UNSURE),
    ("an unknown flag in quotes in Sub", "!Sub " + json.dumps(BODY.replace("true", '"${P}"')), UNSURE),
    ("an unknown member in Sub", "!Sub " + json.dumps(BODY.replace("EnableIn", "${P}")), UNSURE),
    ("a list in Sub", "!Sub " + json.dumps(BODY[:-1] + ', "x": ["${P}"]}'), GOOD),
    ("a character of the private use area in Sub", "!Sub " + json.dumps(BODY[:-1] + ', "\ue000": "${P}"}', ensure_ascii=False), UNSURE),
    ("no JSON in Sub", "!Sub '{${P}'", UNSURE),
    ("wholly unknown", "!Ref P", UNSURE),
    ("a number", "1", UNSURE),
    ("ToJsonString", "!ToJsonString " + BODY, GOOD),
    ("ToJsonString of what is unknown", "!ToJsonString " + BODY.replace("amzn-s3-demo-bucket/", "x/").replace('"s3://x/certificates.zip"', '{"Ref": "P"}'), GOOD),
    ("ToJsonString of an unknown flag", "!ToJsonString " + BODY.replace("true", '{"Ref": "P"}'), UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "expected"), [row[1:] for row in BODIES], ids=[row[0] for row in BODIES]
)
def test_bodies(tmp_path, body, expected):
    """A body as an object, as text and as text inside Fn::Sub; by itself, and on a cluster."""
    text = (
        "Parameters: {P: {Type: String}}\nResources:\n  Tls:\n    Type: AWS::EMR::SecurityConfiguration\n"
        f"    Properties:\n      SecurityConfiguration: {body}\n"
        "  Cluster:\n    Type: AWS::EMR::Cluster\n"
        "    Properties: {ReleaseLabel: emr-7.3.0, SecurityConfiguration: !Ref Tls, Instances: {}}\n"
    )
    found = verdicts(write(tmp_path, text, "t.yaml"))
    assert found == {"Tls": expected, "Cluster": expected}


def test_no_body(tmp_path):
    """A security configuration without one is said to have none."""
    text = "Resources: {Tls: {Type: 'AWS::EMR::SecurityConfiguration', Properties: {Name: x}}}"
    [verdict] = report(write(tmp_path, text, "t.yaml"))["verdicts"]
    assert verdict["summary"] == "It has no SecurityConfiguration."


@pytest.mark.parametrize(
    ("name", "attached", "expected"),
    [
        ("tls", "tls", GOOD),
        ("!Sub '${AWS::StackName}-on'", "!Sub '${AWS::StackName}-on'", GOOD),
        ("!Sub '${AWS::StackName}-on'", "!Sub '${AWS::StackName}-off'", UNSURE),
        ("tls", "other", UNSURE),
    ],
)
def test_a_security_configuration_by_its_name(tmp_path, name, attached, expected):
    """The same name, or the same expression, is the same security configuration."""
    text = template(attached=attached).replace(
        "    Properties:\n      SecurityConfiguration", f"    Properties:\n      Name: {name}\n      SecurityConfiguration", 1
    )  # fmt: skip
    assert judged(tmp_path, text) == expected


def test_approved_names(tmp_path):
    """Whether a name that nobody knows is approved could not be told."""
    path = write(tmp_path, template(), "t.yaml")
    rule = ("-p", "approvedSecurityConfigurations=prod-*")
    assert verdicts(path, *rule)["Cluster"] == UNSURE
    named = template(attached="prod-1").replace("    Properties:\n      Sec", "    Properties:\n      Name: prod-1\n      Sec", 1)  # fmt: skip
    assert verdicts(write(tmp_path, named, "n.yaml"), *rule)["Cluster"] == GOOD


def configured(value, more=""):
    return template(more=f"      Configurations: {value}\n{more}")


WEAK = "[{Classification: spark-defaults, ConfigurationProperties: {spark.network.crypto.enabled: %s}}]"
PROPERTIES = [
    ("weak", configured(WEAK % "'false'"), BAD),
    ("weak without quotes", configured(WEAK % "false"), BAD),
    ("secure", configured(WEAK % "'true'"), GOOD),
    ("unknown", configured(WEAK % "!Ref AWS::Region"), UNSURE),
    ("unknown, of no row", configured("[{Classification: spark-defaults, ConfigurationProperties: {spark.x: !Ref AWS::Region}}]"), GOOD),
    ("an unknown classification", configured("[{Classification: !Ref AWS::Region, ConfigurationProperties: {a: b}}]"), UNSURE),
    ("unknown properties", configured("[{Classification: spark-defaults, ConfigurationProperties: !ImportValue x}]"), UNSURE),
    ("unknown properties of no row", configured("[{Classification: other, ConfigurationProperties: !ImportValue x}]"), GOOD),
    ("all unknown", configured("!ImportValue x"), UNSURE),
    ("one unknown", configured("[!ImportValue x]"), UNSURE),
    ("nested", configured("[{Classification: x, Configurations: " + WEAK % "'false'" + "}]"), BAD),
    ("an unknown host", configured("[{Classification: core-site, ConfigurationProperties: {fs.s3a.endpoint: !Sub 'https://${AWS::Region}.example.com'}}]"), GOOD),
    ("an unknown host over http", configured("[{Classification: core-site, ConfigurationProperties: {fs.s3a.endpoint: !Sub 'http://${AWS::Region}.example.com'}}]"), BAD),
    ("an unknown address", configured("[{Classification: core-site, ConfigurationProperties: {fs.s3a.endpoint: !Ref AWS::Region}}]"), UNSURE),
    ("a value that EMR has none of", configured("[{Classification: core-site, ConfigurationProperties: {fs.s3a.endpoint: [1]}}]"), GOOD),
    ("properties that are text", configured("[{Classification: core-site, ConfigurationProperties: x}]"), GOOD),
    ("EMR's word for properties", configured("[{Classification: core-site, Properties: {}}]"), UNSURE),
    ("a small letter", configured("[{classification: core-site}]"), UNSURE),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "expected"), [row[1:] for row in PROPERTIES], ids=[row[0] for row in PROPERTIES]
)
def test_properties(tmp_path, text, expected):
    """CloudFormation's own words are read, others are refused as it refuses them."""
    assert judged(tmp_path, text) == expected


APPLICATIONS = [
    ("!ImportValue x", UNSURE),
    ("[{Name: !Ref AWS::Region}]", UNSURE),
    ("[{Name: Presto}]", GOOD),
    ("[{Name: Spark}, {Name: !Ref AWS::Region}]", BAD),
]


@pytest.mark.parametrize(("applications", "expected"), APPLICATIONS)
def test_unknown_applications(tmp_path, applications, expected):
    """A property counts where its application is, so where that is unknown, so is the verdict."""
    text = configured(WEAK % "'false'").replace("[{Name: Spark}]", applications)
    assert judged(tmp_path, text) == expected


KERBEROS = [
    ("{Realm: EC2.INTERNAL}", GOOD),
    ("{Realm: !Ref AWS::Region}", GOOD),
    ("!Ref AWS::NoValue", BAD),
    ("!ImportValue x", UNSURE),
    ("1", BAD),
]


@pytest.mark.parametrize(("attributes", "expected"), KERBEROS)
def test_kerberos(tmp_path, attributes, expected):
    """A property that matters without Kerberos alone shows whether the attributes are read."""
    body = '{"AuthenticationConfiguration": {"KerberosConfiguration": {}}, ' + BODY[1:].replace("false", "true").replace('"InTransit', '"AtRestEncryptionConfiguration": {"LocalDiskEncryptionConfiguration": {}}, "InTransit')  # fmt: skip
    text = (
        "Resources:\n  Tls:\n    Type: AWS::EMR::SecurityConfiguration\n"
        f"    Properties:\n      SecurityConfiguration: {body}\n"
        "  Cluster:\n    Type: AWS::EMR::Cluster\n    Properties: {ReleaseLabel: emr-7.14.0, "
        f"SecurityConfiguration: !Ref Tls, KerberosAttributes: {attributes}}}\n"
    )
    assert judged(tmp_path, text, "-p", "coverage=complete") == expected


TAGS = [
    ("[{Key: exempt, Value: sandbox}]", "NOT_APPLICABLE"),
    ("[{Key: exempt, Value: !Ref AWS::Region}]", UNSURE),
    ("[{Key: !Ref AWS::Region, Value: x}]", UNSURE),
    ("[!Ref AWS::Region]", UNSURE),
    ("!ImportValue x", UNSURE),
    ("[{Key: other, Value: !Ref AWS::Region}]", BAD),
    ("x", UNSURE),
    ("[x]", UNSURE),
]


@pytest.mark.parametrize(("tags", "expected"), TAGS)
def test_exemptions(tmp_path, tags, expected):
    """A tag that exempts counts before the launch; where it is unknown, so is the verdict."""
    text = template("false", more=f"      Tags: {tags}\n")
    assert judged(tmp_path, text, "-p", "exemptionTagKey=exempt") == expected
    assert judged(tmp_path, text) == BAD


GROUP = """
  Task:
    Type: AWS::EMR::InstanceGroupConfig
    Properties: {JobFlowId: %s, Name: task, Configurations: %s}
  Fleet:
    Type: AWS::EMR::InstanceFleetConfig
    Properties: {ClusterId: %s, InstanceTypeConfigs: [{InstanceType: m5.xlarge, Configurations: %s}]}
"""
SCOPE = ("-p", "overrideScope=instances")


def test_groups_and_fleets_of_their_own(tmp_path):
    """They belong to the cluster that they name."""
    weak = WEAK % "'false'"
    for first, second in ((weak, "[]"), ("[]", weak)):
        text = template(more=GROUP % ("!Ref Cluster", first, "!Ref Cluster", second))
        assert judged(tmp_path, text, *SCOPE) == BAD
        assert judged(tmp_path, text) == GOOD


def test_groups_of_a_cluster_elsewhere(tmp_path):
    """They are judged where their properties would do something."""
    text = template(more=GROUP % ("!Ref P", WEAK % "'false'", "j-1", "[]"))
    found = verdicts(write(tmp_path, text, "t.yaml"), *SCOPE)
    assert found == {"Tls": GOOD, "Cluster": GOOD, "Task": BAD, "Fleet": GOOD}


def test_groups_and_fleets_within_a_cluster(tmp_path):
    """Each place that CloudFormation has for them is read."""
    weak = WEAK % "'false'"
    for instances in (
        f"{{CoreInstanceGroup: {{Configurations: {weak}}}}}",
        f"{{TaskInstanceGroups: [{{Configurations: {weak}}}]}}",
        f"{{CoreInstanceFleet: {{InstanceTypeConfigs: [{{Configurations: {weak}}}]}}}}",
    ):
        text = template().replace(
            "{MasterInstanceGroup: {InstanceCount: 1, InstanceType: m5.xlarge}}", instances
        )
        assert judged(tmp_path, text, *SCOPE) == BAD


def test_a_condition_of_the_resource_holds_within_it(tmp_path):
    """A cluster that is only there under a condition is judged under it."""
    text = template("!If [C, true, false]", more="\nConditions: {C: !Equals [!Ref 'AWS::Region', x]}\n")  # fmt: skip
    conditional = text.replace("  Tls:\n", "  Tls:\n    Condition: C\n").replace("  Cluster:\n", "  Cluster:\n    Condition: C\n")  # fmt: skip
    assert judged(tmp_path, conditional) == GOOD


def loop(collection):
    return f"""
Transform: AWS::LanguageExtensions
Resources:
  Tls: {{Type: AWS::EMR::SecurityConfiguration, Properties: {{SecurityConfiguration: {BODY}}}}}
  Fn::ForEach::Clusters:
    - Line
    - {collection}
    - Cluster${{Line}}:
        Type: AWS::EMR::Cluster
        Properties:
          Name: !Sub 'c-${{Line}}'
          ReleaseLabel: !Ref Line
          SecurityConfiguration: !Ref Tls
          Applications: [{{Name: Spark}}]
          Instances: {{MasterInstanceGroup: {{InstanceCount: 1}}, TerminationProtected: true}}
  Odd: x
Parameters: {{P: {{Type: CommaDelimitedList}}}}
"""


def test_loops(tmp_path):
    """Each turn of Fn::ForEach is a resource."""
    found = verdicts(write(tmp_path, loop("[emr-7.3.0, emr-4.1.0]"), "t.yaml"))
    assert found == {"Tls": GOOD, "Clusteremr-7.3.0": GOOD, "Clusteremr-4.1.0": BAD}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (loop("!Ref P"), "goes through a list that is not known"),
        (loop("[a]").replace("    - Line\n", "    - [Line]\n"), "is no Fn::ForEach that could be"),
        (template(more="\nTransform: MyMacro\n"), 'the macro "MyMacro" can change all'),
        (template(more="\nTransform: {Name: AWS::Include}\n"), 'the macro "AWS::Include" can'),
        ("Resources: {'Fn::Transform': {Name: x}}", "Fn::Transform can add any resource"),
    ],
)
def test_what_leaves_the_whole_template_unknown(tmp_path, text, said):
    """It is said by name, and nothing in the template is told."""
    [verdict] = report(write(tmp_path, text, "t.yaml"))["verdicts"]
    assert (verdict["address"], verdict["compliance"]) == ("the whole template", UNSURE)
    assert said.lower() in verdict["summary"].lower()


def test_json_aliases_and_merges(tmp_path):
    """The same template in JSON, and with YAML's anchors."""
    as_json = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Tls": {
                "Type": "AWS::EMR::SecurityConfiguration",
                "Properties": {"SecurityConfiguration": ON},
            },
            "Cluster": {
                "Type": "AWS::EMR::Cluster",
                "Properties": {
                    "ReleaseLabel": "emr-7.3.0",
                    "SecurityConfiguration": {"Ref": "Tls"},
                    "Configurations": [
                        {
                            "Classification": WEAK_SPARK["Classification"],
                            "ConfigurationProperties": WEAK_SPARK["Properties"],
                        }
                    ],
                },
            },
        },
    }
    assert verdicts(write(tmp_path, as_json)) == {"Tls": GOOD, "Cluster": GOOD}
    as_json["Resources"]["Cluster"]["Properties"]["Applications"] = [{"Name": "Spark"}]
    assert verdicts(write(tmp_path, as_json))["Cluster"] == BAD
    merged = template(more="  Other:\n    <<: *cluster\n").replace("  Cluster:\n", "  Cluster: &cluster\n")  # fmt: skip
    assert verdicts(write(tmp_path, merged, "t.yaml"))["Other"] == GOOD


MACHINE = """
Resources:
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      %s
"""
DEFINITION = {
    "StartAt": "Launch",
    "States": {
        "Launch": {
            "Type": "Task",
            "Resource": "arn:aws:states:::elasticmapreduce:createCluster.sync",
            "Parameters": {"Name": "x", "ReleaseLabel": "emr-7.3.0", "Instances": {}},
            "End": True,
        }
    },
}
MACHINES = [
    ("text", "DefinitionString: " + json.dumps(json.dumps(DEFINITION))),
    ("an object", "Definition: " + json.dumps(DEFINITION)),
    ("text in Sub", "DefinitionString: !Sub " + json.dumps(json.dumps(DEFINITION).replace("arn:aws:", "arn:${AWS::Partition}:"))),
]  # fmt: skip


@pytest.mark.parametrize("member", [row[1] for row in MACHINES], ids=[row[0] for row in MACHINES])
def test_state_machines_in_a_template(tmp_path, member):
    """A machine that launches a cluster is a launch, also as literal text."""
    found = reasons(write(tmp_path, MACHINE % member, "t.yaml"))
    assert found == {"Machine/Launch": ["NO_SECURITY_CONFIGURATION"]}


def test_templates_without_any_emr(tmp_path):
    """They are fine, and it is said."""
    for more in ("", "  Machine: {Type: AWS::StepFunctions::StateMachine, Properties: x}\n"):
        text = "Resources:\n  Bucket: {Type: 'AWS::S3::Bucket'}\n  Odd: x\n" + more
        done = run("check", write(tmp_path, text, "t.yaml"))
        assert done.status == 0
        assert "CloudFormation template without any EMR in it" in done.out


def test_more_unknown_than_can_be_tried(tmp_path):
    """It ends, and says so."""
    names = ("hbase.ssl.enabled", "hbase.rest.ssl.enabled", "hbase.thrift.ssl.enabled")
    listed = ", ".join(
        f"{{Classification: c, Configurations: [{{Classification: hbase-site, ConfigurationProperties: {{{name}: !ImportValue x{index}{name}}}}}]}}"
        for name in names
        for index in range(5)
    )
    path = write(tmp_path, configured(f"[{listed}]"), "t.yaml")
    found = {each["address"]: each["summary"] for each in report(path)["verdicts"]}
    assert found["Cluster"] == "Too much of it is unknown to try every possibility."


def test_a_security_configuration_beside_one_that_cannot_be_read(tmp_path):
    """It is found by its name all the same."""
    text = template(attached="tls").replace("    Properties:\n      Sec", "    Properties:\n      Name: tls\n      Sec", 1)  # fmt: skip
    broken = "  Broken: {Type: AWS::EMR::SecurityConfiguration, Properties: {Name: x}}\n"
    found = verdicts(write(tmp_path, text + broken, "t.yaml"))
    assert found == {"Tls": GOOD, "Cluster": GOOD, "Broken": UNSURE}


def test_a_machine_whose_definition_is_no_json(tmp_path):
    """It launches nothing that could be seen."""
    done = run("check", write(tmp_path, MACHINE % "DefinitionString: '{'", "t.yaml"))
    assert (done.status, "without any EMR" in done.out) == (0, True)
