"""Hold what opens the broker's doors: the access token of REST calls, the approval key of the stream, the hash of an order.

The broker's rules (`kis/README.md` section 2): a token lives for a day, is asked for at most once a minute, and its owner gets a
message for each. So it is renewed an hour before it ends (Korean time), shared by all processes of a home, and while a
renewal fails the present one is used to its end.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from kats_core.kis.errors import (
    KeepingError,
    KisError,
    NotSentError,
    RefusedError,
    TokenWaitError,
    UnreadableError,
    refusal,
)
from kats_core.kis.settings import Keys
from kats_core.kis.token_file import KeptToken, TokenFile
from kats_core.kis.transport import Transport
from kats_core.kis.wire import auth as wire
from kats_core.kis.wire.codes import ReplyClass, class_of
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.rest import Reply, read_reply
from kats_core.model.time import MINUTE, SECOND, Nanos, from_datetime

BEFORE_END: Nanos = 60 * MINUTE
"""A token is renewed so long before it ends."""

BETWEEN_ISSUES: Nanos = MINUTE
BETWEEN_RENEWALS: Nanos = 10 * MINUTE
"""After a renewal that failed, or brought a token that ends soon, the present one is used for so long before the next."""

HURRIED_S = 10.0
"""Who has less patience does not wait for a renewal that can be done later."""

APPROVAL_LIFE: Nanos = 23 * 60 * MINUTE

_FIRST_ERROR = 400

T = TypeVar("T")

Clock = Callable[[], Nanos]
Sleep = Callable[[float], Awaitable[None]]


class Authority:
    """Gives tokens, keys and hashes of one app key.

    Args:
        keys: Whose.
        home: The KATS_HOME that keeps the token.
        transport: How to reach the REST host.
        clock: The wall clock, nanoseconds UTC.
        sleep: How to wait.
    """

    def __init__(
        self, keys: Keys, home: Path, transport: Transport, *, clock: Clock = time.time_ns, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._keys = keys
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._file = TokenFile(home, keys)
        self._kept: KeptToken | None = None
        self._refused: set[str] = set()
        self._seen: set[str] = set()
        self._issuing = asyncio.Lock()
        self._approving = asyncio.Lock()
        self._approval: tuple[SecretStr, Nanos] | None = None

    @property
    def kept(self) -> KeptToken | None:
        """The token in use, None before there is one."""
        return self._kept

    async def token(self, *, patience_s: float = 65.0) -> SecretStr:
        """Return a token that the broker should take.

        Who has little patience, an order, takes one that is due for renewal as long as it is good, and leaves the renewal to
        others.

        Raises:
            TokenWaitError: one may be asked for only after more than `patience_s`.
            KisError: the broker gives none, or it cannot be kept.
        """
        kept, give_up = self._kept, self._clock() + int(patience_s * SECOND)
        is_hurried = patience_s < HURRIED_S
        if not self._is_fresh(kept) and not (self._is_usable(kept) and (is_hurried or self._issuing.locked())):
            kept = await self._waited_for(give_up)
            if is_hurried and self._clock() > give_up:
                raise TokenWaitError(self._clock())
        if kept is None:
            raise TypeError("a token was waited for and is not there")
        self._seen.add(kept.value)
        return SecretStr(kept.value)

    async def _waited_for(self, give_up: Nanos) -> KeptToken:
        while True:
            try:
                async with self._issuing, self._file.locked():
                    kept, free_at = await self._renewed()
            except KeepingError:
                if self._kept is None or not self._is_usable(self._kept):
                    raise
                kept, free_at = self._later(self._kept), give_up
            if kept is not None:
                self._kept = kept
                return kept
            if free_at > give_up:
                raise TokenWaitError(free_at)
            await self._sleep(max(free_at - self._clock(), 0) / SECOND)

    def _later(self, kept: KeptToken) -> KeptToken:
        """Return the token so that its renewal is tried again only after a while."""
        return KeptToken(kept.value, kept.expires, self._clock())

    def redact(self, text: str) -> str:
        """Return a text of the broker's without our keys and without any token that was in use."""
        return self._keys.redact(text, *self._seen)

    def refuse(self, token: SecretStr) -> None:
        """Note that the broker does not take this token: the next one will be another, if there is another."""
        self._refused.add(token.get_secret_value())

    async def approval_key(self, *, is_new: bool = False) -> SecretStr:
        """Return the key that a stream's registrations carry; a new one when the last was not taken.

        It is looked at only when a socket registers: a socket that is open outlives it.
        """
        async with self._approving:
            now = self._clock()
            if self._approval is not None and not is_new and now < self._approval[1] + APPROVAL_LIFE:
                return self._approval[0]
            if self._approval is not None and now < self._approval[1] + SECOND:
                await self._sleep((self._approval[1] + SECOND - now) / SECOND)
            reply = await self._ask(wire.APPROVAL_PATH, wire.approval_body(self._key, self._secret))
            self._approval = SecretStr(self._for_header(self._opened(wire.read_approval, reply))), now
            self._seen.add(self._approval[0].get_secret_value())
            return self._approval[0]

    async def hash_of(self, body: bytes) -> str:
        """Return the broker's hash of an order's body, for the header `hashkey`."""
        headers = {"appkey": self._key, "appsecret": self._secret}
        return self._for_header(self._opened(wire.read_hash, await self._ask(wire.HASH_PATH, body, headers)))

    async def revoke(self) -> bool:
        """Give the token back; False when there is none. The next call asks for a new one."""
        async with self._issuing, self._file.locked():
            kept = self._file.read()
            self._kept = None
            if kept is None or not kept.value:
                return False
            self._seen.add(kept.value)
            reply = await self._ask(wire.REVOKE_PATH, wire.revoke_body(self._key, self._secret, kept.value))
            if not wire.is_revoked(reply):
                raise RefusedError(reply.top("code").strip(), self.redact(reply.top("message").strip()))
            self._file.write(KeptToken("", kept.asked, kept.asked))
            return True

    @property
    def _key(self) -> str:
        return self._keys.app_key.get_secret_value()

    @property
    def _secret(self) -> str:
        return self._keys.app_secret.get_secret_value()

    def _is_usable(self, kept: KeptToken | None) -> bool:
        return (
            kept is not None and bool(kept.value) and kept.value not in self._refused and self._clock() < kept.expires
        )

    def _is_fresh(self, kept: KeptToken | None) -> bool:
        return (
            kept is not None
            and self._is_usable(kept)
            and self._clock() < max(kept.expires - BEFORE_END, kept.asked + BETWEEN_RENEWALS)
        )

    async def _renewed(self) -> tuple[KeptToken | None, Nanos]:
        """Return the token that another process has fetched, or fetch one; else None and when one may be asked for again."""
        kept, now = self._file.read(), self._clock()
        if self._is_fresh(kept):
            return kept, now
        free_at = kept.asked + BETWEEN_ISSUES if kept is not None else now
        # A clock that was set back must not keep everybody waiting.
        if not now < free_at <= now + BETWEEN_ISSUES:
            try:
                return await self._issue(kept), now
            except _TooSoonError:
                free_at = now + BETWEEN_ISSUES
            except KisError:
                if not self._is_usable(kept):
                    raise
        if kept is not None and self._is_usable(kept):
            return self._later(kept), now
        return None, free_at

    async def _issue(self, before: KeptToken | None) -> KeptToken:
        """Ask for a token, and keep that it was asked for even if this process ends meanwhile."""
        now = self._clock()
        old = before or KeptToken("", now, now)
        self._file.write(KeptToken(old.value, old.expires, now))
        try:
            reply = await self._ask(wire.ISSUE_PATH, wire.token_body(self._key, self._secret))
        except NotSentError:
            self._file.write(before or KeptToken("", now, now - BETWEEN_ISSUES))
            raise
        token = self._opened(wire.read_token, reply)
        kept = KeptToken(self._for_header(token.value), from_datetime(token.expires), now)
        self._file.write(kept)
        # The broker may give the same one again; if it is still not taken, the call fails.
        self._refused.discard(kept.value)
        return kept

    async def _ask(self, path: str, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
        """Return the reply of one of the services that give keys; they answer success without a result code."""
        answered = await self._transport.send("POST", path, headers=headers, body=body)
        reply = None
        # Errors are raised behind the handler: a WireError holds the whole text, and would travel along.
        with suppress(WireError):
            reply = read_reply(answered.body, answered.headers, answered.status)
        if reply is None:
            raise UnreadableError(self._transport.host, answered.status, "no JSON object")
        if reply.is_done or not (reply.result or reply.code or reply.status >= _FIRST_ERROR):
            return reply
        kind, code, said = (
            class_of(reply),
            self.redact(reply.code or f"HTTP {reply.status}"),
            self.redact(reply.message),
        )
        raise _TooSoonError(code, said) if kind is ReplyClass.TOKEN_WAIT else refusal(kind, code, said)

    def _opened(self, read: Callable[[Reply], T], reply: Reply) -> T:
        try:
            return read(reply)
        except WireError as error:
            why = error.why
        raise UnreadableError(self._transport.host, reply.status, self.redact(why))

    def _for_header(self, value: str) -> str:
        if not (value.isascii() and value.isprintable()):
            raise UnreadableError(self._transport.host, 200, "a key with signs that no key has")
        return value


class _TooSoonError(RefusedError):
    """EGW00133: a token was asked for less than a minute ago, perhaps from another machine."""
