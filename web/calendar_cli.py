"""`gongbao calendar`: the city's own table of working days."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import click

from web.command_line import Commands, database, json_option, now, t, tell

if TYPE_CHECKING:
    from datetime import datetime


@click.group("calendar", cls=Commands)
def calendar() -> None:
    """工作日历：导入已公布的年份，登记某一天。 The calendar: published years, and days by notice."""


@calendar.command("import")
@click.option("--from", "first_year", type=int, default=2004, show_default=True)
@click.option("--to", "last_year", type=int, default=2026, show_default=True)
@json_option
def import_years(first_year: int, last_year: int) -> None:
    """导入已公布的年份；已登记为正式的日子不改。 Bring in published years; days that stand as official stay."""
    from core.calendar import import_published
    from core.db import run_in_unit
    from core.permits import SYSTEM

    with database() as (_, engine):
        found = run_in_unit(
            engine,
            SYSTEM,
            lambda session: import_published(
                session, by=SYSTEM, at=now(session), first_year=first_year, last_year=last_year
            ),
        )
    document = {"added": found.added, "confirmed": found.confirmed, "kept": [day.isoformat() for day in found.kept]}
    words = t("新增 {} 天，转正 {} 天，不同而保留 {} 天。", "{} added, {} confirmed, {} differ and stay.")
    tell(document, words.format(found.added, found.confirmed, len(found.kept)))


@calendar.command("set")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.argument("kind", type=click.Choice(["workday", "holiday"]))
@click.option("--source", required=True, help="依据的通知 / the notice that says so")
@click.option("--provisional", is_flag=True, help="尚未公布，暂按此计算 / expected, not announced")
@json_option
def set_one(day: datetime, kind: str, source: str, provisional: bool) -> None:
    """登记某一天是否上班。 Say whether a day is worked."""
    from core.calendar import set_day
    from core.db import run_in_unit
    from core.permits import Actor, Role

    # Whoever runs this command administers the machine; the permission is the administrator's.
    operator = Actor(None, None, Role.ADMINISTRATOR)
    on: date = day.date()
    status = "provisional" if provisional else "official"
    with database() as (_, engine):
        run_in_unit(
            engine,
            operator,
            lambda session: set_day(
                session, on, is_workday=kind == "workday", status=status, source=source, by=operator, at=now(session)
            ),
        )
    tell({"day": on.isoformat(), "is_workday": kind == "workday", "status": status}, t("已登记。", "It is set."))
