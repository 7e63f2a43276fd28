"""`kats config show|check|schema|init`: look at the configuration, check it, describe it, begin one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.resolving import ConfigOption, JsonOption
from kats_core.cli.text import say, t

if TYPE_CHECKING:
    from pydantic import BaseModel

    from kats_core.config.file import Document
    from kats_core.plugins import LoadedPlugins, PluginKind

_LISTS = ("strategies", "risk")
_MOST_OF_KEYS, _MOST_OF_ORIGINS = 44, 16


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(help=t("help_config_group"), no_args_is_help=True)
    group.command("show", help=t("help_config_show"))(show)
    group.command("check", help=t("help_config_check"))(check)
    group.command("schema", help=t("help_config_schema"))(schema)
    group.command("init", help=t("help_config_init"))(init)
    app.add_typer(group, name="config")


def show(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print every value that counts and where it was written."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    resolved = resolving.resolved(config)
    screen = console.out()
    if as_json:
        screen.print_json(data=[{"key": v.path, "value": v.value, "origin": str(v.origin)} for v in resolved.values])
        return
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    # Only values shrink where a terminal is narrow: keys are searched for and copied.
    keys = max(len(value.path) for value in resolved.values)
    origins = max(len(str(value.origin)) for value in resolved.values)
    table.add_column(t("key"), overflow="fold", width=min(keys, _MOST_OF_KEYS))
    table.add_column(t("value"), overflow="fold")
    table.add_column(t("origin"), overflow="fold", width=min(origins, _MOST_OF_ORIGINS))
    for value in resolved.values:
        table.add_row(value.path, _written(value.value), Text(str(value.origin), "dim"))
    screen.print(table)
    for note in resolved.notes:
        screen.print(Text.assemble((t("note"), "dim"), "  ", say(note)), soft_wrap=True)


def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Say ok, or every problem."""
    from kats_core.config import ConfigError

    try:
        resolved = resolving.resolved(config)
    except ConfigError as error:
        if not as_json:
            raise
        console.out().print_json(data=[problem.as_dict() for problem in error.problems])
        raise typer.Exit(console.BAD_INPUT) from None
    if as_json:
        typer.echo("[]")
        return
    typer.echo("ok")
    for note in resolved.notes:
        console.err().print(f"{t('note')}  {say(note)}", markup=False, soft_wrap=True)


def schema() -> None:
    """Print the JSON Schema with the parameters of all plugins that are installed."""
    import json

    from kats_core.config.schema import config_schema
    from kats_core.plugins import installed

    description, problems = config_schema(installed())
    for problem in problems:
        console.err().print(f"{t('note')}  {problem}", markup=False, soft_wrap=True)
    typer.echo(json.dumps(description, ensure_ascii=False, indent=2))


def init(
    config: ConfigOption = None, force: Annotated[bool, typer.Option("--force", help=t("help_force"))] = False
) -> None:
    """Write a configuration that does what is done without one, with every parameter in a comment."""
    path = config if config is not None else Path("kats.yaml")
    text = "".join(f"{line}\n" for line in _lines())
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise InputError(t("file_exists", path=path)) from None
    except OSError as error:
        raise InputError(t("cannot_write", path=path, why=error.strerror or error)) from error
    console.out().print(t("written", path=path), soft_wrap=True)


def _lines() -> Iterator[str]:
    from kats_core.config.file import default_document
    from kats_core.plugins import PluginKind, installed, load

    document = default_document("sample")
    available = installed()
    kinds = {
        "data": PluginKind.DATA_SOURCE,
        "broker": PluginKind.BROKER,
        "strategies": PluginKind.STRATEGY,
        "risk": PluginKind.RISK_STAGE,
    }
    names = {kind: [plugin.name for plugin in available if plugin.kind is kind] for kind in kinds.values()}
    loaded = load(((kind, name) for kind, several in names.items() for name in several), available)
    yield from (f"# {line}" for line in t("yaml_head").splitlines())
    yield from ("version: 1", "mode: paper", f"# capital: 100000000  # {t('yaml_capital')}")
    for block, kind in kinds.items():
        yield ""
        if block in _LISTS:
            yield f"# {t('yaml_strategies') if kind is PluginKind.STRATEGY else t('yaml_risk')}"
            yield f"{block}:"
            yield from _list(document.data[block], kind, names[kind], loaded)
        else:
            yield f"# {t('yaml_one_of', names=', '.join(names[kind]))}"
            yield f"{block}:"
            yield f"  use: {document.data[block]['use']}"
            yield from _params(loaded, kind, document.data[block]["use"], "  ")
    yield ""
    yield from _assumed(document)


def _list(
    entries: Sequence[dict[str, Any]], kind: PluginKind, names: Sequence[str], loaded: LoadedPlugins
) -> Iterator[str]:
    active = [entry["use"] for entry in entries if entry["use"] in names]
    for name in active:
        yield f"  - use: {name}"
        yield from _params(loaded, kind, name, "    ")
    for name in names:
        if name not in active:
            yield f"  # - use: {name}"


def _params(loaded: LoadedPlugins, kind: PluginKind, name: str, indent: str) -> Iterator[str]:
    """Yield a plugin's parameters with their defaults, all in comments."""
    descriptor = loaded.descriptors.get((kind, name))
    if descriptor is None or not descriptor.params.model_fields:
        return
    yield f"{indent}# params:"
    params: type[BaseModel] = descriptor.params
    for field, info in params.model_fields.items():
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        about = f"  # {info.description}" if info.description else ""
        yield f"{indent}#   {info.alias or field}: {_written(default)}{about}"


def _assumed(document: Document) -> Iterator[str]:
    universe, assume = document.data.get("universe", {}), document.data.get("assume", {})
    yield f"# {t('yaml_universe')}"
    yield "universe:"
    yield from (f"  {key}: {_written(value)}" for key, value in universe.items())
    yield ""
    yield f"# {t('yaml_assume')}"
    yield "assume:" if assume else "assume: {}"
    yield from (f"  {key}: {_written(value)}" for key, value in assume.items())
    yield ""
    yield f"# {t('yaml_limits')}"
    yield from ("limits: {}", "gate: {}")
    yield ""
    yield f"# {t('yaml_market')}"
    yield from ("regime: {}", "pulse: {}", "overlays: {}")
    yield ""
    yield f"# {t('yaml_events')}"
    yield "# events: events.yaml"


def _written(value: Any) -> str:
    """Return a value as YAML and people write it."""
    from kats_core.config.effective import plain

    simple = plain(value)
    match simple:
        case None:
            return "null"
        case bool():
            return "true" if simple else "false"
        case list():
            return f"[{', '.join(_written(item) for item in simple)}]"
        case dict():
            return f"{{{', '.join(f'{key}: {_written(item)}' for key, item in simple.items())}}}"
    return str(simple)
