"""Place registrations on the sessions of a pool, and say which message a session sends next.

Pure. A registration stays where it is as long as it can. What is wanted before and after a change is never given up in
between, and a place is freed only after what takes its turn is proven, unless there is no room for both.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from kats_core.kis.stream.registrations import Registration


def place(
    wanted: Sequence[Registration],
    before: Mapping[Registration, str],
    rooms: Mapping[str, int],
    pinned: Mapping[Registration, str],
) -> dict[Registration, str]:
    """Return the session of each registration, in the order in which they are wanted, dearest first.

    `rooms` are the places of each session that can be used; `pinned` registrations live on their own session or nowhere.
    Others stay where they were `before`, else they go to the session that has their symbol already, so that its trades and its
    book keep their order, else where most places are free. What finds no room is left away.
    """
    free = dict(rooms)
    found: dict[Registration, str] = {}
    home: dict[str, str] = {}

    def put(one: Registration, session: str | None) -> None:
        if session is not None and one not in found and free.get(session, 0) > 0:
            found[one] = session
            home.setdefault(one.key, session)
            free[session] -= 1

    for one in wanted:
        put(one, pinned.get(one))
    rest = [one for one in wanted if one not in pinned]
    for one in rest:
        put(one, before.get(one))
    for one in rest:
        put(one, home.get(one.key))
        put(one, max(free, key=lambda session: free[session], default=None))
    return {one: found[one] for one in wanted if one in found}


class Step(NamedTuple):
    """One message to the broker: register, or unregister."""

    is_register: bool
    registration: Registration


def next_step(
    aim: Sequence[Registration],
    live: Collection[Registration],
    asked: Mapping[Registration, bool],
    hard_limit: int,
) -> Step | None:
    """Return what a session sends next to come nearer to its aim, dearest first; None: nothing, or nothing before an answer.

    `live` are the proven registrations, `asked` what was sent without an answer yet (True: a registration).
    """
    wanted = frozenset(aim)
    missing = next((one for one in aim if one not in live and one not in asked), None)
    spare = next((one for one in live if one not in wanted and one not in asked), None)
    coming = [one for one, is_register in asked.items() if is_register and one not in live]
    if missing is not None:
        if len(live) + len(coming) < hard_limit:
            return Step(True, missing)
        is_freeing = any(not is_register for is_register in asked.values())
        return None if spare is None or is_freeing else Step(False, spare)
    if spare is not None and not coming:
        return Step(False, spare)
    return None
