"""The session's clock runs at a multiple of the wall's."""

from __future__ import annotations

import datetime as dt

import pytest

from kats_core.cli.pace import Pace
from kats_core.model.time import MINUTE, Nanos, at

OPEN = at(dt.date(2025, 9, 18), dt.time(9))
NEXT_OPEN = at(dt.date(2025, 9, 19), dt.time(9))


class Wall:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_minute_at_sixty_times_takes_a_second() -> None:
    """The screen is told the instants on the way, none beyond the one that was reached."""
    wall, seen = Wall(), list[Nanos]()
    pace = Pace(60.0, wall.clock, wall.sleep)
    pace.wait(OPEN, seen.append)
    pace.wait(OPEN + MINUTE, seen.append)
    assert wall.now == pytest.approx(1)
    assert seen == sorted(seen)
    assert OPEN < seen[0] < seen[-1] <= OPEN + MINUTE


def test_the_night_is_skipped() -> None:
    """The next session begins at once."""
    wall = Wall()
    pace = Pace(60.0, wall.clock, wall.sleep)
    pace.wait(OPEN, lambda _: None)
    pace.wait(NEXT_OPEN, lambda _: None)
    assert wall.now == 0


def test_as_fast_as_possible_never_waits() -> None:
    """Nothing sleeps."""
    wall = Wall()
    pace = Pace(None, wall.clock, wall.sleep)
    pace.wait(OPEN, lambda _: None)
    pace.wait(OPEN + 100 * MINUTE, lambda _: None)
    assert wall.now == 0
