"""Collect the checks of several plugins as things that a test can call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from kats_core.plugins import installed
from kats_core.testing.kit.findings import CheckOutcome
from kats_core.testing.kit.subject import Subject, find
from kats_core.testing.kit.suite import Check, checks_for, run


class BreachError(AssertionError):
    """A plugin does not keep to the contract; the text has a line for each breach."""


@dataclass(frozen=True, slots=True)
class PluginCheck:
    """One check of one plugin."""

    subject: Subject
    check: Check

    def __call__(self) -> None:
        """Carry it out.

        Raises:
            BreachError: the plugin fails it.
        """
        require(self.check, self.subject)

    def __str__(self) -> str:
        return f"{self.subject.name}-{self.check.name}"


def require(check: Check, subject: Subject) -> None:
    """Carry out a check; raises `BreachError` where it fails, and skips the test where there is nothing to look at."""
    result = run(check, subject)
    if result.failures:
        raise BreachError("\n".join(f"{check.name}: {remark}" for remark in result.failures))
    if result.outcome is CheckOutcome.SKIPPED:
        import pytest

        pytest.skip("; ".join(map(str, result.seen)))


def collect(names: Sequence[str] = ()) -> list[PluginCheck]:
    """Return the checks of these plugins, of every installed one without names.

    Raises:
        UnknownPluginError: a name is not installed.
    """
    chosen = names or sorted({plugin.name for plugin in installed()})
    return [PluginCheck(one, check) for name in chosen for one in _found(name) for check in checks_for(one.kind)]


@lru_cache(maxsize=64)
def _found(name: str) -> tuple[Subject, ...]:
    return tuple(find(name))
