"""Show a strategy one moment of a session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from kats_core.market.limits import PriceLimits, price_limits
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model import time
from kats_core.model.bar import Bar, Book
from kats_core.model.event import DailyTail
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, Scope
from kats_core.model.setup import Setup
from kats_core.model.time import Nanos
from kats_core.testing.inputs import Inputs, fact_from
from kats_core.testing.moments import HOURS

_SHARES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenView:
    """A `View` with exactly what was given; build it with `minute_view` or `daily_view`.

    `ask` is the best ask, None when nobody sells. `came_back_to` is the lowest price that a daily bar reached, at which
    a purchase is possible although the ask was above the cap before; None where only the ask counts.
    """

    now: Nanos
    hours: SessionHours
    bar: Bar | None
    last: int
    day_open: int
    base_price: int
    ticks: TickTable
    price_limits: PriceLimits
    ask: int | None
    came_back_to: int | None = None
    book: Book | None = None
    daily: DailyTail | None = None
    free_slots: tuple[int, ...] = (0,)
    setups: tuple[Setup, ...] = ()
    facts: Inputs = field(default_factory=dict)

    def ask_within(self, cap: int) -> int | None:
        """Return the ask if it is at most `cap`, else the cap if the bar came back to it."""
        if self.ask is not None and self.ask <= cap:
            return self.ask
        if self.came_back_to is not None and self.came_back_to <= cap:
            return cap
        return None

    def fact(self, name: str) -> Fact:
        """Return the fact of that name; a missing one when it was not given."""
        return fact_from(self.facts, name, self.now)


def minute_view(
    *,
    last: int,
    day_open: int,
    base_price: int,
    ask: int | None = None,
    clock: dt.time = dt.time(10, 0),
    hours: SessionHours = HOURS,
    instrument: Instrument = Instrument(symbol="005930"),  # noqa: B008  # immutable
    scope: Scope = Scope.RAW,
    facts: Inputs | None = None,
) -> FrozenView:
    """Return the moment at which a minute bar closes at `last`. The ask is `last` on a tick, as on recorded bars, unless given."""
    now = hours.at(clock)
    high, low = max(day_open, last), min(day_open, last)
    bar = Bar(
        symbol=instrument.symbol,
        kind=BarKind.MINUTE,
        start=now - time.MINUTE,
        end=now,
        open=last,
        high=last,
        low=last,
        close=last,
        volume=_SHARES,
        value=_SHARES * last,
        day_open=day_open,
        day_high=high,
        day_low=low,
        day_volume=2 * _SHARES,
        day_value=_SHARES * (day_open + last),
    )
    return _view(bar, now, day_open, last, base_price, ask, None, hours, instrument, scope, facts)


def daily_view(
    *,
    day_open: int,
    level: int,
    low: int,
    base_price: int,
    hours: SessionHours = HOURS,
    instrument: Instrument = Instrument(symbol="005930"),  # noqa: B008  # immutable
    scope: Scope = Scope.RAW,
    facts: Inputs | None = None,
) -> FrozenView:
    """Return what a daily bar shows of the moment at which it rose to a trigger's `level`.

    Known are the open and that the level traded, not where the day ended: `last` and the ask are the higher of the two.
    The bar's `low` serves only to buy at the cap when the bar opened above it.
    """
    reached = max(day_open, level)
    return _view(None, hours.open, day_open, reached, base_price, None, low, hours, instrument, scope, facts)


def _view(
    bar: Bar | None,
    now: Nanos,
    day_open: int,
    last: int,
    base_price: int,
    ask: int | None,
    came_back_to: int | None,
    hours: SessionHours,
    instrument: Instrument,
    scope: Scope,
    facts: Inputs | None,
) -> FrozenView:
    day, market, kind = hours.session, instrument.market, instrument.kind
    ticks = tick_table(day, market, kind, scope)
    return FrozenView(
        now=now,
        hours=hours,
        bar=bar,
        last=last,
        day_open=day_open,
        base_price=base_price,
        ticks=ticks,
        price_limits=price_limits(base_price, day, market, kind, instrument.leverage, scope),
        ask=ticks.rup(last) if ask is None else ask,
        came_back_to=came_back_to,
        facts=facts or {},
    )
