"""Count how many issues rose and fell: the breadth under the index.

Counts come from the feed where it has them, else from the symbols of a panel, if there are enough. What is not known for
each of the ten sessions is missing, never estimated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kats_core.market.arrays import FloatArray
from kats_core.market.panel import Panel
from kats_core.market.tables import IndexSeries

SESSIONS = 10
"""Sessions over which advancing and declining issues are added up."""

LEAST_SYMBOLS = 200
"""A panel of fewer symbols on one of the ten sessions says nothing about the market."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Advancing and declining issues by session; NaN where they are not known."""

    advancing: FloatArray
    declining: FloatArray


def fed(index: IndexSeries, sessions: Sequence[dt.date]) -> Counts:
    """Return the counts that came with the index."""
    return Counts(index.on(sessions, "advancing"), index.on(sessions, "declining"))


def counted(panel: Panel, sessions: Sequence[dt.date]) -> Counts:
    """Return the counts of a panel's symbols, each against its own last close before.

    A session with fewer than `LEAST_SYMBOLS` such symbols has no counts.
    """
    counts = Counts(np.full(len(sessions), np.nan), np.full(len(sessions), np.nan))
    row_of = {session: row for row, session in enumerate(sessions)}
    last = np.zeros(len(panel.symbols), dtype=np.int64)
    for t, session in enumerate(panel.sessions):
        traded = panel.present[t]
        compared = traded & (last > 0)
        row = row_of.get(session)
        if row is not None and np.count_nonzero(compared) >= LEAST_SYMBOLS:
            counts.advancing[row] = np.count_nonzero(compared & (panel.close[t] > last))
            counts.declining[row] = np.count_nonzero(compared & (panel.close[t] < last))
        last = np.where(traded, panel.close[t], last)
    return counts


def ratio(counts: Counts) -> FloatArray:
    """Return advancing over declining issues of the last ten sessions; NaN where one of the ten is missing."""
    rising, falling = (_summed(column) for column in (counts.advancing, counts.declining))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(rising / falling)


def first_known(*ratios: FloatArray) -> FloatArray:
    """Return, by session, the first of several ratios that is known."""
    result = ratios[0]
    for other in ratios[1:]:
        result = np.where(np.isnan(result), other, result)
    return result


def _summed(values: FloatArray) -> FloatArray:
    result = np.full(values.shape, np.nan)
    if values.size >= SESSIONS:
        # Counts are whole numbers, so the sums are exact wherever the history begins.
        result[SESSIONS - 1 :] = np.lib.stride_tricks.sliding_window_view(values, SESSIONS).sum(axis=1)
    return result
