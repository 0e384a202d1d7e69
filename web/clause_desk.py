"""An agreement's clauses as pages and API show them: items settled on their own, defaults, how a pool ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from claims import run_off
from core.permits import Actor, may
from ledger.clause_models import ApartItem, PoolClosing
from ledger.models import Period, Statement
from underwriting import apart, pools, step_up
from underwriting.models import Agreement, Pool
from underwriting.terms import Clauses
from web.documents import labels
from web.formats import date_words, line_name, t, yuan
from web.kinds import kind_words
from web.money_desk import view_of


def places(session: Session, pool: Pool) -> list[tuple[tuple[str, str], str]]:
    """Return (words, endpoint) of the pages of what a pool's clauses bring about, those that its versions have."""
    found = [pools.clauses_of(session, one) for one in pools.agreements(session, pool.id)]
    shown = []
    if any(one.settled_apart for one in found):
        shown.append((("单项结算", "Settled on their own"), "apart.index"))
    if any(one.is_step_up for one in found):
        shown.append((("违约代担", "Step-ups"), "step_ups.index"))
    return shown


def clause_facts(session: Session, agreement: Agreement) -> list[tuple[str, str]]:
    """Return what a version says of settling on its own and of a member's shortfall, as facts."""
    return clause_words(pools.clauses_of(session, agreement))


def clause_words(clauses: Clauses) -> list[tuple[str, str]]:
    """Return clauses as facts (label, words)."""
    kinds = t("、", ", ").join(t(*labels.LINES[kind]) for kind in clauses.settled_apart)
    shortfall = t("由其他成员代担", "borne by the others") if clauses.is_step_up else t("由其自己承担", "its own")
    return [
        (t("单项结算的项目", "Settled on their own"), kinds or t("无，全部轧差", "none, all netted")),
        (t("成员违约的缺口", "A member’s shortfall"), shortfall),
    ]


@dataclass(frozen=True, slots=True)
class PoolEnd:
    """How a pool stands: its stage, in words where it is in run-off or over, what is open, and where it is closed."""

    stage: str
    words: str
    rows: Sequence[dict[str, Any]]
    close_href: str


def end_of(session: Session, pool: Pool, who: Actor, today: date) -> PoolEnd:
    """Return how a pool stands today, for its page."""
    stage = run_off.stage_of(session, pool, today)
    if stage == "active":
        return PoolEnd(stage, "", (), "")
    if stage == "closed":
        closed_on = session.get_one(PoolClosing, pool.id).closed_on
        words = t(
            "共保体已于 {day} 关闭，不再入账。",
            "Closed for good on {day}; nothing is booked any more.",
            day=date_words(closed_on),
        )
        return PoolEnd(stage, words, (), "")
    words = t(
        "共保协议已于 {day} 终止：不再承保新保单，账期照常开立与结账，直至全部了结。",
        "The agreement ended on {day}: no new policies; periods are opened and closed until everything is over.",
        day=date_words(pools.ends_on(session, pool.id)),
    )
    may_close = who.organisation_id == pool.lead_id and may(who, "pool.close")
    href = url_for("run_off.close", pool_id=pool.id) if may_close else ""
    return PoolEnd(stage, words, open_rows(session, pool, who, today), href)


def open_rows(session: Session, pool: Pool, who: Actor, today: date) -> list[dict[str, Any]]:
    """Return what is still open of a pool, each kind in words with its count and where it is.

    For those who see all of its book: what a follower may not see it cannot count.
    """
    if not may(who, "ledger.read") or view_of(pool.id, who) is not None:
        return []
    hrefs = {
        "policy": url_for("premiums.index"),
        "claim": url_for("payments.index"),
        "cash_call": url_for("cash_calls.index"),
        "period": url_for("periods.index", pool_id=pool.id),
        "statement": url_for("statements.index"),
        "apart_item": url_for("apart.index", pool_id=pool.id),
        "step_up": url_for("step_ups.index", pool_id=pool.id),
        "payment_batch": url_for("payment_batches.index", pool_id=pool.id),
        "returned_payment": url_for("payment_batches.index", pool_id=pool.id),
        "balance": url_for("pools.balance", pool_id=pool.id),
    }
    return [
        {"kind": one.kind, "what": t(*kind_words(one.kind)), "count": one.count, "href": hrefs.get(one.kind, "")}
        for one in run_off.still_open(session, pool, today)
    ]


def apart_rows(session: Session, items: Sequence[ApartItem], names: dict[Any, str], who: Actor) -> list[dict[str, Any]]:
    """Return items settled on their own as rows of a table; the lead's checker reaches the step that books them."""
    periods = {one.period_id for one in items}
    labels_of = {key: session.get_one(Period, key).label for key in periods}
    return [
        {
            "number": item.number,
            "name": line_name(item.line),
            "member": names.get(item.organisation_id, ""),
            "period": labels_of[item.period_id],
            "amount_fen": item.amount_fen,
            "due_on": item.due_on,
            "stage": item.stage,
            "paid_on": item.paid_on,
            "href": url_for("apart.pay", pool_id=item.pool_id, item_id=item.id)
            if item.stage == "open" and may(who, "apart.pay") and item.pool_id in who.led_pools
            else url_for("pools.entry", pool_id=item.pool_id, entry_id=item.paid_entry_id or item.entry_id),
        }
        for item in items
    ]


def apart_of(session: Session, statement: Statement, who: Actor) -> list[dict[str, Any]]:
    """Return the items that were taken out of a statement, as rows."""
    query = apart.visible_to(who).where(
        ApartItem.pool_id == statement.pool_id,
        ApartItem.period_id == statement.period_id,
        ApartItem.organisation_id == statement.organisation_id,
    )
    return apart_rows(session, session.scalars(query.order_by(ApartItem.number)).all(), {}, who)


@dataclass(frozen=True, slots=True)
class DefaultShown:
    """What a statement's page says of a default: words where there is one, and where the next step is."""

    words: str = ""
    is_standing: bool = False
    declare_href: str = ""
    cure_href: str = ""


def default_of(session: Session, statement: Statement, who: Actor, today: date) -> DefaultShown:
    """Return what a statement's page says of a default on it."""
    is_desk = step_up.is_default_desk(session, statement, who)
    row = step_up.of_statement(session, statement)
    if row is None:
        may_declare = is_desk and may(who, "default.declare") and step_up.may_declare(session, statement, today)
        return DefaultShown(declare_href=url_for("step_ups.declare", statement_id=statement.id) if may_declare else "")
    facts = {"day": date_words(row.declared_on), "sum": yuan(row.amount_fen), "why": row.reason}
    words = t(
        "{day}宣告违约，缺口 {sum}由其他成员按份额代担。理由：{why}",
        "Declared in default on {day}: the others bear the shortfall of {sum} by their shares. Reason: {why}",
        **facts,
    )
    if row.cured_on is not None:
        paid = t(
            "；已于 {day} 清偿，代担款退还各家。",
            "; cured on {day}, what the others bore is returned.",
            day=date_words(row.cured_on),
        )
        return DefaultShown(words=words + paid)
    may_cure = is_desk and may(who, "default.cure")
    href = url_for("step_ups.cure", statement_id=statement.id) if may_cure else ""
    return DefaultShown(words=words, is_standing=True, cure_href=href)
