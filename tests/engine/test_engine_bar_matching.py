"""The bar matching model of `spec/orders.md` section 7.H on daily bars, from a setup to the money, with nothing replaced."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.exits.in_bar import BarPath
from kats_core.model.kinds import Scope, Side
from kats_core.model.record import (
    FaultRecord,
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    SetupRecord,
    TradeRecord,
)
from kats_core.model.setup import Above, Below, DayOpen, Fixed, OnBar, Trigger
from kats_core.model.signal import Exit, Portion, RaiseStop, Target, TargetKind, TimeExit, TimeExitKind

if TYPE_CHECKING:
    from conftest import Desk, House

ALL = Portion.ALL


def armed(house: type[House], quantity: int = 100, trigger: Trigger | None = None, **plan: Any) -> Desk:
    """A desk whose buyer waits for 25 450 and pays at most 25 550, on the eve of the bar."""
    keys = ("participation", "path", "scope")
    rest = {key: plan.pop(key) for key in keys if key in plan}
    desk = house.Desk(strategies=(house.instance(house.Buyer(**plan)),), stages=house.sized(quantity), **rest)
    return desk.begin(house.setup(25_450, trigger=trigger))


def held(house: type[House], quantity: int = 300, **plan: Any) -> Desk:
    """A desk that bought at 25 500 the day before and now stands before the open; yesterday's close is 25 400."""
    desk = armed(house, quantity, **({"stop": 24_500} | plan)).day(25_000, 25_600, 24_800, 25_400)
    assert desk.bought == [(25_500, quantity)]
    return desk.check().next_session(base=25_400)


@pytest.mark.parametrize(
    ("bar", "price"),
    [
        pytest.param((25_000, 25_600, 24_800, 25_400), 25_500, id="BM-1"),
        pytest.param((25_550, 25_900, 25_400, 25_600), 25_550, id="BM-2"),
        pytest.param((25_700, 25_900, 25_500, 25_600), 25_550, id="BM-3"),
        pytest.param((25_700, 25_900, 25_600, 25_600), None, id="BM-4"),
    ],
)
def test_a_daily_breakout_is_bought_at_the_level_plus_slip_within_the_cap(
    house: type[House], bar: tuple[int, int, int, int], price: int | None
) -> None:
    """BM-1 to BM-4: min(cap, max(O, level) + slip), the cap where the price came back to it, else CHASE."""
    desk = armed(house).day(*bar).close()
    assert [p for p, _ in desk.bought] == ([] if price is None else [price])
    last = desk.kept(SetupRecord)[-1]
    assert last.code == ("core:CHASE" if price is None else None)


def test_a_stop_inside_the_bar_of_the_entry_is_hit(house: type[House]) -> None:
    """BM-5: the low of the entry bar lies under the stop, so the day buys at 25 500 and sells a tick under the stop."""
    desk = armed(house, stop=24_850).day(25_000, 25_600, 24_800, 25_400)
    assert desk.fills == [("BUY", 25_500, 100), ("SELL", 24_800, 100)]
    assert desk.kept(TradeRecord)[0].exit_code == "core:STOP"
    assert desk.kept(TradeRecord)[0].is_path_dependent


@pytest.mark.parametrize(
    ("bar", "price", "code"),
    [
        pytest.param((24_300, 26_200, 24_200, 25_000), 24_300, "core:STOP", id="BM-6"),
        pytest.param((25_000, 26_200, 24_400, 25_000), 24_450, "core:STOP", id="BM-7"),
        pytest.param((26_300, 26_500, 26_000, 26_100), 26_300, "core:T1", id="BM-8"),
    ],
)
def test_a_held_position_leaves_by_gap_then_stop_then_target(
    house: type[House], bar: tuple[int, int, int, int], price: int, code: str
) -> None:
    """BM-6 to BM-8: a gap sells at the open, the stop goes before the target, a target gapped over sells at the open."""
    desk = held(house, targets=(Target(TargetKind.ABSOLUTE, 26_000, ALL),)).day(*bar)
    assert desk.sold == [(price, 300)]
    assert desk.kept(TradeRecord)[0].exit_code == code


def test_a_target_is_sold_at_its_price(house: type[House]) -> None:
    """H at or above the target: sold at max(O, target)."""
    desk = held(house, targets=(Target(TargetKind.ABSOLUTE, 26_000, ALL),)).day(25_500, 26_000, 25_400, 25_900)
    assert desk.sold == [(26_000, 300)]


def test_a_clock_exit_on_daily_bars_sells_a_tick_under_the_close(house: type[House]) -> None:
    """BM-9: the time exit fills at C - 1 tick."""
    desk = armed(house, time_exit=house.clock_exit()).day(25_000, 25_600, 24_800, 25_300).check()
    assert desk.sold == [(25_250, 100)]
    assert desk.kept(TradeRecord)[0].exit_code == "core:TIME_EXIT"


def test_a_buy_gets_at_most_its_share_of_the_volume_and_the_rest_expires(house: type[House]) -> None:
    """BM-10: 5 % of 40 000 are 2 000 shares; the other thousand is not bought later."""
    desk = armed(house, 3_000).day(25_000, 25_600, 24_800, 25_400, volume=40_000)
    assert desk.bought == [(25_500, 2_000)]
    assert desk.kept(OrderEventRecord)[-1].after == "EXPIRED"
    assert not desk.engine.live_orders


def test_a_stop_at_the_open_of_the_entry_bar_sells_a_tick_under_it(house: type[House]) -> None:
    """The position was not there at the open, so there was no gap: stop - 1 tick."""
    desk = armed(house, stop=25_000).day(25_000, 25_600, 24_800, 25_400)
    assert desk.sold == [(24_950, 100)]


def test_the_entry_bar_reaches_no_target(house: type[House]) -> None:
    """With `worst`, a target above the entry cannot be reached in the bar that bought."""
    desk = armed(house, targets=(Target(TargetKind.ABSOLUTE, 25_550, ALL),)).day(25_000, 27_000, 24_800, 26_500)
    assert desk.sold == []


def test_a_third_is_sold_at_each_target_and_the_stop_rises_to_break_even(house: type[House]) -> None:
    """Q 300: 100 at T1, 100 at T2, the last 100 keeps the stop at rup(25 500 * (1 + 2 * 0.00015 + 0.0020)) = 25 600."""
    targets = (Target(TargetKind.FRACTION, 0.02), Target(TargetKind.FRACTION, 0.04))
    desk = held(house, targets=targets).day(25_500, 26_100, 25_400, 26_000)
    assert desk.sold == [(26_050, 100)]
    assert desk.engine.positions[0].stop == 25_600
    desk.next_session(base=26_000).day(26_000, 26_600, 25_900, 26_500)
    assert desk.sold[1:] == [(26_550, 100)]
    desk.next_session(base=26_500).day(26_000, 26_100, 25_500, 25_600)
    assert desk.sold[2:] == [(25_550, 100)]
    assert desk.kept(TradeRecord)[0].quantity == 300


def test_the_stop_that_a_target_raised_is_valid_from_the_next_bar_on(house: type[House]) -> None:
    """A bar that reaches T1 and falls to break-even afterwards sells the third only."""
    desk = held(house, targets=(Target(TargetKind.ABSOLUTE, 26_000),)).day(25_900, 26_100, 25_000, 25_100)
    assert desk.sold == [(26_000, 100)]


def test_both_targets_in_one_bar_are_sold_in_their_order(house: type[House]) -> None:
    """A bar above both targets sells a third at each."""
    targets = (Target(TargetKind.ABSOLUTE, 26_000), Target(TargetKind.ABSOLUTE, 26_500))
    desk = held(house, targets=targets).day(25_900, 27_000, 25_800, 26_900)
    assert desk.sold == [(26_000, 100), (26_500, 100)]


def test_one_share_is_too_few_for_a_third(house: type[House]) -> None:
    """Q = 1: steps (0, 0, 1); the target only raises the stop."""
    desk = held(house, 1, targets=(Target(TargetKind.ABSOLUTE, 26_000),)).day(25_900, 26_100, 25_800, 26_000)
    assert desk.sold == []
    assert desk.engine.positions[0].stop == 25_600


def test_the_adaptive_path_lets_a_low_before_the_breakout_pass(house: type[House]) -> None:
    """BM-5's bar: O 25 000 is nearer to its low, so the low came first and the stop at 24 850 was not in force yet."""
    desk = armed(house, stop=24_850, path=BarPath.ADAPTIVE).day(25_000, 25_600, 24_800, 25_400)
    assert desk.sold == []


def test_the_adaptive_path_stops_out_what_falls_after_the_breakout(house: type[House]) -> None:
    """O 25 400 is nearer to its high: bought on the way up, stopped on the way down."""
    desk = armed(house, stop=24_850, path=BarPath.ADAPTIVE).day(25_400, 25_600, 24_500, 24_700)
    assert desk.sold == [(24_800, 100)]


def test_the_adaptive_path_reaches_a_target_before_the_stop(house: type[House]) -> None:
    """A held position whose bar goes up first sells at the target, where `worst` takes the stop."""
    target = (Target(TargetKind.ABSOLUTE, 26_000, ALL),)
    bar = (25_600, 26_200, 24_400, 25_000)
    assert held(house, targets=target, path=BarPath.ADAPTIVE).day(*bar).sold == [(26_000, 300)]
    assert held(house, targets=target).day(*bar).sold == [(24_450, 300)]


def test_the_adaptive_path_enters_where_the_level_was_crossed(house: type[House]) -> None:
    """The level 25 450 is the day's high and comes first; the fall to 24 500 follows the entry and hits its stop."""
    desk = armed(house, stop=24_850, path=BarPath.ADAPTIVE).day(25_300, 25_450, 24_500, 25_000)
    assert desk.fills == [("BUY", 25_500, 100), ("SELL", 24_800, 100)]


def test_the_adaptive_path_starts_at_an_open_above_the_level(house: type[House]) -> None:
    """O 25 500 is above the level: bought at the open, so the low that comes next hits the stop."""
    desk = armed(house, stop=24_850, path=BarPath.ADAPTIVE).day(25_500, 27_000, 24_500, 26_000)
    assert desk.sold == [(24_800, 100)]


def test_a_bar_locked_at_the_upper_limit_sells_to_nobody(house: type[House]) -> None:
    """H = L = upper limit: no buy; the gate already keeps a percent away from it."""
    buyer = house.Buyer(cap=33_000, stop=31_000, slip_ticks=0)
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup(33_000)).day(*[33_000] * 4).close()
    assert desk.fills == []
    assert desk.kept(SetupRecord)[-1].code == "core:NEAR_LIMIT_UP"


def test_a_bar_locked_at_the_lower_limit_buys_from_nobody(house: type[House]) -> None:
    """H = L = lower limit: the stop is sent and waits."""
    desk = held(house).day(*[17_800] * 4)
    assert desk.sold == []
    assert [str(order.side) for order in desk.engine.live_orders] == ["SELL"]


def test_a_locked_bar_of_adjusted_prices_is_locked_too(house: type[House]) -> None:
    """30 % down from 25 400 without a single other price: nobody bought, also where prices are adjusted."""
    desk = held(house, scope=Scope.ADJUSTED).day(*[17_780] * 4)
    assert desk.sold == []


def test_an_open_outside_the_price_limits_buys_nothing(house: type[House]) -> None:
    """The scales of base price and bar differ: CORPORATE_ACTION."""
    desk = house.Desk().begin(house.setup(25_450), base=5_080).day(25_000, 25_600, 24_800, 25_400).close()
    assert desk.fills == []
    assert desk.kept(SetupRecord)[-1].code == "core:CORPORATE_ACTION"


def test_an_open_outside_the_price_limits_still_sells_what_is_held(house: type[House]) -> None:
    """Exits go on at O."""
    desk = held(house).day(*(12_700, 12_900, 12_500, 12_600))
    assert desk.sold == [(12_700, 300)]


def test_a_target_beyond_the_price_limits_is_sold_at_the_open_too(house: type[House]) -> None:
    """No limit inside the day's limits would reach it, and the gate would hold back any other: it goes to the market."""
    desk = held(house, targets=(Target(TargetKind.ABSOLUTE, 26_000, ALL),)).day(*(50_800, 51_600, 50_700, 51_000))
    assert desk.kept(FaultRecord) == []
    assert desk.kept(OrderRecord)[-1].limit is None
    assert desk.sold == [(50_800, 300)]


def test_a_level_that_needs_the_open_uses_the_bar_s_open(house: type[House]) -> None:
    """day_open + 450 from an open of 25 010 is rup(25 460) = 25 500."""
    desk = armed(house, trigger=Above(DayOpen(450))).day(25_010, 25_499, 24_900, 25_100).close()
    assert desk.kept(SetupRecord)[-1].level == 25_500
    assert desk.kept(SetupRecord)[-1].code == "core:NO_BREAKOUT"


@pytest.mark.parametrize(
    ("trigger", "bar", "met"),
    [
        pytest.param(Above(Fixed(25_451)), (25_000, 25_600, 24_900, 25_400), 25_500, id="above: from the next tick on"),
        pytest.param(Above(Fixed(25_450)), (25_000, 25_600, 24_900, 25_400), 25_450, id="above: the tick itself"),
        pytest.param(Below(Fixed(25_249)), (25_400, 25_500, 25_100, 25_300), 25_200, id="below: from the tick before"),
        pytest.param(Below(Fixed(25_250)), (25_400, 25_500, 25_100, 25_300), 25_250, id="below: the tick itself"),
    ],
)
def test_a_level_between_ticks_is_met_at_a_price_that_can_trade(
    house: type[House], trigger: Trigger, bar: tuple[int, int, int, int], met: int
) -> None:
    """`pivot + 1` is the way to say one tick above the pivot: the strategy is asked at that tick, on daily bars too."""
    buyer = house.Buyer()
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup(trigger=trigger)).day(*bar)
    assert [view.last for view in buyer.seen] == [met]
    assert [setup.level for setup in desk.engine.setups] == [met]


def test_a_level_between_ticks_is_not_met_below_them(house: type[House]) -> None:
    """A high of 25 450 is not above 25 451, whose next tick is 25 500."""
    buyer = house.Buyer()
    house.Desk(strategies=(house.instance(buyer),)).begin(house.setup(25_451)).day(25_000, 25_450, 24_900, 25_400)
    assert buyer.seen == []


def test_a_daily_fall_to_a_level_is_bought_at_the_level(house: type[House]) -> None:
    """Below(level) fires if L <= level and fills at min(O, level)."""
    desk = armed(house, trigger=Below(Fixed(25_200))).day(25_400, 25_500, 25_100, 25_300)
    assert desk.bought == [(25_200, 100)]


def test_a_day_trade_that_found_no_buyer_is_sold_at_the_next_open(house: type[House]) -> None:
    """No buyer on the day of the clock exit: sold at the next session's open as FORCED_OVERNIGHT."""
    desk = armed(house, 1_000, time_exit=house.clock_exit()).day(25_000, 25_600, 24_800, 25_400, volume=30_000)
    assert desk.bought == [(25_500, 1_000)]
    desk.day(*[17_800] * 4).check()
    assert desk.sold == []
    desk.next_session(base=17_800).day(18_000, 18_500, 17_900, 18_400)
    assert desk.sold == [(18_000, 1_000)]
    assert desk.kept(OrderRecord)[-1].reason == "core:FORCED_OVERNIGHT"


def test_people_are_told_of_a_day_trade_that_stayed_overnight(house: type[House]) -> None:
    """FORCED_OVERNIGHT is an alarm."""
    desk = armed(house, time_exit=house.clock_exit()).day(25_000, 25_600, 24_800, 25_400)
    desk.next_session(base=25_400)
    assert [notice.code for notice in desk.notices] == ["core:FORCED_OVERNIGHT"]


def test_the_rest_of_a_stopped_position_goes_on_at_the_next_open(house: type[House]) -> None:
    """Half of the shares found no buyer on the day of the stop; a stop needs one trade, so the rest goes at the open."""
    desk = held(house, 2_000).day(25_000, 25_100, 24_400, 24_450, volume=20_000).check()
    assert desk.sold == [(24_450, 1_000)]
    desk.next_session(base=24_450).day(25_000, 25_200, 24_900, 25_100)
    assert desk.sold == [(24_450, 1_000), (25_000, 1_000)]


def test_the_rest_of_a_target_goes_on_at_the_next_open(house: type[House]) -> None:
    """T1 wants a third of 3 000 shares and gets 500 for want of volume: the other 500 go at the next open."""
    targets = (Target(TargetKind.ABSOLUTE, 26_000),)
    desk = held(house, 3_000, targets=targets).day(25_900, 26_100, 25_800, 26_000, volume=10_000).check()
    assert desk.sold == [(26_000, 500)]
    desk.next_session(base=26_000).day(26_100, 26_300, 26_050, 26_200)
    assert desk.sold == [(26_000, 500), (26_100, 500)]


def test_a_session_exit_waits_for_its_session(house: type[House]) -> None:
    """The entry session is session 0; two sessions later it is sold at C - 1 tick."""
    desk = held(house, time_exit=TimeExit(TimeExitKind.SESSIONS, 2)).day(25_400, 25_600, 25_200, 25_500).check()
    assert desk.sold == []
    desk.next_session(base=25_500).day(25_400, 25_600, 25_200, 25_500).check()
    assert desk.sold == [(25_450, 300)]


def test_manage_sells_at_the_end_of_day_check(house: type[House]) -> None:
    """On daily bars `manage` is asked once, with the day known, and its exit fills at C - 1 tick."""
    manager = house.Manager(managing=lambda view, position: Exit(house.OwnCode.TIRED))
    desk = house.Desk(strategies=(house.instance(manager),)).begin(house.setup()).day(25_000, 25_600, 24_800, 25_400)
    assert desk.sold == []
    desk.check()
    assert desk.sold == [(25_350, 100)]
    assert desk.kept(TradeRecord)[0].exit_code == "buyer:TIRED"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(RaiseStop(25_000.5), id="a stop that is a float"),  # type: ignore[arg-type]
        pytest.param(RaiseStop(float("nan")), id="a stop that is not a number"),  # type: ignore[arg-type]
        pytest.param(5, id="a number"),
        pytest.param("sell", id="a word"),
    ],
)
def test_what_manage_must_not_answer_leaves_the_position_its_stop(house: type[House], answer: Any) -> None:
    """A guest's nonsense changes nothing and stops nobody."""
    manager = house.Manager(managing=lambda view, position: answer)
    desk = house.Desk(strategies=(house.instance(manager),)).begin(house.setup()).day(25_000, 25_600, 24_800, 25_400)
    desk.check()
    assert [(p.quantity, p.stop) for p in desk.engine.positions] == [(100, 23_500)]


def test_manage_raises_a_stop_and_never_lowers_it(house: type[House]) -> None:
    """RaiseStop moves the stop up to a tick; a lower price changes nothing."""
    answers = iter([RaiseStop(24_930), RaiseStop(24_000)])
    manager = house.Manager(managing=lambda view, position: next(answers))
    desk = house.Desk(strategies=(house.instance(manager),)).begin(house.setup()).day(25_000, 25_600, 24_800, 25_400)
    desk.check()
    assert desk.engine.positions[0].stop == 24_950
    desk.next_session().day(25_400, 25_600, 25_200, 25_500).check()
    assert desk.engine.positions[0].stop == 24_950


def test_confirm_sees_nothing_of_a_daily_bar_that_lies_behind_the_trigger(house: type[House]) -> None:
    """At the moment the price reaches 25 450 nobody knows that the day will end at 26 900."""
    buyer = house.Buyer()
    house.Desk(strategies=(house.instance(buyer),)).begin(house.setup()).day(25_000, 27_000, 24_800, 26_900)
    view = buyer.seen[0]
    assert (view.bar, view.day_open, view.last, view.ask_within(30_000)) == (None, 25_000, 25_450, 25_450)


def test_a_strategy_on_minute_bars_does_not_trade_daily_ones(house: type[House]) -> None:
    """OnBar triggers are skipped on daily bars: NEEDS_MINUTE_BARS."""
    desk = armed(house, trigger=OnBar(30)).day(25_000, 25_600, 24_800, 25_400).close()
    assert desk.fills == []
    assert desk.kept(SetupRecord)[-1].code == "core:NEEDS_MINUTE_BARS"


def test_a_symbol_bought_again_is_valued_at_its_new_price(house: type[House]) -> None:
    """Sold at 25 250 one day and bought near 32 000 the next: equity falls by the commission, not by a quarter."""
    buyer = house.Buyer(time_exit=house.clock_exit())
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(house.setup()).day(25_000, 25_600, 24_800, 25_300)
    desk.check()
    before = desk.engine.equity
    buyer.cap, buyer.stop = 32_000, 31_000
    desk.next_session(house.setup(31_800, session=dt.date(2026, 3, 5)), base=31_500)
    desk.day(31_700, 32_000, 31_600, 31_900)
    assert desk.bought[1:] == [(31_850, 100)]
    assert desk.engine.equity == before - desk.kept(FillRecord)[-1].commission


def test_money_is_counted_to_the_won(house: type[House]) -> None:
    """A buy pays commission; a sell pays commission and the tax of 2026; cash is initial less buys plus sells less both."""
    desk = armed(house, time_exit=house.clock_exit()).day(25_000, 25_600, 24_800, 25_300).check()
    bought, sold = desk.kept(FillRecord)
    assert (bought.commission, bought.tax) == (382, 0)  # floor(2 550 000 * 0.00015)
    assert (sold.commission, sold.tax) == (378, 5_050)  # floor(2 525 000 * 0.00015), 2 525 000 * 0.0020
    assert desk.engine.cash == 100_000_000 - 2_550_000 - 382 + 2_525_000 - 378 - 5_050


def test_a_position_is_recorded_at_the_close_of_each_session(house: type[House]) -> None:
    """What is held overnight is valued at the close."""
    desk = held(house)
    assert [(p.quantity, p.last, p.market_value) for p in desk.kept(PositionRecord)] == [(300, 25_400, 7_620_000)]


def test_a_second_setup_of_the_same_slot_is_not_bought_while_it_is_held(house: type[House]) -> None:
    """One entry and one exit per slot and bar: the stop of this bar does not make room for a purchase in it."""
    desk = held(house)
    desk.close()
    desk.session = dt.date(2026, 3, 6)
    desk.begin(house.setup(session=desk.session)).day(25_400, 25_600, 24_400, 25_500).close()
    assert [f.side for f in desk.kept(FillRecord)] == [Side.BUY, Side.SELL]
    assert desk.kept(SetupRecord)[-1].code == "core:ALREADY_IN"
