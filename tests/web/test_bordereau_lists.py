"""A bordereau from file to books: read in pieces, taken up again, every bad row named, posted by command."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict
from core.permits import SYSTEM, Role
from core.settings import Settings
from ledger import statements
from ledger.models import Entry
from tests.conftest import AT
from tests.makers import MadePool, make_lifts, make_pool
from tests.visitors import settings_for
from underwriting import bordereaux, sent_lists
from underwriting.models import Bordereau, BordereauPiece, Community, Policy
from underwriting.sent_lists import Sent
from web import bordereau_cli, bordereau_desk, bordereau_list
from web.cli import cli
from web.csv_rows import CsvRows

HEAD = "保单号,起保日期,满期日,台数,保费（元）,区县,小区\n"
DAY = date(2026, 3, 2)


@dataclass
class Place:
    """What a command stands on here."""

    settings: Settings


@pytest.fixture
def made(engine: Engine) -> MadePool:
    """A pool with one community on record."""
    with unit_of_work(engine, SYSTEM) as session:
        make_lifts(session, 1, community="示例苑")
        return make_pool(session)


@pytest.fixture(autouse=True)
def commands(engine: Engine, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the commands stand on the test's database and speak Chinese."""

    @contextmanager
    def database() -> Iterator[tuple[Place, Engine]]:
        yield Place(settings_for(state_dir)), engine

    monkeypatch.setattr(bordereau_cli, "database", database)
    monkeypatch.setenv("GONGBAO_LOCALE", "zh_Hans_CN")


def run(*words: object) -> Result:
    """Run `gongbao bordereau`."""
    return CliRunner().invoke(cli, ["bordereau", *map(str, words)])


def sent(tmp_path: Path, made: MadePool, rows: str, *more: str, head: str = HEAD) -> Result:
    """Send a list by command."""
    file = tmp_path / "保费清单.csv"
    file.write_text(head + rows, encoding="utf-8")
    return run("send", file, "--pool", made.pool.id, "--on", "2026-03-02", *more)


def good(count: int, first: int = 1) -> str:
    """Return so many rows that are in order."""
    return "".join(f"P-{n},2026-03-01,2027-03-01,2,{n}.05,,\n" for n in range(first, first + count))


def test_a_list_is_sent_looked_at_and_posted(engine: Engine, made: MadePool, tmp_path: Path) -> None:
    """Headers are known by their words; the list waits, then all of it is booked, and can be looked at."""
    told = json.loads(
        sent(tmp_path, made, good(3) + 'P-9,2026/3/5,2027年3月5日,1,"1,286.00",示例区,示例苑\n', "--json").stdout
    )
    assert (told["stage"], told["rows"], told["lines"], told["faults"]) == ("checked", 4, 4, 0)
    assert told["gross_fen"] == 105 + 205 + 305 + 128_600
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Policy)).all() == []
    done = json.loads(run("post", told["id"], "--json").stdout)
    assert done["stage"] == "posted" and done["batch"]
    with unit_of_work(engine, SYSTEM) as session:
        found = session.scalars(select(Policy).order_by(Policy.written_entry_id)).all()
        place = session.scalars(select(Community)).one()
        assert [row.number for row in found] == ["P-1", "P-2", "P-3", "P-9"]
        assert (found[3].community_id, found[3].inception_on, found[3].expires_on) == (
            place.id, date(2026, 3, 5), date(2027, 3, 5),
        )  # fmt: skip
        assert [row.document for row in session.scalars(select(Entry).order_by(Entry.id))] == [
            "P-1",
            "P-2",
            "P-3",
            "P-9",
        ]
    listed = run("list", "--pool", made.pool.id)
    assert "已入账" in listed.stdout and "可入账 4 行" in listed.stdout and "1,292.15" in listed.stdout


BAD = """P-1,2026-03-01,2027-03-01,2,100.00,,
P-2,2026-13-01,2027-03-01,2,100.00,,
P-3,2026-03-01,2026-03-01,2,100.00,,
P-4,2024-03-01,2025-03-01,2,100.00,,
P-5,2026-03-01,2027-03-01,1.9,100.00,,
P-6,2026-03-01,2027-03-01,２,100.00,,
P-7,2026-03-01,2027-03-01,2,1.005,,
=1+1,2026-03-01,2027-03-01,2,100.00,,
P-9,2026-03-01,2027-03-01,2,-5.00,,
P-10,2026-03-01,2027-03-01,2,,,
P-11,2026-03-01,2027-03-01,2,100.00,示例区,没有这个苑
P-1,2026-03-01,2027-03-01,2,100.00,,
P-13,2026-03-01,2027-03-01,2,100.00,,,多一格
,,,,,,
P-15,x,y,z,w,,
"""


def test_every_bad_row_is_named_with_its_reason(engine: Engine, made: MadePool, tmp_path: Path) -> None:
    """All faults of all rows at once, by row; nothing is booked, and posting is refused."""
    result = sent(tmp_path, made, BAD, "--json")
    assert result.exit_code == 2
    told = json.loads(result.stdout)
    assert [(one["row"], one["code"]) for one in told["errors"]] == [
        (3, "cell_day_does_not_exist"),
        (4, "invalid_term"),
        (5, "agreement_not_found"),
        (6, "cell_not_whole"),
        (7, "cell_full_width"),
        (8, "cell_below_one_fen"),
        (9, "cell_formula"),
        (10, "cell_out_of_range"),
        (11, "cell_required"),
        (12, "community_not_in_register"),
        (13, "bordereau_number_twice"),
        (14, "row_too_long"),
        (16, "cell_not_day"),
        (16, "cell_not_day"),
        (16, "cell_not_whole"),
        (16, "cell_not_amount"),
    ]
    assert (told["stage"], told["faults"]) == ("faulty", 16)
    words = run("show", told["id"])
    assert words.exit_code == 2 and "请更正文件后重新导入" in words.stderr
    assert "没有这个苑" in words.stdout and "第 2 行已经出现" in words.stdout
    assert run("post", told["id"]).exit_code == 6
    assert run("discard", told["id"]).exit_code == 0 and run("discard", told["id"]).exit_code == 6
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Policy)).all() == session.scalars(select(Entry)).all() == []


def test_a_list_of_too_much_is_faulty_at_its_row(
    engine: Engine, made: MadePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The total goes beyond the most with the third row: it is named with what to do, and the list may be given up."""
    monkeypatch.setattr(bordereaux, "TOTAL_MOST_FEN", 500)
    result = sent(tmp_path, made, good(4), "--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["stage"], told["faults"]) == (2, "faulty", 1)
    assert [(one["row"], one["code"]) for one in told["errors"]] == [(4, "bordereau_total_too_large")]
    words = run("show", told["id"])
    assert "超过一份清单的上限 5.00 元" in words.stdout and "分成几份导入" in words.stdout
    assert run("post", told["id"]).exit_code == 6 and run("discard", told["id"]).exit_code == 0


def test_what_is_no_such_table_is_refused_before_anything_is_kept(
    engine: Engine, made: MadePool, tmp_path: Path
) -> None:
    """A missing column, no rows, an unknown pool, a day without a period: each by its code, and nothing is there."""
    assert sent(tmp_path, made, "1,2\n", head="a,b\n").exit_code == 2
    assert sent(tmp_path, made, "").exit_code == 2
    file = tmp_path / "保费清单.csv"
    file.write_text(HEAD + good(1), encoding="utf-8")
    assert run("send", file, "--pool", 999, "--on", "2026-03-02").exit_code == 4
    assert run("send", file, "--pool", made.pool.id, "--on", "2027-03-02").exit_code == 6
    assert run("show", "01a21b8e-0e17-75c6-bb6b-7601189bc4a3").exit_code == 4
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Bordereau)).all() == []


def test_the_same_file_is_not_sent_twice(made: MadePool, tmp_path: Path) -> None:
    """The second time it is told which one it was."""
    assert sent(tmp_path, made, good(1)).exit_code == 0
    again = sent(tmp_path, made, good(1))
    assert again.exit_code == 6 and "已作为“保费清单.csv”导入过" in again.stderr


#: Pieces of three rows: plain ones, one with quotes, a blank row, a fault, an unknown community, one with names.
MIXED = (
    good(3)
    + 'P-4,2026-03-01,2027-03-01,2,"1,000.00",,\n'
    + good(2, 5)
    + "P-7,2026/3/1,2027年3月1日,2,7,,\n\n"
    + good(2, 8)
    + "P-10,2026-03-01,2025-03-01,2,7,,\n"
    + good(2, 11)
    + "P-13,2026-03-01,2027-03-01,2,7,示例区,没有这个苑\n"
    + good(2, 14)
    + "电-16,2026-03-01,2027-03-01,2,7.5,示例区,示例苑\n"
    + good(2, 17)
    + "P-1,2026-03-01,2027-03-01,2,7,,"
)


@pytest.mark.parametrize("form", ["as it is", "of another system", "in another encoding"])
def test_plain_lines_wait_as_any_others_do(
    engine: Engine, made: MadePool, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """Read whole columns at a time where that can be, and row by row: the same pieces wait, with the same faults."""
    text = (HEAD + MIXED).replace("\n", "\n" if form == "as it is" else "\r\n")
    body = text.encode("gb18030" if form == "in another encoding" else "utf-8")
    monkeypatch.setattr(bordereau_list, "PIECE", 3)
    taken: list[object] = []
    take = CsvRows.take
    monkeypatch.setattr(CsvRows, "take", lambda lines, block: (taken.append(block), take(lines, block)))
    by_columns = read_of(engine, made, body)
    assert len(taken) == 4
    with monkeypatch.context() as narrow:
        narrow.setattr(bordereau_list, "_PLAIN_BYTES", 3)
        assert read_of(engine, made, body) == by_columns and len(taken) == 4
    monkeypatch.setattr(CsvRows, "block", lambda *_: None)
    assert read_of(engine, made, body) == by_columns
    assert [fault[:2] for fault in by_columns[1]] == [
        (12, "invalid_term"), (15, "community_not_in_register"), (21, "bordereau_number_twice"),
    ]  # fmt: skip


def read_of(engine: Engine, made: MadePool, body: bytes) -> tuple[list[object], list[object], list[object]]:
    """Return what waits of a file, what is wrong with it, and how it stands."""
    row_id = begun(engine, made)
    bordereau_list.read_on(engine, row_id, io.BytesIO(body))
    with unit_of_work(engine, SYSTEM) as session:
        row = sent_lists.lock(session, Bordereau, row_id)
        pieces = select(*[one for one in BordereauPiece.__table__.c if one.name != "bordereau_id"])
        pieces = pieces.where(BordereauPiece.bordereau_id == row_id).order_by(BordereauPiece.place)
        waiting: list[object] = [tuple(one) for one in session.execute(pieces)]
        faults: list[object] = [tuple(one) for one in session.execute(sent_lists.faults_of(row))]
        return waiting, faults, [row.stage, row.line_count, row.row_count, row.fault_count, row.gross_fen]


class Killed(Exception):
    """Stands for the end of a process."""


def test_a_reading_that_was_cut_off_is_taken_up_where_it_was(
    engine: Engine, made: MadePool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After two pieces of five the process dies; the next one reads the rest, and no row is there twice or missing."""
    monkeypatch.setattr(bordereau_list, "PIECE", 4)
    body = (HEAD + good(18)).encode()
    row_id = begun(engine, made)
    keep, kept = bordereaux.keep_piece, []

    def dying(session: Session, *rest: object) -> None:
        kept.append(1)
        if len(kept) == 3:
            raise Killed
        keep(session, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(bordereaux, "keep_piece", dying)
    with pytest.raises(Killed):
        bordereau_list.read_on(engine, row_id, io.BytesIO(body))
    with unit_of_work(engine, SYSTEM) as session:
        row = sent_lists.get(session, Bordereau, row_id, SYSTEM)
        assert (row.stage, row.line_count, row.row_count) == ("reading", 8, 8)
    bordereau_list.read_on(engine, row_id, io.BytesIO(body))
    bordereau_list.read_on(engine, row_id, io.BytesIO(body))
    with unit_of_work(engine, SYSTEM) as session:
        row = sent_lists.get(session, Bordereau, row_id, SYSTEM)
        assert (row.stage, row.line_count, row.row_count) == ("checked", 18, 18)
        assert row.gross_fen == sum(n * 100 + 5 for n in range(1, 19))


def begun(engine: Engine, made: MadePool) -> uuid.UUID:
    """Return the id of a bordereau that is to be read."""
    columns = dict(zip([one.name for one in bordereau_list.SCHEMA.fields], HEAD.strip().split(","), strict=True))
    with unit_of_work(engine, SYSTEM) as session:
        row = bordereaux.begin(session, made.pool, Sent("a.csv", "0" * 64, columns), on=DAY, by=SYSTEM, at=AT)
        return row.id


def test_a_file_that_breaks_off_is_faulty_where_it_does(engine: Engine, made: MadePool) -> None:
    """A quote that is never closed in the middle of a file is a fault of that row; the rows before it are counted."""
    row_id = begun(engine, made)
    body = HEAD + good(3) + '"P-4,2026-03-01\n'
    bordereau_list.read_on(engine, row_id, io.BytesIO(body.encode()))
    with unit_of_work(engine, SYSTEM) as session:
        row = sent_lists.get(session, Bordereau, row_id, SYSTEM)
        found = session.execute(sent_lists.faults_of(row)).all()
        assert row.stage == "faulty" and [one[1] for one in found] == ["table_csv_broken"] and found[0][0] == 5


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_posting_in_any_pieces_is_the_same_batch(
    engine: Engine, made: MadePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Pieces of one, of three or all at once: every entry is there once, in the order of the file."""
    monkeypatch.setattr(bordereau_list, "PIECE", piece)
    told = json.loads(sent(tmp_path, made, good(10), "--json").stdout)
    assert run("post", told["id"]).exit_code == 0
    with unit_of_work(engine, SYSTEM) as session:
        found = session.scalars(select(Entry.document).order_by(Entry.id)).all()
    assert found == [f"P-{n}" for n in range(1, 11)]


def test_what_cannot_be_posted_goes_back_to_who_may_approve_it(engine: Engine, made: MadePool, tmp_path: Path) -> None:
    """The period closes between the approval and the posting: refused, nothing is booked, the approval is gone."""
    told = json.loads(sent(tmp_path, made, good(2), "--json").stdout)
    with unit_of_work(engine, SYSTEM) as session:
        row = session.scalars(select(Bordereau)).one()
        sent_lists.approve(session, row, by=made.actor(Role.FINANCE_CHECKER), at=AT)
        period = statements.lock_period(session, made.pool.id, made.period.label)
        statements.seal(session, period, on=date(2026, 3, 31), by=SYSTEM, at=AT)
    with pytest.raises(Conflict) as refused:
        bordereau_list.post_now(engine, row.id)
    assert refused.value.code == "period_closed"
    bordereau_list.post_now(engine, row.id)
    shown = json.loads(run("show", told["id"], "--json").stdout)
    assert shown["stage"] == "checked"
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(Policy)).all() == []


def test_any_window_of_a_list_is_that_part_of_it(
    engine: Engine, made: MadePool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are asked for by their place, over the bounds of pieces and beyond the end; posted ones have policies."""
    monkeypatch.setattr(bordereau_list, "PIECE", 3)
    told = json.loads(sent(tmp_path, made, good(11), "--json").stdout)
    assert run("post", told["id"]).exit_code == 0
    with unit_of_work(engine, SYSTEM) as session:
        row = sent_lists.get(session, Bordereau, uuid.UUID(told["id"]), SYSTEM)
        whole = session.execute(bordereau_desk.rows_of(row)).all()
        numbers = dict(session.execute(select(Policy.number, Policy.id)).all())
        assert [(one.number, one.policy_id) for one in whole] == [(f"P-{n}", numbers[f"P-{n}"]) for n in range(1, 12)]
        for first in range(13):
            for most in (1, 2, 4, 20):
                window = session.execute(bordereau_desk.rows_of(row, first, most)).all()
                assert window == whole[first : first + most]


def test_a_list_may_name_any_number_of_communities(engine: Engine, made: MadePool, tmp_path: Path) -> None:
    """Fifteen thousand of them, none in the register but one: each row is told, and the one is found."""
    rows = [f"P-{n},2026-03-01,2027-03-01,2,1.00,示例区,第{n}苑\n" for n in range(15_000)]
    with unit_of_work(engine, SYSTEM) as session:
        known = session.scalars(select(Community)).one()
        rows.append(f"P-0A,2026-03-01,2027-03-01,2,1.00,{known.district},{known.name}\n")
    told = json.loads(sent(tmp_path, made, "".join(rows), "--json").stdout)
    assert (told["faults"], told["rows"], told["lines"]) == (15_000, 1, 15_001)
    assert {one["code"] for one in told["errors"]} == {"community_not_in_register"}
