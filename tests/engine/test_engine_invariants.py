"""What holds in every market, seeded and random: money, shares, prices, and the same bytes however the bars are fed."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.exits.in_bar import BarPath
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.rules import SymbolRules, symbol_rules
from kats_core.model import time
from kats_core.model.kinds import Scope, Side, Style
from kats_core.model.order import TERMINAL
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    PositionRecord,
    TradeRecord,
    VerdictRecord,
)
from kats_core.model.setup import Above, At, Below, DayOpen, Fixed, OnBar, OpeningRangeHigh, Setup
from kats_core.model.signal import (
    Confirmation,
    Exit,
    NotYet,
    Portion,
    RaiseStop,
    Signal,
    Target,
    TargetKind,
    TimeExit,
    TimeExitKind,
)
from kats_core.model.wire import decode_record, encode_record
from kats_core.strategy.contract import View
from kats_core.strategy.params import StrategyParams
from kats_core.testing import setups_after

if TYPE_CHECKING:
    from conftest import Desk, House

COMMISSION = Fraction(15, 100_000)
SEEDS = st.integers(0, 2**32)


def some_desk(house: type[House], seed: int, capital: int = 30_000_000) -> Desk:
    """A desk with breakout and three strategies of random plans, behind random stages, on a random share of the volume."""
    chance = random.Random(seed)
    targets = (Target(TargetKind.FRACTION, chance.choice([0.004, 0.01])), Target(TargetKind.R, 1, Portion.ALL))
    exits = [
        house.clock_exit(),
        TimeExit(TimeExitKind.MINUTES, chance.randrange(1, 30)),
        TimeExit(TimeExitKind.SESSIONS, chance.randrange(3)),
        None,
    ]
    offset = chance.randrange(-100, 100)
    triggers: list[Any] = [
        lambda level: Above(Fixed(level)),
        lambda level: Below(Fixed(level)),
        lambda level: Above(DayOpen(offset)),
        lambda level: OnBar(5),
        lambda level: Above(OpeningRangeHigh(10, 1)),
    ]

    def plan() -> dict[str, Any]:
        return {
            "cap": 0,
            "stop": chance.choice([97, 99]),
            "targets": targets[: chance.randrange(3)],
            "time_exit": chance.choice(exits),
            "slip_ticks": chance.randrange(3),
            "waiting": chance.choice(triggers),
        }

    asked = [RaiseStop(1), Exit(house.OwnCode.TIRED), None]
    manager = house.Manager(managing=lambda view, position: asked[view.now // 60_000_000_000 % 3], **plan())
    traits: dict[str, Any] = {"ttl_s": chance.choice([60, 120, 600]), "style": chance.choice([Style.DAY, Style.SWING])}
    params = StrategyParams(max_entries_per_symbol=chance.choice([1, 3]), max_armed=chance.choice([2, 5]))
    strategies = (
        house.breakout(),
        house.instance(house.Buyer(**plan()), "one", params=params, **traits),
        house.instance(house.Buyer(**plan()), "two", **traits),
        house.instance(manager, "managing", manage_every_min=chance.choice([1, 5]), **traits),
    )
    return house.Desk(
        strategies=strategies,
        stages=chance.choice([house.real_stages(), house.sized(chance.choice([1, 7, 100, 2_000]))]),
        capital=capital,
        participation=chance.choice([0.001, 0.05, 1.0]),
        path=chance.choice(list(BarPath)),
    )


def some_days(house: type[House], seed: int) -> tuple[Panel, list[MinuteBars]]:
    """Six symbols of daily history, and minutes of the last two sessions."""
    panel = house.random_panel(seed, 12, 6)
    return panel, [house.random_minutes(seed + n, panel, day) for n, day in enumerate(panel.sessions[-2:])]


def rules_on(panel: Panel, symbol: str, session: dt.date) -> SymbolRules:
    j, t = panel.column[symbol], panel.row[session]
    before = np.flatnonzero(panel.present[:t, j])
    return symbol_rules(panel.instruments[j], int(panel.close[before[-1], j]), session, Scope.RAW)


def check_account(desk: Desk, panel: Panel) -> None:
    """Replay the decision log: the account identity after each fill, charges of each order, shares of each position."""
    orders = {order.order_id: order for order in desk.kept(OrderRecord)}
    cash = desk.capital
    shares: dict[tuple[str, str, int], int] = defaultdict(int)
    amounts: dict[str, int] = defaultdict(int)
    filled: dict[str, int] = defaultdict(int)
    charged: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for fill in desk.kept(FillRecord):
        order = orders[fill.order_id]
        rules = rules_on(panel, fill.symbol, order.session)
        key = (fill.instance, fill.symbol, fill.slot)
        assert rules.ticks.is_on_tick(fill.price)
        assert fill.amount == fill.price * fill.quantity
        amounts[fill.order_id] += fill.amount
        filled[fill.order_id] += fill.quantity
        charged[fill.order_id][0] += fill.commission
        charged[fill.order_id][1] += fill.tax
        assert filled[fill.order_id] <= order.quantity
        if fill.side is Side.BUY:
            assert order.limit is not None
            assert fill.price <= order.limit
            shares[key] += fill.quantity
            cash -= fill.amount + fill.commission
        else:
            assert order.limit is None or fill.price >= order.limit
            shares[key] -= fill.quantity
            cash += fill.amount - fill.commission - fill.tax
        assert cash >= 0
        assert shares[key] >= 0
    for order_id, order in orders.items():
        tax = rules_on(panel, order.symbol, order.session).tax_rate if order.side is Side.SELL else Fraction(0)
        assert charged[order_id] == [int(amounts[order_id] * COMMISSION), int(amounts[order_id] * tax)]
    assert desk.engine.cash == cash
    assert {p.key: p.quantity for p in desk.engine.positions} == {key: n for key, n in shares.items() if n}
    assert vars(desk.broker)["_cash"] == cash


def check_orders(desk: Desk, panel: Panel) -> None:
    """Each order's price is on a tick inside the limits; its steps form a chain to an end; nothing stays reserved."""
    steps: dict[str, list[OrderEventRecord]] = defaultdict(list)
    for step in desk.kept(OrderEventRecord):
        steps[step.order_id].append(step)
    sent: dict[tuple[str, str, int, Side], list[str]] = defaultdict(list)
    for order in desk.kept(OrderRecord):
        if order.limit is not None:
            rules = rules_on(panel, order.symbol, order.session)
            assert rules.ticks.is_on_tick(order.limit)
            assert rules.limits.contains(order.limit)
        chain = steps[order.order_id]
        assert chain[0].before == "CREATED"
        assert all(a.after is b.before for a, b in pairwise(chain))
        assert [step.sequence for step in chain] == list(range(1, len(chain) + 1))
        assert chain[-1].after in TERMINAL
        sent[order.instance, order.symbol, order.slot, order.side].append(order.order_id)
    assert desk.engine.live_orders == ()
    assert desk.engine._state.reservations.all == ()


def check_books(desk: Desk) -> None:
    """Closed trades, open positions and equity agree with the cash."""
    closed = sum(trade.net_profit for trade in desk.kept(TradeRecord))
    last = desk.kept(EquityRecord)[-1]
    held = [p for p in desk.kept(PositionRecord) if p.session == last.session]
    assert last.equity == last.cash + sum(p.market_value for p in held)
    assert len(held) == len(desk.engine.positions)
    if not held:
        assert last.equity == desk.capital + closed
    for record in desk.kept(VerdictRecord):
        if record.quantity_before is not None and record.quantity_after is not None:
            assert 1 <= record.quantity_after <= record.quantity_before
    assert desk.kept(FaultRecord) == []
    assert [decode_record(encode_record(record)) for record in desk.records] == desk.records


@given(seed=SEEDS)
@settings(max_examples=20, deadline=None)
def test_money_shares_and_prices_are_exact_on_random_minutes(house: type[House], seed: int) -> None:
    """Cash never negative, nothing sold that is not held, fills add up, charges are cumulative, orders end."""
    panel, minutes = some_days(house, seed)
    desk = some_desk(house, seed).play(panel, minutes)
    check_account(desk, panel)
    check_orders(desk, panel)
    check_books(desk)


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_money_shares_and_prices_are_exact_on_random_daily_bars(house: type[House], seed: int) -> None:
    """The same on daily bars."""
    panel = house.random_panel(seed, 25, 6)
    desk = some_desk(house, seed).play(panel, days=panel.sessions[6:])
    check_account(desk, panel)
    check_orders(desk, panel)
    check_books(desk)


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_feeding_every_minute_changes_no_decision(house: type[House], seed: int) -> None:
    """Dense and sparse feeding give byte-identical decision logs, and so does a second run."""
    panel, minutes = some_days(house, seed)
    sparse = some_desk(house, seed).play(panel, minutes)
    assert some_desk(house, seed).play(panel, minutes).log == sparse.log
    assert some_desk(house, seed).play(panel, minutes, dense=True).log == sparse.log


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_who_waits_for_a_clock_is_asked_at_the_same_moments(house: type[House], seed: int) -> None:
    """Time alone asks again, whether or not the symbol trades and whatever else is fed; byte-identical logs."""
    panel = house.random_panel(seed, 12, 6, gap=0)
    bars = house.random_minutes(seed, panel, panel.sessions[-1], gap=0.6)

    def desk() -> Desk:
        buyer = house.Buyer(cap=0, stop=97, waiting=lambda _: At(dt.time(9, 20)))

        def confirming(view: View, setup: Setup) -> Confirmation:
            if (view.now // time.MINUTE + len(setup.symbol)) % 5 or view.now < view.hours.at(dt.time(9, 33)):
                return NotYet(house.OwnCode.LATER)
            signal: Signal = buyer.signal(view.last, view.last, view.last, view.ticks.rup(view.last * 97 // 100))
            return signal

        buyer.confirming = confirming
        windows = ((dt.time(9, 0), dt.time(15, 0)),)
        return house.Desk(strategies=(house.instance(buyer, windows=windows),))

    sparse = desk().play(panel, [bars])
    assert sparse.bought
    assert desk().play(panel, [bars], dense=True).log == sparse.log


@given(seed=SEEDS)
@settings(max_examples=6, deadline=None)
def test_feeding_every_daily_bar_changes_no_decision(house: type[House], seed: int) -> None:
    """Byte-identical logs on daily panels."""
    panel = house.random_panel(seed, 20, 6)
    sparse = some_desk(house, seed).play(panel, days=panel.sessions[6:])
    assert some_desk(house, seed).play(panel, days=panel.sessions[6:]).log == sparse.log
    assert some_desk(house, seed).play(panel, days=panel.sessions[6:], dense=True).log == sparse.log


def test_a_first_bar_that_is_an_auction_changes_no_decision(house: type[House]) -> None:
    """The first and the last bar of a symbol may both be auctions: the log is the same, its level included."""
    panel = house.random_panel(1, 12, 1, gap=0)
    (bars,) = [house.random_minutes(1, panel, panel.sessions[-1], gap=0)]
    auctions = bars.is_auction.copy()
    auctions[[0, -1]] = True
    bars = replace(bars, is_auction=auctions)

    def desk() -> Desk:
        buyer = house.Buyer(cap=0, stop=97, waiting=lambda level: Above(DayOpen(5_000)))
        return house.Desk(strategies=(house.instance(buyer),))

    assert desk().play(panel, [bars], dense=True).log == desk().play(panel, [bars]).log


@given(seed=SEEDS, cut=st.integers(6, 18))
@settings(max_examples=25, deadline=None)
def test_breakout_arms_without_a_look_at_the_future(house: type[House], seed: int, cut: int) -> None:
    """What is armed after row t does not change when the rows behind it are replaced."""
    panel, other = house.random_panel(seed, 20, 6), house.random_panel(seed + 1, 20, 6)

    def spliced(name: str) -> Any:
        return np.concatenate([getattr(panel, name)[:cut], getattr(other, name)[cut:]])

    columns = ("present", "open", "high", "low", "close", "volume", "value")
    changed = replace(panel, **{name: spliced(name) for name in columns})
    strategy = house.breakout(ma_filter=5).strategy
    one, two = strategy.arm(panel), strategy.arm(changed)
    assert one.codes == two.codes
    assert np.array_equal(one.reasons[:cut], two.reasons[:cut])
    for name in one.numbers:
        assert np.array_equal(one.numbers[name][:cut], two.numbers[name][:cut])
    assert setups_after(strategy, panel.until(panel.sessions[cut])) == setups_after(
        strategy, changed.until(panel.sessions[cut])
    )


@given(seed=SEEDS)
@settings(max_examples=6, deadline=None)
def test_a_day_knows_nothing_of_the_days_behind_it(house: type[House], seed: int) -> None:
    """A run over a panel that ends with its last session gives the same log as one over a longer panel."""
    panel = house.random_panel(seed, 20, 6)
    until = replace(
        panel,
        sessions=panel.sessions[:15],
        next_session=panel.next_session[:15],
        **{n: getattr(panel, n)[:15] for n in ("present", "open", "high", "low", "close", "volume", "value")},
    )
    days = panel.sessions[6:15]
    assert some_desk(house, seed).play(panel, days=days).log == some_desk(house, seed).play(until, days=days).log
