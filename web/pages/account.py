"""One's own account: whom one acts for, the second factor, tokens for programs."""

from __future__ import annotations

import re
import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core import audit, clock
from core.errors import Invalid, NotFound
from core.parties import Mandate, mandates_of
from web import accounts, sign_in, visits
from web.errors import field_errors
from web.formats import t
from web.forms import unanswered
from web.shell import actor, at, needs, unit
from web.visits import visit

pages = Blueprint("account", __name__)


def _user_id() -> uuid.UUID:
    """Return the account that asks; refuses `account_not_found` where there is none behind the actor."""
    user_id = visit().user_id
    if user_id is None:
        raise NotFound("account_not_found")
    return user_id


def _mandates() -> list[Mandate]:
    """Return what the person behind this account may act as today."""
    person_id = visit().person_id
    return mandates_of(unit(), person_id, clock.on(at())) if person_id else []


def _mandate(mandate_id: uuid.UUID) -> Mandate:
    """Return one of the person's own mandates; NotFound `mandate_not_found`."""
    found = next((one for one in _mandates() if one.id == mandate_id), None)
    if found is None:
        raise NotFound("mandate_not_found")
    return found


@pages.get("/account")
@needs("account.use")
def account() -> ResponseReturnValue:
    """Show the account: name, mandates, second factor, tokens."""
    return _account()


def _account(**more: object) -> str:
    user_id = _user_id()
    return render_template(
        "account/account.html",
        who=visit(),
        email=accounts.account(unit(), user_id).email,
        mandates=_mandates(),
        tokens=accounts.tokens_of(unit(), user_id),
        **{"values": {"days": "90"}, "errors": {}, "secret": "", **more},
    )


@pages.post("/acting")
@needs("account.use")
def act() -> ResponseReturnValue:
    """Act under another of one's mandates from now on; the cookie's secret changes with it."""
    try:
        mandate = _mandate(uuid.UUID(request.form.get("mandate", "")))
    except ValueError:
        raise NotFound("mandate_not_found") from None
    user_id = _user_id()
    sign_in.renew(unit(), at=at(), mandate_id=mandate.id)
    facts = {"mandate": str(mandate.id), "role": mandate.role}
    audit.record(unit(), "account.acting", by=actor(), at=at(), of=("account", user_id), facts=facts)
    visits.forget()
    flash(t("身份已切换。", "You act in another role now."), "success")
    return redirect(url_for("home.home"), 303)


@pages.post("/account/tokens")
@needs("token.make")
def add_token() -> ResponseReturnValue:
    """Make a token for a program under one of one's mandates, and show it this once."""
    values = request.form
    days = values.get("days", "")
    try:
        if not re.fullmatch(r"[0-9]{1,3}", days):
            raise Invalid("token_days_wrong", most=accounts.TOKEN_DAYS_MAX)
        mandate = _mandate(uuid.UUID(values.get("mandate", "")))
        user_id = _user_id()
        _, secret = accounts.add_token(unit(), user_id, mandate, values.get("name", ""), int(days), by=actor(), at=at())
    except ValueError:
        raise NotFound("mandate_not_found") from None
    except Invalid as refusal:
        field = "days" if refusal.code == "token_days_wrong" else "name"
        empty = unanswered(values, {"name": t("名称", "Name"), "days": t("有效天数", "Days")})
        return _account(values=values, errors={**field_errors(refusal, field), **empty}), 422
    return _account(secret=secret)


@pages.post("/account/tokens/<uuid:token_id>/revoke")
@needs("account.use")
def revoke_token(token_id: uuid.UUID) -> ResponseReturnValue:
    """Revoke a token at once."""
    user_id = _user_id()
    accounts.revoke_token(unit(), user_id, token_id, by=actor(), at=at())
    flash(t("令牌已撤销。", "The token is revoked."), "success")
    return redirect(url_for("account.account"), 303)
