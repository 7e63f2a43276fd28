"""`kats plugins` lists what is installed and where it stands."""

from __future__ import annotations

from typing import Any

import pytest


def listed(kats: Any, *arguments: str) -> dict[str, dict[str, Any]]:
    """Return the list by name."""
    return {each["name"]: each for each in kats("plugins", "--json", *arguments).json}


def test_programs_get_kind_name_origin_status_and_position(kats: Any) -> None:
    """Stages are numbered in the order of execution."""
    found = listed(kats)
    assert (
        found["position-sizer"].items()
        >= {
            "kind": "risk_stages",
            "distribution": "kats-risk-position-sizer",
            "version": "0.1.0",
            "status": "active",
            "position": 1,
        }.items()
    )
    assert found["margin-guard"]["position"] == 9
    assert found["volatility-breakout"]["position"] is None
    assert found["files"]["status"] == "installed"


def test_the_order_is_that_of_the_configuration(kats: Any) -> None:
    """What is not named is installed; what is named and not there is missing; what is off is off."""
    kats.write(
        "kats.yaml",
        "strategies:\n  - {use: volatility-breakout, enabled: false}\n  - use: nowhere\nrisk:\n"
        "  - use: position-sizer\n  - use: margin-guard\n",
    )
    found = listed(kats)
    assert found["margin-guard"]["position"] == 2
    assert found["daily-kill-switch"]["status"] == "installed"
    assert found["daily-kill-switch"]["position"] is None
    assert found["volatility-breakout"]["status"] == "off"
    assert found["nowhere"]["status"] == "missing"


def test_a_plugin_that_cannot_be_imported_is_listed_and_found_by_checking(
    kats: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list imports nothing, so it cannot fail; `--check` says what is wrong and ends with 1."""
    kats.install(monkeypatch, "acme-broken", "strategies", "raise RuntimeError('not today')\n")
    assert listed(kats)["acme-broken"]["status"] == "installed"
    answer = kats("plugins", "--check")
    assert answer.code == 1
    assert "not today" in answer.out


def test_people_get_a_table(kats: Any) -> None:
    """In their language."""
    assert "리스크 단계" in kats("plugins").out
    assert "risk stage" in kats("plugins", "--lang", "en").out
