"""A running process takes over a changed configuration: tighter at once, looser from the next session, nothing else."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from kats_core.config import Resolved, resolve
from kats_core.engine.engine import Engine
from kats_core.model.command import Notify
from kats_core.model.kinds import Grade, Regime
from kats_core.model.record import OperatorRecord, OperatorVerb, Record, VerdictRecord
from kats_core.model.tighter import tightened
from kats_core.model.time import Nanos, clock, session_date
from kats_core.orders.gate_config import GateConfig
from kats_core.risk.contract import StatefulStage
from kats_core.risk.limits import Allocation, Limits
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.control import Answer, ControlError, ControlServer, ask
from kats_core.runtime.play import Request, plan, play
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.recorder import utc_now

FIRST = dt.date(2025, 10, 14)
SECOND = dt.date(2025, 10, 15)
BASE = """
version: 1
assume: {stars: 4}
strategies:
  - use: volatility-breakout
risk:
  - use: position-sizer
  - use: daily-kill-switch
  - use: margin-guard
"""


class AllSeenError(Exception):
    """Ends a run of which nothing more is asked."""


class Editor:
    """Watches a run; at given times edits its file and asks for a reload, and looks at the engine at others.

    A minute after the last of its steps it ends the run.
    """

    def __init__(self, control: ControlServer, path: Path, file: Path, *steps: tuple[dt.datetime, Any]) -> None:
        self._control, self._path, self._file = control, path, file
        self._steps = list(steps)
        self.answers: list[Any] = []
        self.seen: list[Any] = []
        self.records: list[Record] = []
        self.notices: list[Notify] = []
        self._app: App

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self._app = app

    def on_record(self, record: Record) -> None:
        self.records.append(record)

    def on_notice(self, notice: Notify) -> None:
        self.notices.append(notice)

    def on_clock(self, now: Nanos) -> None:
        if not self._steps:
            raise AllSeenError
        while self._steps and dt.datetime.combine(session_date(now), clock(now)) >= self._steps[0][0]:
            _, step = self._steps.pop(0)
            if isinstance(step, str):
                self._file.write_text(step)
                self._reload()
            else:
                self.seen.append(step(self._app.engine))

    def _reload(self) -> None:
        asking = threading.Thread(target=lambda: self.answers.append(self._asked()))
        asking.start()
        while asking.is_alive():
            self._control.serve()
            asking.join(0.001)

    def _asked(self) -> Answer | ControlError:
        try:
            return ask(self._path, "reload")
        except ControlError as error:
            return error


def played(folder: Path, *steps: tuple[str, Any], days: int = 1, text: str = BASE) -> Editor:
    """Play the sample days from a file; "10:00" is of the first day, "+10:00" of the second."""
    file, path = folder / "kats.yaml", folder / "control.sock"
    file.write_text(text)

    def read() -> Resolved:
        return resolve(None, environ={"KATS_HOME": str(folder)}, cwd=folder)

    dated = [
        (dt.datetime.combine(SECOND if when[0] == "+" else FIRST, dt.time.fromisoformat(when.lstrip("+"))), step)
        for when, step in steps
    ]
    with ControlServer(path) as control:
        editor = Editor(control, path, file, *dated)
        planned = plan(read(), Request(kind=RunKind.RUN, first=FIRST, days=days))
        with suppress(AllSeenError):
            play(planned, FolderRecorder(folder / "run"), editor, utc_now, control, read)
    return editor


def max_positions(engine: Engine) -> int:
    return engine._state.config.limits.max_positions


def stages(engine: Engine) -> list[str]:
    return [stage.name for stage in engine.stages]


def test_tighter_holds_at_once_and_looser_from_the_next_session(tmp_path: Path) -> None:
    """One change of both kinds: each key in its own time."""
    changed = BASE + "limits: {max_positions: 3, min_order_krw: 200000}\n"

    def look(engine: Engine) -> tuple[int, int]:
        limits = engine._state.config.limits
        return limits.max_positions, limits.min_order_krw

    editor = played(tmp_path, ("09:30", look), ("10:00", changed), ("10:01", look), ("+09:10", look), days=2)
    assert editor.seen == [(5, 300_000), (3, 300_000), (3, 200_000)]
    [answer] = editor.answers
    assert answer["now"] == ["limits.max_positions 5 -> 3"]
    assert answer["later"] == ["limits.min_order_krw 300000 -> 200000"]


def test_a_change_is_kept_with_both_hashes_who_and_what(tmp_path: Path) -> None:
    """The record of the run says which rules held from when on."""
    editor = played(tmp_path, ("10:00", BASE + "limits: {max_positions: 3}\n"))
    [answer] = editor.answers
    [kept] = [record for record in editor.records if isinstance(record, OperatorRecord)]
    assert kept.verb is OperatorVerb.RELOAD
    assert kept.reference == f"{answer['before']} -> {answer['after']}"
    assert kept.reason == "limits.max_positions 5 -> 3"
    assert kept.who


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BASE + "capital: 5000000\n", "restart needed: capital"),
        (BASE.replace("stars: 4", "stars: 5"), "restart needed: assume.stars"),
        (BASE + "limits: {commission: 0.001, max_positions: 3}\n", "restart needed: limits.commission"),
        (BASE.replace("    - use: volatility", "  - use: volatility") + "limts: {}\ngate: {collar_frac: 2}\n", "limts"),
        ("version: [", "nothing was changed"),
    ],
)
def test_what_cannot_be_taken_over_changes_nothing_and_says_why(tmp_path: Path, text: str, words: str) -> None:
    """A key outside limits, gate and risk; an invalid file, with every problem."""
    editor = played(tmp_path, ("10:00", text), ("10:01", max_positions))
    [refused] = editor.answers
    assert isinstance(refused, ControlError)
    assert words in refused.en
    assert editor.seen == [5]
    assert not [record for record in editor.records if isinstance(record, OperatorRecord)]
    assert "core:RELOAD_REFUSED" in [notice.code for notice in editor.notices]


def test_a_stage_that_is_added_judges_at_once_and_one_that_is_removed_judges_until_the_session_ends(
    tmp_path: Path,
) -> None:
    """Adding is tighter, removing looser."""
    added = BASE.replace("  - use: margin-guard", "  - use: drawdown-protocol\n  - use: margin-guard")
    editor = played(
        tmp_path, ("10:00", added), ("10:01", stages), ("+10:00", BASE), ("+10:01", stages), ("+15:00", stages), days=2
    )
    whole = ["position-sizer", "daily-kill-switch", "drawdown-protocol", "margin-guard"]
    assert editor.seen == [whole, whole, whole]
    assert "drawdown-protocol" in {record.stage for record in editor.records if isinstance(record, VerdictRecord)}
    assert editor.answers[1]["now"] == []


def test_a_stage_keeps_its_state_when_its_parameters_change(tmp_path: Path) -> None:
    """As over a restart: what was killed stays killed."""

    def kill(engine: Engine) -> None:
        for stage in engine.stages:
            if stage.name == "daily-kill-switch" and isinstance(stage.stage, StatefulStage):
                stage.stage.load({"killed_at": engine.now, "flattened_at": 0}, ())

    def state(engine: Engine) -> Any:
        [stage] = [s.stage for s in engine.stages if s.name == "daily-kill-switch"]
        assert isinstance(stage, StatefulStage)
        return dict(stage.dump())["killed_at"]

    changed = BASE.replace("daily-kill-switch", "daily-kill-switch\n    params: {daily_flatten_limit: 0.06}")
    editor = played(
        tmp_path, ("10:00", kill), ("10:00", state), ("10:05", changed), ("10:06", state), ("10:06", stages)
    )
    assert editor.seen[1] == editor.seen[2] > 0


def test_a_signal_to_the_process_reloads_too(tmp_path: Path) -> None:
    """SIGHUP's handler only notes it; the driver does it between two events."""
    file = tmp_path / "kats.yaml"

    def hang_up(editor: ControlServer) -> Callable[[Engine], None]:
        def act(engine: Engine) -> None:
            file.write_text(BASE + "limits: {max_positions: 2}\n")
            editor.note("reload", "SIGHUP")

        return act

    file.write_text(BASE)
    with ControlServer(tmp_path / "control.sock") as control:
        steps = [
            (dt.datetime.combine(FIRST, dt.time(10)), hang_up(control)),
            (dt.datetime.combine(FIRST, dt.time(10, 5)), max_positions),
        ]
        editor = Editor(control, tmp_path, file, *steps)

        def read() -> Resolved:
            return resolve(None, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path)

        planned = plan(read(), Request(kind=RunKind.RUN, first=FIRST, days=1))
        with suppress(AllSeenError):
            play(planned, FolderRecorder(tmp_path / "run"), editor, utc_now, control, read)
    assert editor.seen == [None, 2]
    assert [r.who for r in editor.records if isinstance(r, OperatorRecord)] == ["SIGHUP"]


@pytest.mark.parametrize("model", [Limits, GateConfig, Allocation])
def test_every_setting_of_the_core_says_which_way_is_tighter(model: type[BaseModel]) -> None:
    """Or is one of the few that have no such way."""
    without = {
        name
        for name, info in model.model_fields.items()
        if not (isinstance(info.json_schema_extra, dict) and "tighter" in info.json_schema_extra)
    }
    assert without <= {"profile", "commission", "pyramid"}


def test_every_parameter_of_our_stages_says_which_way_is_tighter(tmp_path: Path) -> None:
    """But for the list of types of events, which has no such way."""
    without = {
        f"{entry.instance}.{name}"
        for entry in resolve(None, environ={"KATS_HOME": str(tmp_path)}, cwd=tmp_path).stages
        for name, info in type(entry.params).model_fields.items()
        if not (isinstance(info.json_schema_extra, dict) and "tighter" in info.json_schema_extra)
    }
    assert without == {"event-guard.enabled_types"}


def test_a_tighter_parameter_of_a_stage_holds_at_once(tmp_path: Path) -> None:
    """And a looser one from the next session."""
    params = "daily-kill-switch\n    params: {daily_loss_limit: 0.02, daily_flatten_limit: 0.06}"
    editor = played(tmp_path, ("10:05", BASE.replace("daily-kill-switch", params)))
    [answer] = editor.answers
    assert answer["now"] == ["risk.daily-kill-switch.daily_loss_limit 0.03 -> 0.02"]
    assert answer["later"] == ["risk.daily-kill-switch.daily_flatten_limit 0.05 -> 0.06"]


def test_the_tighter_of_two_is_found_row_by_row() -> None:
    """Tables by grade and regime included."""
    old = Limits()
    new = Limits(
        max_positions=9,
        min_order_krw=400_000,
        grade_cap={Grade.A: 0.1, Grade.C: 0.3},
        allocation={Regime.BULL: old.allocation[Regime.SIDEWAYS], Regime.BEAR: old.allocation[Regime.BULL]},
    )
    both = tightened(old, new)
    assert (both.max_positions, both.min_order_krw) == (5, 400_000)
    assert (both.grade_cap[Grade.A], both.grade_cap[Grade.C]) == (0.1, 0.1)
    assert both.allocation[Regime.BULL].max_invested == 0.5
    bear = both.allocation[Regime.BEAR]
    assert (bear.max_invested, bear.a, bear.etf) == (0.35, 0.20, 0.0)
    assert tightened(GateConfig(), GateConfig(profile="first-month")).max_order_krw == 10_000_000
