"""What is owed on statements, cash calls and items of their own, by days overdue: page, file, API and command alike.

One query finds what stood open on the day, each with the due day that stands on it; rows
and totals are sums of it by the database.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import Date, Integer, Row, Select, String, case, func, literal, select, type_coerce, union_all
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import Session

from claims.models import CashCall, Claim
from core.clock import CITY
from core.parties import Organisation
from core.permits import Actor
from ledger import statements
from ledger.clause_models import ApartItem
from ledger.models import Statement
from underwriting import apart
from underwriting.models import Pool
from web.claim_money import calls_visible_to

#: The bands in their order: not yet due, then by days overdue.
BANDS: tuple[str, ...] = ("not_due", "to_30", "to_60", "to_90", "over_90")

#: band -> (中文, English).
BAND_WORDS: Mapping[str, tuple[str, str]] = {
    "not_due": ("未到期", "Not yet due"),
    "to_30": ("逾期 1–30 天", "1–30 days"),
    "to_60": ("逾期 31–60 天", "31–60 days"),
    "to_90": ("逾期 61–90 天", "61–90 days"),
    "over_90": ("逾期 90 天以上", "Over 90 days"),
}

#: The last day overdue that each band has; the last band has no end.
_UNTIL: Mapping[str, int] = {"not_due": 0, "to_30": 30, "to_60": 60, "to_90": 90}

#: Who owes: the member to the pool, or the pool to the member.
SIDES: tuple[str, ...] = ("from_member", "to_member")

#: side -> (中文, English).
SIDE_WORDS: Mapping[str, tuple[str, str]] = {
    "from_member": ("成员应付共保体", "Due from the members"),
    "to_member": ("共保体应付成员", "Due to the members"),
}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which of it: what is empty leaves everything in."""

    pool_id: int | None = None
    member: uuid.UUID | None = None
    side: str = ""
    band: str = ""


@dataclass(frozen=True, slots=True)
class AgeingRow:
    """What one member of a pool owes (`from_member`) or is owed (`to_member`), in fen by band, and how many items."""

    pool_id: int
    pool: str
    organisation_id: uuid.UUID
    member: str
    side: str
    bands_fen: Mapping[str, int]
    total_fen: int
    count: int


def items(who: Actor, on: date, narrowed: Narrowed) -> Select[Any]:
    """Return the query of what stood open on a day, due first on top: statements, cash calls, items of their own.

    A statement stands open from its issue to its settlement, a cash call until it is received or taken into a
    statement, an item settled on its own from the close to its payment. The lead's own statement is left out: it is
    paid to nobody.
    """
    found = union_all(_statements(who, on), _calls(who, on), _apart(who, on)).subquery()
    days = type_coerce(literal(on, Date) - found.c.due_on, Integer)
    band = case(*((days <= until, name) for name, until in _UNTIL.items()), else_=BANDS[-1])
    query = (
        select(
            found,
            days.label("days_late"),
            band.label("band"),
            Pool.name.label("pool"),
            Organisation.name.label("member"),
        )
        .join(Pool, Pool.id == found.c.pool_id)
        .join(Organisation, Organisation.id == found.c.organisation_id)
        .order_by(found.c.due_on, found.c.number, found.c.organisation_id)
    )
    if narrowed.pool_id is not None:
        query = query.where(found.c.pool_id == narrowed.pool_id)
    if narrowed.member is not None:
        query = query.where(found.c.organisation_id == narrowed.member)
    if narrowed.side:
        query = query.where(found.c.side == narrowed.side)
    if narrowed.band:
        query = query.where(band == narrowed.band)
    return cast(Select[Any], query)


def _statements(who: Actor, on: date) -> Select[Any]:
    """Return the query of the statements that were issued and not settled on a day."""
    issued_on = sql_cast(func.timezone(CITY.key, Statement.issued_at), Date)
    query = (
        select(
            literal("statement", String).label("kind"),
            Statement.id,
            Statement.number,
            Statement.pool_id,
            Statement.organisation_id,
            case((Statement.balance_fen < 0, SIDES[0]), else_=SIDES[1]).label("side"),
            Statement.due_on,
            func.abs(Statement.balance_fen).label("amount_fen"),
            Statement.id.label("href_id"),
        )
        .join(Pool, Pool.id == Statement.pool_id)
        .where(Statement.id.in_(statements.visible_to(who).with_only_columns(Statement.id)))
        .where(Statement.organisation_id != Pool.lead_id, Statement.balance_fen != 0)
        .where(issued_on <= on, func.coalesce(Statement.settled_on > on, True))
    )
    return cast(Select[Any], query)


def _calls(who: Actor, on: date) -> Select[Any]:
    """Return the query of the cash calls that were issued and neither received nor taken on a day."""
    query = (
        select(
            literal("cash_call", String),
            CashCall.id,
            Claim.number,
            CashCall.pool_id,
            CashCall.organisation_id,
            literal(SIDES[0], String),
            CashCall.due_on,
            CashCall.amount_fen,
            CashCall.claim_id,
        )
        .join(Claim, Claim.id == CashCall.claim_id)
        .where(CashCall.id.in_(calls_visible_to(who).with_only_columns(CashCall.id)))
        .where(CashCall.issued_on <= on, func.coalesce(CashCall.received_on > on, True))
        .where(func.coalesce(CashCall.taken_on > on, True))
    )
    return cast(Select[Any], query)


def _apart(who: Actor, on: date) -> Select[Any]:
    """Return the query of the items settled on their own that were taken out of a statement and not paid on a day."""
    taken_on = sql_cast(func.timezone(CITY.key, ApartItem.taken_at), Date)
    query = (
        select(
            literal("apart_item", String),
            ApartItem.id,
            ApartItem.number,
            ApartItem.pool_id,
            ApartItem.organisation_id,
            case((ApartItem.amount_fen < 0, SIDES[0]), else_=SIDES[1]),
            ApartItem.due_on,
            func.abs(ApartItem.amount_fen),
            ApartItem.id,
        )
        .where(ApartItem.id.in_(apart.visible_to(who).with_only_columns(ApartItem.id)))
        .where(taken_on <= on, func.coalesce(ApartItem.paid_on > on, True))
    )
    return cast(Select[Any], query)


def aged(session: Session, who: Actor, on: date, narrowed: Narrowed) -> list[AgeingRow]:
    """Return what stood open on a day by pool, member and side, in bands: pools and members by name."""
    of = items(who, on, narrowed).order_by(None).subquery()
    sums = [func.coalesce(func.sum(of.c.amount_fen).filter(of.c.band == band), 0) for band in BANDS]
    query = (
        select(of.c.pool_id, of.c.pool, of.c.organisation_id, of.c.member, of.c.side, func.count(), *sums)
        .join(Organisation, Organisation.id == of.c.organisation_id)
        .group_by(of.c.pool_id, of.c.pool, of.c.organisation_id, of.c.member, of.c.side, Organisation.sort_key)
        .order_by(of.c.side, of.c.pool, of.c.pool_id, Organisation.sort_key)
    )
    found = []
    for pool_id, pool, member_id, member, side, count, *sums_fen in session.execute(query):
        bands_fen = dict(zip(BANDS, map(int, sums_fen), strict=True))
        found.append(AgeingRow(pool_id, pool, member_id, member, side, bands_fen, sum(bands_fen.values()), count))
    return found


def key_of(row: Any) -> tuple[int, uuid.UUID, str]:
    """Return what a row and the items behind it have in common: pool, member, side."""
    return row.pool_id, row.organisation_id, row.side


def behind(
    session: Session, who: Actor, on: date, narrowed: Narrowed
) -> dict[tuple[int, uuid.UUID, str], list[Row[Any]]]:
    """Return what stands behind the rows of `aged`, by `key_of` the row, due first on top."""
    found: dict[tuple[int, uuid.UUID, str], list[Row[Any]]] = {}
    for one in session.execute(items(who, on, narrowed)):
        found.setdefault(key_of(one), []).append(one)
    return found


def totals(rows: Sequence[AgeingRow], side: str) -> dict[str, int]:
    """Return the sums in fen of the rows of one side by band, and of all bands as `total`."""
    of = [row for row in rows if row.side == side]
    return {band: sum(row.bands_fen[band] for row in of) for band in BANDS} | {
        "total": sum(row.total_fen for row in of)
    }
