"""What is only read, asked by the driver itself: questions that are written out once, all of them sent at a time.

A page asks the same questions with every request. SQLAlchemy makes them, once; what is kept of each is its words and
its values, and nothing of SQLAlchemy stands between them and the server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row
from sqlalchemy import Dialect, Engine, Select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from core.db import SET_SCOPE, scope_of
from core.permits import Actor

_DIALECT: Dialect = psycopg_dialect()  # type: ignore[no-untyped-call]
_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

#: A query of rows with any columns.
Query = Select[*tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the driver takes it: its words and its values."""

    words: str
    values: Mapping[str, object]

    def given(self, **values: object) -> Question:
        """Return the same question about something: with values for some of its parameters."""
        return Question(self.words, {**self.values, **values})


def question(query: Query) -> Question:
    """Return a query written out, to be kept by whoever asks it often."""
    found = query.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    return Question(str(found), found.params)


@lru_cache(maxsize=64)
def _written(query: Query) -> str:
    return question(query).words


def ask_alone(engine: Engine, query: Query, values: Mapping[str, object]) -> Sequence[Any]:
    """Return the rows (named tuples) of one query of a module with its parameters, in no transaction."""
    with _driver(engine) as raw, raw.cursor(row_factory=namedtuple_row) as cursor:
        found: Sequence[Any] = cursor.execute(_written(query), values).fetchall()
        return found


def ask_together(engine: Engine, actor: Actor | None, *asked: Question) -> list[list[Any]]:
    """Return the rows (named tuples) of each question, all of one snapshot that the actor may see.

    One way to the server and back, however many there are; nothing can be written by any of them.
    """
    with _driver(engine) as raw:
        cursors = [raw.cursor(row_factory=namedtuple_row, binary=True) for _ in asked]
        with raw.pipeline():
            raw.execute(_BEGIN)
            raw.execute(SET_SCOPE, scope_of(actor))
            for cursor, one in zip(cursors, asked, strict=True):
                cursor.execute(one.words, one.values)
            raw.execute("COMMIT")
        return [cursor.fetchall() for cursor in cursors]


@contextmanager
def _driver(engine: Engine) -> Iterator[Any]:
    """Lend a connection that begins no transaction by itself.

    What its server refuses, and that there is no server, is raised as by SQLAlchemy.
    """
    opened: PoolProxiedConnection | None = None
    try:
        opened = engine.raw_connection()
        raw: Any = opened.driver_connection
        own = raw.autocommit
        raw.autocommit = True
        try:
            yield raw
        finally:
            if not raw.closed:
                if raw.pgconn.transaction_status != TransactionStatus.IDLE:
                    raw.rollback()
                raw.autocommit = own
    except psycopg.Error as fault:
        is_cut = opened is not None and raw.closed
        if opened is not None and is_cut:
            opened.invalidate(fault)
        told: BaseException = DBAPIError.instance(
            None, None, fault, psycopg.Error, hide_parameters=True, connection_invalidated=is_cut, dialect=_DIALECT
        )
        raise told from fault
    finally:
        if opened is not None:
            opened.close()
