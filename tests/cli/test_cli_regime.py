"""`kats regime`: in which state the market was, in both languages and for programs."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kats_core.market.calendar import krx_calendar

FIRST = dt.date(2023, 1, 2)
SESSIONS = [krx_calendar().shift(FIRST, n) for n in range(520)]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A KOSPI that rises for 400 sessions and falls by a fifth in the next 40, then further."""
    closes = [2000.0 * 1.001**n for n in range(400)]
    closes += [closes[-1] * 0.995**n for n in range(1, 121)]
    path = tmp_path_factory.mktemp("index") / "index.parquet"
    rows = {
        "date": [day.isoformat() for day in SESSIONS],
        "index": ["KOSPI"] * 520,
        "open": closes,
        "high": closes,
        "low": closes,
        "close": closes,
        "value": [1e13] * 520,
    }
    pq.write_table(pa.table(rows), path)
    return path


def test_the_state_of_the_market_is_shown_in_words_as_a_plot_and_as_spells(kats: Any, index: Path) -> None:
    """In the language of the screen; what is not known is said."""
    english = kats("regime", "--data", index, "--from", "2024-01-02", "--lang", "en")
    assert english.code == 0
    for text in (f"KOSPI {SESSIONS[-1]}", "spells: 3", "△ bull", "- sideways", "▽ bear", "note  breadth is not known"):
        assert text in english.out
    korean = kats("regime", "--data", index, "--from", "2024-01-02", "--lang", "ko").out
    for text in ("약세장", "장세 구간 3", "시장 맥박", "참고"):
        assert text in korean


def test_several_years_are_counted_by_year(kats: Any, index: Path) -> None:
    """With the changes of side, and their mean."""
    out = kats("regime", "--data", index, "--from", "2023-01-02", "--lang", "en").out
    assert "sessions by year" in out
    assert "changes of side (bull, sideways, bear): 2" in out


def test_the_days_as_json(kats: Any, index: Path) -> None:
    """Each day with its raw state, what is a candidate, and what is in force."""
    found = kats("regime", "--data", index, "--from", "2024-06-03", "--to", "2024-12-30", "--json").json
    assert (found["index"], found["from"], found["to"]) == ("KOSPI", "2024-06-03", "2024-12-30")
    assert [spell["regime"] for spell in found["spells"]] == ["BULL", "SIDEWAYS", "BEAR"]
    assert sum(spell["sessions"] for spell in found["spells"]) == len(found["days"])
    assert found["days"][0] == {
        "session": "2024-06-03",
        "close": pytest.approx(2000.0 * 1.001 ** SESSIONS.index(dt.date(2024, 6, 3))),
        "breadth": None,
        "raw": "BULL",
        "candidate": None,
        "count": 0,
        "regime": "BULL",
        "pulse": "UPTREND",
        "distribution_days": 0,
    }


def test_the_sample_market_has_an_index(kats: Any) -> None:
    """No data, no configuration: the verb answers all the same, out of the index that its companies make."""
    answer = kats("regime", "--lang", "en")
    assert answer.code == 0
    assert answer.out.startswith("KOSPI ")
    assert "changes of side (bull, sideways, bear)" in answer.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2025-12-01", "--to", "2024-12-02"], "is after --to"),
        (["--from", "2025-12-01"], "the index is there from 2023-01-02 to"),
        (["--to", "2022-12-01"], "KOSPI begins on 2023-01-02, after 2022-12-01"),
        (["--from", "yesterday"], "--from"),
        (["--to", "1990-01-01"], "--to 1990-01-01: the calendar covers 1995-05-02 to 2027-12-31"),
        (["--from", "2026-09-01", "--to", "2026-10-01"], f"the index is there from 2023-01-02 to {SESSIONS[-1]}"),
        (
            ["--from", "2024-06-01", "--to", "2024-06-02"],
            "no session of the exchange between them, the nearest are 2024-05-31",
        ),
    ],
)
def test_days_that_cannot_be_are_bad_input(kats: Any, index: Path, arguments: list[str], words: str) -> None:
    """What is there is named."""
    answer = kats("regime", "--data", index, "--lang", "en", *arguments)
    assert answer.code == 2
    assert words in answer.err
