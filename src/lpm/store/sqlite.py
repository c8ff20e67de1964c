"""The default store: one SQLite file in WAL mode; removed bytes are erased from the disk."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, select

from lpm.errors import StoreError
from lpm.store.blobs import Blobs
from lpm.store.encryption import MasterKeys
from lpm.store.failures import told
from lpm.store.migrating import migrate
from lpm.store.schema import ERASURES
from lpm.store.sql import SQLStore

BUSY_TIMEOUT_S = 30
_RETRY_S = 0.01
_LEGACY_FILE = re.compile(r"[0-9a-f]{32}/([0-9]+\.safetensors|\.part-.*)")


class SQLiteStore(SQLStore):
    """A store in one file; see `MemoryStore` for what it promises.

    Removing zeroes the freed bytes (`secure_delete`), rewrites the file and empties the log, so
    that no byte is left in the database, its free pages or its log. `vacuum=False` leaves out the
    rewriting, which takes as long as the file is large: SQLite may then keep a stale copy of a
    row in the unused part of a page. When another process reads too long for the log to be
    emptied, the removal stands, the call raises StoreError, and the next opening tries again.
    """

    def __init__(
        self, path: Path, *, blobs: Blobs | None = None, master_keys: MasterKeys | None = None
    ) -> None:
        """path: the file, made when absent, for its owner alone."""
        path = path.absolute()
        super().__init__(_engine(path), str(path), blobs=blobs, master_keys=master_keys)
        self._path = path
        try:
            with told(self.place, "opened"):
                # The log and its index take the rights of the file they belong to.
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                with self._engine.connect() as db:
                    self._prepare(db, writing=True)
                    with db.begin():
                        migrate(db, self.place, path.parent)
                    with db.begin():
                        unfinished = db.execute(select(ERASURES.c.id)).first() is not None
                removed = self._remove_legacy_files()
                if unfinished or removed:
                    self._finish_erasures(vacuum=True)
            self._opened()
        except BaseException:
            self._engine.dispose()
            raise

    def _prepare(self, db: Connection, *, writing: bool) -> None:
        if writing:
            # One writer at a time, across processes, from the first statement on.
            db.execution_options(lpm_begin="BEGIN IMMEDIATE")

    def _promise_erasure(self, db: Connection) -> None:
        db.execute(ERASURES.insert().values(id=secrets.randbits(62)))

    def _erase(self, vacuum: bool | None) -> None:
        with told(self.place, "erased to the last byte; what was asked is removed, but"):
            done = self._finish_erasures(vacuum=vacuum is not False)
        if not done:
            raise StoreError(
                f"What was asked is removed from '{self.place}', but another process reads the "
                "store, so its log still holds the bytes. They go when the store is next opened."
            )

    def _finish_erasures(self, *, vacuum: bool) -> bool:
        """Rewrite the file and empty the log; return False when a reader keeps the log."""
        with closing(self._engine.raw_connection()) as db:
            # Only what was promised before the rewriting began is fulfilled by it.
            ids = db.cursor().execute("SELECT id FROM lpm_erasures").fetchall()
            if vacuum:
                db.cursor().execute("VACUUM")
            if not _emptied(db):
                return False
            db.cursor().executemany("DELETE FROM lpm_erasures WHERE id=?", ids)
        return True

    def _remove_legacy_files(self) -> bool:
        """Remove the files of the first layout, whose bytes the database has taken over."""
        folder = self._path.parent / "memories"
        if not folder.is_dir():
            return False
        removed = False
        for path in folder.glob("*/*"):
            # Nothing else is ours to remove.
            if _LEGACY_FILE.fullmatch(path.relative_to(folder).as_posix()) and path.is_file():
                path.unlink()
                removed = True
        for empty in [*folder.iterdir(), folder]:
            if empty.is_dir() and not os.listdir(empty):
                empty.rmdir()
        return removed


def _use_log(cursor: sqlite3.Cursor) -> None:
    """Switch to a write-ahead log; SQLite does not wait for another one who switches as well."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not locked or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_S)


def _emptied(db: Any) -> bool:
    """Empty the log into the file; return False when a reader keeps it from that for too long.

    SQLite waits for readers, but not for another one who empties the log.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        (busy, _, _) = db.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy or time.monotonic() > deadline:
            return not busy
        time.sleep(_RETRY_S)


def _engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(db: sqlite3.Connection, _: object) -> None:
        # The driver would begin transactions late; `begin` below does it.
        db.isolation_level = None
        cursor = db.cursor()
        # temp_store: rewriting makes a copy, which must not lie in a folder for all.
        _use_log(cursor)
        for pragma in ("synchronous=FULL", "secure_delete=ON", "temp_store=MEMORY"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(db: Connection) -> None:
        db.exec_driver_sql(db.get_execution_options().get("lpm_begin", "BEGIN"))

    return engine
