"""Pure: judges clusters and security configurations."""

from datetime import datetime
from fnmatch import fnmatchcase

from emr_in_transit.judgement.certificates import certificate_findings
from emr_in_transit.judgement.coverage import coverage_findings
from emr_in_transit.judgement.exemption import apply_exemption
from emr_in_transit.judgement.facts import (
    ClusterFacts,
    EncryptionSettings,
    SecurityConfigurationFacts,
    Switch,
    Unreadable,
)
from emr_in_transit.judgement.overrides import override_findings
from emr_in_transit.judgement.parameter_values import Coverage
from emr_in_transit.judgement.parameters import RuleParameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.releases import (
    FIRST_WITH_EMR_CERTIFICATES,
    FIRST_WITH_SECURITY_CONFIGURATIONS,
    parse_release,
    release_or_newest,
)
from emr_in_transit.judgement.verdict import Finding, Verdict, verdict_of
from emr_in_transit.judgement.wording import clip, quoted

_SWITCH_PROBLEMS = {
    Switch.FALSE: "is false",
    Switch.OMITTED: "is omitted, which means false",
    Switch.MISPLACED: "is misplaced: it stands at {found}, where EMR does not read it",
    Switch.NOT_BOOLEAN: "is not a boolean but {found}",
}


def judge_cluster(facts: ClusterFacts, parameters: RuleParameters, now: datetime) -> Verdict:
    """Return whether this cluster encrypts its data in transit, as far as EMR's API can tell."""
    findings = _attachment_findings(facts, parameters) + _release_findings(facts, parameters)
    configuration = facts.security_configuration
    if configuration is not None:
        findings += _configuration_findings(configuration, parameters, now)
    if is_judged_in_depth(facts):
        findings += override_findings(facts, parameters)
        findings += coverage_findings(facts, parameters.coverage)
    verdict = verdict_of(findings, _protection(configuration))
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
    if approved and not any(_matches(name, pattern) for pattern in approved):
        detail = f"Security configuration {quoted(name)} is not an approved one."
        findings.append(Finding(Reason.SECURITY_CONFIGURATION_NOT_APPROVED, detail))
    return findings


def _matches(name: str, pattern: str) -> bool:
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
