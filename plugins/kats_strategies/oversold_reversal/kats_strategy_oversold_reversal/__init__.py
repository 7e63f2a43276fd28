"""Oversold reversal (과매도 역발상, B4): buy a defensive stock that turns up at its lower Bollinger band.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

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

DEFENSIVE = ("음식료·담배", "음식료품", "전기·가스", "전기가스업", "통신", "통신업", "제약", "의약품")
"""The exchange's own names of defensive sectors, since and before 2024."""


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    rsi_max: float = Field(default=30, ge=15, le=35, description="points under which RSI(14) must lie; oversold")
    band_touch: float = Field(
        default=0.005, ge=0, le=0.02, description="how near the low must come to the lower band, fraction of it"
    )
    close_position: float = Field(
        default=0.5, ge=0, le=1, description="where in the day's range the close must lie at least; it has recovered"
    )
    volume_ratio: float = Field(
        default=1.5, ge=1, le=5, description="least volume of the turning bar against the mean of the six before, times"
    )
    chase_bar: float = Field(
        default=0.003, ge=0, le=0.01, description="most paid above the bar's close, fraction of it"
    )
    stop_frac: float = Field(default=0.03, ge=0.01, le=0.05, description="stop below the entry limit, fraction of it")
    t1: float = Field(default=0.03, ge=0.01, le=0.15, description="first target above the entry, fraction of it")
    t2: float = Field(default=0.05, ge=0.01, le=0.15, description="second target above the entry, fraction of it")
    max_sessions: int = Field(
        default=2, ge=1, le=5, description="sessions after which it is sold; a reversal comes soon"
    )
    defensive: tuple[str, ...] = Field(
        default=DEFENSIVE,
        description="sectors by the exchange's names, compared exactly; they fall less with the market",
    )
    position_hint: float = Field(
        default=0.125, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )


class ReversalCode(Code, owner="oversold-reversal"):
    """Why B4 does not trade, or sells, beside the core's reasons."""

    NO_BAND_TOUCH = "밴드 하단 미접촉", "the low did not reach the lower band"
    WEAK_CLOSE = "종가 회복 부족", "closed too low in the day's range"
    SECTOR = "방어 업종 아님", "not in a defensive sector, or the sector is not known"
    RSI_RECOVERED = "RSI 회복", "no longer oversold"


TRAITS = StrategyTraits(
    code="B4",
    style=Style.SWING,
    category=Category.BEAR,
    profile=Profile.BEAR,
    regimes=frozenset({Regime.BEAR, Regime.STRONG_BEAR}),
    windows=((dt.time(9, 30), dt.time(10, 30)),),
    grades=frozenset({Grade.A}),
    ttl_s=300,
    bars_needed=100,
    daily_tail=250,
    needs_minute_bars=True,
    sits_out_events=False,
    sell_signals=frozenset({SellSignal.GAP_DOWN_BREAK, SellSignal.BAD_NEWS}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_oversold_reversal.strategy import OversoldReversal

    return OversoldReversal(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register oversold reversal."""
    return StrategyPlugin(
        name="oversold-reversal",
        summary=(
            "방어 업종이 밴드 하단에서 반등하면 매수, 이틀 안에 청산",
            "buys a defensive stock that turns up at its lower band, out within two sessions",
        ),
        params=Params,
        traits=TRAITS,
        codes=(ReversalCode,),
        build=build,
    )
