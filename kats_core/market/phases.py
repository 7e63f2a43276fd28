"""Say which sessions of the exchange run at an instant, and which kinds of orders each takes.

`sessions.SessionHours` knows the regular session, which is all that KATS trades; this module knows what lies before and
after it, by period, and what the exchange would refuse. Other venues are not here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from kats_core.market.dated import Certainty, Dated, Source
from kats_core.market.sessions import SessionHours, regular_clocks
from kats_core.model import time as kst
from kats_core.model.kinds import InstrumentKind
from kats_core.model.labels import Labelled
from kats_core.model.time import Nanos


class SessionPhase(Labelled):
    """A session of the exchange. Some overlap: the close-price sessions run beside the call auctions."""

    PRE_CLOSE_PRICE = "PRE_CLOSE_PRICE", "장전 시간외종가", "pre-market at yesterday's close"
    OPENING_AUCTION = "OPENING_AUCTION", "장전 동시호가", "opening call auction"
    CONTINUOUS = "CONTINUOUS", "접속매매", "continuous trading"
    CLOSING_AUCTION = "CLOSING_AUCTION", "장마감 동시호가", "closing call auction"
    AFTER_CLOSE_PRICE = "AFTER_CLOSE_PRICE", "장후 시간외종가", "after hours at the close"
    SINGLE_PRICE = "SINGLE_PRICE", "시간외 단일가", "after-hours single price"
    AFTER_MARKET = "AFTER_MARKET", "애프터마켓", "after-market"


@dataclass(frozen=True, slots=True)
class Span:
    """A phase of one day; `end` is not part of it. A call auction may match up to 30 s after its nominal end."""

    phase: SessionPhase
    start: Nanos
    end: Nanos


@dataclass(frozen=True, slots=True)
class _Around:
    """What surrounds the regular session, by the clock of a usual day of the period. None: there is no such session.

    `auction_lead` is the length of the opening call auction in minutes. Sessions before the open move with it, those after
    the close move with the close; `ends_fixed` keep their end on every day.
    """

    auction_lead: int
    pre_close_price: tuple[dt.time, dt.time] | None
    after_close_price: tuple[dt.time, dt.time] | None
    single_price: tuple[dt.time, dt.time] | None
    after_market: tuple[dt.time, dt.time] | None


def _clock(text: str) -> tuple[dt.time, dt.time]:
    start, end = text.split("-")
    return dt.time.fromisoformat(start), dt.time.fromisoformat(end)


_GUIDE = Source("the exchange's trading guide of the time: sessions", Certainty.CONFIRMED)
_AROUND_1995 = Source("general knowledge; the sessions beside the regular one are left out", Certainty.ASSUMED)
_GUIDE_2019 = Source("the exchange's trading guide; the first day is general knowledge", Certainty.ASSUMED)
_LIVE_2026 = Source(
    "press of 2026-06-19 and brokers' notices of 2026-09-09: after-market from 2026-09-14", Certainty.CONFIRMED
)

# Clocks are those of a usual day; up to 2016-07-29 that day closed at 15:00.
_AROUND = Dated(
    "sessions around the regular one",
    [
        (dt.date(1995, 1, 1), _Around(60, None, None, None, None), _AROUND_1995),
        (
            dt.date(2014, 9, 1),
            _Around(60, _clock("07:30-08:30"), _clock("15:10-15:30"), _clock("15:30-18:00"), None),
            _GUIDE,
        ),
        (
            dt.date(2016, 8, 1),
            _Around(60, _clock("07:30-08:30"), _clock("15:40-16:00"), _clock("16:00-18:00"), None),
            _GUIDE,
        ),
        (
            dt.date(2019, 4, 29),
            _Around(30, _clock("08:30-08:40"), _clock("15:40-16:00"), _clock("16:00-18:00"), None),
            _GUIDE_2019,
        ),
        (
            dt.date(2026, 9, 14),
            _Around(30, _clock("08:30-08:40"), _clock("15:30-16:00"), None, _clock("16:00-20:00")),
            _LIVE_2026,
        ),
    ],
)


def spans(hours: SessionHours) -> tuple[Span, ...]:
    """Return the phases of a session, by their start.

    A phase begins when orders are taken: since 2026-09-14 the one at the close takes them from 15:30 and matches from 15:40.
    On the day of the college entrance exam all moves by an hour, but the evening's last session still ends at 20:00 (until
    2026-09-11 at 18:00): the natural reading, not confirmed. On the first session of a year only the morning moves.
    """
    around = _AROUND.on(hours.session)
    usual_open, usual_close = _usual(hours.session)
    early, late = hours.open - usual_open, hours.close - usual_close

    def at(clock: dt.time, shift: Nanos) -> Nanos:
        return kst.at(hours.session, clock) + shift

    found = [
        Span(SessionPhase.OPENING_AUCTION, hours.open - around.auction_lead * kst.MINUTE, hours.open),
        Span(SessionPhase.CONTINUOUS, hours.open, hours.close_auction),
        Span(SessionPhase.CLOSING_AUCTION, hours.close_auction, hours.close),
    ]
    for phase, clocks, shift, end_shift in (
        (SessionPhase.PRE_CLOSE_PRICE, around.pre_close_price, early, early),
        (SessionPhase.AFTER_CLOSE_PRICE, around.after_close_price, late, late),
        (SessionPhase.SINGLE_PRICE, around.single_price, late, 0),
        (SessionPhase.AFTER_MARKET, around.after_market, late, 0),
    ):
        if clocks is not None:
            found.append(Span(phase, at(clocks[0], shift), at(clocks[1], end_shift)))
    return tuple(sorted(found, key=lambda span: (span.start, span.end)))


def phases_at(hours: SessionHours, instant: Nanos) -> tuple[SessionPhase, ...]:
    """Return the phases that run at an instant, none outside all of them."""
    return tuple(span.phase for span in spans(hours) if span.start <= instant < span.end)


class BoardOrder(Labelled):
    """A kind of order that the exchange knows."""

    LIMIT = "LIMIT", "지정가", "limit"
    MARKET = "MARKET", "시장가", "market"
    CONDITIONAL_LIMIT = "CONDITIONAL_LIMIT", "조건부지정가", "limit that becomes market at the closing auction"
    BEST_OPPOSITE = "BEST_OPPOSITE", "최유리지정가", "at the best opposite quote"
    BEST_SAME = "BEST_SAME", "최우선지정가", "at the best quote of its own side"
    PRE_CLOSE_PRICE = "PRE_CLOSE_PRICE", "장전 시간외종가", "before hours at yesterday's close"
    AFTER_CLOSE_PRICE = "AFTER_CLOSE_PRICE", "장후 시간외종가", "after hours at the close"
    SINGLE_PRICE = "SINGLE_PRICE", "시간외 단일가", "after-hours single price"
    LIMIT_IOC = "LIMIT_IOC", "지정가 IOC", "limit, immediate or cancel"
    LIMIT_FOK = "LIMIT_FOK", "지정가 FOK", "limit, fill or kill"
    MARKET_IOC = "MARKET_IOC", "시장가 IOC", "market, immediate or cancel"
    MARKET_FOK = "MARKET_FOK", "시장가 FOK", "market, fill or kill"
    BEST_OPPOSITE_IOC = "BEST_OPPOSITE_IOC", "최유리 IOC", "best opposite, immediate or cancel"
    BEST_OPPOSITE_FOK = "BEST_OPPOSITE_FOK", "최유리 FOK", "best opposite, fill or kill"
    MID_PRICE = "MID_PRICE", "중간가", "mid-price"
    MID_PRICE_IOC = "MID_PRICE_IOC", "중간가 IOC", "mid-price, immediate or cancel"
    MID_PRICE_FOK = "MID_PRICE_FOK", "중간가 FOK", "mid-price, fill or kill"
    STOP_LIMIT = "STOP_LIMIT", "스톱지정가", "stop limit"


_AUCTIONS = frozenset({SessionPhase.OPENING_AUCTION, SessionPhase.CLOSING_AUCTION})
_REGULAR = _AUCTIONS | {SessionPhase.CONTINUOUS}
_CONTINUOUS = frozenset({SessionPhase.CONTINUOUS})
_NEVER: frozenset[SessionPhase] = frozenset()
_TO_1995 = dt.date(1995, 1, 1)
_ORDER_GUIDE = Source("the exchange's trading guide and the broker's list of order kinds", Certainty.CONFIRMED)
_BROKER_2026 = Source("the broker's notice of 2026-09-09: kinds 41 to 47 in the after-market", Certainty.REPORTED)
_VENUE_2025 = Source("press and brokers' notices of the second venue's opening on 2025-03-04", Certainty.CONFIRMED)
_NOT_BEFORE = Source("the kind did not exist yet", Certainty.CONFIRMED)
_UNKNOWN_START = Source("general knowledge: the kind is older than the data of KATS", Certainty.ASSUMED)


def _since_1995(
    phases: frozenset[SessionPhase], name: BoardOrder, *, is_evening: bool
) -> Dated[frozenset[SessionPhase]]:
    rows = [(_TO_1995, phases, _ORDER_GUIDE if phases == _REGULAR else _UNKNOWN_START)]
    if is_evening:
        rows.append((dt.date(2026, 9, 14), phases | {SessionPhase.AFTER_MARKET}, _BROKER_2026))
    return Dated(f"phases that take orders of kind {name.en}", rows)


_TAKES = {
    kind: _since_1995(phases, kind, is_evening=is_evening)
    for kind, phases, is_evening in (
        (BoardOrder.LIMIT, _REGULAR, True),
        (BoardOrder.MARKET, _REGULAR, False),
        (BoardOrder.CONDITIONAL_LIMIT, frozenset({SessionPhase.OPENING_AUCTION, SessionPhase.CONTINUOUS}), False),
        (BoardOrder.BEST_OPPOSITE, _CONTINUOUS, True),
        (BoardOrder.BEST_SAME, _CONTINUOUS, True),
        (BoardOrder.PRE_CLOSE_PRICE, frozenset({SessionPhase.PRE_CLOSE_PRICE}), False),
        (BoardOrder.AFTER_CLOSE_PRICE, frozenset({SessionPhase.AFTER_CLOSE_PRICE}), False),
        (BoardOrder.SINGLE_PRICE, frozenset({SessionPhase.SINGLE_PRICE}), False),
        (BoardOrder.LIMIT_IOC, _CONTINUOUS, True),
        (BoardOrder.LIMIT_FOK, _CONTINUOUS, True),
        (BoardOrder.MARKET_IOC, _CONTINUOUS, False),
        (BoardOrder.MARKET_FOK, _CONTINUOUS, False),
        (BoardOrder.BEST_OPPOSITE_IOC, _CONTINUOUS, True),
        (BoardOrder.BEST_OPPOSITE_FOK, _CONTINUOUS, True),
    )
} | {
    kind: Dated(
        f"phases that take orders of kind {kind.en}",
        [(_TO_1995, _NEVER, _NOT_BEFORE), (dt.date(2025, 3, 4), _CONTINUOUS, _VENUE_2025)],
    )
    for kind in (BoardOrder.MID_PRICE, BoardOrder.MID_PRICE_IOC, BoardOrder.MID_PRICE_FOK, BoardOrder.STOP_LIMIT)
}
_TAKEN_IN_VI = Dated(
    "kinds of orders that a volatility interruption takes",
    [
        (
            dt.date(2014, 9, 1),
            frozenset({BoardOrder.LIMIT, BoardOrder.MARKET}),
            Source("the exchange's trading guide: volatility interruption", Certainty.CONFIRMED),
        )
    ],
)
TABLES = (_AROUND, *_TAKES.values(), _TAKEN_IN_VI)


def takes(
    phase: SessionPhase,
    order: BoardOrder,
    day: dt.date,
    kind: InstrumentKind = InstrumentKind.STOCK,
    *,
    is_in_vi: bool = False,
) -> bool:
    """Tell whether the exchange takes an order of this kind in this phase on this day.

    `is_in_vi`: the symbol is in a volatility interruption, a call auction. The after-market is for stocks alone.
    """
    if phase is SessionPhase.AFTER_MARKET and kind is not InstrumentKind.STOCK:
        return False
    if is_in_vi and order not in _TAKEN_IN_VI.on(day):
        return False
    return phase in _TAKES[order].on(day)


def _usual(session: dt.date) -> tuple[Nanos, Nanos]:
    opening, closing = regular_clocks(session)
    return kst.at(session, opening), kst.at(session, closing)
