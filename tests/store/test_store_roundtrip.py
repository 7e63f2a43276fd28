"""What was written comes back: from the database and from a folder, the same records in the same order."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kats_core.journal.latest import latest
from kats_core.model.fact import Fact
from kats_core.model.kinds import FactSource
from kats_core.model.labels import Labelled
from kats_core.model.record import (
    FillRecord,
    OrderEventRecord,
    OrderRecord,
    Record,
    SetupRecord,
    SetupStatus,
    SignalRecord,
    VerdictRecord,
)
from kats_core.model.setup import Above, Below, DayOpen, Fixed, OnBar, OpeningRangeHigh
from kats_core.store.database import Database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.models import NUMBERED, ROWS, table_of
from kats_core.store.reading import load_run
from kats_core.store.recorder import Recorder
from kats_core.store.run import Run, RunStatus
from kats_core.store.selection import Selection

FIRST = dt.date(2026, 7, 1)
SECOND = dt.date(2026, 7, 2)
Builder = Callable[..., list[Record]]

whole = st.integers(-(2**62), 2**62)
small = st.integers(0, 1_000)
counts = st.integers(1, 1_000)
real = st.floats(allow_nan=False, allow_infinity=False)
words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8)
days = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
facts = st.builds(
    Fact, words, whole | real | words | st.booleans(), whole, st.just(FactSource.FILE), words
) | st.builds(Fact, words, st.none(), whole, st.just(FactSource.MISSING), words)
BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "numbers": st.dictionaries(words, whole | real | words, max_size=3),
    "facts": st.lists(facts, max_size=2).map(tuple),
    "trigger": st.none()
    | st.builds(Above, st.builds(Fixed, counts) | st.builds(DayOpen, whole))
    | st.builds(Below, st.builds(OpeningRangeHigh, counts, small))
    | st.builds(OnBar, counts),
    "slot": small,
    "attempt": small,
    "position": small,
    "rank": st.none() | small,
    "asked": small,
}
BY_NAME |= {"detail": BY_NAME["numbers"], "limits": BY_NAME["numbers"]}
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {int: whole, float: real, str: words, bool: st.booleans(), dt.date: days}


def values_of(kind: type[Any], name: str, hint: Any) -> st.SearchStrategy[Any]:
    if name == "trigger" and kind is OrderRecord:
        return st.none() | whole
    if name in BY_NAME:
        return BY_NAME[name]
    if get_origin(hint) is not None:
        return st.one_of(*(st.none() if part is type(None) else values_of(kind, "", part) for part in get_args(hint)))
    if issubclass(hint, Labelled):
        return st.sampled_from(list(hint))
    return BY_TYPE[hint]


def any_of(kind: type[Record]) -> st.SearchStrategy[Record]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{name: values_of(kind, name, hints[name]) for name in kind.__struct_fields__})


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """Records of every kind with arbitrary content that refer to one another as an engine's do."""
    number = itertools.count(1)
    signal_id, order_id = f"signal-{next(number)}", f"order-{next(number)}"
    log: list[Record] = []
    for kind in ROWS:
        record = draw(any_of(kind))
        fields: dict[str, Any] = {}
        if "signal_id" in kind.__struct_fields__:
            required = kind in (SignalRecord, VerdictRecord)
            fields["signal_id"] = signal_id if required else draw(st.sampled_from(["", signal_id]))
        if kind in (OrderRecord, OrderEventRecord, FillRecord):
            fields["order_id"] = order_id
        log.append(msgspec.structs.replace(record, **fields))
    return log


def play(recorder: Recorder, run: Run, *sessions: list[Record]) -> None:
    recorder.begin(run)
    for records in sessions:
        for record in records:
            recorder.write([record])
        recorder.commit()
    recorder.finish(RunStatus.DONE, {"trades": 1})


def test_each_table_has_the_columns_of_its_record() -> None:
    """The run comes first, then the record's fields in their order."""
    for kind, rows in ROWS.items():
        number = [NUMBERED[kind]] if kind in NUMBERED else []
        assert table_of(rows).c.keys() == ["run_id", *number, *kind.__struct_fields__]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs())
def test_any_record_comes_back_from_the_database_as_it_was(log: list[Record], run: Run, database: Database) -> None:
    """The database gives back records equal to those written, whatever is in them; each example repeats the run."""
    play(DatabaseRecorder(database), run, log)
    assert load_run(database).records == latest(log)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=logs())
def test_any_record_comes_back_from_a_folder_as_it_was(log: list[Record], run: Run, tmp_path: Path) -> None:
    """A folder gives back records equal to those written, whatever is in them."""
    play(FolderRecorder(tmp_path / "run"), run, log)
    assert load_run(None, tmp_path / "run").records == latest(log)


def test_both_homes_select_the_same_records(
    database: Database, run: Run, session_records: Builder, tmp_path: Path
) -> None:
    """Session, symbol and signal, in any combination, leave out the same records in the database and in a folder."""
    first, second = session_records(FIRST), session_records(SECOND)
    # On the second day something of the first day's signal is sold, and something nobody signalled.
    sold = next(record for record in first if isinstance(record, OrderRecord))
    second += [
        msgspec.structs.replace(sold, order_id="sold", number=9, session=SECOND),
        msgspec.structs.replace(sold, order_id="foreign", number=10, session=SECOND, signal_id=""),
    ]
    play(DatabaseRecorder(database), run, first, second)
    play(FolderRecorder(tmp_path / "run"), run, first, second)

    for session, symbol, signal in itertools.product(
        (None, FIRST, SECOND), (None, "005930", "000660"), (None, "2026-07-01", "nobody")
    ):
        selection = Selection(session=session, symbol=symbol, signal=signal)
        from_rows = load_run(database, None, selection).records
        from_lines = load_run(None, tmp_path / "run", selection).records
        assert from_rows == from_lines, selection
        assert bool(from_rows) is (signal != "nobody" and not (signal is not None and symbol == "000660")), selection


def test_a_session_brings_the_signals_that_traded_in_it(database: Database, run: Run, session_records: Builder) -> None:
    """A position of yesterday that is sold today is explained today, with yesterday's setup."""
    first = session_records(FIRST)
    sold = next(record for record in first if isinstance(record, OrderRecord))
    later = msgspec.structs.replace(sold, order_id="sold", number=9, session=SECOND)
    play(DatabaseRecorder(database), run, first, [later])

    records = load_run(database, None, Selection(session=SECOND)).records

    assert {type(record) for record in records} >= {SetupRecord, SignalRecord, VerdictRecord, OrderRecord, FillRecord}


@pytest.mark.parametrize("commits", [1, 2])
def test_a_later_record_replaces_status_and_keeps_the_rest(
    commits: int, database: Database, run: Run, session_records: Builder
) -> None:
    """Numbers and facts that the later record does not repeat stay, within a commit and across two."""
    records = session_records(FIRST)
    parts = [records] if commits == 1 else [records[:4], records[4:]]
    if commits == 2:
        parts = [[records[0], records[3]], [records[1], *records[4:]]]
    play(DatabaseRecorder(database), run, *parts)

    found = load_run(database).records
    setup = next(record for record in found if isinstance(record, SetupRecord) and record.symbol == "005930")
    signal = next(record for record in found if isinstance(record, SignalRecord))

    assert (setup.status, setup.asked, setup.level, setup.numbers["k"]) == (SetupStatus.FIRED, 3, 71_000, 0.5)
    assert (signal.status, signal.quantity, len(signal.facts)) == ("ORDERED", 100, 1)


def test_a_run_comes_back_as_it_was(
    database: Database, run: Run, tmp_path: Path, clock: Callable[[], dt.datetime]
) -> None:
    """Every field of the run is stored, in both homes."""
    play(DatabaseRecorder(database, clock), run)
    play(FolderRecorder(tmp_path / "run", clock=clock), run)
    ended = msgspec.structs.replace(run, status=RunStatus.DONE, ended=clock(), summary={"trades": 1})

    assert load_run(database).run == ended
    assert load_run(None, tmp_path / "run").run == msgspec.structs.replace(ended, folder=str(tmp_path / "run"))


def test_reasons_of_cells_come_back_as_records(database: Database, run: Run, tmp_path: Path) -> None:
    """A matrix of reasons is kept cell by cell, armed cells are not."""
    reasons = np.array([[0, 1, 2], [2, 0, 0]], dtype=np.uint8)
    folder = FolderRecorder(tmp_path / "run")
    for recorder in (DatabaseRecorder(database), folder):
        recorder.begin(run)
        recorder.not_armed("vb", [FIRST, SECOND], ["A00001", "A00002", "A00003"], reasons, ["core:WARMUP", "vb:RANGE"])
        recorder.finish(RunStatus.DONE, {})

    records = load_run(None, tmp_path / "run").records

    assert records == load_run(database).records
    assert [(r.session, r.symbol, r.code) for r in records if isinstance(r, SetupRecord)] == [
        (FIRST, "A00002", "core:WARMUP"),
        (FIRST, "A00003", "vb:RANGE"),
        (SECOND, "A00001", "vb:RANGE"),
    ]


def test_a_run_in_a_folder_is_found_through_the_database(
    database: Database, run: Run, session_records: Builder, tmp_path: Path
) -> None:
    """A backtest leaves its row in `runs`; its decisions are read from its folder."""
    play(FolderRecorder(tmp_path / "run", database), run, session_records(FIRST))

    found = load_run(database, run.run_id[:8])

    assert found.run.folder == str(tmp_path / "run")
    assert found.run.codes == run.codes
    assert found.records == latest(session_records(FIRST))
