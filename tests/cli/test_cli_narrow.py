"""A terminal of 80 columns: what is asked for is there whole, in either language."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from rich.cells import cell_len

LANGUAGES = pytest.mark.parametrize("language", ["ko", "en"])
DAYS = ("--from", "2026-11-02", "--to", "2026-12-30")


@pytest.fixture
def narrow(kats: Any) -> Any:
    """The command line in a terminal of 80 columns."""
    return replace(kats, environment={"COLUMNS": "80"})


def tables(text: str) -> Iterator[str]:
    """Yield the lines of tables, from each rule to the next line that stands at the margin."""
    inside = False
    for line in text.splitlines():
        inside = line.startswith("───") or (inside and bool(line.strip()))
        if inside:
            yield line


@LANGUAGES
def test_a_configuration_shows_each_key_its_value_and_where_it_was_written(narrow: Any, language: str) -> None:
    """No key of the defaults is cut, and all three columns are there."""
    narrow.write("kats.yaml", "version: 1\nstrategies:\n  - use: volatility-breakout\n    params: {k: 0.4}\n")
    shown = narrow("config", "show", "--lang", language).out
    assert re.search(r"^strategies\[0\]\.params\.k +0\.4 +kats\.yaml:4:\d+ *$", shown, re.MULTILINE)
    assert re.search(r"^strategies\[0\]\.params\.max_entries_per_symbol +1 +default", shown, re.MULTILINE)
    assert max(map(cell_len, shown.splitlines())) <= 80


@LANGUAGES
def test_the_trades_of_a_day_have_their_symbols_prices_reasons_and_times(narrow: Any, language: str) -> None:
    """Names and times may take two lines; nothing is replaced by dots."""
    narrow.configure()
    shown = narrow("run", "--speed", "max", "--lang", language).out
    told = shown[shown.rindex("2026-03-24 ──") :]
    assert "…" not in told
    assert re.search(
        r"^99\d{4} +VB +[\d,]+ +[\d,]+ +[\d,]+ +[+-][\d,]+ +[+-]\d\.\d\d +\S.* \d\d:\d\d –", told, re.MULTILINE
    )
    assert "100,000,000" in told


def test_what_only_one_of_two_runs_has_is_one_line(narrow: Any) -> None:
    """Of a strategy and of a stage that the other run lacks stands which plugin it is, and none of its parameters."""
    stages = "risk:\n  - use: position-sizer\n  - use: margin-guard\n"
    narrow.configure(stages)
    assert narrow("backtest", *DAYS, "--out", "a").code == 0
    narrow.configure(
        "  - use: triple-screen\n" + stages.replace("  - use: margin", "  - use: vi-guard\n  - use: margin")
    )
    assert narrow("backtest", *DAYS, "--out", "b").code == 0
    shown = narrow("backtest", "compare", "a", "b", "--lang", "en").out
    assert re.search(r"^strategies\[triple-screen\] +– +triple-screen *$", shown, re.MULTILINE)
    assert re.search(r"^risk\[vi-guard\] +– +vi-guard *$", shown, re.MULTILINE)
    assert "triple-screen].params" not in shown
    assert "strategies (order)" in shown
    found = narrow("backtest", "compare", "a", "b", "--json").json
    assert any(one["name"].startswith("strategies[triple-screen].params.") for one in found["configuration"])
    judged = narrow("risk", "diff", "a", "--against", "kats.yaml", "--lang", "en").out
    assert re.search(r"^vi-guard .* new *$", judged, re.MULTILINE)
    assert "no decision changes" in judged or "on 0 signals" in judged


@LANGUAGES
def test_names_of_plugins_and_strategies_are_never_cut(narrow: Any, language: str) -> None:
    """The longest is whole in both lists; windows and the rest stay beside it."""
    assert re.search(r" volatility-breakout +\d", narrow("plugins", "--lang", language).out)
    lines = narrow("strategies", "--lang", language).out
    assert re.search(r"^VB +volatility-breakout .* 09:30-14:00", lines, re.MULTILINE)
    assert all(cell_len(line) <= 80 for line in tables(lines))
    assert lines.count("\n") < 50, "a column is a letter wide"


@LANGUAGES
def test_what_stages_saved_is_told_in_whole_amounts(narrow: Any, language: str) -> None:
    """Every column is there to its last digit."""
    narrow.configure()
    assert narrow("backtest", "--from", "2025-06-02", "--to", "2025-08-29", "--out", "a").code == 0
    shown = narrow("risk", "value", "a", "--lang", language).out
    assert "…" not in shown
    assert re.search(r"^grade-allocato +[\d,]+ .* [+-]\d+\.\d\d +[+-]\d\.\d\d +[+-][\d,]+ *$", shown, re.MULTILINE)


def test_nobody_is_asked_whether_to_sell_where_nothing_runs(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person at a terminal reads at once that no process listens."""
    monkeypatch.setattr("typer.confirm", lambda *_, **__: pytest.fail("asked"))
    monkeypatch.setattr("kats_core.cli.operating.sys", SimpleNamespace(stdin=Terminal(), stdout=Terminal()))
    assert kats("flatten", "--lang", "en").code == 2


class Terminal(io.StringIO):
    """Where a person sits."""

    def isatty(self) -> bool:
        return True
