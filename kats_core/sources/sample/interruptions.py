"""Let a company's minutes run into volatility interruptions (VI), as the exchange would.

The order that would trade at the trigger does not trade: for two minutes there is a call auction, and its print, at or beyond
the trigger, is the reference of the next interruption. What would have happened meanwhile happens after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.breakers import static_vi_bounds
from kats_core.market.ticks import TickTable

MINUTES = 2
"""The whole minutes of an interruption."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A VI that begins at the end of session minute `minute`; minute `minute + 3` begins with its print."""

    symbol: str
    minute: int
    print: int


@dataclass(frozen=True, slots=True)
class Path:
    """One company's minutes of continuous trading, in won; `exists` marks those with a trade."""

    exists: BoolArray
    open: Int64Array
    high: Int64Array
    low: Int64Array
    close: Int64Array


def interrupt(symbol: str, session: dt.date, path: Path, ticks: TickTable) -> Iterator[Interruption]:
    """Yield the interruptions of a path, oldest first, and change it in place to what trades around them.

    Open, extremes and close of the whole stay as they are. One for which the session is too short is left out.
    """
    start, reference = 0, int(path.open[0])
    while True:
        lower, upper = static_vi_bounds(session, reference, ticks)
        reached = path.exists[start:] & ((path.high[start:] >= upper) | (path.low[start:] <= lower))
        if not reached.any():
            return
        minute = start + int(np.argmax(reached))
        resumes = minute + MINUTES + 1
        if resumes >= path.exists.size - 1:
            return
        high, low, close = int(path.high[minute]), int(path.low[minute]), int(path.close[minute])
        is_upward = high >= upper
        price = max(upper, close) if is_upward else min(lower, close)
        for column in (path.open, path.high, path.low, path.close):
            nearest = (
                min(int(column[minute]), ticks.dn(upper)) if is_upward else max(int(column[minute]), ticks.up(lower))
            )
            column[minute] = nearest
        _move_on(path, minute)
        _begin(path, resumes, price)
        if is_upward:
            path.high[resumes] = max(int(path.high[resumes]), high)
        else:
            path.low[resumes] = min(int(path.low[resumes]), low)
        yield Interruption(symbol, minute, price)
        start, reference = resumes, price


def _move_on(path: Path, minute: int) -> None:
    """Let everything behind a minute happen later by an interruption; the last minutes become one."""
    size, behind, resumes = path.exists.size, minute + 1, minute + MINUTES + 1
    tail = slice(size - MINUTES - 1, size)
    exists = path.exists[tail].copy()
    opens, highs, lows, closes = (column[tail][exists] for column in (path.open, path.high, path.low, path.close))
    for column in (path.exists, path.open, path.high, path.low, path.close):
        column[resumes:] = column[behind : size - MINUTES].copy()
    path.exists[behind:resumes] = False
    path.exists[-1] = exists.any()
    if exists.any():
        path.open[-1], path.close[-1] = opens[0], closes[-1]
        path.high[-1], path.low[-1] = highs.max(), lows.min()


def _begin(path: Path, minute: int, price: int) -> None:
    """Let a minute begin with a print."""
    if not path.exists[minute]:
        path.exists[minute] = True
        path.open[minute] = path.high[minute] = path.low[minute] = path.close[minute] = price
        return
    path.open[minute] = price
    path.high[minute] = max(int(path.high[minute]), price)
    path.low[minute] = min(int(path.low[minute]), price)
