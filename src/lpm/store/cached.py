"""Hot memories: those asked for last stay decoded in this process, up to a number of bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from lpm.errors import InputError, UnknownUserError
from lpm.memory import Memory
from lpm.store.base import MemoryStore
from lpm.store.jobs import JobQueue, Ticket
from lpm.store.records import (
    ExpiredSession,
    StoredSession,
    VersionStamp,
    VersionSummary,
)
from lpm.types import ForgetReport, History, KeepHistory, Session, UserOrder, UserSummary

# What a source or a session record takes beside the slots, measured generously.
BYTES_PER_RECORD = 400


@dataclass(frozen=True)
class CacheStatistics:
    """How often a newest memory was at hand, since the store was opened."""

    hits: int
    misses: int
    evictions: int
    memories: int
    size_bytes: int

    @property
    def hit_rate(self) -> float:
        """Return the share of hits, 0 before the first question."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else 0.0


class HotMemories:
    """The least recently used go first; safe between threads."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._kept: OrderedDict[tuple[str, str], tuple[VersionStamp, Memory, int]] = OrderedDict()
        self._bytes = self._hits = self._misses = self._evictions = self._drops = 0
        self._lock = threading.Lock()

    def get(self, key: tuple[str, str], stamp: VersionStamp) -> Memory | None:
        """Return the memory of a (tenant, user) if it is the one of that stamp."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None and found[0] == stamp:
                self._kept.move_to_end(key)
                self._hits += 1
                return found[1]
            self._misses += 1
            self._remove(key)
            return None

    @property
    def drops(self) -> int:
        """Count the calls of `drop`."""
        with self._lock:
            return self._drops

    def keep(self, key: tuple[str, str], stamp: VersionStamp, memory: Memory, drops: int) -> None:
        """Keep a memory in place of the user's former one, unless it is larger than the whole.

        drops: their number before the memory was read; what was dropped since must not come back.
        """
        size = estimated_bytes(memory)
        if size > self.max_bytes:
            return
        with self._lock:
            if drops != self._drops:
                return
            self._remove(key)
            self._kept[key] = (stamp, memory, size)
            self._bytes += size
            while self._bytes > self.max_bytes:
                self._remove(next(iter(self._kept)))
                self._evictions += 1

    def drop(self, key: tuple[str, str]) -> None:
        """Let go of a user's memory."""
        with self._lock:
            self._drops += 1
            self._remove(key)

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def statistics(self) -> CacheStatistics:
        """Return the counters."""
        with self._lock:
            return CacheStatistics(
                self._hits, self._misses, self._evictions, len(self._kept), self._bytes
            )

    def _remove(self, key: tuple[str, str]) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= found[2]


class CachedStore:
    """Any store, with its hot memories kept; see `MemoryStore` for what it promises.

    Every `get` of a newest version asks the store for its stamp, one small question, so that what
    another process wrote or deleted is seen at once: saved are the transfer, the opening and the
    decoding of the bytes. Old versions are never kept. Each caller gets slots of its own. What
    another process deletes stays in this one's memory, unserved, until it is asked for or pushed
    out.
    """

    def __init__(self, store: MemoryStore, max_bytes: int) -> None:
        """max_bytes: of slots and records, over all tenants."""
        if max_bytes < 1:
            raise InputError(f"`max_bytes` must be 1 or more, but is {max_bytes}.")
        self._store = store
        self._hot = HotMemories(max_bytes)
        self.tenant = store.tenant
        self._owner = True

    def statistics(self) -> CacheStatistics:
        """Return hits, misses, evictions and size, over all tenants."""
        return self._hot.statistics()

    def get(self, user: str, version: int | None = None) -> Memory:
        """Return a version of a user's memory, the newest by default."""
        if version is not None:
            return self._store.get(user, version)
        drops = self._hot.drops
        try:
            stamp = self._store.stamp(user)
        except UnknownUserError:
            self._hot.drop((self.tenant, user))
            raise
        return self._newest(user, stamp, drops)

    def get_many(self, users: Sequence[str]) -> dict[str, Memory]:
        """Return the newest memories of several users, by one question for all their stamps."""
        drops = self._hot.drops
        stamps = self._store.stamps(users)
        found = {}
        for user, stamp in stamps.items():
            # Deleted since its stamp was read.
            with suppress(UnknownUserError):
                found[user] = self._newest(user, stamp, drops)
        for user in users:
            if user not in stamps:
                self._hot.drop((self.tenant, user))
        return found

    def _newest(self, user: str, stamp: VersionStamp, drops: int) -> Memory:
        key = (self.tenant, user)
        memory = self._hot.get(key, stamp)
        if memory is None:
            # Read after the stamp: what is kept under it is never older than it.
            memory = self._store.get(user)
            if memory.version == stamp.version:
                self._hot.keep(key, stamp, memory, drops)
        return replace(memory, slots=memory.slots.clone())

    def put(
        self,
        memory: Memory,
        sessions: Sequence[Session] = (),
        *,
        keep_history: KeepHistory = "full",
        expires_at: datetime | None = None,
    ) -> None:
        """Store a new version."""
        self._store.put(memory, sessions, keep_history=keep_history, expires_at=expires_at)

    def delete(
        self, user: str, *, version: int | None = None, vacuum: bool | None = None
    ) -> ForgetReport:
        """Remove every version, session and byte of a user, here too."""
        try:
            return self._store.delete(user, version=version, vacuum=vacuum)
        finally:
            self._hot.drop((self.tenant, user))

    def for_tenant(self, tenant: str) -> Self:
        """Return the same store for another namespace of users; they share the bytes."""
        return self._view(self._store.for_tenant(tenant))

    def for_job(self, ticket: Ticket) -> Self:
        """Return the same store, whose next `put` also ends a job."""
        return self._view(self._store.for_job(ticket))

    @property
    def queue(self) -> JobQueue:
        """Return the jobs of the tenant."""
        return self._store.queue

    def _view(self, store: MemoryStore) -> Self:
        other = object.__new__(type(self))
        other._store, other._hot = store, self._hot
        other.tenant, other._owner = store.tenant, False
        return other

    def close(self) -> None:
        """Let go of all memories and close the store; a tenant's own view closes nothing."""
        if self._owner:
            self._hot.clear()
            self._store.close()

    def rollback(self, user: str, version: int) -> Memory:
        """Add a version equal to an old one."""
        return self._store.rollback(user, version)

    def get_history(self, user: str) -> History | None:
        """Return the sessions with text that the newest version has learnt from."""
        return self._store.get_history(user)

    def sessions(self, user: str, *, every: bool = False) -> tuple[StoredSession, ...]:
        """List the sessions that the newest version has learnt from."""
        return self._store.sessions(user, every=every)

    def stamp(self, user: str) -> VersionStamp:
        """Return the stamp of a user's newest version."""
        return self._store.stamp(user)

    def stamps(self, users: Sequence[str]) -> dict[str, VersionStamp]:
        """Return the stamps of several users' newest versions."""
        return self._store.stamps(users)

    def versions(self, user: str) -> tuple[int, ...]:
        """List the stored versions of a user, oldest first."""
        return self._store.versions(user)

    def version_log(self, user: str) -> tuple[VersionSummary, ...]:
        """List the stored versions, oldest first: when each was made, and from what."""
        return self._store.version_log(user)

    def users(
        self,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        updated_since: datetime | None = None,
        order: UserOrder = "user",
    ) -> tuple[UserSummary, ...]:
        """List users, each with the newest version."""
        return self._store.users(
            prefix=prefix, after=after, limit=limit, updated_since=updated_since, order=order
        )

    def expired(self, now: datetime, *, limit: int = 1000) -> tuple[ExpiredSession, ...]:
        """List sessions of all users of the tenant whose time has come."""
        return self._store.expired(now, limit=limit)

    def delete_session(self, user: str, session: str, *, vacuum: bool | None = None) -> int:
        """Remove the sessions of that identifier or content hash."""
        return self._store.delete_session(user, session, vacuum=vacuum)

    def erase_part(
        self,
        memory: Memory,
        *,
        removed: Collection[str] = (),
        edited: Mapping[str, Session] | None = None,
        vacuum: bool | None = None,
    ) -> int:
        """Store a version in the place of all others, and take text away, here too."""
        try:
            return self._store.erase_part(memory, removed=removed, edited=edited, vacuum=vacuum)
        finally:
            self._hot.drop((self.tenant, memory.user))

    def prune_versions(self, user: str, keep: int, *, vacuum: bool | None = None) -> int:
        """Remove all but the newest `keep` versions."""
        return self._store.prune_versions(user, keep, vacuum=vacuum)


def estimated_bytes(memory: Memory) -> int:
    """Return what a decoded memory takes: its tensors, and 400 bytes a source and session."""
    records = len(memory.sessions) + sum(1 + len(slot) for slot in memory.provenance)
    tensors = [memory.slots, memory.subjects]
    if memory.superseded is not None:
        tensors += [memory.superseded.slots, memory.superseded.subjects]
    held = sum(tensor.nbytes for tensor in tensors if tensor is not None)
    return held + BYTES_PER_RECORD * records
