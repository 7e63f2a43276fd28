"""Decide what takes a strategy out although its regime is on: a falling index, a market that is being sold (`spec/market.md` 5.1).

An overlay only removes. Which overlays apply to a strategy is one of its traits.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import Pulse


class OverlayParams(BaseModel):
    """When overlays take effect: the `overlays:` block of the YAML."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    index_shock: float = Field(
        default=0.03,
        ge=0.01,
        le=0.1,
        description="fall of the KOSPI that stops entries until the next session, fraction",
    )
    pressure_stars: int = Field(default=4, ge=3, le=5, description="stars needed while the uptrend is under pressure")


def is_shock(change: Fact, since: int, params: OverlayParams) -> bool:
    """Tell whether the index has fallen too far in the session that began at `since`.

    A change that is older, or missing, is not a fall: on bars nothing shows the index within the session.
    """
    if not isinstance(change.value, (int, float)) or change.as_of < since:
        return False
    return change.value <= -params.index_shock


def pulse_allows(pulse: FactValue, stars: FactValue, params: OverlayParams) -> bool:
    """Tell whether the pulse lets a purchase with so many stars pass; a pulse that is not known lets none."""
    if pulse == Pulse.UPTREND:
        return True
    return pulse == Pulse.PRESSURE and isinstance(stars, (int, float)) and stars >= params.pressure_stars
