"""Matching the bank's lines with statements, and what a month comes to."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Invalid, NotFound
from core.permits import may
from ledger import bank_matches
from ledger.bank_matches import Matched, Month, Proposed
from ledger.bank_models import BankLine
from ledger.models import Statement
from web import listing
from web.formats import t
from web.money_desk import leads, led_pool, member_names, pool_of, read_id, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit

pages = Blueprint("bank_matching", __name__, url_prefix="/pools/<int:pool_id>/bank/matching")


@pages.get("")
@needs("bank_report.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List what may be matched, and the lines for which nothing is proposed."""
    pool = pool_of(pool_id)
    found = bank_matches.proposed(unit(), pool.id, actor())
    query = bank_matches.unmatched_lines(pool.id).where(BankLine.id.not_in([one.line.id for one in found]))
    shown = query.with_only_columns(*(getattr(BankLine, name) for name in _LINE))
    rest = listing.listed(unit(), shown, sum_of="amount_fen")
    return render_template(
        "finance/bank_matching.html",
        pool=pool,
        places=subnav(pool),
        proposals=_proposals(found, member_names(unit(), [pool.id])),
        rows=[dict(row._mapping) for row in rest.rows],
        found=rest,
        may_accept=leads(pool) and may(actor(), "bank_match.accept"),
        month_href=url_for(".month", pool_id=pool.id, month=f"{today():%Y-%m}"),
    )


_LINE = ("booked_on", "amount_fen", "name", "about", "reference")


def _proposals(found: Sequence[Proposed], names: Mapping[uuid.UUID, str]) -> list[dict[str, object]]:
    return [
        {
            "line_id": one.line.id,
            "statement_id": one.statement.id,
            "booked_on": one.line.booked_on,
            "amount_fen": one.line.amount_fen,
            "name": one.line.name,
            "about": one.line.about,
            "statement": one.statement.number,
            "href": url_for("statements.one", statement_id=one.statement.id),
            "member": names.get(one.statement.organisation_id, ""),
            "balance_fen": one.statement.balance_fen,
            "difference_fen": one.proposal.difference_fen,
            "why": _why(one),
        }
        for one in found
    ]


def _why(one: Proposed) -> str:
    """Return in words why a line is proposed for a statement."""
    named = t("附言写明结算单", "names the statement") if one.proposal.is_named else ""
    account = t("账号相符", "the member’s account") if one.proposal.is_same_account else ""
    return t("、", ", ").join(word for word in (named, account) if word)


@pages.post("")
@needs("bank_match.accept")
def accept(pool_id: int) -> ResponseReturnValue:
    """Accept one proposal."""
    pool = led_pool(pool_id)
    line_id, statement_id = (read_id(request.form.get(name)) for name in ("line_id", "statement_id"))
    if line_id is None or statement_id is None:
        raise Invalid("choice_unreadable")
    bank_matches.accept(unit(), pool.id, line_id, statement_id, by=actor(), at=at())
    flash(t("已核对。", "Matched."), "success")
    return redirect(url_for(".index", pool_id=pool.id), 303)


@pages.get("/<month>")
@needs("bank_report.read")
def month(pool_id: int, month: str) -> ResponseReturnValue:
    """Show what a month comes to: bank and book, matched, unmatched on each side, the difference."""
    pool = pool_of(pool_id)
    first = bank_matches.first_of(month)
    if not bank_matches.reads(pool.id, actor()):
        raise NotFound("month_not_found", month=month)
    told = bank_matches.month(unit(), pool.id, first)
    names = member_names(unit(), [pool.id])
    rows = [*(_matched(one, names) for one in told.matched), *map(_line, told.lines)]
    rows += [_statement(one, names) for one in told.statements]
    if listing.wants_csv():
        return listing.csv_of(f"reconciliation-{month}", _EXPORTED, rows)
    return render_template(
        "finance/bank_month.html",
        pool=pool,
        places=subnav(pool),
        month=month,
        told=told,
        facts=_facts(told),
        rows=rows,
        exports=listing.csv_link(),
        before=url_for(".month", pool_id=pool.id, month=f"{_shift(first, -1):%Y-%m}"),
        after=url_for(".month", pool_id=pool.id, month=f"{_shift(first, 1):%Y-%m}"),
    )


def _shift(first: date, by: int) -> date:
    number = first.year * 12 + first.month - 1 + by
    return date(number // 12, number % 12 + 1, 1)


def _facts(told: Month) -> dict[str, int]:
    return {
        "matched_fen": sum(one.line.amount_fen for one in told.matched),
        "lines_fen": sum(one.amount_fen for one in told.lines),
        "statements_fen": sum(one.balance_fen for one in told.statements),
    }


def _matched(one: Matched, names: Mapping[uuid.UUID, str]) -> dict[str, object]:
    both = {**_line(one.line), **_statement(one.statement, names)}
    return {**both, "kind": "matched", "difference_fen": one.difference_fen}


def _line(one: BankLine) -> dict[str, object]:
    told = {"booked_on": one.booked_on, "amount_fen": one.amount_fen, "reference": one.reference}
    return {**told, "kind": "line", "other": one.name, "difference_fen": None, "balance_fen": None, "number": None}


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
