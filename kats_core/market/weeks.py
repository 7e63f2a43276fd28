"""Gather daily bars into weekly ones, and say on which day which week is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kats_core.market.own_bars import BoolArray, OwnBars, Positions
from kats_core.market.tables import FloatArray

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
        present, anew = bars.present, None
        ends = np.append(self.starts[1:], len(present)) - 1
        latest = (bars.number[ends] if len(self.starts) else bars.number[:0]).astype(np.int64)
        before = np.zeros_like(latest)
        before[1:] = latest[:-1]
        if bars.restarts is not None and bars.restarts.any():
            present, anew, before = self._since_restart(bars, bars.restarts, before)
        has_week = latest > before
        first, last = (bars.cells_of(np.where(has_week, number, 0)) for number in (before, latest - 1))
        return WeeklyColumns(columns, self.starts, present, first, last), has_week, anew

    def at_days(self, weekly: FloatArray, weeks: OwnBars, days: OwnBars) -> FloatArray:
        """Return, per (day, column), what the column's own last week that is complete then says.

        NaN where there is none, or where the column did not trade on the day.
        """
        carried, own = weekly.copy(), weeks.before_absent
        carried.ravel()[weeks.absent] = np.where(own >= 0, np.take(weekly, own, mode="clip"), np.nan)
        known = np.take(carried, np.maximum(self.done, 0), axis=0)
        known[self.done < 0] = np.nan
        known.ravel()[days.absent] = np.nan
        return known

    def _since_restart(
        self, bars: OwnBars, restarts: BoolArray, before: Positions
    ) -> tuple[BoolArray, BoolArray, Positions]:
        present, before = bars.present.copy(), before.copy()
        anew = np.zeros(before.shape, dtype=np.bool_)
        for row, j in np.argwhere(restarts).tolist():
            week = int(np.searchsorted(self.starts, row, side="right")) - 1
            anew[week, j] = True
            present[self.starts[week] : row, j] = False
            before[week, j] = bars.number[row, j] - 1
        return present, anew, before


class WeeklyColumns(Mapping[str, Column]):
    """Weekly columns by name, each gathered when it is first asked for."""

    def __init__(
        self,
        columns: Mapping[str, Column],
        starts: npt.NDArray[np.intp],
        present: BoolArray,
        first: Positions,
        last: Positions,
    ) -> None:
        """Take daily columns, the weeks' first rows, the days that count, and each week's first and last bar."""
        self._columns, self._starts, self._present = columns, starts, present
        self._first, self._last = first, last
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
                return daily.ravel()[self._first]
            case "close":
                return daily.ravel()[self._last]
            case "high":
                return self._reduced(np.maximum, daily, 0)
            case "low":
                return self._reduced(np.minimum, daily, np.iinfo(np.int64).max)
            case _:
                return self._reduced(np.add, daily, 0)

    def _reduced(self, of: np.ufunc, daily: Column, absent: int) -> Column:
        return np.asarray(of.reduceat(np.where(self._present, daily, absent), self._starts, axis=0), dtype=np.int64)
