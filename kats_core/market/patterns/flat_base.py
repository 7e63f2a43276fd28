"""Find the flat base (플랫 베이스): weeks of shallow sideways movement behind an advance."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from kats_core.market.arrays import BoolArray
from kats_core.market.panel import Panel
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.patterns.found import NO_PRICE, TOLERANCE, Found, Rejections, Window, look
from kats_core.market.rolling import Numbers

_LEAST_BEFORE = 20
"""Bars that must exist before the longest base, so that an advance can be seen."""

_CODES = tuple(code for code in PatternCode if code.name.startswith("FLAT_"))


class FlatBaseParams(BaseModel):
    """What counts as flat (`flat.*`). Lengths are bars, the others fractions of a price."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_min: int = Field(default=25, ge=20, le=40, description="shortest base; O'Neil: five weeks or more")
    n_max: int = Field(default=65, ge=40, le=130, description="longest base")
    near: float = Field(
        default=0.97, ge=0.9, le=1.0, description="the base starts at the first high of so much of the top"
    )
    depth_max: float = Field(default=0.15, ge=0.05, le=0.2, description="deepest fall within the base; O'Neil")
    advance_min: float = Field(
        default=0.20, ge=0.1, le=1.0, description="least rise before; a base needs something to digest"
    )
    advance_look: int = Field(default=100, ge=40, le=200, description="bars before the base in which the rise began")
    arm_below: float = Field(default=0.08, ge=0.02, le=0.15, description="how far the close may lie below the pivot")


def flat_base(panel: Panel, params: FlatBaseParams | None = None, where: BoolArray | None = None) -> Found:
    """Find flat bases. Numbers: `pivot`, `low`, `length`, `depth`, `advance`."""
    chosen = params or FlatBaseParams()
    span, least = chosen.n_max + chosen.advance_look, chosen.n_max + _LEAST_BEFORE
    return look(panel, where, span, least, _CODES, partial(_judge, chosen))


def _judge(params: FlatBaseParams, window: Window, cells: Rejections) -> Mapping[str, Numbers]:
    rows = np.arange(len(window))[:, None]
    high = window.high[-params.n_max :]
    top = high.max(axis=0)
    begins = np.argmax(high >= params.near * top - TOLERANCE, axis=0)
    length = params.n_max - begins
    cells.reject(length < params.n_min, PatternCode.FLAT_BASE_TOO_SHORT)

    at = params.advance_look + begins
    low = np.where(rows >= at, window.low, NO_PRICE).min(axis=0)
    depth = (top - low) / top
    cells.reject(depth > params.depth_max + TOLERANCE, PatternCode.FLAT_BASE_TOO_DEEP)

    before = np.where((rows < at) & (rows >= at - params.advance_look), window.low, NO_PRICE).min(axis=0)
    advance = top / before - 1
    cells.reject(advance < params.advance_min - TOLERANCE, PatternCode.FLAT_NO_PRIOR_ADVANCE)
    cells.reject(window.close[-1] < top * (1 - params.arm_below) - TOLERANCE, PatternCode.FLAT_TOO_FAR_BELOW)
    return {"pivot": top, "low": low, "length": length, "depth": depth, "advance": advance}
