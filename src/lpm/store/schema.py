"""The tables of a store, the same for SQLite and PostgreSQL.

Migrations make them; a test compares what they make with what stands here.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

METADATA = MetaData()
VERSION_TABLE = "lpm_alembic_version"


def _text() -> TypeEngine[str]:
    # PostgreSQL would compare by the language of the database; paging needs one order everywhere.
    return Text().with_variant(Text(collation="C"), "postgresql")


MEMORIES = Table(
    "lpm_memories",
    METADATA,
    Column("tenant", _text(), primary_key=True),
    Column("user_id", _text(), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    # safetensors, sealed where the user has a key; NULL when the file of an old home was missing
    # or when the bytes lie in the object that `blob` names.
    Column("data", LargeBinary),
    Column("blob", _text()),
    Column("num_slots", Integer, nullable=False),
    Column("num_sessions", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("created_at", _text(), nullable=False),
    Column("updated_at", _text(), nullable=False),
    Column("restored_from", Integer),
    # Numbers of the sessions this version has learnt from, and of those that came with it.
    Column("learnt", _text(), nullable=False),
    Column("added", _text(), nullable=False),
    # Random: a version of the same number that comes after a deletion has another one.
    Column("stamp", _text(), nullable=False),
)

SESSIONS = Table(
    "lpm_sessions",
    METADATA,
    Column("tenant", _text(), primary_key=True),
    Column("user_id", _text(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # JSON in UTF-8, sealed where the user has a key: [identifier, content hash, time or null].
    Column("facts", LargeBinary, nullable=False),
    # The same of [role, content] of each turn; NULL when only the hash is kept.
    Column("turns", LargeBinary),
    # UTC with microseconds, so that text order is time order.
    Column("expires_at", _text()),
    Index("lpm_sessions_by_expiry", "tenant", "expires_at"),
)

# Each user's data key, wrapped by the master key of that name.
KEYS = Table(
    "lpm_keys",
    METADATA,
    Column("tenant", _text(), primary_key=True),
    Column("user_id", _text(), primary_key=True),
    Column("master", _text(), nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

# Objects that no version names: about to be written, or to be removed. `since` is Unix seconds.
LOOSE_BLOBS = Table(
    "lpm_loose_blobs",
    METADATA,
    Column("name", _text(), primary_key=True),
    Column("tenant", _text(), nullable=False),
    Column("user_id", _text(), nullable=False),
    Column("since", BigInteger, nullable=False),
)

# Work that is acknowledged now and done later; job_id begins with the time, so it orders them.
JOBS = Table(
    "lpm_jobs",
    METADATA,
    Column("job_id", _text(), primary_key=True),
    Column("tenant", _text(), nullable=False),
    Column("user_id", _text(), nullable=False),
    Column("kind", _text(), nullable=False),
    Column("state", _text(), nullable=False),
    # Sealed where the user has a key. The payload goes when the job ends, the note stays.
    Column("payload", LargeBinary),
    Column("note", LargeBinary),
    Column("created_at", _text(), nullable=False),
    Column("updated_at", _text(), nullable=False),
    # While it waits: not before then. While it runs: when its worker counts as dead.
    Column("due_at", _text(), nullable=False),
    Column("holder", _text()),
    Column("failures", Integer, nullable=False),
    Column("crashes", Integer, nullable=False),
    Column("step", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("loss", Double),
    Column("error", _text()),
    Column("version", Integer),
    Index("lpm_jobs_by_user", "tenant", "user_id"),
    Index("lpm_jobs_by_time", "state", "due_at"),
)

# A row while removed bytes may still lie in freed pages or in the log; the next opening finishes.
ERASURES = Table(
    "lpm_erasures", METADATA, Column("id", BigInteger, primary_key=True, autoincrement=False)
)
