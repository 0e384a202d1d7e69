"""A replica of the database, for what only reads: how far it is, and whether it has what was committed by now.

A replica is PostgreSQL's own streaming one: it repeats what the primary has written, a moment later. What has asked for
something on the primary must not read a replica that does not know of it yet, so `has_caught_up` waits for that.
"""

from __future__ import annotations

import time

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

#: A replica is looked at so many times, so many seconds apart, before the primary is read in its stead.
_LOOKS, _APART_S = 50, 0.1

_WRITTEN = text("SELECT pg_current_wal_lsn()::text")
# A server that is nobody's replica (any more) knows nothing of what the primary writes: it is never caught up.
_HAS_REPEATED = text("SELECT pg_is_in_recovery() AND pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn)")
_STANDING = text(
    "SELECT pg_is_in_recovery() AS is_replica, pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn) AS has_all,"
    " CAST(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS bigint) AS behind_s"
)


def has_caught_up(reader: Engine, engine: Engine) -> bool:
    """Say whether a replica has all that was committed on the database when this was asked, waiting five seconds.

    False where it is too far behind, is not there, or is no replica.
    """
    with engine.connect() as connection:
        written = connection.scalar(_WRITTEN)
    try:
        with reader.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for look in range(_LOOKS):
                if look:
                    time.sleep(_APART_S)
                if connection.scalar(_HAS_REPEATED, {"written": written}):
                    return True
    except DBAPIError:
        return False
    return False


def seconds_behind(reader: Engine, engine: Engine) -> int | None:
    """Return how many seconds a replica is behind the database: 0 where it has everything; None where it is none.

    Raises DBAPIError where it cannot be asked.
    """
    with engine.connect() as connection:
        written = connection.scalar(_WRITTEN)
    with reader.connect() as connection:
        found = connection.execute(_STANDING, {"written": written}).one()
    if not found.is_replica:
        return None
    return 0 if found.has_all else int(found.behind_s or 0)
