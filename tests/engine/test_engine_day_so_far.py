"""What a strategy sees of the session so far, the moments at which it is asked, and its own confidence."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from kats_core.api import IntradayBar, has_gap, has_volume, index_has_fallen, is_above_vwap, relative_volume
from kats_core.model import fact, time
from kats_core.model.codes import CoreCode
from kats_core.model.event import FactsChanged, PhaseReached
from kats_core.model.fact import STARS, Fact
from kats_core.model.kinds import FactSource, MarketPhase, Moment, Style
from kats_core.model.record import OrderRecord, SignalRecord
from kats_core.model.setup import At, OnBar, Tick
from kats_core.model.signal import Exit, NotYet
from kats_core.model.verdict import approve
from kats_core.orders.gate_config import GateConfig
from kats_core.strategy.intraday_bar import joined
from kats_core.testing import daily_view, minute_view

if TYPE_CHECKING:
    from conftest import Desk, House


def asked_on(house: type[House], trigger: Any, **traits: Any) -> tuple[Any, Desk]:
    """A buyer that says no, and its desk, open."""
    buyer = house.Buyer(confirming=lambda view, setup: NotYet(house.OwnCode.NO))
    desk = house.Desk(strategies=(house.instance(buyer, **traits),)).begin(house.setup(trigger=trigger))
    return buyer, desk


def test_minute_bars_are_joined_from_the_open_and_the_running_one_is_left_out(house: type[House]) -> None:
    """Three minutes are one bar; a span without trading gives none."""
    buyer, desk = asked_on(house, OnBar(3), needs_minute_bars=True)
    for clock, price in (("09:00", 25_400), ("09:01", 25_500), ("09:02", 25_450)):
        desk.minute(clock, price, volume=100)
    desk.minute("09:06", 25_600, volume=100).minute("09:08", 25_700, volume=100).minute("09:09", 25_800, volume=100)
    bars = buyer.seen[-1].bars(3)
    opened, later = (desk.at(clock) for clock in ("09:00", "09:06"))
    span = 3 * time.MINUTE
    assert bars == (
        IntradayBar(opened, opened + span, 25_400, 25_500, 25_400, 25_450, 300, 300, Decimal("25450.000000")),
        IntradayBar(later, later + span, 25_600, 25_700, 25_600, 25_700, 200, 500, Decimal("25530.000000")),
    )
    assert bars[1].is_rising
    assert [b.close for b in buyer.seen[-1].bars(1)] == [25_400, 25_500, 25_450, 25_600, 25_700]


def test_who_does_not_ask_for_minutes_sees_none(house: type[House]) -> None:
    """Nothing is kept for strategies that do not say so."""
    buyer, desk = asked_on(house, Tick())
    desk.minute("09:30", 25_450)
    assert buyer.seen[-1].bars(1) == ()


def test_the_print_of_an_auction_is_no_bar(house: type[House]) -> None:
    """A call auction has one price, not a bar's four."""
    desk = house.Desk().begin(house.setup())
    print_ = desk.bar_event("09:00", (25_400,) * 4, 100, auction=True).bar
    assert joined([print_], 1, desk.hours.open, desk.at("09:05")) == ()


def test_a_moment_is_asked_for_although_nobody_trades_then(house: type[House]) -> None:
    """`At`: the driver lets that moment come, and the last bar is what is seen; an auction is asked for when it has begun."""
    buyer, desk = asked_on(house, At(dt.time(15, 20)), windows=((dt.time(15, 20), dt.time(15, 30)),))
    assert desk.engine.watch().moments == (desk.at("15:20"),)
    desk.minute("15:18", 25_450).passes("15:19")
    assert buyer.seen == []
    desk.passes("15:20")
    assert buyer.seen == []
    desk.feed(PhaseReached(desk.at("15:20"), MarketPhase.CLOSE_AUCTION))
    assert desk.engine.next_timer() == desk.at("15:20")
    desk.passes("15:20")
    assert [(view.now, view.last) for view in buyer.seen] == [(desk.at("15:20"), 25_450)]


def test_an_order_of_the_closing_auction_is_filled_by_its_print(house: type[House]) -> None:
    """Sent at 15:20 with a life of ten minutes."""
    buyer = house.Buyer(stop=24_500, closing_auction=True)
    windows = ((dt.time(15, 20), dt.time(15, 30)),)
    instance = house.instance(buyer, windows=windows, ttl_s=600)
    desk = house.Desk(strategies=(instance,)).begin(house.setup(trigger=At(dt.time(15, 20))))
    desk.minute("15:14", 25_450).check().minute("15:19", 25_450)
    desk.feed(PhaseReached(desk.at("15:20"), MarketPhase.CLOSE_AUCTION))
    desk.passes("15:20").minute("15:30", 25_400, auction=True)
    assert [order.limit for order in desk.kept(OrderRecord)][:1] == [25_500]
    assert desk.bought == [(25_400, 100)]


def test_what_waits_for_the_closing_auction_is_bought_at_the_close_of_a_daily_bar(house: type[House]) -> None:
    """At the close if the limit allows; the day's own low lies behind it."""
    windows = ((dt.time(15, 20), dt.time(15, 30)),)
    buyer = house.Buyer(cap=26_000, stop=25_000)
    desk = house.Desk(strategies=(house.instance(buyer, windows=windows, ttl_s=600, style=Style.SWING),))
    desk.begin(house.setup(trigger=At(dt.time(15, 20)))).day(25_450, 26_000, 24_900, 25_900).check().close()
    assert desk.bought == [(25_900, 100)]
    assert desk.sold == []


@pytest.mark.parametrize(("is_meant", "is_open"), [(True, False), (False, True)])
def test_the_gate_holds_the_closing_auction(house: type[House], *, is_meant: bool, is_open: bool) -> None:
    """`closing_auction: false`; and whatever window a strategy says it has, its signal must be meant for the auction."""
    windows = ((dt.time(15, 20), dt.time(15, 30)),)
    gate = GateConfig(closing_auction=is_open)
    buyer = house.Buyer(closing_auction=is_meant)
    desk = house.Desk(strategies=(house.instance(buyer, windows=windows),), gate=gate)
    desk.begin(house.setup(trigger=At(dt.time(15, 20)))).minute("15:14", 25_450).check()
    desk.feed(PhaseReached(desk.at("15:20"), MarketPhase.CLOSE_AUCTION))
    assert desk.passes("15:20").engine.setups[0].code is CoreCode.ENTRY_WINDOW


def test_any_time_is_the_open_of_a_daily_bar(house: type[House]) -> None:
    """`Tick` on daily bars buys at the open, plus slippage."""
    desk = house.Desk(strategies=(house.instance(house.Buyer(cap=26_000, stop=24_000)),))
    desk.begin(house.setup(trigger=Tick())).day(25_450, 26_000, 25_400, 25_900)
    assert desk.bought == [(25_500, 100)]


def test_a_strategy_is_asked_no_more_often_than_it_says(house: type[House]) -> None:
    """`Tick(180)` on minute bars: every third one."""
    buyer, desk = asked_on(house, Tick(180))
    for minute in range(30, 37):
        desk.minute(f"09:{minute}", 25_450)
    assert [f"{time.clock(view.now):%H:%M}" for view in buyer.seen] == ["09:31", "09:34", "09:37"]


@pytest.mark.parametrize(("moment", "asked"), [(Moment.OPEN, ["09:01"]), (Moment.CHECK, ["15:15"])])
def test_manage_is_asked_at_its_moments(house: type[House], moment: Moment, asked: list[str]) -> None:
    """At the first bar of each session, or at the end-of-day check."""
    heard: list[str] = []
    manager = house.Manager(stop=24_500, managing=lambda view, position: heard.append(f"{time.clock(view.now):%H:%M}"))
    instance = house.instance(manager, manages_at=frozenset({moment}))
    desk = house.Desk(strategies=(instance,)).begin(house.setup())
    desk.minute("09:30", 25_450).minute("09:31", 25_450)
    desk.next_session().minute("09:00", 25_450).minute("09:01", 25_450)
    heard.clear() if moment is Moment.CHECK else None
    desk.check()
    assert heard == asked


def test_the_check_does_not_ask_again_what_the_minute_has_asked(house: type[House]) -> None:
    """`manage_every_min` and the check meet at 15:15: manage is asked once, in its turn behind the sell signals."""
    heard: list[str] = []
    manager = house.Manager(stop=24_500, managing=lambda view, position: heard.append(f"{time.clock(view.now):%H:%M}"))
    instance = house.instance(manager, manage_every_min=15)
    desk = house.Desk(strategies=(instance,)).begin(house.setup()).minute("09:30", 25_450).minute("09:31", 25_450)
    desk.minute("14:59", 25_450).minute("15:14", 25_450)
    assert heard == ["15:00"]
    desk.check()
    assert heard == ["15:00", "15:15"]


@pytest.mark.parametrize("low", [25_400, 23_500])
def test_an_exit_at_the_open_of_a_daily_bar_sells_there(house: type[House], low: int) -> None:
    """Nobody knew then how the day ends; a stop at 24 000 that the day reaches later finds nothing to sell."""
    manager = house.Manager(stop=24_000, managing=lambda view, position: Exit(house.OwnCode.TIRED))
    instance = house.instance(manager, manages_at=frozenset({Moment.OPEN}))
    desk = house.Desk(strategies=(instance,)).begin(house.setup()).day(25_000, 25_600, 24_900, 25_500).check()
    desk.next_session().day(25_600, 26_500, low, 26_400)
    assert desk.sold == [(25_600, 100)]


def test_the_last_price_of_a_daily_bar_is_its_close_at_the_check(house: type[House]) -> None:
    """The last price stands for the close at 15:15; before it is not known."""
    seen: list[int] = []
    manager = house.Manager(stop=24_000, managing=lambda view, position: seen.append(view.last))
    desk = house.Desk(strategies=(house.instance(manager),)).begin(house.setup()).day(25_000, 25_600, 24_900, 25_500)
    desk.check()
    assert seen == [25_500]


def test_a_signal_counts_for_no_more_stars_than_it_claims(house: type[House]) -> None:
    """Stages read the signal's own confidence."""
    read: list[object] = []

    def answering(proposal: Any, context: Any) -> Any:
        read.append(context.fact(STARS).value)
        return approve(proposal.quantity)

    signal = house.Buyer()
    capped = house.Buyer(confirming=lambda view, setup: structs.replace(signal.confirm(view, setup), most_stars=3))
    stages = house.sized(100, house.stage(house.Answer(answering), "reader"))
    desk = house.Desk(strategies=(house.instance(capped),), stages=stages).begin(house.setup())
    desk.minute("09:30", 25_450)
    assert read == [3]


def test_fixed_stars_stand_in_for_those_of_the_symbol(house: type[House]) -> None:
    """A strategy whose symbols no screen grades is as sure as its traits say."""
    instance = house.instance(house.Buyer(), fixed_stars=3)
    desk = house.Desk(strategies=(instance,)).begin(house.setup(), facts={fact.STARS: None}).minute("09:30", 25_450)
    assert len(desk.kept(SignalRecord)) > 0
    other = house.Desk().begin(house.setup(), facts={fact.STARS: None}).minute("09:30", 25_450)
    assert other.engine.setups[0].code is CoreCode.CONFIDENCE_LOW


def test_volume_is_projected_by_the_usual_curve() -> None:
    """S1-1: 36 000 shares by 09:45 project to 1.540 times a V20 of 82 000."""
    view = minute_view(last=38_700, day_open=38_000, base_price=38_000, clock=dt.time(9, 45), day_volume=36_000)
    relative = relative_volume(view, 82_000)
    assert relative is not None
    assert float(relative) == pytest.approx(1.540, abs=5e-4)
    assert has_volume(view, 82_000, Fraction(3, 2))
    assert not has_volume(view, 82_000, Fraction(8, 5))
    assert not has_volume(view, 0, Fraction(1))


def test_daily_bars_cannot_show_the_day_so_far() -> None:
    """What they cannot show counts as met; the run names it as approximated."""
    view = daily_view(day_open=25_000, level=25_450, low=24_900, base_price=25_000)
    assert has_volume(view, 1e12, Fraction(5))
    assert is_above_vwap(view)


def test_the_index_of_another_session_permits_nothing(house: type[House]) -> None:
    """Only what is known since the open is live."""
    answers: list[bool] = []

    def confirming(view: Any, setup: Any) -> NotYet:
        answers.append(index_has_fallen(view))
        return NotYet(house.OwnCode.NO)

    buyer = house.Buyer(confirming=confirming)
    desk = house.Desk(strategies=(house.instance(buyer),)).begin(
        house.setup(trigger=Tick()), facts={fact.INDEX_CHANGE: -0.01}
    )
    desk.minute("09:30", 25_450)
    now = desk.engine.now
    desk.feed(FactsChanged(now, (Fact(fact.INDEX_CHANGE, -0.01, now, FactSource.FEED),)))
    desk.minute("09:31", 25_450)
    assert answers == [False, True]


def _minute(n: int, volume: int, day_volume: int) -> IntradayBar:
    return IntradayBar(n * time.MINUTE, (n + 1) * time.MINUTE, 10, 10, 10, 10, volume, day_volume, Decimal(10))


@pytest.mark.parametrize(
    ("bars", "is_gap"),
    [
        pytest.param([(0, 5, 5), (1, 5, 10), (2, 5, 15)], False, id="every minute is there"),
        pytest.param([(0, 5, 5), (2, 5, 10)], False, id="a minute did not trade"),
        pytest.param([(0, 5, 5), (2, 5, 11)], True, id="a minute traded and nobody saw it"),
        pytest.param([(1, 5, 5)], False, id="the first trade came late"),
        pytest.param([(1, 5, 6)], True, id="the feed came late"),
        pytest.param([(0, 5, 5), (1, 5, 10), (2, 5, 15), (4, 5, 30)], False, id="a gap after the time asked for"),
        pytest.param([(0, 5, 5), (4, 5, 30)], True, id="a gap that reaches beyond it"),
        pytest.param([], False, id="nothing traded yet"),
    ],
)
def test_a_gap_is_a_minute_in_which_shares_traded_unseen(bars: list[tuple[int, int, int]], is_gap: bool) -> None:
    """The exchange's own count of the day tells it, from the open to the third minute."""
    assert has_gap([_minute(*bar) for bar in bars], 0, 3 * time.MINUTE) is is_gap
