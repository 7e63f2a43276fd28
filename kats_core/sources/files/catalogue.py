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
_AS_TOLD = "the catalogue says so"
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
            priority = f", priority {file.priority}" if file.priority else ""
            yield f"{file.name}: {file.kind} bars, {file.scope}{priority} ({file.why})"
        used = {file.path for file in self.used}
        masters = self.masters
        for file in self.files:
            if file.path in used:
                continue
            if file.kind in TIME_COLUMN:
                yield f"{file.name}: not used, its {file.scope} prices cannot be joined to those of {self._winner(file)}"
            elif file.kind is FileKind.MASTER and file in masters:
                morning = "of a day that its name does not tell" if file.day is None else f"of {file.day}"
                yield f"{file.name}: {file.kind} {morning} ({file.why})"
            elif file.tables:
                yield f"{file.name}: {file.kind}, side table {' and '.join(file.tables)} ({file.why})"
            elif file.kind is FileKind.INDEX:
                yield f"{file.name}: {file.kind} ({file.why})"
            else:
                yield f"{file.name}: left alone, {file.kind} ({file.why})"

    def _winner(self, file: DataFile) -> str:
        return (self.daily if file.kind is FileKind.DAILY else self.minute)[0].name


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
        raise SourceError(f"catalogue: {', '.join(unmatched)} matches no file; found {_listed(found.values())}")
    named = {Path(path).resolve() for path in paths}
    files = []
    for resolved, (name, path) in found.items():
        entry = next((entry for entry in entries if _matches(name, entry)), None)
        file = _file(path, name, entry)
        if resolved in named and file.kind is FileKind.UNKNOWN:
            raise SourceError(f"{path}: expected bars or a side table, found {file.kind} ({file.why})")
        files.append(file)
    catalogue = Catalogue(tuple(files), _in_use(files, FileKind.DAILY), _in_use(files, FileKind.MINUTE))
    if not catalogue.used and not catalogue.index:
        raise SourceError(f"{', '.join(paths)}: no file with daily or minute bars; found {_explained(files)}")
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
    return file.kind is FileKind.UNKNOWN and file.path.suffix.lower() in _READ and file.why != _AS_TOLD


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
            wrong[name] = str(error)
            files.append(DataFile(path, name, FileKind.UNKNOWN, "cannot be read"))
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
            raise SourceError(f"{given}: there is no such file or folder")


def _is_hidden(path: Path, root: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.relative_to(root).parts)


def _listed(found: Iterable[tuple[str, Path]]) -> str:
    names = [name for name, _ in found]
    if not names:
        return "nothing"
    rest = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + rest


def _explained(files: Sequence[DataFile]) -> str:
    """Say what the first files were taken for and why, since none of them is what was looked for."""
    shown = [f"{file.name} ({file.kind}: {file.why})" for file in files[:_FEW]]
    rest = [f"{len(files) - _FEW} more"] if len(files) > _FEW else []
    return ", ".join([*shown, *rest]) or "nothing"


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
        return DataFile(path, name, FileKind.UNKNOWN, _AS_TOLD)
    _refuse_nothing(path)
    if path.suffix.lower() == _MST:
        return _mst(path, name, 0 if entry is None else entry.priority)
    header = _header(path)
    if header is None:
        why = f"{path.suffix or 'no suffix'}: only .parquet, .csv and .mst are read"
        return DataFile(path, name, FileKind.UNKNOWN, why)
    entry = entry or CatalogueEntry(path=name)
    columns = {column: column for column in header} | brokers_columns(header) | dict(entry.columns)
    if entry.kind is None:
        kind, why = infer_kind(columns.keys())
    else:
        kind, why = entry.kind, _AS_TOLD
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
        raise SourceError(f"{path}: no column for {', '.join(lacking)}; the file has {', '.join(header)}")
    if entry.scope is None:
        scope, scope_why = infer_scope(kind, name, columns.keys())
        why = f"{why}; {scope_why}"
    else:
        scope = entry.scope
    return DataFile(path, name, kind, why, scope, entry.priority, columns, entry.market)


def _mst(path: Path, name: str, priority: int) -> DataFile:
    with reading(path), path.open("rb") as content:
        layout = layout_of(content.readline())
    if layout is None:
        return DataFile(
            path, name, FileKind.UNKNOWN, "its first line has the width of none of the broker's master files"
        )
    day = _day_in(name)
    if layout.market is None:
        return DataFile(path, name, FileKind.MASTER, "names of index sectors", priority=priority, day=day)
    tables = () if day is None else (SHARES,)
    why = f"lines of {layout.width} bytes: {layout.market}"
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
        raise SourceError(f"{path}: no column {', '.join(lacking)}; the file has {', '.join(header)}")
    columns = known_columns(header) | dict(entry.columns)
    unnamed = sorted({"date", "index", "close"} - columns.keys()) if kind is FileKind.INDEX else []
    if unnamed:
        raise SourceError(f"{path}: no column for {', '.join(unnamed)}; the file has {', '.join(header)}")
    tables = tables_of(kind, columns.keys())
    day = _day_in(name) if kind is FileKind.MASTER else None
    return DataFile(path, name, kind, why, Scope.RAW, entry.priority, columns, entry.market, tables, day)


def infer_kind(columns: Set[str]) -> tuple[FileKind, str]:
    """Return what a file with these columns holds, and the reason."""
    if columns >= set(BAR_COLUMNS):
        if "datetime" in columns:
            return FileKind.MINUTE, "has a datetime"
        if "adj_close" in columns:
            return FileKind.UNKNOWN, "only its close is adjusted, so its bars are of two scales"
        if columns & _CAPS:
            return FileKind.SNAPSHOT, "has market caps or shares"
        if "date" in columns:
            return FileKind.DAILY, "has a date"
    for kind, signs in _SIGNS.items():
        for sign in signs:
            if columns >= sign:
                return kind, f"has {' and '.join(sorted(sign))}"
    return FileKind.UNKNOWN, f"columns {', '.join(sorted(columns)[:_SHOWN]) or 'none'}; {_nearest(columns)}"


def _nearest(columns: Set[str]) -> str:
    """Say which kind columns come nearest to and what they lack, or what is wrong with all of them at once."""
    only = next(iter(columns), "")
    separator = next((sign for sign in _OTHER_SEPARATORS if sign in only), None)
    if len(columns) == 1 and separator is not None:
        return f"separated by {separator!r}, expected commas"
    bars = (frozenset({time, *BAR_COLUMNS}) for time in TIME_COLUMN.values())
    known = [*zip(TIME_COLUMN, bars, strict=True), *((kind, sign) for kind, signs in _SIGNS.items() for sign in signs)]
    kind, sign = max(known, key=lambda one: len(one[1] & columns) / len(one[1]))
    if not sign & columns:
        return "none of them is a column of any kind of data"
    return f"nearest is {kind}, which also has {', '.join(sorted(sign - columns))}"


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
        return Scope.RAW, "minute bars are as traded"
    if "splice_ratio" in columns:
        return Scope.ADJUSTED, "has a splice_ratio"
    for part in reversed(PurePosixPath(name).parts):
        words = re.split(r"[\W_]+", part.lower())
        if any(word.startswith(("adj", "수정")) for word in words):
            return Scope.ADJUSTED, f"{part} says adjusted"
        if any(word in {"raw", "원주가"} for word in words):
            return Scope.RAW, f"{part} says raw"
    return Scope.RAW, "nothing says adjusted"


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
        raise SourceError(f"{path}: is damaged or not what its name says, {text}") from error
