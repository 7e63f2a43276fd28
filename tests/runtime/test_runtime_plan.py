"""What is played: which strategies on which bars, which sessions of the data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kats_core.config import Resolved, resolve
from kats_core.market.source import SourceError
from kats_core.orders.gate_config import GateConfig
from kats_core.runtime.assembly import RunKind
from kats_core.runtime.play import Request, gate_warnings, plan
from kats_core.sources.files import FilesParams

MINUTES = """symbol,datetime,open,high,low,close,volume,cum_value
005930,{day} 09:00:00,10000,10000,10000,10000,10,100000
"""
DAYS = ("2025-10-20", "2025-10-21", "2025-10-22")


def resolved(cwd: Path, *needs_minutes: bool) -> Resolved:
    """The sample configuration with one strategy for each of `needs_minutes`."""
    found = resolve(None, environ={"KATS_HOME": str(cwd)}, cwd=cwd)
    entry = next(one for one in found.strategies if one.instance == "volatility-breakout")
    entries = []
    for number, needed in enumerate(needs_minutes):
        traits = replace(entry.plugin.traits, needs_minute_bars=needed)
        entries.append(replace(entry, instance=f"s{number}", plugin=replace(entry.plugin, traits=traits)))
    return replace(found, strategies=tuple(entries))


def test_a_strategy_that_needs_minutes_is_left_out_on_daily_bars_and_named(tmp_path: Path) -> None:
    """NEEDS_MINUTE_BARS: the others run, and the notes of the run say who does not."""
    planned = plan(resolved(tmp_path, True, False), Request(kind=RunKind.BACKTEST, days=1))
    assert [strategy.name for strategy in planned.app.strategies] == ["s1"]
    assert "NEEDS_MINUTE_BARS: left out on daily bars: s0" in planned.app.resolved.notes


def test_daily_bars_for_which_no_strategy_is_left_are_refused(tmp_path: Path) -> None:
    """The command line ends with exit code 2, naming them."""
    with pytest.raises(SourceError, match="NEEDS_MINUTE_BARS: s0, s1 "):
        plan(resolved(tmp_path, True, True), Request(kind=RunKind.BACKTEST, days=1))


def test_a_gate_that_rules_the_sizes_is_told_at_the_start(tmp_path: Path) -> None:
    """`first-month` refuses what the caps allow; the defaults refuse nothing of it."""
    default = resolved(tmp_path, False)
    assert list(gate_warnings(default)) == []
    month = replace(default, gate=GateConfig(profile="first-month"))
    first, second = gate_warnings(month)
    assert first.startswith("gate.max_order_frac 0.2 is below limits.grade_cap 0.3: ")
    assert second.startswith("gate.max_order_krw 10,000,000 is below ")


def test_minute_bars_are_for_every_strategy(tmp_path: Path) -> None:
    """`kats run` plays minutes."""
    planned = plan(resolved(tmp_path, True), Request(kind=RunKind.RUN, days=1))
    assert [strategy.name for strategy in planned.app.strategies] == ["s0"]


@pytest.mark.parametrize(("days", "first"), [(1, DAYS[2]), (2, DAYS[1]), (3, DAYS[0])])
def test_who_names_no_day_gets_the_last_sessions_of_the_files(tmp_path: Path, days: int, first: str) -> None:
    """`--days N` alone are the last N; with `--day` it counts from there."""
    for day in DAYS:
        (tmp_path / f"{day}.csv").write_text(MINUTES.format(day=day))
    found = resolved(tmp_path, False)
    overrides = {"data": {"use": "files", "params": {"paths": [str(tmp_path / f"{day}.csv") for day in DAYS]}}}
    files = resolve(None, overrides=overrides, file_data=True, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)
    assert isinstance(files.data.params, FilesParams)
    planned = plan(replace(files, strategies=found.strategies), Request(kind=RunKind.RUN, days=days))
    assert (str(planned.sessions[0]), str(planned.sessions[-1])) == (first, DAYS[2])
    assert len(planned.sessions) == days


@pytest.mark.parametrize(("sector", "known"), [("음식료품", "음식료품"), ("own", None)])
def test_an_assumed_sector_is_known_when_strategies_arm(tmp_path: Path, sector: str, known: str | None) -> None:
    """Of symbols whose own the data do not tell; that each is its own names none."""
    (tmp_path / "one.csv").write_text(MINUTES.format(day=DAYS[0]))
    overrides = {"data": {"use": "files", "params": {"paths": [str(tmp_path / "one.csv")]}}, "assume.sector": sector}
    files = resolve(None, overrides=overrides, file_data=True, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)
    planned = plan(replace(files, strategies=resolved(tmp_path, False).strategies), Request(kind=RunKind.RUN))
    assert planned.panel.assumed_sector == known


def test_more_sessions_than_the_data_have_are_refused(tmp_path: Path) -> None:
    """Nobody is given less than was asked for."""
    (tmp_path / "one.csv").write_text(MINUTES.format(day=DAYS[0]))
    overrides = {"data": {"use": "files", "params": {"paths": [str(tmp_path / "one.csv")]}}}
    files = resolve(None, overrides=overrides, file_data=True, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)
    with pytest.raises(SourceError, match="2 sessions from 2025-10-20 were asked for, the data have 1"):
        plan(files, Request(kind=RunKind.RUN, days=2))


@pytest.mark.parametrize("kind", [RunKind.BACKTEST, RunKind.RUN])
def test_the_thresholds_of_the_configuration_reach_what_strategies_arm_from(tmp_path: Path, kind: RunKind) -> None:
    """`universe:` and `pulse:` of the YAML are those of the panel that `arm` gets; its eve keeps them."""
    overrides = {"universe": {"template_strength": 90}, "pulse": {"ftd_gain": 0.02}}
    found = resolve(None, overrides=overrides, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)
    planned = plan(found, Request(kind=kind, days=1))
    for panel in (planned.panel, planned.panel.until(planned.sessions[0])):
        assert panel.thresholds.universe.template_strength == 90
        assert panel.thresholds.pulse.ftd_gain == 0.02
