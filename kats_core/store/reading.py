"""Give back what a recorder kept: a run and its records in their final state, from the database or from a folder.

Both homes give the same records in the same order (`journal.latest`). A selection reads only what it needs: the database
through its indices, a folder by a first glance at each line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from kats_core.journal.latest import SetupKey, latest
from kats_core.model.record import Record, SetupRecord
from kats_core.model.time import DAY, Nanos, midnight
from kats_core.model.wire import WIRE_VERSION, decode_record
from kats_core.store.errors import StoreError
from kats_core.store.folder_recorder import ARMING, DECISIONS, DESCRIPTION
from kats_core.store.recorder import not_armed_record
from kats_core.store.run import Run
from kats_core.store.selection import Selection

if TYPE_CHECKING:
    from kats_core.store.database import Database


R = TypeVar("R")


class StoredRun(msgspec.Struct, frozen=True):
    """A run and what was read of it."""

    run: Run
    records: list[Record]


def load_run(
    database: Database | None, which: str | Path | None = None, selection: Selection | None = None
) -> StoredRun:
    """Return a run: the one with the id (or beginning of an id) or in the folder `which`, or the last one started.

    `database` may be None when `which` is a folder.

    Raises:
        StoreError: there is no such run, or it cannot be read.
    """
    wanted = Selection() if selection is None else selection
    folder = _as_folder(which)
    if folder is not None:
        return _load_folder(folder, wanted)
    if database is None:
        raise StoreError(f"{which or 'the last run'} is no folder of a run, and there is no database to look it up in")
    from kats_core.store.rows import read_records, read_run

    run = read_run(database, None if which is None else str(which))
    if run.folder is not None:
        return _load_folder(Path(run.folder), wanted)
    return StoredRun(run, latest(read_records(database, run.run_id, wanted)))


def _as_folder(which: str | Path | None) -> Path | None:
    if which is None:
        return None
    path = Path(which).expanduser()
    if isinstance(which, Path) or path.is_dir():
        return path
    return None


class Glance(msgspec.Struct):
    """The few fields by which a record is chosen before it is read."""

    type: str
    session: dt.date | None = None
    closed_on: dt.date | None = None
    ts: Nanos = 0
    instance: str = ""
    symbol: str = ""
    slot: int = 0
    signal_id: str = ""
    order_id: str = ""


class _Version(msgspec.Struct):
    v: int


class _Description(msgspec.Struct):
    v: int
    run: Run


def describe(folder: Path) -> Run:
    """Return what a run's folder says of the run.

    Raises:
        StoreError: there is no run in it, another version wrote it, or it cannot be read.
    """
    with _explained(folder):
        written = (folder / DESCRIPTION).read_bytes()
    try:
        version = msgspec.json.decode(written, type=_Version).v
        if version != WIRE_VERSION:
            raise StoreError(f"folder {folder} was written in format {version}; this program reads {WIRE_VERSION}")
        run = msgspec.json.decode(written, type=_Description).run
    except msgspec.DecodeError as error:
        raise StoreError(f"{folder / DESCRIPTION} is damaged ({error}): run it again") from error
    return msgspec.structs.replace(run, folder=str(folder))


def read_kinds(folder: Path, kinds: Collection[type[Record]]) -> list[Record]:
    """Return the records of some kinds from a run's folder, in the order in which they were written.

    Raises:
        StoreError: the decisions are missing, damaged, or cannot be read.
    """
    with _undamaged(folder / DECISIONS):
        return [decode_record(line) for line in _lines(folder, kinds)]


def read_some(folder: Path, kind: type[R], is_wanted: Callable[[Glance], bool]) -> list[R]:
    """Return the records of one kind that are wanted at first glance; raises as `read_kinds`."""
    glance = msgspec.json.Decoder(Glance).decode
    with _undamaged(folder / DECISIONS):
        found = [decode_record(line) for line in _lines(folder, [kind]) if is_wanted(glance(line))]
    return [record for record in found if isinstance(record, kind)]


def _lines(folder: Path, kinds: Collection[type[Any]]) -> Iterator[bytes]:
    """Yield the lines of some kinds of records."""
    beginnings = _beginnings(kinds)
    with _explained(folder), (folder / DECISIONS).open("rb") as lines:
        yield from (line for line in lines if line.startswith(beginnings))


def _beginnings(kinds: Collection[type[Any]]) -> tuple[bytes, ...]:
    """Return how the lines of some kinds of records begin: their type stands first."""
    return tuple(f'{{"type":"{kind.__struct_config__.tag}"'.encode() for kind in kinds)


@contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    try:
        yield
    except msgspec.DecodeError as error:
        raise StoreError(f"{path} is damaged ({error}): run it again") from error


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        missing = Path(error.filename).name
        raise StoreError(f"folder {folder} holds no run ({missing} is missing): name another") from error
    except NotADirectoryError as error:
        raise StoreError(f"{folder} is a file: name the folder of a run") from error
    except OSError as error:
        raise StoreError(f"folder {folder} cannot be read ({error.strerror}): check its permissions") from error


def _load_folder(folder: Path, wanted: Selection) -> StoredRun:
    run = describe(folder)
    with _explained(folder):
        lines = _of_kinds((folder / DECISIONS).read_bytes().splitlines()[1:], wanted)
    try:
        chosen = lines if wanted.is_all else _chosen(lines, wanted)
        decisions = [decode_record(line) for line in chosen]
    except msgspec.DecodeError as error:
        raise StoreError(f"{folder / DECISIONS} is damaged ({error}): run it again") from error
    return StoredRun(run, latest([*_not_armed(folder / ARMING, wanted), *decisions]))


def _of_kinds(lines: list[bytes], wanted: Selection) -> list[bytes]:
    """Return the lines of the kinds that are wanted; each begins with the name of its own."""
    if wanted.only is None:
        return lines
    beginnings = _beginnings(wanted.only)
    return [line for line in lines if line.startswith(beginnings)]


def _chosen(lines: list[bytes], wanted: Selection) -> list[bytes]:
    decode = msgspec.json.Decoder(Glance).decode
    glances = [decode(line) for line in lines]
    signals = _chosen_signals(glances, wanted)
    setups = {_key(g) for g in glances if g.type == "signal" and g.signal_id in signals}
    orders = {g.order_id for g in glances if g.type == "order" and _belongs(g, wanted, signals)}
    return [
        line
        for line, glance in zip(lines, glances, strict=True)
        if _is_chosen(glance, wanted, signals=signals, setups=setups, orders=orders)
    ]


def _chosen_signals(glances: list[Glance], wanted: Selection) -> set[str]:
    traded = {g.signal_id for g in glances if g.type == "order" and g.session == wanted.session}
    return {
        g.signal_id
        for g in glances
        if g.type == "signal"
        and (wanted.session is None or g.session == wanted.session or g.signal_id in traded)
        and (wanted.symbol is None or g.symbol == wanted.symbol)
        and (wanted.signal is None or g.signal_id.startswith(wanted.signal))
    }


def _key(glance: Glance) -> SetupKey:
    return (glance.session or dt.date.min, glance.instance, glance.symbol, glance.slot)


def _matches(glance: Glance, wanted: Selection) -> bool:
    session = glance.closed_on or glance.session
    return wanted.session in (None, session) and wanted.symbol in (None, glance.symbol)


def _belongs(glance: Glance, wanted: Selection, signals: set[str]) -> bool:
    if glance.signal_id:
        return glance.signal_id in signals
    return wanted.signal is None and _matches(glance, wanted)


def _is_chosen(
    glance: Glance, wanted: Selection, *, signals: set[str], setups: set[SetupKey], orders: set[str]
) -> bool:
    match glance.type:
        case "signal" | "verdict" | "trade":
            return _belongs(glance, wanted, signals)
        case "order" | "order_event" | "fill":
            return glance.order_id in orders
        case "setup":
            return _key(glance) in setups or (wanted.signal is None and _matches(glance, wanted))
        case "position":
            return _matches(glance, wanted) and (wanted.signal is None or glance.signal_id in signals)
        case "equity":
            return wanted.symbol is None and wanted.signal is None and _matches(glance, wanted)
        case "operator":
            is_about = not glance.symbol or wanted.symbol in (None, glance.symbol)
            return wanted.signal is None and is_about and _is_within(glance.ts, wanted)
        case _:
            return wanted.signal is None and wanted.symbol in (None, glance.symbol) and _is_within(glance.ts, wanted)


def _is_within(ts: Nanos, wanted: Selection) -> bool:
    if wanted.session is None:
        return True
    return midnight(wanted.session) <= ts < midnight(wanted.session) + DAY


def _not_armed(path: Path, wanted: Selection) -> Iterator[SetupRecord]:
    if wanted.signal is not None or not wanted.wants(SetupRecord) or not path.exists():
        return
    from pyarrow import ArrowInvalid, parquet

    conditions: list[tuple[str, str, Any]] = []
    if wanted.session is not None:
        conditions.append(("session", "==", wanted.session))
    if wanted.symbol is not None:
        conditions.append(("symbol", "==", wanted.symbol))
    try:
        table = parquet.read_table(path, filters=conditions or None)
    except (OSError, ArrowInvalid) as error:
        raise StoreError(f"{path} is damaged ({error}): run it again") from error
    for cells in zip(*(table[name].to_pylist() for name in ("session", "instance", "symbol", "code")), strict=True):
        yield not_armed_record(*cells)
