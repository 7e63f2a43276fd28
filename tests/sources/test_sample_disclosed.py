"""What the sample market discloses: shares, net buying, reports; the same from a seed, and never before its evening."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kats_core.market.tables import FLOWS, QUARTERS, SHARES, YEARS, SideTable
from kats_core.sources.sample.market import SampleSource

SOURCE = SampleSource(7, 400)


@pytest.mark.parametrize("name", [SHARES, FLOWS, QUARTERS, YEARS])
def test_the_same_seed_discloses_the_same(name: str) -> None:
    """Whenever and wherever it is asked; another seed is another market."""
    one, same, other = (SampleSource(seed, 400).tables()[name] for seed in (7, 7, 8))
    for column, values in one.columns.items():
        np.testing.assert_array_equal(values, same.columns[column])
    if name != SHARES:
        assert any((values != other.columns[column]).any() for column, values in one.columns.items())


@pytest.mark.parametrize(("name", "soonest", "latest"), [(QUARTERS, 35, 89), (YEARS, 75, 89), (FLOWS, 0, 0)])
def test_a_record_is_known_after_its_period(name: str, soonest: int, latest: int) -> None:
    """Quarters follow within the delays of the law, net buying on the evening itself."""
    table = SOURCE.tables()[name]
    delay = (table.available_from - table.period).astype(np.int64)
    assert soonest <= delay.min()
    assert delay.max() <= latest


def test_listed_shares_make_the_market_caps_that_the_source_tells() -> None:
    """One number for the size of a company, whoever is asked."""
    from kats_core.model.fact import MARKET_CAP

    day = dt.date(2025, 9, 18)
    told = {f.symbol: f.value for f in SOURCE.facts(day) if f.name == MARKET_CAP}
    panel, shares = SOURCE.history(None, dt.date(2025, 9, 17)), SOURCE.tables()[SHARES]
    listed = dict(zip(shares.symbols, shares.columns["listed_shares"][np.argsort(shares.symbol)], strict=True))
    assert told == {symbol: int(panel.close[-1, j] * listed[symbol]) for j, symbol in enumerate(panel.symbols)}


def test_a_year_is_the_sum_of_its_quarters() -> None:
    """Up to the whole won that each is rounded to."""
    quarters, years = SOURCE.tables()[QUARTERS], SOURCE.tables()[YEARS]
    for symbol in (0, 30, 59):
        assert _of_year(years, symbol, 2024)["net_income_krw"].size == 1
        for name in ("revenue_krw", "operating_profit_krw", "net_income_krw"):
            whole, parts = (_of_year(table, symbol, 2024)[name] for table in (years, quarters))
            assert parts.size == 4
            assert abs(whole.sum() - parts.sum()) <= 4


def _of_year(table: SideTable, symbol: int, year: int) -> dict[str, np.ndarray]:
    rows = (table.symbol == symbol) & (table.period.astype("datetime64[Y]").astype(int) + 1970 == year)
    return {name: column[rows] for name, column in table.columns.items()}


def test_earnings_and_flows_are_of_plausible_size() -> None:
    """A few companies lose money; nobody nets more than a third of what is traded."""
    quarters, flows = SOURCE.tables()[QUARTERS], SOURCE.tables()[FLOWS]
    losses = (quarters.columns["net_income_krw"] < 0).mean()
    assert 0 < losses < 0.1
    panel = SOURCE.history(None, None)
    net = flows.daily("inst_net_shares", panel.symbols, panel.sessions)
    assert (np.abs(net) <= 0.3 * panel.volume + 1).all()
    assert 0.3 < (net > 0).mean() < 0.7
