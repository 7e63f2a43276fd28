"""Know the days on which something known beforehand moves the market, and what each means for entries.

Most follow from rules and from schedules that central banks publish; the operator adds and corrects the others, and the
operator's row wins over a generated one of the same day, type and symbol. Effects join to the strictest action and the
largest extra cash, never to a sum. Nothing here sells: events are about entries.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from kats_core.market.calendar import Calendar
from kats_core.market.dated import Certainty, Source
from kats_core.model.kinds import Style
from kats_core.model.labels import Labelled
from kats_core.model.verdict import Proposal

REDUCE_SCALE = 0.5
"""What remains of a size under REDUCE, unless a stage is configured otherwise."""

YEAR_MISSING_CASH = 0.05
"""Extra cash on every day of a year whose FOMC or BOK dates are not known: none of its days is free of events."""

_HOLIDAY_DAYS = 4
_THURSDAY = 3
_WITCHING = (3, 6, 9, 12)
_MSCI = (2, 5, 8, 11)


class EventType(Labelled):
    """What happens."""

    OPTION_EXPIRY = "OPTION_EXPIRY", "옵션만기일", "option expiry"
    FUTURES_EXPIRY = "FUTURES_EXPIRY", "선물·옵션 동시만기일", "futures and option expiry"
    FOMC = "FOMC", "FOMC 발표 전", "before the FOMC statement"
    FOMC_REACTION = "FOMC_REACTION", "FOMC 발표 후", "after the FOMC statement"
    BOK = "BOK", "금통위", "Bank of Korea rate decision"
    MSCI = "MSCI", "MSCI 리밸런싱", "MSCI rebalancing"
    EX_DIVIDEND = "EX_DIVIDEND", "배당락일", "ex-dividend day"
    EARNINGS = "EARNINGS", "실적 발표", "earnings"
    EARNINGS_SEASON = "EARNINGS_SEASON", "실적 시즌", "earnings season"
    SHORT_SELL = "SHORT_SELL", "공매도 제도 변경", "change of the short-selling rules"
    HOLIDAY_EVE = "HOLIDAY_EVE", "연휴 전일", "eve of a long holiday"
    CUSTOM = "CUSTOM", "사용자 이벤트", "operator's event"


class TradingAction(Labelled):
    """What an event does to entries, the mildest first."""

    NORMAL = "NORMAL", "정상", "normal"
    REDUCE = "REDUCE", "축소", "reduce"
    HALT = "HALT", "진입 금지", "no entries"

    @property
    def severity(self) -> int:
        """Return 0, 1 or 2."""
        return _SEVERITIES[self]


_SEVERITIES = {TradingAction.NORMAL: 0, TradingAction.REDUCE: 1, TradingAction.HALT: 2}


class Impact(Labelled):
    """How much an event usually moves the market; for people, it decides nothing."""

    LOW = "LOW", "낮음", "low"
    MEDIUM = "MEDIUM", "보통", "medium"
    HIGH = "HIGH", "높음", "high"


class EventOrigin(Labelled):
    """Who knows of an event."""

    RULE = "rule", "규칙", "rule"
    MANUAL = "manual", "수동", "manual"
    FEED = "feed", "수신", "feed"


class RateSector(Labelled):
    """A sector that a decision on the interest rate moves, by its Korean name as data have it."""

    FINANCE = "금융", "금융", "finance"
    BANKS = "은행", "은행", "banks"
    SECURITIES = "증권", "증권", "securities"
    INSURANCE = "보험", "보험", "insurance"
    REAL_ESTATE = "부동산", "부동산", "real estate"
    CONSTRUCTION = "건설", "건설", "construction"


BOK_SECTORS: frozenset[str] = frozenset(RateSector)
"""Sectors that get no entries on the day of a decision."""


class MarketEvent(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One event. `first` and `last` are the sessions on which it acts, `date` its own day, which may be another.

    `action` and `extra_cash` are what it does at most; who is spared is a matter of `EventType` (`EventDay.effect`).
    `estimated`: the day follows from habit and nobody has confirmed it; the effect is the same. An event that is not
    `is_active` has none, and takes the place of a generated one.
    """

    date: dt.date
    type: EventType
    first: dt.date
    last: dt.date
    name: str = ""
    symbol: str | None = None
    impact: Impact = Impact.MEDIUM
    action: TradingAction = TradingAction.NORMAL
    extra_cash: float = 0.0
    origin: EventOrigin = EventOrigin.RULE
    estimated: bool = False
    is_active: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.extra_cash <= 1:
            raise ValueError(f"{self.date} {self.type}: extra cash {self.extra_cash} is not a fraction between 0 and 1")
        if self.last < self.first:
            raise ValueError(f"{self.date} {self.type}: acts from {self.first} to {self.last}, which is no span")

    @property
    def key(self) -> tuple[dt.date, EventType, str | None]:
        """What makes a generated event and the operator's the same."""
        return (self.date, self.type, self.symbol)


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a type of event does, and to whom.

    `halted` is the action for strategies that sit events out, `swing` and `day` the one for the others by their style.
    `sectors`: only these are concerned, and get no entries. `entries_from` and `entries_until` are default clock times.
    """

    halted: TradingAction
    swing: TradingAction
    day: TradingAction
    extra_cash: float
    impact: Impact
    entries_from: dt.time | None = None
    entries_until: dt.time | None = None
    sectors: frozenset[str] = frozenset()
    spares_gaps: bool = True

    @property
    def action(self) -> TradingAction:
        """The strictest."""
        return max((self.halted, self.swing, self.day), key=lambda action: action.severity)


_N, _R, _H = TradingAction.NORMAL, TradingAction.REDUCE, TradingAction.HALT
_TWO = dt.time(14, 0)
_RULES: Mapping[EventType, _Rule] = {
    EventType.OPTION_EXPIRY: _Rule(_R, _R, _R, 0.10, Impact.MEDIUM, entries_until=_TWO),
    EventType.FUTURES_EXPIRY: _Rule(_R, _R, _R, 0.20, Impact.HIGH, entries_until=_TWO),
    EventType.FOMC: _Rule(_H, _R, _R, 0.20, Impact.HIGH),
    EventType.FOMC_REACTION: _Rule(_R, _R, _R, 0.10, Impact.HIGH, entries_from=dt.time(9, 30)),
    EventType.BOK: _Rule(_R, _R, _R, 0.10, Impact.MEDIUM, sectors=BOK_SECTORS),
    EventType.MSCI: _Rule(_R, _R, _R, 0.10, Impact.MEDIUM, entries_until=_TWO),
    EventType.EX_DIVIDEND: _Rule(_N, _N, _N, 0.0, Impact.LOW, spares_gaps=False),
    EventType.EARNINGS: _Rule(_H, _N, _N, 0.0, Impact.MEDIUM),
    EventType.EARNINGS_SEASON: _Rule(_N, _N, _N, 0.05, Impact.LOW),
    EventType.SHORT_SELL: _Rule(_R, _R, _R, 0.10, Impact.HIGH),
    EventType.HOLIDAY_EVE: _Rule(_R, _R, _N, 0.10, Impact.MEDIUM),
    EventType.CUSTOM: _Rule(_N, _N, _N, 0.0, Impact.MEDIUM),
}


class Audience(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Whom an event may concern: an entry's symbol and sector, and its strategy's traits.

    `sits_out` are strategies that make no entry while a statement or a report is awaited; `trades_gaps` those that buy a gap
    at the open, which an ex-dividend day fakes.
    """

    symbol: str
    sector: str | None
    style: Style
    sits_out: bool
    trades_gaps: bool = False

    @classmethod
    def of(cls, proposal: Proposal, sector: str | None) -> Audience:
        """Return whom a proposal to buy stands for."""
        return cls(
            symbol=proposal.symbol,
            sector=sector,
            style=proposal.style,
            sits_out=proposal.sits_out_events,
            trades_gaps=proposal.trades_gaps,
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What the events of a session mean for one entry. Clock times are default ones (`SessionHours.at`).

    `types` are the events that act, the strictest first; `halted_by` those that forbid the entry.
    """

    action: TradingAction = TradingAction.NORMAL
    extra_cash: float = 0.0
    entries_from: dt.time | None = None
    entries_until: dt.time | None = None
    types: tuple[EventType, ...] = ()
    halted_by: tuple[EventType, ...] = ()

    def size_multiplier(self, reduce_scale: float = REDUCE_SCALE) -> float:
        """Return the share of the size that remains: 1, `reduce_scale`, or 0."""
        return (1.0, reduce_scale, 0.0)[self.action.severity]


class EventDay(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """The events of one session; the value of the fact `events`, as text (`as_text`, `day_from_text`).

    `years_missing` are the types whose dates are not known for the session's year.
    """

    session: dt.date
    events: tuple[MarketEvent, ...] = ()
    years_missing: tuple[EventType, ...] = ()

    def __hash__(self) -> int:
        # Days are keys of what was worked out for them, and all events of a day are a lot to hash for each signal.
        return hash((self.session, len(self.events)))

    def effect(self, audience: Audience, types: Iterable[EventType] | None = None) -> Effect:
        """Return what the events mean for an entry; `types` are the ones that count, by default all."""
        if not self.events and not self.years_missing:
            return _NO_EFFECT
        counted = frozenset(EventType if types is None else types)
        # Most events concern everyone alike; then they need be looked at once.
        symbol: str = ""
        sector: str | None = ""
        for event in self.events:
            if event.symbol == audience.symbol:
                symbol = audience.symbol
            if _RULES[event.type].sectors:
                sector = audience.sector
        return _effect(self, symbol, sector, audience.style, audience.sits_out, audience.trades_gaps, counted)

    def of_symbol(self, symbol: str) -> EventDay:
        """Return the day as one symbol sees it: the market's events and its own."""
        own = tuple(event for event in self.events if event.symbol in (None, symbol))
        return msgspec.structs.replace(self, events=own)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that have events of their own."""
        return tuple(sorted({event.symbol for event in self.events if event.symbol is not None}))

    def as_text(self) -> str:
        """Return the day as compact JSON, the same for the same day."""
        return msgspec.json.encode(self).decode()

    def missing_cash(self, counted: frozenset[EventType]) -> float:
        """Return how much more is kept in cash because the dates of types that count are not known."""
        return YEAR_MISSING_CASH if counted.intersection(self.years_missing) else 0.0


_NO_EFFECT = Effect()


@lru_cache(maxsize=4096)
def _effect(
    day: EventDay,
    symbol: str,
    sector: str | None,
    style: Style,
    sits_out: bool,
    trades_gaps: bool,
    counted: frozenset[EventType],
) -> Effect:
    audience = Audience(symbol=symbol, sector=sector, style=style, sits_out=sits_out, trades_gaps=trades_gaps)
    acting = [(event, _action(event, audience)) for event in day.events if event.type in counted]
    acting = [(event, action) for event, action in acting if _concerns(event, audience)]
    acting.sort(key=lambda pair: -pair[1].severity)
    rules = [_RULES[event.type] for event, _ in acting]
    starts = [rule.entries_from for rule in rules if rule.entries_from is not None]
    ends = [rule.entries_until for rule in rules if rule.entries_until is not None]
    return Effect(
        action=acting[0][1] if acting else TradingAction.NORMAL,
        extra_cash=max([event.extra_cash for event, _ in acting] + [day.missing_cash(counted)]),
        entries_from=max(starts, default=None),
        entries_until=min(ends, default=None),
        types=tuple(dict.fromkeys(event.type for event, _ in acting)),
        halted_by=tuple(dict.fromkeys(event.type for event, action in acting if action is TradingAction.HALT)),
    )


@lru_cache(maxsize=1024)
def day_from_text(text: str) -> EventDay:
    """Return the day that `EventDay.as_text` wrote.

    Raises:
        ValueError: the text is no such day.
    """
    return msgspec.json.decode(text.encode(), type=EventDay)


def _concerns(event: MarketEvent, audience: Audience) -> bool:
    return event.symbol is None or event.symbol == audience.symbol


def _action(event: MarketEvent, audience: Audience) -> TradingAction:
    rule = _RULES[event.type]
    if event.action is not rule.action:
        return event.action  # the operator decided otherwise, for everybody
    if rule.sectors:
        # The missing sector of a stock may be one of them.
        return (
            TradingAction.HALT if audience.sector is None or audience.sector in rule.sectors else TradingAction.NORMAL
        )
    if not rule.spares_gaps and audience.trades_gaps:
        return TradingAction.HALT
    if audience.sits_out:
        return rule.halted
    return rule.swing if audience.style is Style.SWING else rule.day


def effect_times(of: EventType) -> tuple[dt.time | None, dt.time | None]:
    """Return from when and until when, on the default clock, a type of event lets entries through; None: no bound."""
    return _RULES[of].entries_from, _RULES[of].entries_until


def decides_for_all(event: MarketEvent) -> bool:
    """Tell whether an event does the same to every strategy: its type does, or the operator has decided so."""
    rule = _RULES[event.type]
    is_alike = rule.halted is rule.swing is rule.day and not rule.sectors and rule.spares_gaps
    return is_alike or event.action is not rule.action


class EventCalendar:
    """All events of the years that the exchange's calendar covers: the generated ones and the operator's."""

    def __init__(self, calendar: Calendar, manual: Sequence[MarketEvent] = ()) -> None:
        self.calendar = calendar
        self._manual = (*manual, *_reactions(calendar, manual))
        self._years: dict[int, tuple[MarketEvent, ...]] = {}
        self._days: dict[int, Mapping[dt.date, tuple[MarketEvent, ...]]] = {}
        self._missing: dict[int, tuple[EventType, ...]] = {}

    def between(self, first: dt.date, last: dt.date) -> tuple[MarketEvent, ...]:
        """Return the active events that act on some day from `first` to `last`, by day, then type, then symbol."""
        # An event of one year may act in another: a report in January forbids entries in December.
        years = range(first.year - 1, last.year + 2)
        inside = {
            event
            for year in years
            for event in self._of_year(year)
            if event.first <= last and event.last >= first and event.is_active
        }
        return tuple(sorted(inside, key=_order))

    def on(self, session: dt.date) -> EventDay:
        """Return the events of a session; raises `CalendarError` outside the calendar."""
        self.calendar.is_session(session)
        year = session.year
        if year not in self._days:
            self._days[year], self._missing[year] = self._by_day(year), self.years_missing(year)
        return EventDay(session=session, events=self._days[year].get(session, ()), years_missing=self._missing[year])

    def years_missing(self, year: int) -> tuple[EventType, ...]:
        """Return which of FOMC and BOK have no date in a year, neither in our schedules nor from the operator."""
        dated = {event.type for event in self._manual if event.date.year == year and event.is_active}
        return tuple(of for of, schedule in SCHEDULES.items() if year not in schedule and of not in dated)

    def warns_of(self, session: dt.date) -> dict[int, tuple[EventType, ...]]:
        """Return the years without dates that people should hear of: the session's, and from 1 December on the next one."""
        years = [session.year] if session.month < 12 else [session.year, session.year + 1]
        return {year: missing for year in years if (missing := self.years_missing(year))}

    def _by_day(self, year: int) -> Mapping[dt.date, tuple[MarketEvent, ...]]:
        """Return the events that act on each day of a year, in their order."""
        first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
        days: dict[dt.date, tuple[MarketEvent, ...]] = {}
        for event in self.between(first, last):
            for number in range(max(event.first, first).toordinal(), min(event.last, last).toordinal() + 1):
                day = dt.date.fromordinal(number)
                days[day] = (*days.get(day, ()), event)
        return days

    def _of_year(self, year: int) -> tuple[MarketEvent, ...]:
        if year not in self._years:
            own = [event for event in self._manual if event.date.year == year]
            self._years[year] = (*own, *_without(generate(self.calendar, year), own))
        return self._years[year]


def _without(generated: Iterable[MarketEvent], manual: Sequence[MarketEvent]) -> Iterator[MarketEvent]:
    """Yield the generated events that no row of the operator replaces.

    A row replaces the event of its own day, type and symbol; an estimated one also from another day of the same month.
    """
    keys = {event.key for event in manual}
    in_month = {(event.date.month, event.type, event.symbol) for event in manual}
    for event in generated:
        guessed = event.estimated and (event.date.month, event.type, event.symbol) in in_month
        if event.key not in keys and not guessed:
            yield event


def _reactions(calendar: Calendar, manual: Sequence[MarketEvent]) -> Iterator[MarketEvent]:
    """Yield the day after each FOMC of the operator, unless the operator has one there."""
    own = {event.key for event in manual}
    for event in manual:
        if event.type is not EventType.FOMC or event.date >= calendar.covered_through:
            continue
        rule, after = _RULES[EventType.FOMC_REACTION], calendar.next_session(event.date)
        reaction = msgspec.structs.replace(
            event,
            type=EventType.FOMC_REACTION,
            date=after,
            first=after,
            last=after,
            action=rule.action,
            extra_cash=rule.extra_cash,
        )
        if reaction.key not in own:
            yield reaction


def _order(event: MarketEvent) -> tuple[dt.date, dt.date, int, str]:
    return (event.first, event.date, list(EventType).index(event.type), event.symbol or "")


def effective_span(calendar: Calendar, of: EventType, date: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last session on which an event of the operator acts.

    Earnings act from two sessions before the report to the report, a change of the short-selling rules on its day and the
    four sessions after; everything else on its day. A day without a session counts as the one before it, short selling as the
    one after.

    Raises:
        CalendarError: the calendar does not cover these days.
    """
    if of is EventType.SHORT_SELL:
        first = date if calendar.is_session(date) else calendar.next_session(date)
        return first, calendar.shift(first, 4)
    last = date if calendar.is_session(date) else calendar.previous_session(date)
    if of is EventType.EARNINGS:
        return calendar.shift(last, -2), last
    return last, last


def manual_event(
    calendar: Calendar,
    *,
    date: dt.date,
    of: EventType,
    name: str = "",
    symbol: str | None = None,
    action: TradingAction | None = None,
    extra_cash: float | None = None,
    is_active: bool = True,
    origin: EventOrigin = EventOrigin.MANUAL,
) -> MarketEvent:
    """Return an operator's event; what is left out is as the type says. Raises as `effective_span`."""
    rule = _RULES[of]
    first, last = effective_span(calendar, of, date)
    return MarketEvent(
        date=date,
        type=of,
        first=first,
        last=last,
        name=name,
        symbol=symbol,
        impact=rule.impact,
        action=rule.action if action is None else action,
        extra_cash=rule.extra_cash if extra_cash is None else extra_cash,
        origin=origin,
        is_active=is_active,
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """Published days of one year, and where they are from. `is_tentative`: the publisher may still move them."""

    days: tuple[dt.date, ...]
    source: Source
    is_tentative: bool = False


def _days(year: int, text: str, source: Source, *, is_tentative: bool = False) -> Schedule:
    return Schedule(tuple(dt.date.fromisoformat(f"{year}-{day}") for day in text.split()), source, is_tentative)


_FED = Source("calendar of the Federal Open Market Committee", Certainty.CONFIRMED)
_FED_TENTATIVE = Source("tentative schedule of the Federal Open Market Committee", Certainty.CONFIRMED)
_BANK = Source("schedule of the Bank of Korea's Monetary Policy Board", Certainty.CONFIRMED)
_MSCI_NOTICE = Source("the index provider's announcements of effective dates", Certainty.CONFIRMED)

# FOMC: the US day of the statement, which comes at 03:00 or 04:00 in Korea on the next day.
SCHEDULES: Mapping[EventType, Mapping[int, Schedule]] = {
    EventType.FOMC: {
        2024: _days(2024, "01-31 03-20 05-01 06-12 07-31 09-18 11-07 12-18", _FED),
        2025: _days(2025, "01-29 03-19 05-07 06-18 07-30 09-17 10-29 12-10", _FED),
        2026: _days(2026, "01-28 03-18 04-29 06-17 07-29 09-16 10-28 12-09", _FED),
        2027: _days(2027, "01-27 03-17 04-28 06-09 07-28 09-15 10-27 12-08", _FED_TENTATIVE, is_tentative=True),
    },
    EventType.BOK: {
        2024: _days(2024, "01-11 02-22 04-12 05-23 07-11 08-22 10-11 11-28", _BANK),
        2025: _days(2025, "01-16 02-25 04-17 05-29 07-10 08-28 10-23 11-27", _BANK),
        2026: _days(2026, "01-15 02-26 04-10 05-28 07-16 08-27 10-22 11-26", _BANK),
    },
}
MSCI_DAYS: Mapping[int, Schedule] = {
    2024: _days(2024, "02-29 05-31 08-30 11-25", _MSCI_NOTICE),
    2025: _days(2025, "02-28 05-30 08-26 11-24", _MSCI_NOTICE),
}
_SEASONS = (((1, 15), (2, 15)), ((4, 15), (5, 15)), ((7, 15), (8, 14)), ((10, 15), (11, 14)))

_FIRST_FUTURES = dt.date(1996, 6, 1)
_FIRST_OPTIONS = dt.date(1997, 7, 1)
"""Index futures and options were listed in these months or shortly before; general knowledge."""


def generate(calendar: Calendar, year: int) -> tuple[MarketEvent, ...]:
    """Return the events of a year that follow from rules and schedules; none outside the calendar."""
    first = max(dt.date(year, 1, 1), calendar.covered_from)
    last = min(dt.date(year, 12, 31), calendar.covered_through)
    if first > last:
        return ()
    sessions = calendar.sessions(first, last)
    makers: tuple[Callable[[_Year], Iterator[MarketEvent]], ...] = (
        _expiries,
        _fomc,
        _bok,
        _msci,
        _dividend,
        _season,
        _eves,
    )
    own = _Year(calendar, year, sessions)
    return tuple(sorted((event for make in makers for event in make(own)), key=_order))


@dataclass(frozen=True, slots=True)
class _Year:
    calendar: Calendar
    number: int
    sessions: Sequence[dt.date]

    @property
    def is_whole(self) -> bool:
        """Whether the calendar covers the year to its end."""
        return self.calendar.covered_through >= dt.date(self.number, 12, 31)

    def on_or_before(self, day: dt.date) -> dt.date | None:
        """Return the last session of the calendar up to a day."""
        if not self.calendar.covered_from < day <= self.calendar.covered_through:
            return None
        return day if self.calendar.is_session(day) else self.calendar.previous_session(day)

    def after(self, day: dt.date) -> dt.date | None:
        """Return the first session after a day."""
        later = self.calendar.sessions(day, self.calendar.covered_through)
        return next((session for session in later if session > day), None)


def _event(
    of: EventType, first: dt.date, *, date: dt.date | None = None, last: dt.date | None = None, estimated: bool = False
) -> MarketEvent:
    rule = _RULES[of]
    return MarketEvent(
        date=date or first,
        type=of,
        first=first,
        last=last or first,
        impact=rule.impact,
        action=rule.action,
        extra_cash=rule.extra_cash,
        estimated=estimated,
    )


def expiry(calendar: Calendar, year: int, month: int) -> dt.date:
    """Return the session on which options expire: the second Thursday, or the session before it when that is closed."""
    first_weekday, _ = months.monthrange(year, month)
    thursday = dt.date(year, month, 8 + (_THURSDAY - first_weekday) % 7)
    return thursday if calendar.is_session(thursday) else calendar.previous_session(thursday)


def _expiries(year: _Year) -> Iterator[MarketEvent]:
    for month in range(1, 13):
        begins = dt.date(year.number, month, 1)
        of = EventType.FUTURES_EXPIRY if month in _WITCHING else EventType.OPTION_EXPIRY
        if begins >= (_FIRST_FUTURES if of is EventType.FUTURES_EXPIRY else _FIRST_OPTIONS):
            yield _event(of, expiry(year.calendar, year.number, month))


def _fomc(year: _Year) -> Iterator[MarketEvent]:
    schedule = SCHEDULES[EventType.FOMC].get(year.number)
    for day in schedule.days if schedule is not None else ():
        before, after = year.on_or_before(day), year.after(day)
        estimated = schedule is not None and schedule.is_tentative
        if before is not None:
            yield _event(EventType.FOMC, before, date=day, estimated=estimated)
        if after is not None:
            yield _event(EventType.FOMC_REACTION, after, estimated=estimated)


def _bok(year: _Year) -> Iterator[MarketEvent]:
    schedule = SCHEDULES[EventType.BOK].get(year.number)
    for day in schedule.days if schedule is not None else ():
        if year.calendar.is_session(day):
            yield _event(EventType.BOK, day)


def _msci(year: _Year) -> Iterator[MarketEvent]:
    schedule = MSCI_DAYS.get(year.number)
    if schedule is not None:
        yield from (_event(EventType.MSCI, day) for day in schedule.days)
        return
    for month in _MSCI:
        own = [session for session in year.sessions if session.month == month]
        if own:
            yield _event(EventType.MSCI, own[-1], estimated=True)


def _dividend(year: _Year) -> Iterator[MarketEvent]:
    if year.is_whole and len(year.sessions) > 1:
        yield _event(EventType.EX_DIVIDEND, year.sessions[-2])


def _season(year: _Year) -> Iterator[MarketEvent]:
    for begin, end in _SEASONS:
        start, stop = dt.date(year.number, *begin), dt.date(year.number, *end)
        own = [session for session in year.sessions if start <= session <= stop]
        if own:
            yield _event(EventType.EARNINGS_SEASON, own[0], date=start, last=own[-1])


def _eves(year: _Year) -> Iterator[MarketEvent]:
    # After the last session of the calendar nothing is known, and nothing is claimed.
    for session, later in zip(year.sessions, [*year.sessions[1:], year.after(year.sessions[-1])], strict=True):
        if later is not None and (later - session).days - 1 >= _HOLIDAY_DAYS:
            yield _event(EventType.HOLIDAY_EVE, session)


def last_cum_dividend(calendar: Calendar, record_date: dt.date) -> dt.date:
    """Return the last session on which a buyer still gets a dividend: two sessions before the record date."""
    return calendar.shift(_record_session(calendar, record_date), -2)


def ex_dividend_date(calendar: Calendar, record_date: dt.date) -> dt.date:
    """Return the session that trades without a dividend (배당락일): one before the record date.

    A record date without a session counts from the last session before it: 2026-12-31 -> 2026-12-29.
    """
    return calendar.shift(_record_session(calendar, record_date), -1)


def _record_session(calendar: Calendar, record_date: dt.date) -> dt.date:
    return record_date if calendar.is_session(record_date) else calendar.previous_session(record_date)
