"""Read growth from quarterly and annual reports, each from the evening on which it was known.

Reports of a symbol are gone through in the order in which they became known; after each one it is noted what the reports so
far say. A later correction of an old quarter replaces it from its own day on, never before.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np

from kats_core.market.arrays import BoolArray, FloatArray, Int64Array
from kats_core.market.screening.compare import above, at_least
from kats_core.market.screening.rules import ScreenRules
from kats_core.market.tables import SideTable

Column: TypeAlias = Sequence[float]
"""The numbers of a table's records, one by one."""

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
        columns = [_column(table, name).tolist() for name in _REPORTED]
        days = table.period.astype("datetime64[D]").astype(np.int64).tolist()
        # After each record: period, eps growth, turned, revenue growth, turned, margin, margin before, year before.
        self._states = _States(table, 8, lambda known: _quarter_state(known, columns, days))
        self._rules = rules

    def at(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> Growth:
        """Return what was known after each session's close, shape (sessions, symbols)."""
        cells = self._states.at(sessions, symbols)
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
        columns = [_column(table, name).tolist() for name in ("eps_krw", "net_income_krw")]
        days = table.period.astype("datetime64[D]").astype(np.int64).tolist()
        # After each record: last day of the latest year, mean growth, number of years.
        self._states = _States(table, 3, lambda known: _year_state(known, columns, days))
        self._rules = rules

    def at(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> YearlyGrowth:
        """Return what was known after each session's close, shape (sessions, symbols)."""
        cells = self._states.at(sessions, symbols)
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


class _States:
    """What the reports so far say after each record of a table, found out when it is asked for.

    `judge` gets the rows of the reports that are known, by the number of their month.
    """

    def __init__(self, table: SideTable, numbers: int, judge: Callable[[dict[int, int]], tuple[float, ...]]) -> None:
        self._known = KnownRows(table)
        self._judge = judge
        self._months: list[int] = table.period.astype("datetime64[M]").astype(np.int64).tolist()
        self._states = np.full((numbers, len(table)), np.nan)
        self._is_judged = np.zeros(len(table), dtype=np.bool_)

    def at(self, sessions: Sequence[dt.date], symbols: Sequence[str]) -> FloatArray:
        """Return the state of each symbol's last record that was known after each close; NaN where there was none."""
        rows = self._known.last(sessions, symbols)
        if not self._is_judged.size:
            return np.full((len(self._states), *rows.shape), np.nan)
        asked = np.unique(rows)
        self._find_out(asked[(asked >= 0) & ~self._is_judged[asked]])
        return np.where(rows >= 0, self._states[:, np.maximum(rows, 0)], np.nan)

    def _find_out(self, asked: Int64Array) -> None:
        """Judge some records, in rising order."""
        table = self._known.table
        first_of, number, known = 0, -1, dict[int, int]()
        for row, symbol in zip(asked.tolist(), table.symbol[asked].tolist(), strict=True):
            if symbol != number:
                number, known = symbol, {}
                first_of = table.rows_of[table.symbols[symbol]].start
            for earlier in range(first_of, row + 1):
                known[self._months[earlier]] = earlier
            first_of = row + 1
            self._states[:, row] = self._judge(known)
        self._is_judged[asked] = True


_REPORTED = ("eps_krw", "net_income_krw", "revenue_krw", "operating_profit_krw")


def _column(table: SideTable, name: str) -> FloatArray:
    return table.columns.get(name, np.full(len(table), np.nan))


def _quarter_state(known: dict[int, int], own: Sequence[Column], days: Sequence[int]) -> tuple[float, ...]:
    latest = max(known)
    row, before, year_before = known[latest], known.get(latest - 3), known.get(latest - 12)
    revenue, profit = own[2][row], own[3][row]
    nan = float("nan")
    eps, eps_then, revenue_then, margin_before = nan, nan, nan, nan
    if year_before is not None:
        eps, eps_then = _comparable(own[0], own[1], row, year_before)
        revenue_then = own[2][year_before]
    if before is not None:
        margin_before = _margin(own[3][before], own[2][before])
    return (
        float(days[row]),
        growth_rate(eps, eps_then),
        float(has_turned(eps, eps_then)),
        growth_rate(revenue, revenue_then),
        float(has_turned(revenue, revenue_then)),
        _margin(profit, revenue),
        margin_before,
        float(all(map(math.isfinite, (eps, eps_then, revenue, revenue_then)))),
    )


def _comparable(eps: Column, income: Column, row: int, earlier: int) -> tuple[float, float]:
    """Return earnings of two reports on one scale: a share where both say so, else the company's.

    Whole earnings compare as earnings a share of today's listed shares would, without a split between the two in the way.
    """
    column = eps if math.isfinite(eps[row]) and math.isfinite(eps[earlier]) else income
    return column[row], column[earlier]


def _margin(profit: float, revenue: float) -> float:
    return profit / revenue if revenue > 0 else float("nan")


def _year_state(known: dict[int, int], own: Sequence[Column], days: Sequence[int]) -> tuple[float, ...]:
    latest = max(known)
    runs = [_run(known, latest, column) for column in own]
    values = max(runs, key=len)  # earnings a share where both reach equally far back
    rate = float("nan")
    if len(values) >= FEWEST_YEARS and min(values) > 0:
        rate = float((values[0] / values[-1]) ** (1 / (len(values) - 1)) - 1)
    return float(days[known[latest]]), rate, float(len(values))


def _run(known: dict[int, int], latest: int, column: Column) -> list[float]:
    """Return the known values of years in a row, the latest first."""
    values: list[float] = []
    for back in range(MOST_YEARS):
        row = known.get(latest - 12 * back)
        if row is None or not math.isfinite(column[row]):
            break
        values.append(column[row])
    return values
