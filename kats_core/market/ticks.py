"""Round prices to the exchange's ticks (호가가격단위), by date, one price or an array at a time.

The tables are the exchange's; which one applies is a matter of date, market, kind and series scope. Nothing here decides in
which direction an order is rounded: its owner does, always against the account (`spec/README.md` section 3).
"""

from __future__ import annotations

import datetime as dt
import operator
from bisect import bisect_right
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import numpy as np

from kats_core.market.arrays import Int64Array
from kats_core.market.dated import Certainty, Dated, MarketRuleError, Source
from kats_core.market.exact import int64_array
from kats_core.model.kinds import InstrumentKind, Market, Scope

__all__ = ["MarketRuleError", "Price", "TickTable", "tick_table"]

Price: TypeAlias = int | Decimal | Fraction
"""A price in won. Real prices are exact; a float is refused, since floor and ceil of it may be a tick off."""


@dataclass(frozen=True, slots=True)
class TickTable:
    """Price bands and their ticks: below `edges[0]` the tick is `ticks[0]`, from `edges[i]` on it is `ticks[i + 1]`.

    Every edge is a multiple of both neighbouring ticks, so rounding up may land on an edge but never leaves the grid. An
    `_array` method takes and returns int64 and equals its scalar twin element by element.

    | p       | tick | rdn     | rup     | up      | dn      |
    | ------- | ---- | ------- | ------- | ------- | ------- |
    | 19 998  | 10   | 19 990  | 20 000  | 20 000  | 19 990  |
    | 20 000  | 50   | 20 000  | 20 000  | 20 050  | 19 990  |
    | 343 750 | 500  | 343 500 | 344 000 | 344 000 | 343 500 |
    """

    edges: tuple[int, ...]
    ticks: tuple[int, ...]
    _edge_array: Int64Array = field(init=False, repr=False, compare=False)
    _tick_array: Int64Array = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.ticks) != len(self.edges) + 1 or min(self.ticks) < 1:
            raise ValueError(f"{len(self.edges)} band edges need {len(self.edges) + 1} positive ticks: {self.ticks}")
        if list(self.edges) != sorted(set(self.edges)):
            raise ValueError(f"band edges {self.edges} must rise")
        for edge, below, above in zip(self.edges, self.ticks, self.ticks[1:], strict=False):
            if edge % below or edge % above:
                raise ValueError(f"band edge {edge} must be a multiple of the ticks {below} and {above}")
        object.__setattr__(self, "_edge_array", np.array(self.edges, dtype=np.int64))
        object.__setattr__(self, "_tick_array", np.array(self.ticks, dtype=np.int64))

    # The scalar methods repeat the lookup instead of calling `tick`: a call costs as much as the work itself.

    def tick(self, price: Price) -> int:
        """Return the tick at a price, decided by the price itself."""
        if type(price) is not int:
            price = _exact(price)
        return self.ticks[bisect_right(self.edges, price)]

    def rdn(self, price: Price) -> int:
        """Return the highest price on the grid that is not above `price`."""
        if type(price) is not int:
            price = _exact(price)
        tick = self.ticks[bisect_right(self.edges, price)]
        return price // tick * tick

    def rup(self, price: Price) -> int:
        """Return the lowest price on the grid that is not below `price`."""
        if type(price) is not int:
            price = _exact(price)
        tick = self.ticks[bisect_right(self.edges, price)]
        return -(-price // tick) * tick

    def rnear(self, price: Price) -> int:
        """Return the nearest price on the grid; half a tick goes up."""
        if type(price) is not int:
            price = _exact(price)
        tick = self.ticks[bisect_right(self.edges, price)]
        return (2 * price + tick) // (2 * tick) * tick

    def up(self, price: Price, n: int = 1) -> int:
        """Return the `n`-th price on the grid above `price`; with n = 0 the price itself, which must be whole won."""
        if type(price) is not int:
            price = _exact(price)
        if n < 1:
            return _unmoved(price, n)
        edges, ticks = self.edges, self.ticks
        tick = ticks[bisect_right(edges, price)]
        above = price // tick * tick + tick
        for _ in range(n - 1):  # on the grid from here on, so nothing is left to round
            above += ticks[bisect_right(edges, above)]
        return above

    def dn(self, price: Price, n: int = 1) -> int:
        """Return the `n`-th price on the grid below `price`; with n = 0 the price itself, which must be whole won."""
        if type(price) is not int:
            price = _exact(price)
        if n < 1:
            return _unmoved(price, n)
        edges, ticks = self.edges, self.ticks
        tick = ticks[bisect_right(edges, price)]
        below = -(-price // tick) * tick
        for _ in range(n):
            below -= ticks[bisect_right(edges, below - 1)]
        return below

    def is_on_tick(self, price: int) -> bool:
        """Tell whether an order may carry this price."""
        return price % self.ticks[bisect_right(self.edges, price)] == 0

    def tick_array(self, prices: Int64Array) -> Int64Array:
        """Return `tick` of each price."""
        return self._tick_array[np.searchsorted(self._edge_array, int64_array(prices), side="right")]

    def rdn_array(self, prices: Int64Array) -> Int64Array:
        """Return `rdn` of each price."""
        prices = int64_array(prices)
        tick = self.tick_array(prices)
        return prices // tick * tick

    def rup_array(self, prices: Int64Array) -> Int64Array:
        """Return `rup` of each price."""
        prices = int64_array(prices)
        tick = self.tick_array(prices)
        return -(-prices // tick) * tick

    def rnear_array(self, prices: Int64Array) -> Int64Array:
        """Return `rnear` of each price."""
        prices = int64_array(prices)
        tick = self.tick_array(prices)
        return (2 * prices + tick) // (2 * tick) * tick

    def up_array(self, prices: Int64Array, n: int = 1) -> Int64Array:
        """Return `up` of each price."""
        prices = int64_array(prices)
        for _ in range(_steps(n)):
            tick = self.tick_array(prices)
            prices = prices // tick * tick + tick
        return prices

    def dn_array(self, prices: Int64Array, n: int = 1) -> Int64Array:
        """Return `dn` of each price."""
        prices = int64_array(prices)
        for _ in range(_steps(n)):
            prices = self.rup_array(prices)
            prices = prices - self.tick_array(prices - 1)
        return prices


def _exact(price: object) -> int | Fraction:
    if isinstance(price, (Decimal, Fraction)):
        return Fraction(price)
    try:
        return operator.index(price)  # type: ignore[arg-type]  # numpy integers; anything else is refused below
    except TypeError:
        raise TypeError(f"price {price!r} is a {type(price).__name__}: expected int, Decimal or Fraction") from None


def _unmoved(price: int | Fraction, n: int) -> int:
    _steps(n)
    if price.denominator != 1:
        raise ValueError(f"price {price} is not whole won: zero ticks away from it there is no order price")
    return price.numerator


def _steps(n: int) -> int:
    if n < 0:
        raise ValueError(f"{n} ticks: the number of ticks is not negative, use the other direction")
    return n


_SINCE_2023 = TickTable((2_000, 5_000, 20_000, 50_000, 200_000, 500_000), (1, 5, 10, 50, 100, 500, 1_000))
_KOSPI_2010 = TickTable((1_000, 5_000, 10_000, 50_000, 100_000, 500_000), (1, 5, 10, 50, 100, 500, 1_000))
_KOSDAQ_2010 = TickTable((1_000, 5_000, 10_000, 50_000), (1, 5, 10, 50, 100))
_FLAT_5 = TickTable((), (5,))
_FUND_2023 = TickTable((2_000,), (1, 5))

# The table of 2010 with 5 won for everything below 5 000. What was traded then is known only in part, which is good enough
# for adjusted series, whose prices are approximate anyway, and not for raw ones.
_KOSPI_APPROXIMATE = TickTable((5_000, 10_000, 50_000, 100_000, 500_000), (5, 10, 50, 100, 500, 1_000))
_KOSDAQ_APPROXIMATE = TickTable((5_000, 10_000, 50_000), (5, 10, 50, 100))

_FIRST_DAY = dt.date.min
_REFORM_2010 = dt.date(2010, 10, 4)
_REFORM_2023 = dt.date(2023, 1, 25)
_FUND_REFORM = dt.date(2023, 12, 18)

_PRESS_2010 = Source("press of 2010-07-30 and the exchange's older tick tables", Certainty.CONFIRMED)
_PRESS_2023 = Source("press of 2022-11-01 and 2023-01-17; checked on public prices since", Certainty.CONFIRMED)
_BEFORE_2010 = Source("the table of 2010, with 5 won below 5 000: for adjusted series only", Certainty.ASSUMED)
_FUND_RULE = Source("the exchange's trading guide", Certainty.CONFIRMED)
_PRESS_FUNDS = Source("press of December 2023; one paper printed 12-08 for the first day", Certainty.REPORTED)

_KOSPI_ROWS = [(_REFORM_2010, _KOSPI_2010, _PRESS_2010), (_REFORM_2023, _SINCE_2023, _PRESS_2023)]
_KOSDAQ_ROWS = [(_REFORM_2010, _KOSDAQ_2010, _PRESS_2010), (_REFORM_2023, _SINCE_2023, _PRESS_2023)]
_KOSPI_ANY_DAY = [(_FIRST_DAY, _KOSPI_APPROXIMATE, _BEFORE_2010), *_KOSPI_ROWS]
_KOSDAQ_ANY_DAY = [(_FIRST_DAY, _KOSDAQ_APPROXIMATE, _BEFORE_2010), *_KOSDAQ_ROWS]

_STOCKS = {
    (Market.KOSPI, Scope.RAW): Dated("tick table of KOSPI stocks as traded", _KOSPI_ROWS),
    (Market.KOSDAQ, Scope.RAW): Dated("tick table of KOSDAQ stocks as traded", _KOSDAQ_ROWS),
    (Market.KONEX, Scope.RAW): Dated("tick table of KONEX stocks as traded", _KOSDAQ_ROWS),
    (Market.KOSPI, Scope.ADJUSTED): Dated("tick table of adjusted KOSPI stocks", _KOSPI_ANY_DAY),
    (Market.KOSDAQ, Scope.ADJUSTED): Dated("tick table of adjusted KOSDAQ stocks", _KOSDAQ_ANY_DAY),
    (Market.KONEX, Scope.ADJUSTED): Dated("tick table of adjusted KONEX stocks", _KOSDAQ_ANY_DAY),
}
_FUNDS = Dated(
    "tick table of ETF and ETN", [(_FIRST_DAY, _FLAT_5, _FUND_RULE), (_FUND_REFORM, _FUND_2023, _PRESS_FUNDS)]
)
_WARRANTS = Dated("tick table of ELW", [(_FIRST_DAY, _FLAT_5, _FUND_RULE)])
TABLES = (*_STOCKS.values(), _FUNDS, _WARRANTS)


@cache
def tick_table(day: dt.date, market: Market, kind: InstrumentKind, scope: Scope = Scope.RAW) -> TickTable:
    """Return the tick table in force on a session date.

    ETF, ETN and ELW have their own ticks, the same on every market and in both scopes, and known on every date.

    Raises:
        MarketRuleError: a stock as traded before 2010-10-04. Adjusted series use an approximate table there.
    """
    if kind is InstrumentKind.ELW:
        return _WARRANTS.on(day)
    if kind is not InstrumentKind.STOCK:
        return _FUNDS.on(day)
    return _STOCKS[market, scope].on(day)
