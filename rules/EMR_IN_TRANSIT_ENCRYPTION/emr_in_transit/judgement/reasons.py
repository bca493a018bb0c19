"""Pure: the reasons a verdict can give, what each means and what to do about it.

This table is the one place for a reason: annotations, messages and docs/reasons.md come from it.
"""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much a reason weighs."""

    VIOLATION = "VIOLATION"  # makes the subject NON_COMPLIANT
    WARNING = "WARNING"  # is only mentioned


class Reason(StrEnum):
    """Why a verdict is what it is, in order of precedence: the first one leads the annotation."""

    NO_SECURITY_CONFIGURATION = "NO_SECURITY_CONFIGURATION"
    RELEASE_WITHOUT_SUPPORT = "RELEASE_WITHOUT_SUPPORT"
    SECURITY_CONFIGURATION_MISSING = "SECURITY_CONFIGURATION_MISSING"
    SECURITY_CONFIGURATION_UNREADABLE = "SECURITY_CONFIGURATION_UNREADABLE"
    IN_TRANSIT_ENCRYPTION_OFF = "IN_TRANSIT_ENCRYPTION_OFF"
    CERTIFICATES_NOT_CONFIGURED = "CERTIFICATES_NOT_CONFIGURED"
    CERTIFICATES_INCOMPLETE = "CERTIFICATES_INCOMPLETE"
    CERTIFICATES_EXPIRED = "CERTIFICATES_EXPIRED"
    CERTIFICATE_PROVIDER_NOT_ALLOWED = "CERTIFICATE_PROVIDER_NOT_ALLOWED"
    SECURITY_CONFIGURATION_NOT_APPROVED = "SECURITY_CONFIGURATION_NOT_APPROVED"
    BUNDLE_MISSING = "BUNDLE_MISSING"
    BUNDLE_INVALID = "BUNDLE_INVALID"
    ENCRYPTION_OVERRIDDEN = "ENCRYPTION_OVERRIDDEN"
    TRAFFIC_NOT_COVERED = "TRAFFIC_NOT_COVERED"
    RELEASE_NOT_RECOGNISED = "RELEASE_NOT_RECOGNISED"
    APPLICATION_NOT_RECOGNISED = "APPLICATION_NOT_RECOGNISED"
    ENCRYPTION_WEAKENED = "ENCRYPTION_WEAKENED"
    CERTIFICATE_NAME_MISMATCH = "CERTIFICATE_NAME_MISMATCH"
    CERTIFICATE_SELF_SIGNED = "CERTIFICATE_SELF_SIGNED"
    BUNDLE_CHANGED = "BUNDLE_CHANGED"
    BUNDLE_DOUBTFUL = "BUNDLE_DOUBTFUL"
    BUNDLE_NOT_READ = "BUNDLE_NOT_READ"
    CERTIFICATES_EXPIRING = "CERTIFICATES_EXPIRING"


class ReasonText(NamedTuple):
    """What one reason means, in a sentence, and the smallest fix."""

    severity: Severity
    meaning: str
    remedy: str
    with_complete_coverage: bool = False  # violates only then, and is a warning otherwise


# The settings of a cluster and of a security configuration cannot be changed after creation
# (EMR has no update call for either), so nearly every remedy ends in a new launch.
REASONS: dict[Reason, ReasonText] = {
    Reason.NO_SECURITY_CONFIGURATION: ReasonText(
        Severity.VIOLATION,
        "The cluster was launched without a security configuration.",
        "Launch a replacement with a security configuration that enables encryption in transit.",
    ),
    Reason.RELEASE_WITHOUT_SUPPORT: ReasonText(
        Severity.VIOLATION,
        "The cluster's release cannot do what its security configuration asks for.",
        "Launch a replacement on release 4.8.0 or later; for certificates managed by EMR, "
        "7.11.0 or later.",
    ),
    Reason.SECURITY_CONFIGURATION_MISSING: ReasonText(
        Severity.VIOLATION,
        "The cluster names a security configuration that does not exist.",
        "Launch a replacement with a security configuration that exists in its account and Region.",
    ),
    Reason.SECURITY_CONFIGURATION_UNREADABLE: ReasonText(
        Severity.VIOLATION,
        "The security configuration is not a JSON object.",
        "Create the security configuration anew as a JSON object and launch with it.",
    ),
    Reason.IN_TRANSIT_ENCRYPTION_OFF: ReasonText(
        Severity.VIOLATION,
        "The security configuration does not enable encryption in transit.",
        "Create one with EncryptionConfiguration.EnableInTransitEncryption set to true and "
        "launch with it.",
    ),
    Reason.CERTIFICATES_NOT_CONFIGURED: ReasonText(
        Severity.VIOLATION,
        "Encryption in transit is enabled, but no certificates are configured.",
        "Create one with InTransitEncryptionConfiguration.TLSCertificateConfiguration and "
        "launch with it.",
    ),
    Reason.CERTIFICATES_INCOMPLETE: ReasonText(
        Severity.VIOLATION,
        "The certificate provider is missing or unknown, or lacks what it needs.",
        "Create one whose provider is complete: PEM with S3Object, Custom with S3Object and "
        "CertificateProviderClass, or EMR.",
    ),
    Reason.CERTIFICATES_EXPIRED: ReasonText(
        Severity.VIOLATION,
        "A certificate has expired, or the certificate authority that EMR manages.",
        "Create the security configuration anew, which makes a new certificate authority, or renew "
        "the certificates in the bundle, and launch with it.",
    ),
    Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED: ReasonText(
        Severity.VIOLATION,
        "The rule parameter allowedCertificateProviders does not list the certificate provider.",
        "Use a listed provider, or add this one to allowedCertificateProviders.",
    ),
    Reason.SECURITY_CONFIGURATION_NOT_APPROVED: ReasonText(
        Severity.VIOLATION,
        "The security configuration's name matches none of approvedSecurityConfigurations.",
        "Launch with an approved security configuration, or add this one to "
        "approvedSecurityConfigurations.",
    ),
    Reason.BUNDLE_MISSING: ReasonText(
        Severity.VIOLATION,
        "The S3 object with the certificates does not exist, so a cluster that starts will fail.",
        "Upload it, or create a security configuration whose S3Object names one that exists.",
    ),
    Reason.BUNDLE_INVALID: ReasonText(
        Severity.VIOLATION,
        "The S3 object with the certificates is none that EMR takes, so a cluster that starts fails.",
        "Make the bundle anew and test it: emr-in-transit certificates FILE.",
    ),
    Reason.ENCRYPTION_OVERRIDDEN: ReasonText(
        Severity.VIOLATION,
        "A property in the cluster's Configurations puts traffic into clear text.",
        "Launch a replacement without the property, or with its secure value; if it has to be, "
        "name it in acceptedOverrides.",
    ),
    Reason.TRAFFIC_NOT_COVERED: ReasonText(
        Severity.VIOLATION,
        "Endpoints of installed applications stay in clear text on this release or set-up.",
        "Launch a replacement on a newer release, with Kerberos and with local-disk encryption; "
        "keep what no setting protects inside the network.",
        with_complete_coverage=True,
    ),
    Reason.RELEASE_NOT_RECOGNISED: ReasonText(
        Severity.VIOLATION,
        "The release label is of no line that is known, so the cluster is judged as the newest.",
        "Launch on a release of a known line, or check by hand what this one protects.",
        with_complete_coverage=True,
    ),
    Reason.APPLICATION_NOT_RECOGNISED: ReasonText(
        Severity.VIOLATION,
        "The cluster has an application of which no endpoint is known.",
        "Check by hand which ports the application opens, and keep them inside the network.",
        with_complete_coverage=True,
    ),
    Reason.ENCRYPTION_WEAKENED: ReasonText(
        Severity.VIOLATION,
        "A property leaves traffic encrypted, but poorly, or asks for clear text in vain.",
        "Launch a replacement without the property, or with its secure value; if it has to be, "
        "name it in acceptedOverrides.",
        with_complete_coverage=True,
    ),
    Reason.CERTIFICATE_NAME_MISMATCH: ReasonText(
        Severity.WARNING,
        "The certificate has no wildcard for the domain of the nodes in this Region.",
        "Get a certificate for that wildcard, unless the VPC has a domain of its own.",
    ),
    Reason.CERTIFICATE_SELF_SIGNED: ReasonText(
        Severity.WARNING,
        "The certificate is signed by itself, which AWS shows for demonstrations alone.",
        "Have the certificate signed by a private authority, and put that into "
        "trustedCertificates.pem.",
    ),
    Reason.BUNDLE_CHANGED: ReasonText(
        Severity.WARNING,
        "The bundle was replaced after the launch: running nodes may have another one.",
        "Launch a replacement, so that all nodes have the same certificates.",
    ),
    Reason.BUNDLE_DOUBTFUL: ReasonText(
        Severity.WARNING,
        "Something in the bundle is refused by some readers of certificates; EMR may be one.",
        "Make the bundle anew and test it: emr-in-transit certificates FILE.",
    ),
    Reason.BUNDLE_NOT_READ: ReasonText(
        Severity.WARNING,
        "The bundle could not be read, so nobody has looked at its certificates.",
        "Grant the function what it takes to read it, or test it by hand: "
        "emr-in-transit certificates s3://BUCKET/KEY.",
    ),
    Reason.CERTIFICATES_EXPIRING: ReasonText(
        Severity.WARNING,
        "A certificate expires soon, or the certificate authority that EMR manages.",
        "Create the security configuration anew, or renew the certificates in the bundle, and "
        "launch replacements before it expires.",
    ),
}
