"""Find the box (박스권): a horizontal band whose floor and ceiling were each tested more than once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kats_core.market.arrays import BoolArray
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.patterns.found import TOLERANCE, Column, Found, Rejections, Window, look
from kats_core.market.patterns.swings import swing_highs, swing_lows
from kats_core.market.rolling import Numbers

_AVERAGE, _DRIFT = 20, 10
"""Drift is how far the mean of so many closes moved within so many bars."""

_CODES = tuple(code for code in PatternCode if code.name.startswith("BOX_"))


class BoxParams(BaseModel):
    """What counts as a box (`box.*`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n: int = Field(default=30, ge=20, le=120, description="bars of the box")
    width_min: float = Field(
        default=0.05, ge=0.02, le=0.1, description="least width, fraction of its middle; pays the costs"
    )
    width_max: float = Field(default=0.15, ge=0.08, le=0.3, description="most width; wider is a trend")
    tol: float = Field(default=0.015, ge=0.005, le=0.03, description="how near a swing must come to count as a touch")
    touch_gap: int = Field(default=5, ge=2, le=15, description="bars between two touches that count")
    touches: int = Field(default=2, ge=2, le=5, description="touches of each side; two separate tests")
    k: int = Field(default=2, ge=1, le=5, description="bars on each side that confirm a swing")
    drift_max: float = Field(default=0.03, ge=0.01, le=0.08, description="most that the average may move; horizontal")


def box(panel: Panel, params: BoxParams | None = None, where: BoolArray | None = None) -> Found:
    """Find boxes. Numbers: `support`, `resistance`, `width`, `drift`, `support_touches`, `resistance_touches`."""
    chosen = params or BoxParams()
    for_drift = _AVERAGE + _DRIFT
    span = max(chosen.n + chosen.k, for_drift)
    return look(panel, where, span, max(chosen.n, for_drift), _CODES, partial(_judge, chosen))


def _judge(params: BoxParams, window: Window, cells: Rejections) -> Mapping[str, Numbers]:
    first = len(window) - params.n
    support, resistance = window.low[first:].min(axis=0), window.high[first:].max(axis=0)
    width = (resistance - support) / ((resistance + support) / 2)
    is_outside = (width < params.width_min - TOLERANCE) | (width > params.width_max + TOLERANCE)
    cells.reject(is_outside, PatternCode.BOX_WIDTH)

    # A swing needs k bars before it, and those before a symbol's first bar are none.
    has_bars = np.arange(len(window))[:, None] >= np.maximum(window.start + params.k, first)
    low_touch = swing_lows(window.low, params.k) & (window.low <= support * (1 + params.tol) + TOLERANCE) & has_bars
    high_touch = (
        swing_highs(window.high, params.k) & (window.high >= resistance * (1 - params.tol) - TOLERANCE) & has_bars
    )
    lows, highs = _spaced(low_touch, params.touch_gap), _spaced(high_touch, params.touch_gap)
    cells.reject((lows < params.touches) | (highs < params.touches), PatternCode.BOX_TOUCHES)

    now = window.close[-_AVERAGE:].sum(axis=0)
    drift = now / window.close[-_AVERAGE - _DRIFT : -_DRIFT].sum(axis=0) - 1
    cells.reject(np.abs(drift) > params.drift_max + TOLERANCE, PatternCode.BOX_DRIFT)
    return {
        "support": support,
        "resistance": resistance,
        "width": width,
        "drift": drift,
        "support_touches": lows,
        "resistance_touches": highs,
    }


def _spaced(touch: BoolArray, gap: int) -> Column:
    """Count touches that lie at least `gap` rows behind the one counted before."""
    count = np.zeros(touch.shape[1], dtype=np.int64)
    last = np.full(touch.shape[1], -gap)
    for i in range(len(touch)):
        counts = touch[i] & (i - last >= gap)
        count += counts
        last[counts] = i
    return count
