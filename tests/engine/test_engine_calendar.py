"""Specify the engine on days that the calendar and the broker see differently: exits go on, entries do not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.event import SessionPrepared
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import FactSource, Severity, TradingState


def prepared(session: dt.date, says: bool | None, symbol: str) -> SessionPrepared:
    at = time.at(session, dt.time(8, 50))
    facts = () if says is None else (Fact(fact.EXCHANGE_OPEN, says, at, FactSource.FEED),)
    instruments = (Instrument(symbol=symbol),)
    return SessionPrepared(ts=at, session=session, instruments=instruments, base_prices={symbol: 25_300}, facts=facts)


@pytest.mark.parametrize(
    ("session", "says", "code"),
    [
        (dt.date(2026, 7, 16), False, CoreCode.CALENDAR_DISAGREES),
        (dt.date(2026, 7, 17), True, CoreCode.CALENDAR_DISAGREES),
        (dt.date(2028, 1, 4), None, CoreCode.CALENDAR_UNKNOWN),
    ],
)
def test_a_day_in_doubt_only_reduces_and_says_so(
    house: Any, session: dt.date, says: bool | None, code: CoreCode
) -> None:
    """The notice is critical; the session goes on for what is held."""
    desk = house.Desk()
    desk.feed(prepared(session, says, house.SYMBOL))
    assert desk.engine.trading_state is TradingState.REDUCING
    assert (Severity.CRITICAL, str(code)) in [(n.severity, str(n.code)) for n in desk.notices]


def test_agreement_changes_nothing(house: Any) -> None:
    """An inquiry that says open on a session is no news."""
    desk = house.Desk()
    desk.feed(prepared(dt.date(2026, 7, 16), True, house.SYMBOL))
    assert desk.engine.trading_state is TradingState.ACTIVE
    assert not [n for n in desk.notices if n.severity is Severity.CRITICAL]


def test_an_entry_is_refused_on_a_day_in_doubt(house: Any) -> None:
    """What would buy on any other day is refused for the state of the account."""
    usual = house.Desk().begin(house.setup()).minute("09:31", 25_450)
    assert usual.engine.live_orders or usual.bought
    doubtful = house.Desk().begin(house.setup(), facts={fact.EXCHANGE_OPEN: False}).minute("09:31", 25_450)
    assert not doubtful.bought
    assert not doubtful.engine.live_orders
