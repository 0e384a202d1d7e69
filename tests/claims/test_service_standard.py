"""The unified service standard: clocks of one fault, figures of many, and the traps of honest counting."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claims.lengths import mean_hundredths
from claims.service_standard import (
    Clock,
    FaultTimes,
    Measured,
    Ratio,
    Standard,
    State,
    Wait,
    clocks,
    measure,
    standard_of,
)
from core.calendar import published_days
from core.clock import CITY
from core.errors import Invalid
from core.working_time import DayKind, working_minutes_between

DAYS = published_days(2026, 2026)
USUAL = Standard()


def city(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=CITY)


def fault(reported: str, name: str = "F", **times: Any) -> FaultTimes:
    instants = {key: city(value) if isinstance(value, str) else value for key, value in times.items()}
    return FaultTimes(name, city(reported), **instants)


def read(one: FaultTimes, at: str, standard: Standard = USUAL, name: str = "half_day") -> Clock:
    return clocks(one, standard, DAYS, city(at))[name]


def figures(*faults: FaultTimes, at: str, standard: Standard = USUAL) -> Measured:
    return measure(faults, standard, DAYS, city(at))


@pytest.mark.parametrize(
    ("reported", "repaired", "state", "minutes"),
    [
        ("01-05T10:30", "01-05T16:30", State.ON_TIME, 240),
        ("01-05T10:30", "01-05T16:31", State.LATE, 241),
        ("01-05T08:00", "01-05T12:00", State.ON_TIME, 240),
        ("01-05T08:00", "01-05T13:59", State.ON_TIME, 240),
        ("01-05T08:00", "01-05T14:01", State.LATE, 241),
        ("02-13T16:00", "02-14T10:00", State.ON_TIME, 240),
        ("02-14T16:00", "02-24T10:00", State.ON_TIME, 240),
        ("02-14T16:00", "02-24T10:01", State.LATE, 241),
        ("02-28T17:30", "03-02T11:30", State.ON_TIME, 240),
        ("02-15T03:00", "02-20T03:00", State.ON_TIME, 0),
    ],
)
def test_half_a_day_is_counted_in_working_minutes(reported: str, repaired: str, state: State, minutes: int) -> None:
    """A repair is a half-day repair if no more than 240 working minutes lie between report and repair."""
    clock = read(fault(reported, repaired_at=repaired), "03-31T00:00")
    assert (clock.state, clock.gross, clock.has_aged) == (state, timedelta(minutes=minutes), True)


def test_seconds_over_the_limit_are_over_the_limit() -> None:
    """240 working minutes and one second are more than 240 minutes."""
    late = FaultTimes("F", city("01-05T08:00"), repaired_at=city("01-05T14:00:01"))
    assert read(late, "01-06T08:00").state is State.LATE


def test_the_response_clock_runs_at_night() -> None:
    """A fault at 23:50 is answered by 00:20 or late; its working clock starts the next working morning."""
    one = fault("01-05T23:50", acknowledged_at="01-06T00:20")
    assert read(one, "01-06T00:10", name="response").state is State.RUNNING
    assert read(one, "01-06T00:20", name="response").state is State.ON_TIME
    assert read(replace(one, acknowledged_at=city("01-06T00:21")), "01-06T01:00", name="response").state is State.LATE
    assert read(replace(one, acknowledged_at=None), "01-06T00:21", name="response").state is State.BREACHED
    assert read(one, "01-06T01:00", name="response").due_at == city("01-06T00:20")
    assert read(one, "01-06T01:00").due_at == city("01-06T12:00")


def test_trapped_people_are_reached_within_their_area_s_time() -> None:
    """30 minutes to trapped people in a built-up area, 60 elsewhere; nobody trapped, no such clock."""
    one = fault("01-05T12:00", arrived_at="01-05T12:45", is_trapped=True)
    assert read(one, "01-05T14:00", name="arrival").state is State.LATE
    assert read(replace(one, is_built_up=False), "01-05T14:00", name="arrival").state is State.ON_TIME
    assert "arrival" not in clocks(replace(one, is_trapped=False), USUAL, DAYS, city("01-05T14:00"))
    told = figures(one, replace(one, is_built_up=False), replace(one, is_trapped=False), at="01-05T14:00")
    assert (told.arrival.met, told.arrival.n) == (1, 2)


def test_open_faults_past_the_limit_have_failed_and_young_ones_do_not_count_yet() -> None:
    """Leaving slow repairs open, or counting quick ones early, does not raise the ratio."""
    told = figures(
        fault("01-05T08:00", repaired_at="01-05T09:00"),
        fault("01-05T08:00", repaired_at="01-05T16:00"),
        fault("01-05T08:00"),
        fault("01-05T17:00"),
        fault("01-05T17:00", repaired_at="01-05T17:05"),
        at="01-05T18:00",
    )
    assert told.half_day == Ratio(met=1, n=3, open_failed=1, not_yet=2)
    assert told.half_day.bp == 3333
    assert (told.closed, told.open) == (3, 2)


def test_a_fault_of_tomorrow_has_not_happened() -> None:
    """Figures as of an instant know nothing of what came later: neither a later fault nor a later repair."""
    one = fault("01-05T08:00", repaired_at="01-07T09:00", acknowledged_at="01-05T08:10")
    told = figures(one, fault("01-06T08:00"), at="01-05T18:00")
    assert (told.closed, told.open, told.half_day.open_failed) == (0, 1, 1)
    assert (told.mean_days_hundredths, told.half_day.bp) == (None, 0)
    with pytest.raises(Invalid, match="fault_not_yet_reported"):
        clocks(one, USUAL, DAYS, city("01-05T07:59"))


def test_mean_and_longest_are_elapsed_days() -> None:
    """The mean is over repaired faults, exact, two decimals, half up; the longest may be one still open."""
    told = figures(
        fault("03-02T00:00", repaired_at="03-02T12:00", name="a"),
        fault("03-02T00:00", repaired_at="03-03T15:00", name="b"),
        fault("03-02T00:00", name="c"),
        at="03-06T00:00",
    )
    assert told.mean_days_hundredths == 106
    assert told.median_days_hundredths == 106
    assert told.longest is not None
    assert (told.longest.fault, told.longest.elapsed, told.longest.is_open) == ("c", timedelta(days=4), True)
    assert told.within_longest == Ratio(met=2, n=3, open_failed=1)
    assert told.verdicts(USUAL) == {"response": False, "arrival": None, "half_day": False, "longest": False}


@pytest.mark.parametrize(
    ("seconds", "hundredths"), [([0], 0), ([431], 0), ([432], 1), ([1295], 1), ([1296], 2), ([432, 431], 0), ([], None)]
)
def test_the_mean_is_rounded_half_up_once(seconds: list[int], hundredths: int | None) -> None:
    """A hundredth of a day is 864 seconds; half of it rounds up, one second less does not."""
    assert mean_hundredths(timedelta(seconds=s) for s in seconds) == hundredths


def test_waiting_stops_no_clock_unless_the_annex_says_so() -> None:
    """Waiting for parts is kept beside the gross time, and stops the clock only where the annex names it."""
    one = fault(
        "01-05T08:00",
        repaired_at="01-06T10:00",
        waits=(
            Wait("parts", city("01-05T10:00"), city("01-06T08:00")),
            Wait("owners", city("01-06T09:00"), city("01-06T09:30")),
        ),
    )
    clock = read(one, "01-09T00:00")
    assert (clock.state, clock.gross, clock.net) == (State.LATE, timedelta(minutes=600), timedelta(minutes=210))
    assert clock.due_at == city("01-05T12:00")
    lenient = Standard(stops_clock_for=frozenset({"parts"}))
    clock = read(one, "01-09T00:00", lenient)
    assert (clock.state, clock.gross, clock.net) == (State.ON_TIME, timedelta(minutes=600), timedelta(minutes=210))
    assert clock.due_at == city("01-06T10:00")
    told = figures(one, at="01-09T00:00")
    assert (told.mean_days_hundredths, told.mean_net_days_hundredths) == (108, 15)


def test_a_wait_that_is_still_open_leaves_no_due_time() -> None:
    """While a wait that stops the clock goes on, the clock is running and nobody can say when it is due."""
    one = fault("01-05T08:00", waits=(Wait("parts", city("01-05T10:00")),))
    lenient = Standard(stops_clock_for=frozenset({"parts"}))
    clock = read(one, "01-30T00:00", lenient)
    assert (clock.state, clock.due_at, clock.net) == (State.RUNNING, None, timedelta(minutes=120))
    assert read(one, "01-30T00:00").state is State.BREACHED
    assert figures(one, at="01-30T00:00", standard=lenient).half_day.not_yet == 1


def test_waits_that_overlap_are_not_counted_twice() -> None:
    """Two reasons to wait at the same time take that time away once."""
    waits = (
        Wait("parts", city("01-05T09:00"), city("01-05T11:00")),
        Wait("owners", city("01-05T10:00"), city("01-05T10:30")),
        Wait("owners", city("01-05T10:30"), city("01-05T11:30")),
    )
    clock = read(fault("01-05T08:00", repaired_at="01-05T12:00", waits=waits), "01-09T00:00")
    assert (clock.gross, clock.net) == (timedelta(minutes=240), timedelta(minutes=90))


def test_a_day_not_in_the_calendar_is_counted_apart() -> None:
    """Where the calendar ends the half-day clock is not known and says which day; every other clock still runs."""
    one = fault("12-31T15:00")
    at = datetime(2027, 1, 4, 12, tzinfo=CITY)
    told = clocks(one, USUAL, DAYS, at)
    assert (told["half_day"].state, told["half_day"].unknown_day) == (State.NOT_KNOWN, "2027-01-01")
    assert (told["longest"].state, told["response"].state) == (State.BREACHED, State.BREACHED)
    done = fault("12-31T15:00", repaired_at="12-31T17:00")
    long_ago = fault("12-30T08:00")
    figure = measure([one, done, long_ago], USUAL, DAYS, at)
    assert figure.half_day == Ratio(met=0, n=1, open_failed=1, not_known=2)
    assert figure.unknown_days == ("2027-01-01",)
    running = read(one, "12-31T16:00")
    assert (running.state, running.due_at, running.unknown_day, running.has_aged) == (
        State.RUNNING,
        None,
        "2027-01-01",
        False,
    )


def test_what_rests_on_an_expected_day_is_marked() -> None:
    """A clock that used a provisional day says so, and so do the figures it is in."""
    days = {**DAYS, date(2026, 1, 6): DayKind(True, True)}
    one = fault("01-05T16:00", repaired_at="01-06T10:00")
    at = city("01-09T00:00")
    assert clocks(one, USUAL, days, at)["half_day"].is_provisional
    assert measure([one], USUAL, days, at).is_provisional
    assert not measure([one], USUAL, DAYS, at).is_provisional


def test_times_out_of_order_are_refused() -> None:
    """Nothing is answered before it is reported, nor repaired before anyone arrives."""
    for times in (
        {"acknowledged_at": "01-05T07:59"},
        {"repaired_at": "01-05T07:59"},
        {"arrived_at": "01-05T10:00", "repaired_at": "01-05T09:00"},
        {"waits": (Wait("parts", city("01-05T10:00"), city("01-05T09:00")),)},
    ):
        with pytest.raises(Invalid, match="fault_times_disordered"):
            fault("01-05T08:00", **times)


def test_no_faults_give_no_figures() -> None:
    """Nothing of nothing is no ratio and no mean."""
    told = figures(at="01-05T08:00")
    assert (told.half_day.bp, told.mean_days_hundredths, told.longest) == (None, None, None)
    assert set(told.verdicts(USUAL).values()) == {None}


def test_the_standard_is_met_at_exactly_its_ratio() -> None:
    """Six of ten half-day repairs meet a standard of 60 %; the rounding of the figure shown plays no part."""
    quick = [fault("01-05T08:00", repaired_at="01-05T09:00")] * 6
    slow = [fault("01-05T08:00", repaired_at="01-05T17:00")] * 4
    assert figures(*quick, *slow, at="01-09T00:00").verdicts(USUAL)["half_day"] is True
    almost = figures(*quick, *slow, slow[0], at="01-09T00:00")
    assert almost.verdicts(USUAL)["half_day"] is False


@pytest.mark.parametrize(
    ("annex", "wrong"),
    [
        ({"response_minutes": 30}, "response_minutes"),
        ({"response_min": 1.5}, "response_min"),
        ({"response_min": True}, "response_min"),
        ({"half_day_min": 0}, "half_day_min"),
        ({"stops_clock_for": "parts"}, "stops_clock_for"),
    ],
)
def test_an_annex_that_cannot_be_measured_is_refused(annex: dict[str, object], wrong: str) -> None:
    """An annex names only figures that are measured, in whole numbers."""
    with pytest.raises(Invalid, match="service_standard_wrong") as refused:
        standard_of(annex)
    assert refused.value.facts == {"field": wrong}


def test_an_annex_changes_the_figures_it_names() -> None:
    """What the annex leaves out keeps the usual figure."""
    assert standard_of({}) == USUAL
    assert standard_of({"response_min": 20, "stops_clock_for": ["parts"]}) == Standard(
        response_min=20, stops_clock_for=frozenset({"parts"})
    )


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
lengths = st.timedeltas(timedelta(), timedelta(days=12))


@given(moments, lengths | st.none(), lengths, st.lists(st.tuples(lengths, lengths), max_size=3), st.booleans())
@settings(max_examples=150, deadline=None)
def test_a_clock_agrees_with_its_own_due_time(
    reported: datetime, took: timedelta | None, age: timedelta, pauses: list[tuple[timedelta, timedelta]], stops: bool
) -> None:
    """Done by the due time is in time; later is late by the working minutes, and net is never more than gross."""
    waits = tuple(Wait("parts", reported + begin, reported + begin + long) for begin, long in pauses)
    repaired = None if took is None else reported + took
    one = FaultTimes("F", reported, repaired_at=repaired, waits=waits)
    standard = Standard(stops_clock_for=frozenset({"parts"} if stops else ()))
    clock = clocks(one, standard, DAYS, reported + age)["half_day"]
    end = min(reported + age, repaired) if repaired else reported + age
    assert clock.gross == working_minutes_between(DAYS, reported, end).length
    assert clock.net is not None
    assert timedelta() <= clock.net <= clock.gross
    counted = clock.net if stops else clock.gross
    assert (clock.state in (State.LATE, State.BREACHED)) == (counted > timedelta(minutes=240))
    assert clock.due_at is not None
    if end <= clock.due_at:
        assert clock.state in (State.ON_TIME, State.RUNNING)
    if clock.state in (State.LATE, State.BREACHED):
        assert clock.has_aged
