"""Triple Screen (트리플 스크린 추세 추종, S4): buy back into a rising weekly tide after a setback of some days.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import Field, model_validator

from kats_core.api import (
    Category,
    Code,
    Grade,
    Moment,
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

Span = Annotated[int, Field(ge=5, le=50)]
"""Completed weeks that one of MACD's averages spans."""


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    macd: tuple[Span, Span, Span] = Field(
        default=(12, 26, 9), description="weeks of the tide's fast, slow and signal average, each 5 to 50; Elder"
    )
    force_period: int = Field(
        default=2, ge=2, le=13, description="days of the force index that shows the setback; Elder"
    )
    rs_min: float = Field(default=50, ge=0, le=99, description="least relative strength percentile")
    chase: float = Field(
        default=0.02,
        ge=0,
        le=0.05,
        description="most paid above the buy stop, fraction of it; a gap is not Elder's entry",
    )
    stop_frac: float = Field(
        default=0.05,
        ge=0.02,
        le=0.08,
        description="stop below the buy stop, fraction of it, if the lows are not closer",
    )
    t1: float = Field(default=0.08, ge=0.03, le=0.4, description="first target, fraction above the average price paid")
    t2: float = Field(default=0.15, ge=0.03, le=0.4, description="second target, fraction above the average price paid")
    position_hint: float = Field(
        default=0.225, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    trail: Trail | None = Field(
        default=Trail(TrailMethod.FIXED_PCT, 0.04), description="trailing stop after the last target; null: none"
    )

    @model_validator(mode="after")
    def _fast_is_faster(self) -> Params:
        if not self.macd[0] < self.macd[1]:
            raise ValueError(
                f"macd: the fast average of {self.macd[0]} weeks is not shorter than the slow of {self.macd[1]}"
            )
        return self


class ScreenCode(Code, owner="triple-screen"):
    """Why S4 does not trade, or sells, beside the core's reasons."""

    TIDE = "주봉 MACD 하락", "the weekly tide does not rise"
    NO_PULLBACK = "눌림 없음", "there is no setback in the daily wave"
    RS_LOW = "상대강도 부족", "too little relative strength"
    TIDE_TURNED = "주봉 MACD 하락 전환", "the weekly tide has turned before the first target"


TRAITS = StrategyTraits(
    code="S4",
    style=Style.SWING,
    category=Category.BULL,
    profile=Profile.BULL,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A, Grade.B}),
    ttl_s=300,
    bars_needed=450,
    daily_tail=500,
    manages_at=frozenset({Moment.OPEN}),
    pyramids=True,
    sell_signals=frozenset(SellSignal) - {SellSignal.BREAKOUT_FAILURE},
    overlays=frozenset({Overlay.INDEX_SHOCK, Overlay.PULSE}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_triple_screen.strategy import TripleScreen

    return TripleScreen(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register Triple Screen."""
    return StrategyPlugin(
        name="triple-screen",
        summary=(
            "주봉 상승 흐름에서 며칠 눌린 뒤 전일 고가를 넘으면 매수",
            "buys above yesterday's high after a setback in a rising weekly tide",
        ),
        params=Params,
        traits=TRAITS,
        codes=(ScreenCode,),
        build=build,
    )
