"""One notion of proof, in the row of the sign-in: what asks by itself, what runs at once and what is used twice."""

from __future__ import annotations

import re
import uuid
from datetime import date

import pytest
from flask import Flask
from flask import session as cookie_of
from sqlalchemy import Engine, delete, select

from core.db import unit_of_work
from core.parties import give_mandate
from core.permits import SYSTEM, Role
from tests.conftest import AT
from tests.visitors import PASSWORD, Visitors, person_of
from tests.web.test_accounts import one_time_code
from tests.web.test_proving import actions, grow_old, with_second_factor
from web import accounts, limits, sign_in
from web.accounts import RateBucket, UserSession
from web.errors import Unauthenticated
from web.pages import account as account_page

SCREENS = ("/account/second-factor", "/account/recovery-codes")


def test_visiting_the_screens_of_the_second_factor_makes_no_proof_younger(engine: Engine, visitors: Visitors) -> None:
    """Looked at every six minutes they ask after ten; a program is told so with a code."""
    browser = visitors.login_as(Role.OFFICER)
    grow_old(engine, minutes=6)
    assert [browser.get(path).status_code for path in SCREENS] == [200, 200]
    grow_old(engine, minutes=6)
    for path in SCREENS:
        assert browser.get(path).headers["Location"] == f"/verify?next={path}"
    refused = browser.get(SCREENS[1], headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json["code"]) == (401, "proof_needed")
    assert browser.send(f"/verify?next={SCREENS[1]}", password=PASSWORD).headers["Location"] == SCREENS[1]
    assert browser.get(SCREENS[1]).status_code == 200


def test_a_factor_set_up_elsewhere_is_not_put_in_without_a_proof(
    engine: Engine, app: Flask, visitors: Visitors
) -> None:
    """The last step of setting up takes a proof as well: what was scanned by another account opens nothing here."""
    victim, thief = visitors.account(Role.OFFICER), visitors.login_as(Role.OFFICER)
    browser = visitors.signed_in(victim)
    with_second_factor(app, engine, victim)
    page = thief.send("/account/second-factor", setup="authenticator").text
    key, step = re.search(r"<code>([A-Z2-7 -]{16,})</code>", page), re.search(r'"(/account/second-factor/[^"]+)"', page)
    assert key and step
    with unit_of_work(engine, SYSTEM) as session:
        before = accounts.account(session, victim.id).tf_totp_secret
    grow_old(engine, minutes=11)
    answer = browser.send(step.group(1), code=one_time_code(key.group(1)))
    assert answer.headers["Location"] == "/verify?next=/account/second-factor"
    with unit_of_work(engine, SYSTEM) as session:
        assert accounts.account(session, victim.id).tf_totp_secret == before


def test_nothing_begins_where_a_sign_in_has_ended(
    engine: Engine, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing out while another request changes the role ends the sign-in: no young one comes of it."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        bureau, person = visitors.organisation("bureau"), person_of(engine, user)
        second = give_mandate(session, person, bureau, Role.SUPERVISOR, date(2020, 1, 1), by=SYSTEM, at=AT)
    browser = visitors.signed_in(user)
    grow_old(engine, hours=11)
    asked = account_page._mandate

    def ended_meanwhile(mandate_id: uuid.UUID) -> object:
        with unit_of_work(engine, SYSTEM) as session:
            session.execute(delete(UserSession))
        return asked(mandate_id)

    monkeypatch.setattr(account_page, "_mandate", ended_meanwhile)
    assert browser.send("/acting", mandate=str(second.id)).status_code == 401
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalars(select(UserSession)).all() == []
    assert "account.acting" not in actions(engine)


def test_a_sign_in_is_renewed_once(engine: Engine, app: Flask, visitors: Visitors) -> None:
    """Of two requests with one cookie the second finds it renewed: it gets no row, no proof and no age of its own."""
    visitors.login_as(Role.OFFICER)
    with app.test_request_context(), unit_of_work(engine, SYSTEM) as session:
        before = session.scalars(select(UserSession)).one()
        cookie_of["sid"] = "not the secret of any row"
        with pytest.raises(Unauthenticated, match="sign_in_first"):
            sign_in.renew(session, at=AT)
        assert session.scalars(select(UserSession)).all() == [before]


def test_another_password_gives_nobody_more_tries_at_signing_in(engine: Engine, visitors: Visitors) -> None:
    """Only a sign-in fills the buckets of signing in again."""
    user = visitors.account(Role.OFFICER)
    browser, outside = visitors.signed_in(user), visitors.browser()
    for _ in range(3):
        outside.send("/login", email=user.email, password="wrong words here")
    new = "another correct horse"
    done = browser.send("/account/password", password=PASSWORD, new_password=new, new_password_confirm=new)
    assert done.status_code == 302
    with unit_of_work(engine, SYSTEM) as session:
        keys = set(session.scalars(select(RateBucket.key)))
    assert f"{limits.LOGIN_ACCOUNT.name}:{sign_in.account_key(user.email)}" in keys
    assert f"{limits.PROOF_ACCOUNT.name}:{user.id}" not in keys


def test_the_form_for_another_password_says_what_is_wrong_with_the_new_one_first(
    engine: Engine, visitors: Visitors
) -> None:
    """A new password that is too short, or no old one, costs no try; the old one again is refused after the proof."""
    browser = visitors.login_as(Role.OFFICER)
    short = browser.send("/account/password", password="wrong", new_password="short", new_password_confirm="short")
    none = browser.send("/account/password", password="", new_password=PASSWORD, new_password_confirm=PASSWORD)
    assert short.status_code == none.status_code == 200
    assert not [one for one in actions(engine) if "proof" in one]
    same = browser.send("/account/password", password=PASSWORD, new_password=PASSWORD, new_password_confirm=PASSWORD)
    assert "新密码不能与原密码相同" in same.text and actions(engine)[-1] == "account.proven"


def test_a_code_opens_once(engine: Engine, app: Flask, visitors: Visitors) -> None:
    """What was read over a shoulder at sign-in is no proof, nor what was given as a proof another one, nor signs in."""
    user = visitors.account(Role.OFFICER)
    secret = with_second_factor(app, engine, user)
    code = one_time_code(secret)
    browser = visitors.signed_in(user)
    assert browser.send("/tf-validate", code=code).status_code == 302
    assert browser.get("/account").status_code == 200
    again = visitors.signed_in(user)
    assert again.send("/tf-validate", code=code).status_code == 200
    assert again.get("/account").status_code == 302
    grow_old(engine, minutes=11)
    refused = browser.send("/verify", password=PASSWORD, code=code)
    assert refused.status_code == 200 and "每个口令只能用一次" in refused.text
    with unit_of_work(engine, SYSTEM) as session:
        accounts.account(session, user.id).tf_last_counter = None
    assert browser.send("/verify", password=PASSWORD, code=code).status_code == 302
    assert browser.send("/verify", password=PASSWORD, code=code).status_code == 200


def test_of_two_who_use_one_code_at_once_one_gets_in(engine: Engine, app: Flask, visitors: Visitors) -> None:
    """The row decides, not what either of them had read of it."""
    user = visitors.account(Role.OFFICER)
    secret = with_second_factor(app, engine, user)
    code = one_time_code(secret)
    factory = app.extensions["security"].totp_factory
    with unit_of_work(engine, SYSTEM) as session:
        read = accounts.account(session, user.id)
    for expected in (True, False):
        with app.test_request_context():
            assert factory.verify_totp(code, read.tf_totp_secret, read) is expected
            sign_in.accounts_session().commit()
    # Of a new secret no code was used yet, even in the same half minute.
    with app.test_request_context():
        fresh = factory.generate_totp_secret()
        assert factory.verify_totp(factory.generate_totp_password(fresh), fresh, read)
