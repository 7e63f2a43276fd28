"""`kats explain` answers for a day, a symbol, a signal; for programs with the same bytes for the same day."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import pytest

KatsAnswer = tuple[Any, Any]

STRATEGIES = (
    "sepa-momentum",
    "gap-and-go",
    "canslim-breakout",
    "triple-screen",
    "vwap-bounce",
    "dead-cat-bounce",
    "inverse-etf",
    "range-trading",
    "oversold-reversal",
    "volatility-breakout",
    "grid-trading",
    "dividend-switching",
)


def fired(kats: Any) -> dict[str, Any]:
    """Return the first candidate of the day that gave a signal."""
    return next(found for found in kats("explain", "--day", "--json").lines if found["signals"])


def test_the_day_may_be_left_to_the_run(played: KatsAnswer) -> None:
    """Without a verb's argument, with a bare `--day`, and with the date it is the same day."""
    kats, _ = played
    pages = [kats("explain"), kats("explain", "--day"), kats("explain", "--day", "2026-03-24")]
    assert all(page.code == 0 for page in pages)
    assert len({page.out for page in pages}) == 1
    assert "volatility-breakout" in pages[0].out


def test_json_holds_every_verdict(played: KatsAnswer) -> None:
    """One object a line: each candidate with its signals, each signal with each stage's answer."""
    kats, _ = played
    found = kats("explain", "--json", "--day").lines
    assert len(found) > 50
    stages = [verdict["stage"] for verdict in fired(kats)["signals"][0]["attempts"][0]]
    assert stages == [
        "position-sizer",
        "drawdown-protocol",
        "daily-kill-switch",
        "grade-allocator",
        "sector-limit",
        "event-guard",
        "global-position-lock",
        "vi-guard",
        "margin-guard",
        "core",
    ]


def test_a_signal_that_comes_again_for_the_same_reason_is_told_once(kats: Any) -> None:
    """A full grade refuses the same symbol every minute; the page says how often, the JSON holds each."""
    kats.configure()
    kats("run", "--day", "2026-03-24")
    refused = [
        line
        for line in kats("explain", "--json", "--day").lines
        if len(line["signals"]) > 9 and len({signal["code"] for signal in line["signals"]}) == 1
    ]
    symbol, often = refused[0]["symbol"], len(refused[0]["signals"])
    page = kats("explain", symbol, "--lang", "en").out
    assert f"{often - 1} times more for the same reason" in page
    assert page.count("grade-allocator") < 5
    assert page.count("not reached") == 5


def test_events_are_named_not_spelled_out(kats: Any) -> None:
    """The day after an FOMC statement halves the size; the page says so in words."""
    kats.configure()
    kats("run", "--day", "2025-12-11")
    bought = next(line for line in kats("explain", "--json", "--day").lines if line["outcome"] == "CLOSED")
    page = kats("explain", bought["symbol"], "--lang", "en").out
    assert "an event reduces the size" in page
    assert "after the FOMC" in page
    assert '{"session"' not in page


def test_a_repeated_day_gives_the_same_bytes(kats: Any) -> None:
    """Nothing that is recorded depends on the wall clock."""
    kats("run")
    first = kats("explain", "--day", "--json").out
    kats("run")
    assert kats("explain", "--day", "--json").out == first


def test_a_symbol_is_called_by_its_code_or_its_name(played: KatsAnswer) -> None:
    """People know the name."""
    kats, _ = played
    by_code = kats("explain", "990010")
    assert by_code.code == 0
    assert "한빛전자" in by_code.out
    assert kats("explain", "한빛전자").out == by_code.out


def test_a_signal_is_called_by_the_beginning_of_its_id(played: KatsAnswer) -> None:
    """Eight characters are enough to type."""
    kats, _ = played
    signal = fired(kats)["signals"][0]
    page = kats("explain", signal["signal_id"][:8], "--lang", "en")
    assert page.code == 0
    assert "position-sizer" in page.out
    assert "approve" in page.out


@pytest.mark.parametrize(
    "arguments", [("nothing",), ("--day", "2024-01-02"), ("--run", "ffffffff"), ("123456", "--day", "2026-03-24")]
)
def test_what_was_never_recorded(played: KatsAnswer, arguments: tuple[str, ...]) -> None:
    """A message and exit code 2, never an empty page."""
    kats, _ = played
    answer = kats("explain", *arguments)
    assert answer.code == 2
    assert answer.err.startswith("오류:")
    assert not answer.out


def test_a_run_that_did_not_reach_its_end_says_so(kats: Any) -> None:
    """A run that was stopped keeps what it had decided, perhaps half a session: people are told, programs are not."""
    assert kats("run", "--speed", "max").code == 0
    whole = kats("explain", "--day", "--json")
    with closing(sqlite3.connect(kats.home / "kats.db")) as database, database:
        database.execute("update runs set status = 'ABORTED'")
    stopped = kats("explain", "--day", "--json", "--lang", "en")
    assert "did not reach its end (it is aborted)" in stopped.err
    assert (stopped.out, whole.err) == (whole.out, "")


def test_a_day_of_twelve_strategies_says_of_each_what_became_of_it(played: KatsAnswer) -> None:
    """In the order of the configuration: who was off for the whole market in one line, and who refused."""
    kats, _ = played
    page = kats("explain", "--day", "--lang", "en").out
    assert page.splitlines()[0].startswith("2026-03-24 · strong bull · run ")
    heads = [line for line in page.splitlines() if line.strip() in STRATEGIES]
    assert heads == list(STRATEGIES)
    off = page[page.index("\ndead-cat-bounce\n") :].splitlines()[2:4]
    assert off == ["  not armed · the strategy is not for this regime (core:REGIME_OFF) · all symbols (61)", ""]
    assert "grade-allocator: " in page
    assert "114800\u00a0코스피인버스" in kats("explain", "--day", "--all").out


def test_a_grid_is_told_level_by_level(kats: Any) -> None:
    """Each level has its own fate, and its number."""
    kats.write("kats.yaml", "version: 1\nstrategies:\n  - use: grid-trading\n")
    assert kats("run", "--speed", "max", "--day", "2026-04-14").code == 0
    page = kats("explain", "--day", "--lang", "en").out
    assert re.search(r"^  990160 이든디스플레이 #2 +holding", page, re.MULTILINE)
    assert "not armed · box: its width is outside the limits (pattern:BOX_WIDTH)" in page


@pytest.mark.parametrize("verb", [("run", "--speed", "max"), ("backtest", "--out", "kept")])
def test_a_day_without_a_signal_knows_its_regime(kats: Any, verb: tuple[str, ...]) -> None:
    """The regime is the session's own, not what a signal's judges happened to read: from the database and from a folder."""
    day = "2026-03-24"
    kats.write("kats.yaml", "version: 1\nstrategies:\n  - use: grid-trading\n")
    days = ("--day", day) if verb[0] == "run" else ("--from", day, "--to", day)
    assert kats(*verb, *days).code == 0
    assert all(not found["signals"] for found in kats("explain", "--day", "--json").lines)
    assert kats("explain", "--day", "--lang", "en").out.startswith(f"{day} · strong bull · run ")
    assert kats("explain", "--day", "--lang", "ko").out.startswith(f"{day} · 강한 상승장 · 실행 ")
