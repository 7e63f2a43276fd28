"""Keep entries out of volatility interruptions and halts (변동성완화장치, VI).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.api import Code, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    proximity: float = Field(
        default=0.01,
        ge=0,
        le=0.03,
        description="zone below the upper VI price in which nothing is paid, a fraction of it; an entry there runs into the VI",
        json_schema_extra={"tighter": "higher"},
    )
    cooling_sec: int = Field(
        default=30,
        ge=0,
        le=300,
        description="seconds without entries after an interruption; our own time of observation, not the exchange's",
        json_schema_extra={"tighter": "higher"},
    )


class ViCode(Code, owner="vi-guard"):
    """Why a symbol is not bought now."""

    VI_NEAR = "VI 발동가 근접", "the limit is too close to the price of an interruption"
    VI_AUCTION = "VI 단일가 매매 중", "in the call auction of an interruption"
    VI_COOLING = "VI 해제 직후", "an interruption has just ended"
    VI_UNKNOWN = "VI 상태 확인 불가", "whether the symbol is interrupted is not known"
    HALTED = "거래 정지", "trading is halted"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_vi_guard.stage import ViGuard

    return ViGuard(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the VI guard."""
    return StagePlugin(
        name="vi-guard",
        summary=("VI와 거래정지 중 매수 차단", "keeps entries out of volatility interruptions and halts"),
        params=Params,
        traits=StageTraits(),
        codes=(ViCode,),
        build=build,
    )
