"""How the rule's parameters are read, and how a bad one is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_in_transit.judgement.parameters import (
    PARAMETERS,
    PASSED_THROUGH,
    Parameter,
    ParameterError,
    RuleParameters,
    parse_parameters,
)

NAMES = [parameter.name for parameter in PARAMETERS]


def problem_of(given: dict[str, object]) -> str:
    with pytest.raises(ParameterError) as caught:
        parse_parameters(given)
    return str(caught.value)


def test_defaults():
    """Without parameters the rule warns 30 days ahead, takes AWS's providers and any name."""
    defaults = parse_parameters({})

    assert defaults.certificate_expiry_days == 30
    assert defaults.allowed_certificate_providers == ("PEM", "Custom", "EMR")
    assert defaults.approved_security_configurations == ()


@pytest.mark.parametrize("parameter", PARAMETERS, ids=NAMES)
def test_default_is_what_its_text_says(parameter: Parameter):
    """Giving a parameter its documented default changes nothing."""
    given = {parameter.name: parameter.default} if parameter.default else {}

    assert parse_parameters(given) == parse_parameters({})


def test_table_fills_every_attribute():
    """Every attribute but the function's settings comes from one row, and no row is idle."""
    attributes = [parameter.attribute for parameter in PARAMETERS]

    assert {*RuleParameters._fields} - {*attributes} == {"exemption_max_days"}
    assert {*attributes} < {*RuleParameters._fields}
    assert len(set(attributes)) == len(attributes)
    assert len(set(NAMES)) == len(NAMES)


GOOD = [
    ("a number", {"certificateExpiryDays": "7"}, "certificate_expiry_days", 7),
    ("zero", {"certificateExpiryDays": "0"}, "certificate_expiry_days", 0),
    ("the largest number", {"certificateExpiryDays": "3650"}, "certificate_expiry_days", 3650),
    ("blanks around a number", {"certificateExpiryDays": " 7\n"}, "certificate_expiry_days", 7),
    ("a list of one", {"allowedCertificateProviders": "EMR"}, "allowed_certificate_providers", ("EMR",)),
    ("blanks within a list", {"allowedCertificateProviders": " PEM ,\tEMR "}, "allowed_certificate_providers", ("PEM", "EMR")),
    ("a provider that is not known", {"allowedCertificateProviders": "PrivateCA"}, "allowed_certificate_providers", ("PrivateCA",)),
    ("names with wildcards", {"approvedSecurityConfigurations": "prod-*,audit"}, "approved_security_configurations", ("prod-*", "audit")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "attribute", "value"), [row[1:] for row in GOOD], ids=[row[0] for row in GOOD]
)
def test_good_value(given: dict[str, object], attribute: str, value: object):
    """A good value is taken, with blanks trimmed."""
    assert getattr(parse_parameters(given), attribute) == value


DAYS = "certificateExpiryDays takes a whole number from 0 to 3650, not "
PROVIDERS = "allowedCertificateProviders takes a comma-separated list of names"
BAD = [
    ("a word for a number", {"certificateExpiryDays": "soon"}, DAYS + '"soon"'),
    ("a negative number", {"certificateExpiryDays": "-1"}, DAYS + '"-1"'),
    ("a number with a sign", {"certificateExpiryDays": "+1"}, DAYS + '"+1"'),
    ("a fraction", {"certificateExpiryDays": "1.5"}, DAYS + '"1.5"'),
    ("a number too large", {"certificateExpiryDays": "3651"}, DAYS + '"3651"'),
    ("a number of 5,000 digits", {"certificateExpiryDays": "9" * 5_000}, DAYS + '"9999'),
    ("other alphabets' digits", {"certificateExpiryDays": "\u0663\u0660"}, DAYS + '"\\u0663\\u0660"'),
    ("an empty number", {"certificateExpiryDays": ""}, DAYS + '""'),
    ("a blank number", {"certificateExpiryDays": " "}, DAYS + '" "'),
    ("a number that is no text", {"certificateExpiryDays": 30}, DAYS + "30"),
    ("null", {"certificateExpiryDays": None}, DAYS + "null"),
    ("true", {"certificateExpiryDays": True}, DAYS + "true"),
    ("an object", {"certificateExpiryDays": {"days": 1}}, DAYS + '{"days": 1}'),
    ("something that JSON cannot write", {"certificateExpiryDays": {1}}, DAYS + '"{1}"'),
    ("an empty list", {"allowedCertificateProviders": ""}, PROVIDERS),
    ("a list with an empty item", {"allowedCertificateProviders": "PEM,,EMR"}, PROVIDERS),
    ("a list that ends with a comma", {"allowedCertificateProviders": "PEM,"}, PROVIDERS),
    ("a list that is a JSON array", {"allowedCertificateProviders": ["PEM"]}, PROVIDERS),
    ("an empty pattern", {"approvedSecurityConfigurations": " , "}, "approvedSecurityConfigurations takes a comma-separated list of names, in which * stands for any characters"),
    ("an empty text for rdklib", {"ExecutionRoleName": ""}, "ExecutionRoleName takes a text, not"),
    ("a role to assume, and none named", {"AssumeRoleMode": "True"}, "AssumeRoleMode needs ExecutionRoleName and ExecutionRoleRegion too, or the value False"),
    ("a role to assume, in no Region", {"AssumeRoleMode": "true", "ExecutionRoleName": "audit"}, "AssumeRoleMode needs ExecutionRoleRegion too, or the value False"),
    ("a blank before False, which rdklib takes for true", {"AssumeRoleMode": " False"}, "AssumeRoleMode needs ExecutionRoleName and ExecutionRoleRegion too"),
    ("a Region, and no role to assume there", {"AssumeRoleMode": "yes", "ExecutionRoleRegion": "eu-west-1"}, "AssumeRoleMode needs ExecutionRoleName too, or the value False"),
    ("a boolean for rdklib", {"AssumeRoleMode": False}, "AssumeRoleMode takes a text, not false"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "problem"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_value(given: dict[str, object], problem: str):
    """A bad value is an error that names the parameter, what it takes and what it was given."""
    message = problem_of(given)

    assert message.startswith(problem)
    assert len(message) < 300


@pytest.mark.parametrize("parameter", PARAMETERS, ids=NAMES)
@pytest.mark.parametrize("value", ["", " ", None, 1, [], {}])
def test_no_parameter_takes_an_empty_value(parameter: Parameter, value: object):
    """Empty values, and values that are no texts, are refused by every parameter."""
    message = problem_of({parameter.name: value})

    assert message == f"{parameter.name} takes {parameter.takes}, not {json.dumps(value)}"


@pytest.mark.parametrize(
    "name", ["certificateexpirydays", "CertificateExpiryDays", "days", "", " "]
)
def test_unknown_name(name: str):
    """A name that is not known is an error that lists all that are."""
    message = problem_of({name: "30"})

    assert message.startswith(f"{json.dumps(name)} is no parameter of this rule")
    for known in [*NAMES, *PASSED_THROUGH]:
        assert known in message


def test_every_problem_is_named():
    """Several problems are one error that names each of them."""
    message = problem_of(
        {
            "certificateExpiryDays": "soon",
            "nonsense": "1",
            "allowedCertificateProviders": ",",
            "approvedSecurityConfigurations": "fine",
            "ExecutionRoleName": " ",
        }
    )

    problems = message.split("; ")
    assert [problem.split(" ")[0] for problem in problems] == [
        "certificateExpiryDays",
        '"nonsense"',
        "allowedCertificateProviders",
        "ExecutionRoleName",
    ]


@pytest.mark.parametrize("name", PASSED_THROUGH)
def test_what_rdklib_reads_passes(name: str):
    """The parameters that rdklib reads itself are let through."""
    assert parse_parameters({name: "False"}) == parse_parameters({})


KNOWN = {*NAMES, *PASSED_THROUGH}
names = st.sampled_from(sorted(KNOWN)) | st.text(max_size=12)
texts = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    ["1", "30", "9999", ",", "*", "PEM,EMR", "-1", "\ud800"]
)


@settings(deadline=None, max_examples=300)
@given(st.dictionaries(names, texts, max_size=6))
def test_any_texts_are_read_or_refused(given: dict[str, object]):
    """Whatever texts AWS Config passes, they are read, or refused in one line that can be logged."""
    try:
        answer = parse_parameters(given)
    except ParameterError as error:
        message = str(error)
        assert message.isascii()
        assert message.isprintable()
        for name in set(given) - KNOWN:
            assert json.dumps(name)[:40] in message
    else:
        assert isinstance(answer, RuleParameters)
        assert set(given) <= KNOWN
