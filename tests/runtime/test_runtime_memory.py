"""The garbage collector rests within a run, and works again behind it."""

from __future__ import annotations

import gc
import weakref

import pytest

from kats_core.runtime.memory import EVERY, paused_collection


class Ring:
    """An object that holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_the_collector_rests_within_and_works_behind() -> None:
    """What was alive before is looked at again, too."""
    assert gc.isenabled()
    frozen = gc.get_freeze_count()
    with paused_collection():
        assert not gc.isenabled()
        assert gc.get_freeze_count() > frozen
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_a_run_that_fails_leaves_a_working_collector() -> None:
    """The process may go on with something else."""
    with pytest.raises(RuntimeError, match="the run failed"), paused_collection():
        raise RuntimeError("the run failed")
    assert gc.isenabled()


def test_a_collector_that_somebody_paused_stays_paused() -> None:
    """Whoever paused it will let it work again."""
    gc.disable()
    try:
        with paused_collection():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_cycles_of_a_run_do_not_pile_up() -> None:
    """A strategy may make some: every few sessions they go."""
    with paused_collection() as collect:
        gone = weakref.ref(Ring())
        assert gone() is not None
        for _ in range(EVERY):
            collect()
        assert gone() is None
