"""Keys of an encrypted store: given anew to one user, or wrapped anew for all."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from sqlalchemy import select, union

from lpm.errors import InputError, StoreError
from lpm.memory import validate_user
from lpm.store.encryption import PLAIN, MasterKeys
from lpm.store.failures import unknown_user
from lpm.store.job_rows import holds_jobs, kept_jobs, reseal_job
from lpm.store.key_rows import make_cipher, rewrap
from lpm.store.queueing import Queueing
from lpm.store.schema import JOBS, MEMORIES
from lpm.store.transactions import faster
from lpm.store.user_rows import UserRows

_M, _J = MEMORIES.c, JOBS.c


class KeyRotation(Queueing):
    """What a store with master keys does with them."""

    def rotate_data_key(self, user: str) -> None:
        """Give a user a new data key and seal everything of theirs anew, what was plain too."""
        validate_user(user)
        self._reseal(user)
        self._clean(None)

    def rotate_keys(self) -> int:
        """Wrap the data keys of all tenants by the current master key; return how many changed.

        Users from before the store was encrypted are sealed. After it returns, the former master
        keys open nothing in this store.
        """
        masters = self._required_masters()
        with self._connection("read", writing=False) as db:
            users = union(select(_M.tenant, _M.user_id), select(_J.tenant, _J.user_id))
            everyone = db.execute(users).all()
        changed = 0
        for tenant, user in everyone:
            view = self.for_tenant(tenant)
            if view._is_plain(user):
                view._reseal(user)
                changed += 1
                continue
            with view._writing("changed", user) as rows:
                changed += rewrap(rows.db, masters, tenant, user)
                self._promise_erasure(rows.db)
        self._clean(None)
        return changed

    def _seal_plain(self, user: str) -> None:
        """Seal a user from before the store was encrypted."""
        if self._masters is not None and self._is_plain(user):
            self.rotate_data_key(user)

    def _is_plain(self, user: str) -> bool:
        with self._reading(user) as rows:
            return rows.cipher is PLAIN and (rows.count() > 0 or holds_jobs(rows))

    def _reseal(self, user: str) -> None:
        masters = self._required_masters()
        names = self._reserve(user, self._count(user))
        try:
            with self._writing("changed", user) as rows:
                self._reseal_rows(rows, masters, names)
                self._promise_erasure(rows.db)
        except BaseException:
            with suppress(StoreError):
                self._sweep(names=names)
            raise

    def _reseal_rows(self, rows: UserRows, masters: MasterKeys, names: list[str]) -> None:
        stored, kept, jobs = rows.versions(), rows.sessions(), kept_jobs(rows)
        if not stored and not jobs:
            raise unknown_user(rows.user)
        if self._blobs is not None and len(stored) != len(names):
            raise faster(rows.user)
        new = replace(rows, cipher=make_cipher(rows.db, masters, rows.tenant, rows.user))
        for index, summary in enumerate(stored):
            row = rows.version(summary.version)
            data = self._bytes(row)
            if data is None:
                continue
            memory = self._decode(rows, row, data)
            blob = names[index] if names else None
            new.set_payload(row.version, self._payload(new, row.version, memory.encode(), blob))
            if row.blob is not None:
                rows.loosen([row.blob], since=0)
        for session in kept:
            new.reseal_session(session)
        for job in jobs:
            reseal_job(new, job)

    def _required_masters(self) -> MasterKeys:
        if self._masters is None:
            raise InputError(
                f"The store at '{self.place}' was opened without `master_keys`; open it with them "
                "to rotate keys."
            )
        return self._masters

    def _count(self, user: str) -> int:
        with self._reading(user, opened=False) as rows:
            return rows.count()
