"""The gap report: from when to when there was no proof that a symbol was fed."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from kats_core.kis.stream.gaps import Gap, GapReason, Gaps
from kats_core.model.time import SECOND

CONNECTION, SILENCE = GapReason.CONNECTION, GapReason.SILENCE


def test_a_lost_connection_is_a_gap_from_the_last_proof_to_the_answer() -> None:
    """As long as it lasts it has no end; the answer to the new registration ends it."""
    gaps = Gaps()
    gaps.begin("005930", 100, CONNECTION)
    assert gaps.report() == (Gap("005930", 100, None, CONNECTION),)
    gaps.answered("005930", 130)
    gaps.heard("005930", 190)
    assert gaps.report() == (Gap("005930", 100, 130, CONNECTION),)


def test_an_answer_without_a_message_does_not_end_a_gap() -> None:
    """Acknowledged and silent (`kis/quirks.md` F4): it is one gap from the first loss to the first message."""
    gaps = Gaps()
    gaps.begin("005930", 100, CONNECTION)
    gaps.answered("005930", 130)
    gaps.begin("005930", 130, SILENCE)
    gaps.heard("005930", 300)
    assert gaps.report() == (Gap("005930", 100, 300, CONNECTION),)


def test_the_report_can_be_of_some_symbols() -> None:
    """Whoever repairs bars asks for its own."""
    gaps = Gaps()
    gaps.begin("005930", 100, CONNECTION)
    gaps.begin("000660", 90, SILENCE)
    assert [gap.symbol for gap in gaps.report()] == ["000660", "005930"]
    assert [gap.symbol for gap in gaps.report(["005930"])] == ["005930"]


def test_losses_that_follow_each_other_are_one_gap() -> None:
    """A thousand trades thrown away in a second are one line of the report."""
    gaps = Gaps()
    for at in (0, SECOND, 2 * SECOND, 10 * SECOND):
        gaps.lost("005930", at, GapReason.BEHIND)
    assert gaps.report() == (
        Gap("005930", 0, 2 * SECOND, GapReason.BEHIND),
        Gap("005930", 10 * SECOND, 10 * SECOND, GapReason.BEHIND),
    )


def test_old_gaps_are_dropped_and_counted() -> None:
    """Memory stays bounded."""
    gaps = Gaps(most=2)
    for start in (1, 2, 3):
        gaps.add(Gap("005930", start, start + 1, SILENCE))
    assert [gap.start for gap in gaps.report()] == [2, 3]
    assert gaps.forgotten == 1


@given(st.lists(st.tuples(st.sampled_from(["begin", "answered", "heard", "forget"]), st.integers(1, 5)), max_size=60))
def test_gaps_of_a_symbol_never_overlap_and_never_run_backwards(path: list[tuple[str, int]]) -> None:
    """Any order of events gives spans that follow each other."""
    gaps, now, last_proof = Gaps(), 0, 0
    for event, passed in path:
        now += passed
        if event == "begin":
            gaps.begin("005930", last_proof, CONNECTION)
        else:
            getattr(gaps, event)("005930", now)
            last_proof = now
    report = gaps.report()
    for one, following in pairwise(report):
        assert one.end is not None
        assert one.start <= one.end <= following.start
