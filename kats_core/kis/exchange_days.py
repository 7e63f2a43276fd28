"""Ask the broker which days are sessions, once a day as it wishes, and keep what it said with the history."""

from __future__ import annotations

import datetime as dt

from kats_core.kis.archive import Archive
from kats_core.kis.client import Client
from kats_core.kis.limiter import Lane
from kats_core.kis.wire.info import AskCalendar

_NAME, _EXCHANGE = "calendar", "KRX"


async def ask_days(client: Client, archive: Archive, today: dt.date) -> None:
    """Ask for the days from today on, unless that was done today; the mock server does not know them. Raises KisError."""
    covered = archive.covered(_NAME, _EXCHANGE)
    if client.keys.is_mock or (covered is not None and covered[0] <= today <= covered[1]):
        return
    answer = await client.ask(AskCalendar(start=today), lane=Lane.QUERY)
    rows = [
        {"exchange": _EXCHANGE, "date": one.day, "is_session": one.is_session}
        for one in (() if answer is None else answer.days)
    ]
    if rows:
        archive.put(_NAME, _EXCHANGE, rows, (today, today))
        archive.save()


def is_session(archive: Archive, day: dt.date) -> bool | None:
    """Return what the broker said of a day; None where it said nothing."""
    return next((row["is_session"] for row in archive.rows(_NAME, _EXCHANGE) if row["date"] == day), None)
