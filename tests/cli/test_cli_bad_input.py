"""Bad input: one clear message, exit code 2, nothing half-written."""

from __future__ import annotations

import os
from typing import Any

import pytest


def refused(answer: Any, *words: str) -> None:
    """Assert that a command line was refused with these words."""
    assert answer.code == 2
    assert not answer.out
    assert "Traceback" not in answer.err
    assert all(word in answer.err for word in words), answer.err


def test_unknown_key_in_yaml(kats: Any) -> None:
    """File, line and the key that was probably meant, and every problem at once."""
    kats.write("kats.yaml", "version: 1\nstratgies: []\ncapital: much\n")
    answer = kats("run")
    refused(answer, "kats.yaml:2:1", "stratgies", "strategies", "kats.yaml:3")
    assert answer.err.count("오류:") == 2


def test_missing_configuration_file(kats: Any) -> None:
    """A file that was named must be there."""
    for verb in ("run", "backtest", "plugins"):
        refused(kats(verb, "--config", "nowhere.yaml"), "nowhere.yaml")


def test_missing_data(kats: Any) -> None:
    """A folder that was named must be there."""
    refused(kats("run", "--data", "nowhere"), "nowhere")
    assert not kats.home.exists()


def test_a_day_without_bars(kats: Any) -> None:
    """A Saturday has no session; the nearest one is named."""
    refused(kats("run", "--day", "2025-09-20"), "2025-09-20", "2025-09-19")
    assert not kats.home.exists()


def test_what_is_no_day_and_what_is_no_speed(kats: Any) -> None:
    """Said before anything is opened."""
    refused(kats("run", "--day", "tomorrow"), "--day tomorrow")
    refused(kats("run", "--speed", "fast"), "--speed fast")
    refused(kats("run", "--speed", "-1"), "--speed -1")
    refused(kats("backtest", "--from", "2025-02-01", "--to", "2025-01-01"), "2025-02-01")
    refused(kats("run", "--lang", "fr"), "--lang fr")


def test_an_unknown_strategy(kats: Any) -> None:
    """The nearest name is offered."""
    refused(kats("backtest", "--strategy", "volatility-breakou"), "did you mean volatility-breakout?")


def test_a_home_that_is_a_file(kats: Any) -> None:
    """The database cannot be made there; nobody learns it after the day."""
    kats.home.write_text("")
    refused(kats("run"), str(kats.home))
    refused(kats("run", "--check"), str(kats.home))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_home_that_is_read_only(kats: Any) -> None:
    """Said before the day, not after it."""
    kats.home.mkdir(mode=0o500)
    refused(kats("run"), "kats.db")


def test_no_run_yet(kats: Any) -> None:
    """To ask why without a run makes no database."""
    refused(kats("explain"), "kats run")
    assert not kats.home.exists()


def test_an_out_folder_that_holds_something_else(kats: Any) -> None:
    """A result never overwrites what is no result."""
    (kats.folder / "mine").mkdir()
    (kats.folder / "mine" / "thesis.txt").write_text("years of work")
    refused(kats("backtest", "--out", "mine"), "mine")
    assert [path.name for path in (kats.folder / "mine").iterdir()] == ["thesis.txt"]


def test_an_unknown_verb(kats: Any) -> None:
    """The one that was probably meant is offered."""
    answer = kats("runn")
    assert answer.code == 2
    assert "'run'" in answer.err
