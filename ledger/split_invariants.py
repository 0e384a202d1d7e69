"""The invariants of shares and of the streams that sums are split in."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import psycopg
from sqlalchemy import Connection, text

from core.checks import Broken, Found, Invariant, every, found, rows
from ledger.apportion import Weights, mirror
from ledger.automaton import CarryAutomaton, drift_bound
from ledger.binary import read
from ledger.bulk import split_columns
from ledger.columns import Numbers
from ledger.statement_invariants import LEGS

#: Items read from the server, and split in bulk, at a time.
BATCH = 50_000

#: How long the carries of one agreement are walked to find its bound.
_STEPS = 200_000

SHARES_ARE_WHOLE = every(
    rows(
        "share version {pool_id}/{number}",
        """
        SELECT v.pool_id, v.number, v.whole, sum(s.weight) AS total, count(s.position) AS members,
            min(s.weight) AS least, min(s.position) AS first, max(s.position) AS last
        FROM share_version v LEFT JOIN share s ON (s.pool_id, s.number) = (v.pool_id, v.number)
        GROUP BY v.pool_id, v.number, v.whole
        HAVING sum(s.weight) IS DISTINCT FROM v.whole OR min(s.weight) <= 0 OR v.whole <= 0
            OR min(s.position) <> 0 OR max(s.position) + 1 <> count(s.position)
            OR count(DISTINCT s.organisation_id) <> count(s.position)
        """,
    ),
    rows(
        "share version {pool_id}/{number}",
        """
        SELECT v.pool_id, v.number, v.effective_on, v.place, v.before FROM (
            SELECT pool_id, number, effective_on, row_number() OVER w AS place, lag(effective_on) OVER w AS before
            FROM share_version WINDOW w AS (PARTITION BY pool_id ORDER BY number)
        ) v WHERE v.number <> v.place OR v.effective_on <= v.before
        """,
    ),
    rows(
        "share {pool_id}/{number}/{position}",
        """
        SELECT s.pool_id, s.number, s.position, s.organisation_id, s.weight FROM share s WHERE NOT EXISTS
            (SELECT FROM share_version v WHERE (v.pool_id, v.number) = (s.pool_id, s.number))
        """,
    ),
)

#: Each member's part and carry of each item, with its weight; no part or carry without a member, nor the other way.
_PARTS = """
    SELECT i.pool_id, i.number, i.kind, i.sequence, i.entry_id, i.amount_fen, v.whole, s.position, s.organisation_id,
        s.weight, i.parts_fen[s.position + 1] AS part_fen, i.carry_after[s.position + 1] AS carry
    FROM stream_item i JOIN share_version v ON (v.pool_id, v.number) = (i.pool_id, i.number)
    JOIN share s ON (s.pool_id, s.number) = (i.pool_id, i.number)
"""

STREAMS_ADD_UP = every(
    rows(
        "item {number}/{kind}/{sequence}",
        """
        SELECT i.number, i.kind, i.sequence, i.pool_id, i.amount_fen, i.parts_fen, i.carry_after, v.members
        FROM stream_item i LEFT JOIN (SELECT pool_id, number, count(*) AS members FROM share GROUP BY 1, 2) v
            ON (v.pool_id, v.number) = (i.pool_id, i.number)
        WHERE parts_sum(i.parts_fen) <> i.amount_fen OR parts_sum(i.carry_after) <> 0
            OR cardinality(i.parts_fen) IS DISTINCT FROM v.members
            OR cardinality(i.carry_after) IS DISTINCT FROM v.members
        """,
    ),
    rows(
        "stream {number}/{kind}",
        """
        SELECT s.number, s.kind, s.pool_id, s.last_sequence, s.carry, i.items, i.last, l.carry_after
        FROM stream s LEFT JOIN (
            SELECT pool_id, number, kind, count(*) AS items, max(sequence) AS last, min(sequence) AS first
            FROM stream_item GROUP BY 1, 2, 3
        ) i USING (pool_id, number, kind)
        LEFT JOIN stream_item l ON (l.pool_id, l.number, l.kind, l.sequence) = (s.pool_id, s.number, s.kind, i.last)
        WHERE s.last_sequence <> coalesce(i.last, 0) OR coalesce(i.items, 0) <> coalesce(i.last, 0)
            OR i.first <> 1 OR s.carry IS DISTINCT FROM coalesce(l.carry_after, s.carry)
            OR (i.last IS NULL AND 0 <> ANY (s.carry))
        """,
    ),
    rows(
        "item {number}/{kind}/{sequence}",
        """
        SELECT i.number, i.kind, i.sequence, i.pool_id, i.entry_id FROM stream_item i
        WHERE NOT EXISTS (SELECT FROM stream s WHERE (s.pool_id, s.number, s.kind) = (i.pool_id, i.number, i.kind))
            OR NOT EXISTS (SELECT FROM entry e WHERE (e.pool_id, e.period_id, e.id)
                = (i.pool_id, i.period_id, i.entry_id))
        """,
    ),
    # What an entry moved on the members' accounts is what its items gave them: premium and recovery to the member,
    # claims and costs from it; the lead holds a recovery that the others have their parts of.
    rows(
        "entry {entry_id}, member {organisation_id}",
        f"""
        SELECT entry_id, organisation_id, pool_id, sum(parts_fen) AS parts_fen, sum(moved_fen) AS moved_fen FROM (
            SELECT p.pool_id, p.entry_id, p.organisation_id, CASE
                WHEN p.kind IN ('claim', 'adjusting_expense') THEN p.part_fen
                WHEN p.kind = 'recovery' AND p.position = 0 THEN p.amount_fen - p.part_fen
                ELSE -p.part_fen END AS parts_fen, 0 AS moved_fen
            FROM ({_PARTS}) p
            UNION ALL
            SELECT l.pool_id, l.entry_id, a.organisation_id, 0, l.fen FROM ({LEGS}) l
            JOIN account a ON a.id = l.account_id AND a.code IN ('2210', '2305')
            WHERE (l.pool_id, l.entry_id) IN (SELECT pool_id, entry_id FROM stream_item)
        ) leg GROUP BY pool_id, entry_id, organisation_id HAVING sum(parts_fen) <> sum(moved_fen)
        """,
    ),
)

#: Items of a stream that may be split again: whole rows of plain numbers, a part and a carry a member.
_SOUND = """
    array_ndims(i.parts_fen) = 1 AND array_ndims(i.carry_after) = 1 AND array_lower(i.parts_fen, 1) = 1
    AND array_lower(i.carry_after, 1) = 1 AND array_position(i.parts_fen, NULL) IS NULL
    AND array_position(i.carry_after, NULL) IS NULL AND cardinality(i.parts_fen) = cardinality(i.carry_after)
"""

UNSOUND = rows(
    "item {number}/{kind}/{sequence}",
    f"""
    SELECT i.number, i.kind, i.sequence, i.pool_id, i.parts_fen, i.carry_after FROM stream_item i
    WHERE NOT coalesce({_SOUND}, false)
    """,
)

#: A piece of a stream in its order; mirrors are items from 1 on, so 0 says that one is none.
_PIECE = f"""
    COPY (
        SELECT i.sequence, i.amount_fen, coalesce(i.mirrors, 0), i.parts_fen, i.carry_after FROM stream_item i
        WHERE (i.pool_id, i.number, i.kind) = (%s, %s, %s) AND i.sequence > %s AND cardinality(i.parts_fen) = %s
            AND {_SOUND} ORDER BY i.sequence LIMIT {BATCH}
    ) TO STDOUT (FORMAT binary)
"""


def splits_follow(connection: Connection) -> Found:
    """Return every item whose parts or carries are not those that its stream gives again, split in order."""
    shares = _weights(connection)
    told = {"items": 0}

    def wrong() -> Iterator[Broken]:
        streams = "SELECT pool_id, number, kind FROM stream ORDER BY pool_id, number, kind"
        for pool_id, number, kind in connection.execute(text(streams)).all():
            weights = shares.get((pool_id, number))
            if weights is None:
                yield Broken(f"stream {number}/{kind}", {"pool_id": pool_id, "shares": "not whole"})
            else:
                yield from _Again(pool_id, number, kind, weights).wrong(connection, told)

    broken = found(wrong())
    return broken + Found(told={"split_items": told["items"]})


def _weights(connection: Connection) -> dict[tuple[int, int], Weights]:
    """Return (pool, number) -> the weights of every version whose shares are whole."""
    query = (
        "SELECT v.pool_id, v.number, v.whole, array_agg(s.weight ORDER BY s.position) AS weights FROM share_version v"
        " JOIN share s ON (s.pool_id, s.number) = (v.pool_id, v.number) GROUP BY v.pool_id, v.number, v.whole"
    )
    return {
        (pool_id, number): Weights(tuple(weights), whole)
        for pool_id, number, whole, weights in connection.execute(text(query))
        if sum(weights) == whole and min(weights) >= 0
    }


@dataclass(slots=True)
class _Again:
    """One stream split again from its first item on."""

    pool_id: int
    number: int
    kind: str
    weights: Weights
    automaton: CarryAutomaton = field(init=False)

    def __post_init__(self) -> None:
        self.automaton = CarryAutomaton(self.weights)

    def wrong(self, connection: Connection, told: dict[str, int]) -> Iterator[Broken]:
        """Yield the items that are not what they are now; what was split is taken up in bulk, a mirror by itself."""
        driver = cast("psycopg.Connection", connection.connection.driver_connection)
        width = len(self.weights.weights)
        columns = {"sequence": 0, "amount": 0, "mirrors": 0, "parts": width, "carry": width}
        last = -(2**63)
        while True:
            with driver.cursor() as cursor:
                with cursor.copy(_PIECE, (self.pool_id, self.number, self.kind, last, width)) as rows_out:
                    piece = read(b"".join(bytes(block) for block in rows_out), columns)
                if not len(piece["sequence"]):
                    return
            told["items"] += len(piece["sequence"])
            last = int(piece["sequence"][-1])
            for row, parts, carry in self._differing(piece):
                facts = {
                    "pool_id": self.pool_id,
                    "amount_fen": int(piece["amount"][row]),
                    "stored": [piece[name][row].tolist() for name in ("parts", "carry")],
                    "again": [parts.tolist(), carry.tolist()],
                }
                yield Broken(f"item {self.number}/{self.kind}/{piece['sequence'][row]}", facts)

    def _differing(self, piece: Mapping[str, Numbers]) -> Iterator[tuple[int, Numbers, Numbers]]:
        """Yield the place of each item of a piece that differs, with its parts and its carry as they come out now."""
        start = 0
        for end in [*np.flatnonzero(piece["mirrors"]).tolist(), len(piece["mirrors"])]:
            parts, carry = split_columns(self.automaton, self.weights, piece["amount"][start:end])
            same = (parts == piece["parts"][start:end]) & (carry == piece["carry"][start:end])
            for row in np.flatnonzero(~same.all(axis=1)).tolist():
                yield start + row, parts[row], carry[row]
            if end < len(piece["mirrors"]):
                stored = piece["parts"][end]
                back = mirror([-part for part in stored.tolist()], self.weights, self.automaton.carry)
                self.automaton = CarryAutomaton(self.weights, back.carry_after)
                if (carry_after := np.array(back.carry_after)).tolist() != piece["carry"][end].tolist():
                    yield end, stored, carry_after
            start = end + 1


def drift_is_bounded(connection: Connection) -> Found:
    """Return every stream, as far as nothing in it was taken back, where a member strayed further than items can lead.

    Mirrors in a row may take a carry further out (`apportion.mirror`), so only what stands before the first counts.
    """
    query = text(
        "SELECT p.pool_id, p.number, p.kind, max(abs(p.carry)) AS farthest FROM ("
        f"{_PARTS}) p LEFT JOIN (SELECT pool_id, number, kind, min(sequence) AS first FROM stream_item"
        " WHERE mirrors IS NOT NULL GROUP BY 1, 2, 3) m USING (pool_id, number, kind)"
        " WHERE m.first IS NULL OR p.sequence < m.first GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    )
    bounds = {key: (weights.whole, drift_bound(weights, _STEPS)) for key, weights in _weights(connection).items()}
    told = {
        f"bound_of_pool_{pool_id}_version_{number}": str(bound) if bound is not None else "below 2"
        for (pool_id, number), (_, bound) in sorted(bounds.items())
    }

    def wrong() -> Iterator[Broken]:
        for pool_id, number, kind, farthest in connection.execute(query):
            whole, bound = bounds.get((pool_id, number), (0, None))
            is_far = farthest > bound * whole if bound is not None else farthest >= 2 * whole
            if is_far:
                facts = {"pool_id": pool_id, "carry": farthest, "whole": whole, "bound": str(bound or 2)}
                yield Broken(f"stream {number}/{kind}", facts)

    return found(wrong(), **told)


INVARIANTS: tuple[Invariant, ...] = (
    Invariant(
        "INV-P3",
        "每个版本的份额合计恰为整体，版本依次衔接，既不重叠也不断开",
        "The shares of every version add up to exactly the whole, and the versions follow one another without overlap",
        SHARES_ARE_WHOLE,
    ),
    Invariant(
        "INV-M5",
        "按各笔金额的先后重新分摊，得到完全相同的各方份额与余数",
        "Splitting every stream again, in order, gives the same parts and the same carries",
        every(UNSOUND, splits_follow),
        is_heavy=True,
    ),
    Invariant(
        "INV-M6",
        "每个分摊流的各方份额合计等于其各笔金额，并与分录在成员科目上的变动一致，编号连续",
        "In every stream the parts add up to the items and are what the entries moved on the members' accounts; the "
        "items are numbered without a gap",
        STREAMS_ADD_UP,
    ),
    Invariant(
        "INV-P2",
        "没有冲正的分摊流中，任何成员累计分得与精确份额之差不超过协议的界限（不到两分）",
        "In a stream where nothing was taken back, no member's total is further from its exact share than the "
        "agreement allows, and never two fen",
        drift_is_bounded,
    ),
)
