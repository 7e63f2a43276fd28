"""Cap what each grade of symbols, the whole account and a single symbol may use, by regime (등급별 비중).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from kats_core.api import Code, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """There are none: the tables stand in the `limits:` block, where other stages read them too."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AllocatorCode(Code, owner="grade-allocator"):
    """Which cap an entry met."""

    GRADE_COUNT = "등급별 종목 수 한도", "as many symbols of the grade as are allowed"
    MAX_POSITIONS = "보유 종목 수 한도", "as many symbols as the regime allows"
    GRADE_TOTAL = "등급별 비중 한도", "the grade's part of the account is used"
    CASH_FLOOR = "최소 현금 비중", "the regime keeps this much in cash"
    GRADE_SINGLE = "종목당 비중 한도", "the symbol's part of the account is used"
    INPUT_MISSING = "입력값 없음", "an input is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_grade_allocator.stage import GradeAllocator

    return GradeAllocator()


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the grade allocator."""
    return StagePlugin(
        name="grade-allocator",
        summary=("등급과 장세에 따라 비중과 종목 수 제한", "caps exposure and counts by grade and regime"),
        params=Params,
        traits=StageTraits(),
        codes=(AllocatorCode,),
        build=build,
    )
