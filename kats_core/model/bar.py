"""Hold market data: bars, trades and order books. Prices are won, quantities shares, instants `Nanos`."""

from __future__ import annotations

import msgspec

from kats_core.model.kinds import BarKind, Side
from kats_core.model.time import Nanos
from kats_core.model.whole import are_whole


class Bar(msgspec.Struct, frozen=True, gc=False):
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
        # Every bar passes here: chained comparisons, which NaN fails, are half the price of min() and max().
        low, high, day_low, day_high = self.low, self.high, self.day_low, self.day_high
        if not (
            self._is_whole()
            and 0 < day_low <= low <= self.open <= high <= day_high
            and low <= self.close <= high
            and day_low <= self.day_open <= day_high
            and 0 < self.volume <= self.day_volume
            and 0 <= self.value <= self.day_value
            and self.start < self.end
        ):
            raise ValueError(
                f"{self.symbol}: bar O {self.open} H {high} L {low} C {self.close}, {self.volume} shares for {self.value} "
                f"from {self.start} to {self.end}, in a day of O {self.day_open} H {day_high} L {day_low}, "
                f"{self.day_volume} shares for {self.day_value}, contradicts itself"
            )

    def _is_whole(self) -> bool:
        """Tell whether all numbers are integers: joined bit by bit, floats fail and integers of numpy stay what they are."""
        try:
            joined = (
                self.start | self.end | self.open | self.high | self.low | self.close | self.volume | self.value
                | self.day_open | self.day_high | self.day_low | self.day_volume | self.day_value
            )  # fmt: skip
        except TypeError:
            return False
        return type(joined) is int

    @property
    def is_first(self) -> bool:
        """Tell whether the session's first trade lies in this bar."""
        return self.volume == self.day_volume


class Trade(msgspec.Struct, frozen=True, gc=False):
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
        if not (are_whole(self.price, self.quantity) and self.price > 0 and self.quantity > 0):
            raise ValueError(f"{self.symbol}: trade of {self.quantity} at {self.price}")


class BookLevel(msgspec.Struct, frozen=True, gc=False):
    """A price of the order book and the shares that wait there."""

    price: int
    size: int


class Book(msgspec.Struct, frozen=True, gc=False):
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
