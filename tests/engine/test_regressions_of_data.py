"""Lines 24 and 25 of the list of regressions, each by its number: what a day without prices must never lead to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.engine.watch import holds, resolve
from kats_core.market.intraday import vwap
from kats_core.market.ticks import tick_table
from kats_core.model import time
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import InstrumentKind, Market, Style
from kats_core.model.record import FaultRecord, OrderRecord, SignalRecord, TradeRecord
from kats_core.model.setup import Above, DayOpen, Fixed, Tick
from kats_core.model.signal import ExitPlan, NotYet, Signal, Target, TargetKind, TimeExit, TimeExitKind

if TYPE_CHECKING:
    from conftest import Desk, House

BREAKOUT = Above(DayOpen(450))
VB = {"offset": 450, "prev_close": 25_400}
"""What volatility breakout stores of the worked example VB-1."""


def breaking(house: type[House]) -> Desk:
    """A desk on which volatility breakout waits for its level over the day's open."""
    setup = house.setup(instance="vb", trigger=BREAKOUT, numbers=dict(VB))
    return house.Desk(strategies=(house.breakout(),)).begin(setup)


def day(**changes: int) -> dict[str, Any]:
    """The fields of a bar of a whole minute, changed as told."""
    prices = dict.fromkeys(("open", "high", "low", "close", "day_open", "day_high", "day_low"), 25_400)
    amounts = {"volume": 100, "value": 2_540_000, "day_volume": 100, "day_value": 2_540_000}
    span: dict[str, Any] = {"symbol": "005930", "kind": "MINUTE", "start": 0, "end": time.MINUTE}
    return span | prices | amounts | changes


class TestTwentyFour:
    """A day without an open price, yesterday's volume, and sessions that are counted as days."""

    def test_24_a_day_without_an_open_price_fires_no_breakout(self, house: type[House]) -> None:
        """Nobody trades: the level is unknown all day, whatever time passes, and nothing is asked."""
        desk = breaking(house)
        desk.passes("09:30").passes("13:59").check().close()
        assert [setup.level for setup in desk.engine.setups] == [None]
        assert [setup.code for setup in desk.engine.setups] == [CoreCode.STALE_DATA]
        assert desk.kept(SignalRecord) == []

    def test_24_a_level_over_an_unknown_open_is_not_reached(self, house: type[House]) -> None:
        """Neither is it a price, nor does any bar reach it."""
        ticks = tick_table(house.SESSION, Market.KOSPI, InstrumentKind.STOCK)
        assert resolve(BREAKOUT, None, None, ticks) is None
        bar = house.Desk().begin().bar_event("09:30", (25_400, 30_000, 25_400, 30_000), 100).bar
        assert not holds(BREAKOUT, None, bar, house.Desk().hours)

    @pytest.mark.parametrize("name", ["open", "low", "day_open", "day_low", "volume"])
    def test_24_a_bar_without_a_price_is_no_bar(self, name: str) -> None:
        """A zero that a feed sends for what it does not know never becomes one."""
        assert msgspec.convert(day(), Bar).day_open == 25_400
        with pytest.raises((ValueError, msgspec.ValidationError), match="contradicts itself"):
            msgspec.convert(day(**{name: 0}), Bar)

    def test_24_the_average_price_is_of_todays_bars(self, house: type[House]) -> None:
        """What traded yesterday, at another price, is not in it."""
        seen: list[tuple[Decimal, Decimal | None]] = []

        def confirming(view: Any, setup: object) -> NotYet:
            seen.append((view.bars(1)[-1].vwap, vwap(view.bar.day_value, view.bar.day_volume)))
            return NotYet(CoreCode.NO_BREAKOUT)

        buyer = house.Buyer(confirming=confirming)
        instance = house.instance(buyer, needs_minute_bars=True)
        desk = house.Desk(strategies=(instance,)).begin(house.setup(trigger=Tick()))
        desk.minute("09:30", 25_400, volume=9_000_000)
        setup = house.setup(trigger=Tick(), session=dt.date(2026, 3, 5))
        desk.next_session(setup).minute("09:30", 26_000, volume=100).minute("09:31", 26_200, volume=300)
        assert seen == [(price, price) for price in map(Decimal, ("25400", "26000", "26150"))]

    def test_24_two_sessions_are_sessions(self, house: type[House]) -> None:
        """Bought on a Thursday, two sessions later is Monday: the weekend counts for nothing."""
        buyer = house.Buyer(stop=24_000, time_exit=TimeExit(TimeExitKind.SESSIONS, 2))
        desk = house.Desk(strategies=(house.instance(buyer, style=Style.SWING),), session=dt.date(2026, 3, 5))
        desk.begin(house.setup(session=desk.session)).minute("09:30", 25_450).minute("09:31", 25_450)
        sold_on = []
        for _ in range(2):
            desk.next_session().minute("15:14", 25_450).check().minute("15:15", 25_450)
            sold_on += [trade.closed_on for trade in desk.kept(TradeRecord)]
        assert sold_on == [dt.date(2026, 3, 9)]


class TestTwentyFive:
    """Prices that a volatility breakout must not have."""

    @pytest.mark.parametrize("stop", [0, -1, 24_500.0, float("nan")])
    def test_25_a_stop_is_a_price(self, stop: Any) -> None:
        """By type: whole won above 0."""
        with pytest.raises(ValueError, match="stop"):
            ExitPlan(stop=stop)

    @pytest.mark.parametrize("price", [0, 25_450, 25_500])
    def test_25_a_target_lies_above_the_limit(self, price: int) -> None:
        """By type: a target at or under what is paid is no target."""
        with pytest.raises(ValueError, match="target"):
            signal(ExitPlan(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, price),)))

    @pytest.mark.parametrize("value", [0, -0.03, float("nan"), float("inf")])
    @pytest.mark.parametrize("kind", [TargetKind.FRACTION, TargetKind.R])
    def test_25_a_target_by_its_distance_lies_above_too(self, kind: TargetKind, value: float) -> None:
        """By type."""
        with pytest.raises(ValueError, match="target"):
            Target(kind, value)

    @pytest.mark.parametrize("price", [0, -5, 24_500.5])
    def test_25_a_level_is_a_price(self, price: Any) -> None:
        """By type."""
        with pytest.raises(ValueError, match="level"):
            Fixed(price)

    def test_25_a_stop_at_the_limit_is_refused(self, house: type[House]) -> None:
        """By check: the signal goes no further, and its setup says why."""
        desk = house.Desk(strategies=(house.instance(house.Buyer(stop=25_500)),)).begin(house.setup())
        desk.minute("09:30", 25_450)
        assert [setup.code for setup in desk.engine.setups] == [CoreCode.STOP_NOT_BELOW_ENTRY]
        assert desk.kept(OrderRecord) == []

    def test_25_the_worked_example_passes(self, house: type[House]) -> None:
        """VB-1 is bought at 25 500 with its stop at 24 500."""
        desk = breaking(house).minute("09:29", 25_000).minute("09:30", 25_450)
        assert [(one.entry_limit, one.stop) for one in desk.kept(SignalRecord)][:1] == [(25_500, 24_500)]

    @given(
        opened=st.integers(2_500, 3_300).map(lambda n: 10 * n),
        moves=st.lists(st.integers(-300, 300), min_size=1, max_size=8),
    )
    @settings(max_examples=60, deadline=None)
    def test_25_whatever_the_day_the_stop_lies_below_what_is_paid(
        self, house: type[House], opened: int, moves: list[int]
    ) -> None:
        """Volatility breakout as published: every signal has 0 < stop < limit <= cap, and no target under the price."""
        desk, last = breaking(house), opened // 50 * 50
        desk.minute("09:30", last)
        for number, move in enumerate(moves, 31):
            last = max(50, last + move // 50 * 50)
            desk.minute(f"09:{number}", last)
        assert desk.kept(FaultRecord) == []
        for one in desk.kept(SignalRecord):
            assert 0 < one.stop < one.entry_limit <= one.chase_cap
        for position in desk.engine.positions:
            assert 0 < position.stop < position.average
            assert all(price > position.average for price, _ in position.targets)


def signal(exits: ExitPlan) -> Signal:
    """A signal at 25 500."""
    return Signal(
        trigger_price=25_450,
        reference=25_450,
        entry_limit=25_500,
        chase_cap=25_550,
        exits=exits,
        position_hint=0.15,
    )
