"""Turn scores and flows into confidence stars, 2 to 5; two never trade (`spec/market.md` section 3.7)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray

IntArray = npt.NDArray[np.int8]

NO_TRADE = 2
PLAIN_BASE, PLAIN_MOST = 3, 4
FIXED = 3
"""Stars of the strategies that are judged by their own setup alone: funds, grids."""

FULL_TREND, FULL_FUNDAMENTAL = 8, 5


def is_full(trend: IntArray, fundamental: IntArray, vcp: BoolArray) -> BoolArray:
    """Return where everything holds: all checks, and a volatility contraction pattern."""
    return np.asarray((trend == FULL_TREND) & (fundamental == FULL_FUNDAMENTAL) & vcp)


def bull(trend: IntArray, fundamental: IntArray, vcp: BoolArray, flow: IntArray) -> IntArray:
    """Return the stars of profile BULL by the supply matrix: flow alone never justifies an entry."""
    full = is_full(trend, fundamental, vcp)
    base = np.where((trend >= 5) & (fundamental >= 2), 3, NO_TRADE)
    base = np.where(full | ((trend >= 6) & (fundamental >= 3)), 4, base)
    raised = np.where(full, base + 1, np.minimum(base + 1, 4))
    crossed = np.where(flow > 0, raised, np.where(flow < 0, base - 1, base))
    return np.where(base >= 3, crossed, NO_TRADE).astype(np.int8)


def plain(qualified: BoolArray, flow: IntArray) -> IntArray:
    """Return the stars of profiles BEAR and NEUTRAL, given that the strategy's setup holds."""
    crossed = np.minimum(PLAIN_BASE + np.sign(flow), PLAIN_MOST)
    return np.where(qualified, crossed, NO_TRADE).astype(np.int8)
