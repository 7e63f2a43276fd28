"""Hold every conversion between int64 nanoseconds UTC and Korean clock time.

Inside the core an instant is `Nanos`; dates are KST session dates. Nothing here reads a clock.
"""

from __future__ import annotations

import datetime as dt
from typing import TypeAlias

Nanos: TypeAlias = int
"""An instant: nanoseconds since 1970-01-01T00:00:00Z."""

KST = dt.timezone(dt.timedelta(hours=9), "KST")
"""Asia/Seoul. It has had no daylight saving since 1988, so a fixed offset is exact."""

NEVER: Nanos = 2**63 - 1
"""An instant that does not come."""

SECOND: Nanos = 1_000_000_000
MINUTE: Nanos = 60 * SECOND
DAY: Nanos = 86_400 * SECOND
_KST_OFFSET: Nanos = 9 * 3600 * SECOND
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def at(session: dt.date, clock: dt.time) -> Nanos:
    """Return the instant at which a Korean wall clock shows `clock` on `session`."""
    of_day = (clock.hour * 3600 + clock.minute * 60 + clock.second) * SECOND + clock.microsecond * 1000
    return midnight(session) + of_day


def midnight(session: dt.date) -> Nanos:
    """Return the instant of 00:00 KST on `session`."""
    return (session.toordinal() - _EPOCH_ORDINAL) * DAY - _KST_OFFSET


def session_date(instant: Nanos) -> dt.date:
    """Return the Korean calendar date of an instant."""
    return dt.date.fromordinal((instant + _KST_OFFSET) // DAY + _EPOCH_ORDINAL)


def clock(instant: Nanos) -> dt.time:
    """Return the Korean wall clock of an instant, to the microsecond."""
    of_day = (instant + _KST_OFFSET) % DAY
    seconds, rest = divmod(of_day, SECOND)
    return dt.time(seconds // 3600, seconds % 3600 // 60, seconds % 60, rest // 1000)


def to_datetime(instant: Nanos) -> dt.datetime:
    """Return the instant as an aware KST datetime, to the microsecond."""
    return dt.datetime.combine(session_date(instant), clock(instant), tzinfo=KST)


def from_datetime(moment: dt.datetime) -> Nanos:
    """Return the instant of an aware datetime.

    Raises:
        ValueError: `moment` is naive; a naive timestamp is a programming error.
    """
    if moment.tzinfo is None:
        raise ValueError(f"naive timestamp {moment.isoformat()}: every time in KATS is aware")
    delta = moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1000
