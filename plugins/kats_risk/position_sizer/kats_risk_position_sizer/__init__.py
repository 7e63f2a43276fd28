"""Size an entry from its stop: if the stop is hit, a small, known part of equity is lost (거래당 리스크).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kats_core.api import Code, Phase, Regime, RiskStage, StagePlugin, StageTraits, hookimpl

_RISK_BY_REGIME = {
    Regime.STRONG_BULL: 0.020,
    Regime.BULL: 0.018,
    Regime.SIDEWAYS: 0.012,
    Regime.BEAR: 0.008,
    Regime.STRONG_BEAR: 0.005,
}
_CONFIDENCE_MULT = {5: 1.00, 4: 0.75, 3: 0.50}

RiskFraction = Annotated[float, Field(ge=0, le=0.02)]
Stars = Annotated[int, Field(ge=3, le=5)]
Multiplier = Annotated[float, Field(ge=0, le=1)]


class Params(BaseModel):
    """What an operator may set under `params:`. A map may name some keys only; the others keep their defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    risk_by_regime: dict[Regime, RiskFraction] = Field(
        default_factory=lambda: dict(_RISK_BY_REGIME),
        description="fraction of equity lost at the stop, by market regime, each 0-0.02; weak markets stop out more often",
        json_schema_extra={"tighter": "lower"},
    )
    risk_per_trade: float = Field(
        default=0.02,
        ge=0,
        le=0.02,
        description="most of equity lost at the stop in any regime, a fraction; Elder's 2 % rule",
        json_schema_extra={"env": "RISK_PER_TRADE", "tighter": "lower"},
    )
    confidence_mult: dict[Stars, Multiplier] = Field(
        default_factory=lambda: dict(_CONFIDENCE_MULT),
        description="factor on the grade's cap by stars 3-5, each 0-1; a weaker candidate gets less room, not a closer stop",
        json_schema_extra={"tighter": "lower"},
    )
    max_stop_frac: float = Field(
        default=0.10,
        ge=0.02,
        le=0.15,
        description="widest stop, fraction of the entry limit; wider ones are not entries",
        json_schema_extra={"tighter": "lower"},
    )

    @field_validator("risk_by_regime")
    @classmethod
    def _with_default_risk(cls, value: dict[Regime, float]) -> dict[Regime, float]:
        return _RISK_BY_REGIME | value

    @field_validator("confidence_mult")
    @classmethod
    def _with_default_confidence(cls, value: dict[int, float]) -> dict[int, float]:
        return _CONFIDENCE_MULT | value


class SizerCode(Code, owner="position-sizer"):
    """Why an entry gets no size."""

    STOP_NOT_BELOW_ENTRY = "손절가가 진입가보다 낮지 않음", "the stop is not below the entry limit"
    STOP_TOO_WIDE = "손절 폭 초과", "the stop is too far below the entry limit"
    CONFIDENCE_LOW = "확신도 부족", "two stars or fewer never trade"
    GRADE_D = "D등급 매매 금지", "grade D is not traded"
    TOO_SMALL = "최소 주문 금액 미달", "the order would be smaller than the minimum"
    INPUT_MISSING = "입력값 없음", "an input is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_position_sizer.stage import PositionSizer

    return PositionSizer(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the position sizer."""
    return StagePlugin(
        name="position-sizer",
        summary=("손절 폭으로 수량 결정 (거래당 리스크)", "sizes an entry from the distance to its stop"),
        params=Params,
        traits=StageTraits(phase=Phase.SIZE),
        codes=(SizerCode,),
        build=build,
    )
