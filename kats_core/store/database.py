"""Open the database, bring its tables up to date, and turn every driver error into a sentence for a person.

SQLite runs with a write-ahead log: readers (`kats explain` during a session) never wait for the writer, and a killed
process leaves whatever was committed, whole. `synchronous=FULL` because what is persisted must be on the disk before
the order behind it goes out; with one commit a session or an order its price does not show.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError

from kats_core.store.errors import ContradictionError, StoreError
from kats_core.store.models import SCHEMA

_BUSY_TIMEOUT_MS = 10_000
_IMMEDIATE = "kats_immediate"
_SOMEONE_ELSES = "tables that KATS did not make: name another file in DB_URL"
_ADVICE = {
    sqlite3.SQLITE_READONLY: "is read-only: make the file and its folder writable, or name another file in DB_URL",
    sqlite3.SQLITE_PERM: "may not be used by this user: change its permissions, or name another file in DB_URL",
    sqlite3.SQLITE_AUTH: "may not be used by this user: change its permissions, or name another file in DB_URL",
    sqlite3.SQLITE_FULL: "cannot grow, the disk is full: free some space and run again; earlier sessions are kept",
    sqlite3.SQLITE_IOERR: "cannot be read or written: check the disk; earlier sessions are kept",
    sqlite3.SQLITE_NOTADB: "is not a database: move it away, or name another file in DB_URL",
    sqlite3.SQLITE_CORRUPT: "is damaged: restore a backup, or move it away and run again",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that its folder exists and is writable, or set DB_URL",
    sqlite3.SQLITE_BUSY: "is locked by another program: close it and run again",
    sqlite3.SQLITE_LOCKED: "is locked by another program: close it and run again",
}


class Database:
    """An open database. Its connections raise `StoreError`; close it when done, or use it in a `with`."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one unchanging state."""
        with _explained(self.name), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection whose changes are all committed at the end, or none of them."""
        with (
            _explained(self.name),
            self.engine.connect().execution_options(**{_IMMEDIATE: True}) as connection,
            connection.begin(),
        ):
            yield connection

    def require_writable(self) -> None:
        """Find out before the work rather than after it.

        Raises:
            StoreError: the database cannot be written.
        """
        with self.writing() as connection:
            # Taking the lock, which `writing` did, is the test.
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_database(url: str) -> Database:
    """Return the database at `url` with its tables up to date; a new file is made, with its folder.

    Raises:
        StoreError: it cannot be opened or created, belongs to another program, or a newer KATS wrote it.
    """
    address = _address(url)
    try:
        engine = create_engine(address, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        raise StoreError(f"database {address!r} cannot be used ({error}): correct DB_URL or leave it empty") from error
    if address.get_backend_name() == "sqlite":
        _prepare_sqlite(engine)
    database = Database(engine, address.database or repr(address))
    try:
        _bring_up_to_date(database)
    except BaseException:
        database.close()
        raise
    return database


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError as error:
        # Without the text itself: it may hold a password.
        raise StoreError("DB_URL is no database address: leave it empty or write sqlite:///FILE") from error
    if address.get_backend_name() == "sqlite" and address.database and not address.query:
        _require_file(Path(address.database))
    return address


def _require_file(path: Path) -> None:
    if path.is_dir():
        raise StoreError(f"database {path} is a folder: name a file in it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"folder {path.parent} of the database cannot be made ({error.strerror}): set DB_URL"
        ) from error


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _: Any) -> None:
        # The driver's own transactions leave out SELECT and CREATE; we say BEGIN ourselves, below.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A writer takes the lock at once: two of them wait for each other at the start, never in the middle.
        immediate = connection.get_execution_options().get(_IMMEDIATE, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _bring_up_to_date(database: Database) -> None:
    version = _version(database)
    if version == SCHEMA:
        return
    if version is not None and not version.isdigit():
        raise StoreError(f"database {database.name} holds {_SOMEONE_ELSES}")
    if version is not None and version > SCHEMA:
        raise StoreError(
            f"database {database.name} was written by a newer KATS (tables {version}, this program knows {SCHEMA}): "
            "update KATS, or name another file in DB_URL"
        )
    _use_write_ahead_log(database)
    with database.writing() as connection:
        # Alembic costs half a second to import; a database that is up to date never pays it.
        from kats_core.store.migrations import upgrade

        upgrade(connection)


def _version(database: Database) -> str | None:
    try:
        with database.engine.connect() as connection:
            found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except DBAPIError:
        # No such table, or no database at all: the next question tells them apart.
        _require_empty(database)
        return None
    return None if found is None else str(found)


def _require_empty(database: Database) -> None:
    with database.reading() as connection:
        if inspect(connection).get_table_names():
            raise StoreError(f"database {database.name} holds {_SOMEONE_ELSES}")


def _use_write_ahead_log(database: Database) -> None:
    if database.engine.dialect.name != "sqlite":
        return
    # Not inside a transaction; the mode is a property of the file from then on.
    with _explained(database.name):
        connection = database.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA journal_mode = WAL")
        except sqlite3.DatabaseError as error:
            raise DBAPIError("PRAGMA journal_mode", None, error) from error
        finally:
            connection.close()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        raise ContradictionError(
            f"database {name}: the records of this session contradict one another ({error.orig}); "
            "nothing of it was kept; please report this"
        ) from error
    except DBAPIError as error:
        raise StoreError(f"database {name} {_advice(error)}") from error


def _advice(error: DBAPIError) -> str:
    code = getattr(error.orig, "sqlite_errorcode", None)
    # Extended codes carry the primary one in their lowest byte.
    advice = _ADVICE.get(code & 0xFF) if isinstance(code, int) else None
    return advice or f"refused ({error.orig}): nothing of this session was kept"
