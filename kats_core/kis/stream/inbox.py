"""Hold what came from the stream until the engine takes it: in order, and never more than so much.

Whoever falls behind must not be given a growing pile of old prices. Once more than `patience` messages wait, a new book or
indicative price replaces the older one of its symbol; once `capacity` is reached the oldest trade goes, is counted, and
becomes a gap of its symbol. What must not be lost (`is_kept`: notices, market status, alarms) never goes. Pure.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Backlog:
    """How far the reader was behind: messages that wait, the most that ever waited, and what was replaced or lost."""

    waiting: int = 0
    most: int = 0
    replaced: int = 0
    lost: int = 0


class Inbox(Generic[T]):
    """One ordered queue. Replacing moves to the end: a message never overtakes one that came before it.

    `slot` names what a message replaces, None where each counts. `lose` is told of each message that is thrown away.
    """

    def __init__(
        self,
        slot: Callable[[T], Hashable | None],
        is_kept: Callable[[T], bool],
        lose: Callable[[T], None],
        *,
        patience: int = 2_000,
        capacity: int = 100_000,
    ) -> None:
        if not 0 <= patience <= capacity or capacity == 0:
            raise ValueError(f"an inbox of {capacity} messages cannot begin to replace at {patience}")
        self._slot, self._is_kept, self._lose = slot, is_kept, lose
        self._patience, self._capacity = patience, capacity
        self._messages: OrderedDict[int, T] = OrderedDict()
        self._newest: dict[Hashable, int] = {}
        self._number = 0
        self.backlog = Backlog()

    def __len__(self) -> int:
        return len(self._messages)

    def put(self, message: T) -> None:
        """Add a message behind all others."""
        slot = self._slot(message)
        if slot is not None:
            self._replace(slot)
        if len(self._messages) >= self._capacity:
            self._make_room()
        self._messages[self._number] = message
        self._number += 1
        backlog = self.backlog
        backlog.waiting = len(self._messages)
        backlog.most = max(backlog.most, backlog.waiting)

    def take(self) -> T | None:
        """Return the oldest message, None when nothing waits."""
        if not self._messages:
            return None
        number, message = self._messages.popitem(last=False)
        self._forget(number, message)
        self.backlog.waiting = len(self._messages)
        return message

    def _replace(self, slot: Hashable) -> None:
        older = self._newest.get(slot)
        if older is not None and len(self._messages) > self._patience:
            del self._messages[older]
            self.backlog.replaced += 1
        self._newest[slot] = self._number

    def _make_room(self) -> None:
        for number, message in self._messages.items():
            if not self._is_kept(message):
                del self._messages[number]
                self._forget(number, message)
                self.backlog.lost += 1
                self._lose(message)
                return

    def _forget(self, number: int, message: T) -> None:
        slot = self._slot(message)
        if slot is not None and self._newest.get(slot) == number:
            del self._newest[slot]
