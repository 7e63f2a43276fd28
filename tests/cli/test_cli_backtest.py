"""`kats backtest` plays daily and minute bars, prints the figures and keeps every decision in a folder."""

from __future__ import annotations

import json
from typing import Any

DAYS = ("--from", "2026-11-02", "--to", "2026-11-30")


def test_figures_and_decisions_of_the_sample_market(kats: Any) -> None:
    """The table has what the issue of a system is judged by; the folder explains itself."""
    answer = kats("backtest", *DAYS, "--out", "result", "--lang", "en")
    assert answer.code == 0
    for word in ("trades", "win rate", "average R", "SQN", "profit factor", "MDD", "exposure", "costs"):
        assert word in answer.out
    assert sorted(path.name for path in (kats.folder / "result").iterdir()) == [
        "arming.parquet",
        "candles.parquet",
        "decisions.jsonl",
        "equity.csv",
        "indices.parquet",
        "metrics.json",
        "report.html",
        "run.json",
        "trades.csv",
    ]
    explained = kats("explain", "--day", "2026-11-30", "--run", "result", "--json")
    assert explained.code == 0
    assert {found["session"] for found in explained.lines} == {"2026-11-30"}


def test_what_rejected_signals_is_counted_with_its_first_and_last_day(kats: Any) -> None:
    """A stage that lets nothing through for months is seen at once: here every stock is refused, in both languages."""
    kats.write("kats.yaml", "version: 1\nlimits: {max_positions: 0}\n")
    found = kats("backtest", *DAYS, "--json").json
    (refusal,) = (r for r in found["refusals"] if r["code"] == "grade-allocator:MAX_POSITIONS")
    assert refusal["count"] > 0
    assert "2026-11-02" <= refusal["first"] <= refusal["last"] <= "2026-11-30"
    for lang, words in (("en", ("rejected signals", "first → last")), ("ko", ("거절된 신호", "처음 → 마지막"))):
        shown = kats("backtest", *DAYS, "--lang", lang).out
        assert all(word in shown for word in (*words, "grade-allocator", f"{refusal['first']} → {refusal['last']}"))


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
    assert kats("explain", "--day", "--json").lines[0]["session"] == "2026-11-30"


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


def test_a_result_says_on_what_it_rests(kats: Any) -> None:
    """In the JSON and in the folder: bars, what they do not show, what was assumed, and both ways through a bar."""
    found = kats("backtest", "--from", "2026-10-20", "--to", "2026-12-30", "--out", "result", "--json").json
    caveats = found["caveats"]
    kept = json.loads((kats.folder / "result" / "run.json").read_text(encoding="utf-8"))["run"]["summary"]["caveats"]
    assert kept == caveats
    assert caveats["bars"] == {
        "chosen": "auto",
        "daily": len(found["sessions"]),
        "minute": 0,
        "mixed": 0,
        "off_scale": 0,
    }
    assert "VWAP" in caveats["approximated"]
    assert caveats["ticks_approximate"] is False
    paths = caveats["bar_path"]
    assert paths["dependent_trades"] == sum(trade["is_path_dependent"] for trade in found["trades"]) > 0
    assert list(paths["totals"]) == ["worst", "adaptive"]
    assert paths["totals"]["worst"]["profit"] == found["statistics"]["profit"]


def test_the_other_path_is_what_a_run_on_it_gives(kats: Any) -> None:
    """`bar_path: adaptive` played first makes the same totals, the other way round."""
    days = ("--from", "2026-10-20", "--to", "2026-12-30", "--json")
    worst = kats("backtest", *days).json["caveats"]["bar_path"]
    kats.write("kats.yaml", "broker: {use: paper, params: {bar_path: adaptive}}\n")
    adaptive = kats("backtest", *days).json["caveats"]["bar_path"]
    assert adaptive["path"] == "adaptive"
    assert adaptive["totals"] == worst["totals"]
    single = kats("backtest", *days, "--one-path").json["caveats"]["bar_path"]
    assert list(single["totals"]) == ["adaptive"]


def test_both_paths_are_shown(kats: Any) -> None:
    """Beside each other, in both languages."""
    for lang, words in (("en", ("worst", "adaptive", "bar_path")), ("ko", ("최악 경로", "근접 경로"))):
        shown = kats("backtest", "--from", "2026-10-20", "--to", "2026-12-30", "--lang", lang).out
        assert all(word in shown for word in words)


def test_the_bars_are_chosen(kats: Any) -> None:
    """The sample market is played on daily bars unless minutes are asked for; both say so."""
    days = ("--from", "2026-11-23", "--to", "2026-11-27")
    unasked = kats("backtest", *days, "--json").json
    forced = kats("backtest", *days, "--bars", "minute", "--json").json
    none = {"daily": 0, "minute": 0, "mixed": 0, "off_scale": 0}
    assert unasked["caveats"]["bars"] == none | {"chosen": "auto", "daily": 5}
    assert forced["caveats"]["bars"] == none | {"chosen": "minute", "minute": 5}
    assert "VWAP" not in forced["caveats"]["approximated"]
    assert forced["run"]["run_id"] != unasked["run"]["run_id"]
    assert "minute bars: 5" in kats("backtest", *days, "--bars", "minute", "--lang", "en").out


def test_bars_that_are_none_are_refused(kats: Any) -> None:
    """Exit code 2, with what there is; nothing is written."""
    answer = kats("backtest", *DAYS, "--bars", "hourly", "--out", "result", "--lang", "en")
    assert answer.code == 2
    assert "--bars hourly: it is one of auto, daily, minute" in answer.err
    assert not (kats.folder / "result").exists()
