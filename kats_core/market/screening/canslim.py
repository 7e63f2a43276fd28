"""Score the seven letters of CAN SLIM (`spec/market.md` section 3.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.compare import at_least
from kats_core.market.screening.growth import Growth, YearlyGrowth
from kats_core.market.screening.rules import ScreenRules

LETTERS = ("C", "A", "N", "S", "L", "I", "M")


@dataclass(frozen=True)
class CanslimInputs:
    """What the letters read, arrays of one shape; `uptrend` is whether the market's pulse is UPTREND, false when missing."""

    quarters: Growth
    years: YearlyGrowth
    close: FloatArray
    high: FloatArray
    up_volume: FloatArray
    down_volume: FloatArray
    strength: FloatArray
    inst5: FloatArray
    inst20: FloatArray
    uptrend: BoolArray


def letters(values: CanslimInputs, rules: ScreenRules) -> BoolArray:
    """Return C, A, N, S, L, I, M, shape (7, ...); a letter whose input is missing fails."""
    return np.stack(
        [
            values.quarters.eps_at_least(rules.canslim_eps_growth),
            at_least(values.years.rate, rules.canslim_eps_growth),
            at_least(values.close, rules.near_high * values.high),
            (values.down_volume == 0) | at_least(values.up_volume, rules.up_volume * values.down_volume),
            at_least(values.strength, rules.leader_strength),
            (values.inst20 > 0) & (values.inst5 > 0),
            values.uptrend & np.isfinite(values.close),
        ]
    )
