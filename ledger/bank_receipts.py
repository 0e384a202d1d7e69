"""Money that came in and that nobody can place yet: it stands on 2310 until it is placed, or went back to its payer.

A line of the bank is held by an entry (1010 against 2310). Placed, the entry is mirrored and the event that the money
really is of is booked by its own verb; a line that is matched with a statement is placed by that. What went back is
booked with the bank's line that shows it.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from core import audit
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor, require, require_other_person
from core.stages import step
from ledger import entries, stages
from ledger.bank_models import BankLine, BankMatch, HeldReceipt, PaymentLine
from ledger.books import AccountRef, require_lead
from ledger.entries import Event, Move
from ledger.reasons import Reason

#: No reason is longer.
WORDS_MOST = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A receipt with the line of the bank that brought it."""

    receipt: HeldReceipt
    line: BankLine

    def days_on(self, day: date) -> int:
        """Return how many days ago the money came in."""
        return (day - self.line.booked_on).days


def visible_to(actor: Actor) -> Select[HeldReceipt]:
    """Return the query of the receipts an actor may see: those of the pools that it leads, or all."""
    query = select(HeldReceipt)
    return query if actor.sees_all else query.where(HeldReceipt.pool_id.in_(actor.led_pools))


def get(session: Session, receipt_id: uuid.UUID, actor: Actor, *, pool_id: int) -> Held:
    """Return a receipt of a pool that the actor may know of, with its line; NotFound `receipt_not_found`."""
    row = session.scalar(visible_to(actor).where(HeldReceipt.id == receipt_id, HeldReceipt.pool_id == pool_id))
    if row is None:
        raise NotFound("receipt_not_found")
    return Held(row, session.get_one(BankLine, row.line_id))


def held(session: Session, pool_id: int, actor: Actor) -> list[Held]:
    """Return the receipts of a pool that stand on 2310, the oldest money first; nothing for who reads no line."""
    query = visible_to(actor).join(BankLine, BankLine.id == HeldReceipt.line_id).add_columns(BankLine)
    query = query.where(HeldReceipt.pool_id == pool_id, HeldReceipt.stage == "held")
    rows = session.execute(query.order_by(BankLine.booked_on, BankLine.reference))
    return [Held(receipt, line) for receipt, line in rows]


def is_done_with() -> ColumnElement[bool]:
    """Return the condition under which a line is neither matched nor open: placed or sent back, or what shows it."""
    done = HeldReceipt.stage.in_(("placed", "returned"))
    return or_(
        BankLine.id.in_(select(HeldReceipt.line_id).where(done)),
        BankLine.id.in_(select(HeldReceipt.return_line_id).where(HeldReceipt.return_line_id.is_not(None))),
        BankLine.id.in_(select(PaymentLine.return_line_id).where(PaymentLine.return_line_id.is_not(None))),
    )


def line_of_pool(session: Session, pool_id: int, line_id: uuid.UUID) -> BankLine:
    """Return a line of a pool; NotFound `bank_line_not_found`."""
    line = session.scalar(select(BankLine).where(BankLine.id == line_id, BankLine.pool_id == pool_id))
    if line is None:
        raise NotFound("bank_line_not_found")
    return line


def hold(session: Session, pool_id: int, line_id: uuid.UUID, *, on: date, by: Actor, at: datetime) -> HeldReceipt:
    """Set a line that nobody can place to 2310, in the period that covers the day.

    Refuses Forbidden `role_may_not`, `lead_only`; NotFound `bank_line_not_found`; Invalid `receipt_not_incoming`,
    `day_before_step` before the bank's own day; Conflict `bank_line_matched`, `receipt_stands` where it is held, placed
    or returned already, and what `ledger.entries.open_period_on` refuses.
    """
    require(by, "receipt.hold")
    require_lead(session, pool_id, by)
    line = line_of_pool(session, pool_id, line_id)
    if line.amount_fen < 0:
        raise Invalid("receipt_not_incoming", reference=line.reference)
    if session.scalar(select(BankMatch.id).where(BankMatch.line_id == line.id, BankMatch.stage == "matched")):
        raise Conflict("bank_line_matched")
    held = BankLine.id.in_(select(HeldReceipt.line_id).where(HeldReceipt.stage == "held"))
    known = select(BankLine.id).where(BankLine.id == line.id, or_(held, is_done_with()))
    if session.scalar(known) is not None:
        raise Conflict("receipt_stands", reference=line.reference)
    entries.require_not_before(line.booked_on, on)
    return _hold(session, line, on=on, by=by, at=at)


def _hold(session: Session, line: BankLine, *, on: date, by: Actor, at: datetime) -> HeldReceipt:
    moves = [Move(AccountRef("1010"), AccountRef("2310"), line.amount_fen)]
    event = Event(Reason.RECEIPT_HELD, on, "bank_line", line.id, line.reference)
    posted = entries.post(session, line.pool_id, event, moves, by=by, at=at)
    assert by.person_id is not None  # noqa: S101 - the machinery has no role that holds
    row = HeldReceipt(
        pool_id=line.pool_id,
        line_id=line.id,
        amount_fen=line.amount_fen,
        stage="held",
        held_on=on,
        held_by=by.person_id,
        held_at=at,
        entry_id=posted.entry_id,
    )
    session.add(row)
    session.flush()
    facts = {"pool": row.pool_id, "amount_fen": row.amount_fen, "on": on.isoformat(), "entry": row.entry_id}
    audit.record(session, "held_receipt.held", by=by, at=at, of=("held_receipt", row.id), facts=facts)
    return row


def _close(
    session: Session, row: HeldReceipt, verb: str, entry_id: int, why: str, *, on: date, by: Actor, at: datetime
) -> None:
    row.closed_entry_id, row.closed_on, row.closed_why = entry_id, on, why
    row.closed_by, row.closed_at = by.person_id, at
    facts = {"on": on.isoformat(), "entry": entry_id, "why": why}
    stages.move_held_receipt(session, row, verb, by=by, at=at, facts=facts)


def _mirror(session: Session, row: HeldReceipt, *, on: date, by: Actor, at: datetime) -> int:
    entry = entries.entry(session, row.pool_id, row.entry_id)
    return entries.reverse(session, entry, on=on, document=entry.document, by=by, at=at).entry_id


def _told(why: str) -> str:
    """Return a reason as it is kept; Invalid `receipt_needs_words`, `bank_words_too_long`."""
    said = why.strip()
    if not said:
        raise Invalid("receipt_needs_words")
    if len(said) > WORDS_MOST:
        raise Invalid("bank_words_too_long", most=WORDS_MOST)
    return said


def place(session: Session, row: HeldReceipt, why: str, *, on: date, by: Actor, at: datetime) -> None:
    """Take a receipt off 2310, because it is known what it is: `why` says what is booked for it, or that nothing is.

    Refuses Forbidden `role_may_not`, `lead_only`; Invalid `receipt_needs_words`, `bank_words_too_long`,
    `day_before_step`; Conflict `stage_refuses`, and what `ledger.entries.open_period_on` refuses.
    """
    require(by, "receipt.place")
    require_lead(session, row.pool_id, by)
    step(stages.HELD_RECEIPT_MOVES, row.stage, "place", kind="held_receipt")
    said = _told(why)
    entries.require_not_before(row.held_on, on)
    _close(session, row, "place", _mirror(session, row, on=on, by=by, at=at), said, on=on, by=by, at=at)


def place_matched(session: Session, match: BankMatch, *, on: date, by: Actor, at: datetime) -> None:
    """Take the receipt of a line that was just matched off 2310, where it stands there."""
    query = select(HeldReceipt).where(HeldReceipt.line_id == match.line_id, HeldReceipt.stage == "held")
    row = session.scalar(query)
    if row is not None:
        entry_id = _mirror(session, row, on=on, by=by, at=at)
        row.match_id = match.id
        _close(session, row, "place", entry_id, "", on=on, by=by, at=at)


def unplace_matched(session: Session, match: BankMatch, *, on: date, by: Actor, at: datetime) -> None:
    """Put the money of a match that was just taken back on 2310 again, where the match had taken it from there."""
    query = select(HeldReceipt).where(HeldReceipt.match_id == match.id, HeldReceipt.stage == "placed")
    row = session.scalar(query)
    if row is not None:
        _reopen(session, row, on=on, by=by, at=at)


def _reopen(session: Session, row: HeldReceipt, *, on: date, by: Actor, at: datetime) -> HeldReceipt:
    stages.move_held_receipt(session, row, "reopen", by=by, at=at)
    return _hold(session, session.get_one(BankLine, row.line_id), on=on, by=by, at=at)


def reopen(session: Session, row: HeldReceipt, *, on: date, by: Actor, at: datetime) -> HeldReceipt:
    """Return the receipt that stands on 2310 again after it was placed by mistake; one of a match goes with the match.

    Refuses Forbidden `role_may_not`, `lead_only`, Invalid `day_before_step`, Conflict `stage_refuses`,
    `receipt_is_matched`, and what `ledger.entries.open_period_on` refuses.
    """
    require(by, "receipt.place")
    require_lead(session, row.pool_id, by)
    step(stages.HELD_RECEIPT_MOVES, row.stage, "reopen", kind="held_receipt")
    if row.match_id is not None:
        raise Conflict("receipt_is_matched")
    entries.require_not_before(row.closed_on, on)
    return _reopen(session, row, on=on, by=by, at=at)


def returns_of(session: Session, row: HeldReceipt) -> Sequence[BankLine]:
    """Return the lines of the bank that may show that a receipt went back: its sum, out, not before, still open."""
    query = select(BankLine).where(
        BankLine.pool_id == row.pool_id,
        BankLine.amount_fen == -row.amount_fen,
        BankLine.booked_on >= session.get_one(BankLine, row.line_id).booked_on,
        BankLine.id.not_in(select(BankMatch.line_id).where(BankMatch.stage == "matched")),
        ~is_done_with(),
    )
    return session.scalars(query.order_by(BankLine.booked_on, BankLine.reference)).all()


def give_back(
    session: Session, row: HeldReceipt, line_id: uuid.UUID, why: str, *, on: date, by: Actor, at: datetime
) -> None:
    """Book that a receipt went back to its payer, as a line of the bank shows; another person than who held it.

    Refuses Forbidden `role_may_not`, `lead_only`, `second_person_needed`; NotFound `bank_line_not_found`; Invalid
    `receipt_return_line_wrong` (returns_of), `receipt_needs_words`, `bank_words_too_long`, `day_before_step`; Conflict
    `stage_refuses`, and what `ledger.entries.open_period_on` refuses.
    """
    require(by, "receipt.return")
    require_lead(session, row.pool_id, by)
    step(stages.HELD_RECEIPT_MOVES, row.stage, "return", kind="held_receipt")
    require_other_person(row.held_by, by)
    said = _told(why)
    line = line_of_pool(session, row.pool_id, line_id)
    if line.id not in {one.id for one in returns_of(session, row)}:
        raise Invalid("receipt_return_line_wrong", reference=line.reference)
    entries.require_not_before(max(row.held_on, line.booked_on), on)
    moves = [Move(AccountRef("2310"), AccountRef("1010"), row.amount_fen)]
    event = Event(Reason.RECEIPT_RETURNED, on, "bank_line", row.line_id, line.reference)
    posted = entries.post(session, row.pool_id, event, moves, by=by, at=at)
    row.return_line_id = line.id
    _close(session, row, "return", posted.entry_id, said, on=on, by=by, at=at)
