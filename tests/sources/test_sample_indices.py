"""Indices of the sample market: computed from its companies, the same from the same seed."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.source import IndexMinutesSource
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.sources.sample import SampleParams, build

LAST = dt.date(2025, 9, 18)


def test_an_index_moves_as_the_capitalisation_of_its_companies() -> None:
    """To a hundredth of a point, on every session."""
    source = build(SampleParams(history_sessions=100))
    panel, kospi = source.history(None, LAST), source.indices()["KOSPI"]
    members = [
        j for j, i in enumerate(panel.instruments) if i.market is Market.KOSPI and i.kind is InstrumentKind.STOCK
    ]
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


@pytest.mark.parametrize("day", [dt.date(2019, 7, 1), dt.date(2024, 12, 12), LAST])
def test_within_a_session_an_index_reaches_just_its_day(day: dt.date) -> None:
    """It begins at its open, ends at its close, and touches high and low, by the minute."""
    source = build(SampleParams())
    assert isinstance(source, IndexMinutesSource)
    hours = krx_calendar().hours(day)
    for name, course in source.index_minutes(day).items():
        daily = source.indices()[name]
        row = daily.sessions.index(day)
        ends = (course.points[0], course.points[-1], course.points.max(), course.points.min())
        assert ends == (daily.open[row], daily.close[row], daily.high[row], daily.low[row])
        assert (course.at[0], course.at[-1]) == (hours.open, hours.close)


def test_within_a_session_an_index_goes_as_its_companies_do() -> None:
    """Minute by minute, but for the stretch that brings it to its day's extremes."""
    source = build(SampleParams())
    bars, course = source.minutes(LAST), source.index_minutes(LAST)["KOSPI"]
    members = {
        i.symbol: i.listed_shares for i in source.instruments(LAST) if i.market is Market.KOSPI and i.listed_shares
    }
    caps = np.zeros(len(course.at))
    for symbol, shares in members.items():
        rows = bars.rows_of[bars.column[symbol]]
        last = np.searchsorted(bars.start[rows], course.at, side="left") - 1
        caps += np.where(last < 0, bars.open[rows[0]], bars.close[rows[np.maximum(last, 0)]]) * float(shares or 0)
    assert np.corrcoef(caps[:-1], course.points[:-1])[0, 1] > 0.9
