"""The risk verbs: which stages judge, and what they would say."""

from __future__ import annotations

import re
from typing import Any

import pytest

CONFIG = """
version: 1
assume: {stars: 4, regime: BULL, grade: A}
strategies:
  - use: volatility-breakout
risk:
  - use: position-sizer
  - use: daily-kill-switch
  - use: margin-guard
"""


def test_the_stages_are_listed_in_the_order_of_execution(kats: Any) -> None:
    """With what they judge, ask for, are set to, and may answer."""
    kats.write("kats.yaml", CONFIG)
    stages = kats("risk", "list", "--json").json
    assert [(stage["order"], stage["instance"]) for stage in stages] == [
        (1, "position-sizer"),
        (2, "daily-kill-switch"),
        (3, "margin-guard"),
    ]
    assert stages[1]["params"] == {"daily_loss_limit": 0.03, "daily_flatten_limit": 0.05}
    assert stages[2]["needs"] == ["orderable_cash"]
    assert {code["code"] for code in stages[2]["codes"]} == {"margin-guard:CASH_SHORT", "margin-guard:CASH_UNKNOWN"}


@pytest.mark.parametrize(("language", "word"), [("ko", "신규 진입"), ("en", "pyramid add")])
def test_people_read_the_list_in_their_language(kats: Any, language: str, word: str) -> None:
    """Names of codes stay what they are."""
    kats.write("kats.yaml", CONFIG)
    answer = kats("risk", "list", "--lang", language)
    assert word in answer.out
    assert bool(re.search("[가-힣]", answer.out)) is (language == "ko")


def test_won_are_written_out_in_a_trial(kats: Any) -> None:
    """Six million are no 6e+06."""
    shown = kats("risk", "check", "990350", "--price", "80000", "--stop", "78000", "--lang", "en").out
    assert "room 6,000,000" in shown
    assert "e+0" not in shown


def test_a_trial_shows_what_each_stage_read_and_said(kats: Any) -> None:
    """A stage that refuses ends it; the ones behind it are not reached."""
    kats.write("kats.yaml", CONFIG)
    wide = kats("risk", "check", "990010", "--price", "22950", "--stop", "15000", "--json").json
    assert [verdict["decision"] for verdict in wide["verdicts"]] == ["reject", "skipped", "skipped"]
    assert wide["verdicts"][0]["code"] == "position-sizer:STOP_TOO_WIDE"
    sound = kats("risk", "check", "한빛전자", "--price", "22950", "--stop", "22200", "--qty", "7000", "--json").json
    assert sound["symbol"] == "990010"
    assert sound["verdicts"][0]["quantity_before"] == 7_000
    assert {fact["name"] for fact in sound["verdicts"][0]["facts"]} >= {"equity", "regime"}
    assert not (kats.home / "kats.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("999999", "--price", "1000", "--stop", "900"), "999999"),
        (("990010", "--price", "1000", "--stop", "900", "--instance", "x"), "volatility-breakout"),
        (("990010", "--price", "1000"), "--stop"),
    ],
)
def test_what_cannot_be_asked_ends_with_exit_code_2(kats: Any, arguments: tuple[str, ...], words: str) -> None:
    """One line, nothing on the screen."""
    kats.write("kats.yaml", CONFIG)
    answer = kats("risk", "check", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert words in answer.err
