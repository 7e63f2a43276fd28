"""The index within a session: told by the minute where the source knows it, so that a falling market stops entries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.panel import Panel
from kats_core.market.source import IndexMinutesSource
from kats_core.market.tables import IndexMinutes
from kats_core.model import fact, time
from kats_core.model.event import FactsChanged
from kats_core.model.kinds import FactSource, Overlay
from kats_core.model.record import SetupRecord, SetupStatus
from kats_core.model.setup import At
from kats_core.orders.broker import BrokerAccount
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.index_feed import IndexFeed
from kats_core.runtime.inputs import Given, Inputs
from kats_core.runtime.paper import PaperBroker, PaperParams
from kats_core.runtime.pump import Pump
from kats_core.sources.sample.market import SampleSource

if TYPE_CHECKING:
    from conftest import Desk, House

SOURCE = SampleSource(7, 60)
DAY = dt.date(2025, 3, 28)
"""A day on which the KOSPI of the sample market falls by 3 % at 13:15."""
BEFORE, AFTER = dt.time(13, 0), dt.time(13, 30)
SYMBOLS = ("990020", "990090", "990100")


def clock(hour: int, minute: int) -> time.Nanos:
    return time.at(DAY, dt.time(hour, minute))


class Course:
    """A source that knows three moments of one session."""

    def index_minutes(self, session: dt.date) -> Mapping[str, IndexMinutes]:
        if session != DAY:
            return {}
        moments = np.array([clock(9, 0), clock(9, 1), clock(9, 2)], dtype=np.int64)
        return {"KOSPI": IndexMinutes("KOSPI", DAY, moments, np.array([2_000.0, 1_990.0, 1_940.0]))}


def daily(close: float = 2_000.0) -> Any:
    series = SOURCE.indices()["KOSPI"].until(DAY)
    closes = series.close.copy()
    closes[-2] = close
    return replace(series, close=closes)


def told(feed_at: list[time.Nanos], source: IndexMinutesSource | None, session: dt.date = DAY) -> list[FactsChanged]:
    heard: list[FactsChanged] = []
    feed = IndexFeed(source, daily(), heard.append)
    feed.begin(session)
    for now in feed_at:
        feed.until(now)
    return heard


def test_each_minute_tells_how_far_the_index_is_from_its_last_close() -> None:
    """With its own instant, as from a feed; a moment in which it has not moved on tells nothing."""
    heard = told([clock(9, 0), clock(9, 1), clock(9, 1), clock(9, 2), clock(9, 3)], Course())
    assert [event.ts for event in heard] == [clock(9, 0), clock(9, 1), clock(9, 2)]
    facts = [event.facts[0] for event in heard]
    assert [one.value for one in facts] == pytest.approx([0.0, -0.005, -0.03])
    assert {(one.name, one.source) for one in facts} == {(fact.INDEX_CHANGE, FactSource.FEED)}
    assert [one.as_of for one in facts] == [event.ts for event in heard]


def test_what_was_missed_is_not_told_late() -> None:
    """Whoever looks after three minutes hears of the last one only."""
    [event] = told([clock(9, 5)], Course())
    assert event.facts[0].as_of == clock(9, 2)


@pytest.mark.parametrize(("source", "session"), [(None, DAY), (Course(), dt.date(2025, 10, 21))])
def test_nothing_is_told_where_nobody_knows(source: IndexMinutesSource | None, session: dt.date) -> None:
    """No source, or none of that session: then it stays as old as it is, which is no permission."""
    assert told([clock(9, 1)], source, session) == []


def market(house: type[House]) -> tuple[Panel, Inputs]:
    panel = SOURCE.history(None, DAY)
    columns = [panel.column[symbol] for symbol in SYMBOLS]
    arrays = ("present", "open", "high", "low", "close", "volume", "value")
    kept: dict[str, Any] = {name: np.ascontiguousarray(getattr(panel, name)[:-1, columns]) for name in arrays}
    panel = replace(
        panel,
        sessions=panel.sessions[:-1],
        next_session=panel.next_session[:-1],
        instruments=tuple(panel.instruments[column] for column in columns),
        indices={"KOSPI": SOURCE.indices()["KOSPI"].until(DAY)},
        **kept,
    )
    return panel, Inputs(panel.symbols, (Given(house.assumed()),))


def played(house: type[House], at: dt.time, *, live: bool, on_tape: bool, dense: bool = False) -> Desk:
    """Buy at a clock, unless the index has fallen."""
    buyer = house.Buyer(cap=0, stop=97, waiting=lambda _: At(at))
    shy = house.instance(buyer, overlays=frozenset({Overlay.INDEX_SHOCK}))
    desk = house.Desk(strategies=(shy,), session=DAY)
    panel, inputs = market(house)
    account = BrokerAccount(capital=desk.capital, commission=Fraction("0.00015"), scope=desk.scope)
    player = DayPlayer(
        engine=desk.engine,
        pump=Pump(desk.engine, PaperBroker(PaperParams(), account), desk.records.extend, desk.notices.append),
        market=Market(
            panel=panel,
            instruments={one.symbol: one for one in panel.instruments},
            calendar=krx_calendar(),
            scope=desk.scope,
            inputs=inputs,
            live=SOURCE if live else None,
        ),
        strategies=desk.strategies,
        keep=desk.records.extend,
        dense=dense,
    )
    bars = SOURCE.minutes(DAY)
    bars = bars.without(frozenset(bars.symbols) - set(SYMBOLS))
    if on_tape:
        player.play_tape(bars, SOURCE.tape(DAY))
    else:
        player.play_minutes(bars)
    return desk


@pytest.mark.parametrize("on_tape", [True, False])
def test_a_fall_within_the_session_stops_what_comes_after_it(house: type[House], on_tape: bool) -> None:
    """Whoever buys before 13:15 buys; whoever would buy after it is told INDEX_SHOCK, from order books and from minutes alike."""
    assert played(house, BEFORE, live=True, on_tape=on_tape).bought
    stopped = played(house, AFTER, live=True, on_tape=on_tape)
    assert stopped.bought == []
    assert {setup.code for setup in stopped.kept(SetupRecord) if setup.status is SetupStatus.UNFIRED} == {
        "core:INDEX_SHOCK"
    }
    assert played(house, AFTER, live=False, on_tape=on_tape).bought


@pytest.mark.parametrize("at", [BEFORE, AFTER])
def test_dense_feeding_decides_the_same_with_an_index(house: type[House], at: dt.time) -> None:
    """Byte for byte: the index is told at the same moments."""
    sparse, dense = (played(house, at, live=True, on_tape=False, dense=one) for one in (False, True))
    assert dense.log == sparse.log
