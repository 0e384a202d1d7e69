"""The lists of a book that need nothing but the book: its trial balance and its journal, one query each.

What such a query returns is written to page, CSV and XLSX alike; the database does every sum. Amounts are in fen.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, literal, or_, select, union_all
from sqlalchemy.orm import aliased

from core.parties import Organisation
from ledger.extracts import Scope
from ledger.models import Account, Entry, Period, Transfer

#: A query of rows with any columns.
Query = Select[*tuple[Any, ...]]


def whole(column: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a sum of the database as a whole number: nothing is 0."""
    return cast(func.coalesce(column, 0), BigInteger)


def counted(scope: Scope, entry_id: Any) -> list[ColumnElement[bool]]:
    """Return the condition that an entry counts: up to the last one of an open period, any of a closed one."""
    return [] if scope.until_entry_id is None else [entry_id <= scope.until_entry_id]


def trial_balance(scope: Scope) -> Query:
    """Return the query of what every account began with, took and ended with; opening and closing debit positive.

    Columns: `code` (empty: the other members together), `member`, `opening_fen`, `debit_fen`, `credit_fen`,
    `closing_fen`. The openings add up to zero, and so do the closings; the debits to the credits.
    """
    sums = _turnover(scope)
    is_seen = _is_seen(Account.organisation_id, scope)
    named = (
        select(
            _if_seen(is_seen, Account.code).label("code"),
            _if_seen(is_seen, Organisation.name).label("member"),
            _if_seen(is_seen, Organisation.sort_key).label("sort_key"),
            sums.c.opening,
            sums.c.debit,
            sums.c.credit,
        )
        .outerjoin(Account, Account.id == sums.c.account_id)
        .outerjoin(Organisation, Organisation.id == Account.organisation_id)
        .subquery("named")
    )
    opening, debit, credit = (whole(func.sum(named.c[name])) for name in ("opening", "debit", "credit"))
    return (
        select(
            named.c.code,
            named.c.member,
            opening.label("opening_fen"),
            debit.label("debit_fen"),
            credit.label("credit_fen"),
            (opening + debit - credit).label("closing_fen"),
        )
        .group_by(named.c.code, named.c.member, named.c.sort_key)
        .having(or_(opening != 0, debit != 0, credit != 0))
        .order_by(named.c.code == "", named.c.code, named.c.sort_key)
    )


def _turnover(scope: Scope) -> Any:
    """Return (account, what it began with, what was debited, what was credited in the period)."""
    before = select(Period.id).where(Period.pool_id == scope.pool_id, Period.ends_on < scope.starts_on)
    period_id = scope.period_id
    here = (
        Transfer.pool_id == scope.pool_id,
        or_(Transfer.period_id == period_id, Transfer.period_id.in_(before)),
        *counted(scope, Transfer.entry_id),
    )
    nothing = literal(0, BigInteger)
    amount, is_now = Transfer.amount_fen, (Transfer.period_id == period_id).label("is_now")
    legs = union_all(
        select(Transfer.debit_id.label("account_id"), is_now, amount.label("debit"), nothing.label("credit")).where(
            *here
        ),
        select(Transfer.credit_id, is_now, nothing, amount).where(*here),
    ).subquery("legs")
    return (
        select(
            legs.c.account_id,
            func.sum(case((~legs.c.is_now, legs.c.debit - legs.c.credit), else_=0)).label("opening"),
            func.sum(case((legs.c.is_now, legs.c.debit), else_=0)).label("debit"),
            func.sum(case((legs.c.is_now, legs.c.credit), else_=0)).label("credit"),
        )
        .group_by(legs.c.account_id)
        .subquery("sums")
    )


def _is_seen(owner: Any, scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an account is the pool's or the reader's own."""
    return literal(True) if scope.only is None else or_(owner.is_(None), owner == scope.only)


def _if_seen(is_seen: ColumnElement[bool], word: Any) -> ColumnElement[str]:
    """Return a word of an account where it may be seen, else nothing.

    The wall before accounts (row security) may have taken the account itself away: then, too, there is nothing.
    """
    return func.coalesce(case((is_seen, word), else_=""), "")


def journal(scope: Scope) -> Query:
    """Return the query of every transfer of a period in the order of the book; a member's view has those on its own.

    Columns: `entry`, `line`, `on`, `reason`, `is_mirror`, `subject_kind`, `document`, `debit`, `debit_member`,
    `credit`, `credit_member`, `amount_fen`; an account that its reader may not see has no code.
    """
    debit, credit = aliased(Account), aliased(Account)
    payer, payee = aliased(Organisation), aliased(Organisation)
    same = and_(Entry.pool_id == Transfer.pool_id, Entry.period_id == Transfer.period_id, Entry.id == Transfer.entry_id)
    columns = []
    for side, account, member in (("debit", debit, payer), ("credit", credit, payee)):
        is_seen = _is_seen(account.organisation_id, scope)
        columns += [
            _if_seen(is_seen, account.code).label(side),
            _if_seen(is_seen, member.name).label(f"{side}_member"),
        ]
    query = (
        select(
            Transfer.entry_id.label("entry"),
            Transfer.line,
            Entry.on,
            Entry.reason,
            Entry.reverses_id.is_not(None).label("is_mirror"),
            Entry.subject_kind,
            Entry.document,
            *columns,
            Transfer.amount_fen,
        )
        .select_from(Transfer)
        .join(Entry, same)
        .outerjoin(debit, debit.id == Transfer.debit_id)
        .outerjoin(credit, credit.id == Transfer.credit_id)
        .outerjoin(payer, payer.id == debit.organisation_id)
        .outerjoin(payee, payee.id == credit.organisation_id)
        .where(
            Transfer.pool_id == scope.pool_id,
            Transfer.period_id == scope.period_id,
            *counted(scope, Transfer.entry_id),
        )
        .order_by(Transfer.entry_id, Transfer.line)
    )
    if scope.only is None:
        return query
    return query.where(or_(debit.organisation_id == scope.only, credit.organisation_id == scope.only))
