"""The KOSPI over all sessions: averages, breadth, regime and pulse as known after each close."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market import breadth
from kats_core.market.calendar import krx_calendar
from kats_core.market.conditions import Conditions, average, before, market_conditions
from kats_core.market.panel import Panel
from kats_core.market.pulse import PulseParams
from kats_core.market.regime import RegimeParams
from kats_core.market.tables import IndexSeries
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import Regime, Scope

LAST = dt.date(2025, 11, 28)
SESSIONS = tuple(krx_calendar().shift(LAST, -lag) for lag in range(299, -1, -1))


def index(seed: int = 1, sessions: tuple[dt.date, ...] = SESSIONS, **changes: Any) -> IndexSeries:
    chance = random.Random(seed)
    close = 2500 * np.cumprod([1 + chance.gauss(0, 0.012) for _ in sessions])
    value = np.array([chance.uniform(8e12, 12e12) for _ in sessions])
    usual = {"open": close, "high": close * 1.004, "low": close * 0.996, "close": close, "value": value}
    return IndexSeries(name="KOSPI", sessions=sessions, source="test", **(usual | changes))


def market(series: IndexSeries, panel: Panel | None = None, until: dt.date = LAST) -> Conditions:
    found = market_conditions({"KOSPI": series}, panel, krx_calendar(), until, RegimeParams(), PulseParams())
    assert found is not None
    return found


def crowd(moves: list[int], symbols: int, sessions: tuple[dt.date, ...] = SESSIONS[-20:]) -> Panel:
    """A panel in which so many of the symbols rise each session, and the others fall."""
    close = np.full((len(sessions), symbols), 10_000, dtype=np.int64)
    for t, rising in enumerate(moves, 1):
        close[t] = close[t - 1] + np.where(np.arange(symbols) < rising, 10, -10)
    return Panel(
        sessions=sessions,
        next_session=(*sessions[1:], None),
        instruments=tuple(Instrument(symbol=f"{n:06d}") for n in range(symbols)),
        present=np.ones(close.shape, dtype=np.bool_),
        open=close,
        high=close,
        low=close,
        close=close,
        volume=close,
        value=close,
        scope=Scope.ADJUSTED,
    )


def test_without_the_kospi_nothing_is_known() -> None:
    """No other index stands for it."""
    others = {"KOSDAQ": index()}
    assert market_conditions(others, None, krx_calendar(), LAST, RegimeParams(), PulseParams()) is None


def test_an_average_is_of_the_last_known_values_and_missing_where_the_day_is() -> None:
    """A gap does not shift what comes behind it, and no later value comes early."""
    values = np.array([1.0, 2, np.nan, 3, 4])
    np.testing.assert_array_equal(average(values, 2), [np.nan, 1.5, np.nan, 2.5, 3.5])
    np.testing.assert_array_equal(before(values, 2), [np.nan, np.nan, np.nan, 1, 2])


@given(st.lists(st.floats(1, 1e4), min_size=12, max_size=40), st.integers(0, 20))
def test_an_average_does_not_depend_on_where_the_history_begins(values: list[float], cut: int) -> None:
    """To the last bit, so that live and backtest agree on a close that lies on a band."""
    cells = np.array(values)
    late = average(cells[cut:], 5)
    np.testing.assert_array_equal(average(cells, 5)[cut:][4:], late[4:])


def test_breadth_is_counted_over_ten_sessions_of_the_panel() -> None:
    """150 of 250 rise on each: 1500 against 1000. The first has no close before it."""
    counts = breadth.counted(crowd([150] * 19, 250), SESSIONS)
    ratio = breadth.ratio(counts)
    assert np.isnan(ratio[:-10]).all()
    np.testing.assert_array_equal(ratio[-10:], [1.5] * 10)


def test_too_small_a_panel_says_nothing_about_the_market() -> None:
    """199 symbols have no breadth, 200 have one."""
    assert np.isnan(breadth.ratio(breadth.counted(crowd([100] * 19, 199), SESSIONS))).all()
    assert breadth.ratio(breadth.counted(crowd([100] * 19, 200), SESSIONS))[-1] == 1.0


def test_one_session_with_too_few_symbols_makes_ten_without_breadth() -> None:
    """Each of the ten must be whole."""
    panel = crowd([150] * 19, 250)
    panel.present[10, :51] = False
    ratio = breadth.ratio(breadth.counted(panel, panel.sessions))
    assert np.isnan(ratio[10:20]).all()


def test_a_symbol_is_compared_with_its_own_last_close() -> None:
    """Who comes back from a halt higher than before it has risen."""
    panel = crowd([250] * 19, 250)
    panel.present[15:18, 0] = False
    counts = breadth.counted(panel, panel.sessions)
    assert counts.advancing[15:19].tolist() == [249, 249, 249, 250]


def test_the_counts_of_the_feed_go_before_those_of_the_panel() -> None:
    """Where they are there for all ten sessions."""
    known = np.where(np.arange(300) >= 285, 600.0, np.nan)
    series = index(advancing=known, declining=known / 2)
    found = market(series, crowd([150] * 19, 250)).breadth
    np.testing.assert_array_equal(found[-10:], [1.5] * 4 + [2.0] * 6)


def test_sessions_that_the_index_lacks_are_missing_not_skipped() -> None:
    """One is kept with the state before it, a second is unknown."""
    keep = [t for t in range(300) if t not in (270, 280, 281)]
    series = index()
    columns = {name: getattr(series, name)[keep] for name in ("open", "high", "low", "close", "value")}
    found = market(IndexSeries(name="KOSPI", sessions=tuple(SESSIONS[t] for t in keep), source="test", **columns))
    assert found.sessions == SESSIONS
    assert found.regimes[270].regime is found.regimes[269].regime
    assert found.regimes[281].regime is Regime.UNKNOWN
    assert found.pulses[270].known is None


def test_an_index_that_ends_before_the_day_leaves_the_market_unknown() -> None:
    """Its last state does not go on for ever."""
    found = market(index().until(SESSIONS[-6]))
    assert found.regimes[-5].regime is found.regimes[-6].regime
    assert {state.regime for state in found.regimes[-4:]} == {Regime.UNKNOWN}


@settings(max_examples=25)
@given(st.integers(0, 50), st.integers(200, 299))
def test_what_comes_later_does_not_change_what_was_known(seed: int, cut: int) -> None:
    """Neither of the index nor of the panel."""
    series, panel = index(seed), crowd([150] * 19, 250)
    whole, early = market(series, panel), market(series.until(SESSIONS[cut]), panel, SESSIONS[cut])
    assert early.regimes == whole.regimes[: cut + 1]
    assert early.pulses == whole.pulses[: cut + 1]


@pytest.mark.parametrize("cut", [0, 40, 78])
def test_a_history_that_begins_later_gives_the_same_averages(cut: int) -> None:
    """So a restored state goes on with the same inputs: 221 closes are enough for one more day."""
    series = index()
    late = replace(
        series,
        sessions=series.sessions[cut:],
        **{name: getattr(series, name)[cut:] for name in ("open", "high", "low", "close", "value")},
    )
    whole = [average(series.close, 200)[-1], before(average(series.close, 200), 21)[-1]]
    assert [average(late.close, 200)[-1], before(average(late.close, 200), 21)[-1]] == whole
