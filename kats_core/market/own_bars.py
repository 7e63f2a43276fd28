"""Follow each symbol's own bars over sessions, so that "n bars" are n days on which it traded.

An indicator over sessions would count a halted day as a bar. Most symbols trade on nearly all sessions, so what lies `k` own
bars back lies `k` rows back, except shortly behind a gap: `paired` computes all cells as if there were none, and then those
few again. Where there are many gaps, every column is pushed together to the bars it has ("packed": row i holds each symbol's
bar number i), worked on, and spread out again. Where a column's prices change scale (a split that nobody adjusted), counting
starts again: nothing is ever computed across.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.market.rolling import Numbers, Seeds, running_total, window_mean
from kats_core.market.tables import FloatArray

BoolArray = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

Pairing: TypeAlias = Callable[..., Any]
"""Computes of two arrays, into a third one where it is given as `out`: any ufunc."""

_DEPTH = 256
"""So many bars behind each gap are listed at first; more when somebody looks farther back."""

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
    """The bars behind gaps, those directly behind one first, then the second ones, and so on."""

    until: Positions
    """How many there are, by how many bars behind a gap are asked for."""
    cells: Positions
    places: Positions


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
        cells = running_total(steps)
        if cells.size:
            count = self.number[-1].astype(np.int64)
            last = np.where(count > 0, np.take_along_axis(cells, np.maximum(count - 1, 0)[None], axis=0)[0], -1)
            tail = cells[int(count.min()) :]
            tail[tail > last] = -1
        return cells

    def cells_of(self, number: Positions) -> Positions:
        """Return the flat positions of bars by their number, from 0, in the column they are asked for."""
        if not self.cell_of.size:
            return np.zeros(number.shape, dtype=np.int64)
        places = number * np.int64(self.present.shape[1]) + np.arange(self.present.shape[1])
        return np.asarray(np.take(self.cell_of.ravel(), places))

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
        rows, columns = np.nonzero(self.restarts & self.present)
        again = self.number[rows, columns].astype(np.int64) - 1
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
    def absent_by_row(self) -> list[BoolArray | None]:
        """By row, which columns have no bar there; None where all have one."""
        gaps = ~self.present
        by_row: list[BoolArray | None] = [None] * len(gaps)
        for row in np.flatnonzero(gaps.any(axis=1)).tolist():
            by_row[row] = gaps[row]
        return by_row

    @cached_property
    def count(self) -> int:
        """How many bars there are."""
        return self.present.size - len(self.absent)

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
        flat = values.ravel()
        flat[self.absent] = np.nan
        flat[self.young(first)] = np.nan
        return values

    def young(self, first: int) -> Positions:
        """Return the flat positions of the first bars of each column, and of those behind each restart."""
        starts, columns = self.starts_anew
        rows = starts[:, None] + np.arange(first)
        again = self.cell_of[np.minimum(rows, self.length - 1), columns[:, None]][rows < self.length]
        cells = np.append(self.cell_of[:first].ravel(), again)
        return cells[cells >= 0]

    def paired(self, of: Pairing, now: Numbers, before: Numbers, k: int, out: Numbers) -> Numbers:
        """Write what `of` makes of each bar `now` and of the own bar `k` bars `before` it; `out` is neither of them.

        Where a column has no such bar, anything; where there is none at all, what `of` makes of zero.
        """
        if k < len(out):
            of(now[k:], before[:-k] if k else before, out=out[k:])
        cells, earlier = self._reaching_over_gaps(k)
        if cells.size:
            old = np.take(before.ravel(), earlier, mode="clip")
            old[earlier < 0] = 0
            out.ravel()[cells] = of(np.take(now.ravel(), cells), old)
        return out

    def ago(self, values: FloatArray, k: int) -> FloatArray:
        """Return what each bar had `k` own bars before; NaN where its age is below that."""
        result = np.full(values.shape, np.nan) if k >= len(values) else np.empty(values.shape)
        return self.without_young(self.paired(_earlier, values, values, k, result), k)

    def window_sum(self, total: Numbers, n: int, out: Numbers) -> Numbers:
        """Write the sum of the last `n` bars, given the running total over sessions; of fewer where there are no more."""
        out[:n] = total[:n]
        return self.paired(np.subtract, total, total, n, out)

    def window_extreme(self, of: np.ufunc, values: Numbers, n: int, known: int = 1) -> Numbers:
        """Return the extreme of the last `n` bars, of what there is since the column started (again) where that is less.

        `values` are the same of `known` bars.
        """
        # The extreme of 2w bars is that of two neighbouring windows of w: eight passes for 252 bars instead of 252.
        result, spare = values, np.empty_like(values)
        while known < n:
            k = min(known, n - known)
            wider = np.empty_like(values) if spare is values else spare
            wider[:k] = result[:k]
            self.paired(of, result, result, k, wider)
            alone = self.young(k)
            wider.ravel()[alone] = np.take(result.ravel(), alone)
            result, spare, known = wider, result, known + k
        return result

    def seeds(self, values: Numbers, n: int, age: int) -> dict[int, Seeds]:
        """Return, by row in rising order, the mean of the last `n` bars in the columns whose bar there has an `age`."""
        rows, columns = self._of_age(age)
        if not rows.size:
            return {}
        columns_of_all = self.present.shape[1]
        window = self.cell_of[rows - np.arange(n - 1, -1, -1)[:, None], columns] // columns_of_all
        means = np.moveaxis(window_mean(values[window, ..., columns], n)[-1], 0, -1)
        at = self.cell_of[rows, columns] // columns_of_all
        return {
            int(row): (columns[found], means[..., found])
            for row in np.unique(at)
            for found in [np.flatnonzero(at == row)]
        }

    def _of_age(self, age: int) -> tuple[Positions, Positions]:
        """Return packed rows and columns of the bars of one age."""
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
        reached = start + age < until
        return start[reached] + age, column[reached]

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
        cells = (one.row[which] + step) * columns + one.column[which]
        return _Behind(until, cells, (one.number[which] + step) * columns + one.column[which])

    @cached_property
    def _listed(self) -> _Behind:
        return self._behind(_DEPTH)

    @cached_property
    def _over_gaps(self) -> dict[int, tuple[Positions, Positions]]:
        return {}

    def _reaching_over_gaps(self, k: int) -> tuple[Positions, Positions]:
        """Return the flat positions of the bars of which `k` bars back lies behind a gap, and those of what lies there.

        The latter are negative where there is nothing.
        """
        found = self._over_gaps.get(k)
        if found is None:
            if k >= len(self._listed.until):
                self.__dict__["_listed"] = self._behind(k)
            behind = self._listed
            until = int(behind.until[k])
            earlier = behind.places[:until] - k * self.present.shape[1]
            is_there = earlier >= 0
            earlier[is_there] = np.take(self.cell_of.ravel(), earlier[is_there])
            found = self._over_gaps[k] = behind.cells[:until], earlier
        return found

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
    rows, columns = np.nonzero(cells)
    order = np.argsort(columns, kind="stable")
    return rows[order], columns[order]


def _earlier(_now: FloatArray, before: FloatArray, out: FloatArray | None = None) -> FloatArray:
    if out is None:
        return before
    out[...] = before
    return out
