"""Gap and go (갭 앤 고 눌림목, S2): buy the first strong bar after the calm pullback of a gap on heavy volume.

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

    gap_min: float = Field(
        default=0.02, ge=0.01, le=0.15, description="least gap of the open, fraction of the close before"
    )
    gap_max: float = Field(
        default=0.05,
        ge=0.01,
        le=0.15,
        description="largest gap; larger ones sit near interruptions and the upper limit",
    )
    rvol_min: float = Field(
        default=2.0, ge=1, le=10, description="least volume of the first 15 minutes against the usual, times"
    )
    touch: float = Field(
        default=0.005, ge=0.001, le=0.01, description="how near a low must come to its support, fraction of it"
    )
    bounce_volume: float = Field(
        default=1.3, ge=1, le=5, description="least volume of the turning bar against the mean of the ten before, times"
    )
    stop_frac: float = Field(default=0.02, ge=0.005, le=0.04, description="stop below the entry limit, fraction of it")
    t1: float = Field(default=0.03, ge=0.01, le=0.2, description="first target above the entry, fraction of it")
    t2: float = Field(default=0.05, ge=0.01, le=0.2, description="second target above the entry, fraction of it")
    min_atr_frac: float = Field(
        default=0.02, ge=0, le=0.1, description="least ATR(14), fraction of the close; the price needs room to move"
    )
    min_turnover: int = Field(
        default=5_000_000_000,
        ge=0,
        le=10_000_000_000_000,
        description="least mean value traded in 20 sessions, won; as the screen asks of grade C",
    )
    chase_bar: float = Field(
        default=0.003, ge=0, le=0.01, description="most paid above the bar's close, fraction of it"
    )
    slip_ticks: int = Field(default=2, ge=0, le=5, description="ticks paid above the ask; the turn is fast")
    position_hint: float = Field(
        default=0.125, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    max_armed: int = Field(
        default=10, ge=1, le=100, description="setups armed for a session, best first; few of them gap"
    )
    trail: Trail | None = Field(
        default=Trail(TrailMethod.FIXED_PCT, 0.02), description="trailing stop after the last target; null: none"
    )

    @model_validator(mode="after")
    def _gap_is_a_range(self) -> Params:
        if not self.gap_min < self.gap_max:
            raise ValueError(f"gap_min {self.gap_min} is not below gap_max {self.gap_max}")
        return self

    @model_validator(mode="after")
    def _targets_rise(self) -> Params:
        if not self.t1 < self.t2:
            raise ValueError(f"t1 {self.t1} is not below t2 {self.t2}")
        return self


class GapCode(Code, owner="gap-and-go"):
    """Why S2 does not trade, beside the core's reasons."""

    TURNOVER = "평균 거래대금 부족", "the mean turnover is too low"
    ATR_SMALL = "변동성 부족", "the stock moves too little"
    GAP_FILLED = "갭 메움", "the gap was filled"
    NO_PULLBACK = "눌림목 없음", "did not come back to its support"
    FEED_GAP = "장 초반 시세 공백", "the first minutes are not known"


TRAITS = StrategyTraits(
    code="S2",
    style=Style.DAY,
    category=Category.BULL,
    profile=Profile.BULL,
    regimes=frozenset({Regime.STRONG_BULL}),
    windows=((dt.time(9, 15), dt.time(10, 30)),),
    grades=frozenset({Grade.B, Grade.C}),
    ttl_s=120,
    bars_needed=100,
    manage_every_min=1,
    manages_at=frozenset(),
    needs_minute_bars=True,
    side_limited=False,
    trades_gaps=True,
    sell_signals=frozenset({SellSignal.BAD_NEWS}),
    overlays=frozenset({Overlay.INDEX_SHOCK, Overlay.PULSE}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_gap_and_go.strategy import GapAndGo

    return GapAndGo(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register gap and go."""
    return StrategyPlugin(
        name="gap-and-go",
        summary=(
            "대량 거래 갭 상승 후 눌림목의 첫 강한 봉에 매수, 당일 청산",
            "buys the first strong bar after the pullback of a gap on heavy volume, out by the close",
        ),
        params=Params,
        traits=TRAITS,
        codes=(GapCode,),
        build=build,
    )
