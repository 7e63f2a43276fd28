"""Compute the indices of the sample market from its companies, as the exchange does: by market capitalisation.

Close, open, value and the counts of rising and falling companies are exact. High and low are not the sums of the companies'
highs and lows, which nobody saw at one moment: they lie halfway between those and the day's open and close.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kats_core.market.tables import IndexSeries
from kats_core.model.kinds import Market
from kats_core.sources.sample.companies import Company
from kats_core.sources.sample.daily import DailyBars
from kats_core.sources.sample.randomness import FloatArray

BASE_POINTS = {Market.KOSPI: 2_000.0, Market.KOSDAQ: 700.0}
"""What each index stands at before the first session."""

_TOGETHER = 0.5


def indices(bars: DailyBars, companies: Sequence[Company]) -> dict[str, IndexSeries]:
    """Return the index of each board over all sessions."""
    return {market.value: _index(market, bars, companies) for market in BASE_POINTS}


def _index(market: Market, bars: DailyBars, companies: Sequence[Company]) -> IndexSeries:
    members = np.array([j for j, company in enumerate(companies) if company.instrument.market is market])
    shares = np.array([companies[j].shares for j in members], dtype=np.float64)
    scale = BASE_POINTS[market] / float(bars.base[0, members] @ shares)

    def points(prices: np.ndarray) -> FloatArray:
        return np.round(prices[:, members] @ shares * scale, 2)

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
