"""What cannot be used says so in a sentence, and whatever was whole stays whole."""

from __future__ import annotations

import datetime as dt
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from kats_core.model.record import EquityRecord, Record, SetupRecord
from kats_core.store import migrations
from kats_core.store.database import Database, open_database
from kats_core.store.database_recorder import DatabaseRecorder
from kats_core.store.errors import StoreError
from kats_core.store.folder_recorder import FolderRecorder
from kats_core.store.models import SCHEMA, Base
from kats_core.store.reading import load_run
from kats_core.store.run import Run, RunStatus

FIRST = dt.date(2026, 7, 1)
Builder = Callable[..., list[Record]]


def test_the_migrations_make_the_tables_of_the_models(database: Database) -> None:
    """From an empty file, all migrations together equal the models, keys and indices included."""
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []
        made = connection.execute(text("SELECT sql FROM sqlite_master WHERE sql LIKE '%FOREIGN KEY%'")).scalars().all()
    models = create_engine("sqlite://")
    with models.begin() as connection:
        Base.metadata.create_all(connection)
        query = text("SELECT sql FROM sqlite_master WHERE sql LIKE '%FOREIGN KEY%'")
        declared = connection.execute(query).scalars().all()
    models.dispose()
    assert sorted(map(str.split, made)) == sorted(map(str.split, declared))


def test_the_newest_migration_is_the_one_the_program_names(database: Database) -> None:
    """The version that is compared at the start without importing Alembic is the last migration's."""
    with database.reading() as connection:
        script = ScriptDirectory.from_config(migrations.configuration(connection))
        assert script.get_current_head() == SCHEMA


def test_a_migration_can_be_undone(database: Database) -> None:
    """Going down leaves nothing but Alembic's own table."""
    from alembic import command

    with database.writing() as connection:
        command.downgrade(migrations.configuration(connection), "base")
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
    assert tables == ["alembic_version"]


def test_a_database_that_is_up_to_date_needs_no_alembic(database: Database) -> None:
    """The hot start asks one question and imports nothing more."""
    code = "import sys; from kats_core.store.database import open_database; open_database(sys.argv[1]).close(); "
    code += "sys.exit('alembic' in sys.modules)"
    url = f"sqlite:///{database.name}"
    assert subprocess.run([sys.executable, "-c", code, url], check=False).returncode == 0  # noqa: S603 -- ourselves


def test_foreign_keys_and_the_log_are_on(database: Database) -> None:
    """SQLite leaves them off unless it is told."""
    with database.reading() as connection:
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("foreign_keys", "journal_mode")]
    assert found == [1, "wal"]


def test_a_killed_process_leaves_whole_sessions(run: Run, tmp_path: Path) -> None:
    """Whatever was committed can be read afterwards, and nothing of the session at hand."""
    child = Path(__file__).with_name("killed_writer.py")
    path = tmp_path / "kats.db"
    arguments = [sys.executable, str(child), f"sqlite:///{path}", msgspec.json.encode(run).decode()]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE) as process:  # noqa: S603 -- a file beside this one
        assert process.stdout is not None
        for _ in range(5):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)

    with open_database(f"sqlite:///{path}") as database:
        stored = load_run(database)
    sessions = [record.session for record in stored.records if isinstance(record, EquityRecord)]
    setups = [record for record in stored.records if isinstance(record, SetupRecord)]

    assert stored.run.status is RunStatus.RUNNING
    assert len(sessions) >= 5
    assert len(setups) == 500 * len(sessions)


def opening(url: str) -> str:
    with pytest.raises(StoreError) as failure:
        open_database(url)
    assert failure.value.exit_code == 2
    return str(failure.value)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    """The message names it."""
    assert opening(f"sqlite:///{tmp_path}") == f"database {tmp_path} is a folder: name a file in it"


def test_a_file_of_something_else_is_no_database(tmp_path: Path) -> None:
    """It is left as it is."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 100)
    assert opening(f"sqlite:///{path}") == (
        f"database {path} is not a database: move it away, or name another file in DB_URL"
    )
    assert path.read_text().startswith("Dear reader")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """KATS adds no tables to what is not its own."""
    path = tmp_path / "recipes.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    assert "tables that KATS did not make" in opening(f"sqlite:///{path}")


def test_a_newer_database_is_refused(database: Database) -> None:
    """An old program does not write where it does not know the tables."""
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert opening(f"sqlite:///{database.name}") == (
        f"database {database.name} was written by a newer KATS (tables 9999, this program knows {SCHEMA}): "
        "update KATS, or name another file in DB_URL"
    )


@pytest.mark.parametrize("url", ["", "nonsense", "mysterious://user:secret@host/name"])
def test_an_address_that_is_none_is_refused_without_repeating_it(url: str) -> None:
    """It may hold a password."""
    message = opening(url)
    assert "DB_URL" in message
    assert "secret" not in message


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "home").write_text("")
    assert f"folder {tmp_path / 'home'} of the database cannot be made" in opening(
        f"sqlite:///{tmp_path / 'home' / 'kats.db'}"
    )


def test_a_read_only_database_stops_the_run_at_its_start(database: Database, run: Run) -> None:
    """Before the day is played, not after it."""
    database.close()
    with (
        open_database(f"sqlite:///file:{database.name}?mode=ro&uri=true") as read_only,
        pytest.raises(StoreError, match="is read-only: make the file and its folder writable") as failure,
    ):
        DatabaseRecorder(read_only).begin(run)
    assert database.name in str(failure.value)


def test_a_read_only_database_can_still_be_read(database: Database, run: Run) -> None:
    """Explaining needs no right to write."""
    DatabaseRecorder(database).begin(run)
    with open_database(f"sqlite:///file:{database.name}?mode=ro&uri=true") as read_only:
        assert load_run(read_only).run.run_id == run.run_id


def test_a_full_disk_keeps_the_sessions_before(database: Database, run: Run, session_records: Builder) -> None:
    """The session that did not fit is not there, the others are."""
    recorder = DatabaseRecorder(database)
    recorder.begin(run)
    recorder.commit()
    for record in session_records(FIRST):
        recorder.write([record])
    recorder.commit()
    with database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    for record in large_session():
        recorder.write([record])

    with pytest.raises(StoreError, match="the disk is full: free some space") as failure:
        recorder.commit()

    assert database.name in str(failure.value)
    equity = [record for record in load_run(database).records if isinstance(record, EquityRecord)]
    assert [record.session for record in equity] == [FIRST]


def large_session() -> Iterator[Record]:
    for number in range(10_000):
        session = dt.date(1995, 1, 1) + dt.timedelta(days=number)
        yield EquityRecord(session=session, equity=number, cash=number, market_value=0, exposure=0.0)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte, where the machine lets us make one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    made = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0  # noqa: S603
    if not made:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)  # noqa: S603, S607 -- what was mounted above


def test_a_disk_that_is_really_full_keeps_the_sessions_before(
    tiny_disk: Path, run: Run, session_records: Builder
) -> None:
    """The same with a file system that has no room, where the log is what does not fit."""
    with open_database(f"sqlite:///{tiny_disk / 'kats.db'}") as database:
        recorder = DatabaseRecorder(database)
        recorder.begin(run)
        for record in session_records(FIRST):
            recorder.write([record])
        recorder.commit()
        for record in large_session():
            recorder.write([record])
        with pytest.raises(StoreError, match=r"full|cannot be read or written"):
            recorder.commit()
        equity = [record for record in load_run(database).records if isinstance(record, EquityRecord)]
    assert [record.session for record in equity] == [FIRST]


def test_a_folder_on_a_full_disk_leaves_nothing_half_written(tiny_disk: Path, run: Run) -> None:
    """What had grown is removed, which also frees the space."""
    recorder = FolderRecorder(tiny_disk / "run")
    recorder.begin(run)
    for record in large_session():
        recorder.write([record])

    with pytest.raises(StoreError, match="cannot be written"):
        recorder.commit()
    recorder.finish(RunStatus.FAILED, {})

    assert list(tiny_disk.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_explained(run: Run, tmp_path: Path) -> None:
    """The target's parent is a file."""
    (tmp_path / "runs").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        FolderRecorder(tmp_path / "runs" / "one").begin(run)


@pytest.mark.parametrize(
    ("which", "message"),
    [(None, "holds no run yet"), ("deadbeef", "holds no run deadbeef, and no folder has that name")],
)
def test_a_run_that_is_not_there_is_explained(which: str | None, message: str, database: Database) -> None:
    """The message says how a run gets there."""
    with pytest.raises(StoreError, match=message):
        load_run(database, which)


def test_an_id_of_two_runs_is_refused(database: Database, run: Run) -> None:
    """Rather than explaining the wrong one."""
    for end in "ab":
        DatabaseRecorder(database).begin(msgspec.structs.replace(run, run_id=f"same-{end}"))
    with pytest.raises(StoreError, match="more than one run"):
        load_run(database, "same")


def test_a_damaged_folder_is_explained(run: Run, tmp_path: Path) -> None:
    """A line that is no record names its file."""
    recorder = FolderRecorder(tmp_path / "run")
    recorder.begin(run)
    recorder.finish(RunStatus.DONE, {})
    with (tmp_path / "run" / "decisions.jsonl").open("ab") as log:
        log.write(b'{"type":"setup"}\n')
    with pytest.raises(StoreError, match=r"decisions\.jsonl is damaged"):
        load_run(None, tmp_path / "run")
    with pytest.raises(StoreError, match=r"holds no run \(run\.json is missing\)"):
        load_run(None, tmp_path)
