"""`kats explain`: tell why something was bought, or why not, from what a run recorded."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from kats_core.cli import console, resolving
from kats_core.cli.console import InputError
from kats_core.cli.recorded import Recorded
from kats_core.cli.resolving import JsonOption
from kats_core.cli.text import label, language, t

if TYPE_CHECKING:
    from kats_core.store.reading import StoredRun
    from kats_core.store.run import Run

LAST = "last"
"""What `--day` without a day means: the last one of the run."""

_DAY = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{8}|last")
_SYMBOL = re.compile(r"[0-9A-Z]{6}")


class DayMayBeBare(TyperCommand):
    """Lets `--day` stand without a value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a bare `--day` the value that stands for the last day."""
        completed = []
        for number, argument in enumerate(args):
            is_bare = argument == "--day" and not any(_DAY.fullmatch(following) for following in args[number + 1 :][:1])
            completed.append(f"--day={LAST}" if is_bare else argument)
        return super().parse_args(ctx, completed)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("explain", cls=DayMayBeBare, help=t("help_explain"))(explain)


def explain(
    what: Annotated[str | None, typer.Argument(metavar="[SIGNAL|SYMBOL]", help=t("help_what"))] = None,
    day: Annotated[str | None, typer.Option("--day", metavar="[YYYY-MM-DD]", help=t("help_explain_day"))] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="ID|FOLDER", help=t("help_which_run"))] = None,
    everything: Annotated[bool, typer.Option("--all", help=t("help_all_names"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Find the records and show what they say."""
    from kats_core.store.selection import Selection

    is_whole_day = what is None
    if is_whole_day and day is None:
        day = LAST
    with Recorded(run) as runs:
        about = runs.description
        session = about.last_day if day == LAST else _session(day, about)
        symbol = None if what is None else _symbol(what, about)
        if symbol is not None:
            stored = runs.load(Selection(session=session, symbol=symbol))
        else:
            stored = runs.load(Selection(session=session, signal=what))
    _show(stored, what, symbol, session, names=None if everything else _names(), as_json=as_json)


def _session(written: str | None, run: Run) -> dt.date | None:
    session = resolving.day(written, "--day")
    if session is not None and not run.first_day <= session <= run.last_day:
        raise InputError(t("no_such_day", day=session, first=run.first_day, last=run.last_day))
    return session


def _symbol(what: str, run: Run) -> str | None:
    """Return the symbol that is meant by its code or its name, None when it is no symbol."""
    if what in run.instruments:
        return what
    by_name = next((symbol for symbol, name in run.instruments.items() if name == what), None)
    if by_name is not None:
        return by_name
    return what if _SYMBOL.fullmatch(what) else None


def _names() -> int:
    from kats_core.cli.explaining import NAMES_SHOWN

    return NAMES_SHOWN


def _show(
    stored: StoredRun,
    what: str | None,
    symbol: str | None,
    session: dt.date | None,
    *,
    names: int | None,
    as_json: bool,
) -> None:
    from kats_core.journal.explain import explain as explanations_of
    from kats_core.journal.explain import json_lines
    from kats_core.model.record import EquityRecord, FaultRecord, OperatorRecord
    from kats_core.store.run import RunStatus

    found = explanations_of(stored.records)
    if not found:
        raise InputError(_nothing(stored, what, session))
    if stored.run.status is not RunStatus.DONE:
        console.err().print(
            t("run_incomplete", run=stored.run.run_id[:8], status=label(stored.run.status)), style="yellow"
        )
    if as_json:
        for line in json_lines(found):
            typer.echo(line)
        return
    from kats_core.cli import explaining

    screen = console.out()
    ordered = [record for record in stored.records if isinstance(record, OperatorRecord)]
    if symbol is not None:
        explaining.render_symbol(symbol, found, stored.run, language(), screen, ordered=ordered)
    elif what is None and session is not None:
        faults = [record for record in stored.records if isinstance(record, FaultRecord)]
        ended = [one for one in stored.records if isinstance(one, EquityRecord) and one.session == session]
        regime = ended[0].regime if ended else None
        explaining.render_day(
            session,
            found,
            stored.run,
            language(),
            screen,
            names=names,
            regime=regime,
            faults=faults,
            ordered=ordered,
        )
    else:
        for explanation in found:
            explaining.render(explanation, stored.run, language(), screen)


def _nothing(stored: StoredRun, what: str | None, session: dt.date | None) -> str:
    run = stored.run
    if what is None:
        return t("nothing_on_day", day=session, run=run.run_id[:8])
    return t("nothing_found", what=what, run=run.run_id[:8], first=run.first_day, last=run.last_day)
