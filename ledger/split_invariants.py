"""The invariants of shares and of the streams that sums are split in."""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from sqlalchemy import Connection, Row, text

from core.checks import Broken, Found, Invariant, every, found, rows
from ledger.apportion import Weights, mirror
from ledger.automaton import CarryAutomaton, drift_bound
from ledger.statement_invariants import LEGS

#: Items read from the server, and split in bulk, at a time.
BATCH = 20_000

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
        WHERE sum_of(i.parts_fen) <> i.amount_fen OR sum_of(i.carry_after) <> 0
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
        SELECT coalesce(w.entry_id, m.entry_id) AS entry_id, coalesce(w.organisation_id, m.organisation_id)
            AS organisation_id, coalesce(w.pool_id, m.pool_id) AS pool_id, w.fen AS parts_fen, m.fen AS moved_fen
        FROM (
            SELECT p.pool_id, p.entry_id, p.organisation_id, sum(CASE
                WHEN p.kind IN ('claim', 'adjusting_expense') THEN p.part_fen
                WHEN p.kind = 'recovery' AND p.position = 0 THEN p.amount_fen - p.part_fen
                ELSE -p.part_fen END) AS fen
            FROM ({_PARTS}) p GROUP BY 1, 2, 3
        ) w FULL JOIN (
            SELECT l.pool_id, l.entry_id, a.organisation_id, sum(l.fen) AS fen FROM ({LEGS}) l
            JOIN account a ON a.id = l.account_id AND a.code IN ('2210', '2305')
            WHERE (l.pool_id, l.entry_id) IN (SELECT pool_id, entry_id FROM stream_item) GROUP BY 1, 2, 3
        ) m ON (m.pool_id, m.entry_id, m.organisation_id) = (w.pool_id, w.entry_id, w.organisation_id)
        WHERE coalesce(w.fen, 0) <> coalesce(m.fen, 0)
        """,
    ),
)

#: The carry after an item is the one before it plus its exact share less its part, for mirrors as for items.
CARRIES_FOLLOW = rows(
    "item {number}/{kind}/{sequence}",
    f"""
    SELECT number, kind, sequence, pool_id, position, carry, before + amount_fen::numeric * weight
        - whole::numeric * part_fen AS recomputed
    FROM (
        SELECT p.*, coalesce(lag(p.carry) OVER (PARTITION BY p.pool_id, p.number, p.kind, p.position
            ORDER BY p.sequence), 0) AS before FROM ({_PARTS}) p
    ) q WHERE carry IS DISTINCT FROM before + amount_fen::numeric * weight - whole::numeric * part_fen
    """,
)

_ITEMS = text(
    "SELECT i.pool_id, i.number, i.kind, i.sequence, i.amount_fen, i.parts_fen, i.mirrors FROM stream_item i"
    " ORDER BY i.pool_id, i.number, i.kind, i.sequence"
)


def splits_follow(connection: Connection) -> Found:
    """Return every item whose parts are not those that its stream gives again, split in order from the first amount."""
    shares = _weights(connection)
    told = {"items": 0}

    def wrong() -> Iterator[Broken]:
        read = connection.execute(_ITEMS, execution_options={"yield_per": BATCH})
        for (pool_id, number, kind), items in groupby(read, key=lambda row: (row[0], row[1], row[2])):
            weights = shares.get((pool_id, number))
            place = f"{number}/{kind}"
            if weights is None:
                yield Broken(f"stream {place}", {"pool_id": pool_id, "shares": "not whole"})
                continue
            yield from _wrong_in_stream(pool_id, place, items, weights, told)

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


def _wrong_in_stream(
    pool_id: int, place: str, items: Iterator[Row[tuple[object, ...]]], weights: Weights, told: dict[str, int]
) -> Iterator[Broken]:
    """Yield the wrong items of one stream; what was split rightly is taken up in bulk, a mirror by itself."""
    automaton = CarryAutomaton(weights)
    mirrored = _mirrored(items)
    for run, mistaken in mirrored:
        told["items"] += len(run)
        again = automaton.split([row.amount_fen for row in run])
        for row, parts in zip(run, again, strict=True):
            if tuple(row.parts_fen) != parts:
                facts = {"pool_id": pool_id, "amount_fen": row.amount_fen, "stored": row.parts_fen, "again": parts}
                yield Broken(f"item {place}/{row.sequence}", facts)
        if mistaken is not None:
            told["items"] += 1
            taken_back = mirror([-part for part in mistaken.parts_fen], weights, automaton.carry)
            automaton = CarryAutomaton(weights, taken_back.carry_after)


def _mirrored(items: Iterator[Row[tuple[object, ...]]]) -> Iterator[tuple[list[Row], Row | None]]:  # type: ignore[type-arg]
    """Yield runs of items with the mirror that ends each, none where the run was only long enough."""
    run: list[Row] = []  # type: ignore[type-arg]
    for row in items:
        if row.mirrors is not None:
            yield run, row
            run = []
            continue
        run.append(row)
        if len(run) >= BATCH:
            yield run, None
            run = []
    yield run, None


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
        every(CARRIES_FOLLOW, splits_follow),
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
