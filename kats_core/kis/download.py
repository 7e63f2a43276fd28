"""Download history from the broker: what is missing, one symbol after the other, and what was there is kept.

Daily bars are adjusted as of today. Where the broker has adjusted a symbol since the last time, all of it is downloaded anew: two
scales are never spliced. An interrupted download goes on where it was: every few symbols what has come is saved.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kats_core.kis.archive import Archive, Range
from kats_core.kis.client import Client
from kats_core.kis.errors import KisError, RefusedError
from kats_core.kis.exchange_days import ask_days
from kats_core.kis.limiter import Lane
from kats_core.kis.pages import days_of, flows_of, index_days, minutes_of
from kats_core.kis.transport import Transport
from kats_core.kis.wire.finance import AskIncome, AskRatios
from kats_core.kis.wire.info import AskDividends
from kats_core.kis.wire.quotes import AskMostTraded
from kats_core.market.calendar import krx_calendar
from kats_core.market.masters import MasterRecord, layout_of, read_master
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.time import Nanos

INDICES: Mapping[str, str] = {"KOSPI": "0001", "KOSDAQ": "1001", "KOSPI200": "2001"}
MASTERS: Mapping[Market, str] = {Market.KOSPI: "kospi_code.mst", Market.KOSDAQ: "kosdaq_code.mst"}
PERIODS: Mapping[int, str] = {3: "Q1", 6: "H1", 9: "9M", 12: "FY"}
"""How far a year is at the end of a month; of companies whose year ends in December."""

LOOK_AHEAD = 120
"""Days ahead for which dividends are asked: record dates are known weeks before."""

MASTERS_AT = dt.time(7, 30)
"""The files of what is listed are new every morning (`spec/ops.md` section 2, `master_sync`)."""

SAVED_EVERY = 25
AT_ONCE = 4
"""Symbols that are asked for at the same time; the limiter paces them together."""

Tell = Callable[[str, int, int], None]
"""Hears (what, how many are done, of how many)."""


@dataclass(slots=True)
class Download:
    """One download. `refused` are the symbols that the broker has nothing of, and why."""

    client: Client
    archive: Archive
    tell: Tell = lambda what, done, of: None
    refused: dict[str, str] = field(default_factory=dict)

    async def masters(self, session: dt.date) -> None:
        """Fetch the files that say what is listed, and keep them as those of a session; raises KisError, SourceError.

        Their market caps are those of the close before it, and kept as such: the session's setups may know them.
        """
        before = krx_calendar().previous_session(session)
        async with Transport(self.client.keys.master_url) as transport:
            for market, name in MASTERS.items():
                for record in _records(await self._master(transport, market, name, session)):
                    if record.is_instrument and record.market_cap_krw:
                        row = {"listed_shares": record.listed_shares, "market_cap_krw": record.market_cap_krw}
                        rows = [{"symbol": record.symbol, "date": before, **row}]
                        self.archive.put("shares", record.symbol, rows, (before, before))
        self.archive.save()

    async def _master(self, transport: Transport, market: Market, name: str, session: dt.date) -> bytes:
        answered = await transport.send("GET", f"/{name}.zip")
        content = _unzipped(answered.body, name)
        if answered.status != 200 or layout_of(content) is None:
            raise SourceError(f"{name}.zip: HTTP {answered.status}, no list of what is listed on {market.value}")
        self.archive.write(f"{name.removesuffix('.mst')}_{session:%Y%m%d}.mst", content)
        return content

    async def days(self, symbols: Sequence[str], span: Range) -> None:
        """Download the daily bars of symbols, as far as they are missing; raises KisError where nobody can be asked."""
        await self._each("daily_adjusted", symbols, span, self._days_of)

    async def flows(self, symbols: Sequence[str], span: Range) -> None:
        """Download what foreigners and institutions bought; of the mock server the last days, about 30 of them."""
        await self._each("flows", symbols, span, self._flows_of)

    async def indices(self, span: Range) -> None:
        """Download the daily values of the indices."""
        await self._each("index", list(INDICES), span, self._index_of)

    async def reports(self, symbols: Sequence[str], span: Range) -> None:
        """Download what companies have earned, by quarter; the broker does not say when they told."""
        await self._each("reports", symbols, span, self._reports_of)

    async def dividends(self, symbols: Sequence[str], span: Range) -> None:
        """Download the cash dividends whose record date lies in a range, or is to come."""
        await self._each("dividends", symbols, span, self._dividends_of)

    async def calendar(self, today: dt.date) -> None:
        """Ask once a day which days are sessions; raises KisError."""
        await ask_days(self.client, self.archive, today)

    async def most_traded(self, most: int) -> list[str]:
        """Return the listed shares that are traded most today, by value, at most 30; raises KisError, SourceError."""
        answer = await self.client.ask(AskMostTraded(), lane=Lane.HISTORY)
        shares = {*listed(self.archive, None)}
        return [row.symbol for row in (() if answer is None else answer.rows) if row.symbol in shares][:most]

    async def minutes(self, symbols: Sequence[str], span: Range) -> None:
        """Download the minute bars of symbols, session by session."""
        await self._each("minute", symbols, span, self._minutes_of)

    async def _each(self, name: str, keys: Sequence[str], span: Range, one: Callable[[str, Range], Any]) -> None:
        waiting, done = [key for key in keys if self._missing(name, key, span) is not None], 0
        self.tell(name, len(keys) - len(waiting), len(keys))
        room = asyncio.Semaphore(AT_ONCE)

        async def fetch(key: str) -> None:
            nonlocal done
            async with room:
                try:
                    await one(key, span)
                except RefusedError as error:
                    self.refused[key] = error.en
            done += 1
            self.tell(name, len(keys) - len(waiting) + done, len(keys))
            if done % SAVED_EVERY == 0:
                self.archive.save()

        try:
            async with asyncio.TaskGroup() as tasks:
                for key in waiting:
                    tasks.create_task(fetch(key))
        except* KisError as failed:
            raise failed.exceptions[0] from None
        finally:
            self.archive.save()

    def _missing(self, name: str, key: str, span: Range) -> Range | None:
        """Return what of a range was never asked for."""
        covered = self.archive.covered(name, key)
        if covered is None:
            return span
        if span[0] < covered[0]:
            return span[0], max(span[1], covered[1])
        return (covered[1], span[1]) if span[1] > covered[1] else None

    async def _days_of(self, symbol: str, span: Range) -> None:
        first, last = self._missing("daily_adjusted", symbol, span) or span
        known = self.archive.last_row("daily_adjusted", symbol)
        if known is not None:
            # The last day that is known is asked for again: another close means that all before is adjusted since.
            first = min(first, known["date"])
        bars = await days_of(self.client, symbol, first, last)
        again = next((bar for bar in bars if known is not None and bar.session == known["date"]), None)
        anew = known is not None and (again is None or again.close != known["close"])
        if anew:
            covered = self.archive.covered("daily_adjusted", symbol) or span
            first, last = min(span[0], covered[0]), max(span[1], covered[1])
            bars = await days_of(self.client, symbol, first, last)
        rows = [
            {
                "symbol": symbol,
                "date": bar.session,
                "open": bar.open or bar.close,
                "high": bar.high or bar.close,
                "low": bar.low or bar.close,
                "close": bar.close,
                "volume": bar.volume,
                "value": bar.value or 0,
            }
            for bar in bars
        ]
        self.archive.put("daily_adjusted", symbol, rows, (first, last), anew=anew)

    async def _index_of(self, name: str, span: Range) -> None:
        first, last = self._missing("index", name, span) or span
        rows = [
            {
                "index": name,
                "date": day.session,
                **{point: None if value is None else float(value) for point, value in _points(day)},
                "close": float(day.close),
                "value": None if day.value is None else float(day.value),
            }
            for day in await index_days(self.client, INDICES[name], first, last)
        ]
        self.archive.put("index", name, rows, (first, last))

    async def _flows_of(self, symbol: str, span: Range) -> None:
        first, last = self._missing("flows", symbol, span) or span
        days = await flows_of(self.client, symbol, first, last)
        rows = [
            {
                "symbol": symbol,
                "date": day.session,
                "inst_net_shares": day.institutions,
                "foreign_net_shares": day.foreigners,
                "inst_net_krw": day.institutions_value,
                "foreign_net_krw": day.foreigners_value,
            }
            for day in days
        ]
        if days:  # what was not told yet is asked for again
            first, last = days[0].session if self.client.keys.is_mock else first, days[-1].session
        self.archive.put("flows", symbol, rows, (first, last))

    async def _reports_of(self, symbol: str, span: Range) -> None:
        income = await self.client.ask(AskIncome(symbol=symbol, quarterly=True), lane=Lane.HISTORY)
        ratios = await self.client.ask(AskRatios(symbol=symbol, quarterly=True), lane=Lane.HISTORY)
        eps = {one.period: one.eps for one in (() if ratios is None else ratios.periods)}
        rows = [
            {
                "symbol": symbol,
                "period_end": one.period,
                "fiscal_year": one.period.year,
                "period": PERIODS[one.period.month],
                "revenue_cum_krw": _float(one.sales),
                "operating_profit_cum_krw": _float(one.operating_profit),
                "net_income_cum_krw": _float(one.net_income),
                "eps_cum_krw": _float(eps.get(one.period)),
            }
            for one in (() if income is None else income.periods)
            if one.period.month in PERIODS
        ]
        self.archive.put("reports", symbol, rows, span)

    async def _dividends_of(self, symbol: str, span: Range) -> None:
        ahead = span[1] + dt.timedelta(days=LOOK_AHEAD)
        answers = await self.client.ask_all(AskDividends(start=span[0], end=ahead, symbol=symbol), lane=Lane.HISTORY)
        known = {row["record_date"]: row["announced"] for row in self.archive.rows("dividends", symbol)}
        rows = [
            {
                "symbol": symbol,
                "record_date": one.record_date,
                # When it was announced, the broker does not say: known is what was seen, and what is past.
                "announced": known.get(one.record_date, min(span[1], one.record_date)),
                "dps_krw": float(one.per_share),
            }
            for answer in answers
            for one in answer.rows
            if one.per_share
        ]
        self.archive.put("dividends", symbol, rows, span)

    async def _minutes_of(self, symbol: str, span: Range) -> None:
        first, last = self._missing("minute", symbol, span) or span
        for session in krx_calendar().sessions(first, last):
            hours = krx_calendar().hours(session)
            bars = await minutes_of(self.client, symbol, session, time.clock(hours.open))
            rows = [
                {
                    "symbol": symbol,
                    "datetime": dt.datetime.combine(session, bar.clock),
                    "open": bar.open,
                    "high": bar.high,
                    "low": bar.low,
                    "close": bar.close,
                    "volume": bar.volume,
                    "cum_value": bar.day_value,
                }
                for bar in bars
            ]
            self.archive.put("minute", symbol, rows, (session, session))


def session_of_masters(now: Nanos) -> dt.date:
    """Return the session that the files of what is listed describe now: its base prices, and who may be traded in it."""
    today = time.session_date(now)
    is_new = krx_calendar().is_session(today) and time.clock(now) >= MASTERS_AT
    return today if is_new else krx_calendar().previous_session(today)


def listed(archive: Archive, most: int | None) -> list[str]:
    """Return the shares of the newest masters, the largest companies first; raises SourceError where there are none."""
    records = [
        record
        for name in MASTERS.values()
        for path in sorted(archive.folder.glob(f"{name.removesuffix('.mst')}_*.mst"))[-1:]
        for record in _records(path.read_bytes())
        if record.kind is InstrumentKind.STOCK
    ]
    if not records:
        raise SourceError(f"{archive.folder}: there is no list of what is listed yet")
    ranked = sorted(records, key=lambda record: (-(record.market_cap_krw or 0), record.symbol))
    return [record.symbol for record in ranked[:most]]


def _records(content: bytes) -> Iterable[MasterRecord]:
    layout = layout_of(content)
    return () if layout is None else read_master(content, layout)[0]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _points(day: Any) -> Iterable[tuple[str, Any]]:
    return (("open", day.open), ("high", day.high), ("low", day.low))


def _unzipped(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceError(f"{name}.zip: {error}") from None
