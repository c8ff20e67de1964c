"""What every store promises, whatever is behind it."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
import torch

from lpm.errors import StoreError, UnknownUserError
from lpm.memory import Memory
from lpm.types import Session, SlotSource, Turn


def memory(user: str = "ann", seed: int = 0) -> Memory:
    slots = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(seed))
    source = ((SlotSource("s1", 0, 1.0),),) * 2
    return Memory.create(user, slots, source, (), backbone="b", projector="p")


def session(name: str, day: int | None = None, text: str = "I like tea.") -> Session:
    return Session(name, (Turn("user", text),), datetime(2024, 1, day) if day else None)


def test_what_was_put_comes_back(store):
    store.put(memory(seed=3))
    assert torch.equal(store.get("ann").slots, memory(seed=3).slots)


def test_the_newest_version_is_the_default_and_old_ones_stay(store):
    first = memory()
    store.put(first)
    store.put(first.updated(slots=first.slots + 1))
    assert store.versions("ann") == (1, 2)
    assert store.get("ann").version == 2
    assert torch.equal(store.get("ann", 1).slots, first.slots)


def test_two_writers_never_overwrite_each_other(store):
    first = memory()
    store.put(first)
    store.put(first.updated(slots=first.slots + 1))
    with pytest.raises(StoreError, match="another writer"):
        store.put(first.updated(slots=first.slots + 2), [session("lost")])
    assert torch.equal(store.get("ann").slots, first.slots + 1)
    assert store.get_history("ann") is None
    with pytest.raises(StoreError):
        store.put(memory("bob").updated())


def test_unknown_users_and_versions_are_named(store):
    with pytest.raises(UnknownUserError, match="'bob'"):
        store.get("bob")
    with pytest.raises(UnknownUserError):
        store.delete("bob")
    store.put(memory())
    with pytest.raises(UnknownUserError):
        store.get("ann", 7)
    assert store.get_history("ann") is None


def test_sessions_come_back_by_time_or_as_they_came(store):
    first = memory()
    store.put(first, [session("late", 9), session("early", 2)])
    history = store.get_history("ann")
    assert [s.session_id for s in history.sessions] == ["early", "late"]
    store.put(first.updated(), [session("undated", text='Grüße "quoted" \n🙂')])
    history = store.get_history("ann")
    assert [s.session_id for s in history.sessions] == ["late", "early", "undated"]
    assert history.sessions[2].turns[0].content == 'Grüße "quoted" \n🙂'


def test_users_are_listed_with_their_newest_version(store):
    store.put(memory("bob"))
    store.put(memory("ann"))
    store.put(store.get("ann").updated())
    assert [(s.user, s.version) for s in store.users()] == [("ann", 2), ("bob", 1)]
    assert store.users()[0].size_bytes == store.get("ann").size_bytes


def test_users_never_share_anything(store):
    store.put(memory("ann", 1), [session("s", text="secret of ann")])
    store.put(memory("bob", 2))
    assert store.get_history("bob") is None
    store.delete("ann")
    assert torch.equal(store.get("bob").slots, memory("bob", 2).slots)
    with pytest.raises(UnknownUserError):
        store.get("ann")


def test_a_forgotten_user_may_come_back(store):
    store.put(memory())
    report = store.delete("ann")
    assert report.versions_removed == 1
    assert report.bytes_removed > 0
    store.put(memory())
    assert store.versions("ann") == (1,)


def test_reopening_gives_the_same(opener, tmp_path):
    first = opener(tmp_path / "home")
    first.put(memory(), [session("s", 3)])
    first.close()
    again = opener(tmp_path / "home")
    assert again.get("ann").version == 1
    assert again.get_history("ann").num_turns == 1
    again.close()


def test_threads_share_one_store(store):
    failures = []

    def work(user: str) -> None:
        try:
            store.put(memory(user))
            for _ in range(5):
                store.put(store.get(user).updated())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"u{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [s.version for s in store.users()] == [6] * 4
