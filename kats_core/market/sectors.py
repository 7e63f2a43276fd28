"""Measure how strong each sector is against the market (`spec/market.md` section 6). It informs; it gives no verdict.

All sessions at once: arrays are (sessions x symbols) or (sessions x sectors), NaN where something is missing. A sector with
too few qualified members of known return and size is not ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kats_core.market.panel import BoolArray
from kats_core.market.screening.flows import Flow, flow_of
from kats_core.market.tables import FloatArray

HORIZONS = (1, 5, 20)
WEIGHTS = (0.5, 0.3, 0.2)
FLOW_SESSIONS = 5
LEAST_MEMBERS = 3
BUY_BONUS, SELL_MALUS, BREADTH_WEIGHT = 0.005, -0.003, 0.002


@dataclass(frozen=True, slots=True)
class SectorStrength:
    """Strength by session and sector. `rank` 1 is the strongest, 0 is not ranked; `flow` is +1 BUY, -1 SELL, else 0."""

    names: tuple[str, ...]
    returns: tuple[FloatArray, ...]
    relative: FloatArray
    breadth: FloatArray
    flow: npt.NDArray[np.int8]
    composite: FloatArray
    rank: npt.NDArray[np.int32]

    def flow_of(self, t: int, sector: int) -> Flow:
        """Return the flow of a sector in a session."""
        return flow_of(int(self.flow[t, sector]))


def sector_strength(
    sectors: Sequence[str | None],
    close: FloatArray,
    market_cap: FloatArray,
    qualified: BoolArray,
    index_close: FloatArray,
    inst_net: FloatArray | None = None,
    foreign_net: FloatArray | None = None,
) -> SectorStrength:
    """Return the strength of all sectors.

    `sectors` are the symbols' own, None where unknown; `close` and `market_cap` carry NaN where there is none; the members of
    a session are those that are `qualified` in it, weighted by what they were worth at the beginning of each horizon.
    """
    names = tuple(sorted({name for name in sectors if name is not None}))
    of = np.array([[own == name for name in names] for own in sectors], dtype=np.float64).reshape(len(sectors), -1)
    returns = tuple(_returns(close, market_cap, qualified, of, horizon) for horizon in HORIZONS)
    against = [own - _change(index_close, horizon)[:, None] for own, horizon in zip(returns, HORIZONS, strict=True)]
    relative = np.asarray(sum(weight * column for weight, column in zip(WEIGHTS, against, strict=True)))
    breadth = _breadth(close, qualified, of)
    flow = _flow(inst_net, foreign_net, qualified, of)
    bonus = np.where(flow > 0, BUY_BONUS, np.where(flow < 0, SELL_MALUS, 0.0))
    composite = composed(relative, bonus, breadth)
    return SectorStrength(names, returns, relative, breadth, flow, composite, _ranked(composite))


def composed(relative: FloatArray, bonus: FloatArray, breadth: FloatArray) -> FloatArray:
    """Return the figure by which sectors are ranked."""
    return np.asarray(relative + bonus + BREADTH_WEIGHT * breadth)


def _change(values: FloatArray, sessions: int) -> FloatArray:
    result = np.full(values.shape, np.nan)
    result[sessions:] = values[sessions:] / values[:-sessions] - 1
    return result


def _returns(close: FloatArray, cap: FloatArray, qualified: BoolArray, of: FloatArray, horizon: int) -> FloatArray:
    change = _change(close, horizon)
    worth = np.full(cap.shape, np.nan)
    worth[horizon:] = cap[:-horizon]
    counts = qualified & ~np.isnan(change) & (worth > 0)
    weight = np.where(counts, worth, 0.0)
    total = weight @ of
    members = counts.astype(np.float64) @ of
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = (weight * np.where(counts, change, 0.0)) @ of / total
    return np.where(members >= LEAST_MEMBERS, mean, np.nan)


def _breadth(close: FloatArray, qualified: BoolArray, of: FloatArray) -> FloatArray:
    """Return advancing over advancing and declining members, 0 where none moved."""
    change = np.where(qualified, _change(close, 1), np.nan)
    rising, falling = ((sign(change, 0)).astype(np.float64) @ of for sign in _SIGNS)
    moved = rising + falling
    return np.where(moved > 0, rising / np.maximum(moved, 1), 0.0)


_SIGNS: tuple[Callable[..., BoolArray], ...] = (np.greater, np.less)


def _flow(
    inst: FloatArray | None, foreign: FloatArray | None, qualified: BoolArray, of: FloatArray
) -> npt.NDArray[np.int8]:
    if inst is None or foreign is None:
        return np.zeros((qualified.shape[0], of.shape[1]), dtype=np.int8)
    bought, sold = (np.where(qualified, _summed(net), np.nan) for net in (inst, foreign))
    known = ~np.isnan(bought) & ~np.isnan(sold)
    both = [np.where(known, net, 0.0) @ of for net in (bought, sold)]
    is_buying, is_selling = (both[0] > 0) & (both[1] > 0), (both[0] < 0) & (both[1] < 0)
    return (is_buying.astype(np.int8) - is_selling.astype(np.int8)).astype(np.int8)


def _summed(net: FloatArray) -> FloatArray:
    result = np.full(net.shape, np.nan)
    if len(net) >= FLOW_SESSIONS:
        windows = np.lib.stride_tricks.sliding_window_view(net, FLOW_SESSIONS, axis=0)
        result[FLOW_SESSIONS - 1 :] = windows.sum(axis=-1)
    return result


def _ranked(composite: FloatArray) -> npt.NDArray[np.int32]:
    """Return ranks from the highest on; columns are in the order of names, which decides between equals."""
    order = np.argsort(np.where(np.isnan(composite), np.inf, -composite), axis=1, kind="stable")
    rank = np.empty(composite.shape, dtype=np.int32)
    np.put_along_axis(rank, order, np.arange(1, composite.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    return np.where(np.isnan(composite), 0, rank).astype(np.int32)
