"""Cut a proposal to the tightest of several rooms, the way every stage that caps a sum does it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kats_core.model.kinds import Decision
from kats_core.model.labels import Code
from kats_core.model.setup import Numbers
from kats_core.model.verdict import Proposal, Verdict, reject, resize

_APPROVE = Decision.APPROVE


class Room(msgspec.Struct, frozen=True, gc=False):
    """How many shares a rule leaves, and the code it cuts with."""

    code: Code
    shares: int


def fit(proposal: Proposal, rooms: Sequence[Room], detail: Numbers, *, least_krw: int = 0) -> Verdict:
    """Approve what fits every room, cut to the tightest, or reject what is then under one share or `least_krw` won.

    Of several equally tight rooms the first gives its code.
    """
    quantity, tightest = proposal.quantity or 0, rooms[0]
    for room in rooms:
        if room.shares < tightest.shares:
            tightest = room
    if tightest.shares >= quantity:
        return Verdict(_APPROVE, quantity, None, detail)
    if tightest.shares < 1 or tightest.shares * proposal.entry_limit < least_krw:
        return reject(tightest.code, detail)
    return resize(tightest.shares, tightest.code, detail)
