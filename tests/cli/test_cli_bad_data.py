"""Data that cannot be true stops the run before it begins: file, row, symbol, column and value, exit code 2, nothing kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest

from kats_core.market.calendar import krx_calendar

COLUMNS = "symbol,open,high,low,close,volume\n"
SOUND = ("005930,100,110,90,105,1000", "005930,105,115,95,110,1000")
DAYS = ("2025-03-04", "2025-03-05", "2025-03-06")
MINUTES = ("2025-03-06 09:00", "2025-03-06 09:01", "2025-03-06 09:02")
BACKTEST = ("backtest", "--out", "result")


def refused(kats: Any, verb: Sequence[str], *words: str) -> None:
    """Assert that a verb does not take the data, that it says these words, and that nothing was kept."""
    answer = kats(*verb, "--data", "data", "--lang", "en")
    assert (answer.code, answer.out) == (2, ""), answer.err
    assert "Traceback" not in answer.err
    assert all(word in answer.err for word in words), answer.err
    assert not (kats.folder / "result").exists()
    asked = kats("explain")
    assert (asked.code, "kats run" in asked.err) == (2, True), "a run was kept"


def write(kats: Any, name: str, text: str) -> None:
    """Write a file into the folder of data."""
    (kats.folder / "data").mkdir(exist_ok=True)
    kats.write(f"data/{name}", text)


def bars(time: str, times: Sequence[str], rows: Sequence[str]) -> str:
    """Return a file of bars, one at each time."""
    return f"{time},{COLUMNS}" + "".join(f"{when},{row}\n" for when, row in zip(times, rows, strict=True))


def test_an_empty_folder(kats: Any) -> None:
    """The folder is named."""
    (kats.folder / "data").mkdir()
    for verb in (("run",), BACKTEST):
        refused(kats, verb, "data")


def test_a_folder_without_data(kats: Any) -> None:
    """Other people's files are no data."""
    write(kats, "notes.txt", "buy low")
    for verb in (("run",), BACKTEST):
        refused(kats, verb, "data")


def test_malformed_parquet(kats: Any) -> None:
    """The file that cannot be read is named."""
    write(kats, "daily.parquet", "PAR1 and then nothing")
    for verb in (("run",), BACKTEST):
        refused(kats, verb, "daily.parquet")


def test_a_column_that_is_missing(kats: Any) -> None:
    """The file is named with the columns that it has."""
    write(kats, "daily.csv", "date,symbol,open,high,low,volume\n2025-03-04,005930,1,1,1,1\n")
    for verb in (("run",), BACKTEST):
        refused(kats, verb, "daily.csv", "columns date, high, low, open, symbol, volume")


WRONG_ROWS = {
    "a negative price": ("005930,-110,115,95,110,1000", ("open is -110", "needs a price above 0")),
    "a price of nothing": ("005930,0,115,95,110,1000", ("open is 0", "needs a price above 0")),
    "a price that is missing": ("005930,110,115,95,,1000", ("close is missing (NaN)", "needs a price")),
    "NaN": ("005930,110,115,95,NaN,1000", ("close is missing (NaN)", "needs a price")),
    "infinity": ("005930,110,inf,95,110,1000", ("high is inf", "needs a price")),
    "a negative volume": ("005930,110,115,95,110,-1", ("volume is -1", "expected 0 or more shares")),
    "a volume that is missing": ("005930,110,115,95,110,", ("volume is missing (NaN)", "needs a volume")),
    "half a won": ("005930,110.5,115,95,111,1000", ("open is 110.5", "whole won")),
}


@pytest.mark.parametrize(("row", "words"), WRONG_ROWS.values(), ids=WRONG_ROWS)
def test_a_row_that_cannot_be_true(kats: Any, row: str, words: Sequence[str]) -> None:
    """File, row, symbol, column, value and what was expected, for days as for minutes."""
    write(kats, "daily.csv", bars("date", DAYS, [*SOUND, row]))
    refused(kats, BACKTEST, "daily.csv, line 4", "005930", *words)
    write(kats, "daily.csv", bars("date", DAYS[:2], SOUND))
    write(kats, "minutes.csv", bars("datetime", MINUTES, [*SOUND, row]))
    refused(kats, ("run",), "minutes.csv, line 4", "005930", *words)


@pytest.mark.parametrize(
    ("order", "words"),
    [
        pytest.param((0, 1, 1), ("line 4", "a second bar at this time", "line 3"), id="a bar twice"),
        pytest.param((0, 2, 1), ("line 4", "out of order", "line 3"), id="bars out of order"),
    ],
)
def test_bars_that_do_not_follow_each_other(kats: Any, order: Sequence[int], words: Sequence[str]) -> None:
    """Both rows are named, for days as for minutes."""
    rows = [*SOUND, SOUND[0]]
    write(kats, "daily.csv", bars("date", [DAYS[i] for i in order], rows))
    refused(kats, BACKTEST, "daily.csv", "005930", *words)
    write(kats, "daily.csv", bars("date", DAYS[:2], SOUND))
    write(kats, "minutes.csv", bars("datetime", [MINUTES[i] for i in order], rows))
    refused(kats, ("run",), "minutes.csv", "005930", *words)


def test_a_word_where_a_number_belongs(kats: Any) -> None:
    """The file and the word are named."""
    write(kats, "daily.csv", bars("date", DAYS, [*SOUND, "005930,cheap,115,95,110,1"]))
    refused(kats, BACKTEST, "daily.csv", "cheap")


def test_a_word_where_a_day_belongs(kats: Any) -> None:
    """The file and the word are named."""
    write(kats, "daily.csv", bars("date", (*DAYS[:2], "yesterday"), [*SOUND, SOUND[0]]))
    refused(kats, BACKTEST, "daily.csv", "yesterday")


def test_days_alone_are_not_played_as_minutes(kats: Any) -> None:
    """What would play them is named."""
    write(kats, "daily.csv", bars("date", DAYS[:2], SOUND))
    refused(kats, ("run",), "no minute bars", "kats backtest")


def test_a_day_that_the_files_do_not_hold(kats: Any) -> None:
    """The nearest one that they do hold is named."""
    write(kats, "minutes.csv", bars("datetime", MINUTES[:2], SOUND))
    refused(kats, ("run", "--day", "2025-04-01"), "2025-04-01", "2025-03-06")


def test_bars_without_a_regime_say_why_nothing_is_bought(kats: Any) -> None:
    """An own configuration assumes nothing: the run ends well, is empty, and names what is missing and what to add."""
    sessions = krx_calendar().sessions(dt.date(2024, 1, 2), dt.date(2024, 12, 30))
    rows = "".join(f"005930,{session},70000,71000,69000,70500,1000000\n" for session in sessions)
    kats.write("bars.csv", f"symbol,date,open,high,low,close,volume\n{rows}")
    kats.write("kats.yaml", "version: 1\nstrategies:\n  - use: volatility-breakout\n")
    answer = kats("backtest", "--data", "bars.csv", "--from", "2024-12-02", "--out", "a", "--lang", "en")
    assert answer.code == 0, answer.err
    assert "missing: regime, so no strategy is armed (REGIME_OFF)" in answer.out
    assert "assume.regime" in answer.out
    kats.configure("assume: {regime: BULL}\n")
    assert "missing: regime" not in kats("backtest", "--data", "bars.csv", "--from", "2024-12-02", "--out", "b").out
