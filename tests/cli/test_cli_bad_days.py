"""Days that cannot be: exit code 2, and one line with the option, the day and the nearest one that can."""

from __future__ import annotations

from typing import Any

import pytest

COVERS = "the calendar covers 1995-05-02 to 2027-12-31, the nearest session is"
SATURDAY = "no session of the exchange, the nearest are 2025-09-19, 2025-09-22"
BARS = "symbol,date,open,high,low,close,volume\n" + "".join(
    f"005930,2025-03-{day:02},100,100,100,100,10\n" for day in (4, 5, 6, 7)
)


@pytest.mark.parametrize(
    ("verb", "day", "words"),
    [
        *[(verb, "2028-01-03", f"{COVERS} 2027-12-30") for verb in ("screen", "strategies", "sim", "run --sim")],
        *[(verb, "1990-01-03", f"{COVERS} 1995-05-02") for verb in ("screen", "strategies", "sim", "run --sim")],
        *[(verb, "2027-12-31", "the nearest are 2027-12-30") for verb in ("screen", "strategies", "sim", "run --sim")],
        *[(verb, "2025-09-20", SATURDAY) for verb in ("screen", "strategies", "sim", "run --sim")],
        ("screen", "1995-05-02", "the session before 1995-05-02 lies outside the calendar, which covers 1995-05-02 to"),
        (
            "strategies",
            "1995-05-02",
            "the session before 1995-05-02 lies outside the calendar, which covers 1995-05-02 to",
        ),
        ("run", "2028-01-03", "the nearest day is 2027-12-30"),
        ("run", "1990-01-03", "the nearest day is 2015-06-15"),
    ],
)
def test_a_day_that_no_session_can_be(kats: Any, verb: str, day: str, words: str) -> None:
    """Before the calendar, after it, on a closed day, and on the first day, which has no evening before."""
    answer = kats(*verb.split(), "--day", day, "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert "Traceback" not in answer.err
    assert day in answer.err
    assert words in answer.err, answer.err


@pytest.mark.parametrize("verb", ["backtest", "regime", "events"])
@pytest.mark.parametrize(
    ("span", "words"),
    [
        (("--from", "2028-01-03"), f"--from 2028-01-03: {COVERS} 2027-12-30"),
        (("--from", "1990-01-03"), f"--from 1990-01-03: {COVERS} 1995-05-02"),
        (("--to", "1990-01-03"), f"--to 1990-01-03: {COVERS} 1995-05-02"),
        (("--to", "2028-01-03"), f"--to 2028-01-03: {COVERS} 2027-12-30"),
        (("--from", "2025-09-22", "--to", "2025-09-19"), "--from 2025-09-22 is after --to 2025-09-19"),
    ],
)
def test_a_range_that_cannot_be(kats: Any, verb: str, span: tuple[str, ...], words: str) -> None:
    """Said before any data are opened, and nothing is kept."""
    answer = kats(verb, *span, "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err, answer.err
    assert not kats.home.exists()


def test_days_that_the_data_do_not_reach(kats: Any) -> None:
    """The nearest day with candidates, and the days that can be played, are named."""
    kats.write("bars.csv", BARS)
    late = kats("screen", "--data", "bars.csv", "--day", "2025-09-18", "--lang", "en")
    early = kats("screen", "--data", "bars.csv", "--day", "2025-03-04", "--lang", "en")
    assert (late.code, early.code) == (2, 2)
    assert "--day 2025-09-18: no daily bars of the evening before" in late.err
    assert "the data have 2025-03-04 to 2025-03-07, the nearest day with candidates is 2025-03-10" in late.err
    assert "the nearest day with candidates is 2025-03-05" in early.err
    played = kats("backtest", "--data", "bars.csv", "--from", "2025-03-08", "--lang", "en")
    assert played.code == 2
    assert (
        "no daily bars from 2025-03-08 on (--from): the data have sessions to play from 2025-03-05 to 2025-03-07"
        in (played.err)
    )


@pytest.mark.parametrize("verb", ["data check --strict", "screen --data", "backtest --data", "regime --data"])
@pytest.mark.parametrize(
    "header",
    ["symbol,date,open,high,low,close,volume", "symbol,datetime,open,high,low,close,volume", "date,index,close,open"],
    ids=["daily", "minute", "index"],
)
def test_a_header_without_rows_is_named_as_empty(kats: Any, verb: str, header: str) -> None:
    """Whatever kind it is of and whoever reads it."""
    kats.write("bars.csv", header + "\n")
    answer = kats(*verb.split(), "bars.csv", "--lang", "en")
    assert answer.code == 2
    assert "bars.csv: is empty, it has columns but no rows" in answer.out + answer.err


@pytest.mark.parametrize("name", ["bars.csv", "kospi_code.mst", "bars.parquet"])
def test_a_file_of_no_bytes_is_named_as_empty(kats: Any, name: str) -> None:
    """In a report, which is bad input where it is asked to be strict."""
    kats.write(name, "")
    answer = kats("data", "check", ".", "--strict", "--lang", "en")
    assert answer.code == 2
    assert f"{name}: is empty, it has 0 bytes" in answer.out
