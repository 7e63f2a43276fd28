"""Decide which call or message goes wrong, and how: on request, a number of times, or by a seed.

A pure decision: a rule says what it concerns, and the rules are asked in order about each call, frame and notice; the first that
applies decides. The same seed and the same course of questions give the same faults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

_UNIT = 2.0**64


class FaultKind(StrEnum):
    """What goes wrong. Calls first, then messages of the stream, then connections."""

    LATENCY = "latency"
    LATE_ANSWER = "late-answer"
    TIMEOUT_BEFORE = "timeout-before"
    TIMEOUT_AFTER = "timeout-after"
    ERROR = "error"
    ERROR_AFTER = "error-after"
    HTML = "html"
    RESET = "reset"
    STALE_TOKEN = "stale-token"  # noqa: S105 (the name of a fault)
    MAINTENANCE = "maintenance"
    REFUSED_LATER = "refused-later"
    PARTIAL = "partial"
    EMPTY = "empty"

    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    WRONG_WIDTH = "wrong-width"
    LATE = "late"
    SILENT = "silent"
    FOREIGN = "foreign"

    DISCONNECT = "disconnect"
    GHOST = "ghost"


OF_CALLS = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.LATE_ANSWER,
        FaultKind.TIMEOUT_BEFORE,
        FaultKind.TIMEOUT_AFTER,
        FaultKind.ERROR,
        FaultKind.ERROR_AFTER,
        FaultKind.HTML,
        FaultKind.RESET,
        FaultKind.STALE_TOKEN,
        FaultKind.MAINTENANCE,
        FaultKind.REFUSED_LATER,
        FaultKind.PARTIAL,
        FaultKind.EMPTY,
    }
)
OF_MESSAGES = frozenset(FaultKind) - OF_CALLS - {FaultKind.GHOST}
DEFAULT_SECONDS = {FaultKind.LATENCY: 0.5, FaultKind.LATE_ANSWER: 0.5, FaultKind.LATE: 2.0, FaultKind.GHOST: 90.0}


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule: `kind` happens to what `where` matches (a tr_id, a path or a name of a service, with `*`).

    `rate` is how often of those; `times` how often at most; `after` how many matches pass by first. `seconds` is for what
    takes time, `code` and `status` for errors, `share` for partial fills: what an order may take of what there is.
    """

    kind: FaultKind
    where: str = "*"
    rate: float = 1.0
    times: int | None = None
    after: int = 0
    seconds: float | None = None
    code: str = "EGW00001"
    status: int = 500
    share: float = 0.5

    def __post_init__(self) -> None:
        if not 0.0 < self.rate <= 1.0:
            raise ValueError(f"rate {self.rate}: expected a share between 0 and 1")
        if not 0.0 < self.share < 1.0:
            raise ValueError(f"share {self.share}: expected a share between 0 and 1")
        if (self.times is not None and self.times < 1) or self.after < 0:
            raise ValueError("times is at least 1 and after is not negative")

    @property
    def wait(self) -> float:
        """Return how many seconds it takes."""
        return DEFAULT_SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


@dataclass(slots=True)
class _Rule:
    fault: Fault
    met: int = 0
    happened: int = 0


@dataclass(slots=True)
class Faults:
    """The rules in force."""

    seed: int = 0
    _rules: list[_Rule] = field(default_factory=list)

    def add(self, faults: Iterable[Fault]) -> None:
        """Add rules behind those there are."""
        self._rules += [_Rule(fault) for fault in faults]

    def clear(self) -> None:
        """Forget all rules."""
        self._rules.clear()

    def listed(self) -> list[tuple[Fault, int]]:
        """Return each rule and how often it happened."""
        return [(rule.fault, rule.happened) for rule in self._rules]

    def of_call(self, *names: str) -> Fault | None:
        """Return what goes wrong with a call that goes by these names."""
        return self._decide(OF_CALLS, names)

    def of_message(self, *names: str) -> Fault | None:
        """Return what goes wrong with a message of the stream that goes by these names."""
        return self._decide(OF_MESSAGES, names)

    def of_connection(self, *names: str) -> Fault | None:
        """Return what goes wrong when a connection ends."""
        return self._decide(frozenset({FaultKind.GHOST}), names)

    def _decide(self, kinds: frozenset[FaultKind], names: tuple[str, ...]) -> Fault | None:
        for place, rule in enumerate(self._rules):
            fault = rule.fault
            if fault.kind not in kinds or not any(fnmatchcase(name, fault.where) for name in names):
                continue
            rule.met += 1
            if rule.met <= fault.after or (fault.times is not None and rule.happened >= fault.times):
                continue
            if fault.rate < 1.0 and self._chance(place, rule.met) >= fault.rate:
                continue
            rule.happened += 1
            return fault
        return None

    def _chance(self, place: int, met: int) -> float:
        """Return a number in [0, 1) that depends on the seed, the rule and how often it was asked alone."""
        digest = hashlib.blake2b(f"{self.seed} {place} {met}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) / _UNIT
