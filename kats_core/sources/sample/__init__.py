"""Generate a market that resembles the KRX, the same from the same seed everywhere: for a first look, demos and tests.

No price, company or code in it is real, so nothing that is measured on it says anything about a strategy's worth.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from kats_core.hookspecs import hookimpl
from kats_core.market.source import SourcePlugin

if TYPE_CHECKING:
    from kats_core.sources.sample.market import SampleSource

__all__ = ["DEFAULT_SEED", "SampleParams", "build", "default_session", "kats_register_data_sources"]


DEFAULT_SEED = 274
"""A market that goes through all five regimes in the quarter from `default_session` on."""


class SampleParams(BaseModel):
    """Which sample market."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(
        DEFAULT_SEED,
        ge=0,
        lt=2**63,
        description="number of the market; another one is another market with the same companies",
    )
    history_sessions: int = Field(
        520, ge=60, le=4_000, description="daily bars that a question without a beginning gets, in sessions"
    )


def build(params: SampleParams) -> SampleSource:
    """Return the market of a seed; it is generated at the first question."""
    from kats_core.sources.sample.market import SampleSource

    return SampleSource(params.seed, params.history_sessions)


def default_session() -> dt.date:
    """Return a session of the default seed worth watching: in the quarter from it on each of our twelve strategies trades."""
    return dt.date(2026, 3, 24)


@hookimpl
def kats_register_data_sources() -> SourcePlugin:
    """Register the sample market."""
    return SourcePlugin(
        name="sample",
        summary=("시드로 만드는 가상 시장", "A market generated from a seed."),
        params=SampleParams,
        build=build,
    )
