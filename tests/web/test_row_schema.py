"""Columns mapped to fields, and every fault of every row named at once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import pytest
import xlsxwriter

from core.clock import CITY
from core.errors import Finding, Invalid
from web.cells import YES_NO, Day, Fen, Instant, Text, Whole
from web.messages.tables import MESSAGES
from web.row_schema import ColumnMapping, Field, FindingList, GoodRow, RowSchema, comparable
from web.tables import Table, read_table

LIFTS = RowSchema(
    [
        Field("number", "电梯编号", "Lift number", Text(40), synonyms=("注册代码", "elevator")),
        Field("storeys", "层数", "Storeys", Whole(1, 200)),
        Field("in_service_on", "投用日期", "In service since", Day()),
        Field("value_fen", "价值", "Value", Fen(), is_required=False, synonyms=("金额",)),
        Field("is_insured", "是否投保", "Insured", YES_NO, is_required=False),
    ]
)


def read_rows(
    schema: RowSchema, table: Table, mapping: ColumnMapping | None = None
) -> tuple[list[GoodRow], FindingList]:
    """Return all good rows and all findings of a table."""
    reader = schema.reader(table, mapping)
    return list(reader), reader.findings


def read(text: str, mapping: ColumnMapping | None = None) -> tuple[list[GoodRow], FindingList]:
    with read_table(io.BytesIO(text.encode()), "电梯.csv") as table:
        return read_rows(LIFTS, table, mapping)


def told(findings: Sequence[Finding]) -> list[tuple[str, str]]:
    for finding in findings:
        assert all(text.format_map(finding.facts) for text in MESSAGES[finding.code])
    return [(finding.code, finding.where) for finding in findings]


def test_headers_are_recognised_in_two_languages() -> None:
    """A header is known by its field's Chinese or English label or a synonym, whatever case or unit."""
    found = LIFTS.suggest(["Elevator", "层 数", "IN_SERVICE_SINCE", "金额（元）", "备注"])
    assert found.columns == {
        "number": "Elevator",
        "storeys": "层 数",
        "in_service_on": "IN_SERVICE_SINCE",
        "value_fen": "金额（元）",
    }
    assert comparable("ＡＢ c_1 (元)") == "abc1"


def test_good_rows_come_out_typed() -> None:
    """A row without fault gives typed values under the fields' names, with its number in the sheet."""
    rows, findings = read('备注,电梯编号,层数,投用日期,价值\n,EL1,18,2016-05-01,"1,234.50"\n\n,EL2,6,2019/1/2,\n')
    assert findings.total == 0
    assert rows[0] == GoodRow(
        2,
        {
            "number": "EL1",
            "storeys": 18,
            "in_service_on": date(2016, 5, 1),
            "value_fen": 123450,
            "is_insured": None,
        },
    )
    assert (rows[1].number, rows[1].values["value_fen"]) == (4, None)


def test_every_fault_of_every_row_is_named_at_once() -> None:
    """All faults are listed together, each with its row and column; a row with any fault is not taken."""
    rows, findings = read(
        "电梯编号,层数,投用日期,价值,是否投保\n"
        "EL1,1.9,2016-05-01,1,是\n"
        ",１８,01/02/2016,1.005,maybe\n"
        "=EL3,18,2016-05-01,1,否\n"
        "EL4,18,2016-05-01,1,否,多余\n"
        "EL5,18\n"
        "EL6,18,2016-05-01,1,否,\n"
    )
    assert [row.values["number"] for row in rows] == ["EL6"]
    assert told(findings.listed) == [
        ("cell_not_whole", "row 2, 层数"),
        ("cell_required", "row 3, 电梯编号"),
        ("cell_full_width", "row 3, 层数"),
        ("cell_not_day", "row 3, 投用日期"),
        ("cell_below_one_fen", "row 3, 价值"),
        ("cell_choice_unknown", "row 3, 是否投保"),
        ("cell_formula", "row 4, 电梯编号"),
        ("row_too_long", "row 5"),
        ("cell_required", "row 6, 投用日期"),
    ]
    first = findings.listed[0].facts
    assert (first["row"], first["column"], first["value"]) == (2, "层数", "1.9")


def test_the_listing_is_capped_and_the_rest_counted() -> None:
    """A thousand findings are listed; the rest is counted, in total and by kind."""
    rows, findings = read("电梯编号,层数,投用日期\n" + "EL,1.9,2016-05-01\n" * 1500)
    assert rows == []
    assert (len(findings.listed), findings.rest, findings.total) == (1000, 500, 1500)
    assert findings.counts == {"cell_not_whole": 1500}


@pytest.mark.parametrize(
    ("columns", "faults"),
    [
        ({"number": "电梯编号"}, [("column_missing", "storeys"), ("column_missing", "in_service_on")]),
        (
            {"number": "电梯编号", "storeys": "层", "in_service_on": "投用日期", "colour": "层数"},
            [("column_header_unknown", "storeys"), ("column_field_unknown", "colour")],
        ),
        (
            {"number": "层数", "storeys": "层数", "in_service_on": "投用日期", "value_fen": ""},
            [("column_mapped_twice", "层数")],
        ),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(columns: dict[str, str], faults: list[tuple[str, str]]) -> None:
    """A required field without a column, a header that is not there and a header used twice are all named."""
    with pytest.raises(Invalid, match="table_columns_wrong") as refused:
        read("电梯编号,层数,投用日期\nEL1,1,2016-05-01\n", ColumnMapping(columns))
    assert told(refused.value.findings) == faults


def test_a_chosen_column_adds_to_what_the_headers_say() -> None:
    """One field chosen leaves the others as recognised; a header is used once, and an empty one is for no column."""
    headers = ["编号", "层数", "投用日期", "金额", "是否投保"]
    assert LIFTS.completed({"number": "编号", "value_fen": ""}, headers).columns == {
        "number": "编号",
        "storeys": "层数",
        "in_service_on": "投用日期",
        "is_insured": "是否投保",
    }
    assert LIFTS.completed({"number": "层数"}, headers).columns.get("storeys") is None


def test_an_unknown_field_is_told_with_the_fields_there_are() -> None:
    """Whoever misnames a field reads the names there are, with their words."""
    with pytest.raises(Invalid) as refused:
        LIFTS.check(LIFTS.completed({"lift": "电梯编号"}, ["层数", "投用日期", "电梯编号"]), ["层数", "电梯编号"])
    found = next(one for one in refused.value.findings if one.code == "column_field_unknown")
    zh, en = (text.format_map(found.facts) for text in MESSAGES[found.code])
    assert "number（电梯编号），storeys（层数）" in zh and "number (Lift number), storeys (Storeys)" in en


def test_a_missing_column_is_named_by_the_suggested_mapping_too() -> None:
    """A table without a required column is refused, saying which field has none and which headers there are."""
    with pytest.raises(Invalid, match="table_columns_wrong") as refused:
        read("电梯编号,备注\nEL1,x\n")
    assert told(refused.value.findings) == [("column_missing", "storeys"), ("column_missing", "in_service_on")]
    assert refused.value.facts["headers"] == "电梯编号, 备注"


def test_a_workbook_gives_the_same_rows() -> None:
    """The same table as a workbook gives the same values, and its formulas are named."""
    schema = RowSchema([*LIFTS.fields, Field("seen_at", "时间", "Seen", Instant())])
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet()
    instant = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    lines: list[list[Any]] = [["电梯编号", "层数", "投用日期", "价值", "时间"], ["EL1", 18, "2016-05-01", 1234.5]]
    for number, line in enumerate([*lines, ["EL2", "=9+9", "2016-05-01", 0.1], ["EL3", 1.9, "2016-05-01", 1]]):
        sheet.write_row(number, 0, line)
        if number:
            sheet.write_datetime(number, 4, datetime(2026, 1, 5, 8, 30), instant)  # noqa: DTZ001
    book.close()
    out.seek(0)
    with read_table(out, "电梯.xlsx") as table:
        rows, findings = read_rows(schema, table)
    assert [row.values["value_fen"] for row in rows] == [123450]
    assert rows[0].values["seen_at"] == datetime(2026, 1, 5, 8, 30, tzinfo=CITY)
    assert told(findings.listed) == [("cell_formula", "row 3, 层数"), ("cell_not_whole", "row 4, 层数")]


def test_rows_are_read_one_at_a_time_where_wanted() -> None:
    """A reader counts what it has read and refused while it goes."""
    with read_table(
        io.BytesIO("电梯编号,层数,投用日期\nEL1,x,2016-05-01\nEL2,2,2016-05-01\n".encode()), "a.csv"
    ) as table:
        reader = LIFTS.reader(table)
        assert [row.number for row in reader] == [3]
    assert (reader.rows_read, reader.rows_refused, reader.findings.total) == (2, 1, 1)
