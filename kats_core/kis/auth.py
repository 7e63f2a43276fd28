"""Hold what opens the broker's doors: the access token of REST calls, the approval key of the stream, the hash of an order.

The broker's rules (`kis/README.md` section 2): a token lives for a day, is asked for at most once a minute, and its owner gets a
message for each. So it is renewed an hour before it ends (Korean time), shared by all processes of a home, and while a
renewal fails the present one is used to its end.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from kats_core.kis.errors import (
    BusyError,
    CredentialsError,
    KisError,
    NotSentError,
    RefusedError,
    TokenWaitError,
    UnreadableError,
)
from kats_core.kis.settings import Keys
from kats_core.kis.token_file import KeptToken, TokenFile
from kats_core.kis.transport import Transport
from kats_core.model.time import MINUTE, SECOND, Nanos, from_datetime

BEFORE_END: Nanos = 60 * MINUTE
"""A token is renewed so long before it ends."""

BETWEEN_ISSUES: Nanos = MINUTE
BETWEEN_RENEWALS: Nanos = 10 * MINUTE
"""After a renewal that failed, or brought a token that ends soon, the present one is used for so long before the next."""

APPROVAL_LIFE: Nanos = 23 * 60 * MINUTE

TOKEN_PATH, REVOKE_PATH, APPROVAL_PATH, HASH_PATH = (
    "/oauth2/tokenP",
    "/oauth2/revokeP",
    "/oauth2/Approval",
    "/uapi/hashkey",
)

_TOO_SOON = "EGW00133"
_BAD_KEYS = frozenset({"EGW00003", "EGW00004", "EGW00102", "EGW00103", "EGW00104", "EGW00105", "EGW00206", "EGW00304"})
_BUSY = frozenset({"EGW00001", "EGW00002", "EGW00201"})

_DONE = "200"
_FIRST_ERROR = 400

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
        self._issuing = asyncio.Lock()
        self._approving = asyncio.Lock()
        self._approval: tuple[SecretStr, Nanos] | None = None

    @property
    def expires(self) -> Nanos | None:
        """When the token in use ends, None before there is one."""
        return None if self._kept is None else self._kept.expires

    async def token(self, *, patience_s: float = 65.0) -> SecretStr:
        """Return a token that the broker should take.

        Raises:
            TokenWaitError: one may be asked for only after more than `patience_s`.
            KisError: the broker gives none.
        """
        give_up = self._clock() + int(patience_s * SECOND)
        kept = self._kept
        while kept is None or not self._is_fresh(kept):
            async with self._issuing, self._file.locked():
                kept, free_at = await self._renewed()
            if kept is not None:
                self._kept = kept
                break
            if free_at > give_up:
                raise TokenWaitError(free_at)
            await self._sleep(max(free_at - self._clock(), 0) / SECOND)
        return SecretStr(kept.value)

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
            answer = await self._ask(APPROVAL_PATH, {**self._grant, "secretkey": self._secret})
            self._approval = SecretStr(self._text(answer, "approval_key")), now
            return self._approval[0]

    async def hash_of(self, body: bytes) -> str:
        """Return the broker's hash of an order's body, for the header `hashkey`."""
        headers = {"appkey": self._keys.app_key.get_secret_value(), "appsecret": self._secret}
        answered = await self._transport.send("POST", HASH_PATH, headers=headers, body=body)
        return self._text(self._read(answered.status, answered.body), "HASH")

    async def revoke(self) -> bool:
        """Give the token back; False when there is none. The next call asks for a new one."""
        async with self._issuing, self._file.locked():
            kept = self._file.read()
            self._kept = None
            if kept is None or not kept.value:
                return False
            key = self._keys.app_key.get_secret_value()
            answer = await self._ask(REVOKE_PATH, {"appkey": key, "appsecret": self._secret, "token": kept.value})
            if str(answer.get("code")) != _DONE:
                raise RefusedError(str(answer.get("code", "")), self._keys.redact(str(answer.get("message", ""))))
            self._file.write(KeptToken("", kept.asked, kept.asked))
            return True

    @property
    def _secret(self) -> str:
        return self._keys.app_secret.get_secret_value()

    @property
    def _grant(self) -> dict[str, str]:
        return {"grant_type": "client_credentials", "appkey": self._keys.app_key.get_secret_value()}

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
            return KeptToken(kept.value, kept.expires, now), now
        return None, free_at

    async def _issue(self, before: KeptToken | None) -> KeptToken:
        """Ask for a token, and keep that it was asked for even if this process ends meanwhile."""
        now = self._clock()
        old = before or KeptToken("", now, now)
        self._file.write(KeptToken(old.value, old.expires, now))
        try:
            answer = await self._ask(TOKEN_PATH, {**self._grant, "appsecret": self._secret})
        except NotSentError:
            self._file.write(before or KeptToken("", now, now - BETWEEN_ISSUES))
            raise
        kept = KeptToken(self._text(answer, "access_token"), self._end_of(answer), now)
        self._file.write(kept)
        # The broker may give the same one again; if it is still not taken, the call fails.
        self._refused.discard(kept.value)
        return kept

    async def _ask(self, path: str, body: Mapping[str, str]) -> dict[str, Any]:
        answered = await self._transport.send("POST", path, body=json.dumps(body).encode())
        return self._read(answered.status, answered.body)

    def _read(self, status: int, body: bytes) -> dict[str, Any]:
        try:
            answer = json.loads(body)
        except ValueError:
            raise UnreadableError(self._transport.host, status, "no JSON") from None
        if not isinstance(answer, dict):
            raise UnreadableError(self._transport.host, status, "no object")
        code = str(answer.get("error_code") or answer.get("msg_cd") or "")
        said = self._keys.redact(str(answer.get("error_description") or answer.get("msg1") or "").strip())
        if code == _TOO_SOON:
            raise _TooSoonError(code, said)
        if code in _BAD_KEYS:
            raise CredentialsError(code, said)
        if code in _BUSY:
            raise BusyError(code, said)
        if status >= _FIRST_ERROR or "error_code" in answer:
            raise RefusedError(code or f"HTTP {status}", said)
        return answer

    def _text(self, answer: Mapping[str, Any], name: str) -> str:
        value = answer.get(name)
        # It goes into a header: nothing but visible ASCII belongs there.
        if not isinstance(value, str) or not value.isascii() or not value.isprintable() or not value.strip():
            raise UnreadableError(self._transport.host, 200, f"no {name}")
        return value.strip()

    def _end_of(self, answer: Mapping[str, Any]) -> Nanos:
        """Return when a token ends: Korean time without a zone. `expires_in` is of a new token, this may be an old one."""
        try:
            end = f"{answer.get('access_token_token_expired')} +0900"
            return from_datetime(dt.datetime.strptime(end, "%Y-%m-%d %H:%M:%S %z"))
        except ValueError:
            raise UnreadableError(self._transport.host, 200, "no access_token_token_expired") from None


class _TooSoonError(RefusedError):
    """EGW00133: a token was asked for less than a minute ago, perhaps from another machine."""
