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
    """How long a symbol may be silent: `factor` times its usual pause, within `shortest` and `longest`.

    The bounds are those within which a last price is fresh (`spec/README.md` section 7). `dead`: a session on which nothing at
    all has come for so long is given up.
    """

    factor: int = 3
    shortest: Nanos = 5 * SECOND
    longest: Nanos = MINUTE
    dead: Nanos = 30 * SECOND


class Judgement(NamedTuple):
    """What has changed: symbols that fell silent, and whether the whole session did, or is to be given up."""

    silent: tuple[str, ...]
    is_session_silent: bool
    is_dead: bool


@dataclass(slots=True)
class _Pulse:
    """When something was heard last, and how long the pauses usually are.

    `usual` follows a longer pause at once and shorter ones slowly; it learns once a second, for bursts say nothing about
    pauses, and nothing from a pause that was judged a silence.
    """

    last: Nanos
    usual: Nanos
    is_silent: bool = False
    learnt: Nanos = field(init=False)
    widest: Nanos = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.learnt = self.last

    def hear(self, now: Nanos, since: Nanos) -> None:
        if self.is_silent:
            self.is_silent, self.learnt, self.widest = False, now, 0
        self.widest = max(self.widest, now - max(self.last, since, self.learnt))
        self.last = now
        if now - self.learnt >= SECOND:
            self.usual = max(self.widest, self.usual - (self.usual - self.widest) // 8)
            self.learnt, self.widest = now, 0

    def silence(self, now: Nanos, since: Nanos) -> Nanos:
        return now - max(self.last, since)

    def limit(self, terms: SilenceTerms) -> Nanos:
        return min(max(terms.factor * self.usual, terms.shortest), terms.longest)


@dataclass
class Watchdog:
    """Watches one session and the symbols registered on it."""

    terms: SilenceTerms
    _symbols: dict[str, _Pulse] = field(default_factory=dict, init=False)
    _paused: set[str] = field(default_factory=set, init=False)
    _session: _Pulse | None = field(default=None, init=False)

    def watch(self, symbol: str, now: Nanos, usual: Nanos | None = None) -> None:
        """Expect a symbol from now on; `usual` is its usual pause where it is known. A symbol watched already stays as it is."""
        if symbol in self._symbols:
            return
        longest = self.terms.longest // self.terms.factor
        self._symbols[symbol] = _Pulse(now, longest if usual is None else usual)
        if self._session is None:
            self._session = _Pulse(now, longest)
        self._session.usual = min(self._session.usual, longest // len(self._symbols))

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
        """Expect a symbol again."""
        if symbol in self._paused:
            self._paused.discard(symbol)
            if symbol in self._symbols:
                self._symbols[symbol].last = now

    def hear(self, symbol: str, now: Nanos, since: Nanos) -> bool:
        """Note a message about a symbol; tell whether it ends a silence. `since`: from when on messages are expected."""
        if self._session is not None:
            self._session.hear(now, since)
        pulse = self._symbols.get(symbol)
        if pulse is None:
            return False
        was_silent = pulse.is_silent
        pulse.hear(now, since)
        return was_silent

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
