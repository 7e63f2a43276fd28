"""Say when a session opens and closes, and move clock times along on days with other hours.

The rest of KATS writes the clock of a usual day (open 09:00, close 15:30) and asks `SessionHours` for the instant. Only the
regular session (정규장) of the KRX is known here, not the sessions before and after it, nor other venues.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from kats_core.market.dated import Certainty, Dated, Source
from kats_core.model import time as kst
from kats_core.model.time import Nanos

DEFAULT_OPEN = dt.time(9, 0)
DEFAULT_CLOSE = dt.time(15, 30)
DEFAULT_EOD_CHECK = dt.time(15, 15)
NOON = dt.time(12, 0)

CLOSING_AUCTION: Nanos = 10 * kst.MINUTE
"""Length of the closing call auction. It may end up to 30 s after the nominal close."""

SATURDAYS_THROUGH = dt.date(1998, 12, 5)
"""The last Saturday that was a session; Saturdays had a morning only."""

_SATURDAY = 5
_SATURDAY_CLOCKS = (dt.time(9, 30), dt.time(11, 30))

# Until 2000-05-19 the session paused at midday (11:30-13:00, from 1998-12-07 12:00-13:00). The pause is left out: no minute
# data of those years exist. 2014-09-01, 2019-04-29, 2025-03-04 and 2026-09-14 changed only what surrounds the session.
_RECORDS = Source("a public calendar package and the press of the time", Certainty.CONFIRMED)
_REGULAR_CLOCKS = Dated(
    "regular session hours",
    [
        (dt.date(1995, 1, 1), (dt.time(9, 30), dt.time(15, 0)), _RECORDS),
        (dt.date(1998, 12, 7), (dt.time(9, 0), dt.time(15, 0)), _RECORDS),
        (dt.date(2016, 8, 1), (dt.time(9, 0), dt.time(15, 30)), _RECORDS),
    ],
)
TABLES = (_REGULAR_CLOCKS,)


def regular_clocks(session: dt.date) -> tuple[dt.time, dt.time]:
    """Return the usual opening and closing clock of the period; the calendar knows the exceptions."""
    if session.weekday() == _SATURDAY and session <= SATURDAYS_THROUGH:
        return _SATURDAY_CLOCKS
    return _REGULAR_CLOCKS.on(session)


@dataclass(frozen=True, slots=True)
class SessionHours:
    """The instants of one regular session.

    Clock times given to `at` and `window` are those of a usual day: up to 12:00 they move with the open (09:00), later ones
    with the close (15:30).

    | default           | usual | exam day (10:00-16:30) | first session (10:00-15:30) | before 2016-08 (09:00-15:00) |
    | ----------------- | ----- | ---------------------- | --------------------------- | ---------------------------- |
    | at 09:30          | 09:30 | 10:30                  | 10:30                       | 09:30                        |
    | at 15:15          | 15:15 | 16:15                  | 15:15                       | 14:45                        |
    | from 12:00 to 12:30 | same | 13:00-13:30           | dropped: 13:00 is after 12:30 | dropped: 12:00 is not before 12:00 |
    """

    session: dt.date
    open: Nanos
    close_auction: Nanos
    close: Nanos
    _known: dict[dt.time, Nanos] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.open < self.close_auction < self.close:
            raise ValueError(f"{self.session}: open, closing auction and close must follow each other")

    @classmethod
    def from_clocks(cls, session: dt.date, opening: dt.time, closing: dt.time) -> SessionHours:
        """Build the hours of a session from its opening and closing clock."""
        close = kst.at(session, closing)
        return cls(session, kst.at(session, opening), close - CLOSING_AUCTION, close)

    def at(self, clock: dt.time) -> Nanos:
        """Return the effective instant of a default clock time."""
        known = self._known.get(clock)
        if known is None:
            shift = self._opening_shift if clock <= NOON else self._closing_shift
            known = self._known[clock] = kst.at(self.session, clock) + shift
        return known

    def window(self, start: dt.time, end: dt.time) -> tuple[Nanos, Nanos] | None:
        """Return the effective instants of a default window, or None when nothing of it is left on this day."""
        first, last = self.at(start), self.at(end)
        return (first, last) if first < last else None

    def minute(self, instant: Nanos) -> int:
        """Return the session minute: whole minutes since the open, negative before it."""
        return (instant - self.open) // kst.MINUTE

    @property
    def minutes(self) -> int:
        """Return the length of the session in minutes, closing auction included: 390 on a usual day."""
        return (self.close - self.open) // kst.MINUTE

    @property
    def eod_check(self) -> Nanos:
        """Return the instant of the end-of-day check, 15:15 on a usual day."""
        return self.at(DEFAULT_EOD_CHECK)

    @property
    def _opening_shift(self) -> Nanos:
        return self.open - kst.at(self.session, DEFAULT_OPEN)

    @property
    def _closing_shift(self) -> Nanos:
        return self.close - kst.at(self.session, DEFAULT_CLOSE)
