"""Indices of the files source: values by name and session, what is missing said to be missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kats_core.market.source import SourceError
from kats_core.sources.files import CatalogueEntry, FilesParams, build
from kats_core.sources.files.source import FilesSource

DATA = Path(__file__).parents[2].parent / "shared" / "data"
ROWS = {
    "date": ["2025-03-05", "2025-03-04", "2025-03-04"],
    "index": ["KOSPI", "KOSPI", "코스닥"],
    "open": [2560.0, 2530.0, None],
    "high": [2570.0, 2540.0, None],
    "low": [2550.0, 2520.0, None],
    "close": [2558.0, 2529.0, 737.9],
    "value": [9e12, 0.0, None],
}


def source(folder: Path, files: Mapping[str, Mapping[str, Any]], *entries: CatalogueEntry) -> FilesSource:
    for name, columns in files.items():
        pq.write_table(pa.table(dict(columns)), folder / name)
    return build(FilesParams(paths=(str(folder),), catalogue=entries))


def test_indices_are_read_by_name_in_the_order_of_sessions(tmp_path: Path) -> None:
    """Other people's names become ours; values that are not there, or zero, are missing."""
    found = source(tmp_path, {"index.parquet": ROWS}).indices()
    assert sorted(found) == ["KOSDAQ", "KOSPI"]
    kospi = found["KOSPI"]
    assert kospi.sessions == (dt.date(2025, 3, 4), dt.date(2025, 3, 5))
    assert kospi.close.tolist() == [2529, 2558]
    np.testing.assert_array_equal(kospi.value, [np.nan, 9e12])
    assert np.isnan(found["KOSDAQ"].open).all()
    assert (kospi.source, kospi.advancing) == ("index.parquet", None)


def test_csv_and_mapped_columns_are_read_as_well(tmp_path: Path) -> None:
    """An operator's file says 지수 and 종가."""
    (tmp_path / "mine.csv").write_text("date,지수,종가,advancing,declining\n2025-03-04,KOSPI,2529.5,500,0\n", "utf-8")
    entry = CatalogueEntry.model_validate(
        {"path": "mine.csv", "kind": "index", "columns": {"index": "지수", "close": "종가"}}
    )
    kospi = build(FilesParams(paths=(str(tmp_path),), catalogue=(entry,))).indices()["KOSPI"]
    assert kospi.close.tolist() == [2529.5]
    assert kospi.advancing is not None
    assert kospi.advancing.tolist() == [500]
    assert kospi.declining is not None
    assert kospi.declining.tolist() == [0]


def test_where_two_files_have_a_day_the_higher_priority_wins(tmp_path: Path) -> None:
    """The other one fills what the winner does not have."""
    other = {"date": ["2025-03-05", "2025-03-06"], "index": ["KOSPI"] * 2, "close": [1.0, 2.0]}
    entry = CatalogueEntry(path="index.parquet", priority=1)
    kospi = source(tmp_path, {"index.parquet": ROWS, "other.parquet": other}, entry).indices()["KOSPI"]
    assert kospi.close.tolist() == [2529, 2558, 2]


def test_days_without_a_session_are_left_out_and_said(tmp_path: Path) -> None:
    """A Saturday; nothing is said before the file was read."""
    rows = {"date": ["2025-03-04", "2025-03-08"], "index": ["KOSPI"] * 2, "close": [1.0, 2.0]}
    files = source(tmp_path, {"index.parquet": rows})
    assert not any("left out" in note for note in files.notes())
    assert len(files.indices()["KOSPI"]) == 1
    assert "index.parquet: left out 1 rows on days that are no session of the exchange" in files.notes()


def test_a_day_that_comes_twice_is_an_error(tmp_path: Path) -> None:
    """Which of the two is true, nobody knows."""
    rows = {"date": ["2025-03-04"] * 2, "index": ["KOSPI"] * 2, "close": [1.0, 2.0]}
    with pytest.raises(SourceError, match=r"index.parquet, row 2: KOSPI has 2025-03-04 twice"):
        source(tmp_path, {"index.parquet": rows}).indices()


@pytest.mark.parametrize(("column", "value"), [("index", None), ("date", None)])
def test_a_row_without_a_name_or_a_date_is_an_error(tmp_path: Path, column: str, value: None) -> None:
    """It names the row."""
    rows: dict[str, list[Any]] = {
        "date": ["2025-03-04", "2025-03-05"],
        "index": ["KOSPI"] * 2,
        "close": [1.0, 2.0],
    }
    rows[column][1] = value
    with pytest.raises(SourceError, match=r"index.parquet, row 2: .*missing"):
        source(tmp_path, {"index.parquet": rows}).indices()


def test_an_index_may_stand_alone(tmp_path: Path) -> None:
    """Enough for the state of the market; there are no bars to trade."""
    files = source(tmp_path, {"index.parquet": ROWS})
    assert list(files.daily_sessions()) == []
    assert "index.parquet: index (has close and date and index)" in files.notes()
    assert len(files.history(None, None).sessions) == 0


def test_the_index_is_part_of_the_data_s_identity(tmp_path: Path) -> None:
    """Another index is another market, so another run."""
    one = source(tmp_path, {"index.parquet": ROWS}).identity()
    assert source(tmp_path, {"index.parquet": {**ROWS, "close": [2558.0, 2529.0, 738.0]}}).identity() != one


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
def test_the_indices_of_the_exchange() -> None:
    """Four of them, the fear index with nothing but its close."""
    found = build(FilesParams(paths=(str(DATA / "index"),))).indices()
    assert {name: len(series) for name, series in found.items()} == {
        "KOSDAQ": 7368,
        "KOSPI": 7711,
        "KOSPI200": 7711,
        "VKOSPI": 5372,
    }
    assert np.isnan(found["VKOSPI"].open).all()
    assert np.isnan(found["VKOSPI"].value).all()
    assert found["KOSPI"].close[-1] == 3926.59
