"""Trade smaller after losses, then not at all: the month limit and the drawdown ladder (월간 손실, 드로우다운 단계).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.api import Code, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`. Fractions of equity."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    monthly_loss_limit: float = Field(
        default=0.06,
        ge=0.01,
        le=0.10,
        description="loss of a month after which nothing is bought until the next, open risk included",
        json_schema_extra={"env": "MONTHLY_LOSS_LIMIT", "tighter": "lower"},
    )
    green_reduce_at: float = Field(
        default=0.02,
        ge=0,
        le=0.03,
        description="loss of a day from which entries are scaled; a bad day gets no full bet",
        json_schema_extra={"tighter": "lower"},
    )
    green_scale: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="what is left of an entry on such a day",
        json_schema_extra={"tighter": "lower"},
    )


class DrawdownCode(Code, owner="drawdown-protocol"):
    """Where the account stands on the ladder, and what an entry met."""

    DRAWDOWN_REDUCED = "당일 손실, 수량 축소", "down on the day: smaller entries"
    DRAWDOWN_YELLOW = "경계: 당일 매수 중단", "yellow: no entries today"
    DRAWDOWN_ORANGE = "위험: 이달 매수 중단", "orange: no entries this month"
    DRAWDOWN_RED = "심각: 전량 매도 후 중단", "red: everything is sold, no entries until a person resumes"
    DRAWDOWN_BLACK = "비상: 무기한 중단", "black: everything is sold, no entries until a person resumes twice"
    DRAWDOWN_SCALE = "드로우다운 수량 축소", "cut by the drawdown scale"
    MONTHLY_LIMIT = "월간 손실 한도 도달", "the month's losses and the open risk use up the month's limit"
    MONTHLY_ROOM = "월간 손실 한도 내로 축소", "cut to what the month's limit leaves to risk"
    TOO_SMALL = "최소 주문금액 미만", "less than the smallest order"
    CONFIDENCE_LOW = "회복기 확신도 부족", "in recovery with too few wins only four stars and more are bought"
    PNL_UNKNOWN = "손익 확인 불가", "profit, month or peak of the account is not known"
    RESUME_TOO_EARLY = "재개 조건 미충족", "what has to come before trading is resumed is not there yet"
    RESUME_AGAIN = "두 번째 승인 필요", "resume once more, ten minutes from now or later"
    RESUMED = "매매 재개", "trading is resumed at half size"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_drawdown_protocol.stage import DrawdownProtocol

    return DrawdownProtocol(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the drawdown protocol."""
    return StagePlugin(
        name="drawdown-protocol",
        summary=("월간 손실 한도와 드로우다운 단계별 축소/중단", "month limit and drawdown ladder"),
        params=Params,
        traits=StageTraits(),
        codes=(DrawdownCode,),
        build=build,
    )
