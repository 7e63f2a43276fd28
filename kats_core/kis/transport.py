"""Send one request to the broker's REST host and bring back whatever it answers; tell a request that never left from a lost answer.

No retries, no redirects, no proxies of the environment: an order must not travel twice, nor by way of others. What httpx
raises holds the request with its keys, so nothing of it leaves this module.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cache
from types import TracebackType
from typing import Self

import httpx

from kats_core import __version__
from kats_core.kis.errors import NotSentError, UnreachableError
from kats_core.model.time import SECOND, Nanos, from_datetime

CONNECT_S, ANSWER_S = 3.0, 10.0
_KEPT_ALIVE_S = 20.0
_CONNECTIONS = 8

_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back, whatever it is worth. Names of headers are found in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@cache
def _certificates() -> ssl.SSLContext:
    """Read the certificates that are trusted once; it takes longer than a call."""
    return httpx.create_ssl_context(trust_env=False)


class Transport:
    """Connections to one host, kept alive between calls. Close it, or use it as a context.

    Args:
        url: The host's address, without a path.
        answer_s: Seconds from the request to the whole answer; after that it counts as lost.
        clock: The wall clock, nanoseconds UTC.

    `clock_skew` is how far that clock was ahead of the host's at the last answer that told the time, in seconds; as answers
    tell it in whole seconds, it is right to half a second. None before such an answer.
    """

    def __init__(self, url: str, *, answer_s: float = ANSWER_S, clock: Callable[[], Nanos] = time.time_ns) -> None:
        self.host = httpx.URL(url).netloc.decode()
        self.clock_skew: float | None = None
        self._clock = clock
        self._answer_s = answer_s
        for chatty in ("httpx", "httpcore"):
            # Their lines show addresses with the account in them.
            logging.getLogger(chatty).setLevel(logging.WARNING)
        self._client = httpx.AsyncClient(
            base_url=url,
            trust_env=False,
            verify=_certificates(),
            timeout=httpx.Timeout(answer_s, connect=CONNECT_S, pool=CONNECT_S),
            limits=httpx.Limits(max_connections=_CONNECTIONS, keepalive_expiry=_KEPT_ALIVE_S),
            headers={"user-agent": f"kats/{__version__}", "content-type": "application/json; charset=utf-8"},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answered:
        """Return the answer to one request.

        Raises:
            NotSentError: no connection could be made; nothing of the request has left.
            UnreachableError: no whole answer came; what was asked may have been done.
        """
        why = ""
        try:
            # httpx bounds the silence between two pieces, not the whole.
            asked = self._clock()
            async with asyncio.timeout(CONNECT_S + self._answer_s):
                answer = await self._client.request(method, path, headers=headers, params=params, content=body)
                self._read_clock(answer.headers.get("date", ""), asked)
                return Answered(answer.status_code, answer.headers, answer.content)
        except _NEVER_LEFT:
            why = "refused"
        except (httpx.TimeoutException, TimeoutError):
            why = "slow"
        except httpx.HTTPError:
            why = "lost"
        # Raised here, not above: what was caught holds the request.
        raise NotSentError(self.host, why) if why == "refused" else UnreachableError(self.host, why)

    def _read_clock(self, told: str, asked: Nanos) -> None:
        """Compare the clocks in the middle between question and answer, and in the middle of the second that was told."""
        with suppress(ValueError):
            theirs = from_datetime(parsedate_to_datetime(told)) + SECOND // 2
            self.clock_skew = ((asked + self._clock()) // 2 - theirs) / SECOND
