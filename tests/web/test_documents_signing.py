"""Signatures on papers: a changed byte, an added page, another signer or an expired certificate shows."""

from __future__ import annotations

import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Conflict, Invalid
from web.documents.engine import write_pdf
from web.documents.signing import SIGNER_FILE, Signer, load_signer, make_signer, sign, verify

AT = datetime(2026, 4, 10, 3, 0, tzinfo=UTC)
NAME = "示例共保平台（演示）"
UNSIGNED = write_pdf("<!DOCTYPE html><p>x", {}, b"x")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    """A signer made for this module."""
    return make_signer(tmp_path_factory.mktemp("signer"), NAME, AT)


@pytest.fixture(scope="module")
def signed(signer: Signer) -> bytes:
    """One signed paper."""
    return sign(UNSIGNED, signer, reason="结算单签发", at=AT)


@pytest.fixture(autouse=True)
def silent() -> None:
    """The library logs every doubt at length; the result is what counts here."""
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)


def test_a_signed_paper_is_good_and_names_its_signer(signer: Signer, signed: bytes) -> None:
    """The signature covers the whole file, is the signer's, and carries the instant it was asked for."""
    found = verify(signed, [signer.certificate], at=AT)
    assert found.is_good
    assert (found.signer_name, found.fingerprint, found.signed_at) == (NAME, signer.fingerprint, AT)


def test_signing_adds_to_the_paper_and_changes_nothing_of_it(signer: Signer, signed: bytes) -> None:
    """The unsigned bytes stand first in the signed file, so both can be compared for ever."""
    assert signed.startswith(UNSIGNED) and b"ETSI.CAdES.detached" in signed


def test_an_unsigned_paper_says_so(signer: Signer) -> None:
    """A paper without a signature is not called bad, but not good either."""
    found = verify(UNSIGNED, [signer.certificate], at=AT)
    assert not found.is_signed and not found.is_good


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_a_changed_byte_is_never_good(signer: Signer, signed: bytes, data: st.DataObject) -> None:
    """Whichever byte outside the signature's own place is changed, the paper is not good, and no error escapes."""
    start = signed.index(b"/Contents <") + len(b"/Contents ")
    end = signed.index(b">", start) + 1
    place = data.draw(st.integers(0, len(signed) - 1).filter(lambda n: not start <= n < end))
    changed = bytearray(signed)
    changed[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != signed[place]))
    try:
        assert not verify(bytes(changed), [signer.certificate], at=AT).is_good
    except Invalid as refused:
        assert refused.code == "pdf_unreadable"


def test_what_is_added_after_signing_shows(signer: Signer, signed: bytes) -> None:
    """Bytes appended to a signed paper leave it intact but no longer whole."""
    found = verify(signed + b"\n% more\n", [signer.certificate], at=AT)
    assert found.is_intact and not found.covers_all and not found.is_good


def test_another_signer_is_not_trusted(signer: Signer, tmp_path: Path) -> None:
    """A paper signed with a key of one's own making is intact and not trusted, even under the same name."""
    other = make_signer(tmp_path, NAME, AT)
    found = verify(sign(UNSIGNED, other, reason="x", at=AT), [signer.certificate], at=AT)
    assert found.is_intact and not found.is_trusted and not found.is_good


def test_a_certificate_ends_but_not_what_it_signed(signer: Signer, signed: bytes) -> None:
    """Eleven years on a paper signed in time is still good; one signed after the certificate's end is not."""
    late = AT + timedelta(days=4018)
    assert verify(signed, [signer.certificate], at=late).is_good
    assert not verify(sign(UNSIGNED, signer, reason="x", at=late), [signer.certificate], at=late).is_good


def test_a_time_of_signing_in_the_future_is_not_believed(signer: Signer) -> None:
    """A paper that says it was signed tomorrow is not good today."""
    tomorrow = sign(UNSIGNED, signer, reason="x", at=AT + timedelta(days=1))
    assert not verify(tomorrow, [signer.certificate], at=AT).is_good
    assert verify(tomorrow, [signer.certificate], at=AT + timedelta(days=1)).is_good


@pytest.mark.parametrize("body", [b"", b"%PDF-1.7", b"hello", UNSIGNED[: len(UNSIGNED) // 2]])
def test_what_is_no_pdf_is_refused(signer: Signer, body: bytes) -> None:
    """An empty, foreign or torn file is refused for signing and for checking."""
    with pytest.raises(Invalid, match="pdf_unreadable"):
        sign(body, signer, reason="x", at=AT)
    with pytest.raises(Invalid, match="pdf_unreadable"):
        verify(body, [signer.certificate], at=AT)


def test_the_key_is_its_owners_alone_and_stays(tmp_path: Path) -> None:
    """The key file is readable by its owner only; a second start uses the same key."""
    first = make_signer(tmp_path / "new", NAME, AT)
    assert stat.S_IMODE((tmp_path / "new" / SIGNER_FILE).stat().st_mode) == 0o600
    assert make_signer(tmp_path / "new", "another", AT + timedelta(days=1)).fingerprint == first.fingerprint
    assert [path.name for path in (tmp_path / "new").iterdir()] == [SIGNER_FILE]


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    """Eight starts at once end with one key."""
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_signer(tmp_path, NAME, AT).fingerprint, range(8)))
    assert len(set(made)) == 1


def write(path: Path, *parts: bytes) -> Path:
    path.write_bytes(b"".join(parts))
    return path


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, passphrase: bytes | None = None) -> bytes:
    lock = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)


def test_a_citys_own_key_and_certificate_are_used(signer: Signer, tmp_path: Path) -> None:
    """Key and certificate may be two files, and the key under a passphrase."""
    key = write(tmp_path / "key.pem", pem(signer.key, b"secret"))
    certificate = write(tmp_path / "cert.pem", signer.certificate.public_bytes(serialization.Encoding.PEM))
    loaded = load_signer(key, certificate, b"secret")
    assert verify(sign(UNSIGNED, loaded, reason="x", at=AT), [signer.certificate], at=AT).is_good
    for wrong in (None, b"guess"):
        with pytest.raises(Conflict, match="signer_unreadable"):
            load_signer(key, certificate, wrong)


def test_a_key_that_does_not_fit_is_refused(signer: Signer, tmp_path: Path) -> None:
    """Another curve, another kind of key, another key than the certificate's: refused, with the file's name."""
    certificate = write(tmp_path / "cert.pem", signer.certificate.public_bytes(serialization.Encoding.PEM))
    keys = (
        ec.generate_private_key(ec.SECP384R1()),
        ec.generate_private_key(ec.SECP256R1()),
        ed25519.Ed25519PrivateKey.generate(),
    )
    for key in keys:
        with pytest.raises(Conflict, match="signer_key_unsuitable") as refused:
            load_signer(write(tmp_path / "key.pem", pem(key)), certificate)
        assert refused.value.facts == {"file": "key.pem"}


@pytest.mark.parametrize("missing", ["key.pem", "cert.pem"])
def test_a_missing_or_broken_file_is_named(signer: Signer, tmp_path: Path, missing: str) -> None:
    """A file that is not there, or is not PEM, is named in the refusal."""
    paths = {
        "key.pem": write(tmp_path / "key.pem", pem(signer.key)),
        "cert.pem": write(tmp_path / "cert.pem", signer.certificate.public_bytes(serialization.Encoding.PEM)),
    }
    for spoil in (lambda path: path.write_bytes(b"nothing"), Path.unlink):
        spoil(paths[missing])
        with pytest.raises(Conflict, match="signer_unreadable") as refused:
            load_signer(paths["key.pem"], paths["cert.pem"])
        assert refused.value.facts == {"file": missing}
