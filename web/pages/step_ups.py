"""Members in default: declared by the lead's checker or the bureau, the others' parts, cured once one has paid."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.errors import Conflict
from ledger import books
from ledger.clause_models import StepUp
from ledger.models import Statement
from ledger.stages import STEP_UP_MOVES
from underwriting import pools as pool_verbs
from underwriting import settling, step_up
from web.errors import words
from web.formats import date_words, t, yuan
from web.money_desk import (
    Field,
    Step,
    booked_day,
    day_field,
    member_names,
    pool_of,
    short_names,
    step_page,
    today,
)
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.statement_view import statement_of
from web.step_closed import closed_words

pages = Blueprint("step_ups", __name__)


@pages.get("/pools/<int:pool_id>/step-ups")
@needs("statement.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the defaults of a pool and what each of the others bears, the newest first."""
    pool = pool_of(pool_id)
    names, short = member_names(unit(), [pool.id]), short_names(unit(), [pool.id])
    rows = [
        {"row": row, "member": names.get(row.organisation_id, ""), "parts": _parts(row, short)}
        for row in step_up.listed(unit(), pool.id)
    ]
    return render_template("finance/step_ups.html", pool=pool, places=subnav(pool), rows=rows)


def _parts(row: StepUp, names: Mapping[uuid.UUID, str]) -> list[dict[str, object]]:
    """Return what each of the others bears of a shortfall."""
    members = books.shares(unit(), row.pool_id, row.number).members
    return [
        {"name": names.get(member, ""), "fen": fen}
        for member, fen in zip(members, row.parts_fen, strict=True)
        if member != row.organisation_id
    ]


@pages.route("/statements/<uuid:statement_id>/default", methods=["GET", "POST"])
@needs("default.declare")
def declare(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Declare a member in default on its overdue statement: the others bear the shortfall."""
    statement = statement_of(unit(), statement_id, actor())
    step_up.require_default_desk(unit(), statement, actor())

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        step_up.declare_default(unit(), statement, values.get("reason", ""), on=booked_day(values), by=actor(), at=at())
        return t("已宣告违约，缺口由其他成员代担。", "The default is declared; the others bear the shortfall."), _of(
            statement
        )

    name = member_names(unit(), [statement.pool_id]).get(statement.organisation_id, "")
    step = Step(
        title=t("宣告违约 {n}", "Declare a default on {n}", n=statement.number),
        sentence=t(
            "宣告{who}违约。它应付的 {sum}由其他成员按份额代担，记入各家下一张结算单；它付清后退还各家。",
            "Declare {who} in default. The others bear the {sum} that it owes by their shares, on their next "
            "statements; once it has paid they get it back.",
            who=name,
            sum=yuan(-statement.balance_fen),
        ),
        label=t("宣告违约", "Declare the default"),
        back=_of(statement),
        facts=[(t("付款期限", "Payable by"), date_words(statement.due_on) if statement.due_on else "")],
        fields=[
            day_field(),
            Field("reason", t("理由", "Reason"), "textarea", t("全体成员都看得到", "All members see it")),
        ],
        is_danger=True,
        closed=_declared(statement),
        places={"step_up_needs_reason": "reason", "step_up_reason_too_long": "reason", "step_up_not_overdue": "on"},
    )
    return step_page(step, work)


def _declared(statement: Statement) -> str:
    """Return why no default can be declared on a statement any more, or yet; empty where it can."""
    if step_up.of_statement(unit(), statement) is not None:
        return words(Conflict("step_up_declared", number=statement.number))
    if step_up.may_declare(unit(), statement, today()):
        return ""
    agreement = settling.agreement_of(unit(), statement)
    if not pool_verbs.clauses_of(unit(), agreement).is_step_up:
        return words(Conflict("step_up_not_agreed", number=agreement.number))
    return t("这张结算单没有逾期未付的余额。", "Nothing on this statement is overdue.")


@pages.route("/statements/<uuid:statement_id>/default/cure", methods=["GET", "POST"])
@needs("default.cure")
def cure(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Book that a member in default has paid: its statement is settled, the others get back what they bore."""
    statement = statement_of(unit(), statement_id, actor())
    step_up.require_default_desk(unit(), statement, actor())
    row = step_up.required(unit(), statement)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        step_up.cure_default(unit(), row, on=booked_day(values), by=actor(), at=at())
        return t("已登记清偿，代担款退还各家。", "The cure is booked; what the others bore is returned."), _of(
            statement
        )

    step = Step(
        title=t("登记清偿 {n}", "Book the cure of {n}", n=statement.number),
        sentence=t(
            "登记该成员已付清 {sum}及逾期利息。结算单随即结清，代担款记入各家下一张结算单退还。",
            "Book that the member has paid {sum} and late interest. Its statement is settled; what the others bore "
            "comes back on their next statements.",
            sum=yuan(row.amount_fen),
        ),
        label=t("登记清偿", "Book the cure"),
        back=_of(statement),
        facts=[(t("宣告违约", "Declared"), date_words(row.declared_on)), (t("理由", "Reason"), row.reason)],
        fields=[day_field(t("到账日期", "Paid on"))],
        closed=closed_words(STEP_UP_MOVES, "step_up", "cure", row.stage, row.id),
    )
    return step_page(step, work)


def _of(statement: Statement) -> str:
    return url_for("statements.one", statement_id=statement.id)
