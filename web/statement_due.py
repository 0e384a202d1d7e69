"""Who pays whom on a statement, how much and by when: in words on its page, as things to do on both finance desks."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, cast

from flask import url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, aliased

from core.parties import Organisation
from core.permits import Actor, may
from ledger import bank_accounts, statements
from ledger.bank_models import BankAccount
from ledger.models import Statement
from underwriting import late_interest, settling
from underwriting.late_interest import UNPAID
from underwriting.models import Pool
from web.finance_work import Work, end_of
from web.formats import date_words, percent, t, yuan
from web.overdue import is_overdue, overdue_days, overdue_words


@dataclass(frozen=True, slots=True)
class StatementDue:
    """Who pays whom in a sentence, how long it is overdue in words (or empty), and whether the member has agreed."""

    words: str
    overdue: str
    is_agreed: bool


def due_of(session: Session, statement: Statement, who: Actor, today: date) -> StatementDue | None:
    """Return who pays whom on a statement and by when; None where nothing is due, or it is a draft or settled."""
    if statement.stage not in UNPAID or not statement.balance_fen or statement.due_on is None:
        return None
    lead = session.get_one(Organisation, session.get_one(Pool, statement.pool_id).lead_id)
    member = session.get_one(Organisation, statement.organisation_id)
    words = _sentence(statement, lead, member, is_own=who.organisation_id == member.id)
    words += _interest(session, statement, today)
    overdue = overdue_words(overdue_days(statement, lead.id, today))
    return StatementDue(words, overdue, statement.stage == "agreed")


def pays_into(session: Session, statement: Statement, at: datetime) -> BankAccount | None:
    """Return the lead's account at an instant, where the member still pays its balance into it; None otherwise."""
    lead = session.get_one(Pool, statement.pool_id).lead_id
    if statement.balance_fen >= 0 or statement.organisation_id == lead or statement.stage not in UNPAID:
        return None
    return bank_accounts.paid_into(session, statement.pool_id, lead, at=at)


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


def _interest(session: Session, statement: Statement, today: date) -> str:
    """Return what late interest a statement has come to by today, and up to which day it is booked; "" where none."""
    fen = late_interest.accrued(session, statement, today)
    if not fen:
        return ""
    rate = percent(settling.agreement_of(session, statement).late_interest_bp)
    told = t(
        "逾期按年利率 {rate} 计息，至今日 {sum}，于结账和结清时入账",
        " Late interest at {rate} a year, {sum} by today, is booked at every close and at the settlement",
        rate=rate,
        sum=yuan(fen),
    )
    if statement.interest_until_on is None:
        return told + t("。", ".")
    day = date_words(statement.interest_until_on)
    return told + t("；已入账至 {day}。", "; booked up to {day}.", day=day)


def payments_due(session: Session, who: Actor, today: date) -> list[Work]:
    """Return what is to be paid and received on statements, at the lead's desk and at the member's own.

    It is told once a statement is agreed, and from the day after it was due also where it is not.
    """
    query = _with_names().where(Statement.organisation_id != Pool.lead_id, Statement.balance_fen != 0)
    query = query.where((Statement.stage == "agreed") | is_overdue(today))
    query = query.where(Statement.pool_id.in_(who.led_pools) | (Statement.organisation_id == who.organisation_id))
    found = []
    for statement, lead_id, lead, member in session.execute(query):
        agreed = statement.stage == "agreed"
        pair = (
            ("结算单 {n}，已确认", "Statement {n}, agreed")
            if agreed
            else ("结算单 {n}，未确认", "Statement {n}, not agreed")
        )
        late = overdue_words(overdue_days(statement, lead_id, today))
        work = _work(statement, who, lead_id, (lead, member), t(*pair, n=statement.number))
        found.append(replace(work, late=late))
    return found


def left_to_checker(session: Session, who: Actor, today: date) -> list[Work]:
    """Return the actor's company's statements that wait for an answer that the actor may not give: what it owes.

    What is overdue is left out: `payments_due` tells it.
    """
    if who.organisation_id is None or may(who, "statement.answer"):
        return []
    own = statements.visible_to(who).with_only_columns(Statement.id)
    query = _with_names().where(Statement.id.in_(own), Statement.organisation_id == who.organisation_id)
    query = query.where(Statement.stage.in_(["issued", "acknowledged"]), ~is_overdue(today))
    note = "结算单 {n}，待贵公司财务复核确认", "Statement {n}, to be answered by your company’s finance checker"
    return [
        _work(statement, who, lead_id, (lead, member), t(*note, n=statement.number))
        for statement, lead_id, lead, member in session.execute(query)
    ]


def _with_names() -> Select[Any]:
    """Return the query of statements with the lead's id, its name and the member's, those due first before others."""
    lead, member = aliased(Organisation), aliased(Organisation)
    query = (
        select(Statement, Pool.lead_id, lead.name, member.name)
        .join(Pool, Pool.id == Statement.pool_id)
        .join(lead, lead.id == Pool.lead_id)
        .join(member, member.id == Statement.organisation_id)
        .order_by(Statement.due_on, Statement.number)
    )
    return cast(Select[Any], query)


def _work(statement: Statement, who: Actor, lead_id: uuid.UUID, names: tuple[str, str], note: str) -> Work:
    """Return a statement as a thing to pay or to receive; `names` are the lead's and the member's."""
    other = names[1] if who.organisation_id == lead_id else names[0]
    if not statement.balance_fen:
        pair = "本期两不相欠", "Nothing is due either way"
    elif statement.organisation_id == lead_id:
        pair = "首席自己的余额 {sum}", "The lead’s own balance, {sum}"
    elif (statement.balance_fen < 0) == (who.organisation_id == statement.organisation_id):
        pair = "应付 {sum}给{other}", "Pay {sum} to {other}"
    else:
        pair = "应收{other} {sum}", "{sum} from {other}"
    title = t(*pair, sum=yuan(abs(statement.balance_fen)), other=other)
    due_at = end_of(statement.due_on) if statement.due_on else None
    return Work(title, url_for("statements.one", statement_id=statement.id), note, due_at)
