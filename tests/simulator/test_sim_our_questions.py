"""Every question that our own client can ask, asked of the simulator in the middle of a session: each answer can be read."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import SecretStr

from kats_core.kis.client import Accepted, Client, open_client
from kats_core.kis.limiter import Lane
from kats_core.kis.settings import Keys
from kats_core.kis.wire.account import AskBalance
from kats_core.kis.wire.orders import Account, AskOrders, PlaceOrder
from kats_core.kis.wire.quotes import AskPrice
from kats_core.kis.wire.rest import Ask
from kats_core.market.phases import BoardOrder
from kats_core.model.kinds import Side
from kats_core.simulator.gateway import Pace
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)
SYMBOL = "990030"
ROOMS = ("account", "quotes", "info", "finance", "orders")
NOT_ASKED = {"PlaceOrder", "ChangeOrder"}
"""Orders have tests of their own."""


def every(kind: type[Any]) -> Iterator[type[Any]]:
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


def questions() -> list[type[Any]]:
    for room in ROOMS:
        importlib.import_module(f"kats_core.kis.wire.{room}")
    # Other tests have questions of their own; what has parameters is a shape of questions and none itself.
    asked = [one for one in every(Ask) if one.__module__.startswith("kats_core.") and not one.__parameters__]
    return [one for one in asked if one.__name__ not in NOT_ASKED]


def filled_in(kind: type[Any], account: Account) -> Any:
    """Return a question about the sample market, whatever it has to name."""
    known = {
        "account": account,
        "symbol": SYMBOL,
        "index": "0001",
        "start": dt.date(2026, 11, 2),
        "end": DAY,
        "session": dt.date(2026, 11, 26),
        "venues": ("J", "J", *[""] * 28),
        "symbols": (SYMBOL, "990010", *[""] * 28),
    }
    given = {}
    for field in msgspec.structs.fields(kind):
        if field.required:
            is_clock = field.name == "until" and "datetime.time" in str(field.type)
            given[field.name] = dt.time(10, 0) if is_clock else DAY if field.name == "until" else known[field.name]
    return kind(**given)


def keys(sim: Simulator) -> tuple[Keys, Account]:
    account = Account(sim.prod.account, sim.prod.product)
    own = Keys(
        env="prod",
        app_key=SecretStr(sim.prod.app_key),
        app_secret=SecretStr(sim.prod.app_secret),
        rest_url=sim.rest_url,
        stream_url=sim.ws_url,
        master_url=sim.master_url,
        account=account,
        hts_id=sim.prod.hts_id,
        calls_per_second=18.0,
    )
    return own, account


def simulator() -> Simulator:
    return Simulator(
        SimulatorConfig(
            start=session_start(DAY, dt.time(10, 0)), speed=0, pace=Pace(prod=None, vps=None, token_every=0.0),
            holdings={SYMBOL: (50, 100_000)},
        )
    )  # fmt: skip


@pytest.mark.slow
def test_each_question_has_an_answer_that_can_be_read(tmp_path: Path) -> None:
    """Nothing of a reply is missing or of another shape than our reader expects."""
    asked = questions()
    assert len(asked) > 15

    async def go() -> None:
        async with simulator() as sim:
            own, account = keys(sim)
            async with open_client(own, tmp_path) as client:
                for kind in asked:
                    await client.ask(filled_in(kind, account))

    asyncio.run(go())


def test_our_client_buys_and_finds_its_order_and_its_shares(tmp_path: Path) -> None:
    """The ack's number is the list's, the fill's price the book's, and the holding what was bought."""

    async def go() -> None:
        async with simulator() as sim:
            own, account = keys(sim)
            async with open_client(own, tmp_path) as client:
                await trade(client, sim, account)

    asyncio.run(go())


async def trade(client: Client, sim: Simulator, account: Account) -> None:
    board = sim.market.board(SYMBOL)
    assert board is not None
    best = board.displayed(Side.SELL)[0].price
    price = await client.ask(AskPrice(symbol=SYMBOL))
    assert price is not None
    order = PlaceOrder(account=account, side=Side.BUY, symbol=SYMBOL, division=BoardOrder.MARKET, quantity=1, price=0)
    outcome = await client.order(order, lane=Lane.ENTRY)
    assert isinstance(outcome, Accepted)
    orders = await client.ask(AskOrders(account=account, start=DAY, end=DAY))
    assert orders is not None
    row = orders.orders[0]
    assert (row.number, row.filled, int(row.average or 0)) == (outcome.answer.ack.number, 1, best)
    balance = await client.ask(AskBalance(account=account))
    assert balance is not None
    assert [(one.symbol, one.quantity) for one in balance.holdings] == [(SYMBOL, 51)]
