"""A list of faults from file to books: read, held against the lifts on record, taken. Shared by page and command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.orm import Session

from claims import faults
from claims.fault_rows import FaultReport, FaultRow, duration_text, fault_row, suggested_start
from core import clock
from core.clock import CITY
from core.errors import Finding, Invalid
from core.permits import Actor
from underwriting import estates
from underwriting.estates import EstateRow
from web.fault_columns import fault_schema
from web.list_order import as_in_file, in_order
from web.row_schema import FindingList
from web.tables import read_table

#: Where lifts stand that only a list has named, until the register says better: district, community, building.
UNPLACED = ("未定", "未定小区（待补登记）", "未定")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a list is to be read: which column is which, in which zone its times are, what is done with new lifts.

    `columns` adds to what the headers themselves suggest; an empty header takes a suggestion away.

    `collected_from`: when the list began to be kept (None: as its first restoration suggests).
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    zone: ZoneInfo = CITY
    sheet: str | None = None
    registers_lifts: bool = False
    collected_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class FaultList:
    """A list as read: rows that could be read, what could not, and what the books say to the rows."""

    rows: tuple[FaultRow, ...]
    rows_read: int
    unread: FindingList
    rows_unread: int
    report: FaultReport
    columns: Mapping[str, str]
    collected_from: datetime | None
    new_lifts: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """Return how many rows stay out, unreadable ones and impossible ones together."""
        return self.rows_unread + self.report.refused

    @property
    def findings(self) -> list[Finding]:
        """Return everything odd, row by row and in a row by column."""
        return in_order([*self.unread.listed, *self.report.findings], self.columns)

    @property
    def counts(self) -> dict[str, int]:
        """Return code -> how many findings, the commonest first."""
        every = dict(self.unread.counts)
        every.update(self.report.counts)
        return dict(sorted(every.items(), key=lambda pair: (-pair[1], pair[0])))


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; Invalid `zone_unknown`."""
    if name not in available_timezones():
        raise Invalid("zone_unknown", zone=name[:40])
    return ZoneInfo(name)


def read(session: Session, stream: IO[bytes], name: str, wanted: Wanted, *, at: datetime) -> FaultList:
    """Return what a file of faults holds, held against the lifts and faults on record; nothing is written.

    Refuses what `web.tables` and `RowSchema.check` refuse.
    """
    schema = fault_schema(wanted.zone)
    with read_table(stream, name, sheet=wanted.sheet) as table:
        mapping = schema.completed(wanted.columns, table.headers)
        reader = schema.reader(table, mapping)
        rows = tuple(fault_row(good.number, good.values) for good in reader)
    start = wanted.collected_from or suggested_start(rows)
    report = faults.review_rows(session, rows, at=at, collected_from=start, asks_for_lifts=not wanted.registers_lifts)
    return FaultList(
        rows=rows,
        rows_read=reader.rows_read,
        unread=reader.findings,
        rows_unread=reader.rows_refused,
        report=report,
        columns=as_in_file(mapping.columns, table.headers),
        collected_from=start,
        new_lifts=_new_lifts(session, report) if wanted.registers_lifts else (),
    )


def _new_lifts(session: Session, report: FaultReport) -> tuple[str, ...]:
    """Return the numbers that the rows to take name and the register does not, in the order of their rows."""
    numbers = list(dict.fromkeys(row.lift_number for row in report.taken))
    known = faults.known_lifts(session, numbers)
    return tuple(number for number in numbers if number not in known)


def take(session: Session, told: FaultList, source: str, *, by: Actor, at: datetime) -> int:
    """Write the rows of a list that can be taken, after registering the lifts it is to register; return how many.

    Refuses Conflict `no_row_to_take`.
    """
    if told.new_lifts:
        register(session, told, by=by, at=at)
    return faults.take_rows(session, told.report, source, by=by, at=at)


def register(session: Session, told: FaultList, *, by: Actor, at: datetime) -> None:
    """Put the lifts that only the list names into the register, in a place of their own that says so.

    Their day of service is not known: the day of their first fault stands for it, which never makes a lift older, and
    so insurable, than it is.
    """
    first: dict[str, FaultRow] = {}
    for row in sorted(told.report.taken, key=lambda row: row.reported_at):
        first.setdefault(row.lift_number, row)
    district, community, building = UNPLACED
    rows = [
        EstateRow(first[number].row, district, community, building, number, clock.on(first[number].reported_at), 2)
        for number in told.new_lifts
    ]
    estates.take(session, rows, on=clock.on(at), by=by, at=at)


def span_text(length: timedelta) -> str:
    """Return a length as days, hours, minutes and whole seconds, cut off.

    >>> span_text(timedelta(days=46, minutes=55, seconds=11.5))
    '46 d 00:55:11'
    """
    minutes, seconds = divmod(length.seconds, 60)
    return f"{length.days} d {minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def summary(told: FaultList) -> dict[str, Any]:
    """Return a list in figures, for the command and the receipt: counts, findings by code, repair times."""
    report = told.report
    times = report.repair_times
    return {
        "rows": told.rows_read,
        "taken": len(report.taken),
        "refused": told.refused,
        "odd": report.odd,
        "open": report.open,
        "lifts": report.lifts,
        "lifts_to_register": len(told.new_lifts),
        "collected_from": told.collected_from.astimezone(UTC).isoformat() if told.collected_from else None,
        "columns": dict(told.columns),
        "findings": told.counts,
        "repair": None
        if times is None
        else {
            "n": times.n,
            "mean": duration_text(times.mean_s),
            "mean_s": str(times.mean_s),
            "median": duration_text(times.median_s),
            "median_s": str(times.median_s),
            "longest": span_text(times.longest),
            "longest_row": times.longest_row,
            "longest_lift": times.longest_lift,
        },
    }
