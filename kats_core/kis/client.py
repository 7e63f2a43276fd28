"""Ask the broker's REST services and send it orders, at its pace and by its rules for what may be repeated.

A question is repeated when the way or the broker fails. An order is repeated only behind a refusal of the gateway, which came
before the order desk (`spec/orders.md` section 5): a token that is not taken, or too many calls. When its answer is lost the
outcome is `Unknown`, and whoever sent it has to look it up.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from pydantic import SecretStr

from kats_core.kis.auth import Authority
from kats_core.kis.errors import (
    KisError,
    MaintenanceError,
    NotSentError,
    PagingError,
    UnreachableError,
    UnreadableError,
    WithdrawnError,
    WrongEnvironmentError,
    refusal,
)
from kats_core.kis.limiter import Lane, Limiter
from kats_core.kis.pacer import Pacer
from kats_core.kis.settings import CEILING, Keys
from kats_core.kis.transport import Answered, Transport
from kats_core.kis.wire.codes import ReplyClass, by_text, class_of
from kats_core.kis.wire.errors import WireError
from kats_core.kis.wire.rest import Answer, Ask, Reply, Request, read_reply
from kats_core.model.time import Nanos

T = TypeVar("T")
A = TypeVar("A", bound=Answer)

RATE_WAITS_S = (0.2, 0.5, 1.0)
"""Before a call is sent again that was refused for its number; the last counts for all further ones."""

RATE_REPEATS: Mapping[Lane, int] = {Lane.EXIT: 10, Lane.ENTRY: 3, Lane.QUERY: 5, Lane.HISTORY: 10}
TROUBLE_WAITS_S = (0.3, 1.0)
"""Before a question is asked again that the way or the broker failed to answer."""

MOST_PAGES = 100
"""Balances have 20 rows a page, orders of a day 15 at least."""

ORDER_PATIENCE_S = 2.0
"""An order does not wait longer for a token: its price grows old."""

_FROM_SERVER_ERRORS = 500


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """The broker has taken the order; `answer` holds its number."""

    answer: T


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker has refused the order: nothing of it lives there."""

    kind: ReplyClass
    error: KisError


@dataclass(frozen=True, slots=True)
class NotSent:
    """The order has not left: nothing of it lives at the broker."""

    error: KisError


@dataclass(frozen=True, slots=True)
class Unknown:
    """The order may live at the broker. It must be looked up, and never just be sent again."""

    error: KisError


Outcome: TypeAlias = Accepted[T] | Refused | NotSent | Unknown


class Client:
    """Calls the broker with the keys of one app. Made by `open_client`."""

    def __init__(
        self,
        keys: Keys,
        transport: Transport,
        authority: Authority,
        pacer: Pacer,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.keys = keys
        self.authority = authority
        self._transport = transport
        self._pacer = pacer
        self._sleep = sleep

    @property
    def clock_skew(self) -> float | None:
        """How far this machine's clock was ahead of the broker's at the last answer, in seconds, to half a second."""
        return self._transport.clock_skew

    async def read(self, request: Request, *, lane: Lane = Lane.QUERY) -> Reply:
        """Return the broker's reply to a question; one that says there is nothing is a reply, too.

        Raises:
            KisError: after the repetitions that make sense.
        """
        return await self._read(request, lane, lambda reply: reply)

    async def pages(self, request: Request, *, lane: Lane = Lane.QUERY) -> list[Reply]:
        """Return the replies of all pages, at least one.

        Raises:
            PagingError: the pages come to no end; a part of them is not given.
            KisError: as `read`.
        """
        return await self._pages(request, lane, lambda reply: reply)

    async def ask(self, question: Ask[A], *, lane: Lane = Lane.QUERY) -> A | None:
        """Return the typed answer to a question, None where the broker says that there is nothing. Raises as `read`."""
        return await self._read(question.request(), lane, lambda reply: _typed(question, reply))

    async def ask_all(self, question: Ask[A], *, lane: Lane = Lane.QUERY) -> list[A]:
        """Return the typed answers of all pages, none where the broker says that there is nothing. Raises as `pages`."""
        found = await self._pages(question.request(), lane, lambda reply: _typed(question, reply))
        return [page for page in found if page is not None]

    async def order(self, order: Ask[A], *, lane: Lane, is_wanted: Callable[[], bool] = lambda: True) -> Outcome[A]:
        """Send an order, an amendment or a cancel; return what became of it. Raises no `KisError`.

        `is_wanted` is asked each time when its turn has come: it may have waited for seconds.
        A caller that is cancelled meanwhile knows as little as one that got `Unknown`.
        """
        request = order.request()
        refused: Refused | None = None
        renewed, repeats = False, 0
        while True:
            try:
                call = await self._prepared(request, lane, patience_s=ORDER_PATIENCE_S)
            except KisError as why:
                return refused or NotSent(why)
            if not is_wanted():
                return refused or NotSent(WithdrawnError())
            try:
                reply = await self._sent(call)
            except NotSentError as why:
                return refused or NotSent(why)
            except KisError as why:
                return Unknown(why)
            kind = class_of(reply)
            if kind is ReplyClass.DONE:
                return self._accepted(order, reply)
            error = self._error(kind, call, reply)
            if kind.leaves_orders_unknown or _is_obscure(kind, reply):
                return Unknown(error)
            refused = Refused(kind, error)
            if kind is ReplyClass.TOKEN and not renewed:
                renewed = True
                self.authority.refuse(call.token)
            elif kind is ReplyClass.RATE and repeats < RATE_REPEATS[lane]:
                await self._slow_down(call, reply, repeats)
                repeats += 1
            else:
                return refused

    async def _pages(self, request: Request, lane: Lane, parse: Callable[[Reply], T]) -> list[T]:
        pages: list[T] = []
        asked: set[tuple[str, ...]] = set()
        following: Request | None = request
        while following is not None:
            if len(pages) == MOST_PAGES:
                raise PagingError(request.endpoint.name, len(pages), "너무 많음", "too many")
            keys = tuple(following.params.get(name, "").strip() for name in request.endpoint.paging or ())
            if keys and keys in asked:
                raise PagingError(request.endpoint.name, len(pages), "이미 본 키", "keys that were there before")
            asked.add(keys)
            reply, page = await self._read(following, lane, lambda reply: (reply, parse(reply)))
            pages.append(page)
            why = ""
            try:
                following = following.next(reply)
            except WireError as error:
                why = error.why
            if why:
                raise PagingError(request.endpoint.name, len(pages), "다음 쪽을 물을 키가 없거나 그대로임", why)
        return pages

    async def _read(self, request: Request, lane: Lane, parse: Callable[[Reply], T]) -> T:
        """Ask until there is an answer that can be read, as often as makes sense."""
        renewed, repeats, troubles = False, 0, 0
        reply: Reply | None
        error: KisError
        while True:
            call = await self._prepared(request, lane)
            try:
                reply = await self._sent(call)
                kind = class_of(reply)
                if kind in (ReplyClass.DONE, ReplyClass.NO_DATA):
                    return self._parsed(parse, reply)
                error = self._error(kind, call, reply)
            except (UnreachableError, UnreadableError) as trouble:
                kind, error, reply = ReplyClass.TEMPORARY, trouble, None
            if kind is ReplyClass.TOKEN and not renewed:
                renewed = True
                self.authority.refuse(call.token)
            elif kind is ReplyClass.RATE and reply is not None and repeats < RATE_REPEATS[lane]:
                await self._slow_down(call, reply, repeats)
                repeats += 1
            elif kind in (ReplyClass.TEMPORARY, ReplyClass.SERVER) and troubles < len(TROUBLE_WAITS_S):
                await self._sleep(TROUBLE_WAITS_S[troubles])
                troubles += 1
            else:
                raise error

    async def _prepared(self, request: Request, lane: Lane, *, patience_s: float | None = None) -> _Call:
        """Refuse what this server does not have, get a token, wait for a turn; nothing of the request leaves."""
        if request.tr(self.keys.env) is None:
            raise WrongEnvironmentError(request.endpoint.name, self.keys.env)
        token = await (self.authority.token() if patience_s is None else self.authority.token(patience_s=patience_s))
        headers = {
            **request.headers(self.keys.env),
            "authorization": f"Bearer {token.get_secret_value()}",
            "appkey": self.keys.app_key.get_secret_value(),
            "appsecret": self.keys.app_secret.get_secret_value(),
        }
        body = request.body()
        if request.endpoint.is_order and self.keys.hashes_orders and body is not None:
            await self._pacer.turn(lane, is_ledger=False)
            headers["hashkey"] = await self.authority.hash_of(body)
        given_at = await self._pacer.turn(lane, is_ledger=request.endpoint.is_ledger)
        return _Call(request, token, headers, body, given_at)

    async def _sent(self, call: _Call) -> Reply:
        endpoint = call.request.endpoint
        params = call.request.params if endpoint.method == "GET" else None
        answered = await self._transport.send(
            endpoint.method, endpoint.path, headers=call.headers, params=params, body=call.body
        )
        # Errors are raised behind the handler: a WireError holds the whole text, and would travel along.
        with suppress(WireError):
            return read_reply(answered.body, answered.headers, answered.status)
        raise self._unreadable(answered)

    def _unreadable(self, answered: Answered) -> KisError:
        if by_text(answered.body.decode(errors="replace")) is ReplyClass.MAINTENANCE:
            return MaintenanceError(f"HTTP {answered.status}", "")
        return UnreadableError(self._transport.host, answered.status, "no JSON object")

    def _parsed(self, parse: Callable[[Reply], T], reply: Reply) -> T:
        try:
            return parse(reply)
        except WireError as error:
            why = error.why
        raise UnreadableError(self._transport.host, reply.status, self.authority.redact(why))

    def _accepted(self, order: Ask[A], reply: Reply) -> Outcome[A]:
        try:
            return Accepted(self._parsed(order.answer, reply))
        except UnreadableError as error:
            # It was taken, but its number is not known.
            return Unknown(error)

    async def _slow_down(self, call: _Call, reply: Reply, repeats: int) -> None:
        self._pacer.refused(call.given_at, by_ledger=reply.code == _LEDGER)
        await self._sleep(RATE_WAITS_S[min(repeats, len(RATE_WAITS_S) - 1)])

    def _error(self, kind: ReplyClass, call: _Call, reply: Reply) -> KisError:
        """Return the error that a refusal is; without our secrets, should the broker have sent one back."""
        code, said = (self.authority.redact(text) for text in (reply.code or f"HTTP {reply.status}", reply.message))
        if kind is ReplyClass.ENVIRONMENT:
            return WrongEnvironmentError(call.request.endpoint.name, self.keys.env, f"{code} {said}".strip())
        return refusal(kind, code, said)


@asynccontextmanager
async def open_client(keys: Keys, home: Path) -> AsyncIterator[Client]:
    """Give a client, connections and all, whose token is kept below `home`."""
    async with Transport(keys.rest_url) as transport:
        ceiling = keys.calls_per_second if keys.is_mock else CEILING
        pacer = Pacer(Limiter(keys.calls_per_second, ceiling=ceiling))
        yield Client(keys, transport, Authority(keys, home, transport), pacer)


@dataclass(frozen=True, slots=True)
class _Call:
    """A request that may leave. Never shown: its headers hold the keys."""

    request: Request
    token: SecretStr
    headers: Mapping[str, str]
    body: bytes | None
    given_at: Nanos

    def __repr__(self) -> str:
        return f"_Call({self.request.endpoint.name})"


_LEDGER = "EGW00215"


def _is_obscure(kind: ReplyClass, reply: Reply) -> bool:
    """Tell whether a reply says too little to believe that an order was refused: no code, or a new one of a failing server."""
    return kind is ReplyClass.UNCLASSIFIED and (not reply.code or reply.status >= _FROM_SERVER_ERRORS)


def _typed(question: Ask[A], reply: Reply) -> A | None:
    """Return the answer; None where the broker says that there is nothing and sends nothing else that can be read."""
    if class_of(reply) is not ReplyClass.NO_DATA:
        return question.answer(reply)
    with suppress(WireError):
        return question.answer(reply)
    return None
