"""On what a result rests: who survived, and what hangs on the way through a bar."""

from __future__ import annotations

from typing import Any

import pytest

from kats_core.journal.caveats import Totals, is_undecided, survivorship


def made(return_frac: float | None) -> Totals:
    """Totals of which only the return matters."""
    return Totals(trades=3, profit=0, return_frac=return_frac, win_rate=None, average_r=None, max_drawdown=None)


@pytest.mark.parametrize(
    ("symbols", "ended", "years", "is_biased"),
    [
        pytest.param(412, 0, 22.0, True, id="22 years without a delisting"),
        pytest.param(412, 44, 22.0, True, id="fewer than half a percent a year"),
        pytest.param(412, 46, 22.0, False, id="half a percent a year"),
        pytest.param(2_130, 210, 5.0, False, id="those that left are there"),
        pytest.param(2_500, 0, 0.9, None, id="less than a year tells nothing"),
        pytest.param(60, 0, 3.0, None, id="of so few nobody need have left"),
    ],
)
def test_data_without_the_delisted_are_known_by_who_ends_early(
    symbols: int, ended: int, years: float, is_biased: bool | None
) -> None:
    """At least half a percent of the stocks leave the exchange in a year."""
    assert survivorship(symbols, ended, years).is_biased is is_biased


@pytest.mark.parametrize(
    ("worst", "adaptive", "undecided"),
    [(-0.01, 0.01, True), (-0.02, -0.01, False), (0.0, 0.01, False), (0.01, 0.02, False), (None, 0.01, False)],
)
def test_bars_do_not_decide_where_the_signs_differ(worst: Any, adaptive: Any, undecided: bool) -> None:
    """One way through the bars wins, the other loses."""
    assert is_undecided({"worst": made(worst), "adaptive": made(adaptive)}) is undecided
