"""`kats plugins`: list what is installed (`listing`)."""

from __future__ import annotations

from typing import Annotated

import typer

from kats_core.cli import listing
from kats_core.cli.resolving import ConfigOption, JsonOption
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("plugins", help=t("help_plugins"))(plugins)


def plugins(
    config: ConfigOption = None,
    check: Annotated[bool, typer.Option("--check", help=t("help_plugins_check"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the list."""
    code = listing.show(config, as_json=as_json, check=check)
    if code:
        raise typer.Exit(code)
