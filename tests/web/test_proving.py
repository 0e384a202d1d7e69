"""Proving anew who one is before money leaves, bids are opened, a signature is given."""

from __future__ import annotations

import io
import re
import uuid
from datetime import date, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, update

from core.audit import AuditEvent
from core.db import unit_of_work
from core.parties import Organisation, mandates_of
from core.permits import SYSTEM, Role
from tests.conftest import AT
from tests.makers import make_policy, make_pool
from tests.visitors import PASSWORD, Browser, Visitors, make_app
from tests.web.test_accounts import one_time_code
from underwriting import policies
from underwriting.models import Policy
from web import accounts
from web.accounts import ApiToken, User, UserSession

HIDDEN = re.compile(r'<textarea name="([^"]+)" hidden>\n(.*?)</textarea>', re.DOTALL)
ASKS = "请再次确认身份"


@pytest.fixture
def paid(engine: Engine) -> tuple[Organisation, uuid.UUID]:
    """The lead, and a policy whose premium it received and has not remitted."""
    with unit_of_work(engine, SYSTEM) as session:
        made = make_pool(session)
        policy = make_policy(session, made)
        maker = made.actor(Role.FINANCE_MAKER)
        policies.receive(session, policy, on=date(2026, 3, 3), by=maker, at=AT)
        return made.members[0], policy.id


def stage_of(engine: Engine, policy_id: uuid.UUID) -> str:
    """Return how far a policy's premium has come."""
    with unit_of_work(engine, SYSTEM) as session:
        return session.get_one(Policy, policy_id).stage


def grow_old(engine: Engine, **age: int) -> None:
    """Let every sign-in be that much older; it was in use all the time."""
    with unit_of_work(engine, SYSTEM) as session:
        older = timedelta(**age)
        aged = {"made_at": UserSession.made_at - older, "proven_at": UserSession.proven_at - older}
        session.execute(update(UserSession).values(**aged), execution_options={"synchronize_session": False})


def actions(engine: Engine, prefix: str = "account.") -> list[str]:
    """Return what the log tells, oldest first."""
    with unit_of_work(engine, SYSTEM) as session:
        query = select(AuditEvent.action).where(AuditEvent.action.startswith(prefix)).order_by(AuditEvent.id)
        return list(session.scalars(query))


def carried(page: str) -> dict[str, str]:
    """Return the fields of a form that the page that asks for a proof holds."""
    return {name: unescape(value) for name, value in HIDDEN.findall(page)}


def test_money_leaves_only_after_a_recent_proof(
    engine: Engine, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """Eleven minutes after the password a payment asks for it, keeps the form, and is made by giving it, once."""
    lead, policy_id = paid
    desk = visitors.login_as(Role.FINANCE_CHECKER, lead)
    shown = desk.get("/premiums/remit", query_string={"policy": [str(policy_id)]}).text
    key = re.search(r'name="form_key" value="([^"]+)"', shown)
    assert key
    form = {"policy": str(policy_id), "on": "2026-03-04", "form_key": key.group(1), "confirmed": "yes"}
    grow_old(engine, minutes=11)
    assert desk.get("/premiums/remit", query_string={"policy": [str(policy_id)]}).status_code == 200
    asked = desk.send("/premiums/remit", **form)
    assert asked.status_code == 401 and ASKS in asked.text
    assert "要办理的事" in asked.text and "划付保费" in asked.text
    assert carried(asked.text) == form
    assert stage_of(engine, policy_id) == "received"

    wrong = desk.send("/premiums/remit", **carried(asked.text), proof_password="not the right words")
    assert wrong.status_code == 401 and "密码不正确，请核对" in wrong.text
    assert carried(wrong.text) == form and "not the right words" not in wrong.text
    assert stage_of(engine, policy_id) == "received"

    done = desk.send("/premiums/remit", **carried(wrong.text), proof_password=PASSWORD)
    assert done.status_code == 303
    assert stage_of(engine, policy_id) == "remitted"
    # The key goes with what the form asked for, without the proof: the same form again is answered as the first.
    again = desk.send("/premiums/remit", **form)
    assert (again.status_code, again.headers["Location"]) == (303, done.headers["Location"])
    assert actions(engine) == ["account.created", "account.signed_in", "account.proof_refused", "account.proven"]
    with unit_of_work(engine, SYSTEM) as session:
        said = str([(row.facts, row.object_id) for row in session.scalars(select(AuditEvent))])
    assert PASSWORD not in said and "not the right words" not in said


@pytest.mark.parametrize(
    ("came_from", "back"),
    [
        ("http://localhost/premiums/remit?policy=7", 'href="/premiums/remit?policy=7"'),
        ("http://localhost/premiums", 'href="/premiums"'),
        ("http://elsewhere.test/premiums", ""),
        ("http://localhost//elsewhere.test/", ""),
        ("", ""),
    ],
)
def test_the_way_back_leads_to_a_page_of_ours_or_nowhere(
    engine: Engine, visitors: Visitors, paid: tuple[Organisation, uuid.UUID], came_from: str, back: str
) -> None:
    """不办时回到来的那一页，连同所选；来自别处的没有返回。"""
    desk = visitors.login_as(Role.FINANCE_CHECKER, paid[0])
    grow_old(engine, minutes=11)
    form = {"csrf_token": desk.token(), "policy": str(paid[1])}
    asked = desk.post("/premiums/remit", data=form, headers={"Referer": came_from} if came_from else {})
    assert asked.status_code == 401 and ASKS in asked.text
    link = re.search(r'<a class="button[^"]*" (href="[^"]*")>不办了', asked.text)
    assert (unescape(link.group(1)) if link else "") == back


def test_a_recent_proof_holds_for_ten_minutes(
    engine: Engine, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """Nine minutes after signing in nothing is asked; a password sent all the same is not part of the form."""
    lead, policy_id = paid
    desk = visitors.login_as(Role.FINANCE_CHECKER, lead)
    grow_old(engine, minutes=9)
    done = desk.send("/premiums/remit", policy=str(policy_id), on="2026-03-04", proof_password="x")
    assert done.status_code == 303 and stage_of(engine, policy_id) == "remitted"


def test_the_minutes_are_a_setting(engine: Engine, state_dir: Path, paid: tuple[Organisation, uuid.UUID]) -> None:
    """With two minutes allowed, three are too many."""
    lead, policy_id = paid
    visitors = Visitors(make_app(engine, state_dir, GONGBAO_PROOF_MIN="2"), engine)
    desk = visitors.login_as(Role.FINANCE_CHECKER, lead)
    grow_old(engine, minutes=3)
    assert "最近 2 分钟" in desk.send("/premiums/remit", policy=str(policy_id), on="2026-03-04").text


def with_second_factor(app: Flask, engine: Engine, user: User) -> str:
    """Give an account a second factor; return its secret as an authenticator takes it."""
    totp = app.extensions["security"].totp_factory
    with app.test_request_context():
        secret = totp.generate_totp_secret()
    with unit_of_work(engine, SYSTEM) as session:
        held = session.get_one(User, user.id)
        held.tf_primary_method, held.tf_totp_secret = "authenticator", secret
    with app.test_request_context():
        found = re.search(r"secret=([A-Z2-7]+)", totp.get_totp_uri("x", secret))
    assert found
    return found.group(1)


def test_whoever_has_a_second_factor_proves_it_too(
    engine: Engine, app: Flask, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """The password alone is not enough for an account with an authenticator; neither is the code."""
    lead, policy_id = paid
    user = visitors.account(Role.FINANCE_CHECKER, lead)
    desk = visitors.signed_in(user)
    secret = with_second_factor(app, engine, user)
    grow_old(engine, minutes=11)
    form = {"policy": str(policy_id), "on": "2026-03-04"}
    assert "六位口令" in desk.send("/premiums/remit", **form).text
    for wrong in (
        {"proof_password": PASSWORD},
        {"proof_password": PASSWORD, "proof_code": "000000"},
        {"proof_password": "not the right words", "proof_code": one_time_code(secret)},
    ):
        assert desk.send("/premiums/remit", **form, **wrong).status_code == 401
    assert stage_of(engine, policy_id) == "received"
    done = desk.send("/premiums/remit", **form, proof_password=PASSWORD, proof_code=one_time_code(secret))
    assert done.status_code == 303


def test_another_password_is_no_proof_of_the_second_factor(
    engine: Engine, app: Flask, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """With the password alone nobody gets another one, takes away the second factor or pays; the code is needed."""
    lead, policy_id = paid
    user = visitors.account(Role.FINANCE_CHECKER, lead)
    desk = visitors.signed_in(user)
    secret = with_second_factor(app, engine, user)
    grow_old(engine, minutes=11)
    with unit_of_work(engine, SYSTEM) as session:
        before = session.scalars(select(UserSession)).one()
    new = "another correct horse"
    form = {"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    refused = desk.send("/account/password", **form)
    assert refused.status_code == 200 and "密码或口令不正确" in refused.text and 'name="code"' in refused.text
    assert "135791" not in desk.send("/account/password", **form, code="135791").text
    assert "/verify" in desk.send("/account/second-factor", setup="disable").headers["Location"]
    assert desk.send("/premiums/remit", policy=str(policy_id), on="2026-03-04").status_code == 401
    with unit_of_work(engine, SYSTEM) as session:
        kept = accounts.account(session, user.id)
        assert kept.tf_primary_method == "authenticator" and kept.password == user.password
    assert stage_of(engine, policy_id) == "received"
    assert actions(engine)[-1] == "account.proof_refused"

    answer = desk.send("/account/password", **form, code=one_time_code(secret))
    assert answer.status_code == 302, answer.text
    with unit_of_work(engine, SYSTEM) as session:
        after = session.scalars(select(UserSession)).one()
    assert after.id_hash != before.id_hash and after.made_at == before.made_at
    assert actions(engine)[-2:] == ["account.proven", "account.changed_by_owner"]
    assert desk.get("/account").status_code == 200


def test_proofs_have_tries_of_their_own(
    engine: Engine, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """The ninth try is not looked at and its page holds the form; nobody outside takes from them, or is kept out."""
    lead, policy_id = paid
    user = visitors.account(Role.FINANCE_CHECKER, lead)
    desk = visitors.signed_in(user)
    grow_old(engine, minutes=11)
    outside = visitors.browser()
    tries = [outside.send("/login", email=user.email, password="wrong words").status_code for _ in range(9)]
    assert tries[-1] == 429
    form = {"policy": str(policy_id), "on": "2026-03-04"}
    answers = [desk.send("/premiums/remit", **form, proof_password="wrong").status_code for _ in range(7)]
    # Guessing goes on at the form for another password, out of the same bucket, and tells nothing of a right guess.
    new = "another correct horse"
    wrong = {"password": new, "new_password": new, "new_password_confirm": new}
    answers.append(desk.send("/account/password", **wrong).status_code)
    assert answers == [401] * 7 + [200]
    empty = desk.send("/premiums/remit", **form, proof_password=PASSWORD)
    assert empty.status_code == 429 and "Retry-After" in empty.headers
    assert carried(empty.text) == form and "请求过于频繁" in empty.text
    assert desk.send("/account/password", **{**wrong, "password": PASSWORD}).status_code == 429
    assert stage_of(engine, policy_id) == "received"
    assert actions(engine).count("account.proof_refused") == 8


def test_a_program_acts_by_its_token_and_not_by_an_old_sign_in(
    engine: Engine, visitors: Visitors, paid: tuple[Organisation, uuid.UUID]
) -> None:
    """The API refuses a stale cookie with a code of its own; a token, made with a fresh proof, is itself one."""
    lead, policy_id = paid
    user = visitors.account(Role.FINANCE_CHECKER, lead)
    desk = visitors.signed_in(user)
    grow_old(engine, minutes=11)
    path, body = f"/api/v1/premiums/{policy_id}/remittance", {"on": "2026-03-04"}
    refused = desk.post(path, json=body, headers={"X-CSRFToken": desk.token()})
    assert (refused.status_code, refused.json["code"], refused.json["facts"]) == (401, "proof_needed", {"minutes": 10})
    with unit_of_work(engine, SYSTEM) as session:
        mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
    asked = desk.send("/account/tokens", name="财务系统", mandate=str(mandate.id), days="30")
    assert asked.status_code == 401 and ASKS in asked.text
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 0
    made = desk.send("/account/tokens", **carried(asked.text), proof_password=PASSWORD)
    secret = re.search(r"gb_[\w-]{40,}", made.text)
    assert secret
    headers = {"Authorization": f"Bearer {secret.group()}"}
    answer = visitors.browser().post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json["stage"]) == (200, "remitted")
    with unit_of_work(engine, SYSTEM) as session:
        token = session.scalars(select(ApiToken)).one()
        written = {row.action: row for row in session.scalars(select(AuditEvent))}
    # What the token wrote names it, beside the person and the role; what the person did at a page names none.
    remitted = written["policy.remit"]
    assert (remitted.facts["by_token"], remitted.role) == (str(token.id), "finance_checker")
    assert [row.action for row in written.values() if "by_token" in row.facts and row.object_kind == "token"] == []
    auditor = visitors.login_as(Role.AUDITOR)
    assert "接口令牌</span>" in auditor.get("/audit").text
    page = auditor.get(f"/audit/{remitted.id}").text
    assert "经接口令牌" in page and "所用接口令牌" in page and str(token.id) in page


def test_a_file_is_chosen_again_and_what_was_typed_stays(engine: Engine, visitors: Visitors) -> None:
    """A page cannot hold a file: the field is there again under its name, with several lines of text as they were."""
    browser = visitors.login_as(Role.CUSTODIAN)
    grow_old(engine, minutes=11)
    file = (io.BytesIO(b"{}"), "份额.json")
    answer = browser.send(f"/custody/{uuid.uuid4()}/shares", shares="\none\r\ntwo", file=file)
    assert answer.status_code == 401
    assert carried(answer.text)["shares"] == "\none\r\ntwo"
    assert "请再次选择文件“份额.json”" in answer.text
    assert 'type="file" id="f-file" name="file"' in answer.text and "multipart/form-data" in answer.text


def test_the_screens_of_the_second_factor_ask_for_the_same_proof(
    app: Flask, engine: Engine, visitors: Visitors
) -> None:
    """An old sign-in with the password alone cannot take away the second factor: the code is asked for too."""
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    secret = with_second_factor(app, engine, user)
    grow_old(engine, minutes=11)
    assert "/verify" in browser.send("/account/second-factor", setup="disable").headers["Location"]
    refused = browser.send("/verify", password=PASSWORD)
    assert refused.status_code == 200 and "密码或口令不正确" in refused.text
    assert "/verify" in browser.send("/account/second-factor", setup="disable").headers["Location"]
    assert browser.send("/verify", password=PASSWORD, code=one_time_code(secret)).status_code == 302
    assert browser.send("/account/second-factor", setup="disable").status_code in (200, 302)
    with unit_of_work(engine, SYSTEM) as session:
        assert accounts.account(session, user.id).tf_primary_method is None


def test_browsers_are_told_of_no_password_to_keep(visitors: Visitors, engine: Engine) -> None:
    """The page that asks holds no password of its own, whatever was typed."""
    browser: Browser = visitors.login_as(Role.CUSTODIAN)
    grow_old(engine, minutes=11)
    page = browser.send(f"/custody/{uuid.uuid4()}/shares", shares="x", proof_password="wrong words here").text
    assert "wrong words here" not in page and page.count('type="password"') == 1
