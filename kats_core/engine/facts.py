"""Keep the newest fact of each name and symbol; a reader gets the symbol's own, else the market's, else a missing one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kats_core.market.dividends import usual_payment
from kats_core.model.fact import DIVIDEND, DIVIDEND_PAID_ON, MARKET_WIDE, STARS, Fact, missing, stars_for
from kats_core.model.kinds import Profile

_NOTHING: Mapping[str, Fact] = {}

nobody_says = lru_cache(maxsize=4096)(missing)
"""`missing`, made once for each name and symbol: some inputs are asked for with every signal, and never there."""


class Facts:
    """The registry of inputs: replaced when they change, never built per signal."""

    __slots__ = ("_known", "_market")

    def __init__(self) -> None:
        self._keep({MARKET_WIDE: {}})

    def _keep(self, known: dict[str, dict[str, Fact]]) -> None:
        self._known, self._market = known, known[MARKET_WIDE]

    def put(self, fact: Fact) -> None:
        """Replace what was known under the fact's name and symbol."""
        self.update((fact,))

    def update(self, facts: Iterable[Fact]) -> None:
        """Replace several facts."""
        every = self._known
        for fact in facts:
            known = every.get(fact.symbol)
            if known is None:
                known = every[fact.symbol] = {}
            known[fact.name] = fact

    def with_also(self, facts: Iterable[Fact]) -> Facts:
        """Return a copy that knows some facts more; this one learns nothing."""
        copy = Facts()
        copy._keep({symbol: dict(known) for symbol, known in self._known.items()})
        copy.update(facts)
        return copy

    def begin_session(self, facts: Iterable[Fact]) -> None:
        """Take the facts with which a session begins; nothing that was known before holds any more."""
        self._keep({MARKET_WIDE: {}})
        self.update(facts)

    def dump(self) -> tuple[Fact, ...]:
        """Return everything that is known."""
        return tuple(fact for known in self._known.values() for fact in known.values())

    def get(self, name: str, symbol: str = MARKET_WIDE) -> Fact:
        """Return the fact; a missing one when nobody delivered it."""
        own = self._known.get(symbol)
        if own is not None and name in own:
            return own[name]
        return self._market.get(name) or nobody_says(name, symbol)

    def stars(self, symbol: str, profile: Profile) -> Fact:
        """Return a symbol's stars for strategies of a profile: those of the profile, else those for all."""
        own = stars_for(profile)
        return self._known.get(symbol, _NOTHING).get(own) or self._market.get(own) or self.get(STARS, symbol)

    def dividend(self, symbol: str) -> int:
        """Return the dividend a share whose ex-date is today, won; 0 without one."""
        value = self.get(DIVIDEND, symbol).value
        return value if type(value) is int and value > 0 else 0

    def dividend_paid_on(self, symbol: str, session: dt.date) -> dt.date:
        """Return when a dividend that goes ex in the session is paid: on the stated day, else on the usual one."""
        stated = self.text(DIVIDEND_PAID_ON, symbol)
        return dt.date.fromisoformat(stated) if stated else usual_payment(session)

    def of(self, symbol: str) -> Mapping[str, Fact]:
        """Return what is known of a symbol, or market-wide, by name: for one moment, and to be read only."""
        return self._known.get(symbol, _NOTHING)

    def text(self, name: str, symbol: str) -> str:
        """Return a textual fact, empty when missing."""
        value = self.get(name, symbol).value
        return value if isinstance(value, str) else ""
