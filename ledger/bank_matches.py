"""Matching the bank's lines with statements: proposed, accepted by a person, each once, and taken back where wrong."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, or_, select
from sqlalchemy.orm import Session

from core import audit, clock
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor, require
from core.stages import step
from ledger import bank_payments, bank_receipts, stages
from ledger.bank_matching import OpenBalance, Proposal, UnmatchedLine, proposals
from ledger.bank_models import BankAccount, BankLine, BankMatch, BankMonth, PaymentBatch, PaymentLine
from ledger.books import latest_shares, require_lead
from ledger.clause_models import ApartItem
from ledger.models import Statement
from ledger.stages import pays

#: Stages of a statement that somebody pays.
_PAYABLE = ("agreed", "settled")


@dataclass(frozen=True, slots=True)
class Target:
    """What a line of the bank may pay: a statement, an item that a member owes on its own, or a payment of a batch.

    `balance_fen` is positive where the pool owes it; `owner_id` is the member or the payee, `number` what the bank's
    line names it by. `kind` is `statement`, `apart` or `payment`; of a payment, `subject_id` is what it pays in full.
    """

    id: uuid.UUID
    number: str
    owner_id: uuid.UUID
    balance_fen: int
    kind: str
    batch_id: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal with the line and what it may pay."""

    line: BankLine
    target: Target
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Matched:
    """A match with its line and what it pays."""

    match: BankMatch
    line: BankLine
    target: Target


def unmatched_lines(pool_id: int) -> Select[BankLine]:
    """Return the query of the lines of a pool that may pay a statement still, oldest first; those held on 2310 too."""
    matched = select(BankMatch.line_id).where(BankMatch.stage == "matched")
    query = select(BankLine).where(
        BankLine.pool_id == pool_id, BankLine.id.not_in(matched), ~bank_receipts.is_done_with()
    )
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
        Statement.id.not_in(
            select(BankMatch.statement_id).where(BankMatch.stage == "matched", BankMatch.statement_id.is_not(None))
        ),
    )
    return query.order_by(Statement.number)


def reads(pool_id: int, actor: Actor) -> bool:
    """Say whether an actor reads the bank's lines of a pool: its lead, and those who read all."""
    return actor.sees_all or pool_id in actor.led_pools


def proposed(session: Session, pool_id: int, actor: Actor) -> list[Proposed]:
    """Return what may be accepted now, line by line, of one line the surest first; nothing for who reads no line."""
    return _proposed(session, pool_id, unmatched_lines(pool_id)) if reads(pool_id, actor) else []


def unmatched_payments(session: Session, pool_id: int) -> list[Target]:
    """Return the payments of released batches that pay no statement and that no line shows yet, in their order."""
    query = _payments().where(
        PaymentLine.pool_id == pool_id,
        PaymentLine.statement_id.is_(None),
        PaymentLine.batch_stage == "released",
        PaymentLine.id.not_in(
            select(BankMatch.payment_id).where(BankMatch.stage == "matched", BankMatch.payment_id.is_not(None))
        ),
    )
    query = query.order_by(PaymentBatch.sequence, PaymentLine.position)
    return [_of_payment(*row) for row in session.execute(query)]


def _payments() -> Select[PaymentLine, PaymentBatch, BankAccount]:
    return (
        select(PaymentLine, PaymentBatch, BankAccount)
        .join(PaymentBatch, PaymentBatch.id == PaymentLine.batch_id)
        .join(BankAccount, BankAccount.id == PaymentLine.account_id)
    )


def _of_payment(line: PaymentLine, batch: PaymentBatch, account: BankAccount) -> Target:
    number = bank_payments.reference_of(batch, line)
    return Target(line.id, number, account.owner_id, line.amount_fen, "payment", batch.id, line.subject_id)


def _of_statement(one: Statement) -> Target:
    return Target(one.id, one.number, one.organisation_id, one.balance_fen, "statement")


def _of_apart(one: ApartItem) -> Target:
    return Target(one.id, one.number, one.organisation_id, one.amount_fen, "apart")


def unmatched_apart(session: Session, pool_id: int) -> list[Target]:
    """Return the items that members owe on their own, paid or not, which no line of the bank pays."""
    matched = select(BankMatch.apart_id).where(BankMatch.stage == "matched", BankMatch.apart_id.is_not(None))
    query = select(ApartItem).where(
        ApartItem.pool_id == pool_id, ApartItem.amount_fen < 0, ApartItem.id.not_in(matched)
    )
    return [_of_apart(one) for one in session.scalars(query.order_by(ApartItem.number))]


def _proposed(session: Session, pool_id: int, query: Select[BankLine]) -> list[Proposed]:
    """Return what may be accepted of the lines that a query names."""
    lines = {one.id: one for one in session.scalars(query)}
    found = [_of_statement(one) for one in session.scalars(unmatched_statements(session, pool_id))]
    found += [*unmatched_apart(session, pool_id), *unmatched_payments(session, pool_id)]
    open_ones = {one.id: one for one in found}
    accounts: dict[uuid.UUID, set[str]] = {}
    for row in session.scalars(
        select(BankAccount).where(BankAccount.pool_id == pool_id, BankAccount.stage == "confirmed")
    ):
        accounts.setdefault(row.owner_id, set()).add(row.number)
    likely = proposals(
        (UnmatchedLine(one.id, one.amount_fen, one.about, one.number) for one in lines.values()),
        [
            OpenBalance(one.id, one.number, one.balance_fen, frozenset(accounts.get(one.owner_id, ())))
            for one in open_ones.values()
        ],
    )
    # What is paid in full is shown by a line of its sum and by no other.
    fits = (one for one in likely if not (open_ones[one.target_id].subject_id and one.difference_fen))
    return [Proposed(lines[one.line_id], open_ones[one.target_id], one) for one in fits]


def accept(
    session: Session, pool_id: int, line_id: uuid.UUID, target_id: uuid.UUID, *, by: Actor, at: datetime
) -> Matched:
    """Accept a proposal: the line pays the statement or shows the payment; neither is matched again while this stands.

    A line that was held on 2310 is placed by it, on the day of the acceptance.

    Refuses Forbidden `role_may_not`, `lead_only`; NotFound `bank_line_not_found`; Conflict `bank_line_matched`,
    `statement_matched`, `receipt_stands` where it was placed otherwise or sent back, and where it was held what
    `ledger.entries.open_period_on` refuses; Invalid `bank_match_not_proposed`.
    """
    require(by, "bank_match.accept")
    require_lead(session, pool_id, by)
    line = bank_receipts.line_of_pool(session, pool_id, line_id)
    _require_open(session, line, target_id)
    its_own = _proposed(session, pool_id, unmatched_lines(pool_id).where(BankLine.id == line_id))
    wanted = next((one for one in its_own if one.target.id == target_id), None)
    if wanted is None:
        raise Invalid("bank_match_not_proposed")
    fen = wanted.proposal.difference_fen
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that accepts
    match = BankMatch(
        line_id=line_id,
        **{f"{wanted.target.kind}_id": target_id},
        pool_id=pool_id,
        stage="matched",
        difference_fen=fen,
        matched_by=by.person_id,
        matched_at=at,
    )
    session.add(match)
    session.flush()
    facts = {"pool": pool_id, **pays(match), "number": wanted.target.number, "left_fen": fen}
    audit.record(session, "bank_match.accepted", by=by, at=at, of=("bank_line", line_id), facts=facts)
    bank_receipts.place_matched(session, match, on=clock.on(at), by=by, at=at)
    return Matched(match, line, wanted.target)


def _require_open(session: Session, line: BankLine, target_id: uuid.UUID) -> None:
    """Refuse what is matched already, and a line that was placed otherwise or went back."""
    targets = (BankMatch.statement_id, BankMatch.payment_id, BankMatch.apart_id)
    taken = or_(BankMatch.line_id == line.id, *(column == target_id for column in targets))
    known = session.scalar(select(BankMatch).where(taken, BankMatch.stage == "matched").limit(1))
    if known is not None:
        raise Conflict("bank_line_matched" if known.line_id == line.id else "statement_matched")
    if session.scalar(select(BankLine.id).where(BankLine.id == line.id, bank_receipts.is_done_with())) is not None:
        raise Conflict("receipt_stands", reference=line.reference)


def get(session: Session, match_id: uuid.UUID, actor: Actor, *, pool_id: int) -> Matched:
    """Return a match of a pool, one that was taken back too; NotFound `bank_match_not_found` for who reads no line."""
    query = _matches().where(BankMatch.id == match_id, BankMatch.pool_id == pool_id)
    row = session.execute(query).one_or_none() if reads(pool_id, actor) else None
    if row is None:
        raise NotFound("bank_match_not_found")
    return matched_of(row)


#: A match with its line and its statement, its item, or its payment with batch and account.
MatchRow = tuple[
    BankMatch,
    BankLine,
    Statement | None,
    ApartItem | None,
    PaymentLine | None,
    PaymentBatch | None,
    BankAccount | None,
]


def _matches() -> Select[*MatchRow]:
    return (
        select(BankMatch, BankLine, Statement, ApartItem, PaymentLine, PaymentBatch, BankAccount)
        .join(BankLine, BankLine.id == BankMatch.line_id)
        .outerjoin(Statement, Statement.id == BankMatch.statement_id)
        .outerjoin(ApartItem, ApartItem.id == BankMatch.apart_id)
        .outerjoin(PaymentLine, PaymentLine.id == BankMatch.payment_id)
        .outerjoin(PaymentBatch, PaymentBatch.id == PaymentLine.batch_id)
        .outerjoin(BankAccount, BankAccount.id == PaymentLine.account_id)
    )


def matched_of(row: Row[*MatchRow]) -> Matched:
    """Return a row of `standing` as a match with what it pays."""
    match, line, statement, item, payment, batch, account = row
    if statement is not None:
        return Matched(match, line, _of_statement(statement))
    if item is not None:
        return Matched(match, line, _of_apart(item))
    assert payment is not None and batch is not None and account is not None  # noqa: S101 - it pays one of the three
    return Matched(match, line, _of_payment(payment, batch, account))


def standing(pool_id: int) -> Select[*MatchRow]:
    """Return the query of the matches of a pool that stand, the newest line first; `matched_of` reads a row."""
    query = _matches().where(BankMatch.pool_id == pool_id, BankMatch.stage == "matched")
    return query.order_by(BankLine.booked_on.desc(), BankLine.reference.desc())


def take_back(session: Session, match: BankMatch, why: str, *, by: Actor, at: datetime) -> None:
    """Take a match back: line and statement are open again, and money that it took from 2310 stands there again.

    Another person than who matched does it, or it says why. Refuses Forbidden `role_may_not`, `lead_only`; Conflict
    `stage_refuses`, `bank_month_signed` (month) once the line's month is signed, `payment_came_back` where the bank
    gave the money back, and where money goes back to 2310 what `ledger.entries.open_period_on` refuses; Invalid
    `bank_match_needs_reason`, `bank_words_too_long`.
    """
    require(by, "bank_match.take_back")
    require_lead(session, match.pool_id, by)
    step(stages.BANK_MATCH_MOVES, match.stage, "take_back", kind="bank_match")
    paid = PaymentLine.id == match.payment_id
    if match.statement_id is not None:
        paid = PaymentLine.statement_id == match.statement_id
    if session.scalar(select(PaymentLine.id).where(paid, PaymentLine.return_line_id.is_not(None))) is not None:
        raise Conflict("payment_came_back")
    line = session.get_one(BankLine, match.line_id)
    first_on = line.booked_on.replace(day=1)
    if session.get(BankMonth, (match.pool_id, first_on)) is not None:
        raise Conflict("bank_month_signed", month=f"{first_on:%Y-%m}")
    said = why.strip()
    if not said and by.person_id == match.matched_by:
        raise Invalid("bank_match_needs_reason")
    if len(said) > bank_receipts.WORDS_MOST:
        raise Invalid("bank_words_too_long", most=bank_receipts.WORDS_MOST)
    stages.move_bank_match(session, match, "take_back", why=said, by=by, at=at)
    bank_receipts.unplace_matched(session, match, on=clock.on(at), by=by, at=at)


def match_of(session: Session, statement: Statement) -> Matched | None:
    """Return the line that pays a statement, as far as one may see it; None where there is none."""
    row = session.execute(standing(statement.pool_id).where(BankMatch.statement_id == statement.id)).one_or_none()
    return matched_of(row) if row else None
