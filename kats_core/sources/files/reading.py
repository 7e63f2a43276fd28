"""Turn the columns of Parquet and CSV files into numpy arrays: the columns and the rows that are asked for, no more.

Nothing here judges prices. What cannot be read as a date, a symbol or a number stops with the file, the row and the value.

pyarrow's `array`, `filter` and `to_numpy` import pandas wherever it is installed, 1.5 s for nothing, so the values are taken
straight from Arrow's buffers.
"""

from __future__ import annotations

import codecs
import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.labels import Bilingual, same
from kats_core.sources.files.catalogue import DataFile, reading
from kats_core.sources.files.params import FileKind

Numbers = npt.NDArray[np.int64] | npt.NDArray[np.float64]

NO_DAY = -1_000_000
"""Stands for a date that is missing, in days since 1970; no market is that old."""

_CODE_LENGTH = 6
_SHOWN = 8
_PIECE = 1 << 20
_TEXTS = ("symbol", "name", "market", "sector", "period", "reported_as")
_EPOCH = dt.date(1970, 1, 1)
_KST_OFFSET: time.Nanos = -time.midnight(_EPOCH)


class SymbolCodes:
    """Numbers for symbols, in order of appearance, shared by all files of a source."""

    def __init__(self) -> None:
        self.symbols: list[str] = []
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.symbols)

    def code(self, symbol: str) -> int:
        """Return the number of a symbol, a new one when it is new."""
        code = self._codes.setdefault(symbol, len(self.symbols))
        if code == len(self.symbols):
            self.symbols.append(symbol)
        return code


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a file, in its order.

    `row` counts the file's rows from 1; `time` is days since 1970 of daily bars and `Nanos` of minute bars; `numbers` are
    int64, or float64 where the file has fractions or gaps (NaN).
    """

    file: DataFile
    symbols: SymbolCodes
    row: Int64Array
    time: Int64Array
    code: npt.NDArray[np.int32]
    numbers: dict[str, Numbers]

    def __len__(self) -> int:
        return int(self.row.size)

    def take(self, rows: npt.NDArray[np.intp] | BoolArray) -> Chunk:
        """Return some of the rows."""
        numbers = {name: column[rows] for name, column in self.numbers.items()}
        return Chunk(self.file, self.symbols, self.row[rows], self.time[rows], self.code[rows], numbers)

    def place(self, i: int) -> Bilingual:
        """Say where row `i` of the chunk stands in its file, and what it is about."""
        when = show_time(self.file, int(self.time[i]))
        row, symbol = row_name(self.file, int(self.row[i])), self.symbols.symbols[self.code[i]]
        return same("{row} ({when}, {symbol})", row=row, when=when, symbol=symbol)


def row_name(file: DataFile, row: int) -> Bilingual:
    """Say where a row stands; in CSV it is the line, which the header moves by one."""
    if file.is_csv:
        return Bilingual("{line}번째 줄", "line {line}", line=row + 1)
    return Bilingual("{row}행", "row {row}", row=row)


def row_of(file: DataFile, row: int) -> Bilingual:
    """Say which file and which row, as messages begin."""
    return same("{path}, {row}", path=file.path, row=row_name(file, row))


def show_time(file: DataFile, value: int) -> str:
    """Return a value of a chunk's `time` as people write it."""
    if file.kind is FileKind.DAILY:
        return (_EPOCH + dt.timedelta(days=value)).isoformat()
    return time.to_datetime(value).strftime("%Y-%m-%d %H:%M:%S")


def day_number(day: dt.date) -> int:
    """Return the days since 1970."""
    return (day - _EPOCH).days


def day_of(number: int) -> dt.date:
    """Return the date of a number of days since 1970."""
    return _EPOCH + dt.timedelta(days=number)


def days_of_instants(instants: Int64Array) -> Int64Array:
    """Return the Korean dates of instants, as days since 1970."""
    return (instants + _KST_OFFSET) // time.DAY


@dataclass(frozen=True, slots=True)
class SideRows:
    """Rows of a side table: `days` since 1970 or `NO_DAY`, `numbers` with NaN, `texts` with None, each by KATS's names."""

    row: Int64Array
    code: npt.NDArray[np.int32]
    days: dict[str, Int64Array]
    numbers: dict[str, npt.NDArray[np.float64]]
    texts: dict[str, npt.NDArray[np.object_]]


class ColumnFile:
    """A Parquet or CSV file in pieces: Parquet by its row groups, CSV as one piece.

    `strangers` are the symbols met so far that are no six-character codes, such as an ETN's Q520057; their rows are skipped.
    `damaged` counts the rows of symbols that once were codes; they stop whoever reads, unless it `is_tolerant`.
    """

    def __init__(self, file: DataFile, symbols: SymbolCodes, *, is_tolerant: bool = False) -> None:
        self.file = file
        self.is_tolerant = is_tolerant
        self.damaged: dict[str, int] = {}
        self._symbols = symbols
        self._spans: tuple[tuple[int, int], ...] | None = None
        self.strangers: set[str] = set()
        self._offsets: list[int] = [0]
        self._metadata: Any = None
        if file.is_csv:
            return
        with reading(file.path):
            self._metadata = metadata = pq.read_metadata(file.path)
        rows = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._offsets = [sum(rows[:group]) for group in range(len(rows))]
        if not file.has_time:
            return
        self._spans = tuple(_span(file, metadata.row_group(group)) for group in range(len(rows)))

    def pieces(self, first: int, last: int) -> list[int]:
        """Return the pieces that may hold rows with first <= time <= last."""
        if self._spans is None:
            return [0]
        return [piece for piece, (low, high) in enumerate(self._spans) if low <= last and first <= high]

    def read(self, piece: int, names: Sequence[str], first: int | None = None, last: int | None = None) -> Chunk:
        """Return one piece with the columns of `names`, rows with first <= time <= last only; None leaves an end open."""
        file = self.file
        table = self._table(piece, [file.time, "symbol", *names])
        row = self._row_numbers(piece, table.num_rows)
        instants = _times(file, table.column(0), row)
        code = self._codes(table.column(1), row)
        wanted = code >= 0
        if first is not None:
            wanted &= instants >= first
        if last is not None:
            wanted &= instants <= last
        numbers = {name: _numbers(file, name, table.column(i + 2), row) for i, name in enumerate(names)}
        chunk = Chunk(file, self._symbols, row, instants, code, numbers)
        return chunk if wanted.all() else chunk.take(wanted)

    def records(self, *, days: Sequence[str] = (), numbers: Sequence[str] = (), texts: Sequence[str] = ()) -> SideRows:
        """Return the whole file with these columns only; rows without a listed symbol are left out.

        A file that is not about symbols, such as one of indices, has the code 0 in every row.
        """
        keys = ["symbol"] if self.file.has("symbol") else []
        names = [*keys, *days, *numbers, *texts]
        parts: list[list[Any]] = []
        for piece in range(len(self._offsets)):
            table = self._table(piece, names)
            row = self._row_numbers(piece, table.num_rows)
            code = self._codes(table.column(0), row) if keys else np.zeros(row.size, dtype=np.int32)
            columns = [table.column(i) for i in range(len(keys), len(names))]
            dated = [_optional_days(self.file, name, column, row) for name, column in zip(days, columns, strict=False)]
            counted = [
                _numbers(self.file, name, column, row).astype(np.float64)
                for name, column in zip(numbers, columns[len(days) :], strict=False)
            ]
            named = [_texts(column) for column in columns[len(days) + len(numbers) :]]
            kept = code >= 0
            read: list[Any] = [row, code, *dated, *counted, *named]
            parts.append([values[kept] for values in read])
        whole: list[Any] = [np.concatenate(column) for column in zip(*parts, strict=True)]
        row, code, *rest = whole
        named_columns = iter(rest)
        return SideRows(
            row=row,
            code=code,
            days={name: next(named_columns) for name in days},
            numbers={name: _finite(next(named_columns)) for name in numbers},
            texts={name: next(named_columns) for name in texts},
        )

    def stranger_notes(self) -> Iterator[str]:
        """Say which symbols were left out."""
        if self.strangers:
            yield Bilingual(
                "{file}: 6자리 종목코드가 아니어서 제외: {symbols}",
                "{file}: left out {symbols}, not six-character codes",
                file=self.file.name,
                symbols=_listed(sorted(self.strangers)),
            )

    def days(self) -> set[dt.date]:
        """Return the dates on which the file has rows; reads nothing but its times."""
        numbers: set[int] = set()
        for piece in range(len(self._offsets)):
            table = self._table(piece, [self.file.time])
            instants = _times(self.file, table.column(0), self._row_numbers(piece, table.num_rows))
            days = instants if self.file.kind is FileKind.DAILY else days_of_instants(instants)
            if days.size:
                low = int(days.min())
                numbers.update((np.flatnonzero(np.bincount(days - low)) + low).tolist())
        return {day_of(number) for number in numbers}

    def texts(self, names: Sequence[str]) -> dict[str, tuple[str | None, ...]]:
        """Return each symbol's texts in the columns of `names`, as its last row has them."""
        found: dict[str, tuple[str | None, ...]] = {}
        for piece in range(len(self._offsets)):
            table = self._table(piece, ["symbol", *names])
            code = self._codes(table.column(0), self._row_numbers(piece, table.num_rows))
            last = np.full(len(self._symbols) + 1, -1, dtype=np.int64)
            last[code] = np.arange(code.size)
            columns = [table.column(i + 1) for i in range(len(names))]
            for number in np.flatnonzero(last[:-1] >= 0).tolist():
                row = int(last[number])
                found[self._symbols.symbols[number]] = tuple(column[row].as_py() for column in columns)
        return found

    def _row_numbers(self, piece: int, rows: int) -> Int64Array:
        return np.arange(1, rows + 1, dtype=np.int64) + self._offsets[piece]

    def _codes(self, column: Any, row: Int64Array) -> npt.NDArray[np.int32]:
        """Return the symbols' numbers, -1 for what is not listed at the exchange under six letters or digits."""
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            if not self.is_tolerant:
                raise SourceError(
                    Bilingual(
                        "{path}: 종목코드가 숫자({type})라 앞자리 0이 없습니다. 문자로 저장하세요",
                        "{path}: symbols are numbers ({type}) without leading zeros; store text",
                        path=self.file.path,
                        type=column.type,
                    )
                )
            column = column.cast(pa.string())
        parts = [np.empty(0, dtype=np.int32)]
        for chunk in column.chunks:
            encoded = chunk if pa.types.is_dictionary(chunk.type) else chunk.dictionary_encode()
            place = row[sum(map(len, parts)) :]
            indices = _values(encoded.indices, str(encoded.indices.type))
            if encoded.null_count:
                is_there = _is_valid(encoded.indices)
                self._refuse_damaged(None, ~is_there, place)
                indices = np.where(is_there, indices, len(encoded.dictionary))
            numbers = np.full(len(encoded.dictionary) + 1, -1, dtype=np.int32)
            texts = encoded.dictionary.to_pylist()
            for index in np.flatnonzero(np.bincount(indices)[: len(texts)]).tolist():
                if _is_code(texts[index]):
                    numbers[index] = self._symbols.code(texts[index])
                elif len(texts[index]) < _CODE_LENGTH or texts[index] != texts[index].strip():
                    self._refuse_damaged(texts[index], indices == index, place)
                else:
                    self.strangers.add(texts[index])
            parts.append(numbers[indices])
        return np.concatenate(parts)

    def _refuse_damaged(self, text: str | None, rows: BoolArray, place: Int64Array) -> None:
        """Stop at what once was a code, or count it; what never was one is a stranger."""
        if not self.is_tolerant:
            at = row_of(self.file, int(place[np.argmax(rows)]))
            if text is None:
                raise SourceError(Bilingual("{at}: 종목코드가 없습니다", "{at}: symbol is missing", at=at))
            raise SourceError(
                Bilingual(
                    "{at}: 종목코드가 {text!r}입니다. '005930'처럼 여섯 자리여야 합니다",
                    "{at}: symbol is {text!r}, expected six letters or digits as in '005930'",
                    at=at,
                    text=text,
                )
            )
        self.damaged[text or ""] = self.damaged.get(text or "", 0) + int(np.count_nonzero(rows))

    def _table(self, piece: int, names: Sequence[str]) -> Any:
        columns = [self.file.columns[name] for name in names]
        with reading(self.file.path):
            if self.file.is_csv:
                types = {self.file.columns[name]: pa.string() for name in _TEXTS if name in names}
                options = pacsv.ConvertOptions(include_columns=columns, column_types=types)
                encoded = pacsv.ReadOptions(encoding=_encoding(self.file.path))
                return pacsv.read_csv(self.file.path, read_options=encoded, convert_options=options)
            symbol = [self.file.columns["symbol"]] if "symbol" in names else []
            with pq.ParquetFile(self.file.path, metadata=self._metadata, read_dictionary=symbol) as parquet:
                return parquet.read_row_group(piece, columns=columns).select(columns)


def _encoding(path: Path) -> str:
    """Return what a CSV is written in: UTF-8, else CP949, which spreadsheets in Korea write."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as content:
        try:
            while piece := content.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp949"
    return "utf8"


def _is_code(text: str) -> bool:
    return len(text) == _CODE_LENGTH and text.isascii() and text.isalnum()


def _span(file: DataFile, group: Any) -> tuple[int, int]:
    """Return the earliest and latest time of a row group, as far as its statistics tell."""
    everything = (np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    name = file.columns[file.time]
    column = next((group.column(i) for i in range(group.num_columns) if group.column(i).path_in_schema == name), None)
    statistics = None if column is None else column.statistics
    if statistics is None or not statistics.has_min_max:
        return everything
    low, high = statistics.min, statistics.max
    if not (isinstance(low, dt.date) and isinstance(high, dt.date)):
        return everything
    # A datetime is a date too. Its whole day is taken, and one more on both sides for whatever zone it may have.
    first, last = dt.date(low.year, low.month, low.day), dt.date(high.year, high.month, high.day)
    if file.kind is FileKind.DAILY:
        return day_number(first) - 1, day_number(last) + 1
    return time.midnight(first) - time.DAY, time.midnight(last) + 2 * time.DAY


def _times(file: DataFile, column: Any, row: Int64Array) -> Int64Array:
    if column.null_count:
        i = _first_bad(column, lambda value: value is not None)
        raise SourceError(
            Bilingual(
                "{at}: {column} 값이 없습니다",
                "{at}: {column} is missing",
                at=row_of(file, int(row[i])),
                column=file.columns[file.time],
            )
        )
    convert = _days if file.kind is FileKind.DAILY else _instants
    with reading(file.path):
        result = convert(column)
    if result is None:
        expected = "2025-10-21" if file.kind is FileKind.DAILY else "2025-10-21 09:00:00"
        i = _first_bad(column, lambda text: _is_time(text, file.kind))
        raise _unexpected(file, file.time, int(row[i]), column[i].as_py(), expected)
    return result


def _optional_days(file: DataFile, name: str, column: Any, row: Int64Array) -> Int64Array:
    """Return the days of a column in which some may be missing."""
    with reading(file.path):
        found = _days(column.drop_null() if column.null_count else column)
    if found is None:
        i = _first_bad(column, lambda value: value is None or _is_time(value, FileKind.DAILY))
        raise _unexpected(file, name, int(row[i]), column[i].as_py(), "2025-10-21")
    if not column.null_count:
        return found
    days = np.full(len(column), NO_DAY, dtype=np.int64)
    days[np.concatenate([_is_valid(chunk) for chunk in column.chunks])] = found
    return days


def _texts(column: Any) -> npt.NDArray[np.object_]:
    texts = np.empty(len(column), dtype=np.object_)
    texts[:] = column.to_pylist()
    return texts


def _finite(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(np.isfinite(values), values, np.nan)


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(names[:_SHOWN])
    if len(names) <= _SHOWN:
        return some
    return Bilingual("{some} 외 {more}개", "{some} and {more} more", some=some, more=len(names) - _SHOWN)


def _days(column: Any) -> Int64Array | None:
    kind = column.type
    if pa.types.is_integer(kind):
        return _days_of_integers(_array(column, np.int64))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _days_of_texts(column)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return days_of_instants(_nanos(column))
    if not (pa.types.is_timestamp(kind) or pa.types.is_date(kind)):
        return None
    return _array(column.cast(pa.date32(), safe=False).cast(pa.int32()), np.int32).astype(np.int64)


def _days_of_integers(dates: Int64Array) -> Int64Array | None:
    """Return the days of dates written as 20251021, or None when one of them is no date."""
    unique, where = np.unique(dates, return_inverse=True)
    try:
        days = [day_number(dt.date.fromisoformat(_dashed(number))) for number in unique.tolist()]
    except ValueError:
        return None
    return np.array(days, dtype=np.int64)[where]


def _days_of_texts(column: Any) -> Int64Array | None:
    for kind in (pa.date32(), pa.timestamp("s")):
        try:
            return _days(column.cast(kind))
        except pa.ArrowInvalid:
            continue
    return None


def _instants(column: Any) -> Int64Array | None:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            column = column.cast(pa.timestamp("s"))
        except pa.ArrowInvalid:
            return None
    elif not pa.types.is_timestamp(kind):
        return None
    zone_is_known = pa.types.is_timestamp(kind) and kind.tz is not None
    return _nanos(column) if zone_is_known else _nanos(column) - _KST_OFFSET


def _nanos(column: Any) -> Int64Array:
    per_unit = {"s": time.SECOND, "ms": time.SECOND // 1_000, "us": 1_000, "ns": 1}[column.type.unit]
    return np.asarray(_array(column.cast(pa.int64()), np.int64) * per_unit)


def _dashed(number: int) -> str:
    text = str(number)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _is_time(value: Any, kind: FileKind) -> bool:
    text = _dashed(value) if isinstance(value, int) else str(value)
    try:
        if kind is FileKind.DAILY:
            dt.date.fromisoformat(text)
        else:
            dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return len(text) >= len("2025-10-21")


def _numbers(file: DataFile, name: str, column: Any, row: Int64Array) -> Numbers:
    kind = column.type
    if pa.types.is_integer(kind) and not column.null_count:
        return _array(column, str(kind)).astype(np.int64, copy=False)
    if pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind):
        with reading(file.path):
            return _array(column.cast(pa.float64(), safe=False), np.float64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        try:
            return _array(column.cast(pa.float64()), np.float64)
        except pa.ArrowInvalid:
            i = _first_bad(column, _is_number)
            expected = Bilingual("숫자", "a number")
            raise _unexpected(file, name, int(row[i]), column[i].as_py(), expected) from None
    raise SourceError(
        Bilingual(
            "{path}: {column} 열은 {kind}입니다. 숫자여야 합니다",
            "{path}: column {column} is {kind}, expected numbers",
            path=file.path,
            column=file.columns[name],
            kind=kind,
        )
    )


def _unexpected(file: DataFile, name: str, row: int, found: object, expected: str) -> SourceError:
    return SourceError(
        Bilingual(
            "{at}: {column} 값이 {found!r}입니다. 올바른 형식: {expected}",
            "{at}: {column} is {found!r}, expected {expected}",
            at=row_of(file, row),
            column=file.columns[name],
            found=found,
            expected=expected,
        )
    )


def _array(column: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a column of numbers of exactly this type; gaps become NaN, which only floats can have."""
    parts = [np.empty(0, dtype=dtype)]
    for chunk in column.chunks:
        values = _values(chunk, dtype)
        if chunk.null_count:
            values = values.copy()
            values[~_is_valid(chunk)] = np.nan
        parts.append(values)
    return parts[1] if len(parts) == 2 else np.concatenate(parts)


def _values(array: Any, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    data = array.buffers()[1]
    if data is None:
        return np.empty(0, dtype=dtype)
    return np.frombuffer(data, dtype=dtype)[array.offset : array.offset + len(array)]


def _is_valid(array: Any) -> BoolArray:
    bitmap = array.buffers()[0]
    if bitmap is None:
        return np.ones(len(array), dtype=np.bool_)
    bits = np.unpackbits(np.frombuffer(bitmap, dtype=np.uint8), bitorder="little")
    return bits[array.offset : array.offset + len(array)].astype(np.bool_)


def _is_number(value: Any) -> bool:
    try:
        pc.cast(pa.scalar(value), pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _first_bad(column: Any, is_good: Callable[[Any], bool]) -> int:
    # On the way to an error only, so a slow search is fine.
    return next((i for i, value in enumerate(column.to_pylist()) if not is_good(value)), 0)


def chunks(source: ColumnFile, names: Sequence[str], first: int, last: int) -> Iterator[Chunk]:
    """Return the rows of a file with first <= time <= last, piece by piece."""
    for piece in source.pieces(first, last):
        yield source.read(piece, names, first, last)
