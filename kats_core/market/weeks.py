"""Gather daily bars into weekly ones, and say on which day which week is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kats_core.market.own_bars import BoolArray, Positions

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
        self, columns: Mapping[str, Column], present: BoolArray, restarts: BoolArray | None
    ) -> tuple[dict[str, Column], BoolArray, BoolArray | None]:
        """Return weekly columns, where a column has a week at all, and where it starts anew.

        A week in which a column starts anew is made of the days from then on.
        """
        if restarts is not None:
            present, restarts = self._since_restart(present, restarts)
        rows = np.arange(len(present))[:, None]
        has_week = np.logical_or.reduceat(present, self.starts, axis=0)
        first = np.minimum.reduceat(np.where(present, rows, len(present)), self.starts, axis=0)
        last = np.maximum.reduceat(np.where(present, rows, -1), self.starts, axis=0)
        weekly = {
            "open": np.take_along_axis(columns["open"], np.where(has_week, first, 0), axis=0),
            "high": np.maximum.reduceat(np.where(present, columns["high"], 0), self.starts, axis=0),
            "low": np.minimum.reduceat(np.where(present, columns["low"], np.iinfo(np.int64).max), self.starts, axis=0),
            "close": np.take_along_axis(columns["close"], np.where(has_week, last, 0), axis=0),
            "volume": np.add.reduceat(np.where(present, columns["volume"], 0), self.starts, axis=0),
            "value": np.add.reduceat(np.where(present, columns["value"], 0), self.starts, axis=0),
        }
        return weekly, has_week, restarts

    def known_at_days(self, present: BoolArray, traded: BoolArray) -> Positions:
        """Return, per (day, column), the flat position of the column's own last week that is complete then.

        -1 where there is none, or where the column did not trade on the day. `present` tells which weeks a column has.
        """
        weeks, columns = present.shape
        own = np.maximum.accumulate(np.where(present, np.arange(weeks)[:, None], -1), axis=0)
        latest = own[np.maximum(self.done, 0)]
        is_known = traded & (latest >= 0) & (self.done >= 0)[:, None]
        return np.where(is_known, latest * columns + np.arange(columns), -1)

    def _since_restart(self, present: BoolArray, restarts: BoolArray) -> tuple[BoolArray, BoolArray]:
        anew = np.logical_or.reduceat(restarts, self.starts, axis=0)
        present = present.copy()
        for week, j in np.argwhere(anew).tolist():
            start = int(self.starts[week])
            end = int(self.starts[week + 1]) if week + 1 < len(self.starts) else len(present)
            latest = start + int(np.flatnonzero(restarts[start:end, j])[-1])
            present[start:latest, j] = False
        return present, anew
