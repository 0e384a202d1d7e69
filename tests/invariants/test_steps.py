"""The schema's steps go down and up again on a database with rows in every room, and leave what stays as it was."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Engine

import core
from claims.rehearsal import rehearse
from core import migrate, schema_text, server
from core.db import engine_for, unit_of_work
from core.parties import actor_of, mandates_of
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.conftest import AT
from tests.invariants.story import Story
from tests.scenarios import oracle_quarter
from tests.visitors import Visitors, make_app
from web.accounts import add_token

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")

#: Tables that the story leaves empty: what waits for the log, what a stolen key or a refusal would bring, limits.
NEVER_FILLED = {"agreement_refusal", "audit_pending", "bidder_key", "objection", "rate_bucket"}


def _steps() -> list[str]:
    """Return the numbers of the steps, oldest first."""
    scripts = ScriptDirectory(str(Path(core.__file__).parent / "migrations"))
    return [step.revision for step in scripts.walk_revisions()][::-1]


#: Columns that a step moves between tables or adds to one: what stays of their tables is compared without them.
MOVED = ("query_text", "reply_text", "interest_until_on", "sheet", "stopped_code")

#: Batches that pay claims: they go with the payees.
_CLAIMS = "SELECT id::text FROM payment_batch WHERE kind = 'claim'"

#: Table -> which of its rows an earlier step can hold (over the row as JSON, `j`), and the columns a later one adds.
EARLIER: dict[str, tuple[str, tuple[str, ...]]] = {
    "claim": ("true", ("payee_id",)),
    "bank_account": ("j ->> 'payee_id' IS NULL", ()),
    "payment_batch": ("j ->> 'kind' <> 'claim'", ()),
    "payment_line": (f"j ->> 'batch_id' NOT IN ({_CLAIMS})", ()),
    "payment_file": (f"j ->> 'batch_id' NOT IN ({_CLAIMS})", ()),
    "bank_match": (
        "coalesce(j ->> 'payment_id', '') NOT IN"
        f" (SELECT id::text FROM payment_line WHERE batch_id::text IN ({_CLAIMS}))",
        (),
    ),
}


def _engine(url: str) -> Engine:
    return migrate.owner_engine(url)


def _walls(url: str) -> list[str]:
    """Return the schema of a database as text."""
    engine = _engine(url)
    with engine.connect() as connection:
        found = schema_text.read(connection)
    engine.dispose()
    return found


def _digests(place: Urls) -> dict[str, str]:
    """Return table -> digest of its rows, as the superuser sees them."""
    with psycopg.connect(place.admin) as connection:
        names = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relname <> 'alembic_version' AND relname NOT LIKE 'procrastinate%'"
        ).fetchall()
        if not names:
            return {}
        query = " UNION ALL ".join(_digest_of(name) for (name,) in names)
        return dict(connection.execute(query.encode()).fetchall())


def _digest_of(name: str) -> str:
    """Return the query of a table's name and the digest of its rows, as far as an earlier step can hold them."""
    which, added = EARLIER.get(name, ("true", ()))
    stays = "md5((j - ARRAY[{columns}])::text)".format(columns=", ".join(f"'{one}'" for one in (*MOVED, *added)))
    rows = f'(SELECT to_jsonb(t) AS j FROM "{name}" t) r WHERE {which}'
    return f"SELECT '{name}', coalesce(md5(string_agg({stays}, '' ORDER BY {stays})), '') FROM {rows}"


def _copy(place: Urls, name: str) -> Urls:
    """Return a database that is a copy of another, after ending what is connected to that one."""
    made = server.another(place, name)
    here, there = (urlsplit(url).path.lstrip("/") for url in (place.admin, made.admin))
    names = {"there": sql.Identifier(there), "here": sql.Identifier(here), "owner": sql.Identifier(server.OWNER)}
    with psycopg.connect(urlsplit(place.admin)._replace(path="/postgres").geturl(), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (here,))
        admin.execute(sql.SQL("DROP DATABASE {there}").format(**names))
        admin.execute(sql.SQL("CREATE DATABASE {there} OWNER {owner} TEMPLATE {here}").format(**names))
    return made


@pytest.fixture
def told_place(story: Story, superuser: Engine, auditor: Engine, tmp_path: Path) -> Urls:
    """A database with rows in every room: a copy of the story, with somebody who has an account and is signed in."""
    superuser.dispose()
    auditor.dispose()
    made = _copy(story.urls, f"steps_{WORKER}")
    engine = engine_for(made.app)
    try:
        visitors = Visitors(make_app(engine, tmp_path), engine)
        user = visitors.account(Role.AUDITOR)
        visitors.seated(user)
        with unit_of_work(engine, SYSTEM) as session:
            mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
            add_token(session, user.id, mandate, "示例", 30, by=actor_of(mandate), at=AT)
    finally:
        engine.dispose()
    return made


@pytest.fixture
def walls_at(place: Urls) -> dict[str, list[str]]:
    """The schema as text after each step, on an empty database."""
    made, found = server.another(place, f"bare_{WORKER}"), {}
    for step in _steps():
        migrate.upgrade(made.owner, step)
        found[step] = _walls(made.owner)
    migrate.downgrade(made.owner, "base")
    found["base"] = _walls(made.owner)
    return found


def test_every_step_goes_down_and_up_on_rows(told_place: Urls, walls_at: dict[str, list[str]]) -> None:
    """Each step is taken back and taken again with rows in every room: what stays is as it was, row by row.

    After a step back the schema is the text that it was before the step was ever taken, after a step up that of today.
    """
    whole = _digests(told_place)
    assert len(whole) > 60 and not [name for name, digest in whole.items() if not digest and name not in NEVER_FILLED]
    head = walls_at[_steps()[-1]]
    assert set(head) == set(schema_text.expected())
    left = set(whole)
    for step in reversed(["base", *_steps()[:-1]]):
        here = _copy(told_place, f"steps_{WORKER}_copy")
        migrate.downgrade(here.owner, step)
        stays = _digests(here)
        assert _walls(here.owner) == walls_at[step], step
        assert set(stays) < left, step
        assert stays == {name: whole[name] for name in stays}, step
        migrate.upgrade(here.owner)
        again = _digests(here)
        assert _walls(here.owner) == head, step
        assert set(again) == set(whole) and {name: again[name] for name in stays} == stays, step
        if step == "0006":
            assert again["statement_words"] == whole["statement_words"], "what was asked and answered came back"
        left = set(stays)
    engine = engine_for(here.app)
    try:
        assert rehearse(engine, oracle_quarter.FILE)["statement_fen"] == oracle_quarter.STATEMENT
    finally:
        engine.dispose()
