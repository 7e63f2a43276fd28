"""Compute the daily price limits (가격제한폭) from a base price, by date.

The broker's own limit fields win at run time; a difference from this formula blocks entries (`spec/README.md` section 4).
Days with rules of their own (the first day of a listing, a delisting sale) are not decided here.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import msgspec

from kats_core.market.dated import Dated, MarketRuleError
from kats_core.market.exact import (
    Int64Array,
    ceil_times,
    ceil_times_array,
    floor_times,
    floor_times_array,
    int64_array,
)
from kats_core.market.ticks import Price, tick_table
from kats_core.model.kinds import InstrumentKind, Market, Scope

LimitArrays: TypeAlias = tuple[Int64Array, Int64Array]
"""(lower, upper)."""

ADJUSTED_TOLERANCE = Fraction(1, 100)
"""How far an adjusted price may exceed the limit ratio: adjustment and rounding to won move both prices."""


class PriceLimits(msgspec.Struct, frozen=True):
    """The lowest and highest price of a day (하한가, 상한가), both allowed, and the base price they stem from."""

    base: int
    lower: int
    upper: int

    def contains(self, price: Price) -> bool:
        """Tell whether a price lies inside the limits; in scope ADJUSTED, inside the ratio with its tolerance."""
        return self.lower <= price <= self.upper

    @property
    def width(self) -> int:
        """Return the distance from base to the lower limit; upwards it may be less by a part of a tick."""
        return self.base - self.lower


_PERCENT = Fraction(1, 100)

# From the exchange's trading guide. Less certain: KOSDAQ's steps of 1998 (one newspaper says April) and 2005, and KONEX's
# rate, which is counted from the opening of that market.
_RATES = {
    Market.KOSPI: Dated(
        "price limit rate of KOSPI",
        [
            (dt.date(1995, 4, 1), 6 * _PERCENT),  # before: fixed amounts of won by price band
            (dt.date(1996, 11, 25), 8 * _PERCENT),
            (dt.date(1998, 3, 2), 12 * _PERCENT),
            (dt.date(1998, 12, 7), 15 * _PERCENT),
            (dt.date(2015, 6, 15), 30 * _PERCENT),
        ],
    ),
    Market.KOSDAQ: Dated(
        "price limit rate of KOSDAQ",
        [
            (dt.date(1996, 11, 25), 8 * _PERCENT),
            (dt.date(1998, 3, 2), 12 * _PERCENT),
            (dt.date(2005, 3, 28), 15 * _PERCENT),
            (dt.date(2015, 6, 15), 30 * _PERCENT),
        ],
    ),
    Market.KONEX: Dated("price limit rate of KONEX", [(dt.date(2013, 7, 1), 15 * _PERCENT)]),
}


@cache
def limit_rate(
    day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK, leverage: int = 1
) -> Fraction:
    """Return the share of the base price by which a price may move on a day.

    `leverage` is the fund's multiple; its sign does not matter, a -2 fund moves as far as a +2 one.

    Raises:
        MarketRuleError: an ELW, which has no limits, or a date before the market's first rate.
    """
    if kind is InstrumentKind.ELW:
        raise MarketRuleError("an ELW has no daily price limits")
    if leverage == 0:
        raise ValueError("leverage 0: a fund's multiple is at least 1 or at most -1")
    return _RATES[market].on(day) * abs(leverage)


@cache
def _adjusted_reach(day: dt.date, market: Market, kind: InstrumentKind, leverage: int) -> tuple[Fraction, Fraction]:
    """Return the least and the most that an adjusted price may be of its base."""
    rate = limit_rate(day, market, kind, leverage)
    return 1 - rate - ADJUSTED_TOLERANCE, 1 + rate + ADJUSTED_TOLERANCE


def price_limits(
    base: int,
    day: dt.date,
    market: Market,
    kind: InstrumentKind = InstrumentKind.STOCK,
    leverage: int = 1,
    scope: Scope = Scope.RAW,
) -> PriceLimits:
    """Return the limits of a day from its base price (기준가).

    RAW: the exchange's formula; both limits are order prices. The width is cut to the tick of the base, so the lower limit
    is often higher than 70 % of the base: 2 005 -> (1 405, 2 605).

    ADJUSTED: a test of the ratio price / base with a tolerance of 1 % of the base, so at 30 % `lower` and `upper` are 69 %
    and 131 % of the base, cut inward to won. They are bounds for `contains`, not order prices: 10 000 -> (6 900, 13 100).

    Raises:
        MarketRuleError: no rate, or in scope RAW no tick table, is known for the date.
    """
    if base <= 0:
        raise ValueError(f"base price {base} is not positive")
    if scope is Scope.ADJUSTED:
        least, most = _adjusted_reach(day, market, kind, leverage)
        return PriceLimits(base, ceil_times(base, least), floor_times(base, most))
    ticks = tick_table(day, market, kind, scope)
    tick = ticks.tick(base)
    width = floor_times(base, limit_rate(day, market, kind, leverage)) // tick * tick
    return PriceLimits(base, base - width, ticks.rdn(base + width))


def limit_arrays(
    bases: Int64Array,
    day: dt.date,
    market: Market,
    kind: InstrumentKind = InstrumentKind.STOCK,
    leverage: int = 1,
    scope: Scope = Scope.RAW,
) -> LimitArrays:
    """Return the lower and the upper limit of each base price; equals `price_limits` element by element."""
    bases = int64_array(bases)
    if bases.size and bases.min() <= 0:
        raise ValueError(f"base price {bases.min()} is not positive")
    rate = limit_rate(day, market, kind, leverage)
    if scope is Scope.ADJUSTED:
        reach = rate + ADJUSTED_TOLERANCE
        return ceil_times_array(bases, 1 - reach), floor_times_array(bases, 1 + reach)
    ticks = tick_table(day, market, kind, scope)
    tick = ticks.tick_array(bases)
    width = floor_times_array(bases, rate) // tick * tick
    return bases - width, ticks.rdn_array(bases + width)
