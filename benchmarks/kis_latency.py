"""Measure how long an order takes: from the frame of the stream that makes a strategy fire to the bytes of the order on the socket.

The simulator runs in this process and is called over sockets of this machine. Every other minute a symbol of the sample
market is led across its level of volatility breakout; the first frame of the next minute ends the bar, so the strategy signals,
what can be paid is asked for, nine stages judge, the order gate looks, what was decided is committed to the database, and the
order leaves. It stays far from the book and is taken back a minute later. The pace of calls is that of the real host. The quarter
second that a live minute waits for its last trades (`runtime/live.py`, `LAG`) is no part of it: the exchange's clock steps here.
"""

# ruff: noqa: SLF001  (a stopwatch is put between parts that have no place for one)

from __future__ import annotations

import argparse
import asyncio
import cProfile
import datetime as dt
import json
import pstats
import statistics
import sys
import tempfile
import time as wall
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import _machine
import httpx

from kats_core.config import resolve
from kats_core.kis.broker import KisBroker
from kats_core.kis.listening import Listener
from kats_core.kis.settings import DEFAULT_RATE
from kats_core.kis.source import KisSource
from kats_core.kis.stream.feed import open_socket
from kats_core.kis.stream.session import Socket, Surroundings
from kats_core.market.calendar import krx_calendar
from kats_core.market.ticks import TickTable
from kats_core.model import time
from kats_core.model.command import Fetch
from kats_core.model.event import Event, Fetched
from kats_core.model.record import Record, VerdictRecord
from kats_core.model.time import Nanos
from kats_core.runtime.assembly import App, RunKind, open_source
from kats_core.runtime.live import drive
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.play import Request, plan, play
from kats_core.runtime.simulated import SteppedTime, simulated_source
from kats_core.simulator.control import Quiet, Show, Trade, act
from kats_core.simulator.exchange.board import Board
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig
from kats_core.store.database import open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.recorder import utc_now

CONFIGURATION = Path(__file__).with_suffix(".yaml")
LAST_DAY = dt.date(2025, 10, 14)
BEGINS, FIRST, LAST = dt.time(8, 50), dt.time(9, 31), dt.time(13, 55)
LEAD_AT, CROSS_AT, FIRE_AT = 5, 55, 59
"""Seconds of a minute: when a symbol begins to be led, when it crosses its level, and after which the frame comes that fires."""

ENTRIES = 5
"""How often a day each symbol is led, as `max_entries_per_symbol` of the configuration says."""

REST_S = 0.3
FARTHEST = 0.07
"""Of a price from its level: beyond it the exchange would interrupt trading on the way."""

PARTS = ("signal", "inquiry", "verdicts", "commit", "turn", "request")
STEPS = ("frame", *PARTS)
SAID = {
    "signal": "frame read, minute ended, signal",
    "inquiry": "asked what can be paid, and answered",
    "verdicts": "nine stages, order gate",
    "commit": "committed to the database",
    "turn": "to the broker's task, token, its turn by the pace",
    "request": "request made, bytes on the socket",
    "all": "frame read to bytes of the order on the socket",
    "own": "the same without inquiry and turn",
}


@dataclass(slots=True)
class Stopwatch:
    """When the parts of the order under way were reached, in nanoseconds of the machine."""

    orders: list[dict[str, float]] = field(default_factory=list)
    verdicts: list[int] = field(default_factory=list)
    profile: cProfile.Profile | None = None
    judged: int = 0
    is_waiting: bool = False
    _at: dict[str, int] = field(default_factory=dict)

    def arm(self) -> None:
        """Wait for the next frame."""
        self._at, self.judged, self.is_waiting = {}, 0, True

    def disarm_unless_signalled(self) -> None:
        """Give the frame up that has ended the minute: nothing has come of it."""
        if self.is_waiting and "signal" not in self._at:
            self.is_waiting = False
            if self.profile is not None:
                self.profile.disable()

    def reached(self, part: str) -> None:
        """Note that a part is over."""
        before = STEPS[STEPS.index(part) - 1] if part != "frame" else None
        if self.is_waiting and part not in self._at and (before is None or before in self._at):
            self._at[part] = wall.perf_counter_ns()
            if part == "frame" and self.profile is not None:
                self.profile.enable()
            if part == "request":
                self._finish()

    def _finish(self) -> None:
        if self.profile is not None:
            self.profile.disable()
        self.is_waiting = False
        self.orders.append({part: (self._at[part] - self._at[before]) / 1e6 for before, part in pairwise(STEPS)})
        self.verdicts.append(self.judged)


class HeardSocket:
    """A socket of which every frame is noted when it has been read."""

    def __init__(self, socket: Socket, watch: Stopwatch) -> None:
        self._socket, self._watch = socket, watch

    async def receive(self) -> str | bytes | None:
        text = await self._socket.receive()
        if isinstance(text, str) and text[:1] in "01":
            self._watch.reached("frame")
        return text

    async def send(self, text: str) -> None:
        await self._socket.send(text)


@dataclass(slots=True)
class LeadingTime(SteppedTime):
    """The exchange's clock, which leads one symbol a minute across its level; `day` is the session that is led."""

    day: LiveDay
    watch: Stopwatch
    most: int
    _left: list[str] | None = field(init=False, default=None)
    _led: tuple[str, int] | None = field(init=False, default=None)

    async def advance(self, arrived: asyncio.Event) -> Nanos:
        self.watch.disarm_unless_signalled()
        clock, second = time.clock(self._now), self._now // time.SECOND % 60
        # Every other minute: the order of the last one is taken back a minute later, and has left by then.
        if FIRST <= clock < LAST and clock.minute % 2 and (second == LEAD_AT or self._led is not None):
            if second == LEAD_AT:
                self._choose()
            elif second == FIRE_AT and self._led is not None:
                return await self._fire(arrived, *self._led)
            elif self._led is not None:
                symbol, level = self._led
                self._walk(symbol, level if second >= CROSS_AT else self._ticks(symbol).dn(level))
        if self._left is not None and self._led is None and (not self._left or len(self.watch.orders) >= self.most):
            # Nobody is left to be led: the rest of the day is of no interest.
            return self.day.feed.hours.close + 10 * time.MINUTE
        return await super(LeadingTime, self).advance(arrived)

    def _choose(self) -> None:
        """Choose the next symbol that still waits for its level, and let the street leave it alone."""
        if self._left is None:
            setups = sorted(self.day.feed.engine.setups, key=lambda entry: entry.setup.rank)
            self._left = [entry.setup.symbol for entry in setups] * ENTRIES
        levels = {want.symbol: want.above[0] for want in self.day.wants if want.above and not want.is_busy}
        self._led = None
        while self._left and self._led is None:
            symbol = self._left.pop(0)
            board = self.simulator.market.board(symbol)
            if symbol in levels and board is not None and abs(levels[symbol] / board.last - 1) < FARTHEST:
                self._led = symbol, levels[symbol]
                act(self.simulator, Quiet(symbol=symbol))

    def _walk(self, symbol: str, to: int) -> None:
        """Let a price go towards another, slowly enough that nothing is interrupted, with a book around it."""
        last = self._board(symbol).last
        price = self._ticks(symbol).rup(max(min(to, last + last // 125), last - last // 125))
        self._show(symbol, price)
        self._trade(symbol, price)

    def _board(self, symbol: str) -> Board:
        board = self.simulator.market.board(symbol)
        assert board is not None
        return board

    def _ticks(self, symbol: str) -> TickTable:
        return self._board(symbol).ticks

    async def _fire(self, arrived: asyncio.Event, symbol: str, level: int) -> Nanos:
        await self._until(self.is_quiet)
        # The exchange's minutes pass in less than ours: the pace of calls has its rest all the same.
        await asyncio.sleep(REST_S)
        self._now += time.SECOND
        self.simulator.step_to(self._now)
        arrived.clear()
        self.watch.arm()
        self._trade(symbol, level)
        await arrived.wait()
        self._led = None
        asyncio.get_running_loop().call_soon(self._show, symbol, level, 30)
        return self._now

    def _show(self, symbol: str, level: int, away: int = 0) -> None:
        """Show a book around a price, or one with a hole of so many ticks on both sides."""
        ticks = self._ticks(symbol)
        asks = [(ticks.up(level, away + n), 500) for n in range(5)]
        bids = [(ticks.dn(level, away + n + 1), 500) for n in range(5)]
        act(self.simulator, Show(symbol=symbol, asks=asks, bids=bids))

    def _trade(self, symbol: str, price: int) -> None:
        act(self.simulator, Trade(symbol=symbol, price=price, quantity=100))


def timed(watch: Stopwatch, day: LiveDay) -> None:
    """Let the pump say when the engine has signalled, judged, and what was kept is committed."""
    pump = day.feed.pump
    feed, fetch, settle, keep = pump.feed, pump._carry[Fetch], pump.settle, pump._keep

    def fed(event: Event) -> None:
        if isinstance(event, Fetched):
            watch.reached("inquiry")
        feed(event)

    def fetched(request: Fetch) -> None:
        watch.reached("signal")
        fetch(request)

    def settled() -> None:
        watch.reached("verdicts")
        if settle is not None:
            settle()
        watch.reached("commit")

    def kept(records: Sequence[Record]) -> None:
        if watch.is_waiting:
            watch.judged += sum(isinstance(record, VerdictRecord) for record in records)
        keep(records)

    pump.feed, pump._carry[Fetch], pump.settle, pump._keep = fed, fetched, settled, kept  # type: ignore[method-assign]


async def timed_calls(watch: Stopwatch, listener: Listener) -> None:
    """Let the client's requests say when an order begins to be made, and when its last byte is on the socket."""
    client = await listener.client()

    async def trace(name: str, info: dict[str, Any]) -> None:
        if name == "http11.send_request_body.complete":
            watch.reached("request")

    async def on_request(request: httpx.Request) -> None:
        if request.url.path.endswith("order-cash"):
            watch.reached("turn")
            request.extensions = {**request.extensions, "trace": trace}

    client._transport._client.event_hooks = {"request": [on_request]}


async def led(simulator: Simulator, day: LiveDay, app: App, watch: Stopwatch, most: int) -> None:
    """Let a prepared session happen, with a symbol a minute led across its level."""
    source, broker = app.source, app.broker
    assert isinstance(source, KisSource)
    async with simulator:
        listener = source.listener
        clock = LeadingTime(simulator, day, watch, most)
        listener.keys = replace(
            listener.keys,
            rest_url=simulator.rest_url,
            stream_url=simulator.ws_url,
            master_url=simulator.master_url,
            calls_per_second=DEFAULT_RATE["prod"],
        )

        @asynccontextmanager
        async def connect(url: str) -> AsyncIterator[Socket]:
            async with open_socket(url) as socket:
                yield HeardSocket(socket, watch)

        listener.around = Surroundings(clock=clock.clock, sleep=clock.sleep, connect=connect, spacing_s=0.0)
        assert isinstance(broker, KisBroker)
        clock.is_quiet = lambda: listener.is_settled and broker.is_settled
        clock.heard_until = lambda: listener.last_ping
        clock.is_passed_on = lambda: listener.is_passed_on
        timed(watch, day)
        timing = asyncio.create_task(timed_calls(watch, listener))
        await drive(day, source, broker, clock)
        await timing


class Silent:
    """Watches and says nothing."""

    def on_start(self, app: App, sessions: object) -> None: ...
    def on_record(self, record: object) -> None: ...
    def on_notice(self, notice: object) -> None: ...
    def on_clock(self, now: int) -> None: ...


def sessions_back() -> Iterator[dt.date]:
    """Yield sessions, the last one first."""
    day = LAST_DAY
    while True:
        yield day
        day = krx_calendar().previous_session(day)


def measured(home: Path, orders: int, watch: Stopwatch) -> None:
    """Play sessions until there are so many orders."""
    resolved = resolve(CONFIGURATION, environ={"KATS_HOME": str(home)}, cwd=home)
    past = open_source(resolved)
    for session in sessions_back():
        config = SimulatorConfig(
            start=time.at(session, BEGINS), speed=0.0, cash=resolved.capital, pace=Pace(prod=None, token_every=0.0),
            order_delay=1.0, source=past,
        )  # fmt: skip
        source = simulated_source(config, past, home)
        planned = plan(resolved, Request(kind=RunKind.SIM, first=session), source=source)

        def perform(day: LiveDay, app: App, config: SimulatorConfig = config) -> None:
            asyncio.run(led(Simulator(config), day, app, watch, orders))

        with open_database(resolved.settings.database_url) as database:
            play(planned, DatabaseRecorder(database), Silent(), utc_now, perform=perform)
        print(f"  {session}: {len(watch.orders)} orders", file=sys.stderr)
        if len(watch.orders) >= orders:
            return


def figures(values: Sequence[float]) -> dict[str, float]:
    """Return median, 99th percentile and the most, in milliseconds."""
    cut = statistics.quantiles(values, n=100, method="inclusive")
    return {"median": cut[49], "p99": cut[98], "max": max(values)}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=50, help="each takes some seconds to be led to (default: 50)")
    parser.add_argument(
        "--profile", action="store_true", help="say where the time goes between frame and order; the figures suffer"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    watch = Stopwatch(profile=cProfile.Profile() if arguments.profile else None)
    with tempfile.TemporaryDirectory() as folder:
        measured(Path(folder), arguments.orders, watch)
    found = {part: figures([order[part] for order in watch.orders]) for part in PARTS}
    found["all"] = figures([sum(order.values()) for order in watch.orders])
    found["own"] = figures([sum(order.values()) - order["inquiry"] - order["turn"] for order in watch.orders])
    if arguments.json:
        print(json.dumps({"orders": len(watch.orders), **found}))
        return
    _machine.print_header(websockets=version("websockets"), httpx=version("httpx"))
    print(f"\n{len(watch.orders)} orders, {min(watch.verdicts)} to {max(watch.verdicts)} verdicts each; milliseconds")
    print(f"{'':52}{'median':>10}{'p99':>10}{'max':>10}")
    for part, of in found.items():
        print(f"{SAID.get(part, part):52}{of['median']:10.2f}{of['p99']:10.2f}{of['max']:10.2f}")
    if watch.profile is not None:
        pstats.Stats(watch.profile).sort_stats("cumulative").print_stats(
            "kats_core|sqlite|httpx|httpcore|aiohttp|importlib", 70
        )


if __name__ == "__main__":
    main()
