"""What an invariant is: a sentence that must hold, and a read-only query that names every row that breaks it.

A check asks the database for what is wrong, not for what is there, so that it costs the same on five rows and on
five million. It sees one snapshot and changes nothing.
"""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from core.stages import Moves

#: How many of the broken rows a check names; it counts them all.
NAMED_MAX = 20


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that is not as it must be: where it stands, and the figures that show it."""

    where: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a check found: how many rows are broken, the first of them, and what is worth telling in any case."""

    total: int = 0
    first: tuple[Broken, ...] = ()
    told: Mapping[str, object] = field(default_factory=dict)

    def __add__(self, other: Found) -> Found:
        """Return both together; of the rows named, no more than the first `NAMED_MAX`."""
        first = (*self.first, *other.first)[:NAMED_MAX]
        return Found(self.total + other.total, first, {**self.told, **other.told})


#: Looks at one snapshot and returns what is broken in it.
Check = Callable[[Connection], Found]


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must always hold. `is_heavy`: works every row out again, so a quick verification leaves it out."""

    id: str
    sentence_zh: str
    sentence_en: str
    check: Check
    is_heavy: bool = False


def found(broken: Iterable[Broken], **told: object) -> Found:
    """Return what a check that counts by itself has found; what is broken is counted, not kept."""
    first: list[Broken] = []
    total = 0
    for one in broken:
        total += 1
        if total <= NAMED_MAX:
            first.append(one)
    return Found(total, tuple(first), told)


def rows(where: str, sql: str, **parameters: object) -> Check:
    """Return the check that every row of a query is broken: `where` names it by the query's columns.

    The query is part of this program, never of its input; what is variable comes in `parameters`.
    """

    def check(connection: Connection) -> Found:
        query = text(f"SELECT q.*, count(*) OVER () AS broken_total FROM ({sql}) AS q ORDER BY 1 LIMIT {NAMED_MAX}")
        named = connection.execute(query, parameters).mappings().all()
        if not named:
            return Found()
        facts = [{name: value for name, value in row.items() if name != "broken_total"} for row in named]
        return Found(int(named[0]["broken_total"]), tuple(Broken(where.format_map(row), row) for row in facts))

    return check


def every(*checks: Check) -> Check:
    """Return the check that all of these hold."""

    def check(connection: Connection) -> Found:
        return sum((one(connection) for one in checks), Found())

    return check


#: The audited moves of records of one kind: what stage each move led to, in the order of the log.
_STEPS = """
    SELECT e.object_id, l.index AS place, e.id AS event_id, e.action, e.facts ->> 'stage' AS stage
    FROM audit_event e LEFT JOIN audit_leaf l ON l.event_id = e.id
    WHERE e.object_kind = :kind AND e.facts ->> 'stage' IS NOT NULL
"""


def moved_by_table(
    kind: str, moves: Moves, start: str, *, table: str = "", also: str = "", loose: bool = False
) -> Check:
    """Return the check that records of one kind moved as their table says, and stand where the last move left them.

    A record begins in `start`. `also` adds steps that the log tells in another way. `loose`: the log names its events
    otherwise than the verbs, so only the stages are compared. A record that the log knows and that is gone is broken.
    """
    cells = [(stage, "" if loose else f"{kind}.{verb}", after) for (stage, verb), after in moves.items()]
    cell_columns = [list(column) for column in zip(*cells, strict=True)]
    steps = _STEPS + also
    parameters: dict[str, object] = {"kind": kind, "start": start}
    told = dict(zip(("befores", "actions", "afters"), cell_columns, strict=True))
    walked = f"""
        SELECT walked.object_id, walked.before, walked.action, walked.stage FROM (
            SELECT s.*, coalesce(lag(s.stage) OVER (
                PARTITION BY s.object_id ORDER BY s.place NULLS LAST, s.event_id), :start) AS before
            FROM ({steps}) s
        ) walked
        WHERE NOT EXISTS (
            SELECT FROM unnest(CAST(:befores AS text[]), CAST(:actions AS text[]), CAST(:afters AS text[]))
                AS cell (before, action, after)
            WHERE cell.before = walked.before AND cell.after = walked.stage AND cell.action IN ('', walked.action)
        )
    """
    stands = f"""
        SELECT coalesce(row.id::text, last.object_id) AS id, row.stage, last.stage AS audited
        FROM {table or kind} row FULL JOIN (
            SELECT DISTINCT ON (s.object_id) s.object_id, s.stage FROM ({steps}) s
            ORDER BY s.object_id, s.place DESC NULLS FIRST, s.event_id DESC
        ) last ON last.object_id = row.id::text
        WHERE row.stage IS DISTINCT FROM coalesce(last.stage, :start)
    """
    return every(
        rows(f"{kind} {{object_id}}", walked, **parameters, **told),
        rows(f"{kind} {{id}}", stands, **parameters),
    )
