"""SQLite: erasure to the last byte, rights, and homes that cannot be used."""

from __future__ import annotations

import os
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import torch

from lpm.errors import StoreError
from lpm.memory import Memory
from lpm.store import MemoryStore, open_store
from lpm.types import Session, SlotSource, Turn

MARKERS = [b"planted-user-name", b"planted-session", b"planted-message-text", b"planted-late-text"]


def make_memory(user: str = "ann") -> Memory:
    session = "planted-session" if user.startswith("planted") else "s"
    taught = ((SlotSource(session, 0, 1.0),),) * 2
    slots = torch.randn(1, 2, 64)
    return Memory.create(user, slots, taught, (), backbone="b", projector="p")


def put_planted(store: MemoryStore) -> list[bytes]:
    """Store a user with several versions among others; return what must vanish with them."""
    first = make_memory("planted-user-name")
    # Long enough for pages of their own, and for several writes that move rows about.
    text = "planted-message-text " * 2000
    store.put(first, [Session("planted-session", (Turn("user", text),))])
    for number in range(8):
        store.put(make_memory(f"other {number}"))
    second = first.updated(slots=first.slots + 1)
    store.put(second, [Session("planted-session-2", (Turn("user", "planted-late-text"),))])
    store.rollback("planted-user-name", 1)
    raw = [memory.slots.numpy().tobytes()[:64] for memory in (first, second)]
    return [*MARKERS, *raw]


def found(folder: Path, markers: list[bytes]) -> set[bytes]:
    """Return the markers that occur in any file, or file name, under a folder."""
    seen = set()
    for path in folder.rglob("*"):
        content = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        seen |= {marker for marker in markers if marker in content}
    return seen


@pytest.mark.parametrize("objects", [False, True], ids=["rows", "objects"])
def test_not_one_byte_of_a_forgotten_user_is_left(tmp_path: Path, objects: bool):
    home = tmp_path / "home"
    address = f"file://{tmp_path / 'home' / 'objects'}" if objects else None
    store = open_store(home, blobs=address)
    markers = put_planted(store)
    assert found(home, markers) == set(markers)
    store.delete("planted-user-name")
    assert found(home, markers) == set()
    assert [summary.user for summary in store.users()] == [f"other {n}" for n in range(8)]
    store.close()
    assert found(home, markers) == set()


def test_not_one_byte_of_a_deleted_session_or_a_pruned_version_is_left(tmp_path: Path):
    store = open_store(tmp_path)
    markers = put_planted(store)
    assert store.delete_session("planted-user-name", "planted-session-2") == 1
    assert found(tmp_path, [b"planted-late-text"]) == set()
    assert store.prune_versions("planted-user-name", 1) == 2
    kept = store.get("planted-user-name").slots.numpy().tobytes()[:64]
    assert kept == markers[-2]
    assert found(tmp_path, markers[-1:]) == set()
    store.close()


def test_an_erasure_that_a_reader_holds_up_is_told_and_finished_later(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("lpm.store.sqlite.BUSY_TIMEOUT_S", 0.2)
    store = open_store(tmp_path)
    markers = put_planted(store)
    with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM lpm_memories").fetchone()
        with pytest.raises(StoreError, match=r"what was asked is removed|is removed from"):
            store.delete("planted-user-name")
        assert store.versions("planted-user-name") == ()
        assert found(tmp_path, markers)
    store.close()
    open_store(tmp_path).close()
    assert found(tmp_path, markers) == set()


def test_readers_and_a_writer_do_not_wait_for_each_other(tmp_path: Path):
    store = open_store(tmp_path)
    store.put(make_memory())
    with closing(sqlite3.connect(tmp_path / "lpm.sqlite3", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        reading = threading.Thread(target=store.get, args=("ann",))
        reading.start()
        reading.join(timeout=20)
        assert not reading.is_alive()
    store.close()


def test_homes_are_private(tmp_path: Path):
    store = open_store(tmp_path / "home")
    store.put(make_memory())
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
    for path in (tmp_path / "home").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path.name
    store.close()


def test_a_file_in_place_of_the_home_is_named(tmp_path: Path):
    (tmp_path / "home").write_text("x")
    with pytest.raises(StoreError, match="home"):
        open_store(tmp_path / "home")


def test_a_database_that_is_none_is_refused_and_left_as_it_is(tmp_path: Path):
    (tmp_path / "lpm.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(StoreError):
        open_store(tmp_path)
    assert (tmp_path / "lpm.sqlite3").read_bytes() == b"no database" * 100


def change(home: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(home / "lpm.sqlite3")) as db, db:
        assert db.execute(statement, values).rowcount


@pytest.mark.parametrize(
    ("statement", "value", "said"),
    [
        ("UPDATE lpm_memories SET data=?", None, "missing"),
        ("UPDATE lpm_memories SET data=?", b"planted garbage" * 9, "damaged"),
        ("UPDATE lpm_memories SET user_id=?", "bob", "another memory"),
        ("UPDATE lpm_memories SET blob=?", "0" * 32 + ".safetensors", "object store"),
    ],
)
def test_a_version_that_cannot_be_read_is_named_and_can_be_deleted(
    tmp_path: Path, statement: str, value: object, said: str
):
    with closing(open_store(tmp_path)) as store:
        store.put(make_memory())
        change(tmp_path, statement, value)
        user = store.users()[0].user
        with pytest.raises(StoreError, match=said) as caught:
            store.get(user)
        assert "planted" not in str(caught.value)
        assert store.delete(user).versions_removed == 1


@pytest.mark.parametrize("column", ["facts", "turns"])
def test_a_damaged_session_is_told_without_its_text(tmp_path: Path, column: str):
    with closing(open_store(tmp_path)) as store:
        store.put(make_memory(), [Session("s", (Turn("user", "hello"),))])
        change(tmp_path, f"UPDATE lpm_sessions SET {column}=?", b'[["planted')
        with pytest.raises(StoreError, match="damaged") as caught:
            store.get_history("ann")
        assert "planted" not in str(caught.value)
        store.delete("ann")


def test_errors_of_the_database_hold_no_text_of_the_user(tmp_path: Path):
    with closing(open_store(tmp_path)) as store:
        change_tables = "ALTER TABLE lpm_sessions RENAME TO elsewhere"
        with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as db:
            db.execute(change_tables)
        with pytest.raises(StoreError) as caught:
            store.put(make_memory(), [Session("s", (Turn("user", "planted text"),))])
        assert "planted" not in repr(caught.value)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_folder_that_was_there_keeps_its_rights(tmp_path: Path):
    os.chmod(tmp_path, 0o755)
    open_store(tmp_path).close()
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_users_who_are_deleted_at_the_same_time_do_not_keep_the_log_from_each_other(tmp_path):
    store = open_store(tmp_path)
    users = [f"user{number}" for number in range(48)]
    for user in users:
        store.put(make_memory(user))
    with ThreadPoolExecutor(12) as pool:
        reports = list(pool.map(store.delete, users))
    assert [report.user for report in reports] == users
