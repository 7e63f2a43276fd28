"""Sector strength: like with like over three horizons, flows and breadth on top (`spec/market.md` section 6)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.screening.flows import Flow, flow_of
from kats_core.market.sectors import BUY_BONUS, SELL_MALUS, SectorStrength, composed, sector_strength

SECTORS = ["A", "A", "A", "B", "B", "B"]
SESSIONS = 30


def closes(*changes: tuple[float, float, float], symbols: int = 3) -> np.ndarray:
    """Closes whose last session has the given changes over 1, 5 and 20 sessions, by sector."""
    columns = []
    for one, five, twenty in changes:
        column = np.full(SESSIONS, 100.0)
        column[-1 - 20] = 1000 / (1 + twenty)
        column[-1 - 5] = 1000 / (1 + five)
        column[-1 - 1] = 1000 / (1 + one)
        column[-1] = 1000
        columns += [column] * symbols
    return np.array(columns).T


def strength(close: np.ndarray, index: np.ndarray, sectors: list[str | None] | None = None) -> SectorStrength:
    own: list[str | None] = [*SECTORS] if sectors is None else sectors
    return sector_strength(own, close, np.ones(close.shape), np.ones(close.shape, dtype=np.bool_), index)


EXAMPLE = closes((0.012, 0.030, 0.080), (0.010, -0.010, 0.020))
INDEX = closes((0.004, 0.010, 0.030), symbols=1)[:, 0]


def test_the_example_of_the_specification() -> None:
    """A is stronger than the market on every horizon, B on one only."""
    found = strength(EXAMPLE, INDEX)
    np.testing.assert_allclose(found.relative[-1], [0.0200, -0.0050])
    bonus = np.array([BUY_BONUS, SELL_MALUS])
    np.testing.assert_allclose(composed(found.relative[-1], bonus, np.array([0.75, 0.40])), [0.0265, -0.0072])
    assert found.rank[-1].tolist() == [1, 2]


def test_a_sector_of_fewer_than_three_is_not_ranked() -> None:
    """Two members, or three of which one has no close, say nothing."""
    close = EXAMPLE.copy()
    close[-6, 4] = np.nan
    found = strength(close, INDEX)
    assert found.rank[-1].tolist() == [1, 0]
    assert np.isnan(found.composite[-1, 1])
    assert strength(EXAMPLE[:, :5], INDEX, ["A", "A", "A", "B", "B"]).rank[-1].tolist() == [1, 0]


def test_a_symbol_without_a_sector_belongs_to_none() -> None:
    """It weighs nowhere."""
    found = strength(EXAMPLE, INDEX, ["A", "A", "A", None, None, None])
    assert found.names == ("A",)


def test_members_weigh_what_they_were_worth_at_the_beginning() -> None:
    """A doubling of the small one of 1 : 1 : 8 is worth a tenth."""
    close = np.full((2, 3), 100.0)
    close[1, 0] = 200.0
    cap = np.array([[1.0, 1.0, 8.0], [100.0, 1.0, 1.0]])
    found = sector_strength(["A"] * 3, close, cap, np.ones((2, 3), dtype=np.bool_), np.ones(2))
    assert found.returns[0][1, 0] == pytest.approx(0.1)


def test_breadth_is_of_those_that_moved() -> None:
    """Unchanged ones are not counted; where none moved it is 0."""
    close = np.array([[10.0, 10, 10, 10], [11, 9, 10, 12], [11, 9, 10, 12]])
    found = strength(close, np.ones(3), ["A"] * 4)
    assert found.breadth[1:, 0].tolist() == [2 / 3, 0.0]


@pytest.mark.parametrize(
    ("inst", "foreign", "flow"), [(1, 1, Flow.BUY), (-1, -1, Flow.SELL), (3, -1, Flow.NEUTRAL), (1, 0, Flow.NEUTRAL)]
)
def test_a_flow_needs_both_on_one_side(inst: float, foreign: float, flow: Flow) -> None:
    """Of members whose sums over five sessions are known."""
    shape, whole = (2, 3), np.ones((2, 3), dtype=np.bool_)
    inst5, foreign5 = np.full(shape, float(inst)), np.full(shape, float(foreign))
    inst5[0] = np.nan
    inst5[1, 2], foreign5[1, 2] = np.nan, -9
    found = sector_strength(["A"] * 3, np.ones(shape), np.ones(shape), whole, np.ones(2), inst5, foreign5)
    assert [flow_of(int(sign)) for sign in found.flow[:, 0]] == [Flow.NEUTRAL, flow]


def test_no_return_is_taken_across_a_change_of_the_price_scale() -> None:
    """Of four members one was split: it counts again when a horizon lies behind it, and its sector goes without it."""
    close = np.full((4, 4), 100.0)
    close[1:, 0] = 50.0
    close[3] *= 1.1
    breaks = np.zeros(close.shape, dtype=np.bool_)
    breaks[1, 0] = True
    ones = np.ones(close.shape)
    found = sector_strength(["A"] * 4, close, ones, ones > 0, np.ones(4), breaks=breaks)
    np.testing.assert_allclose(found.returns[0][1:, 0], [0, 0, 0.1])
    assert found.breadth[:, 0].tolist() == [0, 0, 0, 1]


def test_equals_are_ranked_by_name() -> None:
    """Whatever the order of the symbols."""
    found = strength(closes((0.01, 0.01, 0.01), (0.01, 0.01, 0.01)), INDEX, [*"BBBAAA"])
    assert found.names == ("A", "B")
    assert found.rank[-1].tolist() == [1, 2]


@settings(max_examples=30)
@given(st.integers(0, 1000), st.integers(1, SESSIONS))
def test_what_comes_later_does_not_change_what_was(seed: int, cut: int) -> None:
    """A truncated history gives the same ranks up to its end."""
    chance = np.random.default_rng(seed)
    close, cap = chance.uniform(50, 150, (SESSIONS, 6)), chance.uniform(1, 9, (SESSIONS, 6))
    close[chance.uniform(size=close.shape) < 0.05] = np.nan
    whole, flows = np.ones(close.shape, dtype=np.bool_), chance.normal(size=(2, SESSIONS, 6))
    index = chance.uniform(50, 150, SESSIONS)
    full = sector_strength([*SECTORS], close, cap, whole, index, *flows)
    early = sector_strength([*SECTORS], close[:cut], cap[:cut], whole[:cut], index[:cut], *flows[:, :cut])
    np.testing.assert_array_equal(full.rank[:cut], early.rank)
    np.testing.assert_array_equal(full.composite[:cut], early.composite)
