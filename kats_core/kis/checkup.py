"""Walk through everything that a day at the broker needs, one step after the other, and say of each what to do if it fails.

Nothing is ordered. A token that is still good is used; a new one brings its owner a message from the broker.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import random
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from kats_core.kis.archive import Archive
from kats_core.kis.client import Client
from kats_core.kis.errors import KisError, RefusedError
from kats_core.kis.exchange_days import ask_days, is_session
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
from kats_core.market.calendar import krx_calendar, session_doubt
from kats_core.market.masters import layout_of, read_master
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Labelled, Language
from kats_core.model.time import Nanos, to_datetime

MOST_SKEW_S = 2.0
"""Seconds between the clocks from which on nothing is bought (`spec/ops.md` section 7)."""

_HALF_A_SECOND = 0.5  # the broker tells whole seconds

STREAM_WITHIN_S = 20.0
"""A registration is asked for twice, five seconds apart."""

USUAL_SYMBOL = "005930"
_MASTER = "kospi_code.mst"
_CLOSE_WITHIN_S = 5.0


class Step(Labelled):
    """What is tried, in this order."""

    TOKEN = "TOKEN", "접근토큰", "access token"
    APPROVAL = "APPROVAL", "실시간 접속키", "approval key"
    CLOCK = "CLOCK", "시계", "clock"
    QUOTE = "QUOTE", "현재가", "quote"
    BALANCE = "BALANCE", "잔고", "balance"
    CALENDAR = "CALENDAR", "거래일", "calendar"
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
    """The walk with one client; the account and its notices are the main app's.

    `clock` is the wall clock, `day` the session that is to come, `archive` keeps what the broker said of it; `began` is called
    before each step, for whoever shows it.
    """

    def __init__(
        self,
        client: Client,
        symbol: str,
        clock: Callable[[], Nanos],
        day: dt.date,
        archive: Archive,
        began: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self._client = client
        self._symbol = symbol
        self._clock = clock
        self._day = day
        self._archive = archive
        self._began = began

    async def walk(self) -> AsyncIterator[Finding]:
        """Yield what came of each step; one that hangs on a failed one is skipped."""
        approval = Outcome.SKIPPED
        async for finding in self.before_session():
            if finding.step is Step.APPROVAL:
                approval = finding.outcome
            yield finding
        if approval is Outcome.PASSED:
            self._began(Step.STREAM)
            async for finding in self._stream():
                yield finding
        else:
            yield _skipped(Step.STREAM, Step.APPROVAL)
            if self._client.keys.is_main:
                yield _skipped(Step.NOTICES, Step.APPROVAL)

    async def before_session(self) -> AsyncIterator[Finding]:
        """Yield what came of each step but those of the stream, which a session that follows proves itself."""
        keys = self._client.keys
        token = await self._tried(Step.TOKEN, self._token)
        yield token
        yield await self._tried(Step.APPROVAL, self._approval)
        yield self._compared_clocks()
        calls = [(Step.QUOTE, self._quote)]
        if keys.is_main and keys.account is not None:
            calls.append((Step.BALANCE, self._balance))
        if keys.is_main and not keys.is_mock:
            calls.append((Step.CALENDAR, self._calendar))
        for step, look in calls:
            yield await self._tried(step, look) if token.outcome is Outcome.PASSED else _skipped(step, Step.TOKEN)
        if keys.is_main and keys.is_mock:
            yield Finding(
                Step.CALENDAR,
                Outcome.SKIPPED,
                "모의투자 서버는 거래일을 알려 주지 않습니다.",
                "the mock server does not tell which days are sessions",
            )

    def _compared_clocks(self) -> Finding:
        """Compare this machine's clock with the broker's, as the last answer told it."""
        self._began(Step.CLOCK)
        skew = self._client.clock_skew
        if skew is None:
            return Finding(Step.CLOCK, Outcome.SKIPPED, "증권사가 시각을 알리지 않았습니다.", "the broker told no time")
        seen = f"{skew:+.1f}초 차이 (증권사 기준)", f"{skew:+.1f} s from the broker's"
        if abs(skew) <= MOST_SKEW_S + _HALF_A_SECOND:
            return Finding(Step.CLOCK, Outcome.PASSED, *seen)
        ko = f"{seen[0]}: {MOST_SKEW_S:.0f}초를 넘으면 매수하지 않습니다. 컴퓨터의 시각 동기화를 켜세요."
        en = f"{seen[1]}: beyond {MOST_SKEW_S:.0f} s nothing is bought. Let this machine's clock be set from the network."
        return Finding(Step.CLOCK, Outcome.FAILED, ko, en)

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

    async def _calendar(self) -> _Seen:
        """Compare what the broker says of the day with our table; where they differ nothing is bought."""
        await ask_days(self._client, self._archive, self._day)
        theirs, table = is_session(self._archive, self._day), krx_calendar()
        if theirs is None:
            raise self._doubt("증권사가 알려 주지 않음", "the broker does not say what it is")
        if session_doubt(table, self._day, theirs) is CoreCode.CALENDAR_UNKNOWN:
            raise self._doubt("KATS의 달력에 없는 날", "no day of KATS's calendar")
        if theirs != table.is_session(self._day):
            ko = f"증권사는 {'개장' if theirs else '휴장'}, KATS의 달력은 {'휴장' if theirs else '개장'}"
            en = f"{'a session' if theirs else 'closed'} at the broker, {'closed' if theirs else 'a session'} in KATS's calendar"
            raise self._doubt(ko, en)
        return f"{self._day} {'개장' if theirs else '휴장'}", f"{self._day}: {'a session' if theirs else 'closed'}"

    def _doubt(self, ko: str, en: str) -> KisError:
        return KisError(f"{self._day}: {ko}. 이날은 매수하지 않습니다.", f"{self._day}: {en}. Nothing is bought on it.")

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
