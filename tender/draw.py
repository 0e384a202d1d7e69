"""Pure: the public draw between bids that are equal on everything; anyone can repeat it from the published record.

`seed = SHA-256("notice:" + notice hash + "|nonces:" + the bidders' nonces, sorted, joined by ",")`; the bids stand in
the order of `SHA-256(seed + "|" + id)`, smallest first. Each nonce is sealed in a bid and known to nobody else before
the opening, and the notice is fixed before the first bid: so nobody can steer the draw unless all bidders collude.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from core.errors import Invalid

_NOTICE_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NONCE = re.compile(r"([0-9a-f]{2}){1,64}", re.ASCII)


def draw_seed(notice_hash: str, nonces: Iterable[str]) -> str:
    """Return the seed as 64 hex digits.

    `notice_hash` is the SHA-256 of the published notice; `nonces` are whole bytes in lower-case hex, in any order.
    Refuses with Invalid `draw_notice_hash_wrong`, `draw_nonce_wrong` (nonce) and `draw_without_nonces`: text that
    could be read as two nonces, or no nonce at all, would let somebody choose the seed.

    >>> draw_seed("0" * 64, ["bb", "aa", "cc"])
    'ee229de24be8a2c5bdc507e4e3209588b78a60674417c307af60a98d8a30d30d'
    """
    if not _NOTICE_HASH.fullmatch(notice_hash):
        raise Invalid("draw_notice_hash_wrong")
    revealed = sorted(nonces)
    if not revealed:
        raise Invalid("draw_without_nonces")
    for nonce in revealed:
        if not _NONCE.fullmatch(nonce):
            raise Invalid("draw_nonce_wrong", nonce=nonce[:40])
    return sha256(f"notice:{notice_hash}|nonces:{','.join(revealed)}".encode()).hexdigest()


def lot(seed: str, bid: str) -> str:
    """Return the lot of one bid, 64 hex digits; the smallest lot stands first.

    >>> lot(draw_seed("0" * 64, ["aa", "bb", "cc"]), "D")[:8]
    '709addc6'
    """
    return sha256(f"{seed}|{bid}".encode()).hexdigest()


def drawn_order(seed: str, bids: Iterable[str]) -> list[str]:
    """Return equal bids in the order of their lots, the winner first, whatever the order they came in.

    >>> drawn_order(draw_seed("0" * 64, ["aa", "bb", "cc"]), ["B", "D"])
    ['D', 'B']
    """
    return sorted(bids, key=lambda bid: lot(seed, bid))


def settle(groups: Sequence[Sequence[str]], seed: str) -> list[str]:
    """Return all bids in one order: the groups of a ranking as they stand, each tie in the order of its lots.

    >>> settle([("C",), ("A",), ("B", "D")], draw_seed("0" * 64, ["aa", "bb", "cc"]))
    ['C', 'A', 'D', 'B']
    """
    return [bid for group in groups for bid in drawn_order(seed, group)]
