"""Compute the indices of the sample market from its companies, as the exchange does: by market capitalisation.

Close, open, value and the counts of rising and falling companies are exact. High and low are not the sums of the companies'
highs and lows, which nobody saw at one moment: they lie halfway between those and the day's open and close. Within a session
an index goes as its companies do, stretched or pressed so that it reaches just these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kats_core.market.arrays import FloatArray
from kats_core.market.sessions import SessionHours
from kats_core.market.tables import IndexMinutes, IndexSeries
from kats_core.model import time
from kats_core.model.kinds import Market
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.daily import DailyBars
from kats_core.sources.sample.minutes import Minutes

BASE_POINTS = {Market.KOSPI: 2_000.0, Market.KOSDAQ: 700.0}
"""What each index stands at before the first session."""

_TOGETHER = 0.5


def indices(bars: DailyBars, companies: Sequence[Company]) -> dict[str, IndexSeries]:
    """Return the index of each board over all sessions."""
    return {market.value: _index(market, bars, companies) for market in BASE_POINTS}


def within(
    hours: SessionHours,
    daily: Mapping[str, IndexSeries],
    minutes: Minutes,
    row: int,
    bars: DailyBars,
    companies: Sequence[Company],
) -> dict[str, IndexMinutes]:
    """Return each index by the minute of the session that is `row` of its days."""
    count = minutes.close.shape[1] - 1
    ends = hours.open + np.arange(count + 1, dtype=np.int64) * time.MINUTE
    # A company whose trading is interrupted counts at its last price.
    last = np.maximum.accumulate(np.where(minutes.exists[:, :-1], np.arange(count), 0), axis=1)
    closes = np.take_along_axis(minutes.close[:, :-1], last, axis=1)
    found = {}
    for market in BASE_POINTS:
        basket, series = _Basket(market, bars, companies), daily[market.value]
        course = basket.points(np.vstack([bars.open[row], closes.T, bars.close[row]]))
        points = _through(course, *(float(column[row]) for column in (series.low, series.high)))
        found[market.value] = IndexMinutes(market.value, hours.session, np.append(ends, hours.close), points)
    return found


def _through(course: FloatArray, low: float, high: float) -> FloatArray:
    """Return a course with the same begin and end whose extremes are just these."""
    top, bottom = max(course[0], course[-1]), min(course[0], course[-1])
    result = _reaching(course, top, high)
    return np.round(_reaching(result, bottom, low), 2)


def _reaching(course: FloatArray, border: float, extreme: float) -> FloatArray:
    """Stretch what lies beyond a border until it reaches an extreme."""
    is_upward = extreme >= border
    beyond = np.maximum(course - border, 0.0) if is_upward else np.minimum(course - border, 0.0)
    place = int(np.argmax(np.abs(beyond)))
    if beyond[place] == 0.0:  # nothing led there: it was a moment in the middle of the day
        result = course.copy()
        result[len(course) // (3 if is_upward else 2)] = extreme
        return result
    return np.where(beyond == 0.0, course, border + beyond * ((extreme - border) / beyond[place]))


class _Basket:
    """The companies of an index, by their shares."""

    def __init__(self, market: Market, bars: DailyBars, companies: Sequence[Company]) -> None:
        self.members = np.array([j for j, company in enumerate(companies) if company.instrument.market is market])
        self._shares = np.array([companies[j].shares for j in self.members], dtype=np.float64)
        self._scale = BASE_POINTS[market] / float(bars.base[0, self.members] @ self._shares)

    def points(self, prices: np.ndarray) -> FloatArray:
        """Return the index at prices, (moments x companies)."""
        return np.round(prices[:, self.members] @ self._shares * self._scale, 2)


def _index(market: Market, bars: DailyBars, companies: Sequence[Company]) -> IndexSeries:
    basket = _Basket(market, bars, companies)
    members, points = basket.members, basket.points
    opened, closed = points(bars.open), points(bars.close)
    top, bottom = np.maximum(opened, closed), np.minimum(opened, closed)
    changes = np.sign(bars.close[:, members] - bars.base[:, members])
    return IndexSeries(
        name=market.value,
        sessions=bars.sessions,
        open=opened,
        high=np.round(top + _TOGETHER * (points(bars.high) - top), 2),
        low=np.round(bottom - _TOGETHER * (bottom - points(bars.low)), 2),
        close=closed,
        value=bars.value[:, members].sum(axis=1).astype(np.float64),
        source="sample",
        advancing=(changes > 0).sum(axis=1).astype(np.float64),
        declining=(changes < 0).sum(axis=1).astype(np.float64),
    )
