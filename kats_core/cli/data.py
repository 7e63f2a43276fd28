"""`kats data check`: say what is in a folder of files, which file wins where, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console
from kats_core.cli.downloading import download
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import label, say, t

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from kats_core.sources.files.catalogue import DataFile
    from kats_core.sources.files.inspection import Case, Defect, Inspection, Looked

_SHOWN = 2
_ANY_WIDTH = 10_000
_UNBROKEN = "\N{NO-BREAK SPACE}"
_STYLES = {"STOPS": "red", "NOT_ARMED": "yellow", "MISSING": "yellow", "LEFT_OUT": "dim"}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    group = typer.Typer(help=t("help_data_group"), no_args_is_help=True)
    group.command("check", help=t("help_data_check"))(check)
    group.command("download", help=t("help_data_download"))(download)
    app.add_typer(group, name="data")


def check(
    paths: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help=t("help_data_paths"))],
    strict: Annotated[bool, typer.Option("--strict", help=t("help_strict"))] = False,
    every: Annotated[bool, typer.Option("--all", help=t("help_data_all"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Print the report."""
    from kats_core.sources.files.inspection import inspect

    began = perf_counter()
    with console.busy(t("data_reading")):
        found = inspect([str(path) for path in paths])
    if as_json:
        console.out().print_json(data=_as_json(found))
    else:
        _print(found, perf_counter() - began, every=every)
    if strict and found.defects:
        raise typer.Exit(console.BAD_INPUT)


def _as_json(found: Inspection) -> dict[str, Any]:
    return {
        "files": [
            {
                "name": looked.file.name,
                "kind": looked.file.kind.value,
                "scope": looked.file.scope.value if looked.file.has_time else None,
                "why": looked.file.why,
                "rank": _rank(found, looked),
                "tables": list(looked.file.tables),
                "table_ranks": {table: place for table, (place, _) in found.table_ranks(looked.file).items()},
                "rows": looked.rows,
                "symbols": looked.symbols,
                "first": None if looked.first is None else looked.first.isoformat(),
                "last": None if looked.last is None else looked.last.isoformat(),
                "rows_used": looked.won,
                "rows_hidden": looked.hidden,
            }
            for looked in found.files
        ],
        "defects": [
            {
                "file": defect.file,
                "defect": defect.kind.value,
                "effect": defect.kind.effect.value,
                "code": None if defect.kind.code is None else str(defect.kind.code),
                "count": defect.count,
                "cases": [
                    {
                        "symbol": case.symbol,
                        "date": None if case.day is None else case.day.isoformat(),
                        "count": case.count,
                        "detail": case.detail,
                    }
                    for case in defect.cases
                ],
            }
            for defect in found.defects
        ],
        "notes": list(found.notes),
    }


def _rank(found: Inspection, looked: Looked) -> int | None:
    """Return the place of a file among those of its kind, or of its side table, that are used, from 1."""
    for used in (found.catalogue.daily, found.catalogue.minute):
        if looked.file in used:
            return used.index(looked.file) + 1
    return min((place for place, _ in found.table_ranks(looked.file).values()), default=None)


def _print(found: Inspection, seconds: float, *, every: bool) -> None:
    from rich.text import Text

    screen = console.out()
    screen.print(Text(t("data_files", count=len(found.files), seconds=seconds), "bold"))
    _print_files(screen, found)
    alone = [looked.file.name for looked in found.files if looked.rows is None]
    if alone:
        screen.print(Text(f"{t('data_left_alone', count=len(alone))} {', '.join(alone)}", "dim"))
    for note in found.notes:
        screen.print(Text.assemble((t("note"), "dim"), "  ", say(note)), soft_wrap=True)
    screen.print()
    _print_defects(screen, found, every=every)


def _print_files(screen: Console, found: Inspection) -> None:
    """Print the files as a table, or one below the other where the screen is too narrow for all of its columns."""
    from rich.measure import Measurement
    from rich.padding import Padding
    from rich.text import Text

    used = list(found.catalogue.used)
    there = [looked for looked in found.files if looked.rows is not None]
    ordered = sorted(there, key=lambda each: used.index(each.file) if each.file in used else len(used))
    table = _files(found, ordered)
    if Measurement.get(screen, screen.options.update(max_width=_ANY_WIDTH), table).maximum <= screen.width:
        screen.print(table)
        return
    for looked in ordered:
        name, kind, rows, symbols, span, use = _cells(found, looked)
        screen.print(Text(name, "bold" if looked.file in used else "", overflow="fold"))
        counts = t("data_row_count", count=rows)
        if looked.symbols is not None:
            counts += f" · {t('data_symbol_count', count=symbols)}"
        screen.print(Padding(Text(" · ".join((kind, counts, span.replace(" ", _UNBROKEN))), "dim"), (0, 0, 0, 4)))
        screen.print(Padding(Text(use), (0, 0, 0, 4)))


def _cells(found: Inspection, looked: Looked) -> tuple[str, str, str, str, str, str]:
    """Return what is said of a file: its name, kind, rows, symbols, span and use."""
    return (
        looked.file.name,
        f"{looked.file.kind} {label(looked.file.scope)}" if looked.file.has_time else looked.file.kind.value,
        _number(looked.rows),
        _number(looked.symbols),
        console.NONE if looked.first is None else f"{looked.first} → {looked.last}",
        _use(found, looked),
    )


def _files(found: Inspection, ordered: Sequence[Looked]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column(t("data_file"), no_wrap=True)
    table.add_column(t("data_kind"), no_wrap=True)
    table.add_column(t("data_rows"), justify="right", no_wrap=True)
    table.add_column(t("data_symbols"), justify="right", no_wrap=True)
    table.add_column(t("data_span"), no_wrap=True)
    table.add_column(t("data_use"), no_wrap=True)
    for looked in ordered:
        name, *others = _cells(found, looked)
        table.add_row(Text(name, "bold" if looked.file in found.catalogue.used else ""), *others)
    return table


def _number(count: int | None) -> str:
    return console.NONE if count is None else f"{count:,}"


def _use(found: Inspection, looked: Looked) -> str:
    """Say what a run does with a file."""
    file, catalogue = looked.file, found.catalogue
    if file in catalogue.used:
        if looked.won is None:
            return t("data_bars_used")
        hidden = t("data_hidden", hidden=_number(looked.hidden)) if looked.hidden else ""
        return t("data_wins", rank=_rank(found, looked), won=_number(looked.won)) + hidden
    if file.has_time:
        winner = next(each for each in catalogue.used if each.kind is file.kind)
        return t("data_not_joined", scope=label(winner.scope))
    uses = []
    if file in catalogue.masters:
        uses.append(t("data_listing"))
    if file in catalogue.index:
        uses.append(t("data_index"))
    if file.tables:
        uses.append(t("data_side", tables=", ".join(_side(found, file))))
    return " · ".join(uses) or t("data_not_read")


def _side(found: Inspection, file: DataFile) -> Iterator[str]:
    """Yield the side tables of a file, each with its rank where others make it too."""
    for table, (place, among) in found.table_ranks(file).items():
        yield t("data_table_rank", table=table, rank=place, count=among) if among > 1 else table


def _print_defects(screen: Console, found: Inspection, *, every: bool) -> None:
    from rich.text import Text

    if not found.defects:
        screen.print(Text(t("data_sound"), "green"))
        return
    for defect in found.defects:
        kind = defect.kind
        symbols = len({case.symbol for case in defect.cases if case.symbol})
        there = t("data_of_symbols", symbols=_number(symbols), count=_number(defect.count))
        code = "" if kind.code is None else f" {kind.code}"
        effect = (f"→ {label(kind.effect)}{code}", _STYLES[kind.effect.value])
        screen.print(Text.assemble((label(kind), "bold"), f" · {defect.file} · {there} ", effect), soft_wrap=True)
        for line in _cases(defect, every=every):
            screen.print(Text(f"    {line}", "dim"), soft_wrap=True)
    screen.print()
    stops = sum(defect.kind.effect.value == "STOPS" for defect in found.defects)
    text = Text(t("data_stops", count=stops), "red") if stops else Text(t("data_goes_on"))
    screen.print(text, soft_wrap=True)


def _cases(defect: Defect, *, every: bool) -> Iterator[str]:
    """Yield the first cases, or all, and how many more there are."""
    shown = defect.cases if every else defect.cases[:_SHOWN]
    for case in shown:
        yield _case(defect, case)
    if len(defect.cases) > len(shown):
        yield t("data_more", count=_number(len(defect.cases) - len(shown)))


def _case(defect: Defect, case: Case) -> str:
    times = f" ×{case.count:,}" if case.count > 1 else ""
    day = "" if case.day is None else str(case.day)
    detail = t("data_longest", count=case.detail) if defect.kind.value == "GAP" else say(case.detail)
    return " ".join(part for part in (case.symbol, day, detail) if part) + times
