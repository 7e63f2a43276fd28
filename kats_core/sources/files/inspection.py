"""Look through a folder of files and say what is there, which file wins where, and every defect, without stopping at the first.

Nothing is repaired and nothing is decided here: what a run does about each defect is written beside it, and is done by whoever
reads the file for the run (`checks`, `side`, `masters`, the panel).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.market.arrays import BoolArray, Int64Array
from kats_core.market.calendar import krx_calendar
from kats_core.market.masters import INDEX_LAYOUT, MasterProblem, layout_of, read_master, read_sectors
from kats_core.market.source import SourceError
from kats_core.model import time
from kats_core.model.codes import CoreCode
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Scope
from kats_core.model.labels import Bilingual, Labelled, message, same
from kats_core.sources.files.catalogue import (
    BAR_COLUMNS,
    Catalogue,
    DataFile,
    is_unrecognised,
    lacking_for_bars,
    survey,
)
from kats_core.sources.files.daily import DailyRows, build_panel
from kats_core.sources.files.masters import Masters
from kats_core.sources.files.params import CatalogueEntry, FileKind
from kats_core.sources.files.reading import (
    NO_DAY,
    ColumnFile,
    SymbolCodes,
    day_number,
    day_of,
    days_of_instants,
    row_name,
)
from kats_core.sources.files.side import SideFiles
from kats_core.sources.files.source import instrument_of

_PRICES = ("open", "high", "low", "close")
_CLOSE = _PRICES.index("close")
_DIFFERENT = 0.01
"""Two files agree on a close that lies within one percent: adjustments and rounding move both."""


class Effect(Labelled):
    """What a run does about a defect."""

    STOPS = "STOPS", "실행 거부", "stops a run"
    LEFT_OUT = "LEFT_OUT", "제외", "left out"
    NOT_ARMED = "NOT_ARMED", "매매 대기 안 함", "not armed"
    MISSING = "MISSING", "없는 것으로 봄", "counts as missing"


class DefectKind(Labelled):
    """What can be wrong with data; each has an `effect`."""

    UNREADABLE = "UNREADABLE", "읽을 수 없음", "cannot be read"
    NOT_RECOGNISED = "NOT_RECOGNISED", "어떤 데이터인지 알 수 없음", "no kind of data that is known"
    COLUMNS_MISSING = "COLUMNS_MISSING", "봉에 필요한 열 없음", "lacks columns of bars"
    SYMBOL_DAMAGED = (
        "SYMBOL_DAMAGED",
        "종목코드가 숫자이거나 앞자리 0이 없음",
        "symbols are numbers or lost their zeros",
    )
    DUPLICATE = "DUPLICATE", "같은 시각의 봉 중복", "several bars at one time"
    UNSORTED = "UNSORTED", "시간순이 아님", "not in time order"
    NEGATIVE = "NEGATIVE", "음수 가격 또는 거래량", "negative price or volume"
    NOT_A_NUMBER = "NOT_A_NUMBER", "가격 또는 거래량 없음 (NaN)", "price or volume missing (NaN)"
    NO_PRICE = "NO_PRICE", "거래량이 있는데 가격 0", "price 0 with a volume"
    FRACTION = "FRACTION", "원주가인데 원 단위 미만", "fractions of a won in prices as traded"
    CONTRADICTION = "CONTRADICTION", "고가·저가가 다른 가격과 모순", "high or low contradicts another price"
    OFF_HOURS = "OFF_HOURS", "거래량만 있고 시가·고가·저가 0", "a volume but neither open, high nor low"
    ZERO_BAR = "ZERO_BAR", "거래량 0, 시가·고가·저가 0", "no volume, open, high and low 0"
    NO_SESSION = (
        "NO_SESSION",
        "휴장일이거나 달력 밖인 날의 봉",
        "bars on days without a session, or before the calendar",
    )
    GAP = "GAP", "거래일 누락", "sessions without a row"
    JUMP = "JUMP", "가격제한폭을 넘는 변동 (수정되지 않음)", "moved beyond the day's limits (not adjusted)"
    SEAM = "SEAM", "파일이 이어지는 곳의 급변", "prices jump where one file follows another"
    DISAGREE = "DISAGREE", "겹치는 파일과 종가가 1% 넘게 다름", "close differs by over 1% from the file that wins"
    ENDS_EARLY = "ENDS_EARLY", "지수가 봉보다 먼저 끝남", "the index ends before the bars do"
    MASTER_LINE = "MASTER_LINE", "마스터 파일의 잘못된 줄", "a line of a master cannot be read"

    @property
    def effect(self) -> Effect:
        """What a run does about it."""
        return _EFFECTS.get(self, Effect.STOPS)

    @property
    def code(self) -> CoreCode | None:
        """With which reason a symbol is not armed while the defect is among the bars that a strategy looks at."""
        return _CODES.get(self)


_EFFECTS = {
    DefectKind.NOT_RECOGNISED: Effect.LEFT_OUT,
    DefectKind.COLUMNS_MISSING: Effect.LEFT_OUT,
    DefectKind.CONTRADICTION: Effect.LEFT_OUT,
    DefectKind.OFF_HOURS: Effect.LEFT_OUT,
    DefectKind.ZERO_BAR: Effect.LEFT_OUT,
    DefectKind.NO_SESSION: Effect.LEFT_OUT,
    DefectKind.DISAGREE: Effect.LEFT_OUT,
    DefectKind.GAP: Effect.NOT_ARMED,
    DefectKind.JUMP: Effect.NOT_ARMED,
    DefectKind.SEAM: Effect.NOT_ARMED,
    DefectKind.ENDS_EARLY: Effect.MISSING,
}


_CODES = {
    DefectKind.CONTRADICTION: CoreCode.RECENT_HALT,
    DefectKind.OFF_HOURS: CoreCode.RECENT_HALT,
    DefectKind.ZERO_BAR: CoreCode.RECENT_HALT,
    DefectKind.GAP: CoreCode.RECENT_HALT,
    DefectKind.JUMP: CoreCode.WARMUP,
    DefectKind.SEAM: CoreCode.WARMUP,
}


@dataclass(frozen=True, slots=True)
class Case:
    """A symbol's share in a defect: how often, and the first day on which; `symbol` is empty where it is the file's."""

    symbol: str
    day: dt.date | None
    count: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong with a file, symbol by symbol."""

    file: str
    kind: DefectKind
    cases: tuple[Case, ...]

    @property
    def count(self) -> int:
        """How often."""
        return sum(case.count for case in self.cases)


@dataclass(slots=True)
class Looked:
    """A file as it was found. `won` counts its bars that are used, `hidden` those that a file above it has too."""

    file: DataFile
    rows: int | None = None
    symbols: int | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    won: int | None = None
    hidden: int | None = None


@dataclass(frozen=True)
class Inspection:
    """What was found. `files` are in the order of the catalogue, `notes` what the side tables leave out."""

    catalogue: Catalogue
    files: tuple[Looked, ...]
    defects: tuple[Defect, ...]
    notes: tuple[str, ...]

    def table_ranks(self, file: DataFile) -> dict[str, tuple[int, int]]:
        """Return the place of a file in each side table that it makes, from 1, and among how many: the first wins."""
        side = SideFiles(self.catalogue.side)
        ranked = {table: side.files_of(table) for table in file.tables}
        return {table: (files.index(file) + 1, len(files)) for table, files in ranked.items()}


@dataclass(slots=True)
class _Found:
    """Gathers defects."""

    cases: dict[tuple[str, DefectKind], list[Case]] = field(default_factory=dict)

    def add(self, file: DataFile, kind: DefectKind, *cases: Case) -> None:
        if cases:
            self.cases.setdefault((file.name, kind), []).extend(cases)

    def defects(self) -> tuple[Defect, ...]:
        order = list(DefectKind)
        keys = sorted(self.cases, key=lambda key: (order.index(key[1]), key[0]))
        return tuple(Defect(file, kind, tuple(self.cases[file, kind])) for file, kind in keys)


@dataclass(frozen=True, slots=True)
class _Bars:
    """All rows of a file of bars, whatever they are worth. `day` is the Korean date."""

    row: Int64Array
    time: Int64Array
    day: Int64Array
    code: npt.NDArray[np.int32]
    numbers: dict[str, npt.NDArray[Any]]


def inspect(
    paths: Sequence[str], entries: Sequence[CatalogueEntry] = (), on_file: Callable[[str], None] = lambda _: None
) -> Inspection:
    """Read everything once and return what was found; `on_file` hears the name of each file before it is read.

    Raises:
        SourceError: a path does not exist.
    """
    catalogue, wrong = survey(paths, entries)
    return _Inspector(catalogue, on_file).run(wrong)


class _Inspector:
    def __init__(self, catalogue: Catalogue, on_file: Callable[[str], None]) -> None:
        self._catalogue = catalogue
        self._on_file = on_file
        self._symbols = SymbolCodes()
        self._found = _Found()
        self._looked = {file.name: Looked(file) for file in catalogue.files}
        self._daily: dict[str, DailyRows] = {}
        self._masters = Masters(catalogue.masters)

    def run(self, wrong: Mapping[str, str]) -> Inspection:
        for file in self._catalogue.files:
            if file.name in wrong:
                self._found.add(file, DefectKind.UNREADABLE, Case("", None, 1, wrong[file.name]))
                continue
            self._on_file(file.name)
            try:
                self._look(file)
            except SourceError as error:
                self._found.add(file, DefectKind.UNREADABLE, Case("", None, 1, message(error)))
        self._compare()
        self._index_ends()
        return Inspection(
            self._catalogue, tuple(self._looked.values()), self._found.defects(), tuple(self._side_notes())
        )

    def _look(self, file: DataFile) -> None:
        lacking = lacking_for_bars(file)
        if lacking:
            self._found.add(file, DefectKind.COLUMNS_MISSING, Case("", None, 1, ", ".join(lacking)))
        elif is_unrecognised(file):
            self._found.add(file, DefectKind.NOT_RECOGNISED, Case("", None, 1, file.why))
            return
        if file.is_mst:
            self._look_at_mst(file)
        elif file.kind in (FileKind.DAILY, FileKind.MINUTE):
            self._look_at_bars(file)
        elif file.kind is FileKind.INDEX:
            self._look_at_index(file)
        elif file.kind is not FileKind.UNKNOWN:
            self._look_at_records(file)

    def _look_at_mst(self, file: DataFile) -> None:
        content = file.path.read_bytes()
        layout = layout_of(content)
        problems: list[MasterProblem]
        if layout is None or layout is INDEX_LAYOUT:
            names, problems = read_sectors(content)
            self._looked[file.name].rows = len(names)
        else:
            records, problems = read_master(content, layout)
            looked = self._looked[file.name]
            looked.rows, looked.symbols = len(records), sum(record.is_instrument for record in records)
        looked = self._looked[file.name]
        looked.first = looked.last = file.day
        cases = [Case("", file.day, 1, _line(problem)) for problem in problems]
        self._found.add(file, DefectKind.MASTER_LINE, *cases)

    def _look_at_records(self, file: DataFile) -> None:
        """Count the rows of a file that is no bars; its days are those of the first date that it has."""
        name = next((name for name in ("date", "period_end", "record_date", "listed") if file.has(name)), None)
        source = ColumnFile(file, self._symbols, is_tolerant=True)
        rows = source.records(days=[] if name is None else [name])
        symbols = int(np.unique(rows.code).size) if file.has("symbol") else None
        self._extent(file, rows.row.size, symbols, rows.days[name] if name is not None else None)
        self._damaged(source)

    def _look_at_index(self, file: DataFile) -> None:
        names = [name for name in _PRICES if file.has(name)]
        rows = ColumnFile(file, SymbolCodes()).records(days=["date"], numbers=names, texts=["index"])
        days = rows.days["date"]
        index, code = np.unique(rows.texts["index"].astype(np.str_), return_inverse=True)
        self._extent(file, rows.row.size, int(index.size), days)
        bars = _Bars(rows.row, days, days, code.astype(np.int32), dict(rows.numbers))
        labels = index.tolist()
        self._order(file, bars, labels)
        close = rows.numbers["close"]
        self._rows(file, DefectKind.NOT_A_NUMBER, np.isnan(close), bars, labels)
        self._rows(file, DefectKind.NEGATIVE, close < 0, bars, labels)
        is_session = _are_sessions(days)
        self._rows(file, DefectKind.NO_SESSION, ~is_session, bars, labels)
        for number, label in enumerate(labels):
            own = np.unique(days[(code == number) & is_session])
            self._gap(file, label, own)

    def _look_at_bars(self, file: DataFile) -> None:
        source = ColumnFile(file, self._symbols, is_tolerant=True)
        bars = _read_bars(source)
        self._extent(file, bars.row.size, int(np.unique(bars.code).size), bars.day)
        self._damaged(source)
        labels = self._symbols.symbols
        self._order(file, bars, labels)
        usable = self._values(file, bars)
        on_session = _are_sessions(bars.day)
        self._rows(file, DefectKind.NO_SESSION, usable & ~on_session, bars, labels)
        if file.kind is FileKind.DAILY:
            rows = _daily_rows(bars, usable & on_session)
            self._daily[file.name] = rows
            self._gaps(file, bars, on_session)
            self._jumps(file, rows)

    def _values(self, file: DataFile, bars: _Bars) -> BoolArray:
        """Note what cannot be a bar, and return which rows are."""
        o, h, l, c = (bars.numbers[name].astype(np.float64) for name in _PRICES)  # noqa: E741  # the usual letters
        volume = bars.numbers["volume"].astype(np.float64)
        prices = np.stack([o, h, l, c])
        has_zeros = (o == 0) & (h == 0) & (l == 0)
        has_volume = volume > 0
        broken = ~np.isfinite(prices).all(axis=0) & ~(volume <= 0) | (
            ~np.isfinite(volume) & (np.nan_to_num(prices[:3]) != 0).any(axis=0)
        )
        negative = (prices < 0).any(axis=0) | (volume < 0)
        without = has_volume & ~has_zeros & (prices == 0).any(axis=0)
        trades = has_volume & ~has_zeros & ~broken & ~negative & ~without
        is_fraction = trades & (prices != np.floor(prices)).any(axis=0) & (file.scope is Scope.RAW)
        with np.errstate(invalid="ignore"):
            contradicts = trades & ((h < np.maximum(o, c)) | (l > np.minimum(o, c)))
        labels = self._symbols.symbols
        for kind, mask in (
            (DefectKind.NOT_A_NUMBER, broken),
            (DefectKind.NEGATIVE, negative),
            (DefectKind.NO_PRICE, without),
            (DefectKind.FRACTION, is_fraction),
            (DefectKind.CONTRADICTION, contradicts),
            (DefectKind.OFF_HOURS, has_volume & has_zeros),
            (DefectKind.ZERO_BAR, (volume == 0) & has_zeros),
        ):
            self._rows(file, kind, mask, bars, labels)
        return np.asarray(trades & ~contradicts & (l >= 0.5))

    def _order(self, file: DataFile, bars: _Bars, labels: Sequence[str]) -> None:
        if not bars.row.size:
            return
        by_symbol = np.argsort(bars.code, kind="stable")
        same = bars.code[by_symbol][1:] == bars.code[by_symbol][:-1]
        back = np.zeros(bars.row.size, dtype=np.bool_)
        back[by_symbol[1:]] = same & (np.diff(bars.time[by_symbol]) < 0)
        twice = np.zeros(bars.row.size, dtype=np.bool_)
        in_time = by_symbol if not back.any() else np.lexsort((bars.row, bars.time, bars.code))
        twice[in_time[1:]] = (np.diff(bars.code[in_time]) == 0) & (np.diff(bars.time[in_time]) == 0)
        self._rows(file, DefectKind.UNSORTED, back, bars, labels)
        self._rows(file, DefectKind.DUPLICATE, twice, bars, labels)

    def _rows(self, file: DataFile, kind: DefectKind, mask: BoolArray, bars: _Bars, labels: Sequence[str]) -> None:
        rows = np.flatnonzero(mask)
        if not rows.size:
            return
        codes, first, counts = np.unique(bars.code[rows], return_index=True, return_counts=True)
        for code, i, count in zip(codes.tolist(), rows[first].tolist(), counts.tolist(), strict=True):
            day = day_of(int(bars.day[i]))
            detail = same("{row}: {shown}", row=row_name(file, int(bars.row[i])), shown=_shown(bars, i))
            self._found.add(file, kind, Case(labels[code], day, count, detail))

    def _damaged(self, source: ColumnFile) -> None:
        cases = [Case(text, None, count) for text, count in sorted(source.damaged.items())]
        self._found.add(source.file, DefectKind.SYMBOL_DAMAGED, *cases)

    def _gaps(self, file: DataFile, bars: _Bars, on_session: BoolArray) -> None:
        order = np.lexsort((bars.day[on_session], bars.code[on_session]))
        code, day = bars.code[on_session][order], bars.day[on_session][order]
        borders = np.flatnonzero(np.diff(code, prepend=-1))
        for start, end in zip(borders.tolist(), np.append(borders[1:], code.size).tolist(), strict=False):
            self._gap(file, self._symbols.symbols[code[start]], np.unique(day[start:end]))

    def _gap(self, file: DataFile, label: str, days: Int64Array) -> None:
        """Note the sessions between a symbol's first and last day that have no row, and the longest run of them."""
        if days.size < 2:
            return
        sessions = _session_numbers()
        at = np.searchsorted(sessions, days)
        missing = np.diff(at) - 1
        count = int(missing.sum())
        if count:
            k = int(np.argmax(missing))
            first = day_of(int(sessions[at[k] + 1]))
            self._found.add(file, DefectKind.GAP, Case(label, first, count, f"{int(missing[k])}"))

    def _jumps(self, file: DataFile, rows: DailyRows) -> None:
        for symbol, day, closes in self._breaks([rows], file.scope):
            self._found.add(file, DefectKind.JUMP, Case(symbol, day, 1, closes))

    def _breaks(self, rows: Sequence[DailyRows], scope: Scope) -> Iterator[tuple[str, dt.date, str]]:
        """Yield where prices change scale: symbol, day, the close before and the close after."""
        days = np.unique(np.concatenate([part.day for part in rows]))
        if not days.size:
            return
        sessions = [day_of(day) for day in days.tolist()]
        panel = build_panel([[part] for part in rows], sessions, self._symbols.symbols, self._instrument, scope)
        for j, t in zip(*(found.tolist() for found in np.nonzero(panel.scale_breaks.T)), strict=True):
            before = np.flatnonzero(panel.present[:t, j])[-1]
            closes = f"{int(panel.close[before, j]):,} → {int(panel.close[t, j]):,}"
            yield panel.symbols[j], panel.sessions[t], closes

    def _instrument(self, symbol: str) -> Instrument:
        return instrument_of(symbol, "", None, self._masters.listed.get(symbol))

    def _compare(self) -> None:
        """Say which daily file wins where, where the others disagree with it, and where prices jump from one to the next."""
        used = [file for file in self._catalogue.daily if file.name in self._daily]
        kept: list[DailyRows] = []
        taken = closes = np.empty(0, dtype=np.int64)
        for file in used:
            part = self._daily[file.name]
            key = part.day * len(self._symbols) + part.code
            is_hidden = _is_among(key, taken)
            looked = self._looked[file.name]
            looked.won, looked.hidden = int(np.count_nonzero(~is_hidden)), int(np.count_nonzero(is_hidden))
            if looked.hidden:
                self._disagreements(file, part, key, is_hidden, taken, closes)
            kept.append(_picked(part, ~is_hidden))
            merged = np.concatenate([taken, key[~is_hidden]])
            order = np.argsort(merged, kind="stable")
            taken = merged[order]
            closes = np.concatenate([closes, part.columns[_CLOSE][~is_hidden]])[order]
        if len(used) > 1:
            self._seams(used, kept)

    def _disagreements(
        self,
        file: DataFile,
        part: DailyRows,
        key: Int64Array,
        is_hidden: BoolArray,
        taken: Int64Array,
        closes: Int64Array,
    ) -> None:
        own = part.columns[_CLOSE][is_hidden]
        winner = closes[np.searchsorted(taken, key[is_hidden])]
        differs = np.abs(own - winner) > _DIFFERENT * winner
        codes, days = part.code[is_hidden][differs], part.day[is_hidden][differs]
        for code, i, count in _groups(codes):
            where = np.flatnonzero(differs)[i]
            detail = f"{int(own[where]):,} ≠ {int(winner[where]):,}"
            case = Case(self._symbols.symbols[code], day_of(int(days[i])), count, detail)
            self._found.add(file, DefectKind.DISAGREE, case)

    def _seams(self, used: Sequence[DataFile], kept: Sequence[DailyRows]) -> None:
        """Hold the two bars against each other between which a symbol's bars begin to come from another file."""
        rows = DailyRows(
            np.concatenate([part.day for part in kept]),
            np.concatenate([part.code for part in kept]),
            tuple(np.concatenate(columns) for columns in zip(*(part.columns for part in kept), strict=True)),
            kept[0].empty_day,
            kept[0].empty_code,
        )
        origin = np.repeat(np.arange(len(kept)), [part.day.size for part in kept])
        order = np.lexsort((rows.day, rows.code))
        changes = (np.diff(rows.code[order]) == 0) & (np.diff(origin[order]) != 0)
        after = order[1:][changes]
        is_beside = np.zeros(order.size, dtype=np.bool_)
        is_beside[after] = is_beside[order[:-1][changes]] = True
        begins = {
            (self._symbols.symbols[code], day_of(day)): used[file]
            for code, day, file in zip(rows.code[after].tolist(), rows.day[after].tolist(), origin[after], strict=True)
        }
        for symbol, day, closes in self._breaks([_picked(rows, is_beside)], used[0].scope):
            if (symbol, day) in begins:
                self._found.add(begins[symbol, day], DefectKind.SEAM, Case(symbol, day, 1, closes))

    def _index_ends(self) -> None:
        ends = [looked.last for looked in self._looked.values() if looked.file in self._catalogue.used and looked.last]
        if not ends:
            return
        last = max(ends)
        for file in self._catalogue.files:
            if file.kind is not FileKind.INDEX or self._looked[file.name].rows is None:
                continue
            rows = ColumnFile(file, SymbolCodes()).records(days=["date"], texts=["index"])
            for name in sorted({str(text) for text in rows.texts["index"].tolist()}):
                end = day_of(int(rows.days["date"][rows.texts["index"] == name].max()))
                if end < last:
                    self._found.add(file, DefectKind.ENDS_EARLY, Case(name, end, 1, f"→ {last}"))

    def _side_notes(self) -> Iterator[str]:
        files = {file.name: file for file in self._catalogue.files}
        side = SideFiles(self._catalogue.side)
        tables = side.tables()
        for name in tables:
            try:
                len(tables[name])
            except SourceError as error:
                broken = next((file for file in files.values() if str(error).startswith(str(file.path))), None)
                if broken is not None:
                    self._found.add(broken, DefectKind.UNREADABLE, Case("", None, 1, message(error)))
        yield from side.notes()

    def _extent(self, file: DataFile, rows: int, symbols: int | None, days: Int64Array | None) -> None:
        looked = self._looked[file.name]
        looked.rows, looked.symbols = int(rows), symbols
        known = days[days != NO_DAY] if days is not None else np.empty(0, dtype=np.int64)
        if known.size:
            looked.first, looked.last = day_of(int(known.min())), day_of(int(known.max()))
        elif file.day is not None:
            looked.first = looked.last = file.day


def _line(problem: MasterProblem) -> Bilingual:
    told = {"line": problem.line, "text": problem.text}
    return Bilingual("{line}번째 줄: {text}", "line {line}: {text}", **told)


def _read_bars(source: ColumnFile) -> _Bars:
    names = [name for name in BAR_COLUMNS if name != "symbol"]
    chunks = [source.read(piece, names) for piece in source.pieces(-(2**62), 2**62)]
    row = np.concatenate([np.empty(0, np.int64), *(chunk.row for chunk in chunks)])
    times = np.concatenate([np.empty(0, np.int64), *(chunk.time for chunk in chunks)])
    code = np.concatenate([np.empty(0, np.int32), *(chunk.code for chunk in chunks)])
    numbers = {
        name: np.concatenate([chunk.numbers[name] for chunk in chunks]) if chunks else np.empty(0) for name in names
    }
    day = times if source.file.kind is FileKind.DAILY else days_of_instants(times)
    return _Bars(row, times, day, code, numbers)


def _daily_rows(bars: _Bars, usable: BoolArray) -> DailyRows:
    """Return the bars that a run would use, rounded as it rounds them; of several at one day the first."""
    rows = np.flatnonzero(usable)
    _, first = np.unique(bars.day[rows] * (int(bars.code.max(initial=0)) + 1) + bars.code[rows], return_index=True)
    rows = rows[np.sort(first)]
    columns = tuple(np.floor(bars.numbers[name][rows] + 0.5).astype(np.int64) for name in (*_PRICES, "volume"))
    nothing = np.empty(0, dtype=np.int64)
    return DailyRows(
        bars.day[rows], bars.code[rows], (*columns, columns[_CLOSE] * columns[-1]), nothing, nothing.astype(np.int32)
    )


def _picked(rows: DailyRows, which: BoolArray) -> DailyRows:
    columns = tuple(column[which] for column in rows.columns)
    return DailyRows(rows.day[which], rows.code[which], columns, rows.empty_day, rows.empty_code)


def _is_among(keys: Int64Array, known: Int64Array) -> BoolArray:
    """Tell which keys are among known ones in rising order; `np.isin` would hash millions anew for each file."""
    if not known.size:
        return np.zeros(keys.shape, dtype=np.bool_)
    return np.asarray(known[np.minimum(np.searchsorted(known, keys), known.size - 1)] == keys)


def _groups(codes: npt.NDArray[np.int32]) -> Iterator[tuple[int, int, int]]:
    """Yield each code with the place of its first row and the number of its rows."""
    found, first, counts = np.unique(codes, return_index=True, return_counts=True)
    yield from zip(found.tolist(), first.tolist(), counts.tolist(), strict=True)


def _are_sessions(days: Int64Array) -> BoolArray:
    return np.isin(days, _session_numbers())


@cache
def _session_numbers() -> Int64Array:
    calendar = krx_calendar()
    sessions = calendar.sessions(calendar.covered_from, calendar.covered_through)
    return np.array([day_number(session) for session in sessions], dtype=np.int64)


def _shown(bars: _Bars, i: int) -> str:
    """Return a row's numbers as people read them, and its minute where it has one."""
    clock = "" if bars.time[i] == bars.day[i] else f"{time.to_datetime(int(bars.time[i])):%H:%M} "
    values = (bars.numbers[name][i] for name in (*_PRICES, "volume") if name in bars.numbers)
    return clock + " ".join(f"{value:,.10g}" for value in values)
