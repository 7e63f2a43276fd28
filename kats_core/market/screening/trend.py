"""Judge a price trend: the eight checks of the trend template, and relative strength among all symbols of a session."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.compare import above, at_least
from kats_core.market.screening.rules import ScreenRules

STRENGTH_SPANS = {63: 0.4, 126: 0.2, 189: 0.2, 252: 0.2}
"""Own bars back, and the weight of the return since then."""

FEWEST_RANKED = 50
"""A percentile among fewer symbols says nothing: missing."""

SLOPE_BARS = 21
SHORT_SPAN, MIDDLE_SPAN, LONG_SPAN = 50, 150, 200


@dataclass(frozen=True)
class TrendInputs:
    """What the template reads, arrays of one shape; NaN where too few bars exist."""

    close: FloatArray
    sma50: FloatArray
    sma150: FloatArray
    sma200: FloatArray
    sma200_before: FloatArray
    low: FloatArray
    high: FloatArray
    strength: FloatArray


def template(values: TrendInputs, rules: ScreenRules) -> BoolArray:
    """Return the eight checks, shape (8, ...); a check whose input is missing fails."""
    close = values.close
    return np.stack(
        [
            above(close, values.sma50),
            above(close, values.sma150),
            above(close, values.sma200),
            above(values.sma50, values.sma150) & above(values.sma150, values.sma200),
            above(values.sma200, values.sma200_before),
            at_least(close, 1.30 * values.low),
            at_least(close, 0.75 * values.high),
            at_least(values.strength, rules.template_strength),
        ]
    )


def raw_strength(close: FloatArray, earlier: dict[int, FloatArray]) -> FloatArray:
    """Return the weighted return over a year; `earlier` holds the close so many own bars before, NaN where there is none."""
    total = np.zeros(np.shape(close))
    for span, weight in STRENGTH_SPANS.items():
        total = total + weight * (close / earlier[span] - 1)
    return total


def percentile(raw: FloatArray, fewest: int = FEWEST_RANKED) -> FloatArray:
    """Return the percentile 0 to 100 of each value in its row, equal ones in the middle; NaN values take no part."""
    result = np.full(raw.shape, np.nan)
    for row, values in enumerate(raw):
        known = np.flatnonzero(np.isfinite(values))
        if known.size < max(fewest, 2):
            continue
        own, ordered = values[known], np.sort(values[known])
        smaller = np.searchsorted(ordered, own, side="left")
        equal = np.searchsorted(ordered, own, side="right") - smaller
        result[row, known] = 100 * (smaller + 0.5 * (equal - 1)) / (known.size - 1)
    return result
