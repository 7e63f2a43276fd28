"""Dead cat bounce (데드캣 바운스, B1): take the reflex after a sharp fall, once the next session proves it.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field, model_validator

from kats_core.api import (
    Category,
    Code,
    Grade,
    Profile,
    Regime,
    SellSignal,
    Strategy,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    hookimpl,
)


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    drop_min: float = Field(
        default=0.05, ge=0.03, le=0.30, description="least fall of yesterday, fraction of the close before"
    )
    drop_max: float = Field(
        default=0.10, ge=0.03, le=0.30, description="largest fall, fraction; beyond it something is broken"
    )
    rsi_max: float = Field(default=30, ge=15, le=35, description="RSI over 14 bars must lie below, 0 to 100")
    rvol_min: float = Field(default=1.5, ge=1, le=5, description="least projected volume against the usual, times")
    retrace: float = Field(default=0.60, ge=0.5, le=0.7, description="part of the fall that the target takes back")
    target_frac: float = Field(
        default=0.04, ge=0.03, le=0.05, description="farthest target above the entry, fraction of it"
    )
    stop_frac: float = Field(default=0.02, ge=0.01, le=0.03, description="stop below the entry limit, fraction of it")
    min_rr: float = Field(
        default=1.5, ge=1, le=3, description="least reward for the risk; one trade must pay for itself"
    )
    max_minutes: int = Field(default=240, ge=30, le=330, description="minutes after the entry in which it must work")
    min_market_cap: int = Field(
        default=1_000_000_000_000,
        ge=0,
        le=1_000_000_000_000_000,
        description="least market cap, won; large companies only. Where it is not known nothing is bought; 0 does not ask",
    )
    position_hint: float = Field(
        default=0.125, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )

    @model_validator(mode="after")
    def _fall_is_a_range(self) -> Params:
        if not self.drop_min < self.drop_max:
            raise ValueError(f"drop_min {self.drop_min} is not below drop_max {self.drop_max}")
        return self


class ReflexCode(Code, owner="dead-cat-bounce"):
    """Why B1 does not trade, beside the core's reasons."""

    DROP = "낙폭이 범위 밖", "yesterday's fall is not in the range"
    LIMIT_DOWN = "하한가 마감", "closed at the lower price limit"
    FEED_GAP = "장 초반 시세 공백", "the opening range is not known"


TRAITS = StrategyTraits(
    code="B1",
    style=Style.DAY,
    category=Category.BEAR,
    profile=Profile.BEAR,
    regimes=frozenset({Regime.BEAR, Regime.STRONG_BEAR}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A}),
    ttl_s=120,
    bars_needed=100,
    needs_minute_bars=True,
    sell_signals=frozenset({SellSignal.BAD_NEWS}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_dead_cat_bounce.strategy import DeadCatBounce

    return DeadCatBounce(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register dead cat bounce."""
    return StrategyPlugin(
        name="dead-cat-bounce",
        summary=(
            "급락 다음 날 반등이 확인되면 매수, 당일 청산",
            "buys the reflex after a sharp fall once the next session proves it, out by the close",
        ),
        params=Params,
        traits=TRAITS,
        codes=(ReflexCode,),
        build=build,
    )
