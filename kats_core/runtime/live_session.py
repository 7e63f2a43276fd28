"""Play today's session by a clock that runs by itself: the machine's, or that of a simulator in another process."""

from __future__ import annotations

import asyncio
import datetime as dt
import time as wall
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import httpx
import msgspec

from kats_core.kis.archive import Archive
from kats_core.kis.checkup import USUAL_SYMBOL, Checkup, Finding, Outcome, Step
from kats_core.kis.client import open_client
from kats_core.kis.exchange_days import is_session
from kats_core.kis.plugin import archive_folder
from kats_core.kis.settings import Keys
from kats_core.kis.source import KisSource
from kats_core.kis.stream.feed import open_socket
from kats_core.kis.stream.session import Surroundings
from kats_core.market.calendar import krx_calendar
from kats_core.market.source import DataSource, LiveSource, SourceError
from kats_core.model import fact, time
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource
from kats_core.model.labels import Bilingual
from kats_core.model.time import Nanos
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.live import WallClock, drive
from kats_core.runtime.live_day import LiveDay
from kats_core.runtime.play import Perform

_NOT_LIVE = Bilingual("이 데이터 소스에는 실시간 시세가 없습니다", "the data source tells nothing of what happens now")
_PATIENCE_S = 3.0
_LEAST_SPACING_S = 0.1


@dataclass(frozen=True, slots=True)
class RunningClock:
    """A clock that runs by itself: it stood at `start` when the machine's own count stood at `since`, and runs `speed` times as fast."""

    start: Nanos
    since: float
    speed: float = 1.0

    def now(self) -> Nanos:
        """Return the time."""
        return self.start + int((wall.monotonic() - self.since) * self.speed * time.SECOND)

    async def sleep(self, seconds: float) -> None:
        """Return when so much of its time has passed."""
        await asyncio.sleep(seconds / self.speed)


class _Told(msgspec.Struct):
    time: dt.datetime
    speed: float


def clock_of(source: DataSource) -> RunningClock:
    """Return the clock by which a source goes: the machine's, or that of the simulator that it hears.

    Raises:
        SourceError: what listens at the addresses of a simulator is none, or its time does not run.
    """
    if not isinstance(source, KisSource) or source.listener.keys.calls_the_broker:
        return RunningClock(wall.time_ns(), wall.monotonic())
    url = source.listener.keys.rest_url
    told = _told_by(url)
    if told.speed <= 0:
        raise SourceError(
            Bilingual(
                "KIS_REST_URL={url}: 시뮬레이터가 단계로만 움직입니다. 속도를 주고 시작하세요",
                "KIS_REST_URL={url}: the simulator only steps; start it with a speed",
                url=url,
            )
        )
    return RunningClock(time.from_datetime(told.time), wall.monotonic(), told.speed)


def exchange_time(keys: Keys) -> Nanos:
    """Return what time it is for whoever these keys call: the machine's, or that of a simulator which tells its own."""
    if not keys.calls_the_broker:
        with suppress(SourceError):
            return time.from_datetime(_told_by(keys.rest_url).time)
    return wall.time_ns()


def _told_by(url: str) -> _Told:
    """Return what a simulator says of its time; raises SourceError where nobody does."""
    try:
        answered = httpx.get(f"{url}/sim", timeout=_PATIENCE_S, trust_env=False)
        return msgspec.json.decode(answered.content, type=_Told)
    except (httpx.HTTPError, msgspec.DecodeError) as error:
        raise SourceError(
            Bilingual(
                "KIS_REST_URL={url}: 그곳에 응답하는 시뮬레이터가 없습니다 ({error}). `kats sim`으로 시작하세요",
                "KIS_REST_URL={url}: no simulator answers there ({error}); `kats sim` starts one",
                url=url,
                error=error,
            )
        ) from None


def session_of(clock: RunningClock) -> dt.date:
    """Return the session that is to come or under way today; raises SourceError where there is none."""
    now = clock.now()
    today, calendar = time.session_date(now), krx_calendar()
    if not calendar.is_session(today):
        raise SourceError(
            Bilingual(
                "{day}: 거래일이 아닙니다. 다음 거래일은 {next}입니다",
                "{day} is no session; the next one is {next}",
                day=today,
                next=calendar.next_session(today),
            )
        )
    if now >= calendar.hours(today).close:
        raise SourceError(
            Bilingual(
                "{day} 장이 끝났습니다. 다음 거래일은 {next}입니다",
                "the session of {day} is over; the next one is {next}",
                day=today,
                next=calendar.next_session(today),
            )
        )
    return today


def looked_over(source: KisSource, session: dt.date, now: Nanos, began: Callable[[Step], None]) -> list[Finding]:
    """Look whether the broker has all that a session needs, before it is prepared; return what forbids it.

    What the broker says of the day goes into the session's facts. Where that is not what our table says nothing is bought, and
    what is held is looked after all the same (`Engine`); so it forbids nothing.
    """
    return asyncio.run(_looked_over(source, session, now, began))


async def _looked_over(source: KisSource, session: dt.date, now: Nanos, began: Callable[[Step], None]) -> list[Finding]:
    keys, home = source.listener.keys, source.listener.home
    archive = Archive(archive_folder(home, keys))
    listed = source.past.instruments(session)
    symbol = USUAL_SYMBOL if keys.calls_the_broker or not listed else listed[0].symbol
    async with open_client(keys, home) as client:
        walk = Checkup(client, symbol, wall.time_ns, session, archive, began).before_session()
        failed = [finding async for finding in walk if finding.outcome is Outcome.FAILED]
    is_open = None if keys.is_mock else is_session(archive, session)
    if is_open is None:
        return failed
    source.asked.append(Fact(fact.EXCHANGE_OPEN, is_open, now, FactSource.FEED))
    return [finding for finding in failed if finding.step is not Step.CALENDAR]


def performed_now(clock: RunningClock) -> Perform:
    """Return what lets today's session happen by a clock that runs by itself."""

    def perform(day: LiveDay, app: App) -> None:
        asyncio.run(_perform(clock, day, app))

    return perform


async def _perform(clock: RunningClock, day: LiveDay, app: App) -> None:
    source = app.source
    if not isinstance(source, LiveSource):
        raise SourceError(_NOT_LIVE)
    if isinstance(source, KisSource):
        source.listener.around = Surroundings(
            clock=clock.now, sleep=clock.sleep, connect=open_socket, spacing_s=_LEAST_SPACING_S * clock.speed
        )
    if app.kind is RunKind.LIVE:
        now = clock.now()
        day.hear(Fact(fact.ARMED_FOR, app.first.isoformat(), now, FactSource.FEED), now)
    await drive(day, source, app.broker, WallClock(clock.now, clock.speed))
