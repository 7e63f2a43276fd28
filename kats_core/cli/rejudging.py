"""Show what other stages, another order or other limits would have decided on a recorded run's proposals."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kats_core.cli import console
from kats_core.cli.text import label, t
from kats_core.model.time import to_datetime

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from kats_core.cli.wording import Wording
    from kats_core.journal.rejudged import Answer, ChangedSignal, Judgement, Rejudged, StageTally
    from kats_core.store.reading import StoredRun

SHOWN = 40
"""Changed signals that are shown to people when they do not ask for all."""


def as_json(found: Rejudged, stored: StoredRun, against: Path, ignored: Sequence[str]) -> dict[str, Any]:
    """Return the comparison as plain values."""
    return {
        "run": stored.run.run_id,
        "against": str(against),
        "not_judged": list(ignored),
        "judged": found.judged,
        "ordered": {"before": found.ordered[0], "after": found.ordered[1]},
        "stages": [
            {
                "stage": tally.stage,
                "before": {decision.value: count for decision, count in tally.before.items()},
                "after": {decision.value: count for decision, count in tally.after.items()},
                "changed": tally.changed,
            }
            for tally in found.stages
        ],
        "changed": [_plain(signal) for signal in found.changed],
    }


def _plain(signal: ChangedSignal) -> dict[str, Any]:
    return {
        "signal_id": signal.signal_id,
        "session": signal.session.isoformat(),
        "instance": signal.instance,
        "symbol": signal.symbol,
        "is_outcome_changed": signal.is_outcome_changed,
        "before": _end(signal.before),
        "after": _end(signal.after),
        "stages": [
            {"stage": answer.stage, "before": _answer(answer.before), "after": _answer(answer.after)}
            for answer in signal.answers
        ],
    }


def _end(judged: Judgement) -> dict[str, Any]:
    return {
        "status": judged.status.value,
        "quantity": judged.quantity,
        "ended_by": judged.ended_by,
        "code": judged.code,
    }


def _answer(answer: Answer | None) -> dict[str, Any] | None:
    if answer is None:
        return None
    return {"decision": answer.decision.value, "quantity": answer.quantity, "code": answer.code, "until": answer.until}


def show(
    found: Rejudged, wording: Wording, against: Path, ignored: Sequence[str], *, everything: bool, has_clock: bool
) -> None:
    """Print the summary by stage, then the signals on which something changes; `has_clock` tells their times too."""
    from rich.text import Text

    screen = console.out()
    outcomes = sum(signal.is_outcome_changed for signal in found.changed)
    ends = [signal for signal in found.changed if signal.is_end_changed]
    screen.print(Text(t("rejudged", judged=found.judged, against=against), "bold"), soft_wrap=True)
    if found.changed:
        # A stage that only one of the pipelines has cannot decide otherwise; what follows from it shows in how signals end.
        otherwise = sum(
            any(answer.before is not None and answer.after is not None for answer in signal.answers)
            for signal in found.changed
        )
        screen.print(t("rejudged_changed", changed=otherwise, ends=len(ends), outcomes=outcomes), soft_wrap=True)
    else:
        screen.print(t("rejudged_same"), soft_wrap=True)
    screen.print(t("rejudged_ordered", before=found.ordered[0], after=found.ordered[1]), soft_wrap=True)
    screen.print(_stages(found.stages))
    if everything and found.changed:
        screen.print(_answers(found.changed, wording, has_clock))
    elif ends:
        screen.print(_ends(ends[:SHOWN], wording, has_clock))
    if not everything and len(ends) > SHOWN:
        screen.print(t("rejudged_more", count=len(ends) - SHOWN), style="dim", soft_wrap=True)
    if ignored:
        screen.print(Text(t("rejudged_ignored", blocks=", ".join(ignored)), "dim"), soft_wrap=True)
    screen.print(Text(t("rejudged_means"), "dim"), soft_wrap=True)


def _stages(stages: Sequence[StageTally]) -> Table:
    from kats_core.model.kinds import Decision

    table = _table(t("column_stage"))
    decisions = [d for d in Decision if any(d in tally.before or d in tally.after for tally in stages)]
    for decision in decisions:
        table.add_column(label(decision), justify="right", overflow="fold")
    table.add_column(t("changed_answers"), justify="right", overflow="fold")
    for tally in stages:
        counts = [_both(tally.before.get(d, 0), tally.after.get(d, 0)) for d in decisions]
        changed = f"{tally.changed:,}" if tally.changed else console.NONE
        table.add_row(tally.stage, *counts, _only_in(tally) or changed)
    return table


def _only_in(tally: StageTally) -> str:
    """Say of a stage that one of the pipelines does not have, which nothing can have changed in, whose it is."""
    if bool(tally.before) == bool(tally.after):
        return ""
    return t("stage_gone") if tally.before else t("stage_new")


def _both(before: int, after: int) -> str:
    if before == after:
        return f"{after:,}" if after else console.NONE
    return f"{before:,} → {after:,}"


def _ends(signals: Sequence[ChangedSignal], wording: Wording, has_clock: bool) -> Table:
    """Return how each signal ended and would have ended."""
    table = _table(*_whose_headings(), t("column_before"), t("column_after"))
    for signal in signals:
        table.add_row(
            *_whose(signal, wording, has_clock), _outcome(signal.before, wording), _outcome(signal.after, wording)
        )
    return table


def _answers(signals: Sequence[ChangedSignal], wording: Wording, has_clock: bool) -> Table:
    """Return every stage's decision that changes."""
    table = _table(*_whose_headings(), t("column_stage"), t("column_before"), t("column_after"))
    for signal in signals:
        for number, answer in enumerate(signal.answers):
            whose = _whose(signal, wording, has_clock) if number == 0 else ("", "", "", "")
            table.add_row(*whose, answer.stage, _told(answer.before, wording), _told(answer.after, wording))
    return table


def _table(*headings: str) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    whole = (t("column_signal"), t("column_session"))
    for heading in headings:
        table.add_column(heading, no_wrap=heading in whole, overflow="fold")
    return table


def _whose_headings() -> tuple[str, str, str, str]:
    return (t("column_signal"), t("column_session"), t("column_symbol"), t("column_strategy"))


def _whose(signal: ChangedSignal, wording: Wording, has_clock: bool) -> tuple[str, str, str, str]:
    # Daily bars are judged at the open, which tells nothing.
    when = f"{to_datetime(signal.ts):%Y-%m-%d %H:%M}" if has_clock else signal.session.isoformat()
    return (signal.signal_id[:8], when, wording.named(signal.symbol), signal.instance)


def _told(answer: Answer | None, wording: Wording) -> Text:
    from rich.text import Text

    from kats_core.cli.wording import STYLE_OF_DECISION

    if answer is None:
        return Text(t("no_such_stage"), "dim")
    parts = [
        label(answer.decision),
        "" if answer.quantity is None else f"{answer.quantity:,}",
        wording.reason(answer.code),
    ]
    return Text(" ".join(filter(None, parts)), STYLE_OF_DECISION[answer.decision])


def _outcome(judged: Judgement, wording: Wording) -> Text:
    from rich.text import Text

    from kats_core.cli.wording import STYLE_OF_STATUS

    if judged.ended_by is None:
        told = "" if judged.quantity is None else f"{judged.quantity:,}"
    else:
        told = f"· {judged.ended_by}: {wording.reason(judged.code)}"
    return Text(f"{label(judged.status)} {told}", STYLE_OF_STATUS[judged.status])
