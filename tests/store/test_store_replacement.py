"""A repeat takes the earlier run's place in one step; whoever looks in between finds one of the two complete."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from kats_core.journal.latest import latest
from kats_core.model.record import Record
from kats_core.store.database import Database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.errors import ContradictionError, StoreError
from kats_core.store.folder_recorder import DECISIONS, METRICS, FolderRecorder
from kats_core.store.models import ROWS, Base, RunRow, table_of
from kats_core.store.reading import StoredRun, load_run
from kats_core.store.recorder import Recorder
from kats_core.store.run import Run, RunStatus

FIRST = dt.date(2026, 7, 1)
SECOND = dt.date(2026, 7, 2)
Builder = Callable[..., list[Record]]
Home = tuple[Callable[[], Recorder], Callable[[], StoredRun]]


def begin(recorder: Recorder, run: Run, *sessions: list[Record]) -> Recorder:
    recorder.begin(run)
    for records in sessions:
        for record in records:
            recorder.write([record])
        recorder.commit()
    return recorder


def kill(recorder: Recorder) -> None:
    """Leave the recorder as a killed process would: files closed by the system, nothing finished."""
    if isinstance(recorder, FolderRecorder):
        for file in recorder._opened:
            file.close()


def play(recorder: Recorder, run: Run, *sessions: list[Record]) -> None:
    begin(recorder, run, *sessions).finish(RunStatus.DONE, {})


@pytest.fixture(params=["database", "folder"])
def home(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Home:
    if request.param == "database":
        return lambda: DatabaseRecorder(database), lambda: load_run(database)
    folder = tmp_path / "run"
    return lambda: FolderRecorder(folder), lambda: load_run(None, folder)


def test_a_repeat_replaces_the_earlier_run(home: Home, run: Run, session_records: Builder) -> None:
    """Nothing of the earlier run is left."""
    recorder, load = home
    play(recorder(), run, session_records(FIRST), session_records(SECOND))
    play(recorder(), run, session_records(SECOND, profit=7))

    assert load().records == latest(session_records(SECOND, profit=7))


def test_the_earlier_run_is_complete_until_the_repeat_is(home: Home, run: Run, session_records: Builder) -> None:
    """A repeat that is being written, or was killed, is not to be seen."""
    recorder, load = home
    play(recorder(), run, session_records(FIRST))
    kill(begin(recorder(), run, session_records(FIRST, profit=7)))

    stored = load()

    assert stored.run.status is RunStatus.DONE
    assert stored.records == latest(session_records(FIRST))


@pytest.mark.parametrize("status", [RunStatus.FAILED, RunStatus.ABORTED])
def test_a_repeat_that_fails_leaves_the_earlier_run(
    status: RunStatus, home: Home, run: Run, session_records: Builder
) -> None:
    """Half a repeat is worth less than the whole it repeats."""
    recorder, load = home
    play(recorder(), run, session_records(FIRST))
    begin(recorder(), run, session_records(FIRST, profit=7)).finish(status, {})

    stored = load()

    assert stored.run.status is RunStatus.DONE
    assert stored.records == latest(session_records(FIRST))


def test_a_first_attempt_that_fails_is_kept_as_far_as_it_got(home: Home, run: Run, session_records: Builder) -> None:
    """What led to the failure can be explained; the next complete run replaces it."""
    recorder, load = home
    begin(recorder(), run, session_records(FIRST)).finish(RunStatus.FAILED, {"error": "x"})
    failed = load()
    play(recorder(), run, session_records(SECOND))

    assert (failed.run.status, failed.run.summary) == (RunStatus.FAILED, {"error": "x"})
    assert failed.records == latest(session_records(FIRST))
    assert load().records == latest(session_records(SECOND))


def test_what_a_killed_repeat_left_is_removed_by_the_next(
    database: Database, run: Run, session_records: Builder
) -> None:
    """No row stays behind under a provisional id."""
    play(DatabaseRecorder(database), run, session_records(FIRST))
    kill(begin(DatabaseRecorder(database), run, session_records(FIRST)))
    play(DatabaseRecorder(database), run, session_records(FIRST))

    with database.reading() as connection:
        everything: list[type[Base]] = [RunRow, *ROWS.values()]
        for rows in everything:
            runs = connection.execute(select(func.distinct(table_of(rows).c.run_id))).scalars().all()
            assert runs == [run.run_id]


def test_other_runs_are_left_alone(database: Database, run: Run, session_records: Builder) -> None:
    """Only the run with the same id is replaced."""
    other = msgspec.structs.replace(run, run_id="2b3c4d5e-0000-5000-8000-000000000000")
    play(DatabaseRecorder(database), other, session_records(FIRST))
    play(DatabaseRecorder(database), run, session_records(SECOND))
    play(DatabaseRecorder(database), run, session_records(SECOND))

    assert load_run(database, other.run_id).records == latest(session_records(FIRST))


def test_the_last_run_is_the_one_started_last(database: Database, run: Run) -> None:
    """Without a name the run that was started last is meant, whenever it was written."""
    earlier = msgspec.structs.replace(
        run, run_id="2b3c4d5e-0000-5000-8000-000000000000", started=run.started - dt.timedelta(hours=1)
    )
    play(DatabaseRecorder(database), run)
    play(DatabaseRecorder(database), earlier)

    assert load_run(database).run.run_id == run.run_id


def test_a_run_is_visible_while_it_grows(database: Database, run: Run, session_records: Builder) -> None:
    """At 09:31 the sessions and orders committed so far can be explained."""
    begin(DatabaseRecorder(database), run, session_records(FIRST))

    stored = load_run(database)

    assert stored.run.status is RunStatus.RUNNING
    assert stored.records == latest(session_records(FIRST))


def test_a_second_process_takes_over_and_the_first_one_stops(
    database: Database, run: Run, session_records: Builder
) -> None:
    """Two processes that record the same run do not mix their rows."""
    first = begin(DatabaseRecorder(database), run)
    later = msgspec.structs.replace(run, started=run.started + dt.timedelta(seconds=1))
    begin(DatabaseRecorder(database), later, session_records(FIRST))

    with pytest.raises(StoreError, match="started again by another process"):
        first.commit()


def test_a_record_that_refers_to_nothing_refuses_the_session(
    database: Database, run: Run, session_records: Builder
) -> None:
    """Foreign keys are checked at the commit; nothing of the session stays, and the run can be marked as failed."""
    verdicts = [record for record in session_records(FIRST) if type(record).__name__ == "VerdictRecord"]
    recorder = begin(DatabaseRecorder(database), run, session_records(SECOND))
    for record in verdicts:
        recorder.write([record])

    with pytest.raises(ContradictionError, match="please report"):
        recorder.commit()
    recorder.finish(RunStatus.FAILED, {})

    assert load_run(database).records == latest(session_records(SECOND))


def test_the_same_run_writes_the_same_bytes(run: Run, session_records: Builder, tmp_path: Path) -> None:
    """The decisions do not know when they were written, nor where."""
    later = msgspec.structs.replace(run, started=run.started + dt.timedelta(days=1))
    play(FolderRecorder(tmp_path / "a"), run, session_records(FIRST))
    play(FolderRecorder(tmp_path / "b"), later, session_records(FIRST))

    for name in (DECISIONS, "arming.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_first_line_names_version_and_run(run: Run, tmp_path: Path) -> None:
    """A decision log that lies around says what it is, and nothing about the time it was written."""
    play(FolderRecorder(tmp_path / "run"), run)

    header = msgspec.json.decode((tmp_path / "run" / DECISIONS).read_bytes().splitlines()[0])

    assert header == {"v": 1, "run": run.identity}
    assert "started" not in header["run"]


def test_a_folder_of_something_else_is_refused(run: Run, tmp_path: Path) -> None:
    """Only a run's folder, or an empty one, is written to."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")

    with pytest.raises(StoreError, match="holds something else than a run"):
        FolderRecorder(tmp_path / "photos").begin(run)

    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_notes_in_a_run_folder_stay(run: Run, session_records: Builder, tmp_path: Path) -> None:
    """A repeat replaces what the recorder wrote, not what people put beside it."""
    folder = tmp_path / "run"
    play(FolderRecorder(folder), run, session_records(FIRST))
    (folder / "notes.txt").write_text("mine")
    play(FolderRecorder(folder), run, session_records(FIRST))

    assert sorted(path.name for path in folder.iterdir()) == [
        "arming.parquet",
        "decisions.jsonl",
        "notes.txt",
        "run.json",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("killed", ["before", "after"])
def test_a_replacement_that_was_cut_short_is_completed(
    killed: str, run: Run, session_records: Builder, tmp_path: Path
) -> None:
    """Killed between the two renames, the earlier run comes back; killed after them, its remains go."""
    folder, aside = tmp_path / "run", tmp_path / ".run.replaced"
    play(FolderRecorder(folder), run, session_records(FIRST))
    folder.rename(aside)
    if killed == "after":
        play(FolderRecorder(tmp_path / "other"), run, session_records(SECOND))
        (tmp_path / "other").rename(folder)

    kill(begin(FolderRecorder(folder), run))

    expected = FIRST if killed == "before" else SECOND
    assert load_run(None, folder).records == latest(session_records(expected))
    assert not aside.exists()


def test_what_is_made_of_the_records_comes_into_place_with_them(
    run: Run, session_records: Builder, tmp_path: Path
) -> None:
    """Only for a run that is done; a repeat that makes less leaves nothing of the earlier one behind."""
    folder = tmp_path / "run"

    def complete(growing: Path) -> None:
        assert not (folder / METRICS).exists()
        (growing / METRICS).write_text((growing / DECISIONS).read_text(encoding="utf-8"), encoding="utf-8")

    play(FolderRecorder(folder, complete=complete), run, session_records(FIRST))
    assert (folder / METRICS).read_bytes() == (folder / DECISIONS).read_bytes()
    play(FolderRecorder(folder), run, session_records(FIRST))
    assert not (folder / METRICS).exists()
    begin(FolderRecorder(tmp_path / "failed", complete=complete), run).finish(RunStatus.FAILED, {})
    assert not (tmp_path / "failed" / METRICS).exists()


def test_a_run_is_kept_when_nothing_can_be_made_of_it(
    database: Database, run: Run, session_records: Builder, tmp_path: Path
) -> None:
    """Hours of playing are not lost for a page: the error is raised, the decisions are there, and so is the row."""

    def fail(growing: Path) -> None:
        raise StoreError("no page")

    with pytest.raises(StoreError, match="no page"):
        play(FolderRecorder(tmp_path / "run", database, complete=fail), run, session_records(FIRST))
    assert load_run(None, tmp_path / "run").records == latest(session_records(FIRST))
    assert load_run(database, run.run_id).run.status is RunStatus.DONE
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_folder_has_one_writer(run: Run, tmp_path: Path) -> None:
    """A second process is refused instead of mixing its lines in."""
    first = begin(FolderRecorder(tmp_path / "run"), run)

    with pytest.raises(StoreError, match="being written by another process"):
        FolderRecorder(tmp_path / "run").begin(run)
    first.finish(RunStatus.DONE, {})

    assert load_run(None, tmp_path / "run").run.status is RunStatus.DONE
