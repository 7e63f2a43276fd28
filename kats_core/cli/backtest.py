"""`kats backtest`: play sessions of daily and minute bars, print the figures, keep every decision in a folder."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kats_core.cli import comparing, console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import label, language, say, t

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kats_core.cli.wording import Wording
    from kats_core.config import Resolved
    from kats_core.journal.caveats import BarPaths, BarsPlayed, Caveats
    from kats_core.journal.refusals import Refusal
    from kats_core.runtime.play import Finished, Plan, Request
    from kats_core.runtime.session_bars import Bars

_REFUSALS_SHOWN = 8

SAMPLE_SESSIONS = 250
"""Sessions of the sample market that are played when nobody says which."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    # Without a subcommand it plays.
    group = typer.Typer(help=t("help_backtest"), invoke_without_command=True, callback=backtest)
    group.command("compare", help=t("help_compare"))(comparing.compare)
    app.add_typer(group, name="backtest")


def backtest(
    context: typer.Context,
    config: ConfigOption = None,
    data: DataOption = None,
    first: Annotated[str | None, typer.Option("--from", metavar="YYYY-MM-DD", help=t("help_from"))] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="YYYY-MM-DD", help=t("help_to"))] = None,
    strategy: Annotated[list[str] | None, typer.Option("--strategy", metavar="NAME", help=t("help_strategy"))] = None,
    out: Annotated[Path | None, typer.Option("--out", metavar="FOLDER", help=t("help_out"))] = None,
    bars: Annotated[str, typer.Option("--bars", metavar="auto|daily|minute", help=t("help_bars"))] = "auto",
    one_path: Annotated[bool, typer.Option("--one-path", help=t("help_one_path"))] = False,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Plan, play, print; a subcommand does its own."""
    if context.invoked_subcommand is not None:
        return
    days = resolving.span(first, last)
    resolved = resolving.resolved(config, data or (), seed, strategy or ())
    resolved, request = _request(resolved, *days)
    request = replace(request, bars=_bars(bars), both_paths=not one_path)

    from kats_core.cli import summary
    from kats_core.runtime.play import plan

    with console.busy(t("preparing")):
        planned = plan(resolved, request)
    folder = out if out is not None else resolved.settings.kats_home / "runs" / planned.app.run_id
    finished = _play(planned, folder)
    screen = console.out()
    if as_json:
        screen.print_json(data=summary.as_json(finished) | {"folder": str(folder)})
    else:
        if days == (None, None) and resolving.sample_session(resolved) is not None:
            screen.print(t("sample_backtest", count=len(planned.sessions)), style="dim", soft_wrap=True)
        _show(finished, folder, screen, [strategy.name for strategy in planned.app.strategies])


def _bars(written: str) -> Bars:
    """Return which bars to play.

    Raises:
        InputError: it is none of them.
    """
    from kats_core.runtime.session_bars import Bars

    for bars in Bars:
        if bars.value == written.strip().lower():
            return bars
    raise InputError(t("no_bars", found=written, known=", ".join(Bars)))


def _request(resolved: Resolved, first: dt.date | None, last: dt.date | None) -> tuple[Resolved, Request]:
    """Return what to play; the sample market, which has no end of days, gets one."""
    from kats_core.market.calendar import krx_calendar
    from kats_core.runtime.assembly import RunKind
    from kats_core.runtime.play import Request

    sample = resolving.sample_session(resolved)
    if sample is not None:
        last = last or max(sample, first or sample)
        calendar = krx_calendar()
        if first is None:
            earliest = max(calendar.covered_from, last - dt.timedelta(days=2 * SAMPLE_SESSIONS))
            first = calendar.sessions(earliest, last)[-SAMPLE_SESSIONS:][0]
        resolved = resolving.with_history(resolved, len(calendar.sessions(first, last)))
    return resolved, Request(kind=RunKind.BACKTEST, first=first, last=last)


def _play(planned: Plan, folder: Path) -> Finished:
    from kats_core.cli.progress import Progress
    from kats_core.research.folder import complete
    from kats_core.runtime.play import play
    from kats_core.store.folder_recorder import FolderRecorder
    from kats_core.store.recorder import utc_now

    with resolving.database(planned.app.resolved.settings) as database:
        recorder = FolderRecorder(
            folder, database, complete=lambda growing: complete(growing, planned.panel, language())
        )
        try:
            with Progress(console.err()) as progress:
                return play(planned, recorder, progress, utc_now)
        except KeyboardInterrupt:
            console.err().print(t("stopped"), style="yellow")
            raise typer.Exit(console.FAILED) from None


def _show(finished: Finished, folder: Path, screen: Console, names: Sequence[str]) -> None:
    from rich.text import Text

    from kats_core.cli.describing import span
    from kats_core.cli.summary import print_faults
    from kats_core.cli.wording import Wording
    from kats_core.store.folder_recorder import REPORT

    run = finished.run
    screen.print(Text.assemble((t("backtest_title", days=span(finished.sessions)), "bold"), "  ", ", ".join(names)))
    screen.print(_figures(finished))
    if len(finished.caveats.bar_path.totals) > 1:
        screen.print(_paths(finished.caveats.bar_path))
    wording = Wording(run.codes, run.instruments)
    if finished.trades:
        screen.print(_groups(finished, wording))
    refusals = list(finished.refusals)
    if refusals:
        screen.print(_refusals(refusals, wording))
    print_faults(finished.faults, wording, screen)
    for warning in _warnings(finished.caveats):
        screen.print(Text.assemble((t("warning"), "yellow"), "  ", (warning, "yellow")), soft_wrap=True)
    for note in run.notes:
        screen.print(Text.assemble((t("note"), "dim"), "  ", (say(note), "dim")), soft_wrap=True)
    screen.print(Text.assemble((t("saved"), "dim"), "  ", str(folder)), soft_wrap=True)
    screen.print(Text.assemble((t("report"), "dim"), "  ", str(folder / REPORT)), soft_wrap=True)
    which = run.run_id[:8] if folder.name == run.run_id else shlex.quote(str(folder))
    hint = f"kats explain --day --run {which}"
    screen.print(Text.assemble((t("why"), "dim"), "  ", (hint, "bold")), soft_wrap=True)


def _figures(finished: Finished) -> Table:
    figures, drawdown = finished.statistics, finished.statistics.max_drawdown
    sqn = figures.sqn
    path_dependent = finished.caveats.bar_path.dependent_trades
    fall = console.NONE if drawdown is None else console.percent(drawdown.frac)
    days = "" if drawdown is None or not drawdown.frac else f"{drawdown.peak_day} → {drawdown.trough_day}"
    rating = sqn.note if sqn.rating is None else label(sqn.rating)
    return _two_columns(
        [
            (t("sessions"), str(len(finished.sessions)), _played(finished.caveats.bars)),
            (t("trades"), str(figures.trades), t("path_dependent", count=path_dependent) if path_dependent else ""),
            (t("win_rate"), console.percent(figures.win_rate), t("wins", wins=figures.wins, losses=figures.losses)),
            (t("average_r"), console.multiple(figures.expectancy_r), ""),
            ("SQN", console.number(sqn.value), rating),
            (t("profit_factor"), console.number(figures.profit_factor), ""),
            (t("profit_loss"), console.change(figures.profit), console.percent(figures.return_frac, digits=2)),
            (t("drawdown"), fall, days),
            (t("exposure"), console.percent(figures.exposure), ""),
            (t("costs"), console.won(figures.commission + figures.tax), _costs(figures.commission, figures.tax)),
        ]
    )


def _paths(paths: BarPaths) -> Table:
    """Return the totals on both ways through the bars, the played one first."""
    from rich import box
    from rich.table import Table

    from kats_core.exits.in_bar import BarPath

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(t("by_path"))
    for heading in (t("trades"), t("win_rate"), t("average_r"), t("profit_loss"), "", t("drawdown")):
        table.add_column(heading, justify="right", no_wrap=True)
    labels = {path.value: label(path) for path in BarPath}
    for path, one in paths.totals.items():
        table.add_row(
            f"{path} · {labels[path]}",
            str(one.trades),
            console.percent(one.win_rate),
            console.multiple(one.average_r),
            console.change(one.profit),
            console.percent(one.return_frac, digits=2),
            console.percent(one.max_drawdown),
        )
    return table


def _warnings(caveats: Caveats) -> Iterator[str]:
    """Yield what makes the result doubtful."""
    if caveats.bar_path.is_undecided:
        yield f"bar_path: {t('undecided')}"
    if caveats.bars.off_scale:
        yield t("off_scale", count=caveats.bars.off_scale)
    survivors = caveats.survivorship
    if survivors.is_biased:
        yield t("survivorship", symbols=survivors.symbols, ended=survivors.ended, years=f"{survivors.years:.1f}")


def _played(bars: BarsPlayed) -> str:
    """Return on which bars the sessions were played."""
    told = (
        (bars.daily, t("on_daily", count=f"{bars.daily:,}")),
        (bars.minute, t("on_minute", count=f"{bars.minute:,}")),
        (bars.mixed, t("on_mixed", count=f"{bars.mixed:,}")),
    )
    return " · ".join(text for count, text in told if count)


def _costs(commission: int, tax: int) -> str:
    return t("commission_and_tax", commission=console.won(commission), tax=console.won(tax))


def _two_columns(rows: Sequence[tuple[str, str, str]]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False, show_edge=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", style="bold", no_wrap=True)
    table.add_column(style="dim")
    for row in rows:
        table.add_row(*row)
    return table


def _groups(finished: Finished, wording: Wording) -> Table:
    """Return the trades by strategy and by reason of their exit."""
    from rich import box
    from rich.table import Table

    from kats_core.journal.statistics import grouped

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("")
    for heading in (t("trades"), t("win_rate"), t("average_r"), t("profit_loss")):
        table.add_column(heading, justify="right", no_wrap=True)
    by_exit = grouped(finished.trades, lambda trade: trade.exit_code)
    for group in [*grouped(finished.trades, lambda trade: trade.instance), *by_exit]:
        cells = (console.percent(group.win_rate), console.multiple(group.mean_r), console.change(group.profit))
        table.add_row(wording.reason(str(group.name)), str(group.count), *cells)
    return table


def _refusals(refusals: Sequence[Refusal], wording: Wording) -> Table:
    """Return who rejected signals, why, and from when to when: a halt that nobody lifted shows here."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(t("rejected_signals"))
    table.add_column("")
    table.add_column(t("how_often"), justify="right", no_wrap=True)
    table.add_column(t("from_to"), no_wrap=True)
    for refusal in refusals[:_REFUSALS_SHOWN]:
        owner = refusal.code.partition(":")[0]
        days = f"{refusal.first} → {refusal.last}"
        table.add_row(owner, wording.reason(refusal.code), f"{refusal.count:,}", days)
    if len(refusals) > _REFUSALS_SHOWN:
        table.add_row("", t("and_more", count=len(refusals) - _REFUSALS_SHOWN))
    return table
