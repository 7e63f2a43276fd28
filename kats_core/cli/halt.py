"""`kats halt`: stop trading in the running process, wholly or but for what reduces."""

from __future__ import annotations

from typing import Annotated

import typer

from kats_core.cli import operating
from kats_core.cli.operating import InstanceOption, ReasonOption, SymbolOption
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("halt", help=t("help_halt"))(halt)


def halt(
    instance: InstanceOption = None,
    symbol: SymbolOption = None,
    reason: ReasonOption = "",
    entries_only: Annotated[bool, typer.Option("--entries-only", help=t("help_entries_only"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask, and show what came of it."""
    answer = operating.ask("halt", instance=instance, symbol=symbol, reason=reason, entries_only=entries_only)
    scope, cancelled = operating.scope_of(answer), answer["cancelled"]
    if entries_only:
        head = t("entries_halted", scope=scope, cancelled=cancelled)
    else:
        head = t("halted", scope=scope, cancelled=cancelled)
    operating.show(answer, head, as_json=as_json)
