"""Pure: the form of a bid, the fields in its envelope that decide: price, lines, will to lead, nonce for the draw."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from core.errors import Invalid
from tender.canonical import Json

#: The fields of a form; an envelope may hold others, which nobody reckons with.
FIELDS = ("price_fen", "line_bp", "floor_bp", "will_lead", "nonce")

_NUMBER = re.compile(r"0|[1-9][0-9]{0,11}", re.ASCII)
_NONCE = re.compile(r"([0-9a-f]{2}){16,64}", re.ASCII)
_WHOLE_BP = 10_000
_MOST_FEN = 10**9


@dataclass(frozen=True, slots=True)
class BidForm:
    """What a bid says in figures.

    `price_fen` is the gross premium of one lift for one year; `line_bp` the written line, the largest share that the
    insurer takes, `floor_bp` the least; `nonce` at least 16 random bytes in hex that nobody else knows before the
    opening, the insurer's part in a public draw.
    """

    price_fen: int
    line_bp: int
    floor_bp: int
    will_lead: bool
    nonce: str

    def fields(self) -> dict[str, Json]:
        """Return the form as the fields of an envelope."""
        return {
            "price_fen": str(self.price_fen),
            "line_bp": str(self.line_bp),
            "floor_bp": str(self.floor_bp),
            "will_lead": self.will_lead,
            "nonce": self.nonce,
        }


def new_nonce() -> str:
    """Return a nonce for a form."""
    return secrets.token_hex(16)


def read_form(fields: Mapping[str, Json]) -> BidForm:
    """Return the form that an envelope's fields hold.

    Refuses with Invalid `form_wrong` (field) where one is missing or cannot be: amounts are whole numbers as text, the
    price is above 0, 0 <= floor <= line <= 10 000 with a line above 0.

    >>> form = BidForm(128600, 4000, 500, True, "00" * 16)
    >>> read_form(form.fields()) == form
    True
    """
    line_bp = _number(fields, "line_bp", 1, _WHOLE_BP)
    will_lead, nonce = fields.get("will_lead"), fields.get("nonce")
    if not isinstance(will_lead, bool):
        raise Invalid("form_wrong", field="will_lead")
    if not isinstance(nonce, str) or not _NONCE.fullmatch(nonce):
        raise Invalid("form_wrong", field="nonce")
    return BidForm(
        price_fen=_number(fields, "price_fen", 1, _MOST_FEN),
        line_bp=line_bp,
        floor_bp=_number(fields, "floor_bp", 0, line_bp),
        will_lead=will_lead,
        nonce=nonce,
    )


def _number(fields: Mapping[str, Json], name: str, least: int, most: int) -> int:
    text = fields.get(name)
    if not isinstance(text, str) or not _NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise Invalid("form_wrong", field=name)
    return int(text)
