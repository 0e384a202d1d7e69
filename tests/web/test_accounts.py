"""Accounts and signing in: what opens a session, what ends it, what is limited, what is never told."""

from __future__ import annotations

import re
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, func, select, text, update
from sqlalchemy.orm import Session

from core.audit import AuditEvent
from core.clock import now
from core.db import unit_of_work
from core.errors import Conflict, Invalid, NotFound
from core.parties import add_person, give_mandate, mandates_of
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.conftest import AT
from tests.visitors import PASSWORD, QUICK, Browser, Visitors, make_app, person_of
from web import accounts, limits
from web.accounts import ApiToken, User, UserSession


def test_an_account_belongs_to_one_person_and_one_address(session: Session) -> None:
    """A second account of a person, a second owner of an address, are refused; the log holds numbers, no address."""
    person = add_person(session, "示例一", by=SYSTEM, at=AT)
    other = add_person(session, "示例二", by=SYSTEM, at=AT)
    made = accounts.create_user(session, person, "One@Example.test", PASSWORD, by=SYSTEM, at=AT, hashing=QUICK)
    assert made.email == "one@example.test"
    assert made.password.startswith("$argon2id$")
    with pytest.raises(Conflict, match="email_taken"):
        accounts.create_user(session, other, "one@example.test", PASSWORD, by=SYSTEM, at=AT, hashing=QUICK)
    with pytest.raises(Conflict, match="account_exists"):
        accounts.create_user(session, person, "two@example.test", PASSWORD, by=SYSTEM, at=AT, hashing=QUICK)
    assert "example" not in str([row.facts for row in session.scalars(select(AuditEvent))])


@pytest.mark.parametrize(
    ("email", "password", "code"), [("x", PASSWORD, "email_wrong"), ("a@b.c", "short", "password")]
)
def test_an_account_needs_an_address_and_a_long_password(
    session: Session, email: str, password: str, code: str
) -> None:
    """No account without an address, or with a password under twelve characters."""
    person = add_person(session, "示例", by=SYSTEM, at=AT)
    with pytest.raises(Invalid, match=code):
        accounts.create_user(session, person, email, password, by=SYSTEM, at=AT, hashing=QUICK)


def test_what_is_hashed_at_full_cost_opens_too(session: Session) -> None:
    """The full argon2id parameters are those of the advice: 64 MiB, three passes."""
    assert "m=65536,t=3" in accounts.hash_password(PASSWORD)


def test_signing_in_leads_back_to_where_one_was_asked(client: Browser, visitors: Visitors) -> None:
    """A page that needs an account asks for it and comes back; a foreign address is not followed."""
    user = visitors.account(Role.OFFICER)
    assert client.get("/account").headers["Location"] == "/login?next=/account"
    answer = client.post(
        "/login?next=/account", data={"csrf_token": client.token(), "email": user.email, "password": PASSWORD}
    )
    assert answer.headers["Location"].endswith("/account")
    other = visitors.browser()
    fields = {"csrf_token": other.token(), "email": user.email, "password": PASSWORD}
    answer = other.post("/login?next=https://evil.example/", data=fields)
    assert answer.status_code == 200
    assert other.get("/account").status_code == 302


def test_nothing_tells_whether_an_address_is_known(client: Browser, visitors: Visitors) -> None:
    """A wrong password and an unknown address get the same words in Chinese, and no sign-in."""
    user = visitors.account(Role.OFFICER)
    wrong = client.send("/login", email=user.email, password="not the right words")
    unknown = client.send("/login", email="nobody@example.test", password="not the right words")
    assert wrong.status_code == unknown.status_code == 200
    assert "邮箱或密码不正确" in wrong.text
    assert strip(wrong.text, user.email) == strip(unknown.text, "nobody@example.test")


def test_an_empty_sign_in_is_told_what_is_missing(client: Browser) -> None:
    """Nothing typed is not a wrong password: the page asks for both, once; a wrong pair is told once too."""
    empty = client.send("/login", email="", password="").text
    assert empty.count("请填写电子邮箱和密码") == 1 and "邮箱或密码不正确" not in empty
    summary = client.send("/login", email="nobody@example.test", password="not the right words").text
    assert "有一处需要更正" in summary


def strip(page: str, email: str) -> str:
    """Return a page without its token, its address and its time."""
    page = re.sub(r'value="[^"]{60,}"', "", page.replace(email, ""))
    return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d\+08:00)?", "", page)


def test_an_unknown_address_is_hashed_as_a_known_one_is(
    client: Browser, visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both cost one hash, so that time tells nothing either."""
    from flask_security import forms

    user = visitors.account(Role.OFFICER)
    hashed: list[str] = []
    verify, spend = User.verify_and_update_password, forms.hash_password
    monkeypatch.setattr(
        User, "verify_and_update_password", lambda self, word: hashed.append("known") or verify(self, word)
    )
    monkeypatch.setattr(forms, "hash_password", lambda word: hashed.append("unknown") or spend(word))
    client.send("/login", email=user.email, password="not the right words")
    client.send("/login", email="nobody@example.test", password="not the right words")
    assert hashed == ["known", "unknown"]


def test_tries_at_one_account_run_out(client: Browser, visitors: Visitors) -> None:
    """Eight tries, then one every 17 minutes, whatever the password: fewer than 100 a day."""
    user = visitors.account(Role.OFFICER)
    answers = [client.send("/login", email=user.email, password="wrong words here").status_code for _ in range(9)]
    assert answers == [200] * 8 + [429]
    refused = client.send("/login", email=user.email.upper(), password=PASSWORD)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 1020
    assert visitors.login_as(Role.OFFICER).get("/account").status_code == 200
    a_day = limits.LOGIN_ACCOUNT.burst + 86_400 // limits.LOGIN_ACCOUNT.every_s
    assert a_day < 100


def test_signing_in_gives_the_tries_back(client: Browser, visitors: Visitors) -> None:
    """Who signs in after some wrong tries starts afresh."""
    user = visitors.account(Role.OFFICER)
    for _ in range(3):
        for _ in range(4):
            client.send("/login", email=user.email, password="wrong words here")
        visitors.signed_in(user)


def test_signing_in_changes_the_cookie(client: Browser, visitors: Visitors, engine: Engine) -> None:
    """What a visitor carried before is worth nothing afterwards, and the cookie's secret is kept as a digest only."""
    user = visitors.account(Role.OFFICER)
    before = client.token()
    client.send("/login", email=user.email, password=PASSWORD)
    with client.session_transaction() as cookie:
        sid = cookie["sid"]
    assert client.post("/acting", data={"csrf_token": before}).status_code == 400
    with unit_of_work(engine, SYSTEM) as session:
        rows = session.scalars(select(UserSession)).all()
        assert [row.id_hash for row in rows] == [accounts.digest_of(sid)]


def test_signing_out_ends_the_sign_in_for_every_copy_of_the_cookie(visitors: Visitors) -> None:
    """A cookie that was copied before opens nothing after its owner has signed out."""
    browser = visitors.login_as(Role.OFFICER)
    with browser.session_transaction() as cookie:
        copied = dict(cookie)
    assert browser.send("/logout").status_code == 302
    thief = visitors.browser()
    with thief.session_transaction() as cookie:
        cookie.update(copied)
    assert thief.get("/account").status_code == 302
    assert thief.get("/account/password").status_code == 302


def test_an_idle_sign_in_ends(visitors: Visitors, engine: Engine) -> None:
    """After half an hour without use the next page asks for signing in."""
    browser = visitors.login_as(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        session.execute(update(UserSession).values(seen_at=UserSession.seen_at - timedelta(minutes=31)))
    answer = browser.get("/account", follow_redirects=True)
    assert "闲置" in answer.text
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(UserSession)) == 0


def test_a_closed_account_is_out_at_once(visitors: Visitors, engine: Engine) -> None:
    """Closing an account ends its sign-ins and its tokens; the log tells each token that the closing revoked."""
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    own, soon, then = visitors.actor_of(user), AT + timedelta(hours=1), AT + timedelta(days=2)
    with unit_of_work(engine, SYSTEM) as session:
        (mandate,) = mandates_of(session, user.person_id, date(2026, 1, 1))
        names = {
            name: accounts.add_token(session, user.id, mandate, name, days, by=own, at=AT)[0].id
            for name, days in (("revoked", 30), ("expired", 1), ("live", 30), ("another", 60))
        }
        accounts.revoke_token(session, user.id, names["revoked"], by=own, at=soon)
        accounts.set_active(session, accounts.account(session, user.id), is_active=False, by=SYSTEM, at=then)
    with unit_of_work(engine, SYSTEM) as session:
        stands = {one.name: one.revoked_at for one in accounts.tokens_of(session, user.id)}
        told = select(AuditEvent.object_id, AuditEvent.at).where(AuditEvent.action == "token.revoked")
        logged = {row.object_id: row.at for row in session.execute(told)}
    assert stands == {"revoked": soon, "expired": None, "live": then, "another": then}
    assert logged == {str(names[name]): at for name, at in stands.items() if at}
    assert browser.get("/account").status_code == 302
    assert visitors.browser().send("/login", email=user.email, password=PASSWORD).status_code == 200


def test_a_mandate_that_has_ended_gives_no_role(visitors: Visitors, engine: Engine) -> None:
    """The day after its mandate ends a person is signed in and may do nothing of the role."""
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    with unit_of_work(engine, SYSTEM) as session:
        for mandate in mandates_of(session, user.person_id, date(2026, 1, 1)):
            mandate.valid_to = date(2021, 1, 1)
    assert "示例bureau" not in browser.get("/").text
    assert browser.get("/account").status_code == 403


def test_a_person_acts_under_one_mandate_at_a_time(visitors: Visitors, engine: Engine) -> None:
    """Changing whom one acts for changes the role and the cookie's secret; another's mandate is not there."""
    user, other = visitors.account(Role.OFFICER), visitors.account(Role.APPROVER)
    bureau = visitors.organisation("bureau")
    with unit_of_work(engine, SYSTEM) as session:
        second = give_mandate(
            session, person_of(engine, user), bureau, Role.SUPERVISOR, date(2020, 1, 1), by=SYSTEM, at=AT
        )
        foreign = mandates_of(session, other.person_id, date(2026, 1, 1))[0]
    browser = visitors.signed_in(user)
    with browser.session_transaction() as cookie:
        before = cookie["sid"]
    assert browser.send("/acting", mandate=str(second.id)).status_code == 303
    with browser.session_transaction() as cookie:
        assert cookie["sid"] != before
    assert "监督" in browser.get("/").text
    assert browser.send("/acting", mandate=str(foreign.id)).status_code == 404
    assert browser.send("/acting", mandate="x").status_code == 404


def test_a_token_acts_for_a_program(visitors: Visitors, app: Flask, engine: Engine) -> None:
    """A token made on the account page is shown once, opens the API, and closes with its revocation."""
    browser = visitors.login_as(Role.OFFICER)
    mandate = re.search(r'<option value="([0-9a-f-]{36})"', browser.get("/account").text)
    assert mandate
    page = browser.send("/account/tokens", name="财务系统", mandate=mandate.group(1), days="30").text
    secret = re.search(r"gb_[\w-]{40,}", page)
    assert secret
    assert secret.group() not in browser.get("/account").text
    program = visitors.browser()
    headers = {"Authorization": f"Bearer {secret.group()}"}
    assert program.get("/api/v1/calculators/none", headers=headers).status_code == 404
    with app.test_request_context("/api/v1/x", headers=headers):
        from web.visits import visit

        assert visit().actor.role is Role.OFFICER
    with unit_of_work(engine, SYSTEM) as session:
        token = session.scalars(select(ApiToken)).one()
    assert browser.send(f"/account/tokens/{token.id}/revoke").status_code == 303
    refused = program.post("/api/v1/calculators/clock", json={}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (401, "token_not_valid")


@pytest.mark.parametrize(
    ("name", "days"), [("", "30"), ("x" * 61, "30"), ("x", "0"), ("x", "401"), ("x", "３０"), ("x", "")]
)
def test_a_token_has_a_name_and_a_term(visitors: Visitors, name: str, days: str) -> None:
    """A token without a name or with a term beyond 400 days is refused beside its field, and none is made."""
    browser = visitors.login_as(Role.OFFICER)
    mandate = re.search(r'<option value="([0-9a-f-]{36})"', browser.get("/account").text)
    assert mandate
    answer = browser.send("/account/tokens", name=name, mandate=mandate.group(1), days=days)
    assert answer.status_code == 422
    assert not re.search(r"gb_[\w-]{40,}", answer.text)


def test_nobody_revokes_another_accounts_token(visitors: Visitors, engine: Engine) -> None:
    """Another's token is not there."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        mandate = mandates_of(session, user.person_id, date(2026, 1, 1))[0]
        actor = visitors.actor_of(user)
        token, _ = accounts.add_token(session, user.id, mandate, "x", 30, by=actor, at=now())
        with pytest.raises(NotFound, match="mandate_not_found"):
            accounts.add_token(session, user.id, mandate, "x", 30, by=SYSTEM, at=AT)
    assert visitors.login_as(Role.OFFICER).send(f"/account/tokens/{token.id}/revoke").status_code == 404


def test_staff_set_up_a_second_factor_before_anything_else(engine: Engine, state_dir: Path, place: Urls) -> None:
    """Where the settings ask for it, an officer is led to the set-up; a code from the phone is asked for afterwards."""
    from pathlib import Path

    from flask_security import totp  # noqa: F401

    assert isinstance(state_dir, Path)
    app = make_app(engine, state_dir, GONGBAO_TWO_FACTOR="true")
    visitors = Visitors(app, engine)
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    for path in ("/", "/tenders", "/public"):
        assert browser.get(path).headers["Location"] == "/account/second-factor", path
    assert browser.get("/api/v1/tenders").json["code"] == "second_factor_needed"
    assert browser.get("/account").status_code == 200
    page = browser.send("/account/second-factor", setup="authenticator")
    assert page.status_code == 200, page.text
    key = re.search(r"secret=([A-Z2-7]+)", page.text) or re.search(r"<code>([A-Z2-7 -]{16,})</code>", page.text)
    action = re.search(r'action="(/account/second-factor/[^"]+)"', page.text)
    assert key, page.text
    assert action, page.text
    code = one_time_code(key.group(1))
    done = browser.send(action.group(1), code=code)
    assert done.status_code == 302, done.text
    again = visitors.browser()
    answer = again.send("/login", email=user.email, password=PASSWORD)
    assert answer.headers["Location"].startswith("/tf-validate")
    assert again.get("/account").status_code == 302
    page = again.get("/tf-validate")
    assert "管理员" in page.text
    assert again.send("/tf-rescue", help_setup="help").status_code == 200
    with unit_of_work(engine, SYSTEM) as session:
        assert session.scalar(select(AuditEvent.object_id).where(AuditEvent.action == "account.help_asked"))
    assert again.send("/tf-validate", code="000000").status_code == 200
    assert again.send("/tf-validate", code=code).status_code == 200
    assert again.send("/tf-validate", code=one_time_code(key.group(1), later_s=60)).status_code == 302
    assert again.get("/account").status_code == 200
    codes = re.findall(r'class="mono">([a-z0-9-]{8,})<', again.send("/account/recovery-codes", generate="y").text)
    assert len(codes) == 8
    lost = visitors.browser()
    lost.send("/login", email=user.email, password=PASSWORD)
    assert lost.send("/mf-recovery", code=codes[0]).status_code == 302
    assert lost.get("/account").status_code == 200
    with psycopg.connect(place.admin) as connection:
        kept = connection.execute("SELECT tf_totp_secret FROM user_account WHERE id = %s", [user.id]).fetchone()
    assert kept
    assert key.group(1).replace(" ", "").replace("-", "") not in kept[0]


def one_time_code(key: str, later_s: int = 0) -> str:
    """Return what a phone would show for a key, now or so many seconds later: a code opens once."""
    from passlib.totp import TOTP

    return str(TOTP(key.replace(" ", "").replace("-", "")).generate(time.time() + later_s).token)


def test_the_auditor_reads_who_may_sign_in_and_never_what_proves_it(place: Urls, visitors: Visitors) -> None:
    """Password hashes, one-time keys and token digests are closed to the role that reads everything else."""
    visitors.account(Role.OFFICER)
    with psycopg.connect(place.auditor, autocommit=True) as connection:
        assert connection.execute("SELECT email FROM user_account").fetchall()
        for column, table in (("password", "user_account"), ("token_hash", "api_token"), ("id_hash", "user_session")):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {column} FROM {table}")


def test_two_takers_of_the_last_token_get_one(engine: Engine) -> None:
    """However many ask at once, a bucket gives what it holds and no more."""
    from concurrent.futures import ThreadPoolExecutor

    limit = limits.Limit("test", 5, 3600)

    def take(_: int) -> bool:
        try:
            limits.take(engine, limit, "x")
        except limits.TooMany:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(40))) == 5
    limits.give_back(engine, limit, "x")
    assert limits.take(engine, limit, "x") == 4
    with unit_of_work(engine, SYSTEM) as session:
        session.execute(text("UPDATE rate_bucket SET full_at = now() - interval '1 second'"))
        limits.sweep(session)
        assert session.scalar(text("SELECT count(*) FROM rate_bucket")) == 0
