"""Sheets of a statement: numbers are numbers, text is never a formula, the same rows give the same bytes."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime

import openpyxl
import pytest
import time_machine
from documents_makers import Cell, amounts, csv_rows, make_statement, xlsx_cells
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from ledger.money import parse_fen
from web.documents.rows import StatementRows, net_due, rows_digest
from web.documents.sheets import itemised_csv, safe_text, statement_xlsx, summary_csv

_STARTS = "=+-@＝＋－＠\t\r\n"
#: What people and attackers write: formula starts, blanks, invisible characters, quotes, markup, Chinese.
nasty = st.text(alphabet=[*_STARTS, *" \u3000\u200b\ufeff\u202e\"',;|<>&rt/中文1A(\x0b\x1f"], max_size=12)


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would compute this cell: a start at the very front, or behind what it may skip."""
    bare = text.lstrip(" \u3000\u200b\ufeff\u202e\t\r\n\x0b\x1f")
    return text[:1] in ("\t", "\r", "\n") or bare[:1] in tuple("=+-@＝＋－＠")


def named(text: str) -> StatementRows:
    """Return a statement that has the text wherever a person could have written it."""
    rows = make_statement([-100, 250])
    head = replace(rows.head, member_name=text, lead_name=text, issuer=text, period_label=text, number=text)
    lines = tuple(replace(line, label_zh=text, label_en=text, kind=text) for line in rows.lines)
    moved = tuple(replace(m, reason=text, reason_zh=text, subject=text, description=text) for m in rows.movements)
    return replace(rows, head=head, lines=lines, movements=moved)


@settings(max_examples=400, deadline=None)
@given(nasty)
def test_text_never_becomes_a_formula_in_csv(text: str) -> None:
    """Whatever is written in a name, no cell of the CSV starts like a formula but a negative amount."""
    rows = named(text)
    for body in (summary_csv(rows), itemised_csv(rows)):
        for row in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")):
            for cell in row:
                assert not is_formula(cell) or re.fullmatch(r"-\d+\.\d\d", cell), (text, cell)


@pytest.mark.parametrize("text", ["-281.86", "+86 731", "@甲", "＝1", "=cmd|' /C calc'!A0", "\ttab", "\r", "\n=1", "-"])
def test_an_apostrophe_stands_before_what_could_start_a_formula(text: str) -> None:
    """Text that begins like a formula gets an apostrophe, also when it looks like a number; all of it is kept."""
    assert safe_text(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "3 号梯", "a=b", "示例（-1）", "'=1"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    """A formula sign inside a text does no harm and stays."""
    assert safe_text(text) == text


OUR_FORMULA = re.compile(r"SUM\([DG]\d+:[DG]\d+\)|ROUND\(D\d+-SUM\('明细'!G\d+:G\d+\),2\)|0")


def formulas(body: bytes) -> list[str]:
    return [formula for sheet in (1, 2) for _, _, formula in xlsx_cells(body, sheet).values() if formula is not None]


@settings(max_examples=60, deadline=None)
@given(nasty)
def test_text_never_becomes_a_formula_in_xlsx(text: str) -> None:
    """The only formulas of a workbook are our three totals, whatever the names say."""
    body = statement_xlsx(named(text))
    found = formulas(body)
    assert len(found) == 3 and all(OUR_FORMULA.fullmatch(one) for one in found)
    book = openpyxl.load_workbook(io.BytesIO(body))
    assert sum(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row) == 3


def test_markup_in_a_name_stays_text_in_xlsx() -> None:
    """A name written as a rich-text run is not written into the file as markup."""
    attack = '<r><t>x</t></r></is></c><c r="H1"><f>HYPERLINK(1)</f><v>0</v></c><c r="I1"><is><r><t>y</t></r>'
    body = statement_xlsx(named(attack))
    assert len(formulas(body)) == 3
    assert f"'{attack}" in [text for _, text, _ in xlsx_cells(body, 2).values()]


def column(cells: dict[str, Cell], letter: str) -> list[Cell]:
    return [cell for place, cell in cells.items() if re.fullmatch(rf"{letter}\d+", place)]


@settings(max_examples=60, deadline=None)
@given(amounts)
def test_sheet_and_csv_say_the_same_fen(amounts_fen: list[int]) -> None:
    """Read back from XLSX and CSV, every movement, every line and the net equal the rows to the fen."""
    rows = make_statement(amounts_fen)
    items = csv_rows(itemised_csv(rows))
    assert [parse_fen(item["amount_cny"]) for item in items] == amounts_fen
    summary = csv_rows(summary_csv(rows))
    assert [parse_fen(line["amount_cny"]) for line in summary] == [
        *(line.amount_fen for line in rows.lines),
        sum(amounts_fen),
    ]
    body = statement_xlsx(rows)
    shown = [fen_of(text) for kind, text, formula in column(xlsx_cells(body, 2), "G")[1:] if kind == "n"]
    assert shown == [*amounts_fen, sum(amounts_fen)]
    totals = [(fen_of(text), formula) for _, text, formula in xlsx_cells(body, 1).values() if formula]
    assert [fen for fen, _ in totals] == [sum(amounts_fen), 0]


def fen_of(text: str) -> int:
    """Return the fen of a number as the file has it: at most two decimals, no exponent, nothing rounded away."""
    found = re.fullmatch(r"(-?)(\d+)(?:\.(\d{1,2}))?", text)
    assert found, text
    return int(f"{found[1]}{found[2]}{(found[3] or '').ljust(2, '0')}")


def test_the_sheet_has_real_dates_and_real_numbers() -> None:
    """A clerk can sort by date and add up amounts: dates are dates, amounts numbers with two decimals, heads stay."""
    rows = make_statement([-28186, 100])
    sheet = openpyxl.load_workbook(io.BytesIO(statement_xlsx(rows)), data_only=True)["明细"]
    first = [cell.value for cell in sheet[2]]
    assert first[0].date() == date(2026, 1, 2) and first[6] == -281.86
    assert sheet.freeze_panes == "A2"
    assert "#,##0.00" in sheet["G2"].number_format and "yyyy" in sheet["A2"].number_format
    assert sheet["G4"].value == -280.86


def test_the_first_sheet_is_the_summary_with_a_difference_of_nothing() -> None:
    """汇总 says who pays whom, its digest is the rows', and its difference to 明细 is 0.00."""
    rows = make_statement()
    book = openpyxl.load_workbook(io.BytesIO(statement_xlsx(rows)), data_only=True)
    assert book.sheetnames == ["汇总", "明细"]
    cells = [str(cell.value) for row in book["汇总"].iter_rows() for cell in row if cell.value is not None]
    assert rows_digest(rows) in cells and "共保体应付贵公司" in cells
    assert cells[cells.index("Difference to the items") + 1] in ("0", "0.0")


@pytest.mark.parametrize(("fen", "sign"), [(-281_86, "收款方"), (281_86, "付款方")])
def test_the_head_has_the_balance_as_a_number_and_names_who_is_paid(fen: int, sign: str) -> None:
    """Beside who owes stands an amount to compute with; below it the lead, as the pool's desk."""
    rows = make_statement([fen])
    sheet = openpyxl.load_workbook(io.BytesIO(statement_xlsx(rows)), data_only=True)["汇总"]
    told = {str(row[0].value): row[1] for row in sheet.iter_rows(max_row=14)}
    due = told[net_due(rows).label_zh]
    assert due.data_type == "n" and due.value == 281.86
    assert told["大写 In words"].value == net_due(rows).words
    assert str(told["收付 Payment"].value).startswith(f"{sign}：{rows.head.lead_name}（首席，代管共保资金）")
    assert "收付 Payment" not in [str(cell[0]) for cell in xlsx_cells(statement_xlsx(make_statement([])), 1).values()]


def test_a_statement_without_movements_is_still_a_workbook() -> None:
    """An empty period gives totals of zero, not a formula over nothing."""
    body = statement_xlsx(make_statement([]))
    assert formulas(body).count("0") == 2


def test_the_same_rows_give_the_same_workbook_at_any_hour() -> None:
    """A workbook made today and one made next year from the same rows are the same bytes."""
    rows = make_statement()
    with time_machine.travel(datetime(2026, 4, 10, tzinfo=UTC), tick=False):
        first = statement_xlsx(rows)
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC), tick=False):
        assert statement_xlsx(rows) == first
    assert summary_csv(rows) == summary_csv(make_statement())


def test_what_a_sheet_cannot_hold_is_refused_not_cut() -> None:
    """A text longer than a cell takes is refused with its row; nothing is cut off silently."""
    with pytest.raises(Invalid, match="sheet_refuses") as refused:
        statement_xlsx(make_statement([1, 2], description="长" * 40_000))
    assert refused.value.facts == {"row": 2}


def test_an_amount_beyond_the_limit_is_refused() -> None:
    """Beyond ten trillion yuan a sheet could not show every fen, so nothing is written."""
    with pytest.raises(Invalid, match="amount_too_large"):
        statement_xlsx(make_statement([10**15, 1]))


def test_csv_is_what_a_spreadsheet_expects() -> None:
    """RFC 4180: CRLF, quotes doubled; a mark for Excel; a name with comma, quote and line end comes back whole."""
    rows = make_statement([100], description='甲"乙,\n丙')
    body = itemised_csv(rows)
    assert body.count(b"\r\n") == 2 and b'"\xe7\x94\xb2""' in body
    (item,) = csv_rows(body)
    assert item["description"] == '甲"乙,\n丙'
    assert date.fromisoformat(item["on"]) == rows.movements[0].on


@pytest.mark.parametrize(("count", "names"), [(2, ["明细"]), (4, ["明细"]), (9, ["明细", "明细 2", "明细 3"])])
def test_more_movements_than_a_sheet_holds_go_on_in_the_next(count: int, names: list[str]) -> None:
    """Four rows a sheet: every movement once, in order; a subtotal a sheet, in the last the total; the difference 0."""
    amounts_fen = [10_001 * (place + 1) * (-1) ** place for place in range(count)]
    rows = make_statement(amounts_fen)
    body = statement_xlsx(rows, most=4)
    book = openpyxl.load_workbook(io.BytesIO(body), data_only=True)
    assert book.sheetnames == ["汇总", *names]
    shown, totals = [], []
    for place in range(len(names)):
        cells = [cell for cell in column(xlsx_cells(body, place + 2), "G")[1:] if cell[0] == "n"]
        shown += [fen_of(text) for _, text, formula in cells if formula is None]
        totals += [(fen_of(text), formula) for _, text, formula in cells if formula is not None]
        assert book[names[place]]["A1"].value == "日期 Date"
    assert shown == amounts_fen
    parts = [sum(amounts_fen[start : start + 4]) for start in range(0, count, 4)]
    assert [fen for fen, _ in totals] == [*parts[:-1], sum(amounts_fen)]
    if len(names) == 3:
        assert totals[-1][1] == "SUM(G2:G2)+SUM('明细'!G2:G5)+SUM('明细 2'!G2:G5)"
        (said,) = [formula for formula in formulas(body) if formula.startswith("ROUND")]
        assert said.endswith("-SUM('明细'!G2:G5)-SUM('明细 2'!G2:G5)-SUM('明细 3'!G2:G2),2)")
