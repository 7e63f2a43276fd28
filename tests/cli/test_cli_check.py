"""`kats check` looks at one installed plugin and says what to change."""

from __future__ import annotations

from typing import Any

import pytest

HEAVY = '''
"""A broken plugin."""

raise RuntimeError("not today")
'''


@pytest.mark.slow
def test_a_plugin_of_ours_passes(kats: Any) -> None:
    """A line for each check, and exit code 0."""
    answer = kats("check", "volatility-breakout", "--lang", "en")
    assert answer.code == 0
    assert "look-ahead in arm" in answer.out
    assert "0 failed" in answer.out


def test_programs_get_every_check_with_both_languages(kats: Any) -> None:
    """A part of the checks can be asked for alone."""
    ((found),) = kats("check", "volatility-breakout", "--lookahead", "--batch", "--json").json
    assert found["passed"] is True
    assert {check["topic"] for check in found["checks"]} == {"lookahead", "batch"}
    assert all(check["outcome"] == "passed" for check in found["checks"])
    (seen,) = found["checks"][0]["seen"]
    assert seen["ko"] != seen["en"]


def test_a_name_that_is_not_installed_is_bad_input(kats: Any) -> None:
    """With the names that come closest."""
    answer = kats("check", "volatilty-breakuot", "--lang", "en")
    assert answer.code == 2
    assert "volatility-breakout" in answer.err


def test_a_plugin_without_such_a_check_is_bad_input(kats: Any) -> None:
    """A stage does not arm."""
    answer = kats("check", "sector-limit", "--lookahead", "--lang", "en")
    assert answer.code == 2
    assert "sector-limit" in answer.err


def test_a_plugin_that_cannot_be_imported_fails_with_the_reason(kats: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is skipped; the exit code is 1."""
    kats.install(monkeypatch, "acme-broken", "strategies", HEAVY)
    answer = kats("check", "acme-broken", "--json")
    assert answer.code == 1
    (found,) = answer.json
    first, *others = found["checks"]
    assert "not today" in first["failures"][0]["en"]
    assert {check["outcome"] for check in others} == {"skipped"}


def test_data_that_cannot_be_read_is_bad_input(kats: Any) -> None:
    """It is no fault of the strategy, so nothing is said of it; a stage is not checked on data at all."""
    for name in ("volatility-breakout", "sector-limit"):
        answer = kats("check", name, "--data", "nowhere.parquet", "--lang", "en")
        assert answer.code == 2
        assert answer.out == ""


def test_a_strategy_is_checked_on_files_too(kats: Any) -> None:
    """The same checks, on bars that somebody has."""
    days = [f"2025-09-{day:02d}" for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19)]
    rows = [
        f"{symbol},{day},{10_000 + 10 * n},{10_400 + 10 * n},{9_900 + 10 * n},{10_300 + 10 * n},{1_000 + n}"
        for n, day in enumerate(days)
        for symbol in ("000660", "005930")
    ]
    path = kats.write("bars.csv", "\n".join(["symbol,date,open,high,low,close,volume", *rows]) + "\n")
    ((found),) = kats("check", "volatility-breakout", "--data", path, "--json").json
    assert found["passed"] is True
    (arming,) = [check for check in found["checks"] if check["check"] == "arming"]
    assert arming["seen"][0]["values"]["sessions"] == len(days)
