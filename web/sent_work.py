"""The file of a list that is sent, of any kind, and its way into the books: kept, opened, posted, or stopped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, BinaryIO, TypeVar, cast

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from core.db import BUSY, instant, run_in_unit
from core.errors import Finding, Invalid, Refusal
from core.papers import Store
from core.permits import SYSTEM
from underwriting import sent_lists
from underwriting.sent_lists import Kind, Sent
from web.cells import Limits
from web.errors import of_database
from web.row_schema import RowSchema
from web.tables import clean_name, read_table

Done = TypeVar("Done")


def keep_file(
    store: Store,
    schema: RowSchema,
    limits: Limits,
    stream: IO[bytes],
    filename: str | None,
    chosen: Mapping[str, str],
    sheet: str | None = None,
) -> Sent:
    """Keep a file in the store and return how it was sent; refuses what is no table with these columns."""
    with read_table(stream, filename, limits, sheet=sheet) as table:
        mapping = schema.completed(chosen, table.headers)
        schema.check(mapping, table.headers)
    stream.seek(0)
    digest, _ = store.put(cast(BinaryIO, stream), limit=limits.file_bytes)
    return Sent(clean_name(filename), digest, mapping.columns, sheet)


@contextmanager
def file_of(engine: Engine, store: Store, model: type[Kind], list_id: uuid.UUID) -> Iterator[BinaryIO]:
    """Open the file of a list as it was sent; NotFound `…_not_found`, `file_not_found`."""
    row = run_in_unit(engine, SYSTEM, lambda session: sent_lists.get(session, model, list_id, SYSTEM))
    with store.open(row.digest) as stream:
        yield stream


def broken_off(broken: Invalid) -> list[tuple[int, Finding]]:
    """Return what a file that is no table, or breaks off as one, is refused for, at its row where it has one."""
    line = broken.facts.get("row")
    first = (line if isinstance(line, int) else 0, Finding(broken.code, "", dict(broken.facts)))
    return [first, *((0, one) for one in broken.findings)]


def post_now(
    engine: Engine,
    model: type[Kind],
    list_id: uuid.UUID,
    post: Callable[[Session, Kind], Done],
    taken: Callable[[Session, Kind], Refusal | None],
) -> Done | None:
    """Return what posting an approved list gives, in one unit of work; where refused, its approval is taken back.

    One that is not approved, or is posted already, is left as it is (None). Raises what refused it, the database too
    (a number that another has taken since the check, which `taken` names); Conflict `busy` leaves the approval, for the
    posting to be asked for again.
    """

    def work(session: Session) -> Done | None:
        row = sent_lists.lock(session, model, list_id)
        return post(session, row) if row.stage == "approved" else None

    try:
        return run_in_unit(engine, SYSTEM, work)
    except Refusal as refused:
        refusal = refused
    except DBAPIError as fault:
        if (found := of_database(fault)) is None:
            raise
        refusal = found
        if found.code == "already_there":
            refusal = run_in_unit(engine, SYSTEM, lambda session: _named(session, model, list_id, taken)) or found
    if refusal.code != BUSY:
        run_in_unit(engine, SYSTEM, lambda session: _stop(session, model, list_id, refusal))
    raise refusal


def _named(
    session: Session, model: type[Kind], list_id: uuid.UUID, taken: Callable[[Session, Kind], Refusal | None]
) -> Refusal | None:
    return taken(session, sent_lists.get(session, model, list_id, SYSTEM))


def _stop(session: Session, model: type[Kind], list_id: uuid.UUID, refusal: Refusal) -> None:
    row = sent_lists.lock(session, model, list_id)
    if row.stage == "approved":
        sent_lists.stop(session, row, refusal, by=SYSTEM, at=instant(session))
