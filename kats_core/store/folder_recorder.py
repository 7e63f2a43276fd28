"""Keep a run's records in a folder of its own."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from kats_core.journal.latest import SetupKey, key_of
from kats_core.model.labels import plain
from kats_core.model.record import Record, SetupRecord
from kats_core.model.wire import WIRE_VERSION, encode_records
from kats_core.store import arrow
from kats_core.store.errors import StoreError
from kats_core.store.recorder import Clock, Reasons, not_armed_record, utc_now
from kats_core.store.run import Run, RunStatus

if TYPE_CHECKING:
    # SQLAlchemy takes its time to import, and a backtest that writes a folder may need none of it.
    from kats_core.store.database import Database

DECISIONS = "decisions.jsonl"
DESCRIPTION = "run.json"
ARMING = "arming.parquet"

_CELLS_AT_ONCE = 200_000

METRICS = "metrics.json"
TRADES = "trades.csv"
EQUITY = "equity.csv"
CANDLES = "candles.parquet"
INDICES = "indices.parquet"
REPORT = "report.html"

_OURS = frozenset({DECISIONS, DESCRIPTION, ARMING, METRICS, TRADES, EQUITY, CANDLES, INDICES, REPORT})

Completion: TypeAlias = Callable[[Path], None]
"""Writes into the folder of a run that is done what is made of its records: figures, tables, a report."""


class FolderRecorder:
    """Writes a run as `decisions.jsonl`, `run.json` and `arming.parquet` (why what was not armed).

    Everything grows in a hidden folder beside the target, which takes the target's place in `finish`. Other files that
    somebody put into the target stay in it; a repeat that fails leaves a complete earlier run as it is. With a `database`
    the run gets its row in `runs`, decisions stay here. `complete` adds to the records of a run that is done; where it
    raises, the run is kept without what it could not make. The same run writes the same bytes, except for `run.json`,
    which knows the time.
    """

    def __init__(
        self,
        folder: Path,
        database: Database | None = None,
        clock: Clock = utc_now,
        complete: Completion | None = None,
    ) -> None:
        self._folder = folder.absolute()
        self._database = database
        self._clock = clock
        self._complete = complete
        self._growing = self._beside("writing")
        self._aside = self._beside("replaced")
        self._buffer: list[Record] = []
        self._decisions: IO[bytes]
        self._arming: Any = None
        self._reasons: list[tuple[dt.date, str, str, str]] = []
        self._written: set[SetupKey] = set()
        self._opened: list[IO[bytes]] = []
        self._is_abandoned = False

    def begin(self, run: Run) -> None:
        if self._database is not None:
            self._database.require_writable()
        self._run = run
        with self._explained():
            self._tidy()
            self._require_own()
            self._growing.mkdir(parents=True, exist_ok=True)
            self._decisions = self._open()
            header = {"v": WIRE_VERSION, "run": run.identity}
            self._decisions.write(msgspec.json.encode(header) + b"\n")

    def write(self, records: Sequence[Record]) -> None:
        self._buffer += [record for record in records if type(record) is not SetupRecord or self._is_for_log(record)]

    def _is_for_log(self, record: SetupRecord) -> bool:
        """Tell whether a word on a setup goes into the log; one that only says why it is not armed is kept as a reason."""
        key = key_of(record)
        # Reading takes the reasons first and then the log, so only a first word on a setup may be kept there.
        if key not in self._written and _is_bare(record):
            self._reasons.append((record.session, record.instance, record.symbol, str(record.code)))
            return False
        self._written.add(key)
        return True

    def not_armed(
        self, instance: str, sessions: Sequence[dt.date], symbols: Sequence[str], reasons: Reasons, codes: Sequence[str]
    ) -> None:
        days = np.array(sessions, dtype="datetime64[D]")
        # In parts: the places of a whole market over years take more memory than its bars.
        size = max(1, _CELLS_AT_ONCE // max(1, len(symbols)))
        with self._explained():
            for first in range(0, len(sessions), size):
                part = reasons[first : first + size]
                rows, columns = np.nonzero(part)
                if not len(rows):
                    continue
                self._write_arming(
                    days[first : first + size][rows],
                    (np.zeros(len(rows), dtype=np.int32), [instance]),
                    (columns.astype(np.int32), list(symbols)),
                    (part[rows, columns].astype(np.int32) - 1, list(codes)),
                )

    def commit(self) -> None:
        with self._explained():
            self._decisions.write(encode_records(self._buffer))
        self._buffer.clear()
        # Sessions are kept whole: nothing that follows speaks of a setup of this one.
        self._written.clear()

    def finish(self, status: RunStatus, summary: Mapping[str, Any]) -> None:
        if self._is_abandoned or (status is not RunStatus.DONE and self._holds_complete_run()):
            self._abandon()
            return
        self.commit()
        run = msgspec.structs.replace(self._run, status=status, ended=self._clock(), summary=dict(summary), folder=None)
        with self._explained():
            self._close_arming()
            (self._growing / DESCRIPTION).write_bytes(
                msgspec.json.format(msgspec.json.encode({"v": WIRE_VERSION, "run": run}, enc_hook=plain), indent=2)
                + b"\n"
            )
            self._decisions.flush()
            os.fsync(self._decisions.fileno())
        try:
            if self._complete is not None and status is RunStatus.DONE:
                self._complete(self._growing)
        finally:
            self._keep(run)

    def _keep(self, run: Run) -> None:
        with self._explained():
            self._put_in_place()
            self._decisions.close()
        if self._database is not None:
            from kats_core.store.database_recorder import register

            in_database = msgspec.structs.replace(
                run, folder=str(self._folder), codes={}, instruments={}, configuration={}
            )
            register(self._database, in_database)

    def _holds_complete_run(self) -> bool:
        description = self._folder / DESCRIPTION
        if not description.is_file():
            return False
        with self._explained():
            try:
                return msgspec.json.decode(description.read_bytes(), type=_Ending).run.status is RunStatus.DONE
            except msgspec.DecodeError:
                # Damaged, so there is nothing to protect.
                return False

    def _abandon(self) -> None:
        """Remove what has grown so far; on a full disk that is also what frees space again."""
        self._is_abandoned = True
        self._buffer.clear()
        opened = [*self._opened, *([] if self._arming is None else [self._arming])]
        for file in opened:
            # What cannot be written or removed any more is of no use to anyone; the next attempt starts over.
            with suppress(OSError):
                file.close()
        self._opened, self._arming = [], None
        shutil.rmtree(self._growing, ignore_errors=True)

    def _beside(self, purpose: str) -> Path:
        return self._folder.with_name(f".{self._folder.name}.{purpose}")

    def _open(self) -> IO[bytes]:
        decisions = (self._growing / DECISIONS).open("ab")
        self._opened.append(decisions)
        try:
            fcntl.flock(decisions, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            decisions.close()
            raise StoreError(f"folder {self._folder} is being written by another process: let it end first") from None
        # Only now: what is in the file may have been somebody's work until the lock said that it is not.
        decisions.truncate(0)
        (self._growing / ARMING).unlink(missing_ok=True)
        return decisions

    def _require_own(self) -> None:
        if not self._folder.exists() or (self._folder / DESCRIPTION).is_file():
            return
        if not self._folder.is_dir():
            raise StoreError(f"{self._folder} is a file: name a folder for the run")
        if any(self._folder.iterdir()):
            raise StoreError(f"folder {self._folder} holds something else than a run: name a new or empty folder")

    def _tidy(self) -> None:
        """Complete the replacement in which an earlier process was killed."""
        if not self._aside.is_dir():
            return
        if self._folder.exists():
            self._remove_aside()
        else:
            self._aside.rename(self._folder)

    def _put_in_place(self) -> None:
        if self._folder.exists():
            self._folder.rename(self._aside)
        self._growing.rename(self._folder)
        if self._aside.exists():
            self._remove_aside()

    def _remove_aside(self) -> None:
        for stranger in self._aside.iterdir():
            if stranger.name not in _OURS and not (self._folder / stranger.name).exists():
                stranger.rename(self._folder / stranger.name)
        shutil.rmtree(self._aside)

    def _write_arming(
        self,
        sessions: npt.NDArray[np.datetime64],
        *columns: tuple[npt.NDArray[np.int32], list[str]],
    ) -> None:
        import pyarrow as pa
        from pyarrow import parquet

        coded = [
            pa.DictionaryArray.from_arrays(arrow.whole(cells, pa.int32()), arrow.words(words))
            for cells, words in columns
        ]
        days = arrow.whole(sessions.astype(np.int32), pa.date32())
        table = pa.table([days, *coded], names=["session", "instance", "symbol", "code"])
        if self._arming is None:
            self._arming = parquet.ParquetWriter(
                self._growing / ARMING, table.schema, compression="zstd", write_statistics=["session"]
            )
        self._arming.write_table(table)

    def _close_arming(self) -> None:
        if self._reasons:
            sessions, *words = zip(*self._reasons, strict=True)
            self._write_arming(np.array(sessions, dtype="datetime64[D]"), *(_coded(column) for column in words))
            self._reasons.clear()
        if self._arming is not None:
            self._arming.close()
            self._arming = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self._abandon()
            raise StoreError(
                f"folder {self._folder} cannot be written ({error.strerror or error}): free some space or name another "
                "folder; what was there before is unchanged"
            ) from error


class _Status(msgspec.Struct):
    status: RunStatus


class _Ending(msgspec.Struct):
    run: _Status


def _coded(words: Sequence[str]) -> tuple[npt.NDArray[np.int32], list[str]]:
    found = {word: number for number, word in enumerate(dict.fromkeys(words))}
    return np.array([found[word] for word in words], dtype=np.int32), list(found)


def _is_bare(record: SetupRecord) -> bool:
    if record.code is None:
        return False
    return record == not_armed_record(record.session, record.instance, record.symbol, record.code)
