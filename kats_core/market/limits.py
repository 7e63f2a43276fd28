"""Compute the daily price limits (가격제한폭) from a base price, by date.

The broker's own limit fields win at run time; a difference from this formula blocks entries (`spec/README.md` section 4).
The lower limit is not the mirror image of the upper one: the width is cut to the tick of the base price, so the lower limit
often lies above 70 % of it. Days with rules of their own are a `ListingPhase`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import TypeAlias

import msgspec

from kats_core.market.arrays import Int64Array
from kats_core.market.dated import Certainty, Dated, MarketRuleError, Source
from kats_core.market.exact import ceil_times, ceil_times_array, floor_times, floor_times_array, int64_array
from kats_core.market.ticks import Price, tick_table
from kats_core.model.kinds import InstrumentKind, Market, Scope
from kats_core.model.labels import Labelled

LimitArrays: TypeAlias = tuple[Int64Array, Int64Array]
"""(lower, upper)."""

ADJUSTED_TOLERANCE = Fraction(1, 100)
"""How far an adjusted price may exceed the limit ratio: adjustment and rounding to won move both prices."""


class PriceLimits(msgspec.Struct, frozen=True, gc=False):
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

_GUIDE = Source("the exchange's trading guide: daily price limits", Certainty.CONFIRMED)
_KOSDAQ_1998 = Source("the exchange's trading guide; one newspaper says April", Certainty.REPORTED)
_KOSDAQ_2005 = Source("general knowledge: the same day in two unofficial chronicles", Certainty.ASSUMED)
_KONEX_OPENED = Source("general knowledge, counted from the opening of the market", Certainty.ASSUMED)

_RATES = {
    Market.KOSPI: Dated(
        "price limit rate of KOSPI",
        [
            (dt.date(1995, 4, 1), 6 * _PERCENT, _GUIDE),  # before: fixed amounts of won by price band
            (dt.date(1996, 11, 25), 8 * _PERCENT, _GUIDE),
            (dt.date(1998, 3, 2), 12 * _PERCENT, _GUIDE),
            (dt.date(1998, 12, 7), 15 * _PERCENT, _GUIDE),
            (dt.date(2015, 6, 15), 30 * _PERCENT, _GUIDE),
        ],
    ),
    Market.KOSDAQ: Dated(
        "price limit rate of KOSDAQ",
        [
            (dt.date(1996, 11, 25), 8 * _PERCENT, _GUIDE),
            (dt.date(1998, 3, 2), 12 * _PERCENT, _KOSDAQ_1998),
            (dt.date(2005, 3, 28), 15 * _PERCENT, _KOSDAQ_2005),
            (dt.date(2015, 6, 15), 30 * _PERCENT, _GUIDE),
        ],
    ),
    Market.KONEX: Dated("price limit rate of KONEX", [(dt.date(2013, 7, 1), 15 * _PERCENT, _KONEX_OPENED)]),
}


class ListingPhase(Labelled):
    """Where in its life as a listing an instrument stands; it decides which price limits a day has."""

    USUAL = "USUAL", "일반", "usual"
    FIRST_DAY = "FIRST_DAY", "신규상장 첫날", "first day of a listing"
    RELISTING = "RELISTING", "재상장·변경상장 첫날", "first day after a spin-off or a long halt"
    DELISTING_SALE = "DELISTING_SALE", "정리매매", "delisting sale"


@dataclass(frozen=True, slots=True)
class OpeningRange:
    """How far the first price of a new listing may lie from its reference, as shares of it.

    `is_whole_day`: all prices of the day stay in the range; else it binds the opening auction alone, whose price then is
    the base price of the usual limits.
    """

    least: Fraction
    most: Fraction
    is_whole_day: bool


_IPO_2023 = Source("the exchange's reform of the first trading day, in force since 2023-06-26", Certainty.CONFIRMED)
_IPO_2015 = Source("the exchange's trading guide to 2023: opening auction from 90 to 200 %", Certainty.CONFIRMED)
_RELISTED = Source("general knowledge: opening auction in a wide band", Certainty.ASSUMED)

_OPENING_RANGES = {
    ListingPhase.FIRST_DAY: Dated(
        "price range of the first day of a listing",
        [
            (dt.date(2015, 6, 15), OpeningRange(90 * _PERCENT, 200 * _PERCENT, is_whole_day=False), _IPO_2015),
            (dt.date(2023, 6, 26), OpeningRange(60 * _PERCENT, 400 * _PERCENT, is_whole_day=True), _IPO_2023),
        ],
    ),
    ListingPhase.RELISTING: Dated(
        "price range of a re-listing's opening auction",
        [(dt.date(2015, 6, 15), OpeningRange(50 * _PERCENT, 200 * _PERCENT, is_whole_day=False), _RELISTED)],
    ),
}
TABLES = (*_RATES.values(), *_OPENING_RANGES.values())


@cache
def opening_range(day: dt.date, phase: ListingPhase) -> OpeningRange:
    """Return how far the first price of a new listing may lie from its reference (공모가).

    Raises:
        MarketRuleError: the phase opens by the usual limits or has none, or the rule is not known on the date.
    """
    if phase not in _OPENING_RANGES:
        raise MarketRuleError(f"{phase.en}: no opening range, only new listings have one")
    return _OPENING_RANGES[phase].on(day)


def opening_limits(
    reference: int, day: dt.date, market: Market, phase: ListingPhase, kind: InstrumentKind = InstrumentKind.STOCK
) -> PriceLimits:
    """Return the range of a new listing's opening auction, cut inward to order prices; raises as `opening_range`.

    Offer 10 000 -> 6 000 to 40 000 since 2023-06-26, when the range became that of the whole day; before, 9 000 to 20 000.
    """
    if reference <= 0:
        raise ValueError(f"reference price {reference} is not positive")
    own = opening_range(day, phase)
    ticks = tick_table(day, market, kind)
    return PriceLimits(reference, ticks.rup(reference * own.least), ticks.rdn(reference * own.most))


def has_limits(kind: InstrumentKind, phase: ListingPhase = ListingPhase.USUAL) -> bool:
    """Tell whether prices are limited at all: not those of an ELW, nor of a delisting sale."""
    return kind is not InstrumentKind.ELW and phase is not ListingPhase.DELISTING_SALE


def limits_of_day(
    base: int, day: dt.date, market: Market, phase: ListingPhase, kind: InstrumentKind, leverage: float = 1
) -> PriceLimits | None:
    """Return the limits of a day as traded, whatever the phase of the listing; None where prices are free.

    `base` is the base price; on the first day of a listing since 2023-06-26 the offer price; in the other phases that find
    their base in the opening auction, the price of that auction.
    """
    if not has_limits(kind, phase):
        return None
    if phase in _OPENING_RANGES and opening_range(day, phase).is_whole_day:
        return opening_limits(base, day, market, phase, kind)
    return price_limits(base, day, market, kind, leverage)


@cache
def limit_rate(
    day: dt.date, market: Market, kind: InstrumentKind = InstrumentKind.STOCK, leverage: float = 1
) -> Fraction:
    """Return the share of the base price by which a price may move on a day.

    `leverage` is the fund's multiple, 1.5 for 1.5X; its sign does not matter, a -2 fund moves as far as a +2 one.

    Raises:
        MarketRuleError: an ELW, which has no limits, or a date before the market's first rate.
    """
    if kind is InstrumentKind.ELW:
        raise MarketRuleError("an ELW has no daily price limits")
    if leverage == 0:
        raise ValueError("leverage 0: a fund's multiple is at least 1 or at most -1")
    return _RATES[market].on(day) * Fraction(str(abs(leverage)))


@cache
def _adjusted_reach(day: dt.date, market: Market, kind: InstrumentKind, leverage: float) -> tuple[Fraction, Fraction]:
    """Return the least and the most that an adjusted price may be of its base."""
    rate = limit_rate(day, market, kind, leverage)
    return 1 - rate - ADJUSTED_TOLERANCE, 1 + rate + ADJUSTED_TOLERANCE


def price_limits(
    base: int,
    day: dt.date,
    market: Market,
    kind: InstrumentKind = InstrumentKind.STOCK,
    leverage: float = 1,
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
    leverage: float = 1,
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
