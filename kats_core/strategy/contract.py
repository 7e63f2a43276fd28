"""State what a strategy is: `arm` after the close, `confirm` while its trigger holds, `manage` while it holds shares.

The engine meets strategies through these protocols only; `kats_core.api` is where authors import them from.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray
from kats_core.market.limits import PriceLimits
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.patterns.found import Found
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model.bar import Bar, Book
from kats_core.model.event import DailyTail, IndexTail
from kats_core.model.fact import Fact
from kats_core.model.labels import Code
from kats_core.model.position import Position
from kats_core.model.setup import Group, Lifetime, Numbers, Rearm, Setup, Trigger
from kats_core.model.signal import Confirmation, Management
from kats_core.model.time import Nanos
from kats_core.strategy.intraday_bar import IntradayBar
from kats_core.strategy.params import StrategyParams, StrategyTraits

Column: TypeAlias = npt.NDArray[np.int64] | npt.NDArray[np.float64]

ARMED = 0
"""The value of a cell of `Setups.reasons` that is armed."""

NOT_ASKED = 255
"""The value of a cell in a row that the panel is not asked for (`Panel.asked_from`); what stands there is never read."""


@dataclass(frozen=True, slots=True)
class Setups:
    """What `arm` answers for a whole panel; all arrays have its shape.

    `reasons[t, j]` is `ARMED`, or 1 + the position in `codes` of the reason why symbol j is not armed for the session
    after row t. `numbers` are the columns a setup stores; `trigger` builds the trigger of one armed cell from them and
    is called only for the cells that are selected. Several triggers are several setups, each in a slot of its own, from 0.
    `lifetime`, `rearm` and `group` hold for all of them.
    """

    reasons: npt.NDArray[np.uint8]
    codes: tuple[Code, ...]
    numbers: Mapping[str, Column]
    trigger: Callable[[Numbers], Trigger | tuple[Trigger, ...]]
    lifetime: Lifetime = Lifetime.SESSION
    rearm: Rearm = Rearm.ONCE
    group: Group | None = None

    @property
    def armed(self) -> BoolArray:
        """Mask of the armed cells."""
        return np.asarray(self.reasons == ARMED)

    def of_cell(
        self,
        numbers: Numbers,
        *,
        session: dt.date,
        instance: str,
        symbol: str,
        needs: tuple[str, ...] = (),
        rank: int = 1,
    ) -> tuple[Setup, ...]:
        """Return the setups of one armed cell, given what it stores: one for each of its triggers."""
        several = self.trigger(numbers)
        return tuple(
            Setup(
                session=session,
                instance=instance,
                symbol=symbol,
                trigger=trigger,
                slot=slot,
                numbers=numbers,
                needs=needs,
                lifetime=self.lifetime,
                rearm=self.rearm,
                group=self.group,
                rank=rank,
            )
            for slot, trigger in enumerate(several if isinstance(several, tuple) else (several,))
        )


@dataclass(slots=True)
class Reasons:
    """Collects the first failing condition of each cell, in the order in which conditions are written.

    Rows that the panel is not asked for fail from the start, so that nothing is looked for there.

    ```python
    reasons = Reasons(panel)
    reasons.require(range_frac >= 0.01, Codes.RANGE_SMALL)
    return Setups(reasons.cells, reasons.codes, ...)
    ```
    """

    panel: Panel
    cells: npt.NDArray[np.uint8] = field(init=False)
    _codes: list[Code] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.cells = np.zeros(self.panel.present.shape, dtype=np.uint8)
        self.cells[: self.panel.asked_from] = NOT_ASKED

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes so far, in the order of their conditions."""
        return tuple(self._codes)

    def require(self, condition: BoolArray, code: Code) -> None:
        """Give `code` to every cell that is still armed and where `condition` is false."""
        self._codes.append(code)
        asked = self.cells[self.panel.asked_from :]
        asked[(asked == ARMED) & ~condition[self.panel.asked_from :]] = len(self._codes)

    def take(self, found: Found) -> None:
        """Give a pattern's own reason to every cell that is still armed and does not have it."""
        offset = len(self._codes)
        self._codes.extend(found.codes)
        asked, reasons = self.cells[self.panel.asked_from :], found.reasons[self.panel.asked_from :]
        without = (asked == ARMED) & (reasons != ARMED)
        asked[without] = reasons[without] + offset


class View(Protocol):
    """What a strategy sees at one moment, and nothing later. Prices in won, volumes in shares."""

    @property
    def now(self) -> Nanos:
        """The instant of the decision."""

    @property
    def hours(self) -> SessionHours:
        """The session and its clock."""

    @property
    def bar(self) -> Bar | None:
        """The minute bar that was just completed; None on daily bars, which would tell how the day ends."""

    @property
    def book(self) -> Book | None:
        """The order book of the moment; None where only bars are known."""

    @property
    def last(self) -> int:
        """Last price."""

    @property
    def day_open(self) -> int:
        """First price of the session."""

    @property
    def base_price(self) -> int:
        """The day's base price, normally yesterday's close."""

    @property
    def ticks(self) -> TickTable:
        """The instrument's ticks on this date."""

    @property
    def price_limits(self) -> PriceLimits:
        """The day's price limits."""

    @property
    def daily(self) -> DailyTail | None:
        """The symbol's last daily bars, as many as the strategy's traits ask for."""

    def bars(self, minutes: int) -> tuple[IntradayBar, ...]:
        """Return the session's completed bars of so many minutes; empty for a strategy that does not say `needs_minute_bars`."""

    def index(self, name: str) -> IndexTail | None:
        """Return the last daily closes of an index that the strategy's traits name under `indices`."""

    @property
    def free_slots(self) -> tuple[int, ...]:
        """This strategy's slots in the symbol that hold nothing and have no live order."""

    @property
    def free_places(self) -> int:
        """How many more symbols the account may hold or order in this regime; 0 where the regime is not known."""

    @property
    def setups(self) -> tuple[Setup, ...]:
        """This strategy's own setups of the session, in all symbols."""

    @property
    def scanned(self) -> Numbers | None:
        """What the strategy's own `scan` found at the bar that was just completed; None where it did not scan."""

    def ask_within(self, cap: int) -> int | None:
        """Return the best ask if it is at most `cap`; on bars, the price at which the bar allows a purchase."""

    def fact(self, name: str) -> Fact:
        """Return an input by name; the fact is missing when nobody delivers it."""


class Strategy(Protocol):
    """What every strategy has."""

    def arm(self, panel: Panel) -> Setups:
        """Judge every symbol for the session after each row, from rows up to that row only."""

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Answer whether to buy now: a signal, not yet, or never in this session."""


@runtime_checkable
class ManagingStrategy(Protocol):
    """A strategy that also looks after its positions; it may only reduce risk."""

    def manage(self, view: View, position: Position) -> Management:
        """Answer whether to sell, to raise the stop, or to leave things as they are."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What `scan` answers: arrays with a cell for each row of the minute bars.

    `rows` marks where `confirm` is asked. `numbers` are what it and `manage` find in `view.scanned` at a row; NaN is left out.
    """

    rows: BoolArray
    numbers: Mapping[str, Column] = field(default_factory=dict)


@runtime_checkable
class ScanningStrategy(Protocol):
    """A strategy that judges all minute bars of a session at once, so that it is asked only where it may say yes.

    ```python
    def scan(self, bars: MinuteBars) -> Scan:
        return Scan(bars.close > bars.open)
    ```
    """

    def scan(self, bars: MinuteBars) -> Scan:
        """Mark the rows at whose completion `confirm` could say yes, each from rows up to it only.

        More may be marked than needed, never fewer: elsewhere `confirm` is not asked, except at the moment of `At`. `manage`
        is asked as ever. `view.bars` is empty for a strategy that scans.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPlugin:
    """What a strategy registers: how to build it, and what the core must know about it before.

    `summary` is (Korean, English); `codes` are the enums of its own reasons; `build` imports the strategy's module and
    returns it, so that a plugin which is listed or checked but not used costs nothing.
    """

    name: str
    summary: tuple[str, str]
    params: type[StrategyParams]
    traits: StrategyTraits
    codes: tuple[type[Code], ...]
    build: Callable[[Any], Strategy]
