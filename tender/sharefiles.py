"""Pure: the file in which a custodian hands over the shares that were opened away from the page.

Canonical JSON: the tender, the part, and for each bid its header's hash and the share. It holds no private key, but
whoever collects as many of these files as the threshold says can open the bids; it is handed over at the opening only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.errors import Invalid
from tender.canonical import Fields, canonical, read_canonical
from tender.envelope import SHARE_LENGTH, Head

_MOST_BIDS, _MOST_FILE = 1000, 1 << 20


@dataclass(frozen=True, slots=True)
class OpenedShares:
    """One custodian's shares of one part of a tender's bids, by the hash of each bid's header."""

    tender: str
    part: str
    shares: Mapping[bytes, bytes]


def write_shares(tender: str, part: str, opened: Iterable[tuple[Head, bytes]]) -> bytes:
    """Return the share file of one part of a tender's bids."""
    shares = [{"header_sha256": head.sha256.hex(), "share": share.hex()} for head, share in opened]
    return canonical({"kind": "shares", "part": part, "shares": shares, "tender": tender, "version": "1"})


def read_shares(raw: bytes) -> OpenedShares:
    """Return what a share file holds; each share is yet to be checked against its bid (`unsealing.check_share`).

    Refuses with Invalid `json_not_canonical`, `sealing_field_missing`, `sealing_field_unknown`, `sealing_field_wrong`
    (field).
    """
    if len(raw) > _MOST_FILE:
        raise Invalid("json_not_canonical")
    fields = Fields(read_canonical(raw), "shares", "kind part shares tender version")
    fields.text("kind", "shares")
    fields.text("version", "1")
    entries = fields.members("shares", 0, _MOST_BIDS, "header_sha256 share")
    shares = {entry.octets("header_sha256", 32): entry.octets("share", SHARE_LENGTH) for entry in entries}
    if len(shares) != len(entries):
        raise fields.wrong("shares")
    return OpenedShares(fields.identity("tender"), fields.text("part"), shares)
