"""Build side tables from files: market caps, flows, reports, dividends, each record from the evening on which it was known.

| table     | from                                          | may be used from                                            |
| --------- | --------------------------------------------- | ----------------------------------------------------------- |
| SHARES    | snapshots                                     | the evening of the day itself                               |
|           | the broker's master files, the day before it  | the evening of the file's day                               |
| FLOWS     | net buying by symbol, in shares or in won     | the evening of the day itself                               |
| QUARTERS  | quarterly reports, cumulative or single       | the filing date, else 45 days later, 90 at the year's end   |
| YEARS     | annual reports, full years of quarterly files | the filing date, else 90 days after the year's end          |
| DIVIDENDS | cash dividends with a record date             | the day on which they were announced                        |

What cannot be dated, or whose unit nobody states, is left out and said: it is never guessed. A file is read when its table is
asked for, and of it only the columns that the table needs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, FloatArray, Int64Array
from kats_core.market.calendar import krx_calendar
from kats_core.market.source import SourceError
from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SHARES, YEARS, LazyTables, SideTable
from kats_core.model.labels import Bilingual
from kats_core.sources.files.catalogue import DataFile
from kats_core.sources.files.masters import master_records
from kats_core.sources.files.naming import AMOUNTS, CUMULATIVE, FLOW_UNITS
from kats_core.sources.files.reading import NO_DAY, ColumnFile, SymbolCodes, day_number, day_of, row_name, row_of

QUARTER_DELAY_DAYS = 45
YEAR_DELAY_DAYS = 90
"""A report without a filing date is usable so many days after its period (`spec/market.md` section 3.1)."""

_PERIODS = {"Q1": 0, "1Q": 0, "H1": 1, "2Q": 1, "9M": 2, "3Q": 2, "FY": 3, "4Q": 3}
_QUARTERS_A_YEAR = 4
_QUARTER_DAYS = (80, 100)

COMPARISON_COLUMN = "prior-year column"


@dataclass(frozen=True, slots=True)
class Records:
    """Records of one file. `period` and `available` are days since 1970; `row` counts the file's rows from 1."""

    file: DataFile
    row: Int64Array
    code: npt.NDArray[np.int32]
    period: Int64Array
    available: Int64Array
    columns: dict[str, FloatArray]

    def __len__(self) -> int:
        return int(self.row.size)

    def take(self, rows: npt.NDArray[np.intp] | BoolArray) -> Records:
        """Return some of them."""
        columns = {name: column[rows] for name, column in self.columns.items()}
        return Records(self.file, self.row[rows], self.code[rows], self.period[rows], self.available[rows], columns)


@dataclass(slots=True)
class SideFiles:
    """The side tables of a catalogue's files. `notes` grow as tables are read."""

    files: Sequence[DataFile]
    _symbols: SymbolCodes = field(default_factory=SymbolCodes)
    _notes: dict[str, list[str]] = field(default_factory=dict)

    def tables(self) -> LazyTables:
        """Return the tables for which there are files; each is read at its first use."""
        return LazyTables({name: self._reader(name) for name in _READERS if self.files_of(name)})

    def files_of(self, table: str) -> list[DataFile]:
        """Return the files of a table, the one that wins first."""
        files = [file for file in self.files if table in file.tables]
        return sorted(files, key=lambda file: (-file.priority, file.is_mst, not file.has("filed")))

    def notes(self) -> Iterator[str]:
        """Say what was left out of the tables that were read so far, once where several are made of the same rows."""
        yield from dict.fromkeys(chain.from_iterable(self._notes[name] for name in sorted(self._notes)))

    def _reader(self, table: str) -> Callable[[], SideTable]:
        return lambda: self._read(table)

    def _read(self, table: str) -> SideTable:
        notes: list[str] = []
        self._notes[table] = notes
        ranked = []
        for file in self.files_of(table):
            if file.is_mst:
                ranked.append(_master_shares(file, self._symbols))
                continue
            source = ColumnFile(file, self._symbols)
            ranked.append(_without_twins(_READERS[table](source, notes), self._symbols))
            notes.extend(source.stranger_notes())
        return _joined(table, ranked, self._symbols)


def _shares(source: ColumnFile, notes: list[str]) -> Records:
    names = [name for name in ("listed_shares", "market_cap_krw") if source.file.has(name)]
    rows = source.records(days=["date"], numbers=names)
    columns = {name: np.where(rows.numbers[name] > 0, rows.numbers[name], np.nan) for name in names}
    return Records(source.file, rows.row, rows.code, rows.days["date"], rows.days["date"], columns)


def _master_shares(file: DataFile, symbols: SymbolCodes) -> Records:
    """Return shares and caps of a master: its caps are those of the close before its day, known to everybody that day."""
    listed = [record for record in master_records(file) if record.is_instrument]
    day = file.day or dt.date.min
    size = len(listed)
    return Records(
        file=file,
        row=np.arange(1, size + 1, dtype=np.int64),
        code=np.array([symbols.code(record.symbol) for record in listed], dtype=np.int32),
        period=np.full(size, day_number(krx_calendar().previous_session(day)), dtype=np.int64),
        available=np.full(size, day_number(day), dtype=np.int64),
        columns={
            "listed_shares": np.array([record.listed_shares or np.nan for record in listed], dtype=np.float64),
            "market_cap_krw": np.array([record.market_cap_krw or np.nan for record in listed], dtype=np.float64),
        },
    )


def _flows(source: ColumnFile, notes: list[str]) -> Records:
    file = source.file
    named = [name for name in chain.from_iterable(FLOW_UNITS.values()) if file.has(name)]
    open_unit = [name for name in FLOW_UNITS if file.has(name)] if not named else []
    holdings = ["foreign_hold"] if open_unit and file.has("foreign_hold") else []
    rows = source.records(days=["date"], numbers=[*named, *open_unit, *holdings])
    columns = {name: rows.numbers[name] for name in named}
    if open_unit:
        net, held = rows.numbers.get("foreign_net"), rows.numbers.get("foreign_hold")
        if net is not None and held is not None and _are_shares(rows.code, rows.days["date"], net, held):
            columns = {FLOW_UNITS[name][0]: rows.numbers[name] for name in open_unit}
        else:
            texts = [file.columns[name] for name in open_unit]
            notes.append(
                Bilingual(
                    "{file}: 제외. {columns}의 단위가 주인지 원인지 알 수 없습니다. catalogue:에서 inst_net_shares 또는 "
                    "inst_net_krw(foreign_net_...)로 지정하세요",
                    "{file}: left out, nothing says whether {listed} are shares or won; map them to inst_net_shares or "
                    "inst_net_krw (foreign_net_...) under catalogue:",
                    file=file.name,
                    columns=", ".join(texts),
                    listed=" and ".join(texts),
                )
            )
            return _nothing(file)
    return Records(file, rows.row, rows.code, rows.days["date"], rows.days["date"], columns)


def _are_shares(code: npt.NDArray[np.int32], day: Int64Array, net: FloatArray, held: FloatArray) -> bool:
    """Tell whether what foreigners hold moves by what they buy, symbol by symbol; a net in won would be far off."""
    order = np.lexsort((day, code))
    code, net, held = code[order], net[order], held[order]
    follows = (code[1:] == code[:-1]) & ~np.isnan(net[1:] + held[1:] + held[:-1])
    step, bought, of = (held[1:] - held[:-1])[follows], net[1:][follows], code[1:][follows]
    symbols, where = np.unique(of, return_inverse=True)
    square = np.bincount(where, bought * bought, symbols.size)
    slope = np.bincount(where, step * bought, symbols.size)[square > 0] / square[square > 0]
    return slope.size > 0 and bool(np.mean((slope > 2 / 3) & (slope < 3 / 2)) > 2 / 3)


def _quarters(source: ColumnFile, notes: list[str]) -> Records:
    if source.file.has("period"):
        return _single_quarters(_cumulative(source, notes), notes)
    names = [name for name in AMOUNTS if source.file.has(name)]
    rows = source.records(days=["period_end", *_filed(source.file)], numbers=names)
    period = rows.days["period_end"]
    available = _available(rows.days.get("filed"), period, np.full(period.size, QUARTER_DELAY_DAYS))
    columns = {name: rows.numbers[name] for name in names}
    return _dated(Records(source.file, rows.row, rows.code, period, available, columns), notes)


def _years(source: ColumnFile, notes: list[str]) -> Records:
    file = source.file
    if file.has("period"):
        report = _cumulative(source, notes)
        full = report.records.take(report.number == _QUARTERS_A_YEAR - 1)
        return full.take(_has_value(full))
    names = [name for name in AMOUNTS if file.has(name)]
    rows = source.records(days=_filed(file), numbers=["fiscal_year", *names])
    year = rows.numbers["fiscal_year"]
    is_year = (year >= 1900) & (year < 2200)
    ends = np.where(is_year, year, 1970).astype(np.int64).astype(np.str_).astype("datetime64[Y]") + np.timedelta64(
        1, "Y"
    )
    period = ends.astype("datetime64[D]").astype(np.int64) - 1
    filed = rows.days.get("filed")
    available = _available(filed, period, np.full(period.size, YEAR_DELAY_DAYS))
    columns = {name: rows.numbers[name] for name in names}
    records = Records(file, rows.row, rows.code, period, available, columns)
    if not is_year.all():
        notes.append(
            Bilingual(
                "{file}: 회계연도가 없는 {count:,}건 제외",
                "{file}: left out {count:,} records without a fiscal year",
                file=file.name,
                count=np.count_nonzero(~is_year),
            )
        )
    return _dated(records.take(is_year), notes, _OTHER_YEAR_END)


def _dividends(source: ColumnFile, notes: list[str]) -> Records:
    names = [name for name in ("dps_krw", "annual_dps_krw") if source.file.has(name)]
    stated = ["pay_date"] if source.file.has("pay_date") else []
    rows = source.records(days=["record_date", "announced", *stated], numbers=names)
    columns = dict(rows.numbers)
    for name in stated:
        columns["pay_day"] = np.where(rows.days[name] == NO_DAY, np.nan, rows.days[name].astype(np.float64))
    records = Records(source.file, rows.row, rows.code, rows.days["record_date"], rows.days["announced"], columns)
    is_dated = (records.period != NO_DAY) & (records.available != NO_DAY)
    if not is_dated.all():
        notes.append(
            Bilingual(
                "{file}: 기준일이나 공시일이 없는 배당 {count:,}건 제외",
                "{file}: left out {count:,} dividends without a record date or an announcement",
                file=source.file.name,
                count=np.count_nonzero(~is_dated),
            )
        )
    return records.take(is_dated)


_READERS: Mapping[str, Callable[[ColumnFile, list[str]], Records]] = {
    SHARES: _shares,
    FLOWS: _flows,
    QUARTERS: _quarters,
    YEARS: _years,
    DIVIDENDS: _dividends,
}


@dataclass(frozen=True, slots=True)
class _Cumulative:
    """Reports from the year's start, with the fiscal year and the number of its quarter, 0 to 3."""

    records: Records
    year: Int64Array
    number: Int64Array


def _cumulative(source: ColumnFile, notes: list[str]) -> _Cumulative:
    file = source.file
    names = {name: other for name, other in CUMULATIVE.items() if file.has(other)}
    texts = ["period", *(["reported_as"] if file.has("reported_as") else [])]
    rows = source.records(days=["period_end", *_filed(file)], numbers=["fiscal_year", *names.values()], texts=texts)
    number = np.array([_PERIODS.get(str(text), -1) for text in rows.texts["period"].tolist()], dtype=np.int64)
    unknown = number < 0
    if unknown.any():
        i = int(np.argmax(unknown))
        raise SourceError(
            Bilingual(
                "{at}: {column} 값이 {found!r}입니다. Q1, H1, 9M, FY 중 하나여야 합니다",
                "{at}: {column} is {found!r}, expected Q1, H1, 9M or FY",
                at=row_of(file, int(rows.row[i])),
                column=file.columns["period"],
                found=rows.texts["period"][i],
            )
        )
    restated = np.count_nonzero(rows.texts["reported_as"] == COMPARISON_COLUMN) if len(texts) > 1 else 0
    if restated:
        notes.append(
            Bilingual(
                "{file}: 보고서 {all:,}건 중 {restated:,}건은 다음 해 보고서의 전기 비교값입니다. 정정된 수치가 최초 공시일부터 반영됩니다",
                "{file}: {restated:,} of {all:,} reports are the next year's comparison column, so restated figures "
                "count from the day of the first ones",
                file=file.name,
                restated=restated,
                all=number.size,
            )
        )
    period = rows.days["period_end"]
    delay = np.where(number == _QUARTERS_A_YEAR - 1, YEAR_DELAY_DAYS, QUARTER_DELAY_DAYS)
    available = _available(rows.days.get("filed"), period, delay)
    year = np.nan_to_num(rows.numbers["fiscal_year"], nan=-1.0).astype(np.int64)
    columns = {name: rows.numbers[other] for name, other in names.items()}
    records = Records(file, rows.row, rows.code, period, available, columns)
    is_dated = (year > 0) & (period != NO_DAY) & (available > period)
    if not is_dated.all():
        notes.append(
            Bilingual(
                "{file}: 기간이나 연도가 없는 보고서 {count:,}건 제외",
                "{file}: left out {count:,} reports without a period and a year",
                file=file.name,
                count=np.count_nonzero(~is_dated),
            )
        )
    return _Cumulative(records.take(is_dated), year[is_dated], number[is_dated])


def _single_quarters(reports: _Cumulative, notes: list[str]) -> Records:
    """Subtract from each report the one before it in its fiscal year; without that one the quarter is missing."""
    records = reports.records
    order = np.lexsort((records.row, reports.number, reports.year, records.code))
    records, year, number = records.take(order), reports.year[order], reports.number[order]
    follows = np.zeros(len(records), dtype=np.bool_)
    follows[1:] = (records.code[1:] == records.code[:-1]) & (year[1:] == year[:-1]) & (number[1:] == number[:-1] + 1)
    step = np.diff(records.period, prepend=0)
    follows &= (step >= _QUARTER_DAYS[0]) & (step <= _QUARTER_DAYS[1])
    is_first = number == 0
    available = records.available.copy()
    available[1:] = np.where(follows[1:], np.maximum(available[1:], available[:-1]), available[1:])
    columns = {}
    for name, total in records.columns.items():
        before = np.concatenate([[np.nan], total[:-1]])
        columns[name] = np.where(is_first, total, np.where(follows, total - before, np.nan))
    revenue = columns.get("revenue_krw")
    if revenue is not None and (revenue < 0).any():
        notes.append(
            Bilingual(
                "{file}: 매출이 0보다 작은 {count:,}개 분기는 없는 것으로 봅니다",
                "{file}: {count:,} quarters have a revenue below zero: missing",
                file=records.file.name,
                count=np.count_nonzero(revenue < 0),
            )
        )
        columns["revenue_krw"] = np.where(revenue < 0, np.nan, revenue)
    singles = Records(records.file, records.row, records.code, records.period, available, columns)
    lacking = int(np.count_nonzero(~is_first & ~follows))
    if lacking:
        notes.append(
            Bilingual(
                "{file}: 직전 보고서가 없어 {count:,}개 분기가 없습니다",
                "{file}: {count:,} quarters are missing, for the report before them is",
                file=records.file.name,
                count=lacking,
            )
        )
    return singles.take(is_first | follows)


def _filed(file: DataFile) -> list[str]:
    return ["filed"] if file.has("filed") else []


def _available(filed: Int64Array | None, period: Int64Array, delay: Int64Array) -> Int64Array:
    later = np.where(period == NO_DAY, NO_DAY, period + delay)
    if filed is None:
        return later
    return np.where(filed == NO_DAY, later, filed)


_AFTER_FILED = Bilingual("공시일 뒤에 끝나는", "that end after they were filed")
_OTHER_YEAR_END = Bilingual("12월 결산이 아닌", "whose fiscal year does not end in December")


def _dated(records: Records, notes: list[str], which: Bilingual = _AFTER_FILED) -> Records:
    """Return the records that were known after their period; the others state one of the two wrongly."""
    is_dated = (records.period != NO_DAY) & (records.available > records.period)
    if not is_dated.all():
        notes.append(
            Bilingual(
                "{file}: {which} 보고서 {count:,}건 제외",
                "{file}: left out {count:,} reports {which}",
                file=records.file.name,
                which=which,
                count=np.count_nonzero(~is_dated),
            )
        )
    return records.take(is_dated)


def _has_value(records: Records) -> BoolArray:
    found = np.zeros(len(records), dtype=np.bool_)
    for column in records.columns.values():
        found |= ~np.isnan(column)
    return found


def _nothing(file: DataFile) -> Records:
    empty = np.empty(0, dtype=np.int64)
    return Records(file, empty, empty.astype(np.int32), empty, empty, {})


def _without_twins(records: Records, symbols: SymbolCodes) -> Records:
    """Return the records once each.

    Raises:
        SourceError: two records about the same thing, known on the same day, disagree.
    """
    order = np.lexsort((records.row, records.period, records.available, records.code))
    records = records.take(order)
    if not len(records):
        return records
    twin = np.zeros(len(records), dtype=np.bool_)
    twin[1:] = np.logical_and.reduce(
        [column[1:] == column[:-1] for column in (records.code, records.period, records.available)]
    )
    for name, column in records.columns.items():
        differs = twin.copy()
        differs[1:] &= ~((column[1:] == column[:-1]) | (np.isnan(column[1:]) & np.isnan(column[:-1])))
        if differs.any():
            i = int(np.argmax(differs))
            file, symbol = records.file, symbols.symbols[records.code[i]]
            raise SourceError(
                Bilingual(
                    "{at} ({day}, {symbol}): {name} 값이 {found:,.15g}인데 {other}에는 {known:,.15g}입니다",
                    "{at} ({day}, {symbol}): {name} is {found:,.15g}, but {known:,.15g} in {other}",
                    at=row_of(file, int(records.row[i])),
                    day=day_of(int(records.period[i])),
                    symbol=symbol,
                    name=name,
                    found=column[i],
                    known=column[i - 1],
                    other=row_name(file, int(records.row[i - 1])),
                )
            )
    return records.take(~twin)


def _joined(table: str, ranked: Sequence[Records], symbols: SymbolCodes) -> SideTable:
    """Return one table of several files; where two have a symbol's period, the first in rank wins with all its records."""
    names = list(dict.fromkeys(chain.from_iterable(records.columns for records in ranked)))
    rank = np.repeat(np.arange(len(ranked)), [len(records) for records in ranked])
    code = np.concatenate([np.empty(0, np.int32), *(records.code for records in ranked)])
    period = np.concatenate([np.empty(0, np.int64), *(records.period for records in ranked)])
    available = np.concatenate([np.empty(0, np.int64), *(records.available for records in ranked)])
    columns = {name: np.concatenate([np.empty(0), *(_column(records, name) for records in ranked)]) for name in names}
    in_order = sorted(np.unique(code).tolist(), key=symbols.symbols.__getitem__)
    place = np.zeros(len(symbols), dtype=np.int32)
    place[in_order] = np.arange(len(in_order), dtype=np.int32)
    symbol = place[code]
    kept = _winners(symbol, period, rank) if len(ranked) > 1 else np.ones(code.size, dtype=np.bool_)
    order = np.flatnonzero(kept)[np.lexsort((period[kept], available[kept], symbol[kept]))]
    return SideTable(
        name=table,
        symbols=tuple(symbols.symbols[number] for number in in_order),
        symbol=symbol[order],
        period=period[order].astype("datetime64[D]"),
        available_from=available[order].astype("datetime64[D]"),
        columns={name: column[order] for name, column in columns.items()},
        source=", ".join(records.file.name for records in ranked),
    )


def _winners(symbol: npt.NDArray[np.int32], period: Int64Array, rank: npt.NDArray[np.intp]) -> BoolArray:
    order = np.lexsort((rank, period, symbol))
    starts = np.ones(order.size, dtype=np.bool_)
    starts[1:] = (np.diff(symbol[order]) != 0) | (np.diff(period[order]) != 0)
    best = rank[order][starts][np.cumsum(starts) - 1]
    kept = np.empty(order.size, dtype=np.bool_)
    kept[order] = rank[order] == best
    return kept


def _column(records: Records, name: str) -> FloatArray:
    return records.columns[name] if name in records.columns else np.full(len(records), np.nan)
