"""`kats kis check|revoke`: try what a day at the broker needs, and give its access token back."""

from __future__ import annotations

import asyncio
import time
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
    """Walk through token, approval key, quote, balance and stream; exit with 1 when one fails."""
    from kats_core.config import ConfigError

    try:
        keys, home = _keys(account=True)
    except ConfigError as error:
        if not as_json:
            raise
        console.out().print_json(data={"passed": False, "problems": [problem.as_dict() for problem in error.problems]})
        raise typer.Exit(console.BAD_INPUT) from None
    if not as_json:
        _show_keys(keys)
    findings = asyncio.run(_walk(keys, home, symbol, is_quiet=as_json))
    failed = [finding for finding in findings if finding.outcome == "FAILED"]
    if as_json:
        console.out().print_json(data=_as_json(keys, findings))
    else:
        told = t("kis_failed", count=len(failed)) if failed else t("kis_passed")
        console.out().print(told, style="bold red" if failed else "green")
    if failed:
        raise typer.Exit(console.FAILED)


def revoke() -> None:
    """Give the access token back; the next call asks for a new one."""
    from kats_core.kis.errors import KisError

    keys, home = _keys(account=False)
    try:
        is_revoked = asyncio.run(_revoke(keys, home))
    except KisError as error:
        console.report(ValueError(error.label(language())))
        raise typer.Exit(console.FAILED) from None
    typer.echo(t("kis_revoked") if is_revoked else t("kis_nothing_to_revoke"))


def _keys(*, account: bool) -> tuple[Keys, Path]:
    import os
    from pathlib import Path

    from kats_core.config import read_settings
    from kats_core.kis.settings import keys_of

    read = read_settings(os.environ, Path.cwd())
    return keys_of(read.settings, places=read.places, account=account), read.settings.kats_home


async def _walk(keys: Keys, home: Path, symbol: str | None, *, is_quiet: bool) -> list[Finding]:
    from kats_core.kis.checkup import USUAL_SYMBOL, Checkup, symbol_to_try
    from kats_core.kis.client import open_client
    from kats_core.kis.errors import KisError

    findings: list[Finding] = []
    screen = console.err()
    status = screen.status("", spinner="dots") if screen.is_terminal and not is_quiet else None

    def began(step: Step) -> None:
        if status is not None:
            status.update(t("kis_trying", step=label(step)))
            status.start()

    with suppress(KisError):
        # Where that fails, everything else fails, too, and says why.
        symbol = symbol or await symbol_to_try(keys)
    try:
        async with open_client(keys, home) as client:
            async for finding in Checkup(client, symbol or USUAL_SYMBOL, time.time_ns, began).walk():
                findings.append(finding)
                if status is not None:
                    status.stop()
                if not is_quiet:
                    _show(finding)
    finally:
        if status is not None:
            status.stop()
    return findings


async def _revoke(keys: Keys, home: Path) -> bool:
    from kats_core.kis.client import open_client

    async with open_client(keys, home) as client:
        return await client.authority.revoke()


def _show_keys(keys: Keys) -> None:
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


def _as_json(keys: Keys, findings: list[Finding]) -> dict[str, Any]:
    return {
        "env": keys.env,
        "rest_url": keys.rest_url,
        "ws_url": keys.stream_url,
        "passed": all(finding.outcome != "FAILED" for finding in findings),
        "checks": [
            {"check": finding.step.lower(), "outcome": finding.outcome.lower(), "text": finding.text(language())}
            for finding in findings
        ],
    }
