"""`kats kis check|revoke`: try what a day at the broker needs, and give its access token back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import label, language, t

if TYPE_CHECKING:
    from pathlib import Path

    from kats_core.kis.checkup import Finding, Step
    from kats_core.kis.settings import Keys

_MARKS = {"PASSED": ("✓", "green"), "FAILED": ("✗", "bold red"), "SKIPPED": ("–", "dim")}
_WIDTH = 14


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(help=t("help_kis_group"), no_args_is_help=True)
    group.command("check", help=t("help_kis_check"))(check)
    group.command("revoke", help=t("help_kis_revoke"))(revoke)
    app.add_typer(group, name="kis")


def check(
    symbol: Annotated[str | None, typer.Option("--symbol", metavar="CODE", help=t("help_kis_symbol"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Walk through token, approval key, quote, balance and stream with each app key; exit with 1 when one fails."""
    from kats_core.config import ConfigError

    try:
        pool, home = _pool(account=True)
    except ConfigError as error:
        if not as_json:
            raise
        console.out().print_json(data={"passed": False, "problems": [problem.as_dict() for problem in error.problems]})
        raise typer.Exit(console.BAD_INPUT) from None
    if not as_json:
        _show_server(pool[0])
    found = asyncio.run(_walk(pool, home, symbol, is_quiet=as_json))
    failed = [finding for _, finding in found if finding.outcome == "FAILED"]
    if as_json:
        console.out().print_json(data=_as_json(pool[0], found))
    else:
        told = t("kis_failed", count=len(failed)) if failed else t("kis_passed")
        console.out().print(told, style="bold red" if failed else "green")
    if failed:
        raise typer.Exit(console.FAILED)


def revoke() -> None:
    """Give the access token of each app key back; the next call asks for a new one."""
    pool, home = _pool(account=False)
    are_done = [_revoked(keys, home, of_several=len(pool) > 1) for keys in pool]
    if not all(are_done):
        raise typer.Exit(console.FAILED)


def _revoked(keys: Keys, home: Path, *, of_several: bool) -> bool:
    """Give a token back and say so; tell whether that went well."""
    from kats_core.kis.errors import KisError

    whose = f"{keys.name}: " if of_several else ""
    try:
        is_revoked = asyncio.run(_revoke(keys, home))
    except KisError as error:
        console.report(ValueError(whose + error.label(language())))
        return False
    typer.echo(whose + (t("kis_revoked") if is_revoked else t("kis_nothing_to_revoke")))
    return True


def _pool(*, account: bool) -> tuple[tuple[Keys, ...], Path]:
    import os
    from pathlib import Path

    from kats_core.config import read_settings
    from kats_core.kis.settings import pool_of

    read = read_settings(os.environ, Path.cwd())
    return pool_of(read.settings, places=read.places, account=account), read.settings.kats_home


async def _walk(pool: Sequence[Keys], home: Path, symbol: str | None, *, is_quiet: bool) -> list[tuple[Keys, Finding]]:
    from kats_core.kis.archive import Archive
    from kats_core.kis.checkup import USUAL_SYMBOL, Checkup, symbol_to_try
    from kats_core.kis.client import open_client
    from kats_core.kis.errors import KisError
    from kats_core.kis.plugin import archive_folder
    from kats_core.model.time import session_date
    from kats_core.runtime.live_session import exchange_time

    found: list[tuple[Keys, Finding]] = []
    today = session_date(exchange_time(pool[0]))
    screen = console.err()
    status = screen.status("", spinner="dots") if screen.is_terminal and not is_quiet else None

    def began(step: Step) -> None:
        if status is not None:
            status.update(t("kis_trying", step=label(step)))
            status.start()

    with suppress(KisError):
        # Where that fails, everything else fails, too, and says why.
        symbol = symbol or await symbol_to_try(pool[0])
    try:
        for keys in pool:
            if len(pool) > 1 and not is_quiet:
                console.out().print(keys.name, style="bold")
            async with open_client(keys, home) as client:
                archive = Archive(archive_folder(home, keys))
                checkup = Checkup(client, symbol or USUAL_SYMBOL, time.time_ns, today, archive, began)
                async for finding in checkup.walk():
                    found.append((keys, finding))
                    if status is not None:
                        status.stop()
                    if not is_quiet:
                        _show(finding)
    finally:
        if status is not None:
            status.stop()
    return found


async def _revoke(keys: Keys, home: Path) -> bool:
    from kats_core.kis.client import open_client

    async with open_client(keys, home) as client:
        return await client.authority.revoke()


def _show_server(keys: Keys) -> None:
    from rich.text import Text

    server = t("kis_mock") if keys.is_mock else t("kis_real")
    account = "" if keys.account is None else f"{keys.account!r}".removeprefix("Account(").removesuffix(")")
    told = t("kis_server", server=server, env=keys.env, rest=keys.rest_url, stream=keys.stream_url, account=account)
    console.out().print(Text(told), soft_wrap=True)
    if not keys.calls_the_broker:
        console.out().print(Text(t("kis_simulator"), "dim"), soft_wrap=True)


def _show(finding: Finding) -> None:
    from rich.table import Table
    from rich.text import Text

    mark, style = _MARKS[finding.outcome]
    line = Table.grid(padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(no_wrap=True, width=_WIDTH)
    line.add_column(overflow="fold")
    wording = Text(finding.text(language()), "" if finding.outcome == "PASSED" else style.removeprefix("bold "))
    line.add_row(Text(mark, style), Text(label(finding.step)), wording)
    console.out().print(line)


def _as_json(main: Keys, found: Sequence[tuple[Keys, Finding]]) -> dict[str, Any]:
    return {
        "env": main.env,
        "rest_url": main.rest_url,
        "ws_url": main.stream_url,
        "passed": all(finding.outcome != "FAILED" for _, finding in found),
        "checks": [
            {
                "key": keys.name,
                "check": finding.step.lower(),
                "outcome": finding.outcome.lower(),
                "text": finding.text(language()),
            }
            for keys, finding in found
        ],
    }
