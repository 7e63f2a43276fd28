"""Write trades and daily equity as CSV that spreadsheets open: one row a trade, one row a day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kats_core.model.time import clock, session_date
from kats_core.research.market import Index
from kats_core.research.metrics import drawdowns
from kats_core.research.results import Results, Story

# Excel takes UTF-8 for Korean only with a byte order mark in front.
_ENCODING = "utf-8-sig"

_TRADE_COLUMNS = (
    "number",
    "symbol",
    "name",
    "strategy",
    "slot",
    "opened",
    "closed",
    "quantity",
    "entry_price",
    "exit_price",
    "bought_krw",
    "sold_krw",
    "commission_krw",
    "tax_krw",
    "dividend_krw",
    "net_profit_krw",
    "r_multiple",
    "trigger_price",
    "stop_price",
    "regime",
    "grade",
    "exit_code",
    "is_path_dependent",
    "signal_id",
)


def write_trades(path: Path, results: Results) -> None:
    """Write the closed trades, oldest close first. Prices are averages, times are KST."""
    _write(path, _TRADE_COLUMNS, (_trade(story, results.run.instruments) for story in results.stories))


def write_equity(path: Path, results: Results, indices: Mapping[str, Index]) -> None:
    """Write the account at the end of each session, with the closes of the indices beside it."""
    sessions = [day.session for day in results.equity]
    falls = drawdowns([results.run.capital, *(day.equity for day in results.equity)])[1:]
    closes = {name: index.on(sessions) for name, index in indices.items()}
    columns = ("session", "equity_krw", "cash_krw", "invested_krw", "receivable_krw", "exposure", "drawdown", *closes)
    _write(
        path,
        columns,
        (
            (
                day.session,
                day.equity,
                day.cash,
                day.market_value,
                day.receivable,
                round(day.exposure, 6),
                round(falls[n], 6),
                *(close[n] for close in closes.values()),
            )
            for n, day in enumerate(results.equity)
        ),
    )


def _trade(story: Story, names: Mapping[str, str]) -> tuple[Any, ...]:
    trade, signal = story.trade, story.signal
    return (
        story.number,
        trade.symbol,
        names.get(trade.symbol, ""),
        trade.instance,
        trade.slot,
        *(f"{session_date(ts)} {clock(ts):%H:%M:%S}" for ts in (trade.opened_at, trade.closed_at)),
        trade.quantity,
        round(trade.bought_amount / trade.quantity, 4),
        round(trade.sold_amount / trade.quantity, 4),
        trade.bought_amount,
        trade.sold_amount,
        trade.commission,
        trade.tax,
        trade.dividend,
        trade.net_profit,
        trade.r_multiple,
        None if signal is None else signal.trigger_price,
        None if signal is None else signal.stop,
        story.regime,
        story.grade,
        trade.exit_code,
        int(trade.is_path_dependent),
        trade.signal_id,
    )


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with path.open("w", encoding=_ENCODING, newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
