"""Matching the bank's lines with statements, and taking a match back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import false, select

from claims import payouts
from core.errors import Invalid
from core.permits import may
from ledger import bank_matches
from ledger.bank_matches import Matched, Proposed, matched_of
from ledger.bank_models import BankLine, HeldReceipt
from ledger.stages import BANK_MATCH_MOVES
from web import listing
from web.bank_desk import owner_names, target_href
from web.formats import date_words, t, yuan
from web.money_desk import Field, Step, leads, led_pool, pool_of, read_id, step_page, today
from web.pages.pools import subnav
from web.shell import actor, at, needs, unit
from web.step_closed import closed_words

pages = Blueprint("bank_matching", __name__, url_prefix="/pools/<int:pool_id>/bank/matching")


@pages.get("")
@needs("bank_report.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List what may be matched, and the lines for which nothing is proposed."""
    pool = pool_of(pool_id)
    found = bank_matches.proposed(unit(), pool.id, actor())
    held = select(HeldReceipt.line_id).where(HeldReceipt.stage == "held")
    query = bank_matches.unmatched_lines(pool.id).where(
        BankLine.id.not_in([one.line.id for one in found]), BankLine.id.not_in(held)
    )
    shown = query.with_only_columns(*(getattr(BankLine, name) for name in _LINE))
    rest = listing.listed(unit(), shown, sum_of="amount_fen")
    return render_template(
        "finance/bank_matching.html",
        pool=pool,
        places=subnav(pool),
        proposals=_proposals(pool.id, found, owner_names(unit(), pool.id)),
        rows=[_open_line(pool.id, row) for row in rest.rows],
        found=rest,
        may_hold=leads(pool) and may(actor(), "receipt.hold"),
        may_accept=leads(pool) and may(actor(), "bank_match.accept"),
        month_href=url_for("bank_months.one", pool_id=pool.id, month=f"{today():%Y-%m}"),
    )


def _open_line(pool_id: int, row: Any) -> dict[str, object]:
    """Return a line without a proposal as a row; what came in can be set to the unmatched receipts."""
    step = {
        "step": t("转入待认领…", "To unmatched receipts…"),
        "step_href": url_for("bank_receipts.hold", pool_id=pool_id, line_id=row.id),
    }
    return {**row._mapping, **(step if row.amount_fen > 0 else {})}


_LINE = ("id", "booked_on", "amount_fen", "name", "about", "reference")


def _proposals(pool_id: int, found: Sequence[Proposed], names: Mapping[uuid.UUID, str]) -> list[dict[str, object]]:
    return [
        {
            "line_id": one.line.id,
            "target_id": one.target.id,
            "booked_on": one.line.booked_on,
            "amount_fen": one.line.amount_fen,
            "name": one.line.name,
            "about": one.line.about,
            "number": one.target.number,
            "href": target_href(pool_id, one.target),
            "member": names.get(one.target.owner_id, ""),
            "balance_fen": one.target.balance_fen,
            "difference_fen": one.proposal.difference_fen,
            "why": _why(one),
        }
        for one in found
    ]


def _why(one: Proposed) -> str:
    """Return in words why a line is proposed for a statement."""
    named = t("附言写明编号", "names it") if one.proposal.is_named else ""
    account = t("账号相符", "the member’s account") if one.proposal.is_same_account else ""
    return t("、", ", ").join(word for word in (named, account) if word)


@pages.post("")
@needs("bank_match.accept")
def accept(pool_id: int) -> ResponseReturnValue:
    """Accept one proposal."""
    pool = led_pool(pool_id)
    line_id, target_id = (read_id(request.form.get(name)) for name in ("line_id", "target_id"))
    if line_id is None or target_id is None:
        raise Invalid("choice_unreadable")
    payouts.match(unit(), pool.id, line_id, target_id, by=actor(), at=at())
    flash(t("已核对。", "Matched."), "success")
    return redirect(url_for(".index", pool_id=pool.id), 303)


@pages.get("/matched")
@needs("bank_report.read")
def matched(pool_id: int) -> ResponseReturnValue:
    """List the matches that stand, the newest line first."""
    pool = pool_of(pool_id)
    query = bank_matches.standing(pool.id)
    if not bank_matches.reads(pool.id, actor()):
        query = query.where(false())
    names = owner_names(unit(), pool.id)
    if listing.wants_csv():
        rows = unit().execute(query.limit(listing.EXPORT_MOST))
        return listing.csv_of("matched", _MATCHED, [_matched(pool.id, matched_of(row), names) for row in rows])
    found = listing.listed(unit(), query)
    return render_template(
        "finance/bank_matched.html",
        pool=pool,
        places=subnav(pool),
        rows=[_matched(pool.id, matched_of(row), names) for row in found.rows],
        found=found,
        exports=listing.csv_link(),
        may_take_back=leads(pool) and may(actor(), "bank_match.take_back"),
    )


def _matched(pool_id: int, one: Matched, names: Mapping[uuid.UUID, str]) -> dict[str, object]:
    return {
        "booked_on": one.line.booked_on,
        "amount_fen": one.line.amount_fen,
        "reference": one.line.reference,
        "number": one.target.number,
        "member": names.get(one.target.owner_id, ""),
        "difference_fen": one.match.difference_fen,
        "matched_at": one.match.matched_at,
        "href": target_href(pool_id, one.target),
        "step": t("撤回…", "Take back…"),
        "step_href": url_for(".take_back", pool_id=pool_id, match_id=one.match.id),
    }


_MATCHED = [
    ("booked_on", lambda row: row["booked_on"]),
    ("amount_cny", lambda row: row["amount_fen"]),
    ("reference", lambda row: row["reference"]),
    ("member", lambda row: row["member"]),
    ("number", lambda row: row["number"]),
    ("difference_cny", lambda row: row["difference_fen"]),
    ("matched_at", lambda row: row["matched_at"]),
]


@pages.route("/matched/<uuid:match_id>/take-back", methods=["GET", "POST"])
@needs("bank_match.take_back")
def take_back(pool_id: int, match_id: uuid.UUID) -> ResponseReturnValue:
    """Take a match back: line and statement are open again."""
    pool = led_pool(pool_id)
    found = bank_matches.get(unit(), match_id, actor(), pool_id=pool.id)
    is_own = found.match.matched_by == actor().person_id

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        payouts.take_back(unit(), found.match, values.get("why", ""), by=actor(), at=at())
        said = t("已撤回，两边都可以重新核对。", "Taken back; both sides can be matched again.")
        return said, url_for(".index", pool_id=pool.id)

    step = Step(
        title=t("撤回核对", "Take the match back"),
        sentence=t(
            "撤回之后，这一笔银行收支与 {n} 都可以重新核对。原由待认领收款认领的，金额转回待认领收款。",
            "The line and {n} can then be matched again. Money that the match took from the "
            "unmatched receipts goes back to them.",
            n=found.target.number,
        ),
        label=t("撤回核对", "Take the match back"),
        back=url_for(".matched", pool_id=pool.id),
        facts=[
            (t("银行日期", "Bank’s date"), date_words(found.line.booked_on)),
            (t("银行金额", "Bank’s sum"), yuan(found.line.amount_fen)),
            (t("流水号", "Reference"), found.line.reference),
            (t("结算单或付款", "Statement or payment"), found.target.number),
            (t("净额", "Net"), yuan(found.target.balance_fen)),
            (t("差额", "Difference"), yuan(found.match.difference_fen)),
        ],
        fields=[
            Field(
                "why",
                t("理由", "Why"),
                "textarea",
                hint=t("您自己核对的，须写明理由", "You matched it yourself: say why")
                if is_own
                else t("可以不写", "May be left out"),
                is_optional=not is_own,
            )
        ],
        places={"bank_match_needs_reason": "why", "bank_words_too_long": "why"},
        is_danger=True,
        closed=closed_words(BANK_MATCH_MOVES, "bank_match", "take_back", found.match.stage, found.match.id),
    )
    return step_page(step, work)
