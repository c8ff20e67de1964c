"""SQLite under kill -9, erasure to the last byte, and homes that cannot be used."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lpm.errors import StoreError
from lpm.memory import Memory
from lpm.store import open_store
from lpm.types import Session, SlotSource, Turn

WRITER = """
import sys, torch
from pathlib import Path
from lpm.memory import Memory
from lpm.store import open_store
from lpm.types import Session, SlotSource, Turn
store = open_store(Path(sys.argv[1]))
try:
    memory = store.get("ann").updated()
except KeyError:
    memory = Memory.create("ann", torch.zeros(1, 2, 64), ((SlotSource("s", 0, 1.0),),) * 2, (),
                           backbone="b", projector="p")
while True:
    memory = memory.updated(slots=torch.full((1, 2, 64), float(memory.version)),
                            version=memory.version)
    store.put(memory, [Session(f"s{memory.version}", (Turn("user", "hello"),))])
    print(memory.version, flush=True)
    memory = memory.updated()
"""


def memory(user: str = "ann") -> Memory:
    return Memory.create(
        user,
        torch.randn(1, 2, 64),
        ((SlotSource("s1", 0, 1.0),),) * 2,
        (),
        backbone="b",
        projector="p",
    )


def test_kill_nine_loses_at_most_the_write_in_flight(tmp_path: Path):
    home, rng, acknowledged = tmp_path / "home", random.Random(0), 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(home)], stdout=subprocess.PIPE, text=True
        ) as process:
            first = process.stdout.readline()
            time.sleep(rng.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            lines = [first, *process.stdout.readlines()]
        # The last line may be cut by the kill; an uncut one is an acknowledged write.
        done = [int(line) for line in lines if line.endswith("\n")]
        acknowledged = max([acknowledged, *done])
        store = open_store(home)
        versions = store.versions("ann")
        assert versions[:acknowledged] == tuple(range(1, acknowledged + 1))
        assert len(versions) <= acknowledged + 1
        for version in versions:
            assert (store.get("ann", version).slots == float(version)).all()
        assert len(store.get_history("ann").sessions) == len(versions)
        assert len(list((home / "memories").glob("*/*"))) == len(versions)
        acknowledged = len(versions)
        store.close()
    assert acknowledged > 4


def test_not_one_byte_of_a_forgotten_user_is_left(tmp_path: Path):
    home = tmp_path / "home"
    store = open_store(home)
    written = memory("planted-user-name")
    store.put(written, [Session("planted-session", (Turn("user", "planted-message-text"),))])
    store.put(written.updated())
    store.put(memory("bob"))
    markers = [b"planted-user-name", b"planted-session", b"planted-message-text"]
    markers.append(written.slots.numpy().tobytes()[:64])
    whole = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    assert all(marker in whole for marker in markers)
    store.delete("planted-user-name")
    for path in home.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert not any(marker in content for marker in markers), path.name
    assert store.get("bob").user == "bob"
    store.close()


def test_homes_are_private(tmp_path: Path):
    store = open_store(tmp_path / "home")
    store.put(memory())
    for path in (tmp_path / "home").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0 or path.name.startswith("lpm.sqlite3-")
    assert (tmp_path / "home").stat().st_mode & 0o077 == 0
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


def test_a_home_of_a_newer_release_is_refused(tmp_path: Path):
    open_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "lpm.sqlite3") as db:
        db.execute("INSERT INTO migrations VALUES ('9999-future')")
    db.close()
    with pytest.raises(StoreError, match="newer release"):
        open_store(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path):
    store = open_store(tmp_path)
    store.put(memory())
    next((tmp_path / "memories").glob("*/1.safetensors")).unlink()
    with pytest.raises(StoreError, match="version 1 of user 'ann'"):
        store.get("ann")
    store.close()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path):
    store = open_store(tmp_path)
    bad = Session("s", (Turn("user", "lone \ud800 surrogate"),))
    with pytest.raises((StoreError, UnicodeEncodeError)):
        store.put(memory(), [bad])
    assert store.users() == ()
    assert list((tmp_path / "memories").glob("*/*")) == []
    store.close()
