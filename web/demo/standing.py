"""What a database holds, before anything is written to it: nothing, the told story, half of it, or another's rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from core import migrate, server
from core.server import Urls

#: What the log says when the story begins and when it has been told, and of what.
BEGUN, TOLD = "demo.begun", "demo.told"
STORY = ("demo", "story")


class Holding(StrEnum):
    """What a database holds."""

    NOTHING = "nothing"
    WHOLE = "whole"
    HALF = "half"
    OTHER = "other"


def holding(place: Urls) -> Holding:
    """Say what a database holds; one with tables that are not ours, or rows that are not the story's, is another's."""
    with psycopg.connect(place.app, autocommit=True) as connection:
        tables = {
            row[0]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        }
        if not tables - {"alembic_version"}:
            return Holding.NOTHING
        if not {"alembic_version", "audit_event", "organisation"} <= tables:
            return Holding.OTHER
        query = "SELECT DISTINCT action FROM audit_event WHERE object_kind = %s AND object_id = %s"
        told = {row[0] for row in connection.execute(query, STORY).fetchall()}
        if told:
            return Holding.WHOLE if TOLD in told else Holding.HALF
        has_rows = "SELECT EXISTS (SELECT 1 FROM audit_event) OR EXISTS (SELECT 1 FROM organisation)"
        found = connection.execute(has_rows).fetchone()
        return Holding.OTHER if found and found[0] else Holding.NOTHING


def told_at(place: Urls) -> datetime | None:
    """Return the instant up to which the story was told."""
    with psycopg.connect(place.app, autocommit=True) as connection:
        query = "SELECT at FROM audit_event WHERE object_kind = %s AND object_id = %s AND action = %s"
        found = connection.execute(query, (*STORY, TOLD)).fetchone()
    return found[0] if found else None


def wipe(place: Urls) -> None:
    """Take the whole story out of a database, however far it had come.

    The embedded one is dropped and made anew by its administrator; another's tables are taken down by their owner.
    """
    if not place.admin:
        migrate.downgrade(place.owner, "base")
        return
    name = str(conninfo_to_dict(place.admin)["dbname"])
    postgres = make_conninfo(place.admin, dbname="postgres")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
    server.make_roles(postgres, name)


def tell_time(place: Urls, instant: datetime | None) -> None:
    """Make the database's clock say `instant` (None: the real time), as only its owner can."""
    with psycopg.connect(place.owner, autocommit=True) as connection:
        connection.execute(
            "UPDATE clock_offset SET ahead = coalesce(%s::timestamptz - clock_timestamp(), interval '0')", (instant,)
        )
