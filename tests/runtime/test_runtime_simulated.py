"""A session through the broker's protocol: over real sockets, in the simulator's time, with and without its faults."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kats_core.kis import broker as kis_broker
from kats_core.kis.broker import KisBroker
from kats_core.kis.plugin import KisParams, build_broker
from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import DataSource
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Market as Listing
from kats_core.model.kinds import MarketPhase, OrderState, Severity, Side
from kats_core.model.record import (
    EquityRecord,
    FaultRecord,
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    SetupRecord,
    TradeRecord,
)
from kats_core.model.setup import Above, At, Fixed, OnBar, Setup, Tick, Trigger
from kats_core.model.signal import Confirmation, Signal
from kats_core.orders.broker import BrokerAccount
from kats_core.runtime.days import DayPlayer, Market
from kats_core.runtime.inputs import Given, Inputs
from kats_core.runtime.pump import Pump
from kats_core.runtime.simulated import on_simulator, simulated_source
from kats_core.simulator.control import Action, Breaker, Sidecar
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.keys import Env
from kats_core.simulator.server import Simulator, SimulatorConfig
from kats_core.sources.sample.market import SampleSource
from kats_core.strategy.contract import View

if TYPE_CHECKING:
    from conftest import Desk, House

SOURCE = SampleSource(7, 60)
DAY = dt.date(2024, 12, 12)
SYMBOLS = ("990020", "990120", "990550")
BEGINS = dt.time(14, 50)
CAPITAL = 100_000_000


def history(source: DataSource) -> Panel:
    """The sessions before the day, of three companies."""
    panel = source.history(None, DAY)
    columns = [panel.column[symbol] for symbol in SYMBOLS]
    arrays = ("present", "open", "high", "low", "close", "volume", "value")
    kept: dict[str, Any] = {name: np.ascontiguousarray(getattr(panel, name)[:-1, columns]) for name in arrays}
    return replace(
        panel,
        sessions=panel.sessions[:-1],
        next_session=panel.next_session[:-1],
        instruments=tuple(panel.instruments[column] for column in columns),
        **kept,
    )


@dataclass(frozen=True, slots=True)
class Played:
    """What engine and exchange say of the same session."""

    desk: Desk
    simulator: Simulator
    views: Sequence[View]
    minutes: MinuteBars

    def placed(self) -> list[str]:
        """The symbols of the orders that came to the exchange, cancels left out."""
        tickets = self.simulator.market.desk.tickets.values()
        return [ticket.instrument.symbol for ticket in tickets if ticket.original is None]

    def held(self) -> dict[str, int]:
        """What the exchange's account holds."""
        account = self.simulator.account_in(Env.PROD)
        return {symbol: one.quantity for symbol, one in account.holdings.items() if one.quantity}

    def bought(self) -> dict[str, int]:
        """What the engine says it holds."""
        return {position.symbol: position.quantity for position in self.desk.engine.positions}


def played(
    house: type[House],
    home: Path,
    *faults: Fault,
    fault_seed: int = 0,
    waiting: Callable[[int], Trigger] = lambda level: Above(Fixed(level)),
    below: int = 0,
    begins: dt.time = BEGINS,
    script: tuple[Action, ...] = (),
) -> Played:
    """Buy at once what is armed, sell it at 15:15, on a simulator that does what the faults say; `waiting` makes its triggers.

    With `below` a bid waits so many ticks under the last price.
    """
    config = SimulatorConfig(
        start=time.at(DAY, begins),
        script=script,
        speed=0.0,
        cash=CAPITAL,
        pace=Pace(token_every=0.0),
        source=SOURCE,
        faults=faults,
        fault_seed=fault_seed,
    )
    buyer = house.Buyer(cap=0, stop=92, time_exit=house.clock_exit(), waiting=waiting)
    if below:

        def patient(view: View, _: Setup) -> Confirmation:
            limit = view.ticks.dn(view.last, below)
            signal: Signal = buyer.signal(view.last, limit, limit, view.ticks.rup(Fraction(limit * 95, 100)))
            return signal

        buyer.confirming = patient
    desk = house.Desk(strategies=(house.instance(buyer, "buyer", ttl_s=60),), session=DAY, stages=house.real_stages())
    source = simulated_source(config, SOURCE, home)
    account = BrokerAccount(capital=CAPITAL, commission=Fraction("0.00015"), scope=desk.scope, source=source)
    broker = build_broker(KisParams(), account)
    assert isinstance(broker, KisBroker)
    panel = history(SOURCE)
    player = DayPlayer(
        engine=desk.engine,
        pump=Pump(desk.engine, broker, desk.records.extend, desk.notices.append),
        market=Market(
            panel=panel,
            instruments={i.symbol: i for i in panel.instruments},
            calendar=krx_calendar(),
            scope=desk.scope,
            inputs=Inputs(panel.symbols, (Given(house.assumed()),)),
        ),
        strategies=desk.strategies,
        keep=desk.records.extend,
    )
    simulator, day = Simulator(config), player.live(DAY, SYMBOLS)
    asyncio.run(on_simulator(simulator, day, source, broker))
    return Played(desk, simulator, buyer.seen, day._builder.so_far(DAY))


def check_agreement(run: Played) -> None:
    """Engine and exchange have booked the same fills; only the commission is the broker's own."""
    account = run.simulator.account_in(Env.PROD)
    fills = run.desk.kept(FillRecord)
    assert run.bought() == run.held()
    assert sums((fill.symbol, fill.side, fill.price, fill.quantity) for fill in fills) == sums(
        (one.symbol, one.side, one.price, one.quantity) for one in account.booked
    )
    assert sum(fill.tax for fill in fills) == sum(one.tax for one in account.booked)
    costs = sum(fill.commission for fill in fills) - sum(one.commission for one in account.booked)
    assert run.desk.engine.cash + costs == account.expected_cash


def sums(fills: Iterable[tuple[str, Side, int, int]]) -> dict[tuple[str, Side], tuple[int, int]]:
    """Shares and won by symbol and side."""
    found: dict[tuple[str, Side], tuple[int, int]] = {}
    for symbol, side, price, quantity in fills:
        shares, won = found.get((symbol, side), (0, 0))
        found[symbol, side] = shares + quantity, won + price * quantity
    return found


def check_promises(run: Played) -> None:
    """Whatever goes wrong: no order is at the exchange twice, nothing is sold that is not held, no cash is below zero."""
    assert len(run.placed()) <= len(run.desk.kept(OrderRecord))
    account = run.simulator.account_in(Env.PROD)
    assert account.expected_cash >= 0
    assert all(holding.quantity >= 0 for holding in account.holdings.values())
    assert run.desk.engine.cash >= 0
    assert not run.desk.kept(FaultRecord)


def test_a_session_by_the_brokers_protocol_ends_as_the_exchange_says(house: type[House], tmp_path: Path) -> None:
    """Bought after the inquiry of what can be paid, sold by the clock; each share, each won and each tax agrees."""
    run = played(house, tmp_path)
    trades = run.desk.kept(TradeRecord)
    assert trades
    assert {trade.exit_code for trade in trades} == {"core:TIME_EXIT"}
    check_agreement(run)
    check_promises(run)


def test_a_session_that_is_joined_late_is_seen_from_its_open_on(house: type[House], tmp_path: Path) -> None:
    """At 14:50 a level above the day's open is one above the exchange's open, not above the first trade that was heard."""
    run = played(house, tmp_path)
    assert run.views
    for bar in (view.bar for view in run.views):
        assert bar is not None
        quote = run.simulator.market.quotes[bar.symbol]
        assert bar.day_open == quote.open
        assert quote.low <= bar.day_low < bar.day_high <= quote.high


@pytest.mark.parametrize("trigger", [OnBar(1), Tick(60), At(dt.time(14, 55))], ids=lambda one: type(one).__name__)
def test_who_waits_for_no_price_gets_the_book_without_which_nothing_is_bought(
    house: type[House], tmp_path: Path, trigger: Trigger
) -> None:
    """A bar, a time: however far the price is from any level."""
    run = played(house, tmp_path, waiting=lambda _: trigger)
    assert run.desk.kept(TradeRecord)
    check_agreement(run)


def clock_of(ts: int) -> str:
    return f"{time.clock(ts):%H:%M:%S}"


def market_halts(level: int, at: str) -> tuple[Action, ...]:
    """The circuit breakers of both markets."""
    return tuple(Breaker(market=market, level=level, at=at) for market in (Listing.KOSPI, Listing.KOSDAQ))


def feed_alarms(run: Played) -> list[str]:
    """What people hear of a stream that does not bring what it should."""
    alarms = (str(CoreCode.FEED_DOWN), str(CoreCode.FEED_SILENT), str(CoreCode.FEED_TROUBLE))
    return [f"{clock_of(one.ts)} {one.code}" for one in run.desk.notices if one.code in alarms]


def at_once(_: int) -> Trigger:
    return Tick(60)


@pytest.mark.parametrize("level", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_circuit_breaker_holds_exits_until_its_auction_is_over_and_entries_for_the_day(
    house: type[House], tmp_path: Path, level: int
) -> None:
    """`spec/market.md` 7.4. Bought before it; nothing is bought behind it; the sale at 15:15 waits for 15:18."""
    run = played(house, tmp_path, waiting=at_once, begins=dt.time(14, 45), script=market_halts(level, "14:48:10"))
    fills = run.desk.kept(FillRecord)
    bought = [clock_of(one.ts) for one in fills if one.side is Side.BUY]
    sold = [clock_of(one.ts) for one in fills if one.side is Side.SELL]
    assert bought
    assert max(bought) < "14:48:10"
    assert sold
    assert min(sold) >= "15:18:10"
    assert not run.held()
    assert feed_alarms(run) == []
    late = [one for one in run.desk.kept(OrderRecord) if one.side is Side.BUY and clock_of(one.ts) > "14:48:11"]
    assert not late
    check_agreement(run)
    check_promises(run)


@pytest.mark.slow
def test_behind_a_circuit_breaker_nothing_is_bought_for_the_rest_of_the_day(house: type[House], tmp_path: Path) -> None:
    """Also when all trade again; the reason is that of the market, not of the symbol."""
    script = market_halts(1, "14:45:20")
    run = played(house, tmp_path, waiting=at_once, begins=dt.time(14, 45), script=script)
    assert run.placed() == []
    assert {one.code for one in run.desk.kept(SetupRecord)} <= {str(CoreCode.MARKET_HALT), None}
    assert str(CoreCode.MARKET_HALT) in {one.code for one in run.desk.kept(SetupRecord)}


def test_the_last_circuit_breaker_ends_the_session(house: type[House], tmp_path: Path) -> None:
    """The close jobs run behind the minute in which the last fills come; what is held is held overnight."""
    run = played(house, tmp_path, waiting=at_once, script=market_halts(3, "14:53:10"))
    assert run.desk.kept(FillRecord)
    assert run.bought()
    assert clock_of(run.simulator.market.now) <= "14:55:01"
    assert run.desk.engine._state.phase is MarketPhase.CLOSED
    assert run.desk.kept(EquityRecord)
    assert not [one for one in run.desk.kept(OrderRecord) if one.side is Side.SELL]
    check_agreement(run)


def test_a_market_that_stands_still_is_no_dead_feed(house: type[House], tmp_path: Path) -> None:
    """One symbol's status tells of the halt; those of whom only the trades come are not waited for either."""
    nearest = int(history(SOURCE).close[-1].min())
    run = played(
        house,
        tmp_path,
        waiting=lambda level: at_once(level) if level == nearest else far_away(level),
        script=market_halts(3, "14:53:10"),
    )
    assert clock_of(run.simulator.market.now) >= "14:54:59"
    assert feed_alarms(run) == []


def test_a_sidecar_keeps_entries_away_for_five_minutes(house: type[House], tmp_path: Path) -> None:
    """Bought as soon as it is over, and not a moment before it."""
    script = tuple(Sidecar(market=market, at="14:50:30") for market in (Listing.KOSPI, Listing.KOSDAQ))
    run = played(house, tmp_path, waiting=at_once, script=script)
    bought = [clock_of(one.ts) for one in run.desk.kept(FillRecord) if one.side is Side.BUY]
    assert bought
    assert not [one for one in bought if "14:50:31" < one < "14:55:30"]
    assert any(one >= "14:55:30" for one in bought)
    check_agreement(run)


HARMLESS = {
    "late notices": Fault(kind=FaultKind.LATE, where="H0STCNI0*", seconds=0.05),
    "notices that never come": Fault(kind=FaultKind.DROP, where="H0STCNI0*"),
    "notices twice": Fault(kind=FaultKind.DUPLICATE, where="H0STCNI0*"),
    "notices in another order": Fault(kind=FaultKind.REORDER, where="H0STCNI0*", rate=0.5),
    "notices of another account": Fault(kind=FaultKind.FOREIGN, where="H0STCNI0*"),
    "wider records": Fault(kind=FaultKind.WRONG_WIDTH, where="H0ST*", rate=0.3),
    "trades that never come": Fault(kind=FaultKind.DROP, where="H0STCNT0*", rate=0.3),
    "trades twice": Fault(kind=FaultKind.DUPLICATE, where="H0STCNT0*", rate=0.3),
    "a lost connection": Fault(kind=FaultKind.DISCONNECT, where="H0STCNT0*", times=2, after=300),
    "an answer of nothing but blanks": Fault(kind=FaultKind.EMPTY, where="inquire_psbl_order", times=1),
}


def test_people_are_told_when_the_feed_is_lost_and_when_it_is_there_again(house: type[House], tmp_path: Path) -> None:
    """An alarm for the cut, a word for each proof; what was missed is read."""
    run = played(house, tmp_path, HARMLESS["a lost connection"])
    told = [notice.code for notice in run.desk.notices if notice.code.startswith("core:FEED")]
    assert told[0] == str(CoreCode.FEED_UP)
    assert told.count(str(CoreCode.FEED_DOWN)) == 2
    assert told[-1] in (str(CoreCode.FEED_UP), str(CoreCode.FEED_HEARD))
    check_agreement(run)


def far_away(level: int) -> Trigger:
    """A level that is never reached: of who waits for it the stream brings the trades and no more."""
    return Above(Fixed(10 * level))


def test_the_minutes_of_the_stream_are_those_that_are_recorded(house: type[House], tmp_path: Path) -> None:
    """Each trade is in the minute in which the exchange has it, that of its last second and the print of an auction too."""
    run = played(house, tmp_path, waiting=far_away)
    first = time.at(DAY, BEGINS) + time.MINUTE
    assert bars_from(first, run.minutes) == bars_from(first, SOURCE.minutes(DAY))


def bars_from(first: int, bars: MinuteBars) -> list[tuple[object, ...]]:
    """The bars of the day's companies from a minute on."""
    several = (bars.bar(row) for row in range(len(bars)) if bars.start[row] >= first)
    return [
        (time.clock(one.start), one.symbol, one.open, one.high, one.low, one.close, one.volume, one.is_auction)
        for one in several
        if one.symbol in SYMBOLS
    ]


def silences(run: Played) -> list[tuple[str, dict[str, object]]]:
    """How the silences of the feed were told: with which severity, and what they say."""
    told = [notice for notice in run.desk.notices if notice.code == str(CoreCode.FEED_SILENT)]
    return [(notice.severity, dict(notice.detail)) for notice in told]


def test_symbols_that_pause_are_no_silent_feed(house: type[House], tmp_path: Path) -> None:
    """A healthy half hour: whoever did not trade for long was asked about, and had not traded."""
    assert silences(played(house, tmp_path, waiting=far_away)) == []


def test_a_stream_that_keeps_a_symbol_to_itself_is_told_with_its_name_and_the_time(
    house: type[House], tmp_path: Path
) -> None:
    """Quirk F4: registered, confirmed, and nothing comes although it trades."""
    (lost,) = SYMBOLS[:1]
    fault = Fault(kind=FaultKind.DROP, where=f"H0STCNT0:{lost}", after=20)
    told = silences(played(house, tmp_path, fault, waiting=far_away))
    assert told
    assert {severity for severity, _ in told} == {Severity.CRITICAL}
    assert all(detail["symbols"] == lost for _, detail in told)
    assert all(f"{BEGINS:%H:%M}" <= str(detail["since"]) <= "15:20:00" for _, detail in told)


@pytest.mark.slow
@pytest.mark.parametrize("name", HARMLESS)
def test_what_goes_wrong_on_the_way_changes_no_account(house: type[House], tmp_path: Path, name: str) -> None:
    """The inquiry is the truth, the stream comes back, a token is renewed: engine and exchange agree in the end."""
    run = played(house, tmp_path, HARMLESS[name])
    assert run.desk.kept(FillRecord)
    check_promises(run)
    check_agreement(run)


@pytest.mark.slow
def test_a_lost_acknowledgement_is_an_order_of_unknown_fate_that_is_found_and_never_sent_again(
    house: type[House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C1: the exchange has the order, once; the day's orders show it, and from then on it is followed like any other."""
    monkeypatch.setattr(kis_broker, "LOST_ORDER_PAUSE_S", 0.02)
    run = played(house, tmp_path, Fault(kind=FaultKind.TIMEOUT_AFTER, where="order_cash*", times=1))
    check_promises(run)
    check_agreement(run)
    steps = run.desk.kept(OrderEventRecord)
    (lost,) = [step for step in steps if step.after is OrderState.UNKNOWN]
    ways = [step.event for step in steps if step.order_id == lost.order_id]
    assert ways[ways.index("LOST") :][:2] == ["LOST", "ACCEPTED"]
    orders = run.desk.kept(OrderRecord)
    (order,) = [one for one in orders if one.order_id == lost.order_id]
    assert len([one for one in orders if (one.symbol, one.side) == (order.symbol, order.side)]) == 1


def test_an_order_whose_cancel_is_lost_is_found_at_work_and_cancelled_again(
    house: type[House], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules 25 and 26: a bid whose life is over, and its cancel never arrives; it is unknown until the inquiry shows it."""
    monkeypatch.setattr(kis_broker, "LOST_CANCEL_PAUSES_S", (0.02, 0.05, 0.1))
    lost = Fault(kind=FaultKind.TIMEOUT_BEFORE, where="order_rvsecncl", seconds=0.05, times=1)
    run = played(house, tmp_path, lost, below=9)
    steps = run.desk.kept(OrderEventRecord)
    (unknown,) = [step for step in steps if step.after is OrderState.UNKNOWN]
    ways = [step.event for step in steps if step.order_id == unknown.order_id]
    assert ways[ways.index("LOST") :][:3] == ["LOST", "ACCEPTED", "CANCEL"]
    assert ways[-1] == "CANCELLED"
    assert not run.held()
    check_promises(run)
    check_agreement(run)
