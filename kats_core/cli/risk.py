"""`kats risk`: show the stages that judge every entry; ask them about one that nobody has signalled, or about a recorded run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kats_core.cli import console, operating, resolving
from kats_core.cli.console import InputError
from kats_core.cli.operating import InstanceOption
from kats_core.cli.recorded import Recorded
from kats_core.cli.resolving import ConfigOption, DataOption, JsonOption, SeedOption
from kats_core.cli.text import label, language, t
from kats_core.model.kinds import Decision, Purpose

if TYPE_CHECKING:
    from kats_core.config import Resolved
    from kats_core.config.effective import StageEntry

RunArgument = Annotated[str | None, typer.Argument(metavar="[RUN]", help=t("help_which_run"))]

_STYLES = {"approve": "green", "resize": "yellow", "reject": "bold red", "defer": "bold yellow", "skipped": "dim"}


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    group = typer.Typer(help=t("help_risk_group"), no_args_is_help=True)
    group.command("list", help=t("help_risk_list"))(list_stages)
    group.command("check", help=t("help_risk_check"))(check)
    group.command("diff", help=t("help_risk_diff"))(diff)
    group.command("value", help=t("help_risk_value"))(value)
    app.add_typer(group, name="risk")


def list_stages(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Print the stages in the order of execution."""
    from rich.text import Text

    stages = [_described(number, entry) for number, entry in enumerate(resolving.resolved(config).stages, 1)]
    screen = console.out()
    if as_json:
        screen.print_json(data=stages)
        return
    for stage in stages:
        alias = "" if stage["plugin"] == stage["instance"] else f" ({stage['plugin']})"
        screen.print(
            Text.assemble(
                f"{stage['order']}. ", (stage["instance"], "bold"), alias, f"  {stage['summary'][language()]}"
            )
        )
        lines = [
            (t("stage_judges"), ", ".join(label(Purpose[name]) for name in stage["applies_to"])),
            (t("stage_asks"), ", ".join(stage["needs"])),
            (t("stage_params"), _numbers(stage["params"])),
            (
                t("stage_codes"),
                " · ".join(f"{code['code'].partition(':')[2]} {code[language()]}" for code in stage["codes"]),
            ),
        ]
        for heading, text in lines:
            if text:
                screen.print(Text.assemble((f"   {heading}  ", "dim"), text), soft_wrap=True)


def check(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help=t("help_symbol"))],
    price: Annotated[int, typer.Option("--price", min=1, help=t("help_price"))],
    stop: Annotated[int, typer.Option("--stop", min=1, help=t("help_stop"))],
    qty: Annotated[int | None, typer.Option("--qty", min=1, help=t("help_qty"))] = None,
    instance: InstanceOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
    seed: SeedOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the running process; without one, the stages on a fresh account and the last session of the data."""
    if config is None and not data and seed is None and operating.is_running():
        answer = operating.ask("check", symbol=symbol, instance=instance, price=price, stop=stop, quantity=qty)
        where = t("judged_running", time=answer["time"][:19].replace("T", " "))
    else:
        answer = _on_fresh_account(resolving.resolved(config, data or (), seed), symbol, instance, price, stop, qty)
        where = t("judged_fresh", session=answer["session"])
    screen = console.out()
    if as_json:
        screen.print_json(data=answer)
        return
    _show(answer, where)


def diff(
    against: Annotated[Path, typer.Option("--against", metavar="FILE", help=t("help_against"))],
    run: RunArgument = None,
    data: DataOption = None,
    everything: Annotated[bool, typer.Option("--all", help=t("help_all_changes"))] = False,
    as_json: JsonOption = False,
) -> None:
    """Judge a recorded run's proposals by the stages and limits of another file."""
    import os

    from kats_core.config import resolve
    from kats_core.runtime.rejudged import not_judged, rejudged
    from kats_core.runtime.repeating import JUDGED, recorded_configuration

    other = resolve(against, environ=os.environ, cwd=Path.cwd())
    with Recorded(run) as runs:
        stored = runs.load(JUDGED)
    recorded = recorded_configuration(stored, resolving.settings(), [str(path) for path in data or ()])

    from kats_core.cli import rejudging
    from kats_core.cli.progress import Progress
    from kats_core.cli.wording import Wording
    from kats_core.runtime.assembly import RunKind, codes_of

    with Progress(console.err()) as progress:
        found = rejudged(stored, recorded, other, progress)
    ignored = not_judged(recorded, other)
    if as_json:
        console.out().print_json(data=rejudging.as_json(found, stored, against, ignored))
        return
    wording = Wording({**stored.run.codes, **codes_of(other)}, stored.run.instruments)
    has_clock = stored.run.kind == RunKind.RUN
    rejudging.show(found, wording, against, ignored, everything=everything, has_clock=has_clock)


def value(run: RunArgument = None, data: DataOption = None, as_json: JsonOption = False) -> None:
    """Follow every signal of a recorded run that a stage refused, deferred or shrunk."""
    from kats_core.runtime.repeating import JUDGED, recorded_configuration
    from kats_core.runtime.valued import valued

    with Recorded(run) as runs:
        stored = runs.load(JUDGED)
    recorded = recorded_configuration(stored, resolving.settings(), [str(path) for path in data or ()])

    from kats_core.cli import valuing
    from kats_core.cli.progress import Progress

    with Progress(console.err()) as progress:
        found = valued(stored, recorded, progress)
    if as_json:
        console.out().print_json(data=valuing.as_json(found, stored.run))
        return
    valuing.show(found, stored.run)


def _on_fresh_account(
    resolved: Resolved, symbol: str, instance: str | None, price: int, stop: int, quantity: int | None
) -> dict[str, Any]:
    from kats_core.market.source import SourceError
    from kats_core.runtime.assembly import RunKind
    from kats_core.runtime.play import Request, plan
    from kats_core.runtime.trial import as_answer, prepare, trial

    with console.busy(t("preparing")):
        first = resolving.sample_session(resolved)
        try:
            planned = plan(resolved, Request(kind=RunKind.RUN, first=first))
        except SourceError:
            # No minute bars, or no strategy for them: the daily bars tell the account's inputs as well.
            planned = plan(resolved, Request(kind=RunKind.BACKTEST))
    app = planned.app
    names = [strategy.name for strategy in app.strategies]
    chosen = instance or names[0]
    if chosen not in names:
        raise InputError(t("no_instance", found=chosen, known=", ".join(names)))
    codes = {i.name: i.symbol for i in planned.panel.instruments if i.name}
    meant = codes.get(symbol, symbol)
    try:
        prepare(planned.app, planned.sessions[-1], planned.panel, meant)
        verdicts = trial(app, chosen, meant, price, stop, quantity)
    except ValueError as error:
        raise InputError(str(error)) from None
    return {
        "symbol": meant,
        "instance": chosen,
        "session": planned.sessions[-1].isoformat(),
        "verdicts": as_answer(app, verdicts),
    }


def _described(number: int, entry: StageEntry) -> dict[str, Any]:
    from kats_core.config.effective import plain

    plugin = entry.plugin
    ko, en = plugin.summary
    return {
        "order": number,
        "instance": entry.instance,
        "plugin": plugin.name,
        "summary": {"ko": ko, "en": en},
        "phase": plugin.traits.phase.value,
        "applies_to": sorted(purpose.value for purpose in plugin.traits.applies_to),
        "needs": list(plugin.traits.needs),
        "params": plain(entry.params),
        "codes": [{"code": str(code), "ko": code.ko, "en": code.en} for enum in plugin.codes for code in enum],
    }


def _show(answer: dict[str, Any], where: str) -> None:
    from rich.text import Text

    screen = console.out()
    screen.print(Text.assemble((answer["symbol"], "bold"), f" · {answer['instance']} · {where}"), soft_wrap=True)
    for verdict in answer["verdicts"]:
        decision = Decision[verdict["decision"].upper()]
        sizes = " → ".join(
            "–" if n is None else f"{n:,}" for n in (verdict["quantity_before"], verdict["quantity_after"])
        )
        is_reached = decision is not Decision.SKIPPED
        parts = [sizes if is_reached else "", verdict[language()], _numbers(verdict["detail"])]
        line = Text.assemble(
            f"{verdict['position']:>2}. {verdict['stage']}  ", (label(decision), _STYLES[decision.value])
        )
        screen.print(line.append("  " + " · ".join(filter(None, parts))), soft_wrap=True)
        read = {item["name"]: item["value"] for item in verdict["facts"]} | verdict["limits"]
        if is_reached and read:
            screen.print(Text(f"      {t('stage_read')}  {_numbers(read)}", "dim"), soft_wrap=True)


def _numbers(numbers: dict[str, Any]) -> str:
    def told(value: Any) -> str:
        if isinstance(value, dict):
            return "(" + ", ".join(f"{name} {told(item)}" for name, item in value.items()) + ")"
        if isinstance(value, bool) or value is None:
            return console.NONE if value is None else str(value)
        return console.plain(value) if isinstance(value, (int, float)) else str(value)

    return " · ".join(f"{name} {told(value)}" for name, value in numbers.items())
