"""What every queue promises, whatever is behind it: nothing acknowledged is lost or done twice."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import torch

from lpm.errors import OvertakenError, QueueFullError, StoreError, UnknownJobError, UnknownUserError
from lpm.memory import Memory
from lpm.store import Draft, JobGoneError, open_store
from lpm.store.encryption import MasterKeys
from lpm.store.queueing import MAX_CRASHES
from lpm.types import SlotSource

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
TEXT = b"planted-queued-text"


def make_memory(user: str, version: int = 1) -> Memory:
    taught = ((SlotSource("s", 0, 1.0),),)
    return Memory(user, torch.zeros(1, 1, 2), taught, (), "b", "p", NOW, NOW, version)


def ask(store, user: str = "ann", payload: bytes = TEXT, **draft):
    return store.queue.enqueue(user, "fit", lambda kept: Draft(payload, **draft))


def claim(store, **options):
    return store.queue.claim(**({"lease_s": 60} | options))


def test_a_job_is_handed_out_once_and_ends_with_the_version_it_wrote(store):
    asked = ask(store)
    assert (asked.state, asked.user, asked.version) == ("queued", "ann", None)
    ticket = claim(store)
    assert claim(store) is None
    assert store.queue.payload(ticket) == TEXT
    store.queue.beat(ticket, lease_s=60, step=3, steps=10, loss=0.5)
    told = store.queue.job(asked.job_id)
    assert (told.state, told.step, told.steps, told.loss) == ("running", 3, 10, 0.5)
    store.for_job(ticket).put(make_memory("ann"))
    told = store.queue.job(asked.job_id)
    assert (told.state, told.version) == ("done", 1)
    store.queue.finish(ticket, "failed", "too late to say so")
    assert store.queue.job(asked.job_id) == told
    with pytest.raises(JobGoneError):
        store.queue.payload(ticket)


def test_jobs_outlive_the_process_and_a_dead_workers_job_is_handed_out_again(opener):
    asked = ask(opener())
    first = claim(opener(), lease_s=-1)
    second = claim(opener())
    assert (first.job_id, second.job_id) == (asked.job_id, asked.job_id)
    late = opener()
    with pytest.raises(JobGoneError):
        late.queue.beat(first, lease_s=60, step=1, steps=1, loss=None)
    with pytest.raises(JobGoneError):
        late.for_job(first).put(make_memory("ann"))
    with pytest.raises(UnknownUserError):
        late.get("ann")
    late.for_job(second).put(make_memory("ann"))
    assert late.queue.job(asked.job_id).state == "done"


def test_a_job_is_not_to_blame_for_crashes_that_come_in_a_row(store):
    asked, other = ask(store), ask(store, "bob")
    for _ in range(2):
        assert claim(store, lease_s=-1).job_id == asked.job_id
    # It waits now, so that the next crash finds another one running.
    assert claim(store).job_id == other.job_id
    assert claim(store) is None
    assert store.queue.job(asked.job_id).state == "queued"


def test_a_job_that_kills_its_workers_fails_in_the_end_with_its_text_kept(store, monkeypatch):
    monkeypatch.setattr("lpm.store.queueing.CRASH_WAITS_S", (0.0,) * MAX_CRASHES)
    asked = ask(store)
    for _ in range(MAX_CRASHES + 1):
        assert claim(store, lease_s=-1).job_id == asked.job_id
    assert claim(store) is None
    told = store.queue.job(asked.job_id)
    assert told.state == "failed" and "ended 6 times" in told.error
    assert store.queue.prune(datetime.now(UTC) + timedelta(1)) == 0


def test_a_version_and_the_end_of_its_job_are_stored_both_or_neither(store):
    ask(store)
    ticket = claim(store)
    with pytest.raises(OvertakenError):
        store.for_job(ticket).put(make_memory("ann", version=7))
    assert store.queue.job(ticket.job_id).state == "running"
    store.queue.cancel(ticket.job_id)
    with pytest.raises(JobGoneError):
        store.for_job(ticket).put(make_memory("ann"))
    assert store.versions("ann") == ()


def test_erasing_a_user_takes_their_jobs_along_even_those_that_run(store):
    store.put(make_memory("bob"))
    ask(store)
    done = claim(store)
    store.for_job(done).put(make_memory("ann"))
    ask(store)
    running, waiting = claim(store), ask(store)
    other = ask(store, "bob")
    store.delete("ann")
    for job_id in (done.job_id, running.job_id, waiting.job_id):
        with pytest.raises(UnknownJobError):
            store.queue.job(job_id)
    with pytest.raises(JobGoneError):
        store.for_job(running).put(make_memory("ann"))
    assert [job.job_id for job in store.queue.jobs()] == [other.job_id]


def test_a_user_with_nothing_but_jobs_can_be_erased(store):
    asked = ask(store)
    assert store.delete("ann").versions_removed == 0
    with pytest.raises(UnknownJobError):
        store.queue.job(asked.job_id)
    with pytest.raises(UnknownUserError):
        store.delete("ann")


def test_tenants_take_turns_and_each_user_is_served_in_order(store):
    for tenant, user in [("one", "a"), ("one", "a"), ("one", "b"), ("two", "a")]:
        ask(store.for_tenant(tenant), user)
    served, after = [], ""
    while (ticket := claim(store, after=after)) is not None:
        served.append((ticket.tenant, ticket.user))
        after = ticket.tenant
    # The second job of one's `a` waits for the first to end.
    assert served == [("one", "a"), ("two", "a"), ("one", "b")]


def test_nobody_sees_another_tenants_jobs(store):
    mine, theirs = store.for_tenant("one"), store.for_tenant("two")
    asked = ask(mine)
    ask(mine, "bob")
    assert theirs.queue.jobs() == () and theirs.queue.num_waiting() == 0
    for act in (theirs.queue.job, theirs.queue.cancel):
        with pytest.raises(UnknownJobError, match=asked.job_id):
            act(asked.job_id)
    assert mine.queue.job(asked.job_id).state == "queued"
    assert [job.user for job in mine.queue.jobs(user="ann")] == ["ann"]


def test_lists_have_pages_the_newest_first(store):
    made = [ask(store).job_id for _ in range(5)][::-1]
    first = store.queue.jobs(limit=2)
    rest = store.queue.jobs(after=first[-1].job_id)
    assert [job.job_id for job in (*first, *rest)] == made


def test_a_job_waits_for_its_time_and_comes_back_after_a_failure(store):
    ask(store, due_at=datetime.now(UTC) + timedelta(hours=1))
    assert claim(store) is None
    asked = ask(store, "bob")
    ticket = claim(store)
    store.queue.retry(ticket, LONG_AGO, "the disk was full")
    told = store.queue.job(asked.job_id)
    assert (told.state, told.error) == ("queued", "the disk was full")
    again = claim(store)
    assert again.job_id == asked.job_id and again.failures == 1
    assert store.queue.payload(again) == TEXT


def test_a_draft_sees_what_waits_and_may_take_its_place(store):
    first = ask(store, note=b"n")

    def longer(kept):
        (only,) = kept
        assert (only.state, only.payload, only.note) == ("queued", TEXT, b"n")
        return Draft(only.payload + b"!", replaces=only.job_id)

    assert store.queue.enqueue("ann", "fit", longer).job_id == first.job_id
    assert store.queue.num_waiting() == 1
    assert store.queue.payload(claim(store)) == TEXT + b"!"
    seen = []
    store.queue.enqueue("bob", "fit", lambda kept: seen.extend(kept) or Draft(b""))
    assert seen == []


def test_a_full_queue_takes_nothing_and_says_so(store):
    ask(store)
    with pytest.raises(QueueFullError, match="1 jobs"):
        store.queue.enqueue("bob", "fit", lambda kept: Draft(b""), most=1)
    assert [job.user for job in store.queue.jobs()] == ["ann"]


def test_what_is_left_of_old_jobs_goes(store):
    ask(store, note=b"n")
    store.queue.finish(claim(store), "done")
    waiting = ask(store, "bob")
    assert store.queue.prune(LONG_AGO) == 0
    assert store.queue.prune(datetime.now(UTC) + timedelta(1)) == 1
    assert [job.job_id for job in store.queue.jobs()] == [waiting.job_id]
    assert store.queue.payload(claim(store)) == TEXT


def test_many_workers_do_each_job_once(opener):
    names = {f"user{n}" for n in range(12)}
    for name in names:
        ask(opener(), name)
    served: list[str] = []

    def work(store) -> None:
        while (ticket := claim(store)) is not None:
            store.for_job(ticket).put(make_memory(ticket.user))
            served.append(ticket.user)

    workers = [threading.Thread(target=work, args=(opener(),)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(served) == sorted(names)


def on_disk(folder: Path) -> bool:
    return any(TEXT in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_queued_text_is_sealed_where_the_store_is(tmp_path: Path):
    with closing(open_store(tmp_path)) as store:
        ask(store)
        assert on_disk(tmp_path)
        before = claim(store)
        store.queue.retry(before, LONG_AGO, "later")
    keys = MasterKeys.generate()
    with closing(open_store(tmp_path, master_keys=keys)) as store:
        # Text from before the store was encrypted is sealed with the user's next write.
        ask(store, payload=TEXT + b" 2", note=TEXT)
        assert not on_disk(tmp_path)
        assert store.queue.payload(claim(store)) == TEXT
    with pytest.raises(StoreError, match="encrypted"):
        open_store(tmp_path)
    turned = keys.rotated()
    with closing(open_store(tmp_path, master_keys=turned)) as store:
        assert store.rotate_keys() == 1
    with closing(open_store(tmp_path, master_keys=MasterKeys(turned.keys[:1]))) as store:
        store.rotate_data_key("ann")
        store.queue.retry(before, LONG_AGO, "the ticket is worth nothing")
        store.delete("ann")
        assert store.queue.jobs() == ()


def test_a_key_goes_with_the_last_thing_it_opens(tmp_path: Path):
    with closing(open_store(tmp_path, master_keys=MasterKeys.generate())) as store:
        store.queue.cancel(ask(store).job_id)
        ask(store, "bob")
        store.queue.prune(datetime.now(UTC) + timedelta(1))
        assert store.queue.payload(claim(store)) == TEXT
        with closing(sqlite3.connect(tmp_path / "lpm.sqlite3")) as db:
            assert db.execute("SELECT user_id FROM lpm_keys").fetchall() == [("bob",)]


@pytest.mark.parametrize("end", ["cancel", "put", "fail"])
def test_text_that_is_not_to_be_kept_leaves_the_disk_when_its_job_ends(tmp_path: Path, end: str):
    with closing(open_store(tmp_path)) as store:
        ask(store)
        assert on_disk(tmp_path)
        ticket = replace(claim(store), erase=True)
        if end == "cancel":
            store.queue.cancel(ticket.job_id)
        elif end == "put":
            store.for_job(ticket).put(make_memory("ann"))
        else:
            store.queue.finish(ticket, "failed", "no words")
        assert not on_disk(tmp_path)
