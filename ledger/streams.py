"""The streams that sums are split in: who holds which carry, and every item that was split, in its order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, SelectBase, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from core.db import Writing
from ledger import books
from ledger.apportion import apportion, mirror
from ledger.books import MemberShares
from ledger.models import Stream, StreamItem


@dataclass(frozen=True, slots=True)
class TakenSplit:
    """An amount split at a place in its stream, not yet tied to its entry: parts in member order, in fen."""

    pool_id: int
    number: int
    kind: str
    sequence: int
    amount_fen: int
    parts_fen: tuple[int, ...]
    carry_after: tuple[int, ...]
    mirrors: int | None = None
    is_stream_due: bool = False


_HOLD_STREAMS = (
    select(Stream.kind, Stream.last_sequence, Stream.carry)
    .where(Stream.pool_id == bindparam("pool_id"), Stream.number == bindparam("number"))
    .where(Stream.kind == any_(bindparam("kinds", type_=ARRAY(Text))))
    .order_by(Stream.kind)
    .with_for_update()
)


def take_all(session: Session, shares: MemberShares, amounts_fen: Mapping[str, int]) -> list[TakenSplit]:
    """Split one amount a kind, each as the next item of its stream; the rows stay locked until the transaction ends.

    Their carries are written with the entry that they are posted by (`keep`), so nothing else is taken of these
    streams before that.
    """
    pool_id, number = shares.pool_id, shares.number
    asked = {"pool_id": pool_id, "number": number, "kinds": list(amounts_fen)}
    found = {row.kind: row for row in session.execute(_HOLD_STREAMS, asked)}
    for kind in sorted(amounts_fen.keys() - found.keys()):
        lock(session, shares, kind)
    if len(found) < len(amounts_fen):
        found = {row.kind: row for row in session.execute(_HOLD_STREAMS, asked)}
    taken = []
    for kind, amount_fen in amounts_fen.items():
        row = found[kind]
        split = apportion(amount_fen, shares.weights, tuple(row.carry))
        parts, after = tuple(split.parts_fen), tuple(split.carry_after)
        sequence = row.last_sequence + 1
        taken.append(TakenSplit(pool_id, number, kind, sequence, amount_fen, parts, after, is_stream_due=True))
    return taken


def take(session: Session, shares: MemberShares, kind: str, amount_fen: int) -> TakenSplit:
    """Split one amount as `take_all` does."""
    (split,) = take_all(session, shares, {kind: amount_fen})
    return split


_INSERT_ITEM = (
    "INSERT INTO stream_item (pool_id, number, kind, sequence, period_id, entry_id, amount_fen, parts_fen, carry_after,"
    " mirrors) VALUES (:pool_id, :number, :kind, :sequence, :period_id, :entry_id, :amount_fen,"
    " CAST(:parts_fen AS bigint[]), CAST(:carry_after AS bigint[]), :mirrors)"
)
_MOVE_STREAM = (
    "UPDATE stream SET last_sequence = :sequence, carry = CAST(:carry_after AS bigint[])"
    " WHERE (pool_id, number, kind) = (:pool_id, :number, :kind)"
)


def keep(writing: Writing, split: TakenSplit, *, period_id: int, entry_id: int) -> None:
    """Add a taken split to a writing, with the entry that its parts were posted by."""
    place = {"pool_id": split.pool_id, "number": split.number, "kind": split.kind, "sequence": split.sequence}
    after = list(split.carry_after)
    parts = {"amount_fen": split.amount_fen, "parts_fen": list(split.parts_fen), "mirrors": split.mirrors}
    entry = {"period_id": period_id, "entry_id": entry_id}
    writing.add(_INSERT_ITEM, {**place, **parts, **entry, "carry_after": after})
    if split.is_stream_due:
        writing.add(_MOVE_STREAM, {**place, "carry_after": after})


def undo(session: Session, pool_id: int, entry_id: int) -> list[TakenSplit]:
    """Take the items of an entry back: their stored parts negated, and their effect on the carry undone."""
    query = select(StreamItem).where(StreamItem.pool_id == pool_id, StreamItem.entry_id == entry_id)
    undone: list[TakenSplit] = []
    for item in session.scalars(query.order_by(StreamItem.number, StreamItem.kind, StreamItem.sequence)):
        shares = books.shares(session, pool_id, item.number)
        stream = lock(session, shares, item.kind)
        mirrored = mirror(item.parts_fen, shares.weights, stream.carry)
        stream.last_sequence += 1
        stream.carry = list(mirrored.carry_after)
        session.flush()
        undone.append(
            TakenSplit(
                pool_id,
                item.number,
                item.kind,
                stream.last_sequence,
                -item.amount_fen,
                mirrored.parts_fen,
                mirrored.carry_after,
                mirrors=item.sequence,
            )
        )
    return undone


def items(session: Session, pool_id: int, entry_id: int) -> Sequence[StreamItem]:
    """Return the split items that an entry was posted from."""
    query = select(StreamItem).where(StreamItem.pool_id == pool_id, StreamItem.entry_id == entry_id)
    return session.scalars(query.order_by(StreamItem.kind, StreamItem.sequence)).all()


def carries(session: Session, pool_id: int) -> dict[tuple[int, str], tuple[int, ...]]:
    """Return the carry of every stream of a pool by (share version, kind), in units of 1/whole fen."""
    query = select(Stream).where(Stream.pool_id == pool_id).order_by(Stream.number, Stream.kind)
    return {(stream.number, stream.kind): tuple(stream.carry) for stream in session.scalars(query)}


def member_totals(
    session: Session, versions: Sequence[MemberShares], kind: str, entry_ids: SelectBase
) -> dict[int, tuple[int, ...]]:
    """Return what these entries gave each member in the streams of share versions of one pool, by version.

    In fen and member order, summed by the database. `entry_ids` names each entry once.
    """
    most = max(len(shares.members) for shares in versions)
    parts = [func.coalesce(func.sum(StreamItem.parts_fen[place]), 0) for place in range(1, most + 1)]
    # Joined and not looked for: of a subquery behind IN the database guesses two hundred rows, and looks each up.
    wanted = entry_ids.subquery()
    query = (
        select(StreamItem.number, *parts)
        .join(wanted, wanted.c[0] == StreamItem.entry_id)
        .where(
            StreamItem.pool_id == versions[0].pool_id,
            StreamItem.number.in_([shares.number for shares in versions]),
            StreamItem.kind == kind,
        )
        .group_by(StreamItem.number)
    )
    found = {number: tuple(map(int, sums)) for number, *sums in session.execute(query)}
    return {one.number: found.get(one.number, (0,) * most)[: len(one.members)] for one in versions}


def lock(session: Session, shares: MemberShares, kind: str) -> Stream:
    """Return a stream's row, made where it is the first item, locked until the transaction ends."""
    place = {"pool_id": shares.pool_id, "number": shares.number, "kind": kind}
    fresh = {**place, "last_sequence": 0, "carry": [0] * len(shares.members)}
    session.execute(insert(Stream).values(fresh).on_conflict_do_nothing())
    query = select(Stream).filter_by(**place).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()
