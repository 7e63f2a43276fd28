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
