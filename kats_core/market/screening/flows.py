"""Class the net buying of foreigners and institutions: they buy, they sell, neither."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.screening.compare import at_least, at_most
from kats_core.market.screening.rules import ScreenRules
from kats_core.model.labels import Labelled

SHORT_FLOW, LONG_FLOW = 5, 20
"""Sessions over which net buying is added up."""


class Flow(Labelled):
    """What foreigners and institutions did together over five sessions."""

    BUY = "BUY", "동반 매수", "both bought"
    NEUTRAL = "NEUTRAL", "중립", "neutral"
    SELL = "SELL", "매도", "sold"


@dataclass(frozen=True)
class FlowSums:
    """Net buying up to each session, arrays of one shape; NaN where a session's final figure is not known.

    `traded` is what was traded over the five sessions, in won where flows are in won, else in shares; `foreign_sold` is the
    number of the five sessions on which foreigners sold more than they bought.
    """

    inst5: FloatArray
    foreign5: FloatArray
    inst20: FloatArray
    foreign_sold: FloatArray
    traded: FloatArray

    @property
    def is_missing(self) -> BoolArray:
        """Where the class is not known (flag `flow_missing`)."""
        return ~np.isfinite(self.inst5 + self.foreign5 + self.traded)

    @property
    def frac(self) -> FloatArray:
        """Both together as a fraction of what was traded."""
        traded = np.where(self.traded > 0, self.traded, np.nan)
        return np.asarray((self.inst5 + self.foreign5) / traded)


def signs(flows: FlowSums, rules: ScreenRules) -> npt.NDArray[np.int8]:
    """Return 1 for BUY, -1 for SELL, else 0, missing included."""
    bought = (flows.inst5 > 0) & (flows.foreign5 > 0) & at_least(flows.frac, rules.flow_frac)
    sold = (flows.inst5 < 0) & (flows.foreign5 < 0) & at_most(flows.frac, -rules.flow_frac)
    sold |= flows.foreign_sold >= SHORT_FLOW
    return np.where(flows.is_missing, 0, np.where(sold, -1, np.where(bought, 1, 0))).astype(np.int8)


def flow_of(sign: int) -> Flow:
    """Return the class of a sign."""
    return (Flow.SELL, Flow.NEUTRAL, Flow.BUY)[sign + 1]
