"""Looking through a folder: every defect is named with its first place, nothing stops at the first, nothing is repaired."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.source import SourceError
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import Scope
from kats_core.sources.files import FilesParams, build
from kats_core.sources.files.inspection import Case, DefectKind, Effect, Inspection, inspect

DATA = Path(__file__).parents[2].parent / "shared" / "data"
DAYS = [str(day) for day in krx_calendar().sessions(dt.date(2025, 3, 4), dt.date(2025, 3, 11))]
Row = tuple[str | None, str, float, float, float, float, float]


def bars(symbol: str = "005930", *closes: float, days: list[str] = DAYS) -> list[Row]:
    return [
        (symbol, day, close, close, close, close, 10.0) for day, close in zip(days, closes or [100.0] * 6, strict=False)
    ]


def write(folder: Path, rows: list[Row], name: str = "daily.parquet") -> None:
    names = ("symbol", "date", "open", "high", "low", "close", "volume")
    pq.write_table(pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), folder / name)


def defects(found: Inspection) -> dict[DefectKind, tuple[Case, ...]]:
    return {defect.kind: defect.cases for defect in found.defects}


def look(folder: Path) -> dict[DefectKind, tuple[Case, ...]]:
    return defects(inspect([str(folder)]))


def test_sound_bars_have_no_defect(tmp_path: Path) -> None:
    """And the report counts what is there."""
    write(tmp_path, [*bars(), *bars("000660")])
    found = inspect([str(tmp_path)])
    assert found.defects == ()
    (looked,) = found.files
    assert (looked.rows, looked.symbols, looked.won, looked.hidden) == (12, 2, 12, 0)
    assert (str(looked.first), str(looked.last)) == (DAYS[0], DAYS[-1])


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ((0, 0, 0, 100, 0), DefectKind.ZERO_BAR),
        ((0, 0, 0, 100, 5), DefectKind.OFF_HOURS),
        ((100, 99, 100, 100, 5), DefectKind.CONTRADICTION),
        ((100, 100, 100, float("nan"), 5), DefectKind.NOT_A_NUMBER),
        ((100, 100, 100, 100, -5), DefectKind.NEGATIVE),
        ((100, 100, -1, 100, 5), DefectKind.NEGATIVE),
        ((100, 100, 0, 100, 5), DefectKind.NO_PRICE),
        ((100, 100.5, 100, 100, 5), DefectKind.FRACTION),
    ],
)
def test_a_row_that_is_no_bar_is_named(tmp_path: Path, numbers: tuple[float, ...], kind: DefectKind) -> None:
    """With its symbol, its day, and its row."""
    rows = bars()
    o, h, l, c, v = numbers  # noqa: E741  # the usual letters
    write(tmp_path, [*rows[:3], ("005930", DAYS[3], o, h, l, c, v), *rows[4:]])
    found = look(tmp_path)
    assert list(found) == [kind]
    (case,) = found[kind]
    assert (case.symbol, str(case.day), case.count) == ("005930", DAYS[3], 1)
    assert case.detail.startswith("row 4: ")


@pytest.mark.parametrize(
    "kind", [DefectKind.NOT_A_NUMBER, DefectKind.NEGATIVE, DefectKind.NO_PRICE, DefectKind.FRACTION]
)
def test_what_cannot_be_true_stops_a_run(tmp_path: Path, kind: DefectKind) -> None:
    """The report says so, and the run does so."""
    values = {
        DefectKind.NOT_A_NUMBER: float("nan"),
        DefectKind.NEGATIVE: -1.0,
        DefectKind.NO_PRICE: 0.0,
        DefectKind.FRACTION: 100.5,
    }
    write(tmp_path, [*bars()[:5], ("005930", DAYS[5], 100.0, 101.0, 100.0, values[kind], 5.0)])
    assert kind.effect is Effect.STOPS
    assert kind in look(tmp_path)
    with pytest.raises(SourceError):
        build(FilesParams(paths=(str(tmp_path),))).history(dt.date(2025, 3, 4), None)


def test_duplicate_and_unsorted_rows_are_counted(tmp_path: Path) -> None:
    """By symbol: the files may hold symbols in any order."""
    rows = bars()
    write(tmp_path, [*rows[:2], rows[1], rows[3], rows[2], *rows[4:], *bars("000660")])
    found = look(tmp_path)
    assert [(case.symbol, str(case.day)) for case in found[DefectKind.DUPLICATE]] == [("005930", DAYS[1])]
    assert [(case.symbol, str(case.day)) for case in found[DefectKind.UNSORTED]] == [("005930", DAYS[2])]


def test_damaged_symbols_are_listed_and_strangers_are_not(tmp_path: Path) -> None:
    """5930 was 005930; Q520057 never was a stock."""
    write(tmp_path, [*bars(), *bars("5930"), *bars("Q520057")])
    assert look(tmp_path)[DefectKind.SYMBOL_DAMAGED] == (Case("5930", None, 6),)


def test_symbols_that_are_numbers_are_damaged(tmp_path: Path) -> None:
    """A spreadsheet ate the zeros."""
    columns: dict[str, list[Any]] = {name: [100, 100] for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"symbol": [5930, 660], "date": DAYS[:2], **columns}), tmp_path / "daily.parquet")
    assert [case.symbol for case in look(tmp_path)[DefectKind.SYMBOL_DAMAGED]] == ["5930", "660"]


def test_missing_columns_are_named(tmp_path: Path) -> None:
    """The file is no file of bars, and the report says what it lacks."""
    write(tmp_path, bars())
    pq.write_table(
        pa.table({"symbol": ["005930"], "date": DAYS[:1], "open": [1], "close": [1]}), tmp_path / "x.parquet"
    )
    assert look(tmp_path) == {DefectKind.COLUMNS_MISSING: (Case("", None, 1, "high, low, volume"),)}


def test_a_jump_beyond_the_limits_is_a_split_that_nobody_adjusted(tmp_path: Path) -> None:
    """Nothing is computed across it: the symbol waits for its warm-up."""
    write(tmp_path, bars("005930", 1000, 1000, 200, 200, 200, 200))
    assert look(tmp_path) == {DefectKind.JUMP: (Case("005930", dt.date.fromisoformat(DAYS[2]), 1, "1,000 → 200"),)}
    assert (DefectKind.JUMP.effect, DefectKind.JUMP.code) == (Effect.NOT_ARMED, CoreCode.WARMUP)


def test_sessions_without_a_row_are_a_gap(tmp_path: Path) -> None:
    """Only between a symbol's first and last day; the detail is the longest run."""
    rows = bars()
    write(tmp_path, [rows[0], rows[3], rows[5], *bars("000660", days=DAYS[2:])])
    assert look(tmp_path) == {DefectKind.GAP: (Case("005930", dt.date.fromisoformat(DAYS[1]), 3, "2"),)}


def test_a_bar_on_a_closed_day_is_named(tmp_path: Path) -> None:
    """A Sunday has no session."""
    write(tmp_path, [*bars(days=["2025-03-02"]), *bars()])
    assert [str(case.day) for case in look(tmp_path)[DefectKind.NO_SESSION]] == ["2025-03-02"]


def test_overlapping_files_say_who_wins_and_where_they_disagree(tmp_path: Path) -> None:
    """The first by name wins where both have a bar; a seam between them that jumps is no price move."""
    write(tmp_path, bars("005930", 100, 100, 100), "a.parquet")
    write(tmp_path, bars("005930", 90, 200, 200, 200, days=DAYS[2:]), "b.parquet")
    found = inspect([str(tmp_path)])
    assert [(looked.file.name, looked.won, looked.hidden) for looked in found.files] == [
        ("a.parquet", 3, 0),
        ("b.parquet", 3, 1),
    ]
    told = defects(found)
    assert told[DefectKind.DISAGREE] == (Case("005930", dt.date.fromisoformat(DAYS[2]), 1, "90 ≠ 100"),)
    assert told[DefectKind.SEAM] == (Case("005930", dt.date.fromisoformat(DAYS[3]), 1, "100 → 200"),)


def test_an_index_that_ends_before_the_bars_is_named(tmp_path: Path) -> None:
    """What needs it is missing on the days after."""
    write(tmp_path, bars())
    index = {"date": DAYS[:4], "index": ["KOSPI"] * 4, "close": [2500.0] * 4}
    pq.write_table(pa.table(index), tmp_path / "index.parquet")
    assert look(tmp_path) == {
        DefectKind.ENDS_EARLY: (Case("KOSPI", dt.date.fromisoformat(DAYS[3]), 1, f"→ {DAYS[5]}"),)
    }


def test_a_file_that_cannot_be_read_does_not_hide_the_others(tmp_path: Path) -> None:
    """One line for it, and the report goes on."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 no more")
    write(tmp_path, bars())
    found = inspect([str(tmp_path)])
    assert list(defects(found)) == [DefectKind.UNREADABLE]
    assert [looked.rows for looked in found.files] == [None, 6]


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A typing error is no empty report."""
    with pytest.raises(SourceError):
        inspect([str(tmp_path / "nowhere")])


@pytest.mark.realdata
@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
def test_the_recorded_market_is_told_apart() -> None:
    """Five daily files: three adjusted ones in one order, two as traded that are never spliced with them."""
    found = inspect([str(DATA)])
    daily = [file.name for file in found.catalogue.daily]
    assert len(daily) == 3
    assert all(file.scope is Scope.ADJUSTED for file in found.catalogue.daily)
    rows = {looked.file.name: looked for looked in found.files}
    hidden = {name: rows[name].hidden for name in daily}
    assert hidden["daily/adj_etf_and_large_1990_2023.parquet"] == 16_694
    kinds = {(defect.file, defect.kind): defect.count for defect in found.defects}
    assert kinds["daily/adj_2023_2025.parquet", DefectKind.ZERO_BAR] == 20_447
    assert kinds["index/index_daily.parquet", DefectKind.ENDS_EARLY] == 1
    assert not any(defect.kind.effect is Effect.STOPS for defect in found.defects)
