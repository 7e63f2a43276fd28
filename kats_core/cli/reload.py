"""`kats reload`: let the running process read its configuration again."""

from __future__ import annotations

from typing import Any

import typer

from kats_core.cli import console, operating
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("reload", help=t("help_reload"))(reload)


def reload(as_json: JsonOption = False) -> None:
    """Ask, and show what holds from when on."""
    answer = operating.ask("reload")
    is_changed = answer["before"] != answer["after"] or bool(answer["changes"])
    operating.show(answer, t("reloaded") if is_changed else t("nothing_to_reload"), as_json=as_json)
    if not as_json:
        _print(answer)


def _print(answer: dict[str, Any]) -> None:
    from rich.text import Text

    screen = console.out()
    for change in answer["now"]:
        screen.print(Text(f"  {t('holds_now')} · {change}"), soft_wrap=True)
    for change in answer["later"]:
        screen.print(Text(f"  {t('holds_later')} · {change}", "yellow"), soft_wrap=True)
