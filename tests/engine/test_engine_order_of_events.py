"""Events of one instant have an order, and of several reasons to sell at 15:15 the first by priority is the one that counts."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

from kats_core.model.event import Event
from kats_core.model.kinds import Moment, Style
from kats_core.model.record import TradeRecord
from kats_core.model.setup import Above, At, Fixed
from kats_core.model.signal import Exit, SellSignal, TimeExit, TimeExitKind

if TYPE_CHECKING:
    from conftest import Desk, House


def listened(desk: Desk) -> list[Event]:
    """Return a list to which everything will be added that the engine is fed."""
    heard: list[Event] = []
    feed = desk.pump.feed

    def listening(event: Event) -> None:
        heard.append(event)
        feed(event)

    desk.pump.feed = listening  # type: ignore[method-assign]
    return heard


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_events_of_one_instant_come_in_their_order(house: type[House], seed: int, *, dense: bool) -> None:
    """What ends, the phase, the clock, what begins: in runs of minutes, in backtests of days, and of both."""
    panel = house.random_panel(seed, 10, 6)
    last = panel.sessions[-3:]
    buyer = house.Buyer(cap=0, stop=97, time_exit=house.clock_exit())
    late = house.Buyer(cap=0, stop=95, waiting=lambda _: At(dt.time(15, 20)), closing_auction=True)
    strategies = (
        house.instance(buyer, "early", ttl_s=120),
        house.instance(late, "late", windows=((dt.time(15, 20), dt.time(15, 30)),), style=Style.SWING),
    )
    minutes = [house.random_minutes(seed + n, panel, day) for n, day in enumerate(last)]
    for plan in ({"minutes": minutes}, {"days": last}, {"mixed": [minutes[0], last[1], minutes[2]]}):
        desk = house.Desk(strategies=strategies, participation=1.0)
        heard = listened(desk)
        desk.play(panel, dense=dense, **plan)
        assert desk.kept(TradeRecord)
        assert house.out_of_order(heard) == []


def bought(house: type[House], time_exit: TimeExit, moments: frozenset[Moment] = frozenset()) -> Desk:
    """A desk that bought a breakout over 25 450, which sells signals and clocks by itself."""
    flags = frozenset({SellSignal.BREAKOUT_FAILURE})
    buyer = house.Manager(
        stop=24_000,
        pivot=25_450,
        flags=flags,
        time_exit=time_exit,
        managing=lambda view, position: Exit(house.OwnCode.TIRED),
    )
    instance = house.instance(buyer, manages_at=moments)
    desk = house.Desk(strategies=(instance,)).begin(house.setup(trigger=Above(Fixed(25_450))))
    return desk.minute("09:30", 25_450).minute("09:31", 25_450)


def sold_as(desk: Desk) -> list[str]:
    return [trade.exit_code for trade in desk.check().passes("15:15").minute("15:15", 25_300).kept(TradeRecord)]


CLOCK = TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))
MINUTES = TimeExit(TimeExitKind.MINUTES, 343)
"""From 09:32 to 15:15."""


@pytest.mark.parametrize("time_exit", [CLOCK, MINUTES])
def test_a_sell_signal_goes_before_the_clock(house: type[House], time_exit: TimeExit) -> None:
    """The last bar before 15:15 closes below the pivot: the breakout failed, whatever the clock says too."""
    desk = bought(house, time_exit).minute("15:14", 25_300)
    assert sold_as(desk) == ["core:BREAKOUT_FAILURE"]


@pytest.mark.parametrize("time_exit", [CLOCK, MINUTES])
def test_the_strategys_own_word_goes_before_the_clock(house: type[House], time_exit: TimeExit) -> None:
    """Priority 4 before 7."""
    desk = bought(house, time_exit, moments=frozenset({Moment.CHECK})).minute("15:14", 25_500)
    assert sold_as(desk) == ["buyer:TIRED"]


@pytest.mark.parametrize("time_exit", [CLOCK, MINUTES])
def test_without_another_reason_the_clock_sells_in_that_moment(house: type[House], time_exit: TimeExit) -> None:
    """At the check, not a minute later."""
    desk = bought(house, time_exit).minute("15:14", 25_500).check()
    assert [order.created_at for order in desk.engine.live_orders] == [desk.at("15:15")]
    assert sold_as(desk) == ["core:TIME_EXIT"]


@pytest.mark.parametrize("clock", ["14:00", "15:14"])
def test_a_clock_that_ran_out_before_waits_for_nothing(house: type[House], clock: str) -> None:
    """Only what ends with the check is left to it."""
    time_exit = TimeExit(TimeExitKind.CLOCK, dt.time.fromisoformat(clock))
    desk = bought(house, time_exit).minute("13:59", 25_500).minute("15:13", 25_500)
    assert desk.passes(clock if clock == "15:14" else "15:14").engine.live_orders or desk.kept(TradeRecord)
