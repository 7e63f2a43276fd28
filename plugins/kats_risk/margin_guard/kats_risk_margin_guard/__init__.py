"""Buy with cash that is there: no unsettled-purchase credit (미수), no margin (신용).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.api import ORDERABLE_CASH, Code, Phase, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cash_ttl_sec: int = Field(
        default=5,
        ge=1,
        le=30,
        description="seconds for which a figure of the cash counts; another order may spend it",
        json_schema_extra={"tighter": "lower"},
    )
    buffer_krw: int = Field(
        default=10_000,
        ge=0,
        le=10_000_000,
        description="won never spent; covers roundings and fees of the broker",
        json_schema_extra={"tighter": "higher"},
    )


class MarginCode(Code, owner="margin-guard"):
    """Why an entry is cut or not paid at all."""

    CASH_SHORT = "현금 부족", "not enough cash"
    CASH_UNKNOWN = "주문가능금액 확인 불가", "the orderable cash is missing or too old"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_margin_guard.stage import MarginGuard

    return MarginGuard(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the margin guard."""
    return StagePlugin(
        name="margin-guard",
        summary=("현금 범위 안에서만 매수 (미수/신용 차단)", "cuts an entry to the cash that is there"),
        params=Params,
        traits=StageTraits(phase=Phase.CASH, needs=(ORDERABLE_CASH,)),
        codes=(MarginCode,),
        build=build,
    )
