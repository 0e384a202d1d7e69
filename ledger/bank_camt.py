"""A bank's statement as ISO 20022 camt.053.001.08, read into a report. Pure: bytes in, plain values out.

One statement (Stmt) of one account in CNY with its opening (OPBD, or PRCD) and closing (CLBD) booked balances; every
booked entry is a line. Every wrong element is named with the line of the file it stands on, all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.errors import Finding, Invalid
from ledger.bank_reports import Report, ReportLine
from ledger.bank_xml import Node, read_xml
from ledger.money import LIMIT_FEN

_AMOUNT = re.compile(r"([0-9]{1,16})(?:\.([0-9]{0,5}))?", re.ASCII)
#: A statement's own name (Max35Text), and the number of an account (an IBAN, or Max34Text).
_NAME_MOST, _ACCOUNT_MOST = 35, 34
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?", re.ASCII | re.DOTALL)


@dataclass
class _Reading:
    """What was found wrong while a file is read."""

    findings: list[Finding] = field(default_factory=list)

    def wrong(self, node: Node, what: str) -> None:
        self.findings.append(Finding("camt_element_wrong", f"line {node.line}", {"element": what, "row": node.line}))

    def amount(self, node: Node, path: str = "Amt") -> int:
        """Return the signed fen of an amount and its indicator: what came in is positive."""
        amount, side = node.first(path), node.told("CdtDbtInd")
        read = _AMOUNT.fullmatch(amount.text.strip()) if amount is not None else None
        if amount is None or read is None or amount.attributes.get("Ccy") != "CNY" or (read[2] or "")[2:].strip("0"):
            self.wrong(amount or node, path)
            return 0
        fen = int(read[1]) * 100 + int((read[2] or "")[:2].ljust(2, "0"))
        if fen > LIMIT_FEN or side not in ("CRDT", "DBIT"):
            self.wrong(amount, path if fen > LIMIT_FEN else "CdtDbtInd")
            return 0
        return fen if side == "CRDT" else -fen

    def day(self, node: Node, *paths: str) -> date:
        """Return the day of the first of these elements that is there."""
        text = next((told for path in paths if (told := node.told(path))), "")
        read = _DAY.fullmatch(text)
        try:
            return date.fromisoformat(read[1] if read else "")
        except ValueError:
            self.wrong(node, paths[0])
            return date(1, 1, 1)


def read_camt(content: bytes) -> Report:
    """Return the report that a camt.053.001.08 file holds.

    Refuses what `ledger.bank_xml.read_xml` refuses; Invalid `camt_not_this` for any other document; `camt_wrong` with a
    finding `camt_element_wrong` for each element that is missing, unreadable or too long.
    """
    root = read_xml(content)
    statements = list(root.all("BkToCstmrStmt/Stmt"))
    if root.name != "Document" or len(statements) != 1:
        raise Invalid("camt_not_this", count=len(statements))
    statement, reading = statements[0], _Reading()
    entries = [entry for entry in statement.all("Ntry") if _status(entry) == "BOOK"]
    lines = [_line(reading, entry) for entry in entries]
    days = [line.booked_on for line in lines]
    number = statement.told("Acct/Id/Othr/Id") or statement.told("Acct/Id/IBAN")
    if not 0 < len(number) <= _ACCOUNT_MOST:
        reading.wrong(statement, "Acct/Id")
    report = Report(
        reference=statement.told("Id"),
        account_number=number,
        from_on=_end(reading, statement, "FrDtTm", days, min),
        until_on=_end(reading, statement, "ToDtTm", days, max),
        opening_fen=_balance(reading, statement, ("OPBD", "PRCD")),
        closing_fen=_balance(reading, statement, ("CLBD",)),
        lines=lines,
    )
    if not 0 < len(report.reference) <= _NAME_MOST:
        reading.wrong(statement, "Id")
    if reading.findings:
        raise Invalid("camt_wrong", reading.findings)
    return report


def _status(entry: Node) -> str:
    return entry.told("Sts/Cd") or entry.told("Sts")


def _end(
    reading: _Reading, statement: Node, name: str, days: Sequence[date], pick: Callable[[Sequence[date]], date]
) -> date:
    """Return the first or last day that a statement is about: as it says, or that of its lines."""
    if statement.first(f"FrToDt/{name}") is None and days:
        return pick(days)
    return reading.day(statement, f"FrToDt/{name}")


def _balance(reading: _Reading, statement: Node, codes: Sequence[str]) -> int:
    """Return a booked balance by its code, the first code that is there."""
    by_code = {one.told("Tp/CdOrPrtry/Cd"): one for one in statement.all("Bal")}
    found = next((by_code[code] for code in codes if code in by_code), None)
    if found is None:
        reading.wrong(statement, f"Bal {codes[0]}")
        return 0
    return reading.amount(found)


def _line(reading: _Reading, entry: Node) -> ReportLine:
    """Return an entry as a line; the other side is whoever paid where money came in, who was paid where it went."""
    amount_fen = reading.amount(entry)
    details = list(entry.all("NtryDtls/TxDtls"))
    other = "Dbtr" if amount_fen >= 0 else "Cdtr"
    names = [one.told(f"RltdPties/{other}/Pty/Nm") or one.told(f"RltdPties/{other}/Nm") for one in details]
    numbers = [one.told(f"RltdPties/{other}Acct/Id/Othr/Id") for one in details]
    about = [text.text.strip() for one in details for text in one.all("RmtInf/Ustrd")]
    ends = [one.told("Refs/EndToEndId") for one in details]
    told = [*ends, *about, entry.told("AddtlNtryInf")]
    return ReportLine(
        place=f"line {entry.line}",
        booked_on=reading.day(entry, "BookgDt/Dt", "BookgDt/DtTm"),
        amount_fen=amount_fen,
        reference=entry.told("AcctSvcrRef") or entry.told("NtryRef"),
        name="；".join(dict.fromkeys(one for one in names if one)),
        number="；".join(dict.fromkeys(one for one in numbers if one)),
        about=" ".join(dict.fromkeys(one for one in told if one and one != "NOTPROVIDED")),
    )
