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
from web.row_schema import GoodRow
from web.tables import clean_name, read_table


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
    content = stream.read(BYTES_MOST + 1)
    name = clean_name(filename)
    is_camt = name.lower().endswith(".xml")
    digest = hashlib.sha256(content).hexdigest()
    if is_camt:
        return ReadFile(name, digest, read_camt(content))
    report, columns = _read_list(content, filename, terms)
    return ReadFile(name, digest, report, columns)


def columns_of(session: Session, account: BankAccount) -> dict[str, str]:
    """Return field -> header of the last list of an account that was taken in; nothing before the first."""
    query = select(BankReport.columns).where(BankReport.account_id == account.id, BankReport.columns.is_not(None))
    return dict(session.scalar(query.order_by(BankReport.taken_at.desc()).limit(1)) or {})


def fitting(known: Mapping[str, str], headers: Sequence[str]) -> dict[str, str]:
    """Return those of the columns known from the last list that this one has too; none where a header is missing."""
    return dict(known) if set(known.values()) - {""} <= set(headers) else {}


def _read_list(content: bytes, filename: str, terms: ListTerms) -> tuple[Report, Mapping[str, str]]:
    opening_fen, closing_fen = parse_fen(terms.opening), parse_fen(terms.closing)
    with read_table(io.BytesIO(content), filename) as table:
        mapping = BANK_LINES.completed({**fitting(terms.known, table.headers), **terms.columns}, table.headers)
        reader = BANK_LINES.reader(table, mapping)
        good = list(reader)
    findings = list(reader.findings.listed)
    lines = [line for row in good if (line := _line(row, findings)) is not None]
    if findings or not lines:
        raise Invalid("bank_list_wrong", findings, count=max(len(findings), reader.findings.total))
    days: list[date] = [line.booked_on for line in lines]
    digest = hashlib.sha256(content).hexdigest()
    report = Report(digest[:32], terms.account_number, min(days), max(days), opening_fen, closing_fen, lines)
    return report, mapping.columns


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
