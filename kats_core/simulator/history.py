"""Read the daily history of one symbol or index as it was known at a moment: nothing of today but what has traded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from kats_core.simulator.calls import rate_of, ymd
from kats_core.simulator.market import Market
from kats_core.simulator.quote import Quote

_YEAR = 250


@dataclass(frozen=True, slots=True)
class OwnHistory:
    """A symbol's own daily bars before today, oldest first; halted days are left out."""

    sessions: tuple[dt.date, ...]
    open: tuple[int, ...]
    high: tuple[int, ...]
    low: tuple[int, ...]
    close: tuple[int, ...]
    volume: tuple[int, ...]
    value: tuple[int, ...]

    def close_before(self, n: int) -> int:
        """Return the close before the n-th bar, its open for the first one."""
        place = n if n >= 0 else n + len(self.sessions)
        return self.close[place - 1] if place > 0 else self.open[place]


@dataclass(frozen=True, slots=True)
class DailyRow:
    """A daily bar with the close before it, for the charts."""

    day: dt.date
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    before: int


def own_history(market: Market, symbol: str) -> OwnHistory:
    """Return a symbol's daily bars before today."""
    panel = market.panel
    column = panel.column.get(symbol)
    if column is None:
        return OwnHistory((), (), (), (), (), (), ())
    rows = [row for row, day in enumerate(panel.sessions) if day < market.day and panel.present[row, column]]
    columns = (panel.open, panel.high, panel.low, panel.close, panel.volume, panel.value)
    values = [tuple(each[rows, column].tolist()) for each in columns]
    return OwnHistory(tuple(panel.sessions[row] for row in rows), *values)


def daily_rows(market: Market, symbol: str) -> list[DailyRow]:
    """Return a symbol's daily bars, oldest first, today's so far as the last one once it has traded."""
    history = own_history(market, symbol)
    rows = [
        DailyRow(day, o, h, low, c, volume, value, history.close_before(n))
        for n, (day, o, h, low, c, volume, value) in enumerate(
            zip(
                history.sessions, history.open, history.high, history.low, history.close, history.volume, history.value,
                strict=True,
            )
        )
    ]  # fmt: skip
    quote = market.quote(symbol)
    if quote is not None and quote.volume:
        rows.append(
            DailyRow(
                market.day, quote.open, quote.high, quote.low, quote.last, quote.volume, quote.value, quote.limits.base
            )
        )
    return rows


def by_period(rows: list[DailyRow], period: str) -> list[DailyRow]:
    """Return bars of weeks, months or years; the day of each is its first session."""
    if period not in ("W", "M", "Y"):
        return rows
    groups: dict[Any, list[DailyRow]] = {}
    for row in rows:
        groups.setdefault(_period_of(row.day, period), []).append(row)
    return [
        DailyRow(
            several[0].day,
            several[0].open,
            max(row.high for row in several),
            min(row.low for row in several),
            several[-1].close,
            sum(row.volume for row in several),
            sum(row.value for row in several),
            several[0].before,
        )
        for several in groups.values()
    ]


def _period_of(day: dt.date, period: str) -> tuple[int, ...]:
    match period:
        case "W":
            return day.isocalendar()[:2]
        case "M":
            return day.year, day.month
    return (day.year,)


def year_range(history: OwnHistory, quote: Quote) -> dict[str, Any]:
    """Return highs and lows of 250 sessions, 52 weeks and the calendar year, today included."""
    today = (quote.high, quote.low)
    found: dict[str, Any] = {}
    last = history.sessions[-1] if history.sessions else dt.date.min
    starts = {
        "d250": max(0, len(history.sessions) - _YEAR),
        "w52": sum(1 for day in history.sessions if day <= last - dt.timedelta(weeks=52)),
        "dryy": sum(1 for day in history.sessions if day.year < last.year),
    }
    for name, start in starts.items():
        for what, column, best in (("hgpr", history.high, max), ("lwpr", history.low, min)):
            values = [*zip(column[start:], history.sessions[start:], strict=True)]
            own = today[0 if what == "hgpr" else 1]
            if own:
                values.append((own, dt.date.max))
            if not values:
                continue
            value, day = best(values)
            found |= _range_fields(name, what, value, "" if day == dt.date.max else ymd(day), quote)
    return found


def _range_fields(name: str, what: str, value: int, day: str, quote: Quote) -> dict[str, Any]:
    rate = rate_of(quote.last - value, value)
    if name == "dryy":
        return {f"stck_dryy_{what}": value, f"dryy_{what}_date": day, f"dryy_{what}_vrss_prpr_rate": rate}
    suffix = "ctrt" if name == "w52" else "rate"
    return {f"{name}_{what}": value, f"{name}_{what}_date": day, f"{name}_{what}_vrss_prpr_{suffix}": rate}
