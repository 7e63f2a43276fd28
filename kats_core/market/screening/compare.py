"""Compare computed numbers with the slack that the specification fixes; NaN, which is missing, passes nothing."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray

Numbers: TypeAlias = npt.NDArray[np.float64] | npt.NDArray[np.int64] | float

TOLERANCE = 1e-9


def at_least(value: Numbers, floor: Numbers) -> BoolArray:
    """Return where value >= floor."""
    return np.asarray(np.asarray(value) >= np.asarray(floor) - TOLERANCE)


def at_most(value: Numbers, cap: Numbers) -> BoolArray:
    """Return where value <= cap."""
    return np.asarray(np.asarray(value) <= np.asarray(cap) + TOLERANCE)


def above(value: Numbers, level: Numbers) -> BoolArray:
    """Return where value > level."""
    return np.asarray(np.asarray(value) > np.asarray(level) + TOLERANCE)
