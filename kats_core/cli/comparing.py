"""`kats backtest compare`: show two runs side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from kats_core.cli import console, resolving
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import t
from kats_core.cli.wording import Wording

if TYPE_CHECKING:
    from rich.console import Console, OverflowMethod
    from rich.table import Table

    from kats_core.model.record import TradeRecord
    from kats_core.research.compare import Comparison, Decided, DecisionDiffers, Different

_SHOWN = 10

_ENTRY = re.compile(r"((?:strategies|risk)\[[^\]]*\])\.")

RunArgument = Annotated[str, typer.Argument(metavar="ID|FOLDER", help=t("help_report_run"))]


def compare(a: RunArgument, b: RunArgument, as_json: JsonOption = False) -> None:
    """Find both runs and show where they differ."""
    from kats_core.research.compare import compare as compared
    from kats_core.store.reading import describe

    folders = [resolving.run_folder(which) for which in (a, b)]
    with console.busy(t("preparing")):
        found = compared(*folders)
    screen = console.out()
    if as_json:
        screen.print_json(data=msgspec.to_builtins(found))
        return
    runs = [describe(folder) for folder in folders]
    # Each run knows the reasons of what took part in it.
    wording = Wording({**runs[1].codes, **runs[0].codes}, {**runs[1].instruments, **runs[0].instruments})
    _show(found, [str(folder) for folder in folders], wording, screen)


def _show(found: Comparison, names: Sequence[str], wording: Wording, screen: Console) -> None:
    from rich.text import Text

    for sign, name, run in zip("AB", names, (found.a, found.b), strict=True):
        days = f"{run['first_day']} → {run['last_day']}"
        screen.print(Text.assemble((f"{sign}  ", "bold"), name, (f"  {days}", "dim")), soft_wrap=True)
    same = [t("same") if found.a[key] == found.b[key] else t("other") for key in ("config_hash", "data_hash")]
    screen.print(Text(t("compare_hashes", configuration=same[0], data=same[1]), "dim"), soft_wrap=True)
    screen.print(_metrics(found.metrics))
    if found.configuration:
        screen.print(_configuration(found.configuration))
    elif found.a["config_hash"] != found.b["config_hash"]:
        screen.print(Text(t("configuration_unknown"), "yellow"), soft_wrap=True)
    if found.first_day is None:
        screen.print(Text(t("no_common_days"), "yellow"))
        return
    only_a, only_b = found.trades_only_a, found.trades_only_b
    titles = (t("only_in_a", count=len(only_a)), t("only_in_b", count=len(only_b)))
    for title, trades in zip(titles, (only_a, only_b), strict=True):
        if trades:
            screen.print(_trades(title, trades, wording))
            _print_rest(screen, len(trades))
    screen.print(
        Text(t("trades_in_both", alike=found.trades_alike, changed=len(found.trades_changed)), "dim"), soft_wrap=True
    )
    otherwise = [one for one in found.decisions if _outcome(one.a) != _outcome(one.b)]
    if otherwise:
        screen.print(_decisions(otherwise, wording))
        _print_rest(screen, len(otherwise))
    counts = {"alike": found.decisions_alike, "otherwise": len(otherwise)}
    summed = t("decisions_alike", **counts, shares=len(found.decisions) - len(otherwise))
    screen.print(Text(summed, "dim"), soft_wrap=True)


def _print_rest(screen: Console, count: int) -> None:
    from rich.text import Text

    if count > _SHOWN:
        screen.print(Text(t("and_more_listed", count=count - _SHOWN), "dim"), soft_wrap=True)


def _metrics(metrics: Sequence[Different]) -> Table:
    table = _table("")
    for heading in ("A", "B", t("difference")):
        table.add_column(heading, justify="right", no_wrap=True)
    written = _written()
    for one in metrics:
        name, write = written[one.name]
        difference = "" if one.a is None or one.b is None or one.a == one.b else write(one.b - one.a)
        if difference and not difference.startswith(("-", "+")):
            difference = f"+{difference}"
        cells = [console.NONE if value is None else write(value) for value in (one.a, one.b)]
        table.add_row(name, *cells, difference)
    return table


def _written() -> dict[str, tuple[str, Callable[[Any], str]]]:
    """Return what each figure is called, and how it is written."""
    return {
        "return_frac": (t("metric_return_frac"), lambda value: console.percent(value, digits=2)),
        "benchmark_frac": (t("metric_benchmark_frac"), lambda value: console.percent(value, digits=2)),
        "max_drawdown": (t("drawdown"), console.percent),
        "profit": (t("metric_profit"), console.change),
        "trades": (t("trades"), lambda value: f"{value:,}"),
        "win_rate": (t("win_rate"), console.percent),
        "average_r": (t("average_r"), console.multiple),
        "sqn": (t("metric_sqn"), console.number),
        "profit_factor": (t("profit_factor"), console.number),
        "payoff": (t("metric_payoff"), console.number),
        "sharpe": (t("metric_sharpe"), console.number),
        "exposure": (t("exposure"), console.percent),
        "time_in_market": (t("metric_time_in_market"), console.percent),
        "commission": (t("metric_commission"), console.won),
        "tax": (t("metric_tax"), console.won),
        "slippage": (t("metric_slippage"), lambda value: console.percent(value, digits=3)),
        "rejected": (t("rejected_signals"), lambda value: f"{value:,}"),
    }


def _configuration(keys: Sequence[Different]) -> Table:
    from rich.text import Text

    table = _table(t("configuration_differs"), overflow="fold")
    for heading in ("A", "B"):
        table.add_column(heading, overflow="fold")
    for one in _told_once(keys):
        # As text: brackets in a key are no markup.
        cells = [console.NONE if value is None else _plain(value) for value in (one.a, one.b)]
        table.add_row(*map(Text, (one.name, *cells)))
    return table


def _told_once(keys: Sequence[Different]) -> Iterator[Different]:
    """Yield the keys, but of a strategy or a stage that only one run has, only which plugin it is."""
    lone = {
        one.name.removesuffix(".use") for one in keys if one.name.endswith(".use") and (one.a is None or one.b is None)
    }
    for one in keys:
        entry = _ENTRY.match(one.name)
        if entry is None or entry[1] not in lone:
            yield one
        elif one.name == f"{entry[1]}.use":
            yield msgspec.structs.replace(one, name=entry[1])


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _trades(title: str, trades: Sequence[TradeRecord], wording: Wording) -> Table:
    from rich.text import Text

    table = _table(title)
    table.add_column(t("symbol"), overflow="fold")
    table.add_column(t("strategy"), overflow="fold")
    for heading in (t("quantity"), t("profit_loss"), "R"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(t("exit_reason"), overflow="fold")
    for trade in trades[:_SHOWN]:
        table.add_row(
            trade.opened_on.isoformat(),
            wording.named(trade.symbol),
            trade.instance,
            console.won(trade.quantity),
            Text(console.change(trade.net_profit), console.colour(trade.net_profit)),
            console.multiple(trade.r_multiple),
            wording.reason(trade.exit_code),
        )
    return table


def _outcome(decided: Decided | None) -> tuple[str, str | None] | None:
    """Return a decision without its number of shares."""
    return None if decided is None else (decided.status, decided.code)


def _decisions(differing: Sequence[DecisionDiffers], wording: Wording) -> Table:
    table = _table(t("decisions_differ", count=len(differing)))
    for heading in (t("symbol"), t("strategy")):
        table.add_column(heading, no_wrap=True)
    for heading in ("A", "B"):
        table.add_column(heading, overflow="fold")
    for one in differing[:_SHOWN]:
        cells = (_decided(one.a, wording), _decided(one.b, wording))
        table.add_row(one.session.isoformat(), wording.named(one.symbol), one.instance, *cells)
    return table


def _decided(decided: Decided | None, wording: Wording) -> str:
    from kats_core.cli.text import label
    from kats_core.model.record import SetupStatus, SignalStatus

    if decided is None:
        return label(SetupStatus.NOT_ARMED)
    words = {status.value: label(status) for status in (*SetupStatus, *SignalStatus)}
    quantity = "" if decided.quantity is None else f" {decided.quantity:,}"
    reason = wording.reason(decided.code)
    return words[decided.status] + quantity + (f" · {reason}" if reason else "")


def _table(title: str, *, overflow: OverflowMethod | None = None) -> Table:
    """Return a table whose first column is kept whole, unless it may overflow."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
    )
    table.add_column("", no_wrap=overflow is None, overflow=overflow or "ellipsis")
    return table
