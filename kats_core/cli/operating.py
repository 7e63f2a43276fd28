"""Ask the running process of this KATS_HOME to do something, and show its answer: what the operator's verbs share."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.text import label, language, t
from kats_core.model.kinds import Severity, TradingState

if TYPE_CHECKING:
    from kats_core.runtime.control import ControlError

InstanceOption = Annotated[str | None, typer.Option("--instance", metavar="NAME", help=t("help_instance"))]
SymbolOption = Annotated[str | None, typer.Option("--symbol", metavar="SYMBOL", help=t("help_symbol"))]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="TEXT", help=t("help_reason"))]

_STYLES = {Severity.INFO.value: "", Severity.WARNING.value: "yellow", Severity.CRITICAL.value: "bold red"}
_OWN = "core:OPERATOR_ORDER"
"""What was asked; nobody needs to be told what they have just typed."""


def said(error: ControlError) -> str:
    """Return an error in the language in force."""
    return error.ko if language() == "ko" else error.en


def ask(verb: str, **arguments: Any) -> dict[str, Any]:
    """Return the running process's answer.

    Raises:
        InputError: there is no such process, or it refused.
    """
    from kats_core.runtime.control import ControlError
    from kats_core.runtime.control import ask as asked

    try:
        return asked(_path(), verb, **{name: value for name, value in arguments.items() if value})
    except ControlError as error:
        raise InputError(said(error)) from None


def is_running() -> bool:
    """Tell whether a process of this KATS_HOME listens."""
    from kats_core.runtime.control import is_listening

    return is_listening(_path())


def confirm(question: str, *, is_confirmed: bool) -> None:
    """Ask a person at a terminal once more; a script has said what it wants."""
    if not is_confirmed and sys.stdin.isatty() and sys.stdout.isatty():
        typer.confirm(question, abort=True)


def show(answer: dict[str, Any], head: str, *, as_json: bool) -> None:
    """Print an answer: what was done, what the process said about it, what is in force now."""
    from rich.text import Text

    screen = console.out()
    if as_json:
        screen.print_json(data=answer)
        return
    screen.print(Text.assemble((f"{answer['time'][:19].replace('T', ' ')}  ", "dim"), (head, "bold")), soft_wrap=True)
    for notice in answer["notices"]:
        if notice["code"] != _OWN:
            detail = " · ".join(f"{name} {value}" for name, value in notice["detail"].items())
            parts = [notice[language()], notice["symbol"], detail]
            screen.print(Text(f"  {' · '.join(filter(None, parts))}", _STYLES[notice["severity"]]), soft_wrap=True)
    counts = t("account_now", positions=answer["positions"], buying=answer["buying"], selling=answer["selling"])
    screen.print(Text(f"  {counts}"), soft_wrap=True)
    if not answer["states"]:
        screen.print(Text(f"  {t('nothing_in_force')}", "green"))
    for hold in answer["states"]:
        screen.print(Text(f"  {_in_force(hold)}", "yellow"), soft_wrap=True)


def scope_of(answer: dict[str, Any]) -> str:
    """Return the scope of an answer in words."""
    return t("everything") if answer["scope"] == "all" else str(answer["scope"])


def _in_force(hold: dict[str, Any]) -> str:
    scope = t("everything") if hold["kind"] == "all" else hold["scope"]
    until = t("until_resumed") if hold["until"] == "resume" else t("until_next_session")
    return " · ".join(filter(None, [scope, label(TradingState[hold["state"]]), hold["by"], hold[language()], until]))


def _path() -> Any:
    from kats_core.runtime.control import socket_path

    return socket_path(resolving.settings().kats_home)
