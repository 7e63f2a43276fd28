"""How long the stream waits between two connections: never not at all (`spec/ops.md` section 8)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.backoff import Backoff, BackoffTerms
from kats_core.model.time import MINUTE, SECOND


def test_pauses_double_up_to_a_minute() -> None:
    """1, 2, 4 ... 60 s, without a maximum count."""
    backoff = Backoff(BackoffTerms())
    pauses = [backoff.pause(0, 0.0) // SECOND for _ in range(9)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_connection_that_lasted_begins_anew() -> None:
    """A minute of proven feed ends the doubling; less does not."""
    backoff = Backoff(BackoffTerms())
    for _ in range(5):
        backoff.pause(0, 0.0)
    assert backoff.pause(MINUTE - 1, 0.0) == 32 * SECOND
    assert backoff.pause(MINUTE, 0.0) == SECOND
    assert backoff.pause(0, 0.0) == 2 * SECOND


def test_a_key_that_is_in_use_waits_longer() -> None:
    """The ghost of the last session lives for about 90 s (`kis/quirks.md` F1)."""
    backoff = Backoff(BackoffTerms())
    pauses = [backoff.pause(0, 0.0, in_use=True) // SECOND for _ in range(5)]
    assert pauses == [15, 30, 60, 120, 120]


@given(st.lists(st.tuples(st.integers(0, 59), st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_there_is_always_a_pause_and_connections_in_a_row_are_few(path: list[tuple[int, float, bool]]) -> None:
    """Regression 19: a clean close does not loop without a pause; however short each connection, the n-th waits its time."""
    terms = BackoffTerms()
    backoff = Backoff(terms)
    for number, (lived, jitter, in_use) in enumerate(path):
        pause = backoff.pause(lived * SECOND, jitter, in_use=in_use)
        assert pause >= min(terms.longest, terms.first * 2**number) // 2
        assert pause <= 2 * terms.longest


def test_terms_without_a_pause_are_refused() -> None:
    """A first pause of nothing would be a loop."""
    with pytest.raises(ValueError, match="never loop"):
        BackoffTerms(first=0)
