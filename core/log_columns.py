"""What records say of who and when, held against the log: one table of columns and events instead of a query each.

A record can be written over by whoever owns the database; its event in the log cannot, without the tree's root telling.
So every column that says who did something, when, or on which day, is named here by its room with the event that says
the same, and one invariant a room holds them all.
"""

# ruff: noqa: S608 - the queries are put together from constants of this program
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from core.checks import Check, every, rows

#: What an event is found by where it is about the record itself.
_ITSELF: Mapping[str, str] = {"id": "e.object_id"}

#: The person and the instant of an event.
WHO, WHEN = "e.person_id", "e.at"


@dataclass(frozen=True, slots=True)
class Logged:
    """Columns of one table, with what the last of some events (alias `e`) says in their place.

    `match` finds a record's events: a column (or SQL over the record, alias `r`) -> SQL over the event. `reckoned` is
    the SQL of a name in `columns` that is no column. `only` limits the records and `among` the events. An event without
    its record is broken too, unless it is `is_one_way`.
    """

    table: str
    actions: tuple[str, ...]
    columns: Mapping[str, str]
    match: Mapping[str, str] = field(default_factory=lambda: _ITSELF)
    kind: str = ""
    reckoned: Mapping[str, str] = field(default_factory=dict)
    only: str = "true"
    among: str = "true"
    is_one_way: bool = False


def fact(name: str, kind: str = "text") -> str:
    """Return the SQL of one fact of an event, as a text or as another type."""
    return f"(e.facts ->> '{name}')::{kind}"


def after(action: str, said: str) -> str:
    """Return the SQL of what is said where the last event is this one, and of nothing where another came after it."""
    return f"CASE WHEN e.action = '{action}' THEN {said} END"


def are_logged(*listed: Iterable[Logged]) -> Check:
    """Return the check that all of these columns say what the log says."""
    return every(*(_is_logged(one) for group in listed for one in group))


def _is_logged(one: Logged) -> Check:
    keys = list(enumerate(one.match.items()))
    columns = list(enumerate(one.columns.items()))
    place = ", ".join(f"coalesce(r.k{n}, l.k{n})" for n, _ in keys)
    stands = ", ".join(f'r.c{n} AS "{name}", l.c{n} AS "{name} logged"' for n, (name, _) in columns)
    query = f"""
        SELECT '{one.table} ' || concat_ws('/', {place}) AS place, {stands}
        FROM (
            SELECT {", ".join(f"({name})::text AS k{n}" for n, (name, _) in keys)},
                {", ".join(f"{one.reckoned.get(name, name)} AS c{n}" for n, (name, _) in columns)}
            FROM {one.table} r WHERE {one.only}
        ) r {"LEFT" if one.is_one_way else "FULL"} JOIN (
            SELECT DISTINCT ON ({", ".join(f"k{n}" for n, _ in keys)})
                {", ".join(f"({said})::text AS k{n}" for n, (_, said) in keys)},
                {", ".join(f"{said} AS c{n}" for n, (_, said) in columns)}
            FROM audit_event e
            WHERE e.object_kind = :kind AND e.action = ANY (CAST(:actions AS text[])) AND {one.among}
            ORDER BY {", ".join(f"k{n}" for n, _ in keys)}, e.id DESC
        ) l ON {" AND ".join(f"r.k{n} = l.k{n}" for n, _ in keys)}
        WHERE ({", ".join(f"r.c{n}" for n, _ in columns)}) IS DISTINCT FROM ({", ".join(f"l.c{n}" for n, _ in columns)})
    """
    return rows("{place}", query, kind=one.kind or one.table, actions=list(one.actions))
