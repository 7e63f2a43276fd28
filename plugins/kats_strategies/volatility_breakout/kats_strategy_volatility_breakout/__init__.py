"""Volatility breakout (변동성 돌파, VB): buy above the open plus a part of yesterday's range, sell before the close.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from kats_core.api import (
    Category,
    Code,
    Grade,
    Overlay,
    Profile,
    Regime,
    Strategy,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    hookimpl,
)


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    k: float = Field(
        default=0.5,
        ge=0.3,
        le=0.6,
        description="part of yesterday's range above the open; less buys noise, more too late",
    )
    min_range: float = Field(
        default=0.01,
        ge=0,
        le=0.05,
        description="least range of yesterday, fraction of its close; quiet days break nothing",
    )
    stop_frac: float = Field(
        default=0.02,
        ge=0.01,
        le=0.04,
        description="stop below the open, fraction of it; back there the drive has failed",
    )
    ma_filter: int = Field(
        default=0, ge=0, le=60, description="own daily bars of the average the close must exceed; 0 switches it off"
    )
    chase: float = Field(
        default=0.005,
        ge=0,
        le=0.02,
        description="most paid above the level, fraction of it; it may be long broken by 09:30",
    )
    max_armed: int = Field(
        default=10, ge=1, le=100, description="setups armed for a session, best first; few of them reach their level"
    )


class BreakoutCode(Code, owner="volatility-breakout"):
    """Why VB does not trade, beside the core's reasons."""

    RANGE_SMALL = "전일 변동폭 부족", "yesterday's range is too small"
    BELOW_MA = "이동평균선 아래", "yesterday's close is not above its average"
    GAP_RANGE = "시가 갭 과다", "the open is too far from yesterday's close"


TRAITS = StrategyTraits(
    code="VB",
    style=Style.DAY,
    category=Category.NEUTRAL,
    profile=Profile.FLOW,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL, Regime.SIDEWAYS}),
    windows=((dt.time(9, 30), dt.time(14, 0)),),
    grades=frozenset({Grade.A, Grade.B}),
    ttl_s=60,
    bars_needed=1,
    overlays=frozenset({Overlay.INDEX_SHOCK}),
    side_limited=False,
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_volatility_breakout.strategy import VolatilityBreakout

    return VolatilityBreakout(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register volatility breakout."""
    return StrategyPlugin(
        name="volatility-breakout",
        summary=(
            "시가 + 전일 변동폭의 일부를 돌파하면 매수, 당일 청산",
            "buys above open + k x yesterday's range, out by the close",
        ),
        params=Params,
        traits=TRAITS,
        codes=(BreakoutCode,),
        build=build,
    )
