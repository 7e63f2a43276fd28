"""The table of `spec/orders.md` section 3, row by row, and what holds for every state."""

from __future__ import annotations

import itertools

import pytest

from kats_core.model.kinds import OrderState as S
from kats_core.model.order import TERMINAL
from kats_core.orders.lifecycle import TRANSITIONS, InvalidTransitionError, advance
from kats_core.orders.lifecycle import OrderStep as E

QUANTITY = 100
ROWS: list[tuple[int, S, E, int, S]] = [
    (1, S.CREATED, E.SEND, 0, S.SUBMITTING),
    (2, S.CREATED, E.CHECK_FAILED, 0, S.REJECTED),
    (3, S.CREATED, E.WITHDRAWN, 0, S.CANCELLED),
    (4, S.SUBMITTING, E.ACCEPTED, 0, S.SUBMITTED),
    (4, S.SUBMITTING, E.ACCEPTED, 40, S.PARTIAL_FILLED),
    (5, S.SUBMITTING, E.REFUSED, 0, S.REJECTED),
    (6, S.SUBMITTING, E.LOST, 0, S.UNKNOWN),
    (7, S.SUBMITTING, E.UNREACHABLE, 0, S.ERROR),
    (9, S.SUBMITTED, E.FILL, 40, S.PARTIAL_FILLED),
    (9, S.SUBMITTED, E.FILL, 100, S.FILLED),
    (10, S.SUBMITTED, E.AMEND, 0, S.AMEND_REQUESTED),
    (10, S.PARTIAL_FILLED, E.AMEND, 40, S.AMEND_REQUESTED),
    (11, S.SUBMITTED, E.CANCEL, 0, S.CANCEL_REQUESTED),
    (11, S.PARTIAL_FILLED, E.CANCEL, 40, S.CANCEL_REQUESTED),
    (12, S.SUBMITTED, E.REFUSED, 0, S.REJECTED),
    (13, S.SUBMITTED, E.CANCELLED, 0, S.CANCELLED),
    (13, S.PARTIAL_FILLED, E.CANCELLED, 40, S.CANCELLED),
    (14, S.PARTIAL_FILLED, E.FILL, 60, S.PARTIAL_FILLED),
    (14, S.PARTIAL_FILLED, E.FILL, 100, S.FILLED),
    (15, S.AMEND_REQUESTED, E.AMENDED, 0, S.SUBMITTED),
    (15, S.AMEND_REQUESTED, E.AMENDED, 40, S.PARTIAL_FILLED),
    (16, S.AMEND_REQUESTED, E.AMEND_REFUSED, 0, S.SUBMITTED),
    (16, S.AMEND_REQUESTED, E.AMEND_REFUSED, 40, S.PARTIAL_FILLED),
    (17, S.AMEND_REQUESTED, E.FILL, 40, S.AMEND_REQUESTED),
    (17, S.AMEND_REQUESTED, E.FILL, 100, S.FILLED),
    (18, S.AMEND_REQUESTED, E.LOST, 0, S.UNKNOWN),
    (20, S.CANCEL_REQUESTED, E.CANCELLED, 40, S.CANCELLED),
    (21, S.CANCEL_REQUESTED, E.FILL, 40, S.CANCEL_REQUESTED),
    (21, S.CANCEL_REQUESTED, E.FILL, 100, S.FILLED),
    (24, S.CANCEL_REQUESTED, E.CANCEL_REFUSED, 0, S.SUBMITTED),
    (24, S.CANCEL_REQUESTED, E.CANCEL_REFUSED, 40, S.PARTIAL_FILLED),
    (25, S.CANCEL_REQUESTED, E.LOST, 0, S.UNKNOWN),
    (26, S.UNKNOWN, E.ACCEPTED, 0, S.SUBMITTED),
    (26, S.UNKNOWN, E.ACCEPTED, 40, S.PARTIAL_FILLED),
    (27, S.UNKNOWN, E.NOT_FOUND, 0, S.REJECTED),
    (28, S.UNKNOWN, E.FILL, 40, S.PARTIAL_FILLED),
    (28, S.UNKNOWN, E.FILL, 100, S.FILLED),
    (29, S.SUBMITTED, E.SESSION_END, 0, S.EXPIRED),
    (29, S.PARTIAL_FILLED, E.SESSION_END, 40, S.EXPIRED),
    (29, S.AMEND_REQUESTED, E.SESSION_END, 0, S.EXPIRED),
    (29, S.CANCEL_REQUESTED, E.SESSION_END, 0, S.EXPIRED),
    (29, S.UNKNOWN, E.SESSION_END, 0, S.EXPIRED),
    (30, S.CANCELLED, E.FILL, 40, S.CANCELLED),
    (30, S.CANCELLED, E.FILL, 100, S.FILLED),
    (30, S.EXPIRED, E.FILL, 40, S.EXPIRED),
    (30, S.EXPIRED, E.FILL, 100, S.FILLED),
    (30, S.REJECTED, E.FILL, 40, S.REJECTED),
    (30, S.REJECTED, E.FILL, 100, S.FILLED),
    (31, S.FILLED, E.FILL, 140, S.FILLED),
]


@pytest.mark.parametrize(("rule", "state", "step", "filled", "after"), ROWS)
def test_a_step_leads_where_the_table_says(rule: int, state: S, step: E, filled: int, after: S) -> None:
    """The number is the rule's (22 is 21 with nothing left), the state the one written there."""
    assert advance(state, step, filled=filled, quantity=QUANTITY) == (after, rule)


def test_the_table_of_the_code_has_the_rows_of_the_specification_and_no_others() -> None:
    """Beside them only fills, which are always booked, the end that an inquiry finds, and a late refusal behind our own wish."""
    rows = {(state, step) for _, state, step, _, _ in ROWS}
    assert rows <= set(TRANSITIONS)
    beside = {(state, E.FILL) for state in S} | {(S.UNKNOWN, E.CANCELLED), (S.UNKNOWN, E.REFUSED)}
    beside |= {(S.AMEND_REQUESTED, E.REFUSED), (S.CANCEL_REQUESTED, E.REFUSED)}
    assert set(TRANSITIONS) <= rows | beside


def test_what_the_table_does_not_list_is_refused() -> None:
    """InvalidTransition; nothing is guessed."""
    for state, step in itertools.product(S, E):
        if (state, step) not in TRANSITIONS:
            with pytest.raises(InvalidTransitionError, match=str(state)):
                advance(state, step, filled=0, quantity=QUANTITY)


@pytest.mark.parametrize("state", [s for s in S if s not in TERMINAL])
def test_every_living_state_has_a_way_to_an_end(state: S) -> None:
    """No order can be stuck: from each state some chain of steps reaches a terminal state."""
    reached, grown = {state}, True
    while grown:
        more = {t.after for (before, _), t in TRANSITIONS.items() if before in reached} - reached
        reached |= more
        grown = bool(more)
    assert reached & TERMINAL


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_an_ended_order_only_ever_takes_fills(state: S) -> None:
    """A late fill is booked; nothing else brings an ended order back."""
    assert {step for before, step in TRANSITIONS if before is state} == {E.FILL}


@pytest.mark.parametrize("state", S)
def test_a_fill_is_never_refused(state: S) -> None:
    """Fills are always booked: the table must not throw one away."""
    assert advance(state, E.FILL, filled=100, quantity=QUANTITY).after is S.FILLED


@pytest.mark.parametrize("state", [S.SUBMITTED, S.AMEND_REQUESTED, S.CANCEL_REQUESTED])
def test_what_the_exchange_refuses_late_is_refused_whatever_we_wished_meanwhile(state: S) -> None:
    """Rule 12: nothing is left to be changed or cancelled, so an exit must not wait for it."""
    assert advance(state, E.REFUSED, filled=0, quantity=QUANTITY).after is S.REJECTED


@pytest.mark.parametrize("state", [S.SUBMITTING, S.UNKNOWN])
def test_an_order_that_turns_out_to_be_filled_is_filled(state: S) -> None:
    """Fills that arrived before the acceptance may be all of it."""
    assert advance(state, E.ACCEPTED, filled=100, quantity=QUANTITY).after is S.FILLED


@pytest.mark.parametrize(("step", "after"), [(E.CANCELLED, S.CANCELLED), (E.REFUSED, S.REJECTED)])
def test_an_inquiry_may_find_an_unknown_order_ended(step: E, after: S) -> None:
    """Rule 26: the state is the inquiry's, also where that is cancelled or refused."""
    assert advance(S.UNKNOWN, step, filled=0, quantity=QUANTITY).after is after
