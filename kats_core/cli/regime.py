"""`kats regime`: show in which state the market was, as spells, by year, and over the index."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import label, t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table
    from rich.text import Text

    from kats_core.cli.plotting import Mark
    from kats_core.config import Resolved
    from kats_core.market.conditions import Conditions
    from kats_core.market.source import DataSource
    from kats_core.model.kinds import Regime

USUAL_SESSIONS = 250
"""Sessions that are shown when nobody says from where."""

_WIDEST, _HEIGHT = 110, 14
_SHORTEST_FOR_YEARS = 2


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("regime", help=t("help_regime"))(regime)


def regime(
    config: ConfigOption = None,
    data: DataOption = None,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help=t("help_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help=t("help_to"))] = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read, follow, print."""
    days = resolving.span(first, last)
    resolved = resolving.resolved(config, data or (), seed)

    from kats_core.market.conditions import MARKET_INDEX
    from kats_core.runtime.assembly import open_source

    with console.busy(t("preparing")):
        source = open_source(resolved)
        market = _followed(resolved, source, days[1])
    rows = _rows(market, source.indices()[MARKET_INDEX].sessions, *days)
    if as_json:
        console.out().print_json(data=_as_json(market, rows))
        return
    _print(market, rows, source)


def _followed(resolved: Resolved, source: DataSource, last: dt.date | None) -> Conditions:
    """Return the market's conditions up to `last`, else as far as the index goes, or a good day of the sample market."""
    from kats_core.market.calendar import krx_calendar
    from kats_core.market.conditions import MARKET_INDEX, market_conditions
    from kats_core.market.source import SourceError

    indices = source.indices()
    index = indices.get(MARKET_INDEX)
    if index is None or not len(index):
        raise SourceError(t("no_market_index", index=MARKET_INDEX, found=", ".join(indices) or t("no_index_at_all")))
    until = last or resolving.sample_session(resolved) or index.sessions[-1]
    panel = None if index.advancing is not None else source.history(None, until)
    market = market_conditions(indices, panel, krx_calendar(), until, resolved.regime, resolved.pulse)
    if market is None or not market.sessions:
        raise SourceError(t("index_begins_later", index=MARKET_INDEX, first=index.sessions[0], until=until))
    return market


def _rows(market: Conditions, index: Sequence[dt.date], first: dt.date | None, last: dt.date | None) -> range:
    """Return the rows to show; `index` are the sessions of which there is a value."""
    end = len(market.sessions)
    if first is None:
        return range(max(0, end - USUAL_SESSIONS), end)
    if first > index[-1]:
        raise InputError(t("no_sessions_from", first=first, begin=index[0], end=index[-1]))
    if first > market.sessions[-1]:
        from kats_core.market.calendar import krx_calendar

        near = ", ".join(map(str, krx_calendar().sessions_beside(first)))
        raise InputError(t("no_session_between", first=first, last=last, near=near))
    before = market.row_before(first)
    return range(0 if before is None else before + 1, end)


def _print(market: Conditions, rows: range, source: DataSource) -> None:
    from rich.text import Text

    from kats_core.market.spells import changes_a_year, spells, years

    screen = console.out()
    for line in _today(market, rows[-1]):
        screen.print(line, soft_wrap=True)
    screen.print()
    for line in _plot(market, rows, min(screen.width, _WIDEST)):
        screen.print(line, no_wrap=True, crop=True)
    screen.print(_legend(), soft_wrap=True)
    screen.print()
    found = spells(market, rows)
    screen.print(_spell_table(found))
    by_year = years(market, rows)
    if len(by_year) > _SHORTEST_FOR_YEARS:
        screen.print()
        screen.print(_year_table(by_year))
    screen.print()
    rate = changes_a_year(market, rows)
    if rate is not None:
        sides = sum(year.changes for year in by_year)
        screen.print(
            Text(t("side_changes", count=sides, spells=len(found), rate=f"{rate:.1f}"), "bold"), soft_wrap=True
        )
    for note in _notes(market, rows, source):
        screen.print(Text.assemble((t("note"), "dim"), "  ", (note, "dim")), soft_wrap=True)


def _today(market: Conditions, row: int) -> list[Text]:
    """Return the last session in words."""
    from rich.text import Text

    state, pulse = market.regimes[row], market.pulses[row].known
    close = market.close[row]
    head = Text.assemble(
        (f"KOSPI {market.sessions[row]}", "bold"),
        f"  {console.NONE if math.isnan(close) else f'{close:,.2f}'}  ",
        (label(state.regime), _marks()[state.regime].style),
    )
    if state.candidate is not None:
        head.append("  " + t("candidate", regime=label(state.candidate), count=state.count))
    ratio = market.breadth[row]
    breadth = console.NONE if math.isnan(ratio) else f"{ratio:.2f}"
    pulse_text = console.NONE if pulse is None else label(pulse)
    distribution = len(market.pulses[row].distribution)
    return [head, Text(t("pulse_line", pulse=pulse_text, count=distribution, breadth=breadth), "dim")]


def _plot(market: Conditions, rows: range, width: int) -> list[Text]:
    from kats_core.cli.plotting import plot

    marks = _marks()
    return plot(
        [float(market.close[row]) for row in rows],
        [marks[market.regimes[row].regime] for row in rows],
        (market.sessions[rows[0]].isoformat(), market.sessions[rows[-1]].isoformat()),
        width,
        _HEIGHT,
    )


def _legend() -> Text:
    from rich.text import Text

    parts = [
        Text.assemble((f"{mark.sign} ", mark.style), (label(regime), mark.style)) for regime, mark in _marks().items()
    ]
    return Text("   ").join(parts)


def _marks() -> dict[Regime, Mark]:
    """Return how each regime is drawn: by its sign alone it can be told where there are no colours."""
    from kats_core.cli.plotting import Mark
    from kats_core.model.kinds import Regime

    return {
        Regime.STRONG_BULL: Mark("▲", f"bold {console.GAIN}"),
        Regime.BULL: Mark("△", console.GAIN),
        Regime.SIDEWAYS: Mark("-", "yellow"),
        Regime.BEAR: Mark("▽", console.LOSS),
        Regime.STRONG_BEAR: Mark("▼", f"bold {console.LOSS}"),
        Regime.UNKNOWN: Mark("?", "dim"),
    }


def _spell_table(found: Sequence[Any]) -> Table:
    table = _table(t("spells_title", count=len(found)))
    table.add_column(t("from"), no_wrap=True)
    table.add_column(t("to"), no_wrap=True)
    table.add_column(t("regime"), no_wrap=True)
    table.add_column(t("sessions"), justify="right", no_wrap=True)
    table.add_column(t("index_change"), justify="right", no_wrap=True)
    marks = _marks()
    for spell in found:
        named = _styled(f"{marks[spell.regime].sign} {label(spell.regime)}", marks[spell.regime].style)
        days = (spell.first.isoformat(), spell.last.isoformat())
        table.add_row(*days, named, str(spell.sessions), _gain(spell.change))
    return table


def _year_table(found: Sequence[Any]) -> Table:
    from kats_core.market.regime import LEVELS
    from kats_core.model.kinds import Regime

    table = _table(t("years_title"))
    table.add_column(t("year"), no_wrap=True)
    shown = [*reversed(LEVELS), *([Regime.UNKNOWN] if any(year.sessions.get(Regime.UNKNOWN) for year in found) else [])]
    for regime in shown:
        table.add_column(_styled(_marks()[regime].sign, _marks()[regime].style), justify="right", no_wrap=True)
    table.add_column(t("changes_of_side"), justify="right", no_wrap=True)
    table.add_column(t("index_change"), justify="right", no_wrap=True)
    for year in found:
        counts = (str(year.sessions.get(regime, 0) or console.NONE) for regime in shown)
        table.add_row(str(year.year), *counts, str(year.changes), _gain(year.change))
    return table


def _table(title: str) -> Table:
    from rich import box
    from rich.table import Table

    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )


def _styled(text: str, style: str) -> Text:
    from rich.text import Text

    return Text(text, style)


def _gain(change: float | None) -> Text:
    if change is None:
        return _styled(console.NONE, "")
    return _styled(f"{change:+.1%}", console.colour(change))


def _notes(market: Conditions, rows: range, source: DataSource) -> list[str]:
    from kats_core.model.fact import REGIME

    without = sum(math.isnan(market.breadth[row]) for row in rows)
    missing = sum(math.isnan(market.close[row]) for row in rows)
    stated = any(fact.name == REGIME for fact in source.facts(market.sessions[rows[-1]]))
    return [
        *([t("breadth_missing", count=without, all=len(rows))] if without else []),
        *([t("closes_missing", count=missing)] if missing else []),
        *([t("regime_stated")] if stated else []),
    ]


def _as_json(market: Conditions, rows: range) -> dict[str, Any]:
    from kats_core.market.spells import changes_a_year, spells

    return {
        "index": "KOSPI",
        "from": market.sessions[rows[0]].isoformat(),
        "to": market.sessions[rows[-1]].isoformat(),
        "changes_of_side_a_year": changes_a_year(market, rows),
        "spells": [
            {
                "from": spell.first.isoformat(),
                "to": spell.last.isoformat(),
                "regime": spell.regime.value,
                "sessions": spell.sessions,
                "change": spell.change,
            }
            for spell in spells(market, rows)
        ],
        "days": [_day_as_json(market, row) for row in rows],
    }


def _day_as_json(market: Conditions, row: int) -> dict[str, Any]:
    state, pulse = market.regimes[row], market.pulses[row]
    return {
        "session": market.sessions[row].isoformat(),
        "close": _number(market.close[row]),
        "breadth": _number(market.breadth[row]),
        "raw": None if state.raw is None else state.raw.value,
        "candidate": None if state.candidate is None else state.candidate.value,
        "count": state.count,
        "regime": state.regime.value,
        "pulse": None if pulse.known is None else pulse.known.value,
        "distribution_days": len(pulse.distribution),
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
