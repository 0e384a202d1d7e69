"""How the system is: the administrator's first page, the jobs, the settings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, render_template, url_for
from flask.typing import ResponseReturnValue

from core.clock import CITY, on
from core.permits import Role
from core.settings import SETTING_WORDS, Settings
from web import health, people_desk, system_desk
from web.accounts import User
from web.formats import date_words, file_size, instant_plain, number, t
from web.listing import PAGE_ROWS, Asked, Listed, page_asked
from web.money_desk import Step, step_page
from web.pages import MenuItem
from web.setting_words import CHINESE
from web.shell import actor, at, needs, unit
from web.tasks import TASK_WORDS

pages = Blueprint("admin_system", __name__, url_prefix="/admin")

_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
MENU = [
    MenuItem(13, "后台任务", "Jobs", "admin_system.jobs", _ADMINISTRATOR),
    MenuItem(14, "设置", "Settings", "admin_system.settings", _ADMINISTRATOR),
]

_STATUSES = ("todo", "doing", "failed", "succeeded")
#: The clock and the disk press when so little is left.
_DAYS_LEAST = 60
_DISK_LEAST_PERCENT = 10


def _settings() -> Settings:
    found: Settings = current_app.extensions["gongbao"].settings
    return found


@pages.get("/jobs")
@needs("system.read")
def jobs() -> ResponseReturnValue:
    """List the jobs of the worker."""
    asked = Asked()
    status = asked.choice("status", _STATUSES)
    counted = system_desk.job_counts(unit())
    count = counted.get(status, 0) if status else sum(counted.values())
    pages_in_all = max(1, -(-count // PAGE_ROWS))
    page = min(page_asked(), pages_in_all)
    rows = [_job_row(one) for one in system_desk.jobs(unit(), status, page)]
    heard_at = system_desk.worker_heard_at(unit())
    return render_template(
        "admin/jobs.html",
        rows=rows,
        found=Listed(rows, count, page, pages_in_all),
        asked=asked,
        heard_at=heard_at,
        is_worker_there=_is_there(heard_at),
        saved=[
            (f"{words} {number(counted.get(value, 0))}", url_for("admin_system.jobs", status=value), status == value)
            for value, words in (
                ("failed", t("失败", "Failed")),
                ("todo", t("排队", "Queued")),
                ("doing", t("处理中", "Running")),
            )
        ],
    )


def _is_there(heard_at: Any) -> bool:
    return heard_at is not None and at() - heard_at < system_desk.WORKER_SILENT


def _job_row(job: dict[str, Any]) -> dict[str, Any]:
    is_failed = job["status"] == "failed"
    retry = url_for("admin_system.retry", job_id=job["id"]) if is_failed else ""
    return {**job, "number": str(job["id"]), "task": _task_words(job), "retry": retry}


def _task_words(job: dict[str, Any]) -> str:
    name = job["task_name"]
    return t(*TASK_WORDS.get(name, (name, name)))


@pages.route("/jobs/<int:job_id>/retry", methods=["GET", "POST"])
@needs("job.retry")
def retry(job_id: int) -> ResponseReturnValue:
    """Queue a failed job again."""
    found = system_desk.job(unit(), min(job_id, (1 << 62) - 1))
    back = url_for("admin_system.jobs", status="failed")
    step = Step(
        t("重新排队", "Queue again"),
        t(
            "任务 {number}（{name}）将重新执行。任务可以重复执行而不会重复记账。",
            "Job {number} ({name}) is done again. Doing a job twice books nothing twice.",
            number=found["id"],
            name=_task_words(found),
        ),
        t("重新排队", "Queue it again"),
        back,
        crumbs=[(t("后台任务", "Jobs"), back)],
    )

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        system_desk.retry(unit(), found["id"], by=actor(), at=at())
        return t("已重新排队。", "It is queued again."), url_for("admin_system.jobs")

    return step_page(step, work)


@pages.get("/settings")
@needs("system.read", has_unit=False)
def settings() -> ResponseReturnValue:
    """Show the settings of this process; of secrets only whether they are set."""
    told = system_desk.settings_told(_settings())
    rows = [
        {"variable": variable, "value": _value(value), "about": t(CHINESE.get(variable, words), words)}
        for (variable, words), value in zip(SETTING_WORDS.items(), told.values(), strict=True)
    ]
    return render_template("admin/settings.html", rows=rows, release=health.version())


def _value(value: str) -> str:
    return {"set": t("已设置", "set"), "": t("未设置", "not set")}.get(value, value)


def _home() -> ResponseReturnValue:
    """Show the administrator what needs doing, how the system is, who can sign in."""
    today = on(at())
    counted = people_desk.counts(unit(), today)
    failed = system_desk.job_counts(unit()).get("failed", 0)
    free, whole = system_desk.disk_free(_settings())
    tiles = [
        {
            "label": t("能登录的账号", "Accounts open"),
            "value": number(counted["active"]),
            "change": t("{n} 人在线", "{n} signed in", n=number(counted["signed_in"])),
            "href": url_for("admin.people", state="active"),
        },
        {
            "label": t("失败的任务", "Jobs failed"),
            "value": number(failed),
            "href": url_for("admin_system.jobs", status="failed"),
        },
        {
            "label": t("没有第二步验证", "Without a second step"),
            "value": number(counted["without_second_factor"]),
            "href": url_for("admin.people", state="without_second_factor"),
        },
        {
            "label": t("磁盘剩余", "Disk left"),
            "value": file_size(free),
            "change": t("共 {n}", "of {n}", n=file_size(whole)),
        },
    ]
    checks = _checks()
    work = [*_broken(checks), *_work(counted, failed, free * 100 // whole)]
    return render_template("admin/home.html", work=work, tiles=tiles, checks=checks)


def _broken(checks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is not well with the system as work: it comes before everything else."""
    return [
        {
            "title": t("{what}不正常", "{what}: not well", what=one["what"]),
            "href": url_for("admin_system.jobs"),
            "note": one["note"],
        }
        for one in checks
        if one["stage"] == "failed"
    ]


def _work(counted: dict[str, int], failed: int, free_percent: int) -> list[dict[str, Any]]:
    """Return what needs the administrator today."""
    session, today = unit(), on(at())
    items: list[dict[str, Any]] = []
    for row in system_desk.help_asked(session, at() - timedelta(days=14)):
        user = session.get(User, row["account"])
        if user is not None and user.tf_primary_method is not None:
            title = t("有人请求协助登录：{email}", "Help with signing in asked for: {email}", email=user.email)
            items.append({"title": title, "href": url_for("admin.person", person_id=user.person_id)})
    if failed:
        title = t("{n} 个后台任务失败", "{n} jobs have failed", n=number(failed))
        items.append({"title": title, "href": url_for("admin_system.jobs", status="failed")})
    items += _years_to_enter()
    if counted["without_mandate"]:
        title = t("{n} 个账号没有授权", "{n} accounts without a mandate", n=number(counted["without_mandate"]))
        items.append({"title": title, "href": url_for("admin.people", state="without_mandate")})
    if soon := system_desk.ending_soon(session, today):
        title = t("{n} 项授权在 30 天内到期", "{n} mandates end within 30 days", n=number(soon))
        items.append({"title": title, "href": url_for("admin.people")})
    if free_percent < _DISK_LEAST_PERCENT:
        title = t("磁盘只剩 {n}%", "Only {n} % of the disk is left", n=free_percent)
        items.append({"title": title, "href": url_for("admin_system.settings")})
    return items


def _years_to_enter() -> list[dict[str, Any]]:
    """Return the years that clocks count in soon and whose calendar has gaps or is only expected."""
    today = on(at())
    known = {one.year: one for one in system_desk.known_years(unit())}
    until = system_desk.known_until(unit(), today)
    items = []
    for year in sorted({today.year, (today + timedelta(days=_DAYS_LEAST)).year}):
        row = known.get(year)
        if row is not None and row.stage == "done":
            continue
        items.append(
            {
                "title": t("登记 {year} 年工作日历", "Enter the calendar of {year}", year=year),
                "href": url_for("admin_calendar.index"),
                "note": _gap(row, until),
                "due_at": datetime(year, 1, 1, tzinfo=CITY) if year > today.year else None,
            }
        )
    return items


def _gap(row: system_desk.KnownYear | None, until: date | None) -> str:
    """Return what a year's calendar lacks and what that means for clocks."""
    if row is None:
        return t("一天也没有登记，跨年的时限无法计算", "not a day is known; no clock can count into it")
    if row.stage == "started":
        return t(
            "有 {n} 天是暂定的，请按国务院办公厅的通知登记为正式",
            "{n} days are only expected; make them official by the State Council's notice",
            n=number(row.provisional),
        )
    last = date_words(until) if until else t("今天之前", "before today")
    return t(
        "已登记 {n} 天，其中暂定 {p} 天；{last}之后的时限无法计算",
        "{n} days are known, {p} of them only expected; no clock counts beyond {last}",
        n=number(row.known),
        p=number(row.provisional),
        last=last,
    )


def _checks() -> list[dict[str, Any]]:
    """Return the checks of the system as rows: what, state, what was found."""
    names = {
        "database": t("数据库", "Database"),
        "schema": t("数据库结构", "Schema"),
        "queue": t("任务队列", "Queue of jobs"),
    }
    found = health.readiness(current_app.extensions["gongbao"].engine)
    rows = [
        {"what": names[name], "stage": "passed" if said == "ok" else "failed", "note": "" if said == "ok" else said}
        for name, said in found.items()
    ]
    heard_at = system_desk.worker_heard_at(unit())
    rows.append(
        {
            "what": t("后台任务进程", "Worker"),
            "stage": "passed" if _is_there(heard_at) else "failed",
            "note": instant_plain(heard_at) if heard_at else t("从未启动", "never started"),
        }
    )
    signed_at = system_desk.newest_head_at(unit())
    is_fresh = signed_at is not None and at() - signed_at < timedelta(hours=2)
    rows.append(
        {
            "what": t("日志签名", "Log signed"),
            "stage": "passed" if is_fresh else "failed",
            "note": instant_plain(signed_at) if signed_at else t("从未签名", "never"),
        }
    )
    return rows


HOMES = {Role.ADMINISTRATOR: _home}
