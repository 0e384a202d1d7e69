"""The pool's book: its members' share versions, its accounts, and what stands on them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ARRAY, ScalarSelect, Text, any_, bindparam, case, func, or_, select, text, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.errors import Forbidden, Invalid, NotFound
from core.permits import Actor, Role
from ledger.apportion import Weights
from ledger.models import Account, Book, Entry, Period, Share, ShareVersion, Transfer


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by its code (MONEY.md section 2) and, where the code is a member's, the member.

    >>> str(AccountRef("1110"))
    '1110'
    """

    code: str
    member: uuid.UUID | None = None

    def __str__(self) -> str:
        """Return `2210:member` as trial balances print it."""
        return f"{self.code}:{self.member}" if self.member else self.code


@dataclass(frozen=True, slots=True)
class MemberShares:
    """A share version: the members in order (lead first) and their weights over the whole."""

    pool_id: int
    number: int
    effective_on: date
    members: tuple[uuid.UUID, ...]
    weights: Weights

    @property
    def lead(self) -> uuid.UUID:
        """Return the lead's organisation."""
        return self.members[0]


def open_book(session: Session, name: str, *, is_rehearsal: bool = False) -> Book:
    """Return a new, empty book; its number is the pool's. A rehearsal's is negative and uses up no pool's number."""
    book = Book(name=name)
    if is_rehearsal:
        book.pool_id = session.scalars(select(-func.nextval("rehearsal_number"))).one()
    session.add(book)
    session.flush()
    return book


def set_shares(
    session: Session, pool_id: int, effective_on: date, members: Sequence[tuple[uuid.UUID, int]], whole: int
) -> MemberShares:
    """Return a new share version for policies that begin on or after `effective_on`; the first member is the lead.

    Refuses Invalid `weights_do_not_sum` where they do not add up to the whole (the database refuses it too),
    `invalid_weights` for a member without one, `shares_go_back` where a version already reaches that day or beyond.
    """
    weights = Weights(tuple(weight for _, weight in members), whole)
    if min(weights.weights) == 0:
        raise Invalid("invalid_weights", weights=weights.weights, whole=whole)
    last = session.execute(
        select(func.max(ShareVersion.number), func.max(ShareVersion.effective_on)).where(
            ShareVersion.pool_id == pool_id
        )
    ).one()
    if last[1] is not None and last[1] >= effective_on:
        raise Invalid("shares_go_back", effective_on=effective_on, last=last[1])
    number = (last[0] or 0) + 1
    session.add(ShareVersion(pool_id=pool_id, number=number, whole=whole, effective_on=effective_on))
    session.flush()
    session.add_all(
        Share(pool_id=pool_id, number=number, position=position, organisation_id=member, weight=weight)
        for position, (member, weight) in enumerate(members)
    )
    session.flush()
    return shares(session, pool_id, number)


_VERSIONS = (
    select(ShareVersion.number, ShareVersion.whole, ShareVersion.effective_on, Share.organisation_id, Share.weight)
    .join(Share, (Share.pool_id == ShareVersion.pool_id) & (Share.number == ShareVersion.number))
    .where(ShareVersion.pool_id == bindparam("pool_id"))
    .order_by(ShareVersion.number, Share.position)
)
_SHARES = _VERSIONS.where(ShareVersion.number == bindparam("number"))


def shares(session: Session, pool_id: int, number: int) -> MemberShares:
    """Return one share version of a pool; NotFound `shares_not_found`."""
    rows = session.execute(_SHARES, {"pool_id": pool_id, "number": number}).all()
    if not rows:
        raise NotFound("shares_not_found", pool_id=pool_id)
    return _made(pool_id, number, rows)


def _made(pool_id: int, number: int, rows: Sequence[Any]) -> MemberShares:
    """Return a share version from its rows, one a member."""
    weights = Weights(tuple(row.weight for row in rows), rows[0].whole)
    members = tuple(row.organisation_id for row in rows)
    return MemberShares(pool_id, number, rows[0].effective_on, members, weights)


def versions(session: Session, pool_id: int) -> dict[int, MemberShares]:
    """Return every share version of a pool by its number, oldest first."""
    rows: dict[int, list[Any]] = {}
    for row in session.execute(_VERSIONS, {"pool_id": pool_id}):
        rows.setdefault(row.number, []).append(row)
    return {number: _made(pool_id, number, found) for number, found in rows.items()}


def shares_on(session: Session, pool_id: int, day: date) -> MemberShares:
    """Return the share version for a policy that begins on `day`; NotFound `shares_not_found` before the first."""
    number = session.scalar(
        select(ShareVersion.number)
        .where(ShareVersion.pool_id == pool_id, ShareVersion.effective_on <= day)
        .order_by(ShareVersion.effective_on.desc())
        .limit(1)
    )
    if number is None:
        raise NotFound("shares_not_found", pool_id=pool_id)
    return shares(session, pool_id, number)


def latest_shares(session: Session, pool_id: int) -> MemberShares:
    """Return the newest share version of a pool; NotFound `shares_not_found`."""
    known = versions(session, pool_id)
    if not known:
        raise NotFound("shares_not_found", pool_id=pool_id)
    return known[max(known)]


def require_lead(session: Session, pool_id: int, by: Actor) -> None:
    """Refuse Forbidden `lead_only` from anyone but the pool's lead; the machinery (SYSTEM) may.

    The lead stands first in every share version of a pool: another lead is another pool.
    """
    if by.role is Role.SYSTEM:
        return
    lead = select(Share.organisation_id).where(Share.pool_id == pool_id, Share.position == 0)
    if by.organisation_id is None or session.scalar(lead.order_by(Share.number.desc()).limit(1)) != by.organisation_id:
        raise Forbidden("lead_only")


_ACCOUNTS = select(Account.id, Account.code, Account.organisation_id).where(
    Account.pool_id == bindparam("pool_id"), Account.code == any_(bindparam("codes", type_=ARRAY(Text)))
)


def account_ids(session: Session, pool_id: int, wanted: Sequence[AccountRef]) -> dict[AccountRef, int]:
    """Return the numbers of accounts, made where they are missing."""
    known: dict[tuple[int, AccountRef], int] = session.info.setdefault("accounts", {})

    def missing() -> set[AccountRef]:
        return {ref for ref in wanted if (pool_id, ref) not in known}

    def keep(found: Iterable[Any]) -> None:
        known.update({(pool_id, AccountRef(row.code, row.organisation_id)): row.id for row in found})

    def look() -> None:
        codes = sorted({ref.code for ref in missing()})
        keep(session.execute(_ACCOUNTS, {"pool_id": pool_id, "codes": codes}))

    if missing():
        look()
    if fresh := missing():
        rows = {"codes": [ref.code for ref in fresh], "members": [ref.member for ref in fresh]}
        add = (
            "INSERT INTO account (pool_id, code, organisation_id)"
            " SELECT :pool_id, * FROM unnest(CAST(:codes AS text[]), CAST(:members AS uuid[]))"
            " ON CONFLICT DO NOTHING RETURNING id, code, organisation_id"
        )
        keep(session.execute(text(add), {"pool_id": pool_id, **rows}))
    if missing():
        look()
    return {ref: known[pool_id, ref] for ref in wanted}


def balances(session: Session, pool_id: int, *, until_on: date | None = None) -> dict[AccountRef, int]:
    """Return what stands on each account of a pool in fen, debit positive; accounts at zero are left out.

    With `until_on` only what was booked in periods that end by that day: the next period may have begun already.
    """
    here = [Transfer.pool_id == pool_id]
    if until_on is not None:
        ended = select(Period.id).where(Period.pool_id == pool_id, Period.ends_on <= until_on)
        here.append(Transfer.period_id.in_(ended))
    legs = union_all(
        select(Transfer.debit_id.label("account_id"), Transfer.amount_fen.label("fen")).where(*here),
        select(Transfer.credit_id, -Transfer.amount_fen).where(*here),
    ).subquery()
    total = func.sum(legs.c.fen)
    query = (
        select(Account.code, Account.organisation_id, total.label("fen"))
        .join(Account, Account.id == legs.c.account_id)
        .group_by(Account.code, Account.organisation_id)
        .having(total != 0)
        .order_by(Account.code, Account.organisation_id)
    )
    return {AccountRef(row.code, row.organisation_id): int(row.fen) for row in session.execute(query)}


def balance_about(pool_id: int, code: str, subject_id: InstrumentedAttribute[uuid.UUID]) -> ScalarSelect[int]:
    """Return, as a part of a query, what the entries about each of its rows put on the pool's own account of a code.

    In fen, debit positive; the rows' subjects are a column of the query.
    """
    own = select(Account.id).where(Account.pool_id == pool_id, Account.code == code, Account.organisation_id.is_(None))
    account_id = own.scalar_subquery()
    legs = case((Transfer.debit_id == account_id, Transfer.amount_fen), else_=-Transfer.amount_fen)
    same = (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id)
    query = (
        select(func.coalesce(func.sum(legs), 0))
        .select_from(Entry)
        .join(Transfer, same & (Entry.id == Transfer.entry_id))
        .where(Entry.pool_id == pool_id, Entry.subject_id == subject_id)
        .where(or_(Transfer.debit_id == account_id, Transfer.credit_id == account_id))
    )
    return query.scalar_subquery()


def balance(session: Session, pool_id: int, ref: AccountRef, *, subject_id: uuid.UUID | None = None) -> int:
    """Return what stands on one account in fen, debit positive; with a subject, what entries about it put there."""
    account_id = session.scalar(
        select(Account.id).where(
            Account.pool_id == pool_id,
            Account.code == ref.code,
            Account.organisation_id.is_not_distinct_from(ref.member),
        )
    )
    total = 0
    if account_id is None:
        return total
    for column, sign in ((Transfer.debit_id, 1), (Transfer.credit_id, -1)):
        query = select(func.coalesce(func.sum(Transfer.amount_fen), 0)).where(
            Transfer.pool_id == pool_id, column == account_id
        )
        if subject_id is not None:
            same = (Entry.pool_id == Transfer.pool_id) & (Entry.period_id == Transfer.period_id)
            query = query.join(Entry, same & (Entry.id == Transfer.entry_id)).where(Entry.subject_id == subject_id)
        total += sign * int(session.scalar(query) or 0)
    return total
