"""`kats new`: write a plugin that passes `kats check` and trades, to be changed from there (`scaffold`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kats_core.cli import console
from kats_core.cli.console import InputError
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("new", help=t("help_new"))(new)


def new(
    kind: Annotated[str, typer.Argument(metavar="strategy|risk-stage|data-source", help=t("help_new_kind"))],
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("help_new_name"))],
    folder: Annotated[Path, typer.Option("--in", metavar="FOLDER", help=t("help_new_in"))] = Path(),
) -> None:
    """Write the distribution and say what comes next."""
    from rich.text import Text

    from kats_core.cli import scaffold
    from kats_core.plugins import installed, nearest_name

    if kind == "notifier":
        raise InputError(t("no_notifiers_yet"))
    if kind not in scaffold.SCAFFOLDS:
        near = nearest_name(kind, scaffold.SCAFFOLDS)
        hint = t("did_you_mean", names=near) if near else ", ".join(scaffold.SCAFFOLDS)
        raise InputError(t("no_kind", found=kind, hint=hint))
    if not scaffold.is_name(name):
        raise InputError(t("no_name", found=name, most=scaffold.MOST_LETTERS))
    taken = next((plugin for plugin in installed() if plugin.name == name), None)
    if taken is not None:
        raise InputError(t("name_taken", name=name, by=taken))
    try:
        written = scaffold.write(kind, name, folder)
    except FileExistsError as error:
        raise InputError(t("folder_there", folder=error)) from None
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}") from None

    screen = console.out()
    screen.print(Text(t("written", path=written.folder), "bold"), soft_wrap=True)
    for file in written.files:
        screen.print(Text(f"  {file}"), soft_wrap=True)
    screen.print(Text(t("what_next"), "dim"))
    for step in (
        f"cd {written.folder}",
        "pip install -e .",
        f"kats check {name}",
        "kats backtest --config kats.yaml",
    ):
        screen.print(Text(f"  {step}", "bold"), soft_wrap=True)
