"""A person's account: opened, closed, given another password, its second step taken away."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict, Forbidden, NotFound
from web import accounts, people_desk
from web.formats import t
from web.money_desk import Field, Step, step_page
from web.pages.admin import PLACES, account_opened, password_page, people_crumbs
from web.shell import actor, at, needs, unit

pages = Blueprint("admin_accounts", __name__, url_prefix="/admin")


@pages.route("/people/<uuid:person_id>/account", methods=["GET", "POST"])
@needs("account.manage")
def open_account(person_id: uuid.UUID) -> ResponseReturnValue:
    """Open an account for a person; its first password is shown this once."""
    row = people_desk.person(unit(), person_id)
    if people_desk.account_of(unit(), person_id) is not None:
        raise Conflict("account_exists")
    step = Step(
        t("开通账号", "Open an account"),
        t(
            "为 {name} 开通账号。初始密码只显示一次，请当面交给本人。",
            "An account for {name}. Its first password is shown once; hand it over in person.",
            name=row.name,
        ),
        t("开通账号", "Open it"),
        url_for("admin.person", person_id=row.id),
        crumbs=people_crumbs(row),
        fields=[Field("email", t("登录邮箱", "Address to sign in with"), "email")],
        places=PLACES,
    )
    return step_page(step, lambda _: account_opened(row))


@pages.route(
    "/people/<uuid:person_id>/account/<any(close, reopen, password, 'second-factor'):verb>", methods=["GET", "POST"]
)
@needs("account.manage")
def change_account(person_id: uuid.UUID, verb: str) -> ResponseReturnValue:
    """Close an account or open it again; give it another password; take its second step away."""
    row = people_desk.person(unit(), person_id)
    user = people_desk.account_of(unit(), person_id)
    if user is None:
        raise NotFound("account_not_found")
    if row.id == actor().person_id:
        raise Forbidden("account_ones_own")
    title, sentence, said = _verb_words(verb, row.name)
    back = url_for("admin.person", person_id=row.id)
    step = Step(title, sentence, title, back, crumbs=people_crumbs(row), is_danger=verb != "reopen")

    def work(_: Mapping[str, str]) -> tuple[str, str] | str:
        if verb == "password":
            password = people_desk.first_password()
            accounts.set_password(unit(), user, password, by=actor(), at=at())
            return password_page(row, user, password)
        if verb == "second-factor":
            accounts.reset_second_factor(unit(), user, by=actor(), at=at())
        else:
            accounts.set_active(unit(), user, is_active=verb == "reopen", by=actor(), at=at())
        return said, back

    return step_page(step, work)


def _verb_words(verb: str, name: str) -> tuple[str, str, str]:
    """Return (title, sentence, what is said when done) of a change of an account."""
    return {
        "close": (
            t("停用账号", "Close the account"),
            t(
                "{name} 立即不能登录，现有登录和令牌都失效。",
                "{name} can no longer sign in; sign-ins and tokens end now.",
                name=name,
            ),
            t("账号已停用。", "The account is closed."),
        ),
        "reopen": (
            t("恢复账号", "Open the account again"),
            t(
                "{name} 可以用原密码重新登录；撤销的令牌不恢复。",
                "{name} signs in again with the same password; tokens stay revoked.",
                name=name,
            ),
            t("账号已恢复。", "The account is open again."),
        ),
        "password": (
            t("重设密码", "Set another password"),
            t(
                "{name} 的原密码和现有登录立即失效；新密码只显示一次。",
                "The password and the sign-ins of {name} end now; the new one is shown once.",
                name=name,
            ),
            "",
        ),
        "second-factor": (
            t("撤销第二步验证", "Take the second step away"),
            t(
                "{name} 下次登录时须重新设置。只在手机和恢复码都遗失、并当面核实本人后办理。",
                "{name} sets up a new one at the next sign-in. Only where phone and codes are lost, face to face.",
                name=name,
            ),
            t("已撤销，下次登录时重新设置。", "Taken away; a new one is set up at the next sign-in."),
        ),
    }[verb]
