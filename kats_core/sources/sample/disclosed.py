"""Generate what the sample market tells beside prices: shares, net buying, quarterly and annual reports.

Everything follows from the daily bars, the episodes and the seed: whoever rises is bought by institutions a little more often, so
is who has fallen far, and earnings move with the price that expected them, a leader's more than that. Each record carries the
evening from which it may be used.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from kats_core.market.arrays import DateArray, FloatArray, Int64Array
from kats_core.market.tables import FLOWS, QUARTERS, SHARES, YEARS, SideTable
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.daily import DailyBars
from kats_core.sources.sample.episodes import Episodes
from kats_core.sources.sample.randomness import Draws, waves

_FLOW_PURPOSE, _REPORT_PURPOSE = 21, 22
_SOURCE = "sample market"

_QUARTER_DAYS, _YEAR_DAYS = (35, 45), (75, 89)
"""Days after the end of a quarter, of a year, within which its report is filed."""

_QUARTERS_OF_A_YEAR = 4
_CATCH = 0.8
"""How eagerly they buy what is thrown away at the end of a slide, as part of what they usually trade."""
_TRADED_BY_THEM = 0.05
"""Usual net buying of institutions, or of foreigners, as part of a day's volume."""


def tables(seed: int, bars: DailyBars, lived: Episodes, companies: Sequence[Company]) -> Mapping[str, SideTable]:
    """Return the side tables of a seed by name."""
    quarters = _Quarters(seed, bars, lived.boom, companies)
    several = (_shares(bars, companies), _flows(seed, bars, lived, companies), quarters.table(), quarters.years())
    return {table.name: table for table in several}


def _shares(bars: DailyBars, companies: Sequence[Company]) -> SideTable:
    """Return listed shares, which never change, with the market cap of the first day."""
    day = np.repeat(np.array(bars.sessions[:1], dtype="datetime64[D]"), len(companies))
    shares = np.array([company.shares for company in companies], dtype=np.float64)
    return _table(SHARES, companies, day, day, listed_shares=shares, market_cap_krw=shares * bars.close[0])


def _flows(seed: int, bars: DailyBars, lived: Episodes, companies: Sequence[Company]) -> SideTable:
    days, size = bars.close.shape
    draws = Draws(seed, _FLOW_PURPOSE)
    moved = np.clip(np.log(bars.close / bars.base) / 0.02, -3.0, 3.0)
    columns = {}
    for name, liking in (("inst_net_shares", 0.25), ("foreign_net_shares", 0.15)):
        mood = waves(draws.normal(days, size), 0.85, 0.35)
        own = np.where(lived.is_caught, _CATCH, liking * moved)
        part = _TRADED_BY_THEM * (mood + own + 0.5 * draws.normal(days, size))
        columns[name] = np.trunc(np.clip(part, -0.3, 0.3) * bars.volume).T.ravel()
    sessions = np.tile(np.array(bars.sessions, dtype="datetime64[D]"), size)
    return _table(FLOWS, companies, sessions, sessions, **columns)


class _Quarters:
    """Quarters of all companies, (quarters x companies); a year's are four in a row."""

    def __init__(self, seed: int, bars: DailyBars, boom: FloatArray, companies: Sequence[Company]) -> None:
        self._companies = companies
        self._draws = Draws(seed, _REPORT_PURPOSE)
        first, last = bars.sessions[0], bars.sessions[-1]
        self._ends = _ends(first.year, last)
        size, count = len(companies), len(self._ends)
        shares = np.array([company.shares for company in companies], dtype=np.float64)
        anchor = np.array([company.anchor for company in companies], dtype=np.float64)
        level = np.log(_means(bars.close, bars.sessions, self._ends) / anchor)
        margin = 0.06 + 0.10 * self._draws.uniform(size)
        sales = shares * anchor * (0.10 + 0.25 * self._draws.uniform(size))
        season = 1 + 0.08 * self._draws.normal(_QUARTERS_OF_A_YEAR, size)
        season = season[np.arange(count) % _QUARTERS_OF_A_YEAR]
        business = waves(self._draws.normal(count, size), 0.9, 0.09)
        business = business + _means(boom, bars.sessions, self._ends)
        self._revenue = sales * season * np.exp(0.35 * level + business + 0.04 * self._draws.normal(count, size))
        shift = 0.5 * level + business + 0.25 * self._draws.normal(count, size)
        rate = margin * (1 + shift)
        self._profit = self._revenue * rate
        self._income = np.trunc(self._profit * (0.78 + 0.06 * self._draws.normal(count, size)))
        self._shares = shares

    def table(self) -> SideTable:
        """Return single quarters; the last one of a year comes with the annual report."""
        ends = np.array(self._ends, dtype="datetime64[D]")
        is_last = np.arange(len(ends)) % _QUARTERS_OF_A_YEAR == _QUARTERS_OF_A_YEAR - 1
        delays = np.where(is_last[:, None], self._delays(_YEAR_DAYS), self._delays(_QUARTER_DAYS))
        return self._reported(QUARTERS, ends, delays, self._revenue, self._profit, self._income)

    def years(self) -> SideTable:
        """Return fiscal years, which end with December."""
        count = len(self._ends) // _QUARTERS_OF_A_YEAR
        ends = np.array(self._ends[_QUARTERS_OF_A_YEAR - 1 :: _QUARTERS_OF_A_YEAR], dtype="datetime64[D]")
        whole = (
            column[: count * _QUARTERS_OF_A_YEAR].reshape(count, _QUARTERS_OF_A_YEAR, -1).sum(axis=1)
            for column in (self._revenue, self._profit, self._income)
        )
        return self._reported(YEARS, ends, self._delays(_YEAR_DAYS)[: len(ends)], *whole)

    def _reported(
        self,
        name: str,
        ends: DateArray,
        delays: FloatArray,
        revenue: FloatArray,
        profit: FloatArray,
        income: FloatArray,
    ) -> SideTable:
        period = np.tile(ends, len(self._companies))
        return _table(
            name,
            self._companies,
            period,
            period + delays.T.ravel().astype("timedelta64[D]"),
            revenue_krw=np.trunc(revenue).T.ravel(),
            operating_profit_krw=np.trunc(profit).T.ravel(),
            net_income_krw=income.T.ravel(),
            eps_krw=np.rint(income / self._shares).T.ravel(),
        )

    def _delays(self, span: tuple[int, int]) -> FloatArray:
        shortest, longest = span
        count, size = self._revenue.shape
        punctual = Draws(*(_REPORT_PURPOSE, *span)).uniform(count, size)
        return np.floor(shortest + punctual * (longest - shortest + 1))


def _ends(first_year: int, last: dt.date) -> list[dt.date]:
    """Return the last days of the quarters from the year of the first session on."""
    days = ((3, 31), (6, 30), (9, 30), (12, 31))
    ends = (dt.date(year, month, day) for year in range(first_year, last.year + 1) for month, day in days)
    return [end for end in ends if end <= last]


def _means(column: FloatArray | Int64Array, sessions: Sequence[dt.date], ends: Sequence[dt.date]) -> FloatArray:
    """Return each quarter's mean; before the first session, its value."""
    borders = np.searchsorted(np.array(sessions), np.array(ends), side="right")
    means = []
    for n, stop in enumerate(borders.tolist()):
        start = 0 if n == 0 else int(borders[n - 1])
        means.append(column[start:stop].mean(axis=0) if stop > start else column[0].astype(np.float64))
    return np.array(means)


def _table(
    name: str, companies: Sequence[Company], period: DateArray, known: DateArray, **columns: FloatArray
) -> SideTable:
    """Return a table from columns that hold one company after the other, each in order of time."""
    count = len(period) // len(companies)
    symbol = np.repeat(np.arange(len(companies), dtype=np.int32), count)
    order = np.lexsort((period, known, symbol))
    return SideTable(
        name=name,
        symbols=tuple(company.instrument.symbol for company in companies),
        symbol=symbol[order],
        period=period[order],
        available_from=known[order],
        columns={key: column[order] for key, column in columns.items()},
        source=_SOURCE,
    )
