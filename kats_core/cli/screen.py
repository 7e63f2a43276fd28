"""`kats screen`: list the candidates of a session, or say of one symbol what each check read and why it is not among them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.language import preset
from kats_core.cli.nearest_symbols import nearest
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import language, t

if TYPE_CHECKING:
    from kats_core.market.screening.screener import Screen
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
    from kats_core.cli import screening, screening_json

    found = _find(config, data or [], resolving.session(day, "--day"), seed)
    out = console.out()
    if symbol is None:
        if as_json:
            out.print_json(data=screening_json.as_json(found))
        else:
            again = _again(data or [], day, config, seed)
            screening.show(found, out, None if everything else SHOWN, again)
        return
    column = _column(found, symbol)
    if as_json:
        out.print_json(data=screening_json.symbol_as_json(found, column))
    else:
        screening.show_symbol(found, column, out)


def _again(data: list[Path], day: str | None, config: Path | None, seed: int | None) -> list[str]:
    """Return the words of this command line that decide what is found, and the language where they must say it."""
    given = [*(("--data", path) for path in data), ("--day", day), ("--config", config), ("--seed", seed)]
    if language() != preset():
        given.append(("--lang", language()))
    return ["kats", "screen", *(str(word) for pair in given if pair[1] is not None for word in pair)]


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
        raise InputError(
            t("not_in_data", symbol=wanted, count=f"{len(panel.symbols):,}", hint=_hint(found.screen, wanted))
        )
    return by_name[0]


def _hint(screen: Screen, wanted: str) -> str:
    """Return which symbols may be meant, by code where digits were typed, else by name."""
    instruments = screen.panel.instruments
    if not any(char.isdigit() for char in wanted) and not any(one.name for one in instruments):
        return t("no_names", symbol=instruments[0].symbol)
    near = nearest(wanted, {one.symbol: one.name for one in instruments}, _by_turnover(screen))
    return t("did_you_mean", names=", ".join(near))


def _by_turnover(screen: Screen) -> list[str]:
    """Return the symbols from the most to the least traded."""
    symbols, turnover = screen.panel.symbols, screen.basics.turnover.tolist()
    order = sorted(range(len(symbols)), key=lambda j: (-turnover[j] if turnover[j] == turnover[j] else 0.0, symbols[j]))
    return [symbols[j] for j in order]
