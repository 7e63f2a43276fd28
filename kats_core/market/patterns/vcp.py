"""Find the volatility contraction pattern (변동성 수축 패턴): swings that shrink while volume dries up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.patterns.found import TOLERANCE, Column, Found, Rejections, Window, look
from kats_core.market.rolling import Numbers

_AVERAGE_VOLUME, _RECENT_VOLUME = 50, 5

_CODES = tuple(code for code in PatternCode if code.name.startswith("VCP_"))


class VcpParams(BaseModel):
    """What counts as a contraction (`vcp.*`). Lengths are bars, the others fractions of a price or volume."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_min: int = Field(default=15, ge=10, le=30, description="bars since the base's high; three weeks")
    base_max: int = Field(default=65, ge=30, le=325, description="bars in which the base's high is sought; a quarter")
    theta: float = Field(default=0.03, ge=0.01, le=0.08, description="reversal of a swing; smaller ones are noise")
    min_contractions: int = Field(default=3, ge=2, le=6, description="contractions; Minervini's range is 2 to 6")
    max_depth: float = Field(
        default=0.35, ge=0.2, le=0.5, description="depth of the first; deeper bases fail more often"
    )
    ratio: float = Field(default=0.80, ge=0.5, le=0.95, description="most of one contraction to the one before")
    final_max: float = Field(default=0.10, ge=0.03, le=0.15, description="depth of the last; keeps the stop near")
    undercut: float = Field(default=0.01, ge=0, le=0.03, description="how far a low may undercut the one before")
    dry_ratio: float = Field(default=0.70, ge=0.4, le=1.0, description="most of 5-day to 50-day volume; supply is gone")
    pivot_min: float = Field(default=0.85, ge=0.7, le=1.0, description="least of pivot to base high; no supply above")
    arm_below: float = Field(default=0.08, ge=0.02, le=0.15, description="how far the close may lie below the pivot")


@dataclass(slots=True)
class _Contractions:
    """Highs and lows of each cell's contractions: the first, and the last three, latest last."""

    count: Column
    first_depth: FloatArray
    high: Column
    low: Column

    @property
    def depth(self) -> FloatArray:
        """Depths of the last three, 0 where there are fewer."""
        result = np.zeros(self.high.shape)
        np.divide(self.high - self.low, self.high, out=result, where=self.high > 0)
        return result


def vcp(panel: Panel, params: VcpParams | None = None, where: BoolArray | None = None) -> Found:
    """Find VCPs. Numbers: `pivot`, `last_low`, `contractions`, and the depths `depth`, `depth_before`, `depth_first`."""
    chosen = params or VcpParams()
    span = max(chosen.base_max, _AVERAGE_VOLUME)
    return look(panel, where, span, span, _CODES, partial(_judge, chosen))


def _judge(params: VcpParams, window: Window, cells: Rejections) -> Mapping[str, Numbers]:
    high, low = window.high[-params.base_max :], window.low[-params.base_max :]
    begins = np.argmax(high, axis=0)
    base_high = high.max(axis=0)
    cells.reject(params.base_max - 1 - begins < params.base_min, PatternCode.VCP_BASE_TOO_SHORT)

    found = _contractions(high, low, begins, params.theta)
    depth = found.depth
    cells.reject(found.count < params.min_contractions, PatternCode.VCP_TOO_FEW_CONTRACTIONS)
    cells.reject(found.first_depth > params.max_depth + TOLERANCE, PatternCode.VCP_BASE_TOO_DEEP)
    for k in (1, 2):
        has_both = found.count >= 4 - k
        larger = depth[k] > params.ratio * depth[k - 1] + TOLERANCE
        lower = found.low[k] < found.low[k - 1] * (1 - params.undercut) - TOLERANCE
        cells.reject(has_both & larger, PatternCode.VCP_NOT_CONTRACTING)
        cells.reject(has_both & lower, PatternCode.VCP_LOWER_LOW)
    cells.reject(depth[2] > params.final_max + TOLERANCE, PatternCode.VCP_LAST_TOO_DEEP)

    recent = window.volume[-_RECENT_VOLUME:].sum(axis=0) / _RECENT_VOLUME
    average = window.volume[-_AVERAGE_VOLUME:].sum(axis=0) / _AVERAGE_VOLUME
    cells.reject(recent > params.dry_ratio * average + TOLERANCE, PatternCode.VCP_NO_DRY_UP)

    pivot, close = found.high[2], window.close[-1]
    cells.reject(pivot < params.pivot_min * base_high - TOLERANCE, PatternCode.VCP_PIVOT_TOO_LOW)
    cells.reject(close > pivot, PatternCode.VCP_ALREADY_ABOVE)
    cells.reject(close < pivot * (1 - params.arm_below) - TOLERANCE, PatternCode.VCP_TOO_FAR_BELOW)
    return {
        "pivot": pivot,
        "last_low": found.low[2],
        "contractions": found.count,
        "depth": depth[2],
        "depth_before": depth[1],
        "depth_first": found.first_depth,
    }


def _contractions(high: Column, low: Column, begins: Column, reversal: float) -> _Contractions:
    """Run `swings.zigzag` over all cells at once, keeping only the contractions that are judged."""
    cells = high.shape[1]
    count, first_depth = np.zeros(cells, dtype=np.int64), np.zeros(cells)
    highs, lows = np.zeros((3, cells), dtype=np.int64), np.zeros((3, cells), dtype=np.int64)
    top = high[begins, np.arange(cells)]
    candidate, seeks_low = np.zeros(cells, dtype=np.int64), np.ones(cells, dtype=np.bool_)

    def complete(ended: BoolArray) -> None:
        for register, latest in ((highs, top), (lows, candidate)):
            register[:2, ended] = register[1:, ended]
            register[2, ended] = latest[ended]
        is_first = ended & (count == 0)
        first_depth[is_first] = (top[is_first] - candidate[is_first]) / top[is_first]
        count[ended] += 1

    for i in range(1, len(high)):
        h, l = high[i], low[i]  # noqa: E741  # the usual letter
        runs = i > begins
        falls = runs & seeks_low & ((candidate == 0) | (l < candidate))
        turns_up = runs & seeks_low & ~falls & (h >= candidate * (1 + reversal) - TOLERANCE)
        rises = runs & ~seeks_low & (h > candidate)
        turns_down = runs & ~seeks_low & ~rises & (l <= candidate * (1 - reversal) + TOLERANCE)
        if turns_up.any():
            complete(turns_up)
        np.copyto(top, candidate, where=turns_down)
        np.copyto(candidate, l, where=falls | turns_down)
        np.copyto(candidate, h, where=rises | turns_up)
        seeks_low ^= turns_up | turns_down
    complete(seeks_low & (candidate > 0))
    return _Contractions(count, first_depth, highs, lows)
