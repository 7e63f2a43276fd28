"""`kats backtest compare` puts two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DAYS = ("--from", "2026-11-02", "--to", "2026-12-30")
BREAKOUTS = "version: 1\nstrategies:\n  - use: volatility-breakout\n"


def played(kats: Any, name: str, yaml: str = BREAKOUTS, days: tuple[str, ...] = DAYS) -> Any:
    """Play a run into the folder `name`; return what it printed."""
    kats.write("kats.yaml", yaml)
    return kats("backtest", *days, "--out", name, "--json").json


def test_a_run_beside_itself_differs_in_nothing(kats: Any) -> None:
    """Every trade and every candidate is alike."""
    one = played(kats, "a")
    found = kats("backtest", "compare", "a", "a", "--json").json
    assert all(metric["a"] == metric["b"] for metric in found["metrics"])
    assert found["trades_alike"] == one["statistics"]["trades"] > 0
    assert found["decisions_alike"] > found["trades_alike"]
    for empty in ("configuration", "trades_only_a", "trades_only_b", "trades_changed", "decisions"):
        assert found[empty] == []


def test_another_parameter_shows_as_the_key_and_as_what_it_changed(kats: Any) -> None:
    """What differs is named, and trades and decisions add up to both runs."""
    one = played(kats, "a")
    other = played(
        kats,
        "b",
        "version: 1\nstrategies:\n  - use: volatility-breakout\n    params: {k: 0.6}\nlimits: {max_positions: 4}\n",
    )
    found = kats("backtest", "compare", "a", "b", "--json").json
    assert found["configuration"] == [
        {"name": "strategies[volatility-breakout].params.k", "a": 0.5, "b": 0.6},
        {"name": "limits.max_positions", "a": 5, "b": 4},
    ]
    metrics = {metric["name"]: (metric["a"], metric["b"]) for metric in found["metrics"]}
    assert metrics["profit"] == (one["statistics"]["profit"], other["statistics"]["profit"])
    both = found["trades_alike"] + len(found["trades_changed"])
    assert both + len(found["trades_only_a"]) == one["statistics"]["trades"]
    assert both + len(found["trades_only_b"]) == other["statistics"]["trades"]
    assert all(decision["a"] != decision["b"] for decision in found["decisions"])
    (unmatched,) = {trade["opened_on"] for trade in found["trades_only_a"][:1]}
    about = [
        d
        for d in found["decisions"]
        if d["session"] == unmatched and d["symbol"] == found["trades_only_a"][0]["symbol"]
    ]
    assert about[0]["a"]["status"] == "ORDERED"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("differing configuration", "trades only in A", "decisions that differ", "average R", "data the same")),
        ("ko", ("다른 설정", "A에만 있는 매매", "다른 결정", "평균 R", "데이터 같음")),
    ],
)
def test_the_tables_in_both_languages(kats: Any, lang: str, words: tuple[str, ...]) -> None:
    """A key of the configuration is shown whole, with the name in brackets."""
    played(kats, "a")
    played(kats, "b", "version: 1\nstrategies:\n  - use: volatility-breakout\n    params: {k: 0.6}\n")
    answer = kats("backtest", "compare", "a", "b", "--lang", lang)
    assert answer.code == 0
    for word in (*words, "strategies[volatility-breakout].params.k", "0.5", "0.6"):
        assert word in answer.out


def test_only_the_days_of_both_are_compared(kats: Any) -> None:
    """A longer run's other days are no difference; without a common day that is said."""
    played(kats, "a")
    played(kats, "b", days=("--from", "2026-11-02", "--to", "2026-11-30"))
    found = kats("backtest", "compare", "a", "b", "--json").json
    assert (found["first_day"], found["last_day"]) == ("2026-11-02", "2026-11-30")
    assert found["trades_only_a"] == found["trades_only_b"] == []
    played(kats, "c", days=("--from", "2027-02-01", "--to", "2027-02-05"))
    apart = kats("backtest", "compare", "a", "c", "--lang", "en")
    assert (apart.code, "no day in common" in apart.out) == (0, True)


def test_what_is_no_run_is_refused(kats: Any) -> None:
    """For either side, with exit code 2 and the name."""
    played(kats, "a")
    empty = kats.folder / "empty"
    empty.mkdir()
    for pair in (("a", "empty"), ("empty", "a")):
        answer = kats("backtest", "compare", *pair, "--lang", "en")
        assert (answer.code, "empty" in answer.err, "holds no run" in answer.err) == (2, True, True)
    assert kats("backtest", "compare", "a").code == 2


def test_other_seeds_are_other_data(kats: Any) -> None:
    """And the options of the verb itself work as before, with or without a subcommand."""
    played(kats, "a")
    kats("backtest", *DAYS, "--seed", "8", "--out", "b")
    assert "data different" in kats("backtest", "compare", "a", "b", "--lang", "en").out
    described: dict[str, Any] = json.loads(Path(kats.folder / "b" / "run.json").read_text(encoding="utf-8"))
    assert described["run"]["seed"] == 8
