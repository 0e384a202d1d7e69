"""A real list of 1,985 lift outages, read as a file anyone might send; skips where the list is not at hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from claims.fault_rows import FaultReport, days_hundredths, duration_text, fault_row, review, suggested_start
from claims.service_standard import FaultTimes, Standard, measure
from core.working_time import DayKind
from web.fault_columns import fault_schema
from web.tables import read_table

LIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "lift_outages_2018q1.csv"
NOW = datetime(2018, 5, 1, tzinfo=UTC)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not LIST.exists(), reason="the real list is not part of the project"),
]


@pytest.fixture(scope="module")
def report() -> Iterator[FaultReport]:
    """Return the list as reviewed, its columns found by their own headers."""
    with LIST.open("rb") as stream, read_table(stream, LIST.name) as table:
        reader = fault_schema().reader(table)
        rows = list(reader)
    assert reader.findings.total == 0
    faults = [fault_row(row.number, row.values) for row in rows]
    yield review(faults, at=NOW, collected_from=suggested_start(faults))


def test_its_columns_are_recognised() -> None:
    """The five columns of the list are found by their headers."""
    with LIST.open("rb") as stream, read_table(stream, LIST.name) as table:
        assert fault_schema().suggest(table.headers).columns == {
            "lift_number": "elevator",
            "reported_at": "out_of_service",
            "restored_at": "first_missed",
            "description": "reason",
            "estimated_at": "estimated_return",
        }


def test_every_odd_row_is_named(report: FaultReport) -> None:
    """No row is impossible; 299 estimates were not kept, 84 outages lie in another, 8 were under way before."""
    assert (report.read, len(report.taken), report.refused, report.lifts, report.open) == (1985, 1985, 0, 270, 0)
    assert report.counts == {
        "fault_estimated_before_restored": 299,
        "fault_overlaps_previous": 82,
        "fault_overlaps_earlier": 2,
        "fault_under_way_before": 8,
    }
    assert len(report.findings) == 391


def test_mean_median_and_longest_repair(report: FaultReport) -> None:
    """Mean 6:38:30, median 3:17:10, longest 46 days 0:55:11."""
    times = report.repair_times
    assert times is not None
    assert times.n == 1985
    assert (duration_text(times.mean_s), days_hundredths(times.mean_s)) == ("6:38:30", 28)
    assert (duration_text(times.median_s), times.median_s) == ("3:17:10", Fraction(11_830_029_909, 10**6))
    assert times.longest == timedelta(days=46, minutes=55, seconds=11, microseconds=135_978)


def test_the_service_standard_can_be_measured_on_it(report: FaultReport) -> None:
    """With every day of those months taken as worked, the figures of the standard come out with their n."""
    days = {datetime(2018, 2, 1, tzinfo=UTC).date() + timedelta(days=n): DayKind(True) for n in range(120)}
    times = [FaultTimes(str(row.row), row.reported_at, repaired_at=row.restored_at) for row in report.taken]
    told = measure(times, Standard(), days, NOW)
    assert (told.closed, told.open, told.half_day.n, told.within_longest.n) == (1985, 0, 1985, 1985)
    assert told.mean_days_hundredths == 28
    # The median is 3:17:10.03; the longest, 46 days and 55 minutes, is told rounded up.
    assert (told.median_days_hundredths, told.longest and told.longest.days_hundredths) == (14, 4604)
    assert told.longest is not None
    assert told.longest.elapsed > timedelta(days=46)
    assert told.response.open_failed == 1985
