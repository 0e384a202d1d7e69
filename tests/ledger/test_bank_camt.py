"""The bank's own statement: camt.053 read whole or not at all, every wrong element named; strangers' XML kept out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.bank_camt import read_camt
from ledger.bank_reports import LINES_MOST, Report, ReportLine, checked
from ledger.bank_xml import DEPTH_MOST, read_xml
from ledger.money import plain_fen
from tests.makers_bank import LEAD_NUMBER, camt, line_of

DAY = date(2026, 4, 17)
LINES = [
    line_of(2_651_624, "R-1", name="丁财险（示例）", number="0200000003000000", about="SA-1-2026Q1-04 结算款"),
    line_of(-86_454, "R-2", name="乙财险（示例）", number="0200000001000000", about="SA-1-2026Q1-02"),
]


def _codes(content: bytes, code: str) -> list[tuple[str, object]]:
    with pytest.raises(Invalid, match=code) as refused:
        checked(read_camt(content))
    return [(one.code, one.facts.get("element")) for one in refused.value.findings]


def test_a_statement_is_read_line_by_line() -> None:
    """Account, days, balances; of every booked entry its day, signed fen, the bank's reference, the other side."""
    report = checked(read_camt(camt(LINES, opening_fen=10_000)))
    assert (report.account_number, report.from_on, report.until_on) == (LEAD_NUMBER, DAY, DAY)
    assert (report.opening_fen, report.closing_fen, report.difference_fen) == (10_000, 2_575_170, 0)
    assert [(one.booked_on, one.amount_fen, one.reference) for one in report.lines] == [
        (DAY, 2_651_624, "R-1"),
        (DAY, -86_454, "R-2"),
    ]
    assert [(one.name, one.number, one.about) for one in report.lines] == [
        (one.name, one.number, one.about) for one in LINES
    ]


def test_what_is_not_booked_yet_is_no_line() -> None:
    """A pending entry is left out, and the balances are of what is booked."""
    content = camt(LINES)
    last = content.rindex(b"<Cd>BOOK</Cd>")
    report = read_camt(content[:last] + b"<Cd>PDNG</Cd>" + content[last + 13 :])
    assert [one.reference for one in report.lines] == ["R-1"]
    with pytest.raises(Invalid, match="bank_report_wrong"):
        checked(report)


@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), max_size=20), st.integers(-(10**12), 10**12))
def test_the_balances_hold_or_the_difference_is_told(amounts: list[int], opening: int) -> None:
    """Opening and lines are the closing balance; a fen less or more is refused with the difference."""
    lines = [line_of(fen, f"R-{n}") for n, fen in enumerate(amounts)]
    report = checked(read_camt(camt(lines, opening_fen=opening)))
    assert [one.amount_fen for one in report.lines] == amounts
    with pytest.raises(Invalid, match="bank_report_wrong") as refused:
        checked(replace(report, closing_fen=report.closing_fen + 1))
    (finding,) = refused.value.findings
    assert (finding.code, finding.facts["difference"]) == ("bank_report_unbalanced", plain_fen(1))


@pytest.mark.parametrize(
    ("old", "new", "element"),
    [
        (b'Ccy="CNY">26516.24', b'Ccy="USD">26516.24', "Amt"),
        (b">26516.24<", b">26516.245<", "Amt"),
        (b">26516.24<", b">1e9<", "Amt"),
        (b"<CdtDbtInd>DBIT</CdtDbtInd>", b"", "CdtDbtInd"),
        (b"<BookgDt><Dt>2026-04-17</Dt></BookgDt>", b"<BookgDt><Dt>2026-02-31</Dt></BookgDt>", "BookgDt/Dt"),
        (b"<Cd>CLBD</Cd>", b"<Cd>XXXX</Cd>", "Bal CLBD"),
        (b"<Othr><Id>0200000000000000</Id></Othr>", b"", "Acct/Id"),
        (b"<Othr><Id>0200000000000000</Id></Othr>", b"<Othr><Id>" + b"0" * 35 + b"</Id></Othr>", "Acct/Id"),
        (b"<Id>S-1</Id>", b"", "Id"),
        (b"<Id>S-1</Id>", b"<Id>" + b"S" * 36 + b"</Id>", "Id"),
    ],
)
def test_every_wrong_element_is_named(old: bytes, new: bytes, element: str) -> None:
    """Another currency, part of a fen, no side, a day that is none, a balance missing, a name missing or too long."""
    content = camt(LINES)
    assert old in content
    assert ("camt_element_wrong", element) in _codes(content.replace(old, new, 1), "camt_wrong")


def test_all_wrong_elements_come_at_once() -> None:
    """Two bad entries are two findings, each with its line of the file."""
    content = camt(LINES).replace(b'<Amt Ccy="CNY">', b'<Amt Ccy="XXX">')
    assert len(_codes(content, "camt_wrong")) == 4


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (line_of(5, "R-1"), "bank_line_reference_twice"),
        (line_of(5, ""), "bank_line_reference_missing"),
        (line_of(0, "R-9"), "bank_line_amount_zero"),
        (line_of(5, "R-9", on=date(2026, 4, 18)), "bank_line_outside_days"),
        (line_of(5, "R-9", about="长" * 501), "bank_line_text_too_long"),
    ],
)
def test_every_wrong_line_is_named(line: ReportLine, code: str) -> None:
    """A reference twice or none, nothing moved, a day outside, a text without end: the line is named."""
    total = sum(one.amount_fen for one in (*LINES, line))
    report = Report("S-1", LEAD_NUMBER, DAY, DAY, 0, total, [*LINES, line])
    with pytest.raises(Invalid, match="bank_report_wrong") as refused:
        checked(report)
    assert [(one.code, one.where) for one in refused.value.findings] == [(code, line.place)]


def test_days_that_go_back_and_lines_without_end_are_refused() -> None:
    """A statement begins before it ends, and is no longer than a bank's month."""
    for report, code in (
        (Report("S-1", LEAD_NUMBER, DAY, date(2026, 4, 16), 0, 0, []), "bank_report_days_wrong"),
        (
            Report("S", "1", DAY, DAY, 0, LINES_MOST + 1, [line_of(1, f"R-{n}") for n in range(LINES_MOST + 1)]),
            "bank_report_too_long",
        ),
    ):
        with pytest.raises(Invalid, match="bank_report_wrong") as refused:
            checked(report)
        assert [one.code for one in refused.value.findings] == [code]


BOMB = b'<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (BOMB, "xml_not_plain"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_not_plain"),
        (b"<?xml-stylesheet href='x'?><a/>", "xml_not_plain"),
        (b"<a>" * (DEPTH_MOST + 1) + b"</a>" * (DEPTH_MOST + 1), "xml_too_large"),
        (b" " * (9 << 20), "xml_too_large"),
        (b"<a><b></a>", "xml_broken"),
        (b"<a>&nbsp;</a>", "xml_broken"),
        (b"", "xml_broken"),
        (b"\xff\xfe\x00<", "xml_broken"),
        (b'<?xml version="1.0" encoding="x-none"?><a/>', "xml_broken"),
    ],
)
def test_a_strangers_xml_is_kept_out(content: bytes, code: str) -> None:
    """No document type, no entity, no instruction; not too large, not too deep; broken is broken."""
    with pytest.raises(Invalid, match=code):
        read_xml(content)


def test_another_document_is_told_from_a_statement() -> None:
    """A payment file, or a file with two statements, is no statement of one account."""
    for content in (b"<Document><CstmrCdtTrfInitn/></Document>", b"<a/>"):
        with pytest.raises(Invalid, match="camt_not_this"):
            read_camt(content)
