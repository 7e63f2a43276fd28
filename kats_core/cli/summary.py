"""Sum up a run: the account, the trades, what became of the signals, and where to ask why."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from kats_core.cli import console as look
from kats_core.cli.audience import Quiet
from kats_core.cli.describing import span
from kats_core.cli.text import label, say, t
from kats_core.cli.wording import Wording
from kats_core.journal.explain import Explanation, Outcome, explain
from kats_core.model import fact
from kats_core.model.kinds import Regime
from kats_core.model.record import (
    FaultRecord,
    OperatorRecord,
    PositionRecord,
    Record,
    SetupRecord,
    SetupStatus,
    TradeRecord,
)
from kats_core.model.time import Nanos, clock, session_date

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.runtime.assembly import App
    from kats_core.runtime.play import Finished

_FAULTS_SHOWN = 10
_LEAST_OF_TABLES = 112
"""Columns of a terminal below which names, reasons and times stand on several lines, for money to be whole."""


class Summary(Quiet):
    """Listens to a run and shows at its end what came of it."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._not_armed: dict[str, Counter[str]] = {}
        self._app: App | None = None

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._app = app

    def on_record(self, record: Record) -> None:
        if isinstance(record, SetupRecord) and record.status is SetupStatus.NOT_ARMED:
            # Most of the market every day: only counted here, told in full by `kats explain`.
            self._not_armed.setdefault(record.instance, Counter())[record.code or ""] += 1
        else:
            self._records.append(record)

    def begin_with(self, records: Sequence[Record]) -> None:
        """Sum up also what was kept before this process went on with the run."""
        heard, self._records = self._records, []
        for record in records:
            self.on_record(record)
        self._records += heard

    def show(self, finished: Finished, console: Console) -> None:
        """Print the summary."""
        run = finished.run
        wording = Wording(run.codes, run.instruments)
        console.print()
        console.rule(Text(t("summary_title", days=span(finished.sessions)), "bold"), style="dim")
        is_narrow = console.width < _LEAST_OF_TABLES
        console.print(_account(finished, is_narrow=is_narrow))
        if len(finished.equity) > 1:
            console.print(self._days(finished))
        trades = _trades(
            finished.trades, wording, self._codes, is_one_day=len(finished.sessions) == 1, is_narrow=is_narrow
        )
        console.print(trades)
        for line in self._held(finished, wording):
            console.print(line, soft_wrap=True)
        console.print(self._signals(finished, wording))
        self._print_orders_of_people(wording, console)
        print_faults(finished.faults, wording, console)
        for note in run.notes:
            console.print(Text.assemble((t("note"), "dim"), "  ", (say(note), "dim")), soft_wrap=True)
        console.print(Text.assemble((t("why"), "dim"), "  ", (_hint(finished), "bold")), soft_wrap=True)

    def _held(self, finished: Finished, wording: Wording) -> Iterator[str]:
        for record in self._records:
            if isinstance(record, PositionRecord) and record.session == finished.sessions[-1]:
                yield t(
                    "still_held",
                    name=wording.named(record.symbol),
                    quantity=look.won(record.quantity),
                    average=look.won(float(record.average)),
                    last=look.won(record.last),
                    stop=look.won(record.stop),
                )

    def _print_orders_of_people(self, wording: Wording, console: Console) -> None:
        ordered = [record for record in self._records if isinstance(record, OperatorRecord)]
        if not ordered:
            return
        console.print(Text(t("operator_orders", count=len(ordered)), "bold"))
        for record in ordered:
            console.print(Text(f"  {_moment(record.ts)} · {wording.operator(record)}"), soft_wrap=True)

    @property
    def _codes(self) -> dict[str, str]:
        """What each strategy is called in narrow columns, in the order of the configuration: its code, or the name it was given."""
        several = () if self._app is None else self._app.strategies
        return {one.name: one.traits.code if one.name == one.plugin else one.name for one in several}

    def _days(self, finished: Finished) -> Table:
        table = _table(t("sessions"))
        for heading in (t("day"), t("regime")):
            table.add_column(heading, no_wrap=True)
        for heading in (t("equity_end"), t("profit_loss"), t("exposure")):
            table.add_column(heading, justify="right", no_wrap=True)
        before = finished.run.capital
        for day in finished.equity:
            table.add_row(
                day.session.isoformat(),
                self._regime(day.session),
                look.won(day.equity),
                _gain(day.equity - before),
                look.percent(day.exposure),
            )
            before = day.equity
        return table

    def _regime(self, session: dt.date) -> str:
        if self._app is None:
            return look.NONE
        value = self._app.inputs.of_market(fact.REGIME, session).value
        return next((label(regime) for regime in Regime if regime.value == value), look.NONE)

    def _signals(self, finished: Finished, wording: Wording) -> Table | Text:
        """Return, for each strategy, how many setups were armed, fired, what they made, and how they ended for which reason."""
        instances: dict[str, list[Explanation]] = {instance: [] for instance in self._not_armed}
        for explanation in explain(self._records):
            instances.setdefault(explanation.instance, []).append(explanation)
        if not instances:
            return Text(t("nothing_armed"), "dim")
        table = _table(t("signals_title"))
        table.add_column(t("strategy"), overflow="fold")
        for heading in (t("armed"), t("fired"), t("bought"), t("profit_loss")):
            table.add_column(heading, justify="right", no_wrap=True)
        table.add_column(t("became"), overflow="fold")
        profits: Counter[str] = Counter()
        for trade in finished.trades:
            profits[trade.instance] += trade.net_profit
        codes, order = self._codes, list(self._codes)
        for instance, members in sorted(
            instances.items(), key=lambda item: (order.index(item[0]) if item[0] in order else len(order), item[0])
        ):
            armed = sum(member.setup is not None for member in members)
            fired = sum(len(member.signals) for member in members)
            bought = sum(member.outcome in (Outcome.HOLDING, Outcome.CLOSED) for member in members)
            ends = Counter((member.outcome, member.code) for member in members)
            if not members:
                ends.update({(Outcome.NOT_ARMED, code): n for code, n in self._not_armed[instance].items()})
            profit = _gain(profits[instance]) if instance in profits else Text("")
            name = " ".join(dict.fromkeys((codes.get(instance, instance), instance)))
            table.add_row(name, str(armed), str(fired), str(bought), profit, _ends(ends, wording))
        return table

    def as_json(self, finished: Finished) -> dict[str, Any]:
        """Return the summary as plain values."""
        counts = Counter(explanation.outcome for explanation in explain(self._records))
        ordered = [msgspec.to_builtins(record) for record in self._records if isinstance(record, OperatorRecord)]
        return as_json(finished) | {
            "setups": {str(outcome): count for outcome, count in sorted(counts.items())},
            "operator": ordered,
        }


def as_json(finished: Finished) -> dict[str, Any]:
    """Return what every kind of run ends with as plain values."""
    return {
        "run": finished.run.identity,
        "sessions": [session.isoformat() for session in finished.sessions],
        "statistics": msgspec.to_builtins(finished.statistics),
        "equity": msgspec.to_builtins(finished.equity),
        "trades": msgspec.to_builtins(finished.trades),
        "faults": msgspec.to_builtins(finished.faults),
        "refusals": [msgspec.to_builtins(refusal) for refusal in finished.refusals],
        "caveats": msgspec.to_builtins(finished.caveats),
        "notes": list(finished.run.notes),
    }


def print_faults(faults: Sequence[FaultRecord], wording: Wording, console: Console) -> None:
    """Print what failed without stopping the run."""
    if not faults:
        return
    console.print(Text(t("faults", count=len(faults)), "bold red"))
    for fault in faults[:_FAULTS_SHOWN]:
        parts = [_moment(fault.ts), fault.owner, wording.reason(fault.code), fault.symbol, fault.text]
        console.print(Text("  " + " · ".join(filter(None, parts)), "red"), soft_wrap=True)
    if len(faults) > _FAULTS_SHOWN:
        console.print(Text(f"  {t('and_more', count=len(faults) - _FAULTS_SHOWN)}", "red"))


def _account(finished: Finished, *, is_narrow: bool) -> Table:
    start = finished.run.capital
    end = finished.equity[-1].equity if finished.equity else start
    figures = finished.statistics
    table = Table.grid(padding=(0, 1 if is_narrow else 4))
    cells: list[tuple[str, str | Text]] = [
        (t("equity_start"), look.won(start)),
        (t("equity_end"), Text(look.won(end), "bold")),
        (t("profit_loss"), _gain(end - start, f" ({end / start - 1:+.2%})")),
        (t("trades"), str(figures.trades)),
        (t("win_rate"), look.percent(figures.win_rate)),
        (t("average_r"), look.multiple(figures.expectancy_r)),
        (t("costs"), look.won(figures.commission + figures.tax)),
    ]
    for _, value in cells:
        # Headings may break, and between an amount and its part of the whole; amounts may not.
        table.add_column(min_width=max(map(cell_len, str(value).split())), overflow="fold")
    table.add_row(*(Text(heading, "dim") for heading, _ in cells))
    table.add_row(*(value for _, value in cells))
    return table


def _trades(
    trades: Sequence[TradeRecord],
    wording: Wording,
    codes: Mapping[str, str],
    *,
    is_one_day: bool,
    is_narrow: bool,
) -> Table | Text:
    """Return a line for each trade, with its moments where one day was played, with its days otherwise."""
    if not trades:
        return Text(t("no_trades"), "dim")
    table = _table(t("trades_title", count=len(trades)))
    if is_narrow:
        table.padding = (0, 1, 0, 0)
    table.add_column(t("symbol"), overflow="fold")
    table.add_column(t("strategy"), overflow="fold", no_wrap=not is_narrow)
    for heading in (t("quantity"), t("entry"), t("exit"), t("profit_loss"), "R"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column(t("exit_reason"), overflow="fold")
    table.add_column(t("held"), no_wrap=not is_narrow)
    for trade in trades:
        table.add_row(
            wording.named(trade.symbol),
            codes.get(trade.instance, trade.instance),
            look.won(trade.quantity),
            look.won(trade.bought_amount / trade.quantity),
            look.won(trade.sold_amount / trade.quantity),
            _gain(trade.net_profit),
            look.multiple(trade.r_multiple),
            wording.reason(trade.exit_code),
            _moments(trade) if is_one_day else _days_of(trade),
        )
    return table


def _moments(trade: TradeRecord) -> str:
    return f"{clock(trade.opened_at):%H:%M} – {clock(trade.closed_at):%H:%M}"


def _days_of(trade: TradeRecord) -> str:
    first = f"{trade.opened_on:%m-%d}"
    return first if trade.opened_on == trade.closed_on else f"{first} – {trade.closed_on:%m-%d}"


def _ends(ends: Counter[tuple[Outcome, str | None]], wording: Wording) -> str:
    parts = []
    for (outcome, code), count in sorted(ends.items(), key=lambda item: (-item[1], item[0][0], item[0][1] or "")):
        reason = wording.reason(code)
        parts.append(f"{label(outcome)} {count:,}" + (f" ({reason})" if reason else ""))
    return " · ".join(parts)


def _hint(finished: Finished) -> str:
    example = f" · kats explain {finished.trades[-1].symbol}" if finished.trades else ""
    return f"kats explain --day{example}"


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False
    )


def _gain(amount: int, more: str = "") -> Text:
    return Text(look.change(amount) + more, look.colour(amount))


def _moment(ts: Nanos) -> str:
    return f"{session_date(ts):%m-%d} {clock(ts):%H:%M}"
