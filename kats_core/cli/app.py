"""Carry out a command line: the language first, then the verb, and whatever goes wrong ends in one message and one code.

Of the verbs only the one that is called is imported, all of them for help. `kats plugins` in its plain forms is answered
without Typer, whose import alone takes longer than the answer may.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING

from kats_core import __version__
from kats_core.cli import console, language
from kats_core.cli.text import t

if TYPE_CHECKING:
    import typer

VERBS = (
    "run",
    "sim",
    "backtest",
    "report",
    "explain",
    "screen",
    "strategies",
    "halt",
    "flatten",
    "resume",
    "reload",
    "risk",
    "regime",
    "calendar",
    "events",
    "data",
    "kis",
    "plugins",
    "check",
    "new",
    "config",
)
_PLAIN_LISTS = {("plugins",): False, ("plugins", "--json"): True}


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line; return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without Hangul shows question marks rather than a traceback.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        return _run(language.choose(arguments))
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else console.FAILED
    except console.bad_input() as error:
        console.report(error)
        return console.BAD_INPUT


def _run(arguments: list[str]) -> int:
    as_json = _PLAIN_LISTS.get(tuple(arguments))
    if as_json is not None:
        from kats_core.cli import listing

        return listing.show(None, as_json=as_json)
    from typer.main import get_command

    get_command(_application(arguments)).main(args=arguments or ["--help"], prog_name="kats")
    return console.OK


def _application(arguments: Sequence[str]) -> typer.Typer:
    import typer

    app = typer.Typer(
        name="kats",
        help=t("help"),
        epilog=t("help_exit_codes"),
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )

    @app.callback()
    def _root(
        version: bool = typer.Option(False, "--version", "-V", help=t("help_version"), is_eager=True, callback=_print),
        lang: str = typer.Option("ko", "--lang", metavar="ko|en", envvar="KATS_LANG", help=t("help_lang")),
    ) -> None:
        """Hold the options of all verbs; `--lang` may stand anywhere and was read before (`language.choose`)."""

    called = next(iter(arguments), "")
    is_known = called in VERBS and "_KATS_COMPLETE" not in os.environ
    for verb in [called] if is_known else VERBS:
        import_module(f"kats_core.cli.{verb}").register(app)
    return app


def _print(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"kats {__version__}\n")
        raise SystemExit(console.OK)
