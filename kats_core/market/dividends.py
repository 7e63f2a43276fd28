"""Read from announced record dates which cash dividends go ex when (배당락)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from kats_core.market.calendar import Calendar
from kats_core.market.tables import SideTable


class Payout(NamedTuple):
    """An announced dividend; won a share, NaN where not stated. `known_from` is the session after whose close it is known."""

    symbol: str
    known_from: dt.date
    ex_date: dt.date
    dps: float
    annual_dps: float


def ex_date(record_date: dt.date, calendar: Calendar) -> dt.date:
    """Return the session from which on a buyer gets no dividend of this record date: one before it, for trades settle in two.

    Raises:
        CalendarError: the calendar does not cover the date.
    """
    held_on = record_date if calendar.is_session(record_date) else calendar.previous_session(record_date)
    return calendar.previous_session(held_on)


def payouts(table: SideTable, calendar: Calendar) -> Iterator[Payout]:
    """Yield the dividends of a table whose record dates the calendar covers, by symbol in the order in which they were announced.

    A later announcement of the same record date replaces the one before.
    """
    nothing = [float("nan")] * len(table)
    dps, annual = (table.columns.get(name, nothing) for name in ("dps_krw", "annual_dps_krw"))
    rows = zip(table.symbol.tolist(), table.period.tolist(), table.available_from.tolist(), dps, annual, strict=True)
    for symbol, record_date, known_from, amount, of_year in rows:
        if calendar.covered_from < record_date <= calendar.covered_through:
            goes_ex = ex_date(record_date, calendar)
            yield Payout(table.symbols[symbol], known_from, goes_ex, float(amount), float(of_year))
