"""What the kit compares with: the same past in all that a strategy may read, and another future."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kats_core.market.panel import Panel
from kats_core.model import time
from kats_core.testing.kit import markets
from kats_core.testing.kit.markets import BESIDE, COLUMNS, Future, awkward, usual, with_future
from kats_core.testing.kit.rehearsal import other_minutes

PANEL = usual()
CUTS = st.integers(1, len(PANEL.sessions) - 20)


def beside(panel: Panel, until: object) -> dict[str, bytes]:
    """Return what is known beside bars by the evening of a session."""
    day = np.datetime64(until, "D")  # type: ignore[call-overload]
    found = {}
    for name, table in panel.tables.items():
        known = table.available_from <= day
        found[name] = b"".join(column[known].tobytes() for column in table.columns.values())
    for name, index in panel.indices.items():
        rows = sum(1 for session in index.sessions if np.datetime64(session, "D") <= day)
        found[name] = index.close[:rows].tobytes() + index.value[:rows].tobytes()
    return found


@settings(max_examples=12)
@given(t=CUTS, future=st.sampled_from(list(Future)))
def test_the_past_is_the_same_in_everything(t: int, future: Future) -> None:
    """Up to the row of the cut, in every column, in the tables and the indices."""
    other = with_future(PANEL, t, future)
    assert other.sessions[: t + 1] == PANEL.sessions[: t + 1]
    assert other.next_session[t] == PANEL.next_session[t]
    for name in ("present", *COLUMNS):
        np.testing.assert_array_equal(getattr(other, name)[: t + 1], getattr(PANEL, name)[: t + 1])
    assert beside(other, PANEL.sessions[t]) == beside(PANEL, PANEL.sessions[t])


@settings(max_examples=8)
@given(t=CUTS)
def test_the_future_is_another_in_everything(t: int) -> None:
    """And bars that contradict themselves are not among it."""
    other = with_future(PANEL, t, Future.OTHER)
    for name in COLUMNS:
        assert (getattr(other, name)[t + 1 :] != getattr(PANEL, name)[t + 1 :]).mean() > 0.5
    assert beside(other, PANEL.sessions[-1]) != beside(PANEL, PANEL.sessions[-1])
    there = other.present
    assert (other.low[there] <= other.close[there]).all()
    assert (other.close[there] <= other.high[there]).all()
    assert (other.low[there] > 0).all()
    assert (other.value[there] > 0).all()


@pytest.mark.parametrize("field", [*COLUMNS, *BESIDE])
def test_one_field_alone_can_be_another(field: str) -> None:
    """That is how a finding names what was read."""
    t = 300
    other = with_future(PANEL, t, Future.OTHER, (field,))
    for name in COLUMNS:
        is_same = np.array_equal(getattr(other, name), getattr(PANEL, name))
        assert is_same is (name != field)
    tables = all(other.tables[name] is PANEL.tables[name] for name in PANEL.tables)
    indices = all(other.indices[name] is PANEL.indices[name] for name in PANEL.indices)
    assert (tables, indices) == (field != "tables", field != "indices")


def test_no_future_is_none() -> None:
    """Cut off: the last row still arms its session."""
    other = with_future(PANEL, 100, Future.GONE)
    assert other.sessions == PANEL.sessions[:101]
    assert other.next_session[-1] == PANEL.sessions[101]


def test_awkward_markets_are_what_a_source_may_bring() -> None:
    """Cells without trading hold zeros; the others have a volume."""
    for kind, panel in awkward(PANEL, bars_needed=30):
        absent = ~panel.present
        assert not panel.close[absent].any(), kind
        assert not panel.volume[absent].any(), kind
        assert (panel.volume[panel.present] > 0).all(), kind


def test_the_fixture_of_pytest_is_the_usual_market(kats_panel: Panel) -> None:
    """Sixty companies and a fund, with tables and indices beside their bars."""
    assert kats_panel.present.shape == (520, 61)
    assert {"flows", "quarters"} <= set(kats_panel.tables)
    assert "KOSPI" in kats_panel.indices


def test_nobody_can_write_into_the_usual_market() -> None:
    """What one plugin does to it would be another's finding."""
    with pytest.raises(ValueError, match="read-only"):
        PANEL.close[0, 0] = 1


def test_minutes_are_the_same_up_to_the_cut() -> None:
    """Behind it each symbol's bars run backwards; the closing auction stays."""
    bars = markets.sample(520).minutes(markets.LAST)
    at = int(bars.start[0]) + 90 * time.MINUTE
    other = other_minutes(bars, at)
    before = bars.start < at
    np.testing.assert_array_equal(other.close[before], bars.close[before])
    np.testing.assert_array_equal(other.start, bars.start)
    assert (other.close[~before] != bars.close[~before]).mean() > 0.5
    np.testing.assert_array_equal(other.close[bars.is_auction], bars.close[bars.is_auction])
    other.bar(len(other) - 1)
