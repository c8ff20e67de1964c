"""PostgreSQL: its address, its server, its locks and what stays in its pages."""

from __future__ import annotations

import threading
from pathlib import Path

import psycopg
import pytest
import torch

from lpm.errors import InputError, MissingExtraError, StoreError
from lpm.memory import Memory
from lpm.store import open_store
from lpm.types import Session, SlotSource, Turn


def make_memory(user: str = "ann") -> Memory:
    taught = ((SlotSource("s", 0, 1.0),),) * 2
    return Memory.create(user, torch.randn(1, 2, 64), taught, (), backbone="b", projector="p")


def test_a_server_that_is_not_there_is_named_without_the_password():
    # Port 1 of loopback: nothing listens there.
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1/db") as caught:
        open_store("postgresql://lpm:planted-password@127.0.0.1:1/db")
    assert "planted-password" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["postgresql://lpm:planted@host:port/db", "postgres://[planted"])
def test_an_address_that_is_none_is_refused_without_showing_it(url: str):
    with pytest.raises(InputError) as caught:
        open_store(url)
    assert "planted" not in str(caught.value)


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setattr("lpm.store.postgres.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"\[postgres\]"):
        open_store("postgresql://127.0.0.1/db")


@pytest.mark.parametrize("kind", ["postgres"])
def test_many_openings_at_once_migrate_an_empty_database_once(place: str, kind: str):
    with psycopg.connect(place, autocommit=True) as db:
        db.execute("DROP SCHEMA public CASCADE")
        db.execute("CREATE SCHEMA public")
    failures: list[BaseException] = []

    def work() -> None:
        try:
            open_store(place).close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


@pytest.mark.parametrize("kind", ["postgres"])
def test_writers_of_one_user_wait_and_others_do_not(place: str, store, kind: str, monkeypatch):
    monkeypatch.setattr("lpm.store.postgres.LOCK_TIMEOUT_S", 1)
    store.put(make_memory("ann"))
    other = open_store(place)
    with store._writing("written", "ann"):
        other.put(make_memory("bob"))
        assert other.get("ann").version == 1
        other.for_tenant("elsewhere").put(make_memory("ann"))
        with pytest.raises(StoreError, match="lock"):
            other.put(other.get("ann").updated())
    other.put(other.get("ann").updated())
    other.close()


@pytest.mark.parametrize("kind", ["postgres"])
def test_a_connection_that_was_cut_is_replaced(place: str, store, kind: str):
    store.put(make_memory("ann"))
    with psycopg.connect(place, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert store.get("ann").version == 1


def test_vacuuming_leaves_no_copy_in_the_tables(crash_server):
    store = open_store(crash_server.url)
    memory = make_memory("planted-user-name")
    store.put(memory, [Session("planted-session", (Turn("user", "planted-message"),))])
    markers = [b"planted-user-name", b"planted-session", b"planted-message"]
    markers.append(memory.slots.numpy().tobytes()[:64])
    assert on_disk(crash_server, markers) == set(markers)
    store.delete("planted-user-name", vacuum=True)
    assert on_disk(crash_server, markers) == set()
    store.close()


def on_disk(server, markers: list[bytes]) -> set[bytes]:
    """Return the markers in the files of tables and indexes; the server's log is another matter."""
    with psycopg.connect(server.url, autocommit=True) as db:
        db.execute("CHECKPOINT")
    seen = set()
    for path in Path(server.folder / "data" / "base").rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        seen |= {marker for marker in markers if marker in content}
    return seen
