"""Who pays whom on a statement, how much and by when: in words on its page, as things to do on both finance desks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from core.parties import Organisation
from core.permits import Actor
from ledger.models import Statement
from underwriting.models import Pool
from web.finance_work import Work, end_of
from web.formats import date_words, t, yuan

#: Where a statement's balance is still to be paid.
_OPEN = ("issued", "acknowledged", "queried", "agreed")


@dataclass(frozen=True, slots=True)
class StatementDue:
    """Who pays whom in a sentence, whether the day is past, and whether the member has agreed."""

    words: str
    is_overdue: bool
    is_agreed: bool


def due_of(session: Session, statement: Statement, who: Actor, today: date) -> StatementDue | None:
    """Return who pays whom on a statement and by when; None where nothing is due, or it is a draft or settled."""
    if statement.stage not in _OPEN or not statement.balance_fen or statement.due_on is None:
        return None
    lead = session.get_one(Organisation, session.get_one(Pool, statement.pool_id).lead_id)
    member = session.get_one(Organisation, statement.organisation_id)
    words = _sentence(statement, lead, member, is_own=who.organisation_id == member.id)
    return StatementDue(words, statement.due_on < today, statement.stage == "agreed")


def _sentence(statement: Statement, lead: Organisation, member: Organisation, *, is_own: bool) -> str:
    facts = {
        "sum": yuan(abs(statement.balance_fen)),
        "day": date_words(statement.due_on),
        "lead": lead.name,
        "member": member.name,
    }
    is_owing = statement.balance_fen < 0
    if member.id == lead.id:
        return t(
            "首席自己的余额 {sum}，随各成员的收付结清，不迟于 {day}。",
            "The lead’s own balance of {sum} is settled with what the members pay and are paid, by {day}.",
            **facts,
        )
    if is_own and is_owing:
        return t("贵公司应付 {sum}给{lead}，不迟于 {day}。", "You pay {sum} to {lead} by {day}.", **facts)
    if is_own:
        return t("{lead}应付 {sum}给贵公司，不迟于 {day}。", "{lead} pays you {sum} by {day}.", **facts)
    if is_owing:
        return t("{member}应付 {sum}给{lead}，不迟于 {day}。", "{member} pays {sum} to {lead} by {day}.", **facts)
    return t("{lead}应付 {sum}给{member}，不迟于 {day}。", "{lead} pays {sum} to {member} by {day}.", **facts)


def payments_due(session: Session, who: Actor) -> list[Work]:
    """Return what is to be paid and received on agreed statements, at the lead's desk and at the member's own."""
    lead, member = aliased(Organisation), aliased(Organisation)
    query = (
        select(Statement, Pool.lead_id, lead.name, member.name)
        .join(Pool, Pool.id == Statement.pool_id)
        .join(lead, lead.id == Pool.lead_id)
        .join(member, member.id == Statement.organisation_id)
        .where(Statement.stage == "agreed", Statement.balance_fen != 0, Statement.organisation_id != Pool.lead_id)
        .where(Statement.pool_id.in_(who.led_pools) | (Statement.organisation_id == who.organisation_id))
        .order_by(Statement.due_on, Statement.number)
    )
    return list(_works(session.execute(query), who))


def _works(rows: Iterable[Any], who: Actor) -> Iterator[Work]:
    for statement, lead_id, lead, member in rows:
        other = member if who.organisation_id == lead_id else lead
        pays = (statement.balance_fen < 0) == (who.organisation_id == statement.organisation_id)
        pair = ("应付 {sum}给{other}", "Pay {sum} to {other}") if pays else ("应收{other} {sum}", "{sum} from {other}")
        yield Work(
            t(*pair, sum=yuan(abs(statement.balance_fen)), other=other),
            url_for("statements.one", statement_id=statement.id),
            t("结算单 {n}，已确认", "Statement {n}, agreed", n=statement.number),
            end_of(statement.due_on),
        )
