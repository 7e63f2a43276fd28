"""A broker on loopback that answers what a test tells it to, whatever is asked, and remembers every request."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import pytest
from aiohttp import web
from pydantic import SecretStr

from kats_core.kis.settings import Keys
from kats_core.kis.wire.orders import Account
from kats_core.model.time import KST, SECOND, Nanos, to_datetime

KEY, SECRET, ACCOUNT = "P" + "k" * 35, "S" + "s" * 179, "81382087"
START: Nanos = 1_767_571_200 * SECOND  # 2026-01-05 09:00 KST


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Says:
    """An answer: a status, a body (text as it is, all else as JSON), headers."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Step: TypeAlias = Says | Callable[[web.Request], Awaitable[web.StreamResponse]]


async def cut(request: web.Request) -> web.StreamResponse:
    """Take the request and close the connection without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent(request: web.Request) -> web.StreamResponse:
    """Take the request and answer nothing for as long as the test lasts."""
    await asyncio.sleep(3600)
    return web.Response()


class ScriptedBroker:
    """Answers each path with its steps in turn, the last one again and again; gives tokens when told nothing else."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.now: Nanos = START
        self.slept: list[float] = []
        self.asked: list[Asked] = []
        self.cut = cut
        self.patience_s = 10.0
        self._steps: dict[str, deque[Step]] = defaultdict(deque)
        self._runner: web.AppRunner
        self._tokens = 0
        self.url = ""

    def on(self, path: str, *steps: Any) -> None:
        """Answer this path so."""
        self._steps[path] = deque(step if callable(step) or isinstance(step, Says) else Says(step) for step in steps)

    def silenced(self) -> Step:
        """Return no answer for `on`; only who waits for it has little patience, since a machine may be slow."""
        self.patience_s = 0.5
        return silent

    def says(self, body: Any, status: int = 200, **headers: str) -> Says:
        """Return an answer for `on`."""
        return Says(
            body, status, {name.replace("_", "-") if name != "tr_cont" else name: headers[name] for name in headers}
        )

    def asked_of(self, path: str) -> list[Asked]:
        """Return the requests of a path."""
        return [asked for asked in self.asked if asked.path == path]

    def keys(self, **changes: Any) -> Keys:
        """Return keys that this broker takes."""
        given: dict[str, Any] = {
            "env": "prod",
            "app_key": SecretStr(KEY),
            "app_secret": SecretStr(SECRET),
            "rest_url": self.url,
            "stream_url": self.url.replace("http", "ws"),
            "master_url": self.url,
            "account": Account(number=ACCOUNT, product="01"),
            "hts_id": "trader77",
            "calls_per_second": 15.0,
        }
        return Keys(**{**given, **changes})

    def clock(self) -> Nanos:
        """Return the time, which passes only in `sleep`."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self.slept.append(seconds)
        self.now += round(seconds * SECOND)
        await asyncio.sleep(0)

    async def stop_listening(self) -> None:
        """Refuse new connections; those that are open stay."""
        for site in list(self._runner.sites):
            await site.stop()

    async def close(self) -> None:
        """Refuse new connections and close those that are open."""
        await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(Asked(request.method, request.path, request.headers, request.query, body))
        steps = self._steps[request.path]
        if not steps:
            return self._token() if request.path == "/oauth2/tokenP" else web.Response(status=404, text="no such path")
        step = steps.popleft() if len(steps) > 1 else steps[0]
        if not isinstance(step, Says):
            return await step(request)
        text = step.body if isinstance(step.body, str) else json.dumps(step.body, ensure_ascii=False)
        return web.Response(status=step.status, text=text, headers=step.headers, content_type="application/json")

    def _token(self) -> web.Response:
        self._tokens += 1
        return web.json_response(self.token_answer(f"token-{self._tokens}"))

    def token_answer(self, value: str, hours: float = 24) -> dict[str, Any]:
        """Return the answer that gives a token of so many hours, in the broker's words."""
        end = to_datetime(self.now + round(hours * 3600 * SECOND)).astimezone(KST)
        return {
            "access_token": value,
            "access_token_token_expired": f"{end:%Y-%m-%d %H:%M:%S}",
            "token_type": "Bearer",
            "expires_in": 86400,
        }


@pytest.fixture
def broker(tmp_path: Path) -> ScriptedBroker:
    """Return a broker, to be opened with `async with`; its home is an empty folder."""
    return ScriptedBroker(tmp_path / "home")
