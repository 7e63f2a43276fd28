"""`kats events`: list what is known beforehand to move the market, and what it means for entries."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, resolving, scheduling
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, JsonOption
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.market.events import EventCalendar

_AHEAD = dt.timedelta(days=60)
_CODE_LENGTH = 6


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("events", help=t("help_events"))(show)


def show(
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help=t("help_events_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help=t("help_events_to"))] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", help=t("help_events_symbol"))] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the events."""
    begin, end = resolving.span(first, last)
    events = scheduling.events_of(config)
    if symbol is not None:
        _require_code(symbol, events)
    if begin is None:
        begin = scheduling.today() if end is None else max(end.replace(day=1), events.calendar.covered_from)
    scheduling.require_covered(events.calendar, begin, begin, "--from", str(begin))
    if end is None:
        end = min(begin + _AHEAD, events.calendar.covered_through)
    found = [event for event in events.between(begin, end) if symbol is None or event.symbol in (None, symbol)]
    if as_json:
        console.out().print_json(
            data={
                "from": begin.isoformat(),
                "to": end.isoformat(),
                "events": [scheduling.as_json(event) for event in found],
                "years_missing": scheduling.missing_as_json(events, begin, end),
            }
        )
        return
    screen = console.out()
    screen.print(t("events_title", first=begin, last=end, count=len(found)), style="bold")
    scheduling.print_missing(screen, events, begin, end)
    if found:
        screen.print(scheduling.table(found))


def _require_code(symbol: str, events: EventCalendar) -> None:
    """Refuse what is no code of the exchange; of any code there may be events."""
    from difflib import get_close_matches

    if not (len(symbol) == _CODE_LENGTH and symbol.isascii() and symbol.isalnum()):
        calendar = events.calendar
        every = events.between(calendar.covered_from, calendar.covered_through)
        known = sorted({event.symbol for event in every if event.symbol is not None})
        near = get_close_matches(symbol, known, n=1, cutoff=0.3) or known[:1] or ["005930"]
        raise InputError(t("no_such_code", symbol=symbol, near=near[0]))
