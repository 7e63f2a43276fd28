"""Make entries smaller, later, or not at all on days that are known to move the market (특수 이벤트).

KATS reads this module to list and configure the stage; `stage.py`, which decides, is imported when the stage is built.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from kats_core.api import Code, EventType, RiskStage, StagePlugin, StageTraits, hookimpl


class Params(BaseModel):
    """What an operator may set under `params:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reduce_scale: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of the size that remains on a day of REDUCE; 0 makes it a day off",
        json_schema_extra={"tighter": "lower"},
    )
    missing_extra_cash: float = Field(
        default=0.10,
        ge=0,
        le=0.5,
        description="cash kept beyond the regime's while the day's events are not known, a fraction of equity",
        json_schema_extra={"tighter": "higher"},
    )
    enabled_types: tuple[EventType, ...] = Field(
        default=tuple(EventType), description="types of events that count; the others are as if they did not happen"
    )


class EventCode(Code, owner="event-guard"):
    """What an event does to an entry."""

    EVENT_HALT = "이벤트로 진입 금지", "an event forbids the entry"
    EVENT_TIME = "이벤트로 진입 시간 제한", "an event allows no entry at this time"
    EVENT_REDUCE = "이벤트로 수량 축소", "an event reduces the size"
    EVENT_CASH = "이벤트로 현금 비중 상향", "an event keeps more in cash"
    EVENT_CALENDAR_MISSING = "이벤트 일정 없음", "the day's events are not known"
    INPUT_MISSING = "입력값 없음", "an input is missing"


def build(params: Params) -> RiskStage:
    """Return the stage; only here is its module imported."""
    from kats_risk_event_guard.stage import EventGuard

    return EventGuard(params)


@hookimpl
def kats_register_risk_stages() -> StagePlugin:
    """Register the event guard."""
    return StagePlugin(
        name="event-guard",
        summary=(
            "만기일·FOMC·금통위·실적 발표 전후 매수 제한",
            "limits entries around expiries, central banks and earnings",
        ),
        params=Params,
        traits=StageTraits(),
        codes=(EventCode,),
        build=build,
    )
