"""Say what a strategy waits for: a setup and its trigger.

A trigger is matched by the engine without calling the strategy; it may over-approximate, `confirm` decides.
"""

from __future__ import annotations

import datetime as dt
from math import isfinite
from typing import TypeAlias

import msgspec

from kats_core.model.labels import Labelled

Numbers: TypeAlias = dict[str, int | float | str]
"""What a setup stores for its intraday part and for people: name to value; prices in won, shares of something as fractions."""


def require_finite(owner: str, numbers: Numbers) -> None:
    """Refuse numbers that are none.

    Raises:
        ValueError: a value is NaN, infinite, or of a type that no record can hold (numpy's, for instance); it names
            `owner` and the key.
    """
    for name, value in numbers.items():
        if type(value) is int or type(value) is str:
            continue
        if type(value) is not float:
            raise ValueError(f"{owner}: {name} is a {type(value).__name__}, expected int, float or str")
        if not isfinite(value):
            raise ValueError(f"{owner}: {name} is {value}, not a number")


def require_price(owner: str, name: str, value: object) -> None:
    """Refuse what is not a positive whole number of won.

    Raises:
        ValueError: the value is a float (NaN included), of numpy, zero or negative; it names `owner` and `name`.
    """
    if type(value) is not int or value <= 0:
        raise ValueError(
            f"{owner}: {name} is {value!r} ({type(value).__name__}), expected a whole number of won above 0"
        )


def _require_minutes(owner: str, minutes: object) -> None:
    if type(minutes) is not int or minutes < 1:
        raise ValueError(f"{owner}: {minutes!r} minutes, expected a whole number from 1")


class Rounding(Labelled):
    """How a computed level is brought onto a tick."""

    UP = "UP", "올림", "up"
    DOWN = "DOWN", "내림", "down"


class Fixed(msgspec.Struct, frozen=True, gc=False, tag="fixed"):
    """A level known when arming, in won; between two ticks it is met at the one beyond it."""

    price: int

    def __post_init__(self) -> None:
        require_price("fixed level", "price", self.price)


class DayOpen(msgspec.Struct, frozen=True, gc=False, tag="day_open"):
    """The session's first price plus `offset` won.

    An offset that is no integer is rounded away from the account before it is stored (up for a buy trigger): on integer
    ticks that leaves the rounded level unchanged.
    """

    offset: int
    rounding: Rounding = Rounding.UP

    def __post_init__(self) -> None:
        if type(self.offset) is not int:
            raise ValueError(f"day open: offset is {self.offset!r}, expected a whole number of won")


class OpeningRangeHigh(msgspec.Struct, frozen=True, gc=False, tag="opening_range_high"):
    """The highest price of the session's first `minutes`, plus `ticks` ticks; unknown until they are over."""

    minutes: int
    ticks: int = 0

    def __post_init__(self) -> None:
        _require_minutes("opening range", self.minutes)
        if type(self.ticks) is not int or self.ticks < 0:
            raise ValueError(f"opening range: {self.ticks!r} ticks, expected a whole number from 0")


Level: TypeAlias = Fixed | DayOpen | OpeningRangeHigh


class Above(msgspec.Struct, frozen=True, gc=False, tag="above"):
    """Holds while the last price is at or above the level."""

    level: Level


class Below(msgspec.Struct, frozen=True, gc=False, tag="below"):
    """Holds while the last price is at or below the level."""

    level: Level


class OnBar(msgspec.Struct, frozen=True, gc=False, tag="on_bar"):
    """Holds at the completion of each `minutes`-minute bar, counted from the open."""

    minutes: int

    def __post_init__(self) -> None:
        _require_minutes("bar trigger", self.minutes)


class Tick(msgspec.Struct, frozen=True, tag="tick"):
    """Holds all session; the strategy is asked at most every `every_s` seconds, with bar data once a bar."""

    every_s: int = 10

    def __post_init__(self) -> None:
        if type(self.every_s) is not int or self.every_s < 1:
            raise ValueError(f"tick trigger: every {self.every_s!r} seconds, expected a whole number from 1")


class At(msgspec.Struct, frozen=True, tag="at"):
    """Holds from a default clock time on; the engine asks at that moment, whether or not the symbol trades then."""

    clock: dt.time


Trigger: TypeAlias = Above | Below | OnBar | Tick | At


class Scanned(msgspec.Struct, frozen=True):
    """What an instance's own scan says of one minute bar: whether it is to be asked there, and what it found.

    See `kats_core.strategy.contract.ScanningStrategy`.
    """

    instance: str
    is_marked: bool
    numbers: Numbers = {}

    def __post_init__(self) -> None:
        require_finite(f"scan of {self.instance}", self.numbers)


class Lifetime(Labelled):
    """How long a setup stays armed."""

    SESSION = "SESSION", "당일", "one session"
    UNTIL_CANCELLED = "UNTIL_CANCELLED", "취소까지", "until cancelled"


# By a name of its own: on Python 3.11 finding a member in its class costs as much as a call.
_UNTIL_CANCELLED = Lifetime.UNTIL_CANCELLED


class Rearm(Labelled):
    """Whether a setup may fire again."""

    ONCE = "ONCE", "1회", "once"
    AFTER_FLAT = "AFTER_FLAT", "청산 후 재진입", "after the position is flat"


class Group(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Setups of one instance in one symbol that live and end together, as the levels of a grid do.

    While a group lives, no new one of its instance begins in the symbol. It ends, and all its positions with it, as
    soon as the stop of one is reached, and none begins in `bar_after_stop` sessions after that one; it ends too after `expire_when_flat` sessions in which it held
    nothing.
    """

    bar_after_stop: int
    expire_when_flat: int

    def __post_init__(self) -> None:
        for name in ("bar_after_stop", "expire_when_flat"):
            count = getattr(self, name)
            if type(count) is not int or count < 1:
                raise ValueError(f"group: {name} is {count!r}, expected a number of sessions from 1")


class Setup(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What `instance` waits for in `symbol` during `session`. `rank` 1 is the best of the session's armed setups.

    A setup that lives until it is cancelled belongs to a `group`, and is the same one in each session; `dividends` are won a
    share that went ex since it was armed. A fixed level of its trigger is lowered by them, `numbers` stay as they were armed.
    """

    session: dt.date
    instance: str
    symbol: str
    trigger: Trigger
    slot: int = 0
    numbers: Numbers = {}
    needs: tuple[str, ...] = ()
    lifetime: Lifetime = Lifetime.SESSION
    rearm: Rearm = Rearm.ONCE
    group: Group | None = None
    rank: int = 1
    dividends: int = 0

    def __post_init__(self) -> None:
        if (self.lifetime is _UNTIL_CANCELLED) is not (self.group is not None):
            raise ValueError(
                f"setup of {self.instance} in {self.symbol}: who lives until cancelled has a group, nobody else"
            )
        require_finite(f"setup of {self.instance} in {self.symbol}", self.numbers)

    @property
    def key(self) -> tuple[str, str, int]:
        """The key under which positions, exits and order uniqueness are held: (instance, symbol, slot)."""
        return (self.instance, self.symbol, self.slot)
