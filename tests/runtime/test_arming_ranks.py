"""Who is armed of a whole market: the first by several keys, without sorting all of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kats_core.runtime.arming import _leading

FEW = st.sampled_from([-2.0, -1.0, 0.0, float("inf")])


@given(st.lists(st.tuples(FEW, FEW, FEW), max_size=40), st.integers(1, 12))
def test_the_first_by_all_keys_are_among_the_leading(rows: list[tuple[float, float, float]], count: int) -> None:
    """Ties of an earlier key are broken by a later one; places that tie in all keys all stay."""
    keys = [np.array([row[n] for row in rows]) for n in range(3)]
    leading = set(_leading(keys, count).tolist())
    ordered = sorted(range(len(rows)), key=lambda n: rows[n])
    assert set(ordered[:count]) <= leading
    last = rows[ordered[min(count, len(rows)) - 1]] if rows else None
    assert all(rows[n] <= last for n in leading if last is not None)
