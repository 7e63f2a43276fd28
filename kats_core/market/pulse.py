"""Take the market's pulse: days of distribution break an uptrend, a follow-through ends a correction (`spec/market.md` 4.4).

It reads the KOSPI's close, low and traded value, and is stepped once a session. A day that is not wholly known has no pulse,
and whatever needs one does not trade.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from kats_core.model.kinds import Pulse

UNDERCUT_SESSIONS = 10
"""A follow-through day fails when so soon after it a close is below its low."""


class PulseParams(BaseModel):
    """How the pulse is taken: the `pulse:` block of the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    drop: float = Field(default=0.002, ge=0.001, le=0.01, description="least fall of a distribution day, fraction")
    window: int = Field(default=25, ge=10, le=50, description="sessions for which a distribution day counts")
    recover: float = Field(default=0.05, ge=0.01, le=0.2, description="rise above its close that ends it, fraction")
    pressure: int = Field(default=4, ge=2, le=10, description="distribution days that put the uptrend under pressure")
    correction: int = Field(
        default=6, ge=3, le=12, description="distribution days that end the uptrend; one less below the 50-day average"
    )
    ftd_gain: float = Field(default=0.0125, ge=0.01, le=0.02, description="least rise of a follow-through, fraction")
    ftd_day: int = Field(default=4, ge=2, le=10, description="earliest day of the rally that can follow through")


class PulseDay(NamedTuple):
    """What the KOSPI did in a session: points, won traded, averages of the closes up to it. NaN is missing."""

    close: float
    low: float
    value: float
    short: float
    long: float

    @property
    def is_traded(self) -> bool:
        """Tell whether close, low and traded value are known."""
        return not any(math.isnan(value) for value in self[:3])


class Distribution(msgspec.Struct, frozen=True):
    """A day of distribution: its number and its close."""

    day: int
    close: float


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """A correction so far: its lowest low, the first rising day from there on, and the highest close to beat."""

    low: float
    rally: int | None
    peak: float


class PulseState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is remembered from session to session. Days are counted from the first one seen.

    `followed` is the last follow-through with its low; `has_followed` is whether one has come, a recovery that counts as one
    included; `was_above_long` whether a close since then was at or above the long average.
    """

    day: int = -1
    pulse: Pulse = Pulse.UPTREND
    is_known: bool = False
    closes: tuple[float, ...] = ()
    value: float = 0.0
    distribution: tuple[Distribution, ...] = ()
    followed: int | None = None
    followed_low: float = 0.0
    has_followed: bool = False
    was_above_long: bool = False
    correction: Correction | None = None

    @property
    def known(self) -> Pulse | None:
        """The pulse after the last session; None when it cannot be known."""
        return self.pulse if self.is_known else None

    def after(self, day: PulseDay, params: PulseParams) -> PulseState:
        """Return the state after one more session."""
        now = msgspec.structs.replace(self, day=self.day + 1)
        if not day.is_traded:
            return msgspec.structs.replace(now, is_known=False)
        if now.closes:
            now = _counted(now, day, params)
            now = (
                _in_trend(now, day, params)
                if now.correction is None
                else _in_correction(now, now.correction, day, params)
            )
        return msgspec.structs.replace(
            now,
            closes=(*now.closes, day.close)[-params.window :],
            value=day.value,
            is_known=not (math.isnan(day.short) or math.isnan(day.long)),
        )


def _counted(state: PulseState, day: PulseDay, params: PulseParams) -> PulseState:
    """Return the state with its distribution days, and what the close says of the long average, as of this session."""
    active = tuple(
        one
        for one in state.distribution
        if state.day - one.day < params.window and day.close < one.close * (1 + params.recover)
    )
    if _change(state, day) <= -params.drop and day.value > state.value:
        active = (*active, Distribution(state.day, day.close))
    was_above = state.was_above_long or day.close >= day.long
    return msgspec.structs.replace(state, distribution=active, was_above_long=was_above)


def _in_trend(state: PulseState, day: PulseDay, params: PulseParams) -> PulseState:
    count = len(state.distribution)
    if _is_undercut(state, day) or _is_broken(state, day, count, params):
        begun = Correction(low=day.low, rally=_rally(state, day), peak=max(*state.closes, day.close))
        return msgspec.structs.replace(state, pulse=Pulse.CORRECTION, correction=begun)
    return msgspec.structs.replace(state, pulse=Pulse.PRESSURE if count >= params.pressure else Pulse.UPTREND)


def _is_undercut(state: PulseState, day: PulseDay) -> bool:
    """Tell whether the follow-through that began this uptrend is undone."""
    if state.followed is None:
        return False
    return state.day - state.followed <= UNDERCUT_SESSIONS and day.close < state.followed_low


def _is_broken(state: PulseState, day: PulseDay, count: int, params: PulseParams) -> bool:
    if count >= params.correction or (count >= params.correction - 1 and day.close < day.short):
        return True
    return day.close < day.long and (not state.has_followed or state.was_above_long)


def _in_correction(state: PulseState, so_far: Correction, day: PulseDay, params: PulseParams) -> PulseState:
    if day.low < so_far.low:
        so_far = msgspec.structs.replace(so_far, low=day.low, rally=_rally(state, day))
    elif so_far.rally is None:
        so_far = msgspec.structs.replace(so_far, rally=_rally(state, day))
    if _follows_through(state, so_far, day, params):
        return msgspec.structs.replace(_risen(state, day), followed=state.day, followed_low=day.low)
    if day.close > so_far.peak:
        return _risen(state, day)
    return msgspec.structs.replace(state, correction=so_far)


def _follows_through(state: PulseState, so_far: Correction, day: PulseDay, params: PulseParams) -> bool:
    if so_far.rally is None or state.day - so_far.rally + 1 < params.ftd_day:
        return False
    return _change(state, day) >= params.ftd_gain and day.value > state.value


def _risen(state: PulseState, day: PulseDay) -> PulseState:
    return msgspec.structs.replace(
        state,
        pulse=Pulse.UPTREND,
        correction=None,
        distribution=(),
        followed=None,
        has_followed=True,
        was_above_long=day.close >= day.long,
    )


def _rally(state: PulseState, day: PulseDay) -> int | None:
    return state.day if day.close > state.closes[-1] else None


def _change(state: PulseState, day: PulseDay) -> float:
    return day.close / state.closes[-1] - 1


def states(days: Iterable[PulseDay], params: PulseParams) -> Iterator[PulseState]:
    """Yield the state after each session."""
    state = PulseState()
    for day in days:
        state = state.after(day, params)
        yield state
