"""The engine of `gongbao verify`: every room's invariants on one snapshot of the live database, read only.

It connects as the auditor, who sees every row and can change none, and looks at everything in one snapshot, so that
what is compared belongs together, by as many connections as there are hands. What cannot be checked counts as broken,
never as whole.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TextIO

import click
from cryptography.x509 import Certificate
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

import claims.invariants
import core.invariants
import ledger.invariants
import tender.invariants
import underwriting.invariants
from core import clock
from core.checks import Broken, Found, Invariant
from core.db import reader_for
from core.errors import Conflict, Invalid, Refusal
from core.papers import Store
from core.server import AUDITOR
from core.settings import Settings
from web import logged
from web.command_line import json_option, place, wants_json
from web.extract_invariants import extract_files_in
from web.keeping import store_in
from web.messages import told
from web.paper_invariants import confirmations_in, statement_files_in, trusted_by

#: Every invariant that needs nothing but the database, room by room.
INVARIANTS: tuple[Invariant, ...] = (
    *core.invariants.INVARIANTS,
    *ledger.invariants.INVARIANTS,
    *tender.invariants.INVARIANTS,
    *underwriting.invariants.INVARIANTS,
    *claims.invariants.INVARIANTS,
    logged.INVARIANT,
)

#: So many checks are made at a time, each on a connection of its own.
HANDS = 2

#: The queries that name every file of every room.
FILES = (core.invariants.FILES, tender.invariants.FILES)


@dataclass(frozen=True, slots=True)
class Result:
    """What one invariant's check found, and how long it took; `found` is None where it was left out."""

    invariant: Invariant
    found: Found | None
    took_ms: int = 0

    @property
    def state(self) -> str:
        """Return `whole`, `broken` or `left_out`."""
        if self.found is None:
            return "left_out"
        return "broken" if self.found.total else "whole"


@dataclass(frozen=True, slots=True)
class Report:
    """What a verification found, in the order of the invariants."""

    at: datetime
    took_ms: int
    results: tuple[Result, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Return the ids of the invariants that do not hold."""
        return tuple(result.invariant.id for result in self.results if result.state == "broken")

    @property
    def is_whole(self) -> bool:
        """Say whether everything that was checked holds."""
        return not self.broken

    def as_data(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        states = [result.state for result in self.results]
        return {
            "verified_at": clock.written(self.at),
            "took_ms": self.took_ms,
            "is_whole": self.is_whole,
            "checked": len(states) - states.count("left_out"),
            "left_out": states.count("left_out"),
            "broken": list(self.broken),
            "invariants": [_result_data(result) for result in self.results],
        }

    def as_text(self, *, is_english: bool) -> str:
        """Return the report as lines for a terminal: one an invariant, then the rows of each that is broken."""
        return "\n".join(_lines(self, is_english=is_english)) + "\n"


def _result_data(result: Result) -> dict[str, object]:
    found = result.found or Found()
    return {
        "id": result.invariant.id,
        "sentence": {"zh": result.invariant.sentence_zh, "en": result.invariant.sentence_en},
        "state": result.state,
        "total": found.total,
        "first": [{"where": one.where, "facts": _plain(one.facts)} for one in found.first],
        "told": _plain(found.told),
        "took_ms": result.took_ms,
    }


def _plain(value: object) -> object:
    """Return a value as JSON has it: sums of the database as whole numbers, ids and instants as text, bytes in hex."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, Decimal):
        return int(value)
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)


_MARKS = {"whole": "✓", "broken": "✗", "left_out": "–"}


def _lines(report: Report, *, is_english: bool) -> Iterator[str]:
    for result in report.results:
        invariant = result.invariant
        sentence = invariant.sentence_en if is_english else invariant.sentence_zh
        yield f"{_MARKS[result.state]} {invariant.id:<20} {sentence}"
        if result.found is None or not result.found.total:
            continue
        for one in result.found.first:
            facts = ", ".join(f"{name}={_short(value)}" for name, value in one.facts.items())
            yield f"    {one.where}: {facts}"
        more = result.found.total - len(result.found.first)
        if more:
            yield "    " + told("verification_more", {"more": more}, is_english=is_english)
    yield ""
    states = [result.state for result in report.results]
    summary = {
        "checked": len(states) - states.count("left_out"),
        "left_out": states.count("left_out"),
        "count": len(report.broken),
        "ids": ", ".join(report.broken),
        "took_ms": report.took_ms,
    }
    yield told("verification_whole" if report.is_whole else "verification_broken", summary, is_english=is_english)


def _short(value: object) -> str:
    shown = _plain(value)
    line = shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)
    return line if len(line) <= 200 else line[:199] + "…"


@dataclass(frozen=True, slots=True)
class Files:
    """Where the kept files are, and whose signatures on papers are ours; with none named, any whole one will do."""

    store: Store
    trusted: tuple[Certificate, ...] = ()


def chosen(only: Iterable[str] = (), files: Files | None = None, *, at: datetime) -> tuple[Invariant, ...]:
    """Return all invariants, or those of these ids; those of the kept files where it is said where they are.

    Refuses Invalid `invariant_unknown` (ids, known).
    """
    every = INVARIANTS
    if files is not None:
        kept = (
            statement_files_in(files.store, files.trusted, at=at),
            confirmations_in(files.store, files.trusted, at=at),
        )
        every = (*every, core.invariants.files_in(files.store, *FILES), *kept, extract_files_in(files.store))
    wanted = list(only)
    unknown = sorted(set(wanted) - {invariant.id for invariant in every})
    if unknown:
        known = ", ".join(invariant.id for invariant in every)
        raise Invalid("invariant_unknown", ids=", ".join(unknown), known=known)
    return tuple(invariant for invariant in every if not wanted or invariant.id in wanted)


def run(
    auditor_engine: Engine,
    *,
    at: datetime,
    only: Iterable[str] = (),
    is_full: bool = True,
    files: Files | None = None,
) -> Report:
    """Return what a verification of the live database finds; without `is_full` the heavy checks are left out.

    What `only` names is checked in any case. Refuses Conflict `auditor_needed` (role) where the engine is not the
    auditor's: any other role would be shown only some of the rows, and would find them whole.
    """
    wanted = list(only)
    invariants, begun = chosen(wanted, files, at=at), time.perf_counter()
    with ExitStack() as opened:
        first = opened.enter_context(_looking(auditor_engine))
        role = first.scalar(text("SELECT current_user"))
        if role != AUDITOR:
            raise Conflict("auditor_needed", role=role, needed=AUDITOR)
        snapshot = first.scalar(text("SELECT pg_export_snapshot()"))
        more = [opened.enter_context(_looking(auditor_engine, snapshot)) for _ in range(HANDS - 1)]
        results = _by_hands([first, *more], invariants, is_full=is_full or bool(wanted))
    return Report(at, _since(begun), tuple(results))


@contextmanager
def _looking(engine: Engine, snapshot: str = "") -> Iterator[Connection]:
    """Open a transaction that only reads, on a snapshot of its own or on that of another that is still open."""
    with engine.connect() as connection:
        reading = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with reading.begin():
            if snapshot:
                reading.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
            reading.exec_driver_sql("SET LOCAL work_mem = '256MB'")
            reading.exec_driver_sql("SET LOCAL jit = off")
            yield reading


def _by_hands(connections: Sequence[Connection], invariants: Sequence[Invariant], *, is_full: bool) -> list[Result]:
    """Return what the checks find, in their order; the heavy ones are begun first."""
    found: dict[int, Result] = {}
    waiting = deque(sorted(range(len(invariants)), key=lambda place: not invariants[place].is_heavy))

    def work(connection: Connection) -> None:
        while True:
            try:
                place = waiting.popleft()
            except IndexError:
                return
            found[place] = examine(connection, [invariants[place]], is_full=is_full)[0]

    with ThreadPoolExecutor(len(connections)) as hands:
        list(hands.map(work, connections))
    return [found[place] for place in range(len(invariants))]


def examine(connection: Connection, invariants: Sequence[Invariant], *, is_full: bool = True) -> list[Result]:
    """Return what the checks of these invariants find on an open transaction."""
    return [_examined(connection, one) if is_full or not one.is_heavy else Result(one, None) for one in invariants]


def _examined(connection: Connection, invariant: Invariant) -> Result:
    begun = time.perf_counter()
    try:
        with connection.begin_nested():
            result = invariant.check(connection)
    except (DBAPIError, Refusal) as error:
        why = str(error.orig) if isinstance(error, DBAPIError) else str(error)
        result = Found(1, (Broken("check", {"could_not_be_made": why}),))
    return Result(invariant, result, _since(begun))


def _since(begun: float) -> int:
    """Return the milliseconds since a reading of the performance counter."""
    return int((time.perf_counter() - begun) * 1000)


@contextmanager
def auditor_engine_at(url: str) -> Iterator[Engine]:
    """Open an engine on the auditor's address, which may be a replica's, for one verification."""
    engine = reader_for(url, pool_size=HANDS)
    try:
        yield engine
    finally:
        engine.dispose()


def main(
    settings: Settings,
    auditor_url: str,
    *,
    as_json: bool,
    full: bool,
    only: Iterable[str] = (),
    files: Files | None = None,
    out: TextIO | None = None,
) -> int:
    """Verify the database at the auditor's address, print what was found, and return 0 where all is whole, else 1.

    Without `files` the kept files are not looked at. Refuses Conflict `auditor_url_missing` without an address.
    """
    if not auditor_url:
        raise Conflict("auditor_url_missing")
    with auditor_engine_at(auditor_url) as engine:
        report = run(engine, at=clock.now(), only=only, is_full=full, files=files)
    if as_json:
        printed = json.dumps(report.as_data(), ensure_ascii=False, indent=2) + "\n"
    else:
        printed = report.as_text(is_english=settings.locale == "en")
    (out or sys.stdout).write(printed)
    return 0 if report.is_whole else 1


@click.command("verify")
@click.option(
    "--full/--quick", default=True, help="全部核验 / 略去逐行重算 — everything, or without what works rows out again"
)
@click.option("--only", multiple=True, metavar="ID", help="只核验这些 / these invariants alone (INV-L1)")
@json_option
def verify(full: bool, only: tuple[str, ...]) -> None:
    """核验全部不变式，只读；有不成立的退出码为 1。 Check every invariant, read only; exit 1 naming what is broken."""
    where = place()
    files = Files(store_in(where.settings), trusted_by(where.settings))
    code = main(where.settings, where.urls.auditor, as_json=wants_json(), full=full, only=only, files=files)
    if code:
        raise click.exceptions.Exit(code)
