"""Ask a strategy to arm and hold the answer to the contract; compare two answers cell by cell."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kats_core.engine.watch import needs_minutes
from kats_core.market.panel import Panel
from kats_core.model.codes import CoreCode
from kats_core.model.labels import Code, Labelled
from kats_core.model.setup import Numbers
from kats_core.runtime.arming import checked_setups
from kats_core.strategy.contract import Setups, Strategy
from kats_core.testing.kit import markets
from kats_core.testing.kit.findings import Report
from kats_core.testing.kit.markets import MarketKind
from kats_core.testing.kit.subject import Subject, told, where
from kats_core.testing.kit.wording import Sentence

IS_ARMED = "ARMED"
FOCUSED = 20
"""Symbols on which a strategy is armed again and again."""

SETUPS_BUILT = 300
"""Armed cells of which the setup is built and looked at."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first cell in which two answers differ, with what each said."""

    row: int
    column: int
    first: str
    second: str


class ArmError(Exception):
    """`arm` gave no answer that can be looked at; the remark is in the report already."""


def arm(strategy: Strategy, panel: Panel, market: Labelled, report: Report) -> Setups:
    """Return what a strategy arms; raises `ArmError` after noting why there is nothing."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            answer: object = strategy.arm(panel)
        except Exception as error:  # a guest: what it raises is a finding
            if "read-only" in str(error):
                report.fail(Sentence.MUTATED, call="arm", what=f"panel, {where(error)}")
            else:
                report.fail(Sentence.ARM_RAISED, market=market, error=told(error), where=where(error))
            raise ArmError from error
    for warning in warned:
        if issubclass(warning.category, RuntimeWarning):
            place = f"{warning.filename.rpartition('/')[2]}:{warning.lineno}"
            report.fail(Sentence.ARM_WARNED, market=market, error=str(warning.message), where=place)
    try:
        return checked_setups(answer, panel)
    except (TypeError, ValueError) as error:
        report.fail(Sentence.ARM_ANSWER, problem=str(error), market=market)
        raise ArmError from error


def whole(subject: Subject, report: Report) -> Setups:
    """Return what a fresh strategy arms on the whole history; asked once for all checks."""
    if "setups" not in subject.notes:
        subject.notes["setups"] = arm(subject.build(), markets.panel_for(subject), MarketKind.USUAL, report)
    found: Setups = subject.notes["setups"]
    return found


def focus(subject: Subject, report: Report, *, is_deep: bool = False) -> tuple[Panel, Setups]:
    """Return the history of the symbols that are armed most, and what is armed there; of all symbols when it is deep.

    Patterns cost seconds a market, and most checks arm it many times.
    """
    panel, setups = markets.panel_for(subject), whole(subject, report)
    if is_deep or len(panel.symbols) <= FOCUSED:
        return panel, setups
    if "focus" not in subject.notes:
        most = np.argsort(-setups.armed.sum(axis=0), kind="stable")[:FOCUSED]
        part = markets.frozen(markets.of_columns(panel, sorted(most.tolist())))
        subject.notes["focus"] = part, arm(subject.build(), part, MarketKind.USUAL, report)
    found: tuple[Panel, Setups] = subject.notes["focus"]
    return found


def decisions(setups: Setups) -> npt.NDArray[np.object_]:
    """Return by cell what was decided: armed, or the code of why not."""
    names = np.array([IS_ARMED, *map(str, setups.codes)], dtype=np.object_)
    return names[setups.reasons]


def difference(first: Setups, second: Setups, rows: int) -> Difference | None:
    """Return the first cell among the first `rows` in which two answers differ, in the decision or in a stored number."""
    one, two = decisions(first)[:rows], decisions(second)[:rows]
    cells = np.argwhere(one != two)
    if cells.size:
        t, j = map(int, cells[0])
        return Difference(t, j, one[t, j], two[t, j])
    is_armed = first.armed[:rows]
    for name, column in first.numbers.items():
        other = second.numbers.get(name)
        if other is None:
            return Difference(0, 0, name, "-") if is_armed.any() else None
        differs = is_armed & ~((column[:rows] == other[:rows]) | (np.isnan(column[:rows]) & np.isnan(other[:rows])))
        cells = np.argwhere(differs)
        if cells.size:
            t, j = map(int, cells[0])
            return Difference(t, j, f"{name}={column[t, j]:.12g}", f"{name}={other[t, j]:.12g}")
    return None


def numbers_of(setups: Setups, t: int, j: int) -> Numbers:
    """Return the numbers of a cell as its setup stores them."""
    return {name: column[t, j].item() for name, column in setups.numbers.items()}


# Checks


def arming(subject: Subject, report: Report) -> None:
    """Arm the whole history and look at codes, cells and setups."""
    panel = markets.panel_for(subject)
    try:
        setups = whole(subject, report)
    except ArmError:
        return
    armed = np.argwhere(setups.armed)
    report.saw(Sentence.ARM_SEEN, sessions=len(panel.sessions), symbols=len(panel.symbols), armed=len(armed))
    if not len(armed):
        report.hint(Sentence.NOTHING_ARMED)
    _declared(subject, setups, report)
    for t, j in np.argwhere(setups.armed & ~panel.present)[:1]:
        report.fail(Sentence.ARM_NOT_TRADED, day=panel.sessions[t], symbol=panel.symbols[j])
    chosen = armed[np.linspace(0, len(armed) - 1, min(len(armed), SETUPS_BUILT)).astype(int)] if len(armed) else armed
    for t, j in chosen:
        if not _makes_setup(subject, panel, setups, int(t), int(j), report):
            break


def awkward_data(subject: Subject, report: Report) -> None:
    """Arm empty, short, gappy and halted markets."""
    names = []
    for name, panel in markets.awkward(markets.panel_for(subject), subject.descriptor.traits.bars_needed):
        names.append(name)
        try:
            _declared(subject, arm(subject.build(), panel, name, report), report)
        except ArmError:
            continue
    report.saw(Sentence.MARKETS_SEEN, count=len(names), names=tuple(names))


def no_mutation(subject: Subject, report: Report) -> None:
    """Arm a panel that cannot be written to, and compare its bytes before and after."""
    try:
        panel, _ = focus(subject, report)
        before = _bytes(panel)
        arm(subject.build(), panel, MarketKind.USUAL, report)
    except ArmError:
        return
    for name, content in _bytes(panel).items():
        if content != before[name]:
            report.fail(Sentence.MUTATED, call="arm", what=name)
    report.saw(Sentence.MARKETS_SEEN, count=len(before), names=tuple(before))


def repeats(subject: Subject, report: Report) -> None:
    """Arm the same history again: with the same strategy, after another market, and with a new one."""
    try:
        panel, first = focus(subject, report)
        strategy = subject.build()
        again = [arm(strategy, panel, MarketKind.USUAL, report) for _ in range(2)]
        middle = len(panel.sessions) // 2
        arm(strategy, markets.last_sessions(panel, middle, 200), MarketKind.SHORTER, report)
        again.append(arm(strategy, panel, MarketKind.USUAL, report))
    except ArmError:
        return
    for second in again:
        found = difference(first, second, len(panel.sessions))
        if found is not None:
            report.fail(
                Sentence.NOT_THE_SAME_AGAIN,
                call="arm",
                day=panel.sessions[found.row],
                symbol=panel.symbols[found.column],
                first=found.first,
                second=found.second,
            )
    armed = int(first.armed.sum())
    report.saw(Sentence.ARM_SEEN, sessions=len(panel.sessions), symbols=len(panel.symbols), armed=armed)


def declared(code: Code, enums: tuple[type[Code], ...]) -> bool:
    """Tell whether the texts of a code are known wherever its plugin is."""
    return isinstance(code, (CoreCode, *enums)) or type(code).__module__.startswith("kats_core.market.")


def _declared(subject: Subject, setups: Setups, report: Report) -> None:
    for code in setups.codes:
        if not declared(code, subject.descriptor.codes):
            report.fail(Sentence.ARM_UNDECLARED, code=code, enum=type(code).__name__)


def _makes_setup(subject: Subject, panel: Panel, setups: Setups, t: int, j: int, report: Report) -> bool:
    day, symbol = panel.sessions[t], panel.symbols[j]
    try:
        session = panel.next_session[t] or day
        several = setups.of_cell(numbers_of(setups, t, j), session=session, instance=subject.name, symbol=symbol)
    except Exception as error:  # noqa: BLE001  # a guest: what it raises is a finding
        report.fail(Sentence.SETUP_WRONG, day=day, symbol=symbol, error=told(error))
        return False
    for setup in several:
        if needs_minutes(setup.trigger) and not subject.descriptor.traits.needs_minute_bars:
            report.fail(Sentence.TRIGGER_MINUTES, day=day, symbol=symbol, trigger=type(setup.trigger).__name__)
            return False
    return True


def _bytes(panel: Panel) -> Mapping[str, Any]:
    found: dict[str, Any] = {name: getattr(panel, name).tobytes() for name in ("present", *markets.COLUMNS)}
    for name, index in panel.indices.items():
        found[name] = index.close.tobytes()
    for name, table in panel.tables.items():
        found[name] = b"".join(column.tobytes() for column in table.columns.values())
    return found
