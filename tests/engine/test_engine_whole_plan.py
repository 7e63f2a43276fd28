"""A fixture strategy that uses everything a plan can say: every field, stages, several slots and `manage`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.model import fact, time
from kats_core.model.event import DailyTail, FactsChanged
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource, Purpose, Style
from kats_core.model.position import Position
from kats_core.model.record import OrderRecord, SignalRecord, SignalStatus, TradeRecord
from kats_core.model.setup import Below, Fixed, Setup
from kats_core.model.signal import (
    Confirmation,
    Exit,
    ExitPlan,
    Management,
    NotYet,
    Portion,
    RaiseStop,
    SellSignal,
    Signal,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
    Trail,
    TrailMethod,
)
from kats_core.model.verdict import Plan, approve
from kats_core.risk.contract import Phase
from kats_core.strategy.contract import View
from kats_core.strategy.entry import price_entry

if TYPE_CHECKING:
    from conftest import Desk, House

BASE = 38_400
SYMBOL = "005930"
TWO_SESSIONS = TimeExit(TimeExitKind.SESSIONS, 2)


@dataclass(slots=True)
class Ladder:
    """Buys each level of a grid in a slot of its own; its plan says all that a plan can say."""

    tired: Any
    time_exit: TimeExit = TWO_SESSIONS
    free: tuple[tuple[int, ...], ...] = ()

    def arm(self, panel: Any) -> Any:
        """Its setups come from the test."""
        raise NotImplementedError

    def confirm(self, view: View, setup: Setup) -> Confirmation:
        """Buy at the ask, with a stop five percent below the slot's level."""
        self.free = (*self.free, view.free_slots)
        level = int(setup.numbers["level"])
        entry = price_entry(view, view.ticks.up(level, 20), 1)
        if isinstance(entry, NotYet):
            return entry
        return Signal(
            trigger_price=level,
            reference=entry.reference,
            entry_limit=entry.limit,
            chase_cap=view.ticks.up(level, 20),
            exits=ExitPlan(
                stop=view.ticks.rup(level * 95 // 100),
                targets=(
                    Target(TargetKind.R, 2, Portion.THIRD),
                    Target(TargetKind.ABSOLUTE, 46_000, Portion.THIRD),
                ),
                trail=Trail(TrailMethod.FIXED_PCT, 0.05),
                time_exit=self.time_exit,
                exit_flags=frozenset(SellSignal),
            ),
            position_hint=0.1,
            pivot=level,
        )

    def manage(self, view: View, position: Position) -> Management:
        """Raise the stop once it is worth it, and leave when the price stands exactly where it tires of it."""
        if view.last == 38_050:
            return Exit(self.tired)
        return RaiseStop(37_000) if view.last >= 39_000 else None


def desk_of(house: type[House], **strategy: Any) -> Desk:
    instance = house.instance(
        Ladder(house.OwnCode.TIRED, **strategy), "ladder", style=Style.SWING, pyramids=True, manage_every_min=1
    )
    size = house.Answer(answering=lambda p, _: approve(p.quantity or 100, plan=Plan(200, 0.01)))
    return house.Desk(
        strategies=(instance,), stages=(house.stage(size, "size", Phase.SIZE), house.stage(house.Answer(), "yes"))
    )


def levels(house: type[House], *prices: int) -> list[Setup]:
    """One setup a level, each in its own slot."""
    return [
        house.setup(price, trigger=Below(Fixed(price)), instance="ladder", slot=slot, numbers={"level": price})
        for slot, price in enumerate(prices)
    ]


def tail(close: int = 37_000) -> tuple[DailyTail, ...]:
    column = (close,) * 60
    return (DailyTail(SYMBOL, (), column, column, column, column, (1_000_000,) * 60),)


def two_slots(house: type[House], **strategy: Any) -> Desk:
    """100 shares in slot 0 from 38 300 and 100 in slot 1 from 38 050."""
    desk = desk_of(house, **strategy).begin(*levels(house, 38_300, 38_100), base=BASE, tails=tail())
    desk.minute("09:30", 38_300).minute("09:31", 38_250).minute("09:40", 38_100).minute("09:41", 38_000)
    assert [(p.slot, p.quantity) for p in desk.engine.positions] == [(0, 100), (1, 100)]
    return desk


def reasons(desk: Desk) -> list[tuple[int, str]]:
    return [(o.slot, o.reason.partition(":")[2]) for o in desk.kept(OrderRecord) if o.reason]


def test_each_slot_has_a_position_a_plan_and_an_end_of_its_own(house: type[House]) -> None:
    """The stop of one level leaves the other alone."""
    desk = two_slots(house)
    first, second = desk.engine.positions
    assert (first.stop, second.stop) == (36_400, 36_200)
    assert first.targets[0][0] != second.targets[0][0]
    desk.minute("09:50", 36_600, 36_600, 36_350, 36_400)
    assert reasons(desk) == [(0, "STOP")]
    assert [p.slot for p in desk.engine.positions] == [1]
    strategy = desk.strategies[0].strategy
    assert isinstance(strategy, Ladder)
    assert strategy.free == ((0, 1), (1,))


def test_manage_raises_a_stop_and_ends_a_position(house: type[House]) -> None:
    """At its declared minutes; each position is asked about by itself."""
    desk = two_slots(house).minute("09:50", 39_000)
    assert {p.stop for p in desk.engine.positions} == {37_000}
    desk.minute("09:51", 38_050)
    assert sorted(reasons(desk)) == [(0, "TIRED"), (1, "TIRED")]
    desk.minute("09:52", 38_000)
    assert desk.engine.positions == ()


def test_a_slot_is_added_to_scaled_out_and_trailed(house: type[House]) -> None:
    """Stage two at 2.5 percent, a third at two R, a third at its price, the rest five percent below the peak."""
    desk = desk_of(house).begin(*levels(house, 38_300), base=BASE, tails=tail())
    desk.minute("09:30", 38_300).minute("09:31", 38_250)
    assert desk.bought == [(38_300, 100)]
    desk.minute("09:50", 39_300).minute("09:51", 39_250)
    (position,) = desk.engine.positions
    assert (position.quantity, position.pyramid and position.pyramid.stage) == (160, 2)
    assert [price for price, _ in position.targets] == [42_100, 46_000]
    assert [shares for _, shares in position.targets] == [53, 53]
    desk.minute("10:00", 42_100).minute("10:10", 46_000).minute("10:20", 47_000)
    (position,) = desk.engine.positions
    assert (position.quantity, position.stop, position.is_trailing) == (54, 44_650, True)
    desk.minute("10:21", 44_600)
    assert [reason for _, reason in reasons(desk)] == ["T1", "T2", "TRAIL_FIXED_PCT"]
    signals = [s.purpose for s in desk.kept(SignalRecord) if s.status is SignalStatus.ORDERED]
    assert signals == [Purpose.ENTRY, Purpose.PYRAMID]
    (trade,) = desk.kept(TradeRecord)
    assert (trade.quantity, trade.initial_risk) == (160, "190000")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [(fact.BAD_NEWS, "상장적격성 실질심사", "BAD_NEWS"), (fact.STATUS, "51", "BAD_NEWS")],
)
def test_one_word_of_the_exchange_ends_every_slot(house: type[House], name: str, value: str, code: str) -> None:
    """All positions in the symbol."""
    desk = two_slots(house)
    now = desk.engine._state.now
    desk.feed(FactsChanged(now, (Fact(name, value, now, FactSource.FEED, SYMBOL),)))
    assert sorted(reasons(desk)) == [(0, code), (1, code)]


def test_a_breakout_that_fails_is_sold_on_its_day_and_time_ends_what_stays(house: type[House]) -> None:
    """Slot 0 closes below its pivot, slot 1 above its own; that one leaves at 15:15 of its second session."""
    desk = two_slots(house).minute("15:14", 38_200).check()
    assert reasons(desk) == [(0, "BREAKOUT_FAILURE")]
    desk.minute("15:15", 38_200)
    for _ in range(2):
        desk.next_session(base=38_200, tails=tail()).minute("15:14", 38_450).check()
    assert reasons(desk) == [(0, "BREAKOUT_FAILURE"), (1, "TIME_EXIT")]


@pytest.mark.parametrize(
    ("plan", "first", "clock"),
    [
        (TimeExit(TimeExitKind.MINUTES, 30), "10:02", "10:11"),
        (TimeExit(TimeExitKind.CLOCK, dt.time(10, 30)), "10:30", "10:30"),
    ],
)
def test_a_clock_ends_also_what_nobody_trades(house: type[House], plan: TimeExit, first: str, clock: str) -> None:
    """Time alone is enough; the sale waits for the next bar."""
    desk = two_slots(house, time_exit=plan)
    assert desk.engine.next_timer() == time.at(desk.session, dt.time.fromisoformat(first))
    desk.passes(clock)
    assert "TIME_EXIT" in {reason for _, reason in reasons(desk)}
    desk.passes("10:45")
    assert sorted(reasons(desk)) == [(0, "TIME_EXIT"), (1, "TIME_EXIT")]
    desk.minute("10:46", 38_200)
    assert desk.engine.positions == ()


def test_a_dividend_moves_every_slot(house: type[House]) -> None:
    """Stops, targets and peaks, each its own."""
    desk = two_slots(house)
    before = [(p.stop, p.targets[0][0]) for p in desk.engine.positions]
    desk.next_session(base=38_000, tails=tail(), facts={fact.DIVIDEND: 1_000})
    assert [(p.stop, p.targets[0][0]) for p in desk.engine.positions] == [(s - 1_000, t - 1_000) for s, t in before]
