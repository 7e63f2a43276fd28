"""Know which days the exchange trades, from the table that ships with KATS.

A date outside the table is an error, never a guess: no calendar, no trading. Holidays that the government declares later are
not in it; the broker's daily inquiry and the operator may close a day on top, never open one.
"""

from __future__ import annotations

import datetime as dt
from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeAlias

from kats_core.market.sessions import SATURDAYS_THROUGH, SessionHours, regular_clocks

Clocks: TypeAlias = tuple[dt.time, dt.time]
"""Opening and closing clock."""

_FRIDAY = 4
_SATURDAY = 5


class CalendarError(ValueError):
    """A date that the calendar does not cover, or that is no session: needs a person or a newer version, do not trade."""


class Calendar:
    """Sessions between two dates. Every question about a date outside raises `CalendarError`.

    Sessions have a position, so that "five sessions later" is an addition; a lookup costs the same for every date.
    """

    __slots__ = ("_days", "_first", "_hours", "_position", "_special", "covered_from", "covered_through")

    def __init__(
        self,
        sessions: Iterable[dt.date],
        covered_from: dt.date,
        covered_through: dt.date,
        special_hours: Mapping[dt.date, Clocks],
    ) -> None:
        self.covered_from = covered_from
        self.covered_through = covered_through
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

    def next_session(self, day: dt.date) -> dt.date:
        """Return the first session after `day`, which need not be a session itself."""
        return self.session_at(self._position[self._offset(day) + 1])

    def previous_session(self, day: dt.date) -> dt.date:
        """Return the last session before `day`, which need not be a session itself."""
        return self.session_at(self._position[self._offset(day)] - 1)

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
        dt.date(year, int(monthday[:2]), int(monthday[2:]))
        for year, monthdays in data.CLOSED.items()
        for monthday in monthdays.split()
    }
    open_days = (
        day
        for day in _calendar_days(covered_from, covered_through)
        if (day.weekday() <= _FRIDAY or (day.weekday() == _SATURDAY and day <= SATURDAYS_THROUGH)) and day not in closed
    )
    special = {dt.date.fromisoformat(day): _clocks(hours) for day, hours in data.SPECIAL_HOURS.items()}
    return Calendar(open_days, covered_from, covered_through, special)


def _calendar_days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return map(dt.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _clocks(hours: str) -> Clocks:
    opening, closing = hours.split("-")
    return dt.time.fromisoformat(opening), dt.time.fromisoformat(closing)
