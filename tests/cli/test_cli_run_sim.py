"""`kats run --sim`: a newcomer's day by the broker's own protocol, in one command."""

from __future__ import annotations

from typing import Any

import pytest

DAY = "2025-09-18"


@pytest.mark.slow
def test_a_day_through_the_simulator_is_a_day_of_trades(kats: Any) -> None:
    """Orders, fills and a summary; the run is kept and can be asked."""
    done = kats("run", "--sim", "--day", DAY, "--json")
    assert done.code == 0, done.err
    assert done.json["run"]["kind"] == "sim"
    assert done.json["trades"]
    assert kats("--lang", "en", "explain", "--day", DAY).code == 0


def test_what_is_planned_is_shown_before_anything_happens(kats: Any) -> None:
    """`--check` builds everything and opens no port."""
    done = kats("--lang", "en", "run", "--sim", "--check")
    assert done.code == 0, done.err
    assert "simulator" in done.out


@pytest.mark.parametrize("option", [["--days", "3"], ["--continue"], ["--data", "somewhere"]], ids=lambda one: one[0])
def test_options_of_recorded_data_do_not_go_with_it(kats: Any, option: list[str]) -> None:
    """Exit code 2, and the option is named."""
    done = kats("run", "--sim", *option)
    assert done.code == 2
    assert option[0] in done.err


def test_a_day_without_a_session_is_refused(kats: Any) -> None:
    """A Saturday."""
    done = kats("--lang", "en", "run", "--sim", "--day", "2025-09-20")
    assert done.code == 2
    assert "2025-09-20" in done.err


def test_the_brokers_own_desk_takes_no_orders_of_a_recorded_day(kats: Any) -> None:
    """Nobody sends real orders because prices of last year say so."""
    kats.write("kats.yaml", "version: 1\nbroker: {use: kis}\n")
    done = kats("--lang", "en", "run")
    assert done.code == 2
    assert "broker kis" in done.err
