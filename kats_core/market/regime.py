"""Say in which of five states the market is, from the KOSPI and its breadth (`spec/market.md` section 4).

Bands that remember keep the state from flickering around an average; confirmation lets it rise slowly and fall fast; a crash
acts at once. A state is a function of closed sessions alone: it is stepped once a session, never within one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from kats_core.model.kinds import Regime

LEVELS = (Regime.STRONG_BEAR, Regime.BEAR, Regime.SIDEWAYS, Regime.BULL, Regime.STRONG_BULL)
"""From the worst to the best; UNKNOWN is none of them."""

SHORT, LONG, LONG_BEFORE = 50, 200, 21
"""Closes of the two averages, and how many sessions back the long one is compared with itself."""

PATIENCE = 1
"""Sessions without their inputs through which the last state is kept."""

_RANK = {level: rank for rank, level in enumerate(LEVELS)}
_SIDES = {Regime.STRONG_BEAR: -1, Regime.BEAR: -1, Regime.SIDEWAYS: 0, Regime.BULL: 1, Regime.STRONG_BULL: 1}


class RegimeParams(BaseModel):
    """How the state of the market is found: the `regime:` block of the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    beta: float = Field(default=0.01, ge=0, le=0.03, description="half width of the bands around the averages")
    up_days: int = Field(default=3, ge=1, le=10, description="closes that confirm a better state")
    down_days: int = Field(default=2, ge=1, le=10, description="closes that confirm a worse state")
    crash: float = Field(
        default=0.05, ge=0.03, le=0.1, description="fall of a day that makes the state BEAR at once, fraction"
    )
    strong_breadth: float = Field(
        default=1.2, ge=1, le=5, description="advancing over declining issues in ten sessions that makes a bull strong"
    )
    weak_breadth: float = Field(
        default=0.8, ge=0.1, le=1, description="advancing over declining issues that makes a bear strong"
    )
    map: dict[Regime, frozenset[str]] = Field(
        default={},
        description="strategies by regime, as instance, plugin or short code; regimes left out go by the strategies",
    )

    @model_validator(mode="after")
    def _nothing_trades_unknown(self) -> RegimeParams:
        if self.map.get(Regime.UNKNOWN):
            raise ValueError("map.UNKNOWN: an unknown market is never traded, so no strategy can be listed there")
        return self

    def enables(self, regime: Regime, names: Iterable[str], otherwise: bool) -> bool:
        """Tell whether the map lists one of a strategy's names in a regime; `otherwise` where the map is silent."""
        listed = self.map.get(regime)
        return otherwise if listed is None else any(name in listed for name in names)


class MarketDay(NamedTuple):
    """What is known of the KOSPI after a session. NaN is missing."""

    close: float
    short: float
    long: float
    long_before: float
    breadth: float

    @property
    def is_complete(self) -> bool:
        """Tell whether all but the breadth is known; only the breadth may be missing."""
        return not any(math.isnan(value) for value in self[:4])


class RegimeState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is remembered from session to session; storing and restoring it changes nothing.

    `above_short` and `above_long` are on which side of the bands the close was last; `current` is the confirmed state, None
    until there was one; `candidate` has been seen `count` times in a row; `missed` counts sessions without inputs.
    """

    close: float | None = None
    above_short: bool | None = None
    above_long: bool | None = None
    is_strong: bool = False
    is_weak: bool = False
    raw: Regime | None = None
    current: Regime | None = None
    candidate: Regime | None = None
    count: int = 0
    missed: int = 0

    @property
    def regime(self) -> Regime:
        """The state in force; UNKNOWN before the first and when inputs have been missing for too long."""
        return Regime.UNKNOWN if self.current is None or self.missed > PATIENCE else self.current

    def after(self, day: MarketDay, params: RegimeParams) -> RegimeState:
        """Return the state after one more session."""
        if not day.is_complete:
            close = self.close if math.isnan(day.close) else day.close
            return msgspec.structs.replace(self, missed=self.missed + 1, close=close)
        # What was true before a long gap is no longer known: the next state is the one that is seen.
        is_continued = self.missed <= PATIENCE
        seen = msgspec.structs.replace(
            self,
            close=day.close,
            above_short=_side(self.above_short, day.close, day.short, params.beta),
            above_long=_side(self.above_long, day.close, day.long, params.beta),
            is_strong=_strong(self.is_strong, day.breadth, params),
            is_weak=_weak(self.is_weak, day.breadth, params),
            current=self.current if is_continued else None,
            missed=0,
        )
        raw = _raw(seen, day)
        fall = math.inf if self.close is None else day.close / self.close - 1
        return _confirmed(msgspec.structs.replace(seen, raw=raw), raw, fall, params)


def _raw(state: RegimeState, day: MarketDay) -> Regime:
    if state.above_short and state.above_long:
        is_rising = day.short > day.long > day.long_before
        return Regime.STRONG_BULL if is_rising and state.is_strong else Regime.BULL
    if not state.above_short and not state.above_long:
        return Regime.STRONG_BEAR if day.short < day.long and state.is_weak else Regime.BEAR
    return Regime.SIDEWAYS


def _confirmed(state: RegimeState, raw: Regime, change: float, params: RegimeParams) -> RegimeState:
    current = state.current
    if current is None:
        return _settled(state, raw)
    if change <= -params.crash:
        return _settled(state, min(current, Regime.BEAR, key=_RANK.__getitem__))
    if raw is current:
        return _settled(state, current)
    count = state.count + 1 if raw is state.candidate else 1
    if count >= (params.up_days if _RANK[raw] > _RANK[current] else params.down_days):
        return _settled(state, raw)
    return msgspec.structs.replace(state, candidate=raw, count=count)


def _settled(state: RegimeState, current: Regime) -> RegimeState:
    return msgspec.structs.replace(state, current=current, candidate=None, count=0)


def states(days: Iterable[MarketDay], params: RegimeParams) -> Iterator[RegimeState]:
    """Yield the state after each session."""
    state = RegimeState()
    for day in days:
        state = state.after(day, params)
        yield state


def side(regime: Regime) -> int | None:
    """Return +1 for bull, 0 for sideways, -1 for bear, None for unknown: what a change of level within a side is not."""
    return _SIDES.get(regime)


def _side(before: bool | None, close: float, average: float, beta: float) -> bool:
    if before is None:
        return close >= average
    if close > average * (1 + beta):
        return True
    if close < average * (1 - beta):
        return False
    return before


def _strong(before: bool, breadth: float, params: RegimeParams) -> bool:
    if breadth >= params.strong_breadth:
        return True
    return before and breadth >= 1.0


def _weak(before: bool, breadth: float, params: RegimeParams) -> bool:
    if breadth <= params.weak_breadth:
        return True
    return before and breadth <= 1.0
