"""`gongbao serve`, `worker`, `doctor`, `settings`, `openapi`: running an installation and looking at it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from web.command_line import Place, fail, json_option, place, settings_at_hand, t, tell

if TYPE_CHECKING:
    from flask import Flask

    from core.settings import Settings

#: Settings whose value is never printed.
SECRET = frozenset({"secret_key", "metrics_token", "database_url", "owner_url", "auditor_url", "read_url"})


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="进程 / processes")
@click.option(
    "--threads", default=8, show_default=True, type=click.IntRange(1, 64), help="每个进程的线程 / threads each"
)
@click.option(
    "--behind-proxies",
    "proxies",
    default=0,
    show_default=True,
    type=click.IntRange(0, 5),
    help="前面有几层可信的反向代理 / how many trusted proxies stand before it",
)
def serve(host: str, port: int, workers: int, threads: int, proxies: int) -> None:
    """启动网站（gunicorn）。 The web server, for real use.

    The embedded database is brought up to date by itself; another one is checked and left to `gongbao db upgrade`.
    """
    from core.settings import read_settings

    found = place(read_settings(), is_migrated=True)
    _refuse_unfit(found)
    _run_gunicorn(found, proxies, bind=f"{host}:{port}", workers=workers, threads=threads)


def _run_gunicorn(found: Place, proxies: int, **options: Any) -> None:
    from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

    class Server(BaseApplication):  # type: ignore[misc]
        """Gunicorn with our options; each process makes its application, and its connections, after the fork."""

        def load_config(self) -> None:
            """Set the options."""
            fixed = {"worker_class": "gthread", "timeout": 120, "graceful_timeout": 30, "keepalive": 5}
            for name, value in {**fixed, "loglevel": "warning", **options}.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            """Make the application of one process."""
            return application(found, proxies=proxies, threads=options["threads"])

    Server().run()


def application(found: Place, *, proxies: int = 0, threads: int = 8) -> Flask:
    """Return the application on an installation's database, logging as JSON."""
    from core.db import engine_for
    from web.app import create_app, log_as_json

    log_as_json()
    return create_app(found.settings, engine_for(found.urls.app, pool_size=threads + 2), proxies=proxies)


def _refuse_unfit(found: Place) -> None:
    """End with words where the database stands at another step than this program, or its walls would not hold us."""
    from core import migrate
    from core.db import engine_for
    from core.server import APP, is_above_the_walls

    engine = engine_for(found.urls.app, pool_size=1)
    try:
        step, head = migrate.current(engine), migrate.head()
        if step != head:
            words = t(
                "数据库在 {}，本程序需要 {}。请先运行 gongbao db upgrade。",
                "The database is at {}; this program needs {}. Run gongbao db upgrade first.",
            )
            fail(words.format(step or "—", head))
        with engine.connect() as connection:
            is_above = is_above_the_walls(connection)
    finally:
        engine.dispose()
    if is_above:
        words = t(
            "DATABASE_URL 的用户不受数据库约束（超级用户、属主或可绕过行级安全）。请改用 {}。",
            "The user in DATABASE_URL is above the database's walls (superuser, owner or past row security). Use {}.",
        )
        fail(words.format(APP))


@click.command("worker")
@click.option("--once", is_flag=True, help="做完现有的任务就结束 / do what waits, then end")
@click.option("--concurrency", default=2, show_default=True, type=click.IntRange(1, 32))
def worker(once: bool, concurrency: int) -> None:
    """后台任务：日志排序与签名、文件、通知。 The worker: places and heads of the log, papers, notices."""
    from core.db import engine_for
    from core.settings import read_settings
    from web.app import log_as_json
    from web.jobs import queue
    from web.tasks import Bench, sequence_log

    log_as_json()
    found = place(read_settings(), is_migrated=True)
    _refuse_unfit(found)
    engine = engine_for(found.urls.app, pool_size=concurrency + 2)
    bench = Bench(found.settings, engine)
    sequence_log(bench)
    try:
        queue(bench, found.urls.app).run_worker(wait=not once, concurrency=concurrency, delete_jobs="never")
    finally:
        engine.dispose()


@click.command("settings")
@json_option
def settings() -> None:
    """全部环境变量、含义和现在的值（不显示密码）。 Every variable, what it is for, its value; secrets are not shown."""
    from core.settings import SETTING_WORDS

    found = settings_at_hand()
    names = [field.name for field in dataclasses.fields(found)]
    rows = []
    for (variable, words), name in zip(SETTING_WORDS.items(), names, strict=True):
        value = getattr(found, name)
        shown = ("***" if os.environ.get(variable) else "") if name in SECRET else str(value)
        rows.append({"variable": variable, "value": shown, "is_set": variable in os.environ, "words": words})
    tell(rows, "\n".join(f"{row['variable']:<32} {row['value']}\n    {row['words']}" for row in rows))


@click.command("doctor")
@json_option
def doctor() -> None:
    """检查设置、数据库、字体和排版库。 Look at settings, database, fonts and the libraries that lay out papers."""
    checks: dict[str, str] = {}
    found = place()
    checks["database"] = t("内嵌", "embedded") if found.settings.is_embedded else t("外部", "own server")
    checks |= _readiness(found)
    checks["state"] = _state_folder(found.settings.state_dir)
    checks["papers"] = _papers()
    checks["alike"] = _alike(found.settings)
    is_well = all(checks[name] == "ok" for name in ("schema", "state", "papers"))
    tell({"is_well": is_well, "checks": checks}, "\n".join(f"{name:<12} {said}" for name, said in checks.items()))
    if not is_well:
        raise click.exceptions.Exit(1)


def _readiness(found: Place) -> dict[str, str]:
    """Return which server this is, what the health page would say of the database, and how its replica stands."""
    from sqlalchemy import text

    from core.db import engine_for
    from web.health import readiness
    from web.machines import reading

    engine = engine_for(found.urls.app, pool_size=1)
    try:
        said = readiness(engine)
        if said["database"] == "ok":
            with engine.connect() as connection:
                said = {"server": f"PostgreSQL {connection.scalar(text('SHOW server_version'))}", **said}
            said["replica"] = reading(found.settings, engine)
    finally:
        engine.dispose()
    return {"connection": said.pop("database"), "schema": said.pop("schema", "—"), **said}


def _alike(settings: Settings) -> str:
    """Return the mark that every machine of this installation must show; nothing where a key cannot be read."""
    from web.machines import mark

    try:
        return mark(settings)
    except OSError as fault:
        return t("读不到密钥：{}", "a key cannot be read: {}").format(fault.filename)


def _state_folder(folder: Path) -> str:
    """Return `ok` where whose folder this is can keep keys and papers in it, or what stands in the way."""
    if not folder.is_dir():
        return t("没有这个目录：{}", "no such folder: {}").format(folder)
    if not os.access(folder, os.W_OK | os.X_OK):
        return t("不可写：{}", "not writable: {}").format(folder)
    owner = folder.stat().st_uid
    for inner in (folder / "keys", folder / "papers"):
        for path in (inner, *inner.glob("*")) if inner.exists() else ():
            if path.stat().st_uid != owner:
                words = t("{} 属于另一个用户；请 chown 给 {} 的属主", "{} belongs to another user; chown it to {}'s")
                return words.format(path, folder)
    return "ok"


def _papers() -> str:
    """Return `ok` where a PDF could be made, or what is missing."""
    from core.errors import Refusal
    from web.command_line import is_english
    from web.documents import fonts
    from web.messages import told

    try:
        fonts.installed()
        import weasyprint  # noqa: F401  # raises OSError without Pango
    except Refusal as refusal:
        return told(refusal.code, refusal.facts, is_english=is_english())
    except OSError as missing:
        return f"Pango: {missing}"
    return "ok"


@click.command("openapi")
def openapi() -> None:
    """接口说明，OpenAPI 3.1。 The description of the API."""
    import json

    click.echo(json.dumps(openapi_document(), ensure_ascii=False, indent=2))


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of this program; no database is asked."""
    from core.db import engine_for
    from core.settings import read_settings
    from web.api.docs import document
    from web.app import create_app

    app = create_app(read_settings({"GONGBAO_MODE": "test"}), engine_for("postgresql:///nowhere"))
    with app.test_request_context():
        return document()
