"""Resolve triggers on bars and say what a driver has to feed.

`resolve` turns a level into a price as soon as the day tells it; `holds` says whether a bar fulfils a trigger. The
engine and the drivers use the same two functions, so that what is not fed could not have mattered.
"""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model import time
from kats_core.model.bar import Bar
from kats_core.model.kinds import BarKind
from kats_core.model.setup import (
    Above,
    At,
    Below,
    DayOpen,
    Fixed,
    Level,
    OnBar,
    OpeningRangeHigh,
    Rounding,
    Tick,
    Trigger,
)
from kats_core.model.time import Nanos


def resolve(trigger: Trigger, day_open: int | None, range_high: int | None, ticks: TickTable) -> int | None:
    """Return the price on a tick at which a trigger fires, None where it waits for a time or while the day does not tell it yet.

    A fixed level lies between ticks where it was computed or armed without knowing them: a price is above it from the next
    tick on, below it from the last one. `range_high` is the highest price of the opening range once it is over.
    """
    match level_of(trigger):
        case None:
            return None
        case Fixed(price):
            return ticks.rdn(price) if isinstance(trigger, Below) else ticks.rup(price)
        case DayOpen(offset, rounding):
            if day_open is None:
                return None
            return ticks.rup(day_open + offset) if rounding is Rounding.UP else ticks.rdn(day_open + offset)
        case OpeningRangeHigh(_, n):
            return None if range_high is None else ticks.up(range_high, n) if n else ticks.rup(range_high)


def holds(trigger: Trigger, level: int | None, bar: Bar, hours: SessionHours) -> bool:
    """Tell whether the bar fulfils the trigger; a level that is unknown is not reached."""
    match trigger:
        case Above():
            return level is not None and bar.high >= level
        case Below():
            return level is not None and bar.low <= level
        case OnBar(minutes):
            return (bar.end - hours.open) % (minutes * time.MINUTE) == 0
        case Tick():
            return True
        case At(clock):
            return bar.kind is BarKind.MINUTE and bar.start >= hours.at(clock)


def needs_minutes(trigger: Trigger) -> bool:
    """Tell whether a trigger can only be judged on minute bars."""
    return isinstance(trigger, OnBar) or needs_range(trigger)


def needs_every_bar(trigger: Trigger) -> bool:
    """Tell whether any bar may fulfil the trigger or move its level."""
    return isinstance(trigger, (OnBar, Tick)) or needs_range(trigger)


def needs_range(trigger: Trigger) -> bool:
    """Tell whether the level of a trigger follows from the session's first bars."""
    return isinstance(level_of(trigger), OpeningRangeHigh)


def level_of(trigger: Trigger) -> Level | None:
    """Return the level that a trigger waits for; None where it waits for a time."""
    return trigger.level if isinstance(trigger, (Above, Below)) else None


@dataclass(frozen=True, slots=True)
class Watch:
    """What matters now: the triggers by symbol.

    Symbols in `every_bar` need each of their bars, the others only their session's first and last bar and those that
    fulfil a trigger. At each of `moments`, which rise, the engine wants `TimePassed`.
    """

    triggers: dict[str, tuple[Trigger, ...]]
    every_bar: frozenset[str]
    moments: tuple[Nanos, ...] = ()

    @property
    def symbols(self) -> frozenset[str]:
        """Every symbol of which anything matters."""
        return frozenset(self.triggers) | self.every_bar
