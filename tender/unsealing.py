"""Pure: what a sealed envelope shows to one without keys, and how it is opened by those who together have them.

The server never holds a private key. Before the deadline it checks that an envelope is whole, signed and sealed for
this tender (`verify_sealed`). At the opening it takes the shares and keys that their holders opened, each checked
against its commitment in the signed header (`check_share`, `check_bidder_key`), and only then decrypts
(`open_envelope`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Container, Iterable
from typing import BinaryIO

from cryptography.exceptions import InvalidTag

from core.errors import Invalid
from tender import p256, shamir
from tender.content import ContentReader, FileEntry, OpenedPart, Writable
from tender.envelope import (
    NO_K1,
    REHEARSAL_NOTICE,
    SHARE_LENGTH,
    TAG,
    Head,
    Header,
    Part,
    Terms,
    chunk_lengths,
    read_exactly,
    read_head,
    sealed_size,
)
from tender.sealing import PartCipher, PartKeys

#: Over the first 4,096 bytes of a ciphertext `_unevenness` has mean 255 and spread 23; for text it is in the thousands.
_SAMPLE, _MOST_UNEVEN = 4096, 600


def verify_sealed(
    container: BinaryIO,
    terms: Terms,
    organisation: str,
    version: int,
    signer: bytes,
    *,
    used_keys: Container[bytes] = (),
    most_bytes: int | None = None,
) -> Head:
    """Return the head of a container that a server without any key may accept as this organisation's bid.

    The stream is read once, to its end, in chunks. Checked: the format to the last byte, the signature and that
    `signer` is the organisation's registered key, that tender, notice, amendment, custodians, lock and parts are the
    tender's, the organisation and the version, every ciphertext's hash, that no K2 commitment is in `used_keys` (those
    of the earlier versions), and that the ciphertext is not plain text. Whether the shares are what they claim only the
    custodians can see, at the opening.

    Refuses with Invalid `envelope_not_of_this` (what), `signer_unknown`, `key_used_before` (part), `envelope_too_long`
    (most), `ciphertext_changed` (part), `not_encrypted` (part), `envelope_goes_on`, `public_key_wrong`, and as
    `envelope.read_head` does.
    """
    head = read_head(container)
    _check_belongs(head.header, terms, organisation, version)
    if head.header.signer != signer:
        raise Invalid("signer_unknown")
    length = head.length + sum(sealed_size(part.size) for part in head.header.parts)
    if most_bytes is not None and length > most_bytes:
        raise Invalid("envelope_too_long", most=most_bytes)
    seen: set[bytes] = set()
    for part in head.header.parts:
        if part.k2_sha256 in used_keys or part.k2_sha256 in seen:
            raise Invalid("key_used_before", part=part.name)
        seen.add(part.k2_sha256)
        for share in part.shares:
            p256.public_key(share.sealed[: p256.POINT_LENGTH])
        _check_ciphertext(container, part)
    if container.read(1):
        raise Invalid("envelope_goes_on")
    return head


def _check_belongs(header: Header, terms: Terms, organisation: str, version: int) -> None:
    fingerprints = tuple(p256.fingerprint(key) for key in terms.custodians)
    for what, found, wanted in (
        ("tender", header.tender, terms.tender),
        ("organisation", header.organisation, organisation),
        ("version", header.version, version),
        ("notice", header.notice_sha256, terms.notice_sha256),
        ("amendment", header.amendment, terms.amendment),
        ("lock", header.lock, terms.lock),
        ("threshold", header.threshold, terms.threshold),
        ("custodians", header.custodians, fingerprints),
        ("parts", tuple(part.name for part in header.parts), terms.parts),
    ):
        if found != wanted:
            raise Invalid("envelope_not_of_this", what=what)


def _check_ciphertext(container: BinaryIO, part: Part) -> None:
    """Read a part's ciphertext; refuse one whose hash is not the header's, or that is plain to see."""
    digest = hashlib.sha256()
    for number, (length, _) in enumerate(chunk_lengths(part.size)):
        closed = read_exactly(container, length + TAG)
        digest.update(hashlib.sha256(closed).digest())
        if number == 0 and _unevenness(closed[:_SAMPLE]) > _MOST_UNEVEN:
            raise Invalid("not_encrypted", part=part.name)
    if digest.digest() != part.chunks_sha256:
        raise Invalid("ciphertext_changed", part=part.name)


def _unevenness(sample: bytes) -> int:
    """Return how far the 256 byte values are from equally frequent (chi squared); ciphertext stays near 255."""
    return sum((256 * sample.count(value) - len(sample)) ** 2 for value in range(256)) // (256 * len(sample))


def open_share(key: p256.PrivateKey, head: Head, part: str, *, rehearsal: bool = False) -> bytes:
    """Return a custodian's share of a part's K2, opened with the custodian's own key and checked.

    The first byte is the share's number. Runs where the custodian sits; the server never does this. With `rehearsal`
    only a dummy bid's share is opened, so that a rehearsal cannot be used to read a real bid early. Refuses with
    Invalid `not_a_rehearsal`, `custodian_unknown`, `share_unreadable` (custodian) where it was not sealed to this key
    for this part of this bid, `share_wrong` (custodian) where it is not what the header commits to, `part_unknown`
    (part).
    """
    if rehearsal and head.header.notice_sha256 != REHEARSAL_NOTICE:
        raise Invalid("not_a_rehearsal")
    fingerprint = p256.fingerprint(p256.point(key))
    if fingerprint not in head.header.custodians:
        raise Invalid("custodian_unknown")
    number = head.header.custodians.index(fingerprint)
    sealed = head.header.part(part).shares[number].sealed
    share = p256.hpke_open(key, head.header.share_context(part, number), sealed)
    if share is None:
        raise Invalid("share_unreadable", custodian=number + 1)
    if check_share(head, part, share) != number:
        raise Invalid("share_wrong", custodian=number + 1)
    return share


def check_share(head: Head, part: str, share: bytes) -> int:
    """Return whose share of a part's K2 this is (0 for the first custodian), checked against its commitment.

    Refuses with Invalid `share_foreign` what belongs to no custodian of this bid, `share_wrong` (custodian) what is not
    the share that the bidder committed to: damaged, or of another bid or part.
    """
    commitments = head.header.part(part).shares
    if len(share) != SHARE_LENGTH or share[0] >= len(commitments):
        raise Invalid("share_foreign")
    number = share[0]
    if not hmac.compare_digest(hashlib.sha256(share).digest(), commitments[number].share_sha256):
        raise Invalid("share_wrong", custodian=number + 1)
    return number


def join_shares(head: Head, part: str, shares: Iterable[bytes]) -> bytes:
    """Return a part's K2 from any `threshold` of its shares; more may be given, every one is checked.

    Refuses with Invalid `share_repeated` (custodian), `shares_too_few` (have, need), `custodian_key_wrong` (part) where
    the shares are as committed but do not make the committed key (the bidder's doing), and as `check_share` does.
    """
    values: dict[int, bytes] = {}
    for share in shares:
        number = check_share(head, part, share)
        if number in values:
            raise Invalid("share_repeated", custodian=number + 1)
        values[number] = share[1:]
    need = head.header.threshold
    if len(values) < need:
        raise Invalid("shares_too_few", have=len(values), need=need)
    k2 = shamir.value_at(dict(sorted(values.items())[:need]), shamir.SECRET_AT)
    check_custodian_key(head, part, k2)
    return k2


def check_custodian_key(head: Head, part: str, k2: bytes) -> None:
    """Refuse with Invalid `custodian_key_wrong` (part) a K2 that is not the one committed to."""
    if not hmac.compare_digest(hashlib.sha256(k2).digest(), head.header.part(part).k2_sha256):
        raise Invalid("custodian_key_wrong", part=part)


def check_bidder_key(head: Head, part: str, k1: bytes) -> None:
    """Refuse with Invalid `bidder_key_wrong` (part) a K1 that is not the one committed to."""
    if not hmac.compare_digest(hashlib.sha256(k1).digest(), head.header.part(part).k1_sha256):
        raise Invalid("bidder_key_wrong", part=part)


def open_envelope(
    container: BinaryIO,
    part: str,
    *,
    shares: Iterable[bytes] = (),
    k2: bytes | None = None,
    k1: bytes | None = None,
    header_sha256: bytes | None = None,
    into: Callable[[FileEntry], Writable] | None = None,
) -> OpenedPart:
    """Return what one part of a bid says, opened with custodians' shares (or K2 itself) and the bidder's K1.

    K1 is needed where the tender has the bidder's lock. `header_sha256` is what the receipt states; a container with
    another header is refused. Files are kept in memory, or written to what `into` gives for each; if this refuses,
    whatever was written must be thrown away. `container` must allow seeking; it is read twice: the hashes first, so
    that a changed ciphertext (the platform's fault) and one badly sealed (the bidder's) are told apart.

    Refuses with Invalid `receipt_differs`, `bidder_key_missing` (part), `bidder_key_wrong` (part),
    `ciphertext_changed` (part), `content_unreadable` (part, chunk), `content_wrong` (why), and as `join_shares` and
    `read_head` do.
    """
    start = container.tell()
    head = read_head(container)
    if header_sha256 is not None and head.sha256 != header_sha256:
        raise Invalid("receipt_differs")
    keys = _keys(head, part, list(shares), k2, k1)
    stated = head.header.part(part)
    before = head.header.parts[: head.header.parts.index(stated)]
    start += head.length + sum(sealed_size(earlier.size) for earlier in before)
    container.seek(start)
    _check_ciphertext(container, stated)
    container.seek(start)
    cipher, reader = PartCipher(head.header.context(part), keys), ContentReader(stated.size, into)
    for number, (length, last) in enumerate(chunk_lengths(stated.size)):
        try:
            plain = cipher.open(number, last, read_exactly(container, length + TAG))
        except InvalidTag:
            raise Invalid("content_unreadable", part=part, chunk=number + 1) from None
        reader.feed(plain)
    return reader.finish()


def _keys(head: Head, part: str, shares: list[bytes], k2: bytes | None, k1: bytes | None) -> PartKeys:
    if k2 is None:
        k2 = join_shares(head, part, shares)
    check_custodian_key(head, part, k2)
    if k1 is None:
        if head.header.lock == "both":
            raise Invalid("bidder_key_missing", part=part)
        k1 = NO_K1
    check_bidder_key(head, part, k1)
    return PartKeys(k1, k2)
