"""What a person asks of a run while it is played, over the socket: answered between two events, kept with the run."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kats_core.config import resolve
from kats_core.model.kinds import TradingState
from kats_core.model.record import (
    OperatorRecord,
    OperatorVerb,
    OrderRecord,
    Record,
    SetupRecord,
    SetupStatus,
    TradeRecord,
)
from kats_core.model.time import Nanos, clock
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.control import ControlError, ControlServer, ask
from kats_core.runtime.play import Plan, Request, plan, play
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.reading import load_run
from kats_core.store.recorder import utc_now

SESSION = dt.date(2025, 10, 14)


class Person:
    """Watches a run, and asks things of it at their time from a thread of its own, as another process would."""

    def __init__(self, control: ControlServer, *plans: tuple[str, Callable[[], Any]]) -> None:
        self._control = control
        self._plans = [(dt.time.fromisoformat(when), act) for when, act in plans]
        self.answers: list[Any] = []
        self.records: list[Record] = []
        self.app: App

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self.app = app

    def on_record(self, record: Record) -> None:
        self.records.append(record)

    def on_notice(self, notice: object) -> None: ...

    def on_clock(self, now: Nanos) -> None:
        while self._plans and clock(now) >= self._plans[0][0]:
            _, act = self._plans.pop(0)
            asking = threading.Thread(target=lambda: self.answers.append(act()))  # noqa: B023 - joined before the next
            asking.start()
            while asking.is_alive():
                self._control.serve()
                asking.join(0.001)

    def kept(self, kind: type[Any]) -> list[Any]:
        return [record for record in self.records if isinstance(record, kind)]


def sample(folder: Path) -> Plan:
    breakouts = {"strategies": [{"use": "volatility-breakout"}]}
    found = resolve(None, overrides=breakouts, environ={"KATS_HOME": str(folder)}, cwd=folder)
    return plan(found, Request(kind=RunKind.RUN, first=SESSION, days=1))


def played(folder: Path, *asked: tuple[str, str, dict[str, Any]]) -> Person:
    """Play the sample day, asking (when, verb, arguments)."""
    path = folder / "control.sock"

    def asking(verb: str, arguments: dict[str, Any]) -> Callable[[], Any]:
        def act() -> Any:
            try:
                return ask(path, verb, **arguments)
            except ControlError as error:
                return error

        return act

    with ControlServer(path) as control:
        person = Person(control, *((when, asking(verb, arguments)) for when, verb, arguments in asked))
        play(sample(folder), FolderRecorder(folder / "run"), person, utc_now, control)
    return person


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """The sample day on which nobody asks anything."""
    return played(tmp_path_factory.mktemp("quiet"))


def test_a_halt_and_its_end_leave_their_marks(tmp_path: Path) -> None:
    """Nothing is sent between the two; both are records of the run, with who and why."""
    person = played(tmp_path, ("09:45", "halt", {"reason": "점검"}), ("10:30", "resume", {}))
    halted, resumed = person.answers
    assert halted["states"][0].items() >= {"scope": "all", "state": "HALTED", "why": "점검", "until": "resume"}.items()
    assert (resumed["scope"], resumed["states"]) == ("all", [])
    orders = [clock(order.ts) for order in person.kept(OrderRecord)]
    assert not [at for at in orders if dt.time(9, 46) <= at <= dt.time(10, 30)]
    assert [at for at in orders if at > dt.time(10, 30)]
    kept = [r for r in load_run(None, tmp_path / "run").records if isinstance(r, OperatorRecord)]
    assert kept == person.kept(OperatorRecord)
    assert [record.verb for record in kept] == [OperatorVerb.HALT, OperatorVerb.RESUME]
    assert all(record.who for record in kept)


def test_selling_all_sells_all(tmp_path: Path) -> None:
    """Everything that was held is sold by the operator, and nothing is bought any more."""
    person = played(tmp_path, ("10:30", "flatten", {}))
    [answer] = person.answers
    closed = [trade.exit_code for trade in person.kept(TradeRecord)]
    assert answer["sold"] > 0
    assert closed[-answer["sold"] :] == ["core:MANUAL"] * answer["sold"]
    assert person.app.engine.positions == ()
    assert person.app.engine.trading_state is TradingState.REDUCING


def test_a_run_that_is_asked_nothing_is_the_run_without_a_socket(quiet: Person, tmp_path: Path) -> None:
    """Looking at its state changes no decision."""
    asked = played(tmp_path, ("10:00", "status", {}))
    assert quiet.records == asked.records
    assert asked.answers[0]["positions"] >= 0


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("halt", {"instance": "volatility-breakou"}, "did you mean volatility-breakout?"),
    ("halt", {"symbol": "없는회사"}, "no symbol 없는회사"),
    ("halt", {"symbol": "990010", "instance": "volatility-breakout"}, "not both"),
    ("halt", {"reason": 5}, "expected text"),
    ("resume", {}, "In force: nothing"),
    ("resume", {"cause": "LUCK"}, "MARKET, RULE_VIOLATION, SYSTEM"),
    ("resume", {"cause": "MARKET", "symbol": "990010"}, "for resuming everything"),
    ("dance", {}, "halt, flatten, resume"),
]


def test_what_cannot_be_done_is_refused_in_both_languages_and_changes_nothing(tmp_path: Path) -> None:
    """No record, no state."""
    person = played(tmp_path, *(("09:45", verb, arguments) for verb, arguments, _ in REFUSED))
    for refused, (_, _, words) in zip(person.answers, REFUSED, strict=True):
        assert isinstance(refused, ControlError)
        assert words in refused.en
        assert refused.ko != refused.en
    assert person.kept(OperatorRecord) == []
    assert person.app.engine.trading_states == ()


def test_a_trial_leaves_the_account_and_every_decision_as_they_are(quiet: Person, tmp_path: Path) -> None:
    """The same day with and without it, record for record; the verdicts are those of the stages in force."""
    armed = next(r for r in quiet.kept(SetupRecord) if r.status is SetupStatus.ARMED)
    entry = {"symbol": armed.symbol, "price": 20_000, "stop": 19_500}
    asked = [
        ("09:45", "check", entry),
        ("10:30", "check", {**entry, "quantity": 10}),
        ("10:30", "check", {**entry, "stop": 0}),
    ]
    tried = played(tmp_path, *asked)
    assert quiet.records == tried.records
    first, second, refused = tried.answers
    assert first["verdicts"][0]["stage"] == "position-sizer"
    assert second["verdicts"][0]["quantity_before"] == 10
    assert isinstance(refused, ControlError)


def test_a_symbol_may_be_called_by_its_name(tmp_path: Path) -> None:
    """The answer names the code."""
    person = played(tmp_path, ("09:45", "halt", {"symbol": "한빛전자", "entries_only": True}))
    assert person.answers[0]["scope"] == "990010"
    assert person.answers[0]["state"] == "REDUCING"
