"""Find chart patterns in daily bars: bases, boxes, candles (`spec/strategies.md` section 2).

Each finder judges every cell of a panel that it is asked for, from the symbol's own bars up to that row, and says for each
cell that has no pattern why. What row t says never changes when rows are added.
"""

from __future__ import annotations

from kats_core.market.patterns.box import BoxParams, box
from kats_core.market.patterns.candles import Candles, candles
from kats_core.market.patterns.codes import PatternCode
from kats_core.market.patterns.cup import CupParams, cup_with_handle
from kats_core.market.patterns.flat_base import FlatBaseParams, flat_base
from kats_core.market.patterns.found import Found
from kats_core.market.patterns.swings import swing_highs, swing_lows, zigzag
from kats_core.market.patterns.vcp import VcpParams, vcp

__all__ = [
    "BoxParams",
    "Candles",
    "CupParams",
    "FlatBaseParams",
    "Found",
    "PatternCode",
    "VcpParams",
    "box",
    "candles",
    "cup_with_handle",
    "flat_base",
    "swing_highs",
    "swing_lows",
    "vcp",
    "zigzag",
]
