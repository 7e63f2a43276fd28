"""Hold what a strategy proposes (`Signal`, with its exit plan) or why it does not (`NotYet`, `Never`)."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import msgspec

from kats_core.model.labels import Code, Labelled
from kats_core.model.setup import Numbers, require_finite, require_price


def _require(owner: str, name: str, value: object, kind: type) -> None:
    """Refuse what is not of its kind: a guest's answer is used far behind the call that made it."""
    if not isinstance(value, kind):
        raise TypeError(f"{owner}: {name} is {value!r}, expected {kind.__name__}")


class TargetKind(Labelled):
    """How a profit target is anchored to the average price of the entry."""

    FRACTION = "frac", "비율", "fraction of the average price"
    R = "r", "R배수", "multiple of the initial risk"
    ABSOLUTE = "abs", "가격", "price"


class Portion(Labelled):
    """How much is sold at a target."""

    THIRD = "third", "1/3", "a third"
    ALL = "all", "전량", "all"


class Target(msgspec.Struct, frozen=True, gc=False):
    """One profit target; its value is a number above 0, a price in whole won where it is absolute."""

    kind: TargetKind
    value: float
    sell: Portion = Portion.THIRD

    def __post_init__(self) -> None:
        _require("target", "kind", self.kind, TargetKind)
        _require("target", "sell", self.sell, Portion)
        # A kind of its own for numpy's floats, which are floats to `isinstance`, would be one that no record can hold.
        if type(self.value) not in (int, float) or not (math.isfinite(self.value) and self.value > 0):
            raise ValueError(f"target of {self.value!r}: expected a number above 0")
        if self.kind is TargetKind.ABSOLUTE and self.value != int(self.value):
            raise ValueError(f"target at {self.value!r}: a price is a whole number of won")


class TimeExitKind(Labelled):
    """What a time exit counts."""

    CLOCK = "clock", "시각", "clock"
    MINUTES = "minutes", "분", "minutes"
    SESSIONS = "sessions", "거래일", "sessions"


class TimeExit(msgspec.Struct, frozen=True, gc=False):
    """Sell all at a clock time of the entry session, `value` minutes after the entry, or at 15:15 of session `value`."""

    kind: TimeExitKind
    value: int | dt.time

    def __post_init__(self) -> None:
        match self.kind, self.value:
            case TimeExitKind.CLOCK, dt.time(tzinfo=None):
                return
            case TimeExitKind.MINUTES, int(count) if type(count) is int and count >= 1:
                return
            case TimeExitKind.SESSIONS, int(count) if type(count) is int and count >= 0:
                return
        raise ValueError(
            f"time exit {self.kind!r} of {self.value!r}: a clock takes a Korean clock time, minutes a count from 1, "
            "sessions a count from 0"
        )


class TrailMethod(Labelled):
    """How a stop follows the price (`spec/risk.md` section 4.3)."""

    FIXED_PCT = "FIXED_PCT", "최고가 대비 비율", "a fraction below the peak"
    MOVING_AVG = "MOVING_AVG", "이동평균선 종가 이탈", "close below a moving average"
    ATR_BASED = "ATR_BASED", "ATR 배수", "a multiple of the ATR below the peak"
    CANDLE_PATTERN = "CANDLE_PATTERN", "하락 캔들 패턴", "a bearish candle pattern"
    VOLUME_ANOMALY = "VOLUME_ANOMALY", "대량 거래 장대음봉", "a long black candle on heavy volume"


_TRAIL_VALUES: dict[TrailMethod, tuple[float, float, float]] = {
    TrailMethod.FIXED_PCT: (0.05, 0.01, 0.20),
    TrailMethod.MOVING_AVG: (21, 5, 60),
    TrailMethod.ATR_BASED: (2.0, 1, 5),
    TrailMethod.VOLUME_ANOMALY: (2.5, 1.5, 5),
}


@dataclass(frozen=True, slots=True)
class Trail:
    """A trailing stop, active once every target of its plan was reached. It may stand in the YAML as it is.

    | method           | `value`                                 | default | range       |
    | ---------------- | --------------------------------------- | ------- | ----------- |
    | `FIXED_PCT`      | distance from the peak, a fraction      | 0.05    | 0.01 - 0.20 |
    | `MOVING_AVG`     | sessions of the average, a whole number | 21      | 5 - 60      |
    | `ATR_BASED`      | distance from the peak in ATR(14)       | 2       | 1 - 5       |
    | `CANDLE_PATTERN` | none                                    |         |             |
    | `VOLUME_ANOMALY` | volume against its 20-day mean          | 2.5     | 1.5 - 5     |
    """

    # Read by pydantic where a trail is a parameter: a misspelt key must not pass.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    method: TrailMethod
    value: float | None = None

    def __post_init__(self) -> None:
        _require("trail", "method", self.method, TrailMethod)
        allowed = _TRAIL_VALUES.get(self.method)
        if allowed is None:
            if self.value is not None:
                raise ValueError(f"trail {self.method} of {self.value!r}: this method takes no value")
            return
        default, least, most = allowed
        value = default if self.value is None else self.value
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValueError(f"trail {self.method} of {value!r}: expected a number from {least} to {most}")
        if self.method is TrailMethod.MOVING_AVG and value != int(value):
            raise ValueError(f"trail {self.method} of {value!r}: expected a whole number of sessions")
        object.__setattr__(self, "value", value)


class SellSignal(Labelled):
    """What sells all of a position at once (즉시 전량 매도 신호, `spec/risk.md` section 4.4)."""

    BREAKOUT_FAILURE = "BREAKOUT_FAILURE", "돌파 실패", "the breakout failed"
    DISTRIBUTION_BAR = "DISTRIBUTION_BAR", "대량거래 장대음봉", "a long black candle on heavy volume"
    GAP_DOWN_BREAK = "GAP_DOWN_BREAK", "갭하락 후 전일 저점 이탈", "a gap down, then below yesterday's low"
    MA50_BREAK = "MA50_BREAK", "50일선 종가 이탈", "close below the 50-day average"
    MARKET_MA200_BREAK = "MARKET_MA200_BREAK", "지수 200일선 이탈", "the index closes below its 200-day average"
    BAD_NEWS = "BAD_NEWS", "악재", "bad news or a designation by the exchange"


class ExitPlan(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How a position is left. There is always a stop; the rest is optional.

    `exit_flags` are the immediate sell signals that apply; None: those of the strategy's traits. A limit sell at a target is
    sent when the price comes within `near_frac` of it, where trades are streamed. `ends_group` is set by the core: the stop is
    that of a whole group of setups.
    """

    stop: int
    targets: tuple[Target, ...] = ()
    trail: Trail | None = None
    time_exit: TimeExit | None = None
    exit_flags: frozenset[SellSignal] | None = None
    near_frac: float = 0.0
    ends_group: bool = False

    def __post_init__(self) -> None:
        if self.trail is not None:
            _require("exit plan", "trail", self.trail, Trail)
        if self.exit_flags is not None:
            _require("exit plan", "exit flags", self.exit_flags, frozenset)
            for flag in self.exit_flags:
                _require("exit plan", "exit flag", flag, SellSignal)
        require_price("exit plan", "stop", self.stop)
        if type(self.near_frac) not in (int, float) or not 0 <= self.near_frac <= 0.05:
            raise ValueError(f"exit plan that is near within {self.near_frac!r}: expected a fraction up to 0.05")
        _require("exit plan", "targets", self.targets, tuple)
        for target in self.targets:
            _require("exit plan", "target", target, Target)
        if self.time_exit is not None:
            _require("exit plan", "time exit", self.time_exit, TimeExit)


class Signal(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A strategy's proposal to buy now: the limit it pays at most and how it will leave.

    `reference` is the price the limit was computed from (the ask, or what bars show of it), `chase_cap` the most it
    may ever be amended to, `position_hint` the share of equity asked for, before risk. The symbol may have more than
    `most_stars`; the signal counts for no more. `closing_auction`: it is meant for that auction, and the order lives to its
    end; the order gate lets nothing else be bought there.
    """

    trigger_price: int
    reference: int
    entry_limit: int
    chase_cap: int
    exits: ExitPlan
    position_hint: float
    slip_ticks: int = 1
    pivot: int | None = None
    most_stars: int = 5
    closing_auction: bool = False
    numbers: Numbers = {}

    def __post_init__(self) -> None:
        require_price("signal", "trigger_price", self.trigger_price)
        require_price("signal", "reference", self.reference)
        require_price("signal", "entry_limit", self.entry_limit)
        require_price("signal", "chase_cap", self.chase_cap)
        if self.entry_limit > self.chase_cap:
            raise ValueError(f"signal with limit {self.entry_limit} and chase cap {self.chase_cap}")
        _require("signal", "exits", self.exits, ExitPlan)
        for target in self.exits.targets:
            if target.kind is TargetKind.ABSOLUTE and not target.value > self.entry_limit:
                raise ValueError(
                    f"signal with limit {self.entry_limit} and a target at {target.value} that is not above it"
                )
        if type(self.position_hint) not in (int, float) or not 0 < self.position_hint <= 1:
            raise ValueError(f"signal with position hint {self.position_hint!r}: a fraction of equity")
        if type(self.slip_ticks) is not int or self.slip_ticks < 0:
            raise ValueError(f"signal with {self.slip_ticks!r} slip ticks: expected a whole number")
        if type(self.most_stars) is not int or not 1 <= self.most_stars <= 5:
            raise ValueError(f"signal with at most {self.most_stars!r} stars: expected 1 to 5")
        if self.pivot is not None:
            require_price("signal", "pivot", self.pivot)
        require_finite("signal", self.numbers)


class NotYet(msgspec.Struct, frozen=True, gc=False):
    """The condition does not hold now; it may still come."""

    code: Code


class Never(msgspec.Struct, frozen=True, gc=False):
    """The condition cannot come any more in this session."""

    code: Code


Confirmation: TypeAlias = Signal | NotYet | Never


class Exit(msgspec.Struct, frozen=True, gc=False):
    """What `manage` answers to sell all."""

    code: Code


class RaiseStop(msgspec.Struct, frozen=True, gc=False):
    """What `manage` answers to move the stop up; a lower price than the present stop changes nothing."""

    price: int


Management: TypeAlias = Exit | RaiseStop | None
