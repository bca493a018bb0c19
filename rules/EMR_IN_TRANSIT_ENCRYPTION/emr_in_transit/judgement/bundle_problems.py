"""Pure: what can be wrong with a bundle, in which words, and how to make it right.

The one place for each: the rule and the command say the same. ``{what}`` is what was found,
``{member}`` the file's name, and DOMAIN in a fix that of the nodes, where it is known.
"""

from enum import StrEnum
from typing import NamedTuple

from emr_in_transit.judgement.reasons import Reason

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Makes a bundle of the files in a folder.
ZIP = "zip -j certificates.zip privateKey.pem certificateChain.pem trustedCertificates.pem"
_WITH_NAME = (
    'openssl req -new -key privateKey.pem -subj "/CN=*.DOMAIN" '
    '-addext "subjectAltName=DNS:*.DOMAIN" -out request.pem'
)


class Problem(StrEnum):
    """One thing that can be wrong; the values are kept in the ledger."""

    # Of the object as a whole.
    EMPTY = "empty"
    NOT_A_ZIP = "not a zip"
    TRUNCATED = "truncated"
    DIRECTORY_LIES = "directory lies"
    # Of a member, as the directory of the zip tells.
    MEMBER_MISSING = "member missing"
    MEMBER_TWICE = "member twice"
    MEMBER_EMPTY = "member empty"
    MEMBER_ENCRYPTED = "member encrypted"
    MEMBER_METHOD = "member method"
    MEMBER_TOO_LARGE = "member too large"
    MEMBER_DAMAGED = "member damaged"
    DOT_NAME = "dot name"
    # Of certificates.
    DER = "DER"
    REQUEST = "request"
    PKCS7 = "PKCS #7"
    NO_CERTIFICATE = "no certificate"
    CERTIFICATE_UNREADABLE = "certificate unreadable"
    NOT_YET_VALID = "not yet valid"
    BYTE_ORDER_MARK = "byte order mark"
    NO_LINE_END = "no line end"
    KEY_AMONG_CERTIFICATES = "key among certificates"
    WRONG_ORDER = "wrong order"
    ISSUER_MISSING = "issuer missing"
    NAME_ONLY_IN_SUBJECT = "name only in subject"
    WEAK_KEY = "weak key"
    WEAK_SIGNATURE = "weak signature"
    REFUSED = "refused"
    # Of the key, and of a jar: only whoever has them in hand can tell.
    KEY_DER = "key DER"
    KEY_ENCRYPTED = "key encrypted"
    KEY_UNREADABLE = "key unreadable"
    KEY_OF_ANOTHER = "key of another"
    KEY_NOT_PKCS8 = "key not PKCS #8"
    ISSUER_DID_NOT_SIGN = "issuer did not sign"
    CLASS_MISSING = "class missing"


class ProblemText(NamedTuple):
    """What a problem amounts to, the sentence about it without its full stop, and the fix."""

    reason: Reason
    detail: str
    fix: str


_I, _D = Reason.BUNDLE_INVALID, Reason.BUNDLE_DOUBTFUL
PROBLEMS: dict[Problem, ProblemText] = {
    Problem.EMPTY: ProblemText(_I, "it is empty", f"Upload the bundle anew: {ZIP}"),
    Problem.NOT_A_ZIP: ProblemText(_I, "it is no zip but {what}", f"Make a zip: {ZIP}"),
    Problem.TRUNCATED: ProblemText(
        _I, "the zip ends in its middle", "Upload the whole file; unzip -t FILE tests it first."
    ),
    Problem.DIRECTORY_LIES: ProblemText(
        _I, "the zip's directory does not describe its bytes: {what}", f"Make the zip anew: {ZIP}"
    ),
    Problem.MEMBER_MISSING: ProblemText(
        _I, "{member} is missing at the top level; there is {what}",
        f"Name the files exactly so, and zip them without their folder: {ZIP}",
    ),
    Problem.MEMBER_TWICE: ProblemText(
        _I, "{member} is in the zip twice", f"Make the zip anew, each file once: {ZIP}"
    ),
    Problem.MEMBER_EMPTY: ProblemText(
        _I, "{member} is empty", f"Fill {{member}} and make the zip anew: {ZIP}"
    ),
    Problem.MEMBER_ENCRYPTED: ProblemText(
        _I, "{member} is encrypted with a password of the zip", f"Make the zip without one: {ZIP}"
    ),
    Problem.MEMBER_METHOD: ProblemText(
        _I, "{member} is compressed by method {what}, and Java reads only 0 and 8",
        f"Make the zip anew: {ZIP}",
    ),
    Problem.MEMBER_TOO_LARGE: ProblemText(
        _I, "{member} unpacks to {what} bytes, which no certificates have",
        f"Put only PEM files into the zip: {ZIP}",
    ),
    Problem.MEMBER_DAMAGED: ProblemText(
        _I, "{member} cannot be unpacked: {what}",
        f"Make the zip anew: {ZIP}; unzip -t FILE tests it.",
    ),
    Problem.DOT_NAME: ProblemText(
        _D, "{member} stands in the zip as {what}", f"Zip without paths: {ZIP}"
    ),
    Problem.DER: ProblemText(
        _I, "{member} is DER, not PEM",
        "Convert it: openssl x509 -inform DER -in {member} -out pem && mv pem {member}",
    ),
    Problem.REQUEST: ProblemText(
        _I, "{member} holds a certificate request, not a certificate",
        "Have an authority sign the request and put its answer there; "
        "to see it: openssl req -in {member} -noout -subject",
    ),
    Problem.PKCS7: ProblemText(
        _I, "{member} holds PKCS #7, not certificates",
        "Convert it: openssl pkcs7 -in {member} -print_certs -out pem && mv pem {member}",
    ),
    Problem.NO_CERTIFICATE: ProblemText(
        _I, "{member} holds no certificate in PEM",
        "Put the certificates there; this has to show one: openssl x509 -in {member} -noout -subject",
    ),
    Problem.CERTIFICATE_UNREADABLE: ProblemText(
        _I, "{member} cannot be read: {what}",
        "Get the certificate anew; this has to show all: openssl storeutl -noout -certs {member}",
    ),
    Problem.NOT_YET_VALID: ProblemText(
        _I, "{member} holds a certificate that is not valid yet: {what}",
        "Wait, or get another one; to see the dates: openssl x509 -in {member} -noout -dates",
    ),
    Problem.BYTE_ORDER_MARK: ProblemText(
        _D, "{member} begins with a byte order mark",
        "Remove it: perl -pi -e 's/^\\xEF\\xBB\\xBF//' {member}",
    ),
    Problem.NO_LINE_END: ProblemText(
        _D, "{member} has a line of dashes, BEGIN or END, that is not alone on its line",
        "Put a line end before and behind each: "
        "perl -pe 's/-----(BEGIN|END) CERTIFICATE-----/\\n$&\\n/g' {member} | grep . | fold -w 64 "
        "> pem && mv pem {member}",
    ),
    Problem.KEY_AMONG_CERTIFICATES: ProblemText(
        _D, "{member} holds a private key too",
        "Keep the certificates alone, and take a new key if others could read the file: "
        "perl -ne 'print if /BEGIN CERTIFICATE/../END CERTIFICATE/' {member} > pem && mv pem {member}",
    ),
    Problem.WRONG_ORDER: ProblemText(
        _D, "{member} does not list each certificate before that of its issuer: {what}",
        "Order them, the nodes' certificate first: cat server.pem intermediate.pem root.pem > {member}",
    ),
    Problem.ISSUER_MISSING: ProblemText(
        _D, "{what} is the issuer of the last certificate, and in neither file",
        "Add the issuer to trustedCertificates.pem: cat root.pem >> trustedCertificates.pem",
    ),
    Problem.NAME_ONLY_IN_SUBJECT: ProblemText(
        _D, "{member} has its name in the subject alone, {what}, where many readers do not look",
        f"Ask for a certificate with the name as subjectAltName: {_WITH_NAME}",
    ),
    Problem.WEAK_KEY: ProblemText(
        _D, "{member} holds a key of {what}",
        "Make a new key and certificate: openssl genpkey -algorithm RSA "
        "-pkeyopt rsa_keygen_bits:2048 -out privateKey.pem",
    ),
    Problem.WEAK_SIGNATURE: ProblemText(
        _D, "{member} is signed by {what}",
        "Have the certificate signed with SHA-256: openssl req -new -sha256 -key privateKey.pem "
        "-out request.pem",
    ),
    Problem.REFUSED: ProblemText(
        _D, "{member} is refused by a strict reader: {what}",
        "Get the certificates anew; this shows them: openssl storeutl -noout -text -certs {member}",
    ),
    Problem.KEY_DER: ProblemText(
        _I, "{member} is DER, not PEM",
        "Convert it: openssl pkey -inform DER -in {member} -out pem && mv pem {member}",
    ),
    Problem.KEY_ENCRYPTED: ProblemText(
        _I, "{member} has a passphrase ({what}), which EMR does not know",
        "Remove the passphrase: openssl pkey -in {member} -out pem && mv pem {member}",
    ),
    Problem.KEY_UNREADABLE: ProblemText(
        _I, "{member} holds no private key that can be read: {what}",
        "Put the key there; this has to succeed: openssl pkey -in {member} -noout -check",
    ),
    Problem.KEY_OF_ANOTHER: ProblemText(
        _I, "{member} does not belong to the certificate {what}",
        "Put the key of the request there, or get a certificate for this one: "
        "openssl req -new -key {member} -out request.pem",
    ),
    Problem.KEY_NOT_PKCS8: ProblemText(
        _D, "{member} is {what}, not PKCS #8",
        "Convert it: openssl pkcs8 -topk8 -nocrypt -in {member} -out pem && mv pem {member}",
    ),
    Problem.ISSUER_DID_NOT_SIGN: ProblemText(
        _D, "{member} holds {what}, which nobody there with the name of its issuer has signed",
        "Put the issuer's own certificate there: openssl verify -partial_chain -trusted issuer.pem "
        "certificateChain.pem tells.",
    ),
    Problem.CLASS_MISSING: ProblemText(
        _I, "the jar has no class {what}",
        "Build the class into the jar, or correct CertificateProviderClass; jar tf FILE lists them.",
    ),
}  # fmt: skip
