"""An interrupted run is gone on with from the last session that it kept, and ends as if it had never been interrupted."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select, update

from kats_core.config import Resolved, resolve
from kats_core.config.effective import StrategyEntry
from kats_core.engine.engine import Engine
from kats_core.market.calendar import krx_calendar
from kats_core.model.command import Notify
from kats_core.model.event import ConfigChanged, Rules, StateOrdered
from kats_core.model.kinds import Grade, Regime, TradingState
from kats_core.model.record import Record
from kats_core.model.scope import ALL
from kats_core.model.time import Nanos, session_date
from kats_core.runtime.assembly import App, RunKind
from kats_core.runtime.play import Finished, Request, plan, play
from kats_core.store.database import Database, open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.errors import StoreError
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.models import AccountStateRow, Base, RiskStateRow, table_of
from kats_core.store.recorder import utc_now
from kats_core.strategy.contract import StrategyPlugin
from kats_core.strategy.params import StrategyParams

if TYPE_CHECKING:
    from conftest import House

FIRST = dt.date(2025, 10, 14)
DAYS = 2
BASE = """
version: 1
assume: {stars: 4}
strategies:
  - use: volatility-breakout
risk:
  - use: position-sizer
  - use: drawdown-protocol
  - use: daily-kill-switch
  - use: margin-guard
"""
NOT_COMPARED = {"started", "ended"}


class Stopped(BaseException):
    """The process ends here; nobody catches it."""


class Watching:
    """Watches a run; at a session's first moment does what it is told."""

    def __init__(self, when: dt.date | None = None, what: Callable[[Engine], None] = lambda _: None) -> None:
        self._when, self._what = when, what
        self.sessions: list[dt.date] = []
        self.engine: Engine

    def on_start(self, app: App, sessions: Sequence[dt.date]) -> None:
        self.engine, self.sessions = app.engine, list(sessions)

    def on_record(self, record: Record) -> None:
        """Nothing to see."""

    def on_notice(self, notice: Notify) -> None:
        """Nothing to hear."""

    def on_clock(self, now: Nanos) -> None:
        if self._when is not None and session_date(now) >= self._when:
            self._when = None
            self._what(self.engine)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'kats.db'}") as opened:
        yield opened


@pytest.fixture(scope="module")
def resolved(house: type[House], tmp_path_factory: pytest.TempPathFactory) -> Resolved:
    """A configuration with a day strategy and one that holds over night."""
    folder = tmp_path_factory.mktemp("configured")
    (folder / "kats.yaml").write_text(BASE)
    found = resolve(None, environ={"KATS_HOME": str(folder)}, cwd=folder)
    keeper = StrategyPlugin(
        name="keeper",
        summary=("보유", "holds"),
        params=StrategyParams,
        traits=house.instance(regimes=frozenset(Regime), grades=frozenset(Grade)).traits,
        codes=(house.OwnCode,),
        build=lambda _: house.Buyer(cap=0, stop=93),
    )
    return replace(found, strategies=(*found.strategies, StrategyEntry("keeper", keeper, StrategyParams())))


def played(
    resolved: Resolved, database: Database, watcher: Watching | None = None, *, days: int = DAYS, **changes: Any
) -> Finished:
    request = Request(kind=RunKind.RUN, first=FIRST, days=days)
    return play(plan(resolved, request), DatabaseRecorder(database), watcher or Watching(), utc_now, **changes)


def interrupted(resolved: Resolved, database: Database, in_session: dt.date) -> None:
    """Play until a process is killed in a session: nothing is finished, nothing is tidied up."""

    def kill(_: Engine) -> None:
        raise Stopped

    recorder = DatabaseRecorder(database)
    recorder.finish = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        play(
            plan(resolved, Request(kind=RunKind.RUN, first=FIRST, days=DAYS)),
            recorder,
            Watching(in_session, kill),
            utc_now,
        )


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything in the database but the times at which processes worked."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with database.reading() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.c if column.name not in NOT_COMPARED]
            found[table.name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return found


def sessions_of(_: Resolved) -> tuple[dt.date, ...]:
    return tuple(krx_calendar().shift(FIRST, n) for n in range(DAYS))


@pytest.fixture(scope="module")
def whole(
    resolved: Resolved, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Finished, dict[str, list[tuple[Any, ...]]]]:
    """The run as it is when nothing interrupts it; positions are held over each night."""
    with open_database(f"sqlite:///{tmp_path_factory.mktemp('whole') / 'kats.db'}") as database:
        finished, found = played(resolved, database), rows(database)
    assert {row[1] for row in found["positions"]} == set(finished.sessions)
    return finished, found


@pytest.mark.parametrize("kept", [0, 1])
def test_a_killed_run_ends_as_if_it_had_not_been_killed(
    kept: int, resolved: Resolved, database: Database, whole: tuple[Finished, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """Every row, order numbers and states of stages included; the summary counts both processes' trades."""
    sessions = sessions_of(resolved)
    interrupted(resolved, database, sessions[kept])

    watcher = Watching()
    finished = played(resolved, database, watcher, goes_on=True)

    expected, expected_rows = whole
    assert watcher.sessions == list(sessions[kept:])
    assert rows(database) == expected_rows
    assert finished.trades == expected.trades
    assert finished.equity == expected.equity
    assert finished.statistics == expected.statistics


def test_a_run_that_was_killed_behind_its_last_session_only_gets_its_end(
    resolved: Resolved, database: Database, whole: tuple[Finished, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """Nothing is played again; the summary is that of the whole run."""
    recorder = DatabaseRecorder(database)
    recorder.finish = lambda *_: None  # type: ignore[method-assign]
    request = Request(kind=RunKind.RUN, first=FIRST, days=DAYS)
    play(plan(resolved, request), recorder, Watching(), utc_now)

    finished = played(resolved, database, goes_on=True)

    assert finished.statistics == whole[0].statistics
    assert rows(database) == whole[1]


def test_a_run_that_was_stopped_by_hand_is_gone_on_with(
    resolved: Resolved, database: Database, whole: tuple[Finished, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """Ctrl+C keeps what there was of the session, for people to look at; going on plays that session again."""

    def interrupt(_: Engine) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        played(resolved, database, Watching(sessions_of(resolved)[1], interrupt))
    played(resolved, database, goes_on=True)

    assert rows(database) == whole[1]


def test_a_repeat_that_was_killed_is_gone_on_with(
    resolved: Resolved, database: Database, whole: tuple[Finished, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """It takes the earlier run's place at its end, as every repeat does."""
    played(resolved, database)
    interrupted(resolved, database, sessions_of(resolved)[1])

    watcher = Watching()
    played(resolved, database, watcher, goes_on=True)

    assert watcher.sessions == list(sessions_of(resolved)[1:])
    assert rows(database) == whole[1]


def test_without_being_told_to_go_on_a_run_begins_anew(
    resolved: Resolved, database: Database, whole: tuple[Finished, dict[str, list[tuple[Any, ...]]]]
) -> None:
    """On recorded data a run starts from a fresh account, whatever was before."""
    interrupted(resolved, database, sessions_of(resolved)[1])

    watcher = Watching()
    played(resolved, database, watcher)

    assert watcher.sessions == list(sessions_of(resolved))
    assert rows(database) == whole[1]


def test_what_a_person_halted_stays_halted(resolved: Resolved, database: Database) -> None:
    """Over the restart, until a person takes it back."""
    sessions = sessions_of(resolved)

    def halt(engine: Engine) -> None:
        engine.handle(StateOrdered(ts=engine.now, scope=ALL, state=TradingState.HALTED, who="kim", reason="점검"))

    recorder = DatabaseRecorder(database)
    recorder.finish = lambda *_: None  # type: ignore[method-assign]

    def kill(_: Engine) -> None:
        raise Stopped

    watcher = Watching(sessions[0], halt)
    second = Watching(sessions[1], kill)

    class Both(Watching):
        def on_clock(self, now: Nanos) -> None:
            watcher.engine = second.engine = self.engine
            watcher.on_clock(now)
            second.on_clock(now)

    with pytest.raises(Stopped):
        play(plan(resolved, Request(kind=RunKind.RUN, first=FIRST, days=DAYS)), recorder, Both(), utc_now)

    states: list[TradingState] = []
    played(resolved, database, Watching(sessions[1], lambda engine: states.append(engine.trading_state)), goes_on=True)

    assert states == [TradingState.HALTED]


def refused(resolved: Resolved, database: Database, says: str) -> None:
    with pytest.raises(StoreError, match=says) as failure:
        played(resolved, database, goes_on=True)
    assert failure.value.exit_code == 2


def test_a_complete_run_is_not_gone_on_with(resolved: Resolved, database: Database) -> None:
    """It has an end; whoever wants it again says so."""
    played(resolved, database, days=DAYS)
    refused(resolved, database, "is complete: leave --continue out")


def test_another_run_is_not_gone_on_with(resolved: Resolved, database: Database) -> None:
    """Configuration, data, days and seed are what a run is; half of one is no beginning of another."""
    interrupted(resolved, database, sessions_of(resolved)[1])
    with pytest.raises(StoreError, match="holds no such run"):
        played(resolved, database, days=DAYS + 1, goes_on=True)


def test_a_run_whose_rules_were_changed_is_not_gone_on_with(resolved: Resolved, database: Database) -> None:
    """Its file says other rules than those that held; playing on by either would be another run."""
    sessions = sessions_of(resolved)

    def reload(engine: Engine) -> None:
        rules = engine.rules
        assert rules is not None
        tighter = replace_limit(rules, max_positions=2)
        engine.handle(
            ConfigChanged(
                ts=engine.now, who="kim", before="a", after="b", changes=("limits.max_positions",), now=tighter
            )
        )

    recorder = DatabaseRecorder(database)
    recorder.finish = lambda *_: None  # type: ignore[method-assign]
    request = Request(kind=RunKind.RUN, first=FIRST, days=DAYS)
    watcher = Watching(sessions[1], reload)
    play(plan(resolved, request), recorder, watcher, utc_now)
    refused(resolved, database, "changed by `kats reload`")


def replace_limit(rules: Rules, **changes: Any) -> Rules:
    return msgspec.structs.replace(rules, limits=json.dumps(json.loads(rules.limits) | changes))


def test_a_backtest_is_not_gone_on_with(resolved: Resolved, tmp_path: Path) -> None:
    """It is kept in a folder, at its end, and is played in seconds."""
    planned = plan(resolved, Request(kind=RunKind.RUN, first=FIRST, days=1))
    with pytest.raises(StoreError, match="kept in the database"):
        play(planned, FolderRecorder(tmp_path / "run"), Watching(), utc_now, goes_on=True)


def _changed(database: Database, **values: Any) -> None:
    with database.writing() as connection:
        connection.execute(update(table_of(AccountStateRow)).values(values))


def test_an_account_that_is_damaged_is_refused(resolved: Resolved, database: Database) -> None:
    """And so is one that a newer KATS has kept; the run's row stays as it was."""
    interrupted(resolved, database, sessions_of(resolved)[1])
    before = rows(database)["runs"]
    _changed(database, memory='{"v":1')
    refused(resolved, database, "cannot be taken up .damaged")
    _changed(database, memory='{"v":99}')
    refused(resolved, database, "stored in format 99; this program reads format 1")
    assert rows(database)["runs"] == before


@pytest.mark.parametrize(
    ("changed", "says"), [({"stop": 0}, "held with a stop at 0"), ({"instance": "gone"}, "held by gone, which is not")]
)
def test_a_position_without_stop_or_strategy_is_no_start(
    changed: dict[str, Any], says: str, resolved: Resolved, database: Database
) -> None:
    """Nobody would look after it."""
    interrupted(resolved, database, sessions_of(resolved)[1])
    with database.reading() as connection:
        memory = json.loads(connection.execute(select(table_of(AccountStateRow).c.memory)).scalar_one())
    portfolio = memory["body"]["portfolio"]
    portfolio["positions"][0] |= changed
    for (key, _), position in zip(portfolio["ledgers"], portfolio["positions"], strict=True):
        key[0] = position["instance"]
    _changed(database, memory=json.dumps(memory))
    refused(resolved, database, says)


def test_an_account_that_its_broker_does_not_agree_with_is_refused(resolved: Resolved, database: Database) -> None:
    """Nothing is entered until cash and positions agree."""
    interrupted(resolved, database, sessions_of(resolved)[1])
    _changed(database, broker={"cash": 1, "held": {"005930": 3}})
    refused(resolved, database, "but its broker")


def test_an_account_without_its_baselines_is_refused(resolved: Resolved, database: Database) -> None:
    """Losses must be measured from something."""
    interrupted(resolved, database, sessions_of(resolved)[1])
    risks = table_of(RiskStateRow)
    with database.writing() as connection:
        connection.execute(risks.delete().where(risks.c.stage == "core"))
    refused(resolved, database, "cannot be taken up")


@pytest.mark.parametrize(("day", "moment", "kept"), [(1, "commit", 0), (2, "order", 1)])
def test_a_process_that_is_killed_leaves_whole_sessions_and_another_goes_on(
    day: int, moment: str, kept: int, tmp_path: Path
) -> None:
    """With kill -9, in the middle of a session or of its commit: records and account are those of the commit before."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "kats.yaml").write_text(BASE)
    environ = {key: value for key, value in os.environ.items() if not key.startswith(("KATS_", "KIS_"))}

    def ran(*arguments: str | Path) -> int:
        return subprocess.run(  # noqa: S603 -- ourselves
            [sys.executable, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            check=False,
            cwd=tmp_path,
            env=environ | {"KATS_HOME": str(home)},
        ).returncode

    def found() -> dict[str, list[tuple[Any, ...]]]:
        with open_database(f"sqlite:///{home / 'kats.db'}") as database:
            return rows(database)

    assert ran(Path(__file__).with_name("killed_run.py"), "2", str(day), moment) == -signal.SIGKILL
    left = found()
    assert [len(left[name]) for name in ("equity", "account_state")] == [kept, kept]
    assert bool(left["orders"]) is bool(kept)

    assert ran("-m", "kats_core", "run", "--days", "2", "--json", "--continue") == 0
    assert [len(found()[name]) for name in ("equity", "account_state")] == [2, 1]
