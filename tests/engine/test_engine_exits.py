"""How positions are left: trailing stops, sell signals, opening gaps, ex-dates, what was missing, and which reason is given."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from kats_core.model import fact
from kats_core.model.bar import Trade
from kats_core.model.event import DailyTail, FactsChanged, Traded
from kats_core.model.fact import Fact, FactValue
from kats_core.model.kinds import FactSource
from kats_core.model.record import OrderRecord, TradeRecord
from kats_core.model.signal import SellSignal, Target, TargetKind, TimeExit, TimeExitKind, Trail, TrailMethod
from kats_core.model.time import Nanos

if TYPE_CHECKING:
    from conftest import Desk, House

ALL = frozenset(SellSignal)
STEPS = (Target(TargetKind.FRACTION, 0.01), Target(TargetKind.FRACTION, 0.02))


def tail(house: type[House], closes: list[int], low: int | None = None, volume: int = 1_000) -> tuple[DailyTail, ...]:
    n = len(closes)
    lows = tuple(closes) if low is None else (*closes[:-1], low)
    return (DailyTail(house.SYMBOL, (), tuple(closes), tuple(closes), lows, tuple(closes), (volume,) * n),)


def holding(house: type[House], *, tails: tuple[DailyTail, ...] = (), **plan: Any) -> Desk:
    """A desk that has bought 100 shares at 25 500 at 09:31, with a stop at 24 500."""
    usual: dict[str, Any] = {"stop": 24_500, "flags": frozenset()}
    desk = house.Desk(strategies=(house.instance(house.Buyer(**(usual | plan))),))
    desk.begin(house.setup(), tails=tails)
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert desk.bought == [(25_500, 100)]
    return desk


def says(desk: Desk, name: str, value: FactValue, at: Nanos | None = None) -> Desk:
    now = desk.engine._state.now if at is None else at
    desk.feed(FactsChanged(now, (Fact(name, value, now, FactSource.FEED, "" if "index" in name else "005930"),)))
    return desk


def reasons(desk: Desk) -> list[str]:
    return [order.reason.removeprefix("core:") for order in desk.kept(OrderRecord) if order.reason]


def told(desk: Desk, code: str) -> list[dict[str, Any]]:
    return [dict(notice.detail) for notice in desk.notices if notice.code == f"core:{code}"]


def test_behind_the_last_target_a_stop_follows_the_peak(house: type[House]) -> None:
    """Not before it; what a bar raises is valid from the next one on, and it never falls."""
    desk = holding(house, targets=STEPS, trail=Trail(TrailMethod.FIXED_PCT, 0.03))
    desk.minute("09:32", 25_450, 25_800, 25_450, 25_800)
    assert desk.engine.positions[0].stop == 25_600, "break-even after the first target"
    desk.minute("09:33", 25_800, 26_050, 25_800, 26_000)
    position = desk.engine.positions[0]
    assert (position.quantity, position.peak, position.stop) == (34, 26_050, 25_600)
    desk.minute("09:34", 26_000, 27_000, 26_000, 27_000)
    assert desk.engine.positions[0].stop == 26_200
    desk.minute("09:35", 26_900).minute("09:36", 26_900, 26_900, 26_150, 26_300)
    assert desk.engine.positions == ()
    assert reasons(desk) == ["T1", "T2", "TRAIL_FIXED_PCT"]
    assert desk.sold == [(25_800, 33), (26_050, 33), (26_150, 34)]


def test_a_trailing_stop_is_no_loss_that_ends_the_symbols_day(house: type[House]) -> None:
    """Only a stop that lies where it was set or breaks even counts as stopped out."""
    desk = holding(house, trail=Trail(TrailMethod.FIXED_PCT, 0.01)).minute("09:32", 26_500).minute("09:33", 26_000)
    assert reasons(desk) == ["TRAIL_FIXED_PCT"]
    assert house.SYMBOL not in desk.engine._state.stopped_symbols


def test_a_stop_of_atr_needs_its_history(house: type[House]) -> None:
    """Without one the hard stop goes on, and people are told once a session."""
    trail = Trail(TrailMethod.ATR_BASED, 2)
    bars = [24_000 + 100 * (n % 2) for n in range(20)]
    desk = holding(house, trail=trail, tails=tail(house, bars)).minute("09:32", 26_500)
    assert desk.engine.positions[0].stop == 26_300
    blind = holding(house, trail=trail).minute("09:32", 26_500).minute("09:33", 26_550)
    assert blind.engine.positions[0].stop == 24_500
    assert told(blind, "EXIT_INPUT_MISSING") == [{"rule": "core:TRAIL_ATR_BASED"}]


@pytest.mark.parametrize(
    ("plan", "closes", "last", "code"),
    [
        ({"trail": Trail(TrailMethod.MOVING_AVG, 10)}, [25_600] * 9, 25_550, "TRAIL_MOVING_AVG"),
        ({"trail": Trail(TrailMethod.CANDLE_PATTERN)}, [25_600] * 12, 24_600, "TRAIL_CANDLE_PATTERN"),
        ({"trail": Trail(TrailMethod.VOLUME_ANOMALY)}, [25_600] * 20, 24_600, "TRAIL_VOLUME_ANOMALY"),
        ({"flags": ALL, "pivot": 25_600}, [24_000] * 50, 25_550, "BREAKOUT_FAILURE"),
        ({"flags": ALL}, [24_000] * 50, 24_600, "DISTRIBUTION_BAR"),
        ({"flags": ALL}, [25_600] * 50, 25_550, "MA50_BREAK"),
    ],
)
def test_at_a_quarter_past_three_the_last_price_stands_for_the_close(
    house: type[House], plan: dict[str, Any], closes: list[int], last: int, code: str
) -> None:
    """What the day's bar shows by then is sold in the next bar, a tick below its open."""
    desk = holding(house, tails=tail(house, closes), **plan)
    desk.minute("15:14", last).check()
    assert reasons(desk) == [code]
    desk.minute("15:15", 24_600)
    assert desk.sold == [(24_550, 100)]


def test_a_close_that_shows_nothing_sells_nothing(house: type[House]) -> None:
    """Above pivot and averages, on a rising candle."""
    desk = holding(
        house, tails=tail(house, [25_000] * 60), flags=ALL, pivot=25_450, trail=Trail(TrailMethod.MOVING_AVG)
    )
    desk.minute("15:14", 25_500).check().close()
    assert desk.engine.positions[0].quantity == 100
    assert [d["rule"] for d in told(desk, "EXIT_INPUT_MISSING")] == ["core:MARKET_MA200_BREAK"]


def test_what_the_true_close_shows_is_sold_at_the_next_open(house: type[House]) -> None:
    """15:15 stood above the average, the auction closed below it."""
    history = tail(house, [25_600] * 50)
    desk = holding(house, tails=history, flags=frozenset({SellSignal.MA50_BREAK}))
    desk.minute("15:14", 25_700).check().minute("15:30", 25_550, auction=True)
    assert reasons(desk) == []
    desk.next_session(base=25_550, is_open=False)
    assert reasons(desk) == []
    desk.open()
    assert reasons(desk) == ["LATE_CLOSE_EXIT"]
    assert told(desk, "LATE_CLOSE_EXIT") == [{"rule": "core:MA50_BREAK"}]
    desk.minute("09:00", 25_500)
    assert desk.sold == [(25_450, 100)]


def test_a_sell_signal_goes_before_the_clock(house: type[House]) -> None:
    """One order, and the reason that ranks first."""
    clock = TimeExit(TimeExitKind.CLOCK, dt.time(15, 15))
    desk = holding(house, flags=ALL, pivot=25_600, time_exit=clock, tails=tail(house, [24_000] * 50))
    desk.check()
    assert reasons(desk) == ["BREAKOUT_FAILURE"]


def test_a_gap_down_is_sold_where_it_breaks_yesterdays_low(house: type[House]) -> None:
    """The stop below it is not reached; a day that opens below the low sells there."""
    history = tail(house, [25_400] * 3, low=24_800)
    desk = holding(house, stop=23_500, flags=ALL).next_session(base=25_400, tails=history)
    desk.minute("09:00", 24_600, 24_700, 24_550, 24_600)
    assert reasons(desk) == ["GAP_DOWN_BREAK"]
    assert desk.sold == [(24_600, 100)]

    later = holding(house, stop=23_500, flags=ALL).next_session(
        base=25_400, tails=tail(house, [25_400] * 3, low=24_400)
    )
    later.minute("09:00", 24_600).minute("09:01", 24_600, 24_600, 24_350, 24_400)
    assert later.sold == [(24_350, 100)]


def test_where_trades_are_streamed_the_first_one_is_the_open(house: type[House]) -> None:
    """A gap is sold with the trade that breaks yesterday's low, not at the end of the first minute."""
    desk = holding(house, stop=23_500, flags=ALL)
    desk.next_session(base=25_400, tails=tail(house, [25_400] * 3, low=24_550), has_books=True)
    traded = 0
    for second, price in enumerate((24_600, 24_550, 24_500)):
        assert reasons(desk) == []
        ts, traded = desk.at(f"09:00:0{second}"), traded + 10
        desk.feed(Traded(ts, Trade(house.SYMBOL, ts, price, 10, None, traded, traded * price)))
    assert reasons(desk) == ["GAP_DOWN_BREAK"]


def test_a_stop_goes_before_a_gap_and_a_small_gap_is_none(house: type[House]) -> None:
    """Of two reasons that hold at a price the first by priority is given."""
    history = tail(house, [25_400] * 3, low=24_800)
    stopped = holding(house, stop=24_650, flags=ALL).next_session(base=25_400, tails=history)
    assert reasons(stopped.minute("09:00", 24_600)) == ["STOP"]
    small = holding(house, stop=23_500, flags=ALL).next_session(base=25_400, tails=history)
    assert reasons(small.minute("09:00", 24_700)) == []


def test_who_buys_below_the_gap_has_bought_it(house: type[House]) -> None:
    """Otherwise every such purchase would be sold with its next trade."""
    desk = holding(house, flags=ALL, tails=tail(house, [26_300] * 3, low=26_200))
    assert reasons(desk.minute("09:32", 25_400)) == []


def test_bad_news_sell_at_once(house: type[House]) -> None:
    """A designation by the exchange, or a flag; only where the plan says so."""
    assert reasons(says(holding(house, flags=ALL), fact.STATUS, "51")) == ["BAD_NEWS"]
    assert reasons(says(holding(house, flags=ALL), fact.BAD_NEWS, "감사의견 거절")) == ["BAD_NEWS"]
    assert reasons(says(holding(house), fact.BAD_NEWS, "감사의견 거절")) == []


def test_news_of_the_night_is_sold_at_the_open(house: type[House]) -> None:
    """As the first order of the position."""
    desk = holding(house, flags=ALL).next_session(base=25_400, facts={fact.STATUS: "52"}, is_open=False)
    assert reasons(desk) == []
    assert reasons(desk.open()) == ["BAD_NEWS"]


def test_a_strategys_traits_speak_where_a_plan_is_silent(house: type[House]) -> None:
    """And only there."""
    instance = house.instance(house.Buyer(stop=24_500), sell_signals=frozenset({SellSignal.BAD_NEWS}))
    desk = house.Desk(strategies=(instance,)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    assert desk.engine.positions[0].exits.exit_flags == frozenset({SellSignal.BAD_NEWS})


def test_the_index_below_its_average_sells_at_the_check(house: type[House]) -> None:
    """Yesterday's change, known in the morning, says nothing about today."""
    index = {fact.INDEX_CLOSE: 2_500.0, fact.INDEX_MA200: 2_490.0, fact.INDEX_MA199: 2_490.0, fact.INDEX_CHANGE: -0.01}
    market = frozenset({SellSignal.MARKET_MA200_BREAK})

    def desk() -> Desk:
        held = holding(house, flags=market).next_session(base=25_400, facts=index)
        return held.minute("15:14", 25_500)

    assert reasons(desk().check()) == []
    assert reasons(says(desk(), fact.INDEX_CHANGE, -0.01).check()) == ["MARKET_MA200_BREAK"]
    assert reasons(says(desk(), fact.INDEX_CHANGE, -0.001).check()) == []


def test_an_open_expected_below_the_stop_is_sold_first_thing(house: type[House]) -> None:
    """At 09:00:00, before any trade; an expectation at the stop or above waits."""
    desk = holding(house).next_session(base=25_400, facts={fact.EXPECTED_OPEN: 24_450})
    assert reasons(desk) == ["STOP"]
    desk.minute("09:00", 24_400)
    assert desk.sold == [(24_350, 100)]
    assert reasons(holding(house).next_session(base=25_400, facts={fact.EXPECTED_OPEN: 24_500})) == []


def test_an_ex_dividend_does_not_stop_out(house: type[House]) -> None:
    """Stop, targets and peak go down by it with the morning of the ex-date; break-even is of the cost less the dividend."""
    held = holding(house, targets=STEPS)
    held.next_session(base=25_400, facts={fact.DIVIDEND: 1_200})
    position = held.engine.positions[0]
    assert (position.stop, position.peak) == (23_300, 24_300)
    assert position.targets == ((24_600, 33), (24_850, 33))
    held.minute("09:00", 24_200)
    assert reasons(held) == []
    held.minute("09:01", 24_600)
    assert held.engine.positions[0].stop == 24_400
    owed = {"owed": 101_520, "paid_on": "2026-04-24"}
    assert told(held, "EX_DIVIDEND") == [{"dividend": 1_200, "stop": 23_300} | owed]


def test_without_the_dividend_the_same_day_stops_out(house: type[House]) -> None:
    """The counter-example."""
    held = holding(house).next_session(base=25_400).minute("09:00", 24_200)
    assert reasons(held) == ["STOP"]


def test_targets_that_were_passed_stay_passed_after_the_night(house: type[House]) -> None:
    """A trailing stop goes on in the next session from its peak."""
    desk = holding(house, targets=STEPS, trail=Trail(TrailMethod.FIXED_PCT, 0.03))
    desk.minute("09:32", 25_800).minute("09:33", 26_050).next_session(base=26_050)
    position = desk.engine.positions[0]
    assert (position.reached, position.is_trailing) == (2, True)
    desk.minute("09:00", 27_000).minute("09:01", 26_100)
    assert [trade.exit_code for trade in desk.kept(TradeRecord)] == ["core:TRAIL_FIXED_PCT"]


def test_a_position_says_what_its_targets_have_left(house: type[House]) -> None:
    """What reached targets left unsold stands before those that were not reached."""
    desk = holding(house, targets=STEPS)
    position = desk.engine.positions[0]
    assert (position.rests, position.is_trailing) == (0, False)
    waiting = structs.replace(position, reached=1, targets=((25_800, 10), (26_050, 33)))
    assert waiting.rests == 1
