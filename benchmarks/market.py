"""Generate a whole market as an evening finds it: companies and funds, halts, splits, new listings, side tables, the KOSPI."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SHARES, YEARS, IndexSeries, SideTable
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Scope

FUNDS = ("114800", "251340", "252670")
"""Inverse funds among the symbols, which a strategy lists by name."""

_SECTORS = ("음식료품", "의약품", "통신업", "전기가스업", "화학", "철강금속", "기계", "전기전자", "운수장비", "금융업")
_LAST = dt.date(2025, 12, 30)


def market(symbols: int = 2_500, sessions: int = 750, seed: int = 7) -> Panel:
    """Return the panel of the last sessions of 2025, arming for the first of 2026."""
    draws = np.random.default_rng(seed)
    calendar = krx_calendar()
    days = calendar.sessions(_LAST - dt.timedelta(days=2 * sessions), _LAST)[-sessions:]
    names = (*(f"{n:05d}0" for n in range(1, symbols - len(FUNDS) + 1)), *FUNDS)
    columns, present = _bars(draws, sessions, symbols)
    tables = _tables(draws, names, np.array(days, dtype="datetime64[D]"), columns["volume"])
    return Panel(
        sessions=tuple(days),
        next_session=(*days[1:], calendar.next_session(days[-1])),
        instruments=tuple(_instrument(n, name) for n, name in enumerate(names)),
        present=present,
        scope=Scope.RAW,
        tables=tables,
        indices={"KOSPI": _kospi(draws, tuple(days))},
        **columns,
    )


def _instrument(number: int, symbol: str) -> Instrument:
    if symbol in FUNDS:
        leverage = -2 if symbol == FUNDS[-1] else -1
        return Instrument(symbol=symbol, market=Market.KOSPI, kind=InstrumentKind.ETF, leverage=leverage)
    board = Market.KOSPI if number % 5 < 2 else Market.KOSDAQ
    return Instrument(symbol=symbol, market=board, sector=_SECTORS[number % len(_SECTORS)])


def _bars(
    draws: np.random.Generator, sessions: int, symbols: int
) -> tuple[dict[str, npt.NDArray[np.int64]], npt.NDArray[np.bool_]]:
    """Return daily bars: trends and calm spells, one in ten listed later, halts of weeks, some splits nobody adjusted."""
    shape = (sessions, symbols)
    calm = np.exp(np.cumsum(draws.normal(0, 0.05, shape), axis=0))
    drift = np.repeat(draws.normal(0.0005, 0.002, (sessions // 60 + 1, symbols)), 60, axis=0)[:sessions]
    moves = np.clip(drift + 0.018 * np.clip(calm, 0.3, 2.0) * draws.standard_normal(shape), -0.25, 0.25)
    close = draws.uniform(2_000, 100_000, symbols) * np.exp(np.cumsum(moves, axis=0))
    opened = np.vstack([close[:1], close[:-1]]) * np.exp(draws.normal(0, 0.005, shape))
    high = np.maximum(opened, close) * (1 + np.abs(draws.normal(0, 0.006, shape)))
    low = np.minimum(opened, close) * (1 - np.abs(draws.normal(0, 0.006, shape)))
    turnover = np.exp(draws.uniform(np.log(1e9), np.log(4e11), symbols) + draws.normal(0, 0.5, shape))
    volume = turnover / close
    present = np.ones(shape, dtype=np.bool_)
    for j in draws.choice(symbols, symbols // 10, replace=False).tolist():
        present[: draws.integers(1, sessions), j] = False
    for j in draws.choice(symbols, symbols // 4, replace=False).tolist():
        first = int(draws.integers(0, sessions))
        present[first : first + int(draws.integers(1, 20)), j] = False
    for j in draws.choice(symbols, symbols // 100, replace=False).tolist():
        close[(split := int(draws.integers(1, sessions))) :, j] /= 5
        opened[split:, j] /= 5
        high[split:, j] /= 5
        low[split:, j] /= 5
    prices = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    columns = {name: np.where(present, np.rint(values).astype(np.int64) + 1, 0) for name, values in prices.items()}
    columns["value"] = columns["close"] * columns["volume"]
    return columns, present


def _tables(
    draws: np.random.Generator, symbols: tuple[str, ...], days: np.ndarray, volume: npt.NDArray[np.int64]
) -> dict[str, SideTable]:
    companies = symbols[: -len(FUNDS)]
    count = len(companies)
    quarters = np.arange("2021-03", "2025-12", 3, dtype="datetime64[M]") + 1
    years = np.arange("2019", "2025", dtype="datetime64[Y]") + 1
    traded = volume[:, :count].T.ravel()
    sold = {f"{who}_net_shares": traded * draws.normal(0.01, 0.05, traded.size) for who in ("inst", "foreign")}
    year_ends, quarter_ends = years.astype("datetime64[D]") - 1, quarters.astype("datetime64[D]") - 1
    records = np.append(years, years[-1:] + 1).astype("datetime64[D]") + 7  # the last one lies ahead
    listed, payers = days[::20], companies[::2]
    shares = {"listed_shares": np.repeat(draws.uniform(5e6, 5e8, count), len(listed))}
    several = (
        _table(SHARES, companies, listed, 0, shares),
        _table(FLOWS, companies, days, 0, sold),
        _table(QUARTERS, companies, quarter_ends, 45, _reports(draws, count, len(quarters), 1.04)),
        _table(YEARS, companies, year_ends, 90, _reports(draws, count, len(years), 1.15)),
        _table(DIVIDENDS, payers, records, -40, _dividends(draws, len(payers), len(records))),
    )
    return {table.name: table for table in several}


def _reports(draws: np.random.Generator, count: int, periods: int, growth: float) -> dict[str, npt.NDArray[np.float64]]:
    grown = growth ** np.arange(periods) * np.exp(draws.normal(0, 0.15, (count, periods)))
    revenue = draws.uniform(1e10, 1e12, (count, 1)) * grown
    profit = revenue * draws.normal(0.08, 0.05, (count, periods))
    own = {"revenue_krw": revenue, "operating_profit_krw": profit, "net_income_krw": 0.8 * profit}
    return {name: values.ravel() for name, values in own.items()}


def _dividends(draws: np.random.Generator, count: int, years: int) -> dict[str, npt.NDArray[np.float64]]:
    amounts = np.rint(draws.uniform(50, 2_000, count * years))
    return {"dps_krw": amounts, "annual_dps_krw": amounts}


def _table(
    name: str, symbols: tuple[str, ...], periods: np.ndarray, delay: int, columns: Mapping[str, npt.NDArray[np.float64]]
) -> SideTable:
    period = np.tile(periods, len(symbols))
    return SideTable(
        name=name,
        symbols=symbols,
        symbol=np.repeat(np.arange(len(symbols), dtype=np.int32), len(periods)),
        period=period,
        available_from=period + delay,
        columns=columns,
        source="generated",
    )


def _kospi(draws: np.random.Generator, sessions: tuple[dt.date, ...]) -> IndexSeries:
    close = 2_600 * np.exp(np.cumsum(draws.normal(0.0004, 0.01, len(sessions))))
    value = np.full(len(sessions), 1e13)
    return IndexSeries("KOSPI", sessions, close, close * 1.005, close * 0.995, close, value, "generated")
