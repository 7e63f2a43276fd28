"""`kats strategies`: list the strategies of a configuration and what they would do next; `show` tells all about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.config import Resolved
    from kats_core.config.effective import StrategyEntry
    from kats_core.model.record import TradeRecord


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    verbs = typer.Typer(help=t("help_strategies"), invoke_without_command=True)
    verbs.callback()(overview)
    verbs.command("show", help=t("help_strategies_show"))(show)
    app.add_typer(verbs, name="strategies")


def overview(
    context: typer.Context,
    data: DataOption = None,
    day: Annotated[str | None, typer.Option("--day", metavar="YYYY-MM-DD", help=t("help_screen_day"))] = None,
    config: ConfigOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print one line for each strategy."""
    if context.invoked_subcommand is not None:
        return
    session = resolving.session(day, "--day")
    resolved = resolving.resolved(config, data or [], seed)

    from kats_core.cli import strategy_pages
    from kats_core.runtime.candidates import find

    with console.busy(t("screening")):
        found = find(resolved, session or resolving.sample_session(resolved))
    if as_json:
        console.out().print_json(data=strategy_pages.overview_as_json(found))
    else:
        strategy_pages.overview(found, console.out())


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("help_strategy_name"))],
    data: DataOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print everything about one strategy."""
    resolved = resolving.resolved(config, data or [], None)

    from kats_core.cli import strategy_pages

    entry = _chosen(resolved, name)
    page = strategy_pages.Page(entry, _last_trades(entry.instance))
    if as_json:
        console.out().print_json(data=page.as_json())
    else:
        page.print(console.out())


def _chosen(resolved: Resolved, name: str) -> StrategyEntry:
    from difflib import get_close_matches

    for entry in resolved.strategies:
        if name.casefold() in (entry.instance.casefold(), entry.plugin.name, entry.plugin.traits.code.casefold()):
            return entry
    known = [entry.instance for entry in resolved.strategies]
    near = get_close_matches(name, known, n=1)
    raise InputError(t("no_such_strategy", name=name, near=near[0] if near else ", ".join(known)))


def _last_trades(instance: str) -> tuple[str, list[TradeRecord]] | None:
    """Return the last run's id and its trades of an instance; None where nothing was run yet."""
    from kats_core.cli.recorded import Recorded
    from kats_core.model.record import TradeRecord
    from kats_core.store.errors import StoreError
    from kats_core.store.selection import Selection

    try:
        with Recorded(None) as runs:
            stored = runs.load(Selection(only=frozenset({TradeRecord})))
    except (InputError, StoreError):
        return None
    return stored.run.run_id, [r for r in stored.records if isinstance(r, TradeRecord) and r.instance == instance]
