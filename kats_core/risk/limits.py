"""Hold the caps that several stages share: the `limits:` block of the YAML."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kats_core.model.kinds import Grade

_GRADE_CAP = {Grade.A: 0.30, Grade.B: 0.20, Grade.C: 0.10, Grade.ETF: 0.20, Grade.D: 0.0}


class Limits(BaseModel):
    """Shared caps; fractions of equity unless the name says won (`spec/risk.md` section 1.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grade_cap: dict[Grade, float] = Field(
        default_factory=lambda: dict(_GRADE_CAP), description="most of equity in one symbol, by grade, each 0-0.30"
    )
    min_order_krw: int = Field(default=300_000, ge=0, description="smallest order, won; smaller ones cost too much")
    min_stop_frac: float = Field(
        default=0.005, ge=0.001, le=0.02, description="stops nearer than this are sized as this far"
    )
    commission: float = Field(default=0.00015, ge=0, le=0.005, description="broker's rate on each side")
    max_exposure: float = Field(
        default=1.0, gt=0, le=1.0, description="most of equity invested at once, the engine's own last check"
    )

    @field_validator("grade_cap")
    @classmethod
    def _complete_and_in_range(cls, value: dict[Grade, float]) -> dict[Grade, float]:
        for grade, cap in value.items():
            if not 0 <= cap <= 0.30:
                raise ValueError(f"grade {grade}: {cap} is not between 0 and 0.30")
        return _GRADE_CAP | value
