"""Indices of the sample market: computed from its companies, the same from the same seed."""

from __future__ import annotations

import datetime as dt

import numpy as np

from kats_core.model.kinds import Market
from kats_core.sources.sample import SampleParams, build

LAST = dt.date(2025, 9, 18)


def test_an_index_moves_as_the_capitalisation_of_its_companies() -> None:
    """To a hundredth of a point, on every session."""
    source = build(SampleParams(history_sessions=100))
    panel, kospi = source.history(None, LAST), source.indices()["KOSPI"]
    members = [j for j, i in enumerate(panel.instruments) if i.market is Market.KOSPI]
    shares = np.array([panel.instruments[j].listed_shares for j in members], dtype=np.float64)
    caps = panel.close[:, members] @ shares
    points = kospi.on(panel.sessions, "close")
    np.testing.assert_allclose(points / points[0], caps / caps[0], rtol=1e-4)
    np.testing.assert_array_equal(kospi.on(panel.sessions, "value"), panel.value[:, members].sum(axis=1))


def test_the_counts_are_of_the_companies_that_rose_and_fell() -> None:
    """Unchanged ones are neither."""
    source = build(SampleParams(history_sessions=100))
    panel, kosdaq = source.history(None, LAST), source.indices()["KOSDAQ"]
    members = [j for j, i in enumerate(panel.instruments) if i.market is Market.KOSDAQ]
    change = np.sign(np.diff(panel.close[:, members], axis=0))
    np.testing.assert_array_equal(kosdaq.on(panel.sessions[1:], "advancing"), (change > 0).sum(axis=1))
    np.testing.assert_array_equal(kosdaq.on(panel.sessions[1:], "declining"), (change < 0).sum(axis=1))


def test_highs_and_lows_hold_the_day() -> None:
    """Open and close lie between them."""
    for series in build(SampleParams()).indices().values():
        assert (series.low <= np.minimum(series.open, series.close)).all()
        assert (series.high >= np.maximum(series.open, series.close)).all()


def test_another_seed_is_another_market_and_the_same_seed_the_same() -> None:
    """Whatever was asked before."""
    one, again, other = (build(SampleParams(seed=seed)).indices()["KOSPI"].close for seed in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
