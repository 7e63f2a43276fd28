"""Read from announced record dates which cash dividends go ex when (배당락), and say what of them is paid, and when.

Korean companies pay a year's dividend within a month of the general meeting that decides it, which is held in March, and
others within weeks of the board's decision (상법 제464조의2). Who pays withholds 14 % of income tax and 1.4 % of local tax.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from functools import cache, partial
from typing import NamedTuple

from kats_core.market.calendar import Calendar
from kats_core.market.exact import floor_times
from kats_core.market.tables import SideTable

_EPOCH = dt.date(1970, 1, 1)


WITHHELD = Fraction(154, 1_000)
"""Tax on dividends."""

_OF_THE_YEAR = (4, 20)
"""Month and day on which dividends of year-end record dates are paid, if nobody states it."""

_LATER: dt.timedelta = dt.timedelta(days=50)
"""So long after their ex-dates others are."""


class Payout(NamedTuple):
    """An announced dividend; won a share, NaN where not stated. `known_from` is the session after whose close it is known.

    `paid_on` is the day of payment, None where it is not stated.
    """

    symbol: str
    known_from: dt.date
    ex_date: dt.date
    dps: float
    annual_dps: float
    paid_on: dt.date | None = None


def after_tax(won: int) -> int:
    """Return what of a dividend is paid out: 1 500 000 gives 1 269 000."""
    return won - floor_times(won, WITHHELD)


def usual_payment(goes_ex: dt.date) -> dt.date:
    """Return when a dividend is usually paid: in the third week of April if it goes ex in December, else 50 days later."""
    return dt.date(goes_ex.year + 1, *_OF_THE_YEAR) if goes_ex.month == 12 else goes_ex + _LATER


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
    dps, annual, paid = (table.columns.get(name, nothing) for name in ("dps_krw", "annual_dps_krw", "pay_day"))
    goes_ex = cache(partial(ex_date, calendar=calendar))  # thousands of companies share a few record dates
    rows = zip(
        table.symbol.tolist(), table.period.tolist(), table.available_from.tolist(), dps, annual, paid, strict=True
    )
    for symbol, record_date, known_from, amount, of_year, day in rows:
        if calendar.covered_from < record_date <= calendar.covered_through:
            paid_on = None if day != day else _EPOCH + dt.timedelta(days=int(day))
            yield Payout(
                table.symbols[symbol], known_from, goes_ex(record_date), float(amount), float(of_year), paid_on
            )
