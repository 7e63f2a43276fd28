"""Break a day of the sample's companies into minutes that add up to their daily bars, won by won and share by share.

The path of each company starts at the open, touches low and high in minutes of their own, ends at the close, and is wild
in between. The closing auction is one bar at the close; the ten minutes before it have none. Where the price runs into a
volatility interruption (`interruptions.py`), two minutes have none either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray, Int64Array
from kats_core.market.minutes import MinuteBars
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model import time
from kats_core.model.kinds import InstrumentKind
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.daily import DailyBars
from kats_core.sources.sample.interruptions import Interruption, Path, interrupt
from kats_core.sources.sample.randomness import Draws, waves

_PURPOSE = 5

# Expected share of the day's volume by session minute, of a day of 390 minutes (`spec/README.md` section 6).
_CURVE_MINUTES = (0, 5, 10, 15, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, 380, 390)
_CURVE = (0.03, 0.08, 0.12, 0.155, 0.23, 0.34, 0.42, 0.48, 0.53, 0.57, 0.605, 0.64, 0.68, 0.725, 0.78, 0.85, 0.92, 1)
_FULL_DAY = 390

_WON_PER_TRADE = 5_000_000
_HASTY_MINUTES = (25.0, 70.0)
"""In a day that is decided in its morning, by when the first of low and high is reached, and when the other one at the soonest."""
_RUSH_MINUTES = 15.0
"""How long the rush behind a gap lasts, until a third of it is left."""


@dataclass(frozen=True)
class Day:
    """One session's daily bars by company, in won and shares."""

    base: Int64Array
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    value: Int64Array
    lower: Int64Array
    upper: Int64Array

    @classmethod
    def of(cls, bars: DailyBars, row: int, columns: slice = slice(None)) -> Day:
        """Return one session of some columns."""
        names = (field.name for field in fields(cls))
        return cls(**{name: getattr(bars, name)[row, columns] for name in names})


class Minutes(NamedTuple):
    """Bars by symbol and minute of continuous trading, the closing auction last; `exists` marks those with a trade."""

    exists: BoolArray
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array
    volume: Int64Array
    value: Int64Array


def generate(
    seed: int, hours: SessionHours, companies: Sequence[Company], day: Day, is_hasty: BoolArray
) -> tuple[Minutes, tuple[Interruption, ...]]:
    """Return a session's minutes and its interruptions; they depend on the seed, the date and the day alone.

    `is_hasty` marks companies whose day is decided in the morning.
    """
    draws = Draws(seed, _PURPOSE, hours.session.toordinal())
    grid = _Grid(hours.session, companies)
    minutes = continuous_minutes(hours)
    touch_high, touch_low = _touches(draws, day, is_hasty, minutes)
    path = _path(draws, day, grid, touch_high, touch_low, minutes)
    curve = _curve(hours, minutes)
    traded = _traded(draws, day, curve, touch_high, touch_low)
    bars = _bars(draws, day, grid, path, traded)
    interruptions = _interrupted(hours.session, companies, bars, grid)
    return traded_out(draws, hours, day, bars), interruptions


def continuous_minutes(hours: SessionHours) -> int:
    """Return how many minutes of continuous trading a session has."""
    return int((hours.close_auction - hours.open) // time.MINUTE)


def traded_out(draws: Draws, hours: SessionHours, day: Day, bars: Prices) -> Minutes:
    """Return bars with the shares and the won that were traded in them, in sum the day's."""
    volume = _volumes(draws, day, bars, _curve(hours, continuous_minutes(hours)))
    exists = bars.exists & (volume > 0)
    return Minutes(exists, bars.open, bars.high, bars.low, bars.close, volume, _values(day, bars, volume))


def assembled(hours: SessionHours, symbols: Sequence[str], groups: Sequence[Minutes]) -> MinuteBars:
    """Return the bars of several groups of symbols, which follow one another as the symbols do."""
    exists, *columns = (np.vstack(column) for column in zip(*groups, strict=True))
    minutes = exists.shape[1] - 1
    starts = np.append(hours.open + np.arange(minutes, dtype=np.int64) * time.MINUTE, hours.close)
    moment, symbol = np.nonzero(exists.T)
    opens, highs, lows, closes, volume, value = (column[symbol, moment] for column in columns)
    return MinuteBars(
        session=hours.session,
        symbols=tuple(symbols),
        symbol=symbol.astype(np.int32),
        start=starts[moment],
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volume,
        value=value,
        is_auction=moment == minutes,
    )


class _Grid:
    """The tick tables of the session, for one row of prices a company."""

    def __init__(self, session: dt.date, companies: Sequence[Company]) -> None:
        markets = [company.instrument.market for company in companies]
        self._tables = [
            (tick_table(session, market, InstrumentKind.STOCK), np.array([own is market for own in markets]))
            for market in dict.fromkeys(markets)
        ]

    def table(self, row: int) -> TickTable:
        """Return a company's tick table."""
        return next(table for table, rows in self._tables if rows[row])

    def near(self, prices: FloatArray | Int64Array) -> Int64Array:
        """Return the nearest prices on tick."""
        return self._each(np.rint(prices).astype(np.int64), TickTable.rnear_array)

    def tick(self, prices: Int64Array) -> Int64Array:
        """Return the tick at each price."""
        return self._each(prices, TickTable.tick_array)

    def _each(self, prices: Int64Array, function: Callable[[TickTable, Int64Array], Int64Array]) -> Int64Array:
        result = np.empty_like(prices)
        for table, rows in self._tables:
            result[rows] = function(table, prices[rows])
        return result


@dataclass(frozen=True)
class Prices:
    """Prices by symbol and minute, the closing auction last; `exists` marks those that are bars."""

    exists: BoolArray
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array


def _touches(
    draws: Draws, day: Day, is_hasty: BoolArray, minutes: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the minutes in which each company reaches its high and its low; a rising day mostly starts with the low."""
    size = day.open.size
    early, late = np.sort(draws.uniform(2, size), axis=0)
    early = np.where(is_hasty, early * _HASTY_MINUTES[0], early * (minutes - 3)).astype(np.intp) + 1
    late = np.where(is_hasty, _HASTY_MINUTES[1] * (1.0 + late), late * (minutes - 3)).astype(np.intp) + 1
    late = np.where(late == early, early + 1, late)
    rises = (day.close >= day.open) ^ (draws.uniform(size) < 0.2)
    high, low = np.where(rises, late, early), np.where(rises, early, late)
    high = np.where(day.open == day.high, 0, high)
    low = np.where((day.open == day.low) & (high != 0), 0, low)
    return high, low


def _path(
    draws: Draws,
    day: Day,
    grid: _Grid,
    touch_high: npt.NDArray[np.intp],
    touch_low: npt.NDArray[np.intp],
    minutes: int,
) -> Int64Array:
    """Return the price at the end of each minute of continuous trading."""
    size = day.open.size
    reach = (day.high - day.low).astype(np.float64)
    steps = draws.normal(size, minutes + 1) * (0.6 * reach / np.sqrt(minutes))[:, None]
    walk = np.cumsum(steps, axis=1)
    last = np.clip(day.close + 0.05 * reach * draws.normal(size), day.low, day.high)
    is_held = ((day.close == day.high) & (day.high == day.upper)) | ((day.close == day.low) & (day.low == day.lower))
    moments = np.arange(minutes + 1)
    path = np.empty((size, minutes + 1))
    for j in range(size):
        fixed = {0: day.open[j], int(touch_high[j]) + 1: day.high[j], int(touch_low[j]) + 1: day.low[j]}
        fixed[minutes] = day.close[j] if is_held[j] else last[j]
        knots = sorted(fixed)
        line = np.interp(moments, knots, [fixed[knot] for knot in knots])
        path[j] = line + walk[j] - np.interp(moments, knots, walk[j, knots])
        if is_held[j]:  # at the limit it stays there
            path[j, knots[-2] :] = fixed[knots[-2]] if fixed[knots[-2]] == day.close[j] else line[knots[-2] :]
    path = _folded(path, day.low[:, None], reach[:, None])
    ends = np.clip(grid.near(path[:, 1:]), day.low[:, None], day.high[:, None])
    rows = np.arange(size)
    ends[rows, touch_low] = day.low
    ends[rows, touch_high] = day.high
    return ends


def _folded(path: FloatArray, low: Int64Array, reach: FloatArray) -> FloatArray:
    """Reflect the path at the day's low and high until it lies between them."""
    twice = np.maximum(2.0 * reach, 1.0)
    above = np.mod(path - low, twice)
    return np.asarray(low + np.minimum(np.where(above > reach, 2.0 * reach - above, above), reach))


def _curve(hours: SessionHours, minutes: int) -> FloatArray:
    """Return the expected share of volume of each continuous minute and of the closing auction."""
    moments = np.append(np.arange(minutes + 1), hours.minutes) * _FULL_DAY / hours.minutes
    shares = np.interp(moments, _CURVE_MINUTES, _CURVE)
    shares[0] = 0.0  # what the opening auction trades belongs to the first minute
    return np.diff(shares)


def _traded(
    draws: Draws, day: Day, curve: FloatArray, touch_high: npt.NDArray[np.intp], touch_low: npt.NDArray[np.intp]
) -> BoolArray:
    """Return the minutes with a trade; the first, the auction, and those at high and low always have one."""
    expected = day.value[:, None] * curve / _WON_PER_TRADE
    traded = np.asarray(draws.uniform(*expected.shape) < 1.0 - np.exp(-expected))
    rows = np.arange(day.open.size)
    traded[:, [0, -1]] = True
    traded[rows, touch_high] = True
    traded[rows, touch_low] = True
    return traded


def _bars(draws: Draws, day: Day, grid: _Grid, path: Int64Array, traded: BoolArray) -> Prices:
    size, minutes = path.shape
    column = np.where(traded[:, :-1], np.arange(minutes), 0)
    before = np.maximum.accumulate(column, axis=1)[:, :-1]
    previous = np.take_along_axis(path, before, axis=1)
    tick = grid.tick(previous)
    hop = np.where(draws.uniform(size, minutes - 1) < 0.3, np.where(draws.uniform(size, minutes - 1) < 0.5, -1, 1), 0)
    low, high = day.low[:, None], day.high[:, None]
    opens = np.hstack([day.open[:, None], np.clip(grid.near(previous + hop * tick), low, high)])
    beyond = (draws.uniform(2, size, minutes) * 2.4).astype(np.int64)
    highest, lowest = np.maximum(opens, path), np.minimum(opens, path)
    highs = np.minimum(grid.near(highest + beyond[0] * grid.tick(highest)), high)
    lows = np.maximum(grid.near(lowest - beyond[1] * grid.tick(lowest)), low)
    auction = day.close[:, None]
    return Prices(
        traded,
        np.hstack([opens, auction]),
        np.hstack([highs, auction]),
        np.hstack([lows, auction]),
        np.hstack([path, auction]),
    )


def _interrupted(session: dt.date, companies: Sequence[Company], bars: Prices, grid: _Grid) -> tuple[Interruption, ...]:
    """Let prices run into interruptions, in place, and return them."""
    found: list[Interruption] = []
    for row, company in enumerate(companies):
        # The closing auction, the last column, is not part of continuous trading.
        prices = (column[row, :-1] for column in (bars.open, bars.high, bars.low, bars.close))
        path = Path(bars.exists[row, :-1], *prices)
        found += interrupt(company.instrument.symbol, session, path, grid.table(row))
    return tuple(found)


def _volumes(draws: Draws, day: Day, bars: Prices, curve: FloatArray) -> Int64Array:
    """Return shares by bar: the curve in waves, livelier where the price moves and behind a gap, with the day's average price."""
    stir = (bars.high - bars.low) / np.maximum(day.high - day.low, 1)[:, None]
    weight = curve * np.exp(0.5 * draws.normal(*bars.open.shape)) * (1.0 + 4.0 * stir)
    weight *= np.exp(waves(draws.normal(*bars.open.shape).T, 0.8, 0.55).T)
    weight *= 1.0 + _rush(day)[:, None] * np.exp(-np.arange(weight.shape[1]) / _RUSH_MINUTES)
    weight = np.where(bars.exists, weight, 0.0)
    weight /= weight.sum(axis=1, keepdims=True)
    weight = np.where(bars.exists, np.maximum(weight, 8.0 / day.volume[:, None]), 0.0)
    away = (bars.low + bars.high) / 2 - (day.value / day.volume)[:, None]
    above = (weight * np.maximum(away, 0.0)).sum(axis=1, keepdims=True)
    below = (weight * np.maximum(-away, 0.0)).sum(axis=1, keepdims=True)
    tilt = np.sqrt(np.where((above > 0) & (below > 0), below / np.maximum(above, 1e-9), 1.0))
    weight = weight * np.where(away > 0, tilt, np.where(away < 0, 1.0 / tilt, 1.0))
    shares = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True) * day.volume[:, None]
    until = np.rint(shares).astype(np.int64)
    until[:, -1] = day.volume
    return np.asarray(np.diff(until, axis=1, prepend=0), dtype=np.int64)


def _rush(day: Day) -> FloatArray:
    """Return how many times the usual shares an open that is a gap brings on top of them in the first minute."""
    gap = np.abs(day.open / day.base - 1.0)
    return np.asarray(np.clip((gap - 0.01) / 0.01, 0.0, 3.0))


def _values(day: Day, bars: Prices, volume: Int64Array) -> Int64Array:
    """Return won traded by bar, each within what its prices allow, in sum the day's."""
    least, most = bars.low * volume, bars.high * volume
    value = (least + most) // 2
    short = (day.value - value.sum(axis=1))[:, None]
    room = np.where(short > 0, most - value, value - least)
    filled = np.minimum(np.cumsum(room, axis=1), np.abs(short))
    return np.asarray(value + np.sign(short) * np.diff(filled, axis=1, prepend=0), dtype=np.int64)
