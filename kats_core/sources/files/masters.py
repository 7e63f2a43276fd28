"""Know what is listed, from the broker's master files, lists of the exchange and snapshots: names, boards, designations.

Where several files tell of a symbol the latest goes first, and what it leaves open the others fill. A designation holds from
the morning of its file until a later file of that board lifts it, but not for ever; that a symbol has none is only said of the
day itself.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from kats_core.market.masters import INDEX_LAYOUT, MasterRecord, layout_of, read_master, read_sectors
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.fact import STATUS, Fact
from kats_core.model.kinds import FactSource, InstrumentKind, Market, ShareClass
from kats_core.model.labels import Bilingual
from kats_core.sources.files.catalogue import DataFile, reading
from kats_core.sources.files.params import FileKind
from kats_core.sources.files.reading import NO_DAY, ColumnFile, SideRows, SymbolCodes, day_of

PREPARED = dt.time(8, 50)
DESIGNATION_DAYS = 90
"""After so long without a newer file nobody can say that a symbol is still designated."""

BOARDS = {
    **{market.value: market for market in Market},
    "KOSDAQ GLOBAL": Market.KOSDAQ,
    "유가증권": Market.KOSPI,
    "코스피": Market.KOSPI,
    "코스닥": Market.KOSDAQ,
    "코넥스": Market.KONEX,
}
"""How files call the boards."""

_GROUPS = {
    "부동산투자회사": ShareClass.REIT,
    "외국주권": ShareClass.FOREIGN,
    "주식예탁증권": ShareClass.FOREIGN,
    "투자회사": ShareClass.INVESTMENT,
    "사회간접자본투융자회사": ShareClass.INVESTMENT,
    "선박투자회사": ShareClass.INVESTMENT,
}
_KINDS = {
    "보통주": ShareClass.COMMON,
    "구형우선주": ShareClass.PREFERRED,
    "신형우선주": ShareClass.PREFERRED,
    "우선주": ShareClass.PREFERRED,
    "종류주권": ShareClass.PREFERRED,
}
_MULTIPLES = {"일반": 1, "2X 레버리지": 2, "1X 인버스": -1, "2X 인버스": -2}
_SPAC = "SPAC"
_LEADING_NUMBER = re.compile(r"^\d+\s*")
_TEXTS = ("name", "market", "sector", "stock_kind", "security_group", "section", "leverage_inverse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What files say of a symbol; None is not said."""

    name: str | None = None
    market: Market | None = None
    kind: InstrumentKind | None = None
    share_class: ShareClass | None = None
    sector: str | None = None
    leverage: float | None = None
    lot_size: int | None = None
    listed: dt.date | None = None
    delisted: dt.date | None = None

    def filled_from(self, other: Listed) -> Listed:
        """Return this with what it leaves open taken from another."""
        return replace(self, **{name: getattr(other, name) for name in _FIELDS if getattr(self, name) is None})


_FIELDS = tuple(field.name for field in fields(Listed))


def board(file: DataFile, symbol: str, text: str) -> Market:
    """Return the board that a file calls so.

    Raises:
        SourceError: nobody calls a board so.
    """
    market = BOARDS.get(text.strip().upper())
    if market is None:
        raise SourceError(
            Bilingual(
                "{path} ({symbol}): 시장이 {text!r}입니다. 가능한 값: {boards}",
                "{path} ({symbol}): market is {text!r}, expected one of {boards}",
                path=file.path,
                symbol=symbol,
                text=text,
                boards=", ".join(BOARDS),
            )
        )
    return market


def master_records(file: DataFile) -> list[MasterRecord]:
    """Return the records of a master file of the broker.

    Raises:
        SourceError: a line has another width, or cannot be read; the line is named.
    """
    content = _content(file)
    layout = layout_of(content)
    if layout is None or layout is INDEX_LAYOUT:
        return []
    records, problems = read_master(content, layout)
    _refuse(file, problems)
    return records


def _sector_names(file: DataFile) -> dict[str, tuple[Market, str]]:
    names, problems = read_sectors(_content(file))
    _refuse(file, problems)
    return names


def _content(file: DataFile) -> bytes:
    with reading(file.path):
        return file.path.read_bytes()


def _refuse(file: DataFile, problems: Sequence[Any]) -> None:
    if problems:
        more = len(problems) - 1
        raise SourceError(
            Bilingual(
                "{path}, {line}번째 줄: {text}{more}",
                "{path}, line {line}: {text}{more}",
                path=file.path,
                line=problems[0].line,
                text=problems[0].text,
                more=Bilingual(" (외 {lines:,}줄)", " ({lines:,} more lines)", lines=more) if more else "",
            )
        )


class Masters:
    """The masters of a catalogue, the latest first; read when somebody asks."""

    def __init__(self, files: Sequence[DataFile]) -> None:
        self._mst = [file for file in files if file.is_mst and file.market is not None]
        self._indices = [file for file in files if file.is_mst and file.market is None]
        self._files = [file for file in files if file not in self._indices]
        self._records: dict[Path, list[MasterRecord]] = {}

    @cached_property
    def listed(self) -> dict[str, Listed]:
        """What is known of each symbol."""
        found: dict[str, Listed] = {}
        for file in self._files:
            for symbol, one in self._told_by(file):
                known = found.get(symbol)
                found[symbol] = one if known is None else known.filled_from(one)
        return found

    def _told_by(self, file: DataFile) -> Iterator[tuple[str, Listed]]:
        if file.is_mst:
            return self._of_mst(file)
        return _of_snapshot(file) if file.kind is FileKind.SNAPSHOT else _of_list(file)

    def statuses(self, session: dt.date) -> Iterator[Fact]:
        """Yield the status of symbols on a session, as far as a master can tell it."""
        for market in Market:
            dated = [(file.day, file) for file in self._mst if file.market is market and file.day is not None]
            past = [(day, file) for day, file in dated if day <= session]
            if not past:
                continue
            day, file = max(past, key=lambda pair: pair[0])
            if (session - day).days <= DESIGNATION_DAYS:
                yield from self._statuses_of(file, day, session)

    def _statuses_of(self, file: DataFile, day: dt.date, session: dt.date) -> Iterator[Fact]:
        as_of = time.at(day, PREPARED)
        for record in self._read(file):
            if record.is_instrument and (record.designations or day == session):
                yield Fact(STATUS, record.status, as_of, FactSource.FILE, record.symbol)

    def _of_mst(self, file: DataFile) -> Iterator[tuple[str, Listed]]:
        for record in self._read(file):
            if not record.is_instrument:
                continue
            sector = self._sectors.get(record.sector_code or "")
            yield (
                record.symbol,
                Listed(
                    name=record.name,
                    market=record.market,
                    kind=record.kind,
                    share_class=record.share_class,
                    sector=None if sector is None else sector[1],
                    leverage=record.leverage,
                    lot_size=record.lot_size,
                    listed=record.listed,
                ),
            )

    def _read(self, file: DataFile) -> list[MasterRecord]:
        if file.path not in self._records:
            self._records[file.path] = master_records(file)
        return self._records[file.path]

    @cached_property
    def _sectors(self) -> dict[str, tuple[Market, str]]:
        found: dict[str, tuple[Market, str]] = {}
        for file in reversed(self._indices):
            found |= _sector_names(file)
        return found


def _of_list(file: DataFile) -> Iterator[tuple[str, Listed]]:
    texts = [name for name in _TEXTS if file.has(name)]
    days = [name for name in ("listed", "delisted") if file.has(name)]
    symbols = SymbolCodes()
    rows = ColumnFile(file, symbols).records(days=days, texts=texts)
    is_fund = file.has("leverage_inverse")
    for i, code in enumerate(rows.code.tolist()):
        symbol = symbols.symbols[code]
        said: dict[str, str | None] = {name: rows.texts[name][i] for name in texts}
        market = said.get("market")
        yield (
            symbol,
            Listed(
                name=said.get("name") or None,
                market=file.market if market is None else board(file, symbol, market),
                kind=InstrumentKind.ETF if is_fund else None,
                share_class=_share_class(said),
                sector=_sector(said.get("sector")),
                leverage=_MULTIPLES.get(said.get("leverage_inverse") or "") if is_fund else None,
                listed=_day(rows, "listed", i),
                delisted=_day(rows, "delisted", i),
            ),
        )


def _day(rows: SideRows, name: str, i: int) -> dt.date | None:
    number = int(rows.days[name][i]) if name in rows.days else NO_DAY
    return None if number == NO_DAY else day_of(number)


def _of_snapshot(file: DataFile) -> Iterator[tuple[str, Listed]]:
    """Yield what the last row of each symbol says."""
    names = [name for name in ("name", "market") if file.has(name)]
    for symbol, texts in ColumnFile(file, SymbolCodes()).texts(names).items():
        said = dict(zip(names, texts, strict=True))
        market = said.get("market")
        yield symbol, Listed(name=said.get("name"), market=None if market is None else board(file, symbol, market))


def _share_class(said: dict[str, str | None]) -> ShareClass | None:
    if (said.get("section") or "").startswith(_SPAC):
        return ShareClass.SPAC
    group = _GROUPS.get(said.get("security_group") or "")
    return group if group is not None else _KINDS.get(said.get("stock_kind") or "")


def _sector(text: str | None) -> str | None:
    """Return a sector without the number by which the exchange sorts it: "09제약" and "24제약" are one."""
    return _LEADING_NUMBER.sub("", text).strip() or None if text else None
