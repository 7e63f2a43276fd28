"""Say what the exit plan of a position asks for at this moment; the coordinator acts.

Priorities are those of `spec/risk.md` section 4.1: of the rules that hold, the first gives the reason. A rule whose input is
missing sells nothing and is told once a session; the hard stop needs no input.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from kats_core.engine.portfolio import Key
from kats_core.engine.state import State, SymbolDay
from kats_core.exits import sell_signals, trailing
from kats_core.exits.candles import Candle
from kats_core.exits.day_bar import DayBar, average_true_range
from kats_core.market.volume_curve import projected_volume
from kats_core.model import fact
from kats_core.model.bar import Bar
from kats_core.model.codes import CoreCode
from kats_core.model.kinds import BarKind, Severity
from kats_core.model.labels import Code, CodeBook
from kats_core.model.position import Position
from kats_core.model.signal import SellSignal


class ExitRules:
    """The rules of every position's plan, read from the state of this moment."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._told: set[tuple[Key, Code]] = set()

    def begin_session(self) -> None:
        """Tell again what is missing."""
        self._told.clear()

    def dump(self) -> tuple[tuple[Key, str], ...]:
        """Return what was told to be missing."""
        return tuple(sorted((key, str(code)) for key, code in self._told))

    def load(self, memory: Iterable[tuple[Key, str]], codes: CodeBook) -> None:
        """Do not tell again what was told; raises ValueError when a code is nobody's."""
        self._told = {(key, codes[text]) for key, text in memory}

    def level(self, position: Position, day: SymbolDay) -> int:
        """Return the highest price at which all of the position is sold: its stop, or the break of a gap above it."""
        return max(position.stop, self._gap_level(position, day))

    def code_at(self, position: Position, day: SymbolDay, price: int) -> Code:
        """Return why a position is sold at a price at or below its level; of several reasons the first by priority."""
        if price <= position.stop and position.stop_code in (CoreCode.STOP, CoreCode.GRID_HALT):
            return position.stop_code
        return CoreCode.GAP_DOWN_BREAK if price <= self._gap_level(position, day) else position.stop_code

    def trailed(self, position: Position, day: SymbolDay) -> tuple[int, Code] | None:
        """Return the trailing stop and its code, None where the plan has none that is active and sets a price."""
        trail = position.exits.trail
        if trail is None or not position.is_trailing or not trailing.follows_peak(trail):
            return None
        atr = self._atr(day) if trailing.bars_needed(trail) else None
        price = trailing.trailing_stop(trail, position.peak, atr, day.ticks)
        if price is None:
            self._tell_missing(position, trailing.CODES[trail.method])
            return None
        return price, trailing.CODES[trail.method]

    def sell_signal(self, position: Position, day: SymbolDay, bar: Bar) -> Code | None:
        """Return the immediate sell signal that the day's bar, so far or whole, shows."""
        flags = position.exits.exit_flags
        if not flags:
            return None
        for signal in SellSignal:
            if signal not in flags:
                continue
            code = sell_signals.CODES[signal]
            holds = (
                self._index_breaks()
                if signal is SellSignal.MARKET_MA200_BREAK
                else sell_signals.at_close(
                    signal,
                    self._day_bar(day, bar),
                    pivot=position.pivot,
                    is_entry_session=position.opened_on == self._state.session,
                )
            )
            if holds is None:
                self._tell_missing(position, code)
            elif holds:
                return code
        return None

    def trail_signal(self, position: Position, day: SymbolDay, bar: Bar) -> Code | None:
        """Return the trailing method's code when the day's bar shows what it sells on."""
        trail = position.exits.trail
        if trail is None or not position.is_trailing:
            return None
        code = trailing.CODES[trail.method]
        holds = trailing.closes_below(trail, self._day_bar(day, bar))
        if holds is None:
            self._tell_missing(position, code)
        return code if holds else None

    def has_bad_news(self, position: Position) -> bool:
        """Tell whether the exchange or a person says to sell."""
        if SellSignal.BAD_NEWS not in (position.exits.exit_flags or ()):
            return False
        facts, symbol = self._state.facts, position.symbol
        return sell_signals.is_bad_news(facts.get(fact.STATUS, symbol).value, facts.get(fact.BAD_NEWS, symbol).value)

    def opens_below_stop(self, position: Position) -> bool:
        """Tell whether the opening auction is expected to go through the stop."""
        expected = self._state.facts.get(fact.EXPECTED_OPEN, position.symbol).value
        return type(expected) is int and 0 < expected < position.stop

    def _gap_level(self, position: Position, day: SymbolDay) -> int:
        """Return the price at or below which a gap down is a break for this position, 0 where there is none."""
        flags = position.exits.exit_flags
        if not flags or SellSignal.GAP_DOWN_BREAK not in flags:
            return 0
        opened = day.first_trade if day.bar is None else day.bar.day_open
        if opened is None:
            return 0
        if day.tail is None:
            self._tell_missing(position, CoreCode.GAP_DOWN_BREAK)
            return 0
        if day.gap_level is None:
            found = sell_signals.gap_break_level(opened, day.tail, self._state.facts.dividend(position.symbol))
            day.gap_level = found or 0
        # Who bought below it today has bought the gap, knowingly.
        was_bought_below = position.opened_on == self._state.session and position.average <= day.gap_level
        return 0 if was_bought_below else day.gap_level

    def _index_breaks(self) -> bool | None:
        facts, change = self._state.facts, self._state.facts.get(fact.INDEX_CHANGE)
        # What is older than the open is yesterday's change.
        today = change.value if change.as_of >= self._state.clock.open else None
        means = (facts.get(name).value for name in (fact.INDEX_MA200, fact.INDEX_MA199))
        return sell_signals.index_breaks(
            _number(facts.get(fact.INDEX_CLOSE).value), _number(today), *(_number(mean) for mean in means)
        )

    def _day_bar(self, day: SymbolDay, bar: Bar) -> DayBar:
        """Return the day as `bar` shows it: what a minute bar has seen so far projects to the whole day before its close."""
        candle = Candle(bar.day_open, bar.day_high, bar.day_low, bar.close)
        is_over = bar.kind is BarKind.DAY or self._state.now >= self._state.clock.close
        volume = (
            Fraction(bar.day_volume)
            if is_over
            else projected_volume(bar.day_volume, self._state.now, self._state.clock)
        )
        return DayBar(candle, volume, day.tail)

    def _atr(self, day: SymbolDay) -> Fraction | None:
        """Return the ATR of the last completed session; computed once a session."""
        if day.atr is None:
            day.atr = average_true_range(day.tail)
        return day.atr

    def _tell_missing(self, position: Position, code: CoreCode) -> None:
        if (position.key, code) in self._told:
            return
        self._told.add((position.key, code))
        self._state.notify(Severity.WARNING, CoreCode.EXIT_INPUT_MISSING, position.symbol, {"rule": str(code)})


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
