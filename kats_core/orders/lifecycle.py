"""Say what each event does to an order in each state (`spec/orders.md` section 3).

The table is the rule. An event that a state does not list is refused and leaves the state unchanged; fills are listed
for every state, because a fill is always booked: those that come before the acceptance are counted at once and found by
it (rule 4).
"""

from __future__ import annotations

from typing import NamedTuple

from kats_core.model.kinds import OrderState
from kats_core.model.labels import Labelled


class OrderStep(Labelled):
    """What happens to an order."""

    SEND = "SEND", "전송", "sent"
    CHECK_FAILED = "CHECK_FAILED", "주문 점검 실패", "refused by the order gate"
    WITHDRAWN = "WITHDRAWN", "전송 전 취소", "withdrawn before sending"
    ACCEPTED = "ACCEPTED", "접수", "accepted"
    REFUSED = "REFUSED", "거부", "refused"
    LOST = "LOST", "응답 없음", "answer lost"
    UNREACHABLE = "UNREACHABLE", "연결 실패", "nothing was sent"
    FILL = "FILL", "체결", "fill"
    CANCEL = "CANCEL", "취소 요청", "cancel requested"
    CANCELLED = "CANCELLED", "취소 확인", "cancelled"
    CANCEL_REFUSED = "CANCEL_REFUSED", "취소 거부", "cancel refused"
    AMEND = "AMEND", "정정 요청", "amendment requested"
    AMENDED = "AMENDED", "정정 확인", "amended"
    AMEND_REFUSED = "AMEND_REFUSED", "정정 거부", "amendment refused"
    NOT_FOUND = "NOT_FOUND", "주문 없음", "not found at the broker"
    SESSION_END = "SESSION_END", "장 종료", "session ended"


class Transition(NamedTuple):
    """Where a step leads; `rule` is the number in the specification's table."""

    after: OrderState
    rule: int


class InvalidTransitionError(ValueError):
    """An event that the order's state does not allow: a fault to look into; nothing was changed."""


_S, _E = OrderState, OrderStep
_FILL, _FILLED, _PARTIAL, _SUBMITTED = _E.FILL, _S.FILLED, _S.PARTIAL_FILLED, _S.SUBMITTED
_OPEN = (_S.SUBMITTED, _S.PARTIAL_FILLED)
_WORKING = (*_OPEN, _S.AMEND_REQUESTED, _S.CANCEL_REQUESTED, _S.UNKNOWN)

TRANSITIONS: dict[tuple[OrderState, OrderStep], Transition] = {
    (_S.CREATED, _E.SEND): Transition(_S.SUBMITTING, 1),
    (_S.CREATED, _E.CHECK_FAILED): Transition(_S.REJECTED, 2),
    (_S.CREATED, _E.WITHDRAWN): Transition(_S.CANCELLED, 3),
    **{(state, _E.FILL): Transition(state, 4) for state in (_S.CREATED, _S.SUBMITTING)},
    (_S.SUBMITTING, _E.ACCEPTED): Transition(_S.SUBMITTED, 4),
    (_S.SUBMITTING, _E.REFUSED): Transition(_S.REJECTED, 5),
    (_S.SUBMITTING, _E.LOST): Transition(_S.UNKNOWN, 6),
    (_S.SUBMITTING, _E.UNREACHABLE): Transition(_S.ERROR, 7),
    (_S.SUBMITTED, _E.FILL): Transition(_S.PARTIAL_FILLED, 9),
    **{(state, _E.AMEND): Transition(_S.AMEND_REQUESTED, 10) for state in _OPEN},
    **{(state, _E.CANCEL): Transition(_S.CANCEL_REQUESTED, 11) for state in _OPEN},
    # What the exchange refuses late may be on its way to be changed or cancelled already; nothing is left of it either.
    **{(s, _E.REFUSED): Transition(_S.REJECTED, 12) for s in (_S.SUBMITTED, _S.AMEND_REQUESTED, _S.CANCEL_REQUESTED)},
    **{(state, _E.CANCELLED): Transition(_S.CANCELLED, 13) for state in _OPEN},
    (_S.PARTIAL_FILLED, _E.FILL): Transition(_S.PARTIAL_FILLED, 14),
    (_S.AMEND_REQUESTED, _E.AMENDED): Transition(_S.SUBMITTED, 15),
    (_S.AMEND_REQUESTED, _E.AMEND_REFUSED): Transition(_S.SUBMITTED, 16),
    (_S.AMEND_REQUESTED, _E.FILL): Transition(_S.AMEND_REQUESTED, 17),
    (_S.AMEND_REQUESTED, _E.LOST): Transition(_S.UNKNOWN, 18),
    (_S.CANCEL_REQUESTED, _E.CANCELLED): Transition(_S.CANCELLED, 20),
    (_S.CANCEL_REQUESTED, _E.FILL): Transition(_S.CANCEL_REQUESTED, 21),
    (_S.CANCEL_REQUESTED, _E.CANCEL_REFUSED): Transition(_S.SUBMITTED, 24),
    (_S.CANCEL_REQUESTED, _E.LOST): Transition(_S.UNKNOWN, 25),
    (_S.UNKNOWN, _E.ACCEPTED): Transition(_S.SUBMITTED, 26),
    (_S.UNKNOWN, _E.CANCELLED): Transition(_S.CANCELLED, 26),
    (_S.UNKNOWN, _E.REFUSED): Transition(_S.REJECTED, 26),
    (_S.UNKNOWN, _E.NOT_FOUND): Transition(_S.REJECTED, 27),
    (_S.UNKNOWN, _E.FILL): Transition(_S.PARTIAL_FILLED, 28),
    **{(state, _E.SESSION_END): Transition(_S.EXPIRED, 29) for state in _WORKING},
    **{(state, _E.FILL): Transition(state, 30) for state in (_S.CANCELLED, _S.EXPIRED, _S.REJECTED, _S.ERROR)},
    (_S.FILLED, _E.FILL): Transition(_S.FILLED, 31),
}


def advance(state: OrderState, step: OrderStep, *, filled: int, quantity: int) -> Transition:
    """Return where `step` leads an order of which `filled` of `quantity` shares are filled afterwards.

    A fill that completes the order leads to FILLED from everywhere; an order that is accepted, or comes back from an
    amendment or a refused cancel, with shares filled is PARTIAL_FILLED, and FILLED when they are all of it.

    Raises:
        InvalidTransitionError: the table has no such step.
    """
    transition = TRANSITIONS.get((state, step))
    if transition is None:
        raise InvalidTransitionError(f"an order that is {state} cannot take the step {step}")
    if step is _FILL and filled >= quantity:
        return Transition(_FILLED, transition.rule)
    if filled > 0 and transition.after is _SUBMITTED:
        return Transition(_PARTIAL if filled < quantity else _FILLED, transition.rule)
    return transition
