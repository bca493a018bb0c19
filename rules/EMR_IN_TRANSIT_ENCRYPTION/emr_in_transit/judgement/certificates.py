"""Pure: what is to be said about the certificates of a security configuration."""

import re
from datetime import datetime, timedelta

from emr_in_transit.judgement.facts import Certificates
from emr_in_transit.judgement.parameters import KNOWN_PROVIDERS, RuleParameters
from emr_in_transit.judgement.reasons import Reason
from emr_in_transit.judgement.verdict import Finding
from emr_in_transit.judgement.wording import clip, quoted

_S3_OBJECT = re.compile(r"(?:s3://|arn:[a-z0-9-]+:s3:::)[A-Za-z0-9._-]+/.+", re.DOTALL)


def certificate_findings(
    certificates: Certificates | None,
    created: datetime,
    parameters: RuleParameters,
    now: datetime,
) -> list[Finding]:
    """Answer the findings on certificates where the switch is on.

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
        return [Finding(Reason.CERTIFICATES_EXPIRED, f"EMR's certificate authority expired {on}.")]
    soon = _later(now, parameters.certificate_expiry_days)
    if soon is None or expiry <= soon:
        return [Finding(Reason.CERTIFICATES_EXPIRING, f"EMR's certificate authority expires {on}.")]
    return []


def _later(moment: datetime, days: int) -> datetime | None:
    """Answer the moment so many days on; None where that is beyond the calendar."""
    if days <= 0:
        return moment
    try:
        return moment + timedelta(days=days)
    except OverflowError:
        return None
