"""Papers as PDF: the same rows give the same bytes, every character printed, nothing fetched from outside."""

from __future__ import annotations

import contextlib
import io
import threading
from types import ModuleType

from core.errors import Conflict
from web.documents import papers
from web.documents.fonts import check_glyphs, installed
from web.documents.papers import Paper
from web.documents.rows import ConfirmationRows, StatementRows
from web.documents.tender_rows import AgreementRows, OpeningRecordRows, ReceiptRows

PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
#: Pango is not safe to enter twice, and one document at a time bounds what a process takes.
_ONE_AT_A_TIME = threading.Lock()


def statement_pdf(rows: StatementRows) -> bytes:
    """Return a member's statement, unsigned. Refuses as `pdf_of` does."""
    return pdf_of(papers.statement_paper(rows, installed()))


def confirmation_pdf(rows: ConfirmationRows) -> bytes:
    """Return the confirmation of a statement, unsigned. Refuses as `pdf_of` does."""
    return pdf_of(papers.confirmation_paper(rows, installed()))


def agreement_pdf(rows: AgreementRows) -> bytes:
    """Return a co-insurance agreement, unsigned, with space for every party's seal. Refuses as `pdf_of` does."""
    return pdf_of(papers.agreement_paper(rows, installed()))


def opening_record_pdf(rows: OpeningRecordRows) -> bytes:
    """Return the record of an opening, unsigned. Refuses as `pdf_of` does."""
    return pdf_of(papers.opening_record_paper(rows, installed()))


def receipt_pdf(rows: ReceiptRows) -> bytes:
    """Return the receipt for a sealed bid, unsigned. Refuses as `pdf_of` does."""
    return pdf_of(papers.receipt_paper(rows, installed()))


def pdf_of(paper: Paper) -> bytes:
    """Return the paper as PDF; equal papers give equal bytes on one installation.

    Refuses `print_font_missing` without a Chinese font, `glyph_missing` for a character no font has,
    `print_engine_missing` without Pango, `document_asset_refused` when anything but an asset is asked for.
    """
    check_glyphs([paper.text], installed())
    with _ONE_AT_A_TIME:
        body: bytes = _engine().write_pdf(paper.html, paper.assets, paper.identifier)
    return body


def _engine() -> ModuleType:
    # WeasyPrint prints a banner and raises OSError, not ImportError, where Pango's libraries are absent.
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            from web.documents import engine
    except OSError as missing:
        raise Conflict("print_engine_missing", packages=PACKAGES) from missing
    return engine
