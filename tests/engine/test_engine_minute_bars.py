"""Minute bars through engine, paper broker and pump: decided at the end of one bar, filled from the next one on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.exits.in_bar import BarPath
from kats_core.model import time
from kats_core.model.event import PhaseReached, TimePassed
from kats_core.model.kinds import MarketPhase, Style, TradingState
from kats_core.model.record import FaultRecord, OrderEventRecord, OrderRecord, SetupRecord, TradeRecord
from kats_core.model.setup import Above, DayOpen, OnBar, OpeningRangeHigh, Trigger
from kats_core.model.signal import Exit, Portion, RaiseStop, Target, TargetKind, TimeExit, TimeExitKind
from kats_core.risk.contract import EquityMarked, Flatten, StageEvent

if TYPE_CHECKING:
    from conftest import Desk, House

ALL = Portion.ALL
T1 = (Target(TargetKind.ABSOLUTE, 26_000, ALL),)


def armed(house: type[House], quantity: int = 100, trigger: Trigger | None = None, **plan: Any) -> Desk:
    """A desk at 09:00 whose buyer waits for 25 450, pays at most 25 550 and has its stop at 24 500."""
    traits = {key: plan.pop(key) for key in ("ttl_s", "windows", "style") if key in plan}
    buyer = house.Buyer(**({"stop": 24_500} | plan))
    desk = house.Desk(strategies=(house.instance(buyer, **traits),), stages=house.sized(quantity))
    return desk.begin(house.setup(trigger=trigger))


def held(house: type[House], quantity: int = 300, **plan: Any) -> Desk:
    """A desk that decided at 09:31 and bought at 25 500 in the bar of 09:31."""
    desk = armed(house, quantity, **plan).minute("09:30", 25_450).minute("09:31", 25_450)
    assert desk.bought == [(25_500, quantity)]
    return desk


def test_an_entry_is_decided_at_the_end_of_a_bar_and_filled_in_the_next(house: type[House]) -> None:
    """The bar that reaches the level fills nothing itself."""
    desk = armed(house).minute("09:30", 25_300, 25_500, 25_200, 25_450)
    assert desk.bought == []
    assert desk.kept(OrderRecord)[0].limit == 25_500
    desk.minute("09:31", 25_400, 25_500, 25_300, 25_350)
    assert desk.bought == [(25_450, 100)]


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        pytest.param((25_300, 25_400, 25_200, 25_300), 25_350, id="open under the limit: open plus slip"),
        pytest.param((25_500, 25_600, 25_450, 25_550), 25_500, id="open at the limit: the limit"),
        pytest.param((25_600, 25_700, 25_500, 25_600), 25_500, id="only the low reaches it: the limit"),
        pytest.param((25_600, 25_700, 25_550, 25_600), None, id="not reached"),
    ],
)
def test_a_limit_buy_fills_at_the_open_or_at_its_limit(
    house: type[House], bar: tuple[int, int, int, int], price: int | None
) -> None:
    """min(limit, O + slip) if O <= limit, the limit if only L reaches it."""
    desk = armed(house).minute("09:30", 25_450).minute("09:31", *bar)
    assert [p for p, _ in desk.bought] == ([] if price is None else [price])


def test_what_is_not_filled_rests_until_its_time_to_live_ends(house: type[House]) -> None:
    """An entry of 60 s is matched by one more bar and then cancelled; the setup had its one attempt."""
    desk = armed(house, ttl_s=60).minute("09:30", 25_450).minute("09:31", 25_700).passes("09:32")
    assert [(e.event, e.code) for e in desk.kept(OrderEventRecord)][-2:] == [
        ("CANCEL", "core:TTL"),
        ("CANCELLED", None),
    ]
    desk.minute("09:32", 25_450).minute("09:33", 25_400)
    assert desk.bought == []


def test_a_partly_filled_entry_keeps_what_it_has_when_its_time_ends(house: type[House]) -> None:
    """At 100 % of the life the remainder is cancelled; the filled part is a position with the same stop."""
    desk = armed(house, 1_000, ttl_s=60).minute("09:30", 25_450).minute("09:31", 25_450, volume=8_000).passes("09:32")
    assert [(p.quantity, p.stop) for p in desk.engine.positions] == [(400, 24_500)]
    assert desk.kept(OrderEventRecord)[-1].after == "CANCELLED"


def test_a_rest_fills_bar_by_bar_within_its_share_of_the_volume(house: type[House]) -> None:
    """5 % of each bar's volume."""
    desk = armed(house, 1_000).minute("09:30", 25_450)
    for start in ("09:31", "09:32", "09:33"):
        desk.minute(start, 25_450, volume=8_000)
    assert desk.bought == [(25_500, 400), (25_500, 400), (25_500, 200)]


def test_an_entry_that_rests_at_a_quarter_past_three_is_cancelled(house: type[House]) -> None:
    """No entry outlives the end-of-day check."""
    desk = armed(house, windows=((dt.time(9), dt.time(15, 15)),)).minute("15:12", 25_450).minute("15:13", 25_700)
    assert [order.quantity for order in desk.engine.live_orders] == [100]
    desk.check()
    assert [(event.event, event.code) for event in desk.kept(OrderEventRecord)][-2:] == [
        ("CANCEL", "core:SESSION_END"),
        ("CANCELLED", None),
    ]


def test_an_unsold_rest_expires_with_the_session(house: type[House]) -> None:
    """What still rests at the close ends as EXPIRED."""
    desk = held(house, targets=T1).minute("09:32", 25_900, 26_000, 25_900, 25_950, volume=2_000)
    assert desk.sold == [(26_000, 100)]
    desk.check().close()
    assert desk.kept(OrderEventRecord)[-1].after == "EXPIRED"


def test_the_stop_comes_before_the_target_of_the_same_bar(house: type[House]) -> None:
    """A minute that spans both sells a tick under the stop."""
    desk = held(house, targets=T1).minute("09:32", 25_400, 26_100, 24_400, 25_000)
    assert desk.sold == [(24_450, 300)]
    assert desk.kept(TradeRecord)[0].is_path_dependent


def test_a_stop_sells_inside_its_bar_and_by_a_gap_at_the_open(house: type[House]) -> None:
    """O <= stop: the open; else a tick under the stop."""
    assert held(house).minute("09:32", 25_000, 25_000, 24_500, 24_600).sold == [(24_450, 300)]
    assert held(house).minute("09:32", 24_300, 24_900, 24_200, 24_600).sold == [(24_300, 300)]


def test_the_bar_that_filled_the_entry_can_hit_the_stop_but_no_target(house: type[House]) -> None:
    """Entry-bar rule."""
    desk = armed(house, 300, targets=T1).minute("09:30", 25_450).minute("09:31", 25_450, 26_500, 24_900, 26_000)
    assert desk.fills == [("BUY", 25_500, 300)]
    desk = armed(house, 300, targets=T1).minute("09:30", 25_450).minute("09:31", 25_450, 26_500, 24_400, 26_000)
    assert desk.sold == [(24_450, 300)]


def test_a_target_sells_thirds_and_raises_the_stop_to_break_even(house: type[House]) -> None:
    """T1 sells a third at its price; from the next bar on the stop is rup(25 558.65) = 25 600."""
    targets = (Target(TargetKind.FRACTION, 0.02), Target(TargetKind.R, 2))
    desk = held(house, targets=targets).minute("09:32", 25_900, 26_100, 25_500, 26_050)
    assert desk.sold == [(26_050, 100)]
    desk.minute("09:33", 26_000, 26_000, 25_600, 25_700)
    assert desk.sold == [(26_050, 100), (25_550, 200)]
    assert desk.kept(TradeRecord)[0].exit_code == "core:STOP"


def test_a_target_is_sold_in_a_minute_that_runs_far_beyond_it(house: type[House]) -> None:
    """When the target was reached nobody knew the close of the minute: the gate's collar is around the target."""
    desk = held(house, targets=T1).minute("09:32", 25_500, 29_500, 25_400, 29_400)
    assert desk.kept(FaultRecord) == []
    assert desk.sold == [(26_000, 300)]


def test_a_stop_takes_back_a_target_that_rests_and_sells_the_rest(house: type[House]) -> None:
    """A more urgent reason: the limit sell is cancelled, what it sold counts, the rest goes at the stop."""
    desk = held(house, targets=T1).minute("09:32", 25_900, 26_000, 25_900, 25_950, volume=2_000)
    desk.minute("09:33", 25_900, 25_900, 25_500, 25_600)
    assert desk.sold == [(26_000, 100), (25_550, 200)]
    assert [event.event for event in desk.kept(OrderEventRecord)].count("CANCELLED") == 1


def test_a_clock_exit_fills_a_tick_under_the_next_open(house: type[House]) -> None:
    """At 15:15 everything is for sale; the bar that begins then sells at O - 1 tick."""
    desk = held(house, time_exit=house.clock_exit()).check()
    assert desk.sold == []
    desk.minute("15:15", 25_300, 25_600, 25_200, 25_500)
    assert desk.sold == [(25_250, 300)]


def test_what_is_left_at_twenty_past_three_takes_the_price_of_the_closing_auction(house: type[House]) -> None:
    """Bars of an auction fill at their one price."""
    desk = held(house, time_exit=house.clock_exit()).check().minute("15:15", 25_300, volume=2_000)
    desk.feed(PhaseReached(desk.hours.close_auction, MarketPhase.CLOSE_AUCTION))
    desk.minute("15:30", 25_100, auction=True)
    assert desk.sold == [(25_250, 100), (25_100, 200)]


def test_a_trigger_does_not_fire_in_an_auction(house: type[House]) -> None:
    """A call auction's price is no breakout."""
    desk = armed(house).minute("15:30", 25_500, auction=True)
    assert desk.kept(OrderRecord) == []


def test_a_day_trade_left_overnight_is_the_first_order_of_the_next_session(house: type[House]) -> None:
    """FORCED_OVERNIGHT: sold a tick under the first open."""
    desk = held(house, time_exit=house.clock_exit()).check().next_session(base=25_450)
    assert desk.kept(OrderRecord)[-1].reason == "core:FORCED_OVERNIGHT"
    desk.minute("09:00", 25_200, 25_300, 25_100, 25_300)
    assert desk.sold == [(25_150, 300)]


def test_minutes_after_the_entry_run_out(house: type[House]) -> None:
    """A time exit of three minutes is due at the end of the third minute after the fill."""
    desk = held(house, time_exit=TimeExit(TimeExitKind.MINUTES, 3))
    desk.minute("09:32", 25_450).minute("09:33", 25_450)
    assert len(desk.kept(OrderRecord)) == 1
    desk.minute("09:34", 25_450)
    assert desk.kept(OrderRecord)[-1].reason == "core:TIME_EXIT"
    desk.minute("09:35", 25_450)
    assert desk.sold == [(25_400, 300)]


def test_manage_is_asked_at_its_declared_minutes(house: type[House]) -> None:
    """Every five minutes from the open; its exit fills at the next bar's open less a tick."""
    asked: list[str] = []

    def managing(view: Any, position: Any) -> Exit:
        asked.append(f"{time.clock(view.now):%H:%M}")
        return Exit(house.OwnCode.TIRED)

    manager = house.Manager(managing=managing, stop=24_500)
    desk = house.Desk(strategies=(house.instance(manager, manage_every_min=5),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450).minute("09:33", 25_450).minute("09:34", 25_450)
    assert asked == ["09:35"]
    desk.minute("09:35", 25_450)
    assert desk.sold == [(25_400, 100)]
    assert desk.kept(TradeRecord)[0].exit_code == "buyer:TIRED"


def test_a_stop_that_manage_raised_protects_from_the_next_bar_on(house: type[House]) -> None:
    """RaiseStop."""
    manager = house.Manager(managing=lambda view, position: RaiseStop(25_300), stop=24_500)
    desk = house.Desk(strategies=(house.instance(manager, manage_every_min=1),)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450, 25_450, 25_250, 25_450).minute(
        "09:32", 25_400, 25_400, 25_300, 25_400
    )
    assert desk.sold == [(25_250, 100)]


def test_an_opening_range_is_known_only_when_it_is_over(house: type[House]) -> None:
    """Two ticks above the high of the first 30 minutes; the bars of the range itself fire nothing."""
    desk = armed(house, trigger=Above(OpeningRangeHigh(30, 2)))
    desk.minute("09:00", 25_300, 25_350, 25_200, 25_300).minute("09:29", 25_300, 25_350, 25_200, 25_300)
    desk.minute("09:30", 25_400)
    assert desk.kept(OrderRecord) == []
    desk.minute("09:31", 25_450)
    assert len(desk.kept(OrderRecord)) == 1


def test_a_level_above_the_open_uses_the_first_bar(house: type[House]) -> None:
    """`day_open` is the O of the session's first bar."""
    desk = armed(house, trigger=Above(DayOpen(450))).minute("09:00", 25_000).minute("09:30", 25_400)
    assert desk.kept(OrderRecord) == []
    desk.minute("09:31", 25_450)
    assert len(desk.kept(OrderRecord)) == 1


def test_a_bar_trigger_fires_at_each_nth_minute_from_the_open(house: type[House]) -> None:
    """OnBar(5) holds when a five-minute bar is complete."""
    desk = armed(house, trigger=OnBar(5)).minute("09:30", 25_400).minute("09:33", 25_400)
    assert desk.engine.setups[0].asked == 0
    desk.minute("09:34", 25_400)
    assert desk.engine.setups[0].asked == 1


def test_a_first_minute_outside_the_price_limits_stops_the_symbol_for_the_day(house: type[House]) -> None:
    """CORPORATE_ACTION, also when later bars look normal."""
    desk = armed(house).minute("09:00", 33_050).minute("09:30", 25_450).close()
    assert desk.kept(OrderRecord) == []
    assert desk.kept(SetupRecord)[-1].code == "core:CORPORATE_ACTION"


def test_a_stop_takes_back_the_rest_of_its_own_entry(house: type[House]) -> None:
    """Before an exit is sent, live buys of ours in the symbol are cancelled: a stopped-out trade does not buy on."""
    desk = armed(house, 1_000).minute("09:30", 25_450).minute("09:31", 25_450, 25_450, 24_400, 24_450, volume=8_000)
    assert desk.fills == [("BUY", 25_500, 400), ("SELL", 24_450, 400)]
    desk.minute("09:32", 24_300, 24_400, 24_200, 24_300)
    assert desk.bought == [(25_500, 400)]


def test_a_symbol_counts_as_stopped_out_from_the_moment_its_stop_fires(house: type[House]) -> None:
    """G7: no strategy buys where a stop fired today, the half-sold position of another strategy included."""
    first = house.instance(house.Buyer(stop=24_500), "first")
    second = house.instance(house.Buyer(stop=24_500, cap=27_000), "second")
    desk = house.Desk(strategies=(first, second))
    desk.begin(house.setup(instance="first"), house.setup(25_950, instance="second"))
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("09:32", 24_600, 24_600, 24_400, 24_500, volume=200).minute("09:33", 25_950, volume=200)
    assert desk.kept(OrderRecord)[-1].instance == "first"
    assert [s.code for s in desk.engine.setups if s.setup.instance == "second"] != [None]


def test_a_target_that_was_sold_is_not_sold_again_after_another_fill_of_the_entry(house: type[House]) -> None:
    """T1 was reached between two fills of one entry; the second fill must not bring T1 back."""
    desk = armed(house, 900, targets=(Target(TargetKind.ABSOLUTE, 25_600),)).minute("09:30", 25_450)
    desk.minute("09:31", 25_000, volume=12_000).minute("09:32", 25_550, 25_650, 25_550, 25_600)
    assert desk.fills == [("BUY", 25_050, 600), ("SELL", 25_600, 200)]
    desk.minute("09:33", 25_450)
    assert [price for price, _ in desk.engine.positions[0].targets] == []


def test_a_flatten_that_comes_with_a_target_s_sell_is_carried_out(house: type[House]) -> None:
    """The bar reaches T1 and then falls so far that a stage flattens: the third's limit sell is taken back, all is sold."""
    flattens = [Flatten(house.OwnCode.TIRED, Style.DAY)]

    def hearing(event: StageEvent) -> list[Flatten]:
        below = isinstance(event, EquityMarked) and event.equity < 99_900_000
        return [flattens.pop()] if below and flattens else []

    listener = house.Listener(hearing=hearing)
    buyer = house.Buyer(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, 26_000),))
    stages = house.sized(300, house.stage(listener))
    desk = house.Desk(strategies=(house.instance(buyer),), stages=stages).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("09:32", 25_500, 26_000, 24_600, 24_650, volume=1_000)
    assert desk.sold == [(26_000, 50)]
    desk.minute("09:33", 25_800).minute("09:34", 25_800)
    assert sum(quantity for _, quantity in desk.sold) == 300


def test_on_the_adaptive_path_a_stop_behind_a_half_sold_target_is_carried_out(house: type[House]) -> None:
    """The bar goes to T1, where only part is sold, and then through the stop: the rest is sold too."""
    buyer = house.Buyer(stop=24_500, targets=(Target(TargetKind.ABSOLUTE, 26_000),))
    desk = house.Desk(strategies=(house.instance(buyer),), stages=house.sized(300), path=BarPath.ADAPTIVE)
    desk.begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("09:32", 25_900, 26_000, 24_400, 24_900, volume=1_000).minute("09:33", 25_800).minute("09:34", 25_800)
    assert not desk.engine.positions


def test_a_position_is_flat_once_and_traded_again_the_next_day(house: type[House]) -> None:
    """A hundred sessions with one trade each leave no reservation, no order and exact cash."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(time_exit=house.clock_exit())),))
    desk.begin(house.setup())
    for _ in range(100):
        desk.minute("09:30", 25_450).minute("09:31", 25_450).check().minute("15:15", 25_450)
        assert not desk.engine.live_orders
        assert not desk.engine.positions
        desk.close()
        desk.session = desk.engine._state.config.calendar.shift(desk.session, 1)
        desk.begin(house.setup(session=desk.session), base=25_450)
    assert len(desk.kept(TradeRecord)) == 100
    assert desk.engine.cash == 100_000_000 + sum(trade.net_profit for trade in desk.kept(TradeRecord))
    assert desk.engine.trading_state is TradingState.ACTIVE
    desk.feed(TimePassed(desk.at("09:31")))
