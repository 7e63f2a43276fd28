"""`kats risk diff` asks other stages and limits about what a run decided."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kats_core.market.calendar import krx_calendar

STAGES = ("position-sizer", "drawdown-protocol", "daily-kill-switch", "grade-allocator", "sector-limit", "event-guard")
REST = ("global-position-lock", "vi-guard", "margin-guard")
PRICES = """symbol,date,open,high,low,close,volume,value
{rows}
"""


def configuration(stages: Sequence[str]) -> str:
    """Return a file with these stages."""
    return "version: 1\nrisk:\n" + "".join(f"  - use: {stage}\n" for stage in stages)


def prices(folder: Path, *, last: int) -> Path:
    """Write seven weeks of daily bars of a symbol in a range that it breaks out of at the end; `last` is the last close."""
    days = [str(day) for day in krx_calendar().sessions(dt.date(2025, 8, 1), dt.date(2025, 9, 18))]
    rows = [f"005930,{day},10000,10200,9900,10100,1000000,10000000000" for day in days[:-1]]
    rows.append(f"005930,{days[-1]},10100,{last + 100},10050,{last},1000000,10000000000")
    path = folder / "prices.csv"
    path.write_text(PRICES.format(rows="\n".join(rows)), encoding="utf-8")
    return path


def test_its_own_configuration_changes_nothing(backtested: Any) -> None:
    """Both as JSON and for people; the run is named by its folder, its id, or not at all."""
    backtested.write("own.yaml", "version: 1\n")
    found = backtested("risk", "diff", "result", "--against", "own.yaml", "--json").json
    assert found["judged"] > 0
    assert (found["changed"], found["not_judged"]) == ([], [])
    assert found["ordered"]["before"] == found["ordered"]["after"]
    by_id = backtested("risk", "diff", found["run"][:8], "--against", "own.yaml", "--json").json
    assert by_id == found == backtested("risk", "diff", "--against", "own.yaml", "--json").json
    assert "no decision changes" in backtested("risk", "diff", "--against", "own.yaml", "--lang", "en").out


def test_programs_get_every_decision_that_changes(backtested: Any) -> None:
    """By signal and stage: what was decided, what is decided now, with code and quantity."""
    backtested.write("other.yaml", configuration([*STAGES[:-1], *REST]) + "capital: 7000000\n")
    found = backtested("risk", "diff", "result", "--against", "other.yaml", "--json").json
    assert found["not_judged"] == ["capital"]
    (guard,) = (stage for stage in found["stages"] if stage["stage"] == "event-guard")
    assert guard["after"] == {}
    ended = [signal for signal in found["changed"] if signal["is_outcome_changed"]]
    assert ended
    for signal in ended:
        (gone,) = (stage for stage in signal["stages"] if stage["stage"] == "event-guard")
        assert gone["before"]["decision"] in ("resize", "reject", "defer")
        assert gone["after"] is None
        assert signal["after"]["status"] in ("ORDERED", "REJECTED")


@pytest.mark.parametrize(
    ("language", "words"),
    [("ko", ("다시 심사", "미도달", "없는 단계")), ("en", ("judged again", "not reached", "no such stage"))],
)
def test_people_read_the_table_in_their_language(backtested: Any, language: str, words: Sequence[str]) -> None:
    """By stage, then the signals; and what the table does not say."""
    backtested.write("other.yaml", configuration([*STAGES[:-1], *REST]))
    wide = replace(backtested, environment={"COLUMNS": "220"})
    shown = wide("risk", "diff", "result", "--against", "other.yaml", "--all", "--lang", language).out
    assert all(word in shown for word in words)
    assert ("백테스트" if language == "ko" else "only a backtest shows") in shown
    assert language == "ko" or not re.search("[가-힣]", re.sub(r"\b99\d{4} \S+", "", shown))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--against", "missing.yaml"], ["missing.yaml", "no such file"]),
        (["--against", "wrong.yaml"], ["wrong.yaml:3:", "position-sizr", "position-sizer"]),
        (["nowhere", "--against", "own.yaml"], ["no run nowhere"]),
        (["result", "--against", "own.yaml", "--data", "."], ["not played on files"]),
        (["result"], ["--against"]),
    ],
)
def test_wrong_input_ends_with_a_reason(backtested: Any, arguments: list[str], words: list[str]) -> None:
    """Exit code 2, and nothing on the output."""
    backtested.write("own.yaml", "version: 1\n")
    backtested.write("wrong.yaml", configuration(["position-sizr"]))
    answer = backtested("risk", "diff", *arguments, "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert all(word in answer.err for word in words)


def test_a_run_on_files_needs_the_same_files(kats: Any) -> None:
    """They may lie elsewhere now; other bars are refused by their hash, and nothing is judged."""
    path = prices(kats.folder, last=10_400)
    assert kats("backtest", "--data", path, "--from", "2025-09-01", "--out", "result").code == 0
    kats.write("own.yaml", configuration([*STAGES, *REST]))
    found = kats("risk", "diff", "result", "--against", "own.yaml", "--json").json
    assert found["judged"] > 0
    moved = path.rename(kats.folder / "moved.csv")
    gone = kats("risk", "diff", "result", "--against", "own.yaml", "--lang", "en")
    assert (gone.code, "--data PATH" in gone.err) == (2, True)
    assert kats("risk", "diff", "result", "--against", "own.yaml", "--data", moved, "--json").json == found
    others = prices(kats.folder, last=10_450)
    refused = kats("risk", "diff", "result", "--against", "own.yaml", "--data", others, "--lang", "en")
    assert (refused.code, refused.out) == (2, "")
    assert "the data are others than then" in refused.err


def test_a_day_of_minutes_and_order_books_is_judged_again_too(played: Any) -> None:
    """`kats run` of the sample market, kept in the database."""
    kats, _ = played
    kats.write("own.yaml", "version: 1\n")
    found = kats("risk", "diff", "--against", "own.yaml", "--json").json
    assert found["judged"] > 0
    assert found["changed"] == []
