"""Serve the files of a catalogue as a data source."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain

import numpy as np

from kats_core.market.calendar import krx_calendar
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.source import SourceError
from kats_core.market.tables import IndexSeries, SideTable
from kats_core.model.fact import Fact
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Market, Scope
from kats_core.model.labels import Bilingual
from kats_core.sources.files.catalogue import Catalogue, DataFile, reading
from kats_core.sources.files.checks import LeftOut
from kats_core.sources.files.daily import DailyRows, build_panel, read_daily
from kats_core.sources.files.indices import read_indices
from kats_core.sources.files.masters import Listed, Masters, board
from kats_core.sources.files.minute import MinuteReader, daily_rows
from kats_core.sources.files.reading import ColumnFile, SymbolCodes
from kats_core.sources.files.side import SideFiles

_KEPT_SESSIONS = 4
_NOT_LISTED = Listed()
_BUILT = Bilingual(
    "일봉 파일이 없어, 종가 단일가가 있는 날의 분봉으로 일봉을 만듭니다",
    "no daily bars: they are built from the minutes of days with a closing auction",
)


class FilesSource:
    """Daily and minute bars of files, read when they are asked for.

    Daily bars come from the daily files; when the catalogue has none, from the minutes of each day that has its closing
    auction.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._symbols = SymbolCodes()
        self._daily = [ColumnFile(file, self._symbols) for file in catalogue.daily]
        self._minute = [ColumnFile(file, self._symbols) for file in catalogue.minute]
        self._reader = MinuteReader(self._minute, self._symbols)
        self._side = SideFiles(catalogue.side)
        self._masters = Masters(catalogue.masters)
        self._sessions: dict[dt.date, MinuteBars] = {}
        self._built: dict[dt.date, DailyRows] = {}
        self._joined: list[str] = []
        self._daily_left_out = LeftOut()
        self._minute_left_out: dict[dt.date, LeftOut] = {}

    def identity(self) -> str:
        """Return a hash of the bytes and of what they are taken for; where the files lie does not matter."""
        return self._identity

    @cached_property
    def _identity(self) -> str:
        whole = hashlib.sha256(b"kats files 1")
        for file in self.catalogue.read:
            taken_for = (file.kind.value, file.scope.value, file.market and file.market.value)
            whole.update(repr((*taken_for, sorted(_mapped(file).items()))).encode())
            whole.update(_content_hash(file))
        return whole.hexdigest()

    def notes(self) -> Sequence[str]:
        """Say what each file is taken for and, of what was read so far, what was left out."""
        left_out = LeftOut()
        left_out.add(self._daily_left_out)
        for session in sorted(self._minute_left_out):
            left_out.add(self._minute_left_out[session])
        built = [] if self._daily else [_BUILT]
        told = (*built, *self._joined, *self._strangers(), *left_out.lines(), *self._side.notes(), *self._index_notes())
        return [*self.catalogue.lines(), *told]

    def instruments(self, day: dt.date) -> Sequence[Instrument]:
        """Return the symbols of all daily bars and of the day's minute bars."""
        symbols = set(self._daily_symbols)
        if day in self._minute_days:
            symbols.update(self.minutes(day).symbols)
        found = (self._instrument(symbol) for symbol in sorted(symbols))
        return [one for one in found if one.delisted is None or day < one.delisted]

    def daily_sessions(self) -> Sequence[dt.date]:
        return self._days_of(self._daily or self._minute)

    def minute_sessions(self) -> Sequence[dt.date]:
        return self._days_of(self._minute)

    def history(self, first: dt.date | None, last: dt.date | None) -> Panel:
        """Return the daily bars; rows run from the first to the last session of the data within the range.

        Raises:
            SourceError: a bar cannot be true, comes twice or out of order; see `checks`.
        """
        known = self.daily_sessions()
        within = [day for day in known if (first is None or first <= day) and (last is None or day <= last)]
        low = max(filter(None, (first, known[0] if known else None)), default=None)
        high = min(filter(None, (last, known[-1] if known else None)), default=None)
        sessions = krx_calendar().sessions(low, high) if within and low and high else []
        ranked = self._ranked_rows(sessions) if sessions else []
        scope = self.catalogue.daily[0].scope if self._daily else Scope.RAW
        return build_panel(ranked, sessions, self._symbols.symbols, self._instrument, scope)

    def minutes(self, session: dt.date) -> MinuteBars:
        bars = self._sessions.get(session)
        if bars is None:
            bars = self._read_minutes(session)
            self._sessions[session] = bars
            if len(self._sessions) > _KEPT_SESSIONS:
                del self._sessions[next(iter(self._sessions))]
        return bars

    def tables(self) -> Mapping[str, SideTable]:
        return self._side.tables()

    def indices(self) -> Mapping[str, IndexSeries]:
        return self._indices[0]

    def facts(self, session: dt.date) -> Sequence[Fact]:
        """Return the designations that the masters tell; boards and sectors are told by the instruments."""
        return list(self._masters.statuses(session))

    def _read_minutes(self, session: dt.date) -> MinuteBars:
        if session not in self._minute_days:
            raise SourceError(
                Bilingual(
                    "{day}의 분봉이 없습니다. {extent}",
                    "no minute bars on {day}; {extent}",
                    day=session,
                    extent=self._extent(),
                )
            )
        left_out = LeftOut()
        bars = self._reader.read(session, left_out)
        self._minute_left_out[session] = left_out
        if not len(bars):
            raise SourceError(
                Bilingual(
                    "{day}의 분봉이 없습니다: 정규장에서 거래된 행이 하나도 없습니다",
                    "no minute bars on {day}: none of its rows is a trade in the regular session",
                    day=session,
                )
            )
        return bars

    def _strangers(self) -> Iterator[str]:
        for source in [*self._daily, *self._minute]:
            yield from source.stranger_notes()

    def _extent(self) -> Bilingual:
        sessions = self.minute_sessions()
        if not sessions:
            return Bilingual("데이터에 일봉만 있습니다", "the data have daily bars only")
        return Bilingual(
            "데이터에는 {first} ~ {last}의 {count}거래일이 있습니다",
            "the data have {count} sessions from {first} to {last}",
            first=sessions[0],
            last=sessions[-1],
            count=len(sessions),
        )

    def _ranked_rows(self, sessions: Sequence[dt.date]) -> list[list[DailyRows]]:
        if not self._daily:
            return [[self._built_from_minutes(session) for session in sessions if session in self._minute_days]]
        self._daily_left_out = LeftOut()
        ranked = [read_daily(source, sessions[0], sessions[-1], self._daily_left_out) for source in self._daily]
        self._joined = _joined(ranked)
        return ranked

    def _built_from_minutes(self, session: dt.date) -> DailyRows:
        if session not in self._built:
            self._built[session] = daily_rows(self._read_minutes(session), self._symbols)
        return self._built[session]

    def _days_of(self, sources: Sequence[ColumnFile]) -> Sequence[dt.date]:
        return self._daily_days if sources is self._daily else self._minute_days_in_order

    @cached_property
    def _indices(self) -> tuple[dict[str, IndexSeries], list[str]]:
        return read_indices(self.catalogue.index)

    def _index_notes(self) -> Sequence[str]:
        """Return what was left out of the indices; nothing before they were read."""
        return self._indices[1] if "_indices" in self.__dict__ else ()

    @cached_property
    def _daily_days(self) -> list[dt.date]:
        return _sessions_of(self._daily)

    @cached_property
    def _minute_days_in_order(self) -> list[dt.date]:
        return _sessions_of(self._minute)

    @cached_property
    def _minute_days(self) -> frozenset[dt.date]:
        return frozenset(self._minute_days_in_order)

    @cached_property
    def _daily_symbols(self) -> frozenset[str]:
        if not self._daily:
            return frozenset(symbol for source in self._minute for symbol in source.texts([]))
        return frozenset(symbol for source in self._daily for symbol in source.texts([]))

    @cached_property
    def _listing(self) -> dict[str, tuple[str, Market | None]]:
        """Each symbol's name and market, from the files that have them; the first in rank wins."""
        found: dict[str, tuple[str, Market | None]] = {}
        for source in reversed([*self._daily, *self._minute]):
            found.update(_listing_of(source))
        return found

    def _instrument(self, symbol: str) -> Instrument:
        name, market = self._listing.get(symbol, ("", None))
        return instrument_of(symbol, name, market, self._masters.listed.get(symbol))


def instrument_of(symbol: str, name: str, market: Market | None, listed: Listed | None) -> Instrument:
    """Return an instrument by what the files of its bars say, and by its master where they say nothing."""
    listed = listed or _NOT_LISTED
    market = market or listed.market
    return Instrument(
        symbol=symbol,
        name=name or listed.name or "",
        market=market or Market.KOSPI,
        is_market_known=market is not None,
        kind=listed.kind or InstrumentKind.STOCK,
        share_class=listed.share_class,
        sector=listed.sector,
        leverage=listed.leverage or 1,
        lot_size=listed.lot_size or 1,
        listed=listed.listed,
        delisted=listed.delisted,
    )


def _sessions_of(sources: Sequence[ColumnFile]) -> list[dt.date]:
    calendar = krx_calendar()
    days = {day for source in sources for day in source.days()}
    covered = (day for day in days if calendar.covered_from <= day <= calendar.covered_through)
    return sorted(day for day in covered if calendar.is_session(day))


def _listing_of(source: ColumnFile) -> dict[str, tuple[str, Market | None]]:
    file = source.file
    names = [name for name in ("name", "market") if file.has(name)]
    if not names and file.market is None:
        return {}
    listing: dict[str, tuple[str, Market | None]] = {}
    for symbol, texts in source.texts(names).items():
        by_name = dict(zip(names, texts, strict=True))
        market = file.market if by_name.get("market") is None else board(file, symbol, str(by_name["market"]))
        listing[symbol] = by_name.get("name") or "", market
    return listing


def _joined(ranked: Sequence[Sequence[DailyRows]]) -> list[str]:
    symbols = [set[int]().union(*(np.flatnonzero(np.bincount(part.code)).tolist() for part in rows)) for rows in ranked]
    shared = sum(1 for number in Counter(chain(*symbols)).values() if number > 1)
    if not shared:
        return []
    return [
        Bilingual(
            "{shared}개 종목의 일봉이 여러 파일에 있습니다. 수정 기준일이 서로 다르면 가격이 튈 수 있습니다",
            "{shared} symbols have daily bars in several files; if those were adjusted on different days, prices may jump",
            shared=shared,
        )
    ]


def _mapped(file: DataFile) -> dict[str, str]:
    return {name: column for name, column in file.columns.items() if name != column}


def _content_hash(file: DataFile) -> bytes:
    with reading(file.path), file.path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").digest()
