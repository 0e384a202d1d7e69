"""The invariants of kept statements: each file says what the book says, and the paper is as it was signed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from core.checks import Broken, Found, Invariant, every, found, rows
from core.errors import Invalid, NotFound
from core.papers import Paper, Store
from core.settings import Settings
from ledger import statements
from ledger.models import Statement
from ledger.money import parse_fen
from web.documents import signing
from web.documents.sheets import ITEMS, SUMMARY
from web.statement_paper import CONFIRMATION, FILES

#: Every issued statement has all its files or, until the job has made them, none; they are its member's.
FILES_BELONG = every(
    rows(
        "statement {number}",
        """
        SELECT s.number, s.id, s.stage, count(DISTINCT p.kind) AS kinds, count(*) AS files FROM paper p
        JOIN statement s ON s.id::text = p.subject_id WHERE p.subject_kind = 'statement' AND p.kind <> :confirmation
        GROUP BY s.id HAVING s.stage = 'draft' OR count(*) <> :files OR count(DISTINCT p.kind) <> :files
            OR bool_or(p.organisation_id IS DISTINCT FROM s.organisation_id) OR bool_or(p.kind <> ALL (:kinds))
        """,
        confirmation=CONFIRMATION.kind,
        files=len(FILES),
        kinds=[file.kind for file in FILES.values()],
    ),
    rows(
        "paper {id}",
        """
        SELECT p.id, p.kind, p.digest, e.facts ->> 'sha256' AS logged FROM paper p
        LEFT JOIN statement s ON s.id::text = p.subject_id
        LEFT JOIN audit_event e ON e.object_kind = 'statement' AND e.object_id = p.subject_id
            AND e.action = 'statement.papers_kept'
        WHERE p.subject_kind = 'statement' AND (s.id IS NULL
            OR (p.kind = :pdf AND e.facts ->> 'sha256' IS DISTINCT FROM p.digest))
        """,
        pdf=FILES["pdf"].kind,
    ),
)

#: A statement has one confirmation at most, which is its member's, made after it agreed and as the log has it.
CONFIRMATIONS_BELONG = every(
    rows(
        "confirmation {id}",
        """
        SELECT p.id, s.number, s.stage, p.organisation_id, p.digest, e.facts ->> 'sha256' AS logged FROM paper p
        LEFT JOIN statement s ON s.id::text = p.subject_id
        LEFT JOIN audit_event e ON e.object_kind = 'statement' AND e.object_id = p.subject_id
            AND e.action = 'statement.confirmation_kept'
        WHERE p.kind = :kind AND (s.id IS NULL OR p.subject_kind <> 'statement' OR s.stage NOT IN ('agreed', 'settled')
            OR p.organisation_id IS DISTINCT FROM s.organisation_id OR e.facts ->> 'sha256' IS DISTINCT FROM p.digest
            OR p.made_at < s.answered_at)
        """,
        kind=CONFIRMATION.kind,
    ),
    rows(
        "statement {subject_id}",
        """
        SELECT subject_id, count(*) AS papers FROM paper WHERE kind = :kind GROUP BY subject_id HAVING count(*) > 1
        """,
        kind=CONFIRMATION.kind,
    ),
    rows(
        "statement {object_id}",
        """
        SELECT e.object_id, e.facts ->> 'sha256' AS logged FROM audit_event e
        WHERE e.object_kind = 'statement' AND e.action = 'statement.confirmation_kept'
            AND NOT EXISTS (SELECT FROM paper p WHERE (p.kind, p.subject_id) = (:kind, e.object_id))
        """,
        kind=CONFIRMATION.kind,
    ),
)

#: What a file says: the balance, the amounts of its lines (none: it has no lines), the amounts of its movements.
Said = tuple[int, list[int] | None, list[int] | None]


def _json_says(body: bytes) -> Said:
    data: Mapping[str, Any] = json.loads(body)
    lines, movements = ([row["amount_fen"] for row in data[name]] for name in ("lines", "movements"))
    return int(data["balance_fen"]), lines, movements


def _amounts(body: bytes) -> list[int]:
    """Return the last column of a CSV."""
    table = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    return [parse_fen(row[-1]) for row in table[1:]]


def _summary_says(body: bytes) -> Said:
    *lines, net = _amounts(body)
    return net, lines, None


def _items_say(body: bytes) -> Said:
    movements = _amounts(body)
    return sum(movements), None, movements


def _workbook_says(body: bytes) -> Said:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    except CalamineError as wrong:
        raise ValueError(str(wrong)) from wrong
    summary = book.get_sheet_by_name(SUMMARY).to_python(skip_empty_area=False)
    first = next(place for place, row in enumerate(summary) if row[0] == "项目") + 1
    net = next(place for place, row in enumerate(summary) if row[0] == "净额")
    items = book.get_sheet_by_name(ITEMS).to_python(skip_empty_area=False)[1:]
    movements = [_cell_fen(row[6]) for row in items[:-1]]
    lines = [_cell_fen(row[3]) for row in summary[first:net]]
    return _cell_fen(items[-1][6]), [*lines], movements


def _cell_fen(cell: object) -> int:
    """Return the fen of a cell: a workbook keeps the nearest binary number, two decimals bring the amount back."""
    return parse_fen(format(cell, ".2f"))


_READERS: Mapping[str, Callable[[bytes], Said]] = {
    "json": _json_says,
    "summary.csv": _summary_says,
    "items.csv": _items_say,
    "xlsx": _workbook_says,
}


def trusted_by(settings: Settings) -> tuple[x509.Certificate, ...]:
    """Return the certificates whose signatures on papers are ours; nothing where no paper was ever signed."""
    own = settings.signing_certificate_file or settings.signing_key_file
    file = Path(own) if own else settings.state_dir / "keys" / signing.SIGNER_FILE
    return tuple(x509.load_pem_x509_certificates(file.read_bytes())) if file.exists() else ()


def statement_files_in(store: Store, trusted: Sequence[x509.Certificate], *, at: datetime) -> Invariant:
    """Return the invariant that the kept files of statements say what the book says, and that the papers are signed.

    With nothing in `trusted` a signature must be whole, whoever made it.
    """

    def check(connection: Connection) -> Found:
        with Session(connection) as session:
            return FILES_BELONG(connection) + found(_wrong_files(session, store, trusted, at))

    return Invariant(
        "INV-S2",
        "每份已签发结算单的文件齐全，其 JSON、CSV 与 XLSX 重新相加与账簿一致，PDF 的签名完整有效",
        "Every issued statement's files are all there, JSON, CSV and XLSX re-added agree with the book, and the PDF is "
        "exactly what was signed",
        check,
        is_heavy=True,
    )


def confirmations_in(store: Store, trusted: Sequence[x509.Certificate], *, at: datetime) -> Invariant:
    """Return the invariant that kept confirmations are their statements', made once agreed, and as they were signed.

    With nothing in `trusted` a signature must be whole, whoever made it.
    """

    def check(connection: Connection) -> Found:
        with Session(connection) as session:
            return CONFIRMATIONS_BELONG(connection) + found(_wrong_confirmations(session, store, trusted, at))

    return Invariant(
        "INV-S6",
        "每份对账确认函属于已确认的结算单，一份结算单至多一份，在确认之后制作，签名完整有效",
        "Every confirmation is of a statement that was agreed to, one a statement at most, made after the agreement, "
        "and exactly what was signed",
        check,
        is_heavy=True,
    )


def _wrong_confirmations(
    session: Session, store: Store, trusted: Sequence[x509.Certificate], at: datetime
) -> Iterator[Broken]:
    query = select(Paper).where(Paper.kind == CONFIRMATION.kind).order_by(Paper.name, Paper.id)
    for paper in session.scalars(query):
        try:
            with store.open(paper.digest) as file:
                why = _why_unsigned(file.read(), trusted, at)
        except (Invalid, NotFound) as refused:
            why = str(refused)
        except (ValueError, LookupError, TypeError) as wrong:
            why = f"it cannot be read: {wrong}"
        if why:
            yield Broken(f"confirmation {paper.name}", {"paper": paper.id, "why": why})


def _wrong_files(session: Session, store: Store, trusted: Sequence[x509.Certificate], at: datetime) -> Iterator[Broken]:
    names = {file.kind: name for name, file in FILES.items()}
    query = select(Paper, Statement).join(Statement, Statement.id.cast(Paper.subject_id.type) == Paper.subject_id)
    query = query.where(Paper.subject_kind == "statement", Paper.kind != CONFIRMATION.kind)
    query = query.order_by(Statement.number, Paper.kind)
    for paper, statement in session.execute(query):
        name = names.get(paper.kind)
        try:
            with store.open(paper.digest) as file:
                body = file.read()
            why = _why_unsigned(body, trusted, at) if name == "pdf" else _why_other(session, statement, name, body)
        except (Invalid, NotFound) as refused:
            why = str(refused)
        except (ValueError, LookupError, TypeError) as wrong:
            why = f"it cannot be read: {wrong}"
        if why:
            yield Broken(f"{name} of statement {statement.number}", {"paper": paper.id, "why": why})


def _why_unsigned(body: bytes, trusted: Sequence[x509.Certificate], at: datetime) -> str:
    said = signing.verify(body, trusted, at=at)
    if said.is_good or (not trusted and said.is_signed and said.is_intact and said.covers_all):
        return ""
    return f"signed {said.is_signed}, intact {said.is_intact}, whole {said.covers_all}, trusted {said.is_trusted}"


def _why_other(session: Session, statement: Statement, name: str | None, body: bytes) -> str:
    """Return how a file differs from the book; "" where it does not."""
    if name is None:
        return "nobody knows this kind"
    balance_fen, lines, movements = _READERS[name](body)
    if balance_fen != statement.balance_fen:
        return f"its balance is {balance_fen} fen, the book's {statement.balance_fen}"
    if lines is not None and lines != [line.amount_fen for line in statements.lines(session, statement)]:
        return "its lines are not the book's"
    if movements is not None and movements != [one.amount_fen for one in statements.movements(session, statement)]:
        return "its movements are not the book's"
    return ""
