"""Pure: sealing a bid so that nobody, the platform included, reads it before its opening.

The file key of each part is K = K1 xor K2. K2 is split among the custodians, t of n, each share sealed to one
custodian's key; K1 is the bidder's own lock, zeros where the tender asks for none. This runs where the bidder sits: in
the `gongbao seal` command, or in the page's script, which makes the same bytes (web/static/js/sealing.js).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import Invalid
from tender import p256, shamir
from tender.content import Content, content_length, manifest_of, plain_chunks
from tender.envelope import (
    KEY_LENGTH,
    NO_K1,
    SIGNATURE_LENGTH,
    Head,
    Header,
    Part,
    SealedShare,
    Terms,
    check_custodians,
    chunk_lengths,
    padded_size,
    read_header,
    signed_bytes,
)

_NONCE_PREFIX = 7


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs the header: the public key and what gives its signature; a city's own authority can stand in here."""

    public: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Randomness:
    """Where the unpredictable comes from; tests put their own in its place, nothing else does."""

    draw: shamir.Draw = secrets.token_bytes
    hpke_seal: Callable[[bytes, bytes, bytes], bytes] = p256.hpke_seal


@dataclass(frozen=True, slots=True)
class PartKeys:
    """The two halves of a part's file key, as the bidder's recovery file keeps them."""

    k1: bytes
    k2: bytes


@dataclass(frozen=True, slots=True)
class SealedBid:
    """What sealing gives beside the container: its signed head, and the keys that only the bidder may keep."""

    head: Head
    keys: Mapping[str, PartKeys]


def key_signer(key: p256.PrivateKey) -> Signer:
    """Return the signer of a bidder's own key."""
    return Signer(p256.point(key), lambda message: p256.sign(key, message))


def seal(
    terms: Terms,
    organisation: str,
    version: int,
    contents: Mapping[str, Content],
    signer: Signer,
    out: BinaryIO,
    randomness: Randomness | None = None,
) -> SealedBid:
    """Write the sealed envelope of one version of a bid to `out` and return its head and keys.

    `contents` has one entry for each of the terms' parts. `out` must allow seeking: the head is written last, when the
    ciphertexts are known. Memory stays at a few MiB whatever the files' size. Each part has a key of its own, used for
    nothing else. Refuses with Invalid `parts_wrong`, `threshold_wrong` (threshold, count), `custodian_repeated`,
    `public_key_wrong`, and as `content.manifest_of`, `content.plain_chunks` and `envelope.read_header` do.
    """
    if set(contents) != set(terms.parts):
        raise Invalid("parts_wrong")
    check_custodians(terms.threshold, terms.custodians)
    randomness = randomness or Randomness()
    manifests = {name: manifest_of(contents[name]) for name in terms.parts}
    sizes = {name: padded_size(content_length(contents[name], manifests[name])) for name in terms.parts}
    header = _empty_header(terms, organisation, version, signer.public)
    keys: dict[str, PartKeys] = {}
    parts: list[Part] = []
    for name in terms.parts:
        keys[name], part = _new_part(header, name, sizes[name], terms, randomness)
        parts.append(part)
    raw = replace(header, parts=tuple(parts)).to_bytes()
    read_header(raw)
    start = out.tell()
    out.write(bytes(len(signed_bytes(raw)) + SIGNATURE_LENGTH))
    for number, part in enumerate(parts):
        chunks = plain_chunks(contents[part.name], manifests[part.name], part.size)
        digest = _encrypt(header.context(part.name), keys[part.name], part.size, chunks, out)
        parts[number] = replace(part, chunks_sha256=digest)
    header = replace(header, parts=tuple(parts))
    raw = header.to_bytes()
    head = Head(header, raw, signer.sign(signed_bytes(raw)))
    p256.check_signature(signer.public, head.signature, signed_bytes(raw))
    out.seek(start)
    out.write(head.to_bytes())
    out.seek(0, 2)
    return SealedBid(head, keys)


def _empty_header(terms: Terms, organisation: str, version: int, signer: bytes) -> Header:
    return Header(
        tender=terms.tender,
        organisation=organisation,
        version=version,
        notice_sha256=terms.notice_sha256,
        amendment=terms.amendment,
        lock=terms.lock,
        threshold=terms.threshold,
        custodians=tuple(p256.fingerprint(key) for key in terms.custodians),
        signer=signer,
        parts=(),
    )


def _new_part(header: Header, name: str, size: int, terms: Terms, randomness: Randomness) -> tuple[PartKeys, Part]:
    """Return fresh keys for a part, and the part with its commitments and shares, its ciphertext still to come."""
    k2 = randomness.draw(KEY_LENGTH)
    k1 = randomness.draw(KEY_LENGTH) if terms.lock == "both" else NO_K1
    values = shamir.split(k2, terms.threshold, len(terms.custodians), randomness.draw)
    sealed = []
    for number, (public, value) in enumerate(zip(terms.custodians, values, strict=True)):
        share = bytes([number]) + value
        closed = randomness.hpke_seal(public, header.share_context(name, number), share)
        sealed.append(SealedShare(closed, hashlib.sha256(share).digest()))
    k1_sha256, k2_sha256 = hashlib.sha256(k1).digest(), hashlib.sha256(k2).digest()
    return PartKeys(k1, k2), Part(name, size, bytes(32), k1_sha256, k2_sha256, tuple(sealed))


class PartCipher:
    """The cipher of one part: AES-256-GCM chunk by chunk, each nonce saying which chunk it is and whether the last."""

    def __init__(self, context: bytes, keys: PartKeys) -> None:
        file_key = bytes(a ^ b for a, b in zip(keys.k1, keys.k2, strict=True))
        info = b"gongbao/content/1\x00" + context
        derived = HKDF(hashes.SHA256(), KEY_LENGTH + _NONCE_PREFIX, None, info).derive(file_key)
        self._cipher = AESGCM(derived[:KEY_LENGTH])
        self._prefix = derived[KEY_LENGTH:]
        self._context = context

    def _nonce(self, number: int, last: bool) -> bytes:
        return self._prefix + number.to_bytes(4, "big") + bytes([last])

    def seal(self, number: int, last: bool, plain: bytes) -> bytes:
        """Return a chunk encrypted, its tag behind it."""
        return self._cipher.encrypt(self._nonce(number, last), plain, self._context)

    def open(self, number: int, last: bool, closed: bytes) -> bytes:
        """Return a chunk decrypted; raises `cryptography.exceptions.InvalidTag` for any other bytes or place."""
        return self._cipher.decrypt(self._nonce(number, last), closed, self._context)


def _encrypt(context: bytes, keys: PartKeys, size: int, chunks: Iterable[bytes], out: BinaryIO) -> bytes:
    """Write a part's ciphertext and return the hash over its chunks."""
    cipher, digest = PartCipher(context, keys), hashlib.sha256()
    for number, (plain, (_, last)) in enumerate(zip(chunks, chunk_lengths(size), strict=True)):
        closed = cipher.seal(number, last, plain)
        digest.update(hashlib.sha256(closed).digest())
        out.write(closed)
    return digest.digest()
