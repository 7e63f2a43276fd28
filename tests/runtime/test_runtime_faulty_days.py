"""Days by the broker's protocol in which several things go wrong at once, at random times: the promises hold after each.

A seed draws the faults and when they begin; it is shown when a day fails. Each tenth seed is a whole day, the others are joined at
14:10. `KATS_FAULTY_DAYS=30` plays more of them, and `KATS_FAULTY_DAYS=100-130` others.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from kats_core.config import resolve
from kats_core.engine.engine import Engine
from kats_core.kis import auth, broker, client
from kats_core.kis.broker import KisBroker
from kats_core.kis.source import KisSource
from kats_core.model import time
from kats_core.model.command import Notify
from kats_core.model.kinds import Market, OrderState, OrderType, Side
from kats_core.model.record import FaultRecord, FillRecord, OrderEventRecord, OrderRecord, Record
from kats_core.orders.lifecycle import OrderStep
from kats_core.runtime import simulated
from kats_core.runtime.assembly import App, RunKind, open_source
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.logs import LoggingWatcher, open_log
from kats_core.runtime.play import Finished, Request, plan, play
from kats_core.runtime.simulated import on_simulator, simulated_source
from kats_core.simulator.control import Action, AddFault, Breaker, ExpireTokens, Halt, Interrupt, Resume
from kats_core.simulator.exchange.accounts import Booked
from kats_core.simulator.exchange.desk import Act, Ticket
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.keys import Env
from kats_core.simulator.server import Simulator, SimulatorConfig
from kats_core.store.database import open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.recorder import utc_now

R = TypeVar("R")

DAYS = (dt.date(2025, 10, 14), dt.date(2025, 10, 13), dt.date(2025, 9, 26), dt.date(2025, 12, 26))
"""Sessions of the sample market in regimes in which breakouts and grids buy."""

WHOLE_DAY, AFTERNOON, LAST = dt.time(8, 50), dt.time(14, 10), dt.time(15, 20)
STEP_S = 2
"""How much of the exchange's time passes at once; what is asked before an entry may take as long."""

CONFIGURATION = """
version: 1
capital: 100_000_000
data: {use: sample}
broker: {use: kis}
strategies:
  - {use: volatility-breakout, params: {max_armed: 14, position_hint: 0.05, k: 0.3, chase: 0.02, windows: [["09:15", "15:00"]]}}
  - {use: grid-trading}
  - {use: range-trading}
risk:
  - use: position-sizer
  - use: drawdown-protocol
  - use: daily-kill-switch
  - use: grade-allocator
  - use: sector-limit
  - use: event-guard
  - use: global-position-lock
  - use: vi-guard
  - use: margin-guard
limits:
  max_positions: 15
  regime_positions: {STRONG_BULL: 15, BULL: 15, SIDEWAYS: 15}
  max_count: {A: 15, B: 15}
"""

ORDER, CANCEL, CASH, ORDERS, VI = (
    "order_cash", "order_rvsecncl", "inquire_psbl_order", "inquire_daily_ccld", "inquire_vi_status",
)  # fmt: skip
QUESTIONS = (CASH, ORDERS, VI)
NOTICES, TRADES, BOOKS, STATUS = "H0STCNI0*", "H0STCNT0*", "H0STASP0*", "H0STMKO0*"
LOSES = (FaultKind.TIMEOUT_BEFORE, FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER, FaultKind.HTML, FaultKind.RESET)


def drawn(chance: random.Random) -> Fault:
    """Return something that goes wrong a few times."""
    times, after = chance.randint(1, 3), chance.choice((0, 0, 1, 3))
    of_calls = [
        Fault(kind=FaultKind.LATENCY, where="*", seconds=0.05, times=times * 5),
        Fault(kind=FaultKind.LATE_ANSWER, where=chance.choice((ORDER, CANCEL, *QUESTIONS)), seconds=0.1, times=times * 3),
        *(Fault(kind=kind, where=where, seconds=0.05, times=times, after=after) for kind in LOSES for where in (ORDER, CANCEL)),
        *(Fault(kind=kind, where=chance.choice(QUESTIONS), seconds=0.05, times=times * 3) for kind in LOSES),
        Fault(kind=FaultKind.ERROR, where=chance.choice((ORDER, CANCEL, *QUESTIONS)), code="EGW00201", times=times * 3),
        Fault(kind=FaultKind.ERROR, where=chance.choice((ORDER, CANCEL, ORDERS)), code="EGW00215", status=200, times=times),
        Fault(kind=FaultKind.ERROR, where=chance.choice((ORDER, CANCEL)), code="EGW00301", times=times, after=after),
        Fault(kind=FaultKind.ERROR, where=chance.choice(QUESTIONS), code="EGW00001", times=times * 2),
        Fault(kind=FaultKind.STALE_TOKEN, where=chance.choice((ORDER, CANCEL, *QUESTIONS)), times=times),
        Fault(kind=FaultKind.MAINTENANCE, where=chance.choice((ORDER, CANCEL, *QUESTIONS)), times=times),
        Fault(kind=FaultKind.REFUSED_LATER, where=ORDER, times=times, after=after),
        Fault(kind=FaultKind.PARTIAL, where=ORDER, times=times * 2, share=chance.choice((0.2, 0.5, 0.8))),
        Fault(kind=FaultKind.EMPTY, where=chance.choice(QUESTIONS), times=times),
        Fault(kind=FaultKind.EMPTY, where=ORDERS, times=times),
    ]  # fmt: skip
    rate = chance.choice((0.1, 0.3, 1.0))
    of_messages = [
        Fault(kind=kind, where=where, rate=rate, times=times * 20, seconds=0.05 if kind is FaultKind.LATE else None)
        for kind in (FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.LATE, FaultKind.WRONG_WIDTH)
        for where in (NOTICES, TRADES, BOOKS, STATUS)
    ]
    of_connections = [
        Fault(kind=FaultKind.SILENT, where=chance.choice((NOTICES, TRADES, BOOKS, STATUS)), times=times),
        Fault(kind=FaultKind.DISCONNECT, where=chance.choice((NOTICES, TRADES, BOOKS)), times=times, after=after * 50),
        Fault(kind=FaultKind.DISCONNECT, where=chance.choice((TRADES, "ack")), times=times, after=after * 10),
        Fault(kind=FaultKind.DROP, where="ack", times=times * 2),
        Fault(kind=FaultKind.FOREIGN, where=NOTICES, times=times * 5),
    ]
    return chance.choice(chance.choice((of_calls, of_calls, of_messages, of_connections)))


def script(chance: random.Random, symbols: Sequence[str], begins: dt.time) -> list[Action]:
    """Return a day's troubles: eight to fifteen faults, and what the exchange itself does."""

    def clock(first: dt.time = begins, last: dt.time = LAST) -> str:
        low, high = (one.hour * 3600 + one.minute * 60 + one.second for one in (first, last))
        seconds = chance.randrange(low, high)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    troubles: list[Action] = [AddFault(fault=drawn(chance), at=clock()) for _ in range(chance.randint(8, 15))]
    for symbol in chance.sample(list(symbols), 4):
        halted = clock(last=dt.time(15))
        troubles.append(
            Halt(symbol=symbol, at=halted) if chance.random() < 0.5 else Interrupt(symbol=symbol, at=halted)
        )
        troubles.append(Resume(symbol=symbol, at=clock(first=dt.time.fromisoformat(halted))))
    if chance.random() < 0.2:
        troubles.append(Breaker(market=chance.choice((Market.KOSPI, Market.KOSDAQ)), at=clock(last=dt.time(15))))
    if chance.random() < 0.3:
        troubles.append(ExpireTokens(at=clock()))
    return troubles


@dataclass(slots=True)
class Watched:
    """What a day has kept and told."""

    records: list[Record] = field(default_factory=list)
    notices: list[Notify] = field(default_factory=list)
    app: App | None = None

    def on_start(self, app: App, sessions: object) -> None:
        self.app = app

    def on_record(self, record: Record) -> None:
        self.records.append(record)

    def on_notice(self, notice: Notify) -> None:
        self.notices.append(notice)

    def on_clock(self, now: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Day:
    """A day that has been played: what we say of it, and what the exchange says."""

    home: Path
    finished: Finished
    watched: Watched
    simulator: Simulator

    def kept(self, kind: type[R]) -> list[R]:
        return [record for record in self.watched.records if isinstance(record, kind)]

    @property
    def engine(self) -> Engine:
        assert self.watched.app is not None
        return self.watched.app.engine

    @property
    def tickets(self) -> list[Ticket]:
        """The orders that came to the exchange."""
        return [one for one in self.simulator.market.desk.tickets.values() if one.act is Act.ORDER]


def played(seed: int, home: Path, *faults: Fault) -> Day:
    """Play a day with the troubles of a seed, as `kats run --sim` plays one."""
    chance = random.Random(seed)
    day, begins = DAYS[seed % len(DAYS)], WHOLE_DAY if seed % 10 == 0 else AFTERNOON
    path = home / "kats.yaml"
    path.write_text(CONFIGURATION)
    resolved = resolve(path, environ={"KATS_HOME": str(home)}, cwd=home)
    past = open_source(resolved)
    symbols = sorted(one.symbol for one in past.instruments(day) if one.market is not Market.KONEX)
    config = SimulatorConfig(
        start=time.at(day, begins),
        speed=0.0,
        cash=resolved.capital,
        pace=Pace(token_every=0.0),
        source=past,
        faults=faults,
        fault_seed=seed,
        script=tuple(script(chance, symbols, max(begins, dt.time(9)))),
    )
    source = simulated_source(config, past, home)
    planned = plan(resolved, Request(kind=RunKind.SIM, first=day, days=1), source=source)
    simulators: list[Simulator] = []

    def perform(live: LiveDay, app: App) -> None:
        simulators.append(Simulator(config))
        assert isinstance(app.source, KisSource)
        assert isinstance(app.broker, KisBroker)
        asyncio.run(on_simulator(simulators[0], live, app.source, app.broker))

    watched = Watched()
    with (
        open_database(resolved.settings.database_url) as database,
        open_log(home / "logs", "DEBUG", utc_now()) as log,
    ):
        finished = play(planned, DatabaseRecorder(database), LoggingWatcher(watched, log), utc_now, perform=perform)
    return Day(home, finished, watched, simulators[0])


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exchange's time stands still while a call waits, so nobody learns anything by waiting long."""
    monkeypatch.setattr(auth, "BETWEEN_ISSUES", 0)
    monkeypatch.setattr(client, "RATE_WAITS_S", (0.02,))
    monkeypatch.setattr(client, "TROUBLE_WAITS_S", (0.02, 0.05))
    monkeypatch.setattr(broker, "EARLY_PAUSE_S", 0.02)
    monkeypatch.setattr(broker, "LOST_ORDER_PAUSE_S", 0.02)
    monkeypatch.setattr(broker, "LOST_CANCEL_PAUSES_S", (0.02, 0.05, 0.1))
    monkeypatch.setattr(simulated, "STEP", STEP_S * time.SECOND)


# --- the promises -----------------------------------------------------------------------------------------------------


def check_sent_once(day: Day) -> None:
    """No order is at the exchange twice, and none that we have not sent."""
    sent = Counter(content(order) for order in day.kept(OrderRecord))
    there = Counter((one.instrument.symbol, one.side, one.quantity, one.price or None) for one in day.tickets)
    assert not there - sent


def content(order: OrderRecord) -> tuple[str, Side, int, int | None]:
    is_market = order.order_type is OrderType.MARKET
    return order.symbol, order.side, order.quantity, None if is_market else order.limit


def in_doubt(day: Day) -> frozenset[str]:
    """The symbols with an order whose fate is still unknown at the end."""
    symbols = {order.order_id: order.symbol for order in day.kept(OrderRecord)}
    last = {step.order_id: step.after for step in day.kept(OrderEventRecord)}
    return frozenset(symbols[order_id] for order_id, state in last.items() if state is OrderState.UNKNOWN)


def check_books(day: Day) -> None:
    """Wherever nothing is unknown we have booked what the exchange has, to the share and to the won."""
    account, doubt = day.simulator.account_in(Env.PROD), in_doubt(day)
    fills = [fill for fill in day.kept(FillRecord) if fill.symbol not in doubt]
    booked = [one for one in account.booked if one.symbol not in doubt]
    assert sums(fills) == sums(booked)
    held: Counter[str] = Counter()
    for position in day.engine.positions:
        held[position.symbol] += position.quantity
    theirs = {symbol: one.quantity for symbol, one in account.holdings.items() if one.quantity}
    assert {s: q for s, q in held.items() if s not in doubt} == {s: q for s, q in theirs.items() if s not in doubt}
    assert sum(fill.tax for fill in fills) == sum(one.tax for one in booked)
    if not doubt:
        costs = sum(fill.commission for fill in fills) - sum(one.commission for one in booked)
        assert day.engine.cash + costs == account.expected_cash
    assert day.engine.cash >= 0
    assert account.expected_cash >= 0
    assert all(one.quantity >= 0 for one in account.holdings.values())


def sums(fills: Iterable[FillRecord | Booked]) -> dict[tuple[str, Side], tuple[int, int]]:
    found: dict[tuple[str, Side], tuple[int, int]] = {}
    for fill in fills:
        shares, won = found.get((fill.symbol, fill.side), (0, 0))
        found[fill.symbol, fill.side] = shares + fill.quantity, won + fill.price * fill.quantity
    return found


def check_stops(day: Day) -> None:
    """Nothing is held without a stop below which it is sold."""
    for position in day.engine.positions:
        assert position.stop > 0, position


def check_lost_answers(day: Day) -> None:
    """Each answer that was lost is an order of unknown fate, and while it is nothing is bought in its symbol."""
    orders = {order.order_id: order for order in day.kept(OrderRecord)}
    unknown: dict[str, str] = {}
    lost = 0
    for step in day.kept(OrderEventRecord):
        order = orders[step.order_id]
        if step.event == OrderStep.SEND and order.side is Side.BUY:
            assert order.symbol not in unknown.values(), order
        lost += step.event == OrderStep.LOST and step.before is OrderState.SUBMITTING
        unknown.pop(step.order_id, None)
        if step.after is OrderState.UNKNOWN:
            unknown[step.order_id] = order.symbol
    happened = [
        times
        for fault, times in day.simulator.faults.listed()
        if fault.where == ORDER and (fault.kind in (*LOSES, FaultKind.MAINTENANCE) or fault.code == "EGW00301")
    ]
    assert lost == sum(happened), day.simulator.faults.listed()


def check_exits(day: Day) -> None:
    """What was to be sold today is sold, unless the fate of its order is unknown or its symbol did not trade."""
    doubt = in_doubt(day)
    over = [p for p in day.engine.positions if p.instance == "volatility-breakout" and p.symbol not in doubt]
    boards = day.simulator.market.desk.boards
    halted = {symbol for symbol, board in boards.items() if board.stage.name == "HALTED"}
    assert not [p for p in over if p.symbol not in halted], over


def check_secrets(day: Day) -> None:
    """No key, token or account number is in anything that was written, but for the file that keeps the token."""
    sim = day.simulator
    secrets = [sim.prod.app_key, sim.prod.app_secret, sim.prod.account, sim.prod.hts_id]
    secrets += [*sim.gateway._expiry, *sim.gateway._approvals]
    for path in day.home.rglob("*"):
        if path.is_file() and not path.name.startswith("token-"):
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret.encode() in content], path
    texts = f"{day.watched.notices} {day.kept(FaultRecord)}"
    assert not [secret for secret in secrets if secret in texts]


def check(day: Day) -> None:
    assert not [
        f for f in day.kept(FaultRecord) if f.code in ("core:INVALID_TRANSITION", "core:FOREIGN_ORDER", "core:OVERFILL")
    ], day.kept(FaultRecord)
    check_sent_once(day)
    check_books(day)
    check_stops(day)
    check_lost_answers(day)
    check_exits(day)
    check_secrets(day)


def seeds() -> range:
    """Return the seeds that are played: three, or those that the environment asks for."""
    first, _, last = os.environ.get("KATS_FAULTY_DAYS", "3").rpartition("-")
    return range(int(first or 0), int(last))


@pytest.mark.slow
@pytest.mark.parametrize("seed", seeds())
def test_whatever_goes_wrong_at_once_the_promises_hold(seed: int, tmp_path: Path) -> None:
    """Nothing is sent twice, books and account agree, stops stand, exits go out, what is lost is unknown, no secret is told."""
    check(played(seed, tmp_path))
