"""The published grid strategy in an engine: its levels live on, each is filled by a fill, and one stop ends them all."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest

import kats_strategy_grid_trading
from kats_core.engine.state import StrategyInstance
from kats_core.market.calendar import krx_calendar
from kats_core.model.bar import Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Send
from kats_core.model.event import OrderAccepted, OrderExpired, OrderFilled, Traded
from kats_core.model.kinds import Side
from kats_core.model.record import OrderRecord, SignalRecord, SignalStatus, TradeRecord
from kats_core.model.setup import Below, Fixed, Group, Lifetime, Rearm, Setup

if TYPE_CHECKING:
    from conftest import Desk, House

SYMBOL = "005930"
NUMBERS = {"support": 19_400, "resistance": 21_000, "levels": 10, "range_frac": 0.1}
"""The worked examples: levels at 19 400, 19 560, 19 720, 19 880 and 20 000, halt at 19 020."""


def levels(house: type[House], session: dt.date | None = None) -> list[Setup]:
    """Return the grid as it is armed; how it follows from daily bars, the plugin's own tests show."""
    return [
        house.setup(
            instance="grid-trading",
            numbers=dict(NUMBERS),
            trigger=Below(Fixed(price)),
            session=session or house.SESSION,
            slot=slot,
            lifetime=Lifetime.UNTIL_CANCELLED,
            rearm=Rearm.AFTER_FLAT,
            group=Group(bar_after_stop=5, expire_when_flat=10),
        )
        for slot, price in enumerate((19_458, 19_618, 19_779, 19_939, 20_100))
    ]


def gridded(house: type[House]) -> Desk:
    """A desk on which grid trading runs as published."""
    plugin = kats_strategy_grid_trading.kats_register_strategies()
    params = plugin.params()
    one = StrategyInstance(plugin.name, plugin.name, plugin.build(params), plugin.traits, params)
    return house.Desk(strategies=(one,), codes=plugin.codes)


def slots(desk: Desk) -> list[int]:
    return sorted(position.slot for position in desk.engine.positions)


def test_falling_prices_fill_level_after_level_and_each_sells_one_step_higher(house: type[House]) -> None:
    """20 000 and 19 880 are bought on the way down, sold at 20 050 and 20 200 on the way up, and bought again."""
    desk = gridded(house).begin(*levels(house), base=20_200)
    desk.minute("09:30", 20_050).minute("09:31", 20_000).minute("09:32", 19_900).minute("09:33", 19_880)
    assert desk.bought == [(20_000, 100), (19_880, 100)]
    assert slots(desk) == [3, 4]
    desk.minute("09:34", 20_050).minute("09:35", 20_200)
    assert desk.sold == [(20_050, 100), (20_200, 100)]
    assert slots(desk) == []
    desk.minute("09:40", 20_000).minute("09:41", 20_000)
    assert slots(desk) == [4]


def test_a_lot_outlives_the_session_and_so_do_the_levels(house: type[House]) -> None:
    """What was bought yesterday is sold today, from the open on, before anything may be bought."""
    desk = gridded(house).begin(*levels(house), base=20_200).minute("09:30", 20_000).minute("09:31", 20_000)
    desk.next_session(base=20_000).minute("09:05", 20_200)
    assert desk.sold == [(20_200, 100)]
    desk.minute("09:10", 20_000).minute("09:29", 20_000)
    assert slots(desk) == []
    desk.minute("09:30", 20_000).minute("09:31", 20_000)
    assert slots(desk) == [4]


def test_the_halt_sells_every_lot_and_bars_five_sessions(house: type[House]) -> None:
    """GRID_HALT at 19 020."""
    desk = gridded(house).begin(*levels(house), base=20_200)
    desk.minute("09:30", 19_900).minute("09:31", 19_880).minute("09:32", 19_880)
    assert slots(desk) == [3, 4]
    desk.minute("09:33", 19_030)
    assert desk.sold == []
    desk.minute("09:34", 19_020).minute("09:35", 19_010)
    assert desk.engine.positions == ()
    assert {trade.exit_code for trade in desk.kept(TradeRecord)} == {"core:GRID_HALT"}
    for _ in range(5):
        session = krx_calendar().shift(desk.session, 1)
        desk.next_session(*levels(house, session), base=20_200)
        assert {entry.code for entry in desk.engine.setups} == {CoreCode.GRID_HALT}
    session = krx_calendar().shift(desk.session, 1)
    desk.next_session(*levels(house, session), base=20_200)
    assert {entry.code for entry in desk.engine.setups} == {None}


def test_a_regime_without_grids_keeps_the_lots_and_their_sells(house: type[House]) -> None:
    """No new purchase, but the paired sell."""
    desk = gridded(house).begin(*levels(house), base=20_200).minute("09:30", 20_000).minute("09:31", 20_000)
    desk.next_session(base=20_000, facts={"regime": "BEAR"})
    desk.minute("09:30", 19_850).minute("09:31", 19_850)
    assert slots(desk) == [4]
    desk.minute("09:32", 20_200)
    assert desk.sold == [(20_200, 100)]


@pytest.mark.parametrize(("price", "sells"), [(19_990, True), (19_980, False)])
def test_gr_3_the_sell_is_sent_when_its_price_is_near(house: type[House], price: int, sells: bool) -> None:
    """GR-3: from 19 989.85 on."""
    desk = gridded(house).begin(*levels(house)[3:4], base=20_200).minute("09:30", 19_880).minute("09:31", 19_880)
    assert desk.bought == [(19_880, 100)]
    desk.next_session(base=19_900, has_books=True)
    now = desk.at("09:30")
    desk.feed(Traded(now, Trade(SYMBOL, now, price, 10, None, 10, 10 * price)))
    sent = [order.limit for order in desk.kept(OrderRecord) if order.side is Side.SELL]
    assert sent == ([20_050] if sells else [])


def test_a_lot_is_sold_after_twenty_sessions(house: type[House]) -> None:
    """At the end-of-day check, whatever its price."""
    desk = gridded(house).begin(*levels(house)[4:], base=20_200).minute("09:30", 20_000).minute("09:31", 20_000)
    for day in range(1, 21):
        desk.next_session(base=20_000, facts={"regime": "BEAR"}).minute("09:30", 20_000).minute("15:14", 20_000).check()
        desk.minute("15:15", 20_000)
        assert slots(desk) == ([4] if day < 20 else [])
    assert [trade.exit_code for trade in desk.kept(TradeRecord)] == ["core:TIME_EXIT"]


class TestTwelve:
    """Line 12 of the list of regressions: a grid level is filled by a fill, not by a signal."""

    def test_12_a_level_whose_order_ends_unfilled_is_free_again(self, house: type[House]) -> None:
        """While it waits nothing more is sent; expired, the same level is bought once more."""
        desk = gridded(house).begin(*levels(house)[3:4], base=20_200)
        first = self._bought(desk, "09:30")
        assert first is not None
        assert self._bought(desk, "09:32") is None
        assert slots(desk) == []
        desk.handle(OrderExpired(desk.at("09:40"), first))
        assert self._bought(desk, "09:45") is not None

    def test_12_a_level_holds_what_was_filled(self, house: type[House]) -> None:
        """A part that was filled before the order ended makes the level HELD, and it is not bought again."""
        desk = gridded(house).begin(*levels(house)[3:4], base=20_200)
        order = self._bought(desk, "09:30")
        assert order is not None
        desk.handle(OrderFilled(desk.at("09:32"), order, 19_880, 40))
        desk.handle(OrderExpired(desk.at("09:40"), order))
        assert [(p.slot, p.quantity) for p in desk.engine.positions] == [(3, 40)]
        assert self._bought(desk, "09:45") is None

    def test_12_a_signal_that_was_refused_holds_nothing(self, house: type[House]) -> None:
        """Nor does it end the level."""
        desk = gridded(house)
        size = desk.stages[0].stage
        assert isinstance(size, house.Size)
        size.quantity = 10_000_000
        desk.begin(*levels(house)[3:4], base=20_200).minute("09:30", 19_900)
        assert [r.status for r in desk.kept(SignalRecord)][-1] is SignalStatus.REJECTED
        assert slots(desk) == []
        size.quantity = 100
        desk.minute("09:40", 19_880).minute("09:41", 19_880)
        assert slots(desk) == [3]

    @staticmethod
    def _bought(desk: Desk, clock: str) -> int | None:
        """Feed a minute near the level; return the order that it sends, which the broker accepts."""
        event = desk.bar_event(clock, (19_900,) * 4, 1_000_000)
        commands = desk.handle(event)
        sent = [command.order for command in commands if isinstance(command, Send)]
        for order in sent:
            assert (order.side, order.limit, order.slot) == (Side.BUY, 19_880, 3)
            desk.handle(OrderAccepted(event.ts, order.order_id, str(order.order_id)))
        return sent[0].order_id if sent else None
