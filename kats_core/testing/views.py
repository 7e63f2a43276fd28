"""Show a strategy one moment of a session."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kats_core.market.limits import PriceLimits, price_limits
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable, tick_table
from kats_core.model import time
from kats_core.model.bar import Bar, Book
from kats_core.model.event import DailyTail, IndexTail
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import BarKind, Scope
from kats_core.model.setup import Numbers, Setup
from kats_core.model.time import Nanos
from kats_core.strategy.intraday_bar import IntradayBar, joined
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
    minutes: tuple[Bar, ...] = ()
    indices: Mapping[str, IndexTail] = field(default_factory=dict)
    free_slots: tuple[int, ...] = (0,)
    free_places: int = 1
    setups: tuple[Setup, ...] = ()
    scanned: Numbers | None = None
    facts: Inputs = field(default_factory=dict)

    def ask_within(self, cap: int) -> int | None:
        """Return the ask if it is at most `cap`, else the cap if the bar came back to it."""
        if self.ask is not None and self.ask <= cap:
            return self.ask
        if self.came_back_to is not None and self.came_back_to <= cap:
            return cap
        return None

    def bars(self, minutes: int) -> tuple[IntradayBar, ...]:
        """Return the session's completed bars of so many minutes."""
        return joined(self.minutes, minutes, self.hours.open, self.now)

    def index(self, name: str) -> IndexTail | None:
        """Return the daily closes of an index, None when they were not given."""
        return self.indices.get(name)

    def fact(self, name: str) -> Fact:
        """Return the fact of that name; a missing one when it was not given."""
        return fact_from(self.facts, name, self.now)


def minute_view(
    *,
    last: int,
    day_open: int,
    base_price: int,
    ask: int | None = None,
    day_low: int | None = None,
    day_high: int | None = None,
    day_volume: int = 2 * _SHARES,
    vwap: int | None = None,
    clock: dt.time = dt.time(10, 0),
    hours: SessionHours = HOURS,
    instrument: Instrument = Instrument(symbol="005930"),  # noqa: B008  # immutable
    scope: Scope = Scope.RAW,
    facts: Inputs | None = None,
    indices: Mapping[str, IndexTail] | None = None,
) -> FrozenView:
    """Return the moment at which a minute bar closes at `last`. The ask is `last` on a tick, as on recorded bars, unless given.

    `vwap` is the session's average price so far, by default that of its open and `last`.
    """
    now = hours.at(clock)
    high, low = max(day_open, last, day_high or 0), min(day_open, last, day_low or last)
    shares = min(_SHARES, day_volume)
    average = (day_open + last) // 2 if vwap is None else vwap
    bar = Bar(
        symbol=instrument.symbol,
        kind=BarKind.MINUTE,
        start=now - time.MINUTE,
        end=now,
        open=last,
        high=last,
        low=last,
        close=last,
        volume=shares,
        value=min(shares * last, day_volume * average),
        day_open=day_open,
        day_high=high,
        day_low=low,
        day_volume=day_volume,
        day_value=day_volume * average,
    )
    view = _view(bar, now, day_open, last, base_price, ask, None, hours, instrument, scope, facts)
    return replace(view, indices=indices or {})


def bars_view(
    rows: Sequence[tuple[int, int, int, int, int]],
    *,
    base_price: int,
    minutes: int = 1,
    ask: int | None = None,
    hours: SessionHours = HOURS,
    instrument: Instrument = Instrument(symbol="005930"),  # noqa: B008  # immutable
    scope: Scope = Scope.RAW,
    facts: Inputs | None = None,
) -> FrozenView:
    """Return the moment at which the last of a session's bars is complete; rows are (O, H, L, C, V) from the open on.

    Each bar lasts `minutes` and trades at (H+L+C)/3 on average. The ask is the last close on a tick unless given.
    """
    bars: list[Bar] = []
    volume = thirds = 0
    for n, (o, h, low, c, shares) in enumerate(rows):
        start = hours.open + n * minutes * time.MINUTE
        before = thirds // 3
        volume, thirds = volume + shares, thirds + (h + low + c) * shares
        bars.append(
            Bar(
                symbol=instrument.symbol,
                kind=BarKind.MINUTE,
                start=start,
                end=start + minutes * time.MINUTE,
                open=o,
                high=h,
                low=low,
                close=c,
                volume=shares,
                value=thirds // 3 - before,
                day_open=rows[0][0],
                day_high=max(row[1] for row in rows[: n + 1]),
                day_low=min(row[2] for row in rows[: n + 1]),
                day_volume=volume,
                day_value=thirds // 3,
            )
        )
    last, opened = bars[-1], rows[0][0]
    view = _view(last, last.end, opened, last.close, base_price, ask, None, hours, instrument, scope, facts)
    return replace(view, minutes=tuple(bars))


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
