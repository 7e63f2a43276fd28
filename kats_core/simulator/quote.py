"""Follow what a day's trades add up to for one symbol, as the broker's quotes and trade records state it."""

from __future__ import annotations

from dataclasses import dataclass

from kats_core.market.limits import PriceLimits
from kats_core.model.bar import Bar
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Side
from kats_core.model.time import MINUTE, Nanos
from kats_core.simulator.exchange.happenings import Printed


@dataclass(slots=True)
class Quote:
    """One symbol's session so far. `last` is the base price before the first trade, when open, high and low are 0."""

    instrument: Instrument
    limits: PriceLimits
    volume_before: int
    last: int = 0
    quantity: int = 0
    aggressor: Side | None = None
    at: Nanos = 0
    open: int = 0
    high: int = 0
    low: int = 0
    opened: Nanos = 0
    high_at: Nanos = 0
    low_at: Nanos = 0
    volume: int = 0
    value: int = 0
    sold: int = 0
    bought: int = 0
    sales: int = 0
    purchases: int = 0
    reference: int = 0
    synced: Nanos = 0
    """Until when the street's trades are in here."""

    def __post_init__(self) -> None:
        self.last = self.reference = self.limits.base

    def take(self, printed: Printed) -> None:
        """Add a trade."""
        price, quantity = printed.price, printed.quantity
        self._reach(price, price, price, printed.ts)
        self.last, self.quantity, self.aggressor, self.at = price, quantity, printed.aggressor, printed.ts
        self.volume += quantity
        self.value += price * quantity
        if printed.is_auction:
            self.reference = price
        if printed.aggressor is Side.SELL:
            self.sold += quantity
            self.sales += 1
        elif printed.aggressor is Side.BUY:
            self.bought += quantity
            self.purchases += 1

    def take_bar(self, bar: Bar) -> None:
        """Add a whole minute: a rising one counts as bought, a falling one as sold, since bars do not tell."""
        self._reach(bar.open, bar.high, bar.low, bar.start)
        self.last, self.quantity, self.at = bar.close, bar.volume, bar.end - 1
        self.volume += bar.volume
        self.value += bar.value
        if bar.is_auction:
            self.reference, self.aggressor = bar.close, None
        elif bar.close >= bar.open:
            self.bought, self.purchases, self.aggressor = self.bought + bar.volume, self.purchases + 1, Side.BUY
        else:
            self.sold, self.sales, self.aggressor = self.sold + bar.volume, self.sales + 1, Side.SELL

    @property
    def change(self) -> int:
        """Return the difference to the base price."""
        return self.last - self.limits.base

    @property
    def average(self) -> float:
        """Return the average price by volume, 0 before the first trade."""
        return self.value / self.volume if self.volume else 0.0

    @property
    def strength(self) -> float:
        """Return bought by sold volume in percent (체결강도)."""
        return self.bought / self.sold * 100 if self.sold else 0.0

    def _reach(self, first: int, high: int, low: int, ts: Nanos) -> None:
        if not self.volume:
            self.open, self.opened = first, ts
            self.reference = first
        if high > self.high:
            self.high, self.high_at = high, ts
        if low < self.low or not self.low:
            self.low, self.low_at = low, ts


@dataclass(slots=True)
class OwnMinute:
    """What clients added to a minute of the street, for the charts."""

    volume: int = 0
    value: int = 0
    high: int = 0
    low: int = 0

    def take(self, printed: Printed) -> None:
        """Add a trade."""
        self.volume += printed.quantity
        self.value += printed.price * printed.quantity
        self.high = max(self.high, printed.price)
        self.low = min(self.low or printed.price, printed.price)


def minute_of(ts: Nanos) -> Nanos:
    """Return the begin of the minute of an instant."""
    return ts - ts % MINUTE
