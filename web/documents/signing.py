"""PAdES signatures on finished papers (EC P-256): made once, kept with their digest, checked by anyone.

pyHanko takes half a second to import, so it is imported where it is used.
"""

from __future__ import annotations

import io
import os
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Conflict, Invalid

SIGNER_FILE = "document-signer.pem"
_VALID_FOR = timedelta(days=3650)
_FIELD = "Gongbao"
#: What the reader lets through, besides its own errors, on a file that was damaged or made to hurt.
_DAMAGED = (
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    RuntimeError,
    AssertionError,
    ArithmeticError,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Signer:
    """A P-256 key and the certificate that names whose it is, with the chain above it, as PEM-loaded objects."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the certificate in hex, to be published where papers are verified."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of a paper's signature found.

    `is_signed`: there is one. `is_intact`: not a byte that it covers was changed. `covers_all`: nothing was added
    after it. `is_trusted`: its certificate is, or leads to, one of those trusted. `is_good`: all four.
    """

    is_signed: bool
    is_intact: bool = False
    covers_all: bool = False
    is_trusted: bool = False
    signer_name: str = ""
    fingerprint: str = ""
    signed_at: datetime | None = None

    @property
    def is_good(self) -> bool:
        """Return whether the paper is exactly what a trusted signer signed."""
        return self.is_signed and self.is_intact and self.covers_all and self.is_trusted


def make_signer(directory: Path, name: str, at: datetime) -> Signer:
    """Return the directory's signer; where it has none, make a key and a certificate issued by itself for ten years.

    For embedded use and the demo. The key file is readable by its owner alone; two processes that start together
    end with the same key. A city that has a certificate names its files to `load_signer` instead.
    """
    directory.mkdir(parents=True, exist_ok=True)
    both = directory / SIGNER_FILE
    if not both.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _self_issued(key, name, at)
        _publish_once(
            both,
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM),
        )
    return load_signer(both, both)


def load_signer(key_path: Path, certificate_path: Path, passphrase: bytes | None = None) -> Signer:
    """Return the signer of two PEM files (or of one that holds both); further certificates are the chain.

    Refuses Conflict `signer_unreadable` naming the file, and `signer_key_unsuitable` for a key that is not P-256 or
    does not belong to the certificate.
    """
    key = _read_key(key_path, passphrase)
    try:
        first, *chain = x509.load_pem_x509_certificates(certificate_path.read_bytes())
    except (OSError, ValueError) as wrong:
        raise Conflict("signer_unreadable", file=certificate_path.name) from wrong
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Conflict("signer_key_unsuitable", file=key_path.name)
    if key.public_key() != first.public_key():
        raise Conflict("signer_key_unsuitable", file=key_path.name)
    return Signer(key, first, tuple(chain))


def sign(body: bytes, signer: Signer, *, reason: str, at: datetime) -> bytes:
    """Return the paper with a PAdES signature; the unsigned bytes stay as its first part.

    Refuses `pdf_unreadable` for what is no PDF.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.sign import fields, signers

    class _At(signers.PdfSigner):
        """Dates the signature by the caller's instant instead of the machine's clock."""

        def init_signing_session(self, *args: Any, **names: Any) -> Any:
            session = super().init_signing_session(*args, **names)
            session.system_time = at
            return session

    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(body))
    except (PdfError, *_DAMAGED) as wrong:
        raise Invalid("pdf_unreadable") from wrong
    about = signers.PdfSignatureMetadata(
        field_name=_FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason,
        name=_common_name(signer.certificate),
    )
    signed: bytes = _At(about, signer=_pyhanko_signer(signer)).sign_pdf(writer).getvalue()
    return signed


def verify(body: bytes, trusted: Sequence[x509.Certificate], *, at: datetime) -> Verification:
    """Return what the last signature of a paper is worth at an instant, given the certificates one trusts.

    The certificate is judged at the time of signing, so that a paper signed in time stays good in the archive after
    its certificate has ended; a time of signing after `at` is not believed. Nothing is fetched: who trusts a
    certificate takes it off the list when it is revoked. Refuses `pdf_unreadable` for what is no PDF.
    """
    from pyhanko.pdf_utils.misc import PdfError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.general import SigningError
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.errors import SignatureValidationError
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    try:
        signatures = PdfFileReader(io.BytesIO(body)).embedded_signatures
        if not signatures:
            return Verification(is_signed=False)
        signed_at = signatures[-1].self_reported_timestamp
        found = validate_pdf_signature(signatures[-1], _trust(trusted, signed_at or at))
        certificate = x509.load_der_x509_certificate(found.signing_cert.dump())
    except (SignatureValidationError, SigningError):
        return Verification(is_signed=True)
    except (PdfError, *_DAMAGED) as wrong:
        raise Invalid("pdf_unreadable") from wrong
    return Verification(
        is_signed=True,
        is_intact=found.intact and found.valid,
        covers_all=found.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        is_trusted=found.trusted and signed_at is not None and _was_valid(certificate, signed_at, at),
        signer_name=_common_name(certificate),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        signed_at=signed_at,
    )


def _trust(trusted: Sequence[x509.Certificate], moment: datetime) -> Any:
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(
        trust_roots=[_for_pyhanko(one) for one in trusted],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )


def _was_valid(certificate: x509.Certificate, signed_at: datetime, at: datetime) -> bool:
    # A certificate that is itself on the list of the trusted is not asked for its dates by the validator.
    if signed_at.tzinfo is None:
        return False
    return certificate.not_valid_before_utc <= signed_at <= min(certificate.not_valid_after_utc, at)


def _read_key(path: Path, passphrase: bytes | None) -> Any:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError) as wrong:
        raise Conflict("signer_unreadable", file=path.name) from wrong


def _self_issued(key: ec.EllipticCurvePrivateKey, name: str, at: datetime) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(secrets.token_bytes(16)) >> 1)
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + _VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )


def _publish_once(path: Path, body: bytes) -> None:
    """Write the file whole and readable by its owner alone; where another was quicker, its file stays."""
    own = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(own, path)
    except FileExistsError:
        pass
    finally:
        own.unlink()


def _pyhanko_signer(signer: Signer) -> Any:
    from pyhanko.keys import load_private_key_from_pemder_data
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    key = signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    registry: Any = SimpleCertificateStore
    store = registry.from_certs([_for_pyhanko(one) for one in signer.chain])
    return SimpleSigner(
        _for_pyhanko(signer.certificate), load_private_key_from_pemder_data(key, passphrase=None), store
    )


def _for_pyhanko(certificate: x509.Certificate) -> Any:
    from pyhanko.keys import load_certs_from_pemder_data

    return next(iter(load_certs_from_pemder_data(certificate.public_bytes(serialization.Encoding.PEM))))


def _common_name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()
