"""Show a strategy one symbol at one moment, and nothing later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kats_core.engine.facts import Facts
from kats_core.market.limits import PriceLimits
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model.bar import Bar, Book
from kats_core.model.event import DailyTail, IndexTail
from kats_core.model.fact import STARS, Fact
from kats_core.model.kinds import BarKind, Profile
from kats_core.model.setup import Above, Numbers, Setup
from kats_core.model.time import Nanos
from kats_core.strategy.intraday_bar import IntradayBar, joined

# By a name of its own: on Python 3.11 finding a member in its class costs as much as a call.
_MINUTE = BarKind.MINUTE


class OwnThings(Protocol):
    """What a strategy has in the session: asked for only when it looks."""

    def setups_of(self, instance: str) -> tuple[Setup, ...]:
        """Return the instance's setups in all symbols."""

    def free_slots_of(self, instance: str, symbol: str) -> tuple[int, ...]:
        """Return the instance's slots in a symbol that hold nothing and have no live order."""

    def free_places(self) -> int:
        """Return how many more symbols may be held or ordered, by any strategy."""


@dataclass(slots=True, kw_only=True)
class BarView:
    """The moment at which a bar, `seen`, fulfilled a trigger.

    On a minute bar the moment is its end: the last price is its close, and so are the quotes where no `book` is streamed.
    On a daily bar it is the moment at which
    the price met `level`, somewhere between open and close.
    """

    now: Nanos
    hours: SessionHours
    instance: str
    seen: Bar
    setup: Setup | None
    level: int | None
    base_price: int
    ticks: TickTable
    price_limits: PriceLimits
    daily: DailyTail | None
    facts: Facts
    profile: Profile
    own: OwnThings
    book: Book | None = None
    minutes: Sequence[Bar] = ()
    indices: Mapping[str, IndexTail] = field(default_factory=dict)
    is_at_close: bool = False
    scanned: Numbers | None = None
    read: list[Fact] = field(default_factory=list)

    @property
    def setups(self) -> tuple[Setup, ...]:
        """The strategy's own setups of the session, in all symbols."""
        return self.own.setups_of(self.instance)

    @property
    def free_slots(self) -> tuple[int, ...]:
        """The strategy's slots in the symbol that hold nothing and have no live order."""
        return self.own.free_slots_of(self.instance, self.seen.symbol)

    @property
    def free_places(self) -> int:
        """How many more symbols the account may hold or order in this regime."""
        return self.own.free_places()

    @property
    def bar(self) -> Bar | None:
        """The minute bar that was just completed; None on daily bars."""
        return self.seen if self.seen.kind is BarKind.MINUTE else None

    @property
    def day_open(self) -> int:
        """First price of the session."""
        return self.seen.day_open

    @property
    def last(self) -> int:
        """Last price of the moment."""
        if self.seen.kind is _MINUTE or self.is_at_close:
            return self.seen.close
        return self._met()

    def bars(self, minutes: int) -> tuple[IntradayBar, ...]:
        """Return the session's completed bars of so many minutes; none for a strategy that does not ask for minutes."""
        return joined(self.minutes, minutes, self.hours.open, self.now)

    def index(self, name: str) -> IndexTail | None:
        """Return the last daily closes of an index that a strategy of this run asks for."""
        return self.indices.get(name)

    def _met(self) -> int:
        """Return the price at which a daily bar met the trigger."""
        if self.level is None or self.setup is None:
            return self.seen.open
        if isinstance(self.setup.trigger, Above):
            return max(self.seen.open, self.level)
        return min(self.seen.open, self.level)

    def ask_within(self, cap: int) -> int | None:
        """Return the ask if it is at most `cap`; on a daily bar also the cap itself when the price came back to it."""
        if self.book is not None:
            return self.book.ask if self.book.ask is not None and self.book.ask <= cap else None
        ask = self.ticks.rup(self.last)
        if ask <= cap:
            return ask
        if self.seen.kind is BarKind.DAY and self.seen.low <= cap:
            return cap
        return None

    def fact(self, name: str) -> Fact:
        """Return an input of the symbol, and note that it was read."""
        symbol = self.seen.symbol
        found = self.facts.stars(symbol, self.profile) if name == STARS else self.facts.get(name, symbol)
        self.read.append(found)
        return found
