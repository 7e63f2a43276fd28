"""Read daily values of indices from files: one row a day and index, points, and won traded.

A value that is missing, infinite or not positive is missing (NaN); a day that comes twice, or no such index name, stops with
the file and the row. Where two files have a day of an index, the one with the higher priority wins.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from kats_core.market.arrays import FloatArray
from kats_core.market.calendar import krx_calendar
from kats_core.market.source import SourceError
from kats_core.market.tables import IndexSeries
from kats_core.model.labels import Bilingual
from kats_core.sources.files.catalogue import DataFile
from kats_core.sources.files.reading import ColumnFile, SymbolCodes, day_of, row_of

POINTS = ("open", "high", "low", "close")
COLUMNS = (*POINTS, "value", "advancing", "declining")

_NAMES = {
    "KS11": "KOSPI",
    "코스피": "KOSPI",
    "KQ11": "KOSDAQ",
    "코스닥": "KOSDAQ",
    "KS200": "KOSPI200",
    "KOSPI 200": "KOSPI200",
    "코스피200": "KOSPI200",
    "코스피 200": "KOSPI200",
}
"""What other people call an index, and its name here."""


def read_indices(files: Sequence[DataFile]) -> tuple[dict[str, IndexSeries], list[str]]:
    """Return the indices of several files by name, and what was left out of them, for people.

    Raises:
        SourceError: a row has no index or no date, or a day of an index comes twice in a file.
    """
    days: dict[str, dict[dt.date, Mapping[str, float]]] = {}
    sources: dict[str, list[str]] = {}
    notes: list[str] = []
    for file in sorted(files, key=lambda file: file.priority):
        for name, values in _of_file(file, notes).items():
            days.setdefault(name, {}).update(values)
            sources.setdefault(name, []).append(file.name)
    return {name: _series(name, days[name], sources[name]) for name in sorted(days)}, notes


def _of_file(file: DataFile, notes: list[str]) -> dict[str, dict[dt.date, Mapping[str, float]]]:
    calendar = krx_calendar()
    numbers = [name for name in COLUMNS if file.has(name)]
    rows = ColumnFile(file, SymbolCodes()).records(days=["date"], numbers=numbers, texts=["index"])
    columns = [rows.numbers[name] for name in numbers]
    found: dict[str, dict[dt.date, Mapping[str, float]]] = {}
    left_out = 0
    for i, (number, text) in enumerate(zip(rows.days["date"].tolist(), rows.texts["index"].tolist(), strict=True)):
        place = row_of(file, int(rows.row[i]))
        if not text or not str(text).strip():
            raise SourceError(
                Bilingual(
                    "{place}: {column} 값이 없습니다. KOSPI 같은 이름이어야 합니다",
                    "{place}: {column} is missing, expected a name such as KOSPI",
                    place=place,
                    column=file.columns["index"],
                )
            )
        day = _day(number, place)
        if not (calendar.covered_from <= day <= calendar.covered_through and calendar.is_session(day)):
            left_out += 1
            continue
        name = str(text).strip().upper()
        own = found.setdefault(_NAMES.get(name, name), {})
        if day in own:
            raise SourceError(
                Bilingual(
                    "{place}: {text}의 {day} 값이 두 번 있습니다",
                    "{place}: {text} has {day} twice",
                    place=place,
                    text=text,
                    day=day,
                )
            )
        own[day] = dict(zip(numbers, (float(column[i]) for column in columns), strict=True))
    if left_out:
        notes.append(
            Bilingual(
                "{file}: 거래일이 아닌 날의 {count:,}행 제외",
                "{file}: left out {count:,} rows on days that are no session of the exchange",
                file=file.name,
                count=left_out,
            )
        )
    return found


def _day(number: int, place: str) -> dt.date:
    try:
        return day_of(number)
    except OverflowError:
        raise SourceError(Bilingual("{place}: 날짜가 없습니다", "{place}: the date is missing", place=place)) from None


def _series(name: str, days: Mapping[dt.date, Mapping[str, float]], sources: Sequence[str]) -> IndexSeries:
    sessions = tuple(sorted(days))
    columns = {column: _column(column, [days[session] for session in sessions]) for column in COLUMNS}
    has_counts = not np.isnan(columns["advancing"]).all()
    return IndexSeries(
        name=name,
        sessions=sessions,
        open=columns["open"],
        high=columns["high"],
        low=columns["low"],
        close=columns["close"],
        value=columns["value"],
        source=" and ".join(sources),
        advancing=columns["advancing"] if has_counts else None,
        declining=columns["declining"] if has_counts else None,
    )


def _column(name: str, rows: Sequence[Mapping[str, float]]) -> FloatArray:
    values = np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)
    # No index is worth nothing and no session trades nothing, but on a bad day nothing rises.
    is_known = values >= 0 if name in ("advancing", "declining") else values > 0
    return np.where(is_known, values, np.nan)
