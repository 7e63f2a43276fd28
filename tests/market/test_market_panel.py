"""The panel: which bars of a symbol share one price scale and may be computed together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest

from kats_core.market.panel import Panel
from kats_core.model.instrument import Instrument
from kats_core.model.kinds import InstrumentKind, Scope
from kats_core.testing import DailyRow, panel


def closes(*prices: int | None, scope: Scope = Scope.RAW, armed_for: dt.date = dt.date(2025, 9, 22)) -> Panel:
    """Return days of one price each; None is a day without trading."""
    days: Sequence[DailyRow | None] = [None if p is None else (p, p, p, p, 10) for p in prices]
    return panel({"000010": days}, scope=scope, armed_for=armed_for)


@pytest.mark.parametrize(("price", "breaks"), [(13_000, False), (13_010, True), (7_000, False), (6_990, True)])
def test_a_close_beyond_the_days_limits_changes_the_scale(price: int, breaks: bool) -> None:
    """Exactly 30 percent is a limit day, more is another scale."""
    assert closes(10_000, price).scale_breaks[1, 0] == breaks


def test_an_open_beyond_the_limits_does_too() -> None:
    """The day's close may have come back between them."""
    days: list[DailyRow] = [(10_000, 10_000, 10_000, 10_000, 10), (14_000, 14_000, 12_000, 12_000, 10)]
    assert panel({"000010": days}).scale_breaks[1, 0]


def test_the_limits_are_those_of_the_date() -> None:
    """15 percent until June 2015."""
    assert closes(10_000, 12_000, armed_for=dt.date(2014, 9, 22)).scale_breaks[1, 0]
    assert not closes(10_000, 12_000).scale_breaks[1, 0]


def test_a_leveraged_fund_may_move_twice_as_far() -> None:
    """A 2X fund has 60 percent."""
    days: list[DailyRow] = [(10_000, 10_000, 10_000, 10_000, 10), (15_900, 15_900, 15_900, 15_900, 10)]
    fund = Instrument(symbol="122630", kind=InstrumentKind.ETF, leverage=2)
    assert not panel({"122630": days}, instruments=[fund]).scale_breaks.any()
    assert panel({"122630": days}).scale_breaks.any()


def test_adjusted_prices_are_tested_with_their_rounding() -> None:
    """Half a won of rounding makes 3 of 2 no split; at ordinary prices one percent more than the limit is allowed."""
    assert not closes(2, 3, 2, scope=Scope.ADJUSTED).scale_breaks.any()
    assert not closes(10_000, 13_090, scope=Scope.ADJUSTED).scale_breaks.any()
    assert closes(10_000, 13_110, scope=Scope.ADJUSTED).scale_breaks.any()


def test_a_halt_hides_no_split() -> None:
    """The first bar after a halt is compared with the last one before it."""
    assert closes(50_000, None, None, 10_000).scale_breaks[:, 0].tolist() == [False, False, False, True]


def test_bars_are_counted_from_the_last_break() -> None:
    """What is needed from before a break is not there; five bars after one are the least."""
    whole = closes(50_000, 50_000, 10_000, None, *[10_000] * 6)
    assert whole.bars_since_break[:, 0].tolist() == [1, 2, 1, 1, 2, 3, 4, 5, 6, 7]
    assert whole.on_one_scale(1)[:, 0].tolist() == [True, True] + [False] * 5 + [True] * 3
    assert whole.on_one_scale(7)[:, 0].tolist() == [True, True] + [False] * 7 + [True]
