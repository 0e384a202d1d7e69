"""The working calendar as its administrator keeps it: the years known, the odd days of one, a day set by notice."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core import calendar
from core.clock import on
from core.errors import Invalid, NotFound
from core.permits import Role
from web import system_desk
from web.formats import t
from web.money_desk import Field, Step, need_day, step_page
from web.pages import MenuItem
from web.shell import actor, at, needs, unit

pages = Blueprint("admin_calendar", __name__, url_prefix="/admin/calendar")

MENU = [MenuItem(12, "工作日历", "Calendar", "admin_calendar.index", frozenset({Role.ADMINISTRATOR}))]

_PLACES = {
    "calendar_official_stays": "status",
    "calendar_status_unknown": "status",
    "calendar_source_missing": "source",
    "day_not_chosen": "kind",
}


def _crumbs() -> list[tuple[str, str]]:
    return [(t("工作日历", "Calendar"), url_for("admin_calendar.index"))]


@pages.get("")
@needs("calendar.set")
def index() -> ResponseReturnValue:
    """List the years that the calendar knows, and up to when no clock stops for want of a day."""
    years = system_desk.known_years(unit())
    rows = [
        {
            "year": str(one.year),
            "href": url_for("admin_calendar.year", number=one.year),
            "known": one.known,
            "days": one.days,
            "worked": one.worked,
            "provisional": one.provisional,
            "stage": one.stage,
        }
        for one in years
    ]
    until = system_desk.known_until(unit(), on(at()))
    return render_template(
        "admin/calendar.html", rows=rows, until=until, is_near=until is None or (until - on(at())).days < 60
    )


@pages.get("/<int:number>")
@needs("calendar.set")
def year(number: int) -> ResponseReturnValue:
    """Show the days of a year that are not what their weekday says, or only expected."""
    if not 2000 <= number <= 2200:
        raise NotFound("http_404")
    rows = [
        {
            "day": row.day,
            "weekday": t(*_WEEKDAYS[row.day.weekday()]),
            "kind": t("上班", "worked") if row.is_workday else t("放假", "holiday"),
            "status": row.status,
            "source": row.source,
        }
        for row in system_desk.odd_days(unit(), number)
    ]
    return render_template("admin/calendar_year.html", rows=rows, number=number, crumbs=_crumbs())


_WEEKDAYS = (
    ("星期一", "Monday"),
    ("星期二", "Tuesday"),
    ("星期三", "Wednesday"),
    ("星期四", "Thursday"),
    ("星期五", "Friday"),
    ("星期六", "Saturday"),
    ("星期日", "Sunday"),
)


@pages.route("/set", methods=["GET", "POST"])
@needs("calendar.set")
def set_day() -> ResponseReturnValue:
    """Say what one day is, by which notice."""
    back = url_for("admin_calendar.index")
    kinds = [("workday", t("上班", "Worked")), ("holiday", t("放假", "Holiday"))]
    statuses = [("official", t("正式", "Official")), ("provisional", t("暂定", "Provisional"))]
    step = Step(
        t("登记某一天", "Set a day"),
        t(
            "登记后，所有时限按它计算。暂定的日子照算，但在页面上标明；一旦登记为正式，不能再改回暂定。",
            "Every clock counts by it from now on. A provisional day is counted and marked; an official one does not "
            "become provisional again.",
        ),
        t("登记", "Set it"),
        back,
        crumbs=_crumbs(),
        fields=[
            Field("day", t("日期", "Day"), "date"),
            Field("kind", t("这一天", "The day is"), "radio", options=kinds),
            Field("status", t("状态", "Status"), "radio", options=statuses),
            Field(
                "source",
                t("依据", "By which notice"),
                "text",
                hint=t("例如 国办发明电〔2026〕7号", "title or number of the notice"),
            ),
        ],
        values={"status": "official"},
        places=_PLACES,
    )

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        day, kind = need_day(values, "day"), values.get("kind", "")
        if kind not in ("workday", "holiday"):
            raise Invalid("day_not_chosen")
        calendar.set_day(
            unit(),
            day,
            is_workday=kind == "workday",
            status=values.get("status", ""),
            source=values.get("source", ""),
            by=actor(),
            at=at(),
        )
        return t("已登记。", "It is set."), url_for("admin_calendar.year", number=day.year)

    return step_page(step, work)


@pages.route("/import", methods=["GET", "POST"])
@needs("calendar.set")
def bring_in() -> ResponseReturnValue:
    """Bring in the years that are published with the program."""
    back = url_for("admin_calendar.index")
    step = Step(
        t("导入已公布的年份", "Bring in the published years"),
        t(
            "导入 {first} 至 {last} 年。已登记为正式的日子不改，暂定的转为正式。",
            "The years {first} to {last}. Days that stand as official stay; provisional ones become official.",
            first=calendar.FIRST_YEAR,
            last=calendar.LAST_YEAR,
        ),
        t("导入", "Bring them in"),
        back,
        crumbs=_crumbs(),
    )

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        found = calendar.import_published(unit(), by=actor(), at=at())
        said = t(
            "新增 {added} 天，转正 {confirmed} 天，不同而保留 {kept} 天。",
            "{added} added, {confirmed} confirmed, {kept} differ and stay.",
            added=found.added,
            confirmed=found.confirmed,
            kept=len(found.kept),
        )
        return said, back

    return step_page(step, work)
