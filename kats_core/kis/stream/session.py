"""Carry one conversation over one socket: send what it has to say, spaced, and give it what comes in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from kats_core.kis.stream.conversation import Conversation, Ending
from kats_core.model.time import SECOND, Nanos

Clock: TypeAlias = Callable[[], Nanos]
Sleep: TypeAlias = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""


class ApprovalRefusedError(Exception):
    """The broker gives no approval key for the app key and secret; needs a person, stops the line."""


class ApprovalUnavailableError(Exception):
    """There is no approval key now; try again later."""


class Approval(Protocol):
    """Gives the key that registers. `renew`: the broker does not know the last one.

    Raises `ApprovalRefusedError` or `ApprovalUnavailableError`.
    """

    async def __call__(self, *, renew: bool) -> str: ...


class Socket(Protocol):
    """An open connection. Both methods raise `OSError` when it is lost; `receive` returns None after a clean close."""

    async def receive(self) -> str | bytes | None: ...

    async def send(self, text: str) -> None: ...


Connect: TypeAlias = Callable[[str], AbstractAsyncContextManager[Socket]]
"""Opens a socket to an address; raises `OSError` where nobody answers. Leaving it closes the socket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a session may use of the world: time, waiting, and sockets. `spacing_s` is the pause between two messages."""

    clock: Clock
    sleep: Sleep
    connect: Connect
    spacing_s: float = 0.1


class Session:
    """One socket from its handshake to its end."""

    def __init__(self, talk: Conversation, approval: Approval, surroundings: Surroundings) -> None:
        self._talk, self._approval, self._around = talk, approval, surroundings
        self._woken = asyncio.Event()
        talk.wake = self._woken.set

    async def run(self, socket: Socket, approval_key: str) -> tuple[Ending, str]:
        """Talk until the conversation or the connection ends; return why, with what is known of it.

        Raises:
            ApprovalRefusedError: a new approval key was needed.
            ApprovalUnavailableError: a new approval key was needed.
        """
        tasks = [asyncio.create_task(self._say(socket, approval_key)), asyncio.create_task(self._hear(socket))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            detail = next((task.result() for task in tasks if task.done()), "")
        except OSError as error:
            detail = str(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return self._talk.ending or Ending.CLOSED, detail

    async def _hear(self, socket: Socket) -> str:
        while self._talk.ending is None:
            text = await socket.receive()
            if text is None:
                return "closed by the other side"
            if isinstance(text, bytes):
                text = text.decode(errors="replace")
            reply = self._talk.take(text, self._around.clock())
            if reply is not None:
                await socket.send(reply)
        return ""

    async def _say(self, socket: Socket, approval_key: str) -> str:
        talk, clock = self._talk, self._around.clock
        while talk.ending is None:
            self._woken.clear()
            if talk.needs_approval:
                approval_key = await self._approval(renew=True)
                talk.renewed()
            text = talk.next_text(approval_key, clock())
            if text is None:
                await self._wait(clock())
                continue
            await socket.send(text)
            await self._around.sleep(self._around.spacing_s)
        return ""

    async def _wait(self, now: Nanos) -> None:
        """Wait until something has changed or a time has come."""
        if self._talk.ending is not None:
            return
        due = self._talk.due(now)
        if due is None:
            await self._woken.wait()
            return
        waits = [
            asyncio.ensure_future(self._woken.wait()),
            asyncio.ensure_future(self._around.sleep(max(due - now, 0) / SECOND)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
