"""Turn the options that verbs share into the effective configuration: file, data, seed, strategies."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli.console import InputError
from kats_core.cli.text import t

if TYPE_CHECKING:
    from kats_core.config import Resolved, Settings
    from kats_core.store.database import Database

ConfigOption = Annotated[Path | None, typer.Option("--config", metavar="FILE", help=t("help_config"))]
DataOption = Annotated[list[Path] | None, typer.Option("--data", metavar="PATH", help=t("help_data"))]
SeedOption = Annotated[int | None, typer.Option("--seed", min=0, help=t("help_seed"))]
JsonOption = Annotated[bool, typer.Option("--json", help=t("help_json"))]

_COMPACT_DATE = 8


def resolved(
    config: Path | None, data: Sequence[Path] = (), seed: int | None = None, strategies: Sequence[str] = ()
) -> Resolved:
    """Return the effective configuration of this working folder.

    Raises:
        ConfigError: with every problem.
    """
    from kats_core.config import resolve
    from kats_core.config.effective import plain

    overrides: dict[str, Any] = {}
    if data:
        overrides["data"] = {"use": "files", "params": {"paths": [str(path) for path in data]}}
    if seed is not None:
        overrides["data.params.seed"] = seed
    cwd = Path.cwd()
    found = resolve(config, overrides=overrides, file_data=bool(data), environ=os.environ, cwd=cwd)
    if not strategies:
        return found
    known = {entry.instance: entry for entry in found.strategies}
    overrides["strategies"] = [
        {"use": known[name].plugin.name, "as": name, "params": plain(known[name].params)}
        if name in known
        else {"use": name}
        for name in dict.fromkeys(strategies)
    ]
    return resolve(config, overrides=overrides, file_data=bool(data), environ=os.environ, cwd=cwd)


def with_history(resolved: Resolved, sessions: int) -> Resolved:
    """Return the configuration with so many more daily bars of the sample market; other data bring what they have."""
    from kats_core.sources.sample import SampleParams

    params = resolved.data.params
    if not isinstance(params, SampleParams):
        return resolved
    more = params.model_copy(update={"history_sessions": params.history_sessions + sessions})
    return replace(resolved, data=replace(resolved.data, params=more))


def sample_session(resolved: Resolved) -> dt.date | None:
    """Return the session of the sample market to start with, None on other data."""
    from kats_core.sources.sample import SampleParams, default_session

    return default_session() if isinstance(resolved.data.params, SampleParams) else None


def settings() -> Settings:
    """Return the environment's settings.

    Raises:
        ConfigError: with every problem of the environment and of `.env`.
    """
    from kats_core.config import read_settings

    return read_settings(os.environ, Path.cwd()).settings


def database(settings: Settings) -> Database:
    """Open the database of the settings; raises `StoreError`."""
    from kats_core.store.database import open_database

    return open_database(settings.database_url)


def day(written: str | None, option: str) -> dt.date | None:
    """Return a day as it was typed, 2025-09-18 or 20250918.

    Raises:
        InputError: it is no day.
    """
    if written is None:
        return None
    text = written.strip()
    try:
        if len(text) == _COMPACT_DATE and text.isdigit():
            return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(t("no_day", option=option, found=written)) from None


def covered_day(written: str | None, option: str) -> dt.date | None:
    """Return a day that the exchange's calendar knows, be it a session or not.

    Raises:
        InputError: it is no day, or lies outside the calendar.
    """
    found = day(written, option)
    if found is None:
        return None

    from kats_core.market.calendar import krx_calendar

    calendar = krx_calendar()
    if not calendar.covered_from <= found <= calendar.covered_through:
        covered = (calendar.covered_from, calendar.covered_through)
        near = calendar.sessions_beside(found)[0]
        raise InputError(
            t("not_covered", option=option, found=found, first=covered[0], last=covered[1])
            + t("nearest_session", near=near)
        )
    return found


def session(written: str | None, option: str) -> dt.date | None:
    """Return a session of the exchange.

    Raises:
        InputError: it is no day, lies outside the calendar, or the exchange is closed on it.
    """
    found = covered_day(written, option)
    if found is None:
        return None

    from kats_core.market.calendar import krx_calendar

    calendar = krx_calendar()
    if not calendar.is_session(found):
        near = ", ".join(map(str, calendar.sessions_beside(found)))
        raise InputError(t("no_session", option=option, day=found, near=near))
    return found


def span(first: str | None, last: str | None) -> tuple[dt.date | None, dt.date | None]:
    """Return the days of `--from` and `--to`, each None where it was not named.

    Raises:
        InputError: one of them is no day or lies outside the calendar, or the first is after the last.
    """
    begin, end = covered_day(first, "--from"), covered_day(last, "--to")
    if begin is not None and end is not None and begin > end:
        raise InputError(t("wrong_order", first=begin, last=end))
    return begin, end


def run_folder(which: str | None) -> Path:
    """Return the folder of a run: named itself, by the run's id or the beginning of it, or of the last run.

    Raises:
        InputError: the run is kept in the database, or there is none yet.
        StoreError: there is no such run.
    """
    if which is not None and (Path(which).expanduser().exists() or os.sep in which):
        return Path(which).expanduser()
    found = settings()
    if not found.db_url.get_secret_value() and not (found.kats_home / "kats.db").exists():
        raise InputError(t("no_run_yet", home=found.kats_home))
    from kats_core.store.rows import read_run

    with database(found) as opened:
        run = read_run(opened, which)
    if run.folder is None:
        raise InputError(t("no_folder", run=run.run_id[:8], kind=run.kind))
    return Path(run.folder)
