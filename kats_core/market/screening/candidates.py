"""Cut what strategies could arm to what they may: the best of each, and so many new symbols a side (section 3.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan

from kats_core.model.kinds import Profile

BULL_SIDE = frozenset({Profile.BULL, Profile.FLOW})
BEAR_SIDE = frozenset({Profile.BEAR, Profile.NEUTRAL})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A symbol that a strategy could arm, with what it is ranked by; missing strength and turnover rank last."""

    symbol: str
    stars: float
    strength: float
    turnover: float

    @property
    def key(self) -> tuple[float, float, float, str]:
        """Sorts the best first: stars, relative strength, turnover downward, then symbol."""
        return (-_or_last(self.stars), -_or_last(self.strength), -_or_last(self.turnover), self.symbol)


@dataclass(frozen=True, slots=True)
class Claim:
    """What one strategy could arm; `counts` is false for strategies that stand outside the limit of their side."""

    strategy: str
    profile: Profile
    max_armed: int
    counts: bool
    candidates: Sequence[Candidate]


def choose(
    claims: Sequence[Claim], side_limit: int, held: frozenset[str] = frozenset()
) -> Mapping[str, tuple[str, ...]]:
    """Return the symbols that each strategy arms, best first.

    Each strategy keeps its best `max_armed`. Then the candidates of all counted strategies of a side are merged, and only
    the first `side_limit` distinct symbols stay; symbols that are `held` are not new and take no place.
    """
    kept = {claim.strategy: sorted(claim.candidates, key=lambda c: c.key)[: claim.max_armed] for claim in claims}
    for side in (BULL_SIDE, BEAR_SIDE):
        counted = [claim for claim in claims if claim.counts and claim.profile in side]
        merged = sorted((c for claim in counted for c in kept[claim.strategy]), key=lambda c: c.key)
        distinct = dict.fromkeys(c.symbol for c in merged if c.symbol not in held)
        chosen = {*list(distinct)[:side_limit], *held}
        for claim in counted:
            kept[claim.strategy] = [c for c in kept[claim.strategy] if c.symbol in chosen]
    return {strategy: tuple(c.symbol for c in candidates) for strategy, candidates in kept.items()}


def _or_last(value: float) -> float:
    """Return a value to sort by; NaN, which is missing, comes last."""
    return float("-inf") if isnan(value) else value
