"""Overlays take a strategy out although its regime is on (`spec/market.md` section 5.1)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.model import fact, time
from kats_core.model.event import FactsChanged
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import FactSource, Overlay, Regime
from kats_core.model.record import SetupRecord
from kats_core.testing import panel as panel_of

if TYPE_CHECKING:
    from conftest import Desk, House

SESSION = dt.date(2026, 3, 4)
SHY = frozenset({Overlay.INDEX_SHOCK})
CAREFUL = frozenset({Overlay.PULSE})


def desk_of(house: type[House], overlays: frozenset[Overlay]) -> Desk:
    return house.Desk(strategies=(house.instance(house.Buyer(cap=0, stop=95), overlays=overlays),))


def index(change: float, at: time.Nanos) -> FactsChanged:
    return FactsChanged(at, (Fact(fact.INDEX_CHANGE, change, at, FactSource.FEED),))


def clock(hour: int, minute: int) -> time.Nanos:
    return time.at(SESSION, dt.time(hour, minute))


def code_of(desk: Desk) -> str | None:
    return desk.kept(SetupRecord)[-1].code


@pytest.mark.parametrize(("change", "code"), [(-0.03, "core:INDEX_SHOCK"), (-0.0299, None)])
def test_a_fall_of_the_index_stops_entries_of_those_it_is_for(
    house: type[House], change: float, code: str | None
) -> None:
    """From 3 % on; a fall of less stops nothing."""
    desk = desk_of(house, SHY).begin(house.setup())
    desk.feed(index(change, clock(9, 31)))
    desk.minute("09:31", 25_450).close()
    assert code_of(desk) == code


def test_a_strategy_without_the_trait_goes_on(house: type[House]) -> None:
    """B1 to B4 buy falls."""
    desk = desk_of(house, frozenset()).begin(house.setup())
    desk.feed(index(-0.05, clock(9, 31)))
    desk.minute("09:31", 25_450).minute("09:32", 25_450)
    assert len(desk.bought) == 1


def test_a_shock_lasts_until_the_next_session(house: type[House]) -> None:
    """The index may come back: the day is over."""
    desk = desk_of(house, SHY).begin(house.setup())
    desk.feed(index(-0.04, clock(9, 31)))
    desk.feed(index(-0.01, clock(9, 32)))
    desk.minute("09:32", 25_450).close()
    assert code_of(desk) == "core:INDEX_SHOCK"
    desk.session = krx_calendar().shift(SESSION, 1)
    desk.begin(house.setup(session=desk.session)).minute("09:31", 25_450).minute("09:32", 25_450)
    assert len(desk.bought) == 1


def test_yesterday_s_fall_is_no_shock_of_today(house: type[House]) -> None:
    """What is known at 08:50 is older than the session."""
    desk = desk_of(house, SHY).begin(house.setup(), facts={fact.INDEX_CHANGE: -0.08})
    desk.minute("09:31", 25_450).minute("09:32", 25_450)
    assert len(desk.bought) == 1


PULSES = [
    ("UPTREND", 3, None),
    ("PRESSURE", 4, None),
    ("PRESSURE", 3, "core:PULSE"),
    ("CORRECTION", 5, "core:PULSE"),
    (None, 5, "core:PULSE"),
]


@pytest.mark.parametrize(("pulse", "stars", "code"), PULSES)
def test_the_pulse_lets_pass_what_it_allows(house: type[House], pulse: FactValue, stars: int, code: str | None) -> None:
    """Everything in an uptrend, four stars under pressure, nothing in a correction or when it is not known."""
    desk = desk_of(house, CAREFUL).begin(house.setup(), facts={fact.PULSE: pulse, fact.STARS: stars})
    desk.minute("09:31", 25_450).close()
    assert code_of(desk) == code


def minutes() -> MinuteBars:
    one = np.array([25_450])
    start = np.array([clock(9, 31)])
    return MinuteBars(
        session=SESSION,
        symbols=("005930",),
        symbol=np.zeros(1, dtype=np.int32),
        start=start,
        open=one,
        high=one,
        low=one,
        close=one,
        volume=one,
        value=one,
        is_auction=np.zeros(1, dtype=np.bool_),
    )


@pytest.mark.parametrize(("pulse", "stars", "code"), PULSES)
def test_what_the_pulse_forbids_is_not_armed(
    house: type[House], pulse: FactValue, stars: int, code: str | None
) -> None:
    """The same rule before the session as during it."""
    panel = panel_of({"005930": [(25_000, 25_600, 24_700, 25_400, 100_000)] * 6})
    facts = {fact.PULSE: pulse, fact.STARS: stars}
    desk = desk_of(house, CAREFUL).play(panel, [minutes()], facts=facts)
    assert (desk.kept(SetupRecord)[0].code == "core:PULSE") == (code is not None)


def test_the_configuration_s_map_decides_in_which_regimes_a_strategy_is_on(house: type[House]) -> None:
    """It replaces the strategy's own regimes, before the session and during it."""
    strategy = house.instance(house.Buyer(cap=0, stop=95))
    strategy.mapped = frozenset({Regime.BEAR})
    for regime, code in (("BULL", "core:REGIME_OFF"), ("BEAR", None)):
        desk = house.Desk(strategies=(strategy,)).begin(house.setup(), facts={fact.REGIME: regime})
        desk.minute("09:31", 25_450).close()
        assert code_of(desk) == code
