"""Items that an agreement has settled on their own: the list of a pool, and the step that books one as paid."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from ledger.stages import APART_MOVES
from underwriting import apart
from web import clause_desk, listing
from web.formats import date_words, line_name, t, yuan
from web.money_desk import Step, booked_day, day_field, led_pool, member_names, pool_of, step_page
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("apart", __name__, url_prefix="/pools/<int:pool_id>/apart")


@pages.get("")
@needs("statement.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List the items of a pool that are settled on their own, the newest period first."""
    pool = pool_of(pool_id)
    names = member_names(unit(), [pool.id])
    rows = clause_desk.apart_rows(unit(), apart.listed(unit(), pool.id, actor()), names, actor())
    if listing.wants_csv():
        return listing.csv_of(f"apart-{pool.id}", _EXPORTED, rows)
    found = listing.of_rows(rows)
    return render_template(
        "finance/apart.html", pool=pool, places=subnav(pool), found=found, exports=listing.csv_link()
    )


_EXPORTED = [
    ("item", lambda row: row["number"]),
    ("period", lambda row: row["period"]),
    ("member", lambda row: row["member"]),
    ("line", lambda row: row["name"]),
    ("amount_cny", lambda row: row["amount_fen"]),
    ("due_on", lambda row: row["due_on"]),
    ("stage", lambda row: row["stage"]),
    ("paid_on", lambda row: row["paid_on"]),
]


@pages.route("/<uuid:item_id>/payment", methods=["GET", "POST"])
@needs("apart.pay")
def pay(pool_id: int, item_id: uuid.UUID) -> ResponseReturnValue:
    """Book that an item is paid, by the member or to it."""
    pool = led_pool(pool_id)
    item = apart.get(unit(), item_id, actor(), pool_id=pool.id)
    name = member_names(unit(), [pool.id]).get(item.organisation_id, "")

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        apart.pay(unit(), item, on=booked_day(values), by=actor(), at=at())
        return t("{n} 已登记收付。", "{n} is booked as paid.", n=item.number), url_for(".index", pool_id=pool.id)

    owes = item.amount_fen < 0
    step = Step(
        title=t("登记单项结算收付 {n}", "Book {n} as paid", n=item.number),
        sentence=t(
            "登记{who}已付给首席 {sum}。",
            "Book that {who} has paid {sum} to the lead.",
            who=name,
            sum=yuan(-item.amount_fen),
        )
        if owes
        else t(
            "登记首席已付给{who} {sum}。",
            "Book that the lead has paid {sum} to {who}.",
            who=name,
            sum=yuan(item.amount_fen),
        ),
        label=t("登记收付", "Book as paid"),
        back=url_for(".index", pool_id=pool.id),
        facts=[
            (t("成员", "Member"), name),
            (t("项目", "Item"), line_name(item.line)),
            (t("付款期限", "Payable by"), date_words(item.due_on)),
        ],
        fields=[day_field(t("收付日期", "Paid on"))],
        note=t(
            "成员逾期支付的，按协议利率计息至收付之日，一并入账。",
            "A member that pays late owes interest up to the day, booked too.",
        )
        if owes
        else "",
        closed=closed_words(APART_MOVES, "apart_item", "pay", item.stage, item.id),
    )
    return step_page(step, work)
