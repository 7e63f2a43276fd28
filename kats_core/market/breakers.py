"""Say when the exchange stops: volatility interruptions of one symbol, circuit breakers and sidecars of a whole market.

Thresholds by date, and pure answers from them. The states that follow (who is halted, until when) are the engine's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

from kats_core.market.arrays import Int64Array
from kats_core.market.dated import Certainty, Dated, MarketRuleError, Source
from kats_core.market.exact import ceil_times_array, floor_times_array
from kats_core.market.limits import ListingPhase
from kats_core.market.phases import SessionPhase
from kats_core.market.sessions import SessionHours
from kats_core.market.ticks import TickTable
from kats_core.model import time as kst
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.labels import Labelled
from kats_core.model.time import Nanos

_PERCENT = Fraction(1, 100)

VI_AUCTION: Nanos = 2 * kst.MINUTE
"""Length of the call auction of a volatility interruption; it ends at random up to 30 s later."""


class VolatilityClass(Labelled):
    """Which dynamic thresholds an instrument has."""

    CALM = "CALM", "KOSPI200 구성종목, 지수·인버스·채권 ETF", "KOSPI 200 constituents; index, inverse and bond ETFs"
    USUAL = "USUAL", "그 밖의 종목", "other stocks of KOSPI, all of KOSDAQ; leveraged, sector and foreign ETFs"


def volatility_class(instrument: Instrument, *, is_broad: bool | None) -> VolatilityClass:
    """Return the class of an instrument.

    `is_broad`: it belongs to the KOSPI 200, or is a fund on a broad index or on bonds. None: nobody knows, and the narrower
    thresholds are the careful answer, except for what can never have them.
    """
    is_kosdaq_stock = instrument.kind is InstrumentKind.STOCK and instrument.market is not Market.KOSPI
    if is_kosdaq_stock or abs(instrument.leverage) > 1:
        return VolatilityClass.USUAL
    return VolatilityClass.USUAL if is_broad is False else VolatilityClass.CALM


@dataclass(frozen=True, slots=True)
class ViThresholds:
    """How far a price may move before trading becomes a call auction; None: there is no such interruption.

    `static` is measured from the last call auction's price, the others, dynamic, from the last trade. `derivative_expiry`
    is for the closing auction of underlyings of stock derivatives on their last trading day.
    """

    static: Fraction | None
    continuous: Fraction
    closing_auction: Fraction
    derivative_expiry: Fraction
    single_price: Fraction | None
    after_market: Fraction | None


def _vi(static: int | None, continuous: int, closing: int, single: int | None, after: int | None) -> ViThresholds:
    def share(percent: int | None) -> Fraction | None:
        return None if percent is None else percent * _PERCENT

    return ViThresholds(
        share(static), continuous * _PERCENT, closing * _PERCENT, 1 * _PERCENT, share(single), share(after)
    )


_VI_GUIDE = Source("the exchange's trading guide: volatility interruption", Certainty.CONFIRMED)
_VI_2026 = Source(
    "the after-market's thresholds are not published: the regular session's are assumed", Certainty.ASSUMED
)
_STATIC_SINCE = dt.date(2015, 6, 15)
_VI = {
    of: Dated(
        f"volatility interruption of {of.en}",
        [
            (dt.date(2014, 9, 1), _vi(None, continuous, closing, continuous, None), _VI_GUIDE),
            (_STATIC_SINCE, _vi(10, continuous, closing, continuous, None), _VI_GUIDE),
            (dt.date(2026, 9, 14), _vi(10, continuous, closing, None, continuous), _VI_2026),
        ],
    )
    for of, continuous, closing in ((VolatilityClass.CALM, 3, 2), (VolatilityClass.USUAL, 6, 4))
}
_REGULAR = frozenset({SessionPhase.OPENING_AUCTION, SessionPhase.CONTINUOUS, SessionPhase.CLOSING_AUCTION})
_EVENING = frozenset({SessionPhase.AFTER_MARKET})


def static_threshold(day: dt.date, of: VolatilityClass, phase: SessionPhase) -> Fraction | None:
    """Return the static threshold of a phase; None where there is no static interruption."""
    thresholds = _thresholds(day, of)
    is_watched = phase in _REGULAR or phase in _EVENING
    return thresholds.static if thresholds is not None and is_watched else None


def dynamic_threshold(
    day: dt.date, of: VolatilityClass, phase: SessionPhase, *, is_derivative_expiry: bool = False
) -> Fraction | None:
    """Return the dynamic threshold of a phase; None where there is no dynamic interruption.

    `is_derivative_expiry`: derivatives of this stock have their last trading day.
    """
    thresholds = _thresholds(day, of)
    if thresholds is None:
        return None
    closing = thresholds.derivative_expiry if is_derivative_expiry else thresholds.closing_auction
    return {
        SessionPhase.CONTINUOUS: thresholds.continuous,
        SessionPhase.CLOSING_AUCTION: closing,
        SessionPhase.SINGLE_PRICE: thresholds.single_price,
        SessionPhase.AFTER_MARKET: thresholds.after_market,
    }.get(phase)


def static_vi_bounds(day: dt.date, reference: int, ticks: TickTable) -> tuple[int, int]:
    """Return (lower, upper), the prices at which a static interruption is expected in the regular session.

    Before there was one its first width counts: who watches is careful too early, never too late.
    """
    width = static_threshold(max(day, _STATIC_SINCE), VolatilityClass.USUAL, SessionPhase.CONTINUOUS)
    if width is None:
        raise MarketRuleError(f"no static interruption is known on {day}")
    return vi_triggers(reference, width, ticks)


def has_vi(phase: ListingPhase, *, is_single_priced: bool = False) -> bool:
    """Tell whether a symbol can be interrupted at all: not on its first day, in a delisting sale, or in 30-minute auctions."""
    return phase not in (ListingPhase.FIRST_DAY, ListingPhase.DELISTING_SALE) and not is_single_priced


def vi_triggers(reference: int, threshold: Fraction, ticks: TickTable) -> tuple[int, int]:
    """Return the estimated lower and upper trigger prices: reference 52 000 at 10 % -> (46 800, 57 200).

    The exchange does not publish how it rounds; a price at or beyond a trigger counts as one.
    """
    if reference <= 0:
        raise ValueError(f"reference price {reference} is not positive")
    return ticks.rdn(reference * (1 - threshold)), ticks.rup(reference * (1 + threshold))


def vi_trigger_arrays(references: Int64Array, threshold: Fraction, ticks: TickTable) -> tuple[Int64Array, Int64Array]:
    """Return `vi_triggers` of each reference price."""
    lower = ticks.rdn_array(floor_times_array(references, 1 - threshold))
    return lower, ticks.rup_array(ceil_times_array(references, 1 + threshold))


def _thresholds(day: dt.date, of: VolatilityClass) -> ViThresholds | None:
    try:
        return _VI[of].on(day)
    except MarketRuleError:
        return None  # before 2014-09-01 no price interrupted trading


@dataclass(frozen=True, slots=True)
class BreakerLevel:
    """A level of the circuit breaker. `drop` is measured from the previous close and must hold for a minute.

    `beyond` is how many points of the previous close the index must lie below the value that set off the level before.
    """

    level: int
    drop: Fraction
    beyond: Fraction
    halt: Nanos
    auction: Nanos
    not_after: dt.time | None
    ends_session: bool = False


@dataclass(frozen=True, slots=True)
class Sidecar:
    """When program trading pauses: futures, and on KOSDAQ the index too, have moved so far for a minute."""

    futures: Fraction
    index: Fraction | None
    pause: Nanos
    not_before: Nanos
    not_after: dt.time


_LATEST = dt.time(14, 50)
_BREAKER_GUIDE = Source("the exchange's trading guide: circuit breakers", Certainty.CONFIRMED)
_BREAKER_BEFORE = Source("the exchange's trading guide: one step of 10 % before 2015-06-15", Certainty.CONFIRMED)
_BREAKER_START = Source("general knowledge: first day of the circuit breaker", Certainty.ASSUMED)
_ONE_STEP = (BreakerLevel(1, 10 * _PERCENT, Fraction(0), 20 * kst.MINUTE, 10 * kst.MINUTE, _LATEST),)
_THREE_STEPS = (
    BreakerLevel(1, 8 * _PERCENT, Fraction(0), 20 * kst.MINUTE, 10 * kst.MINUTE, _LATEST),
    BreakerLevel(2, 15 * _PERCENT, 1 * _PERCENT, 20 * kst.MINUTE, 10 * kst.MINUTE, _LATEST),
    BreakerLevel(3, 20 * _PERCENT, 1 * _PERCENT, 0, 0, None, ends_session=True),
)
_BREAKERS = {
    Market.KOSPI: Dated(
        "circuit breaker of KOSPI",
        [(dt.date(1998, 12, 7), _ONE_STEP, _BREAKER_START), (dt.date(2015, 6, 15), _THREE_STEPS, _BREAKER_GUIDE)],
    ),
    Market.KOSDAQ: Dated(
        "circuit breaker of KOSDAQ",
        [(dt.date(2001, 10, 15), _ONE_STEP, _BREAKER_START), (dt.date(2015, 6, 15), _THREE_STEPS, _BREAKER_GUIDE)],
    ),
}
_SIDECAR_GUIDE = Source("the exchange's trading guide: sidecar", Certainty.CONFIRMED)
_SIDECARS = {
    Market.KOSPI: Dated(
        "sidecar of KOSPI",
        [(dt.date(2015, 6, 15), Sidecar(5 * _PERCENT, None, 5 * kst.MINUTE, 5 * kst.MINUTE, _LATEST), _SIDECAR_GUIDE)],
    ),
    Market.KOSDAQ: Dated(
        "sidecar of KOSDAQ",
        [
            (
                dt.date(2015, 6, 15),
                Sidecar(6 * _PERCENT, 3 * _PERCENT, 5 * kst.MINUTE, 5 * kst.MINUTE, _LATEST),
                _SIDECAR_GUIDE,
            )
        ],
    ),
}
TABLES = (*_VI.values(), *_BREAKERS.values(), *_SIDECARS.values())


def breaker_levels(day: dt.date, market: Market) -> tuple[BreakerLevel, ...]:
    """Return the levels of a market's circuit breaker.

    Raises:
        MarketRuleError: KONEX, or a date before the breaker.
    """
    if market not in _BREAKERS:
        raise MarketRuleError(f"{market} has no circuit breaker of its own")
    return _BREAKERS[market].on(day)


def breaker_reached(
    market: Market,
    change: Fraction,
    hours: SessionHours,
    now: Nanos,
    last: tuple[int, Fraction] | None = None,
) -> BreakerLevel | None:
    """Return the level that a market has reached, if it holds for a minute; None when there is none.

    `change` is index / previous close - 1; `last` the level that stopped the market before on this day, and the change
    that set it off. Each level stops a market once a day, and levels 1 and 2 not after 14:50.
    """
    reached, trigger = last if last is not None else (0, Fraction(0))
    for level in breaker_levels(hours.session, market):
        if level.level != reached + 1:
            continue
        if level.not_after is not None and now > hours.at(level.not_after):
            # Late in the day only the last level is left, and it still wants the ones before it.
            return None
        return level if change <= -level.drop and change <= trigger - level.beyond else None
    return None


def sidecar(day: dt.date, market: Market) -> Sidecar:
    """Return the sidecar of a market; raises `MarketRuleError` for KONEX, or where it is not known."""
    if market not in _SIDECARS:
        raise MarketRuleError(f"{market} has no sidecar")
    return _SIDECARS[market].on(day)


def sidecar_reached(market: Market, futures: Fraction, index: Fraction | None, hours: SessionHours, now: Nanos) -> bool:
    """Tell whether moves that have held for a minute pause program trading, which happens once a day; up or down.

    `futures` and `index` are changes from the previous close. A missing index never sets off the one of KOSDAQ.
    """
    rule = sidecar(hours.session, market)
    if not hours.open + rule.not_before <= now <= hours.at(rule.not_after):
        return False
    if abs(futures) < rule.futures:
        return False
    if rule.index is None:
        return True
    return index is not None and abs(index) >= rule.index and (index > 0) == (futures > 0)
