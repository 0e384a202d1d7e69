"""Rows of an outage list: which are taken, which are odd, which cannot be; and how long repairs took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.fault_rows import (
    ERRORS,
    FaultReport,
    FaultRow,
    days_hundredths,
    duration_text,
    fault_row,
    repair_times,
    review,
    suggested_start,
)
from web.messages.claims import MESSAGES

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=UTC)


def row(number: int, start: str, end: str | None = None, lift: str = "EL1", **more: Any) -> FaultRow:
    times = {
        name: at(value) if isinstance(value, str) and name.endswith("_at") else value for name, value in more.items()
    }
    return FaultRow(number, lift, at(start), at(end) if end else None, times.pop("description", "门机"), **times)


def told(report: FaultReport) -> list[tuple[str, object]]:
    for finding in report.findings:
        assert all(text.format_map(finding.facts) for text in MESSAGES[finding.code])
    return [(finding.code, finding.facts["row"]) for finding in report.findings]


def test_a_plain_row_is_taken_without_a_word() -> None:
    """A row with its start before its end and nothing odd is taken as it is."""
    plain = row(2, "03-01T08:00", "03-01T10:00", estimated_at="03-01T12:00")
    report = review([plain], at=NOW)
    assert (report.taken, report.findings, report.refused, report.odd, report.open) == ((plain,), (), 0, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (row(2, "03-01T08:00", "03-01T07:59"), "fault_restored_before_reported"),
        (row(2, "03-01T08:00", acknowledged_at="03-01T07:00"), "fault_acknowledged_before_reported"),
        (row(2, "03-01T08:00", arrived_at="03-01T07:00"), "fault_arrived_before_reported"),
        (row(2, "03-01T08:00", "03-01T09:00", arrived_at="03-01T10:00"), "fault_restored_before_arrived"),
        (row(2, "07-01T08:00"), "fault_reported_in_future"),
        (row(2, "03-01T08:00", "07-01T08:00"), "fault_restored_in_future"),
        (row(2, "03-01T08:00", lift="EL9"), "fault_lift_unknown"),
        (row(2, "02-01T08:00"), "fault_already_recorded"),
    ],
)
def test_what_cannot_be_a_new_fault_is_kept_out(wrong: FaultRow, code: str) -> None:
    """A row whose end lies before its start, that is not yet, of no known lift, or known already, is not taken."""
    good = row(3, "03-02T08:00")
    recorded = {("EL1", at("02-01T08:00"))}
    report = review([wrong, good], at=NOW, known_lifts={"EL1"}, recorded=recorded)
    assert told(report) == [(code, 2)]
    assert code in ERRORS
    assert (report.taken, report.read, report.refused) == ((good,), 2, 1)


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (row(2, "03-01T08:00", "03-01T10:00", estimated_at="03-01T09:00"), "fault_estimated_before_restored"),
        (row(2, "03-01T08:00", estimated_at="03-01T07:00"), "fault_estimated_before_reported"),
        (row(2, "03-01T08:00", "03-01T08:00"), "fault_restored_at_once"),
        (row(2, "03-01T08:00", description="  "), "fault_description_blank"),
        (row(2, "01-01T08:00"), "fault_under_way_before"),
    ],
)
def test_what_is_only_odd_is_taken_and_named(odd: FaultRow, code: str) -> None:
    """An estimate not kept, no description, or a start before the list began is said, and the row is taken."""
    report = review([odd], at=NOW, collected_from=at("02-01T00:00"))
    assert told(report) == [(code, 2)]
    assert code not in ERRORS
    assert (report.taken, report.odd) == ((odd,), 1)


def test_the_same_fault_twice_is_one() -> None:
    """The same lift and the same start is the same fault; the second row is refused and points to the first."""
    twice = [
        row(2, "03-01T08:00", "03-01T09:00"),
        row(3, "03-01T08:00", "03-01T10:00"),
        row(4, "03-01T08:00", lift="EL2"),
    ]
    report = review(twice, at=NOW)
    assert told(report) == [("fault_duplicate", 3)]
    assert report.findings[0].facts == {"row": 3, "lift": "EL1", "first_row": 2}
    assert (report.refused, report.lifts) == (1, 2)


def test_an_outage_within_another_is_named() -> None:
    """A start before the previous outage of the lift had ended is named; so is one before an older one had."""
    rows = [
        row(2, "03-01T08:00", "03-05T08:00"),
        row(3, "03-02T08:00", "03-02T09:00"),
        row(4, "03-03T08:00", "03-03T09:00"),
        row(5, "03-05T08:00", "03-05T09:00"),
        row(6, "03-03T08:00", "03-03T09:00", lift="EL2"),
    ]
    report = review(reversed(rows), at=NOW)
    assert told(report) == [("fault_overlaps_previous", 3), ("fault_overlaps_earlier", 4)]
    assert report.findings[1].facts["other_row"] == 2
    assert report.findings[1].facts["ended_at"] == "2026-03-05 16:00"
    assert len(report.taken) == 5


def test_an_outage_that_never_ended_overlaps_what_follows() -> None:
    """While an outage is open, a further one of the same lift starts before its end."""
    report = review([row(2, "03-01T08:00"), row(3, "04-01T08:00", "04-01T09:00"), row(4, "05-01T08:00")], at=NOW)
    assert told(report) == [("fault_overlaps_previous", 3), ("fault_overlaps_earlier", 4)]
    assert report.findings[0].facts["ended_at"] == ""
    assert report.open == 2


def test_a_row_kept_out_overlaps_nothing() -> None:
    """A refused row is no outage, so nothing overlaps it."""
    report = review([row(2, "03-01T08:00", "07-01T08:00"), row(3, "03-02T08:00", "03-02T09:00")], at=NOW)
    assert told(report) == [("fault_restored_in_future", 2)]


def test_repair_times_are_exact() -> None:
    """Mean and median are exact; the longest names its row; an open outage has no repair time."""
    rows = [
        row(2, "03-01T00:00", "03-01T01:00"),
        row(3, "03-01T00:00", "03-01T02:00", lift="EL2"),
        row(4, "03-01T00:00", "03-01T06:00", lift="EL3"),
        row(5, "03-01T00:00", "03-01T06:00", lift="EL4"),
        row(6, "03-01T00:00", lift="EL5"),
    ]
    times = review(rows, at=NOW).repair_times
    assert times is not None
    assert (times.n, times.mean_s, times.median_s) == (4, Fraction(13_500), Fraction(14_400))
    assert (times.longest, times.longest_row, times.longest_lift) == (timedelta(hours=6), 4, "EL3")
    assert (duration_text(times.mean_s), days_hundredths(times.mean_s)) == ("3:45:00", 16)
    assert review([rows[-1]], at=NOW).repair_times is None
    third = repair_times([row(2, "03-01T00:00", f"03-01T00:00:0{n}") for n in (0, 0, 1)])
    assert third is not None
    assert third.mean_s == Fraction(1, 3)


def test_the_list_s_beginning_is_suggested() -> None:
    """A list seems to begin on the day of its first restoration; without one nothing is suggested."""
    assert suggested_start([row(2, "01-01T08:00", "02-21T05:14"), row(3, "02-22T08:00")]) == at("02-21T00:00")
    assert suggested_start([row(2, "01-01T08:00")]) is None


def test_typed_values_become_a_row() -> None:
    """Values under the fields' names become a row; what a list does not have is left out."""
    values = {"lift_number": "EL1", "reported_at": at("03-01T08:00"), "restored_at": None, "description": None}
    assert fault_row(7, values) == FaultRow(7, "EL1", at("03-01T08:00"))


spans = st.tuples(st.integers(0, 500), st.integers(0, 100) | st.none(), st.sampled_from("AB"))


@given(st.lists(spans, max_size=25))
@settings(max_examples=200, deadline=None)
def test_overlaps_are_what_plain_comparison_finds(told_spans: list[tuple[int, int | None, str]]) -> None:
    """A row is named as overlapping exactly where some earlier outage of its lift was open at its start."""
    start = at("01-01T00:00")
    rows = [
        FaultRow(n, lift, start + timedelta(hours=a), None if b is None else start + timedelta(hours=a + b), "x")
        for n, (a, b, lift) in enumerate(told_spans, 2)
    ]
    report = review(rows, at=NOW)
    named = {f.facts["row"] for f in report.findings if f.code.startswith("fault_overlaps")}
    plain = {
        later.row
        for later in report.taken
        for earlier in report.taken
        if earlier.lift_number == later.lift_number
        and earlier.reported_at < later.reported_at
        and (earlier.restored_at is None or earlier.restored_at > later.reported_at)
    }
    assert named == plain
    assert sum(report.counts.values()) == len(report.findings)
