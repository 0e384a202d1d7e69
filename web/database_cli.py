"""`gongbao db`: the roles and the schema of the database."""

from __future__ import annotations

import click

from web import rooms
from web.command_line import Commands, database, fail, json_option, place, settings_at_hand, t, tell


@click.group("db", cls=Commands)
def db() -> None:
    """数据库：建角色、升级、状态。 The database: roles, steps of the schema, state."""


@db.command("init")
@click.option(
    "--admin-url", envvar="GONGBAO_ADMIN_URL", help="服务器管理员的地址，只用这一次 / a superuser's address, used once"
)
@json_option
def init(admin_url: str | None) -> None:
    """建立三个角色和数据库，并升级到最新。 Make the three roles and the database, and bring it up to date.

    With DATABASE_URL the passwords in it, GONGBAO_OWNER_URL and GONGBAO_AUDITOR_URL become those of the roles.
    """
    from urllib.parse import urlsplit

    from core import migrate, server

    settings = settings_at_hand()
    if not settings.is_embedded:
        if not (admin_url and settings.owner_url and settings.auditor_url):
            raise click.UsageError(
                "需要 --admin-url、GONGBAO_OWNER_URL 和 GONGBAO_AUDITOR_URL / these three are needed with DATABASE_URL"
            )
        addresses = (settings.owner_url, settings.database_url, settings.auditor_url)
        _refuse_other_roles(*addresses)
        name = urlsplit(settings.database_url).path.lstrip("/") or server.DATABASE
        server.make_roles(admin_url, name, server.passwords_of(*addresses))
    urls = place(settings).urls
    rooms.import_all()
    migrate.upgrade(urls.owner)
    tell(
        {"step": migrate.head()},
        t("数据库已就绪，版本 {}。", "The database is ready, at step {}.").format(migrate.head()),
    )


def _refuse_other_roles(owner: str, app: str, auditor: str) -> None:
    """End with words where an address connects as another than the role that it is for."""
    from core import server

    named = {"GONGBAO_OWNER_URL": (owner, server.OWNER), "DATABASE_URL": (app, server.APP)}
    named["GONGBAO_AUDITOR_URL"] = (auditor, server.AUDITOR)
    for variable, (url, role) in named.items():
        found = server.role_in(url)
        if found != role:
            words = t("{}：用户应为 {}，现为 {}。", "{}: its user must be {}, not {}.")
            raise click.UsageError(words.format(variable, role, found or "—"))


@db.command("upgrade")
@click.argument("step", default="head")
@json_option
def upgrade(step: str) -> None:
    """升级到 STEP（默认最新）。 Bring the schema up to STEP, the newest where none is given."""
    _move(step, is_up=True)


@db.command("downgrade")
@click.argument("step")
@click.option("--yes", is_flag=True, help="已知会丢失这些步骤里的数据 / the data of those steps goes")
@json_option
def downgrade(step: str, yes: bool) -> None:
    """退回到 STEP（base 为全部撤销）。 Bring the schema down to STEP (base: nothing left)."""
    if not yes:
        raise click.UsageError("退回会删除数据，请加 --yes / going down removes data; say --yes")
    _move(step, is_up=False)


def _move(step: str, *, is_up: bool) -> None:
    from alembic.util import CommandError

    from core import migrate

    urls = place().urls
    if not urls.owner:
        raise click.UsageError("需要 GONGBAO_OWNER_URL / GONGBAO_OWNER_URL is needed")
    rooms.import_all()
    try:
        (migrate.upgrade if is_up else migrate.downgrade)(urls.owner, step)
    except CommandError as wrong:
        fail(t("没有这一步：{}", "No such step: {}").format(wrong), 2)
    _tell_step()


@db.command("current")
@json_option
def current() -> None:
    """数据库在哪一步，本程序需要哪一步；不一致时退出码为 1。 Where the schema stands and where it should."""
    if not _tell_step():
        raise click.exceptions.Exit(1)


def _tell_step() -> bool:
    from core import migrate

    with database(is_migrated=False, pool_size=1) as (_, engine):
        step, head = migrate.current(engine), migrate.head()
    words = t("数据库在 {}，本程序需要 {}。", "The database is at {}; this program needs {}.").format(step or "—", head)
    tell({"step": step, "head": head, "is_current": step == head}, words)
    return step == head
