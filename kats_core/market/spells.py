"""Sum up the regimes of many sessions: spells of one state, changes of side, years."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from kats_core.market.conditions import Conditions
from kats_core.market.regime import side
from kats_core.model.kinds import Regime

_DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Spell:
    """Sessions in a row with one regime. `change` is the index's over them, a fraction; None where it is not known."""

    first: dt.date
    last: dt.date
    regime: Regime
    sessions: int
    change: float | None


@dataclass(frozen=True, slots=True)
class Year:
    """One year: its sessions by regime, changes of side, and the index's change; None where it is not known."""

    year: int
    sessions: Mapping[Regime, int]
    changes: int
    change: float | None


def spells(market: Conditions, rows: range) -> list[Spell]:
    """Return the spells of the given rows, oldest first; the first and the last may be cut."""
    found = []
    for regime, group in groupby(rows, key=lambda row: market.regimes[row].regime):
        own = list(group)
        change = _change(market, own[0], own[-1])
        found.append(Spell(market.sessions[own[0]], market.sessions[own[-1]], regime, len(own), change))
    return found


def years(market: Conditions, rows: range) -> list[Year]:
    """Return the given rows by year."""
    turns = Counter(market.sessions[row].year for row in side_changes(market, rows))
    found = []
    for year, group in groupby(rows, key=lambda row: market.sessions[row].year):
        own = list(group)
        counts = Counter(market.regimes[row].regime for row in own)
        found.append(Year(year, counts, turns[year], _change(market, own[0], own[-1])))
    return found


def side_changes(market: Conditions, rows: range) -> Iterator[int]:
    """Yield the rows on which the market changed its side; what is unknown between two sides is no side."""
    last = None
    for row in rows:
        own = side(market.regimes[row].regime)
        if own is None:
            continue
        if last is not None and own != last:
            yield row
        last = own


def changes_a_year(market: Conditions, rows: range) -> float | None:
    """Return the mean number of changes of side a year; None for less than a month, which says nothing."""
    if not rows:
        return None
    days = (market.sessions[rows[-1]] - market.sessions[rows[0]]).days
    return None if days < _DAYS_A_YEAR / 12 else len(list(side_changes(market, rows))) * _DAYS_A_YEAR / days


def _change(market: Conditions, first: int, last: int) -> float | None:
    """Return the change from the last known close before `first` to the last known one up to `last`."""
    before = _known_close(market, range(first - 1, -1, -1))
    after = _known_close(market, range(last, first - 1, -1))
    if after is None:
        return None
    base = before if before is not None else _known_close(market, range(first, last + 1))
    return None if base is None else after / base - 1


def _known_close(market: Conditions, rows: range) -> float | None:
    return next((float(market.close[row]) for row in rows if not math.isnan(market.close[row])), None)
