"""Say when a trade is settled (결제일): cash and shares change hands so many sessions after the trade (T+2)."""

from __future__ import annotations

import datetime as dt
from functools import cache

from kats_core.market.calendar import krx_calendar
from kats_core.market.dated import Certainty, Dated, Source

_DAYS = Dated(
    "settlement cycle",
    [
        (
            dt.date.min,
            2,
            Source(
                "the exchange's settlement guide; a change to T+1 is discussed and has no date", Certainty.CONFIRMED
            ),
        )
    ],
)
TABLES = (_DAYS,)


def settlement_days(day: dt.date) -> int:
    """Return how many sessions after a trade of `day` it is settled."""
    return _DAYS.on(day)


_LONG_ENOUGH = dt.timedelta(days=31)
"""No pause of the exchange is so long that fewer sessions than a settlement takes lie in it."""


@cache
def settlement_date(day: dt.date) -> dt.date | None:
    """Return the session on which a trade of `day` is settled, None when it lies beyond the calendar.

    Sessions count, not weekdays: a trade of 2026-12-30 is settled on 2027-01-05, for 12-31 is closed. `day` itself may be one
    that only the broker holds for a session: what is sold then has to be priced all the same.

    Raises:
        CalendarError: `day` lies before the calendar.
    """
    calendar = krx_calendar()
    if day > calendar.covered_through:
        return None
    later = calendar.sessions(day, min(day + _LONG_ENOUGH, calendar.covered_through))
    wanted = settlement_days(day) - (0 if calendar.is_session(day) else 1)
    return later[wanted] if wanted < len(later) else None
