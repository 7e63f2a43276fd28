"""The builders that plugin authors test with say what they are told and nothing more."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from fractions import Fraction

import pytest

from kats_core.api import (
    SECOND,
    Fact,
    FactSource,
    Instrument,
    InstrumentKind,
    NotYet,
    Numbers,
    Panel,
    Reasons,
    Setup,
    Setups,
    Signal,
    StageContext,
    Trigger,
    View,
)
from kats_core.model.codes import CoreCode
from kats_core.model.setup import Above, DayOpen
from kats_core.testing import (
    HOURS,
    NOW,
    SESSION,
    DailyRow,
    FrozenContext,
    daily_view,
    minute_view,
    panel,
    proposal,
    setups_after,
)

DAY: DailyRow = (100, 110, 90, 105, 7)


class WhatTraded:
    """Arms every symbol that traded."""

    def arm(self, history: Panel) -> Setups:
        reasons = Reasons(history)
        reasons.require(history.present, CoreCode.STALE_DATA)
        return Setups(reasons.cells, reasons.codes, {"close": history.close}, self._trigger)

    def confirm(self, view: View, setup: Setup) -> Signal | NotYet:
        return NotYet(CoreCode.NO_BREAKOUT)

    def _trigger(self, numbers: Numbers) -> Trigger:
        return Above(DayOpen(int(numbers["close"])))


def test_a_panel_ends_on_the_eve_of_its_session_over_a_holiday() -> None:
    """2026-03-01 is a Sunday, so 2 March is closed in its place."""
    history = panel({"005930": [DAY, DAY, DAY]})
    assert history.sessions == (dt.date(2026, 2, 26), dt.date(2026, 2, 27), dt.date(2026, 3, 3))
    assert history.next_session == (dt.date(2026, 2, 27), dt.date(2026, 3, 3), SESSION)


def test_a_younger_symbol_and_a_halted_session_are_gaps() -> None:
    """Rows end together; where nothing traded a cell holds zeros."""
    history = panel({"005930": [DAY, None, DAY], "000660": [DAY]})
    assert history.present.tolist() == [[True, False], [False, False], [True, True]]
    assert history.close.tolist() == [[105, 0], [0, 0], [105, 105]]
    assert history.value.tolist() == [[735, 0], [0, 0], [735, 735]]


def test_an_empty_panel_is_a_panel() -> None:
    """A strategy must survive a market without history."""
    assert panel({}).present.shape == (0, 0)
    assert panel({"005930": []}).present.shape == (0, 1)


def test_a_strategys_answer_is_read_as_setup_or_reason() -> None:
    """The last row arms for the session after it."""
    found = setups_after(WhatTraded(), panel({"005930": [DAY], "000660": [DAY, None]}))
    assert found["000660"] is CoreCode.STALE_DATA
    armed = found["005930"]
    assert isinstance(armed, Setup)
    assert (armed.session, armed.trigger, armed.numbers) == (SESSION, Above(DayOpen(105)), {"close": 105})


def test_facts_that_were_not_given_are_missing() -> None:
    """A plain value is delivered now; a fact keeps its age."""
    old = Fact("stars", 4, NOW - SECOND, FactSource.FILE)
    context: StageContext = FrozenContext(facts={"grade": "A", "stars": old, "regime": None})
    assert context.fact("grade") == Fact("grade", "A", NOW, FactSource.FEED)
    assert context.fact("stars") is old
    assert context.fact("regime").is_missing
    assert context.fact("equity").is_missing


def test_a_proposal_risks_what_a_stock_risks() -> None:
    """The distance, at least 0.005 of the price, and both sides' costs (RS1-1 and RS1-4)."""
    assert proposal(price=38_750, stop=36_650).risk_per_share == Fraction("2184.61")
    assert proposal(price=80_300, stop=80_100).risk_per_share == Fraction("585.76")


def test_a_minute_shows_its_close_as_last_and_ask() -> None:
    """At 10:00 unless said otherwise; the bar and the day agree."""
    view: View = minute_view(last=25_450, day_open=25_000, base_price=25_400)
    assert view.bar is not None
    assert (view.now, view.last, view.day_open, view.bar.close, view.bar.day_high) == (
        NOW,
        25_450,
        25_000,
        25_450,
        25_450,
    )
    assert (view.ask_within(25_450), view.ask_within(25_400)) == (25_450, None)
    assert (view.price_limits.lower, view.price_limits.upper) == (17_800, 33_000)


def test_a_last_price_between_ticks_gives_an_ask_on_a_tick() -> None:
    """Orders need one; half ticks trade since 2025-03-04."""
    assert minute_view(last=25_425, day_open=25_000, base_price=25_400).ask_within(25_450) == 25_450


def test_nobody_sells_when_there_is_no_ask() -> None:
    """As at the upper price limit."""
    view = replace(minute_view(last=25_450, day_open=25_000, base_price=25_400), ask=None)
    assert view.ask_within(1_000_000) is None


@pytest.mark.parametrize(
    ("day_open", "low", "bought_at"), [(25_000, 24_800, 25_450), (25_700, 25_500, 25_550), (25_700, 25_600, None)]
)
def test_a_daily_bar_shows_the_moment_of_its_level(day_open: int, low: int, bought_at: int | None) -> None:
    """At the level, at the cap when the bar came back to it, else not at all."""
    assert daily_view(day_open=day_open, level=25_450, low=low, base_price=25_400).ask_within(25_550) == bought_at


def test_an_instrument_brings_its_own_ticks() -> None:
    """A fund of 25 000 won has ticks of 5 won."""
    fund = Instrument(symbol="069500", kind=InstrumentKind.ETF)
    view = minute_view(last=25_455, day_open=25_000, base_price=25_400, instrument=fund, hours=HOURS)
    assert view.ask_within(25_455) == 25_455
