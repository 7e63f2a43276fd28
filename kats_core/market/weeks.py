"""Gather daily bars into weekly ones, and say on which day which week is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray
from kats_core.market.own_bars import OwnBars, Positions
from kats_core.market.rolling import fresh

Column = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Weeks:
    """The ISO weeks of consecutive sessions.

    `starts` are the first row of each week; `done` is, per row, the position of the last week that is complete at its
    close, -1 before the first. A week is complete when the next session lies in another one; unknown is not complete.
    """

    starts: npt.NDArray[np.intp]
    done: Positions

    @staticmethod
    def of(sessions: Sequence[dt.date], next_session: Sequence[dt.date | None]) -> Weeks:
        """Return the weeks of a panel's rows."""
        week = [day.isocalendar()[:2] for day in sessions]
        begins = np.array([i == 0 or week[i] != week[i - 1] for i in range(len(week))], dtype=np.bool_)
        ends = [day is not None and day.isocalendar()[:2] != own for day, own in zip(next_session, week, strict=True)]
        return Weeks(np.flatnonzero(begins), np.cumsum(begins) - 1 - ~np.array(ends, dtype=np.bool_))

    def resampled(
        self, columns: Mapping[str, Column], bars: OwnBars
    ) -> tuple[WeeklyColumns, BoolArray, BoolArray | None]:
        """Return weekly columns of the daily `bars`, where a column has a week at all, and where it starts anew.

        A week in which a column starts anew is made of the days from then on.
        """
        latest = bars.number[_ends(self.starts, len(bars.present))]
        before = np.zeros_like(latest)
        before[1:] = latest[:-1]
        anew = None
        if bars.restarts is not None and bars.restarts.any():
            anew = np.zeros(before.shape, dtype=np.bool_)
            for week, row, j in _restarts(self.starts, bars.restarts):
                anew[week, j] = True
                before[week, j] = bars.number[row, j] - 1
        return WeeklyColumns(columns, self.starts, bars, before), latest > before, anew

    def at_days(self, weekly: FloatArray, weeks: OwnBars, days: OwnBars) -> FloatArray:
        """Return, per (day, column), what the column's own last week that is complete then says; `weekly` is written over.

        NaN where there is none, or where the column did not trade on the day.
        """
        own = weeks.before_absent
        weekly.ravel()[weeks.absent] = np.where(own >= 0, np.take(weekly, own, mode="clip"), np.nan)
        known = fresh(days.present.shape)
        if len(weekly):
            np.take(weekly, np.maximum(self.done, 0), axis=0, mode="clip", out=known)
        known[self.done < 0] = np.nan
        known.ravel()[days.absent] = np.nan
        return known


class WeeklyColumns(Mapping[str, Column]):
    """Weekly columns by name, each gathered when it is first asked for."""

    def __init__(
        self,
        columns: Mapping[str, Column],
        starts: npt.NDArray[np.intp],
        bars: OwnBars,
        before: npt.NDArray[np.int32],
    ) -> None:
        """Take daily columns, the weeks' first rows, the daily bars, and how many of them lie before each week."""
        self._columns, self._starts, self._bars, self._before = columns, starts, bars, before
        self._gathered: dict[str, Column] = {}

    def __getitem__(self, name: str) -> Column:
        found = self._gathered.get(name)
        if found is None:
            found = self._gathered[name] = self._gather(name, self._columns[name])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def _gather(self, name: str, daily: Column) -> Column:
        match name:
            case "open":
                return np.take(daily, self._bars.cells_of(self._before), mode="clip")
            case "close":
                return self._bars.as_of(daily, _ends(self._starts, len(daily)))
            case "high":
                return self._reduced(np.maximum, daily, 0)
            case "low":
                return self._reduced(np.minimum, daily, np.iinfo(np.int64).max)
            case _:
                return self._reduced(np.add, daily, 0)

    @cached_property
    def _counted(self) -> BoolArray:
        """The days that count: all, but of a week in which a column starts anew those from then on."""
        present, restarts = self._bars.present, self._bars.restarts
        if restarts is not None and restarts.any():
            present = present.copy()
            for week, row, j in _restarts(self._starts, restarts):
                present[self._starts[week] : row, j] = False
        return present

    def _reduced(self, of: np.ufunc, daily: Column, absent: int) -> Column:
        return np.asarray(of.reduceat(np.where(self._counted, daily, absent), self._starts, axis=0), dtype=np.int64)


def _ends(starts: npt.NDArray[np.intp], rows: int) -> npt.NDArray[np.intp]:
    """Return the last row of each week."""
    return np.append(starts[1:], rows)[: len(starts)] - 1


def _restarts(starts: npt.NDArray[np.intp], restarts: BoolArray) -> Iterator[tuple[int, int, int]]:
    """Yield week, row and column of each restart."""
    rows, columns = np.divmod(np.flatnonzero(restarts), max(restarts.shape[1], 1))
    weeks = np.searchsorted(starts, rows, side="right") - 1
    yield from zip(weeks.tolist(), rows.tolist(), columns.tolist(), strict=True)
