"""A bank's statement from a file: camt.053 as it stands, or a list with its columns mapped and its balances typed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.errors import Finding, Invalid
from ledger.bank_camt import read_camt
from ledger.bank_models import BankAccount, BankReport
from ledger.bank_reports import Report, ReportLine
from ledger.bank_xml import BYTES_MOST
from ledger.money import parse_fen
from web.bank_columns import BANK_LINES
from web.cells import Limits
from web.row_schema import GoodRow
from web.tables import clean_name, read_table

#: What an uploaded list is kept for between the steps of its walk.
PURPOSE = "bank_list"


@dataclass(frozen=True, slots=True)
class ListTerms:
    """What a list does not say by itself: the account, the balances before and after, which column is which.

    `known` is how the last list of the account was read; what fits this one's headers is taken from it.
    """

    account_number: str
    opening: str
    closing: str
    columns: Mapping[str, str]
    known: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as read: its name, its digest, and what the bank says in it."""

    name: str
    digest: str
    report: Report
    columns: Mapping[str, str] | None = None


def read_file(stream: IO[bytes], filename: str, terms: ListTerms) -> ReadFile:
    """Return what a file holds: XML is camt.053.001.08, anything else a list.

    Refuses Invalid with what `ledger.bank_camt.read_camt` and `web.tables.read_table` refuse; `bank_list_wrong` with a
    finding for every bad cell and row; `invalid_amount` for a balance.
    """
    if clean_name(filename).lower().endswith(".xml"):
        return read_camt_file(stream, filename)
    content = stream.read(Limits().file_bytes + 1)
    digest = hashlib.sha256(content).hexdigest()
    read = read_list(io.BytesIO(content), filename, terms)
    return ReadFile(clean_name(filename), digest, report_of(read, digest, terms), read.columns)


def read_camt_file(stream: IO[bytes], filename: str) -> ReadFile:
    """Return what a camt.053.001.08 file holds; refuses Invalid with what `ledger.bank_camt.read_camt` refuses."""
    content = stream.read(BYTES_MOST + 1)
    return ReadFile(clean_name(filename), hashlib.sha256(content).hexdigest(), read_camt(content))


def columns_of(session: Session, account: BankAccount) -> dict[str, str]:
    """Return field -> header of the last list of an account that was taken in; nothing before the first."""
    query = select(BankReport.columns).where(BankReport.account_id == account.id, BankReport.columns.is_not(None))
    return dict(session.scalar(query.order_by(BankReport.taken_at.desc()).limit(1)) or {})


def fitting(known: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Return those of the columns known from the last list that this one has too; none where a header is missing."""
    return dict(known) if set(known.values()) - {""} <= set(headers) else {}


@dataclass(frozen=True, slots=True)
class ReadList:
    """A list as read: its lines, what is wrong with its rows (of so many the first), and how its columns were read."""

    lines: Sequence[ReportLine]
    findings: Sequence[Finding]
    wrong: int
    columns: Mapping[str, str]


def read_list(stream: IO[bytes], filename: str, terms: ListTerms, *, sheet: str | None = None) -> ReadList:
    """Return the rows of a list; refuses Invalid with what `web.tables.read_table` and the columns refuse."""
    with read_table(stream, filename, sheet=sheet) as table:
        mapping = BANK_LINES.completed({**fitting(terms.known, table.headers), **terms.columns}, table.headers)
        reader = BANK_LINES.reader(table, mapping)
        good = list(reader)
    unclear: list[Finding] = []
    lines = [line for row in good if (line := _line(row, unclear)) is not None]
    wrong = reader.findings.total + len(unclear)
    return ReadList(lines, [*reader.findings.listed, *unclear], wrong, mapping.columns)


def report_of(read: ReadList, digest: str, terms: ListTerms) -> Report:
    """Return a list as a bank's statement; refuses Invalid `bank_list_wrong`, and `invalid_amount` for a balance."""
    opening_fen, closing_fen = parse_fen(terms.opening), parse_fen(terms.closing)
    if read.findings or not read.lines:
        raise Invalid("bank_list_wrong", read.findings, count=read.wrong)
    days: list[date] = [line.booked_on for line in read.lines]
    return Report(digest[:32], terms.account_number, min(days), max(days), opening_fen, closing_fen, read.lines)


def _line(row: GoodRow, findings: list[Finding]) -> ReportLine | None:
    """Return a row as a line; where its amount is not clear, add the finding and return nothing."""
    values = row.values
    told = [
        fen
        for fen in (values["amount_fen"], values["in_fen"], -values["out_fen"] if values["out_fen"] else None)
        if fen
    ]
    if len(told) != 1:
        findings.append(Finding("bank_row_amount_unclear", f"row {row.number}", {"row": row.number}))
        return None
    return ReportLine(
        place=f"row {row.number}",
        booked_on=values["booked_on"],
        amount_fen=told[0],
        reference=values["reference"],
        name=values["name"] or "",
        number=values["number"] or "",
        about=values["about"] or "",
    )
