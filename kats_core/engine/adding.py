"""Add to positions that win: the later stages of a plan that is bought in parts (`spec/risk.md` section 5).

An add goes the way of every entry: the common gates, all risk stages, the reservation, the order gate. Here is only when
one is due.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import structs

from kats_core.engine.entries import Entries
from kats_core.engine.leaving import ExitCoordinator
from kats_core.engine.portfolio import Key
from kats_core.engine.state import SetupMemory, SetupState, State, StrategyInstance, SymbolDay
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import BarKind
from kats_core.model.labels import CodeBook
from kats_core.model.position import Position
from kats_core.model.setup import Above, Fixed, Setup
from kats_core.risk.pyramid import add_cap, add_trigger, stage_quantity

_BELOW_TARGET_PERCENT = 98
"""An add stays more than two percent below the first target."""


class AddMemory(msgspec.Struct, frozen=True):
    """A position's stage that came next in the session, as it is kept over a restart."""

    key: Key
    stage: int
    setup: SetupMemory


class Pyramiding:
    """The next stage of every position whose strategy pyramids."""

    def __init__(
        self, state: State, instances: dict[str, StrategyInstance], entries: Entries, exits: ExitCoordinator
    ) -> None:
        self._state = state
        self._instances = instances
        self._entries = entries
        self._exits = exits
        self._asked: dict[tuple[Key, int], SetupState] = {}

    def begin_session(self) -> None:
        """Forget how far the last session's adds got."""
        self._asked.clear()

    @property
    def asked(self) -> list[SetupState]:
        """The session's adds and how far they got."""
        return list(self._asked.values())

    def dump(self) -> tuple[AddMemory, ...]:
        """Return the session's adds as they are kept."""
        return tuple(AddMemory(key, stage, entry.dump()) for (key, stage), entry in self._asked.items())

    def load(self, memory: Sequence[AddMemory], codes: CodeBook) -> None:
        """Take up the session's adds as they were kept; raises ValueError as `Entries.load`."""
        self._asked = {(kept.key, kept.stage): self._entries.taken_up(kept.setup, codes) for kept in memory}

    def may_add(self, key: Key) -> CoreCode | None:
        """Return why nothing is added to a position now, None when it may be: it is held whole and nothing is under way."""
        position = self._state.portfolio.positions.get(key)
        if position is None or self._exits.is_leaving(key):
            return CoreCode.EXIT_IN_PROGRESS
        if position.reached > 0 or self._entries.desk.live_sell(key) is not None:
            return CoreCode.EXIT_IN_PROGRESS
        return CoreCode.ALREADY_IN if any(order.key == key for order in self._entries.desk.live_in(key[1])) else None

    def on_bar(self, day: SymbolDay, bar: Bar) -> None:
        """Propose the next stage of each position in the symbol that the bar has lifted far enough."""
        if bar.is_auction:
            return
        for position in self._exits.positions_in(bar.symbol):
            if position.pyramid is None or self.may_add(position.key) is not None or not self._is_time(position, bar):
                continue
            entry = self._next_stage(position, day)
            if entry is None or entry.level is None or self._state.now < entry.quiet_until:
                continue
            last = max(bar.open, entry.level) if bar.kind is BarKind.DAY else bar.close
            if self._is_due(position, entry.level, last, bar):
                cap = add_cap(entry.level, self._state.config.limits.pyramid.max_chase, day.ticks)
                exits = structs.replace(position.exits, stop=position.stop)
                self._entries.propose_add(entry, day, bar, cap, exits)

    def _is_time(self, position: Position, bar: Bar) -> bool:
        """Tell whether the clock allows an add; daily bars know no clock, and one bar buys once."""
        if bar.kind is BarKind.DAY:
            return position.opened_on < self._state.session and not any(
                key == position.key and entry.entries for (key, _), entry in self._asked.items()
            )
        window = self._state.clock.window(*self._state.config.limits.pyramid.window)
        return window is not None and window[0] <= self._state.now < window[1]

    def _is_due(self, position: Position, level: int, last: int, bar: Bar) -> bool:
        if bar.high < level or not (last >= level and last > position.average):
            return False
        return not position.targets or 100 * last < _BELOW_TARGET_PERCENT * position.targets[0][0]

    def _next_stage(self, position: Position, day: SymbolDay) -> SetupState | None:
        """Return the stage that comes next and how far it got today, None behind the last one."""
        pyramid, terms = position.pyramid, self._state.config.limits.pyramid
        if pyramid is None:
            return None
        stage = pyramid.stage + 1
        quantity = stage_quantity(pyramid.plan, stage, terms.ratios)
        if quantity < 1:
            return None
        entry = self._asked.get((position.key, stage))
        if entry is None:
            level = add_trigger(pyramid.average, terms.trigger, day.ticks)
            setup = Setup(
                session=self._state.session,
                instance=position.instance,
                symbol=position.symbol,
                slot=position.slot,
                trigger=Above(Fixed(level)),
            )
            entry = SetupState(setup, self._instances[position.instance], level=level, adds=quantity)
            self._asked[position.key, stage] = entry
        return entry
