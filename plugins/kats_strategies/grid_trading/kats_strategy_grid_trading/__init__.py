"""Grid trading (그리드 매매, GR): buy falling steps inside a proven box, sell each one step higher.

KATS reads this module to list and configure the strategy; `strategy.py`, which trades, is imported when it is built.
"""

from __future__ import annotations

import datetime as dt

from pydantic import Field, field_validator

from kats_core.api import (
    BoxParams,
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
    hookimpl,
)


class GridBox(BoxParams):
    """What counts as a box for a grid: a longer and wider one, also where only a part of it is set."""

    n: int = Field(default=40, ge=20, le=120, description="bars of the box")
    width_min: float = Field(
        default=0.06, ge=0.02, le=0.1, description="least width, fraction of its middle; pays the costs"
    )
    width_max: float = Field(default=0.20, ge=0.08, le=0.3, description="most width; wider is a trend")


class Params(StrategyParams):
    """What an operator may set under `params:`, beside what every strategy has."""

    box: GridBox = Field(default=GridBox(), description="what counts as a box")
    levels: int = Field(default=10, ge=4, le=20, description="number of steps of the grid, even; half of them buy")
    range_frac: float = Field(
        default=0.10, ge=0.04, le=0.2, description="most of the grid's height, fraction of its middle"
    )
    order_frac: float = Field(default=0.05, ge=0.01, le=0.1, description="fraction of equity asked for at each level")
    max_frac: float = Field(
        default=0.30, ge=0.05, le=0.3, description="most that one grid may hold, fraction of equity"
    )
    near: float = Field(
        default=0.003, ge=0, le=0.01, description="how near the price must come to a level, fraction of it"
    )
    halt_frac: float = Field(default=0.02, ge=0.01, le=0.05, description="stop below the lowest level, fraction of it")
    min_step: float = Field(
        default=0.007,
        ge=0.005,
        le=0.05,
        description="least step, fraction of the middle; three times the costs of a round trip",
    )
    max_sessions: int = Field(default=20, ge=1, le=60, description="sessions after which a lot is sold")

    @field_validator("levels")
    @classmethod
    def _is_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError(f"{value} levels: expected an even number, half of them buy")
        return value


class GridCode(Code, owner="grid-trading"):
    """Why GR does not trade, beside the core's reasons."""

    RSI_EXTREME = "RSI 중립 아님", "the RSI is too far from the middle"
    STEP_SMALL = "그리드 간격 부족", "a step would not pay its costs"
    GRID_FULL = "그리드 한도 도달", "the grid holds all that it may"


TRAITS = StrategyTraits(
    code="GR",
    style=Style.SWING,
    category=Category.NEUTRAL,
    profile=Profile.NEUTRAL,
    regimes=frozenset({Regime.BULL, Regime.SIDEWAYS}),
    windows=((dt.time(9, 30), dt.time(14, 0)),),
    grades=frozenset({Grade.A, Grade.B}),
    ttl_s=600,
    bars_needed=60,
    fixed_stars=3,
    sell_signals=frozenset({SellSignal.BAD_NEWS}),
    overlays=frozenset({Overlay.INDEX_SHOCK}),
)


def build(params: Params) -> Strategy:
    """Return the strategy; only here is its module imported."""
    from kats_strategy_grid_trading.strategy import GridTrading

    return GridTrading(params)


@hookimpl
def kats_register_strategies() -> StrategyPlugin:
    """Register grid trading."""
    return StrategyPlugin(
        name="grid-trading",
        summary=(
            "박스 안에서 내려가는 가격마다 분할 매수, 한 칸 위에서 매도",
            "buys falling steps inside a proven box, sells each one step higher",
        ),
        params=Params,
        traits=TRAITS,
        codes=(GridCode,),
        build=build,
    )
