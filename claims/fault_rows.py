"""Rows of an outage list turned into faults, every odd row named. Pure: cells have been read and typed by the edge.

An error keeps a row out (it cannot be a fault, or is one already); a remark lets it in and says what is odd about it,
for a real list is full of oddities that are nobody's mistake. The report counts both and gives mean, median and longest
repair exactly, over the rows taken that have been repaired.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from core.clock import CITY
from core.errors import Finding

_MICROSECOND = timedelta(microseconds=1)
_SECONDS_A_DAY = 86_400

#: The findings that keep a row out; every other one only says what is odd.
ERRORS = frozenset(
    {
        "fault_lift_unknown",
        "fault_reported_in_future",
        "fault_restored_in_future",
        "fault_restored_before_reported",
        "fault_acknowledged_before_reported",
        "fault_arrived_before_reported",
        "fault_restored_before_arrived",
        "fault_duplicate",
        "fault_already_recorded",
    }
)


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One row of a list: which lift stood still from when to when. All instants are aware; `row` counts from 1."""

    row: int
    lift_number: str
    reported_at: datetime
    restored_at: datetime | None = None
    description: str = ""
    estimated_at: datetime | None = None
    acknowledged_at: datetime | None = None
    arrived_at: datetime | None = None
    is_trapped: bool = False


@dataclass(frozen=True, slots=True)
class RepairTimes:
    """How long repairs took. Mean and median are exact seconds; an even number's median lies between its middle two."""

    n: int
    mean_s: Fraction
    median_s: Fraction
    longest: timedelta
    longest_row: int
    longest_lift: str


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What became of a list: rows taken, findings in order of rows, counts by code, repair times (None of none)."""

    read: int
    taken: tuple[FaultRow, ...]
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]
    lifts: int
    open: int
    repair_times: RepairTimes | None

    @property
    def refused(self) -> int:
        """Return how many rows were kept out here (rows whose cells could not be read never came this far)."""
        return self.read - len(self.taken)

    @property
    def odd(self) -> int:
        """Return how many of the rows taken have a remark."""
        kept = {row.row for row in self.taken}
        return len({finding.facts["row"] for finding in self.findings} & kept)


def fault_row(number: int, values: Mapping[str, object]) -> FaultRow:
    """Return the row that typed values describe; fields the list does not have are left as usual.

    >>> fault_row(2, {"lift_number": "EL1", "reported_at": datetime(2026, 1, 5, tzinfo=UTC)}).restored_at is None
    True
    """
    given = {name: value for name, value in values.items() if value is not None}
    return FaultRow(row=number, **given)  # type: ignore[arg-type]


def review(
    rows: Iterable[FaultRow],
    *,
    at: datetime,
    known_lifts: Collection[str] | None = None,
    recorded: Collection[tuple[str, datetime]] = frozenset(),
    collected_from: datetime | None = None,
) -> FaultReport:
    """Return what a list holds: the rows to take, and every odd row with what is odd about it.

    `at` is now; `known_lifts` the lifts there are (not asked where None); `recorded` the faults already in the books,
    as (lift, reported at); `collected_from` when the list began to be kept, for what was then already under way.
    """
    read = list(rows)
    known = None if known_lifts is None else frozenset(known_lifts)
    first_rows: dict[tuple[str, datetime], int] = {}
    findings: list[Finding] = []
    taken: list[FaultRow] = []
    for row in read:
        errors = [*_errors(row, at, known), *_repeats(row, first_rows, recorded)]
        findings += errors
        if not errors:
            taken.append(row)
            findings += _remarks(row, collected_from)
    findings += _overlaps(taken)
    findings.sort(key=_place)
    return FaultReport(
        read=len(read),
        taken=tuple(taken),
        findings=tuple(findings),
        counts=Counter(finding.code for finding in findings),
        lifts=len({row.lift_number for row in taken}),
        open=sum(row.restored_at is None for row in taken),
        repair_times=repair_times(taken),
    )


def _place(finding: Finding) -> int:
    """Return the row a finding is about."""
    number = finding.facts["row"]
    return number if isinstance(number, int) else 0


def _finding(code: str, row: FaultRow, **facts: object) -> Finding:
    """Return a finding about a row; instants among the facts become city time as text."""
    told = {name: city_text(fact) if isinstance(fact, datetime) else fact for name, fact in facts.items()}
    return Finding(code, f"row {row.row}", {"row": row.row, "lift": row.lift_number, **told})


def city_text(instant: datetime) -> str:
    """Return an instant as a person in the city writes it.

    >>> city_text(datetime(2026, 1, 5, 16, 30, tzinfo=UTC))
    '2026-01-06 00:30'
    """
    return f"{instant.astimezone(CITY):%Y-%m-%d %H:%M}"


def _errors(row: FaultRow, at: datetime, known: frozenset[str] | None) -> Iterator[Finding]:
    """Yield what makes a row impossible."""
    if known is not None and row.lift_number not in known:
        yield _finding("fault_lift_unknown", row)
    if row.reported_at > at:
        yield _finding("fault_reported_in_future", row, reported_at=row.reported_at)
    if row.restored_at is not None and row.restored_at > at:
        yield _finding("fault_restored_in_future", row, restored_at=row.restored_at)
    for name, instant in (
        ("restored", row.restored_at),
        ("acknowledged", row.acknowledged_at),
        ("arrived", row.arrived_at),
    ):
        if instant is not None and instant < row.reported_at:
            yield _finding(f"fault_{name}_before_reported", row, reported_at=row.reported_at, then=instant)
    if row.restored_at is not None and row.arrived_at is not None and row.restored_at < row.arrived_at:
        yield _finding("fault_restored_before_arrived", row, arrived_at=row.arrived_at, then=row.restored_at)


def _repeats(
    row: FaultRow, first_rows: dict[tuple[str, datetime], int], recorded: Collection[tuple[str, datetime]]
) -> Iterator[Finding]:
    """Yield that a row tells a fault that an earlier row, or the books, have told; remember the row."""
    key = (row.lift_number, row.reported_at.astimezone(UTC))
    first = first_rows.setdefault(key, row.row)
    if first != row.row:
        yield _finding("fault_duplicate", row, first_row=first)
    elif key in recorded:
        yield _finding("fault_already_recorded", row, reported_at=row.reported_at)


def _remarks(row: FaultRow, collected_from: datetime | None) -> Iterator[Finding]:
    """Yield what is odd about a row by itself."""
    if not row.description.strip():
        yield _finding("fault_description_blank", row)
    if row.estimated_at is not None and row.estimated_at < row.reported_at:
        yield _finding("fault_estimated_before_reported", row, estimated_at=row.estimated_at)
    elif row.estimated_at is not None and row.restored_at is not None and row.estimated_at < row.restored_at:
        facts = {"estimated_at": row.estimated_at, "restored_at": row.restored_at}
        yield _finding("fault_estimated_before_restored", row, **facts)
    if row.restored_at == row.reported_at:
        yield _finding("fault_restored_at_once", row)
    if collected_from is not None and row.reported_at < collected_from:
        yield _finding("fault_under_way_before", row, reported_at=row.reported_at, collected_from=collected_from)


def _overlaps(rows: Sequence[FaultRow]) -> Iterator[Finding]:
    """Yield each row that starts before an outage of the same lift had ended: the previous one, or one before that.

    Previous means by start. An outage without an end has not ended.
    """
    by_lift: defaultdict[str, list[FaultRow]] = defaultdict(list)
    for row in rows:
        by_lift[row.lift_number].append(row)
    for outages in by_lift.values():
        outages.sort(key=lambda row: (row.reported_at, row.row))
        longest = previous = outages[0]
        for row in outages[1:]:
            if _is_open_at(previous, row.reported_at):
                yield _finding(
                    "fault_overlaps_previous", row, other_row=previous.row, ended_at=previous.restored_at or ""
                )
            elif _is_open_at(longest, row.reported_at):
                yield _finding("fault_overlaps_earlier", row, other_row=longest.row, ended_at=longest.restored_at or "")
            previous = row
            if longest.restored_at is not None and _is_open_at(row, longest.restored_at):
                longest = row


def _is_open_at(row: FaultRow, instant: datetime) -> bool:
    """Say whether an outage had not ended by an instant."""
    return row.restored_at is None or row.restored_at > instant


def suggested_start(rows: Iterable[FaultRow]) -> datetime | None:
    """Return when a list seems to have begun to be kept: the first midnight, UTC, of the day of its first restoration.

    Only a suggestion for `collected_from`; a list that nobody watched shows no restoration either.
    """
    first = min((row.restored_at for row in rows if row.restored_at is not None), default=None)
    return None if first is None else first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def repair_times(rows: Iterable[FaultRow]) -> RepairTimes | None:
    """Return mean, median and longest of the repairs that are done; None where none is.

    >>> start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    >>> done = [FaultRow(n, "EL1", start, start + timedelta(hours=n)) for n in (1, 2, 6)]
    >>> times = repair_times(done)
    >>> duration_text(times.mean_s), duration_text(times.median_s), str(times.longest)
    ('3:00:00', '2:00:00', '6:00:00')
    """
    done = [(row.restored_at - row.reported_at, row) for row in rows if row.restored_at is not None]
    if not done:
        return None
    lengths = sorted(length // _MICROSECOND for length, _ in done)
    n = len(lengths)
    middle = lengths[(n - 1) // 2] + lengths[n // 2]
    longest, row = max(done, key=lambda pair: (pair[0], -pair[1].row))
    return RepairTimes(
        n=n,
        mean_s=Fraction(sum(lengths), n * 10**6),
        median_s=Fraction(middle, 2 * 10**6),
        longest=longest,
        longest_row=row.row,
        longest_lift=row.lift_number,
    )


def duration_text(seconds: Fraction) -> str:
    """Return a length as hours, minutes and whole seconds, half up.

    >>> duration_text(Fraction(3661, 2))
    '0:30:31'
    """
    whole = (2 * seconds.numerator + seconds.denominator) // (2 * seconds.denominator)
    minutes, rest = divmod(whole, 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def days_hundredths(seconds: Fraction) -> int:
    """Return a length in hundredths of a day, half up.

    >>> days_hundredths(Fraction(25 * 3600 + 1800))
    106
    """
    share = seconds * 100 / _SECONDS_A_DAY
    return (2 * share.numerator + share.denominator) // (2 * share.denominator)
