"""Hold the settings of the order gate: the `gate:` block of the YAML.

The gate is part of the core and cannot be removed; each key here can only make it stricter. Amounts are fractions or
carry their unit in the name.
"""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field, field_validator

LAST_ENTRY = dt.time(15, 15)
"""From the end-of-day check on no entry is sent."""


class GateConfig(BaseModel):
    """How strict the order gate is; the defaults are the loosest that is allowed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entry_until: dt.time = Field(
        default=LAST_ENTRY,
        ge=dt.time(9),
        le=LAST_ENTRY,
        description="clock of a usual day from which no entry is sent; can only be earlier, it moves with the session",
    )
    duplicate_window_s: int = Field(
        default=10,
        ge=10,
        le=600,
        description="seconds in which the same order of the same instance is not sent again; can only be longer",
    )

    @field_validator("entry_until")
    @classmethod
    def _is_korean_clock(cls, value: dt.time) -> dt.time:
        if value.tzinfo is not None:
            raise ValueError(f"{value.isoformat()} has a time zone; clocks here are Korean and written without one")
        return value
