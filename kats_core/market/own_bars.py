"""Line up each symbol's own bars, so that "n bars" are n days on which it traded, and bring results back to sessions.

An indicator over sessions would count a halted day as a bar. So every column is pushed together to the bars it has
("packed": row i holds each symbol's bar number i), worked on, and spread out again. Where a column's prices change scale
(a split that nobody adjusted), counting starts again: nothing is ever computed across.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kats_core.market.rolling import Numbers
from kats_core.market.tables import FloatArray

BoolArray = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]


@dataclass(frozen=True)
class OwnBars:
    """Which cells of (rows x columns) are bars, and where a column starts anew (`restarts`, a subset of them)."""

    present: BoolArray
    restarts: BoolArray | None = None

    @cached_property
    def number(self) -> Positions:
        """Number of own bars up to and including each row."""
        return np.cumsum(self.present, axis=0, dtype=np.int64)

    @cached_property
    def length(self) -> int:
        """Own bars of the column that has most."""
        return int(self.number[-1].max()) if self.present.size else 0

    @cached_property
    def cells(self) -> Positions:
        """Flat positions of the bars in (rows x columns), row by row."""
        return np.flatnonzero(self.present)

    @cached_property
    def packed_cells(self) -> Positions:
        """Flat positions of the same bars in the packed array."""
        columns = self.present.shape[1]
        row = self.number.ravel()[self.cells] - 1
        return np.asarray(row * columns + self.cells % max(columns, 1))

    @cached_property
    def age(self) -> npt.NDArray[np.int32]:
        """Packed: the bar's number since its column started (again), from 0."""
        columns = self.present.shape[1]
        rows = np.arange(self.length, dtype=np.int32)[:, None]
        if self.restarts is None or not self.restarts.any():
            return np.broadcast_to(rows, (self.length, columns))
        starts = self.pack(np.where(self.restarts, self.number - 1, 0)).astype(np.int32)
        return rows - np.maximum.accumulate(starts, axis=0)

    @cached_property
    def has_one_start(self) -> bool:
        """Tell whether no column starts anew, so that age is the packed row."""
        return self.age.strides[-1] == 0 if self.age.size else True

    def pack(self, values: Numbers) -> Numbers:
        """Push each column's bars together; behind its last bar a column holds zeros."""
        packed = np.zeros((self.length, self.present.shape[1]), dtype=values.dtype)
        packed.ravel()[self.packed_cells] = values.ravel()[self.cells]
        return packed

    def spread(self, packed: Numbers, first: int) -> FloatArray:
        """Return packed values at their sessions; NaN where there is no bar or its age is below `first`."""
        values = np.empty(packed.size + 1)
        values[:-1] = packed.ravel()
        values[: first * self.present.shape[1]] = np.nan
        values[self._young(first)] = np.nan
        values[-1] = np.nan
        result = np.empty(self.present.shape)
        # Positions are never outside: "clip" spares the check.
        np.take(values, self._sources, out=result.ravel(), mode="clip")
        return result

    def back(self, k: int) -> Positions:
        """Return, for each cell, the flat position of the column's own bar `k` bars before it; -1 where there is none."""
        result = np.full(self.present.size, -1, dtype=np.int64)
        where = np.full(self.length * self.present.shape[1], -1, dtype=np.int64)
        where[self.packed_cells] = self.cells
        old_enough = self.age.ravel()[self.packed_cells] >= k
        result[self.cells[old_enough]] = where[self.packed_cells[old_enough] - k * self.present.shape[1]]
        return result.reshape(self.present.shape)

    @cached_property
    def _sources(self) -> Positions:
        """For each cell its flat position in the packed array; one behind the end where it is no bar."""
        result = np.full(self.present.size, self.length * self.present.shape[1], dtype=np.int64)
        result[self.cells] = self.packed_cells
        return result

    @cached_property
    def _starts_anew(self) -> tuple[Positions, Positions]:
        """Packed rows and columns of the restarts."""
        if self.has_one_start:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        rows, columns = np.nonzero((self.age == 0) & (np.arange(self.length)[:, None] > 0))
        return rows, columns

    def _young(self, first: int) -> Positions:
        """Return the flat packed positions of the first bars behind each restart."""
        starts, columns = self._starts_anew
        rows = starts[:, None] + np.arange(first)
        return np.asarray((rows * self.present.shape[1] + columns[:, None])[rows < self.length])
