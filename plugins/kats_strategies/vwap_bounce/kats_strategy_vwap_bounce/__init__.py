"""VWAP bounce (VWAP 바운스, S5): buy a strong stock that comes back to the day's average price and turns up there.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from kats_core.api import (
    Category,
    Code,
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

    bar_minutes: int = Field(
        default=3, ge=1, le=10, description="minutes of a bar; shorter ones of large caps are noise"
    )
    above_share: float = Field(
        default=0.70, ge=0.5, le=1, description="least part of the day's bars that closed above the average price"
    )
    touch: float = Field(default=0.005, ge=0, le=0.01, description="how near a low must come to it, fraction of it")
    pierce: float = Field(default=0.003, ge=0, le=0.01, description="how far a low may fall below it, fraction of it")
    max_dist: float = Field(
        default=0.010, ge=0.003, le=0.02, description="how far the close may be above it, fraction of it"
    )
    stop_frac: float = Field(default=0.005, ge=0.002, le=0.01, description="stop below it, fraction of it")
    t1_r: float = Field(default=2, ge=1, le=10, description="first target, multiple of the initial risk")
    t2_r: float = Field(default=4, ge=1, le=10, description="second target, multiple of the initial risk")
    min_turnover: int = Field(
        default=50_000_000_000,
        ge=0,
        le=10_000_000_000_000,
        description="least mean value traded in 20 sessions, won; only what is liquid",
    )
    chase_bar: float = Field(
        default=0.003, ge=0, le=0.01, description="most paid above the bar's close, fraction of it"
    )
    position_hint: float = Field(
        default=0.25, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    trail: Trail | None = Field(
        default=Trail(TrailMethod.FIXED_PCT, 0.03), description="trailing stop after the last target; null: none"
    )

    @model_validator(mode="after")
    def _targets_rise(self) -> Params:
        if not self.t1_r < self.t2_r:
            raise ValueError(f"t1_r {self.t1_r} is not below t2_r {self.t2_r}")
        return self


class BounceCode(Code, owner="vwap-bounce"):
    """Why S5 does not trade, beside the core's reasons."""

    TURNOVER = "평균 거래대금 부족", "the mean turnover is too low"
    FLOW = "수급 매수 아님", "foreigners and institutions did not both buy"
    WEAK = "VWAP 위 체류 부족", "too few of the day's bars closed above the average price"
    PIERCED = "VWAP 관통", "fell too far through the average price"
    VWAP_FALLING = "VWAP 하락", "the average price is falling"
    TOO_FAR = "VWAP과 이격 과다", "already too far above the average price"


TRAITS = StrategyTraits(
    code="S5",
    style=Style.DAY,
    category=Category.BULL,
    profile=Profile.FLOW,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL, Regime.SIDEWAYS}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A}),
    ttl_s=120,
    bars_needed=21,
    manage_every_min=1,
    manages_at=frozenset(),
    needs_minute_bars=True,
    sell_signals=frozenset({SellSignal.BAD_NEWS}),
    overlays=frozenset({Overlay.INDEX_SHOCK}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_vwap_bounce.strategy import VwapBounce

    return VwapBounce(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register VWAP bounce."""
    return StrategyPlugin(
        name="vwap-bounce",
        summary=(
            "VWAP까지 눌린 강한 종목이 반등하면 매수, 당일 청산",
            "buys a strong stock that turns up at the day's average price, out by the close",
        ),
        params=Params,
        traits=TRAITS,
        codes=(BounceCode,),
        build=build,
    )
