"""The journal of a pool's book as one may see it: entries by filter, the moves of one, and sums by month.

A member sees of an entry what moved its own accounts and nothing else: its view is a filter of the same entries.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Subquery,
    extract,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from ledger.models import Account, Entry, Period, StreamItem, Transfer
from ledger.reasons import Reason


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries of a book: everything left empty leaves everything in.

    `only` is the member whose view it is (None: all accounts). With an account (`code`, and `member` for one member's)
    the amount of an entry is what it put on that account, debit positive, so that the amounts add up to its balance.
    """

    only: uuid.UUID | None = None
    reason: str = ""
    period_id: int | None = None
    code: str = ""
    member: uuid.UUID | None = None
    subject_id: uuid.UUID | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    document: str = ""
    after_entry: int = 0
    before_entry: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One entry as a list shows it; `amount_fen` as `Wanted` says."""

    id: int
    period_id: int
    period: str
    on: date
    at: datetime
    reason: Reason
    subject_kind: str
    subject_id: uuid.UUID
    document: str
    amount_fen: int
    reverses_id: int | None


@dataclass(frozen=True, slots=True)
class Leg:
    """One transfer of an entry; an account's code is None where it is another member's and not to be seen."""

    line: int
    debit_code: str | None
    debit_member: uuid.UUID | None
    credit_code: str | None
    credit_member: uuid.UUID | None
    amount_fen: int


def _accounts(pool_id: int, wanted: Wanted) -> Select[int] | None:
    """Return the query of the accounts whose movements are asked for; None where all are."""
    query = select(Account.id).where(Account.pool_id == pool_id)
    if wanted.only is None and not wanted.code:
        return None
    if wanted.only is not None:
        query = query.where(Account.organisation_id == wanted.only)
    if wanted.code:
        query = query.where(Account.code == wanted.code)
    if wanted.member is not None:
        query = query.where(Account.organisation_id == wanted.member)
    return query


def _amounts(pool_id: int, wanted: Wanted) -> Subquery | None:
    """Return (period_id, entry_id, fen) of the accounts asked for: signed for an account, else what was moved."""
    accounts = _accounts(pool_id, wanted)
    if accounts is None:
        return None
    place = (Transfer.period_id, Transfer.entry_id)
    here: list[ColumnElement[bool]] = [Transfer.pool_id == pool_id]
    if wanted.period_id is not None:
        here.append(Transfer.period_id == wanted.period_id)
    if wanted.code:
        legs = union_all(
            select(*place, Transfer.amount_fen.label("fen")).where(*here, Transfer.debit_id.in_(accounts)),
            select(*place, -Transfer.amount_fen).where(*here, Transfer.credit_id.in_(accounts)),
        ).subquery()
    else:
        either = or_(Transfer.debit_id.in_(accounts), Transfer.credit_id.in_(accounts))
        legs = select(*place, Transfer.amount_fen.label("fen")).where(*here, either).subquery()
    query = select(legs.c.period_id, legs.c.entry_id, func.sum(legs.c.fen).label("fen"))
    return query.group_by(legs.c.period_id, legs.c.entry_id).subquery()


def entries_of(pool_id: int, wanted: Wanted) -> Select[tuple[object, ...]]:
    """Return the query of a book's entries, newest first; its columns are the fields of `JournalRow`."""
    amounts = _amounts(pool_id, wanted)
    amount = Entry.amount_fen if amounts is None else amounts.c.fen
    query = (
        select(
            Entry.id,
            Entry.period_id,
            Period.label.label("period"),
            Entry.on,
            Entry.at,
            Entry.reason,
            Entry.subject_kind,
            Entry.subject_id,
            Entry.document,
            amount.label("amount_fen"),
            Entry.reverses_id,
        )
        .join(Period, (Period.pool_id == Entry.pool_id) & (Period.id == Entry.period_id))
        .where(Entry.pool_id == pool_id, *_conditions(wanted))
        .order_by(Entry.id.desc())
    )
    if amounts is not None:
        query = query.join(amounts, (amounts.c.period_id == Entry.period_id) & (amounts.c.entry_id == Entry.id))
    return query


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Return what an entry itself must be like."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.reason:
        conditions.append(Entry.reason == wanted.reason)
    if wanted.period_id is not None:
        conditions.append(Entry.period_id == wanted.period_id)
    if wanted.subject_id is not None:
        conditions.append(Entry.subject_id == wanted.subject_id)
    if wanted.starts_on is not None:
        conditions.append(Entry.on >= wanted.starts_on)
    if wanted.ends_on is not None:
        conditions.append(Entry.on <= wanted.ends_on)
    if wanted.after_entry:
        conditions.append(Entry.id > wanted.after_entry)
    if wanted.before_entry:
        conditions.append(Entry.id < wanted.before_entry)
    if wanted.document:
        conditions.append(Entry.document.icontains(wanted.document, autoescape=True))
    return conditions


def row_of(found: RowMapping) -> JournalRow:
    """Return a row of `entries_of` as a value."""
    return JournalRow(**{**found, "reason": Reason(found["reason"]), "amount_fen": int(found["amount_fen"])})


def page(
    session: Session, pool_id: int, wanted: Wanted, *, limit: int | None = None, offset: int = 0
) -> list[JournalRow]:
    """Return entries of a book, newest first."""
    query = entries_of(pool_id, wanted).limit(limit).offset(offset)
    return [row_of(found) for found in session.execute(query).mappings()]


def count_and_sum(session: Session, pool_id: int, wanted: Wanted) -> tuple[int, int]:
    """Return (how many entries, the sum of their amounts in fen) that a filter finds."""
    inner = entries_of(pool_id, wanted).order_by(None).subquery()
    count, fen = session.execute(select(func.count(), func.coalesce(func.sum(inner.c.amount_fen), 0))).one()
    return int(count), int(fen)


def count_by_reason(session: Session, pool_id: int, wanted: Wanted) -> dict[Reason, int]:
    """Return reason -> how many entries a filter finds, in the order of the reasons."""
    inner = entries_of(pool_id, wanted).order_by(None).subquery()
    found = {
        row[0]: int(row[1]) for row in session.execute(select(inner.c.reason, func.count()).group_by(inner.c.reason))
    }
    return {reason: found[reason.value] for reason in Reason if reason.value in found}


def entry_of(session: Session, pool_id: int, entry_id: int, *, only: uuid.UUID | None = None) -> JournalRow | None:
    """Return one entry as its reader may see it; None where there is none for it."""
    query = entries_of(pool_id, Wanted(only=only)).where(Entry.id == entry_id)
    found = session.execute(query).mappings().one_or_none()
    return row_of(found) if found else None


def legs_of(session: Session, pool_id: int, row: JournalRow, *, only: uuid.UUID | None = None) -> list[Leg]:
    """Return the transfers of an entry; for one member (`only`) those that touch an account of its own."""
    debit, credit = aliased(Account), aliased(Account)
    query = (
        select(
            Transfer.line, debit.code, debit.organisation_id, credit.code, credit.organisation_id, Transfer.amount_fen
        )
        .outerjoin(debit, debit.id == Transfer.debit_id)
        .outerjoin(credit, credit.id == Transfer.credit_id)
        .where(Transfer.pool_id == pool_id, Transfer.period_id == row.period_id, Transfer.entry_id == row.id)
        .order_by(Transfer.line)
    )
    if only is not None:
        query = query.where(or_(debit.organisation_id == only, credit.organisation_id == only))
    legs = [Leg(*found) for found in session.execute(query)]
    return [_hidden(leg, only) for leg in legs] if only is not None else legs


def _hidden(leg: Leg, only: uuid.UUID) -> Leg:
    """Return a leg without the account of another member."""
    is_debit_seen = leg.debit_member in (None, only)
    is_credit_seen = leg.credit_member in (None, only)
    return Leg(
        leg.line,
        leg.debit_code if is_debit_seen else None,
        leg.debit_member if is_debit_seen else None,
        leg.credit_code if is_credit_seen else None,
        leg.credit_member if is_credit_seen else None,
        leg.amount_fen,
    )


def splits_of(session: Session, pool_id: int, entry_id: int) -> Sequence[StreamItem]:
    """Return what an entry split, by share version and kind."""
    query = select(StreamItem).where(StreamItem.pool_id == pool_id, StreamItem.entry_id == entry_id)
    return session.scalars(query.order_by(StreamItem.number, StreamItem.kind, StreamItem.sequence)).all()


def mirror_of(session: Session, pool_id: int, entry_id: int) -> int | None:
    """Return the number of the entry that took this one back; None while it stands."""
    return session.scalar(select(Entry.id).where(Entry.pool_id == pool_id, Entry.reverses_id == entry_id))


def by_month(
    session: Session, pool_ids: Sequence[int], code: str, reason: Reason, starts_on: date, ends_on: date
) -> dict[int, int]:
    """Return month -> what entries of a reason put on an account, in fen, debit positive; mirrors take it off again."""
    month = extract("month", Entry.on)
    accounts = select(Account.id).where(Account.pool_id.in_(pool_ids), Account.code == code)
    same = (
        (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id) & (Entry.id == Transfer.entry_id)
    )
    totals: dict[int, int] = {}
    for side, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        query = (
            select(month, func.sum(Transfer.amount_fen))
            .select_from(Transfer)
            .join(Entry, same)
            .where(Transfer.pool_id.in_(pool_ids), side.in_(accounts), Entry.reason == reason.value)
            .where(Entry.on >= starts_on, Entry.on <= ends_on)
            .group_by(month)
        )
        for number, fen in session.execute(query):
            totals[int(number)] = totals.get(int(number), 0) + sign * int(fen)
    return totals
