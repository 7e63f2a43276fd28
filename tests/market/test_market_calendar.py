"""Specify the shipped calendar: `spec/ops.md` section 1, `krx_rules.md` section 8."""

import csv
import datetime as dt
import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.market.calendar import (
    Calendar,
    CalendarError,
    Closure,
    HoursKind,
    doubtful_hours,
    krx_calendar,
    session_doubt,
    sessions_since,
)
from kats_core.model import time as kst
from kats_core.model.codes import CoreCode

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
KRX = krx_calendar()
FIRST, LAST = dt.date(1995, 5, 2), dt.date(2027, 12, 31)
COVERED = [dt.date.fromordinal(number) for number in range(FIRST.toordinal(), LAST.toordinal() + 1)]
covered_days = st.dates(FIRST, LAST)

CLOSED_WEEKDAYS = {
    2025: "01-01 01-27 01-28 01-29 01-30 03-03 05-01 05-05 05-06 06-03 06-06 08-15 10-03 10-06 10-07 10-08 10-09 12-25 12-31",
    2026: "01-01 02-16 02-17 02-18 03-02 05-01 05-05 05-25 06-03 07-17 08-17 09-24 09-25 10-05 10-09 12-25 12-31",
    2027: "01-01 02-08 02-09 03-01 05-03 05-05 05-13 07-19 08-16 09-14 09-15 09-16 10-04 10-11 12-27 12-31",
}
SESSIONS_PER_YEAR = dict(
    zip(range(2015, 2028), [248, 246, 243, 244, 246, 248, 248, 246, 245, 244, 242, 244, 245], strict=True)
)

# Days on which a package is known to be wrong, each with its reason in scripts/generate_calendar.py.
EXCHANGE_CALENDARS_WRONGLY_OPEN = [
    "1995-06-27", "1995-12-28", "1996-04-11", "1998-06-04", "2026-06-03", "2026-07-17", "2027-05-03", "2027-07-19",
]  # fmt: skip
EXCHANGE_CALENDARS_WRONG_HOURS = [
    "1999-12-28", "2000-01-04", "2021-11-18", "2022-11-17", "2023-11-16", "2024-11-14", "2025-11-13", "2026-11-19",
    "2027-11-18", "2027-12-30",
]  # fmt: skip


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def clocks(session: dt.date) -> tuple[str, str]:
    hours = KRX.hours(session)
    return f"{kst.clock(hours.open):%H:%M}", f"{kst.clock(hours.close):%H:%M}"


def small_calendar() -> Calendar:
    sessions = [day(text) for text in ("2026-03-03", "2026-03-04", "2026-03-06")]
    return Calendar(sessions, day("2026-03-01"), day("2026-03-08"), {})


def generation_script() -> ModuleType:
    pytest.importorskip("exchange_calendars")
    pytest.importorskip("holidays")
    spec = importlib.util.spec_from_file_location("generate_calendar", ROOT / "scripts" / "generate_calendar.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class TestClosures:
    @pytest.mark.parametrize("year", list(CLOSED_WEEKDAYS))
    def test_closed_weekdays_of_the_years_in_use(self, year: int) -> None:
        """The table of spec/ops.md section 1, day by day."""
        closed = [f"{d:%m-%d}" for d in COVERED if d.year == year and d.weekday() < 5 and not KRX.is_session(d)]
        assert closed == CLOSED_WEEKDAYS[year].split()

    @pytest.mark.parametrize(("year", "count"), SESSIONS_PER_YEAR.items())
    def test_sessions_per_year(self, year: int, count: int) -> None:
        """krx_rules.md section 8.1 counts the sessions of each year."""
        assert len(KRX.sessions(dt.date(year, 1, 1), dt.date(year, 12, 31))) == count

    def test_no_session_on_sundays_nor_on_saturdays_since_1998(self) -> None:
        """The last Saturday session was 1998-12-05."""
        weekend = [d for d in KRX.sessions(FIRST, LAST) if d.weekday() > 4]
        assert {d.weekday() for d in weekend} == {5}
        assert max(weekend) == day("1998-12-05")

    def test_no_session_on_the_last_weekday_of_a_year(self) -> None:
        """The exchange closes at the end of the year (연말 휴장)."""
        for year in range(1995, 2028):
            last = max(d for d in COVERED if d.year == year and d.weekday() < 5)
            assert not KRX.is_session(last)


class TestHours:
    @pytest.mark.parametrize(
        "text",
        ["2021-11-18", "2022-11-17", "2023-11-16", "2024-11-14", "2025-11-13", "2026-11-19", "2027-11-18"],
    )
    def test_exam_day_is_an_hour_late(self, text: str) -> None:
        """On the day of the college entrance exam the session runs from 10:00 to 16:30."""
        assert clocks(day(text)) == ("10:00", "16:30")

    def test_postponed_exam_moved_two_sessions(self) -> None:
        """In 2017 an earthquake postponed the exam; the exchange kept 11-16's announced hours and moved 11-23 too."""
        found = [clocks(day(f"2017-11-{number}")) for number in (15, 16, 17, 22, 23, 24)]
        late, usual = ("10:00", "16:30"), ("09:00", "15:30")
        assert found == [usual, late, usual, usual, late, usual]

    def test_first_session_of_a_year_opens_an_hour_late(self) -> None:
        """Only the open moves; 2000 began with a shortened session."""
        for year in range(2001, 2028):
            first = KRX.next_session(dt.date(year - 1, 12, 31))
            assert clocks(first) == ("10:00", "15:30" if first >= day("2016-08-01") else "15:00")
        assert clocks(day("2000-01-04")) == ("10:00", "13:00")

    def test_last_session_of_a_year_has_usual_hours(self) -> None:
        """2026-12-30 and 2027-12-30 are ordinary sessions."""
        assert clocks(day("2026-12-30")) == clocks(day("2027-12-30")) == ("09:00", "15:30")

    def test_saturday_session_was_a_morning(self) -> None:
        """09:30 to 11:30."""
        assert clocks(day("1997-06-14")) == ("09:30", "11:30")

    def test_hours_are_kept(self) -> None:
        """Asking twice returns the same object."""
        assert KRX.hours(day("2026-03-03")) is KRX.hours(day("2026-03-03"))

    def test_closed_day_has_no_hours(self) -> None:
        """A holiday has neither open nor close."""
        with pytest.raises(CalendarError, match="2026-07-17 is not a session"):
            KRX.hours(day("2026-07-17"))

    def test_special_hours_need_a_session(self) -> None:
        """A table that moves the hours of a closed day is wrong."""
        with pytest.raises(ValueError, match="no session"):
            Calendar([], FIRST, LAST, {day("2026-07-17"): (dt.time(10), dt.time(16, 30))})


class TestReasons:
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ("2026-02-17", Closure.SEOLLAL),
            ("2026-03-02", Closure.SUBSTITUTE),
            ("2026-06-03", Closure.ELECTION),
            ("2026-07-17", Closure.CONSTITUTION),
            ("2026-12-31", Closure.YEAR_END),
            ("2026-07-18", Closure.WEEKEND),
            ("2024-10-01", Closure.TEMPORARY),
            ("2017-10-03", Closure.CHUSEOK),
            ("1996-11-23", Closure.UNKNOWN),
            ("2026-07-16", None),
        ],
    )
    def test_closed_day_has_its_reason(self, text: str, reason: Closure | None) -> None:
        """A session has none, a Saturday is a week-end, and one Saturday of 1996 nobody can explain."""
        assert KRX.closure(day(text)) is reason

    def test_one_closed_day_alone_lacks_a_reason(self) -> None:
        """Of 8 000 sessions' closed days between."""
        unknown = [d for d in COVERED if KRX.closure(d) is Closure.UNKNOWN]
        assert unknown == [day("1996-11-23")]

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("2027-01-04", HoursKind.FIRST_SESSION),
            ("2026-11-19", HoursKind.EXAM),
            ("1999-12-28", HoursKind.SHORTENED),
            ("2000-01-04", HoursKind.SHORTENED),
            ("1997-06-14", HoursKind.SATURDAY),
            ("2026-11-20", None),
        ],
    )
    def test_special_hours_have_their_reason(self, text: str, kind: HoursKind | None) -> None:
        """Told from which end of the session moved."""
        assert KRX.hours_kind(day(text)) is kind

    def test_the_published_list_ends_with_2026(self) -> None:
        """Closed days of 2027 follow from the law; the exchange has not confirmed them."""
        assert KRX.published_through == day("2026-12-31")


class TestDoubt:
    @pytest.mark.parametrize(
        ("text", "broker", "code"),
        [
            ("2026-07-16", None, None),
            ("2026-07-16", True, None),
            ("2026-07-16", False, CoreCode.CALENDAR_DISAGREES),
            ("2026-07-17", True, CoreCode.CALENDAR_DISAGREES),
            ("2028-01-04", True, CoreCode.CALENDAR_UNKNOWN),
            ("2028-01-04", None, CoreCode.CALENDAR_UNKNOWN),
        ],
    )
    def test_no_entries_unless_table_and_broker_agree(
        self, text: str, broker: bool | None, code: CoreCode | None
    ) -> None:
        """A day outside the table, or seen otherwise by the broker, is in doubt."""
        assert session_doubt(KRX, day(text), broker) is code

    def test_a_closed_day_that_nobody_opens_is_a_mistake(self) -> None:
        """Whoever begins a session then is wrong."""
        with pytest.raises(CalendarError, match="2026-07-17 is not a session"):
            session_doubt(KRX, day("2026-07-17"), None)

    def test_hours_in_doubt_are_the_usual_ones(self) -> None:
        """Exits need a clock; on a day of the table it is the table's."""
        assert doubtful_hours(KRX, day("2026-11-19")) is KRX.hours(day("2026-11-19"))
        for text in ("2028-01-04", "2026-07-17"):
            hours = doubtful_hours(KRX, day(text))
            assert hours.close - hours.open == 390 * kst.MINUTE

    def test_holding_time_goes_on_beyond_the_table(self) -> None:
        """Inside it sessions count; beyond it each weekday."""
        assert sessions_since(KRX, day("2026-12-29"), day("2027-01-05")) == 3
        assert sessions_since(KRX, day("2026-12-29"), day("2026-12-29")) == 0
        assert sessions_since(KRX, day("2027-12-29"), day("2028-01-04")) == 3
        assert sessions_since(KRX, day("2028-01-03"), day("2028-01-04")) == 1


class TestNavigation:
    def test_neighbours_of_a_closed_day(self) -> None:
        """The day asked about need not be a session."""
        assert KRX.next_session(day("2026-07-17")) == day("2026-07-20")
        assert KRX.previous_session(day("2026-07-17")) == day("2026-07-16")

    def test_neighbours_of_a_session_exclude_it(self) -> None:
        """Next is after the day, previous before it."""
        assert KRX.next_session(day("2026-12-30")) == day("2027-01-04")
        assert KRX.previous_session(day("2027-01-04")) == day("2026-12-30")

    def test_shift_counts_sessions(self) -> None:
        """Five sessions on across a week-end; two back across the turn of the year."""
        assert KRX.shift(day("2026-03-03"), 5) == day("2026-03-10")
        assert KRX.shift(day("2027-01-05"), -2) == day("2026-12-30")
        assert KRX.shift(day("2026-03-03"), 0) == day("2026-03-03")

    def test_settlement_of_the_last_confirmed_trade_date(self) -> None:
        """A trade of 2026-12-28 settles two sessions later, still in 2026; one of 12-29 settles in 2027."""
        assert KRX.shift(day("2026-12-28"), 2) == day("2026-12-30")
        assert KRX.shift(day("2026-12-29"), 2) == day("2027-01-04")

    def test_shift_starts_from_a_session(self) -> None:
        """Sessions cannot be counted from a closed day."""
        with pytest.raises(CalendarError, match="not a session"):
            KRX.shift(day("2026-07-17"), 1)

    def test_sessions_include_both_ends(self) -> None:
        """An empty range has no sessions."""
        assert KRX.sessions(day("2026-12-30"), day("2027-01-04")) == [day("2026-12-30"), day("2027-01-04")]
        assert KRX.sessions(day("2026-12-31"), day("2027-01-03")) == []
        assert KRX.sessions(day("2027-01-04"), day("2026-12-30")) == []

    @given(covered_days)
    def test_neighbours_enclose_every_day(self, asked: dt.date) -> None:
        """Between the previous and the next session lies no session but the day itself."""
        if not KRX.sessions(FIRST, LAST)[0] < asked < KRX.sessions(FIRST, LAST)[-1]:
            return
        before, after = KRX.previous_session(asked), KRX.next_session(asked)
        assert before < asked < after
        assert KRX.sessions(before, after) == [before, *([asked] if KRX.is_session(asked) else []), after]

    @given(st.integers(0, 8_000))
    def test_position_and_session_are_inverse(self, number: int) -> None:
        """`session_at` undoes `index`."""
        assert KRX.index(KRX.session_at(number)) == number


class TestCoverage:
    def test_calendar_covers_1995_to_2027(self) -> None:
        """The shipped table starts on 1995-05-02 and ends on 2027-12-31."""
        assert (KRX.covered_from, KRX.covered_through) == (FIRST, LAST)
        assert KRX.is_session(FIRST)
        assert not KRX.is_session(LAST)

    @pytest.mark.parametrize("outside", [dt.date(1995, 5, 1), dt.date(2028, 1, 1), dt.date(2028, 1, 3)])
    def test_date_outside_is_an_error(self, outside: dt.date) -> None:
        """Outside the table nothing is guessed, whatever is asked."""
        questions = (KRX.is_session, KRX.next_session, KRX.previous_session, KRX.hours, KRX.index)
        for question in questions:
            with pytest.raises(CalendarError, match="covers 1995-05-02 to 2027-12-31"):
                question(outside)
        with pytest.raises(CalendarError):
            KRX.sessions(FIRST, outside)
        with pytest.raises(CalendarError):
            KRX.shift(outside, 0)

    def test_no_neighbour_beyond_the_table(self) -> None:
        """After the last known session there is no next one, before the first no previous one."""
        calendar = small_calendar()
        with pytest.raises(CalendarError, match="outside the calendar"):
            calendar.next_session(day("2026-03-06"))
        with pytest.raises(CalendarError, match="outside the calendar"):
            calendar.shift(day("2026-03-04"), -2)

    def test_calendar_of_a_few_days(self) -> None:
        """A calendar may start and end on closed days."""
        calendar = small_calendar()
        assert calendar.next_session(day("2026-03-01")) == day("2026-03-03")
        assert calendar.previous_session(day("2026-03-08")) == day("2026-03-06")
        assert calendar.next_session(day("2026-03-05")) == day("2026-03-06")

    def test_sessions_beyond_the_coverage_are_refused(self) -> None:
        """A session that the calendar does not cover contradicts it."""
        with pytest.raises(ValueError, match="exceed"):
            Calendar([day("2026-03-09")], day("2026-03-01"), day("2026-03-08"), {})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Series.values returning:DeprecationWarning")  # exchange_calendars under pandas 3.1
class TestPackages:
    """A second opinion: two public packages, with the known differences."""

    def test_shipped_file_is_what_the_script_writes(self) -> None:
        """The data module is generated, never edited."""
        script = generation_script()
        assert script.TARGET.read_text(encoding="utf-8") == script.render()

    def test_holidays_agrees_since_2001(self) -> None:
        """`holidays` has every closed weekday since 2001 and no other."""
        holidays = pytest.importorskip("holidays")
        closed = holidays.financial_holidays("XKRX", years=range(2001, 2028))
        weekdays = [d for d in COVERED if d.year >= 2001 and d.weekday() < 5]
        assert [d for d in weekdays if KRX.is_session(d) == (d in closed)] == []

    def test_exchange_calendars_differs_only_where_known(self) -> None:
        """`exchange_calendars` takes eight closed weekdays for sessions, has no Saturdays and ten wrong hours."""
        exchange_calendars = pytest.importorskip("exchange_calendars")
        schedule = exchange_calendars.get_calendar("XKRX", start="1995-01-01", end="2027-12-31").schedule
        theirs = {stamp.date() for stamp in schedule.index if stamp.date() >= FIRST}
        ours = {d for d in KRX.sessions(FIRST, LAST) if d.weekday() < 5}
        assert sorted(map(str, theirs - ours)) == EXCHANGE_CALENDARS_WRONGLY_OPEN
        assert ours - theirs == set()
        hours = {
            stamp.date(): tuple(moment.tz_convert("Asia/Seoul").strftime("%H:%M") for moment in (opening, closing))
            for stamp, opening, closing in zip(schedule.index, schedule["open"], schedule["close"], strict=True)
        }
        differing = [str(d) for d in sorted(ours) if hours[d] != clocks(d)]
        assert differing == EXCHANGE_CALENDARS_WRONG_HOURS


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.exists(), reason="the market data lie beside the repository and are not published")
class TestRealData:
    def test_every_recorded_trading_day_is_a_session_and_no_other(self) -> None:
        """The KOSPI's record has 7 888 days from 1995-05-02 to 2026-08-21."""
        lines = (DATA / "calendar" / "krx_trading_days_19950502_20260821.csv").read_text().split()[1:]
        assert len(lines) == 7_888
        assert KRX.sessions(day("1995-05-02"), day("2026-08-21")) == [day(line) for line in lines]

    def test_recorded_special_sessions_since_2000(self) -> None:
        """Every row is ours; we know one more, the shortened first session of 2000."""
        with (DATA / "calendar" / "special_sessions.csv").open() as lines:
            recorded = {day(row["date"]): (row["open"], row["close"]) for row in csv.DictReader(lines)}
        ours = {
            session: clocks(session)
            for session in KRX.sessions(day("2000-01-01"), LAST)
            if clocks(session) != ("09:00", "15:30" if session >= day("2016-08-01") else "15:00")
        }
        expected = recorded | {day("2000-01-04"): ("10:00", "13:00"), day("2027-11-18"): ("10:00", "16:30")}
        assert ours == expected

    @pytest.mark.parametrize("name", ["adj_1999_2022", "adj_2023_2025"])
    def test_every_daily_bar_lies_on_a_session(self, name: str) -> None:
        """No price of the daily files is dated on a closed day."""
        parquet = pytest.importorskip("pyarrow.parquet")
        dates = parquet.read_table(DATA / "daily" / f"{name}.parquet", columns=["date"])["date"].unique().to_pylist()
        assert [d for d in dates if not KRX.is_session(d)] == []

    def test_exam_day_of_2025_starts_at_ten_in_minute_data(self) -> None:
        """The minute bars of 2025-11-13 begin with the session."""
        parquet = pytest.importorskip("pyarrow.parquet")
        path = DATA / "minute" / "bars_1m_2025q4.parquet"
        midnights = [np.datetime64(text, "us") for text in ("2025-11-13", "2025-11-14")]
        exam = [("datetime", ">=", midnights[0]), ("datetime", "<", midnights[1])]
        bars = parquet.read_table(path, columns=["datetime"], filters=exam)["datetime"].to_pylist()
        assert f"{min(bars):%H:%M}" == clocks(day("2025-11-13"))[0]
