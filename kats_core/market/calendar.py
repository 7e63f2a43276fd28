"""Know which days the exchange trades, from the table that ships with KATS.

A date outside the table is an error, never a guess: no calendar, no trading. Holidays that the government declares later are
not in it; the broker's daily inquiry and the operator may close a day on top, never open one.
"""

from __future__ import annotations

import datetime as dt
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from kats_core.market.sessions import SATURDAYS_THROUGH, SessionHours, regular_clocks
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Labelled

Clocks: TypeAlias = tuple[dt.time, dt.time]
"""Opening and closing clock."""

_FRIDAY = 4
_SATURDAY = 5


class Closure(Labelled):
    """Why the exchange does not trade on a day."""

    WEEKEND = "WEEKEND", "주말", "weekend"
    NEW_YEAR = "NEW_YEAR", "신정", "New Year's Day"
    SEOLLAL = "SEOLLAL", "설날 연휴", "Seollal"
    MARCH_FIRST = "MARCH_FIRST", "삼일절", "Independence Movement Day"
    ARBOR = "ARBOR", "식목일", "Arbor Day"
    LABOR = "LABOR", "노동절", "Labor Day"
    CHILDREN = "CHILDREN", "어린이날", "Children's Day"
    BUDDHA = "BUDDHA", "부처님오신날", "Buddha's Birthday"
    MEMORIAL = "MEMORIAL", "현충일", "Memorial Day"
    CONSTITUTION = "CONSTITUTION", "제헌절", "Constitution Day"
    LIBERATION = "LIBERATION", "광복절", "Liberation Day"
    CHUSEOK = "CHUSEOK", "추석 연휴", "Chuseok"
    FOUNDATION = "FOUNDATION", "개천절", "National Foundation Day"
    HANGUL = "HANGUL", "한글날", "Hangul Day"
    CHRISTMAS = "CHRISTMAS", "성탄절", "Christmas Day"
    YEAR_END = "YEAR_END", "연말 휴장", "end of the year"
    ELECTION = "ELECTION", "선거일", "election day"
    TEMPORARY = "TEMPORARY", "임시휴장", "declared holiday"
    SUBSTITUTE = "SUBSTITUTE", "대체공휴일", "substitute holiday"
    UNKNOWN = "UNKNOWN", "사유 미상", "reason not known"


class HoursKind(Labelled):
    """Why a session is off the usual hours."""

    FIRST_SESSION = "FIRST_SESSION", "연초 개장일", "first session of the year"
    EXAM = "EXAM", "수능일", "college entrance exam"
    SHORTENED = "SHORTENED", "단축 거래", "shortened session"
    SATURDAY = "SATURDAY", "토요일 오전장", "Saturday morning"


class CalendarError(ValueError):
    """A date that the calendar does not cover, or that is no session: needs a person or a newer version, do not trade."""


class Calendar:
    """Sessions between two dates. Every question about a date outside raises `CalendarError`.

    Sessions have a position, so that "five sessions later" is an addition; a lookup costs the same for every date.
    """

    __slots__ = (
        "_closures",
        "_days",
        "_first",
        "_hours",
        "_position",
        "_special",
        "covered_from",
        "covered_through",
        "published_through",
    )

    def __init__(
        self,
        sessions: Iterable[dt.date],
        covered_from: dt.date,
        covered_through: dt.date,
        special_hours: Mapping[dt.date, Clocks],
        closures: Mapping[dt.date, Closure] | None = None,
        published_through: dt.date | None = None,
    ) -> None:
        self.covered_from = covered_from
        self.covered_through = covered_through
        self.published_through = published_through or covered_through
        self._closures = dict(closures or {})
        self._first = covered_from.toordinal()
        self._days = sorted(sessions)
        self._special = dict(special_hours)
        self._hours: dict[dt.date, SessionHours] = {}
        self._position = _count_before(self._days, covered_from, covered_through)
        strangers = sorted(self._special.keys() - set(self._days))
        if strangers:
            raise ValueError(f"special hours on {strangers[0]}, which is no session")

    def is_session(self, day: dt.date) -> bool:
        """Tell whether the exchange trades on `day`."""
        offset = self._offset(day)
        return self._position[offset + 1] > self._position[offset]

    def closure(self, day: dt.date) -> Closure | None:
        """Return why `day` is closed, None when it is a session."""
        if self.is_session(day):
            return None
        own = self._closures.get(day)
        if own is not None:
            return own
        return Closure.WEEKEND if day.weekday() > _FRIDAY else Closure.UNKNOWN

    def hours_kind(self, session: dt.date) -> HoursKind | None:
        """Return why a session is off the usual hours, None when it is not."""
        if session not in self._special:
            is_saturday = self.is_session(session) and session.weekday() == _SATURDAY
            return HoursKind.SATURDAY if is_saturday else None
        opening, closing = self._special[session]
        usual_opening, usual_closing = regular_clocks(session)
        if closing < usual_closing:
            return HoursKind.SHORTENED
        if opening > usual_opening and closing == usual_closing:
            return HoursKind.FIRST_SESSION
        return HoursKind.EXAM

    def next_session(self, day: dt.date) -> dt.date:
        """Return the first session after `day`, which need not be a session itself."""
        position = self._position[self._offset(day) + 1]
        if position == len(self._days):
            raise CalendarError(f"the session after {day} lies outside the calendar, {self._coverage()}")
        return self._days[position]

    def previous_session(self, day: dt.date) -> dt.date:
        """Return the last session before `day`, which need not be a session itself."""
        position = self._position[self._offset(day)]
        if not position:
            raise CalendarError(f"the session before {day} lies outside the calendar, {self._coverage()}")
        return self._days[position - 1]

    def sessions_beside(self, day: dt.date) -> tuple[dt.date, ...]:
        """Return the last session before `day` and the first after it, as far as there are any; any day may be asked."""
        place = bisect_left(self._days, day)
        after = place + 1 if self._days[place : place + 1] == [day] else place
        return (*self._days[max(0, place - 1) : place], *self._days[after : after + 1])

    def sessions(self, first: dt.date, last: dt.date) -> list[dt.date]:
        """Return the sessions from `first` to `last`, both included; none when `first` is after `last`."""
        return self._days[self._position[self._offset(first)] : self._position[self._offset(last) + 1]]

    def shift(self, session: dt.date, n: int) -> dt.date:
        """Return the session `n` sessions after `session`, or before it when `n` is negative."""
        return self.session_at(self.index(session) + n)

    def index(self, session: dt.date) -> int:
        """Return the position of a session; the difference of two positions counts sessions."""
        if not self.is_session(session):
            raise CalendarError(f"{session} is not a session of the exchange")
        return self._position[self._offset(session)]

    def session_at(self, index: int) -> dt.date:
        """Return the session at a position, the inverse of `index`."""
        if not 0 <= index < len(self._days):
            raise CalendarError(f"session number {index} lies outside the calendar, {self._coverage()}")
        return self._days[index]

    def hours(self, session: dt.date) -> SessionHours:
        """Return the instants at which a session opens and closes."""
        known = self._hours.get(session)
        if known is not None:
            return known
        if not self.is_session(session):
            raise CalendarError(f"{session} is not a session of the exchange and has no hours")
        opening, closing = self._special.get(session) or regular_clocks(session)
        hours = SessionHours.from_clocks(session, opening, closing)
        self._hours[session] = hours
        return hours

    def _offset(self, day: dt.date) -> int:
        offset = day.toordinal() - self._first
        if not 0 <= offset < len(self._position) - 1:
            raise CalendarError(f"{day} lies outside the calendar, {self._coverage()}")
        return offset

    def _coverage(self) -> str:
        return f"which covers {self.covered_from} to {self.covered_through}; a newer version of KATS may know more"


def _count_before(days: list[dt.date], covered_from: dt.date, covered_through: dt.date) -> array[int]:
    """Return, for each calendar day and the day after the last, how many sessions lie before it."""
    if days and not covered_from <= days[0] <= days[-1] <= covered_through:
        raise ValueError(f"sessions from {days[0]} to {days[-1]} exceed {covered_from} to {covered_through}")
    first = covered_from.toordinal()
    counts = array("i", bytes(4 * (covered_through.toordinal() - first + 2)))
    previous = 0
    for number, day in enumerate(days):
        offset = day.toordinal() - first + 1
        for between in range(previous, offset):
            counts[between] = number
        previous = offset
    for rest in range(previous, len(counts)):
        counts[rest] = len(days)
    return counts


@lru_cache(maxsize=1)
def krx_calendar() -> Calendar:
    """Return the calendar of the Korea Exchange, 1995-05-02 to 2027-12-31; decoded on the first call."""
    from kats_core.market import _calendar_data as data  # some kilobytes that only this function needs

    covered_from = dt.date.fromisoformat(data.COVERED_FROM)
    covered_through = dt.date.fromisoformat(data.COVERED_THROUGH)
    closed = {
        dt.date(year, int(entry[:2]), int(entry[2:4])): Closure[entry[5:]]
        for year, entries in data.CLOSED.items()
        for entry in entries.split()
    }
    open_days = (
        day
        for day in _calendar_days(covered_from, covered_through)
        if (day.weekday() <= _FRIDAY or (day.weekday() == _SATURDAY and day <= SATURDAYS_THROUGH)) and day not in closed
    )
    special = {dt.date.fromisoformat(day): _clocks(hours) for day, (hours, _) in data.SPECIAL_HOURS.items()}
    published_through = dt.date.fromisoformat(data.PUBLISHED_THROUGH)
    return Calendar(open_days, covered_from, covered_through, special, closed, published_through)


def _calendar_days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _clocks(hours: str) -> Clocks:
    opening, closing = hours.split("-")
    return dt.time.fromisoformat(opening), dt.time.fromisoformat(closing)


def session_doubt(calendar: Calendar, day: dt.date, is_open_at_broker: bool | None) -> CoreCode | None:
    """Return why nothing may be entered on `day` although a session is about to begin, None when all agree.

    `is_open_at_broker` is the answer of the broker's daily inquiry, None when nobody asked. Neither side can open a day that
    the other holds closed; a day that the table does not know stays without entries whatever the broker says.

    Raises:
        CalendarError: the table holds the day closed and no broker says otherwise: whoever prepares a session is wrong.
    """
    if not calendar.covered_from <= day <= calendar.covered_through:
        return CoreCode.CALENDAR_UNKNOWN
    if is_open_at_broker is None and not calendar.is_session(day):
        raise CalendarError(f"{day} is not a session of the exchange")
    if is_open_at_broker is not None and is_open_at_broker != calendar.is_session(day):
        return CoreCode.CALENDAR_DISAGREES
    return None


def doubtful_hours(calendar: Calendar, day: dt.date) -> SessionHours:
    """Return the hours of a day, also of one in doubt: then the usual ones of its period, by which exits go on."""
    if calendar.covered_from <= day <= calendar.covered_through and calendar.is_session(day):
        return calendar.hours(day)
    return SessionHours.from_clocks(day, *regular_clocks(day))


def sessions_since(calendar: Calendar, first: dt.date, day: dt.date) -> int:
    """Return how many sessions lie after `first` up to `day`; beyond the calendar each weekday counts as one.

    Unlike the difference of two positions it also answers on a day in doubt: a position is not held longer because of it.
    """
    last = min(day, calendar.covered_through)
    known = len(calendar.sessions(first, last)) - calendar.is_session(first) if first <= last else 0
    beyond = range(max(last, first).toordinal() + 1, day.toordinal() + 1)
    return known + sum(dt.date.fromordinal(number).weekday() <= _FRIDAY for number in beyond)
