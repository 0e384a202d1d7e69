"""`gongbao demo`: an invented city on this machine, told once and then shown; everything it starts it stops."""

from __future__ import annotations

import fcntl
import os
import secrets
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

import click

from core import clock, migrate, server
from core.server import Urls
from core.settings import Settings, read_settings
from web.demo import serving, standing
from web.demo.standing import Holding

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

Say = Callable[[str], None]


@click.command("demo")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0：任意 / 0: any free one"
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--fresh", is_flag=True, help="丢弃现有演示，重新讲述 / tell the story anew")
@click.option("--load-only", is_flag=True, help="只生成数据，不启动网站 / make the data, start no server")
@click.pass_context
def demo(context: click.Context, port: int, host: str, fresh: bool, load_only: bool) -> None:
    """打开演示城市：人物、小区、招标、理赔与结算都是虚构的。 Show the invented city."""
    settings = read_settings({**os.environ, "GONGBAO_MODE": "demo"})
    context.exit(main(settings, port=port, fresh=fresh, load_only=load_only, host=host))


def main(
    settings: Settings,
    *,
    port: int = 8000,
    fresh: bool = False,
    load_only: bool = False,
    host: str = "127.0.0.1",
    say: Say = click.echo,
) -> int:
    """Have the story told where it is not, show it until INT, TERM or HUP comes; return the exit code.

    A database that holds anything else is refused, whatever is asked for.
    """
    with _interruptible():
        try:
            return _run(settings, port, fresh, load_only, host, say)
        except KeyboardInterrupt:
            say("已中断；下次启动会重新生成。 Interrupted; the next start begins anew.")
            return INTERRUPTED
        except serving.NotServed as failed:
            say(f"网站未能启动 The site did not start:\n{failed}")
            return FAILED


def _run(settings: Settings, port: int, fresh: bool, load_only: bool, host: str, say: Say) -> int:
    place = _place(settings, say)
    if place is None:
        return USAGE
    folder = settings.state_dir / "demo"
    with _only_teller(folder) as lock:
        code = _have_told(settings, place, fresh, lock, say)
        if code != DONE:
            return code
        _tell_accounts(settings, place, say)
        return DONE if load_only else _show(settings, place, host, port, say)


def _place(settings: Settings, say: Say) -> Urls | None:
    """Return the database: the embedded one, started, or the one that the environment names."""
    if settings.is_embedded:
        say("正在启动内嵌数据库 Starting the embedded database")
        return server.start_embedded(settings.state_dir / "postgres")
    if not settings.owner_url:
        say("还需要 GONGBAO_OWNER_URL（建表、演示时钟） GONGBAO_OWNER_URL is needed too, for tables and clock")
        return None
    return Urls(settings.owner_url, settings.database_url, settings.auditor_url or settings.database_url)


def _have_told(settings: Settings, place: Urls, fresh: bool, lock: IO[str], say: Say) -> int:
    """Bring the database to the told story; return DONE, or FAILED with words."""
    is_alone = _take(lock, say)
    if fresh and not is_alone:
        say("另一个演示正在运行，请先停下它再用 --fresh。 Another demo is running; stop it before --fresh.")
        return FAILED
    held = standing.holding(place)
    if held is Holding.OTHER:
        say("这个数据库里有不属于演示的数据，演示不会动它。请换一个 GONGBAO_STATE_DIR 或 DATABASE_URL。")
        say("This database holds other data than the demo's; nothing was touched. Use another folder or database.")
        return FAILED
    if held is Holding.HALF or (fresh and held is Holding.WHOLE):
        say("清除" + ("未完成的演示 an unfinished demo" if held is Holding.HALF else "原有的演示 the former demo"))
        standing.wipe(place)
        held = Holding.NOTHING
    if _step_of(place) != migrate.head():
        from web import rooms

        say("建立数据表 Making the tables")
        rooms.import_all()
        migrate.upgrade(place.owner)
    if held is Holding.NOTHING:
        _tell(settings, place, say)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return DONE


def _step_of(place: Urls) -> str | None:
    """Return the step of the schema that a database stands at; None before the first."""
    import psycopg

    with psycopg.connect(place.app, autocommit=True) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return None
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found[0]) if found else None


def _tell(settings: Settings, place: Urls, say: Say) -> None:
    """Tell the story into an empty database."""
    from core.db import engine_for
    from web import keeping, tasks
    from web.demo import load

    started_s = time.monotonic()
    engine = engine_for(place.app)
    try:
        stand = load.Stand(
            engine=engine,
            place=place,
            store=keeping.store_in(settings),
            receipt_key=keeping.receipt_key(settings),
            log_key=tasks.log_key(settings),
            settings=settings,
            keys_dir=settings.state_dir / "demo" / "keys",
        )
        load.load(stand, clock.now(), lambda line: say(f"{time.monotonic() - started_s:5.1f} s  {line}"))
    finally:
        engine.dispose()


def _tell_accounts(settings: Settings, place: Urls, say: Say) -> None:
    """Print who can sign in, and where the keys of the open tender are."""
    from web.demo.casting import PASSWORD, accounts
    from web.role_words import role_words

    say("")
    for role, person, organisation, email in accounts():
        zh, en = role_words(role.value)
        say(f"  {email:<28} {_wide(person, 10)} {_wide(organisation, 16)} {zh} {en}")
    say(f"\n  全部账号的密码 Password of every account: {PASSWORD}")
    say(f"  保管人与投标人的密钥（口令相同） Keys, same passphrase: {settings.state_dir / 'demo' / 'keys'}")
    until = standing.told_at(place)
    age = (clock.now() - until).days if until else 0
    if age:
        say(f"  故事讲到 {age} 天前；--fresh 重新讲述。 The story ends {age} days ago; --fresh tells it anew.")


def _wide(words: str, width: int) -> str:
    """Return words padded to a width in which a Chinese letter takes two columns."""
    return words + " " * max(0, width - sum(2 if ord(letter) > 0x2E80 else 1 for letter in words))


def _show(settings: Settings, place: Urls, host: str, port: int, say: Say) -> int:
    """Start the web server and the worker and stay until one ends or we are asked to stop."""
    folder = settings.state_dir / "demo"
    listener = serving.listen(host, port)
    port = listener.getsockname()[1]
    children = serving.Children(_environment(settings, place, folder, port), folder)
    try:
        children.start("worker", "worker")
        serving.serve(children, listener)
        say(f"\n  请打开 Open:  http://{'localhost' if host == '127.0.0.1' else host}:{port}/\n")
        say("  按 Ctrl-C 停止。 Ctrl-C stops it.")
        postmaster = server.embedded_process(settings.state_dir / "postgres") if settings.is_embedded else None
        while (name := children.ended()) is None:
            if postmaster is not None and server.has_ended(postmaster):
                say("内嵌数据库意外结束；请重新启动演示。 The embedded database ended by itself; start the demo again.")
                return FAILED
            time.sleep(0.3)
        say(f"进程 {name} 意外结束 ended by itself:\n{children.last_words(name)}")
        return FAILED
    except KeyboardInterrupt:
        return DONE
    finally:
        say("正在停止 Stopping")
        children.stop()


def _environment(settings: Settings, place: Urls, folder: Path, port: int) -> dict[str, str]:
    """Return what the children are told beside our own environment: the same database, a secret of this folder."""
    told = {
        "GONGBAO_MODE": "demo",
        "GONGBAO_STATE_DIR": str(settings.state_dir),
        "DATABASE_URL": place.app,
        "GONGBAO_OWNER_URL": place.owner,
        "GONGBAO_AUDITOR_URL": place.auditor,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _secret(folder / "secret"),
    }
    if "GONGBAO_PUBLIC_URL" not in os.environ:
        told["GONGBAO_PUBLIC_URL"] = f"http://localhost:{port}"
    return told


def _secret(path: Path) -> str:
    """Return this folder's own secret, made at its first use: sign-ins hold from one start to the next."""
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text(encoding="utf-8")


@contextmanager
def _only_teller(folder: Path) -> Iterator[IO[str]]:
    """Open the lock of a state folder: held alone while the story is told, together with others while it is shown."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        yield lock


def _take(lock: IO[str], say: Say) -> bool:
    """Take the lock alone and say so; where another demo has it, wait until that one only shows."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("另一个演示正在使用这个目录，等它就绪 Another demo uses this folder; waiting until it is ready")
        fcntl.flock(lock, fcntl.LOCK_SH)
        return False
    return True


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let INT, TERM and HUP interrupt what runs, so that children are stopped and the database is let go."""

    def interrupt(_: int, __: FrameType | None) -> None:
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(name, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {name: signal.signal(name, interrupt) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
