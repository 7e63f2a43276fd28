"""The simulator's stream: registrations and their limits, signs of life, and each fault of messages and connections."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
import json
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
import websockets

from kats_core.kis.wire.stream import Ack, Frame, Ping, register, split, unregister
from kats_core.simulator.exchange.desk import Wish
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.gateway import Pace
from kats_core.simulator.keys import ClientKeys
from kats_core.simulator.server import Simulator, SimulatorConfig, session_start

DAY = dt.date(2026, 11, 27)
SYMBOL = "990030"
TRADES, BOOK, NOTICES = "H0STCNT0", "H0STASP0", "H0STCNI0"


connect = functools.partial(websockets.connect, max_queue=None)
"""A socket that reads on while nobody takes what it has read."""


def on_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Let a test run on an event loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def simulator(*faults: Fault, clock: str = "10:00", **changes: Any) -> Simulator:
    settings: dict[str, Any] = {
        "start": session_start(DAY, dt.time.fromisoformat(clock)),
        "speed": 0,
        "pace": Pace(prod=None, vps=None, token_every=0.0),
        "faults": faults,
    }
    return Simulator(SimulatorConfig(**(settings | changes)))


async def approval(sim: Simulator, keys: ClientKeys | None = None) -> str:
    keys = keys or sim.prod
    body = {"grant_type": "client_credentials", "appkey": keys.app_key, "secretkey": keys.app_secret}
    async with httpx.AsyncClient() as http:
        return str((await http.post(f"{sim.rest_url}/oauth2/Approval", json=body)).json()["approval_key"])


async def ask(socket: Any, text: str) -> Ack:
    await socket.send(text)
    while True:
        found = split(await asyncio.wait_for(socket.recv(), 60))
        if isinstance(found, Ack):
            return found


async def texts(sim: Simulator, socket: Any) -> list[str]:
    """Return what has been sent by now; the answer to a ping comes behind it."""
    found: list[str] = []
    try:
        await sim.flushed()
        await (await socket.ping())
        while True:
            found.append(str(await asyncio.wait_for(socket.recv(), 0.01)))
    except (TimeoutError, websockets.ConnectionClosed):
        return found


def records(found: list[str], stream: str = TRADES) -> list[dict[str, str]]:
    frames = [one for one in map(split, found) if isinstance(one, Frame) and one.stream == stream]
    return [record for frame in frames for record in frame.named()]


@on_loop
async def test_registrations_are_acknowledged_one_by_one_and_have_a_limit() -> None:
    """Success with the keys of the connection, a duplicate, the 42nd, an unknown one, and what was never registered."""
    async with simulator(most_registrations=3) as sim:
        key = await approval(sim)
        async with connect(f"{sim.ws_url}/tryitout/{TRADES}") as socket:
            done = await ask(socket, register(key, TRADES, SYMBOL))
            assert (done.code, done.is_encrypted, done.keys is not None) == ("OPSP0000", False, True)
            assert (await ask(socket, register(key, TRADES, SYMBOL))).code == "OPSP0002"
            assert (await ask(socket, register(key, "H0STXXX0", SYMBOL))).code == "OPSP8991"
            assert (await ask(socket, register(key, BOOK, SYMBOL))).code == "OPSP0000"
            notices = await ask(socket, register(key, NOTICES, sim.prod.hts_id))
            assert (notices.code, notices.is_encrypted, notices.keys) == ("OPSP0000", True, done.keys)
            assert (await ask(socket, register(key, TRADES, "990010"))).code == "OPSP0008"
            assert (await ask(socket, unregister(key, BOOK, SYMBOL))).code == "OPSP0001"
            assert (await ask(socket, unregister(key, BOOK, SYMBOL))).code == "OPSP0003"
            assert (await ask(socket, register(key, TRADES, "990010"))).code == "OPSP0000"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello", "OPSP9999"),
        ('{"body": {}}', "OPSP9998"),
        ('{"header": {}}', "OPSP9992"),
        ('{"header": {}, "body": {}}', "OPSP9991"),
        ('{"header": {"tr_type": "1"}, "body": {"input": {"tr_id": "H0STCNT0"}}}', "OPSP9990"),
        ('{"header": {"tr_type": "0"}, "body": {"input": {"tr_id": "H0STCNT0", "tr_key": "990030"}}}', "OPSP8997"),
        (
            '{"header": {"tr_type": "1", "appkey": "a"}, "body": {"input": {"tr_id": "H0STCNT0", "tr_key": "990030"}}}',
            "OPSP0011",
        ),
    ],
)
def test_what_is_wrong_with_a_message_is_said(text: str, code: str) -> None:
    """The socket stays open; a header with the app key instead of the approval key is one of the mistakes."""

    async def go() -> None:
        async with simulator() as sim, connect(sim.ws_url) as socket:
            assert (await ask(socket, text)).code == code

    asyncio.run(go())


@on_loop
async def test_a_wrong_hts_id_is_answered_without_saying_to_what() -> None:
    """The tr_id of the answer is the text (null)."""
    async with simulator() as sim, connect(sim.ws_url) as socket:
        await socket.send(register(await approval(sim), NOTICES, "nobody"))
        message = json.loads(await socket.recv())
        assert (message["header"]["tr_id"], message["body"]["msg_cd"], message["body"]["rt_cd"]) == (
            "(null)",
            "OPSP0017",
            "9",
        )


@on_loop
async def test_an_app_key_has_one_socket() -> None:
    """The second one is told so and closed; the other environment's key has one of its own."""
    async with simulator() as sim:
        key = await approval(sim)
        async with connect(sim.ws_url) as first, connect(sim.ws_url) as second:
            assert (await ask(first, register(key, TRADES, SYMBOL))).code == "OPSP0000"
            await second.send(register(key, TRADES, SYMBOL))
            assert json.loads(await second.recv())["body"]["msg_cd"] == "OPSP8996"
            with pytest.raises(websockets.ConnectionClosed):
                await asyncio.wait_for(second.recv(), 5)
            async with connect(sim.ws_url) as mock:
                done = await ask(mock, register(await approval(sim, sim.vps), "H0STCNI9", sim.vps.hts_id))
                assert done.code == "OPSP0000"


@on_loop
async def test_a_ghost_blocks_its_app_key_until_it_is_gone() -> None:
    """After a dropped connection the old session is in use for ninety seconds of the gateway's clock."""
    async with simulator(Fault(kind=FaultKind.GHOST, where="connection", seconds=90, times=1)) as sim:
        key = await approval(sim)
        async with connect(sim.ws_url) as socket:
            await ask(socket, register(key, TRADES, SYMBOL))
        async with connect(sim.ws_url) as socket:
            assert (await ask(socket, register(key, TRADES, SYMBOL))).code == "OPSP8996"
        sim.gateway_clock.ahead += 91
        async with connect(sim.ws_url) as socket:
            assert (await ask(socket, register(key, TRADES, SYMBOL))).code == "OPSP0000"


@on_loop
async def test_signs_of_life_come_and_need_no_particular_answer() -> None:
    """An echo, a pong or nothing: the connection goes on."""
    async with simulator(ping_every=0.05) as sim, connect(sim.ws_url) as socket:
        await ask(socket, register(await approval(sim), NOTICES, sim.prod.hts_id))
        ping = split(str(await asyncio.wait_for(socket.recv(), 60)))
        assert isinstance(ping, Ping)
        await socket.send(ping.text)
        assert isinstance(split(str(await asyncio.wait_for(socket.recv(), 60))), Ping)


@on_loop
async def test_what_is_not_listed_on_the_other_venue_is_registered_and_stays_silent() -> None:
    """An ack, and never a frame."""
    async with simulator() as sim, connect(sim.ws_url) as socket:
        key = await approval(sim)
        assert (await ask(socket, register(key, "H0UNCNT0", SYMBOL))).code == "OPSP0000"
        sim.step(60)
        assert await texts(sim, socket) == []


async def of_a_minute(*faults: Fault, stream: str = TRADES) -> tuple[list[str], list[str]]:
    """Return a minute's frames with faults and without."""
    found = []
    for several in (faults, ()):
        async with simulator(*several) as sim, connect(sim.ws_url) as socket:
            await socket.send(register(await approval(sim), stream, SYMBOL))
            sim_ack = split(str(await asyncio.wait_for(socket.recv(), 60)))
            assert isinstance(sim_ack, Ack)
            got: list[str] = []
            for _ in range(12):
                sim.step(5)
            got += await texts(sim, socket)
            found.append(got)
    return found[0], found[1]


def quantities(found: list[str]) -> list[str]:
    return [one["ACML_VOL"] for one in records(found)]


@on_loop
async def test_frames_are_dropped_doubled_and_swapped_on_request() -> None:
    """Accumulated volume tells which records came, how often and in which order."""
    dropped, whole = await of_a_minute(Fault(kind=FaultKind.DROP, where=TRADES, times=1, after=1))
    usual = quantities(whole)
    assert len(usual) >= 4
    assert quantities(dropped) == [usual[0], *usual[2:]]
    doubled, _ = await of_a_minute(Fault(kind=FaultKind.DUPLICATE, where=TRADES, times=1))
    assert quantities(doubled) == [usual[0], usual[0], *usual[1:]]
    swapped, _ = await of_a_minute(Fault(kind=FaultKind.REORDER, where=f"{TRADES}:{SYMBOL}", times=1))
    assert quantities(swapped) == [usual[1], usual[0], *usual[2:]]


@on_loop
async def test_records_of_another_width_come_on_request() -> None:
    """Two fields more, or three fewer."""
    wide, _ = await of_a_minute(Fault(kind=FaultKind.WRONG_WIDTH, where=TRADES, times=1))
    assert len(wide[0].split("|", 3)[3].split("^")) == 49
    narrow, _ = await of_a_minute(Fault(kind=FaultKind.WRONG_WIDTH, where=TRADES, times=1, seconds=0))
    assert len(narrow[0].split("|", 3)[3].split("^")) == 44


@on_loop
async def test_a_silent_feed_stays_registered_and_wakes_when_it_is_registered_anew() -> None:
    """The classic death: connected, acknowledged, and nothing comes."""
    async with simulator(Fault(kind=FaultKind.SILENT, where=TRADES, times=1)) as sim:
        key = await approval(sim)
        async with connect(sim.ws_url) as socket:
            await ask(socket, register(key, TRADES, SYMBOL))
            sim.step(120)
            assert await texts(sim, socket) == []
            assert (await ask(socket, register(key, TRADES, SYMBOL))).code == "OPSP0002"
            sim.step(120)
            assert records(await texts(sim, socket))


@on_loop
async def test_the_connection_breaks_off_on_request() -> None:
    """Without a closing handshake: 1006."""
    async with (
        simulator(Fault(kind=FaultKind.DISCONNECT, where=TRADES)) as sim,
        connect(sim.ws_url) as socket,
    ):
        await ask(socket, register(await approval(sim), TRADES, SYMBOL))
        sim.step(60)
        with pytest.raises(websockets.ConnectionClosedError):
            await asyncio.wait_for(socket.recv(), 60)


@on_loop
async def test_notices_are_lost_late_or_somebody_elses_on_request() -> None:
    """Each kind of notice can be hit; those of another account can be opened and must be told apart by their account."""
    faults = (
        Fault(kind=FaultKind.DROP, where=NOTICES, times=1),
        Fault(kind=FaultKind.FOREIGN, where=NOTICES, times=1),
    )
    async with simulator(*faults) as sim, connect(sim.ws_url) as socket:
        ack = await ask(socket, register(await approval(sim), NOTICES, sim.prod.hts_id))
        account = sim.account_of(sim.prod)
        sim.market.place(Wish(account=account, side=sim_buy(), symbol=SYMBOL, division="01", quantity=1))
        assert ack.keys is not None
        found = [
            frame.opened(ack.keys).named()[0]
            for frame in map(split, await texts(sim, socket))
            if isinstance(frame, Frame)
        ]
        assert [(one["ACNT_NO"], one["CNTG_YN"]) for one in found] == [
            ("9999999901", "2"),
            (f"{sim.prod.account}01", "2"),
        ]


def sim_buy() -> Any:
    from kats_core.model.kinds import Side

    return Side.BUY


@on_loop
async def test_an_interruption_is_announced_and_shown_in_the_book() -> None:
    """VI on: status Y, books of class C with an expected price; off after about two minutes with a print."""
    async with simulator() as sim, connect(sim.ws_url) as socket:
        key = await approval(sim)
        for stream in (TRADES, BOOK, "H0STMKO0"):
            await ask(socket, register(key, stream, SYMBOL))
        await texts(sim, socket)
        sim.market.interrupt(SYMBOL)
        sim.step(60)
        during = await texts(sim, socket)
        assert [one["VI_CLS_CODE"] for one in records(during, "H0STMKO0")] == ["Y"]
        assert {one["HOUR_CLS_CODE"] for one in records(during, BOOK)} == {"C"}
        assert records(during) == []
        sim.step(61)
        after = await texts(sim, socket)
        assert [one["VI_CLS_CODE"] for one in records(after, "H0STMKO0")] == ["N"]
        assert records(after)[0]["CCLD_DVSN"] == "3"


@on_loop
async def test_a_halt_is_announced_with_its_reason() -> None:
    """TRHT_YN, the reason, and status 58; afterwards it trades again."""
    async with simulator() as sim, connect(sim.ws_url) as socket:
        key = await approval(sim)
        for stream in (TRADES, "H0STMKO0"):
            await ask(socket, register(key, stream, SYMBOL))
        sim.market.halt(SYMBOL, "조회공시")
        sim.step(60)
        halted = await texts(sim, socket)
        status = records(halted, "H0STMKO0")[0]
        assert (status["TRHT_YN"], status["TR_SUSP_REAS_CNTT"], status["ISCD_STAT_CLS_CODE"]) == ("Y", "조회공시", "58")
        assert records(halted) == []
        sim.market.resume(SYMBOL)
        sim.step(180)
        assert records(await texts(sim, socket))
