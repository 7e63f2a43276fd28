"""`kats resume`: take back what a person ordered, or ask to leave a halt of the drawdown ladder."""

from __future__ import annotations

from typing import Annotated

import typer

from kats_core.cli import operating
from kats_core.cli.operating import InstanceOption, ReasonOption, SymbolOption
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("resume", help=t("help_resume"))(resume)


def resume(
    instance: InstanceOption = None,
    symbol: SymbolOption = None,
    reason: ReasonOption = "",
    cause: Annotated[str, typer.Option("--cause", metavar="CAUSE", help=t("help_cause"))] = "",
    reference: Annotated[str, typer.Option("--reference", metavar="TEXT", help=t("help_reference"))] = "",
    as_json: JsonOption = False,
) -> None:
    """Ask, and show what came of it."""
    answer = operating.ask(
        "resume", instance=instance, symbol=symbol, reason=reason, cause=cause.upper(), reference=reference
    )
    operating.show(answer, t("resumed", scope=operating.scope_of(answer)), as_json=as_json)
