"""Generate the daily bars of the sample market, all sessions from a fixed origin at once.

A day therefore is the same whatever part of the history is asked for. Log prices follow the market, their sector and
themselves, are drawn back to an anchor over a year or so, the more the farther they are, and jump now and then; volatility
comes in waves. Now and then a company lives through an episode (`episodes.py`); what companies of the KOSPI gain by that, its
others lose, so that the index goes as it would have gone without. Every price is on tick and inside the day's price limits, and
a day that would exceed a limit ends at it and goes on the next day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray, Int64Array
from kats_core.market.limits import limit_arrays, price_limits
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model.kinds import InstrumentKind, Market, Regime
from kats_core.sources.sample.companies import SECTORS, Company
from kats_core.sources.sample.episodes import Episodes, episodes
from kats_core.sources.sample.randomness import Draws, waves
from kats_core.sources.sample.regimes import CLIMATES, regimes

_REVERSION = 0.003
_LOWEST_WON = 1_500
_NARROWEST_TICKS = 4
_MARKET_PURPOSE, _SECTOR_PURPOSE, _COMPANY_PURPOSE, _REGIME_PURPOSE = 1, 2, 3, 4
"""Each purpose has numbers of its own, so that a change to one part of the market leaves the others as they are."""


@dataclass(frozen=True)
class DailyBars:
    """Daily bars of all companies, (sessions x companies) in won and shares; `base` is the day's base price."""

    sessions: tuple[dt.date, ...]
    base: Int64Array
    lower: Int64Array
    upper: Int64Array
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    value: Int64Array

    def columns(self) -> dict[str, Int64Array]:
        """Return the bars by name, without what they are about."""
        names = ("base", "lower", "upper", "open", "high", "low", "close", "volume", "value")
        return {name: getattr(self, name) for name in names}


def side_by_side(first: DailyBars, second: DailyBars) -> DailyBars:
    """Return the bars of two groups of symbols on the same sessions, one group after the other."""
    other = second.columns()
    columns = {name: np.hstack([column, other[name]]) for name, column in first.columns().items()}
    return DailyBars(second.sessions, **columns)


@dataclass(frozen=True)
class Course:
    """The way of a seed's companies before dividends: what moves them, the episodes in it, and log prices by session."""

    sessions: tuple[dt.date, ...]
    companies: tuple[Company, ...]
    moves: _Moves
    episodes: Episodes

    @cached_property
    def prices(self) -> FloatArray:
        """Return the log price at the end of each session, (sessions x companies)."""
        return _prices(self.moves, self.companies, np.zeros_like(self.moves.whole, dtype=np.int64))


def course(seed: int, sessions: Sequence[dt.date], companies: Sequence[Company]) -> Course:
    """Return the way of a seed."""
    climates = regimes(Draws(seed, _REGIME_PURPOSE), len(sessions))
    ordinary = _moves(seed, climates, companies)
    worth = np.exp(_prices(ordinary, companies, np.zeros_like(ordinary.whole, dtype=np.int64)))
    worth = worth * np.array([company.shares for company in companies])
    kospi = np.array([company.instrument.market is Market.KOSPI for company in companies])
    lived = episodes(seed, worth[:, kospi].sum(axis=1), companies)
    return Course(tuple(sessions), tuple(companies), _eventful(ordinary, lived, worth, kospi), lived)


def bars(course: Course, gone: Int64Array) -> DailyBars:
    """Return the whole history; `gone` are the dividends, won a share, that go ex on each session."""
    sessions, companies, moves = course.sessions, course.companies, course.moves
    exchange = _Exchange(sessions, companies)
    base, close = _closes(moves, exchange, companies, gone)
    lower, upper = exchange.limits(base)
    before = np.maximum(base - gone, _LOWEST_WON)
    open_ = np.clip(exchange.rounded(np.asarray(before * np.exp(moves.overnight), dtype=np.float64)), lower, upper)
    high, low = _extremes(open_, close, moves, exchange, lower, upper)
    volume = _volumes(moves, np.log(close / base), companies)
    volume = np.where(high == low, np.maximum(volume // 5, 1), volume)  # locked at a limit: nobody sells, or buys
    value = volume * (open_ + high + low + close) // 4
    return DailyBars(sessions, base, lower, upper, open_, high, low, close, volume, value)


@dataclass(frozen=True)
class _Moves:
    """What drives the days: whole log moves, the part before the open, deviations, and numbers for range and volume.

    `is_drawn` marks days on which a company is drawn back to its anchor, `stir` is the log of a factor of its volume.
    """

    whole: FloatArray
    overnight: FloatArray
    deviation: FloatArray
    extremes: FloatArray
    volume: FloatArray
    is_drawn: BoolArray
    stir: FloatArray


def _moves(seed: int, course: Sequence[Regime], companies: Sequence[Company]) -> _Moves:
    days, size = len(course), len(companies)
    draws = Draws(seed, _COMPANY_PURPOSE)
    deviation, jump_rate = _temper(draws.uniform(2, size))
    deviation = deviation * np.exp(waves(draws.normal(days, size), 0.97, 0.10))
    market = _market_moves(seed, course)
    sector = _sector_moves(seed, days)[:, [company.sector for company in companies]]
    beta = 0.7 + 0.6 * draws.uniform(size)
    trend = waves(draws.normal(days, size), 0.985, 0.00025)
    steady = beta * market[:, None] + sector + trend + deviation * draws.normal(days, size)
    jumps = _jumps(draws, days, jump_rate)
    overall = np.sqrt(deviation**2 + 0.012**2)
    overnight = 0.3 * steady + 0.35 * overall * draws.normal(days, size) + 0.8 * draws.uniform(days, size) * jumps
    return _Moves(
        steady + jumps,
        overnight,
        overall,
        draws.uniform(2, days, size),
        draws.normal(days, size),
        is_drawn=np.ones((days, size), dtype=np.bool_),
        stir=np.zeros((days, size)),
    )


def _eventful(moves: _Moves, found: Episodes, worth: FloatArray, kospi: BoolArray) -> _Moves:
    """Return the moves with the episodes in them; `worth` is what each company was worth without, `kospi` who makes the index."""
    whole = np.where(found.is_planned, 0.0, moves.whole) + found.move
    gained = ((whole - moves.whole) * worth)[:, kospi].sum(axis=1)
    others = ~found.is_planned & kospi
    lost = np.where(others, (gained / np.maximum((worth * others).sum(axis=1), 1.0))[:, None], 0.0)
    return replace(
        moves,
        whole=whole - lost,
        overnight=np.where(found.is_planned, 0.0, moves.overnight) + found.overnight - lost,
        deviation=moves.deviation * found.calm,
        is_drawn=~found.is_planned,
        stir=found.stir,
    )


def _temper(draws: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return deviation and jump rate of a day: the smaller a company, the wilder."""
    size = draws.shape[1]
    smallness = np.arange(size) / (size - 1)
    return (0.011 + 0.016 * smallness) * (0.85 + 0.3 * draws[0]), 0.0015 + 0.0085 * smallness * draws[1]


def _market_moves(seed: int, course: Sequence[Regime]) -> FloatArray:
    draws = Draws(seed, _MARKET_PURPOSE)
    drift = np.array([CLIMATES[regime].drift for regime in course])
    deviation = np.array([CLIMATES[regime].deviation for regime in course])
    restless = np.exp(waves(draws.normal(len(course), 1), 0.98, 0.05))[:, 0]
    return np.asarray(drift + deviation * restless * draws.normal(len(course)))


def _sector_moves(seed: int, days: int) -> FloatArray:
    draws = Draws(seed, _SECTOR_PURPOSE)
    return waves(draws.normal(days, len(SECTORS)), 0.98, 0.0003) + 0.006 * draws.normal(days, len(SECTORS))


def _jumps(draws: Draws, days: int, rate: FloatArray) -> FloatArray:
    """Return news: mostly 5 to 20 %, two thirds upward, a few of them more than the price limit lets through in a day."""
    occurs = draws.uniform(days, rate.size) < rate
    size = 0.05 - 0.06 * np.log(draws.uniform(days, rate.size))
    size = np.where(draws.uniform(days, rate.size) < 0.09, size + 0.27, size)
    sign = np.where(draws.uniform(days, rate.size) < 0.66, 1.0, -0.8)
    return np.where(occurs, sign * size, 0.0)


def _closes(
    moves: _Moves, exchange: _Exchange, companies: Sequence[Company], gone: Int64Array
) -> tuple[Int64Array, Int64Array]:
    close = exchange.rounded(np.exp(_prices(moves, companies, gone)))
    anchor = np.log([company.anchor for company in companies])
    first = exchange.rounded(np.exp(np.broadcast_to(anchor, moves.whole.shape)))[0]
    _hold_back(close, first, exchange)
    return np.vstack([first, close[:-1]]), close


def _prices(moves: _Moves, companies: Sequence[Company], gone: Int64Array) -> FloatArray:
    """Return log prices at the end of each session."""
    anchor = np.log([company.anchor for company in companies])
    floor = np.log(_LOWEST_WON)
    pull = _REVERSION * moves.is_drawn
    prices = np.empty_like(moves.whole)
    price = anchor
    for t, move in enumerate(moves.whole):
        if gone[t].any():  # the market takes a dividend out of the price, the exchange does not take it out of the base
            price = np.log(np.maximum(np.exp(price) - gone[t], _LOWEST_WON))
        away = price - anchor
        price = np.maximum(price + move - pull[t] * away * (1.0 + away**2), floor)
        prices[t] = price
    return prices


def _hold_back(close: Int64Array, first: Int64Array, exchange: _Exchange) -> None:
    """End days that exceed a price limit at it, in place; what is left of the move falls to the next day."""
    lower, upper = exchange.limits(np.vstack([first, close[:-1]]))
    for t, j in np.argwhere((close < lower) | (close > upper)).tolist():
        for day in range(t, len(close)):
            base = int(first[j] if day == 0 else close[day - 1, j])
            limits = exchange.limits_of(day, j, base)
            if limits[0] <= close[day, j] <= limits[1]:
                break
            close[day, j] = min(max(int(close[day, j]), limits[0]), limits[1])


def _extremes(
    open_: Int64Array, close: Int64Array, moves: _Moves, exchange: _Exchange, lower: Int64Array, upper: Int64Array
) -> tuple[Int64Array, Int64Array]:
    """Return high and low of a random path from open to close, the exact distribution of its extremes."""
    way = np.log(close / open_)
    spread = np.sqrt(way**2 - 2.0 * (0.8 * moves.deviation) ** 2 * np.log(moves.extremes))
    high = exchange.rounded(open_ * np.exp((way + spread[0]) / 2))
    low = exchange.rounded(open_ * np.exp((way - spread[1]) / 2))
    high = np.minimum(np.maximum(high, np.maximum(open_, close)), upper)
    low = np.maximum(np.minimum(low, np.minimum(open_, close)), lower)
    is_locked = (open_ == close) & ((close == upper) | (close == lower)) & (high == low)
    is_narrow = (high - low < _NARROWEST_TICKS * exchange.tick(close)) & ~is_locked
    high = np.where(is_narrow, np.minimum(exchange.up(high), upper), high)
    low = np.where(is_narrow, np.maximum(exchange.down(low), lower), low)
    return high, low


def _volumes(moves: _Moves, whole: FloatArray, companies: Sequence[Company]) -> Int64Array:
    """Return shares traded: a usual turnover that falls with size, more on days that move, in waves."""
    anchors = np.array([company.anchor for company in companies])
    caps = np.array([company.anchor * company.shares for company in companies])
    usual = 14e9 * (caps / 680e9) ** 0.6 / anchors
    excitement = 0.3 * np.minimum(np.abs(whole) / moves.deviation, 6.0) - 0.24
    shares = usual * np.exp(waves(moves.volume, 0.85, 0.25) + excitement + moves.stir)
    return np.asarray(np.maximum(shares, 1_000.0), dtype=np.int64)


class _Exchange:
    """Ticks and price limits for a whole (sessions x companies) array: one call for each market and tick reform."""

    def __init__(self, sessions: Sequence[dt.date], companies: Sequence[Company]) -> None:
        self._sessions = sessions
        self._markets = [company.instrument.market for company in companies]
        columns = {
            market: np.array([j for j, own in enumerate(self._markets) if own is market], dtype=np.intp)
            for market in dict.fromkeys(self._markets)
        }
        self._blocks = [
            (rows, columns[market], sessions[rows.start], market)
            for market in columns
            for rows in _same_ticks(sessions, market)
        ]

    def rounded(self, prices: FloatArray) -> Int64Array:
        """Return prices in whole won brought to the nearest tick."""
        return self._each(np.rint(prices).astype(np.int64), TickTable.rnear_array)

    def tick(self, prices: Int64Array) -> Int64Array:
        """Return the tick at each price."""
        return self._each(prices, TickTable.tick_array)

    def up(self, prices: Int64Array) -> Int64Array:
        """Return the prices two ticks above."""
        return self._each(prices, lambda table, values: table.up_array(values, 2))

    def down(self, prices: Int64Array) -> Int64Array:
        """Return the prices two ticks below."""
        return self._each(prices, lambda table, values: table.dn_array(values, 2))

    def limits(self, base: Int64Array) -> tuple[Int64Array, Int64Array]:
        """Return lower and upper limit from each day's base price."""
        lower, upper = np.empty_like(base), np.empty_like(base)
        for rows, columns, day, market in self._blocks:
            found = limit_arrays(base[rows, columns], day, market)
            lower[rows, columns], upper[rows, columns] = found
        return lower, upper

    def limits_of(self, row: int, column: int, base: int) -> tuple[int, int]:
        """Return lower and upper limit of one day."""
        limits = price_limits(base, self._sessions[row], self._markets[column])
        return limits.lower, limits.upper

    def _each(self, prices: Int64Array, function: Callable[[TickTable, Int64Array], Int64Array]) -> Int64Array:
        result = np.empty_like(prices)
        for rows, columns, day, market in self._blocks:
            table = tick_table(day, market, InstrumentKind.STOCK)
            result[rows, columns] = function(table, prices[rows, columns])
        return result


def _same_ticks(sessions: Sequence[dt.date], market: Market) -> Iterator[slice]:
    tables = [tick_table(session, market, InstrumentKind.STOCK) for session in sessions]
    borders = [0, *(t for t in range(1, len(tables)) if tables[t] is not tables[t - 1]), len(tables)]
    for start, stop in pairwise(borders):
        yield slice(start, stop)


Prices = npt.NDArray[np.int64]
