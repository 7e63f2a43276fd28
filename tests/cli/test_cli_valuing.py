"""`kats risk value` tells what each stage of a recorded run saved or lost."""

from __future__ import annotations

import re
from typing import Any

import pytest


def test_programs_get_stages_and_signals(backtested: Any) -> None:
    """The sums by stage, and below them each signal with its cuts and its course."""
    found = backtested("risk", "value", "result", "--json").json
    assert found["followed_sessions"] == 20
    assert found["stages"]
    names = {stage["stage"] for stage in found["stages"]}
    assert {cut["stage"] for entry in found["entries"] for cut in entry["cuts"]} == names
    closed = [entry["course"] for entry in found["entries"] if entry["course"]["fate"] == "CLOSED"]
    assert closed
    assert all(course["code"] and course["r_multiple"] is not None for course in closed)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ko", ("거절", "R 합계", "지킨 돈", "모두 살 수는 없었고", "단계를 빼거나")),
        ("en", ("refused", "sum R", "saved (won)", "could have bought them all", "no reason to drop it")),
    ],
)
def test_people_are_told_what_it_does_not_say(backtested: Any, language: str, words: tuple[str, ...]) -> None:
    """In their language: followed alone, overlapping, few."""
    shown = backtested("risk", "value", "result", "--lang", language)
    assert shown.code == 0
    assert all(word in shown.out for word in words)
    assert bool(re.search("[가-힣]", shown.out)) is (language == "ko")


def test_a_day_of_minutes_counts_an_idea_once(kats: Any) -> None:
    """A refused setup comes again each minute: the first is followed, on minutes and then on daily bars."""
    kats.configure("limits: {max_positions: 1}\n")
    assert kats("run", "--speed", "max").code == 0
    found = kats("risk", "value", "--json").json
    refused = [entry for entry in found["entries"] if entry["cuts"][-1]["decision"] == "reject"]
    assert refused
    ideas = [(entry["session"], entry["symbol"]) for entry in refused]
    assert len(ideas) == len(set(ideas))
    assert sum(stage["repeats"] for stage in found["stages"]) > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["nowhere"], ["no run nowhere"]), (["result", "--data", "."], ["not played on files"])],
)
def test_wrong_input_ends_with_a_reason(backtested: Any, arguments: list[str], words: list[str]) -> None:
    """Exit code 2, and nothing on the output."""
    answer = backtested("risk", "value", *arguments, "--lang", "en")
    assert (answer.code, answer.out) == (2, "")
    assert all(word in answer.err for word in words)
