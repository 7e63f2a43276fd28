"""Say when a trade is settled (결제일): cash and shares change hands so many sessions after the trade (T+2)."""

from __future__ import annotations

import datetime as dt
from functools import cache

from kats_core.market.calendar import CalendarError, krx_calendar
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


@cache
def settlement_date(session: dt.date) -> dt.date | None:
    """Return the session on which a trade of `session` is settled, None when it lies beyond the calendar.

    Sessions count, not weekdays: a trade of 2026-12-30 is settled on 2027-01-05, for 12-31 is closed.

    Raises:
        CalendarError: `session` is not a session of the calendar.
    """
    calendar = krx_calendar()
    position = calendar.index(session) + settlement_days(session)
    try:
        return calendar.session_at(position)
    except CalendarError:
        return None
