"""Stop buying for the day once the day's loss limit is reached (일일 손실 차단).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kats_core.api import Code, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`. Fractions of the equity at 08:50."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    daily_loss_limit: float = Field(
        default=0.03,
        ge=0.005,
        le=0.05,
        description="loss at which buying ends for the day, a fraction; a bad day must stay one bad day",
        json_schema_extra={"env": "DAILY_LOSS_LIMIT", "tighter": "lower"},
    )
    daily_flatten_limit: float = Field(
        default=0.05,
        ge=0.005,
        le=0.10,
        description="loss at which day strategies sell too, a fraction, at least daily_loss_limit; stops alone did not hold",
        json_schema_extra={"tighter": "lower"},
    )

    @model_validator(mode="after")
    def _flatten_after_kill(self) -> Params:
        if not self.daily_flatten_limit >= self.daily_loss_limit:
            raise ValueError(
                f"daily_flatten_limit {self.daily_flatten_limit} is below daily_loss_limit {self.daily_loss_limit}: "
                "selling comes after the end of buying, set it at least as high"
            )
        return self


class KillSwitchCode(Code, owner="daily-kill-switch"):
    """Why nothing is bought any more today."""

    KILL_SWITCH = "일일 손실 한도 도달", "the day's loss limit is reached"
    KILL_SWITCH_UNARMED = "당일 기준 자산 없음", "the equity to measure the day's loss from is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_daily_kill_switch.stage import DailyKillSwitch

    return DailyKillSwitch(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the daily kill switch."""
    return StagePlugin(
        name="daily-kill-switch",
        summary=("일일 손실 한도에 도달하면 당일 매수 중단", "stops buying once the day's loss limit is reached"),
        params=Params,
        traits=StageTraits(),
        codes=(KillSwitchCode,),
        build=build,
    )
