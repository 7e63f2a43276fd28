"""Find the cup with handle (컵 위드 핸들): a round base behind an advance, and a shallow drift from its right rim."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.patterns.found import NO_PRICE, TOLERANCE, Column, Found, Rejections, Window, look
from kats_core.market.rolling import Numbers

_RIM_REACH = 5
"""Bars before the right rim that it must top."""

_AVERAGE_VOLUME = 50
_LEAST_BEFORE = 20
"""Bars that must exist before the left rim, so that an advance can be seen."""

_SKEW = (0.25, 0.75)

_STEPS = tuple(code for code in PatternCode if code.name.startswith("CUP_"))
"""The reasons in the order of their steps."""


class CupParams(BaseModel):
    """What counts as a cup (`cup.*`). Lengths are bars, the others fractions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cup_min: int = Field(default=35, ge=30, le=60, description="shortest cup; seven weeks")
    cup_max: int = Field(default=150, ge=60, le=325, description="longest cup; limits the data needed")
    handle_min: int = Field(default=5, ge=3, le=10, description="shortest handle; one week")
    handle_max: int = Field(default=25, ge=10, le=40, description="longest handle; five weeks")
    depth_min: float = Field(default=0.12, ge=0.08, le=0.2, description="least depth of the cup; O'Neil")
    depth_max: float = Field(default=0.33, ge=0.2, le=0.5, description="most depth of the cup; O'Neil")
    rim_low: float = Field(default=0.90, ge=0.8, le=1.0, description="least of right to left rim; near the old high")
    rim_high: float = Field(default=1.05, ge=1.0, le=1.2, description="most of right to left rim")
    lower_third_min: float = Field(default=0.40, ge=0.33, le=0.6, description="bars in the lower third; round, not a V")
    handle_depth_max: float = Field(
        default=0.12, ge=0.05, le=0.15, description="deepest handle; O'Neil 8 to 12 percent"
    )
    advance_min: float = Field(default=0.30, ge=0.1, le=1.0, description="least rise before; O'Neil: 30 percent")
    advance_look: int = Field(default=120, ge=40, le=250, description="bars before the cup in which the rise began")
    slope_max: float = Field(
        default=0.001, ge=0, le=0.003, description="most slope of the handle a bar; no upward wedge"
    )
    arm_below: float = Field(default=0.12, ge=0.02, le=0.15, description="how far the close may lie below the pivot")


def cup_with_handle(panel: Panel, params: CupParams | None = None, where: BoolArray | None = None) -> Found:
    """Find cups with handle. Numbers: `pivot`, `handle_low`, `handle`, `depth`, `lower_third`, `handle_depth`.

    Handles are tried from the shortest on, the first that fits counts; where none does, the reason is that of the handle
    that came furthest.
    """
    chosen = params or CupParams()
    span = chosen.handle_max + chosen.cup_max + chosen.advance_look + 1
    return look(panel, where, span, chosen.handle_min + chosen.cup_max + 1, _STEPS, partial(_judge, chosen))


def _judge(params: CupParams, window: Window, cells: Rejections) -> Mapping[str, Numbers]:
    count = window.high.shape[1]
    best = np.zeros(count, dtype=np.int64)
    numbers: dict[str, Numbers] = {
        "pivot": np.zeros(count, dtype=np.int64),
        "handle_low": np.zeros(count, dtype=np.int64),
        "handle": np.zeros(count, dtype=np.int64),
        **{name: np.zeros(count) for name in ("depth", "lower_third", "handle_depth")},
    }
    for handle in range(params.handle_min, params.handle_max + 1):
        right = len(window) - 1 - handle
        rim = window.high[right]
        is_rim = (best < len(_STEPS)) & (right - params.cup_max >= window.start)
        is_rim &= rim >= window.high[right + 1 :].max(axis=0)
        is_rim &= rim >= window.high[right - _RIM_REACH : right].max(axis=0)
        tried = np.flatnonzero(is_rim)
        if not tried.size:
            continue
        step, found = _try_handle(params, window.of(tried), right)
        best[tried] = np.maximum(best[tried], step)
        fits = step == len(_STEPS)
        for name, values in found.items():
            numbers[name][tried[fits]] = values[fits]
    for number, code in enumerate(_STEPS):
        cells.reject(best == number, code)
    return numbers


def _try_handle(params: CupParams, window: Window, right: int) -> tuple[Column, dict[str, Numbers]]:
    """Return how many steps each cell passes with its right rim at row `right`, and the numbers."""
    columns, rows = np.arange(window.high.shape[1]), np.arange(len(window))[:, None]
    handle = len(window) - 1 - right
    rim = window.high[right]

    rims = window.high[right - params.cup_max : right - params.cup_min + 1]
    left = right - params.cup_min - np.argmax(rims[::-1], axis=0)
    left_rim = window.high[left, columns]
    inside = np.where((rows > left) & (rows < right), window.low, NO_PRICE)
    bottom_at, bottom = np.argmin(inside, axis=0), inside.min(axis=0)
    depth = (left_rim - bottom) / left_rim
    skew = (bottom_at - left) / (right - left)

    in_cup = (rows >= left) & (rows <= right)
    is_low = 3 * (window.close - bottom) <= left_rim - bottom
    lower_third = (in_cup & is_low).sum(axis=0) / (right - left + 1)

    looked = np.minimum(left - window.start, params.advance_look)
    before = np.where((rows < left) & (rows >= left - looked), window.low, NO_PRICE).min(axis=0)
    has_advance = (looked >= _LEAST_BEFORE) & (left_rim >= (1 + params.advance_min) * before - TOLERANCE)

    handle_low = window.low[right + 1 :].min(axis=0)
    handle_depth = (rim - handle_low) / rim
    handle_volume = window.volume[right + 1 :].sum(axis=0) / handle
    average_volume = window.volume[right - _AVERAGE_VOLUME + 1 : right + 1].sum(axis=0) / _AVERAGE_VOLUME
    close = window.close[-1]

    passes = (
        np.ones(len(columns), dtype=np.bool_),  # the right rim, or it would not be tried
        (depth >= params.depth_min - TOLERANCE) & (depth <= params.depth_max + TOLERANCE),
        (rim >= params.rim_low * left_rim - TOLERANCE) & (rim <= params.rim_high * left_rim + TOLERANCE),
        (skew >= _SKEW[0] - TOLERANCE) & (skew <= _SKEW[1] + TOLERANCE),
        lower_third >= params.lower_third_min - TOLERANCE,
        has_advance,
        handle_depth <= params.handle_depth_max + TOLERANCE,
        handle_low >= bottom + 0.5 * (left_rim - bottom) - TOLERANCE,
        handle_volume <= average_volume + TOLERANCE,
        _slope(window.close[right:]) / window.close[right] <= params.slope_max + TOLERANCE,
        (close >= rim * (1 - params.arm_below) - TOLERANCE) & (close <= rim),
    )
    step = np.cumprod(np.array(passes, dtype=np.int64), axis=0).sum(axis=0)
    numbers: dict[str, Numbers] = {
        "pivot": rim,
        "handle_low": handle_low,
        "handle": np.full(len(columns), handle),
        "depth": depth,
        "lower_third": lower_third,
        "handle_depth": handle_depth,
    }
    return step, numbers


def _slope(values: Column) -> FloatArray:
    """Return the least-squares slope a row."""
    x = np.arange(len(values)) - (len(values) - 1) / 2
    return np.asarray((x[:, None] * values).sum(axis=0) / (x * x).sum())
