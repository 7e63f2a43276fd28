"""The feed against the simulator, over real sockets, in time that the test steps: what the exchange printed is what arrives."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from kats_core.kis.auth import Authority
from kats_core.kis.settings import Keys
from kats_core.kis.stream.backoff import BackoffTerms
from kats_core.kis.stream.budget import Need
from kats_core.kis.stream.feed import Feed, FeedTerms, Line, open_socket
from kats_core.kis.stream.gaps import GapReason
from kats_core.kis.stream.messages import FeedEvent, Told
from kats_core.kis.stream.session import Surroundings
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.stream.watchdog import continuous_trading
from kats_core.kis.transport import Transport
from kats_core.kis.wire.records import BookRecord, Notice, TradeRecord
from kats_core.market.calendar import krx_calendar
from kats_core.model.kinds import Side
from kats_core.model.time import SECOND
from kats_core.simulator.exchange.happenings import Printed
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.keys import Env
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)
TRADES, BOOKS = "H0STCNT0", "H0STASP0"
PATIENCE_S = 120.0
Print = tuple[str, int, int]


class House:
    """A feed and the broker it hangs on."""

    def __init__(self, sim: Simulator, authority: Authority, transport: Transport) -> None:
        self.sim, self.authority, self.transport = sim, authority, transport
        self.printed: list[Print] = []
        self.trades: list[TradeRecord] = []
        self.books: list[BookRecord] = []
        self.notices: list[Notice] = []
        self.told: list[Told] = []
        keys = sim.prod
        self.symbols = [one.symbol for one in sim.market.instruments()][:12]
        self.feed = Feed(
            [Line("main", sim.ws_url, self.approval, hts_id=keys.hts_id)],
            streams_of(is_mock=False),
            keys.account + keys.product,
            jitter=lambda: 0.5,
            terms=FeedTerms(
                backoff=BackoffTerms(first=SECOND // 100, longest=SECOND // 10, ghost=SECOND // 50),
                judge_every=3600 * SECOND,
            ),
            surroundings=Surroundings(clock=sim.clock.now, sleep=asyncio.sleep, connect=open_socket, spacing_s=0.0),
        )
        self.feed.hub.expect(continuous_trading(krx_calendar().hours(DAY)))
        sim.market.listeners.append(self._note)

    async def approval(self, *, renew: bool) -> str:
        return (await self.authority.approval_key(is_new=renew)).get_secret_value()

    def _note(self, event: object) -> None:
        if isinstance(event, Printed) and event.symbol in self.symbols:
            self.printed.append((event.symbol, event.price, event.quantity))

    def want(self, *, held: int = 2) -> None:
        needs = [Need(symbol=symbol, rank=rank, is_held=rank < held) for rank, symbol in enumerate(self.symbols)]
        self.feed.hub.want(needs, self.sim.clock.now(), indices=("0001",))

    async def read_until(self, is_enough: Callable[[], bool]) -> None:
        """Read messages until the test has seen what it waits for."""
        while not is_enough():
            message = await self.feed.next()
            if isinstance(message, Told):
                self.told.append(message)
            elif isinstance(message.record, TradeRecord):
                self.trades.append(message.record)
            elif isinstance(message.record, BookRecord):
                self.books.append(message.record)
            elif isinstance(message.record, Notice):
                self.notices.append(message.record)

    async def event(self, event: FeedEvent) -> Told:
        seen = len(self.told)
        await self.read_until(lambda: any(told.event is event for told in self.told[seen:]))
        return self.told[-1]

    async def buy(self, symbol: str, quantity: int, price: int) -> None:
        keys = self.sim.prod
        order = {
            "CANO": keys.account,
            "ACNT_PRDT_CD": keys.product,
            "PDNO": symbol,
            "ORD_DVSN": "00",
            "ORD_QTY": str(quantity),
            "ORD_UNPR": str(price),
        }
        headers = {
            "authorization": f"Bearer {(await self.authority.token()).get_secret_value()}",
            "appkey": keys.app_key,
            "appsecret": keys.app_secret,
            "tr_id": "TTTC0012U",
            "custtype": "P",
        }
        path = "/uapi/domestic-stock/v1/trading/order-cash"
        answer = await self.transport.send("POST", path, headers=headers, body=json.dumps(order).encode())
        assert json.loads(answer.body)["rt_cd"] == "0"

    async def settled(self) -> None:
        """Read until the broker has every registration, and the feed the proof of each."""
        while True:
            live = [one for one in self.sim._stream.connections if not one.is_closing]
            (line,) = self.feed.hub.status()
            await self.read_until(lambda: not self.feed.hub.backlog.waiting)
            is_proven = len(live) == 1 and 0 < len(live[0].registered) == line.proven == line.wanted
            if is_proven and not live[0].outbox:
                return
            await asyncio.sleep(0)

    def second(self) -> None:
        self.sim.step(1)
        self.feed.hub.judge(self.sim.clock.now())

    def fault(self, kind: FaultKind, where: str, **more: Any) -> None:
        self.sim.faults.add([Fault(kind=kind, where=where, **more)])

    @property
    def got(self) -> list[Print]:
        return [(trade.symbol, trade.price, trade.quantity) for trade in self.trades]


@asynccontextmanager
async def house(home: Path, **changes: Any) -> AsyncIterator[House]:
    config = SimulatorConfig(start=session_start(DAY, dt.time(10, 0)), speed=0, **changes)
    async with asyncio.timeout(PATIENCE_S), Simulator(config) as sim:
        keys = Keys(
            env="prod",
            app_key=SecretStr(sim.prod.app_key),
            app_secret=SecretStr(sim.prod.app_secret),
            rest_url=sim.rest_url,
            stream_url=sim.ws_url,
            master_url=sim.master_url,
            hts_id=sim.prod.hts_id,
        )
        async with Transport(sim.rest_url) as transport:
            made = House(sim, Authority(keys, home, transport), transport)
            running = asyncio.create_task(made.feed.run())
            try:
                yield made
            finally:
                made.feed.stop()
                await running


def play(home: Path, scenario: Callable[[House], Awaitable[None]], **changes: Any) -> None:
    async def main() -> None:
        async with house(home, **changes) as made:
            await scenario(made)

    asyncio.run(main())


def test_what_the_exchange_printed_is_what_arrives(tmp_path: Path) -> None:
    """Each trade of each symbol, once and in order; books of what is held; nothing repeated, nothing unreadable."""

    async def scenario(h: House) -> None:
        h.want()
        up = await h.event(FeedEvent.UP)
        assert set(up.symbols) == set(h.symbols)
        h.sim.step(60)
        assert len(h.printed) > 50
        await h.read_until(lambda: len(h.trades) >= len(h.printed))
        for symbol in h.symbols:
            assert [p for p in h.got if p[0] == symbol] == [p for p in h.printed if p[0] == symbol]
        assert {book.symbol for book in h.books} == set(h.symbols[:2])
        counts = h.feed.hub.counts
        assert (counts.repeated_trades, counts.unreadable) == (0, 0)
        assert not h.feed.hub.gaps()

    play(tmp_path, scenario)


def test_a_cut_in_the_middle_of_the_day_is_proven_over_and_reported(tmp_path: Path) -> None:
    """Regression 19 against the simulator: every registration again, the gap from the last message to the answer."""

    async def scenario(h: House) -> None:
        h.want()
        await h.event(FeedEvent.UP)
        h.sim.step(30)
        await h.read_until(lambda: len(h.trades) >= len(h.printed))
        h.fault(FaultKind.DISCONNECT, TRADES, times=1)
        h.sim.step(60)
        down = await h.event(FeedEvent.DOWN)
        assert set(down.symbols) == set(h.symbols)
        await h.event(FeedEvent.UP)
        assert len(h.feed.hub.gaps()) == len(h.symbols)
        assert {gap.reason for gap in h.feed.hub.gaps()} == {GapReason.CONNECTION}
        seen, printed = len(h.trades), len(h.printed)
        h.sim.step(60)
        await h.read_until(lambda: len(h.trades) - seen >= len(h.printed) - printed)
        assert sorted(h.got[seen:]) == sorted(h.printed[printed:])

    play(tmp_path, scenario)


def test_a_silent_feed_is_told_within_seconds_and_replaced(tmp_path: Path) -> None:
    """Regression 23 against the simulator: registered, confirmed, and every stream silent from now on."""

    async def scenario(h: House) -> None:
        h.want()
        await h.event(FeedEvent.UP)
        for _ in range(30):
            h.second()
            await h.read_until(lambda: len(h.trades) >= len(h.printed))
        h.told.clear()
        for stream in (TRADES, BOOKS, "H0UPCNT0"):
            h.fault(FaultKind.DROP, stream)
        since = h.sim.clock.now()
        while not h.told:
            h.second()
            while (message := h.feed.hub.take()) is not None:
                h.told += [message] if isinstance(message, Told) else []
        assert h.told[0].event is FeedEvent.SILENT
        assert h.sim.clock.now() - since <= 15 * SECOND
        h.sim.faults.clear()
        for _ in range(35):
            h.sim.clock.step_to(h.sim.clock.now() + SECOND)
            h.feed.hub.judge(h.sim.clock.now())
        down = await h.event(FeedEvent.DOWN)
        assert down.detail == "silent"
        await h.event(FeedEvent.UP)
        assert all(h.feed.hub.is_fed(symbol) for symbol in h.symbols)

    play(tmp_path, scenario)


def test_the_ghost_of_a_dropped_session_blocks_for_a_while_and_is_waited_for(tmp_path: Path) -> None:
    """Quirk F1: the app key is in use until the ghost dies."""

    async def scenario(h: House) -> None:
        h.want()
        await h.event(FeedEvent.UP)
        h.fault(FaultKind.GHOST, Env.PROD, times=1)
        h.fault(FaultKind.DISCONNECT, TRADES, times=1)
        h.sim.step(30)
        await h.read_until(lambda: any("app key in use" in told.detail for told in h.told))
        assert not any(h.feed.hub.is_fed(symbol) for symbol in h.symbols)
        h.sim.gateway_clock.ahead += 90
        await h.event(FeedEvent.UP)
        assert all(h.feed.hub.is_fed(symbol) for symbol in h.symbols)

    play(tmp_path, scenario)


def test_a_symbol_that_the_broker_forgets_is_registered_anew(tmp_path: Path) -> None:
    """Quirk F4: one stream is confirmed and silent, and heard again after it was given back and asked for anew."""

    async def scenario(h: House) -> None:
        h.want(held=0)
        await h.event(FeedEvent.UP)
        for _ in range(20):
            h.second()
            await h.read_until(lambda: len(h.trades) >= len(h.printed))
        lost = h.symbols[0]
        h.fault(FaultKind.SILENT, f"{TRADES}:{lost}", times=1)
        while not any(told.event is FeedEvent.SILENT and lost in told.symbols for told in h.told):
            h.second()
            await h.settled()
        assert not h.feed.hub.is_fed(lost)
        while not any(told.event is FeedEvent.HEARD and lost in told.symbols for told in h.told):
            h.second()
            await h.settled()
        assert h.feed.hub.is_fed(lost)
        assert [gap.reason for gap in h.feed.hub.gaps([lost])] == [GapReason.SILENCE]

    play(tmp_path, scenario)


def test_notices_of_our_account_come_opened_and_those_of_others_do_not(tmp_path: Path) -> None:
    """Quirks F8 and F9: an order at the exchange, its acceptance and its fill; a notice of another account before each."""

    async def scenario(h: House) -> None:
        h.want()
        await h.event(FeedEvent.UP)
        h.fault(FaultKind.FOREIGN, "H0STCNI0")
        h.sim.step(1)
        board = h.sim.market.board(h.symbols[0])
        assert board is not None
        price = board.displayed(Side.SELL)[0].price
        await h.buy(h.symbols[0], 1, price)
        await h.read_until(lambda: len(h.notices) == 2)
        assert [(n.is_fill, n.quantity) for n in h.notices] == [(False, 1), (True, 1)]
        assert h.notices[1].price == price
        assert h.feed.hub.counts.foreign_notices == 2

    play(tmp_path, scenario)


def test_fewer_registrations_than_planned(tmp_path: Path) -> None:
    """Quirk F2: the dearest keep their places, the others are named."""

    async def scenario(h: House) -> None:
        h.want(held=1)
        await h.event(FeedEvent.UP)
        assert h.feed.hub.status()[0].proven == 6
        assert h.feed.hub.allotment.unwatched == tuple(h.symbols[2:])

    play(tmp_path, scenario, most_registrations=6)


@pytest.mark.parametrize("seed", range(4))
def test_any_mixture_of_faults_ends_in_a_feed_that_is_proven_and_never_repeats(tmp_path: Path, seed: int) -> None:
    """Drops, repeats, disorder, wrong widths, cuts and lost answers by seed: volumes only rise, and all is live at the end."""

    async def scenario(h: House) -> None:
        dice = random.Random(seed)
        kinds = [
            FaultKind.DROP,
            FaultKind.DUPLICATE,
            FaultKind.REORDER,
            FaultKind.WRONG_WIDTH,
            FaultKind.DISCONNECT,
        ]
        for kind in dice.sample(kinds, 3):
            rate = 0.01 if kind is FaultKind.DISCONNECT else 0.2
            h.fault(kind, TRADES, rate=rate, seconds=0.0)
        h.fault(FaultKind.DUPLICATE, "ack", rate=0.3)
        h.want()
        await h.event(FeedEvent.UP)
        for _ in range(40):
            h.second()
            await asyncio.sleep(0)
        h.sim.faults.clear()
        await h.settled()
        printed = len(h.printed)
        h.sim.step(60)
        await h.read_until(lambda: set(h.printed[printed:]) <= set(h.got))
        for symbol in h.symbols:
            volumes = [trade.day_volume for trade in h.trades if trade.symbol == symbol]
            assert volumes == sorted(set(volumes))

    play(tmp_path, scenario, fault_seed=seed)
