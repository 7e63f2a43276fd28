"""Measure how strong each sector is against the market (`spec/market.md` section 6). It informs; it gives no verdict.

Screening measures it on every evening (`screening.screener`), which the facts of a session and `kats screen` show.

All sessions at once: arrays are (sessions x symbols) or (sessions x sectors), NaN where something is missing. A sector with
too few qualified members of known return and size is not ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray

HORIZONS = (1, 5, 20)
WEIGHTS = (0.5, 0.3, 0.2)
LEAST_MEMBERS = 3
BUY_BONUS, SELL_MALUS, BREADTH_WEIGHT = 0.005, -0.003, 0.002


@dataclass(frozen=True, slots=True)
class SectorStrength:
    """Strength by session and sector, or by sector on one evening.

    `sector_of` is each symbol's place in `names`, -1 where its sector is unknown. `rank` 1 is the strongest, 0 is not ranked;
    `flow` is +1 BUY, -1 SELL, else 0.
    """

    names: tuple[str, ...]
    sector_of: npt.NDArray[np.intp]
    returns: tuple[FloatArray, ...]
    relative: FloatArray
    breadth: FloatArray
    flow: npt.NDArray[np.int8]
    composite: FloatArray
    rank: npt.NDArray[np.int32]

    def at(self, rows: int | slice) -> SectorStrength:
        """Return the strength on one evening, or on some."""
        return replace(
            self,
            returns=tuple(own[rows] for own in self.returns),
            relative=self.relative[rows],
            breadth=self.breadth[rows],
            flow=self.flow[rows],
            composite=self.composite[rows],
            rank=self.rank[rows],
        )


def sector_strength(
    sectors: Sequence[str | None],
    close: FloatArray,
    market_cap: FloatArray,
    qualified: BoolArray,
    index_close: FloatArray,
    inst5: FloatArray | None = None,
    foreign5: FloatArray | None = None,
    breaks: BoolArray | None = None,
) -> SectorStrength:
    """Return the strength of all sectors.

    `sectors` are the symbols' own, None where unknown; `close` and `market_cap` carry NaN where there is none; the members of
    a session are those that are `qualified` in it, weighted by what they were worth at the beginning of each horizon.
    `inst5` and `foreign5` are net buying over five sessions in won; no return is taken across one of the `breaks` of the
    price scale.
    """
    names = tuple(sorted({name for name in sectors if name is not None}))
    place = {name: k for k, name in enumerate(names)}
    sector_of = np.array([-1 if own is None else place[own] for own in sectors], dtype=np.intp)
    of = _Sectors.of(sector_of)
    scale = np.cumsum(np.zeros(close.shape, dtype=np.bool_) if breaks is None else breaks, axis=0, dtype=np.int64)
    returns = tuple(_returns(close, market_cap, qualified, scale, of, horizon) for horizon in HORIZONS)
    against = [own - _change(index_close, horizon)[:, None] for own, horizon in zip(returns, HORIZONS, strict=True)]
    relative = np.asarray(sum(weight * column for weight, column in zip(WEIGHTS, against, strict=True)))
    breadth = _breadth(close, qualified, scale, of)
    flow = _flow(inst5, foreign5, qualified, of)
    bonus = np.where(flow > 0, BUY_BONUS, np.where(flow < 0, SELL_MALUS, 0.0))
    composite = composed(relative, bonus, breadth)
    return SectorStrength(names, sector_of, returns, relative, breadth, flow, composite, _ranked(composite))


@dataclass(frozen=True, slots=True)
class _Sectors:
    """The symbols in the order of their sectors, and where each sector starts among them."""

    order: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]

    @staticmethod
    def of(sector_of: npt.NDArray[np.intp]) -> _Sectors:
        order = np.argsort(sector_of, kind="stable")
        order = order[sector_of[order] >= 0]
        return _Sectors(order, np.flatnonzero(np.diff(sector_of[order], prepend=-1)))

    def sums(self, values: FloatArray | BoolArray) -> FloatArray:
        """Return sums by sector; symbol by symbol, since a product of matrices rounds by how many rows it is given."""
        ordered = np.ascontiguousarray(values[:, self.order], dtype=np.float64)
        return np.add.reduceat(ordered, self.starts, axis=1) if self.starts.size else np.zeros((len(values), 0))


def composed(relative: FloatArray, bonus: FloatArray, breadth: FloatArray) -> FloatArray:
    """Return the figure by which sectors are ranked."""
    return np.asarray(relative + bonus + BREADTH_WEIGHT * breadth)


def _change(values: FloatArray, sessions: int) -> FloatArray:
    result = np.full(values.shape, np.nan)
    result[sessions:] = values[sessions:] / values[:-sessions] - 1
    return result


def _unbroken_change(close: FloatArray, scale: npt.NDArray[np.int64], sessions: int) -> FloatArray:
    result = _change(close, sessions)
    result[sessions:][scale[sessions:] != scale[:-sessions]] = np.nan
    return result


def _returns(
    close: FloatArray,
    cap: FloatArray,
    qualified: BoolArray,
    scale: npt.NDArray[np.int64],
    of: _Sectors,
    horizon: int,
) -> FloatArray:
    change = _unbroken_change(close, scale, horizon)
    worth = np.full(cap.shape, np.nan)
    worth[horizon:] = cap[:-horizon]
    counts = qualified & ~np.isnan(change) & (worth > 0)
    weight = np.where(counts, worth, 0.0)
    total, members = of.sums(weight), of.sums(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = of.sums(weight * np.where(counts, change, 0.0)) / total
    return np.where(members >= LEAST_MEMBERS, mean, np.nan)


def _breadth(close: FloatArray, qualified: BoolArray, scale: npt.NDArray[np.int64], of: _Sectors) -> FloatArray:
    """Return advancing over advancing and declining members, 0 where none moved."""
    change = np.where(qualified, _unbroken_change(close, scale, 1), np.nan)
    rising, falling = (of.sums(sign(change, 0)) for sign in _SIGNS)
    moved = rising + falling
    return np.where(moved > 0, rising / np.maximum(moved, 1), 0.0)


_SIGNS: tuple[Callable[..., BoolArray], ...] = (np.greater, np.less)


def _flow(
    inst: FloatArray | None, foreign: FloatArray | None, qualified: BoolArray, of: _Sectors
) -> npt.NDArray[np.int8]:
    if inst is None or foreign is None:
        return np.zeros((qualified.shape[0], of.starts.size), dtype=np.int8)
    known = qualified & ~np.isnan(inst) & ~np.isnan(foreign)
    both = [of.sums(np.where(known, net, 0.0)) for net in (inst, foreign)]
    is_buying, is_selling = (both[0] > 0) & (both[1] > 0), (both[0] < 0) & (both[1] < 0)
    return (is_buying.astype(np.int8) - is_selling.astype(np.int8)).astype(np.int8)


def _ranked(composite: FloatArray) -> npt.NDArray[np.int32]:
    """Return ranks from the highest on; columns are in the order of names, which decides between equals."""
    order = np.argsort(np.where(np.isnan(composite), np.inf, -composite), axis=1, kind="stable")
    rank = np.empty(composite.shape, dtype=np.int32)
    np.put_along_axis(rank, order, np.arange(1, composite.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    return np.where(np.isnan(composite), 0, rank).astype(np.int32)
