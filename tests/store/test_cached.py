"""Hot memories: never another's, never an old one, never more bytes than stated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from lpm.errors import InputError, StoreError, UnknownUserError
from lpm.memory import Memory
from lpm.store import MemoryStore, open_store
from lpm.store.cached import CachedStore, estimated_bytes
from lpm.types import SlotSource

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_memory(user: str = "ann", value: float = 0.0, version: int = 1) -> Memory:
    taught = ((SlotSource("s", 0, 1.0),),) * 2
    return Memory(user, torch.full((1, 2, 8), value), taught, (), "b", "p", NOW, NOW, version)


@pytest.fixture
def cached(tmp_path: Path) -> CachedStore:
    store = open_store(tmp_path, hot_bytes=10 * estimated_bytes(make_memory()))
    yield store
    store.close()


def test_the_second_reading_is_a_hit_with_slots_of_its_own(cached: CachedStore):
    cached.put(make_memory(value=1.0))
    first = cached.get("ann")
    first.slots.zero_()
    second = cached.get("ann")
    assert (second.slots == 1.0).all()
    second.slots.zero_()
    assert (cached.get("ann").slots == 1.0).all()
    told = cached.statistics()
    assert (told.hits, told.misses, told.memories) == (2, 1, 1)
    assert told.hit_rate == pytest.approx(2 / 3)
    assert told.size_bytes == estimated_bytes(make_memory())


def test_many_are_read_by_one_question_and_each_is_kept(cached: CachedStore, tmp_path: Path):
    for number, user in enumerate(("ann", "bob")):
        cached.put(make_memory(user, value=float(number)))
    for _ in range(2):
        found = cached.get_many(["ann", "bob", "nobody"])
        assert [(user, float(one.slots.max())) for user, one in sorted(found.items())] == [
            ("ann", 0.0),
            ("bob", 1.0),
        ]
        found["bob"].slots.zero_()
    assert (cached.statistics().hits, cached.statistics().misses) == (2, 2)
    with closing(open_store(tmp_path)) as other:
        other.delete("bob")
        other.put(make_memory("ann", value=3.0, version=2))
    assert [*cached.get_many(["ann", "bob"])] == ["ann"]
    assert (cached.get_many(["ann"])["ann"].slots == 3.0).all()
    assert cached.statistics().memories == 1


def test_old_versions_are_not_kept(cached: CachedStore):
    cached.put(make_memory())
    cached.put(make_memory(version=2))
    assert cached.get("ann", 1).version == 1
    assert cached.statistics().memories == 0


@pytest.mark.parametrize("by", ["this process", "another process"])
def test_what_was_written_or_deleted_is_seen_at_once(cached: CachedStore, tmp_path: Path, by: str):
    with closing(open_store(tmp_path)) as other:
        writer: MemoryStore = cached if by == "this process" else other
        cached.put(make_memory(value=1.0))
        cached.get("ann")
        writer.put(make_memory(value=2.0, version=2))
        assert (cached.get("ann").slots == 2.0).all()
        writer.rollback("ann", 1)
        assert (cached.get("ann").slots == 1.0).all()
        writer.delete("ann")
        with pytest.raises(UnknownUserError):
            cached.get("ann")
        assert cached.statistics().memories == 0
        # The same number, dates and size: only the stamp tells them apart.
        cached.put(make_memory(value=3.0))
        cached.get("ann")
        writer.delete("ann")
        writer.put(make_memory(value=4.0))
        assert (cached.get("ann").slots == 4.0).all()


def test_tenants_share_the_bytes_and_nothing_else(cached: CachedStore):
    views = [cached, cached.for_tenant("one"), cached.for_tenant("two")]
    for value, view in enumerate(views):
        view.put(make_memory(value=float(value)))
    for _ in range(2):
        for value, view in enumerate(views):
            assert (view.get("ann").slots == float(value)).all()
    assert cached.statistics().memories == 3
    views[1].delete("ann")
    with pytest.raises(UnknownUserError):
        views[1].get("ann")
    assert (views[2].get("ann").slots == 2.0).all()
    views[2].close()
    assert cached.get("ann").version == 1


def test_the_least_recently_used_goes_first_and_the_size_holds(tmp_path: Path):
    one = estimated_bytes(make_memory())
    with closing(open_store(tmp_path, hot_bytes=2 * one)) as store:
        for user in ("a", "b", "c"):
            store.put(make_memory(user))
        for user in ("a", "b", "a", "c", "a"):
            store.get(user)
        told = store.statistics()
        assert (told.hits, told.misses, told.evictions, told.memories) == (2, 3, 1, 2)
        assert told.size_bytes == 2 * one
        store.get("b")
        assert store.statistics().misses == 4


def test_a_memory_larger_than_all_room_is_read_and_not_kept(tmp_path: Path):
    with closing(open_store(tmp_path, hot_bytes=10)) as store:
        store.put(make_memory())
        assert store.get("ann").version == 1
        assert store.statistics().size_bytes == 0
    with pytest.raises(InputError):
        open_store(tmp_path, hot_bytes=-1)


def test_what_is_deleted_while_it_is_read_is_not_kept(tmp_path: Path):
    with closing(open_store(tmp_path)) as store:
        store.put(make_memory())
        cached: CachedStore
        slow = Slow(store, lambda: cached.delete("ann"))
        cached = CachedStore(slow, 10**6)
        assert cached.get("ann").version == 1
        assert cached.statistics().memories == 0


class Slow:
    """A store during whose reading something happens."""

    def __init__(self, store: MemoryStore, during: Callable[[], object]) -> None:
        self.tenant = store.tenant
        self._store, self._during = store, during

    def get(self, user: str, version: int | None = None) -> Memory:
        memory = self._store.get(user, version)
        self._during()
        return memory

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_threads_never_get_what_is_older_than_their_question(cached: CachedStore):
    cached.put(make_memory(value=1.0))
    written, failures, done = [1], [], threading.Event()

    def read() -> None:
        while not done.is_set():
            least = written[-1]
            memory = cached.get("ann")
            if memory.version < least or not (memory.slots == float(memory.version)).all():
                failures.append((least, memory.version))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for version in range(2, 15):
        cached.put(make_memory(value=float(version), version=version))
        written.append(version)
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    cached.close()
    with pytest.raises(StoreError, match="closed"):
        cached.get("ann")
    assert cached.statistics().size_bytes == 0
