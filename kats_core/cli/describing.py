"""Describe a run before it starts: its data, its rules, what is assumed; for the banner and for `kats run --check`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table
from rich.text import Text

from kats_core.cli import console as look
from kats_core.cli.text import label, say, t
from kats_core.model.kinds import FactSource
from kats_core.runtime.assembly import App, RunKind

if TYPE_CHECKING:
    from rich.console import Console

    from kats_core.runtime.play import Plan


def banner(app: App, sessions: Sequence[dt.date]) -> Iterator[Text]:
    """Yield what an operator must know from the first line on."""
    told = {"kind": label(app.kind), "days": span(sessions), "capital": look.won(app.resolved.capital)}
    title = t("live_run", **told) if app.kind is RunKind.LIVE else t("paper_run", **told)
    yield Text.assemble(("KATS", "bold"), " · ", title)
    yield Text.assemble((t("strategies"), "dim"), "  ", ", ".join(s.name for s in app.strategies) or look.NONE)
    yield Text.assemble((t("stages"), "dim"), "  ", " → ".join(s.name for s in app.stages) or look.NONE)
    for note in notes(app):
        yield Text.assemble((t("note"), "dim"), "  ", say(note))


def notes(app: App) -> list[str]:
    """Return what data and configuration have to say, and which inputs are derived or assumed."""
    told = app.inputs.told(app.last)
    derived, assumed = (", ".join(told.get(source, ())) for source in (FactSource.DERIVED, FactSource.ASSUMED))
    return [
        *app.source.notes(),
        *app.resolved.notes,
        *([t("assumed", values=assumed)] if assumed else []),
        *([t("derived", values=derived)] if derived else []),
        *(app.screening.notes(app.last) if app.screening is not None else ()),
    ]


def span(sessions: Sequence[dt.date]) -> str:
    """Return days in words: 2025-09-18, or first to last with their number."""
    if len(sessions) == 1:
        return sessions[0].isoformat()
    return t("span", first=sessions[0], last=sessions[-1], count=len(sessions))


def show(plan: Plan, console: Console) -> None:
    """Print everything that was built."""
    app, resolved = plan.app, plan.app.resolved
    for line in banner(app, plan.sessions):
        console.print(line, soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in (t("part"), t("instance"), t("plugin"), t("parameters")):
        table.add_column(heading, overflow="fold")
    table.add_row(t("data"), "", resolved.data.use, _params(resolved.data.params))
    table.add_row(t("broker"), "", resolved.broker.use, _params(resolved.broker.params))
    for strategy in resolved.strategies:
        table.add_row(t("strategy"), strategy.instance, strategy.plugin.name, _params(strategy.params))
    for position, stage in enumerate(resolved.stages, 1):
        table.add_row(t("stage_number", position=position), stage.instance, stage.plugin.name, _params(stage.params))
    console.print()
    console.print(table)
    console.print()


def as_json(plan: Plan) -> dict[str, Any]:
    """Return the same as plain values."""
    app = plan.app
    return {
        "run_id": app.run_id,
        "kind": app.kind.value,
        "sessions": [session.isoformat() for session in plan.sessions],
        "capital": app.resolved.capital,
        "data": app.resolved.data.use,
        "strategies": [strategy.name for strategy in app.strategies],
        "stages": [stage.name for stage in app.stages],
        "notes": notes(app),
    }


def _params(params: Any) -> str:
    from kats_core.config.effective import plain

    values = {name: value for name, value in plain(params).items() if value is not None}
    return ", ".join(f"{name}={value}" for name, value in values.items())
