"""Put two runs side by side: figures, configuration, trades, and the decisions that differ.

What a run decided about a candidate is told by its key (session, strategy, symbol, slot), since ids belong to one run. Trades
and decisions are compared over the days that both runs played.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from kats_core.model.record import Record, SetupRecord, SignalRecord, TradeRecord
from kats_core.research.configuration import flattened
from kats_core.research.market import read_indices
from kats_core.research.metrics import Metrics, measure
from kats_core.research.results import Results, read_results
from kats_core.store.reading import read_kinds

T = TypeVar("T")

CandidateKey = tuple[dt.date, str, str, int]
"""(session, instance, symbol, slot)."""


class Different(msgspec.Struct, frozen=True):
    """A figure or a key of the configuration in both runs; None where a run has none."""

    name: str
    a: Any
    b: Any


class Decided(msgspec.Struct, frozen=True):
    """What became of a candidate: the status of its last signal, or of its setup where it gave none; why; how many shares."""

    status: str
    code: str | None = None
    quantity: int | None = None


class DecisionDiffers(msgspec.Struct, frozen=True):
    """A candidate about which the runs decided otherwise; None where a run had not armed it."""

    session: dt.date
    instance: str
    symbol: str
    slot: int
    a: Decided | None
    b: Decided | None


class TradeDiffers(msgspec.Struct, frozen=True):
    """A trade that both runs made, with other fills, shares or costs."""

    a: TradeRecord
    b: TradeRecord


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs. `first_day` and `last_day` are those that both played, None where there is none."""

    a: dict[str, str | int]
    b: dict[str, str | int]
    first_day: dt.date | None
    last_day: dt.date | None
    metrics: tuple[Different, ...]
    configuration: tuple[Different, ...]
    trades_only_a: tuple[TradeRecord, ...]
    trades_only_b: tuple[TradeRecord, ...]
    trades_changed: tuple[TradeDiffers, ...]
    trades_alike: int
    decisions: tuple[DecisionDiffers, ...]
    decisions_alike: int


def compare(a: Path, b: Path) -> Comparison:
    """Return the comparison of the runs in two folders; raises `StoreError` as `read_results` does."""
    one, other = read_results(a), read_results(b)
    first, last = max(one.run.first_day, other.run.first_day), min(one.run.last_day, other.run.last_day)
    trades = [_by_entry(results, first, last) for results in (one, other)]
    decided = [decisions(read_kinds(folder, [SetupRecord, SignalRecord]), first, last) for folder in (a, b)]
    both = [(trades[0][key], trades[1][key]) for key in trades[0] if key in trades[1]]
    changed = tuple(TradeDiffers(*pair) for pair in both if not _is_same(*pair))
    differing = tuple(_differing(*decided))
    known = len({**decided[0], **decided[1]})
    return Comparison(
        a=one.run.identity,
        b=other.run.identity,
        first_day=first if first <= last else None,
        last_day=last if first <= last else None,
        metrics=tuple(_metrics(measure(one, read_indices(a)), measure(other, read_indices(b)))),
        configuration=tuple(_configuration(one, other)),
        trades_only_a=tuple(_only(*trades)),
        trades_only_b=tuple(_only(*reversed(trades))),
        trades_changed=changed,
        trades_alike=len(both) - len(changed),
        decisions=differing,
        decisions_alike=known - len(differing),
    )


def decisions(records: Iterable[Record], first: dt.date, last: dt.date) -> dict[CandidateKey, Decided]:
    """Return what became of each candidate from `first` to `last`."""
    found: dict[CandidateKey, Decided] = {}
    signalled: set[CandidateKey] = set()
    for record in records:
        if not isinstance(record, SetupRecord | SignalRecord) or not first <= record.session <= last:
            continue
        key = (record.session, record.instance, record.symbol, record.slot)
        if isinstance(record, SignalRecord):
            found[key] = Decided(record.status.value, record.code, record.quantity)
            signalled.add(key)
        elif key not in signalled:
            found[key] = Decided(record.status.value, record.code)
    return found


def _configuration(a: Results, b: Results) -> Iterable[Different]:
    one, other = flattened(a.run.configuration), flattened(b.run.configuration)
    for key in dict.fromkeys([*one, *other]):
        if key and one.get(key) != other.get(key):
            yield Different(key, one.get(key), other.get(key))


def _metrics(a: Metrics, b: Metrics) -> Iterable[Different]:
    one, other = _figures(a), _figures(b)
    for name in one:
        yield Different(name, one[name], other[name])


def _figures(metrics: Metrics) -> dict[str, float | None]:
    found, fall, benchmark = metrics.statistics, metrics.statistics.max_drawdown, metrics.benchmark
    return {
        "return_frac": found.return_frac,
        "benchmark_frac": None if benchmark is None else benchmark.return_frac,
        "max_drawdown": None if fall is None else fall.frac,
        "profit": found.profit,
        "trades": found.trades,
        "win_rate": found.win_rate,
        "average_r": found.expectancy_r,
        "sqn": found.sqn.value,
        "profit_factor": found.profit_factor,
        "payoff": found.payoff,
        "sharpe": found.sharpe,
        "exposure": found.exposure,
        "time_in_market": found.time_in_market,
        "commission": found.commission,
        "tax": found.tax,
        "slippage": metrics.execution.slippage,
        "rejected": sum(refused.count for refused in metrics.refusals),
    }


def _by_entry(results: Results, first: dt.date, last: dt.date) -> dict[tuple[dt.date, str, str, int, int], TradeRecord]:
    """Return the trades that were opened on the common days, by their entry: the n-th of a session counts too."""
    found: dict[tuple[dt.date, str, str, int, int], TradeRecord] = {}
    for trade in sorted(results.trades, key=lambda trade: trade.opened_at):
        if not first <= trade.opened_on <= last:
            continue
        n = 0
        while (key := (trade.opened_on, trade.instance, trade.symbol, trade.slot, n)) in found:
            n += 1
        found[key] = trade
    return found


def _only(one: Mapping[Any, T], other: Mapping[Any, T]) -> Iterable[T]:
    return (trade for key, trade in one.items() if key not in other)


def _is_same(a: TradeRecord, b: TradeRecord) -> bool:
    """Tell whether nothing but the ids differs."""
    return msgspec.structs.replace(a, signal_id="") == msgspec.structs.replace(b, signal_id="")


def _differing(a: Mapping[CandidateKey, Decided], b: Mapping[CandidateKey, Decided]) -> Iterable[DecisionDiffers]:
    for key in sorted({**a, **b}):
        if a.get(key) != b.get(key):
            yield DecisionDiffers(*key, a.get(key), b.get(key))
