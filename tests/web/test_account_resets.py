"""What an operator does for a person who has lost the password or the second factor."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import Engine, select, update

from core.audit import AuditEvent
from core.db import unit_of_work
from core.errors import Conflict, Invalid
from core.permits import SYSTEM, Role
from core.server import Urls
from tests.conftest import AT
from tests.visitors import PASSWORD, QUICK, Visitors
from web import accounts
from web.accounts import User
from web.cli import cli

NEW = "another correct horse"


def run(*words: str, given: str | None = None) -> tuple[int, str]:
    """Run the command; return its exit code and what it said."""
    result = CliRunner().invoke(cli, list(words), input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


@pytest.fixture
def installation(place: Urls, state_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's environment: the test's database, in Chinese."""
    monkeypatch.setenv("DATABASE_URL", place.app)
    monkeypatch.setenv("GONGBAO_STATE_DIR", str(state_dir))
    monkeypatch.setenv("GONGBAO_LOCALE", "zh_Hans_CN")


def what_changed(engine: Engine) -> list[str]:
    """Return what the log says was changed of accounts, oldest first."""
    with unit_of_work(engine, SYSTEM) as session:
        query = select(AuditEvent.facts).where(AuditEvent.action == "account.set").order_by(AuditEvent.id)
        return [facts["changed"] for facts in session.scalars(query)]


def test_another_password_ends_every_sign_in(visitors: Visitors, engine: Engine, app: Flask) -> None:
    """Who was signed in is not any more; the old password opens nothing, the new one does; the log tells which."""
    user = visitors.account(Role.OFFICER)
    browser = visitors.signed_in(user)
    with unit_of_work(engine, SYSTEM) as session:
        held = session.get_one(User, user.id)
        with pytest.raises(Invalid, match="password_too_short"):
            accounts.set_password(session, held, "short", by=SYSTEM, at=AT, hashing=QUICK)
        accounts.set_password(session, held, NEW, by=SYSTEM, at=AT, hashing=QUICK)
    assert browser.get("/account").status_code == 302
    stranger = visitors.browser()
    assert stranger.send("/login", email=user.email, password=PASSWORD).status_code == 200
    assert stranger.send("/login", email=user.email, password=NEW).status_code == 302
    assert what_changed(engine) == ["password"]


def test_a_lost_second_factor_is_taken_away(visitors: Visitors, engine: Engine) -> None:
    """Secret and recovery codes go with it and the sign-ins end; where there is none the refusal says so."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        with pytest.raises(Conflict, match="second_factor_not_set"):
            accounts.reset_second_factor(session, session.get_one(User, user.id), by=SYSTEM, at=AT)
        factor = {"tf_primary_method": "authenticator", "tf_totp_secret": "s", "mf_recovery_codes": ["a", "b"]}
        session.execute(update(User).where(User.id == user.id).values(**factor))
    with unit_of_work(engine, SYSTEM) as session:
        accounts.reset_second_factor(session, session.get_one(User, user.id), by=SYSTEM, at=AT)
    with unit_of_work(engine, SYSTEM) as session:
        held = session.get_one(User, user.id)
        assert (held.tf_primary_method, held.tf_totp_secret, held.mf_recovery_codes) == (None, None, None)
        assert held.fs_uniquifier != user.fs_uniquifier
    assert what_changed(engine) == ["second_factor"]


def test_the_operator_sets_a_password_from_the_input(
    installation: None, visitors: Visitors, engine: Engine, tmp_path: Path
) -> None:
    """The new password comes from standard input or a file, never from the command line, and is not shown."""
    user = visitors.account(Role.OFFICER)
    code, said = run("user", "password", user.email.upper(), given=f"{NEW}\n")
    assert code == 0 and "密码已重设" in said and NEW not in said
    assert visitors.browser().send("/login", email=user.email, password=NEW).status_code == 302
    file = tmp_path / "password"
    file.write_text(f"{NEW} once more\nnot this line\n", encoding="utf-8")
    assert run("user", "password", user.email, "--password-file", str(file), "--json")[0] == 0
    assert visitors.browser().send("/login", email=user.email, password=f"{NEW} once more").status_code == 302
    assert run("user", "password", user.email, given="short\n")[0] == 2
    assert run("user", "password", user.email, given="")[0] == 2
    assert run("user", "password", "nobody@example.test", given=f"{NEW}\n")[0] == 4
    assert what_changed(engine) == ["password", "password"]


def test_the_operator_takes_a_second_factor_away(installation: None, visitors: Visitors, engine: Engine) -> None:
    """Done once; where there is none, the command ends with 6 and says so."""
    user = visitors.account(Role.OFFICER)
    with unit_of_work(engine, SYSTEM) as session:
        session.execute(update(User).where(User.id == user.id).values(tf_primary_method="authenticator"))
    code, said = run("user", "reset-second-factor", user.email)
    assert code == 0 and "已解除" in said
    code, said = run("user", "reset-second-factor", user.email)
    assert code == 6 and "没有设置" in said
