"""What the sample market discloses: shares, net buying, reports, dividends; the same from a seed, never before its evening."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kats_core.market.calendar import krx_calendar
from kats_core.market.dividends import Payout, payouts
from kats_core.market.tables import DIVIDENDS, FLOWS, QUARTERS, SHARES, YEARS, SideTable
from kats_core.sources.sample.market import SampleSource

SOURCE = SampleSource(7, 400)


@pytest.mark.parametrize("name", [SHARES, FLOWS, QUARTERS, YEARS, DIVIDENDS])
def test_the_same_seed_discloses_the_same(name: str) -> None:
    """Whenever and wherever it is asked; another seed is another market."""
    one, same, other = (SampleSource(seed, 400).tables()[name] for seed in (7, 7, 8))
    for column, values in one.columns.items():
        np.testing.assert_array_equal(values, same.columns[column])
    if name != SHARES:
        assert any(not np.array_equal(values, other.columns[column]) for column, values in one.columns.items())


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
    column = {symbol: panel.close[-1, j] for j, symbol in enumerate(panel.symbols)}
    assert told == {symbol: int(column[symbol] * count) for symbol, count in listed.items()}


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
    net = flows.daily("inst_net_shares", flows.symbols, panel.sessions)
    volume = panel.volume[:, [panel.column[symbol] for symbol in flows.symbols]]
    assert (np.abs(net) <= 0.3 * volume + 1).all()
    assert 0.3 < (net > 0).mean() < 0.7


def announced() -> list[Payout]:
    return list(payouts(SOURCE.tables()[DIVIDENDS], krx_calendar()))


def test_dividends_are_paid_about_as_companies_pay_them() -> None:
    """Three in four companies, most of them for the year with 31 December as record date, some every quarter."""
    table = SOURCE.tables()[DIVIDENDS]
    payers = {symbol for symbol, rows in table.rows_of.items() if rows.stop > rows.start}
    assert 0.6 < len(payers) / 60 < 0.85
    by_day = np.unique(table.period.astype("datetime64[D]").astype(str).astype("<U10"), return_counts=True)
    ends = {day: int(count) for day, count in zip(*by_day, strict=True) if day.startswith("2022")}
    assert ends["2022-12-31"] > ends["2022-06-30"] > ends["2022-03-31"] > 0
    closes = {symbol: j for j, symbol in enumerate(SOURCE.history(None, None).symbols)}
    bars = SOURCE._bars
    row = {session: t for t, session in enumerate(bars.sessions)}
    yields = [one.annual_dps / bars.base[row[one.ex_date], closes[one.symbol]] for one in announced()]
    assert 0.01 < np.median(yields) < 0.03
    assert max(yields) < 0.3


def test_most_dividends_of_a_year_are_known_only_after_their_ex_date() -> None:
    """Boards decide in February; some announce the amount in December, and a part of the record dates follows the decision."""
    several = announced()
    in_time = [one for one in several if one.known_from < one.ex_date]
    assert 0.15 < len(in_time) / len(several) < 0.5
    after_the_reform = [one for one in in_time if one.ex_date.year >= 2024 and one.ex_date.month in (2, 3, 4)]
    assert after_the_reform
    assert all(krx_calendar().is_session(one.known_from) for one in several if one.known_from.year < 2028)


def test_a_share_falls_by_its_dividend_as_it_goes_ex() -> None:
    """In the mean over all of them: the open lies below the evening before by about what is gone."""
    panel = SampleSource(7, 4_000).history(None, None)
    row = {session: t for t, session in enumerate(panel.sessions)}
    falls = []
    for one in announced():
        t, j = row[one.ex_date], panel.column[one.symbol]
        falls.append((panel.close[t - 1, j] - panel.open[t, j]) / one.dps)
    assert 0.7 < float(np.mean(falls)) < 1.3
