"""Keep several strategies, adds and grids in one symbol together under one cap (전역 종목 잠금).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kats_core.api import Code, Grade, RiskStage, StagePlugin, StageTraits, hookimpl

_HARD_CAP = {Grade.A: 0.30, Grade.B: 0.20, Grade.C: 0.10, Grade.ETF: 0.20}


class Params(BaseModel):
    """What an operator may set under `params:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hard_cap: dict[Grade, Annotated[float, Field(ge=0, le=0.30)]] = Field(
        default_factory=lambda: dict(_HARD_CAP),
        description="most of equity in one symbol over all strategies, by grade, each 0-0.30; one name can always fail",
        json_schema_extra={"tighter": "lower"},
    )
    max_strategies_per_symbol: int = Field(
        default=2,
        ge=1,
        le=4,
        description="most strategies in one symbol at once; more of them are the same bet again",
        json_schema_extra={"tighter": "lower"},
    )

    @field_validator("hard_cap")
    @classmethod
    def _with_defaults(cls, value: dict[Grade, float]) -> dict[Grade, float]:
        return _HARD_CAP | value


class LockCode(Code, owner="global-position-lock"):
    """Why a symbol takes no more, or not so much."""

    SYMBOL_STRATEGIES = "종목당 전략 수 한도", "as many strategies in the symbol as are allowed"
    EXIT_IN_PROGRESS = "해당 종목 매도 진행 중", "the symbol is being sold"
    SYMBOL_CAP = "종목 합산 한도", "the symbol's cap over all strategies is used"
    INPUT_MISSING = "입력값 없음", "an input is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_global_position_lock.stage import GlobalPositionLock

    return GlobalPositionLock(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the global position lock."""
    return StagePlugin(
        name="global-position-lock",
        summary=("모든 전략을 합쳐 종목당 한도 적용", "caps one symbol over all strategies"),
        params=Params,
        traits=StageTraits(),
        codes=(LockCode,),
        build=build,
    )
