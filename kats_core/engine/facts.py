"""Keep the newest fact of each name and symbol; a reader gets the symbol's own, else the market's, else a missing one."""

from __future__ import annotations

from collections.abc import Iterable

from kats_core.model.fact import MARKET_WIDE, STARS, Fact, missing, stars_for
from kats_core.model.kinds import Profile


class Facts:
    """The registry of inputs: replaced when they change, never built per signal."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Fact] = {}

    def put(self, fact: Fact) -> None:
        """Replace what was known under the fact's name and symbol."""
        self._known[fact.name, fact.symbol] = fact

    def update(self, facts: Iterable[Fact]) -> None:
        """Replace several facts."""
        for fact in facts:
            self._known[fact.name, fact.symbol] = fact

    def with_also(self, facts: Iterable[Fact]) -> Facts:
        """Return a copy that knows some facts more; this one learns nothing."""
        copy = Facts()
        copy._known = dict(self._known)
        copy.update(facts)
        return copy

    def begin_session(self, facts: Iterable[Fact]) -> None:
        """Take the facts with which a session begins; nothing that was known before holds any more."""
        self._known.clear()
        self.update(facts)

    def dump(self) -> tuple[Fact, ...]:
        """Return everything that is known."""
        return tuple(self._known.values())

    def get(self, name: str, symbol: str = MARKET_WIDE) -> Fact:
        """Return the fact; a missing one when nobody delivered it."""
        return self._known.get((name, symbol)) or self._known.get((name, MARKET_WIDE)) or missing(name, symbol)

    def stars(self, symbol: str, profile: Profile) -> Fact:
        """Return a symbol's stars for strategies of a profile: those of the profile, else those for all."""
        own = stars_for(profile)
        return self._known.get((own, symbol)) or self._known.get((own, MARKET_WIDE)) or self.get(STARS, symbol)

    def text(self, name: str, symbol: str) -> str:
        """Return a textual fact, empty when missing."""
        value = self.get(name, symbol).value
        return value if isinstance(value, str) else ""
