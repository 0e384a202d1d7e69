"""A month's reconciliation: what it comes to, what became of each line, and its signing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from core.errors import NotFound
from core.permits import may
from ledger import bank_matches, bank_months
from ledger.bank_matches import Matched
from ledger.bank_models import BankLine
from ledger.bank_months import Month
from ledger.models import Statement
from underwriting.models import Pool
from web import listing
from web.bank_desk import owner_names, target_href
from web.formats import date_words, t, yuan
from web.history import history
from web.money_desk import Step, leads, led_pool, pool_of, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit

pages = Blueprint("bank_months", __name__, url_prefix="/pools/<int:pool_id>/bank/months")


def _month(pool: Pool, month: str) -> Month:
    """Return a month of a pool; NotFound `month_not_found` for one that is none, and for who reads no line."""
    first = bank_months.first_of(month)
    if not bank_matches.reads(pool.id, actor()):
        raise NotFound("month_not_found", month=month)
    return bank_months.month(unit(), pool.id, first)


@pages.get("/<month>")
@needs("bank_report.read")
def one(pool_id: int, month: str) -> ResponseReturnValue:
    """Show what a month comes to: bank and book, what became of each line, what is open on each side, who signed."""
    pool = pool_of(pool_id)
    told = _month(pool, month)
    names = owner_names(unit(), pool.id)
    rows = [_matched(one, names) for one in told.matched]
    for kind, lines in (("held", told.held), ("placed", told.placed), ("line", told.lines)):
        rows += [_line(one, kind) for one in lines]
    rows += [_statement(one, names) for one in told.statements]
    if listing.wants_csv():
        return listing.csv_of(f"reconciliation-{month}", _EXPORTED, rows)
    is_checker = leads(pool) and may(actor(), "bank_month.sign")
    found = listing.of_rows(rows)
    return render_template(
        "finance/bank_month.html",
        pool=pool,
        places=subnav(pool),
        month=month,
        told=told,
        facts=_facts(told),
        found=found,
        exports=listing.csv_link(),
        events=history(unit(), "bank_month", f"{pool.id}/{month}"),
        may_sign=is_checker and told.signed is None and told.last_on < today(),
        before=url_for(".one", pool_id=pool.id, month=f"{_shift(told.first_on, -1):%Y-%m}"),
        after=url_for(".one", pool_id=pool.id, month=f"{_shift(told.first_on, 1):%Y-%m}"),
    )


def _shift(first: date, by: int) -> date:
    number = first.year * 12 + first.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


def _facts(told: Month) -> dict[str, int]:
    lines = {"held": told.held, "placed": told.placed, "lines": told.lines}
    return {
        "matched_fen": sum(one.line.amount_fen for one in told.matched),
        **{f"{name}_fen": sum(one.amount_fen for one in found) for name, found in lines.items()},
        "statements_fen": sum(one.balance_fen for one in told.statements),
    }


def _matched(one: Matched, names: Mapping[uuid.UUID, str]) -> dict[str, object]:
    paid = {"number": one.target.number, "balance_fen": one.target.balance_fen}
    whose = {"other": names.get(one.target.owner_id, ""), "href": target_href(one.match.pool_id, one.target)}
    return {**_line(one.line, "matched"), **paid, **whose, "difference_fen": one.match.difference_fen}


def _line(one: BankLine, kind: str) -> dict[str, object]:
    told = {"booked_on": one.booked_on, "amount_fen": one.amount_fen, "reference": one.reference}
    return {**told, "kind": kind, "other": one.name, "difference_fen": None, "balance_fen": None, "number": None}


def _statement(one: Statement, names: Mapping[uuid.UUID, str]) -> dict[str, object]:
    told = {"number": one.number, "balance_fen": one.balance_fen, "kind": "statement"}
    return {**told, "other": names.get(one.organisation_id, ""), "href": url_for("statements.one", statement_id=one.id)}


_EXPORTED = [
    ("kind", lambda row: row["kind"]),
    ("booked_on", lambda row: row.get("booked_on")),
    ("amount_cny", lambda row: row.get("amount_fen")),
    ("reference", lambda row: row.get("reference")),
    ("other_side", lambda row: row["other"]),
    ("statement", lambda row: row.get("number")),
    ("balance_cny", lambda row: row.get("balance_fen")),
    ("difference_cny", lambda row: row.get("difference_fen")),
]


@pages.route("/<month>/sign", methods=["GET", "POST"])
@needs("bank_month.sign")
def sign(pool_id: int, month: str) -> ResponseReturnValue:
    """Sign a month's reconciliation."""
    pool = led_pool(pool_id)
    told = _month(pool, month)
    facts = _facts(told)

    def work(_: Mapping[str, str]) -> tuple[str, str]:
        bank_months.sign(unit(), pool.id, told.first_on, by=actor(), at=at())
        return t("{m} 的对账已签署。", "{m} is signed.", m=month), url_for(".one", pool_id=pool.id, month=month)

    title = t("签署 {m} 对账", "Sign the reconciliation of {m}", m=month)
    reached = date_words(told.bank_on) if told.bank_on else t("没有", "none")
    step = Step(
        title=title,
        sentence=t(
            "签署之后，该月不再读入流水，该月的核对不再撤回。没有对应的收支仍可在以后核对或认领。",
            "Once it is signed, none of the month’s lines is taken in and none of its matches is taken back. What is "
            "open can still be matched or placed later.",
        ),
        label=t("签署", "Sign"),
        back=url_for(".one", pool_id=pool.id, month=month),
        facts=[
            (t("银行流水到", "Bank statements up to"), reached),
            (t("月末银行余额", "Bank balance at its end"), yuan(told.bank_fen) if told.bank_fen is not None else ""),
            (t("已核对", "Matched"), yuan(facts["matched_fen"])),
            (t("待认领", "Unmatched receipts"), yuan(facts["held_fen"])),
            (t("认领与退回", "Placed or returned"), yuan(facts["placed_fen"])),
            (t("仅银行", "In the bank alone"), yuan(facts["lines_fen"])),
            (t("差额", "Difference"), yuan(told.difference_fen)),
        ],
        closed=t("{m} 的对账已经签署。", "{m} is signed already.", m=month) if told.signed else "",
    )
    return step_page(step, work)
