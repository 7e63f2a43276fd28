"""Carry setups that live until they are cancelled from session to session, and end them together (`spec/strategies.md`, GR)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
from msgspec import structs

from kats_core.market.calendar import Calendar
from kats_core.model.codes import CoreCode
from kats_core.model.setup import Above, Below, Fixed, Group, Setup

GroupKey: TypeAlias = tuple[str, str]
"""(instance, symbol)."""


class LivingGroup(msgspec.Struct):
    """A group, and for how many sessions it has held nothing."""

    setups: tuple[Setup, ...]
    terms: Group
    flat_for: int = 0


class GroupsMemory(msgspec.Struct, frozen=True, kw_only=True):
    """The groups as they are kept over a restart; `barred` holds the last session in which none may begin."""

    living: tuple[tuple[GroupKey, LivingGroup], ...] = ()
    barred: tuple[tuple[GroupKey, dt.date], ...] = ()


@dataclass(slots=True)
class Groups:
    """The groups that live, and those that were stopped not long ago."""

    calendar: Calendar
    _living: dict[GroupKey, LivingGroup] = field(default_factory=dict)
    _barred: dict[GroupKey, dt.date] = field(default_factory=dict)

    def dump(self) -> GroupsMemory:
        """Return the groups as they are kept."""
        living = tuple((key, structs.replace(group)) for key, group in self._living.items())
        return GroupsMemory(living=living, barred=tuple(self._barred.items()))

    def load(self, memory: GroupsMemory) -> None:
        """Take up the groups as they were kept."""
        self._living = {key: structs.replace(group) for key, group in memory.living}
        self._barred = dict(memory.barred)

    @property
    def keys(self) -> tuple[GroupKey, ...]:
        """The groups that live: each session needs their symbols."""
        return tuple(self._living)

    def standing(
        self, session: dt.date, symbols: Iterable[str], dividend: Callable[[str], int] = lambda _: 0
    ) -> tuple[Setup, ...]:
        """Return the setups that go on in a session, lowered by what goes ex in it; a group whose symbol is no part of it ends."""
        known = set(symbols)
        self._living = {key: group for key, group in self._living.items() if key[1] in known}
        for (_, symbol), group in self._living.items():
            won = dividend(symbol)
            group.setups = tuple(_in_session(setup, session, won) for setup in group.setups)
        return tuple(setup for group in self._living.values() for setup in group.setups)

    def beginning(self, setups: Iterable[Setup]) -> Iterator[tuple[Setup, CoreCode | None]]:
        """Yield the new setups, each with why it waits for nothing: its group lives already, or was stopped not long ago."""
        lived = set(self._living)
        for setup in setups:
            key = (setup.instance, setup.symbol)
            if setup.group is None:
                yield setup, None
            elif key in lived:
                yield setup, CoreCode.ALREADY_IN
            elif setup.session <= self._barred.get(key, dt.date.min):
                yield setup, CoreCode.GRID_HALT
            else:
                group = self._living.setdefault(key, LivingGroup((), setup.group))
                group.setups = (*group.setups, setup)
                yield setup, None

    def stop(self, key: GroupKey, session: dt.date) -> None:
        """End a group by its stop; none begins in the sessions that it bars."""
        ended = self._living.pop(key, None)
        if ended is not None:
            self._barred[key] = self.calendar.shift(session, ended.terms.bar_after_stop)

    def sold(self, key: GroupKey) -> None:
        """Begin the count of sessions anew: what is sold today was held today."""
        group = self._living.get(key)
        if group is not None:
            group.flat_for = -1

    def close_session(self, holds: Callable[[GroupKey], bool]) -> None:
        """Count another session for the groups that hold nothing, and end those that have for too long."""
        for key, group in list(self._living.items()):
            group.flat_for = 0 if holds(key) else group.flat_for + 1
            if group.flat_for >= group.terms.expire_when_flat:
                del self._living[key]


def _in_session(setup: Setup, session: dt.date, dividend: int) -> Setup:
    """Return a setup that goes on; a level at a fixed price is lower by a dividend that goes ex, others follow from the day."""
    trigger = setup.trigger
    if dividend and isinstance(trigger, (Above, Below)) and isinstance(trigger.level, Fixed):
        level = Fixed(max(1, trigger.level.price - dividend))
        trigger = structs.replace(trigger, level=level)
    return structs.replace(setup, session=session, trigger=trigger, dividends=setup.dividends + dividend)
