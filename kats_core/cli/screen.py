"""`kats screen`: list the candidates of a session, or say of one symbol what each check read and why it is not among them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.runtime.candidates import Found

SHOWN = 30
"""Lines of a list; `--all` shows the rest."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("screen", help=t("help_screen"))(show)


def show(
    data: DataOption = None,
    day: Annotated[str | None, typer.Option("--day", metavar="YYYY-MM-DD", help=t("help_screen_day"))] = None,
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="CODE", help=t("help_screen_symbol"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=t("help_screen_all"))] = False,
    config: ConfigOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Screen, and print."""
    from kats_core.cli import screening

    found = _find(config, data or [], resolving.session(day, "--day"), seed)
    out = console.out()
    if symbol is None:
        if as_json:
            out.print_json(data=screening.as_json(found))
        else:
            screening.show(found, out, most=None if everything else SHOWN)
        return
    column = _column(found, symbol)
    if as_json:
        out.print_json(data=screening.symbol_as_json(found, column))
    else:
        screening.show_symbol(found, column, out)


def _find(config: Path | None, data: list[Path], session: dt.date | None, seed: int | None) -> Found:
    resolved = resolving.resolved(config, data, seed)

    from kats_core.runtime.candidates import find

    with console.busy(t("screening")):
        return find(resolved, session or resolving.sample_session(resolved))


def _column(found: Found, wanted: str) -> int:
    """Return the column of a code or a name."""
    panel = found.screen.panel
    if wanted in panel.column:
        return panel.column[wanted]
    by_name = [j for j, instrument in enumerate(panel.instruments) if instrument.name == wanted]
    if not by_name:
        raise InputError(t("not_in_data", symbol=wanted, count=f"{len(panel.symbols):,}"))
    return by_name[0]
