"""The contract of a memory store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol, Self

from lpm.memory import Memory
from lpm.store.jobs import JobQueue, Ticket
from lpm.store.records import (
    ExpiredSession,
    StoredSession,
    VersionStamp,
    VersionSummary,
)
from lpm.types import ForgetReport, History, KeepHistory, Session, UserOrder, UserSummary


class MemoryStore(Protocol):
    """Keeps every version of every user's memory, and the sessions it was learnt from.

    Writing
    - `put` stores a new version and the sessions that came with it, both or neither. Its version
      is the latest stored one plus 1 (1 for a new user); any other raises StoreError, so that two
      writers of one user never overwrite each other. keep_history: "full" keeps the sessions,
      "hashes" only their identifier, time and content hash, "none" nothing; text that is not kept
      never touches the disk. A session whose content hash is stored already is not stored twice.
      expires_at: when the sessions of this put should go; see `expired`.
    - `rollback` adds a version that is equal to an old one and returns it; sessions that came
      later stay on disk but no longer count, until a rollback to their version or a prune.
    - What a write has returned from survives a crash of the process or the machine.

    Reading
    - `get` returns the newest or a given version; UnknownUserError when there is none. `get_many`
      returns the newest of several users by their names, without those who have none.
    - `get_history` returns the sessions with text that the newest version has learnt from, ordered
      by time where all have one (a time without a zone is UTC), else as they came; None without
      any.
    - `sessions` lists the same sessions, those without text too. every: also those that stay stored
      after a rollback and no longer count.
    - `stamp` names the newest version for ever, so that a cache can tell whether it still holds it;
      UnknownUserError without one. `stamps` are those of several users, by their names.
    - `versions` lists the stored versions, oldest first; `version_log` says when each was made and
      from which sessions. Both are empty for an unknown user.
    - `users` lists those that start with `prefix` and were written at `updated_since` or later,
      `limit` at most: by name, or by the time of the newest version, the latest first. after: the
      last one of the page before, as `page_mark` names it; by name that is the name.
    - `expired` lists sessions whose time has come, of all users of the tenant, the oldest first.

    Removing
    - `delete` removes every version, session and byte of a user; UnknownUserError without one.
      version: OvertakenError, and nothing removed, unless that is the newest one.
    - `erase_part` stores a version, which must be the next as in `put`, in the place of all others,
      whose number it returns; sessions whose content hash is `removed`, and those that no longer
      count, go with them, and of those `edited`, by their content hash, the text that is given
      stays; text that was not kept stays away. All of it or nothing.
    - `delete_session` removes the sessions of that identifier or content hash and returns how many
      there were. Slots learnt from them stay: learn the user again from `get_history`, put that,
      and prune. UnknownUserError when nothing is stored for the user.
    - `prune_versions` removes all but the newest `keep` versions, and sessions that none of these
      has learnt from; returns the number of versions removed.
    - vacuum: rewrite what is stored so that no copy of removed bytes stays in freed pages. None
      does what the backend can afford: SQLite rewrites, PostgreSQL does not.

    Jobs
    - `queue` holds what is to be done later; see `JobQueue`. `for_job` returns the same store,
      whose next `put` also ends that job: both or neither. JobGoneError, and nothing stored, when
      the job was cancelled or the user erased meanwhile.

    One store may be used from several threads, and one home by several processes. `for_tenant`
    returns the same store for another namespace of users; the default one is ''. Closing the store
    that was opened closes it for all tenants.
    """

    tenant: str

    def put(
        self,
        memory: Memory,
        sessions: Sequence[Session] = (),
        *,
        keep_history: KeepHistory = "full",
        expires_at: datetime | None = None,
    ) -> None: ...

    def rollback(self, user: str, version: int) -> Memory: ...

    def get(self, user: str, version: int | None = None) -> Memory: ...

    def get_many(self, users: Sequence[str]) -> dict[str, Memory]: ...

    def get_history(self, user: str) -> History | None: ...

    def sessions(self, user: str, *, every: bool = False) -> tuple[StoredSession, ...]: ...

    def stamp(self, user: str) -> VersionStamp: ...

    def stamps(self, users: Sequence[str]) -> dict[str, VersionStamp]: ...

    def versions(self, user: str) -> tuple[int, ...]: ...

    def version_log(self, user: str) -> tuple[VersionSummary, ...]: ...

    def users(
        self,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        updated_since: datetime | None = None,
        order: UserOrder = "user",
    ) -> tuple[UserSummary, ...]: ...

    def expired(self, now: datetime, *, limit: int = 1000) -> tuple[ExpiredSession, ...]: ...

    def delete(
        self, user: str, *, version: int | None = None, vacuum: bool | None = None
    ) -> ForgetReport: ...

    def erase_part(
        self,
        memory: Memory,
        *,
        removed: Collection[str] = (),
        edited: Mapping[str, Session] | None = None,
        vacuum: bool | None = None,
    ) -> int: ...

    def delete_session(self, user: str, session: str, *, vacuum: bool | None = None) -> int: ...

    def prune_versions(self, user: str, keep: int, *, vacuum: bool | None = None) -> int: ...

    def for_tenant(self, tenant: str) -> Self: ...

    @property
    def queue(self) -> JobQueue: ...

    def for_job(self, ticket: Ticket) -> Self: ...

    def close(self) -> None: ...
