"""Hold what a strategy proposes (`Signal`, with its exit plan) or why it does not (`NotYet`, `Never`)."""

from __future__ import annotations

import datetime as dt
import math
from typing import TypeAlias

import msgspec

from kats_core.model.labels import Code, Labelled
from kats_core.model.setup import Numbers, require_finite


class TargetKind(Labelled):
    """How a profit target is anchored to the average price of the entry."""

    FRACTION = "frac", "비율", "fraction of the average price"
    R = "r", "R배수", "multiple of the initial risk"
    ABSOLUTE = "abs", "가격", "price"


class Portion(Labelled):
    """How much is sold at a target."""

    THIRD = "third", "1/3", "a third"
    ALL = "all", "전량", "all"


class Target(msgspec.Struct, frozen=True):
    """One profit target."""

    kind: TargetKind
    value: float
    sell: Portion = Portion.THIRD


class TimeExitKind(Labelled):
    """What a time exit counts."""

    CLOCK = "clock", "시각", "clock"
    MINUTES = "minutes", "분", "minutes"
    SESSIONS = "sessions", "거래일", "sessions"


class TimeExit(msgspec.Struct, frozen=True):
    """Sell all at a clock time of the entry session, `value` minutes after the entry, or at 15:15 of session `value`."""

    kind: TimeExitKind
    value: int | dt.time


class ExitPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How a position is left. There is always a stop; targets and time are optional."""

    stop: int
    targets: tuple[Target, ...] = ()
    time_exit: TimeExit | None = None


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """A strategy's proposal to buy now: the limit it pays at most and how it will leave.

    `reference` is the price the limit was computed from (the ask, or what bars show of it), `chase_cap` the most it
    may ever be amended to, `position_hint` the share of equity asked for, before risk.
    """

    trigger_price: int
    reference: int
    entry_limit: int
    chase_cap: int
    exits: ExitPlan
    position_hint: float
    slip_ticks: int = 1
    pivot: int | None = None
    numbers: Numbers = {}

    def __post_init__(self) -> None:
        if not 0 < self.entry_limit <= self.chase_cap:
            raise ValueError(f"signal with limit {self.entry_limit} and chase cap {self.chase_cap}")
        if self.exits.stop <= 0:
            raise ValueError(f"signal with stop {self.exits.stop}: no stop, no signal")
        if not (math.isfinite(self.position_hint) and 0 < self.position_hint <= 1):
            raise ValueError(f"signal with position hint {self.position_hint}: a fraction of equity")
        require_finite("signal", self.numbers)


class NotYet(msgspec.Struct, frozen=True):
    """The condition does not hold now; it may still come."""

    code: Code


class Never(msgspec.Struct, frozen=True):
    """The condition cannot come any more in this session."""

    code: Code


Confirmation: TypeAlias = Signal | NotYet | Never


class Exit(msgspec.Struct, frozen=True):
    """What `manage` answers to sell all."""

    code: Code


class RaiseStop(msgspec.Struct, frozen=True):
    """What `manage` answers to move the stop up; a lower price than the present stop changes nothing."""

    price: int


Management: TypeAlias = Exit | RaiseStop | None
