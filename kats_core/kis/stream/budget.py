"""Spend the few places of the stream by need: who is watched by trades alone, who gets book and market status too.

A session takes at most 41 registrations (`kis/ws.md` section 5). The fill notice always comes first, then what the market as
a whole needs, then symbols with a position or a live order, then symbols near a trigger, those whose trigger is no price behind them, then all others by their rank. What
finds no place is named, never dropped in silence. Pure: nothing here sends anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from kats_core.kis.stream.registrations import Channel, Registration
from kats_core.model.time import MINUTE, Nanos

HARD_LIMIT = 41
"""Registrations that the broker takes on one session; the next one is refused."""

USUAL_LIMIT = 40
"""Those that are planned with: the place left lets a new registration be proven before an old one is given up."""

NEAR_CHANNELS = (Channel.TRADES, Channel.STATUS, Channel.BOOK)
"""What a symbol gets that is held or near its trigger, dearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Why a symbol is watched.

    `rank` orders the symbols of one tier, lowest first. `is_held`: there is a position or a live order. `distance` is the way
    left to its nearest trigger (see `distance_to`); None while its price is unknown. `is_due`: it may trigger at any price. `also` are channels beyond those of its
    tier, the indicative price before the open for one; they get what is left over.
    """

    symbol: str
    rank: int
    is_held: bool = False
    distance: Fraction | None = None
    is_due: bool = False
    also: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NearTerms:
    """When a symbol counts as near: from `begin` before its level on, until it is farther than `end`, for `dwell` at least."""

    begin: Fraction = Fraction(1, 100)
    end: Fraction = Fraction(12, 1000)
    dwell: Nanos = MINUTE

    def __post_init__(self) -> None:
        if not 0 <= self.begin <= self.end:
            raise ValueError(
                f"a symbol is near from {self.begin} on and must stay so up to {self.end}: end is before begin"
            )


def distance_to(level: int, price: int, *, is_above: bool) -> Fraction:
    """Return the way from a price to a level as a fraction of the level, negative beyond it.

    `is_above`: the level is reached from below, as a breakout is.

    Raises:
        ValueError: level or price is not positive.
    """
    if not (level > 0 and price > 0):
        raise ValueError(f"no distance between level {level} and price {price}")
    return Fraction(level - price if is_above else price - level, level)


class Nearness:
    """Remembers who is near, so that a price that swings around the line does not register and unregister without end."""

    def __init__(self, terms: NearTerms) -> None:
        self._terms = terms
        self._since: dict[str, Nanos] = {}

    def update(self, needs: Iterable[Need], now: Nanos) -> frozenset[str]:
        """Return the symbols that are near now, held ones included."""
        before = self._since
        self._since = {
            need.symbol: before.get(need.symbol, now)
            for need in needs
            if self._is_near(need, before.get(need.symbol), now)
        }
        return frozenset(self._since)

    def _is_near(self, need: Need, since: Nanos | None, now: Nanos) -> bool:
        if need.is_held or need.is_due:
            return True
        if since is None:
            return need.distance is not None and need.distance <= self._terms.begin
        if now - since < self._terms.dwell:
            return True
        return need.distance is not None and need.distance <= self._terms.end


@dataclass(frozen=True, slots=True)
class Allotment:
    """Who gets a place, dearest first, and who does not."""

    given: tuple[Registration, ...]
    left_out: tuple[Registration, ...]

    @property
    def unwatched(self) -> tuple[str, ...]:
        """Symbols without a place for their trades: somebody has to ask for their price."""
        return tuple(one.key for one in self.left_out if one.channel is Channel.TRADES)


def allot(
    always: Sequence[Registration],
    needs: Collection[Need],
    near: Collection[str],
    capacity: int,
    *,
    offered: Collection[Channel] = frozenset(Channel),
    barred: Collection[Registration] = (),
) -> Allotment:
    """Give `capacity` places to what is needed most.

    All held symbols get their trades before any gets more; a symbol near its trigger gets all its channels or, where they do
    not fit, its trades, for without book and status nothing is bought. Channels that are not `offered` are neither given nor
    left out; what is `barred`, since the broker refuses it, is left out.

    Raises:
        ValueError: a symbol has two needs.
    """
    ordered = sorted(needs, key=lambda need: (need.rank, need.symbol))
    if len({need.symbol for need in ordered}) < len(ordered):
        raise ValueError("a symbol has two needs; they must be made one before places are given")
    places = _Places(capacity, barred)
    for one in always:
        places.give([one], offered)
    for together in _wishes(ordered, near):
        places.give(together, offered)
    return Allotment(tuple(places.given), tuple(places.left_out))


def _wishes(ordered: Sequence[Need], near: Collection[str]) -> Iterator[list[Registration]]:
    """Yield what is wished for, dearest first; what stands together is of little use apart."""
    held = [need for need in ordered if need.is_held]
    close = [need for need in ordered if not need.is_held and need.symbol in near]
    close.sort(key=lambda need: need.is_due)  # a level that is near is rarer than a bar that ends
    far = [need for need in ordered if not need.is_held and need.symbol not in near]
    for channel in NEAR_CHANNELS:
        yield from ([Registration(channel, need.symbol)] for need in held)
    yield from ([Registration(channel, need.symbol) for channel in NEAR_CHANNELS] for need in close)
    yield from ([Registration(Channel.TRADES, need.symbol)] for need in far)
    for need in (*held, *close, *far):
        yield from ([Registration(channel, need.symbol)] for channel in need.also)


class _Places:
    """Places that are given away, as long as there are some."""

    def __init__(self, capacity: int, barred: Collection[Registration]) -> None:
        self._capacity, self._barred = capacity, barred
        self.given: dict[Registration, None] = {}
        self.left_out: dict[Registration, None] = {}

    def give(self, together: Sequence[Registration], offered: Collection[Channel]) -> None:
        """Give all that is wanted together, or only the first of it, or nothing."""
        wanted = [one for one in together if one.channel in offered]
        self.left_out.update(dict.fromkeys(one for one in wanted if one in self._barred))
        new = [one for one in wanted if one not in self.given and one not in self.left_out]
        room = self._capacity - len(self.given)
        fitting = len(new) if len(new) <= room else min(1, room)
        self.given.update(dict.fromkeys(new[:fitting]))
        self.left_out.update(dict.fromkeys(new[fitting:]))
