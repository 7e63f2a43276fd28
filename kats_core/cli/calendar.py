"""`kats calendar`: show a month of the exchange, its sessions, closed days, special hours and events."""

from __future__ import annotations

import datetime as dt
from calendar import Calendar as Weeks
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console, scheduling
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, JsonOption
from kats_core.cli.text import label, t, weekday

if TYPE_CHECKING:
    from rich.text import Text

    from kats_core.market.calendar import Calendar
    from kats_core.market.events import EventCalendar, MarketEvent

_MONDAY = dt.date(2024, 1, 1)
_SATURDAY = 5
_WIDTH = 112


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("calendar", help=t("help_calendar"))(show)


def show(
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help=t("help_month"))] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the month."""
    first = _first_of(month)
    events = scheduling.events_of(config)
    calendar = events.calendar
    whole = [day for day in Weeks().itermonthdates(first.year, first.month) if day.month == first.month]
    days = [day for day in whole if calendar.covered_from <= day <= calendar.covered_through]
    if not days:
        scheduling.require_covered(calendar, whole[0], whole[-1], "--month", f"{first:%Y-%m}")
    found = events.between(days[0], days[-1])
    if as_json:
        console.out().print_json(data=_as_json(calendar, events, days, found))
        return
    _print(calendar, events, days, found)


def _first_of(month: str | None) -> dt.date:
    if month is None:
        return scheduling.today().replace(day=1)
    try:
        return dt.datetime.strptime(month.strip(), "%Y-%m").date()  # noqa: DTZ007 - a month has no zone
    except ValueError:
        raise InputError(t("no_month", found=month)) from None


def _as_json(
    calendar: Calendar, events: EventCalendar, days: list[dt.date], found: tuple[MarketEvent, ...]
) -> dict[str, Any]:
    return {
        "month": f"{days[0]:%Y-%m}",
        "sessions": len(calendar.sessions(days[0], days[-1])),
        "is_published": days[-1] <= calendar.published_through,
        "days": [_day_as_json(calendar, day, found) for day in days],
        "events": [scheduling.as_json(event) for event in found],
        "years_missing": scheduling.missing_as_json(events, days[-1]),
    }


def _day_as_json(calendar: Calendar, day: dt.date, found: tuple[MarketEvent, ...]) -> dict[str, Any]:
    closure, kind = calendar.closure(day), None
    opening = closing = None
    if closure is None:
        opening, closing = scheduling.clocks(calendar, day)
        kind = calendar.hours_kind(day)
    return {
        "date": day.isoformat(),
        "is_session": closure is None,
        "closed_for": None if closure is None else closure.value,
        "open": opening,
        "close": closing,
        "hours": None if kind is None else kind.value,
        "events": [event.type.value for event in found if event.first <= day <= event.last and closure is None],
    }


def _print(calendar: Calendar, events: EventCalendar, days: list[dt.date], found: tuple[MarketEvent, ...]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen = console.out()
    sessions = calendar.sessions(days[0], days[-1])
    screen.print(Text.assemble((f"{days[0]:%Y-%m}", "bold"), f" · {t('month_sessions', count=len(sessions))}"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
    has_saturdays = any(session.weekday() == _SATURDAY for session in sessions)
    for offset in range(7):
        is_narrow = offset >= _SATURDAY and not has_saturdays
        table.add_column(weekday(_MONDAY + dt.timedelta(days=offset)), ratio=1 if is_narrow else 2, overflow="fold")
    for week in Weeks().monthdatescalendar(days[0].year, days[0].month):
        cells = (_cell(calendar, day, found) if days[0] <= day <= days[-1] else Text() for day in week)
        table.add_row(*cells, end_section=True)
    screen.print(table, width=min(screen.width, _WIDTH))
    for day in sessions:
        kind = calendar.hours_kind(day)
        if kind is not None:
            hours = "-".join(scheduling.clocks(calendar, day))
            screen.print(Text(f"{day} {weekday(day)}  {hours}  {label(kind)}", "yellow"), soft_wrap=True)
    if days[-1] > calendar.published_through:
        screen.print(Text.assemble((t("note"), "dim"), "  ", t("not_published", year=days[-1].year)), soft_wrap=True)
    scheduling.print_missing(screen, events, days[-1])
    if found:
        screen.print()
        screen.print(scheduling.table(found))


def _cell(calendar: Calendar, day: dt.date, found: tuple[MarketEvent, ...]) -> Text:
    """Return a day: closed in red with its reason, else its special hours and what happens on it for one day."""
    from rich.text import Text

    from kats_core.market.calendar import Closure

    closure = calendar.closure(day)
    if closure is not None:
        is_weekend = closure is Closure.WEEKEND
        return Text(f"{day.day}", "dim red") if is_weekend else Text(f"{day.day}\n{label(closure)}", "red")
    lines = [Text(f"{day.day}", "bold")]
    kind = calendar.hours_kind(day)
    if kind is not None:
        lines.append(Text("-".join(scheduling.clocks(calendar, day)), "yellow"))
    own = [event for event in found if event.first == day and event.last == day]
    lines += [Text(scheduling.title(event), scheduling.style(event)) for event in own]
    return Text("\n").join(lines)
