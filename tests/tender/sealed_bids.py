"""Makers of sealed bids for tests: a tender's keys, its terms, an envelope, and envelopes forged in known ways."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tender import p256
from tender.content import Content
from tender.envelope import Head, Header, Part, Terms, chunk_lengths, signed_bytes
from tender.sealing import PartCipher, PartKeys, SealedBid, key_signer, seal

TENDER = "01938000-0000-7000-8000-00000000000a"
OTHER_TENDER = "01938000-0000-7000-8000-00000000000b"
ORGANISATION = "01938000-0000-7000-8000-0000000000f1"
OTHER_ORGANISATION = "01938000-0000-7000-8000-0000000000f2"

CUSTODIANS = [p256.new_key() for _ in range(7)]
BIDDER = p256.new_key()


def make_terms(threshold: int = 2, count: int = 3, *, lock: str = "both", parts: tuple[str, ...] = ("bid",)) -> Terms:
    """Terms of a tender with the first `count` custodians."""
    keys = tuple(p256.point(key) for key in CUSTODIANS[:count])
    return Terms(TENDER, hashlib.sha256(b"notice").digest(), 0, lock, parts, threshold, keys)


@dataclass(frozen=True)
class Made:
    """A sealed bid with everything that its bidder knows."""

    terms: Terms
    container: bytes
    bid: SealedBid

    @property
    def head(self) -> Head:
        return self.bid.head

    @property
    def stream(self) -> io.BytesIO:
        return io.BytesIO(self.container)

    @property
    def bodies(self) -> list[bytes]:
        """The ciphertext of each part."""
        bodies, at = [], self.head.length
        for part in self.head.header.parts:
            length = sum(length + 16 for length, _ in chunk_lengths(part.size))
            bodies.append(self.container[at : at + length])
            at += length
        return bodies


def make_bid(
    terms: Terms | None = None,
    contents: Mapping[str, Content] | None = None,
    *,
    organisation: str = ORGANISATION,
    version: int = 1,
) -> Made:
    """A bid of `BIDDER` sealed for the terms; its form says the price of each part unless told otherwise."""
    terms = terms or make_terms()
    contents = contents or {name: Content({"price": f"1140.00 {name}"}) for name in terms.parts}
    out = io.BytesIO()
    bid = seal(terms, organisation, version, contents, key_signer(BIDDER), out)
    return Made(terms, out.getvalue(), bid)


def sign_container(header: Header, bodies: list[bytes], key: p256.PrivateKey = BIDDER) -> bytes:
    """A container whose header is signed as it stands, whatever follows it."""
    return signed_container(header.to_bytes(), bodies, key)


def signed_container(raw: bytes, bodies: list[bytes], key: p256.PrivateKey = BIDDER) -> bytes:
    """A container of any header bytes at all, rightly signed."""
    return signed_bytes(raw) + p256.sign(key, signed_bytes(raw)) + b"".join(bodies)


def chunks_hash(body: bytes) -> bytes:
    """The hash over a part's chunks, as the header states it."""
    step = (1 << 20) + 16
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return hashlib.sha256(b"".join(hashlib.sha256(piece).digest() for piece in pieces)).digest()


def with_body(made: Made, body: bytes, **changes: object) -> bytes:
    """The same bid of one part with another ciphertext, its hash put right and signed again by the bidder."""
    [part] = made.head.header.parts
    changed: Part = replace(part, chunks_sha256=chunks_hash(body), **changes)  # type: ignore[arg-type]
    return sign_container(replace(made.head.header, parts=(changed,)), [body])


def seal_plain(made: Made, plain: bytes) -> bytes:
    """The same bid of one part with any plain bytes at all as its stream (as long as a padded size)."""
    keys: PartKeys = made.bid.keys["bid"]
    cipher = PartCipher(made.head.header.context("bid"), keys)
    body, at = b"", 0
    for number, (length, last) in enumerate(chunk_lengths(len(plain))):
        body += cipher.seal(number, last, plain[at : at + length])
        at += length
    return with_body(made, body, size=len(plain))
