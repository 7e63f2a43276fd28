"""Keep the account from being one industry's (섹터 편중 제한).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.api import Code, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sector_max: float = Field(
        default=0.40,
        ge=0.1,
        le=1,
        description="most of equity in one sector, a fraction; an industry falls together",
        json_schema_extra={"env": "SECTOR_MAX", "tighter": "lower"},
    )
    sector_max_count: int = Field(
        default=2,
        ge=1,
        le=5,
        description="most symbols of one sector held or on order; two of a kind are enough",
        json_schema_extra={"tighter": "lower"},
    )


class SectorCode(Code, owner="sector-limit"):
    """Why a sector takes no more, or not so much."""

    SECTOR_UNKNOWN = "섹터 확인 불가", "the symbol's sector is not known"
    SECTOR_COUNT = "섹터 종목 수 한도", "as many symbols of the sector as are allowed"
    SECTOR_MAX = "섹터 비중 한도", "the sector's part of the account is used"
    INPUT_MISSING = "입력값 없음", "an input is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_sector_limit.stage import SectorLimit

    return SectorLimit(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the sector limit."""
    return StagePlugin(
        name="sector-limit",
        summary=("섹터별 비중과 종목 수 제한", "caps exposure and counts by sector"),
        params=Params,
        traits=StageTraits(),
        codes=(SectorCode,),
        build=build,
    )
