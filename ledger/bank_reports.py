"""A bank's own statement of an account: what came in and went out, held against its balances. Pure.

It is called a report here, because a statement is what a member gets at a close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core.errors import Finding, Invalid
from ledger.money import plain_fen

#: No report has more lines.
LINES_MOST = 20_000
#: No text of a line is longer; what a bank writes is kept whole or not taken.
TEXT_MOST = 500
_REFERENCE_MOST = 100


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line: its place for people, its day, fen (positive: came in), the bank's reference, who, what for."""

    place: str
    booked_on: date
    amount_fen: int
    reference: str
    name: str = ""
    number: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a bank says of an account over some days: the balance before, the lines, the balance after, in fen."""

    reference: str
    account_number: str
    from_on: date
    until_on: date
    opening_fen: int
    closing_fen: int
    lines: Sequence[ReportLine]

    @property
    def difference_fen(self) -> int:
        """Return what the closing balance has beyond the opening one and the lines; nothing where it is whole.

        >>> day = date(2026, 4, 17)
        >>> Report("R", "1", day, day, 100, 350, [ReportLine("1", day, 250, "a")]).difference_fen
        0
        """
        return self.closing_fen - self.opening_fen - sum(line.amount_fen for line in self.lines)


def checked(report: Report) -> Report:
    """Return a report that is whole in itself; refuses Invalid `bank_report_wrong` with everything that is wrong.

    The findings: `bank_report_unbalanced` (opening, lines, closing, difference), `bank_report_days_wrong`,
    `bank_report_too_long`; of a line `bank_line_amount_zero`, `bank_line_outside_days`, `bank_line_reference_missing`,
    `bank_line_reference_twice`, `bank_line_text_too_long`.
    """
    findings: list[Finding] = []
    if report.from_on > report.until_on:
        findings.append(Finding("bank_report_days_wrong", ""))
    if len(report.lines) > LINES_MOST:
        findings.append(Finding("bank_report_too_long", "", {"most": LINES_MOST}))
    seen: dict[str, str] = {}
    for line in report.lines:
        findings += _of_line(report, line, seen)
    if report.difference_fen:
        facts: dict[str, object] = {
            "opening": plain_fen(report.opening_fen),
            "lines": plain_fen(sum(line.amount_fen for line in report.lines)),
            "closing": plain_fen(report.closing_fen),
            "difference": plain_fen(report.difference_fen),
        }
        findings.append(Finding("bank_report_unbalanced", "", facts))
    if findings:
        raise Invalid("bank_report_wrong", findings)
    return report


def _of_line(report: Report, line: ReportLine, seen: dict[str, str]) -> list[Finding]:
    """Return what is wrong with a line; `seen` is reference -> place of those before it."""
    found = []
    if line.amount_fen == 0:
        found.append(Finding("bank_line_amount_zero", line.place))
    if not report.from_on <= line.booked_on <= report.until_on:
        found.append(Finding("bank_line_outside_days", line.place, {"day": line.booked_on}))
    if not line.reference or len(line.reference) > _REFERENCE_MOST:
        found.append(Finding("bank_line_reference_missing", line.place))
    elif line.reference in seen:
        first = seen[line.reference]
        found.append(Finding("bank_line_reference_twice", line.place, {"reference": line.reference, "first": first}))
    if max(len(text) for text in (line.name, line.number, line.about)) > TEXT_MOST:
        found.append(Finding("bank_line_text_too_long", line.place, {"most": TEXT_MOST}))
    seen.setdefault(line.reference, line.place)
    return found
