"""Show what each risk stage of a recorded run earned or cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from kats_core.cli import console
from kats_core.cli.text import t

if TYPE_CHECKING:
    from rich.table import Table

    from kats_core.journal.ledger import Ledger, StageValue
    from kats_core.store.run import Run


def as_json(found: Ledger, run: Run) -> dict[str, Any]:
    """Return the ledger as plain values."""
    from kats_core.runtime.following import SESSIONS

    return {"run": run.run_id, "followed_sessions": SESSIONS, **msgspec.to_builtins(found)}


def show(found: Ledger, run: Run) -> None:
    """Print one line a stage, and what the table does not say."""
    from rich.text import Text

    from kats_core.runtime.following import SESSIONS

    screen = console.out()
    days = {"first": run.first_day, "last": run.last_day}
    screen.print(Text(t("ledger_title", run=run.run_id[:8], **days), "bold"), soft_wrap=True)
    if not found.stages:
        screen.print(t("ledger_empty"), soft_wrap=True)
        return
    screen.print(_table(found, is_narrow=console.is_narrow(screen)))
    aside = " · ".join(f"{heading} {count:,}" for heading, count in _aside(found) if count)
    if aside:
        screen.print(aside, soft_wrap=True)
    for text in (t("ledger_how", sessions=SESSIONS), t("ledger_alone"), t("ledger_sample")):
        screen.print(Text(text, "dim"), soft_wrap=True)


def _aside(found: Ledger) -> list[tuple[str, int]]:
    """Return what stands beside the table, over all stages."""
    return [
        (t("ledger_still_open"), sum(stage.still_open for stage in found.stages)),
        (t("ledger_not_filled"), sum(stage.not_filled for stage in found.stages)),
        (t("ledger_repeats"), sum(stage.repeats for stage in found.stages)),
        (t("ledger_bought_later"), sum(stage.bought_later for stage in found.stages)),
    ]


def _headings() -> tuple[str, ...]:
    return (
        t("ledger_refused"),
        t("ledger_deferred"),
        t("ledger_shrunk"),
        t("ledger_would_win"),
        t("ledger_would_lose"),
        t("ledger_sum_r"),
        t("ledger_average_r"),
        t("ledger_effect"),
    )


def _table(found: Ledger, *, is_narrow: bool) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    if is_narrow:
        table.padding = console.SNUG
    table.add_column(t("column_stage"), no_wrap=not is_narrow, overflow="fold", width=14 if is_narrow else None)
    for heading in _headings():
        money = heading in (t("ledger_sum_r"), t("ledger_effect"))
        table.add_column(heading, justify="right", no_wrap=money or not is_narrow, overflow="fold")
    for stage in found.stages:
        table.add_row(stage.stage, *_cells(stage))
    return table


def _cells(stage: StageValue) -> list[Any]:
    from rich.text import Text

    counts = (stage.refused, stage.deferred, stage.shrunk, stage.won, stage.lost)
    return [
        *(f"{count:,}" if count else console.NONE for count in counts),
        console.multiple(stage.sum_r),
        console.multiple(stage.average_r),
        Text(console.change(stage.effect), console.colour(stage.effect)),
    ]
