"""A store over SQLAlchemy Core: all that SQLite and PostgreSQL share."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from lpm.errors import InputError, OvertakenError, UnknownUserError
from lpm.memory import Memory, validate_user
from lpm.store.encryption import Cipher
from lpm.store.failures import unknown_user
from lpm.store.job_rows import drop_jobs, end_job
from lpm.store.jobs import JobGoneError, JobQueue
from lpm.store.key_rows import find_cipher
from lpm.store.listing import users_query
from lpm.store.records import (
    ExpiredSession,
    StoredSession,
    VersionStamp,
    VersionSummary,
)
from lpm.store.rotation import KeyRotation
from lpm.store.rows import (
    NewSession,
    decode_numbers,
    decode_session,
    new_sessions,
    read_time,
    utc_text,
)
from lpm.store.schema import MEMORIES, SESSIONS
from lpm.store.transactions import faster
from lpm.store.user_rows import KeptSession, UserRows, newest_stamps
from lpm.types import (
    ForgetReport,
    History,
    KeepHistory,
    Session,
    UserOrder,
    UserSummary,
    in_time,
)

_M, _S = MEMORIES.c, SESSIONS.c


class SQLStore(KeyRotation):
    """What `MemoryStore` promises, on one engine; a subclass says how to lock and to erase.

    With master keys it also rotates keys; see `rotate_keys` and `rotate_data_key`.
    """

    @property
    def queue(self) -> JobQueue:
        """Return the jobs of the tenant."""
        return self

    # Writing

    def put(
        self,
        memory: Memory,
        sessions: Sequence[Session] = (),
        *,
        keep_history: KeepHistory = "full",
        expires_at: datetime | None = None,
    ) -> None:
        """Store a new version with the sessions it was learnt from."""
        kept, data = new_sessions(sessions, keep_history, expires_at), memory.encode()
        self._seal_plain(memory.user)
        with self._adding(memory.user) as (rows, blob):
            latest, learnt = rows.head()
            if memory.version != latest + 1:
                raise _overtaken(memory.user, memory.version, latest)
            numbers = rows.keep_sessions(kept)
            payload = self._payload(rows, memory.version, data, blob)
            rows.insert(memory, payload, len(data), learnt | numbers, numbers)
            self._end_job(rows, memory.version)
        if self._ticket is not None and self._ticket.erase:
            self._clean_later()

    def rollback(self, user: str, version: int) -> Memory:
        """Add a version equal to an old one; sessions that came after it no longer count."""
        self._seal_plain(user)
        with self._adding(user) as (rows, blob):
            row = rows.version(version)
            latest, _ = rows.head()
            restored = self._decode(rows, row, self._bytes(row)).updated(version=latest + 1)
            data, learnt = restored.encode(), decode_numbers(row.learnt)
            payload = self._payload(rows, restored.version, data, blob)
            rows.insert(restored, payload, len(data), learnt, set(), restored_from=version)
        return restored

    # Reading

    def get(self, user: str, version: int | None = None) -> Memory:
        """Return a version of a user's memory, the newest by default."""
        for tries_left in (1, 0):
            with self._reading(user) as rows:
                row = rows.version(version)
            data = self._bytes(row)
            # An object that is gone: its version was removed meanwhile, or it is really missing.
            if data is not None or row.blob is None or not tries_left:
                return self._decode(rows, row, data)
        raise AssertionError("unreachable")

    def get_many(self, users: Sequence[str]) -> dict[str, Memory]:
        """Return the newest memories of several users, without those who have none."""
        found = {}
        for user in self.stamps(users):
            # Deleted since its stamp was read.
            with suppress(UnknownUserError):
                found[user] = self.get(user)
        return found

    def get_history(self, user: str) -> History | None:
        """Return the sessions with text that the newest version has learnt from."""
        found = [
            decode_session(session.facts, session.turns)
            for session in self._kept_sessions(user)
            if session.turns is not None
        ]
        return History(in_time(found, [session.time for session in found])) if found else None

    def sessions(self, user: str, *, every: bool = False) -> tuple[StoredSession, ...]:
        """List the sessions that the newest version has learnt from, as they came."""
        return tuple(
            StoredSession(
                session.facts.session_id,
                session.facts.content_hash,
                read_time(session.facts.time),
                read_time(session.expires_at),
                session.turns is not None,
            )
            for session in self._kept_sessions(user, every)
        )

    def stamp(self, user: str) -> VersionStamp:
        """Return the stamp of a user's newest version."""
        with self._reading(user, opened=False) as rows:
            return rows.stamp()

    def stamps(self, users: Sequence[str]) -> dict[str, VersionStamp]:
        """Return the stamps of the newest versions of several users, without unknown ones."""
        for user in users:
            validate_user(user)
        with self._connection("read", writing=False) as db:
            return newest_stamps(db, self.tenant, users)

    def versions(self, user: str) -> tuple[int, ...]:
        """List the stored versions of a user, oldest first."""
        with self._reading(user, opened=False) as rows:
            return tuple(row.version for row in rows.versions())

    def version_log(self, user: str) -> tuple[VersionSummary, ...]:
        """List the stored versions, oldest first: when each was made, and from what."""
        with self._reading(user) as rows:
            stored, facts = rows.versions(), rows.facts()
        return tuple(
            VersionSummary(
                row.version,
                row.updated_at,
                tuple(facts[n].session_id for n in sorted(decode_numbers(row.added)) if n in facts),
                row.restored_from,
                row.num_slots,
                row.size_bytes,
            )
            for row in stored
        )

    def users(
        self,
        *,
        prefix: str = "",
        after: str = "",
        limit: int | None = None,
        updated_since: datetime | None = None,
        order: UserOrder = "user",
    ) -> tuple[UserSummary, ...]:
        """List users, each with the newest version; see `MemoryStore` for paging."""
        _check_limit(limit)
        query = users_query(self.tenant, prefix, after, updated_since, order).limit(limit)
        with self._connection("read", writing=False) as db:
            return tuple(UserSummary(**row._mapping) for row in db.execute(query))

    def expired(self, now: datetime, *, limit: int = 1000) -> tuple[ExpiredSession, ...]:
        """List sessions of all users of the tenant whose time has come, the oldest first."""
        _check_limit(limit)
        query = (
            select(_S.user_id, _S.number, _S.facts, _S.expires_at)
            .where(_S.tenant == self.tenant, _S.expires_at <= utc_text(now, "now"))
            .order_by(_S.expires_at, _S.user_id, _S.number)
            .limit(limit)
        )
        ciphers: dict[str, Cipher] = {}
        found = []
        with self._connection("read", writing=False) as db:
            for user, number, sealed, expires_at in db.execute(query).all():
                if user not in ciphers:
                    ciphers[user] = find_cipher(db, self._masters, self.tenant, user)
                rows = UserRows(db, self.tenant, user, ciphers[user])
                facts = rows.open_facts(number, sealed)
                time = datetime.fromisoformat(expires_at)
                found.append(ExpiredSession(user, facts.session_id, facts.content_hash, time))
        return tuple(found)

    # Removing

    def delete(
        self, user: str, *, version: int | None = None, vacuum: bool | None = None
    ) -> ForgetReport:
        """Remove every version, session and byte of a user."""
        with self._writing("changed", user, opened=False) as rows:
            stored = rows.versions()
            if version is not None and stored and stored[-1].version != version:
                raise faster(user)
            sizes = [row.size_bytes for row in stored]
            jobs = drop_jobs(rows)
            if sizes or jobs:
                rows.drop_all()
                self._promise_erasure(rows.db)
        if not sizes and not jobs:
            # A first write that died may have left an object.
            self._sweep(of_user=user)
            raise unknown_user(user)
        self._clean(vacuum, of_user=user)
        return ForgetReport(user, len(sizes), sum(sizes))

    def delete_session(self, user: str, session: str, *, vacuum: bool | None = None) -> int:
        """Remove the sessions of that identifier or content hash; return how many there were."""
        with self._writing("changed", user) as rows:
            if not rows.count():
                raise unknown_user(user)
            facts = rows.facts().items()
            gone = {n for n, f in facts if session in (f.session_id, f.content_hash)}
            if gone:
                rows.drop_sessions(gone)
                self._promise_erasure(rows.db)
        if gone:
            self._clean(vacuum)
        return len(gone)

    def erase_part(
        self,
        memory: Memory,
        *,
        removed: Collection[str] = (),
        edited: Mapping[str, Session] | None = None,
        vacuum: bool | None = None,
    ) -> int:
        """Store a version in the place of all others, and take text away; all of it or nothing."""
        data, shorter = memory.encode(), _by_hash(edited or {})
        self._seal_plain(memory.user)
        with self._adding(memory.user) as (rows, blob):
            latest, learnt = rows.head()
            if memory.version != latest + 1:
                raise _overtaken(memory.user, memory.version, latest)
            older = rows.count()
            gone: set[int] = set()
            for kept in rows.sessions():
                found = kept.facts.content_hash
                if found in removed or kept.number not in learnt:
                    gone.add(kept.number)
                elif (new := shorter.get(found)) is not None:
                    turns = None if kept.turns is None else new.turns
                    rows.reseal_session(KeptSession(kept.number, new.facts, turns, kept.expires_at))
            payload = self._payload(rows, memory.version, data, blob)
            rows.insert(memory, payload, len(data), learnt - gone, set())
            rows.drop_versions(latest)
            rows.drop_sessions(gone)
            self._promise_erasure(rows.db)
        self._clean(vacuum)
        return older

    def prune_versions(self, user: str, keep: int, *, vacuum: bool | None = None) -> int:
        """Remove all but the newest `keep` versions; return how many were removed."""
        if keep < 1:
            raise InputError(f"`keep` must be 1 or more, but is {keep}; `delete` removes a user.")
        with self._writing("changed", user) as rows:
            stored = rows.versions()
            if not stored:
                raise unknown_user(user)
            old, left = stored[:-keep], stored[-keep:]
            known: set[int] = set().union(*(decode_numbers(row.learnt) for row in left))
            forgotten = {*rows.facts()} - known
            if not old and not forgotten:
                return 0
            if old:
                rows.drop_versions(old[-1].version)
            rows.drop_sessions(forgotten)
            self._promise_erasure(rows.db)
        self._clean(vacuum)
        return len(old)

    def _kept_sessions(self, user: str, every: bool = False) -> list[KeptSession]:
        with self._reading(user) as rows:
            _, learnt = rows.head()
            return [kept for kept in rows.sessions() if every or kept.number in learnt]

    def _end_job(self, rows: UserRows, version: int) -> None:
        ticket = self._ticket
        if ticket is None:
            return
        if not end_job(rows.db, ticket, "done", version=version, error=None):
            raise JobGoneError(f"Job '{ticket.job_id}' was cancelled; its memory is not stored.")
        if ticket.erase:
            self._promise_erasure(rows.db)


def _by_hash(edited: Mapping[str, Session]) -> dict[str, NewSession]:
    shorter = new_sessions(list(edited.values()), "full", None)
    return dict(zip(edited, shorter, strict=True))


def _overtaken(user: str, version: int, latest: int) -> OvertakenError:
    return OvertakenError(
        f"Version {version} of user '{user}' cannot be stored after version {latest}: another "
        "writer was faster. Try again."
    )


def _check_limit(limit: int | None) -> None:
    if limit is not None and limit < 1:
        raise InputError(f"`limit` must be 1 or more, but is {limit}.")
