"""Find swing points: highs and lows that their neighbours, or a reversal, confirm."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from kats_core.market.arrays import BoolArray
from kats_core.market.patterns.found import TOLERANCE
from kats_core.market.rolling import Numbers

Swing: TypeAlias = tuple[int, int]
"""(index, price)."""


def swing_highs(high: Numbers, k: int = 2) -> BoolArray:
    """Mark rows above the `k` rows before and not below the `k` rows after; known only `k` rows later."""
    return swing_lows(-high, k)


def swing_lows(low: Numbers, k: int = 2) -> BoolArray:
    """Mark rows below the `k` rows before and not above the `k` rows after; known only `k` rows later."""
    result = np.zeros(low.shape, dtype=np.bool_)
    middle = low[k : len(low) - k]
    if not len(middle):
        return result
    is_swing = np.ones(middle.shape, dtype=np.bool_)
    for lag in range(1, k + 1):
        is_swing &= middle < low[k - lag : len(low) - k - lag]
        is_swing &= middle <= low[k + lag : len(low) - k + lag]
    result[k : len(low) - k] = is_swing
    return result


def zigzag(high: Numbers, low: Numbers, start: int, reversal: float) -> tuple[list[Swing], list[Swing]]:
    """Return the alternating highs and lows of one series from the high at `start` on, to its end.

    A turn counts when the price has reversed by `reversal`. A decline that still runs counts, a rise does not; so there
    are as many lows as highs.
    """
    highs: list[Swing] = [(start, int(high[start]))]
    lows: list[Swing] = []
    seeks_low, candidate = True, None
    for i in range(start + 1, len(high)):
        h, l = int(high[i]), int(low[i])  # noqa: E741  # the usual letter
        if candidate is None:
            candidate = (i, l)
        elif seeks_low:
            if l < candidate[1]:
                candidate = (i, l)
            elif h >= candidate[1] * (1 + reversal) - TOLERANCE:
                lows.append(candidate)
                seeks_low, candidate = False, (i, h)
        elif h > candidate[1]:
            candidate = (i, h)
        elif l <= candidate[1] * (1 - reversal) + TOLERANCE:
            highs.append(candidate)
            seeks_low, candidate = True, (i, l)
    if seeks_low and candidate is not None:
        lows.append(candidate)
    pairs = min(len(highs), len(lows))
    return highs[:pairs], lows[:pairs]
