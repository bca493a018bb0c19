"""Pure: judges clusters and security configurations."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase

from emr_in_transit.judgement.coverage import coverage_findings
from emr_in_transit.judgement.facts import (
    Certificates,
    ClusterFacts,
    EncryptionSettings,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.overrides import override_findings
from emr_in_transit.judgement.parameters import KNOWN_PROVIDERS, Coverage, RuleParameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import (
    FIRST_WITH_EMR_CERTIFICATES,
    FIRST_WITH_SECURITY_CONFIGURATIONS,
    parse_release,
    release_or_newest,
)
from emr_in_transit.judgement.verdict import Compliance, Exemption, Finding, Verdict, verdict_of
from emr_in_transit.judgement.wording import clip, quoted

_SWITCH_PROBLEMS = {
    Switch.FALSE: "is false",
    Switch.OMITTED: "is omitted, which means false",
    Switch.MISPLACED: "is misplaced: it stands at {found}, where EMR does not read it",
    Switch.NOT_BOOLEAN: "is not a boolean but {found}",
}


def judge_cluster(
    facts: ClusterFacts,
    parameters: RuleParameters,
    now: datetime,
    bundle_findings: Iterable[Finding] = (),
) -> Verdict:
    """Return whether this cluster encrypts its data in transit, as far as EMR's API can tell.

    Where somebody has looked into its certificates, ``bundle_findings`` are what ``judge_bundle``
    says of them.
    """
    findings = _attachment_findings(facts, parameters) + _release_findings(facts, parameters)
    configuration = facts.security_configuration
    if configuration is not None:
        findings += _configuration_findings(configuration, parameters, now)
    if is_judged_in_depth(facts):
        findings += override_findings(facts, parameters)
        findings += coverage_findings(facts, parameters.coverage)
    verdict = verdict_of([*findings, *bundle_findings], _protection(configuration))
    return apply_exemption(verdict, facts.exemption, parameters, now)


def judge_security_configuration(
    facts: SecurityConfigurationFacts, parameters: RuleParameters, now: datetime
) -> Verdict:
    """Return whether clusters launched with this security configuration would encrypt."""
    return verdict_of(_configuration_findings(facts, parameters, now), _protection(facts))


def _attachment_findings(facts: ClusterFacts, parameters: RuleParameters) -> list[Finding]:
    name = facts.security_configuration_name
    if not name:
        return [Finding(Reason.NO_SECURITY_CONFIGURATION, "No security configuration is attached.")]
    findings = []
    if facts.security_configuration is None:
        detail = f"Security configuration {quoted(name)} does not exist."
        findings.append(Finding(Reason.SECURITY_CONFIGURATION_MISSING, detail))
    approved = parameters.approved_security_configurations
    if approved and not any(matches(name, pattern) for pattern in approved):
        detail = f"Security configuration {quoted(name)} is not an approved one."
        findings.append(Finding(Reason.SECURITY_CONFIGURATION_NOT_APPROVED, detail))
    return findings


def matches(name: str, pattern: str) -> bool:
    """Return whether a name is of a pattern, in which * stands for any characters."""
    # Only the asterisk is special here; fnmatch knows ? and [ too.
    return fnmatchcase(name, pattern.replace("[", "[[]").replace("?", "[?]"))


def _release_findings(facts: ClusterFacts, parameters: RuleParameters) -> list[Finding]:
    release = parse_release(facts.release_label)
    if not facts.release_label:
        detail = f"AMI version {quoted(facts.ami_version)} has no security configurations."
        return [Finding(Reason.RELEASE_WITHOUT_SUPPORT, detail)]
    if release is None:
        detail = f"Release label {quoted(facts.release_label)} cannot be compared."
        only_warns = parameters.coverage is Coverage.CONFIGURED
        return [Finding(Reason.RELEASE_NOT_RECOGNISED, detail, only_warns=only_warns)]
    uses_emr = _uses_emr_certificates(facts)
    if release < FIRST_WITH_SECURITY_CONFIGURATIONS:
        missing, first = "security configurations", FIRST_WITH_SECURITY_CONFIGURATIONS
    elif release < FIRST_WITH_EMR_CERTIFICATES and uses_emr:
        missing, first = "certificates managed by EMR", FIRST_WITH_EMR_CERTIFICATES
    else:
        return []
    fix = f"Launch a replacement on release {first} or later."
    if uses_emr:
        fix = (
            f"Launch a replacement on release {FIRST_WITH_EMR_CERTIFICATES} or later, or on release "
            f"{FIRST_WITH_SECURITY_CONFIGURATIONS} or later with PEM or Custom certificates."
        )
    detail = f"Release {release} has no {missing} (first: {first})."
    return [Finding(Reason.RELEASE_WITHOUT_SUPPORT, detail, fix=fix)]


def _uses_emr_certificates(facts: ClusterFacts) -> bool:
    settings = facts.security_configuration and facts.security_configuration.body
    return (
        isinstance(settings, EncryptionSettings)
        and settings.switch is Switch.ON
        and settings.certificates is not None
        and settings.certificates.provider == "EMR"
    )


def _configuration_findings(
    facts: SecurityConfigurationFacts, parameters: RuleParameters, now: datetime
) -> list[Finding]:
    settings = facts.body
    if isinstance(settings, Unreadable):
        detail = f"Security configuration {quoted(facts.name)} cannot be read: {settings.problem}."
        return [Finding(Reason.SECURITY_CONFIGURATION_UNREADABLE, detail)]
    if settings.switch is not Switch.ON:
        return [Finding(Reason.IN_TRANSIT_ENCRYPTION_OFF, _switch_detail(facts.name, settings))]
    return certificate_findings(settings.certificates, facts.created, parameters, now)


def is_judged_in_depth(facts: ClusterFacts) -> bool:
    """Return whether properties and endpoints are looked at: where there is encryption to undo."""
    body = facts.security_configuration.body if facts.security_configuration else None
    if not isinstance(body, EncryptionSettings) or not facts.release_label:
        return False
    release = release_or_newest(facts.release_label)
    return (
        body.switch is Switch.ON
        and body.certificates is not None
        and release >= FIRST_WITH_SECURITY_CONFIGURATIONS
    )


def _switch_detail(name: str, settings: EncryptionSettings) -> str:
    problem = _SWITCH_PROBLEMS[settings.switch].format(found=settings.switch_found)
    return f"EnableInTransitEncryption in security configuration {quoted(name)} {problem}."


def _protection(configuration: SecurityConfigurationFacts | None) -> str:
    body = configuration.body if configuration else None
    if configuration is None or not isinstance(body, EncryptionSettings) or not body.certificates:
        return ""
    provider = body.certificates.provider
    kind = "EMR-managed" if provider == "EMR" else clip(provider, 40)
    return f"Security configuration {quoted(configuration.name)}, {kind} certificates."


_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?![0-9])", re.ASCII)


class _UnreadableDateError(Exception):
    """A value that begins like a date and is none."""


def apply_exemption(
    verdict: Verdict, value: str | None, parameters: RuleParameters, now: datetime
) -> Verdict:
    """Return NOT_APPLICABLE while an exemption holds; the findings stay, so that one can tell them.

    Where it has ended, cannot be read, or is longer than allowed, the verdict stands and its first
    violation says so.
    """
    if value is None or not parameters.exemption_tag_key:
        return verdict
    tag = quoted(parameters.exemption_tag_key)
    try:
        last_day = _last_day(value.strip())
    except _UnreadableDateError:
        note = f"The exemption by tag {tag} does not hold: {quoted(value)} begins with no date like 2027-01-31."
        return _with_note(verdict, note)
    today = now.astimezone(UTC).date()
    if last_day is not None and last_day < today:
        return _with_note(verdict, f"The exemption by tag {tag} ended on {last_day}.")
    if problem := _too_long(last_day, today, parameters.exemption_max_days):
        return _with_note(verdict, f"The exemption by tag {tag} does not hold: {problem}.")
    until = f" until {last_day}" if last_day else ", without an end"
    return Verdict(
        Compliance.NOT_APPLICABLE,
        verdict.findings,
        f"Exempt by tag {tag}{until}.",
        Exemption(parameters.exemption_tag_key, value, last_day),
    )


def _too_long(last_day: date | None, today: date, most_days: int | None) -> str:
    """Return "", or why an exemption is longer than the owner of the rule allows."""
    if most_days is None:
        return ""
    if last_day is None:
        return f"it has no end, and at most {most_days} days are allowed"
    if (last_day - today).days > most_days:
        return f"{last_day} is more than {most_days} days away"
    return ""


def _last_day(value: str) -> date | None:
    # What begins with a digit is meant as a date; any other text is a reason, which has no end.
    if not value[:1].isdigit():
        return None
    match = _DATE.match(value)
    try:
        return date.fromisoformat(match[1] if match else "")
    except ValueError as error:
        raise _UnreadableDateError from error


def _with_note(verdict: Verdict, note: str) -> Verdict:
    if verdict.compliance is not Compliance.NON_COMPLIANT:
        return verdict
    first, *others = verdict.findings
    # First, because an annotation is cut at its end.
    return verdict._replace(findings=(first._replace(detail=f"{note} {first.detail}"), *others))


_S3_OBJECT = re.compile(r"(?:s3://|arn:[a-z0-9-]+:s3:::)[A-Za-z0-9._-]+/.+", re.DOTALL)


def certificate_findings(
    certificates: Certificates | None,
    created: datetime,
    parameters: RuleParameters,
    now: datetime,
) -> list[Finding]:
    """Return the findings on certificates where the switch is on.

    A known provider that is not allowed is only that; an unknown one that is allowed is taken as
    it stands, because nothing is known about what it needs.
    """
    if certificates is None:
        return [
            Finding(Reason.CERTIFICATES_NOT_CONFIGURED, "TLSCertificateConfiguration is missing.")
        ]
    provider = certificates.provider
    if provider not in parameters.allowed_certificate_providers and provider in KNOWN_PROVIDERS:
        allowed = clip(", ".join(parameters.allowed_certificate_providers), 120)
        return [
            Finding(
                Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED,
                f"The provider is {provider}; allowed: {allowed}.",
            )
        ]
    missing = _missing_parts(certificates, parameters)
    if missing:
        return [Finding(Reason.CERTIFICATES_INCOMPLETE, " ".join(missing))]
    if provider == "EMR":
        return _expiry_findings(certificates, created, parameters, now)
    return []


def _missing_parts(certificates: Certificates, parameters: RuleParameters) -> list[str]:
    provider = certificates.provider
    if not provider:
        return ["CertificateProviderType is missing."]
    if provider not in KNOWN_PROVIDERS:
        if provider in parameters.allowed_certificate_providers:
            return []
        return [f"CertificateProviderType {quoted(provider)} is unknown."]
    missing = []
    if provider in {"PEM", "Custom"} and not _S3_OBJECT.fullmatch(certificates.s3_object):
        missing.append(
            f"S3Object {quoted(certificates.s3_object)} is no S3 address."
            if certificates.s3_object
            else f"{provider} certificates need S3Object."
        )
    if provider == "Custom" and not certificates.provider_class.strip():
        missing.append("Custom certificates need CertificateProviderClass.")
    return missing


_RENEW = (
    "Create the security configuration anew, which makes a new certificate authority, and launch "
    "replacements with it."
)


def _expiry_findings(
    certificates: Certificates, created: datetime, parameters: RuleParameters, now: datetime
) -> list[Finding]:
    # The certificate authority lives from the creation of the security configuration
    # (EMR Management Guide, emr-encryption-enable).
    expiry = _later(created, certificates.validity_days)
    if expiry is None:
        return []
    on = f"on {expiry:%Y-%m-%d}"
    if certificates.validity_days <= 0 or expiry <= now:
        detail = f"EMR's certificate authority expired {on}."
        return [Finding(Reason.CERTIFICATES_EXPIRED, detail, fix=_RENEW)]
    soon = _later(now, parameters.certificate_expiry_days)
    if soon is None or expiry <= soon:
        detail = f"EMR's certificate authority expires {on}."
        return [Finding(Reason.CERTIFICATES_EXPIRING, detail, fix=_RENEW)]
    return []


def _later(moment: datetime, days: int) -> datetime | None:
    """Return the moment so many days on; None where that is beyond the calendar."""
    if days <= 0:
        return moment
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return None
