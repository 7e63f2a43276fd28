"""Tell a symbol that does not trade from a feed that is dead.

A connection can be open, even acknowledge registrations, and bring nothing (`kis/quirks.md` F4, `spec/regressions.md` 23).
Nothing on the wire says so; only silence does, judged by what is expected of the symbol: how long its pauses have been so far,
whether the market trades at all, whether the symbol is halted. Pure: each call says what time it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from kats_core.market.sessions import SessionHours
from kats_core.model.time import MINUTE, SECOND, Nanos

Expecting: TypeAlias = Callable[[Nanos], Nanos | None]
"""Since when trades have been expected at an instant; None while none are."""

OPENING_MAY_LAST: Nanos = 30 * SECOND
"""The random end of the opening auction."""


def continuous_trading(hours: SessionHours) -> Expecting:
    """Expect trades from the end of the opening auction to the beginning of the closing one."""
    begin = hours.open + OPENING_MAY_LAST

    def expecting(now: Nanos) -> Nanos | None:
        return begin if begin <= now < hours.close_auction else None

    return expecting


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceTerms:
    """How long a symbol may be silent: `factor` times its mean pause or `of_longest` times its longest of late.

    Trades that come by chance, so many a minute, stay away for twelve times their mean pause once in 160 000 times. A whole
    session, whose pauses are short, has `session_factor`. The limit is never under `shortest` and never over `longest`; of a
    symbol that was never heard it is `unheard`. `dead`: a session on which nothing at all has come for so long is given up.
    """

    factor: int = 12
    session_factor: int = 5
    of_longest: int = 2
    shortest: Nanos = 5 * SECOND
    longest: Nanos = 5 * MINUTE
    unheard: Nanos = MINUTE
    dead: Nanos = 30 * SECOND


class Judgement(NamedTuple):
    """What has changed: symbols that fell silent, and whether the whole session did, or is to be given up."""

    silent: tuple[str, ...]
    is_session_silent: bool
    is_dead: bool


_MEMORY = 32
_LONG_MEMORY = 64


@dataclass(slots=True)
class _Pulse:
    """When something was heard last, and how long the pauses are: their mean, and the longest, which fades slowly.

    It learns once a second, for bursts say nothing about pauses, and of a pause that was judged a silence no more than its limit,
    unless it is known that nothing was missed in it. Of messages that come while none is expected it learns nothing.
    """

    last: Nanos
    mean: Nanos
    factor: int
    longest: Nanos = 0
    is_silent: bool = False
    count: int = 1
    widest: Nanos = 0
    learnt: Nanos = field(init=False)

    def __post_init__(self) -> None:
        self.learnt = self.last

    def hear(self, now: Nanos, since: Nanos | None, terms: SilenceTerms) -> None:
        if since is None:
            self.last = self.learnt = now
            self.is_silent = False
            return
        pause = now - max(self.last, since)
        if self.is_silent:
            self.is_silent = False
            pause = min(pause, self.limit(terms))
        self.last = now
        self.widest = max(self.widest, pause)
        if now - self.learnt >= SECOND:
            self.learn(self.widest)
            self.learnt, self.widest = now, 0

    def learn(self, pause: Nanos) -> None:
        self.count = min(self.count + 1, _MEMORY)
        self.mean += (pause - self.mean) // self.count
        self.longest = max(pause, self.longest - (self.longest - pause) // _LONG_MEMORY)

    def excuse(self, now: Nanos, since: Nanos) -> None:
        self.is_silent = False
        self.learn(self.silence(now, since))
        self.last = self.learnt = now
        self.widest = 0

    def silence(self, now: Nanos, since: Nanos) -> Nanos:
        return now - max(self.last, since)

    def limit(self, terms: SilenceTerms) -> Nanos:
        usual = max(self.factor * self.mean, terms.of_longest * self.longest)
        return min(max(usual, terms.shortest), terms.longest)


@dataclass
class Watchdog:
    """Watches one session and the symbols registered on it."""

    terms: SilenceTerms
    _symbols: dict[str, _Pulse] = field(default_factory=dict, init=False)
    _paused: set[str] = field(default_factory=set, init=False)
    _session: _Pulse | None = field(default=None, init=False)

    def watch(self, symbol: str, now: Nanos) -> None:
        """Expect a symbol from now on. A symbol watched already stays as it is."""
        if symbol in self._symbols:
            return
        terms = self.terms
        mean = terms.unheard // terms.factor
        self._symbols[symbol] = _Pulse(now, mean, terms.factor)
        if self._session is None:
            self._session = _Pulse(now, terms.unheard // terms.session_factor, terms.session_factor)
        # Many who are expected together are heard the sooner.
        together = terms.unheard // (terms.session_factor * len(self._symbols))
        self._session.mean = min(self._session.mean, together)

    def forget(self, symbol: str) -> None:
        """Expect nothing of a symbol any more."""
        self._symbols.pop(symbol, None)
        self._paused.discard(symbol)
        if not self._symbols:
            self._session = None

    def forget_all(self) -> None:
        """Expect nothing: the connection is gone. Halted symbols stay known."""
        self._symbols.clear()
        self._session = None

    def pause(self, symbol: str) -> None:
        """Expect no trades of a symbol that is halted or in a call auction of its own."""
        self._paused.add(symbol)

    def resume(self, symbol: str, now: Nanos) -> None:
        """Expect a symbol again; where nobody was expected, the session begins anew with it."""
        if symbol in self._paused:
            if self._session is not None and self._symbols.keys() <= self._paused:
                self._session.last = self._session.learnt = now
            self._paused.discard(symbol)
            if symbol in self._symbols:
                self._symbols[symbol].last = now

    def hear_else(self, now: Nanos, since: Nanos | None) -> None:
        """Note a message that is about none of the symbols: the session lives. `since` as in `Expecting`."""
        if self._session is not None:
            self._session.hear(now, since, self.terms)

    def hear(self, symbol: str, now: Nanos, since: Nanos | None) -> bool:
        """Note a message about a symbol; tell whether it ends a silence. `since` as in `Expecting`."""
        self.hear_else(now, since)
        pulse = self._symbols.get(symbol)
        if pulse is None:
            return False
        was_silent = pulse.is_silent
        pulse.hear(now, since, self.terms)
        return was_silent

    def excuse(self, symbol: str, now: Nanos, since: Nanos) -> None:
        """Take a silence for a pause: it is known that there was nothing to hear."""
        if self.is_silent(symbol):
            self._symbols[symbol].excuse(now, since)

    def excuse_all(self, now: Nanos, since: Nanos) -> None:
        """Take the silence of the whole session for a pause."""
        if self._session is not None and self._session.is_silent:
            self._session.excuse(now, since)

    def is_silent(self, symbol: str) -> bool:
        """Tell whether a symbol has been judged silent."""
        return symbol in self._symbols and self._symbols[symbol].is_silent

    @property
    def is_all_silent(self) -> bool:
        """Tell whether nothing at all has come for too long."""
        return self._session is not None and self._session.is_silent

    def last_heard(self, symbol: str) -> Nanos | None:
        """Return when a symbol was heard last, or expected first; None when it is not watched."""
        return self._symbols[symbol].last if symbol in self._symbols else None

    def judge(self, now: Nanos, since: Nanos | None) -> Judgement:
        """Return what has fallen silent by now, each once. `since` as in `Expecting`; None: nothing is expected."""
        session = self._session
        if since is None or session is None or self._symbols.keys() <= self._paused:
            return Judgement((), is_session_silent=False, is_dead=False)
        silence = session.silence(now, since)
        newly = not session.is_silent and silence > session.limit(self.terms)
        session.is_silent = session.is_silent or newly
        silent = tuple(self._fallen_silent(now, since))
        return Judgement(silent, is_session_silent=newly, is_dead=session.is_silent and silence > self.terms.dead)

    def _fallen_silent(self, now: Nanos, since: Nanos) -> Iterable[str]:
        for symbol, pulse in self._symbols.items():
            if symbol in self._paused or pulse.is_silent:
                continue
            if pulse.silence(now, since) > pulse.limit(self.terms):
                pulse.is_silent = True
                yield symbol
