"""Walk through everything that a day at the broker needs, one step after the other, and say of each what to do if it fails.

Nothing is ordered. A token that is still good is used; a new one brings its owner a message from the broker.
"""

from __future__ import annotations

import asyncio
import io
import random
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from kats_core.kis.client import Client
from kats_core.kis.errors import KisError, RefusedError
from kats_core.kis.line import line_of
from kats_core.kis.settings import Keys
from kats_core.kis.stream.budget import Need
from kats_core.kis.stream.conversation import Ending
from kats_core.kis.stream.feed import Feed
from kats_core.kis.stream.messages import FeedEvent, Told
from kats_core.kis.stream.registrations import Channel
from kats_core.kis.stream.streams import streams_of
from kats_core.kis.transport import Transport
from kats_core.kis.wire.account import AskBalance
from kats_core.kis.wire.quotes import AskPrice
from kats_core.market.masters import layout_of, read_master
from kats_core.model.labels import Labelled, Language
from kats_core.model.time import Nanos, to_datetime

STREAM_WITHIN_S = 20.0
"""A registration is asked for twice, five seconds apart."""

USUAL_SYMBOL = "005930"
_MASTER = "kospi_code.mst"
_CLOSE_WITHIN_S = 5.0


class Step(Labelled):
    """What is tried, in this order."""

    TOKEN = "TOKEN", "접근토큰", "access token"
    APPROVAL = "APPROVAL", "실시간 접속키", "approval key"
    QUOTE = "QUOTE", "현재가", "quote"
    BALANCE = "BALANCE", "잔고", "balance"
    STREAM = "STREAM", "실시간 시세", "stream"
    NOTICES = "NOTICES", "체결통보", "fill notices"


class Outcome(Labelled):
    """How it went."""

    PASSED = "PASSED", "정상", "ok"
    FAILED = "FAILED", "실패", "failed"
    SKIPPED = "SKIPPED", "생략", "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of a step: what was seen, or what is wrong and what to do."""

    step: Step
    outcome: Outcome
    ko: str
    en: str

    def text(self, language: Language) -> str:
        """Return it in one language."""
        return self.ko if language == "ko" else self.en


_Seen: TypeAlias = tuple[str, str]


class Checkup:
    """The walk with one client; the account and its notices are the main app's. `clock` is the wall clock; `began` is called before each step, for whoever shows it."""

    def __init__(
        self, client: Client, symbol: str, clock: Callable[[], Nanos], began: Callable[[Step], None] = lambda _: None
    ) -> None:
        self._client = client
        self._symbol = symbol
        self._clock = clock
        self._began = began

    async def walk(self) -> AsyncIterator[Finding]:
        """Yield what came of each step; one that hangs on a failed one is skipped."""
        token = await self._tried(Step.TOKEN, self._token)
        yield token
        approval = await self._tried(Step.APPROVAL, self._approval)
        yield approval
        calls = [(Step.QUOTE, self._quote)]
        if self._client.keys.is_main:
            calls.append((Step.BALANCE, self._balance))
        for step, look in calls:
            yield await self._tried(step, look) if token.outcome is Outcome.PASSED else _skipped(step, Step.TOKEN)
        if approval.outcome is Outcome.PASSED:
            self._began(Step.STREAM)
            async for finding in self._stream():
                yield finding
        else:
            yield _skipped(Step.STREAM, Step.APPROVAL)
            if self._client.keys.is_main:
                yield _skipped(Step.NOTICES, Step.APPROVAL)

    async def _tried(self, step: Step, look: Callable[[], Awaitable[_Seen]]) -> Finding:
        self._began(step)
        try:
            ko, en = await look()
        except KisError as error:
            return Finding(step, Outcome.FAILED, error.ko, error.en)
        return Finding(step, Outcome.PASSED, ko, en)

    async def _token(self) -> _Seen:
        began = self._clock()
        await self._client.authority.token()
        kept = self._client.authority.kept
        if kept is None:
            raise TypeError("a token was given and is not kept")
        until = f"{to_datetime(kept.expires):%Y-%m-%d %H:%M:%S}"
        is_new = kept.asked >= began
        return (
            f"{until}까지 유효, {'새로 발급' if is_new else '저장된 토큰'}",
            f"valid until {until} KST, {'new' if is_new else 'kept from before'}",
        )

    async def _approval(self) -> _Seen:
        await self._client.authority.approval_key()
        return "발급됨", "issued"

    async def _quote(self) -> _Seen:
        found = await self._client.ask(AskPrice(symbol=self._symbol))
        if found is None:
            raise RefusedError("", f"{self._symbol}?")
        return f"{self._symbol} {found.quote.price:,}원", f"{self._symbol} {found.quote.price:,} won"

    async def _balance(self) -> _Seen:
        account = self._client.keys.account
        if account is None:
            raise TypeError("keys without an account")
        pages = await self._client.ask_all(AskBalance(account=account))
        held = sum(holding.quantity > 0 for page in pages for holding in page.holdings)
        cash = next((page.cash for page in pages if page.cash is not None), None)
        if cash is None:
            return f"보유 {held}종목", f"{held} symbols held"
        return f"보유 {held}종목, D+2 예수금 {cash.settled:,}원", f"{held} symbols held, cash D+2 {cash.settled:,} won"

    async def _stream(self) -> AsyncIterator[Finding]:
        """Register a symbol and, with an HTS id, the notices; proven by the broker's answers."""
        keys = self._client.keys
        line = line_of(keys, self._client.authority)
        account = None if keys.account is None else keys.account.digits
        feed = Feed([line], streams_of(is_mock=keys.is_mock), account, random.random)
        feed.hub.want([Need(symbol=self._symbol, rank=0)], self._clock())
        running = asyncio.create_task(feed.run())
        try:
            why = await _proven(feed)
        finally:
            feed.stop()
            await asyncio.wait([running], timeout=_CLOSE_WITHIN_S)
            running.cancel()
        refused = {one.channel: said for one, said in feed.hub.refused().items()}
        yield _finding(
            Step.STREAM,
            why or _refused(refused.get(Channel.TRADES)),
            (f"{self._symbol} 등록 확인", f"{self._symbol} registered"),
        )
        if not keys.is_main:
            return
        if not keys.hts_id:
            yield Finding(
                Step.NOTICES,
                Outcome.SKIPPED,
                "KIS_HTS_ID가 없어 체결통보를 받을 수 없습니다. 실전 매매에는 필요합니다.",
                "KIS_HTS_ID is not set: nobody tells of fills. Trading for real needs it.",
            )
        elif why is not None:
            yield _skipped(Step.NOTICES, Step.STREAM)
        else:
            yield _finding(Step.NOTICES, _bad_user(refused.get(Channel.NOTICES)), ("등록 확인", "registered"))


async def symbol_to_try(keys: Keys) -> str:
    """Return the largest stock; at a simulator, whose market may not have it, the first of its master file.

    Raises:
        KisError: the simulator's master file cannot be had.
    """
    if keys.calls_the_broker:
        return USUAL_SYMBOL
    async with Transport(keys.master_url) as transport:
        answered = await transport.send("GET", f"/{_MASTER}.zip")
    symbols: list[str] = []
    with suppress(zipfile.BadZipFile, KeyError):
        content = zipfile.ZipFile(io.BytesIO(answered.body)).read(_MASTER)
        layout = layout_of(content)
        symbols = [] if layout is None else [record.symbol for record in read_master(content, layout)[0]]
    return USUAL_SYMBOL if not symbols or USUAL_SYMBOL in symbols else symbols[0]


async def _proven(feed: Feed) -> _Seen | None:
    """Return None as soon as everything is registered or refused, else what keeps it from that."""
    try:
        async with asyncio.timeout(STREAM_WITHIN_S):
            while True:
                message = await feed.next()
                if isinstance(message, Told) and message.event is FeedEvent.UP:
                    return None
                if isinstance(message, Told) and message.event is FeedEvent.DOWN:
                    return _why_down(message.detail)
    except TimeoutError:
        return (
            f"등록 응답이 {STREAM_WITHIN_S:.0f}초 안에 오지 않았습니다. 잠시 후 다시 하세요.",
            f"No answer to the registration within {STREAM_WITHIN_S:.0f} s. Try again in a moment.",
        )


_DOWN: dict[Ending, _Seen] = {
    Ending.IN_USE: (
        "같은 앱키의 다른 접속이 있습니다. 실행 중인 프로그램(kats run 등)을 끄고, 비정상 종료 뒤라면 90초쯤 기다리세요.",
        "Another session uses the app key. Stop it (a running kats, for one); after a crash wait some 90 seconds.",
    ),
    Ending.CREDENTIALS: (
        "실시간 접속키를 받아들이지 않습니다. KIS_APP_KEY와 KIS_ENV가 한 벌인지 확인하세요.",
        "The approval key is not accepted. Check that KIS_APP_KEY and KIS_ENV belong together.",
    ),
    Ending.UNREACHABLE: (
        "실시간 서버에 연결할 수 없습니다. KIS_WS_URL과 방화벽을 확인하세요. 밤과 새벽에는 점검 중일 수 있습니다.",
        "The stream's host cannot be reached. Check KIS_WS_URL and the firewall; at night the broker may be at work.",
    ),
}


def _why_down(detail: str) -> _Seen:
    told = next((seen for ending, seen in _DOWN.items() if detail.startswith(ending.value)), None)
    if told is not None:
        return told
    return f"실시간 접속이 끊겼습니다 ({detail}).", f"The connection ended ({detail})."


def _refused(said: str | None) -> _Seen | None:
    return None if said is None else (f"등록을 거절했습니다 ({said}).", f"The registration was refused ({said}).")


def _bad_user(said: str | None) -> _Seen | None:
    if said is None:
        return None
    return (
        f"체결통보 등록을 거절했습니다 ({said}). KIS_HTS_ID를 확인하세요.",
        f"Fill notices were refused ({said}). Check KIS_HTS_ID.",
    )


def _finding(step: Step, wrong: _Seen | None, seen: _Seen) -> Finding:
    ko, en = wrong or seen
    return Finding(step, Outcome.FAILED if wrong else Outcome.PASSED, ko, en)


def _skipped(step: Step, because: Step) -> Finding:
    return Finding(step, Outcome.SKIPPED, f"{because.ko} 다음에 합니다.", f"needs the {because.en} first")
