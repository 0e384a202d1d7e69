"""The life of a sign-in: how long it lasts, what is swept away, and what the log tells of it."""

from __future__ import annotations

import re
from datetime import date, timedelta

from flask import Flask
from sqlalchemy import Engine, func, select, update

from core.audit import AuditEvent
from core.db import unit_of_work
from core.parties import give_mandate
from core.permits import SYSTEM, Role
from tests.conftest import AT
from tests.visitors import PASSWORD, Visitors, person_of
from tests.web.test_accounts import one_time_code
from tests.web.test_proving import actions, grow_old
from web import sign_in
from web.accounts import ApiToken, UserSession


def test_a_sign_in_ends_after_twelve_hours_of_use(engine: Engine, visitors: Visitors) -> None:
    """Used every minute, it holds for eleven hours and not for thirteen; another mandate makes it no younger."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        bureau = visitors.organisation("bureau")
        person = person_of(engine, user)
        second = give_mandate(session, person, bureau, Role.SUPERVISOR, date(2020, 1, 1), by=SYSTEM, at=AT)
    browser = visitors.signed_in(user)
    grow_old(engine, hours=11)
    assert browser.get("/account").status_code == 200
    assert browser.send("/acting", mandate=str(second.id)).status_code == 303
    grow_old(engine, hours=2)
    answer = browser.get("/account", follow_redirects=True)
    assert "登录已满 12 小时" in answer.text
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(UserSession)) == 0


def test_the_nightly_sweep_removes_what_has_ended(engine: Engine, visitors: Visitors) -> None:
    """Idle for too long, or signed in for too long: both go; one that holds stays."""
    for _ in range(2):
        visitors.login_as(Role.OFFICER)
    grow_old(engine, hours=13)
    kept = visitors.account(Role.APPROVER)
    visitors.signed_in(kept)
    with unit_of_work(engine, SYSTEM) as session:
        sign_in.sweep(session, idle_min=30, hours=12)
        assert [row.user_id for row in session.scalars(select(UserSession))] == [kept.id]
        session.execute(update(UserSession).values(seen_at=UserSession.seen_at - timedelta(minutes=31)))
        sign_in.sweep(session, idle_min=30, hours=12)
        assert session.scalars(select(UserSession)).all() == []


def test_what_people_do_with_their_accounts_is_in_the_log(app: Flask, engine: Engine, visitors: Visitors) -> None:
    """Signing in and out, a failed try at a known account, another mandate, tokens: who, when, and no typed word."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        bureau = visitors.organisation("bureau")
        person = person_of(engine, user)
        second = give_mandate(session, person, bureau, Role.SUPERVISOR, date(2020, 1, 1), by=SYSTEM, at=AT)
    client = visitors.browser()
    client.send("/login", email=user.email, password="not the right words")
    client.send("/login", email="nobody@example.test", password="not the right words")
    browser = visitors.signed_in(user)
    browser.send("/acting", mandate=str(second.id))
    browser.send("/account/tokens", name="财务系统", mandate=str(second.id), days="30")
    with unit_of_work(engine, SYSTEM) as session:
        token = session.scalars(select(ApiToken)).one()
    browser.send(f"/account/tokens/{token.id}/revoke")
    browser.send("/logout")
    told = ["account.sign_in_refused", "account.signed_in", "account.acting", "account.signed_out"]
    assert actions(engine)[1:] == told
    assert actions(engine, "token.") == ["token.made", "token.revoked"]
    with unit_of_work(engine, SYSTEM) as session:
        events = {row.action: row for row in session.scalars(select(AuditEvent))}
        assert {events[name].object_id for name in told} == {str(user.id)}
        assert events["account.sign_in_refused"].person_id is None
        assert events["account.signed_in"].person_id == events["account.signed_out"].person_id == user.person_id
        assert events["account.acting"].facts == {"mandate": str(second.id), "role": "supervisor"}
        said = str([(row.facts, row.object_id) for row in events.values()])
    assert "not the right words" not in said and "example.test" not in said and PASSWORD not in said
    auditor = visitors.login_as(Role.AUDITOR)
    page = auditor.get("/audit").text
    for words in ("登录未成功", "未登录的人", "退出登录", "切换身份"):
        assert words in page
    assert "A sign-in that failed" in auditor.get("/audit?lang=en").text


def test_a_second_factor_set_up_and_taken_away_is_in_the_log(app: Flask, engine: Engine, visitors: Visitors) -> None:
    """Its owner's own steps are told apart from the administrator's; a wrong code at sign-in is a failed sign-in."""
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    page = browser.send("/account/second-factor", setup="authenticator").text
    key, action = re.search(r"secret=([A-Z2-7]+)", page), re.search(r'action="(/account/second-factor/[^"]+)"', page)
    key = key or re.search(r"<code>([A-Z2-7 -]{16,})</code>", page)
    assert key and action, page
    assert browser.send(action.group(1), code=one_time_code(key.group(1))).status_code == 302
    again = visitors.browser()
    assert again.send("/login", email=user.email, password=PASSWORD).headers["Location"].startswith("/tf-validate")
    again.send("/tf-validate", code="000000")
    assert browser.send("/account/second-factor", setup="disable").status_code in (200, 302)
    with unit_of_work(engine, SYSTEM) as session:
        query = select(AuditEvent).where(AuditEvent.object_id == str(user.id)).order_by(AuditEvent.id)
        told = [(row.action, row.facts.get("changed")) for row in session.scalars(query)]
    assert told[2:] == [
        ("account.changed_by_owner", "second_factor_set"),
        ("account.sign_in_refused", None),
        ("account.changed_by_owner", "second_factor_removed"),
    ]
