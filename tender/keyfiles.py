"""Pure: keys at rest under a passphrase, and a custodian's proof of holding one.

A key file and a recovery file are canonical JSON. What is secret in them is encrypted by AES-256-GCM under scrypt of
the passphrase; everything else in the file is its associated data, so that no label can be exchanged. The browser
writes and reads the same files.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.errors import Invalid
from tender import p256, shamir
from tender.canonical import Fields, Json, canonical, read_canonical
from tender.envelope import KEY_LENGTH, Head
from tender.sealing import PartKeys, Randomness

#: What a key is for; a custodian's opens shares, a bidder's signs headers.
KEY_KINDS = ("custodian-key", "bidder-key")
RECOVERY = "recovery"
LEAST_PASSPHRASE = 10

#: scrypt with 128 MiB (OWASP's first choice, from memory); a file may state less, but not less than `_LEAST_WORK`.
WORK = 1 << 17
_LEAST_WORK, _MOST_WORK, _BLOCK, _LANES = 1 << 14, 1 << 19, 8, 1
_SALT, _NONCE = 16, 12
_MOST_FILE = 1 << 16
_NAMES = "ciphertext kdf kind n nonce p public r salt version"
_POSSESSION = b"gongbao/possession/1\x00"


@dataclass(frozen=True, slots=True)
class RecoveredKeys:
    """What a recovery file holds: which bid it is for, and the two halves of each part's file key."""

    tender: str
    organisation: str
    version: int
    header_sha256: bytes
    keys: Mapping[str, PartKeys]


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question that only the holder of a private key can answer, and the hash of the answer."""

    sealed: bytes
    answer_sha256: bytes


def lock_key(
    kind: str, key: p256.PrivateKey, passphrase: str, *, draw: shamir.Draw | None = None, work: int = WORK
) -> bytes:
    """Return the key file of a private key under a passphrase.

    Its `public` member is the public key, readable without the passphrase. Refuses with Invalid `key_file_kind_wrong`
    (kind) or `passphrase_too_short` (least).
    """
    if kind not in KEY_KINDS:
        raise Invalid("key_file_kind_wrong", kind=kind)
    public = {"point": p256.point(key).hex()}
    return _lock(kind, public, {"scalar": p256.scalar(key).hex()}, passphrase, draw, work)


def unlock_key(kind: str, raw: bytes, passphrase: str) -> p256.PrivateKey:
    """Return the private key of a key file.

    Refuses with Invalid `key_file_kind_wrong` (kind), `passphrase_wrong`, `private_key_wrong`, and as `read_canonical`
    and `canonical.Fields` do.
    """
    public, secret = _unlock(kind, raw, passphrase)
    key = p256.private_key(Fields(secret, "secret", "scalar").octets("scalar", p256.SCALAR_LENGTH))
    if p256.point(key) != Fields(public, "public", "point").octets("point", p256.POINT_LENGTH):
        raise Invalid("private_key_wrong")
    return key


def public_of(kind: str, raw: bytes) -> bytes:
    """Return the public key that a key file states, without its passphrase."""
    _, fields = _read(kind, raw)
    return Fields(fields.member("public"), "public", "point").octets("point", p256.POINT_LENGTH)


def lock_recovery(
    head: Head, keys: Mapping[str, PartKeys], passphrase: str, *, draw: shamir.Draw | None = None, work: int = WORK
) -> bytes:
    """Return the recovery file of a sealed bid: K1 and K2 of each part, for its bidder alone.

    With it the bidder gives K1 at the opening, and can open the bid if the custodians fail.
    """
    header = head.header
    public = {
        "header_sha256": head.sha256.hex(),
        "organisation": header.organisation,
        "tender": header.tender,
        "version": str(header.version),
    }
    names = [part.name for part in header.parts]
    parts = [{"k1": keys[name].k1.hex(), "k2": keys[name].k2.hex(), "name": name} for name in names]
    return _lock(RECOVERY, public, {"parts": parts}, passphrase, draw, work)


def unlock_recovery(raw: bytes, passphrase: str) -> RecoveredKeys:
    """Return what a recovery file holds; refuses as `unlock_key` does."""
    public, secret = _unlock(RECOVERY, raw, passphrase)
    stated = Fields(public, "public", "header_sha256 organisation tender version")
    keys = {
        part.text("name"): PartKeys(part.octets("k1", KEY_LENGTH), part.octets("k2", KEY_LENGTH))
        for part in Fields(secret, "secret", "parts").members("parts", 1, 2, "k1 k2 name")
    }
    return RecoveredKeys(
        tender=stated.identity("tender"),
        organisation=stated.identity("organisation"),
        version=stated.number("version", 1, 10**6),
        header_sha256=stated.octets("header_sha256", 32),
        keys=keys,
    )


def ask_possession(public: bytes, tender: str, randomness: Randomness | None = None) -> Challenge:
    """Return a challenge to the holder of a custodian's key, for one tender.

    Only `answer_sha256` need be kept; neither it nor the challenge tells the answer. Refuses with Invalid
    `public_key_wrong`.
    """
    randomness = randomness or Randomness()
    nonce = randomness.draw(32)
    sealed = randomness.hpke_seal(public, _POSSESSION + tender.encode("utf-8"), nonce)
    return Challenge(sealed, hashlib.sha256(_answer(nonce)).digest())


def answer_possession(key: p256.PrivateKey, tender: str, sealed: bytes) -> bytes:
    """Return the answer to a challenge; refuses with Invalid `challenge_unreadable` one not sealed to this key.

    The answer is a hash of what was sealed, so that nothing else sealed to the key can be read through a challenge.
    """
    nonce = p256.hpke_open(key, _POSSESSION + tender.encode("utf-8"), sealed)
    if nonce is None:
        raise Invalid("challenge_unreadable")
    return _answer(nonce)


def check_possession(answer: bytes, answer_sha256: bytes) -> None:
    """Refuse with Invalid `possession_unproven` an answer that is not the one to the challenge."""
    if not hmac.compare_digest(hashlib.sha256(answer).digest(), answer_sha256):
        raise Invalid("possession_unproven")


def _answer(nonce: bytes) -> bytes:
    return hashlib.sha256(_POSSESSION + nonce).digest()


def _derive(passphrase: str, salt: bytes, work: int) -> bytes:
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8")
    return Scrypt(salt=salt, length=32, n=work, r=_BLOCK, p=_LANES).derive(text)


def _lock(
    kind: str,
    public: Mapping[str, str],
    secret: Mapping[str, object],
    passphrase: str,
    draw: shamir.Draw | None,
    work: int,
) -> bytes:
    if len(unicodedata.normalize("NFC", passphrase)) < LEAST_PASSPHRASE:
        raise Invalid("passphrase_too_short", least=LEAST_PASSPHRASE)
    draw = draw or Randomness().draw
    salt, nonce = draw(_SALT), draw(_NONCE)
    plain: dict[str, object] = {
        "kdf": "scrypt",
        "kind": kind,
        "n": str(work),
        "nonce": nonce.hex(),
        "p": str(_LANES),
        "public": public,
        "r": str(_BLOCK),
        "salt": salt.hex(),
        "version": "1",
    }
    closed = AESGCM(_derive(passphrase, salt, work)).encrypt(nonce, canonical(secret), canonical(plain))
    return canonical({**plain, "ciphertext": closed.hex()})


def _read(kind: str, raw: bytes) -> tuple[dict[str, Json], Fields]:
    if len(raw) > _MOST_FILE:
        raise Invalid("json_not_canonical")
    value = read_canonical(raw)
    if not isinstance(value, dict):
        raise Invalid("json_not_canonical")
    if "kind" in value and value["kind"] != kind:
        raise Invalid("key_file_kind_wrong", kind=str(value["kind"])[:40])
    fields = Fields(value, "file", _NAMES)
    fields.text("version", "1")
    fields.text("kdf", "scrypt")
    fields.number("r", _BLOCK, _BLOCK)
    fields.number("p", _LANES, _LANES)
    return value, fields


def _unlock(kind: str, raw: bytes, passphrase: str) -> tuple[Json, Json]:
    value, fields = _read(kind, raw)
    work = fields.number("n", _LEAST_WORK, _MOST_WORK)
    if work & work - 1:
        raise fields.wrong("n")
    salt, nonce = fields.octets("salt", _SALT), fields.octets("nonce", _NONCE)
    closed = fields.octets("ciphertext", len(fields.text("ciphertext")) // 2)
    stated = canonical({name: item for name, item in value.items() if name != "ciphertext"})
    try:
        secret = AESGCM(_derive(passphrase, salt, work)).decrypt(nonce, closed, stated)
    except InvalidTag:
        raise Invalid("passphrase_wrong") from None
    return fields.member("public"), read_canonical(secret)
