"""Turn plain values into facts, so that a test may write `facts={"stars": 4}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from kats_core.model.fact import Fact, FactValue, missing
from kats_core.model.kinds import FactSource
from kats_core.model.time import Nanos

Inputs: TypeAlias = Mapping[str, Fact | FactValue]
"""Inputs by name. A plain value was delivered just now; a `Fact` has an age and an origin of its own."""


def fact_from(inputs: Inputs, name: str, now: Nanos) -> Fact:
    """Return the input as a fact; a name that is not there, or None, is a missing fact."""
    given = inputs.get(name)
    if isinstance(given, Fact):
        return given
    if given is None:
        return missing(name)
    return Fact(name, given, now, FactSource.FEED)
