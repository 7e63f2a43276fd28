"""List a fund in the sample market that moves as its KOSPI does, the other way round (인버스 ETF).

It is reset daily: the day's change of the index with the sign turned, on the value of the evening before. Its makers quote it
close to that value, so a price is the value on the nearest tick. It bears the code of the fund that strategies name.
"""

from __future__ import annotations

import numpy as np

from kats_core.market.arrays import FloatArray, Int64Array
from kats_core.market.limits import price_limits
from kats_core.market.sessions import SessionHours
from kats_core.market.tables import IndexMinutes, IndexSeries
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.sources.sample.daily import DailyBars
from kats_core.sources.sample.minutes import Day, Minutes, Prices, traded_out
from kats_core.sources.sample.randomness import Draws

FUND = Instrument(symbol="114800", name="코스피인버스", market=Market.KOSPI, kind=InstrumentKind.ETF, leverage=-1)

_FIRST_VALUE = 7_500.0
_USUAL_TURNOVER = 90e9
_DAILY_PURPOSE, _MINUTE_PURPOSE = 31, 32


def daily(seed: int, index: IndexSeries) -> DailyBars:
    """Return the fund's daily bars, one column, on the sessions of the index."""
    base, values = _values(index)
    prices = {name: _on_tick(base * _turned(index, name), index) for name in ("open", "high", "low")}
    close = _on_tick(values, index)
    first = _on_tick(base[:1], index)
    before = np.concatenate([first, close[:-1]])
    limits = [
        price_limits(int(price), session, Market.KOSPI, InstrumentKind.ETF, FUND.leverage)
        for price, session in zip(before, index.sessions, strict=True)
    ]
    volume = _volumes(seed, index, close)
    columns = {
        "base": before,
        "lower": np.array([one.lower for one in limits], dtype=np.int64),
        "upper": np.array([one.upper for one in limits], dtype=np.int64),
        **prices,
        "close": close,
        "volume": volume,
        "value": volume * (prices["open"] + prices["high"] + prices["low"] + close) // 4,
    }
    return DailyBars(index.sessions, **{name: column[:, None] for name, column in columns.items()})


def minutes(seed: int, hours: SessionHours, day: Day, index: IndexMinutes, series: IndexSeries, row: int) -> Minutes:
    """Return the fund's minutes of the session that is `row` of the index's days."""
    value, before = float(_values(series)[0][row]), _closed_before(series)[row]
    # The index's last instant is the closing auction, the others are the open and the ends of the minutes.
    course = _rounded(value * (2.0 - index.points / before), tick_table(hours.session, Market.KOSPI, FUND.kind))[
        None, :
    ]
    opens, closes = course[:, :-1].copy(), course[:, 1:].copy()
    opens[:, -1] = closes[:, -1]
    prices = Prices(
        np.ones(opens.shape, dtype=np.bool_), opens, np.maximum(opens, closes), np.minimum(opens, closes), closes
    )
    return traded_out(Draws(seed, _MINUTE_PURPOSE, hours.session.toordinal()), hours, day, prices)


def _closed_before(index: IndexSeries) -> FloatArray:
    return np.concatenate([index.open[:1], index.close[:-1]])


def _turned(index: IndexSeries, name: str) -> FloatArray:
    """Return the fund's open, high or low over its value on the evening before: its high is the low of the index."""
    column = {"open": index.open, "high": index.low, "low": index.high, "close": index.close}[name]
    return np.asarray(2.0 - column / _closed_before(index))


def _values(index: IndexSeries) -> tuple[FloatArray, FloatArray]:
    """Return what a share is worth on the evening before each session and on its own, in won."""
    ends: FloatArray = np.asarray(_FIRST_VALUE * np.cumprod(_turned(index, "close")), dtype=np.float64)
    return np.concatenate([[_FIRST_VALUE], ends[:-1]]), ends


def _on_tick(values: FloatArray, index: IndexSeries) -> Int64Array:
    tables = [tick_table(session, Market.KOSPI, FUND.kind) for session in index.sessions[: len(values)]]
    result = np.empty(len(values), dtype=np.int64)
    for table in dict.fromkeys(tables):
        rows = np.array([one is table for one in tables])
        result[rows] = _rounded(values[rows], table)
    return result


def _rounded(values: FloatArray, ticks: TickTable) -> Int64Array:
    return ticks.rnear_array(np.rint(values).astype(np.int64))


def _volumes(seed: int, index: IndexSeries, close: Int64Array) -> Int64Array:
    """Return shares traded: many, and more on days on which the index moves."""
    draws = Draws(seed, _DAILY_PURPOSE)
    moved = np.minimum(np.abs(_turned(index, "close") - 1.0) / 0.01, 4.0)
    turnover = _USUAL_TURNOVER * np.exp(0.3 * draws.normal(len(close)) + 0.35 * moved - 0.3)
    return np.asarray(turnover / close, dtype=np.int64)
