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
    """One execution on the exchange. `aggressor` is None where the feed does not tell."""

    symbol: str
    ts: Nanos
    price: int
    quantity: int
    aggressor: Side | None
    day_volume: int
    day_value: int

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
