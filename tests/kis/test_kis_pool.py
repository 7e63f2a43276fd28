"""Several app keys are one pool: over real sockets, with more symbols than one session holds, and with a session that is lost.

What the stream does not bring is asked for by calls.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from fractions import Fraction
from pathlib import Path

from kats_core.config import read_settings
from kats_core.kis.broker import KisBroker
from kats_core.kis.client import open_client
from kats_core.kis.listening import Listener
from kats_core.kis.plugin import KisParams, build_broker
from kats_core.kis.polling import DayVolumes, Seen, Turns, prices_of
from kats_core.kis.settings import keys_of, pool_of
from kats_core.kis.source import KisSource
from kats_core.kis.stream.feed import open_socket
from kats_core.kis.stream.session import Surroundings
from kats_core.market.source import Interruptions, MarketMessage, SoFar, StaticReference, StatusFeed, Want
from kats_core.model import time
from kats_core.model.bar import Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify, Send
from kats_core.model.event import BrokerEvent, Fetched, OrderFilled, StateOrdered
from kats_core.model.kinds import OrderState, OrderType, Purpose, Scope, Side
from kats_core.model.order import Order
from kats_core.orders.broker import BrokerAccount
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.keys import Env
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start
from kats_core.sources.sample import SampleParams
from kats_core.sources.sample import build as sample

DAY = dt.date(2026, 11, 27)
PATIENCE_S = 120.0
NOTICES, TRADES = "H0STCNI0", "H0STCNT0"
WRONG = "w" * 180
ALONE = {"KIS_APP_KEY_2": "", "KIS_APP_SECRET_2": ""}


async def hurried(seconds: float) -> None:
    """Wait no longer than it takes to let others go on."""
    await asyncio.sleep(min(seconds, 0.02))


class Pool:
    """What the listener of two app keys hears, and the broker beside it."""

    def __init__(self, sim: Simulator, home: Path, **changes: str) -> None:
        main, _, other, _ = sim.clients
        environment = {
            "KIS_APP_KEY": main.app_key,
            "KIS_APP_SECRET": main.app_secret,
            "KIS_APP_KEY_2": other.app_key,
            "KIS_APP_SECRET_2": other.app_secret,
            "KIS_ACCOUNT_NO": main.account,
            "KIS_HTS_ID": main.hts_id,
            "KIS_REST_URL": sim.rest_url,
            "KIS_WS_URL": sim.ws_url,
        }
        self.sim = sim
        self.symbols = [one.symbol for one in sim.market.instruments()]
        keys, *more = pool_of(read_settings(environment | changes, home).settings, account=True)
        around = Surroundings(clock=sim.clock.now, sleep=hurried, connect=open_socket, spacing_s=0.0)
        self.listener = Listener(keys, home, more, around)
        source = KisSource(sample(SampleParams()), self.listener)
        account = BrokerAccount(capital=1, commission=Fraction(0), scope=Scope.RAW, source=source)
        broker = build_broker(KisParams(), account)
        assert isinstance(broker, KisBroker)
        self.broker = broker
        self.printed: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.trades: dict[str, list[Trade]] = {}
        self.notes: list[Notify] = []
        self.fed: dict[str, bool] = {}
        self.references: dict[str, list[int]] = {}
        self.lists: list[Interruptions] = []
        self.told: list[BrokerEvent | Fetched | StateOrdered] = []
        sim.market.listeners.append(self._note)

    def _note(self, event: object) -> None:
        if isinstance(event, Printed) and event.symbol in self.symbols:
            self.printed[event.symbol] += 1

    def hear(self, message: MarketMessage) -> None:
        if isinstance(message, Trade):
            self.heard[message.symbol] += 1
            self.trades.setdefault(message.symbol, []).append(message)
        elif isinstance(message, Notify):
            self.notes.append(message)
        elif isinstance(message, StatusFeed):
            self.fed[message.symbol] = message.is_fed
        elif isinstance(message, StaticReference):
            self.references.setdefault(message.symbol, []).append(message.price)
        elif isinstance(message, Interruptions):
            self.lists.append(message)

    def is_told(self, symbol: str) -> bool:
        """Whether what was heard last of a symbol is where its day stands."""
        quote = self.sim.market.quote(symbol)
        volume = 0 if quote is None else quote.volume
        return not volume or (symbol in self.trades and self.trades[symbol][-1].day_volume == volume)

    def lines(self) -> dict[str, set[tuple[str, str]]]:
        """What the broker has registered, by the app key's place in the pool."""
        names = {one.app_key: f"key {n}" for n, one in enumerate(self.sim.clients[::2], 1)}
        return {
            names[one.owner.app_key]: set(one.registered)
            for one in self.sim._stream.connections
            if one.owner is not None and not one.is_closing
        }

    def traded_on(self, key: str) -> set[str]:
        return {symbol for stream, symbol in self.lines().get(key, set()) if stream == TRADES}

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            await asyncio.sleep(0.01)

    async def all_proven(self) -> None:
        await self.until(lambda: self.listener.is_settled and len(self.lines()) == 2)

    def told_of(self, code: CoreCode) -> list[dict[str, object]]:
        return [dict(note.detail) for note in self.notes if note.code == str(code)]


@asynccontextmanager
async def pool(home: Path, **changes: str) -> AsyncIterator[Pool]:
    config = SimulatorConfig(
        start=session_start(DAY, dt.time(10, 0)), speed=0, keys=2, pace=Pace(prod=None, vps=None, token_every=0.0)
    )
    async with asyncio.timeout(PATIENCE_S), Simulator(config) as sim:
        made = Pool(sim, home, **changes)
        made.listener.want([Want(symbol) for symbol in made.symbols])
        tasks = [
            asyncio.create_task(made.listener.listen(made.hear)),
            asyncio.create_task(made.broker.serve(made.told.append, lambda _: True)),
        ]
        try:
            yield made
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def play(home: Path, scenario: Callable[[Pool], Awaitable[None]], **changes: str) -> None:
    async def main() -> None:
        async with pool(home, **changes) as made:
            await scenario(made)

    asyncio.run(main())


def buy(symbol: str, quantity: int, limit: int) -> Send:
    order = Order(
        order_id=1,
        signal_id="",
        instance="one",
        symbol=symbol,
        slot=0,
        purpose=Purpose.ENTRY,
        side=Side.BUY,
        order_type=OrderType.LIMIT,
        quantity=quantity,
        limit=limit,
        state=OrderState.CREATED,
        created_at=0,
    )
    return Send(0, order)


def symbols_of(detail: object) -> set[str]:
    return set(str(detail).split(", "))


def test_two_sessions_hear_what_one_cannot_hold(tmp_path: Path) -> None:
    """Each symbol once, on either; not one registration more than 41 on a session; notices and index on one of them."""

    async def scenario(p: Pool) -> None:
        await p.all_proven()
        first, second = p.traded_on("key 1"), p.traded_on("key 2")
        assert len(p.symbols) > 41
        assert first | second == set(p.symbols)
        assert not first & second
        assert all(len(registered) <= 41 for registered in p.lines().values())
        assert {name for name, own in p.lines().items() if any(stream == NOTICES for stream, _ in own)} == {"key 1"}
        for _ in range(30):
            p.sim.step(1)
        await p.until(lambda: p.heard.total() == p.printed.total())
        assert p.heard == p.printed
        assert any(p.heard[symbol] for symbol in first)
        assert any(p.heard[symbol] for symbol in second)

    play(tmp_path, scenario)


def test_one_session_is_lost_while_the_other_lives(tmp_path: Path) -> None:
    """Its symbols are named, the others are heard all the while, and it comes back with every registration proven."""

    async def scenario(p: Pool) -> None:
        await p.all_proven()
        first, second = p.traded_on("key 1"), p.traded_on("key 2")
        (lost,) = (one for one in p.sim._stream.connections if one.owner is p.sim.clients[2])
        lost.abort()
        await p.until(lambda: bool(p.told_of(CoreCode.FEED_DOWN)))
        (down,) = p.told_of(CoreCode.FEED_DOWN)
        assert down["line"] == "KIS_APP_KEY_2"
        assert symbols_of(down["symbols"]) == second
        p.heard.clear()
        p.printed.clear()
        p.sim.step(20)
        await p.until(lambda: all(p.heard[symbol] == p.printed[symbol] for symbol in first))
        assert any(p.heard[symbol] for symbol in first)
        await p.all_proven()
        assert p.traded_on("key 1") == first
        assert p.traded_on("key 2") == second
        p.heard.clear()
        p.printed.clear()
        p.sim.step(20)
        await p.until(lambda: p.heard.total() == p.printed.total())
        assert any(p.heard[symbol] for symbol in second)

    play(tmp_path, scenario)


def test_orders_and_their_fills_go_by_the_main_key(tmp_path: Path) -> None:
    """The other account of the same user has no part in it, and of the other key no token was asked for."""

    async def scenario(p: Pool) -> None:
        await p.all_proven()
        symbol = min(p.traded_on("key 2"))
        p.sim.step(5)
        board = p.sim.market.board(symbol)
        assert board is not None
        p.broker.send(buy(symbol, 3, board.displayed(Side.SELL)[0].price))
        await p.until(lambda: any(isinstance(one, OrderFilled) for one in p.told))
        main, _, other, _ = (p.sim.account_of(keys) for keys in p.sim.clients)
        assert main.holdings[symbol].quantity == 3
        assert not other.holdings
        assert len(list((tmp_path / "kis").glob("token-*.json"))) == 1

    play(tmp_path, scenario)


def test_a_further_key_that_the_broker_does_not_take_leaves_the_main_one_at_work(tmp_path: Path) -> None:
    """It is named, and the main session carries what fits into it."""

    async def scenario(p: Pool) -> None:
        await p.until(lambda: bool(p.told_of(CoreCode.FEED_DOWN)))
        (down,) = p.told_of(CoreCode.FEED_DOWN)
        assert down["line"] == "KIS_APP_KEY_2"
        assert "EGW00105" in str(down["text"])
        assert WRONG not in str(p.notes)
        await p.until(lambda: len(p.traded_on("key 1")) == 40 - len(["index", "notices"]))
        p.sim.step(5)
        await p.until(lambda: all(p.heard[symbol] == p.printed[symbol] for symbol in p.traded_on("key 1")))
        assert p.heard.total()

    play(tmp_path, scenario, KIS_APP_SECRET_2=WRONG)


def test_a_list_of_interruptions_that_does_not_come_keeps_nobody_from_his_place(tmp_path: Path) -> None:
    """While its answer is waited for, a symbol that is held from now on gets book and status, and that is said."""

    async def scenario(p: Pool) -> None:
        held = p.symbols[-1]
        await p.until(lambda: p.listener.is_settled)
        p.sim.faults.add([Fault(kind=FaultKind.TIMEOUT_BEFORE, where="inquire_vi_status")])
        p.sim.step(61)
        await p.until(lambda: bool(p.sim.faults.listed()[0][1]))
        p.listener.want([Want(held, is_busy=True)])
        async with asyncio.timeout(10):
            await p.until(lambda: p.fed.get(held, False))
        assert p.fed[held]
        assert held in p.traded_on("key 1")

    play(tmp_path, scenario, **ALONE)


def test_who_finds_no_place_is_asked_for(tmp_path: Path) -> None:
    """Every ten seconds of the exchange's time, where his day stands; what was traded in between is one trade."""

    async def scenario(p: Pool) -> None:
        await p.until(lambda: p.listener.is_settled and len(p.lines()) == 1)
        left_out = set(p.symbols) - p.traded_on("key 1")
        assert len(left_out) == len(p.symbols) - 38
        for _ in range(4):
            p.sim.step(10)
            await p.until(lambda: all(map(p.is_told, left_out)))
        several = [own for symbol, own in p.trades.items() if symbol in left_out and len(own) > 1]
        assert several
        for own in several:
            assert own[0].quantity == 1
            assert sum(trade.quantity for trade in own[1:]) == own[-1].day_volume - own[0].day_volume

    play(tmp_path, scenario, **ALONE)


def test_an_interruption_is_looked_up_when_it_is_told_and_soon_again_when_its_end_is_late(tmp_path: Path) -> None:
    """`spec/market.md` 7.2 and 7.3: once after each message, every 60 s, and every 5 s from 180 s after a start."""

    async def scenario(p: Pool) -> None:
        held = "990010"
        p.listener.want([Want(held, is_busy=True)])
        await p.until(lambda: p.fed.get(held, False) and p.listener.is_settled)

        async def reads(seconds: int) -> int:
            before = len(p.lists)
            for _ in range(seconds):
                p.sim.step(1)
                for _ in range(3):
                    await asyncio.sleep(0.02)
                await p.until(lambda: p.listener.is_settled)
            return len(p.lists) - before

        await reads(3)
        assert await reads(10) <= 1
        p.sim.market.interrupt(held)
        assert await reads(3) >= 1
        assert any(row.symbol == held and row.ended is None for row in p.lists[-1].rows)
        p.listener._known.since[held] -= 185 * time.SECOND
        p.listener._known.list_due = 0
        assert 4 <= await reads(25) <= 8

    play(tmp_path, scenario, **ALONE)


def test_what_a_static_interruption_is_measured_from_comes_with_the_trades(tmp_path: Path) -> None:
    """The exchange's own field, told when it changes and not with each trade."""

    async def scenario(p: Pool) -> None:
        symbol = "990010"
        p.listener.want([Want(symbol, is_busy=True)])
        await p.until(lambda: p.listener.is_settled and p.traded_on("key 1") == {symbol})
        board = p.sim.market.board(symbol)
        assert board is not None
        board.reference = 54_321
        p.sim.step(30)
        await p.until(lambda: p.is_told(symbol))
        assert p.references[symbol] == [54_321]
        board.reference = 60_000
        p.sim.step(30)
        await p.until(lambda: p.is_told(symbol))
        assert p.references[symbol] == [54_321, 60_000]

    play(tmp_path, scenario, **ALONE)


def test_what_is_held_is_asked_for_while_the_stream_is_down(tmp_path: Path) -> None:
    """Its stop needs a price; the others wait for the stream. Back again, nothing is told twice."""

    async def scenario(p: Pool) -> None:
        held, free = "990010", "990020"  # the largest trade every few seconds
        p.listener.want([Want(held, is_busy=True), Want(free)])
        await p.until(lambda: p.listener.is_settled and p.traded_on("key 1") == {held, free})
        p.sim.step(20)
        await p.until(lambda: p.is_told(held) and p.is_told(free))
        p.sim.faults.add([Fault(kind=FaultKind.GHOST, where=Env.PROD, times=1)])
        (connection,) = p.sim._stream.connections
        connection.abort()
        await p.until(lambda: bool(p.told_of(CoreCode.FEED_DOWN)))
        before = p.heard[free]
        p.sim.step(20)
        await p.until(lambda: p.is_told(held))
        assert p.heard[free] == before
        p.sim.gateway_clock.ahead += 90
        await p.until(lambda: p.listener.is_settled and p.traded_on("key 1") == {held, free})
        p.sim.step(20)
        await p.until(lambda: p.is_told(held) and p.is_told(free))
        for symbol in (held, free):
            volumes = [trade.day_volume for trade in p.trades[symbol]]
            assert volumes == sorted(set(volumes))

    play(tmp_path, scenario, **ALONE)


def test_a_second_session_is_told_what_the_first_was(tmp_path: Path) -> None:
    """Joined late, both hear of what the day has brought before them, and whose status is proven to come."""

    async def heard_of(p: Pool, symbol: str) -> tuple[list[SoFar], list[StatusFeed]]:
        before: list[SoFar] = []
        fed: list[StatusFeed] = []

        def hear(message: MarketMessage) -> None:
            if isinstance(message, SoFar) and message.symbol == symbol:
                before.append(message)
            elif isinstance(message, StatusFeed) and message.symbol == symbol:
                fed.append(message)

        listening = asyncio.create_task(p.listener.listen(hear))
        while not (before and fed):
            if p.listener.is_settled:
                p.sim.step(1)
            await asyncio.sleep(0.02)
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        return before, fed

    async def main() -> None:
        start = session_start(DAY, dt.time(10, 0))
        config = SimulatorConfig(start=start, speed=0, keys=2, pace=Pace(prod=None, vps=None, token_every=0.0))
        async with asyncio.timeout(PATIENCE_S), Simulator(config) as sim:
            p = Pool(sim, tmp_path, **ALONE)
            held = p.symbols[0]
            p.listener.want([Want(held, is_busy=True)])
            for _ in range(2):
                before, fed = await heard_of(p, held)
                assert len(before) == 1
                assert [one.is_fed for one in fed] == [True]

    asyncio.run(main())


def test_each_of_several_comes_to_its_turn_however_they_change() -> None:
    """On the mock server one symbol is asked about at a time: one that is suspected for long holds up no other."""
    turns = Turns()
    assert [turns.next(["a", "c", "b"]) for _ in range(4)] == [("a",), ("b",), ("c",), ("a",)]
    assert [turns.next(["c", "a"]), turns.next([]), turns.next(["c", "a"])] == [("c",), (), ("a",)]


def test_a_poll_and_the_stream_tell_nothing_twice() -> None:
    """The day's volume decides what is new; before a first look nobody knows what was traded in this minute."""
    volumes = DayVolumes()
    first = volumes.trade(Seen("005930", 71_900, 1_000, 71_900_000), 5)
    assert first == Trade("005930", 5, 71_900, 1, None, 1_000, 71_900_000)
    assert volumes.trade(Seen("005930", 71_900, 1_000, 71_900_000), 6) is None
    assert not volumes.is_new(Trade("005930", 7, 71_900, 10, None, 990, 71_181_000))
    assert volumes.is_new(Trade("005930", 8, 72_000, 10, None, 1_010, 72_620_000))
    again = volumes.trade(Seen("005930", 72_100, 1_050, 75_504_000), 9)
    assert again is not None
    assert (again.quantity, again.price) == (40, 72_100)


def test_a_volume_that_cannot_be_ends_neither_the_stream_nor_the_polls() -> None:
    """A broken record is left out by its price later on; what comes behind it still counts."""
    volumes = DayVolumes()
    assert volumes.is_new(Trade("005930", 5, 43_000, 10, None, 10**12, 10**15))
    assert volumes.is_new(Trade("005930", 6, 71_900, 10, None, 1_010, 72_620_000))
    assert volumes.trade(Seen("005930", 71_900, 1_020, 73_339_000), 7) is not None


def test_the_mock_server_is_asked_symbol_by_symbol(tmp_path: Path) -> None:
    """It has no service for several. One of which it tells nothing keeps no other from its stop."""

    async def go() -> None:
        config = SimulatorConfig(start=session_start(DAY, dt.time(10)), speed=0, pace=Pace(vps=None, token_every=0.0))
        async with Simulator(config) as sim:
            own = sim.vps
            environment = {
                "KIS_ENV": "vps",
                "KIS_APP_KEY": own.app_key,
                "KIS_APP_SECRET": own.app_secret,
                "KIS_REST_URL": sim.rest_url,
                "KIS_CALLS_PER_SECOND": "18",
            }
            keys = keys_of(read_settings(environment, tmp_path).settings)
            symbols = [one.symbol for one in sim.market.instruments()][:2]
            for symbol in symbols:
                sim.market.activate(symbol)
            sim.step(60)
            async with open_client(keys, tmp_path) as client:
                found = [seen async for seen in prices_of(client, ["999999", *symbols])]
            quotes = [quote for symbol in symbols if (quote := sim.market.quote(symbol)) is not None and quote.volume]
            assert found == [
                Seen(one.instrument.symbol, one.last, one.volume, one.value, one.open, one.high, one.low)
                for one in quotes
            ]
            assert found

    asyncio.run(go())
