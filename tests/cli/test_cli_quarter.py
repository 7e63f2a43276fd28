"""A quarter of the sample market, as `kats run --days 60` plays it without a configuration."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from kats_core.config import resolve


@pytest.mark.slow
def test_each_of_the_twelve_strategies_trades_within_a_quarter(kats: Any) -> None:
    """None of them stands by: the market turns, and brings each of them what it waits for."""
    found = kats("run", "--days", "60", "--speed", "max", "--json").json
    installed = {one.instance for one in resolve(None, overrides={}, environ={}, cwd=kats.folder).strategies}
    assert len(installed) == 12
    assert {trade["instance"] for trade in found["trades"]} == installed
    regimes = [day["regime"] for day in found["equity"]]
    assert len(set(regimes)) == 5
    assert sum(one != before for before, one in pairwise(regimes)) == 4
