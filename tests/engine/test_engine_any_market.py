"""Cash and shares are kept in every generated market: daily bars, minute bars, both; locks, jumps, halts, days without trade."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.exits.in_bar import BarPath
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.rules import SymbolRules, symbol_rules
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
)
from kats_core.model.setup import Above, At, Below, DayOpen, Fixed, OnBar
from kats_core.model.signal import Portion, Target, TargetKind, TimeExit, TimeExitKind

if TYPE_CHECKING:
    from conftest import Desk, House

SEEDS = st.integers(0, 2**32)
SYMBOLS = 5
COMMISSION = Fraction(15, 100_000)


def rough_panel(house: type[House], seed: int) -> Panel:
    """Seeded history in which symbols lock at their limits, jump overnight, halt for days, and trade hardly at all."""
    chance = random.Random(seed)
    panel = house.random_panel(seed, 16, SYMBOLS, gap=0.08)
    cells = {name: getattr(panel, name).copy() for name in ("open", "high", "low", "close", "volume")}
    present = panel.present.copy()
    for j in range(SYMBOLS):
        last = 0
        for t in np.flatnonzero(present[:, j]).tolist():
            rules = rules_of(panel, j, last or int(cells["close"][t, j]), panel.sessions[t])
            match chance.randrange(12):
                case 0:
                    bar = [rules.limits.upper] * 4
                case 1:
                    bar = [rules.limits.lower] * 4
                case 2 if last:
                    opened = rules.ticks.rdn(last * chance.randrange(75, 125) // 100)
                    low, high = rules.ticks.rdn(opened * 97 // 100), rules.ticks.rup(opened * 103 // 100)
                    bar = [opened, min(high, rules.limits.upper), max(low, rules.limits.lower), opened]
                case 3 | 4 if last:
                    # Goes on where it was, all day.
                    bar = [last] * 4
                case _:
                    bar = [int(cells[name][t, j]) for name in ("open", "high", "low", "close")]
            if chance.random() < 0.1:
                cells["volume"][t, j] = chance.randrange(1, 30)
            for name, value in zip(("open", "high", "low", "close"), bar, strict=True):
                cells[name][t, j] = value
            last = bar[3]
    return replace(panel, **cells, value=cells["close"] * cells["volume"], present=present)


def rules_of(panel: Panel, j: int, base: int, session: dt.date) -> SymbolRules:
    return symbol_rules(panel.instruments[j], base, session, Scope.RAW)


def base_of(panel: Panel, j: int, session: dt.date) -> int:
    before = np.flatnonzero(panel.present[: panel.row[session], j])
    return int(panel.close[before[-1], j])


def some_sessions(house: type[House], seed: int, panel: Panel) -> list[MinuteBars | dt.date]:
    """The last eight sessions, each on daily bars, or with minutes of all or of some symbols, halted here and there."""
    chance = random.Random(seed + 1)
    found: list[MinuteBars | dt.date] = []
    for day in panel.sessions[-8:]:
        kind = chance.choice(["daily", "minute", "mixed", "mixed"])
        if kind == "daily":
            found.append(day)
            continue
        bars = house.random_minutes(seed + day.toordinal(), panel, day, minutes=25, gap=chance.choice([0.0, 0.2, 0.7]))
        some = [s for s in panel.symbols if chance.random() < 0.5] if kind == "mixed" else []
        found.append(bars.without(frozenset(some)))
    return found


def some_desk(house: type[House], seed: int) -> Desk:
    """Three strategies of random plans on one account, behind random stages."""
    chance = random.Random(seed)
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
        lambda level: At(dt.time(14, 30)),
    ]
    targets = (Target(TargetKind.FRACTION, chance.choice([0.004, 0.02])), Target(TargetKind.R, 1, Portion.ALL))

    def plan() -> dict[str, Any]:
        return {
            "cap": 0,
            "stop": chance.choice([93, 97, 99]),
            "targets": targets[: chance.randrange(3)],
            "time_exit": chance.choice(exits),
            "slip_ticks": chance.randrange(3),
            "waiting": chance.choice(triggers),
        }

    def on_bar(level: int) -> Any:
        return OnBar(5)

    traits: dict[str, Any] = {"ttl_s": chance.choice([60, 600]), "style": chance.choice([Style.DAY, Style.SWING])}
    strategies = (
        house.breakout(),
        house.instance(house.Buyer(**plan()), "one", **traits),
        house.instance(house.Buyer(**plan()), "two", **traits),
        house.instance(house.Buyer(**plan() | {"waiting": on_bar}), "minutes", needs_minute_bars=True, **traits),
    )
    return house.Desk(
        strategies=strategies,
        stages=chance.choice([house.real_stages(), house.sized(chance.choice([1, 70, 2_000]))]),
        capital=chance.choice([3_000_000, 50_000_000]),
        participation=chance.choice([0.001, 0.05, 1.0]),
        path=chance.choice(list(BarPath)),
    )


def check_conserved(desk: Desk, panel: Panel) -> None:
    """Replay the fills: cash is never negative and what the fills say, shares are never sold short, charges are exact."""
    orders = {order.order_id: order for order in desk.kept(OrderRecord)}
    cash, shares = desk.capital, defaultdict[Any, int](int)
    amounts: dict[str, int] = defaultdict(int)
    filled: dict[str, int] = defaultdict(int)
    charged: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for fill in desk.kept(FillRecord):
        order = orders[fill.order_id]
        key = (fill.instance, fill.symbol, fill.slot)
        sign = 1 if fill.side is Side.BUY else -1
        assert fill.amount == fill.price * fill.quantity
        shares[key] += sign * fill.quantity
        cash -= sign * fill.amount + fill.commission + fill.tax
        amounts[fill.order_id] += fill.amount
        filled[fill.order_id] += fill.quantity
        charged[fill.order_id][0] += fill.commission
        charged[fill.order_id][1] += fill.tax
        assert filled[fill.order_id] <= order.quantity
        assert order.limit is None or sign * fill.price <= sign * order.limit
        assert cash >= 0
        assert shares[key] >= 0
    for order_id, order in orders.items():
        j = panel.column[order.symbol]
        rules = rules_of(panel, j, base_of(panel, j, order.session), order.session)
        tax = rules.tax_rate if order.side is Side.SELL else Fraction(0)
        assert charged[order_id] == [int(amounts[order_id] * COMMISSION), int(amounts[order_id] * tax)]
    assert desk.engine.cash == cash == vars(desk.broker)["_cash"]
    held = {p.key: p.quantity for p in desk.engine.positions}
    assert held == {key: n for key, n in shares.items() if n}
    assert {s: n for s, n in vars(desk.broker)["_held"].items() if n} == by_symbol(held)


def by_symbol(held: dict[tuple[str, str, int], int]) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for (_, symbol, _), quantity in held.items():
        found[symbol] += quantity
    return dict(found)


def check_closed(desk: Desk) -> None:
    """Nothing is left between sessions, and the books agree: equity is cash and what is held, profit is what came of trades."""
    assert desk.engine.live_orders == ()
    assert desk.engine._state.reservations.all == ()
    last = {step.order_id: step.after for step in desk.kept(OrderEventRecord)}
    assert set(last.values()) <= TERMINAL
    assert desk.kept(FaultRecord) == []
    for day in desk.kept(EquityRecord):
        held = [p for p in desk.kept(PositionRecord) if p.session == day.session]
        assert day.equity == day.cash + sum(p.market_value for p in held)
    if not desk.engine.positions:
        assert desk.engine.cash == desk.capital + sum(trade.net_profit for trade in desk.kept(TradeRecord))


def check_locks(desk: Desk, panel: Panel, daily: list[dt.date]) -> None:
    """On a daily bar that is locked at a limit nobody is there to trade with."""
    hours = krx_calendar().hours
    session_of = {hours(day).open // 86_400_000_000_000: day for day in daily}
    for fill in desk.kept(FillRecord):
        day = session_of.get(fill.ts // 86_400_000_000_000)
        if day is None:
            continue
        j, t = panel.column[fill.symbol], panel.row[day]
        if panel.high[t, j] == panel.low[t, j]:
            rules = rules_of(panel, j, base_of(panel, j, day), day)
            price = int(panel.high[t, j])
            assert not (rules.is_at_upper_limit(price) if fill.side is Side.BUY else rules.is_at_lower_limit(price))


@given(seed=SEEDS)
@settings(max_examples=25, deadline=None)
def test_cash_and_shares_are_conserved_in_every_market(house: type[House], seed: int) -> None:
    """Eight sessions on one account, each on daily bars, minute bars, or both."""
    panel = rough_panel(house, seed)
    sessions = some_sessions(house, seed, panel)
    desk = some_desk(house, seed).play(panel, mixed=sessions)
    check_conserved(desk, panel)
    check_closed(desk)
    check_locks(desk, panel, [one for one in sessions if isinstance(one, dt.date)])


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_feeding_every_bar_changes_no_decision_where_both_are_played(house: type[House], seed: int) -> None:
    """Dense and sparse feeding give byte-identical logs, and so does a second run."""
    panel = rough_panel(house, seed)
    sessions = some_sessions(house, seed, panel)
    sparse = some_desk(house, seed).play(panel, mixed=sessions).log
    assert some_desk(house, seed).play(panel, mixed=sessions).log == sparse
    assert some_desk(house, seed).play(panel, mixed=sessions, dense=True).log == sparse


@given(seed=SEEDS)
@settings(max_examples=10, deadline=None)
def test_minutes_of_others_change_nothing_for_who_has_a_daily_bar(house: type[House], seed: int) -> None:
    """A session in which an unknown symbol has minutes decides as one of daily bars alone, among symbols that all trade."""
    panel = house.random_panel(seed, 14, SYMBOLS, gap=0)
    stranger = house.random_panel(seed, 14, 1, gap=0)
    days = panel.sessions[-6:]
    beside = []
    for day in days:
        bars = house.random_minutes(seed, stranger, day, minutes=25)
        early = bars.start < krx_calendar().hours(day).eod_check
        columns = ("symbol", "start", "open", "high", "low", "close", "volume", "value", "is_auction")
        beside.append(replace(bars, symbols=("999999",), **{name: getattr(bars, name)[early] for name in columns}))
    alone = some_desk(house, seed).play(panel, days=days)
    together = some_desk(house, seed).play(panel, mixed=beside)
    strangers = [r for r in together.records if getattr(r, "symbol", "") == "999999"]
    together.records = [r for r in together.records if getattr(r, "symbol", "") != "999999"]
    assert len(strangers) == 4 * len(days)
    assert together.log == alone.log
