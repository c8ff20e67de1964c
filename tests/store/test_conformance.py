"""What every store promises, whatever is behind it."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import torch

from lpm.errors import InputError, OvertakenError, StoreError, UnknownUserError
from lpm.memory import Memory, SessionRecord
from lpm.store import page_mark
from lpm.types import Session, SlotSource, Turn

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def make_memory(user: str, seed: int = 0) -> Memory:
    slots = torch.randn(1, 2, 3, generator=torch.Generator().manual_seed(seed))
    taught = ((SlotSource("s1", 0, 1.0),),) * 2
    record = SessionRecord("s1", "ab" * 32, None)
    return Memory(user, slots, taught, (record,), "b", "p", NOW, NOW)


def session(name: str, day: int | None = None, text: str = "I like tea.") -> Session:
    return Session(name, (Turn("user", text),), datetime(2024, 1, day) if day else None)


def names(store, user: str = "ann") -> list[str]:
    history = store.get_history(user)
    return [s.session_id for s in history.sessions] if history else []


def put_all(store, count: int, user: str = "ann") -> Memory:
    """Store versions 1 to count, each with one session of its own."""
    memory = make_memory(user)
    for number in range(1, count + 1):
        memory = replace(make_memory(user, seed=number), version=number)
        store.put(memory, [session(f"s{number}", text=f"text {number}")])
    return memory


def test_what_was_put_comes_back(store):
    store.put(make_memory("ann", seed=3))
    assert store.get("ann").encode() == make_memory("ann", seed=3).encode()


def test_the_newest_version_is_the_default_and_old_ones_stay(store):
    first = make_memory("ann")
    store.put(first)
    store.put(first.updated(slots=first.slots + 1))
    assert store.versions("ann") == (1, 2)
    assert store.get("ann").version == 2
    assert torch.equal(store.get("ann", 1).slots, first.slots)


def test_two_writers_never_overwrite_each_other(store):
    first = make_memory("ann")
    store.put(first)
    store.put(first.updated(slots=first.slots + 1))
    with pytest.raises(StoreError, match="another writer"):
        store.put(first.updated(slots=first.slots + 2), [session("lost")])
    assert torch.equal(store.get("ann").slots, first.slots + 1)
    assert store.get_history("ann") is None
    with pytest.raises(StoreError):
        store.put(make_memory("bob").updated())
    assert [s.user for s in store.users()] == ["ann"]


def test_the_newest_of_many_users_come_together_without_those_who_have_none(store):
    first = make_memory("ann")
    store.put(first)
    store.put(first.updated(slots=first.slots + 1))
    store.put(make_memory("bob", seed=2))
    store.for_tenant("other").put(make_memory("cleo", seed=3))
    asked = ["bob", "cleo", "ann", "nobody"]
    found = store.get_many(asked)
    assert {user: memory.encode() for user, memory in found.items()} == {
        user: store.get(user).encode() for user in ("ann", "bob")
    }
    assert store.stamps(asked) == {user: store.stamp(user) for user in ("ann", "bob")}
    store.delete("bob")
    assert list(store.get_many(asked)) == ["ann"]
    assert store.get_many([]) == {} and store.stamps([]) == {}


def test_unknown_users_and_versions_are_named(store):
    for ask in (store.get, store.delete, store.stamp):
        with pytest.raises(UnknownUserError, match="'bob'"):
            ask("bob")
    with pytest.raises(UnknownUserError):
        store.prune_versions("bob", 1)
    with pytest.raises(UnknownUserError):
        store.delete_session("bob", "s")
    with pytest.raises(UnknownUserError):
        store.rollback("bob", 1)
    store.put(make_memory("ann"))
    for version in (0, -1, 7, 2**31, 2**70):
        with pytest.raises(UnknownUserError, match="Version"):
            store.get("ann", version)
    assert store.get_history("ann") is None
    assert store.versions("bob") == store.version_log("bob") == store.sessions("bob") == ()


@pytest.mark.parametrize("name", ["", " a", "a\0b", "a\ud800", "x" * 201, "two\nlines"])
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_names_no_user_can_have_are_refused_before_the_database(store, name):
    for ask in (store.get, store.delete, store.versions, store.get_history, store.sessions):
        with pytest.raises(InputError):
            ask(name)


def test_sessions_come_back_by_time_or_as_they_came(store):
    first = make_memory("ann")
    store.put(first, [session("late", 9), session("early", 2)])
    assert names(store) == ["early", "late"]
    store.put(first.updated(), [session("undated", text='Grüße "quoted" \n🙂')])
    assert names(store) == ["late", "early", "undated"]
    assert store.get_history("ann").sessions[2].turns[0].content == 'Grüße "quoted" \n🙂'


def test_a_session_that_comes_twice_is_stored_once(store):
    first = make_memory("ann")
    store.put(first, [session("s", 3), session("again", 3)])
    store.put(first.updated(), [session("s", 3)])
    assert len(store.get_history("ann").sessions) == 1


def test_users_are_listed_with_their_newest_version(store):
    store.put(make_memory("bob"))
    store.put(make_memory("ann"))
    store.put(store.get("ann").updated())
    assert [(s.user, s.version) for s in store.users()] == [("ann", 2), ("bob", 1)]
    assert store.users()[0].size_bytes == store.get("ann").size_bytes


def test_users_are_listed_in_pages_and_by_prefix(store):
    people = ["Zoe", "ann", "anna", "ann%", "bob", "Åsa", "ünal", "an\U0001f642", "\ufffdz"]
    for user in people:
        store.put(make_memory(user))
    ordered = sorted(people)
    assert [s.user for s in store.users()] == ordered
    paged, after = [], ""
    while page := store.users(after=after, limit=2):
        paged += [s.user for s in page]
        after = page[-1].user
    assert paged == ordered
    for prefix in ("ann", "an", "Å", "\ufffd", "b", "nobody", "ann%"):
        found = [s.user for s in store.users(prefix=prefix)]
        assert found == [user for user in ordered if user.startswith(prefix)]
    assert [s.user for s in store.users(prefix="ann", after="ann", limit=1)] == ["ann%"]
    for wrong in ({"limit": 0}, {"prefix": "\0"}, {"after": "\ud800"}):
        with pytest.raises(InputError):
            store.users(**wrong)


def test_users_never_share_anything(store):
    store.put(make_memory("ann", seed=1), [session("s", text="secret of ann")])
    store.put(make_memory("bob", seed=2))
    assert store.get_history("bob") is None
    store.delete("ann")
    assert torch.equal(store.get("bob").slots, make_memory("bob", seed=2).slots)
    with pytest.raises(UnknownUserError):
        store.get("ann")


def test_a_forgotten_user_may_come_back_as_somebody_new(store):
    put_all(store, 2)
    before = store.stamp("ann")
    report = store.delete("ann")
    assert (report.user, report.versions_removed) == ("ann", 2)
    assert report.bytes_removed > 0
    store.put(make_memory("ann", seed=9))
    assert store.versions("ann") == (1,)
    assert store.get_history("ann") is None
    assert torch.equal(store.get("ann").slots, make_memory("ann", seed=9).slots)
    assert store.stamp("ann") != before


def test_reopening_gives_the_same(opener):
    first = opener()
    put_all(first, 2)
    stamp = first.stamp("ann")
    first.close()
    with pytest.raises(StoreError, match="closed"):
        first.versions("ann")
    again = opener()
    assert again.get("ann").version == 2
    assert again.stamp("ann") == stamp
    assert again.get_history("ann").num_turns == 2


def test_hashes_recognise_sessions_whose_text_is_not_kept(store):
    known = session("known", 4)
    store.put(make_memory("ann"), [known], keep_history="hashes")
    assert store.get_history("ann") is None
    (kept,) = store.sessions("ann")
    assert (kept.session_id, kept.content_hash) == ("known", known.content_hash())
    assert (kept.time, kept.has_text) == (known.time, False)
    store.put(store.get("ann").updated(), [known])
    assert names(store) == ["known"]
    store.put(store.get("ann").updated(), [known], keep_history="hashes")
    assert names(store) == ["known"]


def test_nothing_is_kept_of_sessions_when_told_so(store):
    store.put(make_memory("ann"), [session("s")], keep_history="none")
    assert store.sessions("ann") == ()
    assert store.get_history("ann") is None
    with pytest.raises(InputError, match="keep_history"):
        store.put(store.get("ann").updated(), [], keep_history="some")


def test_a_rollback_adds_a_version_and_hides_later_sessions(store):
    put_all(store, 3)
    restored = store.rollback("ann", 2)
    assert restored.version == 4
    assert torch.equal(store.get("ann").slots, store.get("ann", 2).slots)
    assert store.get("ann").encode() == restored.encode()
    assert names(store) == ["s1", "s2"]
    log = store.version_log("ann")
    assert [(v.version, v.session_ids, v.restored_from) for v in log] == [
        (1, ("s1",), None),
        (2, ("s2",), None),
        (3, ("s3",), None),
        (4, (), 2),
    ]
    store.rollback("ann", 3)
    assert names(store) == ["s1", "s2", "s3"]
    with pytest.raises(UnknownUserError, match="Version 9"):
        store.rollback("ann", 9)


def test_pruning_keeps_the_newest_versions_and_what_they_learnt(store):
    put_all(store, 3)
    store.rollback("ann", 1)
    assert store.prune_versions("ann", 5) == 0
    assert store.prune_versions("ann", 2) == 2
    assert store.versions("ann") == (3, 4)
    with pytest.raises(UnknownUserError):
        store.get("ann", 1)
    assert store.prune_versions("ann", 1) == 1
    assert names(store) == ["s1"]
    store.put(store.get("ann").updated(), [session("s2", text="text 2")])
    assert names(store) == ["s1", "s2"]
    with pytest.raises(InputError, match="keep"):
        store.prune_versions("ann", 0)


def test_a_session_is_deleted_by_identifier_or_hash_from_all_versions(store):
    put_all(store, 3)
    assert store.delete_session("ann", "s2") == 1
    assert store.delete_session("ann", session("", text="text 3").content_hash()) == 1
    assert store.delete_session("ann", "nothing\0like this") == 0
    assert names(store) == ["s1"]
    assert [v.session_ids for v in store.version_log("ann")] == [("s1",), (), ()]
    # Its number is given again, and must not bring it into old versions.
    store.put(store.get("ann").updated(), [session("new", text="new")])
    store.rollback("ann", 3)
    assert names(store) == ["s1"]


def test_sessions_expire_at_their_time_the_oldest_first(store):
    store.put(make_memory("ann"), [session("later")], expires_at=NOW + timedelta(hours=2))
    store.put(make_memory("bob"), [session("soon", 2)], expires_at=NOW + timedelta(hours=1))
    store.put(store.get("bob").updated(), [session("never", 3)])
    assert store.expired(NOW) == ()
    (first,) = store.expired(NOW + timedelta(hours=1))
    assert (first.user, first.session_id) == ("bob", "soon")
    assert first.content_hash == session("", 2).content_hash()
    assert first.expires_at == NOW + timedelta(hours=1)
    assert [e.user for e in store.expired(NOW + timedelta(days=1))] == ["bob", "ann"]
    assert [e.user for e in store.expired(NOW + timedelta(days=1), limit=1)] == ["bob"]
    store.delete_session("bob", first.content_hash)
    assert [e.user for e in store.expired(NOW + timedelta(days=1))] == ["ann"]
    for wrong in ({"now": NOW.replace(tzinfo=None)}, {"now": NOW, "limit": 0}):
        with pytest.raises(InputError):
            store.expired(**wrong)


def test_tenants_have_users_of_their_own(store):
    one, two = store.for_tenant("one"), store.for_tenant("two")
    for seed, view in enumerate((store, one, two)):
        view.put(make_memory("ann", seed=seed), [session(f"of {seed}")], expires_at=NOW)
    for seed, view in enumerate((store, one, two)):
        assert torch.equal(view.get("ann").slots, make_memory("ann", seed=seed).slots)
        assert names(view) == [f"of {seed}"]
        assert [e.session_id for e in view.expired(NOW)] == [f"of {seed}"]
    one.delete("ann")
    assert one.users() == ()
    assert [len(view.users()) for view in (store, two)] == [1, 1]
    one.close()
    assert two.get("ann").version == 1


def test_a_failed_write_leaves_nothing(store):
    bad = Session("s", (Turn("user", "lone \ud800 surrogate"),))
    with pytest.raises(InputError) as caught:
        store.put(make_memory("ann"), [session("fine"), bad])
    assert "lone" not in str(caught.value)
    assert store.users() == ()
    store.put(make_memory("ann"))
    assert store.get_history("ann") is None


def test_threads_share_one_store(store):
    failures = []

    def work(user: str) -> None:
        try:
            store.put(make_memory(user))
            for _ in range(3):
                store.put(store.get(user).updated())
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"u{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [s.version for s in store.users()] == [4] * 4


def test_of_many_threads_that_write_one_version_one_wins(store):
    first, won = make_memory("ann"), []
    store.put(first)
    start = threading.Barrier(5)

    def work(number: int) -> None:
        start.wait()
        try:
            store.put(first.updated(slots=first.slots + number), [session(f"s{number}")])
            won.append(number)
        except StoreError:
            return

    threads = [threading.Thread(target=work, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert torch.equal(store.get("ann").slots, first.slots + won[0])
    assert names(store) == [f"s{won[0]}"]


def test_a_part_is_erased_at_once_with_all_that_still_held_it(store):
    put_all(store, 3)
    before, third = (session(f"s{n}", text=f"text {n}") for n in (1, 3))
    kept = Session("s1", (Turn("user", "what is left"),), None)
    left = store.get("ann").updated()
    edited = {before.content_hash(): kept}
    assert store.erase_part(left, removed={third.content_hash()}, edited=edited) == 3
    assert store.versions("ann") == (4,)
    history = store.get_history("ann")
    assert [s.session_id for s in history.sessions] == ["s1", "s2"]
    assert history.sessions[0] == kept
    store.put(store.get("ann").updated(), [third])
    assert names(store) == ["s1", "s2", "s3"], "it may be told again"


def test_erasing_a_part_takes_what_a_rollback_left(store):
    put_all(store, 2)
    store.rollback("ann", 1)
    assert [s.session_id for s in store.sessions("ann")] == ["s1"]
    assert [s.session_id for s in store.sessions("ann", every=True)] == ["s1", "s2"]
    store.erase_part(store.get("ann").updated())
    assert [s.session_id for s in store.sessions("ann", every=True)] == ["s1"]
    assert store.expired(NOW + timedelta(10_000)) == ()


def test_what_another_writer_stored_meanwhile_is_never_erased(store):
    put_all(store, 1)
    seen = store.get("ann")
    store.put(seen.updated(), [session("s2", text="text 2")])
    gone = {session("s1", text="text 1").content_hash()}
    with pytest.raises(OvertakenError, match="faster"):
        store.erase_part(seen.updated(), removed=gone)
    with pytest.raises(OvertakenError, match="faster"):
        store.delete("ann", version=seen.version)
    assert store.versions("ann") == (1, 2) and names(store) == ["s1", "s2"]
    assert store.delete("ann", version=2).versions_removed == 2


def test_text_that_was_not_kept_stays_away_when_its_session_is_edited(store):
    first = session("s1")
    store.put(make_memory("ann"), [first], keep_history="hashes")
    other = session("s1", text="other")
    store.erase_part(store.get("ann").updated(), edited={first.content_hash(): other})
    (stored,) = store.sessions("ann")
    assert not stored.has_text
    assert stored.content_hash == other.content_hash()


def test_users_are_listed_by_time_in_pages_and_since_a_time(store):
    for day, user in enumerate(("bob", "cleo", "ann"), start=1):
        memory = make_memory(user)
        store.put(replace(memory, updated_at=NOW + timedelta(days=day)))
    store.put(replace(make_memory("bob"), version=2, updated_at=NOW + timedelta(days=3)))
    listed = [item.user for item in store.users(order="updated")]
    assert listed == ["ann", "bob", "cleo"]
    mark, paged = "", []
    while page := store.users(order="updated", after=mark, limit=1):
        paged += [item.user for item in page]
        mark = page_mark(page[-1], "updated")
    assert paged == listed
    assert [item.user for item in store.users(updated_since=NOW + timedelta(days=3))] == [
        "ann",
        "bob",
    ]
    assert store.users(order="updated", updated_since=NOW + timedelta(days=4)) == ()
    for wrong in ({"order": "size"}, {"order": "updated", "after": "x"}):
        with pytest.raises(InputError):
            store.users(**wrong)
    with pytest.raises(InputError, match="time zone"):
        store.users(updated_since=datetime(2026, 1, 1))
