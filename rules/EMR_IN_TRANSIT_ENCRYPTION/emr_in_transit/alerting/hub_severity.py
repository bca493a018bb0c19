"""Pure: how severe a violation is in Security Hub, by its reasons."""

from emr_in_transit.judgement.reasons import REASONS, Reason, Severity
from emr_in_transit.judgement.verdict import Finding

# Nothing is encrypted at all.
HIGH = (
    Reason.NO_SECURITY_CONFIGURATION,
    Reason.RELEASE_WITHOUT_SUPPORT,
    Reason.SECURITY_CONFIGURATION_MISSING,
    Reason.SECURITY_CONFIGURATION_UNREADABLE,
    Reason.IN_TRANSIT_ENCRYPTION_OFF,
    Reason.CERTIFICATES_NOT_CONFIGURED,
    Reason.CERTIFICATES_INCOMPLETE,
)
# It is encrypted, but not as the owner of the rule would have it.
LOW = (
    Reason.CERTIFICATE_PROVIDER_NOT_ALLOWED,
    Reason.SECURITY_CONFIGURATION_NOT_APPROVED,
    Reason.TRAFFIC_NOT_COVERED,
)
# What switches encryption off in places, or lets it lapse.
MEDIUM = tuple(
    reason
    for reason, text in REASONS.items()
    if text.severity is Severity.VIOLATION and reason not in {*HIGH, *LOW}
)
LABELS = {"HIGH": HIGH, "MEDIUM": MEDIUM, "LOW": LOW}


def severity_label(violations: tuple[Finding, ...]) -> str:
    """Answer the label of the worst reason; INFORMATIONAL where nothing violates."""
    reasons = {violation.reason for violation in violations}
    found = (label for label, those in LABELS.items() if reasons.intersection(those))
    return next(found, "INFORMATIONAL")
