"""Hold what may be sent, by scope: the whole account, one strategy instance, one symbol.

Stages and the core only ever lower a state, and only until the next session. What a person orders stays until a person
takes it back; the two are kept apart so that neither lifts the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kats_core.model.kinds import TradingState
from kats_core.model.scope import ALL, TradingScope
from kats_core.model.time import Nanos

_SEVERITY = {TradingState.ACTIVE: 0, TradingState.REDUCING: 1, TradingState.HALTED: 2}


def is_worse(a: TradingState, than: TradingState) -> bool:
    """Tell whether a state allows less than another."""
    return _SEVERITY[a] > _SEVERITY[than]


class Hold(msgspec.Struct, frozen=True):
    """A state in force that is not ACTIVE: of what, by whom (a person, a stage, the core), why, since when.

    One that was ordered stays until a person takes it back, any other until the next session.
    """

    scope: TradingScope
    state: TradingState
    by: str
    why: str
    since: Nanos
    is_ordered: bool


# By a name of its own: on Python 3.11 finding a member in its class costs as much as a call.
_ACTIVE = TradingState.ACTIVE


@dataclass(slots=True)
class TradingStates:
    """Every state in force that is not ACTIVE."""

    _lowered: dict[TradingScope, Hold] = field(default_factory=dict)
    _ordered: dict[TradingScope, Hold] = field(default_factory=dict)

    def load(self, holds: Iterable[Hold]) -> None:
        """Put every state in force that was."""
        for hold in holds:
            (self._ordered if hold.is_ordered else self._lowered)[hold.scope] = hold

    def begin_session(self) -> None:
        """Forget what was lowered; whoever still has a reason lowers it again."""
        self._lowered.clear()

    def lower(self, scope: TradingScope, state: TradingState, by: str, why: str, since: Nanos) -> None:
        """Lower a scope until the next session; a milder state changes nothing."""
        standing = self._lowered.get(scope)
        if is_worse(state, TradingState.ACTIVE if standing is None else standing.state):
            self._lowered[scope] = Hold(scope, state, by, why, since, is_ordered=False)

    def order(self, scope: TradingScope, state: TradingState, by: str, why: str, since: Nanos) -> None:
        """Set what a person ordered for a scope; ACTIVE takes the order back."""
        if state is TradingState.ACTIVE:
            self._ordered.pop(scope, None)
        else:
            self._ordered[scope] = Hold(scope, state, by, why, since, is_ordered=True)

    def ordered(self, scope: TradingScope) -> TradingState:
        """Return what a person ordered for exactly this scope."""
        hold = self._ordered.get(scope)
        return TradingState.ACTIVE if hold is None else hold.state

    def of(self, instance: str, symbol: str) -> TradingState:
        """Return what an instance may send in a symbol: the worst state of all scopes that hold it."""
        if not (self._lowered or self._ordered):
            return _ACTIVE
        scopes = (ALL, TradingScope.instance(instance), TradingScope.symbol(symbol))
        return _worst((self._ordered, self._lowered), scopes)

    def ordered_for(self, instance: str, symbol: str) -> TradingState:
        """Return what people left to an instance in a symbol."""
        if not self._ordered:
            return _ACTIVE
        return _worst((self._ordered,), (ALL, TradingScope.instance(instance), TradingScope.symbol(symbol)))

    @property
    def account(self) -> TradingState:
        """What may be sent anywhere."""
        return _worst((self._ordered, self._lowered), (ALL,))

    def __iter__(self) -> Iterator[Hold]:
        yield from self._ordered.values()
        yield from self._lowered.values()


def _worst(several: Sequence[Mapping[TradingScope, Hold]], scopes: Sequence[TradingScope]) -> TradingState:
    found = TradingState.ACTIVE
    for holds in several:
        for scope in scopes:
            hold = holds.get(scope)
            if hold is not None and is_worse(hold.state, found):
                found = hold.state
    return found
