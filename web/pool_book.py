"""A pool's book as its pages and its API show it: shares, balances, the journal, one entry, carries."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ledger import automaton, books, journal, streams
from ledger.apportion import is_alarming
from ledger.books import AccountRef, MemberShares
from ledger.journal import JournalRow, Leg, Wanted
from ledger.models import Entry, Period, StreamItem
from web.documents import labels
from web.documents.wording import carry_text
from web.formats import account_name, stream_name, t


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """One account of a trial balance: exactly one of debit and credit is given. `is_link`: its entries may be seen."""

    code: str
    member: uuid.UUID | None
    name: str
    member_name: str
    debit_fen: int | None
    credit_fen: int | None
    is_link: bool = True


@dataclass(frozen=True, slots=True)
class Balance:
    """A trial balance with its two totals."""

    rows: Sequence[BalanceRow]
    debit_fen: int
    credit_fen: int


def trial_balance(
    session: Session,
    pool_id: int,
    names: Mapping[uuid.UUID, str],
    *,
    only: uuid.UUID | None = None,
    until_on: date | None = None,
) -> Balance:
    """Return what stands on every account that its reader may see.

    Each member sees its own accounts and the pool's; what the others have together stands in one line, so that the
    book still adds up to nothing.
    """
    standing = books.balances(session, pool_id, until_on=until_on)
    seen = {ref: fen for ref, fen in standing.items() if only is None or ref.member in (None, only)}
    rows = [_balance_row(ref, fen, names, only) for ref, fen in seen.items()]
    others_fen = -sum(seen.values())
    if only is not None and others_fen:
        words = t("其他成员合计", "The other members together")
        rows.append(BalanceRow("", None, words, "", *_sides(others_fen), is_link=False))
    return Balance(rows, sum(row.debit_fen or 0 for row in rows), sum(row.credit_fen or 0 for row in rows))


def _sides(fen: int) -> tuple[int | None, int | None]:
    return (fen, None) if fen > 0 else (None, -fen)


def _balance_row(ref: AccountRef, fen: int, names: Mapping[uuid.UUID, str], only: uuid.UUID | None) -> BalanceRow:
    member = names.get(ref.member, "") if ref.member else ""
    is_link = only is None or ref.member == only
    return BalanceRow(ref.code, ref.member, account_name(ref.code), member, *_sides(fen), is_link=is_link)


@dataclass(frozen=True, slots=True)
class LegRow:
    """One transfer of an entry in words."""

    debit: str
    credit: str
    amount_fen: int


def leg_rows(legs: Sequence[Leg], names: Mapping[uuid.UUID, str]) -> list[LegRow]:
    """Return the transfers of an entry as its page shows them."""
    return [
        LegRow(
            _account_words(leg.debit_code, leg.debit_member, names),
            _account_words(leg.credit_code, leg.credit_member, names),
            leg.amount_fen,
        )
        for leg in legs
    ]


def _account_words(code: str | None, member: uuid.UUID | None, names: Mapping[uuid.UUID, str]) -> str:
    if code is None:
        return t("另一成员的科目", "An account of another member")
    return f"{account_name(code)} · {names.get(member, '')}" if member else account_name(code)


@dataclass(frozen=True, slots=True)
class SplitShown:
    """One split of an entry: the stream, its place in it, and each member's part."""

    stream: str
    sequence: int
    amount_fen: int
    whole: int
    members: Sequence[Mapping[str, object]]


def splits_shown(
    session: Session, pool_id: int, items: Sequence[StreamItem], names: Mapping[uuid.UUID, str]
) -> list[SplitShown]:
    """Return the splits of an entry with the members' names and parts."""
    shown = []
    for item in items:
        shares = books.shares(session, pool_id, item.number)
        bar = members_of(shares, names, item.parts_fen)
        shown.append(SplitShown(stream_name(item.kind), item.sequence, item.amount_fen, shares.weights.whole, bar))
    return shown


def members_of(
    shares: MemberShares, names: Mapping[uuid.UUID, str], amounts_fen: Sequence[int | None] = ()
) -> list[Mapping[str, object]]:
    """Return the members of a share version as the `shares_bar` macro takes them, the lead first."""
    amounts = list(amounts_fen) or [None] * len(shares.members)
    return [
        {
            "id": member,
            "name": names.get(member, ""),
            "weight": weight,
            "is_lead": place == 0,
            "amount_fen": amounts[place],
        }
        for place, (member, weight) in enumerate(zip(shares.members, shares.weights.weights, strict=True))
    ]


def premium_parts(session: Session, shares: MemberShares) -> list[int]:
    """Return each member's gross premium written under a share version, returns taken off, in member order."""
    entries = select(Entry.id).where(Entry.pool_id == shares.pool_id)
    net, vat = (
        streams.member_totals(session, [shares], kind, entries)[shares.number]
        for kind in ("premium_net", "premium_vat")
    )
    return [one + other for one, other in zip(net, vat, strict=True)]


@dataclass(frozen=True, slots=True)
class CarryRow:
    """One stream: how many items and how much it split, each member's carry in words, and its alarm."""

    number: int
    stream: str
    items: int
    amount_fen: int
    carries: Sequence[str]
    is_alarming: bool


def carry_rows(session: Session, pool_id: int) -> list[CarryRow]:
    """Return every stream of a pool with the carry that it stands at; alarming from two wholes a member."""
    totals = {
        (number, kind): (int(count), int(fen))
        for number, kind, count, fen in session.execute(
            select(StreamItem.number, StreamItem.kind, func.count(), func.sum(StreamItem.amount_fen))
            .where(StreamItem.pool_id == pool_id)
            .group_by(StreamItem.number, StreamItem.kind)
        )
    }
    rows = []
    order = {kind: place for place, kind in enumerate(labels.STREAMS)}
    standing = streams.carries(session, pool_id).items()
    for (number, kind), carry in sorted(standing, key=lambda one: (one[0][0], order[one[0][1]])):
        weights = books.shares(session, pool_id, number).weights
        count, fen = totals.get((number, kind), (0, 0))
        told = [carry_text(one, weights.whole) for one in carry]
        rows.append(CarryRow(number, stream_name(kind), count, fen, told, is_alarming(carry, weights)))
    return rows


def drift_words(shares: MemberShares) -> str:
    """Return the most that a member's total can ever be off its exact share, in fen; where it is watched, say so."""
    bound = automaton.drift_bound(shares.weights, limit=20_000)
    if bound is None:
        return t("逐笔监视，余数达到 2 分即报警", "Watched item by item; alarm at a carry of 2 fen")
    hundredths = bound.numerator * 100 // bound.denominator + (bound.numerator * 100 % bound.denominator > 0)
    return t("最多 {fen} 分", "at most {fen} fen", fen=f"{hundredths // 100}.{hundredths % 100:02d}")


def period_options(periods: Sequence[Period]) -> list[tuple[str, str]]:
    """Return the periods as the options of a filter."""
    return [("", t("全部账期", "All periods")), *((str(one.id), one.label) for one in periods)]


def journal_page(session: Session, pool_id: int, wanted: Wanted, page: int, size: int) -> list[JournalRow]:
    """Return one page of a journal."""
    return journal.page(session, pool_id, wanted, limit=size, offset=(page - 1) * size)
