"""`kats data download`: fetch history from the broker into a folder below KATS_HOME, and go on where it was."""

from __future__ import annotations

import asyncio
import datetime as dt
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich import progress

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.kis.archive import Archive
    from kats_core.kis.download import Download
    from kats_core.kis.settings import Keys
    from kats_core.model.time import Nanos

YEARS = 2
"""How far back daily bars are fetched where nobody says it: enough for a year's high and a 200-day average before it."""


class What(enum.StrEnum):
    """What can be fetched."""

    DAILY = "daily"
    INDEX = "index"
    FLOWS = "flows"
    REPORTS = "reports"
    DIVIDENDS = "dividends"
    MINUTE = "minute"


USUAL = (What.DAILY, What.INDEX, What.FLOWS, What.REPORTS, What.DIVIDENDS)


def download(
    symbols: Annotated[str | None, typer.Option("--symbols", metavar="A,B,…", help=t("help_download_symbols"))] = None,
    top: Annotated[int | None, typer.Option("--top", min=1, help=t("help_download_top"))] = None,
    active: Annotated[int | None, typer.Option("--active", min=1, max=30, help=t("help_download_active"))] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help=t("help_download_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help=t("help_download_to"))] = None,
    what: Annotated[list[What] | None, typer.Option("--what", help=t("help_download_what"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch what is missing, say what there is now."""
    from kats_core.kis.archive import Archive
    from kats_core.kis.errors import KisError
    from kats_core.kis.plugin import archive_folder
    from kats_core.kis.settings import keys_of
    from kats_core.runtime.live_session import exchange_time

    if sum(choice is not None for choice in (symbols, top, active)) > 1:
        raise InputError(t("download_one_choice"))
    settings = resolving.settings()
    keys = keys_of(settings)
    now = exchange_time(keys)
    span = _span(resolving.day(first, "--from"), resolving.day(last, "--to"), now)
    archive = Archive(archive_folder(settings.kats_home, keys))
    wanted = [] if symbols is None else [one.strip() for one in symbols.split(",") if one.strip()]
    work = _fetch(keys, settings.kats_home, archive, wanted, top, active, span, now, tuple(what or USUAL))
    try:
        refused = asyncio.run(work)
    except KisError as error:
        console.err().print(error.ko if settings.kats_lang == "ko" else error.en, style="red", soft_wrap=True)
        console.err().print(t("download_resumes"), soft_wrap=True)
        raise typer.Exit(console.FAILED) from None
    except KeyboardInterrupt:
        console.err().print(t("download_resumes"), style="yellow", soft_wrap=True)
        raise typer.Exit(console.FAILED) from None
    _tell(archive, span, refused, as_json=as_json)


def _span(first: dt.date | None, last: dt.date | None, now: Nanos) -> tuple[dt.date, dt.date]:
    """Return the sessions that are asked for: those of two years, up to the last that is over."""
    from kats_core.market.calendar import krx_calendar
    from kats_core.model import time

    calendar = krx_calendar()
    today = time.session_date(now)
    is_over = calendar.is_session(today) and time.clock(now) >= dt.time(16)
    over = today if is_over else calendar.previous_session(today)
    end = min(last or over, over)
    begin = first or end - dt.timedelta(days=365 * YEARS)
    if begin > end:
        raise InputError(t("download_no_span", first=begin, last=end))
    return begin, end


async def _fetch(
    keys: Keys,
    home: object,
    archive: Archive,
    wanted: Sequence[str],
    top: int | None,
    active: int | None,
    span: tuple[dt.date, dt.date],
    now: Nanos,
    what: Sequence[What],
) -> dict[str, str]:
    from pathlib import Path

    from kats_core.kis.client import open_client
    from kats_core.kis.download import Download, listed, session_of_masters
    from kats_core.model import time

    with _Bar() as bar:
        async with open_client(keys, Path(str(home))) as client:
            download = Download(client, archive, bar.tell)
            await download.masters(session_of_masters(now))
            await download.calendar(time.session_date(now))
            if active is not None:
                symbols = await download.most_traded(active)
                if not symbols:
                    raise InputError(t("download_nothing_traded"))
            else:
                symbols = list(wanted) or listed(archive, top)
            for one in what:
                await _part(download, one, symbols, span)
    return download.refused


async def _part(download: Download, what: What, symbols: Sequence[str], span: tuple[dt.date, dt.date]) -> None:
    match what:
        case What.DAILY:
            await download.days(symbols, span)
        case What.INDEX:
            await download.indices(span)
        case What.FLOWS:
            await download.flows(symbols, span)
        case What.REPORTS:
            await download.reports(symbols, span)
        case What.DIVIDENDS:
            await download.dividends(symbols, span)
        case What.MINUTE:
            await download.minutes(symbols, span)


class _Bar:
    """A bar for each thing that is fetched; nothing where there is no terminal."""

    def __init__(self) -> None:
        screen = console.err()
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TimeRemainingColumn(),
            console=screen,
            transient=True,
            disable=not screen.is_terminal,
        )
        self._tasks: dict[str, progress.TaskID] = {}

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, what: str, done: int, of: int) -> None:
        """Show how far something is."""
        task = self._tasks.get(what)
        if task is None:
            task = self._tasks[what] = self._bar.add_task(what, total=of)
        self._bar.update(task, completed=done, total=of)


def _tell(archive: Archive, span: tuple[dt.date, dt.date], refused: dict[str, str], *, as_json: bool) -> None:
    counts = archive.counts()
    if as_json:
        told = {
            "folder": str(archive.folder),
            "from": span[0].isoformat(),
            "to": span[1].isoformat(),
            "rows": {name: rows for name, (_, rows) in counts.items()},
            "symbols": {name: keys for name, (keys, _) in counts.items()},
            "refused": refused,
        }
        console.out().print_json(data=told)
        return
    screen = console.out()
    screen.print(t("download_done", folder=archive.folder, first=span[0], last=span[1]), soft_wrap=True)
    for name, (keys, rows) in counts.items():
        if rows:
            screen.print(f"  {name:<16} {keys:>6,}   {rows:>12,}")
    for symbol, why in refused.items():
        screen.print(f"  {symbol}  {why}", style="yellow", soft_wrap=True)
