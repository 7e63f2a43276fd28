"""Keep what was downloaded in a folder of Parquet files, read like any other folder of data, and know what it covers.

A file is replaced as a whole, so that whoever reads finds the one before or the one after. Its metadata say of each symbol from when
to when it was asked for: days on which nothing traded are not asked for again.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kats_core.market.source import SourceError

_COVERAGE = b"kats.coverage"

DAILY = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        *((name, pa.int64()) for name in ("open", "high", "low", "close", "volume", "value")),
    ]
)
MINUTE = pa.schema(
    [
        ("symbol", pa.string()),
        ("datetime", pa.timestamp("s")),
        *((name, pa.int64()) for name in ("open", "high", "low", "close", "volume", "cum_value")),
    ]
)
INDEX = pa.schema(
    [
        ("index", pa.string()),
        ("date", pa.date32()),
        *((name, pa.float64()) for name in ("open", "high", "low", "close", "value")),
    ]
)
FLOWS = pa.schema(
    [
        ("symbol", pa.string()),
        ("date", pa.date32()),
        *((name, pa.int64()) for name in ("inst_net_shares", "foreign_net_shares", "inst_net_krw", "foreign_net_krw")),
    ]
)
REPORTS = pa.schema(
    [
        ("symbol", pa.string()),
        ("period_end", pa.date32()),
        ("fiscal_year", pa.int64()),
        ("period", pa.string()),
        *((name, pa.float64()) for name in ("revenue_cum_krw", "operating_profit_cum_krw", "net_income_cum_krw")),
        ("eps_cum_krw", pa.float64()),
    ]
)
DIVIDENDS = pa.schema(
    [("symbol", pa.string()), ("record_date", pa.date32()), ("announced", pa.date32()), ("dps_krw", pa.float64())]
)
SHARES = pa.schema(
    [("symbol", pa.string()), ("date", pa.date32()), ("listed_shares", pa.int64()), ("market_cap_krw", pa.int64())]
)
CALENDAR = pa.schema([("exchange", pa.string()), ("date", pa.date32()), ("is_session", pa.bool_())])
SCHEMAS: Mapping[str, pa.Schema] = {
    "daily_adjusted": DAILY,
    "minute": MINUTE,
    "index": INDEX,
    "flows": FLOWS,
    "reports": REPORTS,
    "dividends": DIVIDENDS,
    "shares": SHARES,
    "calendar": CALENDAR,
}
"""The files, by name."""

Range = tuple[dt.date, dt.date]


@dataclass(slots=True)
class Archive:
    """The folder of one environment. What is `put` is kept by `save`."""

    folder: Path
    _tables: dict[str, dict[str, pa.Table]] = field(init=False, default_factory=dict)
    _covered: dict[str, dict[str, Range]] = field(init=False, default_factory=dict)

    def covered(self, name: str, key: str) -> Range | None:
        """Return from when to when a symbol or an index was asked for; None where it never was."""
        self._open(name)
        return self._covered[name].get(key)

    def last_row(self, name: str, key: str) -> Mapping[str, Any] | None:
        """Return the newest row that is kept of a symbol."""
        self._open(name)
        own = self._tables[name].get(key)
        return None if own is None or not own.num_rows else own.slice(own.num_rows - 1).to_pylist()[0]

    def rows(self, name: str, key: str) -> list[dict[str, Any]]:
        """Return all that is kept of a symbol."""
        self._open(name)
        own = self._tables[name].get(key)
        return [] if own is None else own.to_pylist()

    def put(self, name: str, key: str, rows: Sequence[Mapping[str, Any]], span: Range, *, anew: bool = False) -> None:
        """Add what was downloaded of a symbol, the new in the place of the old; with `anew` nothing of the old is kept."""
        self._open(name)
        new = pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMAS[name])
        old = None if anew else self._tables[name].get(key)
        if old is not None and old.num_rows:
            is_new = pc.is_in(old.column(1), value_set=new.column(1).combine_chunks())
            new = pa.concat_tables([old.filter(pc.invert(is_new)), new])
        self._tables[name][key] = new.take(pc.sort_indices(new.column(1)))
        before = None if anew else self._covered[name].get(key)
        low, high = span if before is None else (min(span[0], before[0]), max(span[1], before[1]))
        self._covered[name][key] = low, high

    def save(self) -> None:
        """Write what was put, each file as a whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, tables in self._tables.items():
            coverage = msgspec.json.encode(self._covered[name])
            whole = pa.concat_tables([SCHEMAS[name].empty_table(), *(tables[key] for key in sorted(tables))])
            pending = self._path(name).with_suffix(".part")
            pq.write_table(whole.replace_schema_metadata({_COVERAGE: coverage}), pending)
            pending.replace(self._path(name))

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return how many symbols and rows each file has that was looked at."""
        return {
            name: (len(tables), sum(table.num_rows for table in tables.values()))
            for name, tables in self._tables.items()
        }

    def write(self, name: str, content: bytes) -> None:
        """Keep a file as it came."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pending = self.folder / f"{name}.part"
        pending.write_bytes(content)
        pending.replace(self.folder / name)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.parquet"

    def _open(self, name: str) -> None:
        if name in self._tables:
            return
        path = self._path(name)
        if not path.exists():
            self._tables[name], self._covered[name] = {}, {}
            return
        try:
            whole = pq.read_table(path)
            told = (whole.schema.metadata or {}).get(_COVERAGE, b"{}")
            self._covered[name] = msgspec.json.decode(told, type=dict[str, tuple[dt.date, dt.date]])
            self._tables[name] = _by_key(whole.replace_schema_metadata(None).cast(SCHEMAS[name]))
        except (OSError, ValueError, pa.ArrowException, msgspec.DecodeError) as error:
            raise SourceError(f"{path}: cannot be read, remove it to download it again: {error}") from None


def _by_key(whole: pa.Table) -> dict[str, pa.Table]:
    """Return the rows of each symbol; they lie together."""
    keys = whole.column(0).combine_chunks().dictionary_encode()
    borders = [*np.flatnonzero(np.diff(keys.indices.to_numpy(), prepend=-1)).tolist(), whole.num_rows]
    return {
        whole.column(0)[low].as_py(): whole.slice(low, high - low)
        for low, high in itertools.pairwise(borders)
        if high > low
    }
