"""CAN SLIM breakout (CAN SLIM 돌파, S3): buy a leader with growing earnings out of a proper base, in a confirmed uptrend.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from kats_core.api import (
    Category,
    Code,
    CupParams,
    FlatBaseParams,
    Grade,
    Overlay,
    Profile,
    Regime,
    SellSignal,
    Strategy,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    Trail,
    TrailMethod,
    hookimpl,
)


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    score_min: int = Field(default=5, ge=4, le=7, description="least letters of CAN SLIM that pass, of seven")
    rs_min: float = Field(default=80, ge=70, le=99, description="least relative strength percentile")
    volume_ratio: float = Field(
        default=1.4, ge=1, le=3, description="least volume the day projects to, times the mean of 50 days"
    )
    stop_frac: float = Field(
        default=0.08, ge=0.05, le=0.08, description="stop below the purchase, fraction of it; O'Neil: 7 to 8 percent"
    )
    t1: float = Field(default=0.20, ge=0.1, le=0.6, description="first target, fraction above the average price paid")
    t2: float = Field(default=0.25, ge=0.1, le=0.6, description="second target, fraction above the average price paid")
    chase: float = Field(
        default=0.05, ge=0, le=0.05, description="most paid above the pivot, fraction of it; O'Neil's buy zone"
    )
    cup: CupParams = Field(default=CupParams(), description="what counts as a cup with handle")
    flat: FlatBaseParams = Field(default=FlatBaseParams(), description="what counts as a flat base")
    position_hint: float = Field(
        default=0.25, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    trail: Trail | None = Field(
        default=Trail(TrailMethod.MOVING_AVG, 21), description="trailing stop after the last target; null: none"
    )


class CanslimCode(Code, owner="canslim-breakout"):
    """Why S3 does not trade, beside the core's reasons."""

    CANSLIM_SCORE = "CAN SLIM 점수 부족", "too few letters of CAN SLIM, C or L among them, or too little strength"
    CANSLIM_M = "시장 상승 추세 아님", "the market is not in a confirmed uptrend"
    NO_BASE = "베이스 없음", "neither a cup with handle nor a flat base"


TRAITS = StrategyTraits(
    code="S3",
    style=Style.SWING,
    category=Category.BULL,
    profile=Profile.BULL,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A}),
    ttl_s=300,
    bars_needed=273,
    pyramids=True,
    sell_signals=frozenset(SellSignal),
    overlays=frozenset({Overlay.INDEX_SHOCK, Overlay.PULSE}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_canslim_breakout.strategy import CanslimBreakout

    return CanslimBreakout(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register CAN SLIM breakout."""
    return StrategyPlugin(
        name="canslim-breakout",
        summary=(
            "상승장에서 실적이 성장하는 주도주가 베이스를 돌파하면 매수",
            "buys a leader with growing earnings out of a proper base, in a confirmed uptrend",
        ),
        params=Params,
        traits=TRAITS,
        codes=(CanslimCode,),
        build=build,
    )
