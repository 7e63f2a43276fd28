"""Side tables: a value is read from the evening on which it became known, never earlier."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from kats_core.market.tables import SideTable

D = [dt.date(2025, 10, 20) + dt.timedelta(days=n) for n in range(5)]
DAYS = np.array(D, dtype="datetime64[D]")


def table(symbol: list[int], period: list[int], known: list[int], values: list[float]) -> SideTable:
    return SideTable(
        name="quarters",
        symbols=("000010", "000020"),
        symbol=np.array(symbol, dtype=np.int32),
        period=DAYS[period],
        available_from=DAYS[known],
        columns={"eps_krw": np.array(values)},
        source="test",
    )


def test_the_latest_value_counts_from_the_evening_it_became_known() -> None:
    """A report about an earlier day is invisible until it was filed; another symbol's records do not matter."""
    quarters = table([0, 0, 1], [0, 1, 0], [1, 3, 2], [10.0, 20.0, 7.0])
    latest = quarters.latest("eps_krw", ["000020", "000010", "999990"], D)
    np.testing.assert_array_equal(latest[:, 1], [np.nan, 10, 10, 20, 20])
    np.testing.assert_array_equal(latest[:, 0], [np.nan, np.nan, 7, 7, 7])
    assert np.isnan(latest[:, 2]).all()


def test_daily_values_are_only_those_known_on_the_same_evening() -> None:
    """A number about day 2 that came on day 3 is no daily value of day 2."""
    flows = table([0, 0, 0], [0, 2, 4], [0, 3, 4], [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(flows.daily("eps_krw", ["000010"], D)[:, 0], [1, np.nan, np.nan, np.nan, 3])


def test_until_cuts_by_knowledge_not_by_period() -> None:
    """What was filed later is not part of the past, whatever it is about."""
    known = table([0, 0, 1], [0, 1, 0], [1, 3, 2], [10.0, 20.0, 7.0]).until(D[2])
    assert known.columns["eps_krw"].tolist() == [10.0, 7.0]


def test_a_column_that_is_not_there_is_missing() -> None:
    """Nothing is guessed."""
    assert np.isnan(table([0], [0], [0], [1.0]).latest("revenue_krw", ["000010"], D)).all()


def test_rows_out_of_order_are_refused() -> None:
    """Lookups rely on the order, so a table that lacks it is a programming error."""
    with pytest.raises(ValueError, match="not ordered"):
        table([0, 0], [1, 0], [3, 1], [1.0, 2.0])
