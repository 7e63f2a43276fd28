"""Hold the settings of the order gate: the `gate:` block of the YAML.

The gate is part of the core and cannot be removed; each key here can only make it stricter. Amounts are fractions or
carry their unit in the name. The defaults refuse nothing that the shared caps of `limits:` and the default stages allow:
they catch what no sound order looks like. `profile: first-month` is much tighter, for the first weeks with real money.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from kats_core.model.tighter import LESS_IS_TIGHTER, MORE_IS_TIGHTER

LAST_ENTRY = dt.time(15, 15)
"""From the end-of-day check on no entry is sent."""

EXCHANGE_CAP_KRW = 100_000_000_000
"""The exchange takes no larger order (`market/krx_rules.md`, orders)."""

FIRST_MONTH: dict[str, Any] = {
    "entry_from": "09:05:00",
    "entry_until": "15:10:00",
    "max_order_frac": 0.20,
    "max_order_krw": 10_000_000,
    "max_order_shares": 10_000,
    "max_volume_frac": 0.01,
    "max_bought_frac": 1.0,
    "min_price_krw": 2_000,
    "ask_frac": 0.01,
    "leveraged_funds": False,
}
"""What `profile: first-month` puts in place of the defaults; a key of the file itself wins over it."""


class GateConfig(BaseModel):
    """How strict the order gate is; the defaults are the loosest that is allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: Literal["default", "first-month"] = Field(
        default="default", description="where the other keys start: default, or first-month for the first real money"
    )
    entry_from: dt.time = Field(
        json_schema_extra=MORE_IS_TIGHTER,
        default=dt.time(9),
        ge=dt.time(9),
        le=LAST_ENTRY,
        description="clock of a usual day before which no entry is sent; can only be later, it moves with the session",
    )
    entry_until: dt.time = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=LAST_ENTRY,
        ge=dt.time(9),
        le=LAST_ENTRY,
        description="clock of a usual day from which no entry is sent; can only be earlier, it moves with the session",
    )
    closing_auction: bool = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=True,
        description="whether entries that are meant for the closing auction are sent into it; can only be false",
    )
    duplicate_window_s: int = Field(
        json_schema_extra=MORE_IS_TIGHTER,
        default=10,
        ge=10,
        le=600,
        description="seconds in which the same order of the same instance is not sent again; can only be longer",
    )
    collar_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=0.03,
        gt=0,
        le=0.03,
        description="how far above the last price an entry may bid; can only be less",
    )
    exit_collar_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=0.05,
        gt=0,
        le=0.05,
        description="how far below the last price a limit exit may ask; can only be less",
    )
    reference_age_s: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=60,
        ge=1,
        le=60,
        description="seconds after which a last price says nothing any more; can only be less",
    )
    ask_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=0.03,
        gt=0,
        le=0.03,
        description="how far above the best ask an entry may bid, five ticks at least; can only be less",
    )
    drift_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=0.02,
        gt=0,
        le=0.02,
        description="how far own purchases of a minute may drive their average above the first; can only be less",
    )
    clock_skew_s: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=3,
        ge=1,
        le=3,
        description="seconds between this machine's clock and the broker's from which on nothing is bought",
    )
    leveraged_funds: bool = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=True,
        description="whether funds of a multiple beyond 1 may be bought where a strategy is told to; can only be false",
    )
    max_order_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=0.30,
        gt=0,
        le=0.30,
        description="most of equity in one entry order; exits may be twice as large",
    )
    max_order_krw: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=EXCHANGE_CAP_KRW,
        gt=0,
        le=EXCHANGE_CAP_KRW,
        description="most won in one order, whatever equity says",
    )
    max_order_shares: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=10_000_000,
        gt=0,
        le=10_000_000,
        description="most shares in one entry order",
    )
    max_volume_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=1.0,
        gt=0,
        le=1.0,
        description="most shares in one entry order, of the mean volume of 20 own bars",
    )
    max_bought_frac: float = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=10.0,
        gt=0,
        le=10.0,
        description="most won sent to buy in one session, of equity at its start",
    )
    min_price_krw: int = Field(
        json_schema_extra=MORE_IS_TIGHTER,
        default=0,
        ge=0,
        le=100_000,
        description="nothing cheaper is bought; can only be more",
    )
    orders_burst: int = Field(
        json_schema_extra=LESS_IS_TIGHTER, default=5, ge=1, le=5, description="entry orders that may be sent at once"
    )
    orders_per_second: int = Field(
        json_schema_extra=LESS_IS_TIGHTER, default=2, ge=1, le=2, description="entry orders a second in the long run"
    )
    exits_per_second: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=3,
        ge=3,
        le=3,
        description="exits and cancels a second, in a lane of their own; fixed",
    )
    orders_a_day: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=500,
        ge=1,
        le=500,
        description="after so many orders no entry is sent that day",
    )
    cancels_a_day: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=200,
        ge=1,
        le=200,
        description="after so many cancels no entry is sent that day",
    )
    entries_a_minute: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=3,
        ge=1,
        le=3,
        description="entries of one instance in one symbol within 60 s; one more latches it off",
    )
    entries_a_day: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=6,
        ge=1,
        le=6,
        description="entries of one instance in one symbol a session; one more latches it off",
    )
    round_trips: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=3,
        ge=1,
        le=3,
        description="positions closed in one symbol a session before nothing is bought in it",
    )
    refusals_to_latch: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=5,
        ge=1,
        le=5,
        description="broker's refusals of one instance within 60 s that latch it off",
    )
    refusals_to_halt: int = Field(
        json_schema_extra=LESS_IS_TIGHTER,
        default=20,
        ge=1,
        le=20,
        description="broker's refusals within 60 s that halt the account",
    )

    @model_validator(mode="before")
    @classmethod
    def _start_from_profile(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("profile") == "first-month":
            return FIRST_MONTH | data
        return data

    @field_validator("entry_from", "entry_until", mode="before")
    @classmethod
    def _read_clock(cls, value: Any) -> Any:
        # Behind a validator of the whole model a strict one takes no text for a time, not even out of JSON.
        try:
            return dt.time.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            return value

    @field_validator("entry_from", "entry_until")
    @classmethod
    def _is_korean_clock(cls, value: dt.time) -> dt.time:
        if value.tzinfo is not None:
            raise ValueError(f"{value.isoformat()} has a time zone; clocks here are Korean and written without one")
        return value
