"""A month's reconciliation: bank and book at its end, what became of each line, what is open; and its signing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Conflict, NotFound
from core.permits import Actor, require, require_other_person
from ledger import bank_accounts, bank_matches, bank_receipts
from ledger.bank_matches import Matched
from ledger.bank_models import BankAccount, BankLine, BankMatch, BankMonth, BankReport, HeldReceipt
from ledger.books import latest_shares, require_lead
from ledger.models import Account, Entry, Statement, Transfer

_MONTH = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Month:
    """What a month comes to: balances of bank and book at its end, and each of its lines in one of four places.

    `matched` pay statements, `held` stand on 2310, `placed` were placed otherwise or went back, `lines` are in the bank
    alone; `statements` were due by its end and no line pays them. `bank_fen` is the bank's balance at the end of
    `bank_on`, which is the month's last day where a bank's statement reaches it.
    """

    first_on: date
    last_on: date
    bank_on: date | None
    bank_fen: int | None
    book_fen: int
    receipts_fen: int
    matched: Sequence[Matched]
    held: Sequence[BankLine]
    placed: Sequence[BankLine]
    lines: Sequence[BankLine]
    statements: Sequence[Statement]
    signed: BankMonth | None

    @property
    def difference_fen(self) -> int:
        """Return by how much the matched lines miss their statements, all together."""
        return sum(one.match.difference_fen for one in self.matched)


def first_of(month: str) -> date:
    """Return the first day of a month as an address names it, `2026-04`; NotFound `month_not_found`."""
    if not _MONTH.fullmatch(month):
        raise NotFound("month_not_found", month=month[:20])
    return date.fromisoformat(f"{month}-01")


def month(session: Session, pool_id: int, first_on: date) -> Month:
    """Return what the month that begins on a day comes to."""
    last_on = (first_on.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    inside = BankLine.booked_on.between(first_on, last_on)
    in_order = BankLine.booked_on, BankLine.reference
    matched = bank_matches.standing(pool_id).where(inside).order_by(None).order_by(*in_order)
    on_2310 = BankLine.id.in_(select(HeldReceipt.line_id).where(HeldReceipt.stage == "held"))
    done = select(BankLine).where(BankLine.pool_id == pool_id, inside, bank_receipts.is_done_with())
    # What a match placed stands with the match.
    paying = select(BankMatch.line_id).where(BankMatch.stage == "matched")
    open_ones = bank_matches.unmatched_lines(pool_id).where(inside)
    due = bank_matches.unmatched_statements(session, pool_id).where(Statement.due_on <= last_on)
    bank_on, bank_fen = _of_bank(session, pool_id, last_on)
    return Month(
        first_on,
        last_on,
        bank_on,
        bank_fen,
        _stands(session, pool_id, "1010", last_on),
        -_stands(session, pool_id, "2310", last_on),
        [bank_matches.matched_of(row) for row in session.execute(matched)],
        session.scalars(open_ones.where(on_2310)).all(),
        session.scalars(done.where(BankLine.id.not_in(paying)).order_by(*in_order)).all(),
        session.scalars(open_ones.where(~on_2310)).all(),
        session.scalars(due).all(),
        session.get(BankMonth, (pool_id, first_on)),
    )


def _of_bank(session: Session, pool_id: int, last_on: date) -> tuple[date | None, int | None]:
    """Return the last day up to the end of a month that a bank's statement tells of, and the balance at its end.

    Where the lead has changed its account, it is what its accounts come to, each by its own last statement.
    """
    begun = (
        select(BankReport)
        .join(BankAccount, BankAccount.id == BankReport.account_id)
        .where(BankReport.pool_id == pool_id, BankReport.from_on <= last_on)
        .ext(distinct_on(BankAccount.number))
        .order_by(BankAccount.number, BankReport.until_on.desc(), BankReport.taken_at.desc())
    )
    reached: list[date] = []
    stands_fen = 0
    for last in session.scalars(begun):
        reached.append(min(last.until_on, last_on))
        if last.until_on <= last_on:
            stands_fen += last.closing_fen
            continue
        moved = select(func.coalesce(func.sum(BankLine.amount_fen), 0)).where(
            BankLine.report_id == last.id, BankLine.booked_on <= last_on
        )
        stands_fen += last.opening_fen + int(session.scalar(moved) or 0)
    return (max(reached), stands_fen) if reached else (None, None)


def _stands(session: Session, pool_id: int, code: str, until_on: date) -> int:
    """Return what stands on an account by the entries up to a day, in fen, debit positive."""
    own = select(Account.id).where(Account.pool_id == pool_id, Account.code == code)
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


def sign(session: Session, pool_id: int, first_on: date, *, by: Actor, at: datetime) -> BankMonth:
    """Return a month's reconciliation as it is signed: its lines are complete, its matches stand from then on.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed` from whoever took in the last of the bank's
    statements; Conflict `bank_month_signed`, `bank_month_not_over`, `bank_month_not_reached` (day) while no statement
    reaches its end, `bank_month_not_covered` (number, day) where those of an account miss a day of its part,
    `bank_month_gap` (number, day) where a statement does not begin with the balance of its account's one before.
    """
    require(by, "bank_month.sign")
    require_lead(session, pool_id, by)
    told = month(session, pool_id, first_on)
    label = f"{first_on:%Y-%m}"
    if told.signed is not None:
        raise Conflict("bank_month_signed", month=label)
    if told.last_on >= clock.on(at):
        raise Conflict("bank_month_not_over", month=label)
    if told.bank_fen is None or told.bank_on != told.last_on:
        raise Conflict("bank_month_not_reached", day=told.last_on)
    require_other_person(_require_whole(session, pool_id, told).taken_by, by)
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that signs
    row = BankMonth(
        pool_id=pool_id,
        first_on=first_on,
        bank_fen=told.bank_fen,
        book_fen=told.book_fen,
        matched=len(told.matched),
        matched_fen=sum(one.line.amount_fen for one in told.matched),
        held=len(told.held),
        held_fen=sum(one.amount_fen for one in told.held),
        placed=len(told.placed),
        placed_fen=sum(one.amount_fen for one in told.placed),
        lines=len(told.lines),
        lines_fen=sum(one.amount_fen for one in told.lines),
        difference_fen=told.difference_fen,
        signed_by=by.person_id,
        signed_at=at,
    )
    session.add(row)
    session.flush()
    facts = {"pool": pool_id, "on": first_on.isoformat(), "balance_fen": row.bank_fen, "left_fen": row.difference_fen}
    facts |= {"amount_fen": row.matched_fen, "lines_fen": row.lines_fen}
    audit.record(session, "bank_month.signed", by=by, at=at, of=("bank_month", f"{pool_id}/{label}"), facts=facts)
    return row


def _require_whole(session: Session, pool_id: int, told: Month) -> BankReport:
    """Return the last statement that tells of a month, whose statements are whole, those of each account by themselves.

    Refuses Conflict `bank_month_not_covered` (number, day) where the statements of an account do not tell of a day on
    which members pay into it, `bank_month_gap` (number, day) where one is missing among them: the first of an account
    follows its last one before the month.
    """
    query = (
        select(BankReport, BankAccount.number)
        .join(BankAccount, BankAccount.id == BankReport.account_id)
        .where(BankReport.pool_id == pool_id)
    )
    here = query.where(BankReport.from_on <= told.last_on, BankReport.until_on >= told.first_on)
    by_number: dict[str, list[BankReport]] = {}
    for report, number in session.execute(here.order_by(BankReport.from_on, BankReport.until_on)):
        by_number.setdefault(number, []).append(report)
    for number, found in by_number.items():
        earlier = query.where(BankAccount.number == number, BankReport.until_on < told.first_on)
        before = session.scalars(earlier.order_by(BankReport.until_on.desc(), BankReport.taken_at.desc()).limit(1))
        for one, after in pairwise([*before, *found]):
            if after.opening_fen != one.closing_fen:
                raise Conflict("bank_month_gap", number=number, day=after.from_on)
    for number, first_on, last_on in _parts(session, pool_id, told):
        found = by_number.get(number, [])
        # Of an account on which nothing stood before its first statement no earlier days are asked for.
        is_begun = bool(found) and (found[0].from_on <= first_on or found[0].opening_fen == 0)
        if not is_begun or max(one.until_on for one in found) < last_on:
            raise Conflict("bank_month_not_covered", number=number, day=last_on if is_begun else first_on)
    return max((one for found in by_number.values() for one in found), key=lambda one: (one.until_on, one.taken_at))


def _parts(session: Session, pool_id: int, told: Month) -> list[tuple[str, date, date]]:
    """Return the accounts of the lead that members pay into in a month: number, first and last day of each part."""
    lead = latest_shares(session, pool_id).lead
    rows = session.scalars(
        select(BankAccount).where(BankAccount.pool_id == pool_id, BankAccount.organisation_id == lead)
    ).all()
    parts = []
    for one in bank_accounts.standings(rows):
        until_on = one.until_on or told.last_on + timedelta(days=1)
        if one.from_on is not None:
            first_on, last_on = max(one.from_on, told.first_on), min(until_on - timedelta(days=1), told.last_on)
            parts.append((one.account.number, first_on, last_on))
    return sorted((part for part in parts if part[1] <= part[2]), key=lambda part: part[1])
