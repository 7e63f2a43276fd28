"""`kats flatten`: sell everything that the running process holds, or a part of it, and stop buying there."""

from __future__ import annotations

from typing import Annotated

import typer

from kats_core.cli import operating
from kats_core.cli.operating import InstanceOption, ReasonOption, SymbolOption
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("flatten", help=t("help_flatten"))(flatten)


def flatten(
    instance: InstanceOption = None,
    symbol: SymbolOption = None,
    reason: ReasonOption = "",
    is_confirmed: Annotated[bool, typer.Option("--yes", "-y", help=t("help_yes"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask, and show what came of it."""
    scope = instance or symbol or t("everything")
    if operating.is_running():
        operating.confirm(t("sell_all", scope=scope), is_confirmed=is_confirmed)
    answer = operating.ask("flatten", instance=instance, symbol=symbol, reason=reason)
    head = t("flattened", scope=operating.scope_of(answer), sold=answer["sold"], cancelled=answer["cancelled"])
    operating.show(answer, head, as_json=as_json)
