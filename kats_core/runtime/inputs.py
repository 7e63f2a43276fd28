"""Deliver the inputs of a session: each from the first provider that knows it, assumed values only where none does.

One registry holds the providers in their order. It answers in two ways from one truth: as arrays over the panel's columns,
for what judges the whole market, and as facts, for the few symbols that are armed or held. A fact a symbol and a day is
never built. What a provider answers for and does not know stays missing: an assumption never covers it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from kats_core.config import Assume
from kats_core.config.model import OWN_SECTOR
from kats_core.market.arrays import BoolArray
from kats_core.market.calendar import Calendar, CalendarError
from kats_core.market.conditions import Conditions, average
from kats_core.market.dividends import Payout, payouts
from kats_core.market.events import EventCalendar
from kats_core.market.panel import Panel
from kats_core.market.source import DataSource
from kats_core.market.tables import SideTable
from kats_core.market.vi import ViState
from kats_core.model import fact, time
from kats_core.model.fact import MARKET_WIDE, Fact, FactValue, missing
from kats_core.model.kinds import FactSource
from kats_core.model.time import Nanos

PREPARED = dt.time(8, 50)
"""When a session is prepared, on the default clock."""

Numbers: TypeAlias = npt.NDArray[np.float64]
Texts: TypeAlias = npt.NDArray[np.object_]
Whole: TypeAlias = npt.NDArray[np.signedinteger[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One input of every symbol on the eve of a session, by column of the panel.

    `values` are float64 with NaN, or objects with None, where the value is missing; whole numbers of which none is missing
    may be integers. `answers` marks the symbols for which
    the provider speaks at all, None where that is all of them: for the others the next provider is asked.
    """

    name: str
    values: Numbers | Texts | Whole
    as_of: Nanos
    source: FactSource
    answers: BoolArray | None = None

    def of(self, j: int, symbol: str) -> Fact | None:
        """Return one symbol's fact; None where the provider does not speak for it."""
        if self.answers is not None and not self.answers[j]:
            return None
        value = _plain(self.values[j])
        if value is None:
            return missing(self.name, symbol, self.as_of)
        return Fact(self.name, value, self.as_of, self.source, symbol)


Answer: TypeAlias = Fact | Column
"""A fact of the whole market or of one symbol, or a column of facts of all symbols."""


class Provider(Protocol):
    """Knows some inputs: a data source, a computation over the panel, the operator's assumptions."""

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return what is known at `at`, 08:50 of the session, from what the sessions before it have shown.

        Called once a session, so arrays are computed before and only cut here. A missing fact, NaN and None say that the
        value cannot be known; an input that is left out is the next provider's to answer.
        """


@dataclass(slots=True)
class SessionInputs:
    """What is known at the start of one session."""

    symbols: tuple[str, ...]
    column_of: Mapping[str, int]
    answers: Mapping[str, Sequence[Answer]]
    _merged: dict[tuple[str, bool], Any] = field(default_factory=dict)

    def get(self, name: str, symbol: str = MARKET_WIDE) -> Fact:
        """Return an input of a symbol, or of the market: the first answer that there is, else a missing fact."""
        j = self.column_of.get(symbol)
        for answer in self.answers.get(name, ()):
            if isinstance(answer, Fact):
                if answer.symbol == symbol or answer.symbol == MARKET_WIDE:
                    return answer
                continue
            found = None if j is None else answer.of(j, symbol)
            if found is not None:
                return found
            if answer.answers is None:
                break  # it speaks for every symbol: nobody behind it is asked
        return missing(name, symbol)

    def of_all(self, name: str) -> Fact | None:
        """Return an input that is the same for every symbol, a missing one too; None where symbols may differ."""
        several = self.answers.get(name)
        if not several:
            return missing(name)
        first = several[0]
        return first if isinstance(first, Fact) and first.symbol == MARKET_WIDE else None

    def numbers(self, name: str) -> Numbers:
        """Return an input by column of the panel; NaN where it is missing or no number."""
        result: Numbers = self._cells(name, np.float64, np.nan, number)
        return result

    def texts(self, name: str) -> Texts:
        """Return an input by column of the panel; None where it is missing."""
        result: Texts = self._cells(name, np.object_, None, _plain)
        return result

    def is_among(self, name: str, texts: Container[str]) -> BoolArray:
        """Mark the columns of the panel whose input is one of some texts; a missing one is not."""
        same = self.of_all(name)
        if same is not None:
            return np.full(len(self.symbols), same.value in texts, dtype=np.bool_)
        return np.array([text in texts for text in self.texts(name).tolist()], dtype=np.bool_)

    def facts(self, symbols: Iterable[str]) -> list[Fact]:
        """Return all inputs of the market, then those of the given symbols wherever symbols may differ.

        Missing ones are among them: they tell the engine that what it knew yesterday holds no more.
        """
        found = []
        single: list[tuple[str, Column | None]] = []
        for name, several in self.answers.items():
            first = several[0]
            found.append(first if isinstance(first, Fact) and first.symbol == MARKET_WIDE else self.get(name))
            if not _is_market_wide(first):
                # A column that speaks for all: nobody else is asked.
                single.append((name, first if isinstance(first, Column) and first.answers is None else None))
        for symbol in symbols if single else ():
            j = self.column_of.get(symbol)
            for name, column in single:
                of_all = None if column is None or j is None else column.of(j, symbol)
                found.append(self.get(name, symbol) if of_all is None else of_all)
        return found

    def origins(self) -> dict[str, tuple[Answer, ...]]:
        """Return, by input, the answers that can come to use, in their order."""
        return {name: tuple(_in_use(several)) for name, several in self.answers.items()}

    def assumed(self) -> dict[str, FactValue]:
        """Return, by input, what is assumed for those for whom nobody else speaks; `own` is a sector for each symbol."""
        found: dict[str, FactValue] = {}
        for name, several in self.answers.items():
            told = np.zeros(len(self.symbols), dtype=np.bool_)
            for answer in _in_use(several):
                if answer.source is FactSource.ASSUMED and not (told.size and told.all()):
                    found[name] = answer.value if isinstance(answer, Fact) else OWN_SECTOR
                elif isinstance(answer, Column) and answer.answers is not None:
                    told |= answer.answers
                elif isinstance(answer, Fact) and answer.symbol in self.column_of:
                    told[self.column_of[answer.symbol]] = True
        return found

    def _cells(self, name: str, kind: type[np.generic], nothing: Any, convert: Callable[[Any], Any]) -> Any:
        key = name, kind is np.float64
        if key not in self._merged:
            cells = np.full(len(self.symbols), nothing, dtype=kind)
            for answer in reversed(list(_in_use(self.answers.get(name, ())))):
                self._lay(answer, cells, convert)
            cells.flags.writeable = False
            self._merged[key] = cells
        return self._merged[key]

    def _lay(self, answer: Answer, cells: npt.NDArray[Any], convert: Callable[[Any], Any]) -> None:
        """Put an answer over what later providers said."""
        if isinstance(answer, Fact):
            where = slice(None) if answer.symbol == MARKET_WIDE else self.column_of.get(answer.symbol)
            if where is not None:
                cells[where] = convert(answer.value)
            return
        values = answer.values
        if values.dtype != cells.dtype or values.dtype == np.object_:
            values = np.array([convert(value) for value in values.tolist()], dtype=cells.dtype)
        cells[...] = values if answer.answers is None else np.where(answer.answers, values, cells)


@dataclass(frozen=True)
class Inputs:
    """The registry: providers in the order in which they are asked."""

    symbols: tuple[str, ...]
    providers: tuple[Provider, ...]

    def of_session(self, session: dt.date, at: Nanos) -> SessionInputs:
        """Ask every provider once, and return what is known at the start of the session."""
        answers: dict[str, list[Answer]] = {}
        for provider in self.providers:
            # What one provider says of a symbol goes before what it says of the whole market.
            of_market: list[Answer] = []
            for answer in provider.of_session(session, at):
                if _is_market_wide(answer):
                    of_market.append(answer)
                else:
                    answers.setdefault(answer.name, []).append(answer)
            for answer in of_market:
                answers.setdefault(answer.name, []).append(answer)
        return SessionInputs(self.symbols, self._column_of, answers)

    def of_market(self, name: str, session: dt.date) -> Fact:
        """Return one input of the whole market at the start of a session, from the first provider that speaks for it."""
        at = time.at(session, PREPARED)
        for provider in self.providers:
            for answer in provider.of_session(session, at):
                if answer.name == name and isinstance(answer, Fact) and answer.symbol == MARKET_WIDE:
                    return answer
        return missing(name)

    def told(self, session: dt.date) -> dict[FactSource, list[str]]:
        """Return, for people, which inputs of the session are derived and which are assumed, these with their values."""
        found: dict[FactSource, dict[str, None]] = {FactSource.DERIVED: {}, FactSource.ASSUMED: {}}
        for answers in self.of_session(session, time.at(session, PREPARED)).origins().values():
            for answer in answers:
                found.setdefault(answer.source, {})[_told(answer)] = None
        return {source: list(found[source]) for source in (FactSource.ASSUMED, FactSource.DERIVED) if found[source]}

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return {symbol: j for j, symbol in enumerate(self.symbols)}


@dataclass(frozen=True, slots=True)
class Given:
    """The same facts on every day."""

    facts: tuple[Fact, ...]

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the facts."""
        return self.facts


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the data source states itself."""

    source: DataSource

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the source's facts of the session."""
        return self.source.facts(session)


class MarketState:
    """What follows from the KOSPI up to the session before: regime, pulse, last close and change, 200-day average."""

    _NAMES = (fact.REGIME, fact.PULSE, fact.INDEX_CLOSE, fact.INDEX_CHANGE, fact.INDEX_MA200, fact.INDEX_MA199)

    def __init__(self, conditions: Conditions, calendar: Calendar) -> None:
        self._conditions = conditions
        self._calendar = calendar
        self._ma200, self._ma199 = (average(conditions.close, n) for n in (200, 199))

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the state of the market; what the index does not tell is missing, and not to be assumed."""
        market, row = self._conditions, self._conditions.row_before(session)
        if row is None:
            return [missing(name) for name in self._NAMES]
        as_of = self._calendar.hours(market.sessions[row]).close
        known = (
            (fact.REGIME, market.regimes[row].regime.value),
            (fact.PULSE, market.pulses[row].known),
            (fact.INDEX_CLOSE, _plain(market.close[row])),
            (fact.INDEX_CHANGE, _plain(market.change[row])),
            (fact.INDEX_MA200, _plain(self._ma200[row])),
            (fact.INDEX_MA199, _plain(self._ma199[row])),
        )
        return [
            missing(name, as_of=as_of)
            if value is None
            else Fact(name, str(value) if isinstance(value, str) else value, as_of, FactSource.DERIVED)
            for name, value in known
        ]


class Listed:
    """What the list of instruments tells of each symbol that it knows: board and sector."""

    def __init__(self, panel: Panel) -> None:
        listed = panel.instruments
        columns = (
            (fact.MARKET, _texts([i.market.value if i.is_market_known else None for i in listed])),
            (fact.SECTOR, _texts([i.sector for i in listed])),
        )
        self._columns = [
            (name, values, np.array([value is not None for value in values], dtype=np.bool_))
            for name, values in columns
            if any(value is not None for value in values)
        ]

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the columns of which at least one symbol is known."""
        for name, values, known in self._columns:
            yield Column(name, values, at, FactSource.FILE, known)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """What is known beforehand to move the market: the session's events, for all, and for each symbol with its own."""

    events: EventCalendar

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the events as facts, from our tables and the operator's file.

        A day that the calendar does not cover has no fact: it stays missing, which is not the same as no event.
        """
        try:
            day = self.events.on(session)
        except CalendarError:
            return
        market = day.of_symbol(MARKET_WIDE)
        yield Fact(fact.EVENTS, market.as_text(), at, FactSource.FILE)
        for symbol in day.symbols:
            yield Fact(fact.EVENTS, day.of_symbol(symbol).as_text(), at, FactSource.FILE, symbol)


class Approximated:
    """What bars do not show, as it usually is."""

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the usual state of every symbol: trading, with no interruption near."""
        yield Fact(fact.VI_STATE, ViState.NORMAL.value, at, FactSource.APPROXIMATED)


class Dividends:
    """Which cash dividends go ex on a session, as their record dates were announced.

    Only for prices as they were traded: dividends are not on the scale of adjusted ones.
    """

    def __init__(self, table: SideTable, calendar: Calendar) -> None:
        self._on: dict[dt.date, dict[str, Payout]] = {}
        for payout in payouts(table, calendar):
            if payout.dps > 0 and payout.known_from < payout.ex_date:
                # They come in the order in which they were known: a later announcement replaces the one before.
                self._on.setdefault(payout.ex_date, {})[payout.symbol] = payout

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return the dividends of symbols that go ex today, and when they are paid where that is stated."""
        for symbol, payout in sorted(self._on.get(session, {}).items()):
            yield Fact(fact.DIVIDEND, int(payout.dps), at, FactSource.FILE, symbol)
            if payout.paid_on is not None:
                yield Fact(fact.DIVIDEND_PAID_ON, payout.paid_on.isoformat(), at, FactSource.FILE, symbol)


class Assumed:
    """What the operator wrote under `assume:`, always the last to be asked."""

    def __init__(self, assume: Assume, symbols: Sequence[str]) -> None:
        values = assume.model_dump(mode="json", exclude_none=True)
        self._own = _texts(symbols) if values.get(fact.SECTOR) == OWN_SECTOR else None
        if self._own is not None:
            del values[fact.SECTOR]
        self._values: dict[str, FactValue] = values

    def of_session(self, session: dt.date, at: Nanos) -> Iterable[Answer]:
        """Return what is assumed; `sector: own` is a sector for each symbol."""
        for name, value in self._values.items():
            yield Fact(name, value, at, FactSource.ASSUMED)
        if self._own is not None:
            yield Column(fact.SECTOR, self._own, at, FactSource.ASSUMED)


def assuming(panel: Panel, assume: Assume) -> Panel:
    """Return a panel with what of `assume:` strategies read when they arm: one sector for all whose own nobody knows."""
    return replace(panel, assumed_sector=None if assume.sector == OWN_SECTOR else assume.sector)


def _texts(values: Sequence[str | None]) -> Texts:
    cells = np.empty(len(values), dtype=np.object_)
    cells[:] = values
    return cells


def _told(answer: Answer) -> str:
    if answer.source is not FactSource.ASSUMED:
        return answer.name
    return f"{answer.name}={answer.value if isinstance(answer, Fact) else OWN_SECTOR}"


def _is_market_wide(answer: Answer) -> bool:
    return isinstance(answer, Fact) and answer.symbol == MARKET_WIDE


def _in_use(answers: Sequence[Answer]) -> Iterable[Answer]:
    """Yield answers up to the first that speaks for every symbol."""
    for answer in answers:
        yield answer
        if _is_market_wide(answer) or (isinstance(answer, Column) and answer.answers is None):
            return


def _plain(value: Any) -> FactValue:
    """Return a cell as a fact holds it; NaN is missing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    plain: FactValue = value
    return plain


def number(value: Any) -> float:
    """Return a value as a number to compute with; NaN where it is missing or none."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
