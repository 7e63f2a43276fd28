"""Find which symbols a person may have meant: a code without its zeros, a mistyped one, part of a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

SHOWN = 3
_CODE_LENGTH = 6
_LEAST_LIKE = 0.5
"""How alike a code or a name must be to be worth naming, unless nothing else is; from 0 to 1."""


def nearest(wanted: str, names: Mapping[str, str], order: Sequence[str]) -> list[str]:
    """Return up to three symbols, the likeliest first, each as its code and its name.

    `names` has the name of each symbol, empty where it is not known; among equals the first of `order` comes first.
    """
    asked = wanted.strip().casefold()
    likeness = {symbol: _likeness(asked, symbol, names[symbol].casefold()) for symbol in order}
    best = sorted(order, key=lambda symbol: -likeness[symbol])[:SHOWN]
    worth = [symbol for symbol in best if likeness[symbol] >= _LEAST_LIKE] or best[:1]
    if worth and likeness[worth[0]] >= 1:
        worth = [symbol for symbol in worth if likeness[symbol] >= 1]
    return [f"{symbol} {names[symbol]}".strip() for symbol in worth]


def _likeness(asked: str, symbol: str, name: str) -> float:
    """Return how like what was asked is to a symbol: 2 beginning of a name or a code without its zeros, 1 a part, less else."""
    if asked and (name.startswith(asked) or (asked.isdigit() and asked.zfill(_CODE_LENGTH) == symbol)):
        return 2.0
    if asked and asked in name:
        return 1.0
    by_code = _ratio(asked, symbol.casefold()) if any(char.isdigit() for char in asked) else 0.0
    return min(max(by_code, _ratio(asked, name)), 0.99)


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio() if other else 0.0
