"""One user's rows, seen from within one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, func, select

from lpm.memory import Memory
from lpm.store.encryption import Cipher
from lpm.store.failures import unknown_user
from lpm.store.records import VersionStamp
from lpm.store.rows import (
    NewSession,
    SessionFacts,
    decode_facts,
    decode_numbers,
    encode_facts,
    encode_numbers,
)
from lpm.store.schema import KEYS, LOOSE_BLOBS, MEMORIES, SESSIONS

_M, _S = MEMORIES.c, SESSIONS.c
_MAX_VERSION = 2**31 - 1


@dataclass(frozen=True)
class KeptSession:
    """A stored session, opened; turns is None where only the hash is kept."""

    number: int
    facts: SessionFacts
    turns: bytes | None
    expires_at: str | None


@dataclass(frozen=True)
class UserRows:
    """What is stored of one user of one tenant."""

    db: Connection
    tenant: str
    user: str
    cipher: Cipher

    # Versions

    def count(self) -> int:
        """Count the stored versions."""
        return self.db.execute(select(func.count()).where(self._mine(MEMORIES))).scalar_one()

    def head(self) -> tuple[int, set[int]]:
        """Return the newest version, 0 without one, and the sessions it has learnt from."""
        query = select(_M.version, _M.learnt).where(self._newest())
        row = self.db.execute(query).one_or_none()
        return (row.version, decode_numbers(row.learnt)) if row else (0, set())

    def versions(self) -> list[Row[Any]]:
        """Return all that is stored of each version but its bytes, oldest first."""
        columns = [column for column in _M if column.name != "data"]
        query = select(*columns).where(self._mine(MEMORIES)).order_by(_M.version)
        return list(self.db.execute(query).all())

    def stamp(self) -> VersionStamp:
        """Return the newest version's stamp; raises UnknownUserError without one."""
        query = select(_M.version, _M.stamp).where(self._newest())
        row = self.db.execute(query).one_or_none()
        if row is None:
            raise unknown_user(self.user)
        return VersionStamp(row.version, row.stamp)

    def version(self, version: int | None) -> Row[Any]:
        """Return version, data, blob and learnt of one; raises UnknownUserError without it."""
        row: Row[Any] | None = None
        # A number no column holds would be an error of the driver.
        if version is None or 1 <= version <= _MAX_VERSION:
            which = self._newest() if version is None else self._this(version)
            columns: list[ColumnElement[Any]] = [_M.version, _M.data, _M.blob, _M.learnt]
            row = self.db.execute(select(*columns).where(which)).one_or_none()
        if row is None:
            raise unknown_user(self.user, version if self.count() else None)
        return row

    def insert(
        self,
        memory: Memory,
        payload: dict[str, Any],
        size_bytes: int,
        learnt: set[int],
        added: set[int],
        restored_from: int | None = None,
    ) -> None:
        """Add a version; payload: its `data` and its `blob`, one of them None."""
        self.db.execute(
            MEMORIES.insert().values(
                tenant=self.tenant,
                user_id=memory.user,
                version=memory.version,
                num_slots=memory.slots.shape[1],
                num_sessions=len(memory.sessions),
                size_bytes=size_bytes,
                created_at=memory.created_at.isoformat(),
                updated_at=memory.updated_at.isoformat(),
                restored_from=restored_from,
                learnt=encode_numbers(learnt),
                added=encode_numbers(added),
                stamp=secrets.token_hex(16),
                **payload,
            )
        )

    def set_payload(self, version: int, payload: dict[str, Any]) -> None:
        """Put the same memory's bytes in another form or place."""
        self.db.execute(MEMORIES.update().where(self._this(version)).values(**payload))

    def drop_versions(self, up_to: int) -> None:
        """Delete versions up to a number, and loosen their objects."""
        old = and_(self._mine(MEMORIES), _M.version <= up_to)
        names = self.db.execute(select(_M.blob).where(old, _M.blob.is_not(None))).scalars()
        self.loosen([str(name) for name in names], since=0)
        self.db.execute(MEMORIES.delete().where(old))

    def drop_all(self) -> None:
        """Delete everything of the user, the key too; their objects become loose."""
        self.drop_versions(_MAX_VERSION)
        for table in (SESSIONS, KEYS):
            self.db.execute(table.delete().where(self._mine(table)))

    def loosen(self, names: Sequence[str], since: int) -> None:
        """Note objects that no version names, so that they are removed in the end."""
        for name in names:
            row = {"name": name, "tenant": self.tenant, "user_id": self.user, "since": since}
            self.db.execute(LOOSE_BLOBS.insert().values(**row))

    # Sessions

    def sessions(self) -> list[KeptSession]:
        """Return all stored sessions, those the newest version has not learnt from too."""
        query = (
            select(_S.number, _S.facts, _S.turns, _S.expires_at)
            .where(self._mine(SESSIONS))
            .order_by(_S.number)
        )
        return [
            KeptSession(
                row.number,
                self.open_facts(row.number, row.facts),
                None
                if row.turns is None
                else self.cipher.open(row.turns, f"turns of session {row.number}"),
                row.expires_at,
            )
            for row in self.db.execute(query)
        ]

    def facts(self) -> dict[int, SessionFacts]:
        """Return the facts of all stored sessions by their numbers, without the text."""
        query = select(_S.number, _S.facts).where(self._mine(SESSIONS)).order_by(_S.number)
        rows = self.db.execute(query).all()
        return {row.number: self.open_facts(row.number, row.facts) for row in rows}

    def keep_sessions(self, sessions: Sequence[NewSession]) -> set[int]:
        """Store sessions, each content once; return their numbers."""
        if not sessions:
            return set()
        stored = {facts.content_hash: number for number, facts in self.facts().items()}
        highest, numbers = max(stored.values(), default=0), set()
        for session in sessions:
            number = stored.get(session.facts.content_hash)
            if number is None:
                highest += 1
                number = stored[session.facts.content_hash] = highest
                row = {"tenant": self.tenant, "user_id": self.user, "number": number}
                self.db.execute(SESSIONS.insert().values(**row, **self._sealed(number, session)))
            else:
                values = self._sealed(number, session)
                if session.turns is None:
                    del values["turns"]
                self.db.execute(SESSIONS.update().where(self._session(number)).values(**values))
            numbers.add(number)
        return numbers

    def reseal_session(self, session: KeptSession) -> None:
        """Write a stored session anew, sealed by this cipher."""
        values = self._sealed(
            session.number, NewSession(session.facts, session.turns, session.expires_at)
        )
        self.db.execute(SESSIONS.update().where(self._session(session.number)).values(**values))

    def drop_sessions(self, numbers: set[int]) -> None:
        """Delete sessions and every mention of their numbers, which may be given again."""
        for number in sorted(numbers):
            self.db.execute(SESSIONS.delete().where(self._session(number)))
        for row in self.versions():
            left = {
                "learnt": encode_numbers(decode_numbers(row.learnt) - numbers),
                "added": encode_numbers(decode_numbers(row.added) - numbers),
            }
            if left != {"learnt": row.learnt, "added": row.added}:
                self.db.execute(MEMORIES.update().where(self._this(row.version)).values(**left))

    def _sealed(self, number: int, session: NewSession) -> dict[str, Any]:
        turns = session.turns
        return {
            "facts": self.cipher.seal(encode_facts(session.facts), f"facts of session {number}"),
            "turns": None
            if turns is None
            else self.cipher.seal(turns, f"turns of session {number}"),
            "expires_at": session.expires_at,
        }

    def open_facts(self, number: int, data: bytes) -> SessionFacts:
        """Return the facts of a session from its column."""
        return decode_facts(self.cipher.open(data, f"facts of session {number}"))

    def _mine(self, table: Any) -> ColumnElement[bool]:
        return and_(table.c.tenant == self.tenant, table.c.user_id == self.user)

    def _this(self, version: int) -> ColumnElement[bool]:
        return and_(self._mine(MEMORIES), _M.version == version)

    def _session(self, number: int) -> ColumnElement[bool]:
        return and_(self._mine(SESSIONS), _S.number == number)

    def _newest(self) -> ColumnElement[bool]:
        last = MEMORIES.alias()
        newest = select(func.max(last.c.version)).where(self._mine(last))
        return and_(self._mine(MEMORIES), _M.version == newest.scalar_subquery())


def newest_stamps(db: Connection, tenant: str, users: Sequence[str]) -> dict[str, VersionStamp]:
    """Return the newest version's stamp of each user who has one."""
    found = db.execute(_NEWEST, {"of_tenant": tenant, "users": users})
    return {row.user_id: VersionStamp(row.version, row.stamp) for row in found}


def _newest_of_many() -> Select[Any]:
    of_tenant = _M.tenant == bindparam("of_tenant")
    newest = (
        select(_M.user_id, func.max(_M.version).label("version"))
        .where(of_tenant, _M.user_id.in_(bindparam("users", expanding=True)))
        .group_by(_M.user_id)
        .subquery()
    )
    same = and_(_M.user_id == newest.c.user_id, _M.version == newest.c.version)
    return select(_M.user_id, _M.version, _M.stamp).join(newest, same).where(of_tenant)


_NEWEST = _newest_of_many()
