"""Rows into the HTML of a paper and the few assets it may use; what is laid out is decided here, not in the engine."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from jinja2 import Environment, FunctionLoader, StrictUndefined

from ledger.money import format_fen, in_words
from web.documents import wording
from web.documents.annex import TABLE_MAX, annex_head, annex_pages
from web.documents.articles import articles_of, numeral
from web.documents.drawing import qr_code, share_bar
from web.documents.fonts import Face, css_families
from web.documents.rows import ConfirmationRows, Share, StatementRows, Verification, net_due, rows_digest
from web.documents.tender_rows import AgreementRows, OpeningRecordRows, ReceiptRows

#: Beyond this many movements an annex on paper serves nobody and takes too much memory; sheet and CSV hold them all.
MOVEMENTS_MAX = 20_000
_TAGS = re.compile(r"<[^>]*>")


class Asset(NamedTuple):
    """One thing a paper may fetch, by its id: the media type and the bytes."""

    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper ready to be laid out: its HTML, its assets by id, and a file identifier that follows from both."""

    html: str
    assets: Mapping[str, Asset]

    @property
    def text(self) -> str:
        """Return every character that can come to print: the text and what the pictures say."""
        drawn = [asset.body.decode() for asset in self.assets.values()]
        return "".join(html.unescape(_TAGS.sub(" ", part)) for part in (self.html, *drawn))

    @property
    def identifier(self) -> bytes:
        """Return the PDF file identifier, in hex: made from the content, never from a clock."""
        told = sha256(self.html.encode())
        for name in sorted(self.assets):
            told.update(name.encode() + self.assets[name].body)
        return told.hexdigest()[:32].encode()


def statement_paper(rows: StatementRows, faces: Sequence[Face]) -> Paper:
    """Return a statement: the answer, the short table, the shares, then the annex.

    Beyond 20,000 movements it says that the sheet and the CSV are the annex; its digest is over all of them.
    """
    face = next((face for face in faces if face.mono_family), None)
    is_apart = len(rows.movements) > MOVEMENTS_MAX
    pages, head = [], ""
    if len(rows.movements) > TABLE_MAX and face is not None and not is_apart:
        head = annex_head(face.advance)
        pages = list(annex_pages(rows.movements, face.advance))
    reasons = {movement.reason: movement for movement in rows.movements}
    return _paper(
        "statement.html",
        faces,
        rows.verification,
        rows.shares,
        rows=rows,
        answer=net_due(rows),
        digest=rows_digest(rows),
        annex_head=head,
        annex_pages=pages,
        is_annex_apart=is_apart,
        reasons=list(reasons.values()),
    )


def confirmation_paper(rows: ConfirmationRows, faces: Sequence[Face]) -> Paper:
    """Return the confirmation of a statement: its answer, who issued it and who agreed, and its digest."""
    zh, en = ("成员应付共保体", "Due from the member to the pool")
    if rows.statement.balance_fen > 0:
        zh, en = ("共保体应付成员", "Due to the member from the pool")
    answer, digest = net_due(rows.statement), rows_digest(rows.statement)
    if rows.statement.balance_fen:
        answer = replace(answer, label_zh=zh, label_en=en)
    return _paper("confirmation.html", faces, rows.verification, rows=rows, answer=answer, digest=digest)


def agreement_paper(rows: AgreementRows, faces: Sequence[Face]) -> Paper:
    """Return a co-insurance agreement with the awarded shares, its terms and the service standard annexed."""
    return _paper("agreement.html", faces, rows.verification, rows.shares, rows=rows, articles=articles_of(rows))


def opening_record_paper(rows: OpeningRecordRows, faces: Sequence[Face]) -> Paper:
    """Return the record of an opening: when, who, and what was read out, in the order received."""
    opened = sum(bid.is_opened for bid in rows.bids)
    return _paper("opening_record.html", faces, rows.verification, rows=rows, opened=opened)


def receipt_paper(rows: ReceiptRows, faces: Sequence[Face]) -> Paper:
    """Return a bid receipt: the time to the millisecond, the digests, and the proof a bidder can check alone."""
    return _paper("receipt.html", faces, rows.verification, rows=rows)


def _paper(
    name: str, faces: Sequence[Face], verification: Verification, shares: Sequence[Share] = (), **facts: object
) -> Paper:
    assets = {
        "paper.css": Asset("text/css", _style(tuple(faces)).encode()),
        "qr.svg": Asset("image/svg+xml", qr_code(verification.url).encode()),
    }
    if shares:
        bar = share_bar(shares, html.escape(css_families(faces)))
        assets["shares.svg"] = Asset("image/svg+xml", bar.encode())
    return Paper(_environment().get_template(name).render(**facts), assets)


def _style(faces: tuple[Face, ...]) -> str:
    """Return the style sheet with the installed families in the place of its two stand-ins."""
    mono = ", ".join(f'"{face.mono_family}"' for face in faces if face.mono_family)
    families = css_families(faces)
    text = "\n".join(_read(part) for part in ("paper.css", "paper_annex.css"))
    return text.replace('"Paper Columns"', f"{mono}, {families}" if mono else families).replace(
        '"Paper Sans"', families
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_read),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "money": format_fen,
        "in_words": in_words,
        "date_zh": wording.date_zh,
        "date_en": wording.date_en,
        "beijing": wording.beijing,
        "beijing_minute": wording.beijing_minute,
        "percent": wording.percent,
    }
    environment.globals |= {
        "share_text": wording.share_text,
        "carry_text": wording.carry_text,
        "numeral": numeral,
    }
    return environment


def _read(name: str) -> str:
    return files("templates").joinpath("print", name).read_text(encoding="utf-8")
