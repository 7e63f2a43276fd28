"""Read growth from quarterly and annual reports, each from the evening on which it was known.

Reports of a symbol are gone through in the order in which they became known; after each one it is noted what the reports so
far say. A later correction of an old quarter replaces it from its own day on, never before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from kats_core.market.panel import Int64Array
from kats_core.market.screening.compare import BoolArray, above, at_least
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.tables import DateArray, FloatArray, SideTable

MOST_YEARS, FEWEST_YEARS = 4, 2
_YEAR_DAYS = 365


@dataclass(frozen=True)
class Growth:
    """What the reports known say, arrays of one shape; NaN is missing.

    `eps` and `revenue` compare the latest quarter with the same one a year before; where that was a loss that became a
    profit, growth is NaN and `eps_turned` (`revenue_turned`) true. `margin` and `margin_before` are operating margins of the
    latest quarter and of the one before it. `period` is the last day of the latest quarter, as days since 1970.
    `has_year_before`: earnings and revenue of both quarters are known, so that growth is missing only where there was a loss.
    """

    period: FloatArray
    eps: FloatArray
    eps_turned: BoolArray
    revenue: FloatArray
    revenue_turned: BoolArray
    margin: FloatArray
    margin_before: FloatArray
    has_year_before: BoolArray
    is_missing: BoolArray

    def eps_at_least(self, rate: float) -> BoolArray:
        """Return where earnings grew by `rate` or turned from loss to profit."""
        return self.eps_turned | at_least(self.eps, rate)

    def checks(self, rules: ScreenRules) -> BoolArray:
        """Return F1, F2, F3, shape (3, ...)."""
        return np.stack(
            [
                self.eps_at_least(rules.min_eps_growth),
                self.revenue_turned | at_least(self.revenue, rules.min_revenue_growth),
                above(self.margin, self.margin_before),
            ]
        )


@dataclass(frozen=True)
class YearlyGrowth:
    """Mean yearly growth of earnings over the known years; NaN where a year was no profit or too few are known.

    `years` is their number; `is_missing` tells too few from a loss.
    """

    rate: FloatArray
    years: FloatArray
    is_missing: BoolArray


def growth_rate(now: float, before: float) -> float:
    """Return (now - before) / |before|; NaN where `before` is not positive, whichever way it went."""
    return (now - before) / abs(before) if before > 0 else float("nan")


def has_turned(now: float, before: float) -> bool:
    """Tell whether a loss became a profit (흑자전환)."""
    return before <= 0 < now


class Quarters:
    """The single quarters of all symbols."""

    def __init__(self, table: SideTable, rules: ScreenRules) -> None:
        self._known = KnownRows(table)
        self._rules = rules

    @cached_property
    def _states(self) -> FloatArray:
        """After each record: period, eps growth, turned, revenue growth, turned, margin, margin before, year before."""
        table = self._known.table
        states = np.full((8, len(table)), np.nan)
        months = _months(table.period)
        own = np.stack([_column(table, name) for name in _REPORTED])
        for rows in table.rows_of.values():
            known: dict[int, int] = {}
            for row in range(rows.start, rows.stop):
                known[int(months[row])] = row
                states[:, row] = _quarter_state(known, own, table.period)
        return states

    def at(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> Growth:
        """Return what was known after each session's close, shape (sessions, symbols)."""
        rows = self._known.last(sessions, symbols)
        cells = np.where(rows >= 0, self._states[:, np.maximum(rows, 0)], np.nan) if self._states.size else None
        if cells is None:
            cells = np.full((8, *rows.shape), np.nan)
        days = np.array(sessions, dtype="datetime64[D]").astype(np.int64)[:, None]
        fresh = days - cells[0] <= self._rules.report_days
        cells = np.where(fresh, cells, np.nan)
        return Growth(
            period=cells[0],
            eps=cells[1],
            eps_turned=cells[2] == 1,
            revenue=cells[3],
            revenue_turned=cells[4] == 1,
            margin=cells[5],
            margin_before=cells[6],
            has_year_before=cells[7] == 1,
            is_missing=~fresh,
        )


class Years:
    """The fiscal years of all symbols."""

    def __init__(self, table: SideTable, rules: ScreenRules) -> None:
        self._known = KnownRows(table)
        self._rules = rules

    @cached_property
    def _states(self) -> FloatArray:
        """After each record: last day of the latest year, mean growth, number of years."""
        table = self._known.table
        states = np.full((3, len(table)), np.nan)
        months = _months(table.period)
        eps, income = _column(table, "eps_krw"), _column(table, "net_income_krw")
        for rows in table.rows_of.values():
            known: dict[int, int] = {}
            for row in range(rows.start, rows.stop):
                known[int(months[row])] = row
                states[:, row] = _year_state(known, eps, income, table.period)
        return states

    def at(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> YearlyGrowth:
        """Return what was known after each session's close, shape (sessions, symbols)."""
        rows = self._known.last(sessions, symbols)
        cells = np.full((3, *rows.shape), np.nan)
        if self._states.size:
            cells = np.where(rows >= 0, self._states[:, np.maximum(rows, 0)], np.nan)
        days = np.array(sessions, dtype="datetime64[D]").astype(np.int64)[:, None]
        fresh = days - cells[0] <= _YEAR_DAYS + self._rules.report_days
        cells = np.where(fresh, cells, np.nan)
        return YearlyGrowth(rate=cells[1], years=cells[2], is_missing=~(cells[2] >= FEWEST_YEARS))


@dataclass(frozen=True)
class KnownRows:
    """Finds, for many days and symbols at once, the record that became known last."""

    table: SideTable
    _base: int = field(default=1 << 20, repr=False)

    @cached_property
    def _keys(self) -> Int64Array:
        return self.table.symbol.astype(np.int64) * self._base + self.table.available_from.astype(np.int64)

    @cached_property
    def _number(self) -> Mapping[str, int]:
        return {symbol: number for number, symbol in enumerate(self.table.symbols)}

    def last(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> Int64Array:
        """Return row numbers, shape (sessions, symbols); -1 where nothing was known."""
        days = np.array(sessions, dtype="datetime64[D]").astype(np.int64)[:, None]
        numbers = np.array([self._number.get(symbol, -1) for symbol in symbols], dtype=np.int64)[None, :]
        found = np.searchsorted(self._keys, numbers * self._base + days, side="right") - 1
        if not len(self.table):
            return np.full(found.shape, -1)
        is_own = (found >= 0) & (numbers >= 0) & (self.table.symbol[np.maximum(found, 0)] == numbers)
        return np.where(is_own, found, -1)


_REPORTED = ("eps_krw", "net_income_krw", "revenue_krw", "operating_profit_krw")


def _column(table: SideTable, name: str) -> FloatArray:
    return table.columns.get(name, np.full(len(table), np.nan))


def _months(period: DateArray) -> Int64Array:
    return period.astype("datetime64[M]").astype(np.int64)


def _quarter_state(known: dict[int, int], own: FloatArray, period: DateArray) -> tuple[float, ...]:
    latest = max(known)
    row, before, year_before = known[latest], known.get(latest - 3), known.get(latest - 12)
    _, _, revenue, profit = own[:, row].tolist()
    nan = float("nan")
    eps, eps_then, revenue_then, margin_before = nan, nan, nan, nan
    if year_before is not None:
        eps, eps_then = _comparable(own[0], own[1], row, year_before)
        revenue_then = float(own[2, year_before])
    if before is not None:
        margin_before = _margin(float(own[3, before]), float(own[2, before]))
    return (
        float(period[row].astype(np.int64)),
        growth_rate(eps, eps_then),
        float(has_turned(eps, eps_then)),
        growth_rate(revenue, revenue_then),
        float(has_turned(revenue, revenue_then)),
        _margin(profit, revenue),
        margin_before,
        float(np.isfinite([eps, eps_then, revenue, revenue_then]).all()),
    )


def _comparable(eps: FloatArray, income: FloatArray, row: int, earlier: int) -> tuple[float, float]:
    """Return earnings of two reports on one scale: a share where both say so, else the company's.

    Whole earnings compare as earnings a share of today's listed shares would, without a split between the two in the way.
    """
    column = eps if np.isfinite(eps[[row, earlier]]).all() else income
    return float(column[row]), float(column[earlier])


def _margin(profit: float, revenue: float) -> float:
    return profit / revenue if revenue > 0 else float("nan")


def _year_state(known: dict[int, int], eps: FloatArray, income: FloatArray, period: DateArray) -> tuple[float, ...]:
    latest = max(known)
    runs = [_run(known, latest, column) for column in (eps, income)]
    values = max(runs, key=len)  # earnings a share where both reach equally far back
    rate = float("nan")
    if len(values) >= FEWEST_YEARS and min(values) > 0:
        rate = float((values[0] / values[-1]) ** (1 / (len(values) - 1)) - 1)
    return float(period[known[latest]].astype(np.int64)), rate, float(len(values))


def _run(known: dict[int, int], latest: int, column: FloatArray) -> list[float]:
    """Return the known values of years in a row, the latest first."""
    values: list[float] = []
    for back in range(MOST_YEARS):
        row = known.get(latest - 12 * back)
        if row is None or not np.isfinite(column[row]):
            break
        values.append(float(column[row]))
    return values
