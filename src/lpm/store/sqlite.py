"""The default store: SQLite in WAL mode, one safetensors file a memory version."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lpm.errors import StoreError, UnknownUserError
from lpm.memory import Memory, write_atomic
from lpm.types import ForgetReport, History, Session, Turn, UserSummary

MIGRATIONS: tuple[tuple[str, str], ...] = (
    (
        "0001-memories-and-sessions",
        """
        CREATE TABLE memories (
            user TEXT NOT NULL, version INTEGER NOT NULL, file TEXT NOT NULL UNIQUE,
            num_slots INTEGER NOT NULL, num_sessions INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
            created_at TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (user, version)
        ) STRICT;
        CREATE TABLE sessions (
            user TEXT NOT NULL, number INTEGER NOT NULL, session_id TEXT NOT NULL, time TEXT,
            turns TEXT NOT NULL, PRIMARY KEY (user, number)
        ) STRICT;
        """,
    ),
)


class SQLiteStore:
    """A store in one folder; see `MemoryStore` for what it promises.

    A version's file is written and synced before its row, so a row never names a half-made file;
    files without a row (of a writer that died) are removed when the store is opened.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._lock = threading.RLock()
        try:
            (home / "memories").mkdir(parents=True, exist_ok=True, mode=0o700)
            home.chmod(0o700)
        except OSError as error:
            raise StoreError(
                f"'{home}' cannot be used as a home for memories ({error.strerror}); give a folder "
                "that you may write to."
            ) from error
        with self._told("opened"):
            self._db = sqlite3.connect(
                home / "lpm.sqlite3", timeout=30, isolation_level=None, check_same_thread=False
            )
            (home / "lpm.sqlite3").chmod(0o600)
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
                self._db.execute(f"PRAGMA {pragma}")
        self._migrate()
        self._remove_orphans()

    def put(self, memory: Memory, sessions: Sequence[Session] = ()) -> None:
        """Store a new version with the sessions it was learnt from."""
        data = memory.encode()
        with self._lock, self._told("written"), self._transaction():
            latest = self._latest(memory.user) or 0
            if memory.version != latest + 1:
                raise StoreError(
                    f"Version {memory.version} of user '{memory.user}' cannot be stored after "
                    f"version {latest}: another writer was faster. Try again."
                )
            path = self._path(memory.user, memory.version)
            path.parent.mkdir(exist_ok=True, mode=0o700)
            write_atomic(path, data)
            try:
                self._insert(memory, path, len(data), sessions)
            except BaseException:
                path.unlink(missing_ok=True)
                raise

    def _insert(
        self, memory: Memory, path: Path, size_bytes: int, sessions: Sequence[Session]
    ) -> None:
        self._db.execute(
            "INSERT INTO memories VALUES (?,?,?,?,?,?,?,?)",
            (
                memory.user,
                memory.version,
                str(path.relative_to(self.home)),
                memory.slots.shape[1],
                len(memory.sessions),
                size_bytes,
                memory.created_at.isoformat(),
                memory.updated_at.isoformat(),
            ),
        )
        (number,) = self._db.execute(
            "SELECT COALESCE(MAX(number), 0) FROM sessions WHERE user=?", (memory.user,)
        ).fetchone()
        rows = [
            (
                memory.user,
                number + offset,
                session.session_id,
                session.time.isoformat() if session.time else None,
                json.dumps([[t.role, t.content] for t in session.turns], ensure_ascii=False),
            )
            for offset, session in enumerate(sessions, start=1)
        ]
        self._db.executemany("INSERT INTO sessions VALUES (?,?,?,?,?)", rows)

    def get(self, user: str, version: int | None = None) -> Memory:
        """Return a version of a user's memory, the newest by default."""
        with self._lock, self._told("read"):
            wanted = self._latest(user) if version is None else version
            row = self._db.execute(
                "SELECT file FROM memories WHERE user=? AND version=?", (user, wanted)
            ).fetchone()
            if row is None:
                raise _unknown(user)
            try:
                return Memory.decode((self.home / row[0]).read_bytes())
            except FileNotFoundError as error:
                raise StoreError(
                    f"The file of version {wanted} of user '{user}' is missing under "
                    f"'{self.home}'; restore it from a backup or run `lpm forget {user}`."
                ) from error

    def get_history(self, user: str) -> History | None:
        """Return the sessions stored for a user."""
        with self._lock, self._told("read"):
            rows = self._db.execute(
                "SELECT session_id, time, turns FROM sessions WHERE user=? ORDER BY number", (user,)
            ).fetchall()
        sessions = [
            Session(
                name,
                tuple(Turn(role, content) for role, content in json.loads(turns)),
                datetime.fromisoformat(time) if time else None,
            )
            for name, time, turns in rows
        ]
        if sessions and all(session.time for session in sessions):
            sessions.sort(key=lambda s: s.time.timestamp() if s.time else 0.0)
        return History(tuple(sessions)) if sessions else None

    def users(self) -> tuple[UserSummary, ...]:
        """List the users by name, each with its newest version."""
        with self._lock, self._told("read"):
            rows = self._db.execute(
                "SELECT user, version, num_slots, num_sessions, size_bytes, created_at, updated_at "
                "FROM memories AS m WHERE version = "
                "(SELECT MAX(version) FROM memories WHERE user = m.user) ORDER BY user"
            ).fetchall()
        return tuple(UserSummary(*row) for row in rows)

    def versions(self, user: str) -> tuple[int, ...]:
        """List the stored versions of a user, oldest first."""
        with self._lock, self._told("read"):
            rows = self._db.execute(
                "SELECT version FROM memories WHERE user=? ORDER BY version", (user,)
            ).fetchall()
        return tuple(row[0] for row in rows)

    def delete(self, user: str) -> ForgetReport:
        """Remove every version, session and byte of a user."""
        with self._lock, self._told("deleted"):
            with self._transaction():
                rows = self._db.execute(
                    "SELECT file, size_bytes FROM memories WHERE user=?", (user,)
                ).fetchall()
                if not rows:
                    raise _unknown(user)
                self._db.execute("DELETE FROM memories WHERE user=?", (user,))
                self._db.execute("DELETE FROM sessions WHERE user=?", (user,))
            # A file that outlives a crash here has no row, so the next opening removes it.
            for name, _ in rows:
                (self.home / name).unlink(missing_ok=True)
            folder = self._path(user, 1).parent
            for left in folder.glob(".part-*"):
                left.unlink()
            if folder.exists():
                folder.rmdir()
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return ForgetReport(user, len(rows), sum(size for _, size in rows))

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def _path(self, user: str, version: int) -> Path:
        folder = hashlib.sha256(user.encode()).hexdigest()[:32]
        return self.home / "memories" / folder / f"{version}.safetensors"

    def _latest(self, user: str) -> int | None:
        query = "SELECT MAX(version) FROM memories WHERE user=?"
        latest: int | None = self._db.execute(query, (user,)).fetchone()[0]
        return latest

    def _migrate(self) -> None:
        with self._told("opened"), self._transaction():
            self._db.execute("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT")
            done = {row[0] for row in self._db.execute("SELECT name FROM migrations")}
            newer = done - {name for name, _ in MIGRATIONS}
            if newer:
                raise StoreError(
                    f"'{self.home}' was written by a newer release (migration {min(newer)}). "
                    "Install that release."
                )
            for name, statements in MIGRATIONS:
                if name not in done:
                    for statement in statements.split(";"):
                        self._db.execute(statement)
                    self._db.execute("INSERT INTO migrations VALUES (?)", (name,))

    def _remove_orphans(self) -> None:
        with self._lock, self._told("opened"), self._transaction():
            named = {row[0] for row in self._db.execute("SELECT file FROM memories")}
            for path in (self.home / "memories").glob("*/*"):
                if str(path.relative_to(self.home)) not in named:
                    path.unlink()
            for folder in (self.home / "memories").iterdir():
                if folder.is_dir() and not os.listdir(folder):
                    folder.rmdir()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Run the body in one immediate transaction: one writer at a time, across processes."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _told(self, verb: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The store under '{self.home}' could not be {verb} ({error}). Check free space, "
                "rights and whether another process holds it."
            ) from error


def _unknown(user: str) -> UnknownUserError:
    return UnknownUserError(
        f"Nothing is stored for user '{user}'. Run `lpm users` to see who is, or "
        f"`lpm remember {user} FILE`."
    )
