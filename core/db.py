"""The one way to the database: the base of every row, the engine, and the unit of work at the edge.

A unit of work is one transaction. It begins and ends at the edge (a request, a command, a job), commits on exit and
rolls back on any exception. Row locks taken in one order carry the proof of a money rule; SERIALIZABLE is the net
under them, so `run_in_unit` tries a serialisation failure again a bounded number of times and then refuses.
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

import psycopg
import uuid_utils
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Connection,
    Date,
    DateTime,
    Engine,
    LargeBinary,
    MetaData,
    Text,
    Uuid,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.pool import ConnectionPoolEntry

from core.errors import Conflict

if TYPE_CHECKING:
    from core.permits import Actor

Result = TypeVar("Result")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: SQLSTATEs that mean "the same work, done again, may well succeed".
RETRIED = frozenset({"40001", "40P01"})
#: Two requests under one key at once: the second, done again, finds what the first did.
KEY_TAKEN = "pk_idempotency_key"

#: Others were at the same rows each time: nothing is wrong with the work, and it may be asked for again.
BUSY = "busy"

#: A connection that was used within so many seconds is taken for a living one.
ASKED_AFTER_S = 1.0

#: So many rehearsals run at once on one database, each under one of as many locks of this number.
REHEARSALS = 2
REHEARSAL_LOCK = 0x72686C
#: With a pool's number, the turn of who posts into its book next.
TURN_LOCK = 0x7475726E
_TAKE_TURN, _GIVE_TURN = "SELECT pg_advisory_lock(%s, %s)", "SELECT pg_advisory_unlock(%s, %s)"


class Model(DeclarativeBase):
    """A row. Money is BigInteger fen, instants are aware UTC, free text is Text, structured facts are JSONB."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        bytes: LargeBinary,
        date: Date,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[int]: ARRAY(BigInteger),
        list[str]: ARRAY(Text),
        list[date]: ARRAY(Date),
        list[uuid.UUID]: ARRAY(Uuid),
    }


def new_id() -> uuid.UUID:
    """Return a new UUIDv7: unguessable enough for an address, and rows made later sort later."""
    return uuid.UUID(bytes=uuid_utils.uuid7().bytes)


def new_ids(count: int) -> bytes:
    """Return so many new UUIDv7, 16 bytes each, for rows that are written as bytes."""
    return b"".join([uuid_utils.uuid7().bytes for _ in range(count)])


def engine_for(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine on `url` (`postgresql://...`) whose transactions are SERIALIZABLE and whose clock is UTC."""
    return _engine(url, "SERIALIZABLE", pool_size, "")


def reader_for(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine on `url` whose transactions each read one snapshot and write nothing: a replica will do.

    A replica takes no SERIALIZABLE transaction. What reads cannot break a rule of ours; one snapshot is enough.
    """
    return _engine(url, "REPEATABLE READ", pool_size, " -c default_transaction_read_only=on")


def _engine(url: str, isolation: Literal["SERIALIZABLE", "REPEATABLE READ"], pool_size: int, more: str) -> Engine:
    _, _, rest = url.partition("://")
    engine = create_engine(
        f"postgresql+psycopg://{rest}",
        isolation_level=isolation,
        pool_size=pool_size,
        max_overflow=pool_size,
        # What a failed statement was given stays out of the log: it may be a person's name or a token's digest.
        hide_parameters=True,
        connect_args={"options": "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=600s" + more},
    )
    event.listen(engine, "checkin", _lie_down)
    event.listen(engine, "checkout", _wake)
    return engine


def _lie_down(_: object, record: ConnectionPoolEntry) -> None:
    """Write down since when a connection has not been used."""
    record.info["since_s"] = time.monotonic()


def _wake(connection: Any, record: ConnectionPoolEntry, _: object) -> None:
    """Ask a connection that nobody used for a while whether its server is still there; a dead pool is made anew.

    One that was used a moment ago is not asked: the question costs as much as a statement.
    """
    if time.monotonic() - record.info.get("since_s", time.monotonic()) < ASKED_AFTER_S:
        return
    try:
        own = connection.autocommit
        connection.autocommit = True
        connection.execute("SELECT 1")
        connection.autocommit = own
    except psycopg.Error as fault:
        raise InvalidatePoolError from fault


@lru_cache
def _numbered(statement: str, place: int) -> str:
    """Return a part of a writing as the driver takes it, with its parameters named after its place."""
    return re.sub(r"(?<!:):(\w+)", rf"%(\1_{place})s", statement)


@lru_cache
def _together(statements: tuple[str, ...]) -> str:
    parts = ", ".join(f"part_{place} AS ({_numbered(one, place)})" for place, one in enumerate(statements))
    return f"WITH {parts} SELECT"


class Writing:
    """Rows of several tables that are written by one statement: one way to the server instead of one a table.

    No part sees what another writes; triggers and foreign keys look when all are written. A shape that comes again is
    planned once.
    """

    def __init__(self) -> None:
        self._statements: list[str] = []
        self._values: dict[str, object] = {}

    def add(self, statement: str, values: Mapping[str, object]) -> None:
        """Add an INSERT or UPDATE with its parameters, which stand in it as `:name`."""
        place = len(self._statements)
        self._statements.append(statement)
        self._values.update({f"{name}_{place}": value for name, value in values.items()})

    def write(self, session: Session) -> None:
        """Write everything, after what the session itself still holds back."""
        session.flush()
        session.connection().exec_driver_sql(_together(tuple(self._statements)), self._values)


SET_SCOPE = (
    "SELECT set_config('gongbao.organisation_id', %(organisation)s, true),"
    " set_config('gongbao.led_pools', %(led_pools)s, true), set_config('gongbao.sees_all', %(sees_all)s, true)"
)


def scope_of(actor: Actor | None) -> dict[str, str]:
    """Return whose rows may be seen, as `SET_SCOPE` takes it; no actor is the public, who sees none of one insurer."""
    return {
        "organisation": str(actor.organisation_id) if actor and actor.organisation_id else "",
        "led_pools": "{" + ",".join(map(str, sorted(actor.led_pools if actor else ()))) + "}",
        "sees_all": "yes" if actor and actor.sees_all else "no",
    }


def set_scope(session: Session, actor: Actor | None) -> None:
    """Tell the database, for this transaction only, whose rows may be seen: the second wall behind `visible_to`."""
    session.connection().exec_driver_sql(SET_SCOPE, scope_of(actor))


def instant(session: Session) -> datetime:
    """Return this instant by the database's clock, as every deadline is read (decision 0007)."""
    found: datetime = session.scalars(select(func.gongbao_now())).one()
    return found


def may_try_again(error: DBAPIError) -> bool:
    """Say whether the same work, done again in a new transaction, may well succeed."""
    state = getattr(error.orig, "sqlstate", None)
    if state in RETRIED:
        return True
    diagnosis = getattr(error.orig, "diag", None)
    return state == "23505" and getattr(diagnosis, "constraint_name", None) == KEY_TAKEN


@contextmanager
def _in_turn(engine: Engine, turn: int) -> Iterator[Connection]:
    """Hold a connection while no other holds one for the same turn.

    The turn comes before the transaction begins, so what it sees is what the one before it left. Waiting for a row
    within the transaction would end in a conflict with whoever held it: its snapshot would be older than the row.
    Refuses Conflict `busy` where the turn does not come in the time that a lock is waited for.
    """
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        try:
            _by_itself(raw, _TAKE_TURN, turn)
        except psycopg.errors.LockNotAvailable:
            raise Conflict(BUSY) from None
        try:
            yield connection
        finally:
            try:
                connection.rollback()
                _by_itself(raw, _GIVE_TURN, turn)
            except psycopg.Error:
                connection.invalidate()


def _by_itself(raw: Any, statement: str, turn: int) -> None:
    """Run a statement about a turn in no transaction; whatever becomes of it, the connection is as it was."""
    own = raw.autocommit
    raw.autocommit = True
    try:
        raw.execute(statement, (TURN_LOCK, turn))
    finally:
        raw.autocommit = own


@contextmanager
def unit_of_work(engine: Engine, actor: Actor | None = None, *, turn: int | None = None) -> Iterator[Session]:
    """Open one transaction in the actor's scope; commit on a clean exit, roll back on any exception.

    With a `turn` (a pool's number) it waits for the others that have one for the same pool before it begins, and
    refuses Conflict `busy` where they take too long.

    Whatever is recorded in it names the token that the actor acts by, where there is one (`audit.record`). After the
    commit the audit events that it wrote get their places in the log; whatever happens then, the work is
    kept and this raises nothing.
    """
    from core import audit

    with _connected(engine, turn) as bind, Session(bind, expire_on_commit=False) as session:
        session.info["token_id"] = actor.token_id if actor else None
        with session.begin():
            set_scope(session, actor)
            yield session
    if session.info.get("audited"):
        audit.place_committed(engine)


def _connected(engine: Engine, turn: int | None) -> AbstractContextManager[Engine | Connection]:
    return nullcontext(engine) if turn is None else _in_turn(engine, turn)


#: Who failed more often than this waits no longer than before.
_LONGEST_AFTER = 6


def stand_back(failed: int) -> None:
    """Wait a moment of its own before work that failed so often is done again: 0 to 4 ms, 8 ms, up to 128 ms.

    Two that begin again at once would meet again.
    """
    time.sleep(secrets.randbelow(2_000 << min(failed, _LONGEST_AFTER)) / 1_000_000)


def run_in_unit(engine: Engine, actor: Actor | None, work: Callable[[Session], Result], *, tries: int = 6) -> Result:
    """Return what `work` returns from one committed unit of work, doing it again after a serialisation failure.

    Refuses with Conflict `busy` when it has failed `tries` times; nothing is then kept.
    """
    for failed in range(tries):
        if failed:
            stand_back(failed)
        try:
            with unit_of_work(engine, actor) as session:
                return work(session)
        except DBAPIError as error:
            if not may_try_again(error):
                raise
    raise Conflict(BUSY)


@contextmanager
def rehearsal(engine: Engine, actor: Actor, *, budget_s: int | None = None) -> Iterator[Session]:
    """Open one transaction in the actor's scope that is always rolled back, whatever happens in it.

    It reads one snapshot and writes rows of its own only, so REPEATABLE READ is enough, and no transaction that is kept
    is ever tried again for its sake. No statement of it runs for longer than `budget_s`. Refuses Conflict
    `rehearsals_busy` where as many run as may on one database.
    """
    calm = engine.execution_options(isolation_level="REPEATABLE READ")
    with Session(calm, expire_on_commit=False) as session:
        session.begin()
        try:
            _take_rehearsal_place(session)
            if budget_s is not None:
                session.execute(select(func.set_config("statement_timeout", f"{budget_s}s", True)))
            set_scope(session, actor)
            yield session
        finally:
            session.rollback()


def _take_rehearsal_place(session: Session) -> None:
    """Hold one of the places for rehearsals until the transaction ends."""
    for place in range(REHEARSALS):
        if session.scalar(select(func.pg_try_advisory_xact_lock(REHEARSAL_LOCK, place))):
            return
    raise Conflict("rehearsals_busy", most=REHEARSALS)


def seconds_open(session: Session) -> float:
    """Return for how long the transaction has been open, by the database server's own clock."""
    return float(session.scalars(text("SELECT extract(epoch FROM clock_timestamp() - transaction_timestamp())")).one())
