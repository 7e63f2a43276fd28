"""Serve the stream: registrations, acks with the keys of the connection, frames, signs of life."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import WSMsgType, web

from kats_core.kis.wire import layouts
from kats_core.kis.wire.cipher import CipherKeys
from kats_core.kis.wire.layouts import LAYOUTS, VPS_STREAMS
from kats_core.kis.wire.stream import Ack, Frame, Ping
from kats_core.model import time
from kats_core.simulator.exchange.desk import Notice
from kats_core.simulator.exchange.happenings import Interrupted, Printed, Stopped
from kats_core.simulator.faults import Fault, FaultKind
from kats_core.simulator.keys import ClientKeys
from kats_core.simulator.market import Announced, Expected, IndexMoved, MarketEvent, Phased, Shown
from kats_core.simulator.texts import (
    PHASE_CODES,
    SYMBOL_STREAMS,
    Fields,
    book_fields,
    expected_fields,
    index_fields,
    notice_fields,
    status_fields,
    trade_fields,
)

if TYPE_CHECKING:
    from kats_core.simulator.server import Simulator

MOST_REGISTRATIONS = 41
MOST_RECORDS = 20
_MOST_WAITING = 500
_A_MOMENT = 0.005
_FIRST, _SECOND_SOCKET = "1", "9"
_PARTS = (
    ("header", "OPSP9998", "JSON PARSING ERROR : header not found"),
    ("body", "OPSP9992", "JSON PARSING ERROR : body not found"),
)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text for a client; `record` is set while more records of its kind may join it."""

    stream: str
    key: str
    text: str
    records: tuple[tuple[str, ...], ...] = ()


@dataclass(eq=False, slots=True)
class Connection:
    """One socket. The keys belong to it alone."""

    number: int
    cipher: CipherKeys
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None = None
    owner: ClientKeys | None = None
    registered: dict[tuple[str, str], None] = field(default_factory=dict)
    silenced: set[tuple[str, str]] = field(default_factory=set)
    outbox: deque[Outgoing] = field(default_factory=deque)
    held: Outgoing | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_idle: bool = True
    is_closing: bool = False
    is_aborted: bool = False

    def push(self, one: Outgoing) -> None:
        """Let a text go out; records of one stream and key that wait together become one frame."""
        last = self.outbox[-1] if self.outbox else None
        joins = (
            one.records
            and last is not None
            and (last.stream, last.key) == (one.stream, one.key)
            and 0 < len(last.records) < MOST_RECORDS
            and one.stream == layouts.KRX_TRADES
        )
        if joins and last is not None:
            records = (*last.records, *one.records)
            self.outbox[-1] = Outgoing(one.stream, one.key, Frame.of(one.stream, records).text(), records)
        else:
            self.outbox.append(one)
        self.is_idle = False
        self.ready.set()

    def abort(self) -> None:
        """End the connection without a word."""
        self.is_closing = self.is_aborted = True
        if self.transport is not None:
            self.transport.abort()
        self.ready.set()


class StreamServer:
    """All connections, and what each of them gets."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.connections: list[Connection] = []
        self._ghosts: dict[str, float] = {}
        self._count = 0
        self._tellers: dict[type, Callable[[Any], None]] = {
            Printed: self._traded,
            Shown: self._shown,
            Expected: self._expected,
            Interrupted: self._interrupted,
            Stopped: self._stopped,
            Phased: self._phased,
            Announced: self._announced,
            IndexMoved: self._index,
            Notice: self._notify,
        }

    def routes(self) -> list[web.RouteDef]:
        """Return the routes: any path is the stream."""
        return [web.get("/{path:.*}", self._handle)]

    def symbols(self) -> list[str]:
        """Return the symbols that somebody has registered, and index codes."""
        followed = SYMBOL_STREAMS | {layouts.INDEX}
        return [key for one in self.connections for stream, key in one.registered if stream in followed]  # fmt: skip

    def books(self) -> frozenset[str]:
        """Return the symbols whose books somebody has registered."""
        return frozenset(
            key for one in self.connections for stream, key in one.registered if stream == layouts.KRX_BOOK
        )

    async def drained(self) -> None:
        """Wait until what is on its way to clients is not too much."""
        while any(len(one.outbox) > _MOST_WAITING and not one.is_closing for one in self.connections):
            await asyncio.sleep(_A_MOMENT)

    async def flushed(self) -> None:
        """Wait until everything that clients are to get has been handed to their sockets."""
        while not all(one.is_idle or one.is_closing for one in self.connections):
            await asyncio.sleep(_A_MOMENT)

    async def close(self) -> None:
        """Close all connections."""
        for one in list(self.connections):
            one.is_closing = True
            one.ready.set()
            await one.socket.close()

    # --- connections ------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=True, max_msg_size=1 << 20)
        if not socket.can_prepare(request).ok:
            return web.Response(status=400, text="a WebSocket is expected here")
        await socket.prepare(request)
        self._count += 1
        transport = request.transport
        connection = Connection(
            self._count,
            _cipher(self._simulator.seed, self._count),
            socket,
            transport if isinstance(transport, asyncio.Transport) else None,
        )
        self.connections.append(connection)
        writer = asyncio.create_task(self._write(connection))
        pinger = asyncio.create_task(self._ping(connection))
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._simulator.catch_up()
                    self._take(connection, message.data)
        finally:
            self.connections.remove(connection)
            self._leave_ghost(connection)
            connection.is_closing = True
            for task in (writer, pinger):
                task.cancel()
            await asyncio.gather(writer, pinger, return_exceptions=True)
        return socket

    async def _write(self, connection: Connection) -> None:
        while True:
            await connection.ready.wait()
            connection.ready.clear()
            while connection.outbox and not connection.is_aborted:
                one = connection.outbox.popleft()
                try:
                    await connection.socket.send_str(one.text)
                except (ConnectionError, RuntimeError):  # the client has gone; its reader ends the connection
                    return
            connection.is_idle = not connection.outbox
            if connection.is_closing:
                await connection.socket.close()
                return

    async def _ping(self, connection: Connection) -> None:
        while True:
            await asyncio.sleep(self._simulator.ping_every)
            is_due = self._simulator.pings_everybody or any(
                stream in layouts.ENCRYPTED for stream, _ in connection.registered
            )
            if is_due:
                stamp = time.to_datetime(self._simulator.market.now).strftime("%Y%m%d%H%M%S")
                self._send(connection, "ping", "", Ping.at(stamp).text)

    def mark(self, stamp: str) -> str:
        """Tell everybody how late it is: who has heard it, has heard all that was told before. Return what was told."""
        text = Ping.at(stamp).text
        for connection in self.connections:
            connection.push(Outgoing("ping", "", text))
        return text

    def _leave_ghost(self, connection: Connection) -> None:
        """Let the session of a dropped connection block its app key for a while, where that was asked for."""
        if connection.owner is None:
            return
        fault = self._simulator.faults.of_connection(connection.owner.env, "connection")
        if fault is not None:
            self._ghosts[connection.owner.app_key] = self._simulator.gateway_clock.now() + fault.wait

    # --- registrations ----------------------------------------------------------------------------------------------

    def _take(self, connection: Connection, text: str) -> None:
        """Answer a message of a client; echoes of signs of life need no answer."""
        try:
            message = msgspec.json.decode(text.encode())
        except (msgspec.DecodeError, UnicodeEncodeError):
            self._refuse(connection, "", "", "OPSP9999", "JSON PARSING ERROR : invalid json format")
            return
        header = message.get("header") if isinstance(message, dict) else None
        if isinstance(header, dict) and header.get("tr_id") == "PINGPONG":
            return
        problem = _malformed(message)
        if problem is not None:
            self._refuse(connection, "", "", *problem)
            return
        asked = message["body"]["input"]
        stream, key = str(asked["tr_id"]).strip(), str(asked["tr_key"]).strip()
        if not self._let_in(connection, str(message["header"].get("approval_key") or ""), stream, key):
            return
        if str(message["header"]["tr_type"]) == "2":
            self._unregister(connection, stream, key)
        else:
            self._register(connection, stream, key)

    def _let_in(self, connection: Connection, approval_key: str, stream: str, key: str) -> bool:
        sim = self._simulator
        owner = sim.gateway.approved(sim.gateway_clock.now(), approval_key)
        if owner is None:
            self._refuse(connection, stream, key, "OPSP0011", "invalid approval(appkey) : NOT FOUND")
            return False
        is_blocked = self._ghosts.get(owner.app_key, 0.0) > sim.gateway_clock.now()
        others = [one for one in self.connections if one is not connection and one.owner is owner]
        if sim.is_one_socket and connection.owner is None and (others or is_blocked):
            self._refuse(connection, "", "", "OPSP8996", "ALREADY IN USE appkey", _SECOND_SOCKET)
            connection.is_closing = True
            asyncio.get_running_loop().call_soon(connection.ready.set)
            return False
        connection.owner = owner
        return True

    def _register(self, connection: Connection, stream: str, key: str) -> None:
        owner = connection.owner
        if owner is None:
            return
        is_known = stream in LAYOUTS and (stream in VPS_STREAMS if owner.is_mock else stream != layouts.VPS_NOTICES)
        if not is_known:
            self._refuse(connection, stream, key, "OPSP8991", "SUBSCRIBE ERROR : invalid tr_id")
            return
        if stream in layouts.ENCRYPTED and key != owner.hts_id:
            self._refuse(connection, "", "", "OPSP0017", "ERROR : htsid가잘못되었습니다", _SECOND_SOCKET)
            return
        connection.silenced.discard((stream, key))
        if (stream, key) in connection.registered:
            self._refuse(connection, stream, key, "OPSP0002", "ALREADY IN SUBSCRIBE")
            return
        if len(connection.registered) >= self._simulator.most_registrations:
            self._refuse(connection, stream, key, "OPSP0008", "MAX SUBSCRIBE OVER")
            return
        connection.registered[stream, key] = None
        if stream in SYMBOL_STREAMS:
            self._simulator.market.activate(key)
        self._acknowledge(connection, stream, key, "OPSP0000", "SUBSCRIBE SUCCESS")
        if stream == layouts.KRX_BOOK:
            self._show(connection, key)

    def _unregister(self, connection: Connection, stream: str, key: str) -> None:
        if (stream, key) not in connection.registered:
            self._refuse(connection, stream, key, "OPSP0003", "UNSUBSCRIBE ERROR(not found!)")
            return
        del connection.registered[stream, key]
        self._acknowledge(connection, stream, key, "OPSP0001", "UNSUBSCRIBE SUCCESS")

    def _acknowledge(self, connection: Connection, stream: str, key: str, code: str, text: str) -> None:
        ack = Ack(
            stream=stream,
            key=key,
            code=code,
            message=text,
            is_encrypted=stream in layouts.ENCRYPTED,
            keys=connection.cipher,
        )
        self._send(connection, "ack", f"{stream}:{key}", ack.text())

    def _refuse(
        self, connection: Connection, stream: str, key: str, code: str, text: str, result: str = _FIRST
    ) -> None:
        ack = Ack(stream=stream, key=key, code=code, message=text, result=result)
        self._send(connection, "ack", f"{stream}:{key}", ack.text())

    # --- frames -----------------------------------------------------------------------------------------------------

    def on(self, event: MarketEvent) -> None:
        """Tell everybody who has registered for it what happened."""
        if not self.connections:
            return
        tell = self._tellers.get(type(event))
        if tell is not None:
            tell(event)

    def _shown(self, event: Shown) -> None:
        for connection in self._of(layouts.KRX_BOOK, event.symbol):
            self._show(connection, event.symbol)

    def _interrupted(self, event: Interrupted) -> None:
        self._status(event.symbol)

    def _stopped(self, event: Stopped) -> None:
        self._status(event.symbol, phase=event.code, reason=event.reason)

    def _phased(self, event: Phased) -> None:
        code = next((PHASE_CODES[one] for one in event.phases if one in PHASE_CODES), "")
        for symbol in self._status_wanted():
            self._status(symbol, phase=code)

    def _announced(self, event: Announced) -> None:
        for symbol in self._status_wanted():
            board = self._simulator.market.board(symbol)
            if board is not None and board.instrument.market is event.listing:
                self._status(symbol, phase=event.code)

    def _status_wanted(self) -> list[str]:
        status = layouts.KRX_STATUS
        return sorted({key for one in self.connections for stream, key in one.registered if stream == status})

    def _index(self, event: IndexMoved) -> None:
        fields = index_fields(self._simulator.market, event.code, event.ts)
        if fields is not None:
            self._broadcast(layouts.INDEX, event.code, fields)

    def _traded(self, printed: Printed) -> None:
        if not self._of(layouts.KRX_TRADES, printed.symbol):
            return
        market = self._simulator.market
        board, quote = market.desk.boards[printed.symbol], market.quotes[printed.symbol]
        fields = trade_fields(quote, board, printed, is_evening=market.is_evening())
        self._broadcast(layouts.KRX_TRADES, printed.symbol, fields)

    def _show(self, connection: Connection, symbol: str) -> None:
        market = self._simulator.market
        board = market.board(symbol)
        if board is None:
            return
        fields = book_fields(market.quotes[symbol], board, market.now, is_evening=market.is_evening())
        self._frame(connection, layouts.KRX_BOOK, symbol, fields)

    def _expected(self, event: Expected) -> None:
        if not event.quantity or not self._of(layouts.KRX_EXPECTED, event.symbol):
            return
        market = self._simulator.market
        board, quote = market.desk.boards[event.symbol], market.quotes[event.symbol]
        fields = expected_fields(quote, board, event.price, event.quantity, event.ts)
        self._broadcast(layouts.KRX_EXPECTED, event.symbol, fields)

    def _status(self, symbol: str, *, phase: str = "", reason: str = "") -> None:
        board = self._simulator.market.board(symbol)
        if board is not None:
            self._broadcast(layouts.KRX_STATUS, symbol, status_fields(board, phase=phase, reason=reason))

    def _notify(self, notice: Notice) -> None:
        keys = self._simulator.keys_of(notice.ticket.account)
        stream = layouts.VPS_NOTICES if keys.is_mock else layouts.NOTICES
        for connection in self._of(stream, keys.hts_id):
            self._frame(connection, stream, keys.hts_id, notice_fields(notice, keys))

    def _broadcast(self, stream: str, key: str, fields: Fields) -> None:
        for connection in self._of(stream, key):
            self._frame(connection, stream, key, fields)

    def _of(self, stream: str, key: str) -> list[Connection]:
        return [one for one in self.connections if (stream, key) in one.registered and not one.is_closing]

    def _frame(self, connection: Connection, stream: str, key: str, fields: Fields) -> None:
        fault = self._simulator.faults.of_message(stream, f"{stream}:{key}")
        record = self._simulator.widths.record(stream, fields)
        if fault is not None and fault.kind is FaultKind.WRONG_WIDTH:
            record = record[:-3] if fault.seconds == 0 else [*record, "0", ""]
            alone = self._sealed(connection, stream, key, record)
            self._deliver(connection, Outgoing(stream, key, alone.text), fault)
            return
        if fault is not None and fault.kind is FaultKind.FOREIGN and "ACNT_NO" in fields:
            foreign = self._simulator.widths.record(stream, fields | {"ACNT_NO": "9999999901"})
            self._deliver(connection, self._sealed(connection, stream, key, foreign), None)
        self._deliver(connection, self._sealed(connection, stream, key, record), fault)

    def _sealed(self, connection: Connection, stream: str, key: str, record: list[str]) -> Outgoing:
        is_secret = stream in layouts.ENCRYPTED
        text = Frame.of(stream, [record], connection.cipher if is_secret else None).text()
        return Outgoing(stream, key, text, () if is_secret else (tuple(record),))

    def _send(self, connection: Connection, stream: str, key: str, text: str) -> None:
        fault = self._simulator.faults.of_message(stream, f"{stream}:{key}")
        self._deliver(connection, Outgoing(stream, key, text), fault)

    def _deliver(self, connection: Connection, one: Outgoing, fault: Fault | None) -> None:
        """Let a text go out, as the fault says."""
        if (one.stream, one.key) in connection.silenced or connection.is_closing:
            return
        kind = None if fault is None else fault.kind
        match kind:
            case FaultKind.DROP:
                return
            case FaultKind.SILENT:
                connection.silenced.add((one.stream, one.key))
                return
            case FaultKind.DISCONNECT:
                connection.abort()
                return
            case FaultKind.LATE:
                self._later(fault, lambda: connection.push(one))
                return
            case FaultKind.REORDER if connection.held is None:
                connection.held = one
                return
            case FaultKind.DUPLICATE:
                connection.push(Outgoing(one.stream, one.key, one.text))
                connection.push(Outgoing(one.stream, one.key, one.text))
            case _:
                connection.push(one)
        if connection.held is not None:
            held, connection.held = connection.held, None
            connection.push(Outgoing(held.stream, held.key, held.text))

    def _later(self, fault: Fault | None, action: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(0.0 if fault is None else fault.wait, action)


def _malformed(message: Any) -> tuple[str, str] | None:
    """Return code and text of what is wrong with a registration."""
    if not isinstance(message, dict):
        return "OPSP9999", "JSON PARSING ERROR : invalid json format"
    for name, code, text in _PARTS:
        if not isinstance(message.get(name), dict):
            return code, text
    asked = message["body"].get("input")
    if not isinstance(asked, dict):
        return "OPSP9991", "JSON PARSING ERROR : input not found"
    if "tr_id" not in asked:
        return "OPSP8991", "SUBSCRIBE ERROR : invalid tr_id"
    if "tr_key" not in asked:
        return "OPSP9990", "JSON PARSING ERROR : tr_key not found"
    if str(message["header"].get("tr_type", "")) not in ("1", "2"):
        return "OPSP8997", "JSON PARSING ERROR : invalid tr_type"
    return None


def _cipher(seed: int, number: int) -> CipherKeys:
    text = hashlib.sha256(f"kats simulator {seed} connection {number}".encode()).hexdigest()
    return CipherKeys(text[:32], text[32:48])
