"""Let the client take in 41 symbols at 200 trades a second each, over a real socket, with engine, nine stages and recorder behind it.

Another process sends for a minute what a session's busiest moments look like, paced by its own clock. Asked is whether the client
keeps up: how many messages wait at most, how busy its processor is, and whether its memory grows.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import multiprocessing
import os
import resource
import tempfile
import time as wall
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import _machine
import websockets
from websockets.asyncio.server import ServerConnection, serve

from kats_core.config import resolve
from kats_core.kis.source import KisSource
from kats_core.kis.stream.budget import HARD_LIMIT, Need
from kats_core.kis.stream.feed import Feed, Line
from kats_core.kis.stream.messages import Received
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.translating import market_message
from kats_core.kis.wire import layouts
from kats_core.kis.wire.records import TradeRecord, write_record
from kats_core.kis.wire.stream import Ack, Frame
from kats_core.model import time
from kats_core.model.kinds import Side
from kats_core.runtime.assembly import App, RunKind, open_source
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.play import Request, plan, play
from kats_core.runtime.simulated import simulated_source
from kats_core.simulator.server import SimulatorConfig
from kats_core.store.database import open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.recorder import utc_now

SYMBOLS, RATE = HARD_LIMIT, 200
DAY = dt.date(2025, 9, 18)
BEGINS = time.at(DAY, dt.time(10, 0))
BURST_S = 0.01


def frames(symbols: list[str], bases: dict[str, int], seconds: int) -> Iterator[list[str]]:
    """Yield, for each hundredth of a second, the frames that are sent in it: a trade of each symbol twice."""
    counts = dict.fromkeys(symbols, 100_000)
    for burst in range(int(seconds / BURST_S)):
        ts = BEGINS + int(burst * BURST_S) * time.SECOND
        several = []
        for _ in range(int(RATE * BURST_S)):
            for symbol in symbols:
                counts[symbol] += 10
                price = bases[symbol]
                trade = TradeRecord(
                    symbol=symbol, ts=ts, price=price, quantity=10, aggressor=Side.BUY, is_auction=False,
                    day_volume=counts[symbol], day_value=counts[symbol] * price, open=price, high=price, low=price,
                    ask=price, bid=price, is_halted=False,
                )  # fmt: skip
                several.append(Frame.of(layouts.KRX_TRADES, [write_record(trade, layouts.KRX_TRADES)]).text())
        yield several


def send(port: Any, symbols: list[str], bases: dict[str, int], seconds: int) -> None:
    """Be the broker, in a process of its own: acknowledge registrations, then send."""

    async def talk(socket: ServerConnection) -> None:
        registered = 0
        while registered < len(symbols):
            asked = json.loads(await socket.recv())["body"]["input"]
            ack = Ack(stream=asked["tr_id"], key=asked["tr_key"], code="OPSP0000", message="SUBSCRIBE SUCCESS")
            await socket.send(ack.text())
            registered += 1
        started = wall.monotonic()
        for number, several in enumerate(frames(symbols, bases, seconds)):
            for text in several:
                await socket.send(text)
            await asyncio.sleep(max(0.0, started + (number + 1) * BURST_S - wall.monotonic()))
        await socket.close()

    async def be() -> None:
        async with serve(talk, "127.0.0.1", 0, compression=None) as server:
            port.put(server.sockets[0].getsockname()[1])
            await asyncio.sleep(seconds * 3 + 30)

    asyncio.run(be())


class Quiet:
    """Watches and says nothing."""

    def on_start(self, app: App, sessions: object) -> None: ...
    def on_record(self, record: object) -> None: ...
    def on_notice(self, notice: object) -> None: ...
    def on_clock(self, now: int) -> None: ...


async def take_in(day: LiveDay, url: str, symbols: list[str], seconds: int) -> dict[str, float]:
    """Take in what is sent, and measure."""
    since = wall.monotonic()

    def clock() -> int:
        return BEGINS + int((wall.monotonic() - since) * time.SECOND)

    async def approval(*, renew: bool) -> str:
        return "key"

    line = Line("main", url, approval, limit=HARD_LIMIT)
    feed = Feed([line], streams_of(is_mock=False), None, lambda: 0.5)
    feed.hub.want([Need(symbol=symbol, rank=n) for n, symbol in enumerate(symbols)], clock())
    running = asyncio.create_task(feed.run())
    heard, second, wanted = 0, clock() // time.SECOND, SYMBOLS * RATE * seconds
    most, memory, busy_from, first = 0, 0, wall.process_time(), 0.0
    day.tick(clock())
    while heard < wanted:
        message = await asyncio.wait_for(feed.next(), 20)
        if not isinstance(message, Received):
            continue
        if not heard:
            first, busy_from = wall.monotonic(), wall.process_time()
        heard += 1
        told = market_message(message.record, DAY, message.at)
        now = clock()
        if told is not None:
            day.hear(told, now)
        if now // time.SECOND != second:
            second = now // time.SECOND
            day.tick(now)
            most = max(most, feed.hub.backlog.waiting)
            if heard > wanted // 6 and not memory:
                memory = rss()
    spent = wall.monotonic() - first
    feed.stop()
    running.cancel()
    return {
        "frames": heard,
        "a_second": heard / spent,
        "busy": (wall.process_time() - busy_from) / spent,
        "most_waiting": max(most, feed.hub.backlog.most),
        "lost": feed.hub.backlog.lost,
        "grown_mb": (rss() - memory) / 2**20,
    }


def rss() -> int:
    """Return the memory of this process, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(Path(folder), arguments.seconds)
    if arguments.json:
        print(json.dumps(found))
        return
    _machine.print_header(websockets=websockets.__version__)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{SYMBOLS} symbols x {RATE} trades a second for {arguments.seconds} s, over a socket, nine stages, recorder"
    )
    print(f"  taken in        {found['frames']:>10,} frames, {found['a_second']:,.0f} a second")
    print(f"  processor       {found['busy']:>10.0%} of one core")
    print(f"  waiting at most {found['most_waiting']:>10,} messages, {found['lost']} lost")
    print(f"  memory          {found['grown_mb']:>+10.1f} MB after the first sixth, {peak:,.0f} MB at most")


def measured(home: Path, seconds: int) -> dict[str, float]:
    """Play the minute."""
    resolved = resolve(None, environ={"KATS_HOME": str(home)}, cwd=home)
    past = open_source(resolved)
    source: KisSource = simulated_source(SimulatorConfig(source=past), past, home)
    planned = plan(resolved, Request(kind=RunKind.PAPER, first=DAY), source=source)
    symbols = list(planned.panel.symbols[:SYMBOLS])
    last = len(planned.panel.sessions) - 1
    bases = {symbol: int(planned.panel.close[last, planned.panel.column[symbol]]) for symbol in symbols}
    context = multiprocessing.get_context("spawn")
    port = context.Queue()
    sender = context.Process(target=send, args=(port, symbols, bases, seconds), daemon=True)
    sender.start()
    found: dict[str, float] = {}

    def perform(day: LiveDay, app: App) -> None:
        found.update(asyncio.run(take_in(day, f"ws://127.0.0.1:{port.get()}", symbols, seconds)))
        day.tick(time.at(DAY, dt.time(15, 40)))

    with open_database(resolved.settings.database_url) as database:
        play(planned, DatabaseRecorder(database), Quiet(), utc_now, perform=perform)
    sender.terminate()
    return found


if __name__ == "__main__":
    main()
