"""The administrator's pages: people, mandates, accounts with a first password, the calendar, jobs, settings."""

from __future__ import annotations

import re
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import Engine, func, select, text

from core import clock
from core.calendar import CalendarDay, import_published
from core.db import unit_of_work
from core.parties import Mandate, Organisation, Person, add_person
from core.permits import SYSTEM, Role
from tests.conftest import AT
from tests.visitors import PASSWORD, Browser, Visitors, person_of
from web import accounts, jobs, system_desk
from web.people_desk import first_password

PASSWORD_SHOWN = re.compile(r'receipt__number mono">([a-z0-9-]+)<')


def administrator(visitors: Visitors) -> Browser:
    """Return a browser of a new administrator."""
    return visitors.login_as(Role.ADMINISTRATOR)


def person_named(engine: Engine, name: str) -> Person | None:
    """Return the person of a name, if there is one."""
    with unit_of_work(engine, SYSTEM) as session:
        return session.scalar(select(Person).where(Person.name == name))


def count(engine: Engine, kind: type[object]) -> int:
    """Return how many rows of a kind there are."""
    with unit_of_work(engine, SYSTEM) as session:
        return session.scalar(select(func.count()).select_from(kind)) or 0


def test_a_person_is_added_with_an_account_and_signs_in(visitors: Visitors, engine: Engine) -> None:
    """One form makes person, mandate and account; the first password is shown once and opens the account."""
    bureau = visitors.organisation("bureau", "示例主管单位")
    browser = administrator(visitors)
    page = browser.send(
        "/admin/people/new",
        name="示例<b>新人</b>",
        organisation=str(bureau.id),
        role="officer",
        valid_from="2026-01-01",
        email="New@Example.test",
    )
    assert page.status_code == 200 and "示例&lt;b&gt;新人" in page.text
    found = PASSWORD_SHOWN.search(page.text)
    assert found is not None
    newcomer = visitors.browser()
    assert newcomer.send("/login", email="new@example.test", password=found[1]).status_code == 302
    assert newcomer.get("/tenders/new").status_code == 200
    made = person_named(engine, "示例<b>新人</b>")
    assert made is not None
    shown = browser.get(f"/admin/people/{made.id}").text
    assert "示例主管单位" in shown and "new@example.test" in shown and found[1] not in shown
    assert "new@example.test" in browser.get("/admin/people?q=新人&role=officer&state=active").text
    assert "没有符合条件的人" in browser.get("/admin/people?q=新人&state=closed").text


def test_every_empty_field_is_told_at_once(visitors: Visitors) -> None:
    """空表单一次说全：姓名、单位、身份、起始日；填了的不再说。"""
    browser = administrator(visitors)
    page = browser.send("/admin/people/new", name="", organisation="", role="", valid_from="", email="")
    assert page.status_code == 422 and "有 4 处需要更正" in page.text
    for words in ("请填写 1 至 60 个字", "请选择单位。", "请选择身份。", "请填写起始日。"):
        assert words in page.text, words
    filled = browser.send("/admin/people/new", name="示例新人", organisation="", role="officer", valid_from="")
    assert "有 2 处需要更正" in filled.text and "请选择身份" not in filled.text
    assert "”应为日期" not in filled.text


def test_what_is_wrong_with_a_new_person_is_told_and_nothing_kept(visitors: Visitors, engine: Engine) -> None:
    """A role that the organisation has not, a date that is none, an address in use: told at the field, typing kept."""
    insurer = visitors.organisation("insurer")
    taken = visitors.account(Role.BIDDER)
    browser = administrator(visitors)
    good = {
        "name": "示例新人",
        "organisation": str(insurer.id),
        "role": "bidder",
        "valid_from": "2026-01-01",
        "email": "",
    }
    people = count(engine, Person)
    for changed, words in (
        ({"role": "officer"}, "请选择该类单位可有的身份"),
        ({"role": "system"}, "请选择该类单位可有的身份"),
        ({"role": "king"}, "请选择身份"),
        ({"organisation": "x"}, "请选择单位"),
        ({"valid_from": "2026-02-30"}, "应为日期"),
        ({"valid_from": "２０２６-01-01"}, "应为日期"),
        ({"name": " "}, "请填写 1 至"),
        ({"name": "名" * 61}, "请填写 1 至"),
        ({"email": "nobody"}, "不是有效的电子邮箱"),
        ({"email": taken.email}, "已有账号"),
    ):
        answer = browser.send("/admin/people/new", **{**good, **changed})
        assert answer.status_code in (409, 422), changed
        assert words in answer.text, changed
        assert 'value="示例新人"' in answer.text or "name" in changed
        assert count(engine, Person) == people
    assert browser.send("/admin/people/new", **good).status_code == 303
    assert count(engine, Person) == people + 1


def test_mandates_are_given_and_ended(visitors: Visitors, engine: Engine) -> None:
    """A mandate that is ended today opens nothing more; nobody gives one to themselves or ends their own."""
    user = visitors.account(Role.OFFICER)
    acting = visitors.signed_in(user)
    me = visitors.account(Role.ADMINISTRATOR)
    browser = visitors.signed_in(me)
    person = person_of(engine, user)
    bureau = visitors.organisation("bureau")
    given = {"organisation": str(bureau.id), "role": "approver", "valid_from": "2026-01-01"}
    assert browser.send(f"/admin/people/{person.id}/mandates/new", **given).status_code == 303
    assert acting.get("/tenders/new").status_code == 200
    with unit_of_work(engine, SYSTEM) as session:
        held = session.scalars(select(Mandate).where(Mandate.person_id == person.id).order_by(Mandate.id)).all()
        today = clock.on(session.scalars(select(func.gongbao_now())).one())
    address = f"/admin/people/{person.id}/mandates/{held[0].id}/end"
    assert "不能再代表" in browser.get(address).text
    assert browser.send(address, on="when").status_code == 422
    assert browser.send(address, on=today.isoformat()).status_code == 303
    assert acting.get("/tenders/new").status_code in (302, 403)
    again = browser.send(address, on=today.isoformat())
    assert again.status_code == 409 and "已于" in again.text
    mine = person_of(engine, me)
    for path in (f"/admin/people/{mine.id}/mandates/new", f"/admin/people/{mine.id}/account/close"):
        refused = browser.send(path, **given)
        assert refused.status_code == 403
    assert browser.get(f"/admin/people/{mine.id}/mandates/{held[0].id}/end").status_code == 404
    assert "另一位管理员" in browser.get(f"/admin/people/{mine.id}").text


def test_an_account_is_closed_opened_and_given_another_password(visitors: Visitors, engine: Engine) -> None:
    """Closing ends the sign-ins at once; another password is shown once and the old one opens nothing."""
    user = visitors.account(Role.OFFICER)
    acting = visitors.signed_in(user)
    browser = administrator(visitors)
    person = person_of(engine, user)
    address = f"/admin/people/{person.id}/account"
    assert browser.send(f"{address}/close").status_code == 303
    assert acting.get("/tenders/new").status_code == 302
    assert visitors.browser().send("/login", email=user.email, password=PASSWORD).status_code != 302
    assert browser.send(f"{address}/reopen").status_code == 303
    shown = PASSWORD_SHOWN.search(browser.send(f"{address}/password").text)
    assert shown is not None
    assert visitors.browser().send("/login", email=user.email, password=PASSWORD).status_code == 200
    assert visitors.browser().send("/login", email=user.email, password=shown[1]).status_code == 302
    without = browser.send(f"{address}/second-factor")
    assert without.status_code == 409
    assert browser.send(address, email="x@example.test").status_code == 409
    assert browser.get(f"{address}/explode").status_code == 404


def test_an_account_for_a_person_without_one(visitors: Visitors, engine: Engine) -> None:
    """A person who has no account gets one later; a person whom nobody knows is not found."""
    with unit_of_work(engine, SYSTEM) as session:
        person = add_person(session, "示例无账号", by=SYSTEM, at=AT)
    browser = administrator(visitors)
    address = f"/admin/people/{person.id}"
    assert browser.get(f"{address}/account/close").status_code == 404
    assert browser.send(f"{address}/account", email="wrong").status_code == 422
    assert PASSWORD_SHOWN.search(browser.send(f"{address}/account", email="late@example.test").text)
    assert "没有授权" in browser.get("/").text
    assert browser.get("/admin/people/00000000-0000-7000-8000-000000000000").status_code == 404


def test_organisations_are_added_by_their_credit_code(visitors: Visitors, engine: Engine) -> None:
    """Kind, full name and a right credit code; a wrong one, a second of a name, a name too long are told."""
    browser = administrator(visitors)
    good = {"kind": "insurer", "name": "示例<u>财险</u>", "short_name": "", "uscc": "91110000600037341L"}
    before = count(engine, Organisation)
    for changed in ({"kind": "bank"}, {"name": ""}, {"name": "名" * 101}, {"uscc": "91110000600037341A"}):
        assert browser.send("/admin/organisations/new", **{**good, **changed}).status_code == 422
    assert count(engine, Organisation) == before
    assert browser.send("/admin/organisations/new", **good).status_code == 303
    assert browser.send("/admin/organisations/new", **good).status_code == 409
    page = browser.get("/admin/organisations").text
    assert "示例&lt;u&gt;财险" in page and "<u>" not in page
    assert browser.send("/admin/organisations/new", kind="insurer", name="示例寿险").status_code == 303
    with unit_of_work(engine, SYSTEM) as session:
        ids = {row.name: row.id for row in session.scalars(select(Organisation))}
    head, fellow = ids["示例<u>财险</u>"], ids["示例寿险"]
    group = f"/admin/organisations/{fellow}/group"
    assert browser.send(group, group=str(fellow)).status_code == 409
    assert browser.send(group, group=str(head)).status_code == 303
    assert browser.send(f"/admin/organisations/{head}/group", group=str(fellow)).status_code == 409
    assert browser.get("/admin/organisations").text.count("示例&lt;u&gt;财险") >= 2
    assert browser.send(group, group="").status_code == 303


def test_the_calendar_is_kept_by_notice(visitors: Visitors, engine: Engine) -> None:
    """Years are brought in, a day is set by its notice, an official one does not become provisional again."""
    browser = administrator(visitors)
    assert "日历没有今天" in browser.get("/admin/calendar").text
    assert browser.send("/admin/calendar/import").status_code == 303
    assert "2026" in browser.get("/admin/calendar").text
    assert "国庆" not in browser.get("/admin/calendar/2026").text and "放假" in browser.get("/admin/calendar/2026").text
    good = {"day": "2027-02-08", "kind": "holiday", "status": "provisional", "source": "惯例"}
    for changed, words in (
        ({"day": "2027-2-8"}, "应为日期"),
        ({"kind": "sometimes"}, "请选择是否上班"),
        ({"status": "maybe"}, "只能是 official"),
        ({"source": " "}, "请写明依据"),
        ({"source": "号" * 201}, "请写明依据"),
    ):
        answer = browser.send("/admin/calendar/set", **{**good, **changed})
        assert answer.status_code == 422 and words in answer.text
    assert browser.send("/admin/calendar/set", **good).status_code == 303
    assert "暂定" in browser.get("/admin/calendar/2027").text
    assert browser.send("/admin/calendar/set", **{**good, "status": "official"}).status_code == 303
    assert browser.send("/admin/calendar/set", **good).status_code == 409
    with unit_of_work(engine, SYSTEM) as session:
        assert session.get_one(CalendarDay, date(2027, 2, 8)).status == "official"
    assert browser.get("/admin/calendar/99999").status_code == 404


def test_up_to_when_every_day_is_known(engine: Engine) -> None:
    """A gap ends what is known, whatever comes after it."""
    with unit_of_work(engine, SYSTEM) as session:
        assert system_desk.known_until(session, date(2026, 3, 2)) is None
        import_published(session, by=SYSTEM, at=AT, first_year=2025, last_year=2026)
        assert system_desk.known_until(session, date(2025, 3, 2)) == date(2026, 12, 31)
        years = system_desk.known_years(session)
        assert [(one.year, one.days, one.stage) for one in years] == [(2026, 365, "done"), (2025, 365, "done")]
        session.execute(text("UPDATE calendar_day SET status = 'provisional' WHERE day = '2026-05-01'"))
        assert [one.stage for one in system_desk.known_years(session)] == ["started", "done"]


def test_a_failed_job_is_queued_again_by_hand(visitors: Visitors, engine: Engine) -> None:
    """The list shows what failed; queueing it again is on record; what has not failed is left alone."""
    with unit_of_work(engine, SYSTEM) as session:
        failed, waiting = (jobs.defer(session, "sweep") for _ in range(2))
        session.execute(text("UPDATE procrastinate_jobs SET status = 'failed' WHERE id = :id"), {"id": failed})
    try:
        browser = administrator(visitors)
        page = browser.get("/admin/jobs?status=failed").text
        assert f"/admin/jobs/{failed}/retry" in page and "没有后台进程在运行" in page
        assert browser.send(f"/admin/jobs/{failed}/retry").status_code == 303
        again = browser.send(f"/admin/jobs/{failed}/retry")
        assert again.status_code == 409 and "没有失败" in again.text
        assert browser.send(f"/admin/jobs/{waiting}/retry").status_code == 409
        for unknown in (10**12, 10**30):
            assert browser.get(f"/admin/jobs/{unknown}/retry").status_code == 404
        assert "任务重新排队" in browser.get("/audit?area=job").text or "后台任务重新排队" in browser.get("/audit").text
    finally:
        with unit_of_work(engine, SYSTEM) as session:
            session.execute(text("DELETE FROM procrastinate_jobs"))


def test_settings_are_shown_without_secrets(visitors: Visitors, app: Flask) -> None:
    """No secret and no password of a database leaves the process by a page."""
    page = administrator(visitors).get("/admin/settings").text
    settings = app.extensions["gongbao"].settings
    assert settings.secret_key not in page
    assert "SECRET_KEY" in page and "已设置" in page
    told = system_desk.settings_told(
        type(settings)(
            **{
                **{name: getattr(settings, name) for name in settings.__slots__},
                "database_url": "postgresql://app:geheim@db:5432/gongbao?password=geheim",
            }
        )
    )
    assert told["database_url"] == "postgresql://db:5432/gongbao"
    assert told["secret_key"] == "set"


def test_the_first_page_says_what_needs_the_administrator(visitors: Visitors) -> None:
    """Without worker, signed log or calendar the first page says so, as work and not only as a state."""
    page = administrator(visitors).get("/").text
    for words in ("年工作日历", "一天也没有登记", "后台任务进程不正常", "从未启动", "日志签名不正常"):
        assert words in page


def test_the_next_year_is_asked_for_before_it_begins(visitors: Visitors, engine: Engine) -> None:
    """六十天内要用到的年份没有登记齐就催办，暂定的也催，登记齐的不再出现。"""
    browser = administrator(visitors)
    with unit_of_work(engine, SYSTEM) as session:
        import_published(session, by=SYSTEM, at=AT, first_year=2025, last_year=2026)
        today = clock.on(session.scalars(select(func.gongbao_now())).one())
        known = {one.year for one in system_desk.known_years(session) if one.stage == "done"}
    near = {today.year, (today + timedelta(days=60)).year}
    page = browser.get("/").text
    assert {year for year in near if f"登记 {year} 年工作日历" in page} == near - known


def test_nobody_else_reaches_these_pages(visitors: Visitors, client: Browser) -> None:
    """Officer, auditor and public are refused, by page and by step."""
    paths = ["/admin/people", "/admin/people/new", "/admin/organisations", "/admin/calendar", "/admin/jobs"]
    for role in (Role.OFFICER, Role.AUDITOR):
        browser = visitors.login_as(role)
        assert [browser.get(path).status_code for path in [*paths, "/admin/settings"]] == [403] * 6
        assert browser.send("/admin/people/new", name="x").status_code == 403
    assert client.get("/admin/people").status_code == 302


def test_a_first_password_is_long_and_each_time_another() -> None:
    """Twenty letters and digits that nobody takes for one another."""
    made = {first_password() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"[a-hjkmnp-z2-9]{5}(-[a-hjkmnp-z2-9]{5}){3}", one) for one in made)
    assert min(map(len, made)) >= accounts.PASSWORD_MIN
