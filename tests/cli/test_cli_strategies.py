"""`kats strategies`: what each would do next, and everything about one, in both languages and for programs."""

from __future__ import annotations

from typing import Any


def test_the_list_says_who_trades_and_with_whom(kats: Any) -> None:
    """The regime of the session, when each trades, how many symbols it is armed with."""
    korean, english = kats("strategies").out, kats("strategies", "--lang", "en").out
    for text in ("2026-03-24 전략", "강한 상승장", "volatility-breakout", "09:30-14:00"):
        assert text in korean
    for text in ("strategies for 2026-03-24", "strong bull", "why none"):
        assert text in english


def test_the_list_for_programs_agrees_with_the_screen(kats: Any) -> None:
    """The same symbols are armed; who is not has one reason."""
    found, screened = kats("strategies", "--json").json, kats("screen", "--json").json
    armed = {symbol for one in found["strategies"] for symbol in one["armed"]}
    assert armed == {one["symbol"] for one in screened["armed"]}
    (breakout,) = [one for one in found["strategies"] if one["plugin"] == "volatility-breakout"]
    assert sum(breakout["not_armed"].values()) + len(breakout["armed"]) == 61


def test_a_strategy_that_is_off_says_why_nothing_is_armed(kats: Any) -> None:
    """The most frequent reason stands in the line."""
    kats.write("kats.yaml", "version: 1\nstrategies: [{use: volatility-breakout, params: {enabled: false}}]\n")
    (breakout,) = [
        one for one in kats("strategies", "--json").json["strategies"] if one["plugin"] == "volatility-breakout"
    ]
    assert (breakout["is_on"], breakout["armed"]) == (False, [])
    assert breakout["not_armed"] == {"core:STRATEGY_OFF": 61}


def test_one_strategy_by_its_code(kats: Any) -> None:
    """Parameters with value, default and range, reasons, and no results before the first run."""
    page = kats("strategies", "show", "vb", "--lang", "en").out
    for text in ("VB  volatility-breakout", "≥ 0.3 ≤ 0.6", "RANGE_SMALL", "1 daily bars", "Nothing was run yet."):
        assert text in page


def test_values_of_the_configuration_stand_beside_the_defaults(kats: Any) -> None:
    """An instance is called by its name."""
    kats.write("kats.yaml", "version: 1\nstrategies: [{use: volatility-breakout, as: slow, params: {k: 0.6}}]\n")
    found = kats("strategies", "show", "slow", "--json").json
    (k,) = [one for one in found["parameters"] if one["name"] == "k"]
    assert (k["value"], k["default"], k["range"]) == (0.6, 0.5, "≥ 0.3 ≤ 0.6")


def test_the_last_run_is_counted(kats: Any) -> None:
    """Trades of that instance only."""
    kats("backtest", "--from", "2026-11-02", "--to", "2026-11-30")
    found = kats("strategies", "show", "VB", "--json").json
    assert found["last_run"]["trades"] > 0
    assert "최근 실행" in kats("strategies", "show", "VB").out


def test_an_unknown_name_ends_with_two_and_the_nearest_one(kats: Any) -> None:
    """Nothing is guessed."""
    answer = kats("strategies", "show", "volatility-brakout", "--lang", "en")
    assert answer.code == 2
    assert "did you mean volatility-breakout" in answer.err
