"""Hold the caps that several stages share: the `limits:` block of the YAML."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kats_core.model.kinds import Grade, Regime
from kats_core.model.tighter import LESS_IS_TIGHTER, MORE_IS_TIGHTER

_Key = TypeVar("_Key", Grade, Regime)
_GRADE_CAP = {Grade.A: 0.30, Grade.B: 0.20, Grade.C: 0.10, Grade.ETF: 0.20, Grade.D: 0.0}
_MAX_COUNT = {Grade.A: 2, Grade.B: 3, Grade.C: 2, Grade.ETF: 1, Grade.D: 0}
_MAX_POSITIONS = {
    Regime.STRONG_BULL: 5,
    Regime.BULL: 5,
    Regime.SIDEWAYS: 4,
    Regime.BEAR: 2,
    Regime.STRONG_BEAR: 2,
    Regime.UNKNOWN: 0,
}


_COLUMN = {Grade.A: "a", Grade.B: "b", Grade.C: "c", Grade.ETF: "etf"}


class Allocation(BaseModel):
    """How much of equity may be invested in one regime: by grade, in all, and in one symbol as a part of its cap."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    a: float = Field(
        json_schema_extra=LESS_IS_TIGHTER, ge=0, le=1, description="most of equity in all symbols of grade A"
    )
    b: float = Field(json_schema_extra=LESS_IS_TIGHTER, ge=0, le=1, description="the same for grade B")
    c: float = Field(json_schema_extra=LESS_IS_TIGHTER, ge=0, le=1, description="the same for grade C")
    etf: float = Field(json_schema_extra=LESS_IS_TIGHTER, ge=0, le=1, description="the same for funds")
    max_invested: float = Field(
        json_schema_extra=LESS_IS_TIGHTER, ge=0, le=1, description="most of equity invested at once"
    )
    min_cash: float = Field(json_schema_extra=MORE_IS_TIGHTER, ge=0, le=1, description="the rest of max_invested to 1")
    single_scale: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        ge=0,
        le=1,
        description="part of grade_cap that one symbol may reach in this regime",
    )

    @model_validator(mode="after")
    def _add_up(self) -> Allocation:
        if abs(self.max_invested + self.min_cash - 1) > 1e-9:
            raise ValueError(f"max_invested {self.max_invested} and min_cash {self.min_cash} do not add up to 1")
        return self

    def total(self, grade: Grade) -> float:
        """Return the most of equity in all symbols of a grade; nothing for grade D."""
        column = _COLUMN.get(grade)
        total: float = 0.0 if column is None else getattr(self, column)
        return total


def _row(a: float, b: float, c: float, etf: float, invested: float, cash: float, single: float) -> Allocation:
    return Allocation(a=a, b=b, c=c, etf=etf, max_invested=invested, min_cash=cash, single_scale=single)


# `spec/risk.md` section 2.4.
_ALLOCATION = {
    Regime.STRONG_BULL: _row(0.35, 0.30, 0.10, 0.00, 0.70, 0.30, 1.0),
    Regime.BULL: _row(0.30, 0.25, 0.05, 0.00, 0.60, 0.40, 1.0),
    Regime.SIDEWAYS: _row(0.25, 0.20, 0.05, 0.00, 0.50, 0.50, 0.8),
    Regime.BEAR: _row(0.20, 0.15, 0.00, 0.20, 0.35, 0.65, 0.5),
    Regime.STRONG_BEAR: _row(0.15, 0.10, 0.00, 0.20, 0.20, 0.80, 0.5),
    Regime.UNKNOWN: _row(0.00, 0.00, 0.00, 0.00, 0.00, 1.00, 0.0),
}


class Pyramiding(BaseModel):
    """How strategies that pyramid buy their plan in stages (`spec/risk.md` section 5)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ratios: tuple[Annotated[float, Field(gt=0, le=1)], ...] = Field(
        default=(0.5, 0.3, 0.2), min_length=1, max_length=3, description="parts of the plan, in all 1 at most"
    )
    trigger: float = Field(
        default=0.025, ge=0.02, le=0.05, description="rise above the stage before, from which the next is added"
    )
    max_chase: float = Field(default=0.01, ge=0, le=0.02, description="most that an add may cost above its trigger")
    window: tuple[dt.time, dt.time] = Field(
        default=(dt.time(9, 30), dt.time(14, 0)), description="when stages are added [start, end)"
    )

    @model_validator(mode="after")
    def _possible(self) -> Pyramiding:
        if sum(self.ratios) > 1 + 1e-9:
            raise ValueError(f"ratios {self.ratios} add up to more than 1")
        start, end = self.window
        if not dt.time(9) <= start < end <= dt.time(15, 15):
            raise ValueError(f"window {start:%H:%M}-{end:%H:%M} is not inside 09:00-15:15")
        return self


class Limits(BaseModel):
    """Shared caps; fractions of equity unless the name says won (`spec/risk.md` section 1.1)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    grade_cap: dict[Grade, float] = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default_factory=lambda: dict(_GRADE_CAP),
        description="most of equity in one symbol, by grade, each 0-0.30",
    )
    allocation: dict[Regime, Allocation] = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default_factory=lambda: dict(_ALLOCATION),
        description="how much may be invested in each regime, by grade",
    )
    max_count: dict[Grade, int] = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default_factory=lambda: dict(_MAX_COUNT),
        description="most symbols held or on order, by grade, each 0-100",
    )
    max_positions: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=5,
        ge=0,
        le=100,
        description="most symbols held or on order; the regime may allow fewer",
    )
    regime_positions: dict[Regime, int] = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default_factory=lambda: dict(_MAX_POSITIONS),
        description="most symbols held or on order, by regime, each 0-100",
    )
    min_order_krw: int = Field(
        json_schema_extra=MORE_IS_TIGHTER,
        default=300_000,
        ge=0,
        description="smallest order, won; smaller ones cost too much",
    )
    min_stop_frac: float = Field(
        json_schema_extra=MORE_IS_TIGHTER,
        default=0.005,
        ge=0.001,
        le=0.02,
        description="stops nearer than this are sized as this far",
    )
    commission: float = Field(default=0.00015, ge=0, le=0.005, description="broker's rate on each side")
    pyramid: Pyramiding = Field(default_factory=Pyramiding, description="how a plan is bought in stages")
    max_exposure: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=1.0,
        gt=0,
        le=1.0,
        description="most of equity invested at once, the engine's own last check",
    )

    @field_validator("grade_cap")
    @classmethod
    def _complete_and_in_range(cls, value: dict[Grade, float]) -> dict[Grade, float]:
        for grade, cap in value.items():
            if not 0 <= cap <= 0.30:
                raise ValueError(f"grade {grade}: {cap} is not between 0 and 0.30")
        return _GRADE_CAP | value

    @field_validator("allocation")
    @classmethod
    def _every_regime(cls, value: dict[Regime, Allocation]) -> dict[Regime, Allocation]:
        return _ALLOCATION | value

    @field_validator("max_count")
    @classmethod
    def _counts_by_grade(cls, value: dict[Grade, int]) -> dict[Grade, int]:
        return _MAX_COUNT | _counts(value)

    @field_validator("regime_positions")
    @classmethod
    def _counts_by_regime(cls, value: dict[Regime, int]) -> dict[Regime, int]:
        return _MAX_POSITIONS | _counts(value)


def _counts(value: dict[_Key, int]) -> dict[_Key, int]:
    for key, count in value.items():
        if not 0 <= count <= 100:
            raise ValueError(f"{key}: {count} is not between 0 and 100")
    return value
