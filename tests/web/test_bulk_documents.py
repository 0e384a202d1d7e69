"""A list posted at once and its premiums one by one: every document that is made of the book is the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from claims import closing
from core.db import unit_of_work
from core.permits import SYSTEM, Role
from ledger import statements
from ledger.extracts import Kind
from tests.conftest import empty_all
from tests.depth import DEPTH
from tests.makers import MadePool, make_pool
from tests.makers_money import CLOSED_AT
from tests.underwriting.test_bordereaux import Premium, posted, second_version
from tests.web.extract_readers import file_of, listed_of, period_of
from underwriting import policies, pools
from underwriting.premiums import Written
from underwriting.rating import months_after
from web.documents import sheets
from web.documents.pdf import statement_pdf
from web.documents.rows import Verification, as_data
from web.statement_paper import statement_rows

DAY, LAST = date(2026, 3, 2), date(2026, 3, 31)
WHERE = Verification("https://gongbao.example.test/verify/ABCD", "ABCD")
Post = Callable[[Session, MadePool, list[Premium], int], None]

#: All premiums of a list together stay within what one entry may move.
amounts = st.one_of(st.integers(1, 300), st.integers(1, 10**9), st.just(3 * 10**13))
days = st.sampled_from([date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 1), date(2026, 12, 31)])


def one_by_one(session: Session, made: MadePool, rows: list[Premium], _: int) -> None:
    """Write each premium by itself."""
    for number, begins, lifts, fen in rows:
        agreement = pools.agreement_on(session, made.pool.id, begins)
        written = Written(number, begins, months_after(begins, 12), fen, lifts)
        policies.write(session, agreement, written, on=DAY, by=SYSTEM, at=CLOSED_AT)


def at_once(session: Session, made: MadePool, rows: list[Premium], cut: int) -> None:
    """Post all premiums as one list that was read in two pieces."""
    posted(session, made, rows[:cut], rows[cut:])


def documents_of(engine: Engine, post: Post, rows: list[Premium], cut: int) -> Mapping[str, bytes]:
    """Return every document of a quarter in whose book a list was posted, by its name, unsigned."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        second_version(session, made, (5000, 2500, 1500, 1000), 900)
        post(session, made, rows, cut)
    checker = made.actor(Role.FINANCE_CHECKER)
    found: dict[str, bytes] = {}
    with unit_of_work(engine, SYSTEM) as session:
        made_out = closing.close_period(session, made.pool.id, "2026Q1", on=LAST, by=checker, at=CLOSED_AT)
        for place, statement in enumerate(made_out):
            statements.issue(session, statement, due_on=CLOSED_AT.date(), by=checker, at=CLOSED_AT)
            told = statement_rows(session, statement, WHERE)
            found[f"{place}.pdf"] = statement_pdf(told)
            found[f"{place}.xlsx"] = sheets.statement_xlsx(told)
            found[f"{place}-summary.csv"] = sheets.summary_csv(told)
            found[f"{place}-items.csv"] = sheets.itemised_csv(told)
            found[f"{place}.json"] = json.dumps(as_data(told), ensure_ascii=False).encode()
        period = period_of(session, made.pool.id)
        for kind in Kind:
            for form in ("csv", "xlsx"):
                found[f"{kind.value}.{form}"] = file_of(session, period, listed_of(session, period, kind), form)
    return found


@settings(max_examples=2 * DEPTH, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(days, st.integers(1, 50), amounts), min_size=1, max_size=25), cut=st.integers(0, 25))
def test_documents_do_not_tell_which_way_a_list_was_posted(
    engine: Engine, broom: psycopg.Connection, rows: list[tuple[date, int, int]], cut: int
) -> None:
    """PDF before it is signed, workbook, CSV and data of every member, and the book's lists as CSV and workbook."""
    listed: list[Premium] = [(f"示例-{place:03}", *row) for place, row in enumerate(rows)]
    found = []
    for post in (one_by_one, at_once):
        empty_all(broom)
        found.append(documents_of(engine, post, listed, cut))
    single, bulk = found
    assert single.keys() == bulk.keys()
    assert [name for name in single if single[name] != bulk[name]] == []
