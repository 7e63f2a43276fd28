"""Hold market data: bars, trades and order books. Prices are won, quantities shares, instants `Nanos`."""

from __future__ import annotations

import msgspec

from kats_core.model.kinds import BarKind, Side
from kats_core.model.time import Nanos


class Bar(msgspec.Struct, frozen=True):
    """Trading in `[start, end)`, complete at `end`, together with the day so far, this bar included.

    The day's figures travel with each bar, as an exchange sends them with each trade, so that a reader who is given
    only some of the bars knows the same as one who is given all. A bar without volume is no bar.
    """

    symbol: str
    kind: BarKind
    start: Nanos
    end: Nanos
    open: int
    high: int
    low: int
    close: int
    volume: int
    value: int
    day_open: int
    day_high: int
    day_low: int
    day_volume: int
    day_value: int
    is_auction: bool = False
    """The one price of a call auction."""

    def __post_init__(self) -> None:
        if not 0 < self.low <= min(self.open, self.close) <= max(self.open, self.close) <= self.high:
            raise ValueError(
                f"{self.symbol}: bar O {self.open} H {self.high} L {self.low} C {self.close} contradicts itself"
            )
        if self.volume <= 0 or self.end <= self.start:
            raise ValueError(f"{self.symbol}: a bar needs volume and a length, found {self.volume} shares")

    @property
    def is_first(self) -> bool:
        """Tell whether the session's first trade lies in this bar."""
        return self.volume == self.day_volume


class Trade(msgspec.Struct, frozen=True):
    """One execution on the exchange. `aggressor` is None where the feed does not tell, and at the print of an auction."""

    symbol: str
    ts: Nanos
    price: int
    quantity: int
    aggressor: Side | None
    day_volume: int
    day_value: int
    is_auction: bool = False
    """The print of a call auction: `quantity` is everything that traded in it."""

    def __post_init__(self) -> None:
        if self.price <= 0 or self.quantity <= 0:
            raise ValueError(f"{self.symbol}: trade of {self.quantity} at {self.price}")


class BookLevel(msgspec.Struct, frozen=True):
    """A price of the order book and the shares that wait there."""

    price: int
    size: int


class Book(msgspec.Struct, frozen=True):
    """An order book, best level first; a side is empty at a price limit."""

    symbol: str
    ts: Nanos
    asks: tuple[BookLevel, ...]
    bids: tuple[BookLevel, ...]

    def __post_init__(self) -> None:
        _require_ladder(self.symbol, self.asks, 1)
        _require_ladder(self.symbol, self.bids, -1)

    @property
    def ask(self) -> int | None:
        """Best price at which somebody sells."""
        return self.asks[0].price if self.asks else None

    @property
    def bid(self) -> int | None:
        """Best price at which somebody buys."""
        return self.bids[0].price if self.bids else None

    @property
    def is_crossed(self) -> bool:
        """Tell whether bids and asks meet, as they do while a call auction collects orders: nothing can be taken then."""
        return bool(self.asks) and bool(self.bids) and self.asks[0].price <= self.bids[0].price

    def size_at(self, side: Side, price: int) -> int:
        """Return the shares displayed at a price on one side (BUY: the bids), 0 when the price is not displayed."""
        levels = self.bids if side is Side.BUY else self.asks
        return next((level.size for level in levels if level.price == price), 0)


def _require_ladder(symbol: str, levels: tuple[BookLevel, ...], direction: int) -> None:
    previous = 0
    for level in levels:
        if level.price <= 0 or level.size <= 0 or (previous and (level.price - previous) * direction <= 0):
            raise ValueError(f"{symbol}: level {level.price} x {level.size} does not follow {previous} in its book")
        previous = level.price
