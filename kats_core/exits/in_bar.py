"""Find what a bar does to a position: which stop and targets it reaches, in which order (`spec/orders.md` section 7.H).

A bar does not tell the way from its open to its close. `worst` always goes against the account: the stop comes before
any target, and on the bar of the entry no target can be reached. `adaptive` goes from the open to the nearer extreme,
then to the other, then to the close.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Labelled

_TARGET_CODES = (CoreCode.T1, CoreCode.T2)


class BarPath(Labelled):
    """The assumed way through a bar."""

    WORST = "worst", "최악 경로", "always against the account"
    ADAPTIVE = "adaptive", "근접 경로", "nearer extreme first"


class Hit(NamedTuple):
    """A stop or a target that was reached. `price` is where the market touched it; `target` counts from 0."""

    code: CoreCode
    price: int
    target: int | None = None


class Hits(NamedTuple):
    """What a bar reaches, in order, and whether another order of its prices would have given another result."""

    hits: tuple[Hit, ...]
    is_path_dependent: bool


def hits_in_bar(
    bar: Bar, stop: int, targets: Sequence[int], *, entered_at: int | None, path: BarPath, done: int = 0
) -> Hits:
    """Return what the bar reaches of a position with `stop` and the remaining `targets`, nearest first.

    `entered_at` is the price at which the market was when this very bar bought (without the slip that was paid), None for
    a position held before; `done` counts the targets reached earlier.
    """
    reaches_stop = bar.low <= stop
    reached = [t for t in targets if bar.high >= t]
    unsure = (reaches_stop and bool(reached)) or (entered_at is not None and (reaches_stop or bool(reached)))
    if path is BarPath.ADAPTIVE:
        return Hits(_walk(_points(bar, entered_at), stop, targets, done), unsure)
    if reaches_stop:
        if entered_at is not None:
            return Hits((Hit(CoreCode.STOP, min(stop, entered_at)),), unsure)
        return Hits((Hit(CoreCode.STOP, min(bar.open, stop)),), unsure and bar.open > stop)
    if entered_at is not None:
        return Hits((), unsure)
    return Hits(tuple(_target(price, n, done) for n, price in enumerate(reached)), unsure)


def hits_at(price: int, stop: int, targets: Sequence[int], *, done: int = 0) -> tuple[Hit, ...]:
    """Return what one trade at `price` reaches, where every trade is seen: no way of the price has to be assumed."""
    if price <= stop:
        return (Hit(CoreCode.STOP, price),)
    return tuple(_target(target, n, done) for n, target in enumerate(targets) if price >= target)


def _target(price: int, number: int, done: int) -> Hit:
    return Hit(_TARGET_CODES[min(number + done, 1)], price, number)


def _points(bar: Bar, entered_at: int | None) -> list[int]:
    """Return the turning points from the open, or from the entry at its first crossing, to the close."""
    low_first = bar.open - bar.low <= bar.high - bar.open
    path = [bar.open, *((bar.low, bar.high) if low_first else (bar.high, bar.low)), bar.close]
    if entered_at is None or entered_at == bar.open:
        return path
    for n, (a, b) in enumerate(pairwise(path)):
        if min(a, b) <= entered_at <= max(a, b):
            return [entered_at, *path[n + 1 :]]
    return [entered_at, bar.close]


def _walk(points: Sequence[int], stop: int, targets: Sequence[int], done: int) -> tuple[Hit, ...]:
    hits: list[Hit] = []
    previous: int | None = None
    waiting = list(enumerate(targets))
    for point in points:
        if point <= stop:
            hits.append(Hit(CoreCode.STOP, point if previous is None else stop))
            return tuple(hits)
        while waiting and point >= waiting[0][1]:
            number, price = waiting.pop(0)
            hits.append(_target(price, number, done))
        previous = point
    return tuple(hits)
