"""Decide what each file is, from its columns, its name and the operator's word, before any bar is read.

The catalogue decides once and says why; it never mixes adjusted and raw prices within a kind, and it leaves alone what it
does not know.
"""

from __future__ import annotations

import csv
import datetime as dt
import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from kats_core.market.masters import layout_of
from kats_core.market.source import SourceError
from kats_core.market.tables import SHARES
from kats_core.model.kinds import Market, Scope
from kats_core.model.labels import Bilingual, joined, message, same
from kats_core.sources.files.naming import brokers_columns, known_columns, tables_of
from kats_core.sources.files.params import CatalogueEntry, FileKind

BAR_COLUMNS = ("symbol", "open", "high", "low", "close", "volume")
TIME_COLUMN = {FileKind.DAILY: "date", FileKind.MINUTE: "datetime"}

_PARQUET = {".parquet", ".pq"}
_CSV = {".csv"}
_MST = ".mst"
_READ = _PARQUET | _CSV | {_MST}
_DAY_IN_NAME = re.compile(r"(?<!\d)((?:19|20)\d{2})-?(\d{2})-?(\d{2})(?!\d)")
_OTHER_SEPARATORS = (";", "\t", "|")
_NOTHING = Bilingual("없음", "nothing")
_NONE = Bilingual("없음", "none")
_BY_THE_CATALOGUE = Bilingual("catalogue에서 지정", "the catalogue says so")
_SHOWN = 8
_FEW = 3


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file and what it is taken for. `columns` maps KATS's names to the file's; `why` is for people.

    `tables` are the side tables that it can make. `day` is the morning that a master describes, by its name.
    """

    path: Path
    name: str
    kind: FileKind
    why: str
    scope: Scope = Scope.RAW
    priority: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    market: Market | None = None
    tables: tuple[str, ...] = ()
    day: dt.date | None = None

    @property
    def is_mst(self) -> bool:
        """Tell whether it is a master file of the broker."""
        return self.path.suffix.lower() == _MST

    @property
    def is_csv(self) -> bool:
        """Tell how the file is read."""
        return self.path.suffix.lower() in _CSV

    @property
    def has_time(self) -> bool:
        """Tell whether its rows are bars in time."""
        return self.kind in TIME_COLUMN

    @property
    def time(self) -> str:
        """KATS's name of the column that orders the bars."""
        return TIME_COLUMN[self.kind]

    def has(self, column: str) -> bool:
        """Tell whether the file has a column, by KATS's name."""
        return column in self.columns


@dataclass(frozen=True)
class Catalogue:
    """All files that were found. `daily` and `minute` are those in use: where two have a bar, the first wins."""

    files: tuple[DataFile, ...]
    daily: tuple[DataFile, ...]
    minute: tuple[DataFile, ...]

    @property
    def used(self) -> tuple[DataFile, ...]:
        """The files whose bars are read."""
        return self.daily + self.minute

    @property
    def side(self) -> tuple[DataFile, ...]:
        """The files of which side tables are made when somebody asks for them."""
        return tuple(file for file in self.files if file.tables)

    @property
    def masters(self) -> tuple[DataFile, ...]:
        """The files that say what is listed: the latest first, snapshots last."""
        found = [file for file in self.files if _tells_what_is_listed(file)]
        return tuple(
            sorted(
                found,
                key=lambda file: (
                    file.kind is FileKind.SNAPSHOT,
                    -file.priority,
                    -(file.day or dt.date.min).toordinal(),
                ),
            )
        )

    @property
    def read(self) -> tuple[DataFile, ...]:
        """All files of which anything is read."""
        return tuple({file.path: file for file in (*self.used, *self.side, *self.index, *self.masters)}.values())

    @property
    def index(self) -> tuple[DataFile, ...]:
        """The files of which indices are read when somebody asks for them."""
        return tuple(file for file in self.files if file.kind is FileKind.INDEX)

    def lines(self) -> Iterator[str]:
        """Say of each file what it is taken for and why, those in use first, in the order in which they win."""
        for file in self.used:
            yield _said(file, "{kind}, {scope}{priority} ({why})", "{kind} bars, {scope}{priority} ({why})")
        used = {file.path for file in self.used}
        masters = self.masters
        for file in self.files:
            if file.path in used:
                continue
            if file.kind in TIME_COLUMN:
                yield Bilingual(
                    "{file}: 쓰지 않음. {winner}의 가격과 이을 수 없는 {scope}입니다",
                    "{file}: not used, its {scope} prices cannot be joined to those of {winner}",
                    file=file.name,
                    scope=file.scope,
                    winner=self._winner(file),
                )
            elif file.kind is FileKind.MASTER and file in masters:
                yield _said(file, "{kind} {morning} ({why})", "{kind} {morning} ({why})")
            elif file.tables:
                yield _said(file, "{kind}, 보조 테이블 {tables} ({why})", "{kind}, side table {tables} ({why})")
            elif file.kind is FileKind.INDEX:
                yield _said(file, "{kind} ({why})", "{kind} ({why})")
            else:
                yield _said(file, "읽지 않음, {kind} ({why})", "left alone, {kind} ({why})")

    def _winner(self, file: DataFile) -> str:
        return (self.daily if file.kind is FileKind.DAILY else self.minute)[0].name


def _said(file: DataFile, ko: str, en: str) -> Bilingual:
    """Return a line about a file, after its name."""
    no_day = Bilingual("(파일 이름에 날짜 없음)", "of a day that its name does not tell")
    return Bilingual(
        f"{{name}}: {ko}",
        f"{{name}}: {en}",
        name=file.name,
        kind=file.kind,
        scope=file.scope,
        why=file.why,
        tables=Bilingual(", ".join(file.tables), " and ".join(file.tables)),
        priority=Bilingual(", 우선순위 {rank}", ", priority {rank}", rank=file.priority) if file.priority else "",
        morning=no_day if file.day is None else Bilingual("{day}", "of {day}", day=file.day),
    )


def _tells_what_is_listed(file: DataFile) -> bool:
    if file.kind is FileKind.SNAPSHOT:
        return file.has("symbol") and (file.has("name") or file.has("market"))
    return file.kind is FileKind.MASTER and (file.is_mst or file.has("symbol"))


def read_catalogue(paths: Sequence[str], entries: Sequence[CatalogueEntry] = ()) -> Catalogue:
    """Return the catalogue of files and folders; a folder is searched with all its subfolders.

    Raises:
        SourceError: a path or an entry meets no file, a header cannot be read, or there are neither bars nor indices.
    """
    found = dict(_found(paths))
    unmatched = [entry.path for entry in entries if not any(_matches(name, entry) for name, _ in found.values())]
    if unmatched:
        raise SourceError(
            Bilingual(
                "catalogue: {entries}에 맞는 파일이 없습니다. 있는 파일: {found}",
                "catalogue: {entries} matches no file; found {found}",
                entries=", ".join(unmatched),
                found=_listed(found.values()),
            )
        )
    named = {Path(path).resolve() for path in paths}
    files = []
    for resolved, (name, path) in found.items():
        entry = next((entry for entry in entries if _matches(name, entry)), None)
        file = _file(path, name, entry)
        if resolved in named and file.kind is FileKind.UNKNOWN:
            raise SourceError(
                Bilingual(
                    "{path}: 봉이나 보조 테이블이 아닙니다. 파일 종류: {kind} ({why})",
                    "{path}: expected bars or a side table, found {kind} ({why})",
                    path=path,
                    kind=file.kind,
                    why=file.why,
                )
            )
        files.append(file)
    catalogue = Catalogue(tuple(files), _in_use(files, FileKind.DAILY), _in_use(files, FileKind.MINUTE))
    if not catalogue.used and not catalogue.index:
        raise SourceError(
            Bilingual(
                "{paths}: 일봉이나 분봉 파일이 없습니다. 있는 파일: {found}",
                "{paths}: no file with daily or minute bars; found {found}",
                paths=", ".join(paths),
                found=_explained(files),
            )
        )
    return catalogue


def lacking_for_bars(file: DataFile) -> list[str]:
    """Return the columns without which a file of unknown kind is no file of bars; none where it does not look like one."""
    columns = file.columns.keys()
    times = () if columns & set(TIME_COLUMN.values()) else ("date",)
    lacking = [*times, *(name for name in BAR_COLUMNS if name not in columns)]
    looks_alike = file.kind is FileKind.UNKNOWN and len(lacking) <= _FEW
    return lacking if looks_alike else []


def is_unrecognised(file: DataFile) -> bool:
    """Tell whether nobody can say what a file that could hold data is, and no catalogue says to leave it alone."""
    return file.kind is FileKind.UNKNOWN and file.path.suffix.lower() in _READ and file.why != _BY_THE_CATALOGUE


def survey(paths: Sequence[str], entries: Sequence[CatalogueEntry] = ()) -> tuple[Catalogue, dict[str, str]]:
    """Return the catalogue of everything that is there, bars or not, and what is wrong with files that cannot be read.

    Raises:
        SourceError: a path does not exist.
    """
    files: list[DataFile] = []
    wrong: dict[str, str] = {}
    for name, path in dict(_found(paths)).values():
        entry = next((entry for entry in entries if _matches(name, entry)), None)
        try:
            files.append(_file(path, name, entry))
        except SourceError as error:
            wrong[name] = message(error)
            files.append(DataFile(path, name, FileKind.UNKNOWN, Bilingual("읽을 수 없음", "cannot be read")))
    catalogue = Catalogue(tuple(files), _in_use(files, FileKind.DAILY), _in_use(files, FileKind.MINUTE))
    return catalogue, wrong


def _found(paths: Sequence[str]) -> Iterator[tuple[Path, tuple[str, Path]]]:
    for given in paths:
        root = Path(given)
        if root.is_file():
            yield root.resolve(), (root.name, root)
        elif root.is_dir():
            below = sorted(path for path in root.rglob("*") if path.is_file() and not _is_hidden(path, root))
            if not below:
                raise SourceError(f"{given}: the folder is empty, expected {', '.join(sorted(_READ))} files in it")
            for path in below:
                yield path.resolve(), (path.relative_to(root).as_posix(), path)
        else:
            raise SourceError(
                Bilingual(
                    "{path}: 그런 파일이나 폴더가 없습니다", "{path}: there is no such file or folder", path=given
                )
            )


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _listed(found: Iterable[tuple[str, Path]]) -> str:
    names = [name for name, _ in found]
    if not names:
        return _NOTHING
    some = ", ".join(names[:_SHOWN])
    if len(names) <= _SHOWN:
        return some
    return Bilingual("{some} 외 {more}개", "{some} and {more} more", some=some, more=len(names) - _SHOWN)


def _explained(files: Sequence[DataFile]) -> str:
    """Say what the first files were taken for and why, since none of them is what was looked for."""
    shown = [same("{name} ({kind}: {why})", name=file.name, kind=file.kind, why=file.why) for file in files[:_FEW]]
    rest = [Bilingual("외 {more}개", "{more} more", more=len(files) - _FEW)] if len(files) > _FEW else []
    return joined([*shown, *rest]) if shown else _NOTHING


def _matches(name: str, entry: CatalogueEntry) -> bool:
    return fnmatch.fnmatchcase(name, entry.path) or fnmatch.fnmatchcase(PurePosixPath(name).name, entry.path)


def _in_use(files: Sequence[DataFile], kind: FileKind) -> tuple[DataFile, ...]:
    # The highest priority decides the scope; among equals adjusted prices, which bear a long history.
    ranked = sorted(
        (file for file in files if file.kind is kind),
        key=lambda file: (-file.priority, file.scope is not Scope.ADJUSTED),
    )
    return tuple(file for file in ranked if file.scope is ranked[0].scope)


def _file(path: Path, name: str, entry: CatalogueEntry | None) -> DataFile:
    if entry is not None and entry.kind is FileKind.UNKNOWN:
        return DataFile(path, name, FileKind.UNKNOWN, _BY_THE_CATALOGUE)
    _refuse_nothing(path)
    if path.suffix.lower() == _MST:
        return _mst(path, name, 0 if entry is None else entry.priority)
    header = _header(path)
    if header is None:
        unread = Bilingual(
            "{suffix}: .parquet, .csv, .mst만 읽습니다",
            "{suffix}: only .parquet, .csv and .mst are read",
            suffix=path.suffix or Bilingual("확장자 없음", "no suffix"),
        )
        return DataFile(path, name, FileKind.UNKNOWN, unread)
    entry = entry or CatalogueEntry(path=name)
    columns = {column: column for column in header} | brokers_columns(header) | dict(entry.columns)
    if entry.kind is None:
        kind, why = infer_kind(columns.keys())
    else:
        kind, why = entry.kind, _BY_THE_CATALOGUE
    if kind is not FileKind.UNKNOWN:
        _refuse_no_rows(path)
    if kind not in TIME_COLUMN:
        return _side_file(path, name, kind, why, header, entry)
    needed = {TIME_COLUMN[kind], *BAR_COLUMNS}
    lacking = sorted(column for column in needed if columns.get(column) not in header)
    lacking += sorted(
        column for column, source in entry.columns.items() if column not in needed and source not in header
    )
    if lacking:
        raise _lacks(path, lacking, header)
    if entry.scope is None:
        scope, scope_why = infer_scope(kind, name, columns.keys())
        why = same("{why}; {scope}", why=why, scope=scope_why)
    else:
        scope = entry.scope
    return DataFile(path, name, kind, why, scope, entry.priority, columns, entry.market)


def _mst(path: Path, name: str, priority: int) -> DataFile:
    with reading(path), path.open("rb") as content:
        layout = layout_of(content.readline())
    if layout is None:
        return DataFile(
            path,
            name,
            FileKind.UNKNOWN,
            Bilingual(
                "첫 줄의 길이가 증권사의 어떤 마스터 파일과도 다름",
                "its first line has the width of none of the broker's master files",
            ),
        )
    day = _day_in(name)
    if layout.market is None:
        return DataFile(
            path, name, FileKind.MASTER, Bilingual("업종 이름", "names of index sectors"), priority=priority, day=day
        )
    tables = () if day is None else (SHARES,)
    why = Bilingual(
        "한 줄 {width}바이트: {market}",
        "lines of {width} bytes: {market}",
        width=layout.width,
        market=layout.market.value,
    )
    return DataFile(path, name, FileKind.MASTER, why, priority=priority, market=layout.market, tables=tables, day=day)


def _day_in(name: str) -> dt.date | None:
    found = _DAY_IN_NAME.findall(PurePosixPath(name).name)
    try:
        return dt.date(*map(int, found[-1])) if found else None
    except ValueError:
        return None


def _side_file(
    path: Path, name: str, kind: FileKind, why: str, header: Sequence[str], entry: CatalogueEntry
) -> DataFile:
    lacking = sorted(source for source in entry.columns.values() if source not in header)
    if lacking:
        raise SourceError(
            Bilingual(
                "{path}: {lacking} 열이 없습니다. 파일의 열: {header}",
                "{path}: no column {lacking}; the file has {header}",
                path=path,
                lacking=", ".join(lacking),
                header=", ".join(header),
            )
        )
    columns = known_columns(header) | dict(entry.columns)
    unnamed = sorted({"date", "index", "close"} - columns.keys()) if kind is FileKind.INDEX else []
    if unnamed:
        raise _lacks(path, unnamed, header)
    tables = tables_of(kind, columns.keys())
    day = _day_in(name) if kind is FileKind.MASTER else None
    return DataFile(path, name, kind, why, Scope.RAW, entry.priority, columns, entry.market, tables, day)


def _lacks(path: Path, columns: Sequence[str], header: Sequence[str]) -> SourceError:
    return SourceError(
        Bilingual(
            "{path}: {columns}에 쓸 열이 없습니다. 파일의 열: {header}",
            "{path}: no column for {columns}; the file has {header}",
            path=path,
            columns=", ".join(columns),
            header=", ".join(header),
        )
    )


def infer_kind(columns: Set[str]) -> tuple[FileKind, str]:
    """Return what a file with these columns holds, and the reason."""
    if columns >= set(BAR_COLUMNS):
        if "datetime" in columns:
            return FileKind.MINUTE, Bilingual("datetime 열 있음", "has a datetime")
        if "adj_close" in columns:
            return FileKind.UNKNOWN, Bilingual(
                "종가만 수정주가라 봉의 눈금이 둘", "only its close is adjusted, so its bars are of two scales"
            )
        if columns & _CAPS:
            return FileKind.SNAPSHOT, Bilingual("시가총액이나 주식 수 있음", "has market caps or shares")
        if "date" in columns:
            return FileKind.DAILY, Bilingual("date 열 있음", "has a date")
    for kind, signs in _SIGNS.items():
        for sign in signs:
            if columns >= sign:
                names = sorted(sign)
                return kind, Bilingual(f"{', '.join(names)} 있음", f"has {' and '.join(names)}")
    some = ", ".join(sorted(columns)[:_SHOWN])
    told = Bilingual(
        "열: {some}; {nearest}", "columns {some}; {nearest}", some=some or _NONE, nearest=_nearest(columns)
    )
    return FileKind.UNKNOWN, told


def _nearest(columns: Set[str]) -> Bilingual:
    """Say which kind columns come nearest to and what they lack, or what is wrong with all of them at once."""
    only = next(iter(columns), "")
    separator = next((sign for sign in _OTHER_SEPARATORS if sign in only), None)
    if len(columns) == 1 and separator is not None:
        return Bilingual(
            "구분자가 {found}입니다. 쉼표여야 합니다", "separated by {found}, expected commas", found=repr(separator)
        )
    bars = (frozenset({time, *BAR_COLUMNS}) for time in TIME_COLUMN.values())
    known = [*zip(TIME_COLUMN, bars, strict=True), *((kind, sign) for kind, signs in _SIGNS.items() for sign in signs)]
    kind, sign = max(known, key=lambda one: len(one[1] & columns) / len(one[1]))
    if not sign & columns:
        return Bilingual("어느 데이터의 열도 아닙니다", "none of them is a column of any kind of data")
    return Bilingual(
        "가장 가까운 종류는 {kind}이며 {lacking} 열이 더 있어야 합니다",
        "nearest is {kind}, which also has {lacking}",
        kind=kind.value,
        lacking=", ".join(sorted(sign - columns)),
    )


_CAPS = frozenset({"marcap", "shares", "market_cap_krw", "listed_shares"})
_SIGNS: dict[FileKind, tuple[frozenset[str], ...]] = {
    FileKind.SNAPSHOT: tuple(frozenset({"date", "symbol", cap}) for cap in sorted(_CAPS)),
    FileKind.INDEX: (frozenset({"date", "index", "close"}),),
    FileKind.FLOWS: (
        frozenset({"date", "inst_net"}),
        frozenset({"date", "institution"}),
        frozenset({"date", "기관계"}),
        *(
            frozenset({"date", name})
            for name in ("inst_net_shares", "inst_net_krw", "foreign_net_shares", "foreign_net_krw")
        ),
    ),
    FileKind.FUNDAMENTALS: (
        frozenset({"symbol", "fiscal_year"}),
        frozenset({"symbol", "period_end"}),
        frozenset({"symbol", "record_date"}),
        frozenset({"symbol", "eps", "per"}),
    ),
    FileKind.MASTER: (frozenset({"symbol", "isin"}),),
    FileKind.CALENDAR: (frozenset({"date", "open", "close", "reason"}),),
}


def infer_scope(kind: FileKind, name: str, columns: Set[str]) -> tuple[Scope, str]:
    """Return whether prices are adjusted, from the words of the path, the nearest first; RAW when nothing says so."""
    if kind is FileKind.MINUTE:
        return Scope.RAW, Bilingual("분봉은 원주가", "minute bars are as traded")
    if "splice_ratio" in columns:
        return Scope.ADJUSTED, Bilingual("splice_ratio 있음", "has a splice_ratio")
    for part in reversed(PurePosixPath(name).parts):
        words = re.split(r"[\W_]+", part.lower())
        if any(word.startswith(("adj", "수정")) for word in words):
            return Scope.ADJUSTED, Bilingual(f"{part}: 수정주가", f"{part} says adjusted")
        if any(word in {"raw", "원주가"} for word in words):
            return Scope.RAW, Bilingual(f"{part}: 원주가", f"{part} says raw")
    return Scope.RAW, Bilingual("수정주가라는 말 없음", "nothing says adjusted")


def _header(path: Path) -> list[str] | None:
    suffix = path.suffix.lower()
    if suffix in _PARQUET:
        with reading(path):
            return list(pq.read_schema(path).names)
    if suffix in _CSV:
        return _csv_header(path)
    return None


def _refuse_nothing(path: Path) -> None:
    if path.suffix.lower() in _READ and path.stat().st_size == 0:
        raise SourceError(f"{path}: is empty, it has 0 bytes")


def _refuse_no_rows(path: Path) -> None:
    """Stop at a table without a row: it looks like data and says nothing."""
    with reading(path):
        if path.suffix.lower() in _PARQUET:
            has_rows = pq.read_metadata(path).num_rows > 0
        else:
            with path.open("rb") as lines:
                lines.readline()
                has_rows = any(line.strip() for line in lines)
    if not has_rows:
        raise SourceError(f"{path}: is empty, it has columns but no rows")


def _csv_header(path: Path) -> list[str]:
    with reading(path), path.open("rb") as lines:
        first = lines.readline()
    try:
        text = first.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = first.decode("cp949", errors="replace")  # what spreadsheets in Korea write
    return next(csv.reader([text]), [])


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what goes wrong while a file is read into a `SourceError` that names it."""
    try:
        yield
    except (pa.lib.ArrowException, OSError, UnicodeDecodeError) as error:
        text = " ".join(str(error).split())
        told = Bilingual(
            "{path}: 손상되었거나 이름과 다른 파일입니다 ({text})",
            "{path}: is damaged or not what its name says, {text}",
            path=path,
            text=text,
        )
        raise SourceError(told) from error
