"""Keep the garbage collector out of the way of a run.

Records, events and facts hold no cycles, so nothing of them waits for the collector, yet each thousand of them would make it
walk through whatever is alive.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

EVERY = 16
"""Sessions between two collections."""


@contextmanager
def paused_collection() -> Iterator[Callable[[], None]]:
    """Pause automatic collection; call what is yielded between sessions, to collect what was made since the last call.

    What lives when the run begins is not looked at before it ends. A collector that somebody else has paused stays paused.
    """
    was_enabled, young = gc.isenabled(), _Young()
    gc.disable()
    gc.freeze()
    try:
        yield young.collect
    finally:
        gc.unfreeze()
        if was_enabled:
            gc.enable()


class _Young:
    """What was made since the last collection."""

    def __init__(self) -> None:
        self._sessions = 0

    def collect(self) -> None:
        """Collect it, at every few calls: what a session leaves is little and looking at it has its price."""
        self._sessions += 1
        if self._sessions % EVERY == 0:
            gc.collect(0)
