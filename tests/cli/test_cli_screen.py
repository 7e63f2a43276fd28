"""`kats screen`: the candidates of a session, and every check of one symbol, in both languages and for programs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def test_the_list_of_the_sample_market(kats: Any) -> None:
    """How the market was cut down, then the best first with marks for the checks, and who is armed."""
    kats.configure()
    korean = kats("screen").out
    for text in (
        "2026-03-23 종가까지로 고른 2026-03-24 후보",
        "60 · 시가총액 부족 −1 → 59",
        "12345678",
        "1위 대기",
        "업종 강약  1 ",
    ):
        assert text in korean
    english = kats("screen", "--lang", "en").out
    for text in ("candidates for 2026-03-24, from the close of 2026-03-23", "market cap too small", "armed, 1"):
        assert text in english
    assert "the data do not hold" not in english


def test_the_list_for_programs_agrees_with_a_run(kats: Any) -> None:
    """Whoever is armed passed every check; of those left out each is counted once."""
    kats.configure()
    found = kats("screen", "--json").json
    (only,) = found["lists"]
    assert (found["session"], found["evening"], found["in_force"]) == ("2026-03-24", "2026-03-23", True)
    assert sum(only["left_out"].values()) + len(only["symbols"]) == 61
    assert {one["symbol"] for one in found["armed"]} <= {one["symbol"] for one in only["symbols"]}
    ranked = {sector["name"]: sector["rank"] for sector in found["sectors"]}
    assert list(ranked.values()) == list(range(1, len(ranked) + 1))
    strengths = [sector["composite"] for sector in found["sectors"]]
    assert strengths == sorted(strengths, reverse=True)
    assert all(one["sector_rank"] == ranked.get(one["sector"]) for one in only["symbols"])
    keys = [(-s["stars"]["FLOW"], -s["rs"], -s["turnover"]) for s in only["symbols"]]
    assert keys == sorted(keys)
    for one in only["symbols"]:
        assert all(one["checks"][f"Q{n}"]["passed"] for n in range(1, 8))
        assert one["trend_score"] == sum(one["checks"][f"T{n}"]["passed"] for n in range(1, 9))
        assert one["fundamental_score"] == sum(one["checks"][f"F{n}"]["passed"] for n in range(1, 6))
        assert one["canslim_score"] == sum(one["checks"][letter]["passed"] for letter in "CANSLIM")


def test_a_symbol_says_why_it_is_not_armed(kats: Any) -> None:
    """By its code or its name: the reason, what the stars follow from, and each check with what it read."""
    kats.configure()
    english = kats("screen", "--symbol", "990070", "--lang", "en").out
    assert "not armed: too few stars (core:CONFIDENCE_LOW)" in english
    assert "trend  0/8" in english
    assert re.search(r"✗ +T1 +above SMA50 +close 130,500 +> SMA50 144,336", english)
    assert re.search(r"✓ +Q4 .*asked at the entry", english)
    assert re.search(r"sector strength +기계·장비 \d+ of \d+ · ", english)
    korean = kats("screen", "--symbol", "가온중공업").out
    assert "미대기: 확신도 부족" in korean
    found = kats("screen", "--symbol", "990070", "--json").json
    assert found["strategies"]["volatility-breakout"]["code"] == "core:CONFIDENCE_LOW"
    assert found["checks"]["T1"]["readings"][0]["value"] == 130_500


def test_an_empty_list_says_which_check_emptied_it(kats: Any) -> None:
    """And all the others before it."""
    kats.configure("universe: {min_turnover: 900000000000000, min_turnover_small: 900000000000000}\n")
    assert "nobody is left; the last check: mean turnover too low" in kats("screen", "--lang", "en").out
    (only,) = kats("screen", "--json").json["lists"]
    assert (only["symbols"], only["emptied_by"]) == ([], "core:TURNOVER_LOW")


def test_ranking_by_turnover_asks_for_no_size(kats: Any) -> None:
    """The check is marked as not asked, and the list says by what it ranks."""
    kats.configure("universe: {rank_by: turnover}\n")
    found = kats("screen", "--symbol", "990600", "--json").json
    assert found["ranked_by"] == "turnover"
    assert (found["checks"]["Q1"]["passed"], found["checks"]["Q1"]["note"]) == (True, "BY_TURNOVER")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--symbol", "123456"), "--symbol 123456: not among the 61 symbols"),
        (
            ("--day", "2025-09-20"),
            "--day 2025-09-20: no session of the exchange, the nearest are 2025-09-19, 2025-09-22",
        ),
        (("--day", "someday"), "--day someday: no day"),
        (("--data", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_ends_with_two(kats: Any, arguments: tuple[str, ...], text: str) -> None:
    """In one line that says what to type instead."""
    answer = kats("screen", *arguments, "--lang", "en")
    assert answer.code == 2
    assert text in answer.err


@pytest.mark.realdata
@pytest.mark.skipif(not DATA.is_dir(), reason="no recorded market beside the house")
def test_a_day_of_the_real_market(kats: Any) -> None:
    """Daily bars alone hold no sizes: grades are assumed, and that is said before anything else."""
    found = kats("screen", "--data", DATA / "daily" / "adj_2023_2025.parquet", "--day", "2025-10-21", "--json").json
    assert found["ranked_by"] == "turnover"
    assert not found["in_force"]
    assert set(found["missing"]) >= {"shares", "flows", "quarters", "years"}
    assert len(found["lists"][0]["symbols"]) > 20
