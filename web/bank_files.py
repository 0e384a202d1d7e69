"""A bank's statement from a file: camt.053 as it stands, or a list with its columns mapped and its balances typed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import IO

from core.errors import Finding, Invalid
from ledger.bank_camt import read_camt
from ledger.bank_reports import Report, ReportLine
from ledger.bank_xml import BYTES_MOST
from ledger.money import parse_fen
from web.bank_columns import BANK_LINES
from web.row_schema import GoodRow
from web.tables import clean_name, read_table


@dataclass(frozen=True, slots=True)
class ListTerms:
    """What a list does not say by itself: the account, the balances before and after, which column is which."""

    account_number: str
    opening: str
    closing: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A file as read: its name, its digest, and what the bank says in it."""

    name: str
    digest: str
    report: Report


def read_file(stream: IO[bytes], filename: str, terms: ListTerms) -> ReadFile:
    """Return what a file holds: XML is camt.053.001.08, anything else a list.

    Refuses Invalid with what `ledger.bank_camt.read_camt` and `web.tables.read_table` refuse; `bank_list_wrong` with a
    finding for every bad cell and row; `invalid_amount` for a balance.
    """
    content = stream.read(BYTES_MOST + 1)
    name = clean_name(filename)
    is_camt = name.lower().endswith(".xml")
    report = read_camt(content) if is_camt else _read_list(content, filename, terms)
    return ReadFile(name, hashlib.sha256(content).hexdigest(), report)


def _read_list(content: bytes, filename: str, terms: ListTerms) -> Report:
    opening_fen, closing_fen = parse_fen(terms.opening), parse_fen(terms.closing)
    with read_table(io.BytesIO(content), filename) as table:
        reader = BANK_LINES.reader(table, BANK_LINES.completed(terms.columns, table.headers))
        good = list(reader)
    findings = list(reader.findings.listed)
    lines = [line for row in good if (line := _line(row, findings)) is not None]
    if findings or not lines:
        raise Invalid("bank_list_wrong", findings, count=max(len(findings), reader.findings.total))
    days: list[date] = [line.booked_on for line in lines]
    digest = hashlib.sha256(content).hexdigest()
    return Report(digest[:32], terms.account_number, min(days), max(days), opening_fen, closing_fen, lines)


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
