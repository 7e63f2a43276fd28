"""Several app keys are one pool: over real sockets, with more symbols than one session holds, and with a session that is lost."""

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
from kats_core.kis.listening import Listener
from kats_core.kis.plugin import KisParams, build_broker
from kats_core.kis.settings import pool_of
from kats_core.kis.source import KisSource
from kats_core.kis.stream.feed import open_socket
from kats_core.kis.stream.session import Surroundings
from kats_core.market.source import MarketMessage, Want
from kats_core.model.bar import Trade
from kats_core.model.codes import CoreCode
from kats_core.model.command import Notify, Send
from kats_core.model.event import BrokerEvent, Fetched, OrderFilled, StateOrdered
from kats_core.model.kinds import OrderState, OrderType, Purpose, Scope, Side
from kats_core.model.order import Order
from kats_core.orders.broker import BrokerAccount
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start
from kats_core.sources.sample import SampleParams
from kats_core.sources.sample import build as sample

DAY = dt.date(2026, 11, 27)
PATIENCE_S = 120.0
NOTICES, TRADES = "H0STCNI0", "H0STCNT0"
WRONG = "w" * 180


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
        around = Surroundings(clock=sim.clock.now, sleep=asyncio.sleep, connect=open_socket, spacing_s=0.0)
        self.listener = Listener(keys, home, more, around)
        source = KisSource(sample(SampleParams()), self.listener)
        account = BrokerAccount(capital=1, commission=Fraction(0), scope=Scope.RAW, source=source)
        broker = build_broker(KisParams(), account)
        assert isinstance(broker, KisBroker)
        self.broker = broker
        self.printed: Counter[str] = Counter()
        self.heard: Counter[str] = Counter()
        self.notes: list[Notify] = []
        self.told: list[BrokerEvent | Fetched | StateOrdered] = []
        sim.market.listeners.append(self._note)

    def _note(self, event: object) -> None:
        if isinstance(event, Printed) and event.symbol in self.symbols:
            self.printed[event.symbol] += 1

    def hear(self, message: MarketMessage) -> None:
        if isinstance(message, Trade):
            self.heard[message.symbol] += 1
        elif isinstance(message, Notify):
            self.notes.append(message)

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
