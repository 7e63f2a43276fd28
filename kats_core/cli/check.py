"""`kats check`: hold an installed plugin to its contract, and say of each breach what to change (`testing.kit`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console
from kats_core.cli.console import InputError
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import label, language, t

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from kats_core.testing.kit.subject import Subject
    from kats_core.testing.kit.suite import Result, Topic

_STYLES = {"passed": "green", "failed": "bold red", "skipped": "dim"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("check", help=t("help_check_plugin"))(check)


def check(
    name: Annotated[str, typer.Argument(metavar="NAME", help=t("help_check_name"))],
    lookahead: Annotated[bool, typer.Option("--lookahead", help=t("help_check_lookahead"))] = False,
    recursive: Annotated[bool, typer.Option("--recursive", help=t("help_check_recursive"))] = False,
    batch: Annotated[bool, typer.Option("--batch", help=t("help_check_batch"))] = False,
    config: Annotated[Path | None, typer.Option("--config", metavar="FILE", help=t("help_check_config"))] = None,
    data: Annotated[list[Path] | None, typer.Option("--data", metavar="PATH", help=t("help_check_data"))] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every plugin of that name; exit with 1 when one fails."""
    from kats_core.plugins import PluginKind
    from kats_core.testing.kit.subject import UnknownPluginError, find
    from kats_core.testing.kit.suite import Topic

    chosen = {Topic.LOOKAHEAD: lookahead, Topic.RECURSIVE: recursive, Topic.BATCH: batch}
    topics = [topic for topic, is_asked in chosen.items() if is_asked]
    try:
        subjects = find(name)
    except UnknownPluginError as unknown:
        hint = t("did_you_mean", names=", ".join(unknown.nearest)) if unknown.nearest else t("see_plugins")
        raise InputError(t("no_plugin", name=name, hint=hint)) from None
    if config is not None:
        subjects = _as_configured(subjects, config)
    if data and not any(subject.kind is PluginKind.STRATEGY for subject in subjects):
        raise InputError(t("data_for_strategies", name=name, kind=label(subjects[0].kind)))
    for subject in subjects:
        subject.data = tuple(data or ())
    results = [(subject, _examine(subject, topics)) for subject in subjects]
    screen = console.out()
    if as_json:
        screen.print_json(data=[_as_json(subject, found) for subject, found in results])
    else:
        for subject, found in results:
            _show(subject, found, screen)
    if any(result.failures for _, found in results for result in found):
        raise typer.Exit(console.FAILED)


def _as_configured(subjects: Sequence[Subject], config: Path) -> list[Subject]:
    """Return the plugin with the parameters of each of its instances in a configuration."""
    from kats_core.cli.resolving import resolved
    from kats_core.testing.kit.subject import Subject

    found = resolved(config)
    entries: tuple[Any, ...] = (*found.strategies, *found.stages, found.data, found.broker)
    configured = [
        Subject(subject.installed, subject.descriptor, subject.problem, entry.params)
        for subject in subjects
        for entry in entries
        if isinstance(subject.descriptor, type(entry.plugin)) and entry.plugin.name == subject.name
    ]
    if not configured:
        raise InputError(t("not_in_config", config=config, name=subjects[0].name))
    return configured


def _examine(subject: Subject, topics: Sequence[Topic]) -> list[Result]:
    from kats_core.testing.kit.suite import checks_for, examine

    if not checks_for(subject.kind, topics):
        raise InputError(t("nothing_to_check", name=subject.name, kind=label(subject.kind)))
    with console.busy(t("checking", name=subject.name)):
        return list(examine(subject, topics))


def _as_json(subject: Subject, results: Sequence[Result]) -> dict[str, object]:
    return {
        "name": subject.name,
        "kind": subject.kind.value,
        "distribution": subject.installed.distribution,
        "version": subject.installed.version,
        "passed": not any(result.failures for result in results),
        "checks": [result.as_json() for result in results],
    }


def _show(subject: Subject, results: Sequence[Result], screen: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    screen.print(Text.assemble((subject.name, "bold"), f"  {label(subject.kind)} · {subject.installed}"))
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for heading in ("", t("check")):
        table.add_column(heading, no_wrap=True)
    table.add_column(t("seconds"), justify="right", no_wrap=True)
    table.add_column(t("found"), overflow="fold")
    for result in results:
        outcome = Text(label(result.outcome), _STYLES[result.outcome.value])
        table.add_row(outcome, result.check.title[language() != "ko"], f"{result.seconds:.2f}", _found(result))
    screen.print(table)
    failed = sum(bool(result.failures) for result in results)
    hints = sum(len(result.hints) for result in results)
    passed, took = len(results) - failed, sum(result.seconds for result in results)
    counts = t("check_counts", passed=passed, failed=failed, hints=hints, seconds=f"{took:.1f}")
    screen.print(Text(counts, "bold red" if failed else "green"))


def _found(result: Result) -> Text:
    """Return what was looked at, and below it what is wrong and what could be better."""
    from rich.text import Text

    said = language()
    lines = [Text(" · ".join(remark.text(said) for remark in result.seen), "dim")] if result.seen else []
    lines += [Text.assemble(("✗ ", "bold red"), remark.text(said)) for remark in result.failures]
    lines += [Text.assemble(("! ", "yellow"), remark.text(said)) for remark in result.hints]
    return Text("\n").join(lines)
