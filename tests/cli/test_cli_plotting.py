"""Lines over time in plain characters."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from kats_core.cli.plotting import Mark, plot

UP, DOWN = Mark("+", "green"), Mark("-", "red")
ENDS = ("2025-01-02", "2025-12-30")


def drawn(values: list[float], width: int = 20, height: int = 3, marks: list[Mark] | None = None) -> list[str]:
    return [line.plain for line in plot(values, marks or [UP] * len(values), ENDS, width, height)]


def test_a_rise_goes_from_the_lower_left_to_the_upper_right() -> None:
    """Two values share a line of characters; the axis names the lowest and the highest."""
    assert drawn([101, 102, 103, 104, 105, 106])[:4] == [
        " 106┤    ▄█",
        "    │  ▄█▀ ",
        " 101┤▄█▀   ",
        "    └++++++",
    ]


def test_the_ends_are_named_below() -> None:
    """The first below the first column, the last below the last."""
    assert drawn([float(n) for n in range(100)], 40)[-1].split() == [*ENDS]


def test_the_sign_of_a_column_is_the_one_of_most_of_its_points() -> None:
    """Where signs are alike the eye needs no colour."""
    lines = drawn([1.0] * 6, 5, marks=[UP, UP, DOWN, DOWN, DOWN, UP])
    assert lines[-2] == "  └+-"


def test_what_is_missing_leaves_a_gap() -> None:
    """And nothing at all is no plot."""
    assert drawn([1, math.nan, 1])[1] == "  │▀ ▀"
    assert drawn([math.nan]) == []


@given(
    st.lists(st.one_of(st.just(math.nan), st.floats(0.1, 1e6)), min_size=1, max_size=300),
    st.integers(12, 120),
    st.integers(1, 20),
)
def test_a_plot_keeps_within_its_width(values: list[float], width: int, height: int) -> None:
    """The names of the ends stand below it, however narrow it is."""
    lines = drawn(values, width, height)
    assert all(len(line) <= width for line in lines[:-1])
    assert len(lines) in (0, height + 2)
