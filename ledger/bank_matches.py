"""Matching the bank's lines with statements: proposed, accepted by a person, each once; and what a month comes to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor, require
from ledger.bank_matching import OpenBalance, Proposal, UnmatchedLine, proposals
from ledger.bank_models import BankAccount, BankLine, BankMatch, BankReport
from ledger.books import latest_shares, require_lead
from ledger.models import Account, Entry, Statement, Transfer

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)

#: Stages of a statement that somebody pays.
_PAYABLE = ("agreed", "settled")


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with the line and the statement that it is about."""

    line: BankLine
    statement: Statement
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Matched:
    """A line, the statement that it pays, and what it pays too much."""

    line: BankLine
    statement: Statement
    difference_fen: int


@dataclass(frozen=True, slots=True)
class Month:
    """What a month comes to: balances of bank and book at its end, what is matched, what is not, the difference."""

    first_on: date
    last_on: date
    bank_on: date | None
    bank_fen: int | None
    book_fen: int
    matched: Sequence[Matched]
    lines: Sequence[BankLine]
    statements: Sequence[Statement]

    @property
    def difference_fen(self) -> int:
        """Return by how much the matched lines miss their statements, all together."""
        return sum(one.difference_fen for one in self.matched)


def unmatched_lines(pool_id: int) -> Select[BankLine]:
    """Return the query of the lines of a pool that pay no statement yet, oldest first."""
    query = select(BankLine).where(BankLine.pool_id == pool_id, BankLine.id.not_in(select(BankMatch.line_id)))
    return query.order_by(BankLine.booked_on, BankLine.reference)


def unmatched_statements(session: Session, pool_id: int) -> Select[Statement]:
    """Return the query of the statements of a pool that are to be paid, or are settled, without a line of the bank.

    The lead's own is paid to nobody and by nobody.
    """
    lead = latest_shares(session, pool_id).lead
    query = select(Statement).where(
        Statement.pool_id == pool_id,
        Statement.stage.in_(_PAYABLE),
        Statement.balance_fen != 0,
        Statement.organisation_id != lead,
        Statement.id.not_in(select(BankMatch.statement_id)),
    )
    return query.order_by(Statement.number)


def reads(pool_id: int, actor: Actor) -> bool:
    """Say whether an actor reads the bank's lines of a pool: its lead, and those who read all."""
    return actor.sees_all or pool_id in actor.led_pools


def proposed(session: Session, pool_id: int, actor: Actor) -> list[Proposed]:
    """Return what may be accepted now, line by line, of one line the surest first; nothing for who reads no line."""
    return _proposed(session, pool_id) if reads(pool_id, actor) else []


def _proposed(session: Session, pool_id: int) -> list[Proposed]:
    lines = {one.id: one for one in session.scalars(unmatched_lines(pool_id))}
    open_ones = {one.id: one for one in session.scalars(unmatched_statements(session, pool_id))}
    accounts: dict[uuid.UUID, set[str]] = {}
    for row in session.scalars(
        select(BankAccount).where(BankAccount.pool_id == pool_id, BankAccount.stage == "confirmed")
    ):
        accounts.setdefault(row.organisation_id, set()).add(row.number)
    found = proposals(
        (UnmatchedLine(one.id, one.amount_fen, one.about, one.number) for one in lines.values()),
        [
            OpenBalance(one.id, one.number, one.balance_fen, frozenset(accounts.get(one.organisation_id, ())))
            for one in open_ones.values()
        ],
    )
    return [Proposed(lines[one.line_id], open_ones[one.statement_id], one) for one in found]


def accept(
    session: Session, pool_id: int, line_id: uuid.UUID, statement_id: uuid.UUID, *, by: Actor, at: datetime
) -> Matched:
    """Accept a proposal: the line pays the statement, and neither is matched again.

    Refuses Forbidden `role_may_not`, `lead_only`; NotFound `bank_line_not_found`; Conflict `bank_line_matched`,
    `statement_matched`; Invalid `bank_match_not_proposed`.
    """
    require(by, "bank_match.accept")
    require_lead(session, pool_id, by)
    line = session.scalar(select(BankLine).where(BankLine.id == line_id, BankLine.pool_id == pool_id))
    if line is None:
        raise NotFound("bank_line_not_found")
    taken = or_(BankMatch.line_id == line_id, BankMatch.statement_id == statement_id)
    known = session.scalar(select(BankMatch).where(taken).limit(1))
    if known is not None:
        raise Conflict("bank_line_matched" if known.line_id == line_id else "statement_matched")
    asked = (line_id, statement_id)
    wanted = next((one for one in _proposed(session, pool_id) if (one.line.id, one.statement.id) == asked), None)
    if wanted is None:
        raise Invalid("bank_match_not_proposed")
    fen = wanted.proposal.difference_fen
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that accepts
    match = BankMatch(
        line_id=line_id,
        statement_id=statement_id,
        pool_id=pool_id,
        difference_fen=fen,
        matched_by=by.person_id,
        matched_at=at,
    )
    session.add(match)
    session.flush()
    facts = {"pool": pool_id, "statement": str(statement_id), "number": wanted.statement.number, "left_fen": fen}
    audit.record(session, "bank_match.accepted", by=by, at=at, of=("bank_line", line_id), facts=facts)
    return Matched(line, wanted.statement, fen)


def match_of(session: Session, statement: Statement) -> Matched | None:
    """Return the line that pays a statement, as far as one may see it; None where there is none."""
    query = select(BankLine, BankMatch.difference_fen).join(BankMatch, BankMatch.line_id == BankLine.id)
    row = session.execute(query.where(BankMatch.statement_id == statement.id)).one_or_none()
    return Matched(row[0], statement, row[1]) if row else None


def first_of(month: str) -> date:
    """Return the first day of a month as an address names it, `2026-04`; NotFound `month_not_found`."""
    if not _MONTH.fullmatch(month):
        raise NotFound("month_not_found", month=month[:20])
    return date.fromisoformat(f"{month}-01")


def month(session: Session, pool_id: int, first_on: date) -> Month:
    """Return what the month that begins on a day comes to."""
    last_on = (first_on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    inside = BankLine.booked_on.between(first_on, last_on)
    matched = session.execute(
        select(BankLine, Statement, BankMatch.difference_fen)
        .join(BankMatch, BankMatch.line_id == BankLine.id)
        .join(Statement, Statement.id == BankMatch.statement_id)
        .where(BankLine.pool_id == pool_id, inside)
        .order_by(BankLine.booked_on, BankLine.reference)
    )
    last = session.scalar(
        select(BankReport)
        .where(BankReport.pool_id == pool_id, BankReport.until_on <= last_on)
        .order_by(BankReport.until_on.desc(), BankReport.taken_at.desc())
        .limit(1)
    )
    open_ones = unmatched_statements(session, pool_id).where(Statement.due_on <= last_on)
    return Month(
        first_on,
        last_on,
        last.until_on if last else None,
        last.closing_fen if last else None,
        _held(session, pool_id, last_on),
        [Matched(row[0], row[1], row[2]) for row in matched],
        session.scalars(unmatched_lines(pool_id).where(inside)).all(),
        session.scalars(open_ones).all(),
    )


def _held(session: Session, pool_id: int, until_on: date) -> int:
    """Return what stands on 1010 by the entries up to a day, in fen, debit positive."""
    own = select(Account.id).where(Account.pool_id == pool_id, Account.code == "1010")
    same = (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id)
    total = 0
    for column, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        query = (
            select(func.coalesce(func.sum(Transfer.amount_fen), 0))
            .join(Entry, same & (Entry.id == Transfer.entry_id))
            .where(Transfer.pool_id == pool_id, column.in_(own), Entry.on <= until_on)
        )
        total += sign * int(session.scalar(query) or 0)
    return total
