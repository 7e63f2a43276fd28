"""The price ladder of exits, by `spec/orders.md` section 4.3."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.exits.ladder import Rung, rung
from kats_core.market.limits import PriceLimits
from kats_core.market.ticks import tick_table
from kats_core.model.bar import Book, BookLevel
from kats_core.model.kinds import InstrumentKind, Market
from kats_core.model.time import SECOND

TICKS = tick_table(dt.date(2026, 3, 4), Market.KOSPI, InstrumentKind.STOCK)
LIMITS = PriceLimits(base=25_400, upper=33_000, lower=17_800)
START = 1_000 * SECOND


def book(bid: int | None, at: int = START) -> Book:
    bids = () if bid is None else (BookLevel(bid, 100),)
    return Book("005930", at, (BookLevel(25_500, 100),), bids)


def at(seconds: float, seen: Book | None, **changes: Any) -> Rung:
    usual: dict[str, Any] = {"last": 25_450, "stop": 25_450, "is_urgent": False}
    now = START + int(seconds * SECOND)
    return rung(START, now, seen, ticks=TICKS, limits=LIMITS, **(usual | changes))


def test_an_exit_steps_down_to_the_market_in_six_seconds() -> None:
    """At the bid, two ticks below it, at the market."""
    seen = book(25_400)
    assert at(0, seen) == at(2.9, seen) == Rung(25_400, START + 3 * SECOND)
    assert at(3, seen) == Rung(25_300, START + 6 * SECOND)
    assert at(6, book(25_400, START + 2 * SECOND)) == Rung(None, None)


@pytest.mark.parametrize(
    ("seen", "changes"),
    [
        (None, {}),
        (book(25_400, START - 5 * SECOND - 1), {}),
        (book(None), {}),
        (book(25_400), {"is_urgent": True}),
        (book(25_400), {"stop": 26_000, "last": 25_740}),
    ],
    ids=["no book", "an old book", "nobody bids", "urgent", "one percent through the stop"],
)
def test_some_exits_have_no_time_for_steps(seen: Book | None, changes: dict[str, Any]) -> None:
    """They go to the market at once."""
    assert at(0, seen, **changes) == Rung(None, None)


def test_a_price_less_than_one_percent_through_the_stop_steps() -> None:
    """The border belongs to the market order."""
    assert at(0, book(25_400), stop=26_000, last=25_741).limit == 25_400


def test_at_the_lower_limit_without_bids_an_exit_queues() -> None:
    """And no step stands below it."""
    assert at(0, book(None), last=17_800) == at(9, book(None, START + 9 * SECOND), last=17_800) == Rung(17_800, None)
    assert at(3, book(17_800), last=25_450).limit == 17_800


@given(bid=st.integers(17_800, 32_900), seconds=st.integers(0, 5))
def test_every_limit_is_on_a_tick_inside_the_days_limits(bid: int, seconds: int) -> None:
    """Also for a bid between ticks; never above the bid unless at the lower limit."""
    limit = at(seconds, book(bid)).limit
    assert limit is not None
    assert TICKS.is_on_tick(limit)
    assert LIMITS.contains(limit)
    assert limit <= max(bid, TICKS.rup(LIMITS.lower))
