"""Keep the broker's stream alive: a session for each app key, connected again whenever it ends, everything proven anew.

```python
line = Line("main", keys.stream_url, approval, hts_id=keys.hts_id)
feed = Feed([line], streams_of(is_mock=keys.is_mock), account, random.random)
feed.hub.want([Need(symbol="005930", rank=0, is_held=True)], now)
feed.hub.expect(continuous_trading(hours))
running = asyncio.create_task(feed.run())
while True:
    message = await feed.next()      # Received(record) or Told(what happened to the feed)
```

`hub` decides, this module only waits and connects. A line never gives up: each end is followed by a pause and another try.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kats_core.kis.stream.backoff import Backoff, BackoffTerms
from kats_core.kis.stream.budget import HARD_LIMIT, USUAL_LIMIT
from kats_core.kis.stream.conversation import Conversation, ConversationTerms, Ending
from kats_core.kis.stream.hub import Hub, HubTerms
from kats_core.kis.stream.messages import FeedMessage
from kats_core.kis.stream.registrations import Channel
from kats_core.kis.stream.session import (
    Approval,
    ApprovalRefusedError,
    ApprovalUnavailableError,
    Session,
    Socket,
    Surroundings,
)
from kats_core.kis.wire.stream import ping_time
from kats_core.model.time import MINUTE, SECOND, Nanos

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

_OPEN_WITHIN_S = 10.0
_CLOSE_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTerms:
    """How the feed waits. `needs_person`: the pause after the broker has refused the credentials."""

    talk: ConversationTerms = field(default_factory=ConversationTerms)
    hub: HubTerms = field(default_factory=HubTerms)
    backoff: BackoffTerms = field(default_factory=BackoffTerms)
    needs_person: Nanos = 10 * MINUTE
    judge_every: Nanos = SECOND


@dataclass(frozen=True, slots=True)
class Line:
    """An app key of the pool: where its session connects and who gives its approval keys. `name` is shown, the keys never are.

    `hts_id` makes it the line of the order notices; one such line is enough. `limit` are the registrations planned with.
    """

    name: str
    url: str
    approval: Approval
    hts_id: str = ""
    limit: int = USUAL_LIMIT

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= HARD_LIMIT:
            raise ValueError(f"line {self.name}: {self.limit} registrations, the broker takes 1 to {HARD_LIMIT}")


class Feed:
    """The pool of sessions, and one queue of what they bring."""

    def __init__(
        self,
        lines: Sequence[Line],
        streams: Mapping[Channel, str],
        account: str | None,
        jitter: Callable[[], float],
        *,
        terms: FeedTerms | None = None,
        surroundings: Surroundings | None = None,
    ) -> None:
        self._terms = terms or FeedTerms()
        self._around = surroundings or Surroundings(clock=time.time_ns, sleep=asyncio.sleep, connect=open_socket)
        self._lines, self._streams, self._jitter = tuple(lines), streams, jitter
        self._arrived = asyncio.Event()
        self._talks: dict[str, Conversation] = {}
        self._connecting: set[str] = {line.name for line in self._lines}
        self._stopped = asyncio.Event()
        self.hub = Hub(streams, account, self._terms.hub, self._arrived.set)
        for line in self._lines:
            self.hub.add_line(line.name, limit=line.limit, hts_id=line.hts_id)

    async def run(self) -> None:
        """Keep all lines connected until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            keepers = {line.name: tasks.create_task(self._keep(line)) for line in self._lines}
            judge = tasks.create_task(self._judge())
            await self._stopped.wait()
            judge.cancel()
            for name, keeper in keepers.items():
                talk = self._talks.get(name)
                if talk is None:
                    keeper.cancel()
                else:
                    talk.end(Ending.STOPPED)

    def stop(self) -> None:
        """Close all sockets, so that the broker has no ghost of them when the next process connects."""
        self._stopped.set()

    @property
    def is_read(self) -> bool:
        """Whether nothing waits to be read."""
        return not self.hub.backlog.waiting

    @property
    def is_quiet(self) -> bool:
        """Whether nothing waits to be read and no line is about to connect."""
        return self.is_read and not self._connecting

    @property
    def is_proven(self) -> bool:
        """Whether each connection has what it is to have."""
        return all(talk.is_settled for talk in self._talks.values())

    @property
    def last_ping(self) -> str | None:
        """The sign of life that has come on every connection; None while there is none."""
        return min((talk.last_ping for talk in self._talks.values()), default=None)

    @property
    def clock_skew(self) -> float | None:
        """How far this machine's clock was ahead of the broker's at the last sign of life, in seconds."""
        talks = [talk for talk in self._talks.values() if talk.last_ping]
        if not talks:
            return None
        newest = max(talks, key=lambda talk: talk.last_ping_at)
        told = ping_time(newest.last_ping)
        return None if told is None else (newest.last_ping_at - told) / SECOND

    async def next(self) -> FeedMessage:
        """Return the next message; waits for it."""
        while (message := self.hub.take()) is None:
            self._arrived.clear()
            await self._arrived.wait()
        return message

    async def _judge(self) -> None:
        while True:
            await self._around.sleep(self._terms.judge_every / SECOND)
            self.hub.judge(self._around.clock())

    async def _keep(self, line: Line) -> None:
        backoff = Backoff(self._terms.backoff)
        renew = False
        while not self._stopped.is_set():
            end = await self._connection(line, renew=renew)
            renew = end.needs_approval
            if end.ending is Ending.STOPPED:
                return
            pause = backoff.pause(end.proven_for, self._jitter(), in_use=end.ending is Ending.IN_USE)
            if end.ending is Ending.CREDENTIALS:
                pause = max(pause, self._terms.needs_person)
            await self._around.sleep(pause / SECOND)

    async def _connection(self, line: Line, *, renew: bool) -> _End:
        self._connecting.add(line.name)
        try:
            approval_key = await line.approval(renew=renew)
            async with self._around.connect(line.url) as socket:
                return await self._talk(line, socket, approval_key, is_fresh=renew)
        except ApprovalRefusedError as error:
            return self._ended(line, Ending.CREDENTIALS, str(error), needs_approval=True)
        except (ApprovalUnavailableError, OSError) as error:
            return self._ended(line, Ending.UNREACHABLE, str(error), needs_approval=renew)

    async def _talk(self, line: Line, socket: Socket, approval_key: str, *, is_fresh: bool) -> _End:
        """Talk over an open socket; `is_fresh`: the approval key was issued because the broker did not know the last one."""
        talk = Conversation(self._streams, self._terms.talk, self.hub.listener(line.name))
        session = Session(talk, line.approval, self._around)
        self._talks[line.name] = talk
        self._connecting.discard(line.name)
        self.hub.connected(line.name, talk, self._around.clock())
        try:
            ending, detail = await session.run(socket, approval_key)
        finally:
            del self._talks[line.name]
        if ending is Ending.CLOSED and talk.needs_approval and is_fresh:
            ending = Ending.CREDENTIALS
        needs_approval = talk.needs_approval or ending is Ending.CREDENTIALS
        return self._ended(line, ending, detail, needs_approval=needs_approval)

    def _ended(self, line: Line, ending: Ending, detail: str, *, needs_approval: bool) -> _End:
        self._connecting.discard(line.name)
        proven_for = self.hub.ended(line.name, ending, detail, self._around.clock())
        return _End(ending, proven_for, needs_approval)


@dataclass(frozen=True, slots=True)
class _End:
    """How a connection ended, for how long it had been proven, and whether the next needs a new approval key."""

    ending: Ending
    proven_for: Nanos
    needs_approval: bool


class _WebSocket:
    """A socket of `websockets`, whose ways to say that it is lost become `OSError`."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def receive(self) -> str | bytes | None:
        from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK

        try:
            return await self._connection.recv()
        except ConnectionClosedOK:
            return None
        except ConnectionClosedError as error:
            raise ConnectionError(str(error)) from error

    async def send(self, text: str) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            await self._connection.send(text)
        except ConnectionClosed as error:
            raise ConnectionError(str(error)) from error


@asynccontextmanager
async def open_socket(url: str) -> AsyncIterator[Socket]:
    """Open a socket to the broker, directly: it is plain text with a key in it, nothing for a proxy.

    The keep-alive of the protocol is off: the broker has its own, and the watchdog judges by what comes.
    """
    from websockets.asyncio.client import connect
    from websockets.exceptions import WebSocketException

    try:
        connection = await connect(
            url,
            compression=None,
            ping_interval=None,
            open_timeout=_OPEN_WITHIN_S,
            close_timeout=_CLOSE_WITHIN_S,
            proxy=None,
        )
    except WebSocketException as error:
        raise ConnectionError(str(error)) from error
    try:
        yield _WebSocket(connection)
    finally:
        await connection.close()
