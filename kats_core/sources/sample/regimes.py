"""Let the sample market live through rises and falls that last weeks to months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kats_core.model.kinds import Regime
from kats_core.sources.sample.randomness import Draws


@dataclass(frozen=True, slots=True)
class Climate:
    """How the whole market moves in a regime: mean and deviation of a day's log return, length, what may follow."""

    drift: float
    deviation: float
    sessions: tuple[int, int]
    next: dict[Regime, float]


CLIMATES = {
    Regime.STRONG_BULL: Climate(0.0030, 0.0100, (15, 50), {Regime.BULL: 0.7, Regime.SIDEWAYS: 0.3}),
    Regime.BULL: Climate(0.0012, 0.0085, (40, 140), {Regime.STRONG_BULL: 0.3, Regime.SIDEWAYS: 0.5, Regime.BEAR: 0.2}),
    Regime.SIDEWAYS: Climate(0.0, 0.0080, (30, 110), {Regime.BULL: 0.55, Regime.BEAR: 0.45}),
    Regime.BEAR: Climate(
        -0.0012, 0.0115, (30, 90), {Regime.SIDEWAYS: 0.5, Regime.BULL: 0.25, Regime.STRONG_BEAR: 0.25}
    ),
    Regime.STRONG_BEAR: Climate(-0.0040, 0.0190, (10, 35), {Regime.BEAR: 0.5, Regime.SIDEWAYS: 0.5}),
}


def regimes(draws: Draws, sessions: int) -> list[Regime]:
    """Return the regime that drives each session; the first spell is a rise. Nobody is told: what it is shows in the index."""
    course: list[Regime] = []
    regime = Regime.BULL
    while len(course) < sessions:
        climate = CLIMATES[regime]
        length, branch = draws.uniform(2)
        shortest, longest = climate.sessions
        course += [regime] * int(shortest + length * (longest - shortest + 1))
        follower = int(np.searchsorted(np.cumsum(list(climate.next.values())), branch))
        regime = list(climate.next)[min(follower, len(climate.next) - 1)]
    return course[:sessions]
