"""Range trading (박스권 매매, B3): buy the turn at the floor of a proven box, sell below its ceiling.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from kats_core.api import (
    BoxParams,
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

    box: BoxParams = Field(default=BoxParams(), description="what counts as a box")
    near: float = Field(
        default=0.015, ge=0.005, le=0.03, description="how near the low must come to the floor, fraction of it"
    )
    squeeze: float = Field(
        default=0.04,
        ge=0.02,
        le=0.1,
        description="least Bollinger bandwidth; a narrower one announces the end of the range",
    )
    body_ratio: float = Field(
        default=0.60, ge=0.3, le=0.9, description="least body of the turning bar, part of its range"
    )
    chase_bar: float = Field(
        default=0.003, ge=0, le=0.01, description="most paid above the bar's close, fraction of it"
    )
    stop_frac: float = Field(default=0.01, ge=0.005, le=0.03, description="stop below the floor, fraction of it")
    target_share: float = Field(default=0.65, ge=0.5, le=0.8, description="target, part of the box above its floor")
    min_rr: float = Field(
        default=1.5, ge=1, le=3, description="least reward for the risk; one trade must pay for itself"
    )
    max_sessions: int = Field(
        default=10,
        ge=1,
        le=30,
        description="sessions after which it is sold; a range trade that does not move is wrong",
    )
    position_hint: float = Field(
        default=0.125, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )


class RangeCode(Code, owner="range-trading"):
    """Why B3 does not trade, or sells, beside the core's reasons."""

    ABOVE_MIDDLE = "박스 상단부", "the close is in the upper half of the box"
    SQUEEZE = "변동폭 수축", "the Bollinger bands are too narrow"


TRAITS = StrategyTraits(
    code="B3",
    style=Style.SWING,
    category=Category.BEAR,
    profile=Profile.BEAR,
    regimes=frozenset({Regime.SIDEWAYS, Regime.BEAR}),
    windows=((dt.time(9, 30), dt.time(14, 0)),),
    grades=frozenset({Grade.A, Grade.B}),
    ttl_s=300,
    bars_needed=50,
    daily_tail=20,
    needs_minute_bars=True,
    sell_signals=frozenset({SellSignal.DISTRIBUTION_BAR, SellSignal.GAP_DOWN_BREAK, SellSignal.BAD_NEWS}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_range_trading.strategy import RangeTrading

    return RangeTrading(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register range trading."""
    return StrategyPlugin(
        name="range-trading",
        summary=(
            "검증된 박스의 하단에서 반등하면 매수, 상단 아래에서 매도",
            "buys the turn at the floor of a proven box, sells below its ceiling",
        ),
        params=Params,
        traits=TRAITS,
        codes=(RangeCode,),
        build=build,
    )
