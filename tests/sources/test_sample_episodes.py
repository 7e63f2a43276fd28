"""What the companies of the sample market live through: bases and breakouts, slides and turns, news before the open."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from kats_core.market.limits import price_limits
from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.market.patterns import flat_base, vcp
from kats_core.market.screening.history import report_growth, trend_scores
from kats_core.market.tables import FLOWS
from kats_core.market.ticks import tick_table
from kats_core.model.kinds import InstrumentKind
from kats_core.sources.sample.market import SampleSource, _history

SEEDS = (7, 8, 9)
LAST = dt.date(2025, 12, 30)


def history(seed: int, sessions: int = 1_500) -> Panel:
    source = SampleSource(seed, sessions)
    return replace(source.history(None, LAST), tables=source.tables())


def companies_of(panel: Panel) -> np.ndarray:
    """Return the columns of companies; the fund is none."""
    return np.array([j for j, one in enumerate(panel.instruments) if one.symbol.startswith("99")])


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_stay_on_tick_and_within_their_limits(seed: int) -> None:
    """Whatever a company lives through."""
    panel = history(seed, 400)
    for t in range(1, len(panel.sessions), 7):
        session = panel.sessions[t]
        for j in companies_of(panel).tolist():
            market = panel.instruments[j].market
            limits = price_limits(int(panel.close[t - 1, j]), session, market)
            ticks = tick_table(session, market, InstrumentKind.STOCK)
            prices = [int(column[t, j]) for column in (panel.low, panel.open, panel.close, panel.high)]
            assert limits.lower <= min(prices) == prices[0]
            assert limits.upper >= max(prices) == prices[-1]
            assert [ticks.rnear(price) for price in prices] == prices
            assert panel.volume[t, j] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_leaders_rest_in_bases_with_the_earnings_that_their_price_expects(seed: int) -> None:
    """The whole trend template, grown reports, contractions that dry up; large ones rest in flat bases too."""
    panel = history(seed)
    growth = report_growth(panel)
    is_leader = (trend_scores(panel) == 8) & (growth.eps >= 0.20) & (growth.revenue >= 0.15)
    in_contraction, in_flat_base = vcp(panel, where=is_leader).ok, flat_base(panel, where=is_leader).ok
    assert np.unique(np.nonzero(in_contraction)[1]).size >= 10
    assert np.unique(np.nonzero(in_flat_base)[1]).size >= 10


@pytest.mark.parametrize("seed", SEEDS)
def test_a_base_is_left_with_many_shares_and_not_always_for_good(seed: int) -> None:
    """Some breakouts are sold again within two weeks."""
    panel = history(seed)
    found = vcp(panel)
    pivot, usual = found.numbers["pivot"][:-11], panel.indicators.sma("volume", 20)[:-11]
    is_left = found.ok[:-11] & (panel.close[1:-10] > pivot * 1.02) & (panel.volume[1:-10] > 1.5 * usual)
    behind = panel.close[11:][is_left] / pivot[is_left]
    assert behind.size >= 20
    assert 0.15 < np.mean(behind < 1) < 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_slide_ends_in_a_panic_and_mostly_turns(seed: int) -> None:
    """Who throws away after days of falling finds buyers; the next day mostly rises, not always."""
    market = _history(seed)
    close, flows = market.companies.close, SampleSource(seed, 60).tables()[FLOWS]
    days, columns = np.nonzero((market.episodes.is_caught & (market.episodes.move <= -0.05))[:-1])
    behind = close[days + 1, columns] / close[days, columns] - 1
    assert behind.size >= 50
    assert 0.6 < np.mean(behind > 0) < 0.9
    bought = flows.columns["inst_net_shares"].reshape(close.shape[::-1])[columns, days]
    assert np.mean(bought > 0) > 0.6


def opening_share(bars: MinuteBars, symbol: str) -> float:
    """Return the part of a day's shares that its first quarter of an hour trades."""
    rows = bars.rows_of[bars.column[symbol]]
    is_early = bars.start[rows] < bars.start[rows[0]] + 15 * 60 * 1_000_000_000
    return float(bars.volume[rows][is_early].sum() / bars.volume[rows].sum())


def test_a_gap_brings_a_rush_at_the_open() -> None:
    """News before the open: who opens 2 % or more away from the evening before trades early."""
    source = SampleSource(7, 60)
    panel = source.history(None, LAST)
    quiet: list[float] = []
    rushed: list[float] = []
    for t in range(1, len(panel.sessions)):
        bars = source.minutes(panel.sessions[t])
        for j in companies_of(panel).tolist():
            gap = abs(panel.open[t, j] / panel.close[t - 1, j] - 1)
            if gap >= 0.02 or gap < 0.005:
                (rushed if gap >= 0.02 else quiet).append(opening_share(bars, panel.symbols[j]))
    assert len(rushed) >= 50
    assert np.median(rushed) > 1.4 * np.median(quiet)
