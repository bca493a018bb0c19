"""fix: what it prints passes check, for every combination."""

import itertools
import json

import hcl2
import pytest

from emr_in_transit_cli.fixing import FORMS, PROVIDERS
from tests.support.command import OFF, ON, run, verdicts, write
from tests.support.facts import DOCUMENTS

KEPT = {
    "AuthenticationConfiguration": {
        "KerberosConfiguration": {
            "Provider": "ClusterDedicatedKdc",
            "ClusterDedicatedKdcConfiguration": {"TicketLifetimeInHours": 24},
        }
    },
    "AuthorizationConfiguration": {"EmrFsConfiguration": {"RoleMappings": [{"Role": "${x}", "Identifiers": ["a", "%{b}"], "Odd key": None}]}},
    "InstanceMetadataServiceConfiguration": {},
}  # fmt: skip
AT_REST = {
    "EnableAtRestEncryption": True,
    "AtRestEncryptionConfiguration": {
        "LocalDiskEncryptionConfiguration": {"EncryptionKeyProviderType": "AwsKms"}
    },
}
LIKES = {
    "nothing": None,
    "off": OFF,
    "everything else": {**KEPT, "EncryptionConfiguration": AT_REST},
    "another level": {"EnableInTransitEncryption": True},
    "PEM": ON,
    "odd": {"EncryptionConfiguration": 1},
    "without certificates": {"EncryptionConfiguration": {"EnableInTransitEncryption": True, "InTransitEncryptionConfiguration": None}},
}  # fmt: skip


def plan_of(text):
    """Return the plan that Terraform would make of a printed resource."""
    [resource] = hcl2.loads(text)["resource"]
    [(kind, named)] = resource.items()
    [(label, values)] = named.items()
    call = values["configuration"].removeprefix("${jsonencode(").removesuffix(")}")
    body = plain(hcl2.loads(f"body = {call}\n")["body"])
    values = {"name": json.loads(values["name"]), "configuration": json.dumps(body)}
    kind, label = kind.strip('"'), label.strip('"')
    address = f"{kind}.{label}"
    shown = {"address": address, "type": kind, "name": label, "values": values}
    return {"format_version": "1.2", "planned_values": {"root_module": {"resources": [shown]}}}


def plain(value):
    """Return a value of python-hcl2, whose texts are in quotes, as Terraform takes it."""
    if isinstance(value, dict):
        return {unquoted(key): plain(each) for key, each in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return unquoted(value) if isinstance(value, str) else value


def unquoted(text):
    if not text.startswith('"'):
        return {"null": None}.get(text, text)
    return json.loads(text).replace("$${", "${").replace("%%{", "%{")


def printed(tmp_path, form, provider, like, *more):
    arguments = ["--format", form, "--certificates", provider, *more]
    if like is not None:
        arguments += ["--like", write(tmp_path, like, "like.json")]
    done = run("fix", *arguments)
    assert done.status == 0, done.err
    return done


COMBINATIONS = list(itertools.product(FORMS, PROVIDERS, LIKES))


@pytest.mark.parametrize(("form", "provider", "like"), COMBINATIONS)
def test_what_it_prints_passes_check(tmp_path, form, provider, like):
    """In every format, with every kind of certificates, from nothing or like another."""
    out = printed(tmp_path, form, provider, LIKES[like]).out
    document = plan_of(out) if form == "terraform" else out
    found = verdicts(write(tmp_path, document, "fixed"))
    assert list(found.values()) == ["COMPLIANT"]


@pytest.mark.parametrize(("form", "provider"), list(itertools.product(FORMS, PROVIDERS)))
def test_all_else_is_kept(tmp_path, form, provider):
    """Encryption at rest, Kerberos and authorization stay as they are, to the letter."""
    out = printed(tmp_path, form, provider, LIKES["everything else"]).out
    if form == "json":
        body = json.loads(out)
    elif form == "terraform":
        [resource] = plan_of(out)["planned_values"]["root_module"]["resources"]
        body = json.loads(resource["values"]["configuration"])
    else:
        again = run("fix", "--certificates", provider, "--like", write(tmp_path, out, "f.yaml"))
        body = json.loads(again.out)
    assert {key: body[key] for key in KEPT} == KEPT
    assert {key: body["EncryptionConfiguration"][key] for key in AT_REST} == AT_REST


def test_what_was_there_for_the_same_certificates_stays(tmp_path):
    """Its own address, not the placeholder; what is given wins."""
    block = ON["EncryptionConfiguration"]["InTransitEncryptionConfiguration"]
    done = printed(tmp_path, "json", "PEM", ON)
    assert json.loads(done.out)["EncryptionConfiguration"]["InTransitEncryptionConfiguration"] == block  # fmt: skip
    done = printed(tmp_path, "json", "PEM", ON, "--s3-object", "s3://own/certs.zip")
    assert "s3://own/certs.zip" in done.out
    assert done.err == ""


def test_placeholders_are_named():
    """Whoever pastes them has to know."""
    done = run("fix", "--certificates", "Custom")
    assert done.err.splitlines() == [
        "emr-in-transit: put your own in place of s3://amzn-s3-demo-bucket/provider.jar",
        "emr-in-transit: put your own in place of com.example.CertificateProvider",
    ]
    assert run("fix", "--certificates", "EMR").err == ""


@pytest.mark.parametrize(
    ("name", "label", "logical"),
    [("prod-tls", "prod-tls", "ProdTls"), ("1 x", "_1_x", "1X"), ("é", "_", "SecurityConfiguration")],
)  # fmt: skip
def test_names(name, label, logical):
    """Each language takes other names for its own; the name itself stays."""
    assert f'"aws_emr_security_configuration" "{label}"' in run("fix", "-f", "terraform", "--name", name).out  # fmt: skip
    assert f"  {logical}:\n" in run("fix", "-f", "cloudformation", "--name", name).out


def test_like_a_described_answer():
    """Such as aws emr describe-security-configuration prints it."""
    path = DOCUMENTS / "security_configurations" / "kerberos-only.json"
    body = json.loads(run("fix", "--like", path).out)
    assert "KerberosConfiguration" in body["AuthenticationConfiguration"]


UNKNOWN = "Resources: {T: {Type: 'AWS::EMR::SecurityConfiguration', Properties: {SecurityConfiguration: %s}}}"  # fmt: skip
WRONG = [
    ("a file that is not there", ("--like", "none.json"), None, "--like none.json cannot be read"),
    ("none in it", (), {"Name": "x", "ReleaseLabel": "emr-7.3.0", "Instances": {}}, "holds no security configurations, not one"),
    ("a text that is no JSON", (), {"Name": "x", "SecurityConfiguration": "{"}, "holds a body that is no JSON object"),
    ("a list", (), {"Name": "x", "SecurityConfiguration": "[]"}, "holds a body that is no JSON object"),
    ("an unknown body", (), UNKNOWN % "!ImportValue x", "or is not wholly known"),
    ("no body", (), "Resources: {T: {Type: 'AWS::EMR::SecurityConfiguration'}}", "it has no SecurityConfiguration"),
    ("certificates that are not allowed", ("-p", "allowedCertificateProviders=EMR"), ON, "it would not comply: The provider is PEM; allowed: EMR."),
    ("an address that is none", ("--s3-object", "x"), ON, 'it would not comply: S3Object "x" is no S3 address.'),
    ("an address for EMR", ("--certificates", "EMR", "--s3-object", "s3://x/y"), None, "EMR certificates have no S3Object"),
    ("a class for PEM", ("--provider-class", "x"), None, "PEM certificates have no CertificateProviderClass"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "like", "problem"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_wrong_use(tmp_path, arguments, like, problem):
    """One line, and nothing to paste."""
    more = () if like is None else ("--like", write(tmp_path, like, "like.yaml"))
    done = run("fix", *arguments, *more)
    assert (done.status, done.out, done.err.count("\n")) == (2, "", 1)
    assert problem in done.err
