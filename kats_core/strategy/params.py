"""Hold the parameters and traits that every strategy has (`spec/strategies.md` sections 1.6 and 1.7)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kats_core.model.kinds import Category, Grade, Moment, Overlay, Profile, Regime, Style
from kats_core.model.signal import SellSignal, Trail

Window: TypeAlias = tuple[dt.time, dt.time]
"""[start, end) in default clock times; shifted with the session (`SessionHours.window`)."""

_FIRST_ENTRY = dt.time(9, 15)
_LAST_ENTRY = dt.time(15, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyTraits:
    """What the core must know about a strategy without knowing it. `code` is an alias for people (S1 ... DS).

    `sell_signals`: what sells its positions at once, unless an exit plan says otherwise. `bars_needed`: own daily bars a symbol needs before `arm` can judge it. `daily_tail`: daily bars that `confirm` and
    `manage` read through `view.daily`; 0 where setups already hold every number. `manage` is asked at the completion of each
    `manage_every_min` minutes (0: at none) and at the moments in `manages_at`. `sits_out_events`:
    makes no entry while a statement or a report is awaited; None: as its style says, swing does, day does not. `trades_gaps`:
    buys a gap at the open, which an ex-dividend day fakes. `side_limited`: its new symbols count in the total of its side of
    the screen profiles; false for strategies that only watch many.
    A strategy that `needs_minute_bars` (its trigger is `OnBar` or `At`, its level needs minutes, or it reads `view.bars`) is
    left out of runs on daily bars, and named. `indices`: what `view.index` shows. `fixed_stars`: its confidence in every
    symbol, where the screen's stars say nothing of it.
    `overlays`: what takes the strategy out although its regime is on.
    """

    code: str
    style: Style
    category: Category
    profile: Profile
    regimes: frozenset[Regime]
    windows: tuple[Window, ...]
    grades: frozenset[Grade]
    ttl_s: int
    bars_needed: int = 1
    daily_tail: int = 0
    indices: tuple[str, ...] = ()
    manage_every_min: int = 0
    manages_at: frozenset[Moment] = frozenset({Moment.CHECK})
    needs_minute_bars: bool = False
    fixed_stars: int | None = None
    pyramids: bool = False
    side_limited: bool = True
    sell_signals: frozenset[SellSignal] = frozenset()
    needs: tuple[str, ...] = ()
    sits_out_events: bool | None = None
    trades_gaps: bool = False
    overlays: frozenset[Overlay] = frozenset()

    @property
    def is_halted_by_events(self) -> bool:
        """Whether it makes no entry while a statement or a report is awaited."""
        return self.style is Style.SWING if self.sits_out_events is None else self.sits_out_events


class StrategyParams(BaseModel):
    """Parameters of every strategy; a plugin's `Params` inherits them and adds its own.

    None means: as the strategy's traits say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="operator switch")
    grades: frozenset[Grade] | None = Field(default=None, description="allowed grades; default: the strategy's own")
    windows: tuple[Window, ...] | None = Field(
        default=None, description="entry windows [start, end) within 09:15-15:30; default: the strategy's own"
    )
    min_confidence: int = Field(default=3, ge=3, le=5, description="stars; two and fewer never trade")
    slip_ticks: int = Field(default=1, ge=0, le=5, description="ticks paid above the ask; one buys the visible ask")
    position_hint: float = Field(
        default=0.15, ge=0.01, le=0.30, description="fraction of equity asked for, before risk"
    )
    max_entries_per_symbol: int = Field(default=1, ge=1, le=5, description="entries a day; one attempt per idea")
    max_armed: int = Field(default=5, ge=1, le=100, description="setups armed for a session, best first")
    ttl_sec: Annotated[int, Field(ge=10, le=900)] | None = Field(
        default=None, description="seconds an entry order lives; default: the strategy's own"
    )

    trail: Trail | None = Field(
        default=None, description="trailing stop after the last target, a method with its value; null: none"
    )

    def listed_symbols(self) -> frozenset[str]:
        """Return the funds that the strategy names itself; everybody else draws from the universe."""
        return frozenset()

    @model_validator(mode="after")
    def _windows_inside_the_day(self) -> StrategyParams:
        for start, end in self.windows or ():
            if not _FIRST_ENTRY <= start < end <= _LAST_ENTRY:
                raise ValueError(f"window {start:%H:%M}-{end:%H:%M} is not inside 09:15-15:30")
        return self
