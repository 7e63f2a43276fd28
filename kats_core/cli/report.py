"""`kats report`: make the page of a backtest anew, from its folder alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from kats_core.cli import console, resolving
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import language, t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report", help=t("help_report"))(report)


def report(
    run: Annotated[str | None, typer.Argument(metavar="[ID|FOLDER]", help=t("help_report_run"))] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help=t("help_report_out"))] = None,
    charts: Annotated[int | None, typer.Option("--charts", min=0, metavar="N", help=t("help_charts"))] = None,
    is_opened: Annotated[bool, typer.Option("--open", help=t("help_open"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the page, say where it is, and open it if asked."""
    from kats_core.research.charted import CHARTED
    from kats_core.research.folder import write_report

    folder = resolving.run_folder(run)
    with console.busy(t("preparing")):
        page = write_report(folder, language(), CHARTED if charts is None else charts, out)
    if as_json:
        console.out().print_json(data={"report": str(page), "bytes": page.stat().st_size})
    else:
        console.out().print(str(page), soft_wrap=True)
    if is_opened:
        typer.launch(str(page))
