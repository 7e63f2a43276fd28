"""SEPA momentum (SEPA 모멘텀 돌파, S1): buy a leader with growing earnings as it leaves a volatility contraction.

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
    PatternCode,
    Profile,
    Regime,
    SellSignal,
    Strategy,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    Trail,
    VcpParams,
    hookimpl,
)


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    eps_min: float = Field(
        default=0.20, ge=0, le=1, description="least growth of the quarter's earnings on a year before, fraction"
    )
    revenue_min: float = Field(
        default=0.15, ge=0, le=1, description="least growth of the quarter's revenue on a year before, fraction"
    )
    volume_ratio: float = Field(
        default=1.5, ge=1.0, le=5, description="least volume the day projects to, times the mean of 20 days"
    )
    chase: float = Field(
        default=0.03, ge=0, le=0.05, description="most paid above the pivot, fraction of it; beyond, the stop is far"
    )
    stop_frac: float = Field(
        default=0.07,
        ge=0.03,
        le=0.08,
        description="stop below the pivot, fraction of it, if the base's low is not closer",
    )
    t1: float = Field(default=0.10, ge=0.05, le=0.5, description="first target, fraction above the average price paid")
    t2: float = Field(default=0.20, ge=0.05, le=0.5, description="second target, fraction above the average price paid")
    trail_frac: float = Field(
        default=0.05, ge=0.03, le=0.10, description="trailing stop after the second target, fraction below the peak"
    )
    vcp: VcpParams = Field(default=VcpParams(), description="what counts as a volatility contraction")
    position_hint: float = Field(
        default=0.175, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    trail: Trail | None = Field(
        default=None, description="another trailing stop after the last target; null: the fixed one of `trail_frac`"
    )


class SepaCode(Code, owner="sepa-momentum"):
    """Why S1 does not trade, beside the reasons of the core and of the pattern."""

    TREND_TEMPLATE = "트렌드 템플릿 미충족", "not all eight checks of the trend template pass"
    FUNDAMENTALS_MISSING = "실적 자료 없음", "a report is missing"
    FUNDAMENTALS_WEAK = "실적 성장 부족", "earnings or revenue grew too little"


TRAITS = StrategyTraits(
    code="S1",
    style=Style.SWING,
    category=Category.BULL,
    profile=Profile.BULL,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A, Grade.B, Grade.C}),
    ttl_s=300,
    bars_needed=273,
    pyramids=True,
    sell_signals=frozenset(SellSignal),
    overlays=frozenset({Overlay.INDEX_SHOCK, Overlay.PULSE}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_sepa_momentum.strategy import SepaMomentum

    return SepaMomentum(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register SEPA momentum."""
    return StrategyPlugin(
        name="sepa-momentum",
        summary=(
            "실적이 성장하는 주도주가 변동성 수축을 벗어나면 매수",
            "buys a leader with growing earnings as it leaves a volatility contraction",
        ),
        params=Params,
        traits=TRAITS,
        codes=(SepaCode, PatternCode),
        build=build,
    )
