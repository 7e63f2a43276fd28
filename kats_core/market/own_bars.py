"""Line up each symbol's own bars, so that "n bars" are n days on which it traded, and bring results back to sessions.

An indicator over sessions would count a halted day as a bar. So every column is pushed together to the bars it has
("packed": row i holds each symbol's bar number i), worked on, and spread out again. Where a column's prices change scale
(a split that nobody adjusted), counting starts again: nothing is ever computed across.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kats_core.market.rolling import Numbers, running_total
from kats_core.market.tables import FloatArray

BoolArray = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.int64]

_CELLS_AT_ONCE = 1 << 18
"""So many cells are worked on at once: with all that is computed of them they stay in the processor's cache."""

_NARROWEST = 16


@dataclass(frozen=True)
class OwnBars:
    """Which cells of (rows x columns) are bars, and where a column starts anew (`restarts`, a subset of them)."""

    present: BoolArray
    restarts: BoolArray | None = None

    @cached_property
    def number(self) -> Positions:
        """Number of own bars up to and including each row."""
        return running_total(self.present.astype(np.int64))

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
        return self.places(self.cells)

    def places(self, cells: Positions) -> Positions:
        """Return the flat positions in the packed array of bars, given theirs in (rows x columns)."""
        columns = self.present.shape[1]
        return np.asarray((np.take(self.number, cells) - 1) * columns + cells % max(columns, 1))

    def age_at(self, cells: Positions) -> Positions:
        """Return the age of bars, given their flat positions in (rows x columns)."""
        rows, columns = np.divmod(self.places(cells), self.present.shape[1])
        return np.asarray(rows if self.has_one_start else self.age[rows, columns], dtype=np.int64)

    @cached_property
    def cell_of(self) -> Positions:
        """Packed: the flat position of each bar in (rows x columns); -1 behind a column's last bar."""
        result = np.full((self.length, self.present.shape[1]), -1, dtype=np.int64)
        result.ravel()[self.packed_cells] = self.cells
        return result

    def cells_of(self, number: Positions) -> Positions:
        """Return the flat positions of bars by their number, from 0, in the column they are asked for."""
        if not self.cell_of.size:
            return np.zeros_like(number)
        places = number * self.present.shape[1] + np.arange(self.present.shape[1])
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

    def columns_of_age(self, age: int) -> Mapping[int, Positions]:
        """Return, by packed row, the columns whose bar there has an age, rows in rising order."""
        rows = sorted({age, *(self.starts_anew[0] + age).tolist()})
        found = {row: np.flatnonzero(self.age[row] == age) for row in rows if row < self.length}
        return {row: columns for row, columns in found.items() if columns.size}

    def pack(self, values: Numbers) -> Numbers:
        """Push each column's bars together; behind its last bar a column holds zeros."""
        if not self.cell_of.size:
            return np.zeros(self.cell_of.shape, dtype=values.dtype)
        packed = np.take(values.ravel(), self.cell_of, mode="clip")
        packed.ravel()[self._behind] = 0
        return packed

    @cached_property
    def parts(self) -> tuple[slice, ...]:
        """The columns, some at a time."""
        columns = self.present.shape[1]
        width = max(_NARROWEST, _CELLS_AT_ONCE // max(self.length, 1) // 8 * 8)
        return tuple(slice(first, min(first + width, columns)) for first in range(0, columns, width))

    def spread(self, packed: Numbers, first: int) -> FloatArray:
        """Return packed values at their sessions; NaN where there is no bar or its age is below `first`."""
        return self.gathered((packed[:, part] for part in self.parts), first)

    def gathered(self, packed: Iterable[Numbers], first: int, back: int = 0) -> FloatArray:
        """Return at their sessions the packed values of each of the `parts`, those of `back` own bars before; else NaN."""
        if not self.length:
            return np.full(self.present.shape, np.nan)
        result = np.empty(self.present.shape)
        self._gather(packed, back, result)
        return self._without_young(result, first + back)

    def at_sessions(self, packed: Numbers) -> Numbers:
        """Return packed values at their sessions; where there is no bar, anything."""
        result = np.zeros(self.present.shape, dtype=packed.dtype)
        if self.length:
            self._gather((packed[:, part] for part in self.parts), 0, result)
        return result

    def back(self, k: int) -> Positions:
        """Return, for each cell, the flat position of the column's own bar `k` bars before it; -1 where there is none."""
        if not self.length:
            return np.full(self.present.shape, -1, dtype=np.int64)
        result = np.empty(self.present.shape, dtype=np.int64)
        self._gather((self.cell_of[:, part] for part in self.parts), k, result)
        return self._without_young(result, k, -1)

    def _gather(self, packed: Iterable[Numbers], back: int, result: Numbers) -> None:
        for part, places, values in zip(self.parts, self._places, packed, strict=True):
            at = places - back * values.shape[1] if back else places
            # Positions are never outside but before the first bar: "clip" spares the check.
            result[:, part] = np.take(np.ascontiguousarray(values).ravel(), at, mode="clip")

    def _without_young(self, result: Numbers, first: int, nothing: float = np.nan) -> Numbers:
        flat = result.ravel()
        flat[self._absent] = nothing
        flat[self._young(first)] = nothing
        return result

    @cached_property
    def _places(self) -> tuple[Positions, ...]:
        """For each cell of each part the flat position in the packed part of its bar, or of the bar before it."""
        found = []
        for part in self.parts:
            places = self.number[:, part] - 1
            places *= places.shape[1]
            places += np.arange(places.shape[1])
            found.append(places)
        return tuple(found)

    @cached_property
    def _absent(self) -> Positions:
        """Flat positions of the cells that are no bar."""
        return np.flatnonzero(~self.present)

    @cached_property
    def _behind(self) -> Positions:
        """Flat packed positions behind the columns' last bars."""
        return np.flatnonzero(self.cell_of < 0)

    @cached_property
    def starts_anew(self) -> tuple[Positions, Positions]:
        """Packed rows and columns of the restarts."""
        if self.restarts is None:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
        rows, columns = np.nonzero(self.restarts & self.present)
        again = self.number[rows, columns] - 1
        return again[again > 0], columns[again > 0]

    def _young(self, first: int) -> Positions:
        """Return the flat positions of the first bars of each column, and of those behind each restart."""
        starts, columns = self.starts_anew
        rows = starts[:, None] + np.arange(first)
        again = self.cell_of[np.minimum(rows, self.length - 1), columns[:, None]][rows < self.length]
        cells = np.append(self.cell_of[:first].ravel(), again)
        return cells[cells >= 0]
