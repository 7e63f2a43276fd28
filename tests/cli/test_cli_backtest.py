"""`kats backtest` plays daily bars, prints the figures and keeps every decision in a folder."""

from __future__ import annotations

from typing import Any

DAYS = ("--from", "2025-08-01", "--to", "2025-08-29")


def test_figures_and_decisions_of_the_sample_market(kats: Any) -> None:
    """The table has what the issue of a system is judged by; the folder explains itself."""
    answer = kats("backtest", *DAYS, "--out", "result", "--lang", "en")
    assert answer.code == 0
    for word in ("trades", "win rate", "average R", "SQN", "profit factor", "MDD", "exposure", "costs"):
        assert word in answer.out
    assert sorted(path.name for path in (kats.folder / "result").iterdir()) == [
        "arming.parquet",
        "decisions.jsonl",
        "run.json",
    ]
    explained = kats("explain", "--day", "2025-08-29", "--run", "result", "--json")
    assert explained.code == 0
    assert {found["session"] for found in explained.lines} == {"2025-08-29"}


def test_a_repeat_writes_the_same_decisions(kats: Any) -> None:
    """Byte for byte."""
    folders = [kats.folder / name for name in ("one", "two")]
    for folder in folders:
        kats("backtest", *DAYS, "--out", folder)
    one, two = ((folder / "decisions.jsonl").read_bytes() for folder in folders)
    assert one == two


def test_without_a_folder_it_is_kept_at_home_and_is_the_last_run(kats: Any) -> None:
    """So that `kats explain` finds it."""
    found = kats("backtest", *DAYS, "--json").json
    assert found["folder"] == str(kats.home / "runs" / found["run"]["run_id"])
    assert kats("explain", "--run", found["run"]["run_id"][:8], "--day", "--json").code == 0
    assert kats("explain", "--day", "--json").lines[0]["session"] == "2025-08-29"


def test_a_strategy_is_chosen_by_its_instance_with_its_parameters(kats: Any) -> None:
    """The others of the configuration do not run."""
    kats.write(
        "kats.yaml",
        "assume: {stars: 4}\nstrategies:\n  - use: volatility-breakout\n  - use: volatility-breakout\n    as: vb-slow\n"
        "    params: {k: 0.6}\n",
    )
    both = kats("backtest", *DAYS, "--json").json
    slow = kats("backtest", *DAYS, "--json", "--strategy", "vb-slow").json
    assert {trade["instance"] for trade in both["trades"]} == {"volatility-breakout", "vb-slow"}
    assert {trade["instance"] for trade in slow["trades"]} == {"vb-slow"}
    assert slow["run"]["config_hash"] != both["run"]["config_hash"]


def test_the_sample_market_goes_back_as_far_as_it_is_asked(kats: Any) -> None:
    """Not only over the history that it gives unasked."""
    found = kats("backtest", "--from", "2020-03-02", "--to", "2020-03-06", "--json").json
    assert found["sessions"][0] == "2020-03-02"
