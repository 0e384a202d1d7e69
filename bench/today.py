"""The same premiums to every member's statement: ours, against what users do today with pandas and openpyxl.

Today: the list is read into a frame, split by share, and each follower gets a workbook with a sheet of its lines and
one of totals. Ours: the list is read, checked, split, posted and the period closed with a statement for each member;
and, in a row of its own, with the workbook of every movement for all five members as well. The premiums are received
and remitted in between, which nobody's time counts. No way of writing their rows is quicker than COPY, measured beside
them.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import Engine

from bench.alone import alone
from bench.closing import close, collect_all
from bench.place import SHARES, database, make_pool, settle, write_list
from bench.settlement import Limit
from bench.table import Row, as_data
from bench.telling import say, seconds
from core.db import unit_of_work
from core.permits import SYSTEM
from ledger import statements
from web.documents.rows import Verification
from web.documents.sheets import statement_xlsx
from web.statement_paper import statement_rows

FULL, QUICK = 50_000, 2_000
_FOLLOWERS = "乙丙丁戊"


def by_pandas(path: str, folder: str) -> float:
    """Return how long the list takes to become a workbook per follower."""
    import pandas

    def work() -> None:
        frame = pandas.read_csv(path)
        whole = sum(SHARES)
        for name, share in zip(_FOLLOWERS, SHARES[1:], strict=True):
            own = frame.copy()
            own["份额"] = share / whole
            own["应付"] = (own["保费"] * share / whole).round(2)
            totals = own.groupby("起保日")[["保费", "应付"]].sum().reset_index()
            with pandas.ExcelWriter(Path(folder) / f"{name}.xlsx", engine="openpyxl") as book:
                own.to_excel(book, sheet_name="明细", index=False)
                totals.to_excel(book, sheet_name="合计", index=False)

    return seconds(work)


def workbooks(engine: Engine, pool_id: int) -> float:
    """Return how long the workbooks of a closed period's statements take, one for each member."""

    def work() -> None:
        with unit_of_work(engine, SYSTEM) as session:
            period = statements.period(session, pool_id, "2026Q1")
            for one in statements.of_period(session, period):
                statement_xlsx(statement_rows(session, one, Verification("", "")))

    return seconds(work)


def measure(is_quick: bool) -> list[dict[str, object]]:
    """Return the rows of what users do today."""
    count = QUICK if is_quick else FULL
    with tempfile.TemporaryDirectory() as name, database() as (urls, engine):
        path = Path(name) / "premiums.csv"
        write_list(path, 100, "W")
        settle(engine, make_pool(engine, "预热共保体"), path)
        write_list(path, count)
        pool_id = make_pool(engine, "批量共保体")
        settled = sum(settle(engine, pool_id, path))
        limit = Limit(urls, Path(name))
        limit.keep_rows(pool_id)
        copied = limit.copy()
        collect_all(urls, pool_id)
        closed = close(engine, pool_id)
        written = workbooks(engine, pool_id)
        theirs = alone("bench.today:by_pandas", str(path), name).result
    say(f"settled {settled:.2f} s, closed {closed:.2f} s, workbooks {written:.2f} s; pandas {theirs:.2f} s")
    job = (f"{count:,} 笔保费到结算单", "premiums to statements")
    whole = settled + closed
    against = ("pandas 与 openpyxl，每家一本", "a workbook per follower")
    all_s = whole + written
    with_books = (f"{count:,} 笔保费到结算单与五家的工作簿", "with five workbooks")
    return as_data(
        [
            Row(*job, *against, whole, theirs, "s", theirs / whole, ">= 20"),
            Row(
                f"{count:,} 笔的行只用 COPY 写入",
                "COPY of their rows alone",
                *against,
                copied,
                theirs,
                "s",
                theirs / copied,
            ),
            Row(*with_books, *against, all_s, theirs, "s", theirs / all_s),
        ]
    )
