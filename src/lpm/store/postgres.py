"""A store in PostgreSQL, for services: many processes, many machines."""

from __future__ import annotations

from hashlib import blake2b
from importlib.util import find_spec
from urllib.parse import urlsplit

from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from lpm.errors import InputError, MissingExtraError, StoreError
from lpm.store.blobs import Blobs
from lpm.store.encryption import MasterKeys
from lpm.store.failures import told
from lpm.store.migrating import migrate
from lpm.store.sql import SQLStore

CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 30
OLDEST_SERVER = (13,)


class PostgresStore(SQLStore):
    """A store in one PostgreSQL database; see `MemoryStore` for what it promises.

    Removing deletes the rows. `vacuum=True` also rewrites the tables (VACUUM FULL), which locks
    them for all users meanwhile and leaves no copy in their pages; without it the bytes stay in
    dead rows until autovacuum frees them and new rows overwrite them. In both cases the server
    keeps them in its write-ahead log until those segments are recycled, and in archives, replicas
    and backups for as long as these are kept. What `put` has returned from is as durable as the
    server's `synchronous_commit` says; `on` is its default.
    """

    def __init__(
        self,
        url: str,
        *,
        blobs: Blobs | None = None,
        master_keys: MasterKeys | None = None,
        pool_size: int = 5,
        max_overflow: int = 10,
    ) -> None:
        """url: postgresql://user:password@host:port/database. The pool is per process."""
        if find_spec("psycopg") is None:
            raise MissingExtraError(
                "A PostgreSQL store needs the extra `postgres`: "
                "pip install 'latent-personal-memory[postgres]'."
            )
        try:
            parsed = make_url(url).set(drivername="postgresql+psycopg")
            # Checks what `make_url` lets through, such as a bracket that is never closed.
            urlsplit(url)
            # `from None`: the error would carry the password.
        except (ArgumentError, ValueError):
            raise InputError(
                "The store's address is no URL; give postgresql://user:password@host:port/database."
            ) from None
        engine = create_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=max_overflow,
            pool_pre_ping=True,
            hide_parameters=True,
            # Prepared statements do not survive a pooler such as PgBouncer in between.
            connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
        )
        port = f":{parsed.port}" if parsed.port else ""
        place = f"postgresql://{parsed.host or ''}{port}/{parsed.database}"
        super().__init__(engine, place, blobs=blobs, master_keys=master_keys)
        try:
            with self._connection("opened", writing=True) as db:
                found = engine.dialect.server_version_info or ()
                if found < OLDEST_SERVER:
                    raise StoreError(
                        f"'{self.place}' is PostgreSQL {'.'.join(map(str, found))}, but "
                        f"{OLDEST_SERVER[0]} or newer is needed."
                    )
                _lock(db, b"lpm migrations")
                migrate(db, self.place)
            self._opened()
        except BaseException:
            engine.dispose()
            raise

    def _prepare(self, db: Connection, *, writing: bool) -> None:
        # A writer must see, once it holds the lock, what the one before it wrote; a reader asks
        # two questions about one moment.
        db.execution_options(isolation_level="READ COMMITTED" if writing else "REPEATABLE READ")

    def _lock_user(self, db: Connection, user: str) -> None:
        _lock(db, f"{self.tenant}\0{user}".encode())

    def _lock_queue(self, db: Connection) -> None:
        _lock(db, b"lpm queue")

    def _erase(self, vacuum: bool | None) -> None:
        if vacuum:
            with (
                told(self.place, "vacuumed; what was asked is removed, but"),
                self._engine.connect() as db,
            ):
                db.execution_options(isolation_level="AUTOCOMMIT")
                db.exec_driver_sql("VACUUM (FULL) lpm_memories, lpm_sessions, lpm_keys, lpm_jobs")


def _lock(db: Connection, name: bytes) -> None:
    """Take the lock of that name until the transaction ends."""
    key = int.from_bytes(blake2b(name, digest_size=8).digest(), signed=True)
    db.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
    db.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (key,))
