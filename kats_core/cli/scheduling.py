"""Show the exchange's calendar and events alike in all verbs: their words, their JSON, their table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.text import label, t, weekday
from kats_core.market.events import (
    EventCalendar,
    EventOrigin,
    EventType,
    MarketEvent,
    RateSector,
    TradingAction,
    decides_for_all,
    effect_times,
)
from kats_core.model import time as kst

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kats_core.market.calendar import Calendar

_STYLES = {TradingAction.NORMAL: "dim", TradingAction.REDUCE: "yellow", TradingAction.HALT: "bold red"}


def today() -> dt.date:
    """Return the day in Korea; people who ask for no day mean this one."""
    return dt.datetime.now(kst.KST).date()


def events_of(config: Path | None) -> EventCalendar:
    """Return all events: the generated ones, and those of the operator's file.

    Raises:
        ConfigError: with every problem.
    """
    from kats_core.market.calendar import krx_calendar

    return EventCalendar(krx_calendar(), resolving.resolved(config).events)


def require_covered(calendar: Calendar, first: dt.date, last: dt.date, option: str, found: str) -> None:
    """Refuse days that the calendar does not cover."""
    if first < calendar.covered_from or last > calendar.covered_through:
        covered = (calendar.covered_from, calendar.covered_through)
        raise InputError(t("not_covered", option=option, found=found, first=covered[0], last=covered[1]))


def clocks(calendar: Calendar, session: dt.date) -> tuple[str, str]:
    """Return when a session opens and closes, as people write it."""
    hours = calendar.hours(session)
    return f"{kst.clock(hours.open):%H:%M}", f"{kst.clock(hours.close):%H:%M}"


def title(event: MarketEvent) -> str:
    """Return what an event is called: its own name, else its type; with its symbol."""
    return " ".join(filter(None, [event.symbol, event.name or label(event.type)]))


def style(event: MarketEvent) -> str:
    """Return how an event is coloured: by its action, and one that holds back only some strategies is not dim either."""
    is_mild = event.action is TradingAction.NORMAL and not decides_for_all(event)
    return _STYLES[TradingAction.REDUCE if is_mild else event.action]


def as_json(event: MarketEvent) -> dict[str, Any]:
    """Return plain values; the keys are those of the operator's file where they mean the same."""
    start, end = effect_times(event.type)
    return {
        "date": event.date.isoformat(),
        "type": event.type.value,
        "name": event.name,
        "symbol": event.symbol,
        "first": event.first.isoformat(),
        "last": event.last.isoformat(),
        "impact": event.impact.value,
        "action": event.action.value,
        "is_for_all": decides_for_all(event),
        "effect": _entries(event),
        "extra_cash": event.extra_cash,
        "entries_from": None if start is None else f"{start:%H:%M}",
        "entries_until": None if end is None else f"{end:%H:%M}",
        "source": event.origin.value,
        "estimated": event.estimated,
    }


def table(events: Sequence[MarketEvent]) -> Table:
    """Return the events as lines: when, what, what it does, and who says so."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    lines = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in (t("day"), t("event"), t("entries")):
        lines.add_column(heading, overflow="fold")
    lines.add_column(t("extra_cash"), justify="right")
    for heading in (t("impact"), t("origin")):
        lines.add_column(heading, overflow="fold")
    for event in events:
        origin = label(event.origin)
        lines.add_row(
            _when(event),
            Text(title(event), "bold"),
            Text(_entries(event), style(event)),
            f"+{console.percent(event.extra_cash, digits=0)}" if event.extra_cash else console.NONE,
            label(event.impact),
            f"{origin} ({t('estimated')})" if event.estimated and event.origin is EventOrigin.RULE else origin,
        )
    return lines


def print_missing(screen: Console, events: EventCalendar, *days: dt.date) -> None:
    """Say which of the years has no dates for FOMC or the Bank of Korea."""
    from rich.text import Text

    for year, types in _missing(events, days).items():
        names = ", ".join(label(one) for one in types)
        screen.print(
            Text.assemble((t("note"), "bold yellow"), "  ", t("year_missing", year=year, types=names)), soft_wrap=True
        )


def missing_as_json(events: EventCalendar, *days: dt.date) -> dict[str, list[str]]:
    """Return the same for programs."""
    return {str(year): [one.value for one in types] for year, types in _missing(events, days).items()}


def _missing(events: EventCalendar, days: Sequence[dt.date]) -> dict[int, tuple[Any, ...]]:
    found = {}
    for year in range(min(days).year, max(days).year + 1):
        types = events.years_missing(year)
        if types:
            found[year] = types
    return found | events.warns_of(max(days))


def _when(event: MarketEvent) -> str:
    begin = f"{event.first} {weekday(event.first)}"
    return begin if event.first == event.last else f"{begin} ~ {event.last} {weekday(event.last)}"


def _entries(event: MarketEvent) -> str:
    start, end = effect_times(event.type)
    parts = [label(event.action) if decides_for_all(event) else _whom(event.type)]
    parts += [t("entries_from", clock=f"{start:%H:%M}")] if start is not None else []
    parts += [t("entries_until", clock=f"{end:%H:%M}")] if end is not None else []
    return " · ".join(parts)


def _whom(of: EventType) -> str:
    """Return what a type does to whom, where it does not do the same to everybody."""
    if of is EventType.FOMC:
        return t("whom_fomc")
    if of is EventType.BOK:
        return t("whom_bok", sectors=", ".join(label(sector) for sector in RateSector))
    if of is EventType.EARNINGS:
        return t("whom_earnings")
    if of is EventType.EX_DIVIDEND:
        return t("whom_ex_dividend")
    return t("whom_swing")
