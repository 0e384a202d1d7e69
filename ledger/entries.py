"""Posting: an entry is one business event, its transfers move positive amounts between two accounts of one pool.

Nothing posted is ever changed; a mistake is taken back by a mirroring entry in the open period.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from core import audit
from core.db import Writing
from core.errors import Conflict, Invalid, NotFound
from core.permits import Actor
from ledger import streams
from ledger.books import AccountRef, account_ids
from ledger.models import ENTRY_NUMBER, Account, Entry, IdempotencyKey, Period, Transfer
from ledger.money import check_amount
from ledger.reasons import FINAL, Reason
from ledger.streams import TakenSplit

_KNOWN_KEY = select(IdempotencyKey.digest, IdempotencyKey.outcome).where(
    IdempotencyKey.scope == bindparam("scope"), IdempotencyKey.key == bindparam("key")
)
_NEXT_NUMBER = select(ENTRY_NUMBER.next_value())
_INSERT_ENTRY = (
    'INSERT INTO entry (pool_id, period_id, id, reason, "on", at, subject_kind, subject_id, document, person_id,'
    " amount_fen, reverses_id) VALUES (:pool_id, :period_id, :id, :reason, :on, :at, :subject_kind, :subject_id,"
    " :document, :person_id, :amount_fen, :reverses_id)"
)
#: One shape for any number of transfers: planned once, and its sum checked once.
_INSERT_TRANSFERS = (
    "INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen)"
    " SELECT :pool_id, :period_id, :entry_id, place - 1, debit, credit, amount"
    " FROM unnest(CAST(:debits AS bigint[]), CAST(:credits AS bigint[]), CAST(:amounts AS bigint[]))"
    " WITH ORDINALITY AS moved (debit, credit, amount, place)"
)
#: The same of several entries, in columns.
_NEXT_NUMBERS = select(ENTRY_NUMBER.next_value()).select_from(func.generate_series(1, bindparam("count")))
_INSERT_ENTRIES = (
    'INSERT INTO entry (pool_id, period_id, id, reason, "on", at, subject_kind, subject_id, document, person_id,'
    " amount_fen) SELECT :pool_id, :period_id, id, reason, day, :at, kind, subject, document, :person_id, amount"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:reasons AS text[]), CAST(:days AS date[]), CAST(:kinds AS text[]),"
    " CAST(:subjects AS uuid[]), CAST(:documents AS text[]), CAST(:amounts AS bigint[]))"
    " AS entry (id, reason, day, kind, subject, document, amount)"
)
_INSERT_MOVES = (
    "INSERT INTO transfer (pool_id, period_id, entry_id, line, debit_id, credit_id, amount_fen)"
    " SELECT :pool_id, :period_id, moved.* FROM unnest(CAST(:entries AS bigint[]), CAST(:lines AS bigint[]),"
    " CAST(:debits AS bigint[]), CAST(:credits AS bigint[]), CAST(:amounts AS bigint[])) AS moved"
)


@dataclass(frozen=True, slots=True)
class Move:
    """`amount_fen` goes from `credit` to `debit`; a negative amount goes the other way, zero does not go."""

    debit: AccountRef
    credit: AccountRef
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Event:
    """What an entry is about: why, on which day, about which record, by which document."""

    reason: Reason
    on: date
    subject_kind: str
    subject_id: uuid.UUID
    document: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A posted entry's place: pool, period and number."""

    pool_id: int
    period_id: int
    entry_id: int


_HOLD_PERIOD = (
    select(Period)
    .where(Period.pool_id == bindparam("pool_id"))
    .where(Period.starts_on <= bindparam("day"), Period.ends_on >= bindparam("day"))
    .with_for_update(read=True)
    .execution_options(populate_existing=True)
)


def open_period_on(session: Session, pool_id: int, day: date) -> Period:
    """Return the open period that covers `day`, locked so that it stays open until this transaction ends.

    Refuses Conflict `period_closed` or `period_not_opened`, naming the day.
    """
    period = session.scalar(_HOLD_PERIOD, {"pool_id": pool_id, "day": day})
    if period is None:
        raise Conflict("period_not_opened", day=day)
    if period.stage != "open":
        raise Conflict("period_closed", period=period.label, day=day)
    return period


def require_not_before(earlier: date | None, on: date) -> None:
    """Refuse Invalid `day_before_step` (day, earlier) where a step is booked on a day before the one it stands on."""
    if earlier is not None and on < earlier:
        raise Invalid("day_before_step", day=on, earlier=earlier)


def post(
    session: Session,
    pool_id: int,
    event: Event,
    moves: Sequence[Move],
    *,
    by: Actor,
    at: datetime,
    splits: Sequence[TakenSplit] = (),
    reverses_id: int | None = None,
    period: Period | None = None,
    writing: Writing | None = None,
) -> Posted:
    """Post one entry with its moves in the period that covers its day, and keep the splits its parts come from.

    `period` is that period where the caller holds it already (`open_period_on`). With a `writing` everything is added
    to it and posted when it is written. Refuses Invalid `nothing_to_post` where every amount is zero,
    `amount_too_large`, and what `open_period_on` refuses.
    """
    period = period or open_period_on(session, pool_id, event.on)
    real = [_positive(move) for move in moves if move.amount_fen]
    if not real:
        raise Invalid("nothing_to_post", reason=event.reason.value)
    posted = Posted(pool_id, period.id, session.scalars(_NEXT_NUMBER).one())
    amount_fen = sum(move.amount_fen for move in real)
    place = {"pool_id": pool_id, "period_id": period.id}
    about = {"subject_kind": event.subject_kind, "subject_id": event.subject_id, "document": event.document}
    who = {"at": at, "person_id": by.person_id}
    what = {"reason": event.reason.value, "on": event.on, "amount_fen": amount_fen, "reverses_id": reverses_id}
    mine = Writing() if writing is None else writing
    mine.add(_INSERT_ENTRY, {**place, "id": posted.entry_id, **about, **who, **what})
    mine.add(_INSERT_TRANSFERS, {**place, "entry_id": posted.entry_id, **_columns(session, pool_id, real)})
    for split in splits:
        streams.keep(mine, split, period_id=period.id, entry_id=posted.entry_id)
    facts = _told(pool_id, event, amount_fen)
    audit.record(session, "entry.posted", by=by, at=at, of=("entry", posted.entry_id), facts=facts, writing=mine)
    if writing is None:
        mine.write(session)
    return posted


def post_each(
    session: Session,
    period: Period,
    posts: Sequence[tuple[Event, Move]],
    *,
    by: Actor,
    at: datetime,
    writing: Writing,
) -> None:
    """Add entries of one move each to a writing, in their order, as `post` posts each of them: a few rows for all.

    Every event's day lies in `period`, which the caller holds. What moves nothing is left out. Refuses Invalid
    `amount_too_large`.
    """
    real = [(event, _positive(move)) for event, move in posts if move.amount_fen]
    if not real:
        return
    pool_id, events, moves = period.pool_id, [event for event, _ in real], [move for _, move in real]
    numbers = list(session.scalars(_NEXT_NUMBERS, {"count": len(real)}))
    moved = _columns(session, pool_id, moves)
    what = {
        "ids": numbers,
        "reasons": [event.reason.value for event in events],
        "days": [event.on for event in events],
        "kinds": [event.subject_kind for event in events],
        "subjects": [event.subject_id for event in events],
        "documents": [event.document for event in events],
        "amounts": moved["amounts"],
    }
    place = {"pool_id": pool_id, "period_id": period.id}
    writing.add(_INSERT_ENTRIES, {**place, **what, "at": at, "person_id": by.person_id})
    writing.add(_INSERT_MOVES, {**place, **moved, "entries": numbers, "lines": [0] * len(numbers)})
    told = [
        (str(number), _told(pool_id, event, move.amount_fen))
        for number, event, move in zip(numbers, events, moves, strict=True)
    ]
    audit.record_each(session, "entry.posted", "entry", told, by=by, at=at, writing=writing)


def _told(pool_id: int, event: Event, amount_fen: int) -> dict[str, Any]:
    """Return what the log says of an entry."""
    return {"pool": pool_id, "reason": event.reason.value, "amount_fen": amount_fen, "on": event.on.isoformat()}


def _columns(session: Session, pool_id: int, moves: Sequence[Move]) -> dict[str, list[int]]:
    """Return what an entry moves, in columns: all in one statement, so that the database can check their sum."""
    numbers = account_ids(session, pool_id, [ref for move in moves for ref in (move.debit, move.credit)])
    return {
        "debits": [numbers[move.debit] for move in moves],
        "credits": [numbers[move.credit] for move in moves],
        "amounts": [move.amount_fen for move in moves],
    }


def _positive(move: Move) -> Move:
    """Return the same move with a positive amount; refuses `amount_too_large`."""
    check_amount(move.amount_fen)
    if move.amount_fen < 0:
        return replace(move, debit=move.credit, credit=move.debit, amount_fen=-move.amount_fen)
    return move


def entry(session: Session, pool_id: int, entry_id: int) -> Entry:
    """Return an entry of a pool; NotFound `entry_not_found`."""
    row = session.scalar(select(Entry).where(Entry.pool_id == pool_id, Entry.id == entry_id))
    if row is None:
        raise NotFound("entry_not_found", entry_id=entry_id)
    return row


def moves_of(session: Session, row: Entry) -> list[Move]:
    """Return what an entry moved, in its order."""
    query = (
        select(Transfer.debit_id, Transfer.credit_id, Transfer.amount_fen)
        .where(Transfer.pool_id == row.pool_id, Transfer.period_id == row.period_id, Transfer.entry_id == row.id)
        .order_by(Transfer.line)
    )
    refs = {
        found.id: AccountRef(found.code, found.organisation_id)
        for found in session.execute(
            select(Account.id, Account.code, Account.organisation_id).where(Account.pool_id == row.pool_id)
        )
    }
    return [Move(refs[debit], refs[credit], fen) for debit, credit, fen in session.execute(query)]


def reverse(session: Session, row: Entry, *, on: date, document: str, by: Actor, at: datetime) -> Posted:
    """Take an entry back by its mirror in the period that covers `on`: every move the other way, every split undone.

    Refuses Conflict `entry_is_final` where its reason is (`ledger.reasons.FINAL`), `entry_is_reversal` where it is a
    mirror itself, `entry_reversed` where it has been taken back, and what `open_period_on` refuses, before anything has
    moved.
    """
    if Reason(row.reason) in FINAL:
        raise Conflict("entry_is_final", entry_id=row.id)
    if row.reverses_id is not None:
        raise Conflict("entry_is_reversal", entry_id=row.id)
    if session.scalar(select(Entry.id).where(Entry.pool_id == row.pool_id, Entry.reverses_id == row.id)):
        raise Conflict("entry_reversed", entry_id=row.id)
    open_period_on(session, row.pool_id, on)
    mirrored = [replace(move, debit=move.credit, credit=move.debit) for move in moves_of(session, row)]
    undone = streams.undo(session, row.pool_id, row.id)
    event = Event(Reason(row.reason), on, row.subject_kind, row.subject_id, document)
    return post(session, row.pool_id, event, mirrored, by=by, at=at, splits=undone, reverses_id=row.id)


def digest_of(body: Mapping[str, Any]) -> str:
    """Return the digest by which a repeated request is known to be the same."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()


def outcome_of(session: Session, scope: str, key: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what was kept under this key in this scope; None where the key is new.

    Refuses Conflict `key_used_otherwise` for another body.
    """
    known = session.execute(_KNOWN_KEY, {"scope": scope, "key": key}).one_or_none()
    if known is None:
        return None
    if known.digest != digest_of(body):
        raise Conflict("key_used_otherwise", key=key)
    outcome: dict[str, Any] = known.outcome
    return outcome


def keep_outcome(
    session: Session, scope: str, key: str, body: Mapping[str, Any], outcome: dict[str, Any], *, at: datetime
) -> None:
    """Keep, for ever and in the transaction of the work, what was done under this key."""
    session.flush()
    row = {"scope": scope, "key": key, "digest": digest_of(body), "outcome": outcome, "at": at}
    session.connection().execute(insert(IdempotencyKey), row)


def once(
    session: Session,
    scope: str,
    key: str,
    body: Mapping[str, Any],
    work: Callable[[], dict[str, Any]],
    *,
    at: datetime,
) -> dict[str, Any]:
    """Return what `work` returned the first time this key was used in this scope; do it where it is the first time.

    Refuses Conflict `key_used_otherwise` for another body.
    """
    known = outcome_of(session, scope, key, body)
    if known is not None:
        return known
    outcome = work()
    keep_outcome(session, scope, key, body, outcome, at=at)
    return outcome
