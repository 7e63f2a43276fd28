"""Setups that live until they are cancelled, as the levels of a grid do: each in its slot, all of them in one group."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from kats_core.journal.explain import Outcome, explain
from kats_core.market.calendar import krx_calendar
from kats_core.model import fact
from kats_core.model.bar import Trade
from kats_core.model.codes import CoreCode
from kats_core.model.event import Traded
from kats_core.model.kinds import Side, Style
from kats_core.model.record import OrderRecord, SetupRecord, SetupStatus, TradeRecord
from kats_core.model.setup import Below, Fixed, Group, Lifetime, Rearm, Setup
from kats_core.model.signal import ExitPlan, Portion, Signal, Target, TargetKind

if TYPE_CHECKING:
    from conftest import Desk, House

LEVELS = (24_000, 24_500, 25_000)
HALT = 23_500
SYMBOL = "005930"


def grid(house: type[House], *, session: dt.date | None = None, bar_after_stop: int = 5, flat: int = 10) -> list[Setup]:
    """Three levels, each of which buys at its price and sells a step higher."""
    return [
        house.setup(
            level=price,
            trigger=Below(Fixed(price)),
            session=session or house.SESSION,
            slot=slot,
            lifetime=Lifetime.UNTIL_CANCELLED,
            rearm=Rearm.AFTER_FLAT,
            group=Group(bar_after_stop=bar_after_stop, expire_when_flat=flat),
        )
        for slot, price in enumerate(LEVELS)
    ]


def gridded(house: type[House]) -> Desk:
    """A desk whose strategy buys each level at its price."""

    def confirming(view: Any, setup: Setup) -> Signal:
        price = int(setup.numbers["level"]) - setup.dividends
        return Signal(
            trigger_price=price,
            reference=price,
            entry_limit=price,
            chase_cap=price,
            exits=ExitPlan(
                stop=HALT - setup.dividends,
                targets=(Target(TargetKind.ABSOLUTE, price + 500, Portion.ALL),),
                near_frac=0.003,
            ),
            position_hint=0.05,
            slip_ticks=0,
        )

    buyer = house.Buyer(confirming=confirming)
    return house.Desk(strategies=(house.instance(buyer, style=Style.SWING, ttl_s=900),))


def next_day(desk: Desk) -> dt.date:
    return krx_calendar().shift(desk.session, 1)


def test_a_level_buys_again_after_it_was_sold(house: type[House]) -> None:
    """FREE, bought, HELD, sold, FREE: the same level fills twice in one session."""
    desk = gridded(house).begin(*grid(house), base=25_400)
    for start in (30, 40):
        desk.minute(f"09:{start}", 25_000).minute(f"09:{start + 1}", 25_000)
        desk.minute(f"09:{start + 2}", 25_500)
    assert desk.fills == [("BUY", 25_000, 100), ("SELL", 25_500, 100)] * 2
    assert [trade.exit_code for trade in desk.kept(TradeRecord)] == ["core:T1", "core:T1"]


def test_each_level_holds_its_own_lot(house: type[House]) -> None:
    """Positions are keyed by slot; one level does not wait for another."""
    desk = gridded(house).begin(*grid(house), base=25_400)
    desk.minute("09:30", 24_900).minute("09:31", 24_400).minute("09:32", 24_400)
    assert sorted((p.slot, p.quantity) for p in desk.engine.positions) == [(1, 100), (2, 100)]


def test_a_grid_goes_on_in_the_next_session(house: type[House]) -> None:
    """The runtime includes its symbol; its setups are recorded anew for each session."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_400)
    assert desk.engine.standing_symbols == {SYMBOL}
    desk.next_session(base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    assert desk.bought == [(25_000, 100)]
    armed = [(r.session, r.slot) for r in desk.kept(SetupRecord) if r.status is SetupStatus.ARMED]
    assert armed == [(day, slot) for day in (house.SESSION, desk.session) for slot in range(3)]


def test_a_new_grid_is_ignored_while_one_lives(house: type[House]) -> None:
    """`arm` knows nothing of running grids; the levels of the first one stay, and the record says why the new one does not begin."""
    desk = gridded(house).begin(*grid(house), base=25_400)
    session = next_day(desk)
    desk.next_session(*grid(house, session=session), base=25_400)
    assert len(desk.engine.setups) == 3
    ignored = [r for r in desk.kept(SetupRecord) if r.status is SetupStatus.NOT_ARMED]
    assert [(r.session, r.slot, r.code) for r in ignored] == [(session, 3, "core:ALREADY_IN")]
    desk.close()
    told = [(one.slot, one.outcome, one.code) for one in explain(desk.records) if one.session == session]
    assert told == [
        *((slot, Outcome.NEVER_FIRED, "core:STALE_DATA") for slot in range(3)),
        (3, Outcome.NOT_ARMED, "core:ALREADY_IN"),
    ]


def test_a_dividend_lowers_the_levels_and_the_halt(house: type[House]) -> None:
    """On the morning of the ex-date, as the stops and targets of what is held; a free level must not buy its own dividend."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    desk.next_session(base=25_400, facts={fact.DIVIDEND: 500})
    assert [entry.setup.trigger for entry in desk.engine.setups] == [Below(Fixed(price - 500)) for price in LEVELS]
    assert {entry.setup.dividends for entry in desk.engine.setups} == {500}
    desk.minute("09:30", 24_400).minute("09:31", 24_400)
    assert sorted((p.slot, p.stop) for p in desk.engine.positions) == [(2, HALT - 500)]
    desk.minute("09:32", 24_000).minute("09:33", 24_000)
    assert sorted((p.slot, p.stop) for p in desk.engine.positions) == [(1, HALT - 500), (2, HALT - 500)]
    desk.next_session(base=24_400, facts={fact.DIVIDEND: 100})
    assert [entry.setup.trigger for entry in desk.engine.setups] == [Below(Fixed(price - 600)) for price in LEVELS]
    assert desk.engine.setups[0].setup.dividends == 600
    told = [r.numbers["dividends"] for r in desk.kept(SetupRecord) if r.session == desk.session]
    assert told == [600, 600, 600]


def test_a_restart_lowers_no_level_twice(house: type[House]) -> None:
    """What was taken out of the levels this morning is kept with them."""
    desk = gridded(house).begin(*grid(house), base=25_400)
    desk.next_session(base=25_400, facts={fact.DIVIDEND: 500})
    before = [entry.setup for entry in desk.engine.setups]
    desk.restart(*house.sized())
    assert [entry.setup for entry in desk.engine.setups] == before
    desk.next_session(base=25_400)
    assert [entry.setup.dividends for entry in desk.engine.setups] == [500] * 3


def test_a_lot_that_its_target_sold_in_part_keeps_the_stop_of_the_grid(house: type[House]) -> None:
    """A level that is not sold wholly is HELD again: its stop is the halt of all, not where it breaks even."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    desk.minute("09:32", 25_400, 25_500, 25_400, 25_400, volume=800)
    assert desk.sold == [(25_500, 40)]
    assert [(p.quantity, p.stop, p.stop_code) for p in desk.engine.positions] == [(60, HALT, CoreCode.GRID_HALT)]
    desk.minute("09:34", 24_600)
    assert desk.sold == [(25_500, 40)]
    desk.minute("09:50", 23_400).minute("09:51", 23_400)
    assert {trade.exit_code for trade in desk.kept(TradeRecord)} == {"core:GRID_HALT"}


def test_a_stop_ends_the_whole_grid(house: type[House]) -> None:
    """All lots are sold as GRID_HALT, live purchases taken back, and nothing is bought in the sessions behind it."""
    desk = gridded(house).begin(*grid(house, bar_after_stop=2), base=25_400)
    desk.minute("09:30", 24_900).minute("09:31", 24_400).minute("09:32", 24_400)
    desk.minute("09:33", 23_900, 23_900, 23_400, 23_400).minute("09:34", 23_400)
    assert desk.engine.positions == ()
    assert {trade.exit_code for trade in desk.kept(TradeRecord)} == {"core:GRID_HALT"}
    assert desk.engine.standing_symbols == frozenset()
    for _ in range(2):
        desk.next_session(*grid(house, session=next_day(desk), bar_after_stop=2), base=25_400)
        assert {entry.code for entry in desk.engine.setups} == {CoreCode.GRID_HALT}
        assert desk.engine.standing_symbols == frozenset()
    desk.next_session(*grid(house, session=next_day(desk), bar_after_stop=2), base=25_400)
    assert {entry.code for entry in desk.engine.setups} == {None}


def test_a_stop_that_cannot_be_sold_ends_the_grid_all_the_same(house: type[House]) -> None:
    """Its lot is locked at the limit for a day; the next one buys nothing more below the stop."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    desk.minute("09:32", 23_400, volume=1)
    assert desk.engine.positions
    assert desk.engine.standing_symbols == frozenset()
    desk.next_session(base=23_400)
    assert desk.engine.setups == []


def test_a_stop_sells_the_lots_that_another_reason_holds(house: type[House]) -> None:
    """A lot that was bought before a dividend leaves with those that were bought behind it."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    desk.next_session(base=25_400, facts={fact.DIVIDEND: 500})
    desk.minute("09:30", 24_000).minute("09:31", 24_000)
    assert sorted(p.slot for p in desk.engine.positions) == [1, 2]
    desk.minute("09:32", HALT - 500).minute("09:33", 22_900)
    assert desk.engine.positions == ()
    assert {trade.exit_code for trade in desk.kept(TradeRecord)} == {"core:GRID_HALT"}


def test_a_grid_without_inventory_ends_after_its_sessions(house: type[House]) -> None:
    """`expire_when_flat`."""
    desk = gridded(house).begin(*grid(house, flat=2), base=25_400)
    desk.next_session(base=25_400).close()
    assert desk.engine.standing_symbols == frozenset()


def test_a_grid_that_holds_something_does_not_expire(house: type[House]) -> None:
    """The count starts anew when the last lot is sold."""
    desk = gridded(house).begin(*grid(house, flat=1), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    desk.next_session(base=25_400).close()
    assert desk.engine.standing_symbols == {SYMBOL}


def test_a_grid_that_bought_and_sold_within_the_session_was_not_empty(house: type[House]) -> None:
    """It works; only sessions in which it held nothing at all count."""
    desk = gridded(house).begin(*grid(house, flat=1), base=25_400)
    desk.minute("09:30", 25_000).minute("09:31", 25_000).minute("09:32", 25_500)
    assert desk.engine.positions == ()
    desk.close()
    assert desk.engine.standing_symbols == {SYMBOL}


def test_a_restart_forgets_no_grid(house: type[House]) -> None:
    """What lives goes on, and what was stopped stays barred."""
    desk = gridded(house).begin(*grid(house), base=25_400).minute("09:30", 25_000).minute("09:31", 25_000)
    other = gridded(house)
    other.engine.load(desk.engine.dump())
    assert other.engine.standing_symbols == {SYMBOL}
    assert other.engine.dump() == desk.engine.dump()


@pytest.mark.parametrize(("price", "sells"), [(25_430, True), (25_420, False)])
def test_a_sell_is_sent_when_its_price_is_near(house: type[House], price: int, sells: bool) -> None:
    """GR-3: within 0.3 % of 25 500, that is from 25 423.5 on."""
    desk = gridded(house).begin(*grid(house), base=25_400)
    desk.minute("09:30", 25_000).minute("09:31", 25_000).next_session(base=25_400, has_books=True)
    now = desk.at("09:30")
    desk.feed(Traded(now, Trade(SYMBOL, now, price, 10, None, 10, 10 * price)))
    sent = [order.limit for order in desk.kept(OrderRecord) if order.side is Side.SELL]
    assert sent == ([25_500] if sells else [])


def test_who_lives_until_cancelled_has_a_group(house: type[House]) -> None:
    """And nobody else."""
    with pytest.raises(ValueError, match="group"):
        house.setup(lifetime=Lifetime.UNTIL_CANCELLED)
    with pytest.raises(ValueError, match="from 1"):
        Group(bar_after_stop=0, expire_when_flat=1)
