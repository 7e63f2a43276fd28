"""Dividend switching (배당주 스위칭, DS): hold high dividends over the record date, and buy falls that overdo the ex-dividend.

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


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    days_before: int = Field(
        default=2, ge=1, le=10, description="sessions before the ex-date from which on it is bought"
    )
    min_yield: float = Field(
        default=0.03, ge=0.01, le=0.1, description="least dividends of a year, fraction of the close"
    )
    min_net_event: float = Field(
        default=0.005,
        ge=0,
        le=0.05,
        description="least single payment after tax, fraction of the close; twice what buying and selling costs",
    )
    bounce_rsi: float = Field(
        default=35, ge=20, le=45, description="RSI(14) after the ex-date, points of 100, must lie below; overdone"
    )
    dividend_tax: float = Field(
        default=0.154, ge=0, le=0.5, description="tax on dividends, a fraction; 14 % and 1.4 % local"
    )
    trend_days: int = Field(
        default=60,
        ge=0,
        le=200,
        description="own daily bars of the average the close must not lie below; 0 switches it off",
    )
    capture_stop: float = Field(default=0.05, ge=0.01, le=0.15, description="stop below the limit, fraction of it")
    capture_t1: float = Field(
        default=0.03, ge=0.01, le=0.15, description="first target above the entry, fraction of it"
    )
    capture_t2: float = Field(
        default=0.05, ge=0.01, le=0.15, description="second target above the entry, fraction of it"
    )
    bounce_stop: float = Field(default=0.03, ge=0.01, le=0.15, description="stop of a bounce, fraction of the limit")
    bounce_t1: float = Field(
        default=0.02, ge=0.01, le=0.15, description="first target of a bounce, fraction of the entry"
    )
    bounce_t2: float = Field(
        default=0.04, ge=0.01, le=0.15, description="second target of a bounce, fraction of the entry"
    )
    max_sessions_after_ex: int = Field(
        default=5,
        ge=1,
        le=20,
        description="sessions behind the ex-date after which it is sold; the recovery comes early",
    )
    position_hint: float = Field(
        default=0.20, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    bounce_hint: float = Field(
        default=0.12, ge=0.01, le=0.30, description="fraction of equity asked for with a bounce, before risk"
    )


class DividendCode(Code, owner="dividend-switching"):
    """Why DS does not trade, or sells, beside the core's reasons."""

    FUNDAMENTALS_MISSING = "확정 배당 없음", "no dividend is confirmed"
    TOO_LATE = "배당락일 도달", "whoever buys next session gets no dividend any more"
    TOO_EARLY = "배당락일까지 여유", "the ex-date is still too far away"
    YIELD = "배당수익률 부족", "the dividend is too small"
    DROP = "배당락 이상 하락 아님", "it fell less than the dividend on the ex-date"
    SWITCHING = "더 높은 배당으로 교체", "sold for a dividend that pays more"


TRAITS = StrategyTraits(
    code="DS",
    style=Style.SWING,
    category=Category.NEUTRAL,
    profile=Profile.NEUTRAL,
    regimes=frozenset({Regime.STRONG_BULL, Regime.BULL, Regime.SIDEWAYS}),
    windows=((dt.time(9, 30), dt.time(10, 30)), (dt.time(15, 20), dt.time(15, 30))),
    grades=frozenset({Grade.A}),
    ttl_s=300,
    bars_needed=60,
    sell_signals=frozenset({SellSignal.DISTRIBUTION_BAR, SellSignal.BAD_NEWS}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_dividend_switching.strategy import DividendSwitching

    return DividendSwitching(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register dividend switching."""
    return StrategyPlugin(
        name="dividend-switching",
        summary=(
            "배당락 전 종가에 고배당주 매수, 배당락 과다 하락 매수",
            "buys high dividends before they go ex, and falls that overdo the ex-dividend",
        ),
        params=Params,
        traits=TRAITS,
        codes=(DividendCode,),
        build=build,
    )
