"""Make the tables, and take over a home of the first layout: SQLite rows beside memory files."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from lpm.errors import MemoryFileError
from lpm.memory import Memory
from lpm.store.rows import SessionFacts, encode_facts, encode_numbers
from lpm.types import Session, Turn

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _text() -> Any:
    return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    memories = op.create_table(
        "lpm_memories",
        sa.Column("tenant", _text(), primary_key=True),
        sa.Column("user_id", _text(), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("data", sa.LargeBinary),
        sa.Column("blob", _text()),
        sa.Column("num_slots", sa.Integer, nullable=False),
        sa.Column("num_sessions", sa.Integer, nullable=False),
        sa.Column("size_bytes", sa.Integer, nullable=False),
        sa.Column("created_at", _text(), nullable=False),
        sa.Column("updated_at", _text(), nullable=False),
        sa.Column("restored_from", sa.Integer),
        sa.Column("learnt", _text(), nullable=False),
        sa.Column("added", _text(), nullable=False),
        sa.Column("stamp", _text(), nullable=False),
    )
    sessions = op.create_table(
        "lpm_sessions",
        sa.Column("tenant", _text(), primary_key=True),
        sa.Column("user_id", _text(), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("turns", sa.LargeBinary),
        sa.Column("expires_at", _text()),
    )
    op.create_index("lpm_sessions_by_expiry", "lpm_sessions", ["tenant", "expires_at"])
    op.create_table(
        "lpm_keys",
        sa.Column("tenant", _text(), primary_key=True),
        sa.Column("user_id", _text(), primary_key=True),
        sa.Column("master", _text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "lpm_loose_blobs",
        sa.Column("name", _text(), primary_key=True),
        sa.Column("tenant", _text(), nullable=False),
        sa.Column("user_id", _text(), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "lpm_erasures", sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
    )
    db = op.get_bind()
    if db.dialect.name != "sqlite":
        return
    if sa.inspect(db).has_table("memories"):
        _adopt(db, memories, sessions, context.config.attributes["home"])
    # The first release reads this table, and says that it is too old for this database.
    db.exec_driver_sql("CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY) STRICT")
    for name in ("0001-memories-and-sessions", "0002-alembic"):
        db.exec_driver_sql("INSERT OR IGNORE INTO migrations VALUES (?)", (name,))


def _adopt(db: sa.Connection, memories: sa.Table, sessions: sa.Table, home: Path) -> None:
    told = defaultdict(list)
    for row in db.exec_driver_sql("SELECT * FROM sessions ORDER BY user, number").mappings():
        content_hash = _content_hash(row["time"], row["turns"])
        told[row["user"]].append((row["number"], content_hash))
        db.execute(
            sessions.insert().values(
                tenant="",
                user_id=row["user"],
                number=row["number"],
                facts=encode_facts(SessionFacts(row["session_id"], content_hash, row["time"])),
                turns=row["turns"].encode(),
            )
        )
    waiting: dict[str, list[tuple[int, str]]] = dict(told)
    learnt: dict[str, set[int]] = defaultdict(set)
    rows = db.exec_driver_sql("SELECT * FROM memories ORDER BY user, version").mappings().all()
    newest = {row["user"]: row["version"] for row in rows}
    for row in rows:
        user, path = row["user"], home / row["file"]
        data = path.read_bytes() if path.is_file() else None
        left = waiting.get(user, [])
        last = row["version"] == newest[user]
        # The first layout did not say which version brought a session; the memory's hashes do.
        known = {content_hash for _, content_hash in left} if last else _hashes(data)
        added = {number for number, content_hash in left if content_hash in known}
        waiting[user] = [pair for pair in left if pair[0] not in added]
        learnt[user] |= added
        db.execute(
            memories.insert().values(
                tenant="",
                user_id=user,
                data=data,
                learnt=encode_numbers(learnt[user]),
                added=encode_numbers(added),
                stamp=secrets.token_hex(16),
                **{key: row[key] for key in _SAME},
            )
        )
    db.exec_driver_sql("DROP TABLE sessions")
    db.exec_driver_sql("DROP TABLE memories")


_SAME = ("version", "num_slots", "num_sessions", "size_bytes", "created_at", "updated_at")


def _content_hash(time: str | None, turns: str) -> str:
    try:
        pairs: Iterable[Any] = json.loads(turns)
        made = tuple(Turn(role, content) for role, content in pairs)
        return Session("", made, datetime.fromisoformat(time) if time else None).content_hash()
    except (TypeError, ValueError):
        # A damaged row is kept as it is: reading it says so, and its user can be deleted.
        return ""


def _hashes(data: bytes | None) -> set[str]:
    try:
        return {record.content_hash for record in Memory.decode(data or b"").sessions}
    except MemoryFileError:
        return set()
