"""Inverse ETF (인버스 ETF, B2): buy a fund that rises when the KOSPI falls, once the falling KOSPI has broken its support.

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
    Profile,
    Regime,
    Strategy,
    StrategyParams,
    StrategyPlugin,
    StrategyTraits,
    Style,
    hookimpl,
)

INDEX = "KOSPI"
BARS_NEEDED = 250
"""Sessions of the index before it is judged."""

Symbol = Annotated[str, Field(pattern=r"^[0-9A-Z]{6}$")]


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    symbols_1x: tuple[Symbol, ...] = Field(
        default=("114800",), description="codes of the funds that move as the KOSPI 200 does, the other way round"
    )
    symbols_2x: tuple[Symbol, ...] = Field(
        default=("252670",),
        description="codes of the funds that move twice as far; bought in a strong bear market only",
    )
    allow_2x: bool = Field(
        default=False,
        description="whether the funds of twice the move are bought; they need education and a deposit at the broker",
    )
    support_days: int = Field(
        default=20, ge=10, le=60, description="sessions whose lowest index value is the support that must be broken"
    )
    rsi_floor: float = Field(
        default=25,
        ge=15,
        le=35,
        description="RSI(14) of the index, points of 100, must lie above; an oversold market turns",
    )
    stop_frac: float = Field(default=0.03, ge=0.01, le=0.08, description="stop below the entry limit, fraction of it")
    target_frac: float = Field(default=0.05, ge=0.02, le=0.15, description="target above the entry, fraction of it")
    max_sessions_1x: int = Field(
        default=10, ge=1, le=20, description="sessions after which it is sold; a daily reset wears it off"
    )
    max_sessions_2x: int = Field(
        default=3, ge=1, le=5, description="the same for funds of twice the move, which wear off four times as fast"
    )
    chase_bar: float = Field(default=0.003, ge=0, le=0.01, description="most paid above the last price, fraction of it")
    position_hint: float = Field(
        default=0.175, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )

    def listed_symbols(self) -> frozenset[str]:
        """Return the funds that are bought."""
        return frozenset(self.symbols_1x) | (frozenset(self.symbols_2x) if self.allow_2x else frozenset())

    @model_validator(mode="after")
    def _each_fund_once(self) -> Params:
        twice = sorted(set(self.symbols_1x) & set(self.symbols_2x))
        if twice:
            raise ValueError(f"symbols_1x and symbols_2x both name {', '.join(twice)}")
        return self


class InverseCode(Code, owner="inverse-etf"):
    """Why B2 does not trade, or sells, beside the core's reasons."""

    ABOVE_MA = "지수가 이동평균선 위", "the index is not below its averages"
    MACD_UP = "지수 MACD 상승", "the MACD of the index does not fall"
    SUPPORT_HOLDS = "지수 지지선 유지", "the index has not broken its support"
    OVERSOLD = "지수 과매도", "the index is oversold"
    OTHER_FUND = "다른 배수의 인버스 매매", "in this regime the fund of the other multiple is bought"
    OVERSOLD_TAKE = "지수 과매도 또는 이동평균선 회복", "the index is oversold, or back above its average"


TRAITS = StrategyTraits(
    code="B2",
    style=Style.SWING,
    category=Category.BEAR,
    profile=Profile.ETF,
    regimes=frozenset({Regime.BEAR, Regime.STRONG_BEAR}),
    windows=((dt.time(9, 30), dt.time(14, 0)),),
    grades=frozenset({Grade.ETF}),
    ttl_s=300,
    daily_tail=BARS_NEEDED,
    indices=(INDEX,),
    fixed_stars=3,
    side_limited=False,
    sits_out_events=False,
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_inverse_etf.strategy import InverseEtf

    return InverseEtf(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register inverse ETF."""
    return StrategyPlugin(
        name="inverse-etf",
        summary=(
            "코스피가 지지선을 깨고 내려가면 인버스 ETF 매수",
            "buys an inverse fund while a KOSPI that broke its support goes on falling",
        ),
        params=Params,
        traits=TRAITS,
        codes=(InverseCode,),
        build=build,
    )
