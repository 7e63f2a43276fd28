"""Complete a run's folder: figures, tables, what its charts need of the market, and the report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kats_core.market.panel import Panel
from kats_core.model.labels import Language, plain
from kats_core.research import charted, market, tables
from kats_core.research.market import Index
from kats_core.research.metrics import measure
from kats_core.research.results import Results, read_results
from kats_core.store.errors import StoreError
from kats_core.store.folder_recorder import EQUITY, METRICS, REPORT, TRADES


def complete(folder: Path, panel: Panel, language: Language) -> None:
    """Write beside a run's decisions everything that is made of them.

    Raises:
        StoreError: the folder cannot be read or written; the decisions are kept.
    """
    results = read_results(folder)
    try:
        market.write_candles(folder, panel, [story.trade for story in charted.chosen(results.stories, charted.KEPT)])
        market.write_indices(folder, panel, results.run.first_day, results.run.last_day)
        indices = market.read_indices(folder)
        tables.write_trades(folder / TRADES, results)
        tables.write_equity(folder / EQUITY, results, indices)
        encoded = msgspec.json.encode(measure(results, indices), enc_hook=plain)
        (folder / METRICS).write_bytes(msgspec.json.format(encoded, indent=2) + b"\n")
    except OSError as error:
        raise _unwritable(folder, error) from error
    _write_report(folder, results, indices, language, charted.CHARTED, folder / REPORT)


def write_report(folder: Path, language: Language, charts: int = charted.CHARTED, out: Path | None = None) -> Path:
    """Make the report of a run anew from its folder alone; return where it is.

    Raises:
        StoreError: there is no complete run in the folder, or the report cannot be written.
    """
    target = folder / REPORT if out is None else out
    _write_report(folder, read_results(folder), market.read_indices(folder), language, charts, target)
    return target


def _write_report(
    folder: Path, results: Results, indices: Mapping[str, Index], language: Language, charts: int, target: Path
) -> None:
    from kats_core.research.report import build

    page = build(results, measure(results, indices), market.read_candles(folder), indices, language, charts)
    growing = target.with_name(f".{target.name}.writing")
    try:
        growing.write_text(page, encoding="utf-8")
        growing.replace(target)
    except OSError as error:
        raise _unwritable(target, error) from error


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"{path} cannot be written ({error.strerror or error}): free some space or name another place; "
        "the decisions of the run are kept"
    )
