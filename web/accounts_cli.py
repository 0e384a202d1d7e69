"""`gongbao user`: accounts of people, their mandates, who may sign in."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from core.errors import Invalid, NotFound
from core.permits import SYSTEM, Role
from web.command_line import Commands, database, json_option, now, t, tell
from web.offline_cli import FILE, read_passphrase

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from core.parties import Organisation
    from web.accounts import User


password_option = click.option(
    "--password-file",
    type=FILE,
    help="密码所在文件的第一行；不给则询问，或读标准输入 / first line of a file; else asked for, or standard input",
)


@click.group("user", cls=Commands)
def user() -> None:
    """账号：新建、列出、授权、停用、重设。 Accounts: create, list, give a mandate, close, reset."""


@user.command("create")
@click.option("--name", required=True, help="姓名 / the person's name")
@click.option("--email", required=True, help="登录用的邮箱 / the address to sign in with")
@click.option("--role", required=True, help="角色 / role: " + " ".join(role.value for role in Role))
@click.option("--organisation", required=True, help="单位全称 / the organisation's full name")
@click.option(
    "--kind", help="没有该单位时新建，类型 / made where there is none, of this kind: bureau insurer community …"
)
@password_option
@json_option
def create(name: str, email: str, role: str, organisation: str, kind: str | None, password_file: Path | None) -> None:
    """新建一个人、账号和一项授权。 Make a person, an account and a mandate."""
    from core import clock, parties
    from core.db import run_in_unit
    from web import accounts

    wanted = _role(role)
    password = _new_password(password_file)

    def work(session: Session) -> dict[str, Any]:
        at = now(session)
        whose = _organisation(session, organisation, kind, at)
        person = parties.add_person(session, name, by=SYSTEM, at=at)
        parties.give_mandate(session, person, whose, wanted, clock.on(at), by=SYSTEM, at=at)
        made = accounts.create_user(session, person, email, password, by=SYSTEM, at=at)
        return {"account": str(made.id), "person": str(person.id), "email": made.email, "role": wanted.value}

    with database() as (_, engine):
        made = run_in_unit(engine, SYSTEM, work)
    tell(made, t("已建立账号 {}。", "The account {} is made.").format(made["email"]))


@user.command("mandate")
@click.argument("email")
@click.option("--role", required=True)
@click.option("--organisation", required=True, help="单位全称 / the organisation's full name")
@json_option
def mandate(email: str, role: str, organisation: str) -> None:
    """再给一项授权，今天起生效。 Give a person another mandate, in force from today."""
    from core import clock, parties
    from core.db import run_in_unit
    from core.parties import Person

    wanted = _role(role)

    def work(session: Session) -> dict[str, Any]:
        at = now(session)
        whose = _organisation(session, organisation, None, at)
        person = session.get_one(Person, _account(session, email).person_id)
        row = parties.give_mandate(session, person, whose, wanted, clock.on(at), by=SYSTEM, at=at)
        return {"mandate": str(row.id), "role": wanted.value}

    with database() as (_, engine):
        tell(run_in_unit(engine, SYSTEM, work), t("已授权。", "The mandate is given."))


@user.command("list")
@json_option
def list_users() -> None:
    """列出账号。 List the accounts."""
    from sqlalchemy import select

    from core.db import unit_of_work
    from core.parties import Person
    from web.accounts import User

    with database() as (_, engine), unit_of_work(engine, SYSTEM) as session:
        query = select(User.email, User.active, User.tf_primary_method, Person.name).join(
            Person, Person.id == User.person_id
        )
        rows = [
            {
                "email": row.email,
                "name": row.name,
                "is_active": row.active,
                "second_factor": bool(row.tf_primary_method),
            }
            for row in session.execute(query.order_by(User.email))
        ]
    lines = [f"{row['email']}\t{row['name']}\t{'' if row['is_active'] else t('已停用', 'closed')}" for row in rows]
    tell(rows, "\n".join(lines))


@user.command("close")
@click.argument("email")
@json_option
def close(email: str) -> None:
    """停用账号，立即结束其登录和令牌。 Close an account; its sign-ins and tokens end at once."""
    _set_active(email, is_active=False)


@user.command("open")
@click.argument("email")
@json_option
def reopen(email: str) -> None:
    """恢复账号。 Open an account again."""
    _set_active(email, is_active=True)


@user.command("password")
@click.argument("email")
@password_option
@json_option
def password(email: str, password_file: Path | None) -> None:
    """重设密码，立即结束其登录；令牌不受影响。 Set a new password; sign-ins end at once, tokens stay."""
    from web import accounts

    given = _new_password(password_file)

    def change(session: Session, found: User, at: datetime) -> None:
        accounts.set_password(session, found, given, by=SYSTEM, at=at)

    _change(email, change, t("密码已重设。请当面或另行告知本人。", "The password is set. Tell its owner in person."))


@user.command("reset-second-factor")
@click.argument("email")
@json_option
def reset_second_factor(email: str) -> None:
    """解除第二步验证（手机和恢复码都丢失时）。 Take the second step away (phone and recovery codes lost)."""
    from web import accounts

    def change(session: Session, found: User, at: datetime) -> None:
        accounts.reset_second_factor(session, found, by=SYSTEM, at=at)

    said = t(
        "第二步验证已解除，登录后须重新设置。",
        "The second step of signing in is taken away and is set up again after the next sign-in.",
    )
    _change(email, change, said)


def _change(email: str, change: Callable[[Session, User, datetime], None], words: str) -> None:
    """Change one account in a unit of work and tell so."""
    from core.db import run_in_unit

    def work(session: Session) -> dict[str, Any]:
        found = _account(session, email)
        change(session, found, now(session))
        return {
            "email": found.email,
            "is_active": found.active,
            "second_factor": bool(found.tf_primary_method),
        }

    with database() as (_, engine):
        tell(run_in_unit(engine, SYSTEM, work), words)


def _new_password(path: Path | None) -> str:
    """Return a password from a file, from the terminal (unseen, twice) or, where there is none, standard input."""
    if path is None and not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return read_passphrase(path, t("密码", "password"), new=path is None)


def _set_active(email: str, *, is_active: bool) -> None:
    from web import accounts

    def change(session: Session, found: User, at: datetime) -> None:
        accounts.set_active(session, found, is_active=is_active, by=SYSTEM, at=at)

    words = t("账号已恢复。", "The account is open.") if is_active else t("账号已停用。", "The account is closed.")
    _change(email, change, words)


def _role(role: str) -> Role:
    """Return a role by its name; Invalid `role_unknown`."""
    try:
        return Role(role)
    except ValueError:
        raise Invalid("role_unknown", role=role, roles=[one.value for one in Role]) from None


def _account(session: Session, email: str) -> User:
    """Return an account by its address; NotFound `account_not_found`."""
    from sqlalchemy import select

    from web.accounts import User

    found = session.scalar(select(User).where(User.email == email.strip().lower()))
    if found is None:
        raise NotFound("account_not_found")
    return found


def _organisation(session: Session, name: str, kind: str | None, at: datetime) -> Organisation:
    """Return an organisation by its name, made where a kind is told; NotFound `organisation_not_found`."""
    from sqlalchemy import select

    from core import parties
    from core.parties import Organisation

    found = session.scalar(select(Organisation).where(Organisation.name == name))
    if found is not None:
        return found
    if kind is None:
        raise NotFound("organisation_not_found")
    return parties.add_organisation(session, kind, name, by=SYSTEM, at=at)
