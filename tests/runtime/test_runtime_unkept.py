"""Nothing can be written any more while orders go over a wire: nothing is sent that was not kept before (FI-29)."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event

from kats_core.model.codes import CoreCode
from kats_core.model.event import ResumeOrdered
from kats_core.model.kinds import OrderState, TradingState
from kats_core.model.record import OperatorRecord, OrderEventRecord, OrderRecord
from kats_core.model.scope import ALL
from kats_core.runtime.pump import Pump
from kats_core.store.database import Database, open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.reading import load_run
from kats_core.store.run import Run, RunStatus

if TYPE_CHECKING:
    from conftest import Desk, House


class Disk:
    """Where the database lies; it may become one on which nothing can be written."""

    def __init__(self, database: Database) -> None:
        self.is_read_only = False
        event.listen(database.engine, "checkout", self._on_checkout)

    def _on_checkout(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA query_only = {self.is_read_only:d}")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(f"sqlite:///{tmp_path / 'kats.db'}") as opened:
        yield opened


def recorded(desk: Desk, database: Database) -> DatabaseRecorder:
    """Let what a desk decides be kept, and committed before each order."""
    recorder = DatabaseRecorder(database)
    run = Run(
        run_id="1a2b3c4d-0000-5000-8000-000000000000",
        kind="live",
        config_hash="c",
        data_hash="d",
        first_day=desk.session,
        last_day=desk.session,
        seed=0,
        started=dt.datetime(2026, 3, 4, tzinfo=dt.UTC),
        capital=desk.capital,
    )
    recorder.begin(run)
    desk.pump = Pump(desk.engine, desk.broker, recorder.write, desk.notices.append)
    desk.pump.settle = recorder.commit
    return recorder


def told(desk: Desk, code: CoreCode) -> int:
    return sum(notice.code == str(code) for notice in desk.notices)


def test_nothing_is_sent_that_cannot_be_kept(house: type[House], database: Database) -> None:
    """An entry is not sent and trading is halted, once; when it can be written again and a person resumes, all is kept."""
    desk, disk = house.Desk(), Disk(database)
    recorder = recorded(desk, database)
    desk.begin(house.setup())
    disk.is_read_only = True
    desk.minute("09:30", 25_450)
    assert (desk.engine.live_orders, desk.bought) == ((), [])
    assert (told(desk, CoreCode.AUDIT_FAIL), told(desk, CoreCode.NOT_SENT)) == (1, 1)

    disk.is_read_only = False
    desk.feed(ResumeOrdered(ts=desk.at("09:32"), scope=ALL, who="kim"))
    recorder.finish(RunStatus.DONE, {})
    kept = load_run(database).records
    assert [one.after for one in kept if isinstance(one, OrderEventRecord)] == [OrderState.SUBMITTING, OrderState.ERROR]
    assert [one.verb.value for one in kept if isinstance(one, OperatorRecord)] == ["HALT", "RESUME"]


def test_a_cancel_leaves_all_the_same(house: type[House], database: Database) -> None:
    """It can only lessen what is at risk: an entry that waited too long is taken back, and its end is kept afterwards."""
    desk, disk = house.Desk(), Disk(database)
    recorder = recorded(desk, database)
    desk.begin(house.setup()).minute("09:30", 25_450)
    assert [order.state for order in desk.engine.live_orders] == [OrderState.SUBMITTED]
    disk.is_read_only = True
    desk.minute("09:31", 25_900).passes("09:37")
    assert desk.engine.live_orders == ()
    assert told(desk, CoreCode.AUDIT_FAIL) == 1

    disk.is_read_only = False
    recorder.finish(RunStatus.DONE, {})
    steps = [one for one in load_run(database).records if isinstance(one, OrderEventRecord)]
    assert steps[-1].after is OrderState.CANCELLED


def test_whoever_resumes_while_nothing_can_be_kept_is_halted_again(house: type[House], database: Database) -> None:
    """Nothing is traded, and nobody believes that it is: the next order that cannot be kept halts once more."""
    desk, disk = house.Desk(), Disk(database)
    recorded(desk, database)
    desk.begin(house.setup(), house.setup(symbol="000660"), base={"005930": 25_400, "000660": 25_400})
    disk.is_read_only = True
    desk.minute("09:30", 25_450)
    desk.feed(ResumeOrdered(ts=desk.at("09:32"), scope=ALL, who="kim"))
    desk.minute("09:33", 25_450, symbol="000660")
    assert (desk.engine.live_orders, desk.bought) == ((), [])
    assert desk.engine.trading_state is TradingState.HALTED
    assert told(desk, CoreCode.AUDIT_FAIL) == 2


def test_a_run_that_is_broken_off_keeps_what_could_not_be_kept_before(house: type[House], database: Database) -> None:
    """The disk has room again and a person stops the run: what was halted, and what was not sent, can be explained."""
    desk, disk = house.Desk(), Disk(database)
    recorder = recorded(desk, database)
    desk.begin(house.setup())
    disk.is_read_only = True
    desk.minute("09:30", 25_450)
    disk.is_read_only = False
    recorder.finish(RunStatus.ABORTED, {})
    kept = load_run(database)
    assert kept.run.status is RunStatus.ABORTED
    assert [one.verb.value for one in kept.records if isinstance(one, OperatorRecord)] == ["HALT"]


def test_what_was_decided_before_an_error_is_kept(house: type[House], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that breaks off can be explained up to the order at which it did."""

    def broken(_: object) -> None:
        raise RuntimeError("the broker's code has a bug")

    desk = house.Desk().begin(house.setup())
    monkeypatch.setattr(desk.broker, "send", broken)
    with pytest.raises(RuntimeError, match="has a bug"):
        desk.minute("09:30", 25_450)
    assert [order.symbol for order in desk.kept(OrderRecord)] == ["005930"]


def test_of_several_cancels_only_the_first_waits_for_a_disk_that_fails(house: type[House], database: Database) -> None:
    """A locked database answers after ten seconds; twenty entries have to be taken back within five."""
    desk, disk, tries = house.Desk(), Disk(database), 0
    recorder = recorded(desk, database)

    def settle() -> None:
        nonlocal tries
        tries += 1
        recorder.commit()

    desk.begin(house.setup(), house.setup(symbol="000660"), base={"005930": 25_400, "000660": 25_400})
    desk.minute("09:30", 25_450).minute("09:30", 25_450, symbol="000660")
    assert [order.symbol for order in desk.engine.live_orders] == ["005930", "000660"]
    desk.pump.settle, disk.is_read_only = settle, True
    desk.minute("09:31", 25_900).minute("09:31", 25_900, symbol="000660").passes("09:37")
    assert desk.engine.live_orders == ()
    assert tries == 1
    assert told(desk, CoreCode.AUDIT_FAIL) == 1
