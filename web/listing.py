"""What every list of the pages shares: filters from the address, one page of rows, count and sum, CSV of just that."""

from __future__ import annotations

import csv
import io
import re
import tempfile
import uuid
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from flask import Response, current_app, request, send_file, url_for
from sqlalchemy import ColumnElement, Select, Subquery, func, literal_column, select
from sqlalchemy.orm import Session

from core.clock import CITY
from core.errors import Finding
from core.reading import Question, ask_together, question
from ledger.money import plain_fen
from web.documents.sheets import safe_text
from web.errors import words
from web.formats import here
from web.visits import visit

#: Rows of one page, and the most rows of one export.
PAGE_ROWS = 50
EXPORT_MOST = 100_000
#: A word that is looked for is no longer than this.
TEXT_MOST = 100

#: A query of rows with any columns.
Query = Select[*tuple[Any, ...]]


@dataclass(slots=True)
class Asked:
    """The filters of a list as the address has them: what was typed, and what is wrong with it, by field."""

    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return a word to look for, empty where none is asked; one too long is told beside its field."""
        self.values[name] = request.args.get(name, "").strip()
        if len(self.values[name]) <= TEXT_MOST:
            return self.values[name]
        self.errors[name] = words(Finding("text_too_long", name, {"most": TEXT_MOST, "length": len(self.values[name])}))
        return ""

    def choice(self, name: str, allowed: Iterable[str]) -> str:
        """Return one of the allowed words; any other counts as not asked."""
        typed = request.args.get(name, "")
        self.values[name] = typed if typed in set(allowed) else ""
        return self.values[name]

    def day(self, name: str) -> date | None:
        """Return a date; one that is none is told beside its field and filters nothing."""
        typed = self.text(name)
        if not typed:
            return None
        try:
            if re.fullmatch(r"\d{4}-\d{2}-\d{2}", typed, re.ASCII):
                return date.fromisoformat(typed)
        except ValueError:
            pass
        self.errors[name] = words(Finding("input_not_date", name))
        return None


@dataclass(frozen=True, slots=True)
class Listed:
    """One page of a list, with the count (and sum in fen) of everything that the filters let through."""

    rows: Sequence[Any]
    count: int
    page: int
    pages: int
    sum_fen: int | None = None


def page_asked() -> int:
    """Return the page that the address asks for, counted from 1."""
    typed = request.args.get("page", "1")
    return max(1, int(typed)) if re.fullmatch(r"\d{1,6}", typed, re.ASCII) else 1


def listed(session: Session, query: Query, *, sum_of: str = "", is_grouped: bool = True) -> Listed:
    """Return the asked page of a query's rows; `sum_of` names the column (in fen) that is summed over all of them.

    A query that neither groups its rows nor makes them distinct (`is_grouped=False`) is counted as it stands, which
    costs less than to count what it returns.
    """
    found = session.execute(_whole(query, sum_of, is_grouped=is_grouped)).one()
    count = int(found[0])
    pages = max(1, -(-count // PAGE_ROWS))
    page = min(page_asked(), pages)
    rows = session.execute(query.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)).all()
    return Listed(rows, count, page, pages, int(found[1]) if sum_of else None)


def _whole(query: Query, sum_of: str, *, is_grouped: bool) -> Query:
    """Return the query of how many rows a query has, and of what a column of theirs comes to."""
    whole = query.order_by(None).subquery() if is_grouped else query.order_by(None)
    wanted: list[ColumnElement[Any]] = [func.count()]
    if sum_of:
        columns = whole.c if isinstance(whole, Subquery) else whole.selected_columns
        wanted.append(func.coalesce(func.sum(columns[sum_of]), 0))
    if isinstance(whole, Subquery):
        return select(*wanted).select_from(whole)
    return whole.with_only_columns(*wanted, maintain_column_froms=True)


@dataclass(frozen=True, slots=True)
class ListQuestions:
    """A list as it is asked for again and again: its count (and sum), and the rows of a page, written out once."""

    whole: Question
    first: Question

    def given(self, **values: object) -> ListQuestions:
        """Return the same list about something: with values for some of its parameters."""
        return ListQuestions(self.whole.given(**values), self.first.given(**values))

    def rows(self, page: int) -> Question:
        """Return what is asked for the rows of a page, counted from 1."""
        if page == 1:
            return self.first
        return Question(f"{self.first.words} OFFSET {(page - 1) * PAGE_ROWS}", self.first.values)


def list_questions(query: Query, *, sum_of: str = "", is_grouped: bool = True) -> ListQuestions:
    """Return what is asked for a list, for whoever keeps it; see `listed` for its parameters.

    The length of a page stands in the words, so that the server keeps one plan.
    """
    return ListQuestions(question(_whole(query, sum_of, is_grouped=is_grouped)), first_page(query))


def first_page(query: Query) -> Question:
    """Return what is asked for the first page of a list, whose length stands in the words."""
    return question(query.limit(literal_column(str(PAGE_ROWS))))


def listed_at_once(questions: ListQuestions, *more: Question) -> tuple[Listed, list[list[Any]]]:
    """Return the asked page of a list and the rows of some more questions, of one snapshot.

    For a view without a unit of work of its own. A page after the last is the last one.
    """
    page = page_asked()
    rows, whole, *others = asked_now(questions.rows(page), questions.whole, *more)
    count, *sums = map(int, whole[0])
    found = page_of(rows, count, page, questions)
    return replace(found, sum_fen=sums[0]) if sums else found, others


def page_of(rows: list[Any], count: int, page: int, questions: ListQuestions) -> Listed:
    """Return a page of a list whose rows were asked for before it was known how many there are."""
    pages = max(1, -(-count // PAGE_ROWS))
    if page > pages:
        page = pages
        rows = asked_now(questions.rows(page))[0]
    return Listed(rows, count, page, pages)


def asked_now(*asked: Question) -> list[list[Any]]:
    """Return the rows of questions as whoever asks may see them, of one snapshot."""
    return ask_together(current_app.extensions["gongbao"].engine, visit().actor, *asked)


def counted(session: Session, query: Query, count: int) -> Listed:
    """Return the asked page of a query's rows, of which it is known how many there are: a long list is not counted."""
    pages = max(1, -(-count // PAGE_ROWS))
    page = min(page_asked(), pages)
    rows = session.execute(query.limit(PAGE_ROWS).offset((page - 1) * PAGE_ROWS)).all()
    return Listed(rows, count, page, pages)


def windowed(session: Session, rows_of: Callable[[int, int], Query], count: int) -> Listed:
    """Return the asked page of a list that is asked for by its first row (counted from 0) and how many there are."""
    pages = max(1, -(-count // PAGE_ROWS))
    page = min(page_asked(), pages)
    return Listed(session.execute(rows_of((page - 1) * PAGE_ROWS, PAGE_ROWS)).all(), count, page, pages)


def of_rows(rows: Sequence[Any], *, sum_fen: int | None = None) -> Listed:
    """Return the asked page of rows that are all here already."""
    pages = max(1, -(-len(rows) // PAGE_ROWS))
    page = min(page_asked(), pages)
    return Listed(rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS], len(rows), page, pages, sum_fen)


def sort_asked(columns: Mapping[str, Any], usual: str, *, full: Container[str] = ()) -> tuple[str, list[Any]]:
    """Return the sort that the address asks for (`key`, or `-key` for falling) and what to order by (`ordered`)."""
    key = sort_key(columns, usual)
    return key, ordered(columns, key, full=full)


def sort_key(columns: Container[str], usual: str) -> str:
    """Return the sort that the address asks for: one of the columns, with a `-` before it for falling."""
    asked = request.args.get("sort", usual)
    return asked if asked.removeprefix("-") in columns else usual


def ordered(columns: Mapping[str, Any], key: str, *, full: Container[str] = ()) -> list[Any]:
    """Return what a sort orders by.

    Rows without a value come last. The `full` columns have one in every row, so that an index can be read as it stands.
    """
    name = key.removeprefix("-")
    order = columns[name].desc() if key.startswith("-") else columns[name].asc()
    return [order if name in full else order.nulls_last()]


def wants_csv() -> bool:
    """Say whether the address asks for the list as CSV."""
    return request.args.get("as") == "csv"


def csv_link() -> list[tuple[str, str]]:
    """Return the export link of this list, for `list_line`."""
    return [("CSV", here(**{"as": "csv"}))]


def contains(column: ColumnElement[str] | Any, word: str) -> ColumnElement[bool]:
    """Return the condition that a column contains a word, whatever signs the word has."""
    found: ColumnElement[bool] = column.icontains(word, autoescape=True)
    return found


def addresses(endpoint: str, name: str) -> Callable[[uuid.UUID | str], str]:
    """Return what gives the address of a record by its id, which the endpoint calls `name`.

    For a page's rows: the address is built once, and each row's id set into it.
    """
    before, after = _around(endpoint, name, request.script_root)
    return lambda one: f"{before}{one}{after}"


@lru_cache(maxsize=256)
def _around(endpoint: str, name: str, _root: str) -> tuple[str, str]:
    """Return what stands before and after the id in the address of a record."""
    nobody = uuid.UUID(int=0)
    values: dict[str, Any] = {name: nobody}
    before, after = url_for(endpoint, **values).split(str(nobody))
    return before, after


Written = Callable[[Any], object]


def csv_of(name: str, columns: Sequence[tuple[str, Written]], rows: Iterable[Any]) -> Response:
    """Return rows as a CSV file (RFC 4180, UTF-8 with a mark so that a spreadsheet reads it).

    `columns` are (heading, value of a row); money columns end in `_cny` and hold fen. Text never becomes a formula.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([heading for heading, _ in columns])
    for row in rows:
        writer.writerow([_written(heading, value(row)) for heading, value in columns])
    answer = Response("\ufeff" + out.getvalue(), mimetype="text/csv")
    answer.headers.set("Content-Disposition", "attachment", filename=f"{name}.csv")
    return answer


def csv_file_of(name: str, columns: Sequence[tuple[str, Written]], rows: Iterable[Any]) -> Response:
    """Return rows as `csv_of` does, however many they are: written to a file on disk and sent from there."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the answer that is sent from it
    out = io.TextIOWrapper(file, "utf-8", newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([heading for heading, _ in columns])
    for row in rows:
        writer.writerow([_written(heading, value(row)) for heading, value in columns])
    out.detach()
    file.seek(0)
    return send_file(file, mimetype="text/csv", as_attachment=True, download_name=f"{name}.csv")


def _written(heading: str, value: object) -> str:
    """Return a value as a file holds it: ISO dates, instants with the city's offset, yuan with two decimals."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(CITY).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int):
        return plain_fen(value) if heading.endswith("_cny") else str(value)
    return safe_text(str(value))
