"""Check data sources, brokers and notifiers as far as they can be looked at without files, network or orders."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from kats_core.market.minutes import MinuteBars
from kats_core.market.panel import Panel
from kats_core.model.kinds import Scope
from kats_core.orders.broker import BrokerAccount
from kats_core.plugins import PluginKind
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.subject import Subject
from kats_core.testing.kit.traits import methods
from kats_core.testing.kit.wording import Sentence

_ROWS = 20

Wrong: TypeAlias = Callable[[str, str], None]
"""Notes what is wrong with a call."""


def built(subject: Subject, report: Report) -> None:
    """Build it of its defaults and see that everything the core calls is there."""
    if _cannot_build(subject, report):
        return
    thing = _build(subject)
    methods(subject, thing, report)
    report.saw(Sentence.BUILT, built=type(thing).__name__)


def source(subject: Subject, report: Report) -> None:
    """Ask a source twice, and hold sessions, symbols and panel to each other."""
    if _cannot_build(subject, report):
        return

    def wrong(call: str, problem: str) -> None:
        report.fail(Sentence.SOURCE_WRONG, call=call, problem=problem)

    one, two = _build(subject), _build(subject)
    if one.identity() != two.identity():
        wrong("identity", "the same data have another identity when they are opened again")
    days, minutes = tuple(one.daily_sessions()), tuple(one.minute_sessions())
    for call, sessions in (("daily_sessions", days), ("minute_sessions", minutes)):
        if any(earlier >= later for earlier, later in itertools.pairwise(sessions)):
            wrong(call, "sessions are not in order, oldest first, each once")
    symbols = _days(one, two, days, wrong) if days else []
    if minutes:
        _minutes(one.minutes(minutes[-1]), wrong)
    report.saw(Sentence.SOURCE_SEEN, days=len(days), minutes=len(minutes), symbols=len(symbols))


def _days(one: Any, two: Any, days: Sequence[Any], wrong: Wrong) -> Sequence[str]:
    symbols = [instrument.symbol for instrument in one.instruments(days[-1])]
    if symbols != sorted(symbols):
        wrong("instruments", "not ordered by symbol")
    asked = days[-_ROWS:]
    panel = one.history(asked[0], asked[-1])
    _panel(panel, asked, wrong)
    if panel.close.tobytes() != two.history(asked[0], asked[-1]).close.tobytes():
        wrong("history", "the same question gets another answer")
    return symbols


def _minutes(bars: MinuteBars, wrong: Wrong) -> None:
    if (bars.start[1:] < bars.start[:-1]).any():
        wrong("minutes", "rows are not ordered by start")
    if len(bars) and int(bars.volume.min()) <= 0:
        wrong("minutes", "a row without volume")


def _panel(panel: Panel, days: Sequence[Any], wrong: Wrong) -> None:
    if panel.sessions != tuple(days):
        wrong("history", f"asked for {len(days)} sessions up to {days[-1]}, got {len(panel.sessions)}")
    absent = ~panel.present
    if panel.close[absent].any() or panel.volume[absent].any():
        wrong("history", "a cell without trading holds a price or a volume instead of zero")
    inside = (
        (panel.low <= panel.close)
        & (panel.close <= panel.high)
        & (panel.low <= panel.open)
        & (panel.open <= panel.high)
    )
    if not inside[panel.present].all():
        wrong("history", "an open or a close lies outside low and high")
    if (panel.volume[panel.present] <= 0).any():
        wrong("history", "a cell with trading has no volume")


def _cannot_build(subject: Subject, report: Report) -> bool:
    model = subject.descriptor.params
    required = [name for name, info in model.model_fields.items() if info.is_required()]
    if required and subject.params is None:
        report.skip(Sentence.NEEDS_PARAMS, names=", ".join(required))
        return True
    return False


def _build(subject: Subject) -> Any:
    if subject.kind is PluginKind.BROKER:
        account = BrokerAccount(capital=100_000_000, commission=Fraction(15, 100_000), scope=Scope.RAW)
        return subject.descriptor.build(subject.parameters(), account)
    return subject.build()
