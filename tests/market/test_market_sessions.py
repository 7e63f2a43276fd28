"""Specify session hours and the shift rule: `spec/README.md` section 1, `krx_rules.md` sections 3.1 and 3.5."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.sessions import SessionHours, regular_clocks
from kats_core.market.ticks import MarketRuleError
from kats_core.model import time as kst

USUAL = SessionHours.from_clocks(dt.date(2026, 3, 3), dt.time(9), dt.time(15, 30))
EXAM = SessionHours.from_clocks(dt.date(2026, 11, 19), dt.time(10), dt.time(16, 30))
FIRST = SessionHours.from_clocks(dt.date(2026, 1, 2), dt.time(10), dt.time(15, 30))
SHORT = SessionHours.from_clocks(dt.date(2016, 7, 29), dt.time(9), dt.time(15))


def time(text: str) -> dt.time:
    return dt.time.fromisoformat(text)


def shown(instant: int) -> str:
    return f"{kst.clock(instant):%H:%M:%S}".removesuffix(":00")


@pytest.mark.parametrize(
    ("day", "opening", "closing"),
    [
        ("1995-05-02", "09:30", "15:00"),
        ("1998-12-04", "09:30", "15:00"),
        ("1998-12-07", "09:00", "15:00"),
        ("2014-09-01", "09:00", "15:00"),
        ("2016-07-29", "09:00", "15:00"),
        ("2016-08-01", "09:00", "15:30"),
        ("2026-09-14", "09:00", "15:30"),
    ],
)
def test_usual_hours_follow_the_period(day: str, opening: str, closing: str) -> None:
    """The regular session grew in 1998 and 2016; later reforms changed what surrounds it."""
    assert regular_clocks(dt.date.fromisoformat(day)) == (time(opening), time(closing))


def test_saturdays_had_a_morning_only() -> None:
    """Saturday sessions ended at 11:30; the last was on 1998-12-05."""
    assert regular_clocks(dt.date(1998, 12, 5)) == (time("09:30"), time("11:30"))


def test_hours_before_1995_are_not_known() -> None:
    """No guess for dates before the table."""
    with pytest.raises(MarketRuleError, match="session hours"):
        regular_clocks(dt.date(1994, 12, 30))


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (USUAL, ("09:00", "15:20", "15:30", "15:15")),
        (EXAM, ("10:00", "16:20", "16:30", "16:15")),
        (FIRST, ("10:00", "15:20", "15:30", "15:15")),
        (SHORT, ("09:00", "14:50", "15:00", "14:45")),
    ],
)
def test_phases_of_the_session(hours: SessionHours, expected: tuple[str, ...]) -> None:
    """The closing auction is the last ten minutes, the end-of-day check five minutes before it."""
    assert tuple(map(shown, (hours.open, hours.close_auction, hours.close, hours.eod_check))) == expected


@pytest.mark.parametrize(
    ("hours", "clock", "effective"),
    [
        (USUAL, "09:30", "09:30"),
        (USUAL, "15:15", "15:15"),
        (EXAM, "08:30", "09:30"),
        (EXAM, "09:30", "10:30"),
        (EXAM, "12:00", "13:00"),
        (EXAM, "12:01", "13:01"),
        (EXAM, "15:15", "16:15"),
        (FIRST, "09:30", "10:30"),
        (FIRST, "12:00", "13:00"),
        (FIRST, "12:00:01", "12:00:01"),
        (FIRST, "15:15", "15:15"),
        (SHORT, "12:00", "12:00"),
        (SHORT, "14:00", "13:30"),
    ],
)
def test_default_clock_moves_with_the_session(hours: SessionHours, clock: str, effective: str) -> None:
    """Up to 12:00 a time moves with the open, after it with the close."""
    assert shown(hours.at(time(clock))) == effective


def test_window_moves_with_the_session() -> None:
    """Both ends move by their own shift."""
    found = EXAM.window(time("11:00"), time("14:00"))
    assert found is not None
    assert tuple(map(shown, found)) == ("12:00", "15:00")


def test_window_is_dropped_when_nothing_is_left() -> None:
    """First session of the year: 12:00 becomes 13:00, so a window that ends by 13:00 is gone for the day."""
    assert FIRST.window(time("12:00"), time("12:30")) is None
    assert FIRST.window(time("12:00"), time("13:00")) is None
    assert FIRST.window(time("12:00"), time("13:01")) == (FIRST.at(time("12:00")), FIRST.at(time("13:01")))


def test_session_minutes_count_from_the_open() -> None:
    """Whole minutes since the open, also on a shifted day; negative before it."""
    assert EXAM.minute(EXAM.open) == 0
    assert EXAM.minute(EXAM.open + kst.MINUTE - 1) == 0
    assert EXAM.minute(kst.at(EXAM.session, time("10:45"))) == 45
    assert EXAM.minute(EXAM.close) == 390
    assert EXAM.minute(EXAM.open - 1) == -1


def test_length_of_the_session_includes_the_closing_auction() -> None:
    """A usual day has 390 minutes, the first session of the year 330."""
    assert [hours.minutes for hours in (USUAL, EXAM, FIRST, SHORT)] == [390, 390, 330, 360]


def test_impossible_hours_are_refused() -> None:
    """A session closes after it opens."""
    with pytest.raises(ValueError, match="must follow each other"):
        SessionHours.from_clocks(dt.date(2026, 3, 3), dt.time(15, 25), dt.time(15, 30))


@given(st.times(), st.times(), st.sampled_from([USUAL, EXAM, SHORT, FIRST]))
def test_windows_never_run_backwards(start: dt.time, end: dt.time, hours: SessionHours) -> None:
    """A window is either dropped or ends after it starts."""
    window = hours.window(start, end)
    assert window is None or window[0] < window[1]
