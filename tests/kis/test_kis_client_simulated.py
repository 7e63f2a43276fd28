"""The client against the simulator over real sockets: whatever goes wrong on the way, an order lives once or not at all."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from kats_core.kis.auth import Authority
from kats_core.kis.client import Accepted, Client, NotSent, Outcome, Refused, Unknown
from kats_core.kis.errors import KisError
from kats_core.kis.limiter import Lane, Limiter
from kats_core.kis.pacer import Pacer
from kats_core.kis.settings import Keys
from kats_core.kis.transport import Transport
from kats_core.kis.wire.account import AskBalance
from kats_core.kis.wire.orders import Account, AskOrders, OrderAck, PlaceOrder
from kats_core.kis.wire.quotes import AskPrice
from kats_core.market.phases import BoardOrder
from kats_core.model.kinds import Side
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

SESSION = dt.date(2026, 11, 27)
NO_LIMITS = Pace(prod=None, vps=None, token_every=0.0)
SYMBOL = "990030"


async def no_sleep(seconds: float) -> None:
    await asyncio.sleep(0)


class Desk:
    """A client, its simulator, and what it has ordered. The clock of the client jumps, so that no token has to be waited for."""

    def __init__(self, simulator: Simulator, client: Client, account: Account) -> None:
        self.simulator, self.client, self.account = simulator, client, account
        self.price = 0

    async def prepare(self) -> None:
        """Learn a price at which an order rests."""
        found = await self.client.ask(AskPrice(symbol=SYMBOL))
        assert found is not None
        assert found.quote.lower_limit is not None
        self.price = found.quote.lower_limit

    async def buy(self, lane: Lane = Lane.ENTRY) -> Outcome[OrderAck]:
        """Send an order that nobody fills."""
        order = PlaceOrder(
            account=self.account,
            side=Side.BUY,
            symbol=SYMBOL,
            quantity=1,
            price=self.price,
            division=BoardOrder.LIMIT,
        )
        return await self.client.order(order, lane=lane)

    async def orders(self) -> list[str]:
        """Return the numbers of all orders of the day, asked for when nothing goes wrong any more."""
        self.simulator.faults.clear()
        question = AskOrders(account=self.account, start=SESSION, end=SESSION)
        return [row.number for page in await self.client.ask_all(question) for row in page.orders]


@asynccontextmanager
async def desk(home: Path, env: str = "prod", **changes: Any) -> AsyncIterator[Desk]:
    settings: dict[str, Any] = {"start": session_start(SESSION, dt.time(10)), "speed": 0, "pace": NO_LIMITS}
    async with Simulator(SimulatorConfig(**settings | changes)) as simulator:
        known = simulator.prod if env == "prod" else simulator.vps
        account = Account(number=known.account, product=known.product)
        keys = Keys(
            env="prod" if env == "prod" else "vps",
            app_key=SecretStr(known.app_key),
            app_secret=SecretStr(known.app_secret),
            rest_url=simulator.rest_url,
            stream_url=simulator.ws_url,
            master_url=simulator.master_url,
            account=account,
        )
        async with Transport(keys.rest_url, answer_s=1.0) as transport:
            authority = Authority(keys, home, transport)
            pacer = Pacer(Limiter(1_000, ceiling=2_000))
            found = Desk(simulator, Client(keys, transport, authority, pacer, sleep=no_sleep), account)
            await found.prepare()
            yield found


LOST = [
    Fault(kind=FaultKind.TIMEOUT_AFTER, where="*order-cash", seconds=3),
    Fault(kind=FaultKind.TIMEOUT_BEFORE, where="*order-cash", seconds=3),
    Fault(kind=FaultKind.ERROR_AFTER, where="*order-cash", code="EGW00302"),
    Fault(kind=FaultKind.ERROR, where="*order-cash", code="EGW00301"),
    Fault(kind=FaultKind.HTML, where="*order-cash", status=502),
    Fault(kind=FaultKind.RESET, where="*order-cash"),
    Fault(kind=FaultKind.MAINTENANCE, where="*order-cash"),
]


@pytest.mark.parametrize("env", ["prod", "vps"])
def test_an_order_is_taken_and_found_again(tmp_path: Path, env: str) -> None:
    """On either server, with the number that the broker gave it."""

    async def day() -> None:
        async with desk(tmp_path, env) as at:
            outcome = await at.buy()
            assert isinstance(outcome, Accepted)
            assert await at.orders() == [outcome.answer.ack.number]
            (page,) = await at.client.ask_all(AskBalance(account=at.account))
            assert page.cash is not None

    asyncio.run(day())


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: str(fault.kind))
def test_a_lost_answer_is_unknown_and_the_order_lives_at_most_once(tmp_path: Path, fault: Fault) -> None:
    """Accepted or not: it is never sent a second time."""

    async def day() -> None:
        async with desk(tmp_path) as at:
            at.simulator.faults.add([fault])
            outcome = await at.buy(Lane.EXIT)
            assert isinstance(outcome, Unknown)
            assert len(await at.orders()) == (fault.kind in (FaultKind.TIMEOUT_AFTER, FaultKind.ERROR_AFTER))

    asyncio.run(day())


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(kind=FaultKind.STALE_TOKEN, where="*order-cash", times=1)],
        [Fault(kind=FaultKind.ERROR, where="*order-cash", code="EGW00201", times=3)],
        [Fault(kind=FaultKind.ERROR, where="*order-cash", code="EGW00215", status=200, times=2)],
        [
            Fault(kind=FaultKind.ERROR, where="*order-cash", code="EGW00201", times=1),
            Fault(kind=FaultKind.STALE_TOKEN, where="*order-cash", times=1),
        ],
    ],
)
def test_a_refusal_of_the_gateway_lets_the_order_be_sent_again(tmp_path: Path, faults: Sequence[Fault]) -> None:
    """A token that is not taken, too many calls: refused before the desk, then taken, once."""

    async def day() -> None:
        async with desk(tmp_path) as at:
            _forget_the_minute(tmp_path)
            at.simulator.faults.add(faults)
            outcome = await at.buy()
            assert isinstance(outcome, Accepted)
            assert await at.orders() == [outcome.answer.ack.number]

    asyncio.run(day())


@pytest.mark.parametrize(
    "kind", [FaultKind.HTML, FaultKind.RESET, FaultKind.EMPTY, FaultKind.STALE_TOKEN, FaultKind.ERROR]
)
def test_a_question_gets_its_answer_in_spite_of_a_fault(tmp_path: Path, kind: FaultKind) -> None:
    """Asked again, and answered."""

    async def day() -> None:
        async with desk(tmp_path) as at:
            _forget_the_minute(tmp_path)
            at.simulator.faults.add([Fault(kind=kind, where="*inquire-price", times=1)])
            found = await at.client.ask(AskPrice(symbol=SYMBOL))
            assert found is not None
            assert found.quote.price > 0

    asyncio.run(day())


@pytest.mark.parametrize("seed", range(5))
def test_in_any_trouble_the_books_agree(tmp_path: Path, seed: int) -> None:
    """Twenty orders in random faults: what was accepted is there, what was refused or not sent is not, nothing is there twice."""

    async def day() -> None:
        async with desk(tmp_path, fault_seed=seed) as at:
            kinds = [*LOST, Fault(kind=FaultKind.ERROR, where="*order-cash", code="EGW00201")]
            faults = [
                msgspec.structs.replace(fault, rate=0.15) for fault in kinds if not fault.kind.startswith("timeout")
            ]
            at.simulator.faults.add(random.Random(seed).sample(faults, len(faults)))
            outcomes = [await at.buy() for _ in range(20)]
            there = await at.orders()
        accepted = [outcome.answer.ack.number for outcome in outcomes if isinstance(outcome, Accepted)]
        unknown = sum(isinstance(outcome, Unknown) for outcome in outcomes)
        assert len(there) == len(set(there))
        assert set(accepted) <= set(there)
        assert len(accepted) <= len(there) <= len(accepted) + unknown
        assert all(isinstance(outcome, Accepted | Unknown | Refused | NotSent) for outcome in outcomes)

    asyncio.run(day())


@pytest.mark.slow
def test_a_limit_below_the_usual_one_costs_time_and_no_answer(tmp_path: Path) -> None:
    """A new customer's: calls are refused at first, the client slows down, every question is answered."""

    async def day() -> None:
        async with desk(tmp_path, pace=Pace(prod=4, token_every=0.0)) as at:
            at.client._pacer = pacer = Pacer(Limiter(15, ceiling=18))
            question = AskPrice(symbol=SYMBOL)
            found = await asyncio.gather(*(at.client.ask(question, lane=Lane.HISTORY) for _ in range(8)))
            assert all(price is not None for price in found)
            assert pacer.rate < 15

    asyncio.run(day())


def test_a_wrong_account_is_told(tmp_path: Path) -> None:
    """Whose keys these are not."""

    async def day() -> None:
        async with desk(tmp_path) as at:
            with pytest.raises(KisError, match="KIS_ACCOUNT_NO"):
                await at.client.ask_all(AskBalance(account=Account(number="99999999", product="01")))

    asyncio.run(day())


def _forget_the_minute(home: Path) -> None:
    """Let a token be asked for at once, as if the last had been fetched an hour ago."""
    (path,) = (home / "kis").glob("token-*.json")
    kept = msgspec.json.decode(path.read_bytes())
    moved = dt.datetime.fromisoformat(kept["asked"]) - dt.timedelta(hours=1)
    path.write_bytes(msgspec.json.encode({**kept, "asked": moved.isoformat()}))
