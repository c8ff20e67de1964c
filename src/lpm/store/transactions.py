"""Transactions of a store: one user's rows, opened by their cipher, locked for a writer."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Self

from sqlalchemy import Connection, Engine, Row, select
from sqlalchemy.exc import IntegrityError

from lpm.errors import MemoryFileError, OvertakenError, StoreError
from lpm.memory import Memory, validate_user
from lpm.store.blobs import Blobs
from lpm.store.encryption import PLAIN, MasterKeys
from lpm.store.failures import told
from lpm.store.job_rows import holds_jobs
from lpm.store.jobs import Ticket
from lpm.store.key_rows import find_cipher, make_cipher
from lpm.store.loose import claim, reserve, sweep
from lpm.store.schema import KEYS
from lpm.store.tracing import span
from lpm.store.user_rows import UserRows


class Transactions:
    """One engine, and the ways to work on it; a subclass says how to lock and to erase."""

    def __init__(
        self,
        engine: Engine,
        place: str,
        *,
        blobs: Blobs | None = None,
        master_keys: MasterKeys | None = None,
    ) -> None:
        """place: how errors name the store; no password. See `open_store` for the others."""
        self.place = place
        self.tenant = ""
        self._engine = engine
        self._blobs = blobs
        self._masters = master_keys
        self._ticket: Ticket | None = None
        self._closed = threading.Event()
        self._owner = True

    def for_tenant(self, tenant: str) -> Self:
        """Return the same store for another namespace of users; raises InputError for bad names."""
        if tenant:
            validate_user(tenant)
        other = copy.copy(self)
        other.tenant, other._owner = tenant, False
        return other

    def for_job(self, ticket: Ticket) -> Self:
        """Return the same store, whose next `put` also ends a job: both or neither."""
        other = self.for_tenant(ticket.tenant)
        other._ticket = ticket
        return other

    def close(self) -> None:
        """Close the store for all its tenants; a tenant's own view closes nothing."""
        if self._owner:
            self._closed.set()
            self._engine.dispose()

    # Bytes of a memory

    def _payload(
        self, rows: UserRows, version: int, data: bytes, blob: str | None
    ) -> dict[str, Any]:
        """Seal a memory's bytes, write them to the object if there is one; return the columns."""
        sealed = rows.cipher.seal(data, _place(version))
        if blob is None or self._blobs is None:
            return {"data": sealed, "blob": None}
        claim(rows.db, blob, rows.user)
        self._blobs.put(blob, sealed)
        return {"data": None, "blob": blob}

    def _bytes(self, row: Row[Any]) -> bytes | None:
        """Return a version's bytes as they are stored, None when they are missing."""
        if row.blob is None:
            data: bytes | None = row.data
            return data
        if self._blobs is None:
            raise StoreError(
                f"Memories of the store at '{self.place}' lie in an object store; open it with "
                "the `blobs` (LPM_BLOBS) that it was written with."
            )
        return self._blobs.get(row.blob)

    def _decode(self, rows: UserRows, row: Row[Any], data: bytes | None) -> Memory:
        """Return the memory of a row; raises StoreError when it is not the one the row names."""
        what = f"ersion {row.version} of user '{rows.user}' at '{self.place}'"
        then = f"restore the store from a backup or run `lpm forget {rows.user}`."
        if data is None:
            raise StoreError(f"The bytes of v{what} are missing; {then}")
        try:
            memory = Memory.decode(rows.cipher.open(data, _place(row.version)))
        except MemoryFileError as error:
            raise StoreError(f"V{what} is damaged; {then}") from error
        if (memory.user, memory.version) != (rows.user, row.version):
            raise StoreError(f"V{what} holds another memory; {then}")
        return memory

    # Objects that no version names

    def _reserve(self, user: str, count: int) -> list[str]:
        """Return names for new objects, noted so that a crash leaves none behind for ever."""
        if self._blobs is None:
            return []
        names = [self._blobs.new_name() for _ in range(count)]
        with self._connection("written", writing=True) as db:
            reserve(db, names, self.tenant, user)
        return names

    def _sweep(self, *, names: Sequence[str] = (), of_user: str | None = None) -> None:
        """Remove objects that no version names: those, a user's, and those of dead writers."""
        if self._blobs is None:
            return
        with self._connection("swept", writing=True) as db:
            sweep(db, self._blobs, names, None if of_user is None else (self.tenant, of_user))

    def _clean(self, vacuum: bool | None, *, of_user: str | None = None) -> None:
        """Remove what deleted rows left: objects, pages and logs."""
        try:
            self._sweep(of_user=of_user)
        finally:
            self._erase(vacuum)

    # What a backend adds

    def _lock_user(self, db: Connection, user: str) -> None:
        """Let no other writer of this user in until the transaction ends."""

    def _lock_queue(self, db: Connection) -> None:
        """Let no other worker choose a job until the transaction ends."""

    def _promise_erasure(self, db: Connection) -> None:
        """Note in the transaction that `_erase` must still run."""

    def _erase(self, vacuum: bool | None) -> None:
        """Remove what deleted rows left in pages and logs, as far as the backend can."""

    def _prepare(self, db: Connection, *, writing: bool) -> None:
        """Choose the kind of transaction, before it begins."""

    def _opened(self) -> None:
        """Finish what a dead process left, and refuse an encrypted store without its keys."""
        if self._masters is None:
            with self._connection("opened", writing=False) as db:
                if db.execute(select(KEYS.c.user_id).limit(1)).first() is not None:
                    raise StoreError(
                        f"The store at '{self.place}' is encrypted; open it with the `master_keys` "
                        "(LPM_MASTER_KEYS) that it was written with."
                    )
        self._sweep()

    @contextmanager
    def _adding(self, user: str) -> Iterator[tuple[UserRows, str | None]]:
        """Lock a user and yield their rows and the name of the object for a new version, if any."""
        validate_user(user)
        names = self._reserve(user, 1)
        try:
            with self._writing("written", user) as rows:
                yield self._with_key(rows), names[0] if names else None
        except BaseException:
            # What went wrong first is what to tell; what is left here goes with a later sweep.
            with suppress(StoreError):
                self._sweep(names=names)
            raise

    def _with_key(self, rows: UserRows) -> UserRows:
        """Give a user a key where the store is encrypted and nothing of theirs was stored yet."""
        if self._masters is None or rows.cipher is not PLAIN:
            return rows
        if rows.count() or holds_jobs(rows):
            raise faster(rows.user)
        made = make_cipher(rows.db, self._masters, self.tenant, rows.user)
        return replace(rows, cipher=made)

    @contextmanager
    def _writing(self, verb: str, user: str, *, opened: bool = True) -> Iterator[UserRows]:
        """opened: whether what is sealed will be read; erasing must work without the master key."""
        validate_user(user)
        with self._connection(verb, writing=True) as db:
            self._lock_user(db, user)
            masters = self._masters if opened else None
            try:
                yield UserRows(db, self.tenant, user, find_cipher(db, masters, self.tenant, user))
            except IntegrityError:
                # Only a writer that took no lock can get here; the tables' keys still hold.
                raise faster(user) from None

    @contextmanager
    def _reading(self, user: str, *, opened: bool = True) -> Iterator[UserRows]:
        """opened: whether what is sealed will be read."""
        validate_user(user)
        with self._connection("read", writing=False) as db:
            masters = self._masters if opened else None
            yield UserRows(db, self.tenant, user, find_cipher(db, masters, self.tenant, user))

    @contextmanager
    def _connection(self, verb: str, *, writing: bool) -> Iterator[Connection]:
        if self._closed.is_set():
            raise StoreError(f"The store at '{self.place}' is closed; open it again.")
        with (
            span(f"lpm.store.{'write' if writing else 'read'}"),
            told(self.place, verb),
            self._engine.connect() as db,
        ):
            self._prepare(db, writing=writing)
            with db.begin():
                yield db


def faster(user: str) -> OvertakenError:
    """Return the error for a writer that came too late."""
    return OvertakenError(
        f"User '{user}' could not be written: another writer was faster. Try again."
    )


def _place(version: int) -> str:
    return f"version {version}"
