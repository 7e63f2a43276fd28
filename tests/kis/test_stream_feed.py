"""The feed over real sockets on loopback, against a broker that does what brokers do: it drops, is silent, refuses, repeats.

Sockets are real, time is not: the feed's waiting is ended by `World.pass_seconds`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import heapq
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from kats_core.kis.stream.budget import Need
from kats_core.kis.stream.feed import Feed, FeedTerms, Line, open_socket
from kats_core.kis.stream.gaps import GapReason
from kats_core.kis.stream.messages import FeedEvent, Received, Told
from kats_core.kis.stream.session import ApprovalRefusedError, Surroundings
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.stream.watchdog import continuous_trading
from kats_core.kis.wire import stream as wire
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.records import Notice, TradeRecord
from kats_core.kis.wire.stream import Ack, Frame, Ping
from kats_core.market.sessions import SessionHours
from kats_core.model.time import SECOND, Nanos

HOURS = SessionHours.from_clocks(dt.date(2026, 9, 22), dt.time(9), dt.time(15, 30))
ACCOUNT = "1234567801"
TRADES, NOTICES = "H0STCNT0", "H0STCNI0"
EXAMPLE = (
    "{symbol}^100512^71500^5^-300^-0.42^71388.10^71700^71900^71000^71600^71500^15^{volume}^85974236100^4015^3120^-895^88.97"
    "^575820^512300^5^0.47^35.12^090012^5^-200^091130^5^-400^094205^2^500^20260922^20^N^12034^8812^410233^522981^0.02"
    "^1185442^101.59^0^^71700^2"
)
FILL = (
    "user01^1234567801^0000085100^^02^0^00^0^005930^0000000010^000071900^094415^0^2^2^00950^000000010^홍길동^000000000^1"
    "^Y^^10^^삼성전자^000071900"
)
PATIENCE_S = 60.0
"""What a test waits at most in real time before it is called stuck."""


def trade(symbol: str, volume: int) -> str:
    return EXAMPLE.format(symbol=symbol, volume=volume)


class Link:
    """One connection as the broker sees it."""

    def __init__(self, broker: Broker, socket: ServerConnection) -> None:
        self.broker, self.socket = broker, socket
        number = len(broker.links)
        self.keys = CipherKeys(f"{number:032d}", f"{number:016d}")
        self.registered: dict[tuple[str, str], None] = {}
        self.requests: list[str] = []
        self.pongs: list[str] = []
        self.closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def serve(self) -> None:
        try:
            async for text in self.socket:
                assert isinstance(text, str)
                if '"PINGPONG"' in text:
                    self.pongs.append(text)
                else:
                    await self.answer(wire.read_registration(text))
                self.broker.changed.set()
        except ConnectionClosed:
            pass
        self.closed.set_result(self.socket.close_code)
        self.broker.changed.set()

    async def answer(self, asked: wire.Registration) -> None:
        self.requests.append(("-" if asked.is_unregister else "+") + asked.key)
        code, message, result = self.broker.decide(self, asked)
        if code == "OPSP8996":
            ack = Ack(stream="", key="", code=code, message=message, result=result)
        else:
            ack = Ack(
                stream=asked.stream,
                key=asked.key,
                code=code,
                message=message,
                result=result,
                is_encrypted=asked.stream == NOTICES,
                keys=self.keys if result == "0" else None,
            )
        for _ in range(self.broker.answers_each):
            await self.socket.send(ack.text())
        if code == "OPSP8996":
            await self.socket.close()

    async def trades(self, *records: str) -> None:
        await self.socket.send(Frame.of(TRADES, [record.split("^") for record in records]).text())

    async def fill(self) -> None:
        await self.socket.send(Frame.of(NOTICES, [FILL.split("^")], self.keys).text())

    def drop(self) -> None:
        """Cut the line without a word, as a network does."""
        self.socket.transport.abort()


class Broker:
    """A stream server; what it does wrong is set by the test."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.changed = asyncio.Event()
        self.limit = 41
        self.answers_each = 1
        self.ghosts = 0
        """How many connections are told that the app key is in use, the first ones."""
        self.closes_at_once = False
        self.approval_keys = {"key-1"}
        self.server: Server | None = None

    async def handle(self, socket: ServerConnection) -> None:
        link = Link(self, socket)
        self.links.append(link)
        self.changed.set()
        if self.closes_at_once:
            await socket.close()
        await link.serve()

    def decide(self, link: Link, asked: wire.Registration) -> tuple[str, str, str]:
        one = (asked.stream, asked.key)
        if self.links.index(link) < self.ghosts:
            return "OPSP8996", "ALREADY IN USE appkey", "9"
        if asked.approval_key not in self.approval_keys:
            return "OPSP0011", "invalid approval(appkey) : NOT FOUND", "1"
        if asked.is_unregister:
            link.registered.pop(one, None)
            return "OPSP0001", "UNSUBSCRIBE SUCCESS", "0"
        if one in link.registered:
            return "OPSP0002", "ALREADY IN SUBSCRIBE", "1"
        if len(link.registered) >= self.limit:
            return "OPSP0008", "MAX SUBSCRIBE OVER", "1"
        link.registered[one] = None
        return "OPSP0000", "SUBSCRIBE SUCCESS", "0"

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the broker sees has come."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()


class World:
    """A feed and its broker. Time stands still unless a test lets it pass."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.now: Nanos = HOURS.at(dt.time(10))
        self.sleeping: list[tuple[Nanos, int, asyncio.Future[None]]] = []
        self.pauses: list[float] = []
        self.went_to_sleep = asyncio.Event()
        self.renewals: list[bool] = []
        self.approval_keys = ["key-1"]
        self.heard: list[Told | Received] = []
        self.feed: Feed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self.pauses.append(seconds)
        waking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self.sleeping, (self.now + int(seconds * SECOND), len(self.pauses), waking))
        self.went_to_sleep.set()
        await waking

    def pass_seconds(self, seconds: float) -> None:
        self.now += int(seconds * SECOND)
        while self.sleeping and self.sleeping[0][0] <= self.now:
            waking = heapq.heappop(self.sleeping)[2]
            if not waking.done():
                waking.set_result(None)

    async def pause_of(self, seconds: float) -> None:
        """Wait until somebody begins to wait for so long."""
        while seconds not in self.pauses:
            self.went_to_sleep.clear()
            await self.went_to_sleep.wait()

    async def approval(self, *, renew: bool) -> str:
        self.renewals.append(renew)
        if renew and len(self.approval_keys) > 1:
            self.approval_keys.pop(0)
        if not self.approval_keys[0]:
            raise ApprovalRefusedError("the broker does not know this app key")
        return self.approval_keys[0]

    async def next_event(self, event: FeedEvent) -> Told:
        """Return the next that is told of this kind; what comes before it is kept in `heard`."""
        while True:
            message = await self.feed.next()
            if isinstance(message, Told) and message.event is event:
                return message
            self.heard.append(message)

    async def next_record(self) -> Any:
        """Return the next record."""
        while True:
            message = await self.feed.next()
            if isinstance(message, Received):
                return message.record
            self.heard.append(message)

    def want(self, *symbols: str) -> None:
        self.feed.hub.want([Need(symbol=s, rank=n) for n, s in enumerate(symbols)], self.now)


@asynccontextmanager
async def world(*, lines: int = 1, hts_id: str = "user01", limit: int = 40, url: str = ""):  # type: ignore[no-untyped-def]
    """A running feed with its broker; both end with the block, and nothing may take longer than `PATIENCE_S`."""
    async with asyncio.timeout(PATIENCE_S):
        broker = Broker()
        async with serve(broker.handle, "127.0.0.1", 0) as server:
            broker.server = server
            made = World(broker)
            host, port = server.sockets[0].getsockname()[:2]
            address = url or f"ws://{host}:{port}/tryitout"
            made.feed = Feed(
                [Line(f"line{n}", address, made.approval, hts_id=hts_id, limit=limit) for n in range(lines)],
                streams_of(is_mock=False),
                ACCOUNT,
                jitter=lambda: 0.0,
                terms=FeedTerms(judge_every=SECOND // 2),
                surroundings=Surroundings(clock=lambda: made.now, sleep=made.sleep, connect=open_socket, spacing_s=0.0),
            )
            made.feed.hub.expect(continuous_trading(HOURS))
            running = asyncio.create_task(made.feed.run())
            try:
                yield made
            finally:
                made.feed.stop()
                await running


Scenario = Callable[[World], Awaitable[None]]


def play(scenario: Scenario, **options: Any) -> None:
    async def main() -> None:
        async with world(**options) as made:
            await scenario(made)

    asyncio.run(main())


def test_registers_reads_and_comes_back_after_the_line_was_cut() -> None:
    """Regression 19, quirk F12: wishes from before the connection and all of them after a cut are live, proven by answers."""

    async def scenario(w: World) -> None:
        w.want("005930", "000660")
        up = await w.next_event(FeedEvent.UP)
        assert up.symbols == ("005930", "000660")
        (link,) = w.broker.links
        assert link.requests == ["+user01", "+005930", "+000660"]
        await link.trades(trade("005930", 100), trade("000660", 50))
        await link.fill()
        first, second, fill = [await w.next_record() for _ in range(3)]
        assert (first.symbol, first.price, second.symbol) == ("005930", 71_500, "000660")
        assert isinstance(fill, Notice)
        assert (fill.is_fill, fill.quantity, fill.price) == (True, 10, 71_900)
        w.pass_seconds(2)
        link.drop()
        down = await w.next_event(FeedEvent.DOWN)
        assert set(down.symbols) == {"005930", "000660"}
        assert not w.feed.hub.is_fed("005930")
        await w.pause_of(1.0)
        assert len(w.broker.links) == 1
        w.pass_seconds(1)
        assert (await w.next_event(FeedEvent.UP)).symbols == ("005930", "000660")
        assert w.broker.links[1].requests == ["+user01", "+005930", "+000660"]
        await w.broker.links[1].fill()
        assert isinstance(await w.next_record(), Notice)
        assert {(gap.symbol, gap.reason) for gap in w.feed.hub.gaps()} == {
            ("005930", GapReason.CONNECTION),
            ("000660", GapReason.CONNECTION),
        }
        assert all((gap.end or 0) - gap.start == 3 * SECOND for gap in w.feed.hub.gaps())

    play(scenario)


def test_a_clean_close_is_followed_by_a_pause_each_time() -> None:
    """Regression 19: a broker that closes at once meets one connection after 1, 2, 4 and 8 seconds, never a loop."""

    async def scenario(w: World) -> None:
        w.broker.closes_at_once = True
        w.want("005930")
        for number, pause in enumerate([1.0, 2.0, 4.0, 8.0]):
            await w.pause_of(pause)
            assert len(w.broker.links) == number + 1
            w.pass_seconds(pause)
        await w.pause_of(16.0)
        w.broker.closes_at_once = False
        w.pass_seconds(16)
        await w.next_event(FeedEvent.UP)

    play(scenario)


def test_a_connection_that_is_open_and_silent_is_told_and_replaced() -> None:
    """Regression 23: an alarm within 11 s of market time where no call is asked, a new connection after half a minute of silence."""

    async def scenario(w: World) -> None:
        symbols = [f"{n:06d}" for n in range(20)]
        w.want(*symbols)
        await w.next_event(FeedEvent.UP)
        for second in range(5):
            w.pass_seconds(1)
            await w.broker.links[0].trades(*(trade(symbol, 10 * second + 10) for symbol in symbols))
            for _ in symbols:
                await w.next_record()
        silent_since = w.now
        silent = None
        for _ in range(12):
            w.pass_seconds(1)
            await judged(w)
            silent = silent or next((m for m in taken(w) if m.event is FeedEvent.SILENT), None)
            if silent is not None:
                break
        assert silent is not None
        assert set(silent.symbols) == set(symbols)
        assert w.now - silent_since <= 11 * SECOND
        while w.now - silent_since <= 32 * SECOND:
            w.pass_seconds(1)
            await judged(w)
        down = await w.next_event(FeedEvent.DOWN)
        assert down.detail.startswith("silent")
        await w.pause_of(1.0)
        w.pass_seconds(1)
        assert set((await w.next_event(FeedEvent.UP)).symbols) == set(symbols)
        assert len(w.broker.links) == 2

    play(scenario)


async def judged(w: World) -> None:
    """Wait until the feed has looked at the second that just began."""
    while not any(at > w.now for at, _, waking in w.sleeping if not waking.done()):
        w.went_to_sleep.clear()
        await w.went_to_sleep.wait()


def taken(w: World) -> list[Told]:
    found = []
    while (message := w.feed.hub.take()) is not None:
        if isinstance(message, Told):
            found.append(message)
    return found


def test_the_ghost_of_the_last_session_is_waited_for() -> None:
    """Quirk F1: ALREADY IN USE appkey, twice; then the key is free."""

    async def scenario(w: World) -> None:
        w.broker.ghosts = 2
        w.want("005930")
        down = await w.next_event(FeedEvent.DOWN)
        assert "app key in use" in down.detail
        await w.pause_of(15.0)
        w.pass_seconds(15)
        await w.pause_of(30.0)
        w.pass_seconds(30)
        await w.next_event(FeedEvent.UP)
        assert len(w.broker.links) == 3

    play(scenario)


def test_the_forty_second_registration_is_refused_and_planned_without() -> None:
    """Quirk F2: a broker that takes fewer than it says; what does not fit is named and not asked for again."""

    async def scenario(w: World) -> None:
        w.broker.limit = 40
        w.want(*(f"{n:06d}" for n in range(45)))
        full = await w.next_event(FeedEvent.FULL)
        assert full.detail.startswith("40 ")
        await w.next_event(FeedEvent.UP)
        assert len(w.broker.links[0].registered) == 40
        assert len(w.feed.hub.allotment.unwatched) == 45 - 39
        assert len(w.broker.links[0].requests) <= 41

    play(scenario, limit=41)


def test_answers_that_come_twice_do_no_harm() -> None:
    """Each answer is counted once."""

    async def scenario(w: World) -> None:
        w.broker.answers_each = 2
        w.want(*(f"{n:06d}" for n in range(12)))
        await w.next_event(FeedEvent.UP)
        assert w.feed.hub.status()[0].proven == 13
        assert len(w.broker.links[0].requests) == 13
        w.want("000001")
        await w.broker.until(lambda: len(w.broker.links[0].registered) == 2)

    play(scenario)


def test_records_of_a_wrong_width_are_dropped_and_the_next_are_read() -> None:
    """What is cut off is counted; what is wider than we know is read by its first fields (quirk F7)."""

    async def scenario(w: World) -> None:
        w.want("005930")
        await w.next_event(FeedEvent.UP)
        (link,) = w.broker.links
        await link.socket.send(f"0|{TRADES}|004|{trade('005930', 10)}^{trade('005930', 20)[:40]}")
        await link.trades(trade("005930", 30) + "^new^fields")
        found = await w.next_record()
        assert isinstance(found, TradeRecord)
        assert found.day_volume == 30
        assert w.feed.hub.counts.unreadable == 1

    play(scenario)


def test_pingpong_comes_back_unchanged() -> None:
    """Quirk F13."""

    async def scenario(w: World) -> None:
        w.want("005930")
        await w.next_event(FeedEvent.UP)
        (link,) = w.broker.links
        ping = Ping.at("20260922100512").text
        await link.socket.send(ping)
        await w.broker.until(lambda: bool(link.pongs))
        assert link.pongs == [ping]

    play(scenario)


def test_an_approval_key_that_has_expired_is_replaced_on_the_same_connection() -> None:
    """The broker checks it with each registration."""

    async def scenario(w: World) -> None:
        w.approval_keys = ["old", "key-1"]
        w.want("005930")
        await w.next_event(FeedEvent.UP)
        assert w.renewals == [False, True]
        assert len(w.broker.links) == 1

    play(scenario)


def test_refused_credentials_are_told_and_tried_again_after_ten_minutes() -> None:
    """A person is needed; nothing loops meanwhile."""

    async def scenario(w: World) -> None:
        w.approval_keys = [""]
        w.want("005930")
        down = await w.next_event(FeedEvent.DOWN)
        assert "credentials" in down.detail
        assert w.feed.hub.allotment.unwatched == ("005930",)
        await w.pause_of(600.0)
        w.approval_keys = ["key-1"]
        w.pass_seconds(600)
        await w.next_event(FeedEvent.UP)

    play(scenario)


def test_a_broker_that_nobody_reaches_is_tried_again() -> None:
    """No connection is a pause like any other."""

    async def scenario(w: World) -> None:
        w.want("005930")
        down = await w.next_event(FeedEvent.DOWN)
        assert "unreachable" in down.detail
        await w.pause_of(1.0)
        w.pass_seconds(1)
        await w.pause_of(2.0)

    play(scenario, url="ws://127.0.0.1:9")


def test_two_app_keys_share_the_symbols_and_one_has_the_notices() -> None:
    """Forty places each."""

    async def scenario(w: World) -> None:
        w.want(*(f"{n:06d}" for n in range(60)))
        await w.next_event(FeedEvent.UP)
        await w.next_event(FeedEvent.UP)
        registered = [link.registered for link in w.broker.links]
        assert sorted(map(len, registered)) == [30, 31]
        assert len(registered[0].keys() & registered[1].keys()) == 0
        assert sum((NOTICES, "user01") in one for one in registered) == 1

    play(scenario, lines=2)


def test_stopping_closes_the_sockets_cleanly() -> None:
    """A socket that is only dropped leaves a ghost that blocks the next start (quirk F1)."""

    async def main() -> None:
        async with world() as w:
            w.want("005930")
            await w.next_event(FeedEvent.UP)
        assert await w.broker.links[0].closed == 1000

    asyncio.run(main())


@pytest.mark.parametrize("limit", [0, 42])
def test_a_line_with_an_impossible_number_of_registrations_is_refused(limit: int) -> None:
    """The broker takes 41."""

    async def approval(*, renew: bool) -> str:
        return "key-1"

    with pytest.raises(ValueError, match="1 to 41"):
        Line("main", "ws://127.0.0.1:9", approval, limit=limit)
