"""The counterfactual ledger: what was cut from a signal, and what the cuts of each stage add up to."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from kats_core.journal.ledger import Course, Cut, Entry, Fate, cuts_of, ledger
from kats_core.journal.rejudged import Answer, Judgement
from kats_core.model.kinds import Decision
from kats_core.model.record import SignalStatus

APPROVE, RESIZE, REJECT, DEFER, SKIPPED = (
    Decision.APPROVE,
    Decision.RESIZE,
    Decision.REJECT,
    Decision.DEFER,
    Decision.SKIPPED,
)
DAY = dt.date(2026, 3, 4)


def judged(**answers: Answer) -> Judgement:
    """Return what stages decided, in this order."""
    return Judgement(answers=answers, status=SignalStatus.ORDERED, code=None, quantity=None)


def test_a_signal_that_passes_whole_is_not_cut() -> None:
    """The sizing stage sets the quantity; that is no cut."""
    assert cuts_of(None, judged(size=Answer(APPROVE, 100), a=Answer(APPROVE, 100)), 40) == (100, ())


def test_every_stage_is_charged_with_the_shares_it_took() -> None:
    """100 are asked for; one stage leaves 60, the next 40, the third refuses them."""
    found = cuts_of(
        None,
        judged(
            size=Answer(APPROVE, 100),
            a=Answer(RESIZE, 60, "a:LESS"),
            b=Answer(RESIZE, 40, "b:LESS"),
            c=Answer(REJECT, None, "c:NO"),
            d=Answer(SKIPPED),
        ),
        999,
    )
    assert found == (
        100,
        (Cut("a", RESIZE, "a:LESS", 40), Cut("b", RESIZE, "b:LESS", 20), Cut("c", REJECT, "c:NO", 40)),
    )


def test_without_a_size_the_signal_counts_with_what_it_hoped_for() -> None:
    """The sizing stage itself refused."""
    assert cuts_of(None, judged(size=Answer(REJECT, None, "s:WIDE"), a=Answer(SKIPPED)), 40) == (
        40,
        (Cut("size", REJECT, "s:WIDE", 40),),
    )


def test_an_add_comes_with_its_quantity() -> None:
    """So the sizing stage can cut it too; a deferral is a cut like a refusal."""
    found = cuts_of(30, judged(size=Answer(RESIZE, 20, "s:LESS"), a=Answer(DEFER, None, "a:LATER", 5)), 40)
    assert found == (30, (Cut("size", RESIZE, "s:LESS", 10), Cut("a", DEFER, "a:LATER", 20)))


def entry(asked: int, course: Course, *cuts: Cut) -> Entry:
    """Return a signal that was cut."""
    return Entry(signal_id="x", session=DAY, instance="i", symbol="005930", asked=asked, cuts=cuts, course=course)


def closed(r: float | None, net: int) -> Course:
    """Return a course that ended."""
    return Course(fate=Fate.CLOSED, quantity=100, net_profit=net, r_multiple=r)


def test_the_sums_of_a_worked_example() -> None:
    """A shrinks 100 to 60 and B refuses the rest of a loser of -1 R; B refuses a winner of 2 R whole.

    A saved 0.4 R; B saved 0.6 R and lost 2 R: +60 000 - 200 000 won.
    """
    loser = entry(100, closed(-1.0, -100_000), Cut("a", RESIZE, "a:LESS", 40), Cut("b", REJECT, "b:NO", 60))
    winner = entry(50, closed(2.0, 200_000), Cut("b", REJECT, "b:NO", 50))
    a, b = ledger(["size", "a", "b"], [loser, winner], Counter(b=3), Counter(a=1)).stages
    assert (a.stage, a.refused, a.shrunk, a.won, a.lost) == ("a", 0, 1, 0, 1)
    assert (a.sum_r, a.average_r, a.effect, a.bought_later) == (-0.4, -1.0, 40_000, 1)
    assert (b.stage, b.refused, b.shrunk, b.won, b.lost, b.repeats) == ("b", 2, 0, 1, 1, 3)
    assert b.sum_r == pytest.approx(1.4)
    assert b.average_r == pytest.approx(1.4 / 1.6)
    assert b.effect == 60_000 - 200_000


def test_what_could_not_be_filled_counts_in_no_sum() -> None:
    """Neither won nor lost, no R, no won."""
    (only,) = ledger(
        ["a"], [entry(10, Course(fate=Fate.NOT_FILLED), Cut("a", REJECT, "a:NO", 10))], Counter(), Counter()
    ).stages
    assert (only.refused, only.won, only.lost, only.sum_r, only.average_r, only.effect) == (1, 0, 0, 0.0, None, 0)
    assert only.not_filled == 1


def test_open_positions_count_with_what_they_are_worth() -> None:
    """And are told apart; one without R, bought under its stop, counts in won only."""
    fate = Course(fate=Fate.OPEN, quantity=10, net_profit=5_000, r_multiple=0.5)
    cuts = [entry(10, course, Cut("a", REJECT, None, 10)) for course in (fate, closed(None, -1_000))]
    (only,) = ledger(["a"], cuts, Counter(), Counter()).stages
    assert (only.still_open, only.won, only.lost, only.sum_r, only.average_r, only.effect) == (
        1,
        1,
        1,
        0.5,
        0.5,
        -4_000,
    )
