"""Follow each symbol's own bars over sessions, so that "n bars" are n days on which it traded.

An indicator over sessions would count a halted day as a bar. Most symbols trade on nearly all sessions, so what lies `k` own
bars back lies `k` rows back, except shortly behind a gap: `paired` computes cells as if there were none, and then those few
again. Where there are many gaps, every column is pushed together to the bars it has ("packed": row i holds each symbol's
bar number i), worked on, and spread out again. Where a column's prices change scale (a split that nobody adjusted), counting
starts again: nothing is ever computed across.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.rolling import Numbers, Resumed, Seeds, fresh, running_total, window_mean

Positions = npt.NDArray[np.int64]

Pairing: TypeAlias = Callable[..., Any]
"""Computes of arrays, into another one where it is given as `out`: any ufunc."""

Arrays: TypeAlias = tuple[Numbers, ...]

_CELLS_AT_ONCE = 1 << 15
"""So many cells are worked on at once: a few such blocks fit into a processor's own cache."""

_CELLS_OF_A_SLAB = 1 << 17
"""After so many cells those behind gaps are computed again, before they have left the cache."""

_DEPTH = 4
"""So many bars behind each gap are listed at first; twice as many, and again, when somebody looks farther back."""

_SHORT, _MANY = 64, 0.2
"""Bars have many gaps when more than such a share of them has one among so many bars before."""


class _Stretches(NamedTuple):
    """Runs of sessions on which a column has a bar on each: column by column, the earlier first."""

    row: Positions
    column: Positions
    length: Positions
    number: Positions
    """Of the column's own bars before it."""


class _Behind(NamedTuple):
    """The bars behind gaps, slab by slab; of a slab those directly behind one first, then the second ones, and so on."""

    depth: int
    """So many bars behind each gap are here."""
    order: Positions
    """Slab times depth, and how many bars of its stretch lie before it: rising."""
    cells: Positions
    places: Positions


class _Reach(NamedTuple):
    """Bars of one slab of which `k` bars back lies behind a gap."""

    cells: Positions
    earlier: Positions
    """Where the bar `k` bars back is; anything where there is none."""
    alone: Positions
    """Those of the cells that have no bar so far back."""


@dataclass(frozen=True)
class OwnBars:
    """Which cells of (rows x columns) are bars, and where a column starts anew (`restarts`, a subset of them)."""

    present: BoolArray
    restarts: BoolArray | None = None

    @cached_property
    def number(self) -> npt.NDArray[np.int32]:
        """Number of own bars up to and including each row."""
        return running_total(self.present.astype(np.int32))

    @cached_property
    def length(self) -> int:
        """Own bars of the column that has most."""
        return int(self.number[-1].max()) if self.present.size else 0

    def places(self, cells: Positions) -> Positions:
        """Return the flat positions in the packed array of bars, given theirs in (rows x columns)."""
        columns = self.present.shape[1]
        return np.asarray((np.take(self.number, cells) - np.int64(1)) * columns + cells % max(columns, 1))

    def age_at(self, cells: Positions) -> Positions:
        """Return the age of bars, given their flat positions in (rows x columns)."""
        rows, columns = np.divmod(self.places(cells), self.present.shape[1])
        return np.asarray(rows if self.has_one_start else self.age[rows, columns], dtype=np.int64)

    @cached_property
    def cell_of(self) -> Positions:
        """Packed: the flat position of each bar in (rows x columns); -1 behind a column's last bar."""
        one, columns = self._stretches, self.present.shape[1]
        steps = np.full((self.length, columns), columns, dtype=np.int64)
        steps[:1] = np.arange(columns)
        # Where a stretch begins, the sessions before it that are no bars are passed over.
        skipped = one.row - one.number
        skipped[1:] -= np.where(one.number[1:] > 0, skipped[:-1], 0)
        steps[one.number, one.column] += skipped * columns
        cells = running_total(steps, steps)
        if cells.size:
            count = self.number[-1].astype(np.int64)
            last = np.where(count > 0, np.take_along_axis(cells, np.maximum(count - 1, 0)[None], axis=0)[0], -1)
            tail = cells[int(count.min()) :]
            tail[tail > last] = -1
        return cells

    def cells_of(self, number: npt.NDArray[np.int32]) -> Positions:
        """Return the flat positions of bars by their number, from 0, in the column they are asked for; any where none is."""
        if not self.length:
            return np.zeros(number.shape, dtype=np.int64)
        places = number * np.int64(self.present.shape[1]) + np.arange(self.present.shape[1])
        return np.take(self.cell_of, places, mode="clip")

    def as_of(self, values: Numbers, rows: Positions) -> Numbers:
        """Return, in some rows, the values of each column's last bar up to there; where there is none, anything."""
        width, result = self.present.shape[1], values[rows]
        absent = np.flatnonzero(~self.present[rows])
        places = (np.take(self.number[rows], absent) - np.int64(1)) * width + absent % max(width, 1)
        if self.length:
            result.ravel()[absent] = np.take(values, np.take(self.cell_of, places, mode="clip"), mode="clip")
        return result

    @cached_property
    def age(self) -> npt.NDArray[np.int32]:
        """Packed: the bar's number since its column started (again), from 0."""
        rows = np.arange(self.length, dtype=np.int32)[:, None]
        again, columns = self.starts_anew
        shape = (self.length, self.present.shape[1])
        if not again.size:
            return np.broadcast_to(rows, shape)
        age = np.repeat(rows, shape[1], axis=1)
        # In the order of rows, so that a later restart counts from itself.
        for row, column in sorted(zip(again.tolist(), columns.tolist(), strict=True)):
            age[row:, column] = rows[: self.length - row, 0]
        return age

    @cached_property
    def has_one_start(self) -> bool:
        """Tell whether no column starts anew, so that age is the packed row."""
        return not self.starts_anew[0].size

    @cached_property
    def starts_anew(self) -> tuple[Positions, Positions]:
        """Packed rows and columns of the restarts."""
        if self.restarts is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        cells = np.flatnonzero(self.restarts & self.present)
        again, columns = np.divmod(self.places(cells), max(self.present.shape[1], 1))
        return again[again > 0], columns[again > 0]

    @cached_property
    def absent(self) -> Positions:
        """Flat positions of the cells that are no bar."""
        return np.flatnonzero(~self.present)

    @cached_property
    def before_absent(self) -> Positions:
        """Flat positions of the last bars before the `absent` cells; -1 where there is none."""
        columns = self.present.shape[1]
        number = np.take(self.number, self.absent).astype(np.int64)
        places = (number - 1) * columns + self.absent % max(columns, 1)
        found = np.take(self.cell_of.ravel(), places, mode="clip") if self.length else places
        return np.where(number > 0, found, -1)

    @cached_property
    def resumed(self) -> list[Resumed | None]:
        """By row, the columns that have a bar again there, behind a gap, and the flat positions of their bars before."""
        reached = self._reaching_over_gaps(1)
        cells = np.concatenate([slab.cells for slab in reached]) if reached else np.empty(0, dtype=np.int64)
        before = np.concatenate([slab.earlier for slab in reached]) if reached else cells
        order = np.argsort(cells, kind="stable")
        rows, columns = np.divmod(cells[order], max(self.present.shape[1], 1))
        before = before[order]
        until = np.searchsorted(rows, np.arange(len(self.present) + 1)).tolist()
        return [(columns[a:b], before[a:b]) if a < b else None for a, b in pairwise(until)]

    @cached_property
    def has_many_gaps(self) -> bool:
        """Tell whether it costs less to push the bars together than to mend what lies behind gaps."""
        if not self.length:
            return False
        one = self._stretches
        return bool(np.minimum(one.length[one.number > 0], _SHORT).sum() > _MANY * one.length.sum())

    @cached_property
    def packed(self) -> OwnBars:
        """The same bars, pushed together."""
        count = self.number[-1] if len(self.number) else np.zeros(self.present.shape[1], dtype=np.int32)
        restarts = np.zeros(self.cell_of.shape, dtype=np.bool_)
        restarts[self.starts_anew] = True
        return OwnBars(np.arange(self.length)[:, None] < count, restarts)

    def pack(self, values: Numbers) -> Numbers:
        """Push each column's bars together; behind its last bar a column holds zeros."""
        if not self.cell_of.size:
            return np.zeros(self.cell_of.shape, dtype=values.dtype)
        packed = np.take(values.ravel(), self.cell_of, mode="clip")
        packed.ravel()[self._behind_last] = 0
        return packed

    def spread(self, packed: Numbers, first: int = 0) -> FloatArray:
        """Return packed values at their sessions; NaN where there is no bar or its age is below `first`."""
        if not self.length:
            return np.full(self.present.shape, np.nan)
        at_sessions = np.take(packed.ravel(), self._places, mode="clip").astype(np.float64, copy=False)
        return self.without_young(at_sessions, first)

    def without_young(self, values: FloatArray, first: int) -> FloatArray:
        """Write NaN where there is no bar or its age is below `first`."""
        values[:first] = np.nan
        flat = values.ravel()
        flat[self.absent] = np.nan
        flat[self.young(first)] = np.nan
        return values

    def young(self, first: int) -> Positions:
        """Return the flat positions of the bars of an age below `first`, without the first so many rows.

        The age of a bar there is always below it.
        """
        found = self._young.get(first)
        if found is None:
            starts, columns = self.starts_anew
            rows = starts[:, None] + np.arange(first)
            again = self.cell_of[np.minimum(rows, self.length - 1), columns[:, None]][rows < self.length]
            cells = self.cell_of[:first].ravel()
            late = cells[cells >= first * self.present.shape[1]]
            found = self._young[first] = np.append(late, again[again >= 0])
        return found

    @cached_property
    def _young(self) -> dict[int, Positions]:
        return {}

    def blocks(self, first: int = 0, until: int | None = None) -> Iterator[slice]:
        """Yield all rows of a range, some at a time: with what is computed of them they stay in the cache."""
        end, height = (
            len(self.present) if until is None else min(until, len(self.present)),
            self._rows_of(_CELLS_AT_ONCE),
        )
        for start in range(first, end, height):
            yield slice(start, min(start + height, end))

    def each(self, of: Pairing, values: Arrays, out: Numbers) -> Numbers:
        """Write what `of` makes of arrays, cell by cell and block by block; `out` may be one of them."""
        for rows in self.blocks():
            of(*(one[rows] for one in values), out=out[rows])
        return out

    def paired(self, of: Pairing, now: Arrays, before: Arrays, k: int, out: Numbers) -> Numbers:
        """Write what `of` makes of each bar `now` and of the own bar `k` bars `before` it; `out` is none of them.

        Where a column has no such bar, `before` counts as zero in the first `k` rows and behind gaps; elsewhere it is what stands
        in the cell `k` rows back, which is no bar.
        """
        flat, height = out.ravel(), self._rows_of(_CELLS_OF_A_SLAB)
        nothing = (0,) * len(before)
        of(*(values[:k] for values in now), *nothing, out=out[:k])
        for i, reach in enumerate(self._reaching_over_gaps(k)):
            for rows in self.blocks(max(i * height, k), (i + 1) * height):
                earlier = slice(rows.start - k, rows.stop - k)
                of(*(values[rows] for values in now), *(values[earlier] for values in before), out=out[rows])
            if reach.cells.size:
                own = (np.take(values, reach.cells) for values in now)
                flat[reach.cells] = of(*own, *(np.take(values, reach.earlier) for values in before))
            if reach.alone.size:
                flat[reach.alone] = of(*(np.take(values, reach.alone) for values in now), *nothing)
        return out

    def _rows_of(self, cells: int) -> int:
        return max(cells // max(int(self.present.shape[1]), 1), 1)

    def ago(self, values: FloatArray, k: int, out: FloatArray) -> FloatArray:
        """Write what each bar had `k` own bars before; NaN where its age is below that."""
        return self.without_young(self.paired(_earlier, (values,), (values,), k, out), k)

    def window_sum(self, total: Numbers, n: int, out: Numbers) -> Numbers:
        """Write the sum of the last `n` bars, given the running total over sessions; of fewer where there are no more."""
        return self.paired(np.subtract, (total,), (total,), n, out)

    def window_mean(self, total: Numbers, n: int, out: Numbers) -> Numbers:
        """Write the mean of the last `n` bars, given the running total over sessions."""
        return self.paired(partial(_mean_between, n), (total,), (total,), n, out)

    def window_extreme(
        self, of: np.ufunc, values: Numbers, n: int, known: int, spare: tuple[Numbers, Numbers]
    ) -> Numbers:
        """Return the extreme of the last `n` bars; anything at bars of an age below `n` - 1 (see `extreme_of_young`).

        `values` are the same of fewer bars, the `known` ones. The two `spare` arrays are written over.
        """
        # The extreme of 2w bars is that of two neighbouring windows of w: eight passes for 252 bars instead of 252.
        result, wider, later = values, *spare
        while known < n:
            k = min(known, n - known)
            known += k
            if known == n:
                wider = fresh(values.shape)
            self.paired(of, (result,), (result,), k, wider)
            result, wider, later = wider, later, wider
        return result

    def extreme_of_young(self, of: np.ufunc, values: Numbers, below: int, out: Numbers) -> None:
        """Write, at the bars of an age `below` a number, the extreme of all since the column started (again)."""
        if not self.length:
            return
        start, column, until = self._starts
        rows = start + np.arange(min(below, self.length))[:, None]
        cells = self.cell_of[np.minimum(rows, self.length - 1), column]
        extreme = np.take(values, cells)
        for before, own in pairwise(extreme):
            of(before, own, out=own)
        is_there = rows < until
        out.ravel()[cells[is_there]] = extreme[is_there]

    def seeds(self, values: FloatArray, n: int, age: int) -> dict[int, Seeds]:
        """Return, by row in rising order, the mean of the last `n` bars in the columns whose bar there has an `age`."""
        rows, columns = self._of_age(age)
        if not rows.size:
            return {}
        width = self.present.shape[1]
        window = self.cell_of[rows - np.arange(n - 1, -1, -1)[:, None], columns]
        means = window_mean(np.take(values, window), n)[-1]
        at = window[-1] // width
        order = np.argsort(at, kind="stable")
        columns, means = columns[order], means[order]
        found, first = np.unique(at[order], return_index=True)
        until = pairwise([*first.tolist(), len(order)])
        return {row: (columns[a:b], means[a:b]) for row, (a, b) in zip(found.tolist(), until, strict=True)}

    def _of_age(self, age: int) -> tuple[Positions, Positions]:
        """Return packed rows and columns of the bars of one age."""
        start, column, until = self._starts
        reached = start + age < until
        return start[reached] + age, column[reached]

    @cached_property
    def _starts(self) -> tuple[Positions, Positions, Positions]:
        """Packed rows and columns of where columns start and start anew, and the rows behind their last bars from there."""
        again, columns = self.starts_anew
        width = self.present.shape[1]
        start = np.append(np.zeros(width, dtype=np.int64), again)
        column = np.append(np.arange(width), columns)
        order = np.lexsort((start, column))
        start, column = start[order], column[order]
        count = self.number[-1] if len(self.number) else np.zeros(width, dtype=np.int32)
        until = count[column].astype(np.int64)
        is_followed = column[:-1] == column[1:]
        until[:-1][is_followed] = start[1:][is_followed]
        return start, column, until

    @cached_property
    def _stretches(self) -> _Stretches:
        starts, ends = self.present.copy(), self.present.copy()
        starts[1:] &= ~self.present[:-1]
        ends[:-1] &= ~self.present[1:]
        (row, column), (last, _) = map(_by_column, (starts, ends))
        length = last - row + 1
        before = np.cumsum(length) - length
        is_first = np.ones(len(column), dtype=np.bool_)
        is_first[1:] = column[1:] != column[:-1]
        return _Stretches(row, column, length, before - np.maximum.accumulate(np.where(is_first, before, 0)))

    def _behind(self, depth: int) -> _Behind:
        one, columns = self._stretches, self.present.shape[1]
        later = np.flatnonzero(one.number > 0)
        later = later[np.argsort(-one.length[later], kind="stable")]
        steps = np.arange(depth)
        # Of the stretches, the longest first, so many have a bar at each step.
        count = np.searchsorted(-one.length[later], -steps, side="left")
        until = np.append(0, np.cumsum(count))
        which = later[np.arange(until[-1]) - np.repeat(until[:-1], count)]
        step = np.repeat(steps, count)
        row = one.row[which] + step
        slab = row // self._rows_of(_CELLS_OF_A_SLAB)
        # The steps rise already; numbers of 16 bits are sorted by their digits.
        order = np.argsort(slab.astype(np.min_scalar_type(len(self.present))), kind="stable")
        cells, places = row * columns + one.column[which], (one.number[which] + step) * columns + one.column[which]
        return _Behind(depth, (slab * depth + step)[order], cells[order], places[order])

    @cached_property
    def _listed(self) -> _Behind:
        return self._behind(_DEPTH)

    @cached_property
    def _over_gaps(self) -> dict[int, list[_Reach]]:
        return {}

    def _reaching_over_gaps(self, k: int) -> list[_Reach]:
        """Return, slab by slab, the flat positions of the bars of which `k` bars back lies behind a gap, and of what is there."""
        found = self._over_gaps.get(k)
        if found is None:
            depth = self._listed.depth
            while depth < k:
                depth *= 2
            if depth > self._listed.depth:
                self.__dict__["_listed"] = self._behind(depth)
            starts = np.arange(-(-len(self.present) // self._rows_of(_CELLS_OF_A_SLAB))) * self._listed.depth
            bounds = np.searchsorted(self._listed.order, np.stack([starts, starts + k]))
            found = self._over_gaps[k] = [self._reach(slice(*bound), k) for bound in bounds.T.tolist()]
        return found

    def _reach(self, some: slice, k: int) -> _Reach:
        cells, places = self._listed.cells[some], self._listed.places[some] - k * self.present.shape[1]
        earlier = np.take(self.cell_of, places, mode="clip") if cells.size else places
        return _Reach(cells, earlier, cells[places < 0])

    @cached_property
    def _places(self) -> Positions:
        """For each cell the flat packed position of its bar, or of the bar before it."""
        places = (self.number - np.int64(1)) * self.present.shape[1]
        places += np.arange(self.present.shape[1])
        return np.asarray(places)

    @cached_property
    def _behind_last(self) -> Positions:
        """Flat packed positions behind the columns' last bars."""
        return np.flatnonzero(self.cell_of < 0)


def _by_column(cells: BoolArray) -> tuple[Positions, Positions]:
    """Return rows and columns of the true cells, column by column."""
    rows, columns = np.divmod(np.flatnonzero(cells), max(cells.shape[1], 1))
    order = np.argsort(columns, kind="stable")
    return rows[order], columns[order]


def _mean_between(n: int, now: Numbers, before: Numbers, out: Numbers | None = None) -> Numbers:
    between = np.subtract(now, before, out=out)
    return np.divide(between, n, out=out)


def _earlier(_now: FloatArray, before: FloatArray, out: FloatArray | None = None) -> FloatArray:
    if out is None:
        return before
    out[...] = before
    return out
