"""Statements as XLSX and CSV from the same rows as page and paper: numbers are numbers, text is never a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from core.errors import Invalid
from ledger.money import check_amount, plain_fen
from web.documents.rows import Movement, PayInto, StatementRows, net_due, rows_digest
from web.documents.wording import carry_text, share_text

#: What a spreadsheet takes for the start of a formula, in half and full width, and what may hide one before it.
_FORMULA = frozenset("=+-@＝＋－＠")
_CONTROLS = frozenset("\t\r\n")
#: The day that spreadsheets count from: a date is the number of days since, shown as a date.
DAY_NOUGHT = date(1899, 12, 30)
SUMMARY, ITEMS = "汇总", "明细"
#: Rows that a sheet holds, beside its head and its total.
SHEET_MOST = 1_048_576 - 2
_MONEY_FORMAT = "#,##0.00;[Red]\N{MINUS SIGN}#,##0.00"
_ITEM_COLUMNS = (
    ("日期 Date", 12),
    ("分录 Entry", 10),
    ("事由", 18),
    ("Reason", 22),
    ("保单/案件 Subject", 22),
    ("说明 Description", 44),
    ("金额（元）CNY", 18),
)


def safe_text(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula: an apostrophe before what could start one.

    Blanks and invisible characters before such a start count as not there. Numbers do not come here; they are
    written as numbers, so a negative amount stays one.

    >>> safe_text("=1+1"), safe_text("　＠x"), safe_text("3 号梯"), safe_text("-")
    ("'=1+1", "'\u3000＠x", '3 号梯', "'-")
    """
    first = next((c for c in text if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")), None)
    return f"'{text}" if first in _FORMULA or text[:1] in _CONTROLS else text


def summary_csv(rows: StatementRows) -> bytes:
    """Return the short table as CSV (RFC 4180, UTF-8 with a mark so that Excel reads it): one line a row, then net."""
    head = rows.head
    lines: list[Sequence[str]] = [
        ("statement", "period_starts_on", "period_ends_on", "member", "kind", "项目", "item", "count", "amount_cny")
    ]
    before = (
        safe_text(head.number),
        head.period_starts_on.isoformat(),
        head.period_ends_on.isoformat(),
        safe_text(head.member_name),
    )
    lines += [
        (
            *before,
            safe_text(x.kind),
            safe_text(x.label_zh),
            safe_text(x.label_en),
            str(x.count),
            plain_fen(x.amount_fen),
        )
        for x in rows.lines
    ]
    lines.append((*before, "net", "净额", "Net", str(sum(x.count for x in rows.lines)), plain_fen(rows.balance_fen)))
    return _csv(lines)


def itemised_csv(rows: StatementRows) -> bytes:
    """Return every movement as CSV, in the order of the book; the amounts add up to the net of the summary."""
    head: Sequence[str] = ("on", "entry", "reason", "事由", "reason_en", "subject", "description", "amount_cny")
    items = (
        (
            x.on.isoformat(),
            str(x.entry_number),
            *map(safe_text, (x.reason, x.reason_zh, x.reason_en, x.subject, x.description)),
            plain_fen(x.amount_fen),
        )
        for x in rows.movements
    )
    return _csv([head, *items])


def statement_xlsx(rows: StatementRows, *, most: int = SHEET_MOST) -> bytes:
    """Return a workbook of two sheets, 汇总 and 明细; the only formulas are our totals, their values beside them.

    Beyond `most` movements it has further sheets, 明细 2, 明细 3 and so on: each but the last has its subtotal, the
    last the total of all. The same rows give the same bytes. Refuses `sheet_refuses` for a text beyond what a sheet
    holds.
    """
    import xlsxwriter

    from web.documents.row_sheet import RowSheet

    body = io.BytesIO()
    made = datetime.combine(rows.head.issued_on, time())
    # Left by the context also after a refusal: each sheet stands in a temporary file until the book is closed.
    with xlsxwriter.Workbook(body, {"constant_memory": True}) as book:
        book.set_properties({"title": f"{rows.head.title_zh} {rows.head.number}", "created": made})
        styles = cell_styles(book)
        parts = _item_sheets(rows.movements, most)
        _write_summary(_Sheet(book.add_worksheet(SUMMARY), styles), rows, parts)
        for part in parts[:-1]:
            fen = sum(item.amount_fen for item in part.movements)
            _write_items(_Sheet(book.add_worksheet(part.name, RowSheet), styles), part, "小计 Subtotal", fen)
        last = _Sheet(book.add_worksheet(parts[-1].name, RowSheet), styles)
        _write_items(last, parts[-1], "合计 Total", rows.balance_fen, before=parts[:-1])
    return body.getvalue()


@dataclass(frozen=True, slots=True)
class _Items:
    """What one sheet of movements holds."""

    name: str
    movements: Sequence[Movement]

    @property
    def amounts(self) -> str:
        """Return the place of its amounts, as a formula on another sheet names it."""
        return f"'{self.name}'!G2:G{len(self.movements) + 1}"


def _item_sheets(movements: Sequence[Movement], most: int) -> list[_Items]:
    """Return the sheets that so many movements take; one, empty, where there is none."""
    starts = range(0, max(len(movements), 1), most)
    return [
        _Items(f"{ITEMS} {number}" if number > 1 else ITEMS, movements[start : start + most])
        for number, start in enumerate(starts, start=1)
    ]


class _Sheet:
    """One worksheet written row by row; every cell's kind is said, none is guessed from its text."""

    def __init__(self, sheet: Any, styles: dict[str, Any]) -> None:
        self._sheet, self._styles = sheet, styles
        self.row = 0

    def widths(self, widths: Iterable[int]) -> None:
        """Set the column widths, in characters."""
        for column, width in enumerate(widths):
            self._sheet.set_column(column, column, width)

    def page(self, *, has_heads: bool) -> None:
        """Fit the columns on A4 with the page number in the foot; heads in the first row stay in sight and repeat."""
        self._sheet.set_paper(9)
        self._sheet.fit_to_pages(1, 0)
        self._sheet.set_footer("&L&A&R&P / &N")
        if has_heads:
            self._sheet.freeze_panes(1, 0)
            self._sheet.repeat_rows(0)
            self._sheet.set_landscape()

    def text(self, column: int, text: str, style: str = "text") -> None:
        """Write text, never a formula, a number or an address."""
        self._took(self._sheet.write_string(self.row, column, no_markup(text), self._styles[style]))

    def whole(self, column: int, number: int, style: str = "whole") -> None:
        """Write a whole number."""
        self._took(self._sheet.write_number(self.row, column, number, self._styles[style]))

    def money(self, column: int, fen: int) -> None:
        """Write an amount as a number with exactly two decimals."""
        self._took(self._sheet.write_number(self.row, column, yuan_of(fen), self._styles["money"]))

    def total(self, column: int, formula: str, fen: int) -> None:
        """Write one of our formulas with its value, so that a reader that does not compute shows it too."""
        self._took(self._sheet.write_formula(self.row, column, formula, self._styles["total"], yuan_of(fen)))

    def movements(self, movements: Iterable[Movement]) -> None:
        """Write one row a movement: date, entry, words, amount."""
        sheet, style = self._sheet, self._styles
        day, whole, amount = sheet.days(style["date"]), sheet.wholes(style["whole"]), sheet.amounts(style["money"])
        text = sheet.texts(style["text"])
        rows = (
            (
                day(item.on),
                whole(item.entry_number),
                text(item.reason_zh),
                text(item.reason_en),
                text(item.subject),
                text(item.description),
                amount(item.amount_fen),
            )
            for item in movements
        )
        self.row = sheet.put_rows(self.row + 1, rows) - 1

    def _took(self, answer: int) -> None:
        if answer:
            raise Invalid("sheet_refuses", row=self.row + 1)


def _account(account: PayInto) -> str:
    return f"{account.name} {account.bank} {account.number} CNAPS {account.cnaps}"


def _write_summary(sheet: _Sheet, rows: StatementRows, parts: Sequence[_Items]) -> None:
    head, due = rows.head, net_due(rows)
    sheet.widths((26, 30, 14, 20, 20, 18))
    facts: tuple[tuple[str, str | int], ...] = (
        ("编号 Number", head.number),
        ("出具 Issuer", head.issuer),
        ("致 To", f"{head.member_name} {head.member_credit_code}".rstrip()),
        ("首席承保人 Lead", head.lead_name),
        ("账期 Period", f"{head.period_label} {head.period_starts_on} – {head.period_ends_on}"),
        ("签发 Issued", head.issued_on.isoformat()),
        (due.label_zh, due.amount_fen),
        ("大写 In words", due.words),
        *((("收付 Payment", f"{due.pay_zh} {due.pay_en}"),) if due.pay_zh else ()),
        *((("收款账户 Account", _account(due.pay_into)),) if due.pay_into else ()),
        *((("付款期限 Payable by", head.due_on.isoformat()),) if head.due_on else ()),
        ("核验 Verify", f"{rows.verification.url} {rows.verification.code}"),
        ("数据摘要 SHA-256", rows_digest(rows)),
    )
    sheet.text(0, f"{head.title_zh} {head.title_en}", "title")
    for name, fact in facts:
        sheet.row += 1
        sheet.text(0, name, "name")
        if isinstance(fact, int):
            sheet.money(1, fact)
            sheet.text(2, due.label_en)
        else:
            sheet.text(1, fact)
    sheet.row += 2
    for column, name in enumerate(("项目", "Item", "笔数 Count", "金额（元）CNY")):
        sheet.text(column, name, "head" if column < 2 else "head_right")
    first = sheet.row + 2
    for line in rows.lines:
        sheet.row += 1
        sheet.text(0, line.label_zh)
        sheet.text(1, line.label_en)
        sheet.whole(2, line.count)
        sheet.money(3, line.amount_fen)
    sheet.row += 1
    sheet.text(0, "净额", "sum_text")
    sheet.text(1, "Net", "sum_text")
    sheet.whole(2, sum(line.count for line in rows.lines), "sum_whole")
    sheet.total(3, f"=SUM(D{first}:D{sheet.row})" if rows.lines else "=0", rows.balance_fen)
    net_cell = f"D{sheet.row + 1}"
    sheet.row += 1
    sheet.text(0, "与明细之差")
    sheet.text(1, "Difference to the items")
    items = "-".join(f"SUM({part.amounts})" for part in parts)
    sheet.total(3, f"=ROUND({net_cell}-{items},2)" if rows.movements else "=0", 0)
    _write_streams(sheet, rows)
    sheet.page(has_heads=False)


def _write_streams(sheet: _Sheet, rows: StatementRows) -> None:
    if not rows.streams:
        return
    sheet.row += 2
    names = ("分摊类别", "Stream", "份额 Line", "全体合计 All members", "分得 Your part", "结转余数（分）Carry")
    for column, name in enumerate(names):
        sheet.text(column, name, "head" if column < 2 else "head_right")
    for stream in rows.streams:
        sheet.row += 1
        sheet.text(0, stream.label_zh)
        sheet.text(1, stream.label_en)
        sheet.text(2, share_text(stream.weight, stream.whole), "right")
        sheet.money(3, stream.total_fen)
        sheet.money(4, stream.part_fen)
        sheet.text(5, carry_text(stream.carry, stream.whole), "right")


def _write_items(sheet: _Sheet, part: _Items, said: str, fen: int, *, before: Sequence[_Items] = ()) -> None:
    """Write one sheet of movements and what they come to, together with those of the sheets `before`."""
    sheet.widths(width for _, width in _ITEM_COLUMNS)
    for column, (name, _) in enumerate(_ITEM_COLUMNS):
        sheet.text(column, name, "head" if column < 6 else "head_right")
    sheet.movements(part.movements)
    last = sheet.row + 1
    sheet.row += 1
    sheet.text(0, said, "sum_text")
    others = "".join(f"+SUM({one.amounts})" for one in before)
    sheet.total(6, f"=SUM(G2:G{last}){others}" if part.movements else "=0", fen)
    sheet.page(has_heads=True)


def cell_styles(book: Any) -> dict[str, Any]:
    """Return the styles of a workbook's cells by name."""
    base: dict[str, Any] = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "top"}
    ruled: dict[str, Any] = {"bold": True, "bottom": 1}
    summed: dict[str, Any] = {"bold": True, "top": 1, "bottom": 2}
    kinds: dict[str, dict[str, Any]] = {
        "title": {"bold": True, "font_size": 16},
        "name": {"font_color": "#55606A"},
        "text": {},
        "right": {"align": "right"},
        "head": ruled,
        "head_right": {**ruled, "align": "right"},
        "whole": {"num_format": "0"},
        "money": {"num_format": _MONEY_FORMAT},
        "date": {"num_format": "yyyy-mm-dd", "align": "left"},
        "sum_text": summed,
        "sum_whole": {**summed, "num_format": "0"},
        "total": {**summed, "num_format": _MONEY_FORMAT},
    }
    return {name: book.add_format({**base, **kind}) for name, kind in kinds.items()}


def no_markup(text: str) -> str:
    """Return the text so that it does not go into the file as raw markup, as one of the form <r>…</r> would."""
    return f"'{text}" if text.startswith("<r>") else text


def yuan_of(fen: int) -> Decimal:
    """Return fen as the decimal digits that a workbook wants: written digit for digit, no binary fraction."""
    return Decimal(check_amount(fen)).scaleb(-2)


def _csv(lines: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()
