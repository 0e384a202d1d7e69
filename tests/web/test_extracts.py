"""Extracts of a book: asked for, made once and kept, whoever makes them how often."""

from __future__ import annotations

import io
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import unit_of_work
from core.errors import Conflict, Invalid
from core.papers import Paper, Store
from core.permits import SYSTEM, Actor, Role
from ledger import extracts
from ledger.extract_models import BookExtract
from ledger.extracts import Kind, Wish
from tests.makers_money import Quarter, play_quarter
from tests.web.extract_readers import file_of, listed_of, period_of, table_of
from underwriting import policies, pools, premiums
from web import extracts as making
from web.documents.extract_columns import columns_of
from web.extract_invariants import extract_files_in

NOON = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)


# Asked for, made once, kept


def _ask(engine: Engine, pool_id: int, period_id: int, by: Actor, *, form: str = "csv") -> uuid.UUID:
    with unit_of_work(engine, by) as session:
        wish = Wish(pool_id, period_id, Kind.JOURNAL, form, pool_id in by.led_pools or by.sees_all)
        return making.ask(session, wish, by=by, at=NOON).id


def _row(engine: Engine, extract_id: uuid.UUID) -> BookExtract:
    with unit_of_work(engine, SYSTEM) as session:
        return session.get_one(BookExtract, extract_id)


@pytest.fixture
def quarter(session: Session) -> Quarter:
    """The oracle's quarter, closed."""
    return play_quarter(session)


@pytest.fixture
def kept(engine: Engine) -> Quarter:
    """The oracle's quarter, closed and committed."""
    with unit_of_work(engine, SYSTEM) as session:
        return play_quarter(session)


def _lead(quarter: Quarter) -> Actor:
    return quarter.made.actor(Role.FINANCE_MAKER)


def test_a_closed_periods_extract_is_made_once(engine: Engine, kept: Quarter, state_dir: Path) -> None:
    """Asked for twice and made twice it is one row, one file, one digest; its job is queued with the wish."""
    pool, store = kept.made.pool.id, Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    first = _ask(engine, pool, period_id, _lead(kept))
    assert _ask(engine, pool, period_id, _lead(kept)) == first
    making.make(engine, store, first)
    making.make(engine, store, first)
    row = _row(engine, first)
    assert (row.stage, row.is_final, row.is_whole) == ("ready", True, True)
    assert _ask(engine, pool, period_id, _lead(kept)) == first
    with unit_of_work(engine, SYSTEM) as session:
        papers = session.scalars(select(Paper).where(Paper.subject_kind == "book_extract")).all()
        assert [(paper.id, paper.organisation_id) for paper in papers] == [(row.paper_id, kept.made.members[0].id)]
        with store.open(papers[0].digest) as file:
            body = file.read()
        assert body == file_of(
            session, period_of(session, pool), listed_of(session, period_of(session, pool), Kind.JOURNAL), "csv"
        )
        jobs = text(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'make_extract' AND args->>'extract_id' = :id"
        )
        assert session.scalar(jobs, {"id": str(first)}) == 2


def test_the_same_rows_give_the_same_bytes(session: Session, quarter: Quarter) -> None:
    """A workbook that is made again is the same, byte for byte, so that its digest is."""
    period = period_of(session, quarter.made.pool.id)
    found = listed_of(session, period, Kind.PREMIUMS)
    assert file_of(session, period, found, "xlsx") == file_of(session, period, found, "xlsx")


def test_an_open_period_says_after_which_entry(engine: Engine, state_dir: Path) -> None:
    """What is booked after an extract was asked for is not in it; asked for anew it is another one."""
    with unit_of_work(engine, SYSTEM) as session:
        quarter = play_quarter(session, is_closed=False)
        period = period_of(session, quarter.made.pool.id)
        last = extracts.last_entry(session, period)
        rows = making.expected(session, listed_of(session, period, Kind.JOURNAL)).rows
    pool, lead = quarter.made.pool.id, _lead(quarter)
    first = _ask(engine, pool, period.id, lead)
    assert _ask(engine, pool, period.id, lead) == first
    with unit_of_work(engine, SYSTEM) as session:
        on = date(2026, 3, 31)
        agreement = pools.agreement_on(session, pool, on)
        written = premiums.Written("LATE", on, date(2027, 3, 31), 99_999, 3)
        policies.write(session, agreement, written, on=on, by=quarter.made.actor(Role.FINANCE_MAKER), at=NOON)
    making.make(engine, Store(state_dir / "papers"), first)
    row = _row(engine, first)
    assert (row.stage, row.is_final, row.until_entry_id, row.rows_total) == ("ready", False, last, rows)
    second = _ask(engine, pool, period.id, lead)
    assert second != first
    assert _row(engine, second).until_entry_id > last


def test_a_maker_that_was_killed_is_followed_by_another(engine: Engine, kept: Quarter, state_dir: Path) -> None:
    """An extract left half made is made whole; a second maker that comes late keeps the first one's file."""
    pool, store = kept.made.pool.id, Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    asked = _ask(engine, pool, period_id, _lead(kept))
    with unit_of_work(engine, SYSTEM) as session:
        extracts.begin(session, extracts.lock(session, asked), 10, by=SYSTEM, at=NOON)
    assert _row(engine, asked).stage == "making"
    making.make(engine, store, asked)
    row = _row(engine, asked)
    making.make(engine, store, asked)
    assert (_row(engine, asked).paper_id, row.stage) == (row.paper_id, "ready")


def test_a_list_too_long_for_a_sheet_is_refused_and_may_be_asked_again(
    engine: Engine, kept: Quarter, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The maker notes why; asked for again it waits again, and is made once it fits."""
    pool, store = kept.made.pool.id, Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    asked = _ask(engine, pool, period_id, _lead(kept), form="xlsx")
    with monkeypatch.context() as short:
        short.setattr("web.documents.extract_files.SHEET_MOST", 3)
        making.make(engine, store, asked)
    row = _row(engine, asked)
    assert (row.stage, row.refused_code, row.paper_id) == ("failed", "extract_too_long", None)
    assert _ask(engine, pool, period_id, _lead(kept), form="xlsx") == asked
    assert _row(engine, asked).stage == "waiting"
    making.make(engine, store, asked)
    assert _row(engine, asked).stage == "ready"


def test_rows_that_do_not_add_up_are_not_kept(session: Session, quarter: Quarter) -> None:
    """A file whose rows are not what the database counted and summed is refused in either form."""
    period = period_of(session, quarter.made.pool.id)
    found = listed_of(session, period, Kind.PREMIUMS)
    told = making.expected(session, found)
    wrong = replace(told, totals_fen={**told.totals_fen, "net_fen": told.totals_fen["net_fen"] + 1})
    for form in ("csv", "xlsx"):
        for other in (wrong, replace(told, rows=told.rows + 1)):
            with pytest.raises(Conflict, match="extract_not_adding_up"):
                making.write(session, period, found, form, io.BytesIO(), other, lambda rows: None)


def test_what_is_asked_for_must_exist(session: Session, quarter: Quarter) -> None:
    """An unknown form, and an extract for nobody, are refused; nothing is asked for."""
    period = period_of(session, quarter.made.pool.id)
    wish = Wish(quarter.made.pool.id, period.id, Kind.JOURNAL, "csv", True)
    with pytest.raises(Invalid, match="extract_form_unknown"):
        extracts.ask(session, replace(wish, form="pdf"), by=_lead(quarter), at=NOON)
    with pytest.raises(Invalid, match="extract_needs_organisation"):
        extracts.ask(session, wish, by=SYSTEM, at=NOON)
    assert session.scalar(select(func.count()).select_from(BookExtract)) == 0


def test_an_extract_is_its_organisations_by_the_database_itself(engine: Engine, kept: Quarter) -> None:
    """Another member sees nothing of it, even by SQL; the bureau and the auditor do."""
    pool = kept.made.pool.id
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    _ask(engine, pool, period_id, kept.made.actor(Role.FINANCE_MAKER, 1))
    seen = {}
    for name, who in (
        ("own", kept.made.actor(Role.FINANCE_CHECKER, 1)),
        ("other", kept.made.actor(Role.FINANCE_CHECKER, 2)),
        ("lead", _lead(kept)),
        ("system", SYSTEM),
    ):
        with unit_of_work(engine, who) as session:
            seen[name] = session.scalar(text("SELECT count(*) FROM book_extract"))
    assert seen == {"own": 1, "other": 0, "lead": 0, "system": 1}


def test_the_wall_before_accounts_changes_nothing_in_a_members_list(engine: Engine, kept: Quarter) -> None:
    """What a member's page shows inside its own scope is what the worker, who sees everything, writes for it."""
    member = kept.made.actor(Role.FINANCE_CHECKER, 1)
    told: dict[str, list[Any]] = {}
    for name, who in (("worker", SYSTEM), ("member", member)):
        with unit_of_work(engine, who) as session:
            period = period_of(session, kept.made.pool.id)
            told[name] = [table_of(listed_of(session, period, kind, member.organisation_id), session) for kind in Kind]
    assert told["member"] == told["worker"]


def test_two_makers_at_once_keep_one_file(engine: Engine, kept: Quarter, state_dir: Path) -> None:
    """A job that two machines do at the same time leaves one paper, whole."""
    pool, store = kept.made.pool.id, Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    asked = _ask(engine, pool, period_id, _lead(kept))
    with ThreadPoolExecutor(4) as makers:
        list(makers.map(lambda _: making.make(engine, store, asked), range(4)))
    with unit_of_work(engine, SYSTEM) as session:
        papers = session.scalars(select(Paper).where(Paper.subject_kind == "book_extract")).all()
        finished = text("SELECT count(*) FROM audit_event WHERE action = 'book_extract.finish'")
        assert (len(papers), session.scalar(finished)) == (1, 1)
        assert store.is_whole(papers[0].digest)
    assert _row(engine, asked).paper_id == papers[0].id


def test_a_file_that_is_made_stands_whatever_the_application_does(
    engine: Engine, kept: Quarter, state_dir: Path
) -> None:
    """The database lets nobody put another file in its place, make it anew, or take it back."""
    pool = kept.made.pool.id
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    asked = _ask(engine, pool, period_id, _lead(kept))
    making.make(engine, Store(state_dir / "papers"), asked)
    for change in ("stage = 'making', paper_id = NULL, ready_at = NULL", "rows_total = 1, rows_done = 1"):
        with pytest.raises(DBAPIError, match="is made and stands"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(f"UPDATE book_extract SET {change}"))
    for change in ("UPDATE book_extract SET is_whole = true", "DELETE FROM book_extract"):
        with pytest.raises(DBAPIError, match="permission denied"), unit_of_work(engine, SYSTEM) as session:
            session.execute(text(change))


def test_a_file_that_was_made_before_a_column_was_added_still_agrees(
    engine: Engine, kept: Quarter, state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kept file stands for good: verified later it is held to the columns that it has."""
    pool, store = kept.made.pool.id, Store(state_dir / "papers")
    with unit_of_work(engine, SYSTEM) as session:
        period_id = period_of(session, pool).id
    for form in ("csv", "xlsx"):
        asked = _ask(engine, pool, period_id, _lead(kept), form=form)
        with monkeypatch.context() as older:
            older.setattr(making, "columns_of", lambda kind, members: columns_of(kind, members)[3:])
            making.make(engine, store, asked)
    with unit_of_work(engine, SYSTEM) as session:
        assert extract_files_in(store).check(session.connection()).total == 0
