"""Processes that write one user at once, and processes that are killed while they write."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lpm.store import MemoryStore, open_store

KINDS = ("sqlite", "postgres")
# Arguments: the place, where objects go or '', a name, how many versions to add.
WRITER = """
import sys, torch
from lpm.errors import StoreError, UnknownUserError
from lpm.memory import Memory
from lpm.store import open_store
from lpm.types import Session, SlotSource, Turn
place, objects, name, count = *sys.argv[1:4], int(sys.argv[4])
store = open_store(place, blobs=objects or None)
print("open", flush=True)
added = 0
while added < count:
    versions = store.versions("ann")
    version = versions[-1] + 1 if versions else 1
    memory = Memory.create("ann", torch.full((1, 2, 64), float(version)),
                           ((SlotSource("s", 0, 1.0),),) * 2, (), backbone="b", projector="p")
    try:
        store.put(memory.updated(version=version),
                  [Session(f"{name}-{version}", (Turn("user", f"{name} {version}"),))])
    except StoreError as error:
        if "another writer" not in str(error):
            raise
        continue
    added += 1
    print(version, flush=True)
store.close()
"""


def start(place: str, objects: str, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, place, objects, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(store: MemoryStore, acknowledged: int) -> int:
    """Check that nothing acknowledged is lost and nothing is half-written; count the versions."""
    versions = store.versions("ann")
    assert versions == tuple(range(1, len(versions) + 1))
    assert acknowledged <= len(versions) <= acknowledged + 1
    for version in versions:
        assert (store.get("ann", version).slots == float(version)).all()
    taught = [s.session_id for s in store.get_history("ann").sessions]
    assert len({name.split("-")[1] for name in taught}) == len(versions) == len(taught)
    return len(versions)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("objects", [False, True], ids=["rows", "objects"])
def test_kill_nine_loses_at_most_the_write_in_flight(place: str, objects: bool, tmp_path: Path):
    rng, acknowledged = random.Random(0), 0
    folder = tmp_path / "objects"
    address = f"file://{folder}" if objects else ""
    for _ in range(2):
        with start(place, address, "w", 10**6) as process:
            assert process.stdout.readline() == "open\n"
            first = process.stdout.readline()
            time.sleep(rng.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
            lines = [first, *process.stdout.readlines()]
        # The last line may be cut by the kill; an uncut one is an acknowledged write.
        done = [int(line) for line in lines if line.endswith("\n")]
        store = open_store(place, blobs=address or None)
        acknowledged = check_whole(store, max([acknowledged, *done]))
        if objects:
            assert acknowledged <= len(list(folder.iterdir())) <= acknowledged + 2
        store.close()
    assert acknowledged >= 2
    store = open_store(place, blobs=address or None)
    store.delete("ann")
    store.close()
    assert not objects or list(folder.iterdir()) == []


@pytest.mark.parametrize("kind", KINDS)
def test_two_processes_that_write_one_user_lose_nothing(place: str, store: MemoryStore):
    writers = [start(place, "", name, 10) for name in ("one", "two")]
    told = [writer.communicate(timeout=100)[0].split()[1:] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(int(version) for lines in told for version in lines) == list(range(1, 21))
    assert check_whole(store, 20) == 20
    names = {session.session_id for session in store.sessions("ann")}
    assert names == {
        f"{n}-{v}" for n, lines in zip(("one", "two"), told, strict=True) for v in lines
    }


def test_a_server_that_dies_loses_nothing_acknowledged(crash_server):
    store = open_store(crash_server.url)
    with start(crash_server.url, "", "w", 10**6) as process:
        assert process.stdout.readline() == "open\n"
        lines = [process.stdout.readline() for _ in range(3)]
        # Every process of the server ends at once; on starting it recovers from its log.
        crash_server.stop("immediate")
        lines += process.stdout.readlines()
    assert process.returncode == 1
    crash_server.start()
    done = [int(line) for line in lines if line.endswith("\n")]
    # The same store goes on: its pool notices that the connections are dead.
    assert check_whole(store, max(done)) >= 3
    store.close()
