"""Pure: what a sealed envelope is made of, byte by byte (docs/envelope.md), and what a tender asks of it.

A container is: eight bytes `GONGBAO` 0x01, the header's length, the header (canonical JSON), the bidder's signature
over everything before it, then the encrypted parts in the header's order. Nothing may follow. The header is what the
receipt and the log cover: it names the tender, the organisation, the version and the custodians, and holds the SHA-256
of every key, share and ciphertext, so that nothing can be exchanged after it is signed.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import Invalid
from tender import p256, shamir
from tender.canonical import Fields, Json, canonical, read_canonical

VERSION, SUITE = "1", "INTL-1"
MAGIC = b"GONGBAO\x01"
_PREFIX = struct.Struct(">8sI")
SIGNATURE_LENGTH = 64
MOST_HEADER = 1 << 18

#: Plain bytes in a chunk, and what AES-GCM adds to each.
CHUNK, TAG = 1 << 20, 16
#: Bounds of a padded part. The least hides how long a price form is.
LEAST_SIZE, MOST_SIZE = 1 << 12, 1 << 32

KEY_LENGTH = 32
SHARE_LENGTH = 1 + KEY_LENGTH
#: HPKE adds the ephemeral point and the tag.
SEALED_SHARE_LENGTH = 65 + SHARE_LENGTH + TAG

#: A tender without the bidder's lock has this K1, which everyone knows.
NO_K1 = bytes(KEY_LENGTH)
NO_K1_SHA256 = hashlib.sha256(NO_K1).digest()
#: A rehearsal's dummy bid has this in place of the notice's hash; no real bid has.
REHEARSAL_NOTICE = bytes(32)
#: Versions and amendments count no further.
MOST_NUMBER = 10**6

#: The parts of a tender with one envelope, and of one with two.
ONE_ENVELOPE, TWO_ENVELOPES = ("bid",), ("technical", "price")
#: Who must give a key: the custodians alone, or they and the bidder.
LOCKS = ("custodians", "both")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a tender asks of every envelope; `custodians` are their public keys, in the order of their shares."""

    tender: str
    notice_sha256: bytes
    amendment: int
    lock: str
    parts: tuple[str, ...]
    threshold: int
    custodians: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """Return the terms as the file that bidders seal by."""
        return canonical(
            {
                "amendment": str(self.amendment),
                "custodians": [key.hex() for key in self.custodians],
                "envelope": VERSION,
                "lock": self.lock,
                "notice_sha256": self.notice_sha256.hex(),
                "parts": list(self.parts),
                "suite": SUITE,
                "tender": self.tender,
                "threshold": str(self.threshold),
            }
        )


@dataclass(frozen=True, slots=True)
class SealedShare:
    """One custodian's share of K2 under that custodian's key, and the SHA-256 of the share itself."""

    sealed: bytes
    share_sha256: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """One encrypted part: its padded size, the hash over its chunks, the hashes of its keys, the shares of K2."""

    name: str
    size: int
    chunks_sha256: bytes
    k1_sha256: bytes
    k2_sha256: bytes
    shares: tuple[SealedShare, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What the bidder signs. `custodians` are the SHA-256 of their public keys, in the order of the shares."""

    tender: str
    organisation: str
    version: int
    notice_sha256: bytes
    amendment: int
    lock: str
    threshold: int
    custodians: tuple[bytes, ...]
    signer: bytes
    parts: tuple[Part, ...]

    def to_bytes(self) -> bytes:
        """Return the header as canonical JSON, the bytes whose SHA-256 the receipt states."""
        return canonical(
            {
                "amendment": str(self.amendment),
                "custodians": [fingerprint.hex() for fingerprint in self.custodians],
                "envelope": VERSION,
                "lock": self.lock,
                "notice_sha256": self.notice_sha256.hex(),
                "organisation": self.organisation,
                "parts": [_part_json(part) for part in self.parts],
                "signer": self.signer.hex(),
                "suite": SUITE,
                "tender": self.tender,
                "threshold": str(self.threshold),
                "version": str(self.version),
            }
        )

    def part(self, name: str) -> Part:
        """Return one part; refuses with Invalid `part_unknown` (part)."""
        for part in self.parts:
            if part.name == name:
                return part
        raise Invalid("part_unknown", part=name)

    def context(self, part: str) -> bytes:
        """Return what binds a part's ciphertext to its place: the associated data of each of its chunks."""
        return canonical(self._place(part))

    def share_context(self, part: str, number: int) -> bytes:
        """Return what binds a sealed share to its place: the `info` of its HPKE.

        The notice is in it, so that a real bid cannot be put before custodians as a rehearsal, which has none.
        """
        own = {
            "custodian": self.custodians[number].hex(),
            "notice_sha256": self.notice_sha256.hex(),
            "number": str(number),
        }
        return b"gongbao/share/1\x00" + canonical({**self._place(part), **own})

    def _place(self, part: str) -> dict[str, str]:
        return {
            "envelope": VERSION,
            "organisation": self.organisation,
            "part": part,
            "suite": SUITE,
            "tender": self.tender,
            "version": str(self.version),
        }


@dataclass(frozen=True, slots=True)
class Head:
    """The signed beginning of a container: the header, its exact bytes, the signature over them."""

    header: Header
    raw: bytes
    signature: bytes

    @property
    def sha256(self) -> bytes:
        """The header's hash, which the receipt states and the log covers."""
        return hashlib.sha256(self.raw).digest()

    @property
    def length(self) -> int:
        """Where in the container the first part begins."""
        return _PREFIX.size + len(self.raw) + SIGNATURE_LENGTH

    def to_bytes(self) -> bytes:
        """Return the container's bytes up to the first part."""
        return signed_bytes(self.raw) + self.signature


def _part_json(part: Part) -> dict[str, object]:
    return {
        "chunks_sha256": part.chunks_sha256.hex(),
        "k1_sha256": part.k1_sha256.hex(),
        "k2_sha256": part.k2_sha256.hex(),
        "name": part.name,
        "shares": [{"sealed": share.sealed.hex(), "sha256": share.share_sha256.hex()} for share in part.shares],
        "size": str(part.size),
    }


def signed_bytes(header: bytes) -> bytes:
    """Return what the bidder signs: the container's first bytes up to the end of the header."""
    return _PREFIX.pack(MAGIC, len(header)) + header


def padded_size(length: int) -> int:
    """Return the size that a part of this length is padded to: Padme (at most 12 % more), at least 4 KiB.

    >>> padded_size(100), padded_size(1_000_000), padded_size(padded_size(1_000_000))
    (4096, 1015808, 1015808)
    """
    exponent = max(length, 1).bit_length() - 1
    step = 1 << exponent - exponent.bit_length()
    return max(LEAST_SIZE, -(-length // step) * step)


def chunk_lengths(size: int) -> Iterator[tuple[int, bool]]:
    """Yield the plain length of each chunk of a padded part, and whether it is the last.

    >>> list(chunk_lengths(CHUNK + 4096))
    [(1048576, False), (4096, True)]
    """
    for start in range(0, size, CHUNK):
        yield min(CHUNK, size - start), start + CHUNK >= size


def sealed_size(size: int) -> int:
    """Return the length of a padded part's ciphertext: each chunk and its tag.

    >>> sealed_size(4096), sealed_size(CHUNK + 4096)
    (4112, 1052704)
    """
    return size + TAG * -(-size // CHUNK)


def read_terms(raw: bytes) -> Terms:
    """Return the terms that a file states.

    Refuses with Invalid `json_not_canonical`, `sealing_field_missing`, `sealing_field_unknown`, `sealing_field_wrong`
    (field), `suite_unknown` (suite), `threshold_wrong` (threshold, count), `public_key_wrong` or `custodian_repeated`.
    """
    names = "amendment custodians envelope lock notice_sha256 parts suite tender threshold"
    fields = _known(read_canonical(raw), "terms", names)
    terms = Terms(
        tender=fields.identity("tender"),
        notice_sha256=fields.octets("notice_sha256", 32),
        amendment=fields.number("amendment", 0, MOST_NUMBER),
        lock=fields.text("lock", *LOCKS),
        parts=_part_names(fields.items("parts", 1, 2)),
        threshold=fields.number("threshold", 0, shamir.MOST_SHARES),
        custodians=fields.octets_list("custodians", p256.POINT_LENGTH, 2, shamir.MOST_SHARES),
    )
    for key in terms.custodians:
        p256.public_key(key)
    check_custodians(terms.threshold, terms.custodians)
    return terms


def _known(value: Json, where: str, names: str) -> Fields:
    """Return the members of an object whose `envelope` and `suite` this program knows."""
    if isinstance(value, dict) and {"envelope", "suite"} <= value.keys():
        stated = f"{value['suite']}/{value['envelope']}"
        if stated != f"{SUITE}/{VERSION}":
            raise Invalid("suite_unknown", suite=stated[:40])
    return Fields(value, where, names)


def _part_names(listed: Sequence[Json]) -> tuple[str, ...]:
    for names in (ONE_ENVELOPE, TWO_ENVELOPES):
        if tuple(listed) == names:
            return names
    raise Invalid("parts_wrong")


def check_custodians(threshold: int, custodians: tuple[bytes, ...]) -> None:
    """Refuse a threshold that one person could reach or that all cannot, and a custodian named twice."""
    if threshold < 2:
        raise Invalid("threshold_wrong", threshold=threshold, count=len(custodians))
    shamir.check_threshold(threshold, len(custodians))
    if len(set(custodians)) != len(custodians):
        raise Invalid("custodian_repeated")


def read_header(raw: bytes) -> Header:
    """Return the header that canonical JSON states; refuses as `read_terms` does."""
    names = "amendment custodians envelope lock notice_sha256 organisation parts signer suite tender threshold version"
    fields = _known(read_canonical(raw), "header", names)
    custodians = fields.octets_list("custodians", 32, 2, shamir.MOST_SHARES)
    threshold = fields.number("threshold", 0, shamir.MOST_SHARES)
    check_custodians(threshold, custodians)
    named = "chunks_sha256 k1_sha256 k2_sha256 name shares size"
    parts = tuple(_read_part(part, len(custodians)) for part in fields.members("parts", 1, 2, named))
    _part_names([part.name for part in parts])
    header = Header(
        tender=fields.identity("tender"),
        organisation=fields.identity("organisation"),
        version=fields.number("version", 1, MOST_NUMBER),
        notice_sha256=fields.octets("notice_sha256", 32),
        amendment=fields.number("amendment", 0, MOST_NUMBER),
        lock=fields.text("lock", *LOCKS),
        threshold=threshold,
        custodians=custodians,
        signer=fields.octets("signer", p256.POINT_LENGTH),
        parts=parts,
    )
    for part in parts:
        if (part.k1_sha256 == NO_K1_SHA256) != (header.lock == "custodians"):
            raise Invalid("sealing_field_wrong", field=f"header/parts/{part.name}/k1_sha256")
    return header


def _read_part(fields: Fields, custodians: int) -> Part:
    size = fields.number("size", LEAST_SIZE, MOST_SIZE)
    if padded_size(size) != size:
        raise fields.wrong("size")
    return Part(
        name=fields.text("name"),
        size=size,
        chunks_sha256=fields.octets("chunks_sha256", 32),
        k1_sha256=fields.octets("k1_sha256", 32),
        k2_sha256=fields.octets("k2_sha256", 32),
        shares=tuple(
            SealedShare(share.octets("sealed", SEALED_SHARE_LENGTH), share.octets("sha256", 32))
            for share in fields.members("shares", custodians, custodians, "sealed sha256")
        ),
    )


def read_head(container: BinaryIO) -> Head:
    """Return the signed beginning of a container, read from where the stream stands up to the first part.

    The signature is checked with the key that the header itself names; whose key that is, `sealing.verify_sealed` asks.
    Refuses with Invalid `envelope_unrecognised`, `envelope_cut_short`, `envelope_header_too_long` (most),
    `signature_wrong`, and as `read_header` does.
    """
    try:
        magic, length = _PREFIX.unpack(read_exactly(container, _PREFIX.size))
    except Invalid:
        raise Invalid("envelope_unrecognised") from None
    if magic != MAGIC:
        raise Invalid("envelope_unrecognised")
    if length > MOST_HEADER:
        raise Invalid("envelope_header_too_long", most=MOST_HEADER)
    raw = read_exactly(container, length)
    signature = read_exactly(container, SIGNATURE_LENGTH)
    header = read_header(raw)
    p256.check_signature(header.signer, signature, signed_bytes(raw))
    return Head(header, raw, signature)


def read_exactly(container: BinaryIO, length: int) -> bytes:
    """Return exactly so many bytes; refuses with Invalid `envelope_cut_short` where the stream ends before."""
    pieces = []
    while length:
        piece = container.read(length)
        if not piece:
            raise Invalid("envelope_cut_short")
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)
